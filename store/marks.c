/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/marks.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/sorted.h"
#include "proto/text.h"
#include "store/files.h"

#define SALT_LEN 16
#define FILE_MODE 0600
#define FILE_LIMIT (KIB(1) + MARKS_MAX * KIB(1) / 4)

struct marks {
    char directory[FILES_PATH_SIZE];
    struct bytes machine; /* Of this machine; borrowed. */
    uint8_t salt[SALT_LEN];
    struct id written; /* The digest of the machine in the file; zeros: not known. */
    enum marks_place place;
    struct sorted marks; /* struct mark, by log */
};

/* ---- where we are ---- */

/* Salted, so that the file does not tell which machine it is from. */
static struct id digest_machine(const struct marks *m)
{
    struct id digest = {{0}};
    crypto_generichash_state state;

    if (m->machine.len == 0)
        return digest;
    (void)crypto_generichash_init(&state, NULL, 0, ID_LEN);
    (void)crypto_generichash_update(&state, m->salt, SALT_LEN);
    (void)crypto_generichash_update(&state, m->machine.at, m->machine.len);
    (void)crypto_generichash_final(&state, digest.at, ID_LEN);
    return digest;
}

static enum err judge_place(struct marks *m, const char *path, struct bytes stamp)
{
    struct id machine = digest_machine(m);
    char here[FILES_STAMP_SIZE];
    enum err err = files_stamp(path, here);

    if (!err && !bytes_equal(stamp, bytes_text(here)))
        m->place = MARKS_COPIED;
    else if (!id_is_zero(&machine) && !id_is_zero(&m->written) && !id_equal(&machine, &m->written))
        m->place = MARKS_ELSEWHERE;
    else
        m->place = MARKS_HERE;
    return err;
}

enum marks_place marks_place(const struct marks *m)
{
    return m->place;
}

/* ---- the marks ---- */

static int order_mark(const void *item, const void *wanted)
{
    return id_compare(&((const struct mark *)item)->log, wanted);
}

size_t marks_count(const struct marks *m)
{
    return m->marks.count;
}

const struct mark *marks_at(const struct marks *m, size_t index)
{
    return sorted_at(&m->marks, index);
}

/* The mark of a log, or NULL; `place` gets where it stands, or would stand. */
static struct mark *find(const struct marks *m, const struct id *log, size_t *place)
{
    struct mark *mark;

    *place = sorted_place(&m->marks, log, order_mark);
    mark = sorted_at(&m->marks, *place);
    return mark != NULL && id_equal(&mark->log, log) ? mark : NULL;
}

const struct mark *marks_find(const struct marks *m, const struct id *log)
{
    size_t place;

    return find(m, log, &place);
}

enum err marks_raise(struct marks *m, const struct id *log, uint64_t seq, const struct id *entry)
{
    const struct mark raised = {*log, seq, *entry};
    size_t place;
    struct mark *mark = find(m, log, &place);

    if (mark == NULL)
        return m->marks.count == MARKS_MAX ? ERR_LIMIT : sorted_insert(&m->marks, place, &raised);
    if (mark->seq < seq)
        *mark = raised;
    return ERR_OK;
}

/* ---- reading ---- */

static bool take_mark(struct marks *m, struct bytes *rest)
{
    struct bytes log, seq, entry;
    struct mark mark;

    return text_take(rest, ' ', &log) && text_take(rest, ' ', &seq) && text_take(rest, '\n', &entry) &&
           !id_from_text(log, &mark.log) && text_to_number(seq, &mark.seq) && mark.seq > 0 &&
           !id_from_text(entry, &mark.entry) &&
           (m->marks.count == 0 || id_compare(&marks_at(m, m->marks.count - 1)->log, &mark.log) < 0) &&
           !marks_raise(m, &mark.log, mark.seq, &mark.entry);
}

static bool take_all(struct marks *m, struct bytes rest, struct bytes *stamp)
{
    struct bytes salt, machine;

    if (!text_take_prefix(&rest, "igum marks 1\nsalt ") || !text_take(&rest, '\n', &salt) ||
        !text_from_hex(salt, m->salt, SALT_LEN) || !text_take_prefix(&rest, "machine ") ||
        !text_take(&rest, '\n', &machine) || id_from_text(machine, &m->written))
        return false;
    while (text_take_prefix(&rest, "mark "))
        if (!take_mark(m, &rest))
            return false;
    return text_take_prefix(&rest, "stamp ") && text_take(&rest, '\n', stamp) && rest.len == 0;
}

static enum err load(struct marks *m)
{
    struct buffer text = BUFFER(FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    struct bytes stamp;
    enum err err = files_join(path, m->directory, "marks");

    if (!err)
        err = files_read(path, FILE_LIMIT, &text);
    if (err == ERR_MISSING) {
        m->place = MARKS_NEW;
        randombytes_buf(m->salt, SALT_LEN);
        err = ERR_OK;
    } else if (err == ERR_LIMIT || (!err && !take_all(m, buffer_bytes(&text), &stamp)))
        err = ERR_FORMAT;
    else if (!err)
        err = judge_place(m, path, stamp);
    buffer_free(&text);
    return err;
}

enum err marks_open(const char *home, struct bytes machine, struct marks **marks)
{
    struct marks *m = calloc(1, sizeof *m);
    enum err err;

    *marks = NULL;
    if (m == NULL)
        return ERR_MEMORY;
    m->machine = machine;
    m->marks.item_size = sizeof(struct mark);
    if (!(err = files_join(m->directory, home, "keys")))
        err = load(m);
    if (err)
        marks_close(m);
    else
        *marks = m;
    return err;
}

void marks_close(struct marks *m)
{
    if (m == NULL)
        return;
    free(m->marks.at);
    free(m);
}

/* ---- writing ---- */

static void write_id(struct buffer *text, const char *before, const struct id *id, const char *after)
{
    buffer_text(text, before);
    buffer_hex(text, id_bytes(id));
    buffer_text(text, after);
}

enum err marks_save(struct marks *m)
{
    struct buffer text = BUFFER(FILE_LIMIT);
    struct id machine = digest_machine(m);
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, m->directory, "marks");

    /* A machine that does not tell its name is no reason to forget the one that did. */
    if (id_is_zero(&machine))
        machine = m->written;
    buffer_text(&text, "igum marks 1\nsalt ");
    buffer_hex(&text, bytes_of(m->salt, SALT_LEN));
    write_id(&text, "\nmachine ", &machine, "\n");
    for (size_t i = 0; i < m->marks.count; i++) {
        const struct mark *mark = marks_at(m, i);

        write_id(&text, "mark ", &mark->log, " ");
        buffer_number(&text, mark->seq);
        write_id(&text, " ", &mark->entry, "\n");
    }
    if (!err)
        err = buffer_error(&text);
    if (!err)
        err = files_replace_stamped(path, buffer_bytes(&text), FILE_MODE);
    buffer_free(&text);
    if (err)
        return err;
    m->written = machine;
    m->place = MARKS_HERE;
    return ERR_OK;
}

/* ---- what waits ---- */

enum err marks_keep(const struct marks *m, struct bytes bundle)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, m->directory, "pending");

    return err ? err : files_replace(path, bundle, FILE_MODE);
}

enum err marks_kept(const struct marks *m, struct buffer *bundle)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, m->directory, "pending");

    return err ? err : files_read(path, LIMIT_BUNDLE, bundle);
}

enum err marks_drop(const struct marks *m)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, m->directory, "pending");

    if (!err)
        err = files_remove(path);
    return err ? err : files_sync_directory(m->directory);
}
