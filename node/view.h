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
    enum index_state state;
};

struct view {
    struct site *site; /* Borrowed. */
    struct id document;
    struct view_revision revisions[VIEW_REVISIONS]; /* Newest first. */
    size_t count;
    uint64_t total;
    const struct view_revision *shown;
    enum role role;         /* Of who signed it. */
    struct sha1 commit;
    bool here;              /* The content is here; else the text below is empty. */
    struct buffer packed;
    struct content *content;
    struct document *text;
};

/* Reads a document's newest revision, or a given one.  ERR_MISSING: there is none.  Close it also after an error. */
enum err view_open(struct site *site, const struct id *document, const struct id *revision, struct view **view);
void view_close(struct view *v); /* Accepts NULL. */

/* The one that counts: the newest that is not withdrawn, or the newest. */
const struct view_revision *view_newest(const struct view *v);

#endif
