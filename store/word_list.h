/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_WORD_LIST_H
#define STORE_WORD_LIST_H

/*
 * Words and abbreviations that mean the same in these offices, for the search: a list that comes with the program
 * (store/words.txt), and one of the home (HOME/words.txt) that adds to it or takes from it.  Questions are widened by it, not
 * the index: a change counts at once.
 *
 *     # a comment
 *     אסיפה = אספה
 *     חוה״ד = חוות דעת        any of these is found by any other
 *     - ועד = מזכירות         takes the line back that has all of these
 */

#include "proto/bytes.h"
#include "proto/error.h"

#define WORD_LIST_FILE "words.txt"
#define WORD_LIST_SIZE_MAX (256 * 1024)
#define WORD_LIST_SETS_MAX 4000
#define WORD_LIST_WORDS_MAX 8  /* In a set. */
#define WORD_LIST_PARTS_MAX 5  /* Parts of one, parted by spaces. */

struct word_list;

/* The shipped list and the one at `path`, which need not be there.  NULL when memory is out. */
struct word_list *word_list_load(const char *path);
void word_list_free(struct word_list *list);

/* Whether the file at its path was changed since it was loaded. */
bool word_list_is_stale(const struct word_list *list);

/* How many sets there are; the texts of one, clean, lent until word_list_free(). */
size_t word_list_count(const struct word_list *list);
size_t word_list_set(const struct word_list *list, size_t index, struct bytes words[WORD_LIST_WORDS_MAX]);

/* Lines of the home's file that were not understood. */
size_t word_list_bad(const struct word_list *list);

#endif
