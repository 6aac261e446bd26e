/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/contract.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/scribe.h"

#define LOGS 4
#define LOG_ENTRIES 200
#define BATCH 12
#define TEXT_MAX 3000

struct known { /* An entry that was made, whether the store has it or not. */
    struct scribe_item made;
    struct id content; /* Named by the entry. */
    bool has_content;  /* The store was handed it. */
};

struct log {
    struct scribe scribe;
    struct known known[LOG_ENTRIES]; /* In order of seq, from 1. */
    uint64_t made, seq;              /* How many were made; how many the store has. */
    uint64_t offered;                /* How many it will have after this batch. */
};

struct contract {
    const struct contract_store *kind;
    void *store;
    struct random random;
    struct id network;
    struct log logs[LOGS];
    struct item items[BATCH];
    struct known *of[BATCH]; /* Whose items these are. */
    size_t count;
    struct contract_report *report;
    const char *doing;
    unsigned read_per_thousand; /* How many of the entries that a step has not touched are read after it. */
};

__attribute__((format(printf, 2, 3))) static void fault(struct contract *c, const char *format, ...)
{
    char *at = c->report->fault;
    va_list arguments;

    if (at[0])
        return; /* The first one tells most. */
    int len = snprintf(at, sizeof c->report->fault, "step %u, %s: ", c->report->steps, c->doing);
    va_start(arguments, format);
    vsnprintf(at + len, sizeof c->report->fault - (size_t)len, format, arguments);
    va_end(arguments);
}

/* ---- the items ---- */

static void make_entry(struct contract *c, struct log *log)
{
    static uint8_t text[TEXT_MAX];
    struct known *known = &log->known[log->made++];
    struct entry entry;

    if (random_chance(&c->random, 200)) {
        scribe_approve(&log->scribe, &known->made);
        return;
    }
    size_t len = random_between(&c->random, 1, random_chance(&c->random, 100) ? TEXT_MAX : 60);
    for (size_t i = 0; i < len; i++)
        text[i] = (uint8_t)random_between(&c->random, 'a', 'z');
    scribe_publish(&log->scribe, bytes_of(text, len), &known->made);
    if (entry_decode(known->made.item.entry, &c->network, &entry) ||
        act_id(entry.body, ACT_CONTENT, 0, &known->content))
        abort();
}

static bool names_content(const struct known *known)
{
    return known->made.item.content.len > 0;
}

static void offer(struct contract *c, struct known *known, struct item item)
{
    c->of[c->count] = known;
    c->items[c->count++] = item;
}

/* The next entry of a log: one that a crash took, or a new one. */
static bool offer_next(struct contract *c, struct log *log, bool with_content)
{
    if (c->count == BATCH || log->offered == LOG_ENTRIES)
        return false;
    if (log->offered == log->made)
        make_entry(c, log);
    struct known *known = &log->known[log->offered++];
    offer(c, known, with_content ? known->made.item : scribe_without_content(&known->made));
    return true;
}

/* A content whose entry the store has, or will have from what is before it in the batch. */
static bool offer_late(struct contract *c, struct log *log)
{
    if (c->count == BATCH || log->offered == 0)
        return false;
    uint64_t start = random_below(&c->random, log->offered);
    for (uint64_t i = 0; i < log->offered; i++) {
        struct known *known = &log->known[(start + i) % log->offered];
        if (names_content(known) && !known->has_content) {
            offer(c, known, scribe_late_content(&known->made));
            return true;
        }
    }
    return false;
}

/* What is there already: the entry with its content, without it, or the content alone. */
static bool offer_again(struct contract *c, struct log *log)
{
    if (c->count == BATCH || log->seq == 0)
        return false;
    struct known *known = &log->known[random_below(&c->random, log->seq)];
    uint64_t form = random_below(&c->random, names_content(known) ? 3 : 1);
    offer(c, known,
          form == 0   ? scribe_without_content(&known->made)
          : form == 1 ? known->made.item
                      : scribe_late_content(&known->made));
    return true;
}

