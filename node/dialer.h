/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DIALER_H
#define NODE_DIALER_H

/*
 * Whom to call, and when: the contacts of this node, their addresses and back-off, and who is shunned for breaking the protocol.
 * It opens no socket, reads no clock and draws no randomness; node/driver.c asks it who is due and tells it how that went.
 *
 * A contact that people gave is called until it is reached.  Of the others, granted nodes whose addresses are known from
 * their signed entries or from a beacon on this network, as many are called as keep DIALER_KEEP sessions, DIALER_AWAY of
 * them to other kibbutzim by own choice; and every ten minutes one by chance, so that no circle of neighbours can hide the rest.
 */

#include "proto/id.h"
#include "proto/limits.h"

#define DIALER_WHY 320
#define DIALER_CONTACTS 1024    /* As many nodes as a network of this size may have and more: 1 MiB at the worst. */
#define DIALER_GIVEN 256        /* Of them those that people gave. */
#define DIALER_ADDRESSES (LIMIT_ADDRESSES + 2) /* Of one contact: signed ones, a given one, a near one. */
#define DIALER_KEEP 8           /* Sessions, whoever called, beyond which nobody is called who was not given by people. */
#define DIALER_AWAY 2           /* Sessions to other kibbutzim that this node chose and called itself. */
#define DIALER_VISIT_MS 600000  /* Between calls to one by chance, give or take a quarter. */
#define DIALER_VISIT_STAY_MS 60000 /* Such a session stays for so long when there are enough others. */

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
    DIALER_VERSION,     /* It speaks other versions of it. */
    DIALER_TAKEN,       /* At its address another node is known to be. */
    DIALER_NO_ADDRESS,  /* No address of it is known. */
    DIALER_REMOVED,     /* People here want no connection with it. */
    DIALER_CLOCK,       /* It is connected, and its clock is far off, ... */
    DIALER_OUR_CLOCK,   /* ... or ours is, ... */
    DIALER_CLOCKS,      /* ... or one of them: node/clocks.h. */
    DIALER_FAILURES
};

/* How an address is known, in the order in which they are tried. */
enum dialer_source { DIALER_FROM_NEAR, DIALER_FROM_PEOPLE, DIALER_FROM_ENTRY };

struct contact {
    struct id channel;
    struct id node;    /* Its node key; zeros: not known. */
    struct id told_by; /* The entry that tells its signed addresses; zeros: none. */
    bool is_given;     /* By people. */
    bool is_granted;   /* Something that stands grants it a place ... */
    bool is_away;      /* ... in another kibbutz. */
    char *addresses[DIALER_ADDRESSES]; /* host:port, in order of `sources`. */
    enum dialer_source sources[DIALER_ADDRESSES];
    size_t address_count;
    size_t turn, tried; /* Which is next, and how many of them failed since the last wait. */
    char address[LIMIT_ADDRESS + 1]; /* The one that is called now, or was or will be; empty: none is known. */
    bool dialling;
    bool reached;      /* Was open at least once. */
    unsigned open;     /* Connections with this key, whoever called. */
    unsigned called;   /* Of them those that we called. */
    bool is_visit;     /* Called by chance alone. */
    uint8_t version;   /* Of the protocol: what it is called with; 0: our best. */
    unsigned failures; /* In a row. */
    uint64_t due_ms;
    uint64_t opened_ms;
    uint64_t apart_ms; /* Since when it is out of reach; 0: it is not, or was not tried. */
    uint64_t heard_ms; /* When it was last heard, of the wall clock; 0: not since the start. */
    enum dialer_failure failure; /* The last one, and it in a sentence; empty: none. */
    char detail[DIALER_WHY];     /* What it, or the end of the session, said. */
    char why[DIALER_WHY];
};

struct dialer;

struct dialer *dialer_new(void); /* NULL when memory is out. */
void dialer_free(struct dialer *d);

/* Reads CHANNELKEY@HOST:PORT.  ERR_FORMAT; ERR_LIMIT: the address is too long. */
enum err dialer_read(struct bytes line, struct id *channel, char address[LIMIT_ADDRESS + 1]);

/* Splits host:port or [host]:port; port 0 is any.  ERR_FORMAT. */
enum err dialer_split(const char *address, char host[LIMIT_ADDRESS + 1], char port[6]);

/* Adds a contact that people gave, due at once, or gives a known one another address.  ERR_LIMIT, ERR_MEMORY. */
enum err dialer_add(struct dialer *d, const struct id *channel, const char *address, uint64_t now);
/*
 * People want no connection with the contact of this channel or node key: what they gave is taken back, and a granted node is barred.
 * ERR_MISSING: there is no such contact.  ERR_LIMIT: too many are barred.
 */
