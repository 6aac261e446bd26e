/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * write_homes DIRECTORY NODES DOCUMENTS: homes 1 to NODES of one network, without passphrases and without the verbs that
 * make homes for people, for tests of running nodes.  Home 1 holds everything, the others what governs only.  Prints each
 * node's channel key, one a line.
 */

#include "proto/replica.h"
#include "store/archive.h"
#include "store/files.h"
#include "store/key_file.h"
#include "tests/support/federation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(enum err err, const char *what)
{
    if (err != ERR_OK) {
        fprintf(stderr, "write_homes: %s: %s: %s\n", what, err_text(err), archive_open_reason());
        exit(1);
    }
}

/* Takes a bundle in as a node does. */
static void take_in(struct replica *replica, struct archive *archive, struct bytes bundle)
{
    struct replica_event event;

    need(replica_publish(replica, 1, bundle), "bundle");
    while ((event = replica_next(replica, 0)).kind != REPLICA_IDLE) {
        if (event.kind == REPLICA_STORE)
            replica_stored(replica, archive_append(archive, event.items, event.item_count), 0);
        if (event.kind == REPLICA_PUBLISHED)
            need(event.cause, "store");
    }
}

static void write_home(const char *home, const struct federation *f, const char *label, const struct buffer *governance,
                       const struct buffer documents[], size_t count)
{
    struct id seed = id_hash(ID_BLOB, bytes_text(label));
    struct noise_key_pair channel = federation_channel(label);
    struct key_file_reason reason;
    struct archive *archive;
    struct replica_options options = {
        .network = f->network, .charter = buffer_bytes(&f->charter), .channel = &channel, .software = "write_homes"};
    struct replica *replica;
    struct files_lock lock;
    char keys[FILES_PATH_SIZE];

    need(files_make_directory(home, 0700), "home");
    need(files_lock(home, &lock, NULL), "lock");
    need(files_join(keys, home, "keys"), "path");
    need(key_file_create_node(keys, seed.at, channel.secret, &reason), "key");
    need(archive_create(home, &f->network), "archive");
    need(archive_open(home, ARCHIVE_WRITE, &archive), "archive");
    need(archive_set_charter(archive, buffer_bytes(&f->charter)), "charter");
    options.store_id = archive_store_id(archive);
    replica = replica_new(&options);
    if (replica == NULL)
        need(ERR_MEMORY, "replica");
    take_in(replica, archive, buffer_bytes(governance));
    for (size_t i = 0; i < count; i++)
        take_in(replica, archive, buffer_bytes(&documents[i]));
    replica_free(replica);
    archive_close(archive);
    files_unlock(&lock);
}

int main(int argc, char **argv)
{
    struct federation f;
    struct buffer governance = BUFFER(LIMIT_BUNDLE);
    size_t nodes, count, filled = 0;
    struct buffer *documents;
    char label[64], path[FILES_PATH_SIZE], text[256];

    if (argc != 4)
        return 2;
    nodes = strtoul(argv[2], NULL, 10);
    count = strtoul(argv[3], NULL, 10);
    documents = calloc(count + 1, sizeof *documents);
    if (documents == NULL)
        return 1;
    federation_begin(&f, "בדיקה");
    bundle_begin(&governance, &f.network);
    for (size_t i = 1; i <= nodes; i++) {
        struct writer node;

        snprintf(label, sizeof label, "node %zu", i);
        node = federation_writer(label, &f.founder.kibbutz, ROLE_NODE);
        (void)federation_grant_node(&f, &f.founder, &node.key.public, label, &governance);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || documents[filled].len > MIB(3)) {
            filled += i > 0;
            documents[filled] = BUFFER(LIMIT_BUNDLE);
            bundle_begin(&documents[filled], &f.network);
        }
        snprintf(text, sizeof text, "# מסמך %zu\n\nגוף המסמך, ובו משפט אחד.\n", i + 1);
        (void)federation_publish(&f, &f.founder, text, ACT_FOR_NETWORK, &documents[filled]);
    }
    for (size_t i = 1; i <= nodes; i++) {
        char key[ID_TEXT_LEN + 1];
        struct id channel;

        snprintf(label, sizeof label, "node %zu", i);
        snprintf(path, sizeof path, "%s/%zu", argv[1], i);
        write_home(path, &f, label, &governance, documents, i == 1 && count > 0 ? filled + 1 : 0);
        channel = federation_channel_id(label);
        id_to_text(&channel, key);
        printf("%s\n", key);
    }
    for (size_t i = 0; i < filled + 1; i++)
        buffer_free(&documents[i]);
    free(documents);
    buffer_free(&governance);
    federation_free(&f);
    return 0;
}
