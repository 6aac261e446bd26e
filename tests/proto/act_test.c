/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/act.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

#define BODY_MAX (5 * LIMIT_ENTRY_BODY)
#define ACT_LINES 9

/* The table of docs/FORMAT.md 2.2, written down a second time; the order of lines is that of the document. */
static const struct {
    const char *name;
    const char *lines[ACT_LINES]; /* With ?, * or + behind the name. */
} ACTS[] = {
    [ACT_PUBLISH] = {"publish", {"audience", "content", "need", "count", "supersedes*"}},
    [ACT_REVISE] = {"revise", {"document", "after+", "audience", "content", "need", "count", "supersedes*"}},
    [ACT_WITHDRAW] = {"withdraw", {"document", "reason"}},
    [ACT_APPROVE] = {"approve", {"subject"}},
    [ACT_ERASE] = {"erase", {"subject", "reason"}},
    [ACT_ADMIT] = {"admit", {"invited", "content"}},
    [ACT_GRANT] = {"grant", {"subject", "grants", "by", "channel!", "content"}},
    [ACT_ACCEPT] = {"accept", {"invitation", "key", "card?", "content?", "consent"}},
    [ACT_REVOKE] = {"revoke", {"subject", "pin", "why", "reason?"}},
    [ACT_COUNCIL] = {"council", {"base", "majority", "admission", "line+", "cut*", "keep*", "closed*", "over*"}},
    [ACT_RECOVER] = {"recover", {"kibbutz", "key", "cut*"}},
    [ACT_TRANSPORT] = {"transport", {"channel", "address*"}},
};

static struct buffer sample(enum act act, size_t many)
{
    struct buffer body = BUFFER(BODY_MAX);

    sample_act(&body, act, many);
    assert_int_equal(buffer_error(&body), ERR_OK);
    return body;
}

static enum err check_text(enum act act, const char *text)
{
    return act_check(act, bytes_text(text));
}

/* The sample of an act, with the first line of this name replaced by `line` (may be ""). */
static enum err check_with(enum act act, const char *name, const char *line)
{
    struct buffer body = sample(act, 1);
    struct buffer changed = BUFFER(BODY_MAX);
    char start[32];
    bool done = false;
    enum err err;

    snprintf(start, sizeof start, "%s ", name);
    for (size_t at = 0; at < body.len;) {
        size_t len = (size_t)((uint8_t *)memchr(body.at + at, '\n', body.len - at) - (body.at + at)) + 1;

        if (!done && len > strlen(start) && memcmp(body.at + at, start, strlen(start)) == 0) {
            buffer_text(&changed, line);
            done = true;
        } else {
            buffer_add(&changed, bytes_of(body.at + at, len));
        }
        at += len;
    }
    assert_true(done);
    err = act_check(act, buffer_bytes(&changed));
    buffer_free(&body);
    buffer_free(&changed);
    return err;
}

static enum err check_value(enum act act, const char *name, const char *value)
{
    char line[2048];

    snprintf(line, sizeof line, "%s %s\n", name, value);
    return check_with(act, name, line);
}

static const char *hex(struct id id)
{
    static char text[4][ID_TEXT_LEN + 1];
    static size_t next;
    char *at = text[next++ % 4];

    id_to_text(&id, at);
    return at;
}

/* ---- the grammar ---- */

static void each_known_act_is_accepted_as_the_document_says(void **state)
{
    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++)
        for (size_t many = 0; many < 3; many++) {
            struct buffer body = sample((enum act)act, many);

            if (act_check((enum act)act, buffer_bytes(&body)) != ERR_OK)
                fail_msg("%s with %zu is refused", ACTS[act].name, many);
            buffer_free(&body);
        }
}

static void only_optional_lines_may_be_missing(void **state)
{
    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++)
        for (size_t i = 0; i < ACT_LINES && ACTS[act].lines[i]; i++) {
            char name[32];
            size_t len = strcspn(ACTS[act].lines[i], "?*+!");
            char mark = ACTS[act].lines[i][len];

            snprintf(name, sizeof name, "%.*s", (int)len, ACTS[act].lines[i]);
            if (check_with((enum act)act, name, "") != (mark == '?' || mark == '*' ? ERR_OK : ERR_FORMAT))
                fail_msg("%s without %s", ACTS[act].name, name);
        }
}

