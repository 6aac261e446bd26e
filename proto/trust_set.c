/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/trust_state.h"

#define FIRST_BUCKETS 64

/* ---- tables ---- */

/* Where an id falls depends on where this trust lies in memory: nobody can choose ids that fall together. */
static uint32_t spread(const struct trust *t, const uint8_t *at, size_t len)
{
    uint64_t sum = (uint64_t)(uintptr_t)t * UINT64_C(0x9e3779b97f4a7c15), word;

    for (size_t i = 0; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, at + i, sizeof word);
        sum = (sum ^ word) * UINT64_C(0xff51afd7ed558ccd);
        sum ^= sum >> 32;
    }
    return (uint32_t)(sum ^ (sum >> 29));
}

static uint32_t spread_seat(const struct trust *t, uint32_t key, uint32_t kibbutz, enum role role)
{
    uint64_t words[2] = {(uint64_t)key << 32 | kibbutz, (uint64_t)role};

    return spread(t, (const uint8_t *)words, sizeof words);
}

static enum err grow_buckets(uint32_t **buckets, uint32_t *mask, size_t count)
{
    uint32_t size = *buckets ? (*mask + 1) * 2 : FIRST_BUCKETS;
    uint32_t *wider;

    if (*buckets && count <= *mask)
        return ERR_OK;
    if (!(wider = realloc(*buckets, size * sizeof *wider)))
        return ERR_MEMORY;
    *buckets = wider;
    *mask = size - 1;
    for (uint32_t i = 0; i < size; i++)
        wider[i] = NONE;
    return ERR_EXISTS;
}

static void chain_name(struct trust *t, uint32_t i)
{
    uint32_t *bucket = &t->name_buckets[spread(t, NAME(t, i)->id.at, ID_LEN) & t->name_mask];

    NAME(t, i)->chain = *bucket;
    *bucket = i;
}

static void chain_seat(struct trust *t, uint32_t i)
{
    struct trust_seat *seat = SEAT(t, i);
    uint32_t *bucket = &t->seat_buckets[spread_seat(t, seat->key, seat->kibbutz, seat->role) & t->seat_mask];

    seat->chain = *bucket;
    *bucket = i;
}

enum err trust_push(struct sorted *list, uint32_t value)
{
    return sorted_append(list, &value);
}

uint32_t trust_stamp(struct trust *t)
{
    if (++t->stamp == 0)
        for (size_t i = 0, count = t->names.count; i < count; i++)
            NAME(t, i)->mark = NAME(t, i)->mark_good = 0;
    return t->stamp ? t->stamp : ++t->stamp;
}

uint32_t trust_find(const struct trust *t, const struct id *id)
{
    uint32_t i = t->name_buckets[spread(t, id->at, ID_LEN) & t->name_mask];

    while (i != NONE && !id_equal(ID_OF(t, i), id))
        i = NAME(t, i)->chain;
    return i;
}

uint32_t trust_name_of(struct trust *t, const struct id *id)
{
    struct trust_name name = {
        .id = *id, .entry = NONE, .party = NONE, .stands = NONE, .refs = NONE, .links = NONE, .waiting = NONE};
    uint32_t found = trust_find(t, id);

    if (found != NONE)
        return found;
    enum err err = grow_buckets(&t->name_buckets, &t->name_mask, t->names.count);
    if (err == ERR_EXISTS)
        for (uint32_t i = 0; i < t->names.count; i++)
            chain_name(t, i);
    if (err == ERR_MEMORY || sorted_append(&t->names, &name))
        return NONE;
    chain_name(t, (uint32_t)t->names.count - 1);
    return (uint32_t)t->names.count - 1;
}

uint32_t trust_find_party(const struct trust *t, const struct id *id)
{
    uint32_t name = trust_find(t, id);

    return name == NONE ? NONE : NAME(t, name)->party;
}

