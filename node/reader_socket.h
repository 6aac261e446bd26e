/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_READER_SOCKET_H
#define NODE_READER_SOCKET_H

/* The socket that the reader listens on. */

#include "node/reader.h"

#define READER_ADDRESS 128

/* Listens on ADDR:PORT; `address` says where.  Errors as reader_open()'s. */
enum err reader_listen(const char *http, int *fd, char address[READER_ADDRESS], char reason[READER_REASON]);

#endif
