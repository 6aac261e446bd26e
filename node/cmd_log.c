/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/output.h"
#include "node/verdict.h"
#include "node/i18n.h"
#include "proto/text.h"

/* Why an entry counts for less than it says; false: it stands, or nothing is known against it. */
static bool explain(struct office *o, const struct index_entry *entry, struct trust_verdict *verdict,
                    char why[VERDICT_SIZE])
{
    if (o->trust == NULL)
        return false;
    *verdict = trust_entry(o->trust, &entry->entry);
    if (verdict->status == TRUST_GOOD)
        return false;
    verdict_explain(o, verdict->status, verdict->cause, &verdict->because, &entry->kibbutz, why);
    return true;
}

static void write_standing(struct office *o, const struct index_entry *entry, struct output_json *json)
{
    struct trust_verdict verdict = {.status = TRUST_GOOD};
    char why[VERDICT_SIZE];
    bool less = explain(o, entry, &verdict, why);

    output_json_text(json, "status", verdict_name(verdict.status));
    output_json_text(json, "cause", less ? verdict_cause_name(verdict.cause) : NULL);
    output_json_text(json, "why", less ? why : NULL);
}

static void print_json(struct office *o, const struct index_entry *entry)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "entry", &entry->entry);
    output_json_id(json, "log", &entry->log);
    output_json_number(json, "seq", entry->seq);
    output_json_time(json, "time", ENTRY_CLOCK_MS(entry->clock));
    output_json_text(json, "act", entry->act == ACT_UNKNOWN ? NULL : act_name(entry->act));
    output_json_text(json, "kibbutz", office_kibbutz_name(o, &entry->kibbutz));
    output_json_text(json, "author", office_key_name(o, &entry->log));
    output_json_text(json, "role", role_name(entry->role));
    if (id_is_zero(&entry->document))
        output_json_null(json, "document");
    else
        output_json_id(json, "document", &entry->document);
    write_standing(o, entry, json);
    output_json_print(json);
}

static enum err print_entry(void *context, const struct index_entry *entry)
{
    struct office *o = context;
    char id[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1], why[VERDICT_SIZE];
    struct trust_verdict verdict;

    if (command_options()->json) {
        print_json(o, entry);
        return ERR_OK;
    }
    id_to_text(&entry->entry, id);
    output_time(ENTRY_CLOCK_MS(entry->clock), time);
    output_line("%.12s  %s  %-9s %s, %s (%s %" PRIu64 ")", id, time,
                entry->act == ACT_UNKNOWN ? "?" : act_name(entry->act), office_kibbutz_name(o, &entry->kibbutz),
                office_key_name(o, &entry->log), _(role_name(entry->role)), entry->seq);
    if (explain(o, entry, &verdict, why))
        output_line("  [%s: %s]", _(verdict_name(verdict.status)), why);
    output_line("\n");
    return ERR_OK;
}

int cmd_log(int argc, char **argv)
{
    const char *limit = NULL;
    const struct arguments_flag flags[] = {{"limit", NULL, &limit, NULL}};
    uint64_t most = LIMIT_NUMBER;
    struct office office;
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 0, 0))
        return COMMAND_USAGE;
    if (limit != NULL && (!text_to_number(bytes_text(limit), &most) || most == 0)) {
        output_error(_("--limit needs a number"));
        return COMMAND_USAGE;
    }
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = office_open_index(&office);
    if (code == COMMAND_OK && (err = index_each_newest(office.index, most, 0, print_entry, &office)))
        code = office_fail(err, _("the index cannot be read"), index_reason(office.index));
    office_close(&office);
    return code;
}
