/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/commit.h"

#include <assert.h>

#include "proto/limits.h"
#include "proto/text.h"

#define NAME_SPACE "git"

struct sha1 commit_empty_tree(void)
{
    struct sha1 tree;
    enum err err = sha1_from_text(bytes_text(COMMIT_EMPTY_TREE), &tree);

    assert(!err);
    (void)err;
    return tree;
}

static void write_object(struct buffer *out, const char *name, const struct sha1 *sha1)
{
    buffer_text(out, name);
    buffer_hex(out, bytes_of(sha1->at, SHA1_LEN));
    buffer_text(out, "\n");
}

static void write_person(struct buffer *out, const char *role, const struct commit *commit)
{
    buffer_text(out, role);
    buffer_add(out, commit->name);
    buffer_text(out, " <");
    buffer_add(out, commit->email);
    buffer_text(out, "> ");
    buffer_number(out, commit->seconds);
    buffer_text(out, " +0000\n");
}

static void write_headers(struct buffer *out, const struct commit *commit)
{
    write_object(out, "tree ", &commit->tree);
    if (commit->has_parent)
        write_object(out, "parent ", &commit->parent);
    write_person(out, "author ", commit);
    write_person(out, "committer ", commit);
}

/* A header's value goes on in lines that begin with a space. */
static void write_signature(struct buffer *out, const struct commit *commit)
{
    struct buffer armour = BUFFER(SSHSIG_ARMOUR_LEN);
    struct bytes line;

    sshsig_write_armour(&armour, NAME_SPACE, &commit->key, &commit->signature);
    if (buffer_error(&armour) && !out->err)
        out->err = buffer_error(&armour);
    buffer_text(out, "gpgsig");
    for (struct bytes rest = buffer_bytes(&armour); text_take(&rest, '\n', &line);) {
        buffer_text(out, " ");
        buffer_add(out, line);
        buffer_text(out, "\n");
    }
    buffer_free(&armour);
}

void commit_write_payload(struct buffer *out, const struct commit *commit)
{
    write_headers(out, commit);
    buffer_text(out, "\n");
    buffer_add(out, commit->message);
}

void commit_write(struct buffer *out, const struct commit *commit)
{
    write_headers(out, commit);
    write_signature(out, commit);
    buffer_text(out, "\n");
    buffer_add(out, commit->message);
}

static bool take_object(struct bytes *rest, const char *name, struct sha1 *sha1)
{
    struct bytes text;

    return text_take_prefix(rest, name) && text_take(rest, '\n', &text) && !sha1_from_text(text, sha1);
}

static bool is_person_part(struct bytes text)
{
    return text_is_line(text, LIMIT_NAME) && !memchr(text.at, '<', text.len) && !memchr(text.at, '>', text.len);
}

static bool take_person(struct bytes *rest, struct commit *commit)
{
    struct bytes line, seconds;

    if (!text_take_prefix(rest, "author ") || !text_take(rest, '\n', &line) || !text_take(&line, '<', &commit->name) ||
        !text_take(&line, '>', &commit->email) || commit->name.len == 0)
        return false;
    commit->name.len--; /* The space before the bracket: the comparison tells whether it is one. */
    return text_take_prefix(&line, " ") && text_take(&line, ' ', &seconds) &&
           text_to_number(seconds, &commit->seconds) && commit->seconds < LIMIT_CLOCK_SECONDS &&
           is_person_part(commit->name) && is_person_part(commit->email);
}

/* Undoes write_signature(): every line but the first stands behind one space. */
static bool take_signature(struct bytes *rest, struct commit *commit)
{
    uint8_t armour[SSHSIG_ARMOUR_LEN];
    size_t len = 0;
    struct bytes line;

    if (!text_take_prefix(rest, "gpgsig"))
        return false;
    while (text_take_prefix(rest, " ")) {
        if (!text_take(rest, '\n', &line) || line.len >= sizeof armour - len)
            return false;
        if (line.len > 0)
            memcpy(armour + len, line.at, line.len);
        len += line.len;
        armour[len++] = '\n';
    }
    return !sshsig_read_armour(bytes_of(armour, len), NAME_SPACE, &commit->key, &commit->signature);
}

static bool is_message(struct bytes text)
{
    return text.len > 0 && text.at[0] != '\n' && text.at[text.len - 1] == '\n' &&
           (text.len < 2 || text.at[text.len - 2] != '\n') && text_is_prose(text);
}

static bool parse(struct bytes in, struct commit *commit)
{
    struct bytes line;

    *commit = (struct commit){.message = bytes_of(NULL, 0)};
    if (!take_object(&in, "tree ", &commit->tree))
        return false;
    commit->has_parent = take_object(&in, "parent ", &commit->parent);
    if (!take_person(&in, commit) || !text_take(&in, '\n', &line) || !take_signature(&in, commit) ||
        !text_take_prefix(&in, "\n"))
        return false;
    commit->message = in;
    return is_message(in);
}

static enum err compare(struct bytes in, const struct commit *commit)
{
    struct buffer rebuilt = BUFFER(in.len);
    enum err err;

    commit_write(&rebuilt, commit);
    err = buffer_error(&rebuilt);
    if (err == ERR_LIMIT || (!err && !bytes_equal(in, buffer_bytes(&rebuilt))))
        err = ERR_FORMAT;
    buffer_free(&rebuilt);
    return err;
}

static enum err verify(const struct commit *commit)
{
    struct buffer payload = BUFFER(LIMIT_COMMIT);
    enum err err;

    commit_write_payload(&payload, commit);
    err = buffer_error(&payload);
    if (!err)
        err = sshsig_verify(&commit->key, NAME_SPACE, buffer_bytes(&payload), &commit->signature);
    buffer_free(&payload);
    return err;
}

enum err commit_read_kept(struct bytes in, struct commit *commit)
{
    if (in.len > LIMIT_COMMIT)
        return ERR_LIMIT;
    return parse(in, commit) ? compare(in, commit) : ERR_FORMAT;
}

enum err commit_read(struct bytes in, struct commit *commit)
{
    enum err err = commit_read_kept(in, commit);

    return err ? err : verify(commit);
}

bool commit_parent(struct bytes in, struct sha1 *parent)
{
    struct sha1 tree;

    return take_object(&in, "tree ", &tree) && take_object(&in, "parent ", parent);
}
