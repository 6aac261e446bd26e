/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Runs a fuzz target once over each file that is named, or lies in a directory that is named.  Without any it fails. */

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

#define FILE_MAX MIB(8)

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    uint8_t *whole = malloc(FILE_MAX);
    size_t len;
    int failed = 1;

    if (!file || !whole)
        goto out;
    len = fread(whole, 1, FILE_MAX, file);
    if (ferror(file))
        goto out;
    bytes = malloc(len > 0 ? len : 1); /* Of the very size, so that a sanitizer sees a read behind it. */
    if (!bytes)
        goto out;
    memcpy(bytes, whole, len);
    LLVMFuzzerTestOneInput(bytes, len);
    failed = 0;
out:
    if (failed)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    if (file)
        fclose(file);
    free(whole);
    free(bytes);
    return failed;
}

/* Adds the files run to `count`. */
static int replay(const char *path, size_t *count)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    int failed = 0;

    if (!directory) {
        ++*count;
        return replay_file(path);
    }
    while ((entry = readdir(directory))) {
        char inside[4096];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        failed |= replay_file(inside);
        ++*count;
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    size_t count = 0;
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i], &count);
    printf("%zu inputs\n", count);
    return failed || count == 0;
}
