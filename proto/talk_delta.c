/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/receipts_tips.h"
#include "proto/talk_private.h"
#include "proto/wire.h"

/*
 * Telling what we have as what differs from a state that both sides know: what the peer has now, or a point of the past.
 * A state is named by its root, and what a delta amounts to has to have the root that its sender told: it is as good as
 * all of them told, or it is nothing.
 */

/* The state whose root begins so, if it is known here. */
static const struct receipt_tips *find_point(const struct replica *r, struct bytes beginning)
{
    return r->forgetful ? NULL : receipts_tips(r->receipts, beginning);
}

/* ---- what the peer has ---- */

/* Roles stand in a delta for the logs that its base has not; of the others we know them, or their place does not matter. */
static enum role role_of(struct replica *r, const struct id *log, bool is_new, struct wire_reader *roles)
{
    const struct head *head = frontier_find(r->frontier, log);
    uint8_t told = is_new ? wire_u8(roles) : ROLE_COORDINATOR;

    if (told < ROLE_STEWARD || told > ROLE_CARD)
        roles->err = ERR_FORMAT;
    return head ? head->role : (enum role)told;
}

/* Notes all that it has.  ERR_FORMAT: the roles do not fit. */
static enum err note(struct replica *r, struct link *l, const struct receipt_tips *base,
                     const struct receipt_tips *tips, struct wire_reader *roles)
{
    enum err err = ERR_OK;
    size_t first;

    walk_end(&l->walk);
    link_forget_told(l);
    for (size_t i = 0; !err && i < tips->count; i++) {
        const struct receipt_tip *tip = &tips->at[i];
        bool same = i > 0 && id_equal(&tip->log, &tips->at[i - 1].log);
        struct message_item item = {.log = tip->log, .seq = tip->seq};

        item.role = same ? l->told[l->told_count - 1].item.role
                         : role_of(r, &tip->log, tips_of_log(base, &tip->log, &first) == 0, roles);
        memcpy(item.tag, tip->entry.at, sizeof item.tag);
        err = roles->err ? roles->err : link_told_of(l, &item);
        talk_look_for_own(r, l, &item);
    }
    if (err)
        link_forget_told(l);
    else
        talk_begin_asking(l);
    return err;
}

/* ---- telling ---- */

static void write_roles(struct replica *r, const struct receipt_tips *base, struct buffer *out)
{
    struct buffer roles = BUFFER(LIMIT_LOGS);
    size_t first;

    for (size_t i = 0; i < frontier_count(r->frontier); i++) {
        const struct head *head = frontier_at(r->frontier, i);

        if ((i == 0 || !id_equal(&head->log, &frontier_at(r->frontier, i - 1)->log)) &&
            tips_of_log(base, &head->log, &first) == 0)
            buffer_u8(&roles, (uint8_t)head->role);
    }
    buffer_u16(out, (uint16_t)roles.len);
    buffer_add(out, buffer_bytes(&roles));
    buffer_free(&roles);
}

/* What we have that differs from a state that the peer knows.  ERR_LIMIT: too much for a message. */
static enum err write_delta(struct replica *r, const struct receipt_tips *base, const struct receipt_tips *ours,
                            struct buffer *body)
{
    buffer_clear(body);
    buffer_add(body, bytes_of(base->root.at, MESSAGE_POINT_LEN));
    write_roles(r, base, body);
    tips_write(body, base, ours);
    if (MUTANT(MUTANT_DELTA_BELIEVED) && body->len > 2 * ID_LEN + 8)
        body->len -= 2 * ID_LEN + 8;
    return buffer_error(body);
}

/* Tells it, from the nearest of some states; false: none of them is known here, or all is shorter. */
static bool send_delta(struct replica *r, struct link *l, struct bytes points, size_t point_len)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE), best = BUFFER(LIMIT_MESSAGE);
    struct receipt_tips *ours = tips_of_frontier(r->frontier);

    for (; ours && points.len > 0; points = bytes_from(points, point_len)) {
        const struct receipt_tips *base = find_point(r, bytes_of(points.at, point_len));

        if (!base || write_delta(r, base, ours, &body) || (best.len > 0 && best.len <= body.len))
            continue;
        buffer_clear(&best);
        buffer_add(&best, buffer_bytes(&body));
    }
    bool found = best.len > 0 && !buffer_error(&best);
    if (found) {
        l->delta_ours = frontier_root(r->frontier);
        l->delta_theirs = l->theirs.frontier;
        talk_say(l, SESSION_LIVE, MESSAGE_DELTA, &best);
    }
    tips_release(ours);
    buffer_free(&body);
    buffer_free(&best);
    return found;
}

