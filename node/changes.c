/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/changes.h"

#include <stdlib.h>

#include "proto/text.h"

struct lines {
    struct bytes *at;
    size_t count;
};

struct compare {
    struct lines before, after; /* Between the common beginning and end. */
    changes_line_fn *each;
    void *context;
};

static enum err split(struct bytes text, struct lines *lines)
{
    size_t count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    if ((lines->at = calloc(count, sizeof lines->at[0])) == NULL)
        return ERR_MEMORY;
    while (text.len > 0) {
        struct bytes line;

        if (!text_take(&text, '\n', &line)) {
            line = text;
            text = bytes_of(NULL, 0);
        }
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        lines->at[lines->count++] = line;
    }
    return ERR_OK;
}

static void tell(const struct compare *c, enum changes_kind kind, const struct lines *lines, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        c->each(c->context, kind, lines->at[i]);
}

/* ---- the fewest changes (Myers 1986) ---- */

/*
 * After d changes the furthest line of `before` on each diagonal (before - after), for every d so far: row d holds the
 * diagonals -d, -d + 2 ... d, and begins at d * (d + 1) / 2.
 */
struct paths {
    size_t *reached;
    size_t rows, size;
};

static size_t *row(const struct paths *paths, size_t d)
{
    return paths->reached + d * (d + 1) / 2;
}

static enum err add_row(struct paths *paths)
{
    size_t need = (paths->rows + 1) * (paths->rows + 2) / 2;

    if (need > paths->size) {
        size_t size = need * 2;
        size_t *reached = realloc(paths->reached, size * sizeof *reached);

        if (reached == NULL)
            return ERR_MEMORY;
        paths->reached = reached;
        paths->size = size;
    }
    paths->rows++;
    return ERR_OK;
}

/* Whether the `i`th diagonal of row d comes from an added line, which keeps the place in `before`. */
static bool comes_by_adding(const size_t *previous, size_t d, size_t i)
{
    return i == 0 || (i < d && previous[i - 1] < previous[i]);
}

static size_t start_of(const struct paths *paths, size_t d, size_t i)
{
    if (d == 0)
        return 0;
    return comes_by_adding(row(paths, d - 1), d, i) ? row(paths, d - 1)[i] : row(paths, d - 1)[i - 1] + 1;
}

/* The place in `after` for one in `before` on the `i`th diagonal of row d; false: it lies outside. */
static bool across(const struct compare *c, size_t before, size_t d, size_t i, size_t *after)
{
    if (before + d < 2 * i || before > c->before.count)
        return false;
    *after = before + d - 2 * i;
    return *after <= c->after.count;
}

/* Adds row after row until one reaches the ends of both; false: CHANGES_MAX changes are not enough. */
static enum err search(const struct compare *c, struct paths *paths, size_t *last, bool *found)
{
    enum err err = ERR_OK;

    *found = false;
    for (size_t d = 0; !err && !*found && d <= CHANGES_MAX; d++) {
        if ((err = add_row(paths)))
            break;
        for (size_t i = 0; i <= d && !*found; i++) {
            size_t before = start_of(paths, d, i), after;

            if (across(c, before, d, i, &after)) {
                while (before < c->before.count && after < c->after.count &&
                       bytes_equal(c->before.at[before], c->after.at[after])) {
                    before++;
                    after++;
                }
                *found = before == c->before.count && after == c->after.count;
            }
            row(paths, d)[i] = before;
            *last = i;
        }
    }
    return err;
}

/* From the beginning to what row d reached on its `i`th diagonal. */
static void tell_path(const struct compare *c, const struct paths *paths, size_t d, size_t i)
{
    size_t to = row(paths, d)[i], from = start_of(paths, d, i);

    if (d > 0 && comes_by_adding(row(paths, d - 1), d, i)) {
        size_t after = from + d - 2 * i - 1;

        tell_path(c, paths, d - 1, i);
        tell(c, CHANGES_ADDED, &c->after, after, after + 1);
    } else if (d > 0) {
        tell_path(c, paths, d - 1, i - 1);
        tell(c, CHANGES_REMOVED, &c->before, from - 1, from);
    }
    tell(c, CHANGES_SAME, &c->before, from, to);
}

static enum err compare(const struct compare *c)
{
    struct paths paths = {0};
    size_t last = 0;
    bool found;
    enum err err = search(c, &paths, &last, &found);

    if (!err && found) {
        tell_path(c, &paths, paths.rows - 1, last);
    } else if (!err) {
        tell(c, CHANGES_REMOVED, &c->before, 0, c->before.count);
        tell(c, CHANGES_ADDED, &c->after, 0, c->after.count);
    }
    free(paths.reached);
    return err;
}

enum err changes_each(struct bytes before, struct bytes after, changes_line_fn *each, void *context)
{
    struct lines old = {0}, new = {0};
    struct compare c = {.each = each, .context = context};
    size_t start = 0, end = 0;
    enum err err;

    if ((err = split(before, &old)) || (err = split(after, &new)))
        goto out;
    while (start < old.count && start < new.count &&bytes_equal(old.at[start], new.at[start]))
        start++;
    while (end < old.count - start &&
           end < new.count - start &&bytes_equal(old.at[old.count - 1 - end], new.at[new.count - 1 - end]))
        end++;
    c.before = (struct lines){old.at + start, old.count - start - end};
    c.after = (struct lines){new.at + start, new.count - start - end};
    tell(&c, CHANGES_SAME, &old, 0, start);
    err = compare(&c);
    if (!err)
        tell(&c, CHANGES_SAME, &old, old.count - end, old.count);
out:
    free(old.at);
    free(new.at);
    return err;
}
