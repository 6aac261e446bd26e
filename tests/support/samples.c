/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/samples.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define MANY_MAX 512

struct id sample_id(unsigned number)
{
    char text[16];

    snprintf(text, sizeof text, "sample %u", number);
    return id_hash(ID_BLOB, bytes_text(text));
}

struct id sample_key(unsigned number)
{
    uint8_t seed[SSHSIG_SEED_LEN];
    struct signing_key key;

    memset(seed, (int)number, sizeof seed);
    seed[0] = (uint8_t)(number >> 8);
    sshsig_key_from_seed(&key, seed);
    return key.public;
}

struct id sample_card(unsigned number)
{
    struct id key = sample_key(number);

    return id_hash(ID_CARD, id_bytes(&key));
}

static int by_bytes(const void *a, const void *b)
{
    return id_compare(a, b);
}

static void sorted_ids(struct id ids[], size_t count, struct id (*make)(unsigned))
{
    assert(count <= MANY_MAX);
    for (size_t i = 0; i < count; i++)
        ids[i] = make((unsigned)i + 1);
    qsort(ids, count, sizeof *ids, by_bytes);
}

static void write_ids(struct buffer *body, enum act_line line, size_t count)
{
    struct id ids[MANY_MAX];

    sorted_ids(ids, count, sample_id);
    for (size_t i = 0; i < count; i++)
        act_write_id(body, line, &ids[i]);
}

static void write_id(struct buffer *body, enum act_line line, struct id id)
{
    act_write_id(body, line, &id);
}

/* "<key> <kibbutz> <seq> <entry>"; the first keeps nothing. */
static void write_pins(struct buffer *body, enum act_line line, size_t count)
{
    char key[ID_TEXT_LEN + 1];
    char id[ID_TEXT_LEN + 1];
    char value[256];
    struct id keys[MANY_MAX];
    struct id kibbutz = sample_id(7);

    sorted_ids(keys, count, sample_key);
    id_to_text(&kibbutz, id);
    for (size_t i = 0; i < count; i++) {
        id_to_text(&keys[i], key);
        if (i == 0)
            snprintf(value, sizeof value, "%s %s 0 -", key, id);
        else
            snprintf(value, sizeof value, "%s %s %zu %s", key, id, i, id);
        act_write_text(body, line, value);
    }
}

/* "<kibbutz> vote <card> <key>". */
static void write_seats(struct buffer *body, size_t count)
{
    char text[3][ID_TEXT_LEN + 1];
    char value[256];
    struct id kibbutzim[MANY_MAX];

    sorted_ids(kibbutzim, count, sample_id);
    for (size_t i = 0; i < count; i++) {
        struct id card = sample_card((unsigned)i + 1000);
        struct id key = sample_key((unsigned)i + 1);

        id_to_text(&kibbutzim[i], text[0]);
        id_to_text(&card, text[1]);
        id_to_text(&key, text[2]);
        snprintf(value, sizeof value, "%s %s %s %s", text[0], i % 2 ? "none" : "vote", text[1], text[2]);
        act_write_text(body, ACT_LINE, value);
    }
}

static void write_addresses(struct buffer *body, size_t count)
{
    char value[64];

    for (size_t i = 0; i < count; i++) {
        snprintf(value, sizeof value, i % 2 ? "[fd00::%zx]:7117" : "office-%zu.example:7117", i);
        act_write_text(body, ACT_ADDRESS, value);
    }
}

static void write_document(struct buffer *body, size_t many)
{
    act_write_text(body, ACT_AUDIENCE, "network");
    write_id(body, ACT_CONTENT, sample_id(2));
    act_write_number(body, ACT_NEED, 2);
    act_write_text(body, ACT_COUNT, "kibbutzim");
    write_ids(body, ACT_SUPERSEDES, many);
}

static void write_council(struct buffer *body, size_t many)
{
    write_id(body, ACT_BASE, sample_id(1));
    act_write_number(body, ACT_MAJORITY, 2);
    act_write_number(body, ACT_ADMISSION, 1);
    write_seats(body, many > 0 ? many : 1);
    write_pins(body, ACT_CUT, many);
    write_pins(body, ACT_KEEP, many);
    write_ids(body, ACT_CLOSED, many);
    write_ids(body, ACT_OVER, many);
}

