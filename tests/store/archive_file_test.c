/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/home.h"
#include "tests/support/scribe.h"

#define SIZE (2 * LIMIT_CHUNK + 1000)
#define CHUNKS 3

struct world {
    struct home directory;
    char home[160];
    struct archive *a;
    struct scribe scribe;
    uint8_t *bytes; /* A file of three chunks that does not compress. */
    uint8_t list[CHUNKS * ID_LEN];
    struct id digest;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct id network = id_hash(ID_NETWORK, bytes_text("a charter"));
    uint64_t seed = 7;

    w->directory = home_make();
    snprintf(w->home, sizeof w->home, "%s/home", w->directory.path);
    assert_int_equal(archive_create(w->home, &network), ERR_OK);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->a), ERR_OK);
    scribe_begin(&w->scribe, &network, 1, ROLE_COORDINATOR);
    assert_non_null(w->bytes = malloc(SIZE));
    for (size_t i = 0; i + 8 <= SIZE; i += 8) {
        uint64_t number = scribe_random(&seed);
        memcpy(w->bytes + i, &number, 8);
    }
    for (size_t i = 0; i < CHUNKS; i++) {
        struct id hash = id_hash(ID_BLOB, bytes_of(w->bytes + i * LIMIT_CHUNK, file_chunk_size(SIZE, i)));
        memcpy(w->list + i * ID_LEN, hash.at, ID_LEN);
    }
    w->digest = file_digest(SIZE, bytes_of(w->list, sizeof w->list));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    archive_close(w->a);
    home_remove(&w->directory);
    free(w->bytes);
    free(w);
    return 0;
}

static void reopen(struct world *w)
{
    archive_close(w->a);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->a), ERR_OK);
}

static struct file_chunk chunk_of(const struct world *w, size_t index)
{
    return (struct file_chunk){.digest = w->digest,
                               .size = SIZE,
                               .list = bytes_of(w->list, sizeof w->list),
                               .index = index,
                               .bytes = bytes_of(w->bytes + index * LIMIT_CHUNK, file_chunk_size(SIZE, index))};
}

static bool add(struct world *w, size_t index, bool settle)
{
    struct file_chunk chunk = chunk_of(w, index);
    bool whole;

    chunk.settle = settle;
    enum err err = archive_add_chunk(w->a, &chunk, &whole);
    if (err)
        fail_msg("chunk %zu: %s: %s", index, err_text(err), archive_reason(w->a));
    return whole;
}

static void add_all(struct world *w)
{
    for (size_t i = 0; i < CHUNKS; i++)
        (void)add(w, i, false);
}

static void append(struct world *w, const char *text, bool with_file, struct scribe_item *made)
{
    const struct content_file file = {.name = bytes_text("scan.pdf"), .size = SIZE, .digest = w->digest};

    scribe_publish_with(&w->scribe, bytes_text(text), with_file ? &file : NULL, made);
    assert_int_equal(archive_append(w->a, &made->item, 1), ERR_OK);
}

static uint64_t absent(struct world *w, const struct scribe_item *made)
{
    uint64_t total, missing;

    assert_int_equal(index_count_attachments(w->a->index, &made->item.head.entry, &total, &missing), ERR_OK);
    assert_int_equal(total, 1);
    return missing;
}

static void assert_clean(struct world *w, uint64_t files)
{
    struct archive_report report;

    assert_int_equal(archive_verify(w->a, NULL, NULL, &report), ERR_OK);
    assert_int_equal(report.bad, 0);
    assert_int_equal(report.files, files);
    assert_int_equal(home_run("git -C %s/archive.git fsck --full --strict", w->home), 0);
}

static void chunks_come_in_any_order_and_are_read_again(void **state)
{
    static const size_t order[] = {2, 0, 1};
    struct world *w = *state;
    struct file_state here;

    for (size_t i = 0; i < CHUNKS; i++) {
        assert_false(archive_has_file(w->a, &w->digest));
        assert_int_equal(add(w, order[i], true), i + 1 == CHUNKS);
        assert_clean(w, i + 1 == CHUNKS);
        archive_file_state(w->a, &w->digest, SIZE, &here);
        assert_true(file_state_has(&here, order[i]));
        assert_memory_equal(here.list, w->list, sizeof w->list);
    }
    for (size_t i = 0; i < CHUNKS; i++) {
        struct file_chunk chunk = chunk_of(w, i);
        struct buffer read = BUFFER(LIMIT_CHUNK);

        assert_int_equal(archive_read_chunk(w->a, &w->digest, SIZE, i, &read), ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&read), chunk.bytes));
        buffer_free(&read);
    }
    assert_true(add(w, 0, true)); /* Here already. */
}

