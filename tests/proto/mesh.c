/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/proto/mesh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"

static enum err find(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    struct mesh_node *node = context;

    for (size_t i = 0; i < node->kept_count; i++)
        if (node->kept[i].head.seq == seq && id_equal(&node->kept[i].head.log, log) &&
            memcmp(node->kept[i].head.entry.at, beginning.at, beginning.len) == 0) {
            *head = node->kept[i].head;
            return ERR_OK;
        }
    return ERR_MISSING;
}

static enum err read_recent(void *context, const struct id *entry, struct buffer *wire, struct buffer *packed)
{
    struct mesh_kept *kept = mesh_find_id(context, entry);

    if (!kept)
        return ERR_MISSING;
    buffer_add(wire, buffer_bytes(&kept->entry));
    buffer_add(packed, buffer_bytes(&kept->content));
    return ERR_OK;
}

/* ---- attachments ---- */

struct mesh_file *mesh_find_file(struct mesh_node *node, const struct id *digest)
{
    for (size_t i = 0; i < node->file_count; i++)
        if (id_equal(&node->files[i].digest, digest))
            return &node->files[i];
    return NULL;
}

static struct mesh_file *new_file(struct mesh_node *node, const struct id *digest, uint64_t size)
{
    struct mesh_file *file = &node->files[node->file_count];

    assert_true(node->file_count++ < MESH_FILES);
    *file = (struct mesh_file){.digest = *digest, .size = size, .bytes = malloc((size_t)size + 1)};
    assert_non_null(file->bytes);
    return file;
}

struct mesh_file *mesh_add_file(struct mesh_node *node, uint64_t seed, uint64_t size)
{
    struct mesh_file *file = new_file(node, &(struct id){{0}}, size);
    uint64_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < size; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        file->bytes[i] = (uint8_t)(x >> 56);
    }
    file->digest = content_digest(bytes_of(file->bytes, (size_t)size));
    for (size_t i = 0; size > LIMIT_CHUNK && i < file_chunks(size); i++) {
        struct id hash = id_hash(ID_BLOB, bytes_of(file->bytes + i * LIMIT_CHUNK, file_chunk_size(size, i)));
        memcpy(file->state.list + i * ID_LEN, hash.at, ID_LEN);
        file->state.list_len += ID_LEN;
    }
    file->state.whole = true;
    file->state.count = file_chunks(size);
    return file;
}

static void file_state(void *context, const struct id *digest, uint64_t size, struct file_state *state)
{
    struct mesh_file *file = mesh_find_file(context, digest);

    (void)size;
    *state = file ? file->state : (struct file_state){.whole = false};
}

static void keep_chunk(struct mesh_node *node, const struct file_chunk *chunk)
{
    struct mesh_file *file = mesh_find_file(node, &chunk->digest);

    if (!file)
        file = new_file(node, &chunk->digest, chunk->size);
    memcpy(file->bytes + chunk->index * LIMIT_CHUNK, chunk->bytes.at, chunk->bytes.len);
    if (chunk->list.len > 0)
        memcpy(file->state.list, chunk->list.at, chunk->list.len);
    file->state.list_len = chunk->list.len;
    file_state_add(&file->state, chunk->index);
    file->state.whole = file->state.count == file_chunks(file->size);
    node->chunks_stored++;
}

static void supply_file(struct mesh_node *node, const struct replica_event *event)
{
    struct mesh_file *file = mesh_find_file(node, &event->digest);
    struct head head = {.seq = 0};
    struct mesh_kept *kept =
        find(node, &event->log, event->to, event->beginning, &head) ? NULL : mesh_find_id(node, &head.entry);
    struct bytes bytes = bytes_of(NULL, 0);

    if (node->files_stall)
        return;
    if (!file || !kept || (!event->list && !file_state_has(&file->state, event->index))) {
        replica_supply_file(node->replica, event->connection, bytes, NULL);
        return;
    }
    node->chunks_read++;
    bytes = event->list ? bytes_of(file->state.list, file->state.list_len)
                        : bytes_of(file->bytes + event->index * LIMIT_CHUNK, file_chunk_size(file->size, event->index));
    if ((event->list && node->lists_lie) || (!event->list && node->files_lie))
        bytes.len -= bytes.len > 0;
    replica_supply_file(node->replica, event->connection, buffer_bytes(&kept->entry), &bytes);
}

