/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

/*
 * Published test vectors, which are not part of the project: in the directory named by IGUM_VECTORS, else in
 * ../shared/vectors beside it.  Where that directory is missing the running test is skipped and says so; a file missing
 * in it is a failure.  All that is returned here lives until the program ends.
 */

#include <jansson.h>

#include "proto/bytes.h"

/* The path of a file or directory of the vectors. */
const char *vectors_path(const char *name);

struct bytes vectors_file(const char *name);
json_t *vectors_json(const char *name);

/* A member of an object: a string, and the bytes of a string of hex digits.  A missing one fails the test. */
const char *vectors_text(const json_t *object, const char *member);
struct bytes vectors_hex(const json_t *object, const char *member);

/* The bytes of hex digits, white space between them ignored. */
struct bytes vectors_from_hex(const char *hex);

#endif
