/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/archive_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void world_open(struct world *w)
{
    enum err err = archive_open(w->home, ARCHIVE_WRITE, &w->a);

    if (err)
        fail_msg("open: %s: %s", err_text(err), archive_open_reason());
}

void world_close(struct world *w)
{
    archive_close(w->a);
    w->a = NULL;
}

void world_reopen(struct world *w)
{
    world_close(w);
    world_open(w);
}

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->directory = home_make();
    snprintf(w->home, sizeof w->home, "%s/home", w->directory.path);
    w->network = id_hash(ID_NETWORK, bytes_text("a charter"));
    assert_int_equal(archive_create(w->home, &w->network), ERR_OK);
    world_open(w);
    scribe_begin(&w->scribe, &w->network, 1, ROLE_COORDINATOR);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;

    archive_close(w->a);
    home_remove(&w->directory);
    free(w);
    return 0;
}

const char *world_path(const struct world *w, const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *at = path[next++ % 4];

    snprintf(at, sizeof path[0], "%s/archive.git/%s", w->home, name);
    return at;
}

bool world_git_is_content(const struct world *w)
{
    return home_run("git -C %s/archive.git fsck --full --strict", w->home) == 0;
}

void world_publish(struct scribe *s, const char *text, struct scribe_item *made)
{
    scribe_publish(s, bytes_text(text), made);
}

void world_append(struct world *w, const struct item *item)
{
    enum err err = archive_append(w->a, item, 1);

    if (err)
        fail_msg("append: %s: %s", err_text(err), archive_reason(w->a));
}

void world_append_text(struct world *w, struct scribe *s, const char *text)
{
    struct scribe_item made;

    world_publish(s, text, &made);
    world_append(w, &made.item);
    scribe_item_free(&made);
}

void world_assert_has(struct archive *a, const struct scribe_item *made, bool with_content)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_BUNDLE);
    const struct head *head = &made->item.head;
    struct id log;
    uint64_t seq = 0;

    assert_int_equal(archive_read_entry(a, &head->log, head->seq, &wire), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&wire), made->item.entry));
    assert_int_equal(archive_find(a, &head->entry, &log, &seq), ERR_OK);
    assert_true(id_equal(&log, &head->log) && seq == head->seq);
    enum err err = archive_read_content(a, &head->log, head->seq, &packed);
    assert_int_equal(err, with_content ? ERR_OK : ERR_MISSING);
    if (with_content)
        assert_true(bytes_equal(buffer_bytes(&packed), made->item.content));
    buffer_free(&wire);
    buffer_free(&packed);
}

uint64_t world_head_of(struct archive *a, const struct id *log)
{
    struct frontier *f = frontier_new();

    assert_int_equal(archive_load_frontier(a, f), ERR_OK);
    const struct head *head = frontier_find(f, log);
    uint64_t seq = head ? head->seq : 0;
    frontier_free(f);
    return seq;
}

void world_note_damage(void *context, const struct archive_damage *damage)
{
    struct damages *d = context;

    d->last = *damage;
    d->count++;
}

struct archive_report world_verify(struct archive *a, struct damages *damages)
{
    struct archive_report report;
    struct damages none = {0};

    if (!damages)
        damages = &none;
    damages->count = 0;
    assert_int_equal(archive_verify(a, world_note_damage, damages, &report), ERR_OK);
    assert_int_equal(report.bad, damages->count);
    if (damages == &none && none.count > 0)
        fail_msg("damage: %s: %s", none.last.what, none.last.detail);
    return report;
}

struct missing_digits {
    struct archive *archive;
    uint64_t digits;
};

static enum err count_missing(void *context, const struct id *entry, const struct id *content)
{
    struct missing_digits *m = context;
    struct id log;
    uint64_t seq = 0;

    (void)content;
    assert_int_equal(archive_find(m->archive, entry, &log, &seq), ERR_OK);
    m->digits = m->digits * 10 + seq;
    return ERR_OK;
}

uint64_t world_missing(struct archive *a)
{
    struct missing_digits m = {.archive = a};

    assert_int_equal(archive_load_missing(a, count_missing, &m), ERR_OK);
    return m.digits;
}

enum err world_count_entry(void *context, const struct entry *entry, const struct id *id)
{
    (void)id;
    *(uint64_t *)context = *(uint64_t *)context * 10 + entry->seq;
    return ERR_OK;
}

enum err world_compare_entry(void *context, const struct entry *entry, const struct id *id)
{
    struct loaded *l = context;
    struct buffer kept = BUFFER(LIMIT_ENTRY), told = BUFFER(LIMIT_ENTRY);

    assert_int_equal(archive_read_entry_of(l->world->a, id, &kept), ERR_OK);
    entry_encode(&told, entry);
    assert_int_equal(told.len, kept.len);
    assert_memory_equal(told.at, kept.at, kept.len - SSHSIG_LEN);
    assert_true(id_equal(&entry->network, &l->world->network));
    buffer_free(&kept);
    buffer_free(&told);
    l->count++;
    return ERR_OK;
}