static void a_line_twice_is_refused(void **state)
{
    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++) {
        struct buffer body = sample((enum act)act, 1);

        for (size_t at = 0; at < body.len;) {
            size_t len = (size_t)((uint8_t *)memchr(body.at + at, '\n', body.len - at) - (body.at + at)) + 1;
            struct buffer twice = BUFFER(BODY_MAX);
            bool may_repeat = len > 8 && memcmp(body.at + at, "address ", 8) == 0;

            buffer_add(&twice, bytes_of(body.at, at + len));
            buffer_add(&twice, bytes_of(body.at + at, body.len - at));
            if (act_check((enum act)act, buffer_bytes(&twice)) != (may_repeat ? ERR_OK : ERR_FORMAT))
                fail_msg("%s: %.*s", ACTS[act].name, (int)len, (char *)body.at + at);
            buffer_free(&twice);
            at += len;
        }
        buffer_free(&body);
    }
}

static void lines_in_another_order_are_refused(void **state)
{
    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++) {
        struct buffer body = sample((enum act)act, 1);
        size_t first = (size_t)((uint8_t *)memchr(body.at, '\n', body.len) - body.at) + 1;
        struct buffer turned = BUFFER(BODY_MAX);

        buffer_add(&turned, bytes_of(body.at + first, body.len - first));
        buffer_add(&turned, bytes_of(body.at, first));
        if (body.len > first)
            assert_int_equal(act_check((enum act)act, buffer_bytes(&turned)), ERR_FORMAT);
        buffer_free(&turned);
        buffer_free(&body);
    }
}

static void a_cut_line_and_a_byte_too_many_are_refused(void **state)
{
    (void)state;
    for (size_t act = 0; act <= ACT_UNKNOWN; act++) {
        struct buffer body = sample((enum act)act, 1);

        for (size_t len = 1; len < body.len; len++)
            if (body.at[len - 1] != '\n')
                assert_int_equal(act_check((enum act)act, bytes_of(body.at, len)), ERR_FORMAT);
        buffer_u8(&body, '\n');
        assert_int_equal(act_check((enum act)act, buffer_bytes(&body)), ERR_FORMAT);
        buffer_free(&body);
    }
}

static void an_empty_body_suits_no_known_act(void **state)
{
    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++)
        assert_int_equal(act_check((enum act)act, bytes_of(NULL, 0)), ERR_FORMAT);
    assert_int_equal(act_check(ACT_UNKNOWN, bytes_of(NULL, 0)), ERR_OK);
}

static void repeated_lines_ascend(void **state)
{
    struct id ids[2] = {sample_id(1), sample_id(2)};
    struct buffer body = BUFFER(BODY_MAX);

    (void)state;
    if (id_compare(&ids[0], &ids[1]) > 0) {
        ids[0] = sample_id(2);
        ids[1] = sample_id(1);
    }
    for (size_t first = 0; first < 2; first++)
        for (size_t second = 0; second < 2; second++) {
            buffer_clear(&body);
            sample_act(&body, ACT_PUBLISH, 0);
            act_write_id(&body, ACT_SUPERSEDES, &ids[first]);
            act_write_id(&body, ACT_SUPERSEDES, &ids[second]);
            assert_int_equal(act_check(ACT_PUBLISH, buffer_bytes(&body)), first < second ? ERR_OK : ERR_FORMAT);
        }
    buffer_free(&body);
}

