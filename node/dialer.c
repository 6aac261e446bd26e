/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/dialer_private.h"

#include "node/dialer_address.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS 60000
#define LEARNT_PATIENCE                                                                                                \
    10 /* A granted node that never answers is tried ten times more rarely than one that people gave. */
#define STEADY_MS 10000 /* A session this old was a success: the next failure counts as the first. */

struct dialer *dialer_new(void)
{
    struct dialer *d = calloc(1, sizeof *d);

    if (d != NULL)
        d->deadline_ms = UINT64_MAX;
    return d;
}

static void drop(struct dialer *d, size_t index)
{
    d->given -= dialer_contact(d, index)->is_given;
    dialer_address_clear(dialer_contact(d, index));
    free(d->contacts[index]);
    d->contacts[index] = d->contacts[--d->count];
}

void dialer_free(struct dialer *d)
{
    while (d != NULL && d->count > 0)
        drop(d, d->count - 1);
    free(d);
}

static size_t place_of(const struct dialer *d, const struct id *channel)
{
    size_t i = 0;

    while (i < d->count && !id_equal(&dialer_contact(d, i)->channel, channel))
        i++;
    return i;
}

static struct contact *find(const struct dialer *d, const struct id *channel)
{
    size_t place = place_of(d, channel);

    return place < d->count ? dialer_contact(d, place) : NULL;
}

static struct contact *find_node(const struct dialer *d, const struct id *node)
{
    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&dialer_contact(d, i)->node, node))
            return dialer_contact(d, i);
    return NULL;
}

static enum err make(struct dialer *d, const struct id *channel, struct contact **made)
{
    struct listed *listed;

    if (d->count == DIALER_CONTACTS)
        return ERR_LIMIT;
    if ((listed = calloc(1, sizeof *listed)) == NULL)
        return ERR_MEMORY;
    listed->contact.channel = *channel;
    d->contacts[d->count++] = listed;
    *made = &listed->contact;
    return ERR_OK;
}

/* ---- whom people removed ---- */

static size_t barred_at(const struct dialer *d, const struct id *key)
{
    size_t i = 0;

    while (i < d->barred_count && !id_equal(&d->barred[i], key))
        i++;
    return i;
}

enum err dialer_bar(struct dialer *d, const struct id *key)
{
    d->is_changed = true;
    if (barred_at(d, key) < d->barred_count)
        return ERR_OK;
    if (d->barred_count == DIALER_GIVEN)
        return ERR_LIMIT;
    d->barred[d->barred_count++] = *key;
    return ERR_OK;
}

static void unbar(struct dialer *d, const struct id *key)
{
    size_t place = barred_at(d, key);

    if (place < d->barred_count)
        d->barred[place] = d->barred[--d->barred_count];
}

bool dialer_bars(const struct dialer *d, const struct id *channel, const struct id *node)
{
    return barred_at(d, channel) < d->barred_count || barred_at(d, node) < d->barred_count;
}

/* ---- who there is ---- */

enum err dialer_add(struct dialer *d, const struct id *channel, const char *address, uint64_t now)
{
    struct contact *contact = find(d, channel);
    struct bytes text = bytes_text(address);
    enum err err = ERR_OK;

    d->is_changed = true;
    assert(text.len <= LIMIT_ADDRESS);
    if ((contact == NULL || !contact->is_given) && d->given == DIALER_GIVEN)
        return ERR_LIMIT;
    if (contact == NULL && (err = make(d, channel, &contact)))
        return err;
    unbar(d, channel);
    unbar(d, &contact->node);
    d->given += !contact->is_given;
    contact->is_given = true;
    (void)dialer_address_set(contact, DIALER_FROM_PEOPLE, &text, 1);
    dialer_address_begin_with(contact, DIALER_FROM_PEOPLE);
    contact->failures = 0;
    contact->due_ms = now;
    return ERR_OK;
}

enum err dialer_remove(struct dialer *d, const struct id *key)
{
    struct contact *contact = find(d, key);
    enum err err = ERR_OK;

    d->is_changed = true;
    if (contact == NULL && (contact = find_node(d, key)) == NULL)
        return ERR_MISSING;
    if (!contact->is_granted) { /* Nobody lets it in. */
        drop(d, place_of(d, &contact->channel));
        return ERR_OK;
    }
    if ((err = dialer_bar(d, &contact->node)))
        return err;
    d->given -= contact->is_given;
    contact->is_given = false;
    (void)dialer_address_set(contact, DIALER_FROM_PEOPLE, NULL, 0);
    return ERR_OK;
}

