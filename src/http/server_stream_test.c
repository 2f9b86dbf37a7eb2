// SPDX-License-Identifier: Apache-2.0
// Streams on real sockets: what arrives, what they are told, and who is given up.
#include "http/server.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/writer.h"
#include "io/loop.h"

enum {
    PATIENCE_MS = 20000,
    IDLE_MS = 150,
    PIECES = 20,
    BIG_PIECE = 100000,
    BIG_TOTAL = 12 << 20, // more than the kernel takes for a client that does not read
};

#define H "Host: localhost\r\n"

// A server with one stream and its client, on one loop.
static struct world {
    struct loop *loop;
    struct http_server *server;
    struct conn *client;
    struct writer got;
    uint8_t room[65536];
    const char *text; // of the request
    struct timer patience, step;
    void (*on_step)(void);
    struct http_exchange *stream; // NULL: it is over
    size_t sent, fulls, drains, shuts, gones;
    bool closed, client_pauses;
} world;

// ---- the handler

static void send_big_pieces(struct http_exchange *exchange)
{
    while (!http_stream_is_full(exchange) && world.sent < BIG_TOTAL) {
        struct buf *buf = buf_new(BIG_PIECE);
        memset(buf->data, 'a' + (int)(world.sent / BIG_PIECE % 26), BIG_PIECE);
        http_stream_send(exchange, (struct slice){ buf, bytes_of(buf->data, BIG_PIECE) });
        world.sent += BIG_PIECE;
    }
    world.fulls += http_stream_is_full(exchange);
    if (world.sent < BIG_TOTAL)
        return;
    world.stream = NULL;
    http_stream_end(exchange);
}

static void on_drain(struct http_exchange *exchange, void *owner)
{
    assert_ptr_equal(owner, &world);
    world.drains++;
    send_big_pieces(exchange);
}

static void on_shut(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    world.shuts++;
    world.stream = NULL;
    http_stream_end(exchange);
}

static void on_gone(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    assert_ptr_equal(exchange, world.stream);
    world.gones++;
    world.stream = NULL;
    loop_stop(world.loop);
}

static const struct http_stream_ops stream_ops = { .on_drain = on_drain, .on_shut = on_shut, .on_gone = on_gone };

static void get_watch(struct http_exchange *exchange, void *owner)
{
    assert_memory_equal(exchange->peer, "127.0.0.1:", 10);
    assert_null(exchange->tls_peer);
    world.stream = exchange;
    assert_true(http_stream_begin(exchange, (struct http_reply){ .status = 200, .content_type = "text/plain" },
                                  &stream_ops, owner));
}

static void get_big(struct http_exchange *exchange, void *owner)
{
    get_watch(exchange, owner);
    send_big_pieces(exchange);
}

static const struct http_route routes[] = {
    { HTTP_GET, "/watch", get_watch },
    { HTTP_GET, "/big", get_big },
};

// ---- the client

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    (void)conn;
    *ret_size = sizeof world.room;
    return world.room;
}

static void on_data(struct conn *conn, size_t size)
{
    (void)conn;
    writer_bytes(&world.got, bytes_of(world.room, size));
}

static void on_open(struct conn *conn)
{
    conn_send(conn, (struct slice){ NULL, bytes_of_text(world.text) });
    if (world.client_pauses)
        conn_pause(conn);
}

static void on_client_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
    world.client = NULL;
}

static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_client_close
};

// ---- a test

static void on_patience(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

static void on_step(struct timer *timer)
{
    (void)timer;
    world.on_step();
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){ .loop = loop_new(0), .text = "GET /watch HTTP/1.1\r\n" H "\r\n" };
    struct http_site site = { .routes = routes, .route_count = ARRAY_COUNT(routes), .owner = &world };
    http_limits_default(&site.limits);
    site.limits.idle_timeout_ms = IDLE_MS;
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(http_server_open(world.loop, &address, &site, &world.server, NULL), ERR_OK);
    timer_init(&world.patience, world.loop, on_patience);
    timer_init(&world.step, world.loop, on_step);
    timer_start(&world.patience, PATIENCE_MS);
    return 0;
}

static void on_server_closed(void *owner)
{
    (void)owner;
    world.closed = true;
    loop_stop(world.loop);
}

static int tear_down(void **state)
{
    (void)state;
    if (world.client != NULL)
        conn_abort(world.client);
    if (!world.closed) {
        http_server_close(world.server, on_server_closed, NULL);
        while (!world.closed || world.client != NULL)
            loop_run(world.loop);
    }
    timer_stop(&world.patience);
    timer_stop(&world.step);
    loop_free(world.loop);
    writer_free(&world.got);
    return 0;
}

// The client asks; STEP runs after that time.
static void run(int64_t after_ms, void (*step)(void))
{
    struct address address = { .host = "127.0.0.1", .port = http_server_port(world.server) };
    world.client = conn_open(world.loop, &address, &client_ops, &world);
    world.on_step = step;
    timer_start(&world.step, after_ms);
    loop_run(world.loop);
}

