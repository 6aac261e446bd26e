/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"

#define HASTY_MOST MIB(32) /* Larger ones are of another writer, or were joined long ago: nobody looks into them. */
#define SMALL_PACK MIB(4)
#define JOINED_MOST MIB(8)   /* At once: half a second, in which somebody may come. Two small ones always fit. */
#define PACK_COUNT_MAX 40    /* A miss looks through every pack, and opening does. */
#define LOOSE_COUNT_MAX 6000 /* As stock git: a file takes a block each. */
#define INDEX_LIMIT (UINT64_C(1) << 30)
#define SUM_LIMIT MIB(256) /* What is read at once for a checksum. */
#define LOOSE_NAME_LEN 38
#define PACK_NAME_LEN 45 /* pack-<digits> */

static const char *const directories[] = {"objects",        "refs",
                                          "refs/heads",     "refs/igum",
                                          "refs/igum/log",  "refs/igum/content",
                                          "refs/igum/fork", "refs/igum/fork-content",
                                          "refs/igum/file", "refs/igum/partial",
                                          "objects/pack"};
static const char *const synced[] = {"objects",        "objects/pack",      "refs",           "refs/igum",
                                     "refs/igum/log",  "refs/igum/content", "refs/igum/fork", "refs/igum/fork-content",
                                     "refs/igum/file", "refs/igum/partial"};

/* ---- after a crash ---- */

static enum err make_directory(const char *path, const char *name)
{
    char full[FILES_PATH_SIZE];
    enum err err = files_join(full, path, name);

    return err || files_is_directory(full) ? err : files_make_unsynced_directory(full, 0755);
}

enum err git_house_make_directories(const char *path)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < sizeof directories / sizeof directories[0]; i++)
        err = make_directory(path, directories[i]);
    return err;
}

enum err git_house_make_room(struct git_backend *g)
{
    char name[32], full[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (unsigned i = 0; !err && i < 256; i++) {
        snprintf(name, sizeof name, "objects/%02x", i & 0xff);
        err = make_directory(git_backend_path(g), name);
    }
    if (!err && !(err = files_join(full, git_backend_path(g), "objects")))
        err = files_sync_directory(full);
    return err;
}

static bool starts_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

bool git_house_is_left_over(const char *name)
{
    return ends_with(name, ".lock") || starts_with(name, "tmp_") || starts_with(name, "pack_git2_") ||
           starts_with(name, ".tmp-");
}

/* A crash between two renames leaves half of a pack; what is in it was never relied on. */
static bool is_half_of_pack(const char *path)
{
    char other[FILES_PATH_SIZE + 8];
    bool pack = ends_with(path, ".pack"), index = ends_with(path, ".idx");

    if (!pack && !index)
        return false;
    size_t len = strlen(path) - strlen(pack ? ".pack" : ".idx");
    memcpy(other, path, len);
    memcpy(other + len, pack ? ".idx" : ".pack", pack ? sizeof ".idx" : sizeof ".pack");
    return !files_exists(other);
}

/* Those that became large by another hand stay as they are. */
static bool is_hasty(const char *path, uint64_t size)
{
    struct buffer start = BUFFER(PACK_START);
    bool hasty = size < HASTY_MOST && files_read_start(path, PACK_START, &start) == ERR_OK &&
                 pack_is_hasty(buffer_bytes(&start));

    buffer_free(&start);
    return hasty;
}

struct sweep {
    const char *path;
    struct git_backend_counts *counts;
};

static enum err sweep_name(void *context, const char *name)
{
    const struct sweep *s = context;
    char path[FILES_PATH_SIZE];
    uint64_t size;

    enum err err = files_join(path, s->path, name);
    if (err)
        return err;
    if (strlen(name) == LOOSE_NAME_LEN) {
        s->counts->loose += files_size(path, &size) == ERR_OK && size < GIT_BACKEND_LARGE;
        return ERR_OK;
    }
    if (git_house_is_left_over(name) || is_half_of_pack(path))
        return files_remove(path);
    if (ends_with(name, ".pack") && files_size(path, &size) == ERR_OK) {
        bool hasty = is_hasty(path, size);

        s->counts->hasty += hasty;
        s->counts->packs += !hasty && size < SMALL_PACK;
    }
    return files_is_directory(path) ? files_each(path, sweep_name, &(struct sweep){path, s->counts}) : ERR_OK;
}

/*
 * A name that is seen now and was not durable when the last process ended must not be lost later, when others rely on
 * it: hence the syncs.
 */
enum err git_house_clean_up(const char *path, struct git_backend_counts *counts)
{
    char full[FILES_PATH_SIZE];

