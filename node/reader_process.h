/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_READER_PROCESS_H
#define NODE_READER_PROCESS_H

/*
 * The web reader as a second process (`igum reader`), which holds no keys and opens the archive read-only.  It is started
 * again, with back-off, when it ends; and it ends when this process does, because its standard input is then closed.
 * On its standard output it says "ready URL" once it listens.
 */

#include "proto/error.h"

#include <stdbool.h>

struct reader_process;
struct uv_loop_s;

struct reader_process_calls {
    void (*ready)(void *context, const char *url); /* Once, after the first start; `url` NULL: it failed. */
    int (*channel)(void *context); /* Before each start: the end of a socket for what it may ask (node/errand.h); -1: nothing. */
    void *context;
};

/* Starts it.  `address` is ADDR:PORT, copied, like `home` and `calls`. */
enum err reader_process_start(struct reader_process **reader, struct uv_loop_s *loop, const char *home, const char *address,
                              const struct reader_process_calls *calls);

/* Where it listens; empty while it does not run. */
const char *reader_process_url(const struct reader_process *reader);

/* Ends it; all is free when the loop has run on.  Accepts NULL. */
void reader_process_stop(struct reader_process *reader);

#endif
