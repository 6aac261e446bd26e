/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ARCHIVE_PRIVATE_H
#define STORE_ARCHIVE_PRIVATE_H

/* What the files archive*.c share; nobody else includes it. */

#include "store/archive.h"
#include "store/content_tree.h"
#include "store/files.h"
#include "store/index.h"
#include "store/verdicts.h"

#define ARCHIVE_LOG_PREFIX "refs/igum/log/"
#define ARCHIVE_CONTENT_PREFIX "refs/igum/content/"
#define ARCHIVE_CHARTER_REF "refs/igum/charter"
#define ARCHIVE_FORK_PREFIX "refs/igum/fork/"
#define ARCHIVE_FORK_CONTENT_PREFIX "refs/igum/fork-content/"
#define ARCHIVE_FILE_PREFIX "refs/igum/file/"
#define ARCHIVE_PARTIAL_PREFIX "refs/igum/partial/"
#define ARCHIVE_REF_SIZE 192
#define ARCHIVE_PARTIALS 16 /* Files on their way at once, of which is known here what came. */

/* A branch of a log: the first one has no name (zeros), any other that of its first entry.  Each has a ref of its own. */
struct archive_branch {
    struct id log, name;
};

struct archive_fork { /* A branch with a name, and where its ref is. */
    struct archive_branch branch;
    struct sha1 target;
};

/* A file on its way: its chunks, and whether its ref says less than that. */
struct archive_partial {
    struct id digest;
    uint64_t size;
    struct file_state state;
    struct sha1 list;
    struct sha1 chunks[LIMIT_CHUNKS];
    bool has_ref, is_behind;
    struct sha1 ref; /* Where the ref is, if it has one. */
};

struct archive {
    enum archive_mode mode;
    bool broken;       /* A write failed in a way that leaves the disk unknown. */
    bool index_behind; /* The index lacks what git has. */
    bool is_bulky;     /* Large batches are indexed together, and their texts are read by archive_read_unread(). */
    bool expects_more; /* The next batch is a large one. */
    size_t at_once;    /* Entries: larger batches are large. */
    const struct parallel *parallel;
    bool keeps_words;  /* The words of what is indexed now are written after it. */
    struct search_batch *batch; /* Those that were taken; NULL: none yet. */
    bool is_judged;    /* archive_judge() has begun to follow trust. */
    uint64_t offices;  /* archive_offices() */
    struct git_backend *git;
    struct index *index;        /* NULL: none; everything is found by walking then. */
    struct frontier *heads;     /* Of a writer only: others move the refs of a reader. */
    struct archive_fork *forks; /* Likewise. */
    size_t fork_count, fork_size;
    struct segments *segments; /* Of a writer that sends; NULL: not open. */
    uint64_t erasures;         /* So often something was erased. */
    struct content_tree *tree; /* The contents that were read last, as of `tree_root`: neighbours are read next. */
    struct sha1 tree_root;
    struct archive_branch tree_branch; /* Whose it is. */
    struct id network;
    uint64_t texts_read; /* Since the search was merged. */
    bool words_are_checked; /* No text that was read lacks them. */
    size_t texts_joined; /* Since those that were read are seen by others. */
    bool merging;
    struct buffer charter;
    uint64_t store_id;
    struct archive_partial *partials[ARCHIVE_PARTIALS]; /* Of a writer; the one used last stands first. */
    char home[FILES_PATH_SIZE];
    char reason[400];
};

/* Writes what trust says of these documents (struct id), whose texts were just read, in the same transaction. */
enum err archive_judge_read(struct archive *a, struct trust *trust, const struct sorted *documents);

/* Sets the reason and returns `err`.  archive_fail_git() and _index() take it from below. */
enum err archive_fail(struct archive *a, enum err err, const char *format, ...) __attribute__((format(printf, 3, 4)));
enum err archive_fail_git(struct archive *a, enum err err);
enum err archive_fail_index(struct archive *a, enum err err);

/* Whether this archive takes writes; and after one: ERR_IO leaves nobody knowing what the disk holds, a lack of room leaves all as it was. */
enum err archive_may_write(struct archive *a);
enum err archive_wrote(struct archive *a, enum err err);

void archive_log_ref(const struct archive_branch *branch, char ref[ARCHIVE_REF_SIZE]);
void archive_content_ref(const struct archive_branch *branch, char ref[ARCHIVE_REF_SIZE]);
/* From what follows the prefix: a key, or with `fork` a key and a name. */
bool archive_read_ref(const char *part, bool fork, struct archive_branch *branch);

/* An entry read back; views are borrowed from `commit`. */
struct archive_entry {
    struct buffer commit;
    struct sha1 name;
    struct entry entry;
    struct id id;
    struct sha1 parent;
    struct id branch; /* By what finds an entry: the name of its branch. */
};
#define ARCHIVE_ENTRY ((struct archive_entry){.commit = BUFFER(LIMIT_COMMIT)})
void archive_entry_free(struct archive_entry *e);

/* Reads a commit as an entry of this network and of that log.  ERR_AUTH or ERR_FORMAT: it is not one. */
enum err archive_read_commit(struct archive *a, const struct id *log, const struct sha1 *name, struct archive_entry *e);
/* The same of one that was verified when it came here: its signature is not verified again. */
enum err archive_read_kept(struct archive *a, const struct id *log, const struct sha1 *name, struct archive_entry *e);

