/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_IMPORT_H
#define NODE_CMD_IMPORT_H

#include <stddef.h>

/* Takes these bundle files in, and tells what came of each.  An exit code. */
int cmd_import_files(const char *const *paths, size_t count);

#endif
