/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_OUTPUT_H
#define NODE_OUTPUT_H

/*
 * What the program says.  Data go to stdout; errors, hints, notes and progress go to stderr.  Text from others is
 * stripped of control characters and of those that turn the direction of writing around.  JSON is written here alone.
 */

#include <stdbool.h>
#include <stdint.h>

#include "proto/buffer.h"
#include "proto/id.h"

#define OUTPUT_FORMAT(at) __attribute__((format(printf, at, at + 1)))

/* "igum: ..." on stderr: what happened and why. */
void output_error(const char *format, ...) OUTPUT_FORMAT(1);
/* "hint: ..." on stderr: what to do next. */
void output_hint(const char *format, ...) OUTPUT_FORMAT(1);
/* A line on stderr; not with --quiet. */
void output_note(const char *format, ...) OUTPUT_FORMAT(1);
/* A line on stdout, or a part of one: cleaned as one line, LF at the very end kept. */
void output_line(const char *format, ...) OUTPUT_FORMAT(1);
/* A text of many lines on stdout: cleaned when stdout is a terminal, else as it is. */
void output_text(struct bytes text);

/* Bytes on stdout, as they are: a page of ours, or a mark of direction. */
void output_raw(struct bytes bytes);

/* Appends `text` without controls and bidirectional overrides; bytes that are no UTF-8 become U+FFFD.  `lines` keeps LF and TAB. */
void output_clean(struct buffer *out, struct bytes text, bool lines);

/* Writes all that is pending.  False when stdout could not take it (a full disk, a closed pipe). */
bool output_flush(void);
/* Says whether whoever read stdout has gone, as `head` does: what it did not read it did not want, and nobody needs to be told. */
bool output_reader_left(void);

/* What comes next on stdout stands out, or no longer: on a terminal, and without NO_COLOR. */
void output_emphasis(bool on);

/* True when stdout is a terminal. */
bool output_is_terminal(void);
/* What stdout leads to from now on shows it on a terminal. */
void output_show_on_terminal(void);

/* "2026-11-23T15:13:36Z" */
#define OUTPUT_TIME_LEN 20
void output_time(uint64_t ms, char text[OUTPUT_TIME_LEN + 1]);

/* ---- JSON ---- */

struct output_json; /* An object or a list. */

struct output_json *output_json_object(void);
struct output_json *output_json_list(void);
void output_json_text(struct output_json *object, const char *name, const char *text); /* NULL: null. */
void output_json_bytes(struct output_json *object, const char *name, struct bytes text);
void output_json_id(struct output_json *object, const char *name, const struct id *id);
void output_json_number(struct output_json *object, const char *name, uint64_t number);
void output_json_real(struct output_json *object, const char *name, double number);
void output_json_bool(struct output_json *object, const char *name, bool is_true);
void output_json_null(struct output_json *object, const char *name);
/* An RFC 3339 time. */
void output_json_time(struct output_json *object, const char *name, uint64_t ms);
/* Puts `value` into `object`, which takes it over. */
void output_json_put(struct output_json *object, const char *name, struct output_json *value);
/* Adds `value` to `list`, which takes it over. */
void output_json_add(struct output_json *list, struct output_json *value);
void output_json_add_text(struct output_json *list, const char *text);
void output_json_add_bytes(struct output_json *list, struct bytes text);
/* Prints it on one line of stdout and frees it. */
void output_json_print(struct output_json *json);
/* Appends it to `text` and frees it.  ERR_MEMORY, ERR_LIMIT. */
enum err output_json_write(struct output_json *json, struct buffer *text);
void output_json_free(struct output_json *json);

/* Reads a text; NULL: it is no JSON.  The caller frees it. */
struct output_json *output_json_read(struct bytes text);
/* What is in an object under a name, or at a place of a list; NULL: nothing.  Lent. */
struct output_json *output_json_find(struct output_json *object, const char *name);
struct output_json *output_json_at(struct output_json *list, size_t index);
/* The text under a name; NULL: none.  Lent. */
const char *output_json_find_text(struct output_json *object, const char *name);
/* Keeps what was lent beyond its owner: freed by output_json_free(), or put into another. */
struct output_json *output_json_keep(struct output_json *json);

/* ---- progress ---- */

struct output_progress {
    const char *what; /* Borrowed. */
    uint64_t start_ms, shown_ms;
    bool is_shown;
};

/* Shown on stderr once the work has taken a second: a bar on a terminal, a line now and then in a pipe. */
void output_progress_begin(struct output_progress *p, const char *what);
void output_progress(struct output_progress *p, uint64_t done, uint64_t total);
void output_progress_end(struct output_progress *p);

#endif
