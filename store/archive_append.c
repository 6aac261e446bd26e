/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

#include "proto/commit.h"
#include "proto/content.h"

/* Making items durable: what archive_append() promises. */

/* What an append does to one log. */
struct change {
    struct head before, after;
    struct content_tree *contents;
    bool had_contents, has_contents;
    struct sha1 contents_before, contents_after;
};

struct append {
    struct archive *a;
    struct change *changes;
    size_t count, size;
    struct content *content; /* Room for the one at hand. */
};

static enum err find_change(struct append *p, const struct id *log, struct change **change)
{
    const struct head *head;

    for (size_t i = p->count; i > 0; i--) {
        *change = &p->changes[i - 1];
        if (id_equal(&(*change)->after.log, log))
            return ERR_OK;
    }
    if (p->count == p->size) {
        size_t size = p->size ? p->size * 2 : 16;
        struct change *changes = realloc(p->changes, size * sizeof *changes);
        if (!changes)
            return archive_fail(p->a, ERR_MEMORY, "out of memory");
        p->changes = changes;
        p->size = size;
    }
    *change = &p->changes[p->count++];
    **change = (struct change){.before = {.log = *log}};
    head = frontier_find(p->a->heads, log);
    if (head)
        (*change)->before = *head;
    (*change)->after = (*change)->before;
    return ERR_OK;
}

/*
 * Whether an entry that is not newer than the head is the one that is here.  Where that cannot be read any more, the
 * object is written again: its name is a hash, so it stands in the chain only if it belongs there.
 */
static enum err compare_old(struct archive *a, const struct item *item)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct sha1 name;
    enum err err = archive_locate(a, &item->head.log, item->head.seq, &e);

    if (!err && !id_equal(&e.id, &item->head.entry))
        err = archive_fail(a, ERR_FORK, "another entry stands at seq %llu", (unsigned long long)item->head.seq);
    else if (err == ERR_AUTH || err == ERR_FORMAT) {
        err = git_backend_add(a->git, PACK_COMMIT, item->commit, &name);
        if (err)
            (void)archive_fail_git(a, err);
    }
    archive_entry_free(&e);
    return err;
}

