/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

#include "store/document.h"
#include "store/search_batch.h"

#define WORDS_KEPT 8      /* Of so few at once: whoever waits for a page does not wait for what finds it. */
#define READ_TOGETHER 256 /* Texts, of which others see the words at once: one by one they would cost SQLite more. */

/* The row of an entry. */
static struct index_entry row_of(const struct entry *entry, const struct id *branch, const struct head *head, bool here)
{
    struct index_entry row = {.log = head->log,
                              .branch = *branch,
                              .seq = head->seq,
                              .entry = head->entry,
                              .prev = entry->prev,
                              .root = entry->root,
                              .act_name = entry->act == ACT_UNKNOWN ? entry->act_name : bytes_text(""),
                              .lines = entry->body,
                              .commit = head->commit,
                              .clock = head->clock,
                              .kibbutz = head->kibbutz,
                              .role = head->role,
                              .act = entry->act,
                              .has_content = INDEX_NO_CONTENT};

    if (archive_entry_content(entry, &row.content))
        row.has_content = here ? INDEX_HERE : INDEX_MISSING;
    switch (entry->act) {
    case ACT_PUBLISH:
        row.document = head->entry;
        (void)act_audience(entry->body, &row.audience);
        break;
    case ACT_REVISE: (void)act_audience(entry->body, &row.audience); /* fall through */
    case ACT_WITHDRAW: (void)act_id(entry->body, ACT_DOCUMENT, 0, &row.document); break;
    case ACT_APPROVE:
    case ACT_ERASE:
    case ACT_ADMIT:
    case ACT_GRANT:
    case ACT_ACCEPT:
    case ACT_REVOKE:
    case ACT_COUNCIL:
    case ACT_RECOVER:
    case ACT_TRANSPORT:
    case ACT_UNKNOWN: break;
    }
    return row;
}

/* ---- documents ---- */

static enum err add_revision(struct archive *a, const struct index_entry *row, const struct document *document)
{
    struct index_revision revision = {.document = row->document,
                                      .revision = row->entry,
                                      .log = row->log,
                                      .seq = row->seq,
                                      .clock = row->clock,
                                      .kibbutz = row->kibbutz,
                                      .audience = row->audience,
                                      .role = row->role};
    struct minutes minutes = {.count = 0};
    enum err err = ERR_OK;

    if (document) {
        if (document->front.kind == DOCUMENT_MINUTES)
            err = minutes_read(document->text, &minutes);
        revision.front = &document->front;
        revision.minutes = &minutes;
        revision.title = document->front.title;
        revision.kind = bytes_text(document_kind_name(document->front.kind));
        revision.number = document->front.number;
        revision.date = document->front.date;
        revision.body = document->front.body;
        revision.language = document->front.language;
    }
    if (!err)
        err = index_add_revision(a->index, &revision);
    minutes_free(&minutes);
    return err;
}

/* What the manifest names beside the text. */
static enum err index_attachments(struct archive *a, const struct id *entry, const struct content *content)
{
    const struct content_file *text = content_text(content);
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < content->count; i++) {
        const struct content_file *file = &content->files[i];
        struct index_attachment attachment = {
            .entry = *entry, .place = i, .name = file->name, .digest = file->digest, .size = file->size};

        if (file == text)
            continue;
        attachment.here = archive_has_file(a, &file->digest);
        err = index_add_attachment(a->index, &attachment);
    }
    return err;
}

/* What a document says, so that lists can be made without opening it; `packed` is empty while it is not here. */
static enum err index_document(struct archive *a, const struct index_entry *row, struct bytes packed)
{
    struct content *content = NULL;
    const struct content_file *file = NULL;
    struct document *document = NULL;
    enum err err = ERR_OK;

    if (row->act != ACT_PUBLISH && row->act != ACT_REVISE)
        return ERR_OK;
    if (packed.len > 0) {
        content = malloc(sizeof *content);
        if (!content)
            return ERR_MEMORY;
        if (content_open(packed, content) == ERR_OK) {
            file = content_find(content, CONTENT_DOCUMENT);
            err = index_attachments(a, &row->entry, content);
        }
    }
    if (!err && file)
        err = document_read(file->bytes, &document);
    if (!err)
        err = add_revision(a, row, document);
    if (!err && document)
        err = archive_search_take(a, row, document, content);
    document_free(document);
    free(content);
    return err;
}

static enum err index_late_content(struct archive *a, const struct id *entry, struct bytes packed)
{
    struct index_entry row;
    enum err err = index_find_id(a->index, entry, &row);

    if (err)
        return err == ERR_MISSING ? ERR_OK : err;
    err = index_set_content(a->index, entry, INDEX_HERE);
    return err ? err : index_document(a, &row, packed);
}

