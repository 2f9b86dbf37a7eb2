// SPDX-License-Identifier: Apache-2.0
// The Kafka door in the twin: door_sim FIRST_SEED COUNT. Each seed makes another network and other clients
// (door_client.h) and checks that every answer is right, that a slow reader costs bounded memory, that nothing hangs,
// and that the door closes in the end. The store is the one in memory of src/kafka/testing/fake.
#include "door_clients.h"

#include "base/assert.h"
#include "base/mem.h"
#include "engine/embedded/coordinator.h"
#include "kafka/door.h"
#include "kafka/testing/fake/fake_store.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CLOSE_LIMIT_MS = 15000,
    FETCH_MAX_SIZE = 64 << 10,
    SMALL_MAX_SIZE = 2 * (64 << 10), // of one connection
    HIGH_MARK_SIZE = 1 << 20,        // of a conn, see io/net.h
    FAKE_HOLD_MAX_MS = 50,
};

struct door_sim {
    uint64_t seed;
    struct sim *sim;
    struct loop *loop;
    struct store *store;
    struct offsets offsets;
    struct coordinator *coordinator;
    struct kafka_options options;
    struct kafka_door *door;
    struct door_clients clients;
    struct timer hold; // the store takes its time
    bool is_holding, is_closed;
};

struct totals {
    uint64_t answers, records, faults, garbage;
    size_t queued_peak;
};

static void on_hold(struct timer *timer)
{
    struct door_sim *door = CONTAINER_OF(timer, struct door_sim, hold);
    door->is_holding = !door->is_holding;
    fake_store_hold(door->store, door->is_holding);
    timer_start(timer, 1 + (int64_t)sim_choose(door->sim, FAKE_HOLD_MAX_MS));
}

static void hold_end(struct door_sim *door)
{
    timer_stop(&door->hold);
    fake_store_hold(door->store, false);
}

// --- one seed

static bool clients_are_done(void *owner)
{
    const struct door_sim *door = owner;
    // Small requests always come in, and one large one.
    size_t most = (size_t)door->options.queued_request_size + SIM_LARGE_VALUE + CLIENTS_MAX * SMALL_MAX_SIZE;
    if (door->door->queued_size > most)
        sim_failed(door->seed, "requests of %zu bytes are held", door->door->queued_size);
    return door_clients_are_done(&door->clients);
}

static void clients_run(struct door_sim *door)
{
    struct sim_until until = { .done = clients_are_done, .owner = door, .time_ms = CLIENTS_TIME_LIMIT_MS };
    if (sim_run(door->sim, until) != SIM_DONE)
        door_clients_hang(&door->clients);
    door_clients_forget(&door->clients);
}

static void door_start(struct door_sim *door, uint64_t seed)
{
    *door = (struct door_sim){ .seed = seed, .sim = sim_new(seed, NULL) };
    door->options = (struct kafka_options){
        .node_id = 1,
        .request_max_size = 1 << 20,
        .in_flight_size = 1000 << sim_choose(door->sim, 7),
        .queued_request_size = 100000 << sim_choose(door->sim, 4),
        .idle_ms = INT64_C(10) * CLIENTS_TIME_LIMIT_MS, // must not end what hangs
        .fetch_max_size = FETCH_MAX_SIZE,
        .fetch_session_slots = 2,
        .topic_partitions = 1,
        .partitions_max = 8,
        .groups = { .session_max_ms = INT32_MAX, .size_max = INT32_MAX, .retention_interval_ms = 1000 }
    };
    loop_start_thread(door->loop = loop_new(0));
    door->store = fake_store_new(door->loop);
    struct address address = { .host = "localhost", .port = 0 };
    diag_t diag;
    err_t err = offsets_open(&door->offsets, door->store, &diag);
    if (err == ERR_OK) {
        door->coordinator = coordinator_open(&door->offsets, &door->options.groups);
        err = kafka_door_open(door->loop, door->store, door->coordinator, &address, &door->options, &door->door, &diag);
    }
    if (err != ERR_OK)
        sim_failed(seed, "%s: %s", diag.where, diag.text);
    door->clients = (struct door_clients){ .seed = seed, .sim = door->sim, .loop = loop_new(1) };
    door->clients.address = (struct address){ .host = "127.0.0.1", .port = kafka_door_port(door->door) };
    loop_start_thread(door->clients.loop);
    timer_init(&door->hold, door->loop, on_hold);
}

static void on_closed(void *owner)
{
    struct door_sim *door = owner;
    door->is_closed = true;
}

static bool door_is_closed(void *owner)
{
    const struct door_sim *door = owner;
    return door->is_closed;
}

static void close_message(struct message *message);

struct close_order {
    struct message message;
    struct door_sim *door;
};

