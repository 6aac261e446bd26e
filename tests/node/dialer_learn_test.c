/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Granted nodes whose addresses are known: which of them are called, how many, and where. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "node/dialer.h"

#define MINUTE UINT64_C(60000)

static struct id id_of(unsigned number, uint8_t kind)
{
    return (struct id){.at = {kind, (uint8_t)(number >> 8), (uint8_t)number, 1}};
}

static struct id channel_of(unsigned number)
{
    return id_of(number, 'c');
}

static struct id node_of(unsigned number)
{
    return id_of(number, 'n');
}

/* One round of the book: nodes `from` to `to` are granted, each at addresses of its own; every third is of our kibbutz. */
static void learn(struct dialer *d, unsigned from, unsigned to, unsigned edition, uint64_t now)
{
    dialer_learn_begin(d);
    for (unsigned i = from; i <= to; i++) {
        char text[2][40];
        struct bytes addresses[2];

        for (unsigned j = 0; j < 2; j++) {
            snprintf(text[j], sizeof text[j], "n%u-%u-%u:8610", i, edition, j);
            addresses[j] = bytes_text(text[j]);
        }
        assert_int_equal(dialer_learn(d,
                                      &(struct dialer_node){.node = node_of(i),
                                                            .channel = channel_of(i),
                                                            .told_by = id_of(edition, 't'),
                                                            .is_away = i % 3 != 0,
                                                            .addresses = addresses,
                                                            .address_count = 2},
                                      now),
                         ERR_OK);
    }
    dialer_learn_end(d);
}

static struct dialer *with_nodes(unsigned count)
{
    struct dialer *d = dialer_new();

    assert_non_null(d);
    learn(d, 1, count, 1, 0);
    return d;
}

/* Calls all who are due, and all answer.  Returns how many. */
static size_t call_all(struct dialer *d, uint64_t now)
{
    const struct contact *contact;
    uint32_t random = 7;
    size_t count = 0;

    while ((contact = dialer_next(d, now, random)) != NULL) {
        dialer_opened(d, &contact->channel, true, now);
        random = random * 1664525 + 1013904223;
        count++;
    }
    return count;
}

static size_t count_away(const struct dialer *d)
{
    size_t count = 0;

    for (size_t i = 0; i < dialer_count(d); i++)
        count += dialer_at(d, i)->called > 0 && dialer_at(d, i)->is_away;
    return count;
}

static void nodes_of_a_small_network_are_all_called(void **state)
{
    struct dialer *d = with_nodes(6);

    (void)state;
    assert_int_equal(dialer_deadline(d), 0);
    assert_int_equal(call_all(d, 0), 6);
    assert_int_equal(dialer_deadline(d), UINT64_MAX);
    dialer_free(d);
}

static void of_many_nodes_eight_are_called(void **state)
{
    struct dialer *d = with_nodes(300);

    (void)state;
    assert_int_equal(call_all(d, 0), DIALER_KEEP);
    assert_int_equal(dialer_deadline(d), 10 * MINUTE); /* One by chance. */
    dialer_free(d);
}

/* Whoever calls us fills our table, and two that we chose ourselves are still called. */
static void neighbours_that_call_us_do_not_hide_the_rest(void **state)
{
    struct dialer *d = with_nodes(60);

    (void)state;
    for (unsigned i = 1; i <= 20; i++)
        dialer_opened(d, &(struct id){.at = {'c', 0, (uint8_t)i, 1}}, false, 0);
    assert_int_equal(call_all(d, 0), DIALER_AWAY);
    assert_int_equal(count_away(d), DIALER_AWAY);
    dialer_free(d);
}

static void choice_is_by_chance(void **state)
{
    uint64_t seen[101] = {0};
    size_t distinct = 0;

    (void)state;
    for (uint32_t random = 0; random < 200; random++) {
        struct dialer *d = with_nodes(100);
        const struct contact *contact = dialer_next(d, 0, random * 40503);

        seen[contact->node.at[2]]++;
        dialer_free(d);
    }
    for (size_t i = 1; i <= 100; i++)
        distinct += seen[i] > 0;
    assert_true(distinct > 60);
}

static void every_ten_minutes_one_is_visited_and_left_again(void **state)
{
    struct dialer *d = with_nodes(40);
    const struct contact *visited;

    (void)state;
    (void)call_all(d, 0);
    assert_null(dialer_next(d, 10 * MINUTE - 1, 5));
    visited = dialer_next(d, 10 * MINUTE, 5);
    assert_non_null(visited);
    assert_null(dialer_next(d, 10 * MINUTE, 5));
    dialer_opened(d, &visited->channel, true, 10 * MINUTE);
    assert_null(dialer_leave(d, 11 * MINUTE - 1));
    assert_int_equal(dialer_deadline(d), 11 * MINUTE);
    assert_ptr_equal(dialer_leave(d, 11 * MINUTE), visited);
    assert_null(dialer_leave(d, 11 * MINUTE));
    dialer_closed(d, &visited->channel, true, DIALER_LOST, "", 11 * MINUTE, 0);
    assert_in_range(dialer_deadline(d), 17 * MINUTE, 23 * MINUTE);
    dialer_free(d);
}

