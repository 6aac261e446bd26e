/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/git_house.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct verify {
    struct archive *a;
    archive_damage_fn *each;
    void *context;
    struct archive_report *report;
    struct content_tree *contents; /* Of the log at hand; NULL: none, or they cannot be read. */
    struct content *content;
    struct buffer packed;
};

static void damaged(struct verify *v, const struct id *log, uint64_t seq, const char *what, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void damaged(struct verify *v, const struct id *log, uint64_t seq, const char *what, const char *format, ...)
{
    struct archive_damage damage = {.seq = seq, .what = what};
    va_list arguments;

    if (log)
        damage.log = *log;
    va_start(arguments, format);
    vsnprintf(damage.detail, sizeof damage.detail, format, arguments);
    va_end(arguments);
    v->report->bad++;
    if (v->each)
        v->each(v->context, &damage);
}

static bool is_erased(const struct verify *v, const struct id *id)
{
    struct index_entry row;

    return v->a->index && index_find_id(v->a->index, id, &row) == ERR_OK && row.has_content == INDEX_ERASED;
}

static enum err verify_content(struct verify *v, const struct entry *entry, const struct id *id)
{
    struct id content;

    if (!archive_entry_content(entry, &content))
        return ERR_OK;
    buffer_clear(&v->packed);
    enum err err = v->contents ? content_tree_read(v->contents, entry->seq, &v->packed) : ERR_MISSING;
    if (err == ERR_MEMORY)
        return err;
    if (err == ERR_MISSING) {
        if (is_erased(v, id))
            v->report->contents_erased++;
        else
            v->report->contents_missing++;
        return ERR_OK;
    }
    if (err) {
        damaged(v, &entry->log, entry->seq, "content", "it cannot be read: %s", git_backend_reason(v->a->git));
        return ERR_OK;
    }
    err = content_open(buffer_bytes(&v->packed), v->content);
    if (err)
        damaged(v, &entry->log, entry->seq, "content", "it is not what was signed: %s", err_text(err));
    else if (!id_equal(&v->content->id, &content))
        damaged(v, &entry->log, entry->seq, "content", "it is not what was signed: its id is another");
    else
        v->report->contents++;
    return ERR_OK;
}

/* What an entry must be for the one after it, which was read before. */
struct expected {
    bool known;
    uint64_t seq;
    struct id entry;
    uint64_t clock; /* It must be earlier than this. */
};

static void verify_link(struct verify *v, const struct id *log, const struct archive_entry *e,
                        const struct expected *expected)
{
    if (e->entry.seq != expected->seq)
        damaged(v, log, expected->seq, "entry", "an entry with the number %llu stands here",
                (unsigned long long)e->entry.seq);
    else if (!id_equal(&e->id, &expected->entry))
        damaged(v, log, expected->seq, "entry", "the entry after it names another one before it");
    else if (e->entry.clock >= expected->clock)
        damaged(v, log, expected->seq, "entry", "its clock is not before that of the entry after it");
}

/* A hole ends a chain; the index may know where it goes on, and what it says is checked like everything else. */
static bool step_over(struct verify *v, const struct id *log, uint64_t seq, struct sha1 *name)
{
    struct index_entry row;

    for (; v->a->index && seq > 0; seq--) {
        if (index_find(v->a->index, log, seq, &row) == ERR_OK) {
            *name = row.commit;
            return true;
        }
    }
    return false;
}

/* A branch with a name hangs from an entry of another one, which is verified there. */
static void verify_hold(struct verify *v, const struct archive_entry *first)
{
    struct archive_entry e = ARCHIVE_ENTRY;

    if (first->entry.seq > 1 && archive_read_commit(v->a, &first->entry.log, &first->parent, &e))
        damaged(v, &first->entry.log, first->entry.seq - 1, "entry", "a branch hangs from it: %s", v->a->reason);
    else if (first->entry.seq > 1)
        verify_link(v, &first->entry.log, &e,
                    &(struct expected){true, first->entry.seq - 1, first->entry.prev, first->entry.clock});
    archive_entry_free(&e);
}

static enum err verify_chain(struct verify *v, const struct archive_branch *branch, struct sha1 name)
{
    const struct id *log = &branch->log;
    struct archive_entry e = ARCHIVE_ENTRY;
    struct expected expected = {0};
    uint64_t seq = 0; /* Of the entry to be read; 0: not known yet. */
    enum err err = ERR_OK;

    do {
        enum err found = archive_read_commit(v->a, log, &name, &e);
        if (found == ERR_MEMORY) {
            err = found;
            break;
        }
        if (found) {
            damaged(v, log, seq, found == ERR_AUTH && e.commit.len > 0 ? "signature" : "entry", "%s", v->a->reason);
            expected.known = false;
            if (seq == 0) {
                struct head head;
                seq = v->a->index && index_find_branch(v->a->index, log, &branch->name, &head) == ERR_OK ? head.seq : 0;
            }
            if (seq <= 1 || !step_over(v, log, seq - 1, &name))
                break;
            seq--;
            continue;
        }
        if (expected.known)
            verify_link(v, log, &e, &expected);
        v->report->entries++;
        err = verify_content(v, &e.entry, &e.id);
        if (id_equal(&e.id, &branch->name)) {
            verify_hold(v, &e);
            break;
        }
        seq = e.entry.seq - 1;
        expected = (struct expected){true, seq, e.entry.prev, e.entry.clock};
        name = e.parent;
    } while (!err && seq > 0);
    archive_entry_free(&e);
    return err;
}

static enum err verify_ref(struct verify *v, const char *part, bool fork, const struct sha1 *target)
{
    struct archive_branch branch;

    if (!archive_read_ref(part, fork, &branch)) {
        damaged(v, NULL, 0, "ref", "%s%.130s is not named after a key", fork ? ARCHIVE_FORK_PREFIX : ARCHIVE_LOG_PREFIX,
                part);
        return ERR_OK;
    }
    if (!target) {
        damaged(v, &branch.log, 0, "ref", "the ref of the log cannot be read");
        return ERR_OK;
    }
    enum err err = archive_open_contents(v->a, &branch, &v->contents, NULL);
    if (err) {
        v->contents = NULL;
        if (err != ERR_MISSING)
            damaged(v, &branch.log, 0, "content", "the contents of the log cannot be found: %s", v->a->reason);
    }
    err = verify_chain(v, &branch, *target);
    content_tree_free(v->contents);
    v->contents = NULL;
    return err;
}

static enum err verify_log_ref(void *context, const char *part, const struct sha1 *target)
{
    return verify_ref(context, part, false, target);
}

static enum err verify_fork_ref(void *context, const char *part, const struct sha1 *target)
{
    return verify_ref(context, part, true, target);
}

static void verify_content_name(struct verify *v, const char *part, bool fork, const struct sha1 *target)
{
    struct archive_branch branch;

    if (!archive_read_ref(part, fork, &branch))
        damaged(v, NULL, 0, "ref", "%s%.130s is not named after a key",
                fork ? ARCHIVE_FORK_CONTENT_PREFIX : ARCHIVE_CONTENT_PREFIX, part);
    else if (!target)
        damaged(v, &branch.log, 0, "ref", "the ref of the log's contents cannot be read");
}

static enum err verify_content_ref(void *context, const char *part, const struct sha1 *target)
{
    verify_content_name(context, part, false, target);
    return ERR_OK;
}

static enum err verify_fork_content_ref(void *context, const char *part, const struct sha1 *target)
{
    verify_content_name(context, part, true, target);
    return ERR_OK;
}

static enum err verify_file_ref(void *context, const char *part, const struct sha1 *target)
{
    struct verify *v = context;
    struct id digest;

    if (id_from_text(bytes_text(part), &digest) != ERR_OK) {
        damaged(v, NULL, 0, "ref", ARCHIVE_FILE_PREFIX "%.130s is not named after a digest", part);
        return ERR_OK;
    }
    enum err err = target ? archive_verify_file(v->a, &digest, target) : ERR_AUTH;
    if (err == ERR_MEMORY)
        return err;
    if (err)
        damaged(v, NULL, 0, "file", "attachment %.16s is not what its name says", part);
    else
        v->report->files++;
    return ERR_OK;
}

static enum err verify_refs(struct verify *v)
{
    struct git_backend *git = v->a->git;
    enum err err = git_backend_each_ref(git, ARCHIVE_LOG_PREFIX, verify_log_ref, v);

    if (!err)
        err = git_backend_each_ref(git, ARCHIVE_FORK_PREFIX, verify_fork_ref, v);
    if (!err)
        err = git_backend_each_ref(git, ARCHIVE_CONTENT_PREFIX, verify_content_ref, v);
    if (!err)
        err = git_backend_each_ref(git, ARCHIVE_FORK_CONTENT_PREFIX, verify_fork_content_ref, v);
    return err ? err : git_backend_each_ref(git, ARCHIVE_FILE_PREFIX, verify_file_ref, v);
}

static void verify_object(void *context, const char *detail)
{
    damaged(context, NULL, 0, "object", "%s", detail);
}

static enum err note_lost(void *context, const struct head *head)
{
    struct verify *v = context;
    struct archive_branch branch = {.log = head->log};
    char ref[ARCHIVE_REF_SIZE];
    struct index_entry row;
    struct sha1 target;

    if (index_find_id(v->a->index, &head->entry, &row) == ERR_OK)
        branch.name = row.branch;
    archive_log_ref(&branch, ref);
    if (git_backend_ref(v->a->git, ref, &target) == ERR_MISSING)
        damaged(v, &head->log, head->seq, "ref", "the index knows the log, and its ref is gone");
    return ERR_OK;
}

static void verify_charter(struct verify *v)
{
    struct id network = id_hash(ID_NETWORK, archive_charter(v->a));
    struct sha1 name;

    if (archive_charter(v->a).len == 0 && git_backend_ref(v->a->git, ARCHIVE_CHARTER_REF, &name) != ERR_MISSING)
        damaged(v, NULL, 0, "charter", "it cannot be read");
    if (archive_charter(v->a).len > 0 && !id_equal(&network, &v->a->network))
        damaged(v, NULL, 0, "charter", "it is that of another network");
}

enum err archive_verify(struct archive *a, archive_damage_fn *each, void *context, struct archive_report *report)
{
    struct verify v = {.a = a, .each = each, .context = context, .report = report, .packed = BUFFER(LIMIT_BUNDLE)};

    *report = (struct archive_report){0};
    v.content = malloc(sizeof *v.content);
    if (!v.content)
        return archive_fail(a, ERR_MEMORY, "out of memory");
    verify_charter(&v);
    /* The files first: a damaged index of a pack must not be looked into. */
    enum err err = git_house_check(a->git, verify_object, &v);
    bool blind = err == ERR_FORMAT;
    if (!err)
        err = verify_refs(&v);
    if (blind)
        err = ERR_OK;
    if (!err && a->index)
        (void)index_each_head(a->index, note_lost, &v);
    struct index_counts counts = {.files_missing = 0};
    if (!err && a->index && index_count(a->index, &counts) == ERR_OK)
        report->files_missing = counts.files_missing;
    buffer_free(&v.packed);
    free(v.content);
    return err;
}
