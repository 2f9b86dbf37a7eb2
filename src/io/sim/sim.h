// SPDX-License-Identifier: Apache-2.0
// The deterministic twin of io/: a world with virtual time, network and disk in which several loops and the disk
// threads of a program run on one OS thread. The same seed and the same code give the same run, event by event. A test
// makes a world, starts the program (loop_new, loop_start_thread, listener_open ... now belong to the world), lets time
// pass with sim_run, breaks things, and asks afterwards what happened. One world at a time in a process.
//
// Generations. A crash (power loss, kill, system_exit) ends the running program: its loops take no more turns, timers
// and deferred work are unlinked, sockets are gone, no callback comes any more, and every file operation fails with
// ERR_IO without touching the disk. The test then releases the program's memory, and calls sim_restart before it starts
// the next generation on what the disk kept. Releasing is done by the program's own free functions: timer_stop,
// loop_defer_cancel, conn_close, conn_abort, listener_close, loop_stop, loop_free and file_close are safe on what died,
// do nothing else, and never call back. What was in flight (messages, jobs, owners of sockets) stays reachable until
// the process ends, so that a leak checker does not report it; sim_keep does the same for anything else that the test
// does not care to free.
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sim;
struct loop;
struct conn;

// What a power loss does to what was not made durable.
enum sim_loss {
    SIM_LOSS_SEEDED, // each page kept, lost or torn; each folder keeps a prefix of its changes; sizes kept or lost
    SIM_LOSS_ALL,    // everything that may be lost is lost
    SIM_LOSS_NONE,   // everything is kept
};

// All zero is a calm world: jitter, but no fault. Chances are in parts per million.
struct sim_options {
    int64_t wall_start_ms;  // 0: 2026-01-01T00:00:00Z
    unsigned cpu_count;     // 0: 2
    const char *const *env; // NULL-terminated; NULL: empty
    bool steady;            // no jitter, whole reads and writes: for tests that look at one thing

    uint32_t pause_ppm; // of a loop's turns: the loop stands still first
    uint32_t pause_max_ms;
    uint32_t wall_jump_ppm; // of all turns: the wall clock jumps either way
    uint32_t wall_jump_max_ms;

    uint32_t latency_max_us; // one way; 0: 200
    uint32_t window_size;    // bytes of one direction between the two programs; 0: 64 KiB
    uint32_t chunk_ppm;      // of reads and writes that move only a few bytes, down to one; 0: 100,000
    uint32_t refuse_ppm;     // of conn_open
    uint32_t reset_ppm;      // of segments: both sides lose the connection
    uint32_t stall_ppm;      // of segments: this direction stands still
    uint32_t stall_max_ms;

    uint32_t read_error_ppm;  // ERR_IO
    uint32_t write_error_ppm; // ERR_IO; some of it may be written
    uint32_t sync_error_ppm;  // ERR_IO; what was dirty is clean now and may not be on the disk (as on Linux)
    uint32_t space_error_ppm; // ERR_NO_SPACE of what needs room; some of it may be written
    uint32_t disk_delay_ppm;  // of file operations: the job takes longer
    uint32_t disk_delay_max_ms;
    uint64_t disk_quota; // bytes that all files may hold; 0: 1 TiB
    bool copy_on_write;  // writing over bytes that are there needs room as well
    bool no_direct;      // FILE_DIRECT is ERR_UNSUPPORTED
    enum sim_loss loss;
};

// OPTIONS may be NULL: calm. Copied.
struct sim *sim_new(uint64_t seed, const struct sim_options *options);
// Releases the world and every loop, socket and file handle in it; the program's memory was released before.
void sim_free(struct sim *sim);
// Changes faults while the world runs; the options' seeds and counters stay.
struct sim_options *sim_options_of(struct sim *sim);

// --- letting time pass

enum sim_end {
    SIM_DONE,    // the condition became true
    SIM_TIME,    // the time is over
    SIM_STEPS,   // so many events have happened
    SIM_IDLE,    // nothing is left to happen, ever
    SIM_CRASHED, // power loss or kill
    SIM_EXITED,  // the program called system_exit
};

