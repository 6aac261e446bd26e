/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/receipts.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/mutant.h"
#include "proto/receipts_tips.h"
#include "proto/wire.h"

#define PAST_NEAR                                                                                                      \
    4 /* The newest of them are all told as points, then ever fewer; and as many of those that peers had, too. */
#define PAST_MAX 64 /* Own frontiers remembered, while LIMIT_RECEIPT_PAST allows it. */

struct past {
    struct receipt_tips *tips;
    bool shared; /* A peer had them as well. */
};

struct receipts {
    struct id network;
    bool verified; /* All that comes was verified before. */
    struct receipts_node *nodes;
    size_t count, size;
    size_t *sorted; /* Places in ascending order of key. */
    uint64_t serial;
    struct past past[PAST_MAX]; /* The oldest first. */
    size_t past_count, past_size;
};

struct receipts *receipts_new(const struct id *network)
{
    struct receipts *s = calloc(1, sizeof *s);

    if (s)
        s->network = *network;
    return s;
}

struct receipts *receipts_new_verified(void)
{
    struct receipts *s = calloc(1, sizeof *s);

    if (s)
        s->verified = true;
    return s;
}

/* What a place holds is lent as const, and owned here. */
static void empty_place(struct receipts_node *node)
{
    tips_release((struct receipt_tips *)(uintptr_t)node->tips);
    free((void *)(uintptr_t)node->lacks);
    node->tips = NULL;
    node->lacks = NULL;
}

void receipts_free(struct receipts *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        empty_place(&s->nodes[i]);
    for (size_t i = 0; i < s->past_count; i++)
        tips_release(s->past[i].tips);
    free(s->nodes);
    free(s->sorted);
    free(s);
}

size_t receipts_count(const struct receipts *s)
{
    return s->count;
}

const struct receipts_node *receipts_at(const struct receipts *s, size_t place)
{
    return &s->nodes[place];
}

size_t receipts_sorted(const struct receipts *s, size_t nth)
{
    return s->sorted[nth];
}

size_t receipts_nth(const struct receipts *s, const struct id *node)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(&s->nodes[s->sorted[middle]].receipt.node, node) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t receipts_serial(const struct receipts *s)
{
    return s->serial;
}

size_t receipts_find(const struct receipts *s, const struct id *node)
{
    size_t nth = receipts_nth(s, node);

    return nth < s->count && id_equal(&s->nodes[s->sorted[nth]].receipt.node, node) ? s->sorted[nth] : SIZE_MAX;
}

static bool make_room(struct receipts *s)
{
    size_t size = s->size ? 2 * s->size : 16;

    if (s->count < s->size)
        return true;
    struct receipts_node *nodes = realloc(s->nodes, size * sizeof *nodes);
    if (nodes)
        s->nodes = nodes;
    size_t *sorted = nodes ? realloc(s->sorted, size * sizeof *sorted) : NULL;
    if (!sorted)
        return false;
    s->sorted = sorted;
    s->size = size;
    return true;
}

size_t receipts_place(struct receipts *s, const struct id *node)
{
    size_t place = receipts_find(s, node), nth = receipts_nth(s, node);

    if (place != SIZE_MAX || s->count == LIMIT_RECEIPT_NODES || !make_room(s))
        return place;
    memmove(s->sorted + nth + 1, s->sorted + nth, (s->count - nth) * sizeof *s->sorted);
    s->sorted[nth] = s->count;
    s->nodes[s->count] = (struct receipts_node){.receipt = {.node = *node}};
    return s->count++;
}

size_t receipts_next_changed(struct receipts *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->nodes[i].changed) {
            s->nodes[i].changed = false;
            return i;
        }
    return SIZE_MAX;
}

size_t receipts_memory(const struct receipts *s)
{
    return sizeof *s + s->size * sizeof *s->nodes + s->past_size;
}

/* ---- tips that are known ---- */

/* Those whose root begins so; the `nth` of them.  NULL: no more. */
static struct receipt_tips *find_tips(const struct receipts *s, struct bytes beginning, size_t nth)
{
    for (size_t i = s->past_count; i > 0; i--)
        if (id_begins(&s->past[i - 1].tips->root, beginning) && nth-- == 0)
            return s->past[i - 1].tips;
    for (size_t i = 0; i < s->count; i++)
        if (s->nodes[i].tips && id_begins(&s->nodes[i].tips->root, beginning) && nth-- == 0)
            return (struct receipt_tips *)(uintptr_t)s->nodes[i].tips;
    return NULL;
}

