/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/output.h"
#include "node/summary.h"
#include "node/i18n.h"
#include "proto/text.h"

struct listing {
    struct office office;
    size_t count;
};

static enum err print_document(void *context, const struct index_revision *revision)
{
    struct listing *listing = context;
    struct office *o = &listing->office;
    char document[ID_TEXT_LEN + 1], date[SUMMARY_DATE_LEN + 1], approvals[SUMMARY_APPROVALS_SIZE];
    const char *state = summary_words(revision);

    listing->count++;
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        summary_write(o, revision, json);
        output_json_print(json);
        return ERR_OK;
    }
    id_to_text(&revision->document, document);
    summary_date(revision, date);
    output_line("%.12s  %s  %.*s  %s, %s", document, date, (int)revision->title.len,
                revision->title.len > 0 ? (const char *)revision->title.at : "",
                office_kibbutz_name(o, &revision->kibbutz), office_key_name(o, &revision->log));
    if (!revision->here && !revision->judged.erased)
        output_line("  [%s]", _("its text has not come yet"));
    if (strcmp(state, "published") != 0)
        output_line("  [%s]", _(state));
    summary_approvals(revision, approvals);
    if (revision->judged.state == TRUST_PROPOSED && approvals[0] != '\0')
        output_line("  [%s]", approvals);
    struct reach_count reach = summary_reach(o, revision);
    if (reach.reached < reach.of)
        output_line("  [%zu/%zu]", reach.reached, reach.of);
    output_line("\n");
    return ERR_OK;
}

static bool read_filter(const char *kind, const char *limit, struct index_filter *filter)
{
    filter->kind = kind != NULL ? bytes_text(kind) : bytes_of(NULL, 0);
    filter->with_void = true;
    if (limit == NULL || (text_to_number(bytes_text(limit), &filter->limit) && filter->limit > 0))
        return true;
    output_error(_("--limit needs a number"));
    return false;
}

int cmd_list(int argc, char **argv)
{
    const char *kind = NULL, *limit = NULL;
    const struct arguments_flag flags[] = {{"kind", NULL, &kind, NULL}, {"limit", NULL, &limit, NULL}};
    struct index_filter filter = {.limit = 0};
    struct listing listing = {.count = 0};
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 0, 0) || !read_filter(kind, limit, &filter))
        return COMMAND_USAGE;
    if ((code = office_open(&listing.office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = office_open_index(&listing.office);
    if (code == COMMAND_OK && (err = index_each_document(listing.office.index, &filter, print_document, &listing)))
        code = office_fail(err, _("the index cannot be read"), index_reason(listing.office.index));
    if (code == COMMAND_OK && listing.count == 0 && !command_options()->json)
        output_note(_("no documents yet; 'igum publish FILE' publishes one"));
    office_close(&listing.office);
    return code;
}
