// SPDX-License-Identifier: Apache-2.0
// The Kubernetes API in the twin, on the real engine and store: kube_sim FIRST_SEED COUNT. Writers change objects with
// expected versions (kube_writer.c), watchers list, watch and come back (kube_watcher.c), gardeners make objects that
// belong to others and delete them (kube_garden.c). Power goes, the process is killed, the disk is full or fails,
// connections break, the table is compacted all the while. After each start everything that was acknowledged or seen is
// there; two edits of one version never both win; a watcher misses nothing and sees nothing twice, whether its version
// from before is still known or it is told 410; in quiet times what has lost its owner goes, and only that.
#include "kube_run.h"

#include "base/mem.h"
#include "engine/embedded/embedded.h"
#include "io/disk.h"
#include "kube/kube.h"
#include "store/store.h"

enum {
    GENERATIONS = 4,
    RUN_MAX_MS = 1500,
    LIMIT_MS = 60000,
    GARDEN_LIMIT_MS = 60 * 60 * 1000, // controllers try again ever later
    AUDIT_MS = 20,
};

struct kube_totals totals;

void call_prepare(struct run *run, struct call *call, void (*on_done)(struct call *call))
{
    call->sim = run->sim;
    call->loop = run->loops[LOOPS];
    call->address = run->address;
    call->on_line = NULL;
    call->on_done = on_done;
}

// --- one request of the test itself

static void on_audited(struct call *call)
{
    ((struct run *)CONTAINER_OF(call, struct run, audit))->is_audited = true;
}

static bool is_audited(void *owner)
{
    const struct run *run = owner;
    return run->is_audited || run->is_failed;
}

struct order {
    struct message message;
    struct run *run;
    const char *target;
};

static void on_order(struct message *message)
{
    const struct order *order = CONTAINER_OF(message, struct order, message);
    call_prepare(order->run, &order->run->audit, on_audited);
    call_start(&order->run->audit, "GET", order->target, NULL, NULL);
}

// A list; NULL: the program crashed or its disk failed. The tree is that of run->audit.
static const struct json_value *ask(struct run *run, const char *target)
{
    struct order order = { .message.on_message = on_order, .run = run, .target = target };
    for (int tries = 0; tries < 100; tries++) {
        run->is_audited = false;
        loop_post(run->loops[LOOPS], &order.message);
        struct sim_until until = { .done = is_audited, .owner = run, .time_ms = LIMIT_MS };
        enum sim_end end = sim_run(run->sim, until);
        if (end == SIM_CRASHED || run->is_failed)
            return NULL;
        const struct json_value *tree = call_tree(&run->audit, call_body(&run->audit));
        if (end != SIM_DONE)
            FAIL(run, "%s is not answered", target);
        if (run->audit.status == 200 && tree != NULL)
            return tree;
    }
    FAIL(run, "%s is answered with %d", target, run->audit.status);
}

// --- start

static void on_failure(void *owner, err_t err, const char *path)
{
    (void)err;
    (void)path;
    ((struct run *)owner)->is_failed = true;
}

static void on_ready(void *owner)
{
    ((struct run *)owner)->is_ready = true;
}

static bool is_ready(void *owner)
{
    const struct run *run = owner;
    return run->is_ready || run->is_failed;
}

static void store_start(struct run *run, diag_t *diag)
{
    struct store_options options = { .folder = "/data",
                                     .flush = FLUSH_COMMIT,
                                     .memory_size = 1 << 20,
                                     .journal_size = run->seed % 3 == 0 ? 0 : 1 << 20,
                                     .direct_flush_size = 64 << 10,
                                     .direct_io = true,
                                     .direct_read_size = 1000,
                                     .checkpoint_interval_ms = 20 + (int64_t)choose(run, 500),
                                     .retention_interval_ms = 20,
                                     .producer_expiration_ms = 24 * 60 * 60 * 1000,
                                     .open_segments = 16 };
    topic_config_default(&options.topic_defaults);
    options.topic_defaults.retention_ms = -1;
    options.topic_defaults.segment_size = 8 << 10; // so that the table is compacted
    err_t err = store_open(&options, run->loops, LOOPS, &run->store, diag);
    if (err == ERR_OK)
        err = embedded_open(run->store, &run->engine, diag);
    if (err != ERR_OK)
        FAIL(run, "the store does not open: %s, %s: %s", err_name(err), diag->where, diag->text);
}

