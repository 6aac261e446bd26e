/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/receipts_tips.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/wire.h"

#define TIPS_MAX (LIMIT_LOGS + LIMIT_FORKS)

static struct receipt_tips *new_tips(size_t room)
{
    struct receipt_tips *tips = malloc(sizeof *tips + room * sizeof tips->at[0]);

    if (tips) {
        tips->users = 1;
        tips->count = 0;
    }
    return tips;
}

void tips_release(struct receipt_tips *tips)
{
    if (tips && --tips->users == 0)
        free(tips);
}

size_t tips_size(const struct receipt_tips *tips)
{
    return sizeof *tips + tips->count * sizeof tips->at[0];
}

struct receipt_tips *tips_of_frontier(const struct frontier *frontier)
{
    struct receipt_tips *tips = new_tips(frontier_count(frontier));

    if (!tips)
        return NULL;
    for (; tips->count < frontier_count(frontier); tips->count++) {
        const struct head *head = frontier_at(frontier, tips->count);

        tips->at[tips->count] = (struct receipt_tip){.log = head->log, .seq = head->seq, .entry = head->entry};
    }
    tips->root = frontier_root(frontier);
    return tips;
}

size_t tips_of_log(const struct receipt_tips *tips, const struct id *log, size_t *first)
{
    size_t low = 0, high = tips->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(&tips->at[middle].log, log) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (*first = low; low < tips->count && id_equal(&tips->at[low].log, log);)
        low++;
    return low - *first;
}

/* ---- what differs ---- */

/* How many tips of one log follow from this place. */
static size_t run_at(const struct receipt_tips *tips, size_t at)
{
    size_t end = at;

    while (end < tips->count && id_equal(&tips->at[end].log, &tips->at[at].log))
        end++;
    return end - at;
}

static void write_tip(struct buffer *out, const struct receipt_tip *tip)
{
    buffer_add(out, id_bytes(&tip->log));
    buffer_u64(out, tip->seq);
    if (tip->seq)
        buffer_add(out, id_bytes(&tip->entry));
}

static bool same_run(const struct receipt_tip a[], size_t a_count, const struct receipt_tip b[], size_t b_count)
{
    for (size_t i = 0; a_count == b_count && i < a_count; i++)
        if (a[i].seq != b[i].seq || !id_equal(&a[i].entry, &b[i].entry))
            return false;
    return a_count == b_count;
}

void tips_write(struct buffer *out, const struct receipt_tips *base, const struct receipt_tips *tips)
{
    const struct receipt_tips none = {.users = 1};
    size_t i = 0, j = 0;

    base = base ? base : &none;
    while (i < base->count || j < tips->count) {
        int order = i == base->count ? 1 : j == tips->count ? -1 : id_compare(&base->at[i].log, &tips->at[j].log);
        size_t before = order <= 0 ? run_at(base, i) : 0, after = order >= 0 ? run_at(tips, j) : 0;

        if (after == 0)
            write_tip(out, &(struct receipt_tip){.log = base->at[i].log});
        else if (!same_run(base->at + i, before, tips->at + j, after))
            for (size_t k = j; k < j + after; k++)
                write_tip(out, &tips->at[k]);
        i += before;
        j += after;
    }
}

static enum err read_tip(struct bytes *rest, struct receipt_tip *tip)
{
    struct wire_reader r = wire_reader(*rest);

    *tip = (struct receipt_tip){.seq = 0};
    wire_copy(&r, tip->log.at, ID_LEN);
    tip->seq = wire_u64(&r);
    if (tip->seq)
        wire_copy(&r, tip->entry.at, ID_LEN);
    *rest = r.rest;
    return r.err || tip->seq > LIMIT_NUMBER ? ERR_FORMAT : ERR_OK;
}

static bool in_order(const struct receipt_tip *a, const struct receipt_tip *b)
{
    int order = id_compare(&a->log, &b->log);

    if (order == 0 && a->seq != b->seq)
        order = a->seq < b->seq ? -1 : 1;
    return order < 0 || (order == 0 && a->seq > 0 && id_compare(&a->entry, &b->entry) < 0);
}

/* A log without tips stands alone: nothing else may be said of it. */
static bool may_follow(const struct receipt_tip *before, const struct receipt_tip *tip)
{
    return in_order(before, tip) && (before->seq > 0 || !id_equal(&before->log, &tip->log));
}

/* Puts the base's logs before this one in, and passes over its own. */
static void copy_before(struct receipt_tips *tips, const struct receipt_tips *base, size_t *at, const struct id *log)
{
    while (base && *at < base->count && id_compare(&base->at[*at].log, log) < 0)
        tips->at[tips->count++] = base->at[(*at)++];
    while (base && *at < base->count && id_equal(&base->at[*at].log, log))
        (*at)++;
}

/* The root is that of a frontier with these tips, which also bounds them. */
static enum err find_root(struct receipt_tips *tips)
{
    struct frontier *frontier = frontier_new();
    enum err err = frontier ? ERR_OK : ERR_MEMORY;

    for (size_t i = 0; !err && i < tips->count; i++) {
        struct head head = {.log = tips->at[i].log, .seq = tips->at[i].seq, .entry = tips->at[i].entry};

        err = frontier_add(frontier, NULL, &head, NULL);
    }
    if (!err && frontier_count(frontier) != tips->count)
        err = ERR_FORMAT; /* It has the same one twice. */
    if (!err)
        tips->root = frontier_root(frontier);
    frontier_free(frontier);
    return err;
}

enum err tips_read(struct bytes in, const struct receipt_tips *base, struct receipt_tips **out)
{
    size_t at = 0, room = (base ? base->count : 0) + in.len / (2 * ID_LEN + 8) + 1;
    struct receipt_tips *tips = room <= 2 * TIPS_MAX ? new_tips(room) : NULL;
    struct receipt_tip before = {.seq = 0}, tip;
    enum err err = ERR_OK;
    bool first = true;

    if (!tips)
        return room <= 2 * TIPS_MAX ? ERR_MEMORY : ERR_LIMIT;
    while (!err && in.len > 0) {
        err = read_tip(&in, &tip);
        if (!err && !first && !may_follow(&before, &tip))
            err = ERR_FORMAT;
        if (err)
            break;
        if (first || !id_equal(&before.log, &tip.log))
            copy_before(tips, base, &at, &tip.log);
        if (tip.seq)
            tips->at[tips->count++] = tip;
        before = tip;
        first = false;
    }
    while (!err && base && at < base->count)
        tips->at[tips->count++] = base->at[at++];
    if (!err)
        err = find_root(tips);
    if (err)
        tips_release(tips);
    else
        *out = tips;
    return err;
}
