/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/key_ring.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/command.h"
#include "node/host.h"
#include "node/output.h"
#include "node/passphrase.h"
#include "node/i18n.h"
#include "proto/limits.h"

#define PREFIX_MIN 4 /* Digits that name a key. */

int key_ring_directory(const char *home, char path[FILES_PATH_SIZE])
{
    if (!files_join(path, home, "keys"))
        return COMMAND_OK;
    output_error(_("the path of this home is too long"));
    return COMMAND_FAILED;
}

int key_ring_fail(enum err err, const char *path, const struct key_file_reason *reason)
{
    output_error("%s: %s", path, reason->text[0] != '\0' ? reason->text : err_text(err));
    if (err == ERR_AUTH) {
        output_hint(_("a passphrase that is lost cannot be found again; a steward can invite a new key"));
        return COMMAND_PASSPHRASE;
    }
    if (err == ERR_STRANGER)
        output_hint(_("'chmod 600' on the file and 'chmod 700' on its directory keep it to you"));
    else
        office_hint(err);
    return COMMAND_FAILED;
}

/* ---- listing ---- */

static enum err add_key(void *context, const struct key_file_info *info)
{
    struct key_ring *ring = context;
    struct key_file_info *keys = realloc(ring->keys, (ring->count + 1) * sizeof *keys);

    if (keys == NULL)
        return ERR_MEMORY;
    ring->keys = keys;
    ring->keys[ring->count++] = *info;
    return ERR_OK;
}

int key_ring_load(const char *home, struct key_ring *ring)
{
    char path[FILES_PATH_SIZE];
    enum err err;
    int code = key_ring_directory(home, path);

    *ring = (struct key_ring){0};
    if (code != COMMAND_OK)
        return code;
    if ((err = key_file_each(path, add_key, ring))) {
        key_ring_free(ring);
        return office_fail(err, _("the keys cannot be listed"), NULL);
    }
    return COMMAND_OK;
}

void key_ring_free(struct key_ring *ring)
{
    free(ring->keys);
    *ring = (struct key_ring){0};
}

/* ---- choosing ---- */

static bool is_named(const struct key_file_info *info, struct office *o, const char *name)
{
    char digits[ID_TEXT_LEN + 1];
    size_t len = strlen(name);

    id_to_text(&info->key, digits);
    return strcmp(office_key_name(o, &info->key), name) == 0 || strcmp(role_name(info->role), name) == 0 ||
           (len >= PREFIX_MIN && len <= ID_TEXT_LEN && memcmp(digits, name, len) == 0);
}

static void describe_key(const struct key_file_info *info, struct office *o, struct buffer *text)
{
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&info->key, digits);
    digits[16] = '\0';
    buffer_text(text, office_key_name(o, &info->key));
    buffer_text(text, " (");
    buffer_text(text, _(role_name(info->role)));
    buffer_text(text, " ");
    buffer_text(text, digits);
    buffer_text(text, ")");
    buffer_u8(text, 0);
}

static void hint_keys(const struct key_ring *ring, struct office *o)
{
    for (size_t i = 0; i < ring->count; i++) {
        struct buffer text = BUFFER(LIMIT_ENTRY);

        if (ring->keys[i].err)
            continue;
        describe_key(&ring->keys[i], o, &text);
        if (!buffer_error(&text))
            output_hint(_("here is the key of %s"), (const char *)text.at);
        buffer_free(&text);
    }
}

const struct key_file_info *key_ring_find(const struct key_ring *ring, struct office *o, const char *name)
{
    const struct key_file_info *found = NULL;

    for (size_t i = 0; i < ring->count; i++) {
        if (ring->keys[i].err || !is_named(&ring->keys[i], o, name))
            continue;
        if (found != NULL) {
            output_error(_("several keys here go by '%s'"), name);
            hint_keys(ring, o);
            return NULL;
        }
        found = &ring->keys[i];
    }
    if (found == NULL) {
        output_error(_("no key here goes by '%s'"), name);
        hint_keys(ring, o);
    }
    return found;
}

