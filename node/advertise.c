/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/advertise.h"

#include "node/address.h"
#include "node/address_book.h"
#include "node/host.h"
#include "node/listener.h"
#include "node/loader.h"
#include "node/log.h"
#include "node/peer.h"
#include "node/statement.h"
#include "store/marks.h"

#include <stdio.h>

#define LOOK_MS 10000  /* Between looks at what the addresses are. */
#define AGAIN_MS 1000  /* They changed: a second look says whether it stays so; or it was not the time to sign. */
#define TELL_MS 600000 /* Between two entries, in the long run, ... */
#define TELL_AT_ONCE 4 /* ... and so many of them without waiting. */

struct list {
    char at[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1];
    size_t count;
};

void advertise_begin(struct node *node, uint64_t now)
{
    node->advertise.due_ms = now + AGAIN_MS;
}

void advertise_hurry(struct node *node)
{
    if (node->advertise.due_ms > 0)
        node->advertise.due_ms = 1;
}

uint64_t advertise_deadline(const struct node *node)
{
    return node->advertise.due_ms > 0 ? node->advertise.due_ms : UINT64_MAX;
}

static void add(void *context, const char *address)
{
    struct list *list = context;

    if (list->count < LIMIT_ADDRESSES)
        snprintf(list->at[list->count++], LIMIT_ADDRESS + 1, "%s", address);
}

static enum err find_addresses(struct node *node, struct list *list)
{
    struct config *config = NULL;
    enum err err = config_load(node->home, &config);

    list->count = 0;
    if (err == ERR_OK && (err = address_advertised(config, list->at, &list->count)) == ERR_MISSING) {
        err = ERR_OK;
        listener_each_reachable(node, add, list);
    }
    config_free(config);
    return err;
}

static uint64_t newest_ms(const struct node *node)
{
    const struct frontier *frontier = replica_frontier(node->replica);
    uint64_t newest = 0;

    for (size_t i = 0; i < frontier_count(frontier); i++)
        if (frontier_at(frontier, i)->clock > newest)
            newest = frontier_at(frontier, i)->clock;
    return ENTRY_CLOCK_MS(newest);
}

/* Whether the own log ends where this home signed last: else it was put back from a backup, or signs elsewhere too. */
static bool is_in_step(struct node *node, const struct marks *marks, const struct head *head)
{
    const struct mark *mark = marks_find(marks, &node->key);
    enum marks_place place = marks_place(marks);
    struct id log;
    uint64_t seq;

    if (place != MARKS_NEW && place != MARKS_HERE)
        return false;
    return mark == NULL ||
           (head->seq >= mark->seq && archive_find(storer_archive(node->storer), &mark->entry, &log, &seq) == ERR_OK);
}

static enum err sign(struct node *node, const struct trust_key *own, struct head *head, const struct list *list,
                     struct buffer *bundle)
{
    const struct statement what = {.act = ACT_TRANSPORT, .kibbutz = own->kibbutz, .role = ROLE_NODE};
    struct id network = archive_network(storer_archive(node->storer)), root = trust_root(replica_trust(node->replica));
    struct signer *signer = signer_new(&network, &root);
    struct key_file_node *key = NULL;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    char reason[NODE_REASON];
    enum err err = signer == NULL ? ERR_MEMORY : loader_open_key(node, &key, reason);

    act_write_id(&body, ACT_CHANNEL, &node->channel);
    for (size_t i = 0; i < list->count; i++)
        act_write_text(&body, ACT_ADDRESS, list->at[i]);
    if (err == ERR_OK)
        err = statement_sign(signer, &key->signing, head, &what, &body);
    if (err == ERR_OK)
        err = signer_write_bundle(signer, bundle);
    key_file_close_node(key);
    signer_free(signer);
    buffer_free(&body);
    return err;
}

/* What is signed is durable in HOME/keys/pending before anything of it is handed over, as for people's keys. */
static enum err publish(struct node *node, struct marks *marks, const struct trust_key *own, const struct list *list)
{
    const struct head *last = frontier_find(replica_frontier(node->replica), &node->key);
    struct head head = last != NULL ? *last : (struct head){.log = node->key};
    struct buffer bundle = BUFFER(LIMIT_BUNDLE), kept = BUFFER(LIMIT_BUNDLE);
    enum err err = marks_kept(marks, &kept) == ERR_MISSING ? ERR_OK : ERR_BUSY;

