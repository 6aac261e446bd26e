/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/text.h"
#include "store/git_tree.h"

/* Attachments: refs/igum/file/<digest> and refs/igum/partial/<digest> (docs/FORMAT.md, 8). */

#define TREE_LIMIT KIB(16) /* LIMIT_CHUNKS entries and the list. */
#define NAME_SIZE 24
#define LIST "list"

static void ref_of(const char *prefix, const struct id *digest, char ref[ARCHIVE_REF_SIZE])
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(digest, text);
    snprintf(ref, ARCHIVE_REF_SIZE, "%s%s", prefix, text);
}

bool archive_has_file(struct archive *a, const struct id *digest)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 target;

    ref_of(ARCHIVE_FILE_PREFIX, digest, ref);
    return git_backend_ref(a->git, ref, &target) == ERR_OK;
}

/* ---- the tree of a file ---- */

static enum err read_object(struct archive *a, enum pack_kind kind, const struct sha1 *name, struct buffer *out)
{
    enum err err = git_backend_read(a->git, kind, name, out);

    if (err)
        return archive_fail(a, err == ERR_MISSING || err == ERR_FORMAT ? ERR_AUTH : err, "%s",
                            git_backend_reason(a->git));
    return ERR_OK;
}

/* Finds one part of the tree; ERR_MISSING. */
static enum err find_part(struct archive *a, const struct sha1 *tree_name, const char *part, struct sha1 *object)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    struct git_tree_entry entry;
    enum err err = read_object(a, PACK_TREE, tree_name, &tree);
    bool found = false;

    for (struct bytes rest = buffer_bytes(&tree); !err && !found && rest.len > 0;) {
        if (!git_tree_next(&rest, &entry))
            err = archive_fail(a, ERR_AUTH, "the tree of a file is damaged");
        else if ((found = bytes_equal(entry.name, bytes_text(part))))
            *object = entry.object;
    }
    buffer_free(&tree);
    return err ? err : found ? ERR_OK : ERR_MISSING;
}

/* The chunks and the list, as a partial file holds them.  ERR_AUTH: it is damaged. */
static enum err read_tree(struct archive *a, const struct sha1 *name, struct archive_partial *p)
{
    struct buffer tree = BUFFER(TREE_LIMIT), list = BUFFER(sizeof p->state.list);
    struct git_tree_entry entry;
    uint64_t index;
    enum err err = read_object(a, PACK_TREE, name, &tree);

    for (struct bytes rest = buffer_bytes(&tree); !err && rest.len > 0;) {
        if (!git_tree_next(&rest, &entry))
            err = ERR_AUTH;
        else if (bytes_equal(entry.name, bytes_text(LIST))) {
            p->list = entry.object;
            err = read_object(a, PACK_BLOB, &entry.object, &list);
        } else if (entry.name.len == 3 && sscanf((const char *)entry.name.at, "%3lu", &index) == 1 &&
                   index < file_chunks(p->size)) {
            p->chunks[index] = entry.object;
            file_state_add(&p->state, index);
        } else
            err = ERR_AUTH;
    }
    if (!err && !file_list_is(&p->digest, p->size, buffer_bytes(&list)))
        err = ERR_AUTH;
    if (!err) {
        memcpy(p->state.list, list.at, list.len);
        p->state.list_len = list.len;
    }
    buffer_free(&tree);
    buffer_free(&list);
    return err;
}

static enum err write_tree(struct archive *a, const struct archive_partial *p, struct sha1 *name)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    char text[NAME_SIZE];

    for (size_t i = 0; i < file_chunks(p->size); i++)
        if (file_state_has(&p->state, i)) {
            snprintf(text, sizeof text, "%03zu", i);
            git_tree_put(&tree, GIT_TREE_FILE, text, &p->chunks[i]);
        }
    git_tree_put(&tree, GIT_TREE_FILE, LIST, &p->list);
    enum err err = buffer_error(&tree);
    if (!err)
        err = git_backend_add(a->git, PACK_TREE, buffer_bytes(&tree), name);
    buffer_free(&tree);
    return err;
}