static bool fits(const struct key_file_info *info, struct office *o, bool must_be_steward)
{
    if (info->err || (info->role != ROLE_STEWARD && (must_be_steward || info->role != ROLE_COORDINATOR)))
        return false;
    return !office_is_informed(o) || office_key(o, &info->key).status == TRUST_GOOD;
}

/* Why a key of this home does not sign, from what the network knows of it; the exit code for it. */
static int tell_unfit(const struct key_file_info *info, struct office *o, bool must_be_steward)
{
    struct trust_key known = office_key(o, &info->key);
    const char *name = office_key_name(o, &info->key);

    if (info->role == ROLE_NODE || (must_be_steward && info->role != ROLE_STEWARD)) {
        output_error(must_be_steward ? _("only a steward does this, and '%s' is the key of a %s")
                                     : _("'%s' is the key of a %s, which publishes nothing"),
                     name, _(role_name(info->role)));
        output_hint(_("--as names another key; 'igum key list' shows those that are here"));
    } else if (known.status == TRUST_UNKNOWN) {
        output_error(_("the key '%s' has no place in this network: nothing grants it one"), name);
        output_hint(info->role == ROLE_STEWARD
                        ? _("it speaks for its kibbutz once the council lists it: 'igum council show' tells what waits")
                        : _("the steward grants it: 'igum grant --coordinator NAME --key KEY'"));
    } else if (known.status == TRUST_CONTESTED) {
        output_error(_("the key '%s' is contested: what it signs counts for nothing until that is settled"), name);
        output_hint(_("'igum verify' tells why; the steward settles it by 'igum revoke', for a steward the council"));
    } else if (known.cause == TRUST_REVOKED) {
        output_error(_("the key '%s' was revoked: it signs nothing more"), name);
        output_hint(_("a steward can invite anew: 'igum invite --coordinator NAME', then 'igum join' here"));
    } else if (known.cause == TRUST_WAITS) {
        output_error(_("the key '%s' waits: the admission of its kibbutz has not enough approvals yet"), name);
        output_hint(_("'igum council show' lists who still has to approve"));
        return COMMAND_THRESHOLD;
    } else {
        output_error(_("the key '%s' was ended: another has taken its place, or its kibbutz has left"), name);
        output_hint(_("'igum council show' lists the stewards; 'igum key list' the keys that are here"));
    }
    return COMMAND_FAILED;
}

/* NULL: there is none, or there are several. */
static const struct key_file_info *only_person(const struct key_ring *ring)
{
    const struct key_file_info *only = NULL;

    for (size_t i = 0; i < ring->count; i++)
        if (!ring->keys[i].err && ring->keys[i].role != ROLE_NODE) {
            if (only != NULL)
                return NULL;
            only = &ring->keys[i];
        }
    return only;
}

static const struct key_file_info *choose(const struct key_ring *ring, struct office *o, bool must_be_steward)
{
    const struct key_file_info *only = NULL;
    size_t count = 0;

    for (size_t i = 0; i < ring->count; i++)
        if (fits(&ring->keys[i], o, must_be_steward)) {
            only = &ring->keys[i];
            count++;
        }
    if (count == 1)
        return only;
    if (count > 1) {
        output_error(_("several keys here could sign: say by --as which one does"));
        hint_keys(ring, o);
    } else if (only_person(ring) != NULL) {
        return only_person(ring); /* The reason is about this key. */
    } else if (must_be_steward) {
        output_error(_("only a steward does this, and no steward's key is in this home"));
        output_hint(_("do it in the home where the steward of this kibbutz signs"));
    } else {
        output_error(_("no key in this home may publish"));
        output_hint(_("a steward can invite a coordinator: 'igum invite --coordinator NAME', then 'igum join' here"));
    }
    return NULL;
}

