/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/driver.h"

#include "node/address_book.h"
#include "node/advertise.h"
#include "node/control.h"
#include "node/discovery.h"
#include "node/effects.h"
#include "node/host.h"
#include "node/log.h"
#include "node/peer.h"
#include "node/rotation.h"
#include "node/errand_desk.h"
#include "node/reader_process.h"
#include "node/revival.h"
#include "node/settler.h"
#include "node/tender.h"

#define STOP_MS 2000 /* For goodbyes and what is on its way out. */

/* ---- the loop's one step ---- */

static bool offer(struct node *node, uint64_t now)
{
    bool taken = false;

    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        taken |= peer_offer(peer, now);
    return taken;
}

static void pump(struct node *node)
{
    for (;;) {
        uint64_t now = host_monotonic_ms();
        struct replica_event event = replica_next(node->replica, now);

        if (event.kind != REPLICA_IDLE)
            effects_act(node, &event);
        else if (!offer(node, now) && !peer_flush_all(node, now))
            break;
    }
}

void driver_settle(struct node *node)
{
    if (node->driving || !storer_finish(node->storer))
        return;
    node->driving = true;
    pump(node);
    node->driving = false;
}

static void expire(struct node *node, uint64_t now)
{
    if (replica_deadline(node->replica) <= now)
        replica_expire(node->replica, now);
    for (struct peer *peer = node->peers, *next; peer != NULL; peer = next) {
        next = peer->next; /* peer_expire() ends no other peer. */
        peer_expire(peer, now);
    }
}

/* The one to call, by the channel key that its node goes by today. */
static const struct contact *renew(struct node *node, const struct contact *contact)
{
    struct id newest, channel = contact->channel;
    char key[9];

    if (!rotation_newest(node, &channel, &newest) || dialer_rename(node->dialer, &channel, &newest) != ERR_OK)
        return contact;
    log_event("channel changed", "%s goes by another key now", log_key(&channel, key));
    return dialer_find(node->dialer, &newest);
}

static void hang_up(struct node *node, const struct id *channel)
{
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->open && peer->called && id_equal(&peer->channel, channel))
            replica_close(node->replica, peer->connection);
}

/* Who has proven nothing takes no session's place: else a few silent strangers would keep this node from calling anybody. */
static bool has_place(const struct node *node)
{
    return node->peer_count < LIMIT_SESSIONS + gate_half_open(node->gate);
}

static void dial(struct node *node, uint64_t now)
{
    const struct contact *contact;

    uint32_t random;

    if (node->stopping)
        return;
    if (!replica_is_storing(node->replica))
        address_book_follow(node, now);
    while ((contact = dialer_leave(node->dialer, now)) != NULL)
        hang_up(node, &contact->channel);
    if (now < dialer_deadline(node->dialer))
        return;
    host_random(&random, sizeof random);
    while (has_place(node) && (contact = dialer_next(node->dialer, now, random)) != NULL)
        peer_call(node, renew(node, contact));
}

/* Ends all sessions and begins anew with what is durable; the contacts are called again. */
static void revive(struct node *node)
{
    uint64_t now = host_monotonic_ms();

    (void)storer_finish(node->storer);
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->connected)
            replica_close(node->replica, peer->connection);
    pump(node);
    for (struct peer *peer = node->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        if (!peer->connected)
            continue;
        if (peer->open)
            dialer_closed(node->dialer, &peer->channel, peer->called, DIALER_LOST, "this node began anew", now, 0);
        else if (peer->called)
            dialer_failed(node->dialer, &peer->channel, DIALER_LOST, "this node began anew", now, 0);
        peer_finish(peer, now);
    }
    if (revival_run(node, now))
        dialer_hurry(node->dialer, NULL, now);
}

