/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/people.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/check.h"
#include "tests/sim/faults.h"
#include "tests/sim/hostile.h"
#include "tests/sim/planted.h"
#include "tests/sim/scenario.h"

#define BASE_MS UINT64_C(1790000000000)
#define YEAR_MS INT64_C(31557600000)

/* ---- what was signed ---- */

struct signed_entry *people_entry(struct world *w, const struct id *log, uint64_t seq, const struct id *entry)
{
    for (size_t i = 0; i < w->entry_count; i++) {
        struct signed_entry *e = &w->entries[i];

        if (e->head.seq == seq && id_equal(&e->head.log, log) && id_equal(&e->head.entry, entry))
            return e;
    }
    return NULL;
}

bool people_knows_log(const struct world *w, const struct id *log)
{
    for (size_t i = 0; i < w->entry_count; i++)
        if (id_equal(&w->entries[i].head.log, log))
            return true;
    return false;
}

struct signed_entry *people_signed(struct world *w, struct bytes wire)
{
    for (size_t i = 0; i < w->entry_count; i++)
        if (bytes_equal(buffer_bytes(&w->entries[i].wire), wire))
            return &w->entries[i];
    return NULL;
}

/* What was never stored may be signed again to the bit, by a person whose clock stands behind its log. */
static struct signed_entry *find_signed_again(struct world *w, uint32_t origin, struct bytes wire)
{
    struct signed_entry *e = people_signed(w, wire);

    return e && e->fate == FATE_NEVER && e->origin == origin ? e : NULL;
}

static struct signed_entry *note_entry(struct world *w, uint32_t origin, const struct entry *entry,
                                       const struct head *head, struct bytes wire, uint64_t tag)
{
    struct signed_entry *e = find_signed_again(w, origin, wire);

    if (e) {
        e->tag = tag;
        e->fate = FATE_SENT;
        return e;
    }
    if (w->entry_count == WORLD_ENTRIES)
        abort();
    e = &w->entries[w->entry_count++];
    *e = (struct signed_entry){.head = *head,
                               .wire = BUFFER(LIMIT_ENTRY),
                               .origin = origin,
                               .tag = tag,
                               .fate = tag ? FATE_SENT : FATE_STANDS};
    buffer_add(&e->wire, wire);
    e->kibbutz = head->kibbutz;
    if (act_audience(entry->body, &e->audience))
        e->audience = ACT_FOR_NETWORK;
    (void)act_id(entry->body, ACT_CONTENT, 0, &e->content);
    return e;
}

void people_note_one(struct world *w, uint32_t origin, const struct entry *entry, const struct head *head,
                     struct bytes wire, size_t content_len)
{
    note_entry(w, origin, entry, head, wire, 0)->content_len = content_len;
}

void people_note(struct world *w, uint32_t origin, const struct buffer *bundle, uint64_t tag, bool on_disk)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct head head = {.seq = 0};
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct disk *disk = &w->nodes[origin].disk;
    struct signed_entry *noted = NULL;

    if (bundle_open(&reader, buffer_bytes(bundle), &w->federation.network))
        abort();
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        struct entry entry;

        if (record.kind == BUNDLE_CONTENT) {
            if (noted)
                noted->content_len = record.bytes.len;
            if (on_disk)
                disk_put(disk, &(struct item){.head = head, .content = record.bytes});
            continue;
        }
        if (entry_decode(record.bytes, &w->federation.network, &entry))
            abort();
        if (!id_equal(&head.log, &entry.log) || head.seq + 1 != entry.seq)
            head = disk_head(disk, &entry.log);
        buffer_clear(&commit);
        if (entry_verify(&entry, &head, &head, &commit)) {
            if (!PLANTED(PLANTED_REWRITE))
                abort();
            continue;
        }
        noted = note_entry(w, origin, &entry, &head, record.bytes, tag);
        if (on_disk)
            disk_put(disk, &(struct item){.head = head, .prev = entry.prev, .entry = record.bytes});
    }
    buffer_free(&commit);
}

/* ---- signing ---- */

static void begin(struct world *w, struct buffer *bundle)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &w->federation.network);
}

static struct writer new_key(struct world *w, const char *what, const struct id *kibbutz, enum role role)
{
    char label[WORLD_LABEL];

    snprintf(label, sizeof label, "%s %" PRIu64 " %zu", what, w->seed,
             w->person_count + w->node_count * 100 + (size_t)w->last_tag * 10000);
    return federation_writer(label, kibbutz, role);
}

