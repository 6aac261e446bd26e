/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/newcomer.h"

#include <sodium.h>

#include "node/command.h"
#include "node/config.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/qr.h"
#include "node/i18n.h"

void newcomer_make_card(struct newcomer *n)
{
    uint8_t seed[SSHSIG_SEED_LEN];

    host_random(seed, sizeof seed);
    card_write(seed, n->card_text);
    n->card = card_id(seed);
    sodium_memzero(seed, sizeof seed);
}

/* Opens what was just made: what cannot be opened again must not be granted anything. */
static int open_person(struct newcomer *n, const char *home, enum role role, const struct id *key,
                       struct bytes passphrase)
{
    char directory[FILES_PATH_SIZE], path[FILES_PATH_SIZE], name[KEY_FILE_NAME_SIZE];
    struct key_file_reason reason = {""};
    enum err err;
    int code = key_ring_directory(home, directory);

    if (code != COMMAND_OK)
        return code;
    key_file_name(role, key, name);
    if ((err = files_join(path, directory, name)) ||
        (err = key_file_open_person(path, passphrase, &n->person, &reason)))
        return key_ring_fail(err, name, &reason);
    return COMMAND_OK;
}

int newcomer_make_person(struct newcomer *n, const char *home, enum role role, struct bytes passphrase)
{
    struct id key;
    int code = key_ring_make_person(home, role, passphrase, &key);

    return code == COMMAND_OK ? open_person(n, home, role, &key, passphrase) : code;
}

int newcomer_make_keys(struct newcomer *n, const char *home, enum role role, struct bytes passphrase)
{
    int code = COMMAND_OK;

    if (role != ROLE_NODE)
        code = newcomer_make_person(n, home, role, passphrase);
    if (code == COMMAND_OK && role != ROLE_COORDINATOR)
        code = key_ring_make_node(home, &n->node, &n->channel);
    if (code == COMMAND_OK && role == ROLE_STEWARD)
        newcomer_make_card(n);
    return code;
}

void newcomer_wipe(struct newcomer *n)
{
    key_file_close_person(n->person);
    sodium_memzero(n, sizeof *n);
}

void newcomer_print_card(const struct newcomer *n)
{
    output_line(_("recovery card %s\n"), n->card_text);
    if (output_is_terminal())
        qr_print(n->card_text);
    output_note(_("write the recovery card down or print it, and lock it away: it is shown this once, "
                  "and replaces a steward's key that is lost"));
}

void newcomer_write_config(const char *home, const char *name)
{
    struct config *config = NULL;
    enum err err = config_load(home, &config);

    if (!err && config_value(config, "name", 0) == NULL && !(err = config_set(config, "name", name)))
        err = config_save(config);
    if (err)
        output_note(_("note: the configuration could not be written: %s"), err_text(err));
    config_free(config);
}