bool driver_revive(struct node *node)
{
    if (node->driving || !revival_is_due(node, true, host_monotonic_ms()))
        return false;
    node->driving = true;
    revive(node);
    node->driving = false;
    return node->trouble[0] == '\0';
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void on_timer(uv_timer_t *timer)
{
    driver_run(timer->data);
}

static void set_timer(struct node *node)
{
    uint64_t now = host_monotonic_ms();
    uint64_t deadline = replica_deadline(node->replica);

    if (!node->stopping && !replica_is_storing(node->replica))
        deadline = earlier(deadline, earlier(address_book_deadline(node), advertise_deadline(node)));
    if (!node->stopping)
        deadline = earlier(deadline, discovery_deadline(node->discovery));
    if (!node->stopping)
        deadline = earlier(deadline, has_place(node) ? dialer_deadline(node->dialer) : UINT64_MAX);
    else
        deadline = earlier(deadline, node->stop_ms);
    if (!replica_is_storing(node->replica)) /* Else with the next batch, or when there is none. */
        deadline = earlier(deadline, node->index_due_ms);
    if (node->trouble[0] != '\0')
        deadline = earlier(deadline, node->revive_ms);
    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        deadline = earlier(deadline, peer_deadline(peer));
    uv_timer_stop(&node->timer);
    if (deadline == UINT64_MAX)
        return;
    uv_update_time(&node->loop); /* The loop's own time stands still while the disk is waited for. */
    uv_timer_start(&node->timer, on_timer, deadline > now ? deadline - now : 0, 0);
}

static void close_all(struct node *node)
{
    uint64_t now = host_monotonic_ms();

    storer_stop(node->storer);
    while (node->peers != NULL) {
        struct peer *peer = node->peers;

        peer->writing = false;
        peer_finish(peer, now);
    }
    uv_close((uv_handle_t *)&node->timer, NULL);
}

void driver_run(struct node *node)
{
    uint64_t now = host_monotonic_ms();

    if (node->driving || uv_is_closing((uv_handle_t *)&node->timer))
        return;
    node->driving = true;
    expire(node, now);
    if (!node->stopping && revival_is_due(node, false, now))
        revive(node);
    pump(node);
    if (now >= node->index_due_ms && !replica_is_storing(node->replica))
        effects_flush_index(node);
    if (!node->stopping) {
        if (!replica_is_storing(node->replica))
            advertise_run(node, now);
        discovery_run(node->discovery, now);
    }
    dial(node, now);
    pump(node);
    if (!node->stopping && node->is_done != NULL && node->is_done(node, node->context))
        node->stop_asked = true;
    node->driving = false;
    if (node->stop_asked && !node->stopping)
        driver_stop(node);
    else if (node->stopping && (node->peers == NULL || now >= node->stop_ms))
        close_all(node);
    else
        set_timer(node);
}

enum err driver_import(struct node *node, struct bytes bundle, uint64_t *left_out)
{
    enum err err = replica_import(node->replica, EFFECTS_LONE_TAG, bundle);

    *left_out = 0;
    if (err != ERR_OK)
        return err;
    *left_out = replica_left_out(node->replica);
    node->import.outcome = ERR_IO;
    node->driving = true;
    pump(node);
    node->driving = false;
    return node->trouble[0] != '\0' ? node->trouble_cause : node->import.outcome;
}

void driver_wake(struct node *node)
{
    if (!uv_is_closing((uv_handle_t *)&node->timer))
        uv_timer_start(&node->timer, on_timer, 0, 0);
}

void driver_stop(struct node *node)
{
    if (node->stopping)
        return;
    node->stopping = true;
    node->stop_ms = host_monotonic_ms() + STOP_MS;
    for (size_t i = 0; i < node->listener_count; i++)
        uv_close((uv_handle_t *)&node->listeners[i], NULL);
    control_close(node->control);
    node->control = NULL;
    discovery_end(node->discovery);
    node->discovery = NULL;
    reader_process_stop(node->reader);
    node->reader = NULL;
    errand_desk_close(node->desk);
    node->desk = NULL;
    tender_stop(node->tender);
    node->tender = NULL;
    settler_stop(node->settler);
    node->settler = NULL;
    uv_close((uv_handle_t *)&node->terminated, NULL);
    uv_close((uv_handle_t *)&node->interrupted, NULL);
    for (struct peer *peer = node->peers, *next; peer != NULL; peer = next) {
        next = peer->next;
        if (peer->connected)
            replica_close(node->replica, peer->connection);
        else if (!peer->finishing)
            peer_finish(peer, node->stop_ms);
    }
    driver_run(node);
}
