/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"
#include "store/index_search.h"

#include <assert.h>
#include <stdlib.h>

#define SCHEMA_VERSION 15

/* Numbers of enums are written to disk: a change of one is a new SCHEMA_VERSION. */
static const char *const TABLES[] = {
    /* A row of `log` is a branch; `name` is empty for the first one of a key.  A parent's number is the lower one. */
    "CREATE TABLE log (number INTEGER PRIMARY KEY, key BLOB NOT NULL, name BLOB NOT NULL, parent INTEGER, first INTEGER"
    " NOT NULL, prev BLOB NOT NULL, kibbutz BLOB NOT NULL, role INTEGER NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT"
    " NULL, sha1 BLOB NOT NULL, clock INTEGER NOT NULL, UNIQUE (key, name));"
    "CREATE TABLE entry (log INTEGER NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL, sha1 BLOB NOT NULL,"
    " clock INTEGER NOT NULL, act INTEGER NOT NULL, document BLOB, content BLOB, here INTEGER NOT NULL,"
    " audience INTEGER NOT NULL, root BLOB NOT NULL, name TEXT NOT NULL, lines BLOB NOT NULL, PRIMARY KEY (log, seq))"
    " WITHOUT ROWID;"
    "CREATE UNIQUE INDEX entry_id ON entry (id);"
    "CREATE INDEX entry_clock ON entry (clock, id);"
    "CREATE INDEX entry_missing ON entry (log, seq) WHERE here = 1;"
    "CREATE INDEX entry_erased ON entry (log, seq) WHERE here = 3;"
    "CREATE TABLE revision (nr INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, document BLOB NOT NULL, log BLOB NOT "
    "NULL, seq INTEGER NOT NULL,"
    " clock INTEGER NOT NULL, kibbutz BLOB NOT NULL, role INTEGER NOT NULL, audience INTEGER NOT NULL,"
    " status INTEGER NOT NULL DEFAULT 0, cause INTEGER NOT NULL DEFAULT 0, because BLOB,"
    " title TEXT NOT NULL, kind TEXT NOT NULL, number TEXT NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL,"
    " language TEXT NOT NULL, ordinal INTEGER NOT NULL, year INTEGER NOT NULL, day INTEGER NOT NULL);"
    "CREATE INDEX revision_book ON revision (kibbutz, body, year, ordinal) WHERE kind = 'minutes';"
    /* What the shown text says: store/index_fact.c.  They go with the text. */
    "CREATE TABLE contact (revision INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, phone TEXT NOT NULL,"
    " role TEXT NOT NULL, kibbutz TEXT NOT NULL, confirmed TEXT NOT NULL, PRIMARY KEY (revision, place)) WITHOUT ROWID;"
    "CREATE INDEX contact_person ON contact (name, kibbutz, confirmed);"
    "CREATE TABLE topic (revision INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (revision, text)) WITHOUT ROWID;"
    "CREATE TABLE part (revision INTEGER NOT NULL, place INTEGER NOT NULL, decision INTEGER NOT NULL, text TEXT NOT "
    "NULL,"
    " PRIMARY KEY (revision, place)) WITHOUT ROWID;"
    "CREATE INDEX revision_document ON revision (document, clock, id);"
    /* `clock`, `day`, `kind` and `kibbutz` are of the revision that is shown; `changed` counts. */
    "CREATE TABLE document (id BLOB PRIMARY KEY, revision BLOB NOT NULL, clock INTEGER NOT NULL, day INTEGER NOT NULL,"
    " kind TEXT NOT NULL, kibbutz BLOB NOT NULL, changed INTEGER NOT NULL DEFAULT 0,"
    " judged INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0,"
    " replacing INTEGER NOT NULL DEFAULT 0, ended BLOB, heads INTEGER NOT NULL DEFAULT 0, need INTEGER NOT NULL "
    "DEFAULT 0,"
    " own INTEGER NOT NULL DEFAULT 0, approvals INTEGER NOT NULL DEFAULT 0, disputed INTEGER NOT NULL DEFAULT 0)"
    " WITHOUT ROWID;"
    "CREATE INDEX document_clock ON document (clock, id);"
    "CREATE INDEX document_day ON document (day, clock, id);"
    "CREATE INDEX document_kind ON document (kind, day, clock, id);"
    "CREATE INDEX document_kibbutz ON document (kibbutz, day, clock, id, kind);"
    "CREATE INDEX document_decision ON document (state, day, clock, id) WHERE kind = 'decision';"
    "CREATE INDEX document_doubtful ON document (state) WHERE state >= 4;"
    /* Revisions whose content is here and whose text was not read yet, in order of arrival: store/index_unread.c. */
    "CREATE TABLE unread (nr INTEGER PRIMARY KEY, revision BLOB NOT NULL);"
    "CREATE TABLE approval (revision BLOB NOT NULL, entry BLOB NOT NULL, log BLOB NOT NULL, kibbutz BLOB NOT NULL,"
    " status INTEGER NOT NULL, counts INTEGER NOT NULL, PRIMARY KEY (revision, entry)) WITHOUT ROWID;"
    "CREATE TABLE attachment (entry BLOB NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, digest BLOB NOT NULL,"
    " size INTEGER NOT NULL, here INTEGER NOT NULL, PRIMARY KEY (entry, place)) WITHOUT ROWID;"
    "CREATE INDEX attachment_digest ON attachment (digest);"
    "CREATE INDEX attachment_absent ON attachment (entry, place) WHERE here = 0;"
    "CREATE TABLE stamp (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);"
    "CREATE TABLE roster (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, value BLOB NOT NULL);"
    "INSERT INTO roster VALUES (1, 0, x'');",
    /* How often something was taken back: index_recalls(). */
    "CREATE TABLE recall (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL);"
    "INSERT INTO recall VALUES (1, 0);"
    "CREATE TRIGGER recall_document AFTER UPDATE OF state, erased, revision ON document WHEN"
    " (new.state >= 3 AND new.state <> old.state) OR new.erased > old.erased OR (new.revision <> old.revision AND"
    " (new.clock < old.clock OR (SELECT audience FROM revision WHERE id = new.revision) = 0))"
    " BEGIN UPDATE recall SET number = number + 1; END;"
    "CREATE TRIGGER recall_content AFTER UPDATE OF here ON entry WHEN new.here = 3 AND old.here <> 3"
    " BEGIN UPDATE recall SET number = number + 1; END;",
    INDEX_SEARCH_TABLES,
    NULL,
};

