// SPDX-License-Identifier: Apache-2.0
#include "io/net.h"

#include "io/loop.h"
#include "io/sim/sim.h"

#include "base/test.h"

#include "base/assert.h"
#include "base/mem.h"

// One side of a connection, with what it was told.
struct side {
    struct conn *conn;
    size_t room_size;
    uint8_t *bytes;
    size_t size, capacity, reads, reads_of_one;
    unsigned opens, closes, drains, ends;
    err_t why;
    bool echoes, aborts_on_data, closes_on_data;
    bool in_call; // of the test: no callback may come
    int64_t first_data_ms;
};

struct world {
    struct sim *sim;
    struct loop *loops[2]; // of the server, of the client
    struct listener *listener;
    struct side server, client;
    struct address address;
    unsigned accepts;
    bool answers_late;
};

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct side *side = conn_owner(conn);
    assert_false(side->in_call);
    assert_ptr_equal(loop_current(), conn_loop(conn));
    size_t room = side->room_size == 0 ? 4096 : side->room_size;
    if (side->capacity - side->size < room) {
        side->capacity = side->capacity * 2 + room;
        side->bytes = mem_realloc(side->bytes, side->capacity);
    }
    *ret_size = room;
    return side->bytes + side->size;
}

static void on_data(struct conn *conn, size_t size)
{
    struct side *side = conn_owner(conn);
    assert_int_equal(side->closes, 0);
    if (side->size == 0)
        side->first_data_ms = loop_now_ms(conn_loop(conn));
    if (side->echoes) {
        struct buf *buf = buf_copy(bytes_of(side->bytes + side->size, size));
        conn_send(conn, slice_of(buf, 0, size));
        buf_unref(buf);
    }
    side->size += size;
    side->reads++;
    side->reads_of_one += size == 1;
    side->in_call = true;
    if (side->aborts_on_data)
        conn_abort(conn);
    if (side->closes_on_data)
        conn_close(conn);
    side->in_call = false;
}

static void on_drain(struct conn *conn)
{
    struct side *side = conn_owner(conn);
    assert_false(side->in_call);
    assert_false(conn_is_full(conn));
    side->drains++;
}

static void on_open(struct conn *conn)
{
    struct side *side = conn_owner(conn);
    assert_false(side->in_call);
    side->opens++;
}

static void on_close(struct conn *conn, err_t why)
{
    struct side *side = conn_owner(conn);
    assert_false(side->in_call);
    side->closes++;
    side->why = why;
    side->conn = NULL;
}

static void on_end(struct conn *conn)
{
    struct side *side = conn_owner(conn);
    assert_false(side->in_call);
    side->ends++;
}

static const struct conn_ops server_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_close = on_close
};
static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_open = on_open, .on_close = on_close
};
static const struct conn_ops late_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_end = on_end, .on_close = on_close
};

static void on_accept(void *owner, struct conn *conn)
{
    struct world *world = owner;
    world->accepts++;
    assert_null(world->server.conn);
    world->server.conn = conn;
    conn_attach(conn, world->answers_late ? &late_ops : &server_ops, &world->server);
}

static struct address address_of(const char *host, uint16_t port)
{
    struct address address = { .port = port };
    snprintf(address.host, sizeof(address.host), "%s", host);
    return address;
}

static void world_start(struct world *world, uint64_t seed, const struct sim_options *options)
{
    *world = (struct world){ .sim = sim_new(seed, options) };
    for (unsigned i = 0; i < 2; i++)
        loop_start_thread(world->loops[i] = loop_new(i));
    struct address address = address_of("127.0.0.1", 0);
    assert_int_equal(listener_open(world->loops[0], &address, on_accept, world, &world->listener, NULL), ERR_OK);
    world->address = address_of("localhost", listener_port(world->listener));
}

static void world_end(struct world *world)
{
    listener_close(world->listener);
    struct side *sides[] = { &world->server, &world->client };
    for (size_t i = 0; i < 2; i++) {
        if (sides[i]->conn != NULL)
            conn_abort(sides[i]->conn);
        loop_free(world->loops[i]);
        free(sides[i]->bytes);
    }
    sim_free(world->sim);
}

