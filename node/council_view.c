/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_view.h"

#include <inttypes.h>
#include <stdlib.h>

#include "node/command.h"
#include "node/council_step.h"
#include "node/who.h"
#include "node/i18n.h"

/* ---- the state ---- */

int council_view_present(struct office *o, struct council_root *present)
{
    struct bytes body = trust_root_body(o->trust);
    enum err err = ERR_OK;

    if (body.len == 0)
        council_root_from_charter(present, trust_charter(o->trust));
    else
        err = council_root_read(present, body);
    present->base = trust_root(o->trust);
    return err ? office_fail(err, _("the council's root cannot be read"), NULL) : COMMAND_OK;
}

int council_view_entry(struct office *o, const struct id *log, uint64_t seq, struct id *entry)
{
    struct head head = office_head(o, log);
    struct id network = archive_network(o->archive);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry next;
    enum err err = ERR_OK;

    *entry = (struct id){{0}};
    if (seq == head.seq)
        *entry = head.entry;
    else if (seq > head.seq)
        err = ERR_MISSING;
    else if (seq > 0 && !(err = archive_read_entry(o->archive, log, seq + 1, &wire)) &&
             !(err = entry_decode(buffer_bytes(&wire), &network, &next)))
        *entry = next.prev;
    buffer_free(&wire);
    if (err == ERR_MISSING) {
        output_error(_("entry %" PRIu64 " of %s is not here; the last one is %" PRIu64), seq, who_describe(o, log),
                     head.seq);
        return COMMAND_FAILED;
    }
    return err ? office_fail(err, _("the archive cannot be read"), archive_reason(o->archive)) : COMMAND_OK;
}

/* Two entries of one seq: what to keep of that is for people to say, so a pin ends before it. */
static uint64_t last_undisputed(struct office *o, const struct id *log, uint64_t seq)
{
    for (size_t i = 0; i < trust_fork_count(o->trust); i++) {
        struct trust_fork fork = trust_fork_at(o->trust, i);

        if (!fork.settled && id_equal(&fork.log, log) && fork.seq <= seq)
            return fork.seq - 1;
    }
    return seq;
}

static int add_log(struct office *o, struct council_state *state, const struct trust_key *key)
{
    struct council_log *log = &state->logs[state->log_count];
    uint64_t seq = last_undisputed(o, &key->key, office_head(o, &key->key).seq);

    if (key->is_cut && key->cut < seq)
        seq = key->cut;
    *log = (struct council_log){
        .key = key->key, .kibbutz = key->kibbutz, .steward = key->role == ROLE_STEWARD, .seq = seq};
    state->log_count++;
    return council_view_entry(o, &key->key, seq, &log->entry);
}

/* Every key that may still sign, and those of the present root whatever became of them since. */
static bool matters(struct council_state *state, const struct trust_key *key)
{
    const struct council_line *line = council_root_find(&state->present, &key->kibbutz);

    return key->status >= TRUST_CONTESTED || (line != NULL && council_line_has(line, &key->key));
}

static int add_logs(struct office *o, struct council_state *state)
{
    size_t count = trust_key_count(o->trust);
    int code = COMMAND_OK;

    if ((state->logs = calloc(count + 1, sizeof state->logs[0])) == NULL)
        return office_fail(ERR_MEMORY, _("the council's root cannot be read"), NULL);
    for (size_t i = 0; code == COMMAND_OK && i < count; i++) {
        struct trust_key key = trust_key_at(o->trust, i);

        if (matters(state, &key))
            code = add_log(o, state, &key);
    }
    return code;
}

static void add_joined(struct office *o, struct council_state *state)
{
    for (size_t i = 0; i < trust_kibbutz_count(o->trust) && state->joined_count < LIMIT_LINES; i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);
        struct council_line *line = &state->joined[state->joined_count];

        if (known.closed || !known.joined || known.steward_count == 0 || known.status != TRUST_GOOD ||
            id_is_zero(&known.card))
            continue;
        *line = (struct council_line){.kibbutz = known.kibbutz, .votes = known.votes, .card = known.card};
        for (size_t k = 0; k < known.steward_count; k++)
            line->keys[line->key_count++] = known.stewards[k];
        state->joined_count++;
    }
}

/*
 * All that is open is named: whoever has approved any of it may then approve this one (docs/TRUST.md, T13), so two
 * proposals that each have half of the voters stop nothing.
 */