static void each_limit_is_met_and_not_passed(void **state)
{
    static const struct {
        enum act act;
        size_t most;
    } limits[] = {
        {ACT_PUBLISH, LIMIT_SUPERSEDES},
        {ACT_RECOVER, LIMIT_PINS},
        {ACT_TRANSPORT, LIMIT_ADDRESSES},
        {ACT_COUNCIL, LIMIT_CLOSED}, /* The smallest of its limits. */
    };

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct buffer most = sample(limits[i].act, limits[i].most);
        struct buffer over = sample(limits[i].act, limits[i].most + 1);

        assert_int_equal(act_check(limits[i].act, buffer_bytes(&most)), ERR_OK);
        assert_int_equal(act_check(limits[i].act, buffer_bytes(&over)), ERR_LIMIT);
        buffer_free(&most);
        buffer_free(&over);
    }
}

static void a_revision_joins_at_most_so_many(void **state)
{
    struct buffer body = BUFFER(BODY_MAX);

    (void)state;
    for (size_t count = LIMIT_AFTER; count <= LIMIT_AFTER + 1; count++) {
        struct buffer publish = sample(ACT_PUBLISH, 0);
        struct buffer revise = sample(ACT_REVISE, count);
        struct bytes lines = buffer_bytes(&revise);

        buffer_clear(
            &body); /* `document` and `after` of one sample, the rest of the other, whose limits are smaller. */
        buffer_add(&body, bytes_of(lines.at,
                                   strlen("document \n") + ID_TEXT_LEN + count * (strlen("after \n") + ID_TEXT_LEN)));
        buffer_add(&body, buffer_bytes(&publish));
        assert_int_equal(act_check(ACT_REVISE, buffer_bytes(&body)), count == LIMIT_AFTER ? ERR_OK : ERR_LIMIT);
        buffer_free(&publish);
        buffer_free(&revise);
    }
    buffer_free(&body);
}

static void a_council_of_three_hundred_kibbutzim_fits(void **state)
{
    (void)state;
    for (size_t count = LIMIT_LINES; count <= LIMIT_LINES + 1; count++) {
        struct buffer body = sample(ACT_COUNCIL, count);
        const uint8_t *after = memmem(body.at, body.len, "\ncut ", 5);

        assert_non_null(after);
        body.len = (size_t)(after + 1 - body.at);
        assert_int_equal(act_check(ACT_COUNCIL, buffer_bytes(&body)), count == LIMIT_LINES ? ERR_OK : ERR_LIMIT);
        buffer_free(&body);
    }
}

static void a_body_is_at_most_so_long(void **state)
{
    struct buffer body = BUFFER(BODY_MAX);
    uint8_t *at = buffer_extend(&body, LIMIT_ENTRY_BODY + 1);

    (void)state;
    memset(at, 'x', LIMIT_ENTRY_BODY + 1);
    memcpy(at, "a ", 2);
    at[LIMIT_ENTRY_BODY - 1] = '\n';
    assert_int_equal(act_check(ACT_UNKNOWN, bytes_of(at, LIMIT_ENTRY_BODY)), ERR_OK);
    at[LIMIT_ENTRY_BODY - 1] = 'x';
    at[LIMIT_ENTRY_BODY] = '\n';
    assert_int_equal(act_check(ACT_UNKNOWN, bytes_of(at, LIMIT_ENTRY_BODY + 1)), ERR_LIMIT);
    buffer_free(&body);
}

/* ---- values ---- */

static void words_are_those_of_the_document(void **state)
{
    (void)state;
    assert_int_equal(check_value(ACT_PUBLISH, "audience", "kibbutz"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "audience", "network"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "audience", "public"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "audience", "everyone"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "audience", "Public"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "audience", ""), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "count", "own"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "count", "owner"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_REVOKE, "why", "compromise"), ERR_OK);
    assert_int_equal(check_value(ACT_REVOKE, "why", "because"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_GRANT, "grants", "steward"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_GRANT, "by", "mail"), ERR_FORMAT);
}

static void thresholds_are_numbers_from_one(void **state)
{
    (void)state;
    assert_int_equal(check_value(ACT_PUBLISH, "need", "1"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "need", "9007199254740991"), ERR_OK);
    assert_int_equal(check_value(ACT_PUBLISH, "need", "9007199254740992"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "need", "0"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "need", "01"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "need", "-1"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_PUBLISH, "need", " 1"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_COUNCIL, "majority", "0"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_COUNCIL, "admission", "0"), ERR_FORMAT);
}

