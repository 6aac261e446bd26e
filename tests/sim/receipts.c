/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/receipts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/mutant.h"
#include "tests/sim/check.h"
#include "tests/sim/faults.h"
#include "tests/sim/people.h"
#include "tests/sim/planted.h"

#define WALL_MS UINT64_C(1750000000000)
#define BACK_MS UINT64_C(3600000) /* At each start. */

/* ---- what a receipt may say ---- */

/* The content of this record is to be here and is not. */
static bool is_lacking(struct world *w, uint32_t node, const struct disk_record *record)
{
    struct node *n = &w->nodes[node];
    const struct signed_entry *e;
    struct entry entry;
    struct id content;

    if (record->content.len || entry_decode(record->entry, &w->federation.network, &entry) ||
        act_id(entry.body, ACT_CONTENT, 0, &content) || trust_erased(replica_trust(n->replica), &record->head.entry))
        return false;
    e = people_entry(w, &record->head.log, record->head.seq, &record->head.entry);
    return e && check_may_hold(w, e, &n->kibbutz);
}

/* Against the disk, as it would be found after a crash now. */
static void check_truth(struct world *w, uint32_t node, const struct receipts_node *stated)
{
    const struct disk *d = &w->nodes[node].disk;

    for (size_t i = 0; i < stated->tips->count; i++) {
        const struct receipt_tip *tip = &stated->tips->at[i];

        if (!frontier_is_crowded(replica_frontier(w->nodes[node].replica), &tip->log) &&
            !disk_find(d, &tip->log, tip->seq, &tip->entry))
            world_fail(w, "receipt_overstates", "node %u signs that it holds %02x%02x/%" PRIu64, node, tip->log.at[0],
                       tip->log.at[1], tip->seq);
    }
    for (size_t i = 0; i < d->count; i++) {
        const struct head *head = &d->records[i].head;

        if (is_lacking(w, node, &d->records[i]) &&
            receipts_holds(stated, &head->log, head->seq, &head->entry, NULL, NULL) &&
            receipts_lacks(stated, &head->entry) != RECEIPT_LACKS_TEXT)
            world_fail(w, "receipt_overstates", "node %u signs that it has the content of %02x%02x/%" PRIu64, node,
                       head->log.at[0], head->log.at[1], head->seq);
    }
}

/* ---- signing ---- */

/* A machine whose battery is empty starts in the past: the numbers of receipts ascend all the same. */
static uint64_t wall_ms(const struct world *w, const struct node *n)
{
    return WALL_MS + w->now - n->wall_back_ms;
}

void receipts_sign(struct world *w, uint32_t node)
{
    struct node *n = &w->nodes[node];
    struct receipt receipt;

    if (replica_receipt(n->replica, wall_ms(w, n), &receipt) ||
        receipt_sign(&receipt, &w->federation.network, &n->key.key))
        abort();
    if (receipt.number <= n->signed_number)
        world_fail(w, "receipt_number", "node %u signs number %" PRIu64 " after %" PRIu64, node, receipt.number,
                   n->signed_number);
    n->signed_number = receipt.number;
    n->receipt = receipt;
    w->receipts_signed++;
    faults_after(w, FAULT_AT_PUBLISH, node);
    if (!n->up)
        return;
    replica_receipt_kept(n->replica, &receipt, w->now);
    const struct receipts *receipts = replica_receipts(n->replica);
    check_truth(w, node, receipts_at(receipts, receipts_find(receipts, &receipt.node)));
    trace_note(&w->trace, w->now, "node %u signs a receipt, %u contents lacking", node, receipt.lacking);
}

/* ---- what came ---- */

static uint32_t node_with(const struct world *w, const struct id *key)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        if (id_equal(&w->nodes[i].key.key.public, key))
            return i;
    return NOBODY;
}

/* Nothing but what its node signed: no later number than its last, and a signature that an honest one made over these tips. */
static void check_genuine(struct world *w, uint32_t node, const struct receipts_node *known)
{
    uint32_t signer = node_with(w, &known->receipt.node);

    if (signer == NOBODY)
        return; /* A hostile one, that may say what it wants. */
    if (known->receipt.number > w->nodes[signer].signed_number ||
        receipt_verify(&known->receipt, &w->federation.network))
        world_fail(w, "receipt_forged", "node %u believes a receipt that node %u never signed", node, signer);
    if (!id_equal(&known->receipt.root, &known->tips->root))
        world_fail(w, "receipt_forged", "node %u believes more of node %u than was signed", node, signer);
}

