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
    l->probation_ms = UINT64_MAX;
    return l;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    session_free(l->session);
    buffer_free(&l->bundle);
    free(l->told);
    free(l);
}

static size_t place_of(const struct link *l, const struct id *log)
{
    size_t low = 0, high = l->told_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(&l->told[middle].item.log, log) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct link_told *told_of(const struct link *l, const struct id *log)
{
    size_t place = place_of(l, log);

    return place < l->told_count && id_equal(&l->told[place].item.log, log) ? &l->told[place] : NULL;
}

enum err link_told_of(struct link *l, const struct message_item *item)
{
    size_t place = place_of(l, &item->log);
    struct link_told *old = told_of(l, &item->log);

    if (old) {
        if (item->seq > old->item.seq)
            *old = (struct link_told){.item = *item};
        return ERR_OK;
    }
    if (l->told_count == LIMIT_LOGS)
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

enum err link_told_seq(struct link *l, const struct id *log, uint64_t seq)
{
    struct message_item item = {.log = *log, .seq = seq, .role = ROLE_COORDINATOR};
    const struct link_told *old = told_of(l, log);

    if (old)
        item.role = old->item.role;
    return link_told_of(l, &item);
}

uint64_t link_has(const struct link *l, const struct id *log)
{
    const struct link_told *told = told_of(l, log);

    return told ? told->item.seq : 0;
}

void link_forget_told(struct link *l)
{
    free(l->told);
    l->told = NULL;
    l->told_count = l->told_size = 0;
    l->vector_whole = false;
}

void link_hope(struct link *l)
{
    for (size_t i = 0; i < l->told_count; i++) {
        l->told[i].given_up = false;
        l->told[i].asked_from = 0;
    }
}

static size_t ranges_of(struct link *l, const struct frontier *frontier, bool governance, struct message_range ranges[])
{
    size_t count = 0;

    for (size_t i = 0; i < l->told_count && count < LIMIT_RANGES; i++) {
        struct link_told *told = &l->told[i];
        const struct head *head = frontier_find(frontier, &told->item.log);
        uint64_t from = head ? head->seq + 1 : 1;

        if (role_governs(told->item.role) != governance || told->given_up || told->item.seq < from)
            continue;
        if (told->asked_from == from && !MUTANT(MUTANT_ASK_AGAIN)) {
            told->given_up = true;
            continue;
        }
        told->asked_from = from;
        ranges[count++] = (struct message_range){.log = told->item.log, .from = from, .to = told->item.seq};
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
        ranges[count++] = (struct message_range){.log = next->log, .from = next->seq, .to = next->seq};
        l->asked_serial = next->serial;
    }
    return count;
}

uint64_t link_behind(const struct link *l, const struct frontier *frontier)
{
    uint64_t behind = 0;

    if (l->equal || !l->vector_whole)
        return 0;
    for (size_t i = 0; i < frontier_count(frontier); i++) {
        const struct head *head = frontier_at(frontier, i);
        uint64_t has = link_has(l, &head->log);

        behind += head->seq > has ? head->seq - has : 0;
    }
    return behind;
}