static void door_start(struct run *run, diag_t *diag)
{
    struct kube_options options = {
        .token = "t",
        .body_size = 1 << 20,
        .history_count = 10 + (int64_t)choose(run, 300),
        .history_size = 1 << 20,
        .watches_max = 100,
        .list_size_max = 10 << 20,
    };
    http_limits_default(&options.limits);
    run->address = (struct address){ .host = "localhost" };
    err_t err = kube_open(run->engine, &run->address, &options, &run->kube, diag);
    if (err != ERR_OK)
        FAIL(run, "the door does not open: %s, %s: %s", err_name(err), diag->where, diag->text);
    run->address.port = kube_port(run->kube);
}

static void trouble(struct run *run, bool is_on)
{
    struct sim_options *options = sim_options_of(run->sim);
    options->disk_delay_ppm = is_on ? 20000 : 0;
    options->disk_delay_max_ms = 10;
    options->reset_ppm = is_on && run->seed % 2 == 0 ? 2000 : 0;
    options->stall_ppm = is_on ? 2000 : 0;
    options->stall_max_ms = 200;
    options->space_error_ppm = is_on && run->seed % 5 == 0 ? 5000 : 0;
}

static void calls_lost(struct run *run)
{
    call_lost(&run->audit);
    for (int i = 0; i < WRITERS; i++)
        call_lost(&run->writers[i].call);
    for (int i = 0; i < WATCHERS; i++) {
        call_lost(&run->watchers[i].call);
        run->watchers[i].is_initial = false;
    }
    for (int i = 0; i < GARDENERS; i++)
        call_lost(&run->gardeners[i].call);
}

static void crash(struct run *run, bool is_kill)
{
    struct sim *sim = run->sim;
    trouble(run, false);
    if (!sim_crashed(sim) && is_kill)
        sim_kill(sim);
    else if (!sim_crashed(sim))
        sim_power_loss(sim);
    // What was under way is reachable only from here.
    struct run *kept = mem_alloc(sizeof *kept);
    *kept = *run;
    sim_keep(kept);
    calls_lost(run);
    for (size_t i = 0; i < run->plant_count; i++) {
        if (run->plants[i].state == PLANTING)
            run->plants[i].state = FAILED; // it may be there, but nobody knows its uid
    }
    for (size_t i = 0; i <= LOOPS; i++)
        loop_free(run->loops[i]);
    sim_restart(sim);
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    totals.crashes++;
}

// True when everything is there and was looked at; false after a crash on the way.
static bool generation_start(struct run *run)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 2, 1, 1 };
    struct sim *sim = run->sim;
    diag_t diag = { .where = "", .text = "" };
    run->is_ready = run->is_quiet = run->is_failed = run->is_closing = run->is_stopped = false;
    disk_start(threads);
    for (unsigned i = 0; i <= LOOPS; i++)
        run->loops[i] = loop_new(i);
    store_start(run, &diag);
    door_start(run, &diag);
    store_on_failure(run->store, on_failure, run);
    embedded_on_ready(run->engine, on_ready, run);
    if (choose(run, 4) == 0)
        sim_fault_at(sim, sim_operation_count(sim) + 1 + choose(run, 30), SIM_FAULT_POWER_LOSS);
    for (unsigned i = 0; i <= LOOPS; i++)
        loop_start_thread(run->loops[i]);
    struct sim_until until = { .done = is_ready, .owner = run, .time_ms = LIMIT_MS };
    enum sim_end end = sim_run(sim, until);
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "the engine does not get ready");
    struct row rows[NAMES] = { 0 };
    const struct json_value *list = end == SIM_CRASHED ? NULL : ask(run, EDITED);
    if (list == NULL) {
        crash(run, false);
        return false;
    }
    sim_fault_at(sim, 0, SIM_FAULT_NONE);
    rows_read(run, list, rows);
    start_check(run, rows, version_of(list));
    totals.starts++;
    return true;
}

// --- work