static struct log *some_log(struct contract *c)
{
    return &c->logs[random_below(&c->random, LOGS)];
}

static void offer_batch(struct contract *c)
{
    size_t count = random_between(&c->random, 2, BATCH);

    /* What is here already comes first: each log in order. */
    while (random_chance(&c->random, 300))
        (void)offer_again(c, some_log(c));
    for (size_t i = 0; i < count; i++)
        if (random_chance(&c->random, 200))
            (void)offer_late(c, some_log(c));
        else
            (void)offer_next(c, some_log(c), random_chance(&c->random, 700));
}

static void begin_batch(struct contract *c)
{
    c->count = 0;
    for (size_t i = 0; i < LOGS; i++)
        c->logs[i].offered = c->logs[i].seq;
}

static void accept_batch(struct contract *c)
{
    for (size_t i = 0; i < LOGS; i++)
        c->logs[i].seq = c->logs[i].offered;
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].content.len)
            c->of[i]->has_content = true;
}

/* ---- the comparison ---- */

static bool heads_equal(const struct head *a, const struct head *b)
{
    return id_equal(&a->log, &b->log) && a->seq == b->seq && id_equal(&a->entry, &b->entry) &&
           memcmp(a->commit.at, b->commit.at, SHA1_LEN) == 0 && a->clock == b->clock &&
           id_equal(&a->kibbutz, &b->kibbutz) && a->role == b->role;
}

static void check_heads(struct contract *c)
{
    struct frontier *frontier = frontier_new();
    size_t logs = 0;

    if (!frontier)
        abort();
    enum err err = c->kind->load_frontier(c->store, frontier);
    if (err)
        fault(c, "heads: %s", err_text(err));
    for (size_t i = 0; i < LOGS; i++) {
        const struct log *log = &c->logs[i];
        const struct head *head = frontier_find(frontier, &log->scribe.key.public);
        unsigned long long seq = head ? head->seq : 0;

        logs += log->seq > 0;
        if (seq != log->seq)
            fault(c, "head of log %zu: seq %llu, not %llu", i, seq, (unsigned long long)log->seq);
        else if (head && !heads_equal(head, &log->known[log->seq - 1].made.item.head))
            fault(c, "head of log %zu: seq %llu is another entry", i, seq);
    }
    if (frontier_count(frontier) != logs)
        fault(c, "heads of %zu logs, not %zu", frontier_count(frontier), logs);
    frontier_free(frontier);
}

/* Reads; `expected` NULL: it must not be there. */
static void check_read(struct contract *c, bool content, const struct id *log, uint64_t seq,
                       const struct bytes *expected)
{
    struct buffer got = BUFFER(LIMIT_CONTENT + LIMIT_MANIFEST + 1);
    const char *what = content ? "content" : "entry";
    unsigned long long number = seq;

    buffer_u8(&got, '.'); /* Reading appends. */
    enum err err = (content ? c->kind->read_content : c->kind->read_entry)(c->store, log, seq, &got);
    if (!expected && err != ERR_MISSING)
        fault(c, "%s %llu, which is not here: %s", what, number, err_text(err));
    else if (expected && err)
        fault(c, "%s %llu, which is here: %s", what, number, err_text(err));
    else if (expected && (got.at[0] != '.' || !bytes_equal(bytes_from(buffer_bytes(&got), 1), *expected)))
        fault(c, "%s %llu has other bytes", what, number);
    buffer_free(&got);
}

static bool is_read(struct contract *c, const struct known *known)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->of[i] == known)
            return true;
    return random_chance(&c->random, c->read_per_thousand);
}

