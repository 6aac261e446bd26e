/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/federation.h"

#include <stdio.h>
#include <stdlib.h>

#define START_MS UINT64_C(1790000000000)

/* A test whose fixture cannot be made has nothing to say: it ends loudly. */
static void need(enum err err, const char *what)
{
    if (err) {
        fprintf(stderr, "federation: %s: %s\n", what, err_text(err));
        abort();
    }
}

static struct id seed_of(const char *label)
{
    return id_hash(ID_BLOB, bytes_text(label));
}

struct writer federation_writer(const char *label, const struct id *kibbutz, enum role role)
{
    struct writer w = {.kibbutz = *kibbutz, .role = role};
    struct id seed = seed_of(label);

    sshsig_key_from_seed(&w.key, seed.at);
    w.head.log = w.key.public;
    return w;
}

struct writer federation_card(const struct id *kibbutz)
{
    return federation_writer("card of alef", kibbutz, ROLE_CARD);
}

struct noise_key_pair federation_channel(const char *label)
{
    struct noise_key_pair pair;
    char text[64];

    snprintf(text, sizeof text, "channel %s", label);
    struct id seed = seed_of(text);
    noise_key_pair_from_secret(&pair, seed.at);
    return pair;
}

struct id federation_channel_id(const char *label)
{
    struct noise_key_pair pair = federation_channel(label);
    struct id id;

    memcpy(id.at, pair.public, ID_LEN);
    return id;
}

void federation_begin(struct federation *f, const char *name)
{
    struct id none = {{0}};
    struct writer card = federation_card(&none);
    struct charter *charter = calloc(1, sizeof *charter);

    if (!charter)
        abort();
    *f = (struct federation){.charter = BUFFER(LIMIT_CHARTER), .now_ms = START_MS};
    f->founder = federation_writer("founder", &none, ROLE_STEWARD);
    charter->name = bytes_text(name);
    charter->nonce = seed_of(name);
    charter->majority = charter->admission = 1;
    charter->founder_count = 1;
    charter->founders[0].name = bytes_text("אלף");
    charter->founders[0].card = id_hash(ID_CARD, id_bytes(&card.key.public));
    charter->founders[0].steward_count = 1;
    charter->founders[0].stewards[0].key = f->founder.key.public;
    charter->founders[0].stewards[0].name = bytes_text("דנה");
    charter_write(&f->charter, charter);
    need(charter_read(buffer_bytes(&f->charter), charter), "charter");
    f->network = charter->network;
    f->founder.kibbutz = charter->founders[0].kibbutz;
    free(charter);
}

void federation_free(struct federation *f)
{
    buffer_free(&f->charter);
}

struct id federation_sign(struct federation *f, struct writer *w, enum act act, struct bytes body, struct bytes content,
                          struct buffer *bundle)
{
    struct entry entry = {
        .network = f->network, .kibbutz = w->kibbutz, .role = w->role, .root = f->network, .act = act, .body = body};
    struct buffer wire = BUFFER(LIMIT_ENTRY), commit = BUFFER(LIMIT_COMMIT);
    struct head after;

    f->now_ms += 1000;
    need(entry_sign(&entry, &w->head, &w->key, f->now_ms), "sign");
    need(entry_verify(&entry, &w->head, &after, &commit), "verify");
    entry_encode(&wire, &entry);
    need(buffer_error(&wire), "encode");
    bundle_add_entry(bundle, buffer_bytes(&wire));
    if (content.len)
        bundle_add_content(bundle, &entry.log, entry.seq, content);
    need(buffer_error(bundle), "bundle");
    w->head = after;
    buffer_free(&wire);
    buffer_free(&commit);
    return after.entry;
}

static void salt_of(struct federation *f, uint8_t salt[CONTENT_SALT_LEN])
{
    char text[32];

    snprintf(text, sizeof text, "salt %llu", (unsigned long long)++f->salts);
    struct id id = seed_of(text);
    memcpy(salt, id.at, CONTENT_SALT_LEN);
}

/* Signs an act whose last line is the content: a name. */
static struct id sign_named(struct federation *f, struct writer *w, enum act act, struct buffer *body, const char *name,
                            struct buffer *bundle)
{
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;

    salt_of(f, salt);
    need(content_pack_name(name, salt, &packed, &content), "name");
    act_write_id(body, ACT_CONTENT, &content);
    struct id id = federation_sign(f, w, act, buffer_bytes(body), buffer_bytes(&packed), bundle);
    buffer_free(&packed);
    buffer_free(body);
    return id;
}

static struct id grant(struct federation *f, struct writer *steward, const struct id *subject, const char *grants,
                       const char *by, const char *channel_label, struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, subject);
    act_write_text(&body, ACT_GRANTS, grants);
    act_write_text(&body, ACT_BY, by);
    if (channel_label) {
        struct id channel = federation_channel_id(channel_label);
        act_write_id(&body, ACT_CHANNEL, &channel);
    }
    return sign_named(f, steward, ACT_GRANT, &body, "שם", bundle);
}

