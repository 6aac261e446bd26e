/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_REPORT_H
#define NODE_REPORT_H

/* What the running node tells about itself, as JSON (node/control.h, control_status()). */

#include "node/running.h"

/* Appends it.  ERR_MEMORY, ERR_LIMIT. */
enum err report_write(struct node *node, struct buffer *json);

#endif
