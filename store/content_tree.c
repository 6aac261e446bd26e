/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/content_tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/text.h"
#include "store/git_tree.h"

#define BUCKET 1000
#define NAME_SIZE 24
#define TREE_LIMIT MIB(64)

struct slot {
    uint64_t number;
    struct sha1 name;
};

struct level { /* In ascending order of number. */
    struct slot *at;
    size_t count, size;
};

struct bucket {
    uint64_t number;
    struct level level;
    bool changed;
};

struct content_tree {
    struct git_backend *git;
    bool has_name;
    struct sha1 name; /* Of the root, as opened. */
    struct level root;
    struct bucket *buckets; /* Those that were looked into. */
    size_t bucket_count;
};

static bool is_number(const struct git_tree_entry *entry, uint64_t *number)
{
    return bytes_equal(entry->mode, bytes_text(GIT_TREE_TREE)) && text_to_number(entry->name, number);
}

bool content_tree_is_index(struct bytes tree)
{
    struct git_tree_entry entry;
    uint64_t number;
    bool any = tree.len > 0;

    while (tree.len > 0 && any)
        any = git_tree_next(&tree, &entry) && is_number(&entry, &number);
    return any;
}

/* ---- levels ---- */

/* The place of a number, or where it would stand. */
static size_t level_place(const struct level *level, uint64_t number)
{
    size_t low = 0, high = level->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (level->at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct slot *level_find(const struct level *level, uint64_t number)
{
    size_t place = level_place(level, number);

    return place < level->count && level->at[place].number == number ? &level->at[place] : NULL;
}

static enum err level_set(struct level *level, uint64_t number, const struct sha1 *name)
{
    size_t place = level_place(level, number);

    if (place < level->count && level->at[place].number == number) {
        level->at[place].name = *name;
        return ERR_OK;
    }
    if (level->count == level->size) {
        size_t size = level->size ? level->size * 2 : 16;
        struct slot *at = realloc(level->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        level->at = at;
        level->size = size;
    }
    memmove(level->at + place + 1, level->at + place, (level->count - place) * sizeof *level->at);
    level->at[place] = (struct slot){number, *name};
    level->count++;
    return ERR_OK;
}

static enum err level_read(struct git_backend *git, const struct sha1 *name, struct level *level)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    struct git_tree_entry entry;
    uint64_t number;
    enum err err = git_backend_read(git, PACK_TREE, name, &tree);

    for (struct bytes rest = buffer_bytes(&tree); !err && rest.len > 0;)
        err = git_tree_next(&rest, &entry) && is_number(&entry, &number) ? level_set(level, number, &entry.object)
                                                                         : ERR_FORMAT;
    buffer_free(&tree);
    return err;
}

static unsigned digits_of(uint64_t number)
{
    unsigned digits = 1;

    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

/* Git orders names as text: as numbers of as many digits, and the shorter one first where that makes them equal. */
static int compare_as_text(const void *a, const void *b)
{
    uint64_t left = ((const struct slot *)a)->number, right = ((const struct slot *)b)->number;
    unsigned left_digits = digits_of(left), right_digits = digits_of(right);

    for (unsigned i = left_digits; i < right_digits; i++)
        left *= 10;
    for (unsigned i = right_digits; i < left_digits; i++)
        right *= 10;
    if (left != right)
        return left < right ? -1 : 1;
    return left_digits < right_digits ? -1 : left_digits > right_digits;
}

static enum err level_write(struct git_backend *git, const struct level *level, struct sha1 *name)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    struct slot *sorted = calloc(level->count ? level->count : 1, sizeof *sorted);
    char text[NAME_SIZE];

    if (!sorted)
        return ERR_MEMORY;
    if (level->count > 0)
        memcpy(sorted, level->at, level->count * sizeof *sorted);
    qsort(sorted, level->count, sizeof *sorted, compare_as_text);
    for (size_t i = 0; i < level->count; i++) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)sorted[i].number);
        git_tree_put(&tree, GIT_TREE_TREE, text, &sorted[i].name);
    }
    enum err err = buffer_error(&tree);
    if (!err)
        err = git_backend_add(git, PACK_TREE, buffer_bytes(&tree), name);
    free(sorted);
    buffer_free(&tree);
    return err;
}

