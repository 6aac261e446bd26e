/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust_state.h"

/*
 * What may be kept at all.  An entry is claimed when something known once gave its key the seat that its log names, be that void, contested
 * or unapproved by now.  Claims only grow with the set and do not depend on its order, so that all nodes keep the same.  Each entry is read
 * once its writer is claimed, and once only.
 */

static void read_later(struct trust *t, uint32_t entry)
{
    if (trust_push(&t->claim_work, entry))
        t->claims_stale = true;
}

static void read_list_later(struct trust *t, uint32_t entry)
{
    for (; entry != NONE; entry = NODE(t, entry)->act_next)
        read_later(t, entry);
}

/* `by`: the grant or hand-over, whose content names the person; NONE where a list gives the seat. */
static void claim(struct trust *t, uint32_t key, uint32_t kibbutz, enum role role, uint32_t by)
{
    uint32_t place = trust_seat_of(t, key, kibbutz, role);

    if (place == NONE) {
        t->claims_stale = true;
        return;
    }
    uint32_t *told_by = &SEAT(t, place)->told_by;
    if (by != NONE &&
        (*told_by == NONE || id_compare(ID_OF(t, NODE(t, by)->name), ID_OF(t, NODE(t, *told_by)->name)) < 0))
        *told_by = by;
    if (SEAT(t, place)->is_claimed)
        return;
    SEAT(t, place)->is_claimed = true;
    struct trust_party *party = PARTY(t, key);
    bool is_first = role == ROLE_STEWARD ? !party->is_steward : role == ROLE_CARD && !party->is_card;
    party->is_steward = party->is_steward || role == ROLE_STEWARD;
    party->is_card = party->is_card || role == ROLE_CARD;
    if (is_first) {
        uint32_t log = role == ROLE_CARD ? party->card_key : key;

        if (log != NONE)
            read_list_later(t, PARTY(t, log)->votes);
    }
    read_list_later(t, SEAT(t, place)->grants);
}

static void claim_lines(struct trust *t, const struct trust_proposal *p)
{
    for (size_t i = 0; i < p->line_count; i++) {
        struct trust_line line = p->lines[i];

        for (uint32_t j = 0; j < line.key_count; j++)
            claim(t, line.keys[j], line.kibbutz, ROLE_STEWARD, NONE);
        claim(t, line.card, line.kibbutz, ROLE_CARD, NONE);
    }
    for (size_t i = 0; i < p->pin_count; i++)
        claim(t, p->pins[i].key, p->pins[i].kibbutz, ROLE_STEWARD, NONE);
}

void trust_claim_charter(struct trust *t)
{
    claim_lines(t, PROPOSAL(t, 0));
}

/* The party of an entry's own id, as the kibbutz that it admits. */
static uint32_t admitted_by(struct trust *t, const struct trust_node *node)
{
    struct id id = *ID_OF(t, node->name);

    return trust_party_of(t, &id);
}

static void claim_subject(struct trust *t, const struct trust_node *node, uint32_t kibbutz, enum role role)
{
    struct id id = *ID_OF(t, node->subject);
    uint32_t key = trust_party_of(t, &id);

    if (key == NONE || kibbutz == NONE)
        t->claims_stale = true;
    else
        claim(t, key, kibbutz, role, NAME(t, node->name)->entry);
}

