/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/command.h"
#include "node/output.h"
#include "node/text.h"

int cmd_found(int argc, char **argv)
{
    (void)argc;
    output_error(_("'%s' is not in this build"), argv[0]);
    return COMMAND_FAILED;
}
