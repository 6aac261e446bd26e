/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

/*
 * What people call a kibbutz, a node or the holder of a key.  Founders' names stand in the charter, all others in contents
 * (docs/FORMAT.md, 3), which may not be here: then the last digits of the id stand in, as "…ab12".
 */

#include "store/archive.h"
#include "store/roster.h"

#define NAMES_SIZE (LIMIT_NAME + 1)

struct names;

/* Both are borrowed until names_free().  NULL: the archive has no charter yet, or memory is out. */
struct names *names_new(struct archive *archive, const struct roster *roster);
void names_free(struct names *names);

/*
 * Names are kept once they were found.  names_forget() when more is known: a better word may have come for those that stood in
 * for another (true: there were some), and after a change of what governs for all.
 */
bool names_forget(struct names *names, bool all);

/* Of the network, as its charter says it; lent until names_free(). */
struct bytes names_network(const struct names *names);

/* One line of clean text, always something. */
void names_kibbutz(struct names *names, const struct id *kibbutz, char name[NAMES_SIZE]);
void names_key(struct names *names, const struct id *key, char name[NAMES_SIZE]);

/* What stands in for a name that is not known. */
void names_short(const struct id *id, char name[NAMES_SIZE]);

#endif
