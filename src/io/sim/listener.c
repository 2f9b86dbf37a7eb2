// SPDX-License-Identifier: Apache-2.0
// Who waits for connections, and the names of hosts. Every name leads to itself except those under .invalid, which
// never exist (RFC 6761 6.4); localhost is 127.0.0.1 and ::1.
#include "base/mem.h"
#include "io/sim/net_sim.h"

#include <stdlib.h>
#include <string.h>

struct listener {
    struct loop *loop;
    struct list_node node; // in sim->listeners
    struct address address;
    on_accept_fn *on_accept;
    void *owner;
    struct list_node backlog;
    struct sim_call ready, notice;
    bool closed, dead;
};

bool host_is_known(const char *host)
{
    static const char unknown[] = ".invalid";
    size_t size = strlen(host), end = sizeof(unknown) - 1;
    return size > 0 && (size < end || strcmp(host + size - end, unknown) != 0);
}

static bool is_one_of_localhost(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

// A connection to WANTED may end at LISTENING.
static bool host_covers(const char *listening, const char *wanted)
{
    if (strcmp(listening, wanted) == 0 || strcmp(listening, "::") == 0)
        return true;
    if (strcmp(listening, "0.0.0.0") == 0)
        return strchr(wanted, ':') == NULL;
    if (strcmp(listening, "localhost") == 0)
        return is_one_of_localhost(wanted);
    return strcmp(wanted, "localhost") == 0 && is_one_of_localhost(listening);
}

struct listener *listener_find(struct sim *sim, const struct address *address)
{
    struct listener *found = NULL;
    uint64_t count = 0;
    LIST_EACH(&sim->listeners, node)
    {
        struct listener *listener = LIST_ITEM(node, struct listener, node);
        if (listener->closed || listener->dead || listener->address.port != address->port)
            continue;
        if (!host_covers(listener->address.host, address->host))
            continue;
        // Several of one address share its connections.
        if (sim_rng_below(&sim->network, ++count) == 0)
            found = listener;
    }
    return found;
}

struct conn *listener_take(struct listener *listener)
{
    struct conn *conn = conn_new(listener->loop);
    conn->state = CONN_OPEN;
    conn->in_call = true; // until on_accept has returned
    list_append(&listener->backlog, &conn->backlog_node);
    loop_call(listener->loop, &listener->loop->ready, &listener->ready);
    return conn;
}

static void on_ready(struct sim_call *call)
{
    struct listener *listener = CONTAINER_OF(call, struct listener, ready);
    const struct sim *sim = listener->loop->sim;
    struct list_node *node;
    while (!listener->closed && !sim->crashed && (node = list_first(&listener->backlog)) != NULL) {
        list_remove(node);
        struct conn *conn = LIST_ITEM(node, struct conn, backlog_node);
        listener->on_accept(listener->owner, conn);
        ASSERT(conn->ops != NULL || sim->crashed);
        conn->in_call = false;
    }
}

static void listener_free(struct listener *listener)
{
    list_remove(&listener->node);
    free(listener);
}

static void on_notice(struct sim_call *call)
{
    listener_free(CONTAINER_OF(call, struct listener, notice));
}

// --- ports

static bool is_taken(const struct sim *sim, uint16_t port)
{
    for (size_t i = 0; i < sim->taken_count; i++)
        if (sim->taken_ports[i] == port)
            return true;
    return false;
}

// Listeners of one program may share an address; two addresses that overlap may not share a port.
static bool is_in_the_way(const struct sim *sim, const struct address *address)
{
    LIST_EACH(&sim->listeners, node)
    {
        const struct listener *other = LIST_ITEM(node, struct listener, node);
        if (other->closed || other->dead || other->address.port != address->port)
            continue;
        const char *host = other->address.host;
        if (strcmp(host, address->host) != 0 && (host_covers(host, address->host) || host_covers(address->host, host)))
            return true;
    }
    return false;
}

static bool is_used(const struct sim *sim, uint16_t port)
{
    LIST_EACH(&sim->listeners, node)
    {
        const struct listener *other = LIST_ITEM(node, struct listener, node);
        if (!other->closed && !other->dead && other->address.port == port)
            return true;
    }
    return false;
}

static uint16_t port_pick(struct sim *sim)
{
    while (is_taken(sim, sim->next_port) || is_used(sim, sim->next_port))
        sim->next_port++;
    return sim->next_port++;
}

err_t listener_open(struct loop *loop, const struct address *address, on_accept_fn *on_accept, void *owner,
                    struct listener **ret_listener, diag_t *diag)
{
    struct sim *sim = loop->sim;
    char text[PEER_SIZE];
    address_format(address, text, sizeof(text));
    if (loop->dead || sim->crashed)
        return diag_fail(diag, ERR_IO, text, "cannot listen: the program crashed");
    if (!host_is_known(address->host))
        return diag_fail(diag, ERR_INVALID, text, "no address is known for the name \"%s\"", address->host);
    if (address->port != 0 && (is_taken(sim, address->port) || is_in_the_way(sim, address)))
        return diag_fail(diag, ERR_BUSY, text, "cannot listen: address already in use");
    struct listener *listener = mem_zalloc(1, sizeof(*listener));
    listener->loop = loop;
    listener->address = *address;
    if (address->port == 0)
        listener->address.port = port_pick(sim);
    listener->on_accept = on_accept;
    listener->owner = owner;
    listener->ready.run = on_ready;
    listener->notice.run = on_notice;
    list_init(&listener->backlog);
    list_append(&sim->listeners, &listener->node);
    *ret_listener = listener;
    return ERR_OK;
}

uint16_t listener_port(const struct listener *listener)
{
    return listener->address.port;
}

void listener_close(struct listener *listener)
{
    if (listener->dead || listener->closed)
        return;
    listener->closed = true;
    list_remove(&listener->ready.node);
    LIST_EACH(&listener->backlog, node)
    {
        conn_discard(LIST_ITEM(node, struct conn, backlog_node));
    }
    // Not at once: it may be its own on_accept that closes it.
    loop_call(listener->loop, &listener->loop->notices, &listener->notice);
}

void sim_listeners_drop(struct sim *sim)
{
    LIST_EACH(&sim->listeners, node)
    {
        struct listener *listener = LIST_ITEM(node, struct listener, node);
        if (!listener->dead)
            sim_keep(listener->owner);
        listener->dead = true;
        list_remove(&listener->ready.node);
        list_remove(&listener->notice.node);
    }
}

void sim_listeners_free(struct sim *sim)
{
    LIST_EACH(&sim->listeners, node)
    {
        listener_free(LIST_ITEM(node, struct listener, node));
    }
}
