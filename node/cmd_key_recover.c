/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/card_input.h"
#include "node/cmd_council.h"
#include "node/cmd_key.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/newcomer.h"
#include "node/passphrase.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"

struct recovery {
    const char *card_path;
    bool yes;
    struct signing_key card;
    struct trust_kibbutz kibbutz;
    struct newcomer self;       /* The new steward's key, and the new card. */
    struct id proposal;         /* Zeros: none was made. */
    struct council_state state; /* These two are too large for the stack. */
    struct council_plan plan;
};

/* ---- the card ---- */

static int find_kibbutz(struct office *o, struct recovery *r)
{
    struct id digest = id_hash(ID_CARD, id_bytes(&r->card.public)), own;

    for (size_t i = 0; i < trust_kibbutz_count(o->trust); i++) {
        r->kibbutz = trust_kibbutz_at(o->trust, i);
        if (!id_equal(&r->kibbutz.card, &digest) || r->kibbutz.closed)
            continue;
        if (!office_kibbutz(o, &own) || id_equal(&own, &r->kibbutz.kibbutz))
            return COMMAND_OK;
        output_error(_("this is the recovery card of %s, and this home is of another kibbutz"),
                     office_kibbutz_name(o, &r->kibbutz.kibbutz));
        output_hint(_("run it in a home of that kibbutz"));
        return COMMAND_FAILED;
    }
    output_error(_("no kibbutz of this network has this recovery card"));
    output_hint(_("a newer card may have taken its place, or the network has not been reached yet: 'igum sync'"));
    return COMMAND_FAILED;
}

static int read_card(struct office *o, struct recovery *r)
{
    uint8_t seed[SSHSIG_SEED_LEN];
    int code = card_input(r->card_path, seed);

    if (code == COMMAND_OK)
        sshsig_key_from_seed(&r->card, seed);
    sodium_memzero(seed, sizeof seed);
    return code == COMMAND_OK ? find_kibbutz(o, r) : code;
}

/* ---- what is shown ---- */

static int print_meaning(struct office *o, struct recovery *r)
{
    if (command_options()->json)
        return COMMAND_OK;
    output_line(_("This makes a new steward key for %s, here.\n"), office_kibbutz_name(o, &r->kibbutz.kibbutz));
    for (size_t i = 0; i < r->kibbutz.steward_count; i++)
        output_line(_("  it ends the key of %s, which keeps its %" PRIu64 " entries\n"),
                    who_describe(o, &r->kibbutz.stewards[i]), office_head(o, &r->kibbutz.stewards[i]).seq);
    return confirm(_("Sign this?"), r->yes, false);
}

/* ---- signing ---- */

static int make_keys(struct office *o, struct recovery *r)
{
    struct passphrase passphrase = {0};
    int code = COMMAND_OK;

    if (passphrase_get(_("the steward"), true, &passphrase))
        code = COMMAND_PASSPHRASE;
    else
        code = newcomer_make_person(&r->self, o->home, ROLE_STEWARD, passphrase_bytes(&passphrase));
    passphrase_wipe(&passphrase);
    if (code == COMMAND_OK)
        newcomer_make_card(&r->self);
    return code;
}

static int sign_recover(struct office *o, struct recovery *r)
{
    const struct statement what = {.act = ACT_RECOVER, .kibbutz = r->kibbutz.kibbutz, .role = ROLE_CARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_KIBBUTZ, &r->kibbutz.kibbutz);
    act_write_id(&body, ACT_KEY, &r->self.person->signing.public);
    for (size_t i = 0; i < r->kibbutz.steward_count; i++) {
        struct head head = office_head(o, &r->kibbutz.stewards[i]);
        const struct council_pin pin = {r->kibbutz.stewards[i], r->kibbutz.kibbutz, head.seq, head.entry};

        council_pin_write(&body, ACT_CUT, &pin);
    }
    return undersign(o, &r->card, &what, &body, NULL);
}