static void ids_are_64_lower_case_digits(void **state)
{
    char text[ID_TEXT_LEN + 2];

    (void)state;
    snprintf(text, sizeof text, "%s", hex(sample_id(1)));
    assert_int_equal(check_value(ACT_APPROVE, "subject", text), ERR_OK);
    text[0] = 'A';
    assert_int_equal(check_value(ACT_APPROVE, "subject", text), ERR_FORMAT);
    text[0] = 'a';
    text[ID_TEXT_LEN] = 'a';
    text[ID_TEXT_LEN + 1] = '\0';
    assert_int_equal(check_value(ACT_APPROVE, "subject", text), ERR_FORMAT);
    text[ID_TEXT_LEN - 1] = '\0';
    assert_int_equal(check_value(ACT_APPROVE, "subject", text), ERR_FORMAT);
}

/* The neutral element, and a point of order 8. */
static const char *const WEAK[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
};

static void a_weak_signing_key_is_refused_wherever_it_is_named(void **state)
{
    static const struct {
        enum act act;
        const char *line;
    } keys[] = {{ACT_ADMIT, "invited"},
                {ACT_GRANT, "subject"},
                {ACT_ACCEPT, "key"},
                {ACT_REVOKE, "subject"},
                {ACT_RECOVER, "key"}};
    char value[512];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(check_value(keys[i].act, keys[i].line, hex(sample_key(99))), ERR_OK);
        for (size_t j = 0; j < sizeof WEAK / sizeof WEAK[0]; j++)
            assert_int_equal(check_value(keys[i].act, keys[i].line, WEAK[j]), ERR_FORMAT);
    }
    snprintf(value, sizeof value, "%s %s 0 -", WEAK[0], hex(sample_id(1)));
    assert_int_equal(check_value(ACT_RECOVER, "cut", value), ERR_FORMAT);
    snprintf(value, sizeof value, "%s vote %s %s", hex(sample_id(1)), hex(sample_id(2)), WEAK[1]);
    assert_int_equal(check_value(ACT_COUNCIL, "line", value), ERR_FORMAT);
    assert_int_equal(check_value(ACT_APPROVE, "subject", WEAK[0]), ERR_OK); /* An id, not a key. */
}

static void a_channel_key_of_zeros_is_refused(void **state)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";

    (void)state;
    assert_int_equal(check_value(ACT_TRANSPORT, "channel", WEAK[0]), ERR_OK);
    assert_int_equal(check_value(ACT_TRANSPORT, "channel", zeros), ERR_FORMAT);
    assert_int_equal(check_value(ACT_GRANT, "channel", zeros), ERR_FORMAT);
}

static enum err check_pin(const char *seq, const char *entry)
{
    char value[256];

    snprintf(value, sizeof value, "%s %s", seq, entry);
    return check_value(ACT_REVOKE, "pin", value);
}

static void a_pin_names_an_entry_or_nothing(void **state)
{
    const char *entry = hex(sample_id(1));

    (void)state;
    assert_int_equal(check_pin("0", "-"), ERR_OK);
    assert_int_equal(check_pin("1", entry), ERR_OK);
    assert_int_equal(check_pin("0", entry), ERR_FORMAT);
    assert_int_equal(check_pin("1", "-"), ERR_FORMAT);
    assert_int_equal(check_pin("01", entry), ERR_FORMAT);
    assert_int_equal(check_pin("", entry), ERR_FORMAT);
    assert_int_equal(check_value(ACT_REVOKE, "pin", "0"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_REVOKE, "pin", "0 - "), ERR_FORMAT);
}

static enum err check_seat(const char *vote, const char *keys)
{
    char value[512];

    snprintf(value, sizeof value, "%s %s %s%s", hex(sample_id(1)), vote, hex(sample_id(2)), keys);
    return check_value(ACT_COUNCIL, "line", value);
}