struct mesh_node *mesh_start(struct mesh *mesh, size_t index, const char *name, bool with_charter)
{
    struct mesh_node *node = &mesh->nodes[index];
    struct noise_key_pair channel = federation_channel(name);
    struct replica_options options = {.network = mesh->f.network,
                                      .charter = with_charter ? buffer_bytes(&mesh->f.charter) : bytes_of(NULL, 0),
                                      .channel = &channel,
                                      .store_id = index + 1,
                                      .software = "test",
                                      .find = find,
                                      .read = read_recent,
                                      .find_context = node,
                                      .file_state = file_state,
                                      .on_demand = node->on_demand,
                                      .forgetful = node->forgetful,
                                      .small_trie = node->small_trie};

    node->name = name;
    node->key = federation_writer(name, &mesh->f.founder.kibbutz, ROLE_NODE);
    options.node = node->key.key.public;
    node->replica = replica_new(&options);
    assert_non_null(node->replica);
    return node;
}

struct mesh_kept *mesh_find(struct mesh_node *node, const struct id *log, uint64_t seq)
{
    for (size_t i = 0; i < node->kept_count; i++)
        if (node->kept[i].head.seq == seq && id_equal(&node->kept[i].head.log, log))
            return &node->kept[i];
    return NULL;
}

struct mesh_kept *mesh_find_id(struct mesh_node *node, const struct id *entry)
{
    for (size_t i = 0; i < node->kept_count; i++)
        if (id_equal(&node->kept[i].head.entry, entry))
            return &node->kept[i];
    return NULL;
}

void mesh_keep(struct mesh_node *node, const struct item *item)
{
    struct mesh_kept *kept = mesh_find_id(node, &item->head.entry);

    if (!kept) {
        assert_true(node->kept_count < MESH_KEPT);
        kept = &node->kept[node->kept_count++];
        *kept = (struct mesh_kept){.head = item->head,
                                   .prev = item->prev,
                                   .entry = BUFFER(LIMIT_ENTRY),
                                   .content = BUFFER(LIMIT_CONTENT + 4096)};
    }
    buffer_add(&kept->entry, item->entry);
    buffer_add(&kept->content, item->content);
}

/* What leads to an entry, at that seq. */
static struct mesh_kept *find_before(struct mesh_node *node, const struct id *later, uint64_t seq)
{
    struct mesh_kept *kept = mesh_find_id(node, later);

    while (kept && kept->head.seq > seq)
        kept = mesh_find_id(node, &kept->prev);
    return kept;
}

static void supply(struct mesh_node *node, const struct replica_event *event)
{
    struct head last = {.seq = 0};

    if (!event->content_only && node->run_count > 0 &&
        replica_supply_frame(node->replica, event->connection, node->runs, node->run_count, node->frame)) {
        node->frames++;
        return;
    }
    bool found = !find(node, &event->log, event->to, event->beginning, &last) && !node->reads_nothing;

    for (uint64_t seq = event->from; found && seq <= event->to; seq++) {
        struct mesh_kept *kept = find_before(node, &last.entry, seq);

        if (!kept || !replica_supply(node->replica, event->connection, &event->log, seq, buffer_bytes(&kept->entry),
                                     buffer_bytes(&kept->content)))
            break;
    }
    replica_supply_end(node->replica, event->connection);
}

void mesh_stored(struct mesh *mesh, struct mesh_node *node)
{
    struct replica_event store = node->held[0];

    assert_true(node->held_count > 0);
    memmove(node->held, node->held + 1, --node->held_count * sizeof node->held[0]);
    if (store.chunk) {
        if (!node->chunks_fail)
            keep_chunk(node, store.chunk);
        replica_stored(node->replica, node->chunks_fail ? ERR_FULL : ERR_OK, mesh->now);
        return;
    }
    for (size_t i = 0; i < store.item_count && !node->store_fails; i++)
        mesh_keep(node, &store.items[i]);
    if (node->store_fails) /* Nothing that rests on it is stored. */
        node->held_count = 0;
    replica_stored(node->replica, node->store_fails ? ERR_FULL : ERR_OK, mesh->now);
}