static void write_down(struct node *n)
{
    const struct receipts *receipts = replica_receipts(n->replica);
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    const struct id none = {{0}};

    buffer_free(&n->receipts);
    n->receipts = BUFFER(MIB(64));
    for (size_t i = 0; i < receipts_count(receipts); i++) {
        if (!receipts_at(receipts, i)->receipt.number)
            continue;
        buffer_clear(&whole);
        receipts_write(receipts, i, &none, &whole);
        buffer_u32(&n->receipts, (uint32_t)whole.len);
        buffer_add(&n->receipts, buffer_bytes(&whole));
    }
    buffer_free(&whole);
}

void receipts_look(struct world *w, uint32_t node)
{
    struct node *n = &w->nodes[node];
    const struct receipts *receipts = replica_receipts(n->replica);
    size_t place;

    while ((place = replica_next_receipt(n->replica)) != SIZE_MAX) {
        const struct receipts_node *known = receipts_at(receipts, place);
        uint32_t signer = node_with(w, &known->receipt.node);

        check_genuine(w, node, known);
        if (signer < WORLD_LOOKED_AT && known->receipt.number < n->known_numbers[signer])
            world_fail(w, "receipt_old", "node %u goes back to an older receipt of node %u", node, signer);
        if (signer < WORLD_LOOKED_AT)
            n->known_numbers[signer] = known->receipt.number;
    }
    if (w->node_count <= WORLD_LOOKED_AT) /* What is derived may be lost as well. */
        write_down(n);
}

void receipts_load(struct world *w, uint32_t node)
{
    struct node *n = &w->nodes[node];
    struct bytes rest = buffer_bytes(&n->receipts);

    while (rest.len > 4) {
        size_t len = (size_t)rest.at[0] << 24 | (size_t)rest.at[1] << 16 | (size_t)rest.at[2] << 8 | rest.at[3];

        if (replica_load_receipt(n->replica, bytes_of(rest.at + 4, len)))
            world_fail(w, "receipt_lost", "node %u cannot read what it wrote down", node);
        rest = bytes_from(rest, 4 + len);
    }
    n->wall_back_ms += BACK_MS;
    if (!PLANTED(PLANTED_FORGET_NUMBER) && n->receipt.number &&
        replica_load_own_receipt(n->replica, &n->receipt, wall_ms(w, n), w->now))
        world_fail(w, "receipt_lost", "node %u cannot read its own", node);
    memset(n->known_numbers, 0, sizeof n->known_numbers);
}

void receipts_crash(struct world *w, uint32_t node)
{
    if (random_chance(&w->disk_chance, 300))
        buffer_free(&w->nodes[node].receipts);
}

/* ---- at rest ---- */

static void check_pair(struct world *w, uint32_t node, uint32_t other)
{
    const struct receipts *receipts = replica_receipts(w->nodes[node].replica);
    size_t place = receipts_find(receipts, &w->nodes[other].key.key.public);
    struct id root = frontier_root(replica_frontier(w->nodes[other].replica));
    const struct receipts_node *known = place == SIZE_MAX ? NULL : receipts_at(receipts, place);

    if (!known || known->receipt.number != w->nodes[other].signed_number)
        world_fail(w, "receipt_missing", "node %u does not know the newest receipt of node %u", node, other);
    else if (!id_equal(&known->receipt.root, &root))
        world_fail(w, "receipt_stale", "node %u is not told at node %u all that it holds", other, node);
    else if (known->receipt.lacking != replica_missing(w->nodes[other].replica))
        world_fail(w, "receipt_stale", "node %u lacks %zu contents, and signs that it lacks %u", other,
                   replica_missing(w->nodes[other].replica), known->receipt.lacking);
}

void receipts_check(struct world *w)
{
    uint64_t told = 0;

    for (uint32_t i = 0; i < w->node_count && !w->failed; i++) {
        if (!w->nodes[i].used || w->nodes[i].removed)
            continue;
        told += replica_receipts_told(w->nodes[i].replica);
        for (uint32_t j = 0; j < w->node_count && !w->failed; j++)
            if (w->nodes[j].used && !w->nodes[j].removed)
                check_pair(w, i, j);
    }
    if (told > 2 * (w->receipts_signed + w->node_count) * (w->links + 1))
        world_fail(w, "storm", "%" PRIu64 " messages with receipts, of %" PRIu64 " signed, over %u links", told,
                   w->receipts_signed, w->links);
}
