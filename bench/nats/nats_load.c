// SPDX-License-Identifier: Apache-2.0
// A NATS client that costs almost nothing, so that a measurement shows the server: publishers send pre-built commands,
// subscribers count bytes. A thread for each.
//
//   nats_load flow HOST:PORT --pid SERVER --publishers P --subscribers S --messages N --size BYTES [--distinct 1]
//       Each publisher sends its share of N messages of one subject, and every subscriber gets all of them; distinct:
//       each pair has a subject of its own. The figures are for a message that goes out, or in if none goes out.
//   nats_load random HOST:PORT --pid SERVER --subscriptions K --messages N --size BYTES
//       One connection subscribes to K subjects without wildcards, another one publishes to them in random order.
//   nats_load request HOST:PORT --pid SERVER --messages N --size BYTES
//       One client, one service: the next request leaves when the answer to the last one is there.
//   nats_load connections HOST:PORT --pid SERVER --connections C
//       Opens them one after the other, each with CONNECT and PING; then each subscribes to a subject of its own.
//   nats_load start HOST:PORT PROGRAM ARGUMENT...
//       Runs a server until its INFO is there, and ends it.
//
// All but start: --user NAME, whose password is "p", for who has to prove who they are.
// Prints one JSON object. CPU time is that of the process SERVER.
#define _GNU_SOURCE
#include "../common/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PIECE_SIZE = 64 << 10, // of what a publisher sends with one call
    RECEIVE_SIZE = 1 << 20,
    LINE_SIZE = 8 << 10, // more than any INFO
    CLIENTS_MAX = 64,
    SETTLE_US = 500000, // before memory is looked at
    START_TRIES = 100000,
    START_STEP_US = 100,
};

struct settings {
    int pid, publishers, subscribers, messages, size, distinct, subscriptions, connections;
    const char *address, *user;
    char **command; // of mode start
};

// --- a connection

struct link {
    int fd;
    size_t at, end; // of what was received and not looked at yet
    char bytes[LINE_SIZE];
};

static void link_fill(struct link *l)
{
    if (l->at > 0) {
        memmove(l->bytes, l->bytes + l->at, l->end - l->at);
        l->end -= l->at;
        l->at = 0;
    }
    ssize_t got = recv(l->fd, l->bytes + l->end, sizeof(l->bytes) - l->end, 0);
    if (got <= 0)
        fail("receive");
    l->end += (size_t)got;
}

// The next line, ended by a zero; valid until the next call.
static char *link_line(struct link *l)
{
    char *lf;
    while ((lf = memchr(l->bytes + l->at, '\n', l->end - l->at)) == NULL)
        link_fill(l);
    char *line = l->bytes + l->at;
    *lf = '\0';
    l->at = (size_t)(lf + 1 - l->bytes);
    return line;
}

static void link_skip(struct link *l, size_t size)
{
    while (l->end - l->at < size)
        link_fill(l);
    l->at += size;
}

// Waits for a line that begins like this; a server may ask for a sign of life in between.
static char *link_expect(struct link *l, const char *start)
{
    for (;;) {
        char *line = link_line(l);
        if (strncmp(line, start, strlen(start)) == 0)
            return line;
        if (strncmp(line, "PING", 4) == 0) {
            send_all(l->fd, "PONG\r\n", 6);
        } else {
            fprintf(stderr, "nats_load: expected %s, got %s\n", start, line);
            exit(1);
        }
    }
}

// When it returns, the server has handled what was sent before.
static void link_flush(struct link *l)
{
    send_all(l->fd, "PING\r\n", 6);
    (void)link_expect(l, "PONG");
}

// Protocol 0, so that no further INFO comes among the messages.
static struct link *link_open(const struct settings *s)
{
    struct link *l = calloc(1, sizeof(*l));
    if (l == NULL)
        fail("memory");
    l->fd = dial(s->address);
    (void)link_expect(l, "INFO");
    char hello[512], who[200] = "";
    if (s->user != NULL)
        snprintf(who, sizeof(who), "\"user\":\"%s\",\"pass\":\"p\",", s->user);
    int size = snprintf(hello, sizeof(hello),
                        "CONNECT {%s\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,"
                        "\"protocol\":0,\"lang\":\"c\",\"name\":\"nats_load\"}\r\n",
                        who);
    send_all(l->fd, hello, (size_t)size);
    link_flush(l);
    return l;
}

