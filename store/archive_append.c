/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_append.h"

#include <stdlib.h>

#include "proto/buffer.h"
#include "proto/commit.h"
#include "proto/content.h"

/* Making items durable: what archive_append() promises. */

#define LIVE_ITEMS 8        /* Up to these the journal is quicker than a pack, ... */
#define LIVE_BYTES KIB(256) /* ... and the files of single objects are not too many. */

/* ---- the branch of an item ---- */

static enum err new_change(struct append *p, const struct change *change, size_t *at)
{
    if (p->count == p->size) {
        size_t size = p->size ? p->size * 2 : 16;
        struct change *changes = realloc(p->changes, size * sizeof *changes);
        if (!changes)
            return archive_fail(p->a, ERR_MEMORY, "out of memory");
        p->changes = changes;
        p->size = size;
    }
    *at = p->count;
    p->changes[p->count++] = *change;
    return ERR_OK;
}

static bool same_branch(const struct archive_branch *a, const struct archive_branch *b)
{
    return id_equal(&a->log, &b->log) && id_equal(&a->name, &b->name);
}

/* The change of a branch that is there already. */
static enum err change_of(struct append *p, const struct archive_branch *branch, size_t *at)
{
    struct change change = {.branch = *branch, .is_begun = true};

    for (size_t i = p->count; i > 0; i--)
        if (same_branch(&p->changes[i - 1].branch, branch)) {
            *at = i - 1;
            return ERR_OK;
        }
    if (!archive_branch_head(p->a, branch, &change.before))
        return archive_fail(p->a, ERR_IO, "a branch has no head");
    change.after = change.before;
    return new_change(p, &change, at);
}

/* The branch that the item leads on: its last entry is the parent. */
static bool find_extended(struct append *p, const struct item *item, const struct sha1 *parent, enum err *err,
                          size_t *at)
{
    size_t first, tips;

    for (size_t i = p->count; i > 0; i--) {
        const struct change *c = &p->changes[i - 1];
        if (id_equal(&c->branch.log, &item->head.log) && c->after.seq + 1 == item->head.seq &&
            memcmp(c->after.commit.at, parent->at, SHA1_LEN) == 0) {
            *at = i - 1;
            return true;
        }
    }
    tips = frontier_tips(p->a->heads, &item->head.log, &first);
    for (size_t i = first; i < first + tips; i++) {
        const struct head *tip = frontier_at(p->a->heads, i);
        struct archive_branch branch;
        if (tip->seq + 1 != item->head.seq || memcmp(tip->commit.at, parent->at, SHA1_LEN) != 0)
            continue;
        branch = archive_branch_of(p->a, tip);
        *err = change_of(p, &branch, at);
        return *err || p->changes[*at].after.seq == tip->seq; /* Else it was led on within these items. */
    }
    return false;
}

/* An entry before it, in the items handed over: SIZE_MAX when it is not there. */
static size_t find_item(const struct item items[], size_t before, const struct id *id)
{
    for (size_t i = before; i > 0; i--)
        if (items[i - 1].entry.len > 0 && id_equal(&items[i - 1].head.entry, id))
            return i - 1;
    return SIZE_MAX;
}

static bool is_here(struct append *p, const struct item items[], size_t index, const struct id *id)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    bool here = find_item(items, index, id) != SIZE_MAX || archive_locate_id(p->a, id, &e) == ERR_OK;

    archive_entry_free(&e);
    return here;
}

/* Begins a branch: the first of a log, or one that hangs from an entry which others follow. */
static enum err begin_branch(struct append *p, const struct item items[], size_t index, bool is_first, size_t *at)
{
    const struct item *item = &items[index];
    struct change change = {.branch = {.log = item->head.log}};
    size_t first, branches = frontier_tips(p->a->heads, &item->head.log, &first);
    struct entry entry;