static void on_begin(struct message *message)
{
    struct run *run = CONTAINER_OF(message, struct run, message);
    for (int i = 0; i < WRITERS; i++)
        writer_begin(&run->writers[i]);
    for (int i = 0; i < WATCHERS; i++)
        watcher_begin(&run->watchers[i]);
    for (int i = 0; i < GARDENERS; i++)
        gardener_begin(&run->gardeners[i]);
}

static bool is_idle(void *owner)
{
    const struct run *run = owner;
    bool is_busy = false;
    for (int i = 0; i < WRITERS; i++)
        is_busy |= run->writers[i].call.conn != NULL || timer_active(&run->writers[i].timer);
    for (int i = 0; i < GARDENERS; i++)
        is_busy |= run->gardeners[i].call.conn != NULL || timer_active(&run->gardeners[i].timer);
    return !is_busy || run->is_failed;
}

static const struct watcher_agent *watcher_behind(const struct run *run, const struct row *rows)
{
    for (int i = 0; i < WATCHERS; i++) {
        const struct watcher_agent *watcher = &run->watchers[i];
        for (int name = 0; name < NAMES; name++) {
            if (watcher->version == 0 || watcher->cache[name].version != rows[name].version)
                return watcher;
        }
    }
    return NULL;
}

// Nobody writes: each watcher gets to where the objects are. False after a crash.
static bool watchers_settle(struct run *run)
{
    const struct watcher_agent *behind = NULL;
    for (int64_t waited = 0; waited < LIMIT_MS; waited += AUDIT_MS) {
        struct row rows[NAMES] = { 0 };
        const struct json_value *list = ask(run, EDITED);
        if (list == NULL)
            return false;
        rows_read(run, list, rows);
        list_check(run, rows, version_of(list));
        behind = watcher_behind(run, rows);
        if (behind == NULL)
            return true;
        if (sim_run_ms(run->sim, AUDIT_MS) == SIM_CRASHED || run->is_failed)
            return false;
    }
    FAIL(run, "watcher %d does not see what is there: it is at version %" PRId64, behind->number, behind->version);
}

static bool garden_settle(struct run *run)
{
    char why[200] = "";
    for (int64_t waited = 0; waited < GARDEN_LIMIT_MS; waited += 1000) {
        struct arena arena = ARENA_INIT;
        const struct json_value *spaces = ask(run, "/api/v1/namespaces");
        if (spaces != NULL) // the next answer takes its place
            spaces = tree_of(&arena, arena_copy(&arena, call_body(&run->audit)));
        const struct json_value *maps = spaces == NULL ? NULL : ask(run, "/api/v1/configmaps");
        bool is_tidy = maps != NULL && garden_is_tidy(run, maps, spaces, why);
        if (is_tidy)
            garden_check(run, maps);
        arena_free(&arena);
        if (maps == NULL)
            return false;
        if (is_tidy)
            return true;
        if (sim_run_ms(run->sim, 1000) == SIM_CRASHED || run->is_failed)
            return false;
    }
    FAIL(run, "the garden is not tidy after an hour: %s", why);
}

// False after a crash.
static bool settle(struct run *run)
{
    trouble(run, false);
    run->is_quiet = true;
    struct sim_until until = { .done = is_idle, .owner = run, .time_ms = LIMIT_MS };
    enum sim_end end = sim_run(run->sim, until);
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "a request is never answered");
    return end == SIM_DONE && !run->is_failed && watchers_settle(run) && garden_settle(run);
}

// --- stop

static void on_store_stopped(void *owner, err_t err)
{
    (void)err;
    ((struct run *)owner)->is_stopped = true;
}

static void on_engine_stopped(void *owner)
{
    struct run *run = owner;
    store_stop(run->store, on_store_stopped, run);
}

static void on_door_closed(void *owner)
{
    struct run *run = owner;
    embedded_stop(run->engine, on_engine_stopped, run);
}

static void on_stop(struct message *message)
{
    struct run *run = CONTAINER_OF(message, struct run, message);
    kube_close(run->kube, on_door_closed, run);
}

static bool is_stopped(void *owner)
{
    const struct run *run = owner;
    bool is_open = false;
    for (int i = 0; i < WATCHERS; i++)
        is_open |= run->watchers[i].call.conn != NULL;
    return (run->is_stopped && !is_open) || run->is_failed;
}

