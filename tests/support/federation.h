/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SUPPORT_FEDERATION_H
#define TESTS_SUPPORT_FEDERATION_H

/*
 * A small federation for tests: keys made from labels, entries signed with them, all from fixed seeds, so that two runs
 * make the same bytes.  Every function appends what it signed to a bundle (entry, then its content).
 */

#include "proto/bundle.h"
#include "proto/charter.h"
#include "proto/content.h"
#include "proto/frontier.h"
#include "proto/invitation.h"
#include "proto/noise.h"

struct writer { /* A key and its log. */
    struct signing_key key;
    struct id kibbutz;
    enum role role;
    struct head head;
};

struct federation {
    struct id network;
    struct buffer charter;
    struct writer founder; /* The founding steward. */
    uint64_t now_ms;       /* Advances by one second an entry. */
    uint64_t salts;
};

void federation_begin(struct federation *f, const char *name);
void federation_free(struct federation *f);

/* A key from a label; the log is empty. */
struct writer federation_writer(const char *label, const struct id *kibbutz, enum role role);
struct noise_key_pair federation_channel(const char *label);
struct id federation_channel_id(const char *label);

/* Signs one entry with these lines.  `content` is a packed content or empty.  Returns the entry id. */
struct id federation_sign(struct federation *f, struct writer *w, enum act act, struct bytes body, struct bytes content,
                          struct buffer *bundle);

/* A steward grants a node by key, a coordinator by key, an invitation key; names become contents. */
struct id federation_grant_node(struct federation *f, struct writer *steward, const struct id *node, const char *channel_label,
                                struct buffer *bundle);
struct id federation_grant_coordinator(struct federation *f, struct writer *steward, const struct id *key, struct buffer *bundle);
struct id federation_grant_invitation(struct federation *f, struct writer *steward, const struct id *ephemeral, enum role role,
                                      struct buffer *bundle);
struct id federation_admit(struct federation *f, struct writer *steward, const struct id *ephemeral, struct buffer *bundle);

/* The hand-over: `ephemeral` accepts `grant` for `newcomer`.  `card` for a kibbutz, `channel_label` for a node, else NULL. */
struct id federation_accept(struct federation *f, struct writer *ephemeral, const struct id *grant, const struct writer *newcomer,
                            const struct id *card, const char *channel_label, struct buffer *bundle);

/* The founding kibbutz's recovery card; it names another steward in the place of a lost key, whose log stands up to `last`. */
struct writer federation_card(const struct id *kibbutz);
struct id federation_recover(struct federation *f, const struct writer *lost, const struct head *last, const struct id *key,
                             struct buffer *bundle);

/* Publishes a text for an audience. */
struct id federation_publish(struct federation *f, struct writer *w, const char *text, enum act_audience audience,
                             struct buffer *bundle);
/* The same with attachments, named by their digests. */
struct id federation_publish_with(struct federation *f, struct writer *w, const char *text, enum act_audience audience,
                                  const struct content_file attachments[], size_t count, struct buffer *bundle);
/* The same as the second revision of a document; NULL: as its first. */
struct id federation_revise_with(struct federation *f, struct writer *w, const struct id *document, const char *text,
                                 enum act_audience audience, const struct content_file attachments[], size_t count,
                                 struct buffer *bundle);

#endif
