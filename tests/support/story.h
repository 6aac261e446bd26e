/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SUPPORT_STORY_H
#define TESTS_SUPPORT_STORY_H

/*
 * Histories of trust told in a few words.  A key is a label whose first letter is its role (S steward, C coordinator, N node, R card, E invitation) and
 * whose second is its kibbutz: "Sa" is the steward with which kibbutz a is founded, "Ra" its card.  Nothing is signed but consents: trust is
 * handed verified entries.  Each entry is added at once to `trust` and kept, so that other sets can be made of them.
 */

#include "proto/limits.h"
#include "proto/trust.h"

#define STORY_ENTRIES 128
#define STORY_KEYS 48

struct story_entry {
    struct entry entry;
    struct id id;
    struct buffer body;
};

struct story {
    struct trust *trust;
    struct buffer charter;
    struct id network, root; /* `root`: what new entries stand on; the network id at first. */
    struct id kibbutzim[26]; /* By letter. */
    struct story_entry entries[STORY_ENTRIES];
    size_t count;
    uint64_t serial; /* Of entries: their clock, and what their ids are made of. */
    struct {
        char label[16];
        struct id last;
        uint64_t seq;
    } heads[STORY_KEYS];
    size_t head_count;
    struct buffer lines; /* Of the next entry: story_write() takes and empties them. */
};

/* Kibbutzim by letters, "abc"; majority 0: more than half. */
void story_begin(struct story *s, const char *founders, uint64_t majority, uint64_t admission);
void story_end(struct story *s);
struct trust *story_fresh(const struct story *s); /* Trust that knows the charter alone. */

struct id story_key(const char *label);
struct id story_card(const char *label); /* The card that this key is. */
struct id story_kibbutz(const struct story *s, char letter);
struct id story_last(const struct story *s, const char *label); /* The newest entry of a log ... */
uint64_t story_seq(const struct story *s, const char *label);   /* ... and its seq. */
void story_go_back(struct story *s, const char *label,
                   const struct id *to); /* The log goes on after this entry; NULL: from nothing. */

/* Writes an entry with s->lines. */
struct id story_write(struct story *s, const char *by, enum act act);

struct id story_transport(struct story *s, const char *by, const char *channel);
struct id story_grant(struct story *s, const char *by, const char *key, const char *role);
struct id story_invite(struct story *s, const char *by, const char *invitation, const char *role);
struct id story_admit(struct story *s, const char *by, const char *invitation,
                      char letter); /* The new kibbutz gets this letter. */
struct id story_accept(struct story *s, const char *invitation, const struct id *grant, const char *key,
                       const char *card);
struct id story_revoke(struct story *s, const char *by, const char *key, uint64_t seq, const struct id *last);
struct id story_approve(struct story *s, const char *by, const struct id *subject);
struct id story_publish(struct story *s, const char *by, uint64_t need);
struct id story_revise(struct story *s, const char *by, const struct id *document, const struct id *after,
                       uint64_t need);
struct id story_withdraw(struct story *s, const char *by, const struct id *document);
struct id story_erase(struct story *s, const char *by, const struct id *subject);

/* The lines of a root: "base", then these, then thresholds for `voters`; cuts and the rest follow in the order of the format. */
void story_council(struct story *s, const struct id *base, uint64_t majority, uint64_t admission);
void story_line(struct story *s, char kibbutz, bool vote, const char *card, const char *key);
void story_cut(struct story *s, bool keeps, const char *key, char kibbutz, uint64_t seq, const struct id *last);
void story_closed(struct story *s, char kibbutz);
void story_over(struct story *s, const struct id *rival);

enum trust_status story_status(struct story *s, const char *key);
enum trust_state story_state(struct story *s, const struct id *document);

#endif
