/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/deed.h"

static int sign(struct deed *d, const char *reason)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    int code;

    act_write_id(&body, ACT_DOCUMENT, &d->document);
    act_write_text(&body, ACT_REASON, reason);
    code = deed_sign(d, ACT_WITHDRAW, buffer_bytes(&body), bytes_of(NULL, 0));
    buffer_free(&body);
    return code;
}

int cmd_withdraw(int argc, char **argv)
{
    const char *reason = NULL;
    const struct arguments_flag flags[] = {{"reason", NULL, &reason, NULL}};
    struct deed deed;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 1, 1))
        return COMMAND_USAGE;
    if ((code = deed_check_reason(reason)) != COMMAND_OK || (code = deed_open(&deed, argv[1])) != COMMAND_OK)
        return code;
    code = deed_refuse_dead(&deed);
    if (code == COMMAND_OK)
        code = deed_open_key(&deed, true);
    if (code == COMMAND_OK)
        code = sign(&deed, reason);
    if (code == COMMAND_OK)
        code = deed_append(&deed);
    if (code == COMMAND_OK)
        deed_print(&deed, deed.revisions[0].title);
    deed_close(&deed);
    return code;
}
