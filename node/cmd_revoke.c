/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/council_view.h"
#include "node/key_ring.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"
#include "proto/text.h"

#define SHOWN_MAX 10 /* So many of the entries that become void are named. */

struct revocation {
    bool retire, compromise, yes;
    const char *after, *reason;
    struct trust_key key;
    uint64_t last, seq; /* The log's last entry here, and the last that stands. */
    struct id entry;    /* That one. */
    struct id tip;      /* The last one, where the log forks: of the branch that stands. */
};

/* ---- whom ---- */

static int refuse(const char *hint)
{
    output_hint("%s", hint);
    return COMMAND_FAILED;
}

static int check_key(struct office *o, const struct revocation *r, const struct id *own)
{
    const char *kibbutz = office_kibbutz_name(o, &r->key.kibbutz), *who = who_describe(o, &r->key.key);

    if (r->key.role == ROLE_STEWARD) {
        output_error(_("%s speaks for %s: a steward is replaced by the council, not revoked"), who, kibbutz);
        return refuse(_("a voting steward runs 'igum council propose --steward KIBBUTZ=NEWKEY', or, with the recovery "
                        "card at hand, 'igum key recover'"));
    }
    if (!id_equal(&r->key.kibbutz, own)) {
        output_error(_("%s belongs to %s: only a steward of that kibbutz can revoke the key"), who, kibbutz);
        return refuse(_("tell them; the council alone has power over another kibbutz"));
    }
    if (r->key.is_cut && r->after == NULL) {
        output_error(_("%s is revoked already; what it signed stands up to entry %" PRIu64), who, r->key.cut);
        return refuse(_("--after with a smaller number takes back more"));
    }
    return COMMAND_OK;
}

/* ---- where it ends ---- */

/* The entry of that seq on the branch that ends in r->tip. */
static enum err read_entry(struct office *o, const struct revocation *r, uint64_t seq, struct id *id,
                           struct buffer *wire)
{
    buffer_clear(wire);
    return archive_read_entry_before(o->archive, &r->tip, seq, id, wire);
}

/* Looks at every branch, the main one last: what they share is the same on all. */
static int find_entry(struct office *o, struct revocation *r)
{
    size_t first, count = frontier_tips(o->frontier, &r->key.key, &first);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    bool is_found = false;
    enum err err = ERR_OK;

    for (size_t i = first; !err && !is_found && i < first + count; i++) {
        r->tip = frontier_at(o->frontier, i)->entry;
        r->last = r->seq = frontier_at(o->frontier, i)->seq;
        while (r->seq > 0 && !(err = read_entry(o, r, r->seq, &r->entry, &wire)) &&
               !(is_found = who_is(r->after, "", &r->entry)))
            r->seq--;
    }
    buffer_free(&wire);
    if (err)
        return office_fail(err, _("the archive cannot be read"), archive_reason(o->archive));
    if (is_found)
        return COMMAND_OK;
    output_error(_("'%s' is no entry of %s"), r->after, who_describe(o, &r->key.key));
    output_hint(_("'igum log' shows the entries of a key with their numbers; 0 lets nothing of it stand"));
    return COMMAND_FAILED;
}

