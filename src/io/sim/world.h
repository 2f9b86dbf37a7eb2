// SPDX-License-Identifier: Apache-2.0
// Inside of the twin: the world, its events in virtual time, and what the files of this folder share.
#pragma once

#include "base/heap.h"
#include "base/list.h"
#include "base/writer.h"
#include "io/disk.h"
#include "io/sim/fs.h"
#include "io/sim/rng.h"
#include "io/sim/sim.h"

#include <setjmp.h>

enum sim_event_kind {
    SIM_EVENT_TURN = 1,
    SIM_EVENT_TIMER,
    SIM_EVENT_MESSAGE,
    SIM_EVENT_JOB,
    SIM_EVENT_NET,
    SIM_EVENT_OTHER,
    SIM_TRACE_OPERATION,
    SIM_TRACE_BYTES,
    SIM_TRACE_FAULT,
};

struct sim_event {
    struct heap_node node; // key: virtual nanoseconds
    void (*fire)(struct sim_event *event);
    // The program crashed or the world ended before it fired: releases the event.
    void (*drop)(struct sim_event *event);
    enum sim_event_kind kind;
};

struct sim_job; // disk.c

struct sim_queue {
    struct list_node waiting, started; // struct sim_job
    unsigned threads, busy;
};

struct sim {
    struct sim_options options;
    struct sim_rng schedule, network, storage, program, test;
    int64_t now_ns;
    int64_t wall_offset_ms;
    struct heap events;
    uint64_t step_count, trace, fault_count;

    unsigned generation;
    bool running, crashed, dropped;
    int exit_code;
    bool can_jump;
    jmp_buf at_exit;

    struct list_node loops, conns, listeners, files;
    struct loop *current;
    uint64_t next_loop_id, next_conn_id;
    uint16_t next_port;
    uint16_t *taken_ports;
    size_t taken_count, taken_capacity;
    size_t queued_peak;

    struct sim_queue queues[DISK_QUEUE_COUNT];
    bool in_job;
    int64_t job_cost_ns;
    struct fs fs;
    uint64_t operation_count, blocking_count;
    uint64_t plan_number;
    enum sim_fault plan;
    bool plan_stays;

    struct loop *signal_loop;
    void (*on_signal)(int signal_number, void *owner);
    void *signal_owner;
    struct writer output[2];
    struct buf *input;
    size_t input_at;
};

// The world of this process, or NULL; asserts that there is one.
extern struct sim *sim_world;
struct sim *sim_here(void);

// Queues an event DELAY_NS from now.
void sim_schedule(struct sim *sim, struct sim_event *event, int64_t delay_ns);
void sim_schedule_at(struct sim *sim, struct sim_event *event, int64_t at_ns);
// Up to MAX_NS, 0 in a steady world.
int64_t sim_jitter(struct sim *sim, int64_t max_ns);
void sim_trace_add(struct sim *sim, enum sim_event_kind kind, uint64_t a, uint64_t b);
void sim_fault_add(struct sim *sim, enum sim_event_kind kind);
void sim_crash_now(struct sim *sim, enum sim_crash crash);

// What each file does when the program crashed: nothing of it calls back any more.
void sim_loops_drop(struct sim *sim);
void sim_net_drop(struct sim *sim);
void sim_jobs_drop(struct sim *sim);
void sim_files_drop(struct sim *sim);
// What each file releases with the world.
void sim_loops_free(struct sim *sim);
void sim_net_free(struct sim *sim);
void sim_files_free(struct sim *sim);
void sim_jobs_init(struct sim *sim);
