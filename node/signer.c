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

#define NEW_ENTRY ((struct signed_entry){BUFFER(LIMIT_ENTRY), BUFFER(LIMIT_COMMIT), BUFFER(LIMIT_BUNDLE)})

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

/* Takes `made` over on success.  It is verified as a stranger's would be: what we would refuse must not be in our own log. */
static enum err add_entry(struct signer *s, const struct entry *entry, struct head *head, struct signed_entry *made)
{
    struct head after;
    enum err err;

    if ((err = make_room(s)) || (err = buffer_error(&made->wire)) || (err = buffer_error(&made->content)))
        return err;
    if ((err = entry_verify(entry, head, &after, &made->commit)) || (err = buffer_error(&made->commit)))
        return err;
    s->items[s->count] = (struct item){.head = after,
                                       .prev = entry->prev,
                                       .entry = buffer_bytes(&made->wire),
                                       .commit = buffer_bytes(&made->commit),
                                       .content = buffer_bytes(&made->content)};
    s->entries[s->count++] = *made;
    s->size += made->wire.len + made->content.len;
    *head = after;
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
    struct signed_entry made = NEW_ENTRY;
    enum err err;

    assert(head->seq == 0 || id_equal(&head->log, &key->public));
    if (!(err = entry_sign(&entry, head, key, now_ms))) {
        entry_encode(&made.wire, &entry);
        buffer_add(&made.content, what->content);
        err = add_entry(s, &entry, head, &made);
    }
    if (err)
        free_entry(&made);
    return err;
}

/* ---- what an earlier run signed ---- */

static struct head head_of(const struct signer *s, const struct frontier *frontier, const struct id *log)
{
    const struct head *head = frontier_find(frontier, log);

    for (size_t i = s->count; i > 0; i--)
        if (id_equal(&s->items[i - 1].head.log, log))
            return s->items[i - 1].head;
    return head != NULL ? *head : (struct head){.log = *log};
}

static enum err resume_entry(struct signer *s, struct bytes wire, const struct frontier *frontier)
{
    struct signed_entry made = NEW_ENTRY;
    struct entry entry;
    struct head head;
    enum err err = entry_decode(wire, &s->network, &entry);

    if (err)
        return err;
    head = head_of(s, frontier, &entry.log);
    if (entry.seq <= head.seq)
        return ERR_OK;
    buffer_add(&made.wire, wire);
    if ((err = add_entry(s, &entry, &head, &made)))
        free_entry(&made);
    return err;
}

/* A content stands behind its entry; that of an entry which was passed over is passed over too. */
static enum err resume_content(struct signer *s, const struct bundle_record *record)
{
    struct item *item = s->count > 0 ? &s->items[s->count - 1] : NULL;
    struct buffer *content;

    if (item == NULL || item->head.seq != record->seq || !id_equal(&item->head.log, &record->log))
        return ERR_OK;
    content = &s->entries[s->count - 1].content;
    buffer_clear(content);
    buffer_add(content, record->bytes);
    item->content = buffer_bytes(content);
    return buffer_error(content);
}

enum err signer_resume(struct signer *s, struct bytes bundle, const struct frontier *frontier)
{
    struct bundle_reader reader;
    struct bundle_record record;
    enum err err = bundle_open(&reader, bundle, &s->network);

    while (!err && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END)
        if (record.kind == BUNDLE_ENTRY)
            err = resume_entry(s, record.bytes, frontier);
        else if (record.kind == BUNDLE_CONTENT)
            err = resume_content(s, &record);
    if (err)
        signer_clear(s);
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
