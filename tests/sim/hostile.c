/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/hostile.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/compress.h"
#include "proto/limits.h"
#include "proto/message.h"
#include "tests/sim/people.h"
#include "tests/sim/scenario.h"

#define JUDGEMENT_MS 5000  /* In which what is plainly wrong has to end a session. */
#define WANTS_A_MINUTE 250 /* What one peer may be asked when its answers help nothing. */
#define FORKS_MAX 24       /* Of one log: fewer than the branches that are kept. */
#define PATIENCE_MS                                                                                                    \
    60000u /* In which who does not answer has to be left; the time in which the node waits for its disk does not count. */

struct hostile {
    enum hostile_kind kind;
    struct writer key;
    struct writer person; /* Whose log it forks. */
    unsigned forks;
    struct noise_key_pair channel;
    struct id channel_id;
    struct session *session;
    struct connection *connection;
    uint32_t target;
    bool open, calling;
    uint64_t condemned_ms, asked_ms, minute_ms;
    unsigned wants;
};

/* Those who fork hold a second key: a coordinator's, or that of the steward of a kibbutz of its own. */
static void enrol_person(struct world *w, struct hostile *h, struct buffer *bundle)
{
    struct federation *f = &w->federation;
    char label[WORLD_LABEL];

    if (h->kind != HOSTILE_EQUIVOCATOR && h->kind != HOSTILE_FALSE_STEWARD)
        return;
    snprintf(label, sizeof label, "person of hostile %" PRIu64 " %zu", w->seed, w->hostile_count);
    h->person = federation_writer(label, &f->founder.kibbutz, ROLE_COORDINATOR);
    if (h->kind == HOSTILE_EQUIVOCATOR) {
        federation_grant_coordinator(f, &f->founder, &h->person.key.public, bundle);
        return;
    }
    snprintf(label, sizeof label, "invitation of hostile %" PRIu64 " %zu", w->seed, w->hostile_count);
    struct writer ephemeral = federation_writer(label, &f->founder.kibbutz, ROLE_INVITATION);
    struct id admit = federation_admit(f, &f->founder, &ephemeral.key.public, bundle);
    struct id card = id_hash(ID_CARD, bytes_text(label));
    ephemeral.kibbutz = admit;
    h->person.kibbutz = admit;
    h->person.role = ROLE_STEWARD;
    federation_accept(f, &ephemeral, &admit, &h->person, &card, NULL, bundle);
}

static void revoke(struct world *w, struct hostile *h, struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, &h->key.key.public);
    act_write_text(&body, ACT_PIN, "0 -");
    act_write_text(&body, ACT_WHY, "compromise");
    (void)federation_sign(&w->federation, &w->federation.founder, ACT_REVOKE, buffer_bytes(&body), bytes_of(NULL, 0),
                          bundle);
    buffer_free(&body);
}

void hostile_enrol(struct world *w, struct buffer *bundle)
{
    for (unsigned i = 0; i < w->swarm.hostiles; i++) {
        struct hostile *h = calloc(1, sizeof *h);
        char label[WORLD_LABEL];

        if (!h)
            abort();
        snprintf(label, sizeof label, "hostile %" PRIu64 " %u", w->seed, i);
        h->kind = w->scenario ? (enum hostile_kind)w->scenario->hostiles[i]
                              : (enum hostile_kind)random_below(&w->work_chance, HOSTILE_KINDS);
        h->key = federation_writer(label, &w->federation.founder.kibbutz, ROLE_NODE);
        h->channel = federation_channel(label);
        if (h->kind != HOSTILE_STRANGER)
            federation_grant_node(&w->federation, &w->federation.founder, &h->key.key.public, label, bundle);
        enrol_person(w, h, bundle);
        if (h->kind == HOSTILE_REVOKED)
            revoke(w, h, bundle);
        w->hostiles[w->hostile_count++] = h;
        trace_note(&w->trace, w->now, "hostile %u of kind %d", i, (int)h->kind);
        world_push(w, random_between(&w->work_chance, 3000, 30000), EVENT_HOSTILE, i, 0);
    }
}