static size_t draw_size(struct world *w)
{
    struct random *r = &w->work_chance;
    uint64_t die = random_below(r, 100);

    if (die < 70 || !w->swarm.big)
        return (size_t)random_between(r, 1, 2000);
    if (die < 88)
        return (size_t)random_between(r, 2000, 40000);
    return die < 98 ? (size_t)random_between(r, 90000, 300000) : (size_t)random_between(r, 1000000, 2500000);
}

static struct id sign_document(struct world *w, struct writer *key, enum act_audience audience, size_t size,
                               struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT);
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;
    uint8_t *bytes = malloc(size);

    if (!bytes)
        abort();
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = random_next(&w->work_chance);
        memcpy(bytes + i, &word, size - i < 8 ? size - i : 8);
    }
    struct content_file file = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_of(bytes, size)};
    random_fill(&w->work_chance, salt, sizeof salt);
    if (content_pack(&file, 1, salt, &packed, &content))
        abort();
    act_write_text(&body, ACT_AUDIENCE, act_audience_name(audience));
    act_write_id(&body, ACT_CONTENT, &content);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    struct id id =
        federation_sign(&w->federation, key, ACT_PUBLISH, buffer_bytes(&body), buffer_bytes(&packed), bundle);
    free(bytes);
    buffer_free(&body);
    buffer_free(&packed);
    return id;
}

static struct id sign_approval(struct world *w, struct writer *key, const struct id *subject, struct buffer *bundle)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, subject);
    struct id id = federation_sign(&w->federation, key, ACT_APPROVE, buffer_bytes(&body), bytes_of(NULL, 0), bundle);
    buffer_free(&body);
    return id;
}

/* Takes up a pen: looks at the store for the head of the log. */
static bool takes_pen(struct world *w, struct person *p)
{
    struct node *home = &w->nodes[p->home];

    if (!home->up || home->broken || p->tag)
        return false;
    if (!PLANTED(PLANTED_REWRITE)) {
        struct head head = disk_head(&home->disk, &p->key.key.public);
        p->key.head = head;
    }
    w->federation.now_ms = (uint64_t)((int64_t)(BASE_MS + w->now) + p->clock_off_ms);
    return true;
}

static bool hand_over(struct world *w, struct person *p, struct buffer *bundle)
{
    uint64_t tag = ++w->last_tag;
    struct node *home = &w->nodes[p->home];
    enum err err = replica_publish(home->replica, tag, buffer_bytes(bundle));

    trace_note(&w->trace, w->now, "person %zu at node %u hands over %zu bytes: %s", (size_t)(p - w->people), p->home,
               bundle->len, err_text(err));
    if (!err) {
        people_note(w, p->home, bundle, tag, false);
        p->tag = tag;
    } else if (err != ERR_BUSY && err != ERR_STRANGER && err != ERR_IO) {
        world_fail(w, "person_refused", "node %u refuses what person %zu signed after looking at the store: %s",
                   p->home, (size_t)(p - w->people), err_text(err));
    }
    buffer_free(bundle);
    if (!err) {
        faults_after(w, FAULT_AT_PUBLISH, p->home);
        world_pump(w, p->home);
    }
    return !err;
}

/* ---- plans: what an acknowledged act leads to ---- */

static struct person *add_person(struct world *w, const struct writer *key, uint32_t home, bool granted)
{
    if (w->person_count == WORLD_PEOPLE)
        return NULL;
    struct person *p = &w->people[w->person_count++];
    *p = (struct person){.key = *key, .home = home, .granted = granted};
    trace_note(&w->trace, w->now, "person %zu of kibbutz %02x%02x at node %u", w->person_count - 1, key->kibbutz.at[0],
               key->kibbutz.at[1], home);
    if (w->swarm.wild_clocks)
        p->clock_off_ms = (int64_t)random_below(&w->work_chance, 20) * YEAR_MS - 10 * YEAR_MS;
    return p;
}

static void befriend_newcomer(struct world *w, uint32_t node, uint32_t host)
{
    w->nodes[node].host = host;
    world_befriend(w, node, host);
    world_befriend(w, host, node);
    for (uint32_t i = 0; i < w->node_count; i++)
        if (i != node && i != host && random_chance(&w->work_chance, 350)) {
            world_befriend(w, node, i);
            if (random_chance(&w->work_chance, 500))
                world_befriend(w, i, node);
        }
}

/* Each knows the one before it and some others: nobody is far from anybody. */
static void befriend_few(struct world *w)
{
    for (uint32_t i = 1; i < w->node_count; i++) {
        world_befriend(w, i, i - 1);
        for (int j = w->swarm.years ? 2 : 0; j < 3; j++)
            world_befriend(w, i, (uint32_t)random_below(&w->work_chance, i));
    }
}

