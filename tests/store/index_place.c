/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/index_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

int place_make(void **state)
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

int place_remove(void **state)
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

void place_reopen(struct place *place, bool expect_rebuilt)
{
    bool rebuilt = !expect_rebuilt;

    index_close(place->index);
    place->index = NULL;
    assert_int_equal(index_open(place->path, true, &place->index, &rebuilt), ERR_OK);
    assert_int_equal(rebuilt, expect_rebuilt);
}

struct id place_id(uint8_t first, uint64_t number)
{
    struct id id = {{0}};

    id.at[0] = first;
    id.at[1] = (uint8_t)(number >> 8);
    id.at[2] = (uint8_t)number;
    id.at[31] = 1;
    return id;
}

struct index_entry place_entry(uint8_t log, uint64_t seq, enum role role)
{
    struct index_entry entry = {.log = place_id(log, 0),
                                .seq = seq,
                                .entry = place_id(log, seq),
                                .prev = seq > 1 ? place_id(log, seq - 1) : (struct id){.at = {0}},
                                .root = place_id(0x77, 0),
                                .lines = bytes_text("content 1\n"),
                                .role = role};

    entry.commit.at[0] = log;
    entry.commit.at[1] = (uint8_t)seq;
    entry.clock = ENTRY_CLOCK(1000 * seq + log, 0);
    entry.kibbutz = place_id(0xee, log);
    entry.act = ACT_PUBLISH;
    entry.document = entry.entry;
    entry.content = place_id(0xcc, seq);
    entry.has_content = INDEX_MISSING;
    entry.audience = ACT_FOR_NETWORK;
    return entry;
}

void place_add(struct place *place, uint8_t log, uint64_t seq, enum role role)
{
    struct index_entry entry = place_entry(log, seq, role);

    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
}

void place_assert_entry(const struct index_entry *a, const struct index_entry *b)
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

struct index_revision place_revision(uint64_t document, uint64_t revision, uint64_t clock, const char *title)
{
    return (struct index_revision){.document = place_id(0xdd, document),
                                   .revision = place_id(0xdd, revision),
                                   .log = place_id(1, 0),
                                   .seq = revision,
                                   .clock = clock,
                                   .kibbutz = place_id(0xee, document % 2),
                                   .role = ROLE_COORDINATOR,
                                   .audience = ACT_FOR_PUBLIC,
                                   .title = bytes_text(title),
                                   .kind = bytes_text(document % 2 ? "minutes" : "decision"),
                                   .number = bytes_text("9/18"),
                                   .date = bytes_text("2018-05-01"),
                                   .body = bytes_text("אסיפה"),
                                   .language = bytes_text("he")};
}

void place_revise(struct place *place, uint64_t document, uint64_t revision, uint64_t clock, const char *title)
{
    struct index_revision row = place_revision(document, revision, clock, title);

    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
}

enum err seen_note(struct seen *seen, const char *text)
{
    size_t len = strlen(seen->text);

    (void)snprintf(seen->text + len, sizeof seen->text - len, "%s%s", len ? " " : "", text);
    return ++seen->count == seen->stop_at ? ERR_MISSING : ERR_OK;
}

enum err seen_entry(void *context, const struct index_entry *entry)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%u/%u", entry->log.at[0], (unsigned)entry->seq);
    return seen_note(context, text);
}

enum err seen_head(void *context, const struct head *head)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%u/%u", head->log.at[0], (unsigned)head->seq);
    return seen_note(context, text);
}

enum err seen_revision(void *context, const struct index_revision *revision)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%.*s", (int)revision->title.len, (const char *)revision->title.at);
    return seen_note(context, text);
}

void place_assert_shown(struct place *place, bool with_void, const char *expected)
{
    struct index_filter filter = {.with_void = with_void};
    struct seen seen = {0};

    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, expected);
}

struct trust_document place_judged(uint64_t document, uint64_t revision, enum trust_state state)
{
    return (struct trust_document){
        .document = place_id(0xdd, document), .revision = place_id(0xdd, revision), .state = state};
}
