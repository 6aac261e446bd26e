/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_TERM_FEED_H
#define STORE_TERM_FEED_H

/*
 * How terms that were made before (store/tokenizer.h) come into SQLite's full-text index: a "text" of the tokenizer "igum" is
 * a list of them, each behind a byte with its length.  In a question everything between quotation marks is one term as it stands.
 */

struct sqlite3;

/* Makes the tokenizer known to a connection, which then owns it: an SQLite result code. */
int term_feed_register(struct sqlite3 *sqlite);

#endif
