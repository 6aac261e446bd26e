/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ADDRESS_H
#define NODE_ADDRESS_H

/* The address of this node that goes into invitations. */

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

#endif
