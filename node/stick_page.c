/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/stick_page.h"

#include "node/output.h"

#include <inttypes.h>
#include <stdio.h>

/* {x} stands for a value; the page needs no network, no script and no font. */
static const char template[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"he\" dir=\"rtl\">\n"
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<title>איגום: ארכיון בדרך</title>\n"
    "<style>body{font:1.1em/1.6 sans-serif;max-width:42em;margin:2em auto;padding:0 1em;background:#fff;color:#222}"
    "code{background:#eee;padding:.1em .3em;unicode-bidi:isolate;direction:ltr;display:inline-block}"
    "td,th{text-align:start;padding:.2em 1em .2em 0;vertical-align:top}</style>\n"
    "<h1>הארכיון של <bdi>{network}</bdi></h1>\n"
    "<p>על ההתקן הזה רשומות ומסמכים מן הארכיון המשותף של הרשת, חתומים בידי מי שכתב אותם. "
    "הם מיועדים לצומת של משרד אחר ברשת, שאין אליו קו או שהקו אליו אטי.</p>\n"
    "<table>\n"
    "<tr><th>מאת<td><bdi>{from}</bdi>\n"
    "<tr><th>עבור<td><bdi>{to}</bdi>\n"
    "<tr><th>נכתב<td>{date}\n"
    "<tr><th>מה יש כאן<td>{entries} רשומות, {contents} תכנים, {parts} קבצים\n"
    "</table>\n"
    "<h2>איך קולטים</h2>\n"
    "<p>במחשב של הצומת, בתיקייה שבה הקבצים האלה:</p>\n"
    "<p>{commands}</p>\n"
    "<p>אפשר לקלוט שוב את אותם הקבצים, גם אם הקליטה נקטעה: מה שכבר כאן נשאר כמות שהוא. "
    "שום דבר אינו נקלט בלי שחתימתו נבדקה, ומה שנפגם בדרך נמסר ואינו נקלט.</p>\n"
    "<h2>בדרך חזרה</h2>\n"
    "<p>אחרי הקליטה כדאי לכתוב על אותו ההתקן את מה שחסר אצל השולח, ואתו אישורי הקבלה:</p>\n"
    "<p><code>igum export --bundle home.igum --for &quot;{from}&quot;</code></p>\n"
    "<p>להסבר מלא: <code>igum import --help</code></p>\n";

static void add_escaped(struct buffer *out, const char *text)
{
    struct buffer clean = BUFFER(KIB(8));

    output_clean(&clean, bytes_text(text), false);
    for (size_t i = 0; i < clean.len; i++) {
        switch (clean.at[i]) {
        case '&': buffer_text(out, "&amp;"); break;
        case '<': buffer_text(out, "&lt;"); break;
        case '>': buffer_text(out, "&gt;"); break;
        case '"': buffer_text(out, "&quot;"); break;
        case '\'': buffer_text(out, "&#39;"); break;
        default: buffer_u8(out, clean.at[i]);
        }
    }
    buffer_free(&clean);
}

static void add_number(struct buffer *out, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, number);
    buffer_text(out, text);
}

/* One line that takes in all parts. */
static void add_command(const struct stick_page *page, struct buffer *out)
{
    char path[FILES_PATH_SIZE];

    buffer_text(out, "<code>igum import");
    for (uint32_t part = 1; part <= page->parts; part++) {
        if (stick_part_path(page->file, part, path) != ERR_OK)
            break;
        buffer_text(out, " &quot;");
        add_escaped(out, path);
        buffer_text(out, "&quot;");
    }
    buffer_text(out, "</code>");
}

static void add_value(const struct stick_page *page, struct bytes name, struct buffer *out)
{
    if (bytes_equal(name, bytes_text("network")))
        add_escaped(out, page->network);
    else if (bytes_equal(name, bytes_text("from")))
        add_escaped(out, page->from);
    else if (bytes_equal(name, bytes_text("to")))
        add_escaped(out, page->to[0] != '\0' ? page->to : "כל קיבוץ ברשת");
    else if (bytes_equal(name, bytes_text("date")))
        add_escaped(out, page->date);
    else if (bytes_equal(name, bytes_text("entries")))
        add_number(out, page->entries);
    else if (bytes_equal(name, bytes_text("contents")))
        add_number(out, page->contents);
    else if (bytes_equal(name, bytes_text("parts")))
        add_number(out, page->parts);
    else
        add_command(page, out);
}

void stick_page_write(const struct stick_page *page, struct buffer *out)
{
    static const char *const names[] = {"network", "from", "to", "date", "entries", "contents", "parts", "commands"};
    struct bytes rest = bytes_of(template, sizeof template - 1);

    while (rest.len > 0) {
        bool is_value = false;

        for (size_t i = 0; rest.at[0] == '{' && i < sizeof names / sizeof names[0]; i++) {
            size_t len = strlen(names[i]);

            if (rest.len > len + 1 && memcmp(rest.at + 1, names[i], len) == 0 && rest.at[len + 1] == '}') {
                add_value(page, bytes_text(names[i]), out);
                rest = bytes_from(rest, len + 2);
                is_value = true;
                break;
            }
        }
        if (is_value)
            continue;
        buffer_u8(out, rest.at[0]);
        rest = bytes_from(rest, 1);
    }
}
