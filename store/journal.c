/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/journal.h"

#include <sodium.h>

#define BEGINNING "igum journal 1\n"
#define SEED_LEN 16
#define HEADER_LEN (sizeof BEGINNING - 1 + SEED_LEN)
#define FILE_MODE 0600

/*
 * Each checksum goes over the one before it, and the first over a seed: what another time left in the same place of the disk never
 * continues a file.
 */
static struct sha1 sum_of(const struct sha1 *before, struct bytes record)
{
    const struct bytes parts[] = {bytes_of(before->at, SHA1_LEN), record};

    return sha1_of(parts, 2);
}

enum err journal_open(struct journal *j, const char *path)
{
    *j = (struct journal){.file = {.descriptor = -1}};
    return files_log_open(path, FILE_MODE, &j->file);
}

void journal_close(struct journal *j)
{
    files_log_close(&j->file);
}

static bool take(struct bytes *rest, const struct sha1 *before, struct bytes *record, struct sha1 *sum)
{
    size_t len;

    if (rest->len < 4 + SHA1_LEN)
        return false;
    len = (size_t)rest->at[0] << 24 | (size_t)rest->at[1] << 16 | (size_t)rest->at[2] << 8 | rest->at[3];
    if (len > rest->len - 4 - SHA1_LEN)
        return false;
    *record = bytes_of(rest->at + 4, len);
    *sum = sum_of(before, *record);
    if (memcmp(sum->at, rest->at + 4 + len, SHA1_LEN) != 0)
        return false;
    *rest = bytes_from(*rest, 4 + len + SHA1_LEN);
    return true;
}

enum err journal_each(struct journal *j, journal_fn *each, void *context)
{
    struct buffer all = BUFFER(JOURNAL_LIMIT);
    struct bytes record;
    struct sha1 sum;
    enum err err = files_log_read(&j->file, JOURNAL_LIMIT, &all);
    struct bytes rest = buffer_bytes(&all);

    j->file.len = 0;
    if (!err && rest.len >= HEADER_LEN && memcmp(rest.at, BEGINNING, sizeof BEGINNING - 1) == 0) {
        struct bytes header = bytes_of(rest.at, HEADER_LEN);
        struct sha1 first = sha1_of(&header, 1);

        rest = bytes_from(rest, HEADER_LEN);
        while (!err && take(&rest, j->file.len > 0 ? &j->sum : &first, &record, &sum)) {
            err = each(context, record);
            j->sum = sum;
            j->file.len = all.len - rest.len;
        }
    }
    buffer_free(&all);
    return err;
}

enum err journal_add(struct journal *j, struct bytes record)
{
    struct buffer text = BUFFER(JOURNAL_LIMIT);
    struct sha1 before = j->sum, sum;

    if (j->file.len == 0) {
        uint8_t *seed;

        buffer_text(&text, BEGINNING);
        if ((seed = buffer_extend(&text, SEED_LEN)))
            randombytes_buf(seed, SEED_LEN);
        struct bytes header = buffer_bytes(&text);
        before = sha1_of(&header, 1);
    }
    sum = sum_of(&before, record);
    buffer_u32(&text, (uint32_t)record.len);
    buffer_add(&text, record);
    buffer_add(&text, bytes_of(sum.at, SHA1_LEN));
    enum err err = buffer_error(&text);
    if (!err && j->file.len + text.len > JOURNAL_LIMIT)
        err = ERR_LIMIT;
    if (!err)
        err = files_log_add(&j->file, buffer_bytes(&text));
    if (!err) {
        j->sum = sum;
        j->is_loose = false; /* The file's length is durable with it. */
    }
    buffer_free(&text);
    return err;
}

bool journal_is_empty(const struct journal *j)
{
    return j->file.len == 0;
}

enum err journal_empty(struct journal *j)
{
    enum err err = files_log_empty(&j->file);

    if (!err) {
        j->sum = (struct sha1){{0}};
        j->is_loose = true;
    }
    return err;
}

enum err journal_settle(struct journal *j)
{
    enum err err = journal_is_empty(j) ? ERR_OK : journal_empty(j);

    if (!err && j->is_loose)
        err = files_log_sync(&j->file);
    if (!err)
        j->is_loose = false;
    return err;
}
