/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "node/node.h"
#include "proto/act.h"
#include "proto/text.h"

/* Splits at the last colon, brackets taken off.  False: no host and port. */
static bool split(const char *text, struct bytes *host, uint64_t *port)
{
    const char *colon = strrchr(text, ':');
    bool has_brackets = text[0] == '[';

    if (colon == NULL || !text_to_number(bytes_text(colon + 1), port) || *port == 0 || *port > UINT16_MAX)
        return false;
    *host = bytes_of(text, (size_t)(colon - text));
    if (has_brackets) {
        if (host->len < 3 || host->at[host->len - 1] != ']')
            return false;
        *host = bytes_of(host->at + 1, host->len - 2);
    }
    return host->len > 0 && (has_brackets || memchr(host->at, ':', host->len) == NULL);
}

bool address_is_right(const char *text)
{
    struct bytes host;
    uint64_t port;

    if (strlen(text) > LIMIT_ADDRESS || !split(text, &host, &port))
        return false;
    for (size_t i = 0; i < host.len; i++)
        if (host.at[i] <= ' ' || host.at[i] >= 0x7f || host.at[i] == '@' || host.at[i] == '/')
            return false;
    return true;
}

static bool is_any_address(struct bytes host)
{
    return bytes_equal(host, bytes_text("0.0.0.0")) || bytes_equal(host, bytes_text("::")) ||
           bytes_equal(host, bytes_text("*"));
}

static void guess(char address[LIMIT_ADDRESS + 1], unsigned port)
{
    char host[INET_ADDRSTRLEN] = "127.0.0.1";
    struct ifaddrs *all = NULL;

    if (getifaddrs(&all) == 0) {
        for (struct ifaddrs *at = all; at != NULL; at = at->ifa_next) {
            struct sockaddr_in in;

            if (at->ifa_addr == NULL || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_LOOPBACK) != 0 ||
                (at->ifa_flags & IFF_UP) == 0)
                continue;
            memcpy(&in, at->ifa_addr, sizeof in);
            if (inet_ntop(AF_INET, &in.sin_addr, host, sizeof host) != NULL)
                break;
        }
        freeifaddrs(all);
    }
    (void)snprintf(address, LIMIT_ADDRESS + 1, "%s:%u", host, port);
}

void address_own(const struct config *config, char address[LIMIT_ADDRESS + 1], bool *is_guess)
{
    const char *public = config_value(config, "public", 0);
    const char *listen = config_value(config, "listen", 0);
    struct bytes host = {NULL, 0};
    uint64_t port = NODE_PEER_PORT;
    bool listens = listen != NULL && split(listen, &host, &port);

    *is_guess = false;
    if (public != NULL && address_is_right(public))
        (void)snprintf(address, LIMIT_ADDRESS + 1, "%s", public);
    else if (listens && !is_any_address(host) && address_is_right(listen))
        (void)snprintf(address, LIMIT_ADDRESS + 1, "%s", listen);
    else {
        *is_guess = true;
        guess(address, listens ? (unsigned)port : NODE_PEER_PORT);
    }
}

enum err address_advertised(const struct config *config, char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1],
                            size_t *count)
{
    const char *value = config_value(config, "advertise", 0);
    const char *public = config_value(config, "public", 0);

    *count = 0;
    if (value == NULL && (public == NULL || !address_is_right(public)))
        return ERR_MISSING;
    if (value == NULL)
        (void)snprintf(addresses[(*count)++], LIMIT_ADDRESS + 1, "%s", public);
    for (size_t i = 0; (value = config_value(config, "advertise", i)) != NULL && *count < LIMIT_ADDRESSES; i++) {
        if (strcmp(value, "off") == 0) {
            *count = 0;
            return ERR_OK;
        }
        if (address_is_right(value))
            (void)snprintf(addresses[(*count)++], LIMIT_ADDRESS + 1, "%s", value);
    }
    return ERR_OK;
}

static bool is_among(const char *address, char list[][LIMIT_ADDRESS + 1], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], address) == 0)
            return true;
    return false;
}

bool address_same(char a[][LIMIT_ADDRESS + 1], size_t a_count, char b[][LIMIT_ADDRESS + 1], size_t b_count)
{
    bool same = true;

    for (size_t i = 0; i < a_count && same; i++)
        same = is_among(a[i], b, b_count);
    for (size_t i = 0; i < b_count && same; i++)
        same = is_among(b[i], a, a_count);
    return same;
}
