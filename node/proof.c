/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/proof.h"

#include "proto/fork_proof.h"

enum err proof_find_before(struct archive *archive, const struct entry *entry, struct head *before)
{
    *before = (struct head){.log = entry->log};
    return entry->seq == 1 ? ERR_OK
                           : archive_find_head(archive, &entry->log, entry->seq - 1, id_bytes(&entry->prev), before);
}

/* Appends the commit of an entry that is here. */
static enum err read_commit(struct archive *archive, const struct id *id, struct buffer *commit)
{
    struct id network = archive_network(archive);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct head before, after;
    struct entry entry;
    enum err err = archive_read_entry_of(archive, id, &wire);

    if (!err && !(err = entry_decode(buffer_bytes(&wire), &network, &entry)) &&
        !(err = proof_find_before(archive, &entry, &before)))
        err = entry_verify(&entry, &before, &after, commit);
    buffer_free(&wire);
    return err ? err : buffer_error(commit);
}

enum err proof_make(struct archive *archive, const struct trust_fork *fork, struct buffer *proof)
{
    struct buffer a = BUFFER(LIMIT_COMMIT), b = BUFFER(LIMIT_COMMIT);
    enum err err = read_commit(archive, &fork->a, &a);

    if (!err)
        err = read_commit(archive, &fork->b, &b);
    if (!err) {
        fork_proof_write(proof, buffer_bytes(&a), &fork->a, buffer_bytes(&b), &fork->b);
        err = buffer_error(proof);
    }
    buffer_free(&a);
    buffer_free(&b);
    return err;
}
