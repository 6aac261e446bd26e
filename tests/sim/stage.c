/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/stage.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/people.h"
#include "tests/sim/scenario.h"

#define BASE_MS UINT64_C(1790000000000)

/* ---- what the players do ---- */

/* Signs an entry after the writer's own head, whatever others know of its log, and puts it into a bundle. */
static struct id sign(struct world *w, uint32_t node, struct writer *by, enum act act, struct bytes body,
                      struct bytes content, const struct id *root, struct buffer *bundle)
{
    struct entry entry = {.network = w->federation.network,
                          .kibbutz = by->kibbutz,
                          .role = by->role,
                          .root = root ? *root : w->federation.network,
                          .act = act,
                          .body = body};
    struct buffer wire = BUFFER(LIMIT_ENTRY), commit = BUFFER(LIMIT_COMMIT);
    struct head after;

    if (entry_sign(&entry, &by->head, &by->key, BASE_MS + w->now + w->entry_count) ||
        entry_verify(&entry, &by->head, &after, &commit))
        abort();
    entry_encode(&wire, &entry);
    bundle_add_entry(bundle, buffer_bytes(&wire));
    if (content.len)
        bundle_add_content(bundle, &entry.log, entry.seq, content);
    people_note_one(w, node, &entry, &after, buffer_bytes(&wire), content.len);
    by->head = after;
    buffer_free(&wire);
    buffer_free(&commit);
    return after.entry;
}

static void slip_in(struct world *w, uint32_t node, const struct buffer *bundle)
{
    struct node *n = &w->nodes[node];
    struct bundle_reader reader;
    struct bundle_record record;
    struct item item = {0};

    world_crash(w, node, false);
    if (bundle_open(&reader, buffer_bytes(bundle), &w->federation.network))
        abort();
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        struct entry entry;

        if (record.kind == BUNDLE_CONTENT) {
            disk_put(&n->disk, &(struct item){.head = item.head, .content = record.bytes});
            continue;
        }
        if (entry_decode(record.bytes, &w->federation.network, &entry))
            abort();
        const struct signed_entry *e = people_signed(w, record.bytes);
        item = (struct item){.head = e->head, .prev = entry.prev, .entry = record.bytes};
        disk_put(&n->disk, &item);
    }
    world_start(w, node);
}

static void hand_in(struct world *w, uint32_t node, enum stage_way way, struct buffer *bundle)
{
    enum err err = ERR_OK;

    if (way == STAGE_SLIPS_IN)
        slip_in(w, node, bundle);
    else
        while ((err = replica_publish(w->nodes[node].replica, ++w->last_tag, buffer_bytes(bundle))) == ERR_BUSY &&
               !w->failed)
            world_step(w);
    if (err)
        world_fail(w, "script_refused", "node %u refuses what was signed there: %s", node, err_text(err));
    buffer_free(bundle);
    world_pump(w, node);
}

static void begin(struct world *w, struct buffer *bundle)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &w->federation.network);
}

struct id stage_act(struct world *w, uint32_t node, enum stage_way way, struct writer *by, enum act act,
                    struct buffer *body, struct bytes content, const struct id *root)
{
    struct buffer bundle;

    begin(w, &bundle);
    struct id id = sign(w, node, by, act, buffer_bytes(body), content, root, &bundle);
    hand_in(w, node, way, &bundle);
    buffer_free(body);
    return id;
}

struct id stage_publish(struct world *w, uint32_t node, enum stage_way way, struct writer *by)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT);
    struct content_file file = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_text("# החלטה\n")};
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;

    random_fill(&w->work_chance, salt, sizeof salt);
    if (content_pack(&file, 1, salt, &packed, &content))
        abort();
    act_write_text(&body, ACT_AUDIENCE, "network");
    act_write_id(&body, ACT_CONTENT, &content);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    struct id id = stage_act(w, node, way, by, ACT_PUBLISH, &body, buffer_bytes(&packed), NULL);
    buffer_free(&packed);
    return id;
}

static void write_pin(struct buffer *body, uint64_t seq, const struct id *last)
{
    char number[24];

    snprintf(number, sizeof number, "%" PRIu64 " ", seq);
    buffer_text(body, number);
    if (seq)
        buffer_hex(body, id_bytes(last));
    else
        buffer_text(body, "-");
    buffer_text(body, "\n");
}

/* The founder's steward takes up the pen at node 0, where its log is. */
struct writer *stage_founder(struct world *w)
{
    struct writer *by = &w->federation.founder;

    by->head = disk_head(&w->nodes[0].disk, &by->key.public);
    return by;
}

struct id stage_revoke(struct world *w, const struct id *key, uint64_t seq, const struct id *last)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, key);
    buffer_text(&body, "pin ");
    write_pin(&body, seq, last);
    act_write_text(&body, ACT_WHY, "compromise");
    return stage_act(w, 0, STAGE_PUBLISHES, stage_founder(w), ACT_REVOKE, &body, bytes_of(NULL, 0), NULL);
}

