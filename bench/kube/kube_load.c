// SPDX-License-Identifier: Apache-2.0
// A client of the Kubernetes API that costs little, so that a measurement shows the server: HTTP/1.1, one request after
// the other on each connection, bodies that are looked at only as far as their end.
//
//   kube_load create HOST:PORT --count N --connections C --namespace NS --prefix P --size B
//       Creates N ConfigMaps P0, P1, ... with B bytes of data.
//   kube_load get HOST:PORT --count N --connections C --namespace NS --prefix P --objects K
//       Gets N times one of the ConfigMaps P0 ... P(K-1), in random order.
//   kube_load list HOST:PORT --count N --path PATH --accept TYPE
//       The same GET again and again, on one connection.
//   kube_load watch HOST:PORT --count N --watchers W --namespace NS --prefix P --size B
//       W watches of the namespace, each on a connection of its own; one connection creates N ConfigMaps in it. Ends
//       when every watch has told of each.
//   kube_load idle HOST:PORT --watchers W --namespace NS --seconds S
//       W watches of a namespace where nothing happens.
//
// All: --token T, --tls 1 (certificates are not looked at), --pids A or A,B: the processes of the server, whose CPU
// time and memory are added up. Prints one JSON object.
#define _GNU_SOURCE
#include "../common/client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 64 << 10,
    REQUEST_SIZE = 64 << 10,
    CONNECTIONS_MAX = 64,
    SETTLE_US = 1000000, // before memory is looked at, and before the first write
};

static struct settings {
    const char *address, *token, *space, *prefix, *path, *accept, *pids;
    int tls, count, connections, size, objects, watchers, seconds;
} set = { .token = "",
          .space = "default",
          .prefix = "o",
          .path = "/",
          .accept = "application/json",
          .pids = "",
          .connections = 1,
          .seconds = 10 };

static SSL_CTX *context;

// --- the server

