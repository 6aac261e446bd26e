/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/mutant.h"
#include "proto/replica_state.h"

/* A node's own receipt: when it is due, and what it states. */

const struct receipts *replica_receipts(const struct replica *r)
{
    return r->receipts;
}

size_t replica_next_receipt(struct replica *r)
{
    return receipts_next_changed(r->receipts);
}

uint64_t replica_receipts_told(const struct replica *r)
{
    return r->receipts_told;
}

static const struct receipt *own(const struct replica *r)
{
    size_t place = receipts_find(r->receipts, &r->node);

    return place == SIZE_MAX ? NULL : &receipts_at(r->receipts, place)->receipt;
}

enum err replica_load_receipt(struct replica *r, struct bytes whole)
{
    size_t place;

    return receipts_read(r->receipts, whole, &place);
}

enum err replica_load_own_receipt(struct replica *r, const struct receipt *receipt, uint64_t wall_ms, uint64_t now)
{
    uint64_t signed_ms = ENTRY_CLOCK_MS(receipt->number), age = wall_ms > signed_ms ? wall_ms - signed_ms : 0;

    size_t place = receipts_place(r->receipts, &r->node);

    if (!id_equal(&receipt->node, &r->node) || receipt_verify(receipt, &r->network))
        return ERR_AUTH;
    if (place == SIZE_MAX)
        return ERR_LIMIT;
    if (r->last_number < receipt->number)
        r->last_number = receipt->number;
    r->receipt_beat_ms = now + (age < LIMIT_RECEIPT_BEAT_MS ? LIMIT_RECEIPT_BEAT_MS - age : 0);
    return ERR_OK;
}

/* ---- what it states ---- */

static int order_lacks(const void *a, const void *b)
{
    const struct receipt_lack *one = a, *other = b;
    int order = id_compare(&one->entry, &other->entry);

    return order ? order : one->part - other->part;
}

/* In order, each entry once; one that lacks its text is not said to have that. */
static size_t arrange(struct receipt_lack lacks[], size_t count)
{
    size_t kept = 0;

    if (count)
        qsort(lacks, count, sizeof *lacks, order_lacks);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !id_equal(&lacks[kept - 1].entry, &lacks[i].entry))
            lacks[kept++] = lacks[i];
    return kept;
}

static size_t add_texts(struct replica *r)
{
    const struct missing_content *next;
    size_t count = 0;

    for (uint64_t serial = 0; (next = missing_after(r->missing, serial)); serial = next->serial)
        r->lacks[count++] = (struct receipt_lack){.entry = next->entry, .part = RECEIPT_LACKS_TEXT};
    return count;
}

static size_t add_files(struct replica *r, size_t count)
{
    for (size_t i = 0; i < absent_count(r->absent); i++)
        r->lacks[count++] = (struct receipt_lack){.entry = *absent_entry(r->absent, i), .part = RECEIPT_LACKS_FILES};
    return count;
}

/* Lists what is missing: all, or the texts alone where that is too much for a list or more than is known, or nothing. */
static enum err list_lacks(struct replica *r, struct receipt *receipt)
{
    size_t texts = missing_count(r->missing), files = absent_count(r->absent), count;

    free(r->lacks);
    r->lacks = NULL;
    receipt->lacking = MUTANT(MUTANT_RECEIPT_FORGETS) ? 0 : RECEIPT_MANY;
    if (texts > LIMIT_RECEIPT_LACKS || r->missing_unsure || MUTANT(MUTANT_RECEIPT_FORGETS))
        return ERR_OK;
    if (texts + files && !(r->lacks = calloc(texts + files, sizeof *r->lacks)))
        return ERR_MEMORY;
    count = arrange(r->lacks, add_files(r, add_texts(r)));
    receipt->texts_only = count > LIMIT_RECEIPT_LACKS || r->absent_unsure;
    if (receipt->texts_only)
        count = arrange(r->lacks, add_texts(r));
    receipt->lacking = (uint32_t)count;
    return ERR_OK;
}

static enum err state(struct replica *r, struct receipt *receipt)
{
    *receipt = (struct receipt){.node = r->node, .store_id = r->store_id, .root = frontier_root(r->frontier)};
    enum err err = receipts_remember(r->receipts, r->frontier);

    if (!err)
        err = list_lacks(r, receipt);
    if (!err && receipt_listed(receipt) > 0)
        receipt->lacks = receipt_lacks(r->lacks, receipt->lacking);
    return err;
}

enum err replica_receipt(struct replica *r, uint64_t wall_ms, struct receipt *receipt)
{
    const struct receipt *last = own(r);
    uint64_t number = last && last->number > r->last_number ? last->number : r->last_number;
    enum err err = state(r, receipt);

    receipt->number = entry_next_clock(number, wall_ms);
    return err;
}

void replica_receipt_kept(struct replica *r, const struct receipt *receipt, uint64_t now)
{
    r->last_number = receipt->number;
    if (receipts_put(r->receipts, receipt, r->lacks, receipt_listed(receipt)))
        return; /* Memory is out: the next one will tell. */
    r->receipt_last_ms = now;
    r->receipt_due_ms = r->receipt_beat_ms = now + LIMIT_RECEIPT_BEAT_MS;
    talk_receipt_kept(r, now);
}

/* ---- when it is due ---- */

void replica_receipt_changed(struct replica *r, uint64_t now)
{
    uint64_t due = now + LIMIT_RECEIPT_DELAY_MS;

    uint64_t gap = LIMIT_RECEIPT_GAP_MS + receipts_count(r->receipts) * LIMIT_RECEIPT_EACH_MS;

    if (r->receipt_last_ms && due < r->receipt_last_ms + gap)
        due = r->receipt_last_ms + gap;
    if (!r->receipt_changed)
        r->receipt_changed_ms = now;
    r->receipt_changed = true;
    if (due < r->receipt_due_ms)
        r->receipt_due_ms = due;
}

/* While much is on its way a receipt would be old before it arrives. */
static bool is_busy(const struct replica *r, uint64_t now)
{
    bool busy = false;

    for (size_t i = 0; i < r->link_count; i++)
        busy = busy || (r->links[i]->state == LINK_OPEN && r->links[i]->waiting);
    return busy && now < r->receipt_changed_ms + LIMIT_RECEIPT_BUSY_MS;
}

/* Nothing else than the last one said, and that is not long ago. */
static bool is_told(struct replica *r, uint64_t now)
{
    const struct receipt *last = own(r);
    struct receipt present;

    return last && last->number && now < r->receipt_beat_ms && !state(r, &present) &&
           id_equal(&present.root, &last->root) && present.store_id == last->store_id &&
           present.lacking == last->lacking && present.texts_only == last->texts_only &&
           id_equal(&present.lacks, &last->lacks);
}

bool replica_receipt_due(struct replica *r, uint64_t now)
{
    if (now < r->receipt_due_ms)
        return false;
    if (!r->trust || r->failed) {
        r->receipt_due_ms = UINT64_MAX;
        return false;
    }
    if (is_busy(r, now)) {
        r->receipt_due_ms = now + LIMIT_RECEIPT_DELAY_MS;
        return false;
    }
    r->receipt_changed = false;
    r->receipt_due_ms = now + LIMIT_RECEIPT_GAP_MS; /* If it cannot be signed or kept. */
    if (trust_key(r->trust, &r->node).status <= TRUST_VOID)
        r->receipt_due_ms = now + LIMIT_RECEIPT_BEAT_MS;
    else if (is_told(r, now))
        r->receipt_due_ms = r->receipt_beat_ms;
    else
        return true;
    return false;
}
