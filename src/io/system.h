// SPDX-License-Identifier: Apache-2.0
// What is left of the process and its surroundings: environment, standard streams, signals, resource figures.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

struct loop;

// NAME=value strings, NULL-terminated; the process's own.
const char *const *system_environment(void);
// First thing in main: standard streams that the parent closed become /dev/null, so that no file or socket takes their
// numbers.
void system_streams_open(void);
// Writes all of it to standard output or standard error. ERR_RESET when the reader is gone (a closed pipe).
err_t system_write_out(bytes_t bytes);
err_t system_write_err(bytes_t bytes);
// The folder that relative paths begin in: absolute, to be freed. "/" when the system does not tell.
char *system_folder(void) __attribute__((malloc, returns_nonnull));
// Standard error goes to the end of the file PATH from now on; it is made if absent. Called again after the file was
// renamed, it makes a new one. On failure standard error stays what it is.
err_t system_err_to_file(const char *path) MUST_CHECK;
// Blocks until some bytes, or *ret_size = 0 at the end. Call it from a disk job when a loop must go on.
err_t system_read_in(void *to, size_t size, size_t *ret_size) MUST_CHECK;
bool system_out_is_terminal(void);
bool system_in_is_terminal(void);

enum system_signal {
    SYSTEM_HANGUP = 1,    // SIGHUP
    SYSTEM_INTERRUPT = 2, // SIGINT
    SYSTEM_KILL = 9,      // SIGKILL
    SYSTEM_USER_1 = 10,   // SIGUSR1
    SYSTEM_USER_2 = 12,   // SIGUSR2
    SYSTEM_TERMINATE = 15 // SIGTERM
};
// SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 arrive on LOOP from now on; SIGPIPE is ignored.
void system_on_signal(struct loop *loop, void (*on_signal)(int signal_number, void *owner), void *owner);
void system_signals_stop(void);

unsigned system_cpu_count(void);
uint64_t system_process_id(void);
// Writes the ids of up to MAX other processes whose program has the name NAME (as /proc tells it: 15 characters at
// most) and returns how many there are of them.
size_t system_find_processes(const char *name, uint64_t *to, size_t max);
// ERR_NOT_FOUND: there is no such process; ERR_DENIED: it is somebody else's.
err_t system_send_signal(uint64_t process_id, enum system_signal signal_number) MUST_CHECK;
// Runs a program (argv[0] is looked up in PATH; NULL-terminated) on our own standard streams and waits until it ends,
// as system() does: what is typed to interrupt it does not end us. Exit code 0..255, or 128 + signal. For commands; a
// server has io/child.h. ERR_NOT_FOUND, ERR_DENIED: it could not be started.
err_t system_run_program(const char *const *argv, int *ret_code) MUST_CHECK;
// Raises the soft limit of open files to the hard limit; returns it.
uint64_t system_raise_file_limit(void);
// Resident bytes, CPU nanoseconds of the process, open file descriptors; 0 where unknown.
struct system_usage {
    uint64_t resident_size;
    uint64_t cpu_ns;
    uint64_t open_files;
    uint64_t max_files;
    int64_t started_wall_ms;
};
void system_usage_read(struct system_usage *ret_usage);
// The first two alone: counting descriptors takes a millisecond for each thousand.
void system_load_read(uint64_t *ret_resident_size, uint64_t *ret_cpu_ns);
_Noreturn void system_exit(int code);
