/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/charter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/samples.h"

#define TEXT_MAX (4 * LIMIT_CHARTER)

static struct buffer written(const struct charter *charter)
{
    struct buffer text = BUFFER(TEXT_MAX);

    charter_write(&text, charter);
    assert_int_equal(buffer_error(&text), ERR_OK);
    return text;
}

/* Writes a charter and reads it. */
static enum err judged(const struct charter *charter)
{
    struct buffer text = written(charter);
    struct charter read;
    enum err err = charter_read(buffer_bytes(&text), &read);

    buffer_free(&text);
    return err;
}

/* The sample's text with the first `from` replaced by `to`. */
static enum err replaced(const char *from, const char *to)
{
    struct charter charter = sample_charter(2, 2);
    struct buffer text = written(&charter);
    struct buffer changed = BUFFER(TEXT_MAX);
    const uint8_t *found = memmem(text.at, text.len, from, strlen(from));
    size_t at;
    enum err err;

    assert_non_null(found);
    at = (size_t)(found - text.at);
    buffer_add(&changed, bytes_of(text.at, at));
    buffer_text(&changed, to);
    buffer_add(&changed, bytes_from(buffer_bytes(&text), at + strlen(from)));
    err = charter_read(buffer_bytes(&changed), &charter);
    buffer_free(&changed);
    buffer_free(&text);
    return err;
}

static void what_is_written_is_read(void **state)
{
    struct charter charter = sample_charter(3, 2);
    struct buffer text = written(&charter);
    struct charter read;
    struct id network = id_hash(ID_NETWORK, buffer_bytes(&text));

    (void)state;
    assert_int_equal(charter_read(buffer_bytes(&text), &read), ERR_OK);
    assert_true(id_equal(&read.network, &network));
    assert_true(bytes_equal(read.name, charter.name));
    assert_true(id_equal(&read.nonce, &charter.nonce));
    assert_int_equal(read.majority, 2);
    assert_int_equal(read.admission, 1);
    assert_int_equal(read.founder_count, 3);
    for (size_t i = 0; i < 3; i++) {
        struct id kibbutz = charter_kibbutz(&network, i);

        assert_true(bytes_equal(read.founders[i].name, charter.founders[i].name));
        assert_true(id_equal(&read.founders[i].card, &charter.founders[i].card));
        assert_true(id_equal(&read.founders[i].kibbutz, &kibbutz));
        assert_int_equal(read.founders[i].steward_count, 2);
        assert_true(id_equal(&read.founders[i].stewards[1].key, &charter.founders[i].stewards[1].key));
        assert_true(bytes_equal(read.founders[i].stewards[1].name, charter.founders[i].stewards[1].name));
    }
    buffer_free(&text);
}

static void a_kibbutz_id_is_over_network_and_place(void **state)
{
    struct id network = sample_id(1);
    struct id got = charter_kibbutz(&network, 0x0102);
    uint8_t run[ID_LEN + 4] = {0};
    struct id want;

    (void)state;
    memcpy(run, network.at, ID_LEN);
    run[ID_LEN + 2] = 1;
    run[ID_LEN + 3] = 2;
    want = id_hash(ID_KIBBUTZ, bytes_of(run, sizeof run));
    assert_true(id_equal(&got, &want));
}

static void a_cut_or_longer_text_is_refused(void **state)
{
    struct charter charter = sample_charter(2, 1);
    struct buffer text = written(&charter);
    size_t whole = 0;

    (void)state;
    for (size_t len = 0; len < text.len; len++)
        whole += charter_read(bytes_of(text.at, len), &charter) == ERR_OK;
    assert_int_equal(whole, 0); /* With one founder less the majority of 2 is too high. */
    buffer_u8(&text, '\n');
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_FORMAT);
    buffer_free(&text);
}

static void any_changed_bit_gives_another_network_or_nothing(void **state)
{
    struct charter charter = sample_charter(2, 2);
    struct buffer text = written(&charter);
    struct id network = id_hash(ID_NETWORK, buffer_bytes(&text));

    (void)state;
    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        text.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (charter_read(buffer_bytes(&text), &charter) == ERR_OK)
            assert_false(id_equal(&charter.network, &network));
        text.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_free(&text);
}

static void a_charter_has_one_form(void **state)
{
    (void)state;
    assert_int_equal(replaced("majority 2", "majority 2"), ERR_OK);
    assert_int_equal(replaced("igum charter 1", "igum charter 2"), ERR_FORMAT);
    assert_int_equal(replaced("igum charter 1\n", "igum charter 1\r\n"), ERR_FORMAT);
    assert_int_equal(replaced("majority 2", "majority 02"), ERR_FORMAT);
    assert_int_equal(replaced("majority 2", "majority  2"), ERR_FORMAT);
    assert_int_equal(replaced("majority 2\nadmission 1", "admission 1\nmajority 2"), ERR_FORMAT);
    assert_int_equal(replaced("admission 1\n", ""), ERR_FORMAT);
    assert_int_equal(replaced("admission 1\n", "admission 1\nadmission 1\n"), ERR_FORMAT);
    assert_int_equal(replaced("admission 1\n", "admission 1\n\n"), ERR_FORMAT);
    assert_int_equal(replaced("Ruth Levi", ""), ERR_FORMAT);
    assert_int_equal(replaced("Ruth Levi", " Ruth Levi"), ERR_FORMAT);
    assert_int_equal(replaced("Ruth Levi", "Ruth\tLevi"), ERR_FORMAT);
    assert_int_equal(replaced("Givat Alon", "Givat Alon "), ERR_FORMAT);
    assert_int_equal(replaced("card ", "cart "), ERR_FORMAT);
    assert_int_equal(replaced("The archive of the valley", "The archive\xe2\x80\xae of the valley"), ERR_FORMAT);
}

