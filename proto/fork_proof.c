/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/fork_proof.h"

#include "proto/text.h"

#define HEADER "igum fork 1\n"

static void write_commit(struct buffer *out, struct bytes commit)
{
    buffer_text(out, "commit ");
    buffer_number(out, commit.len);
    buffer_text(out, "\n");
    buffer_add(out, commit);
}

void fork_proof_write(struct buffer *out, struct bytes one, const struct id *one_id, struct bytes other,
                      const struct id *other_id)
{
    bool is_first = id_compare(one_id, other_id) < 0;

    buffer_text(out, HEADER);
    write_commit(out, is_first ? one : other);
    write_commit(out, is_first ? other : one);
}

static bool take_commit(struct bytes *rest, struct bytes *commit)
{
    struct bytes digits;
    uint64_t len;

    if (!text_take_prefix(rest, "commit ") || !text_take(rest, '\n', &digits) || !text_to_number(digits, &len) ||
        len > rest->len)
        return false;
    *commit = bytes_of(rest->at, (size_t)len);
    *rest = bytes_from(*rest, (size_t)len);
    return true;
}

static enum fork_proof_verdict read_entry(struct bytes *rest, const struct id *network, struct entry *entry,
                                          struct id *id)
{
    struct bytes commit;
    struct sha1 parent;
    enum err err;

    if (!take_commit(rest, &commit))
        return FORK_PROOF_MALFORMED;
    if ((err = entry_from_commit(commit, entry, id, &parent)))
        return err == ERR_AUTH ? FORK_PROOF_FORGED : FORK_PROOF_MALFORMED;
    return id_equal(&entry->network, network) ? FORK_PROOF_GOOD : FORK_PROOF_ELSEWHERE;
}

enum fork_proof_verdict fork_proof_read(struct bytes in, const struct id *network, struct fork_proof *proof)
{
    enum fork_proof_verdict verdict;
    int order;

    if (in.len > FORK_PROOF_MAX || !text_take_prefix(&in, HEADER))
        return FORK_PROOF_MALFORMED;
    for (size_t i = 0; i < 2; i++)
        if ((verdict = read_entry(&in, network, &proof->entries[i], &proof->ids[i])))
            return verdict;
    order = id_compare(&proof->ids[0], &proof->ids[1]);
    if (in.len > 0 || order > 0)
        return FORK_PROOF_MALFORMED;
    if (order == 0)
        return FORK_PROOF_ONE_ENTRY;
    if (!id_equal(&proof->entries[0].log, &proof->entries[1].log))
        return FORK_PROOF_TWO_KEYS;
    return proof->entries[0].seq == proof->entries[1].seq ? FORK_PROOF_GOOD : FORK_PROOF_TWO_SEQS;
}
