/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/signer.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/bundle.h"
#include "proto/limits.h"

#define DAY_MS (UINT64_C(24) * 60 * 60 * 1000)
#define YEAR_MS (365 * DAY_MS)
#define CLOCK_FIRST_MS UINT64_C(1767225600000) /* 2026-01-01, when the format was made. */

struct signed_entry {
    struct buffer wire, commit, content;
};

struct signer {
    struct id network, root;
    struct signed_entry *entries; /* What the items lend from. */
    struct item *items;
    size_t count, room;
    size_t size;
};

struct signer *signer_new(const struct id *network, const struct id *root)
{
    struct signer *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->network = *network;
        s->root = *root;
    }
    return s;
}

static void free_entry(struct signed_entry *entry)
{
    buffer_free(&entry->wire);
    buffer_free(&entry->commit);
    buffer_free(&entry->content);
}

void signer_clear(struct signer *s)
{
    for (size_t i = 0; i < s->count; i++)
        free_entry(&s->entries[i]);
    s->count = 0;
    s->size = 0;
}

void signer_free(struct signer *s)
{
    if (s == NULL)
        return;
    signer_clear(s);
    free(s->entries);
    free(s->items);
    free(s);
}

static enum err make_room(struct signer *s)
{
    size_t room = s->room == 0 ? 16 : s->room * 2;
    struct signed_entry *entries;
    struct item *items;

    if (s->count < s->room)
        return ERR_OK;
    if ((entries = realloc(s->entries, room * sizeof *entries)) == NULL)
        return ERR_MEMORY;
    s->entries = entries;
    if ((items = realloc(s->items, room * sizeof *items)) == NULL)
        return ERR_MEMORY;
    s->items = items;
    s->room = room;
    return ERR_OK;
}

enum err signer_sign(struct signer *s, const struct signing_key *key, struct head *head,
                     const struct signer_entry *what, uint64_t now_ms)
{
    struct entry entry = {.network = s->network,
                          .root = s->root,
                          .act = what->act,
                          .body = what->body,
                          .act_name = bytes_text(act_name(what->act)),
                          .kibbutz = what->kibbutz,
                          .role = what->role};
    struct signed_entry made = {BUFFER(LIMIT_ENTRY), BUFFER(LIMIT_COMMIT), BUFFER(LIMIT_BUNDLE)};
    struct head after;
    enum err err;

    assert(head->seq == 0 || id_equal(&head->log, &key->public));
    if ((err = make_room(s)) || (err = entry_sign(&entry, head, key, now_ms)))
        goto out;
    entry_encode(&made.wire, &entry);
    buffer_add(&made.content, what->content);
    if ((err = buffer_error(&made.wire)) || (err = buffer_error(&made.content)))
        goto out;
    /* It is verified as a stranger's would be: what we would refuse must not be signed into our own log. */
    if ((err = entry_verify(&entry, head, &after, &made.commit)) || (err = buffer_error(&made.commit)))
        goto out;
    s->items[s->count] = (struct item){.head = after,
                                       .entry = buffer_bytes(&made.wire),
                                       .commit = buffer_bytes(&made.commit),
                                       .content = buffer_bytes(&made.content)};
    s->entries[s->count++] = made;
    s->size += made.wire.len + made.content.len;
    *head = after;
out:
    if (err)
        free_entry(&made);
    return err;
}

const struct item *signer_items(const struct signer *s, size_t *count)
{
    *count = s->count;
    return s->items;
}

size_t signer_size(const struct signer *s)
{
    return s->size;
}

enum err signer_write_bundle(const struct signer *s, struct buffer *bundle)
{
    bundle_begin(bundle, &s->network);
    for (size_t i = 0; i < s->count; i++) {
        const struct item *item = &s->items[i];

        bundle_add_entry(bundle, item->entry);
        if (item->content.len > 0)
            bundle_add_content(bundle, &item->head.log, item->head.seq, item->content);
    }
    return buffer_error(bundle);
}

enum signer_clock signer_judge_clock(uint64_t now_ms, uint64_t newest_ms)
{
    if (now_ms < CLOCK_FIRST_MS || now_ms + DAY_MS < newest_ms)
        return SIGNER_CLOCK_BEHIND;
    if (newest_ms > 0 && now_ms > newest_ms + 5 * YEAR_MS)
        return SIGNER_CLOCK_AHEAD;
    return SIGNER_CLOCK_GOOD;
}
