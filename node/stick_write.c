/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/stick_write.h"

#include "node/i18n.h"
#include "node/output.h"
#include "proto/bundle.h"
#include "proto/bundle_file.h"
#include "proto/compress.h"
#include "proto/content.h"
#include "store/receipt_file.h"
#include "store/stream_file.h"

#include <stdio.h>
#include <stdlib.h>

struct place { /* Of one entry: the seq on the way to a tip. */
    size_t tip;
    uint64_t seq, clock;
};

#define THEIRS 16 /* Nodes of one kibbutz whose receipts are looked at. */

struct wish { /* An attachment that goes along. */
    struct id entry, digest;
    uint64_t size;
};

struct run {
    struct stick_write *s;
    struct content *content; /* Room for one. */
    struct wish *wishes;
    size_t wish_count, wish_size;
    struct receipts *receipts;          /* NULL: none are known. */
    size_t theirs[THEIRS], their_count; /* The places of those by nodes of `to`. */
    struct stream_file *file;           /* The part that is being written; NULL: none. */
    struct bundle_file_writer writer;
    struct buffer bundle, frame, out, wire, packed;
    size_t entries; /* Of the bundle. */
    size_t fill;    /* Where a bundle that has entries is full: small parts hold small bundles. */
    struct output_progress progress;
    uint64_t done, total;
};

enum err stick_part_path(const char *path, uint32_t part, char to[FILES_PATH_SIZE])
{
    int len = part == 1 ? snprintf(to, FILES_PATH_SIZE, "%s", path)
                        : snprintf(to, FILES_PATH_SIZE, "%s.%03u", path, (unsigned)part);

    return len < 0 || len >= FILES_PATH_SIZE ? ERR_LIMIT : ERR_OK;
}

/* ---- parts ---- */

static enum err put(struct run *r)
{
    enum err err = buffer_error(&r->out);

    if (err == ERR_OK)
        err = stream_file_write(r->file, buffer_bytes(&r->out));
    r->s->bytes += r->out.len;
    buffer_clear(&r->out);
    return err;
}

static enum err begin_part(struct run *r)
{
    struct bundle_file_header header = {.network = archive_network(r->s->office->archive),
                                        .from = r->s->from,
                                        .to = r->s->to,
                                        .clock_ms = r->s->clock_ms,
                                        .part = r->s->parts + 1};
    char path[FILES_PATH_SIZE];
    enum err err = r->s->parts == STICK_PARTS ? ERR_LIMIT : stick_part_path(r->s->path, r->s->parts + 1, path);

    if (err == ERR_OK && (err = stream_file_create(path, &r->file)) == ERR_OK) {
        r->s->parts++;
        bundle_file_begin(&r->writer, &header, &r->out);
        bundle_file_add(&r->writer, BUNDLE_FILE_CHARTER, archive_charter(r->s->office->archive), &r->out);
        err = put(r);
    }
    return err;
}

static enum err end_part(struct run *r, bool is_last)
{
    struct stream_file *file = r->file;
    enum err err;

    bundle_file_end(&r->writer, is_last, &r->out);
    if ((err = put(r)) != ERR_OK)
        return err;
    r->file = NULL;
    return stream_file_finish(file);
}

static enum err add_frame(struct run *r, enum bundle_file_type type, struct bytes body)
{
    uint64_t size = r->writer.size + 2 * BUNDLE_FILE_FRAME_LEN + KIB(1) + body.len; /* With its trailer. */
    enum err err = ERR_OK;

    if (r->file != NULL && r->writer.frames > 1 && size > r->s->part_max)
        err = end_part(r, false);
    if (err == ERR_OK && r->file == NULL)
        err = begin_part(r);
    if (err != ERR_OK)
        return err;
    bundle_file_add(&r->writer, type, body, &r->out);
    return put(r);
}

/* ---- bundles ---- */

static void begin_bundle(struct run *r)
{
    struct id network = archive_network(r->s->office->archive);

    buffer_clear(&r->bundle);
    bundle_begin(&r->bundle, &network);
    r->entries = 0;
}

static enum err end_bundle(struct run *r)
{
    enum err err = buffer_error(&r->bundle);

    if (err != ERR_OK || r->entries == 0)
        return err;
    buffer_clear(&r->frame);
    if ((err = compress_frame(buffer_bytes(&r->bundle), COMPRESS_BULK, &r->frame)) == ERR_OK)
        err = add_frame(r, BUNDLE_FILE_BUNDLE, buffer_bytes(&r->frame));
    begin_bundle(r);
    return err;
}

