/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/text.h"
#include "store/files.h"
#include "store/index_search.h"
#include "store/search_match.h"
#include "store/search_spell.h"

#define RELAX_BELOW 3 /* Fewer answers than these, and words may be missing. */
#define RELAXED_MAX 100
#define WORDS_KEPT                                                                                                     \
    2000 /* Of questions, and of the texts around what was found: those alone that look like what is asked for. */
#define ENOUGH 200 /* Answers, where each is one: filters of states and phrases sort out more. */

struct candidate {
    uint64_t number;
    unsigned rung;
};

struct search {
    struct terms *asked, *read; /* Of the question, and of the texts. */
    struct word_list *words;
    struct search_sets sets; /* Of the words. */
    struct search_plan plan;
    struct buffer expression, packed;
    struct content content;
    struct candidate candidates[SEARCH_CANDIDATES_MAX];
    size_t count, limit;
    bool is_full;
    char path[FILES_PATH_SIZE];
};

struct search *search_new(const char *home)
{
    struct search *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->expression = BUFFER(SEARCH_MATCH_SIZE_MAX);
    s->packed = BUFFER(LIMIT_BUNDLE);
    s->asked = terms_new(WORDS_KEPT);
    s->read = terms_new(WORDS_KEPT);
    if (files_join(s->path, home, WORD_LIST_FILE) != ERR_OK)
        s->path[0] = '\0';
    s->words = word_list_load(s->path);
    if (s->asked && s->read && s->words && search_sets_make(&s->sets, s->words) == ERR_OK)
        return s;
    search_free(s);
    return NULL;
}

void search_free(struct search *s)
{
    if (!s)
        return;
    terms_free(s->asked);
    terms_free(s->read);
    search_sets_free(&s->sets);
    word_list_free(s->words);
    buffer_free(&s->expression);
    buffer_free(&s->packed);
    free(s);
}

/* An edited list counts from the next question on; one that cannot be read leaves the earlier. */
static void refresh_words(struct search *s)
{
    struct word_list *words = word_list_is_stale(s->words) ? word_list_load(s->path) : NULL;
    struct search_sets sets;

    if (!words || search_sets_make(&sets, words) != ERR_OK) {
        word_list_free(words);
        return;
    }
    search_sets_free(&s->sets);
    word_list_free(s->words);
    s->words = words;
    s->sets = sets;
}

/* ---- candidates ---- */

static bool is_known(const struct search *s, uint64_t number)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->candidates[i].number == number)
            return true;
    return false;
}

/* Adds what fits the expression that was written, newest first. */
static enum err gather(struct search *s, struct index *index, unsigned rung, enum err written)
{
    uint64_t numbers[SEARCH_CANDIDATES_MAX];
    size_t count = 0;
    enum err err = written;

    if (!err)
        err = index_search_find(index, (const char *)s->expression.at, s->limit, numbers, &count);
    for (size_t i = 0; !err && i < count; i++) {
        if (is_known(s, numbers[i]))
            continue;
        if (s->count == s->limit)
            break;
        s->candidates[s->count++] = (struct candidate){.number = numbers[i], .rung = rung};
    }
    s->is_full |= count == s->limit || s->count == s->limit;
    buffer_clear(&s->expression);
    return err;
}

static const struct search_rung RUNGS[] = {
    {SEARCH_IN_TITLE, SEARCH_AS_TYPED, false, SEARCH_IN_TEXT},
    {SEARCH_IN_HEAD, SEARCH_IN_ANY_FORM, false, SEARCH_IN_TEXT},
    {SEARCH_IN_TEXT, SEARCH_AS_TYPED, true, SEARCH_IN_TITLE},
    {SEARCH_IN_TEXT, SEARCH_OFTEN, false, SEARCH_IN_TEXT},
    {SEARCH_IN_TEXT, SEARCH_AS_TYPED, false, SEARCH_IN_TEXT},
    {SEARCH_IN_TEXT, SEARCH_IN_ANY_FORM, true, SEARCH_IN_HEAD},
    {SEARCH_IN_TEXT, SEARCH_IN_ANY_FORM, false, SEARCH_IN_TEXT},
    {SEARCH_IN_TEXT, SEARCH_IN_ANY_READING, false, SEARCH_IN_TEXT},
};
#define LAST_RUNG (RUNG_COUNT - 1) /* For want of better ones. */
#define RUNG_COUNT ((unsigned)(sizeof RUNGS / sizeof RUNGS[0]))
#define RELAXED RUNG_COUNT
#define RUNGS_IN_ALL (RUNG_COUNT + 1)

/* One word that is in the title or the head too was found on the rung of those that are there in any form. */
static bool is_found_before(unsigned rung, size_t wanted)
{
    return RUNGS[rung].has_any && wanted == 1;
}