_Static_assert(INDEX_MISSING == 1 && INDEX_HERE == 2 && INDEX_ERASED == 3, "as in the statements");
_Static_assert(ACT_FOR_KIBBUTZ == 0, "likewise");
_Static_assert(TRUST_PROPOSED == 0 && TRUST_WITHDRAWN == 3 && TRUST_DISPUTED == 4 && TRUST_NULL == 5, "likewise");

#define SELECT_HEAD "SELECT key, seq, entry, sha1, clock, kibbutz, role FROM log "
#define SELECT_ENTRY                                                                                                   \
    "SELECT l.key, e.seq, e.id, e.sha1, e.clock, l.kibbutz, l.role, e.act, e.document, e.content, e.here, "            \
    "e.audience, "                                                                                                     \
    "l.name, e.root, l.number, l.parent, e.name, e.lines, l.prev FROM "
#define COLUMNS_OF_REVISION(here)                                                                                      \
    "SELECT r.document, r.id, r.log, r.seq, r.clock, r.kibbutz, r.role, r.audience, r.title, r.kind, r.number, "       \
    "r.date,"                                                                                                          \
    " r.body, r.language, (SELECT count(*) FROM revision WHERE document = r.document),"                                \
    " " here ", r.status, r.cause, r.because, d.state, d.erased, d.replacing, "                                        \
    "d.ended,"                                                                                                         \
    " d.revision, d.heads, d.need, d.own, d.approvals, d.disputed"
#define REVISION_COLUMNS COLUMNS_OF_REVISION("(SELECT here FROM entry WHERE id = r.id)")
#define SELECT_REVISION REVISION_COLUMNS " FROM "

/* Nothing is written when it is shown already: each of these columns stands in an index. */
#define SHOW(which)                                                                                                    \
    "UPDATE document AS d SET revision = r.id, clock = r.clock, day = r.day, kind = r.kind, kibbutz = r.kibbutz"       \
    " FROM revision r WHERE d.id = ?1 AND r.id = " which                                                               \
    " AND (r.id <> d.revision OR r.day <> d.day OR r.kind <> d.kind)"

