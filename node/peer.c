/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/peer.h"

#include "node/driver.h"
#include "node/host.h"
#include "node/log.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define READ_SIZE KIB(64)
#define UNSENT KIB(64) /* What the kernel may hold unsent: live records would wait behind it. */

/* ---- life ---- */

static struct peer *new_peer(struct node *node, bool called)
{
    struct peer *peer = calloc(1, sizeof *peer);

    if (peer == NULL)
        return NULL;
    peer->node = node;
    peer->called = called;
    peer->connection = ++node->last_connection;
    peer->in = BUFFER(READ_SIZE);
    peer->out = BUFFER(PEER_WRITE);
    peer->due_ms = UINT64_MAX;
    peer->next = node->peers;
    node->peers = peer;
    node->peer_count++;
    return peer;
}

static void free_when_quiet(struct peer *peer)
{
    if (!peer->closing || peer->has_handle || peer->resolving)
        return;
    uv_freeaddrinfo(peer->addresses);
    buffer_free(&peer->in);
    buffer_free(&peer->out);
    free(peer);
}

static void on_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;

    peer->has_handle = false;
    free_when_quiet(peer);
}

void peer_leave_gate(struct peer *peer)
{
    if (peer->half_open)
        gate_leave(peer->node->gate, &peer->address);
    peer->half_open = false;
}

/* The memory goes when libuv has let go of it. */
static void close_peer(struct peer *peer)
{
    struct node *node = peer->node;

    if (peer->closing)
        return;
    peer->closing = true;
    peer_leave_gate(peer);
    for (struct peer **at = &node->peers; *at != NULL; at = &(*at)->next) {
        if (*at == peer) {
            *at = peer->next;
            break;
        }
    }
    node->peer_count--;
    if (peer->resolving)
        uv_cancel((uv_req_t *)&peer->resolve);
    if (peer->has_handle && !uv_is_closing((uv_handle_t *)&peer->tcp))
        uv_close((uv_handle_t *)&peer->tcp, on_closed);
    free_when_quiet(peer);
}

void peer_finish(struct peer *peer, uint64_t now)
{
    peer->connected = false;
    peer->finishing = true;
    if (peer->reading)
        uv_read_stop((uv_stream_t *)&peer->tcp);
    peer->reading = false;
    if (peer->writing)
        peer->due_ms = now + PEER_FINISH_MS;
    else
        close_peer(peer);
}

/* The stream ended or broke: the replica says what that means, and its REPLICA_CLOSED closes the socket. */
static void cut(struct peer *peer)
{
    struct node *node = peer->node;

    if (peer->finishing || !peer->connected) {
        close_peer(peer);
        return;
    }
    if (peer->reading)
        uv_read_stop((uv_stream_t *)&peer->tcp);
    peer->reading = false;
    replica_cut(node->replica, peer->connection);
    driver_run(node);
}

/* ---- in ---- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *run)
{
    static char room[READ_SIZE]; /* Read into and handed on at once: one loop, one reader. */

    (void)handle;
    (void)suggested;
    *run = uv_buf_init(room, sizeof room);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *run)
{
    struct peer *peer = stream->data;
    struct bytes in;

    if (count < 0) {
        cut(peer);
        return;
    }
    in = bytes_of(run->base, (size_t)count);
    peer->received += in.len;
    in = bytes_from(in, replica_receive(peer->node->replica, peer->connection, in, host_monotonic_ms()));
    if (in.len > 0) {
        buffer_add(&peer->in, in);
        uv_read_stop(stream);
        peer->reading = false;
        if (buffer_error(&peer->in) != ERR_OK) { /* Bytes are lost, so the stream is. */
            cut(peer);
            return;
        }
    }
    driver_run(peer->node);
}

static void read_on(struct peer *peer)
{
    if (peer->reading || peer->in.len > 0 || !peer->connected || peer->finishing)
        return;
    peer->reading = uv_read_start((uv_stream_t *)&peer->tcp, on_allocate, on_read) == 0;
}

bool peer_offer(struct peer *peer, uint64_t now)
{
    size_t taken;

    if (peer->in.len == 0 || !peer->connected)
        return false;
    taken = replica_receive(peer->node->replica, peer->connection, buffer_bytes(&peer->in), now);
    buffer_drop(&peer->in, taken);
    read_on(peer);
    return taken > 0;
}

/* ---- out ---- */

static void on_written(uv_write_t *write, int status)
{
    struct peer *peer = write->data;

    peer->writing = false;
    if (peer->closing)
        return;
    peer->due_ms = UINT64_MAX;
    if (status != 0 || peer->finishing) {
        cut(peer);
        return;
    }
    read_on(peer);
    driver_run(peer->node);
}

