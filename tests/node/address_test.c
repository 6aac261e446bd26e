/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void addresses_of_hosts_are_taken(void **state)
{
    (void)state;
    assert_true(address_is_right("node.example:8610"));
    assert_true(address_is_right("192.0.2.1:1"));
    assert_true(address_is_right("[2001:db8::1]:65535"));
}

static void what_is_no_address_is_refused(void **state)
{
    char long_one[LIMIT_ADDRESS + 2];

    (void)state;
    assert_false(address_is_right("node.example"));
    assert_false(address_is_right(":8610"));
    assert_false(address_is_right("node:"));
    assert_false(address_is_right("node:0"));
    assert_false(address_is_right("node:65536"));
    assert_false(address_is_right("node:08610"));
    assert_false(address_is_right("2001:db8::1:8610"));
    assert_false(address_is_right("[]:8610"));
    assert_false(address_is_right("[2001:db8::1:8610"));
    assert_false(address_is_right("a b:8610"));
    assert_false(address_is_right("key@node:8610"));
    memset(long_one, 'a', sizeof long_one);
    memcpy(long_one + LIMIT_ADDRESS - 2, ":1", 3);
    assert_true(address_is_right(long_one));
    memcpy(long_one + LIMIT_ADDRESS - 2, "a:1", 4);
    assert_false(address_is_right(long_one));
}

static void check_own(const char *public, const char *listen, const char *wanted, bool wanted_guess)
{
    char home[] = "/tmp/igum_address_XXXXXX", address[LIMIT_ADDRESS + 1];
    struct config *c = NULL;
    bool is_guess;

    assert_non_null(mkdtemp(home));
    assert_int_equal(config_load(home, &c), ERR_OK);
    if (public != NULL)
        assert_int_equal(config_set(c, "public", public), ERR_OK);
    if (listen != NULL)
        assert_int_equal(config_set(c, "listen", listen), ERR_OK);
    address_own(c, address, &is_guess);
    assert_int_equal(is_guess, wanted_guess);
    if (wanted_guess)
        assert_string_equal(strrchr(address, ':'), wanted);
    else
        assert_string_equal(address, wanted);
    assert_true(address_is_right(address));
    config_free(c);
    (void)rmdir(home);
}

static void own_address_is_the_best_that_is_known(void **state)
{
    (void)state;
    check_own("office.example:99", "10.0.0.1:1", "office.example:99", false);
    check_own(NULL, "10.0.0.1:1", "10.0.0.1:1", false);
    check_own(NULL, "0.0.0.0:77", ":77", true);
    check_own(NULL, "[::]:78", ":78", true);
    check_own(NULL, NULL, ":8610", true);
    check_own("nonsense", NULL, ":8610", true);
    check_own("nonsense", "10.0.0.1:1", "10.0.0.1:1", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_hosts_are_taken),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(own_address_is_the_best_that_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
