/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/i18n.h"
#include "node/whereabouts.h"

const char *summary_state(const struct index_revision *revision)
{
    return trust_state_name(revision->judged.state);
}

const char *summary_words(const struct index_revision *revision)
{
    if (revision->judged.erased)
        return N_("erased");
    if (revision->judged.state == TRUST_IN_FORCE && !bytes_equal(revision->kind, bytes_text("decision")))
        return N_("published");
    return summary_state(revision);
}

void summary_approvals(const struct index_revision *revision, char text[SUMMARY_APPROVALS_SIZE])
{
    const struct trust_document *judged = &revision->judged;

    text[0] = '\0';
    if (judged->need > 1)
        (void)snprintf(text, SUMMARY_APPROVALS_SIZE, _("%zu of %" PRIu64 " approvals"), judged->approvals,
                       judged->need);
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

static void write_reach(struct office *o, const struct index_revision *revision, struct output_json *json)
{
    struct reach_count count = summary_reach(o, revision);

    if (count.of == 0) {
        output_json_null(json, "reached");
        output_json_null(json, "of");
        return;
    }
    output_json_number(json, "reached", count.reached);
    output_json_number(json, "of", count.of);
}

struct reach_count summary_reach(struct office *o, const struct index_revision *revision)
{
    struct reach *reach = whereabouts(o);

    return reach != NULL ? reach_count(reach, o->index, revision) : (struct reach_count){.of = 0};
}

uint64_t summary_files_missing(struct office *o, const struct index_revision *revision)
{
    uint64_t files, absent = 0;

    return index_count_attachments(o->index, &revision->revision, &files, &absent) == ERR_OK ? absent : 0;
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
    output_json_text(json, "state", summary_state(revision));
    write_reach(o, revision, json);
    output_json_id(json, "entry", &revision->revision);
    output_json_id(json, "kibbutz_id", &revision->kibbutz);
    output_json_id(json, "author_key", &revision->log);
    output_json_time(json, "published", ENTRY_CLOCK_MS(revision->clock));
    output_json_text(json, "audience", act_audience_name(revision->audience));
    output_json_bool(json, "here", revision->here);
    output_json_number(json, "files_missing", summary_files_missing(o, revision));
    output_json_number(json, "approvals", revision->judged.approvals);
    output_json_number(json, "approvals_contested", revision->judged.disputed);
    output_json_number(json, "need", revision->judged.need);
    output_json_text(json, "count", revision->judged.own_only ? "own" : "kibbutzim");
    output_json_number(json, "heads", revision->judged.head_count);
    output_json_bool(json, "erased", revision->judged.erased);
    if (id_is_zero(&revision->judged.ended_by))
        output_json_null(json, "ended_by");
    else
        output_json_id(json, "ended_by", &revision->judged.ended_by);
}
