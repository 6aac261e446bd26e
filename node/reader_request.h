/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_READER_REQUEST_H
#define NODE_READER_REQUEST_H

/* What a request to the reader may be, and what it asks for. */

#include "node/route.h"

struct MHD_Connection;

/* 0: it is in order; else the status that refuses it.  `names`: of this reader, as reader_knows_host() takes them. */
unsigned reader_judge(struct MHD_Connection *connection, const char *url, const char *method, const char *const names[]);

/* Reads what it asks for; texts are borrowed from the connection. */
void reader_read_request(struct MHD_Connection *connection, const char *url, const char *method, struct route_request *request);

#endif
