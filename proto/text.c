/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/text.h"

#include "proto/limits.h"

bool text_take_point(struct bytes *rest, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = rest->len ? rest->at[0] : 0xff;
    size_t len = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
    uint32_t value = len == 1 ? first : len == 2 ? first & 0x1fu : len == 3 ? first & 0x0fu : first & 7u;

    if (len == 0 || len > rest->len)
        return false;
    for (size_t i = 1; i < len; i++) {
        if (rest->at[i] >> 6 != 2)
            return false;
        value = value << 6 | (rest->at[i] & 0x3fu);
    }
    if ((len > 1 && value < least[len]) || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return false;
    *rest = bytes_from(*rest, len);
    *point = value;
    return true;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

static bool is_formatting(uint32_t point)
{
    return point == 0x61c || point == 0x200e || point == 0x200f || point == 0x2028 || point == 0x2029 ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

#define BLOCK 256

/*
 * How much of a block is ASCII and points of two bytes, which in Hebrew and in Latin is all of it: 0, or all but for a point that its
 * end cuts.  Told of all bytes alike, for where words end in a text nobody can guess.
 */
static size_t short_len(const uint8_t *at, size_t len)
{
    unsigned begins = 0, bad = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned goes_on = at[i] >> 6 == 2, before = begins;

        begins = (uint8_t)(at[i] - 0xc2) < 0x1e;
        bad |= (goes_on ^ before) | ((at[i] >= 0xc0) & (begins ^ 1u));
    }
    return bad ? 0 : len - begins;
}

bool text_is_utf8(struct bytes text)
{
    uint32_t point;

    while (text.len > 0) {
        size_t len = text.len < BLOCK ? text.len : BLOCK, are_short = short_len(text.at, len);
        const uint8_t *end = text.at + len;

        text = bytes_from(text, are_short);
        while (are_short == 0 && text.len > 0 && text.at < end)
            if (!text_take_point(&text, &point))
                return false;
    }
    return true;
}

bool text_is_prose(struct bytes text)
{
    uint32_t point;

    while (text.len > 0)
        if (!text_take_point(&text, &point) || (is_control(point) && point != '\n' && point != '\t'))
            return false;
    return true;
}

bool text_is_line(struct bytes text, size_t limit)
{
    uint32_t point;

    if (text.len == 0 || text.len > limit || text.at[0] == ' ' || text.at[text.len - 1] == ' ')
        return false;
    while (text.len > 0)
        if (!text_take_point(&text, &point) || is_control(point) || is_formatting(point))
            return false;
    return true;
}

bool text_is_file_name(struct bytes text)
{
    uint32_t point;
    struct bytes rest = text;

    if (text.len == 0 || text.len > LIMIT_FILE_NAME || bytes_equal(text, bytes_text(".")) ||
        bytes_equal(text, bytes_text("..")))
        return false;
    while (rest.len > 0)
        if (!text_take_point(&rest, &point) || is_control(point) || point == '/' || point == '\\')
            return false;
    return true;
}

bool text_to_number(struct bytes text, uint64_t *number)
{
    uint64_t value = 0;

    if (text.len == 0 || text.len > 16 || (text.len > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0');
    }
    if (value > LIMIT_NUMBER)
        return false;
    *number = value;
    return true;
}

static bool is_host(struct bytes host, bool bracketed)
{
    bool has_colon = false;

    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];

        has_colon |= c == ':';
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' &&
            !(bracketed && (c == ':' || c == '%')))
            return false;
    }
    return host.len > 0 && has_colon == bracketed;
}

bool text_is_address(struct bytes text)
{
    struct bytes host;
    uint64_t port;
    bool bracketed;

    if (text.len > LIMIT_ADDRESS)
        return false;
    bracketed = text_take_prefix(&text, "[");
    if (!text_take(&text, bracketed ? ']' : ':', &host) || (bracketed && !text_take_prefix(&text, ":")))
        return false;
    return is_host(host, bracketed) && text_to_number(text, &port) && port > 0 && port <= UINT16_MAX;
}

/* One more than the digit's value; 0: it is none.  A table, because which digit comes next nobody can predict. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool text_from_hex(struct bytes text, uint8_t *out, size_t len)
{
    bool all = text.len == 2 * len;

    for (size_t i = 0; all && i < text.len; i++)
        all = hex_digits[text.at[i]] > 0;
    for (size_t i = 0; all && i < len; i++)
        out[i] = (uint8_t)((hex_digits[text.at[2 * i]] - 1) << 4 | (hex_digits[text.at[2 * i + 1]] - 1));
    return all;
}

bool text_take(struct bytes *rest, char end, struct bytes *taken)
{
    const uint8_t *found = rest->len ? memchr(rest->at, end, rest->len) : NULL;

    if (!found)
        return false;
    *taken = bytes_of(rest->at, (size_t)(found - rest->at));
    *rest = bytes_from(*rest, taken->len + 1);
    return true;
}

bool text_take_prefix(struct bytes *rest, const char *prefix)
{
    size_t len = strlen(prefix);

    if (rest->len < len || memcmp(rest->at, prefix, len) != 0)
        return false;
    *rest = bytes_from(*rest, len);
    return true;
}
