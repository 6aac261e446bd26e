/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/markdown.h"
#include "tests/node/inert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ENTRY "0101010101010101010101010101010101010101010101010101010101010101"

static const struct markdown_file files[] = {
    {.name = {(const uint8_t *)"budget 2027.pdf", 15}, .place = 0},
    {.name = {(const uint8_t *)"גדר.png", 10}, .place = 2, .picture = true},
};

static void write(struct page *page, struct bytes text, const char *title)
{
    struct markdown_options options = {
        .title = bytes_text(title), .files = files, .file_count = 2, .around = PAGE_HEBREW};

    memset(options.entry.at, 1, ID_LEN);
    *page = (struct page){.out = BUFFER(PAGE_LIMIT)};
    markdown_write(page, text, &options);
    assert_int_equal(buffer_error(&page->out), ERR_OK);
    buffer_u8(&page->out, 0);
}

static const char *html(const struct page *page)
{
    return (const char *)page->out.at;
}

static void expect(const char *markdown, const char *expected)
{
    struct page page;

    write(&page, bytes_text(markdown), "");
    assert_string_equal(html(&page), expected);
    buffer_free(&page.out);
}

static void expect_inert(struct bytes markdown)
{
    struct page page;
    size_t left;
    const char *why;

    write(&page, markdown, "");
    if ((why = inert_judge(bytes_of(page.out.at, page.out.len - 1), &left)) != NULL)
        fail_msg("%s: ... %.80s\nin %.300s", why, html(&page) + page.out.len - 1 - left, html(&page));
    buffer_free(&page.out);
}

/* Each tries to get a tag, an attribute, an address or a direction past us. */
static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "text <script src=//evil.example></script> text",
    "<img src=x onerror=alert(1)>",
    "a <b onclick=\"x()\">b</b>",
    "<svg/onload=alert(1)>",
    "<iframe src=\"https://evil.example\"></iframe>",
    "<style>body{background:url(https://evil.example)}</style>",
    "<base href=\"https://evil.example/\">",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<form action=https://evil.example><input name=q>",
    "<!-- --><script>alert(1)</script><!-- -->",
    "<!DOCTYPE html><script>",
    "<?php echo 1 ?><script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<div>\n\n<script>\n\n</div>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#x61;vascript&colon;alert(1))",
    "[x](javascript&Tab;:alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](< javascript:alert(1)>)",
    "[x](vbscript:msgbox)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](file:///etc/passwd)",
    "[x](blob:http://a/b)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](\\\\evil.example)",
    "[x](https:evil.example)",
    "[x](http://)",
    "[x](/d/../../etc/passwd)",
    "[x](/D/" ENTRY ")",
    "[x](/d/" ENTRY "/../x)",
    "[x](/a/" ENTRY "/0)",
    "[x](?lang=en)",
    "[x](#\" onmouseover=\"alert(1))",
    "[x](https://a.example/\"onmouseover=\"alert(1))",
    "[x](https://a.example/'onmouseover='alert(1))",
    "[x](https://a.example/><script>alert(1)</script>)",
    "[x](<https://a.example/ onmouseover=alert(1)>)",
    "[x](https://a.example \"title\\\" onmouseover=alert(1)\")",
    "[x](https://a.example '\"><script>')",
    "[<script>x</script>](https://a.example)",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[a [b](https://b.example) c](https://c.example)",
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "![\"onerror=\"alert(1)](גדר.png)",
    "![<script>](גדר.png)",
    "![a ![b](גדר.png) c](גדר.png)",
    "![[link](https://a.example) `code` <b>](גדר.png)",
    "![x](budget%202027.pdf)",
    "![x][r]\n\n[r]: javascript:alert(1)",
    "[x][r]\n\n[r]: <javascript:alert(1)> \"'><script>\"",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    "<https://a.example/\"onclick=x>",
    "www.example.com/\"onclick=alert(1)",
    "https://a.example/<script>",
    "javascript:alert(1)@example.com",
    "a\"b@example.com",
    "`<script>`",
    "```\"><script>\n<script>\n```",
    "``` <script> onload=x\nx\n```",
    "    <script>alert(1)</script>",
    "| <script> | \"onclick=x |\n|---|---|\n| ![x](javascript:x) | [x](data:x) |",
    "| a |\n|---|\n| </td></tr></table><script> |",
    "- [ ] <input type=checkbox onclick=x>\n- [x] </li></ul><script>",
    "1. a\n\n   > - <script>\n   >   1. [x](javascript:x)",
    "99999999999999999999. x\n\n999999999. y",
    "# <script>\n\n## [x](javascript:x) {onclick=x}",
    "[^1]\n\n[^1]: <script>",
    "~~<script>~~ ~~[x](javascript:x)~~",
    "&lt;script&gt;&#60;script&#62;&#x3c;img&#x3e;",
    "&#0;&#x202E;&#8238;&#x2066;",
    "a \xE2\x80\xAE"
    "evil \xE2\x81\xA7 x",
    "[\xE2\x80\xAE"
    "moc.knab](https://evil.example/\xE2\x80\xAE)",
    "`\xE2\x80\xAE`",
    "\xD7<script>",
    "\xC0\xBCscript\xC0\xBE",
    "\xFF\xFE<\0script>",
    "\x01\x02\x1b[31m\r\n\v\f",
    "**הוחלט:\" onclick=\"x()** <script>",
    "<a href=\"/\" class=\"decided\">",
    "http://a.example:80@evil.example/\x7f",
};

static void hostile_text_comes_out_inert(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        expect_inert(bytes_text(hostile[i]));
}

/* Each inside every other, in a quote, a list and a table cell. */
static void hostile_text_comes_out_inert_when_nested(void **state)
{
    static const char *const around[][2] = {
        {"> ", ""},           {"- ", "\n  1. x"},   {"**", "**"}, {"[", "](https://a.example)"},
        {"![", "](גדר.png)"}, {"|a|\n|-|\n|", "|"}, {"# ", " #"}, {"~~_", "_~~"},
        {"<", ">"},           {"[x](", ")"}};
    enum { MANY = sizeof hostile / sizeof hostile[0] };

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < sizeof around / sizeof around[0]; k++) {
            struct buffer text = BUFFER(KIB(16));

            buffer_text(&text, around[k][0]);
            buffer_text(&text, hostile[i]);
            buffer_text(&text, around[k][1]);
            buffer_text(&text, "\n");
            buffer_text(&text, around[(k + i) % (sizeof around / sizeof around[0])][0]);
            buffer_text(&text, hostile[(i * 7 + k) % MANY]);
            expect_inert(buffer_bytes(&text));
            buffer_free(&text);
        }
}