/* Calls back for each branch with what its ref says, first ones first; one that is damaged fails. */
typedef enum err archive_branch_fn(void *context, const struct archive_branch *branch, const struct sha1 *target);
enum err archive_each_branch(struct archive *a, archive_branch_fn *each, void *context);
enum err archive_each_fork(struct archive *a, archive_branch_fn *each, void *context);

/*
 * The commits of a branch from `target` back to its first entry, or to the first that `known` (may be NULL) says yes to, which
 * is not in it.  Newest first.
 */
struct archive_chain {
    struct sha1 *at;
    size_t count, size;
};
typedef bool archive_known_fn(void *context, const struct archive_entry *e);
enum err archive_gather_chain(struct archive *a, const struct archive_branch *branch, const struct sha1 *target,
                              archive_known_fn *known, void *context, struct archive_chain *chain);
void archive_chain_free(struct archive_chain *chain);

/* Without an index: reads the entries of a log (NULL: of all), each branch in its order, until the callback fails. */
typedef enum err archive_walk_fn(void *context, const struct archive_branch *branch, const struct archive_entry *e);
enum err archive_walk(struct archive *a, const struct id *log, archive_walk_fn *each, void *context);

/* The commit of an entry, by the index or, where that does not know, by walking: as the archive_read_entry() of that kind. */
enum err archive_locate(struct archive *a, const struct id *log, uint64_t seq, struct archive_entry *e);
enum err archive_locate_id(struct archive *a, const struct id *id, struct archive_entry *e);
enum err archive_locate_before(struct archive *a, const struct id *later, uint64_t seq, struct archive_entry *e);

/* The head that `target` is. */
enum err archive_head(struct archive *a, const struct id *log, const struct sha1 *target, struct head *head);

/* Of a writer: the head of a branch; false: there is none. */
bool archive_branch_head(const struct archive *a, const struct archive_branch *branch, struct head *head);
/* Of a writer: the branch that ends in this tip. */
struct archive_branch archive_branch_of(const struct archive *a, const struct head *tip);

/* Of a writer: notes that the ref of a branch was moved; `before` NULL: it is new. */
enum err archive_moved(struct archive *a, const struct archive_branch *branch, const struct head *before,
                       const struct head *after);

/* The contents of a branch; ERR_MISSING: it has none. */
enum err archive_open_contents(struct archive *a, const struct archive_branch *branch, struct content_tree **tree,
                               struct sha1 *root);

/* What an entry says of its content: false when it has none. */
bool archive_entry_content(const struct entry *entry, struct id *content);

/* Brings the index in step with the refs; it is filled anew when it knows what the refs do not. */
enum err archive_catch_up(struct archive *a);

/* What an append did with an item, and tells the index of. */
enum archive_done { ARCHIVE_NOTHING = 0, ARCHIVE_ENTRY_NEW = 1, ARCHIVE_CONTENT = 2, ARCHIVE_BOTH = 3 };
struct archive_change {
    enum archive_done done;
    struct id branch; /* Its name. */
};
enum err archive_index_items(struct archive *a, const struct item items[], const struct archive_change changes[],
                             size_t count);

/* Removes contents for good: from the refs, from every file of objects, and their words from the index. */
struct archive_place {
    struct archive_branch branch;
    uint64_t seq;
    struct id entry;
};
enum err archive_erase(struct archive *a, const struct archive_place places[], size_t count);

/* The full-text part of the index (archive_search.c). */
struct document;
struct content;
enum err archive_search_begin(struct archive *a); /* Forgets what was made by other means than are here now. */
/*
 * Takes what a search finds a revision by; archive_search_write() writes what was taken.  Apart: in a transaction of its own; what a
 * crash loses of it is found by archive_search_catch_up().
 */
enum err archive_search_take(struct archive *a, const struct index_entry *row, const struct document *document,
                             const struct content *content);
enum err archive_search_write(struct archive *a);
enum err archive_search_write_apart(struct archive *a);
void archive_search_drop(struct archive *a);
enum err archive_search_catch_up(struct archive *a); /* In transactions of its own. */
/* A step of merging when texts were read (index_search_merge()); `more`: another one is due. */
enum err archive_search_merge(struct archive *a, bool *more);
/* Before contents go: takes their words out, or all words, when that is the only way; archive_search_catch_up() then. */
enum err archive_search_forget(struct archive *a, const struct archive_place places[], size_t count);

/* ---- attachments ---- */

/* Makes what came of files on their way be found again, and forgets it here. */
enum err archive_settle_files(struct archive *a);
void archive_drop_partials(struct archive *a);

/* Takes the refs of a file away; its objects go with the next sweep. */
enum err archive_forget_file(struct archive *a, const struct id *digest);

/* Reads all of a file that is here.  ERR_AUTH: it is not what its ref says. */
enum err archive_verify_file(struct archive *a, const struct id *digest, const struct sha1 *target);

/* Calls back for the object that the ref of a file names, and for all that it leads to. */
enum err archive_each_chunk(struct archive *a, const struct sha1 *target, content_tree_name_fn *each, void *context);

/* ---- what refs lead to ---- */
struct archive_live {
    struct archive *a;
    struct sha1 *at; /* In order. */
    size_t count, size;
};
/* `trees_only`: the trees of contents that content_tree_is_index() says yes to; else everything but entries.  Free it also after an error. */
enum err archive_live_gather(struct archive *a, bool trees_only, struct archive_live *live);
bool archive_live_has(const struct archive_live *live, const struct sha1 *name);
void archive_live_free(struct archive_live *live);

/* Keeps the number of files bounded.  Its failure is nobody's but the next writer's. */
void archive_tidy(struct archive *a);

#endif
