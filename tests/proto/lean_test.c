/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/lean.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "tests/support/federation.h"

struct sample {
    struct federation f;
    struct buffer bundle;
    struct bundle_record wire, content;
    struct entry entry;
};

static void begin(struct sample *s, enum act_audience audience)
{
    struct bundle_reader reader;

    federation_begin(&s->f, "רשת");
    s->bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&s->bundle, &s->f.network);
    federation_publish(&s->f, &s->f.founder, "# ראשון\n", audience, &s->bundle);
    buffer_clear(&s->bundle);
    bundle_begin(&s->bundle, &s->f.network);
    federation_publish(&s->f, &s->f.founder, "# שני\n", audience, &s->bundle);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&s->bundle), &s->f.network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &s->wire), ERR_OK);
    assert_int_equal(bundle_next(&reader, &s->content), ERR_OK);
    assert_int_equal(entry_decode(s->wire.bytes, &s->f.network, &s->entry), ERR_OK);
}

static void end(struct sample *s)
{
    buffer_free(&s->bundle);
    federation_free(&s->f);
}

/* What the receiver knows of it before it reads. */
static struct entry before(const struct sample *s)
{
    return (struct entry){.network = s->f.network, .log = s->entry.log, .seq = s->entry.seq, .prev = s->entry.prev};
}

static void what_follows_from_the_rest_is_rebuilt(void **state)
{
    (void)state;
    for (int with_content = 0; with_content < 2; with_content++) {
        struct buffer text = BUFFER(KIB(64)), wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
        struct bytes content = bytes_of(NULL, 0);
        struct sample s;
        struct lean lean;

        begin(&s, ACT_FOR_NETWORK);
        if (with_content)
            content = s.content.bytes;
        assert_int_equal(lean_write(&s.entry, content, &text, &lean), ERR_OK);
        struct entry read = before(&s);
        assert_int_equal(lean_read(buffer_bytes(&text), &lean, &read, &wire, &packed), ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&wire), s.wire.bytes));
        assert_true(bytes_equal(buffer_bytes(&packed), content));
        buffer_free(&text);
        buffer_free(&wire);
        buffer_free(&packed);
        end(&s);
    }
}

static void a_content_that_the_entry_does_not_sign_is_not_told_so(void **state)
{
    struct buffer text = BUFFER(KIB(64)), other = BUFFER(LIMIT_CONTENT);
    const uint8_t salt[CONTENT_SALT_LEN] = {1};
    struct sample s;
    struct lean lean;
    struct id id;

    (void)state;
    begin(&s, ACT_FOR_NETWORK);
    struct content_file file = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_text("# אחר\n")};
    assert_int_equal(content_pack(&file, 1, salt, &other, &id), ERR_OK);
    assert_int_equal(lean_write(&s.entry, buffer_bytes(&other), &text, &lean), ERR_MISSING);
    assert_int_equal(lean_write(&s.entry, bytes_of(s.content.bytes.at, 9), &text, &lean), ERR_MISSING);
    buffer_free(&text);
    buffer_free(&other);
    end(&s);
}

/* Whatever the text says: an error, or bytes for entry_decode() and the signature to judge; never more than the limits. */
static void no_text_does_harm(void **state)
{
    struct buffer text = BUFFER(KIB(64));
    struct sample s;
    struct lean lean;

    (void)state;
    begin(&s, ACT_FOR_NETWORK);
    assert_int_equal(lean_write(&s.entry, s.content.bytes, &text, &lean), ERR_OK);
    for (size_t len = 0; len < text.len; len++) {
        struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
        struct entry read = before(&s);

        assert_int_not_equal(lean_read(bytes_of(text.at, len), &lean, &read, &wire, &packed), ERR_OK);
        buffer_free(&wire);
        buffer_free(&packed);
    }
    for (size_t bit = 0; bit < text.len * 8; bit++) {
        struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
        struct entry read = before(&s);

        text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (!lean_read(buffer_bytes(&text), &lean, &read, &wire, &packed))
            assert_false(bytes_equal(buffer_bytes(&wire), s.wire.bytes) &&
                         bytes_equal(buffer_bytes(&packed), s.content.bytes));
        text.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        buffer_free(&wire);
        buffer_free(&packed);
    }
    buffer_free(&text);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_rest_is_rebuilt),
        cmocka_unit_test(a_content_that_the_entry_does_not_sign_is_not_told_so),
        cmocka_unit_test(no_text_does_harm),
    };

    return cmocka_run_group_tests_name("proto.lean", tests, NULL, NULL);
}