/* ---- files on their way ---- */

/* What was there of it before this process; what cannot be read comes again. */
static void load_partial(struct archive *a, struct archive_partial *p)
{
    const struct archive_partial empty = {.digest = p->digest, .size = p->size};
    char ref[ARCHIVE_REF_SIZE];

    ref_of(ARCHIVE_PARTIAL_PREFIX, &p->digest, ref);
    if (git_backend_ref(a->git, ref, &p->ref) != ERR_OK)
        return;
    struct sha1 target = p->ref;
    if (read_tree(a, &target, p) != ERR_OK)
        *p = empty;
    p->ref = target;
    p->has_ref = true;
}

static enum err settle(struct archive *a, struct archive_partial *p)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 tree;
    enum err err = p->is_behind ? write_tree(a, p, &tree) : ERR_OK;

    if (err || !p->is_behind)
        return err;
    ref_of(ARCHIVE_PARTIAL_PREFIX, &p->digest, ref);
    if (!p->has_ref || memcmp(p->ref.at, tree.at, SHA1_LEN) != 0)
        err = git_backend_move(a->git, ref, p->has_ref ? &p->ref : NULL, &tree);
    if (!err && p->has_ref && memcmp(p->ref.at, tree.at, SHA1_LEN) != 0)
        err = git_backend_drop(a->git, &p->ref);
    p->ref = tree;
    p->has_ref = true;
    p->is_behind = false;
    return err;
}

enum err archive_settle_files(struct archive *a)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < ARCHIVE_PARTIALS && a->partials[i]; i++)
        err = settle(a, a->partials[i]);
    return err;
}

void archive_drop_partials(struct archive *a)
{
    for (size_t i = 0; i < ARCHIVE_PARTIALS; i++) {
        free(a->partials[i]);
        a->partials[i] = NULL;
    }
}

static void move_first(struct archive *a, size_t place)
{
    struct archive_partial *p = a->partials[place];

    memmove(a->partials + 1, a->partials, place * sizeof a->partials[0]);
    a->partials[0] = p;
}

static size_t place_of(const struct archive *a, const struct id *digest)
{
    size_t i = 0;

    while (i < ARCHIVE_PARTIALS && a->partials[i] && !id_equal(&a->partials[i]->digest, digest))
        i++;
    return i;
}

/* The file on its way, which stands first then; the one that was not used for longest may have to make room. */
static enum err open_partial(struct archive *a, const struct id *digest, uint64_t size,
                             struct archive_partial **partial)
{
    size_t place = place_of(a, digest);
    enum err err = ERR_OK;

    if (place == ARCHIVE_PARTIALS) {
        err = settle(a, a->partials[--place]);
        free(a->partials[place]);
        a->partials[place] = NULL;
    }
    if (!err && !a->partials[place]) {
        if (!(a->partials[place] = calloc(1, sizeof *a->partials[place])))
            return ERR_MEMORY;
        a->partials[place]->digest = *digest;
        a->partials[place]->size = size;
        load_partial(a, a->partials[place]);
    }
    if (err)
        return err;
    move_first(a, place);
    *partial = a->partials[0];
    return ERR_OK;
}

static void close_partial(struct archive *a, const struct id *digest)
{
    size_t place = place_of(a, digest);

    if (place == ARCHIVE_PARTIALS || !a->partials[place])
        return;
    free(a->partials[place]);
    memmove(a->partials + place, a->partials + place + 1, (ARCHIVE_PARTIALS - 1 - place) * sizeof a->partials[0]);
    a->partials[ARCHIVE_PARTIALS - 1] = NULL;
}

/* ---- adding ---- */

/* From now on the file is here; what was on its way under that name is of no more use. */
static enum err finish(struct archive *a, const struct id *digest, const struct sha1 *target)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 partial;

    ref_of(ARCHIVE_FILE_PREFIX, digest, ref);
    enum err err = git_backend_move(a->git, ref, NULL, target);
    if (err)
        return err;
    ref_of(ARCHIVE_PARTIAL_PREFIX, digest, ref);
    if (git_backend_ref(a->git, ref, &partial) == ERR_OK) {
        err = git_backend_remove(a->git, ref);
        if (!err && memcmp(partial.at, target->at, SHA1_LEN) != 0)
            err = git_backend_drop(a->git, &partial);
    }
    close_partial(a, digest);
    if (a->index && index_set_file(a->index, digest))
        a->index_behind = true;
    return err;
}

