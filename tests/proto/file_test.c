/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/content.h"

static void a_size_has_so_many_chunks(void **state)
{
    (void)state;
    assert_int_equal(file_chunks(0), 1);
    assert_int_equal(file_chunks(1), 1);
    assert_int_equal(file_chunks(LIMIT_CHUNK), 1);
    assert_int_equal(file_chunks(LIMIT_CHUNK + 1), 2);
    assert_int_equal(file_chunks(LIMIT_FILE), LIMIT_CHUNKS);
    assert_int_equal(file_chunk_size(0, 0), 0);
    assert_int_equal(file_chunk_size(LIMIT_CHUNK + 1, 0), LIMIT_CHUNK);
    assert_int_equal(file_chunk_size(LIMIT_CHUNK + 1, 1), 1);
}

static void each_chunk_is_verified_by_itself(void **state)
{
    uint8_t *bytes = calloc(1, 2 * LIMIT_CHUNK + 5), list[3 * ID_LEN];
    struct bytes all = bytes_of(bytes, 2 * LIMIT_CHUNK + 5), chunks = bytes_of(list, sizeof list);
    struct id digest;

    (void)state;
    assert_non_null(bytes);
    bytes[LIMIT_CHUNK] = 1;
    for (size_t i = 0; i < 3; i++) {
        struct id hash = id_hash(ID_BLOB, bytes_of(bytes + i * LIMIT_CHUNK, file_chunk_size(all.len, i)));
        memcpy(list + i * ID_LEN, hash.at, ID_LEN);
    }
    digest = content_digest(all);
    assert_true(file_list_is(&digest, all.len, chunks));
    assert_false(file_list_is(&digest, all.len - 1, chunks));
    assert_false(file_list_is(&digest, all.len, bytes_of(list, sizeof list - ID_LEN)));
    assert_true(file_chunk_is(&digest, all.len, chunks, 1, bytes_of(bytes + LIMIT_CHUNK, LIMIT_CHUNK)));
    assert_false(file_chunk_is(&digest, all.len, chunks, 0, bytes_of(bytes + LIMIT_CHUNK, LIMIT_CHUNK)));
    assert_false(file_chunk_is(&digest, all.len, chunks, 2, bytes_of(bytes, 4)));
    assert_true(file_chunk_is(&digest, all.len, chunks, 2, bytes_of(bytes, 5)));
    assert_false(file_chunk_is(&digest, all.len, chunks, 3, bytes_of(bytes, 0)));
    list[0] ^= 1;
    assert_false(file_list_is(&digest, all.len, chunks));
    free(bytes);
}

static void a_file_of_one_chunk_needs_no_list(void **state)
{
    const struct id digest = content_digest(bytes_text("scan")), empty = content_digest(bytes_text(""));
    const struct bytes none = bytes_of(NULL, 0);

    (void)state;
    assert_true(file_list_is(&digest, 4, none));
    assert_false(file_list_is(&digest, 4, id_bytes(&digest)));
    assert_true(file_chunk_is(&digest, 4, none, 0, bytes_text("scan")));
    assert_false(file_chunk_is(&digest, 4, none, 0, bytes_text("scam")));
    assert_true(file_chunk_is(&empty, 0, none, 0, none));
}

static void what_is_here_is_counted_once(void **state)
{
    struct file_state here = {.whole = false};

    (void)state;
    file_state_add(&here, 0);
    file_state_add(&here, 255);
    file_state_add(&here, 255);
    assert_int_equal(here.count, 2);
    assert_true(file_state_has(&here, 255));
    assert_false(file_state_has(&here, 254));
    here.whole = true;
    assert_true(file_state_has(&here, 254));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_has_so_many_chunks),
        cmocka_unit_test(each_chunk_is_verified_by_itself),
        cmocka_unit_test(a_file_of_one_chunk_needs_no_list),
        cmocka_unit_test(what_is_here_is_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
