/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1000000

/* Of every document: how often it changed. */
static uint64_t change_count = 4;

static uint64_t count_changes(void *context, const struct id *document)
{
    (void)context;
    (void)document;
    return change_count;
}

#define ASKER(now)                                                                                                     \
    {                                                                                                                  \
        .is_near = true, .stamp = {.opening = 1, .version = 7, .recalls = 2, .receipts = 3}, .now_ms = (now),          \
        .changed = count_changes,                                                                                      \
    }
static const struct page_cache_asker asker = ASKER(NOW);
static const struct page_cache_asker later = ASKER(NOW + PAGE_CACHE_MS - 1);

static struct route_request request_of(const char *path)
{
    return (struct route_request){.path = bytes_text(path), .host = bytes_text("archive:8611"), .page = 1, .now_ms = 5};
}

static struct page_cache *cache_new(void **state)
{
    *state = calloc(1, sizeof(struct page_cache));
    assert_non_null(*state);
    return *state;
}

static int cache_end(void **state)
{
    if (*state != NULL)
        page_cache_free(*state);
    free(*state);
    return 0;
}

/* Asks as the reader does. */
static bool is_kept(struct page_cache *cache, const struct page_cache_asker *who, const struct route_request *request)
{
    struct route_answer answer;
    bool found;

    route_answer_begin(&answer, request);
    found = page_cache_find(cache, who, request, &answer) != PAGE_CACHE_NOTHING;
    assert_true(found == (answer.page.out.len > 0));
    route_answer_free(&answer);
    return found;
}

/* The same, with all that is said of it. */
static enum page_cache_found look(struct page_cache *cache, const struct page_cache_asker *who,
                                  const struct route_request *request)
{
    enum page_cache_found found;
    struct route_answer answer;

    route_answer_begin(&answer, request);
    found = page_cache_find(cache, who, request, &answer);
    route_answer_free(&answer);
    return found;
}

static void keep_answer(struct page_cache *cache, const struct page_cache_asker *who,
                        const struct route_request *request, size_t size, void (*change)(struct route_answer *answer))
{
    struct route_answer answer;

    (void)is_kept(cache, who, request);
    route_answer_begin(&answer, request);
    assert_non_null(buffer_extend(&answer.page.out, size));
    memset(answer.page.out.at, 'x', size);
    if (change != NULL)
        change(&answer);
    page_cache_keep(cache, who, change_count, request, &answer);
    route_answer_free(&answer);
}

static void keep(struct page_cache *cache, const struct route_request *request)
{
    keep_answer(cache, &asker, request, 1000, NULL);
}

static void fill_in(struct route_answer *answer)
{
    memcpy(answer->page.out.at, "<p>", 3);
    answer->type = "text/css; charset=utf-8";
    answer->modified_ms = 77;
    strcpy(answer->etag, "\"1220ab\"");
}

static void an_answer_comes_back_whole(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/documents");
    struct route_answer answer;

    keep_answer(cache, &asker, &request, 3, fill_in);
    request.now_ms = 6; /* Another time, the same page. */
    route_answer_begin(&answer, &request);
    assert_int_equal(page_cache_find(cache, &later, &request, &answer), PAGE_CACHE_KEPT);
    assert_true(bytes_equal(buffer_bytes(&answer.page.out), bytes_text("<p>")));
    assert_string_equal(answer.type, "text/css; charset=utf-8");
    assert_string_equal(answer.etag, "\"1220ab\"");
    assert_int_equal(answer.modified_ms, 77);
    assert_int_equal(answer.status, 200);
    assert_false(answer.no_store);
    route_answer_free(&answer);
}

static void each_part_of_the_key_tells_answers_apart(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/documents"), other = request;
    struct page_cache_asker far = asker;

    keep(cache, &request);
    assert_true(is_kept(cache, &asker, &request));
    far.is_near = false;
    assert_false(is_kept(cache, &far, &request));
    other.path = bytes_text("/document");
    assert_false(is_kept(cache, &asker, &other));
    other = request;
    other.language = READER_ENGLISH;
    assert_false(is_kept(cache, &asker, &other));
    other = request;
    other.chosen = true;
    assert_false(is_kept(cache, &asker, &other));
    other = request;
    other.page = 2;
    assert_false(is_kept(cache, &asker, &other));
    other = request;
    other.host = bytes_text("archive:8612");
    assert_false(is_kept(cache, &asker, &other));
    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++) {
        other = request;
        other.argument[i] = bytes_text("x");
        assert_false(is_kept(cache, &asker, &other));
    }
}

static void a_part_cannot_feign_its_neighbour(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/search"), other = request;

    request.argument[ROUTE_BODY] = bytes_text("ab");
    keep(cache, &request);
    other.argument[ROUTE_TOPIC] = bytes_text("ab");
    assert_false(is_kept(cache, &asker, &other));
    other.argument[ROUTE_BODY] = bytes_text("a");
    other.argument[ROUTE_TOPIC] = bytes_text("b");
    assert_false(is_kept(cache, &asker, &other));
    assert_true(is_kept(cache, &asker, &request));
}