static void the_judge_of_these_tests_sees_what_is_not_inert(void **state)
{
    static const char *const bad[] = {"<script>",
                                      "<p onclick=\"x\"></p>",
                                      "<a href=\"javascript:x\">x</a>",
                                      "<p>",
                                      "</p>",
                                      "<p></h2>",
                                      "a < b",
                                      "a > b",
                                      "&nbsp;",
                                      "<img src=\"https://a\">",
                                      "<p class=\"x\"></p>",
                                      "<P></P>",
                                      "<p dir=rtl></p>",
                                      "\xE2\x80\xAE",
                                      "\x01",
                                      "<a href=\"//x\"></a>"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(inert_judge(bytes_text(bad[i]), NULL));
    assert_null(inert_judge(bytes_text("<p dir=\"rtl\" lang=\"he\">&lt;<br>\n</p>"), NULL));
}

static void blocks_carry_their_own_direction(void **state)
{
    (void)state;
    expect("שלום לכולם", "<p dir=\"rtl\">שלום לכולם</p>\n");
    expect("Hello", "<p dir=\"ltr\" lang=\"en\">Hello</p>\n");
    expect("14/26", "<p>14/26</p>\n");
    expect("> Either party may\n>\n> סוף", "<blockquote dir=\"ltr\" lang=\"en\"><p dir=\"ltr\">Either party may</p>\n"
                                           "<p dir=\"rtl\" lang=\"he\">סוף</p>\n</blockquote>\n");
    expect("- ראשון\n- second",
           "<ul dir=\"ltr\" lang=\"en\"><li dir=\"rtl\" lang=\"he\">ראשון</li>\n<li dir=\"ltr\">second</li>\n</ul>\n");
}

static void tables_lists_and_rules_are_laid_out(void **state)
{
    (void)state;
    expect("|א|ב|\n|-|-|\n|1|2|", "<div class=\"sideways\" tabindex=\"0\"><table dir=\"rtl\"><thead><tr><th "
                                  "dir=\"rtl\">א</th>\n<th dir=\"rtl\">ב</th>\n</tr></thead>\n"
                                  "<tbody><tr><td>1</td>\n<td>2</td>\n</tr></tbody></table></div>\n");
    expect("3. א\n4. ב", "<ol start=\"3\" dir=\"rtl\"><li dir=\"rtl\">א</li>\n<li dir=\"rtl\">ב</li>\n</ol>\n");
    expect("- [x] א", "<ul dir=\"rtl\"><li class=\"task\" dir=\"rtl\">☑ א</li>\n</ul>\n");
    expect("א\n\n***\n", "<p dir=\"rtl\">א</p>\n<hr>\n");
    expect("**הוחלט:** כן", "<p class=\"decided\" dir=\"rtl\"><strong>הוחלט:</strong> כן</p>\n");
    expect("**הוחלטה** כן", "<p dir=\"rtl\"><strong>הוחלטה</strong> כן</p>\n");
}

static void a_number_stays_before_its_latin_unit(void **state)
{
    (void)state;
    expect("הייתה 61.4 GWh, מזה", "<p dir=\"rtl\">הייתה <bdi dir=\"ltr\">61.4 GWh</bdi>, מזה</p>\n");
    expect("לחץ של 0.8bar", "<p dir=\"rtl\">לחץ של <bdi dir=\"ltr\">0.8bar</bdi></p>\n");
    expect("קצב 10 m/s ועוד", "<p dir=\"rtl\">קצב <bdi dir=\"ltr\">10 m/s</bdi> ועוד</p>\n");
    expect("בעד 5, נמנע 1.", "<p dir=\"rtl\">בעד 5, נמנע 1.</p>\n");
    expect("חדר B2 בקומה 3", "<p dir=\"rtl\">חדר B2 בקומה 3</p>\n");
}

static void allowed_links_lead_where_they_say(void **state)
{
    (void)state;
    expect("[א](https://a.example/?x=1&y=2)",
           "<p dir=\"rtl\"><a href=\"https://a.example/?x=1&amp;y=2\" rel=\"noopener noreferrer\">א</a></p>\n");
    expect("[א](tel:+972505550171)",
           "<p dir=\"rtl\"><a href=\"tel:+972505550171\" rel=\"noopener noreferrer\">א</a></p>\n");
    expect("[א](/d/" ENTRY ")", "<p dir=\"rtl\"><a href=\"/d/" ENTRY "\">א</a></p>\n");
    expect("[א](budget%202027.pdf)", "<p dir=\"rtl\"><a href=\"/a/" ENTRY "/0\">א</a></p>\n");
    expect("![א](גדר.png)", "<p dir=\"rtl\"><img src=\"/a/" ENTRY "/2\" loading=\"lazy\" alt=\"א\"></p>\n");
    expect("ראו https://a.example/b", "<p dir=\"rtl\">ראו <a href=\"https://a.example/b\" rel=\"noopener "
                                      "noreferrer\"><bdi dir=\"ltr\">https://a.example/b</bdi></a></p>\n");
    expect("[א](budget%202028.pdf)", "<p dir=\"rtl\">א</p>\n");
    expect("![א](other.png)", "<p dir=\"rtl\">א</p>\n");
}

static void a_heading_that_repeats_the_title_is_left_out(void **state)
{
    struct page page;

    (void)state;
    write(&page, bytes_text("# כותרת\n\n## סעיף"), "כותרת");
    assert_string_equal(html(&page), "<h2 dir=\"rtl\">סעיף</h2>\n");
    buffer_free(&page.out);
    write(&page, bytes_text("# כותרת\n\n## סעיף"), "אחרת");
    assert_string_equal(html(&page), "<h2 dir=\"rtl\">כותרת</h2>\n<h3 dir=\"rtl\">סעיף</h3>\n");
    buffer_free(&page.out);
}

static struct buffer repeated(const char *unit, size_t len)
{
    struct buffer text = BUFFER(MIB(4));

    while (text.len + strlen(unit) <= len)
        buffer_text(&text, unit);
    return text;
}

static void nesting_beyond_the_limit_keeps_the_text_only(void **state)
{
    static const char *const units[] = {"> ", "- ", "1. ", "**a _b ", "[", "![", "> - ", "~~a "};

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct buffer text = repeated(units[i], 2000);
        struct page page;

        buffer_text(&text, "סוף");
        expect_inert(buffer_bytes(&text));
        write(&page, buffer_bytes(&text), "");
        assert_non_null(strstr(html(&page), "סוף"));
        buffer_free(&page.out);
        buffer_free(&text);
    }
}

