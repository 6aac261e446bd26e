/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/mutant.h"
#include "proto/talk_private.h"
#include "proto/wire.h"

/* Receipts on a link: who has which, what is new, and the proofs that are asked for. */

#define NUMBER_LEN (RECEIPTS_NODE_LEN + 8)
#define PROOF_QUEUE KIB(64) /* A further part of a proof waits until less than this is queued. */

/* ---- whose count ---- */

/* A node that is served; what others signed is neither kept nor passed on. */
static bool counts(struct replica *r, const struct id *node)
{
    struct trust_key key = trust_key(r->trust, node);

    return key.role == ROLE_NODE && (key.status > TRUST_VOID || MUTANT(MUTANT_SERVE_REVOKED));
}

static bool has_one(struct replica *r, size_t place)
{
    const struct receipt *receipt = &receipts_at(r->receipts, place)->receipt;

    return receipt->number > 0 && counts(r, &receipt->node);
}

/* The granted node whose key begins so, or SIZE_MAX. */
static size_t place_of(struct replica *r, const uint8_t beginning[RECEIPTS_NODE_LEN])
{
    const struct bytes wanted = bytes_of(beginning, RECEIPTS_NODE_LEN);
    struct id least = {{0}};
    size_t nth;

    memcpy(least.at, beginning, RECEIPTS_NODE_LEN);
    nth = receipts_nth(r->receipts, &least);
    if (nth < receipts_count(r->receipts)) {
        size_t place = receipts_sorted(r->receipts, nth);
        const struct id *node = &receipts_at(r->receipts, place)->receipt.node;

        if (id_begins(node, wanted))
            return counts(r, node) ? place : SIZE_MAX;
    }
    for (size_t i = trust_key_from(r->trust, &least); i < trust_key_count(r->trust); i++) {
        struct trust_key key = trust_key_at(r->trust, i);

        if (!id_begins(&key.key, wanted))
            break;
        if (counts(r, &key.key))
            return receipts_place(r->receipts, &key.key);
    }
    return SIZE_MAX;
}

static uint64_t make_digest(struct replica *r)
{
    struct id_hasher hasher;
    struct id digest;
    uint64_t first = 0;

    id_hasher_begin(&hasher, ID_RECEIPT);
    for (size_t i = 0; i < receipts_count(r->receipts); i++) {
        size_t place = receipts_sorted(r->receipts, i);
        const struct receipt *receipt = &receipts_at(r->receipts, place)->receipt;
        uint8_t number[8];

        if (!has_one(r, place))
            continue;
        for (size_t at = 0; at < sizeof number; at++)
            number[at] = (uint8_t)(receipt->number >> (8 * (sizeof number - 1 - at)));
        id_hasher_add(&hasher, id_bytes(&receipt->node));
        id_hasher_add(&hasher, bytes_of(number, sizeof number));
    }
    digest = id_hasher_end(&hasher);
    for (size_t i = 0; i < 8; i++)
        first = first << 8 | digest.at[i];
    return first;
}

/* It follows from the receipts, and from who counts, which governance says. */
uint64_t talk_receipt_digest(struct replica *r)
{
    struct id root = frontier_governance_root(r->frontier);
    uint64_t serial = receipts_serial(r->receipts);

    if (!r->digest_is_known || r->digest_serial != serial || !id_equal(&r->digest_root, &root)) {
        r->digest = make_digest(r);
        r->digest_serial = serial;
        r->digest_root = root;
        r->digest_is_known = true;
    }
    return r->digest;
}

/* ---- what the other side has ---- */

static uint64_t *number_of(struct link *l, size_t place)
{
    struct link_receipts *o = &l->receipts;

    if (place >= o->size) {
        size_t size = 2 * place + 16;
        uint64_t *numbers = realloc(o->numbers, size * sizeof *numbers);

        if (!numbers)
            return NULL;
        memset(numbers + o->size, 0, (size - o->size) * sizeof *numbers);
        o->numbers = numbers;
        o->size = size;
    }
    return &o->numbers[place];
}

