/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/roster.h"

#include "proto/limits.h"
#include "proto/wire.h"

#include <stdlib.h>

void roster_free(struct roster *r)
{
    free(r->kibbutzim.at);
    free(r->keys.at);
    free(r->forks.at);
    *r = (struct roster){.kibbutzim = {.at = NULL}};
}

static void begin(struct roster *r)
{
    roster_free(r);
    r->kibbutzim.item_size = sizeof(struct trust_kibbutz);
    r->keys.item_size = sizeof(struct trust_key);
    r->forks.item_size = sizeof(struct trust_fork);
}

static enum err end(struct roster *r, enum err err)
{
    if (err)
        roster_free(r);
    return err;
}

enum err roster_take(struct roster *r, struct trust *trust)
{
    size_t kibbutzim = trust_kibbutz_count(trust), keys = trust_key_count(trust), forks = trust_fork_count(trust);
    enum err err = ERR_OK;

    begin(r);
    r->root = trust_root(trust);
    for (size_t i = 0; !err && i < kibbutzim; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(trust, i);

        err = sorted_append(&r->kibbutzim, &kibbutz);
    }
    for (size_t i = 0; !err && i < keys && i < ROSTER_KEYS; i++) {
        struct trust_key key = trust_key_at(trust, i);

        if (!key.is_cut)
            key.cut = 0;
        err = sorted_append(&r->keys, &key);
    }
    for (size_t i = 0; !err && i < forks; i++) {
        struct trust_fork fork = trust_fork_at(trust, i);

        err = sorted_append(&r->forks, &fork);
    }
    return end(r, err);
}

/* ---- looking up ---- */

static int order_kibbutz(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_kibbutz *)item)->kibbutz, wanted);
}

static int order_key(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_key *)item)->key, wanted);
}

const struct trust_kibbutz *roster_kibbutz(const struct roster *r, const struct id *kibbutz)
{
    const struct trust_kibbutz *found = sorted_at(&r->kibbutzim, sorted_place(&r->kibbutzim, kibbutz, order_kibbutz));

    return found && id_equal(&found->kibbutz, kibbutz) ? found : NULL;
}

struct trust_key roster_key(const struct roster *r, const struct id *key)
{
    const struct trust_key *found = sorted_at(&r->keys, sorted_place(&r->keys, key, order_key));

    return found && id_equal(&found->key, key) ? *found : (struct trust_key){.status = TRUST_UNKNOWN, .key = *key};
}

size_t roster_kibbutz_count(const struct roster *r)
{
    return r->kibbutzim.count;
}

const struct trust_kibbutz *roster_kibbutz_at(const struct roster *r, size_t place)
{
    return sorted_at(&r->kibbutzim, place);
}

size_t roster_key_count(const struct roster *r)
{
    return r->keys.count;
}

const struct trust_key *roster_key_at(const struct roster *r, size_t place)
{
    return sorted_at(&r->keys, place);
}

size_t roster_fork_count(const struct roster *r)
{
    return r->forks.count;
}

const struct trust_fork *roster_fork_at(const struct roster *r, size_t place)
{
    return sorted_at(&r->forks, place);
}

/* ---- as bytes ---- */

static void add_id(struct buffer *out, const struct id *id)
{
    buffer_add(out, id_bytes(id));
}

static void add_kibbutz(struct buffer *out, const struct trust_kibbutz *k)
{
    add_id(out, &k->kibbutz);
    add_id(out, &k->admit_log);
    buffer_u64(out, k->admit_seq);
    buffer_u16(out, (uint16_t)k->founder);
    buffer_u8(out, k->votes);
    buffer_u8(out, k->registered);
    buffer_u8(out, k->closed);
    buffer_u8(out, k->joined);
    buffer_u8(out, (uint8_t)k->status);
    add_id(out, &k->card);
    buffer_u8(out, (uint8_t)k->steward_count);
    for (size_t i = 0; i < k->steward_count; i++)
        add_id(out, &k->stewards[i]);
}

static void add_key(struct buffer *out, const struct trust_key *k)
{
    buffer_u8(out, (uint8_t)k->status);
    buffer_u8(out, (uint8_t)k->cause);
    add_id(out, &k->because);
    add_id(out, &k->key);
    add_id(out, &k->kibbutz);
    buffer_u8(out, (uint8_t)k->role);
    add_id(out, &k->grant);
    add_id(out, &k->grant_log);
    buffer_u64(out, k->grant_seq);
    add_id(out, &k->told_log);
    buffer_u64(out, k->told_seq);
    add_id(out, &k->channel);
    add_id(out, &k->transport);
    buffer_u8(out, k->is_cut);
    buffer_u64(out, k->cut);
    buffer_u64(out, k->contested);
    buffer_u8(out, k->compromised);
}

