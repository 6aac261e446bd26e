/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * write_homes DIRECTORY NODES DOCUMENTS [LOGS CORPUS]: homes 1 to NODES of one network, without the verbs that make homes for
 * people, for tests of running nodes and for measuring them.  Home 1 holds everything, the others what governs only.
 * The documents are short ones of the steward; or, given LOGS and CORPUS, the files of that directory, in order of name, by
 * LOGS coordinators in turns, and then home 1 has the keys of the steward and of the first KEYS coordinators under PASSPHRASE.
 * Prints each node's channel key, one a line.
 */

#include "proto/replica.h"
#include "store/archive.h"
#include "store/files.h"
#include "store/key_file.h"
#include "tests/support/federation.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSPHRASE "one two three four five"
#define KEYS 100

struct office { /* A home that is being written. */
    struct files_lock lock;
    struct archive *archive;
    struct replica *replica;
    char keys[FILES_PATH_SIZE];
};

struct author {
    char label[64];
    struct writer writer;
};

static void need(enum err err, const char *what)
{
    if (err != ERR_OK) {
        fprintf(stderr, "write_homes: %s: %s: %s\n", what, err_text(err), archive_open_reason());
        exit(1);
    }
}

/* Takes a bundle in as a node does. */
static void take_in(struct office *office, struct bytes bundle)
{
    struct replica_event event;

    need(replica_publish(office->replica, 1, bundle), "bundle");
    while ((event = replica_next(office->replica, 0)).kind != REPLICA_IDLE) {
        if (event.kind == REPLICA_STORE)
            replica_stored(office->replica, archive_append(office->archive, event.items, event.item_count), 0);
        if (event.kind == REPLICA_PUBLISHED)
            need(event.cause, "store");
    }
}

static void open_office(struct office *office, const char *home, const struct federation *f, const char *label)
{
    struct id seed = id_hash(ID_BLOB, bytes_text(label));
    struct noise_key_pair channel = federation_channel(label);
    struct key_file_reason reason;
    struct replica_options options = {
        .network = f->network, .charter = buffer_bytes(&f->charter), .channel = &channel, .software = "write_homes"};

    need(files_make_directory(home, 0700), "home");
    need(files_lock(home, &office->lock, NULL), "lock");
    need(files_join(office->keys, home, "keys"), "path");
    need(key_file_create_node(office->keys, seed.at, channel.secret, &reason), "key");
    need(archive_create(home, &f->network), "archive");
    need(archive_open(home, ARCHIVE_WRITE, &office->archive), "archive");
    need(archive_set_charter(office->archive, buffer_bytes(&f->charter)), "charter");
    options.store_id = archive_store_id(office->archive);
    office->replica = replica_new(&options);
    if (office->replica == NULL)
        need(ERR_MEMORY, "replica");
}

static void close_office(struct office *office)
{
    replica_free(office->replica);
    archive_close(office->archive);
    files_unlock(&office->lock);
}

static void write_person(const struct office *office, enum role role, const char *label)
{
    static const uint8_t random[KEY_FILE_RANDOM_LEN] = {1};
    struct id seed = id_hash(ID_BLOB, bytes_text(label));
    struct key_file_reason reason;

    need(key_file_create_person(office->keys, role, seed.at, bytes_text(PASSPHRASE), KEY_FILE_WEAKEST, random, &reason),
         label);
}

static struct author *make_authors(const struct federation *f, size_t logs)
{
    struct author *authors = calloc(logs, sizeof *authors);

    if (authors == NULL)
        need(ERR_MEMORY, "authors");
    for (size_t i = 0; i < logs; i++) {
        snprintf(authors[i].label, sizeof authors[i].label, "coordinator %zu", i + 1);
        authors[i].writer = federation_writer(authors[i].label, &f->founder.kibbutz, ROLE_COORDINATOR);
    }
    return authors;
}

/* ---- documents ---- */

struct shelf { /* Documents on their way into home 1. */
    struct federation *f;
    struct office *office;
    struct buffer bundle;
    size_t held;
};

static void empty_shelf(struct shelf *shelf)
{
    if (shelf->held == 0)
        return;
    take_in(shelf->office, buffer_bytes(&shelf->bundle));
    shelf->held = 0;
    buffer_clear(&shelf->bundle);
    bundle_begin(&shelf->bundle, &shelf->f->network);
}

