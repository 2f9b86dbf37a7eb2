// SPDX-License-Identifier: Apache-2.0
#include "io/system.h"

#include "base/mem.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/sim/loop_sim.h"

#include <stdio.h>
#include <stdlib.h>

// Without a world (a unit test of a pure room that links the twin) time stands still and numbers come from here.
static struct sim_rng worldless = { 1 };

int64_t clock_mono_ns(void)
{
    return sim_world == NULL ? 1 : sim_world->now_ns;
}

int64_t clock_wall_ms(void)
{
    struct sim *sim = sim_world;
    return sim == NULL ? 0 : sim->options.wall_start_ms + sim->now_ns / 1000000 - 1000 + sim->wall_offset_ms;
}

int64_t clock_local_ms(int64_t wall_ms)
{
    return wall_ms;
}

uint64_t random_u64(void)
{
    return sim_rng_next(sim_world == NULL ? &worldless : &sim_world->program);
}

uint64_t random_below(uint64_t bound)
{
    ASSERT(bound > 0);
    return random_u64() % bound;
}

void random_bytes(void *to, size_t size)
{
    uint8_t *end = to;
    while (size > 0) {
        uint64_t word = random_u64();
        size_t part = size < sizeof(word) ? size : sizeof(word);
        memcpy(end, &word, part);
        end += part;
        size -= part;
    }
}

const char *const *system_environment(void)
{
    static const char *const empty[] = { NULL };
    const char *const *env = sim_here()->options.env;
    return env == NULL ? empty : env;
}

void system_streams_open(void)
{
}

err_t system_write_out(bytes_t bytes)
{
    writer_bytes(&sim_here()->output[0], bytes);
    return ERR_OK;
}

err_t system_write_err(bytes_t bytes)
{
    writer_bytes(&sim_here()->output[1], bytes);
    return ERR_OK;
}

// The output of the twin is in memory, where both kinds of it are told apart anyway.
err_t system_err_to_file(const char *path)
{
    (void)path;
    return ERR_OK;
}

bytes_t sim_output(struct sim *sim, bool is_error)
{
    const struct writer *output = &sim->output[is_error ? 1 : 0];
    return output->buf == NULL ? BYTES_NULL : bytes_of(output->buf->data, output->size);
}

void sim_input(struct sim *sim, bytes_t bytes)
{
    buf_unref(sim->input);
    sim->input = buf_copy(bytes);
    sim->input_at = 0;
}

err_t system_read_in(void *to, size_t size, size_t *ret_size)
{
    struct sim *sim = sim_here();
    size_t left = sim->input == NULL ? 0 : sim->input->capacity - sim->input_at;
    if (size > left)
        size = left;
    if (size > 0)
        memcpy(to, sim->input->data + sim->input_at, size);
    sim->input_at += size;
    *ret_size = size;
    return ERR_OK;
}

bool system_out_is_terminal(void)
{
    return false;
}

bool system_in_is_terminal(void)
{
    return false;
}

// --- signals

struct signal_event {
    struct message message;
    int number;
};

static void on_signal_message(struct message *message)
{
    struct signal_event *event = CONTAINER_OF(message, struct signal_event, message);
    struct sim *sim = sim_here();
    int number = event->number;
    free(event);
    if (sim->signal_loop != NULL)
        sim->on_signal(number, sim->signal_owner);
}

void sim_signal(struct sim *sim, int signal_number)
{
    if (sim->signal_loop == NULL)
        return;
    struct signal_event *event = mem_zalloc(1, sizeof(*event));
    event->message.on_message = on_signal_message;
    event->number = signal_number;
    loop_post(sim->signal_loop, &event->message);
}

void system_on_signal(struct loop *loop, void (*on_signal)(int signal_number, void *owner), void *owner)
{
    struct sim *sim = sim_here();
    sim->signal_loop = loop;
    sim->on_signal = on_signal;
    sim->signal_owner = owner;
}

void system_signals_stop(void)
{
    sim_here()->signal_loop = NULL;
}

// --- figures

unsigned system_cpu_count(void)
{
    return sim_here()->options.cpu_count;
}

char *system_folder(void)
{
    return mem_text("/");
}

uint64_t system_process_id(void)
{
    return 1000 + sim_here()->generation;
}

// The twin is the only process of its world.
size_t system_find_processes(const char *name, uint64_t *to, size_t max)
{
    (void)name;
    (void)to;
    (void)max;
    return 0;
}

err_t system_send_signal(uint64_t process_id, enum system_signal signal_number)
{
    if (process_id != system_process_id())
        return ERR_NOT_FOUND;
    sim_signal(sim_here(), (int)signal_number);
    return ERR_OK;
}

err_t system_run_program(const char *const *argv, int *ret_code)
{
    (void)argv;
    (void)ret_code;
    return ERR_NOT_FOUND; // the twin has no programs
}

uint64_t system_raise_file_limit(void)
{
    return 1 << 20;
}

void system_usage_read(struct system_usage *ret_usage)
{
    *ret_usage = (struct system_usage){ .max_files = 1 << 20, .started_wall_ms = sim_here()->options.wall_start_ms };
}

void system_load_read(uint64_t *ret_resident_size, uint64_t *ret_cpu_ns)
{
    *ret_resident_size = *ret_cpu_ns = 0;
}

// The process ends where it stands, as after a kill: sim_run returns SIM_EXITED.
void system_exit(int code)
{
    struct sim *sim = sim_here();
    if (!sim->can_jump) {
        fprintf(stderr, "system_exit(%d) outside of sim_run\n", code);
        abort();
    }
    sim->exit_code = code;
    sim_crash_now(sim, SIM_KILL);
    longjmp(sim->at_exit, 1);
}