static void add_fork(struct buffer *out, const struct trust_fork *f)
{
    add_id(out, &f->log);
    buffer_u64(out, f->seq);
    add_id(out, &f->a);
    add_id(out, &f->b);
    buffer_u8(out, f->settled);
}

void roster_encode(const struct roster *r, struct buffer *out)
{
    add_id(out, &r->root);
    buffer_u32(out, (uint32_t)r->kibbutzim.count);
    for (size_t i = 0; i < r->kibbutzim.count; i++)
        add_kibbutz(out, sorted_at(&r->kibbutzim, i));
    buffer_u32(out, (uint32_t)r->keys.count);
    for (size_t i = 0; i < r->keys.count; i++)
        add_key(out, sorted_at(&r->keys, i));
    buffer_u32(out, (uint32_t)r->forks.count);
    for (size_t i = 0; i < r->forks.count; i++)
        add_fork(out, sorted_at(&r->forks, i));
}

static void read_id(struct wire_reader *in, struct id *id)
{
    wire_copy(in, id->at, ID_LEN);
}

static bool read_flag(struct wire_reader *in)
{
    uint8_t byte = wire_u8(in);

    if (byte > 1)
        wire_fail(in);
    return byte == 1;
}

static uint8_t read_up_to(struct wire_reader *in, uint8_t most)
{
    uint8_t byte = wire_u8(in);

    if (byte > most)
        wire_fail(in);
    return byte > most ? 0 : byte;
}

static enum err read_kibbutz(struct roster *r, struct wire_reader *in)
{
    struct trust_kibbutz k = {.founder = 0};

    read_id(in, &k.kibbutz);
    read_id(in, &k.admit_log);
    k.admit_seq = wire_u64(in);
    k.founder = wire_u16(in);
    if (k.founder >= LIMIT_FOUNDERS)
        wire_fail(in);
    k.votes = read_flag(in);
    k.registered = read_flag(in);
    k.closed = read_flag(in);
    k.joined = read_flag(in);
    k.status = (enum trust_status)read_up_to(in, TRUST_GOOD);
    read_id(in, &k.card);
    k.steward_count = read_up_to(in, LIMIT_STEWARDS);
    for (size_t i = 0; i < k.steward_count; i++)
        read_id(in, &k.stewards[i]);
    return in->err ? in->err : sorted_append(&r->kibbutzim, &k);
}

static enum err read_key(struct roster *r, struct wire_reader *in)
{
    struct trust_key k = {.status = (enum trust_status)read_up_to(in, TRUST_GOOD)};

    k.cause = (enum trust_cause)read_up_to(in, TRUST_WAITS);
    read_id(in, &k.because);
    read_id(in, &k.key);
    read_id(in, &k.kibbutz);
    k.role = (enum role)read_up_to(in, ROLE_CARD);
    read_id(in, &k.grant);
    read_id(in, &k.grant_log);
    k.grant_seq = wire_u64(in);
    read_id(in, &k.told_log);
    k.told_seq = wire_u64(in);
    read_id(in, &k.channel);
    read_id(in, &k.transport);
    k.is_cut = read_flag(in);
    k.cut = wire_u64(in);
    k.contested = wire_u64(in);
    k.compromised = read_flag(in);
    return in->err ? in->err : sorted_append(&r->keys, &k);
}

static enum err read_fork(struct roster *r, struct wire_reader *in)
{
    struct trust_fork f = {.seq = 0};

    read_id(in, &f.log);
    f.seq = wire_u64(in);
    read_id(in, &f.a);
    read_id(in, &f.b);
    f.settled = read_flag(in);
    return in->err ? in->err : sorted_append(&r->forks, &f);
}

static enum err read_all(struct roster *r, struct wire_reader *in,
                         enum err (*read)(struct roster *r, struct wire_reader *in))
{
    uint32_t count = wire_u32(in);
    enum err err = in->err;

    for (uint32_t i = 0; !err && i < count; i++)
        err = read(r, in);
    return err;
}

enum err roster_decode(struct roster *r, struct bytes in)
{
    struct wire_reader reader = wire_reader(in);
    enum err err;

    begin(r);
    read_id(&reader, &r->root);
    if (!(err = read_all(r, &reader, read_kibbutz)) && !(err = read_all(r, &reader, read_key)) &&
        !(err = read_all(r, &reader, read_fork)))
        err = wire_finish(&reader);
    return end(r, err);
}
