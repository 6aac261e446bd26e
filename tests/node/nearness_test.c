/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/nearness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool may_read(const char *address, enum nearness readers)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        memcpy(&storage, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
        memcpy(&storage, &v6, sizeof v6);
    }
    return nearness_of((const struct sockaddr *)&storage, readers);
}

static void words_of_the_configuration_are_read(void **state)
{
    enum nearness readers;

    (void)state;
    assert_true(nearness_read(NULL, &readers));
    assert_int_equal(readers, NEARNESS_LAN);
    assert_true(nearness_read("localhost", &readers));
    assert_int_equal(readers, NEARNESS_LOCALHOST);
    assert_true(nearness_read("nobody", &readers));
    assert_int_equal(readers, NEARNESS_NOBODY);
    assert_false(nearness_read("everybody", &readers));
    assert_int_equal(readers, NEARNESS_NOBODY); /* What is not understood opens nothing. */
}

static void callers_are_told_by_their_address(void **state)
{
    static const struct {
        const char *address;
        bool at_localhost, on_lan;
    } cases[] = {
        {"127.0.0.1", true, true},
        {"127.255.0.9", true, true},
        {"::1", true, true},
        {"::ffff:127.0.0.1", true, true},
        {"10.0.0.7", false, true},
        {"172.16.0.1", false, true},
        {"172.31.255.255", false, true},
        {"192.168.1.20", false, true},
        {"169.254.3.4", false, true},
        {"fe80::1", false, true},
        {"fd12::1", false, true},
        {"::ffff:192.168.1.1", false, true},
        {"172.32.0.1", false, false},
        {"172.15.0.1", false, false},
        {"192.169.0.1", false, false},
        {"8.8.8.8", false, false},
        {"2001:db8::1", false, false},
        {"::ffff:8.8.8.8", false, false},
        {"::", false, false},
        {"0.0.0.0", false, false},
        {"fec0::1", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(may_read(cases[i].address, NEARNESS_NOBODY));
        assert_int_equal(may_read(cases[i].address, NEARNESS_LOCALHOST), cases[i].at_localhost);
        assert_int_equal(may_read(cases[i].address, NEARNESS_LAN), cases[i].on_lan);
    }
    assert_false(nearness_of(NULL, NEARNESS_LAN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_the_configuration_are_read),
        cmocka_unit_test(callers_are_told_by_their_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
