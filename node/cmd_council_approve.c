/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/cmd_council.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/key_ring.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"

struct approval {
    bool yes;
    struct council_subject subject;
    struct council_root present, next; /* Too large for the stack; `next` of a proposal. */
    struct id kibbutz;                 /* For which this home's key speaks. */
    struct key_file_person *person;
};

/* ---- who signs ---- */

/* The kibbutz for which a key may say yes here; `is_new`: only the proposed root lists the key. */
static bool speaks(struct office *o, struct approval *a, const struct id *key, struct id *kibbutz, bool *is_new)
{
    *is_new = false;
    if (trust_is_voice(o->trust, key, kibbutz))
        return true;
    for (size_t i = 0; i < a->next.line_count; i++)
        if (a->next.lines[i].votes && council_line_has(&a->next.lines[i], key)) {
            *kibbutz = a->next.lines[i].kibbutz;
            *is_new = true;
            return true;
        }
    return false;
}

/* The key of --as, else one that the proposal lists, else one that votes now. */
static const struct key_file_info *choose(struct office *o, struct approval *a, const struct key_ring *ring)
{
    const char *as = command_options()->as;
    const struct key_file_info *chosen = NULL;
    bool is_new;

    if (as != NULL)
        return key_ring_find(ring, o, as);
    for (size_t i = 0; i < ring->count; i++) {
        const struct key_file_info *info = &ring->keys[i];

        if (info->err || info->role != ROLE_STEWARD || !speaks(o, a, &info->key, &a->kibbutz, &is_new))
            continue;
        if (chosen == NULL || is_new)
            chosen = info;
    }
    if (chosen == NULL) {
        output_error(_("no key in this home has a say in the council: only stewards of kibbutzim that vote have"));
        output_hint(_("'igum council show' lists who votes; approve in the home where such a steward signs"));
    }
    return chosen;
}

static int choose_key(struct office *o, struct approval *a, struct key_ring *ring, const struct key_file_info **chosen)
{
    bool is_new;
    int code = key_ring_load(o->home, ring);

    if (code != COMMAND_OK)
        return code;
    if ((*chosen = choose(o, a, ring)) == NULL)
        return COMMAND_FAILED;
    if (speaks(o, a, &(*chosen)->key, &a->kibbutz, &is_new))
        return COMMAND_OK;
    output_error(_("%s has no say in the council"), who_describe(o, &(*chosen)->key));
    output_hint(_("'igum council show' lists who votes; approve in the home where such a steward signs"));
    return COMMAND_FAILED;
}

/* ---- what is refused ---- */

static int refuse(const char *error, const char *hint)
{
    output_error("%s", error);
    output_hint("%s", hint);
    return COMMAND_FAILED;
}

