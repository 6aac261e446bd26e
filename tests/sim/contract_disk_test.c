/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/store/contract.h"
#include "tests/store/contract_liar.h"

#define SEEDS 40
#define STEPS 100

struct store {
    struct disk disk;
    struct random none; /* For steps that draw nothing. */
    struct id network;
};

static void *create(const struct id *network)
{
    struct store *s = calloc(1, sizeof *s);

    assert_non_null(s);
    disk_begin(&s->disk);
    s->network = *network;
    return s;
}

static void destroy(void *store)
{
    struct store *s = store;

    disk_free(&s->disk);
    free(s);
}

static void reopen(void *store)
{
    struct store *s = store;

    disk_crash(&s->disk, DISK_LOSE_NOTHING, &s->none);
}

static enum err append(void *store, const struct item items[], size_t count)
{
    struct store *s = store;
    enum err err;

    disk_store(&s->disk, items, count);
    while (!disk_step(&s->disk, false, &s->none, &err))
        ;
    return err;
}

/* A crash in any phase, the disk forgetting in any way; a sync that fails, the first or the second; a full disk. */
static enum err append_badly(void *store, const struct item items[], size_t count, struct random *r)
{
    struct store *s = store;
    uint64_t phases = random_below(r, 4), kind = random_below(r, 3);
    enum err err = ERR_OK;
    bool done = false;

    disk_store(&s->disk, items, count);
    s->disk.full = kind == 0;
    for (uint64_t phase = 0; !done && (kind == 0 || phase < phases); phase++)
        done = disk_step(&s->disk, kind == 1 && phase + 1 == phases, r, &err);
    s->disk.full = false;
    if (done && err != ERR_IO)
        return err;
    if (done)
        assert_true(s->disk.broken);
    disk_crash(&s->disk, (enum disk_loss)random_below(r, DISK_LOSSES), r);
    return ERR_IO;
}

/* On the way to the main head. */
static const struct disk_record *find(const struct disk *d, const struct id *log, uint64_t seq)
{
    struct head head = disk_head(d, log);
    const struct disk_record *record = disk_find_before(d, &head, seq);

    return record && record->head.seq == seq ? record : NULL;
}

static enum err read_entry(void *store, const struct id *log, uint64_t seq, struct buffer *wire)
{
    const struct store *s = store;
    const struct disk_record *record = find(&s->disk, log, seq);

    if (!record || record->entry.len == 0)
        return ERR_MISSING;
    buffer_add(wire, record->entry);
    return buffer_error(wire);
}

static enum err read_content(void *store, const struct id *log, uint64_t seq, struct buffer *packed)
{
    const struct store *s = store;
    const struct disk_record *record = find(&s->disk, log, seq);

    if (!record || record->content.len == 0)
        return ERR_MISSING;
    buffer_add(packed, record->content);
    return buffer_error(packed);
}

static enum err load_frontier(void *store, struct frontier *frontier)
{
    const struct store *s = store;
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < s->disk.count; i++) {
        struct head head = disk_head(&s->disk, &s->disk.records[i].head.log);
        err = frontier_set(frontier, &head);
    }
    return err;
}

/* As a node of the simulator finds them when it starts. */
static enum err load_missing(void *store, contract_missing_fn *each, void *context)
{
    const struct store *s = store;
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < s->disk.count; i++) {
        const struct disk_record *record = &s->disk.records[i];
        struct entry entry;
        struct id content;

        err = entry_decode(record->entry, &s->network, &entry);
        if (!err && record->content.len == 0 && !act_id(entry.body, ACT_CONTENT, 0, &content))
            err = each(context, &record->head.log, record->head.seq, &content);
    }
    return err;
}

static const struct contract_store disk = {create,     destroy,      reopen,        append,      append_badly,
                                           read_entry, read_content, load_frontier, load_missing};

static void disk_of_the_simulator_keeps_to_the_contract(void **state)
{
    struct contract_report report, sum = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        if (!contract_run(&disk, seed, STEPS, &report))
            fail_msg("seed %llu, %s", (unsigned long long)seed, report.fault);
        sum.steps += report.steps;
        sum.full += report.full;
        sum.crashes += report.crashes;
        sum.torn += report.torn;
        sum.entries += report.entries;
        sum.contents += report.contents;
    }
    print_message("%u steps, %u full, %u crashes (%u torn); %llu entries, %llu contents\n", sum.steps, sum.full,
                  sum.crashes, sum.torn, (unsigned long long)sum.entries, (unsigned long long)sum.contents);
    assert_true(sum.full > SEEDS && sum.crashes > SEEDS && sum.torn > SEEDS);
}

static void disk_that_breaks_the_contract_is_reported(void **state)
{
    (void)state;
    const char *unnoticed = contract_liar_unnoticed(&disk);

    if (unnoticed)
        fail_msg("a disk that %s", unnoticed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_of_the_simulator_keeps_to_the_contract),
        cmocka_unit_test(disk_that_breaks_the_contract_is_reported),
    };

    return cmocka_run_group_tests_name("contract.disk", tests, NULL, NULL);
}
