/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

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

/* ---- without an index: everything is read ---- */

typedef enum err walk_fn(void *context, const struct archive_branch *branch, const struct archive_entry *e);

struct walk {
    struct archive *a;
    walk_fn *each;
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

struct search {
    const struct id *wanted; /* An id, ... */
    struct bytes beginning;  /* ... or the beginning of one at `seq`. */
    uint64_t seq;
    struct archive_branch branch;
    struct sha1 name;
};

static enum err is_wanted(void *context, const struct archive_branch *branch, const struct archive_entry *e)
{
    struct search *s = context;

    if (s->wanted ? !id_equal(&e->id, s->wanted)
                  : e->entry.seq != s->seq || memcmp(e->id.at, s->beginning.at, s->beginning.len) != 0)
        return ERR_OK;
    s->branch = *branch;
    s->name = e->name;
    return ERR_EXISTS;
}

static enum err search(struct archive *a, const struct id *log, struct search *s, struct archive_entry *e)
{
    enum err err = archive_each_branch(a, walk_branch, &(struct walk){a, is_wanted, s, log});

    if (err != ERR_EXISTS)
        return err ? err : archive_fail(a, ERR_MISSING, "no such entry is here");
    err = archive_read_commit(a, &s->branch.log, &s->name, e);
    e->branch = s->branch.name;
    return err;
}

/* ---- finding ---- */

/* Whether what the index says of an entry can be read; else it is looked for without it. */
static bool read_row(struct archive *a, const struct index_entry *row, struct archive_entry *e)
{
    if (archive_read_commit(a, &row->log, &row->commit, e) || !id_equal(&e->id, &row->entry))
        return false;
    e->branch = row->branch;
    return true;
}

enum err archive_locate_id(struct archive *a, const struct id *id, struct archive_entry *e)
{
    struct search s = {.wanted = id};
    struct index_entry row;
    enum err err = a->index ? index_find_id(a->index, id, &row) : ERR_IO;

    if (!err && read_row(a, &row, e))
        return ERR_OK;
    if (err == ERR_MISSING && !a->index_behind)
        return archive_fail(a, ERR_MISSING, "no such entry is here");
    return search(a, NULL, &s, e);
}

struct longest {
    struct archive *a;
    const struct id *log;
    uint64_t seq;
    struct id entry;
    struct sha1 target;
};

static enum err is_longer(void *context, const struct archive_branch *branch, const struct sha1 *target)
{
    struct longest *l = context;
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = ERR_OK;

    if (id_equal(&branch->log, l->log) && !(err = archive_read_commit(l->a, l->log, target, &e)) &&
        (e.entry.seq > l->seq || (e.entry.seq == l->seq && id_compare(&e.id, &l->entry) < 0))) {
        l->seq = e.entry.seq;
        l->entry = e.id;
        l->target = *target;
    }
    archive_entry_free(&e);
    return err;
}

static enum err walk_down(struct archive *a, const struct id *log, const struct sha1 *from, uint64_t seq,
                          struct archive_entry *e)
{
    struct sha1 name = *from;
    enum err err;

    do {
        err = archive_read_commit(a, log, &name, e);
        name = e->parent;
    } while (!err && e->entry.seq > seq && e->entry.seq > 1);
    if (!err && e->entry.seq != seq)
        err = archive_fail(a, ERR_MISSING, "the log has no such entry");
    return err;
}

/* Which branch an entry is of matters for its content alone, and only where a log has several. */
static enum err find_branch(struct archive *a, struct archive_entry *e)
{
    struct longest l = {.a = a, .log = &e->entry.log};
    struct search s = {.wanted = &e->id};
    struct archive_entry again = ARCHIVE_ENTRY;
    enum err err = archive_each_fork(a, is_longer, &l);

    e->branch = (struct id){.at = {0}};
    if (!err && l.seq > 0) {
        err = search(a, &e->entry.log, &s, &again);
        e->branch = again.branch;
    }
    archive_entry_free(&again);
    return err;
}

static enum err walk_to(struct archive *a, const struct id *log, uint64_t seq, struct archive_entry *e)
{
    struct longest l = {.a = a, .log = log};
    struct archive_branch branch = {.log = *log};
    char ref[ARCHIVE_REF_SIZE];

