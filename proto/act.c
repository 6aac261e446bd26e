/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/act.h"

#include "proto/limits.h"
#include "proto/text.h"

#define RULES_MAX 9
#define MANY(limit) 0, (limit), true
#define SOME(limit) 1, (limit), true
#define ONE 1, 1, false
#define MAYBE 0, 1, false

enum type {
    TYPE_ID,
    TYPE_SIGNING_KEY,
    TYPE_CHANNEL_KEY,
    TYPE_NUMBER,
    TYPE_AUDIENCE,
    TYPE_COUNT,
    TYPE_GRANTS,
    TYPE_BY,
    TYPE_WHY,
    TYPE_PIN,
    TYPE_LOG_PIN,
    TYPE_SEAT,
    TYPE_REASON,
    TYPE_ADDRESS,
    TYPE_CONSENT,
};

struct rule {
    enum act_line line;
    enum type type;
    size_t least;
    size_t most; /* 0 ends the rules of an act. */
    bool sorted;
};

static const char *const ACTS[] = {
    [ACT_PUBLISH] = "publish", [ACT_REVISE] = "revise",   [ACT_WITHDRAW] = "withdraw", [ACT_APPROVE] = "approve",
    [ACT_ERASE] = "erase",     [ACT_ADMIT] = "admit",     [ACT_GRANT] = "grant",       [ACT_ACCEPT] = "accept",
    [ACT_REVOKE] = "revoke",   [ACT_COUNCIL] = "council", [ACT_RECOVER] = "recover",   [ACT_TRANSPORT] = "transport",
    [ACT_UNKNOWN] = "",
};

static const char *const LINES[ACT_LINE_COUNT] = {
    [ACT_AUDIENCE] = "audience",
    [ACT_CONTENT] = "content",
    [ACT_NEED] = "need",
    [ACT_COUNT] = "count",
    [ACT_SUPERSEDES] = "supersedes",
    [ACT_DOCUMENT] = "document",
    [ACT_AFTER] = "after",
    [ACT_REASON] = "reason",
    [ACT_SUBJECT] = "subject",
    [ACT_INVITED] = "invited",
    [ACT_GRANTS] = "grants",
    [ACT_BY] = "by",
    [ACT_CHANNEL] = "channel",
    [ACT_INVITATION] = "invitation",
    [ACT_KEY] = "key",
    [ACT_CARD] = "card",
    [ACT_CONSENT] = "consent",
    [ACT_PIN] = "pin",
    [ACT_WHY] = "why",
    [ACT_BASE] = "base",
    [ACT_MAJORITY] = "majority",
    [ACT_ADMISSION] = "admission",
    [ACT_LINE] = "line",
    [ACT_CUT] = "cut",
    [ACT_KEEP] = "keep",
    [ACT_CLOSED] = "closed",
    [ACT_OVER] = "over",
    [ACT_KIBBUTZ] = "kibbutz",
    [ACT_ADDRESS] = "address",
};

static const char *const AUDIENCES[] = {
    [ACT_FOR_KIBBUTZ] = "kibbutz",
    [ACT_FOR_NETWORK] = "network",
    [ACT_FOR_PUBLIC] = "public",
};

