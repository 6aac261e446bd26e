/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/safe_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#define UNITS_MAX 1024 /* Of UTF-16 that are looked at. */
#define ENDING_MAX 9   /* Bytes of a file's ending, its dot included. */

/* NFC; what is not UTF-8 becomes U+FFFD. */
static int32_t compose(struct bytes text, UChar units[UNITS_MAX])
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    UChar given[UNITS_MAX];
    int32_t len = 0;

    u_strFromUTF8WithSub(given, UNITS_MAX, &len, (const char *)text.at,
                         (int32_t)(text.len < UNITS_MAX ? text.len : UNITS_MAX), 0xFFFD, NULL, &status);
    if (U_FAILURE(status))
        return 0;
    len = unorm2_normalize(nfc, given, len, units, UNITS_MAX, &status);
    return U_FAILURE(status) ? 0 : len;
}

static bool is_hebrew(uint32_t c)
{
    return c >= 0x05D0 && c <= 0x05EA;
}

/* What stands for a character; 0: nothing. */
static uint32_t harmless(uint32_t c, uint32_t before)
{
    if (c == '"')
        return is_hebrew(before) ? 0x05F4 : '\'';
    if (c == '/' || c == '\\' || c == ':' || c == '|')
        return '-';
    if (c == '<' || c == '>' || c == '?' || c == '*' || c == 0xFFFD)
        return '_';
    if (u_isUWhiteSpace((UChar32)c))
        return before == ' ' || before == 0 ? 0 : ' ';
    return u_iscntrl((UChar32)c) || u_charType((UChar32)c) == U_FORMAT_CHAR || u_charType((UChar32)c) == U_UNASSIGNED ||
                   U_IS_SURROGATE(c) || U_IS_UNICODE_NONCHAR(c)
               ? 0
               : c;
}

static size_t write_letters(const UChar *units, int32_t len, char *name)
{
    size_t size = 0, letters = 0;
    uint32_t before = 0;

    for (int32_t at = 0; at < len && letters < SAFE_NAME_LETTERS;) {
        uint32_t c = units[at++];

        if (U16_IS_LEAD(c) && at < len && U16_IS_TRAIL(units[at]))
            c = (uint32_t)U16_GET_SUPPLEMENTARY(c, (uint32_t)units[at++]);
        if ((c = harmless(c, before)) == 0 || (before == 0 && c == '.'))
            continue;
        U8_APPEND_UNSAFE((uint8_t *)name, size, c);
        letters++;
        before = c;
    }
    while (size > 0 && (name[size - 1] == ' ' || name[size - 1] == '.'))
        size--;
    name[size] = '\0';
    return size;
}

/* Names of devices, whatever their ending. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"con", "prn", "aux", "nul"};
    size_t len = strcspn(name, ". ");

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (len == 3 && strncasecmp(name, reserved[i], 3) == 0)
            return true;
    return len == 4 && (strncasecmp(name, "com", 3) == 0 || strncasecmp(name, "lpt", 3) == 0) && name[3] >= '0' &&
           name[3] <= '9';
}

void safe_name(struct bytes text, const char *instead, char name[SAFE_NAME_SIZE])
{
    UChar units[UNITS_MAX];

    if (write_letters(units, compose(text, units), name) == 0)
        snprintf(name, SAFE_NAME_SIZE, "%s", instead);
    if (is_reserved(name)) {
        memmove(name + 1, name, strlen(name) + 1);
        name[0] = '_';
    }
}

void safe_name_of_file(struct bytes text, const char *instead, char name[SAFE_NAME_SIZE])
{
    char ending[SAFE_NAME_SIZE] = "";
    size_t at = text.len;

    while (at > 0 && text.at[at - 1] != '.' && text.len - at < ENDING_MAX)
        at--;
    if (at > 1 && text.at[at - 1] == '.' && at < text.len) {
        safe_name(bytes_from(text, at), "", ending);
        text.len = at - 1;
    }
    safe_name(text, instead, name);
    if (ending[0] != '\0')
        snprintf(name + strlen(name), SAFE_NAME_SIZE - strlen(name), ".%.24s", ending);
}

void safe_name_fold(const char *name, char folded[SAFE_NAME_SIZE])
{
    UChar units[UNITS_MAX], lower[UNITS_MAX];
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0;

    u_strFromUTF8WithSub(units, UNITS_MAX, &len, name, -1, 0xFFFD, NULL, &status);
    len = u_strFoldCase(lower, UNITS_MAX, units, len, U_FOLD_CASE_DEFAULT, &status);
    u_strToUTF8(folded, SAFE_NAME_SIZE, NULL, lower, len, &status);
    if (U_FAILURE(status) || status == U_STRING_NOT_TERMINATED_WARNING)
        snprintf(folded, SAFE_NAME_SIZE, "%s", name);
}
