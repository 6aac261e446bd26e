/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/snippet.h"

#include "proto/text.h"
#include "store/plain_text.h"

#define HITS_MAX 256
#define LEAD 90 /* Bytes shown before the first of what was found. */
#define PROBES_MAX 200
#define SPAN (SNIPPET_SIZE_MAX - 2 * LEAD)

struct hit {
    struct bytes range;
    size_t unit;
    bool is_typed; /* In the form that was typed. */
};

/* The query's words are lent by other terms than the text's: they are compared by name. */
static bool shares_key(const struct terms_word *a, const struct terms_word *b)
{
    size_t count = a->is_base ? 1 : a->key_count;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < b->key_count; k++)
            if (bytes_equal(a->keys[i]->name, b->keys[k]->name))
                return true;
    return false;
}

static bool fits_unit(const struct search_unit *unit, const struct terms_word *word, bool *is_typed)
{
    for (size_t i = 0; i < unit->count; i++)
        for (size_t k = 0; k < unit->choices[i].count; k++) {
            *is_typed = bytes_equal(unit->choices[i].words[k]->form, word->form);
            if (*is_typed || (!unit->is_phrase && shares_key(unit->choices[i].words[k], word)))
                return true;
        }
    return false;
}

/*
 * Most words of a text are quickly told to be others: a form of a word keeps its letters in their order, but for the last one, and
 * for vowels.  What the dictionary knows beyond that is found and not marked.
 */
static bool may_share(struct bytes key, struct bytes form)
{
    size_t need = key.len > 2 ? key.len - 1 : key.len, at = 0;

    for (size_t i = 0; i < form.len && at < need; i++)
        at += form.at[i] == key.at[at];
    return at == need;
}

/* Which letters there are, a bit each; of two that share one the closer look tells. */
static uint32_t letters_of(struct bytes form)
{
    uint32_t letters = 0;

    for (size_t i = 0; i < form.len; i++)
        letters |= 1u << (form.at[i] & 31);
    return letters;
}

/* A form or a key of what is looked for, with letters that a word must have to fit. */
struct probe {
    struct bytes name;
    uint32_t letters;
    bool is_form;
};

struct probes {
    struct probe at[PROBES_MAX];
    size_t count;
    bool are_many; /* More than are kept: any word may fit. */
};

static void add_probe(struct probes *probes, struct bytes name, bool is_form)
{
    size_t need = is_form || name.len <= 2 ? name.len : name.len - 1;

    if (probes->count < PROBES_MAX)
        probes->at[probes->count++] =
            (struct probe){.name = name, .letters = letters_of(bytes_of(name.at, need)), .is_form = is_form};
    else
        probes->are_many = true;
}

static void add_word(struct probes *probes, const struct search_unit *unit, const struct terms_word *word)
{
    size_t keys = unit->is_phrase ? 0 : word->is_base ? 1 : word->key_count;

    add_probe(probes, word->form, true);
    for (size_t i = 0; i < keys; i++)
        add_probe(probes, word->keys[i]->name, false);
}

static bool is_shown(const struct search_unit *unit)
{
    return !unit->is_excluded && !unit->is_common;
}

static void add_plan(struct probes *probes, const struct search_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        for (size_t c = 0; is_shown(&plan->units[i]) && c < plan->units[i].count; c++)
            for (size_t k = 0; k < plan->units[i].choices[c].count; k++)
                add_word(probes, &plan->units[i], plan->units[i].choices[c].words[k]);
}

static bool may_fit(const struct probes *probes, struct bytes form)
{
    uint32_t letters = letters_of(form);

    for (size_t i = 0; i < probes->count; i++) {
        const struct probe *probe = &probes->at[i];

        if ((probe->letters & ~letters) == 0 &&
            (probe->is_form ? bytes_equal(probe->name, form) : may_share(probe->name, form)))
            return true;
    }
    return probes->are_many;
}

static bool find_unit(const struct search_plan *plan, struct terms *terms, const struct word *word, struct hit *hit)
{
    const struct terms_word *known = NULL;

    for (size_t i = 0; i < plan->count; i++) {
        const struct search_unit *unit = &plan->units[i];

        if (!is_shown(unit))
            continue;
        if (!known && !(known = terms_of(terms, word)))
            return false;
        if (!fits_unit(unit, known, &hit->is_typed))
            continue;
        hit->unit = i;
        return true;
    }
    return false;
}