/* The `+` keeps SQLite from sorting all that was signed since, instead of walking them in their order. */
#define DOCUMENTS(condition)                                                                                           \
    SELECT_REVISION                                                                                                    \
    "document d CROSS JOIN revision r ON r.id = d.revision WHERE " condition                                           \
    " AND +d.clock >= ?1 AND (?2 OR d.state <> 5)"                                                                     \
    " AND (?3 IS NULL OR d.kind = ?3) AND (?4 IS NULL OR d.kibbutz = ?4) AND (?7 IS NULL OR r.body = ?7)"              \
    " AND (?8 IS NULL OR r.year = ?8) AND (?9 IS NULL OR d.state = ?9) AND (?10 IS NULL OR r.log = ?10)"               \
    " AND (NOT ?11 OR r.audience <> 0)"
#define BY_DAY " ORDER BY d.day DESC, d.clock DESC, d.id DESC"

/* What stands before a page is passed over in an index that has all that is asked for; its few rows are sorted once more. */
#define PAGE(condition)                                                                                                \
    SELECT_REVISION                                                                                                    \
    "(SELECT d.id FROM document d WHERE " condition BY_DAY " LIMIT ?5 OFFSET ?6) p"                                    \
    " CROSS JOIN document d ON d.id = p.id CROSS JOIN revision r ON r.id = d.revision" BY_DAY

/* Documents that are decisions, and what minutes say was decided. */
#define DECISIONS(condition)                                                                                           \
    REVISION_COLUMNS                                                                                                   \
    ", p.text, p.place FROM document d CROSS JOIN revision r ON r.id = d.revision"                                     \
    " LEFT JOIN part p ON p.revision = r.nr AND p.decision = 1 AND r.kind = 'minutes'"                                 \
    " WHERE " condition " AND (r.kind = 'decision' OR p.place IS NOT NULL) AND d.state <> 5"                           \
    " AND (?2 IS NULL OR r.kibbutz = ?2) AND (?3 IS NULL OR r.body = ?3)"                                              \
    " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM topic t WHERE t.revision = r.nr AND t.text = ?4))"                      \
    " AND (?7 = 0 OR r.kind = 'decision') AND (NOT ?8 OR r.audience <> 0)" BY_DAY ", p.place LIMIT ?5 OFFSET ?6"

/*
 * Revisions that are not shown: of void documents, those beside the one that counts, and, for some readers, those for the kibbutz
 * alone.  They are few, and found by walking one index; to ask of each revision whether it is shown would be to find its document.
 */
#define HIDDEN(without_kibbutz)                                                                                        \
    "WITH hidden (nr) AS (SELECT r.nr FROM document d CROSS JOIN revision r ON r.document = d.id"                      \
    " WHERE d.state >= 4 AND d.state = 5"                                                                              \
    " UNION ALL SELECT r.nr FROM (SELECT document FROM revision GROUP BY document HAVING count(*) > 1) m"              \
    " CROSS JOIN revision r ON r.document = m.document CROSS JOIN document d ON d.id = r.document"                     \
    " WHERE d.revision <> r.id"                                                                                        \
    " UNION ALL SELECT nr FROM revision WHERE " without_kibbutz " AND audience = 0) "
#define IS_SHOWN "r.nr NOT IN (SELECT nr FROM hidden)"

#define SELECT_ATTACHMENT "SELECT entry, place, name, digest, size, here FROM attachment "

#define REVISIONS                                                                                                      \
    "revision r CROSS JOIN document d ON d.id = r.document WHERE r.document = ?1"                                      \
    " ORDER BY r.clock DESC, r.id DESC"

