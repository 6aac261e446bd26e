/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "node/command.h"
#include "node/filter.h"
#include "node/output.h"
#include "node/summary.h"
#include "node/i18n.h"

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
    if (revision->here && summary_files_missing(o, revision) > 0)
        output_line("  [%s]", _("attachments are still on their way"));
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

int cmd_list(int argc, char **argv)
{
    struct filter f = {.kind = NULL};
    const struct arguments_flag flags[] = {
        {.name = "kind", .value = &f.kind},   {.name = "kibbutz", .value = &f.kibbutz},
        {.name = "body", .value = &f.body},   {.name = "year", .value = &f.year},
        {.name = "state", .value = &f.state}, {.name = "author", .value = &f.author},
        {.name = "since", .value = &f.since}, {.name = "limit", .value = &f.limit}};
    struct listing listing = {.count = 0};
    struct office *o = &listing.office;
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(o, OFFICE_READ)) != COMMAND_OK)
        return code;
    if ((code = filter_read(o, &f)) == COMMAND_OK)
        code = office_open_index(o);
    if (code == COMMAND_OK && (err = index_each_document(o->index, &f.documents, print_document, &listing)))
        code = office_fail(err, _("the index cannot be read"), index_reason(o->index));
    if (code == COMMAND_OK && listing.count == 0 && !command_options()->json)
        output_note(_("no documents yet; 'igum publish FILE' publishes one"));
    office_close(o);
    return code;
}
