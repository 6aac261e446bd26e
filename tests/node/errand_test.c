/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/errand.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/samples.h"

#define NOW 1000000

static int ends[2]; /* The reader's, and the node's. */
static struct errands errands;

static int begin(void **state)
{
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends) != 0)
        return -1;
    errands_begin(&errands, ends[0]);
    return errands.fd == ends[0] ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    close(ends[0]);
    return ends[1] >= 0 ? close(ends[1]) : 0;
}

/* How many messages wait at the node, each of them that digest. */
static unsigned count_asked(const struct id *digest)
{
    uint8_t message[64];
    unsigned count = 0;
    ssize_t len;

    while ((len = recv(ends[1], message, sizeof message, MSG_DONTWAIT)) > 0) {
        assert_int_equal(len, ID_LEN);
        assert_memory_equal(message, digest->at, ID_LEN);
        count++;
    }
    return count;
}

static void answer(const struct id *digest, uint8_t outcome, size_t len)
{
    uint8_t message[ERRAND_ANSWER_LEN + 1] = {0};

    memcpy(message, digest->at, ID_LEN);
    message[ID_LEN] = outcome;
    assert_int_equal(send(ends[1], message, len, 0), len);
}

static void it_is_asked_once_and_its_answer_is_told(void **state)
{
    const struct id one = sample_id(1), other = sample_id(2);

    (void)state;
    assert_int_equal(errands_ask(&errands, &one, NOW), ERRAND_ASKED);
    assert_int_equal(errands_ask(&errands, &one, NOW + ERRAND_AGAIN_MS - 1), ERRAND_ASKED);
    assert_int_equal(count_asked(&one), 1);
    answer(&one, ERRAND_NOBODY, ERRAND_ANSWER_LEN);
    assert_int_equal(errands_ask(&errands, &one, NOW + ERRAND_AGAIN_MS - 1), ERRAND_NOBODY);
    assert_int_equal(errands_ask(&errands, &one, NOW + ERRAND_AGAIN_MS), ERRAND_NOBODY);
    assert_int_equal(count_asked(&one), 1);
    assert_int_equal(errands_ask(&errands, &other, NOW), ERRAND_ASKED);
    assert_int_equal(count_asked(&other), 1);
}

static void what_is_no_answer_tells_nothing(void **state)
{
    const struct id one = sample_id(1), other = sample_id(2);

    (void)state;
    (void)errands_ask(&errands, &one, NOW);
    answer(&one, ERRAND_FULL, ERRAND_ANSWER_LEN - 1);
    answer(&one, ERRAND_FULL, ERRAND_ANSWER_LEN + 1);
    answer(&one, 0, ERRAND_ANSWER_LEN);
    answer(&one, ERRAND_NO_NODE, ERRAND_ANSWER_LEN);
    answer(&other, ERRAND_FULL, ERRAND_ANSWER_LEN);
    assert_int_equal(errands_ask(&errands, &one, NOW), ERRAND_ASKED);
    answer(&one, ERRAND_FULL, ERRAND_ANSWER_LEN);
    assert_int_equal(errands_ask(&errands, &one, NOW), ERRAND_FULL);
}

static void however_many_ask_so_few_messages_leave(void **state)
{
    unsigned refused = 0;

    (void)state;
    for (unsigned i = 0; i < 4 * ERRAND_SECOND; i++) {
        const struct id digest = sample_id(i);

        refused += errands_ask(&errands, &digest, NOW) == ERRAND_BUSY;
    }
    assert_in_range(refused, 3 * ERRAND_SECOND, 4 * ERRAND_SECOND - 1); /* Fewer, when the socket takes no more. */
    const struct id late = sample_id(9999);
    uint8_t message[ID_LEN];
    while (recv(ends[1], message, sizeof message, MSG_DONTWAIT) > 0)
        ;
    assert_int_equal(errands_ask(&errands, &late, NOW), ERRAND_BUSY);
    assert_int_equal(errands_ask(&errands, &late, NOW + 1000), ERRAND_ASKED);
    assert_int_equal(count_asked(&late), 1);
}

static void a_node_that_is_gone_is_asked_nothing(void **state)
{
    const struct id one = sample_id(1);

    (void)state;
    assert_int_equal(errands_ask(&errands, &one, NOW), ERRAND_ASKED);
    close(ends[1]);
    ends[1] = -1;
    assert_int_equal(errands_ask(&errands, &one, NOW + ERRAND_AGAIN_MS), ERRAND_NO_NODE);
    assert_int_equal(errands_ask(&errands, &one, NOW + 2 * ERRAND_AGAIN_MS), ERRAND_NO_NODE);
}

static void only_a_channel_is_one(void **state)
{
    int fds[2], file = open("/dev/null", O_RDWR);
    struct errands e;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 4; i++) {
        errands_begin(&e, (int[]){fds[0], file, -1, 1 << 20}[i]);
        assert_int_equal(e.fd, -1);
    }
    close(fds[0]);
    close(fds[1]);
    close(file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_asked_once_and_its_answer_is_told, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_answer_tells_nothing, begin, end),
        cmocka_unit_test_setup_teardown(however_many_ask_so_few_messages_leave, begin, end),
        cmocka_unit_test_setup_teardown(a_node_that_is_gone_is_asked_nothing, begin, end),
        cmocka_unit_test(only_a_channel_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
