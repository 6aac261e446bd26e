/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Questions to an archive with its index, from the published text to the answer. */

#include "store/search.h"

#include "store/archive.h"
#include "store/index_search.h"
#include "store/search_match.h"
#include "store/search_spell.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DOCUMENTS_MAX 64
static const struct sha1 NO_NAME; /* Of a text that is not to be read. */

struct world {
    struct home directory;
    char home[160];
    struct id network;
    struct scribe scribe;
    struct archive *archive;
    struct index *index;
    struct search *search;
    struct id published[DOCUMENTS_MAX];
    size_t count;
    struct search_question question;
    struct search_outcome outcome;
    char found[200];   /* The numbers of those that were found, in order. */
    char snippet[500]; /* Of the last of them. */
};

static void open_index(struct world *w)
{
    index_close(w->index);
    assert_int_equal(index_open(home_file(&w->directory, "home/index.sqlite"), false, &w->index, NULL), ERR_OK);
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->directory = home_make();
    (void)snprintf(w->home, sizeof w->home, "%s/home", w->directory.path);
    w->network = id_hash(ID_NETWORK, bytes_text("search"));
    scribe_begin(&w->scribe, &w->network, 1, ROLE_COORDINATOR);
    assert_int_equal(archive_create(w->home, &w->network), ERR_OK);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->archive), ERR_OK);
    w->search = search_new(w->home);
    assert_non_null(w->search);
    w->question = (struct search_question){.limit = 20};
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    search_free(w->search);
    index_close(w->index);
    archive_close(w->archive);
    home_remove(&w->directory);
    free(w);
    return 0;
}

static void publish(struct world *w, const char *text)
{
    struct scribe_item made;

    scribe_publish(&w->scribe, bytes_text(text), &made);
    assert_int_equal(archive_append(w->archive, &made.item, 1), ERR_OK);
    assert_true(w->count < DOCUMENTS_MAX);
    w->published[w->count++] = made.item.head.entry;
    scribe_item_free(&made);
}

static enum err note_hit(void *context, const struct search_hit *hit)
{
    struct world *w = context;
    size_t len = strlen(w->found);

    assert_true(hit->score > 0 && hit->score <= 1);
    (void)snprintf(w->snippet, sizeof w->snippet, "%s", hit->snippet.text);
    for (size_t i = 0; i < w->count; i++)
        if (id_equal(&w->published[i], &hit->revision->document))
            (void)snprintf(w->found + len, sizeof w->found - len, "%s%zu", len > 0 ? " " : "", i + 1);
    return ERR_OK;
}

/* What a question finds: "1 2" are the first and the second that were published, the best first. */
static const char *find(struct world *w, const char *words)
{
    if (!w->index)
        open_index(w);
    w->found[0] = '\0';
    w->question.words = bytes_text(words);
    assert_int_equal(search_ask(w->search, w->index, w->archive, &w->question, note_hit, w, &w->outcome), ERR_OK);
    return w->found;
}

static void words_are_found_in_their_forms(void **state)
{
    struct world *w = *state;

    publish(w, "# ישיבה\n\nהוחלט באסיפות האחרונות לתקן את הַגָּדֵר.");
    publish(w, "# מכתב\n\nדנו בזה בתק״צ ובקבוצים אחרים.");
    assert_string_equal(find(w, "אסיפה"), "1");
    assert_string_equal(find(w, "אספה"), "1");
    assert_string_equal(find(w, "הגדר"), "1");
    assert_string_equal(find(w, "תק\"צ"), "2");
    assert_string_equal(find(w, "קיבוץ"), "2");
    assert_string_equal(find(w, "חלב"), "");
}

static void titles_come_first_then_typed_forms_then_others(void **state)
{
    struct world *w = *state;

    publish(w, "# מכסת מים\n\nדיון.");
    publish(w, "# אחר\n\nעל מכסת מים דובר.");
    publish(w, "# שונה\n\nעל המכסות של המים דובר.");
    publish(w, "# רביעי\n\nשום דבר.");
    assert_string_equal(find(w, "מכסת מים"), "1 2 3");
}

static void the_newest_of_a_kind_comes_first(void **state)
{
    struct world *w = *state;

    publish(w, "# א\n\nתקציב.");
    publish(w, "# ב\n\nתקציב.");
    publish(w, "# ג\n\nתקציב.");
    assert_string_equal(find(w, "תקציב"), "3 2 1");
    w->question.limit = 1;
    assert_string_equal(find(w, "תקציב"), "3");
    assert_int_equal(w->outcome.count, 3);
    w->question.offset = 1;
    assert_string_equal(find(w, "תקציב"), "2");
    w->question.offset = 3;
    assert_string_equal(find(w, "תקציב"), "");
}

