/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

/* What a start reads. */

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
    return archive_walk(a, NULL, entry_of_walk, &l);
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
    enum err err = archive_walk(a, NULL, missing_of_walk, &l);
    content_tree_free(l.tree);
    return err;
}