static void write_ids(struct buffer *body, const char *word, const struct id ids[], size_t count)
{
    bool turned = count == 2 && id_compare(&ids[0], &ids[1]) > 0;

    for (size_t i = 0; i < count; i++) {
        buffer_text(body, word);
        buffer_hex(body, id_bytes(&ids[turned ? 1 - i : i]));
        buffer_text(body, "\n");
    }
}

struct id stage_propose(struct world *w, uint32_t node, enum stage_way way, struct writer *by, struct stage_plan plan)
{
    const struct charter *charter = trust_charter(replica_trust(w->nodes[0].replica));
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_BASE, plan.base ? plan.base : &w->federation.network);
    act_write_number(&body, ACT_MAJORITY, 1);
    act_write_number(&body, ACT_ADMISSION, 1);
    buffer_text(&body, "line ");
    buffer_hex(&body, id_bytes(&by->kibbutz));
    buffer_text(&body, " vote ");
    buffer_hex(&body, id_bytes(&charter->founders[0].card));
    buffer_text(&body, " ");
    buffer_hex(&body, id_bytes(plan.key));
    buffer_text(&body, "\n");
    if (plan.cut) {
        buffer_text(&body, "cut ");
        buffer_hex(&body, id_bytes(&plan.cut->key.public));
        buffer_text(&body, " ");
        buffer_hex(&body, id_bytes(&plan.cut->kibbutz));
        buffer_text(&body, " ");
        write_pin(&body, plan.cut_seq, &plan.cut->head.entry);
    }
    write_ids(&body, "over ", plan.over, plan.over_count);
    return stage_act(w, node, way, by, ACT_COUNCIL, &body, bytes_of(NULL, 0), NULL);
}

void stage_approve(struct world *w, uint32_t node, enum stage_way way, struct writer *by, const struct id *subject,
                   const struct id *root)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, subject);
    stage_act(w, node, way, by, ACT_APPROVE, &body, bytes_of(NULL, 0), root);
}

/* ---- what happens to the net ---- */

/* Nodes below `middle` and those from it on do not hear each other any more. */
void stage_part(struct world *w, uint32_t middle)
{
    trace_note(&w->trace, w->now, "the network parts at %u", middle);
    w->parted = true;
    for (uint32_t i = 0; i < w->node_count; i++)
        for (uint32_t j = 0; j < w->node_count; j++)
            w->blocked[i][j] = (i < middle) != (j < middle);
}

void stage_heal(struct world *w)
{
    trace_note(&w->trace, w->now, "the network is one again");
    w->parted = false;
    memset(w->blocked, 0, WORLD_ACTORS * sizeof *w->blocked);
}

/* ---- what must hold ---- */

struct trust *stage_trust(struct world *w, uint32_t node)
{
    return replica_trust(w->nodes[node].replica);
}

void stage_expect_state(struct world *w, const struct id *document, enum trust_state state)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        struct trust_document found;

        if (w->nodes[i].removed)
            continue;
        if (!trust_document(stage_trust(w, i), document, &found))
            world_fail(w, w->scenario->name, "node %u does not know document %02x%02x", i, document->at[0],
                       document->at[1]);
        else if (found.state != state)
            world_fail(w, w->scenario->name, "document %02x%02x is %s at node %u", document->at[0], document->at[1],
                       trust_state_name(found.state), i);
    }
}

void stage_expect_council(struct world *w, enum trust_council_status status, const struct id *root)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        struct trust_council council = trust_council(stage_trust(w, i));

        if (council.status != status || !id_equal(&council.root, root))
            world_fail(w, w->scenario->name, "the council is %s at node %u, root %02x%02x",
                       trust_council_name(council.status), i, council.root.at[0], council.root.at[1]);
    }
}

void stage_expect_key(struct world *w, const struct id *key, enum trust_status status)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        if (!w->nodes[i].removed && trust_key(stage_trust(w, i), key).status != status)
            world_fail(w, w->scenario->name, "node %u takes key %02x%02x for %d", i, key->at[0], key->at[1],
                       (int)trust_key(stage_trust(w, i), key).status);
}

bool stage_has(const struct world *w, uint32_t node, const struct id *entry)
{
    const struct disk *d = &w->nodes[node].disk;

    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&d->records[i].head.entry, entry))
            return true;
    return false;
}

void stage_expect_entry(struct world *w, const struct id *entry, bool here)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        if (!w->nodes[i].removed && stage_has(w, i, entry) != here)
            world_fail(w, w->scenario->name, "node %u %s entry %02x%02x", i, here ? "lacks" : "took", entry->at[0],
                       entry->at[1]);
}
