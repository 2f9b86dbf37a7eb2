// SPDX-License-Identifier: Apache-2.0
// Connections that change their loop, in both worlds: this file is linked with eddy_io and with eddy_io_sim. Servers on
// three loops echo what clients on a fourth send, and hand their connections around in the middle of it.
#include "io/loop.h"
#include "io/net.h"

#include "base/test.h"

#include "base/assert.h"
#include "base/mem.h"

#if BOTH_WORLDS_TWIN
#include "io/sim/sim.h"

static struct sim *sim;

enum { RUNS = 60, SIZE = 60000 };

// Each third seed with connections that break.
static void world_start(uint64_t seed)
{
    struct sim_options options = { .window_size = 5000 };
    if (seed % 3 == 0)
        options = (struct sim_options){
            .reset_ppm = 3000, .stall_ppm = 3000, .stall_max_ms = 50, .pause_ppm = 1000, .pause_max_ms = 5
        };
    sim = sim_new(seed, &options);
}

static void world_end(void)
{
    sim_free(sim);
}

static bool world_breaks(uint64_t seed)
{
    return seed % 3 == 0;
}
#else
enum { RUNS = 2, SIZE = 4000000 };

static void world_start(uint64_t seed)
{
    (void)seed;
}

static void world_end(void)
{
}

static bool world_breaks(uint64_t seed)
{
    (void)seed;
    return false;
}
#endif

enum {
    PLACES = 3,
    CLIENTS = 8,
    WINDOW_SIZE = 50000, // of bytes that a client has under way
    ROOM_SIZE = 3000,
};

// What a client does, and what its server does with the connection besides moving it.
enum kind {
    KIND_ECHO,
    KIND_ABORT, // the client goes in the middle
    KIND_PAUSE, // the server pauses before it moves, and goes on where it arrives
    KIND_CLOSE, // the server closes when it has half, on arrival
    KIND_COUNT,
};

static struct loop *home, *places[PLACES];
static struct listener *listeners[PLACES];
// Of home:
static unsigned clients_open, servers_come, servers_gone, moves_of_all;
static struct timer look; // whether all are gone; a server may come when its client is gone already

static uint64_t next_random(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return *random >> 33;
}

static uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

// --- memory that its loop gets back

static void on_free(struct buf *buf)
{
    assert_ptr_equal(loop_current(), buf->owner);
    free(buf);
}

static void send_own(struct conn *conn, const uint8_t *data, size_t size)
{
    struct buf *buf = buf_copy(bytes_of(data, size));
    buf->owner = loop_current();
    buf->on_free = on_free;
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

// --- servers: each belongs to the loop that its connection is on

struct server {
    struct conn *conn;
    enum kind kind; // the first byte says it
    uint64_t random;
    size_t received;
    unsigned moves, arrivals, place;
    bool is_closed;
    struct deferred leave;
    struct message behind; // sent after it
    unsigned behinds;
    struct message gone; // to home
    uint8_t room[ROOM_SIZE];
};

static struct server *server_of(struct conn *conn)
{
    struct server *server = conn_owner(conn);
    assert_ptr_equal(server->conn, conn);
    assert_ptr_equal(loop_current(), conn_loop(conn));
    assert_ptr_equal(loop_current(), places[server->place]);
    assert_int_equal(server->moves, server->arrivals);
    assert_false(server->is_closed);
    return server;
}

static uint8_t *server_on_room(struct conn *conn, size_t *ret_size)
{
    struct server *server = server_of(conn);
    *ret_size = ROOM_SIZE;
    return server->room;
}

static void server_on_data(struct conn *conn, size_t size)
{
    struct server *server = server_of(conn);
    if (server->received == 0)
        server->kind = (enum kind)server->room[0];
    send_own(conn, server->room, size);
    server->received += size;
    if (next_random(&server->random) % 3 == 0)
        loop_defer(conn_loop(conn), &server->leave);
}

static void on_server_gone(struct message *message)
{
    struct server *server = CONTAINER_OF(message, struct server, gone);
    moves_of_all += server->moves;
    servers_gone++;
    free(server);
}

// The message behind its last move may come after its close.
static void end_if_done(struct server *server)
{
    if (!server->is_closed || server->behinds < server->moves)
        return;
    server->gone.on_message = on_server_gone;
    loop_post(home, &server->gone);
}

static void on_behind(struct message *message)
{
    struct server *server = CONTAINER_OF(message, struct server, behind);
    assert_int_equal(server->moves, server->arrivals);
    assert_ptr_equal(loop_current(), places[server->place]);
    server->behinds++;
    end_if_done(server);
}

static void on_leave(struct deferred *leave)
{
    struct server *server = CONTAINER_OF(leave, struct server, leave);
    unsigned from = server->place;
    unsigned to = (unsigned)next_random(&server->random) % PLACES; // perhaps where it is
    if (server->behinds < server->moves)
        return;
    if (server->kind == KIND_PAUSE)
        conn_pause(server->conn);
    server->place = to;
    server->moves++;
    server->behind.on_message = on_behind;
    if (!conn_move(server->conn, places[to])) {
        server->place = from;
        server->moves--;
        return;
    }
    loop_post(places[to], &server->behind);
}

static void server_on_arrive(struct conn *conn)
{
    struct server *server = conn_owner(conn);
    server->arrivals++;
    (void)server_of(conn);
    if (server->kind == KIND_PAUSE)
        conn_resume(conn);
    if (server->kind == KIND_CLOSE && server->received > SIZE / 2) {
        conn_close(conn);
        loop_defer(conn_loop(conn), &server->leave); // which does not take it along any more
    }
}

static void server_on_close(struct conn *conn, err_t why)
{
    struct server *server = server_of(conn);
    (void)why;
    server->is_closed = true;
    loop_defer_cancel(conn_loop(conn), &server->leave);
    end_if_done(server);
}

static const struct conn_ops server_ops = {
    .on_room = server_on_room, .on_data = server_on_data, .on_arrive = server_on_arrive, .on_close = server_on_close
};

static void on_server_come(struct message *message)
{
    servers_come++;
    free(message);
}

static void on_accept(void *owner, struct conn *conn)
{
    struct server *server = mem_zalloc(1, sizeof(*server));
    const struct loop *const *place = owner;
    server->conn = conn;
    server->place = (unsigned)(place - (const struct loop *const *)places);
    server->random = 1 + server->place;
    server->leave.on_turn_end = on_leave;
    struct message *come = mem_zalloc(1, sizeof(*come));
    come->on_message = on_server_come;
    loop_post(home, come);
    conn_attach(conn, &server_ops, server);
}

// --- clients

struct client {
    struct conn *conn;
    enum kind kind;
    size_t sent, received;
    unsigned closes;
    uint8_t room[ROOM_SIZE];
};

static void client_send(struct client *client)
{
    uint8_t bytes[2000];
    while (client->sent < SIZE && client->sent - client->received < WINDOW_SIZE) {
        size_t size = SIZE - client->sent < sizeof(bytes) ? SIZE - client->sent : sizeof(bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = pattern_at(client->sent + i);
        if (client->sent == 0)
            bytes[0] = (uint8_t)client->kind;
        send_own(client->conn, bytes, size);
        client->sent += size;
    }
}

static uint8_t *client_on_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = ROOM_SIZE;
    return client->room;
}

static void client_on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    for (size_t i = 0; i < size; i++, client->received++)
        assert_int_equal(client->room[i], client->received == 0 ? client->kind : pattern_at(client->received));
    if (client->kind == KIND_ABORT && client->received > SIZE / 2)
        conn_abort(conn);
    else if (client->received == SIZE)
        conn_close(conn);
    else
        client_send(client);
}