uint32_t trust_party_of(struct trust *t, const struct id *id)
{
    uint32_t name = trust_name_of(t, id);
    struct trust_party party = {.name = name,
                                .first = NONE,
                                .votes = NONE,
                                .transports = NONE,
                                .seats = NONE,
                                .card = NONE,
                                .card_key = NONE,
                                .ever = NONE,
                                .held = NONE,
                                .pins = NONE,
                                .line = NONE,
                                .present_card = NONE,
                                .sources = NONE,
                                .admit = NONE};

    if (name == NONE || NAME(t, name)->party != NONE)
        return name == NONE ? NONE : NAME(t, name)->party;
    if (sorted_append(&t->parties, &party))
        return NONE;
    return NAME(t, name)->party = (uint32_t)t->parties.count - 1;
}

uint32_t trust_find_entry(const struct trust *t, const struct id *id)
{
    uint32_t name = trust_find(t, id), entry = name == NONE ? NONE : NAME(t, name)->entry;

    return entry != NONE && NODE(t, entry)->known ? entry : NONE;
}

uint32_t trust_find_seat(const struct trust *t, uint32_t key, uint32_t kibbutz, enum role role)
{
    uint32_t i = t->seat_buckets[spread_seat(t, key, kibbutz, role) & t->seat_mask];

    for (; i != NONE; i = SEAT(t, i)->chain)
        if (SEAT(t, i)->key == key && SEAT(t, i)->kibbutz == kibbutz && SEAT(t, i)->role == role)
            return i;
    return NONE;
}

uint32_t trust_seat_of(struct trust *t, uint32_t key, uint32_t kibbutz, enum role role)
{
    uint32_t found = trust_find_seat(t, key, kibbutz, role);
    struct trust_seat seat = {.key = key,
                              .kibbutz = kibbutz,
                              .role = role,
                              .of_key = PARTY(t, key)->seats,
                              .of_kibbutz = NONE,
                              .grants = NONE,
                              .told_by = NONE,
                              .by = NONE,
                              .transport = NONE,
                              .was_clean = true};

    if (found != NONE)
        return found;
    enum err err = grow_buckets(&t->seat_buckets, &t->seat_mask, t->seats.count);
    if (err == ERR_EXISTS)
        for (uint32_t i = 0; i < t->seats.count; i++)
            chain_seat(t, i);
    if (err == ERR_MEMORY || sorted_append(&t->seats, &seat))
        return NONE;
    uint32_t place = (uint32_t)t->seats.count - 1;
    chain_seat(t, place);
    return PARTY(t, key)->seats = place;
}

enum err trust_set_begin(struct trust *t)
{
    t->names.item_size = sizeof(struct trust_name);
    t->entries.item_size = sizeof(struct trust_node);
    t->parties.item_size = sizeof(struct trust_party);
    t->seats.item_size = sizeof(struct trust_seat);
    t->links.item_size = sizeof(struct trust_link_to);
    t->proposals.item_size = sizeof(struct trust_proposal);
    t->papers.item_size = sizeof(struct trust_paper);
    t->words.item_size = t->admits.item_size = t->offices.item_size = t->recovers.item_size = sizeof(uint32_t);
    bool is_short = grow_buckets(&t->name_buckets, &t->name_mask, 0) == ERR_MEMORY ||
                    grow_buckets(&t->seat_buckets, &t->seat_mask, 0) == ERR_MEMORY;
    return is_short ? ERR_MEMORY : trust_push(&t->words, 0); /* So that there is a place to point at. */
}

void trust_set_free(struct trust *t)
{
    struct sorted *lists[] = {&t->names,     &t->entries, &t->parties, &t->seats,   &t->links,   &t->words,
                              &t->proposals, &t->papers,  &t->admits,  &t->offices, &t->recovers};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]->at);
    free(t->name_buckets);
    free(t->seat_buckets);
}

/* ---- what is known ---- */