static void long_or_intricate_documents_are_shown_as_written(void **state)
{
    struct buffer at_limit = repeated("א\n\n\n", MARKDOWN_LIMIT), block = repeated("a", MARKDOWN_BLOCK_LIMIT);
    struct page page;

    (void)state;
    assert_int_equal(at_limit.len, MARKDOWN_LIMIT - MARKDOWN_LIMIT % 5);
    assert_false(markdown_is_plain(buffer_bytes(&at_limit)));
    buffer_text(&at_limit, "\n\n\n\n\n");
    assert_true(markdown_is_plain(buffer_bytes(&at_limit)));
    expect_inert(buffer_bytes(&at_limit));
    assert_false(markdown_is_plain(buffer_bytes(&block)));
    buffer_text(&block, "a");
    assert_true(markdown_is_plain(buffer_bytes(&block)));
    buffer_text(&block, "<script>");
    expect_inert(buffer_bytes(&block));
    write(&page, buffer_bytes(&block), "");
    assert_memory_equal(html(&page), "<pre class=\"as-written\"", 23);
    buffer_free(&page.out);
    buffer_free(&at_limit);
    buffer_free(&block);
}

static void add_words(struct buffer *text, size_t letters)
{
    buffer_clear(text);
    while (text->len <= MARKDOWN_LIMIT) {
        for (size_t i = 0; i < letters; i++)
            buffer_text(text, "א");
        buffer_text(text, " ");
    }
}

