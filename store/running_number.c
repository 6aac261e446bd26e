/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/running_number.h"

static bool take_number(struct bytes *text, unsigned *number, size_t *digits)
{
    *number = 0;
    *digits = 0;
    while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
        *number = *number * 10 + (unsigned)(text->at[0] - '0');
        if (++*digits > 5)
            return false;
        *text = bytes_from(*text, 1);
    }
    return *digits > 0;
}

static bool read_year(unsigned number, size_t digits, unsigned *year)
{
    if (digits == 2)
        *year = number + (number >= 50 ? 1900 : 2000);
    else if (digits == 4 && number >= 1900)
        *year = number;
    else
        return false;
    return true;
}

bool running_number_read(struct bytes text, unsigned *ordinal, unsigned *year)
{
    unsigned first, second, said = 0;
    size_t digits;

    *ordinal = *year = 0;
    if (!take_number(&text, &first, &digits) || first == 0)
        return false;
    if (text.len > 0) {
        if (text.at[0] != '/' && text.at[0] != '-' && text.at[0] != '.')
            return false;
        text = bytes_from(text, 1);
        if (!take_number(&text, &second, &digits) || text.len > 0 || !read_year(second, digits, &said))
            return false;
    }
    *ordinal = first;
    *year = said;
    return true;
}

/* Of the Gregorian calendar's 400 years, each of 146097 days; Hinnant's way from a day to its year, month and day. */
static unsigned day_of(uint64_t ms)
{
    uint64_t z = ms / 86400000 + 719468, era = z / 146097, of_era = z - era * 146097;
    uint64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t moved = (5 * day_of_year + 2) / 153; /* Months from March. */
    uint64_t day = day_of_year - (153 * moved + 2) / 5 + 1, month = moved < 10 ? moved + 3 : moved - 9;

    return (unsigned)((year_of_era + era * 400 + (month <= 2)) * 10000 + month * 100 + day);
}

unsigned running_number_year(struct bytes date, uint64_t ms)
{
    unsigned year = 0;
    size_t digits;

    if (date.len >= 4 && take_number(&date, &year, &digits) && digits == 4)
        return year;
    return day_of(ms) / 10000;
}

unsigned running_number_day(struct bytes date, uint64_t ms)
{
    unsigned parts[3] = {0}, latest = day_of(ms + 86400000), day;
    size_t digits;

    for (size_t i = 0; i < 3; i++) {
        if (!take_number(&date, &parts[i], &digits) || digits != (i == 0 ? 4 : 2) ||
            (date.len > 0 && date.at[0] != '-'))
            return day_of(ms);
        date = bytes_from(date, date.len > 0);
    }
    day = parts[0] * 10000 + parts[1] * 100 + parts[2];
    return day < latest ? day : latest;
}

bool running_number_missing(unsigned before, unsigned next, struct running_number_gap *gap)
{
    if (next <= before + 1)
        return false;
    *gap = (struct running_number_gap){before + 1, next - 1};
    return true;
}
