/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STICK_READ_H
#define NODE_STICK_READ_H

/*
 * Takes bundle files in from a stick: a hostile peer's bytes, each frame on its own, by the running node or, when none runs, under
 * the home's lock.  No path that stands in a file is ever looked at, and nothing but the named plain files is opened.
 */

#include "proto/buffer.h"
#include "proto/bundle_file.h"
#include "store/archive.h"

struct stick_file { /* What one file turned out to be. */
    const char *path;
    enum err unread;               /* Why nothing of it could be read: ERR_MISSING, ERR_IO; ERR_FORMAT: it is no plain file. */
    enum err odd;                  /* What is wrong with its header: ERR_FORMAT, ERR_VERSION, ERR_NETWORK. */
    struct bundle_file_header header;
    uint64_t frames, taken, known; /* Whole ones; those that brought something; those of which all was here. */
    uint64_t receipts;             /* New ones. */
    uint64_t damaged;              /* Bytes that are no whole frame. */
    uint64_t refused;              /* Frames that are whole and hold what nobody of this network signed so. */
    bool is_cut;                   /* It ends before its end. */
    bool is_whole;                 /* Every byte is as it was written. */
};

#define STICK_FILES 1000 /* At once. */

struct stick_read {
    const char *home;
    struct archive *archive; /* Of that home, for reading. */
    struct id network;
    struct stick_file *files;
    size_t count;
    uint64_t left_out;  /* Entries that rest on what is neither here nor on the stick, after the last turn. */
    char reason[320];   /* Of an error. */
};

/*
 * ERR_OK: all files were read to their end, `files` tells what came of each.  ERR_BUSY: another process holds the home; ERR_FULL,
 * ERR_IO, ERR_MEMORY: what is taken in until then stays.
 */
enum err stick_read(struct stick_read *s);

/* The network's founding text, appended to `charter`, from the first of these files that has it.  ERR_MISSING: none has. */
enum err stick_read_charter(struct stick_read *s, struct buffer *charter);

#endif
