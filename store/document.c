/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/document.h"

#include "proto/text.h"
#include "store/plain_text.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- lines and fences ---- */

/* Takes a line without its end, of either kind; the last one may have none. */
static bool take_line(struct bytes *rest, struct bytes *line)
{
    if (rest->len == 0)
        return false;
    if (!text_take(rest, '\n', line)) {
        *line = *rest;
        *rest = bytes_of(NULL, 0);
    }
    if (line->len > 0 && line->at[line->len - 1] == '\r')
        line->len--;
    return true;
}

static struct bytes trim(struct bytes line)
{
    while (line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t'))
        line = bytes_from(line, 1);
    while (line.len > 0 && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'))
        line.len--;
    return line;
}

static bool is_fence(struct bytes line, const char *fence)
{
    return line.len >= 3 && line.at[0] == (uint8_t)fence[0] && bytes_equal(trim(line), bytes_text(fence));
}

static bool looks_like_yaml(struct bytes line)
{
    const uint8_t *colon = line.len ? memchr(line.at, ':', line.len) : NULL;

    return colon && colon > line.at && (colon + 1 == line.at + line.len || colon[1] == ' ' || colon[1] == '\t');
}

struct parts {
    bool has_front; /* The file begins with a fence, and what follows looks like front matter. */
    bool is_closed;
    struct bytes yaml; /* Between the fences. */
    struct bytes text; /* Behind them, or everything. */
    struct bytes head; /* What stands before the YAML: the fence. */
};

/* "---" may as well be a line across the page: only what looks like 'name: value' behind it is front matter. */
static struct parts split(struct bytes file)
{
    struct parts parts = {.text = file};
    struct bytes rest = file, line = {0};
    bool decided = false;

    (void)text_take_prefix(&rest, "\xef\xbb\xbf");
    if (!take_line(&rest, &line) || !is_fence(line, "---"))
        return parts;
    parts.yaml = rest;
    parts.head = bytes_of(file.at, file.len - rest.len);
    while (take_line(&rest, &line)) {
        if (is_fence(line, "---") || is_fence(line, "...")) {
            parts.has_front = parts.has_front || !decided;
            parts.is_closed = parts.has_front;
            parts.yaml.len = (size_t)(line.at - parts.yaml.at);
            if (parts.is_closed)
                parts.text = rest;
            return parts;
        }
        struct bytes content = trim(line);
        if (!decided && content.len > 0 && content.at[0] != '#') {
            decided = true;
            parts.has_front = looks_like_yaml(content);
        }
    }
    return parts;
}

/* ---- a title for what has none ---- */

static struct bytes heading_of(struct bytes line)
{
    size_t level = 0;

    while (level < line.len && line.at[level] == '#')
        level++;
    if (level == 0 || level > 6 || level == line.len || (line.at[level] != ' ' && line.at[level] != '\t'))
        return bytes_of(NULL, 0);
    line = trim(bytes_from(line, level));
    while (line.len > 0 && line.at[line.len - 1] == '#')
        line.len--;
    return trim(line);
}

/* Takes Markdown's marks off both ends, and the backslashes from within. */
static void write_unmarked(struct bytes line, struct buffer *out)
{
    static const char marks[] = "*_`>- \t";

    while (line.len > 0 && line.at[0] < 0x80 && line.at[0] != 0 && strchr(marks, line.at[0]))
        line = bytes_from(line, 1);
    while (line.len > 0 && line.at[line.len - 1] < 0x80 && line.at[line.len - 1] != 0 &&
           strchr("*_` \t", line.at[line.len - 1]))
        line.len--;
    for (size_t i = 0; i < line.len; i++) {
        bool escape = line.at[i] == '\\' && i + 1 < line.len && line.at[i + 1] < 0x80 && line.at[i + 1] > ' ' &&
                      !(line.at[i + 1] >= '0' && line.at[i + 1] <= '9') &&
                      !((line.at[i + 1] | 0x20) >= 'a' && (line.at[i + 1] | 0x20) <= 'z');
        if (escape)
            i++;
        buffer_u8(out, line.at[i]);
    }
}

/* The first heading, or else the first line that says anything. */
static struct bytes title_line(struct bytes text)
{
    struct bytes line, first = {0};
    bool in_code = false;

    while (take_line(&text, &line)) {
        line = trim(line);
        struct bytes mark = line;
        if (text_take_prefix(&mark, "```") || text_take_prefix(&mark, "~~~")) {
            in_code = !in_code;
            continue;
        }
        if (in_code)
            continue;
        struct bytes heading = heading_of(line);
        if (heading.len > 0)
            return heading;
        while (mark.len > 0 && (mark.at[0] == '-' || mark.at[0] == '=' || mark.at[0] == '*' || mark.at[0] == ' '))
            mark = bytes_from(mark, 1);
        if (first.len == 0 && mark.len > 0)
            first = line;
    }
    return first;
}

static struct bytes cut(struct bytes text, size_t count_max)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >> 6 != 2 && count++ == count_max)
            return trim(bytes_of(text.at, i));
    return text;
}

