// SPDX-License-Identifier: Apache-2.0
#include "io/net.h"

#include "base/assert.h"
#include "io/loop.h"
#include "io/sim/sim.h"

#include "base/test.h"

enum { ROOM = 3000, TOTAL = 300000 };

// One side of a connection: counts and checks what arrives, which is the same byte sequence in both directions.
struct side {
    struct conn *conn;
    uint8_t room[ROOM];
    size_t received, sent, smallest_read;
    bool echoes, opened, closed, pauses_first, bad;
    unsigned drains;
    err_t why;
};

struct world {
    struct sim *sim;
    struct loop *server_loop, *client_loop;
    struct listener *listener;
    struct side server, client;
};

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 7 + at / 251);
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct side *side = conn_owner(conn);
    *ret_size = ROOM;
    return side->room;
}

static void send_bytes(struct side *side, size_t size)
{
    struct buf *buf = buf_new(size);
    for (size_t i = 0; i < size; i++)
        buf->data[i] = byte_at(side->sent + i);
    side->sent += size;
    conn_send(side->conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

static void on_data(struct conn *conn, size_t size)
{
    struct side *side = conn_owner(conn);
    for (size_t i = 0; i < size; i++)
        side->bad = side->bad || side->room[i] != byte_at(side->received + i);
    side->received += size;
    if (side->smallest_read == 0 || size < side->smallest_read)
        side->smallest_read = size;
    if (side->echoes)
        send_bytes(side, size);
}

static void on_drain(struct conn *conn)
{
    struct side *side = conn_owner(conn);
    side->drains++;
}

static void on_open(struct conn *conn)
{
    struct side *side = conn_owner(conn);
    side->opened = true;
}

static void on_close(struct conn *conn, err_t why)
{
    struct side *side = conn_owner(conn);
    side->bad = side->bad || side->closed;
    side->closed = true;
    side->why = why;
    side->conn = NULL;
}

static const struct conn_ops server_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_close = on_close
};
static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_open = on_open, .on_close = on_close
};

static void on_accept(void *owner, struct conn *conn)
{
    struct world *world = owner;
    world->server.conn = conn;
    conn_attach(conn, &server_ops, &world->server);
    if (world->server.pauses_first)
        conn_pause(conn);
}

static void client_open(struct world *world, uint16_t port)
{
    struct address address = { .host = "127.0.0.1", .port = port };
    world->client.conn = conn_open(world->client_loop, &address, &client_ops, &world->client);
}

static void world_start(struct world *world, uint64_t seed, const struct sim_options *options)
{
    *world = (struct world){ .sim = sim_new(seed, options) };
    world->server_loop = loop_new(0);
    world->client_loop = loop_new(1);
    loop_start_thread(world->server_loop);
    loop_start_thread(world->client_loop);
    struct address address = { .host = "localhost" };
    assert_int_equal(listener_open(world->server_loop, &address, on_accept, world, &world->listener, NULL), ERR_OK);
    assert_true(listener_port(world->listener) != 0);
}

static void world_open(struct world *world)
{
    client_open(world, listener_port(world->listener));
    sim_run_ms(world->sim, 10);
    assert_true(world->client.opened);
    assert_non_null(world->server.conn);
}

static void world_stop(struct world *world)
{
    if (world->client.conn != NULL)
        conn_abort(world->client.conn);
    if (world->server.conn != NULL)
        conn_abort(world->server.conn);
    listener_close(world->listener);
    loop_free(world->server_loop);
    loop_free(world->client_loop);
    assert_false(world->server.bad);
    assert_false(world->client.bad);
    sim_free(world->sim);
}

static void every_byte_comes_back_in_order_whatever_the_chunks(void **state)
{
    (void)state;
    size_t smallest = ROOM;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world world;
        world_start(&world, seed, &(struct sim_options){ .stall_ppm = 2000, .stall_max_ms = 30 });
        world.server.echoes = true;
        world_open(&world);
        send_bytes(&world.client, TOTAL);
        sim_run_ms(world.sim, 60000);
        assert_int_equal(world.server.received, TOTAL);
        assert_int_equal(world.client.received, TOTAL);
        assert_int_equal(conn_queued(world.client.conn), 0);
        smallest = world.client.smallest_read < smallest ? world.client.smallest_read : smallest;
        world_stop(&world);
    }
    assert_int_equal(smallest, 1);
}

