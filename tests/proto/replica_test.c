/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "proto/limits.h"
#include "proto/replica.h"
#include "tests/support/federation.h"

/*
 * Replicas in one process, joined by perfect wires and perfect stores: what is said, without faults.  Faults are the
 * simulator's (tests/sim).
 */

#define NODES 4
#define KEPT 512

struct kept { /* A store: one entry with its content. */
    struct id log;
    uint64_t seq;
    struct buffer entry, content;
};

struct node {
    struct replica *replica;
    struct writer key;
    const char *name;
    struct kept kept[KEPT];
    size_t kept_count;
    bool store_fails;
    size_t stores, opened, closed, equal, forks, published;
    enum err last_published, last_closed;
};

struct wire {
    struct node *from, *to;
    uint32_t at_from, at_to;
    bool up;
    size_t bytes;
};

struct net {
    struct federation f;
    struct node nodes[NODES];
    struct wire wires[16];
    size_t wire_count;
    uint64_t now;
    uint8_t seed;
};

static struct node *start(struct net *net, size_t index, const char *name, bool with_charter)
{
    struct node *node = &net->nodes[index];
    struct noise_key_pair channel = federation_channel(name);
    struct replica_options options = {.network = net->f.network,
                                      .charter = with_charter ? buffer_bytes(&net->f.charter) : bytes_of(NULL, 0),
                                      .channel = &channel,
                                      .store_id = index + 1,
                                      .software = "test"};

    node->name = name;
    node->key = federation_writer(name, &net->f.founder.kibbutz, ROLE_NODE);
    options.node = node->key.key.public;
    node->replica = replica_new(&options);
    assert_non_null(node->replica);
    return node;
}

static struct kept *find(struct node *node, const struct id *log, uint64_t seq)
{
    for (size_t i = 0; i < node->kept_count; i++)
        if (node->kept[i].seq == seq && id_equal(&node->kept[i].log, log))
            return &node->kept[i];
    return NULL;
}

static void keep(struct node *node, const struct item *item)
{
    struct kept *kept = find(node, &item->head.log, item->head.seq);

    if (!kept) {
        assert_true(node->kept_count < KEPT);
        kept = &node->kept[node->kept_count++];
        *kept = (struct kept){.log = item->head.log, .seq = item->head.seq, .entry = BUFFER(LIMIT_ENTRY), .content = BUFFER(LIMIT_CONTENT + 4096)};
    }
    buffer_add(&kept->entry, item->entry);
    buffer_add(&kept->content, item->content);
}

static void supply(struct node *node, const struct replica_event *event)
{
    for (uint64_t seq = event->from; seq <= event->to; seq++) {
        struct kept *kept = find(node, &event->log, seq);

        if (!kept || !replica_supply(node->replica, event->connection, &event->log, seq, buffer_bytes(&kept->entry),
                                     buffer_bytes(&kept->content)))
            break;
    }
    replica_supply_end(node->replica, event->connection);
}

static bool pump(struct net *net, struct node *node)
{
    bool did = false;
    struct replica_event event;

    while ((event = replica_next(node->replica, net->now)).kind != REPLICA_IDLE) {
        did = true;
        switch (event.kind) {
        case REPLICA_STORE:
            node->stores++;
            for (size_t i = 0; i < event.item_count && !node->store_fails; i++)
                keep(node, &event.items[i]);
            replica_stored(node->replica, node->store_fails ? ERR_FULL : ERR_OK, net->now);
            break;
        case REPLICA_READ: supply(node, &event); break;
        case REPLICA_OPENED: node->opened++; break;
        case REPLICA_CLOSED:
            node->closed++;
            node->last_closed = event.cause;
            for (size_t i = 0; i < net->wire_count; i++)
                if ((net->wires[i].from == node && net->wires[i].at_from == event.connection) ||
                    (net->wires[i].to == node && net->wires[i].at_to == event.connection))
                    net->wires[i].up = false;
            break;
        case REPLICA_EQUAL: node->equal++; break;
        case REPLICA_FORK: node->forks++; break;
        case REPLICA_PUBLISHED:
            node->published++;
            node->last_published = event.cause;
            break;
        case REPLICA_ADVANCED:
        case REPLICA_CHARTER:
        case REPLICA_IDLE: break;
        }
    }
    return did;
}

