/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/dialer.h"

#include "proto/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CONTACTS 256
#define SHUNNED 64
#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS 60000
#define SHUN_FIRST_MS 60000
#define SHUN_LAST_MS 3600000
#define STEADY_MS 10000 /* A session this old was a success: the next failure counts as the first. */

struct shunned {
    struct id channel;
    unsigned offences; /* 0: the place is free. */
    uint64_t until_ms;
};

struct dialer {
    size_t count;
    struct contact contacts[CONTACTS];
    struct shunned shunned[SHUNNED];
};

struct dialer *dialer_new(void)
{
    return calloc(1, sizeof(struct dialer));
}

void dialer_free(struct dialer *d)
{
    free(d);
}

static bool is_port(struct bytes text)
{
    uint64_t port;

    return text.len > 0 && text.len <= 5 && text_to_number(text, &port) && port <= 65535;
}

static bool is_host(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] >= 0x7f || strchr("/@[]\"'\\", text.at[i]))
            return false;
    return text.len > 0;
}

enum err dialer_split(const char *address, char host[LIMIT_ADDRESS + 1], char port[6])
{
    struct bytes rest = bytes_text(address);
    struct bytes name;
    const char *colon = strrchr(address, ':');

    if (rest.len > LIMIT_ADDRESS)
        return ERR_LIMIT;
    if (colon == NULL)
        return ERR_FORMAT;
    name = bytes_of(address, (size_t)(colon - address));
    rest = bytes_from(rest, name.len + 1);
    if (name.len > 2 && name.at[0] == '[' && name.at[name.len - 1] == ']')
        name = bytes_of(name.at + 1, name.len - 2);
    else if (memchr(name.at, ':', name.len))
        return ERR_FORMAT;
    if (!is_host(name) || !is_port(rest))
        return ERR_FORMAT;
    memcpy(host, name.at, name.len);
    host[name.len] = '\0';
    memcpy(port, rest.at, rest.len);
    port[rest.len] = '\0';
    return ERR_OK;
}

enum err dialer_read(struct bytes line, struct id *channel, char address[LIMIT_ADDRESS + 1])
{
    struct bytes key;
    char host[LIMIT_ADDRESS + 1], port[6];
    enum err err;

    if (!text_take(&line, '@', &key))
        return ERR_FORMAT;
    if ((err = id_from_text(key, channel)))
        return err;
    if (line.len > LIMIT_ADDRESS)
        return ERR_LIMIT;
    if (line.len == 0 || memchr(line.at, '\0', line.len))
        return ERR_FORMAT;
    memcpy(address, line.at, line.len);
    address[line.len] = '\0';
    if ((err = dialer_split(address, host, port)))
        return err;
    return strcmp(port, "0") == 0 ? ERR_FORMAT : ERR_OK;
}

static struct contact *find(struct dialer *d, const struct id *channel)
{
    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&d->contacts[i].channel, channel))
            return &d->contacts[i];
    return NULL;
}

enum err dialer_add(struct dialer *d, const struct id *channel, const char *address, uint64_t now)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL) {
        if (d->count == CONTACTS)
            return ERR_LIMIT;
        contact = &d->contacts[d->count++];
        *contact = (struct contact){.channel = *channel};
    }
    assert(strlen(address) <= LIMIT_ADDRESS);
    snprintf(contact->address, sizeof contact->address, "%s", address);
    contact->failures = 0;
    contact->due_ms = now;
    return ERR_OK;
}

enum err dialer_rename(struct dialer *d, const struct id *channel, const struct id *new)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL)
        return ERR_MISSING;
    if (find(d, new) != NULL)
        return dialer_remove(d, channel);
    contact->channel = *new;
    return ERR_OK;
}

enum err dialer_remove(struct dialer *d, const struct id *channel)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL)
        return ERR_MISSING;
    *contact = d->contacts[--d->count];
    return ERR_OK;
}

size_t dialer_count(const struct dialer *d)
{
    return d->count;
}

const struct contact *dialer_at(const struct dialer *d, size_t index)
{
    assert(index < d->count);
    return &d->contacts[index];
}

const struct contact *dialer_find(const struct dialer *d, const struct id *channel)
{
    for (size_t i = 0; i < d->count; i++)
        if (id_equal(&d->contacts[i].channel, channel))
            return &d->contacts[i];
    return NULL;
}

static const struct shunned *find_shunned(const struct dialer *d, const struct id *channel)
{
    for (size_t i = 0; i < SHUNNED; i++)
        if (d->shunned[i].offences > 0 && id_equal(&d->shunned[i].channel, channel))
            return &d->shunned[i];
    return NULL;
}

/* When a contact may be called next; UINT64_MAX while there is no need. */
static uint64_t due(const struct dialer *d, const struct contact *contact)
{
    const struct shunned *shunned;

    if (contact->dialling || contact->open > 0)
        return UINT64_MAX;
    shunned = find_shunned(d, &contact->channel);
    return shunned != NULL && shunned->until_ms > contact->due_ms ? shunned->until_ms : contact->due_ms;
}

const struct contact *dialer_next(struct dialer *d, uint64_t now)
{
    struct contact *first = NULL;

    for (size_t i = 0; i < d->count; i++)
        if (due(d, &d->contacts[i]) <= now && (first == NULL || due(d, &d->contacts[i]) < due(d, first)))
            first = &d->contacts[i];
    if (first != NULL)
        first->dialling = true;
    return first;
}

