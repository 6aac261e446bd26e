/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/commit.h"
#include "store/files.h"

#define REPOSITORY "archive.git"
#define REPOSITORY_NEW "archive.git.new"
#define CHARTER_REF "refs/igum/charter"
#define SMALL_FILE_LIMIT 256
#define FILE_MODE 0644

static _Thread_local char open_reason[400];

const char *archive_open_reason(void)
{
    return open_reason;
}

const char *archive_reason(const struct archive *a)
{
    return a->reason;
}

enum err archive_fail(struct archive *a, enum err err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(a->reason, sizeof a->reason, format, arguments);
    va_end(arguments);
    return err;
}

enum err archive_fail_git(struct archive *a, enum err err)
{
    return archive_fail(a, err, "%s", git_backend_reason(a->git));
}

enum err archive_fail_index(struct archive *a, enum err err)
{
    return archive_fail(a, err, "index: %s", a->index ? index_reason(a->index) : err_text(err));
}

static enum err fail_open(enum err err, const char *what, const char *detail)
{
    snprintf(open_reason, sizeof open_reason, "%.120s: %.250s", what, detail);
    return err;
}

static const char *system_text(enum err err)
{
    return (err == ERR_IO || err == ERR_FULL) && errno != 0 ? strerror(errno) : err_text(err);
}

/* ---- small files of the home ---- */

static enum err write_line(const char *home, const char *name, struct bytes value)
{
    struct buffer text = BUFFER(SMALL_FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, home, name);

    buffer_hex(&text, value);
    buffer_text(&text, "\n");
    if (!err)
        err = buffer_error(&text);
    if (!err)
        err = files_replace(path, buffer_bytes(&text), FILE_MODE);
    buffer_free(&text);
    return err ? fail_open(err, name, system_text(err)) : ERR_OK;
}

/* Reads one line of as many hex digits as `len` bytes take. */
static enum err read_line(const char *home, const char *name, uint8_t *value, size_t len)
{
    struct buffer text = BUFFER(SMALL_FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    size_t got = 0;
    enum err err = files_join(path, home, name);

    if (!err)
        err = files_read(path, SMALL_FILE_LIMIT, &text);
    if (!err && (text.len != 2 * len + 1 || text.at[2 * len] != '\n' ||
                 sodium_hex2bin(value, len, (const char *)text.at, 2 * len, NULL, &got, NULL) != 0 || got != len))
        err = ERR_FORMAT;
    buffer_free(&text);
    return err;
}

static enum err write_store_id(const char *home, uint64_t *store_id)
{
    randombytes_buf(store_id, sizeof *store_id);
    return write_line(home, "store_id", bytes_of(store_id, sizeof *store_id));
}

/* ---- creating ---- */

/* Every entry is a commit of the empty tree; git takes it for granted, its checker does not. */
static enum err add_empty_tree(const char *path)
{
    struct git_backend *git;
    struct sha1 name;
    enum err err = git_backend_open(path, true, &git);

    if (err)
        return fail_open(err, "repository", git_backend_reason(NULL));
    err = git_backend_add(git, PACK_TREE, bytes_of(NULL, 0), &name);
    if (err)
        (void)fail_open(err, "repository", git_backend_reason(git));
    git_backend_close(git);
    return err;
}

enum err archive_create(const char *home, const struct id *network)
{
    char path[FILES_PATH_SIZE], new_path[FILES_PATH_SIZE];
    uint64_t store_id;
    enum err err;