enum err dialer_remove(struct dialer *d, const struct id *key);
/* The same of a node that need not be known yet: it is not called, and whoever accepts its calls asks.  dialer_add() ends it. */
enum err dialer_bar(struct dialer *d, const struct id *key);
bool dialer_bars(const struct dialer *d, const struct id *channel, const struct id *node);

/*
 * The granted nodes as they are now: dialer_learn_begin(), dialer_learn() for each, dialer_learn_end(), which forgets those that
 * are granted no more.  An address that is new is tried at once.  ERR_LIMIT, ERR_MEMORY.
 */
struct dialer_node {
    struct id node, channel;
    struct id told_by; /* The entry that tells the addresses; they are looked at when it is another than before. */
    bool is_away;      /* Of another kibbutz than ours. */
    const struct bytes *addresses;
    size_t address_count;
};
void dialer_learn_begin(struct dialer *d);
enum err dialer_learn(struct dialer *d, const struct dialer_node *node, uint64_t now);
void dialer_learn_end(struct dialer *d);

/* A granted node told on this network where it is: tried at once, and first.  False: it is no contact, or connected, or that was known. */
bool dialer_near(struct dialer *d, const struct id *node, const char *address, uint64_t now);

/* A contact whose node goes by another channel key now; of two that become one the addresses are kept.  ERR_MISSING. */
enum err dialer_rename(struct dialer *d, const struct id *channel, const struct id *new);

size_t dialer_count(const struct dialer *d);
const struct contact *dialer_at(const struct dialer *d, size_t index); /* Lent until the next dialer_add() or dialer_remove(). */
const struct contact *dialer_find(const struct dialer *d, const struct id *channel); /* NULL: none.  Lent likewise. */

/* Who is called at this address by another key than this; NULL: nobody that is known. */
const struct contact *dialer_holder(const struct dialer *d, const struct id *channel, const char *address);
const struct contact *dialer_find_node(const struct dialer *d, const struct id *node); /* NULL: none.  Lent likewise. */

/* Whether it is worth waiting for: people gave it and it was not found out of reach, or it is being called. */
bool dialer_awaits(const struct contact *contact);

/*
 * The next contact to call now, at its `address`; it counts as being dialled until dialer_opened() or dialer_failed().
 * NULL: none is due.  `random` is any 32 random bits.
 */
const struct contact *dialer_next(struct dialer *d, uint64_t now, uint32_t random);

/* One whom we visited by chance and have enough of: hang up.  NULL: none. */
const struct contact *dialer_leave(struct dialer *d, uint64_t now);
uint64_t dialer_deadline(struct dialer *d); /* When the next one is due; UINT64_MAX: never. */

/* Makes one contact (NULL: all) due at once, whatever happened before. */
void dialer_hurry(struct dialer *d, const struct id *channel, uint64_t now);

/* A connection with this key opened, whoever called. */
void dialer_opened(struct dialer *d, const struct id *channel, bool called, uint64_t now);
/* Notes when a contact was last heard, of the wall clock. */
void dialer_heard(struct dialer *d, const struct id *channel, uint64_t wall_ms);
/* An open connection ended.  `random` is any 32 random bits. */
void dialer_closed(struct dialer *d, const struct id *channel, bool called, enum dialer_failure why, const char *detail,
                   uint64_t now, uint32_t random);
/* A call did not get as far as open. */
void dialer_failed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail, uint64_t now,
                   uint32_t random);

/* A call showed which version of the protocol both speak best: it is called again with that. */
void dialer_speak(struct dialer *d, const struct id *channel, uint8_t version, uint64_t now, uint32_t random);

/* Notes that the holder of this key broke the protocol: it is neither called nor accepted for a minute, then twice as long. */
void dialer_shun(struct dialer *d, const struct id *channel, uint64_t now);
bool dialer_shuns(const struct dialer *d, const struct id *channel, uint64_t now);

/* 1 s, doubling with each failure up to 60 s, half of it more or less by chance. */
uint64_t dialer_backoff_ms(unsigned failures, uint32_t random);

/* A failure in a word, for programs, and in a sentence with %s where the address or detail stands, not yet translated. */
const char *dialer_failure_name(enum dialer_failure why);
enum dialer_failure dialer_failure_from_name(const char *name); /* DIALER_UNTRIED: no such. */
const char *dialer_failure_text(enum dialer_failure why);
/* Who has to act, likewise: "we", "they", "either", "nobody". */
const char *dialer_failure_side(enum dialer_failure why);
/* Puts the address or the detail, whichever the sentence is about, into it. */
void dialer_failure_write(char to[DIALER_WHY], enum dialer_failure why, const char *text, const char *address,
                          const char *detail);

#endif
