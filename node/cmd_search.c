/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/i18n.h"
#include "node/name_book.h"
#include "node/output.h"
#include "node/summary.h"
#include "proto/text.h"
#include "store/dictionary.h"
#include "store/search.h"

#define LIMIT_DEFAULT 20

struct asking {
    struct office office;
    struct search *search;
    struct name_book book;
    struct search_question question;
    struct buffer words; /* All arguments in one line. */
    const char *filters[SEARCH_FIELDS];
    const char *limit, *offset;
    bool list_words;
};

/* ---- answers ---- */

static struct output_json *write_marks(const struct snippet_mark marks[], size_t count)
{
    struct output_json *list = output_json_list();

    for (size_t i = 0; i < count; i++) {
        struct output_json *mark = output_json_object();

        output_json_number(mark, "at", marks[i].at);
        output_json_number(mark, "len", marks[i].len);
        output_json_add(list, mark);
    }
    return list;
}

static void print_json(struct office *o, const struct search_hit *hit)
{
    struct output_json *json = output_json_object();

    summary_write(o, hit->revision, json);
    output_json_bytes(json, "snippet", bytes_of(hit->snippet.text, hit->snippet.len));
    output_json_put(json, "snippet_marks", write_marks(hit->snippet.marks, hit->snippet.mark_count));
    output_json_put(json, "title_marks", write_marks(hit->title_marks, hit->title_mark_count));
    output_json_real(json, "score", hit->score);
    output_json_print(json);
}

/* Runs of the text, what was found in bold where there is a terminal for it. */
static void print_marked(struct bytes text, const struct snippet_mark marks[], size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        output_text(bytes_of(text.at + at, marks[i].at - at));
        output_emphasis(true);
        output_text(bytes_of(text.at + marks[i].at, marks[i].len));
        output_emphasis(false);
        at = marks[i].at + marks[i].len;
    }
    output_text(bytes_from(text, at));
}

static void print_words(struct office *o, const struct search_hit *hit)
{
    const struct index_revision *revision = hit->revision;
    char document[ID_TEXT_LEN + 1], date[SUMMARY_DATE_LEN + 1];
    const char *state = summary_words(revision);

    id_to_text(&revision->document, document);
    summary_date(revision, date);
    output_line("%.12s  %s  ", document, date);
    print_marked(revision->title, hit->title_marks, hit->title_mark_count);
    output_line("  %s, %s", office_kibbutz_name(o, &revision->kibbutz), office_key_name(o, &revision->log));
    if (strcmp(state, "published") != 0)
        output_line("  [%s]", _(state));
    output_line("\n    ");
    if (hit->snippet.len > 0)
        print_marked(bytes_of(hit->snippet.text, hit->snippet.len), hit->snippet.marks, hit->snippet.mark_count);
    else
        output_line("[%s]", _("its text has not come yet"));
    output_line("\n");
}

static enum err print_hit(void *context, const struct search_hit *hit)
{
    struct asking *a = context;

    if (command_options()->json)
        print_json(&a->office, hit);
    else
        print_words(&a->office, hit);
    return ERR_OK;
}

static void tell_outcome(const struct asking *a, const struct search_outcome *outcome)
{
    if (outcome->is_respelt)
        output_note(_("no document has a word as it was typed: '%s' was looked for as well"), outcome->respelt);
    if (outcome->is_relaxed)
        output_note(_("no document has all of the words: these have some of them"));
    if (!dictionary_is_here())
        output_note(_("the Hebrew dictionary is not on this machine: other forms of a word are guessed; the package "
                      "'hspell' has it"));
    if (command_options()->json)
        return;
    if (outcome->count == 0)
        output_note(_("no document was found; fewer words find more"));
    else if (outcome->has_more || outcome->count > a->question.offset + a->question.limit)
        output_note(_("there are more; --offset %zu shows the next"), a->question.offset + a->question.limit);
}

/* ---- the question ---- */

static bool read_number(const char *text, const char *flag, size_t least, size_t *number)
{
    uint64_t value;

    if (text == NULL)
        return true;
    if (text_to_number(bytes_text(text), &value) && value >= least && value <= SEARCH_CANDIDATES_MAX) {
        *number = (size_t)value;
        return true;
    }
    output_error(_("--%s needs a number from %zu to %d"), flag, least, SEARCH_CANDIDATES_MAX);
    return false;
}