    *counts = (struct git_backend_counts){0};
    enum err err = files_each(path, sweep_name, &(struct sweep){path, counts});
    if (!err)
        err = git_house_make_directories(path);
    for (size_t i = 0; !err && i < sizeof synced / sizeof synced[0]; i++) {
        err = files_join(full, path, synced[i]);
        if (!err)
            err = files_sync_directory(full);
    }
    return err;
}

/* ---- damaged indexes ---- */

struct indexes {
    const char *path;
    char *damaged;
};

/* Packs and their indexes end with a SHA-1 of what is before it.  ERR_FORMAT: it is wrong. */
static enum err check_sum(const char *path, size_t limit)
{
    struct buffer file = BUFFER(limit);
    enum err err = files_read(path, limit, &file);
    bool right = false;

    if (!err && file.len > SHA1_LEN) {
        struct bytes all = bytes_of(file.at, file.len - SHA1_LEN);
        struct sha1 sum = sha1_of(&all, 1);
        right = memcmp(sum.at, file.at + all.len, SHA1_LEN) == 0;
    }
    buffer_free(&file);
    return err ? err : right ? ERR_OK : ERR_FORMAT;
}

static enum err check_index(void *context, const char *name)
{
    const struct indexes *indexes = context;
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, indexes->path, name);

    if (err || !ends_with(name, ".idx") || git_house_is_left_over(name) || strlen(name) < GIT_BACKEND_NAME_SIZE)
        return err;
    err = check_sum(path, INDEX_LIMIT);
    /* A writer beside a reader may just have put the pack into another. */
    if (err == ERR_OK || err == ERR_MISSING || err == ERR_MEMORY)
        return err == ERR_MISSING ? ERR_OK : err;
    snprintf(indexes->damaged, GIT_BACKEND_NAME_SIZE, "%.40s", name + strlen("pack-"));
    return ERR_FORMAT;
}

enum err git_house_check_indexes(const char *path, char damaged[GIT_BACKEND_NAME_SIZE])
{
    char full[FILES_PATH_SIZE];
    enum err err = files_join(full, path, "objects/pack");

    if (!err)
        err = files_each(full, check_index, &(struct indexes){full, damaged});
    return err == ERR_MISSING ? ERR_OK : err;
}

/* ---- too many files ---- */

struct pack_file {
    char name[GIT_BACKEND_NAME_SIZE]; /* The digits. */
    uint64_t size;
    bool hasty;
};

struct pack_files {
    struct git_backend *g;
    struct pack_file *at;
    size_t count, size;
};

static enum err gather_pack(void *context, const char *name)
{
    struct pack_files *files = context;
    char path[FILES_PATH_SIZE];

    if (!ends_with(name, ".pack") || !starts_with(name, "pack-") || strlen(name) != PACK_NAME_LEN + strlen(".pack"))
        return ERR_OK;
    if (files->count == files->size) {
        size_t size = files->size ? files->size * 2 : 64;
        struct pack_file *at = realloc(files->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        files->at = at;
        files->size = size;
    }
    struct pack_file *file = &files->at[files->count];
    *file = (struct pack_file){.size = 0};
    memcpy(file->name, name + strlen("pack-"), GIT_BACKEND_NAME_SIZE - 1);
    /* A kill between the two leaves a pack without its index, which counts for nothing: git does not read it either. */
    enum err err = git_backend_pack_path(files->g, path, file->name, ".idx");
    if (!err && !files_exists(path))
        return ERR_OK;
    if (!err)
        err = git_backend_pack_path(files->g, path, file->name, ".pack");
    if (!err)
        err = files_size(path, &file->size);
    if (!err) {
        file->hasty = is_hasty(path, file->size);
        files->count++;
    }
    return err;
}

static int compare_packs(const void *a, const void *b)
{
    const struct pack_file *left = a, *right = b;

    return (left->size > right->size) - (left->size < right->size);
}

/* The packs of the repository, smallest first. */
static enum err list_packs(struct git_backend *g, struct pack_files *files)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, git_backend_path(g), "objects/pack");

    *files = (struct pack_files){.g = g};
    if (!err)
        err = files_each(path, gather_pack, files);
    if (!err && files->count > 0)
        qsort(files->at, files->count, sizeof files->at[0], compare_packs);
    return err;
}

/* Leaves those that were stored, or the others. */
static void keep_packs(struct pack_files *files, bool hasty)
{
    size_t kept = 0;

    for (size_t i = 0; i < files->count; i++)
        if (files->at[i].hasty == hasty)
            files->at[kept++] = files->at[i];
    files->count = kept;
}

static size_t count_small(const struct pack_files *files)
{
    size_t small = 0;

    while (small < files->count && files->at[small].size < SMALL_PACK)
        small++;
    return small;
}

