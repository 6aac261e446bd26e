/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_VIEW_H
#define NODE_VIEW_H

/* One revision of a document with all that its page shows, read from archive and index. */

#include "node/site.h"
#include "proto/content.h"
#include "store/document.h"

#define VIEW_REVISIONS 100 /* Older ones are counted, but not listed. */
#define VIEW_PATH_SIZE 160

struct view_revision {
    struct id id, log, kibbutz;
    uint64_t seq, clock;
    enum act_audience audience;
    struct trust_verdict verdict;
};

/* The entry that ended the document: it was withdrawn or erased, or another took its place. */
struct view_ending {
    bool is_known;
    struct index_entry entry;
    char reason[LIMIT_REASON + 1]; /* Of a withdrawal or an erasure; else "". */
    char title[2 * FRONT_MATTER_LINE_MAX]; /* Of the document that took its place. */
};

struct view {
    struct site *site; /* Borrowed. */
    struct id document;
    struct view_revision revisions[VIEW_REVISIONS]; /* Newest first. */
    size_t count;
    uint64_t total;
    struct trust_document judged;
    const struct view_revision *shown;
    struct view_ending ending;
    enum role role;         /* Of who signed it. */
    struct sha1 commit;
    bool here;              /* The content is here; else the text below is empty. */
    struct buffer packed;
    struct content *content;
    struct document *text;
};

/* Reads the revision of a document that counts, or a given one.  ERR_MISSING: there is none.  Close it also after an error. */
enum err view_open(struct site *site, const struct id *document, const struct id *revision, struct view **view);
void view_close(struct view *v); /* Accepts NULL. */

/* The one that counts: in force, or else the newest that is not void. */
const struct view_revision *view_main(const struct view *v);

/* The document's first revision, its author's; NULL: it is not listed. */
const struct view_revision *view_first(const struct view *v);

#endif
