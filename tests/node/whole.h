/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_NODE_WHOLE_H
#define TESTS_NODE_WHOLE_H

/*
 * Judges a whole page of the reader, or a file of a copy of it, without using what wrote it: elements and attributes from short
 * lists, all of them closed in order and quoted, nothing that runs or loads from elsewhere, nothing unescaped, and no character
 * that turns the direction around.  What a text of members became is judged more strictly by inert.h.
 */

#include "proto/text.h"
#include "tests/node/inert.h"

struct whole {
    struct bytes rest;
    bool is_copy;       /* Of files: addresses are relative. */
    char open[96][12]; /* Elements not closed yet. */
    size_t depth;
    const char *why;
};

static inline bool whole_reference(struct bytes text)
{
    return inert_reference(text) || inert_begins(text, "&nbsp;");
}

/* No reference to what is not text, and nothing that ends the value. */
static inline bool whole_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == '<' || value.at[i] == '>' || (value.at[i] == '&' && !whole_reference(bytes_from(value, i))))
            return false;
    return true;
}

/* Relative, or of this site; "//host" is neither. */
static inline bool whole_is_own(const struct whole *w, struct bytes value)
{
    size_t i = 0;

    if (!w->is_copy)
        return value.len > 0 && value.at[0] == '/' && (value.len == 1 || (value.at[1] != '/' && value.at[1] != '\\'));
    while (i < value.len && value.at[i] != '/' && value.at[i] != ':')
        i++;
    return value.len > 0 && value.at[0] != '/' && value.at[0] != '\\' && (i == value.len || value.at[i] == '/');
}

/* Where an element may lead, or what it may load. */
static inline bool whole_address(const struct whole *w, struct bytes element, struct bytes value)
{
    if (bytes_equal(element, bytes_text("a")))
        return whole_is_own(w, value) || inert_begins(value, "#") || inert_scheme(value, "http://") || inert_scheme(value, "https://") ||
               inert_scheme(value, "mailto:") || inert_scheme(value, "tel:");
    return whole_is_own(w, value);
}

static inline bool whole_is(struct bytes name, const char *word)
{
    return bytes_equal(name, bytes_text(word));
}

/* A script is one of two files of ours, in a copy alone. */
static inline bool whole_script(const struct whole *w, struct bytes value)
{
    struct bytes rest = value;

    while (text_take_prefix(&rest, "../"))
        ;
    return w->is_copy && rest.len > 3 && memcmp(rest.at + rest.len - 3, ".js", 3) == 0 && memchr(rest.at, ':', rest.len) == NULL &&
           memchr(rest.at, '/', rest.len) == NULL;
}

static inline bool whole_attribute(struct whole *w, struct bytes element)
{
    static const char *const bare[] = {"download", "open", "hidden", "selected", "defer", NULL};
    static const char *const names[] = {"alt", "autocomplete", "charset", "class", "content", "d", "datetime", "dir", "for", "form", "id", "lang",
                                        "loading", "max", "name", "placeholder", "rel", "role", "scope", "start", "stroke", "stroke-width",
                                        "tabindex", "title", "type", "value", "fill", "http-equiv", "inputmode", "maxlength", "pattern", "aria-current", "aria-hidden",
                                        "aria-label", "aria-labelledby", "data-l", "xmlns", "viewBox", "width", "height", "points", NULL};
    static const char *const directions[] = {"rtl", "ltr", "auto", NULL};
    struct inert cursor = {.rest = w->rest};
    struct bytes name = inert_word(&cursor), value;

    w->rest = cursor.rest;
    if (name.len == 4 && memcmp(name.at, "view", 4) == 0 && text_take_prefix(&w->rest, "Box"))
        name.len += 3;
    if (!text_take_prefix(&w->rest, "=\""))
        return inert_in(bare, name);
    if (!text_take(&w->rest, '"', &value) || !whole_value(value))
        return false;
    if (whole_is(name, "href") || whole_is(name, "action"))
        return whole_address(w, element, value);
    if (whole_is(name, "src"))
        return whole_is(element, "script") ? whole_script(w, value) : whole_is(element, "img") && whole_is_own(w, value);
    if (whole_is(name, "http-equiv"))
        return w->is_copy && whole_is(value, "Content-Security-Policy");
    if (whole_is(name, "dir"))
        return inert_in(directions, value);
    return inert_in(names, name);
}

