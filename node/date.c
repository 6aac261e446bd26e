/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/date.h"

#include <stdio.h>
#include <time.h>

static bool leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_len(unsigned year, unsigned month)
{
    static const unsigned lens[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && leap(year) ? 29 : lens[month - 1];
}

static bool digits(struct bytes text, size_t at, size_t count, unsigned *number)
{
    *number = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        *number = *number * 10 + (unsigned)(text.at[i] - '0');
    }
    return true;
}

bool date_parse(struct bytes text, struct date *date)
{
    struct date d = {0};

    if (text.len < 10 || (text.len > 10 && text.at[10] != 'T' && text.at[10] != ' '))
        return false;
    if (text.at[4] != '-' || text.at[7] != '-' || !digits(text, 0, 4, &d.year) || !digits(text, 5, 2, &d.month) ||
        !digits(text, 8, 2, &d.day))
        return false;
    if (d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > month_len(d.year, d.month))
        return false;
    *date = d;
    return true;
}

bool date_from_ms(uint64_t ms, struct date *date)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (localtime_r(&seconds, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
        return false;
    *date = (struct date){.year = (unsigned)tm.tm_year + 1900,
                          .month = (unsigned)tm.tm_mon + 1,
                          .day = (unsigned)tm.tm_mday,
                          .hour = (unsigned)tm.tm_hour,
                          .minute = (unsigned)tm.tm_min};
    return true;
}

bool date_is_same_day(const struct date *a, const struct date *b)
{
    return a->year == b->year && a->month == b->month && a->day == b->day;
}

void date_iso(const struct date *date, char text[DATE_TEXT_SIZE])
{
    snprintf(text, DATE_TEXT_SIZE, "%04u-%02u-%02u", date->year, date->month, date->day);
}

void date_short(enum reader_language language, const struct date *date, char text[DATE_TEXT_SIZE])
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    if (language == READER_HEBREW)
        snprintf(text, DATE_TEXT_SIZE, "%u.%u.%u", date->day, date->month, date->year);
    else
        snprintf(text, DATE_TEXT_SIZE, "%u %s %u", date->day, months[date->month - 1], date->year);
}

void date_time(const struct date *date, char text[DATE_TEXT_SIZE])
{
    snprintf(text, DATE_TEXT_SIZE, "%02u:%02u", date->hour, date->minute);
}
