/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whatever a document says, its page holds only tags, attributes and addresses from the lists of inert.h. */
#include "node/markdown.h"
#include "tests/node/inert.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct markdown_file files[] = {
        {.name = {(const uint8_t *)"a.pdf", 5}, .place = 1},
        {.name = {(const uint8_t *)"b.png", 5}, .place = 2, .picture = true},
    };
    struct markdown_options options = {
        .title = {(const uint8_t *)"a", 1}, .files = files, .file_count = 2, .around = PAGE_HEBREW};
    struct page page = {.out = BUFFER(PAGE_LIMIT)};
    const char *why;

    markdown_write(&page, bytes_of(data, size), &options);
    if (buffer_error(&page.out) == ERR_OK && (why = inert_judge(buffer_bytes(&page.out), NULL)) != NULL) {
        fprintf(stderr, "%s in:\n%.*s\n", why, (int)page.out.len, (const char *)page.out.at);
        abort();
    }
    buffer_free(&page.out);
    return 0;
}
