/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/federation.h"

struct fixture {
    struct federation f;
    struct trust *trust;
    struct frontier *frontier;
    struct missing *missing;
    struct intake *in, *before;
    const struct parallel *parallel;
    struct buffer bundle;  /* What is being signed. */
    struct head kept[256]; /* The store. */
    size_t kept_count;
};
static frontier_find_fn find;

/* Nobody may rest on the order. */
static void run_backwards(void *self, size_t count, parallel_part_fn *part, void *context)
{
    (void)self;
    for (size_t i = count; i > 0; i--)
        part(context, i - 1);
}

static const struct parallel backwards = {.run = run_backwards, .width = 2};

static int begin(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);

    if (!x)
        return -1;
    x->parallel = &backwards;
    federation_begin(&x->f, "רשת");
    x->trust = trust_new(buffer_bytes(&x->f.charter));
    x->frontier = frontier_new();
    x->missing = missing_new();
    x->in = intake_new();
    x->bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&x->bundle, &x->f.network);
    if (x->frontier)
        frontier_ask(x->frontier, find, x);
    *state = x;
    return x->trust && x->frontier && x->missing && x->in ? 0 : -1;
}

static int end(void **state)
{
    struct fixture *x = *state;

    buffer_free(&x->bundle);
    intake_free(x->in);
    missing_free(x->missing);
    frontier_free(x->frontier);
    trust_free(x->trust);
    federation_free(&x->f);
    free(x);
    return 0;
}

static enum err run_upon(struct fixture *x, const struct id *network)
{
    struct intake_base base = {.network = network,
                               .frontier = x->frontier,
                               .before = x->before,
                               .trust = x->trust,
                               .missing = x->missing,
                               .parallel = x->parallel};

    return intake_run(x->in, &base);
}

/* Takes in what was signed, and forgets it. */
static enum err take(struct fixture *x)
{
    intake_clear(x->in);
    buffer_add(&x->in->bundle, buffer_bytes(&x->bundle));
    assert_int_equal(buffer_error(&x->in->bundle), ERR_OK);
    buffer_clear(&x->bundle);
    bundle_begin(&x->bundle, &x->f.network);
    return run_upon(x, &x->f.network);
}

static enum err find(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    const struct fixture *x = context;

    for (size_t i = 0; i < x->kept_count; i++)
        if (x->kept[i].seq == seq && id_equal(&x->kept[i].log, log) &&
            memcmp(x->kept[i].entry.at, beginning.at, beginning.len) == 0) {
            *head = x->kept[i];
            return ERR_OK;
        }
    return ERR_MISSING;
}

/* Keeps what was taken in, as a store would. */
static void keep(struct fixture *x)
{
    for (size_t i = 0; i < x->in->count; i++) {
        const struct item *item = &x->in->items[i];

        if (item->entry.len == 0)
            continue;
        assert_true(x->kept_count < sizeof x->kept / sizeof x->kept[0]);
        x->kept[x->kept_count++] = item->head;
        assert_int_equal(frontier_add(x->frontier, &item->prev, &item->head, NULL), ERR_OK);
    }
}

/* Takes it in whole. */
static void store(struct fixture *x)
{
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->strangers + x->in->gaps + x->in->forks + x->in->known, 0);
    keep(x);
}

/* Leaves only the records from the `index`th on. */
static void drop_records(struct fixture *x, size_t index)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct buffer rest = BUFFER(LIMIT_BUNDLE);

    bundle_begin(&rest, &x->f.network);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&x->bundle), &x->f.network), ERR_OK);
    for (size_t i = 0; !bundle_next(&reader, &record) && record.kind != BUNDLE_END; i++) {
        if (i >= index && record.kind == BUNDLE_ENTRY)
            bundle_add_entry(&rest, record.bytes);
        else if (i >= index)
            bundle_add_content(&rest, &record.log, record.seq, record.bytes);
    }
    buffer_free(&x->bundle);
    x->bundle = rest;
}

/* Flips the lowest bit of a record's last byte: of an entry's signature, or of a content's last file. */
static void spoil_record(struct fixture *x, size_t index)
{
    struct bundle_reader reader;
    struct bundle_record record = {.kind = BUNDLE_END};

    assert_int_equal(bundle_open(&reader, buffer_bytes(&x->bundle), &x->f.network), ERR_OK);
    for (size_t i = 0; i <= index; i++)
        assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_true(record.bytes.len > 0);
    x->bundle.at[(size_t)(record.bytes.at - x->bundle.at) + record.bytes.len - 1] ^= 1;
}

