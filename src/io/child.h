// SPDX-License-Identifier: Apache-2.0
// Child processes. A keeper process, forked before any thread starts, is the parent of all of them; when eddy dies,
// however it dies, the keeper ends them.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

struct loop;
struct child;

// Forks the keeper. Call first thing in a process that will spawn children, before threads, loops or open files.
err_t child_keeper_start(void) MUST_CHECK;
void child_keeper_stop(void);

struct child_spec {
    const char *const *argv; // argv[0] is looked up in PATH; NULL-terminated
    const char *const *env;  // NULL-terminated, complete
    const char *folder;      // working folder; NULL: that of eddy
};

struct child_ops {
    // Output of the child, standard output and error apart. The bytes are valid during the call.
    void (*on_output)(struct child *child, bool is_error, bytes_t bytes);
    // The last callback. Exit code 0..255, or 128 + signal; ERR_NOT_FOUND, ERR_DENIED when it could not be started.
    void (*on_exit)(struct child *child, err_t err, int code);
};

// Asks the keeper to start it; the callbacks are on LOOP, never before this returns. Its standard input is empty. When
// it ends, what is left of its process group is killed.
struct child *child_spawn(struct loop *loop, const struct child_spec *spec, const struct child_ops *ops, void *owner);
void *child_owner(const struct child *child);
// Sends a signal to the child's process group (SIGTERM is 15, SIGKILL 9).
void child_signal(struct child *child, int signal_number);