    archive_log_ref(&branch, ref);
    enum err err = git_backend_ref(a->git, ref, &l.target);
    if (err)
        return archive_fail_git(a, err);
    err = is_longer(&l, &branch, &l.target);
    if (!err)
        err = archive_each_fork(a, is_longer, &l);
    if (!err)
        err = walk_down(a, log, &l.target, seq, e);
    return err ? err : find_branch(a, e);
}

enum err archive_locate(struct archive *a, const struct id *log, uint64_t seq, struct archive_entry *e)
{
    struct index_entry row;

    if (seq == 0)
        return archive_fail(a, ERR_MISSING, "entries are counted from 1");
    if (a->index && index_find(a->index, log, seq, &row) == ERR_OK && read_row(a, &row, e))
        return ERR_OK;
    return walk_to(a, log, seq, e);
}

static enum err locate_before(struct archive *a, const struct id *later, uint64_t seq, struct archive_entry *e)
{
    struct index_entry row;

    if (seq == 0)
        return archive_fail(a, ERR_MISSING, "entries are counted from 1");
    if (a->index && index_find_before(a->index, later, seq, &row) == ERR_OK && read_row(a, &row, e))
        return ERR_OK;
    enum err err = archive_locate_id(a, later, e);
    if (err)
        return err;
    struct id log = e->entry.log;
    struct sha1 from = e->name;
    err = walk_down(a, &log, &from, seq, e);
    return err ? err : find_branch(a, e);
}

/* The seat, where the first entry names it. */
static enum err find_seat(struct archive *a, const struct archive_entry *e, struct head *head)
{
    struct archive_entry first = ARCHIVE_ENTRY;
    struct index_entry row;
    enum err err = ERR_OK;

    if (e->entry.seq == 1) {
        head->kibbutz = e->entry.kibbutz;
        head->role = e->entry.role;
    } else if (a->index && index_find_id(a->index, &e->id, &row) == ERR_OK) {
        head->kibbutz = row.kibbutz;
        head->role = row.role;
    } else if (!(err = walk_down(a, &e->entry.log, &e->name, 1, &first))) {
        head->kibbutz = first.entry.kibbutz;
        head->role = first.entry.role;
    }
    archive_entry_free(&first);
    return err;
}

enum err archive_head(struct archive *a, const struct id *log, const struct sha1 *target, struct head *head)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    enum err err = archive_read_commit(a, log, target, &e);

    if (!err) {
        *head =
            (struct head){.log = *log, .seq = e.entry.seq, .entry = e.id, .commit = *target, .clock = e.entry.clock};
        err = find_seat(a, &e, head);
    }
    archive_entry_free(&e);
    return err;
}

enum err archive_find_head(struct archive *a, const struct id *log, uint64_t seq, struct bytes beginning,
                           struct head *head)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct search s = {.beginning = beginning, .seq = seq};
    struct index_entry row;
    enum err err = a->index ? index_find_beginning(a->index, log, seq, beginning, &row) : ERR_IO;

    if (!err) {
        *head = (struct head){.log = *log,
                              .seq = seq,
                              .entry = row.entry,
                              .commit = row.commit,
                              .clock = row.clock,
                              .kibbutz = row.kibbutz,
                              .role = row.role};
        return ERR_OK;
    }
    if (err == ERR_MISSING && !a->index_behind)
        return archive_fail(a, err, "no such entry is here");
    err = search(a, log, &s, &e);
    if (!err)
        err = archive_head(a, log, &s.name, head);
    archive_entry_free(&e);
    return err;
}

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

/* ---- what callers read ---- */

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
    enum err err = locate_before(a, later, seq, &e);

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

static enum err read_packed(struct archive *a, const struct archive_entry *e, struct buffer *packed)
{
    struct archive_branch branch = {.log = e->entry.log, .name = e->branch};
    struct content_tree *tree = NULL;
    enum err err = archive_open_contents(a, &branch, &tree, NULL);

    if (!err) {
        err = content_tree_read(tree, e->entry.seq, packed);
        if (err)
            (void)archive_fail(a, err, err == ERR_MISSING ? "the content is not here" : "a content cannot be read");
    }
    content_tree_free(tree);
    return err == ERR_FORMAT ? ERR_AUTH : err;
}

static enum err read_content(struct archive *a, const struct archive_entry *e, struct buffer *packed)
{
    struct id content;
    size_t start = packed->len;

