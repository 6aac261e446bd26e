/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/document.h"

#include "proto/text.h"
#include "store/plain_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct document_reason reason;

static struct document *check(const char *file)
{
    struct document *document = NULL;

    reason.text[0] = '\0';
    if (document_check(bytes_text(file), &document, &reason))
        fail_msg("refused: %s", reason.text);
    return document;
}

static struct document *read_any(const char *file)
{
    struct document *document = NULL;

    assert_int_equal(document_read(bytes_text(file), &document), ERR_OK);
    return document;
}

/* Refused when publishing, with these words; read by all others. */
static void assert_refused(const char *file, const char *words)
{
    struct document *document = NULL;

    reason.text[0] = '\0';
    assert_int_equal(document_check(bytes_text(file), &document, &reason), ERR_FORMAT);
    assert_null(document);
    if (!strstr(reason.text, words))
        fail_msg("'%s' does not say '%s'", reason.text, words);
    document_free(read_any(file));
}

#define assert_text(run, expected)                                                                                     \
    do {                                                                                                               \
        struct bytes text_ = (run);                                                                                    \
        assert_string_equal((const char *)text_.at, expected);                                                         \
        assert_int_equal(text_.len, strlen(expected));                                                                 \
    } while (0)

static void assert_run(struct bytes run, const char *expected)
{
    assert_int_equal(run.len, strlen(expected));
    if (run.len > 0)
        assert_memory_equal(run.at, expected, run.len);
}

/* ---- front matter ---- */

static const char FULL[] = "---\n"
                           "# הערה\n"
                           "title: \"החלטה: תקציב \\\"תשע״ח\\\"\"\n"
                           "kind: decision\n"
                           "body: אסיפה כללית\n"
                           "number: 9/18\n"
                           "date: 1.5.2018\n"
                           "language: he\n"
                           "present: [דנה, \"יוסי, הגזבר\"]\n"
                           "absent: רון, טל ,\n"
                           "topics:\n"
                           "  - תקציב\n"
                           "  - חינוך\n"
                           "contacts:\n"
                           "  - name: דנה לוי\n"
                           "    phone: 052-1234567\n"
                           "    role: גזברית\n"
                           "    kibbutz: עין חרוד\n"
                           "    confirmed: 2018-04-30\n"
                           "    extra: [1, 2]\n"
                           "  - יוסי\n"
                           "approvals: 3\n"
                           "supersedes: [ab12cd34]\n"
                           "color: {red: [1, 2]}\n"
                           "---\n"
                           "# כותרת\n";

static void front_matter_is_read_in_full(void **state)
{
    struct document *document = check(FULL);
    const struct front_matter *front = &document->front;

    (void)state;
    assert_true(document->has_front_matter);
    assert_text(front->title, "החלטה: תקציב \"תשע״ח\"");
    assert_int_equal(front->kind, DOCUMENT_DECISION);
    assert_text(front->body, "אסיפה כללית");
    assert_text(front->number, "9/18");
    assert_text(front->date, "2018-05-01");
    assert_text(front->language, "he");
    assert_int_equal(front->present.count, 2);
    assert_text(front->present.items[1], "יוסי, הגזבר");
    assert_int_equal(front->absent.count, 2);
    assert_text(front->absent.items[1], "טל");
    assert_int_equal(front->topics.count, 2);
    assert_text(front->topics.items[0], "תקציב");
    assert_int_equal(front->contact_count, 2);
    assert_text(front->contacts[0].name, "דנה לוי");
    assert_text(front->contacts[0].phone, "052-1234567");
    assert_text(front->contacts[0].role, "גזברית");
    assert_text(front->contacts[0].kibbutz, "עין חרוד");
    assert_text(front->contacts[0].confirmed, "2018-04-30");
    assert_text(front->contacts[1].name, "יוסי");
    assert_text(front->contacts[1].phone, "");
    assert_int_equal(front->approvals, 3);
    assert_int_equal(front->supersedes.count, 1);
    assert_text(front->supersedes.items[0], "ab12cd34");
    assert_run(document->text, "# כותרת\n");
    document_free(document);
}

