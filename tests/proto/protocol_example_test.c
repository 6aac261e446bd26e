/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * The worked example of docs/PROTOCOL.md, 6, read from the page itself and made twice: from the parts (Noise, HELLO,
 * records) and by two sessions.  When it differs, what the page should say is printed.
 */

#include "proto/hello.h"
#include "proto/trie.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/proto/pair.h"
#include "tests/vectors.h"

#define ITEMS_MAX 32
#define ROOM 4096

struct item {
    const char *name;
    uint8_t at[ROOM];
    size_t len;
};

static struct item items[ITEMS_MAX];
static size_t item_count;

static void add(const char *name, struct bytes run)
{
    struct item *item = &items[item_count++];

    assert_true(item_count <= ITEMS_MAX && run.len <= ROOM);
    item->name = name;
    item->len = run.len;
    memcpy(item->at, run.at, run.len);
}

static struct bytes find(const char *name)
{
    for (size_t i = 0; i < item_count; i++)
        if (strcmp(items[i].name, name) == 0)
            return bytes_of(items[i].at, items[i].len);
    fail_msg("no item '%s'", name);
    return bytes_of(NULL, 0);
}

/* ---- from the parts ---- */

static struct id network_of_the_example(void)
{
    return id_hash(ID_NETWORK, bytes_text("example genesis charter\n"));
}

static void set_options(struct session_options *options)
{
    options->network = network_of_the_example();
    options->clock_ms = UINT64_C(1767225600123);
    options->software = "igum 0.1.0";
}

static struct bytes example_roots(void)
{
    static uint8_t body[32 + 4 + 8];

    memset(body, 0x55, 32);
    body[35] = 3;
    body[43] = 9;
    return bytes_of(body, sizeof body);
}

static void add_hello(const char *name, bool initiator)
{
    struct session_options *options = pair_options(initiator);
    struct buffer out = BUFFER(ROOM);

    set_options(options);
    /* The caller's ROOTS ride in its HELLO. */
    hello_encode(&out, &(struct hello){.version_min = 1,
                                       .version_max = 1,
                                       .clock_min = (uint32_t)(options->clock_ms / HELLO_CLOCK_MS),
                                       .software = bytes_text(options->software),
                                       .first_type = initiator ? 0x10 : 0,
                                       .first = example_roots()});
    add(name, buffer_bytes(&out));
    buffer_free(&out);
}

static struct noise begin(bool initiator)
{
    struct session_options *options = pair_options(initiator);
    struct noise noise;

    noise_begin(&noise, &(struct noise_options){.pattern = NOISE_XK,
                                                .initiator = initiator,
                                                .prologue = find("prologue"),
                                                .fixed = options->channel,
                                                .remote_fixed = initiator ? options->expect->at : NULL,
                                                .ephemeral_secret = options->seed});
    return noise;
}

static void add_message(const char *name, struct bytes header, struct noise *from, struct noise *to,
                        struct bytes payload)
{
    struct buffer out = BUFFER(ROOM), read = BUFFER(ROOM);

    buffer_add(&out, header);
    assert_int_equal(noise_write(from, payload, &out), ERR_OK);
    assert_int_equal(noise_read(to, bytes_from(buffer_bytes(&out), header.len), &read), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&read), payload));
    add(name, buffer_bytes(&out));
    buffer_free(&out);
    buffer_free(&read);
}

static void add_record(const char *plain_name, const char *name, struct noise_cipher *cipher, uint8_t type,
                       struct bytes body)
{
    struct buffer plain = BUFFER(ROOM), out = BUFFER(ROOM);

    frame_encode(&plain, &(struct frame){.type = type, .flags = FRAME_LAST, .body = body});
    buffer_u16(&out, (uint16_t)(plain.len + NOISE_TAG_LEN));
    noise_seal(cipher, bytes_text(""), buffer_bytes(&plain), &out);
    add(plain_name, buffer_bytes(&plain));
    add(name, buffer_bytes(&out));
    buffer_free(&plain);
    buffer_free(&out);
}

