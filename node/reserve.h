/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_RESERVE_H
#define NODE_RESERVE_H

/* What of a disk attachments never take, so that there is always room for what was signed: 5 in 100 of it, at most 500 MiB. */

#include <stdbool.h>
#include <stdint.h>

/* Whether that much more still leaves the reserve. */
bool reserve_allows(const char *home, uint64_t more);

#endif
