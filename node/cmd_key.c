/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sodium.h>
#include <string.h>

#include "node/arguments.h"
#include "node/cmd_key.h"
#include "node/command.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/passphrase.h"
#include "node/i18n.h"

static const char *standing(const struct office *o, const struct id *key)
{
    struct trust_key known;

    if (o->trust == NULL)
        return N_("unknown");
    known = trust_key(o->trust, key);
    if (known.status == TRUST_GOOD)
        return N_("granted");
    if (known.status == TRUST_CONTESTED)
        return N_("contested");
    if (known.status == TRUST_UNKNOWN)
        return N_("not granted");
    return known.cause == TRUST_REVOKED ? N_("revoked") : known.cause == TRUST_WAITS ? N_("waiting") : N_("ended");
}

static void print_key(struct office *o, const struct key_file_info *info)
{
    struct output_json *json;
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&info->key, digits);
    if (command_options()->json) {
        json = output_json_object();
        output_json_id(json, "key", &info->key);
        output_json_text(json, "role", info->err ? NULL : role_name(info->role));
        output_json_text(json, "name", info->err ? NULL : office_key_name(o, &info->key));
        output_json_text(json, "state", info->err ? "unusable" : standing(o, &info->key));
        output_json_text(json, "file", info->path);
        output_json_text(json, "trouble", info->err ? info->reason.text : NULL);
        output_json_print(json);
    } else if (info->err)
        output_line("%s: %s\n", info->path, info->reason.text);
    else
        output_line("%.16s  %-12s %s (%s)\n", digits, _(role_name(info->role)), office_key_name(o, &info->key),
                    _(standing(o, &info->key)));
}

static int export_key(struct office *o, const struct key_file_info *info)
{
    struct buffer line = BUFFER(LIMIT_ENTRY);
    enum err err;

    sshsig_write_public_key(&line, &info->key);
    buffer_u8(&line, 0);
    err = buffer_error(&line);
    if (!err && command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_id(json, "key", &info->key);
        output_json_text(json, "role", role_name(info->role));
        output_json_text(json, "name", office_key_name(o, &info->key));
        output_json_text(json, "public", (const char *)line.at);
        output_json_print(json);
    } else if (!err)
        output_line("%s %s\n", (const char *)line.at, office_key_name(o, &info->key));
    buffer_free(&line);
    return err ? office_fail(err, _("the key could not be exported"), NULL) : COMMAND_OK;
}

static int change_passphrase(struct office *o, const struct key_file_info *info)
{
    struct passphrase old = {0}, new = {0};
    struct key_file_reason reason = {""};
    uint8_t random[KEY_FILE_RANDOM_LEN];
    enum err err;
    int code = COMMAND_OK;

    if (info->role == ROLE_NODE) {
        output_error(_("a node's key has no passphrase: the node starts unattended"));
        return COMMAND_FAILED;
    }
    host_random(random, sizeof random);
    if (passphrase_get(office_key_name(o, &info->key), false, &old) || passphrase_get_new(&new))
        code = COMMAND_PASSPHRASE;
    else if ((err = key_file_change_passphrase(info->path, passphrase_bytes(&old), passphrase_bytes(&new),
                                               KEY_FILE_MODERATE, random, &reason)))
        code = key_ring_fail(err, info->path, &reason);
    else
        output_note(_("The passphrase is changed. Copies of the old key file still open with the old one."));
    passphrase_wipe(&old);
    passphrase_wipe(&new);
    return code;
}

static int run(struct office *o, const struct key_ring *ring, const char *what, const char *name)
{
    const struct key_file_info *info;

    if (strcmp(what, "list") == 0) {
        for (size_t i = 0; i < ring->count; i++)
            print_key(o, &ring->keys[i]);
        return COMMAND_OK;
    }
    if ((info = key_ring_find(ring, o, name)) == NULL)
        return COMMAND_FAILED;
    return strcmp(what, "export") == 0 ? export_key(o, info) : change_passphrase(o, info);
}

int cmd_key(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {{"new", key_new}, {"recover", key_recover}, {"rotate", key_rotate}};
    struct key_ring ring = {0};
    struct office office;
    const char *name;
    bool is_list, is_known;
    int code;

    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) {
            argv[1] = argv[0]; /* What is wrong with its arguments is told of 'key'. */
            return verbs[i].run(argc - 1, argv + 1);
        }
    if (!arguments_parse(&argc, argv, NULL, 0, 1, 2))
        return COMMAND_USAGE;
    is_list = strcmp(argv[1], "list") == 0;
    is_known = is_list || strcmp(argv[1], "export") == 0 || strcmp(argv[1], "passwd") == 0;
    name = argc > 2 ? argv[2] : command_options()->as;
    if (!is_known || (is_list ? argc > 2 : name == NULL)) {
        output_error(is_known && !is_list ? _("which key?") : _("'key' does not know '%s'"), argv[1]);
        output_hint("igum key list | export NAME | passwd NAME | new --steward | new --coordinator | recover | rotate");
        return COMMAND_USAGE;
    }
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    if ((code = key_ring_load(office.home, &ring)) == COMMAND_OK)
        code = run(&office, &ring, argv[1], name);
    key_ring_free(&ring);
    office_close(&office);
    return code;
}