/* A commit in its one form names the parent at a fixed place. */
static bool follows(const struct item *item, const struct head *before)
{
    struct buffer line = BUFFER(64);
    struct bytes rest = bytes_from(item->commit, strlen("tree " COMMIT_EMPTY_TREE "\n"));
    bool same = before->seq == 0;

    if (before->seq > 0) {
        buffer_text(&line, "parent ");
        buffer_hex(&line, bytes_of(before->commit.at, SHA1_LEN));
        same = !buffer_error(&line) && rest.len > line.len && memcmp(rest.at, line.at, line.len) == 0;
    }
    buffer_free(&line);
    return same;
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
    enum err err = archive_open_contents(p->a, &c->before.log, &c->contents, &c->contents_before);
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
        err = entry_decode(item->entry, &p->a->network, &entry);
        has = !err && archive_entry_content(&entry, id);
    } else {
        err = archive_locate(p->a, &item->head.log, item->head.seq, &e);
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

static enum err add_content(struct append *p, struct change *c, const struct item *item, const struct id *id)
{
    enum err err = content_open(item->content, p->content);

    if (!err && !id_equal(&p->content->id, id))
        err = ERR_AUTH;
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

    if (item->head.seq != c->after.seq + 1)
        return archive_fail(p->a, ERR_GAP, "an entry before seq %llu is missing", (unsigned long long)item->head.seq);
    if (!follows(item, &c->after))
        return archive_fail(p->a, ERR_FORK, "seq %llu does not follow the entry that is here",
                            (unsigned long long)item->head.seq);
    err = git_backend_name(p->a->git, PACK_COMMIT, item->commit, &name);
    if (!err && memcmp(name.at, item->head.commit.at, SHA1_LEN) != 0)
        return archive_fail(p->a, ERR_AUTH, "git names a commit otherwise than its entry");
    if (!err)
        err = git_backend_add(p->a->git, PACK_COMMIT, item->commit, &name);
    if (err)
        return archive_fail_git(p->a, err);
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

/* The entry of a content that comes by itself may be an item before it. */
static const struct item *find_before(const struct item items[], size_t index)
{
    const struct item *late = &items[index];

    for (size_t i = index; i > 0; i--) {
        const struct item *item = &items[i - 1];
        if (item->entry.len > 0 && item->head.seq == late->head.seq && id_equal(&item->head.log, &late->head.log))
            return item;
    }
    return late;
}

/* Adds the objects of one item; what is here already is passed over. */
static enum err add_item(struct append *p, const struct item items[], size_t index, enum archive_done *done)
{
    const struct item *item = &items[index];
    struct change *c = NULL;
    struct id id;
    enum err err = find_change(p, &item->head.log, &c);
    bool is_new = !err && item->entry.len > 0 && item->head.seq > c->before.seq;

    *done = ARCHIVE_NOTHING;
    if (!err && item->entry.len > 0 && !is_new)
        err = compare_old(p->a, item);
    if (!err && item->content.len > 0) {
        err = signed_content(p, item->entry.len > 0 ? item : find_before(items, index), &id);
        bool here = false;
        if (!err && !is_new)
            err = is_content_here(p, c, item, &here);
        if (!err && !here) {
            err = add_content(p, c, item, &id);
            *done |= ARCHIVE_CONTENT;
        }
    } else if (!err && is_new)
        err = cut_left_contents(p, c, item->head.seq);
    if (!err && is_new) {
        err = add_commit(p, c, item);
        *done |= ARCHIVE_ENTRY_NEW;
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

static enum err add_objects(struct append *p, const struct item items[], size_t count, enum archive_done done[])
{
    enum err err = count > 1 ? git_backend_begin(p->a->git) : ERR_OK;
    size_t new_logs = 0;

    for (size_t i = 0; !err && i < count; i++)
        err = add_item(p, items, i, &done[i]);
    for (size_t i = 0; i < p->count; i++)
        new_logs += p->changes[i].before.seq == 0;
    if (!err && frontier_count(p->a->heads) + new_logs > LIMIT_LOGS)
        err = archive_fail(p->a, ERR_LIMIT, "too many logs");
    if (!err)
        err = add_trees(p);
    if (err) {
        git_backend_abandon(p->a->git);
        return err;
    }
    err = git_backend_end(p->a->git);
    return err ? archive_fail_git(p->a, err) : ERR_OK;
}

/* Contents first: an entry that is seen has what came with it. */
static enum err move_refs(struct append *p)
{
    char ref[ARCHIVE_REF_SIZE];
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < p->count; i++) {
        const struct change *c = &p->changes[i];
        archive_content_ref(&c->after.log, ref);
        if (c->has_contents && (!c->had_contents || memcmp(c->contents_before.at, c->contents_after.at, SHA1_LEN) != 0))
            err = git_backend_move(p->a->git, ref, c->had_contents ? &c->contents_before : NULL, &c->contents_after);
    }
    for (size_t i = 0; !err && i < p->count; i++) {
        const struct change *c = &p->changes[i];
        if (c->after.seq == c->before.seq)
            continue;
        archive_log_ref(&c->after.log, ref);
        err = git_backend_move(p->a->git, ref, c->before.seq > 0 ? &c->before.commit : NULL, &c->after.commit);
        if (!err && frontier_set(p->a->heads, &c->after))
            return archive_fail(p->a, ERR_IO, "out of memory after an entry was written");
    }
    return err ? archive_fail_git(p->a, err) : ERR_OK;
}

/* Git is durable by now: whatever happens to the index, the append has succeeded. */
static void tell_index(struct archive *a, const struct item items[], const enum archive_done done[], size_t count)
{
    if (!a->index)
        return;
    if (!a->index_behind && archive_index_items(a, items, done, count) == ERR_OK)
        return;
    a->index_behind = true;
    (void)archive_catch_up(a);
}

enum err archive_append(struct archive *a, const struct item items[], size_t count)
{
    struct append p = {.a = a};
    enum archive_done *done = calloc(count ? count : 1, sizeof *done);
    enum err err = archive_may_write(a);

    p.content = malloc(sizeof *p.content);
    if (!err && (!done || !p.content))
        err = archive_fail(a, ERR_MEMORY, "out of memory");
    if (!err) {
        err = add_objects(&p, items, count, done);
        if (!err)
            err = move_refs(&p);
        /* What the caller handed over wrongly has harmed nothing. */
        if (err == ERR_IO || err == ERR_BUSY)
            a->broken = true;
    }
    if (!err) {
        tell_index(a, items, done, count);
        archive_tidy(a);
    }
    for (size_t i = 0; i < p.count; i++)
        content_tree_free(p.changes[i].contents);
    free(p.changes);
    free(p.content);
    free(done);
    return err;
}
