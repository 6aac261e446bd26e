/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/command.h"

static struct command_options current = {.home = "."};

const struct command_options *command_options(void)
{
    return &current;
}

void command_set_options(const struct command_options *options)
{
    current = *options;
}