static void client_open(struct world *world)
{
    world->client.in_call = true;
    world->client.conn = conn_open(world->loops[1], &world->address, &client_ops, &world->client);
    world->client.in_call = false;
}

static void connect_both(struct world *world)
{
    client_open(world);
    (void)sim_run_ms(world->sim, 100);
    assert_int_equal(world->client.opens, 1);
    assert_non_null(world->server.conn);
}

// Bytes that tell their place.
static void send_pattern(struct side *side, size_t size)
{
    struct buf *buf = buf_new(size);
    for (size_t i = 0; i < size; i++)
        buf->data[i] = (uint8_t)(i * 7 + i / 251);
    side->in_call = true;
    conn_send(side->conn, slice_of(buf, 0, size));
    side->in_call = false;
    buf_unref(buf);
}

static void check_pattern(const struct side *side)
{
    for (size_t i = 0; i < side->size; i++)
        assert_int_equal(side->bytes[i], (uint8_t)(i * 7 + i / 251));
}

static void bytes_come_back_in_order_however_they_are_cut(void **state)
{
    (void)state;
    size_t reads_of_one = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        world_start(&world, seed, &(struct sim_options){ .chunk_ppm = 400000 });
        world.server.echoes = true;
        world.server.room_size = 1 + (size_t)sim_choose(world.sim, 5000);
        world.client.room_size = 1 + (size_t)sim_choose(world.sim, 5000);
        client_open(&world);
        send_pattern(&world.client, 100000); // before it is open
        (void)sim_run_ms(world.sim, 20000);
        assert_int_equal(world.client.size, 100000);
        check_pattern(&world.client);
        assert_int_equal(conn_queued(world.client.conn), 0);
        reads_of_one += world.server.reads_of_one;
        world_end(&world);
        assert_int_equal(world.client.closes, 1);
    }
    assert_true(reads_of_one > 20);
}

static void a_slow_reader_fills_the_queue_and_its_end_is_told(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 2, &(struct sim_options){ .window_size = 10000 });
    connect_both(&world);
    conn_pause(world.server.conn);
    conn_marks_set(world.client.conn, 20000, 50000);
    send_pattern(&world.client, 50000);
    assert_false(conn_is_full(world.client.conn));
    send_pattern(&world.client, 50000);
    assert_true(conn_is_full(world.client.conn));
    (void)sim_run_ms(world.sim, 1000);
    assert_true(conn_queued(world.client.conn) >= 90000);
    assert_int_equal(world.server.size, 0);
    assert_int_equal(world.client.drains, 0);
    conn_resume(world.server.conn);
    (void)sim_run_ms(world.sim, 10000);
    assert_int_equal(world.server.size, 100000);
    assert_int_equal(world.client.drains, 1);
    assert_false(conn_is_full(world.client.conn));
    world_end(&world);
}

static void closing_sends_what_is_queued(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        world_start(&world, seed, &(struct sim_options){ .window_size = 30000 });
        connect_both(&world);
        send_pattern(&world.server, 10000); // unread input must not turn the end into a reset
        conn_pause(world.client.conn);
        (void)sim_run_ms(world.sim, 100);
        send_pattern(&world.client, 200000);
        world.client.in_call = true;
        conn_close(world.client.conn);
        world.client.in_call = false;
        (void)sim_run_ms(world.sim, 4900);
        assert_int_equal(world.server.size, 200000);
        check_pattern(&world.server);
        assert_int_equal(world.server.closes, 1);
        assert_int_equal(world.server.why, ERR_RESET);
        assert_int_equal(world.client.closes, 1);
        assert_int_equal(world.client.why, ERR_OK);
        world_end(&world);
    }
}