/* The card votes, too: so it proposes at once the root that gives the new key the vote, and the new card its place. */
static int propose(struct office *o, struct recovery *r)
{
    const struct id *kibbutz = &r->kibbutz.kibbutz;
    struct council_request request = {.wish_count = 2,
                                      .wishes = {{COUNCIL_STEWARD, *kibbutz, r->self.person->signing.public},
                                                 {COUNCIL_CARD, *kibbutz, r->self.card}}};
    int code = council_view_state(o, &r->state);

    if (code != COMMAND_OK)
        return code;
    if (council_plan(&r->state, &request, &r->plan) != COUNCIL_SOUND)
        return council_fail(o, &r->plan, council_root_voters(&r->plan.next));
    code = council_sign_root(o, &r->card, ROLE_CARD, kibbutz, &r->plan.next, &r->proposal);
    return code == COMMAND_OK ? undersign_approval(o, &r->self.person->signing, kibbutz, &r->proposal) : code;
}

static bool can_propose(struct office *o, const struct recovery *r)
{
    struct trust_council council = trust_council(o->trust);
    struct id kibbutz;

    return trust_is_voice(o->trust, &r->card.public, &kibbutz) &&
           (council.status == TRUST_SETTLED || council.status == TRUST_RIVALS);
}

/* ---- the result ---- */

static void write_json(struct office *o, const struct recovery *r)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "kibbutz", &r->kibbutz.kibbutz);
    output_json_id(json, "key", &r->self.person->signing.public);
    output_json_id(json, "card_id", &r->self.card);
    output_json_text(json, "card", r->self.card_text);
    if (!id_is_zero(&r->proposal)) {
        output_json_id(json, "proposal", &r->proposal);
        council_print_standing(o, &r->proposal, json);
    }
    output_json_print(json);
}

static void print_result(struct office *o, const struct recovery *r)
{
    const char *name = office_kibbutz_name(o, &r->kibbutz.kibbutz);
    char key[ID_TEXT_LEN + 1], card[ID_TEXT_LEN + 1];

    id_to_text(&r->self.person->signing.public, key);
    id_to_text(&r->self.card, card);
    output_note(_("The new key speaks for %s from now on: it grants, revokes and publishes."), name);
    if (!id_is_zero(&r->proposal)) {
        char proposal[ID_TEXT_LEN + 1];

        id_to_text(&r->proposal, proposal);
        output_line(_("proposal %s\n"), proposal);
        output_note(_("Its vote, and the new card, take effect with the next root of the council:"));
        council_print_standing(o, &r->proposal, NULL);
    } else
        output_note(_("Its vote, and the new card, take effect when a steward of a kibbutz that votes runs 'igum "
                      "council propose "
                      "--steward \"%s=%s\" --card \"%s=%s\"'; then 'igum council approve' is run here, too"),
                    name, key, name, card);
    output_note(_("Keep the old card until the new one is in effect."));
}

/* Before anything is signed: a card that was not seen cannot be printed again. */
static int print_card(const struct recovery *r)
{
    if (command_options()->json)
        return COMMAND_OK;
    newcomer_print_card(&r->self);
    return output_flush() ? COMMAND_OK : office_fail(ERR_IO, _("the card could not be printed"), NULL);
}

static int recover(struct office *o, struct recovery *r)
{
    int code;

    if ((code = office_need_charter(o)) != COMMAND_OK || (code = office_check_clock(o)) != COMMAND_OK ||
        (code = read_card(o, r)) != COMMAND_OK || (code = print_meaning(o, r)) != COMMAND_OK ||
        (code = make_keys(o, r)) != COMMAND_OK || (code = print_card(r)) != COMMAND_OK ||
        (code = sign_recover(o, r)) != COMMAND_OK)
        return code;
    if (can_propose(o, r))
        code = propose(o, r);
    if (command_options()->json)
        write_json(o, r);
    else if (code == COMMAND_OK)
        print_result(o, r);
    return code;
}

static int run(int argc, char **argv, struct recovery *r)
{
    const struct arguments_flag flags[] = {{"card", NULL, &r->card_path, NULL}, {"yes", &r->yes, NULL, NULL}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = recover(&office, r);
    office_close(&office);
    return code;
}

int key_recover(int argc, char **argv)
{
    struct recovery *r = calloc(1, sizeof *r);
    int code;

    if (r == NULL)
        return office_fail(ERR_MEMORY, _("nothing could be signed"), NULL);
    code = run(argc, argv, r);
    free(r->state.logs);
    newcomer_wipe(&r->self);
    sshsig_wipe(&r->card);
    free(r);
    return code;
}