static void check_reads(struct contract *c)
{
    for (size_t i = 0; i < LOGS; i++) {
        const struct log *log = &c->logs[i];
        const uint64_t none[] = {0, log->made + 1, UINT64_MAX};

        for (uint64_t at = 0; at < log->made; at++) {
            const struct known *known = &log->known[at];
            bool here = at < log->seq;
            if (!is_read(c, known))
                continue;
            check_read(c, false, &log->scribe.key.public, at + 1, here ? &known->made.item.entry : NULL);
            check_read(c, true, &log->scribe.key.public, at + 1,
                       here && known->has_content ? &known->made.item.content : NULL);
        }
        for (size_t at = 0; at < sizeof none / sizeof none[0]; at++) {
            check_read(c, false, &log->scribe.key.public, none[at], NULL);
            check_read(c, true, &log->scribe.key.public, none[at], NULL);
        }
    }
    struct id stranger = id_hash(ID_BLOB, bytes_text("a log of nobody"));
    check_read(c, false, &stranger, 1, NULL);
    check_read(c, true, &stranger, 1, NULL);
}

struct told { /* Which missing contents were told. */
    struct contract *c;
    bool at[LOGS][LOG_ENTRIES];
};

static bool is_missing(const struct log *log, uint64_t seq)
{
    const struct known *known = &log->known[seq - 1];

    return seq <= log->seq && names_content(known) && !known->has_content;
}

static enum err note_missing(void *context, const struct id *id, uint64_t seq, const struct id *content)
{
    struct told *told = context;

    for (size_t i = 0; i < LOGS; i++) {
        const struct log *log = &told->c->logs[i];

        if (!id_equal(&log->scribe.key.public, id) || seq == 0 || seq > log->seq || !is_missing(log, seq))
            continue;
        if (told->at[i][seq - 1])
            fault(told->c, "missing content %llu of log %zu is told twice", (unsigned long long)seq, i);
        if (!id_equal(&log->known[seq - 1].content, content))
            fault(told->c, "missing content %llu of log %zu has another name", (unsigned long long)seq, i);
        told->at[i][seq - 1] = true;
        return ERR_OK;
    }
    fault(told->c, "content %llu of some log is told missing and is not", (unsigned long long)seq);
    return ERR_OK;
}

static void check_missing(struct contract *c)
{
    struct told *told = calloc(1, sizeof *told);

    if (!told)
        abort();
    told->c = c;
    enum err err = c->kind->load_missing(c->store, note_missing, told);
    if (err)
        fault(c, "missing contents: %s", err_text(err));
    for (size_t i = 0; i < LOGS; i++)
        for (uint64_t seq = 1; seq <= c->logs[i].seq; seq++)
            if (is_missing(&c->logs[i], seq) && !told->at[i][seq - 1])
                fault(c, "missing content %llu of log %zu is not told", (unsigned long long)seq, i);
    free(told);
}

/* ---- the steps ---- */

static void append(struct contract *c)
{
    enum err err = c->kind->append(c->store, c->items, c->count);

    if (err)
        fault(c, "append: %s", err_text(err));
    else
        accept_batch(c);
}

/* Learns what a crash left.  Only what the contract allows is taken over: the comparison finds the rest. */
static void learn(struct contract *c)
{
    struct frontier *frontier = frontier_new();
    bool some = false, lost = false;

    if (!frontier || c->kind->load_frontier(c->store, frontier))
        abort();
    for (size_t i = 0; i < LOGS; i++) {
        struct log *log = &c->logs[i];
        const struct head *head = frontier_find(frontier, &log->scribe.key.public);
        uint64_t seq = head ? head->seq : 0;

        some = some || seq > log->seq;
        lost = lost || seq < log->offered;
        if (seq > log->seq && seq <= log->offered)
            log->seq = seq;
    }
    for (size_t i = 0; i < c->count; i++) {
        struct buffer packed = BUFFER(LIMIT_CONTENT + LIMIT_MANIFEST);
        const struct head *head = &c->items[i].head;

        if (c->items[i].content.len && !c->of[i]->has_content) {
            c->of[i]->has_content = c->kind->read_content(c->store, &head->log, head->seq, &packed) != ERR_MISSING;
            some = some || c->of[i]->has_content;
            lost = lost || !c->of[i]->has_content;
        }
        buffer_free(&packed);
    }
    c->report->torn += some && lost;
    frontier_free(frontier);
}

