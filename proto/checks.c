/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/checks.h"

#include <stdlib.h>

#include "proto/content.h"
#include "proto/mutant.h"

#define KEEP 2048 /* As many as an answer brings, mostly: half a MiB. */
#define FIRST 64

struct check {
    enum { CHECK_SIGNATURE, CHECK_CONTENT } kind;
    bool holds;
    struct sshsig_check signature;
    struct bytes packed;
    struct id content;
};

void checks_free(struct checks *checks)
{
    free(checks->at);
    *checks = (struct checks){0};
}

void checks_clear(struct checks *checks)
{
    if (checks->size > KEEP)
        checks_free(checks);
    checks->count = 0;
}

static struct check *add(struct checks *checks)
{
    if (checks->count == checks->size) {
        size_t size = checks->size ? checks->size * 2 : FIRST;
        struct check *at = realloc(checks->at, size * sizeof *at);

        if (!at)
            return NULL;
        checks->at = at;
        checks->size = size;
    }
    checks->at[checks->count] = (struct check){.kind = CHECK_SIGNATURE};
    return &checks->at[checks->count++];
}

struct sshsig_check *checks_add_signature(struct checks *checks)
{
    struct check *check = add(checks);

    return check ? &check->signature : NULL;
}

enum err checks_add_content(struct checks *checks, struct bytes packed, const struct id *id)
{
    struct check *check = add(checks);

    if (!check)
        return ERR_MEMORY;
    check->kind = CHECK_CONTENT;
    check->packed = packed;
    check->content = *id;
    return ERR_OK;
}

static bool content_holds(const struct check *check)
{
    struct content *content = malloc(sizeof *content);
    bool holds = content && content_open(check->packed, content) == ERR_OK &&
                 (id_equal(&content->id, &check->content) || MUTANT(MUTANT_SKIP_CONTENT_DIGEST));

    free(content);
    return holds;
}

static void verify(void *context, size_t index)
{
    struct checks *checks = context;
    struct check *check = &checks->at[index];

    if (check->kind == CHECK_CONTENT)
        check->holds = content_holds(check);
    else
        check->holds = MUTANT(MUTANT_SKIP_SIGNATURE) || sshsig_check_holds(&check->signature);
}

bool checks_hold(struct checks *checks, const struct parallel *parallel)
{
    bool hold = true;

    parallel_run(parallel, checks->count, verify, checks);
    for (size_t i = 0; i < checks->count; i++)
        hold = hold && checks->at[i].holds;
    return hold;
}
