/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_STORE_CONTRACT_LIAR_H
#define TESTS_STORE_CONTRACT_LIAR_H

/* Stores that break the contract in one way each, made from one that keeps to it: the contract test can fail. */

#include "tests/store/contract.h"

/* Returns the lie that was not reported for what it is, or NULL: each was, and the same wrapper without a lie passed. */
const char *contract_liar_unnoticed(const struct contract_store *honest);

#endif
