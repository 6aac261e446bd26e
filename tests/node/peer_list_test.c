/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/peer_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void peers_of_a_status_are_read(void **state)
{
    struct peer_list list = {.count = 0};
    const char *json =
        "{\"entries\":1,\"peers\":[{\"kibbutz\":\"חולדה\",\"node\":null,\"channel\":\"ab\",\"address\":\"h:1\","
        "\"state\":\"equal\",\"last_heard\":null,\"behind\":7,\"received\":12,\"why\":null},{\"channel\":\"cd\","
        "\"behind\":null,"
        "\"state\":\"apart\",\"why\":\"nobody listens at h:2\"}]}";

    (void)state;
    assert_int_equal(peer_list_read(bytes_text(json), &list), ERR_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].kibbutz, "חולדה");
    assert_string_equal(list.items[0].node, "");
    assert_true(list.items[0].has_behind);
    assert_int_equal(list.items[0].behind, 7);
    assert_int_equal(list.items[0].received, 12);
    assert_int_equal(list.items[1].received, 0);
    assert_string_equal(list.items[1].why, "nobody listens at h:2");
    assert_false(list.items[1].has_behind);
    peer_list_free(&list);
    assert_int_equal(list.count, 0);
}

static void status_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{}", "{\"peers\":7}", "{\"peers\":[]}x"};
    struct peer_list list = {.count = 0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(peer_list_read(bytes_text(texts[i]), &list), ERR_FORMAT);
    assert_int_equal(list.count, 0);
    peer_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_of_a_status_are_read),
        cmocka_unit_test(status_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