static void closing_gives_up_on_a_reader_that_does_not_read(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 3, NULL);
    connect_both(&world);
    conn_pause(world.server.conn);
    send_pattern(&world.client, 200000);
    conn_close(world.client.conn);
    (void)sim_run_ms(world.sim, 4900);
    assert_int_equal(world.client.closes, 0);
    (void)sim_run_ms(world.sim, 200);
    assert_int_equal(world.client.closes, 1);
    assert_int_equal(world.client.why, ERR_OK);
    world_end(&world);
}

static void an_owner_may_end_it_from_inside_on_data(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct world world;
        world_start(&world, 4, NULL);
        connect_both(&world);
        world.server.aborts_on_data = how == 0;
        world.server.closes_on_data = how == 1;
        send_pattern(&world.client, 30000);
        (void)sim_run_ms(world.sim, 6000);
        assert_int_equal(world.server.reads, 1);
        assert_int_equal(world.server.closes, 1);
        assert_int_equal(world.server.why, ERR_OK);
        assert_int_equal(world.client.closes, 1);
        assert_int_equal(world.client.why, ERR_RESET);
        world_end(&world);
    }
}

// The other side closed, in the middle of an answer: what is queued is still sent, and the conn ends as reset.
static void an_answer_still_leaves_after_the_end_of_the_questions(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 5, &(struct sim_options){ .steady = true });
    world.server.echoes = true;
    connect_both(&world);
    send_pattern(&world.client, 5000);
    conn_close(world.client.conn);
    (void)sim_run_ms(world.sim, 1000);
    assert_int_equal(world.server.size, 5000);
    assert_int_equal(world.server.closes, 1);
    assert_int_equal(world.server.why, ERR_RESET);
    assert_int_equal(world.client.why, ERR_OK);
    world_end(&world);
}

static void an_owner_may_answer_long_after_the_end_of_the_questions(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        world_start(&world, seed, &(struct sim_options){ .chunk_ppm = 300000 });
        world.answers_late = true;
        connect_both(&world);
        send_pattern(&world.client, 3000);
        (void)sim_run_ms(world.sim, 0);
        while (conn_queued(world.client.conn) > 0)
            (void)sim_run_ms(world.sim, 1);
        sim_conn_end(world.client.conn);
        (void)sim_run_ms(world.sim, 20000);
        assert_int_equal(world.server.size, 3000);
        assert_int_equal(world.server.ends, 1);
        assert_int_equal(world.server.closes, 0);
        send_pattern(&world.server, 2000);
        (void)sim_run_ms(world.sim, 1000);
        assert_int_equal(world.server.closes, 0); // it may send more
        if (seed % 2 == 0)
            conn_close(world.server.conn);
        (void)sim_run_ms(world.sim, 15000); // else its time is over
        assert_int_equal(world.client.size, 2000);
        check_pattern(&world.client);
        assert_int_equal(world.server.closes, 1);
        assert_int_equal(world.server.why, seed % 2 == 0 ? ERR_OK : ERR_RESET);
        world_end(&world);
    }
}

static void a_reset_reaches_both_sides(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 6, NULL);
    connect_both(&world);
    send_pattern(&world.client, 30000);
    sim_conn_reset(world.server.conn);
    (void)sim_run_ms(world.sim, 1000);
    assert_int_equal(world.server.closes, 1);
    assert_int_equal(world.server.why, ERR_RESET);
    assert_int_equal(world.client.closes, 1);
    assert_int_equal(world.client.why, ERR_RESET);
    assert_int_equal(sim_fault_count(world.sim), 1);
    world_end(&world);
}

static void a_stall_holds_one_direction_back(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 7, NULL);
    connect_both(&world);
    send_pattern(&world.client, 3000); // on its way when the stall begins
    (void)sim_run(world.sim, (struct sim_until){ .steps = 1 });
    int64_t start_ms = loop_now_ms(world.loops[0]);
    sim_conn_stall(world.server.conn, 700);
    send_pattern(&world.server, 100);
    (void)sim_run_ms(world.sim, 600);
    assert_int_equal(world.server.size, 0);
    assert_int_equal(world.client.size, 100);
    (void)sim_run_ms(world.sim, 300);
    assert_int_equal(world.server.size, 3000);
    check_pattern(&world.server);
    assert_true(world.server.first_data_ms - start_ms >= 699);
    world_end(&world);
}

