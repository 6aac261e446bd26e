/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/pager.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/command.h"
#include "node/output.h"

static pid_t pager = -1;

static const char *choose(void)
{
    const char *command = getenv("IGUM_PAGER");

    if (command == NULL)
        command = getenv("PAGER");
    return command != NULL ? command : "less";
}

/* less leaves what fits on one screen alone, and passes on letters that are not Latin. */
static void run(const char *command, int in)
{
    (void)dup2(in, STDIN_FILENO);
    (void)close(in);
    (void)setenv("LESS", "FRX", 0);
    (void)setenv("LESSCHARSET", "utf-8", 0);
    (void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void pager_begin(void)
{
    const char *command = choose();
    int ends[2];

    if (!output_is_terminal() || command_options()->json || command[0] == '\0' || strcmp(command, "cat") == 0 ||
        pipe(ends) < 0)
        return;
    (void)output_flush();
    pager = fork();
    if (pager == 0) {
        (void)close(ends[1]);
        run(command, ends[0]);
    }
    (void)close(ends[0]);
    if (pager > 0) {
        (void)signal(SIGPIPE, SIG_IGN); /* Who has read enough leaves. */
        output_show_on_terminal();
        (void)dup2(ends[1], STDOUT_FILENO);
    }
    (void)close(ends[1]);
}

void pager_end(void)
{
    if (pager <= 0)
        return;
    (void)output_flush();
    (void)close(STDOUT_FILENO);
    while (waitpid(pager, NULL, 0) < 0) {
    }
    pager = -1;
}
