/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_MUTANT_H
#define PROTO_MUTANT_H

/*
 * Planted bugs, one per number, which exist to grade the simulator: a build with -DIGUM_MUTANT=n has exactly bug n, and
 * the simulator's fixed seeds must catch it (tests/sim/mutants).  Without the definition all of them are constant false.
 */

#ifndef IGUM_MUTANT
#define IGUM_MUTANT 0
#endif

enum mutant {
    MUTANT_ACK_BEFORE_STORE = 1, /* "Published" is said before the entry is durable. */
    MUTANT_SEND_BEFORE_STORE,    /* An own new entry leaves before it is durable. */
    MUTANT_IGNORE_STORE_ERROR,   /* A failed store counts as done. */
    MUTANT_SKIP_SIGNATURE,       /* A peer's signatures are not verified. */
    MUTANT_STALL_FOREVER,        /* A peer that does not answer is waited for without end. */
    MUTANT_SKIP_TRUST,           /* Entries of keys that nothing grants are taken. */
    MUTANT_SKIP_CONTENT_DIGEST,  /* A content is taken without comparing its id. */
    MUTANT_NO_FRAME_LIMIT,       /* The declared size of a frame is not checked. */
    MUTANT_LEAK_AUDIENCE,        /* A kibbutz's own content goes to every peer. */
    MUTANT_NO_ROOTS_AGAIN,       /* Roots are not compared after a reconciliation. */
    MUTANT_NO_RELAY,             /* What comes by push is not passed on. */
    MUTANT_RELAY_ALWAYS,         /* What comes by push is passed on though it was known (a storm). */
    MUTANT_SERVE_STRANGERS,      /* A caller that nothing grants is served. */
    MUTANT_FORGET_MISSING,       /* Contents that did not come are not asked for. */
    MUTANT_ASK_AGAIN,            /* What did not help is asked for again and again. */
    MUTANT_COUNT
};

#define MUTANT(n) (IGUM_MUTANT == (n))

#endif