static bool carry(struct net *net, struct wire *wire, bool forward)
{
    struct node *from = forward ? wire->from : wire->to, *to = forward ? wire->to : wire->from;
    uint32_t out = forward ? wire->at_from : wire->at_to, in = forward ? wire->at_to : wire->at_from;
    struct bytes bytes = replica_output(from->replica, out, net->now);

    if (!wire->up || bytes.len == 0)
        return false;
    size_t taken = replica_receive(to->replica, in, bytes, net->now);
    replica_sent(from->replica, out, taken);
    wire->bytes += taken;
    return taken > 0;
}

static void run(struct net *net)
{
    bool did = true;

    for (size_t rounds = 0; did; rounds++) {
        assert_true(rounds < 100000); /* Nothing talks for ever. */
        did = false;
        for (size_t i = 0; i < NODES; i++)
            did = (net->nodes[i].replica && pump(net, &net->nodes[i])) || did;
        for (size_t i = 0; i < net->wire_count; i++) {
            did = carry(net, &net->wires[i], true) || did;
            did = carry(net, &net->wires[i], false) || did;
        }
    }
}

static struct wire *dial(struct net *net, struct node *from, struct node *to)
{
    struct wire *wire = &net->wires[net->wire_count];
    struct replica_connection how = {.initiator = true, .expect = federation_channel_id(to->name)};

    *wire = (struct wire){.from = from, .to = to, .at_from = (uint32_t)(2 * net->wire_count), .at_to = (uint32_t)(2 * net->wire_count + 1), .up = true};
    net->wire_count++;
    how.seed[0] = ++net->seed;
    assert_int_equal(replica_connect(from->replica, wire->at_from, &how, net->now), ERR_OK);
    how.initiator = false;
    how.seed[0] = ++net->seed;
    assert_int_equal(replica_connect(to->replica, wire->at_to, &how, net->now), ERR_OK);
    return wire;
}

static enum err publish(struct node *node, struct buffer *bundle)
{
    enum err err = replica_publish(node->replica, 1, buffer_bytes(bundle));

    buffer_free(bundle);
    return err;
}

static void begin(struct buffer *bundle, struct net *net)
{
    *bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(bundle, &net->f.network);
}

/* Three nodes of the founding kibbutz, granted by its steward; the grants are in the first one's store. */
static struct net *three(void)
{
    static const char *names[] = {"one", "two", "three"};
    struct net *net = calloc(1, sizeof *net);
    struct buffer bundle;

    assert_non_null(net);
    federation_begin(&net->f, "רשת");
    begin(&bundle, net);
    for (size_t i = 0; i < 3; i++) {
        struct node *node = start(net, i, names[i], true);
        federation_grant_node(&net->f, &net->f.founder, &node->key.key.public, names[i], &bundle);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(replica_publish(net->nodes[i].replica, 1, buffer_bytes(&bundle)), ERR_OK);
        run(net);
    }
    buffer_free(&bundle);
    return net;
}

static void end(struct net *net)
{
    for (size_t i = 0; i < NODES; i++) {
        replica_free(net->nodes[i].replica);
        for (size_t j = 0; j < net->nodes[i].kept_count; j++) {
            buffer_free(&net->nodes[i].kept[j].entry);
            buffer_free(&net->nodes[i].kept[j].content);
        }
    }
    federation_free(&net->f);
    free(net);
}

