/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

/*
 * The index beside the archive: which entries, contents and documents are here, in a form that can be asked.  The only
 * user of SQLite.  Everything in it is derived from the repository, so it is never repaired: what is of another version
 * or damaged is thrown away, and the archive fills it again.
 *
 * One process writes (it holds the home's lock), others read beside it.  A failed call leaves an open transaction to be
 * rolled back.  ERR_FORMAT from any call but index_open(): the file is damaged; close it and open it for writing again.
 * ERR_IO and ERR_FULL: as everywhere.
 */

#include "proto/buffer.h"
#include "proto/entry.h"
#include "proto/trust.h"
#include "store/front_matter.h"
#include "store/minutes.h"

#define INDEX_FILE "index.sqlite" /* In a home. */

struct index;

/*
 * Opens the file, made when it is missing and `write` is set.  `rebuilt` (may be NULL when reading) says that it is empty
 * because it was missing, damaged or of another version.  Reading: ERR_MISSING, ERR_FORMAT.  Writing: ERR_IO, ERR_FULL.
 */
enum err index_open(const char *path, bool write, struct index **index, bool *rebuilt);
void index_close(struct index *index);

/*
 * Leaves revisions that are for their kibbutz alone out of all that is told of documents from now on: index_each_document() to
 * index_each_person().  Entries are found nevertheless.
 */
void index_hide_kibbutz(struct index *index, bool hide);

/* Why the last call failed, for people; never NULL. */
const char *index_reason(const struct index *index);

/* Single calls are transactions of their own; batches belong between these. */
enum err index_begin(struct index *index);
enum err index_commit(struct index *index);
void index_rollback(struct index *index); /* Fine when nothing was begun. */

/*
 * Batches in a row, as one: index_join() begins a transaction, or goes on with the one it began before.  It ends with
 * index_flush(), and when index_begin() begins another; till then nobody else sees what is in it, and with index_rollback() or
 * the process all of it is lost.
 */
enum err index_join(struct index *index);
bool index_is_joined(const struct index *index);
enum err index_flush(struct index *index); /* Fine when nothing was joined. */

/* Closing leaves in the write-ahead log what is there: the next writer moves it. */
void index_leave_log(struct index *index);

/* After a walk through all of it, or much work: few of its pages are kept at hand. */
void index_rest(struct index *index);

/* As database_log_is_long(), but not amid batches in a row; and database_empty_log(). */
bool index_log_is_long(const struct index *index);
void index_empty_log(const char *path);

/* Forgets everything. */
enum err index_clear(struct index *index);

/* ---- entries ---- */

/* INDEX_ERASED: it was removed for good; it is neither asked for nor stored again. */
enum index_content { INDEX_NO_CONTENT, INDEX_MISSING, INDEX_HERE, INDEX_ERASED };

/*
 * A log is kept as branches: runs of entries, each of which is the ref of a repository (docs/FORMAT.md, 8).  The first has no
 * name; any other has that of its first entry, and hangs from `prev` of that.  A log whose key never signed two
 * entries on one has one branch.
 */
struct index_entry {
    struct id log;
    struct id branch; /* zeros: the first. */
    uint64_t seq;
    struct id entry;
    struct id prev; /* zeros at seq 1.  When read: only by index_each_entry(). */
    struct sha1 commit;
    uint64_t clock;
    struct id kibbutz; /* The seat of its log ... */
    enum role role;    /* ... at every seq, as in struct head. */
    struct id root;
    enum act act;
    struct bytes act_name; /* ACT_UNKNOWN: its name; else empty. */
    struct bytes lines;    /* The act's.  When read: lent, and only by index_each_entry(). */
    struct id document;    /* publish: the entry itself; revise and withdraw: the line; zeros else. */
    struct id content;     /* zeros when INDEX_NO_CONTENT. */
    enum index_content has_content;
    enum act_audience audience; /* publish and revise. */
};

/*
 * Adds an entry, or replaces its row.  An entry comes after the one before it; the head of its branch moves when its seq is
 * greater.  ERR_MISSING: it begins a branch that hangs from nothing that is here.
 */
