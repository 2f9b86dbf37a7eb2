// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/cli.h"

// The name by which eddy takes nats-server's own flags and configuration: a command, and a link to the program.
#define CLI_NATS_SERVER "nats-server"

enum cli_exit cli_nats_server(int count, const char *const *texts);
