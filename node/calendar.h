/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CALENDAR_H
#define NODE_CALENDAR_H

/* The Hebrew calendar.  The only user of ICU. */

#include "node/date.h"

#define CALENDAR_TEXT_SIZE 128

/*
 * The day of the week and the Hebrew date: "יום שלישי, ז׳ בכסלו תשפ״ז"; "Tuesday, 7 Kislev 5787".  HTML of ours; empty when ICU's data
 * are not there.
 */
void calendar_words(enum reader_language language, const struct date *date, char text[CALENDAR_TEXT_SIZE]);

#endif
