/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_OVERVIEW_H
#define NODE_OVERVIEW_H

/* What the whole archive amounts to: counts, books, subjects, people.  Read from the index at once. */

#include "store/index.h"

#define OVERVIEW_KEY_LEN 16 /* Hex digits by which an address names a body or a subject. */
#define OVERVIEW_BOOKS 2000
#define OVERVIEW_TOPICS 60
#define OVERVIEW_PEOPLE 2000
#define OVERVIEW_KIBBUTZIM 1000

struct overview_book {
    struct id kibbutz;
    struct bytes body;
    unsigned year;
    uint64_t minutes, numbers; /* As in struct index_book. */
    unsigned last;
    char key[OVERVIEW_KEY_LEN + 1]; /* Of the body of that kibbutz, whatever the year. */
};

struct overview_topic {
    struct bytes text;
    uint64_t documents;
    char key[OVERVIEW_KEY_LEN + 1];
};

struct overview_share {
    struct id kibbutz;
    uint64_t documents;
};

struct overview {
    struct index_counts counts;
    uint64_t newest; /* The clock of the newest entry; 0: there is none. */
    struct overview_book books[OVERVIEW_BOOKS];
    struct overview_topic topics[OVERVIEW_TOPICS];   /* Of all documents, most of them first. */
    struct overview_topic subjects[OVERVIEW_TOPICS]; /* Of decisions. */
    struct overview_share shares[OVERVIEW_KIBBUTZIM]; /* Most documents first. */
    struct index_person people[OVERVIEW_PEOPLE];     /* Confirmed last first. */
    size_t book_count, topic_count, subject_count, share_count, person_count;
    uint8_t *strings; /* Of the texts above. */
    size_t strings_len;
};

struct overview_stamp { /* Which state of the index one was made of. */
    uint64_t version, recalls;
};
enum err overview_stamp_read(struct index *index, struct overview_stamp *stamp);

/*
 * Whether an overview may still be shown now: where nothing changed since, or where it is young and nothing was taken back: it may name
 * whom an erased document named.
 */
bool overview_serves(const struct overview_stamp *made, const struct overview_stamp *now, bool is_young);

/* NULL: the index cannot be read, or memory is out. */
struct overview *overview_make(struct index *index);
void overview_free(struct overview *o); /* Accepts NULL. */

/* NULL: there is none. */
const struct overview_book *overview_find_book(const struct overview *o, struct bytes key, unsigned year); /* Year 0: any. */
const struct overview_topic *overview_find_topic(const struct overview *o, struct bytes key);

#endif