    if (sodium_init() < 0)
        return fail_open(ERR_IO, "libsodium", "cannot start");
    if ((err = files_join(path, home, REPOSITORY)) || (err = files_join(new_path, home, REPOSITORY_NEW)))
        return fail_open(err, home, "the path is too long");
    if (files_exists(path))
        return fail_open(ERR_EXISTS, path, "an archive is here already");
    err = files_make_directory(home, 0700);
    if (err && err != ERR_EXISTS)
        return fail_open(err, home, system_text(err));
    /* The repository gets its name last: with it the archive is there. */
    if ((err = files_remove_tree(new_path)))
        return fail_open(err, new_path, system_text(err));
    if ((err = write_line(home, "network", id_bytes(network))) || (err = write_store_id(home, &store_id)))
        return err;
    if ((err = git_backend_create(new_path)))
        return fail_open(err, "repository", git_backend_reason(NULL));
    if ((err = add_empty_tree(new_path)))
        return err;
    err = files_rename(new_path, path);
    return err ? fail_open(err, path, system_text(err)) : ERR_OK;
}

/* ---- opening ---- */

static enum err read_charter(struct archive *a)
{
    struct sha1 name;
    enum err err = git_backend_ref(a->git, CHARTER_REF, &name);

    if (err == ERR_MISSING)
        return ERR_OK;
    if (!err)
        err = git_backend_read(a->git, PACK_BLOB, &name, &a->charter);
    return err ? archive_fail_git(a, err) : ERR_OK;
}

/* The charter names the network; the file does while there is none. */
static enum err find_network(struct archive *a)
{
    enum err err = read_line(a->home, "network", a->network.at, ID_LEN);

    if (a->charter.len > 0) {
        struct id network = id_hash(ID_NETWORK, buffer_bytes(&a->charter));
        if (!err && !id_equal(&network, &a->network))
            return archive_fail(a, ERR_FORMAT, "the charter is not that of the file 'network'");
        a->network = network;
        if (err == ERR_MISSING && a->mode == ARCHIVE_WRITE)
            err = write_line(a->home, "network", id_bytes(&network));
        return err == ERR_MISSING ? ERR_OK : err;
    }
    return err ? archive_fail(a, ERR_FORMAT, "the file 'network' cannot be read: %s", err_text(err)) : ERR_OK;
}

static enum err find_store_id(struct archive *a)
{
    enum err err = read_line(a->home, "store_id", (uint8_t *)&a->store_id, sizeof a->store_id);

    if ((err == ERR_MISSING || err == ERR_FORMAT) && a->mode == ARCHIVE_WRITE)
        return write_store_id(a->home, &a->store_id);
    return err == ERR_MISSING ? ERR_OK : err;
}

/* An archive without an index is slow and complete, so no failure here ends the opening. */
static void open_index(struct archive *a)
{
    char path[FILES_PATH_SIZE];
    bool rebuilt;
    enum err err = files_join(path, a->home, "index.sqlite");

    if (!err)
        err = index_open(path, a->mode == ARCHIVE_WRITE, &a->index, &rebuilt);
    if (err)
        a->index = NULL;
    if (a->index && a->mode == ARCHIVE_WRITE && archive_catch_up(a) == ERR_FORMAT) {
        index_close(a->index);
        a->index = NULL;
        if (index_open(path, true, &a->index, &rebuilt))
            a->index = NULL;
        else
            (void)archive_catch_up(a);
    }
}

static enum err add_head(void *context, const struct id *log, const struct sha1 *target)
{
    struct archive *a = context;
    struct head head;
    enum err err = archive_head(a, log, target, &head);

    return err ? err : frontier_set(a->heads, &head);
}

/* A content whose entry was not reached before a crash must not be taken for another entry's later. */
static enum err cut_contents(struct archive *a, const struct head *head)
{
    struct content_tree *tree;
    struct sha1 from, to;
    char ref[ARCHIVE_REF_SIZE];
    bool any = false;

