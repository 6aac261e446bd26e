/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_NODE_INERT_H
#define TESTS_NODE_INERT_H

/*
 * Judges the HTML that foreign text became, without using what wrote it: tags, attributes and addresses from short lists,
 * all closed in order, nothing unescaped, no character that turns the direction around.
 */

#include "proto/bytes.h"
#include "proto/text.h"

#include <strings.h>

struct inert {
    struct bytes rest;
    char open[64][16]; /* Tags not closed yet. */
    size_t depth;
    const char *why;
};

static inline bool inert_in(const char *const list[], struct bytes word)
{
    for (size_t i = 0; list[i] != NULL; i++)
        if (bytes_equal(bytes_text(list[i]), word))
            return true;
    return false;
}

static inline bool inert_begins(struct bytes text, const char *with)
{
    return text_take_prefix(&text, with);
}

static inline bool inert_reference(struct bytes text)
{
    return inert_begins(text, "&amp;") || inert_begins(text, "&lt;") || inert_begins(text, "&gt;") ||
           inert_begins(text, "&quot;") || inert_begins(text, "&#39;");
}

static inline struct bytes inert_word(struct inert *i)
{
    size_t len = 0;

    while (len < i->rest.len && ((i->rest.at[len] >= 'a' && i->rest.at[len] <= 'z') || i->rest.at[len] == '-' ||
                                 (i->rest.at[len] >= '0' && i->rest.at[len] <= '9')))
        len++;
    struct bytes word = bytes_of(i->rest.at, len);
    i->rest = bytes_from(i->rest, len);
    return word;
}

/* Schemes are told without regard to case. */
static inline bool inert_scheme(struct bytes value, const char *scheme)
{
    size_t len = strlen(scheme);

    return value.len > len && strncasecmp((const char *)value.at, scheme, len) == 0;
}

static inline bool inert_address(struct bytes value, bool picture)
{
    if (picture || inert_begins(value, "/a/"))
        return inert_begins(value, "/a/");
    return inert_begins(value, "/d/") || inert_scheme(value, "http://") || inert_scheme(value, "https://") ||
           inert_scheme(value, "mailto:") || inert_scheme(value, "tel:");
}

static inline bool inert_attribute(struct inert *i)
{
    static const char *const names[] = {"href", "src", "alt", "dir", "lang", "class", "rel", "start", "loading", "tabindex", NULL};
    static const char *const directions[] = {"rtl", "ltr", "auto", NULL};
    static const char *const classes[] = {"decided", "task", "as-written", "sideways", NULL};
    struct bytes name = inert_word(i), value;

    if (!inert_in(names, name) || !text_take_prefix(&i->rest, "=\"") || !text_take(&i->rest, '"', &value))
        return false;
    if (bytes_equal(name, bytes_text("href")) && !inert_address(value, false))
        return false;
    if (bytes_equal(name, bytes_text("src")) && !inert_address(value, true))
        return false;
    if (bytes_equal(name, bytes_text("dir")) && !inert_in(directions, value))
        return false;
    if (bytes_equal(name, bytes_text("class")) && !inert_in(classes, value))
        return false;
    for (size_t at = 0; at < value.len; at++)
        if (value.at[at] == '<' || value.at[at] == '>' || (value.at[at] == '&' && !inert_reference(bytes_from(value, at))))
            return false;
    return true;
}

static inline bool inert_tag(struct inert *i)
{
    static const char *const tags[] = {"p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "table", "thead",
                                       "tbody", "tr", "th", "td", "em", "strong", "del", "a", "bdi", "div", "hr", "br", "wbr", "img", NULL};
    static const char *const empty[] = {"hr", "br", "wbr", "img", NULL};
    bool closes = text_take_prefix(&i->rest, "/");
    struct bytes tag = inert_word(i);

    if (!inert_in(tags, tag))
        return false;
    if (closes)
        return i->depth > 0 && text_take_prefix(&i->rest, ">") &&
               bytes_equal(bytes_text(i->open[--i->depth]), tag);
    if (!inert_in(empty, tag)) {
        if (i->depth == 64)
            return false;
        memcpy(i->open[i->depth], tag.at, tag.len);
        i->open[i->depth++][tag.len] = '\0';
    }
    while (text_take_prefix(&i->rest, " "))
        if (!inert_attribute(i))
            return false;
    return text_take_prefix(&i->rest, ">");
}

static inline bool inert_turns(struct bytes text)
{
    if (text.len < 3 || text.at[0] != 0xE2)
        return false;
    return (text.at[1] == 0x80 && text.at[2] >= 0xAA && text.at[2] <= 0xAE) ||
           (text.at[1] == 0x81 && text.at[2] >= 0xA6 && text.at[2] <= 0xA9);
}

/* NULL: it is inert.  Else what is wrong; `left` (may be NULL) says how many bytes were not read then. */
static inline const char *inert_judge(struct bytes html, size_t *left)
{
    struct inert i = {.rest = html};

    if (!text_is_prose(html))
        i.why = "not clean text";
    while (i.why == NULL && i.rest.len > 0) {
        if (text_take_prefix(&i.rest, "<")) {
            if (!inert_tag(&i))
                i.why = "a tag, attribute or address that is not on the list";
            continue;
        }
        if (i.rest.at[0] == '>' || (i.rest.at[0] == '&' && !inert_reference(i.rest)))
            i.why = "not escaped";
        if (inert_turns(i.rest))
            i.why = "turns the direction around";
        i.rest = bytes_from(i.rest, 1);
    }
    if (i.why == NULL && i.depth != 0)
        i.why = "a tag is not closed";
    if (left != NULL)
        *left = i.rest.len;
    return i.why;
}

#endif
