/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/staging.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "node/command.h"
#include "node/office.h"
#include "node/output.h"
#include "node/i18n.h"

#define STAGING "tmp_igum_new"
#define ARCHIVE "archive.git"
#define KEYS "keys"

static int fail(enum err err, const char *home)
{
    output_error(_("the home '%s' cannot be made: %s"), home, err == ERR_IO ? strerror(errno) : err_text(err));
    output_hint(_("see that the directory above it is there, belongs to you and has room; nothing was changed"));
    return COMMAND_FAILED;
}

/* Makes the directory and those above it. */
static enum err make_directories(const char *home)
{
    char path[FILES_PATH_SIZE];
    size_t len = strlen(home);
    enum err err;

    if (len == 0 || len >= sizeof path)
        return ERR_LIMIT;
    for (size_t i = 1; i <= len; i++) {
        if (home[i] != '/' && home[i] != '\0')
            continue;
        memcpy(path, home, i);
        path[i] = '\0';
        if (files_exists(path))
            continue;
        if ((err = files_make_directory(path, 0700)) && err != ERR_EXISTS)
            return err;
    }
    return ERR_OK;
}

static bool is_in(const char *directory, const char *name)
{
    char path[FILES_PATH_SIZE];

    return !files_join(path, directory, name) && files_exists(path);
}

static enum err move(const char *from, const char *to, const char *name)
{
    char before[FILES_PATH_SIZE], after[FILES_PATH_SIZE];
    enum err err;

    if ((err = files_join(before, from, name)) || (err = files_join(after, to, name)))
        return err;
    return files_rename(before, after);
}

static enum err move_other(void *context, const char *name)
{
    const struct staging *s = context;

    if (strcmp(name, ARCHIVE) == 0 || strcmp(name, "lock") == 0)
        return ERR_OK;
    return move(s->path, s->home, name);
}

/* The keys go first: once they are in place, the next try can only finish the move. */
static enum err move_all(const struct staging *s)
{
    struct staging copy = *s;
    enum err err = is_in(s->path, KEYS) ? move(s->path, s->home, KEYS) : ERR_OK;

    if (!err)
        err = files_each(s->path, move_other, &copy);
    if (!err)
        err = move(s->path, s->home, ARCHIVE);
    if (!err)
        err = files_sync_directory(s->home);
    return err;
}

int staging_recover(const char *home)
{
    struct staging s = {.home = home};
    enum err err;

    if (files_join(s.path, home, STAGING) || !is_in(s.path, ARCHIVE) || is_in(s.path, KEYS) || !is_in(home, KEYS) ||
        is_in(home, ARCHIVE))
        return COMMAND_OK;
    if ((err = files_lock(home, &s.lock, NULL)))
        return office_fail(err, _("another igum is at work in this home"), NULL);
    if (!(err = move_all(&s)))
        err = files_remove_tree(s.path);
    files_unlock(&s.lock);
    if (err)
        return fail(err, home);
    output_note(_("what an earlier try had begun was finished"));
    return COMMAND_OK;
}

static int refuse_used_home(const char *home)
{
    if (is_in(home, ARCHIVE)) {
        output_error(_("there is an archive in '%s' already"), home);
        output_hint(_("'igum status' tells of it; --home DIR makes another home"));
        return COMMAND_FAILED;
    }
    if (is_in(home, KEYS)) {
        output_error(_("there are keys in '%s', but no archive"), home);
        output_hint(_("bring the archive back from a backup, or put the directory 'keys' aside"));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

int staging_begin(struct staging *s, const char *home)
{
    enum err err;
    long holder;
    int code;

    *s = (struct staging){.home = home};
    if ((code = staging_recover(home)) != COMMAND_OK || (code = refuse_used_home(home)) != COMMAND_OK)
        return code;
    if ((err = files_join(s->path, home, STAGING)) || (err = make_directories(home)))
        return fail(err, home);
    err = files_lock(home, &s->lock, &holder);
    if (err == ERR_BUSY) {
        output_error(_("another igum is at work in this home"));
        output_hint(_("wait until it is done, and try again"));
        return COMMAND_LOCKED;
    }
    if (err)
        return fail(err, home);
    s->is_locked = true;
    if ((err = files_remove_tree(s->path)) || (err = files_make_directory(s->path, 0700))) {
        staging_end(s);
        return fail(err, home);
    }
    return COMMAND_OK;
}

int staging_commit(struct staging *s)
{
    enum err err = move_all(s);

    if (err) {
        /* What has been moved stays: the next try finishes it. */
        files_unlock(&s->lock);
        s->is_locked = false;
        return fail(err, s->home);
    }
    staging_end(s);
    return COMMAND_OK;
}

void staging_end(struct staging *s)
{
    if (!s->is_locked)
        return;
    (void)files_remove_tree(s->path);
    files_unlock(&s->lock);
    s->is_locked = false;
}
