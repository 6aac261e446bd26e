/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/bundle.h"
#include "store/segments.h"

/* What the next segment is made of. */

#define ENOUGH (LIMIT_BUNDLE_FILL / 4 * 3) /* Less is better made again when there is more. */

struct gather {
    struct archive *a;
    struct id network;
    struct segment_draft *draft;
    struct buffer wire, packed;
    size_t entries;
    bool full;
};

/* A content that only one kibbutz may hold stays out: whoever may have it asks for it. */
static enum err read_one(struct gather *g, const struct id *log, uint64_t seq)
{
    enum act_audience audience;
    struct entry entry;
    enum err err;

    buffer_clear(&g->wire);
    buffer_clear(&g->packed);
    if (!(err = archive_read_entry(g->a, log, seq, &g->wire)))
        err = entry_decode(buffer_bytes(&g->wire), &g->network, &entry);
    if (err || (!act_audience(entry.body, &audience) && audience == ACT_FOR_KIBBUTZ))
        return err;
    err = archive_read_content(g->a, log, seq, &g->packed);
    if (err)
        buffer_clear(&g->packed);
    return err == ERR_MEMORY ? err : ERR_OK;
}

static void add_one(struct gather *g, const struct id *log, uint64_t seq)
{
    struct buffer *plain = &g->draft->plain;
    size_t size = g->wire.len + g->packed.len + KIB(1);

    g->full = plain->len + size > LIMIT_BUNDLE_FILL || g->entries >= LIMIT_BUNDLE_ENTRIES;
    if (g->full)
        return;
    bundle_add_entry(plain, buffer_bytes(&g->wire));
    if (g->packed.len > 0)
        bundle_add_content(plain, log, seq, buffer_bytes(&g->packed));
    g->entries++;
}

static enum err add_run(struct gather *g, const struct replica_run *wanted)
{
    struct replica_run *run = &g->draft->runs[g->draft->count];
    enum err err = ERR_OK;

    *run = (struct replica_run){.log = wanted->log, .from = wanted->from, .to = wanted->from - 1};
    for (uint64_t seq = wanted->from; !err && !g->full && seq <= wanted->to; seq++) {
        err = read_one(g, &wanted->log, seq);
        if (!err)
            add_one(g, &wanted->log, seq);
        if (!err && !g->full)
            run->to = seq;
    }
    g->draft->count += run->to >= run->from;
    return err ? err : buffer_error(&g->draft->plain);
}

enum err segment_gather(struct archive *a, const struct replica_run wanted[], size_t count, struct segment_draft *draft)
{
    struct gather g = {.a = a,
                       .network = archive_network(a),
                       .draft = draft,
                       .wire = BUFFER(LIMIT_ENTRY),
                       .packed = BUFFER(LIMIT_CONTENT)};
    enum err err;

    *draft = (struct segment_draft){.runs = calloc(LIMIT_RANGES, sizeof *draft->runs), .plain = BUFFER(LIMIT_BUNDLE)};
    err = draft->runs ? ERR_OK : ERR_MEMORY;
    bundle_begin(&draft->plain, &g.network);
    for (size_t i = 0; !err && !g.full && i < count && draft->count < LIMIT_RANGES; i++)
        err = add_run(&g, &wanted[i]);
    buffer_free(&g.wire);
    buffer_free(&g.packed);
    draft->is_full = g.full || draft->plain.len >= ENOUGH;
    return err ? err : g.entries > 0 ? ERR_OK : ERR_MISSING;
}

void segment_draft_free(struct segment_draft *draft)
{
    free(draft->runs);
    buffer_free(&draft->plain);
}
