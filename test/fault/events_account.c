// SPDX-License-Identifier: Apache-2.0
// Both ends of test_events_account.py, fast enough for a million events, on one thread each.
//
//   events_account send PORT PATH FIRST END CONNECTIONS
// Posts the events FIRST to END - 1 (type t0 to t3), one at a time on each connection; what is not acknowledged with
// 202 is sent again until it is, also while nobody listens. Prints one line: seconds, refusals (503), then the ids that
// were sent more than once.
//
//   events_account receive LOG [PORT]
// Prints its port. Paths: /fine accepts everything; /order too; /flaky fails the first attempts in every way there is,
// and some events always; /shy goes away for a while with all its connections, again and again. GET /counts answers
// with how many different ids each path accepted. On SIGTERM the log is complete: for each request 16 bytes, that is
// id (4), path (1), answer (1), zero (2) and CLOCK_MONOTONIC in microseconds (8).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_SIZE = 8192, CONNS_MAX = 4096, IDS_MAX = 2000000, RETRY_MS = 20, AWAY_EVERY_MS = 900, AWAY_MS = 300 };

struct end {
    int fd;
    size_t used;
    uint8_t path;     // receive: of the last request
    int64_t id;       // send: under way; -1: none
    int64_t again_ms; // send: connect then; 0: connected
    char input[INPUT_SIZE];
};

static struct end ends[CONNS_MAX];
static int poller, port;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "events_account: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void watch(int fd, struct end *end)
{
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = end };
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
        fail("epoll");
}

static struct sockaddr_in address(void)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void no_delay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void end_close(struct end *end, bool resets)
{
    struct linger hard = { 1, 0 };
    if (resets)
        setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(end->fd);
    end->fd = -1;
    end->used = 0;
}

// The size of the message at the front of the input, or 0: it is not complete.
static size_t message_size(const struct end *end)
{
    const char *stop = memmem(end->input, end->used, "\r\n\r\n", 4);
    if (stop == NULL)
        return 0;
    size_t size = (size_t)(stop - end->input) + 4;
    const char *length = memmem(end->input, size, "Content-Length: ", 16);
    if (length == NULL)
        length = memmem(end->input, size, "content-length: ", 16);
    if (length != NULL)
        size += strtoul(length + 16, NULL, 10);
    return size <= end->used ? size : 0;
}

// False: the other side has gone.
static bool end_read(struct end *end)
{
    ssize_t count = recv(end->fd, end->input + end->used, INPUT_SIZE - 1 - end->used, 0);
    if (count <= 0)
        return false;
    end->used += (size_t)count;
    end->input[end->used] = '\0';
    return true;
}

static void end_take(struct end *end, size_t size)
{
    memmove(end->input, end->input + size, end->used - size);
    end->used -= size;
    end->input[end->used] = '\0';
}

// --- send

static struct {
    const char *path;
    int64_t next, end, left;
    uint64_t refused;
    uint8_t *tries;
} sender;

static void send_event(struct end *end)
{
    char text[512];
    int size = snprintf(text, sizeof text,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nce-specversion: 1.0\r\n"
                        "ce-id: %lld\r\nce-source: /account\r\nce-type: t%lld\r\nContent-Length: 10\r\n\r\n0123456789",
                        sender.path, (long long)end->id, (long long)end->id % 4);
    if (sender.tries[end->id] < UINT8_MAX)
        sender.tries[end->id]++;
    (void)!send(end->fd, text, (size_t)size, MSG_NOSIGNAL); // a broken connection shows when it is read
}

static void send_next(struct end *end)
{
    if (end->id < 0 && sender.next < sender.end)
        end->id = sender.next++;
    if (end->id >= 0)
        send_event(end);
}

static void sender_lost(struct end *end)
{
    if (end->fd >= 0)
        end_close(end, false);
    end->again_ms = now_us() / 1000 + RETRY_MS;
}

