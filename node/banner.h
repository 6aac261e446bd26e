/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_BANNER_H
#define NODE_BANNER_H

/* What a reader must know before the text of a document: that it is void, contested, withdrawn, superseded, not approved yet. */

#include "node/page.h"
#include "node/view.h"

void banner_write(struct page *page, const struct view *v);

/* The path of a revision; the one that counts has the document's own. */
void banner_path(const struct view *v, const struct view_revision *revision, char path[VIEW_PATH_SIZE]);

#endif
