/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index.h"

#include "proto/limits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a directory for each test ---- */

struct place {
    char directory[64];
    char path[96];
    struct index *index;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    bool rebuilt = false;

    assert_non_null(place);
    (void)snprintf(place->directory, sizeof place->directory, "/tmp/igum-index-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    (void)snprintf(place->path, sizeof place->path, "%s/index.sqlite", place->directory);
    assert_int_equal(index_open(place->path, true, &place->index, &rebuilt), ERR_OK);
    assert_true(rebuilt);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    struct place *place = *state;
    char name[128];

    index_close(place->index);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(name, sizeof name, "%s%s", place->path, suffixes[i]);
        (void)unlink(name);
    }
    assert_int_equal(rmdir(place->directory), 0);
    free(place);
    return 0;
}

static void reopen(struct place *place, bool expect_rebuilt)
{
    bool rebuilt = !expect_rebuilt;

    index_close(place->index);
    place->index = NULL;
    assert_int_equal(index_open(place->path, true, &place->index, &rebuilt), ERR_OK);
    assert_int_equal(rebuilt, expect_rebuilt);
}

/* ---- rows ---- */

static struct id id_of(uint8_t first, uint64_t number)
{
    struct id id = {{0}};

    id.at[0] = first;
    id.at[1] = (uint8_t)(number >> 8);
    id.at[2] = (uint8_t)number;
    id.at[31] = 1;
    return id;
}

static struct index_entry entry_of(uint8_t log, uint64_t seq, enum role role)
{
    struct index_entry entry = {.log = id_of(log, 0),
                                .seq = seq,
                                .entry = id_of(log, seq),
                                .prev = seq > 1 ? id_of(log, seq - 1) : (struct id){.at = {0}},
                                .root = id_of(0x77, 0),
                                .lines = bytes_text("content 1\n"),
                                .role = role};

    entry.commit.at[0] = log;
    entry.commit.at[1] = (uint8_t)seq;
    entry.clock = ENTRY_CLOCK(1000 * seq + log, 0);
    entry.kibbutz = id_of(0xee, log);
    entry.act = ACT_PUBLISH;
    entry.document = entry.entry;
    entry.content = id_of(0xcc, seq);
    entry.has_content = INDEX_MISSING;
    entry.audience = ACT_FOR_NETWORK;
    return entry;
}

static void add(struct place *place, uint8_t log, uint64_t seq, enum role role)
{
    struct index_entry entry = entry_of(log, seq, role);

    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
}

static void assert_entry(const struct index_entry *a, const struct index_entry *b)
{
    assert_true(id_equal(&a->log, &b->log));
    assert_int_equal(a->seq, b->seq);
    assert_true(id_equal(&a->entry, &b->entry));
    assert_memory_equal(a->commit.at, b->commit.at, SHA1_LEN);
    assert_int_equal(a->clock, b->clock);
    assert_true(id_equal(&a->kibbutz, &b->kibbutz));
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->act, b->act);
    assert_true(id_equal(&a->document, &b->document));
    assert_true(id_equal(&a->content, &b->content));
    assert_int_equal(a->has_content, b->has_content);
    assert_int_equal(a->audience, b->audience);
}

static struct index_revision revision_of(uint64_t document, uint64_t revision, uint64_t clock, const char *title)
{
    return (struct index_revision){.document = id_of(0xdd, document),
                                   .revision = id_of(0xdd, revision),
                                   .log = id_of(1, 0),
                                   .seq = revision,
                                   .clock = clock,
                                   .kibbutz = id_of(0xee, document % 2),
                                   .role = ROLE_COORDINATOR,
                                   .audience = ACT_FOR_PUBLIC,
                                   .title = bytes_text(title),
                                   .kind = bytes_text(document % 2 ? "minutes" : "decision"),
                                   .number = bytes_text("9/18"),
                                   .date = bytes_text("2018-05-01"),
                                   .body = bytes_text("אסיפה"),
                                   .language = bytes_text("he")};
}

static void revise(struct place *place, uint64_t document, uint64_t revision, uint64_t clock, const char *title)
{
    struct index_revision row = revision_of(document, revision, clock, title);

    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
}

/* What iterations bring, as one line of text. */
struct seen {
    char text[400];
    size_t count;
    size_t stop_at; /* 0: never */
};

static enum err note(struct seen *seen, const char *text)
{
    size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s%s", len ? " " : "", text);
    return ++seen->count == seen->stop_at ? ERR_MISSING : ERR_OK;
}

static enum err see_entry(void *context, const struct index_entry *entry)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%u/%u", entry->log.at[0], (unsigned)entry->seq);
    return note(context, text);
}

static enum err see_head(void *context, const struct head *head)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%u/%u", head->log.at[0], (unsigned)head->seq);
    return note(context, text);
}

static enum err see_revision(void *context, const struct index_revision *revision)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%.*s", (int)revision->title.len, (const char *)revision->title.at);
    return note(context, text);
}

/* ---- entries ---- */

