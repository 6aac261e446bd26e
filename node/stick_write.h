/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STICK_WRITE_H
#define NODE_STICK_WRITE_H

/* Writes what a kibbutz lacks as bundle files for a stick (docs/FORMAT.md, 6.1). */

#include "node/office.h"

#define STICK_PART (UINT64_C(3900) * 1024 * 1024) /* FAT32 holds files of less than 4 GiB. */
#define STICK_PARTS 999

struct stick_write {
    struct office *office;
    const char *path;  /* Of the first part; the others have .002, .003 ... behind it. */
    struct id from;    /* The own kibbutz; zeros: not known. */
    struct id to;      /* For whom; zeros: for anyone, and then nothing that is only for one kibbutz. */
    uint64_t part_max; /* No part is larger. */
    uint64_t clock_ms;
    /* What came of it. */
    uint64_t entries, contents, kept_back, bytes;
    uint64_t held;     /* Entries left out: by their receipts they have them. */
    uint64_t files;    /* Attachments of which anything is here. */
    uint64_t receipts; /* All that are known travel along. */
    uint32_t parts;
};

/* The name of a part, from 1.  ERR_LIMIT: too long. */
enum err stick_part_path(const char *path, uint32_t part, char to[FILES_PATH_SIZE]);

/* ERR_FULL, ERR_IO, ERR_MISSING: the files; ERR_LIMIT: too many parts; others: the archive, see archive_reason(). */
enum err stick_write(struct stick_write *s);

#endif
