/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/story.h"

#include <stdio.h>
#include <stdlib.h>

static void need(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "story: %s\n", what);
        abort();
    }
}

static struct signing_key signing_key(const char *label)
{
    struct id seed = id_hash(ID_BLOB, bytes_text(label));
    struct signing_key key;

    sshsig_key_from_seed(&key, seed.at);
    return key;
}

struct id story_key(const char *label)
{
    return signing_key(label).public;
}

struct id story_card(const char *label)
{
    struct id key = story_key(label);

    return id_hash(ID_CARD, id_bytes(&key));
}

struct id story_kibbutz(const struct story *s, char letter)
{
    return s->kibbutzim[letter - 'a'];
}

void story_begin(struct story *s, const char *founders, uint64_t majority, uint64_t admission)
{
    char names[26][3];
    struct charter *c = calloc(1, sizeof *c);

    need(c != NULL, "out of memory");
    *s = (struct story){.charter = BUFFER(LIMIT_CHARTER), .lines = BUFFER(LIMIT_ENTRY_BODY)};
    c->name = bytes_text("רשת");
    c->nonce = id_hash(ID_BLOB, bytes_text(founders));
    c->founder_count = strlen(founders);
    c->majority = majority ? majority : c->founder_count / 2 + 1;
    c->admission = admission;
    for (size_t i = 0; i < c->founder_count; i++) {
        struct charter_founder *f = &c->founders[i];

        snprintf(names[i], sizeof names[i], "S%c", founders[i]);
        f->stewards[0].key = story_key(names[i]);
        names[i][0] = 'R';
        f->card = story_card(names[i]);
        f->name = f->stewards[0].name = bytes_text(names[i]);
        f->steward_count = 1;
    }
    charter_write(&s->charter, c);
    need(!charter_read(buffer_bytes(&s->charter), c), "no charter");
    s->network = s->root = c->network;
    for (size_t i = 0; i < c->founder_count; i++)
        s->kibbutzim[founders[i] - 'a'] = c->founders[i].kibbutz;
    s->trust = story_fresh(s);
    free(c);
}

void story_end(struct story *s)
{
    for (size_t i = 0; i < s->count; i++)
        buffer_free(&s->entries[i].body);
    trust_free(s->trust);
    buffer_free(&s->charter);
    buffer_free(&s->lines);
}

struct trust *story_fresh(const struct story *s)
{
    struct trust *t = trust_new(buffer_bytes(&s->charter));

    need(t != NULL, "no trust");
    return t;
}

/* ---- logs ---- */

static size_t head_of(struct story *s, const char *label)
{
    size_t i = 0;

    while (i < s->head_count && strcmp(s->heads[i].label, label) != 0)
        i++;
    if (i == s->head_count) {
        need(i < STORY_KEYS, "too many keys");
        snprintf(s->heads[i].label, sizeof s->heads[i].label, "%s", label);
        s->heads[i].seq = 0;
        s->head_count++;
    }
    return i;
}

struct id story_last(const struct story *s, const char *label)
{
    for (size_t i = 0; i < s->head_count; i++)
        if (strcmp(s->heads[i].label, label) == 0)
            return s->heads[i].last;
    return (struct id){{0}};
}

uint64_t story_seq(const struct story *s, const char *label)
{
    for (size_t i = 0; i < s->head_count; i++)
        if (strcmp(s->heads[i].label, label) == 0)
            return s->heads[i].seq;
    return 0;
}

void story_go_back(struct story *s, const char *label, const struct id *to)
{
    size_t head = head_of(s, label);

    s->heads[head].seq = 0;
    for (size_t i = 0; to && i < s->count; i++)
        if (id_equal(&s->entries[i].id, to)) {
            s->heads[head].seq = s->entries[i].entry.seq;
            s->heads[head].last = *to;
        }
}

static enum role role_of(char letter)
{
    switch (letter) {
    case 'S': return ROLE_STEWARD;
    case 'C': return ROLE_COORDINATOR;
    case 'N': return ROLE_NODE;
    case 'R': return ROLE_CARD;
    default: return ROLE_INVITATION;
    }
}