enum err index_add_entry(struct index *index, const struct index_entry *entry);

/* Says where the content of an entry is; what is erased stays so.  ERR_MISSING: no such entry, or it has no content. */
enum err index_set_content(struct index *index, const struct id *entry, enum index_content content);

/* The entry of that seq on the way to the log's main head (frontier_find()); ERR_MISSING. */
enum err index_find(struct index *index, const struct id *log, uint64_t seq, struct index_entry *entry);
enum err index_find_id(struct index *index, const struct id *id, struct index_entry *entry);
/* The entry of that seq, on any branch, whose id begins so. */
enum err index_find_beginning(struct index *index, const struct id *log, uint64_t seq, struct bytes beginning,
                              struct index_entry *entry);
/* The entry of that seq on the way to the one with this id, which may be itself. */
enum err index_find_before(struct index *index, const struct id *later, uint64_t seq, struct index_entry *entry);

/* The main head of a log; ERR_MISSING: no such log. */
enum err index_find_head(struct index *index, const struct id *log, struct head *head);
/* The head of one branch; `branch` zeros: the first. */
enum err index_find_branch(struct index *index, const struct id *log, const struct id *branch, struct head *head);

/*
 * Iteration.  The callback's view lives during the call; what it returns but ERR_OK ends the iteration and is returned.
 * It may ask the index, but neither change it nor start the same iteration.
 */
typedef enum err index_entry_fn(void *context, const struct index_entry *entry);
typedef enum err index_head_fn(void *context, const struct head *head);

/* The head of every branch, ascending by key, seq and entry id. */
enum err index_each_head(struct index *index, index_head_fn *each, void *context);
/* All entries, with `prev` and `lines`; each branch in order, and after the one that it hangs from. */
enum err index_each_entry(struct index *index, index_entry_fn *each, void *context);
/* Entries whose content is not here; each log in order. */
enum err index_each_missing(struct index *index, index_entry_fn *each, void *context);
/* The newest entries by clock, newest first, at most `limit`, after leaving out `offset`. */
enum err index_each_newest(struct index *index, uint64_t limit, uint64_t offset, index_entry_fn *each, void *context);

/* ---- documents ---- */

/* One revision of a document.  The texts may be empty: while the content is not here, or nothing is said there. */
struct index_revision {
    struct id document;
    struct id revision; /* The publish or revise entry. */
    struct id log;      /* Its author's key. */
    uint64_t seq;
    uint64_t clock;
    struct id kibbutz;
    enum role role;
    enum act_audience audience;
    struct bytes title, kind, number, date, body, language;
    /* Only when added; NULL: nothing is said there, or no more. */
    const struct front_matter *front; /* Its contacts and topics ... */
    const struct minutes *minutes;    /* ... and what was decided. */
    /* Filled in when read: */
    uint64_t revisions;           /* How many the document has. */
    bool here;                    /* Its content is here. */
    struct trust_verdict verdict; /* Of this revision; TRUST_UNKNOWN before it was judged. */
    struct trust_document judged; /* Of the document; TRUST_PROPOSED without approvals before. */
};

/*
 * Adds a revision, or replaces its texts: first empty ones, again when its content comes or is erased.  In any order.  Until
 * index_judge() says which revision of a document is shown, it is the newest.
 */
enum err index_add_revision(struct index *index, const struct index_revision *revision);

typedef enum err index_revision_fn(void *context, const struct index_revision *revision);

struct index_filter { /* Zero-initialised: everything. */
    struct bytes kind;
    const struct id *kibbutz;
    const struct id *log; /* Its author's key. */
    struct bytes body;
    unsigned year;                 /* Of its number, or else its date. */
    const enum trust_state *state; /* NULL: any. */
    uint64_t since;                /* A clock. */
    bool with_void;  /* Also void documents. */
    bool by_arrival; /* By when they were signed, and not by their own date. */
    uint64_t limit; /* 0: no limit. */
    uint64_t offset;
};

