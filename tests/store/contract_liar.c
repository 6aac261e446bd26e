/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/contract_liar.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"

#define BATCHES 400
#define BATCH 64

enum lie {
    LIE_NONE,
    LIE_DROP_CONTENT,
    LIE_DROP_LATE_CONTENT,
    LIE_DROP_ENTRY,
    LIE_FORGET_ON_REOPEN,
    LIE_FORGET_IN_CRASH,
    LIE_COUNT_WHEN_FULL,
    LIE_SAY_DONE,
    LIE_ALTER_ENTRY,
    LIE_ALTER_CONTENT,
    LIE_OVERWRITE_BUFFER,
    LIE_INVENT_ENTRY,
    LIE_OLD_HEAD,
    LIE_OTHER_HEAD,
    LIE_HIDE_MISSING,
    LIE_TELL_MISSING_TWICE,
    LIES,
};

static const struct {
    const char *name, *reported; /* A part of what the fault must say. */
} lies[LIES] = {
    [LIE_NONE] = {"no lie", NULL},
    [LIE_DROP_CONTENT] = {"drops a content", "content"},
    [LIE_DROP_LATE_CONTENT] = {"drops a late content", "content"},
    [LIE_DROP_ENTRY] = {"drops an entry", "head of log"},
    [LIE_FORGET_ON_REOPEN] = {"forgets the last append when opened again", "opening again: "},
    [LIE_FORGET_IN_CRASH] = {"forgets the last append in a crash", "while something fails: "},
    [LIE_COUNT_WHEN_FULL] = {"keeps what it said it had no room for", "while something fails: "},
    [LIE_SAY_DONE] = {"says done after a crash", "while something fails: "},
    [LIE_ALTER_ENTRY] = {"alters an entry", "entry 3 has other bytes"},
    [LIE_ALTER_CONTENT] = {"alters a content", "has other bytes"},
    [LIE_OVERWRITE_BUFFER] = {"overwrites what a buffer held", "has other bytes"},
    [LIE_INVENT_ENTRY] = {"finds an entry that is not here", "which is not here"},
    [LIE_OLD_HEAD] = {"tells an older head", "head of log"},
    [LIE_OTHER_HEAD] = {"tells the head of another entry", "is another entry"},
    [LIE_HIDE_MISSING] = {"hides a missing content", "is not told"},
    [LIE_TELL_MISSING_TWICE] = {"tells a missing content twice", "is told twice"},
};

struct batch { /* Deep copies. */
    struct item items[BATCH];
    struct buffer bytes[BATCH];
    size_t count;
};

struct liar {
    void *store;
    struct id network;
    struct batch *batches[BATCHES]; /* Acknowledged, in order. */
    size_t count;
};

/* One at a time: a store knows only itself. */
static const struct contract_store *honest;
static enum lie lie;

static void *create(const struct id *network)
{
    struct liar *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->network = *network;
    l->store = honest->create(network);
    return l;
}

static void forget_batch(struct liar *l)
{
    struct batch *batch = l->batches[--l->count];

    for (size_t i = 0; i < batch->count; i++)
        buffer_free(&batch->bytes[i]);
    free(batch);
}

static void destroy(void *store)
{
    struct liar *l = store;

    while (l->count > 0)
        forget_batch(l);
    honest->destroy(l->store);
    free(l);
}

static struct bytes keep(struct buffer *buffer, size_t start, size_t len)
{
    return len ? bytes_of(buffer->at + start, len) : bytes_of(NULL, 0);
}

static void remember(struct liar *l, const struct item items[], size_t count)
{
    struct batch *batch = calloc(1, sizeof *batch);

    if (!batch || l->count == BATCHES || count > BATCH)
        abort();
    l->batches[l->count++] = batch;
    batch->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct item *from = &items[i];
        struct buffer *bytes = &batch->bytes[i];

        *bytes = BUFFER(LIMIT_ENTRY + LIMIT_COMMIT + LIMIT_CONTENT + LIMIT_MANIFEST);
        buffer_add(bytes, from->entry);
        buffer_add(bytes, from->commit);
        buffer_add(bytes, from->content);
        if (buffer_error(bytes))
            abort();
        batch->items[i] = (struct item){.head = from->head,
                                        .entry = keep(bytes, 0, from->entry.len),
                                        .commit = keep(bytes, from->entry.len, from->commit.len),
                                        .content = keep(bytes, from->entry.len + from->commit.len, from->content.len)};
    }
}

