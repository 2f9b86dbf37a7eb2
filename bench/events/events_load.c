// SPDX-License-Identifier: Apache-2.0
// Posts CloudEvents in the binary mode of HTTP, at little cost, so that a measurement shows the server: requests are
// built once and differ in their ids, of answers only the status and the end are looked at, and each connection has one
// request under way.
//
//   events_load send HOST:PORT --path P --count N --connections C --size B --type T
//       N events of type T with B bytes of JSON; each is answered 2xx. Prints one JSON object.
#define _GNU_SOURCE
#include "../common/client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 1024, REQUEST_MAX = 64 << 10, HEAD_MAX = 1024, ANSWER_MAX = 4096, ID_DIGITS = 9 };

static struct settings {
    const char *address, *path, *type;
    int count, connections, size;
} set = { .path = "/", .type = "bench.event", .count = 1000, .connections = 64, .size = 1024 };

static struct {
    char bytes[REQUEST_MAX];
    size_t size, id_at;
} request;

static int sent, answered;

struct link {
    int fd;
    double began;
    size_t end;
    char answer[ANSWER_MAX + 1];
};

static void request_build(void)
{
    static const char *const head =
        "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        "ce-specversion: 1.0\r\nce-source: /bench\r\nce-type: %s\r\nce-id: ";
    if (set.size > REQUEST_MAX - HEAD_MAX || set.size < 16)
        fail("--size");
    int size = snprintf(request.bytes, HEAD_MAX - 16, head, set.path, set.address, set.size, set.type);
    if (size >= HEAD_MAX - 16)
        fail("the path is too long");
    request.id_at = (size_t)size;
    memset(request.bytes + size, '0', ID_DIGITS);
    memcpy(request.bytes + size + ID_DIGITS, "\r\n\r\n", 4);
    char *body = request.bytes + size + ID_DIGITS + 4;
    memset(body, 'x', (size_t)set.size);
    memcpy(body, "{\"text\":\"", 9);
    memcpy(body + set.size - 2, "\"}", 2);
    request.size = (size_t)(body - request.bytes) + (size_t)set.size;
}

static void link_send(struct link *link)
{
    for (int i = ID_DIGITS - 1, id = sent; i >= 0; i--, id /= 10)
        request.bytes[request.id_at + (size_t)i] = (char)('0' + id % 10);
    sent++;
    link->end = 0;
    link->began = now_s();
    if (send(link->fd, request.bytes, request.size, MSG_NOSIGNAL) != (ssize_t)request.size)
        fail("send"); // one request fits into the buffer of an idle socket
}

// The answer is complete; its body, if it has one, is told by its length.
static int link_is_answered(const struct link *link)
{
    const char *end = strstr(link->answer, "\r\n\r\n");
    if (end == NULL)
        return 0;
    if (strncmp(link->answer, "HTTP/1.1 2", 10) != 0) {
        fprintf(stderr, "%s\n", link->answer);
        fail("the answer");
    }
    const char *length = strcasestr(link->answer, "\r\ncontent-length:");
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return link->end >= (size_t)(end + 4 - link->answer) + body;
}

static void link_receive(struct link *link)
{
    ssize_t n = recv(link->fd, link->answer + link->end, ANSWER_MAX - link->end, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        fail("the server closed a connection");
    link->end += (size_t)n;
    link->answer[link->end] = '\0';
    if (!link_is_answered(link))
        return;
    histogram_add(now_s() - link->began);
    answered++;
    if (sent < set.count)
        link_send(link);
}

static void run(void)
{
    static struct link links[CONNECTIONS_MAX];
    struct epoll_event events[CONNECTIONS_MAX];
    int poll = epoll_create1(0);
    for (int i = 0; i < set.connections; i++) {
        links[i].fd = dial(set.address);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &links[i] };
        if (epoll_ctl(poll, EPOLL_CTL_ADD, links[i].fd, &event) != 0)
            fail("epoll");
    }
    double began = now_s();
    for (int i = 0; i < set.connections && sent < set.count; i++)
        link_send(&links[i]);
    while (answered < set.count) {
        int n = epoll_wait(poll, events, CONNECTIONS_MAX, 30000);
        if (n <= 0)
            fail("no answer for 30 seconds");
        for (int i = 0; i < n; i++)
            link_receive(events[i].data.ptr);
    }
    double seconds = now_s() - began;
    printf("{\"seconds\": %.6f, \"accepted_per_s\": %.1f, \"p50_ms\": %.4f, \"p99_ms\": %.4f}\n", seconds,
           answered / seconds, histogram_ms(0.5), histogram_ms(0.99));
}

static void settings_read(int count, char **words)
{
    const struct {
        const char *name;
        const char **text;
        int *number;
    } options[] = { { "--path", &set.path, NULL },
                    { "--type", &set.type, NULL },
                    { "--count", NULL, &set.count },
                    { "--size", NULL, &set.size },
                    { "--connections", NULL, &set.connections } };
    for (int i = 0; i + 1 < count; i += 2) {
        size_t at = 0;
        while (at < sizeof(options) / sizeof(options[0]) && strcmp(options[at].name, words[i]) != 0)
            at++;
        if (at == sizeof(options) / sizeof(options[0]))
            fail(words[i]);
        if (options[at].text != NULL)
            *options[at].text = words[i + 1];
        else
            *options[at].number = atoi(words[i + 1]);
    }
    if (set.connections < 1 || set.connections > CONNECTIONS_MAX)
        fail("--connections");
}

int main(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], "send") != 0)
        fail("usage: events_load send HOST:PORT [options]");
    set.address = argv[2];
    settings_read(argc - 3, argv + 3);
    request_build();
    run();
    return 0;
}
