/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/mutant.h"
#include "proto/trust_state.h"

/* Documents (T24 to T30), each judged by itself, and only when something that it rests on has changed. */

struct draft { /* A revision of the document that is judged. */
    uint32_t entry, name;
    uint32_t pending; /* Revisions that it follows and that are not joined yet. */
    uint32_t edges;   /* Those that follow it. */
    uint32_t need, good, doubtful;
    uint8_t live, passed;
    bool is_joined, is_under, is_followed;
};

struct edge {
    uint32_t to, next;
};

struct sitting {
    uint32_t paper, kibbutz;
    struct sorted drafts, edges, queue;
};

static uint8_t lesser(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

#define DRAFT(s, i) ITEM((s)->drafts, struct draft, i)

uint32_t trust_paper_of(const struct trust *t, uint32_t name)
{
    uint32_t entry = name == NONE ? NONE : NAME(t, name)->entry;

    if (entry == NONE || !NODE(t, entry)->known)
        return NONE;
    if (NODE(t, entry)->act == ACT_REVISE) {
        entry = NAME(t, NODE(t, entry)->subject)->entry;
        if (entry == NONE || !NODE(t, entry)->known)
            return NONE;
    }
    return NODE(t, entry)->act == ACT_PUBLISH ? NODE(t, entry)->document : NONE;
}

static void change(struct trust *t, uint32_t place)
{
    struct trust_paper *paper = PAPER(t, place);

    if (paper->is_changed)
        return;
    paper->is_changed = true;
    paper->changed_next = t->changed;
    t->changed = place;
}

void trust_document_touch(struct trust *t, const struct trust_node *node)
{
    bool names_it =
        node->act == ACT_REVISE || node->act == ACT_WITHDRAW || node->act == ACT_APPROVE || node->act == ACT_ERASE;
    uint32_t place = node->act == ACT_PUBLISH ? node->document : names_it ? trust_paper_of(t, node->subject) : NONE;

    if (place == NONE)
        return;
    PAPER(t, place)->is_judged = false;
    change(t, place);
}

/* ---- revisions ---- */

static const struct trust_seat *seat_of(const struct trust *t, const struct trust_node *node)
{
    return SEAT(t, node->seat);
}

bool trust_speaks(const struct trust *t, const struct trust_node *node)
{
    enum role role = seat_of(t, node)->role;

    return node->standing != VOID && (role == ROLE_STEWARD || role == ROLE_COORDINATOR);
}

static bool belongs(const struct trust *t, const struct sitting *s, const struct trust_node *node)
{
    return trust_speaks(t, node) && seat_of(t, node)->kibbutz == s->kibbutz;
}

static enum err add_draft(struct trust *t, struct sitting *s, uint32_t entry)
{
    const struct trust_node *node = NODE(t, entry);
    struct draft draft = {.entry = entry, .name = node->name, .edges = NONE, .need = WORDS(t, node)[WORD_NEED]};

    draft.live = trust_speaks(t, node) ? node->standing : VOID;
    NAME(t, node->name)->mark = t->stamp;
    NODE(t, entry)->place = (uint32_t)s->drafts.count;
    return sorted_append(&s->drafts, &draft);
}

/* Notes what each revision follows; one that follows something else is never joined. */
static enum err add_edges(struct trust *t, struct sitting *s, uint32_t place)
{
    enum err err = ERR_OK;
    const uint32_t *words = WORDS(t, NODE(t, DRAFT(s, place)->entry));

    for (uint32_t i = 0; i < words[WORD_AFTER] && !err; i++) {
        const struct trust_name *before = NAME(t, words[WORD_LISTS + i]);

        DRAFT(s, place)->pending++;
        if (before->mark != t->stamp)
            continue;
        struct draft *from = DRAFT(s, NODE(t, before->entry)->place);
        struct edge edge = {.to = place, .next = from->edges};
        from->edges = (uint32_t)s->edges.count;
        err = sorted_append(&s->edges, &edge);
    }
    return err;
}

static enum err gather(struct trust *t, struct sitting *s)
{
    uint32_t first = PAPER(t, s->paper)->entry;
    enum err err;

    trust_stamp(t);
    err = add_draft(t, s, first);
    for (uint32_t i = NAME(t, NODE(t, first)->name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_REVISE && belongs(t, s, NODE(t, i)))
            err = add_draft(t, s, i);
    for (uint32_t i = 1; i < s->drafts.count && !err; i++)
        err = add_edges(t, s, i);
    return err;
}

/* T26: joins revisions to those they follow; none needs fewer approvals than those. */
static enum err join(struct sitting *s)
{
    enum err err = trust_push(&s->queue, 0);

    DRAFT(s, 0)->is_joined = true;
    for (size_t done = 0; done < s->queue.count && !err; done++) {
        const struct draft *from = DRAFT(s, *ITEM(s->queue, uint32_t, done));

        for (uint32_t i = from->edges; i != NONE && !err; i = ITEM(s->edges, struct edge, i)->next) {
            uint32_t to = ITEM(s->edges, struct edge, i)->to;
            struct draft *draft = DRAFT(s, to);

            if (from->need > draft->need && !MUTANT(MUTANT_NEED_FALLS))
                draft->need = from->need;
            if (--draft->pending)
                continue;
            draft->is_joined = true;
            draft->live = lesser(draft->live, DRAFT(s, 0)->live);
            err = trust_push(&s->queue, to);
        }
    }
    return err;
}

/* ---- approvals ---- */

uint32_t trust_voice(const struct trust *t, uint32_t first, uint32_t revision, const struct trust_node *vote)
{
    bool own_only = WORDS(t, NODE(t, first))[WORD_FLAGS] & FLAG_OWN;
    bool own = own_only || (WORDS(t, NODE(t, revision))[WORD_FLAGS] & FLAG_FOR_KIBBUTZ);

    if (!trust_speaks(t, vote) ||
        (own && !MUTANT(MUTANT_OWN_OF_STRANGERS) && seat_of(t, vote)->kibbutz != seat_of(t, NODE(t, first))->kibbutz))
        return NONE;
    return PARTY(t, own_only ? vote->log : seat_of(t, vote)->kibbutz)->name;
}

static void count_voice(struct trust *t, const struct sitting *s, struct draft *draft, const struct trust_node *vote)
{
    uint32_t voice = trust_voice(t, PAPER(t, s->paper)->entry, draft->entry, vote);

    if (voice == NONE)
        return;
    if (NAME(t, voice)->mark != t->stamp)
        draft->doubtful++;
    NAME(t, voice)->mark = t->stamp;
    if (vote->standing >= (MUTANT(MUTANT_DOUBT_IS_ENOUGH) ? DOUBT : GOOD) && NAME(t, voice)->mark_good != t->stamp) {
        NAME(t, voice)->mark_good = t->stamp;
        draft->good++;
    }
}

static void count_voices(struct trust *t, const struct sitting *s, struct draft *draft)
{
    trust_stamp(t);
    count_voice(t, s, draft, NODE(t, draft->entry));
    for (uint32_t i = NAME(t, draft->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_APPROVE)
            count_voice(t, s, draft, NODE(t, i));
    bool enough = draft->good >= draft->need, perhaps = draft->doubtful >= draft->need;
    draft->doubtful -= draft->good;
    draft->passed = draft->live == GOOD && enough ? GOOD : draft->live != VOID && perhaps ? DOUBT : VOID;
}

/* ---- states ---- */

/* Marks what lies under the revisions that passed, and what a live one follows. */
static enum err mark_under(struct trust *t, struct sitting *s)
{
    enum err err = ERR_OK;

    s->queue.count = 0;
    for (uint32_t i = 0; i < s->drafts.count && !err; i++)
        if (DRAFT(s, i)->passed == GOOD)
            err = trust_push(&s->queue, i);
    trust_stamp(t);
    for (uint32_t i = 0; i < s->drafts.count; i++)
        NAME(t, DRAFT(s, i)->name)->mark = t->stamp;
    for (size_t done = 0; done < s->queue.count && !err; done++) {
        const uint32_t *words = WORDS(t, NODE(t, DRAFT(s, *ITEM(s->queue, uint32_t, done))->entry));

        for (uint32_t i = 0; i < words[WORD_AFTER] && !err; i++) {
            struct draft *below = DRAFT(s, NODE(t, NAME(t, words[WORD_LISTS + i])->entry)->place);

            if (!below->is_under && below->passed != GOOD)
                err = trust_push(&s->queue, NODE(t, below->entry)->place);
            below->is_under = true;
        }
    }
    for (uint32_t i = 0; i < s->drafts.count; i++) {
        struct draft *draft = DRAFT(s, i);

        for (uint32_t j = draft->edges; j != NONE; j = ITEM(s->edges, struct edge, j)->next) {
            const struct draft *after = DRAFT(s, ITEM(s->edges, struct edge, j)->to);

            draft->is_followed = draft->is_followed || (after->is_joined && after->live != VOID);
        }
    }
    return err;
}

static bool is_head(const struct draft *draft)
{
    return draft->is_joined && draft->live != VOID && !draft->is_followed;
}

static bool is_newer(const struct trust *t, const struct draft *a, const struct draft *b)
{
    uint64_t clock = NODE(t, a->entry)->clock, other = NODE(t, b->entry)->clock;

    return clock != other ? clock > other : id_compare(ID_OF(t, a->name), ID_OF(t, b->name)) > 0;
}

/* The revision in force, or the newest that is not void. */
static const struct draft *chosen(const struct trust *t, const struct sitting *s, size_t tops)
{
    const struct draft *newest = DRAFT(s, 0);

    for (size_t i = 0; i < s->drafts.count; i++) {
        const struct draft *draft = DRAFT(s, i);

        if (tops == 1 && draft->passed == GOOD && !draft->is_under)
            return draft;
        if (draft->is_joined && draft->live != VOID && (newest->live == VOID || is_newer(t, draft, newest)))
            newest = draft;
    }
    return newest;
}

/* Withdrawal and erasure, by the document's own kibbutz. */
static void take_ends(struct trust *t, const struct sitting *s, struct trust_paper *paper)
{
    const struct trust_node *first = NODE(t, paper->entry);

    for (uint32_t i = NAME(t, first->name)->refs; i != NONE; i = NODE(t, i)->ref_next) {
        const struct trust_node *node = NODE(t, i);
        bool may_erase = node->log == first->log || seat_of(t, node)->role == ROLE_STEWARD;

        if ((node->act != ACT_WITHDRAW && node->act != ACT_ERASE) || !belongs(t, s, node))
            continue;
        if (node->act == ACT_ERASE && (node->standing < (MUTANT(MUTANT_DOUBT_ERASES) ? DOUBT : GOOD) || !may_erase))
            continue;
        bool is_lower =
            paper->ended_by == NONE || id_compare(ID_OF(t, node->name), ID_OF(t, NODE(t, paper->ended_by)->name)) < 0;
        paper->erased = paper->erased || node->act == ACT_ERASE;
        if (node->act == ACT_ERASE ? is_lower && paper->gone == VOID
                                   : node->standing > paper->gone || (node->standing == paper->gone && is_lower))
            paper->ended_by = i;
        if (node->act == ACT_WITHDRAW && node->standing > paper->gone)
            paper->gone = node->standing;
    }
}

static enum trust_state state_of(const struct sitting *s, const struct trust_paper *paper, size_t tops, size_t maybe)
{
    uint8_t live = DRAFT(s, 0)->live;

    if (live == VOID)
        return TRUST_NULL;
    if (paper->gone == GOOD)
        return TRUST_WITHDRAWN;
    if (paper->gone == DOUBT || live == DOUBT || tops > 1 || maybe)
        return TRUST_DISPUTED;
    return tops ? TRUST_IN_FORCE : TRUST_PROPOSED;
}

static void conclude(struct trust *t, const struct sitting *s, struct trust_paper *paper)
{
    size_t tops = 0, maybe = 0;

    paper->gone = VOID;
    paper->erased = false;
    paper->ended_by = NONE;
    paper->head_count = 0;
    for (size_t i = 0; i < s->drafts.count; i++) {
        const struct draft *draft = DRAFT(s, i);

        tops += draft->passed == GOOD && !draft->is_under;
        maybe += draft->passed == DOUBT && !draft->is_under;
        paper->head_count += is_head(draft);
    }
    take_ends(t, s, paper);
    const struct draft *shown = chosen(t, s, tops);
    paper->state = (uint8_t)state_of(s, paper, tops, maybe);
    paper->revision = shown->entry;
    paper->need = shown->need;
    paper->approvals = shown->good;
    paper->disputed = shown->doubtful;
}

/* What a revision supersedes hears of its passing. */
static void set_outcome(struct trust *t, struct trust_node *node, uint8_t outcome)
{
    const uint32_t *words = WORDS(t, node);

    if (node->outcome == outcome)
        return;
    node->outcome = outcome;
    for (uint32_t i = 0; i < words[WORD_SUPERSEDES]; i++) {
        uint32_t target = trust_paper_of(t, words[WORD_LISTS + words[WORD_AFTER] + i]);

        if (target != NONE)
            change(t, target);
    }
}

static void set_outcomes(struct trust *t, const struct sitting *s)
{
    uint32_t first = PAPER(t, s->paper)->entry;

    for (uint32_t i = NAME(t, NODE(t, first)->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_REVISE && !belongs(t, s, NODE(t, i)))
            set_outcome(t, NODE(t, i), VOID);
    for (size_t i = 0; i < s->drafts.count; i++)
        set_outcome(t, NODE(t, DRAFT(s, i)->entry), DRAFT(s, i)->passed);
}

static void close_sitting(struct sitting *s)
{
    free(s->drafts.at);
    free(s->edges.at);
    free(s->queue.at);
}

/* False: out of memory. */
static bool sit(struct trust *t, uint32_t place, struct sitting *s)
{
    const struct trust_node *first = NODE(t, PAPER(t, place)->entry);

    *s = (struct sitting){.paper = place,
                          .kibbutz = seat_of(t, first)->kibbutz,
                          .drafts.item_size = sizeof(struct draft),
                          .edges.item_size = sizeof(struct edge),
                          .queue.item_size = sizeof(uint32_t)};
    if (gather(t, s) || join(s))
        return false;
    for (size_t i = 0; i < s->drafts.count; i++)
        if (DRAFT(s, i)->is_joined)
            count_voices(t, s, DRAFT(s, i));
    return mark_under(t, s) == ERR_OK;
}

void trust_document_judge(struct trust *t, uint32_t place)
{
    struct sitting s;
    struct trust_paper *paper = PAPER(t, place);

    if (paper->is_judged)
        return;
    if (sit(t, place, &s)) {
        conclude(t, &s, paper);
        set_outcomes(t, &s);
        paper->is_judged = true;
    } else {
        paper->state = TRUST_NULL;
    }
    close_sitting(&s);
}

/* ---- questions ---- */

static struct id id_or_zeros(const struct trust *t, uint32_t entry)
{
    return entry == NONE ? (struct id){{0}} : *ID_OF(t, NODE(t, entry)->name);
}

/* T29: whether a revision of the same kibbutz that names this document has passed. */
static uint8_t superseded(struct trust *t, uint32_t place, uint32_t *by)
{
    const struct trust_node *first = NODE(t, PAPER(t, place)->entry);
    uint8_t strongest = VOID;

    for (uint32_t i = NAME(t, first->name)->links; i != NONE; i = ITEM(t->links, struct trust_link_to, i)->next) {
        const struct trust_node *node = NODE(t, ITEM(t->links, struct trust_link_to, i)->entry);
        uint32_t later = node->act == ACT_PUBLISH || node->act == ACT_REVISE ? trust_paper_of(t, node->name) : NONE;

        if (later == NONE || later == place ||
            (seat_of(t, NODE(t, PAPER(t, later)->entry))->kibbutz != seat_of(t, first)->kibbutz &&
             !MUTANT(MUTANT_STRANGER_REPLACES)))
            continue;
        trust_document_judge(t, later);
        uint32_t entry = PAPER(t, later)->entry;
        bool is_lower = *by == NONE || id_compare(ID_OF(t, NODE(t, entry)->name), ID_OF(t, NODE(t, *by)->name)) < 0;
        if (node->outcome > strongest || (node->outcome != VOID && node->outcome == strongest && is_lower)) {
            strongest = node->outcome;
            *by = entry;
        }
    }
    return strongest;
}

bool trust_document(struct trust *t, const struct id *document, struct trust_document *found)
{
    trust_evaluate(t);
    uint32_t entry = trust_find_entry(t, document);
    if (entry == NONE || NODE(t, entry)->act != ACT_PUBLISH || NODE(t, entry)->document == NONE)
        return false;
    uint32_t place = NODE(t, entry)->document, by = NONE;
    trust_document_judge(t, place);
    uint8_t replaced = superseded(t, place, &by);
    const struct trust_node *first = NODE(t, entry);
    const struct trust_paper *paper = PAPER(t, place);
    *found = (struct trust_document){.document = *document,
                                     .log = *PARTY_ID(t, first->log),
                                     .kibbutz = *PARTY_ID(t, seat_of(t, first)->kibbutz),
                                     .state = (enum trust_state)paper->state,
                                     .erased = paper->erased,
                                     .ended_by = id_or_zeros(t, paper->ended_by),
                                     .revision = id_or_zeros(t, paper->revision),
                                     .head_count = paper->head_count,
                                     .need = paper->need,
                                     .own_only = WORDS(t, first)[WORD_FLAGS] & FLAG_OWN,
                                     .approvals = paper->approvals,
                                     .disputed = paper->disputed};
    found->replacing_disputed = found->state == TRUST_IN_FORCE && replaced == DOUBT;
    bool can_be_replaced =
        found->state == TRUST_IN_FORCE || found->state == TRUST_PROPOSED || found->state == TRUST_DISPUTED;
    if (can_be_replaced && replaced == GOOD) {
        found->state = TRUST_SUPERSEDED;
        found->ended_by = id_or_zeros(t, by);
    }
    return true;
}

bool trust_erased(struct trust *t, const struct id *revision)
{
    trust_evaluate(t);
    uint32_t name = trust_find(t, revision), place = trust_paper_of(t, name);
    if (place == NONE)
        return false;
    trust_document_judge(t, place);
    const struct trust_node *own = NODE(t, NAME(t, name)->entry), *first = NODE(t, PAPER(t, place)->entry);
    if (PAPER(t, place)->erased)
        return true;
    for (uint32_t i = NAME(t, name)->refs; i != NONE; i = NODE(t, i)->ref_next) {
        const struct trust_node *node = NODE(t, i);
        bool is_its = trust_speaks(t, node) && seat_of(t, node)->kibbutz == seat_of(t, first)->kibbutz;

        if (node->act == ACT_ERASE && node->standing == GOOD && is_its &&
            (node->log == own->log || seat_of(t, node)->role == ROLE_STEWARD))
            return true;
    }
    return false;
}

void trust_each_revision(struct trust *t, const struct id *document, trust_revision_fn *each, void *context)
{
    uint32_t entry = trust_find_entry(t, document);

    if (entry == NONE || NODE(t, entry)->act != ACT_PUBLISH)
        return;
    each(context, document);
    for (uint32_t i = NAME(t, NODE(t, entry)->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_REVISE)
            each(context, ID_OF(t, NODE(t, i)->name));
}

static int order_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

const char *trust_state_name(enum trust_state state)
{
    static const char *const names[] = {
        [TRUST_PROPOSED] = "proposed",   [TRUST_IN_FORCE] = "in force",  [TRUST_SUPERSEDED] = "superseded",
        [TRUST_WITHDRAWN] = "withdrawn", [TRUST_DISPUTED] = "contested", [TRUST_NULL] = "void"};

    return names[state];
}

size_t trust_document_heads(struct trust *t, const struct id *document, struct id heads[LIMIT_AFTER])
{
    struct sitting s;
    struct sorted ids = {.item_size = sizeof(struct id)};

    trust_evaluate(t);
    uint32_t entry = trust_find_entry(t, document);
    if (entry == NONE || NODE(t, entry)->act != ACT_PUBLISH || NODE(t, entry)->document == NONE)
        return 0;
    bool is_done = sit(t, NODE(t, entry)->document, &s);
    for (size_t i = 0; is_done && i < s.drafts.count; i++)
        if (is_head(DRAFT(&s, i)) && sorted_append(&ids, ID_OF(t, DRAFT(&s, i)->name)))
            break;
    if (ids.count)
        qsort(ids.at, ids.count, sizeof(struct id), order_ids);
    size_t count = ids.count < LIMIT_AFTER ? ids.count : LIMIT_AFTER;
    if (count)
        memcpy(heads, ids.at, count * sizeof *heads);
    free(ids.at);
    close_sitting(&s);
    return count;
}

bool trust_next_changed(struct trust *t, struct id *document)
{
    trust_evaluate(t);
    uint32_t place = t->changed;
    if (place == NONE)
        return false;
    t->changed = PAPER(t, place)->changed_next;
    PAPER(t, place)->is_changed = false;
    trust_document_judge(t, place);
    *document = *ID_OF(t, NODE(t, PAPER(t, place)->entry)->name);
    return true;
}
