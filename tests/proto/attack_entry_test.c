/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks on the form of single entries, numbered as in docs/TRUST.md, 7. */

#include "proto/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/bundle.h"
#include "proto/charter.h"
#include "proto/commit.h"
#include "proto/invitation.h"
#include "proto/limits.h"
#include "tests/support/samples.h"
#include "tests/vectors.h"

#define NOW UINT64_C(1767225600123)
#define ONES "1111111111111111111111111111111111111111111111111111111111111111"

static const struct head EMPTY;

static struct signing_key test_key(uint8_t number)
{
    struct signing_key key;

    sshsig_key_from_seed(&key, (const uint8_t[SSHSIG_SEED_LEN]){number});
    return key;
}

static struct entry sample(enum act act, const char *body)
{
    return (struct entry){.network = {{1}},
                          .kibbutz = {{2}},
                          .role = ROLE_COORDINATOR,
                          .root = {{1}},
                          .act = act,
                          .act_name = bytes_text(act_name(act)),
                          .body = bytes_text(body)};
}

static struct entry signed_after(const struct head *before)
{
    struct signing_key key = test_key(1);
    struct entry entry = sample(ACT_APPROVE, "subject " ONES "\n");

    assert_int_equal(entry_sign(&entry, before, &key, NOW), ERR_OK);
    return entry;
}

/* The bytes with the first `old` replaced by `new`. */
static struct buffer replaced(struct bytes in, const char *old, const char *new)
{
    struct buffer out = BUFFER(2 * LIMIT_COMMIT);
    const uint8_t *found = memmem(in.at, in.len, old, strlen(old));

    if (!found)
        fail_msg("no '%s'", old);
    buffer_add(&out, bytes_of(in.at, (size_t)(found - in.at)));
    buffer_text(&out, new);
    buffer_add(&out, bytes_from(in, (size_t)(found - in.at) + strlen(old)));
    return out;
}

/* ---- 1 ---- */

static void assert_no_entry(struct bytes commit, const char *why)
{
    struct entry entry;
    struct id id;
    struct sha1 parent;

    if (entry_from_commit(commit, &entry, &id, &parent) == ERR_OK)
        fail_msg("an entry: %s", why);
}

/* A base64 digit ends in bits that decoding drops; all but one of its neighbours are another spelling of the same bytes. */
static void assert_no_entry_with_other_padding_bits(struct bytes commit)
{
    struct buffer other = BUFFER(LIMIT_COMMIT);

    buffer_add(&other, commit);
    uint8_t *pad = memmem(other.at, other.len, "=\n -----END", 11);
    assert_non_null(pad);
    uint8_t right = pad[-1];
    for (uint8_t digit = '0'; digit <= 'z'; digit++) {
        pad[-1] = digit;
        if (digit != right)
            assert_no_entry(buffer_bytes(&other), "padding bits");
    }
    buffer_free(&other);
}

/* Goal: who holds a signed entry cannot make a second one of it.  Method: what git and OpenSSH would take for the same. */
static void attack_01_reencoded_commit(void **state)
{
    static const char *const changes[][2] = {
        {"gpgsig ", "gpgsig-sha256 none\ngpgsig "},
        {"gpgsig ", "mergetag none\ngpgsig "},
        {"gpgsig ", "encoding UTF-8\ngpgsig "},
        {"gpgsig ", "gpgsig  "},
        {"gpgsig ", "gpgsigs "},
        {"tree ", "x none\ntree "},
        {"-----BEGIN SSH SIGNATURE-----\n ", "-----BEGIN SSH SIGNATURE-----\n \n "},
        {"-----BEGIN SSH SIGNATURE-----\n ", "-----BEGIN SSH SIGNATURE-----\r\n "},
        {"-----BEGIN SSH SIGNATURE-----\n U", "-----BEGIN SSH SIGNATURE-----\n  U"},
        {"-----BEGIN SSH SIGNATURE-----\n U", "-----BEGIN SSH SIGNATURE-----\n U\n "},
        {"-----END SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n more\n"},
        {"-----END SSH SIGNATURE-----\n", "-----END SSH SIGNATURE-----\n \n"},
        {" +0000\ncommitter", " -0000\ncommitter"},
        {"\n\nEntry", "\n\n\nEntry"},
        {"tree 4b825dc6", "tree 4B825DC6"},
    };
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head once, again;
    struct entry entry = signed_after(&EMPTY), read;
    struct id id;
    struct sha1 parent;

    (void)state;
    assert_int_equal(entry_verify(&entry, &EMPTY, &once, &commit), ERR_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct buffer other = replaced(buffer_bytes(&commit), changes[i][0], changes[i][1]);

        assert_no_entry(buffer_bytes(&other), changes[i][1]);
        buffer_free(&other);
    }
    assert_no_entry_with_other_padding_bits(buffer_bytes(&commit));
    assert_int_equal(entry_from_commit(buffer_bytes(&commit), &read, &id, &parent), ERR_OK);
    buffer_clear(&commit);
    assert_int_equal(entry_verify(&read, &EMPTY, &again, &commit), ERR_OK);
    assert_memory_equal(once.entry.at, id.at, ID_LEN); /* One id from either face. */
    assert_memory_equal(once.entry.at, again.entry.at, ID_LEN);
    buffer_free(&commit);
}