/* How many of them to write together: small ones, not too much at once, and none that is larger than all before it twice over. */
static size_t choose_packs(const struct pack_files *files)
{
    uint64_t sum = 0;
    size_t small = count_small(files), count = 0;

    if (small <= PACK_COUNT_MAX)
        return 0;
    while (count < small && sum + files->at[count].size <= JOINED_MOST &&
           (count < PACK_COUNT_MAX / 2 || files->at[count].size <= 2 * sum))
        sum += files->at[count++].size;
    return count;
}

bool git_house_is_untidy(struct git_backend *g, unsigned times)
{
    const struct git_backend_counts *counts = git_backend_counts(g);

    return counts->packs > times * PACK_COUNT_MAX || counts->loose > times * LOOSE_COUNT_MAX;
}

struct copy {
    struct git_backend *g;
    git_house_keep_fn *keep;
    void *context;
    struct sha1 *loose; /* Their names, to be removed later. */
    size_t count, size;
    bool is_loose;
};

static enum err note_loose(struct copy *c, const struct sha1 *name)
{
    if (c->count == c->size) {
        size_t size = c->size ? c->size * 2 : 1024;
        struct sha1 *loose = realloc(c->loose, size * sizeof *loose);
        if (!loose)
            return ERR_MEMORY;
        c->loose = loose;
        c->size = size;
    }
    c->loose[c->count++] = *name;
    return ERR_OK;
}

static enum err copy_object(void *context, enum err err, enum pack_kind kind, const struct sha1 *name,
                            struct bytes object)
{
    struct copy *c = context;
    struct sha1 again;

    if (!err && (!c->keep || c->keep(c->context, kind, name, object)))
        err = git_backend_add(c->g, kind, object, &again);
    return !err && c->is_loose ? note_loose(c, name) : err;
}

static enum err remove_loose(const struct copy *c)
{
    char text[GIT_BACKEND_NAME_SIZE], part[64], path[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < c->count; i++) {
        git_backend_name_text(&c->loose[i], text);
        snprintf(part, sizeof part, "objects/%.2s/%s", text, text + 2);
        err = files_join(path, git_backend_path(c->g), part);
        if (!err)
            err = files_remove(path);
    }
    return err;
}

/* The index first: without it a pack is not seen.  A pack that came out the same as an old one stays. */
static enum err remove_packs(struct git_backend *g, const struct pack_files *old, size_t count)
{
    char path[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < count; i++) {
        if (git_backend_was_written(g, old->at[i].name))
            continue;
        if (!(err = git_backend_pack_path(g, path, old->at[i].name, ".idx")))
            err = files_remove(path);
        if (!err && !(err = git_backend_pack_path(g, path, old->at[i].name, ".pack")))
            err = files_remove(path);
    }
    return err;
}

static enum err copy_all(struct copy *c, const struct pack_files *files, size_t count, bool with_loose)
{
    enum err err = git_backend_begin_compressed(c->g);

    for (size_t i = 0; !err && i < count; i++)
        err = git_backend_each_object(c->g, files->at[i].name, copy_object, c);
    c->is_loose = true;
    if (!err && with_loose)
        err = git_backend_each_small(c->g, copy_object, c);
    if (err) {
        git_backend_abandon(c->g);
        return err;
    }
    return git_backend_end(c->g);
}

/* Writes the first `count` of the packs, and with them the files of single objects, anew. */
static enum err rewrite(struct copy *copy, const struct pack_files *files, size_t count, bool with_loose)
{
    struct git_backend_counts *counts = git_backend_counts(copy->g);
    enum err err = copy_all(copy, files, count, with_loose);

    if (!err)
        err = remove_packs(copy->g, files, count);
    if (!err)
        err = remove_loose(copy);
    if (err || copy->count > 0)
        counts->loose = 0; /* When it failed, not at once again: it may fail each time. */
    free(copy->loose);
    return err ? err : git_backend_reopen(copy->g);
}

enum err git_house_tidy(struct git_backend *g, git_house_keep_fn *keep, void *context)
{
    struct copy copy = {.g = g, .keep = keep, .context = context};
    struct git_backend_counts *counts = git_backend_counts(g);
    struct pack_files files = {0};
    size_t count = 0;
    enum err err = git_backend_settle(g);

    if (!err)
        err = list_packs(g, &files);
    if (!err) {
        keep_packs(&files, false);
        count = choose_packs(&files);
        if (count > 0 || counts->loose > LOOSE_COUNT_MAX)
            err = rewrite(&copy, &files, count, counts->loose > LOOSE_COUNT_MAX);
    }
    counts->packs = err ? 0 : count_small(&files) - count + 1;
    free(files.at);
    return err;
}

enum err git_house_shrink(struct git_backend *g, bool *more)
{
    struct copy copy = {.g = g};
    struct git_backend_counts *counts = git_backend_counts(g);
    struct pack_files files = {0};
    enum err err = counts->hasty > 0 ? list_packs(g, &files) : ERR_OK;