/* Where the log forks, a number names no entry, and silence would choose a branch by chance. */
static int check_fork(struct office *o, const struct revocation *r)
{
    for (size_t i = 0; i < trust_fork_count(o->trust); i++) {
        struct trust_fork fork = trust_fork_at(o->trust, i);

        if (!id_equal(&fork.log, &r->key.key) || r->seq < fork.seq)
            continue;
        output_error(_("%s signed two entries %" PRIu64 ": say which branch stands"), who_describe(o, &fork.log),
                     fork.seq);
        output_hint(_("'igum fork show' shows both; --after with the id of an entry chooses its branch"));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int set_pin(struct office *o, struct revocation *r)
{
    struct head head = office_head(o, &r->key.key);
    int code;

    r->last = r->seq = head.seq;
    r->tip = head.entry;
    if (r->after != NULL && (!text_to_number(bytes_text(r->after), &r->seq) || r->seq > r->last))
        return find_entry(o, r);
    code = check_fork(o, r);
    return code == COMMAND_OK ? council_view_entry(o, &r->key.key, r->seq, &r->entry) : code;
}

/* ---- what that means ---- */

static void print_void(struct office *o, const struct revocation *r)
{
    struct id network = archive_network(o->archive);
    char time[OUTPUT_TIME_LEN + 1];

    for (uint64_t seq = r->seq + 1; seq <= r->last && seq <= r->seq + SHOWN_MAX; seq++) {
        struct buffer wire = BUFFER(LIMIT_ENTRY);
        struct entry entry;
        struct id id;

        if (read_entry(o, r, seq, &id, &wire) == ERR_OK &&
            entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK) {
            output_time(ENTRY_CLOCK_MS(entry.clock), time);
            output_line(_("  void: entry %" PRIu64 ", %.*s, %s\n"), seq, (int)entry.act_name.len,
                        (const char *)entry.act_name.at, time);
        }
        buffer_free(&wire);
    }
    if (r->last > r->seq + SHOWN_MAX)
        output_line(_("  … and %" PRIu64 " more\n"), r->last - r->seq - SHOWN_MAX);
}

static void print_meaning(struct office *o, const struct revocation *r)
{
    output_line(_("This ends the key of %s, for good.\n"), who_describe(o, &r->key.key));
    output_line(_("  it keeps %" PRIu64 " entries, and makes void %" PRIu64 "\n"), r->seq, r->last - r->seq);
    print_void(o, r);
    if (r->key.role == ROLE_NODE)
        output_line(_("  no node of this network talks to it any more; what it holds, it keeps\n"));
}

/* ---- signing ---- */

static int sign(struct office *o, const struct revocation *r, const struct key_file_person *steward, struct id *entry)
{
    const struct statement what = {.act = ACT_REVOKE, .kibbutz = r->key.kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), pin = BUFFER(LIMIT_ENTRY);
    int code;

    buffer_number(&pin, r->seq);
    buffer_text(&pin, " ");
    if (r->seq == 0)
        buffer_text(&pin, "-");
    else
        buffer_hex(&pin, id_bytes(&r->entry));
    act_write_id(&body, ACT_SUBJECT, &r->key.key);
    act_write(&body, ACT_PIN, buffer_bytes(&pin));
    act_write_text(&body, ACT_WHY, r->compromise ? "compromise" : "retire");
    if (r->reason != NULL)
        act_write_text(&body, ACT_REASON, r->reason);
    code = undersign(o, &steward->signing, &what, &body, entry);
    buffer_free(&pin);
    return code;
}

static void print_result(struct office *o, const struct revocation *r, const struct id *entry)
{
    struct output_json *json;

    if (!command_options()->json) {
        output_note(_("%s is revoked."), office_key_name(o, &r->key.key));
        return;
    }
    json = output_json_object();
    output_json_id(json, "revoke", entry);
    output_json_id(json, "key", &r->key.key);
    output_json_text(json, "name", office_key_name(o, &r->key.key));
    output_json_text(json, "why", r->compromise ? "compromise" : "retire");
    output_json_number(json, "keeps", r->seq);
    output_json_number(json, "voids", r->last - r->seq);
    output_json_print(json);
}

static int revoke(struct office *o, struct revocation *r, const char *word)
{
    struct key_file_person *steward = NULL;
    struct id own, entry;
    int code;

    if ((code = office_need_charter(o)) != COMMAND_OK || (code = office_check_clock(o)) != COMMAND_OK ||
        (code = who_own_kibbutz(o, &own)) != COMMAND_OK || (code = who_key(o, word, &own, &r->key)) != COMMAND_OK ||
        (code = check_key(o, r, &own)) != COMMAND_OK || (code = set_pin(o, r)) != COMMAND_OK)
        return code;
    if (!command_options()->json)
        print_meaning(o, r);
    if ((code = confirm(_("Sign this?"), r->yes, false)) != COMMAND_OK ||
        (code = key_ring_open_signer(o, true, &steward)) != COMMAND_OK)
        return code;
    code = sign(o, r, steward, &entry);
    key_file_close_person(steward);
    if (code == COMMAND_OK)
        print_result(o, r, &entry);
    return code;
}

static int check_flags(const struct revocation *r)
{
    if (r->retire && r->compromise)
        output_error(_("--retire and --compromise exclude each other"));
    else if (r->reason != NULL && !text_is_line(bytes_text(r->reason), LIMIT_REASON))
        output_error(_("the reason must be one line of at most %d bytes, without control characters"), LIMIT_REASON);
    else
        return COMMAND_OK;
    output_hint("igum revoke WHO [--retire | --compromise] [--after SEQ|ENTRY] [--reason TEXT]");
    return COMMAND_USAGE;
}

int cmd_revoke(int argc, char **argv)
{
    struct revocation r = {0};
    const struct arguments_flag flags[] = {
        {"retire", &r.retire, NULL, NULL}, {"compromise", &r.compromise, NULL, NULL}, {"yes", &r.yes, NULL, NULL},
        {"after", NULL, &r.after, NULL},   {"reason", NULL, &r.reason, NULL},
    };
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 5, 1, 1))
        return COMMAND_USAGE;
    if ((code = check_flags(&r)) != COMMAND_OK || (code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = revoke(&office, &r, argv[1]);
    office_close(&office);
    return code;
}