/* Where too few are connected, a visit stays. */
static void visit_is_not_left_where_it_is_needed(void **state)
{
    struct dialer *d = with_nodes(3);
    const struct contact *contact;

    (void)state;
    for (int i = 0; i < 6; i++) { /* Each of three nodes at two addresses. */
        contact = dialer_next(d, 0, 0);
        assert_non_null(contact);
        dialer_failed(d, &contact->channel, DIALER_SILENT, "", 0, 0);
    }
    contact = dialer_next(d, 10 * MINUTE, 0);
    assert_non_null(contact);
    dialer_opened(d, &contact->channel, true, 10 * MINUTE);
    assert_null(dialer_leave(d, 60 * MINUTE));
    dialer_free(d);
}

static void addresses_are_tried_one_after_another_before_it_waits(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = channel_of(1);

    (void)state;
    assert_string_equal(dialer_next(d, 0, 0)->address, "n1-1-0:8610");
    dialer_failed(d, &channel, DIALER_NOBODY, "", 50, 0);
    assert_int_equal(dialer_deadline(d), 50);
    assert_string_equal(dialer_next(d, 50, 0)->address, "n1-1-1:8610");
    dialer_failed(d, &channel, DIALER_OTHER_KEY, "", 60, 0);
    assert_int_equal(dialer_deadline(d), 560);
    assert_string_equal(dialer_find(d, &channel)->why, "at n1-1-1:8610 is another key, or another network");
    assert_string_equal(dialer_next(d, 560, 0)->address, "n1-1-0:8610");
    dialer_free(d);
}

static void address_that_worked_is_called_first(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = channel_of(1);

    (void)state;
    (void)dialer_next(d, 0, 0);
    dialer_failed(d, &channel, DIALER_NOBODY, "", 0, 0);
    (void)dialer_next(d, 0, 0);
    dialer_opened(d, &channel, true, 0);
    dialer_closed(d, &channel, true, DIALER_LOST, "", MINUTE, 0);
    assert_string_equal(dialer_next(d, 2 * MINUTE, 0)->address, "n1-1-1:8610");
    dialer_free(d);
}

static void address_that_changed_is_tried_at_once(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = channel_of(1);

    (void)state;
    for (int i = 0; i < 8; i++) {
        uint64_t now = dialer_deadline(d);

        (void)dialer_next(d, now, 0);
        dialer_failed(d, &channel, DIALER_SILENT, "", now, 0);
    }
    assert_true(dialer_deadline(d) > 5000);
    learn(d, 1, 1, 1, 5000); /* Nothing new. */
    assert_true(dialer_deadline(d) > 5000);
    learn(d, 1, 1, 2, 5000);
    assert_int_equal(dialer_deadline(d), 5000);
    assert_string_equal(dialer_next(d, 5000, 0)->address, "n1-2-0:8610");
    assert_int_equal(dialer_find(d, &channel)->address_count, 2);
    dialer_free(d);
}

static void node_that_nobody_grants_any_more_is_not_called(void **state)
{
    struct dialer *d = with_nodes(3);
    struct id near = node_of(2);

    (void)state;
    learn(d, 1, 1, 1, 0);
    assert_int_equal(dialer_count(d), 1);
    assert_int_equal(call_all(d, 0), 1);
    assert_false(dialer_near(d, &near, "10.0.0.2:8610", 0));
    assert_int_equal(call_all(d, 60 * MINUTE), 0);
    dialer_free(d);
}

static void session_of_a_revoked_node_ends_before_it_is_forgotten(void **state)
{
    struct dialer *d = with_nodes(2);

    (void)state;
    assert_int_equal(call_all(d, 0), 2);
    learn(d, 1, 1, 1, 0);
    assert_int_equal(dialer_count(d), 2);
    assert_int_equal(dialer_find(d, &(struct id){.at = {'c', 0, 2, 1}})->address_count, 0);
    learn(d, 1, 1, 1, 0);
    dialer_closed(d, &(struct id){.at = {'c', 0, 2, 1}}, true, DIALER_LOST, "", 10, 0);
    assert_int_equal(call_all(d, 60 * MINUTE), 0);
    dialer_free(d);
}

