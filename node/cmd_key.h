/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_KEY_H
#define NODE_CMD_KEY_H

/* The verbs under 'igum key' that have a file of their own; exit codes of node/command.h. */

int key_new(int argc, char **argv);
int key_recover(int argc, char **argv);
int key_rotate(int argc, char **argv);

#endif