/* docs/FORMAT.md, 2.2. */
static const struct rule RULES[][RULES_MAX + 1] =
    {
        [ACT_PUBLISH] =
            {
                {ACT_AUDIENCE, TYPE_AUDIENCE, ONE},
                {ACT_CONTENT, TYPE_ID, ONE},
                {ACT_NEED, TYPE_NUMBER, ONE},
                {ACT_COUNT, TYPE_COUNT, ONE},
                {ACT_SUPERSEDES, TYPE_ID, MANY(LIMIT_SUPERSEDES)},
            },
        [ACT_REVISE] =
            {
                {ACT_DOCUMENT, TYPE_ID, ONE},
                {ACT_AFTER, TYPE_ID, SOME(LIMIT_AFTER)},
                {ACT_AUDIENCE, TYPE_AUDIENCE, ONE},
                {ACT_CONTENT, TYPE_ID, ONE},
                {ACT_NEED, TYPE_NUMBER, ONE},
                {ACT_COUNT, TYPE_COUNT, ONE},
                {ACT_SUPERSEDES, TYPE_ID, MANY(LIMIT_SUPERSEDES)},
            },
        [ACT_WITHDRAW] =
            {
                {ACT_DOCUMENT, TYPE_ID, ONE},
                {ACT_REASON, TYPE_REASON, ONE},
            },
        [ACT_APPROVE] =
            {
                {ACT_SUBJECT, TYPE_ID, ONE},
            },
        [ACT_ERASE] =
            {
                {ACT_SUBJECT, TYPE_ID, ONE},
                {ACT_REASON, TYPE_REASON, ONE},
            },
        [ACT_ADMIT] =
            {
                {ACT_INVITED, TYPE_SIGNING_KEY, ONE},
                {ACT_CONTENT, TYPE_ID, ONE},
            },
        [ACT_GRANT] =
            {
                {ACT_SUBJECT, TYPE_SIGNING_KEY, ONE},
                {ACT_GRANTS, TYPE_GRANTS, ONE},
                {ACT_BY, TYPE_BY, ONE},
                {ACT_CHANNEL, TYPE_CHANNEL_KEY, MAYBE},
                {ACT_CONTENT, TYPE_ID, ONE},
            },
        [ACT_ACCEPT] =
            {
                {ACT_INVITATION, TYPE_ID, ONE},
                {ACT_KEY, TYPE_SIGNING_KEY, ONE},
                {ACT_CARD, TYPE_ID, MAYBE},
                {ACT_CHANNEL, TYPE_CHANNEL_KEY, MAYBE},
                {ACT_CONTENT, TYPE_ID, MAYBE},
                {ACT_CONSENT, TYPE_CONSENT, ONE},
            },
        [ACT_REVOKE] =
            {
                {ACT_SUBJECT, TYPE_SIGNING_KEY, ONE},
                {ACT_PIN, TYPE_PIN, ONE},
                {ACT_WHY, TYPE_WHY, ONE},
                {ACT_REASON, TYPE_REASON, MAYBE},
            },
        [ACT_COUNCIL] =
            {
                {ACT_BASE, TYPE_ID, ONE},
                {ACT_MAJORITY, TYPE_NUMBER, ONE},
                {ACT_ADMISSION, TYPE_NUMBER, ONE},
                {ACT_LINE, TYPE_SEAT, SOME(LIMIT_LINES)},
                {ACT_CUT, TYPE_LOG_PIN, MANY(LIMIT_PINS)},
                {ACT_KEEP, TYPE_LOG_PIN, MANY(LIMIT_PINS)},
                {ACT_CLOSED, TYPE_ID, MANY(LIMIT_CLOSED)},
                {ACT_OVER, TYPE_ID, MANY(LIMIT_OVER)},
            },
        [ACT_RECOVER] =
            {
                {ACT_KIBBUTZ, TYPE_ID, ONE},
                {ACT_KEY, TYPE_SIGNING_KEY, ONE},
                {ACT_CUT, TYPE_LOG_PIN, MANY(LIMIT_PINS)},
            },
        [ACT_TRANSPORT] =
            {
                {ACT_CHANNEL, TYPE_CHANNEL_KEY, ONE},
                {ACT_ADDRESS, TYPE_ADDRESS, 0, LIMIT_ADDRESSES, false}, /* In the order in which to try them. */
            },
};

_Static_assert(sizeof RULES / sizeof RULES[0] == ACT_UNKNOWN, "each known act has its rules");

/* ---- values ---- */

static bool is_one_of(struct bytes value, const char *first, const char *second)
{
    return bytes_equal(value, bytes_text(first)) || bytes_equal(value, bytes_text(second));
}

static bool is_id(struct bytes text, struct id *id)
{
    return id_from_text(text, id) == ERR_OK;
}

static bool is_signing_key(struct bytes text)
{
    struct id key;

    return is_id(text, &key) && id_is_signing_key(&key);
}

static bool is_channel_key(struct bytes text)
{
    struct id key;

    return is_id(text, &key) && !id_is_zero(&key);
}

static bool is_count(struct bytes text)
{
    uint64_t number;

    return text_to_number(text, &number) && number > 0;
}

/* "0 -" or "<seq> <entry id>". */
static bool is_pin(struct bytes text)
{
    struct bytes seq;
    struct id entry;

    if (bytes_equal(text, bytes_text("0 -")))
        return true;
    return text_take(&text, ' ', &seq) && is_count(seq) && is_id(text, &entry);
}

/* "<key> <kibbutz> <pin>". */
static bool is_log_pin(struct bytes text)
{
    struct bytes key;
    struct bytes kibbutz;
    struct id id;

    return text_take(&text, ' ', &key) && is_signing_key(key) && text_take(&text, ' ', &kibbutz) &&
           is_id(kibbutz, &id) && is_pin(text);
}