static inline bool whole_closes(struct whole *w, struct bytes element)
{
    return w->depth > 0 && text_take_prefix(&w->rest, ">") && whole_is(element, w->open[--w->depth]);
}

static inline bool whole_opens(struct whole *w, struct bytes element)
{
    if (w->depth == sizeof w->open / sizeof w->open[0] || element.len >= sizeof w->open[0])
        return false;
    memcpy(w->open[w->depth], element.at, element.len);
    w->open[w->depth++][element.len] = '\0';
    return true;
}

static inline bool whole_element(struct whole *w)
{
    static const char *const elements[] = {
        "a",      "article", "aside", "b",       "bdi",   "blockquote", "body",  "br",       "button", "caption",  "code",     "dd",      "del",
        "details", "div",    "dl",    "dt",      "em",    "footer",     "form",  "h1",       "h2",     "h3",       "h4",       "h5",      "h6",
        "head",   "header",  "hr",    "html",    "i",     "img",        "input", "ins",      "label",  "li",       "link",     "main",    "mark",
        "meta",   "nav",     "noscript", "ol",   "option", "p",         "path",  "pre",      "progress", "script", "section",  "select",  "small",
        "span",   "strong",  "summary", "svg",   "table", "tbody",      "td",    "template", "th",     "thead",    "time",     "title",   "tr",
        "ul",     "wbr",     "hgroup", "q",      "sub",   "sup",        NULL};
    static const char *const empty[] = {"br", "hr", "img", "input", "link", "meta", "wbr", NULL};
    bool closes = text_take_prefix(&w->rest, "/");
    struct inert cursor = {.rest = w->rest};
    struct bytes element = inert_word(&cursor);

    w->rest = cursor.rest;
    if (!inert_in(elements, element) || (!w->is_copy && (whole_is(element, "script") || whole_is(element, "noscript"))))
        return false;
    if (closes)
        return whole_closes(w, element);
    while (text_take_prefix(&w->rest, " "))
        if (!whole_attribute(w, element))
            return false;
    if (whole_is(element, "path") && text_take_prefix(&w->rest, "/>"))
        return true;
    if (!inert_in(empty, element) && !whole_opens(w, element))
        return false;
    return text_take_prefix(&w->rest, ">");
}

/* NULL: it is sound.  Else what is wrong, and `left` bytes were not read then. */
static inline const char *whole_judge(struct bytes html, bool is_copy, size_t *left)
{
    struct whole w = {.rest = html, .is_copy = is_copy};

    if (!text_take_prefix(&w.rest, "<!doctype html>\n<html lang=\"") || html.len == 0)
        w.why = "it does not begin as a page";
    w.rest = bytes_from(html, sizeof "<!doctype html>\n" - 1);
    if (w.why == NULL && !text_is_prose(html))
        w.why = "not clean text";
    while (w.why == NULL && w.rest.len > 0) {
        if (text_take_prefix(&w.rest, "<")) {
            if (!whole_element(&w))
                w.why = "an element, attribute or address that is not on the list";
            continue;
        }
        if (w.rest.at[0] == '>' || (w.rest.at[0] == '&' && !whole_reference(w.rest)))
            w.why = "not escaped";
        if (inert_turns(w.rest))
            w.why = "turns the direction around";
        w.rest = bytes_from(w.rest, 1);
    }
    if (w.why == NULL && w.depth != 0)
        w.why = "an element is not closed";
    if (left != NULL)
        *left = w.rest.len;
    return w.why;
}

#endif
