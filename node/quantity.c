/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/quantity.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_latin(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The length of a number with a Latin unit at the beginning of a text, like 61.4 GWh; 0: there is none. */
static size_t quantity(struct bytes text)
{
    size_t number = 0, end;

    while (number < text.len && (is_digit(text.at[number]) || text.at[number] == '.' || text.at[number] == ','))
        number++;
    end = number + (number < text.len && text.at[number] == ' ');
    if (number == 0 || !is_digit(text.at[0]) || !is_digit(text.at[number - 1]))
        return 0;
    for (number = end; end < text.len && (is_latin(text.at[end]) || (end > number && text.at[end] == '/')); end++)
        ;
    return end > number && is_latin(text.at[end - 1]) ? end : 0;
}

void quantity_write(struct page *page, struct bytes text)
{
    size_t done = 0, len;

    for (size_t i = 0; i < text.len; i += len) {
        uint8_t before = i > 0 ? text.at[i - 1] : ' ';
        bool inside = is_digit(before) || is_latin(before) || before == '.' || before == ',';
        size_t found = inside ? 0 : quantity(bytes_from(text, i));

        len = found > 0 ? found : 1;
        if (found == 0)
            continue;
        page_text(page, bytes_of(text.at + done, i - done));
        page_ltr(page, bytes_of(text.at + i, len));
        done = i + len;
    }
    page_text(page, bytes_from(text, done));
}