/* ---- what was appended ---- */

/*
 * A revision stands in the index when its text was read, once, with what that says and what trust says of it.  What belongs to it is
 * known before: a receipt must not claim an attachment.
 */
static enum err note_unread(struct archive *a, const struct index_entry *row, struct bytes packed)
{
    struct content *content;
    enum err err = ERR_OK;

    if (row->act != ACT_PUBLISH && row->act != ACT_REVISE)
        return ERR_OK;
    content = malloc(sizeof *content);
    if (!content)
        return ERR_MEMORY;
    if (content_read(packed, content) == ERR_OK)
        err = index_attachments(a, &row->entry, content);
    free(content);
    return err ? err : index_add_unread(a->index, &row->entry);
}

static enum err index_item(struct archive *a, const struct item *item, const struct archive_change *change, bool later)
{
    struct entry entry;
    bool both = change->done == ARCHIVE_BOTH;

    if (change->done == ARCHIVE_NOTHING)
        return ERR_OK;
    if (change->done == ARCHIVE_CONTENT)
        return index_late_content(a, &item->head.entry, item->content);
    enum err err = entry_read(item->entry, &a->network, &entry);
    if (err)
        return err;
    struct index_entry row = row_of(&entry, &change->branch, &item->head, both);
    err = index_add_entry(a->index, &row);
    if (err)
        return err;
    return both && later ? note_unread(a, &row, item->content)
                         : index_document(a, &row, both ? item->content : bytes_of(NULL, 0));
}

enum err archive_index_items(struct archive *a, const struct item items[], const struct archive_change changes[],
                             size_t count)
{
    bool later = a->is_bulky && (count > a->at_once || a->expects_more);
    enum err err = later ? index_join(a->index) : index_begin(a->index);

    a->expects_more = false;
    a->keeps_words = !later && count <= WORDS_KEPT;
    for (size_t i = 0; !err && i < count; i++)
        err = index_item(a, &items[i], &changes[i], later);
    if (!err && !a->keeps_words)
        err = archive_search_write(a);
    if (!err && !later)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    a->keeps_words = false;
    if (!err)
        err = archive_search_write_apart(a);
    archive_search_drop(a);
    return err;
}

/* ---- what is read later ---- */

void archive_expect_more(struct archive *a)
{
    a->expects_more = true;
}

void archive_read_later(struct archive *a, size_t at_once)
{
    a->is_bulky = true;
    a->at_once = at_once;
    if (at_once == 0 && a->index)
        index_leave_log(a->index);
}

bool archive_index_is_flushed(const struct archive *a)
{
    return !a->index || !index_is_joined(a->index);
}

enum err archive_flush_index(struct archive *a)
{
    enum err err = a->index ? index_flush(a->index) : ERR_OK;

    if (!err)
        return ERR_OK;
    index_rollback(a->index);
    a->index_behind = true; /* All of it was lost. */
    return archive_catch_up(a);
}

void archive_rest(struct archive *a)
{
    if (a->index)
        index_rest(a->index);
    if (a->batch)
        search_batch_rest(a->batch);
}

static enum err read_unread(struct archive *a, struct buffer *packed, struct sorted *documents)
{
    struct index_entry row;
    struct id revision;
    enum err err = index_take_unread(a->index, &revision);

    if (err)
        return err;
    err = index_find_id(a->index, &revision, &row);
    if (err) /* Of a log that is gone. */
        return err == ERR_MISSING ? ERR_OK : err;
    buffer_clear(packed);
    /* Erased meanwhile, or damaged, which is for archive_verify() to tell: it has no text. */
    if (row.has_content == INDEX_HERE && (err = archive_read_listed(a, &revision, packed)))
        buffer_clear(packed);
    if (err != ERR_MEMORY && !(err = index_document(a, &row, buffer_bytes(packed))))
        err = sorted_append(documents, &row.document);
    return err;
}

/* In a transaction that goes on with the next ones.  What fails is lost with all of it, and with what else was written in it. */
static enum err read_some(struct archive *a, struct trust *trust, size_t limit, bool *more)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct sorted documents = {.item_size = sizeof(struct id)};
    bool joined = index_is_joined(a->index);
    enum err err = index_join(a->index);
    size_t count = 0;

    while (!err && count < limit && !(err = read_unread(a, &packed, &documents)))
        count++;
    *more = !err;
    if (err == ERR_MISSING)
        err = ERR_OK;
    if (!err && trust)
        err = archive_judge_read(a, trust, &documents);
    free(documents.at);
    if (!err)
        err = archive_search_write(a);
    archive_search_drop(a);
    buffer_free(&packed);
    a->texts_read += count;
    a->texts_joined += count;
    a->words_are_checked = a->words_are_checked && count == 0;
    if (err) {
        index_rollback(a->index);
        a->index_behind = joined;
        return err;
    }
    if (*more && a->texts_joined < READ_TOGETHER)
        return ERR_OK;
    a->texts_joined = 0;
    return archive_flush_index(a);
}

