/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sodium.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/card.h"
#include "node/command.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/newcomer.h"
#include "node/output.h"
#include "node/passphrase.h"
#include "node/staging.h"
#include "node/statement.h"
#include "node/i18n.h"

struct founding {
    const char *network_name, *kibbutz_name, *steward_name;
    struct newcomer self;
    struct id network, kibbutz;
};

static enum err write_charter(const struct founding *f, struct buffer *text)
{
    struct charter *charter = calloc(1, sizeof *charter); /* Too large for the stack. */
    enum err err;

    if (charter == NULL)
        return ERR_MEMORY;
    charter->name = bytes_text(f->network_name);
    host_random(charter->nonce.at, ID_LEN);
    charter->majority = 1;
    charter->admission = 1;
    charter->founder_count = 1;
    charter->founders[0].name = bytes_text(f->kibbutz_name);
    charter->founders[0].card = f->self.card;
    charter->founders[0].steward_count = 1;
    charter->founders[0].stewards[0].key = f->self.person->signing.public;
    charter->founders[0].stewards[0].name = bytes_text(f->steward_name);
    charter_write(text, charter);
    err = buffer_error(text);
    /* What others would refuse must not become a network. */
    if (!err)
        err = charter_read(buffer_bytes(text), charter);
    free(charter);
    return err;
}

/* The steward's first entry: the grant of the own node. */
static int write_first_entry(struct office *o, const struct founding *f)
{
    struct head head = {.log = f->self.person->signing.public};
    struct signer *s = signer_new(&f->network, &f->network);
    enum err err = s == NULL ? ERR_MEMORY
                             : statement_grant_node(s, &f->self.person->signing, &head, &f->kibbutz, &f->self.node,
                                                    &f->self.channel, f->kibbutz_name);
    int code = err ? office_fail(err, _("the node could not be granted"), NULL) : office_append(o, s);

    signer_free(s);
    return code;
}

static int build(const struct staging *staging, struct founding *f, struct bytes passphrase)
{
    struct buffer charter = BUFFER(LIMIT_CHARTER);
    struct archive *archive = NULL;
    struct office office = {0};
    enum err err;
    int code = newcomer_make_keys(&f->self, staging->path, ROLE_STEWARD, passphrase);

    if (code != COMMAND_OK)
        return code;
    err = write_charter(f, &charter);
    if (!err) {
        f->network = id_hash(ID_NETWORK, buffer_bytes(&charter));
        f->kibbutz = charter_kibbutz(&f->network, 0);
    }
    if (err)
        code = office_fail(err, _("the charter could not be written"), NULL);
    else if ((err = archive_create(staging->path, &f->network)) ||
             (err = archive_open(staging->path, ARCHIVE_WRITE, &archive)))
        code = office_fail(err, _("the archive cannot be made"), archive_open_reason());
    else if ((err = archive_set_charter(archive, buffer_bytes(&charter))))
        code = office_fail(err, _("the archive cannot be made"), archive_reason(archive));
    if (archive != NULL)
        archive_close(archive);
    if (code == COMMAND_OK)
        code = office_open_staged(&office, staging->path);
    if (code == COMMAND_OK) {
        code = write_first_entry(&office, f);
        office_close(&office);
    }
    buffer_free(&charter);
    return code;
}

static void print_result(const struct founding *f)
{
    char network[ID_TEXT_LEN + 1];

    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_id(json, "network", &f->network);
        output_json_id(json, "kibbutz", &f->kibbutz);
        output_json_id(json, "steward", &f->self.person->signing.public);
        output_json_id(json, "node", &f->self.node);
        output_json_id(json, "channel", &f->self.channel);
        output_json_text(json, "card", f->self.card_text);
        output_json_print(json);
        return;
    }
    id_to_text(&f->network, network);
    output_line(_("network %s\n"), network);
    newcomer_print_card(&f->self);
    output_note(_("The network '%s' is founded, and %s is its first kibbutz."), f->network_name, f->kibbutz_name);
    output_note(_("next: 'igum serve' runs the node; 'igum invite --kibbutz NAME' brings the next kibbutz in"));
}

static bool check_name(const char *flag, const char *name)
{
    if (name == NULL)
        output_error(_("'found' needs --%s NAME"), flag);
    else if (!statement_is_name(name))
        output_error(_("--%s needs one line of at most %d bytes, without control characters"), flag, LIMIT_NAME);
    else
        return true;
    output_hint("igum found --network NAME --kibbutz NAME --steward NAME");
    return false;
}

static int check_clock(void)
{
    const struct office nothing = {0};

    return office_check_clock(&nothing);
}

int cmd_found(int argc, char **argv)
{
    struct founding f = {0};
    const struct arguments_flag flags[] = {
        {"network", NULL, &f.network_name, NULL},
        {"kibbutz", NULL, &f.kibbutz_name, NULL},
        {"steward", NULL, &f.steward_name, NULL},
    };
    struct staging staging = {0};
    struct passphrase passphrase = {0};
    int code;

    if (!arguments_parse(&argc, argv, flags, 3, 0, 0) || !check_name("network", f.network_name) ||
        !check_name("kibbutz", f.kibbutz_name) || !check_name("steward", f.steward_name))
        return COMMAND_USAGE;
    if ((code = check_clock()) != COMMAND_OK || (code = staging_begin(&staging, command_options()->home)) != COMMAND_OK)
        return code;
    if (passphrase_get(f.steward_name, true, &passphrase))
        code = COMMAND_PASSPHRASE;
    else
        code = build(&staging, &f, passphrase_bytes(&passphrase));
    passphrase_wipe(&passphrase);
    if (code == COMMAND_OK) {
        /* Before the move that makes it count: a card that was not seen cannot be printed again. */
        print_result(&f);
        code =
            output_flush() ? staging_commit(&staging) : office_fail(ERR_IO, _("the card could not be printed"), NULL);
    }
    if (code == COMMAND_OK)
        newcomer_write_config(command_options()->home, f.kibbutz_name);
    newcomer_wipe(&f.self);
    staging_end(&staging);
    return code;
}