static struct id publish(struct fixture *x, struct writer *w)
{
    return federation_publish(&x->f, w, "# מים\n\nהבאר משותפת.\n", ACT_FOR_NETWORK, &x->bundle);
}

static struct writer granted(struct fixture *x, const char *label)
{
    struct writer w = federation_writer(label, &x->f.founder.kibbutz, ROLE_COORDINATOR);

    federation_grant_coordinator(&x->f, &x->f.founder, &w.key.public, &x->bundle);
    return w;
}

/* An item stands for itself: its bytes say what its head says. */
static void assert_item(const struct fixture *x, const struct item *item, bool has_content)
{
    struct entry entry;
    struct id id;
    struct sha1 parent, commit = sha1_of_object("commit", item->commit);

    assert_memory_equal(commit.at, item->head.commit.at, sizeof commit.at);
    assert_int_equal(entry_from_commit(item->commit, &entry, &id, &parent), ERR_OK);
    assert_memory_equal(id.at, item->head.entry.at, ID_LEN);
    assert_memory_equal(entry.log.at, item->head.log.at, ID_LEN);
    assert_int_equal(entry.seq, item->head.seq);
    assert_int_equal(entry_decode(item->entry, &x->f.network, &entry), ERR_OK);
    assert_memory_equal(entry.log.at, item->head.log.at, ID_LEN);
    assert_int_equal(entry.seq, item->head.seq);
    assert_int_equal(item->content.len > 0, has_content);
    if (has_content) {
        struct content *content = malloc(sizeof *content);

        assert_non_null(content);
        assert_int_equal(content_open(item->content, content), ERR_OK);
        assert_int_equal(act_id(entry.body, ACT_CONTENT, 0, &id), ERR_OK);
        assert_memory_equal(content->id.at, id.at, ID_LEN);
        assert_memory_equal(item->content_id.at, id.at, ID_LEN);
        free(content);
    }
}

/* ---- what is taken ---- */

static void a_good_bundle_comes_out_ready_to_be_stored(void **state)
{
    struct fixture *x = *state;
    struct writer anna = granted(x, "anna");

    for (size_t i = 0; i < 20; i++) { /* Enough for the commits to move while they grow. */
        publish(x, &x->f.founder);
        publish(x, &anna);
    }
    store(x);
    assert_int_equal(x->in->count, 41);
    for (size_t i = 0; i < x->in->count; i++)
        assert_item(x, &x->in->items[i], true);
    assert_int_equal(frontier_count(x->in->ahead), 2);
    const struct head *head = frontier_find(x->in->ahead, &anna.key.public);
    assert_memory_equal(head->entry.at, anna.head.entry.at, ID_LEN);
    assert_memory_equal(head->commit.at, anna.head.commit.at, SHA1_LEN);
    assert_int_equal(frontier_find(x->in->ahead, &x->f.founder.key.public)->seq, 21);
}

static void nothing_counts_before_it_is_stored(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 1);
    assert_int_equal(frontier_count(x->frontier), 0);
    intake_clear(x->in);
    assert_int_equal(x->in->count, 0);
    assert_int_equal(frontier_count(x->in->ahead), 0);
}

static void a_grant_admits_the_entries_that_follow_it_in_the_bundle(void **state)
{
    struct fixture *x = *state;
    struct writer anna = granted(x, "anna");

    publish(x, &anna);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 2);
    assert_int_equal(x->in->strangers, 0);
}

static void an_entry_before_its_grant_is_a_stranger_s(void **state)
{
    struct fixture *x = *state;
    struct writer anna = federation_writer("anna", &x->f.founder.kibbutz, ROLE_COORDINATOR);

    publish(x, &anna);
    federation_grant_coordinator(&x->f, &x->f.founder, &anna.key.public, &x->bundle);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->strangers, 1);
    assert_int_equal(x->in->count, 1); /* The grant, without the document's content. */
    assert_item(x, &x->in->items[0], true);
    assert_memory_equal(x->in->items[0].head.log.at, x->f.founder.key.public.at, ID_LEN);
}

/* ---- what is left out ---- */

static void what_is_here_already_is_counted_and_left_out(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    struct buffer first = BUFFER(LIMIT_BUNDLE);
    buffer_add(&first, buffer_bytes(&x->bundle));
    store(x);
    buffer_clear(&x->bundle);
    buffer_add(&x->bundle, buffer_bytes(&first));
    publish(x, &x->f.founder);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->known, 1);
    assert_int_equal(x->in->forks, 0);
    assert_int_equal(x->in->count, 1);
    assert_int_equal(x->in->items[0].head.seq, 2);
    assert_item(x, &x->in->items[0], true);
    buffer_free(&first);
}

