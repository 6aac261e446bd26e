/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/arrival.h"
#include "node/command.h"
#include "node/host.h"

static void tell(struct office *o, const struct arrival *arrival, struct reach_count count)
{
    struct output_json *json;

    if (!command_options()->json) {
        arrival_print(o, arrival, count);
        return;
    }
    json = output_json_object();
    output_json_id(json, "document", &arrival->revision.document);
    arrival_write(o, arrival, count, json);
    output_json_id(json, "entry", &arrival->revision.revision);
    output_json_text(json, "title", arrival->title[0] != '\0' ? arrival->title : NULL);
    output_json_text(json, "audience", act_audience_name(arrival->revision.audience));
    output_json_print(json);
}

static int whereis(struct office *o, const char *word, const struct arrival_wait *wait)
{
    struct arrival arrival;
    struct reach_count count;
    struct id document;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, word, &document);
    if (code == COMMAND_OK)
        code = arrival_find(o, &document, 0, &arrival);
    if (code != COMMAND_OK)
        return code;
    count = arrival_await(o, &arrival, wait, host_monotonic_ms() + wait->timeout_s * 1000);
    tell(o, &arrival, count);
    return arrival_is_far_enough(wait, count) ? COMMAND_OK : COMMAND_PARTLY;
}

int cmd_whereis(int argc, char **argv)
{
    const char *count = NULL, *timeout = NULL;
    const struct arguments_flag flags[] = {{"wait", NULL, &count, NULL}, {"timeout", NULL, &timeout, NULL}};
    struct arrival_wait wait;
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1) || !arrival_read_wait(count, timeout, &wait))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = whereis(&office, argv[1], &wait);
    office_close(&office);
    return code;
}
