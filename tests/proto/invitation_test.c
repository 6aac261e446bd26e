/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/invitation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/samples.h"

#define LINE_MAX_LEN 2048
#define PREFIX_LEN 6

static struct buffer written(const struct invitation *invitation)
{
    struct buffer line = BUFFER(LINE_MAX_LEN);

    invitation_write(&line, invitation);
    assert_int_equal(buffer_error(&line), ERR_OK);
    return line;
}

/* The line for these bytes, with a right check behind them. */
static struct buffer line_of(struct bytes body)
{
    struct id check = id_hash(ID_BLOB, body);
    struct buffer binary = BUFFER(LINE_MAX_LEN);
    struct buffer line = BUFFER(LINE_MAX_LEN);
    char text[LINE_MAX_LEN];

    buffer_add(&binary, body);
    buffer_add(&binary, bytes_of(check.at, 4));
    sodium_bin2base64(text, sizeof text, binary.at, binary.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_text(&line, "igum1:");
    buffer_text(&line, text);
    buffer_free(&binary);
    return line;
}

static enum err read_body(struct bytes body)
{
    struct buffer line = line_of(body);
    struct invitation invitation;
    enum err err = invitation_read(buffer_bytes(&line), &invitation);

    buffer_free(&line);
    return err;
}

/* The bytes behind a line, without the check. */
static size_t body_of(enum invitation_kind kind, uint8_t body[LINE_MAX_LEN])
{
    struct invitation invitation = sample_invitation(kind);
    struct buffer line = written(&invitation);
    size_t len;

    assert_int_equal(sodium_base642bin(body, LINE_MAX_LEN, (char *)line.at + PREFIX_LEN, line.len - PREFIX_LEN, NULL,
                                       &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    buffer_free(&line);
    return len - 4;
}

static bool is_wiped(const struct invitation *invitation)
{
    return sodium_is_zero((const unsigned char *)invitation, sizeof *invitation) == 1;
}

static void each_kind_is_read_back(void **state)
{
    (void)state;
    for (size_t kind = INVITATION_KIBBUTZ; kind <= INVITATION_NODE; kind++) {
        struct invitation invitation = sample_invitation((enum invitation_kind)kind);
        struct buffer line = written(&invitation);
        struct invitation read;

        assert_int_equal(invitation_read(buffer_bytes(&line), &read), ERR_OK);
        assert_int_equal(read.kind, kind);
        assert_true(id_equal(&read.network, &invitation.network));
        assert_true(id_equal(&read.root, &invitation.root));
        assert_memory_equal(read.seed, invitation.seed, sizeof read.seed);
        assert_true(id_equal(&read.grant, &invitation.grant));
        assert_true(id_equal(&read.kibbutz, &invitation.kibbutz));
        assert_true(id_equal(&read.channel, &invitation.channel));
        assert_string_equal(read.address, invitation.address);
        buffer_free(&line);
    }
}

static void a_kibbutz_is_named_by_its_grant_alone(void **state)
{
    uint8_t body[LINE_MAX_LEN];
    size_t kibbutz = body_of(INVITATION_KIBBUTZ, body);
    size_t node = body_of(INVITATION_NODE, body);

    (void)state;
    assert_int_equal(kibbutz + ID_LEN, node);
}

static void spaces_around_a_line_do_not_matter(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_NODE);
    struct buffer line = written(&invitation);
    char text[LINE_MAX_LEN];
    int len = snprintf(text, sizeof text, "\n \t%.*s \r\n", (int)line.len, (char *)line.at);

    (void)state;
    assert_int_equal(invitation_read(bytes_of(text, (size_t)len), &invitation), ERR_OK);
    text[len / 2] = ' ';
    assert_int_equal(invitation_read(bytes_of(text, (size_t)len), &invitation), ERR_AUTH);
    assert_int_equal(invitation_read(bytes_text("  "), &invitation), ERR_VERSION);
    buffer_free(&line);
}

static void no_wrong_letter_is_ever_accepted(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_COORDINATOR);
    struct buffer line = written(&invitation);

    (void)state;
    for (size_t at = 0; at < line.len; at++) {
        uint8_t right = line.at[at];

        for (unsigned wrong = 0; wrong < 256; wrong++) {
            enum err err;

            if (wrong == right)
                continue;
            line.at[at] = (uint8_t)wrong;
            if (at + 1 == line.len && strchr(" \t\r\n", (int)wrong) && wrong)
                continue; /* Then it is a line cut short: the next test. */
            err = invitation_read(buffer_bytes(&line), &invitation);
            if (err != ERR_AUTH && err != ERR_FORMAT && (err != ERR_VERSION || at >= PREFIX_LEN))
                fail_msg("letter %zu as %u: %s", at, wrong, err_text(err));
            if (!is_wiped(&invitation))
                fail_msg("letter %zu as %u leaves a secret", at, wrong);
        }
        line.at[at] = right;
    }
    buffer_free(&line);
}

/* Where the bits of the last letter are not all used, most other letters there are no base64. */
static void a_wrong_last_letter_is_told_as_one(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    (void)state;
    for (size_t padding = 0; padding < 3; padding++) {
        struct invitation invitation = sample_invitation(INVITATION_COORDINATOR);

        (void)snprintf(invitation.address, sizeof invitation.address, "%.*shost:8610", (int)padding, "ab");
        struct buffer line = written(&invitation);
        uint8_t *last = &line.at[line.len - 1], right = *last;

        assert_int_equal(invitation_read(buffer_bytes(&line), &invitation), ERR_OK);
        for (const char *letter = letters; *letter; letter++) {
            *last = (uint8_t)*letter;
            assert_int_equal(invitation_read(buffer_bytes(&line), &invitation), *last == right ? ERR_OK : ERR_AUTH);
        }
        buffer_free(&line);
    }
}

static void a_cut_or_longer_line_is_refused(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_NODE);
    struct buffer line = written(&invitation);

