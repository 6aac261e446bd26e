/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/cmd_council.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/key_ring.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"
#include "proto/text.h"

struct proposal {
    struct arguments_list give, take, close, steward, card;
    const char *majority, *admission, *pin;
    bool yes;
    struct council_state state; /* All of it is too large for the stack. */
    struct council_request request;
    struct council_plan plan;
};

/* ---- what is asked for ---- */

static int add_wish(struct proposal *p, enum council_wish_kind kind, const struct id *kibbutz, const struct id *id)
{
    struct council_wish *wish = &p->request.wishes[p->request.wish_count];

    if (p->request.wish_count == COUNCIL_WISHES) {
        output_error(_("this is more than one root of the council can hold"));
        output_hint(_("propose a part of it, and the rest when that is in effect"));
        return COMMAND_FAILED;
    }
    *wish = (struct council_wish){.kind = kind, .kibbutz = *kibbutz};
    if (id != NULL)
        wish->id = *id;
    p->request.wish_count++;
    return COMMAND_OK;
}

static int read_kibbutzim(struct office *o, struct proposal *p, enum council_wish_kind kind,
                          const struct arguments_list *list)
{
    struct trust_kibbutz kibbutz;
    int code = COMMAND_OK;

    for (size_t i = 0; code == COMMAND_OK && i < list->count; i++)
        if ((code = who_kibbutz(o, list->items[i], &kibbutz)) == COMMAND_OK)
            code = add_wish(p, kind, &kibbutz.kibbutz, NULL);
    return code;
}

/* A key that the council once took away never comes back (docs/TRUST.md, T9). */
static int read_steward(struct office *o, const char *word, struct id *key)
{
    int code = who_read_key(word, key);

    if (code == COMMAND_OK && trust_was_removed(o->trust, key)) {
        output_error(_("this key was taken away by the council once; no root may list it again"));
        output_hint(_("'igum key new --steward' over there makes a new key"));
        code = COMMAND_FAILED;
    }
    return code;
}

static int read_card(const char *word, struct id *card)
{
    if (!id_from_text(bytes_text(word), card))
        return COMMAND_OK;
    output_error(_("'%s' does not name a recovery card"), word);
    output_hint(_("it is the 64 digits that 'igum key new --steward' prints over there, not the words of the card"));
    return COMMAND_USAGE;
}

/* KIBBUTZ=KEY: a name may hold '=', a key cannot. */
static int read_pair(struct office *o, struct proposal *p, enum council_wish_kind kind, const char *pair)
{
    char name[LIMIT_NAME + 1];
    const char *equals = strrchr(pair, '=');
    struct trust_kibbutz kibbutz;
    struct id id;
    int code;

    if (equals == NULL || equals == pair || (size_t)(equals - pair) > LIMIT_NAME) {
        output_error(_("'%s' is not of the form KIBBUTZ=KEY"), pair);
        output_hint("igum council propose --steward KIBBUTZ=KEY --card KIBBUTZ=CARD");
        return COMMAND_USAGE;
    }
    memcpy(name, pair, (size_t)(equals - pair));
    name[equals - pair] = '\0';
    code = kind == COUNCIL_STEWARD ? read_steward(o, equals + 1, &id) : read_card(equals + 1, &id);
    if (code == COMMAND_OK)
        code = who_kibbutz(o, name, &kibbutz);
    return code == COMMAND_OK ? add_wish(p, kind, &kibbutz.kibbutz, &id) : code;
}

static int read_pairs(struct office *o, struct proposal *p, enum council_wish_kind kind,
                      const struct arguments_list *list)
{
    int code = COMMAND_OK;

    for (size_t i = 0; code == COMMAND_OK && i < list->count; i++)
        code = read_pair(o, p, kind, list->items[i]);
    return code;
}

static int read_number(const char *flag, const char *word, uint64_t *number)
{
    if (word == NULL || (text_to_number(bytes_text(word), number) && *number > 0))
        return COMMAND_OK;
    output_error(_("--%s needs a number from 1 on, not '%s'"), flag, word);
    output_hint(_("'igum %s --help' shows how it is used"), "council");
    return COMMAND_USAGE;
}

static int read_request(struct office *o, struct proposal *p)
{
    int code;

    if ((code = read_number("majority", p->majority, &p->request.majority)) != COMMAND_OK ||
        (code = read_number("admission", p->admission, &p->request.admission)) != COMMAND_OK ||
        (code = read_kibbutzim(o, p, COUNCIL_GIVE_VOTE, &p->give)) != COMMAND_OK ||
        (code = read_kibbutzim(o, p, COUNCIL_TAKE_VOTE, &p->take)) != COMMAND_OK ||
        (code = read_kibbutzim(o, p, COUNCIL_CLOSE, &p->close)) != COMMAND_OK ||
        (code = read_pairs(o, p, COUNCIL_STEWARD, &p->steward)) != COMMAND_OK)
        return code;
    return read_pairs(o, p, COUNCIL_CARD, &p->card);
}

/* --pin moves the end of the one key that the proposal takes away. */
static int move_pin(struct office *o, struct proposal *p)
{
    uint64_t seq = 0;

    if (p->pin == NULL)
        return COMMAND_OK;
    if (p->plan.next.cut_count != 1 || !text_to_number(bytes_text(p->pin), &seq)) {
        output_error(p->plan.next.cut_count != 1 ? _("--pin says where the one key ends that a proposal takes away")
                                                 : _("--pin needs the number of an entry"));
        output_hint(_("'igum log' shows the entries of a key with their numbers; 0 lets nothing of it stand"));
        return COMMAND_USAGE;
    }
    p->plan.next.cuts[0].seq = seq;
    return council_view_entry(o, &p->plan.next.cuts[0].key, seq, &p->plan.next.cuts[0].entry);
}

