/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/condition.h"
#include "node/i18n.h"

/* Nothing is wrong with a home that is not made yet: `igum` alone says how to begin. */
static int print_beginning(void)
{
    struct output_json *json;

    if (command_options()->json) {
        json = output_json_object();
        output_json_null(json, "network");
        output_json_text(json, "home", command_options()->home);
        output_json_print(json);
        return COMMAND_OK;
    }
    output_line(_("There is no archive in '%s' yet.\n"), command_options()->home);
    output_line(_("next: 'igum join INVITATION' enters a network that invited you, and\n"));
    output_line(_("      'igum found --network NAME --kibbutz NAME --steward NAME' starts a new one.\n"));
    output_line(_("'igum --help' lists all verbs.\n"));
    return COMMAND_OK;
}

static void print_next_step(const struct office *o, const struct condition *condition)
{
    output_line("\n");
    if (condition->report == NULL)
        output_line(_("next: 'igum serve' runs the node, so that others reach it and members read.\n"));
    else if (o->trust == NULL)
        output_line(
            _("next: wait until the node has reached the network, or 'igum peer list' to see whom it calls.\n"));
    else if (condition->documents == 0)
        output_line(_("next: 'igum publish FILE' publishes a first document.\n"));
    else if (trust_kibbutz_count(o->trust) < 2)
        output_line(
            _("next: 'igum invite --kibbutz NAME' brings another kibbutz in, so that the archive is held twice.\n"));
    else if (condition->contents_missing > 0)
        output_line(_("next: nothing; the missing texts come as soon as a node that holds them is reached.\n"));
    else
        output_line(_("next: nothing; all is well.\n"));
}

int cmd_state(int argc, char **argv)
{
    struct condition condition = {.report = NULL};
    char path[FILES_PATH_SIZE];
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 0))
        return COMMAND_USAGE;
    if (files_join(path, command_options()->home, "archive.git") || !files_exists(path))
        return print_beginning();
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = condition_load(&office, &condition);
    if (code == COMMAND_OK && command_options()->json)
        output_json_print(condition_write(&office, &condition));
    else if (code == COMMAND_OK) {
        condition_print(&office, &condition);
        print_next_step(&office, &condition);
    }
    condition_free(&condition);
    office_close(&office);
    return code;
}
