/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SEARCH_COPY_H
#define NODE_SEARCH_COPY_H

/* What the search page of a copy looks through: the documents' words as lists in JavaScript, and the script that reads them. */

#include "node/site_copy.h"

enum err search_copy_write(struct site_copy *copy);

#endif
