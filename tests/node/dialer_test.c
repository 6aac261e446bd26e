/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/dialer.h"

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CHANCE UINT32_C(0x9e3779b9)

static struct id key_of(uint8_t first)
{
    return (struct id){.at = {first}};
}

static void contact_line_is_key_at_host_and_port(void **state)
{
    struct id channel;
    char address[LIMIT_ADDRESS + 1];

    (void)state;
    assert_int_equal(dialer_read(bytes_text(KEY "@hulda.example:8610"), &channel, address), ERR_OK);
    assert_string_equal(address, "hulda.example:8610");
    assert_int_equal(channel.at[1], 0x11);
    assert_int_equal(dialer_read(bytes_text(KEY "@[::1]:1"), &channel, address), ERR_OK);
    assert_int_equal(dialer_read(bytes_text(KEY "@10.0.0.1:65535"), &channel, address), ERR_OK);
}

static void contact_line_with_one_thing_wrong_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "@",
        KEY,
        KEY "@",
        KEY "@hulda",
        KEY "@hulda:",
        KEY "@:8610",
        KEY "@hulda:0",
        KEY "@hulda:65536",
        KEY "@hulda:08610",
        KEY "@hulda:86x0",
        KEY "@::1:8610",
        KEY "@[::1:8610",
        KEY "@[]:8610",
        KEY "@hu lda:8610",
        KEY "0@hulda:8610",
        "0" KEY "@hulda:8610",
        KEY "@a@hulda:8610",
        KEY "@../hulda:1",
        KEY "@hulda\x1b:1",
    };
    struct id channel;
    char address[LIMIT_ADDRESS + 1];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        assert_int_not_equal(dialer_read(bytes_text(lines[i]), &channel, address), ERR_OK);
    assert_int_not_equal(dialer_read(bytes_of(KEY "@a\0b:80", ID_TEXT_LEN + 7), &channel, address), ERR_OK);
}

static void address_of_the_longest_length_is_taken_and_one_more_is_not(void **state)
{
    char address[LIMIT_ADDRESS + 2], host[LIMIT_ADDRESS + 1], port[6];

    (void)state;
    memset(address, 'a', sizeof address);
    memcpy(address + LIMIT_ADDRESS - 5, ":8610", 6);
    assert_int_equal(dialer_split(address, host, port), ERR_OK);
    assert_int_equal(strlen(host), LIMIT_ADDRESS - 5);
    assert_string_equal(port, "8610");
    memset(address, 'a', sizeof address);
    memcpy(address + LIMIT_ADDRESS - 4, ":8610", 6);
    assert_int_equal(dialer_split(address, host, port), ERR_LIMIT);
}

static void backoff_doubles_up_to_a_minute_give_or_take_a_half(void **state)
{
    static const uint64_t base[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

    (void)state;
    for (unsigned k = 0; k < 8; k++) {
        uint64_t least = UINT64_MAX, most = 0;

        for (uint32_t i = 0; i < 20000; i++) {
            uint64_t ms = dialer_backoff_ms(k, i * CHANCE);

            least = ms < least ? ms : least;
            most = ms > most ? ms : most;
        }
        assert_in_range(least, base[k] / 2, base[k] / 2 + base[k] / 50);
        assert_in_range(most, base[k] * 3 / 2 - base[k] / 50, base[k] * 3 / 2);
    }
    assert_in_range(dialer_backoff_ms(1000000, 0), 30000, 30000);
}

static void failed_contact_waits_and_is_due_again(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1);
    const struct contact *contact;

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 100), ERR_OK);
    assert_int_equal(dialer_deadline(d), 100);
    assert_null(dialer_next(d, 99, 0));
    contact = dialer_next(d, 100, 0);
    assert_non_null(contact);
    assert_null(dialer_next(d, 100, 0)); /* It is being dialled. */
    dialer_failed(d, &a, DIALER_NOBODY, "", 200, 0);
    assert_int_equal(dialer_deadline(d), 700);
    assert_null(dialer_next(d, 699, 0));
    assert_string_equal(contact->why, "nobody listens at hulda:1");
    assert_non_null(dialer_next(d, 700, 0));
    dialer_failed(d, &a, DIALER_STRANGER, "", 800, 0);
    assert_int_equal(dialer_deadline(d), 1800);
    assert_string_equal(contact->why, "they do not know us yet");
    dialer_hurry(d, NULL, 900);
    assert_int_equal(dialer_deadline(d), 900);
    dialer_free(d);
}

static void contact_that_called_us_is_not_called(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1);

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    dialer_opened(d, &a, false, 5);
    assert_int_equal(dialer_deadline(d), UINT64_MAX);
    assert_null(dialer_next(d, 1000, 0));
    dialer_closed(d, &a, true, DIALER_LOST, "cut", 20000, 0);
    assert_int_equal(dialer_deadline(d), 20500);
    dialer_free(d);
}

