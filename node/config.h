/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

/*
 * HOME/igum.conf: lines `name = value`, comments after '#' at the start of a line.  People may edit it; what is not
 * understood is kept as it is.  Names in use: `name` (of this node), `listen`, `http`, `public` (the address that goes into invitations),
 * `host` (a name by which browsers may call the reader, any number of them),
 * `peer` (CHANNELKEY@HOST:PORT, any number of them), `removed` (the key of a node that is neither called nor let in, likewise), `advertise` (an address that the other nodes are told of, up to eight
 * of them, or `off`), `discovery` (`off`: neither tell nor hear on this network who is here),
 * `accessibility` (whom members ask about that: a name and phones, with commas),
 * `kibbutz-readers` (`lan`, which is the default, `localhost` or `nobody`: who reads here what is for the kibbutz alone; behind a
 * proxy everybody seems to be at localhost), `attachments` (`all`, or `on-demand`: only those that somebody here wants).
 */

#include <stdbool.h>
#include <stddef.h>

#include "proto/error.h"

#define CONFIG_FILE "igum.conf"

struct config;

/* Reads it; a file that is not there is empty.  ERR_MEMORY, ERR_IO, ERR_LIMIT (too long).  The caller frees it. */
enum err config_load(const char *home, struct config **config);
void config_free(struct config *c); /* Accepts NULL. */

/* The `index`th value of that name, NULL when there are fewer.  Lent until the next change. */
const char *config_value(const struct config *c, const char *name, size_t index);

/* Whether attachments are fetched only when somebody here wants them. */
bool config_fetches_on_demand(const struct config *c);

/* Sets the only value of a name; the first line of that name keeps its place.  ERR_FORMAT: it is not one line. */
enum err config_set(struct config *c, const char *name, const char *value);

/* Adds a value beside others.  ERR_EXISTS: it is there already. */
enum err config_add(struct config *c, const char *name, const char *value);

/* Removes every line of that name and value.  False: there was none. */
bool config_remove(struct config *c, const char *name, const char *value);

/* Writes it back, all or nothing.  ERR_IO, ERR_FULL. */
enum err config_save(const struct config *c);

#endif
