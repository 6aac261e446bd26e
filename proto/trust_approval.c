/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/trust_state.h"

/* Who approved a revision, for people. */

static int order_approvals(const void *a, const void *b)
{
    return id_compare(&((const struct trust_approval *)a)->entry, &((const struct trust_approval *)b)->entry);
}

static enum err list_approval(struct trust *t, const struct trust_node *vote)
{
    struct trust_approval one = {.entry = *ID_OF(t, vote->name),
                                 .log = *PARTY_ID(t, vote->log),
                                 .kibbutz = *PARTY_ID(t, SEAT(t, vote->seat)->kibbutz),
                                 .status = (enum trust_status)(TRUST_VOID + vote->standing)};

    return sorted_append(&t->approvals, &one);
}

/* The first good one of each voice counts. */
static void mark_counted(struct trust *t, uint32_t revision, uint32_t place)
{
    trust_stamp(t);
    for (size_t i = 0; i < t->approvals.count; i++) {
        struct trust_approval *one = ITEM(t->approvals, struct trust_approval, i);
        const struct trust_node *vote = NODE(t, trust_find_entry(t, &one->entry));
        uint32_t voice = trust_voice(t, PAPER(t, place)->entry, revision, vote);

        one->counts = voice != NONE && vote->standing == GOOD && NAME(t, voice)->mark != t->stamp;
        if (one->counts)
            NAME(t, voice)->mark = t->stamp;
    }
}

static void list_approvals(struct trust *t, const struct id *revision)
{
    uint32_t name = trust_find(t, revision), place = trust_paper_of(t, name);
    enum err err;

    trust_evaluate(t);
    if (name != NONE && t->approvals_of == name && t->approvals_at == t->entries.count &&
        t->approvals_in == t->evaluation)
        return;
    t->approvals.count = 0;
    t->approvals_of = name;
    t->approvals_at = t->entries.count;
    t->approvals_in = t->evaluation;
    if (place == NONE)
        return;
    err = list_approval(t, NODE(t, NAME(t, name)->entry));
    for (uint32_t i = NAME(t, name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_APPROVE)
            err = list_approval(t, NODE(t, i));
    if (t->approvals.count)
        qsort(t->approvals.at, t->approvals.count, sizeof(struct trust_approval), order_approvals);
    mark_counted(t, NAME(t, name)->entry, place);
}

size_t trust_approval_count(struct trust *t, const struct id *revision)
{
    list_approvals(t, revision);
    return t->approvals.count;
}

struct trust_approval trust_approval_at(struct trust *t, const struct id *revision, size_t index)
{
    list_approvals(t, revision);
    assert(index < t->approvals.count);
    return *ITEM(t->approvals, struct trust_approval, index);
}