/* What is known of `from` is of `to` as well. */
static void join(struct dialer *d, struct contact *to, const struct contact *from)
{
    for (size_t i = 0; i < from->address_count; i++) {
        struct bytes text = bytes_text(from->addresses[i]);

        if (from->sources[i] == DIALER_FROM_PEOPLE && !to->is_given)
            (void)dialer_address_set(to, DIALER_FROM_PEOPLE, &text, 1);
    }
    d->given += from->is_given && !to->is_given;
    to->is_given = to->is_given || from->is_given;
    to->open += from->open; /* Sessions that began under the old key tell the new one when they end. */
    to->called += from->called;
    to->dialling = to->dialling || from->dialling;
    to->reached = to->reached || from->reached;
}

enum err dialer_rename(struct dialer *d, const struct id *channel, const struct id *new)
{
    size_t place = place_of(d, channel);
    struct contact *other;

    d->is_changed = true;
    if (place == d->count)
        return ERR_MISSING;
    if ((other = find(d, new)) == NULL) {
        dialer_contact(d, place)->channel = *new;
        return ERR_OK;
    }
    join(d, other, dialer_contact(d, place));
    drop(d, place);
    return ERR_OK;
}

void dialer_learn_begin(struct dialer *d)
{
    for (size_t i = 0; i < d->count; i++)
        d->contacts[i]->is_named = false;
}

enum err dialer_learn(struct dialer *d, const struct dialer_node *node, uint64_t now)
{
    struct contact *known = find_node(d, &node->node), *contact;
    enum err err = ERR_OK;

    d->is_changed = true;
    if (known != NULL && !id_equal(&known->channel, &node->channel))
        (void)dialer_rename(d, &known->channel, &node->channel);
    if ((contact = find(d, &node->channel)) == NULL && (err = make(d, &node->channel, &contact)))
        return err;
    d->contacts[place_of(d, &node->channel)]->is_named = true;
    if (d->visit_ms == 0)
        d->visit_ms = now + DIALER_VISIT_MS;
    contact->node = node->node;
    contact->is_granted = true;
    contact->is_away = node->is_away;
    if (id_equal(&contact->told_by, &node->told_by))
        return ERR_OK;
    contact->told_by = node->told_by;
    if (dialer_address_set(contact, DIALER_FROM_ENTRY, node->addresses, node->address_count)) {
        contact->due_ms = now;
        contact->failures = 0;
        contact->tried = 0;
    }
    return ERR_OK;
}

void dialer_learn_end(struct dialer *d)
{
    d->is_changed = true;
    for (size_t i = d->count; i-- > 0;) {
        struct contact *contact = dialer_contact(d, i);

        if (d->contacts[i]->is_named || !contact->is_granted)
            continue;
        contact->is_granted = false;
        contact->told_by = (struct id){{0}};
        (void)dialer_address_set(contact, DIALER_FROM_ENTRY, NULL, 0);
        (void)dialer_address_set(contact, DIALER_FROM_NEAR, NULL, 0);
        if (!contact->is_given && contact->open == 0 && !contact->dialling)
            drop(d, i);
    }
}

bool dialer_near(struct dialer *d, const struct id *node, const char *address, uint64_t now)
{
    struct contact *contact = find_node(d, node);
    struct bytes text = bytes_text(address);

    d->is_changed = true;
    if (contact == NULL || !contact->is_granted || dialer_bars(d, &contact->channel, &contact->node) ||
        contact->open > 0 || contact->dialling || !dialer_address_set(contact, DIALER_FROM_NEAR, &text, 1))
        return false;
    dialer_address_begin_with(contact, DIALER_FROM_NEAR);
    contact->due_ms = now;
    contact->failures = 0;
    return true;
}

size_t dialer_count(const struct dialer *d)
{
    return d->count;
}

const struct contact *dialer_at(const struct dialer *d, size_t index)
{
    assert(index < d->count);
    return dialer_contact(d, index);
}

const struct contact *dialer_find(const struct dialer *d, const struct id *channel)
{
    return find(d, channel);
}

const struct contact *dialer_find_node(const struct dialer *d, const struct id *node)
{
    return find_node(d, node);
}

