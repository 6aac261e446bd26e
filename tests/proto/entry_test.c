/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/commit.h"
#include "proto/limits.h"

#define NOW UINT64_C(1767225600123)
#define SUBJECT "subject 1111111111111111111111111111111111111111111111111111111111111111\n"
#define LIMIT_MS (LIMIT_CLOCK_SECONDS * 1000)

static struct signing_key test_key(uint8_t number)
{
    struct signing_key key;
    uint8_t seed[SSHSIG_SEED_LEN] = {number};

    sshsig_key_from_seed(&key, seed);
    return key;
}

static struct entry sample(void)
{
    return (struct entry){
        .network = {.at = {1}},
        .kibbutz = {.at = {2}},
        .role = ROLE_COORDINATOR,
        .root = {.at = {1}},
        .act = ACT_APPROVE,
        .body = bytes_text(SUBJECT),
    };
}

static struct entry signed_after(const struct head *before)
{
    struct signing_key key = test_key(1);
    struct entry entry = sample();

    assert_int_equal(entry_sign(&entry, before, &key, NOW), ERR_OK);
    return entry;
}

static const struct head EMPTY;

/* The head after `count` entries, and the last one's commit. */
static struct head log_of(size_t count, struct buffer *commit)
{
    struct head head = EMPTY;

    for (size_t i = 0; i < count; i++) {
        struct entry entry = signed_after(&head);

        buffer_clear(commit);
        assert_int_equal(entry_verify(&entry, &head, &head, commit), ERR_OK);
    }
    return head;
}

static struct buffer encoded(const struct entry *entry)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY + 1);

    entry_encode(&wire, entry);
    return wire;
}

static void assert_same_entry(const struct entry *a, const struct entry *b)
{
    assert_true(id_equal(&a->network, &b->network));
    assert_true(id_equal(&a->log, &b->log));
    assert_int_equal(a->seq, b->seq);
    assert_true(id_equal(&a->prev, &b->prev));
    assert_int_equal(a->clock, b->clock);
    assert_true(id_equal(&a->kibbutz, &b->kibbutz));
    assert_int_equal(a->role, b->role);
    assert_true(id_equal(&a->root, &b->root));
    assert_int_equal(a->act, b->act);
    assert_true(bytes_equal(a->act_name, b->act_name));
    assert_true(bytes_equal(a->body, b->body));
    assert_memory_equal(&a->signature, &b->signature, sizeof a->signature);
}

static void assert_same_head(const struct head *a, const struct head *b)
{
    assert_true(id_equal(&a->log, &b->log));
    assert_int_equal(a->seq, b->seq);
    assert_true(id_equal(&a->entry, &b->entry));
    assert_memory_equal(&a->commit, &b->commit, sizeof a->commit);
    assert_int_equal(a->clock, b->clock);
    assert_true(id_equal(&a->kibbutz, &b->kibbutz));
    assert_int_equal(a->role, b->role);
}

/* ---- small things ---- */

static void roles_have_names_and_only_theirs(void **state)
{
    static const char *const bad[] = {"", "Node", "nod", "nodes", "none"};

    (void)state;
    for (enum role role = ROLE_STEWARD; role <= ROLE_CARD; role++)
        assert_int_equal(role_from_name(bytes_text(role_name(role))), role);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(role_from_name(bytes_text(bad[i])), ROLE_NONE);
    assert_int_equal(role_from_name(bytes_of(NULL, 0)), ROLE_NONE);
}

static void all_roles_but_the_coordinators_govern(void **state)
{
    (void)state;
    for (enum role role = ROLE_NONE; role <= ROLE_CARD; role++)
        assert_int_equal(role_governs(role), role != ROLE_NONE && role != ROLE_COORDINATOR);
}

static void clock_follows_the_time_and_never_stands(void **state)
{
    (void)state;
    assert_true(entry_next_clock(0, NOW) == ENTRY_CLOCK(NOW, 0));
    assert_true(entry_next_clock(ENTRY_CLOCK(NOW - 1, 0xffff), NOW) == ENTRY_CLOCK(NOW, 0));
    assert_true(entry_next_clock(ENTRY_CLOCK(NOW, 0), NOW) == ENTRY_CLOCK(NOW, 1));
    assert_true(entry_next_clock(ENTRY_CLOCK(NOW + 5, 7), NOW) == ENTRY_CLOCK(NOW + 5, 8));
    assert_true(entry_next_clock(ENTRY_CLOCK(NOW, 0xffff), NOW) == ENTRY_CLOCK(NOW + 1, 0));
    assert_true(entry_next_clock(7, UINT64_MAX) > 7);
}