/* A receipt claims no attachment that the store has not got whole. */
static void check_receipt(struct mesh_node *node)
{
    const struct receipts *receipts = replica_receipts(node->replica);
    const struct receipts_node *said = receipts_at(receipts, receipts_find(receipts, &node->key.key.public));
    struct content *content = malloc(sizeof *content);

    assert_non_null(content);
    for (size_t i = 0; i < node->kept_count; i++) {
        const struct mesh_kept *kept = &node->kept[i];

        if (trust_erased(replica_trust(node->replica), &kept->head.entry) || receipts_lacks(said, &kept->head.entry))
            continue;
        if (kept->content.len == 0 || content_open(buffer_bytes(&kept->content), content) != ERR_OK)
            continue;
        for (size_t j = 0; j < content->count; j++) {
            const struct mesh_file *file = mesh_find_file(node, &content->files[j].digest);

            assert_true(&content->files[j] == content_text(content) || (file && file->state.whole));
        }
    }
    free(content);
}

void mesh_sign(struct mesh *mesh, struct mesh_node *node)
{
    struct receipt receipt;

    node->signs++;
    if (node->signs_nothing)
        return;
    assert_int_equal(replica_receipt(node->replica, MESH_WALL_MS + mesh->now, &receipt), ERR_OK);
    assert_int_equal(receipt_sign(&receipt, &mesh->f.network, &node->key.key), ERR_OK);
    replica_receipt_kept(node->replica, &receipt, mesh->now);
    check_receipt(node);
}

static void turn_to(struct mesh *mesh, const struct mesh_node *node)
{
    if (mesh->turn)
        mesh->turn(mesh, node);
}

bool mesh_step(struct mesh *mesh, struct mesh_node *node)
{
    bool did = false;
    struct replica_event event;

    turn_to(mesh, node);
    while ((event = replica_next(node->replica, mesh->now)).kind != REPLICA_IDLE) {
        did = true;
        switch (event.kind) {
        case REPLICA_STORE:
            node->stores++;
            assert_true(node->held_count < MESH_HELD);
            node->held[node->held_count++] = event;
            if (!node->store_holds)
                mesh_stored(mesh, node);
            break;
        case REPLICA_READ:
            if (!node->answers_stall)
                supply(node, &event);
            break;
        case REPLICA_READ_FILE: supply_file(node, &event); break;
        case REPLICA_FILE: node->files_whole++; break;
        case REPLICA_OPENED: node->opened++; break;
        case REPLICA_CLOSED:
            node->closed++;
            node->last_closed = event.cause;
            for (size_t i = 0; i < mesh->wire_count; i++)
                if ((mesh->wires[i].from == node && mesh->wires[i].at_from == event.connection) ||
                    (mesh->wires[i].to == node && mesh->wires[i].at_to == event.connection))
                    mesh->wires[i].up = false;
            break;
        case REPLICA_EQUAL: node->equal++; break;
        case REPLICA_FORK: node->forks++; break;
        case REPLICA_BEHIND: node->behind++; break;
        case REPLICA_REFUSED:
            node->refused++;
            snprintf(node->refusal, sizeof node->refusal, "%.*s", (int)event.text.len, (const char *)event.text.at);
            break;
        case REPLICA_PUBLISHED:
            node->published++;
            node->last_published = event.cause;
            break;
        case REPLICA_SIGN: mesh_sign(mesh, node); break;
        case REPLICA_CONTRADICTION: node->contradictions++; break;
        case REPLICA_RECEIPTS:
        case REPLICA_ADVANCED:
        case REPLICA_CHARTER:
        case REPLICA_IDLE: break;
        }
    }
    return did;
}

static bool carry(struct mesh *mesh, struct mesh_wire *wire, bool forward)
{
    struct mesh_node *from = forward ? wire->from : wire->to, *to = forward ? wire->to : wire->from;
    uint32_t out = forward ? wire->at_from : wire->at_to, in = forward ? wire->at_to : wire->at_from;

    if (!wire->up)
        return false;
    (void)mesh_step(mesh, from); /* What came is acted on before anything is written. */
    turn_to(mesh, from);
    struct bytes bytes = replica_output(from->replica, out, mesh->now);

    if (!wire->up || bytes.len == 0 || (mesh->cut_after && wire->bytes >= mesh->cut_after))
        return false;
    if (mesh->cut_after && bytes.len > mesh->cut_after - wire->bytes)
        bytes.len = mesh->cut_after - wire->bytes;
    turn_to(mesh, to);
    size_t taken = replica_receive(to->replica, in, bytes, mesh->now);
    turn_to(mesh, from);
    replica_sent(from->replica, out, taken);
    wire->bytes += taken;
    wire->back += forward ? 0 : taken;
    return taken > 0;
}

