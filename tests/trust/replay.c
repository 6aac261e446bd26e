/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Replays histories of trust, read from standard input as commands:
 *
 *   charter LEN, then LEN bytes             a new history begins
 *   entry ID LOG SEQ PREV CLOCK KIBBUTZ ROLE ROOT ACT LEN, then the act's lines, LEN bytes
 *                                           adds it; ids in hex, "-" for what the entry does not have
 *   anchor ID                               sets the anchor
 *   state                                   prints what trust says of everything, one line of JSON
 *   orders COUNT SEED                       delivers the history in COUNT random orders to pairs of nodes; all must agree
 *
 * Ids are taken as they are given, and nothing is signed: trust checks neither.
 */
#include "store/roster.h"
#include "tests/sim/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ENTRIES_MAX 200000

struct item {
    struct entry entry;
    struct id id;
    char *body;
};

struct history {
    char *charter;
    size_t charter_len;
    struct trust *trust;
    struct item *items;
    size_t count;
    uint64_t offices;     /* trust_offices() when ... */
    struct buffer roster; /* ... this was told of them. */
};

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "replay: %s: %s\n", what, detail);
    exit(2);
}

/* ---- reading ---- */

static struct id read_id(const char *text)
{
    struct id id = {0};

    if (strcmp(text, "-") != 0 && id_from_text(bytes_text(text), &id))
        fail("not an id", text);
    return id;
}

static char *read_run(size_t len)
{
    char *run = malloc(len + 1);

    if (!run || fread(run, 1, len, stdin) != len)
        fail("the input ends", "within a run of bytes");
    run[len] = '\0';
    return run;
}

static struct trust *new_trust(const struct history *h)
{
    struct trust *trust = trust_new(bytes_of((const uint8_t *)h->charter, h->charter_len));

    if (!trust)
        fail("no charter", h->charter);
    return trust;
}

static void end_history(struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        free(h->items[i].body);
    free(h->charter);
    trust_free(h->trust);
    buffer_free(&h->roster);
    h->offices = 0;
    h->count = 0;
    h->charter = NULL;
    h->trust = NULL;
}

static void read_charter(struct history *h)
{
    end_history(h);
    if (scanf("%zu%*1[\n]", &h->charter_len) != 1)
        fail("not a command", "charter");
    h->charter = read_run(h->charter_len);
    h->trust = new_trust(h);
}

static void add(struct trust *trust, const struct item *item)
{
    if (trust_add(trust, &item->entry, &item->id))
        fail("not added", act_name(item->entry.act));
}

/* What is told of offices, as it stands in an index: trust says whenever that has changed, and it is read as it was written. */
static void follow_offices(struct history *h)
{
    struct roster roster = {.keys = {.at = NULL}};
    struct buffer now = BUFFER(MIB(32)), again = BUFFER(MIB(32));
    uint64_t offices = trust_offices(h->trust);

    if (roster_take(&roster, h->trust))
        fail("no roster", "");
    roster_encode(&roster, &now);
    if (offices == h->offices && !bytes_equal(buffer_bytes(&now), buffer_bytes(&h->roster)))
        fail("offices changed", "and trust_offices() does not say so");
    if (roster_decode(&roster, buffer_bytes(&now)))
        fail("a roster", "cannot be read");
    roster_encode(&roster, &again);
    if (!bytes_equal(buffer_bytes(&now), buffer_bytes(&again)))
        fail("a roster", "is read as another one");
    buffer_free(&again);
    buffer_free(&h->roster);
    roster_free(&roster);
    h->roster = now;
    h->offices = offices;
}

static void read_entry(struct history *h)
{
    char id[65], log[65], prev[65], kibbutz[65], role[17], root[65], act[17];
    struct item *item = &h->items[h->count];
    struct entry *e = &item->entry;
    size_t len;

    if (h->count == ENTRIES_MAX)
        fail("too many entries", "");
    memset(item, 0, sizeof *item);
    if (scanf("%64s %64s %" SCNu64 " %64s %" SCNu64 " %64s %16s %64s %16s %zu%*1[\n]", id, log, &e->seq, prev,
              &e->clock, kibbutz, role, root, act, &len) != 10)
        fail("not a command", "entry");
    item->body = read_run(len);
    item->id = read_id(id);
    e->network = trust_charter(h->trust)->network;
    e->log = read_id(log);
    e->prev = read_id(prev);
    e->kibbutz = read_id(kibbutz);
    e->role = role_from_name(bytes_text(role));
    e->root = read_id(root);
    e->act = act_from_name(bytes_text(act));
    e->act_name = bytes_text(act_name(e->act));
    e->body = bytes_of((const uint8_t *)item->body, len);
    if (act_check(e->act, e->body))
        fail("lines that the format refuses", item->body);
    h->count++;
    add(h->trust, item);
    follow_offices(h);
}

