/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

/* store/words.txt, which is part of the program; store/words.cmake writes it out as C. */

#include "proto/bytes.h"

extern const struct bytes words_shipped;

#endif
