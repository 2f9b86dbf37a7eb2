// SPDX-License-Identifier: Apache-2.0
// What the door's simulations share: several clients on one loop, and the network that troubles them.
#pragma once

#include "door_client.h"

enum { CLIENTS_MAX = 8, CLIENTS_TIME_LIMIT_MS = 3600000 };

struct door_clients {
    uint64_t seed;
    struct sim *sim;
    struct loop *loop;
    struct address address;
    struct truth truth;
    struct door_client items[CLIENTS_MAX];
    size_t count;
};

void door_clients_add(struct door_clients *clients, enum client_kind kind);
bool door_clients_are_done(const struct door_clients *clients);
// Says who still waits for what, and ends the program.
_Noreturn void door_clients_hang(const struct door_clients *clients);
// When all are done.
void door_clients_forget(struct door_clients *clients);
// All that was acknowledged, or seen by a Fetch, was found by the last CLIENT_READER. Call door_clients_forget_places
// before that one starts.
void door_clients_forget_places(struct door_clients *clients);
void door_clients_check_places(const struct door_clients *clients);

// A network with its own windows, resets, stalls and pauses; and a good one again.
void network_trouble(struct sim *sim);
void network_peace(struct sim *sim);