static void then(int64_t after_ms, void (*step)(void))
{
    world.on_step = step;
    timer_start(&world.step, after_ms);
}

static bool has_got(const char *text)
{
    writer_u8(&world.got, '\0');
    world.got.size--;
    return strstr((const char *)world.got.buf->data, text) != NULL;
}

static void stop(void)
{
    loop_stop(world.loop);
}

static void send_twenty(void)
{
    for (size_t i = 0; i < PIECES; i++)
        http_stream_send(world.stream, (struct slice){ NULL, BYTES_LITERAL("piece") });
    then(50, stop);
}

static void pieces_arrive_while_the_answer_goes_on(void **state)
{
    (void)state;
    run(30, send_twenty);
    size_t count = 0;
    assert_true(has_got("\r\n\r\n5\r\npiece\r\n5\r\npiece\r\n"));
    for (const char *at = (const char *)world.got.buf->data; (at = strstr(at, "piece")) != NULL; at++)
        count++;
    assert_int_equal(count, PIECES);
    assert_int_equal(world.gones, 0);
}

static void send_one_and_end(void)
{
    http_stream_send(world.stream, (struct slice){ NULL, BYTES_LITERAL("late") });
    http_stream_end(world.stream);
    world.stream = NULL;
    then(50, stop);
}

static void silence_is_no_reason_to_end(void **state)
{
    (void)state;
    run(3 * IDLE_MS, send_one_and_end);
    assert_int_equal(world.gones, 0);
    assert_true(has_got("\r\n\r\n4\r\nlate\r\n0\r\n\r\n"));
}

static void a_connection_is_idle_again_after_its_stream(void **state)
{
    (void)state;
    run(3 * IDLE_MS, send_one_and_end);
    assert_non_null(world.client);
    then(2 * IDLE_MS, stop);
    loop_run(world.loop);
    assert_null(world.client);
}

static void read_on(void)
{
    world.client_pauses = false;
    conn_resume(world.client);
    then(20, stop);
}

static void a_slow_reader_gets_everything_and_holds_back_its_stream(void **state)
{
    (void)state;
    world.text = "GET /big HTTP/1.1\r\n" H "\r\n";
    world.client_pauses = true;
    run(IDLE_MS / 3, read_on);
    while (world.stream != NULL || !has_got("\r\n0\r\n\r\n")) {
        then(5, stop);
        loop_run(world.loop);
    }
    assert_int_equal(world.gones, 0);
    assert_true(world.fulls > 0 && world.drains > 0);
    const uint8_t *at = (const uint8_t *)strstr((const char *)world.got.buf->data, "\r\n\r\n") + 4;
    for (size_t sent = 0; sent < BIG_TOTAL; sent += BIG_PIECE) {
        assert_memory_equal(at, "186a0\r\n", 7);
        for (size_t i = 0; i < BIG_PIECE; i += 999)
            assert_int_equal(at[7 + i], 'a' + sent / BIG_PIECE % 26);
        at += 7 + BIG_PIECE + 2;
    }
    assert_memory_equal(at, "0\r\n\r\n", 5);
}

static void who_takes_nothing_is_given_up(void **state)
{
    (void)state;
    world.text = "GET /big HTTP/1.1\r\n" H "\r\n";
    world.client_pauses = true;
    run(PATIENCE_MS / 2, stop);
    assert_int_equal(world.gones, 1);
    assert_true(world.sent < BIG_TOTAL);
    assert_int_equal(gauge_get(&http_server_metrics(world.server)->connections), 0);
}

static void leave(void)
{
    conn_abort(world.client);
    then(PATIENCE_MS / 2, stop);
}

static void a_client_that_leaves_is_noticed_at_once(void **state)
{
    (void)state;
    run(30, leave);
    assert_int_equal(world.gones, 1);
}

static void close_client(void)
{
    conn_close(world.client);
    then(PATIENCE_MS / 2, stop);
}

static void a_client_that_closes_is_noticed_whatever_it_asked_next(void **state)
{
    (void)state;
    world.text = "GET /watch HTTP/1.1\r\n" H "\r\nGET /watch HTTP/1.1\r\n" H "\r\n";
    run(30, close_client);
    assert_int_equal(world.gones, 1);
}

static void close_server(void)
{
    http_server_close(world.server, on_server_closed, NULL);
}

static void a_server_that_closes_asks_its_streams_to_end(void **state)
{
    (void)state;
    run(30, close_server);
    assert_true(world.closed);
    assert_int_equal(world.shuts, 1);
    assert_true(has_got("\r\n\r\n0\r\n\r\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_arrive_while_the_answer_goes_on),
        TEST(silence_is_no_reason_to_end),
        TEST(a_connection_is_idle_again_after_its_stream),
        TEST(a_slow_reader_gets_everything_and_holds_back_its_stream),
        TEST(who_takes_nothing_is_given_up),
        TEST(a_client_that_leaves_is_noticed_at_once),
        TEST(a_client_that_closes_is_noticed_whatever_it_asked_next),
        TEST(a_server_that_closes_asks_its_streams_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
