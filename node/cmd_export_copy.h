/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_EXPORT_COPY_H
#define NODE_CMD_EXPORT_COPY_H

/* The second half of `igum export`: copies that people read, as a site or in folders. */

#include <stdbool.h>

struct export_copy {
    const char *site, *folder; /* One of them is NULL. */
    const char *language;      /* NULL: that of whoever runs the program. */
    bool restricted;           /* Also what is for the own kibbutz alone. */
};
int cmd_export_copy(const struct export_copy *wanted);

#endif
