/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ERROR_H
#define PROTO_ERROR_H

/*
 * What can go wrong, one code per decision a caller can take.  The sentence for people is kept in the object that
 * failed (session_reason(), archive_reason() ...); pure decoders return the code only.
 */

/* clang then flags every dropped result; write (void)f() to drop one on purpose. */
#ifdef __clang__
#define ERR_CHECKED __attribute__((warn_unused_result))
#else
#define ERR_CHECKED
#endif

enum ERR_CHECKED err {
    ERR_OK = 0,
    ERR_MEMORY,  /* An allocation failed. */
    ERR_IO,      /* The system refused a read or a write. */
    ERR_FULL,    /* The disk is full or read-only: reading goes on, writing cannot. */
    ERR_FORMAT,  /* The bytes break docs/PROTOCOL.md or docs/FORMAT.md. */
    ERR_AUTH,    /* A tag or a signature is wrong, or it is the wrong peer. */
    ERR_LIMIT,   /* A bound of proto/limits.h would be passed. */
    ERR_VERSION, /* The other side speaks a version that we do not. */
    ERR_NETWORK, /* It belongs to another network. */
    ERR_STRANGER,/* Nothing known grants this key what it does. */
    ERR_GAP,     /* An entry before this one is not known yet. */
    ERR_FORK,    /* Another entry is known in its place. */
    ERR_MISSING, /* No such object, peer or file. */
    ERR_EXISTS,  /* It is already there. */
    ERR_BUSY,    /* Another process holds the lock: try later. */
    ERR_TIMEOUT, /* The deadline passed. */
};

/* Returns a short lower-case phrase for logs: a static string, never NULL. */
const char *err_text(enum err err);

#endif
