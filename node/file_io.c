/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/file_io.h"

#include "node/log.h"
#include "node/reserve.h"
#include "store/files.h"

#include <stdlib.h>

enum err file_io_store(struct node *node, const struct file_chunk *chunk)
{
    bool whole;
    enum err err = reserve_allows(node->home, chunk->bytes.len) ? ERR_OK : ERR_FULL;

    if (err == ERR_OK)
        err = archive_add_chunk(storer_archive(node->storer), chunk, &whole);
    if (err == ERR_FULL)
        log_event("attachments wait", "the disk has no more room than is kept for what is signed");
    return err;
}

/* ---- for others ---- */

static enum err read_part(struct node *node, const struct replica_event *event, const struct id *entry,
                          struct buffer *part)
{
    struct file_state *state;
    uint64_t size;
    enum err err = ERR_OK;

    if (!archive_names_file(storer_archive(node->storer), entry, &event->digest, &size))
        return ERR_MISSING;
    if (!event->list)
        return archive_read_chunk(storer_archive(node->storer), &event->digest, size, event->index, part);
    if ((state = malloc(sizeof *state)) == NULL)
        return ERR_MEMORY;
    archive_file_state(storer_archive(node->storer), &event->digest, size, state);
    buffer_add(part, bytes_of(state->list, state->list_len));
    err = state->list_len == 0 ? ERR_MISSING : buffer_error(part);
    free(state);
    return err;
}

void file_io_supply(struct node *node, const struct replica_event *event)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), part = BUFFER(LIMIT_CHUNK);
    struct head head;
    char key[9];
    enum err err = archive_find_head(storer_archive(node->storer), &event->log, event->to, event->beginning, &head);

    if (err == ERR_OK)
        err = archive_read_entry_of(storer_archive(node->storer), &head.entry, &wire);
    if (err == ERR_OK)
        err = read_part(node, event, &head.entry, &part);
    if (err != ERR_OK && err != ERR_MISSING)
        log_event("attachment not read", "%s: %s", log_key(&event->digest, key),
                  archive_reason(storer_archive(node->storer)));
    struct bytes bytes = buffer_bytes(&part);
    replica_supply_file(node->replica, event->connection, buffer_bytes(&wire), err == ERR_OK ? &bytes : NULL);
    buffer_free(&wire);
    buffer_free(&part);
}

/* ---- for ourselves ---- */

void file_io_state(void *context, const struct id *digest, uint64_t size, struct file_state *state)
{
    struct node *node = context;

    archive_file_state(storer_archive(node->storer), digest, size, state);
}

typedef enum err want_fn(struct replica *r, const struct entry *entry, const struct id *id, const struct id *digest,
                         uint64_t size);

static enum err want(struct node *node, const struct id *id, const struct id *digest, uint64_t size, want_fn *fn)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct id network = archive_network(storer_archive(node->storer));
    struct entry entry;
    enum err err = archive_read_entry_of(storer_archive(node->storer), id, &wire);

    if (err == ERR_OK)
        err = entry_decode(buffer_bytes(&wire), &network, &entry);
    if (err == ERR_OK)
        err = fn(node->replica, &entry, id, digest, size);
    buffer_free(&wire);
    return err == ERR_LIMIT ? ERR_OK : err; /* Too many to remember: found again at the next start. */
}

static enum err load_absent(void *context, const struct id *entry, const struct id *digest, uint64_t size)
{
    return want(context, entry, digest, size, replica_load_absent);
}

enum err file_io_load(struct node *node)
{
    return archive_load_absent(storer_archive(node->storer), load_absent, node);
}

void file_io_tidy(struct node *node)
{
    char keys[FILES_PATH_SIZE], pending[FILES_PATH_SIZE];
    struct files_lock turn;
    enum err err;

    /* Whoever signs now has stored what it is about to publish. */
    if (files_join(keys, node->home, "keys") != ERR_OK || files_join(pending, keys, "pending") != ERR_OK ||
        files_lock(keys, &turn, NULL) != ERR_OK)
        return;
    err = files_exists(pending) ? ERR_OK : archive_forget_unnamed(storer_archive(node->storer));
    files_unlock(&turn);
    if (err != ERR_OK)
        log_event("attachments not tidied", "%s", archive_reason(storer_archive(node->storer)));
}

struct wish {
    struct node *node;
    size_t *asked;
};

static enum err want_one(void *context, const struct id *entry, const struct id *digest, uint64_t size, bool here)
{
    const struct wish *wish = context;

    if (here)
        return ERR_OK;
    ++*wish->asked;
    return want(wish->node, entry, digest, size, replica_want_file);
}

enum err file_io_want(struct node *node, const struct id *entry, size_t *asked)
{
    struct wish wish = {node, asked};

    *asked = 0;
    return archive_each_attachment(storer_archive(node->storer), entry, want_one, &wish);
}

enum err file_io_want_one(struct node *node, const struct id *entry, const struct id *digest, uint64_t size)
{
    return want(node, entry, digest, size, replica_want_file);
}