static void a_council_line_has_one_to_three_ascending_keys(void **state)
{
    struct id keys[4] = {sample_key(1), sample_key(2), sample_key(3), sample_key(4)};
    char text[5][ID_TEXT_LEN + 2];
    char list[400];

    (void)state;
    for (size_t i = 0; i < 4; i++) /* A sort small enough to see. */
        for (size_t j = 0; j + 1 < 4; j++)
            if (id_compare(&keys[j], &keys[j + 1]) > 0) {
                struct id other = keys[j];

                keys[j] = keys[j + 1];
                keys[j + 1] = other;
            }
    for (size_t i = 0; i < 4; i++)
        snprintf(text[i], sizeof text[i], " %s", hex(keys[i]));
    assert_int_equal(check_seat("vote", text[0]), ERR_OK);
    assert_int_equal(check_seat("none", text[0]), ERR_OK);
    assert_int_equal(check_seat("voter", text[0]), ERR_FORMAT);
    assert_int_equal(check_seat("vote", ""), ERR_FORMAT);
    assert_int_equal(check_seat("vote", " "), ERR_FORMAT);
    snprintf(list, sizeof list, "%s%s%s", text[0], text[1], text[2]);
    assert_int_equal(check_seat("vote", list), ERR_OK);
    snprintf(list, sizeof list, "%s%s%s%s", text[0], text[1], text[2], text[3]);
    assert_int_equal(check_seat("vote", list), ERR_FORMAT);
    snprintf(list, sizeof list, "%s%s", text[1], text[0]);
    assert_int_equal(check_seat("vote", list), ERR_FORMAT);
    snprintf(list, sizeof list, "%s%s", text[0], text[0]);
    assert_int_equal(check_seat("vote", list), ERR_FORMAT);
    snprintf(list, sizeof list, "%s ", text[0]);
    assert_int_equal(check_seat("vote", list), ERR_FORMAT);
}

static void a_reason_is_a_line_of_text(void **state)
{
    char value[LIMIT_REASON + 2];

    (void)state;
    memset(value, 'r', sizeof value);
    value[LIMIT_REASON + 1] = '\0';
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", value), ERR_FORMAT);
    value[LIMIT_REASON] = '\0';
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", value), ERR_OK);
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", ""), ERR_FORMAT);
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", " a"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", "a\tb"), ERR_FORMAT);
    assert_int_equal(check_value(ACT_WITHDRAW, "reason",
                                 "a\xe2\x80\xae"
                                 "b"),
                     ERR_FORMAT);
    assert_int_equal(check_value(ACT_WITHDRAW, "reason", "a\xff"), ERR_FORMAT);
}

static void a_consent_is_128_digits(void **state)
{
    char value[2 * ID_TEXT_LEN + 2];

    (void)state;
    memset(value, 'a', sizeof value);
    value[2 * ID_TEXT_LEN] = '\0';
    assert_int_equal(check_value(ACT_ACCEPT, "consent", value), ERR_OK);
    value[100] = 'g';
    assert_int_equal(check_value(ACT_ACCEPT, "consent", value), ERR_FORMAT);
    value[100] = 'a';
    value[2 * ID_TEXT_LEN - 1] = '\0';
    assert_int_equal(check_value(ACT_ACCEPT, "consent", value), ERR_FORMAT);
    memset(value, 'a', sizeof value);
    value[2 * ID_TEXT_LEN + 1] = '\0';
    assert_int_equal(check_value(ACT_ACCEPT, "consent", value), ERR_FORMAT);
}

/* ---- between lines ---- */

static void a_grant_has_a_channel_exactly_for_a_node_by_key(void **state)
{
    static const char *const grants[] = {"coordinator", "node"};
    static const char *const by[] = {"invitation", "key"};
    struct buffer body = BUFFER(BODY_MAX);
    struct id id = sample_key(1);

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool node = i & 1;
        bool by_key = i & 2;
        bool channel = i & 4;

        buffer_clear(&body);
        act_write_id(&body, ACT_SUBJECT, &id);
        act_write_text(&body, ACT_GRANTS, grants[node]);
        act_write_text(&body, ACT_BY, by[by_key]);
        if (channel)
            act_write_id(&body, ACT_CHANNEL, &id);
        act_write_id(&body, ACT_CONTENT, &id);
        assert_int_equal(act_check(ACT_GRANT, buffer_bytes(&body)), channel == (node && by_key) ? ERR_OK : ERR_FORMAT);
    }
    buffer_free(&body);
}

