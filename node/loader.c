/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/loader.h"

#include "node/config.h"
#include "node/crew.h"
#include "node/file_io.h"
#include "node/keeper.h"
#include "node/log.h"
#include "proto/bundle.h"
#include "store/anchor.h"
#include "store/key_file.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

struct found_key {
    char path[sizeof((struct key_file_info *)NULL)->path];
    bool found;
};

static enum err note_node_key(void *context, const struct key_file_info *info)
{
    struct found_key *found = context;

    if (info->err == ERR_OK && info->role == ROLE_NODE && !found->found) {
        memcpy(found->path, info->path, sizeof found->path);
        found->found = true;
    }
    return ERR_OK;
}

static enum err find_key(const struct node *node, struct found_key *found)
{
    char directory[FILES_PATH_SIZE];
    enum err err = files_join(directory, node->home, "keys");

    *found = (struct found_key){.found = false};
    if (err == ERR_OK)
        err = key_file_each(directory, note_node_key, found);
    return err == ERR_OK && !found->found ? ERR_MISSING : err;
}

enum err loader_open_key(const struct node *node, struct key_file_node **key, char reason[NODE_REASON])
{
    struct key_file_reason why = {.text = ""};
    struct found_key found;
    enum err err = find_key(node, &found);

    if (err == ERR_OK)
        err = key_file_open_node(found.path, key, &why);
    if (err != ERR_OK)
        snprintf(reason, NODE_REASON, "no node key here: %s", why.text[0] != '\0' ? why.text : err_text(err));
    return err;
}

static enum err each_entry(void *context, const struct entry *entry, const struct id *id)
{
    return replica_load_entry(context, entry, id);
}

static enum err each_missing(void *context, const struct id *id, const struct id *content)
{
    struct node *node = context;
    struct id network = archive_network(storer_archive(node->storer));
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;

    (void)content; /* The entry names it. */
    enum err err = archive_read_entry_of(storer_archive(node->storer), id, &wire);
    if (err == ERR_OK)
        err = entry_decode(buffer_bytes(&wire), &network, &entry);
    if (err == ERR_OK)
        err = replica_load_missing(node->replica, &entry, id);
    buffer_free(&wire);
    return err == ERR_LIMIT ? ERR_OK : err; /* Too many to remember: found again at the next start. */
}

/* The one question that the replica asks of the store. */
static enum err find(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    struct node *node = context;

    return archive_find_head(storer_archive(node->storer), log, seq, beginning, head);
}

/* What is not here, or damaged, is no more than a push that costs more. */
static enum err read_recent(void *context, const struct id *entry, struct buffer *wire, struct buffer *packed)
{
    struct node *node = context;
    enum err err = archive_read_entry_of(storer_archive(node->storer), entry, wire);

    if (err == ERR_OK && archive_read_content_of(storer_archive(node->storer), entry, packed) != ERR_OK)
        buffer_clear(packed);
    return err;
}

static enum err load(struct node *node)
{
    struct frontier *frontier = frontier_new();
    enum err err;

    if (frontier == NULL)
        return ERR_MEMORY;
    err = archive_load_frontier(storer_archive(node->storer), frontier);
    for (size_t i = 0; err == ERR_OK && i < frontier_count(frontier); i++)
        err = replica_load_head(node->replica, frontier_at(frontier, i));
    frontier_free(frontier);
    if (err == ERR_OK)
        err = archive_load_entries(storer_archive(node->storer), each_entry, node->replica);
    if (err == ERR_OK && replica_trust(node->replica) != NULL)
        err = anchor_load(node->home, replica_trust(node->replica));
    /* Before it is known what is missing: what was erased is not. */
    if (err == ERR_OK && replica_trust(node->replica) != NULL)
        err = archive_judge(storer_archive(node->storer), replica_trust(node->replica));
    if (err == ERR_OK)
        err = archive_load_missing(storer_archive(node->storer), each_missing, node);
    if (err == ERR_OK && replica_trust(node->replica) != NULL)
        err = file_io_load(node);
    return err;
}

/* Appends a log's entries 1 to `to`, with contents, to a bundle. */
static enum err add_log(struct node *node, const struct id *log, uint64_t to, struct buffer *bundle)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
    enum err err = ERR_OK;

    for (uint64_t seq = 1; err == ERR_OK && seq <= to; seq++) {
        buffer_clear(&wire);
        buffer_clear(&packed);
        if ((err = archive_read_entry(storer_archive(node->storer), log, seq, &wire)))
            break;
        bundle_add_entry(bundle, buffer_bytes(&wire));
        if (archive_read_content(storer_archive(node->storer), log, seq, &packed) == ERR_OK)
            bundle_add_content(bundle, log, seq, buffer_bytes(&packed));
        err = buffer_error(bundle);
    }
    buffer_free(&wire);
    buffer_free(&packed);
    return err;
}

/* A newcomer has little, and shows all of it: the invitation's log first, for the others rest on it. */
static enum err add_all(struct node *node, struct buffer *bundle)
{
    static const enum role order[] = {ROLE_INVITATION, ROLE_STEWARD, ROLE_NODE};
    const struct frontier *frontier = replica_frontier(node->replica);
    enum err err = ERR_OK;

