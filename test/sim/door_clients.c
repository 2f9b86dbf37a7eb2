// SPDX-License-Identifier: Apache-2.0
#include "door_clients.h"

#include "base/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_failed(uint64_t seed, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "seed %llu: ", (unsigned long long)seed);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void door_clients_add(struct door_clients *clients, enum client_kind kind)
{
    ASSERT(clients->count < CLIENTS_MAX);
    struct door_client *client = &clients->items[clients->count++];
    door_client_init(client, clients->sim, &clients->truth, kind, clients->loop, &clients->address, clients->seed);
}

bool door_clients_are_done(const struct door_clients *clients)
{
    for (size_t i = 0; i < clients->count; i++)
        if (!clients->items[i].is_done)
            return false;
    return true;
}

void door_clients_hang(const struct door_clients *clients)
{
    size_t i = 0;
    while (clients->items[i].is_done)
        i++;
    const struct door_client *client = &clients->items[i];
    if (client->count == 0)
        sim_failed(clients->seed, "client %zu (kind %d) hangs: connected %d, open %d", i, (int)client->kind,
                   client->conn != NULL, client->is_open);
    sim_failed(clients->seed, "client %zu (kind %d) hangs: %zu answers missing, the first is %s %d", i,
               (int)client->kind, client->count, client->expected[client->first].api->name,
               client->expected[client->first].correlation_id);
}

void door_clients_forget(struct door_clients *clients)
{
    for (size_t i = 0; i < clients->count; i++)
        door_client_deinit(&clients->items[i]);
    clients->count = 0;
}

void door_clients_forget_places(struct door_clients *clients)
{
    memset(clients->truth.at, 0, sizeof(clients->truth.at));
}

void door_clients_check_places(const struct door_clients *clients)
{
    const struct truth *truth = &clients->truth;
    for (uint32_t id = 0; id < truth->next_id; id++) {
        int32_t partition = truth->ids[id].partition;
        int64_t offset = truth->ids[id].offset;
        if (offset >= 0 && truth->at[partition][offset] != id + 1)
            sim_failed(clients->seed, "batch %u was %s at offset %lld of partition %d and is not there", id,
                       truth->ids[id].acked ? "acknowledged" : "read", (long long)offset, partition);
    }
}

void network_trouble(struct sim *sim)
{
    static const uint32_t windows[] = { 600, 4000, 20000, 64 << 10 };
    static const uint32_t resets[] = { 0, 0, 0, 200, 3000 };
    static const uint32_t stalls[] = { 0, 1000, 20000 };
    struct sim_options *options = sim_options_of(sim);
    options->chunk_ppm = 1 + (uint32_t)sim_choose(sim, 400000);
    options->window_size = windows[sim_choose(sim, ARRAY_COUNT(windows))];
    options->latency_max_us = 20 + (uint32_t)sim_choose(sim, 5000);
    options->reset_ppm = resets[sim_choose(sim, ARRAY_COUNT(resets))];
    options->refuse_ppm = options->reset_ppm > 0 ? 100000 : 0;
    options->stall_ppm = stalls[sim_choose(sim, ARRAY_COUNT(stalls))];
    options->stall_max_ms = 400;
    options->pause_ppm = (uint32_t)sim_choose(sim, 3000);
    options->pause_max_ms = 40;
}

void network_peace(struct sim *sim)
{
    struct sim_options *options = sim_options_of(sim);
    options->reset_ppm = options->refuse_ppm = options->stall_ppm = options->pause_ppm = 0;
    options->window_size = 64 << 10;
}
