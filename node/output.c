/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/output.h"

#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/command.h"
#include "node/host.h"
#include "node/i18n.h"
#include "proto/limits.h"
#include "proto/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

static bool is_shown; /* By a pager. */

void output_show_on_terminal(void)
{
    is_shown = true;
}

bool output_is_terminal(void)
{
    return is_shown || isatty(STDOUT_FILENO) == 1;
}

/* ---- text ---- */

/* The length of the UTF-8 character at the start of `text`, by text_is_utf8()'s verdict; 0: it is none. */
static size_t character_len(struct bytes text)
{
    for (size_t len = 1; len <= 4 && len <= text.len; len++)
        if (text_is_utf8(bytes_of(text.at, len)))
            return len;
    return 0;
}

static uint32_t decode_character(struct bytes character)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = character.at[0] & masks[character.len];

    for (size_t i = 1; i < character.len; i++)
        code = code << 6 | (character.at[i] & 0x3f);
    return code;
}

/* Left-to-right and right-to-left marks stay: they only help a mixed line. */
static bool is_dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

void output_clean(struct buffer *out, struct bytes text, bool lines)
{
    while (text.len > 0) {
        size_t len = character_len(text);

        if (len == 0) {
            buffer_text(out, REPLACEMENT);
            len = 1;
        } else {
            uint32_t code = decode_character(bytes_of(text.at, len));

            if (lines && (code == '\n' || code == '\t'))
                buffer_add(out, bytes_of(text.at, len));
            else if (code == '\n' || code == '\t')
                buffer_u8(out, ' ');
            else if (!is_dangerous(code))
                buffer_add(out, bytes_of(text.at, len));
        }
        text = bytes_from(text, len);
    }
}

static void print_clean(FILE *to, const char *before, struct bytes text, bool lines, const char *after)
{
    struct buffer clean = BUFFER(SIZE_MAX / 2);

    output_clean(&clean, text, lines);
    fputs(before, to);
    if (clean.len > 0)
        fwrite(clean.at, 1, clean.len, to);
    fputs(after, to);
    buffer_free(&clean);
}

/* Formats, cleans and prints one message; a missing LF is added after it. */
static void __attribute__((format(printf, 3, 0)))
print_message(FILE *to, const char *before, const char *format, va_list list)
{
    char *text = NULL;

    if (vasprintf(&text, format, list) < 0)
        return;
    print_clean(to, before, bytes_text(text), false, "\n");
    free(text);
}

void output_error(const char *format, ...)
{
    va_list list;

    fflush(stdout);
    va_start(list, format);
    print_message(stderr, "igum: ", format, list);
    va_end(list);
}

void output_hint(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    print_message(stderr, "hint: ", format, list);
    va_end(list);
}

void output_note(const char *format, ...)
{
    va_list list;

    if (command_options()->quiet)
        return;
    va_start(list, format);
    print_message(stderr, "", format, list);
    va_end(list);
}

void output_line(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int len;

    va_start(list, format);
    len = vasprintf(&text, format, list);
    va_end(list);
    if (len < 0)
        return;
    if (len > 0 && text[len - 1] == '\n')
        print_clean(stdout, "", bytes_of(text, (size_t)len - 1), false, "\n");
    else
        print_clean(stdout, "", bytes_of(text, (size_t)len), false, "");
    free(text);
}

void output_raw(struct bytes bytes)
{
    if (bytes.len > 0)
        (void)fwrite(bytes.at, 1, bytes.len, stdout);
}

void output_text(struct bytes text)
{
    if (output_is_terminal())
        print_clean(stdout, "", text, true, "");
    else if (text.len > 0)
        fwrite(text.at, 1, text.len, stdout);
}

void output_emphasis(bool on)
{
    const char *no_color = getenv("NO_COLOR");

    if (output_is_terminal() && (no_color == NULL || no_color[0] == '\0'))
        fputs(on ? "\x1b[1m" : "\x1b[0m", stdout);
}

bool output_flush(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0;
}

bool output_reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

void output_time(uint64_t ms, char text[OUTPUT_TIME_LEN + 1])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm parts;

    if (ms / 1000 > LIMIT_CLOCK_SECONDS || gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, OUTPUT_TIME_LEN + 1, "%Y-%m-%dT%H:%M:%SZ", &parts) != OUTPUT_TIME_LEN)
        memcpy(text, "0000-00-00T00:00:00Z", OUTPUT_TIME_LEN + 1);
}

/* ---- JSON ---- */

static struct output_json *wrap(json_t *json)
{
    return (struct output_json *)json;
}

static json_t *unwrap(struct output_json *json)
{
    return (json_t *)json;
}

struct output_json *output_json_object(void)
{
    return wrap(json_object());
}

struct output_json *output_json_list(void)
{
    return wrap(json_array());
}

static void set(struct output_json *object, const char *name, json_t *value)
{
    /* Out of memory: a field that is missing is seen by whoever reads it, and nothing is signed by it. */
    (void)json_object_set_new(unwrap(object), name, value);
}