static void phrases_and_exclusions(void **state)
{
    struct world *w = *state;

    publish(w, "# א\n\nישיבת ועד הנהלה.");
    publish(w, "# ב\n\nועד מקומי, והנהלה חדשה. הנהלה ועד.");
    assert_string_equal(find(w, "\"ועד הנהלה\""), "1");
    assert_string_equal(find(w, "הנהלה -מקומי"), "1");
    assert_string_equal(find(w, "הנהלה -\"ועד הנהלה\""), "2");
    assert_string_equal(find(w, "-מקומי"), "1");
}

static void heads_can_be_asked(void **state)
{
    struct world *w = *state;

    publish(w,
            "---\ntitle: סיכום\nkind: minutes\nbody: ועדת מים\nnumber: 9/18\ndate: 2018-05-01\npresent:\n  - דנה לוי\n"
            "contacts:\n  - name: יוסי כהן\n    phone: 050-1234567\n---\n\nטקסט.");
    publish(w, "---\ntitle: החלטה\nkind: decision\ndate: 2020-01-01\n---\n\nדנה לוי אמרה.");
    assert_string_equal(find(w, "9/18"), "1");
    assert_string_equal(find(w, "kind:minutes"), "1");
    assert_string_equal(find(w, "סוג:החלטה"), "2");
    assert_string_equal(find(w, "year:2018"), "1");
    assert_string_equal(find(w, "person:דנה"), "1");
    assert_string_equal(find(w, "דנה"), "1 2");
    assert_string_equal(find(w, "body:מים"), "1");
    assert_string_equal(find(w, "0501234567"), "1");
    assert_string_equal(find(w, "1.5.18"), "1");
    assert_string_equal(find(w, "state:withdrawn"), "");
    assert_string_equal(find(w, "state:proposed"), "2 1");
    w->question.filters[SEARCH_YEAR] = bytes_text("2020");
    assert_string_equal(find(w, "דנה"), "2");
    assert_string_equal(find(w, ""), "2");
    for (int field = SEARCH_ANYWHERE + 1; field < SEARCH_FIELDS; field++) /* What has no word asks for nothing. */
        w->question.filters[field] = bytes_text("---");
    assert_string_equal(find(w, "דנה"), "1 2");
    assert_string_equal(find(w, "---"), "");
}

static void kibbutzim_and_people_are_found_by_name(void **state)
{
    struct world *w = *state;
    struct search_name names[] = {{.name = bytes_text("גבעת ארנון"), .is_kibbutz = true},
                                  {.name = bytes_text("נעמה ברקאי")}};

    publish(w, "# א\n\nטקסט.");
    names[0].id = w->scribe.head.kibbutz;
    names[1].id = w->scribe.head.log;
    w->question.names = (struct search_names){.at = names, .count = 2};
    assert_string_equal(find(w, "נעמה"), "1");
    assert_string_equal(find(w, "קיבוץ:\"גבעת ארנון\""), "1");
    assert_string_equal(find(w, "person:ברקאי טקסט"), "1");
    names[1].id = w->scribe.head.entry;
    assert_string_equal(find(w, "נעמה"), "");
    assert_string_equal(w->outcome.respelt, "");
}

static void a_word_may_be_missing_or_misspelt(void **state)
{
    struct world *w = *state;

    publish(w, "# א\n\nבחירת רפרנטית לתחבורה ציבורית.");
    assert_string_equal(find(w, "רפרנטית תחבורה דווקאות"), "1");
    assert_true(w->outcome.is_relaxed);
    assert_string_equal(find(w, "רפרמטית"), "1");
    assert_true(w->outcome.is_respelt);
    assert_string_equal(w->outcome.respelt, "רפרנטית");
    assert_string_equal(find(w, "תחבורה"), "1");
    assert_false(w->outcome.is_relaxed || w->outcome.is_respelt);
}

static void the_list_of_words_counts_at_once(void **state)
{
    struct world *w = *state;

    publish(w, "# א\n\nנדרשת חוות דעת משפטית על החדכון.");
    assert_string_equal(find(w, "חוה\"ד"), "1");
    assert_string_equal(find(w, "זבזבון"), "");
    home_write(home_file(&w->directory, "home/words.txt"), bytes_text("זבזבון = חדכון\n"));
    assert_string_equal(find(w, "זבזבון"), "1");
}

static void nothing_typed_is_an_error(void **state)
{
    static const char *const typed[] = {
        "",         "\"",       "*",          "OR",          "NOT",       "a AND",   "NEAR(\"a\" 3)",
        "col:",     "-",        "(((",        "\"a\"\"",     "title : x", "^a",      "a*",
        "\xff\xfe", "\"\xff\"", "kind:kind:", "-kind:",      "state:",    "year:-1", "~all",
        "''''''",   "א\"",      "- - -",      "-\"א ב\" -ג", "{a b}:c",   "a+b",     "\"a\" + \"b\""};
    struct world *w = *state;

    publish(w, "# א\n\na b c");
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        (void)find(w, typed[i]);
    assert_string_equal(find(w, "b"), "1");
}

