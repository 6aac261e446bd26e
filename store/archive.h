/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

/*
 * What one node keeps: entries and contents in an ordinary bare git repository (docs/FORMAT.md, 8).  The repository is
 * the truth; the index beside it is derived and rebuilt without asking when it is missing, old or damaged.
 *
 * A writer holds the home's lock (files_lock()); any number of readers may be open beside it.
 */

#include "proto/file.h"
#include "proto/frontier.h"
#include "proto/item.h"
#include "proto/parallel.h"
#include "proto/trust.h"

struct archive;
struct segments; /* store/segments.h */

enum archive_mode {
    ARCHIVE_READ,
    ARCHIVE_WRITE,
    ARCHIVE_INSPECT, /* Reading what may be damaged: a charter that cannot be read is left empty, for archive_verify() to tell. */
};

/* Makes HOME/archive.git, durable on return.  ERR_EXISTS, ERR_IO, ERR_FULL. */
enum err archive_create(const char *home, const struct id *network);

/*
 * Opens it.  ARCHIVE_WRITE: the caller holds the lock; stale locks and temporary files of a crash are removed, and the
 * index is caught up.  ERR_MISSING: no archive here.  ERR_FORMAT: it is damaged; archive_open_reason() tells.
 */
enum err archive_open(const char *home, enum archive_mode mode, struct archive **archive);
/* As a writer of an archive that was just made and has no index yet: whoever opens it next makes that. */
enum err archive_open_staged(const char *home, struct archive **archive);
void archive_close(struct archive *a);

struct id archive_network(const struct archive *a);

/* The charter's text, empty while it is not known.  Lent until archive_close(). */
struct bytes archive_charter(const struct archive *a);
enum err archive_set_charter(struct archive *a, struct bytes text);

/* Random, made with the archive, new after a restore. */
uint64_t archive_store_id(const struct archive *a);
/* Makes a new one, durably: what others remember of the old one does not concern this archive any more. */
enum err archive_renew_store_id(struct archive *a);

/*
 * Makes verified items durable: entries of any logs and branches, each after the one before it, contents with them or later.  Little is written
 * by the journal, much as one pack.  Success means: on disk, read back, refs moved.  What is here already is passed
 * over.  ERR_FULL: nothing of it counts, reading goes on, and the same items may be handed over again.  ERR_IO: the
 * archive writes no more until it is opened again.  ERR_GAP, ERR_AUTH: the items were not verified.
 */
enum err archive_append(struct archive *a, const struct item items[], size_t count);

/* Whether a crash left what the journal alone tells: only archive_open() for writing brings it into its place. */
bool archive_is_unfinished(const char *home);

/*
 * What came by the journal is made durable in its own place, so that the journal is short, and the index empties its log: some time
 * after an append, when nothing else is to be done.  NULL: there is nothing to do.  The middle one is for another thread.
 * `a` NULL: it was closed since.  ERR_IO from the end: as from archive_append().
 */
struct archive_settling;
struct archive_settling *archive_settling_begin(struct archive *a);
enum err archive_settling_run(struct archive_settling *settling);
enum err archive_settling_end(struct archive *a, struct archive_settling *settling, enum err err);

/*
 * What came in bulk was stored as it came, for somebody waited: compresses some MiB of it, by a writer, when nobody does, or joins some
 * MiB of small packs and single objects where there are many.  Whether there is more.  What is damaged, or finds no room, is left as it is until the archive is opened again.
 */
bool archive_shrink(struct archive *a);

/* By a writer that expects single entries: what their objects need is made now, and not when somebody waits for one. */
void archive_make_room(struct archive *a);

/*
 * Brings the index, and what is kept, in step with what trust says of documents and offices: states, approvals and who holds what are
 * written for those that read the index alone, and the contents of erased documents go for good.  By a writer: once after archive_open(), and
 * after each append, when `trust` knows all entries that are here.  A failure is mended by the next call after opening anew.
 */
enum err archive_judge(struct archive *a, struct trust *trust);

/* Likewise with what trust said of them (store/verdicts.h) when it knew just the entries that are here; after the first archive_judge(). */
struct verdicts;
enum err archive_write_verdicts(struct archive *a, const struct verdicts *verdicts);
uint64_t archive_offices(const struct archive *a); /* trust_offices() of those that are written; 0: none were. */

/*
 * Who holds which office, as whoever writes here left it, without loading trust.  `heads` are those that archive_load_frontier() found
 * just before.  ERR_MISSING: it does not follow from just these entries, or not yet; only trust can tell.
 */
struct roster;
enum err archive_read_roster(struct archive *a, const struct frontier *heads, struct roster *roster);

/*
 * From now on batches of more than `at_once` entries are indexed together: others see them in the index after
 * archive_flush_index(), at the latest a second later, say, or when a smaller one comes.  Their texts are not read meanwhile: the index
 * has their entries, and their documents, with what these say (titles, words) and what `trust` says of them, when archive_read_unread()
 * has come to them, some `limit` at a time.  What waits is noted in the index and outlives the process.  `trust` is as for
 * archive_judge(); NULL: there is none.  With `at_once` 0 nobody reads here yet, and closing leaves to the next writer what can wait.
 */
void archive_read_later(struct archive *a, size_t at_once);
void archive_expect_more(struct archive *a); /* The next batch is as a large one, however small: more follows. */
bool archive_index_is_flushed(const struct archive *a);
enum err archive_flush_index(struct archive *a);
/* After much work, as at a start or behind many texts, when there is none: memory that only this took is given back. */
void archive_rest(struct archive *a);
enum err archive_read_unread(struct archive *a, struct trust *trust, size_t limit, bool *more);
uint64_t archive_unread(struct archive *a);

