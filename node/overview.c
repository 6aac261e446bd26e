/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/overview.h"

#include <stdlib.h>

#define STRINGS_MAX ((size_t)MIB(4))

/* What does not fit is left empty: four million bytes of names are no office's. */
static struct bytes keep(struct overview *o, struct bytes text)
{
    uint8_t *at = o->strings + o->strings_len;

    if (text.len == 0 || text.len > STRINGS_MAX - o->strings_len)
        return bytes_of(NULL, 0);
    memcpy(at, text.at, text.len);
    o->strings_len += text.len;
    return bytes_of(at, text.len);
}

static void write_key(struct bytes text, const struct id *kibbutz, char key[OVERVIEW_KEY_LEN + 1])
{
    struct buffer whole = BUFFER(KIB(8));
    char digits[ID_TEXT_LEN + 1];
    struct id hash;

    if (kibbutz != NULL)
        buffer_add(&whole, id_bytes(kibbutz));
    buffer_add(&whole, text);
    hash = id_hash(ID_BLOB, buffer_bytes(&whole));
    id_to_text(&hash, digits);
    memcpy(key, digits, OVERVIEW_KEY_LEN);
    key[OVERVIEW_KEY_LEN] = '\0';
    buffer_free(&whole);
}

/* ---- gathering ---- */

static enum err take_book(void *context, const struct index_book *book)
{
    struct overview *o = context;
    struct overview_book *kept = &o->books[o->book_count];

    if (o->book_count == OVERVIEW_BOOKS)
        return ERR_OK;
    *kept = (struct overview_book){.kibbutz = book->kibbutz,
                                   .body = keep(o, book->body),
                                   .year = book->year,
                                   .minutes = book->minutes,
                                   .numbers = book->numbers,
                                   .last = book->last};
    write_key(book->body, &book->kibbutz, kept->key);
    o->book_count++;
    return ERR_OK;
}

static struct overview_topic topic_of(struct overview *o, struct bytes text, uint64_t documents)
{
    struct overview_topic topic = {.text = keep(o, text), .documents = documents};

    write_key(text, NULL, topic.key);
    return topic;
}

static enum err take_topic(void *context, struct bytes text, uint64_t documents)
{
    struct overview *o = context;

    o->topics[o->topic_count++] = topic_of(o, text, documents);
    return ERR_OK;
}

static enum err take_subject(void *context, struct bytes text, uint64_t documents)
{
    struct overview *o = context;

    o->subjects[o->subject_count++] = topic_of(o, text, documents);
    return ERR_OK;
}

static enum err take_share(void *context, const struct id *kibbutz, uint64_t documents)
{
    struct overview *o = context;

    if (o->share_count < OVERVIEW_KIBBUTZIM)
        o->shares[o->share_count++] = (struct overview_share){*kibbutz, documents};
    return ERR_OK;
}

static enum err take_person(void *context, const struct index_person *person)
{
    struct overview *o = context;

    if (o->person_count < OVERVIEW_PEOPLE)
        o->people[o->person_count++] = (struct index_person){.name = keep(o, person->name),
                                                             .phone = keep(o, person->phone),
                                                             .role = keep(o, person->role),
                                                             .kibbutz = keep(o, person->kibbutz),
                                                             .confirmed = keep(o, person->confirmed),
                                                             .document = person->document,
                                                             .title = keep(o, person->title)};
    return ERR_OK;
}

static enum err take_newest(void *context, const struct index_entry *entry)
{
    struct overview *o = context;

    o->newest = entry->clock;
    return ERR_OK;
}

static int by_share(const void *a, const void *b)
{
    const struct overview_share *left = a, *right = b;

    return left->documents != right->documents ? (left->documents < right->documents ? 1 : -1)
                                               : memcmp(left->kibbutz.at, right->kibbutz.at, ID_LEN);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.at, b.at, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_confirmation(const void *a, const void *b)
{
    const struct index_person *left = a, *right = b;
    int order = compare(right->confirmed, left->confirmed);

    if (order == 0)
        order = compare(left->name, right->name);
    return order != 0 ? order : compare(left->kibbutz, right->kibbutz);
}

enum err overview_stamp_read(struct index *index, struct overview_stamp *stamp)
{
    enum err err = index_version(index, &stamp->version);

    return err ? err : index_recalls(index, &stamp->recalls);
}

bool overview_serves(const struct overview_stamp *made, const struct overview_stamp *now, bool is_young)
{
    return made->version == now->version || (is_young && made->recalls == now->recalls);
}

struct overview *overview_make(struct index *index)
{
    struct overview *o = calloc(1, sizeof *o);
    const struct bytes all = {.len = 0};
    enum err err;

    if (o == NULL || (o->strings = malloc(STRINGS_MAX)) == NULL) {
        overview_free(o);
        return NULL;
    }
    if ((err = index_count(index, &o->counts)) || (err = index_each_newest(index, 1, 0, take_newest, o)) ||
        (err = index_each_book(index, take_book, o)) ||
        (err = index_each_subject(index, all, OVERVIEW_TOPICS, take_topic, o)) ||
        (err = index_each_subject(index, bytes_text("decision"), OVERVIEW_TOPICS, take_subject, o)) ||
        (err = index_each_share(index, take_share, o)) || (err = index_each_person(index, all, take_person, o))) {
        overview_free(o);
        return NULL;
    }
    qsort(o->shares, o->share_count, sizeof *o->shares, by_share);
    qsort(o->people, o->person_count, sizeof *o->people, by_confirmation);
    return o;
}

void overview_free(struct overview *o)
{
    if (o == NULL)
        return;
    free(o->strings);
    free(o);
}

const struct overview_book *overview_find_book(const struct overview *o, struct bytes key, unsigned year)
{
    for (size_t i = 0; i < o->book_count; i++)
        if (bytes_equal(key, bytes_text(o->books[i].key)) && (year == 0 || year == o->books[i].year))
            return &o->books[i];
    return NULL;
}

const struct overview_topic *overview_find_topic(const struct overview *o, struct bytes key)
{
    for (size_t i = 0; i < o->topic_count; i++)
        if (bytes_equal(key, bytes_text(o->topics[i].key)))
            return &o->topics[i];
    for (size_t i = 0; i < o->subject_count; i++)
        if (bytes_equal(key, bytes_text(o->subjects[i].key)))
            return &o->subjects[i];
    return NULL;
}
