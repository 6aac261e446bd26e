/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/id.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct id of_text(const char *hex)
{
    struct id id;

    assert_int_equal(id_from_text(bytes_text(hex), &id), ERR_OK);
    return id;
}

/* Values by another implementation: hashlib.blake2b(b"abc", digest_size=32, person=b"igum.entry.v1"). */
static void each_kind_has_its_own_personalisation(void **state)
{
    static const char *const expected[] = {
        [ID_NETWORK] = "78d770efa533e19177f6171bcdea867bc445b2d788f34fe58a20d4d072367feb",
        [ID_KIBBUTZ] = "01f4fb9d36011e239da768698670d156bb91a40d9649900a41614596272548d7",
        [ID_ENTRY] = "ccf0408a1f6f6114504cfa1554918a83585bb66bff880365a53161c00c230bf7",
        [ID_CONTENT] = "b2485037e2583640b40aef3d35f0792e63a43c4693ee86fb9e67f2317ae8f47b",
        [ID_BLOB] = "1ddb94477dcc3d4a2a357982c13303eb64b261de7d1ec727665f132c7092361b",
        [ID_CHUNKS] = "2c762715199c3e1ca632bf63af86e7b26bcc824812a0d63fbcc25c4ef2b5c635",
        [ID_CARD] = "0ddcc881b09519de6c67fd6103971bc58758d6a4c3e78e0c943fa25fcda4497b",
        [ID_CONSENT] = "cd23451f830e1743ea116e503a3456854c42079d24b75006bafd586901dd30df",
        [ID_FRONTIER] = "1647b888aa8145077482416159d4d55f257ec5785cc66db28a049756a85c9ce8",
        [ID_BEACON] = "36cc8209ed70a9cba805ac220acf43644ddbf8040806b2f991fe427352b77014",
        [ID_RECEIPT] = "43a3d23ef94284646a3af184fa238ac44376ab63842a1669988953b32a6e482b",
        [ID_TRIE] = "9d6115defec6c1c023a3b7a7ac17eeb9f2839b278401406f426de452c558f03b",
    };

    (void)state;
    for (enum id_kind kind = ID_NETWORK; kind <= ID_TRIE; kind++) {
        struct id got = id_hash(kind, bytes_text("abc"));
        struct id want = of_text(expected[kind]);

        assert_memory_equal(&got, &want, sizeof got);
    }
}

static void parts_hash_as_one_run(void **state)
{
    struct bytes parts[] = {bytes_text("a"), bytes_of(NULL, 0), bytes_text("bc")};
    struct id whole = id_hash(ID_ENTRY, bytes_text("abc"));
    struct id pieces = id_hash_parts(ID_ENTRY, parts, 3);
    struct id_hasher hasher;

    (void)state;
    assert_true(id_equal(&whole, &pieces));
    id_hasher_begin(&hasher, ID_ENTRY);
    for (size_t i = 0; i < 3; i++)
        id_hasher_add(&hasher, parts[i]);
    pieces = id_hasher_end(&hasher);
    assert_true(id_equal(&whole, &pieces));
    pieces = id_hash_parts(ID_ENTRY, parts, 2);
    assert_false(id_equal(&whole, &pieces));
}

static void text_is_read_back(void **state)
{
    struct id id = id_hash(ID_BLOB, bytes_text("abc")), back;
    char text[ID_TEXT_LEN + 1];

    (void)state;
    id_to_text(&id, text);
    assert_int_equal(strlen(text), ID_TEXT_LEN);
    assert_int_equal(id_from_text(bytes_text(text), &back), ERR_OK);
    assert_true(id_equal(&id, &back));
}

static void text_is_64_lower_case_digits_and_nothing_else(void **state)
{
    char text[ID_TEXT_LEN + 2] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";
    static const char bad[] = "ABFGg/:`@ \n";
    struct id id, before;

    (void)state;
    memset(&id, 0x5a, sizeof id);
    before = id;
    assert_int_equal(id_from_text(bytes_of(text, 63), &id), ERR_FORMAT);
    assert_int_equal(id_from_text(bytes_of(text, 65), &id), ERR_FORMAT);
    assert_int_equal(id_from_text(bytes_of(NULL, 0), &id), ERR_FORMAT);
    for (size_t i = 0; i < sizeof bad; i++) /* The NUL too. */
        for (size_t at = 0; at < ID_TEXT_LEN; at++) {
            char good = text[at];

            text[at] = bad[i];
            assert_int_equal(id_from_text(bytes_of(text, ID_TEXT_LEN), &id), ERR_FORMAT);
            text[at] = good;
        }
    assert_true(id_equal(&id, &before));
    assert_int_equal(id_from_text(bytes_of(text, ID_TEXT_LEN), &id), ERR_OK);
    assert_int_equal(id.at[0], 0x01);
    assert_int_equal(id.at[31], 0xef);
}

static void order_is_that_of_the_bytes(void **state)
{
    struct id low = {.at = {0}}, high = {.at = {0}};

    (void)state;
    assert_int_equal(id_compare(&low, &high), 0);
    assert_true(id_is_zero(&low));
    high.at[31] = 1;
    assert_true(id_compare(&low, &high) < 0);
    assert_false(id_is_zero(&high));
    low.at[0] = 0x80;
    assert_true(id_compare(&low, &high) > 0);
    assert_false(id_equal(&low, &high));
}

static void keys_off_the_prime_order_subgroup_are_no_signing_keys(void **state)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0100000000000000000000000000000000000000000000000000000000000000", /* the identity */
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", /* order 8 */
        "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d", /* mixed order (speccheck 4) */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p: 0 in another form */
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", /* no number below p */
        "0200000000000000000000000000000000000000000000000000000000000000", /* not on the curve */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct id key = of_text(bad[i]);

        if (id_is_signing_key(&key))
            fail_msg("%s is taken", bad[i]);
    }
    struct id good = of_text("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"); /* RFC 8032, test 1 */
    assert_true(id_is_signing_key(&good));
}

static void an_id_begins_with_its_first_bytes_and_with_none(void **state)
{
    struct id id = {{1, 2, 3}};
    uint8_t longer[ID_LEN + 1] = {1, 2, 3};

    (void)state;
    assert_true(id_begins(&id, bytes_of(NULL, 0)));
    assert_true(id_begins(&id, bytes_of(id.at, 2)));
    assert_true(id_begins(&id, id_bytes(&id)));
    assert_false(id_begins(&id, bytes_of(id.at + 1, 2)));
    assert_false(id_begins(&id, bytes_of(longer, sizeof longer)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_begins_with_its_first_bytes_and_with_none),
        cmocka_unit_test(each_kind_has_its_own_personalisation),
        cmocka_unit_test(parts_hash_as_one_run),
        cmocka_unit_test(text_is_read_back),
        cmocka_unit_test(text_is_64_lower_case_digits_and_nothing_else),
        cmocka_unit_test(order_is_that_of_the_bytes),
        cmocka_unit_test(keys_off_the_prime_order_subgroup_are_no_signing_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
