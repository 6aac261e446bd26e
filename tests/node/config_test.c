/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/igum_config_XXXXXX";
static char path[100];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void check_file(const char *text)
{
    char got[1000] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_true(fread(got, 1, sizeof got - 1, file) <= sizeof got - 1);
    assert_int_equal(fclose(file), 0);
    assert_string_equal(got, text);
}

static void missing_file_is_an_empty_configuration(void **state)
{
    struct config *c;

    (void)state;
    (void)unlink(path);
    assert_int_equal(config_load(home, &c), ERR_OK);
    assert_null(config_value(c, "listen", 0));
    config_free(c);
}

static void values_are_read_with_or_without_spaces(void **state)
{
    struct config *c;

    (void)state;
    write_file("# a comment = nothing\nlisten=0.0.0.0:8610\n  name  =  קיבוץ דן \t\npeer = a\npeer = b");
    assert_int_equal(config_load(home, &c), ERR_OK);
    assert_string_equal(config_value(c, "listen", 0), "0.0.0.0:8610");
    assert_string_equal(config_value(c, "name", 0), "קיבוץ דן");
    assert_string_equal(config_value(c, "peer", 1), "b");
    assert_null(config_value(c, "peer", 2));
    assert_null(config_value(c, "# a comment", 0));
    config_free(c);
}

static void changes_keep_what_people_wrote(void **state)
{
    struct config *c;

    (void)state;
    write_file("# ours\nlisten = :1\nodd line\npeer = a\n");
    assert_int_equal(config_load(home, &c), ERR_OK);
    assert_int_equal(config_set(c, "listen", ":2"), ERR_OK);
    assert_int_equal(config_add(c, "peer", "b"), ERR_OK);
    assert_int_equal(config_add(c, "peer", "b"), ERR_EXISTS);
    assert_true(config_remove(c, "peer", "a"));
    assert_false(config_remove(c, "peer", "a"));
    assert_int_equal(config_set(c, "http", ":3"), ERR_OK);
    assert_int_equal(config_save(c), ERR_OK);
    config_free(c);
    check_file("# ours\nlisten = :2\nodd line\npeer = b\nhttp = :3\n");
}

static void value_of_two_lines_is_refused(void **state)
{
    struct config *c;

    (void)state;
    write_file("name = x\n");
    assert_int_equal(config_load(home, &c), ERR_OK);
    assert_int_equal(config_set(c, "name", "a\npeer = evil"), ERR_FORMAT);
    assert_int_equal(config_add(c, "peer", ""), ERR_FORMAT);
    assert_string_equal(config_value(c, "name", 0), "x");
    assert_int_equal(config_save(c), ERR_OK);
    config_free(c);
    check_file("name = x\n");
}

static void attachments_are_fetched_on_demand_only_when_it_says_so(void **state)
{
    static const struct {
        const char *text;
        bool on_demand;
    } cases[] = {{"", false},
                 {"attachments = all\n", false},
                 {"attachments = on-demand\n", true},
                 {"attachments = on\n", false}};
    struct config *c;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file(cases[i].text);
        assert_int_equal(config_load(home, &c), ERR_OK);
        assert_int_equal(config_fetches_on_demand(c), cases[i].on_demand);
        config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_file_is_an_empty_configuration),
        cmocka_unit_test(values_are_read_with_or_without_spaces),
        cmocka_unit_test(changes_keep_what_people_wrote),
        cmocka_unit_test(attachments_are_fetched_on_demand_only_when_it_says_so),
        cmocka_unit_test(value_of_two_lines_is_refused),
    };
    int failed;

    if (mkdtemp(home) == NULL)
        return 1;
    (void)snprintf(path, sizeof path, "%s/%s", home, CONFIG_FILE);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(home);
    return failed;
}
