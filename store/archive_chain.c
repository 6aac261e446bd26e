/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

/* The branches of the logs as git has them: their refs, and the commits that hang from those. */

static void make_ref(const char *prefix, const struct archive_branch *branch, char ref[ARCHIVE_REF_SIZE])
{
    size_t len = strlen(prefix);

    memcpy(ref, prefix, len);
    id_to_text(&branch->log, ref + len);
    if (id_is_zero(&branch->name))
        return;
    ref[len + ID_TEXT_LEN] = '-';
    id_to_text(&branch->name, ref + len + ID_TEXT_LEN + 1);
}

void archive_log_ref(const struct archive_branch *branch, char ref[ARCHIVE_REF_SIZE])
{
    make_ref(id_is_zero(&branch->name) ? ARCHIVE_LOG_PREFIX : ARCHIVE_FORK_PREFIX, branch, ref);
}

void archive_content_ref(const struct archive_branch *branch, char ref[ARCHIVE_REF_SIZE])
{
    make_ref(id_is_zero(&branch->name) ? ARCHIVE_CONTENT_PREFIX : ARCHIVE_FORK_CONTENT_PREFIX, branch, ref);
}

bool archive_read_ref(const char *part, bool fork, struct archive_branch *branch)
{
    struct bytes text = bytes_text(part);

    *branch = (struct archive_branch){.log = {.at = {0}}};
    if (!fork)
        return id_from_text(text, &branch->log) == ERR_OK;
    return text.len == 2 * ID_TEXT_LEN + 1 && part[ID_TEXT_LEN] == '-' &&
           id_from_text(bytes_of(text.at, ID_TEXT_LEN), &branch->log) == ERR_OK &&
           id_from_text(bytes_from(text, ID_TEXT_LEN + 1), &branch->name) == ERR_OK;
}

void archive_entry_free(struct archive_entry *e)
{
    buffer_free(&e->commit);
}

typedef enum err read_fn(struct bytes commit, struct entry *entry, struct id *id, struct sha1 *parent);

static enum err read_commit(struct archive *a, const struct id *log, const struct sha1 *name, read_fn *read,
                            struct archive_entry *e)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(log, text);
    buffer_clear(&e->commit);
    e->name = *name;
    enum err err = git_backend_read(a->git, PACK_COMMIT, name, &e->commit);
    if (err)
        return archive_fail_git(a, err == ERR_MISSING ? ERR_AUTH : err);
    err = read(buffer_bytes(&e->commit), &e->entry, &e->id, &e->parent);
    if (err)
        return archive_fail(a, err, "an entry of log '%.16s' is damaged: %s", text, err_text(err));
    if (!id_equal(&e->entry.network, &a->network) || !id_equal(&e->entry.log, log))
        return archive_fail(a, ERR_AUTH, "log '%.16s' holds an entry of another log or network", text);
    return ERR_OK;
}

enum err archive_read_commit(struct archive *a, const struct id *log, const struct sha1 *name, struct archive_entry *e)
{
    return read_commit(a, log, name, entry_from_commit, e);
}

enum err archive_read_kept(struct archive *a, const struct id *log, const struct sha1 *name, struct archive_entry *e)
{
    return read_commit(a, log, name, entry_from_kept_commit, e);
}

struct each_branch {
    struct archive *a;
    bool fork;
    archive_branch_fn *each;
    void *context;
};

static enum err one_branch(void *context, const char *part, const struct sha1 *target)
{
    const struct each_branch *e = context;
    struct archive_branch branch;

    if (!archive_read_ref(part, e->fork, &branch))
        return archive_fail(e->a, ERR_FORMAT, "the ref '%.150s' is not named after a key", part);
    if (!target)
        return archive_fail(e->a, ERR_FORMAT, "the ref of log '%.16s' is damaged", part);
    return e->each(e->context, &branch, target);
}

enum err archive_each_fork(struct archive *a, archive_branch_fn *each, void *context)
{
    return git_backend_each_ref(a->git, ARCHIVE_FORK_PREFIX, one_branch, &(struct each_branch){a, true, each, context});
}

enum err archive_each_branch(struct archive *a, archive_branch_fn *each, void *context)
{
    enum err err =
        git_backend_each_ref(a->git, ARCHIVE_LOG_PREFIX, one_branch, &(struct each_branch){a, false, each, context});

    return err ? err : archive_each_fork(a, each, context);
}

static enum err chain_add(struct archive_chain *chain, const struct sha1 *name)
{
    if (chain->count == chain->size) {
        size_t size = chain->size ? chain->size * 2 : 64;
        struct sha1 *at = realloc(chain->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        chain->at = at;
        chain->size = size;
    }
    chain->at[chain->count++] = *name;
    return ERR_OK;
}

void archive_chain_free(struct archive_chain *chain)
{
    free(chain->at);
    *chain = (struct archive_chain){0};
}

enum err archive_gather_chain(struct archive *a, const struct archive_branch *branch, const struct sha1 *target,
                              archive_known_fn *known, void *context, struct archive_chain *chain)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct sha1 name = *target;
    uint64_t expected = 0;
    enum err err;

    for (;;) {
        err = archive_read_commit(a, &branch->log, &name, &e);
        if (!err && expected != 0 && e.entry.seq != expected)
            err = archive_fail(a, ERR_AUTH, "the entries of a log do not follow one another");
        if (err || (known && known(context, &e)))
            break;
        err = chain_add(chain, &name);
        if (err || e.entry.seq <= 1 || id_equal(&e.id, &branch->name))
            break;
        expected = e.entry.seq - 1;
        name = e.parent;
    }
    archive_entry_free(&e);
    return err;
}

struct walk {
    struct archive *a;
    archive_walk_fn *each;
    void *context;
    const struct id *log; /* NULL: all. */
};

/* The entries of a branch, in order. */
static enum err walk_branch(void *context, const struct archive_branch *branch, const struct sha1 *target)
{
    const struct walk *w = context;
    struct archive_chain chain = {0};
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = ERR_OK;

    if (w->log && !id_equal(w->log, &branch->log))
        return ERR_OK;
    err = archive_gather_chain(w->a, branch, target, NULL, NULL, &chain);
    for (size_t i = chain.count; !err && i > 0; i--) {
        err = archive_read_commit(w->a, &branch->log, &chain.at[i - 1], &e);
        if (!err)
            err = w->each(w->context, branch, &e);
    }
    archive_entry_free(&e);
    archive_chain_free(&chain);
    return err;
}

enum err archive_walk(struct archive *a, const struct id *log, archive_walk_fn *each, void *context)
{
    return archive_each_branch(a, walk_branch, &(struct walk){a, each, context, log});
}
