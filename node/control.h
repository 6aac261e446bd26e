/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CONTROL_H
#define NODE_CONTROL_H

/*
 * The local socket HOME/control.sock, by which the other verbs speak to the running node.  Only the owner of the home
 * and root are heard.  A request or reply is u32 length | u8 type | body; the length counts type and body, big-endian.
 * A reply repeats the type of its request; its body is u8 enum err | reason text, except for CONTROL_STATUS, where the
 * text after the u8 is JSON.
 */

#include "proto/buffer.h"
#include "proto/file.h"
#include "proto/limits.h"

#define CONTROL_SOCKET "control.sock"
#define CONTROL_REASON 256                      /* Bytes of a reason, NUL included. */
#define CONTROL_REQUEST (LIMIT_BUNDLE + 16)     /* The largest request: a bundle. */
#define CONTROL_REPLY MIB(1)                    /* The largest reply: a status. */
#define CONTROL_CLIENTS 16                      /* Verbs that may be connected at once. */
#define CONTROL_IDLE_MS 10000                   /* A client that sends nothing is dropped. */
#define CONTROL_TIMEOUT_MS 30000                /* A client waits this long for a reply; publishing includes fsync. */

enum control_type {
    CONTROL_PUBLISH = 1, /* A bundle before compression; answered once it is durable. */
    CONTROL_STATUS,      /* Nothing. */
    CONTROL_PEER_ADD,    /* CHANNELKEY@HOST:PORT: dial it from now on; the configuration is the verb's business. */
    CONTROL_PEER_REMOVE, /* Channel or node key: hang up, and neither dial it any more nor let it in. */
    CONTROL_SYNC,        /* CHANNELKEY or nothing: dial it, or all, at once. */
    CONTROL_STOP,        /* Stop cleanly. */
    CONTROL_CHANNEL,     /* Read the node's key file again: its channel key has changed. */
    CONTROL_IMPORT,      /* A bundle of entries of others; answered once it is durable, its reason a number: entries left out. */
    CONTROL_RECEIPT, /* A receipt with what stands behind it, as receipts_write() writes it. */
    CONTROL_CHUNK,       /* A chunk of an attachment that is to be published: digest[32], u64 size, u16 index, u16 n,
                            n chunk hashes, the bytes; answered once it is durable. */
    CONTROL_FETCH,       /* entry[32]: ask others for the attachments that it publishes and that are not here.  ERR_MISSING: its
                            content is not here. */
};

/* ---- client side: blocking, for the verbs ---- */

/* Says whether a node runs in this home. */
bool control_running(const char *home);

/*
 * Sends one request and waits for the reply.  ERR_OK: it was answered, `*outcome` and `reason` hold the answer.
 * ERR_MISSING: no node runs here.  ERR_TIMEOUT, ERR_IO: what became of the request is not known.
 */
enum err control_request(const char *home, enum control_type type, struct bytes body, enum err *outcome,
                         char reason[CONTROL_REASON]);

/* Hands a bundle of own new entries over.  `*outcome` as of replica_publish(), or of the archive; ERR_OK: it is durable. */
enum err control_publish(const char *home, struct bytes bundle, enum err *outcome, char reason[CONTROL_REASON]);

/* Hands over entries of others.  `*outcome` as of replica_import(), or of the archive. */
enum err control_import(const char *home, struct bytes bundle, enum err *outcome, char reason[CONTROL_REASON]);

/* Hands a chunk over.  `*outcome` as of archive_add_chunk(); ERR_FULL also where only the reserve is left. */
enum err control_chunk(const char *home, const struct file_chunk *chunk, enum err *outcome, char reason[CONTROL_REASON]);
/* Takes the body of one apart; the views are borrowed from it.  ERR_FORMAT; ERR_AUTH: it is not what its digest says. */
enum err control_read_chunk(struct bytes body, struct file_chunk *chunk);

/*
 * Appends the node's JSON text: pid, version, since, listen, reader, root, entries, contents_missing, trouble (a sentence
 * or null), peers[]: kibbutz, node, key, address, state, last_heard, behind, why.  ERR_MISSING: no node runs here.
 */
enum err control_status(const char *home, struct buffer *json);

/* ---- server side: for the running node ---- */

struct control;
struct uv_loop_s;

/*
 * Answers one request: appends reason or JSON to `text` and returns the outcome.  `later` set: control_answer() with `tag`
 * will follow.
 */
typedef enum err control_answer_fn(void *context, enum control_type type, struct bytes body, uint64_t tag,
                                   struct buffer *text, bool *later);

/* Listens; the caller holds the home's lock, so a socket that is there is stale.  ERR_IO, ERR_MEMORY; `reason` tells. */
enum err control_open(struct control **control, struct uv_loop_s *loop, const char *home, control_answer_fn *answer,
                      void *context, char reason[CONTROL_REASON]);
/* Removes the socket and closes all handles; all is free when the loop has run on. */
void control_close(struct control *control);

/* Answers the client that waits for this tag; a tag nobody waits for is ignored. */
void control_answer(struct control *control, uint64_t tag, enum err outcome, const char *reason);

/* Takes one request or reply apart: ERR_GAP: there is more to come.  ERR_LIMIT: longer than `limit`.  ERR_FORMAT: it has no type. */
enum err control_read(struct bytes in, size_t limit, uint8_t *type, struct bytes *body);

#endif
