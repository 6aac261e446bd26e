/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SUPPORT_LEAGUE_H
#define TESTS_SUPPORT_LEAGUE_H

/*
 * A federation of several founding kibbutzim with a council, for tests of trust.  Everything is signed with real keys
 * made from labels and kept in order; a log forks when a copied writer signs.  Two runs make the same bytes.
 */

#include "proto/trust.h"

#define LEAGUE_FOUNDERS 5
#define LEAGUE_ENTRIES 256
#define LEAGUE_LINES 8

struct league_writer { /* A key and its log. */
    struct signing_key key;
    struct id kibbutz;
    enum role role;
    struct head head;
};

struct league {
    struct id network;
    struct buffer charter;
    size_t founder_count;
    struct id kibbutzim[LEAGUE_FOUNDERS];
    struct league_writer stewards[LEAGUE_FOUNDERS];
    struct league_writer seconds[LEAGUE_FOUNDERS]; /* A second steward key of each; in the charter if it says so. */
    struct league_writer cards[LEAGUE_FOUNDERS];
    struct id root;  /* That new entries stand on. */
    uint64_t now_ms; /* Advances by one second an entry. */
    unsigned contents;
    struct buffer wires[LEAGUE_ENTRIES];
    struct entry entries[LEAGUE_ENTRIES];
    struct id ids[LEAGUE_ENTRIES];
    size_t count;
};

struct league_options {
    const char *name;
    size_t founders;
    uint64_t majority, admission;
    bool has_seconds; /* Every founder has two steward keys. */
};
void league_begin(struct league *l, struct league_options options);
void league_free(struct league *l);

struct league_writer league_writer(const char *label, const struct id *kibbutz, enum role role);

/* Signs one entry with these lines; its id.  The test ends when that cannot be. */
struct id league_sign(struct league *l, struct league_writer *w, enum act act, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Nobody hears of the entry with this id. */
void league_withhold(struct league *l, const struct id *entry);
/* The last one signed. */
const struct entry *league_last(const struct league *l);
/* 64 hex digits; lent until the next call but seven. */
const char *league_hex(const struct id *id);

struct id league_grant(struct league *l, struct league_writer *steward, const struct league_writer *who);
struct id league_invite(struct league *l, struct league_writer *steward, const struct league_writer *ephemeral,
                        enum role role);
/* A pin of `seq` 0 keeps nothing. */
struct id league_revoke(struct league *l, struct league_writer *steward, const struct id *key, uint64_t seq,
                        const struct id *last);
struct id league_admit(struct league *l, struct league_writer *steward, const struct league_writer *ephemeral);
struct id league_accept(struct league *l, struct league_writer *ephemeral, const struct id *grant,
                        const struct league_writer *newcomer, const struct id *card);
struct id league_approve(struct league *l, struct league_writer *w, const struct id *subject);
/* `need` approvals, counted by "kibbutzim" or "own". */
struct id league_publish(struct league *l, struct league_writer *w, unsigned need, const char *count);
struct id league_revise(struct league *l, struct league_writer *w, const struct id *document, const struct id *after,
                        unsigned need);
/* Something that trust hardly reads, to stand on a root. */
struct id league_stand(struct league *l, struct league_writer *w);

/* A council root to be signed.  Lines and pins come in any order. */
struct league_line {
    struct id kibbutz, card;
    bool votes;
    size_t key_count;
    struct id keys[LIMIT_STEWARDS + 1];
};
struct league_pin {
    struct id key, kibbutz, last;
    uint64_t seq;
};
struct league_root {
    struct id base;
    uint64_t majority, admission;
    size_t line_count, cut_count, keep_count, closed_count, over_count;
    struct league_line lines[LEAGUE_LINES];
    struct league_pin cuts[LEAGUE_LINES], keeps[LEAGUE_LINES];
    struct id closed[LEAGUE_LINES], over[LEAGUE_LINES];
};
/* All founders as they are in the charter, by more than half. */
struct league_root league_root(const struct league *l, const struct id *base);
/* Replaces a founder's keys by one, and cuts those before at these heads. */
void league_replace(struct league_root *root, const struct league *l, size_t founder, const struct id *key);
void league_cut(struct league_root *root, const struct league_writer *w, uint64_t seq, const struct id *last);
struct id league_propose(struct league *l, struct league_writer *w, const struct league_root *root);

/*
 * Trust that knows everything signed, in the order of signing.  Before, it was asked for its fingerprint in other orders,
 * after every entry and after the last: always the same in the end, or the test fails.
 */
struct trust *league_judge(const struct league *l);
/* The same on a node with an anchor. */
struct trust *league_judge_anchored(const struct league *l, const struct id *anchor);

#endif
