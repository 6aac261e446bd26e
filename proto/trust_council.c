/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/mutant.h"
#include "proto/trust_state.h"

/*
 * The chain of roots (T8 to T16).  It depends on council and approve entries and on `root` lines alone, on whatever branch they stand: no
 * pin, fork, admission or grant enters here.
 */

/* ---- votes ---- */

static bool is_marked(const struct trust *t, uint32_t party)
{
    return party != NONE && PARTY(t, party)->stamp == t->stamp;
}

size_t trust_council_count(const struct trust *t, const struct trust_proposal *p)
{
    size_t count = 0;

    for (size_t i = 0; i < p->line_count; i++) {
        const struct trust_line *line = &p->lines[i];
        bool speaks = is_marked(t, PARTY(t, line->card)->card_key);

        for (uint32_t j = 0; j < line->key_count; j++)
            speaks = speaks || is_marked(t, line->keys[j]);
        for (uint32_t j = 1; MUTANT(MUTANT_KEY_TWICE) && j < line->key_count; j++)
            count += line->vote && is_marked(t, line->keys[j]);
        count += line->vote && speaks;
    }
    return count;
}

void trust_council_mark_approvers(struct trust *t, uint32_t name)
{
    uint32_t entry = NAME(t, name)->entry;

    trust_stamp(t);
    if (entry != NONE && NODE(t, entry)->known)
        PARTY(t, NODE(t, entry)->log)->stamp = t->stamp;
    for (uint32_t i = NAME(t, name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_APPROVE && !(MUTANT(MUTANT_FORK_UNVOTES) && PARTY(t, NODE(t, i)->log)->fork))
            PARTY(t, NODE(t, i)->log)->stamp = t->stamp;
}

static size_t voter_count(const struct trust_proposal *p)
{
    size_t count = 0;

    for (size_t i = 0; i < p->line_count; i++)
        count += p->lines[i].vote;
    return count;
}

static void mark_voices(struct trust *t, const struct trust_proposal *p)
{
    trust_stamp(t);
    for (size_t i = 0; i < p->line_count; i++) {
        const struct trust_line *line = &p->lines[i];
        uint32_t card_key = PARTY(t, line->card)->card_key;

        for (uint32_t j = 0; j < line->key_count && line->vote; j++)
            PARTY(t, line->keys[j])->stamp = t->stamp;
        if (line->vote && card_key != NONE)
            PARTY(t, card_key)->stamp = t->stamp;
    }
}

/* ---- candidates (T9) ---- */

static const struct trust_line *new_line(const struct trust *t, const struct trust_proposal *p, uint32_t kibbutz)
{
    const struct trust_party *party = PARTY(t, kibbutz);
    const struct trust_line *line =
        party->stamp == t->stamp && party->slot < p->line_count ? &p->lines[party->slot] : NULL;

    return line && line->kibbutz == kibbutz ? line : NULL;
}

static bool take_stamp(struct trust *t, uint32_t party, size_t slot)
{
    struct trust_party *p = PARTY(t, party);

    if (p->stamp == t->stamp)
        return false;
    p->stamp = t->stamp;
    p->slot = (uint32_t)slot;
    return true;
}

static const char *find_repeated(struct trust *t, const struct trust_proposal *p)
{
    bool differs = true, no_card_key = true;

    for (size_t i = 0; i < p->line_count; i++) {
        const struct trust_line *line = &p->lines[i];

        differs = take_stamp(t, line->kibbutz, i) && take_stamp(t, line->card, i) && differs;
        for (uint32_t j = 0; j < line->key_count; j++)
            differs = take_stamp(t, line->keys[j], i) && differs;
    }
    for (size_t i = 0; i < p->line_count; i++)
        for (uint32_t j = 0; j < p->lines[i].key_count; j++)
            no_card_key = no_card_key && !is_marked(t, p->lines[i].key_cards[j]);
    if (!differs)
        return "it names a kibbutz, a key or a card twice";
    return no_card_key ? NULL : "it lists the key of a recovery card as a steward's";
}

static const char *find_bad_number(const struct trust_proposal *p)
{
    size_t voters = voter_count(p);

    if (voters == 0)
        return "it leaves nobody with a vote";
    if (p->majority < voters / 2 + 1 || p->majority > voters)
        return "its majority is not more than half of its votes";
    return p->admission >= 1 && p->admission <= voters ? NULL : "more would have to admit a kibbutz than have a vote";
}

static bool is_cut_here(const struct trust *t, uint32_t key)
{
    return NAME(t, PARTY(t, key)->name)->mark == t->stamp;
}

static const char *find_bad_key(const struct trust *t, const struct trust_proposal *p)
{
    for (size_t i = 0; i < p->line_count; i++)
        for (uint32_t j = 0; j < p->lines[i].key_count; j++) {
            const struct trust_party *key = PARTY(t, p->lines[i].keys[j]);

            if (key->removed && !MUTANT(MUTANT_REMOVED_RETURNS))
                return "it lists a key that was removed before";
            if (is_cut_here(t, p->lines[i].keys[j]))
                return "it lists a key that it removes itself";
            if (key->held != NONE && key->held != p->lines[i].kibbutz)
                return "it moves a key from one kibbutz to another";
        }
    return NULL;
}

static bool closes(const struct trust_proposal *p, uint32_t kibbutz)
{
    for (size_t i = 0; i < p->closed_count; i++)
        if (p->closed[i] == kibbutz)
            return true;
    return false;
}

static const char *find_bad_closing(const struct trust *t, const struct trust_proposal *p)
{
    for (size_t i = 0; i < p->closed_count; i++)
        if (new_line(t, p, p->closed[i]))
            return "it lists a kibbutz and closes it";
    for (size_t i = 0; i < p->line_count; i++)
        if (PARTY(t, p->lines[i].kibbutz)->closed)
            return "it lists a kibbutz that was closed before";
    return NULL;
}

static bool lists(const struct trust_line *line, uint32_t key)
{
    for (uint32_t i = 0; line && i < line->key_count; i++)
        if (line->keys[i] == key)
            return true;
    return false;
}

/* Whoever drops a steward key, or takes the vote from it, says what of it stands. */
static const char *find_dropped(const struct trust *t, const struct trust_proposal *p)
{
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct trust_line *old = ITEM(t->lines, struct trust_line, i), *new = new_line(t, p, old->kibbutz);
        bool is_closed = closes(p, old->kibbutz);

        if (!new && !is_closed && old->vote)
            return "it leaves out a kibbutz that has a vote";
        for (uint32_t j = 0; j < old->key_count; j++) {
            bool loses_vote = new && old->vote && !new->vote;
            bool stays = !loses_vote && (new ? lists(new, old->keys[j]) : !old->vote && !is_closed);

            if (!stays && !is_cut_here(t, old->keys[j]))
                return loses_vote ? "a kibbutz that loses its vote needs a new steward key, and a pin of the old one"
                                  : "it drops a steward key without a pin";
        }
    }
    return NULL;
}