    keep_packs(&files, true);
    if (!err && files.count > 0)
        err = rewrite(&copy, &files, 1, false);
    counts->hasty = err || files.count == 0 ? 0 : files.count - 1;
    *more = counts->hasty > 0;
    free(files.at);
    return err;
}

/* A large one stays where it is, or goes. */
static enum err sweep_large(void *context, const struct sha1 *name)
{
    const struct copy *c = context;
    const uint8_t some = 0;

    return c->keep(c->context, PACK_BLOB, name, bytes_of(&some, 1)) ? ERR_OK : git_backend_drop(c->g, name);
}

enum err git_house_sweep(struct git_backend *g, git_house_keep_fn *keep, void *context)
{
    struct copy copy = {.g = g, .keep = keep, .context = context};
    struct pack_files files = {0};
    enum err err = git_backend_settle(g);

    if (!err)
        err = list_packs(g, &files);

    if (!err)
        err = rewrite(&copy, &files, files.count, true);
    git_backend_counts(g)->packs = 1;
    git_backend_counts(g)->hasty = 0;
    if (!err)
        err = git_backend_each_large(g, sweep_large, &copy);
    free(files.at);
    return err;
}

/* ---- damaged bytes ---- */

struct check {
    struct git_backend *g;
    const char *where;
    git_house_damage_fn *each;
    void *context;
};

static enum err check_object(void *context, enum err err, enum pack_kind kind, const struct sha1 *name,
                             struct bytes object)
{
    const struct check *c = context;
    char detail[512];

    (void)kind;
    (void)name;
    (void)object;
    if (err) {
        snprintf(detail, sizeof detail, "%s: %s", c->where, git_backend_reason(c->g));
        c->each(c->context, detail);
    }
    return ERR_OK;
}

static enum err check_store(struct check *c, const char *pack)
{
    char detail[512];
    enum err err = git_backend_each_object(c->g, pack, check_object, c);

    if (err == ERR_FORMAT) {
        snprintf(detail, sizeof detail, "%s cannot be opened: %s", c->where, git_backend_reason(c->g));
        c->each(c->context, detail);
        return ERR_OK;
    }
    return err;
}

/* Also tells of bits that matter to nobody but stock git.  Larger packs, of another writer, were read object by object. */
static enum err check_pack_sum(const struct check *c, const char *path)
{
    char detail[512];
    enum err err = check_sum(path, SUM_LIMIT);

    if (err == ERR_FORMAT) {
        snprintf(detail, sizeof detail, "%s: its checksum is wrong", c->where);
        c->each(c->context, detail);
    }
    return err == ERR_MEMORY ? err : ERR_OK;
}

struct check_refs {
    const struct check *check;
    const char *path;
};

/* 40 digits and one LF: the library takes more than stock git does. */
static enum err check_ref(void *context, const char *name)
{
    const struct check_refs *c = context;
    struct buffer text = BUFFER(256);
    char path[FILES_PATH_SIZE], detail[512];
    enum err err = files_join(path, c->path, name);

    if (err || git_house_is_left_over(name))
        return err;
    if (files_is_directory(path))
        return files_each(path, check_ref, &(struct check_refs){c->check, path});
    err = files_read(path, 256, &text);
    bool right = !err && text.len == 2 * SHA1_LEN + 1 && text.at[2 * SHA1_LEN] == '\n' &&
                 strspn((const char *)text.at, "0123456789abcdef") == 2 * SHA1_LEN;
    if (!right && err != ERR_MISSING) {
        snprintf(detail, sizeof detail, "the ref %.100s is not 40 digits and a line feed", name);
        c->check->each(c->check->context, detail);
    }
    buffer_free(&text);
    return ERR_OK;
}

enum err git_house_check(struct git_backend *g, git_house_damage_fn *each, void *context)
{
    struct check c = {g, "an object's file", each, context};
    struct pack_files files;
    char path[FILES_PATH_SIZE], where[GIT_BACKEND_NAME_SIZE + 64];
    enum err err = list_packs(g, &files);

    if (!err && (err = git_house_check_indexes(git_backend_path(g), path)) == ERR_FORMAT) {
        snprintf(where, sizeof where, "the index of pack %.40s is damaged", path);
        each(context, where);
    }
    if (!err)
        err = check_store(&c, NULL);
    if (!err && !(err = files_join(path, git_backend_path(g), "refs/igum")))
        err = files_each(path, check_ref, &(struct check_refs){&c, path});
    for (size_t i = 0; !err && i < files.count; i++) {
        snprintf(where, sizeof where, "pack %s", files.at[i].name);
        c.where = where;
        err = check_store(&c, files.at[i].name);
        if (!err && !(err = git_backend_pack_path(g, path, files.at[i].name, ".pack")))
            err = check_pack_sum(&c, path);
    }
    free(files.at);
    return err;
}