static void approvals_say_how_many_and_whose(void **state)
{
    static const struct {
        const char *line;
        uint64_t count;
        bool own;
    } forms[] = {
        {"approvals: 2", 2, false},
        {"approvals: {count: 2, of: own}", 2, true},
        {"approvals: {of: kibbutzim, count: 4, by: hand}", 4, false},
        {"approvals:\n  count: 3\n  of: own", 3, true},
        {"approvals: {of: own}", 0, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[200];

        snprintf(text, sizeof text, "---\ntitle: a\n%s\nnumber: 1/2\n---\nx\n", forms[i].line);
        struct document *document = check(text);
        assert_int_equal(document->front.approvals, forms[i].count);
        assert_int_equal(document->front.approvals_are_own, forms[i].own);
        assert_text(document->front.number, "1/2");
        document_free(document);
    }
}

static void invisible_marks_and_odd_spaces_leave_the_values(void **state)
{
    struct document *document = check("\xef\xbb\xbf---\r\ntitle:  \xe2\x80\x8f"
                                      "אסיפה\xc2\xa0\xc2\xa0כללית\xe2\x80\x8f \r\n---\r\nx");

    (void)state;
    assert_text(document->front.title, "אסיפה כללית");
    assert_run(document->text, "x");
    document_free(document);
}

static void nothing_said_is_empty_and_a_notice(void **state)
{
    static const char *const files[] = {"text", "---\n---\ntext", "---\n# only a remark\n---\ntext",
                                        "---\ntitle:\nkind: ~\ndate: null\ncontacts:\ntopics:\n---\ntext"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct document *document = check(files[i]);

        assert_text(document->front.title, "text");
        assert_int_equal(document->front.kind, DOCUMENT_NOTICE);
        assert_text(document->front.date, "");
        assert_int_equal(document->front.topics.count, 0);
        assert_int_equal(document->front.contact_count, 0);
        assert_run(document->text, "text");
        document_free(document);
    }
}

static void line_across_the_page_is_no_front_matter(void **state)
{
    static const char *const files[] = {"---\n\nשלום לכולם\n\n---\n", "---", "---\n", "----\ntitle: x\n----\n",
                                        " ---\ntitle: x\n---\n"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct document *document = read_any(files[i]);

        assert_false(document->has_front_matter);
        assert_run(document->text, files[i]);
        document_free(document);
    }
    struct document *document = check(files[0]);
    assert_text(document->front.title, "שלום לכולם");
    document_free(document);
}

static void refused_front_matter_says_the_line_and_what_to_do(void **state)
{
    (void)state;
    assert_refused("---\ntitle: a\nnumber: b: c\n---\n", "line 3: ");
    assert_refused("---\ntitle: a\nnumber: b: c\n---\n", "between quotes");
    assert_refused("---\ntitle: a\nkind: memo\n---\n", "line 3: 'memo' is no kind; write minutes");
    assert_refused("---\ntitle: a\ndate: 30.2.2018\n---\n", "line 3: '30.2.2018' is no date; write it like");
    assert_refused("---\ntitle: a\n\napprovals: 0\n---\n", "line 4: '0' is no number of approvals");
    assert_refused("---\ntitle: a\napprovals: 301\n---\n", "'301'");
    assert_refused("---\ntitle: a\napprovals: {count: 0}\n---\n", "'0' is no number of approvals");
    assert_refused("---\ntitle: a\napprovals: {count: 2, of: all}\n---\n", "write own or kibbutzim");
    assert_refused("---\ntitle: a\napprovals: [2]\n---\n", "one value is expected");
    assert_refused("---\ntitle: a\nlanguage: עברית\n---\n", "'עברית' is no language");
    assert_refused("---\ntitle: a\ntitle: b\n---\n", "line 3: 'title' stands here twice");
    assert_refused("---\ntitle: [a]\n---\n", "one value is expected");
    assert_refused("---\ntopics: {a: b}\n---\n", "a list is expected");
    assert_refused("---\ntopics: [[a]]\n---\n", "one value");
    assert_refused("---\ncontacts: [[a]]\n---\n", "a contact is written");
    assert_refused("---\ntitle: x\n", "line 1: front matter begins here and does not end");
    assert_refused("---\n- a: b\n---\n", "lines of 'name: value'");
    assert_refused("---\na: b\n--- \n", "it is empty");
}

static void anchors_aliases_tags_and_directives_are_refused(void **state)
{
    static const char *const files[] = {"---\ntitle: &a b\n---\n",    "---\na: &x b\nc: *x\n---\n",
                                        "---\ntitle: !!str b\n---\n", "---\ntitle: ! b\n---\n",
                                        "---\na: !!set {b}\n---\n",   "---\na: &x [b]\n---\n",
                                        "---\n<<: *x\na: b\n---\n"};

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        assert_refused(files[i], "more in front matter than is allowed");
    assert_refused("---\n%YAML: 1.1\n---\n", "line 2");
}

static void nesting_is_bounded(void **state)
{
    char deep[4096] = "---\na: ";

    (void)state;
    document_free(check("---\ntitle: t\na: [[[b]]]\n---\n"));
    assert_refused("---\ntitle: t\na: [[[[b]]]]\n---\n", "nested too deep");
    assert_refused("---\ntitle: t\ncontacts: [{name: a, x: [[b]]}]\n---\n", "nested too deep");
    memset(deep + 7, '[', 4000);
    memcpy(deep + 4007, "\n---\n", 6);
    assert_refused(deep, "nested too deep");
}

static struct bytes long_file(char *file, size_t yaml_len)
{
    memcpy(file, "---\ntitle: t\n#", 14);
    memset(file + 14, 'x', yaml_len - 11);
    memcpy(file + 4 + yaml_len - 1, "\n---\n", 6);
    return bytes_of(file, 4 + yaml_len + 4);
}

static void front_matter_is_read_up_to_its_limit(void **state)
{
    char *file = malloc(FRONT_MATTER_SIZE_MAX + 100);
    struct document *document = NULL;

    (void)state;
    assert_int_equal(document_check(long_file(file, FRONT_MATTER_SIZE_MAX), &document, &reason), ERR_OK);
    document_free(document);
    document = NULL;
    assert_int_equal(document_check(long_file(file, FRONT_MATTER_SIZE_MAX + 1), &document, &reason), ERR_LIMIT);
    assert_non_null(strstr(reason.text, "longer than 65536 bytes"));
    free(file);
}

static void value_and_list_are_read_up_to_their_limits(void **state)
{
    char file[4096];
    size_t at;

    (void)state;
    for (int over = 0; over < 2; over++) {
        (void)snprintf(file, sizeof file, "---\ntitle: %0*d\n---\n", FRONT_MATTER_LINE_MAX + over, 7);
        if (over)
            assert_refused(file, "longer than 500 bytes");
        else
            document_free(check(file));
        at = (size_t)snprintf(file, sizeof file, "---\ntitle: t\npresent: [a");
        for (int i = 1; i < FRONT_MATTER_LIST_MAX + over; i++)
            at += (size_t)snprintf(file + at, sizeof file - at, ", b");
        (void)snprintf(file + at, sizeof file - at, "]\n---\n");
        if (over)
            assert_refused(file, "more than 600 items");
        else
            document_free(check(file));
        at = (size_t)snprintf(file, sizeof file, "---\ntitle: t\ncontacts:\n");
        for (int i = 0; i < FRONT_MATTER_CONTACTS_MAX + over; i++)
            at += (size_t)snprintf(file + at, sizeof file - at, "- b\n");
        (void)snprintf(file + at, sizeof file - at, "---\n");
        if (over)
            assert_refused(file, "more than 64 contacts");
        else
            document_free(check(file));
    }
}

static void wrong_value_from_a_peer_is_not_said_and_the_rest_stands(void **state)
{
    struct document *document = read_any("---\ntitle: t\nkind: memo\ndate: never\napprovals: x\ntopics: {a: b}\n"
                                         "absent: [[a], b]\nnumber: 7\n---\ntext");

    (void)state;
    assert_true(document->has_front_matter);
    assert_text(document->front.title, "t");
    assert_int_equal(document->front.kind, DOCUMENT_NOTICE);
    assert_text(document->front.date, "");
    assert_int_equal(document->front.approvals, 0);
    assert_int_equal(document->front.topics.count, 0);
    assert_int_equal(document->front.absent.count, 1);
    assert_text(document->front.number, "7");
    document_free(document);
}

static void broken_front_matter_from_a_peer_counts_as_text_but_names_nothing(void **state)
{
    static const char file[] = "---\ntitle: a\nnumber: b: c\n---\n\n# כותרת\n";
    struct document *document = read_any(file);

    (void)state;
    assert_false(document->has_front_matter);
    assert_text(document->front.title, "כותרת");
    assert_text(document->front.number, "");
    assert_run(document->text, file);
    document_free(document);
}

static void bytes_that_are_no_text_are_refused_and_read_as_nothing(void **state)
{
    struct document *document = NULL;

    (void)state;
    assert_refused("a\nb\xff", "line 2: this is no UTF-8 text");
    assert_refused("a\n\nb\x01", "line 3: it holds the control character 01");
    assert_refused("", "it is empty");
    assert_refused(" \n\n---\n", "it is empty");
    assert_int_equal(document_read(bytes_text("title \xff"), &document), ERR_OK);
    assert_false(document->is_text);
    assert_text(document->front.title, "");
    assert_int_equal(document->text.len, 0);
    document_free(document);
}

static void document_is_taken_up_to_its_limit(void **state)
{
    char *file = malloc(DOCUMENT_SIZE_MAX + 1);
    struct document *document = NULL;

    (void)state;
    memset(file, 'x', DOCUMENT_SIZE_MAX + 1);
    assert_int_equal(document_check(bytes_of(file, DOCUMENT_SIZE_MAX), &document, &reason), ERR_OK);
    document_free(document);
    document = NULL;
    assert_int_equal(document_check(bytes_of(file, DOCUMENT_SIZE_MAX + 1), &document, &reason), ERR_LIMIT);
    free(file);
}

/* ---- dates and titles ---- */

static void dates_are_written_one_way(void **state)
{
    static const char *const good[][2] = {{"2018-05-01", "2018-05-01"}, {"1.5.2018", "2018-05-01"},
                                          {"01/05/2018", "2018-05-01"}, {"29.2.2020", "2020-02-29"},
                                          {"29.2.2000", "2000-02-29"},  {"31.12.9999", "9999-12-31"}};
    static const char *const bad[] = {"",         "1.5.18",      "2018-5-1",   "29.2.2019",  "29.2.1900", "31.4.2018",
                                      "0.5.2018", "1.0.2018",    "1.13.2018",  "1.5.20180",  "1.5.2018 ", "1-5-2018",
                                      "1.5.0000", "2018-05-01T", "001.5.2018", "2018-02-30", "1.5."};
    char date[11];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(front_matter_date(bytes_text(good[i][0]), date));
        assert_string_equal(date, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(front_matter_date(bytes_text(bad[i]), date));
}

static void title_is_the_first_heading_or_else_the_first_line(void **state)
{
    static const char *const cases[][2] = {
        {"שלום\n\n## כותרת ##\n", "כותרת"},
        {"#hashtag\nx", "#hashtag"},
        {"\n\n  **מודעה** לחברים \n", "מודעה** לחברים"},
        {"```\n# code\n```\nfirst", "first"},
        {"- פריט\n", "פריט"},
        {"> ציטוט", "ציטוט"},
        {"1\\. סעיף", "1. סעיף"},
        {"C:\\temp \\* \\", "C:\\temp * \\"},
        {"***\n\nabc", "abc"},
        {"####### seven", "####### seven"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct document *document = check(cases[i][0]);

        assert_text(document->front.title, cases[i][1]);
        document_free(document);
    }
}

static void long_title_is_cut_between_characters(void **state)
{
    char file[600] = "", expected[600] = "";
    struct document *document;

    (void)state;
    for (size_t i = 0; i < DOCUMENT_TITLE_MAX; i++)
        memcpy(file + 2 * i, "א", 3);
    memcpy(expected, file, sizeof file);
    document = check(file);
    assert_text(document->front.title, expected);
    document_free(document);
    memcpy(file + strlen(file), "ב", 3);
    document = check(file);
    assert_text(document->front.title, expected);
    document_free(document);
}

/* ---- setting a line ---- */

static void assert_set(const char *file, const char *expected)
{
    struct buffer out = BUFFER(KIB(4));

    assert_int_equal(document_set(bytes_text(file), "kind", bytes_text("minutes"), &out), ERR_OK);
    assert_run(buffer_bytes(&out), expected);
    buffer_free(&out);
}

static void line_of_front_matter_is_set_and_all_else_stays(void **state)
{
    struct buffer out = BUFFER(KIB(4));

    (void)state;
    assert_set("x\n", "---\nkind: \"minutes\"\n---\n\nx\n");
    assert_set("---\n---\nx", "---\nkind: \"minutes\"\n---\nx");
    assert_set("---\ntitle: a\nkind: memo\nz: 1\n---\nx", "---\nkind: \"minutes\"\ntitle: a\nz: 1\n---\nx");
    assert_set("---\nkind:\n  memo\nkinds: 2\n---\nkind: x", "---\nkind: \"minutes\"\nkinds: 2\n---\nkind: x");
    assert_set("---\r\ntitle: a\r\n---\r\nx", "---\r\nkind: \"minutes\"\ntitle: a\r\n---\r\nx");
    assert_int_equal(document_set(bytes_text("---\na: b\n"), "kind", bytes_text("minutes"), &out), ERR_FORMAT);
    assert_int_equal(document_set(bytes_text("x"), "kind", bytes_text("a\nb"), &out), ERR_FORMAT);
    assert_int_equal(document_set(bytes_text("x"), "title", bytes_text("צח\"י \\ :#"), &out), ERR_OK);
    buffer_u8(&out, 0);
    struct document *document = check((const char *)out.at);
    assert_text(document->front.title, "צח\"י \\ :#");
    document_free(document);
    buffer_free(&out);
}

/* ---- plain text ---- */

static void assert_markdown(const char *text, const char *expected)
{
    struct buffer out = BUFFER(KIB(64));

    assert_int_equal(document_from_text(bytes_text(text), &out, &reason), ERR_OK);
    buffer_u8(&out, 0);
    assert_string_equal((const char *)out.at, expected);
    buffer_free(&out);
}

static void plain_text_becomes_markdown_that_shows_it(void **state)
{
    (void)state;
    assert_markdown("", "");
    assert_markdown(" \r\n\t\n", "");
    assert_markdown("a\r\nb\rc\n", "a  \nb  \nc\n");
    assert_markdown("\xef\xbb\xbf"
                    "a\xc2\xa0\xc2\xa0\tb \xe2\x80\x8f\n\n\n\nc",
                    "# a b\n\nc\n");
    assert_markdown("x\n• א\n•ב\n\n* ג\n– ד\nסוף", "x\n\n- א\n- ב\n- ג\n- ד\n\nסוף\n");
    assert_markdown("•\n\nא\nב", "- א\n\nב\n");
    assert_markdown("-5 מעלות\n- שש", "\\-5 מעלות\n\n- שש\n");
    assert_markdown("1. א\n3) ב\nא. ג\n(ב) ד\n12.5 ה", "1\\. א  \n3\\) ב  \nא. ג  \n(ב) ד  \n12.5 ה\n");
    assert_markdown("a*b_c [d] <e> `f` g_h _i_ &amp; R&D & x|y ~z~ \\",
                    "a\\*b_c \\[d\\] \\<e> \\`f\\` g_h \\_i\\_ \\&amp; R\\&D & x\\|y \\~z\\~ \\\\\n");
    assert_markdown("x\n# y #\n> z\n=== \n--- \n+5", "x  \n\\# y \\#  \n\\> z  \n\\===  \n\\---  \n\\+5\n");
    assert_markdown("https://a.il/x_y_?a=1&b=2 _z_", "https://a.il/x_y_?a=1&b=2 \\_z\\_\n");
}

static void headings_are_made_only_below_a_title_that_stands_alone(void **state)
{
    (void)state;
    assert_markdown("פרוטוקול\n\nנוכחים:\n\nדנה", "# פרוטוקול\n\n## נוכחים:\n\nדנה\n");
    assert_markdown("פרוטוקול\nנוכחים:\n\nדנה", "פרוטוקול  \nנוכחים:\n\nדנה\n");
    assert_markdown("פרוטוקול\n\nנוכחים:\nדנה", "# פרוטוקול\n\nנוכחים:  \nדנה\n");
    assert_markdown("1. א\n\nנוכחים:\n\nדנה", "1\\. א\n\nנוכחים:\n\nדנה\n");
    assert_markdown("לבד", "לבד\n");
}

static void plain_text_that_is_no_utf8_is_refused(void **state)
{
    struct buffer out = BUFFER(KIB(64)), small = BUFFER(3);

    (void)state;
    assert_int_equal(document_from_text(bytes_text("a\n\xe9"), &out, &reason), ERR_FORMAT);
    assert_non_null(strstr(reason.text, "line 2"));
    assert_int_equal(document_from_text(bytes_text("abcd"), &small, &reason), ERR_LIMIT);
    buffer_free(&out);
    buffer_free(&small);
}

/* What of a text must come through in order: everything but spaces, bullets and marks. */
static void letters_of(struct bytes text, bool markdown, struct buffer *out)
{
    static const char marks[] = "-*+#";
    uint32_t point;

    while (text.len > 0) {
        if (markdown && text.at[0] == '\\')
            text = bytes_from(text, 1);
        struct bytes from = text;
        assert_true(text_take_point(&text, &point));
        uint32_t clean = plain_text_point(point);
        bool mark = point < 0x80 && strchr(marks, (int)point) != NULL;
        bool bullet = point == 0x2022 || point == 0xb7 || point == 0x2013 || point == 0x2014;
        if (clean > ' ' && !mark && !bullet)
            buffer_add(out, bytes_of(from.at, from.len - text.len));
    }
}

static void no_letter_is_lost_or_moved_whatever_the_text(void **state)
{
    static const char *const pieces[] = {"א",  "ב ", "\n", "\r\n", "- ", "•",        "1. ", "2) ",
                                         "* ", "# ", ":",  "\n\n", "_",  "[",        "<",   "&x;",
                                         "`",  "~",  "> ", "\t",   "·",  "\xc2\xa0", "==",  "www."};
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct buffer text = BUFFER(KIB(4)), markdown = BUFFER(KIB(8)), before = BUFFER(KIB(8)), after = BUFFER(KIB(8));

        for (int i = 0; i < 20; i++) {
            seed = seed * 1664525u + 1013904223u;
            buffer_text(&text, pieces[(seed >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        assert_int_equal(document_from_text(buffer_bytes(&text), &markdown, &reason), ERR_OK);
        letters_of(buffer_bytes(&text), false, &before);
        letters_of(buffer_bytes(&markdown), true, &after);
        if (!bytes_equal(buffer_bytes(&before), buffer_bytes(&after)))
            fail_msg("'%.*s' became '%.*s'", (int)text.len, (char *)text.at, (int)markdown.len, (char *)markdown.at);
        buffer_free(&text);
        buffer_free(&markdown);
        buffer_free(&before);
        buffer_free(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(front_matter_is_read_in_full),
        cmocka_unit_test(approvals_say_how_many_and_whose),
        cmocka_unit_test(invisible_marks_and_odd_spaces_leave_the_values),
        cmocka_unit_test(nothing_said_is_empty_and_a_notice),
        cmocka_unit_test(line_across_the_page_is_no_front_matter),
        cmocka_unit_test(refused_front_matter_says_the_line_and_what_to_do),
        cmocka_unit_test(anchors_aliases_tags_and_directives_are_refused),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(front_matter_is_read_up_to_its_limit),
        cmocka_unit_test(value_and_list_are_read_up_to_their_limits),
        cmocka_unit_test(wrong_value_from_a_peer_is_not_said_and_the_rest_stands),
        cmocka_unit_test(broken_front_matter_from_a_peer_counts_as_text_but_names_nothing),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_and_read_as_nothing),
        cmocka_unit_test(document_is_taken_up_to_its_limit),
        cmocka_unit_test(dates_are_written_one_way),
        cmocka_unit_test(title_is_the_first_heading_or_else_the_first_line),
        cmocka_unit_test(long_title_is_cut_between_characters),
        cmocka_unit_test(line_of_front_matter_is_set_and_all_else_stays),
        cmocka_unit_test(plain_text_becomes_markdown_that_shows_it),
        cmocka_unit_test(headings_are_made_only_below_a_title_that_stands_alone),
        cmocka_unit_test(plain_text_that_is_no_utf8_is_refused),
        cmocka_unit_test(no_letter_is_lost_or_moved_whatever_the_text),
    };

    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