static void attack_12_threshold_abuse(void **state)
{
    (void)state;
    for (size_t founders = 1; founders < 6; founders++)
        for (uint64_t majority = 0; majority < 7; majority++)
            for (uint64_t admission = 0; admission < 7; admission++) {
                struct charter charter = sample_charter(founders, 1);
                bool fits = 2 * majority > founders && majority <= founders && admission > 0 && admission <= founders;

                charter.majority = majority;
                charter.admission = admission;
                assert_int_equal(judged(&charter), fits ? ERR_OK : ERR_FORMAT);
            }
}

static void a_charter_has_founders_and_they_have_stewards(void **state)
{
    struct charter charter = sample_charter(1, 1);

    (void)state;
    assert_int_equal(judged(&charter), ERR_OK);
    charter.founder_count = 0;
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(1, 1);
    charter.founders[0].steward_count = 0;
    assert_int_equal(judged(&charter), ERR_FORMAT);
}

static void keys_and_cards_are_pairwise_different(void **state)
{
    struct charter charter = sample_charter(2, 2);

    (void)state;
    charter.founders[1].stewards[1].key = charter.founders[0].stewards[0].key;
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(2, 2);
    charter.founders[0].stewards[1].key = charter.founders[0].stewards[0].key;
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(2, 2);
    charter.founders[1].card = charter.founders[0].card;
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(2, 2);
    charter.founders[1].card = charter.founders[0].stewards[0].key;
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(2, 2);
    charter.founders[0].card = charter.founders[1].stewards[0].key;
    assert_int_equal(judged(&charter), ERR_FORMAT);
}

static void no_steward_key_is_the_key_of_a_card(void **state)
{
    struct charter charter = sample_charter(2, 2);

    (void)state;
    charter.founders[1].card = id_hash(ID_CARD, id_bytes(&charter.founders[0].stewards[1].key));
    assert_int_equal(judged(&charter), ERR_FORMAT);
    charter = sample_charter(2, 2);
    charter.founders[0].card = id_hash(ID_CARD, id_bytes(&charter.founders[1].stewards[1].key));
    assert_int_equal(judged(&charter), ERR_FORMAT);
}

static void a_weak_steward_key_is_refused(void **state)
{
    struct charter charter = sample_charter(2, 2);

    (void)state;
    memset(charter.founders[1].stewards[0].key.at, 0, ID_LEN);
    charter.founders[1].stewards[0].key.at[0] = 1;
    assert_int_equal(judged(&charter), ERR_FORMAT);
}

static void each_limit_is_met_and_not_passed(void **state)
{
    static uint8_t longest[LIMIT_NAME + 1];
    struct charter charter = sample_charter(LIMIT_FOUNDERS, 1);
    struct buffer text = written(&charter);
    struct id key = sample_key(200);

    (void)state;
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_OK);
    buffer_text(&text, "kibbutz One more\ncard ");
    buffer_hex(&text, id_bytes(&key));
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_LIMIT);
    buffer_free(&text);

    charter = sample_charter(1, LIMIT_STEWARDS);
    text = written(&charter);
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_OK);
    buffer_text(&text, "steward ");
    buffer_hex(&text, id_bytes(&key));
    buffer_text(&text, " One more\n");
    assert_int_equal(charter_read(buffer_bytes(&text), &charter), ERR_LIMIT);
    buffer_free(&text);

    memset(longest, 'n', sizeof longest);
    charter = sample_charter(1, 1);
    charter.name = bytes_of(longest, LIMIT_NAME);
    assert_int_equal(judged(&charter), ERR_OK);
    charter.name.len++;
    assert_int_equal(judged(&charter), ERR_FORMAT);
}

static void a_text_over_the_limit_is_not_looked_at(void **state)
{
    static uint8_t text[LIMIT_CHARTER + 1];
    struct charter charter;

    (void)state;
    assert_int_equal(charter_read(bytes_of(text, LIMIT_CHARTER), &charter), ERR_FORMAT);
    assert_int_equal(charter_read(bytes_of(text, LIMIT_CHARTER + 1), &charter), ERR_LIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_kibbutz_id_is_over_network_and_place),
        cmocka_unit_test(a_cut_or_longer_text_is_refused),
        cmocka_unit_test(any_changed_bit_gives_another_network_or_nothing),
        cmocka_unit_test(a_charter_has_one_form),
        cmocka_unit_test(attack_12_threshold_abuse),
        cmocka_unit_test(a_charter_has_founders_and_they_have_stewards),
        cmocka_unit_test(keys_and_cards_are_pairwise_different),
        cmocka_unit_test(no_steward_key_is_the_key_of_a_card),
        cmocka_unit_test(a_weak_steward_key_is_refused),
        cmocka_unit_test(each_limit_is_met_and_not_passed),
        cmocka_unit_test(a_text_over_the_limit_is_not_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
