/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * hostile_sockets MODE COUNT SECONDS ADDRESS PORT: keeps COUNT connections to a node on the loopback, from as many
 * addresses as 127.0.0.0/8 has, and does what strangers do there; what is closed is opened again.
 *
 *     silent   says nothing
 *     stall    all but the last byte of a first message
 *     forged   a first message of the right form, which costs the node a Diffie-Hellman
 *     drip     a byte of a first message each half second, and reads a byte at a time
 *     garbage  a stream of chance, as fast as it is taken
 *     flood    hangs up at once
 *
 * Prints "MODE: opened N, said N bytes, heard N bytes".
 */

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FIRST 56 /* Bytes of a first message. */
#define DRIP_MS 500
#define OPENS_A_ROUND 100 /* New connections between two looks at the others: some ten thousand a second. */
#define BY_ADDRESS 8

enum mode { SILENT, STALL, FORGED, DRIP, GARBAGE, FLOOD, MODES };

static const char *const NAMES[MODES] = {"silent", "stall", "forged", "drip", "garbage", "flood"};

struct caller {
    int socket; /* -1: none. */
    size_t said;
    uint64_t due_ms;
};

static enum mode mode;
static struct sockaddr_in target;
static uint64_t opened, said, heard, chance = 1;
static int events;

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fill(uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at[i] = (uint8_t)(chance >> 56);
    }
}

static void hang_up(struct caller *c)
{
    if (c->socket >= 0)
        close(c->socket);
    c->socket = -1;
}

/* 127.x.y.z, of which each stands for some household's machine. */
static struct sockaddr_in address_of(size_t number)
{
    size_t machine = number / BY_ADDRESS;
    struct sockaddr_in address = {.sin_family = AF_INET};

    address.sin_addr.s_addr = htonl(0x7f010002u + (uint32_t)(machine % 200) + ((uint32_t)(machine / 200) << 8));
    return address;
}

static void call(struct caller *c, size_t number)
{
    struct sockaddr_in from = address_of(number);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = number};

    c->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->socket < 0 || bind(c->socket, (struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(c->socket, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(events, EPOLL_CTL_ADD, c->socket, &event) != 0) {
        hang_up(c);
        return;
    }
    c->said = 0;
    c->due_ms = 0;
    opened++;
}

/* Says so many bytes of what this mode says; false when the line is gone. */
static bool say(struct caller *c, size_t len)
{
    uint8_t bytes[4096];

    fill(bytes, sizeof bytes);
    if (mode != GARBAGE)
        memcpy(bytes, "IGUM\1\1\0\x30", 8);
    ssize_t done = send(c->socket, bytes + (mode == GARBAGE ? 0 : c->said), len, MSG_NOSIGNAL);
    if (done > 0) {
        c->said += (size_t)done;
        said += (uint64_t)done;
    }
    return done > 0 || errno == EAGAIN || errno == ENOTCONN;
}

static bool act(struct caller *c)
{
    size_t goal = mode == STALL ? FIRST - 1 : FIRST;

    switch (mode) {
    case SILENT: return true;
    case STALL:
    case FORGED: return c->said >= goal || say(c, goal - c->said);
    case DRIP:
        if (c->said >= goal || now_ms() < c->due_ms)
            return true;
        c->due_ms = now_ms() + DRIP_MS;
        return say(c, 1);
    case GARBAGE: return say(c, 4096);
    case FLOOD:
    case MODES: return false;
    }
    return false;
}

static bool listen_to(struct caller *c)
{
    uint8_t bytes[4096];
    ssize_t len;

    while ((len = recv(c->socket, bytes, mode == DRIP ? 1 : sizeof bytes, 0)) > 0)
        heard += (uint64_t)len;
    return len != 0 && (errno == EAGAIN || errno == ENOTCONN);
}

static void look(struct caller *callers)
{
    struct epoll_event ready[512];
    int count = epoll_wait(events, ready, 512, 1);

    for (int i = 0; i < count; i++) {
        struct caller *c = &callers[ready[i].data.u64];

        if (c->socket < 0)
            continue;
        bool good = !(ready[i].events & (EPOLLERR | EPOLLHUP)) && listen_to(c);
        if (!good || (ready[i].events & EPOLLOUT && !act(c)))
            hang_up(c);
    }
}

int main(int argc, char **argv)
{
    struct rlimit limit = {1 << 17, 1 << 17};

    for (mode = 0; argc == 6 && mode < MODES && strcmp(argv[1], NAMES[mode]) != 0;)
        mode++;
    if (argc != 6 || mode == MODES)
        return 2;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    size_t count = strtoul(argv[2], NULL, 10), next = 0;
    uint64_t end = now_ms() + strtoul(argv[3], NULL, 10) * 1000;
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[5], NULL, 10))};
    struct caller *callers = calloc(count, sizeof *callers);
    if (inet_pton(AF_INET, argv[4], &target.sin_addr) != 1 || (events = epoll_create1(EPOLL_CLOEXEC)) < 0 || !callers)
        return 2;
    for (size_t i = 0; i < count; i++)
        callers[i].socket = -1;
    while (now_ms() < end) {
        size_t opens = 0;

        for (size_t i = 0; i < count && opens < OPENS_A_ROUND; i++, next = (next + 1) % count)
            if (callers[next].socket < 0) {
                call(&callers[next], next);
                opens++;
            } else if (mode == DRIP && !act(&callers[next])) {
                hang_up(&callers[next]);
            }
        look(callers);
    }
    printf("%s: opened %llu, said %llu bytes, heard %llu bytes\n", argv[1], (unsigned long long)opened,
           (unsigned long long)said, (unsigned long long)heard);
    return 0;
}
