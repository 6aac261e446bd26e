/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page.h"

#include <stdio.h>

#define REPLACEMENT 0xFFFD

void page_markup(struct page *page, const char *markup)
{
    buffer_text(&page->out, markup);
}

/* Takes one code point; what is not UTF-8 counts byte by byte as U+FFFD. */
static uint32_t take_point(struct bytes *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text->at[0];
    size_t len = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    uint32_t point = len == 1 ? first : first & (0x7FU >> len);

    if (len > text->len || (first >= 0x80 && first < 0xC2) || first > 0xF4)
        goto bad;
    for (size_t i = 1; i < len; i++) {
        if ((text->at[i] & 0xC0) != 0x80)
            goto bad;
        point = point << 6 | (text->at[i] & 0x3FU);
    }
    if (point < least[len] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        goto bad;
    *text = bytes_from(*text, len);
    return point;
bad:
    *text = bytes_from(*text, 1);
    return REPLACEMENT;
}

/* NULL: the point stands for itself. */
static const char *written_as(uint32_t point)
{
    switch (point) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\t':
    case '\n': return NULL;
    case 0x202D: return "[U+202D]";
    case 0x202E: return "[U+202E]";
    default: break;
    }
    if (point == 0x202A || point == 0x202B || point == 0x202C || (point >= 0x2066 && point <= 0x2069))
        return "";
    if (point == REPLACEMENT || point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029)
        return "\xEF\xBF\xBD";
    return NULL;
}

void page_text(struct page *page, struct bytes text)
{
    struct bytes rest = text;
    size_t done = 0;

    while (rest.len > 0) {
        size_t at = text.len - rest.len;
        const char *instead = written_as(take_point(&rest));

        if (instead == NULL)
            continue;
        buffer_add(&page->out, bytes_of(text.at + done, at - done));
        buffer_text(&page->out, instead);
        done = text.len - rest.len;
    }
    buffer_add(&page->out, bytes_from(text, done));
}

void page_string(struct page *page, const char *text)
{
    page_text(page, bytes_text(text));
}

void page_say(struct page *page, const char *text)
{
    page_markup(page, reader_text(page->language, text));
}

void page_say_text(struct page *page, const char *text)
{
    page_markup(page, text);
}

/* ---- texts with slots ---- */

void page_slot_number(struct page *page, const struct page_slot *slot)
{
    page_number(page, slot->number);
}

void page_slot_ltr(struct page *page, const struct page_slot *slot)
{
    page_ltr(page, slot->text);
}

void page_slot_isolated(struct page *page, const struct page_slot *slot)
{
    page_isolated(page, slot->text);
}

static void fill(struct page *page, const char *text, const struct page_slot slots[])
{
    for (const char *at; (at = strchr(text, '%')) != NULL; text = at) {
        buffer_add(&page->out, bytes_of(text, (size_t)(at - text)));
        if (at[1] >= '1' && at[1] <= '9') {
            slots[at[1] - '1'].write(page, &slots[at[1] - '1']);
            at += 2;
        } else {
            page_html(page, "%");
            at++;
        }
    }
    page_markup(page, text);
}

void page_fill_slots(struct page *page, const char *text, const struct page_slot slots[])
{
    fill(page, reader_text(page->language, text), slots);
}

void page_say_count(struct page *page, uint64_t number, const char *one, const char *many)
{
    fill(page, reader_plural(page->language, one, many, number), (const struct page_slot[]){PAGE_NUMBER(number)});
}

/* ---- pieces ---- */

void page_number(struct page *page, uint64_t number)
{
    page_html(page, "<bdi dir=\"ltr\">");
    buffer_number(&page->out, number);
    page_html(page, "</bdi>");
}

void page_ltr(struct page *page, struct bytes text)
{
    page_html(page, "<bdi dir=\"ltr\">");
    page_text(page, text);
    page_html(page, "</bdi>");
}

void page_isolated(struct page *page, struct bytes text)
{
    page_html(page, "<bdi>");
    page_text(page, text);
    page_html(page, "</bdi>");
}

void page_id(struct page *page, const struct id *id)
{
    buffer_hex(&page->out, id_bytes(id));
}

static void write_address(struct page *page, const char *path, struct bytes file)
{
    if (page->links != NULL)
        page->links->write(page->links, page, path, file);
    else
        page_string(page, path);
}

void page_address(struct page *page, const char *path)
{
    write_address(page, path, bytes_of(NULL, 0));
}

void page_file_address(struct page *page, const struct id *entry, size_t place, struct bytes name)
{
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 32];

    id_to_text(entry, id);
    snprintf(path, sizeof path, "/a/%s/%zu", id, place);
    write_address(page, path, name);
}

void page_language_field(struct page *page)
{
    if (!page->chosen)
        return;
    page_html(page, "<input type=\"hidden\" name=\"lang\" value=\"");
    page_markup(page, reader_language_code(page->language));
    page_html(page, "\">\n");
}

void page_href(struct page *page, const char *path)
{
    page_html(page, " href=\"");
    page_address(page, path);
    if (page->chosen) {
        page_markup(page, strchr(path, '?') == NULL ? "?lang=" : "&amp;lang=");
        page_string(page, reader_language_code(page->language));
    }
    page_html(page, "\"");
}

/* ---- scripts ---- */

static void count_letter(struct page_letters *letters, uint32_t point)
{
    if ((point >= 0x05D0 && point <= 0x05F2) || (point >= 0xFB1D && point <= 0xFB4F))
        letters->hebrew++;
    else if ((point >= 0x0620 && point <= 0x06D3) || (point >= 0xFB50 && point <= 0xFDFF))
        letters->arabic++;
    else if (((point | 0x20) >= 'a' && (point | 0x20) <= 'z') || (point >= 0xC0 && point <= 0x24F))
        letters->latin++;
    else if (point >= 0x370 && (point < 0x0590 || point > 0x08FF) && (point < 0x2000 || point > 0x2BFF) &&
             point != REPLACEMENT)
        letters->other++;
}

void page_count_letters(struct page_letters *letters, struct bytes text)
{
    while (text.len > 0)
        count_letter(letters, take_point(&text));
}

enum page_script page_dominant(const struct page_letters *letters)
{
    size_t rtl = letters->hebrew + letters->arabic;
    size_t ltr = letters->latin + letters->other;

    if (rtl + ltr == 0)
        return PAGE_NO_SCRIPT;
    if (rtl >= ltr)
        return letters->hebrew >= letters->arabic ? PAGE_HEBREW : PAGE_ARABIC;
    return letters->latin >= letters->other ? PAGE_LATIN : PAGE_OTHER;
}

enum page_script page_language_script(const struct page *page)
{
    return page->language == READER_HEBREW ? PAGE_HEBREW : PAGE_LATIN;
}

void page_script_attributes(struct page *page, enum page_script script, enum page_script around)
{
    static const char *const attributes[][2] = {
        [PAGE_NO_SCRIPT] = {"", ""},
        [PAGE_HEBREW] = {" dir=\"rtl\"", " lang=\"he\""},
        [PAGE_ARABIC] = {" dir=\"rtl\"", " lang=\"ar\""},
        [PAGE_LATIN] = {" dir=\"ltr\"", " lang=\"en\""},
        [PAGE_OTHER] = {" dir=\"ltr\"", " lang=\"und\""},
    };

    page_markup(page, attributes[script][0]);
    if (script != around)
        page_markup(page, attributes[script][1]);
}

void page_direction(struct page *page, struct bytes text)
{
    struct page_letters letters = {0};

    page_count_letters(&letters, text);
    page_script_attributes(page, page_dominant(&letters), page_language_script(page));
}
