/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/discovery.h"

#include "node/driver.h"
#include "node/host.h"
#include "node/listener.h"
#include "node/loader.h"
#include "node/log.h"
#include "proto/beacon.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define PORT 8610
#define GROUP4 "239.255.73.71" /* Of one site, and sent with hop limit 1. */
#define GROUP6 "ff02::4947"    /* Of one link. */
#define FIRST_MS 1000
#define LAST_MS 60000
#define ROOM 512 /* A longer datagram is cut, and so none of ours. */

enum { FOUR, SIX, FAMILIES };

struct discovery {
    struct node *node;
    struct key_file_node *key;
    uv_udp_t sockets[FAMILIES];
    bool is_open[FAMILIES];
    size_t open; /* Handles whose memory libuv still uses. */
    struct beacon_guard guard;
    uint64_t due_ms, wait_ms, clock_ms;
    char room[ROOM];
};

static void on_closed(uv_handle_t *handle)
{
    struct discovery *d = handle->data;

    if (--d->open > 0)
        return;
    key_file_close_node(d->key);
    free(d);
}

void discovery_end(struct discovery *d)
{
    for (size_t i = 0; d != NULL && i < FAMILIES; i++)
        uv_close((uv_handle_t *)&d->sockets[i], on_closed);
}

/* ---- hearing ---- */

/* Where the datagram came from, with the port at which its node is called. */
static void write_address(const struct sockaddr *from, uint16_t port, char to[LIMIT_ADDRESS + 1])
{
    char host[INET6_ADDRSTRLEN] = "", zone[IF_NAMESIZE] = "";

    if (from->sa_family == AF_INET) {
        uv_ip4_name((const struct sockaddr_in *)(const void *)from, host, sizeof host);
        snprintf(to, LIMIT_ADDRESS + 1, "%s:%u", host, (unsigned)port);
        return;
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)from;

    uv_ip6_name(in6, host, sizeof host);
    if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) && if_indextoname(in6->sin6_scope_id, zone) != NULL)
        snprintf(to, LIMIT_ADDRESS + 1, "[%s%%%s]:%u", host, zone, (unsigned)port);
    else
        snprintf(to, LIMIT_ADDRESS + 1, "[%s]:%u", host, (unsigned)port);
}

/* Cheap questions first: whoever is no granted node, or is connected, costs no signature. */
static void hear(struct discovery *d, struct bytes datagram, const struct sockaddr *from)
{
    struct node *node = d->node;
    const struct id network = archive_network(storer_archive(node->storer));
    uint64_t now = host_monotonic_ms();
    const struct contact *contact;
    char address[LIMIT_ADDRESS + 1], key[9];
    struct beacon beacon;

    if (!beacon_guard_admits(&d->guard, now) || beacon_open(datagram, &network, &beacon) != ERR_OK ||
        id_equal(&beacon.node, &node->key))
        return;
    contact = dialer_find_node(node->dialer, &beacon.node);
    if (contact == NULL || !contact->is_granted || contact->open > 0 || beacon_verify(&beacon, &network) != ERR_OK ||
        !beacon_guard_is_news(&d->guard, &beacon, now))
        return;
    write_address(from, beacon.port, address);
    if (!dialer_near(node->dialer, &beacon.node, address, now))
        return;
    log_event("node nearby", "%s at %s", log_key(&contact->channel, key), address);
    driver_wake(node);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *run)
{
    struct discovery *d = handle->data;

    (void)suggested;
    *run = uv_buf_init(d->room, sizeof d->room);
}

static void on_datagram(uv_udp_t *socket, ssize_t count, const uv_buf_t *run, const struct sockaddr *from,
                        unsigned flags)
{
    if (count > 0 && from != NULL && (flags & UV_UDP_PARTIAL) == 0)
        hear(socket->data, bytes_of(run->base, (size_t)count), from);
}

/* ---- telling ---- */

static bool write_datagram(struct discovery *d, struct buffer *out)
{
    const struct id network = archive_network(storer_archive(d->node->storer));
    int port = listener_port(d->node);
    uint64_t clock_ms = host_now_ms();
    struct beacon beacon;

    if (clock_ms <= d->clock_ms)
        clock_ms = d->clock_ms + 1;
    d->clock_ms = clock_ms;
    beacon = (struct beacon){.clock_ms = clock_ms, .port = (uint16_t)port};
    host_random(beacon.salt, sizeof beacon.salt);
    beacon_write(out, &network, &d->key->signing, &beacon);
    return port > 0 && buffer_error(out) == ERR_OK;
}

