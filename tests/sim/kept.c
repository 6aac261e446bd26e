/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/kept.h"

#include <inttypes.h>

#include "tests/sim/check.h"

/* Judges what a node keeps from the bytes alone. */
static void verify_disk(struct world *w, uint32_t node)
{
    const struct disk *d = &w->nodes[node].disk;
    struct trust *trust = trust_new(buffer_bytes(&w->federation.charter));
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry, again;
    struct id id;
    struct sha1 parent;
    char text[40];

    if (w->has_anchor)
        trust_set_anchor(trust, &w->anchor);
    for (size_t i = 0; i < d->count && !w->failed; i++) {
        const struct disk_record *record = &d->records[i];

        check_name(text, &record->head);
        const struct disk_record *before =
            record->head.seq > 1 ? disk_find(d, &record->head.log, record->head.seq - 1, &record->prev) : NULL;
        struct head head = before ? before->head : (struct head){.log = record->head.log};
        buffer_clear(&commit);
        if (entry_decode(record->entry, &w->federation.network, &entry) ||
            entry_verify(&entry, &head, &head, &commit) ||
            entry_from_commit(buffer_bytes(&commit), &again, &id, &parent) || !id_equal(&id, &record->head.entry) ||
            trust_add(trust, &entry, &id))
            world_fail(w, "kept_does_not_verify", "%s at node %u", text, node);
    }
    for (size_t i = 0; i < d->count && !w->failed; i++) {
        check_name(text, &d->records[i].head);
        if (entry_decode(d->records[i].entry, &w->federation.network, &entry) || trust_admits(trust, &entry))
            world_fail(w, "kept_without_a_grant", "%s at node %u", text, node);
    }
    struct id ours = trust_fingerprint(trust), theirs = trust_fingerprint(replica_trust(w->nodes[node].replica));
    if (!w->failed && !id_equal(&ours, &theirs))
        world_fail(w, "trust_differs", "node %u trusts otherwise than from its own store", node);
    trust_free(trust);
    buffer_free(&commit);
}

/* The next record from `at` on of a log of which all nodes keep the same; the end, if there is none. */
static size_t next_common(const struct node *n, size_t at)
{
    const struct disk *d = &n->disk;

    while (at < d->count && frontier_is_crowded(replica_frontier(n->replica), &d->records[at].head.log))
        at++;
    return at;
}

static bool same_records(const struct node *a, const struct node *b)
{
    size_t i = next_common(a, 0), j = next_common(b, 0);

    for (; i < a->disk.count && j < b->disk.count; i = next_common(a, i + 1), j = next_common(b, j + 1)) {
        const struct disk_record *x = &a->disk.records[i], *y = &b->disk.records[j];

        if (!bytes_equal(x->entry, y->entry) ||
            (x->content.len && y->content.len && !bytes_equal(x->content, y->content)))
            return false;
    }
    return i == a->disk.count && j == b->disk.count;
}

static bool has_crowd(const struct node *n)
{
    const struct frontier *f = replica_frontier(n->replica);

    for (size_t i = 0; i < frontier_count(f); i++)
        if (frontier_is_crowded(f, &frontier_at(f, i)->log))
            return true;
    return false;
}

/* What a key may do, that forked beyond measure, depends on which branches are here; what all others may do does not. */
static bool same_keys(struct node *a, struct node *b)
{
    struct trust *ours = replica_trust(a->replica), *theirs = replica_trust(b->replica);
    struct trust_council x = trust_council(ours), y = trust_council(theirs);
    bool same = trust_key_count(ours) == trust_key_count(theirs) && id_equal(&x.root, &y.root) && x.status == y.status;

    for (size_t i = 0; same && i < trust_key_count(ours); i++) {
        struct trust_key key = trust_key_at(ours, i), other = trust_key(theirs, &key.key);

        same = frontier_is_crowded(replica_frontier(a->replica), &key.key) ||
               (key.status == other.status && key.role == other.role && id_equal(&key.kibbutz, &other.kibbutz) &&
                id_equal(&key.channel, &other.channel) && key.is_cut == other.is_cut && key.cut == other.cut);
    }
    return same;
}

static bool same_documents(struct world *w, struct node *a, struct node *b)
{
    bool same = true;

    for (size_t i = 0; same && i < w->entry_count; i++) {
        struct trust_document x = {.state = TRUST_NULL}, y = {.state = TRUST_NULL};
        const struct id *id = &w->entries[i].head.entry;

        same = trust_document(replica_trust(a->replica), id, &x) == trust_document(replica_trust(b->replica), id, &y) &&
               x.state == y.state && id_equal(&x.revision, &y.revision);
    }
    return same;
}

static bool same_trust(struct world *w, struct node *a, struct node *b)
{
    struct id ours = trust_fingerprint(replica_trust(a->replica)),
              theirs = trust_fingerprint(replica_trust(b->replica));

    return id_equal(&ours, &theirs) || (has_crowd(a) && same_keys(a, b) && same_documents(w, a, b));
}

void kept_check(struct world *w)
{
    uint32_t first = NOBODY;

    for (uint32_t i = 0; i < w->node_count && !w->failed; i++) {
        if (!check_is_member(w, i))
            continue;
        if (first == NOBODY) {
            first = i;
            verify_disk(w, i);
            continue;
        }
        bool same = same_records(&w->nodes[first], &w->nodes[i]);
        if (!same || !same_trust(w, &w->nodes[first], &w->nodes[i]))
            world_fail(w, same ? "trust_differs" : "kept_differs", "nodes %u and %u", first, i);
    }
}
