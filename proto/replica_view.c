/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica_state.h"

/* A look at a replica from outside; nothing here changes it. */

const struct frontier *replica_frontier(const struct replica *r)
{
    return r->frontier;
}

struct trust *replica_trust(struct replica *r)
{
    return r->trust;
}

bool replica_is_storing(const struct replica *r)
{
    return r->batch_count > 0;
}

bool replica_settled(const struct replica *r)
{
    if (r->batch_count || r->event_count)
        return false;
    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        if (l->state != LINK_OPEN || l->waiting || l->walk.open || l->want_due || l->roots_due || l->serving ||
            l->asked_count || l->asking_count || session_queued(l->session, SESSION_FILES) ||
            session_queued(l->session, SESSION_LIVE) || session_queued(l->session, SESSION_BULK))
            return false;
    }
    return true;
}

size_t replica_missing(const struct replica *r)
{
    return missing_count(r->missing);
}

uint64_t replica_news_ms(const struct replica *r)
{
    return r->news_ms;
}

struct replica_pushes replica_pushes(const struct replica *r)
{
    return r->pushes;
}

size_t replica_memory(const struct replica *r)
{
    size_t bytes =
        sizeof *r + intake_memory(r->intake) + r->early.size + recent_memory(r->recent) + receipts_memory(r->receipts);

    for (size_t i = 0; i < r->batch_count; i++)
        bytes += r->batches[i].in ? intake_memory(r->batches[i].in) : 0;
    for (size_t i = 0; i < r->idle_count; i++)
        bytes += intake_memory(r->idle[i]);
    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        bytes += sizeof *l + l->bundle.size + l->served.size + l->got.size + l->told_size * sizeof *l->told +
                 walk_memory(&l->walk) + session_memory(l->session);
    }
    return bytes;
}

bool replica_is_behind(const struct replica *r, const struct id *log, uint64_t *seq)
{
    *seq = 0;
    for (size_t i = 0; i < r->link_count; i++)
        for (size_t j = 0; j < r->links[i]->told_count; j++) {
            const struct message_item *item = &r->links[i]->told[j].item;
            struct head head;

            if (id_equal(&item->log, log) && item->seq > *seq &&
                frontier_entry(r->frontier, log, item->seq, bytes_of(item->tag, MESSAGE_TAG_LEN), &head))
                *seq = item->seq;
        }
    return *seq > 0;
}

size_t replica_files_wanted(const struct replica *r)
{
    return wanted_count(r->wanted);
}

enum err replica_file_sources(const struct replica *r, const struct id *digest, size_t *count)
{
    *count = 0;
    if (!wanted_find(r->wanted, digest))
        return ERR_MISSING;
    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        *count += l->state == LINK_OPEN && !l->files_barred && talk_serves(&l->peer) &&
                  wanted_may_come(r->wanted, digest, l->place);
    }
    return ERR_OK;
}

const struct id *replica_absent_entry(const struct replica *r, const struct id *digest)
{
    return absent_find(r->absent, digest);
}
