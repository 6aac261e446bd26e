/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/compress.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/limits.h"
#include "tests/vectors.h"

#define MEMORY_FOR_A_FRAME MIB(16) /* Beyond what the process holds: the declared size and zstd's own working memory. */

/* Text that compresses, but not to nothing. */
static uint8_t *text_of(size_t len)
{
    uint8_t *at = malloc(len + 1);
    uint32_t random = 1;

    assert_non_null(at);
    for (size_t i = 0; i < len; i++) {
        random = random * 1664525 + 1013904223;
        at[i] = (uint8_t)("etaoin shrdlu\n.,"[random >> 28]);
    }
    return at;
}

static bool stops_at_third(void *context)
{
    return ++*(int *)context == 3;
}

static void compressing_slowly_can_be_given_up(void **state)
{
    uint8_t *text = text_of(MIB(1));
    struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK), plain = BUFFER(MIB(1));
    int asked = 0;

    (void)state;
    buffer_u8(&frame, 0xff);
    assert_int_equal(compress_slowly(bytes_of(text, MIB(1)), COMPRESS_BULK, stops_at_third, &asked, &frame), ERR_BUSY);
    assert_int_equal(asked, 3);
    assert_int_equal(frame.len, 1);
    assert_int_equal(compress_slowly(bytes_of(text, MIB(1)), COMPRESS_BULK, stops_at_third, &asked, &frame), ERR_OK);
    assert_int_equal(compress_open(bytes_from(buffer_bytes(&frame), 1), MIB(1), &plain), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&plain), bytes_of(text, MIB(1))));
    buffer_free(&frame);
    buffer_free(&plain);
    free(text);
}

static void what_is_compressed_opens(void **state)
{
    static const size_t lens[] = {0,           1, 255, 256, 257, 65535, 65792, LIMIT_BUNDLE_SMALL, LIMIT_BUNDLE - 1,
                                  LIMIT_BUNDLE};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        uint8_t *text = text_of(lens[i]);
        struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK), plain = BUFFER(LIMIT_BUNDLE + 2);

        buffer_u8(&frame, 0xff);
        buffer_u8(&plain, 0xee);
        assert_int_equal(compress_frame(bytes_of(text, lens[i]), COMPRESS_BULK, &frame), ERR_OK);
        assert_int_equal(compress_open(bytes_from(buffer_bytes(&frame), 1), lens[i], &plain), ERR_OK);
        assert_int_equal(plain.at[0], 0xee);
        assert_true(bytes_equal(bytes_from(buffer_bytes(&plain), 1), bytes_of(text, lens[i])));
        if (lens[i] > 0) {
            assert_int_equal(compress_open(bytes_from(buffer_bytes(&frame), 1), lens[i] - 1, &plain), ERR_LIMIT);
            assert_int_equal(plain.len, lens[i] + 1);
        }
        buffer_free(&frame);
        buffer_free(&plain);
        free(text);
    }
}

static void what_goes_on_after_a_base_opens_after_it_alone(void **state)
{
    uint8_t *text = text_of(LIMIT_PUSH_BASE + 1), *again = text_of(KIB(7)); /* zstd minds runs that overlap. */
    struct bytes base = bytes_of(text, LIMIT_PUSH_BASE), plain = bytes_of(again + 100, KIB(6));
    struct buffer frame = BUFFER(LIMIT_MESSAGE), alone = BUFFER(LIMIT_MESSAGE), read = BUFFER(LIMIT_BUNDLE_SMALL);

    (void)state;
    assert_int_equal(compress_after(base, plain, &frame), ERR_OK);
    assert_int_equal(compress_after(bytes_of(NULL, 0), plain, &alone), ERR_OK);
    assert_true(frame.len < 40 && alone.len > KIB(2));
    assert_int_equal(compress_open_after(base, buffer_bytes(&frame), KIB(6), &read), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&read), plain));
    buffer_clear(&read);
    assert_int_equal(compress_open_after(base, buffer_bytes(&frame), KIB(6) - 1, &read), ERR_LIMIT);
    assert_int_equal(compress_open(buffer_bytes(&frame), KIB(6), &read), ERR_FORMAT);
    assert_int_equal(compress_open_after(bytes_of(text, 50), buffer_bytes(&frame), KIB(6), &read), ERR_FORMAT);
    assert_int_equal(read.len, 0);
    assert_int_equal(compress_open(buffer_bytes(&alone), KIB(6), &read), ERR_OK);
    assert_int_equal(compress_after(bytes_of(text, LIMIT_PUSH_BASE + 1), plain, &frame), ERR_LIMIT);
    buffer_free(&frame);
    buffer_free(&alone);
    buffer_free(&read);
    free(text);
    free(again);
}

