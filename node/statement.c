/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/statement.h"

#include "node/host.h"
#include "proto/content.h"
#include "proto/limits.h"
#include "proto/text.h"

bool statement_is_name(const char *name)
{
    return text_is_line(bytes_text(name), LIMIT_NAME);
}

static enum err pack_name(const char *name, struct buffer *packed, struct id *id)
{
    uint8_t salt[CONTENT_SALT_LEN];

    if (!statement_is_name(name))
        return ERR_FORMAT;
    host_random(salt, sizeof salt);
    return content_pack_name(name, salt, packed, id);
}

/* Signs the act whose lines are in `body` but for the last run: `content` goes after it. */
static enum err sign(struct signer *s, const struct signing_key *key, struct head *head, struct signer_entry *what,
                     struct buffer *body, struct buffer *packed)
{
    enum err err = buffer_error(body);

    if (err)
        return err;
    what->body = buffer_bytes(body);
    what->content = buffer_bytes(packed);
    return signer_sign(s, key, head, what, host_now_ms());
}

enum err statement_grant_node(struct signer *s, const struct signing_key *steward, struct head *head,
                              const struct id *kibbutz, const struct id *node, const struct id *channel,
                              const char *name)
{
    struct signer_entry what = {.act = ACT_GRANT, .kibbutz = *kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT);
    struct id content;
    enum err err = pack_name(name, &packed, &content);

    if (err)
        goto out;
    act_write_id(&body, ACT_SUBJECT, node);
    act_write_text(&body, ACT_GRANTS, "node");
    act_write_text(&body, ACT_BY, "key");
    act_write_id(&body, ACT_CHANNEL, channel);
    act_write_id(&body, ACT_CONTENT, &content);
    err = sign(s, steward, head, &what, &body, &packed);
out:
    buffer_free(&body);
    buffer_free(&packed);
    return err;
}

enum err statement_invite(struct signer *s, const struct signing_key *steward, struct head *head,
                          const struct id *kibbutz, enum invitation_kind kind, const struct id *ephemeral,
                          const char *name)
{
    struct signer_entry what = {
        .act = kind == INVITATION_KIBBUTZ ? ACT_ADMIT : ACT_GRANT, .kibbutz = *kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT);
    struct id content;
    enum err err = pack_name(name, &packed, &content);

    if (err)
        goto out;
    if (kind == INVITATION_KIBBUTZ) {
        act_write_id(&body, ACT_INVITED, ephemeral);
    } else {
        act_write_id(&body, ACT_SUBJECT, ephemeral);
        act_write_text(&body, ACT_GRANTS, role_name(kind == INVITATION_NODE ? ROLE_NODE : ROLE_COORDINATOR));
        act_write_text(&body, ACT_BY, "invitation");
    }
    act_write_id(&body, ACT_CONTENT, &content);
    err = sign(s, steward, head, &what, &body, &packed);
out:
    buffer_free(&body);
    buffer_free(&packed);
    return err;
}

enum err statement_accept(struct signer *s, const struct invitation *invitation, const struct signing_key *newcomer,
                          const struct id *card, const struct id *channel, const char *name)
{
    struct signer_entry what = {.act = ACT_ACCEPT, .kibbutz = invitation->kibbutz, .role = ROLE_INVITATION};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT), digits = BUFFER(2 * SSHSIG_LEN);
    struct signing_key ephemeral;
    struct signature consent;
    struct head head;
    struct id content, hash;
    enum err err = pack_name(name, &packed, &content);

    sshsig_key_from_seed(&ephemeral, invitation->seed);
    if (err)
        goto out;
    head = (struct head){.log = ephemeral.public};
    hash =
        act_consent_hash(&invitation->network, &ephemeral.public, &invitation->grant, &newcomer->public, card, channel);
    sshsig_sign_plain(newcomer, id_bytes(&hash), &consent);
    act_write_id(&body, ACT_INVITATION, &invitation->grant);
    act_write_id(&body, ACT_KEY, &newcomer->public);
    if (card != NULL)
        act_write_id(&body, ACT_CARD, card);
    if (channel != NULL)
        act_write_id(&body, ACT_CHANNEL, channel);
    act_write_id(&body, ACT_CONTENT, &content);
    buffer_hex(&digits, bytes_of(consent.at, sizeof consent.at));
    act_write(&body, ACT_CONSENT, buffer_bytes(&digits));
    if ((err = buffer_error(&digits)))
        goto out;
    err = sign(s, &ephemeral, &head, &what, &body, &packed);
out:
    sshsig_wipe(&ephemeral);
    buffer_free(&digits);
    buffer_free(&body);
    buffer_free(&packed);
    return err;
}

/* ---- what a key says in its own log ---- */

enum err statement_sign(struct signer *s, const struct signing_key *key, struct head *head,
                        const struct statement *what, struct buffer *body)
{
    struct signer_entry entry = {.act = what->act, .kibbutz = what->kibbutz, .role = what->role};
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    struct id content;
    enum err err = ERR_OK;

    if (what->name != NULL && !(err = pack_name(what->name, &packed, &content)))
        act_write_id(body, ACT_CONTENT, &content);
    if (!err)
        err = sign(s, key, head, &entry, body, &packed);
    buffer_free(&packed);
    return err;
}
