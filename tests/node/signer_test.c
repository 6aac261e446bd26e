/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/signer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/bundle.h"
#include "proto/limits.h"

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)
#define NOW_MS UINT64_C(1795446816000)

static const struct id network = {{1}}, kibbutz = {{2}}, root = {{1}};

static void make_key(struct signing_key *key)
{
    const uint8_t seed[SSHSIG_SEED_LEN] = {7};

    sshsig_key_from_seed(key, seed);
}

/* An approval of some entry: the shortest of acts. */
static enum err sign_approval(struct signer *s, const struct signing_key *key, struct head *head, struct bytes content)
{
    struct signer_entry what = {.act = ACT_APPROVE, .content = content, .kibbutz = kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(1000);
    enum err err;

    act_write_id(&body, ACT_SUBJECT, &network);
    what.body = buffer_bytes(&body);
    err = signer_sign(s, key, head, &what, NOW_MS);
    buffer_free(&body);
    return err;
}

static void entries_follow_one_another(void **state)
{
    struct signer *s = signer_new(&network, &root);
    const struct item *items;
    struct signing_key key;
    struct head head;
    size_t count;

    (void)state;
    make_key(&key);
    head = (struct head){.log = key.public};
    for (int i = 0; i < 40; i++)
        assert_int_equal(sign_approval(s, &key, &head, bytes_of(NULL, 0)), ERR_OK);
    items = signer_items(s, &count);
    assert_int_equal(count, 40);
    for (size_t i = 0; i < count; i++) {
        struct entry entry;

        assert_int_equal(items[i].head.seq, i + 1);
        assert_int_equal(entry_decode(items[i].entry, &network, &entry), ERR_OK);
        assert_true(i == 0 || id_equal(&entry.prev, &items[i - 1].head.entry));
        assert_true(i == 0 || items[i].head.clock > items[i - 1].head.clock);
        assert_true(items[i].commit.len > 0);
    }
    assert_true(id_equal(&head.entry, &items[39].head.entry));
    signer_clear(s);
    assert_int_equal(signer_size(s), 0);
    assert_int_equal(sign_approval(s, &key, &head, bytes_of(NULL, 0)), ERR_OK);
    items = signer_items(s, &count);
    assert_int_equal(count, 1);
    assert_int_equal(items[0].head.seq, 41);
    sshsig_wipe(&key);
    signer_free(s);
}

static void act_out_of_order_is_not_signed(void **state)
{
    struct signer *s = signer_new(&network, &root);
    struct signer_entry what = {.act = ACT_APPROVE, .kibbutz = kibbutz, .role = ROLE_STEWARD};
    struct signing_key key;
    struct head head;
    size_t count;

    (void)state;
    make_key(&key);
    head = (struct head){.log = key.public};
    what.body = bytes_text("subject nobody\n");
    assert_int_equal(signer_sign(s, &key, &head, &what, NOW_MS), ERR_FORMAT);
    assert_int_equal(head.seq, 0);
    (void)signer_items(s, &count);
    assert_int_equal(count, 0);
    sshsig_wipe(&key);
    signer_free(s);
}

static void bundle_holds_entries_with_their_contents(void **state)
{
    struct signer *s = signer_new(&network, &root);
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct bundle_reader reader;
    struct bundle_record record;
    struct signing_key key;
    struct head head;

    (void)state;
    make_key(&key);
    head = (struct head){.log = key.public};
    assert_int_equal(sign_approval(s, &key, &head, bytes_text("packed")), ERR_OK);
    assert_int_equal(sign_approval(s, &key, &head, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(signer_write_bundle(s, &bundle), ERR_OK);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&bundle), &network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_ENTRY);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_CONTENT);
    assert_int_equal(record.seq, 1);
    assert_true(bytes_equal(record.bytes, bytes_text("packed")));
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_ENTRY);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_END);
    buffer_free(&bundle);
    sshsig_wipe(&key);
    signer_free(s);
}

