/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SAFE_NAME_H
#define NODE_SAFE_NAME_H

/* Names of files that people chose as titles: ones that Linux, Windows, macOS and a FAT stick take alike. */

#include "proto/bytes.h"

#define SAFE_NAME_LETTERS 60
#define SAFE_NAME_SIZE (4 * SAFE_NAME_LETTERS + 32)

/*
 * The nearest name to a foreign text, at most SAFE_NAME_LETTERS of it, in NFC: without slashes, what shells and file systems
 * reserve, control and direction characters, spaces and dots at its ends; `instead` when nothing is left.
 */
void safe_name(struct bytes text, const char *instead, char name[SAFE_NAME_SIZE]);

/* The same for the name of a file: its ending stays. */
void safe_name_of_file(struct bytes text, const char *instead, char name[SAFE_NAME_SIZE]);

/* Two names of which this is the same are one name on Windows: lower case. */
void safe_name_fold(const char *name, char folded[SAFE_NAME_SIZE]);

#endif
