/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_QR_H
#define NODE_QR_H

/* A line as a picture for a telephone's camera; the only user of libqrencode. */

/* Prints it on stdout; nothing when the line is too long for one. */
void qr_print(const char *text);

#endif
