/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/link.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/mutant.h"

struct link *link_new(uint32_t connection, bool initiator, struct session *session)
{
    struct link *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->connection = connection;
    l->initiator = initiator;
    l->session = session;
    l->state = LINK_HANDSHAKE;
    l->reason = "";
    l->bundle = BUFFER(LIMIT_BUNDLE);
    l->served = BUFFER(LIMIT_PUSH_BASE);
    l->got = BUFFER(LIMIT_PUSH_BASE);
    l->probation_ms = UINT64_MAX;
    l->receipts = (struct link_receipts){
        .due_ms = UINT64_MAX, .in = BUFFER(LIMIT_RECEIPT_PROOF), .out = BUFFER(LIMIT_RECEIPT_PROOF)};
    return l;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    session_free(l->session);
    buffer_free(&l->bundle);
    buffer_free(&l->served);
    buffer_free(&l->got);
    buffer_free(&l->receipts.in);
    buffer_free(&l->receipts.out);
    free(l->receipts.numbers);
    walk_end(&l->walk);
    free(l->told);
    free(l);
}

static int compare(const struct message_item *a, const struct id *log, uint64_t seq, const uint8_t *tag)
{
    int order = id_compare(&a->log, log);

    if (order == 0 && a->seq != seq)
        order = a->seq < seq ? -1 : 1;
    return order != 0 ? order : memcmp(a->tag, tag, MESSAGE_TAG_LEN);
}

static size_t place_of(const struct link *l, const struct id *log, uint64_t seq, const uint8_t *tag)
{
    size_t low = 0, high = l->told_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&l->told[middle].item, log, seq, tag) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const uint8_t LEAST[MESSAGE_TAG_LEN];

/* What was told of one log; the first stands at *first. */
static size_t told_of(const struct link *l, const struct id *log, size_t *first)
{
    size_t end = *first = place_of(l, log, 0, LEAST);

    while (end < l->told_count && id_equal(&l->told[end].item.log, log))
        end++;
    return end - *first;
}

static void remove_told(struct link *l, size_t place)
{
    l->told_count--;
    memmove(l->told + place, l->told + place + 1, (l->told_count - place) * sizeof *l->told);
}

enum err link_told_of(struct link *l, const struct message_item *item)
{
    size_t place = place_of(l, &item->log, item->seq, item->tag);

    if (place < l->told_count && compare(&l->told[place].item, &item->log, item->seq, item->tag) == 0)
        return ERR_OK;
    if (l->told_count == LIMIT_LOGS + LIMIT_FORKS)
        return ERR_LIMIT;
    if (l->told_count == l->told_size) {
        size_t size = l->told_size ? l->told_size * 2 : 16;
        struct link_told *told = realloc(l->told, size * sizeof *told);

        if (!told)
            return ERR_MEMORY;
        l->told = told;
        l->told_size = size;
    }
    memmove(l->told + place + 1, l->told + place, (l->told_count - place) * sizeof *l->told);
    l->told[place] = (struct link_told){.item = *item};
    l->told_count++;
    return ERR_OK;
}

static int order_told(const void *a, const void *b)
{
    const struct link_told *told = b;

    return compare(a, &told->item.log, told->item.seq, told->item.tag);
}

enum err link_told_all(struct link *l, const struct message_item items[], size_t count)
{
    struct link_told *told = calloc(count + 1, sizeof *told);

    if (!told)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        told[i].item = items[i];
    qsort(told, count, sizeof *told, order_told);
    link_forget_told(l);
    l->told = told;
    l->told_size = count + 1;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || order_told(&told[i], &told[l->told_count - 1]) != 0)
            told[l->told_count++] = told[i];
    return ERR_OK;
}

enum err link_told_entry(struct link *l, const struct id *log, uint64_t seq, const struct id *entry,
                         const struct id *prev)
{
    struct message_item item = {.log = *log, .seq = seq, .role = ROLE_COORDINATOR};
    size_t first, count = told_of(l, log, &first), before = SIZE_MAX;

    memcpy(item.tag, entry->at, MESSAGE_TAG_LEN);
    for (size_t i = first; i < first + count; i++) {
        const struct message_item *old = &l->told[i].item;

        item.role = old->role;
        if (old->seq > seq || (old->seq == seq && memcmp(old->tag, item.tag, MESSAGE_TAG_LEN) == 0))
            return ERR_OK;
        if (old->seq < seq && (count == 1 || memcmp(old->tag, prev->at, MESSAGE_TAG_LEN) == 0))
            before = i;
    }
    if (before != SIZE_MAX)
        remove_told(l, before);
    return link_told_of(l, &item);
}

bool link_has(const struct link *l, const struct id *log, uint64_t seq, const struct id *entry, bool forks)
{
    size_t first, count = told_of(l, log, &first);

    for (size_t i = first; i < first + count; i++) {
        const struct message_item *item = &l->told[i].item;

        if ((item->seq == seq && memcmp(item->tag, entry->at, MESSAGE_TAG_LEN) == 0) || (!forks && item->seq > seq))
            return true;
    }
    return false;
}