/* ---- printing ---- */

static void print_id(const char *name, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    printf("\"%s\": \"%s\", ", name, text);
}

static void print_ids(const char *name, const struct id ids[], size_t count)
{
    char text[ID_TEXT_LEN + 1];

    printf("\"%s\": [", name);
    for (size_t i = 0; i < count; i++) {
        id_to_text(&ids[i], text);
        printf("%s\"%s\"", i ? ", " : "", text);
    }
    printf("], ");
}

static const char *status_name(enum trust_status status)
{
    static const char *const NAMES[] = {"unknown", "void", "contested", "good"};

    return NAMES[status];
}

static void print_council(struct trust *t)
{
    struct trust_council c = trust_council(t);

    printf("{\"council\": {\"status\": \"%s\", ", trust_council_name(c.status));
    print_id("root", &c.root);
    print_id("final_root", &c.final_root);
    printf("\"final\": %s, \"number\": %" PRIu64 ", \"majority\": %" PRIu64 ", \"admission\": %" PRIu64
           ", \"voters\": %zu}, ",
           c.is_final ? "true" : "false", c.number, c.majority, c.admission, c.voters);
}

static void print_kibbutzim(struct trust *t)
{
    printf("\"kibbutzim\": [");
    for (size_t i = 0; i < trust_kibbutz_count(t); i++) {
        struct trust_kibbutz k = trust_kibbutz_at(t, i);

        printf("%s{", i ? ", " : "");
        print_id("kibbutz", &k.kibbutz);
        print_id("card", &k.card);
        print_ids("stewards", k.stewards, k.steward_count);
        printf("\"votes\": %d, \"registered\": %d, \"closed\": %d, \"joined\": %d, \"status\": \"%s\"}", k.votes,
               k.registered, k.closed, k.joined, status_name(k.status));
    }
    printf("], ");
}

static void print_keys(struct trust *t)
{
    printf("\"keys\": [");
    for (size_t i = 0; i < trust_key_count(t); i++) {
        struct trust_key k = trust_key_at(t, i);

        printf("%s{", i ? ", " : "");
        print_id("key", &k.key);
        print_id("kibbutz", &k.kibbutz);
        printf("\"role\": \"%s\", \"status\": \"%s\", \"cut\": %" PRId64 ", \"contested\": %" PRIu64 "}",
               role_name(k.role), status_name(k.status), k.is_cut ? (int64_t)k.cut : -1, k.contested);
    }
    printf("], ");
}

static void print_document(const struct trust_document *d)
{
    print_id("document", &d->document);
    print_id("kibbutz", &d->kibbutz);
    print_id("revision", &d->revision);
    printf("\"state\": \"%s\", \"erased\": %d, \"disputed\": %d, \"heads\": %zu, \"need\": %" PRIu64
           ", \"approvals\": %zu, \"more\": %zu, \"own\": %d}",
           trust_state_name(d->state), d->erased, d->replacing_disputed, d->head_count, d->need, d->approvals,
           d->disputed, d->own_only);
}

static void print_documents(struct trust *t, const struct history *h)
{
    const char *comma = "";

    printf("\"documents\": [");
    for (size_t i = 0; i < h->count; i++) {
        struct trust_document d;

        if (h->items[i].entry.act != ACT_PUBLISH || !trust_document(t, &h->items[i].id, &d))
            continue;
        printf("%s{", comma);
        print_document(&d);
        comma = ", ";
    }
    printf("], ");
}

