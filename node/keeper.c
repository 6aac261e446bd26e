/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/keeper.h"

#include "node/host.h"
#include "node/loader.h"
#include "node/log.h"
#include "node/roll.h"

#define COMPLETE_MS 60000 /* How often it is written down that all is here. */

/* ---- the file ---- */

/* Derived: what cannot be written is written another time, and nothing waits for it. */
static void note(struct node *node, const char *what, enum err err)
{
    if (err == ERR_OK)
        return;
    log_event(what, "%s", err_text(err));
    receipt_file_close(node->receipts);
    node->receipts = NULL;
    if (err == ERR_FORMAT && receipt_file_open(node->home, true, &node->receipts) != ERR_OK)
        node->receipts = NULL;
}

void keeper_look(struct node *node)
{
    struct trust *trust = replica_trust(node->replica);
    struct receipt_world world;
    struct id root;
    enum err err;

    if (node->receipts == NULL || trust == NULL)
        return;
    root = frontier_governance_root(replica_frontier(node->replica));
    if (id_equal(&root, &node->world_root))
        return;
    if ((err = roll_of(trust, &node->key, &world)) == ERR_OK) {
        err = receipt_file_set_world(node->receipts, &world);
        receipt_world_free(&world);
    }
    if (err == ERR_OK)
        node->world_root = root;
    note(node, "members not written", err);
}

void keeper_write(struct node *node)
{
    uint64_t now = host_now_ms();
    size_t place;
    enum err err = ERR_OK;

    while ((place = replica_next_receipt(node->replica)) != SIZE_MAX)
        if (err == ERR_OK && node->receipts != NULL)
            err = receipt_file_put(node->receipts, replica_receipts(node->replica), place, now);
    note(node, "receipt not written", err);
}

void keeper_equal(struct node *node)
{
    uint64_t now = host_now_ms();

    if (node->receipts == NULL || (now >= node->complete_ms && now - node->complete_ms < COMPLETE_MS))
        return;
    node->complete_ms = now;
    note(node, "freshness not written", receipt_file_set_complete(node->receipts, now));
}

/* Each goes its way to the replica as one from a stranger does. */
static void load_each(struct node *node, const struct receipts *kept)
{
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    const struct id none = {{0}};

    for (size_t i = 0; i < receipts_count(kept); i++) {
        const struct receipt *receipt = &receipts_at(kept, i)->receipt;
        bool known = receipts_knows(replica_receipts(node->replica), &receipt->root);
        enum err err;

        if (receipt->number == 0)
            continue;
        buffer_clear(&whole);
        receipts_write(kept, i, known ? &receipt->root : &none, &whole);
        if ((err = buffer_error(&whole)) || (err = replica_load_receipt(node->replica, buffer_bytes(&whole))))
            log_event("receipt passed over", "%s", err_text(err));
    }
    while (replica_next_receipt(node->replica) != SIZE_MAX)
        continue; /* They are written down already. */
    buffer_free(&whole);
}

void keeper_load(struct node *node)
{
    struct receipts *kept = receipts_new_verified();
    struct receipt own;
    enum err err = kept != NULL ? ERR_OK : ERR_MEMORY;

    if (err == ERR_OK && node->receipts == NULL)
        err = receipt_file_open(node->home, true, &node->receipts);
    if (err == ERR_OK)
        err = receipt_file_load(node->receipts, kept, NULL, NULL);
    if (err == ERR_OK)
        load_each(node, kept);
    receipts_free(kept);
    note(node, "receipts not read", err);
    err = receipt_file_own(node->home, &own);
    if (err == ERR_OK)
        err = replica_load_own_receipt(node->replica, &own, host_now_ms(), host_monotonic_ms());
    if (err != ERR_OK && err != ERR_MISSING)
        log_event("own receipt not read", "%s: the next one goes by the clock", err_text(err));
    node->world_root = (struct id){{0}};
    keeper_look(node);
}

void keeper_close(struct node *node)
{
    receipt_file_close(node->receipts);
    node->receipts = NULL;
}

/* ---- the own one ---- */

void keeper_sign(struct node *node)
{
    char reason[NODE_REASON] = "";
    struct id network = archive_network(storer_archive(node->storer));
    struct key_file_node *key = NULL;
    struct receipt receipt;
    enum err err = replica_receipt(node->replica, host_now_ms(), &receipt);

    if (err == ERR_OK)
        err = loader_open_key(node, &key, reason);
    if (err == ERR_OK) {
        err = receipt_sign(&receipt, &network, &key->signing);
        key_file_close_node(key);
    }
    if (err == ERR_OK)
        err = receipt_file_keep_own(node->home, &receipt);
    if (err == ERR_OK)
        replica_receipt_kept(node->replica, &receipt, host_monotonic_ms());
    else
        log_event("receipt not signed", "%s", reason[0] != '\0' ? reason : err_text(err));
}
