/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ROLL_H
#define NODE_ROLL_H

/* The roll of the network: which kibbutzim are members, and which nodes count, as trust says. */

#include "proto/trust.h"
#include "store/receipt_file.h"

/* `own` NULL: this home has no node.  ERR_MEMORY. */
enum err roll_of(struct trust *trust, const struct id *own, struct receipt_world *world);

#endif
