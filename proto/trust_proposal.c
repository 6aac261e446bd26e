/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/text.h"
#include "proto/trust_state.h"

/* The lines of council and recover entries, each read once and in one pass: a root may list hundreds of kibbutzim. */

static uint32_t take_party(struct trust *t, struct bytes *rest)
{
    struct bytes word;
    struct id id;

    if (!text_take(rest, ' ', &word)) {
        word = *rest;
        *rest = bytes_of(NULL, 0);
    }
    return id_from_text(word, &id) ? NONE : trust_party_of(t, &id);
}

uint32_t trust_card_of(struct trust *t, uint32_t key)
{
    if (PARTY(t, key)->card != NONE)
        return PARTY(t, key)->card;
    struct id id = *PARTY_ID(t, key), card = id_hash(ID_CARD, id_bytes(&id));
    uint32_t party = trust_party_of(t, &card); /* Which may move all parties. */
    PARTY(t, key)->card = party;
    return party;
}

static bool read_line(struct trust *t, struct bytes text, struct trust_line *line)
{
    struct bytes vote;

    *line = (struct trust_line){.kibbutz = take_party(t, &text)};
    if (line->kibbutz == NONE || !text_take(&text, ' ', &vote))
        return false;
    line->vote = bytes_equal(vote, bytes_text("vote"));
    line->card = take_party(t, &text);
    while (text.len && line->key_count < LIMIT_STEWARDS) {
        uint32_t key = take_party(t, &text);

        if (key == NONE || (line->key_cards[line->key_count] = trust_card_of(t, key)) == NONE)
            return false;
        line->keys[line->key_count++] = key;
    }
    return line->card != NONE;
}

static bool read_pin(struct trust *t, struct bytes text, bool is_open, struct trust_named_pin *pin)
{
    struct bytes seq;
    struct id last;

    *pin = (struct trust_named_pin){.key = take_party(t, &text), .last = NONE, .is_open = is_open};
    if (pin->key == NONE || (pin->kibbutz = take_party(t, &text)) == NONE || !text_take(&text, ' ', &seq) ||
        !text_to_number(seq, &pin->seq))
        return false;
    return pin->seq == 0 || (!id_from_text(text, &last) && (pin->last = trust_name_of(t, &last)) != NONE);
}

static bool read_id(struct trust *t, struct bytes text, bool is_party, uint32_t *name)
{
    struct id id;

    if (id_from_text(text, &id))
        return false;
    *name = is_party ? trust_party_of(t, &id) : trust_name_of(t, &id);
    return *name != NONE;
}

static bool take(struct trust *t, struct trust_proposal *p, struct bytes line)
{
    struct bytes word;

    if (!text_take(&line, ' ', &word))
        return true;
    if (bytes_equal(word, bytes_text("majority")))
        return text_to_number(line, &p->majority);
    if (bytes_equal(word, bytes_text("admission")))
        return text_to_number(line, &p->admission);
    if (bytes_equal(word, bytes_text("line")))
        return read_line(t, line, &p->lines[p->line_count++]);
    if (bytes_equal(word, bytes_text("cut")))
        return read_pin(t, line, false, &p->pins[p->pin_count++]);
    if (bytes_equal(word, bytes_text("keep")))
        return read_pin(t, line, true, &p->pins[p->pin_count++]);
    if (bytes_equal(word, bytes_text("key")))
        return read_id(t, line, true, &p->new_key);
    if (bytes_equal(word, bytes_text("closed")))
        return p->closed_count == LIMIT_CLOSED || read_id(t, line, true, &p->closed[p->closed_count++]);
    if (bytes_equal(word, bytes_text("over")))
        return p->over_count == LIMIT_OVER || read_id(t, line, false, &p->over[p->over_count++]);
    return true;
}

static void release(struct trust_proposal *p)
{
    free(p->lines);
    free(p->pins);
    free((void *)(uintptr_t)p->body.at);
}

/* Room for what a body holds; the counts are then counted up while reading. */
static bool make_room(struct trust_proposal *p, struct bytes body)
{
    size_t lines = act_count(body, ACT_LINE), pins = act_count(body, ACT_CUT) + act_count(body, ACT_KEEP);
    uint8_t *copy = malloc(body.len + 1);

    if (copy && body.len)
        memcpy(copy, body.at, body.len);
    p->body = bytes_of(copy, body.len);
    p->lines = calloc(lines + 1, sizeof *p->lines);
    p->pins = calloc(pins + 1, sizeof *p->pins);
    return copy && p->lines && p->pins;
}

uint32_t trust_proposal_read(struct trust *t, const struct entry *entry, uint32_t name)
{
    struct trust_proposal p = {.entry = NONE, .name = name, .base = NONE, .new_key = NONE};
    struct bytes rest = entry->body, line;
    struct id base;
    bool is_read = make_room(&p, entry->body);

    if (is_read && !act_id(entry->body, ACT_BASE, 0, &base))
        is_read = (p.base = trust_name_of(t, &base)) != NONE;
    while (is_read && text_take(&rest, '\n', &line))
        is_read = take(t, &p, line);
    if (!is_read || sorted_append(&t->proposals, &p)) {
        release(&p);
        return NONE;
    }
    return (uint32_t)t->proposals.count - 1;
}

enum err trust_proposal_charter(struct trust *t)
{
    const struct charter *c = &t->charter;
    struct trust_proposal p = {.entry = NONE,
                               .name = trust_name_of(t, &c->network),
                               .base = NONE,
                               .new_key = NONE,
                               .majority = c->majority,
                               .admission = c->admission,
                               .lines = calloc(c->founder_count, sizeof *p.lines),
                               .is_final = true};
    bool is_read = p.lines && p.name != NONE;

    for (size_t i = 0; is_read && i < c->founder_count; i++) {
        const struct charter_founder *founder = &c->founders[i];
        struct trust_line *line = &p.lines[p.line_count++];

        *line = (struct trust_line){.vote = true, .kibbutz = trust_party_of(t, &founder->kibbutz)};
        line->card = trust_party_of(t, &founder->card);
        is_read = line->kibbutz != NONE && line->card != NONE;
        for (size_t j = 0; is_read && j < founder->steward_count; j++) {
            uint32_t key = trust_party_of(t, &founder->stewards[j].key);

            line->keys[line->key_count] = key;
            is_read = key != NONE && (line->key_cards[line->key_count++] = trust_card_of(t, key)) != NONE;
        }
    }
    if (is_read && !sorted_append(&t->proposals, &p))
        return ERR_OK;
    release(&p);
    return ERR_MEMORY;
}

void trust_proposals_free(struct trust *t)
{
    for (size_t i = 0; i < t->proposals.count; i++)
        release(PROPOSAL(t, i));
}
