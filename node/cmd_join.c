/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/arguments.h"
#include "node/cmd_import.h"
#include "node/command.h"
#include "node/key_ring.h"
#include "node/newcomer.h"
#include "node/node.h"
#include "node/output.h"
#include "node/passphrase.h"
#include "node/staging.h"
#include "node/statement.h"
#include "store/anchor.h"
#include "node/i18n.h"

#define LINE_MAX_LEN 2000 /* No invitation is as long. */
#define CONTACT_TIMEOUT_S 30

/* ---- the invitation ---- */

static int refuse_line(enum err err)
{
    if (err == ERR_AUTH)
        output_error(_("a letter of this invitation is wrong, or some are missing"));
    else
        output_error(_("this is no invitation of Igum"));
    output_hint(
        _("copy the whole line that begins with 'igum1:'; it is best given on the standard input, as 'igum join -'"));
    return COMMAND_FAILED;
}

static int read_line(const char *argument, struct invitation *invitation)
{
    char line[LINE_MAX_LEN];
    size_t len = 0;
    ssize_t got = 1;
    enum err err;

    if (strcmp(argument, "-") != 0) {
        err = invitation_read(bytes_text(argument), invitation);
        return err ? refuse_line(err) : COMMAND_OK;
    }
    if (isatty(STDIN_FILENO) == 1)
        output_note(_("Type or paste the invitation:"));
    while (got > 0 && len < sizeof line && memchr(line, '\n', len) == NULL) {
        got = read(STDIN_FILENO, line + len, sizeof line - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    err = invitation_read(bytes_of(line, len), invitation);
    sodium_memzero(line, sizeof line);
    return err ? refuse_line(err) : COMMAND_OK;
}

/* ---- a new home: a kibbutz or a node ---- */

static int write_first_entries(struct office *o, const struct invitation *invitation, const struct newcomer *n,
                               const struct signing_key *key, const char *name)
{
    bool is_kibbutz = invitation->kind == INVITATION_KIBBUTZ;
    struct signer *s = signer_new(&invitation->network, &invitation->root);
    struct head head = {.log = key->public};
    enum err err = s == NULL ? ERR_MEMORY
                             : statement_accept(s, invitation, key, is_kibbutz ? &n->card : NULL,
                                                is_kibbutz ? NULL : &n->channel, name);
    int code;

    if (!err && is_kibbutz)
        err = statement_grant_node(s, key, &head, &invitation->kibbutz, &n->node, &n->channel, name);
    code = err ? office_fail(err, _("the invitation could not be accepted"), NULL) : office_append(o, s);
    signer_free(s);
    return code;
}

static int build(const struct staging *staging, const struct invitation *invitation, struct newcomer *n,
                 const char *name, struct bytes passphrase)
{
    bool is_kibbutz = invitation->kind == INVITATION_KIBBUTZ;
    struct key_file_node *node = NULL;
    struct office office = {0};
    enum err err;
    int code = newcomer_make_keys(n, staging->path, is_kibbutz ? ROLE_STEWARD : ROLE_NODE, passphrase);

    if (code == COMMAND_OK && !is_kibbutz)
        code = key_ring_open_node(staging->path, &node);
    if (code == COMMAND_OK && (err = archive_create(staging->path, &invitation->network)))
        code = office_fail(err, _("the archive cannot be made"), archive_open_reason());
    if (code == COMMAND_OK && !id_equal(&invitation->root, &invitation->network) &&
        (err = anchor_write(staging->path, &invitation->root)))
        code = office_fail(err, _("the archive cannot be made"), NULL);
    if (code == COMMAND_OK)
        code = office_open_staged(&office, staging->path);
    if (code == COMMAND_OK) {
        code = write_first_entries(&office, invitation, n, is_kibbutz ? &n->person->signing : &node->signing, name);
        office_close(&office);
    }
    key_file_close_node(node);
    return code;
}

/* What there is to know; `card` is a secret that is shown this once, NULL: none was made. */
static void print_json(const struct invitation *invitation, const char *card)
{
    static const char *const kinds[] = {
        [INVITATION_KIBBUTZ] = "kibbutz", [INVITATION_COORDINATOR] = "coordinator", [INVITATION_NODE] = "node"};
    struct output_json *json = output_json_object();

    output_json_text(json, "joined", kinds[invitation->kind]);
    output_json_id(json, "network", &invitation->network);
    output_json_id(json, "kibbutz", &invitation->kibbutz);
    output_json_text(json, "card", card);
    output_json_print(json);
}

/* Before the move that makes the home count: a card that was not seen cannot be printed again. */
static int print_home(const struct invitation *invitation, const struct newcomer *n)
{
    bool is_kibbutz = invitation->kind == INVITATION_KIBBUTZ;

    if (command_options()->json)
        print_json(invitation, is_kibbutz ? n->card_text : NULL);
    else if (is_kibbutz)
        newcomer_print_card(n);
    return output_flush() ? COMMAND_OK : office_fail(ERR_IO, _("the card could not be printed"), NULL);
}

static int make_home(const struct invitation *invitation, const char *name)
{
    bool is_kibbutz = invitation->kind == INVITATION_KIBBUTZ;
    const char *home = command_options()->home;
    struct passphrase passphrase = {0};
    struct staging staging;
    struct newcomer n = {0};
    int code = office_check_clock(&(const struct office){0});

    if (code != COMMAND_OK || (code = staging_begin(&staging, home)) != COMMAND_OK)
        return code;
    if (is_kibbutz && passphrase_get(_("the steward"), true, &passphrase))
        code = COMMAND_PASSPHRASE;
    else
        code = build(&staging, invitation, &n, name, passphrase_bytes(&passphrase));
    passphrase_wipe(&passphrase);
    if (code == COMMAND_OK)
        code = print_home(invitation, &n);
    if (code == COMMAND_OK)
        code = staging_commit(&staging);
    if (code == COMMAND_OK)
        newcomer_write_config(home, name);
    newcomer_wipe(&n);
    staging_end(&staging);
    return code;
}

/* ---- an existing home: a coordinator, or a join that goes on ---- */

static bool has_accepted(const struct office *o, const struct invitation *invitation)
{
    struct signing_key ephemeral;
    bool has;

    sshsig_key_from_seed(&ephemeral, invitation->seed);
    has = frontier_find(o->frontier, &ephemeral.public) != NULL;
    sshsig_wipe(&ephemeral);
    return has;
}

static int check_network(const struct office *o, const struct invitation *invitation)
{
    struct id network = archive_network(o->archive);

    if (id_equal(&network, &invitation->network))
        return COMMAND_OK;
    output_error(_("this invitation is for another network than the archive in '%s'"), o->home);
    output_hint(_("--home DIR makes a home of its own for each network"));
    return COMMAND_FAILED;
}

static int check_kibbutz(const struct office *o, const struct invitation *invitation)
{
    struct id kibbutz;

    if (!office_kibbutz(o, &kibbutz) || id_equal(&kibbutz, &invitation->kibbutz))
        return COMMAND_OK;
    output_error(_("this invitation is for another kibbutz than the one of this home"));
    output_hint(_("accept it in a home of the kibbutz that gave it"));
    return COMMAND_FAILED;
}

/* Whether the key that used an invitation is one of this home. */
static bool used_here(const struct office *o, const struct invitation *invitation)
{
    struct key_ring ring;
    struct id key;
    bool is_here = false;

    if (o->trust == NULL || trust_invitation(o->trust, &invitation->grant, &key) != TRUST_USED ||
        key_ring_load(o->home, &ring) != COMMAND_OK)
        return false;
    for (size_t i = 0; i < ring.count; i++)
        is_here = is_here || id_equal(&ring.keys[i].key, &key);
    key_ring_free(&ring);
    return is_here;
}

static int refuse_used(void)
{
    output_error(_("this invitation was used already"));
    output_hint(_("each works once: ask for a new one; if you did not use it, tell the steward who gave it"));
    return COMMAND_FAILED;
}

/* What is known here of an invitation before it is used. */
static int check_open(const struct office *o, const struct invitation *invitation)
{
    struct id key;

    switch (o->trust != NULL ? trust_invitation(o->trust, &invitation->grant, &key) : TRUST_OPEN) {
    case TRUST_ENDED:
        output_error(_("this invitation was withdrawn, or whoever gave it may give none any more"));
        output_hint(_("ask the steward of the kibbutz for a new one"));
        return COMMAND_FAILED;
    case TRUST_USED:
    case TRUST_USED_TWICE: return refuse_used();
    case TRUST_NO_INVITATION:
    case TRUST_UNAPPROVED:
    case TRUST_OPEN: break;
    }
    return COMMAND_OK;
}

static int accept_as_coordinator(struct office *o, const struct invitation *invitation, const char *name)
{
    struct passphrase passphrase = {0};
    struct newcomer n = {0};
    struct signer *s = NULL;
    enum err err;
    int code;

    if (passphrase_get(name, true, &passphrase))
        return COMMAND_PASSPHRASE;
    /* The key is durable before the entry that names it: the other way round it could be lost for good. */
    code = newcomer_make_keys(&n, o->home, ROLE_COORDINATOR, passphrase_bytes(&passphrase));
    passphrase_wipe(&passphrase);
    if (code == COMMAND_OK) {
        err = (s = signer_new(&invitation->network, &invitation->root)) == NULL
                  ? ERR_MEMORY
                  : statement_accept(s, invitation, &n.person->signing, NULL, NULL, name);
        code = err ? office_fail(err, _("the invitation could not be accepted"), NULL) : office_append(o, s);
    }
    signer_free(s);
    newcomer_wipe(&n);
    return code;
}

static int join_as_coordinator(const struct invitation *invitation, const char *name)
{
    struct office o;
    int code = office_open(&o, OFFICE_WRITE);

    if (code != COMMAND_OK)
        return code;
    code = check_network(&o, invitation);
    if (code == COMMAND_OK)
        code = check_kibbutz(&o, invitation);
    if (code == COMMAND_OK && has_accepted(&o, invitation)) {
        if (used_here(&o, invitation))
            output_note(_("this invitation was accepted here before; there is nothing to do"));
        else
            code = refuse_used();
    } else if (code == COMMAND_OK && (code = check_open(&o, invitation)) == COMMAND_OK &&
               (code = office_check_clock(&o)) == COMMAND_OK)
        code = accept_as_coordinator(&o, invitation, name);
    office_close(&o);
    return code;
}

/* A home that is there already: has it accepted this very invitation, so that only the contact is missing? */
static int go_on(const struct invitation *invitation)
{
    struct office o;
    int code = office_open(&o, OFFICE_READ);

    if (code != COMMAND_OK)
        return code;
    code = check_network(&o, invitation);
    if (code == COMMAND_OK && !has_accepted(&o, invitation)) {
        output_error(_("there is an archive in '%s' already"), o.home);
        output_hint(_("a kibbutz or a node joins with a home of its own: --home DIR names it"));
        code = COMMAND_FAILED;
    } else if (code == COMMAND_OK && o.trust != NULL && !used_here(&o, invitation))
        code = refuse_used();
    office_close(&o);
    return code;
}

/* ---- contact ---- */

static int make_contact(const struct invitation *invitation)
{
    char reason[NODE_REASON] = "", digits[ID_TEXT_LEN + 1];
    enum err err = node_join_contact(command_options()->home, invitation, CONTACT_TIMEOUT_S, reason);

    if (!err)
        return COMMAND_OK;
    if (err == ERR_EXISTS)
        return refuse_used();
    if (err == ERR_GAP) {
        id_to_text(&invitation->grant, digits);
        output_error(
            _("the invitation is accepted here, but the admission of this kibbutz has not enough approvals yet"));
        output_hint(_("a voting kibbutz runs 'igum council approve %.16s'; then run the same 'igum join' again"),
                    digits);
        return COMMAND_THRESHOLD;
    }
    if (err == ERR_STRANGER) {
        output_error(
            _("they say that this invitation grants nothing: it was withdrawn, or what it rests on has ended"));
        output_hint(_("ask whoever gave it for a new one"));
        return COMMAND_FAILED;
    }
    if (err == ERR_BUSY) {
        output_note(_("the running node will make the contact"));
        return COMMAND_OK;
    }
    if (err == ERR_TIMEOUT || err == ERR_IO) {
        output_error(_("the invitation is accepted, but %s does not answer: %s"), invitation->address,
                     reason[0] != '\0' ? reason : err_text(err));
        output_hint(_("run the same 'igum join' again when the line is up; nothing is lost"));
        return COMMAND_NOBODY;
    }
    return office_fail(err, _("the invitation is accepted, but the network could not be entered"), reason);
}

/* As node_join_contact() does by the line. */
static int check_sole_use(const struct invitation *invitation)
{
    struct office o;
    struct id key;
    int code = office_open(&o, OFFICE_READ);

    if (code != COMMAND_OK)
        return code;
    if (o.trust != NULL && trust_invitation(o.trust, &invitation->grant, &key) == TRUST_USED_TWICE)
        code = refuse_used();
    office_close(&o);
    return code;
}

/* Without any line: what the host would say comes by these files, and what the newcomer signed goes back by another. */
static int read_bundles(const struct invitation *invitation, const struct arguments_list *bundles)
{
    enum err err = node_remember(command_options()->home, &invitation->channel, invitation->address);
    int code = err ? office_fail(err, _("the invitation is accepted, but the network could not be entered"), NULL)
                   : cmd_import_files(bundles->items, bundles->count);

    if (code != COMMAND_OK) {
        output_hint(
            _("the invitation is accepted; run the same 'igum join' again when the files are whole: nothing is lost"));
        return code;
    }
    if ((code = check_sole_use(invitation)) == COMMAND_OK)
        output_note(
            _("take 'igum export --bundle FILE' back to them: with it they learn that the invitation is accepted"));
    return code;
}

static const char *default_name(const struct invitation *invitation)
{
    static char host[LIMIT_NAME + 1];

    if (gethostname(host, sizeof host - 1) == 0 && statement_is_name(host))
        return host;
    return invitation->kind == INVITATION_COORDINATOR ? "coordinator" : "node";
}

static int join_as_office(const struct invitation *invitation, const char *name, const struct arguments_list *bundles)
{
    char path[FILES_PATH_SIZE];
    int code = staging_recover(command_options()->home);

    if (code != COMMAND_OK)
        return code;
    if (files_join(path, command_options()->home, "archive.git") || !files_exists(path))
        code = make_home(invitation, name);
    else if ((code = go_on(invitation)) == COMMAND_OK && command_options()->json)
        print_json(invitation, NULL);
    if (code == COMMAND_OK)
        code = bundles->count > 0 ? read_bundles(invitation, bundles) : make_contact(invitation);
    if (code == COMMAND_OK)
        output_note(_("This office has joined: 'igum serve' keeps it up to date."));
    return code;
}

static int join(const struct invitation *invitation, const char *name, const struct arguments_list *bundles)
{
    int code;

    if (name == NULL)
        name = default_name(invitation);
    if (invitation->kind != INVITATION_COORDINATOR)
        return join_as_office(invitation, name, bundles);
    if (bundles->count > 0) {
        output_error(_("--bundle is for an office that begins; a coordinator joins in one that is there"));
        return COMMAND_USAGE;
    }
    if ((code = join_as_coordinator(invitation, name)) != COMMAND_OK)
        return code;
    if (command_options()->json)
        print_json(invitation, NULL);
    output_note(_("You are a coordinator now: 'igum publish FILE' publishes."));
    return COMMAND_OK;
}

int cmd_join(int argc, char **argv)
{
    const char *name = NULL;
    struct arguments_list bundles = {.count = 0};
    const struct arguments_flag flags[] = {{"name", NULL, &name, NULL}, {"bundle", NULL, NULL, &bundles}};
    struct invitation invitation = {0};
    int code = COMMAND_USAGE;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1)) {
        arguments_list_free(&bundles);
        return code;
    }
    if (name != NULL && !statement_is_name(name)) {
        output_error(_("the name must be one line of at most %d bytes, without control characters"), LIMIT_NAME);
    } else if ((code = read_line(argv[1], &invitation)) == COMMAND_OK) {
        code = join(&invitation, name, &bundles);
    }
    invitation_wipe(&invitation);
    arguments_list_free(&bundles);
    return code;
}
