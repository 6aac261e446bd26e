/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/office.h"
#include "store/reach.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/command.h"
#include "node/control.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "store/anchor.h"
#include "node/i18n.h"

#define READ_AT_A_TIME 512 /* Texts in one transaction. */
#define MANY_TEXTS 5000    /* Some seconds. */
#define WAIT_MS 5000       /* For those that a running node reads. */
#define LOOK_MS 20

/* ---- what is wrong ---- */

static const char *cause_of(enum err err, const char *reason)
{
    return reason != NULL && reason[0] != '\0' ? reason : err_text(err);
}

void office_hint(enum err err)
{
    if (err == ERR_FULL)
        output_hint(_("make room on the disk; what is in the archive can be read meanwhile"));
    else if (err == ERR_IO)
        output_hint(
            _("see whether the disk is well and the home belongs to you; 'igum verify' then checks the archive"));
    else if (err == ERR_FORMAT || err == ERR_AUTH)
        output_hint(_("'igum verify' tells what is damaged"));
    else
        output_hint(_("try again; 'igum verify' checks the archive"));
}

int office_fail(enum err err, const char *what, const char *reason)
{
    output_error("%s: %s", what, cause_of(err, reason));
    office_hint(err);
    return err == ERR_BUSY ? COMMAND_LOCKED : COMMAND_FAILED;
}

static int fail_without_archive(const char *home)
{
    if (access(home, R_OK | X_OK) != 0 && errno == EACCES) {
        output_error(_("the home '%s' cannot be read: %s"), home, strerror(errno));
        output_hint(_("it belongs to another user of this machine: be that user, or name another place by --home"));
        return COMMAND_FAILED;
    }
    output_error(_("there is no archive in '%s'"), home);
    output_hint(_("'igum found' starts a network, 'igum join' enters one; --home or IGUM_HOME names another place"));
    return COMMAND_NO_ARCHIVE;
}

static int fail_locked(long holder)
{
    if (holder > 0)
        output_error(_("another igum is at work in this home (process %ld)"), holder);
    else
        output_error(_("another igum is at work in this home"));
    output_hint(_("wait until it is done, and try again"));
    return COMMAND_LOCKED;
}

/* ---- opening ---- */

static enum err add_to_trust(void *context, const struct entry *entry, const struct id *id)
{
    return trust_add(context, entry, id);
}

static int load_heads(struct office *o)
{
    enum err err;

    if (o->frontier != NULL)
        return COMMAND_OK;
    if ((o->frontier = frontier_new()) == NULL)
        return office_fail(ERR_MEMORY, _("the archive cannot be read"), NULL);
    if ((err = archive_load_frontier(o->archive, o->frontier)))
        return office_fail(err, _("the archive cannot be read"), archive_reason(o->archive));
    return COMMAND_OK;
}

int office_load(struct office *o)
{
    struct bytes charter = archive_charter(o->archive);
    int code = load_heads(o);
    enum err err;

    if (code != COMMAND_OK || charter.len == 0 || o->trust != NULL)
        return code;
    if ((o->trust = trust_new(charter)) == NULL)
        return office_fail(ERR_FORMAT, _("the archive cannot be read"), _("its charter is no charter"));
    if ((err = archive_load_entries(o->archive, add_to_trust, o->trust)))
        return office_fail(err, _("the archive cannot be read"), archive_reason(o->archive));
    if ((err = anchor_load(o->home, o->trust)))
        return office_fail(err, _("'anchor' in the archive, which names the council's last final root, cannot be read"),
                           NULL);
    return COMMAND_OK;
}

/* What the running node wrote of offices is enough, if it follows from all that is here. */
static int load_offices(struct office *o)
{
    int code = load_heads(o);

    if (code != COMMAND_OK || archive_read_roster(o->archive, o->frontier, &o->roster) == ERR_OK)
        return code;
    return office_load(o);
}

bool office_is_informed(const struct office *o)
{
    return o->trust != NULL || roster_kibbutz_count(&o->roster) > 0;
}

struct trust_key office_key(const struct office *o, const struct id *key)
{
    return o->trust != NULL ? trust_key(o->trust, key) : roster_key(&o->roster, key);
}

