/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SITE_COPY_H
#define NODE_SITE_COPY_H

/*
 * The pages of the reader as files that open without it.  Every page is made by the reader's own routes; what a page links to
 * is written too, until nothing new is linked, so that every link leads to a file.  Memory does not grow with the archive:
 * what is still to be written stands in a file, and what was seen is there as a file.
 */

#include "node/copy_target.h"
#include "node/site.h"
#include "node/reader_text.h"

struct site_copy {
    struct site *site;
    struct copy_target *target;
    enum reader_language language;
    /* Filled in: */
    uint64_t pages, attachments, documents;
};

/* `progress` (may be NULL) is told now and then how much is done. */
typedef void site_copy_progress_fn(void *context, uint64_t done, uint64_t total);
enum err site_copy_write(struct site_copy *copy, site_copy_progress_fn *progress, void *context);

#endif
