/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_STORE_CONTRACT_H
#define TESTS_STORE_CONTRACT_H

/*
 * What every store keeps to, told as a test: a store and a model in memory are handed the same items from a seed, and
 * after each step the store is compared with the model: all heads, all missing contents, and the entries and contents
 * that were touched; all the others too after it was opened again or something failed, and at every tenth step.  The
 * git archive and the simulator's disk both pass it, so that what the simulator finds holds for the archive.
 *
 * The contract.  An append that succeeds is there, also after opening again; what is here already is passed over and
 * loses nothing.  ERR_FULL: nothing of it counts.  After a crash all that was acknowledged is there, and of the batch
 * under way each log has some first part, each entry of it with or without the content offered with it.  Nothing is
 * there that was not handed over.
 */

#include "proto/frontier.h"
#include "proto/item.h"
#include "tests/sim/random.h"

typedef enum err contract_missing_fn(void *context, const struct id *log, uint64_t seq, const struct id *content);

struct contract_store {
    void *(*create)(const struct id *network); /* Empty and open. */
    void (*destroy)(void *store);
    void (*reopen)(void *store);
    enum err (*append)(void *store, const struct item items[], size_t count);
    /*
     * Appends while something fails.  ERR_FULL: there was no room; there is again.  ERR_IO: a sync failed, or it
     * crashed, and it was opened again.  ERR_OK: it did not come to that.
     */
    enum err (*append_badly)(void *store, const struct item items[], size_t count, struct random *r);
    /* As those of store/archive.h. */
    enum err (*read_entry)(void *store, const struct id *log, uint64_t seq, struct buffer *wire);
    enum err (*read_content)(void *store, const struct id *log, uint64_t seq, struct buffer *packed);
    enum err (*load_frontier)(void *store, struct frontier *frontier);
    enum err (*load_missing)(void *store, contract_missing_fn *each, void *context);
};

struct contract_report {
    unsigned steps, reopens, full, crashes, torn; /* Torn: a crash after which some of the batch was there and some not. */
    uint64_t entries, contents;                   /* At the end. */
    char fault[240];                              /* What broke the contract; empty: nothing did. */
};

/* Returns whether the store kept to the contract for so many steps. */
bool contract_run(const struct contract_store *kind, uint64_t seed, unsigned steps, struct contract_report *report);

#endif
