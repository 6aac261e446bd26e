/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_KEY_FILE_H
#define STORE_KEY_FILE_H

/*
 * Keys on disk (docs/FORMAT.md, 7).  A node's keys lie open, for it must start unattended; a person's are sealed under a
 * passphrase.  A file is named by role and key, never by a person's name.  Keys are made here and stay here: nothing
 * takes in a key that was made elsewhere, since one key on two machines ends in a fork.
 *
 * Opened keys live in memory that is locked and guarded; key_file_close_*() wipes it.  Randomness comes as arguments.
 */

#include "proto/entry.h"
#include "proto/noise.h"

#define KEY_FILE_REASON_SIZE 200
#define KEY_FILE_NAME_SIZE 64
#define KEY_FILE_RANDOM_LEN 40 /* Salt and nonce. */
#define KEY_FILE_PASSPHRASE_MAX 1024

/* Why a call failed, for people.  It is written on failure only. */
struct key_file_reason {
    char text[KEY_FILE_REASON_SIZE];
};

/* What opening a person's key costs whoever guesses passphrases. */
struct key_file_cost {
    uint32_t operations; /* 1 to 10 */
    uint32_t memory_kib; /* 8 MiB to 1 GiB */
};
#define KEY_FILE_MODERATE ((struct key_file_cost){.operations = 3, .memory_kib = 262144})
#define KEY_FILE_WEAKEST ((struct key_file_cost){.operations = 1, .memory_kib = 8192}) /* For tests. */

struct key_file_node {
    struct signing_key signing;
    struct noise_key_pair channel;
};

struct key_file_person {
    enum role role; /* ROLE_STEWARD or ROLE_COORDINATOR */
    struct signing_key signing;
};

/* Writes "node-<16 digits>.node", "steward-<16 digits>.key" or "coordinator-<16 digits>.key". */
void key_file_name(enum role role, const struct id *key, char name[KEY_FILE_NAME_SIZE]);

/*
 * Make a key file from fresh random seeds, in a directory that is made when it is missing, durable on return.
 * ERR_EXISTS; ERR_LIMIT: the passphrase is empty or too long; ERR_MEMORY; ERR_IO, ERR_FULL.
 */
enum err key_file_create_node(const char *directory, const uint8_t seed[SSHSIG_SEED_LEN],
                              const uint8_t channel_secret[NOISE_KEY_LEN], struct key_file_reason *reason);
enum err key_file_create_person(const char *directory, enum role role, const uint8_t seed[SSHSIG_SEED_LEN],
                                struct bytes passphrase, struct key_file_cost cost,
                                const uint8_t random[KEY_FILE_RANDOM_LEN], struct key_file_reason *reason);

/*
 * Open a key file.  ERR_MISSING; ERR_FORMAT: it is damaged, or no key file; ERR_VERSION: of a newer Igum; ERR_AUTH: the
 * passphrase is wrong; ERR_LIMIT: it asks for more memory or time than we give; ERR_MEMORY; ERR_IO, also when others than
 * its owner may read or write it.
 */
enum err key_file_open_node(const char *path, struct key_file_node **node, struct key_file_reason *reason);
enum err key_file_open_person(const char *path, struct bytes passphrase, struct key_file_person **person,
                              struct key_file_reason *reason);
void key_file_close_node(struct key_file_node *node);
void key_file_close_person(struct key_file_person *person);

/*
 * A node's new channel key waits beside its file, durable, until what names it to the others is durable, too; then it
 * takes the place of the old one.  A step that a crash cut off can be done again.  key_file_open_next(): ERR_MISSING: none waits.
 */
enum err key_file_stage_channel(const char *path, const uint8_t channel_secret[NOISE_KEY_LEN],
                                struct key_file_reason *reason);
enum err key_file_open_next(const char *path, struct key_file_node **node, struct key_file_reason *reason);
enum err key_file_take_channel(const char *path, struct key_file_reason *reason);

/* Seals a person's key anew.  Errors of opening and of creating. */
enum err key_file_change_passphrase(const char *path, struct bytes old, struct bytes passphrase,
                                    struct key_file_cost cost, const uint8_t random[KEY_FILE_RANDOM_LEN],
                                    struct key_file_reason *reason);

/* What a key file says of itself without a passphrase. */
struct key_file_info {
    char path[4096];
    enum role role;
    struct id key;
    enum err err; /* Not ERR_OK: it cannot be used, `reason` says why, and role and key may be empty. */
    struct key_file_reason reason;
};

/* Calls back for each key file of a directory in ascending order of name; none when the directory is missing. */
typedef enum err key_file_fn(void *context, const struct key_file_info *info);
enum err key_file_each(const char *directory, key_file_fn *each, void *context);

/* The decoder behind it all, for fuzzing: what the bytes of a file, node or person, say of themselves. */
enum err key_file_decode(struct bytes file, enum role *role, struct id *key, struct key_file_reason *reason);

#endif