static void second_connection_of_a_contact_may_go_without_a_redial(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1);

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    assert_non_null(dialer_next(d, 0, 0));
    dialer_opened(d, &a, false, 5);
    dialer_opened(d, &a, true, 6);
    dialer_closed(d, &a, true, DIALER_LOST, "one is enough", 7, 0);
    assert_int_equal(dialer_deadline(d), UINT64_MAX);
    assert_string_equal(dialer_find(d, &a)->why, "");
    dialer_free(d);
}

static void sessions_that_end_at_once_are_redialled_ever_more_slowly_and_steady_ones_soon(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1);
    uint64_t now = 0;

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    for (unsigned i = 0; i < 4; i++) {
        now = dialer_deadline(d);
        assert_non_null(dialer_next(d, now, 0));
        dialer_opened(d, &a, true, now);
        dialer_closed(d, &a, true, DIALER_LOST, "", now + 1, 0);
        assert_int_equal(dialer_deadline(d), now + 1 + (UINT64_C(500) << i));
    }
    now = dialer_deadline(d);
    assert_non_null(dialer_next(d, now, 0));
    dialer_opened(d, &a, true, now);
    dialer_closed(d, &a, true, DIALER_LOST, "", now + 10000, 0);
    assert_int_equal(dialer_deadline(d), now + 10500);
    dialer_free(d);
}

static void breaker_of_the_protocol_is_shunned_for_a_minute_then_twice_as_long_up_to_an_hour(void **state)
{
    static const uint64_t minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct dialer *d = dialer_new();
    struct id a = key_of(1), b = key_of(2);
    uint64_t now = 1000;

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    for (size_t i = 0; i < 8; i++) {
        assert_false(dialer_shuns(d, &a, now));
        dialer_shun(d, &a, now);
        assert_true(dialer_shuns(d, &a, now + minutes[i] * 60000 - 1));
        assert_false(dialer_shuns(d, &a, now + minutes[i] * 60000));
        assert_int_equal(dialer_deadline(d), now + minutes[i] * 60000);
        assert_false(dialer_shuns(d, &b, now));
        now += minutes[i] * 60000;
    }
    dialer_free(d);
}

static void removed_contact_is_forgotten(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1), b = key_of(2);

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    assert_int_equal(dialer_add(d, &b, "gezer:1", 0), ERR_OK);
    assert_int_equal(dialer_remove(d, &a), ERR_OK);
    assert_int_equal(dialer_remove(d, &a), ERR_MISSING);
    assert_int_equal(dialer_count(d), 1);
    assert_null(dialer_find(d, &a));
    dialer_closed(d, &a, true, DIALER_LOST, "", 1, 0);
    assert_string_equal(dialer_at(d, 0)->address, "gezer:1");
    dialer_free(d);
}

static void contact_goes_by_its_new_key(void **state)
{
    struct dialer *d = dialer_new();
    struct id a = key_of(1), b = key_of(2), c = key_of(3);

    (void)state;
    assert_int_equal(dialer_add(d, &a, "hulda:1", 0), ERR_OK);
    assert_int_equal(dialer_rename(d, &a, &b), ERR_OK);
    assert_null(dialer_find(d, &a));
    assert_string_equal(dialer_find(d, &b)->address, "hulda:1");
    assert_int_equal(dialer_rename(d, &a, &c), ERR_MISSING);
    assert_int_equal(dialer_add(d, &c, "gezer:1", 0), ERR_OK);
    assert_int_equal(dialer_rename(d, &b, &c), ERR_OK); /* It was there under both. */
    assert_int_equal(dialer_count(d), 1);
    assert_string_equal(dialer_find(d, &c)->address, "gezer:1");
    dialer_free(d);
}

static void table_is_full_at_its_limit(void **state)
{
    struct dialer *d = dialer_new();

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        struct id key = {.at = {(uint8_t)i, 1}};

        assert_int_equal(dialer_add(d, &key, "hulda:1", 0), ERR_OK);
    }
    assert_int_equal(dialer_add(d, &(struct id){.at = {0, 2}}, "hulda:1", 0), ERR_LIMIT);
    assert_int_equal(dialer_add(d, &(struct id){.at = {0, 1}}, "gezer:1", 0), ERR_OK);
    dialer_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contact_line_is_key_at_host_and_port),
        cmocka_unit_test(contact_line_with_one_thing_wrong_is_refused),
        cmocka_unit_test(address_of_the_longest_length_is_taken_and_one_more_is_not),
        cmocka_unit_test(backoff_doubles_up_to_a_minute_give_or_take_a_half),
        cmocka_unit_test(failed_contact_waits_and_is_due_again),
        cmocka_unit_test(contact_that_called_us_is_not_called),
        cmocka_unit_test(second_connection_of_a_contact_may_go_without_a_redial),
        cmocka_unit_test(sessions_that_end_at_once_are_redialled_ever_more_slowly_and_steady_ones_soon),
        cmocka_unit_test(breaker_of_the_protocol_is_shunned_for_a_minute_then_twice_as_long_up_to_an_hour),
        cmocka_unit_test(removed_contact_is_forgotten),
        cmocka_unit_test(contact_goes_by_its_new_key),
        cmocka_unit_test(table_is_full_at_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
