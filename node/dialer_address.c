/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/dialer_address.h"

#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>

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

/* ---- of one contact ---- */

static void show(struct contact *contact)
{
    if (contact->turn >= contact->address_count)
        contact->turn = 0;
    if (contact->address_count == 0)
        contact->address[0] = '\0';
    else
        snprintf(contact->address, sizeof contact->address, "%s", contact->addresses[contact->turn]);
}

static size_t find(const struct contact *contact, const char *address)
{
    size_t i = 0;

    while (i < contact->address_count && strcmp(contact->addresses[i], address) != 0)
        i++;
    return i;
}

static void take_out(struct contact *contact, size_t at)
{
    free(contact->addresses[at]);
    contact->address_count--;
    for (size_t i = at; i < contact->address_count; i++) {
        contact->addresses[i] = contact->addresses[i + 1];
        contact->sources[i] = contact->sources[i + 1];
    }
}

/* Behind the others of its source and before the next source. */
static void put_in(struct contact *contact, enum dialer_source source, char *address)
{
    size_t at = 0;

    while (at < contact->address_count && contact->sources[at] <= source)
        at++;
    for (size_t i = contact->address_count++; i > at; i--) {
        contact->addresses[i] = contact->addresses[i - 1];
        contact->sources[i] = contact->sources[i - 1];
    }
    contact->addresses[at] = address;
    contact->sources[at] = source;
}

static bool is_among(const char *address, const struct bytes addresses[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(addresses[i], bytes_text(address)))
            return true;
    return false;
}

static bool is_address(const char *text)
{
    char host[LIMIT_ADDRESS + 1], port[6];

    return dialer_split(text, host, port) == ERR_OK && strcmp(port, "0") != 0;
}

bool dialer_address_set(struct contact *contact, enum dialer_source source, const struct bytes addresses[],
                        size_t count)
{
    char now[LIMIT_ADDRESS + 1];
    bool is_new = false;

    snprintf(now, sizeof now, "%s", contact->address);
    for (size_t i = contact->address_count; i-- > 0;)
        if (contact->sources[i] == source && !is_among(contact->addresses[i], addresses, count))
            take_out(contact, i);
    for (size_t i = 0; i < count && contact->address_count < DIALER_ADDRESSES; i++) {
        char *text = strndup((const char *)addresses[i].at, addresses[i].len);

        if (text == NULL || strlen(text) != addresses[i].len || !is_address(text) ||
            find(contact, text) < contact->address_count) {
            free(text);
            continue;
        }
        put_in(contact, source, text);
        is_new = true;
    }
    contact->turn = find(contact, now);
    show(contact);
    return is_new;
}

void dialer_address_clear(struct contact *contact)
{
    while (contact->address_count > 0)
        take_out(contact, contact->address_count - 1);
    show(contact);
}

bool dialer_address_turn(struct contact *contact)
{
    bool is_last = ++contact->tried >= contact->address_count;

    contact->turn++;
    if (is_last)
        contact->tried = 0;
    show(contact);
    return is_last;
}

void dialer_address_begin_with(struct contact *contact, enum dialer_source source)
{
    contact->turn = contact->tried = 0;
    while (contact->turn < contact->address_count && contact->sources[contact->turn] != source)
        contact->turn++;
    show(contact);
}