/* The same with 32 published re-encodings, most of which git accepts. */
static void attack_01_reencoded_commit_as_published(void **state)
{
    const json_t *file = vectors_json("derived/sshsig-commit-malleability.json");
    const json_t *cases = json_object_get(file, "cases");
    const json_t *one;
    size_t index;

    (void)state;
    assert_int_equal(json_array_size(cases), 33);
    json_array_foreach(cases, index, one)
    {
        struct commit commit;
        bool read = commit_read(vectors_hex(one, "commit_hex"), &commit) == ERR_OK;

        if (read != !strcmp(vectors_text(one, "igum_must"), "accept"))
            fail_msg("%s: %s", vectors_text(one, "name"), read ? "accepted" : "refused");
        assert_no_entry(vectors_hex(one, "commit_hex"), vectors_text(one, "name")); /* It is no entry's message. */
    }
}

/* ---- 2 ---- */

/* The eight points of small order, those of them that have a second spelling, and the point that is none. */
static const char *const WEAK[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0200000000000000000000000000000000000000000000000000000000000000",
};

/* Adds the order of the group to S: the equation holds as before.  False when S does not fit 32 bytes any more. */
static bool add_order(struct signature *sig)
{
    static const uint8_t ORDER[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    unsigned carry = 0;

    for (size_t i = 0; i < 32; i++) {
        carry += sig->at[32 + i] + ORDER[i];
        sig->at[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    return carry == 0;
}

static void assert_key_is_refused(const char *key)
{
    static const struct {
        enum act act;
        const char *body; /* In which KEY is a key. */
    } named[] = {
        {ACT_ADMIT, "invited KEY\ncontent " ONES "\n"},
        {ACT_GRANT, "subject KEY\ngrants coordinator\nby key\ncontent " ONES "\n"},
        {ACT_REVOKE, "subject KEY\npin 0 -\nwhy retire\n"},
        {ACT_RECOVER, "kibbutz " ONES "\nkey KEY\n"},
        {ACT_COUNCIL, "base " ONES "\nmajority 1\nadmission 1\nline " ONES " vote " ONES " KEY\n"},
    };
    struct signing_key signer = test_key(1);
    struct id id;
    char good[ID_TEXT_LEN + 1];

    assert_int_equal(id_from_text(bytes_text(key), &id), ERR_OK);
    assert_false(id_is_signing_key(&id));
    id_to_text(&signer.public, good);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        struct buffer body = replaced(bytes_text(named[i].body), "KEY", good);
        struct buffer other = replaced(bytes_text(named[i].body), "KEY", key);

        assert_int_equal(act_check(named[i].act, buffer_bytes(&body)), ERR_OK);
        assert_int_equal(act_check(named[i].act, buffer_bytes(&other)), ERR_FORMAT);
        buffer_free(&body);
        buffer_free(&other);
    }
    struct charter charter = sample_charter(2, 1);
    charter.founders[1].stewards[0].key = id;
    struct buffer text = BUFFER(LIMIT_CHARTER);
    charter_write(&text, &charter);
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_FORMAT);
    buffer_free(&text);
}

/* The key's point and one of order eight: signatures under it may verify here and not there. */
static void assert_mixed_key_is_refused(void)
{
    struct signing_key key = test_key(1);
    struct id torsion, mixed;
    char text[ID_TEXT_LEN + 1];

    assert_int_equal(id_from_text(bytes_text(WEAK[4]), &torsion), ERR_OK);
    assert_int_equal(crypto_core_ed25519_add(mixed.at, key.public.at, torsion.at), 0);
    id_to_text(&mixed, text);
    assert_key_is_refused(text);
}

static void attack_02_malleable_signature(void **state)
{
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry = signed_after(&EMPTY);
    struct head after;

    (void)state;
    assert_int_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_OK);
    for (unsigned times = 0; add_order(&entry.signature); times++) {
        assert_true(times < 16);
        assert_int_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_AUTH);
    }
    for (size_t i = 0; i < sizeof WEAK / sizeof *WEAK; i++) {
        assert_key_is_refused(WEAK[i]);
        entry = signed_after(&EMPTY);
        assert_int_equal(id_from_text(bytes_text(WEAK[i]), &entry.log), ERR_OK);
        entry.signature =
            (struct signature){.at = {1}}; /* R the identity, S zero: the equation holds for a point of order one. */
        assert_int_not_equal(entry_verify(&entry, &EMPTY, &after, &commit), ERR_OK);
    }
    assert_mixed_key_is_refused();
    buffer_free(&commit);
}

