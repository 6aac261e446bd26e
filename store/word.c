/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/word.h"

#include "proto/text.h"

#define ALEF 0x05d0
#define NUMBER_PARTS 3

/* ---- characters ---- */

enum character_kind { PARTS_WORDS, SKIPPED, HEBREW_LETTER, OTHER_LETTER, DIGIT, GERESH, GERSHAYIM };

struct character {
    enum character_kind kind;
    uint8_t bytes[4]; /* Folded, of a letter or digit. */
    size_t len;
};

/* Letters with points that typesetting once had characters for; 0: none. */
static const uint8_t POINTED[] = {0xe9, 0,    0xe9, 0xf2, 0xe0, 0xe3, 0xe4, 0xeb, 0xec, 0xed, 0xf8, 0xfa, 0,
                                  0xf9, 0xf9, 0xf9, 0xf9, 0xe0, 0xe0, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6,
                                  0,    0xe8, 0xe9, 0xea, 0xeb, 0xec, 0,    0xee, 0,    0xf0, 0xf1, 0,    0xf3,
                                  0xf4, 0,    0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xe5, 0xe1, 0xeb, 0xf4}; /* U+FB1D to FB4E */

/* Latin letters with marks, U+00C0 to U+017F, without them; '*': the two letters or none are written out below. */
static const char UNMARKED[] = "aaaaaa*ceeeeiiiidnooooo/ouuuuy**aaaaaa*ceeeeiiiidnooooo/ouuuuy*y"
                               "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkklllllllllln"
                               "nnnnnnnnoooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

_Static_assert(sizeof UNMARKED == 0x17f - 0xc0 + 2, "a character each");

