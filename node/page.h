/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PAGE_H
#define NODE_PAGE_H

/*
 * HTML, written front to back into one buffer.  Markup is literal text of this program; everything else passes
 * page_text(), the one place that escapes.  There is no other way from foreign bytes into a page.
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"
#include "node/reader_text.h"

/*
 * How the addresses of this site become links in a copy that is kept: `path` is that of a page or, when `file` (a foreign
 * name) is not empty, of an attachment.
 */
struct page;
struct page_links {
    void (*write)(struct page_links *links, struct page *page, const char *path, struct bytes file);
    uint64_t made_ms; /* When the copy was made. */
};

#define PAGE_LIMIT MIB(16) /* The largest page: a document of LIMIT_CONTENT of which each byte is escaped. */

struct page {
    struct buffer out;
    enum reader_language language;
    bool chosen; /* The language was asked for in the address: links hand it on. */
    uint64_t now_ms; /* 0: a page that is kept, in which "yesterday" would grow old. */
    struct page_links *links; /* NULL: for a browser that asks this reader. */
};

/* Markup: a string literal, and nothing else compiles. */
#define page_html(page, literal) page_markup((page), "" literal "")
void page_markup(struct page *page, const char *markup);

/*
 * Foreign text, for element content and quoted attribute values alike.  & < > " ' become references.  What is not UTF-8
 * and control characters become U+FFFD; bidirectional embeddings and isolates are dropped (word processors leave them
 * behind, blocks carry their direction); overrides, which make text lie about its order, are shown as [U+202E].
 */
void page_text(struct page *page, struct bytes text);
void page_string(struct page *page, const char *text);

/* A text of the interface in the page's language; it may hold markup, being ours. */
void page_say(struct page *page, const char *text);

/* A text of ours that is in no catalogue, like a date in words. */
void page_say_text(struct page *page, const char *text);

/* What stands for "%1" ... in a text: it writes itself. */
struct page_slot {
    void (*write)(struct page *page, const struct page_slot *slot);
    uint64_t number;
    struct bytes text;
    void *context;
    const struct id *id;
};
void page_slot_number(struct page *page, const struct page_slot *slot);   /* page_number() */
void page_slot_ltr(struct page *page, const struct page_slot *slot);      /* page_ltr() */
void page_slot_isolated(struct page *page, const struct page_slot *slot); /* page_isolated() */
#define PAGE_NUMBER(n) {.write = page_slot_number, .number = (n)}
#define PAGE_LTR(bytes) {.write = page_slot_ltr, .text = (bytes)}
#define PAGE_ISOLATED(bytes) {.write = page_slot_isolated, .text = (bytes)}

/* page_say() with slots, of which the text may name all or some. */
#define page_fill(page, text, ...) page_fill_slots(page, text, (const struct page_slot[]){__VA_ARGS__})
void page_fill_slots(struct page *page, const char *text, const struct page_slot slots[]);

/* "One document", "12 documents": "%1" is the number. */
void page_say_count(struct page *page, uint64_t number, const char *one, const char *many);

/* A number, id or file name, isolated so that it keeps its order in right-to-left text. */
void page_number(struct page *page, uint64_t number);
void page_ltr(struct page *page, struct bytes text);

/* Foreign text of unknown direction within a line, isolated. */
void page_isolated(struct page *page, struct bytes text);

void page_id(struct page *page, const struct id *id);

/* An address of this site within an attribute; that of an attachment of an entry. */
void page_address(struct page *page, const char *path);
void page_file_address(struct page *page, const struct id *entry, size_t place, struct bytes name);

/* Within a form: the language is handed on when it was chosen. */
void page_language_field(struct page *page);

/* href="PATH", with the language handed on when it was chosen.  `path` is ours: letters, digits and slashes. */
void page_href(struct page *page, const char *path);

/* ` dir="rtl" lang="he"` by the dominant script of the text; nothing when it has no letters. */
void page_direction(struct page *page, struct bytes text);

/* ---- scripts ---- */

enum page_script { PAGE_NO_SCRIPT, PAGE_HEBREW, PAGE_ARABIC, PAGE_LATIN, PAGE_OTHER };

struct page_letters { /* How many letters of each script; zero-initialised. */
    size_t hebrew, arabic, latin, other;
};

void page_count_letters(struct page_letters *letters, struct bytes text);

/* The script of most letters; right-to-left ones win a tie. */
enum page_script page_dominant(const struct page_letters *letters);

/* The script of the page's own language. */
enum page_script page_language_script(const struct page *page);

/* ` dir="…" lang="…"` for a script; lang is left out where the script does not tell it, or is `around`'s. */
void page_script_attributes(struct page *page, enum page_script script, enum page_script around);

#endif
