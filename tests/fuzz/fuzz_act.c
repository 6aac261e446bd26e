/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The first byte says which act.  A body that is accepted is made of nothing but lines that are read and written again. */

#include "proto/act.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

/* Writes each line of that name as text and, where it is an id or a number, from what it says. */
static void write_again(struct bytes body, enum act_line line, struct buffer *again)
{
    struct bytes value;
    uint64_t number;

    for (size_t i = 0; act_value(body, line, i, &value) == ERR_OK; i++) {
        struct buffer text = BUFFER(LIMIT_ENTRY_BODY);
        struct buffer meaning = BUFFER(LIMIT_ENTRY_BODY);
        struct id id;

        act_write(&text, line, value);
        if (act_id(body, line, i, &id) == ERR_OK)
            act_write_id(&meaning, line, &id);
        else if (i == 0 && act_number(body, line, &number) == ERR_OK)
            act_write_number(&meaning, line, number);
        FUZZ_REQUIRE(meaning.len == 0 || bytes_equal(buffer_bytes(&text), buffer_bytes(&meaning)));
        buffer_add(again, buffer_bytes(&text));
        buffer_free(&text);
        buffer_free(&meaning);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_from(bytes_of(data, size), 1);
    enum act act = size > 0 ? (enum act)(data[0] % (ACT_UNKNOWN + 1)) : ACT_UNKNOWN;
    struct buffer again = BUFFER(LIMIT_ENTRY_BODY);
    size_t lines = 0;
    size_t ends = 0;

    if (act_check(act, body) != ERR_OK)
        return 0;
    FUZZ_REQUIRE(body.len <= LIMIT_ENTRY_BODY);
    FUZZ_REQUIRE(body.len == 0 || act_check(act, bytes_of(body.at, body.len - 1)) != ERR_OK);
    if (act == ACT_UNKNOWN)
        return 0;
    for (size_t line = 0; line < ACT_LINE_COUNT; line++) {
        write_again(body, (enum act_line)line, &again);
        lines += act_count(body, (enum act_line)line);
    }
    for (size_t i = 0; i < body.len; i++)
        ends += body.at[i] == '\n';
    FUZZ_REQUIRE(again.len == body.len && lines == ends);
    buffer_free(&again);
    return 0;
}