static void start_later(struct world *w, uint32_t node)
{
    world_start_at(w, node,
                   w->now + random_between(&w->work_chance, 0, random_chance(&w->work_chance, 300) ? 60000 : 3000));
}

/* A kibbutz comes: its steward accepts and grants its first node, all on its own disk, before the first contact. */
static void come_as_kibbutz(struct world *w, const struct writer *ephemeral, const struct id *admit, uint32_t host)
{
    uint32_t at = world_add_node(w, admit, false);
    struct writer steward = new_key(w, "steward", admit, ROLE_STEWARD), invitation = *ephemeral;
    struct id card = id_hash(ID_CARD, id_bytes(&steward.key.public));
    struct buffer bundle;

    if (at == NOBODY)
        return;
    invitation.kibbutz = *admit;
    begin(w, &bundle);
    w->federation.now_ms = BASE_MS + w->now;
    w->nodes[at].joined_by = federation_accept(&w->federation, &invitation, admit, &steward, &card, NULL, &bundle);
    w->nodes[at].joined_log = invitation.key.public;
    w->nodes[at].invited = true;
    federation_grant_node(&w->federation, &steward, &w->nodes[at].key.key.public, w->nodes[at].label, &bundle);
    people_note(w, at, &bundle, 0, true);
    buffer_free(&bundle);
    (void)add_person(w, &steward, at, true);
    befriend_newcomer(w, at, host);
    start_later(w, at);
}

static void come_as_node(struct world *w, const struct writer *ephemeral, const struct id *grant,
                         const struct id *kibbutz, uint32_t host)
{
    uint32_t at = world_add_node(w, kibbutz, false);
    struct writer invitation = *ephemeral;
    struct buffer bundle;

    if (at == NOBODY)
        return;
    begin(w, &bundle);
    w->federation.now_ms = BASE_MS + w->now;
    w->nodes[at].joined_by =
        federation_accept(&w->federation, &invitation, grant, &w->nodes[at].key, NULL, w->nodes[at].label, &bundle);
    w->nodes[at].joined_log = invitation.key.public;
    w->nodes[at].invited = true;
    people_note(w, at, &bundle, 0, true);
    buffer_free(&bundle);
    befriend_newcomer(w, at, host);
    start_later(w, at);
}

static void follow_up(struct world *w, struct person *p)
{
    enum plan_kind plan = p->plan;
    struct writer subject = p->subject;

    p->plan = PLAN_NOTHING;
    switch (plan) {
    case PLAN_NOTHING: break;
    case PLAN_AUTHOR: (void)add_person(w, &subject, p->place, true); break;
    case PLAN_INVITED_AUTHOR: {
        struct writer key = new_key(w, "guest", &p->key.kibbutz, ROLE_COORDINATOR);
        struct person *guest = add_person(w, &key, p->place, false);

        if (guest) { /* Its first act is the hand-over; see accept_invitation(). */
            guest->entry = p->entry;
            guest->subject = subject;
        }
        break;
    }
    case PLAN_NODE:
        befriend_newcomer(w, p->place, p->home);
        start_later(w, p->place);
        break;
    case PLAN_KIBBUTZ:
        if (w->kibbutz_count < WORLD_KIBBUTZIM)
            w->kibbutzim[w->kibbutz_count++] = p->entry;
        come_as_kibbutz(w, &subject, &p->entry, p->home);
        if (w->swarm.twice && random_chance(&w->work_chance, 600) && w->node_count < WORLD_NODES) {
            uint32_t first = (uint32_t)w->node_count - 1;

            come_as_kibbutz(w, &subject, &p->entry, p->home);
            world_befriend(w, first, first + 1); /* What is for their kibbutz alone goes no other way. */
        }
        break;
    case PLAN_INVITED_NODE:
        come_as_node(w, &subject, &p->entry, &p->key.kibbutz, p->home);
        if (w->swarm.twice && random_chance(&w->work_chance, 300))
            come_as_node(w, &subject, &p->entry, &p->key.kibbutz, p->home);
        break;
    }
}

/* ---- what people do ---- */

static uint32_t some_node_of(struct world *w, const struct id *kibbutz)
{
    uint32_t found = NOBODY, count = 0;

    for (uint32_t i = 0; i < w->node_count; i++)
        if (id_equal(&w->nodes[i].kibbutz, kibbutz) && random_below(&w->work_chance, ++count) == 0)
            found = i;
    return found;
}