static bool is_mark(uint32_t point)
{
    return (point >= 0x591 && point <= 0x5c7 && point != 0x5be && point != 0x5c0 && point != 0x5c3 && point != 0x5c6) ||
           (point >= 0x300 && point <= 0x36f) || (point >= 0x64b && point <= 0x65f) || point == 0xad ||
           (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
           (point >= 0x2060 && point <= 0x2069) || point == 0xfeff || point == 0xfb1e;
}

static bool is_punctuation(uint32_t point)
{
    return point < 0xc0
               ? point != 0xaa && point != 0xb5 && point != 0xba
               : point == 0xd7 || point == 0xf7 || (point >= 0x2000 && point <= 0x2bff) ||
                     (point >= 0x2e00 && point <= 0x2e7f) || (point >= 0x3000 && point <= 0x303f) ||
                     (point >= 0x5be && point <= 0x5cf) || point == 0x60c || point == 0x61b || point == 0x61f ||
                     (point >= 0xe000 && point <= 0xf8ff) || (point >= 0xfe10 && point <= 0xfe6f) ||
                     (point >= 0xff00 && point <= 0xff0f) || point >= 0x1f000;
}

static enum character_kind quotation_kind(uint32_t point)
{
    if (point == '\'' || point == '`' || point == 0xb4 || point == 0x5f3 || (point >= 0x2018 && point <= 0x201b))
        return GERESH;
    return point == '"' || point == 0x5f4 || (point >= 0x201c && point <= 0x201f) ? GERSHAYIM : PARTS_WORDS;
}

static void put_utf8(struct character *c, uint32_t point)
{
    size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

    c->len = len;
    for (size_t i = len; i > 1; i--, point >>= 6)
        c->bytes[i - 1] = (uint8_t)(0x80 | (point & 0x3f));
    c->bytes[0] = (uint8_t)(len == 1 ? point : (0xf0u << (4 - len) & 0xff) | point);
}

static struct character letter(enum character_kind kind, uint8_t first, uint8_t second)
{
    return (struct character){.kind = kind, .bytes = {first, second}, .len = second ? 2 : 1};
}

static struct character hebrew_of(uint32_t point)
{
    switch (point) {
    case 0x5ef:
    case 0x5f2: return letter(HEBREW_LETTER, 0xe9, 0xe9);
    case 0x5f0: return letter(HEBREW_LETTER, 0xe5, 0xe5);
    case 0x5f1: return letter(HEBREW_LETTER, 0xe5, 0xe9);
    case 0xfb1f: return letter(HEBREW_LETTER, 0xe9, 0xe9);
    case 0xfb4f: return letter(HEBREW_LETTER, 0xe0, 0xec);
    default: break;
    }
    uint8_t byte = point < 0xfb1d ? (uint8_t)(0xe0 + point - ALEF) : POINTED[point - 0xfb1d];
    return byte ? letter(HEBREW_LETTER, byte, 0) : (struct character){.kind = PARTS_WORDS};
}

static struct character latin_of(uint32_t point)
{
    char plain = UNMARKED[point - 0xc0];

    switch (point) {
    case 0xc6:
    case 0xe6: return letter(OTHER_LETTER, 'a', 'e');
    case 0xde:
    case 0xfe: return letter(OTHER_LETTER, 't', 'h');
    case 0xdf: return letter(OTHER_LETTER, 's', 's');
    case 0x132:
    case 0x133: return letter(OTHER_LETTER, 'i', 'j');
    case 0x152:
    case 0x153: return letter(OTHER_LETTER, 'o', 'e');
    default: return letter(OTHER_LETTER, (uint8_t)plain, 0);
    }
}

/* Capitals of Greek and Cyrillic, the scripts beside Latin that have any in these offices. */
static uint32_t lower(uint32_t point)
{
    if ((point >= 0x391 && point <= 0x3a9) || (point >= 0x410 && point <= 0x42f))
        return point + 32;
    return point >= 0x400 && point <= 0x40f ? point + 80 : point;
}

static struct character character_of(uint32_t point)
{
    struct character c = {.kind = OTHER_LETTER};

    if (point >= '0' && point <= '9')
        return letter(DIGIT, (uint8_t)point, 0);
    if ((point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z'))
        return letter(OTHER_LETTER, (uint8_t)(point | 0x20), 0);
    if ((point >= ALEF && point <= 0x5ea) || (point >= 0x5ef && point <= 0x5f2) ||
        (point >= 0xfb1d && point <= 0xfb4f && point != 0xfb1e))
        return hebrew_of(point);
    c.kind = quotation_kind(point);
    if (c.kind != PARTS_WORDS)
        return c;
    if (is_mark(point))
        c.kind = SKIPPED;
    else if (is_punctuation(point))
        return c;
    else if (point >= 0xc0 && point <= 0x17f)
        return latin_of(point);
    else {
        c.kind = OTHER_LETTER;
        put_utf8(&c, lower(point));
    }
    return c;
}

static struct character take_one(struct bytes *rest)
{
    struct character c = {.kind = PARTS_WORDS};
    uint32_t point;

    if (rest->len > 1 && rest->at[0] == 0xd7 && rest->at[1] >= 0x90 && rest->at[1] <= 0xaa) { /* Most of them. */
        c = letter(HEBREW_LETTER, (uint8_t)(rest->at[1] + 0x50), 0);
        *rest = bytes_from(*rest, 2);
    } else if (rest->at[0] < 0x80) {
        c = character_of(rest->at[0]);
        *rest = bytes_from(*rest, 1);
    } else if (text_take_point(rest, &point))
        c = character_of(point);
    else
        *rest = bytes_from(*rest, 1);
    return c;
}

/* Looks at the next character that counts; `rest` is behind it. */
static struct character look(struct bytes *rest)
{
    struct character c = {.kind = SKIPPED};

    while (rest->len > 0 && c.kind == SKIPPED)
        c = take_one(rest);
    if (c.kind == SKIPPED)
        c.kind = PARTS_WORDS;
    return c;
}

uint8_t word_fold_final(uint8_t byte)
{
    switch (byte) {
    case 0xea:
    case 0xed:
    case 0xef:
    case 0xf3:
    case 0xf5: return (uint8_t)(byte + 1);
    default: return byte;
    }
}

/* ---- words ---- */

struct word_reader word_reader(struct bytes text)
{
    return (struct word_reader){.text = text};
}

struct making {
    struct word_reader *reader;
    struct word *word;
    size_t written_len, form_len;
};

static void put(struct making *m, const struct character *c)
{
    uint8_t *written = m->reader->written, *form = m->reader->form;

    if (m->written_len + c->len > WORD_SIZE_MAX)
        return;
    for (size_t i = 0; i < c->len; i++) {
        written[m->written_len++] = c->bytes[i];
        form[m->form_len++] = m->word->kind == WORD_HEBREW ? word_fold_final(c->bytes[i]) : c->bytes[i];
    }
}

/* A quotation mark between two letters of a word belongs to it, for the dictionary; '' is one mark. */
static void put_quotation(struct making *m, uint8_t mark)
{
    if (m->word->kind == WORD_HEBREW && m->written_len < WORD_SIZE_MAX)
        m->reader->written[m->written_len++] = mark;
    m->word->is_abbreviation |= mark == '"';
}

static bool goes_on(enum word_kind kind, enum character_kind next)
{
    switch (kind) {
    case WORD_HEBREW: return next == HEBREW_LETTER;
    case WORD_NUMBER: return next == DIGIT || next == OTHER_LETTER; /* 4x4, 3d */
    case WORD_OTHER: return next == OTHER_LETTER || next == DIGIT;
    }
    return false;
}

static bool joins_number(uint8_t byte)
{
    return byte == '/' || byte == '.' || byte == ',' || byte == '-' || byte == ':';
}

/* What joins two parts of the word, and the letter or digit behind it; false: the word ends. */
static bool take_joint(struct making *m, struct bytes *rest)
{
    struct bytes ahead = *rest;
    struct character mark, next;

    if (m->word->kind == WORD_NUMBER && rest->len > 1 && joins_number(rest->at[0]) && rest->at[1] >= '0' &&
        rest->at[1] <= '9') {
        put(m, &(struct character){.bytes = {rest->at[0]}, .len = 1});
        *rest = bytes_of(rest->at + 1, rest->len - 1);
        return true;
    }
    mark = look(&ahead);
    if (mark.kind != GERESH && mark.kind != GERSHAYIM)
        return false;
    struct bytes behind = ahead;
    next = look(&behind);
    if (mark.kind == GERESH && next.kind == GERESH) { /* Two of them are gershayim. */
        mark.kind = GERSHAYIM;
        ahead = behind;
        next = look(&behind);
    }
    if (m->word->kind == WORD_NUMBER || (mark.kind == GERSHAYIM && m->word->kind != WORD_HEBREW) ||
        !goes_on(m->word->kind, next.kind))
        return false;
    put_quotation(m, mark.kind == GERESH ? '\'' : '"');
    *rest = ahead;
    return true;
}

/* Letters without any marks, which most are. */
static void take_letters(struct making *m, struct bytes *rest)
{
    uint8_t *written = m->reader->written, *form = m->reader->form;
    size_t at = 0;

    for (; at + 1 < rest->len && rest->at[at] == 0xd7 && rest->at[at + 1] >= 0x90 && rest->at[at + 1] <= 0xaa;
         at += 2) {
        uint8_t letter = (uint8_t)(rest->at[at + 1] + 0x50);

        if (m->written_len == WORD_SIZE_MAX)
            continue;
        written[m->written_len++] = letter;
        form[m->form_len++] = word_fold_final(letter);
    }
    *rest = bytes_from(*rest, at);
}

/* What stands behind most words joins nothing to them. */
static bool stands_apart(struct bytes rest)
{
    return rest.len == 0 || rest.at[0] == ' ' || rest.at[0] == '\n';
}

static void take_word(struct making *m, struct bytes *rest)
{
    for (;;) {
        if (m->word->kind == WORD_HEBREW)
            take_letters(m, rest);
        if (stands_apart(*rest))
            return;
        struct bytes ahead = *rest;
        struct character c = look(&ahead);

        if (goes_on(m->word->kind, c.kind)) {
            if (c.kind == OTHER_LETTER)
                m->word->kind = WORD_OTHER;
            put(m, &c);
            *rest = ahead;
        } else if (!take_joint(m, rest))
            return;
    }
}

/* ---- numbers ---- */

struct parts {
    struct bytes at[NUMBER_PARTS];
    size_t count;
    uint8_t joint; /* The first. */
};

static bool split_number(struct bytes written, struct parts *parts)
{
    size_t from = 0;

    *parts = (struct parts){.count = 0};
    for (size_t i = 0; i <= written.len; i++) {
        if (i < written.len && !joins_number(written.at[i]))
            continue;
        if (parts->count == NUMBER_PARTS)
            return false;
        parts->at[parts->count++] = bytes_of(written.at + from, i - from);
        if (i < written.len && parts->joint == 0)
            parts->joint = written.at[i];
        from = i + 1;
    }
    return true;
}

/* 1,250,000: groups of three. */
static bool has_thousands(struct bytes written)
{
    size_t digits = 0, groups = 0;

    for (size_t i = 0; i < written.len; i++) {
        if (written.at[i] != ',') {
            digits++;
            continue;
        }
        if (digits > 3 || digits == 0 || (groups > 0 && digits != 3))
            return false;
        groups++;
        digits = 0;
    }
    return groups > 0 && digits == 3 && !memchr(written.at, '.', written.len) && !memchr(written.at, '/', written.len);
}

/* 052-1234567, 04-999-9999 */
static bool is_phone(struct bytes written)
{
    size_t digits = 0;

    for (size_t i = 0; i < written.len; i++) {
        if (written.at[i] != '-' && joins_number(written.at[i]))
            return false;
        digits += written.at[i] != '-';
    }
    return written.at[0] == '0' && digits >= 9 && digits <= 10;
}

static void keep_digits(struct making *m, struct bytes written)
{
    m->form_len = 0;
    for (size_t i = 0; i < written.len; i++)
        if (!joins_number(written.at[i]))
            m->reader->form[m->form_len++] = written.at[i];
}

static void add_part(struct making *m, struct bytes part)
{
    if (m->form_len > 0)
        m->reader->form[m->form_len++] = '/';
    while (part.len > 1 && part.at[0] == '0')
        part = bytes_from(part, 1);
    memcpy(m->reader->form + m->form_len, part.at, part.len);
    m->form_len += part.len;
}

/* One form for all ways to write a date, an amount, a phone number or the number of a meeting. */
static void fold_number(struct making *m)
{
    struct bytes written = bytes_of(m->reader->written, m->written_len);
    struct parts parts;

    if (has_thousands(written) || is_phone(written)) {
        keep_digits(m, written);
        return;
    }
    if (!split_number(written, &parts) || parts.count == 1 || m->written_len + 2 > WORD_SIZE_MAX)
        return;
    bool is_iso = parts.count == 3 && parts.at[0].len == 4 && parts.joint == '-';
    bool is_short = !is_iso && parts.count == 3 && parts.at[2].len == 2 && parts.joint != ':'; /* 1.5.18 */
    m->form_len = 0;
    for (size_t i = 0; i < parts.count; i++) {
        add_part(m, parts.at[is_iso ? parts.count - 1 - i : i]);
        if (is_short && i == 1) {
            memcpy(m->reader->form + m->form_len, "/20", 3);
            m->form_len += 3;
            memcpy(m->reader->form + m->form_len, parts.at[2].at, 2);
            m->form_len += 2;
            break;
        }
    }
}

bool word_next(struct word_reader *reader, struct word *word)
{
    struct making m = {.reader = reader, .word = word};
    struct bytes rest = reader->text, start;
    struct character c;

    do {
        while (rest.len > 0 && rest.at[0] == ' ')
            rest = bytes_from(rest, 1);
        if (rest.len == 0)
            return false;
        start = rest;
        c = take_one(&rest);
    } while (c.kind != HEBREW_LETTER && c.kind != OTHER_LETTER && c.kind != DIGIT);
    *word = (struct word){.kind = c.kind == HEBREW_LETTER  ? WORD_HEBREW
                                  : c.kind == OTHER_LETTER ? WORD_OTHER
                                                           : WORD_NUMBER};
    put(&m, &c);
    take_word(&m, &rest);
    if (word->kind == WORD_NUMBER)
        fold_number(&m);
    reader->text = rest;
    word->range = bytes_of(start.at, start.len - rest.len);
    word->written = bytes_of(reader->written, m.written_len);
    word->form = bytes_of(reader->form, m.form_len);
    return true;
}
