/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/weapons.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/compress.h"
#include "proto/limits.h"
#include "proto/trie.h"
#include "proto/wire.h"
#include "tests/sim/people.h"
#include "tests/sim/scenario.h"

#define FORKS_MAX 24 /* Of one log: fewer than the branches that are kept. */

void weapons_say(struct hostile *h, enum session_stream stream, uint8_t type, const struct buffer *body)
{
    if (!buffer_error(body))
        (void)session_send(h->session, stream, type, buffer_bytes(body));
}

static void push(struct hostile *h, const struct buffer *bundle)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE);

    if (!compress_frame(buffer_bytes(bundle), COMPRESS_LIVE, &frame))
        weapons_say(h, SESSION_LIVE, MESSAGE_PUSH, &frame);
    buffer_free(&frame);
}

static void begin(struct world *w, struct buffer *bundle)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &w->federation.network);
}

static void push_entry(struct world *w, struct hostile *h, const struct buffer *wire)
{
    struct buffer bundle;

    begin(w, &bundle);
    bundle_add_entry(&bundle, buffer_bytes(wire));
    push(h, &bundle);
    buffer_free(&bundle);
}

/* The next entry of a victim's log, as its head at the target lets it be, signed by another key. */
static void push_forged(struct world *w, struct hostile *h)
{
    const struct disk *d = &w->nodes[h->target].disk;
    struct id subject;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), wire = BUFFER(LIMIT_ENTRY);
    struct entry entry = {.network = w->federation.network, .root = w->federation.network, .act = ACT_APPROVE};

    if (d->count == 0)
        return;
    struct id victim = d->records[random_below(&w->work_chance, d->count)].head.log;
    struct head head = disk_head(d, &victim);
    random_fill(&w->work_chance, subject.at, ID_LEN);
    act_write_id(&body, ACT_SUBJECT, &subject);
    entry.body = buffer_bytes(&body);
    head.log = h->key.key.public;
    if (!entry_sign(&entry, &head, &h->key.key, ENTRY_CLOCK_MS(head.clock) + 1000)) {
        entry.log = victim;
        entry_encode(&wire, &entry);
        push_entry(w, h, &wire);
    }
    buffer_free(&wire);
    buffer_free(&body);
}

/* A receipt of a victim over what the target has, with a number that would go before all others. */
static void tell_forged_receipt(struct world *w, struct hostile *h)
{
    const struct node *target = &w->nodes[h->target], *victim = &w->nodes[random_below(&w->work_chance, w->node_count)];
    struct buffer body = BUFFER(KIB(1));
    struct signature signature;

    if (!target->up)
        return;
    struct id root = frontier_root(replica_frontier(target->replica));
    random_fill(&w->work_chance, signature.at, sizeof signature.at);
    buffer_u8(&body, MESSAGE_RECEIPT_BRIEF);
    buffer_add(&body, bytes_of(victim->key.key.public.at, RECEIPTS_NODE_LEN));
    buffer_u64(&body, UINT64_C(1) << 62);
    buffer_u64(&body, 1);
    buffer_add(&body, bytes_of(root.at, 4));
    buffer_add(&body, bytes_of(signature.at, sizeof signature.at));
    weapons_say(h, SESSION_LIVE, MESSAGE_RECEIPT, &body);
    buffer_free(&body);
}

/* A true entry of some key, with any content. */
/* Some entry of the key's log that the target has, or none: what comes next forks the log where another followed it. */
static struct head some_past(struct world *w, struct hostile *h, const struct id *log)
{
    const struct disk *d = &w->nodes[h->target].disk;
    struct head head = disk_head(d, log);
    uint64_t seq = head.seq > 0 ? random_below(&w->work_chance, head.seq + 1) : 0;
    uint64_t least = head.seq > 6 ? head.seq - 6 : 0;
    const struct disk_record *record = disk_find_before(d, &head, seq > least ? seq : least);

    return record && seq > 0 ? record->head : (struct head){.log = *log, .kibbutz = head.kibbutz, .role = head.role};
}

static void push_own(struct world *w, struct hostile *h, struct writer *key, bool wrong_content, bool from_past)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT), bundle;
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;

    random_fill(&w->work_chance, salt, sizeof salt);
    if (content_pack_name("name", salt, &packed, &content))
        abort();
    if (wrong_content)
        content.at[0] ^= 1;
    act_write_text(&body, ACT_AUDIENCE, "network");
    act_write_id(&body, ACT_CONTENT, &content);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    begin(w, &bundle);
    key->head = from_past ? some_past(w, h, &key->key.public) : disk_head(&w->nodes[h->target].disk, &key->key.public);
    w->federation.now_ms = UINT64_C(1790000000000) + w->now;
    federation_sign(&w->federation, key, ACT_PUBLISH, buffer_bytes(&body), buffer_bytes(&packed), &bundle);
    push(h, &bundle);
    buffer_free(&bundle);
    buffer_free(&body);
    buffer_free(&packed);
}

