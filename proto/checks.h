/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_CHECKS_H
#define PROTO_CHECKS_H

/*
 * What has to be verified of a bundle and rests on nothing else in it: signatures, and the digests of contents.  They are
 * gathered, and then verified all at once; most of what taking in costs is this.
 */

#include "proto/parallel.h"
#include "proto/sshsig.h"

struct check;

struct checks {
    struct check *at;
    size_t count, size;
};

void checks_free(struct checks *checks);

/* Forgets them; keeps the memory of few. */
void checks_clear(struct checks *checks);

/* What has to hold of an entry: room for a signature, for the caller to fill in.  NULL when memory is out. */
struct sshsig_check *checks_add_signature(struct checks *checks);

/* That a packed content, which has to live until then, is the one of that id.  ERR_MEMORY. */
enum err checks_add_content(struct checks *checks, struct bytes packed, const struct id *id);

/* Whether all of them hold; which one does not is not told. */
bool checks_hold(struct checks *checks, const struct parallel *parallel);

#endif