/* What is only for one kibbutz travels to that one alone. */
static bool may_travel(const struct run *r, const struct entry *entry)
{
    enum act_audience audience;
    struct trust_key author;

    if (act_audience(entry->body, &audience) != ERR_OK || audience != ACT_FOR_KIBBUTZ)
        return true;
    author = trust_key(r->s->office->trust, &entry->log);
    return author.status != TRUST_UNKNOWN && !id_is_zero(&r->s->to) && id_equal(&author.kibbutz, &r->s->to);
}

/* ---- receipts ---- */

static enum err load_receipts(struct run *r)
{
    struct receipt_file *file = NULL;
    struct id own = {{0}}, channel;
    enum err err = receipt_file_open(r->s->office->home, false, &file);

    if (err != ERR_OK)
        return ERR_OK; /* Then all of it travels. */
    if ((r->receipts = receipts_new_verified()) == NULL)
        err = ERR_MEMORY;
    else if (receipt_file_load(file, r->receipts, NULL, NULL) != ERR_OK) {
        receipts_free(r->receipts);
        r->receipts = NULL;
    }
    receipt_file_close(file);
    (void)office_node(r->s->office, &own, &channel); /* For the own kibbutz, its other nodes are asked. */
    for (size_t i = 0; r->receipts != NULL && !id_is_zero(&r->s->to) && i < receipts_count(r->receipts); i++) {
        const struct receipt *receipt = &receipts_at(r->receipts, i)->receipt;
        struct trust_key key = trust_key(r->s->office->trust, &receipt->node);

        if (receipt->number > 0 && key.status == TRUST_GOOD && !id_equal(&key.key, &own) &&
            id_equal(&key.kibbutz, &r->s->to) && r->their_count < THEIRS)
            r->theirs[r->their_count++] = i;
    }
    return err;
}

/* Where a log forked, a later entry tells of its own branch alone. */
static enum receipts_lead leads(void *context, const struct receipt_tip *tip, uint64_t seq, const struct id *entry)
{
    const struct office *office = ((const struct run *)context)->s->office;
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct id before;
    size_t first;

    if (frontier_tips(office->frontier, &tip->log, &first) <= 1)
        return RECEIPTS_UNKNOWN;
    bool found = archive_read_entry_before(office->archive, &tip->entry, seq, &before, &wire) == ERR_OK;
    buffer_free(&wire);
    return found && id_equal(&before, entry) ? RECEIPTS_LEADS : RECEIPTS_LEADS_NOT;
}

/* Whether what is here of the content of this entry is its text alone. */
static bool is_bare(struct run *r, const struct id *entry)
{
    buffer_clear(&r->packed);
    return archive_read_content_of(r->s->office->archive, entry, &r->packed) != ERR_OK ||
           content_read(buffer_bytes(&r->packed), r->content) != ERR_OK ||
           (r->content->count == 1 && &r->content->files[0] == content_text(r->content));
}

/* Whether a node of theirs signed that it has the entry with its content, as far as that is here. */
static bool is_held(struct run *r, const struct id *log, uint64_t seq, const struct id *entry)
{
    for (size_t i = 0; i < r->their_count; i++) {
        const struct receipts_node *node = receipts_at(r->receipts, r->theirs[i]);

        if (!receipts_holds(node, log, seq, entry, leads, r))
            continue;
        unsigned lacks = receipts_lacks(node, entry);
        if (lacks == 0 || (lacks == RECEIPT_LACKS_FILES && node->receipt.texts_only && is_bare(r, entry)))
            return true;
    }
    return false;
}

static enum err write_receipts(struct run *r)
{
    const struct id none = {{0}};
    enum err err = ERR_OK;

    for (size_t i = 0; r->receipts != NULL && err == ERR_OK && i < receipts_count(r->receipts); i++) {
        if (receipts_at(r->receipts, i)->receipt.number == 0)
            continue;
        buffer_clear(&r->frame);
        receipts_write(r->receipts, i, &none, &r->frame);
        if ((err = buffer_error(&r->frame)) == ERR_OK)
            err = add_frame(r, BUNDLE_FILE_RECEIPT, buffer_bytes(&r->frame));
        r->s->receipts++;
    }
    return err;
}

/* ---- attachments ---- */

