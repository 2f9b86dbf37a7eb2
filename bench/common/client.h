// SPDX-License-Identifier: Apache-2.0
// What the programs that make load share: requests of the classic (non-flexible) form, blocking connections, latencies.
// Whatever goes wrong ends the program with a sentence: a measurement with errors in it is none.
#pragma once
#include <stddef.h>
#include <stdint.h>

double now_s(void); // monotonic
_Noreturn void fail(const char *what);

// Of another process: CPU time of all its threads so far, and resident memory now.
double process_cpu_ms(int pid);
double process_memory_mb(int pid);

// A growing request; big endian.
struct out {
    uint8_t *data;
    size_t size, capacity;
};

void out_bytes(struct out *o, const void *data, size_t size);
void out_int(struct out *o, int64_t value, int width);
void out_text(struct out *o, const char *text);

void put_int(uint8_t *at, uint64_t value, int width);
uint64_t get_int(const uint8_t *at, int width);

// Begins anew: what was in it is gone. The client id is the program's name.
void request_begin(struct out *o, int api, int version, int correlation);
void request_end(struct out *o);

int dial(const char *address); // HOST:PORT
void send_all(int fd, const void *data, size_t size);
void receive_all(int fd, void *data, size_t size);

// One reply into BUFFER, without its length; returns the size.
size_t reply_receive(int fd, uint8_t *buffer, size_t capacity);

// Makes a topic, or finds it there, and waits until each partition has a leader.
void topic_create(const char *address, const char *topic, int partitions);

// Latencies of this program, to the nearest 1.6 %.
void histogram_add(double seconds);
double histogram_ms(double quantile);
void histogram_clear(void);
