/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/trust_state.h"

/* The chain of authority of anything, from the charter down; and what sums up the whole state. */

struct chain { /* Built from the entry up to the charter. */
    struct trust_link links[TRUST_LINKS];
    size_t count;
};

static struct id entry_id(const struct trust *t, uint32_t entry)
{
    return entry == NONE ? (struct id){{0}} : *ID_OF(t, NODE(t, entry)->name);
}

static void add_link(struct trust *t, struct chain *c, enum trust_link_kind kind, uint32_t entry, struct id about)
{
    struct id id = entry_id(t, entry);
    struct trust_link link = {
        .kind = kind, .entry = id, .log = t->charter.network, .about = about, .status = TRUST_GOOD};

    if (c->count == TRUST_LINKS)
        return;
    if (entry != NONE) {
        struct trust_verdict verdict = trust_entry(t, &id);

        link.log = *PARTY_ID(t, NODE(t, entry)->log);
        link.seq = NODE(t, entry)->seq;
        link.clock = NODE(t, entry)->clock;
        link.status = verdict.status;
        link.cause = verdict.cause;
    }
    c->links[c->count++] = link;
}

/* A vote counts for ever, whatever became of the key that gave it (T8). */
static void add_vote(struct trust *t, struct chain *c, enum trust_link_kind kind, uint32_t entry, struct id about)
{
    add_link(t, c, kind, entry, about);
    c->links[c->count - 1].status = TRUST_GOOD;
    c->links[c->count - 1].cause = TRUST_STANDS;
}

static void add_approvals(struct trust *t, struct chain *c, const struct trust_node *node, bool of_root)
{
    for (uint32_t i = NAME(t, node->name)->refs; i != NONE; i = NODE(t, i)->ref_next) {
        bool counts = of_root ? PARTY(t, NODE(t, i)->log)->stamp == t->stamp
                              : PARTY(t, NODE(t, i)->log)->voted && trust_office_at_council(t, i) != VOID;

        if (NODE(t, i)->act != ACT_APPROVE || !counts)
            continue;
        PARTY(t, NODE(t, i)->log)->stamp = 0;
        add_vote(t, c, TRUST_LINK_APPROVE, i, *ID_OF(t, node->name));
    }
}

/* The roots from this one down to the charter, newest first. */
static void add_roots(struct trust *t, struct chain *c, uint32_t entry, struct id about)
{
    while (entry != NONE && c->count < TRUST_LINKS) {
        const struct trust_node *node = NODE(t, entry);

        trust_council_mark_approvers(t, node->name);
        add_approvals(t, c, node, true);
        add_vote(t, c, TRUST_LINK_ROOT, entry, about);
        entry = NAME(t, node->subject)->entry;
    }
}

static uint32_t lister_of(const struct trust *t, uint32_t log)
{
    return PARTY(t, log)->ever == NONE ? NONE : PARTY(t, log)->listed_by;
}

/* An admission: who approved it, and by which root its writer had a vote. */
static uint32_t add_admission(struct trust *t, struct chain *c, uint32_t entry)
{
    const struct trust_node *node = NODE(t, entry);

    add_approvals(t, c, node, false);
    add_vote(t, c, TRUST_LINK_ADMIT, entry, *ID_OF(t, node->name));
    const struct trust_party *kibbutz =
        NAME(t, node->name)->party == NONE ? NULL : PARTY(t, NAME(t, node->name)->party);
    if (!kibbutz || (!kibbutz->admitted && kibbutz->line == NONE)) {
        c->links[c->count - 1].status = TRUST_VOID;
        c->links[c->count - 1].cause = TRUST_WAITS;
    }
    return lister_of(t, node->log);
}

/* What gave a key its seat, up to the charter. */
static void add_authority(struct trust *t, struct chain *c, uint32_t key)
{
    bool holds, is_open = true;
    uint32_t entry = NONE;

    while (is_open && c->count < TRUST_LINKS) {
        uint32_t seat = trust_shown_seat(t, key, &holds);
        struct id about = *PARTY_ID(t, key);

        if (seat == NONE)
            return; /* Nothing granted it: the chain ends here. */
        entry = SEAT(t, seat)->by;
        uint32_t kibbutz = SEAT(t, seat)->kibbutz;
        is_open = false;
        if (entry == NONE)
            break;
        if (NODE(t, entry)->act == ACT_ACCEPT) {
            uint32_t from = NAME(t, NODE(t, entry)->subject)->entry;

            add_link(t, c, TRUST_LINK_ACCEPT, entry, about);
            if (NODE(t, from)->act == ACT_ADMIT) {
                entry = add_admission(t, c, from);
                break;
            }
            entry = from;
        }
        if (NODE(t, entry)->act == ACT_GRANT) {
            add_link(t, c, TRUST_LINK_GRANT, entry, about);
            key = NODE(t, entry)->log;
            is_open = true;
        } else if (NODE(t, entry)->act == ACT_RECOVER) {
            uint32_t admit = PARTY(t, kibbutz)->admit;

            add_link(t, c, TRUST_LINK_RECOVER, entry, about);
            entry = admit != NONE ? add_admission(t, c, admit) : NONE;
        }
    }
    add_roots(t, c, entry, *PARTY_ID(t, key));
    if (c->count == TRUST_LINKS)
        c->count--;
    add_link(t, c, TRUST_LINK_CHARTER, NONE, t->charter.network);
}

static size_t turn(const struct chain *c, struct trust_link links[TRUST_LINKS])
{
    for (size_t i = 0; i < c->count; i++)
        links[i] = c->links[c->count - 1 - i];
    return c->count;
}