/* Two entries, the first with a content, as an earlier run left them; `first` gets the head between them. */
static void write_kept(struct buffer *bundle, struct head *first, struct head *last)
{
    struct signer *s = signer_new(&network, &root);
    struct signing_key key;

    make_key(&key);
    *last = (struct head){.log = key.public};
    assert_int_equal(sign_approval(s, &key, last, bytes_text("packed")), ERR_OK);
    *first = *last;
    assert_int_equal(sign_approval(s, &key, last, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(signer_write_bundle(s, bundle), ERR_OK);
    sshsig_wipe(&key);
    signer_free(s);
}

static void kept_bundle_is_taken_up_beyond_the_heads(void **state)
{
    struct buffer bundle = BUFFER(LIMIT_BUNDLE), again = BUFFER(LIMIT_BUNDLE);
    struct frontier *frontier = frontier_new();
    struct signer *s = signer_new(&network, &root);
    const struct item *items;
    struct head first, last;
    size_t count;

    (void)state;
    write_kept(&bundle, &first, &last);
    assert_int_equal(signer_resume(s, buffer_bytes(&bundle), frontier), ERR_OK);
    items = signer_items(s, &count);
    assert_int_equal(count, 2);
    assert_true(id_equal(&items[1].head.entry, &last.entry));
    assert_true(bytes_equal(items[0].content, bytes_text("packed")));
    assert_int_equal(signer_write_bundle(s, &again), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&bundle), buffer_bytes(&again)));
    signer_clear(s);

    assert_int_equal(frontier_set(frontier, &first), ERR_OK);
    assert_int_equal(signer_resume(s, buffer_bytes(&bundle), frontier), ERR_OK);
    items = signer_items(s, &count);
    assert_int_equal(count, 1);
    assert_true(id_equal(&items[0].head.entry, &last.entry));
    assert_int_equal(items[0].content.len, 0);
    signer_clear(s);

    assert_int_equal(frontier_set(frontier, &last), ERR_OK);
    assert_int_equal(signer_resume(s, buffer_bytes(&bundle), frontier), ERR_OK);
    (void)signer_items(s, &count);
    assert_int_equal(count, 0);
    buffer_free(&bundle);
    buffer_free(&again);
    frontier_free(frontier);
    signer_free(s);
}

static void kept_bundle_that_does_not_follow_is_refused_whole(void **state)
{
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct frontier *frontier = frontier_new();
    struct signer *s = signer_new(&network, &root);
    struct head first, last;
    size_t count;

    (void)state;
    write_kept(&bundle, &first, &last);
    first.entry.at[0] ^= 1; /* Another entry stands in the first one's place. */
    assert_int_equal(frontier_set(frontier, &first), ERR_OK);
    assert_int_equal(signer_resume(s, buffer_bytes(&bundle), frontier), ERR_FORK);
    (void)signer_items(s, &count);
    assert_int_equal(count, 0);
    frontier_clear(frontier);
    assert_int_equal(signer_resume(s, bytes_of(bundle.at, bundle.len - 1), frontier), ERR_FORMAT);
    (void)signer_items(s, &count);
    assert_int_equal(count, 0);
    bundle.at[bundle.len - 1] ^= 1; /* A bit of the second one's signature. */
    assert_int_equal(signer_resume(s, buffer_bytes(&bundle), frontier), ERR_AUTH);
    (void)signer_items(s, &count);
    assert_int_equal(count, 0);
    buffer_free(&bundle);
    frontier_free(frontier);
    signer_free(s);
}

static void clock_may_be_a_day_behind_and_five_years_ahead(void **state)
{
    const uint64_t years = 5 * 365 * DAY_MS;

    (void)state;
    assert_int_equal(signer_judge_clock(NOW_MS, 0), SIGNER_CLOCK_GOOD);
    assert_int_equal(signer_judge_clock(NOW_MS, NOW_MS + DAY_MS), SIGNER_CLOCK_GOOD);
    assert_int_equal(signer_judge_clock(NOW_MS, NOW_MS + DAY_MS + 1), SIGNER_CLOCK_BEHIND);
    assert_int_equal(signer_judge_clock(NOW_MS + years, NOW_MS), SIGNER_CLOCK_GOOD);
    assert_int_equal(signer_judge_clock(NOW_MS + years + 1, NOW_MS), SIGNER_CLOCK_AHEAD);
    assert_int_equal(signer_judge_clock(UINT64_C(1767225600000), 0), SIGNER_CLOCK_GOOD);
    assert_int_equal(signer_judge_clock(UINT64_C(1767225600000) - 1, 0), SIGNER_CLOCK_BEHIND);
    assert_int_equal(signer_judge_clock(0, 0), SIGNER_CLOCK_BEHIND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_follow_one_another),
        cmocka_unit_test(act_out_of_order_is_not_signed),
        cmocka_unit_test(bundle_holds_entries_with_their_contents),
        cmocka_unit_test(kept_bundle_is_taken_up_beyond_the_heads),
        cmocka_unit_test(kept_bundle_that_does_not_follow_is_refused_whole),
        cmocka_unit_test(clock_may_be_a_day_behind_and_five_years_ahead),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
