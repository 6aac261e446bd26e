/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/entry.h"

#include <assert.h>

#include "proto/commit.h"
#include "proto/limits.h"
#include "proto/mutant.h"
#include "proto/text.h"
#include "proto/wire.h"

#define FORM 1
#define NAME_SPACE "git"
#define LIMIT_CLOCK_MS (LIMIT_CLOCK_SECONDS * 1000)

static const char *const ROLES[] = {
    [ROLE_NONE] = "",     [ROLE_STEWARD] = "steward",       [ROLE_COORDINATOR] = "coordinator",
    [ROLE_NODE] = "node", [ROLE_INVITATION] = "invitation", [ROLE_CARD] = "card",
};

const char *role_name(enum role role)
{
    return ROLES[role];
}

enum role role_from_name(struct bytes name)
{
    for (enum role role = ROLE_STEWARD; role <= ROLE_CARD; role++)
        if (bytes_equal(name, bytes_text(ROLES[role])))
            return role;
    return ROLE_NONE;
}

bool role_governs(enum role role)
{
    return role != ROLE_NONE && role != ROLE_COORDINATOR;
}

uint64_t entry_next_clock(uint64_t last, uint64_t now_ms)
{
    /* A clock far beyond its bound must not wrap around: entry_sign() refuses the bound itself. */
    uint64_t now = ENTRY_CLOCK(now_ms < LIMIT_CLOCK_MS ? now_ms : LIMIT_CLOCK_MS, 0);

    return now > last ? now : last + 1;
}

static struct bytes name_of_act(const struct entry *entry)
{
    return entry->act == ACT_UNKNOWN ? entry->act_name : bytes_text(act_name(entry->act));
}

static bool is_act_name(struct bytes name)
{
    if (name.len == 0 || name.len > LIMIT_ACT_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 'a' || name.at[i] > 'z')
            return false;
    return true;
}

/* All that one entry alone can be told to be wrong by, without its signature. */
static enum err check(const struct entry *entry)
{
    struct bytes name = name_of_act(entry);

    if (entry->seq > LIMIT_NUMBER || ENTRY_CLOCK_MS(entry->clock) >= LIMIT_CLOCK_MS ||
        entry->body.len > LIMIT_ENTRY_BODY)
        return ERR_LIMIT;
    if (entry->seq == 0 || !is_act_name(name) || act_from_name(name) != entry->act)
        return ERR_FORMAT;
    if (entry->seq == 1 && (entry->role < ROLE_STEWARD || entry->role > ROLE_CARD))
        return ERR_FORMAT;
    return act_check(entry->act, entry->body);
}

/* ---- the commit ---- */

struct form {
    struct commit commit; /* Its views point to the other two. */
    struct buffer message;
    struct buffer email;
};

static void write_id(struct buffer *out, const char *name, const struct id *id)
{
    buffer_text(out, name);
    buffer_hex(out, id_bytes(id));
    buffer_text(out, "\n");
}

static void write_title(struct buffer *out, const struct entry *entry)
{
    buffer_text(out, "Entry ");
    buffer_number(out, entry->seq);
    buffer_text(out, ": ");
    buffer_add(out, name_of_act(entry));
    buffer_text(out, "\n\n");
}

static void write_message(struct buffer *out, const struct entry *entry)
{
    write_title(out, entry);
    buffer_text(out, "igum 1\n");
    write_id(out, "network ", &entry->network);
    write_id(out, "log ", &entry->log);
    buffer_text(out, "seq ");
    buffer_number(out, entry->seq);
    buffer_text(out, "\n");
    if (entry->seq > 1)
        write_id(out, "prev ", &entry->prev);
    buffer_text(out, "clock ");
    buffer_number(out, ENTRY_CLOCK_MS(entry->clock));
    buffer_text(out, ".");
    buffer_number(out, entry->clock & 0xffff);
    buffer_text(out, "\n");
    if (entry->seq == 1) {
        write_id(out, "kibbutz ", &entry->kibbutz);
        buffer_text(out, "role ");
        buffer_text(out, role_name(entry->role));
        buffer_text(out, "\n");
    }
    write_id(out, "root ", &entry->root);
    buffer_text(out, "act ");
    buffer_add(out, name_of_act(entry));
    buffer_text(out, "\n");
    buffer_add(out, entry->body);
}

