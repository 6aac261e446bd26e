/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SSHSIG_H
#define PROTO_SSHSIG_H

/*
 * SSHSIG for Ed25519, sha512 and namespace "git", exactly as stock git and ssh-keygen write it (docs/FORMAT.md, 2.5;
 * OpenSSH PROTOCOL.sshsig).  The armour is a function of key and signature, so it is always rebuilt, never read leniently.
 */

#include "proto/buffer.h"
#include "proto/id.h"

#define SSHSIG_LEN 64        /* An Ed25519 signature. */
#define SSHSIG_SEED_LEN 32   /* An Ed25519 seed. */
#define SSHSIG_ARMOUR_LEN 294
#define SSHSIG_NAMESPACE_MAX 32 /* Names of namespaces are the caller's constants. */
#define SSHSIG_SIGNED_MAX 124   /* What is signed: a digest, and what it is of. */

struct signature {
    uint8_t at[SSHSIG_LEN];
};

/* A signing key pair.  The public half is always derived from the seed: signing with another would leak the key. */
struct signing_key {
    struct id public;
    uint8_t secret[64];
};

/* Derives the pair; the caller wipes it with sshsig_wipe(). */
void sshsig_key_from_seed(struct signing_key *key, const uint8_t seed[SSHSIG_SEED_LEN]);
void sshsig_wipe(struct signing_key *key);

/* Signs a message under `name_space` ("git" for entries). */
void sshsig_sign(const struct signing_key *key, const char *name_space, struct bytes message, struct signature *out);

/* ERR_AUTH unless libsodium accepts the signature and the key is one that id_is_signing_key() accepts. */
enum err sshsig_verify(const struct id *key, const char *name_space, struct bytes message, const struct signature *sig);

/* What sshsig_verify() has to do, to be done later: it borrows nothing. */
struct sshsig_check {
    struct id key;
    struct signature signature;
    bool is_new_key; /* Not known to be one that id_is_signing_key() accepts. */
    size_t len;
    uint8_t signed_bytes[SSHSIG_SIGNED_MAX];
};
void sshsig_check_begin(struct sshsig_check *check, const struct id *key, const char *name_space, struct bytes message,
                        const struct signature *sig);
bool sshsig_check_holds(const struct sshsig_check *check);

/* A plain Ed25519 signature of a message, without SSHSIG around it: for consents. */
void sshsig_sign_plain(const struct signing_key *key, struct bytes message, struct signature *out);
bool sshsig_verify_plain(const struct id *key, struct bytes message, const struct signature *sig);

/* Appends the armour, SSHSIG_ARMOUR_LEN bytes for namespace "git", ending in LF. */
void sshsig_write_armour(struct buffer *out, const char *name_space, const struct id *key, const struct signature *sig);

/* Reads what sshsig_write_armour() writes, and nothing else: ERR_FORMAT. */
enum err sshsig_read_armour(struct bytes armour, const char *name_space, struct id *key, struct signature *sig);

/* Appends "ssh-ed25519 AAAA...", as in authorized_keys and allowed_signers, without LF. */
void sshsig_write_public_key(struct buffer *out, const struct id *key);

#endif
