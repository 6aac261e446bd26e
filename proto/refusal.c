/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/refusal.h"

#include "proto/bundle.h"

/* The same invitation was used before: both uses are kept, so that all can see it. */
static bool was_used_before(const struct intake *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].branches && in->items[i].head.seq == 1 && in->items[i].head.role == ROLE_INVITATION)
            return true;
    return false;
}

/* What an invitation that was taken up lacks: approvals of its admission, or a place to stand on at all. */
static enum err judge(struct trust *t, const struct id *grant)
{
    struct trust_kibbutz kibbutz;
    struct trust_voices voices;
    struct id key;

    if (trust_kibbutz(t, grant, &kibbutz)) {
        if (kibbutz.closed)
            return ERR_STRANGER;
        if (!kibbutz.registered && trust_admission(t, grant, &voices) && voices.count < voices.need)
            return ERR_GAP;
    }
    switch (trust_invitation(t, grant, &key)) {
    case TRUST_ENDED: return ERR_STRANGER;
    case TRUST_USED: return trust_key(t, &key).status == TRUST_VOID ? ERR_STRANGER : ERR_OK;
    case TRUST_NO_INVITATION:
    case TRUST_UNAPPROVED:
    case TRUST_OPEN:
    case TRUST_USED_TWICE: break;
    }
    return ERR_OK;
}

enum err refusal_find(struct trust *t, const struct id *network, const struct intake *in, bool granted)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct entry entry;
    struct id grant;
    enum err cause = was_used_before(in) ? ERR_EXISTS : ERR_OK;

    if (cause || granted || bundle_open(&reader, buffer_bytes(&in->bundle), network))
        return cause;
    while (!cause && !bundle_next(&reader, &record) && record.kind != BUNDLE_END)
        if (record.kind == BUNDLE_ENTRY && !entry_decode(record.bytes, network, &entry) && entry.act == ACT_ACCEPT &&
            !act_id(entry.body, ACT_INVITATION, 0, &grant))
            cause = judge(t, &grant);
    return cause;
}

static const char *why_void(const struct trust_key *node, const struct trust_kibbutz *kibbutz)
{
    switch (node->cause) {
    case TRUST_REVOKED:
        return node->compromised ? "this node was revoked by a steward of its kibbutz: its key is not safe any more"
                                 : "this node was retired by a steward of its kibbutz";
    case TRUST_CUT: return "the council has ended the key of this node";
    case TRUST_RECOVERED: return "the recovery card of its kibbutz has ended the key of this node";
    case TRUST_CLOSED: return "the kibbutz of this node has left the network";
    case TRUST_WAITS:
    case TRUST_RESTS_ON:
        return kibbutz->closed ? "the kibbutz of this node has left the network"
                               : "what this node was granted by has been taken back";
    case TRUST_STANDS:
    case TRUST_NOT_GRANTED:
    case TRUST_FORKED: break;
    }
    return NULL;
}

const char *refusal_of_key(struct trust *t, const struct trust_key *node, enum message_refusal *cause)
{
    struct trust_kibbutz kibbutz = {.status = TRUST_UNKNOWN};

    *cause = MESSAGE_REFUSED_REVOKED;
    if (node->status != TRUST_VOID)
        return NULL;
    bool known = trust_kibbutz(t, &node->kibbutz, &kibbutz) && !kibbutz.closed;
    if (node->cause == TRUST_WAITS || (node->cause == TRUST_RESTS_ON && known && kibbutz.status == TRUST_VOID)) {
        *cause = MESSAGE_REFUSED_WAITING;
        return "the admission of this node's kibbutz waits for approvals";
    }
    return why_void(node, &kibbutz);
}

const char *refusal_reason(enum err cause)
{
    return cause == ERR_EXISTS ? "the invitation was used before"
           : cause == ERR_GAP  ? "the admission waits for approvals"
                               : "the invitation grants nothing any more";
}
