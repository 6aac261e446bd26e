/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

/* What callers read: entries as they travel, and contents, checked again. */

enum err archive_open_contents(struct archive *a, const struct archive_branch *branch, struct content_tree **tree,
                               struct sha1 *root)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 name;

    *tree = NULL;
    archive_content_ref(branch, ref);
    enum err err = git_backend_ref(a->git, ref, &name);
    if (!err && root)
        *root = name;
    if (!err)
        err = content_tree_open(a->git, &name, tree);
    return err ? archive_fail_git(a, err) : ERR_OK;
}

bool archive_entry_content(const struct entry *entry, struct id *content)
{
    return entry->act != ACT_UNKNOWN && act_id(entry->body, ACT_CONTENT, 0, content) == ERR_OK;
}

static enum err write_wire(const struct archive_entry *e, struct buffer *wire)
{
    entry_encode(wire, &e->entry);
    return buffer_error(wire);
}

enum err archive_read_entry(struct archive *a, const struct id *log, uint64_t seq, struct buffer *wire)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate(a, log, seq, &e);

    if (!err)
        err = write_wire(&e, wire);
    archive_entry_free(&e);
    return err;
}

enum err archive_read_entry_of(struct archive *a, const struct id *entry, struct buffer *wire)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate_id(a, entry, &e);

    if (!err)
        err = write_wire(&e, wire);
    archive_entry_free(&e);
    return err;
}

enum err archive_read_entry_before(struct archive *a, const struct id *later, uint64_t seq, struct id *entry,
                                   struct buffer *wire)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate_before(a, later, seq, &e);

    if (!err) {
        *entry = e.id;
        err = write_wire(&e, wire);
    }
    archive_entry_free(&e);
    return err;
}

/* What is packed at the end of `packed` must be what the entry signed. */
static enum err check_content(struct archive *a, struct bytes packed, const struct id *signed_id)
{
    struct content *content = malloc(sizeof *content);

    if (!content)
        return archive_fail(a, ERR_MEMORY, "out of memory");
    enum err err = content_open(packed, content);
    bool same = !err && id_equal(&content->id, signed_id);
    free(content);
    return same ? ERR_OK
                : archive_fail(a, ERR_AUTH, "a content is damaged: %s", err ? err_text(err) : "another one's id");
}

/* The tree that was open last is kept: a tree of that name is the same for ever. */
static enum err keep_open(struct archive *a, const struct archive_branch *branch)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 root;

    archive_content_ref(branch, ref);
    enum err err = git_backend_ref(a->git, ref, &root);
    if (err)
        return archive_fail_git(a, err);
    if (a->tree && memcmp(root.at, a->tree_root.at, SHA1_LEN) == 0)
        return ERR_OK;
    content_tree_free(a->tree);
    a->tree_root = root;
    a->tree_branch = *branch;
    err = content_tree_open(a->git, &root, &a->tree);
    return err ? archive_fail_git(a, err) : ERR_OK;
}

/* Where a content is, and which it must be. */
struct place {
    struct archive_branch branch;
    uint64_t seq;
    struct id content;
};

static enum err read_packed(struct archive *a, const struct place *place, struct buffer *packed)
{
    enum err err = keep_open(a, &place->branch);

    if (!err) {
        err = content_tree_read(a->tree, place->seq, packed);
        if (err)
            (void)archive_fail(a, err, err == ERR_MISSING ? "the content is not here" : "a content cannot be read");
    }
    return err == ERR_FORMAT ? ERR_AUTH : err;
}

/* From the tree that was open last, though a newer one may be there: what an entry names is the same in both. */
static bool read_kept(struct archive *a, const struct place *place, struct buffer *packed)
{
    size_t start = packed->len;

    if (a->tree && id_equal(&a->tree_branch.log, &place->branch.log) &&
        id_equal(&a->tree_branch.name, &place->branch.name) &&
        content_tree_read(a->tree, place->seq, packed) == ERR_OK &&
        check_content(a, bytes_from(buffer_bytes(packed), start), &place->content) == ERR_OK)
        return true;
    packed->len = start;
    return false;
}

static enum err read_place(struct archive *a, const struct place *place, struct buffer *packed)
{
    size_t start = packed->len;

    if (read_kept(a, place, packed))
        return ERR_OK;
    enum err err = read_packed(a, place, packed);
    if (err == ERR_AUTH && a->mode != ARCHIVE_WRITE) {
        /* The writer beside us may have tidied away the tree that was the newest a moment ago. */
        packed->len = start;
        err = read_packed(a, place, packed);
    }
    if (!err)
        err = check_content(a, bytes_from(buffer_bytes(packed), start), &place->content);
    if (err)
        packed->len = start;
    return err;
}

static enum err read_content(struct archive *a, const struct archive_entry *e, struct buffer *packed)
{
    struct place place = {.branch = {.log = e->entry.log, .name = e->branch}, .seq = e->entry.seq};

    if (!archive_entry_content(&e->entry, &place.content))
        return archive_fail(a, ERR_MISSING, "the entry has no content");
    return read_place(a, &place, packed);
}

enum err archive_read_content(struct archive *a, const struct id *log, uint64_t seq, struct buffer *packed)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate(a, log, seq, &e);

    if (!err)
        err = read_content(a, &e, packed);
    archive_entry_free(&e);
    return err;
}

enum err archive_read_content_of(struct archive *a, const struct id *entry, struct buffer *packed)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate_id(a, entry, &e);

    if (!err)
        err = read_content(a, &e, packed);
    archive_entry_free(&e);
    return err;
}

enum err archive_read_listed(struct archive *a, const struct id *entry, struct buffer *packed)
{
    struct index_entry row;

    if (a->index && index_find_id(a->index, entry, &row) == ERR_OK && row.has_content == INDEX_HERE) {
        struct place place = {.branch = {.log = row.log, .name = row.branch}, .seq = row.seq, .content = row.content};

        if (read_place(a, &place, packed) == ERR_OK)
            return ERR_OK;
    }
    return archive_read_content_of(a, entry, packed);
}

enum err archive_read_text(struct archive *a, const struct sha1 *name, struct buffer *text)
{
    enum err err = git_backend_read(a->git, PACK_BLOB, name, text);

    return err ? archive_fail_git(a, err) : ERR_OK;
}
