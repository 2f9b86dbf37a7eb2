// SPDX-License-Identifier: Apache-2.0
// Simulation of retention, compaction, DeleteRecords, tables with snapshots and topics that come and go, under power
// loss, kill -9, failing and full disks.
//   clean_sim                     the seeds and fault loops of the test suite
//   clean_sim --seed N            one seed, and what happens in it
//   clean_sim --seeds N           the first N seeds
//   clean_sim --faults KIND [STRIDE]  fails every STRIDEth operation of one run, KIND: power kill io space
#include "clean_world.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/disk.h"
#include "io/loop.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SEEDS = 150,
    OPERATIONS = 260, // of one generation
    GENERATIONS = 5,
    FAULT_GENERATION_OPERATIONS = 180,
    FAULT_SEED = 4711,
};

// A crash leaves what was in flight where nobody frees it: leaks are looked for in the unit tests.
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

void clean_fail(const struct clean_world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "seed %" PRIu64 ", generation %d, operation %" PRIu64 ": ", world->seed, world->generation,
            sim_operation_count(world->sim));
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(1);
}

static void on_store_failure(void *owner, err_t err, const char *path)
{
    struct clean_world *world = owner;
    if (world->verbose)
        fprintf(stderr, "  the store failed: %s: %s\n", path, err_text(err));
    world->store_failed = true;
}

struct waiting {
    const struct clean_world *world;
    bool (*done)(void *owner);
    void *owner;
};

static bool waiting_is_over(void *owner)
{
    const struct waiting *waiting = owner;
    return waiting->world->store_failed || waiting->done(waiting->owner);
}

bool clean_wait(struct clean_world *world, bool (*done)(void *owner), void *owner)
{
    struct waiting waiting = { world, done, owner };
    enum sim_end end =
        sim_run(world->sim, (struct sim_until){ .done = waiting_is_over, .owner = &waiting, .time_ms = 60000 });
    if (end == SIM_TIME || end == SIM_IDLE)
        clean_fail(world, "something takes for ever");
    return end == SIM_DONE && !world->store_failed;
}

// --- generations

static struct store_options options_of(const struct clean_world *world)
{
    struct store_options options = { .folder = "data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 256 << 10,
                                     .journal_size = world->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 32 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 200,
                                     .retention_interval_ms = 60,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 8 };
    topic_config_default(&options.topic_defaults);
    options.topic_defaults.segment_size = SEGMENT_SIZE;
    options.topic_defaults.delete_retention_ms = 30;
    options.topic_defaults.min_cleanable_dirty_ratio = 0.05;
    return options;
}

// False when a fault was in the way.
static bool generation_open(struct clean_world *world)
{
    const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    struct store_options options = options_of(world);
    diag_t diag = { 0 };
    uint64_t faults = sim_fault_count(world->sim);
    world->generation++;
    world->store_failed = world->stopped = false;
    world->ops = 0;
    for (size_t i = 0; i < PRODUCERS; i++)
        world->producers[i].busy = false;
    disk_start(threads);
    for (unsigned i = 0; i < LOOPS; i++)
        world->loops[i] = loop_new(i);
    err_t err = store_open(&options, world->loops, LOOPS, &world->store, &diag);
    if (err == ERR_OK) {
        store_on_failure(world->store, on_store_failure, world);
        err = table_open(world->store, "__values", &world->table, &diag);
    }
    if (err != ERR_OK && sim_fault_count(world->sim) == faults)
        clean_fail(world, "the store does not open: %s: %s (%s)", diag.where, diag.text, err_text(err));
    for (unsigned i = 0; err == ERR_OK && i < LOOPS; i++)
        loop_start_thread(world->loops[i]);
    return err == ERR_OK && !sim_crashed(world->sim);
}

