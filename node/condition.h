/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CONDITION_H
#define NODE_CONDITION_H

/* How things stand in one home: for status, and for `igum` alone. */

#include "node/office.h"
#include "node/output.h"

struct condition {
    struct id network, root;
    struct id kibbutz, node;
    bool has_kibbutz, has_node;
    uint64_t entries, documents, contents_missing, unread;
    uint64_t files_missing; /* Attachments that contents here name. */
    uint64_t contents_erased, documents_void, documents_contested;
    uint64_t search_behind; /* Texts that cannot be searched yet. */
    bool has_dictionary;
    size_t forks, forks_settled;
    struct output_json *report; /* Of the running node; NULL: none runs. */
};

/* An exit code of node/command.h.  The caller frees it in any case. */
int condition_load(struct office *o, struct condition *condition);
void condition_free(struct condition *condition);

/* The contract's object; taken over by who prints it. */
struct output_json *condition_write(struct office *o, const struct condition *condition);

/* The same in words. */
void condition_print(struct office *o, const struct condition *condition);

#endif
