/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/verdict.h"

static const char *const KINDS[] = {
    [TRUST_LINK_CHARTER] = N_("charter"), [TRUST_LINK_ROOT] = N_("root"),     [TRUST_LINK_ADMIT] = N_("admit"),
    [TRUST_LINK_APPROVE] = N_("approve"), [TRUST_LINK_ACCEPT] = N_("accept"), [TRUST_LINK_RECOVER] = N_("recover"),
    [TRUST_LINK_GRANT] = N_("grant"),     [TRUST_LINK_ENTRY] = N_("entry"),
};

/* A kibbutz or the holder of a key: whatever the link gives something to. */
static const char *name_about(struct office *o, const struct id *about)
{
    struct trust_kibbutz kibbutz;

    if (id_is_zero(about))
        return NULL;
    return trust_kibbutz(o->trust, about, &kibbutz) ? office_kibbutz_name(o, about) : office_key_name(o, about);
}

static struct id kibbutz_of(struct office *o, const struct trust_link *link)
{
    return trust_key(o->trust, &link->log).kibbutz;
}

static struct output_json *write_link(struct office *o, const struct trust_link *link, const char *why)
{
    struct output_json *json = output_json_object();
    bool is_charter = link->kind == TRUST_LINK_CHARTER;
    struct id kibbutz = kibbutz_of(o, link);

    output_json_text(json, "link", KINDS[link->kind]);
    if (is_charter) {
        output_json_null(json, "entry");
        output_json_null(json, "time");
        output_json_null(json, "author");
        output_json_null(json, "kibbutz");
    } else {
        output_json_id(json, "entry", &link->entry);
        output_json_time(json, "time", ENTRY_CLOCK_MS(link->clock));
        output_json_text(json, "author", office_key_name(o, &link->log));
        output_json_text(json, "kibbutz", office_kibbutz_name(o, &kibbutz));
        output_json_id(json, "log", &link->log);
        output_json_number(json, "seq", link->seq);
    }
    output_json_text(json, "about", name_about(o, &link->about));
    output_json_text(json, "status", verdict_name(link->status));
    output_json_text(json, "cause", verdict_cause_name(link->cause));
    output_json_text(json, "why", why);
    return json;
}

static void print_link(struct office *o, const struct trust_link *link, const char *why)
{
    const char *about = name_about(o, &link->about);
    char id[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1];
    struct id kibbutz = kibbutz_of(o, link);

    if (link->kind == TRUST_LINK_CHARTER) {
        id_to_text(&link->log, id);
        output_line("%.12s  %-*s  %-9s %.*s", id, OUTPUT_TIME_LEN, "", _(KINDS[link->kind]),
                    (int)trust_charter(o->trust)->name.len, (const char *)trust_charter(o->trust)->name.at);
    } else {
        id_to_text(&link->entry, id);
        output_time(ENTRY_CLOCK_MS(link->clock), time);
        output_line("%.12s  %s  %-9s %s, %s", id, time, _(KINDS[link->kind]), office_key_name(o, &link->log),
                    office_kibbutz_name(o, &kibbutz));
    }
    if (about != NULL)
        output_line(" → %s", about);
    if (why != NULL)
        output_line("  [%s: %s]", _(verdict_name(link->status)), why);
    output_line("\n");
}

/* The first link that fails, or NULL. */
static const struct trust_link *first_failure(const struct trust_link links[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (links[i].status != TRUST_GOOD)
            return &links[i];
    return NULL;
}

static void explain(struct office *o, const struct trust_link *link, char why[VERDICT_SIZE])
{
    struct id kibbutz = kibbutz_of(o, link);
    struct trust_verdict verdict = trust_entry(o->trust, &link->entry);

    verdict_explain(o, link->status, link->cause, &verdict.because, &kibbutz, why);
}

static void print_json(struct office *o, const struct trust_document *state, const struct trust_link links[],
                       size_t count, bool stands)
{
    struct output_json *json = output_json_object(), *list = output_json_list();
    char why[VERDICT_SIZE];

    for (size_t i = 0; i < count; i++) {
        bool fails = links[i].status != TRUST_GOOD;

        if (fails)
            explain(o, &links[i], why);
        output_json_add(list, write_link(o, &links[i], fails ? why : NULL));
    }
    output_json_id(json, "document", &state->document);
    output_json_id(json, "revision", &state->revision);
    output_json_text(json, "state", trust_state_name(state->state));
    output_json_bool(json, "stands", stands);
    output_json_put(json, "links", list);
    output_json_print(json);
}

static int tell(struct office *o, const struct trust_document *state)
{
    struct trust_link links[TRUST_LINKS];
    size_t count = trust_why(o->trust, &state->revision, links);
    const struct trust_link *failure = first_failure(links, count);
    bool stands = count > 0 && failure == NULL;
    char why[VERDICT_SIZE], id[ID_TEXT_LEN + 1];

    if (command_options()->json)
        print_json(o, state, links, count, stands);
    for (size_t i = 0; !command_options()->json && i < count; i++) {
        if (links[i].status != TRUST_GOOD)
            explain(o, &links[i], why);
        print_link(o, &links[i], links[i].status != TRUST_GOOD ? why : NULL);
    }
    if (stands)
        return COMMAND_OK;
    if (failure == NULL) {
        output_error(_("nothing known leads from the charter to this document"));
        return COMMAND_BAD;
    }
    id_to_text(failure->kind == TRUST_LINK_CHARTER ? &failure->log : &failure->entry, id);
    explain(o, failure, why);
    output_error(_("the chain fails at entry %.16s: %s"), id, why);
    output_hint(_("what stands below it counts for nothing until this is settled"));
    return COMMAND_BAD;
}

static int find(struct office *o, const char *prefix, struct trust_document *state)
{
    struct id document;
    int code = office_need_charter(o);

    if (code == COMMAND_OK)
        code = office_open_index(o);
    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &document);
    if (code != COMMAND_OK || trust_document(o->trust, &document, state))
        return code;
    output_error(_("the first entry of this document has not come to this node yet"));
    output_hint(_("'igum sync' asks the other nodes for it"));
    return COMMAND_FAILED;
}

int cmd_why(int argc, char **argv)
{
    struct trust_document state;
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 1, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = find(&office, argv[1], &state);
    if (code == COMMAND_OK)
        code = tell(&office, &state);
    office_close(&office);
    return code;
}
