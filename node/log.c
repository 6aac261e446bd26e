/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/log.h"

#include "node/host.h"
#include "node/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool is_quiet; /* Of the process, like stderr itself. */

const char *log_key(const struct id *key, char text[9])
{
    snprintf(text, 9, "%02x%02x%02x%02x", key->at[0], key->at[1], key->at[2], key->at[3]);
    return text;
}

void log_time(struct buffer *text, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char run[64];
    size_t len;

    if (gmtime_r(&seconds, &utc) == NULL)
        return;
    len = strftime(run, sizeof run, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(run + len, sizeof run - len, ".%03uZ", (unsigned)(wall_ms % 1000));
    buffer_text(text, run);
}

void log_write(struct buffer *line, uint64_t wall_ms, const char *event, const char *details)
{
    log_time(line, wall_ms);
    buffer_text(line, " ");
    buffer_text(line, event);
    if (details[0] != '\0') {
        buffer_text(line, ": ");
        output_clean(line, bytes_text(details), false);
    }
    buffer_text(line, "\n");
}

void log_quiet(bool quiet)
{
    is_quiet = quiet;
}

void log_event(const char *event, const char *format, ...)
{
    char details[LOG_LINE];
    struct buffer line = BUFFER(8 * LOG_LINE);
    va_list arguments;

    if (is_quiet)
        return;
    va_start(arguments, format);
    vsnprintf(details, sizeof details, format, arguments);
    va_end(arguments);
    log_write(&line, host_now_ms(), event, details);
    /* One write, so that lines of two processes do not mix; a log that cannot be written stops nothing. */
    if (buffer_error(&line) == ERR_OK)
        (void)!write(STDERR_FILENO, line.at, line.len);
    buffer_free(&line);
}
