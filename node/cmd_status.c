/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/condition.h"

int cmd_status(int argc, char **argv)
{
    struct condition condition = {.report = NULL};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = condition_load(&office, &condition);
    if (code == COMMAND_OK && command_options()->json)
        output_json_print(condition_write(&office, &condition));
    else if (code == COMMAND_OK)
        condition_print(&office, &condition);
    condition_free(&condition);
    office_close(&office);
    return code;
}
