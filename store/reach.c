/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/reach.h"

#include <stdlib.h>
#include <string.h>

struct heard {
    struct id node;
    uint64_t ms;
};

/* A node that counts, with what is known of it. */
struct seat {
    size_t member;                    /* Of its kibbutz; SIZE_MAX: that is no member. */
    const struct receipts_node *node; /* NULL: no receipt of it is known. */
    uint64_t heard_ms;
};

struct reach {
    char *home;
    struct receipt_file *file; /* NULL: there is none yet. */
    uint64_t serial;
    struct receipts *receipts; /* NULL: nothing is known. */
    struct heard *heard;
    size_t heard_count, heard_size;
    struct receipt_world world;
    struct seat *seats; /* Of world.nodes. */
    uint64_t complete_ms;
    struct id *forked; /* Logs with several branches. */
    size_t forked_count;
    bool failed; /* Memory ran out while it was read. */
};

enum err reach_open(const char *home, struct reach **out)
{
    struct reach *reach = calloc(1, sizeof *reach);

    if (!reach || !(reach->home = strdup(home))) {
        free(reach);
        return ERR_MEMORY;
    }
    *out = reach;
    return ERR_OK;
}

static void forget(struct reach *reach)
{
    receipts_free(reach->receipts);
    free(reach->heard);
    free(reach->forked);
    free(reach->seats);
    receipt_world_free(&reach->world);
    reach->receipts = NULL;
    reach->heard = NULL;
    reach->forked = NULL;
    reach->seats = NULL;
    reach->heard_count = reach->heard_size = reach->forked_count = 0;
    reach->complete_ms = reach->serial = 0;
}

void reach_close(struct reach *reach)
{
    if (!reach)
        return;
    forget(reach);
    receipt_file_close(reach->file);
    free(reach->home);
    free(reach);
}

/* ---- reading ---- */

static void note_heard(void *context, const struct id *node, uint64_t ms)
{
    struct reach *reach = context;

    if (reach->heard_count == reach->heard_size) {
        size_t size = reach->heard_size ? 2 * reach->heard_size : 16;
        struct heard *heard = realloc(reach->heard, size * sizeof *heard);

        if (!heard) {
            reach->failed = true;
            return;
        }
        reach->heard = heard;
        reach->heard_size = size;
    }
    reach->heard[reach->heard_count++] = (struct heard){.node = *node, .ms = ms};
}

struct forks {
    struct reach *reach;
    struct id last;
};

static enum err note_branch(void *context, const struct head *head)
{
    struct forks *forks = context;
    struct reach *reach = forks->reach;

    if (id_equal(&forks->last, &head->log) &&
        (reach->forked_count == 0 || !id_equal(&reach->forked[reach->forked_count - 1], &head->log))) {
        struct id *forked = realloc(reach->forked, (reach->forked_count + 1) * sizeof *forked);

        if (!forked)
            return ERR_MEMORY;
        reach->forked = forked;
        reach->forked[reach->forked_count++] = head->log;
    }
    forks->last = head->log;
    return ERR_OK;
}

static int order_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* The earlier of when it was signed, as it says, and when it came. */
static uint64_t heard_ms(const struct reach *reach, const struct receipts_node *node)
{
    uint64_t signed_ms = ENTRY_CLOCK_MS(node->receipt.number);

    for (size_t i = 0; i < reach->heard_count; i++)
        if (id_equal(&reach->heard[i].node, &node->receipt.node))
            return reach->heard[i].ms < signed_ms ? reach->heard[i].ms : signed_ms;
    return signed_ms;
}

static enum err join_world(struct reach *reach)
{
    const struct receipt_world *world = &reach->world;
    struct seat *seats = calloc(world->node_count + 1, sizeof *seats);

    if (!seats)
        return ERR_MEMORY;
    free(reach->seats);
    reach->seats = seats;
    for (size_t i = 0; i < world->node_count; i++) {
        const struct id *member = world->member_count ? bsearch(&world->nodes[i].kibbutz, world->members,
                                                                world->member_count, sizeof *member, order_ids)
                                                      : NULL;
        size_t place = reach->receipts ? receipts_find(reach->receipts, &world->nodes[i].node) : SIZE_MAX;

        seats[i].member = member ? (size_t)(member - world->members) : SIZE_MAX;
        if (place == SIZE_MAX || !receipts_at(reach->receipts, place)->receipt.number)
            continue;
        seats[i].node = receipts_at(reach->receipts, place);
        seats[i].heard_ms = heard_ms(reach, seats[i].node);
    }
    return ERR_OK;
}