// Whatever still runs is killed; the disk keeps what it has. After a failed flush the power goes too: pages that a
// failed sync left clean in the cache and absent on the disk look fine to a recovery without it, and are lost by a
// later one. That sequence (failed flush, restart, power loss) is not covered.
static void generation_end(struct clean_world *world)
{
    if (!sim_crashed(world->sim) && world->store_failed)
        sim_power_loss(world->sim);
    else if (!sim_crashed(world->sim))
        sim_kill(world->sim);
    store_free(world->store);
    world->store = NULL;
    for (unsigned i = 0; i < LOOPS; i++)
        loop_free(world->loops[i]);
    sim_restart(world->sim);
}

static bool ops_are_done(void *owner)
{
    return ((const struct clean_world *)owner)->ops == 0;
}

static bool is_stopped(void *owner)
{
    return ((const struct clean_world *)owner)->stopped;
}

static void on_stopped(void *owner, err_t err)
{
    struct clean_world *world = owner;
    if (err != ERR_OK && !world->store_failed && sim_options_of(world->sim)->wall_start_ms == 0 &&
        sim_fault_count(world->sim) == 0)
        clean_fail(world, "the stop failed: %s", err_text(err));
    world->stopped = true;
}

static bool generation_work(struct clean_world *world, int operations)
{
    clean_work_topics(world);
    if (!clean_wait(world, ops_are_done, world))
        return false;
    for (int i = 0; i < operations; i++) {
        clean_work_step(world);
        if (sim_choose(world->sim, 3) == 0)
            sim_run_ms(world->sim, 1 + (int64_t)sim_choose(world->sim, 12));
        if (sim_crashed(world->sim) || world->store_failed)
            return false;
    }
    return true;
}

// Everything is answered, cleaning has its time, the checks hold, the store stops.
static bool generation_finish(struct clean_world *world)
{
    if (!clean_wait(world, ops_are_done, world))
        return false;
    sim_run_ms(world->sim, 400);
    if (sim_crashed(world->sim) || world->store_failed || !clean_check_all(world, false))
        return false;
    if (!clean_wait(world, clean_cut_is_freed, world))
        return false;
    store_stop(world->store, on_stopped, world);
    return clean_wait(world, is_stopped, world);
}

// True when it ended by a clean stop.
static bool generation_run(struct clean_world *world, int operations)
{
    bool ok = generation_open(world) && clean_check_all(world, true) && generation_work(world, operations) &&
              generation_finish(world);
    if (world->verbose)
        fprintf(stderr, "  generation %d %s, %" PRIu64 " acknowledged, %" PRIu64 " faults\n", world->generation,
                ok ? "stopped" : "was cut off", world->acked, sim_fault_count(world->sim));
    world->cuts += ok ? 0 : 1;
    generation_end(world);
    return ok;
}

static void world_init(struct clean_world *world, uint64_t seed, const struct sim_options *options)
{
    static const char *const log_names[LOGS] = { "compacted", "sized", "cut" };
    bool verbose = world->verbose;
    *world = (struct clean_world){ .seed = seed, .verbose = verbose, .next_serial = 1 };
    world->sim = sim_new(seed, options);
    world->logs[LOG_COMPACTED].gaps = true;
    for (size_t i = 0; i < TOPICS; i++)
        snprintf(world->topics[i].name, sizeof world->topics[i].name, "%s%.0zu", i < LOGS ? log_names[i] : "t",
                 i < LOGS ? (size_t)0 : i);
}

static void world_deinit(struct clean_world *world)
{
    for (size_t i = 0; i < LOGS; i++)
        model_log_free(&world->logs[i]);
    sim_free(world->sim);
    clean_work_free(world);
}

// No more faults: the store opens, holds what it promised, and stops.
static void world_settle(struct clean_world *world)
{
    struct sim_options *options = sim_options_of(world->sim);
    options->disk_delay_ppm = options->pause_ppm = 0;
    sim_fault_at(world->sim, 0, SIM_FAULT_NONE);
    if (!generation_run(world, 60))
        clean_fail(world, "a run without faults did not end by a clean stop");
    clean_check_folders(world);
}

// --- seeds