    if (!is_first) {
        change.branch.name = item->head.entry;
        if (entry_read(item->entry, &p->a->network, &entry))
            return archive_fail(p->a, ERR_AUTH, "an entry cannot be read");
        if (entry.seq > 1 && !is_here(p, items, index, &entry.prev))
            return archive_fail(p->a, ERR_GAP, "an entry before seq %llu is missing",
                                (unsigned long long)item->head.seq);
    }
    for (size_t i = 0; i < p->count; i++)
        branches += !p->changes[i].is_begun && id_equal(&p->changes[i].branch.log, &item->head.log);
    if (branches >= LIMIT_BRANCHES)
        return archive_fail(p->a, ERR_LIMIT, "a log has too many branches");
    change.before = (struct head){.log = item->head.log, .seq = item->head.seq - 1};
    change.after = change.before;
    return new_change(p, &change, at);
}

static bool knows_log(const struct append *p, const struct id *log)
{
    for (size_t i = p->count; i > 0; i--)
        if (id_equal(&p->changes[i - 1].branch.log, log))
            return true;
    return frontier_find(p->a->heads, log) != NULL;
}

/*
 * Where an entry that is here cannot be read any more, the object is written again: its name is a hash, so it stands in the
 * chain only if it belongs there.
 */
static enum err mend(struct append *p, const struct item *item, enum err damage, struct id *branch)
{
    struct index_entry row;
    struct sha1 name;

    if (!p->a->index || index_find_id(p->a->index, &item->head.entry, &row))
        return damage;
    *branch = row.branch;
    enum err err = git_backend_add(p->a->git, PACK_COMMIT, item->commit, &name);
    return err ? archive_fail_git(p->a, err) : ERR_OK;
}

/* Which branch an entry belongs to, and whether it is new. */
static enum err find_change(struct append *p, const struct item items[], size_t index, bool *is_new, size_t *at)
{
    const struct item *item = &items[index];
    struct archive_entry e = ARCHIVE_ENTRY;
    struct sha1 parent = {{0}};
    bool has_parent = commit_parent(item->commit, &parent);
    bool is_first = !has_parent && !knows_log(p, &item->head.log);
    enum err err = ERR_OK;

    *is_new = true;
    if (has_parent ? find_extended(p, item, &parent, &err, at) : is_first)
        return is_first ? begin_branch(p, items, index, true, at) : err;
    *is_new = false;
    size_t before = find_item(items, index, &item->head.entry);
    if (before != SIZE_MAX) {
        *at = p->of[before];
        return ERR_OK;
    }
    err = archive_locate_id(p->a, &item->head.entry, &e);
    struct archive_branch branch = {.log = item->head.log, .name = e.branch};
    archive_entry_free(&e);
    if (err == ERR_MISSING) {
        *is_new = true;
        return begin_branch(p, items, index, false, at);
    }
    if (err == ERR_AUTH || err == ERR_FORMAT)
        err = mend(p, item, err, &branch.name);
    return err ? err : change_of(p, &branch, at);
}

/* What is damaged here must not look like a fault of whoever sent the items. */
static enum err our_damage(enum err err)
{
    return err == ERR_AUTH || err == ERR_FORMAT ? ERR_IO : err;
}

static enum err open_contents(struct append *p, struct change *c)
{
    if (c->contents)
        return ERR_OK;
    enum err err = archive_open_contents(p->a, &c->branch, &c->contents, &c->contents_before);
    c->had_contents = err == ERR_OK;
    if (err == ERR_MISSING)
        err = content_tree_open(p->a->git, NULL, &c->contents);
    return our_damage(err);
}

/* The id that the entry of an item signs: from the item, or for a late content from the archive. */
static enum err signed_content(struct append *p, const struct item *item, struct id *id)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct entry entry;
    bool has = false;
    enum err err;

    if (item->entry.len > 0) {
        err = entry_read(item->entry, &p->a->network, &entry);
        has = !err && archive_entry_content(&entry, id);
    } else {
        err = archive_locate_id(p->a, &item->head.entry, &e);
        has = !err && archive_entry_content(&e.entry, id);
    }
    archive_entry_free(&e);
    return err ? err : has ? ERR_OK : archive_fail(p->a, ERR_AUTH, "an entry signs no content, and one came");
}

