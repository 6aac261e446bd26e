/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/proto/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"

static const struct bytes NOTHING;

struct twin twin_begin(uint64_t admission)
{
    struct twin w = {.bundle = BUFFER(LIMIT_BUNDLE)};
    struct charter *charter = calloc(1, sizeof *charter);
    struct buffer text = BUFFER(LIMIT_CHARTER);

    assert_non_null(charter);
    federation_begin(&w.f, "רשת");
    assert_int_equal(charter_read(buffer_bytes(&w.f.charter), charter), ERR_OK);
    w.second = federation_writer("second", &w.f.network, ROLE_STEWARD);
    charter->majority = 2;
    charter->admission = admission;
    charter->founder_count = 2;
    charter->founders[1].name = bytes_text("בית");
    charter->founders[1].card = id_hash(ID_CARD, bytes_text("card of bet"));
    charter->founders[1].steward_count = 1;
    charter->founders[1].stewards[0].key = w.second.key.public;
    charter->founders[1].stewards[0].name = bytes_text("רות");
    charter_write(&text, charter);
    assert_int_equal(charter_read(buffer_bytes(&text), charter), ERR_OK);
    buffer_free(&w.f.charter);
    w.f.charter = text;
    w.f.network = charter->network;
    w.f.founder.kibbutz = charter->founders[0].kibbutz;
    w.second.kibbutz = charter->founders[1].kibbutz;
    bundle_begin(&w.bundle, &w.f.network);
    free(charter);
    return w;
}

void twin_end(struct twin *w, struct trust *t)
{
    trust_free(t);
    buffer_free(&w->bundle);
    federation_free(&w->f);
}

/* Everything signed, in the order of signing. */
void twin_read_set(const struct twin *w, struct twin_set *set)
{
    struct frontier *heads = frontier_new();
    struct buffer commit = BUFFER(LIMIT_COMMITS);
    struct bundle_reader reader;
    struct bundle_record record;

    assert_non_null(heads);
    set->count = 0;
    assert_int_equal(bundle_open(&reader, buffer_bytes(&w->bundle), &w->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        struct twin_known *known = &set->at[set->count];
        struct head before, after;

        if (record.kind != BUNDLE_ENTRY)
            continue;
        assert_true(set->count < TWIN_ENTRIES);
        assert_int_equal(entry_decode(record.bytes, &w->f.network, &known->entry), ERR_OK);
        before = (struct head){.log = known->entry.log};
        if (known->entry.seq > 1)
            before = *frontier_find(heads, &known->entry.log);
        assert_int_equal(entry_verify(&known->entry, &before, &after, &commit), ERR_OK);
        assert_int_equal(frontier_set(heads, &after), ERR_OK);
        known->id = after.entry;
        set->count++;
    }
    buffer_free(&commit);
    frontier_free(heads);
}

struct trust *twin_fresh(const struct twin *w)
{
    struct trust *t = trust_new(buffer_bytes(&w->f.charter));

    assert_non_null(t);
    return t;
}

struct trust *twin_judged(const struct twin *w)
{
    struct trust *t = twin_fresh(w);
    struct twin_set set;

    twin_read_set(w, &set);
    for (size_t i = 0; i < set.count; i++)
        assert_int_equal(trust_add(t, &set.at[i].entry, &set.at[i].id), ERR_OK);
    return t;
}

struct writer twin_steward(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_STEWARD);
}

struct writer twin_coordinator(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_COORDINATOR);
}

struct writer twin_node(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_NODE);
}

struct writer twin_invitation(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_INVITATION);
}

struct id twin_card(void)
{
    return id_hash(ID_CARD, bytes_text("card of gimel"));
}

/* A third kibbutz, admitted by the first one's steward and handed over; its steward has no vote. */
struct writer twin_admitted(struct twin *w)
{
    struct writer ephemeral = twin_invitation("ephemeral", &w->f.network);
    struct id gimel = twin_card();
    struct id admit = federation_admit(&w->f, &w->f.founder, &ephemeral.key.public, &w->bundle);
    struct writer third = twin_steward("third", &admit);

    ephemeral.kibbutz = admit;
    federation_accept(&w->f, &ephemeral, &admit, &third, &gimel, NULL, &w->bundle);
    return third;
}

static struct id sign_id(struct twin *w, struct writer *by, enum act act, enum act_line line, const struct id *id)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, line, id);
    struct id entry = federation_sign(&w->f, by, act, buffer_bytes(&body), NOTHING, &w->bundle);
    buffer_free(&body);
    return entry;
}

struct id twin_approve(struct twin *w, struct writer *by, const struct id *subject)
{
    return sign_id(w, by, ACT_APPROVE, ACT_SUBJECT, subject);
}

struct id twin_transport(struct twin *w, struct writer *by, const char *channel_label)
{
    struct id channel = federation_channel_id(channel_label);

    return sign_id(w, by, ACT_TRANSPORT, ACT_CHANNEL, &channel);
}

/* A node's accept whose consent may say something else. */
void twin_accept_with(struct twin *w, struct writer *ephemeral, const struct id *grant, const struct writer *newcomer,
                      struct twin_consent consent)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), hex = BUFFER(2 * SSHSIG_LEN);
    struct id channel = federation_channel_id("newcomer");
    struct signature signature;
    const struct id *about = consent.invitation ? consent.invitation : grant;
    struct id hash = act_consent_hash(&w->f.network, &ephemeral->key.public, about, &newcomer->key.public, NULL,
                                      consent.channel ? consent.channel : &channel);

    sshsig_sign_plain(consent.by ? consent.by : &newcomer->key, id_bytes(&hash), &signature);
    buffer_hex(&hex, bytes_of(signature.at, SSHSIG_LEN));
    act_write_id(&body, ACT_INVITATION, grant);
    act_write_id(&body, ACT_KEY, &newcomer->key.public);
    act_write_id(&body, ACT_CHANNEL, &channel);
    act_write(&body, ACT_CONSENT, buffer_bytes(&hex));
    federation_sign(&w->f, ephemeral, ACT_ACCEPT, buffer_bytes(&body), NOTHING, &w->bundle);
    buffer_free(&body);
    buffer_free(&hex);
}

enum trust_status twin_status_of(struct trust *t, const struct writer *who)
{
    struct trust_key key = trust_key(t, &who->key.public);

    assert_memory_equal(key.key.at, who->key.public.at, ID_LEN);
    return key.status;
}

bool twin_publishes(struct trust *t, const struct id *key)
{
    struct trust_key k = trust_key(t, key);

    return k.status == TRUST_GOOD && (k.role == ROLE_STEWARD || k.role == ROLE_COORDINATOR);
}

void twin_assert_good(struct trust *t, const struct writer *who)
{
    struct trust_key key = trust_key(t, &who->key.public);

    assert_int_equal(key.status, TRUST_GOOD);
    assert_int_equal(key.role, who->role);
    assert_memory_equal(key.kibbutz.at, who->kibbutz.at, ID_LEN);
}

enum trust_status twin_channel_status(struct trust *t, const char *label)
{
    struct id channel = federation_channel_id(label);

    return trust_channel(t, &channel).status;
}
