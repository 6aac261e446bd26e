/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/confirm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/command.h"
#include "node/output.h"
#include "node/i18n.h"

static bool is_yes(const char *answer)
{
    return answer[0] == 'y' || answer[0] == 'Y' || strncmp(answer, "\xd7\x9b", 2) == 0; /* The Hebrew kaf. */
}

int confirm(const char *question, bool yes, bool must_ask)
{
    char answer[64] = "";

    if (yes)
        return COMMAND_OK;
    if (isatty(STDIN_FILENO) != 1) {
        if (!must_ask)
            return COMMAND_OK;
        output_error(_("this is asked about before it is signed, and there is no terminal to ask on"));
        output_hint(_("read what would be signed, then add --yes"));
        return COMMAND_USAGE;
    }
    (void)output_flush();
    (void)fprintf(stderr, "%s [y/n] ", question);
    (void)fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) != NULL && is_yes(answer))
        return COMMAND_OK;
    output_note(_("Nothing was signed."));
    return COMMAND_FAILED;
}