/* What the kernel does not take at once is copied: the replica's bytes are lent for this call alone. */
static void write_rest(struct peer *peer, struct bytes rest, uint64_t now)
{
    size_t len = rest.len < PEER_WRITE ? rest.len : PEER_WRITE;
    uv_buf_t run;

    buffer_clear(&peer->out);
    buffer_add(&peer->out, bytes_of(rest.at, len));
    if (buffer_error(&peer->out)) {
        peer->due_ms = now + PEER_STALL_PAUSE_MS; /* Memory is out: it is tried again, or ends as one that stalls. */
        return;
    }
    run = uv_buf_init((char *)peer->out.at, (unsigned)len);
    peer->write.data = peer;
    if (uv_write(&peer->write, (uv_stream_t *)&peer->tcp, &run, 1, on_written) != 0)
        return; /* The stream is broken, and reading will say so. */
    replica_sent(peer->node->replica, peer->connection, len);
    peer->writing = true;
    peer->write_since_ms = now;
    peer->due_ms = now + PEER_STALL_PAUSE_MS;
}

bool peer_flush(struct peer *peer, uint64_t now)
{
    bool progress = false;

    while (peer->connected && !peer->writing) {
        struct bytes out = replica_output(peer->node->replica, peer->connection, now);
        uv_buf_t run = uv_buf_init((char *)(uintptr_t)out.at, (unsigned)(out.len < PEER_WRITE ? out.len : PEER_WRITE));
        int count;

        if (out.len == 0)
            break;
        count = uv_try_write((uv_stream_t *)&peer->tcp, &run, 1);
        if (count > 0) {
            replica_sent(peer->node->replica, peer->connection, (size_t)count);
            progress = true;
        } else if (count == UV_EAGAIN || count == 0) {
            write_rest(peer, out, now);
            break;
        } else { /* The stream is broken, and reading will say so. */
            break;
        }
    }
    return progress;
}

bool peer_flush_all(struct node *node, uint64_t now)
{
    bool progress = false;

    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        progress |= peer_flush(peer, now);
    return progress;
}

/* ---- becoming a connection ---- */

/* A host that is gone or goes by another address says nothing; a live one acknowledges, however busy its node is. */
static void watch_host(uv_os_fd_t fd)
{
    static const struct {
        int level, name, value;
    } options[] = {
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, PEER_PROBE_MS / 1000},
        {IPPROTO_TCP, TCP_KEEPINTVL, (PEER_GONE_MS - PEER_PROBE_MS) / 1000 / 3},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, PEER_GONE_MS},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static bool begin(struct peer *peer)
{
    struct node *node = peer->node;
    struct replica_connection how = {
        .initiator = peer->called, .expect = peer->channel, .version = peer->version, .clock_ms = host_now_ms()};
    int unsent = (int)UNSENT;
    uv_os_fd_t fd;
    enum err err;

    uv_tcp_nodelay(&peer->tcp, 1);
    if (uv_fileno((uv_handle_t *)&peer->tcp, &fd) == 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
        watch_host(fd);
    }
    host_random(how.seed, sizeof how.seed);
    err = replica_connect(node->replica, peer->connection, &how, host_monotonic_ms());
    sodium_memzero(how.seed, sizeof how.seed);
    if (err != ERR_OK) {
        log_event("connection refused", "%s: %s", peer->text, err_text(err));
        return false;
    }
    peer->connected = true;
    peer->due_ms = UINT64_MAX;
    read_on(peer);
    return true;
}

static void note_address(struct peer *peer, const struct sockaddr *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char host[48] = "?";

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;

        memcpy(peer->address.at, mapped, sizeof mapped);
        memcpy(peer->address.at + 12, &in->sin_addr, 4);
        uv_ip4_name(in, host, sizeof host);
        snprintf(peer->text, sizeof peer->text, "%s:%u", host, (unsigned)ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)(const void *)address;

        memcpy(peer->address.at, &in->sin6_addr, 16);
        uv_ip6_name(in, host, sizeof host);
        snprintf(peer->text, sizeof peer->text, "[%s]:%u", host, (unsigned)ntohs(in->sin6_port));
    }
}

/* The list begins with the newest. */
static void turn_out_oldest_stranger(struct node *node)
{
    struct peer *oldest = NULL;

    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->half_open && peer->connected)
            oldest = peer;
    if (oldest != NULL)
        cut(oldest);
}

void peer_accept(struct node *node, uv_stream_t *listener)
{
    struct peer *peer = new_peer(node, false);
    struct sockaddr_storage address;
    int len = sizeof address;

    if (peer == NULL)
        return;
    uv_tcp_init(&node->loop, &peer->tcp);
    peer->tcp.data = peer;
    peer->has_handle = true;
    if (uv_accept(listener, (uv_stream_t *)&peer->tcp) != 0 ||
        uv_tcp_getpeername(&peer->tcp, (struct sockaddr *)&address, &len) != 0)
        goto close;
    note_address(peer, (struct sockaddr *)&address);
    if (node->stopping)
        goto close;
    if (gate_is_crowded(node->gate, &peer->address, host_monotonic_ms()))
        turn_out_oldest_stranger(node);
    if (!gate_enter(node->gate, &peer->address, host_monotonic_ms()))
        goto close;
    peer->half_open = true;
    if (!begin(peer))
        goto close;
    driver_run(node);
    return;
close:
    close_peer(peer);
}

