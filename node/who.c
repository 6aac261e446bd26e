/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/who.h"

#include <stdio.h>
#include <string.h>

#include "node/command.h"
#include "node/output.h"
#include "node/i18n.h"

#define SHOWN_MAX 10 /* So many of those that fit are named. */

bool who_is(const char *word, const char *name, const struct id *id)
{
    char digits[ID_TEXT_LEN + 1];
    size_t len = strlen(word);

    id_to_text(id, digits);
    return strcmp(word, name) == 0 || (len >= WHO_DIGITS && len <= ID_TEXT_LEN && memcmp(digits, word, len) == 0);
}

/* ---- kibbutzim ---- */

static void hint_kibbutzim(struct office *o, const char *word)
{
    for (size_t i = 0; i < trust_kibbutz_count(o->trust); i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);
        char digits[ID_TEXT_LEN + 1];

        if (word != NULL && !who_is(word, office_kibbutz_name(o, &known.kibbutz), &known.kibbutz))
            continue;
        id_to_text(&known.kibbutz, digits);
        if (i < SHOWN_MAX)
            output_hint("%s  %.16s", office_kibbutz_name(o, &known.kibbutz), digits);
    }
}

int who_kibbutz(struct office *o, const char *word, struct trust_kibbutz *found)
{
    size_t count = 0;

    for (size_t i = 0; i < trust_kibbutz_count(o->trust); i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);

        if (who_is(word, office_kibbutz_name(o, &known.kibbutz), &known.kibbutz)) {
            *found = known;
            count++;
        }
    }
    if (count == 1)
        return COMMAND_OK;
    if (count > 1) {
        output_error(_("several kibbutzim go by '%s': say which by digits of its id"), word);
        hint_kibbutzim(o, word);
    } else {
        output_error(_("no kibbutz here goes by '%s'"), word);
        hint_kibbutzim(o, NULL);
    }
    return COMMAND_FAILED;
}

int who_own_kibbutz(struct office *o, struct id *kibbutz)
{
    if (office_kibbutz(o, kibbutz))
        return COMMAND_OK;
    output_error(_("this home belongs to no kibbutz yet"));
    output_hint(_("'igum join' enters one by an invitation"));
    return COMMAND_FAILED;
}

/* ---- keys ---- */

const char *who_describe(struct office *o, const struct id *key)
{
    static char texts[8][LIMIT_NAME + 64];
    static unsigned next;
    char *text = texts[next++ % 8], digits[ID_TEXT_LEN + 1];

    id_to_text(key, digits);
    (void)snprintf(text, sizeof texts[0], "%s (%s %.16s)", office_key_name(o, key),
                   _(role_name(trust_key(o->trust, key).role)), digits);
    return text;
}

static void hint_keys(struct office *o, const char *word)
{
    size_t shown = 0;

    for (size_t i = 0; i < trust_key_count(o->trust) && shown < SHOWN_MAX; i++) {
        struct trust_key known = trust_key_at(o->trust, i);

        if (!who_is(word, office_key_name(o, &known.key), &known.key))
            continue;
        output_hint(_("%s of %s"), who_describe(o, &known.key), office_kibbutz_name(o, &known.kibbutz));
        shown++;
    }
}

/* The better a key fits, the more: one that may sign, of the kibbutz that is meant. */
static int fitness(const struct trust_key *known, const struct id *kibbutz)
{
    return (known->status >= TRUST_CONTESTED) + 2 * (kibbutz != NULL && id_equal(&known->kibbutz, kibbutz));
}

int who_key(struct office *o, const char *word, const struct id *kibbutz, struct trust_key *found)
{
    size_t count = 0;
    int best = -1;

    for (size_t i = 0; i < trust_key_count(o->trust); i++) {
        struct trust_key known = trust_key_at(o->trust, i);
        int fit = fitness(&known, kibbutz);

        if (!who_is(word, office_key_name(o, &known.key), &known.key) || fit < best)
            continue;
        count = fit == best ? count + 1 : 1;
        best = fit;
        *found = known;
    }
    if (count == 1)
        return COMMAND_OK;
    if (count > 1) {
        output_error(_("several keys go by '%s': say which by digits of the key"), word);
        hint_keys(o, word);
    } else {
        output_error(_("no key of this network goes by '%s'"), word);
        output_hint(_("'igum signers' lists all keys; give a name, or at least %d digits"), WHO_DIGITS);
    }
    return COMMAND_FAILED;
}

int who_read_key(const char *word, struct id *key)
{
    if (!id_from_text(bytes_text(word), key) && id_is_signing_key(key))
        return COMMAND_OK;
    output_error(_("'%s' is no public key"), word);
    output_hint(_("it is the 64 digits that 'igum key new' prints over there"));
    return COMMAND_USAGE;
}
