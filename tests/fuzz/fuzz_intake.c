/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * A bundle for one who knows the charter alone.  First byte even: the rest is the bundle.  Odd: the rest is pairs that
 * say which of some signed records come next, in which order, and where a bit is wrong; so that signatures hold.  Every
 * item that comes out must verify by itself.
 */

#include "proto/intake.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/federation.h"

#define RECORDS 32
#define PAIRS 64
#define SPOIL 128 /* A pair's first byte from here on: the second one says where the bit is wrong. */

static struct federation federation;
static struct buffer pool;
static struct bundle_record records[RECORDS];
static size_t record_count;
static struct id missing_content;                   /* Of the steward's second entry ... */
static const struct id missing_entry = {.at = {2}}; /* ... which is called so. */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_records(void)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct entry entry;

    must(!bundle_open(&reader, buffer_bytes(&pool), &federation.network));
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        must(record_count < RECORDS);
        records[record_count++] = record;
        if (record.kind == BUNDLE_ENTRY && !entry_decode(record.bytes, &federation.network, &entry) && entry.seq == 2 &&
            id_equal(&entry.log, &federation.founder.key.public))
            must(!act_id(entry.body, ACT_CONTENT, 0, &missing_content));
    }
}

/* Grants, documents, an invitation handed over, a fork, and a stranger's entry. */
static void sign_records(void)
{
    struct federation *f = &federation;

    federation_begin(f, "fuzz");
    struct id kibbutz = f->founder.kibbutz;
    struct writer anna = federation_writer("anna", &kibbutz, ROLE_COORDINATOR), again = anna;
    struct writer noa = federation_writer("noa", &kibbutz, ROLE_COORDINATOR);
    struct writer ephemeral = federation_writer("ephemeral", &kibbutz, ROLE_INVITATION);
    struct writer stranger = federation_writer("stranger", &kibbutz, ROLE_STEWARD);

    pool = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&pool, &f->network);
    federation_grant_coordinator(f, &f->founder, &anna.key.public, &pool);
    federation_publish(f, &f->founder, "# Water\n", ACT_FOR_NETWORK, &pool);
    struct id grant = federation_grant_invitation(f, &f->founder, &ephemeral.key.public, ROLE_COORDINATOR, &pool);
    federation_publish(f, &anna, "# Wells\n", ACT_FOR_KIBBUTZ, &pool);
    federation_publish(f, &anna, "# Pumps\n", ACT_FOR_PUBLIC, &pool);
    federation_publish(f, &again, "# Another first\n", ACT_FOR_NETWORK, &pool);
    federation_publish(f, &again, "# After it\n", ACT_FOR_NETWORK, &pool);
    federation_accept(f, &ephemeral, &grant, &noa, NULL, NULL, &pool);
    federation_publish(f, &noa, "# Fields\n", ACT_FOR_NETWORK, &pool);
    federation_publish(f, &stranger, "# Nothing\n", ACT_FOR_NETWORK, &pool);
    read_records();
}

static void add_record(struct buffer *bundle, uint8_t which, uint8_t where)
{
    const struct bundle_record *record = &records[which % SPOIL % record_count];

    if (record->kind == BUNDLE_ENTRY)
        bundle_add_entry(bundle, record->bytes);
    else
        bundle_add_content(bundle, &record->log, record->seq, record->bytes);
    if (which >= SPOIL && bundle->len <= LIMIT_BUNDLE && where < record->bytes.len)
        bundle->at[bundle->len - 1 - where] ^= 1;
}

static void make_bundle(struct bytes in, struct buffer *bundle)
{
    if (in.at[0] % 2 == 0) {
        buffer_add(bundle, bytes_from(in, 1));
        return;
    }
    bundle_begin(bundle, &federation.network);
    for (size_t i = 1; i + 1 < in.len && i < 2 * PAIRS; i += 2)
        add_record(bundle, in.at[i], in.at[i + 1]);
}

static void check_content(const struct item *item, const struct id *wanted)
{
    struct content *content = malloc(sizeof *content);

    must(content && !content_open(item->content, content) && id_equal(&content->id, wanted));
    free(content);
}

/* NULL: it begins a log. */
static const struct head *find_before(const struct intake *in, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (in->items[i].entry.len && id_equal(&in->items[i].head.entry, &in->items[index].prev))
            return &in->items[i].head;
    return NULL;
}

static void check_entry(const struct intake *in, size_t index, struct frontier *seen, struct trust *trust)
{
    const struct item *item = &in->items[index];
    const struct head *before = find_before(in, index);
    struct sha1 none = {{0}}, parent, name = sha1_of_object("commit", item->commit);
    struct entry entry, wire;
    struct id id, wanted;
    bool branches;

    must(!entry_from_commit(item->commit, &entry, &id, &parent));
    must(!entry_decode(item->entry, &federation.network, &wire));
    must(id_equal(&id, &item->head.entry) && memcmp(name.at, item->head.commit.at, sizeof name.at) == 0);
    must(id_equal(&entry.log, &item->head.log) && entry.seq == item->head.seq &&
         entry.seq == (before ? before->seq : 0) + 1);
    must(id_equal(&entry.log, &wire.log) && entry.seq == wire.seq && bytes_equal(entry.body, wire.body));
    must(memcmp(parent.at, before ? before->commit.at : none.at, sizeof parent.at) == 0);
    must(!trust_admits(trust, &entry));
    if (item->content.len) {
        must(!act_id(entry.body, ACT_CONTENT, 0, &wanted));
        check_content(item, &wanted);
    }
    must(!frontier_add(seen, &item->prev, &item->head, &branches) && branches == item->branches);
}

static void check(const struct intake *in, struct trust *trust)
{
    struct frontier *seen = frontier_new();

    must(seen != NULL);
    for (size_t i = 0; i < in->count; i++) {
        const struct item *item = &in->items[i];

        if (item->entry.len) {
            check_entry(in, i, seen, trust);
            continue;
        }
        must(item->commit.len == 0 && item->head.seq == 2 && id_equal(&item->head.log, &federation.founder.key.public));
        check_content(item, &missing_content);
    }
    struct id here = frontier_root(seen), there = frontier_root(in->ahead);
    must(id_equal(&here, &there));
    frontier_free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > LIMIT_BUNDLE)
        return 0;
    if (record_count == 0)
        sign_records();
    struct trust *trust = trust_new(buffer_bytes(&federation.charter));
    struct frontier *frontier = frontier_new();
    struct missing *missing = missing_new();
    struct intake *in = intake_new();

    must(trust && frontier && missing && in);
    struct missing_content lacks = {
        .log = federation.founder.key.public, .seq = 2, .entry = missing_entry, .content = missing_content};
    must(!missing_add(missing, &lacks));
    make_bundle(bytes_of(data, size), &in->bundle);
    must(!buffer_error(&in->bundle));
    (void)intake_run(in, &(struct intake_base){.network = &federation.network,
                                               .frontier = frontier,
                                               .trust = trust,
                                               .missing = missing});
    check(in, trust);
    intake_free(in);
    missing_free(missing);
    frontier_free(frontier);
    trust_free(trust);
    return 0;
}