static void sender_connect(struct end *end)
{
    struct sockaddr_in to = address();
    end->fd = socket(AF_INET, SOCK_STREAM, 0);
    end->again_ms = 0;
    if (end->fd < 0 || connect(end->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        sender_lost(end);
        return;
    }
    no_delay(end->fd);
    watch(end->fd, end);
    send_next(end);
}

static void sender_ready(struct end *end)
{
    size_t size;
    if (!end_read(end)) {
        sender_lost(end);
        return;
    }
    while ((size = message_size(end)) > 0) {
        int status = atoi(end->input + 9);
        end_take(end, size);
        if (status == 202) {
            sender.left--;
            end->id = -1;
        } else if (status == 503) {
            sender.refused++;
        } else if (status != 404 && status != 421) { // just started: the broker is not there yet
            fprintf(stderr, "events_account: event %lld is answered with %d\n", (long long)end->id, status);
            exit(1);
        }
        if (status == 202) {
            send_next(end);
        } else {
            sender_lost(end);
            return;
        }
    }
}

static int sender_run(const char *path, int64_t first, int64_t end, int connections)
{
    int64_t began = now_us();
    sender.path = path;
    sender.next = first;
    sender.end = end;
    sender.left = end - first;
    sender.tries = calloc((size_t)end, 1);
    for (int i = 0; i < connections; i++) {
        ends[i].id = -1;
        sender_connect(&ends[i]);
    }
    while (sender.left > 0) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, RETRY_MS);
        for (int i = 0; i < ready; i++)
            sender_ready(events[i].data.ptr);
        int64_t now_ms = now_us() / 1000;
        for (int i = 0; i < connections; i++) {
            if (ends[i].again_ms != 0 && ends[i].again_ms <= now_ms)
                sender_connect(&ends[i]);
        }
    }
    printf("%.3f %llu", (double)(now_us() - began) / 1e6, (unsigned long long)sender.refused);
    for (int64_t i = first; i < end; i++) {
        if (sender.tries[i] > 1)
            printf(" %lld", (long long)i);
    }
    printf("\n");
    return 0;
}

// --- receive

enum path { FINE, FLAKY, SHY, ORDER, PATHS };
static const char *const paths[PATHS] = { "/fine", "/flaky", "/shy", "/order" };
// ACCEPTED: with a 2xx. HUNG: never answered.
enum answer { ACCEPTED, REFUSED, HUNG, RESET, GARBAGE };

struct entry {
    uint32_t id;
    uint8_t path, answer;
    uint16_t zero;
    int64_t at_us;
};

static struct {
    FILE *log;
    int listener;
    uint64_t counts[PATHS];
    uint8_t *accepted[PATHS], *tries;
    int64_t away_until_ms, away_next_ms;
    volatile sig_atomic_t is_over;
} receiver;

static void on_term(int number)
{
    (void)number;
    receiver.is_over = 1;
}

static void answer_text(const struct end *end, const char *text)
{
    (void)!send(end->fd, text, strlen(text), MSG_NOSIGNAL);
}

#define EMPTY "Content-Length: 0\r\n\r\n"

// What the first attempts at an event meet; one in 50 is never taken, nor is the one behind it.
static enum answer flaky(struct end *end, uint32_t id)
{
    static const char *const refusals[] = {
        "HTTP/1.1 500 Oops\r\n" EMPTY,
        "HTTP/1.1 429 Slow Down\r\nRetry-After: 1\r\n" EMPTY,
        "HTTP/1.1 404 Not Found\r\n" EMPTY,
        "HTTP/1.1 503 Busy\r\n" EMPTY,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nbanana",
    };
    unsigned nth = receiver.tries[id] < UINT8_MAX ? receiver.tries[id]++ : UINT8_MAX, mood = id / 4 % 50;
    if (mood == 0) {
        answer_text(end, "HTTP/1.1 400 Never\r\n" EMPTY);
        return REFUSED;
    }
    if (mood == 1 || (nth == 0 && mood < 10)) {
        answer_text(end, refusals[(id / 4 + nth) % 5]);
        return REFUSED;
    }
    if (nth == 0 && mood == 10)
        return HUNG;
    if (nth < 2 && mood < 14) {
        end_close(end, true);
        return RESET;
    }
    if (nth < 2 && mood < 17) {
        answer_text(end, "HTTP/1.1 banana\r\n\r\n");
        return GARBAGE;
    }
    return ACCEPTED;
}

