/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

static void make_ref(const char *prefix, const struct id *log, char ref[ARCHIVE_REF_SIZE])
{
    size_t len = strlen(prefix);

    memcpy(ref, prefix, len);
    id_to_text(log, ref + len);
}

void archive_log_ref(const struct id *log, char ref[ARCHIVE_REF_SIZE])
{
    make_ref(ARCHIVE_LOG_PREFIX, log, ref);
}

void archive_content_ref(const struct id *log, char ref[ARCHIVE_REF_SIZE])
{
    make_ref(ARCHIVE_CONTENT_PREFIX, log, ref);
}

/* ---- entries and their chains ---- */

void archive_entry_free(struct archive_entry *e)
{
    buffer_free(&e->commit);
}

enum err archive_read_commit(struct archive *a, const struct id *log, const struct sha1 *name, struct archive_entry *e)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(log, text);
    buffer_clear(&e->commit);
    e->name = *name;
    enum err err = git_backend_read(a->git, PACK_COMMIT, name, &e->commit);
    if (err)
        return archive_fail_git(a, err == ERR_MISSING ? ERR_AUTH : err);
    err = entry_from_commit(buffer_bytes(&e->commit), &e->entry, &e->id, &e->parent);
    if (err)
        return archive_fail(a, err, "an entry of log '%.16s' is damaged: %s", text, err_text(err));
    if (!id_equal(&e->entry.network, &a->network) || !id_equal(&e->entry.log, log))
        return archive_fail(a, ERR_AUTH, "log '%.16s' holds an entry of another log or network", text);
    return ERR_OK;
}

struct each_log {
    struct archive *a;
    archive_log_fn *each;
    void *context;
};

static enum err one_log(void *context, const char *part, const struct sha1 *target)
{
    const struct each_log *e = context;
    struct id log;

    if (id_from_text(bytes_text(part), &log))
        return archive_fail(e->a, ERR_FORMAT, "the ref '%.80s' is not named after a key", part);
    if (!target)
        return archive_fail(e->a, ERR_FORMAT, "the ref of log '%.16s' is damaged", part);
    return e->each(e->context, &log, target);
}

enum err archive_each_log(struct archive *a, archive_log_fn *each, void *context)
{
    return git_backend_each_ref(a->git, ARCHIVE_LOG_PREFIX, one_log, &(struct each_log){a, each, context});
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

enum err archive_gather_chain(struct archive *a, const struct id *log, const struct sha1 *target,
                              archive_known_fn *known, void *context, struct archive_chain *chain)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct sha1 name = *target;
    uint64_t expected = 0;
    enum err err;

    for (;;) {
        err = archive_read_commit(a, log, &name, &e);
        if (!err && expected != 0 && e.entry.seq != expected)
            err = archive_fail(a, ERR_AUTH, "the entries of a log do not follow one another");
        if (err || (known && known(context, &e)))
            break;
        err = chain_add(chain, &name);
        if (err || e.entry.seq <= 1)
            break;
        expected = e.entry.seq - 1;
        name = e.parent;
    }
    archive_entry_free(&e);
    return err;
}

/* ---- finding ---- */

static enum err walk_to(struct archive *a, const struct id *log, uint64_t seq, struct archive_entry *e)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 name;

    archive_log_ref(log, ref);
    enum err err = git_backend_ref(a->git, ref, &name);
    if (err)
        return archive_fail_git(a, err);
    do {
        err = archive_read_commit(a, log, &name, e);
        name = e->parent;
    } while (!err && e->entry.seq > seq && e->entry.seq > 1);
    if (!err && e->entry.seq != seq)
        err = archive_fail(a, ERR_MISSING, "the log has no such entry");
    return err;
}

enum err archive_locate(struct archive *a, const struct id *log, uint64_t seq, struct archive_entry *e)
{
    struct index_entry found;

    if (seq == 0)
        return archive_fail(a, ERR_MISSING, "entries are counted from 1");
    if (a->index && index_find(a->index, log, seq, &found) == ERR_OK &&
        archive_read_commit(a, log, &found.commit, e) == ERR_OK && e->entry.seq == seq)
        return ERR_OK;
    return walk_to(a, log, seq, e);
}