static uint64_t its_number(struct link *l, size_t place)
{
    return place < l->receipts.size ? l->receipts.numbers[place] : 0;
}

/* It has this one, or a newer. */
static void note_number(struct link *l, size_t place, uint64_t number)
{
    uint64_t *at = number_of(l, place);

    if (at && number > *at)
        *at = number;
}

static void hurry(struct link *l, uint64_t when)
{
    if (l->receipts.due_ms > when)
        l->receipts.due_ms = when;
}

/* A receipt is new here: it goes on, with others that come at the same time. */
static void spread(struct replica *r, const struct link *from, uint64_t when)
{
    r->receipts_new = true;
    for (size_t i = 0; i < r->link_count; i++)
        if (r->links[i] != from && r->links[i]->state == LINK_OPEN)
            hurry(r->links[i], when);
}

enum err replica_take_receipt(struct replica *r, struct bytes whole, uint64_t now)
{
    struct receipt receipt;
    size_t place;
    enum err err = receipts_peek(whole, &receipt);

    if (err == ERR_OK && (r->trust == NULL || !counts(r, &receipt.node)))
        err = ERR_STRANGER;
    if (err == ERR_OK && (err = receipts_read(r->receipts, whole, &place)) == ERR_OK)
        spread(r, NULL, now + LIMIT_RECEIPT_DELAY_MS);
    return err;
}

void talk_receipt_compare(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    if (!talk_serves(&l->peer))
        return;
    if (l->theirs.receipts == talk_receipt_digest(r)) {
        l->receipts.open = true;
        for (size_t i = 0; i < receipts_count(r->receipts); i++)
            note_number(l, i, receipts_at(r->receipts, i)->receipt.number);
        return;
    }
    buffer_u8(&body, MESSAGE_RECEIPT_NUMBERS);
    for (size_t i = 0; i < receipts_count(r->receipts); i++) {
        const struct receipt *receipt = &receipts_at(r->receipts, i)->receipt;

        if (!has_one(r, i))
            continue;
        buffer_add(&body, bytes_of(receipt->node.at, RECEIPTS_NODE_LEN));
        buffer_u64(&body, receipt->number);
    }
    talk_say(l, SESSION_LIVE, MESSAGE_RECEIPT, &body);
    buffer_free(&body);
}

void talk_receipt_kept(struct replica *r, uint64_t now)
{
    spread(r, NULL, now);
}

/* ---- what is new ---- */

static void tell_new(struct replica *r, struct link *l)
{
    struct buffer brief = BUFFER(LIMIT_MESSAGE), numbers = BUFFER(LIMIT_MESSAGE);

    buffer_u8(&brief, MESSAGE_RECEIPT_BRIEF);
    buffer_u8(&numbers, MESSAGE_RECEIPT_NUMBERS);
    for (size_t i = 0; l->receipts.open && i < receipts_count(r->receipts); i++) {
        const struct receipt *receipt = &receipts_at(r->receipts, i)->receipt;

        if (receipt->number <= its_number(l, i) || !has_one(r, i))
            continue;
        if (receipts_is_brief(r->receipts, i) && brief.len + RECEIPTS_BRIEF_LEN <= LIMIT_MESSAGE) {
            receipts_write_brief(r->receipts, i, &brief);
        } else {
            buffer_add(&numbers, bytes_of(receipt->node.at, RECEIPTS_NODE_LEN));
            buffer_u64(&numbers, receipt->number);
        }
        note_number(l, i, receipt->number);
    }
    if (brief.len > 1)
        talk_say(l, SESSION_LIVE, MESSAGE_RECEIPT, &brief);
    if (numbers.len > 1)
        talk_say(l, SESSION_LIVE, MESSAGE_RECEIPT, &numbers);
    r->receipts_told += (uint64_t)(brief.len > 1) + (uint64_t)(numbers.len > 1);
    buffer_free(&brief);
    buffer_free(&numbers);
}