struct id office_root(const struct office *o)
{
    return o->trust != NULL ? trust_root(o->trust) : o->roster.root;
}

size_t office_present_kibbutzim(const struct office *o)
{
    size_t all = o->trust != NULL ? trust_kibbutz_count(o->trust) : roster_kibbutz_count(&o->roster), count = 0;

    for (size_t i = 0; i < all; i++)
        count += o->trust != NULL ? !trust_kibbutz_at(o->trust, i).closed : !roster_kibbutz_at(&o->roster, i)->closed;
    return count;
}

void office_judge(struct archive *archive, struct trust *trust)
{
    if (trust != NULL && archive_judge(archive, trust) != ERR_OK)
        output_note(_("note: the states of documents could not be written: %s"), archive_reason(archive));
}

static int open_archive(struct office *o, enum archive_mode mode)
{
    enum err err = archive_open(o->home, mode, &o->archive);

    if (err == ERR_MISSING)
        return fail_without_archive(o->home);
    if (err)
        return office_fail(err, _("the archive cannot be opened"), archive_open_reason());
    return COMMAND_OK;
}

/* What a node that was cut down left in the journal: nobody finds it elsewhere.  While a node runs, that is its own affair. */
static void finish_journal(const char *home)
{
    struct archive *writer = NULL;
    struct files_lock lock;

    if (!archive_is_unfinished(home) || files_lock(home, &lock, NULL) != ERR_OK)
        return;
    (void)archive_open(home, ARCHIVE_WRITE, &writer);
    archive_close(writer);
    files_unlock(&lock);
}

static void read_by(struct archive *writer, struct trust *trust)
{
    bool more = true;

    while (more && archive_read_unread(writer, trust, READ_AT_A_TIME, &more) == ERR_OK)
        continue;
}

/* Few are read as soon as the node has nothing else to do; of many it is said that they are missing. */
static void wait_for_texts(const struct office *o, uint64_t count)
{
    for (unsigned ms = 0; count > 0 && count <= MANY_TEXTS && ms < WAIT_MS; ms += LOOK_MS) {
        (void)usleep(LOOK_MS * 1000);
        count = archive_unread(o->archive);
    }
    if (count > 0)
        output_note(_("note: %" PRIu64 " documents are not listed until the running node has read them"), count);
}

/* Texts that came in bulk: whoever asks for them waits, once. */
static void read_texts(struct office *o)
{
    struct archive *writer = NULL;
    struct files_lock lock;
    uint64_t count = archive_unread(o->archive);
    bool is_free;

    if (count == 0)
        return;
    is_free = o->is_locked || files_lock(o->home, &lock, NULL) == ERR_OK;
    if (!is_free) {
        wait_for_texts(o, count);
        return;
    }
    if (count > MANY_TEXTS)
        output_note(_("note: %" PRIu64 " documents are read for the search, once; this may take some minutes"), count);
    if (o->is_locked) {
        read_by(o->archive, o->trust);
        return;
    }
    if ((o->trust != NULL || office_load(o) == COMMAND_OK) && archive_open(o->home, ARCHIVE_WRITE, &writer) == ERR_OK)
        read_by(writer, o->trust);
    archive_close(writer);
    files_unlock(&lock);
}

static int take_lock(struct office *o)
{
    long holder = 0;
    enum err err = files_lock(o->home, &o->lock, &holder);

    if (!err) {
        o->is_locked = true;
        return COMMAND_OK;
    }
    if (err == ERR_MISSING)
        return fail_without_archive(o->home);
    if (err != ERR_BUSY)
        return office_fail(err, _("the home cannot be locked"), NULL);
    if (!control_running(o->home))
        return fail_locked(holder);
    o->node_runs = true;
    return COMMAND_OK;
}