/* An honest program says yes to a second successor only if that one sets aside all it said yes to before (T13). */
static int check_rivals(struct office *o, struct approval *a)
{
    struct trust_candidate rival;
    char digits[ID_TEXT_LEN + 1];

    for (size_t i = 0; i < trust_candidate_count(o->trust); i++) {
        bool is_named = false;

        if (!trust_candidate_at(o->trust, i, &rival) || id_equal(&rival.entry, &a->subject.entry) ||
            !council_view_counts(&rival.of_present, &a->kibbutz))
            continue;
        for (size_t k = 0; k < a->next.over_count; k++)
            is_named = is_named || id_equal(&a->next.over[k], &rival.entry);
        if (is_named)
            continue;
        id_to_text(&rival.entry, digits);
        output_error(_("your kibbutz has approved another proposal, %.16s, and this one does not set it aside"),
                     digits);
        output_hint(_("both could pass and block each other; 'igum council propose' makes one that sets both aside"));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int check_proposal(struct office *o, struct approval *a, const struct id *key)
{
    const struct trust_candidate *candidate = &a->subject.candidate;
    bool is_new;

    if (!candidate->well_formed) {
        output_error(_("this proposal can never take effect: %s"), candidate->flaw);
        output_hint(_("'igum council propose' makes a new one"));
        return COMMAND_FAILED;
    }
    (void)speaks(o, a, key, &a->kibbutz, &is_new);
    if (council_view_counts(is_new ? &candidate->of_own : &candidate->of_present, &a->kibbutz))
        return refuse(_("your kibbutz has approved this already"),
                      _("one approval a kibbutz counts; 'igum council show' lists who still has to"));
    return check_rivals(o, a);
}

/* One more signature on the root in effect says that this kibbutz stands on it: that makes it final. */
static int check_present(struct office *o)
{
    struct trust_council council = trust_council(o->trust);

    if (council.number == 0 || council.is_final)
        return refuse(_("this root is in effect and final: there is nothing left to approve"),
                      _("'igum council show' lists what waits"));
    return COMMAND_OK;
}

static int check_admission(struct approval *a)
{
    const struct council_subject *subject = &a->subject;

    if (subject->kibbutz.closed)
        return refuse(_("this kibbutz was removed by the council, for good"),
                      _("it can be invited anew: 'igum invite --kibbutz NAME'"));
    if (subject->kibbutz.registered || subject->kibbutz.status == TRUST_GOOD)
        return refuse(_("this admission has all the approvals that it needs"),
                      _("'igum council show' lists what waits"));
    if (council_view_counts(&subject->voices, &a->kibbutz))
        return refuse(_("your kibbutz has approved this already"),
                      _("one approval a kibbutz counts; 'igum council show' lists who still has to"));
    return COMMAND_OK;
}

static int check(struct office *o, struct approval *a, const struct id *key)
{
    switch (a->subject.kind) {
    case COUNCIL_PROPOSAL: return check_proposal(o, a, key);
    case COUNCIL_PRESENT: return check_present(o);
    case COUNCIL_ADMISSION_OF: return check_admission(a);
    case COUNCIL_PAST: break;
    }
    return refuse(_("this is no longer current: the council has moved on, or it never was a proposal"),
                  _("'igum council show' lists what waits; what is still wanted must be proposed anew"));
}

/* ---- what is shown, and signed ---- */

static void print_subject(struct office *o, struct approval *a)
{
    if (a->subject.kind == COUNCIL_ADMISSION_OF) {
        output_line(_("You would approve that %s joins the network, without vote.\n"),
                    office_kibbutz_name(o, &a->subject.entry));
        return;
    }
    if (a->subject.kind == COUNCIL_PRESENT) {
        output_line(_("You would say that %s stands on the council as it is now.\n"),
                    office_kibbutz_name(o, &a->kibbutz));
        return;
    }
    output_line(_("You would approve, for %s, what %s has proposed:\n"), office_kibbutz_name(o, &a->kibbutz),
                who_describe(o, &a->subject.candidate.log));
    council_view_print_steps(o, &a->present, &a->next, "  ");
}

static int print_result(struct office *o, struct approval *a)
{
    struct output_json *json = command_options()->json ? output_json_object() : NULL;

    if (json != NULL)
        output_json_id(json, "subject", &a->subject.entry);
    else
        output_note(_("Approved."));
    council_print_standing(o, &a->subject.entry, json);
    if (json != NULL)
        output_json_print(json);
    return COMMAND_OK;
}

static int load_proposal(struct office *o, struct approval *a)
{
    int code = council_view_present(o, &a->present);
    enum err err;

    if (code == COMMAND_OK && a->subject.kind == COUNCIL_PROPOSAL &&
        (err = council_root_read(&a->next, a->subject.candidate.body)))
        code = office_fail(err, _("the council's root cannot be read"), NULL);
    return code;
}

static int approve(struct office *o, struct approval *a, const char *word)
{
    const struct key_file_info *info = NULL;
    struct key_ring ring = {0};
    int code = council_view_find(o, word, &a->subject);

    if (code == COMMAND_OK)
        code = load_proposal(o, a);
    if (code == COMMAND_OK && a->subject.kind == COUNCIL_PAST)
        code = check(o, a, NULL);
    if (code == COMMAND_OK)
        code = choose_key(o, a, &ring, &info);
    if (code == COMMAND_OK && (code = check(o, a, &info->key)) == COMMAND_OK) {
        if (!command_options()->json)
            print_subject(o, a);
        code = confirm(_("Sign this?"), a->yes, true);
    }
    if (code == COMMAND_OK && (code = key_ring_open(info, o, &a->person)) == COMMAND_OK)
        code = undersign_approval(o, &a->person->signing, &a->kibbutz, &a->subject.entry);
    key_file_close_person(a->person);
    key_ring_free(&ring);
    return code == COMMAND_OK ? print_result(o, a) : code;
}

int council_approve(int argc, char **argv)
{
    struct approval *a = calloc(1, sizeof *a);
    const struct arguments_flag flags[] = {{"yes", a != NULL ? &a->yes : NULL, NULL, NULL}};
    struct office office;
    int code;

    if (a == NULL)
        return office_fail(ERR_MEMORY, _("nothing could be signed"), NULL);
    if (!arguments_parse(&argc, argv, flags, 1, 1, 1))
        code = COMMAND_USAGE;
    else if ((code = office_open(&office, OFFICE_WRITE)) == COMMAND_OK) {
        if ((code = office_need_charter(&office)) == COMMAND_OK && (code = office_check_clock(&office)) == COMMAND_OK)
            code = approve(&office, a, argv[1]);
        office_close(&office);
    }
    free(a);
    return code;
}
