// SPDX-License-Identifier: Apache-2.0
// The way to an open socket: look up the name on libuv's threads, then try its addresses one after the other.
#include "io/uv/net_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/uv/errno_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

struct connecting {
    struct conn *conn; // NULL: cancelled
    struct loop *loop;
    uint16_t port;
    bool resolving;
    uv_getaddrinfo_t lookup;
    union socket_address addresses[ADDRESSES_MAX];
    size_t count, next;
    struct attempt *attempt; // NULL: none
    struct deferred failed;  // a notice: nothing is told before connecting_start returns
    err_t why;
};

// One socket on its way; apart, because a handle's memory outlives its close.
struct attempt {
    uv_poll_t poll;
    struct connecting *connecting;
    int fd;
};

static void on_attempt_closed(uv_handle_t *handle)
{
    free(handle->data);
}

// Gives the socket back.
static int attempt_end(struct attempt *attempt)
{
    int fd = attempt->fd;
    attempt->connecting->attempt = NULL;
    uv_close((uv_handle_t *)&attempt->poll, on_attempt_closed);
    return fd;
}

static void connecting_free(struct connecting *connecting)
{
    loop_defer_cancel(connecting->loop, &connecting->failed);
    if (connecting->attempt != NULL)
        close(attempt_end(connecting->attempt));
    free(connecting);
}

static void try_next(struct connecting *connecting);

static void on_attempt(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct attempt *attempt = poll->data;
    struct connecting *connecting = attempt->connecting;
    int number = 0;
    socklen_t size = sizeof(number);
    int fd = attempt_end(attempt);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 && number == 0 && status == 0) {
        struct conn *conn = connecting->conn;
        union socket_address peer = connecting->addresses[connecting->next - 1];
        connecting_free(connecting);
        conn_opened(conn, fd, &peer);
        return;
    }
    close(fd);
    connecting->why = err_of_socket(number);
    try_next(connecting);
}

static err_t try_address(struct connecting *connecting, const union socket_address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int result;
    do
        result = connect(fd, &address->any, socket_address_size(address));
    while (result != 0 && errno == EINTR);
    if (result != 0 && errno != EINPROGRESS) {
        err_t err = err_of_socket(errno);
        close(fd);
        return err;
    }
    struct attempt *attempt = mem_zalloc(1, sizeof(*attempt));
    if (uv_poll_init(&connecting->loop->uv, &attempt->poll, fd) != 0) {
        close(fd);
        free(attempt);
        return ERR_IO;
    }
    attempt->poll.data = attempt;
    attempt->connecting = connecting;
    attempt->fd = fd;
    connecting->attempt = attempt;
    uv_poll_start(&attempt->poll, UV_WRITABLE, on_attempt);
    return ERR_OK;
}

static void try_next(struct connecting *connecting)
{
    while (connecting->next < connecting->count) {
        err_t err = try_address(connecting, &connecting->addresses[connecting->next++]);
        if (err == ERR_OK)
            return;
        connecting->why = err;
    }
    loop_add_notice(connecting->loop, &connecting->failed);
}

static void on_failed(struct deferred *failed)
{
    struct connecting *connecting = CONTAINER_OF(failed, struct connecting, failed);
    // Frees it through connecting_cancel.
    conn_finish(connecting->conn, connecting->why);
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct connecting *connecting = request->data;
    connecting->resolving = false;
    if (connecting->conn == NULL) {
        uv_freeaddrinfo(found);
        connecting_free(connecting);
        return;
    }
    if (status == 0)
        connecting->count = socket_addresses_of_lookup(found, connecting->port, connecting->addresses);
    uv_freeaddrinfo(found);
    try_next(connecting);
}

struct connecting *connecting_start(struct conn *conn, const struct address *address)
{
    struct connecting *connecting = mem_zalloc(1, sizeof(*connecting));
    connecting->conn = conn;
    connecting->loop = conn_loop(conn);
    connecting->port = address->port;
    connecting->why = ERR_NOT_FOUND;
    connecting->failed.on_turn_end = on_failed;
    connecting->count = socket_addresses_of_literal(address, connecting->addresses);
    if (connecting->count > 0) {
        try_next(connecting);
        return connecting;
    }
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
    connecting->lookup.data = connecting;
    connecting->resolving =
        uv_getaddrinfo(&connecting->loop->uv, &connecting->lookup, on_lookup, address->host, NULL, &hints) == 0;
    if (!connecting->resolving)
        try_next(connecting);
    return connecting;
}

void connecting_cancel(struct connecting *connecting)
{
    if (connecting == NULL)
        return;
    connecting->conn = NULL;
    if (!connecting->resolving) {
        connecting_free(connecting);
        return;
    }
    // on_lookup comes in either case, with what it found or UV_ECANCELED.
    uv_cancel((uv_req_t *)&connecting->lookup);
}
