/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Signing without forks: one at a time, never beside what was signed before, and never in two places (store/marks.h). */

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "node/command.h"
#include "node/control.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/key_ring.h"
#include "node/office.h"
#include "node/output.h"
#include "proto/bundle.h"
#include "store/anchor.h"

#define TURN_MS 60000 /* As long as a large folder takes to publish. */
#define BUSY_MS 20000 /* A node that takes in what others signed is ready again before. */
#define LOOK_MS 20
#define ASK_AGAIN_MS 100

/* ---- is this home where it was? ---- */

static int open_marks(const char *home, struct buffer *machine, struct marks **marks)
{
    enum err err;

    *machine = BUFFER(KIB(1));
    host_machine(machine);
    if (!(err = marks_open(home, buffer_bytes(machine), marks)))
        return COMMAND_OK;
    if (err != ERR_FORMAT)
        return office_fail(err, _("what was signed in this home cannot be read"), NULL);
    output_error(_("'%s/keys/marks', which says what was signed in this home, is damaged"), home);
    output_hint(_("put it aside, run 'igum sync' so that all that was signed here is here, and try again"));
    return COMMAND_FAILED;
}

static int judge_place(const struct marks *marks)
{
    switch (marks_place(marks)) {
    case MARKS_NEW:
    case MARKS_HERE: return COMMAND_OK;
    case MARKS_COPIED: output_error(_("this home was copied, or put back from a backup: it signs nothing so")); break;
    case MARKS_ELSEWHERE: output_error(_("this home came from another machine: it signs nothing so")); break;
    }
    output_hint(_("make sure that no other copy of it is used any more, then: igum home confirm"));
    return COMMAND_FAILED;
}

int office_check_place(const char *home)
{
    struct buffer machine;
    struct marks *marks = NULL;
    int code = open_marks(home, &machine, &marks);

    if (code == COMMAND_OK)
        code = judge_place(marks);
    marks_close(marks);
    buffer_free(&machine);
    return code;
}

/* ---- the archive and what was signed ---- */

static int refuse_older(struct office *o, const struct mark *mark)
{
    output_error(_("this home was put back from an older copy: entry %" PRIu64
                   " of %s was signed here and is not in the archive"),
                 mark->seq, office_key_name(o, &mark->log));
    output_hint(_("'igum sync' fetches it from the other offices; then try again"));
    return COMMAND_FAILED;
}

static int refuse_other(struct office *o, uint64_t seq, const struct id *log)
{
    output_error(
        _("entry %" PRIu64 " of %s in the archive is not the one that was signed here: the key signs elsewhere too"),
        seq, office_key_name(o, log));
    output_hint(_("nothing more is signed with it here: ask the steward for a new key, one for each device"));
    return COMMAND_FORK;
}

int office_check_log(struct office *o, const struct id *log)
{
    const struct mark *mark = marks_find(o->marks, log);
    struct head head = office_head(o, log);
    enum err err;

    if (mark == NULL)
        return COMMAND_OK;
    if (head.seq < mark->seq)
        return refuse_older(o, mark);
    err = archive_find_in(o->archive, log, &mark->entry);
    if (err == ERR_MISSING)
        return refuse_other(o, mark->seq, log);
    return err ? office_fail(err, _("the archive cannot be read"), archive_reason(o->archive)) : COMMAND_OK;
}

/* ---- appending ---- */

static int explain_refusal(enum err err, const char *reason)
{
    if (err == ERR_GAP || err == ERR_EXISTS || err == ERR_FORK) {
        output_error(_("the log of this key has moved on meanwhile, so what was signed was not taken"));
        output_hint(_("try again: nothing was published"));
        return COMMAND_FAILED;
    }
    if (err == ERR_STRANGER) {
        output_error(_("this key may not publish in this network: %s"), reason[0] != '\0' ? reason : err_text(err));
        output_hint(_("a steward of the kibbutz can invite it: 'igum invite --coordinator NAME'"));
        return COMMAND_FAILED;
    }
    if (err == ERR_BUSY) {
        output_error(_("nothing was published: %s"), reason[0] != '\0' ? reason : err_text(err));
        output_hint(_("try again in a moment; 'igum status' shows whom this node hears"));
        return COMMAND_LOCKED;
    }
    return office_fail(err, _("nothing was written"), reason);
}

static int explain_doubt(const char *what, const char *reason)
{
    output_error(_("whether it was published is not known: %s: %s"), what, reason);
    output_hint(_("'igum log' shows whether it is there; if not, the next verb that signs publishes it first"));
    return COMMAND_FAILED;
}

