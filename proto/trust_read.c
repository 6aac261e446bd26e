/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/text.h"
#include "proto/trust_state.h"

/* What an entry says, with every id that it names as a place in the table of names. */

static uint32_t named(struct trust *t, struct bytes body, enum act_line line)
{
    struct id id;

    return act_id(body, line, 0, &id) ? NONE : trust_name_of(t, &id);
}

static uint32_t party_named(struct trust *t, struct bytes body, enum act_line line)
{
    struct id id;

    return act_id(body, line, 0, &id) ? NONE : trust_party_of(t, &id);
}

static uint32_t narrow(uint64_t number)
{
    return number < NONE ? (uint32_t)number : NONE - 1;
}

static enum err push_words(struct trust *t, const uint32_t words[], size_t count)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < count && !err; i++)
        err = trust_push(&t->words, words[i]);
    return err;
}

/* All ids of the lines of one name, which stand in one run. */
static enum err push_ids(struct trust *t, struct bytes body, const char *prefix, uint32_t *count)
{
    struct bytes line;
    struct id id;

    while (text_take(&body, '\n', &line)) {
        if (!text_take_prefix(&line, prefix))
            continue;
        if (id_from_text(line, &id))
            return ERR_FORMAT;
        uint32_t name = trust_name_of(t, &id);
        if (name == NONE || trust_push(&t->words, name))
            return ERR_MEMORY;
        ++*count;
    }
    return ERR_OK;
}

static enum err read_revision(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    enum act_audience audience = ACT_FOR_NETWORK;
    struct bytes count = {0};
    uint64_t need = 1;
    uint32_t words[WORD_LISTS] = {0};

    (void)act_number(entry->body, ACT_NEED, &need);
    (void)act_value(entry->body, ACT_COUNT, 0, &count);
    (void)act_audience(entry->body, &audience);
    words[WORD_NEED] = narrow(need ? need : 1);
    words[WORD_FLAGS] =
        (bytes_equal(count, bytes_text("own")) ? FLAG_OWN : 0) | (audience == ACT_FOR_KIBBUTZ ? FLAG_FOR_KIBBUTZ : 0);
    enum err err = push_words(t, words, WORD_LISTS);
    uint32_t after = 0, superseded = 0;
    if (!err && entry->act == ACT_REVISE)
        err = push_ids(t, entry->body, "after ", &after);
    if (!err)
        err = push_ids(t, entry->body, "supersedes ", &superseded);
    if (err)
        return err;
    WORDS(t, node)[WORD_AFTER] = after;
    WORDS(t, node)[WORD_SUPERSEDES] = superseded;
    if (entry->act == ACT_REVISE)
        node->subject = named(t, entry->body, ACT_DOCUMENT);
    return ERR_OK;
}

static enum err read_grant(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    struct bytes word = {0};
    uint32_t words[] = {0, 0, NONE};

    node->subject = named(t, entry->body, ACT_SUBJECT);
    (void)act_value(entry->body, ACT_GRANTS, 0, &word);
    words[WORD_ROLE] = (uint32_t)role_from_name(word);
    (void)act_value(entry->body, ACT_BY, 0, &word);
    words[WORD_BY_INVITATION] = bytes_equal(word, bytes_text("invitation"));
    if (act_count(entry->body, ACT_CHANNEL))
        words[WORD_GRANT_CHANNEL] = named(t, entry->body, ACT_CHANNEL);
    return push_words(t, words, sizeof words / sizeof *words);
}

/* The consent is part of the accept's meaning: without it the new key never agreed to anything. */
static bool consents(const struct entry *entry)
{
    struct id card, channel, invitation, key;
    struct signature consent;
    bool has_card = !act_id(entry->body, ACT_CARD, 0, &card);
    bool has_channel = !act_id(entry->body, ACT_CHANNEL, 0, &channel);

    if (act_consent(entry->body, &consent) || act_id(entry->body, ACT_INVITATION, 0, &invitation) ||
        act_id(entry->body, ACT_KEY, 0, &key))
        return false;
    struct id hash = act_consent_hash(&entry->network, &entry->log, &invitation, &key, has_card ? &card : NULL,
                                      has_channel ? &channel : NULL);
    return sshsig_verify_plain(&key, id_bytes(&hash), &consent);
}

