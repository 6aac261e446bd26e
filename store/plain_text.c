/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/plain_text.h"

#include "proto/text.h"

#define TITLE_MAX 120 /* Characters; longer is a sentence. */
#define HEADING_MAX 60

/* ---- characters ---- */

static bool is_odd_space(uint32_t point)
{
    return point == '\t' || point == 0xa0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200a) ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

static bool is_line_end(uint32_t point)
{
    return point == '\n' || point == '\r' || point == 0x0b || point == 0x0c || point == 0x85 || point == 0x2028 ||
           point == 0x2029;
}

static bool is_dropped(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c || point == 0x200b ||
           point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) || point == 0x2060 ||
           (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

uint32_t plain_text_point(uint32_t point)
{
    if (is_line_end(point))
        return '\n';
    if (is_odd_space(point))
        return ' ';
    return is_dropped(point) ? 0 : point;
}

/* The character at the front, and its bytes; the input is valid, so an end of it is the only failure. */
static bool next_point(struct bytes *rest, uint32_t *point, struct bytes *as_written)
{
    const uint8_t *at = rest->at;
    size_t len = rest->len;

    if (!text_take_point(rest, point))
        return false;
    *as_written = bytes_of(at, len - rest->len);
    return true;
}

void plain_text_clean(struct bytes text, struct buffer *out)
{
    struct bytes as_written;
    uint32_t point;
    bool begun = false, space = false;

    while (next_point(&text, &point, &as_written)) {
        uint32_t clean = plain_text_point(point);

        if (clean == 0)
            continue;
        if (clean == ' ' || clean == '\n') {
            space = begun;
            continue;
        }
        if (space)
            buffer_u8(out, ' ');
        buffer_add(out, as_written);
        begun = true;
        space = false;
    }
}

/* Takes the text up to the next end of a line.  CR LF is one. */
static bool take_line(struct bytes *rest, struct bytes *line)
{
    struct bytes start = *rest, as_written;
    uint32_t point;

    if (rest->len == 0)
        return false;
    while (next_point(rest, &point, &as_written)) {
        if (!is_line_end(point))
            continue;
        *line = bytes_of(start.at, (size_t)(as_written.at - start.at));
        if (point == '\r' && rest->len > 0 && rest->at[0] == '\n')
            *rest = bytes_from(*rest, 1);
        return true;
    }
    *line = start;
    return true;
}

static size_t count_points(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] >> 6 != 2;
    return count;
}

/* ---- what a clean line is ---- */

enum line_kind { LINE_BLANK, LINE_TEXT, LINE_BULLET };

/* Takes a bullet from the front.  A hyphen, a dash or an asterisk is one only before a space: "-5" is a number. */
static bool take_bullet(struct bytes *line)
{
    static const char *const always[] = {"•", "●", "▪", "◦", "‣", "∙", "·", "■", "○", "\xef\x82\xb7" /* Word's */};
    static const char *const before_space[] = {"- ", "* ", "– ", "— ", "‐ ", "+ "};
    static const char *const alone[] = {"-", "*", "–", "—"};

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (text_take_prefix(line, always[i]))
            return true;
    for (size_t i = 0; i < sizeof before_space / sizeof before_space[0]; i++)
        if (text_take_prefix(line, before_space[i]))
            return true;
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++)
        if (bytes_equal(*line, bytes_text(alone[i])))
            return text_take_prefix(line, alone[i]);
    return false;
}

/* "1." and "12)" begin a list in Markdown, which counts by itself: the place of the point that must not. */
static size_t number_len(struct bytes line)
{
    size_t digits = 0;

    while (digits < line.len && line.at[digits] >= '0' && line.at[digits] <= '9')
        digits++;
    if (digits == 0 || digits == line.len || (line.at[digits] != '.' && line.at[digits] != ')'))
        return 0;
    return digits + 1 == line.len || line.at[digits + 1] == ' ' ? digits : 0;
}