static void form_free(struct form *form)
{
    buffer_free(&form->message);
    buffer_free(&form->email);
}

/* To be freed by form_free() also after an error. */
static enum err form_build(struct form *form, const struct entry *entry, const struct sha1 *parent)
{
    *form = (struct form){.message = BUFFER(LIMIT_COMMIT), .email = BUFFER(ID_TEXT_LEN + 8)};
    write_message(&form->message, entry);
    buffer_hex(&form->email, id_bytes(&entry->log));
    buffer_text(&form->email, "@igum");
    if (buffer_error(&form->message) || buffer_error(&form->email))
        return buffer_error(&form->message) ? buffer_error(&form->message) : buffer_error(&form->email);
    form->commit = (struct commit){
        .tree = commit_empty_tree(),
        .has_parent = entry->seq > 1,
        .parent = *parent,
        .name = bytes_of(form->email.at, 16),
        .email = buffer_bytes(&form->email),
        .seconds = ENTRY_CLOCK_MS(entry->clock) / 1000,
        .message = buffer_bytes(&form->message),
        .key = entry->log,
        .signature = entry->signature,
    };
    return ERR_OK;
}

static enum err build(struct buffer *out, const struct entry *entry, const struct sha1 *parent,
                      void (*write)(struct buffer *out, const struct commit *commit))
{
    struct form form;
    enum err err = form_build(&form, entry, parent);

    if (!err) {
        write(out, &form.commit);
        err = buffer_error(out);
    }
    form_free(&form);
    return err;
}

/* ---- signing and verifying ---- */

enum err entry_sign(struct entry *entry, const struct head *before, const struct signing_key *key, uint64_t now_ms)
{
    struct buffer payload = BUFFER(LIMIT_COMMIT);
    enum err err;

    assert(before->seq == 0 || id_equal(&before->log, &key->public));
    entry->log = key->public;
    entry->seq = before->seq + 1;
    entry->prev = before->seq > 0 ? before->entry : (struct id){.at = {0}};
    entry->clock = entry_next_clock(before->seq > 0 ? before->clock : 0, now_ms);
    entry->act_name = name_of_act(entry);
    if (before->seq > 0) {
        entry->kibbutz = (struct id){.at = {0}};
        entry->role = ROLE_NONE;
    }
    err = check(entry);
    if (!err)
        err = build(&payload, entry, &before->commit, commit_write_payload);
    if (!err)
        sshsig_sign(key, NAME_SPACE, buffer_bytes(&payload), &entry->signature);
    buffer_free(&payload);
    return err;
}

static enum err follows(const struct entry *entry, const struct head *before)
{
    if (entry->seq <= before->seq)
        return ERR_EXISTS;
    if (entry->seq > before->seq + 1)
        return ERR_GAP;
    if (before->seq == 0)
        return ERR_OK;
    if (!id_equal(&entry->log, &before->log))
        return ERR_FORMAT;
    if (!id_equal(&entry->prev, &before->entry))
        return ERR_FORK;
    return entry->clock > before->clock ? ERR_OK : ERR_FORMAT;
}

enum err entry_follow(const struct entry *entry, const struct head *before, struct head *after, struct buffer *commit,
                      struct sshsig_check *check)
{
    struct buffer payload = BUFFER(LIMIT_COMMIT);
    size_t start = commit->len;
    struct form form;
    struct head head;
    enum err err = follows(entry, before);