static void entry_is_found_by_its_place_and_by_its_id(void **state)
{
    struct place *place = *state;
    struct index_entry entry = entry_of(7, 3, ROLE_COORDINATOR), found;

    add(place, 7, 1, ROLE_COORDINATOR);
    add(place, 7, 2, ROLE_COORDINATOR);
    entry.clock = ENTRY_CLOCK(LIMIT_CLOCK_SECONDS * 1000 - 1, 0xffff);
    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    assert_int_equal(index_find(place->index, &entry.log, 3, &found), ERR_OK);
    assert_entry(&entry, &found);
    assert_int_equal(index_find_id(place->index, &entry.entry, &found), ERR_OK);
    assert_entry(&entry, &found);

    assert_int_equal(index_find(place->index, &entry.log, 0, &found), ERR_MISSING);
    assert_int_equal(index_find(place->index, &entry.log, 4, &found), ERR_MISSING);
    entry.entry.at[31] ^= 1;
    assert_int_equal(index_find_id(place->index, &entry.entry, &found), ERR_MISSING);
}

static void entry_without_content_or_document_reads_back_as_zeros(void **state)
{
    struct place *place = *state;
    struct index_entry entry = entry_of(7, 1, ROLE_NODE), found;

    entry.act = ACT_UNKNOWN;
    entry.document = (struct id){0};
    entry.content = (struct id){0};
    entry.has_content = INDEX_NO_CONTENT;
    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    assert_int_equal(index_find(place->index, &entry.log, 1, &found), ERR_OK);
    assert_entry(&entry, &found);
    assert_int_equal(index_set_content(place->index, &entry.entry, INDEX_HERE), ERR_MISSING);
}

static void head_is_the_greatest_seq(void **state)
{
    struct place *place = *state;
    struct index_entry second = entry_of(7, 2, ROLE_STEWARD);
    struct head head;

    add(place, 7, 1, ROLE_STEWARD);
    add(place, 7, 2, ROLE_STEWARD);
    add(place, 7, 1, ROLE_STEWARD); /* Again. */
    assert_int_equal(index_find_head(place->index, &second.log, &head), ERR_OK);
    assert_int_equal(head.seq, 2);
    assert_true(id_equal(&head.entry, &second.entry));
    assert_memory_equal(head.commit.at, second.commit.at, SHA1_LEN);
    assert_int_equal(head.clock, second.clock);
    assert_true(id_equal(&head.kibbutz, &second.kibbutz));
    assert_int_equal(head.role, ROLE_STEWARD);
    add(place, 7, 3, ROLE_STEWARD);
    assert_int_equal(index_find_head(place->index, &second.log, &head), ERR_OK);
    assert_int_equal(head.seq, 3);
    assert_int_equal(index_find_head(place->index, &second.entry, &head), ERR_MISSING);
}

/* ---- branches ---- */

/* Entry `seq` of a branch that hangs from entry `from` of another; 0 is the first branch. */
static struct index_entry branch_entry(uint8_t branch, uint64_t seq, uint8_t parent, uint64_t from)
{
    struct index_entry entry = entry_of(7, seq, ROLE_COORDINATOR);
    struct id none = {0};

    if (branch > 0)
        entry.entry = id_of(7, 100u * branch + seq);
    entry.branch = branch > 0 ? id_of(7, 100u * branch + from + 1) : none;
    entry.prev = seq == 1 ? none : seq > from + 1 ? id_of(7, 100u * branch + seq - 1) : id_of(7, 100u * parent + from);
    entry.commit.at[2] = branch;
    entry.content = id_of(0xcc, 100u * branch + seq);
    return entry;
}

static void add_branch(struct place *place, uint8_t branch, uint8_t parent, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from + 1; seq <= to; seq++) {
        struct index_entry entry = branch_entry(branch, seq, parent, from);

        assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    }
}

/* Entries 1 to 4; another 3 and 4 after 2; after that 4 one more 5; and a second first entry. */
static void add_tree(struct place *place)
{
    add_branch(place, 0, 0, 0, 4);
    add_branch(place, 1, 0, 2, 4);
    add_branch(place, 2, 1, 4, 5);
    add_branch(place, 3, 0, 0, 1);
}

static void assert_found(enum err err, const struct index_entry *found, uint8_t branch, uint64_t seq)
{
    struct id id = id_of(7, 100u * branch + seq);

    assert_int_equal(err, ERR_OK);
    assert_true(id_equal(&found->entry, &id));
}

static void entries_are_found_on_the_way_to_the_main_head(void **state)
{
    struct place *place = *state;
    struct id log = id_of(7, 0);
    struct index_entry found;
    struct head head;

    add_tree(place);
    assert_int_equal(index_find_head(place->index, &log, &head), ERR_OK);
    assert_int_equal(head.seq, 5);
    assert_found(index_find(place->index, &log, 5, &found), &found, 2, 5);
    assert_found(index_find(place->index, &log, 4, &found), &found, 1, 4);
    assert_found(index_find(place->index, &log, 3, &found), &found, 1, 3);
    assert_found(index_find(place->index, &log, 2, &found), &found, 0, 2);
    assert_found(index_find(place->index, &log, 1, &found), &found, 0, 1);
    assert_int_equal(index_find(place->index, &log, 6, &found), ERR_MISSING);
}