/* ---- three faces of one entry ---- */

static void entry_is_signed_verified_and_read_back_in_all_its_faces(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head head = EMPTY;
    uint64_t clock = 0;

    (void)state;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        struct head before = head;
        struct entry entry = signed_after(&before), decoded, found;
        struct buffer wire = encoded(&entry);
        struct id id;
        struct sha1 parent;

        assert_int_equal(entry.seq, seq);
        assert_true(entry.clock > clock);
        assert_true(bytes_equal(entry.act_name, bytes_text("approve")));
        assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
        assert_same_entry(&decoded, &entry);
        buffer_clear(&commit);
        assert_int_equal(entry_verify(&decoded, &before, &head, &commit), ERR_OK);
        assert_int_equal(head.seq, seq);
        assert_true(head.clock == entry.clock);
        assert_int_equal(head.role, ROLE_COORDINATOR);
        assert_int_equal(head.kibbutz.at[0], 2);
        assert_int_equal(entry_from_commit(buffer_bytes(&commit), &found, &id, &parent), ERR_OK);
        assert_same_entry(&found, &entry);
        assert_true(id_equal(&id, &head.entry));
        assert_memory_equal(&parent, &before.commit, sizeof parent);
        struct sha1 name = sha1_of_object("commit", buffer_bytes(&commit));
        assert_memory_equal(&name, &head.commit, sizeof name);
        clock = entry.clock;
        buffer_free(&wire);
    }
    buffer_free(&commit);
}

static void commit_is_appended_to_what_stands_there(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT), alone = BUFFER(LIMIT_COMMIT);
    struct entry entry = signed_after(&EMPTY);
    struct head first, second;

    (void)state;
    buffer_text(&commit, "before");
    assert_int_equal(entry_verify(&entry, &EMPTY, &first, &commit), ERR_OK);
    assert_int_equal(entry_verify(&entry, &EMPTY, &second, &alone), ERR_OK);
    assert_true(bytes_equal(bytes_from(buffer_bytes(&commit), 6), buffer_bytes(&alone)));
    assert_memory_equal(&first.commit, &second.commit, sizeof first.commit);
    buffer_free(&commit);
    buffer_free(&alone);
}

static void seat_stands_in_the_first_entry_only(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head head = log_of(1, &commit);
    struct entry entry = signed_after(&head);

    (void)state;
    assert_non_null(memmem(commit.at, commit.len, "\nkibbutz 02", 11));
    assert_non_null(memmem(commit.at, commit.len, "\nrole coordinator\n", 18));
    assert_int_equal(entry.role, ROLE_NONE);
    assert_true(id_is_zero(&entry.kibbutz));
    head = log_of(2, &commit);
    assert_null(memmem(commit.at, commit.len, "\nkibbutz ", 9));
    assert_null(memmem(commit.at, commit.len, "\nrole ", 6));
    buffer_free(&commit);
}

static void entry_of_a_newer_version_is_kept_whole(void **state)
{
    struct signing_key key = test_key(1);
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry = sample(), decoded, found;
    struct buffer wire;
    struct head head;
    struct id id;
    struct sha1 parent;

    (void)state;
    entry.act = ACT_UNKNOWN;
    entry.act_name = bytes_text("poll");
    entry.body = bytes_text("question what\nanswer \xd7\x9b\xd7\x9f\n");
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_OK);
    wire = encoded(&entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
    assert_same_entry(&decoded, &entry);
    assert_int_equal(entry_verify(&decoded, &EMPTY, &head, &commit), ERR_OK);
    assert_int_equal(entry_from_commit(buffer_bytes(&commit), &found, &id, &parent), ERR_OK);
    assert_same_entry(&found, &entry);
    assert_int_equal(entry_from_kept_commit(buffer_bytes(&commit), &found, &id, &parent), ERR_OK);
    assert_same_entry(&found, &entry);
    buffer_free(&wire);
    buffer_free(&commit);
}

