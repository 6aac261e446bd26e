/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_PLANTED_H
#define TESTS_SIM_PLANTED_H

/* Planted bugs outside proto/, in what a node owes its replica; numbered after those of proto/mutant.h (tests/sim/mutants). */

#include "proto/mutant.h"

enum planted {
    PLANTED_ANSWER_UNSYNCED = 101, /* The store says done before the sync. */
    PLANTED_SWALLOW_ERROR,         /* The store says done though the last sync failed. */
    PLANTED_FORGET_CONTENT,        /* The store loses a content of a batch. */
    PLANTED_REWRITE,               /* The person signs again without looking at the store. */
    PLANTED_LOAD_STALE,            /* After a start the newest entry of a log is not loaded. */
    PLANTED_DROP_BRANCH,           /* The store drops an entry for a seq that another one has. */
    PLANTED_READ_FIRST_BRANCH,     /* Of two branches the store reads the one with the lower id. */
    PLANTED_OTHER_CONTENT,         /* Of two branches the store reads the content of the one with the lower id. */
    PLANTED_KEEP_DEAD,             /* The end of a stream is not told to the replica. */
    PLANTED_NO_ANSWER,             /* What is asked of the store now and then gets no answer. */
    PLANTED_FORGET_NUMBER,         /* After a start the number of the own last receipt is not known. */
    PLANTED_STORE_AFTER_FAILURE,   /* The store goes on with what rests on a batch that failed. */
    PLANTED_COUNT,
};

#define PLANTED(n) (IGUM_MUTANT == (n))

#endif