enum err archive_head(struct archive *a, const struct id *log, const struct sha1 *target, struct head *head)
{
    struct archive_entry e = ARCHIVE_ENTRY, first = ARCHIVE_ENTRY;
    enum err err = archive_read_commit(a, log, target, &e);

    if (!err)
        *head =
            (struct head){.log = *log, .seq = e.entry.seq, .entry = e.id, .commit = *target, .clock = e.entry.clock};
    if (!err && e.entry.seq == 1) {
        head->kibbutz = e.entry.kibbutz;
        head->role = e.entry.role;
    } else if (!err) {
        struct head indexed;
        if (a->index && index_find_head(a->index, log, &indexed) == ERR_OK) {
            head->kibbutz = indexed.kibbutz;
            head->role = indexed.role;
        } else if (!(err = archive_locate(a, log, 1, &first))) {
            head->kibbutz = first.entry.kibbutz;
            head->role = first.entry.role;
        }
    }
    archive_entry_free(&e);
    archive_entry_free(&first);
    return err;
}

enum err archive_open_contents(struct archive *a, const struct id *log, struct content_tree **tree, struct sha1 *root)
{
    char ref[ARCHIVE_REF_SIZE];
    struct sha1 name;

    *tree = NULL;
    archive_content_ref(log, ref);
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

/* ---- what callers read ---- */

enum err archive_read_entry(struct archive *a, const struct id *log, uint64_t seq, struct buffer *wire)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_locate(a, log, seq, &e);

    if (!err) {
        entry_encode(wire, &e.entry);
        err = buffer_error(wire);
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

static enum err read_packed(struct archive *a, const struct id *log, uint64_t seq, struct buffer *packed)
{
    struct content_tree *tree = NULL;
    enum err err = archive_open_contents(a, log, &tree, NULL);

    if (!err) {
        err = content_tree_read(tree, seq, packed);
        if (err)
            (void)archive_fail(a, err, err == ERR_MISSING ? "the content is not here" : "a content cannot be read");
    }
    content_tree_free(tree);
    return err == ERR_FORMAT ? ERR_AUTH : err;
}

enum err archive_read_content(struct archive *a, const struct id *log, uint64_t seq, struct buffer *packed)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct id content;
    size_t start = packed->len;
    enum err err = archive_locate(a, log, seq, &e);

    if (!err && !archive_entry_content(&e.entry, &content))
        err = archive_fail(a, ERR_MISSING, "the entry has no content");
    if (!err)
        err = read_packed(a, log, seq, packed);
    if (err == ERR_AUTH && a->mode == ARCHIVE_READ) {
        /* The writer beside us may have tidied away the tree that was the newest a moment ago. */
        packed->len = start;
        err = read_packed(a, log, seq, packed);
    }
    if (!err)
        err = check_content(a, bytes_from(buffer_bytes(packed), start), &content);
    if (err)
        packed->len = start;
    archive_entry_free(&e);
    return err;
}

/* ---- without an index ---- */

struct walk {
    struct archive *a;
    enum err (*each)(void *context, const struct archive_entry *e, const struct archive_entry *first);
    void *context;
};

static enum err walk_log(void *context, const struct id *log, const struct sha1 *target)
{
    const struct walk *w = context;
    struct archive_chain chain = {0};
    struct archive_entry first = ARCHIVE_ENTRY, e = ARCHIVE_ENTRY;
    enum err err = archive_gather_chain(w->a, log, target, NULL, NULL, &chain);

    if (!err)
        err = archive_read_commit(w->a, log, &chain.at[chain.count - 1], &first);
    for (size_t i = chain.count; !err && i > 0; i--) {
        err = archive_read_commit(w->a, log, &chain.at[i - 1], &e);
        if (!err)
            err = w->each(w->context, &e, &first);
    }
    archive_entry_free(&first);
    archive_entry_free(&e);
    archive_chain_free(&chain);
    return err;
}

struct search {
    const struct id *wanted;
    struct id log;
    uint64_t seq;
};

static enum err compare_id(void *context, const struct archive_entry *e, const struct archive_entry *first)
{
    struct search *s = context;