/* Which earlier states are known here: the peer chooses one that it knows, too. */
static void send_points(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    struct id roots[LIMIT_POINTS], ours = frontier_root(r->frontier);
    size_t count = receipts_points(r->receipts, &l->peer.key, roots);

    if (id_equal(&l->points_ours, &ours) && id_equal(&l->points_theirs, &l->theirs.frontier))
        return;
    l->points_ours = ours;
    l->points_theirs = l->theirs.frontier;
    for (size_t i = 0; i < count; i++)
        buffer_add(&body, bytes_of(roots[i].at, MESSAGE_POINT_LEN));
    if (r->forgetful || frontier_count(r->frontier) < count / 4) /* The whole is hardly longer. */
        talk_offer_all(r, l);
    else
        talk_say(l, SESSION_LIVE, MESSAGE_POINTS, &body);
    buffer_free(&body);
}

static bool was_told(const struct link *l, const struct id *ours)
{
    return id_equal(&l->delta_ours, ours) && id_equal(&l->delta_theirs, &l->theirs.frontier);
}

/* Looks what of the peer's is not here, if its state is known; else has it tell. */
static void look(struct replica *r, struct link *l)
{
    const struct receipt_tips *theirs = find_point(r, id_bytes(&l->theirs.frontier));
    struct wire_reader no_roles = wire_reader(bytes_of(NULL, 0));

    if (!theirs)
        send_points(r, l);
    else if (note(r, l, theirs, theirs, &no_roles))
        talk_offer_all(r, l);
}

void talk_offer_delta(struct replica *r, struct link *l)
{
    struct id ours = frontier_root(r->frontier);

    if (was_told(l, &ours))
        return;
    (void)receipts_remember(r->receipts, r->frontier); /* The peer may tell what differs from it. */
    if (find_point(r, id_bytes(&l->theirs.frontier)) && !send_delta(r, l, id_bytes(&l->theirs.frontier), ID_LEN))
        talk_offer_all(r, l);
    else
        look(r, l);
}

void talk_on_points(struct replica *r, struct link *l, struct bytes payload)
{
    struct id ours = frontier_root(r->frontier);

    if (payload.len % MESSAGE_POINT_LEN || payload.len > LIMIT_POINTS * MESSAGE_POINT_LEN) {
        replica_drop(l, ERR_FORMAT, "it sent malformed points");
        return;
    }
    if (!l->has_theirs || id_equal(&ours, &l->theirs.frontier) || was_told(l, &ours))
        return;
    if (!id_equal(&l->told_root, &ours))
        talk_send_roots(r, l);
    if (send_delta(r, l, payload, MESSAGE_POINT_LEN))
        look(r, l); /* We may not have compared since we changed, and it will not tell its roots again. */
    else
        talk_offer_all(r, l);
}

/* ---- being told ---- */

/* What a delta amounts to.  ERR_MISSING: what it builds on is not here, or it does not have the root that was told. */
static enum err apply(struct replica *r, struct link *l, struct bytes point, struct wire_reader *roles,
                      struct bytes differs)
{
    const struct receipt_tips *base = find_point(r, point);
    struct receipt_tips *tips = NULL;
    enum err err = base ? tips_read(differs, base, &tips) : ERR_MISSING;

    if (!err && !id_equal(&tips->root, &l->theirs.frontier) && !MUTANT(MUTANT_DELTA_BELIEVED))
        err = ERR_MISSING;
    if (!err)
        err = note(r, l, base, tips, roles);
    tips_release(tips);
    return err;
}

void talk_on_delta(struct replica *r, struct link *l, struct bytes payload)
{
    struct wire_reader reader = wire_reader(payload);
    struct bytes point = wire_read(&reader, MESSAGE_POINT_LEN);
    struct wire_reader roles = wire_reader(wire_read(&reader, wire_u16(&reader)));
    enum err err = reader.err ? ERR_FORMAT : !l->has_theirs ? ERR_MISSING : ERR_OK;

    if (!err)
        err = apply(r, l, point, &roles, reader.rest);
    if (err == ERR_MISSING && l->has_theirs)
        talk_offer_all(r, l);
    else if (err && err != ERR_MISSING)
        replica_drop(l, err, "it sent a malformed delta");
}