static double cpu_ms(void)
{
    double sum = 0;
    for (const char *at = set.pids; at != NULL && *at != '\0';
         at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        sum += process_cpu_ms(atoi(at));
    return sum;
}

static double memory_mb(void)
{
    double sum = 0;
    for (const char *at = set.pids; at != NULL && *at != '\0';
         at = strchr(at, ',') != NULL ? strchr(at, ',') + 1 : NULL)
        sum += process_memory_mb(atoi(at));
    return sum;
}

// --- a connection

struct link {
    int fd;
    SSL *ssl;
    char last; // of a watch: the byte before the next one
    long events;
    size_t at, end; // of what was received and not looked at yet
    char bytes[BUFFER_SIZE];
};

static struct link *link_new(void)
{
    struct link *link = malloc(sizeof(*link));
    if (link == NULL)
        fail("memory");
    *link = (struct link){ .fd = dial(set.address) };
    if (!set.tls)
        return link;
    link->ssl = SSL_new(context);
    if (link->ssl == NULL || SSL_set_fd(link->ssl, link->fd) != 1 || SSL_connect(link->ssl) != 1)
        fail("TLS");
    return link;
}

static void link_free(struct link *link)
{
    SSL_free(link->ssl);
    close(link->fd);
    free(link);
}

static void link_send(struct link *link, const char *data, size_t size)
{
    if (link->ssl == NULL)
        send_all(link->fd, data, size);
    else if (SSL_write(link->ssl, data, (int)size) != (int)size)
        fail("send");
}

// What is there; 0: nothing yet (of a connection that does not block).
static size_t link_receive(struct link *link, char *to, size_t size)
{
    if (link->ssl == NULL) {
        ssize_t n = recv(link->fd, to, size, 0);
        if (n <= 0 && !(n < 0 && errno == EAGAIN))
            fail("the server closed a connection");
        return n < 0 ? 0 : (size_t)n;
    }
    int n = SSL_read(link->ssl, to, (int)size);
    if (n <= 0 && SSL_get_error(link->ssl, n) != SSL_ERROR_WANT_READ)
        fail("the server closed a connection");
    return n <= 0 ? 0 : (size_t)n;
}

static void link_fill(struct link *link)
{
    if (link->at == link->end)
        link->at = link->end = 0;
    if (link->end == sizeof(link->bytes))
        fail("a line is too long");
    link->end += link_receive(link, link->bytes + link->end, sizeof(link->bytes) - link->end);
}

// The next line, terminated, without its end.
static char *link_line(struct link *link)
{
    for (;;) {
        char *start = link->bytes + link->at, *end = memchr(start, '\n', link->end - link->at);
        if (end != NULL) {
            link->at = (size_t)(end + 1 - link->bytes);
            *end = '\0';
            if (end > start && end[-1] == '\r')
                end[-1] = '\0';
            return start;
        }
        if (link->at > 0) {
            memmove(link->bytes, start, link->end - link->at);
            link->end -= link->at;
            link->at = 0;
        }
        link_fill(link);
    }
}

static void link_skip(struct link *link, size_t size)
{
    while (size > 0) {
        size_t there = link->end - link->at, part = there < size ? there : size;
        link->at += part;
        size -= part;
        if (size > 0)
            link_fill(link);
    }
}

// Status line and headers. Returns the length of the body, -1: chunks.
static long head_receive(struct link *link, const char *wanted)
{
    char *line = link_line(link);
    long length = 0;
    if (strncmp(line, "HTTP/1.1 ", 9) != 0 || strncmp(line + 9, wanted, 3) != 0) {
        fprintf(stderr, "%s\n", line);
        fail("another answer was expected");
    }
    while (*(line = link_line(link)) != '\0') {
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            length = atol(line + 15);
        else if (strncasecmp(line, "Transfer-Encoding:", 18) == 0)
            length = -1;
    }
    return length;
}

// Returns the size of the body.
static size_t answer_receive(struct link *link, const char *wanted)
{
    long length = head_receive(link, wanted);
    if (length >= 0) {
        link_skip(link, (size_t)length);
        return (size_t)length;
    }
    for (size_t sum = 0;;) {
        size_t chunk = strtoul(link_line(link), NULL, 16);
        link_skip(link, chunk);
        (void)link_line(link);
        sum += chunk;
        if (chunk == 0)
            return sum;
    }
}

static void get_send(struct link *link, const char *path)
{
    char text[4096];
    int size = snprintf(text, sizeof(text),
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n", path,
                        set.token, set.accept);
    link_send(link, text, (size_t)size);
}

static void create_send(struct link *link, int number)
{
    static __thread char text[REQUEST_SIZE], body[REQUEST_SIZE / 2];
    int size = snprintf(body, sizeof(body),
                        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s%d\",\"labels\":{"
                        "\"app\":\"bench\",\"part\":"
                        "\"%d\"}},\"data\":{\"text\":\"%0*d\"}}",
                        set.prefix, number, number % 10, set.size, number);
    size = snprintf(text, sizeof(text),
                    "POST /api/v1/namespaces/%s/configmaps?fieldManager=bench HTTP/1.1\r\nHost: "
                    "localhost\r\nAuthorization: Bearer %s\r\n"
                    "Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    set.space, set.token, size, body);
    link_send(link, text, (size_t)size);
}

// --- requests

static atomic_int next_number;
static pthread_mutex_t histogram_lock = PTHREAD_MUTEX_INITIALIZER;

static void *request_thread(void *argument)
{
    struct link *link = link_new();
    bool creates = argument != NULL;
    unsigned seed = (unsigned)(uintptr_t)link;
    for (int number; (number = atomic_fetch_add(&next_number, 1)) < set.count;) {
        char path[512];
        double start = now_s();
        if (creates) {
            create_send(link, number);
        } else {
            snprintf(path, sizeof(path), "/api/v1/namespaces/%s/configmaps/%s%d", set.space, set.prefix,
                     rand_r(&seed) % set.objects);
            get_send(link, path);
        }
        (void)answer_receive(link, creates ? "201" : "200");
        pthread_mutex_lock(&histogram_lock);
        histogram_add(now_s() - start);
        pthread_mutex_unlock(&histogram_lock);
    }
    link_free(link);
    return NULL;
}

static void requests_run(bool creates)
{
    pthread_t threads[CONNECTIONS_MAX];
    if (set.connections > CONNECTIONS_MAX)
        fail("so many connections");
    double cpu = cpu_ms(), start = now_s();
    for (int i = 0; i < set.connections; i++)
        if (pthread_create(&threads[i], NULL, request_thread, creates ? &set : NULL) != 0)
            fail("thread");
    for (int i = 0; i < set.connections; i++)
        pthread_join(threads[i], NULL);
    double seconds = now_s() - start;
    printf("{\"per_s\":%.1f,\"cpu_us\":%.2f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"memory_mb\":%.2f}\n", set.count / seconds,
           (cpu_ms() - cpu) * 1e3 / set.count, histogram_ms(0.5) * 1e3, histogram_ms(0.99) * 1e3, memory_mb());
}

static void list_run(void)
{
    struct link *link = link_new();
    size_t size = 0;
    double cpu = cpu_ms(), start = now_s();
    for (int i = 0; i < set.count; i++) {
        get_send(link, set.path);
        size = answer_receive(link, "200");
    }
    printf("{\"cpu_ms\":%.2f,\"wall_ms\":%.2f,\"size_mb\":%.2f}\n", (cpu_ms() - cpu) / set.count,
           (now_s() - start) * 1e3 / set.count, (double)size / 1e6);
    link_free(link);
}

// --- watches

static struct link **watchers;

static void watchers_open(void)
{
    char path[512];
    snprintf(path, sizeof(path), "/api/v1/namespaces/%s/configmaps?watch=true&timeoutSeconds=3600", set.space);
    watchers = calloc((size_t)set.watchers, sizeof(*watchers));
    if (watchers == NULL)
        fail("memory");
    for (int i = 0; i < set.watchers; i++) {
        watchers[i] = link_new();
        get_send(watchers[i], path);
    }
}

// Some servers send the headers of an answer with the first event only.
static void events_count(struct link *link, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        if (end == NULL)
            break;
        size_t place = (size_t)(end - bytes);
        link->events += (place > 0 ? bytes[place - 1] : link->last) == '}';
        at = place + 1;
    }
    link->last = bytes[size - 1];
}

static void *watch_thread(void *argument)
{
    int epoll = epoll_create1(0), done = 0;
    (void)argument;
    for (int i = 0; i < set.watchers; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = watchers[i] };
        fcntl(watchers[i]->fd, F_SETFL, O_NONBLOCK);
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, watchers[i]->fd, &event) != 0)
            fail("epoll");
    }
    while (done < set.watchers) {
        struct epoll_event events[256];
        int count = epoll_wait(epoll, events, 256, 60000);
        if (count <= 0)
            fail("events stay away");
        for (int i = 0; i < count; i++) {
            struct link *link = events[i].data.ptr;
            bool was_done = link->events >= set.count;
            for (size_t size; (size = link_receive(link, link->bytes, sizeof(link->bytes))) > 0;)
                events_count(link, link->bytes, size);
            done += !was_done && link->events >= set.count;
        }
    }
    close(epoll);
    return NULL;
}

