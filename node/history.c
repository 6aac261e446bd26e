/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/history.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/i18n.h"
#include "node/summary.h"
#include "node/verdict.h"

/* The entry that ended a document. */
struct ending {
    struct index_entry row;
    bool is_known;
    char reason[LIMIT_REASON + 1]; /* Of a withdrawal or an erasure; else "". */
};

static void read_reason(struct office *o, struct ending *ending)
{
    struct id network = archive_network(o->archive);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    struct bytes reason;

    if (archive_read_entry_of(o->archive, &ending->row.entry, &wire) == ERR_OK &&
        entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK &&
        act_value(entry.body, ACT_REASON, 0, &reason) == ERR_OK)
        (void)snprintf(ending->reason, sizeof ending->reason, "%.*s", (int)reason.len, (const char *)reason.at);
    buffer_free(&wire);
}

static void find_ending(struct office *o, const struct index_revision *revision, struct ending *ending)
{
    *ending = (struct ending){.is_known = false};
    if (id_is_zero(&revision->judged.ended_by) ||
        index_find_id(o->index, &revision->judged.ended_by, &ending->row) != ERR_OK)
        return;
    ending->is_known = true;
    if (ending->row.act == ACT_WITHDRAW || ending->row.act == ACT_ERASE)
        read_reason(o, ending);
}

struct listing {
    struct office *office;
    struct output_json *list; /* NULL: in words. */
    uint64_t place;
};

/* ---- revisions ---- */

static enum err write_revision(void *context, const struct index_revision *revision)
{
    struct listing *l = context;
    struct output_json *json = output_json_object();
    char why[VERDICT_SIZE] = "";

    if (revision->verdict.status != TRUST_GOOD)
        verdict_explain(l->office, revision->verdict.status, revision->verdict.cause, &revision->verdict.because,
                        &revision->kibbutz, why);
    output_json_number(json, "revision", revision->revisions - l->place++);
    output_json_id(json, "entry", &revision->revision);
    output_json_text(json, "author", office_key_name(l->office, &revision->log));
    output_json_id(json, "author_key", &revision->log);
    output_json_time(json, "published", ENTRY_CLOCK_MS(revision->clock));
    output_json_text(json, "audience", act_audience_name(revision->audience));
    output_json_text(json, "status", verdict_name(revision->verdict.status));
    output_json_text(json, "cause", verdict_cause_name(revision->verdict.cause));
    output_json_text(json, "why", why[0] != '\0' ? why : NULL);
    output_json_bool(json, "here", revision->here);
    output_json_add(l->list, json);
    return ERR_OK;
}

static enum err print_revision(void *context, const struct index_revision *revision)
{
    struct listing *l = context;
    char id[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1], why[VERDICT_SIZE];

    id_to_text(&revision->revision, id);
    output_time(ENTRY_CLOCK_MS(revision->clock), time);
    output_line(_("revision %" PRIu64 ": %.12s  %s  %s"), revision->revisions - l->place++, id, time,
                office_key_name(l->office, &revision->log));
    if (id_equal(&revision->revision, &revision->judged.revision))
        output_line("  *");
    if (revision->verdict.status == TRUST_VOID || revision->verdict.status == TRUST_CONTESTED) {
        verdict_explain(l->office, revision->verdict.status, revision->verdict.cause, &revision->verdict.because,
                        &revision->kibbutz, why);
        output_line("  [%s: %s]", _(verdict_name(revision->verdict.status)), why);
    }
    output_line("\n");
    return ERR_OK;
}

/* ---- approvals ---- */

static enum err write_approval(void *context, const struct trust_approval *approval)
{
    struct listing *l = context;
    struct output_json *json = output_json_object();
    struct index_entry row;

    output_json_id(json, "entry", &approval->entry);
    output_json_text(json, "author", office_key_name(l->office, &approval->log));
    output_json_id(json, "author_key", &approval->log);
    output_json_text(json, "kibbutz", office_kibbutz_name(l->office, &approval->kibbutz));
    if (index_find_id(l->office->index, &approval->entry, &row) == ERR_OK)
        output_json_time(json, "time", ENTRY_CLOCK_MS(row.clock));
    else
        output_json_null(json, "time");
    output_json_text(json, "status", verdict_name(approval->status));
    output_json_bool(json, "counts", approval->counts);
    output_json_add(l->list, json);
    return ERR_OK;
}

static enum err print_approval(void *context, const struct trust_approval *approval)
{
    struct listing *l = context;

    output_line(_("approved by %s, %s"), office_key_name(l->office, &approval->log),
                office_kibbutz_name(l->office, &approval->kibbutz));
    if (approval->status != TRUST_GOOD)
        output_line("  [%s]", _(verdict_name(approval->status)));
    else if (!approval->counts)
        output_line("  [%s]", _("counts no further"));
    output_line("\n");
    return ERR_OK;
}

/* ---- all of it ---- */

void history_write(struct office *o, const struct index_revision *revision, struct output_json *json)
{
    struct listing revisions = {.office = o, .list = output_json_list()};
    struct listing approvals = {.office = o, .list = output_json_list()};
    struct ending ending;

    (void)index_each_approval(o->index, &revision->revision, write_approval, &approvals);
    find_ending(o, revision, &ending);
    /* The iteration over revisions is under way already when one of them is shown: it is asked for by another. */
    (void)index_each_history(o->index, &revision->document, write_revision, &revisions);
    output_json_put(json, "revisions", revisions.list);
    output_json_put(json, "approvals_by", approvals.list);
    output_json_text(json, "reason", ending.reason[0] != '\0' ? ending.reason : NULL);
    if (ending.is_known && ending.row.act == ACT_PUBLISH)
        output_json_id(json, "superseded_by", &ending.row.document);
    else
        output_json_null(json, "superseded_by");
}

static void print_ending(struct office *o, const struct ending *ending)
{
    char id[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1];

    id_to_text(&ending->row.document, id);
    output_time(ENTRY_CLOCK_MS(ending->row.clock), time);
    if (ending->row.act == ACT_PUBLISH)
        output_line(_("superseded by document %.16s\n"), id);
    else
        output_line(ending->row.act == ACT_ERASE ? _("erased by %s, %s: %s\n") : _("withdrawn by %s, %s: %s\n"),
                    office_key_name(o, &ending->row.log), time, ending->reason);
}

void history_print(struct office *o, const struct index_revision *revision)
{
    struct listing listing = {.office = o};
    char approvals[SUMMARY_APPROVALS_SIZE];
    struct ending ending;

    find_ending(o, revision, &ending);
    if (ending.is_known)
        print_ending(o, &ending);
    if (revision->judged.head_count > 1)
        output_line(_("revised in two offices at once: %zu revisions are current, and the next one joins them\n"),
                    revision->judged.head_count);
    if (revision->judged.replacing_disputed)
        output_line(_("a document that supersedes it is contested\n"));
    summary_approvals(revision, approvals);
    if (approvals[0] != '\0') {
        output_line("%s\n", approvals);
        (void)index_each_approval(o->index, &revision->revision, print_approval, &listing);
    }
    if (revision->revisions > 1 || revision->verdict.status != TRUST_GOOD)
        (void)index_each_history(o->index, &revision->document, print_revision, &listing);
}
