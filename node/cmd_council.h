/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_COUNCIL_H
#define NODE_CMD_COUNCIL_H

/* The verbs under 'igum council', and what they share; exit codes of node/command.h. */

#include "node/council_view.h"

int council_show(int argc, char **argv);
int council_propose(int argc, char **argv);
int council_approve(int argc, char **argv);
int council_anchor(int argc, char **argv); /* By which root this home judges. */

/* Says how a proposal or admission stands after an act: what it lacks, or that it has taken effect. */
void council_print_standing(struct office *o, const struct id *entry, struct output_json *json);

/* Signs a root that was planned; `entry` gets its id. */
int council_sign_root(struct office *o, const struct signing_key *key, enum role role, const struct id *kibbutz,
                      struct council_root *root, struct id *entry);

/* Tells why a plan failed. */
int council_fail(struct office *o, const struct council_plan *plan, uint64_t voters);

/* Prints which kibbutzim a plan leaves out because they repeat another's key or card. */
void council_print_left_out(struct office *o, const struct council_plan *plan);

#endif
