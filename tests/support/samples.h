/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SUPPORT_SAMPLES_H
#define TESTS_SUPPORT_SAMPLES_H

/* Well-formed objects, the same in every run: for tests, for the examples of docs/FORMAT.md and as seeds for fuzzing. */

#include "proto/act.h"
#include "proto/charter.h"
#include "proto/invitation.h"

/* An id that stands for something, different for each `number`. */
struct id sample_id(unsigned number);

/* The signing key whose seed is 32 times `number`; it is a valid point, and its digest as a recovery card. */
struct id sample_key(unsigned number);
struct id sample_card(unsigned number);

/*
 * Appends an act with all lines that may stand together, repeated lines `many` times (where the limit allows it and the
 * line may be repeated).  ACT_UNKNOWN: lines of a newer version.
 */
void sample_act(struct buffer *body, enum act act, size_t many);

/* A charter of so many kibbutzim, each with `stewards` keys. */
struct charter sample_charter(size_t founders, size_t stewards);

struct invitation sample_invitation(enum invitation_kind kind);

#endif
