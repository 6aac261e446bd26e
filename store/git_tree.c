/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_tree.h"

#include "proto/text.h"

bool git_tree_next(struct bytes *rest, struct git_tree_entry *entry)
{
    struct bytes left = *rest;

    if (!text_take(&left, ' ', &entry->mode) || !text_take(&left, '\0', &entry->name) || left.len < SHA1_LEN)
        return false;
    memcpy(entry->object.at, left.at, SHA1_LEN);
    *rest = bytes_from(left, SHA1_LEN);
    return true;
}

void git_tree_put(struct buffer *out, const char *mode, const char *name, const struct sha1 *object)
{
    buffer_text(out, mode);
    buffer_u8(out, ' ');
    buffer_text(out, name);
    buffer_u8(out, 0);
    buffer_add(out, bytes_of(object->at, SHA1_LEN));
}
