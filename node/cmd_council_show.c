/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/cmd_council.h"
#include "node/command.h"
#include "node/who.h"
#include "node/i18n.h"

struct show {
    struct office *o;
    struct trust_council council;
    struct council_root present, next; /* Too large for the stack. */
};

/* ---- the root ---- */

static bool is_standing(struct show *s, const struct id *key)
{
    struct id network = archive_network(s->o->archive);
    struct head head = office_head(s->o, key);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    bool is_on = head.seq > 0 && archive_read_entry(s->o->archive, key, head.seq, &wire) == ERR_OK &&
                 entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK &&
                 id_equal(&entry.root, &s->council.root);

    buffer_free(&wire);
    return is_on;
}

/* Voters whose stewards' newest entries stand on an older root: any entry of theirs would do. */
static void add_not_standing(struct show *s, struct buffer *text)
{
    for (size_t i = 0; i < s->present.line_count; i++) {
        const struct council_line *line = &s->present.lines[i];
        bool stands = !line->votes;

        for (size_t k = 0; k < line->key_count; k++)
            stands = stands || is_standing(s, &line->keys[k]);
        if (stands)
            continue;
        if (text->len > 0)
            buffer_text(text, ", ");
        buffer_text(text, office_kibbutz_name(s->o, &line->kibbutz));
    }
    buffer_u8(text, 0);
}

static const char *status_sentence(const struct trust_council *council)
{
    switch (council->status) {
    case TRUST_SETTLED: return _("settled");
    case TRUST_RIVALS:
        return _("contested: two proposals have passed, and neither is final; the council stays as it was");
    case TRUST_SPLIT: return _("split: more than a third of the voters stand on both sides of two roots");
    case TRUST_WAITING: return _("waiting: approvals of the root that was final here are not here yet");
    }
    return "";
}

static void print_status(struct show *s)
{
    struct buffer missing = BUFFER(LIMIT_ENTRY);
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&s->council.root, digits);
    output_line(_("root      %" PRIu64 ", %s\n"), s->council.number, digits);
    output_line(_("state     %s\n"), status_sentence(&s->council));
    if (s->council.number > 0 && !s->council.is_final) {
        add_not_standing(s, &missing);
        if (missing.len > 1)
            output_line(_("          not yet final: waiting for an entry of %s\n"), (const char *)missing.at);
        else
            output_line(_("          not yet final\n"));
    }
    output_line(_("votes     %zu; a majority is %" PRIu64 ", an admission needs %" PRIu64 "\n"), s->council.voters,
                s->council.majority, s->council.admission);
    buffer_free(&missing);
}

/* ---- kibbutzim ---- */

static const char *standing_of(const struct trust_kibbutz *kibbutz)
{
    if (kibbutz->closed)
        return N_("removed");
    if (kibbutz->votes)
        return N_("votes");
    if (kibbutz->status == TRUST_VOID)
        return N_("waits for approvals");
    if (kibbutz->status == TRUST_CONTESTED)
        return N_("contested");
    return kibbutz->joined ? N_("without vote") : N_("invited, not joined yet");
}

static void print_kibbutz(struct show *s, const struct trust_kibbutz *kibbutz)
{
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&kibbutz->kibbutz, digits);
    output_line("  %.16s  %s: %s\n", digits, office_kibbutz_name(s->o, &kibbutz->kibbutz), _(standing_of(kibbutz)));
    for (size_t i = 0; i < kibbutz->steward_count; i++)
        output_line("                      %s\n", who_describe(s->o, &kibbutz->stewards[i]));
}

static struct output_json *write_kibbutz(struct show *s, const struct trust_kibbutz *kibbutz)
{
    struct output_json *json = output_json_object(), *stewards = output_json_list();

    output_json_id(json, "kibbutz", &kibbutz->kibbutz);
    output_json_text(json, "name", office_kibbutz_name(s->o, &kibbutz->kibbutz));
    output_json_text(json, "state", standing_of(kibbutz));
    output_json_bool(json, "votes", kibbutz->votes);
    output_json_bool(json, "registered", kibbutz->registered);
    output_json_bool(json, "closed", kibbutz->closed);
    for (size_t i = 0; i < kibbutz->steward_count; i++) {
        struct output_json *steward = output_json_object();

        output_json_id(steward, "key", &kibbutz->stewards[i]);
        output_json_text(steward, "name", office_key_name(s->o, &kibbutz->stewards[i]));
        output_json_add(stewards, steward);
    }
    output_json_put(json, "stewards", stewards);
    return json;
}