static enum err load(struct reach *reach, struct index *index)
{
    struct forks forks = {.reach = reach};
    enum err err;

    reach->failed = false;
    if (!(reach->receipts = receipts_new_verified()))
        return ERR_MEMORY;
    if (!(err = receipt_file_load(reach->file, reach->receipts, note_heard, reach)) &&
        !(err = receipt_file_world(reach->file, &reach->world)) &&
        !(err = receipt_file_complete(reach->file, &reach->complete_ms)))
        err = index_each_head(index, note_branch, &forks);
    if (!err)
        err = join_world(reach);
    return err ? err : reach->failed ? ERR_MEMORY : ERR_OK;
}

enum err reach_refresh(struct reach *reach, struct index *index)
{
    uint64_t serial = 0;
    enum err err = ERR_OK;

    if (!reach->file)
        err = receipt_file_open(reach->home, false, &reach->file);
    if (err)
        return err == ERR_MISSING ? ERR_OK : err;
    if (!(err = receipt_file_serial(reach->file, &serial)) && serial == reach->serial)
        return ERR_OK;
    forget(reach);
    if (!err)
        err = load(reach, index);
    if (!err)
        reach->serial = serial;
    else {
        forget(reach);
        receipt_file_close(reach->file); /* It may have been begun anew. */
        reach->file = NULL;
    }
    return err;
}

uint64_t reach_serial(const struct reach *reach)
{
    return reach->serial;
}

enum err reach_set_world(struct reach *reach, const struct receipt_world *world)
{
    struct receipt_world copy = *world;

    copy.members = malloc((world->member_count + 1) * sizeof *copy.members);
    copy.nodes = malloc((world->node_count + 1) * sizeof *copy.nodes);
    if (!copy.members || !copy.nodes) {
        receipt_world_free(&copy);
        return ERR_MEMORY;
    }
    if (world->member_count)
        memcpy(copy.members, world->members, world->member_count * sizeof *copy.members);
    if (world->node_count)
        memcpy(copy.nodes, world->nodes, world->node_count * sizeof *copy.nodes);
    receipt_world_free(&reach->world);
    reach->world = copy;
    return join_world(reach);
}

const struct id *reach_own(const struct reach *reach)
{
    for (size_t i = 0; i < reach->world.node_count; i++)
        if (id_equal(&reach->world.nodes[i].node, &reach->world.own))
            return &reach->world.nodes[i].kibbutz;
    return NULL;
}

/* ---- one node ---- */

struct lead {
    struct index *index;
    bool forks;
};

static enum receipts_lead leads(void *context, const struct receipt_tip *tip, uint64_t seq, const struct id *entry)
{
    const struct lead *lead = context;
    struct index_entry before;

    if (!lead->forks)
        return RECEIPTS_UNKNOWN; /* One branch here: it leads on from this entry, or from one that nobody here knows. */
    if (index_find_before(lead->index, &tip->entry, seq, &before))
        return RECEIPTS_UNKNOWN;
    return id_equal(&before.entry, entry) ? RECEIPTS_LEADS : RECEIPTS_LEADS_NOT;
}

static bool forks(const struct reach *reach, const struct id *log)
{
    for (size_t i = 0; i < reach->forked_count; i++)
        if (id_equal(&reach->forked[i], log))
            return true;
    return false;
}

/* Whether it is known here that a revision names no attachments. */
static bool is_bare(struct index *index, const struct index_revision *revision)
{
    uint64_t files = 0, absent;

    return revision->here && index_count_attachments(index, &revision->revision, &files, &absent) == ERR_OK &&
           files == 0;
}

