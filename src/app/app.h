// SPDX-License-Identifier: Apache-2.0
// What a running eddy consists of, and in which order it starts and stops.
#pragma once

#include "app/config.h"
#include "base/err.h"

// How a run ended; the values are the program's exit codes.
enum app_end {
    APP_STOPPED = 0,
    APP_FAILED = 1,       // it did not start, or did not stop cleanly
    APP_STORE_FAILED = 3, // a flush failed while it ran: nothing was acknowledged after that
};

// Where the options came from, to read them again on SIGHUP.
struct app_arguments {
    int count;
    const char *const *texts;
};

// Start: log, file limit, keeper, disk threads, loops, store, doors; prints one line per door and "ready" on standard
// output. Then serves until SIGTERM or SIGINT (a second one ends at once). Stop: doors, store, loops. DIAG is filled
// when the start failed. Called once, on the main thread; CONFIG and SET stay the caller's.
enum app_end app_run(struct option_set *set, struct app_config *config, const struct app_arguments *arguments,
                     diag_t *diag);
