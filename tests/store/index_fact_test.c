/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/document.h"
#include "store/index.h"
#include "tests/support/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    struct home home;
    char path[200];
    struct index *index;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    assert_non_null(place);
    place->home = home_make();
    (void)snprintf(place->path, sizeof place->path, "%s/index.sqlite", place->home.path);
    assert_int_equal(index_open(place->path, true, &place->index, NULL), ERR_OK);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    index_close(place->index);
    home_remove(&place->home);
    free(place);
    return 0;
}

static struct id id_of(uint8_t kind, uint64_t number)
{
    struct id id = {0};

    id.at[0] = kind;
    for (int i = 0; i < 8; i++)
        id.at[ID_LEN - 1 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

static enum act_audience audience = ACT_FOR_NETWORK; /* Of what is added. */

/* Puts a revision with this text into the index, of kibbutz 1. */
static void add(struct place *place, uint64_t document, uint64_t revision, const char *text)
{
    struct document *read = NULL;
    struct minutes minutes = {.count = 0};

    assert_int_equal(document_read(bytes_text(text), &read), ERR_OK);
    if (read->front.kind == DOCUMENT_MINUTES)
        assert_int_equal(minutes_read(read->text, &minutes), ERR_OK);
    struct index_revision row = {.document = id_of(0xdd, document),
                                 .revision = id_of(0xdd, revision),
                                 .log = id_of(1, 0),
                                 .clock = revision << 16,
                                 .kibbutz = id_of(0xee, 1),
                                 .audience = audience,
                                 .title = read->front.title,
                                 .kind = bytes_text(document_kind_name(read->front.kind)),
                                 .number = read->front.number,
                                 .date = read->front.date,
                                 .body = read->front.body,
                                 .language = read->front.language,
                                 .front = &read->front,
                                 .minutes = &minutes};
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    minutes_free(&minutes);
    document_free(read);
}

static void judge(struct place *place, uint64_t document, uint64_t revision, enum trust_state state)
{
    struct trust_document judged = {
        .document = id_of(0xdd, document), .revision = id_of(0xdd, revision), .state = state};

    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
}

/* What iterations bring, as one text. */
struct seen {
    char text[2000];
};

static void note(struct seen *seen, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(struct seen *seen, const char *format, ...)
{
    size_t len = strlen(seen->text);
    va_list list;

    va_start(list, format);
    (void)vsnprintf(seen->text + len, sizeof seen->text - len, format, list);
    va_end(list);
}

#define TEXT(bytes) (int)(bytes).len, (bytes).len > 0 ? (const char *)(bytes).at : ""

static enum err see_part(void *context, bool is_decision, struct bytes text)
{
    note(context, "%s %.*s|", is_decision ? "d" : "a", TEXT(text));
    return ERR_OK;
}

static enum err see_book(void *context, const struct index_book *book)
{
    note(context, "%.*s %u: %u of %u, last %u|", TEXT(book->body), book->year, (unsigned)book->numbers,
         (unsigned)book->minutes, book->last);
    return ERR_OK;
}

static enum err see_title(void *context, const struct index_revision *revision)
{
    note(context, "%.*s|", TEXT(revision->title));
    return ERR_OK;
}

static enum err see_decision(void *context, const struct index_decision *decision)
{
    note(context, "%.*s: %.*s|", TEXT(decision->revision.title), TEXT(decision->text));
    return ERR_OK;
}

static enum err see_subject(void *context, struct bytes topic, uint64_t documents)
{
    note(context, "%.*s %u|", TEXT(topic), (unsigned)documents);
    return ERR_OK;
}

static enum err see_share(void *context, const struct id *kibbutz, uint64_t documents)
{
    note(context, "%u has %u|", kibbutz->at[ID_LEN - 1], (unsigned)documents);
    return ERR_OK;
}

static enum err see_person(void *context, const struct index_person *person)
{
    note(context, "%.*s, %.*s, %.*s, %.*s, %.*s: %.*s|", TEXT(person->name), TEXT(person->role), TEXT(person->kibbutz),
         TEXT(person->phone), TEXT(person->confirmed), TEXT(person->title));
    return ERR_OK;
}

#define MINUTES(number, title, text)                                                                                   \
    "---\ntitle: " title "\nkind: minutes\nbody: Board\nnumber: " number                                               \
    "\ndate: 2026-05-01\ntopics: [water]\n---\n" text

static void parts_of_minutes_are_kept_and_replaced(void **state)
{
    struct place *place = *state;
    struct id revision = id_of(0xdd, 1);
    struct seen seen = {""};

    add(place, 1, 1, MINUTES("1/26", "one", "## Pool\n\n**Decided:** to swim.\n"));
    assert_int_equal(index_each_part(place->index, &revision, see_part, &seen), ERR_OK);
    assert_string_equal(seen.text, "a Pool|d to swim.|");
    add(place, 1, 1, ""); /* Its content was erased. */
    seen = (struct seen){""};
    assert_int_equal(index_each_part(place->index, &revision, see_part, &seen), ERR_OK);
    assert_string_equal(seen.text, "");
}

static void books_count_the_numbers_that_they_have(void **state)
{
    struct place *place = *state;
    struct index_book book = {.kibbutz = id_of(0xee, 1), .body = bytes_text("Board"), .year = 2026};
    struct seen seen = {""}, minutes = {""}, other = {""};

    add(place, 1, 1, MINUTES("3/26", "three", ""));
    add(place, 2, 2, MINUTES("1/26", "one", ""));
    add(place, 3, 3, MINUTES("1/26", "one again", ""));
    add(place, 4, 4, MINUTES("", "without", ""));
    add(place, 5, 5, MINUTES("7/25", "old", ""));
    add(place, 6, 6, MINUTES("9/26", "void", ""));
    add(place, 7, 7, "---\ntitle: a decision\nkind: decision\nbody: Board\nnumber: 8/26\n---\n");
    judge(place, 6, 6, TRUST_NULL);
    assert_int_equal(index_each_book(place->index, see_book, &seen), ERR_OK);
    assert_string_equal(seen.text, "Board 2026: 2 of 4, last 3|Board 2025: 1 of 1, last 7|");
    assert_int_equal(index_each_minutes(place->index, &book, 0, see_title, &minutes), ERR_OK);
    assert_string_equal(minutes.text, "one|one again|three|without|");
    book.body = bytes_text("Committee");
    assert_int_equal(index_each_minutes(place->index, &book, 0, see_title, &other), ERR_OK);
    assert_string_equal(other.text, "");
}

static void decisions_come_from_documents_and_from_minutes(void **state)
{
    static const enum trust_state in_force = TRUST_IN_FORCE;
    struct place *place = *state;
    struct index_decision_filter filter = {.limit = 0};
    struct seen all = {""}, force = {""}, documents = {""}, second = {""}, water = {""}, none = {""};

    add(place, 1, 1, MINUTES("1/26", "meeting", "**Decided:** first.\n\n**Decided:** second.\n"));
    add(place, 2, 2, "---\ntitle: proposal\nkind: decision\nbody: Board\n---\n**Decided:** not counted twice\n");
    add(place, 3, 3, "---\ntitle: law\nkind: decision\nbody: Board\n---\n");
    add(place, 4, 4, "---\ntitle: know-how\nkind: knowledge\n---\n**Decided:** by a reader\n");
    add(place, 5, 5, "---\ntitle: void\nkind: decision\n---\n");
    judge(place, 1, 1, TRUST_IN_FORCE);
    judge(place, 2, 2, TRUST_PROPOSED);
    judge(place, 3, 3, TRUST_IN_FORCE);
    judge(place, 5, 5, TRUST_NULL);
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &all), ERR_OK);
    assert_string_equal(all.text, "meeting: first.|meeting: second.|law: |proposal: |"); /* The meeting has a date. */
    filter.state = &in_force;
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &force), ERR_OK);
    assert_string_equal(force.text, "meeting: first.|meeting: second.|law: |");
    filter.documents_only = true;
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &documents), ERR_OK);
    assert_string_equal(documents.text, "law: |");
    filter = (struct index_decision_filter){.limit = 2, .offset = 2};
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &second), ERR_OK);
    assert_string_equal(second.text, "law: |proposal: |");
    filter = (struct index_decision_filter){.topic = bytes_text("water"), .body = bytes_text("Board")};
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &water), ERR_OK);
    assert_string_equal(water.text, "meeting: first.|meeting: second.|");
    filter.topic = bytes_text("wate");
    assert_int_equal(index_each_decision(place->index, &filter, see_decision, &none), ERR_OK);
    assert_string_equal(none.text, "");
}

