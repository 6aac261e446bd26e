/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DIALER_H
#define NODE_DIALER_H

/*
 * Whom to call, and when: the contacts of this node, their back-off, and who is shunned for breaking the protocol.  It
 * opens no socket and reads no clock; node/node.c asks it who is due and tells it how that went.
 */

#include "proto/id.h"
#include "proto/limits.h"

#define DIALER_WHY 200

enum dialer_failure {
    DIALER_UNTRIED,
    DIALER_UNRESOLVED,  /* The host's name is not known. */
    DIALER_NOBODY,      /* Nobody listens there. */
    DIALER_UNREACHABLE, /* No way there. */
    DIALER_SILENT,      /* It does not answer in time. */
    DIALER_OTHER_KEY,   /* Something listens there and hung up on us: another key, or another network. */
    DIALER_STRANGER,    /* It has the right key and does not know ours. */
    DIALER_REFUSED,     /* It said why not. */
    DIALER_LOST,        /* The connection was cut, or it said goodbye. */
    DIALER_BROKE,       /* It broke the protocol. */
};

struct contact {
    struct id channel;
    char address[LIMIT_ADDRESS + 1]; /* host:port */
    bool dialling;
    bool reached;      /* Was open at least once. */
    unsigned open;     /* Connections with this key, whoever called. */
    unsigned failures; /* In a row. */
    uint64_t due_ms;
    uint64_t opened_ms;
    uint64_t heard_ms; /* When it was last heard, of the wall clock; 0: not since the start. */
    enum dialer_failure failure; /* The last one, and it in a sentence; empty: none. */
    char why[DIALER_WHY];
};

struct dialer;

struct dialer *dialer_new(void); /* NULL when memory is out. */
void dialer_free(struct dialer *d);

/* Reads CHANNELKEY@HOST:PORT.  ERR_FORMAT; ERR_LIMIT: the address is too long. */
enum err dialer_read(struct bytes line, struct id *channel, char address[LIMIT_ADDRESS + 1]);

/* Splits host:port or [host]:port; port 0 is any.  ERR_FORMAT. */
enum err dialer_split(const char *address, char host[LIMIT_ADDRESS + 1], char port[6]);

/* Adds a contact, due at once, or gives a known one another address.  ERR_LIMIT. */
enum err dialer_add(struct dialer *d, const struct id *channel, const char *address, uint64_t now);
/* ERR_MISSING: no such contact. */
enum err dialer_remove(struct dialer *d, const struct id *channel);

/* A contact whose node goes by another channel key now; it stays as it is else.  ERR_MISSING. */
enum err dialer_rename(struct dialer *d, const struct id *channel, const struct id *new);

size_t dialer_count(const struct dialer *d);
const struct contact *dialer_at(const struct dialer *d, size_t index); /* Lent until the next dialer_add() or dialer_remove(). */
const struct contact *dialer_find(const struct dialer *d, const struct id *channel); /* NULL: none.  Lent likewise. */

/* The next contact to call now; it counts as being dialled until dialer_opened() or dialer_failed(). NULL: none is due. */
const struct contact *dialer_next(struct dialer *d, uint64_t now);
uint64_t dialer_deadline(const struct dialer *d); /* When the next one is due; UINT64_MAX: never. */

/* Makes one contact (NULL: all) due at once, whatever happened before. */
void dialer_hurry(struct dialer *d, const struct id *channel, uint64_t now);

/* A connection with this key opened, whoever called. */
void dialer_opened(struct dialer *d, const struct id *channel, bool called, uint64_t now);
/* Notes when a contact was last heard, of the wall clock. */
void dialer_heard(struct dialer *d, const struct id *channel, uint64_t wall_ms);
/* An open connection ended.  `random` is any 32 random bits. */
void dialer_closed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail, uint64_t now,
                   uint32_t random);
/* A call did not get as far as open. */
void dialer_failed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail, uint64_t now,
                   uint32_t random);

/* Notes that the holder of this key broke the protocol: it is neither called nor accepted for a minute, then twice as long. */
void dialer_shun(struct dialer *d, const struct id *channel, uint64_t now);
bool dialer_shuns(const struct dialer *d, const struct id *channel, uint64_t now);

/* 1 s, doubling with each failure up to 60 s, half of it more or less by chance. */
uint64_t dialer_backoff_ms(unsigned failures, uint32_t random);

#endif