static void generation_stop(struct run *run)
{
    run->is_closing = true;
    run->message.on_message = on_stop;
    loop_post(kube_loop(run->kube), &run->message);
    struct sim_until until = { .done = is_stopped, .owner = run, .time_ms = LIMIT_MS };
    enum sim_end end = sim_run(run->sim, until);
    if (end != SIM_DONE && end != SIM_CRASHED)
        FAIL(run, "the program does not stop");
    if (end == SIM_CRASHED || run->is_failed) {
        crash(run, true);
        return;
    }
    disk_stop();
    for (int i = 0; i < WATCHERS; i++)
        timer_stop(&run->watchers[i].timer);
    kube_free(run->kube);
    embedded_free(run->engine);
    store_free(run->store);
    for (size_t i = 0; i <= LOOPS; i++)
        loop_free(run->loops[i]);
}

static void generation_run(struct run *run, bool is_last)
{
    struct sim *sim = run->sim;
    uint64_t how = choose(run, 8), operation = sim_operation_count(sim) + 1 + choose(run, 400);
    trouble(run, true);
    if (!is_last && how < 3)
        sim_fault_at(sim, operation, SIM_FAULT_POWER_LOSS);
    else if (!is_last && how == 3)
        sim_fault_at(sim, operation, SIM_FAULT_IO);
    run->message.on_message = on_begin;
    loop_post(run->loops[LOOPS], &run->message);
    enum sim_end end = sim_run_ms(sim, 1 + (int64_t)choose(run, RUN_MAX_MS));
    if (!is_last && (end == SIM_CRASHED || run->is_failed || how < 6)) {
        crash(run, how == 4);
        return;
    }
    if (settle(run))
        generation_stop(run);
    else
        crash(run, false);
}

static uint64_t seed_run(uint64_t seed)
{
    struct run *run = mem_zalloc(1, sizeof *run);
    run->seed = seed;
    run->sim = sim_new(seed, NULL);
    for (int i = 0; i < WRITERS; i++)
        run->writers[i].run = run;
    for (int i = 0; i < WATCHERS; i++) {
        run->watchers[i].run = run;
        run->watchers[i].number = i;
    }
    for (int i = 0; i < GARDENERS; i++)
        run->gardeners[i].run = run;
    for (int i = 1; i <= GENERATIONS; i++) {
        while (!generation_start(run))
            continue;
        generation_run(run, i == GENERATIONS);
    }
    uint64_t hash = sim_trace_hash(run->sim);
    calls_lost(run);
    sim_free(run->sim);
    free(run->edits);
    free(run->plants);
    free(run);
    return hash;
}

int main(int count, char **arguments)
{
    uint64_t first = count > 1 ? strtoull(arguments[1], NULL, 10) : 1;
    uint64_t seeds = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    uint64_t hash = 0;
    for (uint64_t seed = first; seed < first + seeds; seed++)
        hash = seed_run(seed);
    printf("%" PRIu64 " seeds: %" PRIu64 " edits, %" PRIu64 " conflicts, %" PRIu64 " events, %" PRIu64
           " watches that went on, %" PRIu64 " told 410, %" PRIu64 " lists; %" PRIu64 " planted, %" PRIu64
           " collected; %" PRIu64 " crashes, %" PRIu64 " starts, %" PRIu64 " unanswered and not there\n",
           seeds, totals.edits, totals.conflicts, totals.events, totals.resumed, totals.expired, totals.lists,
           totals.planted, totals.collected, totals.crashes, totals.starts, totals.unanswered);
    if (seed_run(first + seeds - 1) != hash) {
        fprintf(stderr, "kube_sim: seed %" PRIu64 " is not the same run twice\n", first + seeds - 1);
        return 1;
    }
    bool is_little = totals.edits < seeds * 20 || totals.conflicts < seeds || totals.events < seeds * 20 ||
                     totals.resumed < seeds || totals.expired < seeds / 4 || totals.collected < seeds * 5 ||
                     totals.crashes < seeds;
    if (seeds >= 20 && is_little) {
        fprintf(stderr, "kube_sim: too little was tried\n");
        return 1;
    }
    return 0;
}