static err_t try_address(const char *host, uint16_t port, const struct sim_options *options)
{
    struct world world;
    world_start(&world, 8, options);
    world.address = address_of(host, port == 0 ? world.address.port : port);
    client_open(&world);
    (void)sim_run_ms(world.sim, 60000);
    err_t why = world.client.opens > 0 ? ERR_OK : world.client.why;
    assert_int_equal(world.client.opens + world.client.closes, 1);
    world_end(&world);
    return why;
}

static void connections_fail_for_the_reason_there_is(void **state)
{
    (void)state;
    assert_int_equal(try_address("localhost", 0, NULL), ERR_OK);
    assert_int_equal(try_address("127.0.0.1", 0, NULL), ERR_OK);
    assert_int_equal(try_address("127.0.0.1", 9, NULL), ERR_REFUSED);
    assert_int_equal(try_address("::1", 0, NULL), ERR_REFUSED);
    assert_int_equal(try_address("no.such.host.invalid", 0, NULL), ERR_NOT_FOUND);
    assert_int_equal(try_address("localhost", 0, &(struct sim_options){ .refuse_ppm = 1000000 }), ERR_REFUSED);
    struct sim_options far = { .stall_ppm = 1000000, .stall_max_ms = 3600000 };
    assert_int_equal(try_address("localhost", 0, &far), ERR_TIMEOUT);
}

static void ports_are_given_once(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 9, NULL);
    struct listener *other, *same;
    struct address address = address_of("localhost", 0);
    assert_int_equal(listener_open(world.loops[0], &address, on_accept, &world, &other, NULL), ERR_OK);
    assert_int_not_equal(listener_port(other), listener_port(world.listener));
    address.port = listener_port(world.listener); // held at 127.0.0.1
    diag_t diag;
    assert_int_equal(listener_open(world.loops[0], &address, on_accept, &world, &same, &diag), ERR_BUSY);
    assert_non_null(strstr(diag.where, "localhost"));
    address = address_of("127.0.0.1", listener_port(world.listener));
    assert_int_equal(listener_open(world.loops[1], &address, on_accept, &world, &same, NULL), ERR_OK);
    listener_close(same);
    listener_close(other);
    address = address_of("localhost", 7777);
    sim_port_take(world.sim, 7777);
    assert_int_equal(listener_open(world.loops[0], &address, on_accept, &world, &same, NULL), ERR_BUSY);
    address = address_of("nowhere.invalid", 7778);
    assert_int_equal(listener_open(world.loops[0], &address, on_accept, &world, &same, NULL), ERR_INVALID);
    world_end(&world);
}

static void a_closed_listener_resets_who_waits_there(void **state)
{
    (void)state;
    struct world world;
    world_start(&world, 10, NULL);
    sim_loop_pause(world.loops[0], 1000);
    client_open(&world);
    (void)sim_run_ms(world.sim, 500);
    assert_int_equal(world.client.opens, 1); // the kernel took it
    listener_close(world.listener);
    (void)sim_run_ms(world.sim, 1000);
    assert_int_equal(world.accepts, 0);
    assert_int_equal(world.client.closes, 1);
    assert_int_equal(world.client.why, ERR_RESET);
    struct address address = world.address;
    assert_int_equal(listener_open(world.loops[0], &address, on_accept, &world, &world.listener, NULL), ERR_OK);
    world_end(&world);
}

static void the_dead_do_not_call_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world world;
        world_start(&world, seed, NULL);
        world.server.echoes = true;
        connect_both(&world);
        send_pattern(&world.client, 100000);
        (void)sim_run(world.sim, (struct sim_until){ .steps = 5 + seed * 3 });
        sim_power_loss(world.sim);
        assert_int_equal(sim_run_ms(world.sim, 1000), SIM_CRASHED);
        world.client.in_call = world.server.in_call = true;
        if (seed % 2 == 0)
            loop_free(world.loops[0]);
        conn_close(world.client.conn);
        conn_abort(world.server.conn);
        listener_close(world.listener);
        send_pattern(&world.client, 10);
        sim_restart(world.sim);
        (void)sim_run_ms(world.sim, 10000);
        assert_int_equal(world.client.closes + world.server.closes, 0);
        if (seed % 2 != 0)
            loop_free(world.loops[0]);
        loop_free(world.loops[1]);
        free(world.client.bytes);
        free(world.server.bytes);
        sim_free(world.sim);
    }
}

