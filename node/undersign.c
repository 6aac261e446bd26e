/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/undersign.h"

#include "node/command.h"
#include "node/i18n.h"

int undersign(struct office *o, const struct signing_key *key, const struct statement *what, struct buffer *body,
              struct id *entry)
{
    struct id network = archive_network(o->archive), root = trust_root(o->trust);
    struct signer *s = NULL;
    struct head head;
    enum err err;
    int code = office_take_turn(o);

    if (code == COMMAND_OK && (code = office_check_log(o, &key->public)) == COMMAND_OK) {
        head = office_head(o, &key->public);
        err = (s = signer_new(&network, &root)) == NULL ? ERR_MEMORY : statement_sign(s, key, &head, what, body);
        code = err ? office_fail(err, _("nothing could be signed"), NULL) : office_append(o, s);
        if (entry != NULL)
            *entry = head.entry;
    }
    signer_free(s);
    buffer_free(body);
    return code;
}

int undersign_approval(struct office *o, const struct signing_key *key, const struct id *kibbutz,
                       const struct id *subject)
{
    const struct statement what = {.act = ACT_APPROVE, .kibbutz = *kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, subject);
    return undersign(o, key, &what, &body, NULL);
}
