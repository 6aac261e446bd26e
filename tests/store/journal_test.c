/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/home.h"

struct world {
    struct home home;
    const char *path;
    char told[64]; /* What was read back. */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->home = home_make();
    w->path = home_file(&w->home, "journal");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    home_remove(&w->home);
    free(w);
    return 0;
}

static enum err tell(void *context, struct bytes record)
{
    struct world *w = context;
    size_t len = strlen(w->told);

    assert_true(len + record.len + 2 < sizeof w->told);
    snprintf(w->told + len, sizeof w->told - len, "%.*s.", (int)record.len, (const char *)record.at);
    return ERR_OK;
}

static void open_journal(struct world *w, struct journal *j)
{
    w->told[0] = '\0';
    assert_int_equal(journal_open(j, w->path), ERR_OK);
    assert_int_equal(journal_each(j, tell, w), ERR_OK);
}

static void add(struct journal *j, const char *text)
{
    assert_int_equal(journal_add(j, bytes_text(text)), ERR_OK);
}

static void assert_tells(struct world *w, const char *text)
{
    struct journal j;

    open_journal(w, &j);
    assert_string_equal(w->told, text);
    assert_true(journal_is_empty(&j) == (text[0] == '\0'));
    journal_close(&j);
}

static void write_two(struct world *w)
{
    struct journal j;

    open_journal(w, &j);
    add(&j, "one");
    add(&j, "two");
    journal_close(&j);
}

static void records_are_told_in_their_order_and_more_follow(void **state)
{
    struct world *w = *state;
    struct journal j;

    assert_tells(w, "");
    write_two(w);
    assert_tells(w, "one.two.");
    open_journal(w, &j);
    add(&j, "three");
    journal_close(&j);
    assert_tells(w, "one.two.three.");
}

static void what_is_settled_is_told_no_more(void **state)
{
    struct world *w = *state;
    struct journal j;

    write_two(w);
    open_journal(w, &j);
    assert_int_equal(journal_settle(&j), ERR_OK);
    assert_true(journal_is_empty(&j));
    add(&j, "new");
    journal_close(&j);
    assert_tells(w, "new.");
}

static void cut_anywhere_it_tells_whole_records(void **state)
{
    struct world *w = *state;
    struct buffer all;
    size_t seen[3] = {0};

    write_two(w);
    all = home_read(w->path);
    for (size_t len = 0; len <= all.len; len++) {
        static const char *const expected[] = {"", "one.", "one.two."};
        size_t records = len == all.len ? 2 : len >= all.len - 4 - 3 - SHA1_LEN ? 1 : 0;

        home_write(w->path, bytes_of(all.at, len));
        assert_tells(w, expected[records]);
        seen[records]++;
    }
    assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] == 1);
    buffer_free(&all);
}

static void altered_byte_ends_it(void **state)
{
    struct world *w = *state;
    struct buffer all;

    write_two(w);
    all = home_read(w->path);
    for (size_t i = 0; i < all.len; i++) {
        all.at[i] ^= 1;
        home_write(w->path, buffer_bytes(&all));
        assert_tells(w, i >= all.len - 4 - 3 - SHA1_LEN ? "one." : "");
        all.at[i] ^= 1;
    }
    buffer_free(&all);
}

/* A power cut can leave old blocks behind new ones. */
static void what_another_time_left_behind_does_not_continue_it(void **state)
{
    struct world *w = *state;
    struct buffer old, new;
    struct journal j;

    write_two(w);
    old = home_read(w->path);
    open_journal(w, &j);
    assert_int_equal(journal_settle(&j), ERR_OK);
    add(&j, "new");
    journal_close(&j);
    new = home_read(w->path);
    assert_true(new.len < old.len);
    buffer_add(&new, bytes_from(buffer_bytes(&old), new.len));
    home_write(w->path, buffer_bytes(&new));
    assert_tells(w, "new.");
    buffer_free(&old);
    buffer_free(&new);
}

static enum err refuse(void *context, struct bytes record)
{
    (void)context;
    (void)record;
    return ERR_FULL;
}

static void failure_of_what_is_called_is_told(void **state)
{
    struct world *w = *state;
    struct journal j;

    write_two(w);
    assert_int_equal(journal_open(&j, w->path), ERR_OK);
    assert_int_equal(journal_each(&j, refuse, NULL), ERR_FULL);
    journal_close(&j);
    assert_tells(w, "one.two.");
}

static void too_much_is_refused_and_changes_nothing(void **state)
{
    struct world *w = *state;
    struct buffer large = BUFFER(JOURNAL_LIMIT);
    struct journal j;

    memset(buffer_extend(&large, JOURNAL_LIMIT - 64), 'x', JOURNAL_LIMIT - 64);
    open_journal(w, &j);
    add(&j, "one");
    assert_int_equal(journal_add(&j, buffer_bytes(&large)), ERR_LIMIT);
    journal_close(&j);
    assert_tells(w, "one.");
    buffer_free(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_told_in_their_order_and_more_follow, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_settled_is_told_no_more, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_anywhere_it_tells_whole_records, setup, teardown),
        cmocka_unit_test_setup_teardown(altered_byte_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_time_left_behind_does_not_continue_it, setup, teardown),
        cmocka_unit_test_setup_teardown(failure_of_what_is_called_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(too_much_is_refused_and_changes_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
