// SPDX-License-Identifier: Apache-2.0
// The Kafka door on the real store in the twin: door_store_sim FIRST_SEED COUNT. Clients (door_client.h) produce and
// read through a bad network until power goes or the process is killed; the next generation starts on what the disk
// kept. In the end one client reads everything: what was acknowledged, or read by anybody, is there, unchanged, at its
// offset.
#include "door_clients.h"

#include "base/assert.h"
#include "base/mem.h"
#include "engine/embedded/coordinator.h"
#include "io/disk.h"
#include "kafka/kafka.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOPS = 2, GENERATIONS_MAX = 4, STOP_LIMIT_MS = 60000, CRASH_MAX_MS = 400 };

struct server {
    struct loop *loops[LOOPS];
    struct store *store;
    struct offsets offsets;
    struct coordinator *coordinator;
    struct kafka_door *doors[LOOPS];
    struct message orders[LOOPS]; // to close a door
    unsigned closed;
    bool is_stopped;
};

struct door_store_sim {
    uint64_t seed;
    struct sim *sim;
    struct kafka_options options;
    uint16_t port; // 0: the first generation picks one
    struct server *server;
    struct door_clients clients;
};

struct totals {
    uint64_t answers, records, faults, crashes, acked;
};

// --- a generation

static void store_start(struct door_store_sim *run)
{
    struct server *server = run->server;
    struct store_options options = { .folder = "/data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 100 + (int64_t)sim_choose(run->sim, 5000),
                                     .retention_interval_ms = 60000,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    diag_t diag = { .where = "", .text = "" };
    err_t err = store_open(&options, server->loops, LOOPS, &server->store, &diag);
    if (err == ERR_OK)
        err = offsets_open(&server->offsets, server->store, &diag);
    if (err != ERR_OK)
        sim_failed(run->seed, "the store does not open: %s, %s: %s", err_name(err), diag.where, diag.text);
    server->coordinator = coordinator_open(&server->offsets, &run->options.groups);
}

// The first door's port is the others' too.
static void doors_start(struct door_store_sim *run)
{
    struct server *server = run->server;
    struct address address = { .host = "127.0.0.1", .port = run->port };
    for (size_t i = 0; i < LOOPS; i++) {
        diag_t diag;
        err_t err = kafka_door_open(server->loops[i], server->store, server->coordinator, &address, &run->options,
                                    &server->doors[i], &diag);
        if (err != ERR_OK)
            sim_failed(run->seed, "%s: %s", diag.where, diag.text);
        run->port = address.port = kafka_door_port(server->doors[0]);
    }
    run->clients.address = address;
}

static void generation_start(struct door_store_sim *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 2, 1 };
    struct server *server = run->server = mem_zalloc(1, sizeof(*server));
    disk_start(threads);
    for (unsigned i = 0; i < LOOPS; i++)
        server->loops[i] = loop_new(i);
    store_start(run);
    doors_start(run);
    for (size_t i = 0; i < LOOPS; i++)
        loop_start_thread(server->loops[i]);
    run->clients.loop = loop_new(LOOPS);
    loop_start_thread(run->clients.loop);
}

// What the program leaves behind stays: requests under way hold each other, and only the store's queues lead to them.
static void generation_crashed(struct door_store_sim *run)
{
    struct server *server = run->server;
    for (size_t i = 0; i < run->clients.count; i++)
        door_client_lost(&run->clients.items[i]);
    run->clients.count = 0;
    sim_keep(server->store);
    sim_keep(server->coordinator);
    for (size_t i = 0; i < LOOPS; i++) {
        sim_keep(server->doors[i]);
        loop_free(server->loops[i]);
    }
    loop_free(run->clients.loop);
    free(server);
    sim_restart(run->sim);
}

// --- a clean stop

static void on_door_closed(void *owner)
{
    struct server *server = owner;
    server->closed++;
}

static void on_close_order(struct message *message)
{
    unsigned index = loop_index(loop_current());
    struct server *server = CONTAINER_OF(message - index, struct server, orders);
    kafka_door_close(server->doors[index], on_door_closed, server);
}

static bool doors_are_closed(void *owner)
{
    const struct server *server = owner;
    return server->closed == LOOPS;
}

static void on_stopped(void *owner, err_t err)
{
    struct server *server = owner;
    ASSERT(err == ERR_OK);
    server->is_stopped = true;
}

static bool store_is_stopped(void *owner)
{
    const struct server *server = owner;
    return server->is_stopped;
}

static void on_stop_order(struct message *message)
{
    struct server *server = CONTAINER_OF(message, struct server, orders);
    store_stop(server->store, on_stopped, server);
}

