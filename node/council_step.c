/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_step.h"

struct walk {
    struct council_root *present, *next;
    council_step_fn *each;
    void *context;
};

const char *council_step_name(enum council_step_kind kind)
{
    static const char *const names[] = {
        [COUNCIL_STEP_REGISTERS] = "registers",   [COUNCIL_STEP_GIVES_VOTE] = "gives-vote",
        [COUNCIL_STEP_TAKES_VOTE] = "takes-vote", [COUNCIL_STEP_CLOSES] = "closes",
        [COUNCIL_STEP_OMITS] = "omits",           [COUNCIL_STEP_ADDS_KEY] = "adds-key",
        [COUNCIL_STEP_DROPS_KEY] = "drops-key",   [COUNCIL_STEP_ENDS_KEY] = "ends-key",
        [COUNCIL_STEP_NEW_CARD] = "new-card",     [COUNCIL_STEP_MAJORITY] = "majority",
        [COUNCIL_STEP_ADMISSION] = "admission",   [COUNCIL_STEP_SETS_ASIDE] = "sets-aside",
    };

    return names[kind];
}

static void tell(const struct walk *w, enum council_step_kind kind, const struct id *kibbutz, const struct id *id,
                 uint64_t from)
{
    struct council_step step = {.kind = kind, .from = from};

    if (kibbutz != NULL)
        step.kibbutz = *kibbutz;
    if (id != NULL)
        step.id = *id;
    w->each(w->context, &step);
}

/* A key that is in the present root needs a word when it goes, also when the root forgot to pin it. */
static void tell_keys(const struct walk *w, const struct council_line *before, const struct council_line *after)
{
    for (size_t i = 0; i < after->key_count; i++)
        if (!council_line_has(before, &after->keys[i]))
            tell(w, COUNCIL_STEP_ADDS_KEY, &after->kibbutz, &after->keys[i], 0);
    for (size_t i = 0; i < before->key_count; i++) {
        const struct council_pin *cut = council_root_cut(w->next, &before->keys[i]);

        if (!council_line_has(after, &before->keys[i]))
            tell(w, COUNCIL_STEP_DROPS_KEY, &after->kibbutz, &before->keys[i], cut != NULL ? cut->seq : 0);
    }
}

static void tell_line(const struct walk *w, const struct council_line *after)
{
    const struct council_line *before = council_root_find(w->present, &after->kibbutz);

    if (before == NULL) {
        if (after->votes)
            tell(w, COUNCIL_STEP_GIVES_VOTE, &after->kibbutz, NULL, 0);
        return;
    }
    if (after->votes != before->votes)
        tell(w, after->votes ? COUNCIL_STEP_GIVES_VOTE : COUNCIL_STEP_TAKES_VOTE, &after->kibbutz, NULL, 0);
    tell_keys(w, before, after);
    if (!id_equal(&before->card, &after->card))
        tell(w, COUNCIL_STEP_NEW_CARD, &after->kibbutz, &after->card, 0);
}

/* Apart from the rest: it comes with every root, and changes little. */
static void tell_registered(const struct walk *w)
{
    for (size_t i = 0; i < w->next->line_count; i++) {
        const struct council_line *line = &w->next->lines[i];

        if (!line->votes && council_root_find(w->present, &line->kibbutz) == NULL)
            tell(w, COUNCIL_STEP_REGISTERS, &line->kibbutz, NULL, 0);
    }
}

static bool was_listed(const struct walk *w, const struct council_pin *cut)
{
    const struct council_line *line = council_root_find(w->present, &cut->kibbutz);

    return line != NULL && council_line_has(line, &cut->key);
}

static void tell_thresholds(const struct walk *w)
{
    struct council_step majority = {
        .kind = COUNCIL_STEP_MAJORITY, .from = w->present->majority, .to = w->next->majority};
    struct council_step admission = {
        .kind = COUNCIL_STEP_ADMISSION, .from = w->present->admission, .to = w->next->admission};

    if (majority.from != majority.to)
        w->each(w->context, &majority);
    if (admission.from != admission.to)
        w->each(w->context, &admission);
}

void council_steps(struct council_root *present, struct council_root *next, council_step_fn *each, void *context)
{
    struct walk w = {present, next, each, context};

    for (size_t i = 0; i < next->line_count; i++)
        tell_line(&w, &next->lines[i]);
    for (size_t i = 0; i < next->closed_count; i++)
        tell(&w, COUNCIL_STEP_CLOSES, &next->closed[i], NULL, 0);
    for (size_t i = 0; i < present->line_count; i++) {
        const struct id *kibbutz = &present->lines[i].kibbutz;

        if (council_root_find(next, kibbutz) == NULL && !council_root_closes(next, kibbutz))
            tell(&w, COUNCIL_STEP_OMITS, kibbutz, NULL, 0);
    }
    for (size_t i = 0; i < next->cut_count; i++)
        if (!was_listed(&w, &next->cuts[i]))
            tell(&w, COUNCIL_STEP_ENDS_KEY, &next->cuts[i].kibbutz, &next->cuts[i].key, next->cuts[i].seq);
    tell_thresholds(&w);
    tell_registered(&w);
    for (size_t i = 0; i < next->over_count; i++)
        tell(&w, COUNCIL_STEP_SETS_ASIDE, NULL, &next->over[i], 0);
}
