/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What it costs to say who may do what.   build/release/tests/bench_trust [ENTRIES [KEYS]]
 *
 * A federation of 25 kibbutzim at work: from cold, and for one more entry.  Then what one hostile author makes of it: each flood is measured
 * at two sizes, for which work that is linear takes twice as long.  Nothing is signed: trust is handed verified entries.
 */
#include "proto/limits.h"
#include "proto/trust.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#define KIBBUTZIM 25

struct author {
    struct id key, last, kibbutz;
    enum role role;
    uint64_t seq;
};

struct bench {
    struct buffer charter, body;
    struct id network;
    struct trust *trust;
    struct author stewards[KIBBUTZIM];
    struct author *coordinators;
    size_t coordinator_count;
    uint64_t serial;
};

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* Others use this machine too. */
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void need(enum err err)
{
    if (err) {
        fprintf(stderr, "trust: %s\n", err_text(err));
        exit(1);
    }
}

static struct id number_id(uint64_t number)
{
    return id_hash(ID_BLOB, bytes_of(&number, sizeof number));
}

static struct id real_key(uint64_t number)
{
    struct id seed = number_id(number);
    struct signing_key key;

    sshsig_key_from_seed(&key, seed.at);
    return key.public;
}

static void begin_charter(struct bench *b)
{
    static char names[KIBBUTZIM][16];
    struct charter *c = calloc(1, sizeof *c);

    if (!c)
        exit(1);
    c->name = bytes_text("bench");
    c->nonce = number_id(1);
    c->majority = KIBBUTZIM / 2 + 1;
    c->admission = 2;
    c->founder_count = KIBBUTZIM;
    for (size_t i = 0; i < KIBBUTZIM; i++) {
        struct charter_founder *f = &c->founders[i];

        snprintf(names[i], sizeof names[i], "k%zu", i);
        f->name = f->stewards[0].name = bytes_text(names[i]);
        f->card = number_id(1000 + i);
        f->steward_count = 1;
        f->stewards[0].key = real_key(2000 + i);
    }
    b->charter = BUFFER(LIMIT_CHARTER);
    charter_write(&b->charter, c);
    need(charter_read(buffer_bytes(&b->charter), c));
    b->network = c->network;
    for (size_t i = 0; i < KIBBUTZIM; i++)
        b->stewards[i] = (struct author){
            .key = c->founders[i].stewards[0].key, .kibbutz = c->founders[i].kibbutz, .role = ROLE_STEWARD};
    free(c);
}

/* Adds an entry with the lines in b->body, after `prev` (seq 0: a first entry). */
static struct id add_after(struct bench *b, struct author *a, enum act act, uint64_t seq, const struct id *prev)
{
    struct id id = number_id(UINT64_C(1) << 40 | ++b->serial);
    struct entry entry = {.network = b->network,
                          .log = a->key,
                          .seq = seq + 1,
                          .clock = b->serial,
                          .kibbutz = a->kibbutz,
                          .role = a->role,
                          .root = b->network,
                          .act = act,
                          .body = buffer_bytes(&b->body)};

    if (seq)
        entry.prev = *prev;
    need(trust_add(b->trust, &entry, &id));
    buffer_clear(&b->body);
    return id;
}

static struct id add(struct bench *b, struct author *a, enum act act)
{
    a->last = add_after(b, a, act, a->seq, &a->last);
    a->seq++;
    return a->last;
}

static struct id publish(struct bench *b, struct author *a)
{
    act_write_text(&b->body, ACT_AUDIENCE, "network");
    act_write_number(&b->body, ACT_NEED, 2);
    act_write_text(&b->body, ACT_COUNT, "kibbutzim");
    return add(b, a, ACT_PUBLISH);
}

static void revise_body(struct bench *b, const struct id *document, const struct id *after)
{
    act_write_id(&b->body, ACT_DOCUMENT, document);
    act_write_id(&b->body, ACT_AFTER, after);
    act_write_text(&b->body, ACT_AUDIENCE, "network");
    act_write_number(&b->body, ACT_NEED, 1);
    act_write_text(&b->body, ACT_COUNT, "kibbutzim");
}