enum err archive_read_unread(struct archive *a, struct trust *trust, size_t limit, bool *more)
{
    enum err err = ERR_OK;

    *more = false;
    if (a->mode != ARCHIVE_WRITE || !a->index || a->index_behind)
        return ERR_OK;
    err = read_some(a, trust, limit, more);
    if (!err && !*more && !a->merging && !a->words_are_checked) {
        err = archive_search_catch_up(a); /* It looks at all revisions. */
        a->words_are_checked = err == ERR_OK;
    }
    if (!err && !*more)
        err = archive_search_merge(a, more);
    return err ? archive_fail_index(a, err) : ERR_OK;
}

uint64_t archive_unread(struct archive *a)
{
    uint64_t count = 0;

    return a->index && index_count_unread(a->index, &count) == ERR_OK ? count : 0;
}

/* ---- catching up ---- */

/* Says whether the index has the entry as it is. */
static bool is_indexed(void *context, const struct archive_entry *e)
{
    struct archive *a = context;
    struct index_entry row;

    return index_find_id(a->index, &e->id, &row) == ERR_OK && memcmp(row.commit.at, e->name.at, SHA1_LEN) == 0;
}

/* The seat of the entries after `prev`, which the index has. */
static enum err find_seat(struct archive *a, const struct entry *entry, struct head *head)
{
    struct index_entry before;
    enum err err = ERR_OK;

    if (entry->seq == 1) {
        head->kibbutz = entry->kibbutz;
        head->role = entry->role;
    } else if (!(err = index_find_id(a->index, &entry->prev, &before))) {
        head->kibbutz = before.kibbutz;
        head->role = before.role;
    }
    return err;
}

static enum err index_chain(struct archive *a, const struct archive_branch *branch, const struct archive_chain *chain)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct content_tree *tree = NULL;
    struct head head = {.log = branch->log};
    enum err err = ERR_OK;

    if (archive_open_contents(a, branch, &tree, NULL))
        tree = NULL; /* Contents are missing then, and come again. */
    for (size_t i = chain->count; !err && i > 0; i--) {
        err = archive_read_commit(a, &branch->log, &chain->at[i - 1], &e);
        if (!err && i == chain->count)
            err = find_seat(a, &e.entry, &head);
        if (err)
            break;
        head.seq = e.entry.seq;
        head.entry = e.id;
        head.commit = e.name;
        head.clock = e.entry.clock;
        buffer_clear(&packed);
        bool here = tree && content_tree_read(tree, head.seq, &packed) == ERR_OK;
        struct index_entry row = row_of(&e.entry, &branch->name, &head, tree && content_tree_has(tree, head.seq));
        err = index_add_entry(a->index, &row);
        if (!err)
            err = index_document(a, &row, here ? buffer_bytes(&packed) : bytes_of(NULL, 0));
    }
    buffer_free(&packed);
    content_tree_free(tree);
    archive_entry_free(&e);
    return err;
}

struct catch_up {
    struct archive *a;
    bool astray;   /* The index knows what the refs do not. */
    bool deferred; /* A branch hangs from one that the index has not seen yet. */
    bool advanced;
    uint64_t branches;
};

static enum err catch_up_chain(struct catch_up *c, const struct archive_branch *branch, const struct sha1 *target,
                               const struct head *had)
{
    struct archive_chain chain = {0};
    struct archive_entry newest = ARCHIVE_ENTRY, oldest = ARCHIVE_ENTRY;
    struct index_entry row;
    enum err err = archive_gather_chain(c->a, branch, target, is_indexed, c->a, &chain);

    if (!err && chain.count == 0) {
        c->astray = true; /* It knows this entry, as one that others follow. */
        goto out;
    }
    if (!err)
        err = archive_read_commit(c->a, &branch->log, target, &newest);
    if (!err)
        err = archive_read_commit(c->a, &branch->log, &chain.at[chain.count - 1], &oldest);
    if (err)
        goto out;
    /* Either it goes back to what the index has as its head, or the index is of another past. */
    if (had && newest.entry.seq - chain.count != had->seq)
        c->astray = true;
    else if (oldest.entry.seq > 1 && index_find_id(c->a->index, &oldest.entry.prev, &row) == ERR_MISSING)
        c->deferred = true;
    else {
        c->advanced = true;
        err = index_chain(c->a, branch, &chain);
    }
out:
    archive_entry_free(&newest);
    archive_entry_free(&oldest);
    archive_chain_free(&chain);
    return err;
}