/* The founder has the same key in another network, and a log there that fits ours. */
static void push_foreign(struct world *w, struct hostile *h)
{
    struct writer founder = w->federation.founder;
    struct id theirs = id_hash(ID_NETWORK, bytes_text("another charter"));
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), wire = BUFFER(LIMIT_ENTRY);
    struct entry entry = {
        .network = theirs, .kibbutz = founder.kibbutz, .role = founder.role, .root = theirs, .act = ACT_APPROVE};

    act_write_id(&body, ACT_SUBJECT, &theirs);
    entry.body = buffer_bytes(&body);
    founder.head = disk_head(&w->nodes[h->target].disk, &founder.key.public);
    if (entry_sign(&entry, &founder.head, &founder.key, UINT64_C(1790000000000) + w->now))
        abort();
    entry_encode(&wire, &entry);
    push_entry(w, h, &wire);
    buffer_free(&wire);
    buffer_free(&body);
}

static void push_bomb(struct world *w, struct hostile *h)
{
    struct buffer bundle, zeros = BUFFER(LIMIT_CONTENT);

    begin(w, &bundle);
    uint8_t *at = buffer_extend(&zeros, MIB(2));
    if (!at)
        abort();
    memset(at, 0, MIB(2));
    bundle_add_content(&bundle, &h->key.key.public, 1, buffer_bytes(&zeros));
    push(h, &bundle);
    buffer_free(&zeros);
    buffer_free(&bundle);
}

static void push_old(struct world *w, struct hostile *h)
{
    struct buffer bundle;

    /* It can replay only what it may have heard: what the first node holds. */
    begin(w, &bundle);
    for (size_t i = 0; i < w->entry_count; i++)
        if (w->entries[i].fate == FATE_STANDS &&
            disk_find(&w->nodes[0].disk, &w->entries[i].head.log, w->entries[i].head.seq, &w->entries[i].head.entry) &&
            bundle.len < KIB(200))
            bundle_add_entry(&bundle, buffer_bytes(&w->entries[i].wire));
    push(h, &bundle);
    buffer_free(&bundle);
}

static void send_roots(struct world *w, struct hostile *h)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    struct message_roots roots = {.missing = 7};

    random_fill(&w->work_chance, roots.frontier.at, ID_LEN);
    message_write_roots(&body, &roots);
    weapons_say(h, SESSION_LIVE, MESSAGE_ROOTS, &body);
    buffer_free(&body);
}

/* Points that its target knows, and what is said to differ from one of them: it leads to no root that was told. */
static void send_false_delta(struct world *w, struct hostile *h)
{
    struct node *target = &w->nodes[h->target];
    struct id root, log, entry;
    struct buffer points = BUFFER(KIB(1)), delta = BUFFER(KIB(1));

    if (!target->up || !target->replica)
        return;
    root = frontier_root(replica_frontier(target->replica));
    random_fill(&w->work_chance, log.at, ID_LEN);
    random_fill(&w->work_chance, entry.at, ID_LEN);
    buffer_add(&points, bytes_of(log.at, MESSAGE_POINT_LEN));
    buffer_add(&points, bytes_of(root.at, MESSAGE_POINT_LEN));
    buffer_add(&delta, bytes_of(root.at, MESSAGE_POINT_LEN));
    buffer_u16(&delta, 1);
    buffer_u8(&delta, ROLE_STEWARD);
    buffer_add(&delta, id_bytes(&log));
    buffer_u64(&delta, 1000000000);
    buffer_add(&delta, id_bytes(&entry));
    weapons_say(h, SESSION_LIVE, MESSAGE_POINTS, &points);
    weapons_say(h, SESSION_LIVE, MESSAGE_DELTA, &delta);
    buffer_free(&points);
    buffer_free(&delta);
}

static void send_lies(struct world *w, struct hostile *h)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    send_roots(w, h);
    send_false_delta(w, h);
    for (int i = 0; i < 5; i++) {
        struct head head = {.seq = 1000000000, .role = i % 2 ? ROLE_STEWARD : ROLE_COORDINATOR};

        random_fill(&w->work_chance, head.log.at, ID_LEN);
        if (i > 2 && w->entry_count)
            head.log = w->entries[random_below(&w->work_chance, w->entry_count)].head.log;
        message_write_item(&body, &head);
    }
    weapons_say(h, SESSION_LIVE, MESSAGE_VECTOR, &body);
    buffer_free(&body);
}

/* A node of a trie with children that are nowhere. */
static void write_false_node(struct world *w, struct buffer *body)
{
    uint8_t digests[2 * TRIE_DIGEST_LEN];

    random_fill(&w->work_chance, digests, sizeof digests);
    buffer_u8(body, TRIE_INNER);
    buffer_u64(body, 3);
    buffer_add(body, bytes_of(digests, sizeof digests));
}

