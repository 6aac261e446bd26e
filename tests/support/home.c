/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/home.h"

#include <dirent.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(bool fine, const char *what, const char *path)
{
    if (!fine) {
        fprintf(stderr, "%s: %s failed\n", path, what);
        abort();
    }
}

struct home home_make(void)
{
    const char *directory = getenv("TMPDIR");
    struct home home;

    /* In memory, where syncing costs nothing: what these tests look at is not the disk. */
    if (!directory)
        directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(home.path, sizeof home.path, "%.100s/igum.XXXXXX", directory);
    need(mkdtemp(home.path) != NULL, "mkdtemp", home.path);
    return home;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void home_remove(struct home *home)
{
    (void)nftw(home->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *home_file(const struct home *home, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", home->path, name);
    return path;
}

struct buffer home_read(const char *path)
{
    struct buffer text = BUFFER((size_t)1 << 28);
    FILE *file = fopen(path, "rb");
    uint8_t piece[4096];
    size_t got;

    need(file != NULL, "open", path);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        buffer_add(&text, bytes_of(piece, got));
    need(fclose(file) == 0 && !buffer_error(&text), "read", path);
    return text;
}

void home_write(const char *path, struct bytes bytes)
{
    FILE *file;

    (void)chmod(path, 0644);
    file = fopen(path, "wb");
    need(file != NULL, "open for writing", path);
    need(bytes.len == 0 || fwrite(bytes.at, 1, bytes.len, file) == bytes.len, "write", path);
    need(fclose(file) == 0, "close", path);
}

int home_run(const char *format, ...)
{
    char command[1024], quiet[1100];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    snprintf(quiet, sizeof quiet, "{ %s ; } >/dev/null 2>&1", command);
    int status = system(quiet);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void home_each_file(const char *path, home_file_fn *each, void *context)
{
    DIR *directory = opendir(path);
    const struct dirent *found;
    struct stat status;
    char below[512];

    need(directory != NULL, "opendir", path);
    while ((found = readdir(directory))) {
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, found->d_name);
        need(lstat(below, &status) == 0, "lstat", below);
        if (S_ISDIR(status.st_mode))
            home_each_file(below, each, context);
        else
            each(context, below);
    }
    (void)closedir(directory);
}
