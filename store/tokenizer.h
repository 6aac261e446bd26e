/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_TOKENIZER_H
#define STORE_TOKENIZER_H

/*
 * SQLite's full-text index told what a term is: store/terms.h for FTS5, as the tokenizer "igum".
 *
 * A text to be indexed is made of sections, each begun by one of the bytes below.  Of every word its form is a term, and beside
 * it, at the same place, '=' and each of its keys that is another than the form, but what a question alone asks for (is_own); a key met TOKENIZER_OFTEN times is a term with '+' too.  Words of the
 * sections before TEXT are terms once more behind the bytes of the fields that they belong to, so that an index without
 * columns and places can be asked for a word in the title.  Words of FACETS, parted by spaces, are terms behind '~' as they stand.
 *
 * In a question everything between quotation marks is one term as it stands.
 */

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

struct sqlite3;

/* Makes the tokenizer known to a connection, which then owns it: an SQLite result code. */
int tokenizer_register(struct sqlite3 *sqlite);

#endif
