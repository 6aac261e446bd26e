/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STATEMENT_H
#define NODE_STATEMENT_H

/*
 * The entries by which an office governs itself: each writes the act's lines and the name that goes with it, and has the
 * signer sign it.  `head` moves on.  ERR_FORMAT: the name is not one line of at most LIMIT_NAME bytes.
 */

#include "node/signer.h"
#include "proto/invitation.h"

/* A steward grants a node by its own key. */
enum err statement_grant_node(struct signer *s, const struct signing_key *steward, struct head *head,
                              const struct id *kibbutz, const struct id *node, const struct id *channel,
                              const char *name);

/* A steward invites: the ephemeral key is admitted (a kibbutz) or granted (a coordinator or node) by invitation. */
enum err statement_invite(struct signer *s, const struct signing_key *steward, struct head *head,
                          const struct id *kibbutz, enum invitation_kind kind, const struct id *ephemeral,
                          const char *name);

/* The newcomer hands the invitation over to its own key; `card` for a kibbutz, `channel` for a node, else NULL. */
enum err statement_accept(struct signer *s, const struct invitation *invitation, const struct signing_key *newcomer,
                          const struct id *card, const struct id *channel, const char *name);

/* Any other act: its seat, which the log's first entry names, and the name that goes with it. */
struct statement {
    enum act act;
    struct id kibbutz;
    enum role role;
    const char *name; /* Its content line is written last; NULL: the act has none. */
};
enum err statement_sign(struct signer *s, const struct signing_key *key, struct head *head,
                        const struct statement *what, struct buffer *body);

/* True when a name can go into an entry. */
bool statement_is_name(const char *name);

#endif