static enum err climb_down(struct search *s, struct index *index)
{
    size_t wanted = search_plan_wanted(&s->plan);
    enum err err = ERR_OK;

    for (unsigned i = 0; !err && i < RUNG_COUNT && s->count < (i == LAST_RUNG ? RELAX_BELOW : s->limit); i++)
        if (!is_found_before(i, wanted))
            err = gather(s, index, i, search_match_write(&s->plan, &RUNGS[i], &s->expression));
    return err;
}

/* ---- some of the words ---- */

/* Documents by what they have of the question: a rare word weighs more than a common one, and more in the head. */
struct tally {
    struct candidate at[SEARCH_CANDIDATES_MAX]; /* `rung` is the weight. */
    size_t count;
};

static void weigh(struct tally *tally, uint64_t number, unsigned weight)
{
    for (size_t i = 0; i < tally->count; i++)
        if (tally->at[i].number == number) {
            tally->at[i].rung += weight;
            return;
        }
    if (tally->count < SEARCH_CANDIDATES_MAX)
        tally->at[tally->count++] = (struct candidate){.number = number, .rung = weight};
}

static enum err weigh_unit(struct search *s, struct index *index, size_t unit, enum search_where where,
                           struct tally *tally)
{
    uint64_t numbers[RELAXED_MAX];
    size_t count = 0;
    enum err err = search_match_write_unit(&s->plan, unit, where, &s->expression);

    if (!err)
        err = index_search_find(index, (const char *)s->expression.at, RELAXED_MAX, numbers, &count);
    for (size_t i = 0; i < count; i++)
        weigh(tally, numbers[i], 1 + (unsigned)(RELAXED_MAX / count));
    buffer_clear(&s->expression);
    return err;
}

static int heavier_first(const void *a, const void *b)
{
    const struct candidate *one = a, *other = b;

    if (one->rung != other->rung)
        return one->rung > other->rung ? -1 : 1;
    return one->number > other->number ? -1 : one->number < other->number;
}

/* Behind what has all words, those come that have the most of them. */
static enum err relax(struct search *s, struct index *index, struct search_outcome *outcome)
{
    struct tally tally = {.count = 0};
    size_t before = s->count;
    enum err err = ERR_OK;

    if (search_plan_wanted(&s->plan) < 2)
        return ERR_OK;
    for (size_t i = 0; i < s->plan.count && !err; i++)
        if (search_unit_is_wanted(&s->plan, &s->plan.units[i]) && !s->plan.units[i].is_phrase &&
            !(err = weigh_unit(s, index, i, SEARCH_IN_TEXT, &tally)))
            err = weigh_unit(s, index, i, SEARCH_IN_HEAD, &tally);
    qsort(tally.at, tally.count, sizeof tally.at[0], heavier_first);
    for (size_t i = 0; !err && i < tally.count && s->count < s->limit; i++)
        if (tally.at[i].rung * 4 >= tally.at[0].rung && !is_known(s, tally.at[i].number))
            s->candidates[s->count++] = (struct candidate){.number = tally.at[i].number, .rung = RELAXED};
    outcome->is_relaxed = before == 0 && s->count > 0;
    return err;
}

static enum err find_candidates(struct search *s, struct index *index, struct search_outcome *outcome)
{
    enum err err = climb_down(s, index);
    bool respelt = false;

    if (!err && s->count == 0 && search_plan_wanted(&s->plan) > 0) {
        err = search_spell(&s->plan, index, s->asked, outcome->respelt, sizeof outcome->respelt, &respelt);
        outcome->is_respelt = respelt;
        if (!err && respelt)
            err = climb_down(s, index);
    }
    if (!err && s->count < RELAX_BELOW)
        err = relax(s, index, outcome);
    return err;
}

/* ---- hits ---- */

struct walk {
    struct search *s;
    struct archive *archive;
    const struct search_question *question;
    search_hit_fn *each;
    void *context;
    const struct candidate *candidate;
    struct sha1 name;      /* Of its text. */
    size_t accepted, read; /* Texts that were. */
    bool has_phrases;
};

static bool has_phrases(const struct search_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->units[i].is_phrase)
            return true;
    return false;
}

/* The file of a revision; empty while it is not here. */
static struct bytes read_file(struct walk *w, const struct id *revision)
{
    struct search *s = w->s;
    const struct content_file *file = NULL;

    buffer_clear(&s->packed);
    w->read++;
    if (archive_read_text(w->archive, &w->name, &s->packed) == ERR_OK)
        return buffer_bytes(&s->packed);
    buffer_clear(&s->packed);
    if (archive_read_listed(w->archive, revision, &s->packed) == ERR_OK &&
        content_open(buffer_bytes(&s->packed), &s->content) == ERR_OK)
        file = content_find(&s->content, CONTENT_DOCUMENT);
    return file ? file->bytes : bytes_of(NULL, 0);
}