static void watch_run(void)
{
    pthread_t thread;
    struct link *writer = link_new();
    watchers_open();
    if (pthread_create(&thread, NULL, watch_thread, NULL) != 0)
        fail("thread");
    usleep(SETTLE_US);
    double cpu = cpu_ms(), start = now_s();
    for (int i = 0; i < set.count; i++) {
        create_send(writer, i);
        (void)answer_receive(writer, "201");
    }
    pthread_join(thread, NULL);
    double events = (double)set.count * set.watchers, seconds = now_s() - start;
    printf("{\"events_per_s\":%.0f,\"cpu_us\":%.3f,\"writes_per_s\":%.0f}\n", events / seconds,
           (cpu_ms() - cpu) * 1e3 / events, set.count / seconds);
}

static void idle_run(void)
{
    double memory = memory_mb();
    watchers_open();
    usleep(2 * SETTLE_US);
    double grown = memory_mb() - memory, cpu = cpu_ms();
    sleep((unsigned)set.seconds);
    printf("{\"kb_each\":%.2f,\"cpu_ms_per_s\":%.2f}\n", grown * 1000 / set.watchers, (cpu_ms() - cpu) / set.seconds);
}

// --- the whole

static void settings_read(int count, char **arguments)
{
    const struct {
        const char *name, **text;
        int *number;
    } options[] = { { "--token", &set.token, NULL },
                    { "--namespace", &set.space, NULL },
                    { "--prefix", &set.prefix, NULL },
                    { "--path", &set.path, NULL },
                    { "--accept", &set.accept, NULL },
                    { "--pids", &set.pids, NULL },
                    { "--tls", NULL, &set.tls },
                    { "--count", NULL, &set.count },
                    { "--connections", NULL, &set.connections },
                    { "--size", NULL, &set.size },
                    { "--objects", NULL, &set.objects },
                    { "--watchers", NULL, &set.watchers },
                    { "--seconds", NULL, &set.seconds } };
    for (int i = 0; i + 1 < count; i += 2) {
        size_t at = 0, known = sizeof(options) / sizeof(options[0]);
        while (at < known && strcmp(options[at].name, arguments[i]) != 0)
            at++;
        errno = EINVAL;
        if (at == known)
            fail(arguments[i]);
        if (options[at].text != NULL)
            *options[at].text = arguments[i + 1];
        else
            *options[at].number = atoi(arguments[i + 1]);
    }
}

int main(int count, char **arguments)
{
    if (count < 3)
        fail("usage: kube_load MODE HOST:PORT --OPTION VALUE...");
    set.address = arguments[2];
    settings_read(count - 3, arguments + 3);
    context = SSL_CTX_new(TLS_client_method());
    const char *mode = arguments[1];
    if (strcmp(mode, "create") == 0 || strcmp(mode, "get") == 0)
        requests_run(mode[0] == 'c');
    else if (strcmp(mode, "list") == 0)
        list_run();
    else if (strcmp(mode, "watch") == 0)
        watch_run();
    else if (strcmp(mode, "idle") == 0)
        idle_run();
    else
        fail(mode);
    return 0;
}