int office_open(struct office *o, enum office_mode mode)
{
    char path[FILES_PATH_SIZE];
    enum err err;
    int code;

    *o = (struct office){.home = command_options()->home};
    /* Before the lock, whose file would be made where no archive is. */
    if (files_join(path, o->home, "archive.git") || !files_exists(path))
        return fail_without_archive(o->home);
    if ((err = config_load(o->home, &o->config)))
        code = office_fail(err, _("the configuration cannot be read"), NULL);
    else if (mode == OFFICE_WRITE || mode == OFFICE_SIGN)
        code = take_lock(o);
    else {
        finish_journal(o->home);
        code = COMMAND_OK;
    }
    if (code == COMMAND_OK)
        code = open_archive(o, o->is_locked ? ARCHIVE_WRITE : mode == OFFICE_INSPECT ? ARCHIVE_INSPECT : ARCHIVE_READ);
    if (code == COMMAND_OK && mode != OFFICE_INSPECT && mode != OFFICE_GLANCE)
        code = mode == OFFICE_SIGN && o->node_runs ? load_offices(o) : office_load(o);
    if (code != COMMAND_OK)
        office_close(o);
    else if (o->is_locked)
        office_judge(o->archive, o->trust);
    return code;
}

int office_open_staged(struct office *o, const char *home)
{
    int code;

    *o = (struct office){.home = home};
    enum err err = archive_open_staged(home, &o->archive);
    code = err ? office_fail(err, _("the archive cannot be opened"), archive_open_reason()) : office_load(o);
    if (code != COMMAND_OK)
        office_close(o);
    return code;
}

void office_close(struct office *o)
{
    office_forget_names(o);
    roster_free(&o->roster);
    trust_free(o->trust);
    frontier_free(o->frontier);
    if (o->archive != NULL)
        archive_close(o->archive);
    office_end_turn(o);
    if (o->is_locked)
        files_unlock(&o->lock);
    reach_close(o->reach);
    config_free(o->config);
    if (o->index != NULL)
        index_close(o->index);
    *o = (struct office){0};
}

/* Catches the index up by opening the archive for writing, which does that. */
static void rebuild_index(struct office *o)
{
    struct files_lock lock;
    struct archive *archive = NULL;

    if (o->is_locked || files_lock(o->home, &lock, NULL))
        return;
    (void)archive_open(o->home, ARCHIVE_WRITE, &archive);
    if (archive != NULL && (o->trust != NULL || office_load(o) == COMMAND_OK))
        office_judge(archive, o->trust);
    archive_close(archive);
    files_unlock(&lock);
}

int office_open_index(struct office *o)
{
    read_texts(o);
    return office_open_index_as_it_is(o);
}

int office_open_index_as_it_is(struct office *o)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, o->home, INDEX_FILE);

    if (!err)
        err = index_open(path, false, &o->index, NULL);
    if (err == ERR_MISSING || err == ERR_FORMAT) {
        rebuild_index(o);
        err = index_open(path, false, &o->index, NULL);
    }
    if (!err)
        return COMMAND_OK;
    o->index = NULL;
    output_error(_("the index cannot be read: %s"), err_text(err));
    output_hint(_("it is rebuilt by 'igum serve', or by any verb that writes"));
    return COMMAND_FAILED;
}

int office_find_document(struct office *o, const char *prefix, struct id *document)
{
    enum err err = index_find_document(o->index, prefix, document);

    if (!err)
        return COMMAND_OK;
    if (err == ERR_MISSING) {
        output_error(_("there is no document '%s'"), prefix);
        output_hint(_("give the id, or at least its first %d digits, as 'igum list' shows it"), INDEX_PREFIX_MIN);
    } else if (err == ERR_EXISTS) {
        output_error(_("several documents begin with '%s'"), prefix);
        output_hint(_("give more digits of the id; 'igum list' shows them"));
    } else
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    return COMMAND_FAILED;
}

int office_need_charter(const struct office *o)
{
    if (archive_charter(o->archive).len > 0)
        return COMMAND_OK;
    output_error(_("this node has joined a network but has not reached it yet"));
    output_hint(_("'igum serve' or 'igum sync' fetches the archive; then try again"));
    return COMMAND_FAILED;
}

/* ---- signing ---- */

/*
 * The newest time that an entry of the own kibbutz bears, or that those of two others have reached: one office alone whose
 * clock is years ahead must not keep all others from signing.
 */