static void entries_are_found_on_the_way_to_any_other(void **state)
{
    struct place *place = *state;
    struct id log = id_of(7, 0), tip = id_of(7, 4), wanted = id_of(7, 103), first = id_of(7, 301);
    struct index_entry found;

    add_tree(place);
    assert_found(index_find_before(place->index, &tip, 3, &found), &found, 0, 3);
    assert_found(index_find_before(place->index, &first, 1, &found), &found, 3, 1);
    assert_int_equal(index_find_before(place->index, &first, 2, &found), ERR_MISSING);
    assert_found(index_find_beginning(place->index, &log, 3, bytes_of(wanted.at, 16), &found), &found, 1, 3);
    assert_int_equal(index_find_beginning(place->index, &log, 2, bytes_of(wanted.at, 16), &found), ERR_MISSING);
}

static void every_branch_has_its_head(void **state)
{
    struct place *place = *state;
    struct id log = id_of(7, 0), none = {0}, name = id_of(7, 103);
    struct seen heads = {0};
    struct head head;

    add_tree(place);
    assert_int_equal(index_each_head(place->index, see_head, &heads), ERR_OK);
    assert_string_equal(heads.text, "7/1 7/4 7/4 7/5");
    assert_int_equal(index_find_branch(place->index, &log, &none, &head), ERR_OK);
    assert_int_equal(head.seq, 4);
    assert_int_equal(index_find_branch(place->index, &log, &name, &head), ERR_OK);
    assert_int_equal(head.seq, 4);
    assert_int_equal(index_find_branch(place->index, &log, &log, &head), ERR_MISSING);
}

static void branch_that_hangs_from_nothing_is_refused(void **state)
{
    struct place *place = *state;
    struct index_entry entry = branch_entry(1, 3, 0, 2);

    add_branch(place, 0, 0, 0, 1);
    assert_int_equal(index_add_entry(place->index, &entry), ERR_MISSING);
}

struct chain {
    size_t count;
};

/* Each entry comes with the one before it, and with its lines. */
static enum err check_chain(void *context, const struct index_entry *entry)
{
    struct chain *chain = context;
    uint64_t number = (uint64_t)entry->entry.at[1] << 8 | entry->entry.at[2];
    static const uint64_t befores[][2] = {{103, 2}, {205, 104}, {301, 0}};
    uint64_t before = number - 1;

    for (size_t i = 0; i < 3; i++)
        if (befores[i][0] == number)
            before = befores[i][1];
    struct id prev = before ? id_of(7, before) : (struct id){0};
    assert_true(id_equal(&entry->prev, &prev));
    assert_true(bytes_equal(entry->lines, bytes_text("content 1\n")));
    chain->count++;
    return ERR_OK;
}

static void all_entries_come_with_what_trust_reads(void **state)
{
    struct place *place = *state;
    struct chain chain = {0};

    add_tree(place);
    assert_int_equal(index_each_entry(place->index, check_chain, &chain), ERR_OK);
    assert_int_equal(chain.count, 8);
}

static void later_entries_come_once(void **state)
{
    struct place *place = *state;
    struct index_told told = {.count = 0};
    struct chain chain = {0};

    add_branch(place, 0, 0, 0, 1);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_OK);
    assert_int_equal(chain.count, 1);
    add_tree(place);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_OK);
    assert_int_equal(chain.count, 8);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_OK);
    assert_int_equal(chain.count, 8);
    index_told_free(&told);
}

static void index_that_was_made_anew_is_told_from_its_beginning(void **state)
{
    struct place *place = *state;
    struct index_told told = {.count = 0};
    struct chain chain = {0};

    add_tree(place);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_OK);
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_EXISTS);
    add(place, 7, 1, ROLE_COORDINATOR);
    add(place, 7, 2, ROLE_COORDINATOR);
    add(place, 7, 3, ROLE_COORDINATOR);
    assert_int_equal(index_each_later(place->index, &told, check_chain, &chain), ERR_EXISTS);
    assert_int_equal(chain.count, 8);
    index_told_free(&told);
}

/* ---- entries, all logs ---- */

static void heads_come_in_order_of_their_keys(void **state)
{
    struct place *place = *state;
    struct seen seen = {0};

    add(place, 9, 1, ROLE_NODE);
    add(place, 2, 1, ROLE_STEWARD);
    add(place, 2, 2, ROLE_STEWARD);
    add(place, 200, 1, ROLE_COORDINATOR);
    assert_int_equal(index_each_head(place->index, see_head, &seen), ERR_OK);
    assert_string_equal(seen.text, "2/2 9/1 200/1");
}