static void grant_something(struct world *w, struct person *p)
{
    struct buffer bundle;
    unsigned kind = (unsigned)random_below(&w->work_chance, 5);
    bool room = w->node_count < w->swarm.node_goal;

    if (!room && kind >= 2)
        kind = (unsigned)random_below(&w->work_chance, 2);
    begin(w, &bundle);
    p->place = some_node_of(w, &p->key.kibbutz);
    p->subject = new_key(w, "key", &p->key.kibbutz, kind == 0 ? ROLE_COORDINATOR : ROLE_INVITATION);
    if (kind == 0) {
        p->plan = PLAN_AUTHOR;
        p->entry = federation_grant_coordinator(&w->federation, &p->key, &p->subject.key.public, &bundle);
    } else if (kind == 1) {
        p->plan = PLAN_INVITED_AUTHOR;
        p->entry =
            federation_grant_invitation(&w->federation, &p->key, &p->subject.key.public, ROLE_COORDINATOR, &bundle);
    } else if (kind == 2) {
        p->plan = PLAN_NODE;
        p->place = world_add_node(w, &p->key.kibbutz, true);
        p->entry = federation_grant_node(&w->federation, &p->key, &w->nodes[p->place].key.key.public,
                                         w->nodes[p->place].label, &bundle);
    } else if (kind == 3 && p == w->people) { /* The founder votes; admission by one suffices here. */
        p->plan = PLAN_KIBBUTZ;
        p->entry = federation_admit(&w->federation, &p->key, &p->subject.key.public, &bundle);
    } else {
        p->plan = PLAN_INVITED_NODE;
        p->entry = federation_grant_invitation(&w->federation, &p->key, &p->subject.key.public, ROLE_NODE, &bundle);
    }
    if (!hand_over(w, p, &bundle))
        p->plan = PLAN_NOTHING;
}

static void accept_invitation(struct world *w, struct person *p)
{
    struct writer ephemeral = p->subject, newcomer = p->key;
    struct buffer bundle;

    if (disk_head(&w->nodes[p->home].disk, &ephemeral.key.public).seq > 0) {
        p->granted = true;
        return;
    }
    begin(w, &bundle);
    ephemeral.head = (struct head){.log = ephemeral.key.public};
    federation_accept(&w->federation, &ephemeral, &p->entry, &newcomer, NULL, NULL, &bundle);
    (void)hand_over(w, p, &bundle);
}

static enum act_audience draw_audience(struct world *w)
{
    static const enum act_audience audiences[] = {ACT_FOR_NETWORK, ACT_FOR_NETWORK, ACT_FOR_KIBBUTZ, ACT_FOR_PUBLIC};

    return audiences[random_below(&w->work_chance, 4)];
}

static void publish_something(struct world *w, struct person *p)
{
    struct buffer bundle;
    size_t count = random_chance(&w->work_chance, w->swarm.bulk) ? (size_t)random_between(&w->work_chance, 2, 12) : 1;

    begin(w, &bundle);
    for (size_t i = 0; i < count && w->entry_count + count < WORLD_ENTRIES; i++) {
        if (w->entry_count > 0 && random_chance(&w->work_chance, 150)) {
            p->entry = sign_approval(w, &p->key, &w->entries[random_below(&w->work_chance, w->entry_count)].head.entry,
                                     &bundle);
            continue;
        }
        size_t size =
            count > 1 ? (size_t)random_between(&w->work_chance, 1, w->swarm.big ? 60000 : 2000) : draw_size(w);
        p->entry = sign_document(w, &p->key, draw_audience(w), size, &bundle);
    }
    (void)hand_over(w, p, &bundle);
}

static void act_once(struct world *w, struct person *p)
{
    if (!takes_pen(w, p))
        return;
    if (!p->granted)
        accept_invitation(w, p);
    else if (p->key.role == ROLE_STEWARD &&
             random_chance(&w->work_chance, w->node_count < w->swarm.node_goal ? 450 : 100))
        grant_something(w, p);
    else
        publish_something(w, p);
}

void people_work(struct world *w)
{
    struct person *p = &w->people[random_below(&w->work_chance, w->person_count)];

    if (w->entry_count + 32 < WORLD_ENTRIES && w->person_count + 2 < WORLD_PEOPLE)
        act_once(w, p);
    if (w->swarm.work_count-- > 1)
        world_push(w, w->now + random_between(&w->work_chance, 0, 2 * w->swarm.work_gap_ms), EVENT_WORK, 0, 0);
    else
        w->work_ends = true;
}

