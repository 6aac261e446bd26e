/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/request.h"

#include "node/address_book.h"
#include "node/advertise.h"
#include "node/dialer.h"
#include "node/driver.h"
#include "node/file_io.h"
#include "node/host.h"
#include "node/keeper.h"
#include "node/loader.h"
#include "node/peer.h"
#include "node/report.h"
#include "node/reserve.h"
#include "node/tender.h"
#include "proto/bundle.h"

static enum err remove_peer(struct node *node, struct bytes body)
{
    struct replica_peer state;
    struct id key;
    enum err err = id_from_text(body, &key);

    if (err != ERR_OK || (err = dialer_remove(node->dialer, &key)))
        return err;
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->open && replica_peer(node->replica, peer->connection, &state) == ERR_OK &&
            (id_equal(&peer->channel, &key) || id_equal(&state.key.key, &key)))
            replica_close(node->replica, peer->connection);
    return ERR_OK;
}

static enum err add_peer(struct node *node, struct bytes body)
{
    struct id channel;
    char address[LIMIT_ADDRESS + 1];
    enum err err = dialer_read(body, &channel, address);

    if (err == ERR_OK && (err = dialer_add(node->dialer, &channel, address, host_monotonic_ms())) == ERR_OK)
        address_book_adopt(node, &channel);
    return err;
}

static enum err hurry(struct node *node, struct bytes body)
{
    struct id channel;
    enum err err;

    advertise_hurry(node); /* Whoever moved says so by this. */
    if (body.len == 0) {
        dialer_hurry(node->dialer, NULL, host_monotonic_ms());
        return ERR_OK;
    }
    if ((err = id_from_text(body, &channel)))
        return err;
    if (dialer_find(node->dialer, &channel) == NULL)
        return ERR_MISSING;
    dialer_hurry(node->dialer, &channel, host_monotonic_ms());
    return ERR_OK;
}

/* Whether a peer told of entries of a log of this bundle that are not here. */
static bool is_behind(const struct node *node, struct bytes bundle)
{
    const struct id network = archive_network(storer_archive(node->storer));
    struct bundle_reader reader;
    struct bundle_record record;
    enum err err = bundle_open(&reader, bundle, &network);
    bool behind = false;

    while (!err && !behind && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END) {
        struct id log;
        uint64_t seq;

        behind = record.kind == BUNDLE_ENTRY && !entry_peek(record.bytes, &log, &seq) &&
                 replica_is_behind(node->replica, &log, &seq);
    }
    return behind;
}

/* Whether the store takes nothing in, and why. */
static enum err find_trouble(struct node *node, struct buffer *text)
{
    if (node->trouble[0] != '\0')
        (void)driver_revive(node);
    if (node->trouble[0] == '\0')
        return ERR_OK;
    buffer_text(text, node->trouble);
    return node->trouble_cause;
}

static enum err publish(struct node *node, struct bytes bundle, uint64_t tag, struct buffer *text, bool *later)
{
    enum err err = find_trouble(node, text);

    if (err != ERR_OK)
        return err;
    if (caution_waits(&node->caution, is_behind(node, bundle), peer_count_unheard(node), host_monotonic_ms())) {
        buffer_text(text, "this node still asks the others what was signed here");
        return ERR_BUSY;
    }
    err = replica_publish(node->replica, tag, bundle);
    *later = err == ERR_OK;
    if (err != ERR_OK)
        buffer_text(text, err_text(err));
    return err;
}

static enum err change_channel(struct node *node, struct buffer *text)
{
    char reason[NODE_REASON] = "";
    enum err err = loader_read_channel(node, reason);

    if (err != ERR_OK)
        buffer_text(text, reason);
    return err;
}

static enum err import(struct node *node, struct bytes bundle, uint64_t tag, struct buffer *text, bool *later)
{
    enum err err = find_trouble(node, text);

    if (err != ERR_OK)
        return err;
    err = replica_import(node->replica, tag, bundle);
    *later = err == ERR_OK;
    if (err == ERR_OK) {
        node->import.tag = tag;
        node->import.left_out = replica_left_out(node->replica);
    }
    if (err != ERR_OK)
        buffer_text(text, err_text(err));
    return err;
}

/* Attachments leave a reserve on the disk; what names them comes later, and is small. */
static enum err add_chunk(struct node *node, struct bytes body, struct buffer *text)
{
    struct file_chunk chunk;
    bool whole;
    enum err err = find_trouble(node, text);

    if (err != ERR_OK || (err = control_read_chunk(body, &chunk)))
        return err;
    if (!reserve_allows(node->home, chunk.bytes.len))
        return ERR_FULL;
    /* A disk that fills up is told to whoever publishes; it is no reason to take nothing in any more. */
    if ((err = archive_add_chunk(storer_archive(node->storer), &chunk, &whole)))
        buffer_text(text, archive_reason(storer_archive(node->storer)));
    else
        replica_chunk_here(node->replica, &chunk, whole, host_monotonic_ms());
    return err;
}

static enum err fetch(struct node *node, struct bytes body, struct buffer *text)
{
    struct id entry;
    size_t asked;
    enum err err = find_trouble(node, text);

    if (err != ERR_OK)
        return err;
    if (body.len != ID_LEN)
        return ERR_FORMAT;
    memcpy(entry.at, body.at, ID_LEN);
    return file_io_want(node, &entry, &asked);
}

enum err request_answer(void *context, enum control_type type, struct bytes body, uint64_t tag, struct buffer *text,
                        bool *later)
{
    struct node *node = context;
    enum err err = ERR_FORMAT;

    driver_settle(node);
    if (type != CONTROL_STATUS) /* Which some programs ask for all the time, and which changes nothing. */
        tender_hush(node->tender);
    switch (type) {
    case CONTROL_STATUS: return report_write(node, text);
    case CONTROL_IMPORT: err = import(node, body, tag, text, later); break;
    case CONTROL_CHUNK: err = add_chunk(node, body, text); break;
    case CONTROL_RECEIPT:
        err = replica_take_receipt(node->replica, body, host_monotonic_ms());
        keeper_write(node);
        break;
    case CONTROL_FETCH: err = fetch(node, body, text); break;
    case CONTROL_PUBLISH: err = publish(node, body, tag, text, later); break;
    case CONTROL_PEER_ADD: err = add_peer(node, body); break;
    case CONTROL_PEER_REMOVE: err = remove_peer(node, body); break;
    case CONTROL_SYNC: err = hurry(node, body); break;
    case CONTROL_CHANNEL: err = change_channel(node, text); break;
    case CONTROL_STOP:
        err = ERR_OK;
        node->stop_asked = true;
        break;
    }
    driver_wake(node); /* Not from within: what is stopped may be the connection that asks. */
    return err;
}