static const char *const QUERIES[INDEX_QUERY_COUNT] = {
    [INDEX_CLEAR_LOGS] = "DELETE FROM log",
    [INDEX_CLEAR_ENTRIES] = "DELETE FROM entry",
    [INDEX_CLEAR_REVISIONS] = "DELETE FROM revision",
    [INDEX_CLEAR_DOCUMENTS] = "DELETE FROM document",
    [INDEX_CLEAR_APPROVALS] = "DELETE FROM approval",
    [INDEX_CLEAR_CONTACTS] = "DELETE FROM contact",
    [INDEX_CLEAR_TOPICS] = "DELETE FROM topic",
    [INDEX_CLEAR_PARTS] = "DELETE FROM part",
    [INDEX_CLEAR_ATTACHMENTS] = "DELETE FROM attachment",
    [INDEX_CLEAR_STAMP] = "DELETE FROM stamp",
    [INDEX_CLEAR_ROSTER] = "UPDATE roster SET number = number + 1, value = x''",
    [INDEX_CLEAR_UNREAD] = "DELETE FROM unread",
    [INDEX_ADD_UNREAD] = "INSERT INTO unread (revision) VALUES (?1)",
    [INDEX_FIRST_UNREAD] = "SELECT nr, revision FROM unread ORDER BY nr LIMIT 1",
    [INDEX_DROP_UNREAD] = "DELETE FROM unread WHERE nr = ?1",
    [INDEX_COUNT_UNREAD] = "SELECT count(*) FROM unread",
    [INDEX_FIND_UNREAD] = "SELECT 1 FROM unread WHERE revision = ?1",
    [INDEX_COUNT_UNREAD_DOCUMENTS] =
        "SELECT count(*) FROM unread u CROSS JOIN entry e ON e.id = u.revision WHERE e.document = e.id"
        " AND NOT EXISTS (SELECT 1 FROM document WHERE id = e.id)",
    [INDEX_FIND_LOG] = "SELECT number FROM log WHERE key = ?1 AND name = ?2",
    [INDEX_FIND_PARENT] = "SELECT log FROM entry WHERE id = ?1",
    [INDEX_ADD_LOG] = "INSERT INTO log (key, name, parent, first, prev, kibbutz, role, seq, entry, sha1, clock)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?4, ?8, ?9, ?10)",
    [INDEX_MOVE_HEAD] = "UPDATE log SET seq = ?2, entry = ?3, sha1 = ?4, clock = ?5 WHERE number = ?1 AND seq <= ?2",
    [INDEX_ADD_ENTRY] =
        "INSERT OR REPLACE INTO entry (log, seq, id, sha1, clock, act, document, content, here, audience,"
        " root, name, lines) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [INDEX_SET_CONTENT] = "UPDATE entry SET here = CASE here WHEN 3 THEN 3 ELSE ?2 END WHERE id = ?1 AND here > 0",
    /* The branch that ends in the main head, and the entry if it is on that branch. */
    [INDEX_FIND_MAIN] = "SELECT number FROM log WHERE key = ?1 ORDER BY seq DESC, entry LIMIT 1",
    [INDEX_FIND_AT] = SELECT_ENTRY "log l JOIN entry e ON e.log = l.number WHERE l.number = ?1 AND e.seq = ?2",
    [INDEX_FIND_ID] = SELECT_ENTRY "entry e JOIN log l ON l.number = e.log WHERE e.id = ?1",
    [INDEX_EACH_AT] = SELECT_ENTRY "log l JOIN entry e ON e.log = l.number WHERE l.key = ?1 AND e.seq = ?2",
    [INDEX_FIND_BRANCH] = "SELECT first, parent FROM log WHERE number = ?1",
    [INDEX_FIND_HEAD] = SELECT_HEAD "WHERE key = ?1 ORDER BY seq DESC, entry LIMIT 1",
    [INDEX_FIND_BRANCH_HEAD] = SELECT_HEAD "WHERE key = ?1 AND name = ?2",
    [INDEX_EACH_HEAD] = SELECT_HEAD "ORDER BY key, seq, entry",
    [INDEX_EACH_LOG] = "SELECT number FROM log ORDER BY number",
    [INDEX_EACH_OF_LOG] =
        SELECT_ENTRY "log l CROSS JOIN entry e ON e.log = l.number WHERE l.number = ?1 ORDER BY e.seq",
    [INDEX_EACH_MISSING] =
        SELECT_ENTRY "entry e CROSS JOIN log l ON l.number = e.log WHERE e.here = 1 ORDER BY e.log, e.seq",
    [INDEX_EACH_NEWEST] =
        SELECT_ENTRY "entry e CROSS JOIN log l ON l.number = e.log ORDER BY e.clock DESC, e.id DESC LIMIT ?1 OFFSET ?2",
    [INDEX_ADD_REVISION] =
        "INSERT INTO revision (document, id, log, seq, clock, kibbutz, role, audience, title, kind, number, date, body,"
        " language, ordinal, year, day) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
        " ?17)"
        " ON CONFLICT (id) DO UPDATE SET title = ?9, kind = ?10, number = ?11, date = ?12, body = ?13, language = ?14,"
        " ordinal = ?15, year = ?16, day = ?17",
    [INDEX_ADD_DOCUMENT] = "INSERT INTO document (id, revision, clock, day, kind, kibbutz) VALUES (?1, ?2, ?3, ?4,"
                           " ?5, ?6) ON CONFLICT (id) DO NOTHING",
    [INDEX_PICK_REVISION] =
        "INSERT INTO document (id, revision, clock, day, kind, kibbutz)"
        " SELECT document, id, clock, day, kind, kibbutz FROM revision WHERE document = ?1"
        " ORDER BY clock DESC, id DESC LIMIT 1 ON CONFLICT (id) DO UPDATE SET changed = changed + 1",
    /* The newest revision, until the document is judged. */
    [INDEX_SHOW_NEWEST] = SHOW("CASE d.judged WHEN 0 THEN (SELECT id FROM revision WHERE document = ?1"
                               " ORDER BY clock DESC, id DESC LIMIT 1) ELSE d.revision END"),
    [INDEX_SHOW_REVISION] = SHOW("?2"),
    [INDEX_JUDGE_DOCUMENT] =
        "UPDATE document SET judged = 1, state = ?2, erased = ?3, replacing = ?4, ended = ?5, heads = ?6, need = ?7,"
        " own = ?8, approvals = ?9, disputed = ?10, changed = changed + 1 WHERE id = ?1",
    [INDEX_JUDGE_REVISION] = "UPDATE revision SET status = ?2, cause = ?3, because = ?4 WHERE id = ?1",
    [INDEX_FORGET_APPROVALS] = "DELETE FROM approval WHERE revision = ?1",
    [INDEX_ADD_APPROVAL] = "INSERT OR REPLACE INTO approval (revision, entry, log, kibbutz, status, counts)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [INDEX_EACH_APPROVAL] =
        "SELECT entry, log, kibbutz, status, counts FROM approval WHERE revision = ?1 ORDER BY entry",
    [INDEX_SET_STAMP] = "INSERT OR REPLACE INTO stamp (one, value) VALUES (1, ?1)",
    [INDEX_FIND_STAMP] = "SELECT value FROM stamp",
    [INDEX_SET_ROSTER] = "UPDATE roster SET number = number + 1, value = ?1",
    [INDEX_FIND_ROSTER] = "SELECT number, value FROM roster",
    [INDEX_EACH_DOCUMENT] = DOCUMENTS("d.state >= 0") BY_DAY " LIMIT ?5 OFFSET ?6",
    [INDEX_EACH_OF_KIND] = DOCUMENTS("d.kind = ?3") BY_DAY " LIMIT ?5 OFFSET ?6",
    [INDEX_EACH_OF_KIBBUTZ] = DOCUMENTS("d.kibbutz = ?4") BY_DAY " LIMIT ?5 OFFSET ?6",
    [INDEX_PAGE] = PAGE("1"),
    [INDEX_PAGE_OF_KIND] = PAGE("d.kind = ?3"),
    [INDEX_PAGE_OF_KIBBUTZ] = PAGE("d.kibbutz = ?4 AND (?3 IS NULL OR d.kind = ?3)"),
    /* Few: they are sorted, so that SQLite does not walk all documents in the order that is asked for. */
    [INDEX_EACH_DOUBTFUL] =
        DOCUMENTS("d.state >= 4") " ORDER BY +d.day DESC, d.clock DESC, d.id DESC LIMIT ?5 OFFSET ?6",
    [INDEX_EACH_ARRIVAL] = DOCUMENTS("d.state >= 0") " ORDER BY d.clock DESC, d.id DESC LIMIT ?5 OFFSET ?6",
    [INDEX_EACH_ARRIVAL_OF_KIND] = DOCUMENTS("d.kind = ?3") " ORDER BY +d.clock DESC, d.id DESC LIMIT ?5 OFFSET ?6",
    [INDEX_EACH_ARRIVAL_OF_KIBBUTZ] =
        DOCUMENTS("d.kibbutz = ?4") " ORDER BY +d.clock DESC, d.id DESC LIMIT ?5 OFFSET ?6",
    [INDEX_COUNT_OF_KIND] = "SELECT count(*) FROM (SELECT 1 FROM document WHERE kind = ?1 LIMIT ?2)",
    [INDEX_COUNT_OF_KIBBUTZ] = "SELECT count(*) FROM (SELECT 1 FROM document WHERE kibbutz = ?1 LIMIT ?2)",
    [INDEX_FIND_CHANGED] = "SELECT changed FROM document WHERE id = ?1",
    [INDEX_RECALL] = "UPDATE recall SET number = number + 1",
    [INDEX_COUNT_RECALLS] = "SELECT number FROM recall",
    [INDEX_EACH_REVISION] = SELECT_REVISION REVISIONS,
    [INDEX_EACH_HISTORY] = SELECT_REVISION REVISIONS,
    [INDEX_FIND_DOCUMENT] = "SELECT id FROM document WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 2",
    [INDEX_ADD_ATTACHMENT] = "INSERT OR REPLACE INTO attachment (entry, place, name, digest, size, here)"
                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [INDEX_SET_FILE] = "UPDATE attachment SET here = 1 WHERE digest = ?1",
    [INDEX_FORGET_ATTACHMENTS] = "DELETE FROM attachment WHERE entry = ?1",
    [INDEX_EACH_ATTACHMENT] = SELECT_ATTACHMENT "WHERE entry = ?1 ORDER BY place",
    [INDEX_EACH_NAMING] = SELECT_ATTACHMENT "WHERE digest = ?1 ORDER BY entry, place",
    [INDEX_EACH_ABSENT] = SELECT_ATTACHMENT "WHERE here = 0 ORDER BY entry, place",
    [INDEX_NAMES_FILE] = "SELECT EXISTS (SELECT 1 FROM attachment WHERE digest = ?1)",
    [INDEX_COUNT_ATTACHMENTS] = "SELECT count(*), count(*) FILTER (WHERE here = 0) FROM attachment WHERE entry = ?1",
    [INDEX_COUNT_AWAITED] = "SELECT count(CASE WHEN e.act IN (?2, ?3) AND e.audience = 0"
                            " AND (?1 IS NULL OR l.kibbutz <> ?1) THEN NULL ELSE 1 END)"
                            " FROM entry e JOIN log l ON l.number = e.log WHERE e.here = 1",
    [INDEX_COUNT] = "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM document),"
                    " (SELECT count(*) FROM entry WHERE here = 1), (SELECT count(*) FROM entry WHERE here = 3),"
                    " (SELECT count(*) FROM document WHERE state >= 4 AND state = 5),"
                    " (SELECT count(*) FROM document WHERE state >= 4 AND state = 4),"
                    " (SELECT count(DISTINCT digest) FROM attachment WHERE here = 0)",
    [INDEX_EXTENT] = "SELECT (SELECT coalesce(max(clock), 0) FROM entry), (SELECT count(*) FROM document)",

    /* Of store/index_fact.c.  "Shown" is the revision that counts of a document that is not void. */
    [INDEX_FIND_REVISION] = "SELECT nr FROM revision WHERE id = ?1",
    [INDEX_FORGET_CONTACTS] = "DELETE FROM contact WHERE revision = ?1",
    [INDEX_FORGET_TOPICS] = "DELETE FROM topic WHERE revision = ?1",
    [INDEX_FORGET_PARTS] = "DELETE FROM part WHERE revision = ?1",
    [INDEX_ADD_CONTACT] = "INSERT INTO contact VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [INDEX_ADD_TOPIC] = "INSERT OR IGNORE INTO topic VALUES (?1, ?2)",
    [INDEX_ADD_PART] = "INSERT INTO part VALUES (?1, ?2, ?3, ?4)",
    [INDEX_EACH_PART] =
        "SELECT p.decision, p.text FROM part p WHERE p.revision = (SELECT nr FROM revision WHERE id = ?1)"
        " ORDER BY p.place",
    [INDEX_EACH_BOOK] =
        HIDDEN("?1") "SELECT r.kibbutz, r.body, r.year, count(*), count(DISTINCT nullif(r.ordinal, 0)), max(r.ordinal)"
                     " FROM revision r WHERE r.kind = 'minutes' AND " IS_SHOWN " GROUP BY r.kibbutz, r.body, r.year"
                     " ORDER BY r.kibbutz, r.body, r.year DESC",
    [INDEX_EACH_MINUTES] = SELECT_REVISION
    "revision r CROSS JOIN document d ON d.id = r.document AND d.revision = r.id WHERE r.kind = 'minutes' AND"
    " r.kibbutz = ?1 AND r.body = ?2 AND r.year = ?3 AND d.state <> 5 AND (NOT ?5 OR r.audience <> 0)"
    " ORDER BY r.ordinal = 0, r.ordinal, r.date, r.clock, r.id LIMIT ?4",
    [INDEX_EACH_DECISION] = DECISIONS("(?1 IS NULL OR d.state = ?1)"),
    [INDEX_EACH_RULING] = DECISIONS("d.kind = 'decision' AND d.state = ?1"),
    [INDEX_EACH_SUBJECT] =
        HIDDEN("?3") "SELECT t.text, count(*) FROM topic t CROSS JOIN revision r ON r.nr = t.revision"
                     " WHERE (?1 IS NULL OR r.kind = ?1) AND " IS_SHOWN
                     " GROUP BY t.text ORDER BY count(*) DESC, t.text LIMIT ?2",
    /* By an index in the order of kibbutzim: to sort all documents by their kibbutz would take memory for each. */
    [INDEX_EACH_SHARE] =
        "WITH hidden (id) AS (SELECT id FROM document WHERE state >= 4 AND state = 5 UNION ALL SELECT d.id FROM "
        "revision r"
        " CROSS JOIN document d ON d.id = r.document WHERE ?1 AND r.audience = 0 AND d.revision = r.id)"
        " SELECT kibbutz, count(*) FROM document WHERE id NOT IN (SELECT id FROM hidden) GROUP BY kibbutz",
    [INDEX_NEXT_PERSON] = "SELECT name, kibbutz FROM contact WHERE (name, kibbutz) > (?1, ?2)"
                          " ORDER BY name, kibbutz LIMIT 1",
    [INDEX_FIND_CONTACT] =
        "SELECT c.name, c.phone, c.role, c.kibbutz, c.confirmed, r.document, r.title FROM contact c"
        " CROSS JOIN revision r ON r.nr = c.revision CROSS JOIN document d ON d.id = r.document AND d.revision = r.id"
        " WHERE c.name = ?1 AND c.kibbutz = ?2 AND d.state NOT IN (3, 5) AND (NOT ?4 OR r.audience <> 0)"
        " AND (?3 IS NULL OR EXISTS (SELECT 1 FROM topic t WHERE t.revision = c.revision AND t.text = ?3))"
        " ORDER BY c.confirmed DESC, r.day DESC, r.clock DESC LIMIT 1",
    [INDEX_FIND_VERSION] = "PRAGMA data_version",

    /* Of store/index_search.c. */
    [INDEX_SEARCH_NUMBER] = "SELECT number FROM searchable WHERE revision = ?1",
    [INDEX_SEARCH_BEFORE] = "SELECT number FROM searchable WHERE clock <= ?1 ORDER BY clock DESC, number DESC LIMIT 1",
    [INDEX_SEARCH_TAKEN] = "SELECT 1 FROM searchable WHERE number = ?1",
    [INDEX_SEARCH_ADD_ROW] = "INSERT INTO searchable (number, revision, clock, name) VALUES (?1, ?2, ?3, ?4)",
    [INDEX_SEARCH_ADD_TEXT] = "INSERT INTO search (rowid, text) VALUES (?1, ?2)",
    [INDEX_SEARCH_REMOVE_ROW] = "DELETE FROM searchable WHERE number = ?1",
    [INDEX_SEARCH_REMOVE_TEXT] = "INSERT INTO search (search, rowid, text) VALUES ('delete', ?1, ?2)",
    [INDEX_SEARCH_SCRUB] = "INSERT INTO search (search) VALUES ('optimize')",
    [INDEX_SEARCH_MERGE] = "INSERT INTO search (search, rank) VALUES ('merge', (1 - 2 * ?1) * ?2)",
    [INDEX_SEARCH_MERGE_AT] = "INSERT INTO search (search, rank) VALUES ('crisismerge', ?1)",
    [INDEX_SEARCH_CLEAR_ROWS] = "DELETE FROM searchable",
    [INDEX_SEARCH_CLEAR_TEXTS] = "INSERT INTO search (search) VALUES ('delete-all')",
    [INDEX_SEARCH_MEANS] = "SELECT value FROM search_means",
    [INDEX_SEARCH_SET_MEANS] = "INSERT OR REPLACE INTO search_means (one, value) VALUES (1, ?1)",
    [INDEX_SEARCH_MISSING] =
        "SELECT r.id FROM revision r WHERE NOT EXISTS (SELECT 1 FROM searchable WHERE revision = r.id)"
        " AND EXISTS (SELECT 1 FROM entry WHERE id = r.id AND here = 2) ORDER BY r.clock LIMIT ?1",
    [INDEX_SEARCH_BEHIND] =
        "SELECT max(0, (SELECT count(*) FROM revision) - (SELECT count(*) FROM searchable)"
        " - (SELECT count(*) FROM entry WHERE here = 1) - (SELECT count(*) FROM entry WHERE here = 3))",
    [INDEX_SEARCH_FIND] = "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2",
    /* What is found is here. */
    [INDEX_SEARCH_REVISION] = COLUMNS_OF_REVISION("2") ", s.name FROM searchable s CROSS JOIN revision r ON r.id ="
                                                       " s.revision CROSS JOIN document d ON d.id = r.document"
                                                       " WHERE s.number = ?1",
};