/* `is_in_doubt`: it may be durable, or become so. */
static int hand_over(struct office *o, struct bytes bundle, bool *is_in_doubt)
{
    uint64_t end_ms = host_monotonic_ms() + BUSY_MS;
    char reason[CONTROL_REASON] = "";
    enum err outcome = ERR_OK;
    enum err err;

    while (!(err = control_publish(o->home, bundle, &outcome, reason)) && outcome == ERR_BUSY &&
           host_monotonic_ms() < end_ms)
        usleep(ASK_AGAIN_MS * 1000);
    *is_in_doubt = err ? err != ERR_MISSING : outcome == ERR_IO;
    if (*is_in_doubt)
        return explain_doubt(_("the running node did not answer"), err_text(err ? err : outcome));
    if (err)
        return office_fail(err, _("the running node could not be reached"), NULL);
    return outcome ? explain_refusal(outcome, reason) : COMMAND_OK;
}

static int append(struct office *o, const struct signer *s, struct bytes bundle, bool *is_in_doubt)
{
    size_t count;
    const struct item *items = signer_items(s, &count);
    enum err err;

    if (o->node_runs)
        return hand_over(o, bundle, is_in_doubt);
    err = archive_append(o->archive, items, count);
    *is_in_doubt = err == ERR_IO;
    if (err == ERR_IO)
        return explain_doubt(_("the archive could not be written"), archive_reason(o->archive));
    return err ? explain_refusal(err, archive_reason(o->archive)) : COMMAND_OK;
}

/* What is durable counts from now on, so that what follows is judged with it. */
static enum err learn(struct office *o, const struct item *item)
{
    struct id network = archive_network(o->archive);
    struct entry entry;
    enum err err = frontier_set(o->frontier, &item->head);

    if (!err && o->trust != NULL && !(err = entry_decode(item->entry, &network, &entry)))
        err = trust_add(o->trust, &entry, &item->head.entry);
    return err;
}

/* It is durable: from now on an archive without it is an older one.  What cannot be noted now stays kept, and is noted by the next turn. */
static int note(struct office *o, struct signer *s)
{
    size_t count;
    const struct item *items = signer_items(s, &count);
    enum err err = ERR_OK, kept = ERR_OK;

    for (size_t i = 0; !err && i < count; i++) {
        const struct head *head = &items[i].head;

        err = learn(o, &items[i]);
        if (!kept)
            kept = marks_raise(o->marks, &head->log, head->seq, &head->entry);
    }
    if (!kept && !marks_save(o->marks))
        (void)marks_drop(o->marks);
    if (err)
        return office_fail(err, _("it is published, but no more can be signed now"), NULL);
    if (o->trust != NULL && !o->node_runs)
        (void)anchor_keep(o->home, o->trust); /* Else the next that writes here does it. */
    if (!o->node_runs)
        office_judge(o->archive, o->trust);
    signer_clear(s);
    return COMMAND_OK;
}

/* Appends what is kept in HOME/keys/pending already. */
static int append_kept(struct office *o, struct signer *s, struct bytes bundle)
{
    bool is_in_doubt = false;
    int code = append(o, s, bundle, &is_in_doubt);

    if (code == COMMAND_OK)
        return note(o, s);
    if (!is_in_doubt)
        (void)marks_drop(o->marks);
    return code;
}

/* Each log goes on from its head here, and that is what its key signed last. */
static int check_items(struct office *o, const struct signer *s)
{
    size_t count;
    const struct item *items = signer_items(s, &count);
    int code = COMMAND_OK;

    for (size_t i = 0; code == COMMAND_OK && i < count; i++) {
        const struct head *head = &items[i].head;
        struct head before;

        if (i > 0 && id_equal(&items[i - 1].head.log, &head->log))
            continue;
        code = office_check_log(o, &head->log);
        before = office_head(o, &head->log);
        if (code == COMMAND_OK && (before.seq + 1 != head->seq || !id_equal(&before.entry, &items[i].prev)))
            code = explain_refusal(ERR_EXISTS, "");
    }
    return code;
}

int office_append(struct office *o, struct signer *s)
{
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    size_t count;
    enum err err;
    int code;

    (void)signer_items(s, &count);
    if (count == 0)
        return COMMAND_OK;
    if ((code = office_take_turn(o)) == COMMAND_OK)
        code = check_items(o, s);
    if (code == COMMAND_OK &&
        ((err = signer_write_bundle(s, &bundle)) || (err = marks_keep(o->marks, buffer_bytes(&bundle)))))
        code = office_fail(err, _("nothing was written"), NULL);
    else if (code == COMMAND_OK)
        code = append_kept(o, s, buffer_bytes(&bundle));
    buffer_free(&bundle);
    return code;
}

/* ---- the turn ---- */

