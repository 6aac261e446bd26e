/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ITEM_H
#define PROTO_ITEM_H

/* What is handed to a store: verified, and to be made durable.  An entry, with or without its content, or a content that comes later. */

#include "proto/entry.h"

struct item {
    struct head head;     /* The log's head after this entry; for a late content: its entry's log, seq and id only. */
    struct id prev;       /* The entry before it; zeros at seq 1. */
    bool branches;        /* Another entry has its place already: the log forks here. */
    struct bytes entry;   /* The wire form; empty for a late content. */
    struct bytes commit;  /* The git commit rebuilt from it; empty for a late content. */
    struct bytes content; /* The packed content; empty when it is not here. */
    struct id content_id; /* What it is, if whoever hands it over has just verified it; zeros: whoever stores it does. */
};

#endif
