// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

double process_cpu_ms(int pid)
{
    clockid_t clock;
    struct timespec t;
    errno = clock_getcpuclockid(pid, &clock);
    if (errno != 0 || clock_gettime(clock, &t) != 0)
        fail("the server's CPU time");
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

double process_memory_mb(int pid)
{
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *status = fopen(path, "r");
    if (status == NULL)
        fail(path);
    while (fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "VmRSS: %ld", &kilobytes) == 1)
            break;
    fclose(status);
    return (double)kilobytes * 1024 / 1e6;
}

void out_bytes(struct out *o, const void *data, size_t size)
{
    if (o->size + size > o->capacity) {
        o->capacity = (o->size + size) * 2;
        o->data = realloc(o->data, o->capacity);
        if (o->data == NULL)
            fail("memory");
    }
    memcpy(o->data + o->size, data, size);
    o->size += size;
}

void out_int(struct out *o, int64_t value, int width)
{
    uint8_t bytes[8];
    for (int i = 0; i < width; i++)
        bytes[i] = (uint8_t)((uint64_t)value >> (8 * (width - 1 - i)));
    out_bytes(o, bytes, (size_t)width);
}

void out_text(struct out *o, const char *text)
{
    out_int(o, (int64_t)strlen(text), 2);
    out_bytes(o, text, strlen(text));
}

void request_begin(struct out *o, int api, int version, int correlation)
{
    o->size = 0;
    out_int(o, 0, 4);
    out_int(o, api, 2);
    out_int(o, version, 2);
    out_int(o, correlation, 4);
    out_text(o, program_invocation_short_name);
}

void put_int(uint8_t *at, uint64_t value, int width)
{
    for (int i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
}

uint64_t get_int(const uint8_t *at, int width)
{
    uint64_t value = 0;
    for (int i = 0; i < width; i++)
        value = value << 8 | at[i];
    return value;
}

void request_end(struct out *o)
{
    put_int(o->data, o->size - 4, 4);
}

int dial(const char *address)
{
    char host[256];
    snprintf(host, sizeof(host), "%s", address);
    char *colon = strrchr(host, ':');
    if (colon == NULL)
        fail("HOST:PORT");
    *colon = '\0';
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        fail("address");
    int fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        fail("connect");
    freeaddrinfo(found);
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

void send_all(int fd, const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n <= 0)
            fail("send");
        at += n;
        size -= (size_t)n;
    }
}

void receive_all(int fd, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        ssize_t n = recv(fd, at, size, 0);
        if (n <= 0)
            fail("receive");
        at += n;
        size -= (size_t)n;
    }
}

size_t reply_receive(int fd, uint8_t *buffer, size_t capacity)
{
    uint8_t head[4];
    receive_all(fd, head, 4);
    size_t size = (size_t)get_int(head, 4);
    if (size > capacity)
        fail("reply too large");
    receive_all(fd, buffer, size);
    return size;
}

// Asks for the end of every partition until each has a leader, so that no run starts in the middle of an election.
static void topic_wait(int fd, const char *topic, int partitions, struct out *o)
{
    size_t capacity = 64 + 256 + (size_t)partitions * 32;
    uint8_t *reply = malloc(capacity);
    for (int attempt = 0; attempt < 200; attempt++) {
        request_begin(o, 2, 1, 2);
        out_int(o, -1, 4);
        out_int(o, 1, 4);
        out_text(o, topic);
        out_int(o, partitions, 4);
        for (int p = 0; p < partitions; p++) {
            out_int(o, p, 4);
            out_int(o, -1, 8);
        }
        request_end(o);
        send_all(fd, o->data, o->size);
        reply_receive(fd, reply, capacity);
        const uint8_t *at = reply + 8 + 2 + get_int(reply + 8, 2) + 4;
        int ready = 0;
        for (int p = 0; p < partitions; p++, at += 22)
            ready += get_int(at + 4, 2) == 0;
        if (ready == partitions)
            break;
        poll(NULL, 0, 50);
    }
    free(reply);
}

void topic_create(const char *address, const char *topic, int partitions)
{
    int fd = dial(address);
    struct out o = { 0 };
    request_begin(&o, 19, 2, 1);
    out_int(&o, 1, 4);
    out_text(&o, topic);
    out_int(&o, partitions, 4);
    out_int(&o, 1, 2);
    out_int(&o, 0, 4);
    out_int(&o, 0, 4);
    out_int(&o, 60000, 4);
    out_int(&o, 0, 1);
    request_end(&o);
    send_all(fd, o.data, o.size);
    uint8_t reply[4096];
    reply_receive(fd, reply, sizeof(reply));
    size_t name = (size_t)get_int(reply + 4 + 4 + 4, 2);
    int error = (int)get_int(reply + 14 + name, 2);
    if (error != 0 && error != 36)
        fprintf(stderr, "%s: create topic: error %d\n", program_invocation_short_name, error);
    topic_wait(fd, topic, partitions, &o);
    free(o.data);
    close(fd);
}

// Latencies in microseconds, to the nearest 1.6 %.
enum { HIST_SIZE = 64 * 40 };
static uint64_t histogram[HIST_SIZE], histogram_count;

void histogram_add(double seconds)
{
    uint64_t us = seconds < 0 ? 0 : (uint64_t)(seconds * 1e6);
    size_t bucket = us;
    if (us >= 64) {
        int shift = 57 - __builtin_clzll(us);
        bucket = (size_t)(shift + 1) * 64 + ((us >> shift) & 63);
    }
    histogram[bucket < HIST_SIZE ? bucket : HIST_SIZE - 1]++;
    histogram_count++;
}

double histogram_ms(double quantile)
{
    uint64_t target = (uint64_t)(quantile * (double)histogram_count), seen = 0;
    for (size_t bucket = 0; bucket < HIST_SIZE; bucket++) {
        seen += histogram[bucket];
        if (seen > target) {
            if (bucket < 64)
                return (double)bucket / 1000;
            size_t shift = bucket / 64 - 1;
            return (double)((bucket % 64 + 64) << shift) / 1000;
        }
    }
    return 0;
}

void histogram_clear(void)
{
    memset(histogram, 0, sizeof(histogram));
    histogram_count = 0;
}
