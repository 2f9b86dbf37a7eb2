// SPDX-License-Identifier: Apache-2.0
#include "io/sim/world.h"

#include "base/mem.h"
#include "io/sim/loop_sim.h"

#include <stdlib.h>

enum { WALL_START_2026_S = 1767225600, EXIT_JUMP = 1 };

struct sim *sim_world;

// Memory of crashed programs that nobody may free any more; see sim.h.
static struct {
    void **items;
    size_t count, capacity;
} kept;

void sim_keep(void *memory)
{
    MEM_GROW(kept.items, kept.count, kept.capacity);
    kept.items[kept.count++] = memory;
}

struct sim *sim_here(void)
{
    ASSERT(sim_world != NULL);
    return sim_world;
}

static void options_default(struct sim_options *options)
{
    if (options->wall_start_ms == 0)
        options->wall_start_ms = (int64_t)WALL_START_2026_S * 1000;
    if (options->cpu_count == 0)
        options->cpu_count = 2;
    if (options->latency_max_us == 0)
        options->latency_max_us = 200;
    if (options->window_size == 0)
        options->window_size = 64 * 1024;
    if (options->chunk_ppm == 0 && !options->steady)
        options->chunk_ppm = 100000;
    if (options->disk_quota == 0)
        options->disk_quota = UINT64_C(1) << 40;
}

struct sim *sim_new(uint64_t seed, const struct sim_options *options)
{
    ASSERT(sim_world == NULL);
    struct sim *sim = mem_zalloc(1, sizeof(*sim));
    if (options != NULL)
        sim->options = *options;
    options_default(&sim->options);
    struct sim_rng seeds = { seed };
    sim->schedule.state = sim_rng_next(&seeds);
    sim->network.state = sim_rng_next(&seeds);
    sim->storage.state = sim_rng_next(&seeds);
    sim->program.state = sim_rng_next(&seeds);
    sim->test.state = sim_rng_next(&seeds);
    sim->now_ns = 1000000000;
    sim->generation = 1;
    sim->exit_code = -1;
    sim->next_port = 40000;
    list_init(&sim->loops);
    list_init(&sim->conns);
    list_init(&sim->listeners);
    list_init(&sim->files);
    sim_jobs_init(sim);
    fs_init(&sim->fs);
    sim_world = sim;
    return sim;
}

// The program is gone: what it waited for does not come, what it sent does not arrive.
static void program_drop(struct sim *sim)
{
    sim->dropped = true;
    struct heap_node *node;
    while ((node = heap_first(&sim->events)) != NULL) {
        struct sim_event *event = CONTAINER_OF(node, struct sim_event, node);
        heap_remove(&sim->events, node);
        if (event->drop != NULL)
            event->drop(event);
    }
    sim_jobs_drop(sim);
    sim_net_drop(sim);
    sim_loops_drop(sim);
    sim_files_drop(sim);
    sim->signal_loop = NULL;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    ASSERT(!sim->running);
    sim->crashed = true;
    if (!sim->dropped)
        program_drop(sim);
    sim_net_free(sim);
    sim_loops_free(sim);
    sim_files_free(sim);
    fs_deinit(&sim->fs);
    heap_free(&sim->events);
    buf_unref(sim->output[0].buf);
    buf_unref(sim->output[1].buf);
    buf_unref(sim->input);
    free(sim->taken_ports);
    sim_world = NULL;
    free(sim);
}

struct sim_options *sim_options_of(struct sim *sim)
{
    return &sim->options;
}

void sim_schedule_at(struct sim *sim, struct sim_event *event, int64_t at_ns)
{
    heap_push(&sim->events, &event->node, at_ns < sim->now_ns ? sim->now_ns : at_ns);
}

void sim_schedule(struct sim *sim, struct sim_event *event, int64_t delay_ns)
{
    sim_schedule_at(sim, event, sim->now_ns + delay_ns);
}

int64_t sim_jitter(struct sim *sim, int64_t max_ns)
{
    return sim->options.steady ? 0 : (int64_t)sim_rng_below(&sim->schedule, (uint64_t)max_ns + 1);
}

void sim_trace_add(struct sim *sim, enum sim_event_kind kind, uint64_t a, uint64_t b)
{
    sim->trace = sim_mix(sim->trace + (uint64_t)kind + (uint64_t)sim->now_ns * 31);
    sim->trace = sim_mix(sim->trace ^ a);
    sim->trace = sim_mix(sim->trace + b);
}

void sim_fault_add(struct sim *sim, enum sim_event_kind kind)
{
    sim->fault_count++;
    sim_trace_add(sim, SIM_TRACE_FAULT, kind, sim->fault_count);
}

