/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <string.h>

#include "node/command.h"
#include "node/filter.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/summary.h"

struct listing {
    struct office *office;
    size_t count;
};

static void print_json(struct office *o, const struct index_decision *d)
{
    struct output_json *json = output_json_object();

    summary_write(o, &d->revision, json);
    if (d->text.len > 0)
        output_json_bytes(json, "decided", d->text);
    else
        output_json_null(json, "decided");
    output_json_print(json);
}

static enum err print_decision(void *context, const struct index_decision *d)
{
    struct listing *listing = context;
    const struct index_revision *revision = &d->revision;
    struct bytes what = d->text.len > 0 ? d->text : revision->title;
    char document[ID_TEXT_LEN + 1], date[SUMMARY_DATE_LEN + 1], approvals[SUMMARY_APPROVALS_SIZE];

    listing->count++;
    if (command_options()->json) {
        print_json(listing->office, d);
        return ERR_OK;
    }
    id_to_text(&revision->document, document);
    summary_date(revision, date);
    summary_approvals(revision, approvals);
    output_line("%.12s  %s  %.*s  [%s%s%s]", document, date, (int)what.len, what.len > 0 ? (const char *)what.at : "",
                d->text.len > 0 ? _("from minutes") : _(summary_words(revision)), approvals[0] != '\0' ? ", " : "",
                approvals);
    output_line("\n");
    return ERR_OK;
}

static int print(struct office *o, struct filter *f)
{
    struct index_decision_filter filter;
    struct listing listing = {o, 0};
    enum err err;
    int code = filter_read(o, f);

    if (code == COMMAND_OK)
        code = office_open_index(o);
    if (code != COMMAND_OK)
        return code;
    filter = (struct index_decision_filter){.state = f->documents.state,
                                            .kibbutz = f->documents.kibbutz,
                                            .body = f->documents.body,
                                            .topic = bytes_text(f->topic != NULL ? f->topic : ""),
                                            .limit = f->documents.limit};
    if ((err = index_each_decision(o->index, &filter, print_decision, &listing)))
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    if (listing.count == 0 && !command_options()->json)
        output_note(_("no such decisions"));
    return COMMAND_OK;
}

int cmd_decisions(int argc, char **argv)
{
    struct filter f = {.kind = NULL};
    const struct arguments_flag flags[] = {{.name = "kibbutz", .value = &f.kibbutz},
                                           {.name = "body", .value = &f.body},
                                           {.name = "topic", .value = &f.topic},
                                           {.name = "state", .value = &f.state},
                                           {.name = "limit", .value = &f.limit}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = print(&office, &f);
    office_close(&office);
    return code;
}
