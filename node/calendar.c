/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/calendar.h"

#include <string.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/ustring.h>

static const struct {
    const char *locale, *pattern;
} forms[] = {
    [READER_HEBREW] = {"he@calendar=hebrew;numbers=hebr", "EEEE, d בMMMM y"},
    [READER_ENGLISH] = {"en@calendar=hebrew", "EEEE, d MMMM y"},
};

/* Opening one reads ICU's tables: once for each language is enough. */
static UDateFormat *format_of(enum reader_language language)
{
    static UDateFormat *formats[2];
    UErrorCode status = U_ZERO_ERROR;
    UChar pattern[32], zone[] = {'G', 'M', 'T'};
    int32_t len;

    if (formats[language] != NULL)
        return formats[language];
    u_strFromUTF8(pattern, 32, &len, forms[language].pattern, -1, &status);
    formats[language] = udat_open(UDAT_PATTERN, UDAT_PATTERN, forms[language].locale, zone, 3, pattern, len, &status);
    if (U_FAILURE(status))
        formats[language] = NULL;
    return formats[language];
}

/* Noon of that day at Greenwich: no summer time can move it into another. */
static bool noon_of(const struct date *date, UDate *noon)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar zone[] = {'G', 'M', 'T'};
    UCalendar *calendar = ucal_open(zone, 3, "en", UCAL_GREGORIAN, &status);

    if (U_FAILURE(status))
        return false;
    ucal_setDateTime(calendar, (int32_t)date->year, (int32_t)date->month - 1, (int32_t)date->day, 12, 0, 0, &status);
    *noon = ucal_getMillis(calendar, &status);
    ucal_close(calendar);
    return U_SUCCESS(status);
}

/* Nobody writes the thousands of a year: ה׳תשפ״ז is תשפ״ז.  A day may be ה׳, too. */
static void drop_thousands(char *text)
{
    static const char thousands[] = "ה׳";
    char *year = strrchr(text, ' ');

    if (year == NULL || strncmp(++year, thousands, sizeof thousands - 1) != 0)
        return;
    memmove(year, year + sizeof thousands - 1, strlen(year + sizeof thousands - 1) + 1);
}

void calendar_words(enum reader_language language, const struct date *date, char text[CALENDAR_TEXT_SIZE])
{
    UDateFormat *format = format_of(language);
    UErrorCode status = U_ZERO_ERROR;
    UChar words[CALENDAR_TEXT_SIZE / 2];
    UDate noon;
    int32_t len;

    text[0] = '\0';
    if (format == NULL || !noon_of(date, &noon))
        return;
    len = udat_format(format, noon, words, CALENDAR_TEXT_SIZE / 2, NULL, &status);
    u_strToUTF8(text, CALENDAR_TEXT_SIZE - 1, NULL, words, len, &status);
    if (U_FAILURE(status)) {
        text[0] = '\0';
        return;
    }
    text[CALENDAR_TEXT_SIZE - 1] = '\0';
    drop_thousands(text);
}
