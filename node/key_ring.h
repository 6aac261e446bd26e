/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_KEY_RING_H
#define NODE_KEY_RING_H

/* The keys of one home, and which of them signs. */

#include "node/office.h"

struct key_ring {
    struct key_file_info *keys;
    size_t count;
};

/* HOME/keys. */
int key_ring_directory(const char *home, char path[FILES_PATH_SIZE]);

int key_ring_load(const char *home, struct key_ring *ring);
void key_ring_free(struct key_ring *ring);

/* The key that is named by a name, by its role or by the first digits of the key; NULL: none or several, told. */
const struct key_file_info *key_ring_find(const struct key_ring *ring, struct office *o, const char *name);

/*
 * Chooses the person's key that signs: the one of --as, else the only one that fits (stewards only, or any that
 * publishes), else tells which there are; asks for its passphrase, opens it, and takes the turn (office_take_turn()).
 */
int key_ring_open_signer(struct office *o, bool must_be_steward, struct key_file_person **person);

/* Opens this very key, once its passphrase is known. */
int key_ring_open(const struct key_file_info *info, struct office *o, struct key_file_person **person);

/* Opens the node's key. */
int key_ring_open_node(const char *home, struct key_file_node **node);

/* Makes a key file in HOME/keys from fresh randomness; `key` gets the public key. */
int key_ring_make_person(const char *home, enum role role, struct bytes passphrase, struct id *key);
int key_ring_make_node(const char *home, struct id *key, struct id *channel);

/* Tells why a key file failed, and gives the exit code for it. */
int key_ring_fail(enum err err, const char *path, const struct key_file_reason *reason);

#endif
