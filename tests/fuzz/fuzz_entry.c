/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Three readings of the same bytes: as a wire form, as a commit, and as the message of a commit that is rightly signed
 * (random bytes never are, so nothing behind the signature would be reached).  What is accepted is built again.
 */

#include <stdlib.h>

#include "proto/commit.h"
#include "proto/entry.h"
#include "proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_wire(const struct entry *entry, struct bytes expected)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);

    entry_encode(&wire, entry);
    require(bytes_equal(buffer_bytes(&wire), expected));
    buffer_free(&wire);
}

static void read_wire(struct bytes in)
{
    static const struct id network;
    struct entry entry;
    struct id log;
    uint64_t seq;

    if (entry_decode(in, &network, &entry))
        return;
    require_wire(&entry, in);
    require(!entry_peek(in, &log, &seq) && id_equal(&log, &entry.log) && seq == entry.seq);
}

/* The head that this entry follows. */
static struct head head_before(const struct entry *entry, const struct sha1 *parent)
{
    return (struct head){
        .log = entry->log,
        .seq = entry->seq - 1,
        .entry = entry->prev,
        .commit = *parent,
        .clock = entry->clock > 0 ? entry->clock - 1 : 0,
    };
}

static void read_commit(struct bytes in)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), again = BUFFER(LIMIT_COMMIT);
    struct entry entry, decoded;
    struct head before, after;
    struct id id;
    struct sha1 parent;

    if (entry_from_commit(in, &entry, &id, &parent))
        return;
    entry_encode(&wire, &entry);
    require(!entry_decode(buffer_bytes(&wire), &entry.network, &decoded));
    require_wire(&decoded, buffer_bytes(&wire));
    before = head_before(&entry, &parent);
    if (entry.seq == 1 || entry.clock > 0) {
        require(!entry_verify(&decoded, &before, &after, &again));
        require(bytes_equal(buffer_bytes(&again), in));
        require(id_equal(&after.entry, &id));
    }
    buffer_free(&wire);
    buffer_free(&again);
}

/* The data's first byte says whether there is a parent; author and time are taken from what the message should say. */
static void read_message(struct bytes in)
{
    static const uint8_t seed[SSHSIG_SEED_LEN] = {1};
    struct buffer payload = BUFFER(LIMIT_COMMIT), whole = BUFFER(LIMIT_COMMIT), email = BUFFER(KIB(1));
    struct signing_key key;
    struct commit commit;

    if (in.len == 0)
        return;
    sshsig_key_from_seed(&key, seed);
    buffer_hex(&email, id_bytes(&key.public));
    buffer_text(&email, "@igum");
    commit = (struct commit){
        .tree = commit_empty_tree(),
        .has_parent = in.at[0] & 1,
        .name = bytes_of(email.at, 16),
        .email = buffer_bytes(&email),
        .seconds = 1767225600,
        .message = bytes_from(in, 1),
        .key = key.public,
    };
    commit_write_payload(&payload, &commit);
    sshsig_sign(&key, "git", buffer_bytes(&payload), &commit.signature);
    commit_write(&whole, &commit);
    if (!buffer_error(&whole))
        read_commit(buffer_bytes(&whole));
    buffer_free(&payload);
    buffer_free(&whole);
    buffer_free(&email);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);

    read_wire(in);
    read_commit(in);
    read_message(in);
    return 0;
}
