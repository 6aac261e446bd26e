/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

/* Where an entry is: by the index, or else by reading all that may be it. */

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
    enum err err = archive_walk(a, log, is_wanted, s);

    if (err != ERR_EXISTS)
        return err ? err : archive_fail(a, ERR_MISSING, "no such entry is here");
    err = archive_read_commit(a, &s->branch.log, &s->name, e);
    e->branch = s->branch.name;
    return err;
}

/* Whether what the index says of an entry can be read; else it is looked for without it. */
static bool read_row(struct archive *a, const struct index_entry *row, struct archive_entry *e)
{
    if (archive_read_kept(a, &row->log, &row->commit, e) || !id_equal(&e->id, &row->entry))
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

enum err archive_locate_before(struct archive *a, const struct id *later, uint64_t seq, struct archive_entry *e)
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

enum err archive_find_in(struct archive *a, const struct id *log, const struct id *entry)
{
    struct search s = {.wanted = entry};
    struct archive_entry e = ARCHIVE_ENTRY;
    struct index_entry row;
    enum err err = a->index && index_find_id(a->index, entry, &row) == ERR_OK && id_equal(&row.log, log)
                       ? ERR_OK
                       : search(a, log, &s, &e);

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
