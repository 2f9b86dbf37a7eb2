// SPDX-License-Identifier: Apache-2.0
// Consumer groups in the twin: group_sim FIRST_SEED COUNT. The coordinator on the real store, and members
// (group_member.h) that crash, stop, leave and come back, some of them a thousand at once, while power is lost or the
// process killed. The model (group_model.h) checks what they are told; when the storm is over, the group is stable
// within a bounded time, and every partition has its one owner.
#include "group_member.h"

#include "base/mem.h"
#include "io/disk.h"
#include "store/store.h"
#include "store/topic_config.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LOOPS = 2,
    STORM_MEMBERS = 1000,
    STORM_EVERY = 25, // seeds
    STORM_MAX_MS = 90000,
    // A session, a rebalance that waits for whoever is gone, and one that it disturbed; twice over.
    CALM_LIMIT_MS = 4 * (SIM_SESSION_MS + SIM_REBALANCE_MS),
    PAUSE_REST_MS = 25000, // of members that are stopped when it ends
    STOP_LIMIT_MS = 60000,
};

struct server {
    struct loop *loops[LOOPS];
    struct store *store;
    struct offsets offsets;
    struct message order;
    bool is_stopped;
};

struct group_sim {
    uint64_t seed;
    struct sim *sim;
    struct group_options options;
    struct group_crowd crowd;
    struct sim_member *members;
    unsigned member_count;
    struct server *server;
    unsigned checked; // partitions that were looked at after a restart
};

struct totals {
    uint64_t joins, syncs, commits, stale, crashes, pauses, leaves, restarts, calm_ms_max;
};

// --- a generation of the server

static void server_start(struct group_sim *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 2, 1 };
    struct server *server = run->server = mem_zalloc(1, sizeof *server);
    struct store_options options = { .folder = "/data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .checkpoint_interval_ms = 100 + (int64_t)sim_choose(run->sim, 5000),
                                     .retention_interval_ms = 60000,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    diag_t diag = { .where = "", .text = "" };
    disk_start(threads);
    for (unsigned i = 0; i < LOOPS; i++)
        server->loops[i] = loop_new(i);
    err_t err = store_open(&options, server->loops, LOOPS, &server->store, &diag);
    if (err == ERR_OK)
        err = offsets_open(&server->offsets, server->store, &diag);
    if (err != ERR_OK)
        group_sim_failed(run->seed, "the store does not open: %s, %s: %s", err_name(err), diag.where, diag.text);
    run->crowd.coordinator = coordinator_open(&server->offsets, &run->options);
    run->crowd.loop = loop_new(LOOPS);
    for (size_t i = 0; i < LOOPS; i++)
        loop_start_thread(server->loops[i]);
    loop_start_thread(run->crowd.loop);
}

static void server_crashed(struct group_sim *run)
{
    struct server *server = run->server;
    for (unsigned i = 0; i < run->member_count; i++)
        sim_member_stop(&run->members[i]);
    group_model_crashed(run->crowd.model);
    sim_keep(server->store);
    sim_keep(run->crowd.coordinator);
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(server->loops[i]);
    loop_free(run->crowd.loop);
    free(server);
    sim_restart(run->sim);
}

static void on_stopped(void *owner, err_t err)
{
    struct server *server = owner;
    ASSERT(err == ERR_OK);
    server->is_stopped = true;
}

static bool is_stopped(void *owner)
{
    const struct server *server = owner;
    return server->is_stopped;
}

static void on_stop_order(struct message *message)
{
    struct server *server = CONTAINER_OF(message, struct server, order);
    store_stop(server->store, on_stopped, server);
}

