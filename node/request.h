/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_REQUEST_H
#define NODE_REQUEST_H

/* What the running node answers to the verbs that ask it by the control socket. */

#include "node/control.h"
#include "node/running.h"

/* A control_answer_fn; `context` is the node. */
enum err request_answer(void *context, enum control_type type, struct bytes body, uint64_t tag, struct buffer *text,
                        bool *later);

#endif