// Everything at once: what arrives is a prefix of what was sent, and every conn ends exactly once.
static uint64_t run_storm(uint64_t seed, struct world *world)
{
    struct sim_options options = { .window_size = 5000,
                                   .chunk_ppm = 300000,
                                   .refuse_ppm = 100000,
                                   .reset_ppm = 10000,
                                   .stall_ppm = 50000,
                                   .stall_max_ms = 300,
                                   .pause_ppm = 20000,
                                   .pause_max_ms = 50 };
    world_start(world, seed, &options);
    world->server.echoes = true;
    client_open(world);
    send_pattern(&world->client, 1 + (size_t)sim_choose(world->sim, 60000));
    (void)sim_run_ms(world->sim, 60000);
    check_pattern(&world->client);
    check_pattern(&world->server);
    assert_true(world->client.size <= world->server.size);
    uint64_t hash = sim_trace_hash(world->sim);
    bool was_taken = world->accepts > 0;
    world_end(world);
    assert_int_equal(world->client.closes, 1);
    assert_int_equal(world->server.closes, was_taken ? 1 : 0);
    return hash;
}

static void in_a_storm_every_end_comes_once_and_bytes_stay_right(void **state)
{
    (void)state;
    unsigned refused = 0, reset = 0, whole = 0;
    uint64_t last_hash = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world world;
        uint64_t hash = run_storm(seed, &world);
        refused += world.client.why == ERR_REFUSED;
        reset += world.client.why == ERR_RESET;
        whole += world.client.why == ERR_OK;
        if (seed % 10 == 0)
            assert_true(run_storm(seed, &world) == hash);
        assert_true(hash != last_hash);
        last_hash = hash;
    }
    assert_true(refused > 2);
    assert_true(reset > 10);
    assert_true(whole > 10);
}

static void a_reset_by_chance_is_one_fault_whatever_is_sent_before_it_is_noticed(void **state)
{
    (void)state;
    unsigned resets = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct world world;
        world_start(&world, seed, &(struct sim_options){ .reset_ppm = 20000, .latency_max_us = 2000 });
        client_open(&world);
        send_pattern(&world.client, 2000000);
        (void)sim_run_ms(world.sim, 60000);
        assert_int_equal(world.client.closes, world.server.closes);
        assert_int_equal(sim_fault_count(world.sim), world.client.closes);
        resets += world.client.closes;
        world_end(&world);
    }
    assert_true(resets > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_back_in_order_however_they_are_cut),
        cmocka_unit_test(a_slow_reader_fills_the_queue_and_its_end_is_told),
        cmocka_unit_test(closing_sends_what_is_queued),
        cmocka_unit_test(closing_gives_up_on_a_reader_that_does_not_read),
        cmocka_unit_test(an_owner_may_end_it_from_inside_on_data),
        cmocka_unit_test(an_answer_still_leaves_after_the_end_of_the_questions),
        cmocka_unit_test(an_owner_may_answer_long_after_the_end_of_the_questions),
        cmocka_unit_test(a_reset_reaches_both_sides),
        cmocka_unit_test(a_stall_holds_one_direction_back),
        cmocka_unit_test(connections_fail_for_the_reason_there_is),
        cmocka_unit_test(ports_are_given_once),
        cmocka_unit_test(a_closed_listener_resets_who_waits_there),
        cmocka_unit_test(the_dead_do_not_call_back),
        cmocka_unit_test(a_reset_by_chance_is_one_fault_whatever_is_sent_before_it_is_noticed),
        cmocka_unit_test(in_a_storm_every_end_comes_once_and_bytes_stay_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