#define KNOWLEDGE(title, topic, contacts)                                                                              \
    "---\ntitle: " title "\nkind: knowledge\ntopics: [" topic "]\ncontacts:\n" contacts "---\n"
#define CONTACT(name, phone, confirmed)                                                                                \
    "  - name: " name "\n    phone: " phone "\n    role: plumber\n    kibbutz: Elah\n    confirmed: " confirmed "\n"

static void people_are_those_who_were_confirmed_last(void **state)
{
    struct place *place = *state;
    struct seen all = {""}, water = {""}, later = {""};

    add(place, 1, 1, KNOWLEDGE("old", "water", CONTACT("Noa", "111", "2020-01-01")));
    add(place, 2, 2,
        KNOWLEDGE("new", "roofs", CONTACT("Noa", "222", "2026-01-01") CONTACT("Avi", "333", "2025-01-01")));
    assert_int_equal(index_each_person(place->index, bytes_text(""), see_person, &all), ERR_OK);
    assert_string_equal(all.text, "Avi, plumber, Elah, 333, 2025-01-01: new|Noa, plumber, Elah, 222, 2026-01-01: new|");
    assert_int_equal(index_each_person(place->index, bytes_text("water"), see_person, &water), ERR_OK);
    assert_string_equal(water.text, "Noa, plumber, Elah, 111, 2020-01-01: old|");
    add(place, 2, 12, KNOWLEDGE("newer", "roofs", CONTACT("Dan", "444", "2026-02-02"))); /* Avi is gone from it. */
    judge(place, 1, 1, TRUST_WITHDRAWN);
    assert_int_equal(index_each_person(place->index, bytes_text(""), see_person, &later), ERR_OK);
    assert_string_equal(later.text, "Dan, plumber, Elah, 444, 2026-02-02: newer|");
}

