/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_PROTO_TWIN_H
#define TESTS_PROTO_TWIN_H

/* A federation of two founding kibbutzim, for tests of trust: everything signed is in its bundle, in order. */

#include "proto/trust.h"
#include "tests/support/federation.h"

#define TWIN_ENTRIES 64

struct twin {
    struct federation f;
    struct writer second; /* The steward of the second kibbutz. */
    struct buffer bundle;
};

/* `admission` is the charter's.  twin_end() frees `t` too, which may be NULL. */
struct twin twin_begin(uint64_t admission);
void twin_end(struct twin *w, struct trust *t);

/* Everything signed, verified, in the order of signing; its views are borrowed from the bundle. */
struct twin_known {
    struct entry entry;
    struct id id;
};
struct twin_set {
    struct twin_known at[TWIN_ENTRIES];
    size_t count;
};
void twin_read_set(const struct twin *w, struct twin_set *set);

/* Trust that knows the charter alone; and one that knows all that was signed. */
struct trust *twin_fresh(const struct twin *w);
struct trust *twin_judged(const struct twin *w);

struct writer twin_steward(const char *label, const struct id *kibbutz);
struct writer twin_coordinator(const char *label, const struct id *kibbutz);
struct writer twin_node(const char *label, const struct id *kibbutz);
struct writer twin_invitation(const char *label, const struct id *kibbutz);
struct id twin_card(void);

/* The steward of a third kibbutz, admitted by the first one's steward and handed over by the key "ephemeral"; it has no vote. */
struct writer twin_admitted(struct twin *w);

struct id twin_approve(struct twin *w, struct writer *by, const struct id *subject);
struct id twin_transport(struct twin *w, struct writer *by, const char *channel_label);

/* A node's accept, with the channel "newcomer", whose consent may say something else: NULL is what it should be. */
struct twin_consent {
    const struct signing_key *by;
    const struct id *invitation, *channel;
};
void twin_accept_with(struct twin *w, struct writer *ephemeral, const struct id *grant, const struct writer *newcomer,
                      struct twin_consent consent);

enum trust_status twin_status_of(struct trust *t, const struct writer *who);
enum trust_status twin_channel_status(struct trust *t, const char *label);
bool twin_publishes(struct trust *t, const struct id *key);       /* What it publishes counts. */
void twin_assert_good(struct trust *t, const struct writer *who); /* It holds the seat that its writer names. */

#endif