static uint64_t seed_run(struct clean_world *world, uint64_t seed)
{
    struct sim_options options = {
        .pause_ppm = 1000, .pause_max_ms = 50, .disk_delay_ppm = 20000, .disk_delay_max_ms = 20
    };
    world_init(world, seed, &options);
    if (world->verbose)
        fprintf(stderr, "seed %" PRIu64 "\n", seed);
    for (int i = 0; i < GENERATIONS || world->cuts < 3; i++) {
        static const enum sim_fault kinds[] = { SIM_FAULT_POWER_LOSS, SIM_FAULT_POWER_LOSS, SIM_FAULT_KILL,
                                                SIM_FAULT_IO };
        // The first is always a power loss, early enough to hit.
        enum sim_fault kind = kinds[i == 0 ? 0 : sim_choose(world->sim, 4)];
        sim_fault_at(world->sim, sim_operation_count(world->sim) + 1 + sim_choose(world->sim, i == 0 ? 300 : 1500),
                     kind);
        (void)generation_run(world, OPERATIONS);
    }
    world_settle(world);
    uint64_t acked = world->acked;
    world_deinit(world);
    return acked;
}

// --- fault loops

// One run with FAULT at operation NUMBER; false when the run has no such operation.
static bool fault_run(struct clean_world *world, uint64_t number, enum sim_fault fault)
{
    struct sim_options options = { 0 };
    world_init(world, FAULT_SEED, &options);
    world->verbose = false;
    sim_fault_at(world->sim, number, fault);
    (void)generation_run(world, FAULT_GENERATION_OPERATIONS);
    bool reached = sim_operation_count(world->sim) >= number;
    world_settle(world);
    world_deinit(world);
    return reached;
}

static uint64_t fault_loop(struct clean_world *world, enum sim_fault fault, uint64_t stride)
{
    uint64_t number = 1;
    while (fault_run(world, number, fault))
        number += stride;
    return number;
}

static int usage(void)
{
    fprintf(stderr, "usage: clean_sim [--seed N | --seeds N | --faults power|kill|io|space [STRIDE]]\n");
    return 2;
}

static int faults_main(struct clean_world *world, const char *kind, uint64_t stride)
{
    static const struct {
        const char *name;
        enum sim_fault fault;
    } kinds[] = { { "power", SIM_FAULT_POWER_LOSS },
                  { "kill", SIM_FAULT_KILL },
                  { "io", SIM_FAULT_IO },
                  { "space", SIM_FAULT_NO_SPACE } };
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strcmp(kind, kinds[i].name) != 0 && strcmp(kind, "all") != 0)
            continue;
        uint64_t count = fault_loop(world, kinds[i].fault, stride);
        printf("%s: every %" PRIu64 "th of %" PRIu64 " operations failed once\n", kinds[i].name, stride, count);
    }
    return 0;
}

static int seeds_main(struct clean_world *world, uint64_t count)
{
    uint64_t acked = 0;
    for (uint64_t seed = 1; seed <= count; seed++)
        acked += seed_run(world, seed);
    printf("%" PRIu64 " seeds, %" PRIu64 " acknowledged operations\n", count, acked);
    return 0;
}

static void on_log_line(void *context, enum log_level level, bytes_t line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "    %.*s", BYTES_ARG(line));
}

static int64_t log_now(void *context)
{
    (void)context;
    return 0;
}

int main(int argc, char **argv)
{
    struct clean_world *world = mem_zalloc(1, sizeof *world);
    int code = 0;
    if (argc == 1) {
        code = seeds_main(world, SEEDS);
        if (code == 0)
            code = faults_main(world, "all", 23);
    } else if (argc == 3 && strcmp(argv[1], "--seeds") == 0) {
        code = seeds_main(world, strtoull(argv[2], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
        const struct log_config config = { .level = LOG_DEBUG, .sink = on_log_line, .now_ms = log_now };
        log_start(&config);
        world->verbose = true;
        (void)seed_run(world, strtoull(argv[2], NULL, 10));
    } else if (argc >= 3 && argc <= 4 && strcmp(argv[1], "--faults") == 0) {
        code = faults_main(world, argv[2], argc == 4 ? strtoull(argv[3], NULL, 10) : 1);
    } else {
        code = usage();
    }
    free(world);
    return code;
}
