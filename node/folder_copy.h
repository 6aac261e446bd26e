/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_FOLDER_COPY_H
#define NODE_FOLDER_COPY_H

/*
 * The documents as files that people read without any program of ours: KIBBUTZ/BODY/YEAR/TITLE.md, byte for byte as signed;
 * one with attachments is a folder of its own, in which they have the names by which the text calls them.
 */

#include "node/copy_target.h"
#include "node/reader_text.h"
#include "node/site.h"

struct folder_copy {
    struct site *site;
    struct copy_target *target;
    enum reader_language language;
    /* Filled in: */
    uint64_t documents, attachments;
    uint64_t missing; /* Texts and attachments that are not here. */
};

typedef void folder_copy_progress_fn(void *context, uint64_t done, uint64_t total);
enum err folder_copy_write(struct folder_copy *copy, folder_copy_progress_fn *progress, void *context);

#endif