/* Notes a revision whose text is to be read later; takes the one that waits longest, ERR_MISSING: none does; counts them. */
enum err index_add_unread(struct index *index, const struct id *revision);
enum err index_take_unread(struct index *index, struct id *revision);
enum err index_count_unread(struct index *index, uint64_t *count);
enum err index_find_unread(struct index *index, const struct id *revision); /* ERR_MISSING: it does not wait. */
/* The documents of which nothing stands here yet but what waits. */
enum err index_count_unread_documents(struct index *index, uint64_t *count);

/*
 * The revision of each document that counts, newest first: by its own date (running_number_day()), and those of one day as they
 * were signed.
 */
enum err index_each_document(struct index *index, const struct index_filter *filter, index_revision_fn *each,
                             void *context);

/*
 * For whoever keeps what was read here.  Grows whenever something may have changed that stands in the index of one document: its
 * revisions, their texts, its judgement; ERR_MISSING: there is no such document.
 */
enum err index_changed(struct index *index, const struct id *document, uint64_t *count);
/*
 * Grows whenever anything was taken back that others may have read: content was erased, a document became withdrawn, contested or
 * void, an earlier revision is shown again or one for the kibbutz alone, or the index was made anew.
 */
enum err index_recalls(struct index *index, uint64_t *count);

/* All revisions of a document, newest first. */
enum err index_each_revision(struct index *index, const struct id *document, index_revision_fn *each, void *context);
/* The same, for use within a callback of the above. */
enum err index_each_history(struct index *index, const struct id *document, index_revision_fn *each, void *context);

/*
 * Finds a document by the first digits of its id, at least INDEX_PREFIX_MIN of them, upper or lower case.  ERR_MISSING:
 * none begins so, or that is no beginning of an id (index_reason() tells which); ERR_EXISTS: several begin so.
 */
#define INDEX_PREFIX_MIN 4
enum err index_find_document(struct index *index, const char *prefix, struct id *document);

/* ---- what documents say: books, decisions, people ---- */

/* The agenda and the decisions of minutes, in their order. */
typedef enum err index_part_fn(void *context, bool is_decision, struct bytes text);
enum err index_each_part(struct index *index, const struct id *revision, index_part_fn *each, void *context);

/* The minutes of one body of a kibbutz in one year; without void ones, as everywhere below. */
struct index_book {
    struct id kibbutz;
    struct bytes body; /* Lent. */
    unsigned year;
    uint64_t minutes;  /* How many ... */
    uint64_t numbers;  /* ... with how many different running numbers ... */
    unsigned last;     /* ... of which this is the last; 0: none has one. */
};
typedef enum err index_book_fn(void *context, const struct index_book *book);
/* By kibbutz and body, newest years first. */
enum err index_each_book(struct index *index, index_book_fn *each, void *context);
/* The revisions that count of one book, by running number; those without one at the end. */
enum err index_each_minutes(struct index *index, const struct index_book *book, uint64_t limit, index_revision_fn *each,
                            void *context);

/* Decisions: documents of that kind, and what minutes say was decided; then `text` says it, and `place` tells them apart. */
struct index_decision {
    struct index_revision revision;
    struct bytes text;
    uint64_t place;
};
struct index_decision_filter { /* Zero-initialised: all. */
    const enum trust_state *state;
    const struct id *kibbutz;
    struct bytes body, topic;
    bool documents_only;
    uint64_t limit, offset; /* 0: no limit. */
};
typedef enum err index_decision_fn(void *context, const struct index_decision *decision);
/* Newest first, as index_each_document(). */
enum err index_each_decision(struct index *index, const struct index_decision_filter *filter, index_decision_fn *each,
                             void *context);

/* What documents of a kind (empty: of all) are about, most of them first. */
typedef enum err index_subject_fn(void *context, struct bytes topic, uint64_t documents);
enum err index_each_subject(struct index *index, struct bytes kind, uint64_t limit, index_subject_fn *each,
                            void *context);

