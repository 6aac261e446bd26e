/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PUBLICATION_H
#define NODE_PUBLICATION_H

/* From a file on the author's disk to the content and the lines of an act. */

#include "node/arguments.h"
#include "node/office.h"
#include "store/document.h"

struct publication_options {
    enum act_audience audience;
    const char *kind;  /* NULL: what the document says. */
    const char *title; /* NULL: likewise. */
    struct arguments_list attach;
    struct arguments_list detach; /* Names of attachments that a revision leaves out. */
    const struct id *keep;        /* The revision whose other attachments go on; NULL: none. */
    struct id kibbutz;   /* Of who signs: only its own documents are superseded. */
    bool follows;        /* A revision: it needs no fewer approvals than those before it, */
    uint64_t least_need; /* ... which is this many, */
    bool counts_own;     /* ... counted as its document says. */
};

struct publication {
    struct buffer packed; /* The content. */
    struct buffer terms;  /* The lines from `audience` on; they end the bodies of publish and revise. */
    char title[DOCUMENT_TITLE_MAX * 4 + 1];
};

/* Reads "--audience".  NULL is the network.  False, told: there is no such audience. */
bool publication_read_audience(const char *name, enum act_audience *audience);

/* Says who will hold a text of this audience for ever; before it is signed. */
void publication_tell_holders(struct office *o, enum act_audience audience, const struct id *kibbutz);

/* "--kind" and "--title", checked before anything is read.  False, told. */
bool publication_check_options(const struct publication_options *options);

/*
 * Prepares one file: Markdown by its ending .md, else plain text.  Its attachments are durable when this returns, in the
 * archive or with the running node.  What is wrong with it is told, and nothing of it is left to free.  ERR_MEMORY; ERR_FORMAT for everything about this file.
 */
enum err publication_prepare(struct office *o, const char *path, const struct publication_options *options,
                             struct publication *publication);
void publication_free(struct publication *publication);

#endif
