/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ERRAND_H
#define NODE_ERRAND_H

/*
 * The one thing that the reader may ask of the running node: to bring an attachment that is named here and is not here.  It asks
 * by a socket that the node gave it when it started it; a message is a digest and nothing else, and its answer that digest and
 * one byte.  Nobody waits for an answer: whoever looks again finds what came by then.  The node's side is node/errand_desk.h.
 */

#include "proto/id.h"

enum errand_outcome {
    ERRAND_ASKED = 1, /* Whoever may have it is being asked, or will be at once. */
    ERRAND_NOBODY,    /* Nobody who has it is connected; it comes when somebody is. */
    ERRAND_UNKNOWN,   /* No document here names it, or it has come. */
    ERRAND_FULL,      /* The disk keeps what is left for what is signed. */
    ERRAND_BUSY,      /* Too much is being brought, or was asked for of late. */
    /* Said on the reader's side alone: */
    ERRAND_NO_NODE,   /* It was not started by a node, or that node is gone. */
};
#define ERRAND_ANSWER_LEN (ID_LEN + 1)

#define ERRAND_AGAIN_MS 1000 /* The same is asked for no more often. */
#define ERRAND_SECOND 16     /* Messages in a second at most; the node's patience is four times that. */
#define ERRAND_KNOWN 64      /* Answers that are remembered. */

struct errands {
    int fd; /* Borrowed; -1: there is no node. */
    size_t next;
    uint64_t second; /* In which so many were sent: */
    unsigned sent;
    struct errands_known {
        struct id digest;
        uint64_t asked_ms; /* 0: the place is free. */
        enum errand_outcome outcome;
    } known[ERRAND_KNOWN];
};

/* `fd`: whatever the caller says it is; it is never read from or written to unless it is a socket that keeps messages apart. */
void errands_begin(struct errands *e, int fd);

/*
 * Asks, unless that was done a moment ago, and says what is known by now; `now` is of a clock that never goes back, and never 0.
 * Never waits.
 */
enum errand_outcome errands_ask(struct errands *e, const struct id *digest, uint64_t now);

#endif