static void an_accept_hands_over_one_thing(void **state)
{
    char both[200];
    const char *id = hex(sample_id(1));

    (void)state;
    snprintf(both, sizeof both, "channel %s\n", id);
    assert_int_equal(check_with(ACT_ACCEPT, "card", both), ERR_OK);
    assert_int_equal(check_with(ACT_ACCEPT, "card", ""), ERR_OK);
    snprintf(both, sizeof both, "card %s\nchannel %s\n", id, id);
    assert_int_equal(check_with(ACT_ACCEPT, "card", both), ERR_FORMAT);
}

/* ---- acts of a newer version ---- */

static void an_unknown_act_needs_only_names_and_values(void **state)
{
    (void)state;
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\n"), ERR_OK);
    assert_int_equal(check_text(ACT_UNKNOWN, "abcdefghijklmnop  b \na b\n"), ERR_OK);
    assert_int_equal(check_text(ACT_UNKNOWN, "abcdefghijklmnopq b\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a \n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, " b\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "A b\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a1 b\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\n\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\tc\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\rc\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\xc2\x85\n"), ERR_FORMAT);
    assert_int_equal(check_text(ACT_UNKNOWN, "a b\xc0\x80\n"), ERR_FORMAT);
    assert_int_equal(act_check(ACT_UNKNOWN, bytes_of("a b\0c\n", 6)), ERR_FORMAT);
}

/* ---- names, readers, hash ---- */

static void names_are_read_back(void **state)
{
    enum act_audience audience;

    (void)state;
    for (size_t act = 0; act < ACT_UNKNOWN; act++) {
        assert_string_equal(act_name((enum act)act), ACTS[act].name);
        assert_int_equal(act_from_name(bytes_text(ACTS[act].name)), act);
    }
    assert_string_equal(act_name(ACT_UNKNOWN), "");
    assert_int_equal(act_from_name(bytes_text("publis")), ACT_UNKNOWN);
    assert_int_equal(act_from_name(bytes_text("publishe")), ACT_UNKNOWN);
    assert_int_equal(act_from_name(bytes_of(NULL, 0)), ACT_UNKNOWN);
    for (size_t i = 0; i <= ACT_FOR_PUBLIC; i++) {
        assert_int_equal(act_audience_from_name(bytes_text(act_audience_name((enum act_audience)i)), &audience),
                         ERR_OK);
        assert_int_equal(audience, i);
    }
    assert_int_equal(act_audience_from_name(bytes_of(NULL, 0), &audience), ERR_MISSING);
}

static void what_is_written_is_read(void **state)
{
    struct buffer body = sample(ACT_PUBLISH, 3);
    struct bytes lines = buffer_bytes(&body);
    struct bytes value;
    struct id id;
    struct id want = sample_id(2);
    uint64_t number;
    enum act_audience audience;

    (void)state;
    assert_int_equal(act_id(lines, ACT_CONTENT, 0, &id), ERR_OK);
    assert_true(id_equal(&id, &want));
    assert_int_equal(act_id(lines, ACT_CONTENT, 1, &id), ERR_MISSING);
    assert_int_equal(act_number(lines, ACT_NEED, &number), ERR_OK);
    assert_int_equal(number, 2);
    assert_int_equal(act_number(lines, ACT_MAJORITY, &number), ERR_MISSING);
    assert_int_equal(act_audience(lines, &audience), ERR_OK);
    assert_int_equal(audience, ACT_FOR_NETWORK);
    assert_int_equal(act_count(lines, ACT_SUPERSEDES), 3);
    assert_int_equal(act_count(lines, ACT_COUNT), 1);
    assert_int_equal(act_count(lines, ACT_REASON), 0);
    assert_int_equal(act_id(lines, ACT_SUPERSEDES, 2, &id), ERR_OK);
    assert_int_equal(act_id(lines, ACT_SUPERSEDES, 3, &id), ERR_MISSING);
    assert_int_equal(act_value(lines, ACT_COUNT, 0, &value), ERR_OK);
    assert_true(bytes_equal(value, bytes_text("kibbutzim")));
    assert_int_equal(act_value(bytes_of(NULL, 0), ACT_COUNT, 0, &value), ERR_MISSING);
    buffer_free(&body);
}

