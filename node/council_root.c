/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_root.h"

#include <stdlib.h>

#include "proto/text.h"

/* ---- reading ---- */

void council_root_from_charter(struct council_root *root, const struct charter *charter)
{
    memset(root, 0, sizeof *root);
    root->majority = charter->majority;
    root->admission = charter->admission;
    for (size_t i = 0; i < charter->founder_count; i++) {
        const struct charter_founder *founder = &charter->founders[i];
        struct council_line *line = &root->lines[root->line_count++];

        *line = (struct council_line){
            .kibbutz = founder->kibbutz, .votes = true, .card = founder->card, .key_count = founder->steward_count};
        for (size_t k = 0; k < founder->steward_count; k++)
            line->keys[k] = founder->stewards[k].key;
    }
}

/* Takes the next word off a value that act_check() accepted. */
static struct bytes take_word(struct bytes *value)
{
    struct bytes word;

    if (!text_take(value, ' ', &word)) {
        word = *value;
        *value = bytes_of(value->at + value->len, 0);
    }
    return word;
}

static enum err take_id(struct bytes *value, struct id *id)
{
    return id_from_text(take_word(value), id);
}

static enum err read_line(struct bytes value, struct council_line *line)
{
    enum err err = take_id(&value, &line->kibbutz);

    line->votes = bytes_equal(take_word(&value), bytes_text("vote"));
    if (!err)
        err = take_id(&value, &line->card);
    while (!err && value.len > 0 && line->key_count < LIMIT_STEWARDS)
        err = take_id(&value, &line->keys[line->key_count++]);
    return err;
}

static enum err read_pin(struct bytes value, struct council_pin *pin)
{
    enum err err = take_id(&value, &pin->key);

    if (!err)
        err = take_id(&value, &pin->kibbutz);
    if (!err && !text_to_number(take_word(&value), &pin->seq))
        err = ERR_FORMAT;
    return err || pin->seq == 0 ? err : take_id(&value, &pin->entry);
}

static enum err read_pins(struct bytes body, enum act_line name, struct council_pin pins[], size_t *count)
{
    struct bytes value;
    enum err err = ERR_OK;

    *count = act_count(body, name);
    for (size_t i = 0; !err && i < *count; i++)
        if (!(err = act_value(body, name, i, &value)))
            err = read_pin(value, &pins[i]);
    return err;
}

static enum err read_ids(struct bytes body, enum act_line name, struct id ids[], size_t *count)
{
    enum err err = ERR_OK;

    *count = act_count(body, name);
    for (size_t i = 0; !err && i < *count; i++)
        err = act_id(body, name, i, &ids[i]);
    return err;
}

enum err council_root_read(struct council_root *root, struct bytes body)
{
    struct bytes value;
    enum err err = act_check(ACT_COUNCIL, body);

    memset(root, 0, sizeof *root);
    if (err || (err = act_id(body, ACT_BASE, 0, &root->base)) ||
        (err = act_number(body, ACT_MAJORITY, &root->majority)) ||
        (err = act_number(body, ACT_ADMISSION, &root->admission)))
        return err;
    root->line_count = act_count(body, ACT_LINE);
    for (size_t i = 0; !err && i < root->line_count; i++)
        if (!(err = act_value(body, ACT_LINE, i, &value)))
            err = read_line(value, &root->lines[i]);
    if (err || (err = read_pins(body, ACT_CUT, root->cuts, &root->cut_count)) ||
        (err = read_pins(body, ACT_KEEP, root->keeps, &root->keep_count)) ||
        (err = read_ids(body, ACT_CLOSED, root->closed, &root->closed_count)))
        return err;
    return read_ids(body, ACT_OVER, root->over, &root->over_count);
}