struct id federation_grant_node(struct federation *f, struct writer *steward, const struct id *node,
                                const char *channel_label, struct buffer *bundle)
{
    return grant(f, steward, node, "node", "key", channel_label, bundle);
}

struct id federation_grant_coordinator(struct federation *f, struct writer *steward, const struct id *key,
                                       struct buffer *bundle)
{
    return grant(f, steward, key, "coordinator", "key", NULL, bundle);
}

struct id federation_grant_invitation(struct federation *f, struct writer *steward, const struct id *ephemeral,
                                      enum role role, struct buffer *bundle)
{
    return grant(f, steward, ephemeral, role_name(role), "invitation", NULL, bundle);
}

struct id federation_admit(struct federation *f, struct writer *steward, const struct id *ephemeral,
                           struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_INVITED, ephemeral);
    return sign_named(f, steward, ACT_ADMIT, &body, "קיבוץ", bundle);
}

struct id federation_accept(struct federation *f, struct writer *ephemeral, const struct id *invitation,
                            const struct writer *newcomer, const struct id *card, const char *channel_label,
                            struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct id channel;
    struct signature consent;

    if (channel_label)
        channel = federation_channel_id(channel_label);
    act_write_id(&body, ACT_INVITATION, invitation);
    act_write_id(&body, ACT_KEY, &newcomer->key.public);
    if (card)
        act_write_id(&body, ACT_CARD, card);
    if (channel_label)
        act_write_id(&body, ACT_CHANNEL, &channel);
    struct id hash = act_consent_hash(&f->network, &ephemeral->key.public, invitation, &newcomer->key.public, card,
                                      channel_label ? &channel : NULL);
    sshsig_sign_plain(&newcomer->key, id_bytes(&hash), &consent);
    struct buffer hex = BUFFER(2 * SSHSIG_LEN);
    buffer_hex(&hex, bytes_of(consent.at, SSHSIG_LEN));
    act_write(&body, ACT_CONSENT, buffer_bytes(&hex));
    struct id id = federation_sign(f, ephemeral, ACT_ACCEPT, buffer_bytes(&body), bytes_of(NULL, 0), bundle);
    buffer_free(&hex);
    buffer_free(&body);
    return id;
}

struct id federation_publish(struct federation *f, struct writer *w, const char *text, enum act_audience audience,
                             struct buffer *bundle)
{
    return federation_publish_with(f, w, text, audience, NULL, 0, bundle);
}

struct id federation_publish_with(struct federation *f, struct writer *w, const char *text, enum act_audience audience,
                                  const struct content_file attachments[], size_t count, struct buffer *bundle)
{
    return federation_revise_with(f, w, NULL, text, audience, attachments, count, bundle);
}

struct id federation_revise_with(struct federation *f, struct writer *w, const struct id *document, const char *text,
                                 enum act_audience audience, const struct content_file attachments[], size_t count,
                                 struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT);
    struct content_file files[8] = {{.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_text(text)}};
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;

    salt_of(f, salt);
    for (size_t i = 0; i < count; i++)
        files[1 + i] = attachments[i];
    need(content_pack(files, 1 + count, salt, &packed, &content), "content");
    if (document) {
        act_write_id(&body, ACT_DOCUMENT, document);
        act_write_id(&body, ACT_AFTER, document);
    }
    act_write_text(&body, ACT_AUDIENCE, act_audience_name(audience));
    act_write_id(&body, ACT_CONTENT, &content);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    struct id id =
        federation_sign(f, w, document ? ACT_REVISE : ACT_PUBLISH, buffer_bytes(&body), buffer_bytes(&packed), bundle);
    buffer_free(&body);
    buffer_free(&packed);
    return id;
}

struct id federation_recover(struct federation *f, const struct writer *lost, const struct head *last,
                             const struct id *key, struct buffer *bundle)
{
    struct writer card = federation_card(&lost->kibbutz);
    char log[ID_TEXT_LEN + 1], kibbutz[ID_TEXT_LEN + 1], entry[ID_TEXT_LEN + 1], cut[256];
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    id_to_text(&lost->key.public, log);
    id_to_text(&lost->kibbutz, kibbutz);
    id_to_text(&last->entry, entry);
    snprintf(cut, sizeof cut, "%s %s %llu %s", log, kibbutz, (unsigned long long)last->seq, entry);
    act_write_id(&body, ACT_KIBBUTZ, &lost->kibbutz);
    act_write_id(&body, ACT_KEY, key);
    act_write_text(&body, ACT_CUT, cut);
    struct id id = federation_sign(f, &card, ACT_RECOVER, buffer_bytes(&body), bytes_of(NULL, 0), bundle);
    buffer_free(&body);
    return id;
}
