/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_OFFICE_H
#define NODE_OFFICE_H

/*
 * What most verbs begin with: one home with its configuration, archive, trust and keys.  Functions that return an int
 * return an exit code of node/command.h, and have told people what is wrong when it is not COMMAND_OK.
 */

#include "node/config.h"
#include "node/signer.h"
#include "proto/frontier.h"
#include "proto/trust.h"
#include "store/archive.h"
#include "store/files.h"
#include "store/index.h"
#include "store/key_file.h"
#include "store/marks.h"
#include "store/roster.h"

enum office_mode {
    OFFICE_INSPECT, /* The archive alone, for one that may be damaged: neither heads nor trust are read. */
    OFFICE_GLANCE,  /* The archive alone, for who reads on by a site (node/site.h): memory for all its entries is taken once. */
    OFFICE_READ,
    OFFICE_WRITE, /* Take the lock, or, where a node runs, hand over to it. */
    OFFICE_SIGN,  /* The same for an act that rests on offices alone: where a node runs and the index tells of them, trust is not read. */
};

struct reach;

struct office {
    const char *home; /* Borrowed until office_close(). */
    struct config *config;
    struct archive *archive;
    struct frontier *frontier;
    struct trust *trust; /* NULL while the charter is not known, and where it was not read: OFFICE_SIGN. */
    struct files_lock lock;
    bool is_locked;
    bool node_runs;
    struct marks *marks;             /* NULL until office_take_turn() ... */
    struct buffer machine;           /* ... with the name of this machine that they borrow ... */
    struct files_lock turn;          /* ... and the lock of HOME/keys, */
    bool has_turn;                   /* where it is held. */
    struct index *index;             /* NULL until office_open_index(). */
    struct reach *reach;             /* NULL until whereabouts(). */
    struct roster roster;            /* Instead of trust; beside it for names alone: nobody until one is asked for. */
    struct names *names;             /* NULL until a name is asked for. */
    struct office_name *found_names; /* Those asked for so far. */
};

/* Opens the home of the command line.  COMMAND_NO_ARCHIVE, COMMAND_LOCKED ...; closed again after a failure. */
int office_open(struct office *o, enum office_mode mode);
void office_close(struct office *o);

/* The same for another directory under a lock that the caller holds: a home that is being made. */
int office_open_staged(struct office *o, const char *home);

/* Reads heads and trust, as far as they were not read: of an office that was opened to inspect it, or to sign. */
int office_load(struct office *o);

/* Of offices, from trust, or from the index instead.  False: nothing is known of them. */
bool office_is_informed(const struct office *o);
struct trust_key office_key(const struct office *o, const struct id *key);
struct id office_root(const struct office *o);           /* That new entries stand on. */
size_t office_present_kibbutzim(const struct office *o); /* Those that have not left. */

/* Brings the index in step with trust, under the lock; where that fails, it is noted, and the next writer does it. */
void office_judge(struct archive *archive, struct trust *trust);

/* Tells why something failed, and gives the exit code for it.  `what` is a whole clause: "the archive cannot be opened". */
int office_fail(enum err err, const char *what, const char *reason);

/* Says what can be done about a failure of the disk or the archive. */
void office_hint(enum err err);

/* Refuses to go on without the charter. */
int office_need_charter(const struct office *o);

/* Refuses a clock that is far off, unless --clock-is-right. */
int office_check_clock(const struct office *o);

/* The head of a log, seq 0 when it is empty. */
struct head office_head(const struct office *o, const struct id *log);

/*
 * Takes the turn to sign in this home, until office_close(): waits for another that signs, refuses when the home is a copy,
 * finishes what an earlier run had signed, and reads the heads again.  Whoever signs takes it before looking a head up.
 */
int office_take_turn(struct office *o);
void office_end_turn(struct office *o);

/* Refuses to sign into a log whose key has signed more in this home than the archive holds; in the own turn. */
int office_check_log(struct office *o, const struct id *log);

/* Refuses a home that is a copy, and tells what to do. */
int office_check_place(const char *home);

/*
 * Makes what the signer holds durable: in the archive here, or by the running node.  The signer is emptied on success.
 * COMMAND_FAILED: nothing of it counts, unless the message says that it is not known; then the next turn finishes it.
 */
int office_append(struct office *o, struct signer *s);

/* The kibbutz of this home: of its node's key, or of the invitation that it accepted.  False: not known. */
bool office_kibbutz(const struct office *o, struct id *kibbutz);

/* The own node's public keys, without its secrets.  False: there is none. */
bool office_node(const struct office *o, struct id *key, struct id *channel);

/* Opens the index for reading, rebuilt where it is missing, once it knows all texts that are here; closed with the office. */
int office_open_index(struct office *o);
/* The same for who asks for entries and contents alone, and waits for no texts to be read. */
int office_open_index_as_it_is(struct office *o);

/* Finds a document by its id or the first digits of it. */
int office_find_document(struct office *o, const char *prefix, struct id *document);

/* Names for people (store/names.h).  Lent until office_close(). */
const char *office_key_name(struct office *o, const struct id *key);
const char *office_kibbutz_name(struct office *o, const struct id *kibbutz);
void office_forget_names(struct office *o);

#endif
