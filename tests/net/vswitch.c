/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * vswitch COUNT SEED: COUNT network namespaces, and the lines between them, in one process without privileges outside of
 * its own.  Namespace I has the address 10.66.0.I/16 on a TUN device, and may take any other that ends so; what it sends is carried to the
 * namespace of the receiver, later, in another order, or never, as this direction of this line is set.  What is drawn comes from SEED.
 *
 * Prints "place I PATH ADDRESS" for each (nsenter --net=PATH enters it), then reads orders from its input, for the
 * direction FROM → TO:
 *     line FROM TO DELAY_MS JITTER_MS LOSS_PERMILLE KBIT_PER_S     (0 kbit/s: as fast as can be)
 *     cut FROM TO      nothing passes, silently
 *     join FROM TO
 *     guard FROM TO    of TCP, only such connections as TO began: as a router does that translates addresses
 * At the end of its input it prints "carried N, lost N, cut off N" and ends; the namespaces end with their last process.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PLACES 32
#define PACKET 1500
#define QUEUE 512  /* Packets under way in one direction of a line: a router's buffer is no larger. */
#define HEAP 65536 /* The same in all. */

struct line {
    uint64_t delay_us, jitter_us, kbit, free_us; /* `free_us`: when its sender has sent all. */
    unsigned loss_permille, queued;
    bool cut, guarded;
};

struct packet {
    uint64_t due_us, serial;
    unsigned from, to;
    size_t len;
    uint8_t at[PACKET];
};

static struct line lines[PLACES][PLACES];
static int devices[PLACES];
static unsigned count;
static struct packet *heap[HEAP];
static size_t heap_count;
static uint64_t serial, chance, carried, lost, cut_off;

static void need(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "vswitch: %s: %s\n", what, strerror(errno));
    exit(77);
}

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t draw(uint64_t below)
{
    uint64_t z = chance += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return below ? (z ^ (z >> 31)) % below : 0;
}

/* ---- packets under way ---- */

static bool is_before(const struct packet *a, const struct packet *b)
{
    return a->due_us < b->due_us || (a->due_us == b->due_us && a->serial < b->serial);
}

static void push(struct packet *packet)
{
    size_t i = heap_count++;

    for (; i > 0 && is_before(packet, heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = packet;
}

static struct packet *pop(void)
{
    struct packet *first = heap[0], *last = heap[--heap_count];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < heap_count; i = child) {
        if (child + 1 < heap_count && is_before(heap[child + 1], heap[child]))
            child++;
        if (!is_before(heap[child], last))
            break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return first;
}

static unsigned receiver_of(const uint8_t *at, size_t len)
{
    bool ours = len >= 20 && at[0] >> 4 == 4 && at[16] == 10 && at[17] == 66;

    return ours && at[19] >= 1 && at[19] <= count ? at[19] - 1u : PLACES;
}

/* The first packet of a TCP connection. */
static bool begins(const uint8_t *at, size_t len)
{
    size_t header = (size_t)(at[0] & 15) * 4;

    return at[9] == IPPROTO_TCP && len >= header + 20 && (at[header + 13] & 0x12) == 0x02;
}

static void take(unsigned from)
{
    struct packet *packet = malloc(sizeof *packet);

    need(packet != NULL, "memory");
    ssize_t len = read(devices[from], packet->at, sizeof packet->at);
    unsigned to = len > 0 ? receiver_of(packet->at, (size_t)len) : PLACES;
    struct line *line = to < PLACES ? &lines[from][to] : NULL;

    bool turned_away = line != NULL && line->guarded && begins(packet->at, (size_t)len);

    if (line == NULL || line->cut || turned_away || draw(1000) < line->loss_permille || line->queued >= QUEUE || heap_count == HEAP) {
        *(line && (line->cut || turned_away) ? &cut_off : &lost) += line != NULL;
        free(packet);
        return;
    }
    uint64_t now = now_us();
    line->free_us = (line->free_us > now ? line->free_us : now) + (line->kbit ? (uint64_t)len * 8000 / line->kbit : 0);
    packet->due_us = line->free_us + line->delay_us + draw(line->jitter_us + 1);
    packet->serial = serial++;
    packet->from = from;
    packet->to = to;
    packet->len = (size_t)len;
    line->queued++;
    push(packet);
}

static void deliver(void)
{
    while (heap_count > 0 && heap[0]->due_us <= now_us()) {
        struct packet *packet = pop();
        struct line *line = &lines[packet->from][packet->to];

        line->queued--;
        if (line->cut)
            cut_off++;
        else if (write(devices[packet->to], packet->at, packet->len) == (ssize_t)packet->len)
            carried++;
        else
            lost++;
        free(packet);
    }
}

/* ---- orders ---- */

static void obey(const char *order)
{
    unsigned from, to, delay, jitter, loss, kbit;
    char verb[8];

    if (sscanf(order, "%7s %u %u", verb, &from, &to) != 3 || from < 1 || to < 1 || from > count || to > count) {
        fprintf(stderr, "vswitch: cannot read: %s\n", order);
        exit(1);
    }
    struct line *line = &lines[from - 1][to - 1];
    if (strcmp(verb, "line") == 0 && sscanf(order, "%*s %*u %*u %u %u %u %u", &delay, &jitter, &loss, &kbit) == 4) {
        line->delay_us = delay * UINT64_C(1000);
        line->jitter_us = jitter * UINT64_C(1000);
        line->loss_permille = loss;
        line->kbit = kbit;
    } else if (strcmp(verb, "guard") == 0) {
        line->guarded = true;
    } else {
        line->cut = strcmp(verb, "cut") == 0;
    }
}

/* False at the end of the input. */
static bool read_orders(void)
{
    static char text[4096];
    static size_t len;
    ssize_t more = read(STDIN_FILENO, text + len, sizeof text - 1 - len);

    if (more <= 0)
        return false;
    len += (size_t)more;
    for (char *end; (end = memchr(text, '\n', len)) != NULL;) {
        *end = '\0';
        obey(text);
        len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, len);
    }
    return true;
}

/* ---- namespaces ---- */

static void set_flags(int control, const char *device)
{
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};

    strcpy(request.ifr_name, device);
    need(ioctl(control, SIOCSIFFLAGS, &request) == 0, device);
}

