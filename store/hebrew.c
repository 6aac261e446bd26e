/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/hebrew.h"

/* Letters in one byte. */
enum {
    ALEF = 0xe0,
    BET = 0xe1,
    HE = 0xe4,
    VAV = 0xe5,
    YOD = 0xe9,
    KAF = 0xeb,
    LAMED = 0xec,
    MEM = 0xee,
    NUN = 0xf0,
    SHIN = 0xf9,
    TAV = 0xfa
};

static bool is_mater(uint8_t letter)
{
    return letter == VAV || letter == YOD;
}

struct bytes hebrew_skeleton(struct bytes form, uint8_t skeleton[WORD_SIZE_MAX])
{
    size_t len = 0;

    for (size_t i = 0; i < form.len && i < WORD_SIZE_MAX; i++)
        if (i == 0 || !is_mater(form.at[i]))
            skeleton[len++] = form.at[i];
    if (len >= 3)
        return bytes_of(skeleton, len);
    len = 0;
    for (size_t i = 0; i < form.len && i < WORD_SIZE_MAX; i++)
        if (i == 0 || !is_mater(form.at[i]) || form.at[i] != form.at[i - 1])
            skeleton[len++] = form.at[i];
    return bytes_of(skeleton, len);
}

bool hebrew_ends_in_he(struct bytes form)
{
    return form.len > 0 && form.at[form.len - 1] == HE;
}

/* ---- prefixes ---- */

static size_t take(struct bytes form, size_t at, const uint8_t *letters, size_t count)
{
    return at + count <= form.len && memcmp(form.at + at, letters, count) == 0 ? at + count : at;
}

static size_t take_one_of(struct bytes form, size_t at, const uint8_t *letters, size_t count)
{
    return at < form.len && memchr(letters, form.at[at], count) ? at + 1 : at;
}

/* Where the word may begin, in the order of the particles: and, that or when, in or as or to or from, the. */
static size_t find_cuts(struct bytes form, size_t cuts[4])
{
    static const uint8_t and[] = {VAV}, that[] = {SHIN}, when[] = {KAF, SHIN}, since[] = {MEM, SHIN},
                         until[] = {LAMED, KAF, SHIN}, place[] = {BET, KAF, LAMED, MEM}, the[] = {HE};
    size_t count = 0, at, next;

    at = take(form, 0, and, 1);
    if (at > 0)
        cuts[count++] = at;
    next = take(form, at, that, 1);
    if (next == at)
        next = take(form, at, when, 2);
    if (next == at)
        next = take(form, at, since, 2);
    if (next == at)
        next = take(form, at, until, 3);
    if (next > at)
        cuts[count++] = next;
    at = next;
    next = take_one_of(form, at, place, sizeof place);
    if (next > at)
        cuts[count++] = next;
    at = next;
    next = take(form, at, the, 1);
    if (next > at)
        cuts[count++] = next;
    return count;
}

/* ---- endings ---- */

struct ending {
    uint8_t letters[6];
    size_t len;
    bool is_feminine; /* The singular may end in he. */
};

/* The longer before what it ends in.  Letters are folded: a final mem is a mem. */
static const struct ending ENDINGS[] = {
    {{VAV, TAV, YOD, HE, MEM}, 5, true},
    {{VAV, TAV, YOD, NUN, VAV}, 5, true},
    {{VAV, TAV, YOD, VAV}, 4, true},
    {{VAV, TAV, YOD, HE}, 4, true},
    {{YOD, VAV, TAV}, 3, true},
    {{ALEF, VAV, TAV}, 3, true},
    {{YOD, NUN, VAV}, 3, false},
    {{VAV, TAV}, 2, true},
    {{YOD, MEM}, 2, false},
    {{YOD, TAV}, 2, true},
    {{YOD, HE}, 2, false},
    {{NUN, VAV}, 2, false},
    {{TAV, MEM}, 2, true},
    {{HE}, 1, false},
    {{TAV}, 1, true},
    {{YOD}, 1, false},
};

static const struct ending *find_ending(struct bytes form, size_t least)
{
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        const struct ending *ending = &ENDINGS[i];

        if (form.len >= ending->len + least &&
            memcmp(form.at + form.len - ending->len, ending->letters, ending->len) == 0)
            return ending;
    }
    return NULL;
}

/* ---- guesses ---- */

struct guessing {
    struct hebrew_guess *at;
    size_t count;
};

static void add(struct guessing *g, struct bytes form, bool with_he)
{
    struct hebrew_guess *guess = &g->at[g->count];

    if (g->count == HEBREW_GUESSES_MAX || form.len + with_he > WORD_SIZE_MAX)
        return;
    memcpy(guess->at, form.at, form.len);
    guess->len = form.len;
    if (with_he)
        guess->at[guess->len++] = HE;
    g->count++;
}

static void add_with_endings(struct guessing *g, struct bytes form, bool is_abbreviation)
{
    const struct ending *ending = find_ending(form, is_abbreviation ? 2 : 3);

    add(g, form, false);
    if (!ending)
        return;
    struct bytes root = bytes_of(form.at, form.len - ending->len);
    add(g, root, false);
    if (ending->is_feminine)
        add(g, root, true);
}

size_t hebrew_guess(struct bytes form, bool is_abbreviation, struct hebrew_guess guesses[HEBREW_GUESSES_MAX])
{
    struct guessing g = {.at = guesses};
    size_t cuts[4], count = find_cuts(form, cuts), least = is_abbreviation ? 2 : 3;

    if (form.len == 0 || form.len > WORD_SIZE_MAX)
        return 0;
    add_with_endings(&g, form, is_abbreviation);
    for (size_t i = 0; i < count; i++)
        if (form.len >= cuts[i] + least)
            add_with_endings(&g, bytes_from(form, cuts[i]), is_abbreviation);
    return g.count;
}