static void what_is_for_another_kibbutz_is_no_gap(void **state)
{
    struct place *place = *state;
    struct index_entry entries[] = {entry_of(5, 1, ROLE_COORDINATOR), entry_of(6, 1, ROLE_COORDINATOR),
                                    entry_of(6, 2, ROLE_COORDINATOR), entry_of(6, 3, ROLE_COORDINATOR)};
    struct id own = entries[0].kibbutz, other = entries[1].kibbutz;
    uint64_t others = 9;

    entries[0].audience = entries[1].audience = entries[3].audience = ACT_FOR_KIBBUTZ;
    entries[3].act = ACT_ADMIT; /* Which has no audience. */
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        assert_int_equal(index_add_entry(place->index, &entries[i]), ERR_OK);
    assert_int_equal(index_count_others(place->index, &own, &others), ERR_OK);
    assert_int_equal(others, 1);
    assert_int_equal(index_count_others(place->index, &other, &others), ERR_OK);
    assert_int_equal(others, 1);
    assert_int_equal(index_count_others(place->index, NULL, &others), ERR_OK);
    assert_int_equal(others, 2);
    assert_int_equal(index_set_content(place->index, &entries[1].entry, INDEX_HERE), ERR_OK);
    assert_int_equal(index_count_others(place->index, &own, &others), ERR_OK);
    assert_int_equal(others, 0);
}

static void content_that_came_is_no_longer_missing(void **state)
{
    struct place *place = *state;
    struct id log = id_of(5, 0), first = id_of(5, 1), third = id_of(5, 3);
    struct seen seen = {0}, after = {0};
    struct index_counts counts;
    struct index_entry found;

    add(place, 5, 1, ROLE_COORDINATOR);
    add(place, 5, 2, ROLE_COORDINATOR);
    assert_int_equal(index_each_missing(place->index, see_entry, &seen), ERR_OK);
    assert_string_equal(seen.text, "5/1 5/2");
    assert_int_equal(index_set_content(place->index, &first, INDEX_HERE), ERR_OK);
    assert_int_equal(index_each_missing(place->index, see_entry, &after), ERR_OK);
    assert_string_equal(after.text, "5/2");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 2);
    assert_int_equal(counts.contents_missing, 1);
    assert_int_equal(index_find(place->index, &log, 1, &found), ERR_OK);
    assert_int_equal(found.has_content, INDEX_HERE);
    assert_int_equal(index_set_content(place->index, &first, INDEX_MISSING), ERR_OK);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.contents_missing, 2);
    assert_int_equal(index_set_content(place->index, &third, INDEX_HERE), ERR_MISSING);
}

static void newest_entries_come_first_and_are_limited(void **state)
{
    struct place *place = *state;
    struct seen all = {0}, page = {0}, none = {0};

    add(place, 5, 1, ROLE_COORDINATOR);
    add(place, 4, 1, ROLE_STEWARD);
    add(place, 4, 2, ROLE_STEWARD);
    assert_int_equal(index_each_newest(place->index, 10, 0, see_entry, &all), ERR_OK);
    assert_string_equal(all.text, "4/2 5/1 4/1");
    assert_int_equal(index_each_newest(place->index, 1, 1, see_entry, &page), ERR_OK);
    assert_string_equal(page.text, "5/1");
    assert_int_equal(index_each_newest(place->index, 0, 0, see_entry, &none), ERR_OK);
    assert_string_equal(none.text, "");
}

static void callback_ends_the_iteration_with_its_own_error(void **state)
{
    struct place *place = *state;
    struct seen seen = {.stop_at = 1}, again = {0};

    add(place, 5, 1, ROLE_COORDINATOR);
    add(place, 5, 2, ROLE_COORDINATOR);
    assert_int_equal(index_each_newest(place->index, 10, 0, see_entry, &seen), ERR_MISSING);
    assert_int_equal(seen.count, 1);
    assert_int_equal(index_each_newest(place->index, 10, 0, see_entry, &again), ERR_OK);
    assert_int_equal(again.count, 2);
}

/* ---- documents ---- */

static enum err keep_revision(void *context, const struct index_revision *revision)
{
    struct index_revision expected = revision_of(1, 1, 10, "כותרת");

    assert_true(id_equal(&revision->document, &expected.document));
    assert_true(id_equal(&revision->revision, &expected.revision));
    assert_true(id_equal(&revision->log, &expected.log));
    assert_int_equal(revision->seq, expected.seq);
    assert_int_equal(revision->clock, expected.clock);
    assert_true(id_equal(&revision->kibbutz, &expected.kibbutz));
    assert_int_equal(revision->role, expected.role);
    assert_int_equal(revision->audience, expected.audience);
    assert_int_equal(revision->verdict.status, TRUST_UNKNOWN);
    assert_int_equal(revision->judged.state, TRUST_PROPOSED);
    assert_true(bytes_equal(revision->title, expected.title));
    assert_true(bytes_equal(revision->kind, expected.kind));
    assert_true(bytes_equal(revision->number, expected.number));
    assert_true(bytes_equal(revision->date, expected.date));
    assert_true(bytes_equal(revision->body, expected.body));
    assert_true(bytes_equal(revision->language, expected.language));
    assert_int_equal(revision->revisions, 1);
    assert_false(revision->here);
    *(size_t *)context += 1;
    return ERR_OK;
}

static void revision_reads_back_as_it_was_written(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    size_t count = 0;

    revise(place, 1, 1, 10, "כותרת");
    assert_int_equal(index_each_document(place->index, &filter, keep_revision, &count), ERR_OK);
    assert_int_equal(count, 1);
}