static const struct database_schema INDEX = {
    .version = SCHEMA_VERSION, .tables = TABLES, .queries = QUERIES, .query_count = INDEX_QUERY_COUNT};

enum err index_open(const char *path, bool write, struct index **out, bool *rebuilt)
{
    struct index *index = calloc(1, sizeof *index);
    bool made = false;

    if (!index)
        return ERR_MEMORY;
    enum err err = database_open(path, write, &INDEX, &index->database, &made);
    if (rebuilt)
        *rebuilt = made;
    if (err)
        free(index);
    else
        *out = index;
    return err;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    (void)index_flush(index);
    database_close(index->database);
    free(index);
}

void index_hide_kibbutz(struct index *index, bool hide)
{
    index->hides_kibbutz = hide;
}

const char *index_reason(const struct index *index)
{
    return database_reason(index->database);
}

enum err index_begin(struct index *index)
{
    bool own;
    enum err err = index_flush(index);

    if (!err) {
        err = database_begin(index->database, &own);
        assert(own);
    }
    return err;
}

enum err index_commit(struct index *index)
{
    return database_end(index->database, true, ERR_OK);
}

void index_rollback(struct index *index)
{
    index->joined = false;
    database_rollback(index->database);
}

enum err index_join(struct index *index)
{
    enum err err = index->joined ? ERR_OK : index_begin(index);

