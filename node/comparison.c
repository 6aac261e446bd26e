/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/comparison.h"

#include <stdio.h>

static struct bytes text_of(const struct view *v)
{
    const struct content_file *file = content_find(v->content, CONTENT_DOCUMENT);

    return file != NULL ? file->bytes : bytes_text("");
}

enum err comparison_of(const struct view *before, const struct view *after, struct difference *d)
{
    return difference_of_sentences(text_of(before), text_of(after), d);
}

void comparison_path(const struct id *document, const struct id *from, const struct id *to,
                     char path[COMPARISON_PATH_SIZE])
{
    char a[ID_TEXT_LEN + 1], b[ID_TEXT_LEN + 1], c[ID_TEXT_LEN + 1];

    id_to_text(document, a);
    id_to_text(from, b);
    id_to_text(to, c);
    snprintf(path, COMPARISON_PATH_SIZE, "/d/%s/compare/%s/%s", a, b, c);
}