static void document_shows_its_newest_revision_whatever_comes_first(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    struct seen seen = {0}, all = {0};
    struct id document = id_of(0xdd, 1);
    struct index_counts counts;

    revise(place, 1, 11, 30, "third");
    revise(place, 1, 1, 10, "first");
    revise(place, 2, 2, 25, "other");
    revise(place, 1, 12, 20, "second");
    assert_int_equal(index_each_document(place->index, &filter, see_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "third other");
    assert_int_equal(index_each_revision(place->index, &document, see_revision, &all), ERR_OK);
    assert_string_equal(all.text, "third second first");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.documents, 2);
}

static void assert_shown(struct place *place, bool with_void, const char *expected)
{
    struct index_filter filter = {.with_void = with_void};
    struct seen seen = {0};

    assert_int_equal(index_each_document(place->index, &filter, see_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, expected);
}

static struct trust_document judged_of(uint64_t document, uint64_t revision, enum trust_state state)
{
    return (struct trust_document){
        .document = id_of(0xdd, document), .revision = id_of(0xdd, revision), .state = state};
}

static void document_shows_the_revision_that_it_is_judged_by(void **state)
{
    struct place *place = *state;
    struct trust_document judged = judged_of(1, 1, TRUST_IN_FORCE);

    revise(place, 1, 1, 10, "in force");
    revise(place, 1, 11, 30, "draft");
    assert_shown(place, false, "draft");
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_shown(place, false, "in force");
    revise(place, 1, 12, 40, "newer draft"); /* Not before it is judged. */
    assert_shown(place, false, "in force");
    judged.revision = id_of(0xdd, 12);
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_shown(place, false, "newer draft");
    judged.revision = id_of(0xdd, 99); /* Of which the index does not know. */
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_shown(place, false, "newer draft");
}

static void void_documents_are_left_out_unless_asked_for(void **state)
{
    struct place *place = *state;
    struct trust_document judged = judged_of(1, 1, TRUST_NULL), disputed = judged_of(3, 3, TRUST_DISPUTED);
    struct index_counts counts;

    revise(place, 1, 1, 10, "void");
    revise(place, 2, 2, 20, "other");
    revise(place, 3, 3, 30, "contested");
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_int_equal(index_judge(place->index, &disputed), ERR_OK);
    assert_shown(place, false, "contested other");
    assert_shown(place, true, "contested other void");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.documents_void, 1);
    assert_int_equal(counts.documents_contested, 1);
}

static enum err keep_last(void *context, const struct index_revision *revision)
{
    *(struct index_revision *)context = *revision;
    return ERR_OK;
}

static void judgement_reads_back_as_it_was_written(void **state)
{
    struct place *place = *state;
    struct trust_document judged = judged_of(1, 1, TRUST_SUPERSEDED);
    struct trust_verdict verdict = {.status = TRUST_VOID, .cause = TRUST_REVOKED, .because = id_of(7, 7)};
    struct index_revision read;

    revise(place, 1, 1, 10, "title");
    judged.erased = judged.replacing_disputed = judged.own_only = true;
    judged.ended_by = id_of(8, 8);
    judged.head_count = 2;
    judged.need = 5;
    judged.approvals = 3;
    judged.disputed = 1;
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_int_equal(index_judge_revision(place->index, &judged.revision, &verdict, NULL, 0), ERR_OK);
    revise(place, 1, 1, 10, "title again"); /* Its texts change, and what was judged does not. */
    assert_int_equal(index_each_revision(place->index, &judged.document, keep_last, &read), ERR_OK);
    assert_int_equal(read.verdict.status, TRUST_VOID);
    assert_int_equal(read.verdict.cause, TRUST_REVOKED);
    assert_true(id_equal(&read.verdict.because, &verdict.because));
    assert_int_equal(read.judged.state, TRUST_SUPERSEDED);
    assert_true(read.judged.erased && read.judged.replacing_disputed && read.judged.own_only);
    assert_true(id_equal(&read.judged.ended_by, &judged.ended_by));
    assert_true(id_equal(&read.judged.revision, &judged.revision));
    assert_int_equal(read.judged.head_count, 2);
    assert_int_equal(read.judged.need, 5);
    assert_int_equal(read.judged.approvals, 3);
    assert_int_equal(read.judged.disputed, 1);
}

static enum err see_approval(void *context, const struct trust_approval *approval)
{
    struct seen *seen = context;

    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s%u/%d%s",
             seen->count++ > 0 ? " " : "", approval->entry.at[2], approval->status, approval->counts ? "+" : "");
    return ERR_OK;
}