static void an_entry_behind_a_gap_is_counted_and_left_out(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    store(x);
    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    drop_records(x, 2);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->gaps, 1);
    assert_int_equal(x->in->count, 0);
    assert_int_equal(x->in->commits.len, 0);
}

static void a_stranger_s_entries_are_counted_and_left_out(void **state)
{
    struct fixture *x = *state;
    struct writer stranger = federation_writer("stranger", &x->f.founder.kibbutz, ROLE_STEWARD);

    publish(x, &stranger);
    publish(x, &stranger);
    publish(x, &x->f.founder);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->strangers, 2);
    assert_int_equal(x->in->count, 1);
    assert_item(x, &x->in->items[0], true);
    assert_null(frontier_find(x->in->ahead, &stranger.key.public));
}

/* An entry is stored without its content; then its content is in the bundle, alone. */
static void publish_apart(struct fixture *x, struct id *content)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct entry entry;
    struct buffer both = BUFFER(LIMIT_BUNDLE);

    publish(x, &x->f.founder);
    buffer_add(&both, buffer_bytes(&x->bundle));
    assert_int_equal(bundle_open(&reader, buffer_bytes(&both), &x->f.network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(entry_decode(record.bytes, &x->f.network, &entry), ERR_OK);
    assert_int_equal(act_id(entry.body, ACT_CONTENT, 0, content), ERR_OK);
    buffer_clear(&x->bundle);
    bundle_begin(&x->bundle, &x->f.network);
    bundle_add_entry(&x->bundle, record.bytes);
    store(x);
    assert_int_equal(x->in->count, 1);
    assert_item(x, &x->in->items[0], false);
    buffer_clear(&x->bundle);
    buffer_add(&x->bundle, buffer_bytes(&both));
    drop_records(x, 1);
    buffer_free(&both);
}

static enum err lack(struct fixture *x, const struct id *content)
{
    struct missing_content missing = {.log = x->f.founder.key.public, .seq = 1, .entry = {{9}}, .content = *content};

    return missing_add(x->missing, &missing);
}

static void a_second_first_entry_begins_a_branch(void **state)
{
    struct fixture *x = *state;
    struct writer anna = granted(x, "anna"), again = anna;
    size_t first;

    publish(x, &anna);
    store(x);
    publish(x, &again);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->forks, 1);
    assert_int_equal(x->in->count, 1);
    assert_item(x, &x->in->items[0], true);
    assert_true(x->in->items[0].branches);
    assert_int_equal(frontier_tips(x->in->ahead, &anna.key.public, &first), 2);
}

/* Nobody is accused by a wrong signature. */
static void a_branch_with_a_wrong_signature_is_refused(void **state)
{
    struct fixture *x = *state;
    struct writer anna = granted(x, "anna"), again = anna;

    publish(x, &anna);
    store(x);
    publish(x, &again);
    spoil_record(x, 0);
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->forks, 0);
    assert_int_equal(x->in->count, 0);
}

static void a_branch_hangs_from_an_entry_that_others_follow(void **state)
{
    struct fixture *x = *state;
    size_t first;

    publish(x, &x->f.founder);
    store(x);
    struct writer other = x->f.founder;
    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    store(x);
    publish(x, &other);
    publish(x, &other);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->forks, 1);
    assert_int_equal(x->in->count, 2);
    assert_true(x->in->items[0].branches);
    assert_false(x->in->items[1].branches);
    assert_item(x, &x->in->items[1], true);
    assert_int_equal(frontier_tips(x->in->ahead, &other.key.public, &first), 2);
    keep(x);
    assert_int_equal(frontier_tips(x->frontier, &other.key.public, &first), 2);
    assert_int_equal(frontier_find(x->frontier, &other.key.public)->seq, 3);
}

/* Both branches in one bundle, and all of it a second time. */
static void two_branches_come_at_once_and_are_known_afterwards(void **state)
{
    struct fixture *x = *state;
    struct writer other = x->f.founder;
    struct buffer both = BUFFER(LIMIT_BUNDLE);

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    publish(x, &other);
    publish(x, &other);
    buffer_add(&both, buffer_bytes(&x->bundle));
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 4);
    assert_int_equal(x->in->forks, 1);
    keep(x);
    buffer_clear(&x->bundle);
    buffer_add(&x->bundle, buffer_bytes(&both));
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 0);
    assert_int_equal(x->in->known, 4);
    buffer_free(&both);
}

static void a_branch_whose_beginning_is_missing_is_left_out(void **state)
{
    struct fixture *x = *state;
    struct writer other = x->f.founder;

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    store(x);
    publish(x, &other);
    publish(x, &other);
    drop_records(x, 2);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->gaps, 1);
    assert_int_equal(x->in->count, 0);
}