static struct id approve(struct bench *b, struct author *a, const struct id *subject)
{
    act_write_id(&b->body, ACT_SUBJECT, subject);
    return add(b, a, ACT_APPROVE);
}

static void grant(struct bench *b, struct author *steward, const struct id *key)
{
    act_write_id(&b->body, ACT_SUBJECT, key);
    act_write_text(&b->body, ACT_GRANTS, "coordinator");
    act_write_text(&b->body, ACT_BY, "key");
    add(b, steward, ACT_GRANT);
}

static void begin(struct bench *b, size_t keys)
{
    *b = (struct bench){.body = BUFFER(LIMIT_ENTRY_BODY)};
    begin_charter(b);
    b->coordinator_count = keys > KIBBUTZIM ? keys - KIBBUTZIM : 1;
    b->coordinators = calloc(b->coordinator_count, sizeof *b->coordinators);
    b->trust = trust_new(buffer_bytes(&b->charter));
    if (!b->trust || !b->coordinators)
        exit(1);
    for (size_t i = 0; i < b->coordinator_count; i++) {
        struct author *steward = &b->stewards[i % KIBBUTZIM];

        b->coordinators[i] =
            (struct author){.key = number_id(5000 + i), .kibbutz = steward->kibbutz, .role = ROLE_COORDINATOR};
        grant(b, steward, &b->coordinators[i].key);
    }
}

static void end(struct bench *b)
{
    trust_free(b->trust);
    free(b->coordinators);
    buffer_free(&b->charter);
    buffer_free(&b->body);
}

static struct author *somebody(struct bench *b, size_t i)
{
    return &b->coordinators[(i * 7919) % b->coordinator_count];
}

/* A quarter documents, a quarter revisions, half approvals. */
static void work(struct bench *b, size_t entries)
{
    struct id document = {{0}}, revision = {{0}};

    for (size_t i = 0; b->serial < entries; i++) {
        if (i % 4 == 0) {
            document = revision = publish(b, somebody(b, i));
        } else if (i % 4 == 1) {
            revise_body(b, &document, &revision);
            revision = add(b, somebody(b, i - 1), ACT_REVISE);
        } else {
            approve(b, somebody(b, i), &revision);
        }
    }
}

static size_t judge_all(struct bench *b)
{
    struct trust_document d;
    struct id document;
    size_t in_force = 0;

    (void)trust_root(b->trust);
    while (trust_next_changed(b->trust, &document))
        in_force += trust_document(b->trust, &document, &d) && d.state == TRUST_IN_FORCE;
    return in_force;
}

static double memory_mib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void measure_work(size_t entries, size_t keys)
{
    struct bench b;
    double before = memory_mib(), start = now_ms();
    size_t rounds = 1000;

    begin(&b, keys);
    work(&b, entries);
    double added = now_ms();
    size_t in_force = judge_all(&b);
    printf("%zu entries by %zu keys, from cold: %.0f ms (%.0f ms to take in, the rest to judge %zu documents in "
           "force), %.0f MiB\n",
           entries, keys, now_ms() - start, added - start, in_force, memory_mib() - before);
    start = now_ms();
    for (size_t i = 0; i < rounds; i++) {
        publish(&b, somebody(&b, i));
        judge_all(&b);
    }
    printf("one more document: %.3f ms\n", (now_ms() - start) / (double)rounds);
    start = now_ms();
    for (size_t i = 0; i < rounds / 10; i++) {
        struct id key = number_id(900000 + i);

        grant(&b, &b.stewards[i % KIBBUTZIM], &key);
        judge_all(&b);
        if (trust_key(b.trust, &key).status != TRUST_GOOD)
            exit(1);
    }
    printf("one more grant: %.3f ms\n", (now_ms() - start) / (double)(rounds / 10));
    end(&b);
}

/* ---- floods ---- */

