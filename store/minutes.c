/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/minutes.h"

#include "proto/limits.h"
#include "store/plain_text.h"

#define TEXT_MAX ((size_t)MINUTES_PARTS * (MINUTES_PART_MAX + 1))

enum section { SECTION_OTHER, SECTION_AGENDA, SECTION_DECISIONS };

struct reader {
    struct minutes *minutes;
    bool has_agenda; /* A section of that name: then headings elsewhere are no items of it. */
    enum section section;
    int level;    /* Of the section's heading. */
    bool listing; /* "Decided:" alone: what was, is in the list below. */
    bool fenced;
    struct buffer block; /* The paragraph or item that is being read ... */
    bool is_item;
    size_t starts[MINUTES_PARTS]; /* Where the texts begin: the buffer may still move. */
};

/* ---- words ---- */

static const char *const decided[] = {"הוחלט", "סוכם", "החלטה:", "Decided:", "Resolved:", "Agreed:"};
static const char *const undecided[] = {"לא הוחלט", "לא סוכם", "Not decided"};
static const char *const agendas[] = {"סדר היום", "על סדר היום", "סדר יום", "Agenda"};
static const char *const decisions[] = {"החלטות", "ההחלטות", "סיכום החלטות", "החלטות שהתקבלו", "סיכומים",
                                        "סוכם",   "הוחלט",   "Decisions",    "Resolutions",    "Decided"};

/* The bytes of a word that the text begins with and that ends there; 0: it begins with none. */
static size_t word_at(struct bytes text, const char *const words[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(words[i]);

        bool whole = words[i][len - 1] == ':'; /* Only with its colon: else it begins many a sentence. */

        if (text.len < len || memcmp(text.at, words[i], len) != 0)
            continue;
        if (whole)
            return len - 1;
        if (text.len == len || strchr(":. ,", text.at[len]) != NULL)
            return len;
    }
    return 0;
}

#define WORD_AT(text, words) word_at(text, words, sizeof(words) / sizeof(words)[0])

static struct bytes trim(struct bytes text, const char *which)
{
    while (text.len > 0 && strchr(which, text.at[0]) != NULL && text.at[0] != '\0')
        text = bytes_from(text, 1);
    while (text.len > 0 && strchr(which, text.at[text.len - 1]) != NULL && text.at[text.len - 1] != '\0')
        text.len--;
    return text;
}

bool minutes_is_outcome(struct bytes paragraph)
{
    paragraph = trim(paragraph, " *_");
    return WORD_AT(paragraph, decided) > 0 || WORD_AT(paragraph, undecided) > 0;
}

/* ---- Markdown's marks ---- */

/* What follows "[text](" up to ")"; nothing of it is to be read. */
static struct bytes skip_address(struct bytes rest)
{
    const uint8_t *end = rest.len > 1 && rest.at[0] == '(' ? memchr(rest.at, ')', rest.len) : NULL;

    return end != NULL ? bytes_from(rest, (size_t)(end - rest.at) + 1) : rest;
}

static void add_plain(struct buffer *out, struct bytes text)
{
    while (text.len > 0) {
        uint8_t c = text.at[0];

        text = bytes_from(text, 1);
        if (c == '\\' && text.len > 0) {
            buffer_u8(out, text.at[0]);
            text = bytes_from(text, 1);
        } else if (c == ']') {
            text = skip_address(text);
        } else if (c != '*' && c != '`' && c != '[' && !(c == '!' && text.len > 0 && text.at[0] == '[')) {
            buffer_u8(out, c);
        }
    }
}

/* The number or bullet of an item; 0: the line begins with none.  Numbers also as "1)" . */
static size_t bullet(struct bytes line)
{
    size_t at = 0;

    while (at < line.len && at < 4 && line.at[at] >= '0' && line.at[at] <= '9')
        at++;
    if (at > 0 && at + 1 < line.len && (line.at[at] == '.' || line.at[at] == ')') && line.at[at + 1] == ' ')
        return at + 2;
    return at == 0 && line.len > 1 && (line.at[0] == '-' || line.at[0] == '*' || line.at[0] == '+') && line.at[1] == ' '
               ? 2
               : 0;
}

/* ---- parts ---- */

static size_t cut_at(struct bytes text, size_t most)
{
    if (text.len <= most)
        return text.len;
    while (most > 0 && (text.at[most] & 0xC0) == 0x80)
        most--;
    return most;
}

static void add_part(struct reader *r, bool is_decision, struct bytes text)
{
    struct minutes *m = r->minutes;

    text = trim(text, " :-");
    if (text.len == 0 || m->count == MINUTES_PARTS)
        return;
    text.len = cut_at(text, MINUTES_PART_MAX);
    r->starts[m->count] = m->text.len;
    m->parts[m->count++] = (struct minutes_part){.is_decision = is_decision, .text = bytes_of(NULL, text.len)};
    buffer_add(&m->text, text);
}

