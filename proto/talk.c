/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/compress.h"
#include "proto/mutant.h"
#include "proto/refusal.h"
#include "proto/talk_private.h"

/* What is said on a link once it is authenticated: docs/PROTOCOL.md, part 2. */

void talk_say(struct link *l, enum session_stream stream, uint8_t type, const struct buffer *body)
{
    enum err err = buffer_error(body);

    if (!err)
        err = session_send(l->session, stream, type, buffer_bytes(body));
    if (err == ERR_LIMIT)
        replica_drop(l, ERR_TIMEOUT, "it does not read what we send"); /* Slow, or gone: nobody's fault. */
    else if (err == ERR_MEMORY)
        replica_drop(l, ERR_MEMORY, "out of memory");
    /* ERR_IO: the session is ending, and will say why itself. */
}

/* It is the same for all, and made when it is first needed. */
static void say_show(struct replica *r, struct link *l)
{
    if (r->enrolment_frame.len == 0 &&
        compress_frame(buffer_bytes(&r->enrolment), COMPRESS_LIVE, &r->enrolment_frame)) {
        buffer_clear(&r->enrolment_frame);
        return;
    }
    talk_say(l, SESSION_LIVE, MESSAGE_SHOW, &r->enrolment_frame);
}

/* ---- opening ---- */

void talk_tell_opened(struct replica *r, struct link *l)
{
    if (l->opened)
        return;
    l->opened = true;
    replica_tell(r, (struct replica_event){.kind = REPLICA_OPENED, .connection = l->connection, .peer = l->peer});
}

/* In doubt, content goes on: only what is void, or unknown, is served nothing. */
bool talk_serves(const struct trust_key *peer)
{
    return peer->status > TRUST_VOID || MUTANT(MUTANT_SERVE_STRANGERS) ||
           (peer->status == TRUST_VOID && MUTANT(MUTANT_SERVE_REVOKED));
}

void talk_refuse(struct link *l, enum message_refusal code, const char *text, enum err cause, const char *reason)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    message_write_refused(&body, code, text);
    talk_say(l, SESSION_LIVE, MESSAGE_REFUSED, &body);
    buffer_free(&body);
    replica_drop(l, cause, reason);
}

/* Tells a node that is served no more, or not yet, why; true when there was a reason. */
static bool refuse_void(struct replica *r, struct link *l, const struct trust_key *peer)
{
    enum message_refusal code;
    const char *text = talk_serves(peer) ? NULL : refusal_of_key(r->trust, peer, &code);

    if (text)
        talk_refuse(l, code, text, ERR_STRANGER,
                    code == MESSAGE_REFUSED_WAITING ? "its admission waits for approvals" : "it was revoked");
    return text != NULL;
}

/*
 * Of two connections to one node both sides keep the one that the lower node id dialled; of two by one side, the newer.  Nobody
 * calls a node that it is connected to: where the older was open before the newer was called, it is gone at the other end.
 */
static void settle_twins(struct replica *r, struct link *l, uint64_t now)
{
    bool keep_ours = id_compare(&r->node, &l->peer.key) < 0;

    for (size_t i = 0; i < r->link_count; i++) {
        struct link *other = r->links[i];

        if (MUTANT(MUTANT_KEEP_TWINS) || other == l || other->state != LINK_OPEN || !talk_serves(&l->peer) ||
            !id_equal(&other->peer.key, &l->peer.key))
            continue;
        bool at_once = now < other->opened_ms + LIMIT_CALL_MS;
        bool drop_new = at_once && other->initiator != l->initiator && l->initiator != keep_ours;
        replica_drop(drop_new ? l : other, ERR_EXISTS, "another connection to the same node is kept");
    }
}

static void open_link(struct replica *r, struct link *l, uint64_t now)
{
    l->state = LINK_OPEN;
    l->opened_ms = now;
    l->files_due = true;
    talk_offer_roots(r, l);
    l->roots_ms = now + LIMIT_ROOTS_MS;
    settle_twins(r, l, now);
    if (l->state != LINK_OPEN)
        return;
    if (!l->initiator)
        talk_tell_opened(r, l); /* A caller knows only by the first answer that it was let in. */
    else
        l->show_due = r->enrolment.len > 0 && !MUTANT(MUTANT_NO_SHOW);
}

/* Whoever answers has proven that it is the node we name before it reads this; one that we would not serve is told nothing. */
void talk_called(struct replica *r, struct link *l, const struct id *channel)
{
    struct trust_key peer = {.status = TRUST_UNKNOWN};

    if (r->trust)
        peer = trust_channel(r->trust, channel);
    if (talk_serves(&peer))
        talk_send_roots(r, l);
}

void talk_opened(struct replica *r, struct link *l, const struct session_peer *peer, uint64_t now)
{
    l->peer = r->trust ? trust_channel(r->trust, &peer->channel) : (struct trust_key){.status = TRUST_UNKNOWN};
    l->peer.channel = peer->channel;
    if (memcmp(peer->channel.at, r->channel.public, ID_LEN) == 0)
        replica_drop(l, ERR_EXISTS, "it is this node itself");
    else if (r->trust && refuse_void(r, l, &l->peer))
        return;
    else if (!l->initiator && !r->trust)
        replica_drop(l, ERR_STRANGER, "this node has not joined yet itself");
    else if (!l->initiator && !talk_serves(&l->peer)) {
        l->state = LINK_PROBATION;
        l->probation_ms = now + LIMIT_HANDSHAKE_MS;
    } else
        open_link(r, l, now);
}

void talk_look_again(struct replica *r, struct link *l, uint64_t now)
{
    struct trust_key peer = trust_channel(r->trust, &l->peer.channel);

    peer.channel = l->peer.channel;
    if (!talk_serves(&peer)) {
        (void)refuse_void(r, l, &peer);
        return;
    }
    l->peer = peer;
    if (l->state == LINK_PROBATION)
        open_link(r, l, now);
}

