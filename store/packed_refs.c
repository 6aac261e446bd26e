/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/packed_refs.h"

#include <stdlib.h>

#include "proto/text.h"

#define HEADER "# pack-refs with: peeled fully-peeled sorted \n"

/* A ref and the lines that say it: its own, and of a tag what that leads to. */
struct entry {
    struct bytes name;
    struct bytes lines; /* Empty: it is one of the new ones. */
    struct sha1 target;
    size_t order; /* Of two of one name the later one counts. */
};

static bool take_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->at) + 1 : rest->len;

    *line = bytes_of(rest->at, len);
    *rest = bytes_from(*rest, len);
    return len > 0;
}

/* "<name of an object> <ref>\n" */
static bool read_line(struct bytes line, struct bytes *name)
{
    if (line.len <= SHA1_TEXT_LEN + 2 || line.at[0] == '#' || line.at[0] == '^' || line.at[SHA1_TEXT_LEN] != ' ')
        return false;
    *name = bytes_from(line, SHA1_TEXT_LEN + 1);
    if (name->at[name->len - 1] == '\n')
        name->len--;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    size_t len = left->name.len < right->name.len ? left->name.len : right->name.len;
    int order = memcmp(left->name.at, right->name.at, len);

    if (order == 0 && left->name.len != right->name.len)
        order = left->name.len < right->name.len ? -1 : 1;
    return order ? order : left->order < right->order ? -1 : left->order > right->order;
}

static size_t count_lines(struct bytes file)
{
    struct bytes line;
    size_t count = 0;

    while (take_line(&file, &line))
        count++;
    return count;
}

static size_t read_entries(struct bytes file, struct entry entries[])
{
    struct bytes line, name;
    size_t count = 0;

    while (take_line(&file, &line))
        if (read_line(line, &name)) {
            entries[count] = (struct entry){.name = name, .lines = line, .order = count};
            count++;
        } else if (count > 0 && line.at[0] == '^')
            entries[count - 1].lines.len += line.len;
    return count;
}

static void write_entry(struct buffer *out, const struct entry *entry)
{
    if (entry->lines.len > 0) {
        buffer_add(out, entry->lines);
        if (entry->lines.at[entry->lines.len - 1] != '\n')
            buffer_u8(out, '\n');
        return;
    }
    buffer_hex(out, bytes_of(entry->target.at, SHA1_LEN));
    buffer_u8(out, ' ');
    buffer_add(out, entry->name);
    buffer_u8(out, '\n');
}

enum err packed_refs_write(struct bytes file, const struct packed_ref refs[], size_t count, struct buffer *out)
{
    struct entry *entries = calloc(count_lines(file) + count + 1, sizeof *entries);
    size_t all;

    if (!entries)
        return ERR_MEMORY;
    all = read_entries(file, entries);
    for (size_t i = 0; i < count; i++, all++)
        entries[all] = (struct entry){.name = bytes_text(refs[i].name), .target = refs[i].target, .order = all};
    qsort(entries, all, sizeof *entries, compare);
    buffer_text(out, HEADER);
    for (size_t i = 0; i < all; i++)
        if (i + 1 == all || !bytes_equal(entries[i].name, entries[i + 1].name))
            write_entry(out, &entries[i]);
    free(entries);
    return buffer_error(out);
}
