/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/anchor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/files.h"
#include "tests/support/samples.h"

struct place {
    char home[64], repository[96], file[128];
    struct trust *trust;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct charter *charter = malloc(sizeof *charter);
    struct buffer text = BUFFER(LIMIT_CHARTER);

    assert_true(p != NULL && charter != NULL);
    (void)snprintf(p->home, sizeof p->home, "/tmp/igum-anchor-XXXXXX");
    assert_non_null(mkdtemp(p->home));
    (void)snprintf(p->repository, sizeof p->repository, "%s/archive.git", p->home);
    (void)snprintf(p->file, sizeof p->file, "%s/anchor", p->repository);
    assert_int_equal(files_make_directory(p->repository, 0700), ERR_OK);
    *charter = sample_charter(3, 1);
    charter_write(&text, charter);
    p->trust = trust_new(buffer_bytes(&text));
    assert_non_null(p->trust);
    buffer_free(&text);
    free(charter);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    trust_free(p->trust);
    (void)unlink(p->file);
    assert_int_equal(rmdir(p->repository), 0);
    assert_int_equal(rmdir(p->home), 0);
    free(p);
    return 0;
}

static void home_without_anchor_stands_on_the_charter(void **state)
{
    struct place *p = *state;

    assert_int_equal(anchor_load(p->home, p->trust), ERR_OK);
    assert_int_equal(trust_council(p->trust).status, TRUST_SETTLED);
    assert_int_equal(anchor_keep(p->home, p->trust), ERR_OK);
    assert_false(files_exists(p->file)); /* The charter needs no remembering. */
}

/* Its entries come later: until then nothing contradicts it, and it stays what it is. */
static void root_of_an_invitation_stays_until_a_newer_one_is_final(void **state)
{
    struct place *p = *state;
    struct buffer before = BUFFER(KIB(1)), after = BUFFER(KIB(1));
    struct id root = sample_id(7);

    assert_int_equal(anchor_write(p->home, &root), ERR_OK);
    assert_int_equal(files_read(p->file, KIB(1), &before), ERR_OK);
    assert_int_equal(before.len, ID_TEXT_LEN + 1);
    assert_int_equal(anchor_load(p->home, p->trust), ERR_OK);
    assert_int_equal(anchor_keep(p->home, p->trust), ERR_OK);
    assert_int_equal(files_read(p->file, KIB(1), &after), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&before), buffer_bytes(&after)));
    buffer_free(&before);
    buffer_free(&after);
}

static void damaged_file_is_no_anchor(void **state)
{
    static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n ";
    struct place *p = *state;

    for (size_t len = ID_TEXT_LEN - 1; len <= ID_TEXT_LEN + 2; len++) {
        assert_int_equal(files_replace(p->file, bytes_of(digits, len), 0644), ERR_OK);
        assert_int_equal(anchor_load(p->home, p->trust), len == ID_TEXT_LEN + 1 ? ERR_OK : ERR_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(home_without_anchor_stands_on_the_charter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(root_of_an_invitation_stays_until_a_newer_one_is_final, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_file_is_no_anchor, set_up, tear_down),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