static enum err read_accept(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    uint32_t words[3] = {NONE, NONE, NONE};

    if (entry->seq == 1 && consents(entry)) {
        node->subject = named(t, entry->body, ACT_INVITATION);
        words[WORD_KEY] = party_named(t, entry->body, ACT_KEY);
        words[WORD_CARD] = party_named(t, entry->body, ACT_CARD);
        words[WORD_ACCEPT_CHANNEL] = named(t, entry->body, ACT_CHANNEL);
        if (node->subject == NONE || words[WORD_KEY] == NONE)
            return ERR_MEMORY;
    }
    return push_words(t, words, sizeof words / sizeof *words);
}

static enum err read_revoke(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    struct bytes pin = {0}, seq, why = {0};
    struct id last;
    uint64_t number = 0;
    uint32_t words[] = {0, 0, NONE, 0};

    node->subject = named(t, entry->body, ACT_SUBJECT);
    (void)act_value(entry->body, ACT_PIN, 0, &pin);
    (void)act_value(entry->body, ACT_WHY, 0, &why);
    if (text_take(&pin, ' ', &seq) && text_to_number(seq, &number) && number && !id_from_text(pin, &last) &&
        (words[WORD_LAST] = trust_name_of(t, &last)) == NONE)
        return ERR_MEMORY;
    words[WORD_SEQ_HIGH] = (uint32_t)(number >> 32);
    words[WORD_SEQ_LOW] = (uint32_t)number;
    words[WORD_COMPROMISED] = bytes_equal(why, bytes_text("compromise"));
    return push_words(t, words, sizeof words / sizeof *words);
}

/*
 * What an entry says, with its ids as names.  Its subject: revise, withdraw: the document.  approve, erase, grant, revoke: the
 * `subject`.  admit: the invited key.  accept: the invitation.  council: the root before.  recover: the kibbutz.  transport: the channel.
 */
static enum err read_act(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    enum err err = ERR_OK;
    uint32_t proposal;

    switch (entry->act) {
    case ACT_PUBLISH: return read_revision(t, entry, node);
    case ACT_REVISE: err = read_revision(t, entry, node); break;
    case ACT_WITHDRAW: node->subject = named(t, entry->body, ACT_DOCUMENT); break;
    case ACT_APPROVE:
    case ACT_ERASE: node->subject = named(t, entry->body, ACT_SUBJECT); break;
    case ACT_ADMIT: node->subject = named(t, entry->body, ACT_INVITED); break;
    case ACT_GRANT: err = read_grant(t, entry, node); break;
    case ACT_ACCEPT: return read_accept(t, entry, node);
    case ACT_REVOKE: err = read_revoke(t, entry, node); break;
    case ACT_COUNCIL:
    case ACT_RECOVER:
        node->subject = named(t, entry->body, entry->act == ACT_COUNCIL ? ACT_BASE : ACT_KIBBUTZ);
        if ((proposal = trust_proposal_read(t, entry, node->name)) == NONE)
            return ERR_MEMORY;
        err = trust_push(&t->words, proposal);
        break;
    case ACT_TRANSPORT: node->subject = named(t, entry->body, ACT_CHANNEL); break;
    case ACT_UNKNOWN: return ERR_OK;
    }
    return err || node->subject != NONE ? err : ERR_MEMORY;
}

enum err trust_read(struct trust *t, const struct entry *entry, struct trust_node *node)
{
    if ((node->log = trust_party_of(t, &entry->log)) == NONE || (node->root = trust_name_of(t, &entry->root)) == NONE)
        return ERR_MEMORY;
    uint32_t of_card = trust_card_of(t, node->log);
    if (of_card == NONE)
        return ERR_MEMORY;
    if (entry->seq == 1) {
        uint32_t kibbutz = trust_party_of(t, &entry->kibbutz);

        if (kibbutz == NONE)
            return ERR_MEMORY;
        node->seat = trust_seat_of(t, entry->role == ROLE_CARD ? of_card : node->log, kibbutz, entry->role);
        if (node->seat == NONE)
            return ERR_MEMORY;
    } else if ((node->prev = trust_name_of(t, &entry->prev)) == NONE) {
        return ERR_MEMORY;
    }
    return read_act(t, entry, node);
}