static void a_stalled_reader_fills_the_window_and_then_the_queue(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, &(struct sim_options){ .window_size = 10000 });
    world.server.pauses_first = true;
    world_open(&world);
    conn_marks_set(world.client.conn, 1000, 20000);
    send_bytes(&world.client, 15000);
    sim_run_ms(world.sim, 1000);
    assert_int_equal(world.server.received, 0);
    assert_int_equal(conn_queued(world.client.conn), 5000);
    assert_false(conn_is_full(world.client.conn));
    send_bytes(&world.client, 15001);
    assert_true(conn_is_full(world.client.conn));
    sim_run_ms(world.sim, 1000);
    assert_int_equal(world.client.drains, 0);
    conn_resume(world.server.conn);
    sim_run_ms(world.sim, 1000);
    assert_int_equal(world.client.drains, 1);
    assert_false(conn_is_full(world.client.conn));
    assert_int_equal(world.server.received, 30001);
    world_stop(&world);
}

static void close_sends_what_is_queued_and_both_sides_are_told_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        world_start(&world, seed, NULL);
        world_open(&world);
        send_bytes(&world.client, TOTAL);
        conn_close(world.client.conn);
        assert_false(world.client.closed);
        sim_run_ms(world.sim, 10000);
        assert_true(world.client.closed && world.server.closed);
        assert_int_equal(world.client.why, ERR_OK);
        assert_int_equal(world.server.why, ERR_RESET);
        assert_int_equal(world.server.received, TOTAL);
        world_stop(&world);
    }
}

static void close_gives_up_after_five_seconds(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    world.server.pauses_first = true;
    world_open(&world);
    send_bytes(&world.client, TOTAL);
    conn_close(world.client.conn);
    sim_run_ms(world.sim, 4900);
    assert_false(world.client.closed);
    sim_run_ms(world.sim, 200);
    assert_true(world.client.closed);
    assert_int_equal(world.client.why, ERR_OK);
    world_stop(&world);
}

static void abort_drops_the_queue_and_on_close_comes_later(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    world_open(&world);
    send_bytes(&world.client, TOTAL);
    conn_abort(world.client.conn);
    assert_false(world.client.closed);
    send_bytes(&world.client, 1);
    sim_run_ms(world.sim, 100);
    assert_true(world.client.closed && world.server.closed);
    assert_int_equal(world.client.why, ERR_OK);
    assert_int_equal(world.server.why, ERR_RESET);
    assert_int_equal(world.server.received, 0);
    world_stop(&world);
}

static void a_connection_is_refused_where_nobody_listens(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    client_open(&world, 1);
    assert_false(world.client.closed);
    sim_run_ms(world.sim, 100);
    assert_true(world.client.closed);
    assert_false(world.client.opened);
    assert_int_equal(world.client.why, ERR_REFUSED);
    assert_int_equal(sim_fault_count(world.sim), 0);
    world_stop(&world);
    world_start(&world, 1, &(struct sim_options){ .refuse_ppm = 1000000 });
    client_open(&world, listener_port(world.listener));
    sim_run_ms(world.sim, 100);
    assert_int_equal(world.client.why, ERR_REFUSED);
    assert_int_equal(sim_fault_count(world.sim), 1);
    world_stop(&world);
}

static void a_taken_port_is_busy(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    sim_port_take(world.sim, 9092);
    struct listener *listener;
    struct address address = { .host = "localhost", .port = 9092 };
    diag_t diag = { 0 };
    assert_int_equal(listener_open(world.server_loop, &address, on_accept, &world, &listener, &diag), ERR_BUSY);
    assert_string_equal(diag.where, "localhost:9092");
    world_stop(&world);
}