void hostile_free(struct world *w)
{
    for (size_t i = 0; i < w->hostile_count; i++) {
        session_free(w->hostiles[i]->session);
        free(w->hostiles[i]);
    }
}

bool hostile_log(const struct world *w, const struct id *log)
{
    for (size_t i = 0; i < w->hostile_count; i++)
        if ((w->hostiles[i]->kind != HOSTILE_STRANGER && id_equal(&w->hostiles[i]->key.key.public, log)) ||
            id_equal(&w->hostiles[i]->person.key.public, log))
            return true;
    return false;
}

/* ---- weapons ---- */

static void say(struct hostile *h, enum session_stream stream, uint8_t type, const struct buffer *body)
{
    if (!buffer_error(body))
        (void)session_send(h->session, stream, type, buffer_bytes(body));
}

static void push(struct hostile *h, const struct buffer *bundle)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE);

    if (!compress_frame(buffer_bytes(bundle), COMPRESS_LIVE, &frame))
        say(h, SESSION_LIVE, MESSAGE_PUSH, &frame);
    buffer_free(&frame);
}

static void begin(struct world *w, struct buffer *bundle)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &w->federation.network);
}

/* The next entry of a victim's log, as its head at the target lets it be, signed by another key. */
static void push_forged(struct world *w, struct hostile *h)
{
    const struct disk *d = &w->nodes[h->target].disk;
    struct id subject;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), wire = BUFFER(LIMIT_ENTRY), bundle;
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
        begin(w, &bundle);
        bundle_add_entry(&bundle, buffer_bytes(&wire));
        push(h, &bundle);
        buffer_free(&bundle);
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
    say(h, SESSION_LIVE, MESSAGE_RECEIPT, &body);
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
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), wire = BUFFER(LIMIT_ENTRY), bundle;
    struct entry entry = {
        .network = theirs, .kibbutz = founder.kibbutz, .role = founder.role, .root = theirs, .act = ACT_APPROVE};

    act_write_id(&body, ACT_SUBJECT, &theirs);
    entry.body = buffer_bytes(&body);
    founder.head = disk_head(&w->nodes[h->target].disk, &founder.key.public);
    if (entry_sign(&entry, &founder.head, &founder.key, UINT64_C(1790000000000) + w->now))
        abort();
    entry_encode(&wire, &entry);
    begin(w, &bundle);
    bundle_add_entry(&bundle, buffer_bytes(&wire));
    push(h, &bundle);
    buffer_free(&bundle);
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
    say(h, SESSION_LIVE, MESSAGE_ROOTS, &body);
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
    say(h, SESSION_LIVE, MESSAGE_POINTS, &points);
    say(h, SESSION_LIVE, MESSAGE_DELTA, &delta);
    buffer_free(&points);
    buffer_free(&delta);
}

static void send_lies(struct world *w, struct hostile *h)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    send_roots(w, h);
    send_false_delta(w, h);
    buffer_u8(&body, MESSAGE_LAST);
    for (int i = 0; i < 5; i++) {
        struct head head = {.seq = 1000000000, .role = i % 2 ? ROLE_STEWARD : ROLE_COORDINATOR};

        random_fill(&w->work_chance, head.log.at, ID_LEN);
        if (i > 2 && w->entry_count)
            head.log = w->entries[random_below(&w->work_chance, w->entry_count)].head.log;
        message_write_item(&body, &head);
    }
    say(h, SESSION_LIVE, MESSAGE_VECTOR, &body);
    buffer_free(&body);
}

static void send_wants(struct world *w, struct hostile *h, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct buffer body = BUFFER(LIMIT_MESSAGE);
        struct message_range range = {.from = 1, .to = 1000000};

        range.log = w->federation.founder.key.public;
        buffer_u32(&body, i);
        message_write_range(&body, &range, false);
        say(h, SESSION_LIVE, MESSAGE_WANT, &body);
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

static void strike(struct world *w, struct hostile *h)
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
            say(h, SESSION_BULK, MESSAGE_PUSH, &large);
        }
        condemn(w, h);
        break;
    case HOSTILE_LIAR:
    case HOSTILE_WITHHOLDER: send_lies(w, h); break;
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