static void what_came_is_found_again(void **state)
{
    struct world *w = *state;
    struct file_state here;
    struct buffer read = BUFFER(LIMIT_CHUNK);

    (void)add(w, 1, false);
    reopen(w); /* Closing settles it. */
    archive_file_state(w->a, &w->digest, SIZE, &here);
    assert_int_equal(here.count, 1);
    assert_true(file_state_has(&here, 1));
    assert_int_equal(archive_read_chunk(w->a, &w->digest, SIZE, 1, &read), ERR_OK);
    assert_int_equal(archive_read_chunk(w->a, &w->digest, SIZE, 0, &read), ERR_MISSING);
    (void)add(w, 0, false);
    assert_true(add(w, 2, false));
    reopen(w);
    assert_true(archive_has_file(w->a, &w->digest));
    assert_clean(w, 1);
    buffer_free(&read);
}

static void a_small_file_is_one_blob(void **state)
{
    struct world *w = *state;
    struct file_chunk chunk = {.digest = content_digest(bytes_text("a,b\n")), .size = 4, .bytes = bytes_text("a,b\n")};
    struct buffer read = BUFFER(LIMIT_CHUNK);
    bool whole;

    assert_int_equal(archive_add_chunk(w->a, &chunk, &whole), ERR_OK);
    assert_true(whole);
    assert_int_equal(archive_read_chunk(w->a, &chunk.digest, 4, 0, &read), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&read), chunk.bytes));
    assert_clean(w, 1);
    buffer_free(&read);
}

static void a_chunk_of_another_list_is_refused(void **state)
{
    struct world *w = *state;
    struct file_chunk chunk = chunk_of(w, 0);
    bool whole;

    w->list[0] ^= 1;
    assert_int_equal(archive_add_chunk(w->a, &chunk, &whole), ERR_AUTH);
    w->list[0] ^= 1;
    chunk.index = CHUNKS;
    assert_int_equal(archive_add_chunk(w->a, &chunk, &whole), ERR_AUTH);
}

static void the_index_tells_what_is_on_its_way(void **state)
{
    struct world *w = *state;
    struct scribe_item one, other;
    struct index_counts counts;

    append(w, "# One\n", true, &one);
    assert_int_equal(absent(w, &one), 1);
    assert_int_equal(index_count(w->a->index, &counts), ERR_OK);
    assert_int_equal(counts.files_missing, 1);
    add_all(w);
    assert_int_equal(absent(w, &one), 0);
    append(w, "# Other\n", true, &other);
    assert_int_equal(absent(w, &other), 0); /* It is here under another content. */
    archive_close(w->a);
    assert_int_equal(home_run("rm %s/index.sqlite*", w->home), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &w->a), ERR_OK);
    assert_int_equal(absent(w, &one), 0);
    scribe_item_free(&one);
    scribe_item_free(&other);
}

static void a_file_that_nothing_names_is_forgotten(void **state)
{
    struct world *w = *state;
    struct scribe_item made;

    add_all(w);
    assert_int_equal(archive_forget_unnamed(w->a), ERR_OK);
    assert_false(archive_has_file(w->a, &w->digest));
    add_all(w);
    append(w, "# One\n", true, &made);
    assert_int_equal(archive_forget_unnamed(w->a), ERR_OK);
    assert_true(archive_has_file(w->a, &w->digest));
    scribe_item_free(&made);
}

/* The text that names it is here, and waits for being read. */
#define UNREAD 40

/* A large batch, each text of which names the file. */
static void append_unread(struct world *w)
{
    const struct content_file file = {.name = bytes_text("scan.pdf"), .size = SIZE, .digest = w->digest};
    struct scribe_item made[UNREAD];
    struct item items[UNREAD];

    archive_read_later(w->a, UNREAD - 1);
    for (size_t i = 0; i < UNREAD; i++) {
        scribe_publish_with(&w->scribe, bytes_text("# One\n"), &file, &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, UNREAD), ERR_OK);
    assert_int_equal(archive_unread(w->a), UNREAD);
    for (size_t i = 0; i < UNREAD; i++)
        scribe_item_free(&made[i]);
}