    (void)state;
    for (size_t len = 0; len < line.len; len++) {
        enum err err = invitation_read(bytes_of(line.at, len), &invitation);

        assert_true(err == (len < PREFIX_LEN ? ERR_VERSION : ERR_FORMAT) || (len > PREFIX_LEN && err == ERR_AUTH));
    }
    for (const char *more = "A=-_ "; *more; more++) {
        buffer_u8(&line, (uint8_t)*more);
        buffer_u8(&line, 'A');
        assert_int_not_equal(invitation_read(buffer_bytes(&line), &invitation), ERR_OK);
        line.len -= 2;
    }
    assert_int_equal(invitation_read(buffer_bytes(&line), &invitation), ERR_OK);
    buffer_free(&line);
}

static void two_swapped_letters_are_noticed(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_NODE);
    struct buffer line = written(&invitation);

    (void)state;
    for (size_t at = PREFIX_LEN; at + 1 < line.len; at++) {
        uint8_t first = line.at[at];

        if (first == line.at[at + 1])
            continue;
        line.at[at] = line.at[at + 1];
        line.at[at + 1] = first;
        assert_int_not_equal(invitation_read(buffer_bytes(&line), &invitation), ERR_OK);
        line.at[at + 1] = line.at[at];
        line.at[at] = first;
    }
    buffer_free(&line);
}

static void another_version_is_told_apart(void **state)
{
    struct invitation invitation;

    (void)state;
    assert_int_equal(invitation_read(bytes_text("igum2:AAAA"), &invitation), ERR_VERSION);
    assert_int_equal(invitation_read(bytes_text("https://example/"), &invitation), ERR_VERSION);
    assert_int_equal(invitation_read(bytes_of(NULL, 0), &invitation), ERR_VERSION);
    assert_int_equal(invitation_read(bytes_text("igum1:"), &invitation), ERR_FORMAT);
    assert_int_equal(invitation_read(bytes_text("igum1:AAA"), &invitation), ERR_FORMAT);
}