static enum err link_to(struct trust *t, uint32_t name, uint32_t entry)
{
    struct trust_link_to link = {.entry = entry, .next = NAME(t, name)->links};

    if (sorted_append(&t->links, &link))
        return ERR_MEMORY;
    NAME(t, name)->links = (uint32_t)t->links.count - 1;
    return ERR_OK;
}

/* Lists an entry under what it names and under its log. */
static enum err list_entry(struct trust *t, uint32_t place)
{
    enum err err = ERR_OK;
    struct trust_node *node = NODE(t, place);
    const uint32_t *words = WORDS(t, node);
    struct trust_party *log = PARTY(t, node->log);
    struct trust_paper paper = {.entry = place, .ended_by = NONE, .revision = place, .changed_next = NONE};

    if (node->parent == NONE || NODE(t, node->parent)->root != node->root) {
        node->stand_next = NAME(t, node->root)->stands;
        NAME(t, node->root)->stands = place;
    }
    if (node->subject != NONE) {
        node->ref_next = NAME(t, node->subject)->refs;
        NAME(t, node->subject)->refs = place;
    }
    switch ((enum act)node->act) {
    case ACT_PUBLISH:
        node->document = (uint32_t)t->papers.count;
        err = sorted_append(&t->papers, &paper);
        if (err)
            node->document = NONE;
        /* fall through */
    case ACT_REVISE:
        for (uint32_t i = 0; i < words[WORD_SUPERSEDES] && !err; i++)
            err = link_to(t, words[WORD_LISTS + words[WORD_AFTER] + i], place);
        break;
    case ACT_ADMIT:
        err = trust_push(&t->admits, place);
        node->act_next = log->votes;
        log->votes = place;
        break;
    case ACT_COUNCIL:
        node->act_next = log->votes;
        log->votes = place;
        break;
    case ACT_RECOVER:
        err = trust_push(&t->recovers, place);
        node->act_next = log->votes;
        log->votes = place;
        break;
    case ACT_GRANT:
        node->act_next = SEAT(t, node->seat)->grants;
        SEAT(t, node->seat)->grants = place;
        if (words[WORD_GRANT_CHANNEL] != NONE)
            err = link_to(t, words[WORD_GRANT_CHANNEL], place);
        /* fall through */
    case ACT_REVOKE:
        if (!err)
            err = trust_push(&t->offices, place);
        break;
    case ACT_ACCEPT:
        if (words[WORD_ACCEPT_CHANNEL] != NONE)
            err = link_to(t, words[WORD_ACCEPT_CHANNEL], place);
        break;
    case ACT_TRANSPORT:
        node->act_next = log->transports;
        log->transports = place;
        break;
    case ACT_WITHDRAW:
    case ACT_APPROVE:
    case ACT_ERASE:
    case ACT_UNKNOWN: break;
    }
    return err;
}

static bool is_of_council(const struct trust *t, uint32_t name)
{
    uint32_t entry = NAME(t, name)->entry;

    return entry != NONE && (NODE(t, entry)->act == ACT_COUNCIL || NODE(t, entry)->act == ACT_ADMIT);
}

/* Whether a newly known entry can change more than its own standing and documents. */
static bool governs(const struct trust *t, const struct trust_node *node)
{
    const struct trust_party *log = PARTY(t, node->log);
    bool is_voice = log->is_steward || PARTY(t, log->card)->is_card;
    bool is_new_root = node->parent == NONE || NODE(t, node->parent)->root != node->root;
    const struct trust_seat *seat = SEAT(t, node->seat);

    if (NAME(t, node->name)->is_awaited || (is_voice && is_new_root))
        return true;
    if (node->seq == 1 && seat->role != ROLE_COORDINATOR && seat->role != ROLE_NODE)
        return true;
    if (node->act == ACT_APPROVE)
        return is_of_council(t, node->subject);
    return act_governs((enum act)node->act) && node->act != ACT_TRANSPORT;
}

