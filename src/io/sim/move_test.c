// SPDX-License-Identifier: Apache-2.0
// Connections that change their loop in the twin, as far as test/sim/both_worlds_move_test.c does not show it: virtual
// time chooses what happens on the way.
#include "io/loop.h"
#include "io/net.h"
#include "io/sim/sim.h"

#include "base/test.h"

// The server's end moves from the first loop to the second; the client's is on the third.
struct end {
    struct conn *conn;
    size_t received;
    unsigned arrivals, ends, closes;
    err_t why;
    int64_t closed_ms;
    uint8_t room[1000];
};

static struct sim *sim;
static struct loop *loops[3];
static struct listener *listener;
static struct end server, client;
static struct timer departure;

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct end *end = conn_owner(conn);
    *ret_size = sizeof(end->room);
    return end->room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct end *end = conn_owner(conn);
    assert_ptr_equal(loop_current(), conn_loop(conn));
    end->received += size;
}

static void on_open(struct conn *conn)
{
    (void)conn;
}

static void on_end(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    end->ends++;
}

static void on_arrive(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    assert_ptr_equal(loop_current(), loops[1]);
    assert_ptr_equal(conn_loop(conn), loops[1]);
    end->arrivals++;
}

static void on_close(struct conn *conn, err_t why)
{
    struct end *end = conn_owner(conn);
    assert_ptr_equal(loop_current(), conn_loop(conn));
    end->closes++;
    end->why = why;
    end->closed_ms = loop_now_ms(conn_loop(conn));
    end->conn = NULL;
}

static const struct conn_ops server_ops = {
    .on_room = on_room, .on_data = on_data, .on_end = on_end, .on_arrive = on_arrive, .on_close = on_close
};
static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_end = on_end, .on_close = on_close
};

static void on_accept(void *owner, struct conn *conn)
{
    (void)owner;
    server.conn = conn;
    conn_attach(conn, &server_ops, &server);
}

static void on_departure(struct timer *timer)
{
    (void)timer;
    assert_true(conn_move(server.conn, loops[1]));
}

static int set_up(void **state)
{
    (void)state;
    sim = sim_new(3, NULL);
    for (unsigned i = 0; i < 3; i++)
        loop_start_thread(loops[i] = loop_new(i));
    server = client = (struct end){ 0 };
    struct address address;
    assert_int_equal(address_parse("127.0.0.1:0", 0, &address, NULL), ERR_OK);
    assert_int_equal(listener_open(loops[0], &address, on_accept, NULL, &listener, NULL), ERR_OK);
    address.port = listener_port(listener);
    client.conn = conn_open(loops[2], &address, &client_ops, &client);
    (void)sim_run_ms(sim, 10);
    assert_non_null(server.conn);
    timer_init(&departure, loops[0], on_departure);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timer_stop(&departure);
    for (unsigned i = 0; i < 3; i++)
        loop_stop(loops[i]);
    sim_free(sim);
    return 0;
}

static void send_bytes(struct conn *conn, size_t size)
{
    struct buf *buf = buf_new(size);
    memset(buf->data, 'x', size);
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

// The server's end leaves, and is on its way for a second.
static void set_out(void)
{
    sim_loop_pause(loops[1], 1000);
    timer_start(&departure, 0);
    (void)sim_run_ms(sim, 1);
}

static void what_arrives_on_the_way_waits(void **state)
{
    (void)state;
    set_out();
    send_bytes(client.conn, 3000);
    (void)sim_run_ms(sim, 500);
    assert_int_equal(server.arrivals + server.received, 0);
    (void)sim_run_ms(sim, 600);
    assert_int_equal(server.arrivals, 1);
    assert_int_equal(server.received, 3000);
}

static void a_reset_on_the_way_is_told_behind_the_arrival(void **state)
{
    (void)state;
    set_out();
    sim_conn_reset(client.conn);
    (void)sim_run_ms(sim, 500);
    assert_int_equal(client.closes, 1);
    assert_int_equal(server.closes, 0);
    (void)sim_run_ms(sim, 600);
    assert_int_equal(server.arrivals, 1);
    assert_int_equal(server.closes, 1);
    assert_int_equal(server.why, ERR_RESET);
}

static void a_window_that_opens_on_the_way_is_used(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    conn_pause(client.conn);
    send_bytes(server.conn, SIZE);
    (void)sim_run_ms(sim, 50);
    assert_int_not_equal(conn_queued(server.conn), 0);
    set_out();
    conn_resume(client.conn);
    (void)sim_run_ms(sim, 2000);
    assert_int_equal(client.received, SIZE);
}

static void the_time_for_an_answer_goes_along(void **state)
{
    (void)state;
    sim_conn_end(client.conn);
    (void)sim_run_ms(sim, 10);
    assert_int_equal(server.ends, 1);
    int64_t ended_ms = loop_now_ms(loops[0]);
    (void)sim_run_ms(sim, 20000);
    timer_start(&departure, 0);
    (void)sim_run_ms(sim, 9000);
    assert_int_equal(server.arrivals, 1);
    assert_int_equal(server.closes, 0);
    (void)sim_run_ms(sim, 2000);
    assert_int_equal(server.closes, 1);
    assert_int_equal(server.ends, 1);
    assert_in_range(server.closed_ms - ended_ms, 29900, 30100);
}

static void a_stopped_loop_takes_it_when_it_runs_again(void **state)
{
    (void)state;
    loop_stop(loops[1]);
    (void)sim_run_ms(sim, 1);
    timer_start(&departure, 0);
    send_bytes(client.conn, 100);
    (void)sim_run_ms(sim, 1000);
    assert_int_equal(server.arrivals, 0);
    loop_start_thread(loops[1]);
    (void)sim_run_ms(sim, 10);
    assert_int_equal(server.arrivals, 1);
    assert_int_equal(server.received, 100);
}

// Nothing of it comes back, and nothing leaks.
static void a_crash_takes_what_is_on_its_way(void **state)
{
    (void)state;
    send_bytes(server.conn, 1000);
    set_out();
    sim_kill(sim);
    assert_int_equal(sim_run_ms(sim, 2000), SIM_CRASHED);
    assert_int_equal(server.arrivals + server.closes + client.closes, 0);
}

int main(void)
{
#define MOVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MOVE_TEST(what_arrives_on_the_way_waits),
        MOVE_TEST(a_reset_on_the_way_is_told_behind_the_arrival),
        MOVE_TEST(a_window_that_opens_on_the_way_is_used),
        MOVE_TEST(the_time_for_an_answer_goes_along),
        MOVE_TEST(a_stopped_loop_takes_it_when_it_runs_again),
        MOVE_TEST(a_crash_takes_what_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
