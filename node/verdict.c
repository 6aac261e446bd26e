/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "node/i18n.h"

const char *verdict_name(enum trust_status status)
{
    static const char *const names[] = {[TRUST_UNKNOWN] = N_("unknown"),
                                        [TRUST_VOID] = N_("void"),
                                        [TRUST_CONTESTED] = N_("contested"),
                                        [TRUST_GOOD] = N_("good")};

    return names[status];
}

const char *verdict_cause_name(enum trust_cause cause)
{
    static const char *const names[] = {[TRUST_STANDS] = NULL,     [TRUST_NOT_GRANTED] = "not granted",
                                        [TRUST_FORKED] = "forked", [TRUST_REVOKED] = "revoked",
                                        [TRUST_CUT] = "cut",       [TRUST_RECOVERED] = "recovered",
                                        [TRUST_CLOSED] = "closed", [TRUST_RESTS_ON] = "rests on",
                                        [TRUST_WAITS] = "waits"};

    return names[cause];
}

/* Reads the entry that takes away; false: it is not here. */
static bool read_because(struct office *o, const struct id *because, struct buffer *wire, struct entry *entry)
{
    struct id network = archive_network(o->archive);

    return !id_is_zero(because) && archive_read_entry_of(o->archive, because, wire) == ERR_OK &&
           entry_decode(buffer_bytes(wire), &network, entry) == ERR_OK;
}

static void explain_revoked(const struct entry *entry, const char *kibbutz, char text[VERDICT_SIZE])
{
    struct bytes why;
    bool compromised = entry != NULL && act_value(entry->body, ACT_WHY, 0, &why) == ERR_OK &&
                       bytes_equal(why, bytes_text("compromise"));

    (void)snprintf(text, VERDICT_SIZE,
                   compromised ? _("signed after the last entry that the steward of %s, who says that this key was "
                                   "stolen, lets stand")
                               : _("signed after the steward of %s retired this key"),
                   kibbutz);
}

static void explain_fork(const struct entry *entry, char text[VERDICT_SIZE])
{
    if (entry != NULL)
        (void)snprintf(text, VERDICT_SIZE, _("this key signed two different entries %" PRIu64), entry->seq);
    else
        (void)snprintf(text, VERDICT_SIZE, "%s", _("this key signed two different entries under one number"));
}

void verdict_explain(struct office *o, enum trust_status status, enum trust_cause cause, const struct id *because,
                     const struct id *kibbutz, char text[VERDICT_SIZE])
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    const struct entry *read = read_because(o, because, &wire, &entry) ? &entry : NULL;
    const char *name = office_kibbutz_name(o, kibbutz), *plain = NULL;

    switch (cause) {
    case TRUST_STANDS:
        plain = status == TRUST_UNKNOWN ? _("an entry before it has not come yet") : _("it stands");
        break;
    case TRUST_NOT_GRANTED: plain = _("nothing grants its key the seat that its log names"); break;
    case TRUST_FORKED: explain_fork(read, text); break;
    case TRUST_REVOKED: explain_revoked(read, name, text); break;
    case TRUST_CUT: plain = _("signed after the last entry of this key that the council lets stand"); break;
    case TRUST_RECOVERED:
        (void)snprintf(text, VERDICT_SIZE, _("signed after %s replaced this key by its recovery card"), name);
        break;
    case TRUST_CLOSED: (void)snprintf(text, VERDICT_SIZE, _("%s has left the network"), name); break;
    case TRUST_RESTS_ON: plain = _("what its key rests on does not stand"); break;
    case TRUST_WAITS: plain = _("it waits for approvals"); break;
    }
    if (plain != NULL)
        (void)snprintf(text, VERDICT_SIZE, "%s", plain);
    buffer_free(&wire);
}
