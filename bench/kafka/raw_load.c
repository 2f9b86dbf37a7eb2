// SPDX-License-Identifier: Apache-2.0
// A Kafka client that costs almost nothing, so that a measurement shows the server: it sends one pre-built record batch
// again and again over a few connections, or fetches without looking at records. One thread, blocking poll, classic
// (non-flexible) versions that every broker still serves: CreateTopics 2, Produce 8, ListOffsets 1, Fetch 11.
//
//   raw_load produce HOST:PORT --topic T --partitions P --seconds S [--connections C] [--inflight N] [--batch BYTES]
//            [--record BYTES] [--spread K] [--acks -1|1] [--megabytes M]
//   raw_load consume HOST:PORT --topic T --partitions P --megabytes M | --follow S
//   raw_load e2e     HOST:PORT --topic T --rate RECORDS_PER_SECOND --seconds S [--record BYTES]
//   raw_load bare    FILE --batch BYTES --seconds S
//
// consume ends at the end of the log, or goes on at the tail for S seconds and counts from the first record to the
// last. bare is what no server can beat: it appends BYTES to a file and flushes, again and again.
//
// Prints one JSON object.
#define _GNU_SOURCE
#include "../common/client.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/crc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, INFLIGHT_MAX = 64, RECEIVE_SIZE = 4 << 20 };

struct settings {
    const char *mode, *address, *topic;
    int partitions, connections, inflight, spread, acks;
    size_t batch_size, record_size;
    double seconds, megabytes, rate, follow;
};

static void out_varlong(struct out *o, int64_t value)
{
    uint64_t zigzag = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    while (zigzag >= 0x80) {
        out_int(o, (int64_t)(zigzag & 0x7f) | 0x80, 1);
        zigzag >>= 7;
    }
    out_int(o, (int64_t)zigzag, 1);
}

static uint32_t crc32c(const uint8_t *data, size_t size)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)data;
    return ~crc32_iscsi(bytes, (int)size, ~0U);
}

// One uncompressed batch of COUNT records whose values have RECORD_SIZE bytes; a value starts with the time it was
// made.
static void batch_build(struct out *o, int count, size_t record_size, double time)
{
    static uint8_t value[1 << 20];
    for (size_t i = 0; i < record_size && value[record_size - 1] == 0; i++)
        value[i] = (uint8_t)('a' + i % 23);
    memcpy(value, &time, sizeof(time));
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t now_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
    size_t start = o->size;
    out_int(o, 0, 8);
    out_int(o, 0, 4);
    out_int(o, -1, 4);
    out_int(o, 2, 1);
    out_int(o, 0, 4);
    out_int(o, 0, 2);
    out_int(o, count - 1, 4);
    out_int(o, now_ms, 8);
    out_int(o, now_ms, 8);
    out_int(o, -1, 8);
    out_int(o, -1, 2);
    out_int(o, -1, 4);
    out_int(o, count, 4);
    struct out record = { 0 };
    for (int i = 0; i < count; i++) {
        record.size = 0;
        out_int(&record, 0, 1);
        out_varlong(&record, 0);
        out_varlong(&record, i);
        out_varlong(&record, -1);
        out_varlong(&record, (int64_t)record_size);
        out_bytes(&record, value, record_size);
        out_varlong(&record, 0);
        out_varlong(o, (int64_t)record.size);
        out_bytes(o, record.data, record.size);
    }
    free(record.data);
    put_int(o->data + start + 8, o->size - start - 12, 4);
    put_int(o->data + start + 17, crc32c(o->data + start + 21, o->size - start - 21), 4);
}

struct lane {
    int fd;
    size_t sent, received; // bytes of the current request and reply
    bool sending;
    uint8_t head[4];
    int waiting; // requests in flight
    double started[INFLIGHT_MAX];
    int first, next_partition;
    struct out request;
    uint8_t *reply;
    size_t reply_size;
};

