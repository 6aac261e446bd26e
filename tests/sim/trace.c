/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/trace.h"

#include <stdarg.h>
#include <string.h>

void trace_begin(struct trace *t)
{
    t->count = 0;
    t->hash = UINT64_C(0xcbf29ce484222325);
}

void trace_note(struct trace *t, uint64_t now, const char *format, ...)
{
    char *line = t->lines[t->count++ % TRACE_LINES];
    int start = snprintf(line, TRACE_LINE, "%8llu ", (unsigned long long)now);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line + start, TRACE_LINE - (size_t)start, format, arguments);
    va_end(arguments);
    for (const char *c = line; *c; c++)
        t->hash = (t->hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
}

void trace_print(const struct trace *t, FILE *to, size_t last)
{
    uint64_t first = t->count > last ? t->count - last : 0;

    if (t->count - first > TRACE_LINES)
        first = t->count - TRACE_LINES;
    for (uint64_t i = first; i < t->count; i++)
        fprintf(to, "%s\n", t->lines[i % TRACE_LINES]);
}