static void subjects_and_shares_are_counted(void **state)
{
    struct place *place = *state;
    struct seen all = {""}, minutes = {""}, one = {""}, shares = {""};

    add(place, 1, 1, MINUTES("1/26", "one", ""));
    add(place, 2, 2, KNOWLEDGE("two", "water, roofs, water", ""));
    assert_int_equal(index_each_subject(place->index, bytes_text(""), 10, see_subject, &all), ERR_OK);
    assert_string_equal(all.text, "water 2|roofs 1|");
    assert_int_equal(index_each_subject(place->index, bytes_text("minutes"), 10, see_subject, &minutes), ERR_OK);
    assert_string_equal(minutes.text, "water 1|");
    assert_int_equal(index_each_subject(place->index, bytes_text(""), 1, see_subject, &one), ERR_OK);
    assert_string_equal(one.text, "water 2|");
    assert_int_equal(index_each_share(place->index, see_share, &shares), ERR_OK);
    assert_string_equal(shares.text, "1 has 2|");
}

static void what_is_for_the_kibbutz_alone_can_be_hidden(void **state)
{
    struct place *place = *state;
    struct index_decision_filter decisions = {.limit = 0};
    struct index_filter filter = {.limit = 0};
    struct seen seen[2] = {{""}, {""}};

    audience = ACT_FOR_KIBBUTZ;
    add(place, 1, 1, MINUTES("1/26", "secret", "**Decided:** in secret.\n"));
    add(place, 2, 2, KNOWLEDGE("secret", "hidden", CONTACT("Noa", "111", "2020-01-01")));
    audience = ACT_FOR_NETWORK;
    add(place, 3, 3, MINUTES("2/26", "open", "**Decided:** openly.\n"));
    for (int hidden = 0; hidden < 2; hidden++) {
        struct id document = id_of(0xdd, 1);

        index_hide_kibbutz(place->index, hidden == 1);
        assert_int_equal(index_each_document(place->index, &filter, see_title, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_revision(place->index, &document, see_title, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_book(place->index, see_book, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_decision(place->index, &decisions, see_decision, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_person(place->index, bytes_text(""), see_person, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_subject(place->index, bytes_text(""), 10, see_subject, &seen[hidden]), ERR_OK);
        assert_int_equal(index_each_share(place->index, see_share, &seen[hidden]), ERR_OK);
    }
    assert_string_equal(seen[0].text,
                        "open|secret|secret|secret|Board 2026: 2 of 2, last 2|open: openly.|secret: in secret.|"
                        "Noa, plumber, Elah, 111, 2020-01-01: secret|water 2|hidden 1|1 has 3|");
    assert_string_equal(seen[1].text, "open|Board 2026: 1 of 1, last 2|open: openly.|water 1|1 has 1|");
}

static void version_tells_of_what_others_wrote(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    uint64_t before, same, after;

    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_version(reader, &before), ERR_OK);
    assert_int_equal(index_version(reader, &same), ERR_OK);
    assert_int_equal(same, before);
    add(place, 1, 1, "# new\n");
    assert_int_equal(index_version(reader, &after), ERR_OK);
    assert_int_not_equal(after, before);
    index_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(parts_of_minutes_are_kept_and_replaced),
        TEST(books_count_the_numbers_that_they_have),
        TEST(decisions_come_from_documents_and_from_minutes),
        TEST(people_are_those_who_were_confirmed_last),
        TEST(subjects_and_shares_are_counted),
        TEST(what_is_for_the_kibbutz_alone_can_be_hidden),
        TEST(version_tells_of_what_others_wrote),
    };

    return cmocka_run_group_tests_name("index_fact", tests, NULL, NULL);
}