/* Any bytes as a JSON string; on a terminal also without what could take it over. */
static json_t *make_text(struct bytes text)
{
    struct buffer clean = BUFFER(SIZE_MAX / 2);
    json_t *made;

    if (text_is_utf8(text) && !output_is_terminal())
        return json_stringn(text.len > 0 ? (const char *)text.at : "", text.len);
    output_clean(&clean, text, true);
    made = json_stringn(clean.len > 0 ? (const char *)clean.at : "", clean.len);
    buffer_free(&clean);
    return made;
}

void output_json_bytes(struct output_json *object, const char *name, struct bytes text)
{
    set(object, name, make_text(text));
}

void output_json_text(struct output_json *object, const char *name, const char *text)
{
    set(object, name, text == NULL ? json_null() : make_text(bytes_text(text)));
}

void output_json_id(struct output_json *object, const char *name, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    set(object, name, json_string(text));
}

void output_json_number(struct output_json *object, const char *name, uint64_t number)
{
    set(object, name, json_integer((json_int_t)number));
}

void output_json_real(struct output_json *object, const char *name, double number)
{
    set(object, name, json_real(number));
}

void output_json_bool(struct output_json *object, const char *name, bool is_true)
{
    set(object, name, json_boolean(is_true));
}

void output_json_null(struct output_json *object, const char *name)
{
    set(object, name, json_null());
}

void output_json_time(struct output_json *object, const char *name, uint64_t ms)
{
    char text[OUTPUT_TIME_LEN + 1];

    output_time(ms, text);
    set(object, name, json_string(text));
}

void output_json_put(struct output_json *object, const char *name, struct output_json *value)
{
    set(object, name, unwrap(value));
}

void output_json_add(struct output_json *list, struct output_json *value)
{
    (void)json_array_append_new(unwrap(list), unwrap(value));
}

void output_json_add_text(struct output_json *list, const char *text)
{
    (void)json_array_append_new(unwrap(list), make_text(bytes_text(text)));
}

void output_json_add_bytes(struct output_json *list, struct bytes text)
{
    (void)json_array_append_new(unwrap(list), make_text(text));
}

void output_json_print(struct output_json *json)
{
    (void)json_dumpf(unwrap(json), stdout, JSON_COMPACT);
    fputc('\n', stdout);
    output_json_free(json);
}

static int add_run(const char *run, size_t len, void *context)
{
    struct buffer *text = context;

    buffer_add(text, bytes_of(run, len));
    return buffer_error(text) == ERR_OK ? 0 : -1;
}

enum err output_json_write(struct output_json *json, struct buffer *text)
{
    int status = json_dump_callback(unwrap(json), add_run, text, JSON_COMPACT);

    output_json_free(json);
    return status == 0 ? ERR_OK : buffer_error(text) != ERR_OK ? buffer_error(text) : ERR_MEMORY;
}

void output_json_free(struct output_json *json)
{
    json_decref(unwrap(json));
}

struct output_json *output_json_read(struct bytes text)
{
    return wrap(json_loadb(text.len > 0 ? (const char *)text.at : "", text.len, JSON_REJECT_DUPLICATES, NULL));
}

struct output_json *output_json_find(struct output_json *object, const char *name)
{
    return wrap(json_object_get(unwrap(object), name));
}

struct output_json *output_json_at(struct output_json *list, size_t index)
{
    return wrap(json_array_get(unwrap(list), index));
}

const char *output_json_find_text(struct output_json *object, const char *name)
{
    return json_string_value(json_object_get(unwrap(object), name));
}

struct output_json *output_json_keep(struct output_json *json)
{
    return wrap(json_incref(unwrap(json)));
}

/* ---- progress ---- */

#define FIRST_AFTER_MS 1000
#define TERMINAL_EACH_MS 100
#define PIPE_EACH_MS 5000

void output_progress_begin(struct output_progress *p, const char *what)
{
    *p = (struct output_progress){.what = what, .start_ms = host_monotonic_ms()};
}

void output_progress(struct output_progress *p, uint64_t done, uint64_t total)
{
    uint64_t now = host_monotonic_ms();
    bool is_terminal = isatty(STDERR_FILENO) == 1;

    if (command_options()->quiet || now - p->start_ms < FIRST_AFTER_MS ||
        (p->is_shown && now - p->shown_ms < (is_terminal ? TERMINAL_EACH_MS : PIPE_EACH_MS)))
        return;
    p->shown_ms = now;
    p->is_shown = true;
    if (is_terminal) {
        char bar[21];
        size_t full = total > 0 ? (size_t)(done * 20 / total) : 0;

        for (size_t i = 0; i < 20; i++)
            bar[i] = i < full ? '#' : '.';
        bar[20] = '\0';
        fprintf(stderr, "\r%s [%s] %" PRIu64 "/%" PRIu64 "\x1b[K", p->what, bar, done, total);
    } else
        fprintf(stderr, "%s %" PRIu64 "/%" PRIu64 "\n", p->what, done, total);
    fflush(stderr);
}

void output_progress_end(struct output_progress *p)
{
    if (p->is_shown && isatty(STDERR_FILENO) == 1)
        fputs("\r\x1b[K", stderr);
    p->is_shown = false;
}