static enum err fill_title(struct document *document, struct bytes text)
{
    struct bytes line = title_line(text);
    struct buffer unmarked = BUFFER(line.len), clean = BUFFER(line.len);

    write_unmarked(line, &unmarked);
    plain_text_clean(buffer_bytes(&unmarked), &clean);
    enum err err = buffer_error(&unmarked) ? buffer_error(&unmarked) : buffer_error(&clean);
    if (!err) {
        struct bytes title = cut(buffer_bytes(&clean), DOCUMENT_TITLE_MAX);

        if (title.len > 0)
            memcpy(document->title, title.at, title.len);
        document->title[title.len] = '\0';
        document->front.title = bytes_of(document->title, title.len);
    }
    buffer_free(&unmarked);
    buffer_free(&clean);
    return err;
}

/* ---- reading ---- */

static struct document *new_document(void)
{
    struct document *document = calloc(1, sizeof *document);

    if (document)
        front_matter_empty(&document->front);
    return document;
}

void document_free(struct document *document)
{
    if (!document)
        return;
    front_matter_free(&document->front);
    free(document);
}

/* Front matter that is not in order stays visible as text, but does not name the document. */
static enum err read_parts(struct document *document, struct bytes file, struct document_reason *reason)
{
    struct parts parts = split(file);
    struct bytes title_from = parts.text;
    enum err err;

    document->is_text = true;
    document->text = parts.text;
    if (parts.is_closed) {
        err = front_matter_read(parts.yaml, 2, &document->front, reason);
        if (err == ERR_MEMORY || (err && reason))
            return err;
        document->has_front_matter = !err;
        if (err)
            document->text = file;
    } else if (parts.has_front && reason) {
        (void)snprintf(reason->text, sizeof reason->text,
                       "line 1: front matter begins here and does not end: close it with a line of '---'");
        return ERR_FORMAT;
    }
    return document->front.title.len > 0 ? ERR_OK : fill_title(document, title_from);
}

enum err document_read(struct bytes file, struct document **out)
{
    struct document *document = new_document();
    enum err err = ERR_OK;

    if (!document)
        return ERR_MEMORY;
    if (text_is_utf8(file))
        err = read_parts(document, file, NULL);
    if (err) {
        document_free(document);
        return err;
    }
    *out = document;
    return ERR_OK;
}

#define NO_UTF8 UINT32_C(0xffffffff)

/* The number of the first line that is no UTF-8 or, if asked, holds a control character; 0: none. */
static size_t find_fault(struct bytes file, bool controls_too, uint32_t *point)
{
    size_t line = 1;

    while (file.len > 0) {
        if (!text_take_point(&file, point)) {
            *point = NO_UTF8;
            return line;
        }
        bool control = *point < 0x20 || (*point >= 0x7f && *point < 0xa0);
        if (controls_too && control && *point != '\n' && *point != '\r' && *point != '\t')
            return line;
        line += *point == '\n';
    }
    return 0;
}

