/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/trust_state.h"

/* What people are shown of the council: its root, who may vote, and what waits for whose approval. */

const char *trust_council_name(enum trust_council_status status)
{
    static const char *const names[] = {[TRUST_SETTLED] = "settled",
                                        [TRUST_RIVALS] = "contested",
                                        [TRUST_SPLIT] = "split",
                                        [TRUST_WAITING] = "waiting"};

    return names[status];
}

void trust_set_anchor(struct trust *t, const struct id *root)
{
    uint32_t name = trust_name_of(t, root);

    if (name != t->anchor)
        t->stale = true;
    t->anchor = name;
}

static const struct trust_proposal *present(struct trust *t)
{
    trust_evaluate(t);
    return PROPOSAL(t, t->chain.count ? *ITEM(t->chain, uint32_t, t->chain.count - 1) : 0);
}

struct trust_council trust_council(struct trust *t)
{
    const struct trust_proposal *root = present(t);
    struct trust_council council = {.status = t->council,
                                    .root = *ID_OF(t, root->name),
                                    .number = t->chain.count ? t->chain.count - 1 : 0,
                                    .is_final = root->is_final,
                                    .final_root = t->charter.network,
                                    .majority = root->majority,
                                    .admission = root->admission};

    for (size_t i = 0; i < root->line_count; i++)
        council.voters += root->lines[i].vote;
    for (size_t i = 0; i < t->chain.count; i++) {
        const struct trust_proposal *p = PROPOSAL(t, *ITEM(t->chain, uint32_t, i));

        if (p->is_final)
            council.final_root = *ID_OF(t, p->name);
    }
    return council;
}

bool trust_in_chain(struct trust *t, const struct id *root)
{
    trust_evaluate(t);
    for (size_t i = 0; i < t->chain.count; i++)
        if (id_equal(ID_OF(t, PROPOSAL(t, *ITEM(t->chain, uint32_t, i))->name), root))
            return true;
    return false;
}

struct id trust_root(struct trust *t)
{
    return *ID_OF(t, present(t)->name);
}

struct bytes trust_root_body(struct trust *t)
{
    return present(t)->body;
}

static int order_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

bool trust_admission(struct trust *t, const struct id *admit, struct trust_voices *voices)
{
    const struct trust_proposal *root = present(t);
    uint32_t entry = trust_find_entry(t, admit);

    if (entry == NONE || NODE(t, entry)->act != ACT_ADMIT)
        return false;
    *voices = (struct trust_voices){.need = (size_t)root->admission};
    voices->count = trust_office_admitted_by(t, entry, voices);
    if (voices->count > LIMIT_LINES)
        voices->count = LIMIT_LINES;
    qsort(voices->kibbutzim, voices->count, sizeof *voices->kibbutzim, order_ids);
    return true;
}

/* ---- candidates ---- */

size_t trust_candidate_count(struct trust *t)
{
    trust_evaluate(t);
    return t->rivals.count < LIMIT_OVER ? t->rivals.count : LIMIT_OVER;
}

/* The voting kibbutzim of a proposal that have a voice with the present stamp. */
static void list_voices(struct trust *t, const struct trust_proposal *p, struct trust_voices *voices)
{
    *voices = (struct trust_voices){.need = (size_t)p->majority};
    for (size_t i = 0; i < p->line_count && voices->count < LIMIT_LINES; i++) {
        struct trust_proposal one = *p;

        one.lines = &p->lines[i];
        one.line_count = 1;
        if (trust_council_count(t, &one))
            voices->kibbutzim[voices->count++] = *PARTY_ID(t, p->lines[i].kibbutz);
    }
    qsort(voices->kibbutzim, voices->count, sizeof *voices->kibbutzim, order_ids);
}

bool trust_candidate_at(struct trust *t, size_t index, struct trust_candidate *candidate)
{
    const struct trust_proposal *root = present(t);

    if (index >= trust_candidate_count(t))
        return false;
    const struct trust_rival *rival = ITEM(t->rivals, struct trust_rival, index);
    const struct trust_proposal *p = PROPOSAL(t, rival->proposal);
    const char *flaw = trust_council_flaw(t, p);
    *candidate = (struct trust_candidate){.entry = *ID_OF(t, p->name),
                                          .log = *PARTY_ID(t, NODE(t, NAME(t, p->name)->entry)->log),
                                          .well_formed = flaw == NULL,
                                          .flaw = flaw,
                                          .passed = rival->passed,
                                          .is_final = rival->is_backed && root->is_final,
                                          .body = p->body};
    trust_council_mark_approvers(t, p->name);
    list_voices(t, root, &candidate->of_present);
    list_voices(t, p, &candidate->of_own);
    return true;
}

bool trust_is_voice(struct trust *t, const struct id *key, struct id *kibbutz)
{
    const struct trust_proposal *root = present(t);
    struct id as_card = id_hash(ID_CARD, id_bytes(key));
    uint32_t party = trust_find_party(t, key), card = trust_find_party(t, &as_card);

    for (size_t i = 0; i < root->line_count; i++) {
        const struct trust_line *line = &root->lines[i];
        bool is_voice = card != NONE && line->card == card;

        for (uint32_t j = 0; j < line->key_count; j++)
            is_voice = is_voice || (party != NONE && line->keys[j] == party);
        if (!line->vote || !is_voice)
            continue;
        *kibbutz = *PARTY_ID(t, line->kibbutz);
        return true;
    }
    return false;
}

bool trust_was_removed(struct trust *t, const struct id *key)
{
    trust_evaluate(t);
    uint32_t party = trust_find_party(t, key);
    return party != NONE && PARTY(t, party)->removed;
}