static enum reach_has has_by_receipt(const struct reach *reach, struct index *index,
                                     const struct index_revision *revision, const struct receipts_node *node)
{
    struct lead lead = {.index = index, .forks = forks(reach, &revision->log)};

    if (!receipts_holds(node, &revision->log, revision->seq, &revision->revision, leads, &lead))
        return REACH_NOTHING;
    switch (receipts_lacks(node, &revision->revision)) {
    case 0: return REACH_ALL;
    case RECEIPT_LACKS_FILES: return node->receipt.texts_only && is_bare(index, revision) ? REACH_ALL : REACH_TEXT;
    default: return REACH_ENTRY;
    }
}

/* Adds what one of its nodes says to what is known of a kibbutz. */
static void add_node(const struct seat *seat, enum reach_has has, struct reach_kibbutz *kibbutz)
{
    kibbutz->has_node = true;
    if (seat->heard_ms > kibbutz->heard_ms)
        kibbutz->heard_ms = seat->heard_ms;
    if (has <= kibbutz->has)
        return;
    kibbutz->has = has;
    kibbutz->since_ms = ENTRY_CLOCK_MS(seat->node->receipt.number);
}

/* What is here needs no receipt. */
static void add_own(struct index *index, const struct index_revision *revision, struct reach_kibbutz *kibbutz)
{
    enum reach_has has = revision->here || revision->judged.erased ? REACH_ALL : REACH_ENTRY;
    uint64_t files, absent = 0;

    if (revision->here && index_count_attachments(index, &revision->revision, &files, &absent) == ERR_OK && absent > 0)
        has = REACH_TEXT;

    kibbutz->has = has > kibbutz->has ? has : kibbutz->has;
}

/* ---- all of them ---- */

void reach_each(struct reach *reach, struct index *index, const struct index_revision *revision, reach_kibbutz_fn *each,
                void *context)
{
    const struct receipt_world *world = &reach->world;
    struct reach_kibbutz *members = calloc(world->member_count + 1, sizeof *members);

    if (!members)
        return;
    for (size_t i = 0; i < world->member_count; i++) {
        members[i].kibbutz = world->members[i];
        members[i].may_hold =
            !revision || revision->audience != ACT_FOR_KIBBUTZ || id_equal(&world->members[i], &revision->kibbutz);
    }
    for (size_t i = 0; i < world->node_count; i++) {
        const struct seat *seat = &reach->seats[i];
        struct reach_kibbutz *member = seat->member == SIZE_MAX ? NULL : &members[seat->member];
        bool asks = member && member->may_hold && revision && seat->node;

        if (!member)
            continue;
        add_node(seat, asks ? has_by_receipt(reach, index, revision, seat->node) : REACH_NOTHING, member);
        if (id_equal(&world->nodes[i].node, &world->own)) {
            member->is_own = true;
            if (revision)
                add_own(index, revision, member);
        }
    }
    for (size_t i = 0; i < world->member_count; i++)
        if (members[i].may_hold)
            each(context, &members[i]);
    free(members);
}

static void count_one(void *context, const struct reach_kibbutz *kibbutz)
{
    struct reach_count *count = context;

    count->of++;
    count->reached += kibbutz->has == REACH_ALL;
}

struct reach_count reach_count(struct reach *reach, struct index *index, const struct index_revision *revision)
{
    struct reach_count count = {.of = 0};

    reach_each(reach, index, revision, count_one, &count);
    return count;
}

void reach_each_kibbutz(struct reach *reach, reach_kibbutz_fn *each, void *context)
{
    reach_each(reach, NULL, NULL, each, context);
}

struct silence {
    struct reach_freshness *freshness;
    uint64_t before;
};

static void count_silent(void *context, const struct reach_kibbutz *kibbutz)
{
    const struct silence *silence = context;

    if (kibbutz->is_own)
        return;
    silence->freshness->others++;
    silence->freshness->silent += kibbutz->heard_ms < silence->before;
}

struct reach_freshness reach_freshness(struct reach *reach, uint64_t wall_ms)
{
    struct reach_freshness freshness = {.complete_ms = reach->complete_ms};
    struct silence silence = {.freshness = &freshness,
                              .before = wall_ms > REACH_SILENT_MS ? wall_ms - REACH_SILENT_MS : 0};

    reach_each_kibbutz(reach, count_silent, &silence);
    freshness.cut_off =
        freshness.others > 0 && (freshness.complete_ms < silence.before || freshness.silent * 2 > freshness.others);
    return freshness;
}
