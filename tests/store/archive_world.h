/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ARCHIVE_WORLD_H
#define STORE_ARCHIVE_WORLD_H

/* An archive that tests make and take apart, and one writer's log for it. */

#include "store/archive.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

struct world {
    struct home directory;
    char home[160];
    struct id network;
    struct archive *a;
    struct scribe scribe;
};

struct damages {
    struct archive_damage last;
    unsigned count;
};

struct loaded {
    struct world *world;
    size_t count;
};

/* For writing. */
void world_open(struct world *w);
void world_close(struct world *w);
void world_reopen(struct world *w);
/* Of a cmocka test: `state` becomes a struct world with an open archive, empty. */
int world_setup(void **state);
int world_teardown(void **state);
/* Of a file in the repository; four are remembered. */
const char *world_path(const struct world *w, const char *name);
/* That stock git finds no fault. */
bool world_git_is_content(const struct world *w);
void world_publish(struct scribe *s, const char *text, struct scribe_item *made);
void world_append(struct world *w, const struct item *item);
/* Publishes and appends one text, then lets go of it. */
void world_append_text(struct world *w, struct scribe *s, const char *text);
/* As it was made. */
void world_assert_has(struct archive *a, const struct scribe_item *made, bool with_content);
/* The seq of the log's last entry; 0: none. */
uint64_t world_head_of(struct archive *a, const struct id *log);
/* For archive_verify(); `context`: a struct damages. */
void world_note_damage(void *context, const struct archive_damage *damage);
/* Fails where something is damaged, unless `damages` takes it. */
struct archive_report world_verify(struct archive *a, struct damages *damages);
/* The seqs of entries whose contents are not here, as the digits of a number. */
uint64_t world_missing(struct archive *a);
/* For archive_load_entries(); `context`: a uint64_t, to which the seq is added as a digit. */
enum err world_count_entry(void *context, const struct entry *entry, const struct id *id);
/* What the index tells of an entry is what the entry says, but for its signature.  `context`: a struct loaded. */
enum err world_compare_entry(void *context, const struct entry *entry, const struct id *id);

#endif
