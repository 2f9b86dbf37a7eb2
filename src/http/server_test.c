// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/writer.h"
#include "io/loop.h"

enum { BIG_SIZE = 3 << 20, PATIENCE_MS = 10000 };

#define H "Host: localhost\r\n"

// A server and its clients on one loop; the run ends when the last client is done and the server is closed.
struct world {
    struct loop *loop;
    struct http_server *server;
    struct address address;
    struct timer answer; // of /later
    struct http_exchange *kept;
    struct timer patience;
    unsigned clients;  // not closed yet
    uint64_t bytes_in; // that the server had when a client closed
    bool closed, shut_early;
};

struct client {
    struct world *world;
    struct conn *conn;
    const char *text;
    size_t repeat;
    struct writer got;
    uint8_t room[65536];
};

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = sizeof client->room;
    return client->room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    writer_bytes(&client->got, bytes_of(client->room, size));
}

static void on_open(struct conn *conn)
{
    struct client *client = conn_owner(conn);
    struct writer w = WRITER_INIT;
    for (size_t i = 0; i < client->repeat; i++)
        writer_text(&w, client->text);
    conn_send(conn, writer_finish(&w));
}

static void end_when_all_is_done(struct world *world)
{
    if (!world->closed || world->clients > 0)
        return;
    timer_stop(&world->patience);
    loop_stop(world->loop);
}

static void on_server_closed(void *owner)
{
    struct world *world = owner;
    world->closed = true;
    end_when_all_is_done(world);
}

static void on_client_close(struct conn *conn, err_t why)
{
    (void)why;
    struct world *world = ((struct client *)conn_owner(conn))->world;
    if (!world->closed)
        world->bytes_in = counter_get(&http_server_metrics(world->server)->bytes_in);
    if (--world->clients == 0 && !world->shut_early)
        http_server_close(world->server, on_server_closed, world);
    end_when_all_is_done(world);
}

static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_client_close
};

static void get_big(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    struct buf *buf = buf_new(BIG_SIZE);
    memset(buf->data, 'x', BIG_SIZE);
    http_reply(exchange, (struct http_reply){
                             .status = 200, .content_type = "text/plain", .body = { buf, { buf->data, BIG_SIZE } } });
}

static void post_echo(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    struct buf *buf = buf_copy(exchange->request->body);
    http_reply(exchange, (struct http_reply){ .status = 200,
                                              .content_type = "text/plain",
                                              .body = { buf, { buf->data, exchange->request->body.size } } });
}

static void get_later(struct http_exchange *exchange, void *owner)
{
    struct world *world = owner;
    world->kept = exchange;
    timer_start(&world->answer, 20);
    if (!world->shut_early)
        return;
    http_server_close(world->server, on_server_closed, world);
}

static void on_answer(struct timer *timer)
{
    struct world *world = CONTAINER_OF(timer, struct world, answer);
    http_reply(world->kept, (struct http_reply){
                                .status = 200, .content_type = "text/plain", .body = { NULL, BYTES_LITERAL("late") } });
}

static void on_patience(struct timer *timer)
{
    (void)timer;
    fail_msg("the conversation did not end");
}

static const struct http_route routes[] = {
    { HTTP_GET, "/big", get_big },
    { HTTP_POST, "/echo", post_echo },
    { HTTP_GET, "/later", get_later },
};

static void start(struct world *world, const struct http_limits *limits)
{
    *world = (struct world){ .loop = loop_new(0) };
    struct http_site site = { .routes = routes, .route_count = ARRAY_COUNT(routes), .owner = world, .limits = *limits };
    assert_int_equal(address_parse("127.0.0.1:0", 0, &world->address, NULL), ERR_OK);
    assert_int_equal(http_server_open(world->loop, &world->address, &site, &world->server, NULL), ERR_OK);
    world->address.port = http_server_port(world->server);
    timer_init(&world->answer, world->loop, on_answer);
    timer_init(&world->patience, world->loop, on_patience);
    timer_start(&world->patience, PATIENCE_MS);
}

static void enter(struct world *world, struct client *client, const char *text, size_t repeat)
{
    client->world = world;
    client->text = text;
    client->repeat = repeat;
    client->got = WRITER_INIT;
    world->clients++;
    client->conn = conn_open(world->loop, &world->address, &client_ops, client);
}

static void finish(struct world *world)
{
    loop_run(world->loop);
    assert_true(world->closed);
    loop_free(world->loop);
}

