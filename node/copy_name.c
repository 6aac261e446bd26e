/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/copy_name.h"

#include "proto/id.h"

#include <string.h>
#include <strings.h>

#define DIGITS_KEPT (ID_TEXT_LEN / 2) /* 128 bits: nobody makes two ids that begin alike. */
#define DIGITS_OF_DIRECTORY 2

struct name {
    char *text;
    size_t len;
};

static void put(struct name *name, char c)
{
    if (name->len + 1 < COPY_NAME_SIZE)
        name->text[name->len++] = c;
    name->text[name->len] = '\0';
}

static void put_text(struct name *name, const char *text)
{
    while (*text != '\0')
        put(name, *text++);
}

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static void put_id(struct name *name, const char *digits, bool split)
{
    for (size_t i = 0; i < DIGITS_KEPT; i++) {
        if (split && i == DIGITS_OF_DIRECTORY)
            put(name, '/');
        put(name, digits[i]);
    }
}

/* What of the path is no id: '?' and '&' part, '=' joins, and a dot begins nothing. */
static void put_letter(struct name *name, char c)
{
    bool begins = name->len == 0 || name->text[name->len - 1] == '/';

    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '/' && !begins) || (c == '.' && !begins))
        put(name, c);
    else
        put(name, c == '=' ? '-' : '_');
}

static void put_path(struct name *name, const char *path)
{
    bool split = true;

    while (*path != '\0') {
        size_t digits = 0;

        while (is_digit(path[digits]))
            digits++;
        if (digits == ID_TEXT_LEN) {
            put_id(name, path, split);
            split = false;
            path += digits;
        } else {
            put_letter(name, *path++);
        }
    }
}

static const char *harmless_ending(struct bytes file)
{
    static const char *const endings[] = {".pdf",  ".png", ".jpg", ".jpeg", ".webp", ".txt", ".csv", ".md",
                                          ".docx", ".doc", ".odt", ".rtf",  ".xlsx", ".xls", ".ods", ".pptx",
                                          ".ppt",  ".odp", ".zip", ".mp3",  ".m4a",  ".ogg", ".mp4", ".webm"};

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t len = strlen(endings[i]);

        if (file.len > len && strncasecmp((const char *)file.at + file.len - len, endings[i], len) == 0)
            return endings[i];
    }
    return ".bin";
}

void copy_name(const char *path, struct bytes file, char text[COPY_NAME_SIZE])
{
    struct name name = {.text = text};
    const char *last = strrchr(path, '/');

    text[0] = '\0';
    put_path(&name, path[0] == '/' ? path + 1 : path);
    if (file.len > 0)
        put_text(&name, harmless_ending(file));
    else if (name.len == 0)
        put_text(&name, "index.html");
    else if (last != NULL && strcmp(last, "/proof") == 0)
        put_text(&name, ".bin");
    else if (last == NULL || strchr(last, '.') == NULL)
        put_text(&name, ".html");
}

void copy_name_relative(const char *from, const char *to, struct buffer *out)
{
    for (const char *at = from; (at = strchr(at, '/')) != NULL; at++)
        buffer_text(out, "../");
    buffer_text(out, to);
}