/* How many documents each kibbutz has published. */
typedef enum err index_share_fn(void *context, const struct id *kibbutz, uint64_t documents);
enum err index_each_share(struct index *index, index_share_fn *each, void *context);

/* Whom documents name as somebody to ask: one of a name and kibbutz, as last confirmed, with the document that says so. */
struct index_person {
    struct bytes name, phone, role, kibbutz, confirmed; /* Lent. */
    struct id document;
    struct bytes title;
};
typedef enum err index_person_fn(void *context, const struct index_person *person);
/* By name; of one topic, unless empty. */
enum err index_each_person(struct index *index, struct bytes topic, index_person_fn *each, void *context);

/* Changes whenever another process has changed the index. */
enum err index_version(struct index *index, uint64_t *version);

/* ---- what trust says of documents and offices; written by who writes the archive (archive_judge()), for those that read the index alone ---- */

/* What trust_document() said.  ERR_MISSING: there is no such document here. */
enum err index_judge(struct index *index, const struct trust_document *judged);
/* What trust_entry() said of a revision, and trust_approval_at() of who approved it: earlier ones are forgotten. */
enum err index_judge_revision(struct index *index, const struct id *revision, const struct trust_verdict *verdict,
                              const struct trust_approval approvals[], size_t count);

typedef enum err index_approval_fn(void *context, const struct trust_approval *approval);
enum err index_each_approval(struct index *index, const struct id *revision, index_approval_fn *each, void *context);

/*
 * Who holds which office (roster_encode(), store/roster.h), and a number that is another one whenever that changed.  `out` NULL: only the
 * number is asked for; empty: it is not known.
 */
enum err index_set_roster(struct index *index, struct bytes roster);
enum err index_roster(struct index *index, uint64_t *number, struct buffer *out);

/* After something was erased: leaves no earlier form of it in the files. */
void index_scrub(struct index *index);

/* What the judgements follow from; zeros: nothing yet. */
enum err index_set_stamp(struct index *index, const struct id *stamp);
enum err index_stamp(struct index *index, struct id *stamp);

/* ---- attachments: what the contents that are here name beside their text ---- */

struct index_attachment {
    struct id entry;   /* Which publishes it. */
    uint64_t place;    /* In the manifest, from 0. */
    struct bytes name; /* Lent during the call. */
    struct id digest;
    uint64_t size;
    bool here; /* Else it is still on its way. */
};

enum err index_add_attachment(struct index *index, const struct index_attachment *attachment);
/* Says that a file is here, for all that name it. */
enum err index_set_file(struct index *index, const struct id *digest);
enum err index_forget_attachments(struct index *index, const struct id *entry);

typedef enum err index_attachment_fn(void *context, const struct index_attachment *attachment);
enum err index_each_attachment(struct index *index, const struct id *entry, index_attachment_fn *each, void *context);
/* Of every entry that names this file; for use within a callback of the above too. */
enum err index_each_naming(struct index *index, const struct id *digest, index_attachment_fn *each, void *context);
/* Those that are not here, a file as often as it is named. */
enum err index_each_absent(struct index *index, index_attachment_fn *each, void *context);
enum err index_names_file(struct index *index, const struct id *digest, bool *named);

/* How many attachments an entry publishes, and how many of them are still on their way: for lists and pages. */
enum err index_count_attachments(struct index *index, const struct id *entry, uint64_t *total, uint64_t *absent);

struct index_counts {
    uint64_t entries, documents, contents_missing;
    uint64_t contents_erased, documents_void, documents_contested;
    uint64_t files_missing; /* Attachments that are still on their way. */
};
enum err index_count(struct index *index, struct index_counts *counts);

struct index_extent { /* Of them, what takes next to no time: 3 ms of 100,000 documents. */
    uint64_t newest;  /* The clock of the newest entry; 0: there is none. */
    uint64_t documents;
};
enum err index_extent(struct index *index, struct index_extent *extent);
/* The missing contents that may still come: not those for another kibbutz alone.  `own` NULL: which one is ours is not known. */
enum err index_count_awaited(struct index *index, const struct id *own, uint64_t *count);

#endif