int key_ring_open(const struct key_file_info *info, struct office *o, struct key_file_person **person)
{
    struct buffer text = BUFFER(LIMIT_ENTRY);
    struct passphrase passphrase = {0};
    struct key_file_reason reason = {""};
    enum err err;
    int code = COMMAND_OK;

    *person = NULL;
    describe_key(info, o, &text);
    err = buffer_error(&text);
    if (err)
        code = office_fail(err, _("the key cannot be opened"), NULL);
    else if (passphrase_get((const char *)text.at, false, &passphrase))
        code = COMMAND_PASSPHRASE;
    else if ((err = key_file_open_person(info->path, passphrase_bytes(&passphrase), person, &reason)))
        code = key_ring_fail(err, info->path, &reason);
    /* After the passphrase: nobody waits for the turn of one who types. */
    if (code == COMMAND_OK && (code = office_take_turn(o)) == COMMAND_OK)
        code = office_check_log(o, &info->key);
    if (code != COMMAND_OK) {
        key_file_close_person(*person);
        *person = NULL;
    }
    passphrase_wipe(&passphrase);
    buffer_free(&text);
    return code;
}

int key_ring_open_signer(struct office *o, bool must_be_steward, struct key_file_person **person)
{
    const char *as = command_options()->as;
    const struct key_file_info *info;
    struct key_ring ring;
    int code = key_ring_load(o->home, &ring);

    *person = NULL;
    if (code != COMMAND_OK)
        return code;
    info = as != NULL ? key_ring_find(&ring, o, as) : choose(&ring, o, must_be_steward);
    if (info == NULL)
        code = COMMAND_FAILED;
    else if (!fits(info, o, must_be_steward))
        code = tell_unfit(info, o, must_be_steward);
    else
        code = key_ring_open(info, o, person);
    key_ring_free(&ring);
    return code;
}

int key_ring_open_node(const char *home, struct key_file_node **node)
{
    struct key_file_reason reason = {""};
    struct key_ring ring;
    int code = key_ring_load(home, &ring);
    size_t i = 0;
    enum err err;

    *node = NULL;
    if (code != COMMAND_OK)
        return code;
    while (i < ring.count && (ring.keys[i].err || ring.keys[i].role != ROLE_NODE))
        i++;
    if (i == ring.count) {
        output_error(_("this home has no node key"));
        output_hint(_("without it the home reads and signs, but does not call other nodes"));
        code = COMMAND_FAILED;
    } else if ((err = key_file_open_node(ring.keys[i].path, node, &reason)))
        code = key_ring_fail(err, ring.keys[i].path, &reason);
    key_ring_free(&ring);
    return code;
}

/* ---- making ---- */

int key_ring_make_person(const char *home, enum role role, struct bytes passphrase, struct id *key)
{
    char path[FILES_PATH_SIZE];
    uint8_t seed[SSHSIG_SEED_LEN], random[KEY_FILE_RANDOM_LEN];
    struct key_file_reason reason = {""};
    struct signing_key pair;
    enum err err;
    int code = key_ring_directory(home, path);

    if (code != COMMAND_OK)
        return code;
    host_random(seed, sizeof seed);
    host_random(random, sizeof random);
    sshsig_key_from_seed(&pair, seed);
    *key = pair.public;
    if ((err = key_file_create_person(path, role, seed, passphrase, KEY_FILE_MODERATE, random, &reason)))
        code = key_ring_fail(err, path, &reason);
    sodium_memzero(seed, sizeof seed);
    sshsig_wipe(&pair);
    return code;
}

int key_ring_make_node(const char *home, struct id *key, struct id *channel)
{
    char path[FILES_PATH_SIZE];
    uint8_t seed[SSHSIG_SEED_LEN], secret[32];
    struct key_file_reason reason = {""};
    struct key_file_node *node = NULL;
    enum err err;
    int code = key_ring_directory(home, path);

    if (code != COMMAND_OK)
        return code;
    host_random(seed, sizeof seed);
    host_random(secret, sizeof secret);
    if ((err = key_file_create_node(path, seed, secret, &reason)))
        code = key_ring_fail(err, path, &reason);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    /* Read back: what cannot be opened again is not granted anything. */
    if (code == COMMAND_OK)
        code = key_ring_open_node(home, &node);
    if (code == COMMAND_OK) {
        *key = node->signing.public;
        memcpy(channel->at, node->channel.public, ID_LEN);
    }
    key_file_close_node(node);
    return code;
}
