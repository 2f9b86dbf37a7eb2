// SPDX-License-Identifier: Apache-2.0
// What eddy and its keeper process tell each other, over a socket pair that keeps messages apart (SOCK_SEQPACKET). The
// keeper is the parent of all children: it starts them, signals their groups, reaps them, and when its socket ends,
// however eddy ended, it ends them.
#pragma once

#include "base/err.h"

#include <stdint.h>

enum keeper_verb {
    KEEPER_SPAWN,  // with three descriptors: the strings, standard output, standard error
    KEEPER_SIGNAL, // number is the signal
};

struct keeper_request {
    uint64_t child;
    enum keeper_verb verb;
    int number;
};

enum {
    KEEPER_FILES = 3,
};

// The strings of a KEEPER_SPAWN, in a memory file because their size has no limit but the system's: this, then argv,
// then env, then the folder (empty: none), each terminated.
struct keeper_strings {
    uint32_t argv_count;
    uint32_t env_count;
};

// One for each child: it ended, or could not be started.
struct keeper_reply {
    uint64_t child;
    int number; // errno of the start; 0: it ran
    int code;   // 0..255, or 128 + signal
};

// The keeper's life; returns when the socket has ended and no child is left.
void keeper_run(int socket);
