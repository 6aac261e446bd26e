/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "node/cmd_fork.h"
#include "node/command.h"
#include "node/control.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/proof.h"
#include "proto/bundle.h"
#include "proto/fork_proof.h"

#define FILE_MODE 0644

/* ---- export ---- */

static int write_file(const char *path, struct bytes proof)
{
    enum err err;

    if (strcmp(path, "-") == 0)
        output_text(proof);
    else if ((err = files_replace(path, proof, FILE_MODE)))
        return office_fail(err, path, NULL);
    else
        output_note(_("The proof is in '%s'. Whoever has the key of its author can check it, with nothing else."),
                    path);
    return COMMAND_OK;
}

int fork_export(struct office *o, const struct trust_fork *fork, const char *path)
{
    struct buffer proof = BUFFER(FORK_PROOF_MAX);
    enum err err = proof_make(o->archive, fork, &proof);
    int code = err ? office_fail(err, _("the proof could not be made"), archive_reason(o->archive))
                   : write_file(path, buffer_bytes(&proof));

    buffer_free(&proof);
    return code;
}

/* ---- import ---- */

static int refuse_proof(const char *path, enum fork_proof_verdict verdict)
{
    switch (verdict) {
    case FORK_PROOF_GOOD: return COMMAND_OK;
    case FORK_PROOF_MALFORMED: output_error(_("'%s' is no fork proof, or a damaged one"), path); break;
    case FORK_PROOF_FORGED:
        output_error(_("a signature in '%s' is not that of the key it accuses: it proves nothing"), path);
        break;
    case FORK_PROOF_ELSEWHERE: output_error(_("'%s' is of another network"), path); break;
    case FORK_PROOF_ONE_ENTRY: output_error(_("'%s' holds one entry twice: that is no fork"), path); break;
    case FORK_PROOF_TWO_KEYS: output_error(_("'%s' holds entries of two keys: that is no fork"), path); break;
    case FORK_PROOF_TWO_SEQS:
        output_error(_("'%s' holds two entries that follow one another: that is no fork"), path);
        break;
    }
    output_hint(_("nothing was taken from it; 'igum fork export KEY --out FILE' makes such a proof"));
    return COMMAND_BAD;
}

static int refuse_entry(struct office *o, const struct entry *entry, enum err err)
{
    if (err == ERR_MISSING || err == ERR_GAP) {
        output_error(_("entry %" PRIu64 " of this log, on which the proof rests, is not here yet"), entry->seq - 1);
        output_hint(_("'igum sync' fetches it; then import the proof again"));
        return COMMAND_FAILED;
    }
    if (err == ERR_STRANGER) {
        output_error(_("nothing known here grants this key anything, so what it signed is not kept"));
        output_hint(_("'igum sync' fetches what grants it, if it was ever granted; then import the proof again"));
        return COMMAND_FAILED;
    }
    return office_fail(err, _("the proof could not be taken in"), archive_reason(o->archive));
}

/* Takes one of the two in, as a peer's would be.  ERR_EXISTS: it is here. */
static enum err take_entry(struct office *o, const struct entry *entry, const struct id *id, struct buffer *wire,
                           struct buffer *commit, struct item *item)
{
    struct head before;
    struct id log;
    uint64_t seq;
    enum err err;

    if ((err = archive_find(o->archive, id, &log, &seq)) != ERR_MISSING)
        return err ? err : ERR_EXISTS;
    if ((err = proof_find_before(o->archive, entry, &before)) || (err = trust_admits(o->trust, entry)))
        return err;
    entry_encode(wire, entry);
    if ((err = buffer_error(wire)) || (err = entry_verify(entry, &before, &item->head, commit)))
        return err;
    item->prev = entry->prev;
    item->branches = office_head(o, &entry->log).seq >= entry->seq;
    item->entry = buffer_bytes(wire);
    item->commit = buffer_bytes(commit);
    return trust_add(o->trust, entry, id);
}

static enum err hand_over(struct office *o, const struct item items[], size_t count, char reason[CONTROL_REASON])
{
    struct id network = archive_network(o->archive);
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    enum err outcome = ERR_OK, err;

    bundle_begin(&bundle, &network);
    for (size_t i = 0; i < count; i++)
        bundle_add_entry(&bundle, items[i].entry);
    if (!(err = buffer_error(&bundle)))
        err = control_import(o->home, buffer_bytes(&bundle), &outcome, reason);
    buffer_free(&bundle);
    return err ? err : outcome == ERR_EXISTS ? ERR_OK : outcome;
}

static int finish(size_t count)
{
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_number(json, "imported", count);
        output_json_print(json);
    }
    if (count == 0)
        output_note(_("this fork was known here already"));
    else
        output_note(_("The fork is known now, and is passed on; 'igum fork show' tells of it."));
    return COMMAND_OK;
}

static int import(struct office *o, const struct fork_proof *proof)
{
    struct buffer wires[2] = {BUFFER(LIMIT_ENTRY), BUFFER(LIMIT_ENTRY)};
    struct buffer commits[2] = {BUFFER(LIMIT_COMMIT), BUFFER(LIMIT_COMMIT)};
    struct item items[2] = {{.branches = false}, {.branches = false}};
    char reason[CONTROL_REASON] = "";
    size_t count = 0;
    enum err err;
    int code = COMMAND_OK;

    for (size_t i = 0; code == COMMAND_OK && i < 2; i++) {
        err = take_entry(o, &proof->entries[i], &proof->ids[i], &wires[i], &commits[i], &items[count]);
        if (err && err != ERR_EXISTS)
            code = refuse_entry(o, &proof->entries[i], err);
        count += !err;
    }
    if (code == COMMAND_OK && count > 0) {
        err = o->node_runs ? hand_over(o, items, count, reason) : archive_append(o->archive, items, count);
        if (err)
            code = office_fail(err, _("the proof could not be taken in"),
                               o->node_runs ? reason : archive_reason(o->archive));
    }
    for (size_t i = 0; i < 2; i++) {
        buffer_free(&wires[i]);
        buffer_free(&commits[i]);
    }
    return code == COMMAND_OK ? finish(count) : code;
}

int fork_import(const char *path)
{
    struct buffer text = BUFFER(FORK_PROOF_MAX);
    struct fork_proof proof;
    struct office office;
    struct id network;
    enum err err;
    int code = office_open(&office, OFFICE_WRITE);

    if (code != COMMAND_OK)
        return code;
    network = archive_network(office.archive);
    if ((code = office_need_charter(&office)) == COMMAND_OK) {
        err = files_read(path, FORK_PROOF_MAX, &text);
        if (err && err != ERR_LIMIT)
            code = office_fail(err, path, NULL);
        else
            code =
                refuse_proof(path, err ? FORK_PROOF_MALFORMED : fork_proof_read(buffer_bytes(&text), &network, &proof));
    }
    if (code == COMMAND_OK)
        code = import(&office, &proof);
    buffer_free(&text);
    office_close(&office);
    return code;
}
