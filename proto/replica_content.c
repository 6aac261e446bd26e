/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/replica_state.h"

/* Which contents are for whom, and which are missing here. */

bool replica_is_restricted(const struct entry *entry)
{
    enum act_audience audience;

    return !act_audience(entry->body, &audience) && audience == ACT_FOR_KIBBUTZ;
}

enum err replica_note_missing(struct replica *r, const struct entry *entry, const struct id *id)
{
    struct missing_content missing = {.log = entry->log, .seq = entry->seq, .entry = *id};
    struct trust_key own = trust_key(r->trust, &r->node);
    bool knows_itself = own.status == TRUST_GOOD;

    if (act_id(entry->body, ACT_CONTENT, 0, &missing.content) || (knows_itself && !replica_may_hold(r, &own, entry)) ||
        trust_erased(r->trust, id))
        return ERR_OK;
    missing.restricted = replica_is_restricted(entry);
    enum err err = missing_add(r->missing, &missing);
    r->missing_unsure = r->missing_unsure || err;
    return err;
}

void replica_forget_others(struct replica *r)
{
    struct trust_key own = trust_key(r->trust, &r->node);
    const struct missing_content *next;

    if (r->knows_itself || own.status != TRUST_GOOD)
        return;
    r->knows_itself = true;
    for (uint64_t serial = 0; (next = missing_after(r->missing, serial));) {
        struct trust_key author = trust_key(r->trust, &next->log);
        struct missing_content one = *next;

        serial = one.serial;
        if (one.restricted && !id_equal(&author.kibbutz, &own.kibbutz))
            missing_remove(r->missing, &one.log, one.seq, &one.entry);
    }
}

void replica_forget_erased(struct replica *r)
{
    const struct missing_content *next;

    recent_clear(r->recent); /* Their texts too. */
    for (uint64_t serial = 0; (next = missing_after(r->missing, serial));) {
        struct missing_content one = *next;

        serial = one.serial;
        if (trust_erased(r->trust, &one.entry))
            missing_remove(r->missing, &one.log, one.seq, &one.entry);
    }
}

enum err replica_load_missing(struct replica *r, const struct entry *entry, const struct id *id)
{
    return r->trust && !MUTANT(MUTANT_FORGET_ON_LOAD) ? replica_note_missing(r, entry, id) : ERR_OK;
}

bool replica_may_hold(struct replica *r, const struct trust_key *holder, const struct entry *entry)
{
    if (MUTANT(MUTANT_LEAK_AUDIENCE) || !replica_is_restricted(entry))
        return true;
    struct trust_key author = trust_key(r->trust, &entry->log);
    return holder->status == TRUST_GOOD && !MUTANT(MUTANT_KEPT_FROM_OWN) && author.status != TRUST_UNKNOWN &&
           id_equal(&author.kibbutz, &holder->kibbutz);
}
