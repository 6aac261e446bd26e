/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/summary.h"

#include "node/i18n.h"
#include "proto/limits.h"

/* How many approvals put it in force, by its entry. */
static uint64_t read_need(struct office *o, const struct index_revision *revision)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct id network = archive_network(o->archive);
    struct entry entry;
    uint64_t need = 1;

    if (!archive_read_entry(o->archive, &revision->log, revision->seq, &wire) &&
        !entry_decode(buffer_bytes(&wire), &network, &entry) && act_number(entry.body, ACT_NEED, &need))
        need = 1;
    buffer_free(&wire);
    return need;
}

const char *summary_state(struct office *o, const struct index_revision *revision)
{
    if (revision->state == INDEX_VOID)
        return N_("not counted");
    if (!bytes_equal(revision->kind, bytes_text("decision")))
        return N_("published");
    /* The author's own voice is one. */
    return read_need(o, revision) <= 1 ? N_("in force") : N_("proposed");
}

void summary_date(const struct index_revision *revision, char date[SUMMARY_DATE_LEN + 1])
{
    char time[OUTPUT_TIME_LEN + 1];

    if (revision->date.len == SUMMARY_DATE_LEN) {
        memcpy(date, revision->date.at, SUMMARY_DATE_LEN);
    } else {
        output_time(ENTRY_CLOCK_MS(revision->clock), time);
        memcpy(date, time, SUMMARY_DATE_LEN);
    }
    date[SUMMARY_DATE_LEN] = '\0';
}

static void write_optional(struct output_json *json, const char *name, struct bytes text)
{
    if (text.len > 0)
        output_json_bytes(json, name, text);
    else
        output_json_null(json, name);
}

void summary_write(struct office *o, const struct index_revision *revision, struct output_json *json)
{
    char date[SUMMARY_DATE_LEN + 1];

    summary_date(revision, date);
    output_json_id(json, "document", &revision->document);
    write_optional(json, "title", revision->title);
    write_optional(json, "kind", revision->kind);
    write_optional(json, "number", revision->number);
    output_json_text(json, "date", date);
    output_json_text(json, "kibbutz", office_kibbutz_name(o, &revision->kibbutz));
    output_json_text(json, "author", office_key_name(o, &revision->log));
    output_json_number(json, "revision", revision->revisions);
    output_json_text(json, "state", summary_state(o, revision));
    output_json_null(json, "reached");
    output_json_null(json, "of");
    output_json_id(json, "entry", &revision->revision);
    output_json_id(json, "kibbutz_id", &revision->kibbutz);
    output_json_id(json, "author_key", &revision->log);
    output_json_time(json, "published", ENTRY_CLOCK_MS(revision->clock));
    output_json_text(json, "audience", act_audience_name(revision->audience));
    output_json_bool(json, "here", revision->here);
}