/* ---- charter and refusal ---- */

static void on_want_charter(struct replica *r, struct link *l)
{
    talk_say(l, SESSION_LIVE, MESSAGE_CHARTER, &r->charter);
}

static void on_charter(struct replica *r, struct link *l, struct bytes text)
{
    if (r->trust)
        return;
    if (replica_learn_charter(r, text)) {
        replica_drop(l, ERR_AUTH, "it sent a charter that is not this network's");
        return;
    }
    replica_tell(r, (struct replica_event){
                        .kind = REPLICA_CHARTER, .connection = l->connection, .text = buffer_bytes(&r->charter)});
    l->roots_due = true;
    if (l->has_theirs) {
        talk_compare_roots(r, l);
        talk_receipt_compare(r, l);
    }
}

/* What they say goes to the operator as it is; what follows from it, by its cause. */
static void on_refused(struct replica *r, struct link *l, struct bytes payload)
{
    static const char *const reasons[] = {
        [MESSAGE_REFUSED_USED] = "they say that the invitation was used before",
        [MESSAGE_REFUSED_STRANGER] = "they say that nothing grants us this",
        [MESSAGE_REFUSED_WAITING] = "they say that the admission waits for approvals",
        [MESSAGE_REFUSED_REVOKED] = "they say that this node was revoked",
    };
    enum message_refusal cause = MESSAGE_REFUSED_STRANGER;
    struct bytes text = bytes_of(NULL, 0);

    (void)message_read_refused(payload, &cause, &text);
    if (text.len > 0)
        memcpy(r->refusal, text.at, text.len);
    replica_tell(r, (struct replica_event){.kind = REPLICA_REFUSED,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .reason = reasons[cause],
                                           .text = bytes_of(r->refusal, text.len)});
    replica_drop(l,
                 cause == MESSAGE_REFUSED_USED      ? ERR_EXISTS
                 : cause == MESSAGE_REFUSED_WAITING ? ERR_GAP
                                                    : ERR_STRANGER,
                 reasons[cause]);
}

/* ---- what is said, and what is due ---- */

void talk_message(struct replica *r, struct link *l, uint8_t type, struct bytes payload, uint64_t now)
{
    if (l->state == LINK_PROBATION && type == MESSAGE_ROOTS) {
        l->has_theirs = !message_read_roots(payload, &l->theirs); /* It need not tell them again once it is let in. */
        return;
    }
    if (l->state == LINK_PROBATION && type != MESSAGE_SHOW)
        return; /* Nothing else is processed or answered. */
    if (l->state == LINK_CLOSING)
        return;
    if (!r->trust && type != MESSAGE_ROOTS && type != MESSAGE_CHARTER && type != MESSAGE_REFUSED &&
        type != MESSAGE_WANT && type != MESSAGE_WANT_CONTENT)
        return;
    switch (type) {
    case MESSAGE_ROOTS: talk_on_roots(r, l, payload); break;
    case MESSAGE_VECTOR: talk_on_vector(r, l, payload); break;
    case MESSAGE_TRIE: talk_on_trie(r, l, payload, now); break;
    case MESSAGE_WANT_TRIE: talk_on_want_trie(r, l, payload); break;
    case MESSAGE_DELTA: talk_on_delta(r, l, payload); break;
    case MESSAGE_POINTS: talk_on_points(r, l, payload); break;
    case MESSAGE_WANT: talk_on_want(r, l, payload, false); break;
    case MESSAGE_WANT_CONTENT: talk_on_want(r, l, payload, true); break;
    case MESSAGE_BUNDLE: talk_on_bundle(r, l, payload, now); break;
    case MESSAGE_PUSH: talk_on_push(r, l, payload); break;
    case MESSAGE_LEAN: talk_on_lean(r, l, payload); break;
    case MESSAGE_SHOW: talk_on_show(r, l, payload, now); break;
    case MESSAGE_WANT_CHARTER: on_want_charter(r, l); break;
    case MESSAGE_CHARTER: on_charter(r, l, payload); break;
    case MESSAGE_REFUSED: on_refused(r, l, payload); break;
    case MESSAGE_RECEIPT: talk_on_receipt(r, l, payload, now); break;
    case MESSAGE_WANT_RECEIPT: talk_on_want_receipt(r, l, payload); break;
    case MESSAGE_WANT_FILE: talk_on_want_file(r, l, payload); break;
    case MESSAGE_FILE: talk_on_file(r, l, payload, now); break;
    case MESSAGE_FILE_HERE: talk_on_file_here(r, l, payload); break;
    default:
        if (type % 2 == 0)
            replica_drop(l, ERR_VERSION, "it sent a message that this version does not know");
    }
}

bool talk_drive(struct replica *r, struct link *l, uint64_t now)
{
    if (l->show_due) {
        l->show_due = false;
        if (!l->has_theirs)
            say_show(r, l);
        return true;
    }
    if (r->trust && l->opened && l->want_due && !l->waiting && !l->walk.open && !r->batch_count && !r->failed) {
        talk_ask(r, l, now);
        return true;
    }
    if (r->trust && l->roots_due && !l->waiting && !l->walk.open && !l->want_due) {
        talk_send_roots(r, l);
        return true;
    }
    if (l->serving && !l->reading && (l->bundle_open || session_queued(l->session, SESSION_BULK) == 0)) {
        talk_read_next(r, l);
        return true;
    }
    return talk_receipt_drive(r, l, now) || talk_read_file(r, l) ||
           (r->trust && l->opened && talk_ask_files(r, l, now));
}