static void node_without_address_is_a_contact_and_not_called(void **state)
{
    struct dialer *d = dialer_new();

    (void)state;
    dialer_learn_begin(d);
    assert_int_equal(
        dialer_learn(d, &(struct dialer_node){.node = node_of(1), .channel = channel_of(1), .is_away = true}, 0),
        ERR_OK);
    dialer_learn_end(d);
    assert_int_equal(dialer_count(d), 1);
    assert_null(dialer_next(d, 0, 0));
    assert_int_equal(dialer_deadline(d), UINT64_MAX);
    assert_false(dialer_awaits(dialer_at(d, 0)));
    dialer_free(d);
}

static void node_told_of_nearby_is_called_there_first(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = channel_of(1), node = node_of(1), stranger = node_of(9);

    (void)state;
    (void)dialer_next(d, 0, 0);
    dialer_failed(d, &channel, DIALER_SILENT, "", 0, 0);
    (void)dialer_next(d, 0, 0);
    dialer_failed(d, &channel, DIALER_SILENT, "", 0, 0);
    assert_false(dialer_near(d, &stranger, "10.0.0.9:8610", 100));
    assert_false(dialer_near(d, &node, "no address", 100));
    assert_true(dialer_near(d, &node, "10.0.0.2:8610", 100));
    assert_false(dialer_near(d, &node, "10.0.0.2:8610", 101)); /* Said before. */
    assert_string_equal(dialer_next(d, 100, 0)->address, "10.0.0.2:8610");
    dialer_opened(d, &channel, true, 100);
    assert_false(dialer_near(d, &node, "10.0.0.3:8610", 200));
    dialer_free(d);
}

static void given_contact_is_called_beyond_what_is_kept(void **state)
{
    struct dialer *d = with_nodes(100);
    struct id a = id_of(1, 'g'), known = channel_of(50);

    (void)state;
    (void)call_all(d, 0);
    assert_int_equal(dialer_add(d, &a, "hulda:1", 5), ERR_OK);
    assert_string_equal(dialer_next(d, 5, 0)->address, "hulda:1");
    assert_int_equal(dialer_add(d, &known, "gezer:1", 6), ERR_OK);
    if (dialer_find(d, &known)->open == 0)
        assert_string_equal(dialer_next(d, 6, 0)->address, "gezer:1");
    dialer_free(d);
}

static void who_is_removed_is_left_alone_until_it_is_added(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = dialer_at(d, 0)->channel, node = dialer_at(d, 0)->node, none = {{0}};

    (void)state;
    assert_int_equal(dialer_add(d, &channel, "gezer:1", 0), ERR_OK);
    assert_false(dialer_bars(d, &channel, &node));
    for (int i = 0; i < 2; i++) { /* By either key, and twice is once. */
        assert_int_equal(dialer_remove(d, i == 0 ? &channel : &node), ERR_OK);
        assert_true(dialer_bars(d, &channel, &node));
        assert_false(dialer_at(d, 0)->is_given);
        assert_int_equal(dialer_at(d, 0)->address_count, 2); /* What it signed is known all the same. */
        dialer_hurry(d, NULL, 10);
        assert_null(dialer_next(d, 2 * DIALER_VISIT_MS, 0));                       /* Not by chance either, ... */
        assert_false(dialer_near(d, &node, "10.0.0.2:8610", 2 * DIALER_VISIT_MS)); /* ... nor because it is near. */
    }
    struct id renewed = channel_of(99); /* Nor under another channel key. */
    assert_int_equal(dialer_rename(d, &channel, &renewed), ERR_OK);
    assert_null(dialer_next(d, 4 * DIALER_VISIT_MS, 0));
    assert_int_equal(dialer_add(d, &renewed, "gezer:2", 5 * DIALER_VISIT_MS), ERR_OK);
    assert_string_equal(dialer_next(d, 5 * DIALER_VISIT_MS, 0)->address, "gezer:2");
    assert_int_equal(dialer_remove(d, &none), ERR_MISSING);
    dialer_free(d);
}

static void who_was_removed_before_it_was_known_is_left_alone(void **state)
{
    struct dialer *d = with_nodes(0);
    struct dialer *known = with_nodes(1);
    struct id channel = dialer_at(known, 0)->channel, node = dialer_at(known, 0)->node, one;

    (void)state;
    dialer_free(known);
    assert_int_equal(dialer_bar(d, &node), ERR_OK);
    assert_true(dialer_bars(d, &channel, &node));
    for (uint8_t i = 1; i < DIALER_GIVEN - 1; i++) {
        one = id_of(i, 'r');
        assert_int_equal(dialer_bar(d, &one), ERR_OK);
    }
    one = id_of(1, 's');
    assert_int_equal(dialer_bar(d, &one), ERR_OK);
    one = id_of(2, 's');
    assert_int_equal(dialer_bar(d, &one), ERR_LIMIT);
    dialer_free(d);
}