static void write_accept(struct buffer *body)
{
    const uint8_t consent[SSHSIG_LEN] = {1, 2, 3};

    write_id(body, ACT_INVITATION, sample_id(1));
    write_id(body, ACT_KEY, sample_key(2));
    write_id(body, ACT_CARD, sample_card(3));
    write_id(body, ACT_CONTENT, sample_id(4));
    buffer_text(body, "consent ");
    buffer_hex(body, bytes_of(consent, sizeof consent));
    buffer_text(body, "\n");
}

void sample_act(struct buffer *body, enum act act, size_t many)
{
    switch (act) {
    case ACT_PUBLISH: write_document(body, many); break;
    case ACT_REVISE:
        write_id(body, ACT_DOCUMENT, sample_id(1));
        write_ids(body, ACT_AFTER, many > 0 ? many : 1);
        write_document(body, many);
        break;
    case ACT_WITHDRAW:
        write_id(body, ACT_DOCUMENT, sample_id(1));
        act_write_text(body, ACT_REASON, "the members voted otherwise");
        break;
    case ACT_APPROVE: write_id(body, ACT_SUBJECT, sample_id(1)); break;
    case ACT_ERASE:
        write_id(body, ACT_SUBJECT, sample_id(1));
        act_write_text(body, ACT_REASON, "\xd7\xa0\xd7\x9e\xd7\x97\xd7\xa7");
        break;
    case ACT_ADMIT:
        write_id(body, ACT_INVITED, sample_key(1));
        write_id(body, ACT_CONTENT, sample_id(2));
        break;
    case ACT_GRANT:
        write_id(body, ACT_SUBJECT, sample_key(1));
        act_write_text(body, ACT_GRANTS, "node");
        act_write_text(body, ACT_BY, "key");
        write_id(body, ACT_CHANNEL, sample_id(3));
        write_id(body, ACT_CONTENT, sample_id(2));
        break;
    case ACT_ACCEPT: write_accept(body); break;
    case ACT_REVOKE:
        write_id(body, ACT_SUBJECT, sample_key(1));
        act_write_text(body, ACT_PIN, "0 -");
        act_write_text(body, ACT_WHY, "retire");
        act_write_text(body, ACT_REASON, "left the office");
        break;
    case ACT_COUNCIL: write_council(body, many); break;
    case ACT_RECOVER:
        write_id(body, ACT_KIBBUTZ, sample_id(1));
        write_id(body, ACT_KEY, sample_key(2));
        write_pins(body, ACT_CUT, many);
        break;
    case ACT_TRANSPORT:
        write_id(body, ACT_CHANNEL, sample_id(1));
        write_addresses(body, many);
        break;
    case ACT_UNKNOWN: buffer_text(body, "colour blue and green\nshape round\n"); break;
    }
}

struct charter sample_charter(size_t founders, size_t stewards)
{
    static const char *const names[] = {"Givat Alon", "Ein Tamar", "Neve Oren"};
    struct charter charter = {
        .name = bytes_text("The archive of the valley"),
        .nonce = sample_id(0),
        .majority = founders / 2 + 1,
        .admission = 1,
        .founder_count = founders,
    };

    for (size_t i = 0; i < founders; i++) {
        struct charter_founder *founder = &charter.founders[i];

        founder->name = bytes_text(names[i % 3]);
        founder->card = sample_card((unsigned)(1000 + i));
        founder->steward_count = stewards;
        for (size_t j = 0; j < stewards; j++) {
            founder->stewards[j].key = sample_key((unsigned)(1 + i * LIMIT_STEWARDS + j));
            founder->stewards[j].name = bytes_text("Ruth Levi");
        }
    }
    return charter;
}

struct invitation sample_invitation(enum invitation_kind kind)
{
    struct invitation invitation = {
        .kind = kind,
        .network = sample_id(1),
        .root = sample_id(2),
        .grant = sample_id(3),
        .kibbutz = sample_id(kind == INVITATION_KIBBUTZ ? 3 : 4),
        .channel = sample_id(5),
        .address = "archive.example:7117",
    };

    memset(invitation.seed, 9, sizeof invitation.seed);
    return invitation;
}