/* A content that is here and cannot be read is written again. */
static enum err is_content_here(struct append *p, struct change *c, const struct item *item, bool *here)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    enum err err = open_contents(p, c);

    *here = !err && content_tree_read(c->contents, item->head.seq, &packed) == ERR_OK &&
            bytes_equal(buffer_bytes(&packed), item->content);
    buffer_free(&packed);
    return err;
}

/* A copy of what was erased, from a node that had not heard of it yet. */
static bool is_erased(const struct append *p, const struct item *item)
{
    struct index_entry row;

    return p->a->index && index_find_id(p->a->index, &item->head.entry, &row) == ERR_OK &&
           row.has_content == INDEX_ERASED;
}

static enum err add_content(struct append *p, struct change *c, const struct item *item, const struct id *id)
{
    const struct digest *digest = &p->digests[item - p->items];
    enum err err = digest->err ? digest->err : content_read(item->content, p->content);

    if (!err && !id_equal(&digest->id, id))
        err = ERR_AUTH;
    p->content->id = digest->id;
    if (err)
        return archive_fail(p->a, err, "a content is not what its entry signs: %s", err_text(err));
    err = open_contents(p, c);
    if (!err)
        err = our_damage(content_tree_set(c->contents, item->head.seq, p->content));
    if (err)
        return archive_fail_git(p->a, err);
    c->has_contents = true;
    return ERR_OK;
}

static enum err add_commit(struct append *p, struct change *c, const struct item *item)
{
    struct sha1 name;
    enum err err;

    err = git_backend_add(p->a->git, PACK_COMMIT, item->commit, &name);
    if (err)
        return archive_fail_git(p->a, err);
    if (memcmp(name.at, item->head.commit.at, SHA1_LEN) != 0)
        return archive_fail(p->a, ERR_AUTH, "git names a commit otherwise than its entry");
    c->after = item->head;
    return ERR_OK;
}

/*
 * Contents move before their entries: what a crash or a full disk left behind between the two must not be taken for the
 * content of an entry that now comes without one.
 */
static enum err cut_left_contents(struct append *p, struct change *c, uint64_t seq)
{
    bool any = false;

    enum err err = open_contents(p, c);
    if (!err)
        err = content_tree_cut(c->contents, seq - 1, &any);
    c->has_contents = c->has_contents || any;
    return err == ERR_MEMORY ? archive_fail_git(p->a, err) : ERR_OK; /* Damaged: archive_verify() tells. */
}

/* Adds the objects of an entry; what is here already is passed over. */
static enum err add_entry(struct append *p, const struct item items[], size_t index, struct archive_change *did)
{
    const struct item *item = &items[index];
    bool is_new = false, here = false;
    struct id id;
    enum err err = find_change(p, items, index, &is_new, &p->of[index]);

    if (err)
        return err;
    struct change *c = &p->changes[p->of[index]];
    did->branch = c->branch.name;
    if (item->content.len > 0) {
        err = signed_content(p, item, &id);
        if (!err && !is_new)
            err = is_content_here(p, c, item, &here);
        if (!err && !here && (is_new || !is_erased(p, item))) {
            err = add_content(p, c, item, &id);
            did->done |= ARCHIVE_CONTENT;
        }
    } else if (is_new)
        err = cut_left_contents(p, c, item->head.seq);
    if (!err && is_new) {
        err = add_commit(p, c, item);
        did->done |= ARCHIVE_ENTRY_NEW;
    }
    return err;
}

/* The same of a content that comes by itself; its entry may be an item before it. */
static enum err add_late(struct append *p, const struct item items[], size_t index, struct archive_change *did)
{
    const struct item *item = &items[index];
    size_t before = find_item(items, index, &item->head.entry);
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = ERR_OK;
    bool here = false;
    struct id id;

    if (before != SIZE_MAX)
        p->of[index] = p->of[before];
    else if (!(err = archive_locate_id(p->a, &item->head.entry, &e)) && e.entry.seq != item->head.seq)
        err = archive_fail(p->a, ERR_MISSING, "no such entry is here");
    else if (!err)
        err = change_of(p, &(struct archive_branch){.log = e.entry.log, .name = e.branch}, &p->of[index]);
    archive_entry_free(&e);
    if (err)
        return err;
    struct change *c = &p->changes[p->of[index]];
    did->branch = c->branch.name;
    err = signed_content(p, before != SIZE_MAX ? &items[before] : item, &id);
    if (!err)
        err = is_content_here(p, c, item, &here);
    if (!err && !here && !is_erased(p, item)) {
        err = add_content(p, c, item, &id);
        did->done |= ARCHIVE_CONTENT;
    }
    return err;
}