static size_t count_of(struct client *client, const char *text)
{
    writer_u8(&client->got, '\0');
    client->got.size--;
    size_t count = 0;
    for (const char *at = (const char *)client->got.buf->data; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

static struct http_limits limits_for_tests(void)
{
    struct http_limits limits;
    http_limits_default(&limits);
    limits.idle_timeout_ms = 100;
    limits.header_timeout_ms = 100;
    return limits;
}

static void answers_many_pipelined_requests(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    start(&world, &limits);
    enter(&world, client, "POST /echo HTTP/1.1\r\n" H "Content-Length: 7\r\n\r\n=echo= ", 1000);
    finish(&world);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 1000);
    assert_int_equal(count_of(client, "=echo="), 1000);
    writer_free(&client->got);
    free(client);
}

static void sends_large_answers_whole(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    start(&world, &limits);
    enter(&world, client, "GET /big HTTP/1.1\r\n" H "\r\n", 3);
    finish(&world);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 3);
    assert_true(client->got.size > (size_t)3 * BIG_SIZE && client->got.size < (size_t)3 * BIG_SIZE + 1000);
    writer_free(&client->got);
    free(client);
}

static void takes_bodies_larger_than_its_input(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    enum { BODY = 500000 };
    char *text = mem_zalloc(1, BODY + 200);
    size_t head = (size_t)snprintf(text, 200, "POST /echo HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", BODY);
    memset(text + head, 'b', BODY);
    start(&world, &limits);
    enter(&world, client, text, 1);
    finish(&world);
    assert_int_equal(count_of(client, "HTTP/1.1 200 OK"), 1);
    assert_true(client->got.size > BODY);
    writer_free(&client->got);
    free(text);
    free(client);
}

// An answer that comes while the client still sends is not lost by a reset of the connection.
static void a_refusal_reaches_who_is_still_sending(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    enum { BODY = 8 << 20 };
    char *text = mem_zalloc(1, BODY + 200);
    size_t head = (size_t)snprintf(text, 200, "POST /nowhere HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", BODY);
    memset(text + head, 'b', BODY);
    start(&world, &limits);
    enter(&world, client, text, 1);
    finish(&world);
    assert_int_equal(count_of(client, "HTTP/1.1 413 "), 1);
    assert_true(world.bytes_in > BODY);
    writer_free(&client->got);
    free(text);
    free(client);
}

static void gives_slow_clients_408(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    start(&world, &limits);
    enter(&world, client, "GET /big HTTP/1.1\r\nHost: loc", 1);
    finish(&world);
    assert_int_equal(count_of(client, "HTTP/1.1 408 Request Timeout"), 1);
    writer_free(&client->got);
    free(client);
}

static void turns_clients_away_above_the_limit(void **state)
{
    (void)state;
    struct world world;
    struct client *clients = mem_zalloc(3, sizeof *clients);
    struct http_limits limits = limits_for_tests();
    limits.connection_count = 1;
    start(&world, &limits);
    for (size_t i = 0; i < 3; i++)
        enter(&world, &clients[i], "GET /later HTTP/1.1\r\n" H "\r\n", 1);
    finish(&world);
    size_t served = 0, refused = 0;
    for (size_t i = 0; i < 3; i++) {
        served += count_of(&clients[i], "late");
        refused += count_of(&clients[i], "HTTP/1.1 503 ");
        writer_free(&clients[i].got);
    }
    assert_int_equal(served, 1);
    assert_int_equal(refused, 2);
    free(clients);
}

static void finishes_the_answer_under_way_when_it_closes(void **state)
{
    (void)state;
    struct world world;
    struct client *client = mem_zalloc(1, sizeof *client);
    struct http_limits limits = limits_for_tests();
    start(&world, &limits);
    world.shut_early = true;
    enter(&world, client, "GET /later HTTP/1.1\r\n" H "\r\n", 1);
    finish(&world);
    assert_int_equal(count_of(client, "Connection: close\r\n\r\nlate"), 1);
    writer_free(&client->got);
    free(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_many_pipelined_requests),
        cmocka_unit_test(sends_large_answers_whole),
        cmocka_unit_test(takes_bodies_larger_than_its_input),
        cmocka_unit_test(a_refusal_reaches_who_is_still_sending),
        cmocka_unit_test(gives_slow_clients_408),
        cmocka_unit_test(turns_clients_away_above_the_limit),
        cmocka_unit_test(finishes_the_answer_under_way_when_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