    index->joined = !err;
    return err;
}

bool index_is_joined(const struct index *index)
{
    return index->joined;
}

enum err index_flush(struct index *index)
{
    bool joined = index->joined;

    index->joined = false;
    return joined ? index_commit(index) : ERR_OK;
}

void index_leave_log(struct index *index)
{
    database_leave_log(index->database);
}

void index_rest(struct index *index)
{
    database_rest(index->database);
}

bool index_log_is_long(const struct index *index)
{
    return !index->joined && database_log_is_long(index->database);
}

void index_empty_log(const char *path)
{
    database_empty_log(path);
}

enum err index_clear(struct index *index)
{
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    for (int query = INDEX_CLEAR_LOGS; !err && query <= INDEX_RECALL; query++)
        err = database_run(index->database, database_start(index->database, query), NULL);
    if (!err)
        err = index_search_clear(index);
    return database_end(index->database, own, err);
}

enum err index_damaged(struct index *index)
{
    return database_say(index->database, ERR_FORMAT, "index: a row is damaged");
}

void index_bind_id(struct database_query *query, int at, const struct id *id)
{
    database_bind_blob(query, at, id_bytes(id));
}

bool index_read_id(struct database_query *row, int at, struct id *id)
{
    return database_blob(row, at, id->at, ID_LEN);
}

