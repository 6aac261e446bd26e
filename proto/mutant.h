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
    MUTANT_DROP_BRANCH,          /* An entry for a seq that another one has is left out. */
    MUTANT_MAIN_TIP_ONLY,        /* The vector names the main head of a log alone. */
    MUTANT_SERVE_REVOKED,        /* A node that was revoked is served. */
    MUTANT_OLD_RECEIPTS,         /* A receipt replaces a newer one of its node. */
    MUTANT_RECEIPT_UNSIGNED,     /* A receipt's signature is not verified. */
    MUTANT_RECEIPT_FORGETS,      /* A receipt tells of no content that is missing. */
    MUTANT_NEVER_SILENT,         /* A peer that fell silent is asked, and never given up. */
    MUTANT_FORGET_ON_LOAD,       /* After a start, contents that are not here are not asked for. */
    MUTANT_EQUAL_UNSEEN,         /* Roots count as equal without being compared. */
    MUTANT_NO_CONTENT_ANSWER,    /* Who asks for a content that came late gets nothing. */
    MUTANT_NO_SHOW,              /* A newcomer does not show what grants it. */
    MUTANT_KEEP_TWINS,           /* Two sessions with one node both go on. */
    MUTANT_SEQ_ONLY,             /* A frontier's root does not tell two branches apart. */
    MUTANT_ASK_ONCE,             /* After an answer nothing more is asked for. */
    MUTANT_VECTOR_ONCE,          /* What we have is told once in a session. */
    MUTANT_KEPT_FROM_OWN,        /* A kibbutz's own content goes to nobody. */
    MUTANT_DELTA_BELIEVED,       /* A delta leaves a log out, and what it amounts to is not compared with the root. */
    MUTANT_TRIE_BLIND,           /* A leaf's digest tells which logs are there, and not how far they go. */
    MUTANT_TRIE_BELIEVED,        /* A leaf leaves a tip out, and its digest is not compared with the one that was told. */
    MUTANT_TRIE_SHALLOW,         /* What differs below the second level is not asked for. */
    MUTANT_TRIE_ENDLESS,         /* A peer may ask for nodes without end. */
    MUTANT_AHEAD_COUNTS,         /* What was taken in ahead counts as durable with the batch before it. */
    MUTANT_COUNT
};

/* The same in who may do what, for the attacks of tests/proto (tests/trust/mutants). */
enum mutant_of_trust {
    MUTANT_DATES = 201,      /* What a revoked log says to be older than the revocation stands. */
    MUTANT_NO_CHECKPOINTS,   /* A pin of a key that stays is ignored. */
    MUTANT_FORGET_PIN,       /* A pin whose entry is not here is ignored. */
    MUTANT_GUESS_BRANCH,     /* The first entries of a fork stand. */
    MUTANT_KEY_TWICE,        /* Two keys of a kibbutz are two votes. */
    MUTANT_FORK_UNVOTES,     /* A voter's fork takes its votes back. */
    MUTANT_REMOVED_RETURNS,  /* A root may list a key that was removed. */
    MUTANT_BACKED_BY_HALF,   /* More than half stand on a root: it is backed. */
    MUTANT_NO_OWN_MAJORITY,  /* A root passes without the majority of its own voters. */
    MUTANT_ONE_OF_TWO,       /* Of several roots that passed one is taken. */
    MUTANT_NO_ANCHOR,        /* The anchor is ignored. */
    MUTANT_FORK_UNADMITS,    /* A voter's fork takes its admissions back. */
    MUTANT_ADMITS_TWICE,     /* Two keys of a kibbutz admit as two kibbutzim. */
    MUTANT_OLD_THRESHOLD,    /* As many admit as the charter says. */
    MUTANT_REVOKED_APPROVES, /* A revoked key approves. */
    MUTANT_VOID_GRANTS,      /* A grant by a steward who is one no more stands. */
    MUTANT_GRANT_REVIVES,    /* A second grant takes a revocation back. */
    MUTANT_RIVALS_FORGIVEN,  /* What a rival root removed is as good as before. */
    MUTANT_ANYBODY_REVOKES,  /* Coordinators revoke. */
    MUTANT_NEED_FALLS,       /* A revision needs what it says, be it less. */
    MUTANT_OWN_OF_STRANGERS, /* Strangers count where only the own kibbutz does. */
    MUTANT_DOUBT_IS_ENOUGH,  /* Contested approvals count. */
    MUTANT_DOUBT_ERASES,     /* A contested erasure is carried out. */
    MUTANT_STRANGER_REPLACES, /* Another kibbutz ends a document. */
    MUTANT_REVOKED_IS_GOOD,  /* A revoked key is shown as good. */
    MUTANT_TRUST_COUNT
};

#define MUTANT(n) (IGUM_MUTANT == (n))

#endif