static enum err wish(struct run *r, const struct id *entry, const struct content_file *file)
{
    for (size_t i = 0; i < r->wish_count; i++)
        if (id_equal(&r->wishes[i].digest, &file->digest))
            return ERR_OK;
    if (r->wish_count == r->wish_size) {
        size_t size = r->wish_size > 0 ? 2 * r->wish_size : 64;
        struct wish *wishes = realloc(r->wishes, size * sizeof *wishes);

        if (wishes == NULL)
            return ERR_MEMORY;
        r->wishes = wishes;
        r->wish_size = size;
    }
    r->wishes[r->wish_count++] = (struct wish){.entry = *entry, .digest = file->digest, .size = file->size};
    return ERR_OK;
}

/* What a content names beside its text goes along, behind all texts. */
static enum err wish_attachments(struct run *r, const struct id *entry)
{
    enum err err = content_read(buffer_bytes(&r->packed), r->content);

    for (size_t i = 0; err == ERR_OK && i < r->content->count; i++)
        if (&r->content->files[i] != content_text(r->content))
            err = wish(r, entry, &r->content->files[i]);
    return err;
}

static enum err write_chunk(struct run *r, const struct wish *wish, const struct file_state *state, size_t index)
{
    enum err err;

    buffer_clear(&r->frame);
    buffer_add(&r->frame, id_bytes(&wish->entry));
    buffer_add(&r->frame, id_bytes(&wish->digest));
    buffer_u64(&r->frame, wish->size);
    buffer_u16(&r->frame, (uint16_t)index);
    buffer_u16(&r->frame, (uint16_t)(state->list_len / ID_LEN));
    buffer_add(&r->frame, bytes_of(state->list, state->list_len));
    err = archive_read_chunk(r->s->office->archive, &wish->digest, wish->size, index, &r->frame);
    if (err == ERR_MISSING || err == ERR_AUTH) /* Another office may have it. */
        return ERR_OK;
    return err != ERR_OK ? err : add_frame(r, BUNDLE_FILE_CHUNK, buffer_bytes(&r->frame));
}

static enum err write_attachments(struct run *r)
{
    struct file_state *state = malloc(sizeof *state);
    enum err err = state != NULL ? ERR_OK : ERR_MEMORY;

    for (size_t i = 0; err == ERR_OK && i < r->wish_count; i++) {
        const struct wish *wish = &r->wishes[i];

        archive_file_state(r->s->office->archive, &wish->digest, wish->size, state);
        r->s->files += state->whole || state->count > 0;
        for (size_t index = 0; err == ERR_OK && index < file_chunks(wish->size); index++)
            if (file_state_has(state, index))
                err = write_chunk(r, wish, state, index);
    }
    free(state);
    return err;
}

/* ---- entries ---- */

/* The content as it may travel; empty: it is not here, is damaged (another office may have it), or is not for them. */
static enum err read_content(struct run *r, const struct entry *entry, const struct id *id)
{
    enum err err;

    buffer_clear(&r->packed);
    err = archive_read_content_of(r->s->office->archive, id, &r->packed);
    if (err == ERR_OK && may_travel(r, entry))
        return ERR_OK;
    if (err == ERR_OK)
        r->s->kept_back++;
    buffer_clear(&r->packed);
    return err == ERR_MISSING || err == ERR_AUTH ? ERR_OK : err;
}

/* Reads one entry on the way to a tip; it is lent by r->wire. */
static enum err read_entry(struct run *r, const struct head *tip, uint64_t seq, struct id *id, struct entry *entry)
{
    struct id network = archive_network(r->s->office->archive);
    enum err err;

    buffer_clear(&r->wire);
    err = archive_read_entry_before(r->s->office->archive, &tip->entry, seq, id, &r->wire);
    return err != ERR_OK ? err : entry_decode(buffer_bytes(&r->wire), &network, entry);
}

static enum err add_entry(struct run *r, const struct head *tip, uint64_t seq)
{
    struct id id;
    struct entry entry;
    enum err err = read_entry(r, tip, seq, &id, &entry);

