/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COMPARISON_H
#define NODE_COMPARISON_H

/* Two revisions of a document and what changed in what is written there, the facts at its head included. */

#include "node/difference.h"
#include "node/view.h"

#define COMPARISON_PATH_SIZE (3 * ID_TEXT_LEN + 32)

/* ERR_MEMORY.  The pieces are borrowed from both, which must be open; difference_free() also after an error. */
enum err comparison_of(const struct view *before, const struct view *after, struct difference *d);

/* "/d/…/compare/…/…" */
void comparison_path(const struct id *document, const struct id *from, const struct id *to,
                     char path[COMPARISON_PATH_SIZE]);

#endif