void mesh_run(struct mesh *mesh)
{
    bool did = true;

    for (size_t rounds = 0; did; rounds++) {
        assert_true(rounds < 100000); /* Nothing talks for ever. */
        did = false;
        for (size_t i = 0; i < MESH_NODES; i++)
            did = (mesh->nodes[i].replica && mesh_step(mesh, &mesh->nodes[i])) || did;
        for (size_t i = 0; i < mesh->wire_count; i++) {
            did = carry(mesh, &mesh->wires[i], true) || did;
            did = carry(mesh, &mesh->wires[i], false) || did;
        }
    }
}

void mesh_pass(struct mesh *mesh, uint64_t now)
{
    mesh_run(mesh);
    for (;;) {
        uint64_t next = now;

        for (size_t i = 0; i < MESH_NODES; i++)
            if (mesh->nodes[i].replica && replica_deadline(mesh->nodes[i].replica) < next)
                next = replica_deadline(mesh->nodes[i].replica);
        assert_true(next > mesh->now || next == now);
        mesh->now = next;
        for (size_t i = 0; i < MESH_NODES; i++)
            if (mesh->nodes[i].replica)
                replica_expire(mesh->nodes[i].replica, mesh->now);
        mesh_run(mesh);
        if (next == now)
            return;
    }
}

struct mesh_wire *mesh_dial(struct mesh *mesh, struct mesh_node *from, struct mesh_node *to)
{
    struct mesh_wire *wire = &mesh->wires[mesh->wire_count];
    struct replica_connection how = {.initiator = true, .expect = federation_channel_id(to->name)};

    *wire = (struct mesh_wire){.from = from,
                               .to = to,
                               .at_from = (uint32_t)(2 * mesh->wire_count),
                               .at_to = (uint32_t)(2 * mesh->wire_count + 1),
                               .up = true};
    mesh->wire_count++;
    how.seed[0] = ++mesh->seed;
    assert_int_equal(replica_connect(from->replica, wire->at_from, &how, mesh->now), ERR_OK);
    how.initiator = false;
    how.seed[0] = ++mesh->seed;
    assert_int_equal(replica_connect(to->replica, wire->at_to, &how, mesh->now), ERR_OK);
    return wire;
}

enum err mesh_publish(struct mesh_node *node, struct buffer *bundle)
{
    enum err err = replica_publish(node->replica, 1, buffer_bytes(bundle));

    buffer_free(bundle);
    return err;
}

void mesh_begin(struct buffer *bundle, struct mesh *mesh)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &mesh->f.network);
}

struct mesh *mesh_three(void)
{
    static const char *names[] = {"one", "two", "three"};
    struct mesh *mesh = calloc(1, sizeof *mesh);
    struct buffer bundle;

    assert_non_null(mesh);
    federation_begin(&mesh->f, "רשת");
    mesh_begin(&bundle, mesh);
    for (size_t i = 0; i < 3; i++) {
        struct mesh_node *node = mesh_start(mesh, i, names[i], true);
        federation_grant_node(&mesh->f, &mesh->f.founder, &node->key.key.public, names[i], &bundle);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(replica_publish(mesh->nodes[i].replica, 1, buffer_bytes(&bundle)), ERR_OK);
        mesh_run(mesh);
    }
    buffer_free(&bundle);
    return mesh;
}

void mesh_end(struct mesh *mesh)
{
    for (size_t i = 0; i < MESH_NODES; i++) {
        replica_free(mesh->nodes[i].replica);
        for (size_t j = 0; j < mesh->nodes[i].kept_count; j++) {
            buffer_free(&mesh->nodes[i].kept[j].entry);
            buffer_free(&mesh->nodes[i].kept[j].content);
        }
        for (size_t j = 0; j < mesh->nodes[i].file_count; j++)
            free(mesh->nodes[i].files[j].bytes);
    }
    federation_free(&mesh->f);
    free(mesh);
}

void mesh_assert_equal_roots(const struct mesh_node *a, const struct mesh_node *b)
{
    struct id x = frontier_root(replica_frontier(a->replica)), y = frontier_root(replica_frontier(b->replica));

    assert_memory_equal(x.at, y.at, ID_LEN);
}

