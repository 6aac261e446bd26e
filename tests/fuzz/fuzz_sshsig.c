/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* An armour that is read is the one that is written. */

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name_spaces[] = {"git", "file", ""};
    struct bytes in = bytes_of(data, size);
    struct id key;
    struct signature sig;

    for (size_t i = 0; i < sizeof name_spaces / sizeof *name_spaces; i++) {
        struct buffer again = BUFFER(KIB(1));

        if (sshsig_read_armour(in, name_spaces[i], &key, &sig))
            continue;
        sshsig_write_armour(&again, name_spaces[i], &key, &sig);
        if (!bytes_equal(buffer_bytes(&again), in) || !sshsig_verify(&key, name_spaces[i], in, &sig))
            abort();
        buffer_free(&again);
    }
    return 0;
}