static void a_reset_in_the_stream_reaches_both_sides(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    world_open(&world);
    send_bytes(&world.client, 5000000);
    sim_run_ms(world.sim, 3);
    sim_conn_reset(world.client.conn);
    sim_run_ms(world.sim, 100);
    assert_int_equal(world.client.why, ERR_RESET);
    assert_int_equal(world.server.why, ERR_RESET);
    assert_true(world.client.closed && world.server.closed);
    assert_true(world.server.received > 0 && world.server.received < 5000000);
    assert_int_equal(sim_fault_count(world.sim), 1);
    world_stop(&world);
}

static uint64_t reset_by_chance(uint64_t seed, size_t *ret_received)
{
    struct world world;
    world_start(&world, seed, &(struct sim_options){ .reset_ppm = 20000 });
    world_open(&world);
    send_bytes(&world.client, 5000000);
    sim_run_ms(world.sim, 60000);
    *ret_received = world.server.received;
    uint64_t hash = sim_trace_hash(world.sim);
    assert_true(world.client.closed ? sim_fault_count(world.sim) == 1 : world.server.received == 5000000);
    world_stop(&world);
    return hash;
}

static void resets_by_chance_are_the_same_for_the_same_seed(void **state)
{
    (void)state;
    unsigned cut = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        size_t received, again;
        assert_true(reset_by_chance(seed, &received) == reset_by_chance(seed, &again));
        assert_int_equal(received, again);
        cut += received < 5000000;
    }
    assert_true(cut >= 5);
}

static void a_stalled_connection_delivers_nothing_and_then_everything(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    world_open(&world);
    sim_conn_stall(world.server.conn, 500);
    send_bytes(&world.client, 1000);
    sim_run_ms(world.sim, 490);
    assert_int_equal(world.server.received, 0);
    sim_run_ms(world.sim, 100);
    assert_int_equal(world.server.received, 1000);
    world_stop(&world);
}

static void connections_of_a_crashed_program_are_silent(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 1, NULL);
    world.server.echoes = true;
    world_open(&world);
    send_bytes(&world.client, TOTAL);
    sim_run_ms(world.sim, 2);
    size_t received = world.server.received;
    sim_power_loss(world.sim);
    conn_close(world.client.conn);
    send_bytes(&world.client, 10);
    conn_abort(world.server.conn);
    sim_restart(world.sim);
    sim_run_ms(world.sim, 1000);
    assert_int_equal(world.server.received, received);
    assert_false(world.client.closed || world.server.closed);
    struct world second = world;
    second.server = second.client = (struct side){ 0 };
    second.server_loop = loop_new(0);
    second.client_loop = loop_new(1);
    loop_start_thread(second.server_loop);
    loop_start_thread(second.client_loop);
    struct address address = { .host = "localhost", .port = listener_port(world.listener) };
    assert_int_equal(listener_open(second.server_loop, &address, on_accept, &second, &second.listener, NULL), ERR_OK);
    listener_close(world.listener);
    loop_free(world.server_loop);
    loop_free(world.client_loop);
    world_open(&second);
    world_stop(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_back_in_order_whatever_the_chunks),
        cmocka_unit_test(a_stalled_reader_fills_the_window_and_then_the_queue),
        cmocka_unit_test(close_sends_what_is_queued_and_both_sides_are_told_once),
        cmocka_unit_test(close_gives_up_after_five_seconds),
        cmocka_unit_test(abort_drops_the_queue_and_on_close_comes_later),
        cmocka_unit_test(a_connection_is_refused_where_nobody_listens),
        cmocka_unit_test(a_taken_port_is_busy),
        cmocka_unit_test(a_reset_in_the_stream_reaches_both_sides),
        cmocka_unit_test(resets_by_chance_are_the_same_for_the_same_seed),
        cmocka_unit_test(a_stalled_connection_delivers_nothing_and_then_everything),
        cmocka_unit_test(connections_of_a_crashed_program_are_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