static void add_open(struct office *o, struct council_state *state)
{
    struct trust_candidate candidate;

    for (size_t i = 0; i < trust_candidate_count(o->trust) && state->over_count < LIMIT_OVER; i++)
        if (trust_candidate_at(o->trust, i, &candidate) && candidate.well_formed)
            state->over[state->over_count++] = candidate.entry;
}

int council_view_state(struct office *o, struct council_state *state)
{
    int code;

    memset(state, 0, sizeof *state);
    if ((code = council_view_present(o, &state->present)) != COMMAND_OK)
        return code;
    state->base = state->present.base;
    add_joined(o, state);
    add_open(o, state);
    return add_logs(o, state);
}

/* ---- words ---- */

struct telling {
    struct office *o;
    const char *indent;
    struct output_json *list; /* NULL: it is printed. */
};

static void print_key_step(const struct telling *t, const struct council_step *step)
{
    const char *kibbutz = office_kibbutz_name(t->o, &step->kibbutz), *key = who_describe(t->o, &step->id);

    if (step->kind == COUNCIL_STEP_ADDS_KEY)
        output_line(_("%s gets a new steward key: %s\n"), kibbutz, key);
    else if (step->from == 0)
        output_line(_("ends the key of %s, of %s: nothing that it signed stands\n"), key, kibbutz);
    else
        output_line(_("ends the key of %s, of %s: what it signed stands up to entry %" PRIu64 "\n"), key, kibbutz,
                    step->from);
}

static void print_kibbutz_step(const struct telling *t, const struct council_step *step)
{
    const char *kibbutz = office_kibbutz_name(t->o, &step->kibbutz);

    if (step->kind == COUNCIL_STEP_REGISTERS)
        output_line(_("lists %s, without vote: its place no longer rests on its invitation\n"), kibbutz);
    else if (step->kind == COUNCIL_STEP_GIVES_VOTE)
        output_line(_("gives %s its vote\n"), kibbutz);
    else if (step->kind == COUNCIL_STEP_TAKES_VOTE)
        output_line(_("takes the vote of %s away\n"), kibbutz);
    else if (step->kind == COUNCIL_STEP_CLOSES)
        output_line(_("removes %s from the network, for good\n"), kibbutz);
    else if (step->kind == COUNCIL_STEP_OMITS)
        output_line(_("forgets %s: it is neither listed nor removed\n"), kibbutz);
    else
        output_line(_("gives %s a new recovery card; the old one is worth nothing then\n"), kibbutz);
}

static void print_step(const struct telling *t, const struct council_step *step)
{
    char digits[ID_TEXT_LEN + 1];

    output_line("%s", t->indent);
    switch (step->kind) {
    case COUNCIL_STEP_ADDS_KEY:
    case COUNCIL_STEP_DROPS_KEY:
    case COUNCIL_STEP_ENDS_KEY: print_key_step(t, step); break;
    case COUNCIL_STEP_REGISTERS:
    case COUNCIL_STEP_GIVES_VOTE:
    case COUNCIL_STEP_TAKES_VOTE:
    case COUNCIL_STEP_CLOSES:
    case COUNCIL_STEP_OMITS:
    case COUNCIL_STEP_NEW_CARD: print_kibbutz_step(t, step); break;
    case COUNCIL_STEP_MAJORITY:
        output_line(_("majority of the council: %" PRIu64 " → %" PRIu64 " kibbutzim\n"), step->from, step->to);
        break;
    case COUNCIL_STEP_ADMISSION:
        output_line(_("approvals that bring a kibbutz in: %" PRIu64 " → %" PRIu64 "\n"), step->from, step->to);
        break;
    case COUNCIL_STEP_SETS_ASIDE:
        id_to_text(&step->id, digits);
        output_line(_("sets aside the proposal %.16s\n"), digits);
        break;
    }
}

static struct output_json *write_step(struct office *o, const struct council_step *step)
{
    struct output_json *json = output_json_object();

    output_json_text(json, "change", council_step_name(step->kind));
    if (!id_is_zero(&step->kibbutz)) {
        output_json_id(json, "kibbutz", &step->kibbutz);
        output_json_text(json, "name", office_kibbutz_name(o, &step->kibbutz));
    }
    if (step->kind == COUNCIL_STEP_SETS_ASIDE)
        output_json_id(json, "proposal", &step->id);
    else if (step->kind == COUNCIL_STEP_NEW_CARD)
        output_json_id(json, "card", &step->id);
    else if (!id_is_zero(&step->id))
        output_json_id(json, "key", &step->id);
    if (step->kind == COUNCIL_STEP_DROPS_KEY || step->kind == COUNCIL_STEP_ENDS_KEY)
        output_json_number(json, "stands_to", step->from);
    if (step->kind == COUNCIL_STEP_MAJORITY || step->kind == COUNCIL_STEP_ADMISSION) {
        output_json_number(json, "from", step->from);
        output_json_number(json, "to", step->to);
    }
    return json;
}