static void every_level_keeps_to_the_profile(void **state)
{
    uint8_t *text = text_of(LIMIT_BUNDLE);

    (void)state;
    for (int level = 1; level <= 22; level += 7) {
        struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK), plain = BUFFER(LIMIT_BUNDLE);

        assert_int_equal(compress_frame(bytes_of(text, KIB(300)), level, &frame), ERR_OK);
        assert_int_equal(compress_open(buffer_bytes(&frame), LIMIT_BUNDLE, &plain), ERR_OK);
        assert_int_equal(plain.len, KIB(300));
        buffer_free(&frame);
        buffer_free(&plain);
    }
    free(text);
}

static void more_than_a_bundle_is_not_compressed(void **state)
{
    uint8_t *text = text_of(LIMIT_BUNDLE + 1);
    struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK);

    (void)state;
    assert_int_equal(compress_frame(bytes_of(text, LIMIT_BUNDLE + 1), COMPRESS_BULK, &frame), ERR_LIMIT);
    assert_int_equal(frame.len, 0);
    buffer_free(&frame);
    free(text);
}

static void a_frame_that_does_not_fit_is_a_limit(void **state)
{
    uint8_t *text = text_of(KIB(64));
    struct buffer frame = BUFFER(KIB(64));
    size_t len;

    (void)state;
    assert_int_equal(compress_frame(bytes_of(text, KIB(64)), COMPRESS_LIVE, &frame), ERR_OK);
    len = frame.len;
    buffer_free(&frame);
    frame.limit = len - 1;
    assert_int_equal(compress_frame(bytes_of(text, KIB(64)), COMPRESS_LIVE, &frame), ERR_LIMIT);
    assert_int_equal(frame.len, 0);
    buffer_free(&frame);
    free(text);
}

static void a_frame_one_byte_short_or_long_is_refused(void **state)
{
    uint8_t *text = text_of(3000);
    struct buffer frame = BUFFER(KIB(64)), plain = BUFFER(KIB(64));

    (void)state;
    assert_int_equal(compress_frame(bytes_of(text, 3000), COMPRESS_LIVE, &frame), ERR_OK);
    for (size_t len = 0; len < frame.len; len++)
        assert_int_equal(compress_open(bytes_of(frame.at, len), KIB(64), &plain), ERR_FORMAT);
    buffer_u8(&frame, 0);
    assert_int_equal(compress_open(buffer_bytes(&frame), KIB(64), &plain), ERR_FORMAT);
    assert_int_equal(plain.len, 0);
    assert_int_equal(compress_open(bytes_of(frame.at, frame.len - 1), KIB(64), &plain), ERR_OK);
    buffer_free(&frame);
    buffer_free(&plain);
    free(text);
}

/* Magic, descriptor, window, a content size of 8 bytes, and one last raw block of the 5 bytes "hello". */
static struct bytes windowed_frame(uint8_t window)
{
    static uint8_t at[] = {0x28, 0xb5, 0x2f, 0xfd, 0xc0, 0, 5,   0,   0,   0,   0,
                           0,    0,    0,    0x29, 0,    0, 'h', 'e', 'l', 'l', 'o'};

    at[5] = window;
    return bytes_of(at, sizeof at);
}