static void send_to(struct discovery *d, size_t family, const struct sockaddr *to, struct bytes datagram)
{
    char *copy = (char *)d->room; /* It goes out at once or not at all. */
    uv_buf_t run = uv_buf_init(copy, (unsigned)datagram.len);

    memcpy(copy, datagram.at, datagram.len);
    (void)uv_udp_try_send(&d->sockets[family], &run, 1, to);
}

/* Each address of this machine that others reach: the group is joined and told there. */
static void tell_at(struct discovery *d, const uv_interface_address_t *at, struct bytes datagram)
{
    char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1] = "";
    struct sockaddr_in to4;
    struct sockaddr_in6 to6;

    if (at->address.address4.sin_family == AF_INET && d->is_open[FOUR]) {
        uv_ip4_name(&at->address.address4, host, sizeof host);
        uv_ip4_addr(GROUP4, PORT, &to4);
        (void)uv_udp_set_membership(&d->sockets[FOUR], GROUP4, host, UV_JOIN_GROUP); /* It may be joined already. */
        if (uv_udp_set_multicast_interface(&d->sockets[FOUR], host) == 0)
            send_to(d, FOUR, (const struct sockaddr *)&to4, datagram);
    } else if (at->address.address6.sin6_family == AF_INET6 && d->is_open[SIX] &&
               IN6_IS_ADDR_LINKLOCAL(&at->address.address6.sin6_addr)) {
        snprintf(host, sizeof host, "fe80::1%%%s", at->name); /* For its zone alone. */
        uv_ip6_addr(GROUP6, PORT, &to6);
        to6.sin6_scope_id = if_nametoindex(at->name);
        (void)uv_udp_set_membership(&d->sockets[SIX], GROUP6, host, UV_JOIN_GROUP);
        if (uv_udp_set_multicast_interface(&d->sockets[SIX], host) == 0)
            send_to(d, SIX, (const struct sockaddr *)&to6, datagram);
    }
}

static void tell(struct discovery *d)
{
    uv_interface_address_t *interfaces = NULL;
    struct buffer datagram = BUFFER(BEACON_LEN);
    int count = 0;

    if (write_datagram(d, &datagram) && uv_interface_addresses(&interfaces, &count) == 0) {
        for (int i = 0; i < count; i++)
            if (!interfaces[i].is_internal)
                tell_at(d, &interfaces[i], buffer_bytes(&datagram));
        uv_free_interface_addresses(interfaces, count);
    }
    buffer_free(&datagram);
}

void discovery_run(struct discovery *d, uint64_t now)
{
    if (d == NULL || now < d->due_ms)
        return;
    tell(d);
    d->due_ms = now + d->wait_ms;
    d->wait_ms = 2 * d->wait_ms < LAST_MS ? 2 * d->wait_ms : LAST_MS;
}

uint64_t discovery_deadline(const struct discovery *d)
{
    return d != NULL ? d->due_ms : UINT64_MAX;
}

/* ---- beginning ---- */

static bool open_socket(struct discovery *d, size_t family)
{
    uv_udp_t *socket = &d->sockets[family];
    struct sockaddr_storage any = {.ss_family = AF_UNSPEC};

    if (family == FOUR)
        uv_ip4_addr("0.0.0.0", PORT, (struct sockaddr_in *)&any);
    else
        uv_ip6_addr("::", PORT, (struct sockaddr_in6 *)&any);
    if (uv_udp_bind(socket, (struct sockaddr *)&any, UV_UDP_REUSEADDR | (family == SIX ? UV_UDP_IPV6ONLY : 0)) != 0)
        return false;
    (void)uv_udp_set_multicast_ttl(socket, 1);
    (void)uv_udp_set_multicast_loop(socket, 1); /* Several nodes may be on one machine. */
    return uv_udp_recv_start(socket, on_allocate, on_datagram) == 0;
}

struct discovery *discovery_begin(struct node *node, uint64_t now)
{
    struct discovery *d = calloc(1, sizeof *d);
    char reason[NODE_REASON] = "";

    if (d == NULL || loader_open_key(node, &d->key, reason) != ERR_OK) {
        log_event("no discovery", "%s", reason);
        free(d);
        return NULL;
    }
    d->node = node;
    d->due_ms = now + FIRST_MS;
    d->wait_ms = FIRST_MS;
    for (size_t i = 0; i < FAMILIES; i++) {
        uv_udp_init(&node->loop, &d->sockets[i]);
        d->sockets[i].data = d;
        d->open++;
        d->is_open[i] = open_socket(d, i);
    }
    if (!d->is_open[FOUR] && !d->is_open[SIX])
        log_event("no discovery", "UDP port %d cannot be used", PORT);
    return d;
}
