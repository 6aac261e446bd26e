/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_RUNNING_NUMBER_H
#define STORE_RUNNING_NUMBER_H

/* The running number of a document in its book, as offices write it: 31/26, 31/2026, 31-26. */

#include "proto/bytes.h"

#define RUNNING_NUMBER_MAX 99999

/*
 * Reads the number, and the year where one is said; two digits from 50 on are of the last century.  False: it is no such
 * number; both are 0 then.  A year that is not said is 0.
 */
bool running_number_read(struct bytes text, unsigned *ordinal, unsigned *year);

/* The year of a date as front matter writes it, or, when that is empty, of a time. */
unsigned running_number_year(struct bytes date, uint64_t ms);

/*
 * Where a document stands among others by its own date, as yyyymmdd: that of a date as front matter writes it, or, without one,
 * of the time when it was signed.  Never later than a day after that time: nobody heads all lists by a date to come.
 */
unsigned running_number_day(struct bytes date, uint64_t ms);

/* What a book lacks between two numbers that follow each other in it; false: nothing. */
struct running_number_gap {
    unsigned from, to;
};
bool running_number_missing(unsigned before, unsigned next, struct running_number_gap *gap);

#endif
