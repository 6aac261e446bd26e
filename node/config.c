/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/config.h"

#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/text.h"
#include "store/files.h"

#define FILE_MAX KIB(64)
#define VALUE_MAX 1000

struct line {
    char *text;         /* As it stands in the file, without LF. */
    char *name, *value; /* NULL: a comment, or not understood. */
};

struct config {
    char path[FILES_PATH_SIZE];
    struct line *lines;
    size_t count;
};

static void line_free(struct line *line)
{
    free(line->text);
    free(line->name);
    free(line->value);
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = bytes_from(text, 1);
    while (text.len > 0 && memchr(" \t\r", text.at[text.len - 1], 3) != NULL)
        text.len--;
    return text;
}

static char *copy_text(struct bytes text)
{
    return strndup(text.len > 0 ? (const char *)text.at : "", text.len);
}

static enum err line_read(struct bytes text, struct line *line)
{
    struct bytes rest = text, name;

    *line = (struct line){.text = copy_text(text)};
    if (line->text == NULL)
        return ERR_MEMORY;
    if (trim(text).len == 0 || trim(text).at[0] == '#' || memchr(text.at, '\0', text.len) != NULL ||
        !text_take(&rest, '=', &name))
        return ERR_OK;
    line->name = copy_text(trim(name));
    line->value = copy_text(trim(rest));
    return line->name == NULL || line->value == NULL ? ERR_MEMORY : ERR_OK;
}

static enum err add_line(struct config *c, struct bytes text)
{
    struct line *lines = realloc(c->lines, (c->count + 1) * sizeof *lines);

    if (lines == NULL)
        return ERR_MEMORY;
    c->lines = lines;
    return line_read(text, &c->lines[c->count++]);
}

enum err config_load(const char *home, struct config **config)
{
    struct config *c = calloc(1, sizeof *c);
    struct buffer text = BUFFER(FILE_MAX);
    struct bytes rest, line;
    enum err err;

    if (c == NULL)
        return ERR_MEMORY;
    if ((err = files_join(c->path, home, CONFIG_FILE)))
        goto out;
    err = files_read(c->path, FILE_MAX, &text);
    if (err == ERR_MISSING)
        err = ERR_OK;
    rest = buffer_bytes(&text);
    while (!err && text_take(&rest, '\n', &line))
        err = add_line(c, line);
    if (!err && rest.len > 0)
        err = add_line(c, rest);
out:
    buffer_free(&text);
    if (err) {
        config_free(c);
        c = NULL;
    }
    *config = c;
    return err;
}

void config_free(struct config *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < c->count; i++)
        line_free(&c->lines[i]);
    free(c->lines);
    free(c);
}

static bool is_named(const struct line *line, const char *name)
{
    return line->name != NULL && strcmp(line->name, name) == 0;
}

const char *config_value(const struct config *c, const char *name, size_t index)
{
    for (size_t i = 0; i < c->count; i++)
        if (is_named(&c->lines[i], name) && index-- == 0)
            return c->lines[i].value;
    return NULL;
}

bool config_fetches_on_demand(const struct config *c)
{
    const char *value = config_value(c, "attachments", 0);

    return value != NULL && strcmp(value, "on-demand") == 0;
}

static enum err make_text(struct buffer *text, const char *name, const char *value)
{
    if (!text_is_line(bytes_text(value), VALUE_MAX))
        return ERR_FORMAT;
    buffer_text(text, name);
    buffer_text(text, " = ");
    buffer_text(text, value);
    return buffer_error(text);
}

enum err config_set(struct config *c, const char *name, const char *value)
{
    struct buffer text = BUFFER(2 * VALUE_MAX);
    struct line line;
    enum err err = make_text(&text, name, value);

    for (size_t i = 0; !err && i < c->count; i++)
        if (is_named(&c->lines[i], name)) {
            err = line_read(buffer_bytes(&text), &line);
            if (err) {
                line_free(&line);
            } else {
                line_free(&c->lines[i]);
                c->lines[i] = line;
            }
            goto out;
        }
    if (!err)
        err = add_line(c, buffer_bytes(&text));
out:
    buffer_free(&text);
    return err;
}

enum err config_add(struct config *c, const char *name, const char *value)
{
    struct buffer text = BUFFER(2 * VALUE_MAX);
    enum err err;

    for (size_t i = 0; i < c->count; i++)
        if (is_named(&c->lines[i], name) && strcmp(c->lines[i].value, value) == 0)
            return ERR_EXISTS;
    err = make_text(&text, name, value);
    if (!err)
        err = add_line(c, buffer_bytes(&text));
    buffer_free(&text);
    return err;
}

bool config_remove(struct config *c, const char *name, const char *value)
{
    size_t kept = 0, count = c->count;

    for (size_t i = 0; i < count; i++) {
        if (is_named(&c->lines[i], name) && strcmp(c->lines[i].value, value) == 0)
            line_free(&c->lines[i]);
        else
            c->lines[kept++] = c->lines[i];
    }
    c->count = kept;
    return kept < count;
}

enum err config_save(const struct config *c)
{
    struct buffer text = BUFFER(FILE_MAX);
    enum err err;

    for (size_t i = 0; i < c->count; i++) {
        buffer_text(&text, c->lines[i].text);
        buffer_u8(&text, '\n');
    }
    err = buffer_error(&text);
    if (!err)
        err = files_replace(c->path, buffer_bytes(&text), 0600);
    buffer_free(&text);
    return err;
}
