/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/charter.h"

#include "proto/text.h"

#define NAMED_MAX ((size_t)LIMIT_FOUNDERS * (LIMIT_STEWARDS + 1))

/* ---- writing ---- */

static void write_text(struct buffer *out, const char *name, struct bytes value)
{
    buffer_text(out, name);
    buffer_add(out, value);
    buffer_u8(out, '\n');
}

static void write_id(struct buffer *out, const char *name, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    write_text(out, name, bytes_text(text));
}

static void write_number(struct buffer *out, const char *name, uint64_t number)
{
    buffer_text(out, name);
    buffer_number(out, number);
    buffer_u8(out, '\n');
}

static void write_founder(struct buffer *out, const struct charter_founder *founder)
{
    write_text(out, "kibbutz ", founder->name);
    write_id(out, "card ", &founder->card);
    for (size_t i = 0; i < founder->steward_count; i++) {
        buffer_text(out, "steward ");
        buffer_hex(out, id_bytes(&founder->stewards[i].key));
        write_text(out, " ", founder->stewards[i].name);
    }
}

void charter_write(struct buffer *out, const struct charter *charter)
{
    buffer_text(out, "igum charter 1\n");
    write_text(out, "name ", charter->name);
    write_id(out, "nonce ", &charter->nonce);
    write_number(out, "majority ", charter->majority);
    write_number(out, "admission ", charter->admission);
    for (size_t i = 0; i < charter->founder_count; i++)
        write_founder(out, &charter->founders[i]);
}

/* ---- reading ---- */

static bool take_value(struct bytes *rest, const char *name, struct bytes *value)
{
    struct bytes after = *rest;

    if (!text_take_prefix(&after, name) || !text_take(&after, '\n', value))
        return false;
    *rest = after;
    return true;
}

static bool take_name(struct bytes *rest, const char *name, struct bytes *value)
{
    return take_value(rest, name, value) && text_is_line(*value, LIMIT_NAME);
}

static bool take_id(struct bytes *rest, const char *name, struct id *id)
{
    struct bytes value;

    return take_value(rest, name, &value) && id_from_text(value, id) == ERR_OK;
}

static bool take_number(struct bytes *rest, const char *name, uint64_t *number)
{
    struct bytes value;

    return take_value(rest, name, &value) && text_to_number(value, number);
}

static enum err take_founder(struct bytes *rest, struct charter_founder *founder)
{
    struct bytes value;
    struct bytes key;

    founder->steward_count = 0;
    if (!take_name(rest, "kibbutz ", &founder->name) || !take_id(rest, "card ", &founder->card))
        return ERR_FORMAT;
    while (take_value(rest, "steward ", &value)) {
        size_t index = founder->steward_count;

        if (index == LIMIT_STEWARDS)
            return ERR_LIMIT;
        if (!text_take(&value, ' ', &key) || id_from_text(key, &founder->stewards[index].key) != ERR_OK ||
            !text_is_line(value, LIMIT_NAME))
            return ERR_FORMAT;
        founder->stewards[index].name = value;
        founder->steward_count++;
    }
    return founder->steward_count > 0 ? ERR_OK : ERR_FORMAT;
}

static enum err parse(struct bytes rest, struct charter *charter)
{
    charter->founder_count = 0;
    if (!text_take_prefix(&rest, "igum charter 1\n") || !take_name(&rest, "name ", &charter->name) ||
        !take_id(&rest, "nonce ", &charter->nonce) || !take_number(&rest, "majority ", &charter->majority) ||
        !take_number(&rest, "admission ", &charter->admission))
        return ERR_FORMAT;
    while (rest.len > 0) {
        enum err err;

        if (charter->founder_count == LIMIT_FOUNDERS)
            return ERR_LIMIT;
        err = take_founder(&rest, &charter->founders[charter->founder_count]);
        if (err)
            return err;
        charter->founder_count++;
    }
    return ERR_OK;
}

static bool thresholds_fit(const struct charter *charter)
{
    uint64_t voters = charter->founder_count;

    return voters > 0 && charter->majority >= voters / 2 + 1 && charter->majority <= voters &&
           charter->admission >= 1 && charter->admission <= voters;
}

static bool is_new(const struct id named[], size_t count, const struct id *id)
{
    for (size_t i = 0; i < count; i++)
        if (id_equal(&named[i], id))
            return false;
    return true;
}

/* Keys and cards are pairwise different, and no steward key is the key of a card. */
static bool keys_stand_alone(const struct charter *charter)
{
    struct id named[2 * NAMED_MAX];
    size_t count = 0;

    for (size_t i = 0; i < charter->founder_count; i++) {
        const struct charter_founder *founder = &charter->founders[i];

        if (!is_new(named, count, &founder->card))
            return false;
        named[count++] = founder->card;
        for (size_t j = 0; j < founder->steward_count; j++) {
            const struct id *key = &founder->stewards[j].key;
            struct id as_card = id_hash(ID_CARD, id_bytes(key));

            if (!id_is_signing_key(key) || !is_new(named, count, key) || !is_new(named, count, &as_card))
                return false;
            named[count++] = *key;
            named[count++] = as_card;
        }
    }
    return true;
}

static enum err compare_rebuilt(struct bytes text, const struct charter *charter)
{
    struct buffer rebuilt = BUFFER(LIMIT_CHARTER);
    enum err err;

    charter_write(&rebuilt, charter);
    err = buffer_error(&rebuilt);
    if (!err && !bytes_equal(text, buffer_bytes(&rebuilt)))
        err = ERR_FORMAT;
    buffer_free(&rebuilt);
    return err;
}

enum err charter_read(struct bytes text, struct charter *charter)
{
    enum err err;

    if (text.len > LIMIT_CHARTER)
        return ERR_LIMIT;
    err = parse(text, charter);
    if (err)
        return err;
    if (!thresholds_fit(charter) || !keys_stand_alone(charter))
        return ERR_FORMAT;
    err = compare_rebuilt(text, charter);
    if (err)
        return err;
    charter->network = id_hash(ID_NETWORK, text);
    for (size_t i = 0; i < charter->founder_count; i++)
        charter->founders[i].kibbutz = charter_kibbutz(&charter->network, i);
    return ERR_OK;
}

struct id charter_kibbutz(const struct id *network, size_t index)
{
    const uint8_t place[4] = {(uint8_t)(index >> 24), (uint8_t)(index >> 16), (uint8_t)(index >> 8), (uint8_t)index};
    const struct bytes parts[] = {id_bytes(network), bytes_of(place, sizeof place)};

    return id_hash_parts(ID_KIBBUTZ, parts, sizeof parts / sizeof parts[0]);
}