static void assert_equal_roots(const struct node *a, const struct node *b)
{
    struct id x = frontier_root(replica_frontier(a->replica)), y = frontier_root(replica_frontier(b->replica));

    assert_memory_equal(x.at, y.at, ID_LEN);
}

static void a_published_document_reaches_the_other_node_at_once(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;

    dial(net, &net->nodes[0], &net->nodes[1]);
    run(net);
    assert_int_equal(net->nodes[1].equal, 1);
    begin(&bundle, net);
    federation_publish(&net->f, &net->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    assert_int_equal(net->nodes[0].last_published, ERR_OK);
    assert_equal_roots(&net->nodes[0], &net->nodes[1]);
    struct kept *kept = find(&net->nodes[1], &net->f.founder.key.public, net->f.founder.head.seq);
    assert_non_null(kept);
    assert_true(kept->content.len > 0);
    end(net);
}

static void a_node_catches_up_with_what_it_missed(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;

    for (size_t i = 0; i < 300; i++) {
        begin(&bundle, net);
        federation_publish(&net->f, &net->f.founder, "החלטה: להקים ועדה חדשה לענייני תרבות, ולהזמין אליה נציגים.\n", ACT_FOR_NETWORK, &bundle);
        assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
        run(net);
    }
    dial(net, &net->nodes[1], &net->nodes[0]);
    run(net);
    assert_equal_roots(&net->nodes[0], &net->nodes[1]);
    assert_int_equal(replica_missing(net->nodes[1].replica), 0);
    assert_true(net->nodes[1].stores < 20); /* In bundles, not one by one. */
    end(net);
}

static void what_comes_by_push_is_passed_on(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;

    dial(net, &net->nodes[0], &net->nodes[1]);
    dial(net, &net->nodes[1], &net->nodes[2]);
    run(net);
    begin(&bundle, net);
    federation_publish(&net->f, &net->f.founder, "# הודעה\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    assert_equal_roots(&net->nodes[0], &net->nodes[2]);
    end(net);
}

/* The last one is equal with its neighbour before that one catches up; all three know in the end that they are equal. */
static void what_was_caught_up_is_passed_on(void **state)
{
    (void)state;
    struct net *net = three();
    struct replica_peer peer;
    struct buffer bundle;

    for (size_t i = 0; i < 40; i++) {
        begin(&bundle, net);
        federation_publish(&net->f, &net->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
        assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
        run(net);
    }
    dial(net, &net->nodes[2], &net->nodes[1]);
    run(net);
    dial(net, &net->nodes[1], &net->nodes[0]);
    run(net);
    assert_equal_roots(&net->nodes[0], &net->nodes[1]);
    assert_equal_roots(&net->nodes[0], &net->nodes[2]);
    for (size_t i = 0; i < net->wire_count; i++) {
        assert_int_equal(replica_peer(net->wires[i].from->replica, net->wires[i].at_from, &peer), ERR_OK);
        assert_true(peer.is_equal);
        assert_int_equal(replica_peer(net->wires[i].to->replica, net->wires[i].at_to, &peer), ERR_OK);
        assert_true(peer.is_equal);
    }
    end(net);
}

static void a_caller_that_nothing_grants_gets_nothing(void **state)
{
    (void)state;
    struct net *net = three();
    struct node *stranger = start(net, 3, "stranger", true);
    struct wire *wire = dial(net, stranger, &net->nodes[0]);

    run(net);
    assert_int_equal(net->nodes[0].opened, 0);
    assert_int_equal(stranger->opened, 0);
    assert_int_equal(stranger->kept_count, 0);
    net->now += LIMIT_HANDSHAKE_MS;
    replica_expire(net->nodes[0].replica, net->now);
    run(net);
    assert_int_equal(net->nodes[0].closed, 1);
    assert_int_equal(net->nodes[0].last_closed, ERR_STRANGER);
    assert_false(wire->up);
    end(net);
}

/* The whole way in: admit, accept and grant signed before the first contact, the charter learnt from the wire. */
static struct node *join(struct net *net, struct writer *ephemeral, const struct id *admit, const char *steward_label)
{
    struct writer steward = federation_writer(steward_label, admit, ROLE_STEWARD);
    struct id card = id_hash(ID_CARD, bytes_text(steward_label));
    struct node *node = start(net, 3, "newcomer", false);
    struct buffer bundle;
    struct bundle_reader reader;
    struct bundle_record record;
    struct head head = {.seq = 0}, after;
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry;

    begin(&bundle, net);
    federation_accept(&net->f, ephemeral, admit, &steward, &card, NULL, &bundle);
    federation_grant_node(&net->f, &steward, &node->key.key.public, "newcomer", &bundle);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&bundle), &net->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        if (record.kind == BUNDLE_CONTENT) {
            struct item item = {.head = {.log = record.log, .seq = record.seq}, .content = record.bytes};
            keep(node, &item);
            continue;
        }
        assert_int_equal(entry_decode(record.bytes, &net->f.network, &entry), ERR_OK);
        head = (struct head){.log = entry.log};
        buffer_clear(&commit);
        assert_int_equal(entry_verify(&entry, &head, &after, &commit), ERR_OK);
        assert_int_equal(replica_load_entry(node->replica, &entry, &after.entry), ERR_OK);
        assert_int_equal(replica_load_head(node->replica, &after), ERR_OK);
        struct item item = {.head = after, .entry = record.bytes};
        keep(node, &item);
    }
    assert_int_equal(replica_load_enrolment(node->replica, buffer_bytes(&bundle)), ERR_OK);
    buffer_free(&commit);
    buffer_free(&bundle);
    return node;
}

static void an_invited_kibbutz_joins_and_gets_everything(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &net->f.founder.kibbutz, ROLE_INVITATION);

    begin(&bundle, net);
    struct id admit = federation_admit(&net->f, &net->f.founder, &ephemeral.key.public, &bundle);
    federation_publish(&net->f, &net->f.founder, "# פרוטוקול ישן\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    ephemeral.kibbutz = admit;
    struct node *newcomer = join(net, &ephemeral, &admit, "new steward");
    dial(net, newcomer, &net->nodes[0]);
    run(net);
    assert_equal_roots(newcomer, &net->nodes[0]);
    assert_int_equal(replica_missing(newcomer->replica), 0);
    assert_int_equal(newcomer->opened, 1);
    end(net);
}

static void an_invitation_used_twice_is_refused_in_words(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &net->f.founder.kibbutz, ROLE_INVITATION);

    begin(&bundle, net);
    struct id admit = federation_admit(&net->f, &net->f.founder, &ephemeral.key.public, &bundle);
    ephemeral.kibbutz = admit;
    struct writer again = ephemeral, first = federation_writer("first", &admit, ROLE_STEWARD);
    struct id card = id_hash(ID_CARD, bytes_text("first"));
    federation_accept(&net->f, &ephemeral, &admit, &first, &card, NULL, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    struct node *second = join(net, &again, &admit, "second");
    dial(net, second, &net->nodes[0]);
    run(net);
    assert_int_equal(second->closed, 1);
    assert_int_equal(second->last_closed, ERR_EXISTS);
    assert_int_equal(net->nodes[0].forks, 1);
    end(net);
}

static void a_kibbutz_keeps_its_own_contents(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &net->f.founder.kibbutz, ROLE_INVITATION);

    begin(&bundle, net);
    struct id admit = federation_admit(&net->f, &net->f.founder, &ephemeral.key.public, &bundle);
    federation_publish(&net->f, &net->f.founder, "# רק לנו\n", ACT_FOR_KIBBUTZ, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    ephemeral.kibbutz = admit;
    struct node *newcomer = join(net, &ephemeral, &admit, "new steward");
    dial(net, newcomer, &net->nodes[0]);
    dial(net, &net->nodes[1], &net->nodes[0]);
    run(net);
    begin(&bundle, net);
    federation_publish(&net->f, &net->f.founder, "# גם זה רק לנו\n", ACT_FOR_KIBBUTZ, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    for (uint64_t seq = net->f.founder.head.seq - 1; seq <= net->f.founder.head.seq; seq++) {
        struct kept *theirs = find(newcomer, &net->f.founder.key.public, seq);
        struct kept *ours = find(&net->nodes[1], &net->f.founder.key.public, seq);

        assert_non_null(theirs);
        assert_non_null(ours);
        assert_int_equal(theirs->content.len, 0);
        assert_true(ours->content.len > 0);
    }
    assert_equal_roots(newcomer, &net->nodes[0]);
    assert_int_equal(replica_missing(newcomer->replica), 0); /* It does not even want it. */
    end(net);
}

static void a_failed_store_publishes_nothing(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer bundle;

    dial(net, &net->nodes[0], &net->nodes[1]);
    run(net);
    struct id before = frontier_root(replica_frontier(net->nodes[0].replica));
    net->nodes[0].store_fails = true;
    begin(&bundle, net);
    federation_publish(&net->f, &net->f.founder, "# הודעה\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_OK);
    run(net);
    assert_int_equal(net->nodes[0].last_published, ERR_FULL);
    struct id after = frontier_root(replica_frontier(net->nodes[0].replica));
    assert_memory_equal(before.at, after.at, ID_LEN);
    assert_equal_roots(&net->nodes[0], &net->nodes[1]);
    begin(&bundle, net);
    assert_int_equal(publish(&net->nodes[0], &bundle), ERR_IO);
    end(net);
}

static void publishing_with_a_gap_or_twice_is_refused(void **state)
{
    (void)state;
    struct net *net = three();
    struct buffer first, second;

    begin(&first, net);
    begin(&second, net);
    federation_publish(&net->f, &net->f.founder, "א\n", ACT_FOR_NETWORK, &first);
    federation_publish(&net->f, &net->f.founder, "ב\n", ACT_FOR_NETWORK, &second);
    assert_int_equal(replica_publish(net->nodes[0].replica, 1, buffer_bytes(&second)), ERR_GAP);
    assert_int_equal(replica_publish(net->nodes[0].replica, 1, buffer_bytes(&first)), ERR_OK);
    assert_int_equal(replica_publish(net->nodes[0].replica, 1, buffer_bytes(&second)), ERR_BUSY);
    run(net);
    assert_int_equal(publish(&net->nodes[0], &first), ERR_EXISTS);
    assert_int_equal(publish(&net->nodes[0], &second), ERR_OK);
    run(net);
    struct writer nobody = federation_writer("nobody", &net->f.founder.kibbutz, ROLE_COORDINATOR);
    begin(&first, net);
    federation_publish(&net->f, &nobody, "ג\n", ACT_FOR_NETWORK, &first);
    assert_int_equal(publish(&net->nodes[0], &first), ERR_STRANGER);
    end(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_document_reaches_the_other_node_at_once),
        cmocka_unit_test(a_node_catches_up_with_what_it_missed),
        cmocka_unit_test(what_comes_by_push_is_passed_on),
        cmocka_unit_test(what_was_caught_up_is_passed_on),
        cmocka_unit_test(a_caller_that_nothing_grants_gets_nothing),
        cmocka_unit_test(an_invited_kibbutz_joins_and_gets_everything),
        cmocka_unit_test(an_invitation_used_twice_is_refused_in_words),
        cmocka_unit_test(a_kibbutz_keeps_its_own_contents),
        cmocka_unit_test(a_failed_store_publishes_nothing),
        cmocka_unit_test(publishing_with_a_gap_or_twice_is_refused),
    };

    return cmocka_run_group_tests_name("proto.replica", tests, NULL, NULL);
}