uint64_t link_newest(const struct link *l, const struct id *log)
{
    size_t first, count = told_of(l, log, &first);

    return count ? l->told[first + count - 1].item.seq : 0;
}

void link_forget_told(struct link *l)
{
    free(l->told);
    l->told = NULL;
    l->told_count = l->told_size = 0;
    l->told_whole = false;
}

void link_hope(struct link *l)
{
    for (size_t i = 0; i < l->told_count; i++) {
        l->told[i].given_up = false;
        l->told[i].asked_from = 0;
        l->told[i].tries = 0;
    }
}

#define TIPS_TRIED 4 /* Of ours, before it is taken for a branch of its own. */

/*
 * Where to ask from, at the n-th try: after one of our tips, the newest first, for it will lead on from one of them; then, as it
 * hangs from somewhere before, in strides that grow.  0: it was tried from the beginning.
 */
static uint64_t where_from(const struct frontier *frontier, const struct message_item *item, unsigned try)
{
    size_t first, tips = frontier_tips(frontier, &item->log, &first);
    uint64_t low = item->seq, from = 0;
    unsigned tried = 0;

    for (size_t i = first + tips; i > first && tried < TIPS_TRIED; i--) {
        uint64_t seq = frontier_at(frontier, i - 1)->seq;
        if (seq >= low)
            continue;
        low = seq;
        if (tried++ == try)
            return seq + 1;
    }
    if (tips == 0)
        return try == 0 ? 1 : 0;
    for (unsigned i = tried; i <= try; i++) {
        unsigned shift = 4 * (i - tried + 1);
        if (from == 1)
            return 0;
        from = shift < 32 && low > UINT64_C(1) << shift ? low - (UINT64_C(1) << shift) : 1;
    }
    return from;
}

/* Whether we have it: it is a tip, or the store, asked once, says so. */
static bool is_here(struct link_told *told, const struct frontier *frontier)
{
    struct head head;

    told->here = told->here || frontier_entry(frontier, &told->item.log, told->item.seq,
                                              bytes_of(told->item.tag, MESSAGE_TAG_LEN), &head) == ERR_OK;
    return told->here;
}

/* Where both sides of a fork are, or may be: the proof goes before everything else. */
static bool is_urgent(const struct frontier *frontier, const struct message_item *item)
{
    const struct head *head = frontier_find(frontier, &item->log);
    size_t first;

    return role_governs(item->role) || (head && head->seq >= item->seq) ||
           frontier_tips(frontier, &item->log, &first) > 1;
}

static size_t ranges_of(struct link *l, const struct frontier *frontier, bool urgent, struct message_range ranges[])
{
    size_t count = 0;

    for (size_t i = 0; i < l->told_count && count < LIMIT_RANGES; i++) {
        struct link_told *told = &l->told[i];

        if (told->given_up || frontier_is_crowded(frontier, &told->item.log) || is_here(told, frontier) ||
            is_urgent(frontier, &told->item) != urgent)
            continue;
        uint64_t first_from = where_from(frontier, &told->item, 0);
        if (told->asked_from != first_from)
            told->tries = 0;
        else if (!MUTANT(MUTANT_ASK_AGAIN))
            told->tries++;
        uint64_t from = where_from(frontier, &told->item, told->tries);
        told->asked_from = first_from;
        told->given_up = from == 0;
        if (from == 0)
            continue;
        ranges[count] = (struct message_range){.log = told->item.log, .from = from, .to = told->item.seq};
        memcpy(ranges[count++].tag, told->item.tag, MESSAGE_TAG_LEN);
    }
    return count;
}

size_t link_ranges(struct link *l, const struct frontier *frontier, struct message_range ranges[LIMIT_RANGES])
{
    size_t count = ranges_of(l, frontier, true, ranges);

    return count ? count : ranges_of(l, frontier, false, ranges);
}

size_t link_contents(struct link *l, const struct missing *missing, struct message_range ranges[LIMIT_RANGES])
{
    size_t count = 0;
    const struct missing_content *next;

    while (count < LIMIT_RANGES && (next = missing_after(missing, l->asked_serial))) {
        ranges[count] = (struct message_range){.log = next->log, .from = next->seq, .to = next->seq};
        memcpy(ranges[count++].tag, next->entry.at, MESSAGE_TAG_LEN);
        l->asked_serial = next->serial;
    }
    return count;
}

uint64_t link_behind(const struct link *l, const struct frontier *frontier)
{
    uint64_t behind = 0;

    if (l->equal || !l->told_whole)
        return 0;
    for (size_t i = 0; i < frontier_count(frontier); i++) {
        const struct head *head = frontier_at(frontier, i);
        uint64_t has = link_newest(l, &head->log);

        if (head == frontier_find(frontier, &head->log))
            behind += head->seq > has ? head->seq - has : 0;
    }
    return behind;
}