/* ---- refused when signing ---- */

static void names_that_are_no_new_act_are_not_signed(void **state)
{
    static const char *const bad[] = {"", "approve", "Poll", "po-ll", "poll2", "abcdefghijklmnopq", "a b", "a\n"};
    struct signing_key key = test_key(1);
    struct entry entry = sample();

    (void)state;
    entry.act = ACT_UNKNOWN;
    entry.body = bytes_text("a b\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        entry.act_name = bytes_text(bad[i]);
        assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_FORMAT);
    }
    entry.act_name = bytes_text("abcdefghijklmnop");
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_OK);
}

static void seats_and_lines_out_of_order_are_not_signed(void **state)
{
    struct signing_key key = test_key(1);
    struct entry entry = sample();

    (void)state;
    entry.role = ROLE_NONE;
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_FORMAT);
    entry = sample();
    entry.body = bytes_text(SUBJECT SUBJECT);
    assert_int_not_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_OK);
    entry.body = bytes_of(NULL, 0);
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_FORMAT);
}

static void time_beyond_the_bound_is_not_signed(void **state)
{
    struct signing_key key = test_key(1);
    struct entry entry = sample();

    (void)state;
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, LIMIT_MS - 1), ERR_OK);
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, LIMIT_MS), ERR_LIMIT);
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, UINT64_MAX), ERR_LIMIT);
}

static void log_that_reached_the_last_number_takes_no_more(void **state)
{
    struct signing_key key = test_key(1);
    struct head head = {.log = key.public, .seq = LIMIT_NUMBER - 1};
    struct entry entry = sample();

    (void)state;
    assert_int_equal(entry_sign(&entry, &head, &key, NOW), ERR_OK);
    head.seq++;
    assert_int_equal(entry_sign(&entry, &head, &key, NOW), ERR_LIMIT);
}

static void body_is_bounded(void **state)
{
    struct signing_key key = test_key(1);
    char *body = malloc(LIMIT_ENTRY_BODY + 1);
    struct entry entry = sample(), decoded;
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct buffer wire;
    struct head head;

    (void)state;
    for (size_t i = 0; i < LIMIT_ENTRY_BODY; i++)
        body[i] = "x aaaaaaaaaaaaa\n"[i % 16];
    entry.act = ACT_UNKNOWN;
    entry.act_name = bytes_text("poll");
    entry.body = bytes_of(body, LIMIT_ENTRY_BODY);
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_OK);
    wire = encoded(&entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
    assert_int_equal(entry_verify(&decoded, &EMPTY, &head, &commit), ERR_OK);
    memcpy(body + LIMIT_ENTRY_BODY - 1, "a\n", 2);
    entry.body = bytes_of(body, LIMIT_ENTRY_BODY + 1);
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_LIMIT);
    buffer_free(&wire);
    wire = encoded(&entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_LIMIT);
    buffer_free(&wire);
    buffer_free(&commit);
    free(body);
}

/* ---- the wire form ---- */

static void wire_form_is_refused_at_every_other_length(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);

    (void)state;
    for (size_t count = 0; count < 2; count++) {
        struct head head = log_of(count, &commit);
        struct entry entry = signed_after(&head), decoded;
        struct buffer wire = encoded(&entry);

        for (size_t len = 0; len < wire.len; len++)
            assert_int_equal(entry_decode(bytes_of(wire.at, len), &entry.network, &decoded), ERR_FORMAT);
        buffer_u8(&wire, 0);
        assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_FORMAT);
        buffer_free(&wire);
    }
    buffer_free(&commit);
}

static void no_wrong_bit_of_the_wire_form_is_verified(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);

    (void)state;
    for (size_t count = 0; count < 2; count++) {
        struct head head = log_of(count, &commit), after = EMPTY;
        struct entry entry = signed_after(&head), decoded;
        struct buffer wire = encoded(&entry);

        buffer_clear(&commit);
        for (size_t bit = 0; bit < wire.len * 8; bit++) {
            wire.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (!entry_decode(buffer_bytes(&wire), &entry.network, &decoded))
                assert_int_not_equal(entry_verify(&decoded, &head, &after, &commit), ERR_OK);
            wire.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_same_head(&after, &EMPTY);
        assert_int_equal(commit.len, 0);
        buffer_free(&wire);
    }
    buffer_free(&commit);
}