/* One to LIMIT_STEWARDS keys with a space between, ascending. */
static bool is_key_list(struct bytes text)
{
    struct bytes last = bytes_of(NULL, 0);
    struct bytes key;

    for (size_t count = 0; count < LIMIT_STEWARDS; count++) {
        bool more = text_take(&text, ' ', &key);

        if (!more)
            key = text;
        if (!is_signing_key(key) || bytes_compare(last, key) >= 0)
            return false;
        if (!more)
            return true;
        last = key;
    }
    return false;
}

/* "<kibbutz> <vote or none> <card> <keys>". */
static bool is_seat(struct bytes text)
{
    struct bytes kibbutz;
    struct bytes vote;
    struct bytes card;
    struct id id;

    return text_take(&text, ' ', &kibbutz) && is_id(kibbutz, &id) && text_take(&text, ' ', &vote) &&
           is_one_of(vote, "vote", "none") && text_take(&text, ' ', &card) && is_id(card, &id) && is_key_list(text);
}

static bool read_signature(struct bytes text, struct signature *signature)
{
    struct id half[2];

    _Static_assert(sizeof half == sizeof signature->at, "two halves are a whole");
    if (text.len != 2 * ID_TEXT_LEN || !is_id(bytes_of(text.at, ID_TEXT_LEN), &half[0]) ||
        !is_id(bytes_from(text, ID_TEXT_LEN), &half[1]))
        return false;
    memcpy(signature->at, half, sizeof half);
    return true;
}

static bool is_value(struct bytes value, enum type type)
{
    enum act_audience audience;
    struct signature signature;
    struct id id;

    switch (type) {
    case TYPE_ID: return is_id(value, &id);
    case TYPE_SIGNING_KEY: return is_signing_key(value);
    case TYPE_CHANNEL_KEY: return is_channel_key(value);
    case TYPE_NUMBER: return is_count(value);
    case TYPE_AUDIENCE: return act_audience_from_name(value, &audience) == ERR_OK;
    case TYPE_COUNT: return is_one_of(value, "kibbutzim", "own");
    case TYPE_GRANTS: return is_one_of(value, "coordinator", "node");
    case TYPE_BY: return is_one_of(value, "key", "invitation");
    case TYPE_WHY: return is_one_of(value, "retire", "compromise");
    case TYPE_PIN: return is_pin(value);
    case TYPE_LOG_PIN: return is_log_pin(value);
    case TYPE_SEAT: return is_seat(value);
    case TYPE_REASON: return text_is_line(value, LIMIT_REASON);
    case TYPE_ADDRESS: return text_is_address(value);
    case TYPE_CONSENT: return read_signature(value, &signature);
    }
    return false;
}

/* ---- checking ---- */

/* Takes the next line when it has this name; its value goes to `value`. */
static bool take_line(struct bytes *rest, enum act_line line, struct bytes *value)
{
    struct bytes after = *rest;

    if (!text_take_prefix(&after, LINES[line]) || !text_take_prefix(&after, " ") || !text_take(&after, '\n', value))
        return false;
    *rest = after;
    return true;
}

static enum err check_run(struct bytes *rest, const struct rule *rule)
{
    struct bytes last = bytes_of(NULL, 0);
    struct bytes value;
    size_t count = 0;

    while (take_line(rest, rule->line, &value)) {
        if (++count > rule->most)
            return rule->most == 1 ? ERR_FORMAT : ERR_LIMIT;
        if (!is_value(value, rule->type) || (rule->sorted && bytes_compare(last, value) >= 0))
            return ERR_FORMAT;
        last = value;
    }
    return count < rule->least ? ERR_FORMAT : ERR_OK;
}

/* Of an act that this version does not know: "name value" without control characters. */
static bool is_open_line(struct bytes line)
{
    struct bytes name;

    if (!text_take(&line, ' ', &name) || name.len == 0 || name.len > LIMIT_ACT_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 'a' || name.at[i] > 'z')
            return false;
    return line.len > 0 && !memchr(line.at, '\t', line.len) && text_is_prose(line);
}

static enum err check_open(struct bytes body)
{
    struct bytes line;

    while (body.len > 0)
        if (!text_take(&body, '\n', &line) || !is_open_line(line))
            return ERR_FORMAT;
    return ERR_OK;
}

static bool says(struct bytes body, enum act_line line, const char *word)
{
    struct bytes value;

    return act_value(body, line, 0, &value) == ERR_OK && bytes_equal(value, bytes_text(word));
}

/* The rules between lines. */
static bool is_coherent(enum act act, struct bytes body)
{
    bool has_channel = act_count(body, ACT_CHANNEL) > 0;

    if (act == ACT_GRANT)
        return has_channel == (says(body, ACT_GRANTS, "node") && says(body, ACT_BY, "key"));
    if (act == ACT_ACCEPT)
        return !has_channel || act_count(body, ACT_CARD) == 0;
    return true;
}

