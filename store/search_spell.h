/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_SPELL_H
#define STORE_SEARCH_SPELL_H

/* What was meant by a word that stands nowhere. */

#include "store/index.h"
#include "store/search_plan.h"

/*
 * Gives each unit of the plan whose word is not in the index those that are and are one mistake away: first letters that sound
 * alike, vowels, changed places and letters too many, then any letter.  A word that the dictionary knows is taken at its word.  `respelt` gets the first of them, for people, when `any` is set.
 */
enum err search_spell(struct search_plan *plan, struct index *index, struct terms *terms, char *respelt, size_t size,
                      bool *any);

#endif
