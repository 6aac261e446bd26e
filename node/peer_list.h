/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PEER_LIST_H
#define NODE_PEER_LIST_H

/* The peers of a home, as the verbs show them: those of the configuration, and what the running node says of each. */

#include "proto/buffer.h"

struct peer_list_item { /* Texts; empty where nothing is known. */
    char *kibbutz, *node, *channel, *address, *state, *last_heard, *since;
    char *why, *cause, *side, *detail; /* Why it is apart, or what is wrong with it: node/dialer.h has the words. */
    char *clock;                       /* What its clock says, where it is connected. */
    bool given; /* By people; else learnt from the archive or the local network. */
    bool has_behind;
    uint64_t behind;
    uint64_t received; /* Bytes of the open connection. */
};

struct peer_list {
    bool node_runs;
    size_t count;
    struct peer_list_item *items;
};

/* ERR_IO, ERR_MEMORY, ERR_FORMAT: the configuration cannot be read, or the node's answer. */
enum err peer_list_load(const char *home, struct peer_list *list);
void peer_list_free(struct peer_list *list);

/* A state in words for people. */
const char *peer_list_state_text(const char *state);

/* Reads the peers of a status; appended to `list`. */
enum err peer_list_read(struct bytes json, struct peer_list *list);

#endif
