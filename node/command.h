/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COMMAND_H
#define NODE_COMMAND_H

/*
 * The verbs of the command line.  Each is one function in cmd_<verb>.c and one line of the table in main.c.  Before
 * it runs, the global flags (--home, --json, --quiet, --as, --help) have been taken out of its arguments; argv[0] is
 * the verb.  It returns one of the exit codes below.
 */

#include <stdbool.h>
#include <stddef.h>

enum command_exit {
    COMMAND_OK = 0,
    COMMAND_FAILED = 1,
    COMMAND_USAGE = 2,       /* The command line is wrong. */
    COMMAND_PARTLY = 3,      /* Some was done, some failed. */
    COMMAND_NO_ARCHIVE = 10, /* No archive here. */
    COMMAND_LOCKED = 11,     /* Another process holds the lock. */
    COMMAND_PASSPHRASE = 12, /* Wrong passphrase, or none to be had. */
    COMMAND_BAD = 20,        /* Verification failed. */
    COMMAND_FORK = 21,       /* A fork was seen. */
    COMMAND_THRESHOLD = 22,  /* Not enough approvals. */
    COMMAND_NOBODY = 30,     /* Nobody reachable. */
    COMMAND_INTERRUPTED = 130,
};

struct command_options {
    const char *home; /* Never NULL: --home, IGUM_HOME, $XDG_DATA_HOME/igum or ~/.local/share/igum. */
    const char *as;   /* NULL unless --as: which of several keys signs. */
    bool json;
    bool quiet;
    bool clock_is_right; /* Sign even though the clock looks wrong. */
};

/* The global flags of this process. */
const struct command_options *command_options(void);
/* Sets them, once, before a verb runs.  Copied; the texts are borrowed for good. */
void command_set_options(const struct command_options *options);

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;   /* What follows "igum ": all its forms, one a line. */
    const char *summary; /* One line, for the list of verbs; NULL: not listed. */
    const char *help;    /* Sentences, for --help; may be NULL. */
};

/* The table's line of a verb; NULL: no such verb. */
const struct command *command_find(const char *name);

int cmd_state(int argc, char **argv); /* `igum` alone. */

int cmd_found(int argc, char **argv);
int cmd_invite(int argc, char **argv);
int cmd_join(int argc, char **argv);
int cmd_publish(int argc, char **argv);
int cmd_revise(int argc, char **argv);
int cmd_approve(int argc, char **argv);
int cmd_withdraw(int argc, char **argv);
int cmd_erase(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_republish(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_decisions(int argc, char **argv);
int cmd_people(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_search(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_whereis(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_signers(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_council(int argc, char **argv);
int cmd_grant(int argc, char **argv);
int cmd_revoke(int argc, char **argv);
int cmd_peer(int argc, char **argv);
int cmd_fork(int argc, char **argv);
int cmd_home(int argc, char **argv);
int cmd_reader(int argc, char **argv);

#endif