static void step(struct sim *sim, struct sim_event *event)
{
    heap_remove(&sim->events, &event->node);
    if (event->node.key > sim->now_ns)
        sim->now_ns = event->node.key;
    sim->step_count++;
    sim_trace_add(sim, event->kind, sim->step_count, 0);
    event->fire(event);
}

static enum sim_end run(struct sim *sim, const struct sim_until *until)
{
    int64_t end_ns = until->time_ms > 0 ? sim->now_ns + until->time_ms * 1000000 : INT64_MAX;
    uint64_t end_step = until->steps > 0 ? sim->step_count + until->steps : UINT64_MAX;
    for (;;) {
        if (sim->crashed)
            return sim->exit_code >= 0 ? SIM_EXITED : SIM_CRASHED;
        if (until->done != NULL && until->done(until->owner))
            return SIM_DONE;
        if (sim->crashed)
            continue;
        if (sim->step_count >= end_step)
            return SIM_STEPS;
        struct heap_node *node = heap_first(&sim->events);
        if (node == NULL && end_ns == INT64_MAX)
            return SIM_IDLE;
        if (node == NULL || node->key > end_ns) {
            sim->now_ns = end_ns;
            return SIM_TIME;
        }
        step(sim, CONTAINER_OF(node, struct sim_event, node));
    }
}

enum sim_end sim_run(struct sim *sim, struct sim_until until)
{
    ASSERT(!sim->running);
    sim->running = true;
    sim->can_jump = true;
    // system_exit comes back here from the depth of the program.
    enum sim_end end = setjmp(sim->at_exit) == EXIT_JUMP ? SIM_EXITED : run(sim, &until);
    sim->can_jump = false;
    sim->running = false;
    sim->current = NULL;
    sim->in_job = false;
    if (sim->crashed && !sim->dropped)
        program_drop(sim);
    return end;
}

enum sim_end sim_run_ms(struct sim *sim, int64_t time_ms)
{
    return sim_run(sim, (struct sim_until){ .time_ms = time_ms });
}

uint64_t sim_step_count(const struct sim *sim)
{
    return sim->step_count;
}

uint64_t sim_trace_hash(const struct sim *sim)
{
    return sim->trace;
}

uint64_t sim_choose(struct sim *sim, uint64_t bound)
{
    return sim_rng_below(&sim->test, bound);
}

void sim_crash_now(struct sim *sim, enum sim_crash crash)
{
    if (sim->crashed)
        return;
    sim->crashed = true;
    sim_fault_add(sim, SIM_EVENT_OTHER);
    if (crash == SIM_POWER_LOSS)
        fs_power_loss(&sim->fs, &sim->storage, sim->options.loss);
    if (!sim->running)
        program_drop(sim);
}

void sim_power_loss(struct sim *sim)
{
    sim_crash_now(sim, SIM_POWER_LOSS);
}

void sim_kill(struct sim *sim)
{
    sim_crash_now(sim, SIM_KILL);
}

bool sim_crashed(const struct sim *sim)
{
    return sim->crashed;
}

int sim_exit_code(const struct sim *sim)
{
    return sim->exit_code;
}

void sim_restart(struct sim *sim)
{
    ASSERT(!sim->running && sim->crashed);
    sim->crashed = false;
    sim->dropped = false;
    sim->exit_code = -1;
    sim->generation++;
    sim->plan = SIM_FAULT_NONE;
    sim->now_ns += 1000000000;
    fs_restart(&sim->fs);
}

void sim_fault_at(struct sim *sim, uint64_t number, enum sim_fault fault)
{
    sim->plan_number = number;
    sim->plan = fault;
    sim->plan_stays = false;
}

void sim_fault_from(struct sim *sim, uint64_t number, enum sim_fault fault)
{
    sim_fault_at(sim, number, fault);
    sim->plan_stays = true;
}

uint64_t sim_operation_count(const struct sim *sim)
{
    return sim->operation_count;
}

uint64_t sim_blocking_count(const struct sim *sim)
{
    return sim->blocking_count;
}

size_t sim_queued_peak(const struct sim *sim)
{
    return sim->queued_peak;
}

uint64_t sim_fault_count(const struct sim *sim)
{
    return sim->fault_count;
}

void sim_wall_jump(struct sim *sim, int64_t by_ms)
{
    sim->wall_offset_ms += by_ms;
    sim_fault_add(sim, SIM_EVENT_OTHER);
}

void sim_port_take(struct sim *sim, uint16_t port)
{
    MEM_GROW(sim->taken_ports, sim->taken_count, sim->taken_capacity);
    sim->taken_ports[sim->taken_count++] = port;
}