static void generation_stop(struct door_store_sim *run)
{
    struct server *server = run->server;
    for (size_t i = 0; i < LOOPS; i++) {
        server->orders[i].on_message = on_close_order;
        loop_post(server->loops[i], &server->orders[i]);
    }
    struct sim_until until = { .done = doors_are_closed, .owner = server, .time_ms = STOP_LIMIT_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        sim_failed(run->seed, "the doors do not close");
    server->orders[0].on_message = on_stop_order;
    loop_post(server->loops[0], &server->orders[0]);
    until.done = store_is_stopped;
    if (sim_run(run->sim, until) != SIM_DONE)
        sim_failed(run->seed, "the store does not stop");
    disk_stop();
    coordinator_free(server->coordinator);
    store_free(server->store);
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(server->loops[i]);
    loop_free(run->clients.loop);
    free(server);
}

// --- one seed

static bool clients_are_done(void *owner)
{
    const struct door_store_sim *run = owner;
    return door_clients_are_done(&run->clients);
}

static void clients_run(struct door_store_sim *run)
{
    struct sim_until until = { .done = clients_are_done, .owner = run, .time_ms = CLIENTS_TIME_LIMIT_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        door_clients_hang(&run->clients);
    door_clients_forget(&run->clients);
}

static void work_start(struct door_store_sim *run)
{
    network_trouble(run->sim);
    struct sim_options *options = sim_options_of(run->sim);
    options->disk_delay_ppm = 20000;
    options->disk_delay_max_ms = 30;
    size_t count = 1 + (size_t)sim_choose(run->sim, 4);
    for (size_t i = 0; i < count; i++)
        door_clients_add(&run->clients, CLIENT_MIXED);
}

enum crash { CRASH_AT_OPERATION, CRASH_KILL, CRASH_POWER, CRASH_AFTER_FAILURE, CRASH_COUNT };

// Between two events, or at an operation of the disk, with or without the page cache, also some time after an operation
// failed: then the answers say so, or what they acknowledged is kept all the same.
static void work_until_crash(struct door_store_sim *run)
{
    struct sim *sim = run->sim;
    work_start(run);
    enum crash how = (enum crash)sim_choose(sim, CRASH_COUNT);
    uint64_t operation = sim_operation_count(sim) + 1 + sim_choose(sim, 300);
    if (how == CRASH_AT_OPERATION)
        sim_fault_at(sim, operation, SIM_FAULT_POWER_LOSS);
    if (how == CRASH_AFTER_FAILURE)
        sim_fault_at(sim, operation, SIM_FAULT_IO);
    run->clients.truth.disk_may_fail = how == CRASH_AFTER_FAILURE;
    enum sim_end end = sim_run_ms(sim, 1 + (int64_t)sim_choose(sim, CRASH_MAX_MS));
    bool is_kill = how == CRASH_KILL || (how == CRASH_AFTER_FAILURE && sim_choose(sim, 2) == 0);
    if (end != SIM_CRASHED && is_kill)
        sim_kill(sim);
    else if (end != SIM_CRASHED)
        sim_power_loss(sim);
    run->clients.truth.disk_may_fail = false;
    generation_crashed(run);
}

static void check_log(struct door_store_sim *run)
{
    network_peace(run->sim);
    door_clients_forget_places(&run->clients);
    door_clients_add(&run->clients, CLIENT_READER);
    clients_run(run);
    door_clients_check_places(&run->clients);
}

static void totals_add(struct totals *totals, const struct door_store_sim *run)
{
    const struct truth *truth = &run->clients.truth;
    totals->answers += truth->answers;
    totals->records += truth->checked_records;
    totals->faults += sim_fault_count(run->sim);
    for (uint32_t id = 0; id < truth->next_id; id++)
        totals->acked += truth->ids[id].acked;
}

// Returns the run's hash.
static uint64_t seed_run(uint64_t seed, struct totals *totals)
{
    struct door_store_sim *run = mem_zalloc(1, sizeof(*run));
    run->seed = seed;
    run->sim = sim_new(seed, NULL);
    run->clients.seed = seed;
    run->clients.sim = run->sim;
    run->options = (struct kafka_options){ .node_id = 1,
                                           .request_max_size = 1 << 20,
                                           .in_flight_size = 64 << 10,
                                           .queued_request_size = 1 << 20,
                                           .idle_ms = INT64_C(10) * CLIENTS_TIME_LIMIT_MS,
                                           .fetch_max_size = 64 << 10,
                                           .fetch_session_slots = 2,
                                           .topic_partitions = 1,
                                           .partitions_max = 8,
                                           .groups = { .retention_interval_ms = 60000 } };
    generation_start(run);
    door_clients_add(&run->clients, CLIENT_FILLER);
    clients_run(run);
    uint64_t crashes = 1 + sim_choose(run->sim, GENERATIONS_MAX - 1);
    for (uint64_t i = 0; i < crashes; i++) {
        work_until_crash(run);
        generation_start(run);
        check_log(run);
    }
    work_start(run);
    clients_run(run);
    check_log(run);
    if (sim_blocking_count(run->sim) != 0)
        sim_failed(seed, "a loop blocked on the disk %llu times", (unsigned long long)sim_blocking_count(run->sim));
    generation_stop(run);
    totals_add(totals, run);
    totals->crashes += crashes;
    uint64_t hash = sim_trace_hash(run->sim);
    sim_free(run->sim);
    free(run);
    return hash;
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t seeds = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    struct totals totals = { 0 };
    uint64_t hash = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        hash = seed_run(seed, &totals);
    if (seed_run(first + seeds - 1, &totals) != hash)
        sim_failed(first + seeds - 1, "the same seed is not the same run");
    printf("%llu seeds: %llu answers, %llu batches acknowledged, %llu records looked at, %llu crashes, %llu faults\n",
           (unsigned long long)seeds, (unsigned long long)totals.answers, (unsigned long long)totals.acked,
           (unsigned long long)totals.records, (unsigned long long)totals.crashes, (unsigned long long)totals.faults);
    if (seeds >= 50 && (totals.crashes < seeds || totals.acked < 50 * seeds))
        sim_failed(first, "the seeds tried too little");
    return 0;
}