static void another_form_is_told_apart(void **state)
{
    struct entry entry = signed_after(&EMPTY), decoded;
    struct buffer wire = encoded(&entry);
    struct id log;
    uint64_t seq;

    (void)state;
    wire.at[0] = 2;
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_VERSION);
    assert_int_equal(entry_peek(buffer_bytes(&wire), &log, &seq), ERR_VERSION);
    buffer_free(&wire);
}

static void peek_tells_whose_entry_it_is(void **state)
{
    struct entry entry = signed_after(&EMPTY);
    struct buffer wire = encoded(&entry);
    struct id log;
    uint64_t seq;

    (void)state;
    assert_int_equal(entry_peek(bytes_of(wire.at, 41), &log, &seq), ERR_OK);
    assert_true(id_equal(&log, &entry.log));
    assert_int_equal(seq, 1);
    assert_int_equal(entry_peek(bytes_of(wire.at, 40), &log, &seq), ERR_FORMAT);
    buffer_free(&wire);
}

static enum err decoded_with(struct entry entry)
{
    struct buffer wire = encoded(&entry);
    struct entry decoded;
    enum err err = entry_decode(buffer_bytes(&wire), &entry.network, &decoded);

    buffer_free(&wire);
    return err;
}

static void numbers_are_bounded(void **state)
{
    struct entry entry = signed_after(&EMPTY);

    (void)state;
    assert_int_equal(decoded_with(entry), ERR_OK);
    entry.clock = ENTRY_CLOCK(LIMIT_MS, 0) - 1;
    assert_int_equal(decoded_with(entry), ERR_OK);
    entry.clock++;
    assert_int_equal(decoded_with(entry), ERR_LIMIT);
    entry.clock = UINT64_MAX;
    assert_int_equal(decoded_with(entry), ERR_LIMIT);
    entry.clock = 0;
    entry.seq = LIMIT_NUMBER;
    assert_int_equal(decoded_with(entry), ERR_OK);
    entry.seq++;
    assert_int_equal(decoded_with(entry), ERR_LIMIT);
    entry.seq = UINT64_MAX;
    assert_int_equal(decoded_with(entry), ERR_LIMIT);
    entry.seq = 0;
    assert_int_equal(decoded_with(entry), ERR_FORMAT);
}

static void roles_of_other_numbers_are_refused(void **state)
{
    struct entry entry = signed_after(&EMPTY), decoded;
    struct buffer wire = encoded(&entry);
    size_t at = 1 + 32 + 8 + 8 + 32;

    (void)state;
    assert_int_equal(wire.at[at], ROLE_COORDINATOR);
    for (unsigned role = 0; role < 256; role++) {
        enum err expected = role >= ROLE_STEWARD && role <= ROLE_CARD ? ERR_OK : ERR_FORMAT;

        wire.at[at] = (uint8_t)role;
        assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), expected);
    }
    buffer_free(&wire);
}

/* Goal: no length taken from a peer is trusted.  The act's and the body's length are set to all that they can say. */
static void lengths_that_lie_are_refused(void **state)
{
    struct entry entry = signed_after(&EMPTY), decoded;
    struct buffer wire = encoded(&entry);
    size_t at = 1 + 32 + 8 + 8 + 32 + 1 + 32;

    (void)state;
    assert_int_equal(wire.at[at], 7);
    for (unsigned len = 0; len < 256; len++) {
        wire.at[at] = (uint8_t)len;
        if (len != 7)
            assert_int_not_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
    }
    wire.at[at] = 7;
    memset(wire.at + at + 8, 0xff, 4);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_FORMAT);
    buffer_free(&wire);
}

/* ---- what follows what ---- */

