/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_MARKS_H
#define STORE_MARKS_H

/*
 * What was signed in this home, and where that was: the two memories by which an honest home that was copied, or put back
 * from a backup, notices before it signs a second entry in the place of a first (docs/FORMAT.md, 7).
 *
 * HOME/keys/marks has a mark for each key: the newest entry that it signed here.  An archive whose log ends before the mark
 * is older than the key's work.  The file also names itself and its machine, so that a copy of it tells that it is one.
 * HOME/keys/pending holds what was signed and is not known to be durable: the same entries are appended at the next
 * start, never others.  Both are written by the holder of the lock of HOME/keys alone.
 */

#include "proto/entry.h"

#define MARKS_MAX 1024 /* Keys that ever signed in one home; a bound on the file. */

struct marks;

struct mark {
    struct id log;
    uint64_t seq;
    struct id entry;
};

enum marks_place {
    MARKS_NEW,       /* Nothing was signed here yet. */
    MARKS_HERE,      /* Where it last signed. */
    MARKS_COPIED,    /* The file is a copy. */
    MARKS_ELSEWHERE, /* It is on another machine. */
};

/*
 * Reads the marks of a home; there may be none.  `machine` names this machine, empty: not known, then it tells nothing.
 * ERR_FORMAT: the file is damaged.
 */
enum err marks_open(const char *home, struct bytes machine, struct marks **marks);
void marks_close(struct marks *m); /* Accepts NULL. */

enum marks_place marks_place(const struct marks *m);

/* The marks in ascending order of key. */
size_t marks_count(const struct marks *m);
const struct mark *marks_at(const struct marks *m, size_t index);           /* Lent until the next marks_raise(). */
const struct mark *marks_find(const struct marks *m, const struct id *log); /* NULL: none.  Lent likewise. */

/* Puts the mark of a log at this entry unless it is higher already.  ERR_LIMIT, ERR_MEMORY. */
enum err marks_raise(struct marks *m, const struct id *log, uint64_t seq, const struct id *entry);

/* Makes the marks durable; from now on they are at home here. */
enum err marks_save(struct marks *m);

/* Makes durable what was signed and is about to be appended: a bundle. */
enum err marks_keep(const struct marks *m, struct bytes bundle);
/* Appends the bundle that is kept; ERR_MISSING: there is none. */
enum err marks_kept(const struct marks *m, struct buffer *bundle);
/* Forgets it, durably: it is in the archive, or never left this process. */
enum err marks_drop(const struct marks *m);

#endif