static void a_log_may_have_so_many_branches_and_no_more(void **state)
{
    struct fixture *x = *state;
    size_t first;

    for (size_t i = 0; i < LIMIT_BRANCHES + 2; i++) {
        struct writer other = x->f.founder;

        publish(x, &other);
    }
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, LIMIT_BRANCHES);
    assert_int_equal(x->in->crowded, 2);
    assert_int_equal(frontier_tips(x->in->ahead, &x->f.founder.key.public, &first), LIMIT_BRANCHES);
}

/* The content of a branch goes with that branch's entry, though the other has the same seq. */
static void a_late_content_goes_to_the_branch_that_names_it(void **state)
{
    struct fixture *x = *state;
    struct missing_content one = {.log = x->f.founder.key.public, .seq = 1, .entry = {{1}}, .content = x->f.network};
    struct missing_content two = one;

    publish_apart(x, &two.content);
    two.entry = (struct id){{2}};
    assert_int_equal(missing_add(x->missing, &one), ERR_OK);
    assert_int_equal(missing_add(x->missing, &two), ERR_OK);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 1);
    assert_memory_equal(x->in->items[0].head.entry.at, two.entry.at, ID_LEN);
}

/* ---- what is the sender's fault ---- */

static void a_wrong_signature_ends_it_and_what_came_before_stays(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    spoil_record(x, 2);
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->count, 1);
    assert_item(x, &x->in->items[0], true);
    assert_int_equal(frontier_find(x->in->ahead, &x->f.founder.key.public)->seq, 1);
    assert_int_equal(x->in->commits.len, x->in->items[0].commit.len);
}

static void a_content_with_a_wrong_digest_ends_it(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    spoil_record(x, 3);
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->count, 2);
    assert_item(x, &x->in->items[0], true);
    assert_item(x, &x->in->items[1], false);
}

/* A whole content of one entry, sent as that of another. */
static void attack_17_grafted_content(void **state)
{
    struct fixture *x = *state;
    struct bundle_reader reader;
    struct bundle_record entry, content;
    struct buffer mixed = BUFFER(LIMIT_BUNDLE);

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&x->bundle), &x->f.network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &entry), ERR_OK);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(bundle_next(&reader, &content), ERR_OK);
    assert_int_equal(content.kind, BUNDLE_CONTENT);
    bundle_begin(&mixed, &x->f.network);
    bundle_add_entry(&mixed, entry.bytes);
    bundle_add_content(&mixed, &x->f.founder.key.public, 1, content.bytes);
    buffer_free(&x->bundle);
    x->bundle = mixed;
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->count, 1);
    assert_item(x, &x->in->items[0], false);
}

static void a_cut_bundle_gives_what_was_whole(void **state)
{
    struct fixture *x = *state;

    publish(x, &x->f.founder);
    publish(x, &x->f.founder);
    x->bundle.len--;
    assert_int_equal(take(x), ERR_FORMAT);
    assert_int_equal(x->in->count, 2);
    assert_item(x, &x->in->items[0], true);
    assert_item(x, &x->in->items[1], false);
}

static void a_bundle_of_another_network_is_refused_whole(void **state)
{
    struct fixture *x = *state;
    struct id other = x->f.founder.kibbutz;

    publish(x, &x->f.founder);
    buffer_clear(&x->in->bundle);
    buffer_add(&x->in->bundle, buffer_bytes(&x->bundle));
    assert_int_equal(run_upon(x, &other), ERR_NETWORK);
    assert_int_equal(x->in->count, 0);
    x->bundle.at[4]++; /* A newer version. */
    assert_int_equal(take(x), ERR_VERSION);
    assert_int_equal(x->in->count, 0);
}

/* The network is not in the entry's wire form: the signature covers it. */
static void an_entry_signed_for_another_network_has_a_wrong_signature(void **state)
{
    struct fixture *x = *state;
    struct federation other;
    struct buffer foreign = BUFFER(LIMIT_BUNDLE);
    struct bundle_reader reader;
    struct bundle_record record;

    federation_begin(&other, "אחרת");
    other.founder.kibbutz = x->f.founder.kibbutz;
    bundle_begin(&foreign, &other.network);
    federation_publish(&other, &other.founder, "# מים\n", ACT_FOR_NETWORK, &foreign);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&foreign), &other.network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    bundle_add_entry(&x->bundle, record.bytes);
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->count, 0);
    buffer_free(&foreign);
    federation_free(&other);
}

/* ---- contents that come later ---- */