static void tell(void *context, const struct council_step *step)
{
    const struct telling *t = context;

    if (t->list != NULL)
        output_json_add(t->list, write_step(t->o, step));
    else
        print_step(t, step);
}

void council_view_print_steps(struct office *o, struct council_root *present, struct council_root *next,
                              const char *indent)
{
    struct telling t = {.o = o, .indent = indent};

    council_steps(present, next, tell, &t);
}

struct output_json *council_view_write_steps(struct office *o, struct council_root *present, struct council_root *next)
{
    struct telling t = {.o = o, .list = output_json_list()};

    council_steps(present, next, tell, &t);
    return t.list;
}

/* ---- voices ---- */

bool council_view_counts(const struct trust_voices *voices, const struct id *kibbutz)
{
    for (size_t i = 0; i < voices->count; i++)
        if (id_equal(&voices->kibbutzim[i], kibbutz))
            return true;
    return false;
}

static void add_name(struct office *o, const struct id *kibbutz, struct buffer *text)
{
    if (text->len > 0)
        buffer_text(text, ", ");
    buffer_text(text, office_kibbutz_name(o, kibbutz));
}

void council_view_names(struct office *o, const struct trust_voices *voices, struct buffer *text)
{
    for (size_t i = 0; i < voices->count; i++)
        add_name(o, &voices->kibbutzim[i], text);
    buffer_u8(text, 0);
}

void council_view_missing(struct office *o, const struct trust_voices *voices, const struct council_root *voters,
                          struct buffer *text)
{
    for (size_t i = 0; i < voters->line_count; i++)
        if (voters->lines[i].votes && !council_view_counts(voices, &voters->lines[i].kibbutz))
            add_name(o, &voters->lines[i].kibbutz, text);
    buffer_u8(text, 0);
}

/* ---- subjects ---- */

static void find_candidates(struct office *o, const char *word, struct council_subject *subject, size_t *count)
{
    struct trust_candidate candidate;

    for (size_t i = 0; i < trust_candidate_count(o->trust); i++)
        if (trust_candidate_at(o->trust, i, &candidate) && who_is(word, "", &candidate.entry)) {
            subject->kind = COUNCIL_PROPOSAL;
            subject->entry = candidate.entry;
            subject->candidate = candidate;
            (*count)++;
        }
}

static void find_admissions(struct office *o, const char *word, struct council_subject *subject, size_t *count)
{
    for (size_t i = 0; i < trust_kibbutz_count(o->trust); i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);

        if (known.admit_seq == 0 || !who_is(word, office_kibbutz_name(o, &known.kibbutz), &known.kibbutz))
            continue;
        subject->kind = COUNCIL_ADMISSION_OF;
        subject->entry = known.kibbutz;
        subject->kibbutz = known;
        if (!trust_admission(o->trust, &known.kibbutz, &subject->voices))
            subject->voices = (struct trust_voices){0};
        (*count)++;
    }
}

/* A whole id that is neither: an earlier proposal, perhaps. */
static bool is_past(struct office *o, const char *word, struct id *entry)
{
    struct id log;
    uint64_t seq;

    return !id_from_text(bytes_text(word), entry) && archive_find(o->archive, entry, &log, &seq) == ERR_OK;
}

int council_view_find(struct office *o, const char *word, struct council_subject *subject)
{
    struct id root = trust_root(o->trust);
    size_t count = 0;

    find_candidates(o, word, subject, &count);
    find_admissions(o, word, subject, &count);
    if (count == 0 && who_is(word, "", &root)) {
        subject->kind = COUNCIL_PRESENT;
        subject->entry = root;
        count = 1;
    }
    if (count == 0 && is_past(o, word, &subject->entry)) {
        subject->kind = COUNCIL_PAST;
        count = 1;
    }
    if (count == 1)
        return COMMAND_OK;
    if (count == 0)
        output_error(_("nothing that waits for approval begins with '%s'"), word);
    else
        output_error(_("several proposals begin with '%s'"), word);
    output_hint(_("'igum council show' lists what waits; give the digits that it shows"));
    return COMMAND_FAILED;
}