// A produce request with SPREAD partitions, one batch each.
static void produce_build(const struct settings *s, struct lane *lane, const struct out *batch)
{
    struct out *o = &lane->request;
    request_begin(o, 0, 8, 7);
    out_int(o, -1, 2);
    out_int(o, s->acks, 2);
    out_int(o, 60000, 4);
    out_int(o, 1, 4);
    out_text(o, s->topic);
    out_int(o, s->spread, 4);
    for (int i = 0; i < s->spread; i++) {
        out_int(o, lane->next_partition, 4);
        lane->next_partition = (lane->next_partition + 1) % s->partitions;
        out_int(o, (int64_t)batch->size, 4);
        out_bytes(o, batch->data, batch->size);
    }
    request_end(o);
}

static void produce_check(const uint8_t *reply)
{
    size_t at = 4 + 4 + 2 + (size_t)get_int(reply + 8, 2) + 4;
    int error = (int)(int16_t)get_int(reply + at + 4, 2);
    if (error != 0) {
        fprintf(stderr, "raw_load: produce: error %d\n", error);
        exit(1);
    }
}

static void lane_send(const struct settings *s, struct lane *lane, const struct out *batch)
{
    while (lane->sending || lane->waiting < s->inflight) {
        if (!lane->sending) {
            produce_build(s, lane, batch);
            lane->started[(lane->first + lane->waiting++) % INFLIGHT_MAX] = now_s();
            lane->sending = true;
            lane->sent = 0;
        }
        ssize_t n = send(lane->fd, lane->request.data + lane->sent, lane->request.size - lane->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            fail("send");
        if (n <= 0)
            return;
        lane->sent += (size_t)n;
        lane->sending = lane->sent < lane->request.size;
    }
}

// Returns the number of replies that came.
static int lane_receive(struct lane *lane)
{
    int replies = 0;
    for (;;) {
        bool head = lane->received < 4;
        uint8_t *to = head ? lane->head + lane->received : lane->reply + lane->received - 4;
        size_t want = head ? 4 - lane->received : lane->reply_size + 4 - lane->received;
        ssize_t n = recv(lane->fd, to, want, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            fail("receive");
        if (n < 0)
            return replies;
        lane->received += (size_t)n;
        if (lane->received == 4)
            lane->reply_size = (size_t)get_int(lane->head, 4);
        if (lane->received >= 4 && lane->received == lane->reply_size + 4) {
            produce_check(lane->reply);
            histogram_add(now_s() - lane->started[lane->first]);
            lane->first = (lane->first + 1) % INFLIGHT_MAX;
            lane->waiting--;
            lane->received = 0;
            replies++;
        }
    }
}

static void run_produce(const struct settings *s)
{
    topic_create(s->address, s->topic, s->partitions);
    struct out batch = { 0 };
    int records = (int)(s->batch_size / s->record_size);
    if (records < 1)
        records = 1;
    batch_build(&batch, records, s->record_size, 0);
    static struct lane lanes[CONNECTIONS_MAX];
    struct pollfd polls[CONNECTIONS_MAX];
    for (int i = 0; i < s->connections; i++) {
        lanes[i].fd = dial(s->address);
        fcntl(lanes[i].fd, F_SETFL, O_NONBLOCK);
        lanes[i].reply = malloc(RECEIVE_SIZE);
        lanes[i].next_partition = i * s->partitions / s->connections;
    }
    double start = now_s(), end = start + s->seconds;
    uint64_t replies = 0;
    double per_reply = (double)batch.size * s->spread / 1e6;
    bool stop = false;
    int waiting = 0;
    do {
        waiting = 0;
        stop = now_s() >= end || (s->megabytes > 0 && (double)replies * per_reply >= s->megabytes);
        for (int i = 0; i < s->connections; i++) {
            if (!stop || lanes[i].sending)
                lane_send(s, &lanes[i], &batch);
            short events = lanes[i].sending ? POLLIN | POLLOUT : POLLIN;
            polls[i] = (struct pollfd){ .fd = lanes[i].fd, .events = events };
            waiting += lanes[i].waiting;
        }
        if (waiting > 0 && poll(polls, (nfds_t)s->connections, 10000) <= 0)
            fail("no reply for 10 s");
        for (int i = 0; i < s->connections; i++) {
            if (polls[i].revents & POLLIN)
                replies += (uint64_t)lane_receive(&lanes[i]);
        }
    } while (!stop || waiting > 0);
    double took = now_s() - start;
    double megabytes = (double)replies * per_reply;
    printf("{\"mode\":\"produce\",\"seconds\":%.3f,\"requests\":%llu,\"requests_per_s\":%.0f,\"records_per_s\":%.0f,"
           "\"megabytes\":%.1f,\"megabytes_per_s\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f}\n",
           took, (unsigned long long)replies, (double)replies / took, (double)replies * records * s->spread / took,
           megabytes, megabytes / took, histogram_ms(.5), histogram_ms(.99), histogram_ms(.999));
}

static void fetch_build(struct out *o, const struct settings *s, const int64_t *offsets, int max_bytes, int wait_ms)
{
    request_begin(o, 1, 11, 9);
    out_int(o, -1, 4);
    out_int(o, wait_ms, 4);
    out_int(o, 1, 4);
    out_int(o, max_bytes, 4);
    out_int(o, 0, 1);
    out_int(o, 0, 4);
    out_int(o, -1, 4);
    out_int(o, 1, 4);
    out_text(o, s->topic);
    out_int(o, s->partitions, 4);
    for (int p = 0; p < s->partitions; p++) {
        out_int(o, p, 4);
        out_int(o, -1, 4);
        out_int(o, offsets[p], 8);
        out_int(o, -1, 8);
        out_int(o, 1 << 20, 4);
    }
    out_int(o, 0, 4);
    out_text(o, "");
    request_end(o);
}

// Walks a Fetch v11 reply; calls nothing, only moves offsets past the whole batches. Returns record bytes.
static size_t fetch_walk(const uint8_t *reply, size_t size, int64_t *offsets, void (*on_batch)(const uint8_t *, size_t))
{
    size_t at = 4 + 4 + 2 + 4 + 4, total = 0;
    at += 2 + (size_t)get_int(reply + at, 2);
    int count = (int)get_int(reply + at, 4);
    at += 4;
    for (int i = 0; i < count && at < size; i++) {
        int partition = (int)get_int(reply + at, 4), error = (int)(int16_t)get_int(reply + at + 4, 2);
        if (error != 0) {
            fprintf(stderr, "raw_load: fetch: error %d\n", error);
            exit(1);
        }
        at += 4 + 2 + 8 + 8 + 8;
        int aborted = (int)(int32_t)get_int(reply + at, 4);
        at += 4 + (aborted > 0 ? (size_t)aborted * 16 : 0) + 4;
        size_t records = (size_t)(int32_t)get_int(reply + at, 4);
        at += 4;
        if (records == (size_t)-1)
            records = 0;
        for (size_t b = 0; b + 61 <= records;) {
            size_t batch = (size_t)get_int(reply + at + b + 8, 4) + 12;
            if (b + batch > records)
                break;
            offsets[partition] = (int64_t)get_int(reply + at + b, 8) + (int64_t)get_int(reply + at + b + 23, 4) + 1;
            if (on_batch != NULL)
                on_batch(reply + at + b, batch);
            b += batch;
        }
        at += records;
        total += records;
    }
    return total;
}

static void run_consume(const struct settings *s)
{
    int fd = dial(s->address);
    int64_t *offsets = calloc((size_t)s->partitions, sizeof(*offsets));
    struct out o = { 0 };
    size_t capacity = 128 << 20;
    uint8_t *reply = malloc(capacity);
    double opened = now_s(), start = opened, end = opened, total = 0;
    uint64_t requests = 0;
    while (s->follow > 0 ? now_s() < opened + s->follow : total < s->megabytes * 1e6) {
        double asked = now_s();
        fetch_build(&o, s, offsets, 50 << 20, 500);
        send_all(fd, o.data, o.size);
        size_t size = reply_receive(fd, reply, capacity);
        size_t got = fetch_walk(reply, size, offsets, NULL);
        if (got == 0 && s->follow > 0)
            continue;
        if (got == 0)
            break;
        if (total == 0 && s->follow > 0)
            start = now_s();
        end = now_s();
        histogram_add(end - asked);
        total += (double)got;
        requests++;
    }
    double took = end > start ? end - start : 1e-9;
    printf("{\"mode\":\"consume\",\"seconds\":%.3f,\"requests\":%llu,\"megabytes\":%.1f,\"megabytes_per_s\":%.1f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           took, (unsigned long long)requests, total / 1e6, total / 1e6 / took, histogram_ms(.5), histogram_ms(.99));
}

static uint64_t e2e_received;

static void e2e_batch(const uint8_t *batch, size_t size)
{
    // One record per batch: length, attributes, delta, delta, key length and value length precede the value.
    size_t at = 61;
    while (batch[at++] & 0x80)
        ;
    at += 1 + 1 + 1 + 1;
    while (batch[at++] & 0x80)
        ;
    double made;
    if (at + sizeof(made) > size)
        return;
    memcpy(&made, batch + at, sizeof(made));
    histogram_add(now_s() - made);
    e2e_received++;
}

// One record per request at a fixed rate, and a reader at the tail.
static void run_e2e(const struct settings *s)
{
    topic_create(s->address, s->topic, s->partitions);
    int writer = dial(s->address), reader = dial(s->address);
    fcntl(writer, F_SETFL, O_NONBLOCK);
    struct out request = { 0 }, batch = { 0 }, fetch = { 0 };
    int64_t offset = 0;
    size_t capacity = 64 << 20;
    uint8_t *reply = malloc(capacity), *acks = malloc(1 << 16);
    fetch_build(&fetch, s, &offset, 50 << 20, 500);
    send_all(reader, fetch.data, fetch.size);
    double start = now_s(), next = start, end = start + s->seconds;
    uint64_t sent = 0;
    while (now_s() < end || e2e_received < sent) {
        double now = now_s();
        if (now > end + 5)
            break;
        while (now < end && next <= now) {
            // The record carries the time at which it was due, so that a stalled sender counts too.
            batch.size = 0;
            batch_build(&batch, 1, s->record_size, next);
            struct lane lane = { .request = request };
            struct settings one = *s;
            one.spread = 1;
            produce_build(&one, &lane, &batch);
            request = lane.request;
            for (size_t at = 0; at < request.size;) {
                ssize_t n = send(writer, request.data + at, request.size - at, MSG_NOSIGNAL);
                if (n > 0)
                    at += (size_t)n;
                else if (errno != EAGAIN)
                    fail("send");
                else
                    poll(&(struct pollfd){ .fd = writer, .events = POLLOUT }, 1, 100);
            }
            sent++;
            next += 1.0 / s->rate;
        }
        struct pollfd polls[2] = { { .fd = writer, .events = POLLIN }, { .fd = reader, .events = POLLIN } };
        struct timespec pause = { 0, 0 };
        double until = next - now_s();
        if (until > 0)
            pause.tv_nsec = (long)((until < 0.01 ? until : 0.01) * 1e9);
        if (ppoll(polls, 2, &pause, NULL) <= 0)
            continue;
        if (polls[0].revents & POLLIN && recv(writer, acks, 1 << 16, 0) == 0)
            fail("writer closed");
        if (polls[1].revents & POLLIN) {
            size_t size = reply_receive(reader, reply, capacity);
            fetch_walk(reply, size, &offset, e2e_batch);
            fetch_build(&fetch, s, &offset, 50 << 20, 500);
            send_all(reader, fetch.data, fetch.size);
        }
    }
    printf("{\"mode\":\"e2e\",\"rate\":%.0f,\"sent\":%llu,\"received\":%llu,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"p999_ms\":%.3f}\n",
           s->rate, (unsigned long long)sent, (unsigned long long)e2e_received, histogram_ms(.5), histogram_ms(.99),
           histogram_ms(.999));
}

static void run_bare(const struct settings *s)
{
    int fd = open(s->address, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    uint8_t *bytes = malloc(s->batch_size);
    if (fd < 0 || bytes == NULL)
        fail(s->address);
    memset(bytes, 'x', s->batch_size);
    double start = now_s(), took = 0;
    uint64_t commits = 0;
    for (; took < s->seconds; commits++) {
        double before = now_s();
        if (write(fd, bytes, s->batch_size) != (ssize_t)s->batch_size || fdatasync(fd) != 0)
            fail(s->address);
        histogram_add(now_s() - before);
        took = now_s() - start;
    }
    double megabytes = (double)commits * (double)s->batch_size / 1e6;
    printf("{\"mode\":\"bare\",\"seconds\":%.3f,\"commits\":%llu,\"megabytes\":%.1f,\"megabytes_per_s\":%.1f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           took, (unsigned long long)commits, megabytes, megabytes / took, histogram_ms(.5), histogram_ms(.99));
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: raw_load produce|consume|e2e HOST:PORT --topic T ..., or bare FILE ...\n");
        return 2;
    }
    struct settings s = { .mode = argv[1],
                          .address = argv[2],
                          .topic = "bench",
                          .partitions = 1,
                          .connections = 1,
                          .inflight = 5,
                          .spread = 1,
                          .acks = -1,
                          .batch_size = 65536,
                          .record_size = 1024,
                          .seconds = 5,
                          .rate = 1000 };
    for (int i = 3; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--topic") == 0)
            s.topic = value;
        else if (strcmp(name, "--partitions") == 0)
            s.partitions = atoi(value);
        else if (strcmp(name, "--connections") == 0)
            s.connections = atoi(value);
        else if (strcmp(name, "--inflight") == 0)
            s.inflight = atoi(value);
        else if (strcmp(name, "--spread") == 0)
            s.spread = atoi(value);
        else if (strcmp(name, "--acks") == 0)
            s.acks = atoi(value);
        else if (strcmp(name, "--batch") == 0)
            s.batch_size = (size_t)atol(value);
        else if (strcmp(name, "--record") == 0)
            s.record_size = (size_t)atol(value);
        else if (strcmp(name, "--seconds") == 0)
            s.seconds = atof(value);
        else if (strcmp(name, "--megabytes") == 0)
            s.megabytes = atof(value);
        else if (strcmp(name, "--follow") == 0)
            s.follow = atof(value);
        else if (strcmp(name, "--rate") == 0)
            s.rate = atof(value);
        else {
            fprintf(stderr, "raw_load: unknown option %s\n", name);
            return 2;
        }
    }
    if (s.connections > CONNECTIONS_MAX || s.inflight > INFLIGHT_MAX || s.spread > s.partitions ||
        s.record_size < sizeof(double) || s.record_size > 1 << 20) {
        fprintf(stderr, "raw_load: a value is out of range\n");
        return 2;
    }
    if (strcmp(s.mode, "produce") == 0)
        run_produce(&s);
    else if (strcmp(s.mode, "consume") == 0)
        run_consume(&s);
    else if (strcmp(s.mode, "e2e") == 0)
        run_e2e(&s);
    else if (strcmp(s.mode, "bare") == 0)
        run_bare(&s);
    else
        return 2;
    return 0;
}