/* A whole paragraph or item. */
static void end_block(struct reader *r)
{
    struct buffer plain = BUFFER(KIB(64)), clean = BUFFER(KIB(64));
    bool listing = r->listing && r->is_item;
    struct bytes text;
    size_t word;

    if (r->block.len == 0)
        return;
    add_plain(&plain, buffer_bytes(&r->block));
    plain_text_clean(buffer_bytes(&plain), &clean);
    text = buffer_error(&clean) == ERR_OK ? buffer_bytes(&clean) : bytes_text("");
    r->listing = listing;
    if (WORD_AT(text, undecided) > 0) {
        /* Nothing. */
    } else if ((word = WORD_AT(text, decided)) > 0) {
        bool told = word < text.len && text.at[word] == ':';

        if (word == text.len || (told && trim(bytes_from(text, word), " :").len == 0))
            r->listing = true;
        add_part(r, true, told || word == text.len ? bytes_from(text, word) : text);
    } else if (r->section == SECTION_DECISIONS || listing) {
        add_part(r, true, text);
    } else if (r->section == SECTION_AGENDA && r->is_item) {
        add_part(r, false, text);
    }
    buffer_free(&plain);
    buffer_free(&clean);
    buffer_clear(&r->block);
}

static void add_line(struct reader *r, struct bytes line)
{
    if (r->block.len + line.len + 1 > KIB(8))
        return; /* What is so long is cut anyway. */
    if (r->block.len > 0)
        buffer_u8(&r->block, ' ');
    buffer_add(&r->block, line);
}

/* ---- lines ---- */

static enum section section_of(struct bytes title)
{
    return WORD_AT(title, agendas) > 0     ? SECTION_AGENDA
           : WORD_AT(title, decisions) > 0 ? SECTION_DECISIONS
                                           : SECTION_OTHER;
}

static void read_heading(struct reader *r, int level, struct bytes title)
{
    enum section section;

    title = trim(title, " #*:");
    title = trim(bytes_from(title, bullet(title)), " *");
    section = section_of(title);
    r->listing = false;
    if (section != SECTION_OTHER) {
        r->section = section;
        r->level = level;
    } else if (r->section != SECTION_OTHER && level > r->level) {
        if (r->section == SECTION_AGENDA)
            add_part(r, false, title);
    } else {
        r->section = SECTION_OTHER;
        if (!r->has_agenda && level == 2)
            add_part(r, false, title);
    }
}

static int heading_level(struct bytes line)
{
    int level = 0;

    while (level < 6 && (size_t)level < line.len && line.at[level] == '#')
        level++;
    return level > 0 && (size_t)level < line.len && line.at[level] == ' ' ? level : 0;
}

static bool is_table_or_rule(struct bytes line)
{
    return line.at[0] == '|' || (line.len >= 3 && memcmp(line.at, "---", 3) == 0);
}

static void read_line(struct reader *r, struct bytes line)
{
    struct bytes text = trim(line, " \t\r");
    int level = heading_level(text);
    size_t mark;

    if (text.len >= 3 && memcmp(text.at, "```", 3) == 0) {
        end_block(r);
        r->fenced = !r->fenced;
        return;
    }
    if (r->fenced)
        return;
    if (text.len == 0 || level > 0 || is_table_or_rule(text)) {
        end_block(r);
        r->is_item = false;
        if (level > 0)
            read_heading(r, level, bytes_from(text, (size_t)level));
    } else if ((mark = bullet(text)) > 0) {
        end_block(r);
        r->is_item = true;
        add_line(r, bytes_from(text, mark));
    } else {
        add_line(r, text);
    }
}

static struct bytes take_line(struct bytes *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->len);
    struct bytes line = bytes_of(rest->at, end != NULL ? (size_t)(end - rest->at) : rest->len);

    *rest = bytes_from(*rest, end != NULL ? line.len + 1 : line.len);
    return line;
}

static bool names_an_agenda(struct bytes rest)
{
    while (rest.len > 0) {
        struct bytes text = trim(take_line(&rest), " \t\r");
        int level = heading_level(text);

        if (level > 0 && section_of(trim(bytes_from(text, (size_t)level), " #*:")) == SECTION_AGENDA)
            return true;
    }
    return false;
}

enum err minutes_read(struct bytes markdown, struct minutes *minutes)
{
    struct reader r = {.minutes = minutes, .has_agenda = names_an_agenda(markdown), .block = BUFFER(KIB(8) + 1)};
    enum err err;

    minutes->count = 0;
    minutes->text = BUFFER(TEXT_MAX);
    while (markdown.len > 0)
        read_line(&r, take_line(&markdown));
    end_block(&r);
    for (size_t i = 0; i < minutes->count; i++)
        minutes->parts[i].text.at = minutes->text.at + r.starts[i];
    err = buffer_error(&minutes->text);
    buffer_free(&r.block);
    return err;
}

void minutes_free(struct minutes *minutes)
{
    buffer_free(&minutes->text);
}