static void append_badly(struct contract *c)
{
    enum err err = c->kind->append_badly(c->store, c->items, c->count, &c->random);

    c->read_per_thousand = 1000;
    switch ((int)err) {
    case ERR_OK: accept_batch(c); break;
    case ERR_FULL: c->report->full++; break;
    case ERR_IO:
        c->report->crashes++;
        learn(c);
        break;
    default: fault(c, "append that fails: %s", err_text(err)); break;
    }
}

/* No replica hands this over, so whether it is refused is the store's choice; nobody may find it. */
static void append_content_of_nothing(struct contract *c)
{
    struct log *log = some_log(c);

    if (log->seq == LOG_ENTRIES)
        return;
    if (log->seq == log->made)
        make_entry(c, log);
    const struct known *known = &log->known[log->seq];
    struct item item = scribe_late_content(&known->made);
    if (!names_content(known))
        return;
    enum err err = c->kind->append(c->store, &item, 1);
    if (err != ERR_OK && err != ERR_MISSING)
        fault(c, "append: %s", err_text(err));
}

static void reopen(struct contract *c)
{
    c->kind->reopen(c->store);
    c->report->reopens++;
    c->read_per_thousand = 1000;
}

static void step(struct contract *c)
{
    uint64_t dice = random_below(&c->random, 100);

#define DO(below, what, action)                                                                                        \
    if (dice < (below)) {                                                                                              \
        c->doing = what;                                                                                               \
        action;                                                                                                        \
        return;                                                                                                        \
    }
    begin_batch(c);
    c->read_per_thousand = c->report->steps % 10 == 0 ? 1000 : 100;
    DO(18, "an entry with its content", (void)offer_next(c, some_log(c), true); append(c))
    DO(30, "an entry without its content", (void)offer_next(c, some_log(c), false); append(c))
    DO(42, "a late content", (void)offer_late(c, some_log(c)); append(c))
    DO(54, "a batch", offer_batch(c); append(c))
    DO(64, "what is here already", (void)offer_again(c, some_log(c)); append(c))
    DO(67, "a content without an entry", append_content_of_nothing(c))
    DO(77, "opening again", reopen(c))
    DO(82, "an entry while something fails", (void)offer_next(c, some_log(c), true); append_badly(c))
    DO(84, "a late content while something fails", (void)offer_late(c, some_log(c)); append_badly(c))
    DO(100, "a batch while something fails", offer_batch(c); append_badly(c))
#undef DO
}

static void check(struct contract *c)
{
    check_heads(c);
    check_reads(c);
    check_missing(c);
}

bool contract_run(const struct contract_store *kind, uint64_t seed, unsigned steps, struct contract_report *report)
{
    struct contract *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    *report = (struct contract_report){0};
    c->kind = kind;
    c->report = report;
    c->doing = "the beginning";
    c->random = random_from(seed);
    c->network = id_hash(ID_NETWORK, bytes_text("a charter"));
    for (size_t i = 0; i < LOGS; i++)
        scribe_begin(&c->logs[i].scribe, &c->network, seed * LOGS + i, i % 2 ? ROLE_COORDINATOR : ROLE_STEWARD);
    c->store = kind->create(&c->network);
    check(c);
    while (report->steps < steps && !report->fault[0]) {
        report->steps++;
        step(c);
        check(c);
    }
    kind->destroy(c->store);
    for (size_t i = 0; i < LOGS; i++) {
        report->entries += c->logs[i].seq;
        for (uint64_t at = 0; at < c->logs[i].made; at++) {
            report->contents += c->logs[i].known[at].has_content;
            scribe_item_free(&c->logs[i].known[at].made);
        }
    }
    free(c);
    return !report->fault[0];
}