    if (err == ERR_OK && !is_in_step(node, marks, &head))
        err = ERR_GAP;
    if (err == ERR_OK)
        err = sign(node, own, &head, list, &bundle);
    if (err == ERR_OK && (err = marks_keep(marks, buffer_bytes(&bundle))) == ERR_OK &&
        (err = replica_publish(node->replica, ADVERTISE_TAG, buffer_bytes(&bundle))) != ERR_OK)
        (void)marks_drop(marks);
    if (err == ERR_OK)
        node->advertise.signed_head = head;
    buffer_free(&bundle);
    buffer_free(&kept);
    return err;
}

static enum err open_marks(struct node *node, struct files_lock *turn, struct marks **marks)
{
    char path[FILES_PATH_SIZE];
    struct buffer machine = BUFFER(KIB(1));
    enum err err = files_join(path, node->home, "keys");

    if (err == ERR_OK && (err = files_lock(path, turn, NULL)) == ERR_OK) {
        host_machine(&machine);
        if ((err = marks_open(node->home, buffer_bytes(&machine), marks)) != ERR_OK)
            files_unlock(turn);
    }
    buffer_free(&machine);
    return err;
}

static enum err tell(struct node *node, const struct trust_key *own, const struct list *list)
{
    struct files_lock turn;
    struct marks *marks = NULL;
    enum err err = open_marks(node, &turn, &marks);

    if (err != ERR_OK)
        return err;
    err = publish(node, marks, own, list);
    marks_close(marks);
    files_unlock(&turn);
    return err;
}

void advertise_published(struct node *node, enum err outcome)
{
    const struct head *head = &node->advertise.signed_head;
    struct files_lock turn;
    struct marks *marks = NULL;
    enum err err = open_marks(node, &turn, &marks);

    if (err != ERR_OK)
        return; /* It stays kept, and the next that signs here finds that it is in the archive. */
    if (outcome == ERR_OK)
        err = marks_raise(marks, &head->log, head->seq, &head->entry);
    if (outcome == ERR_OK && err == ERR_OK)
        err = marks_save(marks);
    if (err == ERR_OK && outcome != ERR_IO)
        (void)marks_drop(marks);
    marks_close(marks);
    files_unlock(&turn);
}

/* Not before the others were asked what this key signed, nor by a clock that is far off. */
static bool may_sign(struct node *node, uint64_t now)
{
    uint64_t seq;
    bool is_behind = replica_is_behind(node->replica, &node->key, &seq);

    return node->trouble[0] == '\0' && !caution_waits(&node->caution, is_behind, peer_count_unheard(node), now) &&
           signer_judge_clock(host_now_ms(), newest_ms(node)) == SIGNER_CLOCK_GOOD;
}

static uint64_t next_look(struct node *node, uint64_t now)
{
    struct trust *trust = replica_trust(node->replica);
    struct advertise *a = &node->advertise;
    struct trust_key own = {.status = TRUST_UNKNOWN};
    struct list list, told = {.count = 0};
    bool is_same;
    enum err err;

    if (trust != NULL)
        own = trust_key(trust, &node->key);
    if (own.status != TRUST_GOOD || find_addresses(node, &list) != ERR_OK)
        return now + LOOK_MS;
    if (!id_is_zero(&own.transport))
        told.count = address_book_read(node, &own.transport, told.at);
    if (address_same(list.at, list.count, told.at, told.count)) {
        a->is_pending = false;
        return now + LOOK_MS;
    }
    is_same = a->is_pending && address_same(list.at, list.count, a->pending, a->pending_count);
    a->is_pending = true;
    a->pending_count = list.count;
    memcpy(a->pending, list.at, sizeof a->pending);
    if (!is_same || !may_sign(node, now))
        return now + AGAIN_MS;
    if (now + TELL_MS * (TELL_AT_ONCE - 1) < a->paid_ms)
        return a->paid_ms - TELL_MS * (TELL_AT_ONCE - 1);
    if ((err = tell(node, &own, &list)) == ERR_OK) {
        a->paid_ms = (a->paid_ms > now ? a->paid_ms : now) + TELL_MS;
        log_event("addresses told", "%zu of them", list.count);
    } else if (err != ERR_BUSY) {
        log_event("addresses not told", "%s", err_text(err));
        return now + TELL_MS;
    }
    return now + (err == ERR_OK ? LOOK_MS : AGAIN_MS);
}

void advertise_run(struct node *node, uint64_t now)
{
    if (now >= advertise_deadline(node))
        node->advertise.due_ms = next_look(node, now);
}