static uint64_t attested_ms(const struct office *o)
{
    const struct head *first = NULL;
    uint64_t second_ms = 0, own_ms = 0;
    struct id own;
    bool is_own_known = o->frontier != NULL && office_kibbutz(o, &own);

    for (size_t i = 0; o->frontier != NULL && i < frontier_count(o->frontier); i++) {
        const struct head *head = frontier_at(o->frontier, i);
        uint64_t ms = ENTRY_CLOCK_MS(head->clock);

        if (is_own_known && id_equal(&head->kibbutz, &own) && ms > own_ms)
            own_ms = ms;
        if (first == NULL || head->clock > first->clock) {
            if (first != NULL && !id_equal(&first->kibbutz, &head->kibbutz))
                second_ms = ENTRY_CLOCK_MS(first->clock);
            first = head;
        } else if (!id_equal(&first->kibbutz, &head->kibbutz) && ms > second_ms)
            second_ms = ms;
    }
    return own_ms > second_ms ? own_ms : second_ms;
}

int office_check_clock(const struct office *o)
{
    uint64_t newest_ms = attested_ms(o);
    uint64_t now_ms = host_now_ms();
    char now[OUTPUT_TIME_LEN + 1], newest[OUTPUT_TIME_LEN + 1];
    enum signer_clock verdict;

    verdict = signer_judge_clock(now_ms, newest_ms);
    if (verdict == SIGNER_CLOCK_GOOD || command_options()->clock_is_right)
        return COMMAND_OK;
    output_time(now_ms, now);
    output_time(newest_ms, newest);
    if (verdict == SIGNER_CLOCK_AHEAD)
        output_error(_("the clock of this machine says %s, years after the newest entry (%s): nothing was signed"), now,
                     newest);
    else if (newest_ms == 0)
        output_error(_("the clock of this machine says %s, which is past: nothing was signed"), now);
    else
        output_error(_("the clock of this machine says %s, and the newest entry is of %s: nothing was signed"), now,
                     newest);
    output_hint(_("set the clock ('timedatectl set-ntp true', or 'date -s'), or add --clock-is-right if it is"));
    return COMMAND_FAILED;
}

struct head office_head(const struct office *o, const struct id *log)
{
    const struct head *head = frontier_find(o->frontier, log);

    return head != NULL ? *head : (struct head){.log = *log};
}

/* ---- who we are ---- */

bool office_node(const struct office *o, struct id *key, struct id *channel)
{
    struct key_ring ring;
    struct trust_key known;
    bool is_found = false;

    if (key_ring_load(o->home, &ring) != COMMAND_OK)
        return false;
    for (size_t i = 0; i < ring.count && !is_found; i++)
        if (!ring.keys[i].err && ring.keys[i].role == ROLE_NODE) {
            *key = ring.keys[i].key;
            is_found = true;
        }
    key_ring_free(&ring);
    if (is_found && channel != NULL) {
        *channel = (struct id){{0}};
        if ((known = office_key(o, key)).status == TRUST_GOOD)
            *channel = known.channel;
    }
    return is_found;
}

bool office_kibbutz(const struct office *o, struct id *kibbutz)
{
    struct key_ring ring;
    bool is_found = false;

    if (key_ring_load(o->home, &ring) != COMMAND_OK)
        return false;
    for (size_t i = 0; i < ring.count && !is_found; i++) {
        const struct head *head = frontier_find(o->frontier, &ring.keys[i].key);
        struct trust_key known = office_key(o, &ring.keys[i].key);

        is_found = known.status == TRUST_GOOD || head != NULL;
        if (is_found)
            *kibbutz = known.status == TRUST_GOOD ? known.kibbutz : head->kibbutz;
    }
    key_ring_free(&ring);
    /* A node that joined by invitation and never signed: the accept that brought it here tells. */
    for (size_t i = 0; !is_found && !office_is_informed(o) && i < frontier_count(o->frontier); i++)
        if (frontier_at(o->frontier, i)->role == ROLE_INVITATION) {
            *kibbutz = frontier_at(o->frontier, i)->kibbutz;
            is_found = true;
        }
    return is_found;
}