static enum err add_trees(struct append *p)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < p->count; i++) {
        struct change *c = &p->changes[i];
        if (c->has_contents)
            err = content_tree_write(c->contents, &c->contents_after);
    }
    return err ? archive_fail_git(p->a, err) : ERR_OK;
}

static bool is_live(const struct item items[], size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count && i < LIVE_ITEMS; i++)
        len += items[i].commit.len + items[i].content.len;
    return count <= LIVE_ITEMS && len <= LIVE_BYTES;
}

static enum err add_objects(struct append *p, const struct item items[], size_t count, struct archive_change did[])
{
    enum err err = p->live ? git_backend_begin_live(p->a->git) : git_backend_begin(p->a->git);
    size_t new_logs = 0;

    for (size_t i = 0; !err && i < count; i++)
        err = items[i].entry.len > 0 ? add_entry(p, items, i, &did[i]) : add_late(p, items, i, &did[i]);
    for (size_t i = 0; i < p->count; i++)
        new_logs += !p->changes[i].is_begun && id_is_zero(&p->changes[i].branch.name);
    if (!err && frontier_logs(p->a->heads) + new_logs > LIMIT_LOGS)
        err = archive_fail(p->a, ERR_LIMIT, "too many logs");
    if (!err)
        err = add_trees(p);
    if (err || p->live)
        return err;
    err = git_backend_end(p->a->git);
    return err ? archive_fail_git(p->a, err) : ERR_OK;
}

/* ---- the whole ---- */

/* Git is durable by now: whatever happens to the index, the append has succeeded. */
static void tell_index(struct archive *a, const struct item items[], const struct archive_change did[], size_t count)
{
    if (!a->index)
        return;
    if (!a->index_behind && archive_index_items(a, items, did, count) == ERR_OK)
        return;
    a->index_behind = true;
    (void)archive_catch_up(a);
}

/* One part of it, on any thread: what the content of an item is. */
static void measure(void *context, size_t index)
{
    struct append *p = context;
    struct digest *digest = &p->digests[index];
    struct content *content;

    if (p->items[index].content.len == 0)
        return;
    digest->id = p->items[index].content_id;
    if (!id_is_zero(&digest->id))
        return;
    content = malloc(sizeof *content);
    digest->err = content ? content_open(p->items[index].content, content) : ERR_MEMORY;
    if (!digest->err)
        digest->id = content->id;
    free(content);
}

enum err archive_append(struct archive *a, const struct item items[], size_t count)
{
    struct append p = {.a = a, .items = items, .live = is_live(items, count)};
    struct archive_change *did = calloc(count ? count : 1, sizeof *did);
    enum err err = archive_may_write(a);

    p.of = calloc(count ? count : 1, sizeof *p.of);
    p.content = malloc(sizeof *p.content);
    p.digests = calloc(count ? count : 1, sizeof *p.digests);
    if (!err && (!did || !p.of || !p.content || !p.digests))
        err = archive_fail(a, ERR_MEMORY, "out of memory");
    if (!err) {
        parallel_run(a->parallel, count, measure, &p);
        err = add_objects(&p, items, count, did);
        if (!err)
            err = append_move_refs(&p);
        git_backend_abandon(a->git);
        /* What the caller handed over wrongly has harmed nothing. */
        if (err == ERR_IO || err == ERR_BUSY)
            a->broken = true;
    }
    if (!err) {
        tell_index(a, items, did, count);
        archive_tidy(a);
    }
    for (size_t i = 0; i < p.count; i++)
        content_tree_free(p.changes[i].contents);
    free(p.changes);
    free(p.digests);
    free(p.of);
    free(p.content);
    free(did);
    return err;
}