    if (err)
        return err;
    if ((err = form_build(&form, entry, &before->commit)))
        goto out;
    commit_write_payload(&payload, &form.commit);
    commit_write(commit, &form.commit);
    if ((err = buffer_error(&payload)) || (err = buffer_error(commit)))
        goto out;
    sshsig_check_begin(check, &entry->log, NAME_SPACE, buffer_bytes(&payload), &entry->signature);
    check->is_new_key = entry->seq == 1; /* Half the work for the later entries of a log. */
    head = (struct head){
        .log = entry->log,
        .seq = entry->seq,
        .entry = id_hash(ID_ENTRY, buffer_bytes(&payload)),
        .commit = sha1_of_object("commit", bytes_from(buffer_bytes(commit), start)),
        .clock = entry->clock,
        .kibbutz = entry->seq == 1 ? entry->kibbutz : before->kibbutz,
        .role = entry->seq == 1 ? entry->role : before->role,
    };
    *after = head;
out:
    form_free(&form);
    buffer_free(&payload);
    return err;
}

enum err entry_verify(const struct entry *entry, const struct head *before, struct head *after, struct buffer *commit)
{
    size_t start = commit->len;
    struct sshsig_check check;
    struct head head;
    enum err err = entry_follow(entry, before, &head, commit, &check);

    if (!err && !MUTANT(MUTANT_SKIP_SIGNATURE) && !sshsig_check_holds(&check))
        err = ERR_AUTH;
    if (!err)
        *after = head;
    else
        commit->len = start;
    return err;
}

enum err entry_identify(const struct entry *entry, const struct head *before, struct id *id)
{
    struct buffer payload = BUFFER(LIMIT_COMMIT);
    enum err err = follows(entry, before);

    err = err ? ERR_FORMAT : build(&payload, entry, &before->commit, commit_write_payload);
    if (!err)
        *id = id_hash(ID_ENTRY, buffer_bytes(&payload));
    buffer_free(&payload);
    return err;
}

/* ---- the wire form ---- */

void entry_encode(struct buffer *out, const struct entry *entry)
{
    struct bytes name = name_of_act(entry);

    buffer_u8(out, FORM);
    buffer_add(out, id_bytes(&entry->log));
    buffer_u64(out, entry->seq);
    if (entry->seq > 1)
        buffer_add(out, id_bytes(&entry->prev));
    buffer_u64(out, entry->clock);
    if (entry->seq == 1) {
        buffer_add(out, id_bytes(&entry->kibbutz));
        buffer_u8(out, (uint8_t)entry->role);
    }
    buffer_add(out, id_bytes(&entry->root));
    buffer_u8(out, (uint8_t)name.len);
    buffer_add(out, name);
    buffer_u32(out, (uint32_t)entry->body.len);
    buffer_add(out, entry->body);
    buffer_add(out, bytes_of(entry->signature.at, SSHSIG_LEN));
}

static enum err read_front(struct wire_reader *r, struct id *log, uint64_t *seq)
{
    uint8_t form = wire_u8(r);

    wire_copy(r, log->at, ID_LEN);
    *seq = wire_u64(r);
    if (r->err)
        return r->err;
    if (form != FORM)
        return ERR_VERSION;
    return *seq == 0 ? ERR_FORMAT : *seq > LIMIT_NUMBER ? ERR_LIMIT : ERR_OK;
}

enum err entry_peek(struct bytes in, struct id *log, uint64_t *seq)
{
    struct wire_reader r = wire_reader(in);

    return read_front(&r, log, seq);
}

enum err entry_read(struct bytes in, const struct id *network, struct entry *entry)
{
    struct wire_reader r = wire_reader(in);
    enum err err;
    uint8_t role;

    *entry = (struct entry){.network = *network};
    if (in.len > LIMIT_ENTRY)
        return ERR_LIMIT;
    err = read_front(&r, &entry->log, &entry->seq);
    if (err)
        return err;
    if (entry->seq > 1)
        wire_copy(&r, entry->prev.at, ID_LEN);
    entry->clock = wire_u64(&r);
    if (entry->seq == 1) {
        wire_copy(&r, entry->kibbutz.at, ID_LEN);
        role = wire_u8(&r);
        entry->role = role <= ROLE_CARD ? (enum role)role : ROLE_NONE;
    }
    wire_copy(&r, entry->root.at, ID_LEN);
    entry->act_name = wire_read(&r, wire_u8(&r));
    entry->body = wire_read(&r, wire_u32(&r));
    wire_copy(&r, entry->signature.at, SSHSIG_LEN);
    err = wire_finish(&r);
    if (err)
        return err;
    entry->act = act_from_name(entry->act_name);
    return ERR_OK;
}