static void print_entries(struct trust *t, const struct history *h)
{
    char text[ID_TEXT_LEN + 1];

    printf("\"entries\": {");
    for (size_t i = 0; i < h->count; i++) {
        id_to_text(&h->items[i].id, text);
        printf("%s\"%s\": \"%s\"", i ? ", " : "", text, status_name(trust_entry(t, &h->items[i].id).status));
    }
    printf("}, ");
}

static void print_forks(struct trust *t)
{
    printf("\"forks\": [");
    for (size_t i = 0; i < trust_fork_count(t); i++) {
        struct trust_fork f = trust_fork_at(t, i);

        printf("%s{", i ? ", " : "");
        print_id("log", &f.log);
        printf("\"seq\": %" PRIu64 "}", f.seq);
    }
    printf("]}\n");
}

static void print_state(const struct history *h)
{
    print_council(h->trust);
    print_kibbutzim(h->trust);
    print_keys(h->trust);
    print_documents(h->trust, h);
    print_entries(h->trust, h);
    print_forks(h->trust);
    fflush(stdout);
}

/* ---- orders ---- */

static void shuffle(struct random *r, size_t order[], size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below(r, i);
        size_t kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* Adds some entries and takes them back, as when they did not become durable. */
static void add_and_undo(struct trust *t, const struct history *h, struct random *r)
{
    size_t mark = trust_mark(t);

    for (size_t i = random_below(r, 5); i > 0; i--)
        add(t, &h->items[random_below(r, h->count)]);
    if (random_chance(r, 500))
        (void)trust_fingerprint(t);
    trust_undo(t, mark);
}

/*
 * One node's life: entries in this order, some of them twice, with questions on the way.  Begins with what its side of a
 * partition has (every other entry), and hears the rest when the partition heals.
 */
static struct id deliver(const struct history *h, const size_t order[], size_t side, struct random *r)
{
    struct trust *t = new_trust(h);
    struct id seen;

    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < h->count; i++) {
            if ((order[i] % 2 == side) == (pass == 1))
                continue;
            add(t, &h->items[order[i]]);
            if (random_chance(r, 100))
                add(t, &h->items[order[random_below(r, i + 1)]]);
            if (random_chance(r, 60))
                (void)trust_fingerprint(t);
            if (random_chance(r, 30))
                add_and_undo(t, h, r);
        }
    for (size_t i = 0; i < h->count; i++) /* What was added and taken back may have been heard only then. */
        add(t, &h->items[i]);
    seen = trust_fingerprint(t);
    trust_free(t);
    return seen;
}

static void try_orders(const struct history *h)
{
    struct id expected = trust_fingerprint(h->trust);
    size_t *order = calloc(h->count + 1, sizeof *order);
    unsigned count;
    uint64_t seed;

    if (scanf("%u %" SCNu64, &count, &seed) != 2 || !order)
        fail("not a command", "orders");
    for (size_t i = 0; i < h->count; i++)
        order[i] = i;
    for (unsigned n = 0; n < count; n++) {
        struct random r = random_from(seed + n);
        struct id seen;

        shuffle(&r, order, h->count);
        seen = deliver(h, order, n % 2, &r);
        if (!id_equal(&seen, &expected)) {
            printf("order %u of seed %" PRIu64 " differs\n", n, seed);
            free(order);
            exit(1);
        }
    }
    free(order);
    print_id("fingerprint", &expected);
    printf("\n");
    fflush(stdout);
}

static void set_anchor(struct history *h, const char *text)
{
    struct id id = read_id(text);

    trust_set_anchor(h->trust, &id);
}

int main(void)
{
    struct history h = {.items = calloc(ENTRIES_MAX, sizeof *h.items)};
    char command[16];
    char id[65];

    if (!h.items)
        return 2;
    while (scanf("%15s", command) == 1) {
        if (strcmp(command, "charter") == 0)
            read_charter(&h);
        else if (!h.trust)
            fail("no charter yet", command);
        else if (strcmp(command, "entry") == 0)
            read_entry(&h);
        else if (strcmp(command, "anchor") == 0 && scanf("%64s", id) == 1)
            set_anchor(&h, id);
        else if (strcmp(command, "state") == 0)
            print_state(&h);
        else if (strcmp(command, "orders") == 0)
            try_orders(&h);
        else
            fail("not a command", command);
    }
    end_history(&h);
    free(h.items);
    return 0;
}