    if (archive_open_contents(a, &head->log, &tree, &from))
        return ERR_OK; /* None, or damaged: archive_verify() tells. */
    enum err err = content_tree_cut(tree, head->seq, &any);
    if (!err && any) {
        archive_content_ref(&head->log, ref);
        err = content_tree_write(tree, &to);
        if (!err)
            err = git_backend_move(a->git, ref, &from, &to);
    }
    content_tree_free(tree);
    return err == ERR_IO || err == ERR_FULL ? archive_fail_git(a, err) : ERR_OK;
}

static enum err start_writing(struct archive *a)
{
    a->heads = frontier_new();
    if (!a->heads)
        return archive_fail(a, ERR_MEMORY, "out of memory");
    enum err err = archive_each_log(a, add_head, a);
    for (size_t i = 0; !err && i < frontier_count(a->heads); i++)
        err = cut_contents(a, frontier_at(a->heads, i));
    return err;
}

static enum err open_parts(struct archive *a)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, a->home, REPOSITORY);

    if (err)
        return archive_fail(a, err, "the path is too long");
    err = git_backend_open(path, a->mode == ARCHIVE_WRITE, &a->git);
    if (err)
        return archive_fail(a, err, "%s", git_backend_reason(NULL));
    if ((err = read_charter(a)) || (err = find_network(a)) || (err = find_store_id(a)))
        return err;
    open_index(a);
    return a->mode == ARCHIVE_WRITE ? start_writing(a) : ERR_OK;
}

enum err archive_open(const char *home, enum archive_mode mode, struct archive **archive)
{
    struct archive *a = calloc(1, sizeof *a);

    *archive = NULL;
    if (!a || sodium_init() < 0) {
        free(a);
        return fail_open(ERR_MEMORY, home, "out of memory");
    }
    a->mode = mode;
    a->charter = BUFFER(LIMIT_CHARTER);
    if (snprintf(a->home, sizeof a->home, "%s", home) >= (int)sizeof a->home) {
        archive_close(a);
        return fail_open(ERR_LIMIT, "home", "the path is too long");
    }
    enum err err = open_parts(a);
    if (err) {
        bool damage = err == ERR_AUTH || err == ERR_LIMIT;
        (void)fail_open(err, home, a->reason[0] ? a->reason : err_text(err));
        archive_close(a);
        return damage ? ERR_FORMAT : err;
    }
    *archive = a;
    return ERR_OK;
}

void archive_close(struct archive *a)
{
    if (!a)
        return;
    index_close(a->index);
    git_backend_close(a->git);
    frontier_free(a->heads);
    buffer_free(&a->charter);
    free(a);
}

struct id archive_network(const struct archive *a)
{
    return a->network;
}

struct bytes archive_charter(const struct archive *a)
{
    return buffer_bytes(&a->charter);
}

uint64_t archive_store_id(const struct archive *a)
{
    return a->store_id;
}

/* ---- writing ---- */

static enum err may_write(struct archive *a)
{
    if (a->mode != ARCHIVE_WRITE)
        return archive_fail(a, ERR_IO, "the archive is open for reading");
    if (a->broken)
        return archive_fail(a, ERR_IO, "an earlier write failed: the archive must be opened again");
    return ERR_OK;
}

/* After ERR_IO nobody knows what the disk holds; a lack of room leaves everything as it was. */
static enum err wrote(struct archive *a, enum err err)
{
    if (err != ERR_OK && err != ERR_FULL && err != ERR_MEMORY && err != ERR_LIMIT)
        a->broken = true;
    return err;
}

enum err archive_set_charter(struct archive *a, struct bytes text)
{
    struct id network = id_hash(ID_NETWORK, text);
    struct sha1 name;
    enum err err = may_write(a);

    if (err)
        return err;
    if (text.len == 0 || text.len > LIMIT_CHARTER)
        return archive_fail(a, ERR_LIMIT, "the charter is empty or too long");
    if (!id_equal(&network, &a->network))
        return archive_fail(a, ERR_NETWORK, "the charter is that of another network");
    if (a->charter.len > 0)
        return ERR_OK;
    err = git_backend_add(a->git, PACK_BLOB, text, &name);
    if (!err)
        err = git_backend_move(a->git, CHARTER_REF, NULL, &name);
    if (err)
        return wrote(a, archive_fail_git(a, err));
    buffer_add(&a->charter, text);
    return buffer_error(&a->charter);
}

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
    }
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
        if (c->has_contents && (!c->had_contents ||
                                memcmp(c->contents_before.at, c->contents_after.at, SHA1_LEN) != 0))
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
    enum err err = may_write(a);

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
