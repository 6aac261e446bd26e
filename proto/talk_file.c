/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/talk_private.h"

/* Attachments: asked for chunk by chunk of whoever may have them, and answered one chunk at a time. */

#define GOES_ON KIB(8)          /* An answer that brought less in LIMIT_STALL_MS has stalled. */
#define AHEAD (LIMIT_CHUNK / 4) /* The next chunk is read when so little of the last one waits. */

void talk_wake_files(struct replica *r)
{
    for (size_t i = 0; i < r->link_count; i++)
        r->links[i]->files_due = true;
}

/* ---- asking ---- */

static void ask(struct replica *r, struct link *l, const struct wanted_file *file, size_t chunk, uint64_t now)
{
    struct message_want_file want = {.request = ++r->next_request,
                                     .log = file->log,
                                     .seq = file->seq,
                                     .digest = file->digest,
                                     .chunk = chunk == WANTED_LIST ? MESSAGE_LIST : (uint16_t)chunk};
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    memcpy(want.tag, file->entry.at, MESSAGE_TAG_LEN);
    if (l->asked_count == 0) {
        l->files_ms = now;
        l->files_come = session_files_come(l->session);
    }
    l->asked[l->asked_count++] =
        (struct link_file){.request = want.request, .digest = file->digest, .size = file->size, .chunk = chunk};
    message_write_want_file(&body, &want);
    talk_say(l, SESSION_LIVE, MESSAGE_WANT_FILE, &body);
    session_expect_files(l->session, true);
    buffer_free(&body);
}

bool talk_ask_files(struct replica *r, struct link *l, uint64_t now)
{
    const struct wanted_file *file;
    size_t chunk;

    /* Texts go first: what is asked of this peer for them is answered before. */
    if (!l->files_due || l->waiting || l->want_due || l->walk.open || l->files_barred || r->failed ||
        now < r->files_resume_ms || l->asked_count == LIMIT_FILE_ASKS || !talk_serves(&l->peer))
        return false;
    l->files_due = wanted_next(r->wanted, l->place, &file, &chunk);
    if (l->files_due)
        ask(r, l, file, chunk, now);
    return l->files_due;
}

void talk_forget_asked(struct replica *r, struct link *l)
{
    for (size_t i = 0; i < l->asked_count; i++)
        if (!l->asked[i].given_up)
            wanted_unask(r->wanted, &l->asked[i].digest, l->asked[i].chunk);
    wanted_hope(r->wanted, l->place); /* The place may be another one's soon. */
    l->asked_count = 0;
    talk_wake_files(r);
}

uint64_t talk_files_deadline(const struct replica *r, const struct link *l)
{
    bool waits = l->asked_count > 0 && !l->files_barred && !r->batch_count;

    return waits ? l->files_ms + LIMIT_STALL_MS : UINT64_MAX;
}

void talk_expire_files(struct replica *r, struct link *l, uint64_t now)
{
    uint64_t come = session_files_come(l->session);

    if (now < talk_files_deadline(r, l))
        return;
    l->files_ms = now;
    if (come >= l->files_come + GOES_ON) {
        l->files_come = come;
        return;
    }
    /* It is left, not cut: it may be a slow disk.  What still comes is welcome if nobody else was faster. */
    for (size_t i = 0; i < l->asked_count; i++) {
        wanted_unask(r->wanted, &l->asked[i].digest, l->asked[i].chunk);
        l->asked[i].given_up = true;
    }
    l->files_barred = !MUTANT(MUTANT_STALL_FOREVER);
    talk_wake_files(r);
}

/* ---- what comes ---- */

static bool take_asked(struct link *l, uint32_t request, struct link_file *asked)
{
    for (size_t i = 0; i < l->asked_count; i++)
        if (l->asked[i].request == request) {
            *asked = l->asked[i];
            l->asked_count--;
            memmove(l->asked + i, l->asked + i + 1, (l->asked_count - i) * sizeof *l->asked);
            return true;
        }
    return false;
}

