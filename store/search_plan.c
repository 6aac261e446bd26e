/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_plan.h"

#include "proto/text.h"
#include "proto/trust.h"

#include <stdlib.h>

struct making {
    struct search_plan *plan;
    struct terms *terms;
    const struct search_sets *sets;
    struct search_names names;
};

/* ---- words ---- */

/* The terms of up to SEARCH_WORDS_MAX words of a text. */
static enum err take_words(struct terms *terms, struct bytes text, struct search_choice *choice)
{
    struct word_reader reader = word_reader(text);
    struct word word;

    choice->count = 0;
    while (choice->count < SEARCH_WORDS_MAX && word_next(&reader, &word))
        if (!(choice->words[choice->count++] = terms_of(terms, &word)))
            return ERR_MEMORY;
    return ERR_OK;
}

/* Of a word that the dictionary has as it stands the first key counts alone. */
static size_t keys_of(const struct terms_word *word)
{
    return word->is_base ? 1 : word->key_count;
}

bool search_words_meet(const struct terms_word *a, const struct terms_word *b)
{
    if (a == b || bytes_equal(a->form, b->form))
        return true;
    for (size_t i = 0; i < keys_of(a); i++)
        for (size_t k = 0; k < b->key_count; k++)
            if (a->keys[i] == b->keys[k])
                return true;
    return false;
}

static bool is_common(struct bytes text)
{
    static const char *const common[] = {"של",   "את",    "על",  "עם", "לא",  "זה", "זו", "זאת", "הוא", "היא", "גם",
                                         "או",   "כל",    "אל",  "מן", "כי",  "אם", "יש", "אין", "מה",  "מי",  "איך",
                                         "ב",    "ה",     "ל",   "ו",  "מ",   "ש",  "כ",  "בין", "כמו", "לפי", "אצל",
                                         "לגבי", "בנושא", "the", "of", "and", "a",  "in", "to",  "for", "on",  "is"};

    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (bytes_equal(text, bytes_text(common[i])))
            return true;
    return false;
}

/* ---- what may stand in its place ---- */

static void add_choice(struct search_unit *unit, const struct search_choice *choice)
{
    if (unit->count < SEARCH_CHOICES_MAX && (choice->count > 0 || choice->facet[0] != '\0'))
        unit->choices[unit->count++] = *choice;
}

/* A word of the list is meant as it stands, and its first key is its own skeleton: other readings of it are not meant. */
static bool is_listed(const struct terms_word *typed, const struct terms_word *listed)
{
    if (bytes_equal(typed->form, listed->form))
        return true;
    for (size_t i = 0; i < keys_of(typed) && listed->key_count > 0; i++)
        if (bytes_equal(typed->keys[i]->name, listed->keys[0]->name))
            return true;
    return false;
}

/* Whether the typed words from `at` on are these. */
static bool stands_at(const struct search_choice typed[], size_t count, size_t at, const struct search_choice *words)
{
    if (words->count == 0 || at + words->count > count)
        return false;
    for (size_t i = 0; i < words->count; i++)
        if (!is_listed(typed[at + i].words[0], words->words[i]))
            return false;
    return true;
}

/* How many of the typed words at `at` are a word of the list together; 1: none, or one alone. */
static size_t longest_at(const struct search_sets *sets, const struct search_choice typed[], size_t count, size_t at)
{
    size_t longest = 1;

    for (size_t s = 0; s < sets->count; s++)
        for (size_t w = 0; w < sets->at[s].count; w++)
            if (sets->at[s].words[w].count > longest && stands_at(typed, count, at, &sets->at[s].words[w]))
                longest = sets->at[s].words[w].count;
    return longest;
}

/* Adds the other words of each set of which the unit's typed words are one. */
static void add_others(const struct search_sets *sets, struct search_unit *unit, const struct search_choice typed[],
                       size_t len)
{
    for (size_t s = 0; s < sets->count; s++) {
        const struct search_set *set = &sets->at[s];
        size_t which = 0;

        while (which < set->count && (set->words[which].count != len || !stands_at(typed, len, 0, &set->words[which])))
            which++;
        for (size_t w = 0; w < set->count && which < set->count; w++)
            if (w != which)
                add_choice(unit, &set->words[w]);
    }
}

/* Returns how many of the typed words the unit takes. */
static size_t widen(struct making *m, const struct search_choice typed[], size_t count, size_t at,
                    struct search_unit *unit)
{
    size_t len;

    if (!m->sets)
        return 1;
    len = longest_at(m->sets, typed, count, at);
    for (size_t i = 0; i < len; i++)
        unit->choices[0].words[i] = typed[at + i].words[0];
    unit->choices[0].count = len;
    add_others(m->sets, unit, typed + at, len);
    return len;
}

enum err search_sets_make(struct search_sets *sets, const struct word_list *list)
{
    struct bytes words[WORD_LIST_WORDS_MAX];
    enum err err = ERR_OK;