/* Whether a new entry's standing follows from its parent's, and nobody else's changes by it. */
static bool stands_as_before(const struct trust *t, const struct trust_node *node)
{
    const struct trust_seat *seat = SEAT(t, node->seat);

    if (seat->is_touched || seat->leaf_is_open)
        return false;
    if (seat->leaf_is_void || node->sibling == NONE)
        return true;
    return node->parent != NONE && NODE(t, node->parent)->standing != GOOD;
}

/* By seq; of two entries of one seq the lower id. */
bool trust_is_newer_transport(const struct trust *t, const struct trust_seat *seat, const struct trust_node *node)
{
    const struct trust_node *old = seat->transport == NONE ? NULL : NODE(t, seat->transport);

    if (!old || old->seq != node->seq)
        return !old || old->seq < node->seq;
    return id_compare(ID_OF(t, node->name), ID_OF(t, old->name)) < 0;
}

static void give_standing(struct trust *t, struct trust_node *node)
{
    struct trust_seat *seat = SEAT(t, node->seat);

    if (!stands_as_before(t, node)) {
        seat->is_touched = true;
        t->stale = true;
        return;
    }
    if (seat->role == ROLE_INVITATION || seat->role == ROLE_CARD)
        return;
    node->standing = seat->leaf_is_void     ? VOID
                     : node->parent == NONE ? seat->last_weight
                                            : NODE(t, node->parent)->standing;
    if (node->standing != VOID && node->seq > seat->cut)
        seat->cut = node->seq;
    if (node->standing == DOUBT && (!seat->contested || node->seq < seat->contested)) {
        seat->contested = node->seq;
        t->office_changes++;
    }
    if (node->act == ACT_TRANSPORT && node->standing != VOID && trust_is_newer_transport(t, seat, node)) {
        seat->transport = (uint32_t)(node - NODE(t, 0));
        t->office_changes++;
    }
}

/* Its chain is known: it takes part from now on. */
static enum err connect(struct trust *t, uint32_t place)
{
    struct trust_node *node = NODE(t, place);
    struct trust_party *log = PARTY(t, node->log);
    uint32_t *siblings = node->parent == NONE ? &log->first : &NODE(t, node->parent)->child;

    node->known = true;
    node->sibling = *siblings;
    *siblings = place;
    if (node->sibling != NONE && (!log->fork || node->seq < log->fork)) {
        log->fork = node->seq;
        t->stale = true;
    }
    if (node->sibling != NONE)
        t->office_changes++; /* Of more than two the lowest two are told. */
    if (node->parent != NONE)
        node->seat = NODE(t, node->parent)->seat;
    if (!SEAT(t, node->seat)->is_used)
        SEAT(t, node->seat)->is_used = SEAT(t, node->seat)->is_touched = true;
    PARTY(t, log->card)->card_key = node->log;
    log->entry_count++;
    if (node->seq > log->top)
        log->top = node->seq;
    if (governs(t, node))
        t->stale = true;
    give_standing(t, node);
    enum err err = list_entry(t, place);
    trust_claim_read(t, place);
    trust_document_touch(t, NODE(t, place));
    return err;
}

/* Whether the entry before it is known; then it is its parent. */
static bool has_parent(struct trust *t, struct trust_node *node)
{
    if (node->prev == NONE)
        return true;
    uint32_t before = NAME(t, node->prev)->entry;
    if (before == NONE || !NODE(t, before)->known)
        return false;
    node->parent = before;
    return true;
}

static bool fits_parent(const struct trust *t, const struct trust_node *node)
{
    return node->parent == NONE ||
           (NODE(t, node->parent)->log == node->log && NODE(t, node->parent)->seq + 1 == node->seq);
}

/* Connects an entry or lets it wait, and then all that waited for it, without recursion: a log may arrive backwards. */
static enum err settle(struct trust *t, uint32_t place)
{
    enum err err = ERR_OK;
    uint32_t first = place, last = place;