    if (err == ERR_OK && is_held(r, &entry.log, seq, &id)) {
        r->s->held++;
        output_progress(&r->progress, ++r->done, r->total);
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = read_content(r, &entry, &id);
    if (err == ERR_OK &&
        (r->entries == LIMIT_BUNDLE_ENTRIES || r->bundle.len + r->wire.len + r->packed.len + KIB(1) > r->fill))
        err = end_bundle(r);
    if (err != ERR_OK)
        return err;
    bundle_add_entry(&r->bundle, buffer_bytes(&r->wire));
    if (r->packed.len > 0 && (err = wish_attachments(r, &id)) != ERR_OK)
        return err;
    if (r->packed.len > 0)
        bundle_add_content(&r->bundle, &entry.log, entry.seq, buffer_bytes(&r->packed));
    r->entries++;
    r->s->entries++;
    r->s->contents += r->packed.len > 0;
    output_progress(&r->progress, ++r->done, r->total);
    return buffer_error(&r->bundle);
}

/* ---- what, and in which order ---- */

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    if (x->clock != y->clock)
        return x->clock < y->clock ? -1 : 1;
    if (x->tip != y->tip)
        return x->tip < y->tip ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static enum err clock_of(struct run *r, const struct head *tip, uint64_t seq, uint64_t *clock)
{
    struct id id;
    struct entry entry;
    enum err err = read_entry(r, tip, seq, &id, &entry);

    *clock = err == ERR_OK ? entry.clock : 0;
    return err;
}

/* What governs goes by its clocks: a grant comes before what rests on it, but for clocks that were wrong. */
static enum err list_governance(struct run *r, struct place **places, size_t *count)
{
    const struct frontier *frontier = r->s->office->frontier;
    size_t size = 0;
    enum err err = ERR_OK;

    for (size_t i = 0; i < frontier_count(frontier); i++)
        if (role_governs(frontier_at(frontier, i)->role))
            size += frontier_at(frontier, i)->seq;
    if ((*places = calloc(size + 1, sizeof **places)) == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < frontier_count(frontier); i++) {
        const struct head *tip = frontier_at(frontier, i);

        for (uint64_t seq = 1; err == ERR_OK && role_governs(tip->role) && seq <= tip->seq; seq++) {
            struct place *place = &(*places)[(*count)++];

            *place = (struct place){.tip = i, .seq = seq};
            err = clock_of(r, tip, seq, &place->clock);
        }
    }
    qsort(*places, *count, sizeof **places, compare_places);
    return err;
}

static enum err write_governance(struct run *r)
{
    struct place *places = NULL;
    size_t count = 0;
    enum err err = list_governance(r, &places, &count);

    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = add_entry(r, frontier_at(r->s->office->frontier, places[i].tip), places[i].seq);
    free(places);
    return err;
}

static enum err write_documents(struct run *r)
{
    const struct frontier *frontier = r->s->office->frontier;
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < frontier_count(frontier); i++) {
        const struct head *tip = frontier_at(frontier, i);

        for (uint64_t seq = 1; err == ERR_OK && !role_governs(tip->role) && seq <= tip->seq; seq++)
            err = add_entry(r, tip, seq);
    }
    return err;
}

static enum err write_all(struct run *r)
{
    const struct frontier *frontier = r->s->office->frontier;
    enum err err;

    for (size_t i = 0; i < frontier_count(frontier); i++)
        r->total += frontier_at(frontier, i)->seq;
    begin_bundle(r);
    if ((err = load_receipts(r)) == ERR_OK && (err = write_governance(r)) == ERR_OK &&
        (err = write_documents(r)) == ERR_OK && (err = end_bundle(r)) == ERR_OK &&
        (err = write_attachments(r)) == ERR_OK)
        err = write_receipts(r);
    if (err == ERR_OK && r->file == NULL)
        err = begin_part(r); /* There is nothing, and that is said, too. */
    return err != ERR_OK ? err : end_part(r, true);
}

enum err stick_write(struct stick_write *s)
{
    struct run r = {.s = s,
                    .fill = s->part_max < LIMIT_BUNDLE_FILL ? (size_t)s->part_max : LIMIT_BUNDLE_FILL,
                    .bundle = BUFFER(LIMIT_BUNDLE),
                    .frame = BUFFER(BUNDLE_FILE_BODY),
                    .out = BUFFER(BUNDLE_FILE_WINDOW + KIB(1)),
                    .wire = BUFFER(LIMIT_ENTRY),
                    .packed = BUFFER(LIMIT_CONTENT)};
    enum err err;

    output_progress_begin(&r.progress, _("writing"));
    err = (r.content = malloc(sizeof *r.content)) != NULL ? write_all(&r) : ERR_MEMORY;
    output_progress_end(&r.progress);
    stream_file_close(r.file);
    receipts_free(r.receipts);
    free(r.content);
    free(r.wishes);
    buffer_free(&r.bundle);
    buffer_free(&r.frame);
    buffer_free(&r.out);
    buffer_free(&r.wire);
    buffer_free(&r.packed);
    return err;
}
