/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/scribe.h"

#include <stdio.h>
#include <stdlib.h>

#define START_MS UINT64_C(1790000000000)

static void need(enum err err, const char *what)
{
    if (err) {
        fprintf(stderr, "scribe: %s: %s\n", what, err_text(err));
        abort();
    }
}

uint64_t scribe_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static struct id id_of(uint64_t seed, const char *what)
{
    char text[64];

    snprintf(text, sizeof text, "%s %llu", what, (unsigned long long)seed);
    return id_hash(ID_BLOB, bytes_text(text));
}

void scribe_begin(struct scribe *s, const struct id *network, uint64_t seed, enum role role)
{
    struct id secret = id_of(seed, "scribe");

    *s = (struct scribe){.network = *network, .seed = seed};
    sshsig_key_from_seed(&s->key, secret.at);
    s->head.log = s->key.public;
    s->head.kibbutz = id_of(seed, "kibbutz");
    s->head.role = role;
}

void scribe_resume(struct scribe *s, const struct head *head)
{
    s->head = *head;
}

static void sign(struct scribe *s, enum act act, struct bytes body, struct scribe_item *made)
{
    struct entry entry = {.network = s->network,
                          .kibbutz = s->head.kibbutz,
                          .role = s->head.role,
                          .root = s->network,
                          .act = act,
                          .body = body};
    struct head after;

    made->entry = BUFFER(LIMIT_ENTRY);
    made->commit = BUFFER(LIMIT_COMMIT);
    need(entry_sign(&entry, &s->head, &s->key, START_MS + s->head.seq * 1000), "sign");
    need(entry_verify(&entry, &s->head, &after, &made->commit), "verify");
    entry_encode(&made->entry, &entry);
    need(buffer_error(&made->entry), "encode");
    s->head = after;
    made->item = (struct item){.head = after,
                               .prev = entry.prev,
                               .entry = buffer_bytes(&made->entry),
                               .commit = buffer_bytes(&made->commit),
                               .content = buffer_bytes(&made->content)};
}

void scribe_publish(struct scribe *s, struct bytes text, struct scribe_item *made)
{
    scribe_publish_with(s, text, NULL, made);
}

void scribe_publish_with(struct scribe *s, struct bytes text, const struct content_file *attachment,
                         struct scribe_item *made)
{
    struct content_file files[2] = {{.name = bytes_text(CONTENT_DOCUMENT), .bytes = text}};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct id salt = id_of(s->seed * 1000003 + s->head.seq, "salt"), id;

    made->content = BUFFER(LIMIT_CONTENT + LIMIT_MANIFEST);
    if (attachment)
        files[1] = *attachment;
    need(content_pack(files, attachment ? 2 : 1, salt.at, &made->content, &id), "content");
    act_write_text(&body, ACT_AUDIENCE, "network");
    act_write_id(&body, ACT_CONTENT, &id);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    sign(s, ACT_PUBLISH, buffer_bytes(&body), made);
    buffer_free(&body);
}

void scribe_approve(struct scribe *s, struct scribe_item *made)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct id subject = id_of(s->seed + s->head.seq, "subject");

    made->content = BUFFER(0);
    act_write_id(&body, ACT_SUBJECT, &subject);
    sign(s, ACT_APPROVE, buffer_bytes(&body), made);
    buffer_free(&body);
}

void scribe_item_free(struct scribe_item *made)
{
    buffer_free(&made->entry);
    buffer_free(&made->commit);
    buffer_free(&made->content);
}

struct item scribe_without_content(const struct scribe_item *made)
{
    struct item item = made->item;

    item.content = bytes_of(NULL, 0);
    return item;
}

struct item scribe_late_content(const struct scribe_item *made)
{
    const struct head *head = &made->item.head;

    return (struct item){.head = {.log = head->log, .seq = head->seq, .entry = head->entry},
                         .content = made->item.content};
}
