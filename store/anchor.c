/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/anchor.h"

#include "proto/text.h"
#include "store/files.h"

#define FILE_NAME "archive.git/anchor" /* It goes wherever the repository goes. */
#define FILE_LEN (ID_TEXT_LEN + 1)     /* The digits and a line end. */

/* ERR_MISSING: there is none. */
static enum err read_root(const char *home, struct id *root)
{
    struct buffer file = BUFFER(FILE_LEN);
    char path[FILES_PATH_SIZE];
    struct bytes text;
    enum err err = files_join(path, home, FILE_NAME);

    if (!err)
        err = files_read(path, FILE_LEN, &file);
    text = buffer_bytes(&file);
    if (err == ERR_LIMIT || (!err && (text.len != FILE_LEN || text.at[ID_TEXT_LEN] != '\n' ||
                                      id_from_text(bytes_of(text.at, ID_TEXT_LEN), root))))
        err = ERR_FORMAT;
    buffer_free(&file);
    return err;
}

enum err anchor_load(const char *home, struct trust *t)
{
    struct id root;
    enum err err = read_root(home, &root);

    if (!err)
        trust_set_anchor(t, &root);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err anchor_write(const char *home, const struct id *root)
{
    char path[FILES_PATH_SIZE], text[FILE_LEN + 1];
    enum err err = files_join(path, home, FILE_NAME);

    id_to_text(root, text);
    text[ID_TEXT_LEN] = '\n';
    return err ? err : files_replace(path, bytes_of(text, FILE_LEN), 0644);
}

/*
 * Only what is final, and only on a chain that passes the anchor: whatever is merely in effect could still fall, and an anchor
 * that is not known here yet came from somebody who knew more.
 */
enum err anchor_keep(const char *home, struct trust *t)
{
    struct trust_council council = trust_council(t);
    struct id kept = trust_charter(t)->network;
    enum err err = read_root(home, &kept);

    if (err && err != ERR_MISSING)
        return err;
    if (council.status == TRUST_WAITING || council.status == TRUST_SPLIT || id_equal(&council.final_root, &kept) ||
        !trust_in_chain(t, &kept))
        return ERR_OK;
    trust_set_anchor(t, &council.final_root);
    return anchor_write(home, &council.final_root);
}
