/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ARGUMENTS_H
#define NODE_ARGUMENTS_H

/* The flags of one verb, read by a table.  `--name value` and `--name=value` are the same; `--` ends the flags. */

#include <stdbool.h>
#include <stddef.h>

struct arguments_list {
    const char **items; /* Borrowed texts; the array is freed by arguments_list_free(). */
    size_t count;
};

/* One flag; exactly one of the targets is set. */
struct arguments_flag {
    const char *name;            /* Without the two dashes. */
    bool *is_set;                /* Takes no value. */
    const char **value;          /* Takes one value; given twice is an error. */
    struct arguments_list *list; /* Takes one value each time it is given. */
};

/*
 * Takes the flags out of argv: what is left of it, argv[0] first, is counted in *argc.  False, with the reason printed,
 * when a flag is unknown, lacks its value, or there are fewer than `least` or more than `most` other arguments.
 */
bool arguments_parse(int *argc, char **argv, const struct arguments_flag flags[], size_t count, int least, int most);

void arguments_list_free(struct arguments_list *list);

/* The nearest of `count` words by single-letter mistakes; NULL when none is near enough to be meant. */
const char *arguments_nearest(const char *word, const char *const words[], size_t count);

#endif