static void link_close(struct link *l)
{
    close(l->fd);
    free(l);
}

static void link_subscribe(struct link *l, const char *subject)
{
    char line[128];
    send_all(l->fd, line, (size_t)snprintf(line, sizeof(line), "SUB %s 1\r\n", subject));
    link_flush(l);
}

// --- publishers and subscribers

struct client {
    pthread_t thread;
    struct link *link;
    char subject[32];
    long messages;
    int size;
    uint64_t bytes; // that a subscriber waits for
};

static void add_message(struct out *o, const char *subject, int size)
{
    static const char text[1 << 16] = { 0 };
    char line[128];
    out_bytes(o, line, (size_t)snprintf(line, sizeof(line), "PUB %s %d\r\n", subject, size));
    out_bytes(o, text, (size_t)size);
    out_bytes(o, "\r\n", 2);
}

static void *publish(void *of)
{
    struct client *c = of;
    struct out o = { 0 };
    int in_piece = 0;
    do {
        add_message(&o, c->subject, c->size);
        in_piece++;
    } while (o.size + o.size / (size_t)in_piece <= PIECE_SIZE);
    for (long left = c->messages; left > 0; left -= in_piece) {
        long count = left < in_piece ? left : in_piece;
        send_all(c->link->fd, o.data, o.size / (size_t)in_piece * (size_t)count);
    }
    link_flush(c->link);
    free(o.data);
    return NULL;
}

// Counts bytes. A PING among them makes it end within the last message: that is all the harm.
static void *receive(void *of)
{
    struct client *c = of;
    char *room = malloc(RECEIVE_SIZE);
    if (room == NULL)
        fail("memory");
    for (uint64_t got = 0; got < c->bytes;) {
        ssize_t more = recv(c->link->fd, room, RECEIVE_SIZE, 0);
        if (more <= 0)
            fail("a subscriber's connection");
        got += (uint64_t)more;
    }
    free(room);
    return NULL;
}

static uint64_t message_size(const char *subject, int id, int size)
{
    return (uint64_t)snprintf(NULL, 0, "MSG %s %d %d\r\n\r\n", subject, id, size) + (uint64_t)size;
}

static void clients_join(struct client *clients, int count)
{
    for (int i = 0; i < count; i++) {
        errno = pthread_join(clients[i].thread, NULL);
        if (errno != 0)
            fail("thread");
        link_close(clients[i].link);
    }
}

static void client_start(struct client *c, void *(*run)(void *))
{
    errno = pthread_create(&c->thread, NULL, run, c);
    if (errno != 0)
        fail("thread");
}

static void print_flow(double messages, double seconds, double cpu_ms)
{
    printf("\"messages_per_s\":%.0f,\"cpu_ns\":%.2f}\n", messages / seconds, cpu_ms * 1e6 / messages);
}

static void run_flow(const struct settings *s)
{
    struct client publishers[CLIENTS_MAX], subscribers[CLIENTS_MAX];
    long each = s->messages / s->publishers;
    for (int i = 0; i < s->publishers + s->subscribers; i++) {
        bool is_publisher = i < s->publishers;
        int number = is_publisher ? i : i - s->publishers;
        struct client *c = is_publisher ? &publishers[number] : &subscribers[number];
        *c = (struct client){ .link = link_open(s), .messages = each, .size = s->size };
        snprintf(c->subject, sizeof(c->subject), s->distinct ? "b.%d" : "b", number);
        if (is_publisher)
            continue;
        link_subscribe(c->link, c->subject);
        uint64_t messages = (uint64_t)each * (uint64_t)(s->distinct ? 1 : s->publishers);
        c->bytes = messages * message_size(c->subject, 1, s->size);
    }
    double cpu_ms = process_cpu_ms(s->pid), begun = now_s();
    for (int i = 0; i < s->subscribers; i++)
        client_start(&subscribers[i], receive);
    for (int i = 0; i < s->publishers; i++)
        client_start(&publishers[i], publish);
    clients_join(publishers, s->publishers);
    clients_join(subscribers, s->subscribers);
    double in = (double)each * s->publishers, out = s->distinct ? in : in * s->subscribers;
    printf("{");
    print_flow(out > in ? out : in, now_s() - begun, process_cpu_ms(s->pid) - cpu_ms);
}