/* ---- what waits ---- */

static void print_voices(struct show *s, const struct trust_voices *voices, const struct council_root *voters)
{
    struct buffer names = BUFFER(LIMIT_ENTRY), missing = BUFFER(LIMIT_ENTRY);

    council_view_names(s->o, voices, &names);
    council_view_missing(s->o, voices, voters, &missing);
    if (buffer_error(&names) || buffer_error(&missing))
        output_line(_("    approved by %zu of %zu\n"), voices->count, voices->need);
    else {
        output_line(_("    approved by %zu of %zu: %s\n"), voices->count, voices->need, (const char *)names.at);
        if (voices->count < voices->need)
            output_line(_("    still to be asked: %s\n"), (const char *)missing.at);
    }
    buffer_free(&names);
    buffer_free(&missing);
}

static void print_candidate(struct show *s, const struct trust_candidate *candidate)
{
    struct trust_key author = trust_key(s->o->trust, &candidate->log);
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&candidate->entry, digits);
    output_line(_("  proposal %.16s by %s of %s\n"), digits, who_describe(s->o, &candidate->log),
                office_kibbutz_name(s->o, &author.kibbutz));
    if (council_root_read(&s->next, candidate->body))
        return;
    council_view_print_steps(s->o, &s->present, &s->next, "    ");
    if (!candidate->well_formed) {
        output_line(_("    it can never take effect: %s\n"), candidate->flaw);
        return;
    }
    print_voices(s, &candidate->of_present, &s->present);
    if (candidate->of_own.count < candidate->of_own.need)
        output_line(_("    of the kibbutzim that would vote then: %zu of %zu\n"), candidate->of_own.count,
                    candidate->of_own.need);
    if (candidate->passed)
        output_line(_("    it has passed\n"));
}

static struct output_json *write_ids(const struct trust_voices *voices)
{
    struct output_json *list = output_json_list();
    char digits[ID_TEXT_LEN + 1];

    for (size_t i = 0; i < voices->count; i++) {
        id_to_text(&voices->kibbutzim[i], digits);
        output_json_add_text(list, digits);
    }
    return list;
}

static struct output_json *write_missing(const struct trust_voices *voices, const struct council_root *voters)
{
    struct output_json *list = output_json_list();
    char digits[ID_TEXT_LEN + 1];

    for (size_t i = 0; i < voters->line_count; i++)
        if (voters->lines[i].votes && !council_view_counts(voices, &voters->lines[i].kibbutz)) {
            id_to_text(&voters->lines[i].kibbutz, digits);
            output_json_add_text(list, digits);
        }
    return list;
}

static struct output_json *write_candidate(struct show *s, const struct trust_candidate *candidate)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "proposal", &candidate->entry);
    output_json_id(json, "by", &candidate->log);
    output_json_text(json, "by_name", office_key_name(s->o, &candidate->log));
    output_json_text(json, "flaw", candidate->flaw);
    if (!council_root_read(&s->next, candidate->body))
        output_json_put(json, "changes", council_view_write_steps(s->o, &s->present, &s->next));
    output_json_put(json, "approved", write_ids(&candidate->of_present));
    output_json_put(json, "missing", write_missing(&candidate->of_present, &s->present));
    output_json_number(json, "need", candidate->of_present.need);
    output_json_number(json, "own_approved", candidate->of_own.count);
    output_json_number(json, "own_need", candidate->of_own.need);
    output_json_bool(json, "passed", candidate->passed);
    return json;
}

/* An admission that lacks approvals; one that has them is told among the kibbutzim. */
static bool waits(struct show *s, const struct trust_kibbutz *kibbutz, struct trust_voices *voices)
{
    return kibbutz->admit_seq > 0 && !kibbutz->registered && !kibbutz->closed &&
           trust_admission(s->o->trust, &kibbutz->kibbutz, voices) && voices->count < voices->need;
}

static void print_admission(struct show *s, const struct trust_kibbutz *kibbutz, const struct trust_voices *voices)
{
    char digits[ID_TEXT_LEN + 1];

    id_to_text(&kibbutz->kibbutz, digits);
    output_line(_("  admission %.16s of %s, by %s\n"), digits, office_kibbutz_name(s->o, &kibbutz->kibbutz),
                who_describe(s->o, &kibbutz->admit_log));
    print_voices(s, voices, &s->present);
}

