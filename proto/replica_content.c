/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/content.h"
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

static void forget_erased_attachments(struct replica *r)
{
    const struct wanted_file *next;

    for (size_t i = wanted_count(r->wanted); i > 0; i--)
        if ((next = wanted_at(r->wanted, i - 1)) && trust_erased(r->trust, &next->entry))
            wanted_forget_at(r->wanted, i - 1);
    for (size_t i = absent_count(r->absent); i > 0; i--)
        if (trust_erased(r->trust, absent_entry(r->absent, i - 1)))
            absent_forget_at(r->absent, i - 1);
}

void replica_forget_erased(struct replica *r)
{
    const struct missing_content *next;

    recent_clear(r->recent); /* Their texts too. */
    forget_erased_attachments(r);

    for (uint64_t serial = 0; (next = missing_after(r->missing, serial));) {
        struct missing_content one = *next;

        serial = one.serial;
        if (trust_erased(r->trust, &one.entry))
            missing_remove(r->missing, &one.log, one.seq, &one.entry);
    }
}

/* ---- attachments ---- */

/* A receipt may not claim it; where it cannot be remembered, no attachments. */
static enum err note_absent(struct replica *r, const struct id *digest, const struct id *entry)
{
    enum err err = absent_add(r->absent, digest, entry);

    r->absent_unsure = r->absent_unsure || err;
    return err;
}

static enum err want_attachment(struct replica *r, const struct wanted_file *file)
{
    if (wanted_is_here(r->wanted, &file->digest, file->size)) {
        wanted_remove(r->wanted, &file->digest); /* It was published here. */
        absent_came(r->absent, &file->digest);
        return ERR_OK;
    }
    enum err err = note_absent(r, &file->digest, &file->entry);
    return !err && !r->on_demand ? wanted_add(r->wanted, file) : err;
}

enum err replica_want_attachments(struct replica *r, const struct wanted_file *context, struct bytes packed)
{
    struct content *content = malloc(sizeof *content); /* Too large for the stack. */
    struct trust_key author = trust_key(r->trust, &context->log);
    enum err err = content ? content_read(packed, content) : ERR_MEMORY;

    for (size_t i = 0; !err && i < content->count; i++) {
        struct wanted_file file = *context;

        if (&content->files[i] == content_text(content))
            continue;
        file.digest = content->files[i].digest;
        file.size = content->files[i].size;
        file.kibbutz = author.kibbutz;
        err = want_attachment(r, &file);
    }
    r->absent_unsure = r->absent_unsure || err == ERR_MEMORY;
    free(content);
    return err;
}

enum err replica_want_file(struct replica *r, const struct entry *entry, const struct id *id, const struct id *digest,
                           uint64_t size)
{
    struct wanted_file file = {.digest = *digest, .size = size, .log = entry->log, .seq = entry->seq, .entry = *id};

    if (!r->trust || trust_erased(r->trust, id) || size > LIMIT_FILE)
        return ERR_OK;
    file.kibbutz = trust_key(r->trust, &entry->log).kibbutz;
    file.restricted = replica_is_restricted(entry);
    talk_wake_files(r);
    return wanted_add(r->wanted, &file);
}

void replica_unwant_file(struct replica *r, const struct id *digest)
{
    wanted_remove(r->wanted, digest);
}

enum err replica_load_absent(struct replica *r, const struct entry *entry, const struct id *id, const struct id *digest,
                             uint64_t size)
{
    enum err err = r->trust && !trust_erased(r->trust, id) ? note_absent(r, digest, id) : ERR_OK;

    return err || r->on_demand ? err : replica_want_file(r, entry, id, digest, size);
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
