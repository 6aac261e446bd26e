/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/hyperlink.h"

#include "proto/id.h"

bool hyperlink_begins(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.at[i];

        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != prefix[i])
            return false;
    }
    return true;
}

bool hyperlink_is_outside(struct bytes address)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:", "tel:"};

    for (size_t i = 0; i < address.len; i++)
        if (address.at[i] <= 0x20 || address.at[i] == 0x7F)
            return false;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (hyperlink_begins(address, schemes[i]))
            return address.len > strlen(schemes[i]);
    return false;
}

bool hyperlink_is_document(struct bytes address)
{
    struct id id;

    return address.len == 3 + ID_TEXT_LEN && memcmp(address.at, "/d/", 3) == 0 &&
           id_from_text(bytes_from(address, 3), &id) == ERR_OK;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hyperlink_names_file(struct bytes address, struct bytes name)
{
    size_t at = 0;

    for (size_t i = 0; i < address.len; i++, at++) {
        uint8_t c = address.at[i];

        if (c == '%' && i + 2 < address.len && hex_digit(address.at[i + 1]) >= 0 && hex_digit(address.at[i + 2]) >= 0) {
            c = (uint8_t)(hex_digit(address.at[i + 1]) * 16 + hex_digit(address.at[i + 2]));
            i += 2;
        }
        if (at >= name.len || name.at[at] != c)
            return false;
    }
    return at == name.len;
}
