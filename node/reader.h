/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_READER_H
#define NODE_READER_H

/*
 * The web reader: HTTP on the office's network, read-only, without keys, in a process of its own.  The only user of
 * libmicrohttpd, which parses requests and writes answers; what a request may be, how long it may take and which headers
 * an answer carries is decided here.
 */

#include "proto/bytes.h"
#include "proto/error.h"

#define READER_REASON 256
#define READER_CONNECTIONS 800        /* In all: each costs READER_MEMORY and a descriptor; more than a storm of slow ones takes. */
#define READER_CONNECTIONS_PER_IP 64  /* Browsers open six; an office behind one address still reads. */
#define READER_MEMORY (16 * 1024)     /* For one connection's headers, both ways. */
#define READER_HEADERS_MS 10000       /* Until the headers are here, idle time before them included. */
#define READER_TOTAL_MS 30000         /* Until the answer is gone, and longer for an attachment ... */
#define READER_RATE (64 * 1024)       /* ... that is taken at so many bytes a second. */
#define READER_PART (64 * 1024)       /* Handed to the socket at a time. */
#define READER_NAMES 16               /* Host names that may be configured. */

struct reader;

struct reader_options {
    const char *home;
    const char *http;               /* ADDR:PORT or [ADDR]:PORT; port 0: any that is free. */
    const char *names[READER_NAMES + 1]; /* Names by which browsers may call us, besides addresses and localhost.  Borrowed. */
    unsigned headers_ms, total_ms;  /* 0: as above. */
    int errand_fd;                  /* What the running node gave (node/errand.h); -1: there is none. */
};

/* Listens.  ERR_FORMAT: no address; ERR_EXISTS: the port is in use; ERR_IO.  `reason` tells, for people. */
enum err reader_open(const struct reader_options *options, struct reader **reader, char reason[READER_REASON]);
void reader_close(struct reader *r); /* Accepts NULL. */

/* "192.0.2.1:8611": where it listens.  Lent until reader_close(). */
const char *reader_address(const struct reader *r);

/* Serves until `stop_fd` is readable, or the other end of the pipe `parent_fd` (-1: none) is closed. */
enum err reader_run(struct reader *r, int stop_fd, int parent_fd);

/* Says whether a Host header is one of ours: an address literal, localhost or one of `names`; a port may follow. */
bool reader_knows_host(struct bytes host, const char *const names[]);

/* Says whether Accept-Language prefers English: it names English, and no Hebrew at all. */
bool reader_prefers_english(struct bytes accept);

#endif
