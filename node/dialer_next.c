/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/dialer_private.h"

/* Who is called next, and when: the dialer's choice among its contacts. */

static bool is_free(const struct dialer *d, const struct contact *contact)
{
    return !dialer_bars(d, &contact->channel, &contact->node) && !contact->dialling && contact->open == 0 &&
           contact->address_count > 0;
}

/* When a contact may be called next; UINT64_MAX while there is no need. */
static uint64_t due(const struct dialer *d, const struct contact *contact)
{
    uint64_t until = shunned_until(&d->shunned, &contact->channel);

    if (!is_free(d, contact))
        return UINT64_MAX;
    return until > contact->due_ms ? until : contact->due_ms;
}

struct standing {
    size_t sessions; /* That there are or may be in a moment. */
    size_t away;     /* Of them those to other kibbutzim that we chose and called. */
};

static struct standing count_sessions(const struct dialer *d)
{
    struct standing s = {.sessions = 0};

    for (size_t i = 0; i < d->count; i++) {
        const struct contact *contact = dialer_contact(d, i);
        bool is_ours = contact->dialling || contact->called > 0;

        s.sessions += contact->open > 0 || contact->dialling;
        s.away += is_ours && contact->is_away && !contact->is_given && !contact->is_visit;
    }
    return s;
}

/* Whether one more session to this learnt contact is wanted. */
static bool is_wanted(const struct standing *s, const struct contact *contact)
{
    return contact->is_given || contact->is_visit || s->sessions < DIALER_KEEP ||
           (contact->is_away && s->away < DIALER_AWAY);
}

static struct contact *pick_given(const struct dialer *d, uint64_t now)
{
    struct contact *first = NULL;

    for (size_t i = 0; i < d->count; i++)
        if (dialer_contact(d, i)->is_given && due(d, dialer_contact(d, i)) <= now &&
            (first == NULL || due(d, dialer_contact(d, i)) < due(d, first)))
            first = dialer_contact(d, i);
    return first;
}

/* One of those that are due and wanted, each as likely as the others. */
static struct contact *pick_learnt(const struct dialer *d, uint64_t now, uint32_t random)
{
    struct standing s = count_sessions(d);
    struct contact *picked = NULL;
    size_t seen = 0;

    for (size_t i = 0; i < d->count; i++)
        if (due(d, dialer_contact(d, i)) <= now && is_wanted(&s, dialer_contact(d, i)))
            seen++;
    for (size_t i = 0, left = seen > 0 ? random % seen + 1 : 0; i < d->count && left > 0; i++)
        if (due(d, dialer_contact(d, i)) <= now && is_wanted(&s, dialer_contact(d, i)) && --left == 0)
            picked = dialer_contact(d, i);
    return picked;
}

static bool may_be_visited(const struct dialer *d, const struct contact *contact, uint64_t now)
{
    return is_free(d, contact) && !contact->is_given && shunned_until(&d->shunned, &contact->channel) <= now;
}

static struct contact *pick_visit(struct dialer *d, uint64_t now, uint32_t random)
{
    size_t seen = 0;

    if (d->visit_ms == 0 || now < d->visit_ms)
        return NULL;
    d->visit_ms = now + DIALER_VISIT_MS * 3 / 4 + random % (DIALER_VISIT_MS / 2);
    for (size_t i = 0; i < d->count; i++)
        seen += may_be_visited(d, dialer_contact(d, i), now);
    for (size_t i = 0, left = seen > 0 ? random % seen + 1 : 0; i < d->count && left > 0; i++)
        if (may_be_visited(d, dialer_contact(d, i), now) && --left == 0)
            return dialer_contact(d, i);
    return NULL;
}

const struct contact *dialer_next(struct dialer *d, uint64_t now, uint32_t random)
{
    struct contact *next;

    if (now < dialer_deadline(d))
        return NULL;
    d->is_changed = true;
    next = pick_given(d, now);
    if (next == NULL)
        next = pick_learnt(d, now, random);
    if (next == NULL && (next = pick_visit(d, now, random)) != NULL)
        next->is_visit = true;
    if (next != NULL)
        next->dialling = true;
    return next;
}

/* When a visit is long enough; UINT64_MAX: it is none, or its session is wanted. */
static uint64_t leave_ms(const struct standing *s, const struct contact *contact)
{
    return contact->is_visit && contact->called > 0 && s->sessions > DIALER_KEEP
               ? contact->opened_ms + DIALER_VISIT_STAY_MS
               : UINT64_MAX;
}

const struct contact *dialer_leave(struct dialer *d, uint64_t now)
{
    struct standing s;

    if (now < dialer_deadline(d))
        return NULL;
    s = count_sessions(d);
    for (size_t i = 0; i < d->count; i++)
        if (leave_ms(&s, dialer_contact(d, i)) <= now) {
            dialer_contact(d, i)->is_visit = false; /* Told once. */
            d->is_changed = true;
            return dialer_contact(d, i);
        }
    return NULL;
}

static uint64_t find_deadline(const struct dialer *d)
{
    struct standing s = count_sessions(d);
    uint64_t deadline = UINT64_MAX;
    bool has_free = false;

    for (size_t i = 0; i < d->count; i++) {
        const struct contact *contact = dialer_contact(d, i);
        uint64_t when = is_wanted(&s, contact) ? due(d, contact) : UINT64_MAX;

        has_free = has_free || (is_free(d, contact) && !contact->is_given);
        deadline = when < deadline ? when : deadline;
        when = leave_ms(&s, contact);
        deadline = when < deadline ? when : deadline;
    }
    return has_free && d->visit_ms > 0 && d->visit_ms < deadline ? d->visit_ms : deadline;
}

uint64_t dialer_deadline(struct dialer *d)
{
    if (d->is_changed)
        d->deadline_ms = find_deadline(d);
    d->is_changed = false;
    return d->deadline_ms;
}

void dialer_hurry(struct dialer *d, const struct id *channel, uint64_t now)
{
    d->is_changed = true;
    for (size_t i = 0; i < d->count; i++) {
        struct contact *contact = dialer_contact(d, i);

        if (channel != NULL && !id_equal(channel, &contact->channel))
            continue;
        contact->due_ms = now;
        contact->failures = 0;
        contact->why[0] = '\0'; /* It was true before; whoever asked wants to know it anew. */
    }
}
