/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LOG_H
#define NODE_LOG_H

/*
 * One line per event on stderr: time, event, details.  Keys are named by their first 8 digits, secrets never.  What comes
 * from outside is made harmless: a line stays one line, and nothing steers a terminal.
 */

#include "proto/buffer.h"
#include "proto/id.h"

#define LOG_LINE 1024 /* A longer line is cut. */

/* Writes one line.  `event` is a word or two ("peer opened"), the rest as of printf(). */
void log_event(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Silences log_event(), for verbs that talk to people themselves. */
void log_quiet(bool quiet);

/* The first 8 digits of a key, in `text`, which it returns. */
const char *log_key(const struct id *key, char text[9]);

/* Appends one line with its LF: the pure part of log_event(). */
void log_write(struct buffer *line, uint64_t wall_ms, const char *event, const char *details);

/* Appends a time as of RFC 3339, in UTC, with milliseconds. */
void log_time(struct buffer *text, uint64_t wall_ms);

#endif