/* An entry that is kept and one that is here, of the same log and seq, are the same; the mark follows. */
static int compare_kept(struct office *o, struct bytes wire, const struct id *network)
{
    struct buffer here = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    struct head head;
    int code = COMMAND_OK;
    enum err err = entry_decode(wire, network, &entry);

    if (!err && (head = office_head(o, &entry.log)).seq >= entry.seq &&
        !(err = archive_read_entry(o->archive, &entry.log, entry.seq, &here))) {
        if (!bytes_equal(wire, buffer_bytes(&here)))
            code = refuse_other(o, entry.seq, &entry.log);
        else
            err = marks_raise(o->marks, &head.log, head.seq, &head.entry);
    }
    if (err)
        code = office_fail(err, _("what an earlier run had signed cannot be read"), NULL);
    buffer_free(&here);
    return code;
}

static int compare_all(struct office *o, struct bytes bundle, const struct id *network)
{
    struct bundle_reader reader;
    struct bundle_record record;
    int code = COMMAND_OK;
    enum err err = bundle_open(&reader, bundle, network);

    while (!err && code == COMMAND_OK && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END)
        if (record.kind == BUNDLE_ENTRY)
            code = compare_kept(o, record.bytes, network);
    return err ? office_fail(err, _("what an earlier run had signed cannot be read"), NULL) : code;
}

/* Appends what of the kept bundle is not here yet. */
static int resume(struct office *o, struct bytes kept, const struct id *network)
{
    struct buffer bundle = BUFFER(LIMIT_BUNDLE);
    struct signer *s = signer_new(network, network);
    size_t count = 0;
    enum err err = s == NULL ? ERR_MEMORY : signer_resume(s, kept, o->frontier);
    int code = COMMAND_OK;

    if (!err)
        (void)signer_items(s, &count);
    if (!err && count > 0)
        err = signer_write_bundle(s, &bundle);
    if (err)
        code = office_fail(err, _("what an earlier run had signed could not be published"), NULL);
    else if (count > 0) {
        code = append_kept(o, s, buffer_bytes(&bundle));
        if (code == COMMAND_OK)
            output_note(_("what an earlier run had signed is published now"));
    } else if (!(err = marks_save(o->marks)))
        (void)marks_drop(o->marks);
    buffer_free(&bundle);
    signer_free(s);
    return code;
}

static int settle(struct office *o)
{
    struct buffer kept = BUFFER(LIMIT_BUNDLE);
    struct id network = archive_network(o->archive);
    enum err err = marks_kept(o->marks, &kept);
    int code = COMMAND_OK;

    if (err && err != ERR_MISSING)
        code = office_fail(err, _("what an earlier run had signed cannot be read"), NULL);
    else if (!err) {
        code = compare_all(o, buffer_bytes(&kept), &network);
        if (code == COMMAND_FORK)
            (void)marks_drop(o->marks); /* It never left, and its place is taken. */
        else if (code == COMMAND_OK)
            code = resume(o, buffer_bytes(&kept), &network);
    }
    buffer_free(&kept);
    return code;
}

static int wait_for_turn(struct office *o)
{
    uint64_t end_ms = host_monotonic_ms() + TURN_MS;
    char path[FILES_PATH_SIZE];
    long holder = 0;
    enum err err;
    int code = key_ring_directory(o->home, path);

    if (code != COMMAND_OK)
        return code;
    while ((err = files_lock(path, &o->turn, &holder)) == ERR_BUSY && host_monotonic_ms() < end_ms)
        usleep(LOOK_MS * 1000);
    o->has_turn = !err;
    if (!err)
        return COMMAND_OK;
    if (err != ERR_BUSY)
        return office_fail(err, _("the home cannot be locked"), NULL);
    output_error(_("another igum signs in this home (process %ld)"), holder);
    output_hint(_("wait until it is done, and try again"));
    return COMMAND_LOCKED;
}

/* What was signed while we waited was signed before us. */
static int read_heads(struct office *o)
{
    enum err err;

    if (!o->node_runs)
        return COMMAND_OK;
    frontier_clear(o->frontier);
    err = archive_load_frontier(o->archive, o->frontier);
    return err ? office_fail(err, _("the archive cannot be read"), archive_reason(o->archive)) : COMMAND_OK;
}

int office_take_turn(struct office *o)
{
    int code;

    if (o->marks != NULL)
        return COMMAND_OK;
    if ((code = wait_for_turn(o)) != COMMAND_OK)
        return code;
    if ((code = open_marks(o->home, &o->machine, &o->marks)) == COMMAND_OK)
        code = judge_place(o->marks);
    if (code == COMMAND_OK)
        code = read_heads(o);
    if (code == COMMAND_OK)
        code = settle(o);
    if (code == COMMAND_OK)
        return code;
    office_end_turn(o);
    return code;
}

void office_end_turn(struct office *o)
{
    marks_close(o->marks);
    buffer_free(&o->machine);
    o->marks = NULL;
    if (o->has_turn)
        files_unlock(&o->turn);
    o->has_turn = false;
}