static void approvals_replace_the_earlier_ones(void **state)
{
    struct place *place = *state;
    struct trust_verdict verdict = {.status = TRUST_GOOD};
    struct id revision = id_of(0xdd, 1);
    struct trust_approval approvals[] = {
        {id_of(1, 1), id_of(2, 1), id_of(3, 1), TRUST_GOOD, true},
        {id_of(1, 2), id_of(2, 2), id_of(3, 1), TRUST_CONTESTED, false},
    };
    struct seen both = {0}, one = {0}, none = {0};

    revise(place, 1, 1, 10, "title");
    assert_int_equal(index_judge_revision(place->index, &revision, &verdict, approvals, 2), ERR_OK);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &both), ERR_OK);
    assert_string_equal(both.text, "1/3+ 2/2");
    assert_int_equal(index_judge_revision(place->index, &revision, &verdict, approvals + 1, 1), ERR_OK);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &one), ERR_OK);
    assert_string_equal(one.text, "2/2");
    revision = id_of(0xdd, 2);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &none), ERR_OK);
    assert_int_equal(none.count, 0);
}

static void stamp_is_zeros_until_it_is_set(void **state)
{
    struct place *place = *state;
    struct id stamp = id_of(5, 5), read;

    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_is_zero(&read));
    assert_int_equal(index_set_stamp(place->index, &stamp), ERR_OK);
    assert_int_equal(index_set_stamp(place->index, &stamp), ERR_OK);
    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_equal(&read, &stamp));
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_is_zero(&read));
}

static void erased_content_is_neither_here_nor_missing(void **state)
{
    struct place *place = *state;
    struct id log = id_of(5, 0), first = id_of(5, 1);
    struct index_entry entry;
    struct index_counts counts;

    add(place, 5, 1, ROLE_COORDINATOR);
    assert_int_equal(index_find(place->index, &log, 1, &entry), ERR_OK);
    assert_int_equal(index_set_content(place->index, &first, INDEX_ERASED), ERR_OK);
    assert_int_equal(index_set_content(place->index, &first, INDEX_HERE), ERR_OK);
    assert_int_equal(index_find(place->index, &log, 1, &entry), ERR_OK);
    assert_int_equal(entry.has_content, INDEX_ERASED);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.contents_missing, 0);
    assert_int_equal(counts.contents_erased, 1);
}

static void revision_that_is_added_again_replaces_its_texts(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    struct seen seen = {0};

    revise(place, 1, 1, 10, "");
    revise(place, 1, 1, 10, "title");
    assert_int_equal(index_each_document(place->index, &filter, see_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "title");
}

static void filters_choose_documents(void **state)
{
    struct place *place = *state;
    struct id kibbutz = id_of(0xee, 1);
    struct index_filter filters[] = {{.kind = bytes_text("minutes")},
                                     {.kibbutz = &kibbutz},
                                     {.since = 20},
                                     {.since = 21},
                                     {.limit = 1},
                                     {.limit = 2, .offset = 1},
                                     {.kind = bytes_text("minute")},
                                     {.limit = 1, .offset = 3}};
    static const char *const expected[] = {"three one", "three one", "three two", "three", "three", "two one", "", ""};

    revise(place, 1, 1, 10, "one");
    revise(place, 2, 2, 20, "two");
    revise(place, 3, 3, 30, "three");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct seen seen = {0};

        assert_int_equal(index_each_document(place->index, &filters[i], see_revision, &seen), ERR_OK);
        assert_string_equal(seen.text, expected[i]);
    }
}

static void add_dated(struct place *place, uint64_t document, uint64_t signed_ms, const char *date, const char *title)
{
    struct index_revision row = revision_of(document, document, ENTRY_CLOCK(signed_ms, 0), title);

    row.date = bytes_text(date);
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
}

