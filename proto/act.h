/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ACT_H
#define PROTO_ACT_H

/*
 * The lines that an act carries in its entry (docs/FORMAT.md, 2.2): a grammar in one table, a checker, a reader and a
 * writer.  A body that act_check() accepts has exactly one form.
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/sshsig.h"

enum act {
    ACT_PUBLISH,
    ACT_REVISE,
    ACT_WITHDRAW,
    ACT_APPROVE,
    ACT_ERASE,
    ACT_ADMIT,
    ACT_GRANT,
    ACT_ACCEPT,
    ACT_REVOKE,
    ACT_COUNCIL,
    ACT_RECOVER,
    ACT_TRANSPORT,
    ACT_UNKNOWN, /* Of a newer version: kept, relayed, not interpreted. */
};

enum act_line { /* The names of lines, in no order that matters. */
    ACT_AUDIENCE, ACT_CONTENT, ACT_NEED, ACT_COUNT, ACT_SUPERSEDES, ACT_DOCUMENT, ACT_AFTER, ACT_REASON, ACT_SUBJECT,
    ACT_INVITED, ACT_GRANTS, ACT_BY, ACT_CHANNEL, ACT_INVITATION, ACT_KEY, ACT_CARD, ACT_CONSENT, ACT_PIN, ACT_WHY,
    ACT_BASE, ACT_MAJORITY, ACT_ADMISSION, ACT_LINE, ACT_CUT, ACT_KEEP, ACT_CLOSED, ACT_OVER, ACT_KIBBUTZ, ACT_ADDRESS,
    ACT_LINE_COUNT
};

enum act_audience { ACT_FOR_KIBBUTZ, ACT_FOR_NETWORK, ACT_FOR_PUBLIC };

/* "publish" and so on; ACT_UNKNOWN has none: "". */
const char *act_name(enum act act);
enum act act_from_name(struct bytes name);
/* Whether trust reads it: all acts but those on documents alone, and unknown ones. */
bool act_governs(enum act act);
const char *act_audience_name(enum act_audience audience);
/* ERR_MISSING: no such audience. */
enum err act_audience_from_name(struct bytes name, enum act_audience *audience);

/* Checks lines, their order, counts, values and the rules between them.  ERR_FORMAT or ERR_LIMIT. */
enum err act_check(enum act act, struct bytes body);

/*
 * Reads the `index`th line of that name from a checked body; ERR_MISSING when there are fewer.  act_value() lends
 * the value's text from `body`.
 */
enum err act_value(struct bytes body, enum act_line line, size_t index, struct bytes *value);
enum err act_id(struct bytes body, enum act_line line, size_t index, struct id *id);
enum err act_number(struct bytes body, enum act_line line, uint64_t *number);
enum err act_audience(struct bytes body, enum act_audience *audience);
enum err act_consent(struct bytes body, struct signature *consent);
size_t act_count(struct bytes body, enum act_line line);

/* Appends one line; the caller keeps the order of the table, and act_check() judges the result. */
void act_write(struct buffer *body, enum act_line line, struct bytes value);
void act_write_text(struct buffer *body, enum act_line line, const char *value);
void act_write_id(struct buffer *body, enum act_line line, const struct id *id);
void act_write_number(struct buffer *body, enum act_line line, uint64_t number);

/* The hash that a consent signs (docs/FORMAT.md, 2.4); `card` and `channel` may be NULL. */
struct id act_consent_hash(const struct id *network, const struct id *invitation_key, const struct id *invitation,
                           const struct id *key, const struct id *card, const struct id *channel);

#endif
