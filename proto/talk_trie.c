/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/talk_private.h"
#include "proto/wire.h"

/*
 * Telling what we have where no state of the past helps and all would be long: the top of our trie, and of what is below it
 * whatever the peer asks for.  Nothing is remembered for who asks: it names what it wants by place and digest.
 */

#define TOP 0 /* In the place of a request's number: nobody asked. */

/* ---- telling ---- */

void talk_send_top(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    buffer_u32(&body, TOP);
    if (trie_write_node(&body, r->frontier, r->trie, (struct trie_place){.depth = 0}))
        replica_drop(l, ERR_MEMORY, "out of memory");
    l->answers_left = LIMIT_TRIE_ROUNDS;
    talk_say(l, SESSION_LIVE, MESSAGE_TRIE, &body);
    buffer_free(&body);
}

static void write_answer(struct replica *r, const struct trie_ask *ask, struct buffer *out)
{
    uint8_t digest[TRIE_DIGEST_LEN];

    buffer_clear(out);
    if (!trie_digest(r->frontier, r->trie, ask->place, digest) || memcmp(digest, ask->digest, sizeof digest) != 0 ||
        trie_write_node(out, r->frontier, r->trie, ask->place)) {
        buffer_clear(out);
        trie_write_gone(out);
    }
    if (MUTANT(MUTANT_TRIE_BELIEVED) && out->at[0] == TRIE_LEAF && out->len > 3 + MESSAGE_ITEM_LEN) {
        out->at[2]--; /* And so many are less than there are. */
        out->len -= MESSAGE_ITEM_LEN;
    }
}

void talk_on_want_trie(struct replica *r, struct link *l, struct bytes payload)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE), node = BUFFER(LIMIT_MESSAGE);
    struct wire_reader reader = wire_reader(payload);
    uint32_t request = wire_u32(&reader);
    struct trie_ask asks[LIMIT_TRIE_ASKS];
    size_t count = 0;

    if (reader.err || trie_read_asks(reader.rest, r->trie, asks, &count)) {
        replica_drop(l, ERR_FORMAT, "it asked wrongly");
        return;
    }
    if (l->answers_left == 0 && !MUTANT(MUTANT_TRIE_ENDLESS)) {
        replica_drop(l, ERR_LIMIT, "it asks what we have without end");
        return;
    }
    l->answers_left -= l->answers_left > 0;
    buffer_u32(&body, request);
    for (size_t i = 0; i < count; i++) {
        write_answer(r, &asks[i], &node);
        if (body.len + node.len > LIMIT_MESSAGE)
            break; /* It asks for the rest again. */
        buffer_add(&body, buffer_bytes(&node));
    }
    talk_say(l, SESSION_LIVE, MESSAGE_TRIE, &body);
    buffer_free(&node);
    buffer_free(&body);
}

/* ---- being told ---- */

static void finish(struct replica *r, struct link *l)
{
    const struct sorted *told = &l->walk.told;

    for (size_t i = 0; i < told->count; i++)
        talk_look_for_own(r, l, sorted_at(told, i));
    enum err err = link_told_all(l, told->at, told->count);
    walk_end(&l->walk);
    if (err)
        replica_drop(l, err, "out of memory");
    else
        talk_begin_asking(l);
}

/* Asks what differs below what was told last. */
static void go_on(struct replica *r, struct link *l, uint64_t now)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    l->walk.request = ++r->next_request;
    l->progress_ms = now;
    buffer_u32(&body, l->walk.request);
    if (!walk_ask(&l->walk, &body))
        finish(r, l);
    else if (l->walk.rounds > LIMIT_TRIE_ROUNDS)
        replica_drop(l, ERR_LIMIT, "it tells what it has without end");
    else
        talk_say(l, SESSION_LIVE, MESSAGE_WANT_TRIE, &body);
    buffer_free(&body);
}

static enum err take_top(struct replica *r, struct link *l, struct bytes rest)
{
    struct trie_node node;
    enum err err = trie_next_node(&rest, &node);

    if (err || rest.len > 0 || node.kind == TRIE_GONE)
        return ERR_FORMAT;
    if (l->has_theirs) /* It saw unequal roots; where it had told its own before, we did not. */
        talk_offer_all(r, l);
    return walk_begin(&l->walk, r->frontier, r->trie, &node);
}

static enum err take_answer(struct replica *r, struct link *l, struct bytes rest)
{
    struct trie_node node;
    enum err err = rest.len > 0 ? ERR_OK : ERR_FORMAT;

    while (!err && rest.len > 0 && !(err = trie_next_node(&rest, &node)))
        err = walk_take(&l->walk, r->frontier, r->trie, &node);
    return err;
}

void talk_on_trie(struct replica *r, struct link *l, struct bytes payload, uint64_t now)
{
    struct wire_reader reader = wire_reader(payload);
    uint32_t request = wire_u32(&reader);

    if (!reader.err && request != TOP && (!l->walk.open || request != l->walk.request))
        return; /* It answers what is of no interest any more. */
    enum err err = reader.err       ? ERR_FORMAT
                   : request == TOP ? take_top(r, l, reader.rest)
                                    : take_answer(r, l, reader.rest);
    if (err)
        replica_drop(l, err, err == ERR_MEMORY ? "out of memory" : "what it tells of what it has does not fit");
    else
        go_on(r, l, now);
}
