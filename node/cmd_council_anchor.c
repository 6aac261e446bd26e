/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/cmd_council.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/i18n.h"
#include "store/anchor.h"

/* A root by its whole id, whichever side of a split it is on.  False: it is not here, or no root. */
static bool read_root(struct office *o, const char *word, struct id *root)
{
    struct id network = archive_network(o->archive);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    bool is_root = id_from_text(bytes_text(word), root) == ERR_OK &&
                   (id_equal(root, &network) ||
                    (archive_read_entry_of(o->archive, root, &wire) == ERR_OK &&
                     entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK && entry.act == ACT_COUNCIL));

    buffer_free(&wire);
    return is_root;
}

static int find_root(struct office *o, const char *word, struct id *root)
{
    struct council_subject subject;
    int code;

    if (read_root(o, word, root))
        return COMMAND_OK;
    if ((code = council_view_find(o, word, &subject)) != COMMAND_OK)
        return code;
    *root = subject.entry;
    if (subject.kind != COUNCIL_ADMISSION_OF && (subject.kind != COUNCIL_PROPOSAL || subject.candidate.passed))
        return COMMAND_OK;
    output_error(_("'%s' is no root that a majority has approved"), word);
    output_hint(_("'igum council show' lists the roots, and what waits for approval"));
    return COMMAND_FAILED;
}

static void explain(struct office *o, const struct id *root)
{
    char digits[ID_TEXT_LEN + 1];
    struct id log;
    uint64_t seq;

    id_to_text(root, digits);
    if (archive_find(o->archive, root, &log, &seq) == ERR_OK)
        output_line(_("This home will hold the root %.16s, proposed by %s, for final.\n"), digits,
                    office_key_name(o, &log));
    else
        output_line(_("This home will hold the charter for final, and forget the root that it held.\n"));
    output_line(_("  the council here is whatever follows from it; a root on another side counts for nothing\n"));
    output_line(
        _("  no program chooses between two sides: speak with the other offices, so that all choose the same\n"));
}

static void print_result(struct office *o, const struct id *root)
{
    struct trust_council council;
    struct output_json *json;

    trust_set_anchor(o->trust, root);
    council = trust_council(o->trust);
    if (!command_options()->json) {
        output_note(_("The council is %s here now."), _(trust_council_name(council.status)));
        return;
    }
    json = output_json_object();
    output_json_id(json, "anchor", root);
    output_json_text(json, "state", trust_council_name(council.status));
    output_json_id(json, "root", &council.root);
    output_json_bool(json, "final", council.is_final);
    output_json_print(json);
}

static int set_anchor(struct office *o, const char *word, bool is_sure)
{
    struct id root;
    enum err err;
    int code = office_need_charter(o);

    if (code != COMMAND_OK || (code = find_root(o, word, &root)) != COMMAND_OK)
        return code;
    if (o->node_runs) { /* It judges by the anchor that it began with. */
        output_error(_("a node runs in this home"));
        output_hint(_("stop it, and try again"));
        return COMMAND_LOCKED;
    }
    if (!command_options()->json)
        explain(o, &root);
    if ((code = confirm(_("Hold this root for final?"), is_sure, true)) != COMMAND_OK)
        return code;
    if ((err = anchor_write(o->home, &root)))
        return office_fail(err, _("the root could not be kept"), NULL);
    print_result(o, &root);
    return COMMAND_OK;
}

int council_anchor(int argc, char **argv)
{
    bool is_sure = false;
    const struct arguments_flag flags[] = {{.name = "yes", .is_set = &is_sure}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 1, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = set_anchor(&office, argv[1], is_sure);
    office_close(&office);
    return code;
}