const struct contact *dialer_holder(const struct dialer *d, const struct id *channel, const char *address)
{
    for (size_t i = 0; i < d->count; i++)
        for (size_t j = 0;
             j < dialer_contact(d, i)->address_count && !id_equal(&dialer_contact(d, i)->channel, channel); j++)
            if (strcmp(dialer_contact(d, i)->addresses[j], address) == 0)
                return dialer_contact(d, i);
    return NULL;
}

bool dialer_awaits(const struct contact *contact)
{
    return contact->dialling || contact->open > 0 || (contact->is_given && contact->failures == 0);
}

/* ---- how it went ---- */

uint64_t dialer_backoff_ms(unsigned failures, uint32_t random)
{
    uint64_t base = failures >= 6 ? BACKOFF_LAST_MS : (uint64_t)BACKOFF_FIRST_MS << failures;

    if (base > BACKOFF_LAST_MS)
        base = BACKOFF_LAST_MS;
    return base / 2 + random % (base + 1);
}

static void explain(struct contact *contact, enum dialer_failure why, const char *detail)
{
    contact->failure = why;
    snprintf(contact->detail, sizeof contact->detail, "%.160s", detail);
    dialer_failure_write(contact->why, why, dialer_failure_text(why), contact->address, contact->detail);
}

void dialer_opened(struct dialer *d, const struct id *channel, bool called, uint64_t now)
{
    struct contact *contact = find(d, channel);

    d->is_changed = true;
    if (contact == NULL)
        return;
    if (called)
        contact->dialling = false;
    contact->open++;
    contact->called += called;
    contact->reached = true;
    contact->opened_ms = now;
    contact->apart_ms = 0;
    contact->tried = 0;
    explain(contact, DIALER_UNTRIED, "");
}

void dialer_heard(struct dialer *d, const struct id *channel, uint64_t wall_ms)
{
    struct contact *contact = find(d, channel);

    if (contact != NULL)
        contact->heard_ms = wall_ms;
}

static void wait(struct contact *contact, uint64_t now, uint32_t random)
{
    uint64_t wait_ms = dialer_backoff_ms(contact->failures, random);

    if (!contact->is_given && contact->failures >= 6)
        wait_ms *= LEARNT_PATIENCE;
    contact->due_ms = now + wait_ms;
    if (contact->failures < 16)
        contact->failures++;
}

void dialer_closed(struct dialer *d, const struct id *channel, bool called, enum dialer_failure why, const char *detail,
                   uint64_t now, uint32_t random)
{
    struct contact *contact = find(d, channel);

    d->is_changed = true;
    if (contact == NULL)
        return;
    if (contact->open > 0) /* 0: it was removed and added again in between. */
        contact->open--;
    if (called && contact->called > 0)
        contact->called--;
    if (contact->open > 0)
        return;
    contact->called = 0;
    contact->is_visit = false;
    contact->apart_ms = now;
    explain(contact, why, detail);
    if (now - contact->opened_ms >= STEADY_MS)
        contact->failures = 0;
    wait(contact, now, random);
}

void dialer_failed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail,
                   uint64_t now, uint32_t random)
{
    struct contact *contact = find(d, channel);

    d->is_changed = true;
    if (contact == NULL)
        return;
    contact->dialling = false;
    if (contact->open > 0) /* It called us meanwhile: nothing to explain. */
        return;
    if (contact->apart_ms == 0)
        contact->apart_ms = now;
    explain(contact, why, detail);
    if (!dialer_address_turn(contact)) {
        contact->due_ms = now; /* It may be where it is called otherwise. */
        return;
    }
    contact->is_visit = false;
    wait(contact, now, random);
}

void dialer_speak(struct dialer *d, const struct id *channel, uint8_t version, uint64_t now, uint32_t random)
{
    struct contact *contact = find(d, channel);

    d->is_changed = true;
    if (contact == NULL)
        return;
    contact->dialling = false;
    contact->version = version;
    if (contact->open > 0)
        return;
    if (contact->failures == 0) {
        contact->due_ms = now;
        contact->failures++; /* Whoever says now this and now that is not called in a circle. */
    } else {
        wait(contact, now, random);
    }
}

void dialer_shun(struct dialer *d, const struct id *channel, uint64_t now)
{
    d->is_changed = true;
    shunned_note(&d->shunned, channel, now);
}

bool dialer_shuns(const struct dialer *d, const struct id *channel, uint64_t now)
{
    return shunned_until(&d->shunned, channel) > now;
}