/* Every unit stands within one snippet as it was typed: no better place comes. */
static bool is_best(const struct search_plan *plan, const struct hit hits[], size_t count)
{
    uint32_t wanted = 0, typed = 0;

    for (size_t i = 0; i < plan->count; i++) {
        if (plan->units[i].is_phrase)
            return false;
        wanted |= is_shown(&plan->units[i]) && plan->units[i].choices[0].count > 0 ? 1u << i : 0;
    }
    for (size_t i = count; i-- > 0 && hits[count - 1].range.at - hits[i].range.at <= SPAN;)
        typed |= hits[i].is_typed ? 1u << hits[i].unit : 0;
    return (wanted & ~typed) == 0;
}

/* In their order; behind the best place none but those that its snippet shows. */
static size_t find_hits(const struct search_plan *plan, struct terms *terms, struct bytes text, struct hit hits[],
                        size_t limit)
{
    struct word_reader reader = word_reader(text);
    struct probes probes = {.count = 0, .are_many = false};
    const uint8_t *end = text.at + text.len;
    struct word word;
    size_t count = 0;
    bool best = false;

    add_plan(&probes, plan);
    terms_begin(terms);
    while (count < limit && word_next(&reader, &word) && word.range.at < end) {
        if (!may_fit(&probes, word.form) || !find_unit(plan, terms, &word, &hits[count]))
            continue;
        hits[count++].range = word.range;
        if (!best && (best = is_best(plan, hits, count)) && end - word.range.at > SNIPPET_SIZE_MAX)
            end = word.range.at + SNIPPET_SIZE_MAX;
    }
    return count;
}

/* ---- the best place ---- */

/* Different units weigh most, then the typed forms, then mere number. */
static size_t weigh(const struct hit hits[], size_t count, size_t from)
{
    uint32_t seen = 0;
    size_t weight = 0;

    for (size_t i = from; i < count; i++) {
        if ((size_t)(hits[i].range.at - hits[from].range.at) > SPAN)
            break;
        weight += (seen & 1u << hits[i].unit ? 1u : 20u) + (hits[i].is_typed ? 3u : 0u);
        seen |= 1u << hits[i].unit;
    }
    return weight;
}

static const uint8_t *find_start(struct bytes text, const struct hit hits[], size_t count)
{
    size_t best = 0, heaviest = 0;

    if (count == 0)
        return text.at;
    for (size_t i = 0; i < count; i++) {
        size_t weight = weigh(hits, count, i);
        if (weight > heaviest) {
            heaviest = weight;
            best = i;
        }
    }
    const uint8_t *start = hits[best].range.at, *earliest = text.at;
    if ((size_t)(start - text.at) > LEAD)
        earliest = start - LEAD;
    const uint8_t *space = start;
    for (const uint8_t *at = start; at > earliest; at--) { /* From a line's beginning, or else from a word's. */
        if (at[-1] == '\n')
            return at;
        if (at[-1] == ' ')
            space = at;
    }
    return earliest == text.at ? text.at : space;
}

/* ---- plain text ---- */

/* Marks of Markdown that stand for no word. */
static bool is_markup(uint32_t point)
{
    return point == '#' || point == '*' || point == '|' || point == '>' || point == '`' || point == '_' ||
           point == '[' || point == ']' || point == '\\' || point == '~';
}

static void put(struct snippet *s, struct bytes run)
{
    memcpy(s->text + s->len, run.at, run.len);
    s->len += run.len;
}

static void put_space(struct snippet *s)
{
    if (s->len > 0 && s->text[s->len - 1] != ' ')
        s->text[s->len++] = ' ';
}

static bool is_rule(struct bytes rest)
{
    return rest.len >= 2 && rest.at[0] == '-' && rest.at[1] == '-';
}

/* Copies one character as plain text. */
static void copy_point(struct snippet *s, struct bytes *rest)
{
    struct bytes before = *rest;
    uint32_t point;

    if (is_rule(*rest)) { /* Of a table, or a line. */
        while (rest->len > 0 && (rest->at[0] == '-' || rest->at[0] == ':'))
            *rest = bytes_from(*rest, 1);
        put_space(s);
        return;
    }
    if (!text_take_point(rest, &point)) {
        *rest = bytes_from(*rest, 1);
        return;
    }
    point = plain_text_point(point);
    if (point == '\n' || point == ' ' || is_markup(point))
        put_space(s);
    else if (point != 0)
        put(s, bytes_of(before.at, before.len - rest->len));
}

static void put_hit(struct snippet *s, struct bytes range)
{
    if (s->mark_count < SNIPPET_MARKS_MAX)
        s->marks[s->mark_count++] = (struct snippet_mark){.at = s->len, .len = range.len};
    put(s, range);
}