/* As if the last append that was acknowledged had never been made. */
static void forget_last(struct liar *l)
{
    if (l->count == 0)
        return;
    forget_batch(l);
    honest->destroy(l->store);
    l->store = honest->create(&l->network);
    for (size_t i = 0; i < l->count; i++)
        if (honest->append(l->store, l->batches[i]->items, l->batches[i]->count))
            abort();
}

static void reopen(void *store)
{
    struct liar *l = store;

    honest->reopen(l->store);
    if (lie == LIE_FORGET_ON_REOPEN)
        forget_last(l);
}

static enum err append(void *store, const struct item items[], size_t count)
{
    struct liar *l = store;
    struct item changed[BATCH];

    if (count > BATCH)
        abort();
    for (size_t i = 0; i < count; i++)
        changed[i] = items[i];
    struct item *last = count > 0 ? &changed[count - 1] : NULL;
    if (last && lie == LIE_DROP_CONTENT && last->entry.len)
        last->content = bytes_of(NULL, 0);
    if (last && ((lie == LIE_DROP_LATE_CONTENT && !last->entry.len) || (lie == LIE_DROP_ENTRY && count > 1)))
        count--;
    enum err err = honest->append(l->store, changed, count);
    if (!err)
        remember(l, changed, count);
    return err;
}

static enum err append_badly(void *store, const struct item items[], size_t count, struct random *r)
{
    struct liar *l = store;
    enum err err = honest->append_badly(l->store, items, count, r);

    if (err == ERR_FULL && lie == LIE_COUNT_WHEN_FULL && honest->append(l->store, items, count))
        abort();
    if (err == ERR_IO && lie == LIE_FORGET_IN_CRASH)
        forget_last(l);
    if (!err)
        remember(l, items, count);
    return lie == LIE_SAY_DONE && err == ERR_IO ? ERR_OK : err;
}

static void alter(struct buffer *bytes)
{
    if (bytes->len > 0)
        bytes->at[bytes->len - 1] ^= 1;
}

static enum err read_entry(void *store, const struct id *log, uint64_t seq, struct buffer *wire)
{
    struct liar *l = store;

    if (lie == LIE_OVERWRITE_BUFFER)
        buffer_clear(wire);
    enum err err = honest->read_entry(l->store, log, seq, wire);
    if (!err && lie == LIE_ALTER_ENTRY && seq == 3)
        alter(wire);
    return err == ERR_MISSING && lie == LIE_INVENT_ENTRY && seq > 3 ? ERR_OK : err;
}

static enum err read_content(void *store, const struct id *log, uint64_t seq, struct buffer *packed)
{
    struct liar *l = store;
    enum err err = honest->read_content(l->store, log, seq, packed);

    if (!err && lie == LIE_ALTER_CONTENT)
        alter(packed);
    return err;
}

static enum err load_frontier(void *store, struct frontier *frontier)
{
    struct liar *l = store;
    enum err err = honest->load_frontier(l->store, frontier);

    if (err || frontier_count(frontier) == 0)
        return err;
    struct head head = *frontier_at(frontier, frontier_count(frontier) - 1);
    if (lie == LIE_OLD_HEAD && head.seq > 1)
        head.seq--;
    if (lie == LIE_OTHER_HEAD)
        head.commit.at[SHA1_LEN - 1] ^= 1;
    return frontier_set(frontier, &head);
}

struct telling {
    contract_missing_fn *each;
    void *context;
    size_t told;
};

static enum err tell_missing(void *context, const struct id *log, uint64_t seq, const struct id *content)
{
    struct telling *t = context;

    if (t->told++ == 0 && lie == LIE_HIDE_MISSING)
        return ERR_OK;
    if (lie == LIE_TELL_MISSING_TWICE)
        (void)t->each(t->context, log, seq, content);
    return t->each(t->context, log, seq, content);
}

static enum err load_missing(void *store, contract_missing_fn *each, void *context)
{
    struct liar *l = store;
    struct telling telling = {.each = each, .context = context};

    return honest->load_missing(l->store, tell_missing, &telling);
}

const char *contract_liar_unnoticed(const struct contract_store *store)
{
    static const struct contract_store liar = {create,     destroy,      reopen,        append,      append_badly,
                                               read_entry, read_content, load_frontier, load_missing};
    struct contract_report report;

    honest = store;
    for (lie = LIE_NONE; lie < LIES; lie++) {
        bool kept = contract_run(&liar, 1, 60, &report);
        const char *reported = lies[lie].reported;

        printf("%s: %s\n", lies[lie].name, kept ? "kept to the contract" : report.fault);
        if (reported ? kept || !strstr(report.fault, reported) : !kept)
            return lies[lie].name;
    }
    return NULL;
}
