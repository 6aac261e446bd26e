/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/lone.h"

#include "node/control.h"
#include "node/driver.h"
#include "node/host.h"
#include "node/keeper.h"
#include "node/log.h"
#include "node/reserve.h"

#include <stdio.h>
#include <stdlib.h>

struct lone {
    struct node *node;
    bool has_news; /* Something was taken in that no receipt of this node tells of. */
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
    if (lone->has_news)
        keeper_sign(lone->node);
    keeper_write(lone->node);
    lone->node->stop_asked = true;
    running_run(lone->node);
    running_close(lone->node);
    free(lone);
}

enum err lone_chunk(struct lone *lone, const struct file_chunk *chunk, char reason[NODE_REASON])
{
    bool whole;
    enum err err = reserve_allows(lone->node->home, chunk->bytes.len)
                       ? archive_add_chunk(storer_archive(lone->node->storer), chunk, &whole)
                       : ERR_FULL;

    lone->has_news = lone->has_news || err == ERR_OK;
    if (err != ERR_OK)
        snprintf(reason, NODE_REASON, "%s", archive_reason(storer_archive(lone->node->storer)));
    return err;
}

enum err lone_receipt(struct lone *lone, struct bytes whole)
{
    enum err err = replica_take_receipt(lone->node->replica, whole, host_monotonic_ms());

    keeper_write(lone->node);
    return err;
}

enum err lone_keep_charter(const char *home, struct bytes text, char reason[NODE_REASON])
{
    struct lone *lone = NULL;
    enum err err = lone_open(home, &lone, reason);

    if (err == ERR_OK && (err = archive_set_charter(storer_archive(lone->node->storer), text)) != ERR_OK)
        snprintf(reason, NODE_REASON, "%s", archive_reason(storer_archive(lone->node->storer)));
    lone_close(lone);
    return err;
}

void lone_sign(const char *home)
{
    char reason[NODE_REASON] = "";
    struct lone *lone = NULL;

    if (control_running(home))
        return; /* It signs by itself. */
    log_quiet(true);
    if (lone_open(home, &lone, reason) == ERR_OK)
        lone->has_news = true;
    lone_close(lone);
}

enum err lone_import(struct lone *lone, struct bytes bundle, uint64_t *left_out, char reason[NODE_REASON])
{
    enum err err = driver_import(lone->node, bundle, left_out);

    lone->has_news = lone->has_news || err == ERR_OK;
    if (lone->node->trouble[0] != '\0')
        snprintf(reason, NODE_REASON, "%s", lone->node->trouble);
    return err;
}