static enum err add_whole(struct archive *a, const struct file_chunk *chunk)
{
    struct sha1 name;
    enum err err = git_backend_add(a->git, PACK_BLOB, chunk->bytes, &name);

    return err ? err : finish(a, &chunk->digest, &name);
}

static enum err add_part(struct archive *a, const struct file_chunk *chunk, bool *whole)
{
    struct archive_partial *p;
    struct sha1 tree;
    enum err err = open_partial(a, &chunk->digest, chunk->size, &p);

    if (!err && p->state.list_len == 0 && !(err = git_backend_add(a->git, PACK_BLOB, chunk->list, &p->list))) {
        memcpy(p->state.list, chunk->list.at, chunk->list.len);
        p->state.list_len = chunk->list.len;
    }
    if (!err && !file_state_has(&p->state, chunk->index)) {
        err = git_backend_add_early(a->git, PACK_BLOB, chunk->bytes, &p->chunks[chunk->index]);
        if (!err)
            file_state_add(&p->state, chunk->index);
        p->is_behind = true;
    }
    if (err)
        return err;
    *whole = p->state.count == file_chunks(chunk->size);
    if (!*whole)
        return chunk->settle ? archive_settle_files(a) : ERR_OK;
    err = write_tree(a, p, &tree);
    return err ? err : finish(a, &chunk->digest, &tree);
}

enum err archive_add_chunk(struct archive *a, const struct file_chunk *chunk, bool *whole)
{
    enum err err = archive_may_write(a);

    *whole = false;
    if (err)
        return err;
    if (!file_list_is(&chunk->digest, chunk->size, chunk->list) || chunk->index >= file_chunks(chunk->size))
        return archive_fail(a, ERR_AUTH, "a chunk is of no file");
    if (archive_has_file(a, &chunk->digest)) {
        *whole = true;
        return ERR_OK;
    }
    if (chunk->size <= LIMIT_CHUNK) {
        err = add_whole(a, chunk);
        *whole = !err;
    } else
        err = add_part(a, chunk, whole);
    if (err == ERR_IO || err == ERR_BUSY)
        a->broken = true;
    return err ? archive_fail_git(a, err) : ERR_OK;
}

enum err archive_forget_file(struct archive *a, const struct id *digest)
{
    static const char *const prefixes[] = {ARCHIVE_FILE_PREFIX, ARCHIVE_PARTIAL_PREFIX};
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 target;
    enum err err = ERR_OK;

    close_partial(a, digest);
    for (size_t i = 0; !err && i < 2; i++) {
        ref_of(prefixes[i], digest, ref);
        if (git_backend_ref(a->git, ref, &target) != ERR_MISSING)
            err = git_backend_remove(a->git, ref);
    }
    return err ? archive_fail_git(a, err) : ERR_OK;
}

/* ---- those that nothing names ---- */

struct unnamed {
    struct archive *a;
    struct id *at;
    size_t count, size;
};

static enum err note_unnamed(void *context, const char *part, const struct sha1 *target)
{
    struct unnamed *u = context;
    struct id digest;
    bool named = true;

    (void)target;
    if (id_from_text(bytes_text(part), &digest) != ERR_OK || index_names_file(u->a->index, &digest, &named) != ERR_OK ||
        named)
        return ERR_OK;
    if (u->count == u->size) {
        size_t size = u->size ? u->size * 2 : 16;
        struct id *at = realloc(u->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        u->at = at;
        u->size = size;
    }
    u->at[u->count++] = digest;
    return ERR_OK;
}

enum err archive_forget_unnamed(struct archive *a)
{
    struct unnamed u = {.a = a};
    enum err err = archive_may_write(a);

