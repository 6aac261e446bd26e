/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PERSON_MATCH_H
#define NODE_PERSON_MATCH_H

/* Whom somebody means who types a name, a role, a kibbutz or a subject. */

#include "store/index.h"

/* Whether each of the words begins one of the text's. */
bool person_match_text(struct bytes text, struct bytes words);

/* The same of what a document says of a person, and of its title. */
bool person_match(const struct index_person *person, struct bytes words);

#endif