static struct receipt_tips *tips_with(const struct receipts *s, const struct id *root)
{
    return find_tips(s, id_bytes(root), 0);
}

bool receipts_knows(const struct receipts *s, const struct id *root)
{
    return tips_with(s, root) != NULL;
}

const struct receipt_tips *receipts_tips(const struct receipts *s, struct bytes beginning)
{
    return find_tips(s, beginning, 0);
}

static void add_point(struct id roots[], size_t *count, const struct receipt_tips *tips)
{
    for (size_t i = 0; tips && i < *count; i++)
        if (id_equal(&roots[i], &tips->root))
            return;
    if (tips && *count < LIMIT_POINTS)
        roots[(*count)++] = tips->root;
}

size_t receipts_points(const struct receipts *s, const struct id *node, struct id roots[LIMIT_POINTS])
{
    size_t place = receipts_find(s, node), count = 0;

    if (place != SIZE_MAX)
        add_point(roots, &count, s->nodes[place].tips);
    for (size_t i = s->past_count, shared = 0; i > 0 && shared < PAST_NEAR; i--)
        if (s->past[i - 1].shared) {
            add_point(roots, &count, s->past[i - 1].tips);
            shared++;
        }
    for (size_t back = 1; back <= s->past_count; back += back < PAST_NEAR ? 1 : back / 2)
        add_point(roots, &count, s->past[s->past_count - back].tips);
    for (size_t i = 0; i < s->count; i++)
        add_point(roots, &count, s->nodes[i].tips);
    return count;
}

/* Of the older half the oldest that no peer had: a hundred documents of one's own leave what was known to both in its place. */
static void forget_one(struct receipts *s)
{
    size_t place = 0;

    while (place < s->past_count / 2 && s->past[place].shared)
        place++;
    if (place == s->past_count / 2)
        place = 0;
    s->past_size -= tips_size(s->past[place].tips);
    tips_release(s->past[place].tips);
    s->past_count--;
    memmove(s->past + place, s->past + place + 1, (s->past_count - place) * sizeof s->past[0]);
}

static enum err remember(struct receipts *s, const struct frontier *frontier, bool shared)
{
    struct id root = frontier_root(frontier);
    struct receipt_tips *tips;

    for (size_t i = 0; i < s->past_count; i++)
        if (id_equal(&s->past[i].tips->root, &root)) {
            s->past[i].shared = s->past[i].shared || shared;
            return ERR_OK;
        }
    if ((tips = tips_with(s, &root)))
        tips->users++;
    else if (!(tips = tips_of_frontier(frontier)))
        return ERR_MEMORY;
    while (s->past_count == PAST_MAX || (s->past_count > 1 && s->past_size + tips_size(tips) > LIMIT_RECEIPT_PAST))
        forget_one(s);
    s->past[s->past_count++] = (struct past){.tips = tips, .shared = shared};
    s->past_size += tips_size(tips);
    return ERR_OK;
}

enum err receipts_remember(struct receipts *s, const struct frontier *frontier)
{
    return remember(s, frontier, false);
}

enum err receipts_remember_shared(struct receipts *s, const struct frontier *frontier)
{
    return remember(s, frontier, true);
}

/* ---- taking in ---- */

static enum err verify(const struct receipts *s, const struct receipt *receipt)
{
    return s->verified || MUTANT(MUTANT_RECEIPT_UNSIGNED) ? ERR_OK : receipt_verify(receipt, &s->network);
}

static bool is_newer(const struct receipts *s, const struct receipt *receipt)
{
    size_t place = receipts_find(s, &receipt->node);

    return place == SIZE_MAX || receipt->number > s->nodes[place].receipt.number || MUTANT(MUTANT_OLD_RECEIPTS);
}