/* Of many, a page is made of the newest, and it says that there are more. */
static void common_words_are_looked_at_to_a_limit(void **state)
{
    struct world *w = *state;
    struct index *index;
    struct id revision = {{1}};

    publish(w, "# א\n\nמים");
    archive_close(w->archive);
    assert_int_equal(index_open(home_file(&w->directory, "home/index.sqlite"), true, &index, NULL), ERR_OK);
    assert_int_equal(index_begin(index), ERR_OK);
    for (uint64_t i = 0; i < 2 * SEARCH_CANDIDATES_MAX; i++) {
        revision.at[1] = (uint8_t)(i >> 8);
        revision.at[2] = (uint8_t)i;
        assert_int_equal(index_search_add(index, &revision, i << 40, &NO_NAME, bytes_text("\x03\xee\xe9\xee")), ERR_OK);
    }
    assert_int_equal(index_commit(index), ERR_OK);
    index_close(index);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->archive), ERR_OK);
    (void)find(w, "מים");
    assert_true(w->outcome.has_more);
    (void)find(w, "א");
    assert_false(w->outcome.has_more);
}

/* Another means of making terms makes them all anew, from the archive. */
static void a_dictionary_that_comes_makes_the_index_anew(void **state)
{
    struct world *w = *state;
    struct index *index;
    enum index_search_means means;
    uint64_t behind;

    publish(w, "# א\n\nמים");
    assert_string_equal(find(w, "מים"), "1");
    index_close(w->index);
    w->index = NULL;
    archive_close(w->archive);
    assert_int_equal(index_open(home_file(&w->directory, "home/index.sqlite"), true, &index, NULL), ERR_OK);
    assert_int_equal(index_search_means(index, &means), ERR_OK);
    assert_true(means == INDEX_SEARCH_DICTIONARY || means == INDEX_SEARCH_GUESSES);
    assert_int_equal(index_search_clear(index), ERR_OK);
    assert_int_equal(index_search_set_means(index, INDEX_SEARCH_DICTIONARY + INDEX_SEARCH_GUESSES - means), ERR_OK);
    assert_int_equal(index_search_behind(index, &behind), ERR_OK);
    assert_int_equal(behind, 1);
    index_close(index);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->archive), ERR_OK);
    assert_string_equal(find(w, "מים"), "1");
    assert_int_equal(index_search_behind(w->index, &behind), ERR_OK);
    assert_int_equal(behind, 0);
}

static enum err take_any(void *context, const struct index_revision *revision)
{
    (void)revision;
    *(bool *)context = true;
    return ERR_OK;
}

/* Instead of what was noted of it, under the words "מים". */
static void note_anew(struct world *w, const struct sha1 *name)
{
    struct index *index;

    index_close(w->index);
    w->index = NULL;
    archive_close(w->archive);
    assert_int_equal(index_open(home_file(&w->directory, "home/index.sqlite"), true, &index, NULL), ERR_OK);
    assert_int_equal(index_search_clear(index), ERR_OK);
    assert_int_equal(index_search_add(index, &w->published[0], 1, name, bytes_text("\x03\xee\xe9\xee")), ERR_OK);
    index_close(index);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &w->archive), ERR_OK);
}

static void a_text_is_read_by_its_name_and_else_by_its_entry(void **state)
{
    struct world *w = *state;
    const char *text = "# באר\n\nנמדדו המים בבאר.";
    struct sha1 name, of_text = sha1_of_object("blob", bytes_text(text)), of_other;
    uint64_t number;
    size_t count;
    bool taken = false;

    publish(w, text);
    publish(w, "# אחר\n\nאין כאן דבר.");
    of_other = sha1_of_object("blob", bytes_text("# אחר\n\nאין כאן דבר."));
    assert_string_equal(find(w, "המים"), "1");
    assert_non_null(strstr(w->snippet, "נמדדו המים"));
    assert_int_equal(index_search_find(w->index, "\"\xe4\xee\xe9\xee\"", 1, &number, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(index_search_revision(w->index, number, &name, take_any, &taken), ERR_OK);
    assert_true(taken);
    assert_memory_equal(name.at, of_text.at, SHA1_LEN);
    note_anew(w, &NO_NAME);
    assert_string_equal(find(w, "מים"), "1");
    assert_non_null(strstr(w->snippet, "נמדדו המים"));
    note_anew(w, &of_other); /* It is the name that is read: nothing else is looked up. */
    assert_string_equal(find(w, "מים"), "1");
    assert_non_null(strstr(w->snippet, "אין כאן דבר"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(words_are_found_in_their_forms),
        TEST(titles_come_first_then_typed_forms_then_others),
        TEST(a_text_is_read_by_its_name_and_else_by_its_entry),
        TEST(the_newest_of_a_kind_comes_first),
        TEST(phrases_and_exclusions),
        TEST(heads_can_be_asked),
        TEST(kibbutzim_and_people_are_found_by_name),
        TEST(a_word_may_be_missing_or_misspelt),
        TEST(the_list_of_words_counts_at_once),
        TEST(nothing_typed_is_an_error),
        TEST(common_words_are_looked_at_to_a_limit),
        TEST(a_dictionary_that_comes_makes_the_index_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
