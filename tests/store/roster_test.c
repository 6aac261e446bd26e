/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* Founders, one who was admitted, grants, a revoked key, a fork, a node that moved. */
static void tell(struct story *s)
{
    story_begin(s, "ab", 0, 1);
    story_grant(s, "Sa", "Ca", "coordinator");
    story_grant(s, "Sa", "Cx", "coordinator");
    story_grant(s, "Sb", "Cb", "coordinator");
    story_grant(s, "Sb", "Nb", "node");
    (void)story_transport(s, "Nb", "moved");
    struct id first = story_publish(s, "Ca", 1);
    (void)story_publish(s, "Ca", 1);
    (void)story_revoke(s, "Sa", "Ca", 1, &first);
    struct id before = story_publish(s, "Cb", 1);
    (void)story_publish(s, "Cb", 1);
    story_go_back(s, "Cb", &before);
    (void)story_publish(s, "Cb", 2);
    struct id admitted = story_admit(s, "Sa", "Ec", 'c');
    (void)story_accept(s, "Ec", &admitted, "Sc", "Rc");
}

static void assert_id(const struct id *a, const struct id *b)
{
    assert_memory_equal(a->at, b->at, ID_LEN);
}

static void assert_key(const struct trust_key *a, const struct trust_key *b)
{
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->cause, b->cause);
    assert_id(&a->because, &b->because);
    assert_id(&a->key, &b->key);
    assert_id(&a->kibbutz, &b->kibbutz);
    assert_int_equal(a->role, b->role);
    assert_id(&a->grant, &b->grant);
    assert_id(&a->grant_log, &b->grant_log);
    assert_int_equal(a->grant_seq, b->grant_seq);
    assert_id(&a->told_log, &b->told_log);
    assert_int_equal(a->told_seq, b->told_seq);
    assert_id(&a->channel, &b->channel);
    assert_id(&a->transport, &b->transport);
    assert_int_equal(a->is_cut, b->is_cut);
    assert_int_equal(a->cut, b->is_cut ? b->cut : 0);
    assert_int_equal(a->contested, b->contested);
    assert_int_equal(a->compromised, b->compromised);
}

static void assert_kibbutz(const struct trust_kibbutz *a, const struct trust_kibbutz *b)
{
    assert_id(&a->kibbutz, &b->kibbutz);
    assert_id(&a->admit_log, &b->admit_log);
    assert_int_equal(a->admit_seq, b->admit_seq);
    assert_int_equal(a->founder, b->founder);
    assert_int_equal(a->votes, b->votes);
    assert_int_equal(a->registered, b->registered);
    assert_int_equal(a->closed, b->closed);
    assert_int_equal(a->joined, b->joined);
    assert_int_equal(a->status, b->status);
    assert_id(&a->card, &b->card);
    assert_int_equal(a->steward_count, b->steward_count);
    for (size_t i = 0; i < a->steward_count; i++)
        assert_id(&a->stewards[i], &b->stewards[i]);
}

static void assert_is(const struct roster *r, struct trust *trust)
{
    assert_int_equal(roster_kibbutz_count(r), trust_kibbutz_count(trust));
    for (size_t i = 0; i < roster_kibbutz_count(r); i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(trust, i);

        assert_kibbutz(roster_kibbutz_at(r, i), &kibbutz);
        assert_ptr_equal(roster_kibbutz(r, &kibbutz.kibbutz), roster_kibbutz_at(r, i));
    }
    assert_int_equal(roster_key_count(r), trust_key_count(trust));
    for (size_t i = 0; i < roster_key_count(r); i++) {
        struct trust_key key = trust_key_at(trust, i), found = roster_key(r, &key.key);

        assert_key(roster_key_at(r, i), &key);
        assert_key(&found, &key);
    }
    assert_int_equal(roster_fork_count(r), trust_fork_count(trust));
    for (size_t i = 0; i < roster_fork_count(r); i++) {
        struct trust_fork fork = trust_fork_at(trust, i);

        assert_id(&roster_fork_at(r, i)->log, &fork.log);
        assert_int_equal(roster_fork_at(r, i)->seq, fork.seq);
        assert_id(&roster_fork_at(r, i)->a, &fork.a);
        assert_id(&roster_fork_at(r, i)->b, &fork.b);
        assert_int_equal(roster_fork_at(r, i)->settled, fork.settled);
    }
}

static void it_says_what_trust_says(void **state)
{
    struct roster r = {.keys = {.at = NULL}};
    struct story s;

    (void)state;
    tell(&s);
    assert_int_equal(trust_fork_count(s.trust), 1);
    assert_int_equal(roster_take(&r, s.trust), ERR_OK);
    assert_is(&r, s.trust);
    struct id stranger = story_key("Cz");
    assert_int_equal(roster_key(&r, &stranger).status, TRUST_UNKNOWN);
    assert_null(roster_kibbutz(&r, &stranger));
    roster_free(&r);
    story_end(&s);
}

static void it_is_read_as_it_was_written(void **state)
{
    struct roster r = {.keys = {.at = NULL}};
    struct buffer bytes = BUFFER(MIB(1));
    struct story s;

    (void)state;
    tell(&s);
    assert_int_equal(roster_take(&r, s.trust), ERR_OK);
    roster_encode(&r, &bytes);
    assert_int_equal(buffer_error(&bytes), ERR_OK);
    assert_int_equal(roster_decode(&r, buffer_bytes(&bytes)), ERR_OK);
    assert_is(&r, s.trust);
    for (size_t len = 0; len < bytes.len; len++) { /* A piece of one is none, and names nobody. */
        assert_int_equal(roster_decode(&r, bytes_of(bytes.at, len)), ERR_FORMAT);
        assert_int_equal(roster_key_count(&r) + roster_kibbutz_count(&r) + roster_fork_count(&r), 0);
    }
    buffer_u8(&bytes, 0);
    assert_int_equal(roster_decode(&r, buffer_bytes(&bytes)), ERR_FORMAT);
    buffer_free(&bytes);
    roster_free(&r);
    story_end(&s);
}

static void no_byte_can_hurt(void **state)
{
    struct roster r = {.keys = {.at = NULL}};
    struct buffer bytes = BUFFER(MIB(1));
    size_t refused = 0;
    struct story s;

    (void)state;
    tell(&s);
    assert_int_equal(roster_take(&r, s.trust), ERR_OK);
    roster_encode(&r, &bytes);
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.at[i] ^= 0xff;
        refused += roster_decode(&r, buffer_bytes(&bytes)) == ERR_FORMAT;
        bytes.at[i] ^= 0xff;
    }
    assert_true(refused > 50); /* Counts, flags, roles and the like: an id may be anything. */
    buffer_free(&bytes);
    roster_free(&r);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_what_trust_says),
        cmocka_unit_test(it_is_read_as_it_was_written),
        cmocka_unit_test(no_byte_can_hurt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
