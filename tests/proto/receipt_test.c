/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

static struct signing_key key_of(uint8_t first)
{
    uint8_t seed[SSHSIG_SEED_LEN] = {first};
    struct signing_key key;

    sshsig_key_from_seed(&key, seed);
    return key;
}

static struct receipt sample_receipt(const struct signing_key *key, const struct id *network)
{
    struct receipt receipt = {
        .node = key->public, .store_id = 7, .number = UINT64_C(123456789012345), .root = sample_id(1)};

    assert_int_equal(receipt_sign(&receipt, network, key), ERR_OK);
    return receipt;
}

static void a_receipt_verifies_as_it_was_signed_and_in_no_other_way(void **state)
{
    struct signing_key key = key_of(1), other = key_of(2);
    struct id network = sample_id(9), foreign = sample_id(8);
    struct receipt receipt = sample_receipt(&key, &network), changed;

    (void)state;
    assert_int_equal(receipt_verify(&receipt, &network), ERR_OK);
    assert_int_equal(receipt_verify(&receipt, &foreign), ERR_AUTH);
    for (unsigned field = 0; field < 7; field++) {
        changed = receipt;
        switch (field) {
        case 0: changed.node = other.public; break;
        case 1: changed.store_id++; break;
        case 2: changed.number++; break;
        case 3: changed.root.at[31] ^= 1; break;
        case 4: changed.lacking = RECEIPT_MANY; break;
        case 5: changed.texts_only = true; break;
        default: changed.signature.at[0] ^= 1; break;
        }
        assert_int_equal(receipt_verify(&changed, &network), ERR_AUTH);
    }
    changed = receipt;
    changed.lacking = 1;
    changed.lacks = sample_id(3);
    assert_int_equal(receipt_verify(&changed, &network), ERR_AUTH);
}

static void a_signature_of_an_entry_is_no_receipt(void **state)
{
    struct signing_key key = key_of(1);
    struct id network = sample_id(9);
    struct receipt receipt = sample_receipt(&key, &network);
    struct buffer text = BUFFER(KIB(1));

    (void)state;
    receipt_write_statement(&text, &network, &receipt);
    sshsig_sign(&key, "git", buffer_bytes(&text), &receipt.signature);
    assert_int_equal(receipt_verify(&receipt, &network), ERR_AUTH);
    buffer_free(&text);
}

static void a_receipt_comes_back_as_it_was_written(void **state)
{
    struct signing_key key = key_of(1);
    struct id network = sample_id(9);
    struct receipt receipt = sample_receipt(&key, &network), read;
    struct buffer out = BUFFER(KIB(1));

    (void)state;
    receipt_encode(&out, &receipt);
    assert_int_equal(out.len, RECEIPT_LEN);
    struct bytes rest = buffer_bytes(&out);
    assert_int_equal(receipt_decode(&rest, &read), ERR_OK);
    assert_int_equal(rest.len, 0);
    assert_int_equal(receipt_verify(&read, &network), ERR_OK);
    for (size_t cut = 0; cut < RECEIPT_LEN; cut++) {
        rest = bytes_of(out.at, cut);
        assert_int_equal(receipt_decode(&rest, &read), ERR_FORMAT);
    }
    buffer_free(&out);
}

static void what_is_lacking_goes_with_its_digest(void **state)
{
    struct signing_key key = key_of(1);
    struct id network = sample_id(9);
    struct buffer out = BUFFER(KIB(1));
    static const struct {
        uint32_t lacking;
        bool digest, texts_only;
        enum err err;
    } cases[] = {{0, false, false, ERR_OK},
                 {0, true, false, ERR_FORMAT},
                 {1, true, false, ERR_OK},
                 {1, false, false, ERR_FORMAT},
                 {0, false, true, ERR_OK},
                 {0, true, true, ERR_FORMAT},
                 {1, true, true, ERR_OK},
                 {1, false, true, ERR_FORMAT},
                 {RECEIPT_MANY, false, false, ERR_OK},
                 {RECEIPT_MANY, true, false, ERR_FORMAT},
                 {LIMIT_RECEIPT_LACKS, true, false, ERR_OK},
                 {LIMIT_RECEIPT_LACKS, true, true, ERR_OK},
                 {LIMIT_RECEIPT_LACKS + 1, true, true, ERR_FORMAT},
                 {LIMIT_RECEIPT_LACKS + 1, true, false, ERR_FORMAT}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct receipt receipt = sample_receipt(&key, &network);

        receipt.lacking = cases[i].lacking;
        receipt.texts_only = cases[i].texts_only;
        if (cases[i].digest)
            receipt.lacks = sample_id(4);
        buffer_clear(&out);
        receipt_encode(&out, &receipt);
        struct bytes rest = buffer_bytes(&out);
        assert_int_equal(receipt_decode(&rest, &receipt), cases[i].err);
        if (!cases[i].err)
            assert_true(receipt.lacking == cases[i].lacking && receipt.texts_only == cases[i].texts_only);
    }
    buffer_free(&out);
}

static void the_digest_tells_entries_and_parts_apart(void **state)
{
    struct receipt_lack one = {.entry = sample_id(1), .part = RECEIPT_LACKS_TEXT}, other = one;
    struct id first = receipt_lacks(&one, 1), second;

    (void)state;
    other.part = RECEIPT_LACKS_FILES;
    second = receipt_lacks(&other, 1);
    assert_false(id_equal(&first, &second));
    other = (struct receipt_lack){.entry = sample_id(2), .part = RECEIPT_LACKS_TEXT};
    second = receipt_lacks(&other, 1);
    assert_false(id_equal(&first, &second));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_verifies_as_it_was_signed_and_in_no_other_way),
        cmocka_unit_test(a_signature_of_an_entry_is_no_receipt),
        cmocka_unit_test(a_receipt_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_lacking_goes_with_its_digest),
        cmocka_unit_test(the_digest_tells_entries_and_parts_apart),
    };

    return cmocka_run_group_tests_name("proto.receipt", tests, NULL, NULL);
}