/* `head` is that of the entry before, of whichever log. */
static void load_entry(struct mesh *mesh, struct mesh_node *node, struct bytes wire, struct item *item)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head before = item->head, after;
    struct entry entry;

    assert_int_equal(entry_decode(wire, &mesh->f.network, &entry), ERR_OK);
    if (entry.seq == 1)
        before = (struct head){.log = entry.log};
    assert_int_equal(entry_verify(&entry, &before, &after, &commit), ERR_OK);
    assert_int_equal(replica_load_entry(node->replica, &entry, &after.entry), ERR_OK);
    buffer_free(&commit);
    *item = (struct item){.head = after, .prev = entry.prev, .entry = wire};
}

/* Tells the replica of the tips of what is kept. */
static void load_heads(struct mesh_node *node)
{
    for (size_t i = 0; i < node->kept_count; i++) {
        bool followed = false;

        for (size_t j = 0; j < node->kept_count; j++)
            followed = followed || id_equal(&node->kept[j].prev, &node->kept[i].head.entry);
        if (!followed)
            assert_int_equal(replica_load_head(node->replica, &node->kept[i].head), ERR_OK);
    }
}

void mesh_load(struct mesh *mesh, struct mesh_node *node, const struct buffer *bundle)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct item item = {.head = {.seq = 0}};

    assert_int_equal(bundle_open(&reader, buffer_bytes(bundle), &mesh->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        struct item content = {.head = item.head, .content = record.bytes};

        if (record.kind == BUNDLE_ENTRY)
            load_entry(mesh, node, record.bytes, &item);
        mesh_keep(node, record.kind == BUNDLE_ENTRY ? &item : &content);
    }
    load_heads(node);
}

void mesh_restart(struct mesh *mesh, size_t index)
{
    struct mesh_node *node = &mesh->nodes[index];
    struct replica *before = node->replica;
    struct entry entry;
    struct id content;

    mesh_start(mesh, index, node->name, true);
    node->held_count = 0;
    load_heads(node);
    for (size_t i = 0; i < node->kept_count; i++) {
        assert_int_equal(entry_decode(buffer_bytes(&node->kept[i].entry), &mesh->f.network, &entry), ERR_OK);
        assert_int_equal(replica_load_entry(node->replica, &entry, &node->kept[i].head.entry), ERR_OK);
    }
    replica_free(before);
    for (size_t i = 0; i < node->kept_count; i++) {
        assert_int_equal(entry_decode(buffer_bytes(&node->kept[i].entry), &mesh->f.network, &entry), ERR_OK);
        if (node->kept[i].content.len == 0 && !act_id(entry.body, ACT_CONTENT, 0, &content))
            assert_int_equal(replica_load_missing(node->replica, &entry, &node->kept[i].head.entry), ERR_OK);
    }
}

void mesh_load_absent(struct mesh *mesh, struct mesh_node *node)
{
    struct content *content = malloc(sizeof *content);
    struct entry entry;

    assert_non_null(content);
    for (size_t i = 0; i < node->kept_count; i++) {
        struct mesh_kept *kept = &node->kept[i];

        if (kept->content.len == 0 || content_open(buffer_bytes(&kept->content), content) != ERR_OK)
            continue;
        assert_int_equal(entry_decode(buffer_bytes(&kept->entry), &mesh->f.network, &entry), ERR_OK);
        for (size_t j = 0; j < content->count; j++)
            if (&content->files[j] != content_text(content))
                assert_int_equal(replica_load_absent(node->replica, &entry, &kept->head.entry,
                                                     &content->files[j].digest, content->files[j].size),
                                 ERR_OK);
    }
    free(content);
}

struct mesh_node *mesh_join(struct mesh *mesh, struct writer *ephemeral, const struct id *admit,
                            const char *steward_label)
{
    struct writer steward = federation_writer(steward_label, admit, ROLE_STEWARD);
    struct id card = id_hash(ID_CARD, bytes_text(steward_label));
    struct mesh_node *node = mesh_start(mesh, 3, "newcomer", false);
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_accept(&mesh->f, ephemeral, admit, &steward, &card, NULL, &bundle);
    federation_grant_node(&mesh->f, &steward, &node->key.key.public, "newcomer", &bundle);
    mesh_load(mesh, node, &bundle);
    assert_int_equal(replica_load_enrolment(node->replica, buffer_bytes(&bundle)), ERR_OK);
    buffer_free(&bundle);
    return node;
}
