/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_FORK_H
#define NODE_CMD_FORK_H

/* The parts of `igum fork` that have files of their own. */

#include "node/office.h"

/* Writes the proof of a fork to a file, "-": to standard output. */
int fork_export(struct office *o, const struct trust_fork *fork, const char *path);

/* Takes the two entries of a proof in. */
int fork_import(const char *path);

#endif