static void subject_of(int number, char *ret_subject, size_t size)
{
    snprintf(ret_subject, size, "foo.bar.%d.%d", number % 1000, number);
}

static void run_random(const struct settings *s)
{
    struct client subscriber = { .link = link_open(s) };
    struct out o = { 0 };
    char subject[64];
    double before_mb = process_memory_mb(s->pid);
    for (int i = 0; i < s->subscriptions; i++) {
        char line[128];
        subject_of(i, subject, sizeof(subject));
        out_bytes(&o, line, (size_t)snprintf(line, sizeof(line), "SUB %s %d\r\n", subject, i));
    }
    send_all(subscriber.link->fd, o.data, o.size);
    link_flush(subscriber.link);
    usleep(SETTLE_US);
    double each_bytes = (process_memory_mb(s->pid) - before_mb) * 1e6 / s->subscriptions;
    struct link *publisher = link_open(s);
    uint64_t random = 1;
    o.size = 0;
    for (int i = 0; i < s->messages; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        int number = (int)((random >> 33) % (unsigned)s->subscriptions);
        subject_of(number, subject, sizeof(subject));
        add_message(&o, subject, s->size);
        subscriber.bytes += message_size(subject, number, s->size);
    }
    double cpu_ms = process_cpu_ms(s->pid), begun = now_s();
    client_start(&subscriber, receive);
    send_all(publisher->fd, o.data, o.size);
    link_flush(publisher);
    clients_join(&subscriber, 1);
    printf("{\"bytes_each\":%.0f,", each_bytes);
    print_flow(s->messages, now_s() - begun, process_cpu_ms(s->pid) - cpu_ms);
    link_close(publisher);
    free(o.data);
}

// --- requests

static void *serve(void *of)
{
    struct client *c = of;
    for (long i = 0; i < c->messages; i++) {
        char reply[64], answer[128];
        int size;
        if (sscanf(link_expect(c->link, "MSG"), "MSG %*s %*s %63s %d", reply, &size) != 2)
            fail("a request");
        size_t length = (size_t)snprintf(answer, sizeof(answer), "PUB %s 2\r\nok\r\n", reply);
        link_skip(c->link, (size_t)size + 2);
        send_all(c->link->fd, answer, length);
    }
    return NULL;
}

static void run_request(const struct settings *s)
{
    struct client service = { .link = link_open(s), .messages = s->messages };
    link_subscribe(service.link, "service");
    struct link *l = link_open(s);
    link_subscribe(l, "_INBOX.load.*");
    client_start(&service, serve);
    struct out o = { 0 };
    double cpu_ms = process_cpu_ms(s->pid), begun = now_s();
    for (int i = 0; i < s->messages; i++) {
        char to[64];
        snprintf(to, sizeof(to), "service _INBOX.load.%d", i);
        o.size = 0;
        double sent = now_s();
        add_message(&o, to, s->size);
        send_all(l->fd, o.data, o.size);
        int size;
        if (sscanf(link_expect(l, "MSG"), "MSG %*s %*s %d", &size) != 1)
            fail("an answer");
        link_skip(l, (size_t)size + 2);
        histogram_add(now_s() - sent);
    }
    double took = now_s() - begun;
    cpu_ms = process_cpu_ms(s->pid) - cpu_ms;
    clients_join(&service, 1);
    link_close(l);
    free(o.data);
    printf("{\"requests_per_s\":%.0f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"cpu_us\":%.2f}\n", s->messages / took,
           histogram_ms(0.5) * 1e3, histogram_ms(0.99) * 1e3, cpu_ms * 1e3 / s->messages);
}

