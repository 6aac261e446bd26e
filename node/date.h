/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DATE_H
#define NODE_DATE_H

/* Civil dates in the words of the reader's pages. */

#include "proto/bytes.h"
#include "node/reader_text.h"

#define DATE_TEXT_SIZE 32

struct date {
    unsigned year, month, day;
    unsigned hour, minute;
};

/* Reads YYYY-MM-DD, a day that exists; what follows a T or a space is ignored.  False: it is none. */
bool date_parse(struct bytes text, struct date *date);

/* The office's local time. */
bool date_from_ms(uint64_t ms, struct date *date);

bool date_is_same_day(const struct date *a, const struct date *b);

void date_iso(const struct date *date, char text[DATE_TEXT_SIZE]);                               /* 2026-11-17 */
void date_short(enum reader_language language, const struct date *date, char text[DATE_TEXT_SIZE]); /* 17.11.2026, 17 Nov 2026 */
void date_time(const struct date *date, char text[DATE_TEXT_SIZE]);                              /* 07:31 */

#endif
