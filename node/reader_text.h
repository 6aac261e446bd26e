/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_READER_TEXT_H
#define NODE_READER_TEXT_H

/*
 * What the reader's pages say, in Hebrew and in English.  English is in the source; Hebrew is a gettext catalogue,
 * node/po/pages/he.po, that the program carries: the language is the request's and not the process's.  Texts are HTML:
 * ours, not to be escaped.  "%1" to "%9" stand for what page_fill() puts there.
 */

#include <stdint.h>

enum reader_language { READER_HEBREW, READER_ENGLISH };

const char *reader_language_code(enum reader_language language); /* "he", "en" */

/* The language of whoever runs the program. */
enum reader_language reader_language_of_locale(void);

/* Marks a text of a constant table; and one whose meaning the English word alone does not tell. */
#define SAY(text) text
#define SAY_IN(context, text) context "\004" text

/* The text in that language; never NULL.  What is not in the catalogue is English. */
const char *reader_text(enum reader_language language, const char *text);

/* The form for a number, by the language's rule. */
const char *reader_plural(enum reader_language language, const char *one, const char *many, uint64_t number);

#endif