static void add_inputs(void)
{
    struct id network = network_of_the_example();
    uint8_t prologue[38] = {'I', 'G', 'U', 'M', 1, 1};

    memcpy(prologue + 6, network.at, ID_LEN);
    add("network id (of the charter \"example genesis charter\\n\")", id_bytes(&network));
    add("prologue", bytes_of(prologue, sizeof prologue));
    for (int i = 1; i >= 0; i--) {
        struct session_options *options = pair_options(i == 1);

        add(i ? "caller: channel secret" : "responder: channel secret", bytes_of(options->channel->secret, 32));
        add(i ? "caller: channel key" : "responder: channel key", bytes_of(options->channel->public, 32));
        add(i ? "caller: ephemeral secret" : "responder: ephemeral secret", bytes_of(options->seed, 32));
        add_hello(i ? "caller: HELLO" : "responder: HELLO", i == 1);
    }
}

/* 33 logs: two whose keys begin with zeros, and 31 with ones. */
static struct frontier *logs_of_the_example(void)
{
    struct frontier *frontier = frontier_new();

    for (uint8_t i = 1; i <= 33; i++) {
        struct head head = {.log = {{i <= 2 ? 0x00 : 0xff, i}}, .seq = i, .role = ROLE_COORDINATOR};

        memset(head.entry.at, i, ID_LEN);
        assert_int_equal(frontier_add(frontier, NULL, &head, NULL), ERR_OK);
    }
    return frontier;
}

static void add_trie(void)
{
    const struct trie_place top = {.depth = 0};
    struct trie_ask ask = {.place = trie_child(trie_shape(), top, 0)};
    struct frontier *frontier = logs_of_the_example();
    struct buffer out = BUFFER(ROOM);

    buffer_u32(&out, 0);
    assert_int_equal(trie_write_node(&out, frontier, trie_shape(), top), ERR_OK);
    add("TRIE, the top", buffer_bytes(&out));
    buffer_clear(&out);
    buffer_u32(&out, 1);
    assert_true(trie_digest(frontier, trie_shape(), ask.place, ask.digest));
    trie_write_ask(&out, &ask);
    add("WANT_TRIE, below the first child", buffer_bytes(&out));
    buffer_clear(&out);
    buffer_u32(&out, 1);
    assert_int_equal(trie_write_node(&out, frontier, trie_shape(), ask.place), ERR_OK);
    add("TRIE, the answer", buffer_bytes(&out));
    buffer_free(&out);
    frontier_free(frontier);
}

static void make_example(void)
{
    struct noise_cipher to_responder, to_caller, from_responder, from_caller;
    const uint8_t goodbye = 0;

    item_count = 0;
    add_inputs();
    struct noise caller = begin(true), responder = begin(false);
    struct bytes hello = find("caller: HELLO");
    uint8_t third[] = {0, (uint8_t)(64 + hello.len)};

    add_message("message (1)", bytes_of("IGUM\1\1\0\x30", 8), &caller, &responder, bytes_text(""));
    add_message("message (2)", bytes_of("\0\x30", 2), &responder, &caller, bytes_text(""));
    add_message("message (3)", bytes_of(third, 2), &caller, &responder, hello);
    add("handshake hash", bytes_of(caller.hash, NOISE_HASH_LEN));
    noise_split(&caller, &to_responder, &from_responder);
    noise_split(&responder, &to_caller, &from_caller);
    add("key, caller to responder", bytes_of(to_responder.key, NOISE_KEY_LEN));
    add("key, responder to caller", bytes_of(to_caller.key, NOISE_KEY_LEN));
    add_record("HELLO, plain", "HELLO, responder's record 0", &to_caller, 0x01, find("responder: HELLO"));
    add_record("ROOTS, plain", "ROOTS, caller's record 0", &to_responder, 0x10, example_roots());
    add_record("CLOSE, plain", "CLOSE, caller's record 1", &to_responder, 0x04, bytes_of(&goodbye, 1));
    noise_rekey(&to_responder);
    add("key, caller to responder, after the first REKEY", bytes_of(to_responder.key, NOISE_KEY_LEN));
    add_trie();
}

