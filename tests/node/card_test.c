/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/card.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

static void make(uint8_t seed[SSHSIG_SEED_LEN], char text[CARD_TEXT_LEN + 1])
{
    for (size_t i = 0; i < SSHSIG_SEED_LEN; i++)
        seed[i] = (uint8_t)(i * 37 + 11);
    card_write(seed, text);
}

static void card_is_read_back_as_it_was_written(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1];
    struct card_fault fault;

    (void)state;
    make(seed, text);
    assert_int_equal(strlen(text), CARD_TEXT_LEN);
    assert_int_equal(card_read(bytes_text(text), back, &fault), ERR_OK);
    assert_memory_equal(seed, back, sizeof seed);
    assert_int_equal(fault.words, CARD_WORDS);
}

/* docs/FORMAT.md, 9. */
static void words_of_a_card_are_those_of_the_specification(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN] = {0x7f, 0x00, 0x00, 0x01, 0xff, 0xff};
    char text[CARD_TEXT_LEN + 1];

    (void)state;
    card_write(seed, text);
    assert_memory_equal(text, "lusab babad zuzuz babab ", 24);
}

static void card_is_read_as_people_type_it(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1], typed[CARD_INPUT_MAX];
    struct card_fault fault;
    size_t len = 0;

    (void)state;
    make(seed, text);
    for (size_t i = 0; i < CARD_WORDS; i++)
        len += (size_t)snprintf(typed + len, sizeof typed - len, "%zu. %.5s%s", i + 1, text + 6 * i,
                                i % 3 == 0 ? "\r\n" : " - ");
    for (size_t i = 0; i < len; i++)
        typed[i] = (char)toupper((unsigned char)typed[i]);
    assert_int_equal(card_read(bytes_of(typed, len), back, &fault), ERR_OK);
    assert_memory_equal(seed, back, sizeof seed);
}

static void any_wrong_letter_is_seen(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1];
    struct card_fault fault;

    (void)state;
    make(seed, text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        char before = text[i];

        if (before == ' ')
            continue;
        text[i] = strchr("aiou", before) != NULL ? (before == 'a' ? 'o' : 'a') : (before == 'b' ? 'z' : 'b');
        assert_int_equal(card_read(bytes_text(text), back, &fault), ERR_AUTH);
        text[i] = before;
    }
}

static void words_that_are_none_are_named_by_their_place(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1];
    struct card_fault fault;

    (void)state;
    for (size_t i = 0; i < CARD_WORDS; i++) {
        make(seed, text);
        memcpy(text + 6 * i, "shalo", 5); /* Two consonants side by side. */
        assert_int_equal(card_read(bytes_text(text), back, &fault), ERR_FORMAT);
        assert_int_equal(fault.at, i + 1);
        assert_string_equal(fault.word, "shalo");
    }
    make(seed, text);
    memcpy(text, "bababa", 6); /* Grown together with the next. */
    assert_int_equal(card_read(bytes_text(text), back, &fault), ERR_FORMAT);
    assert_int_equal(fault.at, 1);
    assert_int_equal(strlen(fault.word), 11);
}

static void words_that_are_missing_or_too_many_are_counted(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1], more[CARD_TEXT_LEN + 7];
    struct card_fault fault;

    (void)state;
    make(seed, text);
    (void)snprintf(more, sizeof more, "%s babab", text);
    assert_int_equal(card_read(bytes_text(more), back, &fault), ERR_LIMIT);
    assert_int_equal(fault.words, CARD_WORDS + 1);
    text[CARD_TEXT_LEN - 6] = '\0';
    assert_int_equal(card_read(bytes_text(text), back, &fault), ERR_LIMIT);
    assert_int_equal(fault.words, CARD_WORDS - 1);
    assert_int_equal(card_read(bytes_text(""), back, &fault), ERR_LIMIT);
    assert_int_equal(card_read(bytes_text("12 - \xd7\x90"), back, &fault), ERR_LIMIT);
    assert_int_equal(fault.words, 0);
}

static void card_is_named_by_the_digest_of_its_key(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN] = {1};
    struct signing_key key;
    struct id expected, card = card_id(seed);

    (void)state;
    sshsig_key_from_seed(&key, seed);
    expected = id_hash(ID_CARD, id_bytes(&key.public));
    assert_true(id_equal(&expected, &card));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_is_read_back_as_it_was_written),
        cmocka_unit_test(words_of_a_card_are_those_of_the_specification),
        cmocka_unit_test(card_is_read_as_people_type_it),
        cmocka_unit_test(any_wrong_letter_is_seen),
        cmocka_unit_test(words_that_are_none_are_named_by_their_place),
        cmocka_unit_test(words_that_are_missing_or_too_many_are_counted),
        cmocka_unit_test(card_is_named_by_the_digest_of_its_key),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
