/* SPDX-License-Identifier: AGPL-3.0-or-later */
#define _XOPEN_SOURCE 700 /* strptime() */
#include "node/filter.h"

#include <string.h>
#include <time.h>

#include "node/command.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/who.h"
#include "proto/text.h"
#include "store/front_matter.h"

bool filter_read_time(const char *text, uint64_t *clock)
{
    struct tm tm = {.tm_isdst = -1};
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    time_t seconds;

    if (rest != NULL && rest[0] == '\0') {
        seconds = mktime(&tm);
    } else {
        rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (rest == NULL || rest[0] != '\0')
            return false;
        seconds = timegm(&tm);
    }
    if (seconds < 0)
        return false;
    *clock = (uint64_t)seconds * 1000 << 16;
    return true;
}

static bool read_state(struct filter *f)
{
    for (f->state_value = TRUST_PROPOSED; f->state_value <= TRUST_NULL; f->state_value++)
        if (strcmp(f->state, trust_state_name(f->state_value)) == 0)
            return true;
    output_error(_("'%s' is no state of a document"), f->state);
    output_hint(_("--state takes proposed, 'in force', superseded, withdrawn, contested or void"));
    return false;
}

static bool read_kind(const struct filter *f)
{
    enum document_kind kind;

    if (document_kind_from_name(bytes_text(f->kind), &kind) == ERR_OK)
        return true;
    output_error(_("'%s' is no kind of document"), f->kind);
    output_hint(_("--kind takes minutes, decision, knowledge or notice"));
    return false;
}

static bool read_number(const char *text, const char *flag, uint64_t *number)
{
    if (text_to_number(bytes_text(text), number) && *number > 0)
        return true;
    output_error(_("--%s needs a number"), flag);
    return false;
}

static int read_names(struct office *o, struct filter *f)
{
    struct trust_kibbutz kibbutz;
    struct trust_key key;
    int code;

    if ((f->kibbutz != NULL || f->author != NULL) && (code = office_need_charter(o)) != COMMAND_OK)
        return code;
    if (f->kibbutz != NULL) {
        if ((code = who_kibbutz(o, f->kibbutz, &kibbutz)) != COMMAND_OK)
            return code;
        f->kibbutz_id = kibbutz.kibbutz;
        f->documents.kibbutz = &f->kibbutz_id;
    }
    if (f->author != NULL) {
        if ((code = who_key(o, f->author, f->documents.kibbutz, &key)) != COMMAND_OK)
            return code;
        f->author_id = key.key;
        f->documents.log = &f->author_id;
    }
    return COMMAND_OK;
}

int filter_read(struct office *o, struct filter *f)
{
    uint64_t year = 0;

    f->documents = (struct index_filter){.with_void = true};
    if (f->kind != NULL) {
        if (!read_kind(f))
            return COMMAND_USAGE;
        f->documents.kind = bytes_text(f->kind);
    }
    if (f->body != NULL)
        f->documents.body = bytes_text(f->body);
    if (f->year != NULL && !read_number(f->year, "year", &year))
        return COMMAND_USAGE;
    f->documents.year = year < 10000 ? (unsigned)year : 9999;
    if (f->state != NULL) {
        if (!read_state(f))
            return COMMAND_USAGE;
        f->documents.state = &f->state_value;
    }
    if (f->since != NULL && !filter_read_time(f->since, &f->documents.since)) {
        output_error(_("--since needs a day, as 2026-11-17, or a time, as 2026-11-17T08:00:00Z"));
        return COMMAND_USAGE;
    }
    if (f->limit != NULL && !read_number(f->limit, "limit", &f->documents.limit))
        return COMMAND_USAGE;
    return read_names(o, f);
}
