/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/fork_proof.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#define NOW_MS UINT64_C(1795446816000)

static const struct id network = {{1}}, kibbutz = {{2}};

struct made {
    struct buffer commit;
    struct id id;
};

/* An approval of `subject` after `head`, by the key of `seed`. */
static struct made make(const struct id *of, uint8_t seed, struct head *head, uint8_t subject)
{
    struct made made = {.commit = BUFFER(LIMIT_COMMIT)};
    struct entry entry = {.network = *of, .root = *of, .act = ACT_APPROVE, .kibbutz = kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(1000);
    struct signing_key key;
    struct head after;

    sshsig_key_from_seed(&key, (const uint8_t[SSHSIG_SEED_LEN]){seed});
    head->log = key.public;
    act_write_id(&body, ACT_SUBJECT, &(const struct id){{subject}});
    entry.body = buffer_bytes(&body);
    assert_int_equal(entry_sign(&entry, head, &key, NOW_MS), ERR_OK);
    assert_int_equal(entry_verify(&entry, head, &after, &made.commit), ERR_OK);
    made.id = after.entry;
    *head = after;
    buffer_free(&body);
    return made;
}

static struct made make_first(uint8_t seed, uint8_t subject)
{
    struct head head = {.seq = 0};

    return make(&network, seed, &head, subject);
}

static struct buffer prove(struct made *a, struct made *b)
{
    struct buffer proof = BUFFER(FORK_PROOF_MAX);

    fork_proof_write(&proof, buffer_bytes(&a->commit), &a->id, buffer_bytes(&b->commit), &b->id);
    assert_int_equal(buffer_error(&proof), ERR_OK);
    return proof;
}

static enum fork_proof_verdict read_proof(const struct buffer *proof)
{
    struct fork_proof read;

    return fork_proof_read(buffer_bytes(proof), &network, &read);
}

/* The verdict on a pair; both are given up. */
static enum fork_proof_verdict judge(struct made a, struct made b)
{
    struct buffer proof = prove(&a, &b);
    enum fork_proof_verdict verdict = read_proof(&proof);

    buffer_free(&proof);
    buffer_free(&a.commit);
    buffer_free(&b.commit);
    return verdict;
}

static void two_entries_of_one_place_prove_a_fork(void **state)
{
    struct made a = make_first(7, 1), b = make_first(7, 2);
    struct buffer one = prove(&a, &b), other = prove(&b, &a);
    struct fork_proof proof;

    (void)state;
    assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)));
    assert_int_equal(fork_proof_read(buffer_bytes(&one), &network, &proof), FORK_PROOF_GOOD);
    assert_true(id_compare(&proof.ids[0], &proof.ids[1]) < 0);
    assert_int_equal(proof.entries[0].seq, 1);
    assert_true(id_equal(&proof.ids[0], &a.id) || id_equal(&proof.ids[0], &b.id));
    buffer_free(&one);
    buffer_free(&other);
    buffer_free(&a.commit);
    buffer_free(&b.commit);
}

static void entries_that_do_not_clash_prove_nothing(void **state)
{
    struct head head = {.seq = 0};
    struct made first = make(&network, 7, &head, 1);

    (void)state;
    assert_int_equal(judge(first, make(&network, 7, &head, 2)), FORK_PROOF_TWO_SEQS);
    assert_int_equal(judge(make_first(7, 1), make_first(8, 1)), FORK_PROOF_TWO_KEYS);
    assert_int_equal(judge(make_first(7, 1), make_first(7, 1)), FORK_PROOF_ONE_ENTRY);
}

static void proof_of_another_network_is_told_from_ours(void **state)
{
    const struct id other = {{9}};
    struct head a = {.seq = 0}, b = {.seq = 0};
    struct made one = make(&other, 7, &a, 1);

    (void)state;
    assert_int_equal(judge(one, make(&other, 7, &b, 2)), FORK_PROOF_ELSEWHERE);
}

/* Both are honest entries; the second got other words under its old signature. */
static void framed_key_is_not_convicted(void **state)
{
    struct made a = make_first(7, 1), b = make_first(7, 1);
    uint8_t *act = memmem(b.commit.at, b.commit.len, "subject 01", 10);

    (void)state;
    assert_non_null(act);
    act[9] = '2';
    b.id.at[0] ^= 1;
    assert_int_equal(judge(a, b), FORK_PROOF_FORGED);
}

static void every_changed_byte_is_noticed(void **state)
{
    struct made a = make_first(7, 1), b = make_first(7, 2);
    struct buffer proof = prove(&a, &b);

    (void)state;
    for (size_t i = 0; i < proof.len; i++) {
        proof.at[i] ^= 1;
        assert_int_not_equal(read_proof(&proof), FORK_PROOF_GOOD);
        proof.at[i] ^= 1;
    }
    for (size_t len = 0; len < proof.len; len++) {
        struct fork_proof read;

        assert_int_equal(fork_proof_read(bytes_of(proof.at, len), &network, &read), FORK_PROOF_MALFORMED);
    }
    buffer_text(&proof, "\n");
    assert_int_equal(read_proof(&proof), FORK_PROOF_MALFORMED);
    buffer_free(&proof);
    buffer_free(&a.commit);
    buffer_free(&b.commit);
}

static void pair_in_the_other_order_is_malformed(void **state)
{
    struct made a = make_first(7, 1), b = make_first(7, 2);
    struct buffer proof = BUFFER(FORK_PROOF_MAX);

    (void)state;
    fork_proof_write(&proof, buffer_bytes(&a.commit), &b.id, buffer_bytes(&b.commit), &a.id);
    assert_int_equal(read_proof(&proof), FORK_PROOF_MALFORMED);
    buffer_free(&proof);
    buffer_free(&a.commit);
    buffer_free(&b.commit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_entries_of_one_place_prove_a_fork),
        cmocka_unit_test(entries_that_do_not_clash_prove_nothing),
        cmocka_unit_test(proof_of_another_network_is_told_from_ours),
        cmocka_unit_test(framed_key_is_not_convicted),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(pair_in_the_other_order_is_malformed),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