static void a_right_check_does_not_excuse_wrong_fields(void **state)
{
    uint8_t body[LINE_MAX_LEN];
    size_t len = body_of(INVITATION_NODE, body);
    const size_t channel = 1 + 5 * ID_LEN;

    (void)state;
    assert_int_equal(read_body(bytes_of(body, len)), ERR_OK);
    assert_int_equal(read_body(bytes_of(body, len - 1)), ERR_FORMAT);
    body[len] = 'x';
    assert_int_equal(read_body(bytes_of(body, len + 1)), ERR_FORMAT);
    body[0] = 0;
    assert_int_equal(read_body(bytes_of(body, len)), ERR_FORMAT);
    body[0] = 4;
    assert_int_equal(read_body(bytes_of(body, len)), ERR_FORMAT);
    body[0] = INVITATION_KIBBUTZ;
    assert_int_equal(read_body(bytes_of(body, len)), ERR_FORMAT);
    body[0] = INVITATION_COORDINATOR;
    assert_int_equal(read_body(bytes_of(body, len)), ERR_OK);
    body[len - 5] = '/';
    assert_int_equal(read_body(bytes_of(body, len)), ERR_FORMAT); /* host/7117 */
    body_of(INVITATION_NODE, body);
    memset(body + channel, 0, ID_LEN);
    assert_int_equal(read_body(bytes_of(body, len)), ERR_FORMAT);
    assert_int_equal(read_body(bytes_of(body, 0)), ERR_FORMAT);
}

static void an_address_may_be_missing_or_the_longest(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_NODE);
    struct invitation read;
    struct buffer line;

    (void)state;
    invitation.address[0] = '\0';
    line = written(&invitation);
    assert_int_equal(invitation_read(buffer_bytes(&line), &read), ERR_OK);
    assert_string_equal(read.address, "");
    buffer_free(&line);

    memset(invitation.address, 'h', LIMIT_ADDRESS);
    memcpy(invitation.address + LIMIT_ADDRESS - 2, ":1", 3);
    line = written(&invitation);
    assert_int_equal(invitation_read(buffer_bytes(&line), &read), ERR_OK);
    assert_string_equal(read.address, invitation.address);
    buffer_u8(&line, 'A');
    assert_int_not_equal(invitation_read(buffer_bytes(&line), &read), ERR_OK);
    buffer_free(&line);
}

static void an_endless_line_is_refused(void **state)
{
    static uint8_t text[1 << 16];
    struct invitation invitation;

    (void)state;
    memset(text, 'A', sizeof text);
    memcpy(text, "igum1:", PREFIX_LEN);
    for (size_t len = 500; len < 800; len++)
        assert_int_not_equal(invitation_read(bytes_of(text, len), &invitation), ERR_OK);
    assert_int_equal(invitation_read(bytes_of(text, sizeof text), &invitation), ERR_FORMAT);
}

static void a_wiped_invitation_holds_nothing(void **state)
{
    struct invitation invitation = sample_invitation(INVITATION_NODE);

    (void)state;
    assert_false(is_wiped(&invitation));
    invitation_wipe(&invitation);
    assert_true(is_wiped(&invitation));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_read_back),
        cmocka_unit_test(a_kibbutz_is_named_by_its_grant_alone),
        cmocka_unit_test(spaces_around_a_line_do_not_matter),
        cmocka_unit_test(no_wrong_letter_is_ever_accepted),
        cmocka_unit_test(a_wrong_last_letter_is_told_as_one),
        cmocka_unit_test(a_cut_or_longer_line_is_refused),
        cmocka_unit_test(two_swapped_letters_are_noticed),
        cmocka_unit_test(another_version_is_told_apart),
        cmocka_unit_test(a_right_check_does_not_excuse_wrong_fields),
        cmocka_unit_test(an_address_may_be_missing_or_the_longest),
        cmocka_unit_test(an_endless_line_is_refused),
        cmocka_unit_test(a_wiped_invitation_holds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