/* Takes over `lacks`; a user of `tips` more. */
static enum err install(struct receipts *s, const struct receipt *receipt, struct receipt_tips *tips,
                        struct receipt_lack *lacks, size_t *place)
{
    *place = receipts_place(s, &receipt->node);
    if (*place == SIZE_MAX) {
        free(lacks);
        return ERR_LIMIT;
    }
    tips->users++;
    s->serial++;
    empty_place(&s->nodes[*place]);
    s->nodes[*place] = (struct receipts_node){.receipt = *receipt, .tips = tips, .lacks = lacks, .changed = true};
    return ERR_OK;
}

enum err receipts_put(struct receipts *s, const struct receipt *receipt, const struct receipt_lack lacks[],
                      size_t count)
{
    struct receipt_tips *tips = tips_with(s, &receipt->root);
    struct receipt_lack *copy = count ? malloc(count * sizeof *copy) : NULL;
    size_t place;

    if (!tips || (count && !copy)) {
        free(copy);
        return tips ? ERR_MEMORY : ERR_MISSING;
    }
    if (count)
        memcpy(copy, lacks, count * sizeof *copy);
    return install(s, receipt, tips, copy, &place);
}

/* ---- whole ---- */

void receipts_write(const struct receipts *s, size_t place, const struct id *base, struct buffer *out)
{
    const struct receipts_node *node = &s->nodes[place];
    const struct receipt_tips *from = tips_with(s, base);
    const struct id none = {{0}};

    receipt_encode(out, &node->receipt);
    buffer_add(out, id_bytes(from ? base : &none));
    for (size_t i = 0; i < receipt_listed(&node->receipt); i++) {
        buffer_add(out, id_bytes(&node->lacks[i].entry));
        buffer_u8(out, node->lacks[i].part);
    }
    tips_write(out, from, node->tips);
}

static enum err read_lacks(struct wire_reader *r, const struct receipt *receipt, struct receipt_lack **out)
{
    size_t count = receipt_listed(receipt);
    struct receipt_lack *lacks = count ? malloc(count * sizeof *lacks) : NULL;
    bool is_fine = true;

    *out = lacks;
    if (count && !lacks)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        wire_copy(r, lacks[i].entry.at, ID_LEN);
        lacks[i].part = wire_u8(r);
        is_fine = is_fine && lacks[i].part >= RECEIPT_LACKS_TEXT && lacks[i].part <= RECEIPT_LACKS_FILES &&
                  (i == 0 || id_compare(&lacks[i - 1].entry, &lacks[i].entry) < 0);
    }
    if (r->err || !is_fine)
        return ERR_FORMAT;
    struct id digest = receipt_lacks(lacks, count);
    return count && !id_equal(&digest, &receipt->lacks) ? ERR_AUTH : ERR_OK;
}

/* The tips that a receipt with this root rests on: known ones, or what the proof makes of known ones. */
static enum err prove(const struct receipts *s, const struct receipt *receipt, const struct id *base,
                      struct bytes differs, struct receipt_tips **tips)
{
    struct receipt_tips *from = tips_with(s, base), *known = tips_with(s, &receipt->root);

    if (known) {
        known->users++;
        *tips = known;
        return ERR_OK;
    }
    if (!from && !id_is_zero(base))
        return ERR_MISSING;
    enum err err = tips_read(differs, from, tips);
    if (!err && !id_equal(&(*tips)->root, &receipt->root)) {
        tips_release(*tips);
        *tips = NULL;
        err = ERR_AUTH;
    }
    return err;
}

enum err receipts_peek(struct bytes whole, struct receipt *receipt)
{
    return receipt_decode(&whole, receipt);
}

enum err receipts_read(struct receipts *s, struct bytes whole, size_t *place)
{
    struct receipt_tips *tips = NULL;
    struct receipt_lack *lacks = NULL;
    struct receipt receipt;
    struct id base;
    enum err err = whole.len > LIMIT_RECEIPT_PROOF ? ERR_LIMIT : receipt_decode(&whole, &receipt);

    if (err)
        return err;
    if (!is_newer(s, &receipt))
        return ERR_EXISTS;
    if ((err = verify(s, &receipt)))
        return err;
    struct wire_reader r = wire_reader(whole);
    wire_copy(&r, base.at, ID_LEN);
    if (!(err = read_lacks(&r, &receipt, &lacks)) && !(err = prove(s, &receipt, &base, r.rest, &tips)))
        err = install(s, &receipt, tips, lacks, place);
    else
        free(lacks);
    tips_release(tips);
    return err;
}

