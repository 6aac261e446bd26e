/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_REFUSAL_H
#define PROTO_REFUSAL_H

/* Why a node is not let in, or not any more, where more than patience is needed (docs/PROTOCOL.md, 2). */

#include "proto/intake.h"
#include "proto/message.h"

/*
 * Judges the bundle that the intake has just taken in, its entries known to `t`.  ERR_EXISTS: the invitation was used before;
 * ERR_GAP: its admission waits for approvals; ERR_STRANGER: it grants nothing any more; the latter two only unless the caller
 * is granted its place by other entries.  ERR_OK: nothing of that kind.
 */
enum err refusal_find(struct trust *t, const struct id *network, const struct intake *in, bool granted);

/*
 * Why a node that was granted something is void by now, or not in force yet: a static sentence for its operator, and the cause
 * on the wire.  NULL: there is nothing to say.
 */
const char *refusal_of_key(struct trust *t, const struct trust_key *node, enum message_refusal *cause);

/* A sentence for people. */
const char *refusal_reason(enum err cause);

#endif