static const char *find_flaw(struct trust *t, const struct trust_proposal *p)
{
    const char *flaw;

    trust_stamp(t);
    for (size_t i = 0; i < p->pin_count; i++)
        if (!p->pins[i].is_open)
            NAME(t, PARTY(t, p->pins[i].key)->name)->mark = t->stamp;
    if ((flaw = find_repeated(t, p)) || (flaw = find_bad_number(p)) || (flaw = find_bad_key(t, p)) ||
        (flaw = find_bad_closing(t, p)))
        return flaw;
    return find_dropped(t, p);
}

/* ---- backing (T11) ---- */

static enum err push_successors(struct trust *t, uint32_t name)
{
    enum err err = ERR_OK;

    for (uint32_t i = NAME(t, name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_COUNCIL && NAME(t, NODE(t, i)->name)->mark != t->stamp) {
            NAME(t, NODE(t, i)->name)->mark = t->stamp;
            err = trust_push(&t->scratch, NODE(t, i)->name);
        }
    return err;
}

static bool has_voted(const struct trust *t, uint32_t party)
{
    return party != NONE && NAME(t, PARTY(t, party)->name)->mark == t->stamp;
}

static bool has_voice(const struct trust *t, const struct trust_line *line,
                      bool (*says)(const struct trust *t, uint32_t party))
{
    bool found = says(t, PARTY(t, line->card)->card_key);

    for (uint32_t i = 0; i < line->key_count; i++)
        found = found || says(t, line->keys[i]);
    return found;
}

/* A kibbutz stands on a root by a voice that it had before it; or, if such a voice voted for it, by one that the root gives it. */
static size_t count_standing(const struct trust *t, const struct trust_proposal *p, const struct trust_proposal *n)
{
    size_t count = 0;

    for (size_t i = 0; i < n->line_count; i++) {
        const struct trust_line *old = &n->lines[i], *new = NULL;

        if (!old->vote)
            continue;
        if (has_voice(t, old, is_marked)) {
            count++;
            continue;
        }
        for (size_t j = 0; j < p->line_count && !new &&has_voice(t, old, has_voted); j++)
            if (p->lines[j].kibbutz == old->kibbutz)
                new = &p->lines[j];
        count += new &&has_voice(t, new, is_marked);
    }
    return count;
}

static void mark_voters(struct trust *t, uint32_t name)
{
    NAME(t, PARTY(t, NODE(t, NAME(t, name)->entry)->log)->name)->mark = t->stamp;
    for (uint32_t i = NAME(t, name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_APPROVE)
            NAME(t, PARTY(t, NODE(t, i)->log)->name)->mark = t->stamp;
}

/* Marks whoever stands on this root or a descendant, level by level, until it is enough. */
static bool is_backed(struct trust *t, const struct trust_proposal *p, const struct trust_proposal *n)
{
    size_t voters = voter_count(n);

    trust_stamp(t);
    mark_voters(t, p->name);
    t->scratch.count = 0;
    if (trust_push(&t->scratch, p->name))
        return false;
    for (size_t i = 0; i < t->scratch.count; i++) {
        uint32_t name = *ITEM(t->scratch, uint32_t, i);
        bool any = false;

        for (uint32_t j = NAME(t, name)->stands; j != NONE; j = NODE(t, j)->stand_next) {
            any = any || !is_marked(t, NODE(t, j)->log);
            PARTY(t, NODE(t, j)->log)->stamp = t->stamp;
        }
        if (any && (MUTANT(MUTANT_BACKED_BY_HALF) ? 2 : 3) * count_standing(t, p, n) >
                       (MUTANT(MUTANT_BACKED_BY_HALF) ? 1 : 2) * voters)
            return true;
        if (push_successors(t, name))
            return false;
    }
    return false;
}

/* ---- the walk ---- */

struct candidate {
    struct id id;
    uint32_t place;
};

static int order_candidates(const void *a, const void *b)
{
    return id_compare(a, b);
}

static enum err list_candidates(struct trust *t, const struct trust_proposal *n, struct sorted *found)
{
    enum err err = ERR_OK;

    mark_voices(t, n);
    for (uint32_t i = NAME(t, n->name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next) {
        struct candidate one = {.id = *ID_OF(t, NODE(t, i)->name), .place = i};

        if (NODE(t, i)->act == ACT_COUNCIL && is_marked(t, NODE(t, i)->log))
            err = sorted_append(found, &one);
    }
    if (found->count)
        qsort(found->at, found->count, sizeof(struct candidate), order_candidates);
    return err;
}

/* Whether so many approve that it is worth counting: what nobody approves costs nothing. */
static bool may_pass(const struct trust *t, uint32_t name, uint64_t majority)
{
    uint64_t votes = 1;

    for (uint32_t i = NAME(t, name)->refs; i != NONE && votes < majority; i = NODE(t, i)->ref_next)
        votes += NODE(t, i)->act == ACT_APPROVE;
    return votes >= majority;
}

/* The lines of a candidate are read when enough voters want it, and not before. */
static struct trust_rival judge_candidate(struct trust *t, uint32_t place, const struct trust_proposal *n)
{
    struct trust_rival rival = {.proposal = WORDS(t, NODE(t, place))[WORD_PROPOSAL]};
    const struct trust_proposal *p = PROPOSAL(t, rival.proposal);

    if (!may_pass(t, p->name, n->majority))
        return rival;
    trust_council_mark_approvers(t, p->name);
    if (trust_council_count(t, n) < n->majority ||
        (trust_council_count(t, p) < p->majority && !MUTANT(MUTANT_NO_OWN_MAJORITY)))
        return rival;
    rival.passed = !find_flaw(t, p);
    rival.is_backed = rival.passed && is_backed(t, p, n);
    return rival;
}

static enum err judge_candidates(struct trust *t, const struct trust_proposal *n)
{
    struct sorted found = {.item_size = sizeof(struct candidate)};
    enum err err = list_candidates(t, n, &found);

    t->rivals.count = 0;
    for (size_t i = 0; i < found.count && !err; i++) {
        struct trust_rival rival = judge_candidate(t, ITEM(found, struct candidate, i)->place, n);

        if (rival.passed || t->rivals.count < LIMIT_OVER)
            err = sorted_append(&t->rivals, &rival);
    }
    free(found.at);
    return err;
}

const char *trust_council_flaw(struct trust *t, const struct trust_proposal *p)
{
    return find_flaw(t, p);
}

static bool is_set_aside(const struct trust *t, uint32_t name)
{
    for (size_t i = 0; i < t->rivals.count; i++) {
        const struct trust_rival *rival = ITEM(t->rivals, struct trust_rival, i);
        const struct trust_proposal *p = PROPOSAL(t, rival->proposal);

        for (size_t j = 0; j < p->over_count && rival->passed; j++)
            if (p->over[j] == name)
                return true;
    }
    return false;
}

static bool is_on_path(const struct trust *t, uint32_t name, uint32_t path)
{
    return path && NAME(t, name)->mark_good == path;
}

static bool path_goes_on(const struct trust *t, const struct trust_proposal *n, uint32_t path)
{
    for (uint32_t i = NAME(t, n->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_COUNCIL && is_on_path(t, NODE(t, i)->name, path))
            return true;
    return false;
}

/* Among the candidates that passed: the only one that `fits`, by what is asked; NULL: none or several. */
enum choice { ON_PATH, BACKED, NOT_SET_ASIDE };
static const struct trust_rival *only(const struct trust *t, enum choice choice, uint32_t path, size_t *count)
{
    const struct trust_rival *chosen = NULL;

    *count = 0;
    for (size_t i = 0; i < t->rivals.count; i++) {
        const struct trust_rival *rival = ITEM(t->rivals, struct trust_rival, i);
        uint32_t name = PROPOSAL(t, rival->proposal)->name;
        bool fits = choice == ON_PATH  ? is_on_path(t, name, path)
                    : choice == BACKED ? rival->is_backed
                                       : !is_set_aside(t, name);

        if (rival->passed && fits) {
            chosen = rival;
            ++*count;
        }
    }
    return *count == 1 || MUTANT(MUTANT_ONE_OF_TWO) ? chosen : NULL;
}

static bool any_passed(const struct trust *t)
{
    for (size_t i = 0; i < t->rivals.count; i++)
        if (ITEM(t->rivals, struct trust_rival, i)->passed)
            return true;
    return false;
}

/* T12 to T15: the next root; or NULL, and why. */
static const struct trust_rival *choose(struct trust *t, const struct trust_proposal *n, uint32_t path)
{
    const struct trust_rival *chosen;
    size_t count;

    t->council = TRUST_SETTLED;
    if (!any_passed(t))
        return NULL;
    if (path_goes_on(t, n, path)) {
        if (!(chosen = only(t, ON_PATH, path, &count)))
            t->council = TRUST_WAITING;
        return chosen;
    }
    chosen = only(t, BACKED, path, &count);
    if (count > 1)
        t->council = TRUST_SPLIT;
    if (count > 0)
        return chosen;
    if (!(chosen = only(t, NOT_SET_ASIDE, path, &count)))
        t->council = TRUST_RIVALS;
    return chosen;
}

static void hold_keys(struct trust *t, bool holds)
{
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct trust_line *line = ITEM(t->lines, struct trust_line, i);

        for (uint32_t j = 0; j < line->key_count; j++)
            PARTY(t, line->keys[j])->held = holds ? line->kibbutz : NONE;
        PARTY(t, line->kibbutz)->line = holds ? (uint32_t)i : NONE;
    }
}

/* Lines with a vote are those of the newest root; those without stay until one names or closes them. */
static enum err take_root(struct trust *t, uint32_t proposal)
{
    enum err err = trust_push(&t->chain, proposal);
    const struct trust_proposal *p = PROPOSAL(t, proposal);
    size_t kept = 0;

    for (size_t i = 0; i < p->pin_count; i++)
        if (!p->pins[i].is_open)
            PARTY(t, p->pins[i].key)->removed = true;
    for (size_t i = 0; i < p->closed_count; i++)
        PARTY(t, p->closed[i])->closed = true;
    hold_keys(t, false);
    for (size_t i = 0; i < p->line_count; i++)
        PARTY(t, p->lines[i].kibbutz)->line = (uint32_t)i;
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct trust_line *line = ITEM(t->lines, struct trust_line, i);

        if (!line->vote && !PARTY(t, line->kibbutz)->closed && PARTY(t, line->kibbutz)->line == NONE)
            *ITEM(t->lines, struct trust_line, kept++) = *line;
    }
    t->lines.count = kept;
    for (size_t i = 0; i < p->line_count && !err; i++)
        err = sorted_append(&t->lines, &p->lines[i]);
    hold_keys(t, true);
    return err;
}

/* The roots from the anchor down to the charter; 0: no anchor, or it is not known. */
static uint32_t mark_path(struct trust *t)
{
    uint32_t name = t->anchor, path = 0;

    while (name != NONE && !MUTANT(MUTANT_NO_ANCHOR)) {
        uint32_t entry = NAME(t, name)->entry;
        bool is_charter = name == PROPOSAL(t, 0)->name;

        if (!is_charter && (entry == NONE || !NODE(t, entry)->known || NODE(t, entry)->act != ACT_COUNCIL))
            break;
        if (!path)
            path = trust_stamp(t);
        NAME(t, name)->mark_good = path;
        name = is_charter ? NONE : NODE(t, entry)->subject;
    }
    return path;
}

enum err trust_council_walk(struct trust *t)
{
    enum err err;
    uint32_t path = mark_path(t);
    const struct trust_rival *next = NULL;

    t->chain.count = t->lines.count = t->doubted.count = 0;
    if ((err = take_root(t, 0)))
        return err;
    do {
        struct trust_proposal *n = PROPOSAL(t, *ITEM(t->chain, uint32_t, t->chain.count - 1));

        if ((err = judge_candidates(t, n)))
            return err;
        if ((next = choose(t, n, path))) {
            struct trust_proposal *after = PROPOSAL(t, next->proposal);

            after->is_final = is_on_path(t, after->name, path) || (next->is_backed && n->is_final);
            err = take_root(t, next->proposal);
        }
    } while (next && !err);
    for (size_t i = 0; i < t->rivals.count && t->council != TRUST_SETTLED && !err; i++)
        if (ITEM(t->rivals, struct trust_rival, i)->passed)
            err = trust_push(&t->doubted, ITEM(t->rivals, struct trust_rival, i)->proposal);
    return err;
}
