/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_NEARNESS_H
#define NODE_NEARNESS_H

/* Who may read what is for the kibbutz alone: nobody but those who sit at the node, or on the office's network. */

#include <stdbool.h>
#include <sys/socket.h>

enum nearness { NEARNESS_NOBODY, NEARNESS_LOCALHOST, NEARNESS_LAN };

/* The value of `kibbutz-readers` in igum.conf; NULL: not said, the office's network.  False: it is none of the three words. */
bool nearness_read(const char *word, enum nearness *readers);

/*
 * Whether a caller is among them, by the address that it calls from: loopback; for the network also private, link-local
 * and unique local ones.
 */
bool nearness_of(const struct sockaddr *caller, enum nearness readers);

#endif