/* The bytes are verified: a copy of them goes to the disk. */
static void store_chunk(struct replica *r, struct link *l, const struct link_file *asked,
                        const struct file_state *state, struct bytes bytes, uint64_t now)
{
    buffer_clear(&r->chunk_bytes);
    buffer_add(&r->chunk_bytes, bytes);
    buffer_clear(&r->chunk_list);
    buffer_add(&r->chunk_list, bytes_of(state->list, state->list_len));
    if (buffer_error(&r->chunk_bytes) || buffer_error(&r->chunk_list)) {
        wanted_unask(r->wanted, &asked->digest, asked->chunk);
        return;
    }
    r->chunk = (struct file_chunk){.digest = asked->digest,
                                   .size = asked->size,
                                   .list = buffer_bytes(&r->chunk_list),
                                   .index = asked->chunk,
                                   .bytes = buffer_bytes(&r->chunk_bytes),
                                   .settle = now >= r->settled_ms + LIMIT_SETTLE_MS};
    if (r->chunk.settle)
        r->settled_ms = now;
    r->batches[r->batch_count++] = (struct replica_batch){.from = l, .way = REPLICA_CHUNK};
}

static void take_answer(struct replica *r, struct link *l, const struct link_file *asked, struct bytes bytes,
                        uint64_t now)
{
    const struct file_state *state = wanted_state(r->wanted, &asked->digest);
    struct bytes list = state ? bytes_of(state->list, state->list_len) : bytes_of(NULL, 0);
    bool is_list = asked->chunk == WANTED_LIST;

    if (!state || r->failed || (!is_list && file_state_has(state, asked->chunk)))
        return; /* It came from another meanwhile, or is wanted no more. */
    if (!is_list && asked->size > LIMIT_CHUNK && list.len == 0)
        return;
    if (is_list ? !file_list_is(&asked->digest, asked->size, bytes)
                : !file_chunk_is(&asked->digest, asked->size, list, asked->chunk, bytes) &&
                      !MUTANT(MUTANT_SKIP_CONTENT_DIGEST)) {
        wanted_unask(r->wanted, &asked->digest, asked->chunk);
        replica_drop(l, ERR_AUTH, "it sent a part of a file that is another one's");
    } else if (is_list)
        wanted_keep_list(r->wanted, &asked->digest, bytes);
    else
        store_chunk(r, l, asked, state, bytes, now);
}

void talk_on_file(struct replica *r, struct link *l, struct bytes payload, uint64_t now)
{
    struct message_file file;
    struct link_file asked;

    if (message_read_file(payload, &file) || !take_asked(l, file.request, &asked)) {
        replica_drop(l, ERR_FORMAT, "it sent a part of a file that was not asked for");
        return;
    }
    l->files_ms = now;
    l->files_come = session_files_come(l->session);
    l->files_barred = l->files_barred && !file.has_it; /* It has woken up. */
    if (file.has_it)
        take_answer(r, l, &asked, file.bytes, now);
    else {
        if (!asked.given_up)
            wanted_unask(r->wanted, &asked.digest, asked.chunk);
        wanted_refuse(r->wanted, &asked.digest, l->place);
    }
    talk_wake_files(r);
    if (l->asked_count == 0 && !l->files_due)
        session_expect_files(l->session, false);
}

void talk_on_file_here(struct replica *r, struct link *l, struct bytes payload)
{
    struct id digest;

    if (payload.len != ID_LEN) {
        replica_drop(l, ERR_FORMAT, "it told wrongly of a file");
        return;
    }
    memcpy(digest.at, payload.at, ID_LEN);
    wanted_offer(r->wanted, &digest, l->place);
    l->files_due = true;
}

/* A file has become whole: those who may want it hear of it; whether they do is their affair. */
static void tell_here(struct replica *r, const struct wanted_file *file)
{
    struct buffer body = BUFFER(ID_LEN);

    buffer_add(&body, id_bytes(&file->digest));
    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        if (l->state == LINK_OPEN && talk_serves(&l->peer) &&
            (!file->restricted || (l->peer.status == TRUST_GOOD && id_equal(&l->peer.kibbutz, &file->kibbutz))))
            talk_say(l, SESSION_LIVE, MESSAGE_FILE_HERE, &body);
    }
    buffer_free(&body);
}