static void put(struct shelf *shelf, struct writer *writer, const char *text)
{
    (void)federation_publish(shelf->f, writer, text, ACT_FOR_NETWORK, &shelf->bundle);
    shelf->held++;
    if (shelf->bundle.len > MIB(3))
        empty_shelf(shelf);
}

static void put_short_ones(struct shelf *shelf, size_t count)
{
    char text[256];

    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "# מסמך %zu\n\nגוף המסמך, ובו משפט אחד.\n", i + 1);
        put(shelf, &shelf->f->founder, text);
    }
}

static char *read_text(const char *directory, const char *name)
{
    char path[FILES_PATH_SIZE];
    FILE *file;
    char *text = calloc(1, MIB(1));
    size_t len;

    need(files_join(path, directory, name), "path");
    file = fopen(path, "rb");
    if (file == NULL || text == NULL)
        need(ERR_IO, path);
    len = fread(text, 1, MIB(1) - 1, file);
    if (ferror(file) || len == 0)
        need(ERR_IO, path);
    fclose(file);
    return text;
}

static int is_text(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void put_corpus(struct shelf *shelf, struct author *authors, size_t logs, const char *corpus, size_t count)
{
    struct dirent **names;
    int found = scandir(corpus, &names, is_text, alphasort);

    if (found < 0 || (size_t)found < count)
        need(ERR_MISSING, corpus);
    for (int i = 0; i < found; i++) {
        if ((size_t)i < count) {
            char *text = read_text(corpus, names[i]->d_name);
            put(shelf, &authors[(size_t)i % logs].writer, text);
            free(text);
        }
        free(names[i]);
    }
    free(names);
}

/* ---- the network ---- */

static void write_governance(struct federation *f, size_t nodes, struct author *authors, size_t logs,
                             struct buffer *governance)
{
    char label[64];

    bundle_begin(governance, &f->network);
    for (size_t i = 1; i <= nodes; i++) {
        snprintf(label, sizeof label, "node %zu", i);
        struct writer node = federation_writer(label, &f->founder.kibbutz, ROLE_NODE);
        (void)federation_grant_node(f, &f->founder, &node.key.public, label, governance);
    }
    for (size_t i = 0; i < logs; i++)
        (void)federation_grant_coordinator(f, &f->founder, &authors[i].writer.key.public, governance);
}

int main(int argc, char **argv)
{
    struct federation f;
    struct buffer governance = BUFFER(LIMIT_BUNDLE);
    size_t nodes, count, logs;
    struct author *authors;
    char label[64], path[FILES_PATH_SIZE];

    if (argc != 4 && argc != 6)
        return 2;
    nodes = strtoul(argv[2], NULL, 10);
    count = strtoul(argv[3], NULL, 10);
    logs = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;
    if (argc == 6 && logs == 0)
        return 2;
    federation_begin(&f, "בדיקה");
    authors = make_authors(&f, logs);
    write_governance(&f, nodes, authors, logs, &governance);
    for (size_t i = 1; i <= nodes; i++) {
        char key[ID_TEXT_LEN + 1];
        struct id channel;
        struct office office;

        snprintf(label, sizeof label, "node %zu", i);
        snprintf(path, sizeof path, "%s/%zu", argv[1], i);
        open_office(&office, path, &f, label);
        take_in(&office, buffer_bytes(&governance));
        if (i == 1 && count > 0) {
            struct shelf shelf = {.f = &f, .office = &office, .bundle = BUFFER(LIMIT_BUNDLE)};
            bundle_begin(&shelf.bundle, &f.network);
            if (logs == 0)
                put_short_ones(&shelf, count);
            else
                put_corpus(&shelf, authors, logs, argv[5], count);
            empty_shelf(&shelf);
            buffer_free(&shelf.bundle);
        }
        if (i == 1 && logs > 0) {
            write_person(&office, ROLE_STEWARD, "founder");
            for (size_t k = 0; k < logs && k < KEYS; k++)
                write_person(&office, ROLE_COORDINATOR, authors[k].label);
        }
        close_office(&office);
        channel = federation_channel_id(label);
        id_to_text(&channel, key);
        printf("%s\n", key);
    }
    free(authors);
    buffer_free(&governance);
    federation_free(&f);
    return 0;
}
