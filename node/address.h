/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ADDRESS_H
#define NODE_ADDRESS_H

/* The addresses of this node, that go into invitations and that the others are told of. */

#include <stdbool.h>

#include "node/config.h"
#include "proto/limits.h"

/* host:port or [host]:port, with a port from 1 to 65535. */
bool address_is_right(const char *text);

/*
 * `public` of the configuration; else where it listens; else, where it listens to all, the first address of this machine
 * that is not its own loop, `is_guess` set.
 */
void address_own(const struct config *config, char address[LIMIT_ADDRESS + 1], bool *is_guess);

/*
 * The addresses that the node tells the others of: every `advertise` of the configuration, none where one says `off`; else `public`.
 * Where neither is set: ERR_MISSING, and they are those where it listens and others can reach it.
 */
enum err address_advertised(const struct config *config, char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1], size_t *count);

/* Whether two lists hold the same addresses, in any order. */
bool address_same(char a[][LIMIT_ADDRESS + 1], size_t a_count, char b[][LIMIT_ADDRESS + 1], size_t b_count);

#endif