bool people_probe(struct world *w)
{
    for (size_t i = 0; i < w->person_count; i++) {
        struct person *p = &w->people[(i + (size_t)w->seed) % w->person_count];
        struct buffer bundle;

        if (!p->granted || w->nodes[p->home].removed || !takes_pen(w, p))
            continue;
        begin(w, &bundle);
        w->probe = sign_document(w, &p->key, ACT_FOR_PUBLIC, 100, &bundle);
        w->probe_home = p->home;
        if (hand_over(w, p, &bundle))
            return true;
    }
    return false;
}

/* ---- outcomes ---- */

void people_published(struct world *w, uint32_t node, uint64_t tag, enum err cause)
{
    trace_note(&w->trace, w->now, "node %u: publication %" PRIu64 ": %s", node, tag, err_text(cause));
    for (size_t i = 0; i < w->person_count; i++) {
        struct person *p = &w->people[i];

        if (p->tag != tag)
            continue;
        p->tag = 0;
        if (cause) {
            p->plan = PLAN_NOTHING; /* It may stand all the same; the person looks again after the next start. */
            return;
        }
        for (size_t j = 0; j < w->entry_count; j++)
            if (w->entries[j].tag == tag) {
                w->entries[j].fate = FATE_STANDS;
                check_held_at_origin(w, &w->entries[j], "acknowledged_not_durable");
            }
        if (!p->granted)
            p->granted = true;
        follow_up(w, p);
        return;
    }
}

void people_look(struct world *w, uint32_t node)
{
    for (size_t i = 0; i < w->entry_count; i++) {
        struct signed_entry *e = &w->entries[i];

        if (e->origin != node)
            continue;
        if (e->fate == FATE_STANDS) {
            check_held_at_origin(w, e, "acknowledged_lost");
        } else if (e->fate == FATE_SENT) {
            const struct disk_record *record =
                disk_find(&w->nodes[node].disk, &e->head.log, e->head.seq, &e->head.entry);

            e->fate = record ? FATE_STANDS : FATE_NEVER;
            if (e->fate == FATE_STANDS && record->content.len == 0)
                e->content_len = 0; /* Never promised: the entry came through the crash without it. */
            if (e->fate == FATE_NEVER)
                check_nobody_holds(w, e);
        }
    }
    for (size_t i = 0; i < w->person_count; i++)
        if (w->people[i].home == node && w->people[i].tag) {
            w->people[i].tag = 0;
            w->people[i].plan = PLAN_NOTHING;
        }
}

/* ---- the beginning ---- */

void people_found(struct world *w)
{
    char name[WORLD_LABEL];
    struct buffer bundle;
    unsigned first = (unsigned)random_between(&w->work_chance, 1, 3);

    if (w->scenario || w->swarm.large)
        first = w->swarm.node_goal - (w->swarm.years ? 2 : 0);
    snprintf(name, sizeof name, "network %" PRIu64, w->seed);
    federation_begin(&w->federation, name);
    w->kibbutzim[w->kibbutz_count++] = w->federation.founder.kibbutz;
    begin(w, &bundle);
    w->federation.now_ms = BASE_MS;
    for (unsigned i = 0; i < first && i < w->swarm.node_goal; i++) {
        uint32_t at = world_add_node(w, &w->federation.founder.kibbutz, true);

        federation_grant_node(&w->federation, &w->federation.founder, &w->nodes[at].key.key.public, w->nodes[at].label,
                              &bundle);
        if (i > 0 && !w->swarm.large && !(w->scenario && w->scenario->befriend))
            befriend_newcomer(w, at, 0);
    }
    if (w->scenario && w->scenario->befriend)
        w->scenario->befriend(w);
    else if (w->swarm.large)
        befriend_few(w);
    hostile_enrol(w, &bundle);
    if (w->scenario)
        scenario_enrol(w, &bundle);
    (void)add_person(w, &w->federation.founder, 0, true);
    struct writer coordinator = new_key(w, "coordinator", &w->federation.founder.kibbutz, ROLE_COORDINATOR);
    federation_grant_coordinator(&w->federation, &w->federation.founder, &coordinator.key.public, &bundle);
    (void)add_person(w, &coordinator, (uint32_t)random_below(&w->work_chance, w->node_count), true);
    people_note(w, 0, &bundle, 0, true);
    buffer_free(&bundle);
    for (uint32_t i = 1; i < w->node_count && w->scenario && w->scenario->befriend;
         i++) { /* They have been members for long. */
        disk_free(&w->nodes[i].disk);
        disk_copy(&w->nodes[i].disk, &w->nodes[0].disk);
    }
    for (uint32_t i = 0; i < w->node_count; i++)
        world_start_at(w, i, random_below(&w->work_chance, 2000));
    if (!w->scenario)
        world_push(w, 2500, EVENT_WORK, 0, 0);
}