static void a_missing_content_is_taken_alone(void **state)
{
    struct fixture *x = *state;
    struct id content;

    publish_apart(x, &content);
    assert_int_equal(lack(x, &content), ERR_OK);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 1);
    assert_int_equal(x->in->items[0].head.seq, 1);
    assert_memory_equal(x->in->items[0].head.log.at, x->f.founder.key.public.at, ID_LEN);
    assert_int_equal(x->in->items[0].entry.len, 0);
    assert_int_equal(x->in->items[0].commit.len, 0);
    assert_true(x->in->items[0].content.len > 0);
    assert_int_equal(frontier_count(x->in->ahead), 0);
}

static void a_content_that_is_not_missing_is_ignored(void **state)
{
    struct fixture *x = *state;
    struct id content;

    publish_apart(x, &content);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 0);
}

static void a_missing_content_with_a_wrong_digest_is_refused(void **state)
{
    struct fixture *x = *state;
    struct id content;

    publish_apart(x, &content);
    assert_int_equal(lack(x, &content), ERR_OK);
    spoil_record(x, 0);
    assert_int_equal(take(x), ERR_AUTH);
    assert_int_equal(x->in->count, 0);
}

/* Where a log forked, an honest peer may hold the other branch. */
static void a_whole_content_of_the_other_branch_is_ignored(void **state)
{
    struct fixture *x = *state;
    struct id content;

    publish_apart(x, &content);
    assert_int_equal(lack(x, &x->f.network), ERR_OK);
    assert_int_equal(take(x), ERR_OK);
    assert_int_equal(x->in->count, 0);
}

/* ---- limits ---- */

static void so_many_records_are_read_and_no_more(void **state)
{
    struct fixture *x = *state;

    for (size_t more = 0; more < 2; more++) {
        for (size_t i = 0; i < 2 * LIMIT_BUNDLE_ENTRIES + more; i++)
            bundle_add_content(&x->bundle, &x->f.network, 1, bytes_text("unknown"));
        assert_int_equal(buffer_error(&x->bundle), ERR_OK);
        assert_int_equal(take(x), more ? ERR_LIMIT : ERR_OK);
        assert_int_equal(x->in->count, 0);
    }
}

/* What is stored must find its place in the frontier afterwards. */
static void a_log_above_the_limit_is_refused(void **state)
{
    struct fixture *x = *state;

    for (unsigned i = 0; i + 1 < LIMIT_LOGS; i++) {
        struct head head = {.log = {{(uint8_t)(i >> 8), (uint8_t)i}}, .seq = 1};

        assert_int_equal(frontier_set(x->frontier, &head), ERR_OK);
    }
    struct writer anna = granted(x, "anna");
    publish(x, &x->f.founder);
    publish(x, &anna);
    assert_int_equal(take(x), ERR_LIMIT);
    assert_int_equal(x->in->count, 2);
    assert_int_equal(frontier_count(x->in->ahead), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_bundle_comes_out_ready_to_be_stored),
        TEST(nothing_counts_before_it_is_stored),
        TEST(a_grant_admits_the_entries_that_follow_it_in_the_bundle),
        TEST(an_entry_before_its_grant_is_a_stranger_s),
        TEST(what_is_here_already_is_counted_and_left_out),
        TEST(an_entry_behind_a_gap_is_counted_and_left_out),
        TEST(a_stranger_s_entries_are_counted_and_left_out),
        TEST(a_second_first_entry_begins_a_branch),
        TEST(a_branch_with_a_wrong_signature_is_refused),
        TEST(a_branch_hangs_from_an_entry_that_others_follow),
        TEST(two_branches_come_at_once_and_are_known_afterwards),
        TEST(a_branch_whose_beginning_is_missing_is_left_out),
        TEST(a_log_may_have_so_many_branches_and_no_more),
        TEST(a_late_content_goes_to_the_branch_that_names_it),
        TEST(a_wrong_signature_ends_it_and_what_came_before_stays),
        TEST(a_content_with_a_wrong_digest_ends_it),
        TEST(attack_17_grafted_content),
        TEST(a_cut_bundle_gives_what_was_whole),
        TEST(a_bundle_of_another_network_is_refused_whole),
        TEST(an_entry_signed_for_another_network_has_a_wrong_signature),
        TEST(a_missing_content_is_taken_alone),
        TEST(a_content_that_is_not_missing_is_ignored),
        TEST(a_missing_content_with_a_wrong_digest_is_refused),
        TEST(a_whole_content_of_the_other_branch_is_ignored),
        TEST(so_many_records_are_read_and_no_more),
        TEST(a_log_above_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
