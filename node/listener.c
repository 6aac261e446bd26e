/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/listener.h"

#include "node/peer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define BACKLOG 128

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0)
        peer_accept(listener->data, listener);
}

static enum err parse(const char *text, struct sockaddr_storage *address)
{
    char host[LIMIT_ADDRESS + 1], port[6];
    enum err err = dialer_split(text, host, port);
    int number;

    if (err != ERR_OK)
        return err;
    number = (int)strtol(port, NULL, 10);
    if (uv_ip4_addr(host, number, (struct sockaddr_in *)address) == 0 ||
        uv_ip6_addr(host, number, (struct sockaddr_in6 *)address) == 0)
        return ERR_OK;
    return ERR_FORMAT;
}

static enum err listen_at(struct node *node, const char *text, unsigned flags, char reason[NODE_REASON])
{
    uv_tcp_t *listener = &node->listeners[node->listener_count];
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    int status;

    if (parse(text, &address) != ERR_OK) {
        snprintf(reason, NODE_REASON, "'%.100s' is not a numeric address with a port, such as 0.0.0.0:8610", text);
        return ERR_FORMAT;
    }
    uv_tcp_init(&node->loop, listener);
    listener->data = node;
    node->listener_count++;
    if ((status = uv_tcp_bind(listener, (struct sockaddr *)&address, flags)) == 0)
        status = uv_listen((uv_stream_t *)listener, BACKLOG, on_connection);
    if (status == 0)
        return ERR_OK;
    snprintf(reason, NODE_REASON,
             status == UV_EADDRINUSE ? "the port of %.100s is in use" : "cannot listen at %.100s: %.60s", text,
             uv_strerror(status));
    return status == UV_EADDRINUSE ? ERR_EXISTS : ERR_IO;
}

static int port_of(const uv_tcp_t *listener, struct sockaddr_storage *address)
{
    int len = sizeof *address;

    if (uv_tcp_getsockname(listener, (struct sockaddr *)address, &len) != 0)
        return 0;
    /* The port stands at the same place in both kinds of address. */
    return ntohs(((struct sockaddr_in *)address)->sin_port);
}

enum err listener_open(struct node *node, const char *address, char reason[NODE_REASON])
{
    char text[64];
    enum err err;

    if (address != NULL)
        return listen_at(node, address, 0, reason);
    snprintf(text, sizeof text, "0.0.0.0:%d", NODE_PEER_PORT);
    if ((err = listen_at(node, text, 0, reason)))
        return err;
    snprintf(text, sizeof text, "[::]:%d", NODE_PEER_PORT);
    /* A machine without IPv6 is fine. */
    return listen_at(node, text, UV_TCP_IPV6ONLY, reason) == ERR_EXISTS ? ERR_EXISTS : ERR_OK;
}

/* Listening at all addresses: those of this machine that others can reach, and the loopback where there is none. */
static void each_interface(int port, listener_address_fn *each, void *context)
{
    uv_interface_address_t *interfaces = NULL;
    char host[48], text[64];
    int count = 0, told = 0;

    if (uv_interface_addresses(&interfaces, &count) != 0)
        count = 0;
    for (int i = 0; i < count; i++) {
        if (interfaces[i].is_internal || interfaces[i].address.address4.sin_family != AF_INET)
            continue;
        uv_ip4_name(&interfaces[i].address.address4, host, sizeof host);
        snprintf(text, sizeof text, "%s:%d", host, port);
        each(context, text);
        told++;
    }
    uv_free_interface_addresses(interfaces, count);
    if (told == 0) {
        snprintf(text, sizeof text, "127.0.0.1:%d", port);
        each(context, text);
    }
}

void listener_each_address(struct node *node, listener_address_fn *each, void *context)
{
    struct sockaddr_storage address;
    char host[48], text[64];
    int port;

    if (node->listener_count == 0 || (port = port_of(&node->listeners[0], &address)) == 0)
        return;
    if (address.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)&address)->sin6_addr)) {
        each_interface(port, each, context);
    } else if (address.ss_family == AF_INET6) {
        uv_ip6_name((struct sockaddr_in6 *)&address, host, sizeof host);
        snprintf(text, sizeof text, "[%s]:%d", host, port);
        each(context, text);
    } else if (((struct sockaddr_in *)&address)->sin_addr.s_addr == htonl(INADDR_ANY)) {
        each_interface(port, each, context);
    } else {
        uv_ip4_name((struct sockaddr_in *)&address, host, sizeof host);
        snprintf(text, sizeof text, "%s:%d", host, port);
        each(context, text);
    }
}

/* ---- where others can reach it ---- */

static bool is_far(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    uint32_t four = address->ss_family == AF_INET ? ntohl(in->sin_addr.s_addr) : 0;

    if (address->ss_family == AF_INET)
        return four >> 24 != 127 && four >> 16 != 0xa9fe; /* Not the loopback, nor of one link alone. */
    return !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

static void tell(const struct sockaddr_storage *address, int port, listener_address_fn *each, void *context)
{
    char host[48], text[64];

    if (!is_far(address))
        return;
    if (address->ss_family == AF_INET)
        uv_ip4_name((const struct sockaddr_in *)address, host, sizeof host);
    else
        uv_ip6_name((const struct sockaddr_in6 *)address, host, sizeof host);
    snprintf(text, sizeof text, address->ss_family == AF_INET ? "%s:%d" : "[%s]:%d", host, port);
    each(context, text);
}

static void tell_interfaces(int family, int port, listener_address_fn *each, void *context)
{
    uv_interface_address_t *interfaces = NULL;
    int count = 0;

    if (uv_interface_addresses(&interfaces, &count) != 0)
        return;
    for (int i = 0; i < count; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNSPEC};

        memcpy(&address, &interfaces[i].address, sizeof interfaces[i].address);
        if (!interfaces[i].is_internal && address.ss_family == family)
            tell(&address, port, each, context);
    }
    uv_free_interface_addresses(interfaces, count);
}

static bool is_any(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ((const struct sockaddr_in *)address)->sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

void listener_each_reachable(struct node *node, listener_address_fn *each, void *context)
{
    for (size_t i = 0; i < node->listener_count; i++) {
        struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
        int port = port_of(&node->listeners[i], &address);

        if (port == 0)
            continue;
        if (is_any(&address))
            tell_interfaces(address.ss_family, port, each, context);
        else
            tell(&address, port, each, context);
    }
}

int listener_port(struct node *node)
{
    struct sockaddr_storage address;

    return node->listener_count > 0 ? port_of(&node->listeners[0], &address) : 0;
}
