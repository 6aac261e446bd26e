/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/vectors.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEPT_MAX 65536

static void *kept[KEPT_MAX]; /* So that a leak checker still finds them. */
static size_t kept_count;

static void *keep(void *memory)
{
    assert_non_null(memory);
    assert_true(kept_count < KEPT_MAX);
    kept[kept_count++] = memory;
    return memory;
}

const char *vectors_path(const char *name)
{
    const char *directory = getenv("IGUM_VECTORS");
    DIR *found = opendir(directory ? directory : VECTORS_DEFAULT);
    char *path;

    if (!found) {
        fprintf(stderr, "SKIPPED: no test vectors in %s; set IGUM_VECTORS\n", directory ? directory : VECTORS_DEFAULT);
        skip();
    }
    closedir(found);
    assert_true(asprintf(&path, "%s/%s", directory ? directory : VECTORS_DEFAULT, name) > 0);
    return keep(path);
}

struct bytes vectors_file(const char *name)
{
    FILE *file = fopen(vectors_path(name), "rb");
    uint8_t *at = keep(malloc(1 << 20));
    size_t len;

    if (!file)
        fail_msg("%s: no such file", name);
    len = fread(at, 1, 1 << 20, file);
    assert_true(feof(file));
    fclose(file);
    return bytes_of(at, len);
}

json_t *vectors_json(const char *name)
{
    json_error_t error;
    json_t *json = json_load_file(vectors_path(name), JSON_ALLOW_NUL, &error);

    if (!json)
        fail_msg("%s:%d: %s", name, error.line, error.text);
    return keep(json);
}

const char *vectors_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    if (!text)
        fail_msg("no string '%s'", member);
    return text;
}

struct bytes vectors_from_hex(const char *hex)
{
    size_t len = 0;
    uint8_t *at = keep(malloc(strlen(hex) / 2 + 1));
    unsigned value;

    for (hex += strspn(hex, " \n"); *hex; hex += strspn(hex, " \n"), len++) {
        assert_int_equal(sscanf(hex, "%2x", &value), 1);
        assert_true(strspn(hex, "0123456789abcdefABCDEF") >= 2);
        at[len] = (uint8_t)value;
        hex += 2;
    }
    return bytes_of(at, len);
}

struct bytes vectors_hex(const json_t *object, const char *member)
{
    return vectors_from_hex(vectors_text(object, member));
}