uint64_t dialer_deadline(const struct dialer *d)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < d->count; i++)
        if (due(d, &d->contacts[i]) < deadline)
            deadline = due(d, &d->contacts[i]);
    return deadline;
}

void dialer_hurry(struct dialer *d, const struct id *channel, uint64_t now)
{
    for (size_t i = 0; i < d->count; i++) {
        struct contact *contact = &d->contacts[i];

        if (channel != NULL && !id_equal(channel, &contact->channel))
            continue;
        contact->due_ms = now;
        contact->failures = 0;
        contact->why[0] = '\0'; /* It was true before; whoever asked wants to know it anew. */
    }
}

uint64_t dialer_backoff_ms(unsigned failures, uint32_t random)
{
    uint64_t base = failures >= 6 ? BACKOFF_LAST_MS : (uint64_t)BACKOFF_FIRST_MS << failures;

    if (base > BACKOFF_LAST_MS)
        base = BACKOFF_LAST_MS;
    return base / 2 + random % (base + 1);
}

static void explain(struct contact *contact, enum dialer_failure why, const char *detail)
{
    char host[LIMIT_ADDRESS + 1], port[6];
    const char *at = contact->address;

    contact->failure = why;
    contact->why[0] = '\0';
    if (dialer_split(at, host, port))
        host[0] = '\0';
    switch (why) {
    case DIALER_UNTRIED: break;
    case DIALER_UNRESOLVED: snprintf(contact->why, sizeof contact->why, "the name %.120s is not known", host); break;
    case DIALER_NOBODY: snprintf(contact->why, sizeof contact->why, "nobody listens at %.120s", at); break;
    case DIALER_UNREACHABLE: snprintf(contact->why, sizeof contact->why, "there is no way to %.120s", at); break;
    case DIALER_SILENT: snprintf(contact->why, sizeof contact->why, "%.120s does not answer", at); break;
    case DIALER_OTHER_KEY:
        snprintf(contact->why, sizeof contact->why, "at %.120s is another key, or another network", at);
        break;
    case DIALER_STRANGER: snprintf(contact->why, sizeof contact->why, "they do not know us yet"); break;
    case DIALER_REFUSED: snprintf(contact->why, sizeof contact->why, "they refuse us: %.160s", detail); break;
    case DIALER_LOST: snprintf(contact->why, sizeof contact->why, "the connection ended: %.160s", detail); break;
    case DIALER_BROKE: snprintf(contact->why, sizeof contact->why, "it broke the protocol: %.160s", detail); break;
    }
}

void dialer_opened(struct dialer *d, const struct id *channel, bool called, uint64_t now)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL)
        return;
    if (called)
        contact->dialling = false;
    contact->open++;
    contact->reached = true;
    contact->opened_ms = now;
    explain(contact, DIALER_UNTRIED, "");
}

void dialer_heard(struct dialer *d, const struct id *channel, uint64_t wall_ms)
{
    struct contact *contact = find(d, channel);

    if (contact != NULL)
        contact->heard_ms = wall_ms;
}

static void wait(struct contact *contact, uint64_t now, uint32_t random)
{
    contact->due_ms = now + dialer_backoff_ms(contact->failures, random);
    if (contact->failures < 16)
        contact->failures++;
}

void dialer_closed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail,
                   uint64_t now, uint32_t random)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL)
        return;
    if (contact->open > 0) /* 0: it was removed and added again in between. */
        contact->open--;
    if (contact->open > 0)
        return;
    explain(contact, why, detail);
    if (now - contact->opened_ms >= STEADY_MS)
        contact->failures = 0;
    wait(contact, now, random);
}

void dialer_failed(struct dialer *d, const struct id *channel, enum dialer_failure why, const char *detail,
                   uint64_t now, uint32_t random)
{
    struct contact *contact = find(d, channel);

    if (contact == NULL)
        return;
    contact->dialling = false;
    if (contact->open > 0) /* It called us meanwhile: nothing to explain. */
        return;
    explain(contact, why, detail);
    wait(contact, now, random);
}

void dialer_shun(struct dialer *d, const struct id *channel, uint64_t now)
{
    struct shunned *place = &d->shunned[0];
    uint64_t wait_ms = SHUN_FIRST_MS;

    for (size_t i = 0; i < SHUNNED; i++) {
        struct shunned *each = &d->shunned[i];

        if (each->offences > 0 && id_equal(&each->channel, channel)) {
            place = each;
            break;
        }
        if (place->offences > 0 && (each->offences == 0 || each->until_ms < place->until_ms))
            place = each;
    }
    if (place->offences == 0 || !id_equal(&place->channel, channel))
        *place = (struct shunned){.channel = *channel};
    for (unsigned i = 0; i < place->offences && wait_ms < SHUN_LAST_MS; i++)
        wait_ms *= 2;
    place->until_ms = now + (wait_ms < SHUN_LAST_MS ? wait_ms : SHUN_LAST_MS);
    if (place->offences < 16)
        place->offences++;
}

bool dialer_shuns(const struct dialer *d, const struct id *channel, uint64_t now)
{
    const struct shunned *shunned = find_shunned(d, channel);

    return shunned != NULL && shunned->until_ms > now;
}
