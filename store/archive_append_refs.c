/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_append.h"

#include <stdlib.h>

/* How the refs of an append move: many by one file, the others one by one. */

#define TOGETHER_MIN 8 /* Refs that are moved by one file. */

struct ref_move {
    char ref[ARCHIVE_REF_SIZE];
    struct git_backend_move move; /* Points into this and the change. */
    const struct change *log;     /* NULL: it is of contents. */
    bool together, done;
};

/* A fork's branch comes after the one that it hangs from, so it goes alone. */
static void add_move(struct append *p, struct ref_move *m, const struct change *c, const struct sha1 *from,
                     const struct sha1 *to)
{
    m->move = (struct git_backend_move){.ref = m->ref, .from = from, .to = *to};
    m->together = !p->live && id_is_zero(&c->branch.name) && !git_backend_has_file(p->a->git, m->ref);
}

static bool moves_contents(const struct change *c)
{
    return c->has_contents && (!c->had_contents || memcmp(c->contents_before.at, c->contents_after.at, SHA1_LEN) != 0);
}

/* Those of the contents first, then those of the logs; returns how many there are. */
static size_t list_moves(struct append *p, struct ref_move moves[])
{
    size_t count = 0;

    for (size_t i = 0; i < p->count; i++) {
        const struct change *c = &p->changes[i];
        if (!moves_contents(c))
            continue;
        archive_content_ref(&c->branch, moves[count].ref);
        add_move(p, &moves[count++], c, c->had_contents ? &c->contents_before : NULL, &c->contents_after);
    }
    for (size_t i = 0; i < p->count; i++) {
        const struct change *c = &p->changes[i];
        if (c->after.seq == c->before.seq)
            continue;
        archive_log_ref(&c->branch, moves[count].ref);
        moves[count].log = c;
        add_move(p, &moves[count++], c, c->is_begun ? &c->before.commit : NULL, &c->after.commit);
    }
    return count;
}

static enum err note_move(struct append *p, const struct change *c)
{
    if (archive_moved(p->a, &c->branch, c->is_begun ? &c->before : NULL, &c->after))
        return archive_fail(p->a, ERR_IO, "out of memory after an entry was written");
    return ERR_OK;
}

static enum err note_moved(struct append *p, struct ref_move *m)
{
    m->done = true;
    return m->log ? note_move(p, m->log) : ERR_OK;
}

/* By one record of the journal, in which what is live gathered its objects, too. */
static enum err move_alone(struct append *p, struct ref_move moves[], size_t count, bool logs)
{
    enum err err = p->live ? ERR_OK : git_backend_begin_live(p->a->git);

    for (size_t i = 0; !err && i < count; i++) {
        const struct ref_move *m = &moves[i];
        if (!m->done && !m->together && (!m->log || logs))
            err = git_backend_move(p->a->git, m->ref, m->move.from, &m->move.to);
    }
    if (!err)
        err = git_backend_end(p->a->git);
    if (err)
        return archive_fail_git(p->a, err);
    for (size_t i = 0; !err && i < count; i++)
        if (!moves[i].done && !moves[i].together && (!moves[i].log || logs))
            err = note_moved(p, &moves[i]);
    return err;
}

/* Few are not worth a file that is written anew. */
static bool go_together(struct ref_move moves[], size_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += moves[i].together;
    for (size_t i = 0; i < count; i++)
        moves[i].together = moves[i].together && found >= TOGETHER_MIN;
    return found >= TOGETHER_MIN;
}

/* Where somebody else is writing that file they go alone. */
static enum err move_together(struct append *p, struct ref_move moves[], size_t count)
{
    struct git_backend_move *together = calloc(count, sizeof *together);
    size_t found = 0;
    enum err err = together ? ERR_OK : archive_fail(p->a, ERR_MEMORY, "out of memory");

    for (size_t i = 0; !err && i < count; i++)
        if (moves[i].together)
            together[found++] = moves[i].move;
    if (!err && (err = git_backend_move_together(p->a->git, together, found)) && err != ERR_BUSY)
        (void)archive_fail_git(p->a, err);
    free(together);
    for (size_t i = 0; i < count; i++) {
        bool moved = moves[i].together && !err;
        moves[i].together = false;
        if (moved)
            err = note_moved(p, &moves[i]);
    }
    return err == ERR_BUSY ? ERR_OK : err;
}

/* Contents first: an entry that is seen has what came with it.  A branch after the one that it hangs from: refs are tips. */
enum err append_move_refs(struct append *p)
{
    struct ref_move *moves = calloc(p->count ? 2 * p->count : 1, sizeof *moves);
    size_t count = moves ? list_moves(p, moves) : 0;
    enum err err = moves ? ERR_OK : archive_fail(p->a, ERR_MEMORY, "out of memory");

    if (!err && go_together(moves, count)) {
        err = move_alone(p, moves, count, false);
        if (!err)
            err = move_together(p, moves, count);
        if (!err)
            err = move_alone(p, moves, count, false); /* Of contents that did not go together after all. */
    }
    if (!err)
        err = move_alone(p, moves, count, true);
    free(moves);
    return err;
}
