/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PAGER_H
#define NODE_PAGER_H

/* Long output on a terminal goes through the reader's own program: IGUM_PAGER, PAGER, or less. */

/* Begins to send stdout there.  Nothing happens when stdout is no terminal, with --json, or when the pager is "cat" or "". */
void pager_begin(void);

/* Waits until the reader has read enough. */
void pager_end(void);

#endif
