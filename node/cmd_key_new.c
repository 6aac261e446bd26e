/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/cmd_key.h"
#include "node/command.h"
#include "node/key_ring.h"
#include "node/newcomer.h"
#include "node/output.h"
#include "node/passphrase.h"
#include "node/i18n.h"

static void write_json(const struct newcomer *n, enum role role)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "key", &n->person->signing.public);
    output_json_text(json, "role", role_name(role));
    if (role == ROLE_STEWARD) {
        output_json_id(json, "card_id", &n->card);
        output_json_text(json, "card", n->card_text);
    }
    output_json_print(json);
}

static void print(const struct newcomer *n, enum role role)
{
    char key[ID_TEXT_LEN + 1], card[ID_TEXT_LEN + 1];

    id_to_text(&n->person->signing.public, key);
    id_to_text(&n->card, card);
    output_line(_("key %s\n"), key);
    if (role == ROLE_COORDINATOR) {
        output_note(_("next: the steward runs 'igum grant --coordinator NAME --key %s'"), key);
        return;
    }
    output_line(_("card-id %s\n"), card);
    newcomer_print_card(n);
    output_note(_("next: a steward of a kibbutz that votes runs 'igum council propose --steward \"KIBBUTZ=%s\" "
                  "--card \"KIBBUTZ=%s\"'; then 'igum council approve' is run here, too"),
                key, card);
}

static int make(struct office *o, enum role role)
{
    struct passphrase passphrase = {0};
    struct newcomer n = {0};
    int code = COMMAND_OK;

    if (passphrase_get(_("the new key"), true, &passphrase))
        code = COMMAND_PASSPHRASE;
    else
        code = newcomer_make_person(&n, o->home, role, passphrase_bytes(&passphrase));
    passphrase_wipe(&passphrase);
    if (code == COMMAND_OK && role == ROLE_STEWARD)
        newcomer_make_card(&n);
    if (code == COMMAND_OK && command_options()->json)
        write_json(&n, role);
    else if (code == COMMAND_OK)
        print(&n, role);
    newcomer_wipe(&n);
    return code;
}

int key_new(int argc, char **argv)
{
    bool steward = false, coordinator = false;
    const struct arguments_flag flags[] = {{"steward", &steward, NULL, NULL},
                                           {"coordinator", &coordinator, NULL, NULL}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 0, 0))
        return COMMAND_USAGE;
    if (steward == coordinator) {
        output_error(_("say whose key it will be: --steward or --coordinator"));
        output_hint("igum key new --steward | --coordinator");
        return COMMAND_USAGE;
    }
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = make(&office, steward ? ROLE_STEWARD : ROLE_COORDINATOR);
    office_close(&office);
    return code;
}
