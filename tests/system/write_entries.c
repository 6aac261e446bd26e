/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * For verify_commit.sh: writes a log of three entries into a directory, as the commits 1, 2 and 3, their names as git
 * should find them in `names`, the log's key in `key`, and the file `allowed_signers` that git needs.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/entry.h"
#include "proto/limits.h"

static void save(const char *directory, const char *name, struct bytes bytes)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file;

    assert(len > 0 && (size_t)len < sizeof path);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes.at, 1, bytes.len, file) != bytes.len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void save_buffer(const char *directory, const char *name, struct buffer *buffer)
{
    assert(!buffer_error(buffer));
    save(directory, name, buffer_bytes(buffer));
    buffer_free(buffer);
}

static struct entry next_entry(const struct head *head, struct buffer *body)
{
    struct entry entry = {
        .network = {.at = {1}}, .kibbutz = {.at = {2}}, .role = ROLE_COORDINATOR, .root = {.at = {1}}};

    if (head->seq == 0) {
        entry.act = ACT_UNKNOWN;
        entry.act_name = bytes_text("poll");
        buffer_text(body, "question \xd7\x9e\xd7\x94\n");
    } else {
        entry.act = ACT_APPROVE;
        act_write_id(body, ACT_SUBJECT, &head->entry);
    }
    entry.body = buffer_bytes(body);
    return entry;
}

static void write_signers(const char *directory, const struct id *key)
{
    struct buffer text = BUFFER(KIB(1));

    buffer_hex(&text, id_bytes(key));
    save(directory, "key", buffer_bytes(&text));
    buffer_text(&text, "@igum namespaces=\"git\" ");
    sshsig_write_public_key(&text, key);
    buffer_text(&text, "\n");
    save_buffer(directory, "allowed_signers", &text);
}

int main(int argc, char **argv)
{
    struct buffer names = BUFFER(KIB(1));
    struct head head = {.seq = 0};
    struct signing_key key;

    if (argc != 2) {
        fprintf(stderr, "usage: write_entries DIRECTORY\n");
        return 2;
    }
    sshsig_key_from_seed(&key, (const uint8_t[SSHSIG_SEED_LEN]){4});
    for (int i = 0; i < 3; i++) {
        struct buffer commit = BUFFER(LIMIT_COMMIT), body = BUFFER(LIMIT_ENTRY_BODY);
        struct entry entry = next_entry(&head, &body);
        enum err err = entry_sign(&entry, &head, &key, UINT64_C(1767225600123));

        if (!err)
            err = entry_verify(&entry, &head, &head, &commit);
        if (err) {
            fprintf(stderr, "write_entries: %s\n", err_text(err));
            return 1;
        }
        save_buffer(argv[1], (const char[2]){(char)('1' + i), '\0'}, &commit);
        buffer_hex(&names, bytes_of(head.commit.at, SHA1_LEN));
        buffer_text(&names, "\n");
        buffer_free(&body);
    }
    save_buffer(argv[1], "names", &names);
    write_signers(argv[1], &key.public);
    return 0;
}