/* ---- the tree of a log ---- */

enum err content_tree_open(struct git_backend *git, const struct sha1 *root, struct content_tree **tree)
{
    struct content_tree *t = calloc(1, sizeof *t);
    enum err err = ERR_OK;

    *tree = NULL;
    if (!t)
        return ERR_MEMORY;
    t->git = git;
    if (root) {
        t->has_name = true;
        t->name = *root;
        err = level_read(git, root, &t->root);
        /* Something led here: that it is not there is damage. */
        err = err == ERR_MISSING ? ERR_AUTH : err;
    }
    if (err)
        content_tree_free(t);
    else
        *tree = t;
    return err;
}

void content_tree_free(struct content_tree *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->bucket_count; i++)
        free(t->buckets[i].level.at);
    free(t->buckets);
    free(t->root.at);
    free(t);
}

/* Opens a bucket; when it is not there, makes it, or ERR_MISSING. */
static enum err open_bucket(struct content_tree *t, uint64_t number, bool make, struct bucket **bucket)
{
    for (size_t i = 0; i < t->bucket_count; i++) {
        *bucket = &t->buckets[i];
        if ((*bucket)->number == number)
            return ERR_OK;
    }
    const struct slot *slot = level_find(&t->root, number);
    if (!slot && !make)
        return ERR_MISSING;
    struct bucket *buckets = realloc(t->buckets, (t->bucket_count + 1) * sizeof *buckets);
    if (!buckets)
        return ERR_MEMORY;
    t->buckets = buckets;
    *bucket = &buckets[t->bucket_count];
    **bucket = (struct bucket){.number = number};
    enum err err = slot ? level_read(t->git, &slot->name, &(*bucket)->level) : ERR_OK;
    if (err)
        free((*bucket)->level.at);
    else
        t->bucket_count++;
    return err == ERR_MISSING ? ERR_AUTH : err;
}

static enum err find_content(struct content_tree *t, uint64_t seq, struct sha1 *name)
{
    struct bucket *bucket;
    enum err err = open_bucket(t, seq / BUCKET, false, &bucket);

    if (err)
        return err;
    const struct slot *slot = level_find(&bucket->level, seq);
    if (!slot)
        return ERR_MISSING;
    *name = slot->name;
    return ERR_OK;
}

bool content_tree_has(struct content_tree *t, uint64_t seq)
{
    struct sha1 name;

    return find_content(t, seq, &name) == ERR_OK;
}

static enum err read_object(struct content_tree *t, enum pack_kind kind, const struct sha1 *name, struct buffer *out)
{
    enum err err = git_backend_read(t->git, kind, name, out);

    return err == ERR_MISSING ? ERR_AUTH : err;
}

enum err content_tree_read(struct content_tree *t, uint64_t seq, struct buffer *packed)
{
    struct buffer tree = BUFFER(1024), manifest = BUFFER(LIMIT_MANIFEST), text = BUFFER(LIMIT_CONTENT);
    struct git_tree_entry entry;
    struct sha1 name;
    enum err err = find_content(t, seq, &name);

    if (!err)
        err = read_object(t, PACK_TREE, &name, &tree);
    for (struct bytes rest = buffer_bytes(&tree); !err && rest.len > 0;) {
        if (!git_tree_next(&rest, &entry))
            err = ERR_FORMAT;
        else if (bytes_equal(entry.name, bytes_text("manifest")))
            err = read_object(t, PACK_BLOB, &entry.object, &manifest);
        else if (bytes_equal(entry.name, bytes_text("text")))
            err = read_object(t, PACK_BLOB, &entry.object, &text);
    }
    if (!err) {
        buffer_u32(packed, (uint32_t)manifest.len);
        buffer_add(packed, buffer_bytes(&manifest));
        buffer_add(packed, buffer_bytes(&text));
        err = buffer_error(packed);
    }
    buffer_free(&tree);
    buffer_free(&manifest);
    buffer_free(&text);
    return err;
}

