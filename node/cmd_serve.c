/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/node.h"
#include "node/office.h"
#include "node/output.h"
#include "node/i18n.h"

#include <stdlib.h>

static int fail(enum err err, const char *reason)
{
    output_error(_("the node cannot start: %s"), reason[0] != '\0' ? reason : err_text(err));
    if (err == ERR_BUSY) {
        output_hint(_("one home has one node; 'igum status' shows the one that runs"));
        return COMMAND_LOCKED;
    }
    if (err == ERR_EXISTS)
        output_hint(_("another program listens there; choose another port with --listen"));
    if (err == ERR_MISSING) {
        output_hint(_("start with 'igum found' or 'igum join'"));
        return COMMAND_NO_ARCHIVE;
    }
    if (err == ERR_FORMAT)
        output_hint(_("'igum serve --help' shows how it is used"));
    else if (err != ERR_EXISTS)
        output_hint(_("see whether the address is one of this machine's, and whether the home may be written to"));
    return err == ERR_FORMAT ? COMMAND_USAGE : COMMAND_FAILED;
}

int cmd_serve(int argc, char **argv)
{
    struct node_serve options = {.home = command_options()->home, .ready_fd = -1};
    const char *ready_fd = NULL;
    const struct arguments_flag flags[] = {
        {.name = "listen", .value = &options.listen},    {.name = "http", .value = &options.http},
        {.name = "no-http", .is_set = &options.no_http}, {.name = "no-discovery", .is_set = &options.no_discovery},
        {.name = "ready-fd", .value = &ready_fd},
    };
    char reason[NODE_REASON];
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if (ready_fd != NULL) {
        char *end;
        long number = strtol(ready_fd, &end, 10);

        if (*end != '\0' || end == ready_fd || number < 0 || number > 1023) {
            output_error(_("'%s' is not a file descriptor"), ready_fd);
            return COMMAND_USAGE;
        }
        options.ready_fd = (int)number;
    }
    /* A copy beside its original would be a second node with the same key. */
    if ((code = office_check_place(options.home)) != COMMAND_OK)
        return code;
    err = node_serve(&options, reason);
    return err == ERR_OK ? COMMAND_OK : fail(err, reason);
}