struct id story_write(struct story *s, const char *by, enum act act)
{
    size_t head = head_of(s, by);
    uint64_t number = ++s->serial;

    need(s->count < STORY_ENTRIES, "too long");
    struct story_entry *e = &s->entries[s->count++];
    e->body = s->lines;
    s->lines = BUFFER(LIMIT_ENTRY_BODY);
    e->entry = (struct entry){.network = s->network,
                              .log = story_key(by),
                              .seq = s->heads[head].seq + 1,
                              .prev = s->heads[head].last,
                              .clock = number,
                              .kibbutz = story_kibbutz(s, by[1]),
                              .role = role_of(by[0]),
                              .root = s->root,
                              .act = act,
                              .body = buffer_bytes(&e->body)};
    e->id = id_hash(ID_ENTRY, bytes_of(&number, sizeof number));
    s->heads[head].seq++;
    s->heads[head].last = e->id;
    need(!trust_add(s->trust, &e->entry, &e->id), "not added");
    return e->id;
}

/* ---- acts ---- */

struct id story_transport(struct story *s, const char *by, const char *channel)
{
    struct id id = story_key(channel);

    act_write_id(&s->lines, ACT_CHANNEL, &id);
    return story_write(s, by, ACT_TRANSPORT);
}

static struct id grant(struct story *s, const char *by, const char *key, const char *role, const char *how)
{
    struct id subject = story_key(key);
    char channel[24];

    act_write_id(&s->lines, ACT_SUBJECT, &subject);
    act_write_text(&s->lines, ACT_GRANTS, role);
    act_write_text(&s->lines, ACT_BY, how);
    if (strcmp(role, "node") == 0 && strcmp(how, "key") == 0) {
        snprintf(channel, sizeof channel, "of %s", key);
        subject = story_key(channel);
        act_write_id(&s->lines, ACT_CHANNEL, &subject);
    }
    return story_write(s, by, ACT_GRANT);
}

struct id story_grant(struct story *s, const char *by, const char *key, const char *role)
{
    return grant(s, by, key, role, "key");
}

struct id story_invite(struct story *s, const char *by, const char *invitation, const char *role)
{
    return grant(s, by, invitation, role, "invitation");
}

struct id story_admit(struct story *s, const char *by, const char *invitation, char letter)
{
    struct id key = story_key(invitation);

    act_write_id(&s->lines, ACT_INVITED, &key);
    return s->kibbutzim[letter - 'a'] = story_write(s, by, ACT_ADMIT);
}

struct id story_accept(struct story *s, const char *invitation, const struct id *from, const char *key,
                       const char *card)
{
    struct signing_key newcomer = signing_key(key);
    struct id digest, own = story_key(invitation);
    struct signature consent;
    struct buffer hex = BUFFER(2 * SSHSIG_LEN);

    act_write_id(&s->lines, ACT_INVITATION, from);
    act_write_id(&s->lines, ACT_KEY, &newcomer.public);
    if (card) {
        digest = story_card(card);
        act_write_id(&s->lines, ACT_CARD, &digest);
    }
    struct id hash = act_consent_hash(&s->network, &own, from, &newcomer.public, card ? &digest : NULL, NULL);
    sshsig_sign_plain(&newcomer, id_bytes(&hash), &consent);
    buffer_hex(&hex, bytes_of(consent.at, SSHSIG_LEN));
    act_write(&s->lines, ACT_CONSENT, buffer_bytes(&hex));
    buffer_free(&hex);
    return story_write(s, invitation, ACT_ACCEPT);
}

static void write_pin(struct story *s, uint64_t seq, const struct id *last)
{
    buffer_number(&s->lines, seq);
    buffer_text(&s->lines, " ");
    if (seq)
        buffer_hex(&s->lines, id_bytes(last));
    else
        buffer_text(&s->lines, "-");
    buffer_text(&s->lines, "\n");
}

struct id story_revoke(struct story *s, const char *by, const char *key, uint64_t seq, const struct id *last)
{
    struct id subject = story_key(key);