static void contact_with_a_new_channel_key_is_one_contact(void **state)
{
    struct dialer *d = dialer_new();
    struct id old = channel_of(1), new = channel_of(2);

    (void)state;
    assert_int_equal(dialer_add(d, &old, "hulda:1", 0), ERR_OK);
    dialer_learn_begin(d);
    assert_int_equal(dialer_learn(d, &(struct dialer_node){.node = node_of(1), .channel = old}, 0), ERR_OK);
    dialer_learn_end(d);
    (void)dialer_next(d, 0, 0);
    dialer_opened(d, &old, true, 1);
    dialer_learn_begin(d);
    assert_int_equal(dialer_learn(d, &(struct dialer_node){.node = node_of(1), .channel = new}, 2), ERR_OK);
    dialer_learn_end(d);
    assert_int_equal(dialer_count(d), 1);
    assert_int_equal(dialer_find(d, &new)->open, 1);
    assert_string_equal(dialer_find(d, &new)->address, "hulda:1");
    dialer_free(d);
}

static void who_is_at_an_address_is_known(void **state)
{
    struct dialer *d = with_nodes(2);
    struct id other = channel_of(7), one = channel_of(1);

    (void)state;
    assert_true(id_equal(&dialer_holder(d, &other, "n1-1-1:8610")->channel, &one));
    assert_null(dialer_holder(d, &one, "n1-1-1:8610"));
    assert_null(dialer_holder(d, &other, "elsewhere:8610"));
    dialer_free(d);
}

static void each_failure_has_a_name_and_a_side(void **state)
{
    char text[DIALER_WHY];

    (void)state;
    for (unsigned i = 0; i < DIALER_FAILURES; i++) {
        enum dialer_failure why = (enum dialer_failure)i;

        assert_int_equal(dialer_failure_from_name(dialer_failure_name(why)), why);
        assert_true(strstr("we they either nobody", dialer_failure_side(why)) != NULL);
        dialer_failure_write(text, why, dialer_failure_text(why), "h:1", "so it is");
        assert_null(strchr(text, '%'));
        assert_true(why == DIALER_UNTRIED || text[0] != '\0');
    }
    assert_int_equal(dialer_failure_from_name("no such"), DIALER_UNTRIED);
    dialer_failure_write(text, DIALER_VERSION, dialer_failure_text(DIALER_VERSION), "h:1", "2");
    assert_string_equal(text, "it speaks version 2 of the protocol, and we do not");
}

static void other_version_is_tried_at_once_and_not_in_a_circle(void **state)
{
    struct dialer *d = with_nodes(1);
    struct id channel = channel_of(1);

    (void)state;
    assert_int_equal(dialer_next(d, 0, 0)->version, 0);
    dialer_speak(d, &channel, 1, 10, 0);
    assert_int_equal(dialer_deadline(d), 10);
    assert_int_equal(dialer_next(d, 10, 0)->version, 1);
    dialer_speak(d, &channel, 2, 20, 0);
    assert_true(dialer_deadline(d) > 20);
    dialer_free(d);
}

static void table_of_learnt_nodes_has_an_end(void **state)
{
    struct dialer *d = with_nodes(DIALER_CONTACTS);

    (void)state;
    assert_int_equal(dialer_learn(d, &(struct dialer_node){.node = node_of(5000), .channel = channel_of(5000)}, 0),
                     ERR_LIMIT);
    assert_int_equal(dialer_count(d), DIALER_CONTACTS);
    dialer_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_of_a_small_network_are_all_called),
        cmocka_unit_test(of_many_nodes_eight_are_called),
        cmocka_unit_test(neighbours_that_call_us_do_not_hide_the_rest),
        cmocka_unit_test(choice_is_by_chance),
        cmocka_unit_test(every_ten_minutes_one_is_visited_and_left_again),
        cmocka_unit_test(visit_is_not_left_where_it_is_needed),
        cmocka_unit_test(addresses_are_tried_one_after_another_before_it_waits),
        cmocka_unit_test(address_that_worked_is_called_first),
        cmocka_unit_test(address_that_changed_is_tried_at_once),
        cmocka_unit_test(node_that_nobody_grants_any_more_is_not_called),
        cmocka_unit_test(session_of_a_revoked_node_ends_before_it_is_forgotten),
        cmocka_unit_test(node_without_address_is_a_contact_and_not_called),
        cmocka_unit_test(node_told_of_nearby_is_called_there_first),
        cmocka_unit_test(given_contact_is_called_beyond_what_is_kept),
        cmocka_unit_test(who_is_removed_is_left_alone_until_it_is_added),
        cmocka_unit_test(who_was_removed_before_it_was_known_is_left_alone),
        cmocka_unit_test(contact_with_a_new_channel_key_is_one_contact),
        cmocka_unit_test(who_is_at_an_address_is_known),
        cmocka_unit_test(each_failure_has_a_name_and_a_side),
        cmocka_unit_test(other_version_is_tried_at_once_and_not_in_a_circle),
        cmocka_unit_test(table_of_learnt_nodes_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
