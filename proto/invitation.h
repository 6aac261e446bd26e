/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_INVITATION_H
#define PROTO_INVITATION_H

/* A key that may be handed over once, in one line (docs/FORMAT.md, 5).  The line is a secret until it is used. */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"
#include "proto/sshsig.h"

enum invitation_kind { INVITATION_KIBBUTZ = 1, INVITATION_COORDINATOR = 2, INVITATION_NODE = 3 };

struct invitation {
    enum invitation_kind kind;
    struct id network;
    struct id root;
    uint8_t seed[SSHSIG_SEED_LEN]; /* Of the ephemeral key. */
    struct id grant;               /* The admit or grant entry. */
    struct id kibbutz;             /* The newcomer's: equals `grant` for INVITATION_KIBBUTZ. */
    struct id channel;             /* Of a node to call ... */
    char address[LIMIT_ADDRESS + 1]; /* ... at host:port. */
};

/* Appends the line, without LF. */
void invitation_write(struct buffer *out, const struct invitation *invitation);

/* Reads a line, spaces around it allowed.  ERR_AUTH: a letter is wrong (no base64, or the check fails).  ERR_FORMAT.  ERR_VERSION: not "igum1:". */
enum err invitation_read(struct bytes line, struct invitation *invitation);

void invitation_wipe(struct invitation *invitation);

#endif
