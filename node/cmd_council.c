/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/cmd_council.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"

int council_sign_root(struct office *o, const struct signing_key *key, enum role role, const struct id *kibbutz,
                      struct council_root *root, struct id *entry)
{
    const struct statement what = {.act = ACT_COUNCIL, .kibbutz = *kibbutz, .role = role};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    council_root_write(&body, root);
    return undersign(o, key, &what, &body, entry);
}

/* ---- what a plan says ---- */

void council_print_left_out(struct office *o, const struct council_plan *plan)
{
    for (size_t i = 0; i < plan->left_out_count; i++)
        output_note(_("note: %s is left out: it repeats a key or a recovery card of another kibbutz"),
                    office_kibbutz_name(o, &plan->left_out[i]));
}

static int fail(const char *hint)
{
    output_hint("%s", hint);
    return COMMAND_FAILED;
}

int council_fail(struct office *o, const struct council_plan *plan, uint64_t voters)
{
    const char *name = office_kibbutz_name(o, &plan->about);

    switch (plan->flaw) {
    case COUNCIL_NOT_JOINED:
        output_error(_("%s has not joined yet: no steward of it is known here"), name);
        return fail(_("it joins by its invitation: 'igum invite --list' shows those that are open"));
    case COUNCIL_VOTES_ALREADY:
        output_error(_("%s has its vote already"), name);
        return fail(_("'igum council show' lists who votes"));
    case COUNCIL_VOTES_NOT:
        output_error(_("%s has no vote that could be taken away"), name);
        return fail(_("'igum council show' lists who votes"));
    case COUNCIL_NEEDS_STEWARD:
        output_error(_("a kibbutz that loses its vote needs a new steward key, so that the old one votes nowhere"));
        return fail(_("have 'igum key new --steward' run there, and add --steward KIBBUTZ=KEY"));
    case COUNCIL_KEY_IN_USE:
        output_error(_("%s: this key or card is in use already; each belongs to one kibbutz"), name);
        return fail(_("'igum key new --steward' over there makes a new key and a new card"));
    case COUNCIL_CROSSED:
        output_error(_("two of these wishes for %s exclude each other"), name);
        return fail(_("propose one of them"));
    case COUNCIL_NO_VOTER:
        output_error(_("nobody would have a vote any more"));
        return fail(_("give another kibbutz its vote first"));
    case COUNCIL_MAJORITY:
        output_error(_("the majority must be from %" PRIu64 " to %" PRIu64 ": more than half of the %" PRIu64
                       " kibbutzim that would vote"),
                     council_least_majority(voters), voters, voters);
        return fail(_("choose a number between them"));
    case COUNCIL_ADMISSION:
        output_error(_("admissions cannot need more than the %" PRIu64 " kibbutzim that would vote"), voters);
        return fail(_("choose a smaller number"));
    case COUNCIL_TOO_MUCH:
        output_error(_("this is more than one root of the council can hold"));
        return fail(_("propose a part of it, and the rest when that is in effect"));
    case COUNCIL_SOUND:
    case COUNCIL_NOTHING: break;
    }
    output_error(_("this would change nothing"));
    return fail("igum council propose --give-vote KIBBUTZ | --close KIBBUTZ | --take-vote KIBBUTZ | "
                "--steward KIBBUTZ=KEY | --card KIBBUTZ=CARD | --majority N | --admission N");
}

/* ---- how something stands ---- */

static void put_names(struct output_json *json, const char *name, const struct trust_voices *voices)
{
    struct output_json *list = output_json_list();

    for (size_t i = 0; i < voices->count; i++) {
        char digits[ID_TEXT_LEN + 1];

        id_to_text(&voices->kibbutzim[i], digits);
        output_json_add_text(list, digits);
    }
    output_json_put(json, name, list);
}

static void print_voices(struct office *o, const struct trust_voices *voices, const struct id *entry)
{
    struct council_root *present = calloc(1, sizeof *present);
    struct buffer missing = BUFFER(LIMIT_ENTRY);
    char digits[ID_TEXT_LEN + 1];

    id_to_text(entry, digits);
    if (present != NULL && council_view_present(o, present) == COMMAND_OK)
        council_view_missing(o, voices, present, &missing);
    output_note(_("approved by %zu of the %zu that it needs"), voices->count, voices->need);
    if (voices->count < voices->need && missing.len > 1 && !buffer_error(&missing))
        output_note(_("next: one of these runs 'igum council approve %.16s': %s"), digits, (const char *)missing.at);
    buffer_free(&missing);
    free(present);
}

static bool find_candidate(struct office *o, const struct id *entry, struct trust_candidate *candidate)
{
    for (size_t i = 0; i < trust_candidate_count(o->trust); i++)
        if (trust_candidate_at(o->trust, i, candidate) && id_equal(&candidate->entry, entry))
            return true;
    return false;
}

static void write_standing(struct output_json *json, const struct trust_voices *voices, const char *state)
{
    output_json_text(json, "state", state);
    if (voices == NULL)
        return;
    put_names(json, "approved", voices);
    output_json_number(json, "need", voices->need);
}

void council_print_standing(struct office *o, const struct id *entry, struct output_json *json)
{
    struct trust_council council = trust_council(o->trust);
    struct trust_candidate candidate;
    struct trust_voices voices;
    const struct trust_voices *open = NULL;
    const char *state = "waiting";

    if (id_equal(&council.root, entry))
        state = "effective";
    else if (find_candidate(o, entry, &candidate)) {
        open = candidate.of_present.count < candidate.of_present.need ? &candidate.of_present : &candidate.of_own;
        state = candidate.passed ? trust_council_name(council.status) : state;
    } else if (trust_admission(o->trust, entry, &voices)) {
        open = &voices;
        state = voices.count >= voices.need ? "effective" : state;
    }
    if (json != NULL)
        write_standing(json, open, state);
    else if (strcmp(state, "effective") == 0)
        output_note(_("It is in effect."));
    else if (council.status == TRUST_RIVALS && strcmp(state, "waiting") != 0)
        output_note(_("It has passed, and so has another: 'igum council show' says how to get out of it."));
    else if (open != NULL && open == &candidate.of_own)
        output_note(_("The present council has approved it; %zu of the %zu kibbutzim that would vote then have, too."),
                    open->count, open->need);
    else if (open != NULL)
        print_voices(o, open, entry);
}

int cmd_council(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } verbs[] = {
        {"show", council_show}, {"propose", council_propose}, {"approve", council_approve}, {"anchor", council_anchor}};

    for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(argv[1], verbs[i].name) == 0) {
            argv[1] = argv[0]; /* What is wrong with its arguments is told of 'council'. */
            return verbs[i].run(argc - 1, argv + 1);
        }
    if (argc > 1)
        output_error(_("'%s' does not know '%s'"), "council", argv[1]);
    else
        output_error(_("'%s' needs to be told more: something is missing after it"), "council");
    output_hint("igum council show | propose … | approve PROPOSAL | anchor ROOT");
    return COMMAND_USAGE;
}