    *sets =
        (struct search_sets){.at = calloc(word_list_count(list) + 1, sizeof *sets->at), .terms = terms_new(SIZE_MAX)};
    if (!sets->at || !sets->terms)
        err = ERR_MEMORY;
    for (size_t s = 0; s < word_list_count(list) && !err; s++) {
        struct search_set *set = &sets->at[sets->count++];

        set->count = word_list_set(list, s, words);
        for (size_t w = 0; w < set->count && !err; w++)
            err = take_words(sets->terms, words[w], &set->words[w]);
    }
    if (err)
        search_sets_free(sets);
    return err;
}

void search_sets_free(struct search_sets *sets)
{
    free(sets->at);
    terms_free(sets->terms);
    *sets = (struct search_sets){.count = 0};
}

static enum err name_fits(struct making *m, const struct search_name *name, const struct search_choice *typed,
                          bool *fits)
{
    struct search_choice words = {.count = 0};
    enum err err = take_words(m->terms, name->name, &words);

    *fits = !err && typed->count > 0;
    for (size_t i = 0; *fits && i < typed->count; i++) {
        bool found = false;
        for (size_t k = 0; k < words.count && !found; k++)
            found = search_words_meet(typed->words[i], words.words[k]);
        *fits = found;
    }
    return err;
}

/* The kibbutzim and people whom the words name: what they signed. */
static enum err add_named(struct making *m, struct search_unit *unit, bool kibbutzim, bool people)
{
    struct search_choice typed = unit->choices[0];
    enum err err = ERR_OK;

    for (size_t i = 0; i < m->names.count && !err; i++) {
        const struct search_name *name = &m->names.at[i];
        struct search_choice choice = {.count = 0};
        bool fits = false;

        if (name->is_kibbutz ? !kibbutzim : !people)
            continue;
        if ((err = name_fits(m, name, &typed, &fits)) || !fits)
            continue;
        if (name->is_kibbutz)
            search_text_kibbutz_facet(&name->id, choice.facet);
        else
            search_text_author_facet(&name->id, choice.facet);
        add_choice(unit, &choice);
    }
    return err;
}

/* ---- filters ---- */

static bool is_one_of(struct bytes text, const char *const words[])
{
    for (; *words; words++)
        if (bytes_equal(text, bytes_text(*words)))
            return true;
    return false;
}

static bool read_kind(struct bytes text, enum document_kind *kind)
{
    static const char *const minutes[] = {"פרוטוקול", "פרוטוקולים", NULL},
                             *const decision[] = {"החלטה", "החלטות", NULL}, *const knowledge[] = {"ידע", NULL},
                             *const notice[] = {"הודעה", "הודעות", NULL};

    if (document_kind_from_name(text, kind) == ERR_OK)
        return true;
    *kind = is_one_of(text, minutes)     ? DOCUMENT_MINUTES
            : is_one_of(text, decision)  ? DOCUMENT_DECISION
            : is_one_of(text, knowledge) ? DOCUMENT_KNOWLEDGE
                                         : DOCUMENT_NOTICE;
    return *kind != DOCUMENT_NOTICE || is_one_of(text, notice);
}

static bool read_state(struct bytes text, uint32_t *states)
{
    static const struct {
        const char *name;
        enum trust_state state;
    } names[] = {
        {"proposed", TRUST_PROPOSED},
        {"מוצע", TRUST_PROPOSED},
        {"מוצעת", TRUST_PROPOSED},
        {"force", TRUST_IN_FORCE},
        {"in-force", TRUST_IN_FORCE},
        {"in force", TRUST_IN_FORCE},
        {"בתוקף", TRUST_IN_FORCE},
        {"superseded", TRUST_SUPERSEDED},
        {"הוחלף", TRUST_SUPERSEDED},
        {"הוחלפה", TRUST_SUPERSEDED},
        {"withdrawn", TRUST_WITHDRAWN},
        {"בוטל", TRUST_WITHDRAWN},
        {"בוטלה", TRUST_WITHDRAWN},
        {"contested", TRUST_DISPUTED},
        {"במחלוקת", TRUST_DISPUTED},
        {"void", TRUST_NULL},
        {"בטל", TRUST_NULL},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bytes_equal(text, bytes_text(names[i].name))) {
            *states |= 1u << names[i].state;
            return true;
        }
    return false;
}

/* A filter of which nothing is known is a word like others. */
static enum err take_filter(struct making *m, const struct search_part *part, struct search_unit *unit)
{
    enum document_kind kind;
    uint64_t year;
    enum err err;