struct sim_until {
    bool (*done)(void *owner); // asked between events; NULL: never
    void *owner;
    int64_t time_ms; // virtual, from now; 0: no limit
    uint64_t steps;  // 0: no limit
};

// Not from inside a callback. loop_run, called outside, is loop_start_thread and sim_run until that loop stopped;
// loop_join is the second half of it.
enum sim_end sim_run(struct sim *sim, struct sim_until until);
enum sim_end sim_run_ms(struct sim *sim, int64_t time_ms);
// Events so far, and a hash over all of them: two runs are the same run when it agrees.
uint64_t sim_step_count(const struct sim *sim);
uint64_t sim_trace_hash(const struct sim *sim);
// Numbers for the test's own choices, from the seed but apart from the program's.
uint64_t sim_choose(struct sim *sim, uint64_t bound);

// --- crashes

enum sim_crash {
    SIM_POWER_LOSS, // the page cache is gone, see sim_loss
    SIM_KILL,       // kill -9: the page cache survives
};

// At once, or when called inside a callback: the disk at once, the rest when the callback returns.
void sim_power_loss(struct sim *sim);
void sim_kill(struct sim *sim);
bool sim_crashed(const struct sim *sim);
// The program's exit code, or -1.
int sim_exit_code(const struct sim *sim);
// Begins the next generation. Threads of io/disk.h must be started again.
void sim_restart(struct sim *sim);
void sim_keep(void *memory);

// --- faults

// What happens at the operation that makes sim_operation_count equal NUMBER. All functions of io/file.h that return an
// error count, file_close and file_exists do not, file_replace and file_read_whole count as the operations they are
// made of.
enum sim_fault {
    SIM_FAULT_NONE,
    SIM_FAULT_IO,         // ERR_IO; a write may be half done, a sync has the semantics of sync_error_ppm
    SIM_FAULT_NO_SPACE,   // ERR_NO_SPACE where room is needed, else nothing
    SIM_FAULT_POWER_LOSS, // just before it, or in the middle of it if it is a write
    SIM_FAULT_KILL,
};
void sim_fault_at(struct sim *sim, uint64_t number, enum sim_fault fault);
// The same from that operation on, until the plan is changed: a disk that is gone or full.
void sim_fault_from(struct sim *sim, uint64_t number, enum sim_fault fault);
uint64_t sim_operation_count(const struct sim *sim);
// File operations done by a loop's turn instead of a disk job: each blocks a loop.
uint64_t sim_blocking_count(const struct sim *sim);
// The most bytes that one accepted connection ever had queued (conn_queued): what a slow reader costs.
size_t sim_queued_peak(const struct sim *sim);
// Faults that really happened, of all kinds, crashes among them.
uint64_t sim_fault_count(const struct sim *sim);

void sim_wall_jump(struct sim *sim, int64_t by_ms);
// The loop takes no turn for so long.
void sim_loop_pause(struct loop *loop, int64_t time_ms);
// Cuts the connection; both sides see ERR_RESET.
void sim_conn_reset(struct conn *conn);
// Ends what CONN sends, as shutdown(2) does, behind what has left so far: it goes on reading. CONN sends no more.
void sim_conn_end(struct conn *conn);
// Nothing arrives at CONN for so long: the other side's reader stalls or the network does.
void sim_conn_stall(struct conn *conn, int64_t time_ms);
// As if another process listened there: listener_open fails with ERR_BUSY.
void sim_port_take(struct sim *sim, uint16_t port);
// As if another process held the lock of PATH (which exists).
void sim_file_lock(struct sim *sim, const char *path, bool locked);
// Delivers a signal to system_on_signal's loop.
void sim_signal(struct sim *sim, int signal_number);
// What the program wrote with system_write_out (or _err); a view that stays until the next write.
bytes_t sim_output(struct sim *sim, bool is_error);
// What system_read_in returns; copied.
void sim_input(struct sim *sim, bytes_t bytes);