    (void)first;
    if (!id_equal(&e->id, s->wanted))
        return ERR_OK;
    s->log = e->entry.log;
    s->seq = e->entry.seq;
    return ERR_EXISTS;
}

enum err archive_find(struct archive *a, const struct id *entry, struct id *log, uint64_t *seq)
{
    struct search s = {.wanted = entry};
    struct index_entry found;
    enum err err;

    if (a->index) {
        err = index_find_id(a->index, entry, &found);
        if (err != ERR_OK && err != ERR_FORMAT && err != ERR_IO)
            return archive_fail_index(a, err);
        if (!err) {
            *log = found.log;
            *seq = found.seq;
            return ERR_OK;
        }
    }
    err = archive_each_log(a, walk_log, &(struct walk){a, compare_id, &s});
    if (err != ERR_EXISTS)
        return err ? err : archive_fail(a, ERR_MISSING, "no such entry is here");
    *log = s.log;
    *seq = s.seq;
    return ERR_OK;
}

struct load {
    struct archive *a;
    struct frontier *frontier;
    archive_entry_fn *governance;
    archive_missing_fn *missing;
    void *context;
    struct content_tree *tree; /* Of the log at hand. */
    struct id log;
};

static enum err load_head(void *context, const struct id *log, const struct sha1 *target)
{
    const struct load *l = context;
    struct head head;
    enum err err = archive_head(l->a, log, target, &head);

    return err ? err : frontier_set(l->frontier, &head);
}

enum err archive_load_frontier(struct archive *a, struct frontier *frontier)
{
    struct load l = {.a = a, .frontier = frontier};
    enum err err = ERR_OK;

    if (!a->heads)
        return archive_each_log(a, load_head, &l);
    for (size_t i = 0; !err && i < frontier_count(a->heads); i++)
        err = frontier_set(frontier, frontier_at(a->heads, i));
    return err;
}

static enum err governance_of_index(void *context, const struct index_entry *indexed)
{
    const struct load *l = context;
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_read_commit(l->a, &indexed->log, &indexed->commit, &e);

    if (!err)
        err = l->governance(l->context, &e.entry, &e.id);
    archive_entry_free(&e);
    return err;
}

static enum err governance_of_walk(void *context, const struct archive_entry *e, const struct archive_entry *first)
{
    const struct load *l = context;

    bool governs = role_governs(first->entry.role) && act_governs(e->entry.act);

    return e->entry.seq == 1 || governs ? l->governance(l->context, &e->entry, &e->id) : ERR_OK;
}

enum err archive_load_governance(struct archive *a, archive_entry_fn *each, void *context)
{
    struct load l = {.a = a, .governance = each, .context = context};

    if (a->index && !a->index_behind)
        return index_each_governance(a->index, governance_of_index, &l);
    return archive_each_log(a, walk_log, &(struct walk){a, governance_of_walk, &l});
}

static enum err missing_of_index(void *context, const struct index_entry *indexed)
{
    const struct load *l = context;

    return l->missing(l->context, &indexed->log, indexed->seq, &indexed->content);
}

static enum err missing_of_walk(void *context, const struct archive_entry *e, const struct archive_entry *first)
{
    struct load *l = context;
    struct id content;

    (void)first;
    if (!l->tree || !id_equal(&l->log, &e->entry.log)) {
        content_tree_free(l->tree);
        l->log = e->entry.log;
        if (archive_open_contents(l->a, &l->log, &l->tree, NULL))
            l->tree = NULL;
    }
    if (!archive_entry_content(&e->entry, &content) || (l->tree && content_tree_has(l->tree, e->entry.seq)))
        return ERR_OK;
    return l->missing(l->context, &l->log, e->entry.seq, &content);
}

enum err archive_load_missing(struct archive *a, archive_missing_fn *each, void *context)
{
    struct load l = {.a = a, .missing = each, .context = context};

    if (a->index && !a->index_behind)
        return index_each_missing(a->index, missing_of_index, &l);
    enum err err = archive_each_log(a, walk_log, &(struct walk){a, missing_of_walk, &l});
    content_tree_free(l.tree);
    return err;
}
