/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks on what a store keeps, numbered as in docs/TRUST.md, 7. */

#include "store/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "store/files.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

#define GOOD "# מים\n\nהבאר משותפת.\n"
#define EVIL "# מים\n\nהבאר מכורה.\n"

/* The linker sends the store's calls here: a SHA-1 under which GOOD and EVIL collide, as an attacker may make them one day. */
struct sha1 __real_sha1_of_object(const char *kind, struct bytes object);
struct sha1 __wrap_sha1_of_object(const char *kind, struct bytes object);

static bool collide;

struct sha1 __wrap_sha1_of_object(const char *kind, struct bytes object)
{
    bool evil = collide && bytes_equal(object, bytes_text(EVIL));

    return __real_sha1_of_object(kind, evil ? bytes_text(GOOD) : object);
}

struct fixture {
    struct home directory;
    char home[160];
    struct archive *a;
    struct scribe good, evil;
    struct scribe_item goods, evils;
};

static int begin(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    struct id network = id_hash(ID_NETWORK, bytes_text("a charter"));

    collide = false;
    x->directory = home_make();
    snprintf(x->home, sizeof x->home, "%s/home", x->directory.path);
    assert_int_equal(archive_create(x->home, &network), ERR_OK);
    assert_int_equal(archive_open(x->home, ARCHIVE_WRITE, &x->a), ERR_OK);
    scribe_begin(&x->good, &network, 1, ROLE_COORDINATOR);
    scribe_begin(&x->evil, &network, 2, ROLE_COORDINATOR);
    scribe_publish(&x->good, bytes_text(GOOD), &x->goods);
    scribe_publish(&x->evil, bytes_text(EVIL), &x->evils);
    *state = x;
    return 0;
}

static int end(void **state)
{
    struct fixture *x = *state;

    archive_close(x->a);
    home_remove(&x->directory);
    scribe_item_free(&x->goods);
    scribe_item_free(&x->evils);
    free(x);
    return 0;
}

/* Whether its content is given; what is given is what its entry signed. */
static bool gives(struct fixture *x, const struct scribe_item *made)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE), wire = BUFFER(LIMIT_ENTRY);
    const struct head *head = &made->item.head;
    enum err err = archive_read_content(x->a, &head->log, head->seq, &packed);

    assert_true(err == ERR_OK ? bytes_equal(buffer_bytes(&packed), made->item.content) : err == ERR_AUTH);
    assert_int_equal(archive_read_entry(x->a, &head->log, head->seq, &wire), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&wire), made->item.entry));
    buffer_free(&packed);
    buffer_free(&wire);
    return err == ERR_OK;
}

static void count_damage(void *context, const struct archive_damage *damage)
{
    (void)damage;
    ++*(size_t *)context;
}

/* Goal: no bytes are taken for others because git gives both one name.  Of two that collide one is noticed as damaged. */
static void attack_18_sha1_collision(void **state)
{
    struct fixture *x = *state;
    struct item both[2] = {x->goods.item, x->evils.item};
    struct archive_report report;
    size_t damages = 0;

    collide = true;
    assert_int_equal(archive_append(x->a, both, 2), ERR_OK);
    assert_int_equal(gives(x, &x->goods) + gives(x, &x->evils), 1);
    assert_int_equal(archive_verify(x->a, count_damage, &damages, &report), ERR_OK);
    assert_true(damages > 0);
}

static void attack_18_sha1_collision_comes_later(void **state)
{
    struct fixture *x = *state;

    collide = true;
    assert_int_equal(archive_append(x->a, &x->goods.item, 1), ERR_OK);
    assert_true(gives(x, &x->goods));
    assert_int_equal(archive_append(x->a, &x->evils.item, 1), ERR_OK);
    assert_int_equal(gives(x, &x->goods) + gives(x, &x->evils), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(attack_18_sha1_collision),
        TEST(attack_18_sha1_collision_comes_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