/* Between letters, and only where no word is. */
static void endless_words_may_be_broken(void **state)
{
    struct buffer text = BUFFER(2 * MARKDOWN_LIMIT);
    struct page page;

    (void)state;
    add_words(&text, 128);
    write(&page, buffer_bytes(&text), "");
    assert_null(strstr(html(&page), "<wbr>"));
    buffer_free(&page.out);
    add_words(&text, 129);
    write(&page, buffer_bytes(&text), "");
    assert_non_null(strstr(html(&page), "א<wbr>א "));
    buffer_free(&page.out);
    add_words(&text, MARKDOWN_LIMIT / 2);
    buffer_text(&text, "<script>");
    expect_inert(buffer_bytes(&text));
    buffer_free(&text);
}

/* A list or table at the very limit has no room for its parts, and bare text has no place in it. */
static void what_has_no_room_for_its_parts_is_text(void **state)
{
    struct page page;
    char text[64 * 130] = "";

    (void)state;
    for (int depth = 0; depth < 60; depth++)
        sprintf(text + strlen(text), "%*s* item\n", 2 * depth, "");
    write(&page, bytes_text(text), "");
    for (const char *at = html(&page); (at = strstr(at, "<ul")) != NULL; at++)
        assert_memory_equal(strchr(at, '>') + 1, "<li", 3);
    buffer_free(&page.out);
}

/* A row of one byte becomes as many cells as its table has columns: a small document could be a page too large to be made. */
static void tables_of_too_many_cells_are_shown_as_written(void **state)
{
    static const char *const ends[] = {"\n", "\r", "\r\n"};
    struct page page;

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct buffer few = BUFFER(KIB(64)), many = BUFFER(KIB(64));

        for (unsigned column = 0; column < 200; column++)
            buffer_text(&few, "a|");
        buffer_text(&few, ends[i]);
        for (unsigned column = 0; column < 200; column++)
            buffer_text(&few, "-|");
        for (unsigned row = 0; row < 100; row++) {
            buffer_text(&few, ends[i]);
            buffer_text(&few, "b");
        }
        buffer_add(&many, buffer_bytes(&few));
        assert_false(markdown_is_plain(buffer_bytes(&few)));
        expect_inert(buffer_bytes(&few));
        for (unsigned row = 0; row < 500; row++) {
            buffer_text(&many, ends[i]);
            buffer_text(&many, "b");
        }
        assert_true(markdown_is_plain(buffer_bytes(&many)));
        write(&page, buffer_bytes(&many), "");
        assert_true(page.out.len < KIB(64));
        buffer_free(&page.out);
        buffer_free(&few);
        buffer_free(&many);
    }
}

/* One after the other they are as many as each is; none is as wide as the one before. */
static void many_small_tables_are_laid_out(void **state)
{
    struct buffer text = repeated("| a | b | c |\n|---|---|---|\n| d | e | f |\n| g | h | i |\n\n", KIB(200));

    (void)state;
    assert_false(markdown_is_plain(buffer_bytes(&text)));
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_comes_out_inert),
        cmocka_unit_test(hostile_text_comes_out_inert_when_nested),
        cmocka_unit_test(the_judge_of_these_tests_sees_what_is_not_inert),
        cmocka_unit_test(blocks_carry_their_own_direction),
        cmocka_unit_test(tables_lists_and_rules_are_laid_out),
        cmocka_unit_test(a_number_stays_before_its_latin_unit),
        cmocka_unit_test(allowed_links_lead_where_they_say),
        cmocka_unit_test(a_heading_that_repeats_the_title_is_left_out),
        cmocka_unit_test(nesting_beyond_the_limit_keeps_the_text_only),
        cmocka_unit_test(endless_words_may_be_broken),
        cmocka_unit_test(what_has_no_room_for_its_parts_is_text),
        cmocka_unit_test(long_or_intricate_documents_are_shown_as_written),
        cmocka_unit_test(tables_of_too_many_cells_are_shown_as_written),
        cmocka_unit_test(many_small_tables_are_laid_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