/* ---- sessions ---- */

static void hang_up(struct world *w, struct hostile *h)
{
    struct connection *c = h->connection;

    session_free(h->session);
    h->session = NULL;
    h->connection = NULL;
    h->open = h->calling = false;
    h->condemned_ms = h->asked_ms = 0;
    if (c)
        net_leave(w, c, 0, false);
}

static void judge(struct world *w, uint32_t which)
{
    struct hostile *h = w->hostiles[which];
    struct node *target = &w->nodes[h->target];
    struct connection *c = h->connection;
    struct replica_peer peer;

    if (!c || !h->session || !c->there[0] || !c->there[1] || !target->up || target->broken || target->store_number)
        return;
    bool arrived = !c->pipes[0].deaf && c->pipes[0].len == 0 && session_queued(h->session, SESSION_LIVE) == 0 &&
                   session_queued(h->session, SESSION_BULK) == 0;
    /* A goodbye may stand before a window that is full; what counts is that the node has ended it. */
    bool kept = !replica_peer(target->replica, net_id(c, 1), &peer) && peer.is_open;
    if (h->condemned_ms && arrived && kept && w->now > h->condemned_ms + JUDGEMENT_MS)
        world_fail(w, "hostile_tolerated", "node %u keeps a session with hostile %u of kind %d", h->target, which,
                   (int)h->kind);
    if (h->kind == HOSTILE_WITHHOLDER && h->asked_ms &&
        w->now > h->asked_ms + (w->swarm.slow_disk ? 5u : 1u) * PATIENCE_MS)
        world_fail(w, "waits_for_ever", "node %u waits for an answer of hostile %u", h->target, which);
    if (h->wants > WANTS_A_MINUTE)
        world_fail(w, "asks_again", "node %u asked hostile %u %u times in a minute", h->target, which, h->wants);
}

void hostile_tick(struct world *w, uint32_t which)
{
    struct hostile *h = w->hostiles[which];

    if (w->calm && (!w->swarm.hostile_to_the_end || w->probe_at)) {
        hang_up(w, h);
        return;
    }
    judge(w, which);
    world_push(w, w->now + random_between(&w->work_chance, 100, 4000), EVENT_HOSTILE, which, 0);
    if (w->now > h->minute_ms + 60000) {
        h->minute_ms = w->now;
        h->wants = 0;
    }
    if (!h->calling && !h->session) {
        h->target = (uint32_t)random_below(&w->work_chance, w->node_count);
        if (w->scenario && w->scenario->has_victim)
            h->target = w->scenario->victim;
        h->calling = w->nodes[h->target].used && (h->connection = net_call(w, WORLD_NODES + which, h->target));
        return;
    }
    if (h->open && !h->condemned_ms && !h->asked_ms) { /* A withholder that was asked falls silent. */
        strike(w, h);
        if (random_chance(&w->work_chance, h->kind == HOSTILE_WITHHOLDER || h->kind == HOSTILE_LIAR ? 5 : 100))
            hang_up(w, h);
        else
            world_pump(w, WORLD_NODES + which);
    }
}

void hostile_called(struct world *w, uint32_t which, struct connection *c, bool accepted)
{
    struct hostile *h = w->hostiles[which];
    struct session_options options = {.initiator = true,
                                      .network = w->federation.network,
                                      .channel = &h->channel,
                                      .expect = &w->nodes[h->target].channel_id,
                                      .software = "hostile"};

    if (!accepted) {
        h->connection = NULL;
        h->calling = false;
        return;
    }
    (void)c;
    random_fill(&w->net_chance, options.seed, sizeof options.seed);
    h->session = session_new(&options, w->now);
    world_pump(w, WORLD_NODES + which);
}

