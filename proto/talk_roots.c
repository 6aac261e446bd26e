/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/talk_private.h"

/* Comparing what two nodes have, by roots, and by telling all where nothing shorter helps, and asking for the difference. */

static void become_equal(struct replica *r, struct link *l)
{
    l->equal = true;
    l->in_step = l->theirs.missing == 0;
    walk_end(&l->walk);
    link_forget_told(l);
    (void)receipts_remember_shared(r->receipts, r->frontier); /* After a cut, what differs from here is all that is told. */
    l->reconciling = false;
    l->want_due = missing_count(r->missing) > 0;
    replica_tell(r, (struct replica_event){.kind = REPLICA_EQUAL, .connection = l->connection, .peer = l->peer});
}

void talk_send_roots(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    struct message_roots roots = {.frontier = frontier_root(r->frontier),
                                  .missing = (uint32_t)missing_count(r->missing),
                                  .receipts = r->trust ? talk_receipt_digest(r) : 0};

    l->roots_due = false;
    l->told_root = roots.frontier;
    message_write_roots(&body, &roots);
    talk_say(l, SESSION_LIVE, MESSAGE_ROOTS, &body);
    buffer_free(&body);
    /* We caught up by way of others: it sees that it is equal and has no reason to tell. */
    if (l->has_theirs && !l->equal && id_equal(&l->theirs.frontier, &roots.frontier))
        become_equal(r, l);
}

void talk_offer_roots(struct replica *r, struct link *l)
{
    struct id ours = frontier_root(r->frontier);

    l->roots_due = r->trust != NULL && !id_equal(&l->told_root, &ours);
}

static void send_vector(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    for (size_t i = 0; i < frontier_count(r->frontier); i++) {
        const struct head *head = frontier_at(r->frontier, i);

        if (!MUTANT(MUTANT_MAIN_TIP_ONLY) || head == frontier_find(r->frontier, &head->log))
            message_write_item(&body, head);
    }
    talk_say(l, SESSION_LIVE, MESSAGE_VECTOR, &body);
    buffer_free(&body);
}

void talk_offer_all(struct replica *r, struct link *l)
{
    struct id ours = frontier_root(r->frontier);

    if ((id_equal(&l->all_ours, &ours) && id_equal(&l->all_theirs, &l->theirs.frontier)) ||
        (MUTANT(MUTANT_VECTOR_ONCE) && !id_is_zero(&l->all_ours)))
        return;
    l->all_ours = ours;
    l->all_theirs = l->theirs.frontier;
    if (frontier_count(r->frontier) <= r->vector_most)
        send_vector(r, l);
    else
        talk_send_top(r, l);
}

void talk_compare_roots(struct replica *r, struct link *l)
{
    struct id ours = frontier_root(r->frontier);

    l->equal = l->in_step = id_equal(&l->theirs.frontier, &ours) || MUTANT(MUTANT_EQUAL_UNSEEN);
    if (!id_equal(&l->told_root, &ours))
        talk_send_roots(r, l); /* So that the other side compares too. */
    if (l->equal)
        become_equal(r, l);
    else
        talk_offer_delta(r, l);
}

void talk_on_roots(struct replica *r, struct link *l, struct bytes payload)
{
    if (message_read_roots(payload, &l->theirs)) {
        replica_drop(l, ERR_FORMAT, "it sent malformed roots");
        return;
    }
    l->has_theirs = true;
    talk_tell_opened(r, l);
    if (!r->trust) {
        struct buffer empty = BUFFER(1);

        talk_say(l, SESSION_LIVE, MESSAGE_WANT_CHARTER, &empty);
        return;
    }
    talk_compare_roots(r, l);
    talk_receipt_compare(r, l);
}

void talk_look_for_own(struct replica *r, struct link *l, const struct message_item *item)
{
    struct head head;

    if (id_equal(&item->log, &r->node) && r->event_count < REPLICA_EVENTS / 2 &&
        frontier_entry(r->frontier, &item->log, item->seq, bytes_of(item->tag, MESSAGE_TAG_LEN), &head))
        replica_tell(r, (struct replica_event){
                            .kind = REPLICA_BEHIND, .connection = l->connection, .log = item->log, .from = item->seq});
}

void talk_begin_asking(struct link *l)
{
    l->told_whole = true;
    l->want_due = true;
    l->reconciling = true;
}

void talk_on_vector(struct replica *r, struct link *l, struct bytes payload)
{
    struct message_item item;

    walk_end(&l->walk);
    link_forget_told(l);
    while (payload.len > 0) {
        if (l->told_count == LIMIT_VECTOR || message_next_item(&payload, &item) || link_told_of(l, &item)) {
            replica_drop(l, ERR_FORMAT, "it sent a malformed vector");
            return;
        }
        talk_look_for_own(r, l, &item);
    }
    talk_begin_asking(l);
    if (l->has_theirs) /* It saw unequal roots; where it had told its own before, we did not. */
        talk_offer_all(r, l);
}

/* ---- asking ---- */

static void send_want(struct replica *r, struct link *l, const struct message_range ranges[], size_t count,
                      bool content_only, uint64_t now)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    l->waiting = true;
    l->request = ++r->next_request;
    l->progress_ms = now;
    session_expect_bulk(l->session, true);
    buffer_u32(&body, l->request);
    for (size_t i = 0; i < count; i++)
        message_write_range(&body, &ranges[i], content_only);
    talk_say(l, SESSION_LIVE, content_only ? MESSAGE_WANT_CONTENT : MESSAGE_WANT, &body);
    buffer_free(&body);
}

void talk_ask(struct replica *r, struct link *l, uint64_t now)
{
    struct message_range ranges[LIMIT_RANGES];
    size_t count = l->told_whole ? link_ranges(l, r->frontier, ranges) : 0;
    uint64_t asked = l->asked_serial;

    l->want_due = false;
    if (count) {
        l->reconciling = true;
        send_want(r, l, ranges, count, false, now);
        return;
    }
    if ((count = link_contents(l, r->missing, ranges))) {
        talk_receipt_trust(r, l, asked);
        send_want(r, l, ranges, count, true, now);
        return;
    }
    if (l->reconciling && !MUTANT(MUTANT_NO_ROOTS_AGAIN)) {
        struct id ours = frontier_root(r->frontier);

        l->roots_due = !id_equal(&l->told_root, &ours);
    }
    l->reconciling = false;
    for (size_t i = 0; l->gained && i < r->link_count; i++)
        if (r->links[i] != l && r->links[i]->state == LINK_OPEN)
            r->links[i]->roots_due = true;
    l->gained = false;
}