    NODE(t, place)->place = NONE;
    if (!has_parent(t, NODE(t, place))) {
        struct trust_name *before = NAME(t, NODE(t, place)->prev);

        NODE(t, place)->sibling = before->waiting;
        before->waiting = place;
        return ERR_OK;
    }
    while (first != NONE) {
        struct trust_name *name = NAME(t, NODE(t, first)->name);

        if (fits_parent(t, NODE(t, first))) {
            uint32_t waiting = name->waiting;

            name->waiting = NONE;
            for (uint32_t next; waiting != NONE; waiting = next) {
                next = NODE(t, waiting)->sibling;
                NODE(t, waiting)->parent = first;
                NODE(t, waiting)->place = NONE;
                NODE(t, last)->place = waiting;
                last = waiting;
            }
            enum err failed = connect(t, first);
            err = err ? err : failed;
        }
        first = NODE(t, first)->place;
    }
    return err;
}

enum err trust_add(struct trust *t, const struct entry *entry, const struct id *id)
{
    enum err err;
    struct trust_node node = {.name = trust_name_of(t, id),
                              .prev = NONE,
                              .parent = NONE,
                              .child = NONE,
                              .sibling = NONE,
                              .subject = NONE,
                              .ref_next = NONE,
                              .act_next = NONE,
                              .stand_next = NONE,
                              .seat = NONE,
                              .document = NONE,
                              .extra = (uint32_t)t->words.count,
                              .seq = entry->seq,
                              .clock = entry->clock,
                              .act = (uint8_t)entry->act};

    if (node.name == NONE)
        return ERR_MEMORY;
    if (NAME(t, node.name)->entry != NONE)
        return ERR_OK;
    if ((err = trust_read(t, entry, &node)) || (err = sorted_append(&t->entries, &node))) {
        t->words.count = node.extra;
        return err;
    }
    uint32_t place = (uint32_t)t->entries.count - 1;
    NAME(t, node.name)->entry = place;
    return settle(t, place);
}

size_t trust_mark(const struct trust *t)
{
    return t->entries.count;
}

/* Everything but the records themselves as before the first entry. */
static void forget_links(struct trust *t)
{
    for (size_t i = 0; i < t->names.count; i++) {
        struct trust_name *name = NAME(t, i);

        name->entry = name->stands = name->refs = name->links = name->waiting = NONE;
    }
    for (size_t i = 0; i < t->parties.count; i++) {
        struct trust_party *party = PARTY(t, i);

        party->first = party->votes = party->transports = party->card_key = NONE;
        party->entry_count = 0;
        party->top = party->fork = 0;
        party->is_steward = party->is_card = false;
        party->handed_in = party->judged_in = 0;
    }
    for (size_t i = 0; i < t->seats.count; i++) {
        struct trust_seat *seat = SEAT(t, i);

        seat->grants = seat->transport = NONE;
        seat->is_claimed = seat->is_used = false;
        seat->is_touched = true;
    }
    t->links.count = t->papers.count = t->admits.count = t->offices.count = t->recovers.count = 0;
    t->changed = NONE;
}

/* This is rare, for a store that failed: all is linked again. */
void trust_undo(struct trust *t, size_t mark)
{
    if (t->entries.count <= mark)
        return;
    t->entries.count = mark;
    forget_links(t);
    t->claims_stale = t->stale = true;
    for (uint32_t i = 0; i < t->entries.count; i++) {
        struct trust_node *node = NODE(t, i);

        NAME(t, node->name)->entry = i;
        node->parent = node->child = node->sibling = node->ref_next = node->act_next = node->stand_next = NONE;
        node->known = node->applied = false;
        node->standing = VOID;
    }
    for (uint32_t i = 0; i < t->entries.count; i++)
        (void)settle(t, i);
}
