/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H

/* What signed text may hold.  No Unicode tables: a verdict must not change with a library's version. */

#include "proto/bytes.h"

/* Takes one code point; false, and nothing taken, when `rest` is empty or does not begin with valid UTF-8. */
bool text_take_point(struct bytes *rest, uint32_t *point);

/* Valid UTF-8: shortest forms, no surrogates, at most U+10FFFF. */
bool text_is_utf8(struct bytes text);

/* UTF-8 without C0 and C1 controls, but LF and TAB. */
bool text_is_prose(struct bytes text);

/*
 * One line of 1 to `limit` bytes for names and reasons: UTF-8, no control character, no bidirectional formatting
 * (U+061C, U+200E-F, U+202A-E, U+2066-9), no line or paragraph separator, no space at either end.
 */
bool text_is_line(struct bytes text, size_t limit);

/* A name that a content's file may have: see docs/FORMAT.md, 3. */
bool text_is_file_name(struct bytes text);

/* "host:port" or "[host]:port", at most LIMIT_ADDRESS bytes: see docs/FORMAT.md, 2.2. */
bool text_is_address(struct bytes text);

/* A decimal number in its one form, at most LIMIT_NUMBER. */
bool text_to_number(struct bytes text, uint64_t *number);

/* Reads exactly 2 * len lower-case hex digits; false, and `out` as it was, for anything else. */
bool text_from_hex(struct bytes text, uint8_t *out, size_t len);

/* Takes the text up to the next `end` from `rest`, and `end` with it.  False, and nothing taken, when there is none. */
bool text_take(struct bytes *rest, char end, struct bytes *taken);

/* Takes `prefix` from `rest`; false, and nothing taken, when it does not begin so. */
bool text_take_prefix(struct bytes *rest, const char *prefix);

#endif