static struct output_json *write_admission(struct show *s, const struct trust_kibbutz *kibbutz,
                                           const struct trust_voices *voices)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "admission", &kibbutz->kibbutz);
    output_json_text(json, "name", office_kibbutz_name(s->o, &kibbutz->kibbutz));
    output_json_id(json, "by", &kibbutz->admit_log);
    output_json_put(json, "approved", write_ids(voices));
    output_json_put(json, "missing", write_missing(voices, &s->present));
    output_json_number(json, "need", voices->need);
    return json;
}

/* ---- the whole ---- */

static void print_way_out(const struct trust_council *council)
{
    if (council->status == TRUST_SETTLED)
        return;
    output_line("\n");
    if (council->status == TRUST_RIVALS) {
        output_line(
            _("Way out: one steward runs 'igum council propose' with what is wanted. That proposal sets the others\n"));
        output_line(_("aside, and takes effect when a majority has approved it. Documents go on meanwhile.\n"));
    } else if (council->status == TRUST_SPLIT)
        output_line(
            _("People have to decide which side stands: talk to the other kibbutzim. Documents go on meanwhile.\n"));
    else
        output_line(_("They come with the next contact: 'igum sync' asks for them.\n"));
}

static void print_all(struct show *s)
{
    struct trust_candidate candidate;
    struct trust_voices voices;
    size_t shown = 0;

    print_status(s);
    output_line("\n");
    output_line(_("kibbutzim\n"));
    for (size_t i = 0; i < trust_kibbutz_count(s->o->trust); i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(s->o->trust, i);

        print_kibbutz(s, &kibbutz);
    }
    output_line("\n");
    output_line(_("waiting for approvals\n"));
    for (size_t i = 0; i < trust_candidate_count(s->o->trust); i++)
        if (trust_candidate_at(s->o->trust, i, &candidate)) {
            print_candidate(s, &candidate);
            shown++;
        }
    for (size_t i = 0; i < trust_kibbutz_count(s->o->trust); i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(s->o->trust, i);

        if (waits(s, &kibbutz, &voices)) {
            print_admission(s, &kibbutz, &voices);
            shown++;
        }
    }
    if (shown == 0)
        output_line(_("  nothing\n"));
    print_way_out(&s->council);
}

static void write_waiting(struct show *s, struct output_json *json)
{
    struct output_json *proposals = output_json_list(), *admissions = output_json_list();
    struct trust_candidate candidate;
    struct trust_voices voices;

    for (size_t i = 0; i < trust_candidate_count(s->o->trust); i++)
        if (trust_candidate_at(s->o->trust, i, &candidate))
            output_json_add(proposals, write_candidate(s, &candidate));
    for (size_t i = 0; i < trust_kibbutz_count(s->o->trust); i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(s->o->trust, i);

        if (waits(s, &kibbutz, &voices))
            output_json_add(admissions, write_admission(s, &kibbutz, &voices));
    }
    output_json_put(json, "proposals", proposals);
    output_json_put(json, "admissions", admissions);
}

static void write_all(struct show *s)
{
    struct output_json *json = output_json_object(), *kibbutzim = output_json_list();

    output_json_id(json, "root", &s->council.root);
    output_json_number(json, "number", s->council.number);
    output_json_text(json, "state", trust_council_name(s->council.status));
    output_json_bool(json, "final", s->council.is_final);
    output_json_number(json, "voters", s->council.voters);
    output_json_number(json, "majority", s->council.majority);
    output_json_number(json, "admission", s->council.admission);
    for (size_t i = 0; i < trust_kibbutz_count(s->o->trust); i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(s->o->trust, i);

        output_json_add(kibbutzim, write_kibbutz(s, &kibbutz));
    }
    output_json_put(json, "kibbutzim", kibbutzim);
    write_waiting(s, json);
    output_json_print(json);
}

static int show(struct office *o)
{
    struct show *s = calloc(1, sizeof *s);
    int code;

    if (s == NULL)
        return office_fail(ERR_MEMORY, _("the council's root cannot be read"), NULL);
    s->o = o;
    s->council = trust_council(o->trust);
    if ((code = council_view_present(o, &s->present)) == COMMAND_OK) {
        if (command_options()->json)
            write_all(s);
        else
            print_all(s);
    }
    free(s);
    return code;
}

int council_show(int argc, char **argv)
{
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    if ((code = office_need_charter(&office)) == COMMAND_OK)
        code = show(&office);
    office_close(&office);
    return code;
}