static void entry_is_verified_only_where_it_belongs(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head one = log_of(1, &commit), two = log_of(2, &commit), three = log_of(3, &commit), wrong, after;
    struct entry third = signed_after(&two);

    (void)state;
    buffer_clear(&commit);
    assert_int_equal(entry_verify(&third, &EMPTY, &after, &commit), ERR_GAP);
    assert_int_equal(entry_verify(&third, &one, &after, &commit), ERR_GAP);
    assert_int_equal(entry_verify(&third, &three, &after, &commit), ERR_EXISTS);
    wrong = two;
    wrong.entry.at[31] ^= 1;
    assert_int_equal(entry_verify(&third, &wrong, &after, &commit), ERR_FORK);
    wrong = two;
    wrong.log = test_key(2).public;
    assert_int_equal(entry_verify(&third, &wrong, &after, &commit), ERR_FORMAT);
    wrong = two;
    wrong.commit.at[0] ^= 1;
    assert_int_equal(entry_verify(&third, &wrong, &after, &commit), ERR_AUTH);
    wrong = two;
    wrong.clock = third.clock;
    assert_int_equal(entry_verify(&third, &wrong, &after, &commit), ERR_FORMAT);
    wrong.clock = third.clock - 1;
    assert_int_equal(commit.len, 0);
    assert_int_equal(entry_verify(&third, &wrong, &after, &commit), ERR_OK);
    assert_same_head(&after, &three);
    buffer_free(&commit);
}

/* Goal: everything that gives a signature its meaning is signed. */
static void no_field_is_outside_the_signature(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry good = signed_after(&EMPTY);
    struct head after;

    (void)state;
    for (int field = 0; field < 8; field++) {
        struct entry entry = good;

        switch (field) {
        case 0: entry.network.at[0] ^= 1; break;
        case 1: entry.kibbutz.at[0] ^= 1; break;
        case 2: entry.root.at[0] ^= 1; break;
        case 3: entry.role = ROLE_STEWARD; break;
        case 4: entry.clock ^= 1; break;
        case 5: entry.clock ^= ENTRY_CLOCK(1, 0); break;
        case 6: entry.log = test_key(2).public; break;
        default: entry.body = bytes_text("subject 2222222222222222222222222222222222222222222222222222222222222222\n");
        }
        assert_int_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_AUTH);
    }
    assert_int_equal(entry_verify(&good, &EMPTY, &after, &commit), ERR_OK);
    buffer_free(&commit);
}

static void keys_that_sign_anything_are_refused(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry = signed_after(&EMPTY);
    struct head after;

    (void)state;
    entry.log = (struct id){.at = {1}};
    entry.signature = (struct signature){.at = {1}};
    assert_int_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_AUTH);
    buffer_free(&commit);
}

static void commit_that_does_not_fit_leaves_the_head(void **state)
{
    struct buffer commit = BUFFER(100);
    struct entry entry = signed_after(&EMPTY);
    struct head after = EMPTY;

    (void)state;
    assert_int_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_LIMIT);
    assert_same_head(&after, &EMPTY);
    buffer_free(&commit);
}

/* ---- from a commit ---- */

static void no_wrong_bit_of_the_commit_is_read(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry;
    struct id id;
    struct sha1 parent;

    (void)state;
    for (size_t count = 1; count <= 2; count++) {
        log_of(count, &commit);
        for (size_t bit = 0; bit < commit.len * 8; bit++) {
            commit.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_not_equal(entry_from_commit(buffer_bytes(&commit), &entry, &id, &parent), ERR_OK);
            commit.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < commit.len; len++)
            assert_int_not_equal(entry_from_commit(bytes_of(commit.at, len), &entry, &id, &parent), ERR_OK);
        assert_int_equal(entry_from_commit(buffer_bytes(&commit), &entry, &id, &parent), ERR_OK);
    }
    buffer_free(&commit);
}

/* The verdict on a commit that its author signed rightly, whatever it says. */
static enum err verdict(struct commit commit)
{
    struct signing_key key = test_key(1);
    struct buffer payload = BUFFER(LIMIT_COMMIT), whole = BUFFER(LIMIT_COMMIT);
    struct commit read;
    struct entry entry;
    struct id id;
    struct sha1 parent;
    enum err err;

    commit_write_payload(&payload, &commit);
    sshsig_sign(&key, "git", buffer_bytes(&payload), &commit.signature);
    commit.key = key.public;
    commit_write(&whole, &commit);
    assert_int_equal(commit_read(buffer_bytes(&whole), &read), ERR_OK);
    err = entry_from_commit(buffer_bytes(&whole), &entry, &id, &parent);
    buffer_free(&payload);
    buffer_free(&whole);
    return err;
}