    switch (unit->field) {
    case SEARCH_KIND:
        if (read_kind(part->text, &kind))
            search_text_kind_facet(kind, unit->choices[0].facet);
        break;
    case SEARCH_YEAR:
        if (text_to_number(part->text, &year) && year < 10000)
            search_text_year_facet(year, unit->choices[0].facet);
        break;
    case SEARCH_STATE:
        if (!part->is_excluded && read_state(part->text, &m->plan->states)) {
            m->plan->has_states = true;
            return ERR_OK;
        }
        break;
    case SEARCH_KIBBUTZ:
    case SEARCH_PERSON:
    case SEARCH_BODY:
        if ((err = take_words(m->terms, part->text, &unit->choices[0])))
            return err;
        if (unit->field != SEARCH_BODY &&
            (err = add_named(m, unit, unit->field == SEARCH_KIBBUTZ, unit->field == SEARCH_PERSON)))
            return err;
        if (unit->field == SEARCH_KIBBUTZ && unit->count > 1) { /* The name stands for the kibbutz alone. */
            unit->choices[0] = unit->choices[unit->count - 1];
            unit->count--;
        } else if (unit->field == SEARCH_KIBBUTZ)
            unit->field = SEARCH_ANYWHERE;
        m->plan->count++;
        return ERR_OK;
    case SEARCH_ANYWHERE:
    case SEARCH_FIELDS: break;
    }
    if (unit->choices[0].facet[0] == '\0') {
        unit->field = SEARCH_ANYWHERE;
        if ((err = take_words(m->terms, part->text, &unit->choices[0])))
            return err;
    }
    m->plan->count++;
    return ERR_OK;
}

/* ---- parts ---- */

static struct search_unit *next_unit(struct making *m, const struct search_part *part)
{
    struct search_unit *unit;

    if (m->plan->count == SEARCH_UNITS_MAX)
        return NULL;
    unit = &m->plan->units[m->plan->count];
    *unit = (struct search_unit){.count = 1, .field = part->field, .is_excluded = part->is_excluded};
    return unit;
}

static enum err take_phrase(struct making *m, const struct search_part *part)
{
    struct search_unit *unit = next_unit(m, part);

    if (!unit)
        return ERR_OK;
    unit->is_phrase = true;
    m->plan->count++;
    return take_words(m->terms, part->text, &unit->choices[0]);
}

/* Words that follow each other: some of them may be one of the list together. */
static enum err take_run(struct making *m, const struct search_choice typed[], const bool common[], size_t count,
                         const struct search_part *part)
{
    enum err err = ERR_OK;

    for (size_t at = 0, len = 1; at < count && !err; at += len) {
        struct search_unit *unit = next_unit(m, part);

        if (!unit)
            return ERR_OK;
        len = 1;
        m->plan->count++;
        unit->choices[0] = typed[at];
        unit->is_common = common[at];
        if (!part->is_excluded) {
            len = widen(m, typed, count, at, unit);
            err = add_named(m, unit, true, true);
        }
    }
    return err;
}

static bool is_plain(const struct search_part *part)
{
    return part->field == SEARCH_ANYWHERE && !part->is_phrase && !part->is_excluded;
}

/* The words of the plain parts from `from` on; their number goes to `count`. */
static enum err gather_run(struct making *m, const struct search_query *query, size_t from,
                           struct search_choice typed[], bool common[], size_t *count, size_t *end)
{
    *count = 0;
    for (*end = from; *end < query->count && is_plain(&query->parts[*end]); ++*end) {
        struct word_reader reader = word_reader(query->parts[*end].text);
        struct word word;

        while (*count < SEARCH_UNITS_MAX && word_next(&reader, &word)) {
            typed[*count] = (struct search_choice){.count = 1};
            common[*count] = is_common(word.range);
            if (!(typed[(*count)++].words[0] = terms_of(m->terms, &word)))
                return ERR_MEMORY;
        }
    }
    return ERR_OK;
}

static enum err take_excluded(struct making *m, const struct search_part *part)
{
    struct search_unit *unit = next_unit(m, part);

    if (!unit)
        return ERR_OK;
    m->plan->count++;
    return take_words(m->terms, part->text, &unit->choices[0]);
}

enum err search_plan_make(struct search_plan *plan, const struct search_query *query, struct terms *terms,
                          const struct search_sets *sets, struct search_names names)
{
    struct making m = {.plan = plan, .terms = terms, .sets = sets, .names = names};
    struct search_choice typed[SEARCH_UNITS_MAX];
    bool common[SEARCH_UNITS_MAX];
    enum err err = ERR_OK;

    *plan = (struct search_plan){.count = 0};
    terms_begin(terms);
    for (size_t i = 0, end = 0; i < query->count && !err; i = end) {
        const struct search_part *part = &query->parts[i];
        size_t count;

        end = i + 1;
        if (is_plain(part)) {
            if (!(err = gather_run(&m, query, i, typed, common, &count, &end)))
                err = take_run(&m, typed, common, count, part);
        } else if (part->field != SEARCH_ANYWHERE) {
            struct search_unit *unit = next_unit(&m, part);
            err = unit ? take_filter(&m, part, unit) : ERR_OK;
        } else
            err = part->is_phrase ? take_phrase(&m, part) : take_excluded(&m, part);
    }
    return err;
}

static bool is_asked(const struct search_unit *unit)
{
    return unit->field == SEARCH_ANYWHERE && !unit->is_excluded;
}

bool search_unit_is_wanted(const struct search_plan *plan, const struct search_unit *unit)
{
    if (!is_asked(unit))
        return false;
    for (size_t i = 0; i < plan->count && unit->is_common; i++)
        if (is_asked(&plan->units[i]) && !plan->units[i].is_common)
            return false;
    return true;
}

size_t search_plan_wanted(const struct search_plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->count; i++)
        count += search_unit_is_wanted(plan, &plan->units[i]);
    return count;
}
