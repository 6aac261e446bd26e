/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COUNCIL_VIEW_H
#define NODE_COUNCIL_VIEW_H

/* The council as one home knows it: for the verbs that show, propose and approve.  Functions returning int give exit codes. */

#include "node/council_plan.h"
#include "node/office.h"
#include "node/output.h"

/* The present root taken apart, its `base` the root's own id. */
int council_view_present(struct office *o, struct council_root *present);

/* Fills the state that a plan needs; the caller frees `logs`. */
int council_view_state(struct office *o, struct council_state *state);

/* The entry that a log holds at `seq`; seq 0: zeros. */
int council_view_entry(struct office *o, const struct id *log, uint64_t seq, struct id *entry);

/* Prints what a root changes, a line each, with `indent` before it; or the same as a list. */
void council_view_print_steps(struct office *o, struct council_root *present, struct council_root *next,
                              const char *indent);
struct output_json *council_view_write_steps(struct office *o, struct council_root *present, struct council_root *next);

/* Finds what waits for approvals, or has had them: a proposed root, the present root, or an admission. */
enum council_subject_kind { COUNCIL_PROPOSAL, COUNCIL_PRESENT, COUNCIL_ADMISSION_OF, COUNCIL_PAST };
struct council_subject {
    enum council_subject_kind kind;
    struct id entry;
    struct trust_candidate candidate; /* COUNCIL_PROPOSAL */
    struct trust_kibbutz kibbutz;     /* COUNCIL_ADMISSION_OF */
    struct trust_voices voices;
};
int council_view_find(struct office *o, const char *word, struct council_subject *subject);

/* Appends the names of the kibbutzim counted, or of the voters that are not, with commas between. */
void council_view_names(struct office *o, const struct trust_voices *voices, struct buffer *text);
void council_view_missing(struct office *o, const struct trust_voices *voices, const struct council_root *voters,
                          struct buffer *text);

bool council_view_counts(const struct trust_voices *voices, const struct id *kibbutz);

#endif
