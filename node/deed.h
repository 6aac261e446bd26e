/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DEED_H
#define NODE_DEED_H

/*
 * One act of a person upon a document that is here: approve, revise, withdraw, erase, publish again.  What these verbs share:
 * the office, what trust says of the document, its revisions, the key that signs, and making the entry durable.  Functions
 * that return an int return an exit code of node/command.h, and have told people what is wrong.
 */

#include "node/key_ring.h"

struct deed_revision {
    struct id id, log, kibbutz;
    uint64_t seq, clock;
    uint64_t number; /* Its place among the document's revisions, oldest first, from 1. */
    enum act_audience audience;
    bool here;
    struct trust_verdict verdict;
    char *title; /* Never NULL. */
    char *date;  /* yyyy-mm-dd: of the document, else of the entry. */
};

struct deed {
    struct office office;
    struct id document;
    struct trust_document state;      /* As before the act, and after it as soon as it is durable. */
    struct deed_revision *revisions;  /* Newest first; at least one. */
    size_t count;
    struct key_file_person *person;   /* Who signs; NULL before deed_open_key(). */
    struct trust_key key;
    struct signer *signer;
    struct head head;                 /* Of the person's log. */
};

/* Opens the home for writing and finds the document (NULL: deed_turn() will).  Closed again after a failure. */
int deed_open(struct deed *d, const char *prefix);
void deed_close(struct deed *d);

/* Turns to another document; the key and what was signed stay. */
int deed_turn(struct deed *d, const struct id *document);

/* Opens the key that signs: a steward's or a coordinator's.  With `own_only`, of the document's kibbutz. */
int deed_open_key(struct deed *d, bool own_only);

/* A revision by its id; NULL: the document has none such. */
const struct deed_revision *deed_find(const struct deed *d, const struct id *revision);

/* The same by the first digits of its id.  NULL, told: none or several begin so. */
const struct deed_revision *deed_find_prefix(const struct deed *d, const char *prefix);

/* The first entry of the document: its author's.  NULL: it is not here. */
const struct deed_revision *deed_first(const struct deed *d);

/* Reads the entry of a revision; `entry` lends from `wire`. */
int deed_read_entry(struct deed *d, const struct deed_revision *revision, struct buffer *wire, struct entry *entry);

/* Appends document.md of a revision.  COMMAND_FAILED, told: it is not here or damaged. */
int deed_read_text(struct deed *d, const struct deed_revision *revision, struct buffer *text);

/* Refuses a document that is not alive: void, withdrawn, superseded or erased. */
int deed_refuse_dead(struct deed *d);

/* Signs one entry of the person's log, as the next of those to be appended. */
int deed_sign(struct deed *d, enum act act, struct bytes body, struct bytes content);

/* Makes what was signed durable, and looks at the document again. */
int deed_append(struct deed *d);

/* The fields document, entry, log, seq, state, approvals, need; in words the id and what has become of the document. */
void deed_print(struct deed *d, const char *title);
struct output_json *deed_write(struct deed *d, const struct id *document);

/* Refuses a reason that is not one line of 1 to LIMIT_REASON bytes.  NULL: it was not given. */
int deed_check_reason(const char *reason);

#endif