static void an_answer_grows_old(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/");
    struct page_cache_asker then = asker, earlier = asker;

    keep(cache, &request);
    assert_int_equal(look(cache, &later, &request), PAGE_CACHE_KEPT);
    then.now_ms += PAGE_CACHE_MS;
    assert_int_equal(look(cache, &then, &request), PAGE_CACHE_DUE); /* Once: it is being made. */
    then.now_ms += PAGE_CACHE_LATE_MS - 1;
    assert_int_equal(look(cache, &then, &request), PAGE_CACHE_KEPT);
    then.now_ms++;
    assert_int_equal(look(cache, &then, &request), PAGE_CACHE_NOTHING);
    assert_int_equal(cache->used, 0);
    keep(cache, &request);
    earlier.now_ms--;
    assert_int_equal(look(cache, &earlier, &request), PAGE_CACHE_NOTHING);
}

/* The index is as it was a second ago: names are, too. */
static void what_is_made_in_stillness_lives_longer(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/"), other = request_of("/people");
    struct page_cache_asker still = asker, after;

    keep(cache, &request);
    still.now_ms += PAGE_CACHE_MS;
    keep_answer(cache, &still, &request, 100, NULL);
    keep_answer(cache, &still, &other, 100, NULL);
    after = still;
    after.now_ms += PAGE_CACHE_STILL_MS / 2;
    assert_int_equal(look(cache, &after, &request), PAGE_CACHE_KEPT);
    assert_int_equal(look(cache, &after, &other), PAGE_CACHE_KEPT);
    after.now_ms = still.now_ms + PAGE_CACHE_STILL_MS + PAGE_CACHE_LATE_MS;
    assert_false(is_kept(cache, &after, &request));
    assert_int_equal(cache->used, 0);
}

static void receipts_end_a_longer_life(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/");
    struct page_cache_asker still = asker, after;

    keep(cache, &request);
    still.now_ms += PAGE_CACHE_MS;
    keep_answer(cache, &still, &request, 100, NULL);
    after = still;
    after.stamp.receipts++;
    after.now_ms += PAGE_CACHE_MS - 1;
    assert_int_equal(look(cache, &after, &request), PAGE_CACHE_KEPT);
    after.now_ms++;
    assert_int_equal(look(cache, &after, &request), PAGE_CACHE_DUE);
    keep_answer(cache, &after, &request, 100, NULL);
    after.now_ms += PAGE_CACHE_MS;
    assert_int_equal(look(cache, &after, &request), PAGE_CACHE_KEPT);
}

static void each_slot_has_its_own_life(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct page_cache_asker still = asker;

    assert_false(is_kept(cache, &asker, &(struct route_request){.page = 1}));
    still.now_ms += PAGE_CACHE_MS;
    for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++) {
        char path[32];

        snprintf(path, sizeof path, "/d/%zu", i);
        struct route_request request = request_of(path);
        keep_answer(cache, &still, &request, 10, NULL);
        assert_true(cache->slots[i].life_ms < PAGE_CACHE_STILL_MS);
        assert_true(i == 0 || cache->slots[i].life_ms > cache->slots[i - 1].life_ms);
    }
}

/* A minute without readers does not make what was kept current for a minute more. */
static void a_change_leaves_a_page_for_a_moment(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/");
    struct page_cache_asker changed = asker;

    keep(cache, &request);
    changed.stamp.version++;
    changed.now_ms += PAGE_CACHE_CALM_MS - 1;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT);
    changed.now_ms++;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_DUE);
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT);
    changed.stamp.version++; /* And again: it is late since the first change. */
    changed.now_ms = NOW + PAGE_CACHE_LATE_MS - 1;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT);
    changed.now_ms++;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_NOTHING);
    keep_answer(cache, &changed, &request, 100, NULL);
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT);
    changed.stamp.version++;
    changed.now_ms += 60000;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_NOTHING);
}

static void what_is_made_anew_takes_the_place_of_the_old(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/");
    struct page_cache_asker changed = asker;
    size_t used;

    keep(cache, &request);
    used = cache->used;
    changed.stamp.version++;
    changed.now_ms += PAGE_CACHE_CALM_MS;
    keep_answer(cache, &changed, &request, 1000, NULL);
    assert_int_equal(cache->used, used);
    changed.now_ms += PAGE_CACHE_MS - 1;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT);
}

static void what_is_taken_back_is_gone_at_once(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/"), other = request_of("/people");
    struct page_cache_asker changed = asker;
    struct route_answer answer;

    keep(cache, &request);
    changed.stamp.recalls++;
    assert_false(is_kept(cache, &changed, &request));
    assert_int_equal(cache->used, 0);
    assert_false(is_kept(cache, &asker, &request));
    keep(cache, &request);
    changed = asker;
    changed.stamp.opening++; /* Another index, whose versions count from the start. */
    assert_false(is_kept(cache, &changed, &request));

    route_answer_begin(&answer, &request); /* Begun before, and ready after it. */
    buffer_text(&answer.page.out, "old");
    changed.stamp.recalls++;
    assert_false(is_kept(cache, &changed, &other));
    page_cache_keep(cache, &asker, change_count, &request, &answer);
    route_answer_free(&answer);
    assert_false(is_kept(cache, &changed, &request));
}