    if (err || !a->index || a->index_behind || archive_unread(a) > 0) /* What was not read yet names files too. */
        return err;
    err = git_backend_each_ref(a->git, ARCHIVE_FILE_PREFIX, note_unnamed, &u);
    if (!err)
        err = git_backend_each_ref(a->git, ARCHIVE_PARTIAL_PREFIX, note_unnamed, &u);
    for (size_t i = 0; !err && i < u.count; i++)
        err = archive_forget_file(a, &u.at[i]);
    free(u.at);
    return err;
}

/* ---- reading ---- */

void archive_file_state(struct archive *a, const struct id *digest, uint64_t size, struct file_state *state)
{
    struct archive_partial *p = calloc(1, sizeof *p), *open = NULL;
    char ref[ARCHIVE_REF_SIZE];

    *state = (struct file_state){.whole = false};
    if (!p)
        return;
    p->digest = *digest;
    p->size = size;
    ref_of(ARCHIVE_FILE_PREFIX, digest, ref);
    if (git_backend_ref(a->git, ref, &p->ref) == ERR_OK) {
        if (size <= LIMIT_CHUNK || read_tree(a, &p->ref, p) == ERR_OK)
            *state = p->state;
        state->whole = true;
        state->count = file_chunks(size);
    } else if (size > LIMIT_CHUNK && a->mode == ARCHIVE_WRITE && open_partial(a, digest, size, &open) == ERR_OK) {
        *state = open->state;
    } else if (size > LIMIT_CHUNK && a->mode != ARCHIVE_WRITE) {
        load_partial(a, p);
        *state = p->state;
    }
    free(p);
}

static enum err find_chunk(struct archive *a, const struct id *digest, uint64_t size, size_t index, struct sha1 *name)
{
    char ref[ARCHIVE_REF_SIZE], text[NAME_SIZE];
    size_t place = place_of(a, digest);
    struct sha1 tree;

    if (place < ARCHIVE_PARTIALS && a->partials[place] && file_state_has(&a->partials[place]->state, index)) {
        *name = a->partials[place]->chunks[index];
        return ERR_OK;
    }
    ref_of(ARCHIVE_FILE_PREFIX, digest, ref);
    enum err err = git_backend_ref(a->git, ref, &tree);
    if (err == ERR_MISSING && size > LIMIT_CHUNK) {
        ref_of(ARCHIVE_PARTIAL_PREFIX, digest, ref);
        err = git_backend_ref(a->git, ref, &tree);
    }
    if (err)
        return archive_fail_git(a, err);
    *name = tree;
    snprintf(text, sizeof text, "%03zu", index);
    return size <= LIMIT_CHUNK ? ERR_OK : find_part(a, &tree, text, name);
}

enum err archive_read_chunk(struct archive *a, const struct id *digest, uint64_t size, size_t index, struct buffer *out)
{
    size_t start = out->len;
    struct sha1 name;

    if (index >= file_chunks(size))
        return archive_fail(a, ERR_MISSING, "the file has no such part");
    enum err err = find_chunk(a, digest, size, index, &name);
    if (!err)
        err = read_object(a, PACK_BLOB, &name, out);
    if (!err && out->len - start != file_chunk_size(size, index))
        err = archive_fail(a, ERR_AUTH, "a part of a file has another length");
    if (err)
        out->len = start;
    return err;
}

enum err archive_each_chunk(struct archive *a, const struct sha1 *target, content_tree_name_fn *each, void *context)
{
    struct buffer tree = BUFFER(TREE_LIMIT);
    struct git_tree_entry entry;
    enum err err = each(context, target);
    enum err read = err ? err : git_backend_read(a->git, PACK_TREE, target, &tree);

    /* A file of one chunk is a blob, which may be longer than any tree. */
    if (!err && read != ERR_OK && read != ERR_FORMAT && read != ERR_LIMIT)
        err = archive_fail_git(a, read);
    for (struct bytes rest = buffer_bytes(&tree); !err && !read && rest.len > 0;)
        err = git_tree_next(&rest, &entry) ? each(context, &entry.object)
                                           : archive_fail(a, ERR_FORMAT, "the tree of a file is damaged");
    buffer_free(&tree);
    return err;
}

/* ---- verifying ---- */

static enum err verify_tree(struct archive *a, const struct id *digest, struct bytes tree)
{
    struct buffer hashes = BUFFER(LIMIT_CHUNKS * ID_LEN), list = BUFFER(LIMIT_CHUNKS * ID_LEN);
    struct buffer chunk = BUFFER(LIMIT_CHUNK);
    struct git_tree_entry entry;
    uint64_t size = 0;
    enum err err = ERR_OK;