/* ---- writing ---- */

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static void write_line(struct buffer *body, const struct council_line *line)
{
    struct buffer value = BUFFER(LIMIT_ENTRY);

    buffer_hex(&value, id_bytes(&line->kibbutz));
    buffer_text(&value, line->votes ? " vote " : " none ");
    buffer_hex(&value, id_bytes(&line->card));
    for (size_t i = 0; i < line->key_count; i++) {
        buffer_text(&value, " ");
        buffer_hex(&value, id_bytes(&line->keys[i]));
    }
    act_write(body, ACT_LINE, buffer_bytes(&value));
    buffer_free(&value);
}

void council_pin_write(struct buffer *body, enum act_line name, const struct council_pin *pin)
{
    struct buffer value = BUFFER(LIMIT_ENTRY);

    buffer_hex(&value, id_bytes(&pin->key));
    buffer_text(&value, " ");
    buffer_hex(&value, id_bytes(&pin->kibbutz));
    buffer_text(&value, " ");
    buffer_number(&value, pin->seq);
    buffer_text(&value, " ");
    if (pin->seq == 0)
        buffer_text(&value, "-");
    else
        buffer_hex(&value, id_bytes(&pin->entry));
    act_write(body, name, buffer_bytes(&value));
    buffer_free(&value);
}

/* Whatever is sorted here begins with the id by which the values differ first, and no two are equal in it. */
static void sort(void *elements, size_t count, size_t size)
{
    qsort(elements, count, size, compare_ids);
}

void council_root_write(struct buffer *body, struct council_root *root)
{
    for (size_t i = 0; i < root->line_count; i++)
        sort(root->lines[i].keys, root->lines[i].key_count, sizeof root->lines[i].keys[0]);
    sort(root->lines, root->line_count, sizeof root->lines[0]);
    sort(root->cuts, root->cut_count, sizeof root->cuts[0]);
    sort(root->keeps, root->keep_count, sizeof root->keeps[0]);
    sort(root->closed, root->closed_count, sizeof root->closed[0]);
    sort(root->over, root->over_count, sizeof root->over[0]);
    act_write_id(body, ACT_BASE, &root->base);
    act_write_number(body, ACT_MAJORITY, root->majority);
    act_write_number(body, ACT_ADMISSION, root->admission);
    for (size_t i = 0; i < root->line_count; i++)
        write_line(body, &root->lines[i]);
    for (size_t i = 0; i < root->cut_count; i++)
        council_pin_write(body, ACT_CUT, &root->cuts[i]);
    for (size_t i = 0; i < root->keep_count; i++)
        council_pin_write(body, ACT_KEEP, &root->keeps[i]);
    for (size_t i = 0; i < root->closed_count; i++)
        act_write_id(body, ACT_CLOSED, &root->closed[i]);
    for (size_t i = 0; i < root->over_count; i++)
        act_write_id(body, ACT_OVER, &root->over[i]);
}

/* ---- asking ---- */

struct council_line *council_root_find(struct council_root *root, const struct id *kibbutz)
{
    for (size_t i = 0; i < root->line_count; i++)
        if (id_equal(&root->lines[i].kibbutz, kibbutz))
            return &root->lines[i];
    return NULL;
}

bool council_root_closes(const struct council_root *root, const struct id *kibbutz)
{
    for (size_t i = 0; i < root->closed_count; i++)
        if (id_equal(&root->closed[i], kibbutz))
            return true;
    return false;
}

const struct council_pin *council_root_cut(const struct council_root *root, const struct id *key)
{
    for (size_t i = 0; i < root->cut_count; i++)
        if (id_equal(&root->cuts[i].key, key))
            return &root->cuts[i];
    return NULL;
}

bool council_line_has(const struct council_line *line, const struct id *key)
{
    for (size_t i = 0; i < line->key_count; i++)
        if (id_equal(&line->keys[i], key))
            return true;
    return false;
}

size_t council_root_voters(const struct council_root *root)
{
    size_t voters = 0;

    for (size_t i = 0; i < root->line_count; i++)
        voters += root->lines[i].votes;
    return voters;
}
