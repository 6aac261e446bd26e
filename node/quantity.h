/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_QUANTITY_H
#define NODE_QUANTITY_H

/* Numbers with Latin units, like 61.4 GWh, within text that runs from right to left. */

#include "node/page.h"

/* Writes text.  A number would stand behind its Latin unit there: the two are isolated together. */
void quantity_write(struct page *page, struct bytes text);

#endif
