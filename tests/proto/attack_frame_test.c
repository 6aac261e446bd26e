/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks by compressed frames, numbered as in docs/PROTOCOL.md, 7; the frames are made byte by byte. */

#include "proto/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <malloc.h>

#include "proto/limits.h"

#define BLOCK (KIB(128)) /* The largest block that zstd has. */
#define SINGLE_SEGMENT 0x20
#define SIZE_IN_4_BYTES 0x80
#define DICTIONARY_IN_1_BYTE 0x01

static void u32_le(struct buffer *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        buffer_u8(out, (uint8_t)(value >> 8 * i));
}

/* The head of a frame that declares so many bytes. */
static struct buffer begin(uint8_t descriptor, int extra, uint32_t declared)
{
    struct buffer frame = BUFFER(MIB(8));

    u32_le(&frame, 0xfd2fb528);
    buffer_u8(&frame, descriptor | SIZE_IN_4_BYTES);
    if (extra >= 0)
        buffer_u8(&frame, (uint8_t)extra);
    u32_le(&frame, declared);
    return frame;
}

/* A block of one byte, repeated: four bytes that become up to 128 KiB. */
static void repeat(struct buffer *frame, uint32_t count, bool last)
{
    uint32_t header = count << 3 | 1 << 1 | last;

    buffer_u8(frame, (uint8_t)header);
    buffer_u8(frame, (uint8_t)(header >> 8));
    buffer_u8(frame, (uint8_t)(header >> 16));
    buffer_u8(frame, 'x');
}

static void skippable(struct buffer *frame, uint32_t claimed, size_t len)
{
    u32_le(frame, 0x184d2a50);
    u32_le(frame, claimed);
    for (size_t i = 0; i < len; i++)
        buffer_u8(frame, 0);
}

/* Opens it; frees it.  What memory that takes is bounded, whatever the frame says. */
static enum err judge(struct buffer *frame, size_t *opened)
{
    struct buffer plain = BUFFER(LIMIT_BUNDLE_SMALL);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    enum err err = compress_open(buffer_bytes(frame), LIMIT_BUNDLE_SMALL, &plain);
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;

    assert_true(after < before + LIMIT_BUNDLE_SMALL + MIB(1));
    *opened = plain.len;
    buffer_free(&plain);
    buffer_free(frame);
    return err;
}

static void assert_refused(struct buffer frame, enum err expected)
{
    size_t opened;

    assert_int_equal(judge(&frame, &opened), expected);
    assert_int_equal(opened, 0);
}

static void assert_good(void)
{
    struct buffer frame = begin(SINGLE_SEGMENT, -1, 1000);
    size_t opened;

    repeat(&frame, 1000, true);
    assert_int_equal(judge(&frame, &opened), ERR_OK);
    assert_int_equal(opened, 1000);
}

static struct buffer bomb(uint32_t declared, size_t blocks)
{
    struct buffer frame = begin(SINGLE_SEGMENT, -1, declared);

    for (size_t i = 0; i < blocks; i++)
        repeat(&frame, BLOCK, i + 1 == blocks);
    return frame;
}

/* Goal: no frame costs more memory than its reader meant to give.  Method: 32 KiB that become a GiB, told and untold. */
static void attack_36_zstd_bomb(void **state)
{
    (void)state;
    assert_good();
    assert_refused(bomb(8192 * BLOCK, 8192), ERR_LIMIT);     /* It says so: nothing is even begun. */
    assert_refused(bomb(1000, 8192), ERR_FORMAT);            /* It says a thousand bytes, and goes on and on. */
    assert_refused(bomb(LIMIT_BUNDLE_SMALL, 1), ERR_FORMAT); /* It says more than comes. */
}

static void attack_36_zstd_window(void **state)
{
    (void)state;
    for (int exponent = LIMIT_WINDOW_LOG - 10 + 1; exponent < 32; exponent++) {
        struct buffer frame = begin(0, exponent << 3, 1000);

        repeat(&frame, 1000, true);
        assert_refused(frame, ERR_FORMAT);
    }
    assert_good();
}

static void attack_36_zstd_skippable(void **state)
{
    struct buffer flood = BUFFER(MIB(8)), claims = BUFFER(KIB(1)), behind = begin(SINGLE_SEGMENT, -1, 1000);

    (void)state;
    for (int i = 0; i < 100000; i++)
        skippable(&flood, 0, 0);
    assert_refused(flood, ERR_FORMAT);
    skippable(&claims, 0xffffffff, 10);
    assert_refused(claims, ERR_FORMAT);
    repeat(&behind, 1000, true);
    skippable(&behind, 4, 4);
    assert_refused(behind, ERR_FORMAT);
}

/* Goal: nobody but this program chooses what a frame is read against.  Method: frames that name a dictionary, or bring one. */
static void attack_37_hostile_dictionary(void **state)
{
    struct buffer named = begin(SINGLE_SEGMENT | DICTIONARY_IN_1_BYTE, 7, 1000), brought = BUFFER(KIB(1));

    (void)state;
    repeat(&named, 1000, true);
    assert_refused(named, ERR_FORMAT);
    u32_le(&brought, 0xec30a437);
    u32_le(&brought, 7);
    repeat(&brought, 1000, true);
    assert_refused(brought, ERR_FORMAT);
    assert_good();
}

/* Goal: git's own packs, with deltas that grow without bound, are never looked into.  Method: one where a frame belongs. */
static void attack_38_pack_for_a_frame(void **state)
{
    static const uint8_t pack[] = "PACK\0\0\0\2\0\0\0\1\x7e\0\0\0";
    struct buffer frame = BUFFER(KIB(1));

    (void)state;
    buffer_add(&frame, bytes_of(pack, sizeof pack));
    assert_refused(frame, ERR_FORMAT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_36_zstd_bomb),        cmocka_unit_test(attack_36_zstd_window),
        cmocka_unit_test(attack_36_zstd_skippable),   cmocka_unit_test(attack_37_hostile_dictionary),
        cmocka_unit_test(attack_38_pack_for_a_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