/* From now on large batches are made ready by several threads: lent, until archive_close(). */
void archive_work_parallel(struct archive *a, const struct parallel *parallel);

/* The tips of all logs, filled into an empty frontier. */
enum err archive_load_frontier(struct archive *a, struct frontier *frontier);

/*
 * Calls back for every entry, in any order; the views live during the call.  Signatures are there only while the charter is
 * not known: then there are few.
 */
typedef enum err archive_entry_fn(void *context, const struct entry *entry, const struct id *id);
enum err archive_load_entries(struct archive *a, archive_entry_fn *each, void *context);

/* Calls back for every entry whose content is not here. */
typedef enum err archive_missing_fn(void *context, const struct id *entry, const struct id *content);
enum err archive_load_missing(struct archive *a, archive_missing_fn *each, void *context);

/* Append the wire form of an entry: of that seq on the way to the log's main head (frontier_find()); with that id.  ERR_MISSING. */
enum err archive_read_entry(struct archive *a, const struct id *log, uint64_t seq, struct buffer *wire);
enum err archive_read_entry_of(struct archive *a, const struct id *entry, struct buffer *wire);
/* The same of that seq on the way to the entry `later`, which may be itself; says which it is. */
enum err archive_read_entry_before(struct archive *a, const struct id *later, uint64_t seq, struct id *entry,
                                   struct buffer *wire);

/* Append the packed content of an entry, verified by its digests; ERR_MISSING: not here.  ERR_AUTH: damaged on disk. */
enum err archive_read_content(struct archive *a, const struct id *log, uint64_t seq, struct buffer *packed);
enum err archive_read_content_of(struct archive *a, const struct id *entry, struct buffer *packed);
/* The same, for those who take the index's word for which content an entry names: the entry itself is not read. */
enum err archive_read_listed(struct archive *a, const struct id *entry, struct buffer *packed);

/*
 * Appends the text of a content by git's name of it, which the index has: it was verified when it came there, and the name holds
 * it to that.  One object is read, where a content takes several.  ERR_MISSING.
 */
enum err archive_read_text(struct archive *a, const struct sha1 *name, struct buffer *text);

/* ---- attachments: by their digests, chunk by chunk ---- */

/*
 * Makes the bytes of a verified chunk durable, and sooner or later that they belong to its file; `whole` says that all of it now is.  What is here already is passed over.  ERR_FULL, ERR_IO: as
 * of archive_append().
 */
enum err archive_add_chunk(struct archive *a, const struct file_chunk *chunk, bool *whole);

/* What is here of a file; nothing when nothing is, or what is there cannot be read. */
void archive_file_state(struct archive *a, const struct id *digest, uint64_t size, struct file_state *state);

/* Whether all of it is here. */
bool archive_has_file(struct archive *a, const struct id *digest);

/* Appends one chunk.  ERR_MISSING: it is not here.  ERR_AUTH: damaged on disk. */
enum err archive_read_chunk(struct archive *a, const struct id *digest, uint64_t size, size_t index, struct buffer *out);

/*
 * Calls back for every attachment that a content here names and that is not here: with the entry that publishes it.  Nothing without an index.
 */
typedef enum err archive_absent_fn(void *context, const struct id *entry, const struct id *digest, uint64_t size);
enum err archive_load_absent(struct archive *a, archive_absent_fn *each, void *context);

/* Calls back for each attachment of an entry; ERR_MISSING: no content of such an entry is here. */
typedef enum err archive_attachment_fn(void *context, const struct id *entry, const struct id *digest, uint64_t size,
                                       bool here);
enum err archive_each_attachment(struct archive *a, const struct id *entry, archive_attachment_fn *each, void *context);

/*
 * Forgets files that no content names: a publication that was cut short leaves them.  By a writer who knows that nothing
 * signed waits for being appended.
 */
enum err archive_forget_unnamed(struct archive *a);

/* Whether the content of that entry names the file, and says its size. */
bool archive_names_file(struct archive *a, const struct id *entry, const struct id *digest, uint64_t *size);

/* The frames of old history, of a writer; opened by the first call.  NULL: none can be kept now. */
struct segments *archive_segments(struct archive *a);

/* Changes when something was erased: what was read before must not be sent any more. */
uint64_t archive_erasures(const struct archive *a);

/* Finds an entry by its id; ERR_MISSING. */
enum err archive_find(struct archive *a, const struct id *entry, struct id *log, uint64_t *seq);

/* Whether an entry is in that log: where the index does not know it the log itself is read, for a running node tells the index of much a second later.  ERR_MISSING. */
enum err archive_find_in(struct archive *a, const struct id *log, const struct id *entry);

/* Finds the entry of that seq, on any branch, whose id begins so, as the head of what leads to it; ERR_MISSING. */
enum err archive_find_head(struct archive *a, const struct id *log, uint64_t seq, struct bytes beginning,
                           struct head *head);

struct archive_damage {
    struct id log;
    uint64_t seq;
    const char *what; /* "entry", "signature", "content", "ref", "object" ... */
    char detail[160]; /* A sentence for people. */
};
typedef void archive_damage_fn(void *context, const struct archive_damage *damage);
struct archive_report {
    uint64_t entries, contents, contents_missing, bad;
    uint64_t contents_erased; /* Not missing, but gone for good. */
    uint64_t files, files_missing; /* Attachments that are wholly here; that contents here name and are not. */
};
/* Reads everything: every log from head to seq 1, every signature, every content.  ERR_OK also when there is damage. */
enum err archive_verify(struct archive *a, archive_damage_fn *each, void *context, struct archive_report *report);

/* Why the last call failed, for people; never NULL.  archive_open_reason(): for a failed archive_create() or archive_open(). */
const char *archive_reason(const struct archive *a);
const char *archive_open_reason(void);

#endif