    for (size_t step = 0; step < sizeof order / sizeof order[0]; step++)
        for (size_t i = 0; err == ERR_OK && i < frontier_count(frontier); i++)
            if (frontier_at(frontier, i)->role == order[step])
                err = add_log(node, &frontier_at(frontier, i)->log, frontier_at(frontier, i)->seq, bundle);
    return err;
}

/* What others need in order to let us in: our chain of grants. */
static enum err load_enrolment(struct node *node)
{
    struct trust *trust = replica_trust(node->replica);
    struct buffer bundle = BUFFER(LIMIT_SHOW);
    struct trust_range ranges[LIMIT_ENROLMENT];
    struct id network = archive_network(storer_archive(node->storer));
    size_t count = trust != NULL ? trust_enrolment(trust, &node->key, ranges, LIMIT_ENROLMENT) : 0;
    const struct head *own = frontier_find(replica_frontier(node->replica), &node->key);
    bool is_shown = false;
    size_t empty;
    enum err err = ERR_OK;

    bundle_begin(&bundle, &network);
    empty = bundle.len;
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        err = add_log(node, &ranges[i].log, ranges[i].to, &bundle);
        is_shown = is_shown || id_equal(&ranges[i].log, &node->key);
    }
    if (err == ERR_OK && count > 0 && own != NULL && !is_shown) /* It names the channel key that is used now. */
        err = add_log(node, &node->key, own->seq, &bundle);
    if (trust == NULL)
        err = add_all(node, &bundle);
    if (err == ERR_OK && bundle.len > empty)
        err = replica_load_enrolment(node->replica, buffer_bytes(&bundle));
    buffer_free(&bundle);
    if (err == ERR_LIMIT)
        log_event("enrolment too large", "others must hear of this node from their neighbours first");
    return err == ERR_LIMIT ? ERR_OK : err;
}

enum err loader_read_channel(struct node *node, char reason[NODE_REASON])
{
    struct key_file_node *key = NULL;
    enum err err = loader_open_key(node, &key, reason);

    if (err != ERR_OK)
        return err;
    replica_set_channel(node->replica, &key->channel);
    memcpy(node->channel.at, key->channel.public, ID_LEN);
    key_file_close_node(key);
    log_event("channel changed", "this node is called by its new channel key from now on");
    return load_enrolment(node);
}

/* A rotation that was cut off after its entry was durable: the others call us by the new key already. */
static enum err finish_rotation(struct node *node, char reason[NODE_REASON])
{
    struct trust *trust = replica_trust(node->replica);
    struct key_file_reason why = {.text = ""};
    struct key_file_node *next = NULL;
    struct found_key found;
    struct trust_key own;
    bool is_named;

    if (trust == NULL || find_key(node, &found) != ERR_OK || key_file_open_next(found.path, &next, &why) != ERR_OK)
        return ERR_OK;
    own = trust_key(trust, &node->key);
    is_named = own.status == TRUST_GOOD && memcmp(own.channel.at, next->channel.public, ID_LEN) == 0;
    key_file_close_node(next);
    if (!is_named || key_file_take_channel(found.path, &why) != ERR_OK)
        return ERR_OK;
    return loader_read_channel(node, reason);
}

/* A node with little disk keeps entries and texts, and attachments when somebody wants them. */
static bool fetches_on_demand(const char *home)
{
    struct config *config = NULL;
    bool loaded = config_load(home, &config) == ERR_OK;
    const char *value = loaded ? config_value(config, "attachments", 0) : NULL;
    bool on_demand = loaded && config_fetches_on_demand(config);

    if (value != NULL && !on_demand && strcmp(value, "all") != 0)
        log_event("configuration", "attachments = '%s' is not understood: all or on-demand", value);
    config_free(config);
    return on_demand;
}

enum err loader_fill(struct node *node, char reason[NODE_REASON])
{
    struct key_file_node *key = NULL;
    struct replica_options options = {.software = "igum " IGUM_VERSION,
                                      .find = find,
                                      .read = read_recent,
                                      .find_context = node,
                                      .file_state = file_io_state};
    enum err err;

    if ((err = loader_open_key(node, &key, reason)))
        return err;
    options.channel = &key->channel;
    memcpy(node->channel.at, key->channel.public, ID_LEN);
    node->key = key->signing.public;
    options.network = archive_network(storer_archive(node->storer));
    options.charter = archive_charter(storer_archive(node->storer));
    options.node = node->key;
    options.store_id = archive_store_id(storer_archive(node->storer));
    options.parallel = crew_parallel(node->crew);
    options.on_demand = fetches_on_demand(node->home);
    node->replica = replica_new(&options);
    key_file_close_node(key);
    err = node->replica == NULL ? ERR_MEMORY : load(node);
    if (err == ERR_OK)
        err = load_enrolment(node);
    if (err == ERR_OK)
        err = finish_rotation(node, reason);
    if (err == ERR_OK)
        keeper_load(node);
    archive_rest(storer_archive(node->storer));
    (void)malloc_trim(0); /* What was given back lies between what stays. */
    if (err != ERR_OK)
        snprintf(reason, NODE_REASON, "cannot load the archive: %s", err_text(err));
    return err;
}
