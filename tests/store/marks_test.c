/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/home.h"

static const struct id log_a = {{1}}, log_b = {{2}}, entry_a = {{3}}, entry_b = {{4}};

struct fixture {
    struct home home;
    struct bytes machine;
};

static int begin(void **state)
{
    static struct fixture f;

    f = (struct fixture){.home = home_make(), .machine = bytes_text("machine one")};
    assert_int_equal(mkdir(home_file(&f.home, "keys"), 0700), 0);
    *state = &f;
    return 0;
}

static int end(void **state)
{
    home_remove(&((struct fixture *)*state)->home);
    return 0;
}

static struct marks *open_on(const struct fixture *f, const char *machine)
{
    struct marks *m = NULL;

    assert_int_equal(marks_open(f->home.path, bytes_text(machine), &m), ERR_OK);
    assert_non_null(m);
    return m;
}

static struct marks *open_here(const struct fixture *f)
{
    return open_on(f, "machine one");
}

/* Two marks, saved on machine one. */
static void save(const struct fixture *f)
{
    struct marks *m = open_here(f);

    assert_int_equal(marks_raise(m, &log_b, 7, &entry_b), ERR_OK);
    assert_int_equal(marks_raise(m, &log_a, 17, &entry_a), ERR_OK);
    assert_int_equal(marks_save(m), ERR_OK);
    marks_close(m);
}

static enum marks_place place_on(const struct fixture *f, const char *machine)
{
    struct marks *m = open_on(f, machine);
    enum marks_place place = marks_place(m);

    marks_close(m);
    return place;
}

static void marks_are_read_back_in_order(void **state)
{
    struct marks *m = open_here(*state);

    assert_int_equal(marks_place(m), MARKS_NEW);
    assert_int_equal(marks_count(m), 0);
    assert_null(marks_find(m, &log_a));
    marks_close(m);
    save(*state);
    m = open_here(*state);
    assert_int_equal(marks_place(m), MARKS_HERE);
    assert_int_equal(marks_count(m), 2);
    assert_true(id_equal(&marks_at(m, 0)->log, &log_a));
    assert_int_equal(marks_find(m, &log_a)->seq, 17);
    assert_true(id_equal(&marks_find(m, &log_b)->entry, &entry_b));
    marks_close(m);
}

static void mark_never_goes_down(void **state)
{
    struct marks *m = open_here(*state);

    assert_int_equal(marks_raise(m, &log_a, 5, &entry_a), ERR_OK);
    assert_int_equal(marks_raise(m, &log_a, 4, &entry_b), ERR_OK);
    assert_int_equal(marks_raise(m, &log_a, 5, &entry_b), ERR_OK);
    assert_int_equal(marks_find(m, &log_a)->seq, 5);
    assert_true(id_equal(&marks_find(m, &log_a)->entry, &entry_a));
    assert_int_equal(marks_raise(m, &log_a, 6, &entry_b), ERR_OK);
    assert_true(id_equal(&marks_find(m, &log_a)->entry, &entry_b));
    marks_close(m);
}

static void copy_of_a_home_is_told_from_it(void **state)
{
    const struct fixture *f = *state;

    save(f);
    /* Its file system tells the time of making in steps of some milliseconds. */
    assert_int_equal(home_run("sleep 0.02 && cp -a %s/keys %s/copy", f->home.path, f->home.path), 0);
    assert_int_equal(home_run("rm -r %s/keys && mv %s/copy %s/keys", f->home.path, f->home.path, f->home.path), 0);
    assert_int_equal(place_on(f, "machine one"), MARKS_COPIED);
    /* Saving is what confirms the new place. */
    save(f);
    assert_int_equal(place_on(f, "machine one"), MARKS_HERE);
}

static void older_marks_put_back_in_place_are_a_copy(void **state)
{
    const struct fixture *f = *state;

    save(f);
    assert_int_equal(home_run("cp -a %s/keys/marks %s/backup", f->home.path, f->home.path), 0);
    save(f);
    assert_int_equal(place_on(f, "machine one"), MARKS_HERE);
    assert_int_equal(home_run("cp -a %s/backup %s/keys/marks", f->home.path, f->home.path), 0);
    assert_int_equal(place_on(f, "machine one"), MARKS_COPIED);
}

static void renamed_home_is_the_same(void **state)
{
    struct fixture *f = *state;

    save(f);
    assert_int_equal(
        home_run("mv %s/keys %s/other && mv %s/other %s/keys", f->home.path, f->home.path, f->home.path, f->home.path),
        0);
    assert_int_equal(place_on(f, "machine one"), MARKS_HERE);
}

