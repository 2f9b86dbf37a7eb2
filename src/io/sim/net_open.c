// SPDX-License-Identifier: Apache-2.0
// Listeners and the way to an open connection.
#include "io/sim/net_sim.h"

#include "base/mem.h"

#include <stdlib.h>
#include <strings.h>

static bool is_any(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

// Whether a connection to WANTED reaches a listener on HOST.
static bool host_matches(const struct address *listener, const struct address *wanted)
{
    if (is_any(listener->host) || strcasecmp(listener->host, wanted->host) == 0)
        return true;
    bool is_name = strcmp(listener->host, "localhost") == 0 || strcmp(wanted->host, "localhost") == 0;
    return is_name && address_is_loopback(listener) && address_is_loopback(wanted);
}

static bool port_taken(const struct sim *sim, uint16_t port)
{
    for (size_t i = 0; i < sim->taken_count; i++)
        if (sim->taken_ports[i] == port)
            return true;
    return false;
}

static bool port_in_use(const struct sim *sim, uint16_t port)
{
    LIST_EACH(&sim->listeners, node)
    {
        const struct listener *listener = LIST_ITEM(node, struct listener, node);
        if (!listener->dead && listener->address.port == port)
            return true;
    }
    return port_taken(sim, port);
}

err_t listener_open(struct loop *loop, const struct address *address, on_accept_fn *on_accept, void *owner,
                    struct listener **ret_listener, diag_t *diag)
{
    struct sim *sim = loop->sim;
    char text[280];
    address_format(address, text, sizeof(text));
    if (address->host[0] == '\0')
        return diag_fail(diag, ERR_INVALID, text, "no address is known for the name \"%s\"", address->host);
    if (port_taken(sim, address->port))
        return diag_fail(diag, ERR_BUSY, text, "cannot listen: the port is taken");
    struct listener *listener = mem_zalloc(1, sizeof(*listener));
    listener->sim = sim;
    listener->loop = loop;
    listener->address = *address;
    while (listener->address.port == 0) {
        uint16_t port = ++sim->next_port;
        listener->address.port = port_in_use(sim, port) ? 0 : port;
    }
    listener->on_accept = on_accept;
    listener->owner = owner;
    listener->dead = sim->crashed;
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
    struct sim *sim = listener->sim;
    LIST_EACH(&sim->conns, node)
    {
        struct conn *conn = LIST_ITEM(node, struct conn, node);
        if (conn->listener != listener)
            continue;
        conn_signal(conn->peer, SIGNAL_RESET);
        conn_forget(conn);
    }
    list_remove(&listener->node);
    free(listener);
}

void sim_listeners_drop(struct sim *sim)
{
    LIST_EACH(&sim->listeners, node)
    {
        struct listener *listener = LIST_ITEM(node, struct listener, node);
        listener->dead = true;
        sim_keep(listener->owner);
    }
}

void sim_listeners_free(struct sim *sim)
{
    LIST_EACH(&sim->listeners, node)
    {
        listener_close(LIST_ITEM(node, struct listener, node));
    }
}

// --- connecting

struct conn *conn_open(struct loop *loop, const struct address *address, const struct conn_ops *ops, void *owner)
{
    struct conn *conn = conn_new(loop);
    conn->ops = ops;
    conn->owner = owner;
    conn->address = *address;
    conn->state = CONN_CONNECTING;
    conn->dead = loop->dead || loop->sim->crashed;
    address_format(address, conn->peer_text, sizeof(conn->peer_text));
    conn_signal(conn, SIGNAL_CONNECT);
    return conn;
}

// Several may listen on the address: any of them.
static struct listener *find_listener(struct sim *sim, const struct address *address)
{
    struct listener *found = NULL;
    uint64_t count = 0;
    LIST_EACH(&sim->listeners, node)
    {
        struct listener *listener = LIST_ITEM(node, struct listener, node);
        if (listener->dead || listener->address.port != address->port || !host_matches(&listener->address, address))
            continue;
        if (sim_rng_below(&sim->network, ++count) == 0)
            found = listener;
    }
    return found;
}

static void connect_arrive(struct conn *conn)
{
    struct sim *sim = conn->sim;
    struct listener *listener = find_listener(sim, &conn->address);
    bool refused = sim_rng_chance(&sim->network, sim->options.refuse_ppm);
    if (refused)
        sim_fault_add(sim, SIM_EVENT_NET);
    if (listener == NULL || refused) {
        conn_signal(conn, SIGNAL_REFUSED);
        return;
    }
    struct conn *accepted = conn_new(listener->loop);
    struct address from = { .port = ++sim->next_port };
    memcpy(from.host, "127.0.0.1", sizeof("127.0.0.1"));
    address_format(&from, accepted->peer_text, sizeof(accepted->peer_text));
    accepted->state = CONN_OPEN;
    accepted->listener = listener;
    accepted->peer = conn;
    conn->refs++;
    conn->peer = accepted;
    accepted->refs++;
    conn_ready(accepted);
    conn_signal(conn, SIGNAL_CONNECTED);
}

void conn_connect_step(struct conn *conn, enum signal_kind kind)
{
    if (kind == SIGNAL_CONNECT) {
        connect_arrive(conn);
    } else if (kind == SIGNAL_REFUSED) {
        conn_finish(conn, ERR_REFUSED);
    } else {
        conn->state = CONN_OPEN;
        conn->tell_open = true;
        conn_ready(conn);
    }
}

void conn_accept(struct conn *conn)
{
    struct listener *listener = conn->listener;
    conn->listener = NULL;
    listener->on_accept(listener->owner, conn);
    ASSERT(conn->ops != NULL);
}
