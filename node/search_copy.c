/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/search_copy.h"

#include "node/asset.h"
#include "node/copy_name.h"
#include "node/layout.h"
#include "node/view.h"

#include <stdio.h>

#define LIST_SIZE KIB(512) /* Of one list, about: browsers read them one after the other. */

struct lists {
    struct site_copy *copy;
    struct buffer out;
    unsigned number;
};

/* Text within a string of JavaScript that may stand within HTML. */
static void write_string(struct buffer *out, struct bytes text)
{
    buffer_text(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != 0x7F && c != 0xE2) {
            buffer_u8(out, c);
        } else if (c != 0xE2 || i + 2 >= text.len || text.at[i + 1] != 0x80 || (text.at[i + 2] | 1) != 0xA9) {
            if (c == 0xE2) {
                buffer_u8(out, c);
                continue;
            }
            buffer_text(out, "\\u00");
            buffer_hex(out, bytes_of(&c, 1));
        } else {
            buffer_text(out, "\\n"); /* U+2028 and U+2029 end lines of a script. */
            i += 2;
        }
    }
    buffer_text(out, "\"");
}

static enum err flush(struct lists *lists, bool more)
{
    char name[64];
    enum err err;

    buffer_text(&lists->out, more ? "],true);\n" : "],false);\n");
    snprintf(name, sizeof name, "search/%u.js", ++lists->number);
    if ((err = buffer_error(&lists->out)) == ERR_OK && (err = copy_target_claim(lists->copy->target, name)) == ERR_OK)
        err = copy_target_append(lists->copy->target, name, buffer_bytes(&lists->out));
    buffer_clear(&lists->out);
    buffer_text(&lists->out, "igumSearch([");
    return err;
}

/* The line below a title: what a list says of it, without markup. */
static void write_facts(struct buffer *out, struct site *site, const struct index_revision *revision,
                        enum reader_language language)
{
    struct buffer text = BUFFER(KIB(8));
    char day[DATE_TEXT_SIZE];
    struct date date;

    if (revision->body.len > 0) {
        buffer_add(&text, revision->body);
        buffer_text(&text, " · ");
    }
    buffer_add(&text, site_kibbutz_name(site, &revision->kibbutz));
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date)) {
        date_short(language, &date, day);
        buffer_text(&text, " · ");
        buffer_text(&text, day);
    }
    write_string(out, buffer_bytes(&text));
    buffer_free(&text);
}

/* Everything else that it may be found by. */
static void write_words(struct buffer *out, const struct view *v)
{
    const struct front_matter *front = &v->text->front;
    struct buffer text = BUFFER(PAGE_LIMIT);

    if (v->here)
        buffer_add(&text, v->text->text);
    for (size_t i = 0; i < front->present.count; i++) {
        buffer_text(&text, "\n");
        buffer_add(&text, front->present.items[i]);
    }
    for (size_t i = 0; i < front->contact_count; i++) {
        buffer_text(&text, "\n");
        buffer_add(&text, front->contacts[i].name);
    }
    for (size_t i = 0; v->here && i < v->content->count; i++) {
        buffer_text(&text, "\n");
        buffer_add(&text, v->content->files[i].name);
    }
    write_string(out, buffer_bytes(&text));
    buffer_free(&text);
}

static enum err write_document(void *context, const struct index_revision *revision)
{
    struct lists *lists = context;
    struct view *view = NULL;
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 4], name[COPY_NAME_SIZE];
    enum err err = ERR_OK;

    if (lists->out.len > LIST_SIZE)
        err = flush(lists, true);
    if (err || (err = view_open(lists->copy->site, &revision->document, NULL, &view)) != ERR_OK) {
        view_close(view);
        return err;
    }
    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    copy_name(path, bytes_of(NULL, 0), name);
    buffer_text(&lists->out, "[");
    write_string(&lists->out, bytes_text(name));
    buffer_text(&lists->out, ",");
    write_string(&lists->out, revision->number);
    buffer_text(&lists->out, ",");
    write_string(&lists->out, revision->title.len > 0
                                  ? revision->title
                                  : bytes_text(reader_text(lists->copy->language, SAY("A document without a title"))));
    buffer_text(&lists->out, ",");
    write_facts(&lists->out, lists->copy->site, revision, lists->copy->language);
    buffer_text(&lists->out, ",");
    write_words(&lists->out, view);
    buffer_text(&lists->out, "],\n");
    lists->copy->documents++;
    view_close(view);
    return buffer_error(&lists->out);
}

enum err search_copy_write(struct site_copy *copy)
{
    struct lists lists = {.copy = copy, .out = BUFFER(2 * PAGE_LIMIT)};
    const struct index_filter all = {.with_void = true};
    enum err err;

    buffer_text(&lists.out, "igumSearch([");
    err = index_each_document(site_index(copy->site), &all, write_document, &lists);
    if (!err)
        err = flush(&lists, false);
    if (!err && (err = copy_target_claim(copy->target, "search.js")) == ERR_OK)
        err = copy_target_append(copy->target, "search.js", asset_search_js);
    buffer_free(&lists.out);
    return err;
}
