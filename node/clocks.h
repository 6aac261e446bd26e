/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CLOCKS_H
#define NODE_CLOCKS_H

/*
 * Whose clock is off, by what connected peers told of theirs.  Nothing is decided by clocks; but what is signed by a wrong one bears
 * a wrong time for ever, and a machine whose clock is far off signs nothing.  Reads no clock.
 */

#include <stddef.h>
#include <stdint.h>

#define CLOCKS_OFF_MS 600000 /* Less is what clocks that nobody sets do. */

enum clocks_off {
    CLOCKS_GOOD,
    CLOCKS_THEIRS, /* More of the others go with ours. */
    CLOCKS_OURS,   /* More go with theirs. */
    CLOCKS_EITHER, /* As many: nobody here can tell. */
};

/* `ahead_ms`: by how much the clocks of peers are ahead of ours; judges that of `which`. */
enum clocks_off clocks_judge(const int64_t ahead_ms[], size_t count, size_t which);

#endif