/* ---- 19 ---- */

static enum err decode(const struct entry *entry, uint8_t form)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY + 1);
    struct entry decoded;

    entry_encode(&wire, entry);
    wire.at[0] = form;
    enum err err = entry_decode(buffer_bytes(&wire), &entry->network, &decoded);
    buffer_free(&wire);
    return err;
}

/* The author signs what another version would say. */
static enum err verdict_on_first_line(const char *line)
{
    struct buffer bytes = BUFFER(LIMIT_COMMIT), payload = BUFFER(LIMIT_COMMIT), whole = BUFFER(LIMIT_COMMIT);
    struct entry entry = signed_after(&EMPTY);
    struct signing_key key = test_key(1);
    struct commit commit;
    struct head after;
    struct id id;
    struct sha1 parent;

    assert_int_equal(entry_verify(&entry, &EMPTY, &after, &bytes), ERR_OK);
    assert_int_equal(commit_read(buffer_bytes(&bytes), &commit), ERR_OK);
    struct buffer message = replaced(commit.message, "igum 1\n", line);
    commit.message = buffer_bytes(&message);
    commit_write_payload(&payload, &commit);
    sshsig_sign(&key, "git", buffer_bytes(&payload), &commit.signature);
    commit_write(&whole, &commit);
    enum err err = entry_from_commit(buffer_bytes(&whole), &entry, &id, &parent);
    buffer_free(&bytes);
    buffer_free(&payload);
    buffer_free(&whole);
    buffer_free(&message);
    return err;
}

static void attack_19_format_downgrade(void **state)
{
    static const char *const lines[] = {"",           "igum 0\n",         "igum 2\n", "igum 10\n",
                                        "igum 1.1\n", "igum 1\nigum 1\n", "igum\n"};
    struct entry entry = signed_after(&EMPTY);
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct bundle_reader reader;

    (void)state;
    for (unsigned form = 0; form < 256; form++)
        assert_int_equal(decode(&entry, (uint8_t)form), form == 1 ? ERR_OK : ERR_VERSION);
    assert_int_equal(verdict_on_first_line("igum 1\n"), ERR_OK);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(verdict_on_first_line(lines[i]), ERR_FORMAT);
    bundle_begin(&bundle, &entry.network);
    for (unsigned form = 0; form < 256; form++) {
        bundle.at[4] = (uint8_t)form;
        assert_int_equal(bundle_open(&reader, buffer_bytes(&bundle), &entry.network) == ERR_OK, form == 1);
    }
    buffer_free(&bundle);
}

/* ---- 44 ---- */