    if (!archive_entry_content(&e->entry, &content))
        return archive_fail(a, ERR_MISSING, "the entry has no content");
    enum err err = read_packed(a, e, packed);
    if (err == ERR_AUTH && a->mode == ARCHIVE_READ) {
        /* The writer beside us may have tidied away the tree that was the newest a moment ago. */
        packed->len = start;
        err = read_packed(a, e, packed);
    }
    if (!err)
        err = check_content(a, bytes_from(buffer_bytes(packed), start), &content);
    if (err)
        packed->len = start;
    return err;
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

enum err archive_find(struct archive *a, const struct id *entry, struct id *log, uint64_t *seq)
{
    struct archive_entry e = ARCHIVE_ENTRY;
    struct index_entry row;
    enum err err =
        a->index && index_find_id(a->index, entry, &row) == ERR_OK ? ERR_OK : archive_locate_id(a, entry, &e);

    if (!err) {
        *log = e.commit.len ? e.entry.log : row.log;
        *seq = e.commit.len ? e.entry.seq : row.seq;
    }
    archive_entry_free(&e);
    return err;
}

/* ---- what a start reads ---- */

struct load {
    struct archive *a;
    struct frontier *frontier;
    archive_entry_fn *entry;
    archive_missing_fn *missing;
    void *context;
    struct content_tree *tree; /* Of the branch at hand. */
    struct archive_branch branch;
};

static enum err load_head(void *context, const struct archive_branch *branch, const struct sha1 *target)
{
    const struct load *l = context;
    struct head head;
    enum err err = archive_head(l->a, &branch->log, target, &head);

    return err ? err : frontier_add(l->frontier, NULL, &head, NULL);
}

enum err archive_load_frontier(struct archive *a, struct frontier *frontier)
{
    struct load l = {.a = a, .frontier = frontier};
    enum err err = ERR_OK;

    if (!a->heads)
        return archive_each_branch(a, load_head, &l);
    for (size_t i = 0; !err && i < frontier_count(a->heads); i++)
        err = frontier_add(frontier, NULL, frontier_at(a->heads, i), NULL);
    return err;
}

static enum err entry_of_index(void *context, const struct index_entry *row)
{
    const struct load *l = context;
    struct entry entry = {.network = l->a->network,
                          .log = row->log,
                          .seq = row->seq,
                          .prev = row->prev,
                          .clock = row->clock,
                          .kibbutz = row->seq == 1 ? row->kibbutz : (struct id){.at = {0}},
                          .role = row->seq == 1 ? row->role : ROLE_NONE,
                          .root = row->root,
                          .act = row->act,
                          .act_name = row->act == ACT_UNKNOWN ? row->act_name : bytes_text(act_name(row->act)),
                          .body = row->lines};

    return l->entry(l->context, &entry, &row->entry);
}

static enum err entry_of_walk(void *context, const struct archive_branch *branch, const struct archive_entry *e)
{
    const struct load *l = context;

    (void)branch;
    return l->entry(l->context, &e->entry, &e->id);
}

enum err archive_load_entries(struct archive *a, archive_entry_fn *each, void *context)
{
    struct load l = {.a = a, .entry = each, .context = context};

    if (a->index && !a->index_behind && a->charter.len > 0)
        return index_each_entry(a->index, entry_of_index, &l);
    return archive_each_branch(a, walk_branch, &(struct walk){.a = a, .each = entry_of_walk, .context = &l});
}

static enum err missing_of_index(void *context, const struct index_entry *row)
{
    const struct load *l = context;

    return l->missing(l->context, &row->entry, &row->content);
}

static enum err missing_of_walk(void *context, const struct archive_branch *branch, const struct archive_entry *e)
{
    struct load *l = context;
    struct id content;

    if (!l->tree || memcmp(&l->branch, branch, sizeof *branch) != 0) {
        content_tree_free(l->tree);
        l->branch = *branch;
        if (archive_open_contents(l->a, branch, &l->tree, NULL))
            l->tree = NULL;
    }
    if (!archive_entry_content(&e->entry, &content) || (l->tree && content_tree_has(l->tree, e->entry.seq)))
        return ERR_OK;
    return l->missing(l->context, &e->id, &content);
}

enum err archive_load_missing(struct archive *a, archive_missing_fn *each, void *context)
{
    struct load l = {.a = a, .missing = each, .context = context};

    if (a->index && !a->index_behind)
        return index_each_missing(a->index, missing_of_index, &l);
    enum err err = archive_each_branch(a, walk_branch, &(struct walk){a, missing_of_walk, &l, NULL});
    content_tree_free(l.tree);
    return err;
}
