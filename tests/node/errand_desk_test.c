/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/errand_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/running.h"
#include "tests/support/samples.h"

/* A node that lacks nothing: of what it is asked for it knows nothing. */
static struct node node;

static int begin(void **state)
{
    static const struct noise_key_pair channel;
    const struct replica_options options = {.channel = &channel, .store_id = 1, .software = "test"};

    (void)state;
    return uv_loop_init(&node.loop) == 0 && (node.replica = replica_new(&options)) != NULL &&
                   errand_desk_new(&node, &node.desk) == ERR_OK
               ? 0
               : -1;
}

static int end(void **state)
{
    (void)state;
    errand_desk_close(node.desk);
    (void)uv_run(&node.loop, UV_RUN_DEFAULT);
    replica_free(node.replica);
    return uv_loop_close(&node.loop);
}

static void say(int fd, const void *message, size_t len)
{
    assert_int_equal(send(fd, message, len, MSG_NOSIGNAL), len);
    (void)uv_run(&node.loop, UV_RUN_NOWAIT);
}

/* The length of what the node said; 0: it hung up; -1: nothing. */
static ssize_t hear(int fd, uint8_t answer[ERRAND_ANSWER_LEN + 1])
{
    (void)uv_run(&node.loop, UV_RUN_NOWAIT);
    return recv(fd, answer, ERRAND_ANSWER_LEN + 1, MSG_DONTWAIT);
}

static void each_message_is_answered(void **state)
{
    uint8_t answer[ERRAND_ANSWER_LEN + 1];
    int fd = errand_desk_open(node.desk);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(hear(fd, answer), -1);
    for (unsigned i = 0; i < 3; i++) {
        const struct id digest = sample_id(i);

        say(fd, digest.at, ID_LEN);
        assert_int_equal(hear(fd, answer), ERRAND_ANSWER_LEN);
        assert_memory_equal(answer, digest.at, ID_LEN);
        assert_int_equal(answer[ID_LEN], ERRAND_UNKNOWN);
    }
    close(fd);
}

/* Whatever sits in the reader's place: what is no digest ends the channel, and the next reader has one of its own. */
static void what_is_no_errand_ends_the_channel(void **state)
{
    uint8_t answer[ERRAND_ANSWER_LEN + 1], message[ID_LEN + 100] = {0};

    (void)state;
    for (size_t len = 0; len < sizeof message; len += len == ID_LEN - 1 ? 2 : 1) {
        int fd = errand_desk_open(node.desk);

        assert_true(fd >= 0);
        say(fd, message, len);
        assert_int_equal(hear(fd, answer), 0);
        assert_int_equal(send(fd, message, ID_LEN, MSG_NOSIGNAL), -1);
        close(fd);
    }
    each_message_is_answered(state);
}

static void who_asks_too_much_is_heard_no_more(void **state)
{
    uint8_t answer[ERRAND_ANSWER_LEN + 1];
    const struct id digest = sample_id(1);
    int fd = errand_desk_open(node.desk);
    unsigned count = 0;

    (void)state;
    while (count <= 4 * ERRAND_DESK_SECOND && send(fd, digest.at, ID_LEN, MSG_NOSIGNAL) == ID_LEN) {
        count++;
        (void)hear(fd, answer);
    }
    assert_in_range(count, ERRAND_DESK_SECOND + 1, 2 * ERRAND_DESK_SECOND + 2); /* A second may end meanwhile. */
    close(fd);
}

static void a_new_reader_takes_the_place_of_the_last(void **state)
{
    uint8_t answer[ERRAND_ANSWER_LEN + 1];
    int first = errand_desk_open(node.desk), second = errand_desk_open(node.desk);

    (void)state;
    assert_int_equal(hear(first, answer), 0);
    assert_int_equal(hear(second, answer), -1);
    close(first);
    close(second); /* The reader ends by itself: the node hears that, and goes on. */
    assert_int_equal(uv_run(&node.loop, UV_RUN_NOWAIT), 0);
    each_message_is_answered(state);
}

/* So many at once, then one each few seconds, and never more in a minute than twice that. */
static void a_node_takes_so_many_on_in_a_minute(void **state)
{
    struct errand_allowance allowance = {0};
    unsigned at_once = 0, later = 0;
    const uint64_t start = 1000000;

    (void)state;
    while (errand_allows(&allowance, start))
        at_once++;
    assert_int_equal(at_once, ERRAND_DESK_MINUTE);
    for (uint64_t now = start; now < start + 60000; now += 100)
        later += errand_allows(&allowance, now);
    assert_in_range(later, ERRAND_DESK_MINUTE - 1, ERRAND_DESK_MINUTE);
    assert_true(errand_allows(&allowance, start + 600000));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_message_is_answered, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_errand_ends_the_channel, begin, end),
        cmocka_unit_test_setup_teardown(who_asks_too_much_is_heard_no_more, begin, end),
        cmocka_unit_test_setup_teardown(a_new_reader_takes_the_place_of_the_last, begin, end),
        cmocka_unit_test(a_node_takes_so_many_on_in_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
