/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/question.h"

#include <stdio.h>
#include <unistd.h>

#include "node/command.h"
#include "node/i18n.h"
#include "node/output.h"
#include "proto/bytes.h"

/* What people type for yes, in either language. */
static bool is_yes(struct bytes answer)
{
    static const char *const words[] = {"y", "Y", "yes", "Yes", "YES", "כ", "כן"};

    while (answer.len > 0 && (answer.at[answer.len - 1] == '\n' || answer.at[answer.len - 1] == ' '))
        answer.len--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (bytes_equal(answer, bytes_text(words[i])))
            return true;
    return false;
}

int question_ask(const char *question, bool yes)
{
    char answer[64];

    if (yes)
        return COMMAND_OK;
    if (!isatty(STDIN_FILENO)) {
        output_error(_("this is signed only after a yes, and there is no terminal to ask on"));
        output_hint(_("a script says it by --yes"));
        return COMMAND_FAILED;
    }
    (void)output_flush();
    (void)fprintf(stderr, "%s [y/n] ", question);
    (void)fflush(stderr);
    if (fgets(answer, sizeof answer, stdin) != NULL && is_yes(bytes_text(answer)))
        return COMMAND_OK;
    output_error(_("nothing was signed"));
    return COMMAND_FAILED;
}