static void client_on_open(struct conn *conn)
{
    client_send(conn_owner(conn));
}

static void client_on_close(struct conn *conn, err_t why)
{
    struct client *client = conn_owner(conn);
    (void)why;
    client->conn = NULL;
    client->closes++;
    clients_open--;
}

static const struct conn_ops client_ops = {
    .on_room = client_on_room, .on_data = client_on_data, .on_open = client_on_open, .on_close = client_on_close
};

// --- the run

static void on_look(struct timer *timer)
{
    if (clients_open == 0 && servers_come == servers_gone)
        loop_stop(home);
    else
        timer_start(timer, 100);
}

static void on_shut(struct message *message)
{
    for (size_t i = 0; i < PLACES; i++)
        if (places[i] == loop_current())
            listener_close(listeners[i]);
    loop_stop(loop_current());
    free(message);
}

static void places_start(struct address *ret_address)
{
    assert_int_equal(address_parse("127.0.0.1:0", 0, ret_address, NULL), ERR_OK);
    for (unsigned i = 0; i < PLACES; i++) {
        places[i] = loop_new(i + 1);
        assert_int_equal(listener_open(places[i], ret_address, on_accept, &places[i], &listeners[i], NULL), ERR_OK);
        ret_address->port = listener_port(listeners[0]);
    }
    for (unsigned i = 0; i < PLACES; i++)
        loop_start_thread(places[i]);
}

static void places_stop(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        struct message *shut = mem_zalloc(1, sizeof(*shut));
        shut->on_message = on_shut;
        loop_post(places[i], shut);
    }
    for (unsigned i = 0; i < PLACES; i++)
        loop_join(places[i]);
    for (unsigned i = 0; i < PLACES; i++)
        loop_free(places[i]);
}

static void check_clients(const struct client clients[CLIENTS], bool may_break)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &clients[i];
        assert_int_equal(client->closes, 1);
        if (may_break)
            continue;
        if (client->kind == KIND_ECHO || client->kind == KIND_PAUSE)
            assert_int_equal(client->received, SIZE);
        else
            assert_true(client->received > SIZE / 4);
    }
}

static void run(uint64_t seed)
{
    world_start(seed);
    static struct client clients[CLIENTS];
    struct address address;
    home = loop_new(0);
    places_start(&address);
    timer_init(&look, home, on_look);
    timer_start(&look, 100);
    clients_open = CLIENTS;
    servers_come = servers_gone = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){ .kind = (enum kind)(i % KIND_COUNT) };
        clients[i].conn = conn_open(home, &address, &client_ops, &clients[i]);
    }
    loop_run(home);
    places_stop();
    loop_free(home);
    check_clients(clients, world_breaks(seed));
    world_end();
}

static void bytes_stay_whole_and_every_end_comes_once_while_connections_move(void **state)
{
    (void)state;
    moves_of_all = 0;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        run(seed);
    assert_true(moves_of_all > RUNS * 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_stay_whole_and_every_end_comes_once_while_connections_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
