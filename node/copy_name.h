/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COPY_NAME_H
#define NODE_COPY_NAME_H

/* Where the pages of this site lie in a copy of it: names that every file system takes, made of letters, digits, '-', '_' and '.'. */

#include "proto/buffer.h"

#define COPY_NAME_SIZE 512

/*
 * The file of an address: "/d/ID?page=2" becomes "d/12/34_page-2.html".  An id is cut to half its digits, the first of a
 * path is split, so that no directory grows large.  The ending of an attachment is that of its name, when browsers and
 * offices do with such a file nothing but show it; else ".bin": no name makes a page or a program of it.
 */
void copy_name(const char *path, struct bytes file, char name[COPY_NAME_SIZE]);

/* Appends the way from one file to another. */
void copy_name_relative(const char *from, const char *to, struct buffer *out);

#endif
