/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/errand.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

void errands_begin(struct errands *e, int fd)
{
    int type;
    socklen_t len = sizeof type;

    *e = (struct errands){.fd = -1};
    if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET)
        e->fd = fd;
}

static struct errands_known *find(struct errands *e, const struct id *digest)
{
    for (size_t i = 0; i < ERRAND_KNOWN; i++)
        if (e->known[i].asked_ms != 0 && id_equal(&e->known[i].digest, digest))
            return &e->known[i];
    return NULL;
}

/* What the node said since; an answer to what is remembered no more is passed over. */
static void take_answers(struct errands *e)
{
    uint8_t answer[ERRAND_ANSWER_LEN + 1];
    ssize_t len;

    while (e->fd >= 0 && (len = recv(e->fd, answer, sizeof answer, MSG_DONTWAIT)) != -1) {
        struct errands_known *known;
        struct id digest;

        if (len == 0) {
            e->fd = -1; /* It is gone. */
            return;
        }
        memcpy(digest.at, answer, ID_LEN);
        known = len == ERRAND_ANSWER_LEN ? find(e, &digest) : NULL;
        if (known != NULL && answer[ID_LEN] >= ERRAND_ASKED && answer[ID_LEN] <= ERRAND_BUSY)
            known->outcome = (enum errand_outcome)answer[ID_LEN];
    }
}

/* However many ask: the node has other work. */
static bool may_send(struct errands *e, uint64_t now)
{
    if (e->second != now / 1000) {
        e->second = now / 1000;
        e->sent = 0;
    }
    return e->sent++ < ERRAND_SECOND;
}

enum errand_outcome errands_ask(struct errands *e, const struct id *digest, uint64_t now)
{
    struct errands_known *known;

    take_answers(e);
    if (e->fd < 0)
        return ERRAND_NO_NODE;
    known = find(e, digest);
    if (known != NULL && now < known->asked_ms + ERRAND_AGAIN_MS)
        return known->outcome;
    if (!may_send(e, now))
        return known != NULL ? known->outcome : ERRAND_BUSY;
    if (send(e->fd, digest->at, ID_LEN, MSG_DONTWAIT | MSG_NOSIGNAL) != ID_LEN)
        return errno == EAGAIN || errno == EINTR ? ERRAND_BUSY : ERRAND_NO_NODE;
    if (known == NULL) {
        known = &e->known[e->next];
        e->next = (e->next + 1) % ERRAND_KNOWN;
        *known = (struct errands_known){.digest = *digest, .outcome = ERRAND_ASKED};
    }
    known->asked_ms = now;
    return known->outcome;
}
