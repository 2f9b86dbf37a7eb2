// SPDX-License-Identifier: Apache-2.0
#include "io/uv/net_internal.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/uv/errno_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BACKLOG = 4096, // the kernel takes the smaller of it and net.core.somaxconn
    ACCEPTS_PER_EVENT = 64,
    PAUSE_MS = 100, // after running out of descriptors or memory
    PORT_ATTEMPTS = 32,
};

struct entrance {
    uv_poll_t poll;
    struct listener *listener;
    union socket_address address;
    int fd;
};

struct listener {
    struct loop *loop;
    on_accept_fn *on_accept;
    void *owner;
    struct entrance entrances[ADDRESSES_MAX];
    size_t count;
    size_t handles; // not closed yet
    uint16_t port;
    bool closed;
    struct timer pause;
};

// The addresses that listeners of this process hold. SO_REUSEPORT, which several loops need, would also let a second
// eddy share the port in silence; so whoever comes first binds once without it, to hear whether it is taken.
static struct {
    pthread_mutex_t lock;
    union socket_address *addresses; // one for each socket
    size_t count, capacity;
} held = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool held_find(const union socket_address *address, size_t *ret_at)
{
    for (size_t i = 0; i < held.count; i++) {
        if (memcmp(&held.addresses[i], address, socket_address_size(address)) == 0) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

static void held_add(const union socket_address *address)
{
    pthread_mutex_lock(&held.lock);
    MEM_GROW(held.addresses, held.count, held.capacity);
    held.addresses[held.count++] = *address;
    pthread_mutex_unlock(&held.lock);
}

static void held_remove(const union socket_address *address)
{
    size_t at;
    pthread_mutex_lock(&held.lock);
    if (held_find(address, &at))
        held.addresses[at] = held.addresses[--held.count];
    if (held.count == 0) {
        free(held.addresses);
        held.addresses = NULL;
        held.capacity = 0;
    }
    pthread_mutex_unlock(&held.lock);
}

static bool held_has(const union socket_address *address)
{
    size_t at;
    pthread_mutex_lock(&held.lock);
    bool has = held_find(address, &at);
    pthread_mutex_unlock(&held.lock);
    return has;
}

// A bound socket, or -1 with errno.
static int bind_socket(const union socket_address *address, bool share)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (share)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (bind(fd, &address->any, socket_address_size(address)) != 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static int open_socket(const union socket_address *address)
{
    if (!held_has(address)) {
        int probe = bind_socket(address, false);
        if (probe < 0)
            return -1;
        close(probe);
    }
    int fd = bind_socket(address, true);
    if (fd < 0)
        return -1;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); // accepted sockets inherit it
    if (listen(fd, BACKLOG) != 0) {
        int number = errno;
        close(fd);
        errno = number;
        return -1;
    }
    return fd;
}

static bool add_entrance(struct listener *listener, union socket_address *address)
{
    int fd = open_socket(address);
    if (fd < 0)
        return false;
    struct entrance *entrance = &listener->entrances[listener->count++];
    socklen_t size = sizeof(entrance->address);
    getsockname(fd, &entrance->address.any, &size);
    entrance->fd = fd;
    entrance->listener = listener;
    held_add(&entrance->address);
    return true;
}

static void close_sockets(struct listener *listener)
{
    for (size_t i = 0; i < listener->count; i++) {
        held_remove(&listener->entrances[i].address);
        close(listener->entrances[i].fd);
    }
    listener->count = 0;
}

// All addresses on one port, or none with errno. A machine without IPv6 serves localhost on IPv4 alone.
static bool open_all(struct listener *listener, const struct address *address, union socket_address *at, size_t count)
{
    bool is_localhost = strcmp(address->host, "localhost") == 0;
    for (size_t i = 0; i < count; i++) {
        if (listener->count > 0)
            socket_address_port_set(&at[i], socket_address_port(&listener->entrances[0].address));
        if (add_entrance(listener, &at[i]))
            continue;
        int number = errno;
        if (is_localhost && listener->count > 0 && (number == EAFNOSUPPORT || number == EADDRNOTAVAIL))
            continue;
        close_sockets(listener);
        errno = number;
        return false;
    }
    listener->port = socket_address_port(&listener->entrances[0].address);
    return true;
}

static err_t open_sockets(struct listener *listener, const struct address *address, diag_t *diag)
{
    union socket_address at[ADDRESSES_MAX];
    size_t count = socket_addresses_of_literal(address, at);
    if (count == 0) {
        // At start, where waiting for the resolver is fine.
        struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
        if (getaddrinfo(address->host, NULL, &hints, &found) == 0) {
            count = socket_addresses_of_lookup(found, address->port, at);
            freeaddrinfo(found);
        }
    }
    char text[280];
    address_format(address, text, sizeof(text));
    if (count == 0)
        return diag_fail(diag, ERR_INVALID, text, "no address is known for the name \"%s\"", address->host);
    for (int i = 0; i < PORT_ATTEMPTS; i++) {
        // The port that the kernel picked for one family may be taken in the other: then it picks again.
        socket_address_port_set(&at[0], address->port);
        if (open_all(listener, address, at, count))
            return ERR_OK;
        if (errno != EADDRINUSE || address->port != 0)
            break;
    }
    int number = errno;
    return diag_fail(diag, err_of_socket(number), text, "cannot listen: %s", uv_strerror(-number));
}

static void on_ready(uv_poll_t *poll, int status, int events);

static void poll_all(struct listener *listener)
{
    for (size_t i = 0; i < listener->count; i++)
        uv_poll_start(&listener->entrances[i].poll, UV_READABLE, on_ready);
}

// Polling on would spin: the connection stays in the backlog and the socket stays readable.
static void pause_accepting(struct listener *listener)
{
    for (size_t i = 0; i < listener->count; i++)
        uv_poll_stop(&listener->entrances[i].poll);
    timer_start(&listener->pause, PAUSE_MS);
}

static void on_pause_end(struct timer *timer)
{
    poll_all(CONTAINER_OF(timer, struct listener, pause));
}

static void accept_one(struct listener *listener, int fd, const union socket_address *peer)
{
    struct conn *conn;
    if (conn_accepted(listener->loop, fd, peer, &conn) != ERR_OK)
        return;
    listener->on_accept(listener->owner, conn);
    conn_accept_done(conn);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)events;
    const struct entrance *entrance = poll->data;
    struct listener *listener = entrance->listener;
    if (status < 0) {
        pause_accepting(listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_EVENT && !listener->closed; i++) {
        union socket_address peer = { 0 };
        socklen_t size = sizeof(peer);
        int fd = accept4(entrance->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accept_one(listener, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(listener);
            return;
        } else if (errno == EAGAIN) {
            return;
        }
        // Everything else concerns one connection that is gone already (accept(2)).
    }
}

err_t listener_open(struct loop *loop, const struct address *address, on_accept_fn *on_accept, void *owner,
                    struct listener **ret_listener, diag_t *diag)
{
    struct listener *listener = mem_zalloc(1, sizeof(*listener));
    err_t err = open_sockets(listener, address, diag);
    if (err != ERR_OK) {
        free(listener);
        return err;
    }
    listener->loop = loop;
    listener->on_accept = on_accept;
    listener->owner = owner;
    timer_init(&listener->pause, loop, on_pause_end);
    for (size_t i = 0; i < listener->count; i++) {
        struct entrance *entrance = &listener->entrances[i];
        int failed = uv_poll_init(&loop->uv, &entrance->poll, entrance->fd);
        ASSERT(failed == 0);
        entrance->poll.data = entrance;
        listener->handles++;
    }
    poll_all(listener);
    *ret_listener = listener;
    return ERR_OK;
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->port;
}

static void on_entrance_closed(uv_handle_t *handle)
{
    const struct entrance *entrance = handle->data;
    struct listener *listener = entrance->listener;
    if (--listener->handles == 0)
        free(listener);
}

void listener_close(struct listener *listener)
{
    listener->closed = true;
    timer_stop(&listener->pause);
    for (size_t i = 0; i < listener->count; i++)
        uv_close((uv_handle_t *)&listener->entrances[i].poll, on_entrance_closed);
    close_sockets(listener);
}
