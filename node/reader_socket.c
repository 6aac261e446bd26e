/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader_socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static enum err split_address(const char *http, char host[NI_MAXHOST], const char **port)
{
    const char *colon = strrchr(http, ':');
    size_t len = colon != NULL ? (size_t)(colon - http) : 0;

    if (len == 0 || len >= NI_MAXHOST)
        return ERR_FORMAT;
    if (http[0] == '[' && http[len - 1] == ']') {
        http++;
        len -= 2;
    }
    memcpy(host, http, len);
    host[len] = '\0';
    *port = colon + 1;
    return ERR_OK;
}

static enum err bind_to(const struct addrinfo *address, int *fd)
{
    int one = 1, unsent = 64 * 1024; /* Of a client that does not read, no more than this waits in the kernel. */
    int s = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (s < 0)
        return ERR_IO;
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        setsockopt(s, SOL_SOCKET, SO_SNDBUF, &unsent, sizeof unsent) < 0 ||
        bind(s, address->ai_addr, address->ai_addrlen) < 0 || listen(s, SOMAXCONN) < 0) {
        enum err err = errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;

        close(s);
        return err;
    }
    *fd = s;
    return ERR_OK;
}

enum err reader_listen(const char *http, int *fd, char address[READER_ADDRESS], char reason[READER_REASON])
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    char host[NI_MAXHOST], service[NI_MAXSERV];
    const char *port;
    enum err err;

    if (split_address(http, host, &port) != ERR_OK || getaddrinfo(host, port, &hints, &found) != 0) {
        snprintf(reason, READER_REASON, "'%s' is no address to listen on: ADDR:PORT is wanted", http);
        return ERR_FORMAT;
    }
    err = bind_to(found, fd);
    if (err != ERR_OK)
        snprintf(reason, READER_REASON, "cannot listen on %s: %s", http, strerror(errno));
    freeaddrinfo(found);
    if (err != ERR_OK)
        return err;
    if (getsockname(*fd, (struct sockaddr *)&bound, &bound_len) < 0 ||
        getnameinfo((struct sockaddr *)&bound, bound_len, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return ERR_IO;
    snprintf(address, READER_ADDRESS, strchr(host, ':') != NULL ? "[%.90s]:%.10s" : "%.90s:%.10s", host, service);
    return ERR_OK;
}
