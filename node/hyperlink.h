/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_HYPERLINK_H
#define NODE_HYPERLINK_H

/* Where a link in foreign text may lead: whatever is not recognised here leads nowhere. */

#include "proto/bytes.h"

/* An http, https, mailto or tel address without spaces or control characters. */
bool hyperlink_is_outside(struct bytes address);

/* /d/<id> of this reader. */
bool hyperlink_is_document(struct bytes address);

/* Says whether an address names a file; people write either the name itself or its percent form. */
bool hyperlink_names_file(struct bytes address, struct bytes name);

/* Says whether a text begins with `prefix`, which is in lower case, whatever the text's case. */
bool hyperlink_begins(struct bytes text, const char *prefix);

#endif
