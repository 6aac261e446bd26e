/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What two headers of a request say: by which name we are called, and in which language to answer. */
#include "node/reader.h"

#include "proto/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static bool is_port(struct bytes text)
{
    uint64_t port;

    return text_to_number(text, &port) && port > 0 && port <= 65535;
}

static bool is_literal(int family, struct bytes text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

static bool is_name(struct bytes text, const char *name)
{
    return text.len == strlen(name) && strncasecmp((const char *)text.at, name, text.len) == 0;
}

bool reader_knows_host(struct bytes host, const char *const names[])
{
    struct bytes name = host, rest;

    if (host.len == 0)
        return false;
    if (host.at[0] == '[') {
        rest = bytes_from(host, 1);
        if (!text_take(&rest, ']', &name) || name.len == 0)
            return false;
        return is_literal(AF_INET6, name) && (rest.len == 0 || (rest.at[0] == ':' && is_port(bytes_from(rest, 1))));
    }
    rest = host;
    if (text_take(&rest, ':', &name) && !is_port(rest))
        return false;
    if (name.len == 0)
        return false;
    if (is_literal(AF_INET, name) || is_name(name, "localhost"))
        return true;
    for (size_t i = 0; names != NULL && names[i] != NULL; i++)
        if (is_name(name, names[i]))
            return true;
    return false;
}

/* The primary tag of one range of Accept-Language, unless its weight is nothing. */
static bool range_is(struct bytes range, const char *tag)
{
    size_t len = strlen(tag);

    while (range.len > 0 && range.at[0] == ' ')
        range = bytes_from(range, 1);
    if (range.len < len || strncasecmp((const char *)range.at, tag, len) != 0)
        return false;
    range = bytes_from(range, len);
    return range.len == 0 || range.at[0] == '-' || range.at[0] == ';' || range.at[0] == ' ';
}

bool reader_prefers_english(struct bytes accept)
{
    bool english = false;

    while (accept.len > 0) {
        struct bytes range = accept;

        if (text_take(&accept, ',', &range) == false)
            accept = bytes_of(NULL, 0);
        /* Many an Israeli computer speaks English first: whoever reads Hebrew at all gets Hebrew. */
        if (range_is(range, "he") || range_is(range, "iw"))
            return false;
        english = english || range_is(range, "en");
    }
    return english;
}