static void close_message(struct message *message)
{
    struct close_order *order = CONTAINER_OF(message, struct close_order, message);
    kafka_door_close(order->door->door, on_closed, order->door);
}

// Also while clients are in the middle of something.
static void door_stop(struct door_sim *door)
{
    struct close_order order = { { .on_message = close_message }, door };
    loop_post(door->loop, &order.message);
    struct sim_until until = { .done = door_is_closed, .owner = door, .time_ms = CLOSE_LIMIT_MS };
    if (sim_run(door->sim, until) != SIM_DONE)
        sim_failed(door->seed, "the door does not close: %zu connections", door->door->conn_count);
}

static void clients_cut(struct door_sim *door)
{
    for (size_t i = 0; i < door->clients.count; i++) {
        timer_stop(&door->clients.items[i].step);
        if (door->clients.items[i].conn != NULL)
            conn_abort(door->clients.items[i].conn);
    }
    (void)sim_run_ms(door->sim, CLOSE_LIMIT_MS);
}

// Reads everything, in a calm network.
static void check_log(struct door_sim *door)
{
    network_peace(door->sim);
    door_clients_forget_places(&door->clients);
    door_clients_add(&door->clients, CLIENT_READER);
    clients_run(door);
    door_clients_check_places(&door->clients);
}

static void check_memory(struct door_sim *door)
{
    // Below the mark one more answer may begin, and what overlaps (Produce) is small.
    size_t most = HIGH_MARK_SIZE + FETCH_MAX_SIZE + SIM_LARGE_VALUE;
    if (sim_queued_peak(door->sim) > most)
        sim_failed(door->seed, "%zu bytes were queued for one slow reader", sim_queued_peak(door->sim));
    if (door->door->queued_size != 0)
        sim_failed(door->seed, "requests of %zu bytes are held when all is answered", door->door->queued_size);
    int64_t bad = (int64_t)counter_get(&kafka_door_metrics(door->door)->bad_requests);
    if (bad > (int64_t)door->clients.truth.garbage)
        sim_failed(door->seed, "%lld connections were closed for %llu bad requests", (long long)bad,
                   (unsigned long long)door->clients.truth.garbage);
}

static void door_end(struct door_sim *door, struct totals *totals)
{
    totals->answers += door->clients.truth.answers;
    totals->records += door->clients.truth.checked_records;
    totals->garbage += door->clients.truth.garbage;
    totals->faults += sim_fault_count(door->sim);
    if (sim_queued_peak(door->sim) > totals->queued_peak)
        totals->queued_peak = sim_queued_peak(door->sim);
    coordinator_free(door->coordinator);
    fake_store_free(door->store);
    loop_free(door->loop);
    loop_free(door->clients.loop);
    sim_free(door->sim);
}

// Returns the run's hash.
static uint64_t seed_run(uint64_t seed, struct totals *totals)
{
    struct door_sim *door = mem_zalloc(1, sizeof(*door));
    door_start(door, seed);
    door_clients_add(&door->clients, CLIENT_FILLER);
    clients_run(door);
    network_trouble(door->sim);
    timer_start(&door->hold, 1);
    size_t mixed = 1 + (size_t)sim_choose(door->sim, 4);
    for (size_t i = 0; i < mixed; i++)
        door_clients_add(&door->clients, CLIENT_MIXED);
    if (seed % 4 == 0)
        door_clients_add(&door->clients, CLIENT_HOG);
    if (seed % 3 == 0)
        door_clients_add(&door->clients, CLIENT_GARBAGE);
    if (seed % 5 == 0) {
        // Closes under load. The clients see it as the server's going away.
        (void)sim_run_ms(door->sim, 1 + (int64_t)sim_choose(door->sim, 200));
        hold_end(door);
        for (size_t i = 0; i < door->clients.count; i++)
            door->clients.items[i].is_server_leaving = true;
        door_stop(door);
        clients_cut(door);
        door_clients_forget(&door->clients);
    } else {
        clients_run(door);
        hold_end(door);
        check_log(door);
        (void)sim_run_ms(door->sim, CLOSE_LIMIT_MS);
        check_memory(door);
        door_stop(door);
    }
    uint64_t hash = sim_trace_hash(door->sim);
    door_end(door, totals);
    free(door);
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
    printf(
        "%llu seeds: %llu answers, %llu records looked at, %llu faults, %llu bad requests, at most %zu bytes queued\n",
        (unsigned long long)seeds, (unsigned long long)totals.answers, (unsigned long long)totals.records,
        (unsigned long long)totals.faults, (unsigned long long)totals.garbage, totals.queued_peak);
    // What was not tried was not shown.
    bool is_weak = totals.queued_peak <= HIGH_MARK_SIZE || totals.faults < 10 * seeds || totals.garbage < seeds / 4;
    if (seeds >= 100 && is_weak)
        sim_failed(first, "the seeds tried too little");
    return 0;
}
