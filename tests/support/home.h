/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef SUPPORT_HOME_H
#define SUPPORT_HOME_H

/* A directory of a test's own, under TMPDIR or in memory, and what tests do to files in it. */

#include "proto/buffer.h"

struct home {
    char path[128];
};

struct home home_make(void);
void home_remove(struct home *home);

/* Names a file below it; lent until the next call but three. */
const char *home_file(const struct home *home, const char *name);

/* Reads and writes whole files; the test ends when that fails. */
struct buffer home_read(const char *path);
void home_write(const char *path, struct bytes bytes);

/* Runs a shell command, its output dropped; returns its exit code. */
int home_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Calls back for each regular file below a path. */
typedef void home_file_fn(void *context, const char *path);
void home_each_file(const char *path, home_file_fn *each, void *context);

#endif
