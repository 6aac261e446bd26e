/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_REFUSAL_H
#define PROTO_REFUSAL_H

/* Why a caller is not let in by the invitation that it shows, where more than patience is needed (docs/PROTOCOL.md, 2). */

#include "proto/intake.h"

/*
 * Judges the bundle that the intake has just taken in, its entries known to `t`.  ERR_EXISTS: the invitation was used before;
 * ERR_GAP: its admission waits for approvals; ERR_STRANGER: it grants nothing any more; the latter two only unless the caller
 * is granted its place by other entries.  ERR_OK: nothing of that kind.
 */
enum err refusal_find(struct trust *t, const struct id *network, const struct intake *in, bool granted);

/* A sentence for people. */
const char *refusal_reason(enum err cause);

#endif