enum err content_tree_set(struct content_tree *t, uint64_t seq, const struct content *content)
{
    const struct content_file *text = content_text(content);
    struct buffer tree = BUFFER(1024);
    struct sha1 object, name;
    struct bucket *bucket;
    enum err err = git_backend_add(t->git, PACK_BLOB, content->manifest, &object);

    git_tree_put(&tree, GIT_TREE_FILE, "manifest", &object);
    if (!err && text) {
        err = git_backend_add(t->git, PACK_BLOB, text->bytes, &object);
        git_tree_put(&tree, GIT_TREE_FILE, "text", &object);
    }
    if (!err)
        err = buffer_error(&tree);
    if (!err)
        err = git_backend_add(t->git, PACK_TREE, buffer_bytes(&tree), &name);
    buffer_free(&tree);
    if (!err)
        err = open_bucket(t, seq / BUCKET, true, &bucket);
    if (!err)
        err = level_set(&bucket->level, seq, &name);
    if (!err)
        bucket->changed = true;
    return err;
}

enum err content_tree_cut(struct content_tree *t, uint64_t seq, bool *any)
{
    struct bucket *bucket;

    *any = false;
    while (t->root.count > 0 && t->root.at[t->root.count - 1].number > seq / BUCKET) {
        t->root.count--;
        *any = true;
    }
    /* What has been looked into is written by content_tree_write() only when it changed. */
    enum err err = open_bucket(t, seq / BUCKET, false, &bucket);
    if (err)
        return err == ERR_MISSING ? ERR_OK : err;
    while (bucket->level.count > 0 && bucket->level.at[bucket->level.count - 1].number > seq) {
        bucket->level.count--;
        bucket->changed = *any = true;
    }
    return ERR_OK;
}

enum err content_tree_remove(struct content_tree *t, uint64_t seq, bool *any)
{
    struct bucket *bucket;
    enum err err = open_bucket(t, seq / BUCKET, false, &bucket);

    *any = false;
    if (err)
        return err == ERR_MISSING ? ERR_OK : err;
    struct level *level = &bucket->level;
    size_t place = level_place(level, seq);
    if (place == level->count || level->at[place].number != seq)
        return ERR_OK;
    level->count--;
    memmove(level->at + place, level->at + place + 1, (level->count - place) * sizeof *level->at);
    bucket->changed = *any = true;
    return ERR_OK;
}

enum err content_tree_write(struct content_tree *t, struct sha1 *root)
{
    struct sha1 name;
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < t->bucket_count; i++) {
        struct bucket *bucket = &t->buckets[i];
        if (!bucket->changed)
            continue;
        err = level_write(t->git, &bucket->level, &name);
        if (!err)
            err = level_set(&t->root, bucket->number, &name);
        bucket->changed = err != ERR_OK;
    }
    return err ? err : level_write(t->git, &t->root, root);
}

enum err content_tree_each_index(struct content_tree *t, content_tree_name_fn *each, void *context)
{
    enum err err = t->has_name ? each(context, &t->name) : ERR_OK;

    for (size_t i = 0; !err && i < t->root.count; i++)
        err = each(context, &t->root.at[i].name);
    return err;
}

enum err content_tree_each_object(struct git_backend *git, const struct sha1 *name, content_tree_name_fn *each,
                                  void *context)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    struct git_tree_entry entry;
    enum err err = each(context, name);

    if (!err)
        err = git_backend_read(git, PACK_TREE, name, &tree);
    for (struct bytes rest = buffer_bytes(&tree); !err && rest.len > 0;) {
        if (!git_tree_next(&rest, &entry))
            err = ERR_FORMAT;
        else if (bytes_equal(entry.mode, bytes_text(GIT_TREE_TREE)))
            err = content_tree_each_object(git, &entry.object, each, context);
        else
            err = each(context, &entry.object);
    }
    buffer_free(&tree);
    return err;
}