static void documents_stand_by_their_own_date(void **state)
{
    const uint64_t day = 86400000, now = 20000 * day; /* 2024-10-04 */
    struct place *place = *state;
    struct index_filter by_arrival = {.by_arrival = true}, newest = {.limit = 2, .offset = 1};
    struct seen seen = {0}, page = {0};

    add_dated(place, 1, now, "2024-10-01", "new");
    add_dated(place, 2, now + 1, "1998-02-03", "scanned");
    add_dated(place, 3, now - 30 * day, "", "undated");
    add_dated(place, 4, now - 60 * day, "2099-01-01", "to-come");
    add_dated(place, 5, now + 2, "2024-10-01", "same-day");
    assert_shown(place, false, "same-day new undated to-come scanned");
    assert_int_equal(index_each_document(place->index, &by_arrival, see_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "same-day scanned new undated to-come");
    assert_int_equal(index_each_document(place->index, &newest, see_revision, &page), ERR_OK);
    assert_string_equal(page.text, "new undated");
    add_dated(place, 2, now + 1, "2024-10-03", "scanned"); /* Its text came. */
    assert_shown(place, false, "scanned same-day new undated to-come");
}

static uint64_t changed(struct place *place, uint64_t document)
{
    struct id id = id_of(0xdd, document);
    uint64_t count;

    assert_int_equal(index_changed(place->index, &id, &count), ERR_OK);
    return count;
}

static void what_changes_of_a_document_is_counted(void **state)
{
    struct place *place = *state;
    struct trust_document judged = judged_of(1, 1, TRUST_IN_FORCE);
    struct id none = id_of(0xdd, 9);
    uint64_t before, other;

    revise(place, 1, 1, 10, "first");
    revise(place, 2, 2, 10, "other");
    before = changed(place, 1);
    other = changed(place, 2);
    revise(place, 1, 1, 10, "its text");
    assert_true(changed(place, 1) > before);
    before = changed(place, 1);
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_true(changed(place, 1) > before);
    before = changed(place, 1);
    revise(place, 1, 11, 20, "second");
    assert_true(changed(place, 1) > before);
    assert_int_equal(changed(place, 2), other);
    assert_int_equal(index_changed(place->index, &none, &before), ERR_MISSING);
}

/* Says whether anything was taken back since it was asked last. */
static bool recalled(struct place *place, uint64_t *before)
{
    uint64_t now;
    bool more;

    assert_int_equal(index_recalls(place->index, &now), ERR_OK);
    more = now > *before;
    *before = now;
    return more;
}

static void judge_as(struct place *place, uint64_t revision, enum trust_state state)
{
    struct trust_document judged = judged_of(1, revision, state);

    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
}

static void what_is_taken_back_is_counted(void **state)
{
    struct place *place = *state;
    struct trust_document erased = judged_of(1, 1, TRUST_WITHDRAWN);
    struct index_revision row = revision_of(1, 13, 50, "for the kibbutz");
    struct id entry = id_of(5, 1);
    uint64_t count = 0;

    (void)recalled(place, &count);
    add(place, 5, 1, ROLE_COORDINATOR);
    revise(place, 1, 1, 10, "first");
    judge_as(place, 1, TRUST_PROPOSED);
    judge_as(place, 1, TRUST_IN_FORCE);
    revise(place, 1, 12, 20, "second");
    judge_as(place, 12, TRUST_IN_FORCE);
    assert_int_equal(index_set_content(place->index, &entry, INDEX_HERE), ERR_OK);
    assert_false(recalled(place, &count));
    judge_as(place, 1, TRUST_IN_FORCE); /* The second is void. */
    assert_true(recalled(place, &count));
    row.audience = ACT_FOR_KIBBUTZ;
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    assert_false(recalled(place, &count));
    judge_as(place, 13, TRUST_IN_FORCE);
    assert_true(recalled(place, &count));
    for (enum trust_state state_then = TRUST_WITHDRAWN; state_then <= TRUST_NULL; state_then++) {
        judge_as(place, 13, state_then);
        assert_true(recalled(place, &count));
        judge_as(place, 13, state_then);
        assert_false(recalled(place, &count));
    }
    erased.revision = id_of(0xdd, 13);
    erased.state = TRUST_NULL;
    erased.erased = true;
    assert_int_equal(index_judge(place->index, &erased), ERR_OK);
    assert_true(recalled(place, &count));
    assert_int_equal(index_set_content(place->index, &entry, INDEX_ERASED), ERR_OK);
    assert_true(recalled(place, &count));
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_true(recalled(place, &count));
}

static void document_is_found_by_the_beginning_of_its_id(void **state)
{
    struct place *place = *state;
    struct id found, second = id_of(0xdd, 0x1235);
    char text[ID_TEXT_LEN + 2];

    revise(place, 0x1234, 1, 10, "one");
    revise(place, 0x1235, 2, 20, "two");
    assert_int_equal(index_find_document(place->index, "dd1235", &found), ERR_OK);
    assert_true(id_equal(&found, &second));
    assert_int_equal(index_find_document(place->index, "DD1235", &found), ERR_OK);
    assert_int_equal(index_find_document(place->index, "dd123", &found), ERR_EXISTS);
    assert_int_equal(index_find_document(place->index, "dd1236", &found), ERR_MISSING);
    id_to_text(&second, text);
    assert_int_equal(index_find_document(place->index, text, &found), ERR_OK);
    text[ID_TEXT_LEN] = '0';
    text[ID_TEXT_LEN + 1] = '\0';
    assert_int_equal(index_find_document(place->index, text, &found), ERR_MISSING);
    assert_int_equal(index_find_document(place->index, "dd1", &found), ERR_MISSING);
    assert_int_equal(index_find_document(place->index, "dd1x", &found), ERR_MISSING);
    assert_string_equal(index_reason(place->index), "the beginning of an id is 4 to 64 digits of 0-9 and a-f");
}

/* ---- transactions, readers, damage ---- */

static void rollback_leaves_nothing_and_commit_everything(void **state)
{
    struct place *place = *state;
    struct index_counts counts;

    assert_int_equal(index_begin(place->index), ERR_OK);
    add(place, 5, 1, ROLE_COORDINATOR);
    revise(place, 1, 1, 10, "one");
    index_rollback(place->index);
    index_rollback(place->index);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries + counts.documents, 0);
    assert_int_equal(index_begin(place->index), ERR_OK);
    add(place, 5, 1, ROLE_COORDINATOR);
    revise(place, 1, 1, 10, "one");
    assert_int_equal(index_commit(place->index), ERR_OK);
    reopen(place, false);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    assert_int_equal(counts.documents, 1);
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries + counts.documents, 0);
}

