/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_FAULTS_H
#define TESTS_SIM_FAULTS_H

/* Where it breaks: at chosen moments much more than at any other. */

#include "tests/sim/world.h"

enum fault_moment {
    FAULT_AT_PUBLISH,   /* Just after a publication was handed over. */
    FAULT_AT_WRITE,     /* Between the steps of a store. */
    FAULT_AT_DURABLE,   /* Durable, not yet told. */
    FAULT_AT_PUBLISHED, /* Just after it was acknowledged. */
    FAULT_AT_HANDSHAKE,
    FAULT_AT_OPENED,
    FAULT_AT_READ,      /* While another catches up from here. */
    FAULT_AT_RELAY,     /* Right after a push was passed on. */
    FAULT_AT_CHARTER,
};

void faults_begin(struct world *w);
/* A moment has come at a node: perhaps something breaks, now or very soon. */
void faults_after(struct world *w, enum fault_moment moment, uint32_t node);
/* An event that faults.c asked for. */
void faults_event(struct world *w, uint32_t node, uint32_t what);
/* From now on everything works. */
void faults_end(struct world *w);
/* How long a step of a store takes, and whether a sync fails. */
uint64_t faults_disk_ms(struct world *w, uint32_t node);
bool faults_sync_fails(struct world *w, uint32_t node);

#endif