    while (!err && tree.len > 0) {
        buffer_clear(&chunk);
        if (!git_tree_next(&tree, &entry))
            err = ERR_AUTH;
        else if (bytes_equal(entry.name, bytes_text(LIST)))
            err = read_object(a, PACK_BLOB, &entry.object, &list);
        else if (!(err = read_object(a, PACK_BLOB, &entry.object, &chunk))) {
            struct id hash = id_hash(ID_BLOB, buffer_bytes(&chunk));
            buffer_add(&hashes, id_bytes(&hash));
            size += chunk.len;
        }
    }
    if (!err && (!bytes_equal(buffer_bytes(&hashes), buffer_bytes(&list)) ||
                 !file_list_is(digest, size, buffer_bytes(&list)) || size <= LIMIT_CHUNK))
        err = ERR_AUTH;
    buffer_free(&hashes);
    buffer_free(&list);
    buffer_free(&chunk);
    return err;
}

enum err archive_verify_file(struct archive *a, const struct id *digest, const struct sha1 *target)
{
    struct buffer object = BUFFER(LIMIT_CHUNK);
    enum err err = git_backend_read(a->git, PACK_TREE, target, &object);

    if (!err)
        err = verify_tree(a, digest, buffer_bytes(&object));
    else if (err == ERR_FORMAT) {
        buffer_clear(&object);
        err = read_object(a, PACK_BLOB, target, &object);
        if (!err && !file_chunk_is(digest, object.len, bytes_of(NULL, 0), 0, buffer_bytes(&object)))
            err = ERR_AUTH;
    } else if (err != ERR_MEMORY)
        err = ERR_AUTH;
    buffer_free(&object);
    return err;
}

/* ---- what is named ---- */

struct absent {
    archive_absent_fn *each;
    void *context;
};

static enum err tell_absent(void *context, const struct index_attachment *attachment)
{
    const struct absent *absent = context;

    return absent->each(absent->context, &attachment->entry, &attachment->digest, attachment->size);
}

enum err archive_load_absent(struct archive *a, archive_absent_fn *each, void *context)
{
    struct absent absent = {each, context};

    return a->index ? index_each_absent(a->index, tell_absent, &absent) : ERR_OK;
}

struct attachments {
    archive_attachment_fn *each;
    void *context;
};

static enum err tell_attachment(void *context, const struct index_attachment *attachment)
{
    const struct attachments *all = context;

    return all->each(all->context, &attachment->entry, &attachment->digest, attachment->size, attachment->here);
}

enum err archive_each_attachment(struct archive *a, const struct id *entry, archive_attachment_fn *each, void *context)
{
    struct attachments all = {each, context};
    struct index_entry row;

    if (!a->index || index_find_id(a->index, entry, &row) != ERR_OK || row.has_content != INDEX_HERE)
        return archive_fail(a, ERR_MISSING, "the text that names them is not here");
    return index_each_attachment(a->index, entry, tell_attachment, &all);
}

struct wanted {
    const struct id *digest;
    uint64_t size;
};

static enum err find_wanted(void *context, const struct index_attachment *attachment)
{
    struct wanted *wanted = context;

    if (!id_equal(&attachment->digest, wanted->digest))
        return ERR_OK;
    wanted->size = attachment->size;
    return ERR_EXISTS;
}

bool archive_names_file(struct archive *a, const struct id *entry, const struct id *digest, uint64_t *size)
{
    struct wanted wanted = {.digest = digest};
    bool found = a->index && index_each_attachment(a->index, entry, find_wanted, &wanted) == ERR_EXISTS;

    *size = wanted.size;
    return found;
}