static void a_file_that_an_unread_text_names_is_kept(void **state)
{
    struct world *w = *state;

    add_all(w);
    append_unread(w);
    assert_int_equal(archive_forget_unnamed(w->a), ERR_OK);
    assert_true(archive_has_file(w->a, &w->digest));
}

static enum err count_absent(void *context, const struct id *entry, const struct id *digest, uint64_t size)
{
    (void)entry;
    (void)digest;
    assert_int_equal(size, SIZE);
    ++*(size_t *)context;
    return ERR_OK;
}

/* What a receipt must not claim is known as soon as the entry is. */
static void a_file_that_an_unread_text_names_is_known_to_be_absent(void **state)
{
    struct world *w = *state;
    size_t absent = 0;
    bool more = true;

    append_unread(w);
    assert_int_equal(archive_load_absent(w->a, count_absent, &absent), ERR_OK);
    assert_int_equal(absent, UNREAD);
    while (more)
        assert_int_equal(archive_read_unread(w->a, NULL, UNREAD, &more), ERR_OK);
    absent = 0;
    assert_int_equal(archive_load_absent(w->a, count_absent, &absent), ERR_OK);
    assert_int_equal(absent, UNREAD); /* Once each. */
}

static struct archive_place place_of(const struct scribe_item *made)
{
    const struct head *head = &made->item.head;

    return (struct archive_place){.branch = {.log = head->log}, .seq = head->seq, .entry = head->entry};
}

/* Stored, the bytes stand in the file as they are. */
static bool is_on_disk(const struct world *w)
{
    struct buffer needle = BUFFER(64);

    buffer_hex(&needle, bytes_of(w->bytes + LIMIT_CHUNK + 500, 16));
    buffer_u8(&needle, 0);
    int code = home_run("cat $(find %s/archive.git/objects -type f) | od -An -v -tx1 | tr -d ' \\n' | grep -q %s",
                        w->home, (const char *)needle.at);
    buffer_free(&needle);
    return code == 0;
}

static void erased_with_the_last_content_that_names_it(void **state)
{
    struct world *w = *state;
    struct scribe_item one, other, none;

    add_all(w);
    append(w, "# One\n", true, &one);
    append(w, "# Other\n", true, &other);
    append(w, "# None\n", false, &none);
    struct archive_place first = place_of(&one), last = place_of(&other);
    assert_true(is_on_disk(w));
    assert_int_equal(archive_erase(w->a, &first, 1), ERR_OK);
    assert_true(archive_has_file(w->a, &w->digest));
    assert_true(is_on_disk(w));
    assert_int_equal(archive_erase(w->a, &last, 1), ERR_OK);
    assert_false(archive_has_file(w->a, &w->digest));
    assert_false(is_on_disk(w));
    assert_clean(w, 0);
    scribe_item_free(&one);
    scribe_item_free(&other);
    scribe_item_free(&none);
}

static void erased_while_it_is_on_its_way(void **state)
{
    struct world *w = *state;
    struct scribe_item made;

    append(w, "# One\n", true, &made);
    (void)add(w, 1, true);
    struct archive_place place = place_of(&made);
    assert_true(is_on_disk(w));
    assert_int_equal(archive_erase(w->a, &place, 1), ERR_OK);
    assert_false(is_on_disk(w));
    assert_clean(w, 0);
    scribe_item_free(&made);
}

static void damage_is_found(void **state)
{
    struct world *w = *state;
    struct archive_report report;

    add_all(w);
    assert_int_equal(home_run("f=$(find %s/archive.git/objects -size +900k | head -1); chmod u+w $f; "
                              "printf x | dd of=$f bs=1 seek=500000 conv=notrunc",
                              w->home),
                     0);
    assert_int_equal(archive_verify(w->a, NULL, NULL, &report), ERR_OK);
    assert_true(report.bad > 0);
    assert_int_equal(report.files, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(chunks_come_in_any_order_and_are_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_came_is_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_file_is_one_blob, setup, teardown),
        cmocka_unit_test_setup_teardown(a_chunk_of_another_list_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_index_tells_what_is_on_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_nothing_names_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_an_unread_text_names_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_an_unread_text_names_is_known_to_be_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(erased_with_the_last_content_that_names_it, setup, teardown),
        cmocka_unit_test_setup_teardown(erased_while_it_is_on_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
