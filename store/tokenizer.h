/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_TOKENIZER_H
#define STORE_TOKENIZER_H

/*
 * What the full-text index is told of a text: its terms (store/terms.h), each once.
 *
 * A text is made of sections, each begun by one of the bytes below.  Of every word its form is a term, and '=' with each of its
 * keys that is another than the form, but what a question alone asks for (is_own); a key met TOKENIZER_OFTEN times is a term
 * with '+' too.  Words of the sections before TEXT are terms once more behind the bytes of the fields that they belong to, so
 * that an index without columns and places can be asked for a word in the title.  Words of FACETS, parted by spaces, are terms
 * behind '~' as they stand.
 */

#include "proto/buffer.h"
#include "store/terms.h"

enum tokenizer_section {
    TOKENIZER_TITLE = 1, /* Also HEAD. */
    TOKENIZER_HEAD,
    TOKENIZER_BODY,   /* The forum; also HEAD. */
    TOKENIZER_PEOPLE, /* Also HEAD. */
    TOKENIZER_TEXT,
    TOKENIZER_FACETS,
};
#define TOKENIZER_SECTIONS_END 7 /* Bytes below are not to stand within a section. */

#define TOKENIZER_OFTEN 3

/* Appends the terms, each behind a byte with its length.  ERR_MEMORY. */
enum err tokenizer_write(struct terms *terms, struct bytes text, struct buffer *out);

#endif