// --- connections, start

static void run_connections(const struct settings *s)
{
    struct link **links = calloc((size_t)s->connections, sizeof(struct link *));
    if (links == NULL)
        fail("memory");
    double before_mb = process_memory_mb(s->pid), cpu_ms = process_cpu_ms(s->pid), begun = now_s();
    for (int i = 0; i < s->connections; i++)
        links[i] = link_open(s);
    double took = now_s() - begun;
    cpu_ms = process_cpu_ms(s->pid) - cpu_ms;
    for (int i = 0; i < s->connections; i++) {
        char subject[32];
        snprintf(subject, sizeof(subject), "c.%d", i);
        link_subscribe(links[i], subject);
    }
    usleep(SETTLE_US);
    double memory_mb = process_memory_mb(s->pid);
    printf("{\"connects_per_s\":%.0f,\"connect_cpu_us\":%.1f,\"memory_mb\":%.1f,\"kb_each\":%.1f}\n",
           s->connections / took, cpu_ms * 1e3 / s->connections, memory_mb,
           (memory_mb - before_mb) * 1e3 / s->connections);
    for (int i = 0; i < s->connections; i++)
        link_close(links[i]);
    free(links);
}

static int try_dial(const char *address)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strchr(address, ':') + 1)) };
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void run_start(const struct settings *s)
{
    double begun = now_s();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 1);
        dup2(null, 2);
        execv(s->command[0], s->command);
        _exit(127);
    }
    int fd = -1;
    for (int i = 0; i < START_TRIES && (fd = try_dial(s->address)) < 0; i++)
        usleep(START_STEP_US);
    char info[5] = { 0 };
    if (fd >= 0)
        receive_all(fd, info, 4);
    double took = now_s() - begun;
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    if (strcmp(info, "INFO") != 0)
        fail("no INFO");
    close(fd);
    printf("{\"info_ms\":%.2f}\n", took * 1e3);
}

// --- main

static void option_set(struct settings *s, const char *name, const char *value)
{
    const struct {
        const char *name;
        int *at;
    } options[] = {
        { "--pid", &s->pid },
        { "--publishers", &s->publishers },
        { "--subscribers", &s->subscribers },
        { "--messages", &s->messages },
        { "--size", &s->size },
        { "--distinct", &s->distinct },
        { "--subscriptions", &s->subscriptions },
        { "--connections", &s->connections },
    };
    if (strcmp(name, "--user") == 0) {
        s->user = value;
        return;
    }
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strcmp(name, options[i].name) == 0) {
            *options[i].at = atoi(value);
            return;
        }
    }
    fprintf(stderr, "nats_load: unknown option %s\n", name);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct settings *);
    } modes[] = { { "flow", run_flow },
                  { "random", run_random },
                  { "request", run_request },
                  { "connections", run_connections },
                  { "start", run_start } };
    if (argc < 4) {
        fprintf(stderr, "usage: nats_load flow|random|request|connections HOST:PORT --pid SERVER ...\n"
                        "       nats_load start HOST:PORT PROGRAM ARGUMENT...\n");
        return 2;
    }
    struct settings s = { .address = argv[2],
                          .command = argv + 3,
                          .publishers = 1,
                          .messages = 1,
                          .size = 16,
                          .subscriptions = 1,
                          .connections = 1 };
    for (int i = 3; strcmp(argv[1], "start") != 0 && i + 1 < argc; i += 2)
        option_set(&s, argv[i], argv[i + 1]);
    if (s.publishers < 1 || s.publishers > CLIENTS_MAX || s.subscribers < 0 || s.subscribers > CLIENTS_MAX ||
        s.messages < s.publishers || s.size < 0 || s.size > PIECE_SIZE || s.subscriptions < 1 || s.connections < 1) {
        fprintf(stderr, "nats_load: a value is out of range\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run(&s);
            return 0;
        }
    }
    fprintf(stderr, "nats_load: unknown mode %s\n", argv[1]);
    return 2;
}