/* The same commit with one piece of its message replaced. */
static enum err verdict_with(const struct commit *commit, const char *old, const char *new)
{
    struct buffer message = BUFFER(LIMIT_COMMIT);
    const uint8_t *found = memmem(commit->message.at, commit->message.len, old, strlen(old));
    struct commit changed = *commit;
    enum err err;

    if (!found)
        fail_msg("no '%s'", old);
    buffer_add(&message, bytes_of(commit->message.at, (size_t)(found - commit->message.at)));
    buffer_text(&message, new);
    buffer_add(&message, bytes_from(commit->message, (size_t)(found - commit->message.at) + strlen(old)));
    changed.message = buffer_bytes(&message);
    err = verdict(changed);
    buffer_free(&message);
    return err;
}

static void messages_that_say_it_otherwise_are_refused(void **state)
{
    static const char *const changes[][2] = {
        {"Entry 1: ", "Entry 2: "},
        {"Entry 1: ", "Entry 01: "},
        {"Entry", "entry"},
        {"approve\n\nigum", "approve\nigum"},
        {"approve\n\nigum", "approve\n\n\nigum"},
        {"approve\n\nigum", "erase\n\nigum"},
        {"igum 1", "igum 2"},
        {"igum 1", "igum 1 "},
        {"igum 1", "Igum 1"},
        {"network ", "network  "},
        {"network 01", "network 1"},
        {"seq 1", "seq 01"},
        {"seq 1", "seq +1"},
        {"seq 1", "seq 0"},
        {"seq 1", "seq 2"},
        {"seq 1", "seq 9007199254740992"},
        {"clock 1767225600123.0", "clock 1767225600123"},
        {"clock 1767225600123.0", "clock 1767225600123.00"},
        {"clock 1767225600123.0", "clock 1767225600123.65536"},
        {"clock 1767225600123.0", "clock 1767225601000.0"},
        {"clock 1767225600123.0", "clock 8589934592000.0"},
        {"clock 1767225600123.0", "clock 281474976710656.0"},
        {"clock 1767225600123.0", "clock .0"},
        {"role coordinator", "role Coordinator"},
        {"role coordinator", "role coordinators"},
        {"role coordinator\n", ""},
        {"root 01", "root 0A"},
        {"act approve\nsubject", "act erase\nsubject"},
        {"act approve\nsubject", "act approves\nsubject"},
        {"act approve\nsubject", "act Approve\nsubject"},
        {"act approve\nsubject", "act approve\nreason x\nsubject"},
        {"act approve\nsubject", "act approve\n\nsubject"},
        {"act approve\n" SUBJECT, "act approve\n"},
        {"act approve\n" SUBJECT, "act approve\n" SUBJECT SUBJECT},
        {"act approve\n" SUBJECT, ""},
        {"log ", "prev 1111111111111111111111111111111111111111111111111111111111111111\nlog "},
    };
    struct buffer bytes = BUFFER(LIMIT_COMMIT);
    struct commit commit;

    (void)state;
    log_of(1, &bytes);
    assert_int_equal(commit_read(buffer_bytes(&bytes), &commit), ERR_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (!verdict_with(&commit, changes[i][0], changes[i][1]))
            fail_msg("accepted: '%s'", changes[i][1]);
    assert_int_equal(verdict_with(&commit, "role coordinator", "role steward"), ERR_OK);
    assert_int_equal(verdict_with(&commit, "clock 1767225600123.0", "clock 1767225600999.65535"), ERR_OK);
    buffer_free(&bytes);
}

static void commits_of_another_shape_are_refused(void **state)
{
    struct buffer first = BUFFER(LIMIT_COMMIT), second = BUFFER(LIMIT_COMMIT);
    struct commit good, commit, later;

    (void)state;
    log_of(1, &first);
    log_of(2, &second);
    assert_int_equal(commit_read(buffer_bytes(&first), &good), ERR_OK);
    assert_int_equal(commit_read(buffer_bytes(&second), &later), ERR_OK);
    assert_int_equal(verdict(good), ERR_OK);
    commit = good, commit.tree.at[0] ^= 1;
    assert_int_equal(verdict(commit), ERR_FORMAT);
    commit = good, commit.has_parent = true;
    assert_int_equal(verdict(commit), ERR_FORMAT);
    commit = good, commit.seconds++;
    assert_int_equal(verdict(commit), ERR_FORMAT);
    commit = good, commit.name = bytes_of(commit.email.at, 17);
    assert_int_equal(verdict(commit), ERR_FORMAT);
    commit = good, commit.email = bytes_of(commit.email.at, 64);
    assert_int_equal(verdict(commit), ERR_FORMAT);
    assert_int_equal(verdict(later), ERR_OK);
    commit = later, commit.has_parent = false;
    assert_int_equal(verdict(commit), ERR_FORMAT);
    buffer_free(&first);
    buffer_free(&second);
}

/* Goal: nobody signs into another's log.  Method: the message names a log that is not the signer's. */
static void entry_that_names_another_log_than_its_signer_is_refused(void **state)
{
    struct id other = test_key(2).public, own = test_key(1).public;
    char own_line[80], other_line[80], text[ID_TEXT_LEN + 1];
    struct buffer bytes = BUFFER(LIMIT_COMMIT);
    struct commit commit;

    (void)state;
    log_of(1, &bytes);
    assert_int_equal(commit_read(buffer_bytes(&bytes), &commit), ERR_OK);
    id_to_text(&own, text);
    snprintf(own_line, sizeof own_line, "log %s", text);
    id_to_text(&other, text);
    snprintf(other_line, sizeof other_line, "log %s", text);
    assert_int_equal(verdict_with(&commit, own_line, own_line), ERR_OK);
    assert_int_equal(verdict_with(&commit, own_line, other_line), ERR_FORMAT);
    buffer_free(&bytes);
}

/* What was checked before is not checked again; what is no entry at all is seen all the same. */
static void what_was_checked_is_read(void **state)
{
    struct entry entry = sample(), decoded;
    struct buffer wire;

    (void)state;
    entry.seq = 1;
    entry.body = bytes_text("no such line\n");
    wire = encoded(&entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_FORMAT);
    assert_int_equal(entry_read(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
    assert_int_equal(decoded.act, entry.act);
    assert_true(bytes_equal(decoded.body, entry.body));
    for (size_t len = 0; len < wire.len; len++)
        assert_int_not_equal(entry_read(bytes_of(wire.at, len), &entry.network, &decoded), ERR_OK);
    buffer_free(&wire);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_have_names_and_only_theirs),
        cmocka_unit_test(all_roles_but_the_coordinators_govern),
        cmocka_unit_test(clock_follows_the_time_and_never_stands),
        cmocka_unit_test(entry_is_signed_verified_and_read_back_in_all_its_faces),
        cmocka_unit_test(commit_is_appended_to_what_stands_there),
        cmocka_unit_test(seat_stands_in_the_first_entry_only),
        cmocka_unit_test(entry_of_a_newer_version_is_kept_whole),
        cmocka_unit_test(names_that_are_no_new_act_are_not_signed),
        cmocka_unit_test(seats_and_lines_out_of_order_are_not_signed),
        cmocka_unit_test(time_beyond_the_bound_is_not_signed),
        cmocka_unit_test(log_that_reached_the_last_number_takes_no_more),
        cmocka_unit_test(body_is_bounded),
        cmocka_unit_test(wire_form_is_refused_at_every_other_length),
        cmocka_unit_test(no_wrong_bit_of_the_wire_form_is_verified),
        cmocka_unit_test(another_form_is_told_apart),
        cmocka_unit_test(peek_tells_whose_entry_it_is),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(roles_of_other_numbers_are_refused),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(entry_is_verified_only_where_it_belongs),
        cmocka_unit_test(no_field_is_outside_the_signature),
        cmocka_unit_test(keys_that_sign_anything_are_refused),
        cmocka_unit_test(commit_that_does_not_fit_leaves_the_head),
        cmocka_unit_test(no_wrong_bit_of_the_commit_is_read),
        cmocka_unit_test(what_was_checked_is_read),
        cmocka_unit_test(messages_that_say_it_otherwise_are_refused),
        cmocka_unit_test(commits_of_another_shape_are_refused),
        cmocka_unit_test(entry_that_names_another_log_than_its_signer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