/* Where the steward's key that granted and revoked it has forked, all of that is in doubt, and a node in doubt is served; what was so for one that has crashed since, nobody can say. */
static bool in_doubt(const struct world *w, const struct hostile *h)
{
    struct replica *replica = w->nodes[h->target].replica;
    struct trust *trust = replica ? replica_trust(replica) : NULL;
    struct id channel;

    memcpy(channel.at, h->channel.public, ID_LEN);
    return !w->nodes[h->target].up || (trust && trust_channel(trust, &channel).status > TRUST_VOID);
}

static void hear(struct world *w, uint32_t which, const struct session_event *event)
{
    struct hostile *h = w->hostiles[which];
    struct message_range ranges[LIMIT_RANGES];
    uint32_t request;
    size_t count;
    struct buffer body = BUFFER(KIB(1));

    if ((h->kind == HOSTILE_STRANGER || h->kind == HOSTILE_REVOKED) && event->type != MESSAGE_REFUSED &&
        !in_doubt(w, h)) {
        world_fail(w, "stranger_served", "node %u sent message %02x to hostile %u", h->target, event->type, which);
        return;
    }
    if (event->type != MESSAGE_WANT && event->type != MESSAGE_WANT_CONTENT)
        return;
    h->wants++;
    if (message_read_ranges(event->payload, event->type == MESSAGE_WANT_CONTENT, &request, ranges, &count))
        return;
    if (h->kind == HOSTILE_WITHHOLDER) {
        if (!h->asked_ms)
            h->asked_ms = w->now;
        return;
    }
    if (h->kind == HOSTILE_LIAR) /* It goes on after what never was. */
        message_write_bundle(&body, request, MESSAGE_AFTER | MESSAGE_LAST, bytes_text("nothing"));
    else
        message_write_bundle(&body, request, MESSAGE_LAST, bytes_of(NULL, 0));
    say(h, SESSION_BULK, MESSAGE_BUNDLE, &body);
    buffer_free(&body);
}

void hostile_pump(struct world *w, uint32_t which)
{
    struct hostile *h = w->hostiles[which];
    bool did = true;

    while (did && h->session && !w->failed) {
        struct session_event event;

        while (h->session && (event = session_next(h->session)).kind != SESSION_IDLE) {
            if (event.kind == SESSION_OPENED)
                h->open = true;
            else if (event.kind == SESSION_MESSAGE)
                hear(w, which, &event);
            else
                hang_up(w, h);
        }
        if (!h->session)
            return;
        did = net_feed(w, WORLD_NODES + which);
        did = net_flush(w, WORLD_NODES + which) || did;
    }
}

static bool is_ours(const struct hostile *h, uint32_t id)
{
    return h->session && h->connection && h->connection->number == id / 2;
}

struct bytes hostile_output(struct world *w, uint32_t which, uint32_t id)
{
    static uint8_t flipped[65536];
    struct hostile *h = w->hostiles[which];
    struct bytes out = is_ours(h, id) ? session_output(h->session, w->now) : bytes_of(NULL, 0);

    if (h->kind != HOSTILE_FLIPPER || out.len == 0 || out.len > sizeof flipped || !random_chance(&w->net_chance, 300))
        return out;
    memcpy(flipped, out.at, out.len);
    flipped[random_below(&w->net_chance, out.len)] ^= (uint8_t)(1u << random_below(&w->net_chance, 8));
    return bytes_of(flipped, out.len);
}

void hostile_sent(struct world *w, uint32_t which, uint32_t id, size_t count)
{
    if (is_ours(w->hostiles[which], id))
        session_sent(w->hostiles[which]->session, count);
}

size_t hostile_receive(struct world *w, uint32_t which, uint32_t id, struct bytes in)
{
    return is_ours(w->hostiles[which], id) ? session_receive(w->hostiles[which]->session, in, w->now) : in.len;
}

void hostile_cut(struct world *w, uint32_t which, uint32_t id)
{
    if (is_ours(w->hostiles[which], id))
        session_cut(w->hostiles[which]->session);
}