/* Its Markdown, behind the front matter. */
static struct bytes read_text(struct walk *w, const struct id *revision)
{
    struct bytes file = read_file(w, revision), text = file, line;

    if (!text_take(&text, '\n', &line) || !bytes_equal(line, bytes_text("---")))
        return file;
    while (text_take(&text, '\n', &line))
        if (bytes_equal(line, bytes_text("---")))
            return text;
    return file;
}

static bool has_all_phrases(const struct walk *w, const struct index_revision *revision, struct bytes text)
{
    const struct search_plan *plan = &w->s->plan;

    for (size_t i = 0; i < plan->count; i++) {
        const struct search_unit *unit = &plan->units[i];

        if (unit->is_phrase && unit->field == SEARCH_ANYWHERE &&
            (snippet_has_phrase(unit, text) || snippet_has_phrase(unit, revision->title)) == unit->is_excluded)
            return false;
    }
    return true;
}

static bool is_wanted(const struct walk *w, const struct index_revision *revision)
{
    const struct search_plan *plan = &w->s->plan;

    return id_equal(&revision->revision, &revision->judged.revision) && !revision->judged.erased &&
           !(w->question->without_kibbutz && revision->audience == ACT_FOR_KIBBUTZ) &&
           (!plan->has_states || (plan->states & 1u << revision->judged.state) != 0);
}

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct walk *w = context;
    struct search_hit hit = {.revision = revision, .score = 1 - (double)w->candidate->rung / (double)RUNGS_IN_ALL};
    struct bytes text = {0};
    size_t place = w->accepted;

    if (!is_wanted(w, revision))
        return ERR_OK;
    bool is_shown = place >= w->question->offset && place < w->question->offset + w->question->limit;
    if (is_shown || w->has_phrases)
        text = read_text(w, &revision->revision);
    if (w->has_phrases && !has_all_phrases(w, revision, text))
        return ERR_OK;
    w->accepted++;
    if (!is_shown)
        return ERR_OK;
    snippet_make(&w->s->plan, w->s->read, text, &hit.snippet);
    hit.title_mark_count = snippet_mark_line(&w->s->plan, w->s->read, revision->title, hit.title_marks);
    return w->each(w->context, &hit);
}

/* One more than is shown is looked at, to know whether there are more. */
static enum err walk(struct walk *w, struct index *index, struct search_outcome *outcome)
{
    struct search *s = w->s;
    enum err err = ERR_OK;
    size_t i;

    for (i = 0; !err && i < s->count && w->accepted <= w->question->offset + w->question->limit; i++) {
        if (w->has_phrases && w->read == SEARCH_VERIFIED_MAX)
            break;
        w->candidate = &s->candidates[i];
        err = index_search_revision(index, w->candidate->number, &w->name, take_revision, w);
        if (err == ERR_MISSING)
            err = ERR_OK;
    }
    outcome->count = w->accepted + (w->has_phrases ? 0 : s->count - i);
    outcome->has_more = s->is_full || (w->has_phrases && i < s->count);
    return err;
}

/* Filters that were not typed are read like those that were. */
static void add_filters(struct search_query *query, const struct search_question *question)
{
    for (int field = SEARCH_ANYWHERE + 1; field < SEARCH_FIELDS; field++)
        if (search_query_has_word(question->filters[field]) && query->count < SEARCH_PARTS_MAX)
            query->parts[query->count++] =
                (struct search_part){.field = (enum search_field)field, .text = question->filters[field]};
}

enum err search_ask(struct search *s, struct index *index, struct archive *archive,
                    const struct search_question *question, search_hit_fn *each, void *context,
                    struct search_outcome *outcome)
{
    struct walk w = {.s = s, .archive = archive, .question = question, .each = each, .context = context};
    struct search_query query;
    bool own;

    *outcome = (struct search_outcome){.count = 0};
    s->count = 0;
    s->is_full = false;
    refresh_words(s);
    search_query_read(question->words, &query);
    add_filters(&query, question);
    if (query.count == 0)
        return ERR_OK;
    enum err err = search_plan_make(&s->plan, &query, s->asked, &s->sets, question->names);
    w.has_phrases = has_phrases(&s->plan);
    s->limit = w.has_phrases || s->plan.has_states ? SEARCH_CANDIDATES_MAX : ENOUGH;
    index_search_hold(index, &own);
    if (!err)
        err = find_candidates(s, index, outcome);
    if (!err)
        err = walk(&w, index, outcome);
    index_search_release(index, own);
    return err;
}