static void set_address(int control, const char *device, unsigned place)
{
    struct ifreq request = {.ifr_flags = 0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a420000u + place)};

    strcpy(request.ifr_name, device);
    memcpy(&request.ifr_addr, &address, sizeof address);
    need(ioctl(control, SIOCSIFADDR, &request) == 0, "address");
    address.sin_addr.s_addr = htonl(0xffff0000u);
    memcpy(&request.ifr_netmask, &address, sizeof address);
    need(ioctl(control, SIOCSIFNETMASK, &request) == 0, "netmask");
}

static void open_place(unsigned place)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int control, space;

    need(unshare(CLONE_NEWNET) == 0, "a network namespace");
    devices[place - 1] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    need(devices[place - 1] >= 0, "/dev/net/tun");
    strcpy(request.ifr_name, "office");
    need(ioctl(devices[place - 1], TUNSETIFF, &request) == 0, "a TUN device");
    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    need(control >= 0, "socket");
    set_address(control, "office", place);
    set_flags(control, "office");
    set_flags(control, "lo");
    close(control);
    space = open("/proc/self/ns/net", O_RDONLY); /* Stays open: it is the way in. */
    need(space >= 0, "/proc/self/ns/net");
    printf("place %u /proc/%d/fd/%d 10.66.0.%u\n", place, (int)getpid(), space, place);
}

static int milliseconds_to_next(void)
{
    uint64_t now = now_us();

    if (heap_count == 0)
        return -1;
    return heap[0]->due_us <= now ? 0 : (int)((heap[0]->due_us - now + 999) / 1000);
}

int main(int argc, char **argv)
{
    struct pollfd watched[PLACES + 1] = {{.fd = STDIN_FILENO, .events = POLLIN}};

    if (argc != 3 || (count = (unsigned)strtoul(argv[1], NULL, 10)) < 1 || count > PLACES) {
        fprintf(stderr, "vswitch COUNT SEED, at most %d\n", PLACES);
        return 2;
    }
    chance = strtoull(argv[2], NULL, 10);
    for (unsigned i = 1; i <= count; i++) {
        open_place(i);
        watched[i] = (struct pollfd){.fd = devices[i - 1], .events = POLLIN};
    }
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        (void)poll(watched, count + 1, milliseconds_to_next());
        deliver();
        for (unsigned i = 0; i < count; i++)
            if (watched[i + 1].revents & POLLIN)
                take(i);
        if (watched[0].revents && !read_orders())
            break;
    }
    printf("carried %llu, lost %llu, cut off %llu\n", (unsigned long long)carried, (unsigned long long)lost,
           (unsigned long long)cut_off);
    return 0;
}
