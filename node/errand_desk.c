/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/errand_desk.h"

#include "node/driver.h"
#include "node/file_io.h"
#include "node/host.h"
#include "node/log.h"
#include "node/reserve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MINUTE_MS 60000

/* One reader's; it outlives the desk until the loop has closed it. */
struct channel {
    uv_poll_t poll;
    int fd;
    struct errand_desk *desk;
    uint64_t second; /* In which so many messages came: */
    unsigned heard;
};

struct errand_desk {
    struct node *node;
    struct channel *channel; /* NULL: there is none. */
    struct errand_allowance allowance;
    size_t open_count;                /* What is brought for readers, ... */
    struct id open[ERRAND_DESK_OPEN]; /* ... as far as nobody else wanted it before. */
};

bool errand_allows(struct errand_allowance *a, uint64_t now)
{
    const uint64_t each = MINUTE_MS / ERRAND_DESK_MINUTE;
    uint64_t from = a->spent_until_ms > now ? a->spent_until_ms : now;

    if (from + each > now + MINUTE_MS)
        return false;
    a->spent_until_ms = from + each;
    return true;
}

/* ---- what is asked for ---- */

static void forget_open(struct errand_desk *desk, size_t place)
{
    desk->open[place] = desk->open[--desk->open_count];
}

/* Those that have come leave their place; of the others, one that nobody connected has, when there is no place else. */
static bool make_place(struct errand_desk *desk)
{
    struct replica *replica = desk->node->replica;
    size_t sources;

    for (size_t i = desk->open_count; i-- > 0;)
        if (replica_file_sources(replica, &desk->open[i], &sources) != ERR_OK)
            forget_open(desk, i);
    for (size_t i = desk->open_count; i-- > 0 && desk->open_count == ERRAND_DESK_OPEN;)
        if (replica_file_sources(replica, &desk->open[i], &sources) == ERR_OK && sources == 0) {
            replica_unwant_file(replica, &desk->open[i]);
            forget_open(desk, i);
        }
    return desk->open_count < ERRAND_DESK_OPEN;
}

static enum errand_outcome begin(struct errand_desk *desk, const struct id *digest, const struct id *entry)
{
    struct node *node = desk->node;
    uint64_t size;
    char key[9];

    if (!make_place(desk) || !errand_allows(&desk->allowance, host_monotonic_ms()))
        return ERRAND_BUSY;
    if (!archive_names_file(storer_archive(node->storer), entry, digest, &size))
        return ERRAND_UNKNOWN;
    if (!reserve_allows(node->home, size))
        return ERRAND_FULL;
    if (file_io_want_one(node, entry, digest, size) != ERR_OK)
        return ERRAND_BUSY;
    desk->open[desk->open_count++] = *digest;
    log_event("attachment asked for", "by a reader: %s, %llu bytes", log_key(digest, key), (unsigned long long)size);
    driver_wake(node);
    return ERRAND_ASKED;
}

static enum errand_outcome answer(struct errand_desk *desk, const struct id *digest)
{
    struct node *node = desk->node;
    const struct id *named = replica_absent_entry(node->replica, digest);
    enum errand_outcome outcome;
    struct id entry;
    size_t sources;

    if (named == NULL)
        return ERRAND_UNKNOWN;
    entry = *named;
    if (node->trouble[0] != '\0')
        return node->trouble_cause == ERR_FULL ? ERRAND_FULL : ERRAND_BUSY;
    if (replica_file_sources(node->replica, digest, &sources) != ERR_OK) {
        if ((outcome = begin(desk, digest, &entry)) != ERRAND_ASKED)
            return outcome;
        (void)replica_file_sources(node->replica, digest, &sources);
    }
    return sources > 0 ? ERRAND_ASKED : ERRAND_NOBODY;
}

/* ---- the channel ---- */

static void channel_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;

    close(channel->fd);
    free(channel);
}

static void close_channel(struct errand_desk *desk)
{
    if (desk->channel != NULL)
        uv_close((uv_handle_t *)&desk->channel->poll, channel_closed);
    desk->channel = NULL;
}

static bool is_too_much(struct channel *channel, uint64_t now)
{
    if (channel->second != now / 1000) {
        channel->second = now / 1000;
        channel->heard = 0;
    }
    return ++channel->heard > ERRAND_DESK_SECOND;
}

/* False: it ended, or what came is no errand, and nothing more is heard of who sent it. */
static bool take_one(struct channel *channel, const uint8_t message[], ssize_t len)
{
    uint8_t said[ERRAND_ANSWER_LEN];
    struct id digest;

    if (len == 0)
        return false;
    if (len != ID_LEN || is_too_much(channel, host_monotonic_ms())) {
        log_event("reader not heard", "%s", len != ID_LEN ? "it sent what is no errand" : "it asks too much");
        return false;
    }
    memcpy(digest.at, message, ID_LEN);
    memcpy(said, message, ID_LEN);
    said[ID_LEN] = (uint8_t)answer(channel->desk, &digest);
    (void)send(channel->fd, said, sizeof said, MSG_DONTWAIT | MSG_NOSIGNAL); /* Who does not listen asks again. */
    return true;
}

static void on_message(uv_poll_t *poll, int status, int events)
{
    struct channel *channel = poll->data;
    uint8_t message[ID_LEN + 1];
    bool goes_on = status == 0;
    ssize_t len;

    (void)events;
    for (unsigned i = 0; goes_on && i < ERRAND_DESK_BATCH; i++) {
        if ((len = recv(channel->fd, message, sizeof message, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
            return;
        goes_on = len >= 0 && take_one(channel, message, len);
    }
    if (!goes_on)
        close_channel(channel->desk);
}

enum err errand_desk_new(struct node *node, struct errand_desk **desk)
{
    if ((*desk = calloc(1, sizeof **desk)) == NULL)
        return ERR_MEMORY;
    (*desk)->node = node;
    return ERR_OK;
}

int errand_desk_open(struct errand_desk *desk)
{
    struct channel *channel = calloc(1, sizeof *channel);
    int ends[2];

    close_channel(desk);
    if (channel == NULL || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        free(channel);
        return -1;
    }
    *channel = (struct channel){.fd = ends[0], .desk = desk};
    if (uv_poll_init(&desk->node->loop, &channel->poll, channel->fd) != 0) {
        close(ends[0]);
        close(ends[1]);
        free(channel);
        return -1;
    }
    channel->poll.data = channel;
    desk->channel = channel;
    (void)uv_poll_start(&channel->poll, UV_READABLE, on_message);
    return ends[1];
}

void errand_desk_close(struct errand_desk *desk)
{
    if (desk == NULL)
        return;
    close_channel(desk);
    free(desk);
}
