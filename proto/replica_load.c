/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"
#include "proto/replica_state.h"

/* What a replica learns before it speaks to anybody, and the charter, which may come later. */

enum err replica_load_head(struct replica *r, const struct head *head)
{
    return frontier_add(r->frontier, NULL, head, NULL);
}

enum err replica_load_entry(struct replica *r, const struct entry *entry, const struct id *id)
{
    if (r->trust)
        return trust_add(r->trust, entry, id);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    entry_encode(&wire, entry);
    enum err err = buffer_error(&wire);
    if (!err) {
        bundle_add_entry(&r->early, buffer_bytes(&wire));
        err = buffer_error(&r->early);
    }
    buffer_free(&wire);
    return err;
}

enum err replica_load_enrolment(struct replica *r, struct bytes bundle)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct entry entry;
    bool shown = false;
    enum err err = bundle_open(&reader, bundle, &r->network);

    buffer_clear(&r->enrolment);
    buffer_clear(&r->enrolment_frame);
    bundle_begin(&r->enrolment, &r->network);
    while (!err && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END) {
        if (record.kind == BUNDLE_ENTRY && !(err = entry_decode(record.bytes, &r->network, &entry))) {
            bundle_add_entry(&r->enrolment, record.bytes);
            shown = !replica_is_restricted(&entry); /* Whoever is shown this may be of any kibbutz. */
        } else if (record.kind == BUNDLE_CONTENT && shown) {
            bundle_add_content(&r->enrolment, &record.log, record.seq, record.bytes);
        }
    }
    if (!err)
        err = buffer_error(&r->enrolment);
    if (err)
        buffer_free(&r->enrolment);
    return err;
}

/* What a newcomer loaded are its own entries: they verify from seq 1 on without anything else. */
static enum err learn_early(struct replica *r)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct head head = {.seq = 0}, after;
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry;
    enum err err = bundle_open(&reader, buffer_bytes(&r->early), &r->network);

    while (!err && !(err = bundle_next(&reader, &record)) && record.kind == BUNDLE_ENTRY) {
        if ((err = entry_decode(record.bytes, &r->network, &entry)))
            break;
        if (entry.seq == 1)
            head = (struct head){.log = entry.log};
        buffer_clear(&commit);
        if (!(err = entry_verify(&entry, &head, &after, &commit)))
            err = trust_add(r->trust, &entry, &after.entry);
        head = after;
    }
    buffer_free(&commit);
    return err;
}

enum err replica_learn_charter(struct replica *r, struct bytes text)
{
    enum err err;
    struct id network = id_hash(ID_NETWORK, text);

    if (!id_equal(&network, &r->network))
        return ERR_AUTH;
    buffer_clear(&r->charter);
    buffer_add(&r->charter, text);
    if ((err = buffer_error(&r->charter)))
        return err;
    if (!(r->trust = trust_new(text)))
        return ERR_FORMAT;
    err = learn_early(r);
    buffer_free(&r->early);
    return err;
}
