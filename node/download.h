/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DOWNLOAD_H
#define NODE_DOWNLOAD_H

/* An attachment on its way to a browser: any part of it, of which never more than a few chunks are in memory. */

#include "node/route.h"

enum download_wish { DOWNLOAD_ALL, DOWNLOAD_PART, DOWNLOAD_NOTHING /* What is asked for lies beyond the end. */ };

/* What a Range header (may be NULL) asks for.  One range of bytes is understood; anything else is answered with all of it. */
enum download_wish download_range(const char *range, uint64_t size, uint64_t *from, uint64_t *count);

#define DOWNLOAD_CHUNKS 4 /* Kept for all downloads together. */

struct download_cache { /* Zero-initialised. */
    struct {
        struct id digest;
        size_t index;
        uint64_t used;
        struct buffer bytes;
    } chunks[DOWNLOAD_CHUNKS];
    uint64_t clock;
};

/* Lends what follows `at`, up to the end of its chunk, until the next call. */
enum err download_read(struct download_cache *cache, struct archive *archive, const struct route_file *file, uint64_t at,
                       struct bytes *bytes);
void download_cache_free(struct download_cache *cache);

#endif
