// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, IN_CAPACITY_FIRST = 512 };

static int epoll_fd = -1;

static void watch(struct link *link, int operation, bool is_full)
{
    struct epoll_event event = { .events = is_full ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = link };
    if (epoll_ctl(epoll_fd, operation, link->fd, &event) != 0)
        fail("epoll_ctl");
}

void link_open(struct link *link, const char *address, void (*on_reply)(struct link *, int, const uint8_t *, size_t))
{
    if (epoll_fd < 0 && (epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        fail("epoll_create1");
    *link = (struct link){ .fd = dial(address), .on_reply = on_reply };
    fcntl(link->fd, F_SETFL, O_NONBLOCK);
    watch(link, EPOLL_CTL_ADD, false);
}

void link_close(struct link *link)
{
    close(link->fd);
    free(link->in);
    free(link->unsent.data);
    *link = (struct link){ .fd = -1 };
}

static size_t send_some(struct link *link, const uint8_t *data, size_t size)
{
    ssize_t n = send(link->fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        fail("send");
    return n < 0 ? 0 : (size_t)n;
}

void link_send(struct link *link, const struct out *request)
{
    size_t sent = link->unsent.size > 0 ? 0 : send_some(link, request->data, request->size);
    if (sent == request->size)
        return;
    if (link->unsent.size == 0)
        watch(link, EPOLL_CTL_MOD, true);
    out_bytes(&link->unsent, request->data + sent, request->size - sent);
}

static void send_rest(struct link *link)
{
    size_t sent = send_some(link, link->unsent.data, link->unsent.size);
    link->unsent.size -= sent;
    memmove(link->unsent.data, link->unsent.data + sent, link->unsent.size);
    if (link->unsent.size == 0)
        watch(link, EPOLL_CTL_MOD, false);
}

// Hands out the whole answers, keeps the rest.
static void hand_out(struct link *link)
{
    size_t at = 0;
    while (link->in_size - at >= 4) {
        size_t size = 4 + (size_t)get_int(link->in + at, 4);
        if (link->in_size - at < size)
            break;
        link->on_reply(link, (int)get_int(link->in + at + 4, 4), link->in + at + 8, size - 8);
        at += size;
    }
    link->in_size -= at;
    memmove(link->in, link->in + at, link->in_size);
}

static void receive(struct link *link)
{
    if (link->in_size == link->in_capacity) {
        link->in_capacity = link->in_capacity == 0 ? IN_CAPACITY_FIRST : link->in_capacity * 2;
        link->in = realloc(link->in, link->in_capacity);
        if (link->in == NULL)
            fail("memory");
    }
    ssize_t n = recv(link->fd, link->in + link->in_size, link->in_capacity - link->in_size, 0);
    if (n == 0)
        errno = ECONNRESET;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        fail("receive");
    if (n < 0)
        return;
    link->in_size += (size_t)n;
    hand_out(link);
}

void links_turn(int wait_ms)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll_fd, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
        struct link *link = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            send_rest(link);
        if (events[i].events & ~(uint32_t)EPOLLOUT)
            receive(link);
    }
}