/* Asks for what it has and could not tell in brief. */
static void ask_new(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    struct id root = frontier_root(r->frontier);

    if (l->receipts.asked_count || receipts_remember(r->receipts, r->frontier))
        return;
    if (l->has_theirs && receipts_knows(r->receipts, &l->theirs.frontier))
        root = l->theirs.frontier; /* It knows that one, too; it may never have had ours. */
    buffer_add(&body, id_bytes(&root));
    l->receipts.answered = 0;
    for (size_t i = 0; i < receipts_count(r->receipts) && l->receipts.asked_count < LIMIT_RECEIPT_ASKS; i++) {
        const struct receipt *receipt = &receipts_at(r->receipts, i)->receipt;

        if (its_number(l, i) <= receipt->number || !counts(r, &receipt->node))
            continue;
        buffer_add(&body, bytes_of(receipt->node.at, RECEIPTS_NODE_LEN));
        l->receipts.asked[l->receipts.asked_count++] = i;
    }
    if (l->receipts.asked_count)
        talk_say(l, SESSION_LIVE, MESSAGE_WANT_RECEIPT, &body);
    buffer_free(&body);
}

static void on_numbers(struct replica *r, struct link *l, struct bytes rest, uint64_t now)
{
    struct wire_reader reader = wire_reader(rest);

    while (!reader.err && reader.rest.len > 0) {
        uint8_t node[RECEIPTS_NODE_LEN];

        wire_copy(&reader, node, sizeof node);
        uint64_t number = wire_u64(&reader);
        size_t place = reader.err ? SIZE_MAX : place_of(r, node);
        if (place != SIZE_MAX)
            note_number(l, place, number);
    }
    if (wire_finish(&reader)) {
        replica_drop(l, ERR_FORMAT, "it sent malformed receipts");
        return;
    }
    l->receipts.open = true;
    hurry(l, now);
}

/* One that is new here goes on; an own one is from another time, and a new one goes before it. */
static void take_in(struct replica *r, const struct link *l, const struct id *node, uint64_t now)
{
    spread(r, l, now + LIMIT_RECEIPT_DELAY_MS);
    if (id_equal(node, &r->node))
        replica_receipt_changed(r, now);
}

static void on_brief(struct replica *r, struct link *l, struct bytes rest, uint64_t now)
{
    struct receipts_brief brief;

    while (rest.len > 0) {
        if (receipts_next_brief(&rest, &brief)) {
            replica_drop(l, ERR_FORMAT, "it sent malformed receipts");
            return;
        }
        size_t place = place_of(r, brief.node);
        if (place == SIZE_MAX)
            continue; /* Nothing known here grants it, or does so any more. */
        struct id node = receipts_at(r->receipts, place)->receipt.node;
        enum err err = receipts_read_brief(r->receipts, &node, &brief);
        note_number(l, place, brief.number);
        if (err == ERR_AUTH) {
            replica_drop(l, ERR_AUTH, "it sent a receipt that does not verify");
            return;
        }
        if (err == ERR_OK)
            take_in(r, l, &node, now);
        else if (err == ERR_MISSING)
            hurry(
                l,
                now +
                    LIMIT_RECEIPT_DELAY_MS); /* What it has may be on its way here; then it is asked how it differs. */
    }
}

/* ---- proofs ---- */