static void request_take(struct end *end)
{
    char counts[256], reply[400];
    const char *at = strstr(end->input, "\r\nce-id: ");
    if (at == NULL)
        at = strstr(end->input, "\r\nCe-Id: ");
    if (strncmp(end->input, "GET /counts", 11) == 0) {
        int size = snprintf(counts, sizeof counts, "{\"fine\": %llu, \"flaky\": %llu, \"shy\": %llu, \"order\": %llu}",
                            (unsigned long long)receiver.counts[FINE], (unsigned long long)receiver.counts[FLAKY],
                            (unsigned long long)receiver.counts[SHY], (unsigned long long)receiver.counts[ORDER]);
        (void)snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, counts);
        answer_text(end, reply);
        return;
    }
    uint32_t id = at == NULL ? IDS_MAX : (uint32_t)strtoul(at + 9, NULL, 10);
    int path = 0;
    while (path < PATHS && strncmp(end->input + 5, paths[path], strlen(paths[path])) != 0)
        path++;
    if (path == PATHS || id >= IDS_MAX) {
        fprintf(stderr, "events_account: a strange request: %.200s\n", end->input);
        exit(1);
    }
    struct entry entry = { .id = id, .path = (uint8_t)path, .at_us = now_us() };
    end->path = (uint8_t)path;
    entry.answer = (uint8_t)(path == FLAKY ? flaky(end, id) : ACCEPTED);
    if (entry.answer == ACCEPTED) {
        receiver.counts[path] += receiver.accepted[path][id] == 0;
        receiver.accepted[path][id] = 1;
        answer_text(end, "HTTP/1.1 202 Accepted\r\n" EMPTY);
    }
    if (fwrite(&entry, sizeof entry, 1, receiver.log) != 1)
        fail("the log");
}

static void receiver_ready(struct end *end)
{
    size_t size;
    if (!end_read(end)) {
        end_close(end, false);
        return;
    }
    while (end->fd >= 0 && (size = message_size(end)) > 0) {
        request_take(end);
        if (end->fd >= 0)
            end_take(end, size);
    }
}

static void receiver_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return;
    struct end *end = ends;
    while (end < ends + CONNS_MAX && end->fd >= 0)
        end++;
    if (end == ends + CONNS_MAX)
        fail("connections");
    *end = (struct end){ .fd = fd };
    no_delay(fd);
    watch(fd, end);
}

static int listen_on(int wanted)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    port = wanted;
    struct sockaddr_in to = address();
    socklen_t size = sizeof to;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&to, &size) != 0)
        fail("listen");
    port = ntohs(to.sin_port);
    return fd;
}

// Those of /shy have a listener of their own, which goes away with its connections.
static void shy_look(int *listener, int shy_port)
{
    int64_t now_ms = now_us() / 1000;
    if (*listener >= 0 && now_ms >= receiver.away_next_ms) {
        close(*listener);
        *listener = -1;
        receiver.away_until_ms = now_ms + AWAY_MS;
        for (struct end *end = ends; end < ends + CONNS_MAX; end++) {
            if (end->fd >= 0 && end->path == SHY)
                end_close(end, true);
        }
    } else if (*listener < 0 && now_ms >= receiver.away_until_ms) {
        *listener = listen_on(shy_port);
        watch(*listener, NULL);
        receiver.away_next_ms = now_ms + AWAY_EVERY_MS;
    }
}

static int receiver_run(const char *log, int wanted)
{
    receiver.log = fopen(log, "wb");
    if (receiver.log == NULL)
        fail(log);
    receiver.tries = calloc(IDS_MAX, 1);
    for (int i = 0; i < PATHS; i++)
        receiver.accepted[i] = calloc(IDS_MAX, 1);
    for (struct end *end = ends; end < ends + CONNS_MAX; end++)
        end->fd = -1;
    struct sigaction action = { .sa_handler = on_term };
    sigaction(SIGTERM, &action, NULL);
    int shy = listen_on(0), shy_port = port;
    receiver.away_next_ms = now_us() / 1000 + AWAY_EVERY_MS;
    receiver.listener = listen_on(wanted);
    watch(receiver.listener, ends + CONNS_MAX);
    watch(shy, NULL);
    printf("%d %d\n", port, shy_port);
    fflush(stdout);
    while (!receiver.is_over) {
        struct epoll_event events[64];
        int ready = epoll_wait(poller, events, 64, 50);
        for (int i = 0; i < ready; i++) {
            struct end *end = events[i].data.ptr;
            if (end == NULL || end == ends + CONNS_MAX)
                receiver_accept(end == NULL ? shy : receiver.listener);
            else if (end->fd >= 0)
                receiver_ready(end);
        }
        shy_look(&shy, shy_port);
    }
    if (fclose(receiver.log) != 0)
        fail(log);
    return 0;
}

int main(int count, char **arguments)
{
    poller = epoll_create1(0);
    if (count == 7 && strcmp(arguments[1], "send") == 0) {
        port = atoi(arguments[2]);
        return sender_run(arguments[3], atoll(arguments[4]), atoll(arguments[5]), atoi(arguments[6]));
    }
    if ((count == 3 || count == 4) && strcmp(arguments[1], "receive") == 0)
        return receiver_run(arguments[2], count == 4 ? atoi(arguments[3]) : 0);
    fprintf(stderr, "usage: events_account send PORT PATH FIRST END CONNECTIONS | receive LOG [PORT]\n");
    return 2;
}