static void send_false_trie(struct world *w, struct hostile *h, uint32_t request)
{
    struct buffer body = BUFFER(KIB(1));

    buffer_u32(&body, request);
    write_false_node(w, &body);
    weapons_say(h, SESSION_LIVE, MESSAGE_TRIE, &body);
    buffer_free(&body);
}

void weapons_lie_below(struct world *w, struct hostile *h, struct bytes want)
{
    struct wire_reader reader = wire_reader(want);

    send_false_trie(w, h, wire_u32(&reader));
}

void weapons_climb(struct world *w, struct hostile *h, struct bytes trie)
{
    struct wire_reader reader = wire_reader(trie);
    struct trie_ask ask = {.place = {.prefix = UINT64_C(1) << 63, .depth = 1}};

    if (wire_u32(&reader)) {
        if (++h->answers > LIMIT_TRIE_ROUNDS)
            world_fail(w, "answers_without_end", "node %u answered %u times below one top", h->target, h->answers);
        return;
    }
    h->answers = 0;
    random_fill(&w->work_chance, ask.digest, sizeof ask.digest);
    for (uint32_t i = 1; random_chance(&w->work_chance, 995) && i < 2 * LIMIT_TRIE_ROUNDS; i++) {
        struct buffer body = BUFFER(KIB(1));

        buffer_u32(&body, i);
        trie_write_ask(&body, &ask);
        weapons_say(h, SESSION_LIVE, MESSAGE_WANT_TRIE, &body);
        buffer_free(&body);
    }
}

static void send_wants(struct world *w, struct hostile *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct buffer body = BUFFER(LIMIT_MESSAGE);
        struct message_range range = {.from = 1, .to = 1000000};

        range.log = w->federation.founder.key.public;
        buffer_u32(&body, i);
        message_write_range(&body, &range, false);
        weapons_say(h, SESSION_LIVE, MESSAGE_WANT, &body);
        buffer_free(&body);
    }
}

/* A target that did not let it in yet does not even look at what it sends. */
static void condemn(struct world *w, struct hostile *h)
{
    struct node *target = &w->nodes[h->target];
    struct replica_peer peer;

    if (target->up && replica_trust(target->replica) &&
        !replica_peer(target->replica, net_id(h->connection, 1), &peer) && peer.is_open && !h->condemned_ms)
        h->condemned_ms = w->now;
}

void weapons_strike(struct world *w, struct hostile *h)
{
    struct buffer large = BUFFER(LIMIT_MESSAGE_BULK);
    struct writer nobody;
    char label[WORLD_LABEL];

    switch (h->kind) {
    case HOSTILE_FORGER:
        if (random_chance(&w->work_chance, 300))
            tell_forged_receipt(w, h);
        else
            push_forged(w, h);
        break;
    case HOSTILE_UNKNOWN_KEYS:
        snprintf(label, sizeof label, "nobody %" PRIu64 " %" PRIu64, w->seed, random_next(&w->work_chance));
        nobody = federation_writer(label, &w->federation.founder.kibbutz,
                                   random_chance(&w->work_chance, 500) ? ROLE_STEWARD : ROLE_COORDINATOR);
        push_own(w, h, &nobody, false, false);
        break;
    case HOSTILE_WRONG_CONTENT: push_own(w, h, &h->key, true, false); break;
    case HOSTILE_BOMB:
        push_bomb(w, h);
        condemn(w, h);
        break;
    case HOSTILE_OVERSIZE:
        if (buffer_extend(&large, KIB(300))) {
            memset(large.at, 0, large.len);
            weapons_say(h, SESSION_BULK, MESSAGE_PUSH, &large);
        }
        condemn(w, h);
        break;
    case HOSTILE_LIAR:
    case HOSTILE_WITHHOLDER:
        if (w->swarm.small_trie && random_chance(&w->work_chance, 300))
            send_false_trie(w, h, 0);
        else
            send_lies(w, h);
        break;
    case HOSTILE_REPLAYER: push_old(w, h); break;
    case HOSTILE_FORKER: push_own(w, h, &h->key, false, false); break;
    case HOSTILE_EQUIVOCATOR:
    case HOSTILE_FALSE_STEWARD:
        if (h->forks++ < FORKS_MAX)
            push_own(w, h, &h->person, false, true);
        break;
    case HOSTILE_FLOODER:
        for (int i = 0; i < 50; i++)
            send_roots(w, h);
        send_wants(w, h, 10);
        break;
    case HOSTILE_FLIPPER: break;
    case HOSTILE_STRANGER:
    case HOSTILE_REVOKED:
        send_roots(w, h);
        send_wants(w, h, 1);
        push_old(w, h);
        break;
    case HOSTILE_FOREIGNER:
        push_foreign(w, h);
        condemn(w, h);
        break;
    case HOSTILE_KINDS: break;
    }
    buffer_free(&large);
}