/* The hand-overs that wait for an admit or grant entry. */
static void read_accepts_later(struct trust *t, const struct trust_node *node)
{
    for (uint32_t i = NAME(t, node->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_ACCEPT)
            read_later(t, i);
}

static bool read_grant(struct trust *t, const struct trust_node *node)
{
    const struct trust_seat *seat = SEAT(t, node->seat);
    const uint32_t *words = WORDS(t, node);

    if (seat->role != ROLE_STEWARD || !seat->is_claimed)
        return false;
    claim_subject(t, node, seat->kibbutz, words[WORD_BY_INVITATION] ? ROLE_INVITATION : (enum role)words[WORD_ROLE]);
    return true;
}

static bool read_accept(struct trust *t, const struct trust_node *node)
{
    uint32_t from = node->subject == NONE ? NONE : NAME(t, node->subject)->entry;
    const struct trust_node *source = from == NONE ? NULL : NODE(t, from);
    const uint32_t *words = WORDS(t, node);
    uint32_t key = words[WORD_KEY], card = words[WORD_CARD];

    if (!source || !source->known || !source->applied || source->subject != PARTY(t, node->log)->name)
        return false;
    if (source->act == ACT_GRANT && WORDS(t, source)[WORD_BY_INVITATION]) {
        claim(t, key, SEAT(t, source->seat)->kibbutz, (enum role)WORDS(t, source)[WORD_ROLE],
              NAME(t, node->name)->entry);
    } else if (source->act == ACT_ADMIT) {
        uint32_t kibbutz = admitted_by(t, source);

        claim(t, key, kibbutz, ROLE_STEWARD, NAME(t, node->name)->entry);
        if (card != NONE)
            claim(t, card, kibbutz, ROLE_CARD, NONE);
    }
    return true;
}

static bool read_vote(struct trust *t, const struct trust_node *node)
{
    const struct trust_party *log = PARTY(t, node->log);
    bool is_card = PARTY(t, log->card)->is_card;
    struct trust_proposal *p;

    if (node->act == ACT_RECOVER ? !is_card : !is_card && !log->is_steward)
        return false;
    switch (node->act) {
    case ACT_ADMIT: claim_subject(t, node, admitted_by(t, node), ROLE_INVITATION); break;
    case ACT_COUNCIL: claim_lines(t, PROPOSAL(t, WORDS(t, node)[WORD_PROPOSAL])); break;
    default:
        p = PROPOSAL(t, WORDS(t, node)[WORD_PROPOSAL]);
        if (NAME(t, node->subject)->party != NONE && p->new_key != NONE)
            claim(t, p->new_key, NAME(t, node->subject)->party, ROLE_STEWARD, NONE);
        break;
    }
    return true;
}

static void read_one(struct trust *t, uint32_t place)
{
    struct trust_node node = *NODE(t, place);
    bool is_read = false;

    if (node.applied)
        return;
    switch ((enum act)node.act) {
    case ACT_GRANT: is_read = read_grant(t, &node); break;
    case ACT_ACCEPT: is_read = read_accept(t, &node); break;
    case ACT_ADMIT:
    case ACT_COUNCIL:
    case ACT_RECOVER: is_read = read_vote(t, &node); break;
    case ACT_PUBLISH:
    case ACT_REVISE:
    case ACT_WITHDRAW:
    case ACT_APPROVE:
    case ACT_ERASE:
    case ACT_REVOKE:
    case ACT_TRANSPORT:
    case ACT_UNKNOWN: return;
    }
    NODE(t, place)->applied = is_read;
    if (is_read && (node.act == ACT_ADMIT || node.act == ACT_GRANT))
        read_accepts_later(t, &node);
}

static void read_all(struct trust *t)
{
    while (t->claim_work.count)
        read_one(t, *ITEM(t->claim_work, uint32_t, --t->claim_work.count));
}

void trust_claim_read(struct trust *t, uint32_t entry)
{
    if (t->claims_stale)
        return;
    read_later(t, entry);
    read_all(t);
}

/* From the beginning, after entries were taken back or memory was out. */
static void read_again(struct trust *t)
{
    t->claims_stale = false;
    t->claim_work.count = 0;
    for (size_t i = 0; i < t->seats.count; i++) {
        SEAT(t, i)->is_claimed = false;
        SEAT(t, i)->told_by = NONE;
    }
    for (size_t i = 0; i < t->parties.count; i++)
        PARTY(t, i)->is_steward = PARTY(t, i)->is_card = false;
    for (size_t i = 0; i < t->entries.count; i++)
        NODE(t, i)->applied = false;
    trust_claim_charter(t);
    for (uint32_t i = 0; i < t->entries.count; i++) {
        if (NODE(t, i)->known)
            read_later(t, i);
        read_all(t);
    }
}

bool trust_claim_ready(struct trust *t)
{
    if (t->claims_stale)
        read_again(t);
    return !t->claims_stale;
}

static uint32_t seat_that_is_named(const struct trust *t, const struct entry *entry)
{
    uint32_t key = trust_find_party(t, &entry->log), kibbutz;

    if (entry->seq > 1) {
        uint32_t before = trust_find_entry(t, &entry->prev);

        if (before != NONE && NODE(t, before)->log == key)
            return NODE(t, before)->seat;
        return key == NONE || PARTY(t, key)->first == NONE ? NONE : NODE(t, PARTY(t, key)->first)->seat;
    }
    if (entry->role == ROLE_CARD) {
        struct id card = id_hash(ID_CARD, id_bytes(&entry->log));

        key = trust_find_party(t, &card);
    }
    kibbutz = trust_find_party(t, &entry->kibbutz);
    return key == NONE || kibbutz == NONE ? NONE : trust_find_seat(t, key, kibbutz, entry->role);
}

enum err trust_admits(struct trust *t, const struct entry *entry)
{
    if (!trust_claim_ready(t))
        return ERR_MEMORY;
    uint32_t seat = seat_that_is_named(t, entry);
    if (seat == NONE || !SEAT(t, seat)->is_claimed)
        return ERR_STRANGER;
    /* An invitation hands itself over and does nothing else. */
    bool hands_over = entry->seq == 1 && entry->act == ACT_ACCEPT;
    return SEAT(t, seat)->role != ROLE_INVITATION || hands_over ? ERR_OK : ERR_STRANGER;
}
