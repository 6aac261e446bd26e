/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_TRACE_H
#define TESTS_SIM_TRACE_H

/* What happened: the last lines for people, and one hash of all of them, equal when a seed repeats itself. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_LINES 2000
#define TRACE_LINE 144

struct trace {
    char lines[TRACE_LINES][TRACE_LINE];
    uint64_t count;
    uint64_t hash;
};

void trace_begin(struct trace *t);
void trace_note(struct trace *t, uint64_t now, const char *format, ...) __attribute__((format(printf, 3, 4)));
void trace_print(const struct trace *t, FILE *to, size_t last);

#endif
