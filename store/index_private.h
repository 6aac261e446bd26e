/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_INDEX_PRIVATE_H
#define STORE_INDEX_PRIVATE_H

/* What the files index*.c share; nobody else includes it. */

#include "store/database.h"
#include "store/index.h"

enum index_query {
    INDEX_CLEAR_LOGS,
    INDEX_CLEAR_ENTRIES,
    INDEX_CLEAR_REVISIONS,
    INDEX_CLEAR_DOCUMENTS,
    INDEX_CLEAR_APPROVALS,
    INDEX_CLEAR_CONTACTS,
    INDEX_CLEAR_TOPICS,
    INDEX_CLEAR_PARTS,
    INDEX_CLEAR_ATTACHMENTS,
    INDEX_CLEAR_STAMP,
    INDEX_CLEAR_ROSTER,
    INDEX_CLEAR_UNREAD,
    INDEX_RECALL, /* The last of what index_clear() does. */
    INDEX_ADD_UNREAD,
    INDEX_FIRST_UNREAD,
    INDEX_DROP_UNREAD,
    INDEX_COUNT_UNREAD,
    INDEX_FIND_UNREAD,
    INDEX_COUNT_UNREAD_DOCUMENTS,
    INDEX_FIND_LOG,
    INDEX_FIND_PARENT,
    INDEX_ADD_LOG,
    INDEX_MOVE_HEAD,
    INDEX_ADD_ENTRY,
    INDEX_SET_CONTENT,
    INDEX_FIND_MAIN,
    INDEX_FIND_AT,
    INDEX_FIND_ID,
    INDEX_EACH_AT,
    INDEX_FIND_BRANCH,
    INDEX_FIND_HEAD,
    INDEX_FIND_BRANCH_HEAD,
    INDEX_EACH_HEAD,
    INDEX_EACH_LOG,
    INDEX_EACH_OF_LOG,
    INDEX_EACH_MISSING,
    INDEX_EACH_NEWEST,
    INDEX_ADD_REVISION,
    INDEX_ADD_DOCUMENT,
    INDEX_PICK_REVISION,
    INDEX_SHOW_NEWEST,
    INDEX_SHOW_REVISION,
    INDEX_JUDGE_DOCUMENT,
    INDEX_JUDGE_REVISION,
    INDEX_FORGET_APPROVALS,
    INDEX_ADD_APPROVAL,
    INDEX_EACH_APPROVAL,
    INDEX_SET_STAMP,
    INDEX_FIND_STAMP,
    INDEX_SET_ROSTER,
    INDEX_FIND_ROSTER,
    INDEX_EACH_DOCUMENT,
    INDEX_EACH_OF_KIND,
    INDEX_EACH_OF_KIBBUTZ,
    INDEX_PAGE,
    INDEX_PAGE_OF_KIND,
    INDEX_PAGE_OF_KIBBUTZ,
    INDEX_EACH_DOUBTFUL,
    INDEX_EACH_ARRIVAL,
    INDEX_EACH_ARRIVAL_OF_KIND,
    INDEX_EACH_ARRIVAL_OF_KIBBUTZ,
    INDEX_COUNT_OF_KIND,
    INDEX_COUNT_OF_KIBBUTZ,
    INDEX_FIND_CHANGED,
    INDEX_COUNT_RECALLS,
    INDEX_EACH_REVISION,
    INDEX_EACH_HISTORY,
    INDEX_FIND_DOCUMENT,
    INDEX_ADD_ATTACHMENT,
    INDEX_SET_FILE,
    INDEX_FORGET_ATTACHMENTS,
    INDEX_EACH_ATTACHMENT,
    INDEX_EACH_NAMING,
    INDEX_EACH_ABSENT,
    INDEX_NAMES_FILE,
    INDEX_COUNT_ATTACHMENTS,
    INDEX_COUNT,
    INDEX_EXTENT,
    INDEX_COUNT_AWAITED,
    INDEX_FIND_REVISION,
    INDEX_FORGET_CONTACTS,
    INDEX_FORGET_TOPICS,
    INDEX_FORGET_PARTS,
    INDEX_ADD_CONTACT,
    INDEX_ADD_TOPIC,
    INDEX_ADD_PART,
    INDEX_EACH_PART,
    INDEX_EACH_BOOK,
    INDEX_EACH_MINUTES,
    INDEX_EACH_DECISION,
    INDEX_EACH_RULING,
    INDEX_EACH_SUBJECT,
    INDEX_EACH_SHARE,
    INDEX_NEXT_PERSON,
    INDEX_FIND_CONTACT,
    INDEX_FIND_VERSION,
    INDEX_SEARCH_NUMBER,
    INDEX_SEARCH_BEFORE,
    INDEX_SEARCH_TAKEN,
    INDEX_SEARCH_ADD_ROW,
    INDEX_SEARCH_ADD_TEXT,
    INDEX_SEARCH_REMOVE_ROW,
    INDEX_SEARCH_REMOVE_TEXT,
    INDEX_SEARCH_SCRUB,
    INDEX_SEARCH_MERGE,
    INDEX_SEARCH_MERGE_AT,
    INDEX_SEARCH_CLEAR_ROWS,
    INDEX_SEARCH_CLEAR_TEXTS,
    INDEX_SEARCH_MEANS,
    INDEX_SEARCH_SET_MEANS,
    INDEX_SEARCH_MISSING,
    INDEX_SEARCH_BEHIND,
    INDEX_SEARCH_FIND,
    INDEX_SEARCH_REVISION,
    INDEX_QUERY_COUNT
};

struct index {
    struct database *database;
    bool hides_kibbutz; /* index_hide_kibbutz() */
    bool joined;        /* index_join() */
};

/* Says that a row is damaged: ERR_FORMAT. */
enum err index_damaged(struct index *index);

/* What a revision says that can be asked for: index_fact.c.  `number`: of its row, if that was just made; 0: it may be an old one. */
enum err index_replace_facts(struct index *index, const struct index_revision *revision, uint64_t number);

/* Reads a row of SELECT_REVISION in index.c. */
enum err index_read_revision(struct index *index, struct database_query *row, struct index_revision *revision);

void index_bind_id(struct database_query *query, int at, const struct id *id);
bool index_read_id(struct database_query *row, int at, struct id *id);
bool index_read_id_or_null(struct database_query *row, int at, struct id *id); /* Zeros for NULL. */

#endif