static void take_whole(struct replica *r, struct link *l, size_t place, struct bytes whole, uint64_t now)
{
    struct id node = receipts_at(r->receipts, place)->receipt.node;
    uint64_t *number = number_of(l, place);
    struct receipt receipt;
    enum err err = whole.len ? receipts_peek(whole, &receipt) : ERR_EXISTS;

    if (!err && !id_equal(&receipt.node, &node))
        err = ERR_FORMAT;
    if (!err && counts(r, &node))
        err = receipts_read(r->receipts, whole, &place);
    if (err == ERR_AUTH || err == ERR_FORMAT || err == ERR_LIMIT) {
        replica_drop(l, err, "it sent a receipt that does not verify");
        return;
    }
    if (number) /* What did not help is not asked for again, until it tells of a newer one or roots are compared. */
        *number = receipts_at(r->receipts, place)->receipt.number;
    if (err == ERR_OK)
        take_in(r, l, &node, now);
}

static void on_proof(struct replica *r, struct link *l, struct bytes part, bool last, uint64_t now)
{
    struct link_receipts *o = &l->receipts;

    if (o->answered == o->asked_count)
        return; /* Nobody asked. */
    buffer_add(&o->in, part);
    if (buffer_error(&o->in)) {
        replica_drop(l, buffer_error(&o->in), "it sent too large a proof");
        return;
    }
    if (!last)
        return;
    take_whole(r, l, o->asked[o->answered++], buffer_bytes(&o->in), now);
    buffer_free(&o->in);
    if (o->answered == o->asked_count) {
        o->asked_count = o->answered = 0;
        hurry(l, now);
    }
}

void talk_on_receipt(struct replica *r, struct link *l, struct bytes payload, uint64_t now)
{
    uint8_t kind = payload.len ? payload.at[0] : MESSAGE_RECEIPT_KINDS;
    struct bytes rest = bytes_from(payload, 1);

    if (!talk_serves(&l->peer))
        return;
    if (kind == MESSAGE_RECEIPT_NUMBERS)
        on_numbers(r, l, rest, now);
    else if (kind == MESSAGE_RECEIPT_BRIEF)
        on_brief(r, l, rest, now);
    else if (kind == MESSAGE_RECEIPT_PART || kind == MESSAGE_RECEIPT_END)
        on_proof(r, l, rest, kind == MESSAGE_RECEIPT_END, now);
    else
        replica_drop(l, ERR_FORMAT, "it sent malformed receipts");
}

void talk_on_want_receipt(struct replica *r, struct link *l, struct bytes payload)
{
    struct link_receipts *o = &l->receipts;
    struct wire_reader reader = wire_reader(payload);

    if (!talk_serves(&l->peer))
        return;
    wire_copy(&reader, o->base.at, ID_LEN);
    size_t count = reader.rest.len / RECEIPTS_NODE_LEN;
    if (reader.err || reader.rest.len % RECEIPTS_NODE_LEN || count > LIMIT_RECEIPT_ASKS || o->wanted_count) {
        replica_drop(l, ERR_FORMAT, "it asked wrongly");
        return;
    }
    for (o->wanted_next = 0; o->wanted_count < count;) {
        uint8_t node[RECEIPTS_NODE_LEN];

        wire_copy(&reader, node, sizeof node);
        o->wanted[o->wanted_count++] = place_of(r, node);
    }
}

/* Sends one part of the proof that is next; of a node of which nothing is known here, an empty one. */
static void send_proof(struct replica *r, struct link *l)
{
    struct link_receipts *o = &l->receipts;
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    size_t place = o->wanted[o->wanted_next];

    if (o->out.len == 0 && place != SIZE_MAX && has_one(r, place))
        receipts_write(r->receipts, place, &o->base, &o->out);
    if (buffer_error(&o->out))
        buffer_clear(&o->out);
    struct bytes part = buffer_bytes(&o->out);
    bool last = part.len <= LIMIT_RECEIPT_PART;
    if (!last)
        part.len = LIMIT_RECEIPT_PART;
    buffer_u8(&body, last ? MESSAGE_RECEIPT_END : MESSAGE_RECEIPT_PART);
    buffer_add(&body, part);
    talk_say(l, SESSION_LIVE, MESSAGE_RECEIPT, &body);
    buffer_free(&body);
    buffer_drop(&o->out, part.len);
    if (!last)
        return;
    buffer_free(&o->out);
    if (++o->wanted_next == o->wanted_count)
        o->wanted_count = 0;
}

