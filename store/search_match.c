/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_match.h"

#include "store/tokenizer.h"

/* Terms hold letters, digits, '/' and the marks of the tokenizer: no quotation mark, and no zero. */
static void write_term(struct buffer *out, enum tokenizer_section field, const char *mark, struct bytes term)
{
    buffer_text(out, "\"");
    if (field != TOKENIZER_TEXT)
        buffer_u8(out, (uint8_t)field);
    buffer_text(out, mark);
    buffer_add(out, term);
    buffer_text(out, "\"");
}

static void write_keys(struct buffer *out, enum tokenizer_section field, const char *mark, enum search_how how,
                       const struct terms_word *word)
{
    size_t count = word->is_base && how != SEARCH_IN_ANY_READING ? 1 : word->key_count;

    for (size_t i = 0; i < count; i++) {
        buffer_text(out, i > 0 ? " OR " : "");
        write_term(out, field, mark, word->keys[i]->name);
    }
}

/* A word whose form is a key of its own has no other term for it. */
static void write_bare_keys(struct buffer *out, enum tokenizer_section field, enum search_how how,
                            const struct terms_word *word)
{
    size_t count = word->is_base && how != SEARCH_IN_ANY_READING ? 1 : word->key_count;

    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(word->keys[i]->name, word->form))
            continue;
        buffer_text(out, " OR ");
        write_term(out, field, "", word->keys[i]->name);
    }
}

static void write_word(struct buffer *out, enum tokenizer_section field, enum search_how how,
                       const struct terms_word *word)
{
    if (how == SEARCH_AS_TYPED || word->key_count == 0) {
        write_term(out, field, "", word->form);
        return;
    }
    buffer_text(out, "(");
    if (how == SEARCH_OFTEN) {
        write_keys(out, TOKENIZER_TEXT, "+", how, word);
    } else {
        write_term(out, field, "", word->form);
        buffer_text(out, " OR ");
        write_keys(out, field, "=", how, word);
        write_bare_keys(out, field, how, word);
    }
    buffer_text(out, ")");
}

static void write_choice(struct buffer *out, enum tokenizer_section field, enum search_how how,
                         const struct search_choice *choice)
{
    if (choice->facet[0] != '\0') {
        write_term(out, TOKENIZER_TEXT, "~", bytes_text(choice->facet));
        return;
    }
    buffer_text(out, "(");
    for (size_t i = 0; i < choice->count; i++) {
        buffer_text(out, i > 0 ? " AND " : "");
        write_word(out, field, how, choice->words[i]);
    }
    buffer_text(out, ")");
}

/* A phrase is what was typed, and its words may carry prefixes: that is looked up in the text (store/snippet.h). */
static void write_unit(struct buffer *out, enum tokenizer_section field, enum search_how how,
                       const struct search_unit *unit)
{
    buffer_text(out, "(");
    for (size_t i = 0; i < unit->count; i++) {
        buffer_text(out, i > 0 ? " OR " : "");
        write_choice(out, field, how, &unit->choices[i]);
    }
    buffer_text(out, ")");
}

static enum tokenizer_section field_of(enum search_where where)
{
    return where == SEARCH_IN_TITLE ? TOKENIZER_TITLE : where == SEARCH_IN_HEAD ? TOKENIZER_HEAD : TOKENIZER_TEXT;
}

static enum tokenizer_section field_of_filter(const struct search_unit *unit)
{
    return unit->field == SEARCH_BODY     ? TOKENIZER_BODY
           : unit->field == SEARCH_PERSON ? TOKENIZER_PEOPLE
                                          : TOKENIZER_TEXT;
}

static void write_filters(struct buffer *out, const struct search_plan *plan, bool *first)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct search_unit *unit = &plan->units[i];

        if (unit->field == SEARCH_ANYWHERE || unit->is_excluded)
            continue;
        buffer_text(out, *first ? "" : " AND ");
        write_unit(out, field_of_filter(unit), SEARCH_IN_ANY_FORM, unit);
        *first = false;
    }
}

static void write_excluded(struct buffer *out, const struct search_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct search_unit *unit = &plan->units[i];

        if (!unit->is_excluded || unit->is_phrase)
            continue;
        buffer_text(out, " NOT ");
        write_unit(out, field_of_filter(unit), SEARCH_IN_ANY_FORM, unit);
    }
}

static void write_any(struct buffer *out, const struct search_plan *plan, enum search_where where)
{
    bool first = true;

    buffer_text(out, "(");
    for (size_t i = 0; i < plan->count; i++) {
        if (!search_unit_is_wanted(plan, &plan->units[i]))
            continue;
        buffer_text(out, first ? "" : " OR ");
        write_unit(out, field_of(where), SEARCH_IN_ANY_FORM, &plan->units[i]);
        first = false;
    }
    buffer_text(out, ")");
}

/* Where nothing is asked for, everything is. */
static void begin(struct buffer *out)
{
    buffer_text(out, "(");
}

static enum err finish(struct buffer *out, const struct search_plan *plan, bool first)
{
    write_filters(out, plan, &first);
    if (first)
        write_term(out, TOKENIZER_TEXT, "~", bytes_text(SEARCH_TEXT_EVERYTHING));
    buffer_text(out, ")");
    write_excluded(out, plan);
    buffer_u8(out, 0);
    return buffer_error(out);
}

enum err search_match_write(const struct search_plan *plan, const struct search_rung *rung, struct buffer *out)
{
    bool first = true;

    begin(out);
    for (size_t i = 0; i < plan->count; i++) {
        const struct search_unit *unit = &plan->units[i];

        if (!search_unit_is_wanted(plan, unit))
            continue;
        buffer_text(out, first ? "" : " AND ");
        write_unit(out, field_of(rung->all_where),
                   unit->is_phrase && rung->all_how == SEARCH_AS_TYPED ? SEARCH_IN_ANY_FORM : rung->all_how, unit);
        first = false;
    }
    if (rung->has_any && !first) {
        buffer_text(out, " AND ");
        write_any(out, plan, rung->any_where);
    }
    return finish(out, plan, first);
}

enum err search_match_write_unit(const struct search_plan *plan, size_t unit, enum search_where where,
                                 struct buffer *out)
{
    begin(out);
    write_unit(out, field_of(where), SEARCH_IN_ANY_FORM, &plan->units[unit]);
    return finish(out, plan, false);
}

enum err search_match_write_form(struct bytes form, struct bytes skeleton, struct buffer *out)
{
    write_term(out, TOKENIZER_TEXT, "", form);
    if (skeleton.len > 0) {
        buffer_text(out, " OR ");
        write_term(out, TOKENIZER_TEXT, "", skeleton);
        buffer_text(out, " OR ");
        write_term(out, TOKENIZER_TEXT, "=", skeleton);
    }
    buffer_u8(out, 0);
    return buffer_error(out);
}
