/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/lone.h"

#include "node/driver.h"

#include <stdio.h>
#include <stdlib.h>

struct lone {
    struct node *node;
};

enum err lone_open(const char *home, struct lone **lone, char reason[NODE_REASON])
{
    struct lone *made = calloc(1, sizeof *made);
    enum err err = made == NULL ? ERR_MEMORY : running_open(home, &made->node, reason);

    if (err != ERR_OK) {
        free(made);
        return err;
    }
    *lone = made;
    return ERR_OK;
}

void lone_close(struct lone *lone)
{
    if (lone == NULL)
        return;
    lone->node->stop_asked = true;
    running_run(lone->node);
    running_close(lone->node);
    free(lone);
}

enum err lone_import(struct lone *lone, struct bytes bundle, uint64_t *left_out, char reason[NODE_REASON])
{
    enum err err = driver_import(lone->node, bundle, left_out);

    if (lone->node->trouble[0] != '\0')
        snprintf(reason, NODE_REASON, "%s", lone->node->trouble);
    return err;
}