/* ---- calling ---- */

static void give_up(struct peer *peer)
{
    struct node *node = peer->node;
    uint32_t random;

    host_random(&random, sizeof random);
    dialer_failed(node->dialer, &peer->channel, peer->failure, "", host_monotonic_ms(), random);
    close_peer(peer);
    driver_run(node);
}

static void try_next(struct peer *peer);

static void retry(uv_handle_t *handle)
{
    struct peer *peer = handle->data;

    peer->has_handle = false;
    if (peer->closing)
        free_when_quiet(peer);
    else
        try_next(peer);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct peer *peer = connect->data;

    if (peer->closing)
        return;
    if (status == 0 && begin(peer)) {
        driver_run(peer->node);
        return;
    }
    peer->failure = status == UV_ECONNREFUSED ? DIALER_NOBODY
                    : status == UV_ETIMEDOUT  ? DIALER_SILENT
                                              : DIALER_UNREACHABLE;
    uv_close((uv_handle_t *)&peer->tcp, retry); /* A socket that failed to connect is of no more use. */
}

static void try_next(struct peer *peer)
{
    while (peer->tried != NULL) {
        const struct sockaddr *address = peer->tried->ai_addr;

        peer->tried = peer->tried->ai_next;
        note_address(peer, address);
        uv_tcp_init(&peer->node->loop, &peer->tcp);
        peer->tcp.data = peer;
        peer->has_handle = true;
        peer->connect.data = peer;
        if (uv_tcp_connect(&peer->connect, &peer->tcp, address, on_connect) == 0)
            return;
        peer->failure = DIALER_UNREACHABLE;
        uv_close((uv_handle_t *)&peer->tcp, retry);
        return;
    }
    give_up(peer);
}

static void on_resolved(uv_getaddrinfo_t *resolve, int status, struct addrinfo *addresses)
{
    struct peer *peer = resolve->data;

    peer->resolving = false;
    peer->addresses = addresses;
    if (peer->closing) {
        free_when_quiet(peer);
        return;
    }
    peer->failure = DIALER_UNRESOLVED;
    peer->tried = status == 0 ? addresses : NULL;
    try_next(peer);
}

void peer_call(struct node *node, const struct contact *contact)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    struct peer *peer = new_peer(node, true);
    char host[LIMIT_ADDRESS + 1], port[6];
    uint64_t now = host_monotonic_ms();

    if (peer == NULL) {
        dialer_failed(node->dialer, &contact->channel, DIALER_UNREACHABLE, "", now, 0);
        return;
    }
    peer->channel = contact->channel;
    peer->version = contact->version;
    peer->due_ms = now + PEER_CALL_MS;
    peer->resolve.data = peer;
    snprintf(peer->text, sizeof peer->text, "%.60s", contact->address);
    if (dialer_split(contact->address, host, port) != ERR_OK ||
        uv_getaddrinfo(&node->loop, &peer->resolve, on_resolved, host, port, &hints) != 0) {
        dialer_failed(node->dialer, &contact->channel, DIALER_UNRESOLVED, "", now, 0);
        close_peer(peer);
        return;
    }
    peer->resolving = true;
}

/* ---- time ---- */

bool peer_is_equal(const struct node *node, const struct id *channel)
{
    struct replica_peer state;

    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->open && peer->connected && id_equal(&peer->channel, channel) &&
            replica_peer(node->replica, peer->connection, &state) == ERR_OK && state.is_open && state.is_equal)
            return true;
    return false;
}

size_t peer_count_unheard(const struct node *node)
{
    size_t unheard = 0;

    for (size_t i = 0; i < dialer_count(node->dialer); i++) {
        const struct contact *contact = dialer_at(node->dialer, i);

        unheard += dialer_awaits(contact) && contact->failures == 0 && !peer_is_equal(node, &contact->channel);
    }
    return unheard;
}

uint64_t peer_deadline(const struct peer *peer)
{
    return peer->due_ms;
}

void peer_expire(struct peer *peer, uint64_t now)
{
    if (now < peer->due_ms)
        return;
    peer->due_ms = UINT64_MAX;
    if (peer->finishing) {
        close_peer(peer);
    } else if (!peer->connected) {
        peer->failure = DIALER_SILENT;
        give_up(peer);
    } else if (peer->writing && now - peer->write_since_ms >= PEER_STALL_CUT_MS) {
        log_event("peer stalled", "%s takes nothing", peer->text);
        cut(peer);
    } else if (peer->writing) {
        if (peer->reading)
            uv_read_stop((uv_stream_t *)&peer->tcp);
        peer->reading = false;
        peer->due_ms = peer->write_since_ms + PEER_STALL_CUT_MS;
    }
}