static void a_window_above_eight_mebibytes_is_refused(void **state)
{
    struct buffer plain = BUFFER(64);

    (void)state;
    for (unsigned window = 0; window < 256; window++) {
        buffer_clear(&plain);
        /* Exponent 13 and mantissa 0: 2^23. */
        assert_int_equal(compress_open(windowed_frame((uint8_t)window), 64, &plain),
                         window <= 13 << 3 ? ERR_OK : ERR_FORMAT);
        assert_int_equal(plain.len, window <= 13 << 3 ? 5 : 0);
    }
    buffer_free(&plain);
}

/* What zstd itself skips or ignores would give one text several forms. */
static void what_stands_beside_the_frame_is_refused(void **state)
{
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0};
    static const uint8_t empty[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0};
    static const uint8_t dictionary_0[] = {0x28, 0xb5, 0x2f, 0xfd, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
    struct buffer two = BUFFER(256), plain = BUFFER(64);

    (void)state;
    assert_int_equal(compress_open(bytes_of(empty, sizeof empty), 64, &plain), ERR_OK);
    assert_int_equal(compress_open(bytes_of(dictionary_0, sizeof dictionary_0), 64, &plain), ERR_FORMAT);
    for (int kind = 0; kind < 4; kind++) {
        struct bytes other = kind & 1 ? bytes_of(skippable, sizeof skippable) : bytes_of(empty, sizeof empty);

        buffer_clear(&two);
        buffer_add(&two, kind & 2 ? other : windowed_frame(0));
        buffer_add(&two, kind & 2 ? windowed_frame(0) : other);
        assert_int_equal(compress_open(buffer_bytes(&two), 64, &plain), ERR_FORMAT);
    }
    assert_int_equal(plain.len, 0);
    buffer_free(&two);
    buffer_free(&plain);
}

static void a_full_buffer_is_a_limit_of_its_own(void **state)
{
    struct buffer plain = BUFFER(4);

    (void)state;
    assert_int_equal(compress_open(windowed_frame(0), 64, &plain), ERR_LIMIT);
    assert_int_equal(plain.len, 0);
}

static void flipped_bits_never_pass_the_bounds(void **state)
{
    uint8_t *text = text_of(2000);
    struct buffer frame = BUFFER(KIB(64));

    (void)state;
    assert_int_equal(compress_frame(bytes_of(text, 2000), COMPRESS_LIVE, &frame), ERR_OK);
    for (size_t i = 0; i < frame.len * 8; i++) {
        struct buffer plain = BUFFER(KIB(8));

        frame.at[i / 8] ^= (uint8_t)(1 << i % 8);
        if (compress_open(buffer_bytes(&frame), KIB(4), &plain) == ERR_OK)
            assert_true(plain.len <= KIB(4));
        else
            assert_int_equal(plain.len, 0);
        frame.at[i / 8] ^= (uint8_t)(1 << i % 8);
        buffer_free(&plain);
    }
    buffer_free(&frame);
    free(text);
}

/* ---- hostile frames ---- */

#define HOSTILE_MAX 64

struct hostile {
    const char *name;
    const char *profile;
    struct bytes frame;
};

static size_t load_hostile(struct hostile hostile[HOSTILE_MAX])
{
    json_t *vector;
    size_t i, count = 0;

    json_array_foreach(vectors_json("derived/zstd-hostile/index.json"), i, vector)
    {
        char path[256];

        assert_true(count < HOSTILE_MAX);
        snprintf(path, sizeof path, "derived/zstd-hostile/%s", vectors_text(vector, "file"));
        hostile[count++] =
            (struct hostile){vectors_text(vector, "file"), vectors_text(vector, "igum_profile"), vectors_file(path)};
    }
    return count;
}

static enum err verdict_of(struct bytes frame)
{
    struct buffer plain = BUFFER(LIMIT_BUNDLE);
    enum err err = compress_open(frame, LIMIT_BUNDLE, &plain);

