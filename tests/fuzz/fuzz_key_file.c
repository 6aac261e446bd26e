/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A key file as it stands, and one whose check was put right: what is read has its length and a key that may be named. */

#include <stdlib.h>

#include "store/key_file.h"

#define NODE_LEN 81
#define PERSON_LEN 138
#define CHECK_LEN 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(struct bytes file)
{
    struct key_file_reason reason;
    enum role role;
    struct id key;

    if (key_file_decode(file, &role, &key, &reason))
        return;
    if (file.len != (role == ROLE_NODE ? NODE_LEN : PERSON_LEN) || !id_is_signing_key(&key))
        abort();
    if (role != ROLE_NODE && role != ROLE_STEWARD && role != ROLE_COORDINATOR)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t node[NODE_LEN];

    decode(bytes_of(data, size));
    if (size == NODE_LEN) {
        struct id check = id_hash(ID_BLOB, bytes_of(data, NODE_LEN - CHECK_LEN));

        memcpy(node, data, NODE_LEN - CHECK_LEN);
        memcpy(node + NODE_LEN - CHECK_LEN, check.at, CHECK_LEN);
        decode(bytes_of(node, NODE_LEN));
    }
    return 0;
}