static bool is_word(const struct bytes *line, size_t at)
{
    uint8_t c = at < line->len ? line->at[at] : ' ';

    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether Markdown might read this ASCII character as more than itself, `at` being its place. */
static bool needs_escape(const struct bytes *line, size_t at)
{
    bool first = at == 0;

    switch (line->at[at]) {
    case '\\':
    case '`':
    case '[':
    case ']':
    case '<':
    case '*':
    case '~':
    case '|': return true;
    case '_': return !(at > 0 && is_word(line, at - 1) && is_word(line, at + 1));
    case '&': return is_word(line, at + 1) || (at + 1 < line->len && line->at[at + 1] == '#');
    case '#': return first || line->at[at - 1] == ' ';
    case '>':
    case '=':
    case '+':
    case '-': return first;
    default: return false;
    }
}

static bool begins_address(struct bytes rest)
{
    return text_take_prefix(&rest, "http://") || text_take_prefix(&rest, "https://") || text_take_prefix(&rest, "www.");
}

/* In an address, which becomes a link as it stands, '_' and '&' are themselves. */
static void write_escaped(struct buffer *out, struct bytes line)
{
    size_t number = number_len(line);
    bool address = false;

    for (size_t i = 0; i < line.len; i++) {
        address = line.at[i] != ' ' && (address || begins_address(bytes_from(line, i)));
        bool plain = address && (line.at[i] == '_' || line.at[i] == '&');
        if ((number > 0 && i == number) || (!plain && needs_escape(&line, i)))
            buffer_u8(out, '\\');
        buffer_u8(out, line.at[i]);
    }
}

/* ---- the whole ---- */

struct writer {
    struct buffer *out;
    struct buffer line;    /* The one at hand, clean. */
    enum line_kind before; /* What was written last. */
    bool bullet_waits;     /* A bullet stood alone on its line: the next text is its. */
    bool gap;              /* Blank lines were seen since. */
    bool has_title;        /* Headings are made below a title only: the first heading names a document. */
    bool begun;
};

static void clean_line(struct writer *writer, struct bytes line)
{
    buffer_clear(&writer->line);
    plain_text_clean(line, &writer->line);
}

static bool is_blank(struct bytes line)
{
    struct bytes as_written;
    uint32_t point;

    while (next_point(&line, &point, &as_written))
        if (plain_text_point(point) != 0 && plain_text_point(point) != ' ')
            return false;
    return true;
}

static bool next_is_blank(struct bytes rest)
{
    struct bytes line;

    return !take_line(&rest, &line) || is_blank(line);
}

/* How many '#' the line deserves that stands between blank lines. */
static size_t heading_level(const struct writer *writer, struct bytes line, struct bytes rest)
{
    bool alone = (writer->gap || !writer->begun) && next_is_blank(rest);

    if (!alone || rest.len == 0 || writer->bullet_waits || number_len(line) > 0)
        return 0;
    if (!writer->begun)
        return count_points(line) <= TITLE_MAX ? 1 : 0;
    return writer->has_title && line.at[line.len - 1] == ':' && count_points(line) <= HEADING_MAX ? 2 : 0;
}

/* Ends what was written last: bullets follow each other closely, lines of a paragraph break where they broke. */
static void separate(struct writer *writer, enum line_kind kind)
{
    if (!writer->begun)
        return;
    if (kind == LINE_BULLET && writer->before == LINE_BULLET)
        buffer_text(writer->out, "\n");
    else if (kind == LINE_TEXT && writer->before == LINE_TEXT && !writer->gap)
        buffer_text(writer->out, "  \n");
    else
        buffer_text(writer->out, "\n\n");
}

static void write_line(struct writer *writer, struct bytes rest)
{
    struct bytes line = buffer_bytes(&writer->line);
    bool bullet = take_bullet(&line) || writer->bullet_waits;
    enum line_kind kind = bullet ? LINE_BULLET : LINE_TEXT;

    while (line.len > 0 && line.at[0] == ' ')
        line = bytes_from(line, 1);
    if (line.len == 0) {
        writer->bullet_waits = true;
        return;
    }
    size_t level = bullet ? 0 : heading_level(writer, line, rest);
    separate(writer, kind);
    if (level > 0)
        buffer_text(writer->out, level == 1 ? "# " : "## ");
    if (bullet)
        buffer_text(writer->out, "- ");
    write_escaped(writer->out, line);
    writer->has_title = writer->has_title || level == 1;
    writer->before = level > 0 ? LINE_BLANK : kind;
    writer->begun = true;
    writer->gap = false;
    writer->bullet_waits = false;
}

void plain_text_to_markdown(struct bytes text, struct buffer *out)
{
    struct writer writer = {.out = out, .line = BUFFER(out->limit), .before = LINE_BLANK};
    struct bytes line;

    while (take_line(&text, &line)) {
        clean_line(&writer, line);
        if (buffer_error(&writer.line))
            break;
        if (writer.line.len == 0)
            writer.gap = true;
        else
            write_line(&writer, text);
    }
    if (writer.begun)
        buffer_text(out, "\n");
    if (buffer_error(&writer.line) && !buffer_error(out))
        out->err = writer.line.err;
    buffer_free(&writer.line);
}