static bool read_question(struct asking *a, int argc, char **argv)
{
    bool has_filter = false;

    a->words = BUFFER(KIB(64));
    a->question.limit = LIMIT_DEFAULT;
    for (int i = 1; i < argc; i++) {
        buffer_text(&a->words, i > 1 ? " " : "");
        buffer_text(&a->words, argv[i]);
    }
    for (int field = SEARCH_ANYWHERE + 1; field < SEARCH_FIELDS; field++)
        if (a->filters[field] != NULL) {
            a->question.filters[field] = bytes_text(a->filters[field]);
            has_filter = true;
        }
    a->question.words = buffer_bytes(&a->words);
    if (!read_number(a->limit, "limit", 1, &a->question.limit) ||
        !read_number(a->offset, "offset", 0, &a->question.offset))
        return false;
    if (argc > 1 || has_filter || a->list_words)
        return true;
    output_error(_("what is to be searched for?"));
    output_hint(_("'igum search WORDS'; 'igum search --help' tells more"));
    return false;
}

static int gather_names(struct asking *a)
{
    struct roster roster = {.keys = {.at = NULL}};
    struct names *names = NULL;
    enum err err;

    if (a->office.trust == NULL)
        return COMMAND_OK;
    if ((err = roster_take(&roster, a->office.trust)) == ERR_OK &&
        (names = names_new(a->office.archive, &roster)) == NULL)
        err = ERR_MEMORY;
    if (err == ERR_OK)
        err = name_book_fill(&a->book, &roster, names);
    names_free(names);
    roster_free(&roster);
    if (err)
        return office_fail(err, _("the names cannot be read"), NULL);
    a->question.names = name_book_names(&a->book);
    return COMMAND_OK;
}

static int ask(struct asking *a)
{
    struct search_outcome outcome;
    int code = office_open_index(&a->office);
    enum err err;

    if (code == COMMAND_OK)
        code = gather_names(a);
    if (code != COMMAND_OK)
        return code;
    if ((a->search = search_new(a->office.home)) == NULL)
        return office_fail(ERR_MEMORY, _("the search cannot begin"), NULL);
    err = search_ask(a->search, a->office.index, a->office.archive, &a->question, print_hit, a, &outcome);
    if (err)
        return office_fail(err, _("the index cannot be read"), index_reason(a->office.index));
    tell_outcome(a, &outcome);
    return COMMAND_OK;
}

/* ---- the list of words ---- */

static void print_set(const struct bytes words[], size_t count)
{
    struct output_json *json = command_options()->json ? output_json_object() : NULL, *list = NULL;

    if (json != NULL) {
        list = output_json_list();
        for (size_t i = 0; i < count; i++)
            output_json_add_bytes(list, words[i]);
        output_json_put(json, "words", list);
        output_json_print(json);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        output_line("%s", i > 0 ? " = " : "");
        output_text(words[i]);
    }
    output_line("\n");
}

static int list_words(const char *home)
{
    struct bytes words[WORD_LIST_WORDS_MAX];
    char path[FILES_PATH_SIZE];
    struct word_list *list;

    if (files_join(path, home, WORD_LIST_FILE) || (list = word_list_load(path)) == NULL)
        return office_fail(ERR_MEMORY, _("the list of words cannot be read"), NULL);
    for (size_t i = 0; i < word_list_count(list); i++)
        print_set(words, word_list_set(list, i, words));
    if (word_list_bad(list) > 0)
        output_note(_("lines of %s that are not understood: %zu"), path, word_list_bad(list));
    output_note(_("lines in %s add to this list; with a minus before them they take lines back"), path);
    word_list_free(list);
    return COMMAND_OK;
}

int cmd_search(int argc, char **argv)
{
    struct asking a = {.limit = NULL};
    const struct arguments_flag flags[] = {
        {"kind", NULL, &a.filters[SEARCH_KIND], NULL},
        {"kibbutz", NULL, &a.filters[SEARCH_KIBBUTZ], NULL},
        {"body", NULL, &a.filters[SEARCH_BODY], NULL},
        {"year", NULL, &a.filters[SEARCH_YEAR], NULL},
        {"person", NULL, &a.filters[SEARCH_PERSON], NULL},
        {"state", NULL, &a.filters[SEARCH_STATE], NULL},
        {"limit", NULL, &a.limit, NULL},
        {"offset", NULL, &a.offset, NULL},
        {"words", &a.list_words, NULL, NULL},
    };
    int code = COMMAND_USAGE;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 1000))
        return COMMAND_USAGE;
    if (read_question(&a, argc, argv) && (code = office_open(&a.office, OFFICE_READ)) == COMMAND_OK) {
        code = a.list_words ? list_words(a.office.home) : ask(&a);
        search_free(a.search);
        name_book_free(&a.book);
        office_close(&a.office);
    }
    buffer_free(&a.words);
    return code;
}