static void a_consent_is_read_as_bytes(void **state)
{
    struct buffer body = sample(ACT_ACCEPT, 0);
    const uint8_t want[SSHSIG_LEN] = {1, 2, 3};
    struct signature consent;

    (void)state;
    assert_int_equal(act_consent(buffer_bytes(&body), &consent), ERR_OK);
    assert_memory_equal(consent.at, want, sizeof want);
    assert_int_equal(act_consent(bytes_text("need 1\n"), &consent), ERR_MISSING);
    buffer_free(&body);
}

static void a_consent_covers_every_part(void **state)
{
    const struct id ids[6] = {sample_id(1), sample_id(2), sample_id(3), sample_id(4), sample_id(5), sample_id(6)};
    uint8_t run[6 * ID_LEN] = {0};
    struct id want;
    struct id got = act_consent_hash(&ids[0], &ids[1], &ids[2], &ids[3], &ids[4], &ids[5]);

    (void)state;
    for (size_t i = 0; i < 6; i++)
        memcpy(run + i * ID_LEN, ids[i].at, ID_LEN);
    want = id_hash(ID_CONSENT, bytes_of(run, sizeof run));
    assert_true(id_equal(&got, &want));
    memset(run + 4 * ID_LEN, 0, ID_LEN);
    want = id_hash(ID_CONSENT, bytes_of(run, sizeof run));
    assert_false(id_equal(&got, &want));
    got = act_consent_hash(&ids[0], &ids[1], &ids[2], &ids[3], NULL, &ids[5]);
    assert_true(id_equal(&got, &want));
    got = act_consent_hash(&ids[0], &ids[1], &ids[2], &ids[3], &ids[5], NULL);
    assert_false(id_equal(&got, &want));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_known_act_is_accepted_as_the_document_says),
        cmocka_unit_test(only_optional_lines_may_be_missing),
        cmocka_unit_test(a_line_twice_is_refused),
        cmocka_unit_test(lines_in_another_order_are_refused),
        cmocka_unit_test(a_cut_line_and_a_byte_too_many_are_refused),
        cmocka_unit_test(an_empty_body_suits_no_known_act),
        cmocka_unit_test(repeated_lines_ascend),
        cmocka_unit_test(each_limit_is_met_and_not_passed),
        cmocka_unit_test(a_revision_joins_at_most_so_many),
        cmocka_unit_test(a_council_of_three_hundred_kibbutzim_fits),
        cmocka_unit_test(a_body_is_at_most_so_long),
        cmocka_unit_test(words_are_those_of_the_document),
        cmocka_unit_test(thresholds_are_numbers_from_one),
        cmocka_unit_test(ids_are_64_lower_case_digits),
        cmocka_unit_test(a_weak_signing_key_is_refused_wherever_it_is_named),
        cmocka_unit_test(a_channel_key_of_zeros_is_refused),
        cmocka_unit_test(a_pin_names_an_entry_or_nothing),
        cmocka_unit_test(a_council_line_has_one_to_three_ascending_keys),
        cmocka_unit_test(a_reason_is_a_line_of_text),
        cmocka_unit_test(a_consent_is_128_digits),
        cmocka_unit_test(a_grant_has_a_channel_exactly_for_a_node_by_key),
        cmocka_unit_test(an_accept_hands_over_one_thing),
        cmocka_unit_test(an_unknown_act_needs_only_names_and_values),
        cmocka_unit_test(names_are_read_back),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_consent_is_read_as_bytes),
        cmocka_unit_test(a_consent_covers_every_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