/* ---- signing ---- */

/* A key of this home that only the new root lists signs too: it proves itself before anything rests on it. */
static int approve_with_new_keys(struct office *o, struct proposal *p, const struct id *author, const struct id *entry)
{
    struct key_ring ring;
    int code = key_ring_load(o->home, &ring);

    for (size_t i = 0; code == COMMAND_OK && i < ring.count; i++) {
        struct key_file_person *person = NULL;
        struct id kibbutz;
        bool is_listed = false;

        for (size_t k = 0; k < p->plan.next.line_count; k++)
            if (council_line_has(&p->plan.next.lines[k], &ring.keys[i].key)) {
                kibbutz = p->plan.next.lines[k].kibbutz;
                is_listed = true;
            }
        if (ring.keys[i].err || !is_listed || id_equal(&ring.keys[i].key, author) ||
            trust_is_voice(o->trust, &ring.keys[i].key, &kibbutz))
            continue;
        code = key_ring_open(&ring.keys[i], o, &person);
        if (code == COMMAND_OK)
            code = undersign_approval(o, &person->signing, &kibbutz, entry);
        key_file_close_person(person);
    }
    key_ring_free(&ring);
    return code;
}

static int print_result(struct office *o, struct proposal *p, const struct id *entry)
{
    char digits[ID_TEXT_LEN + 1];
    struct output_json *json;

    id_to_text(entry, digits);
    if (!command_options()->json) {
        output_line(_("proposal %s\n"), digits);
        council_print_standing(o, entry, NULL);
        return COMMAND_OK;
    }
    json = output_json_object();
    output_json_id(json, "proposal", entry);
    output_json_put(json, "changes", council_view_write_steps(o, &p->state.present, &p->plan.next));
    council_print_standing(o, entry, json);
    output_json_print(json);
    return COMMAND_OK;
}

static int sign(struct office *o, struct proposal *p)
{
    struct key_file_person *person = NULL;
    struct id kibbutz, author, entry;
    int code = key_ring_open_signer(o, true, &person);

    if (code != COMMAND_OK)
        return code;
    author = person->signing.public;
    if (!trust_is_voice(o->trust, &author, &kibbutz)) {
        output_error(_("this steward's kibbutz has no vote in the council, so it proposes nothing"));
        output_hint(_("ask a steward of a kibbutz that votes; 'igum council show' lists them"));
        code = COMMAND_FAILED;
    } else
        code = council_sign_root(o, &person->signing, ROLE_STEWARD, &kibbutz, &p->plan.next, &entry);
    key_file_close_person(person);
    if (code == COMMAND_OK)
        code = approve_with_new_keys(o, p, &author, &entry);
    return code == COMMAND_OK ? print_result(o, p, &entry) : code;
}

static int propose(struct office *o, struct proposal *p)
{
    struct trust_council council = trust_council(o->trust);
    int code;

    if (council.status == TRUST_SPLIT || council.status == TRUST_WAITING) {
        output_error(_("the council is %s: nothing can be proposed until that is settled"),
                     _(trust_council_name(council.status)));
        output_hint(_("'igum council show' says what to do"));
        return COMMAND_FAILED;
    }
    if ((code = read_request(o, p)) != COMMAND_OK || (code = council_view_state(o, &p->state)) != COMMAND_OK)
        return code;
    if (council_plan(&p->state, &p->request, &p->plan) != COUNCIL_SOUND)
        return council_fail(o, &p->plan, council_root_voters(&p->plan.next));
    if ((code = move_pin(o, p)) != COMMAND_OK)
        return code;
    council_print_left_out(o, &p->plan);
    if (!command_options()->json) {
        output_line(_("This would be signed, as root %" PRIu64 " of the council:\n"), council.number + 1);
        council_view_print_steps(o, &p->state.present, &p->plan.next, "  ");
    }
    code = confirm(_("Sign and propose this?"), p->yes, false);
    return code == COMMAND_OK ? sign(o, p) : code;
}

static void free_proposal(struct proposal *p)
{
    arguments_list_free(&p->give);
    arguments_list_free(&p->take);
    arguments_list_free(&p->close);
    arguments_list_free(&p->steward);
    arguments_list_free(&p->card);
    free(p->state.logs);
    free(p);
}

static int run(int argc, char **argv, struct proposal *p)
{
    const struct arguments_flag flags[] = {
        {"give-vote", NULL, NULL, &p->give},
        {"take-vote", NULL, NULL, &p->take},
        {"close", NULL, NULL, &p->close},
        {"steward", NULL, NULL, &p->steward},
        {"card", NULL, NULL, &p->card},
        {"majority", NULL, &p->majority, NULL},
        {"admission", NULL, &p->admission, NULL},
        {"pin", NULL, &p->pin, NULL},
        {"yes", &p->yes, NULL, NULL},
    };
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    if ((code = office_need_charter(&office)) == COMMAND_OK && (code = office_check_clock(&office)) == COMMAND_OK)
        code = propose(&office, p);
    office_close(&office);
    return code;
}

int council_propose(int argc, char **argv)
{
    struct proposal *p = calloc(1, sizeof *p);
    int code = p == NULL ? office_fail(ERR_MEMORY, _("nothing could be signed"), NULL) : run(argc, argv, p);

    if (p != NULL)
        free_proposal(p);
    return code;
}