enum err act_check(enum act act, struct bytes body)
{
    struct bytes rest = body;

    if (body.len > LIMIT_ENTRY_BODY)
        return ERR_LIMIT;
    if (act >= ACT_UNKNOWN)
        return check_open(body);
    for (const struct rule *rule = RULES[act]; rule->most > 0; rule++) {
        enum err err = check_run(&rest, rule);

        if (err)
            return err;
    }
    return rest.len == 0 && is_coherent(act, body) ? ERR_OK : ERR_FORMAT;
}

/* ---- names ---- */

const char *act_name(enum act act)
{
    return act < ACT_UNKNOWN ? ACTS[act] : "";
}

enum act act_from_name(struct bytes name)
{
    size_t act = 0;

    while (act < ACT_UNKNOWN && !bytes_equal(name, bytes_text(ACTS[act])))
        act++;
    return (enum act)act;
}

bool act_governs(enum act act)
{
    return act != ACT_PUBLISH && act != ACT_REVISE && act != ACT_WITHDRAW && act != ACT_ERASE && act != ACT_UNKNOWN;
}

const char *act_audience_name(enum act_audience audience)
{
    return AUDIENCES[audience];
}

enum err act_audience_from_name(struct bytes name, enum act_audience *audience)
{
    for (size_t i = 0; i < sizeof AUDIENCES / sizeof AUDIENCES[0]; i++)
        if (bytes_equal(name, bytes_text(AUDIENCES[i]))) {
            *audience = (enum act_audience)i;
            return ERR_OK;
        }
    return ERR_MISSING;
}

/* ---- reading ---- */

enum err act_value(struct bytes body, enum act_line line, size_t index, struct bytes *value)
{
    struct bytes other;

    while (body.len > 0) {
        if (take_line(&body, line, value)) {
            if (index-- == 0)
                return ERR_OK;
        } else if (!text_take(&body, '\n', &other)) {
            break;
        }
    }
    *value = bytes_of(NULL, 0);
    return ERR_MISSING;
}

enum err act_id(struct bytes body, enum act_line line, size_t index, struct id *id)
{
    struct bytes value;
    enum err err = act_value(body, line, index, &value);

    return err ? err : id_from_text(value, id);
}

enum err act_number(struct bytes body, enum act_line line, uint64_t *number)
{
    struct bytes value;
    enum err err = act_value(body, line, 0, &value);

    if (err)
        return err;
    return text_to_number(value, number) ? ERR_OK : ERR_FORMAT;
}

enum err act_audience(struct bytes body, enum act_audience *audience)
{
    struct bytes value;
    enum err err = act_value(body, ACT_AUDIENCE, 0, &value);

    return err ? err : act_audience_from_name(value, audience);
}

enum err act_consent(struct bytes body, struct signature *consent)
{
    struct bytes value;
    enum err err = act_value(body, ACT_CONSENT, 0, &value);

    if (err)
        return err;
    return read_signature(value, consent) ? ERR_OK : ERR_FORMAT;
}

size_t act_count(struct bytes body, enum act_line line)
{
    struct bytes value;
    size_t count = 0;

    while (body.len > 0) {
        if (take_line(&body, line, &value))
            count++;
        else if (!text_take(&body, '\n', &value))
            break;
    }
    return count;
}

/* ---- writing ---- */

void act_write(struct buffer *body, enum act_line line, struct bytes value)
{
    buffer_text(body, LINES[line]);
    buffer_text(body, " ");
    buffer_add(body, value);
    buffer_text(body, "\n");
}

void act_write_text(struct buffer *body, enum act_line line, const char *value)
{
    act_write(body, line, bytes_text(value));
}

void act_write_id(struct buffer *body, enum act_line line, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    act_write_text(body, line, text);
}

void act_write_number(struct buffer *body, enum act_line line, uint64_t number)
{
    buffer_text(body, LINES[line]);
    buffer_text(body, " ");
    buffer_number(body, number);
    buffer_text(body, "\n");
}

struct id act_consent_hash(const struct id *network, const struct id *invitation_key, const struct id *invitation,
                           const struct id *key, const struct id *card, const struct id *channel)
{
    static const struct id none;
    const struct bytes parts[] = {
        id_bytes(network), id_bytes(invitation_key),      id_bytes(invitation),
        id_bytes(key),     id_bytes(card ? card : &none), id_bytes(channel ? channel : &none),
    };

    return id_hash_parts(ID_CONSENT, parts, sizeof parts / sizeof parts[0]);
}