static void reader_sees_what_is_committed_and_cannot_write(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    struct index_counts counts;
    struct index_entry entry = entry_of(5, 1, ROLE_COORDINATOR);

    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_begin(place->index), ERR_OK);
    add(place, 5, 1, ROLE_COORDINATOR);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 0);
    assert_int_equal(index_commit(place->index), ERR_OK);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    assert_int_equal(index_add_entry(reader, &entry), ERR_FULL);
    index_close(reader);
}

static void reader_needs_no_writer(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    struct index_counts counts;

    add(place, 5, 1, ROLE_COORDINATOR);
    index_close(place->index);
    place->index = NULL;
    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    index_close(reader);
}

static void reader_of_no_file_is_told_so_and_makes_none(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/none.sqlite", place->directory);
    assert_int_equal(index_open(path, false, &reader, NULL), ERR_MISSING);
    assert_int_equal(access(path, F_OK), -1);
}

static void damage(const char *path, off_t offset, const char *bytes)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, strlen(bytes), offset), strlen(bytes));
    assert_int_equal(close(file), 0);
}

/* Closes, damages, reads (refused) and writes (begun anew). */
static void assert_thrown_away(struct place *place, off_t truncate_to, off_t offset, const char *bytes)
{
    struct index *reader = NULL;
    struct index_counts counts;

    index_close(place->index);
    place->index = NULL;
    if (truncate_to >= 0)
        assert_int_equal(truncate(place->path, truncate_to), 0);
    else
        damage(place->path, offset, bytes);
    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_FORMAT);
    reopen(place, true);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 0);
    add(place, 5, 1, ROLE_COORDINATOR);
    reopen(place, false);
}

static void damaged_file_is_thrown_away(void **state)
{
    struct place *place = *state;

    add(place, 5, 1, ROLE_COORDINATOR);
    assert_thrown_away(place, -1, 0, "no database at all");
    assert_thrown_away(place, 50, 0, NULL);
    assert_thrown_away(place, 4096, 0, NULL);
    assert_thrown_away(place, 0, 0, NULL);
}

static void file_of_another_version_is_thrown_away(void **state)
{
    struct place *place = *state;

    add(place, 5, 1, ROLE_COORDINATOR);
    assert_thrown_away(place, -1, 63, "\x7f"); /* The last byte of user_version. */
}

static void damage_behind_the_header_is_found_when_opened_for_writing(void **state)
{
    struct place *place = *state;
    struct stat status;

    add(place, 5, 1, ROLE_COORDINATOR);
    index_close(place->index);
    place->index = NULL;
    assert_int_equal(stat(place->path, &status), 0);
    for (off_t page = 4096; page < status.st_size; page += 4096)
        damage(place->path, page, "\xff\xff\xff\xff\xff\xff\xff\xff");
    reopen(place, true);
}

static void directory_in_its_place_is_an_error_and_stays(void **state)
{
    struct place *place = *state;
    struct index *index = NULL;
    bool rebuilt;

    assert_int_equal(index_open(place->directory, true, &index, &rebuilt), ERR_IO);
    assert_null(index);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entry_is_found_by_its_place_and_by_its_id),
        TEST(entry_without_content_or_document_reads_back_as_zeros),
        TEST(head_is_the_greatest_seq),
        TEST(heads_come_in_order_of_their_keys),
        TEST(entries_are_found_on_the_way_to_the_main_head),
        TEST(entries_are_found_on_the_way_to_any_other),
        TEST(every_branch_has_its_head),
        TEST(branch_that_hangs_from_nothing_is_refused),
        TEST(all_entries_come_with_what_trust_reads),
        TEST(later_entries_come_once),
        TEST(index_that_was_made_anew_is_told_from_its_beginning),
        TEST(what_is_for_another_kibbutz_is_no_gap),
        TEST(content_that_came_is_no_longer_missing),
        TEST(newest_entries_come_first_and_are_limited),
        TEST(callback_ends_the_iteration_with_its_own_error),
        TEST(revision_reads_back_as_it_was_written),
        TEST(document_shows_its_newest_revision_whatever_comes_first),
        TEST(document_shows_the_revision_that_it_is_judged_by),
        TEST(void_documents_are_left_out_unless_asked_for),
        TEST(judgement_reads_back_as_it_was_written),
        TEST(approvals_replace_the_earlier_ones),
        TEST(stamp_is_zeros_until_it_is_set),
        TEST(erased_content_is_neither_here_nor_missing),
        TEST(revision_that_is_added_again_replaces_its_texts),
        TEST(filters_choose_documents),
        TEST(documents_stand_by_their_own_date),
        TEST(what_changes_of_a_document_is_counted),
        TEST(what_is_taken_back_is_counted),
        TEST(document_is_found_by_the_beginning_of_its_id),
        TEST(rollback_leaves_nothing_and_commit_everything),
        TEST(reader_sees_what_is_committed_and_cannot_write),
        TEST(reader_needs_no_writer),
        TEST(reader_of_no_file_is_told_so_and_makes_none),
        TEST(damaged_file_is_thrown_away),
        TEST(file_of_another_version_is_thrown_away),
        TEST(damage_behind_the_header_is_found_when_opened_for_writing),
        TEST(directory_in_its_place_is_an_error_and_stays),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