static void disk_in_another_machine_is_noticed(void **state)
{
    const struct fixture *f = *state;
    struct marks *m;

    save(f);
    assert_int_equal(place_on(f, "machine two"), MARKS_ELSEWHERE);
    /* A machine that does not say which it is raises no alarm, and does not make the file forget. */
    assert_int_equal(place_on(f, ""), MARKS_HERE);
    m = open_on(f, "");
    assert_int_equal(marks_save(m), ERR_OK);
    marks_close(m);
    assert_int_equal(place_on(f, "machine two"), MARKS_ELSEWHERE);
    assert_int_equal(place_on(f, "machine one"), MARKS_HERE);
}

static void file_does_not_name_the_machine(void **state)
{
    const struct fixture *f = *state;
    struct buffer text;

    save(f);
    text = home_read(home_file(&f->home, "keys/marks"));
    assert_null(memmem(text.at, text.len, "machine one", 11));
    buffer_free(&text);
}

static void damaged_marks_are_refused(void **state)
{
    static const char *const damages[] = {"s/igum marks 1/igum marks 2/",
                                          "s/^mark \\(.*\\) 17 /mark \\1 017 /",
                                          "s/^mark \\(.*\\) 17 /mark \\1 0 /",
                                          "/^stamp/d",
                                          "/^salt/d",
                                          "$a more",
                                          "s/^machine ./machine g/",
                                          "/^mark 01/{p;}"};
    const struct fixture *f = *state;

    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct marks *m = NULL;

        save(f);
        assert_int_equal(home_run("sed -i '%s' %s/keys/marks", damages[i], f->home.path), 0);
        assert_int_equal(marks_open(f->home.path, f->machine, &m), ERR_FORMAT);
        assert_null(m);
        assert_int_equal(home_run("rm %s/keys/marks", f->home.path), 0);
    }
}

static void number_of_marks_is_bounded(void **state)
{
    struct marks *m = open_here(*state);
    struct id log = {{0}};

    for (unsigned i = 0; i < MARKS_MAX; i++) {
        log.at[0] = (uint8_t)(i >> 8);
        log.at[1] = (uint8_t)i;
        assert_int_equal(marks_raise(m, &log, LIMIT_NUMBER, &entry_a), ERR_OK);
    }
    assert_int_equal(marks_raise(m, &(struct id){{0xff}}, 1, &entry_a), ERR_LIMIT);
    assert_int_equal(marks_raise(m, &log, LIMIT_NUMBER, &entry_a), ERR_OK);
    assert_int_equal(marks_save(m), ERR_OK);
    marks_close(m);
    m = open_here(*state);
    assert_int_equal(marks_count(m), MARKS_MAX);
    marks_close(m);
}

static void what_was_signed_is_kept_until_it_is_dropped(void **state)
{
    struct marks *m = open_here(*state);
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);

    assert_int_equal(marks_kept(m, &bundle), ERR_MISSING);
    assert_int_equal(marks_drop(m), ERR_OK);
    assert_int_equal(marks_keep(m, bytes_text("a bundle")), ERR_OK);
    marks_close(m);
    m = open_here(*state);
    assert_int_equal(marks_place(m), MARKS_NEW);
    assert_int_equal(marks_kept(m, &bundle), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&bundle), bytes_text("a bundle")));
    assert_int_equal(marks_save(m), ERR_OK);
    assert_int_equal(marks_kept(m, &bundle), ERR_OK);
    assert_int_equal(marks_drop(m), ERR_OK);
    assert_int_equal(marks_kept(m, &bundle), ERR_MISSING);
    marks_close(m);
    buffer_free(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(marks_are_read_back_in_order, begin, end),
        cmocka_unit_test_setup_teardown(mark_never_goes_down, begin, end),
        cmocka_unit_test_setup_teardown(copy_of_a_home_is_told_from_it, begin, end),
        cmocka_unit_test_setup_teardown(older_marks_put_back_in_place_are_a_copy, begin, end),
        cmocka_unit_test_setup_teardown(renamed_home_is_the_same, begin, end),
        cmocka_unit_test_setup_teardown(disk_in_another_machine_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(file_does_not_name_the_machine, begin, end),
        cmocka_unit_test_setup_teardown(damaged_marks_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(number_of_marks_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(what_was_signed_is_kept_until_it_is_dropped, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
