// SPDX-License-Identifier: Apache-2.0
// A run as nats-server: the NATS door alone, on one loop, with nats-server's log lines, files and signals. Core
// messages are not kept, so there is no store and no data folder.
#pragma once

#include "app/app.h"
#include "nats/config/flags.h"

// nats-server's own name, which the name of its ports file begins with.
#define NATS_SERVER_NAME "nats-server"

// Serves until SIGINT or SIGTERM, or until lame duck mode (SIGUSR2) is over. SIGHUP reads the configuration again,
// SIGUSR1 opens the log file again. DIAG is filled when it did not come as far as a log. Called once, on the main
// thread.
enum app_end nats_server_run(const struct nats_flags *flags, diag_t *diag);