static enum err catch_up_branch(void *context, const struct archive_branch *branch, const struct sha1 *target)
{
    struct catch_up *c = context;
    struct head head;
    enum err err = index_find_branch(c->a->index, &branch->log, &branch->name, &head);

    c->branches++;
    if (c->astray || (!err && memcmp(head.commit.at, target->at, SHA1_LEN) == 0))
        return ERR_OK;
    if (err && err != ERR_MISSING)
        return archive_fail_index(c->a, err);
    return catch_up_chain(c, branch, target, err ? NULL : &head);
}

struct missing {
    struct index_entry *at;
    size_t count, size;
};

static enum err gather_missing(void *context, const struct index_entry *row)
{
    struct missing *m = context;

    if (m->count == m->size) {
        size_t size = m->size ? m->size * 2 : 64;
        struct index_entry *at = realloc(m->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        m->at = at;
        m->size = size;
    }
    m->at[m->count++] = *row;
    return ERR_OK;
}

/* A content that came later moves no log: a crash may have come before the index heard of it. */
static enum err catch_up_contents(struct archive *a)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct missing m = {0};
    struct content_tree *tree = NULL;
    struct archive_branch last = {0};
    enum err err = index_each_missing(a->index, gather_missing, &m);

    for (size_t i = 0; !err && i < m.count; i++) {
        struct archive_branch branch = {.log = m.at[i].log, .name = m.at[i].branch};
        if (i == 0 || memcmp(&branch, &last, sizeof branch) != 0) {
            content_tree_free(tree);
            last = branch;
            if (archive_open_contents(a, &branch, &tree, NULL))
                tree = NULL;
        }
        buffer_clear(&packed);
        if (tree && content_tree_read(tree, m.at[i].seq, &packed) == ERR_OK)
            err = index_late_content(a, &m.at[i].entry, buffer_bytes(&packed));
    }
    buffer_free(&packed);
    content_tree_free(tree);
    free(m.at);
    return err;
}

struct arrived {
    struct archive *a;
    struct id *at;
    size_t count, size;
};

static enum err note_arrived(void *context, const struct index_attachment *attachment)
{
    struct arrived *arrived = context;

    if (!archive_has_file(arrived->a, &attachment->digest))
        return ERR_OK;
    if (arrived->count == arrived->size) {
        size_t size = arrived->size ? arrived->size * 2 : 16;
        struct id *at = realloc(arrived->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        arrived->at = at;
        arrived->size = size;
    }
    arrived->at[arrived->count++] = attachment->digest;
    return ERR_OK;
}

/* Nor does an attachment. */
static enum err catch_up_files(struct archive *a)
{
    struct arrived arrived = {.a = a};
    enum err err = index_each_absent(a->index, note_arrived, &arrived);

    for (size_t i = 0; !err && i < arrived.count; i++)
        err = index_set_file(a->index, &arrived.at[i]);
    free(arrived.at);
    return err;
}

static enum err count_head(void *context, const struct head *head)
{
    (void)head;
    ++*(uint64_t *)context;
    return ERR_OK;
}

static enum err run(struct archive *a, bool *astray)
{
    struct catch_up c = {.a = a};
    uint64_t indexed = 0;
    enum err err = archive_each_branch(a, catch_up_branch, &c);

    while (!err && c.deferred && !c.astray) { /* Branches of branches come in any order. */
        c = (struct catch_up){.a = a};
        err = archive_each_branch(a, catch_up_branch, &c);
        if (!err && c.deferred && !c.advanced)
            err = archive_fail(a, ERR_FORMAT, "a branch hangs from nothing");
    }
    if (!err && !c.astray)
        err = catch_up_contents(a);
    if (!err && !c.astray)
        err = catch_up_files(a);
    if (!err && !c.astray)
        err = index_each_head(a->index, count_head, &indexed);
    *astray = c.astray || indexed > c.branches;
    return err;
}

static enum err catch_up_search(struct archive *a)
{
    bool more = true;
    enum err err = archive_search_catch_up(a);

    while (!err && more)
        err = archive_search_merge(a, &more);
    return err;
}

enum err archive_catch_up(struct archive *a)
{
    bool astray = false;
    enum err err = index_begin(a->index);

    if (!err)
        err = archive_search_begin(a);
    if (!err)
        err = run(a, &astray);
    if (!err && astray) {
        archive_search_drop(a);
        err = index_clear(a->index);
        if (!err)
            err = archive_search_begin(a);
        if (!err)
            err = run(a, &astray);
    }
    if (!err)
        err = archive_search_write(a);
    if (!err)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    archive_search_drop(a);
    if (!err && archive_unread(a) == 0) /* Else when those were read: their words come with them. */
        err = catch_up_search(a);
    a->index_behind = err != ERR_OK;
    return err;
}
