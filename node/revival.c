/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/revival.h"

#include "node/loader.h"
#include "node/log.h"

#include <stdio.h>
#include <sys/statvfs.h>

#define LOOK_EACH_MS 5000
#define AGAIN_MS 30000 /* After a new replica: quotas do not show in the free space, so it may fail again at once. */
#define ROOM MIB(16)   /* A bundle, the pack it becomes, and the index. */

void revival_note(struct node *node, enum err cause, uint64_t now)
{
    snprintf(node->trouble, sizeof node->trouble, "%s: %.200s", err_text(cause),
             archive_reason(storer_archive(node->storer)));
    node->trouble_cause = cause;
    if (cause != ERR_FULL)
        node->revive_ms = UINT64_MAX;
    else if (node->revive_ms < now + LOOK_EACH_MS || node->revive_ms == UINT64_MAX)
        node->revive_ms = now + LOOK_EACH_MS;
    log_event("store failed", "%s", node->trouble);
}

static bool has_room(const char *home)
{
    struct statvfs disk;

    return statvfs(home, &disk) == 0 && (disk.f_flag & ST_RDONLY) == 0 && disk.f_bavail >= ROOM / disk.f_frsize;
}

bool revival_is_due(struct node *node, bool asked, uint64_t now)
{
    if (node->trouble[0] == '\0' || node->trouble_cause != ERR_FULL || (!asked && now < node->revive_ms))
        return false;
    node->revive_ms = now + LOOK_EACH_MS;
    return has_room(node->home);
}

bool revival_run(struct node *node, uint64_t now)
{
    struct replica *old = node->replica;
    char reason[NODE_REASON] = "";

    node->replica = NULL;
    if (loader_fill(node, reason) != ERR_OK) {
        replica_free(node->replica);
        node->replica = old;
        node->revive_ms = now + LOOK_EACH_MS;
        log_event("store still fails", "%s", reason);
        return false;
    }
    replica_free(old);
    node->trouble[0] = '\0';
    node->revive_ms = now + AGAIN_MS;
    log_event("there is room again", "the node takes in what came meanwhile");
    return true;
}
