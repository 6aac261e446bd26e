/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A commit as it stands, and one with these headers and this message that is rightly signed: read means canonical. */

#include <stdlib.h>

#include "proto/commit.h"
#include "proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_commit(struct bytes in)
{
    struct buffer again = BUFFER(LIMIT_COMMIT);
    struct commit commit;

    if (commit_read(in, &commit))
        return;
    commit_write(&again, &commit);
    if (!bytes_equal(buffer_bytes(&again), in))
        abort();
    buffer_free(&again);
}

/* The input is a payload; the signature header is put before its first empty line. */
static void read_payload(struct bytes in)
{
    static const uint8_t seed[SSHSIG_SEED_LEN] = {1};
    const uint8_t *end = in.len ? memmem(in.at, in.len, "\n\n", 2) : NULL;
    struct buffer whole = BUFFER(LIMIT_COMMIT), armour = BUFFER(KIB(1));
    struct signing_key key;
    struct signature sig;

    if (!end)
        return;
    sshsig_key_from_seed(&key, seed);
    sshsig_sign(&key, "git", in, &sig);
    sshsig_write_armour(&armour, "git", &key.public, &sig);
    buffer_add(&whole, bytes_of(in.at, (size_t)(end + 1 - in.at)));
    buffer_text(&whole, "gpgsig ");
    for (size_t i = 0; i < armour.len; i++) {
        buffer_u8(&whole, armour.at[i]);
        if (armour.at[i] == '\n' && i + 1 < armour.len)
            buffer_text(&whole, " ");
    }
    buffer_add(&whole, bytes_from(in, (size_t)(end + 1 - in.at)));
    if (!buffer_error(&whole))
        read_commit(buffer_bytes(&whole));
    buffer_free(&whole);
    buffer_free(&armour);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_commit(bytes_of(data, size));
    read_payload(bytes_of(data, size));
    return 0;
}