/* Goal: no text that people write, and no act that means nothing here, is read as a machine's line. */
static void attack_44_chosen_lines(void **state)
{
    static const struct {
        enum act act;
        const char *body;
    } bad[] = {
        {ACT_WITHDRAW, "document " ONES "\nreason so\napprove " ONES "\n"},
        {ACT_WITHDRAW, "document " ONES "\nreason so\nact approve\nsubject " ONES "\n"},
        {ACT_WITHDRAW, "document " ONES "\nreason so\ndocument " ONES "\n"},
        {ACT_WITHDRAW, "document " ONES "\nreason a\nreason b\n"},
        {ACT_WITHDRAW, "document " ONES "\nreason a\r\n"},
        {ACT_WITHDRAW, "document " ONES "\nreason a\xe2\x80\xa8"
                       "document " ONES "\xe2\x80\xae\n"},
        {ACT_WITHDRAW, "reason so\ndocument " ONES "\n"},
        {ACT_APPROVE, "subject " ONES "\nsubject " ONES "\n"},
        {ACT_APPROVE, "subject  " ONES "\n"},
        {ACT_APPROVE, "subject " ONES " \n"},
        {ACT_APPROVE, "subject " ONES "\n\n"},
        {ACT_PUBLISH, "audience public\naudience kibbutz\ncontent " ONES "\nneed 1\ncount own\n"},
        {ACT_PUBLISH, "audience public\ncontent " ONES "\nneed 1\nneed 9\ncount own\n"},
        {ACT_PUBLISH, "audience public\nneed 1\ncontent " ONES "\ncount own\n"},
    };
    struct signing_key key = test_key(1);
    struct entry entry, decoded;
    struct buffer wire = BUFFER(LIMIT_ENTRY);

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        entry = signed_after(&EMPTY);
        entry.act = bad[i].act;
        entry.act_name = bytes_text(act_name(bad[i].act));
        entry.body = bytes_text(bad[i].body);
        buffer_clear(&wire);
        entry_encode(&wire, &entry);
        if (entry_decode(buffer_bytes(&wire), &entry.network, &decoded) != ERR_FORMAT)
            fail_msg("taken: %s", bad[i].body);
        assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_FORMAT);
    }
    entry = sample(ACT_UNKNOWN,
                   "act approve\nsubject " ONES "\n"); /* Behind an act of a newer version all is that act's. */
    entry.act_name = bytes_text("poll");
    assert_int_equal(entry_sign(&entry, &EMPTY, &key, NOW), ERR_OK);
    buffer_clear(&wire);
    entry_encode(&wire, &entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_OK);
    assert_int_equal(decoded.act, ACT_UNKNOWN);
    buffer_free(&wire);
}

/* ---- 45 ---- */

/* Goal: a clock far ahead harms nobody but the log that it stands in. */
static void attack_45_clock_poisoning(void **state)
{
    const uint64_t last = ENTRY_CLOCK(LIMIT_CLOCK_SECONDS * 1000, 0) - 1;
    struct signing_key mallory = test_key(1), anna = test_key(2);
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry = sample(ACT_APPROVE, "subject " ONES "\n"), decoded;
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct head head, annas;

    (void)state;
    entry.clock = last + 1; /* Beyond the bound: refused before its signature is looked at. */
    entry.log = mallory.public;
    entry.seq = 1;
    entry_encode(&wire, &entry);
    assert_int_equal(entry_decode(buffer_bytes(&wire), &entry.network, &decoded), ERR_LIMIT);
    assert_int_equal(entry_sign(&entry, &EMPTY, &mallory, LIMIT_CLOCK_SECONDS * 1000 - 1), ERR_OK);
    assert_int_equal(entry_verify(&entry, &EMPTY, &head, &commit), ERR_OK);
    head.clock = last; /* As if it had used up its last millisecond. */
    assert_int_equal(entry_sign(&entry, &head, &mallory, NOW), ERR_LIMIT);
    entry = sample(ACT_APPROVE, "subject " ONES "\n"); /* Who has seen it goes on by the own clock. */
    assert_int_equal(entry_sign(&entry, &EMPTY, &anna, NOW), ERR_OK);
    assert_int_equal(ENTRY_CLOCK_MS(entry.clock), NOW);
    assert_int_equal(entry_verify(&entry, &EMPTY, &annas, &commit), ERR_OK);
    assert_int_equal(entry_sign(&entry, &annas, &anna, 0),
                     ERR_OK); /* And a clock that fell back does not stop anybody. */
    assert_true(entry.clock > annas.clock);
    buffer_free(&wire);
    buffer_free(&commit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_01_reencoded_commit),    cmocka_unit_test(attack_01_reencoded_commit_as_published),
        cmocka_unit_test(attack_02_malleable_signature), cmocka_unit_test(attack_19_format_downgrade),
        cmocka_unit_test(attack_44_chosen_lines),        cmocka_unit_test(attack_45_clock_poisoning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
