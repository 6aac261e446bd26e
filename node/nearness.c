/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/nearness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

bool nearness_read(const char *word, enum nearness *readers)
{
    static const char *const words[] = {
        [NEARNESS_NOBODY] = "nobody", [NEARNESS_LOCALHOST] = "localhost", [NEARNESS_LAN] = "lan"};

    *readers = NEARNESS_LAN;
    if (word == NULL)
        return true;
    for (int i = NEARNESS_NOBODY; i <= NEARNESS_LAN; i++)
        if (strcmp(word, words[i]) == 0) {
            *readers = (enum nearness)i;
            return true;
        }
    *readers = NEARNESS_NOBODY; /* What is not understood opens nothing. */
    return false;
}

static enum nearness where_v4(uint32_t address)
{
    if (address >> 24 == 127)
        return NEARNESS_LOCALHOST;
    if (address >> 24 == 10 || address >> 20 == 0xAC1 || address >> 16 == 0xC0A8 || address >> 16 == 0xA9FE)
        return NEARNESS_LAN;
    return NEARNESS_NOBODY;
}

/* How near an address is; nobody: it is of the world. */
static enum nearness where_v6(const struct in6_addr *address)
{
    uint32_t v4;

    if (IN6_IS_ADDR_V4MAPPED(address)) {
        memcpy(&v4, address->s6_addr + 12, sizeof v4);
        return where_v4(ntohl(v4));
    }
    if (IN6_IS_ADDR_LOOPBACK(address))
        return NEARNESS_LOCALHOST;
    if (IN6_IS_ADDR_LINKLOCAL(address) || (address->s6_addr[0] & 0xFE) == 0xFC)
        return NEARNESS_LAN;
    return NEARNESS_NOBODY;
}

bool nearness_of(const struct sockaddr *caller, enum nearness readers)
{
    enum nearness where = NEARNESS_NOBODY;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (caller != NULL && caller->sa_family == AF_INET) {
        memcpy(&v4, caller, sizeof v4);
        where = where_v4(ntohl(v4.sin_addr.s_addr));
    } else if (caller != NULL && caller->sa_family == AF_INET6) {
        memcpy(&v6, caller, sizeof v6);
        where = where_v6(&v6.sin6_addr);
    }
    return where != NEARNESS_NOBODY && where <= readers;
}