static void copy(struct snippet *s, struct bytes text, const uint8_t *start, const struct hit hits[], size_t count)
{
    struct bytes rest = bytes_of(start, (size_t)(text.at + text.len - start));
    size_t next = 0;

    if (start > text.at && start[-1] != '\n')
        put(s, bytes_text("…"));
    while (rest.len > 0 && s->len + WORD_SIZE_MAX + 8 < SNIPPET_SIZE_MAX) {
        while (next < count && hits[next].range.at < rest.at)
            next++;
        if (next < count && hits[next].range.at == rest.at && hits[next].range.len <= WORD_SIZE_MAX &&
            text_is_line(hits[next].range, WORD_SIZE_MAX)) {
            put_hit(s, hits[next].range);
            rest = bytes_from(rest, hits[next].range.len);
        } else
            copy_point(s, &rest);
    }
    if (rest.len > 0) { /* Not in the middle of a word. */
        while (s->len > 0 && s->text[s->len - 1] != ' ')
            s->len--;
        while (s->mark_count > 0 && s->marks[s->mark_count - 1].at + s->marks[s->mark_count - 1].len > s->len)
            s->mark_count--;
    }
    while (s->len > 0 && s->text[s->len - 1] == ' ')
        s->len--;
    if (rest.len > 0)
        put(s, bytes_text("…"));
    s->text[s->len] = '\0';
}

/* The heading at the very top is the title, which is shown beside the snippet. */
static struct bytes skip_heading(struct bytes text)
{
    struct bytes rest = text, line;

    while (rest.len > 0 && (rest.at[0] == '\n' || rest.at[0] == '\r'))
        rest = bytes_from(rest, 1);
    if (rest.len == 0 || rest.at[0] != '#' || !text_take(&rest, '\n', &line))
        return text;
    while (rest.len > 0 && (rest.at[0] == '\n' || rest.at[0] == '\r'))
        rest = bytes_from(rest, 1);
    return rest.len > 0 ? rest : text;
}

void snippet_make(const struct search_plan *plan, struct terms *terms, struct bytes text, struct snippet *snippet)
{
    struct hit hits[HITS_MAX];
    size_t count;

    *snippet = (struct snippet){.len = 0};
    text = skip_heading(text);
    if (text.len > SNIPPET_TEXT_MAX)
        text.len = SNIPPET_TEXT_MAX;
    count = find_hits(plan, terms, text, hits, HITS_MAX);
    if (text.len > 0)
        copy(snippet, text, find_start(text, hits, count), hits, count);
}

size_t snippet_mark_line(const struct search_plan *plan, struct terms *terms, struct bytes line,
                         struct snippet_mark marks[SNIPPET_MARKS_MAX])
{
    struct hit hits[SNIPPET_MARKS_MAX];
    size_t count = find_hits(plan, terms, line, hits, SNIPPET_MARKS_MAX);

    for (size_t i = 0; i < count; i++)
        marks[i] = (struct snippet_mark){.at = (size_t)(hits[i].range.at - line.at), .len = hits[i].range.len};
    return count;
}

/* ---- phrases ---- */

/* The word as typed, or behind a prefix. */
static bool begins_phrase(const struct terms_word *wanted, struct bytes form)
{
    if (bytes_equal(wanted->form, form))
        return true;
    if (form.len <= wanted->form.len || form.len > wanted->form.len + 4 || !WORD_IS_HEBREW(form.at[0]))
        return false;
    for (size_t i = 0; i < form.len - wanted->form.len; i++)
        if (!memchr("\xe4\xe5\xe1\xeb\xec\xee\xf9", form.at[i], 7)) /* ה ו ב כ ל מ ש */
            return false;
    return bytes_equal(bytes_from(form, form.len - wanted->form.len), wanted->form);
}

static bool stands_here(const struct search_choice *phrase, struct word_reader reader, const struct word *first)
{
    struct word word = *first;

    if (!begins_phrase(phrase->words[0], word.form))
        return false;
    for (size_t i = 1; i < phrase->count; i++)
        if (!word_next(&reader, &word) || !bytes_equal(word.form, phrase->words[i]->form))
            return false;
    return true;
}

bool snippet_has_phrase(const struct search_unit *unit, struct bytes text)
{
    struct word_reader reader = word_reader(text);
    struct word word;

    while (word_next(&reader, &word))
        if (stands_here(&unit->choices[0], reader, &word))
            return true;
    return false;
}
