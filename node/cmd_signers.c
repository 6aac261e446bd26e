/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/office.h"
#include "node/output.h"

/* One line of an allowed_signers file (ssh-keygen(1)). */
static enum err print_key(struct office *o, const struct id *key)
{
    struct buffer line = BUFFER(LIMIT_ENTRY);
    struct trust_key known = {0};
    enum err err;

    buffer_hex(&line, id_bytes(key));
    buffer_text(&line, "@igum namespaces=\"git\" ");
    sshsig_write_public_key(&line, key);
    buffer_u8(&line, 0);
    err = buffer_error(&line);
    if (!err && command_options()->json) {
        struct output_json *json = output_json_object();

        if (o->trust != NULL)
            known = trust_key(o->trust, key);
        output_json_id(json, "key", key);
        output_json_text(json, "name", office_key_name(o, key));
        output_json_text(json, "role", known.role == ROLE_NONE ? NULL : role_name(known.role));
        output_json_text(json, "signer", (const char *)line.at);
        output_json_print(json);
    } else if (!err)
        output_line("%s\n", (const char *)line.at);
    buffer_free(&line);
    return err;
}

/* Every key that was granted something, and every key that has a log: both lists ascend, so they are merged. */
static enum err print_keys(struct office *o)
{
    size_t granted_count = o->trust != NULL ? trust_key_count(o->trust) : 0;
    size_t log_count = frontier_count(o->frontier);
    size_t granted = 0, log = 0;
    enum err err = ERR_OK;

    while (!err && (granted < granted_count || log < log_count)) {
        struct id key, other;

        if (granted < granted_count)
            key = trust_key_at(o->trust, granted).key;
        if (log < log_count)
            other = frontier_at(o->frontier, log)->log;
        if (granted == granted_count || (log < log_count && id_compare(&other, &key) < 0)) {
            key = other;
            log++;
        } else {
            if (log < log_count && id_equal(&other, &key))
                log++;
            granted++;
        }
        err = print_key(o, &key);
    }
    return err;
}

int cmd_signers(int argc, char **argv)
{
    struct office office;
    enum err err;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    if ((err = print_keys(&office)))
        code = office_fail(err, "igum signers", NULL);
    office_close(&office);
    return code;
}