/* ---- in brief ---- */

bool receipts_is_brief(const struct receipts *s, size_t place)
{
    return s->nodes[place].receipt.lacking == 0 && !s->nodes[place].receipt.texts_only;
}

void receipts_write_brief(const struct receipts *s, size_t place, struct buffer *out)
{
    const struct receipt *receipt = &s->nodes[place].receipt;

    buffer_add(out, bytes_of(receipt->node.at, RECEIPTS_NODE_LEN));
    buffer_u64(out, receipt->number);
    buffer_u64(out, receipt->store_id);
    buffer_add(out, bytes_of(receipt->root.at, sizeof((struct receipts_brief *)0)->root));
    buffer_add(out, bytes_of(receipt->signature.at, SSHSIG_LEN));
}

enum err receipts_next_brief(struct bytes *rest, struct receipts_brief *brief)
{
    struct wire_reader r = wire_reader(*rest);

    wire_copy(&r, brief->node, sizeof brief->node);
    brief->number = wire_u64(&r);
    brief->store_id = wire_u64(&r);
    wire_copy(&r, brief->root, sizeof brief->root);
    wire_copy(&r, brief->signature.at, SSHSIG_LEN);
    *rest = r.rest;
    return r.err || brief->number == 0 ? ERR_FORMAT : ERR_OK;
}

enum err receipts_read_brief(struct receipts *s, const struct id *node, const struct receipts_brief *brief)
{
    struct receipt receipt = {
        .node = *node, .store_id = brief->store_id, .number = brief->number, .signature = brief->signature};
    const struct bytes beginning = bytes_of(brief->root, sizeof brief->root);
    struct receipt_tips *tips;
    struct id last = {{0}};
    enum err err = ERR_MISSING;
    size_t place;

    if (!is_newer(s, &receipt))
        return ERR_EXISTS;
    for (size_t nth = 0; (tips = find_tips(s, beginning, nth)); nth++) {
        if (nth > 0 && id_equal(&last, &tips->root))
            continue; /* The same, of another node. */
        last = receipt.root = tips->root;
        if (!(err = verify(s, &receipt)))
            return install(s, &receipt, tips, NULL, &place);
    }
    return err;
}

/* ---- what it says ---- */

bool receipts_holds(const struct receipts_node *node, const struct id *log, uint64_t seq, const struct id *entry,
                    receipts_lead_fn *leads, void *context)
{
    size_t first, count = node->tips ? tips_of_log(node->tips, log, &first) : 0;

    if (count >= LIMIT_BRANCHES)
        return false; /* The root that was signed does not say which. */
    for (size_t i = 0; i < count; i++) {
        const struct receipt_tip *tip = &node->tips->at[first + i];

        if (tip->seq == seq && id_equal(&tip->entry, entry))
            return true;
        if (tip->seq <= seq)
            continue;
        enum receipts_lead lead = leads ? leads(context, tip, seq, entry) : RECEIPTS_UNKNOWN;
        if (lead == RECEIPTS_LEADS || (lead == RECEIPTS_UNKNOWN && count == 1))
            return true;
    }
    return false;
}

unsigned receipts_lacks(const struct receipts_node *node, const struct id *entry)
{
    if (node->receipt.lacking == RECEIPT_MANY)
        return RECEIPT_LACKS_TEXT;
    for (size_t i = 0; i < node->receipt.lacking; i++)
        if (id_equal(&node->lacks[i].entry, entry))
            return node->lacks[i].part;
    return node->receipt.texts_only ? RECEIPT_LACKS_FILES : 0;
}

uint64_t receipts_behind(const struct receipts_node *node, const struct frontier *frontier)
{
    uint64_t behind = 0;

    for (size_t i = 0; node->tips && i < frontier_count(frontier); i++) {
        const struct head *head = frontier_at(frontier, i);
        size_t first, count = tips_of_log(node->tips, &head->log, &first);
        uint64_t has = count ? node->tips->at[first + count - 1].seq : 0;

        if (head == frontier_find(frontier, &head->log))
            behind += head->seq > has ? head->seq - has : 0;
    }
    return behind;
}