    if (!err && (plain.len != 5 || plain.size > KIB(1)))
        err = ERR_EXISTS; /* Every frame of these that may be accepted holds five bytes. */
    buffer_free(&plain);
    return err;
}

static bool run_hostile(const struct hostile hostile[], size_t count)
{
    size_t refused = 0;

    for (size_t i = 0; i < count; i++) {
        const char *profile = hostile[i].profile;
        enum err err = verdict_of(hostile[i].frame);

        if ((strcmp(profile, "accept") == 0 && err) || (strcmp(profile, "reject") == 0 && !err) || err == ERR_EXISTS ||
            err == ERR_MEMORY) {
            fprintf(stderr, "%s: %s, %s\n", hostile[i].name, profile, err_text(err));
            return false;
        }
        refused += err == ERR_FORMAT || err == ERR_LIMIT;
    }
    return refused >= 15;
}

static void hostile_frames_get_their_verdict(void **state)
{
    struct hostile hostile[HOSTILE_MAX];

    (void)state;
    assert_true(run_hostile(hostile, load_hostile(hostile)));
}

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#endif

static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu", &pages), 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* An allocation that no compiler removes. */
static bool take(size_t size)
{
    void *volatile at = malloc(size);
    bool taken = at != NULL;

    free(at);
    return taken;
}

/* The same in a child that cannot get more memory than one frame may take. */
static void hostile_frames_stay_within_the_memory_bound(void **state)
{
    struct hostile hostile[HOSTILE_MAX];
    int status = 0;

    (void)state;
#ifdef SANITIZED
    skip(); /* AddressSanitizer reserves terabytes of address space. */
#endif
    size_t count = load_hostile(hostile);
    size_t bound = address_space() + MEMORY_FOR_A_FRAME;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {.rlim_cur = bound, .rlim_max = bound};

        /* The limit must bite, or it proves nothing. */
        if (setrlimit(RLIMIT_AS, &limit) != 0 || take(2 * MEMORY_FOR_A_FRAME))
            _exit(2);
        _exit(run_hostile(hostile, count) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void upstream_corpora_do_no_harm(void **state)
{
    static const char *const directories[] = {"zstd/golden-decompression", "zstd/golden-decompression-errors",
                                              "zstd/golden-compression", "zstd/golden-dictionaries"};
    size_t run = 0;

    (void)state;
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        DIR *directory = opendir(vectors_path(directories[i]));
        struct dirent *entry;

        assert_non_null(directory);
        while ((entry = readdir(directory))) {
            struct buffer plain = BUFFER(LIMIT_BUNDLE);
            char name[512];

            if (entry->d_name[0] == '.')
                continue;
            snprintf(name, sizeof name, "%s/%s", directories[i], entry->d_name);
            if (compress_open(vectors_file(name), LIMIT_BUNDLE, &plain) != ERR_OK)
                assert_int_equal(plain.len, 0);
            buffer_free(&plain);
            run++;
        }
        closedir(directory);
    }
    assert_true(run >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressing_slowly_can_be_given_up),
        cmocka_unit_test(what_is_compressed_opens),
        cmocka_unit_test(what_goes_on_after_a_base_opens_after_it_alone),
        cmocka_unit_test(every_level_keeps_to_the_profile),
        cmocka_unit_test(more_than_a_bundle_is_not_compressed),
        cmocka_unit_test(a_frame_that_does_not_fit_is_a_limit),
        cmocka_unit_test(a_frame_one_byte_short_or_long_is_refused),
        cmocka_unit_test(a_window_above_eight_mebibytes_is_refused),
        cmocka_unit_test(what_stands_beside_the_frame_is_refused),
        cmocka_unit_test(a_full_buffer_is_a_limit_of_its_own),
        cmocka_unit_test(flipped_bits_never_pass_the_bounds),
        cmocka_unit_test(hostile_frames_get_their_verdict),
        cmocka_unit_test(hostile_frames_stay_within_the_memory_bound),
        cmocka_unit_test(upstream_corpora_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
