/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_CONTENT_H
#define PROTO_CONTENT_H

/*
 * What an entry publishes, apart from the entry: a salted manifest, which names files, and the one of them that is its text
 * (docs/FORMAT.md, 3).  Both are packed into one run.  The other files, attachments, travel and are kept by their digests.
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"

#define CONTENT_SALT_LEN 32
#define CONTENT_DOCUMENT "document.md"
#define CONTENT_NAME "name.txt"

struct content_file {
    struct bytes name;
    uint64_t size;
    struct id digest;
    struct bytes bytes; /* Of the text alone, when it was opened. */
};

/* An opened content; all views are borrowed from the packed bytes. */
struct content {
    struct id id;
    struct bytes manifest;
    size_t count;
    struct content_file files[LIMIT_FILES];
};

/* The digest of a file, by chunks where it is larger than LIMIT_CHUNK. */
struct id content_digest(struct bytes file);

/*
 * Packs files, in any order, into one run and says its id.  A file without a digest (zeros) is measured by its bytes; of any
 * other but the text, digest and size are enough.  ERR_FORMAT: no file, or a bad or repeated name.  ERR_LIMIT: more than
 * LIMIT_CONTENT (of the whole run), LIMIT_FILES or LIMIT_FILE.
 */
enum err content_pack(const struct content_file files[], size_t count, const uint8_t salt[CONTENT_SALT_LEN],
                      struct buffer *packed, struct id *id);

/* Opens and verifies a packed content: the manifest, and the text by its digest.  ERR_FORMAT, ERR_LIMIT, ERR_AUTH (the digest). */
enum err content_open(struct bytes packed, struct content *content);

/* The same without the digest and the id, for what was verified before. */
enum err content_read(struct bytes packed, struct content *content);

/* The file that is packed with the manifest: document.md, else name.txt; NULL: there is none. */
const struct content_file *content_text(const struct content *content);

/* Finds a file by name; NULL when there is none. */
const struct content_file *content_find(const struct content *content, const char *name);

/* Lends the line of name.txt, without LF.  ERR_MISSING: no such file.  ERR_FORMAT: it is not one line. */
enum err content_name(const struct content *content, struct bytes *name);

/* Packs one line, with its LF, as name.txt: the content of admit, grant and accept.  ERR_FORMAT when it is not one line. */
enum err content_pack_name(const char *name, const uint8_t salt[CONTENT_SALT_LEN], struct buffer *packed, struct id *id);

#endif