size_t trust_why(struct trust *t, const struct id *entry, struct trust_link links[TRUST_LINKS])
{
    struct chain c = {.count = 0};

    trust_evaluate(t);
    uint32_t place = trust_find_entry(t, entry);
    if (place == NONE)
        return 0;
    uint32_t log = NODE(t, place)->log;
    add_link(t, &c, TRUST_LINK_ENTRY, place, *PARTY_ID(t, log));
    add_authority(t, &c, log);
    return turn(&c, links);
}

/* ---- enrolment ---- */

static size_t add_range(struct trust_range ranges[], size_t count, size_t size, const struct trust_link *link)
{
    for (size_t i = 0; i < count; i++)
        if (id_equal(&ranges[i].log, &link->log)) {
            if (link->seq > ranges[i].to)
                ranges[i].to = link->seq;
            return count;
        }
    if (count < size)
        ranges[count++] = (struct trust_range){.log = link->log, .to = link->seq};
    return count;
}

size_t trust_enrolment(struct trust *t, const struct id *node, struct trust_range ranges[], size_t size)
{
    struct chain c = {.count = 0};
    size_t count = 0;

    trust_evaluate(t);
    uint32_t key = trust_find_party(t, node);
    if (key == NONE)
        return 0;
    add_authority(t, &c, key);
    for (size_t i = c.count; i-- > 0;)
        if (c.links[i].seq)
            count = add_range(ranges, count, size, &c.links[i]);
    return count;
}

/* ---- fingerprint ---- */

static void add_number(struct id_hasher *hasher, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    id_hasher_add(hasher, bytes_of(bytes, sizeof bytes));
}

static void add_council(struct trust *t, struct id_hasher *hasher)
{
    struct trust_council council = trust_council(t);

    id_hasher_add(hasher, id_bytes(&council.root));
    id_hasher_add(hasher, id_bytes(&council.final_root));
    add_number(hasher, (uint64_t)council.status << 32 | council.number);
    for (size_t i = 0; i < trust_candidate_count(t); i++) {
        struct trust_candidate candidate;

        if (!trust_candidate_at(t, i, &candidate))
            break;
        id_hasher_add(hasher, id_bytes(&candidate.entry));
        add_number(hasher, candidate.of_present.count << 3 | (size_t)candidate.passed << 2 |
                               (size_t)candidate.is_final << 1 | candidate.well_formed);
    }
}

static void add_kibbutzim(struct trust *t, struct id_hasher *hasher)
{
    for (size_t i = 0; i < trust_kibbutz_count(t); i++) {
        struct trust_kibbutz k = trust_kibbutz_at(t, i);
        uint8_t words[] = {k.votes, k.registered, k.closed, k.joined, (uint8_t)k.status, (uint8_t)k.steward_count};

        id_hasher_add(hasher, id_bytes(&k.kibbutz));
        id_hasher_add(hasher, id_bytes(&k.card));
        id_hasher_add(hasher, bytes_of(words, sizeof words));
        for (size_t j = 0; j < k.steward_count; j++)
            id_hasher_add(hasher, id_bytes(&k.stewards[j]));
    }
}

static void add_keys(struct trust *t, struct id_hasher *hasher)
{
    for (size_t i = 0; i < trust_key_count(t); i++) {
        struct trust_key key = trust_key_at(t, i);
        uint8_t words[] = {(uint8_t)key.status, (uint8_t)key.role, (uint8_t)key.cause, key.is_cut, key.compromised};
        const struct bytes parts[] = {id_bytes(&key.key),     id_bytes(&key.kibbutz), id_bytes(&key.grant),
                                      id_bytes(&key.channel), id_bytes(&key.because), bytes_of(words, sizeof words)};

        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            id_hasher_add(hasher, parts[j]);
        add_number(hasher, key.cut);
        add_number(hasher, key.contested);
    }
    for (size_t i = 0; i < trust_fork_count(t); i++) {
        struct trust_fork fork = trust_fork_at(t, i);

        id_hasher_add(hasher, id_bytes(&fork.a));
        id_hasher_add(hasher, id_bytes(&fork.b));
        add_number(hasher, fork.seq << 1 | fork.settled);
    }
}

/* Documents are summed without an order: there may be very many. */
static void add_documents(struct trust *t, struct id_hasher *hasher)
{
    struct id sum = {{0}};

    for (size_t i = 0; i < t->papers.count; i++) {
        struct trust_document d;
        struct id_hasher one;
        struct id id = entry_id(t, PAPER(t, i)->entry);

        if (!trust_document(t, &id, &d))
            continue;
        uint8_t words[] = {(uint8_t)d.state, d.erased, d.replacing_disputed, d.own_only};
        const struct bytes parts[] = {id_bytes(&d.document), id_bytes(&d.kibbutz), id_bytes(&d.ended_by),
                                      id_bytes(&d.revision), bytes_of(words, sizeof words)};
        id_hasher_begin(&one, ID_FRONTIER);
        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            id_hasher_add(&one, parts[j]);
        add_number(&one, d.need);
        add_number(&one, (uint64_t)d.approvals << 32 | d.disputed);
        add_number(&one, d.head_count);
        struct id hash = id_hasher_end(&one);
        for (size_t j = 0; j < ID_LEN; j++)
            sum.at[j] ^= hash.at[j];
    }
    id_hasher_add(hasher, id_bytes(&sum));
}

struct id trust_fingerprint(struct trust *t)
{
    struct id_hasher hasher;

    trust_evaluate(t);
    id_hasher_begin(&hasher, ID_FRONTIER);
    add_council(t, &hasher);
    add_kibbutzim(t, &hasher);
    add_keys(t, &hasher);
    add_documents(t, &hasher);
    return id_hasher_end(&hasher);
}
