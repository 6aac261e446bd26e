/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/card.h"

#include <setjmp.h>
#include <stdarg.h>

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

    (void)state;
    make(seed, text);
    assert_int_equal(strlen(text), CARD_TEXT_LEN);
    assert_int_equal(card_read(bytes_text(text), back), ERR_OK);
    assert_memory_equal(seed, back, sizeof seed);
}

static void card_is_read_as_people_type_it(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1];

    (void)state;
    make(seed, text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '-')
            text[i] = ' ';
        else if (text[i] == '0')
            text[i] = 'o';
        else if (text[i] == '1')
            text[i] = 'l';
        else if (text[i] >= 'A')
            text[i] = (char)(text[i] - 'A' + 'a');
    }
    assert_int_equal(card_read(bytes_text(text), back), ERR_OK);
    assert_memory_equal(seed, back, sizeof seed);
}

static void any_wrong_letter_is_seen(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 1];

    (void)state;
    make(seed, text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        char before = text[i];

        if (before == '-')
            continue;
        text[i] = before == '7' ? '8' : '7';
        assert_int_equal(card_read(bytes_text(text), back), ERR_AUTH);
        text[i] = before;
    }
}

static void one_letter_short_or_long_is_no_card(void **state)
{
    uint8_t seed[SSHSIG_SEED_LEN], back[SSHSIG_SEED_LEN];
    char text[CARD_TEXT_LEN + 2];

    (void)state;
    make(seed, text);
    assert_int_equal(card_read(bytes_of(text, CARD_TEXT_LEN - 1), back), ERR_FORMAT);
    text[CARD_TEXT_LEN] = '7';
    assert_int_equal(card_read(bytes_of(text, CARD_TEXT_LEN + 1), back), ERR_FORMAT);
    text[3] = 'U';
    assert_int_equal(card_read(bytes_of(text, CARD_TEXT_LEN), back), ERR_FORMAT);
    assert_int_equal(card_read(bytes_of(NULL, 0), back), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(card_is_read_back_as_it_was_written),
        cmocka_unit_test(card_is_read_as_people_type_it),
        cmocka_unit_test(any_wrong_letter_is_seen),
        cmocka_unit_test(one_letter_short_or_long_is_no_card),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