    act_write_id(&s->lines, ACT_SUBJECT, &subject);
    buffer_text(&s->lines, "pin ");
    write_pin(s, seq, last);
    act_write_text(&s->lines, ACT_WHY, seq ? "retire" : "compromise");
    return story_write(s, by, ACT_REVOKE);
}

struct id story_approve(struct story *s, const char *by, const struct id *subject)
{
    act_write_id(&s->lines, ACT_SUBJECT, subject);
    return story_write(s, by, ACT_APPROVE);
}

static void write_terms(struct story *s, uint64_t need_count)
{
    act_write_text(&s->lines, ACT_AUDIENCE, "network");
    act_write_number(&s->lines, ACT_NEED, need_count);
    act_write_text(&s->lines, ACT_COUNT, "kibbutzim");
}

struct id story_publish(struct story *s, const char *by, uint64_t need_count)
{
    struct buffer more = s->lines; /* What stands behind: `supersedes`. */

    s->lines = BUFFER(LIMIT_ENTRY_BODY);
    write_terms(s, need_count);
    buffer_add(&s->lines, buffer_bytes(&more));
    buffer_free(&more);
    return story_write(s, by, ACT_PUBLISH);
}

struct id story_revise(struct story *s, const char *by, const struct id *document, const struct id *after,
                       uint64_t need_count)
{
    struct buffer more = s->lines; /* What stands before: more `after` lines. */

    s->lines = BUFFER(LIMIT_ENTRY_BODY);
    act_write_id(&s->lines, ACT_DOCUMENT, document);
    buffer_add(&s->lines, buffer_bytes(&more));
    buffer_free(&more);
    if (after)
        act_write_id(&s->lines, ACT_AFTER, after);
    write_terms(s, need_count);
    return story_write(s, by, ACT_REVISE);
}

struct id story_withdraw(struct story *s, const char *by, const struct id *document)
{
    act_write_id(&s->lines, ACT_DOCUMENT, document);
    act_write_text(&s->lines, ACT_REASON, "טעות");
    return story_write(s, by, ACT_WITHDRAW);
}

struct id story_erase(struct story *s, const char *by, const struct id *subject)
{
    act_write_id(&s->lines, ACT_SUBJECT, subject);
    act_write_text(&s->lines, ACT_REASON, "פרטיות");
    return story_write(s, by, ACT_ERASE);
}

/* ---- roots ---- */

void story_council(struct story *s, const struct id *base, uint64_t majority, uint64_t admission)
{
    act_write_id(&s->lines, ACT_BASE, base);
    act_write_number(&s->lines, ACT_MAJORITY, majority);
    act_write_number(&s->lines, ACT_ADMISSION, admission);
}

static void write_id(struct story *s, const struct id *id, const char *end)
{
    buffer_hex(&s->lines, id_bytes(id));
    buffer_text(&s->lines, end);
}

void story_line(struct story *s, char kibbutz, bool vote, const char *card, const char *key)
{
    struct id id = story_kibbutz(s, kibbutz), digest = story_card(card), steward = story_key(key);

    buffer_text(&s->lines, "line ");
    write_id(s, &id, vote ? " vote " : " none ");
    write_id(s, &digest, " ");
    write_id(s, &steward, "\n");
}

void story_cut(struct story *s, bool keeps, const char *key, char kibbutz, uint64_t seq, const struct id *last)
{
    struct id id = story_kibbutz(s, kibbutz), cut = story_key(key);

    buffer_text(&s->lines, keeps ? "keep " : "cut ");
    write_id(s, &cut, " ");
    write_id(s, &id, " ");
    write_pin(s, seq, last);
}

void story_closed(struct story *s, char kibbutz)
{
    struct id id = story_kibbutz(s, kibbutz);

    act_write_id(&s->lines, ACT_CLOSED, &id);
}

void story_over(struct story *s, const struct id *rival)
{
    act_write_id(&s->lines, ACT_OVER, rival);
}

/* ---- what is asked ---- */

enum trust_status story_status(struct story *s, const char *key)
{
    struct id id = story_key(key);

    return trust_key(s->trust, &id).status;
}

enum trust_state story_state(struct story *s, const struct id *document)
{
    struct trust_document found;

    need(trust_document(s->trust, document, &found), "no such document");
    return found.state;
}