/* All of it is durable; `file`: as it was wanted, of size 0 when it was not. */
static void file_came(struct replica *r, const struct id *digest, const struct wanted_file *file, uint64_t now)
{
    bool was_absent = absent_came(r->absent, digest);

    if (was_absent)
        replica_receipt_changed(r, now);
    if (file->size > 0)
        tell_here(r, file);
    if (was_absent || file->size > 0)
        replica_tell(r, (struct replica_event){.kind = REPLICA_FILE, .digest = *digest});
}

void replica_chunk_here(struct replica *r, const struct file_chunk *chunk, bool whole, uint64_t now)
{
    const struct wanted_file *wanted = wanted_find(r->wanted, &chunk->digest);
    struct wanted_file file = wanted ? *wanted : (struct wanted_file){.size = 0};

    (void)wanted_keep_chunk(r->wanted, &chunk->digest, chunk->index);
    if (!whole)
        return;
    wanted_remove(r->wanted, &chunk->digest);
    file_came(r, &chunk->digest, &file, now);
}

void talk_chunk_stored(struct replica *r, enum err err, uint64_t now)
{
    const struct wanted_file *wanted = wanted_find(r->wanted, &r->chunk.digest);
    struct wanted_file file = wanted ? *wanted : (struct wanted_file){.size = 0};

    if (err) {
        wanted_unask(r->wanted, &r->chunk.digest, r->chunk.index);
        r->files_resume_ms = now + LIMIT_ROOTS_MS;
        r->failed = r->failed || err != ERR_FULL;
    } else if (wanted && wanted_keep_chunk(r->wanted, &r->chunk.digest, r->chunk.index)) {
        file_came(r, &file.digest, &file, now);
    }
    if (wanted_count(r->wanted) == 0) {
        buffer_free(&r->chunk_bytes);
        buffer_free(&r->chunk_list);
    }
    talk_wake_files(r);
}

/* ---- answering ---- */

static void answer(struct link *l, bool has_it, struct bytes bytes)
{
    struct message_file file = {.request = l->asking[0].request, .has_it = has_it, .bytes = bytes};
    struct buffer body = BUFFER(LIMIT_MESSAGE_FILE);

    message_write_file(&body, &file);
    talk_say(l, SESSION_FILES, MESSAGE_FILE, &body);
    buffer_free(&body);
    l->asking_count--;
    memmove(l->asking, l->asking + 1, l->asking_count * sizeof *l->asking);
    l->file_reading = false;
}

void talk_on_want_file(struct replica *r, struct link *l, struct bytes payload)
{
    struct message_want_file want;

    (void)r;
    if (message_read_want_file(payload, &want) || l->asking_count == LIMIT_FILE_ASKS) {
        replica_drop(l, ERR_FORMAT, "it asked wrongly for a file");
        return;
    }
    l->asking[l->asking_count++] = want;
}

bool talk_read_file(struct replica *r, struct link *l)
{
    const struct message_want_file *want = &l->asking[0];

    if (l->asking_count == 0 || l->file_reading || session_queued(l->session, SESSION_FILES) > AHEAD)
        return false;
    if (r->trust)
        l->peer = trust_channel(r->trust, &l->peer.channel);
    if (!r->trust || !talk_serves(&l->peer)) {
        answer(l, false, bytes_of(NULL, 0));
        return true;
    }
    l->file_reading = true;
    replica_tell(r, (struct replica_event){.kind = REPLICA_READ_FILE,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .log = want->log,
                                           .to = want->seq,
                                           .beginning = bytes_of(want->tag, MESSAGE_TAG_LEN),
                                           .digest = want->digest,
                                           .list = want->chunk == MESSAGE_LIST,
                                           .index = want->chunk});
    return true;
}

void talk_supply_file(struct replica *r, struct link *l, struct bytes wire, const struct bytes *bytes)
{
    struct entry entry;

    if (!l->file_reading)
        return;
    bool may =
        bytes && wire.len > 0 && !entry_decode(wire, &r->network, &entry) && replica_may_hold(r, &l->peer, &entry);
    answer(l, may, may ? *bytes : bytes_of(NULL, 0));
}