/* ---- from the page ---- */

static void print_example(void)
{
    for (size_t i = 0; i < item_count; i++) {
        print_message("%s\n", items[i].name);
        for (size_t at = 0; at < items[i].len; at++)
            print_message("%s%02x%s", at % 48 == 0 ? "  " : "", items[i].at[at],
                          at % 48 == 47 || at + 1 == items[i].len ? "\n" : "");
    }
}

/* The lines between the fences of section 6. */
static char *read_page(void)
{
    static char page[1 << 16];
    FILE *file = fopen(PROTOCOL_PAGE, "r");

    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    assert_true(feof(file));
    fclose(file);
    char *section = strstr(page, "\n## 6. ");
    assert_non_null(section);
    char *begin = strstr(section, "\n```\n");
    assert_non_null(begin);
    char *end = strstr(begin + 4, "\n```\n");
    assert_non_null(end);
    end[1] = '\0';
    return begin + 5;
}

static bool page_has_the_example(void)
{
    struct buffer hex = BUFFER(2 * ROOM);
    size_t i = 0;
    bool same = true;
    char *rest = read_page();

    for (char *line = strsep(&rest, "\n"); line && *line && same; i++) {
        same = i < item_count && strcmp(line, items[i].name) == 0;
        buffer_clear(&hex);
        while ((line = strsep(&rest, "\n")) && line[0] == ' ')
            buffer_text(&hex, line);
        buffer_u8(&hex, 0);
        same = same && bytes_equal(vectors_from_hex((char *)hex.at), bytes_of(items[i].at, items[i].len));
    }
    buffer_free(&hex);
    return same && i == item_count;
}

static void the_page_has_the_example(void **state)
{
    (void)state;
    make_example();
    if (!page_has_the_example()) {
        print_example();
        fail_msg("docs/PROTOCOL.md, 6 should say what stands above");
    }
}

static void takes(struct buffer *written, const char *name)
{
    struct bytes wanted = find(name);

    assert_true(written->len >= wanted.len);
    assert_true(bytes_equal(bytes_of(written->at, wanted.len), wanted));
    buffer_drop(written, wanted.len);
}

static void two_sessions_write_the_example(void **state)
{
    struct side caller, responder;
    struct session_options *options;

    (void)state;
    make_example();
    options = pair_options(false);
    set_options(options);
    side_begin(&responder, options);
    options = pair_options(true);
    set_options(options);
    side_begin(&caller, options);
    side_feed(&responder, buffer_bytes(&caller.written));
    takes(&caller.written, "message (1)");
    assert_int_equal(session_send(caller.session, SESSION_LIVE, 0x10, example_roots()), ERR_OK);
    side_feed(&caller, buffer_bytes(&responder.written));
    takes(&responder.written, "message (2)");
    side_feed(&responder, buffer_bytes(&caller.written));
    takes(&caller.written, "message (3)");
    side_feed(&caller, buffer_bytes(&responder.written));
    takes(&responder.written, "HELLO, responder's record 0");
    assert_int_equal(session_send(caller.session, SESSION_LIVE, 0x10, example_roots()), ERR_OK);
    session_close(caller.session, 0);
    side_turn(&caller);
    takes(&caller.written, "ROOTS, caller's record 0");
    takes(&caller.written, "CLOSE, caller's record 1");
    assert_int_equal(caller.written.len + responder.written.len, 0);
    pair_end(&caller, &responder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_the_example),
        cmocka_unit_test(two_sessions_write_the_example),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