enum err entry_decode(struct bytes in, const struct id *network, struct entry *entry)
{
    enum err err = entry_read(in, network, entry);

    return err ? err : check(entry);
}

/* ---- from a commit ---- */

static bool take_line(struct bytes *rest, const char *name, struct bytes *value)
{
    return text_take_prefix(rest, name) && text_take(rest, '\n', value);
}

static bool take_id(struct bytes *rest, const char *name, struct id *id)
{
    struct bytes value;

    return take_line(rest, name, &value) && !id_from_text(value, id);
}

static bool take_clock(struct bytes *rest, uint64_t *clock)
{
    struct bytes counter, ms;
    uint64_t ms_number, counter_number;

    if (!take_line(rest, "clock ", &counter) || !text_take(&counter, '.', &ms) || !text_to_number(ms, &ms_number) ||
        !text_to_number(counter, &counter_number) || ms_number >= LIMIT_CLOCK_MS || counter_number > 0xffff)
        return false;
    *clock = ENTRY_CLOCK(ms_number, counter_number);
    return true;
}

static bool take_seat(struct bytes *rest, struct entry *entry)
{
    struct bytes role;

    if (!take_id(rest, "kibbutz ", &entry->kibbutz) || !take_line(rest, "role ", &role))
        return false;
    entry->role = role_from_name(role);
    return true;
}

static bool take_message(struct bytes rest, struct entry *entry)
{
    struct bytes value;

    if (!text_take(&rest, '\n', &value) || !take_line(&rest, "\nigum 1", &value) ||
        !take_id(&rest, "network ", &entry->network) || !take_id(&rest, "log ", &entry->log) ||
        !take_line(&rest, "seq ", &value) || !text_to_number(value, &entry->seq))
        return false;
    if (entry->seq > 1 && !take_id(&rest, "prev ", &entry->prev))
        return false;
    if (!take_clock(&rest, &entry->clock) || (entry->seq == 1 && !take_seat(&rest, entry)) ||
        !take_id(&rest, "root ", &entry->root) || !take_line(&rest, "act ", &entry->act_name))
        return false;
    entry->act = act_from_name(entry->act_name);
    entry->body = rest;
    return true;
}

/* Entry and commit say the same when the commit written from the entry is the commit. */
static enum err compare(struct bytes commit, const struct entry *entry, const struct sha1 *parent)
{
    struct buffer rebuilt = BUFFER(commit.len);
    enum err err = build(&rebuilt, entry, parent, commit_write);

    if (err == ERR_LIMIT || (!err && !bytes_equal(commit, buffer_bytes(&rebuilt))))
        err = ERR_FORMAT;
    buffer_free(&rebuilt);
    return err;
}

static enum err from_commit(struct bytes commit, const struct commit *c, struct entry *entry, struct id *id,
                            struct sha1 *parent)
{
    struct buffer payload = BUFFER(LIMIT_COMMIT);

    *entry = (struct entry){.signature = c->signature};
    enum err err = take_message(c->message, entry) ? check(entry) : ERR_FORMAT;
    if (!err)
        err = compare(commit, entry, &c->parent);
    if (!err) {
        commit_write_payload(&payload, c);
        err = buffer_error(&payload);
        *id = id_hash(ID_ENTRY, buffer_bytes(&payload));
        *parent = c->parent;
    }
    buffer_free(&payload);
    return err;
}

enum err entry_from_commit(struct bytes commit, struct entry *entry, struct id *id, struct sha1 *parent)
{
    struct commit c;
    enum err err = commit_read(commit, &c);

    return err ? err : from_commit(commit, &c, entry, id, parent);
}

enum err entry_from_kept_commit(struct bytes commit, struct entry *entry, struct id *id, struct sha1 *parent)
{
    struct commit c;
    enum err err = commit_read_kept(commit, &c);

    return err ? err : from_commit(commit, &c, entry, id, parent);
}
