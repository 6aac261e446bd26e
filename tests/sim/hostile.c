/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/weapons.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "tests/sim/people.h"
#include "tests/sim/scenario.h"

#define JUDGEMENT_MS 5000  /* In which what is plainly wrong has to end a session. */
#define WANTS_A_MINUTE 250 /* What one peer may be asked when its answers help nothing. */
#define PATIENCE_MS                                                                                                    \
    60000u /* In which who does not answer has to be left; the time in which the node waits for its disk does not count. */

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
        weapons_strike(w, h);
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
    if (event->type == MESSAGE_TRIE && h->kind == HOSTILE_LIAR)
        weapons_climb(w, h, event->payload);
    if (event->type == MESSAGE_WANT_TRIE && h->kind == HOSTILE_LIAR)
        weapons_lie_below(w, h, event->payload);
    if (event->type == MESSAGE_WANT_TRIE && h->kind == HOSTILE_WITHHOLDER && !h->asked_ms)
        h->asked_ms = w->now;
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
    weapons_say(h, SESSION_BULK, MESSAGE_BUNDLE, &body);
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