#define DOCUMENT "/d/00000000000000000000000000000000000000000000000000000000000000ab"

static void a_document_that_changed_is_made_anew(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of(DOCUMENT), other = request_of("/d/ab");
    struct page_cache_asker changed = asker;
    struct id document;

    assert_int_equal(page_cache_document(&asker, &request, &document), change_count);
    assert_int_equal(document.at[ID_LEN - 1], 0xab);
    assert_int_equal(page_cache_document(&asker, &other, &document), 0);
    keep(cache, &request);
    keep(cache, &other);
    changed.stamp.version++;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_KEPT); /* Another one changed. */
    changed.stamp.version++;
    change_count++;
    assert_int_equal(look(cache, &changed, &request), PAGE_CACHE_NOTHING);
    assert_int_equal(look(cache, &changed, &other), PAGE_CACHE_KEPT); /* It shows none. */
}

static void miss(struct route_answer *answer)
{
    answer->status = 404;
}

static void restrict_it(struct route_answer *answer)
{
    answer->no_store = true;
}

static void attach(struct route_answer *answer)
{
    answer->file.is_set = true;
}

static void dispose(struct route_answer *answer)
{
    strcpy(answer->disposition, "attachment");
}

static void what_is_not_for_everybody_is_not_kept(void **state)
{
    void (*const changes[])(struct route_answer *) = {miss, restrict_it, attach, dispose};
    struct page_cache *cache = cache_new(state);
    struct route_request request = request_of("/d/x");

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        keep_answer(cache, &asker, &request, 100, changes[i]);
        assert_false(is_kept(cache, &asker, &request));
    }
    keep_answer(cache, &asker, &request, PAGE_CACHE_ANSWER + 1, NULL);
    assert_false(is_kept(cache, &asker, &request));
    keep_answer(cache, &asker, &request, PAGE_CACHE_ANSWER, NULL);
    assert_true(is_kept(cache, &asker, &request));
}

static void keep_many(struct page_cache *cache, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        char path[32];

        snprintf(path, sizeof path, "/d/%zu", i);
        struct route_request request = request_of(path);
        keep_answer(cache, &asker, &request, size, NULL);
        assert_true(is_kept(cache, &asker, &request));
        assert_true(cache->used <= PAGE_CACHE_BYTES);
    }
}

static size_t held(const struct page_cache *cache)
{
    size_t sum = 0;

    for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++)
        sum += cache->slots[i].bytes.size;
    return sum;
}

static void the_oldest_make_room(void **state)
{
    struct page_cache *cache = cache_new(state);
    struct route_request first = request_of("/d/0"), second = request_of("/d/1");

    keep_many(cache, PAGE_CACHE_ANSWERS, 10);
    assert_true(is_kept(cache, &asker, &first));
    struct route_request more = request_of("/more");
    keep(cache, &more);
    assert_false(is_kept(cache, &asker, &first));
    assert_true(is_kept(cache, &asker, &second));
    assert_int_equal(cache->used, held(cache));
}

static void memory_has_a_bound(void **state)
{
    struct page_cache *cache = cache_new(state);

    keep_many(cache, 3 * PAGE_CACHE_BYTES / KIB(200), KIB(200));
    assert_int_equal(cache->used, held(cache));
    assert_true(cache->used > PAGE_CACHE_BYTES - KIB(256));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_answer_comes_back_whole, cache_end),
        cmocka_unit_test_teardown(each_part_of_the_key_tells_answers_apart, cache_end),
        cmocka_unit_test_teardown(a_part_cannot_feign_its_neighbour, cache_end),
        cmocka_unit_test_teardown(an_answer_grows_old, cache_end),
        cmocka_unit_test_teardown(what_is_made_in_stillness_lives_longer, cache_end),
        cmocka_unit_test_teardown(receipts_end_a_longer_life, cache_end),
        cmocka_unit_test_teardown(each_slot_has_its_own_life, cache_end),
        cmocka_unit_test_teardown(a_change_leaves_a_page_for_a_moment, cache_end),
        cmocka_unit_test_teardown(what_is_made_anew_takes_the_place_of_the_old, cache_end),
        cmocka_unit_test_teardown(what_is_taken_back_is_gone_at_once, cache_end),
        cmocka_unit_test_teardown(a_document_that_changed_is_made_anew, cache_end),
        cmocka_unit_test_teardown(what_is_not_for_everybody_is_not_kept, cache_end),
        cmocka_unit_test_teardown(the_oldest_make_room, cache_end),
        cmocka_unit_test_teardown(memory_has_a_bound, cache_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