static enum err check_text(struct bytes file, bool controls_too, struct document_reason *reason)
{
    uint32_t point = 0;
    size_t line;

    if (file.len > DOCUMENT_SIZE_MAX) {
        (void)snprintf(reason->text, sizeof reason->text,
                       "it has %zu bytes, and at most %zu are possible: divide it, or attach the long part", file.len,
                       (size_t)DOCUMENT_SIZE_MAX);
        return ERR_LIMIT;
    }
    if ((line = find_fault(file, controls_too, &point)) == 0)
        return ERR_OK;
    if (point == NO_UTF8)
        (void)snprintf(reason->text, sizeof reason->text, "line %zu: this is no UTF-8 text: save it anew as UTF-8",
                       line);
    else
        (void)snprintf(reason->text, sizeof reason->text, "line %zu: it holds the control character %02x: delete it",
                       line, (unsigned)point);
    return ERR_FORMAT;
}

enum err document_check(struct bytes file, struct document **out, struct document_reason *reason)
{
    struct document *document = NULL;
    enum err err = check_text(file, true, reason);

    if (err)
        return err;
    if (!(document = new_document()))
        return ERR_MEMORY;
    err = read_parts(document, file, reason);
    if (!err && document->front.title.len == 0) {
        (void)snprintf(reason->text, sizeof reason->text, "it is empty: write a title and a text");
        err = ERR_FORMAT;
    }
    if (err) {
        document_free(document);
        return err;
    }
    *out = document;
    return ERR_OK;
}

/* ---- writing ---- */

static void write_quoted(struct buffer *out, struct bytes value)
{
    buffer_u8(out, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buffer_u8(out, '\\');
        buffer_u8(out, value.at[i]);
    }
    buffer_u8(out, '"');
}

static void write_setting(struct buffer *out, const char *name, struct bytes value)
{
    buffer_text(out, name);
    buffer_text(out, ": ");
    write_quoted(out, value);
    buffer_text(out, "\n");
}

/* Whether a line of YAML begins a value at the outermost level, and whether of that name. */
static bool begins_value(struct bytes line)
{
    return line.len > 0 && line.at[0] != ' ' && line.at[0] != '\t' && line.at[0] != '-' && line.at[0] != '#';
}

static bool begins_value_of(struct bytes line, const char *name)
{
    return text_take_prefix(&line, name) && (line = trim(line)).len > 0 && line.at[0] == ':';
}

static void write_other_lines(struct buffer *out, struct bytes yaml, const char *name)
{
    const uint8_t *end = yaml.at + yaml.len;
    struct bytes line;
    bool leave_out = false;

    while (yaml.len > 0) {
        const uint8_t *at = yaml.at;

        (void)take_line(&yaml, &line);
        if (begins_value(line))
            leave_out = begins_value_of(line, name);
        if (!leave_out)
            buffer_add(out, bytes_of(at, (size_t)((yaml.len ? yaml.at : end) - at)));
    }
}

enum err document_set(struct bytes file, const char *name, struct bytes value, struct buffer *out)
{
    struct parts parts = split(file);

    if (!text_is_line(value, FRONT_MATTER_LINE_MAX) || (parts.has_front && !parts.is_closed))
        return ERR_FORMAT;
    if (!parts.is_closed) {
        (void)text_take_prefix(&file, "\xef\xbb\xbf");
        buffer_text(out, "---\n");
        write_setting(out, name, value);
        buffer_text(out, "---\n\n");
        buffer_add(out, file);
        return buffer_error(out);
    }
    buffer_add(out, parts.head);
    write_setting(out, name, value);
    write_other_lines(out, parts.yaml, name);
    buffer_add(out,
               bytes_of(parts.yaml.at + parts.yaml.len, (size_t)(file.at + file.len - parts.yaml.at) - parts.yaml.len));
    return buffer_error(out);
}

enum err document_from_text(struct bytes text, struct buffer *markdown, struct document_reason *reason)
{
    enum err err = check_text(text, false, reason);

    if (err)
        return err;
    plain_text_to_markdown(text, markdown);
    return buffer_error(markdown);
}