static void server_stop(struct group_sim *run)
{
    struct server *server = run->server;
    for (unsigned i = 0; i < run->member_count; i++)
        sim_member_stop(&run->members[i]);
    (void)sim_run_ms(run->sim, SIM_SESSION_MS / 2); // what was asked is answered
    server->order.on_message = on_stop_order;
    loop_post(server->loops[0], &server->order);
    struct sim_until until = { .done = is_stopped, .owner = server, .time_ms = STOP_LIMIT_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        group_sim_failed(run->seed, "the store does not stop");
    disk_stop();
    coordinator_free(run->crowd.coordinator);
    store_free(server->store);
    for (size_t i = 0; i < LOOPS; i++)
        loop_free(server->loops[i]);
    loop_free(run->crowd.loop);
    free(server);
}

// --- what is there after a restart

struct look {
    struct message message;
    struct group_sim *run;
};

static void on_look(struct message *message)
{
    struct group_sim *run = CONTAINER_OF(message, struct look, message)->run;
    for (unsigned i = 0; i < run->crowd.partitions; i++) {
        struct engine_offset offset = { .offset = -1 };
        err_t err = offsets_find(&run->server->offsets, SIM_GROUP, SIM_TOPIC, (int32_t)i, &offset);
        group_model_found(run->crowd.model, i, err == ERR_OK ? offset.offset : -1);
        run->checked++;
    }
}

static bool has_looked(void *owner)
{
    const struct group_sim *run = owner;
    return run->checked >= run->crowd.partitions;
}

static void server_check(struct group_sim *run)
{
    struct look look = { { .on_message = on_look }, run };
    run->checked = 0;
    loop_post(offsets_loop(&run->server->offsets), &look.message);
    struct sim_until until = { .done = has_looked, .owner = run, .time_ms = STOP_LIMIT_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        group_sim_failed(run->seed, "the offsets cannot be looked at");
}

// --- one seed

static bool is_settled(void *owner)
{
    const struct group_sim *run = owner;
    uint64_t all = 0;
    for (unsigned i = 0; i < run->member_count; i++) {
        const struct sim_member *member = &run->members[i];
        if (!member->is_in || member->generation != run->members[0].generation || (all & member->mask) != 0)
            return false;
        all |= member->mask;
    }
    return all == (run->crowd.partitions == 64 ? UINT64_MAX : (UINT64_C(1) << run->crowd.partitions) - 1);
}

static void members_start(struct group_sim *run)
{
    for (unsigned i = 0; i < run->member_count; i++)
        sim_member_restart(&run->members[i]);
}

enum crash { CRASH_NONE, CRASH_KILL, CRASH_POWER, CRASH_KILL_AT, CRASH_POWER_AT, CRASH_COUNT };

static void storm(struct group_sim *run, struct totals *totals)
{
    struct sim_options *options = sim_options_of(run->sim);
    options->pause_ppm = 200;
    options->pause_max_ms = 2000;
    options->disk_delay_ppm = 20000;
    options->disk_delay_max_ms = 100;
    // Also in the middle of what the disk does, and between its answer and ours.
    enum crash how = (enum crash)sim_choose(run->sim, CRASH_COUNT);
    enum sim_fault fault = how == CRASH_KILL_AT ? SIM_FAULT_KILL : SIM_FAULT_POWER_LOSS;
    enum sim_end end = sim_run_ms(run->sim, 1 + (int64_t)sim_choose(run->sim, STORM_MAX_MS));
    if (how == CRASH_NONE)
        return;
    if (how >= CRASH_KILL_AT) {
        sim_fault_at(run->sim, sim_operation_count(run->sim) + 1 + sim_choose(run->sim, 20), fault);
        end = sim_run_ms(run->sim, STORM_MAX_MS);
    }
    if (end != SIM_CRASHED && how == CRASH_KILL)
        sim_kill(run->sim);
    else if (end != SIM_CRASHED)
        sim_power_loss(run->sim);
    server_crashed(run);
    totals->restarts++;
    server_start(run);
    server_check(run);
    members_start(run);
}

static void calm(struct group_sim *run, struct totals *totals)
{
    struct sim_options *options = sim_options_of(run->sim);
    options->pause_ppm = options->disk_delay_ppm = 0;
    run->crowd.is_calm = true;
    int64_t from_ms = loop_now_ms(run->crowd.loop);
    struct sim_until until = { .done = is_settled, .owner = run, .time_ms = CALM_LIMIT_MS + PAUSE_REST_MS };
    if (sim_run(run->sim, until) != SIM_DONE)
        group_sim_failed(run->seed, "the group is not stable %d ms after the storm", CALM_LIMIT_MS);
    uint64_t took_ms = (uint64_t)(loop_now_ms(run->crowd.loop) - from_ms);
    if (took_ms > totals->calm_ms_max)
        totals->calm_ms_max = took_ms;
}

static void totals_add(struct totals *totals, const struct group_sim *run)
{
    const struct group_model *model = run->crowd.model;
    totals->joins += model->joins;
    totals->syncs += model->syncs;
    totals->commits += model->commits;
    totals->stale += model->stale_refusals;
    totals->crashes += run->crowd.crashes;
    totals->pauses += run->crowd.pauses;
    totals->leaves += run->crowd.leaves;
}

// Returns the run's hash.
static uint64_t seed_run(uint64_t seed, struct totals *totals)
{
    struct group_sim *run = mem_zalloc(1, sizeof *run);
    run->seed = seed;
    run->sim = sim_new(seed, NULL);
    run->options = (struct group_options){ .session_min_ms = 1,
                                           .session_max_ms = INT32_MAX,
                                           .initial_delay_ms = sim_choose(run->sim, 2) == 0 ? 0 : 3000,
                                           .size_max = INT32_MAX,
                                           .retention_ms = INT32_MAX,
                                           // A group that is forgotten begins again with generation 1.
                                           .retention_interval_ms = INT32_MAX,
                                           .metadata_max_size = 4096 };
    run->crowd.sim = run->sim;
    run->crowd.model = group_model_new(seed);
    run->crowd.partitions = 1 + (unsigned)sim_choose(run->sim, MODEL_PARTITIONS);
    run->member_count = seed % STORM_EVERY == 0 ? STORM_MEMBERS : 1 + (unsigned)sim_choose(run->sim, 12);
    run->members = mem_zalloc(run->member_count, sizeof *run->members);
    server_start(run);
    for (unsigned i = 0; i < run->member_count; i++)
        sim_member_start(&run->members[i], &run->crowd, i);
    uint64_t storms = run->member_count == STORM_MEMBERS ? 1 : 1 + sim_choose(run->sim, 3);
    for (uint64_t i = 0; i < storms; i++)
        storm(run, totals);
    calm(run, totals);
    server_stop(run);
    totals_add(totals, run);
    uint64_t hash = sim_trace_hash(run->sim);
    group_model_free(run->crowd.model);
    sim_free(run->sim);
    free(run->members);
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
        group_sim_failed(first + seeds - 1, "the same seed is not the same run");
    printf("%llu seeds: %llu joins, %llu syncs, %llu commits acknowledged, %llu refused as stale; members crashed %llu "
           "times, stopped %llu, left %llu; %llu restarts; stable at most %llu ms after the storm\n",
           (unsigned long long)seeds, (unsigned long long)totals.joins, (unsigned long long)totals.syncs,
           (unsigned long long)totals.commits, (unsigned long long)totals.stale, (unsigned long long)totals.crashes,
           (unsigned long long)totals.pauses, (unsigned long long)totals.leaves, (unsigned long long)totals.restarts,
           (unsigned long long)totals.calm_ms_max);
    // What was not tried was not shown.
    bool is_weak = totals.commits < 50 * seeds || totals.stale < seeds / 4 || totals.restarts < seeds / 4;
    if (seeds >= 50 && is_weak)
        group_sim_failed(first, "the seeds tried too little");
    return 0;
}