static void flood_candidates(struct bench *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        act_write_id(&b->body, ACT_BASE, &b->network);
        act_write_number(&b->body, ACT_MAJORITY, 1);
        act_write_number(&b->body, ACT_ADMISSION, 1);
        buffer_text(&b->body, "line ");
        buffer_hex(&b->body, id_bytes(&b->stewards[0].kibbutz));
        buffer_text(&b->body, " vote ");
        struct id card = number_id(7000000 + i), key = number_id(8000000 + i);
        buffer_hex(&b->body, id_bytes(&card));
        buffer_text(&b->body, " ");
        buffer_hex(&b->body, id_bytes(&key));
        buffer_text(&b->body, "\n");
        add(b, &b->stewards[0], ACT_COUNCIL);
    }
    judge_all(b);
}

static void flood_approvals(struct bench *b, size_t count)
{
    struct id document = publish(b, &b->coordinators[0]);

    for (size_t i = 0; i < count; i++)
        approve(b, &b->coordinators[0], &document);
    judge_all(b);
}

static void flood_pins(struct bench *b, size_t count)
{
    struct author *a = &b->coordinators[0];

    for (size_t i = 0; i < count; i++) {
        publish(b, a);
        act_write_id(&b->body, ACT_SUBJECT, &a->key);
        buffer_text(&b->body, "pin ");
        buffer_number(&b->body, a->seq);
        buffer_text(&b->body, " ");
        buffer_hex(&b->body, id_bytes(&a->last));
        buffer_text(&b->body, "\nwhy retire\n");
        add(b, &b->stewards[0], ACT_REVOKE);
    }
    judge_all(b);
}

/* A chain of revisions, in adverse order: each is known before what it follows. */
static void flood_revisions(struct bench *b, size_t count)
{
    struct author *a = &b->coordinators[0];
    struct id document = publish(b, a), *ids = calloc(count + 2, sizeof *ids);

    if (!ids)
        exit(1);
    for (size_t i = 0; i < count; i++)
        ids[i] = number_id(UINT64_C(1) << 40 | (b->serial + 1 + i));
    for (size_t i = 0; i < count; i++) {
        revise_body(b, &document, i + 1 < count ? &ids[i + 1] : &document);
        add(b, a, ACT_REVISE);
    }
    free(ids);
    judge_all(b);
}

static void flood_forks(struct bench *b, size_t count)
{
    struct author *a = &b->coordinators[0];

    publish(b, a);
    for (size_t i = 0; i < count; i++) {
        act_write_text(&b->body, ACT_AUDIENCE, "network");
        (void)add_after(b, a, ACT_PUBLISH, a->seq, &a->last);
    }
    judge_all(b);
}

/* An invitation handed over again and again, for as many grants. */
static void flood_invitations(struct bench *b, size_t count)
{
    struct author eph = {.key = number_id(3), .kibbutz = b->stewards[0].kibbutz, .role = ROLE_INVITATION};

    for (size_t i = 0; i < count; i++) {
        act_write_id(&b->body, ACT_SUBJECT, &eph.key);
        act_write_text(&b->body, ACT_GRANTS, "coordinator");
        act_write_text(&b->body, ACT_BY, "invitation");
        add(b, &b->stewards[0], ACT_GRANT);
        act_write_id(&b->body, ACT_CHANNEL, &eph.key);
        (void)add_after(b, &eph, ACT_TRANSPORT, 0, NULL);
    }
    judge_all(b);
}

static double time_of(void (*flood)(struct bench *, size_t), size_t count)
{
    struct bench b;

    begin(&b, 100);
    double start = now_ms();
    flood(&b, count);
    double taken = now_ms() - start;
    end(&b);
    return taken;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*flood)(struct bench *, size_t);
    } floods[] = {{"candidates", flood_candidates},    {"approvals of one document", flood_approvals},
                  {"pins of one log", flood_pins},     {"revisions of one document", flood_revisions},
                  {"twins of one entry", flood_forks}, {"first entries of one invitation", flood_invitations}};
    size_t entries = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000,
           keys = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;

    measure_work(entries, keys);
    for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
        double once = time_of(floods[i].flood, entries / 4), twice = time_of(floods[i].flood, entries / 2);

        printf("%zu %s: %.0f ms; half as many: %.0f ms (%.1f times)\n", entries / 2, floods[i].name, twice, once,
               twice / once);
    }
    return 0;
}