bool talk_receipt_drive(struct replica *r, struct link *l, uint64_t now)
{
    if (r->trust && now >= l->receipts.due_ms) {
        l->receipts.due_ms = UINT64_MAX;
        tell_new(r, l);
        ask_new(r, l);
        return true;
    }
    if (l->receipts.wanted_count && session_queued(l->session, SESSION_LIVE) < PROOF_QUEUE) {
        send_proof(r, l);
        return true;
    }
    return false;
}

/* ---- a receipt against what its node does ---- */

/*
 * Whether what is for one kibbutz alone would be given to us: to a node of it that stands without a doubt.  The peer decides by
 * what it knows, so that only where it knew the same when it was asked is its answer known to be another than ours.
 */
static bool is_given(struct replica *r, const struct link *l, const struct missing_content *missing)
{
    struct trust_key author = trust_key(r->trust, &missing->log), own = trust_key(r->trust, &r->node);

    return !missing->restricted ||
           (l->receipts.knew_the_same && own.status == TRUST_GOOD && id_equal(&own.kibbutz, &author.kibbutz) &&
            id_equal(&l->peer.kibbutz, &author.kibbutz));
}

/* A tip that is here leads on from all that is before it, unless the log forks; of any other, nobody here can say. */
static enum receipts_lead leads(void *context, const struct receipt_tip *tip, uint64_t seq, const struct id *entry)
{
    const struct replica *r = context;
    struct head head;
    size_t first;

    (void)seq;
    (void)entry;
    return frontier_tips(r->frontier, &tip->log, &first) == 1 &&
                   !frontier_entry(r->frontier, &tip->log, tip->seq, id_bytes(&tip->entry), &head)
               ? RECEIPTS_LEADS
               : RECEIPTS_LEADS_NOT;
}

/* Whether it signed that it holds this content, beyond doubt: nobody is accused of what another branch makes it seem to say. */
static bool claims(struct replica *r, const struct link *l, const struct missing_content *missing)
{
    size_t place = receipts_find(r->receipts, &l->peer.key);
    const struct receipts_node *node = place == SIZE_MAX ? NULL : receipts_at(r->receipts, place);

    return node && node->receipt.number && node->receipt.number == l->receipts.trusted && is_given(r, l, missing) &&
           receipts_lacks(node, &missing->entry) != RECEIPT_LACKS_TEXT &&
           receipts_holds(node, &missing->log, missing->seq, &missing->entry, leads, r);
}

void talk_receipt_trust(struct replica *r, struct link *l, uint64_t asked_after)
{
    size_t place = receipts_find(r->receipts, &l->peer.key);
    struct id root = frontier_root(r->frontier);

    l->receipts.asked_after = asked_after;
    l->receipts.trusted = place == SIZE_MAX ? 0 : receipts_at(r->receipts, place)->receipt.number;
    l->receipts.knew_the_same = l->has_theirs && id_equal(&l->theirs.frontier, &root);
}

void talk_receipt_doubt(struct replica *r, struct link *l)
{
    const struct missing_content *next;

    l->receipts.answered_now = false;
    for (uint64_t serial = l->receipts.asked_after;
         !l->receipts.doubted && l->has_theirs && l->peer.status == TRUST_GOOD && !r->failed &&
         (next = missing_after(r->missing, serial)) && next->serial <= l->asked_serial;) {
        serial = next->serial;
        if (!claims(r, l, next))
            continue;
        l->receipts.doubted = true;
        replica_tell(r, (struct replica_event){.kind = REPLICA_CONTRADICTION,
                                               .connection = l->connection,
                                               .peer = l->peer,
                                               .log = next->log,
                                               .from = next->seq,
                                               .digest = next->entry});
    }
    l->receipts.trusted = 0; /* One answer is judged once. */
}
