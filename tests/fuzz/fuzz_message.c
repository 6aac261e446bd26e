/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A message's type, then its body: what is read as one is written to the same bytes again. */

#include "proto/limits.h"
#include "proto/trie.h"
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

static void compare(struct buffer *again, struct bytes in)
{
    if (buffer_error(again) || !bytes_equal(buffer_bytes(again), in))
        abort();
    buffer_free(again);
}

static void try_lean(struct bytes in)
{
    struct buffer again = BUFFER(KIB(128));
    struct message_lean lean;

    if (!message_read_lean(in, &lean)) {
        message_write_lean(&again, &lean);
        FUZZ_REQUIRE(bytes_equal(buffer_bytes(&again), in));
    }
    buffer_free(&again);
}

static void try_roots(struct bytes in)
{
    struct buffer again = BUFFER(KIB(1));
    struct message_roots roots;

    if (message_read_roots(in, &roots))
        return;
    message_write_roots(&again, &roots);
    compare(&again, in);
}

static void try_items(struct bytes in)
{
    struct buffer again = BUFFER(LIMIT_MESSAGE_BULK);
    struct bytes rest = in;
    struct message_item item;

    while (rest.len > 0 && !message_next_item(&rest, &item)) {
        struct head head = {.log = item.log, .seq = item.seq, .role = item.role};

        if (item.seq < 1 || item.seq > LIMIT_NUMBER || item.role == ROLE_NONE)
            abort();
        memcpy(head.entry.at, item.tag, MESSAGE_TAG_LEN);
        message_write_item(&again, &head);
    }
    compare(&again, bytes_of(in.at, in.len - rest.len));
}

static void try_ranges(struct bytes in, bool content_only)
{
    struct buffer again = BUFFER(LIMIT_MESSAGE);
    struct message_range ranges[LIMIT_RANGES];
    uint32_t request;
    size_t count;

    if (message_read_ranges(in, content_only, &request, ranges, &count))
        return;
    if (count < 1 || count > LIMIT_RANGES)
        abort();
    buffer_u32(&again, request);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].from < 1 || ranges[i].from > ranges[i].to || ranges[i].to > LIMIT_NUMBER)
            abort();
        message_write_range(&again, &ranges[i], content_only);
    }
    compare(&again, in);
}

/* What is read as a node has a digest, or says why not; a leaf that has one is read item by item. */
static void try_trie(struct bytes in)
{
    uint8_t digest[TRIE_DIGEST_LEN];
    struct wire_reader r = wire_reader(in);
    struct message_item item;
    struct trie_node node;

    (void)wire_u32(&r);
    for (struct bytes rest = r.rest; rest.len > 0 && !trie_next_node(&rest, &node);) {
        if (node.kind == TRIE_GONE || trie_node_digest(&node, digest) || node.kind != TRIE_LEAF)
            continue;
        while (node.body.len > 0)
            FUZZ_REQUIRE(!message_next_item(&node.body, &item));
    }
}

static void try_asks(struct bytes in)
{
    struct buffer again = BUFFER(LIMIT_MESSAGE);
    struct trie_ask asks[LIMIT_TRIE_ASKS];
    struct wire_reader r = wire_reader(in);
    uint32_t request = wire_u32(&r);
    size_t count;

    if (r.err || trie_read_asks(r.rest, trie_shape(), asks, &count))
        return;
    FUZZ_REQUIRE(count >= 1 && count <= LIMIT_TRIE_ASKS);
    buffer_u32(&again, request);
    for (size_t i = 0; i < count; i++)
        trie_write_ask(&again, &asks[i]);
    compare(&again, in);
}

static void try_bundle(struct bytes in)
{
    struct buffer again = BUFFER(LIMIT_MESSAGE_BULK);
    struct message_bundle bundle;

    if (message_read_bundle(in, &bundle))
        return;
    message_write_bundle(&again, bundle.request, bundle.flags, bundle.frame);
    compare(&again, in);
}

/* A refusal is read leniently: only its text is promised to be fit for people. */
static void try_refused(struct bytes in)
{
    struct bytes text;
    enum message_refusal cause;

    if (message_read_refused(in, &cause, &text))
        return;
    if (text.len > LIMIT_NAME || cause < MESSAGE_REFUSED_USED || cause > MESSAGE_REFUSED_REVOKED)
        abort();
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] == 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > LIMIT_MESSAGE_BULK)
        return 0;
    struct bytes in = bytes_of(data + 1, size - 1);
    switch (data[0]) {
    case MESSAGE_ROOTS: try_roots(in); break;
    case MESSAGE_VECTOR: try_items(in); break;
    case MESSAGE_WANT: try_ranges(in, false); break;
    case MESSAGE_WANT_CONTENT: try_ranges(in, true); break;
    case MESSAGE_BUNDLE: try_bundle(in); break;
    case MESSAGE_REFUSED: try_refused(in); break;
    case MESSAGE_LEAN: try_lean(in); break;
    case MESSAGE_TRIE: try_trie(in); break;
    case MESSAGE_WANT_TRIE: try_asks(in); break;
    default: break;
    }
    return 0;
}