bool index_read_id_or_null(struct database_query *row, int at, struct id *id)
{
    *id = (struct id){0};
    return database_is_null(row, at) || index_read_id(row, at, id);
}

enum err index_count(struct index *index, struct index_counts *counts)
{
    struct database_query *query = database_start(index->database, INDEX_COUNT);
    enum err err = database_step(index->database, query);

    if (!err && (!database_number(query, 0, INT64_MAX, &counts->entries) ||
                 !database_number(query, 1, INT64_MAX, &counts->documents) ||
                 !database_number(query, 2, INT64_MAX, &counts->contents_missing) ||
                 !database_number(query, 3, INT64_MAX, &counts->contents_erased) ||
                 !database_number(query, 4, INT64_MAX, &counts->documents_void) ||
                 !database_number(query, 5, INT64_MAX, &counts->documents_contested) ||
                 !database_number(query, 6, INT64_MAX, &counts->files_missing)))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_extent(struct index *index, struct index_extent *extent)
{
    struct database_query *query = database_start(index->database, INDEX_EXTENT);
    enum err err = database_step(index->database, query);

    if (!err && (!database_number(query, 0, INT64_MAX, &extent->newest) ||
                 !database_number(query, 1, INT64_MAX, &extent->documents)))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_count_awaited(struct index *index, const struct id *own, uint64_t *count)
{
    struct database_query *query = database_start(index->database, INDEX_COUNT_AWAITED);

    if (own)
        index_bind_id(query, 1, own);
    database_bind_number(query, 2, ACT_PUBLISH);
    database_bind_number(query, 3, ACT_REVISE);
    enum err err = database_step(index->database, query);
    if (!err && !database_number(query, 0, INT64_MAX, count))
        err = index_damaged(index);
    database_finish(query);
    return err;
}
