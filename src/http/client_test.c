// SPDX-License-Identifier: Apache-2.0
// The client against a server that does what a script says, request by request. The same source runs in the real world
// and in the twin (test/sim).
#include "http/client.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/test.h"
#include "http/wire.h"

#ifdef HTTP_CLIENT_TWIN
#include "io/sim/sim.h"

static struct sim *sim;

static void world_begin(void)
{
    sim = sim_new(1, NULL);
}

static void world_end(void)
{
    sim_free(sim);
}
#else
static void world_begin(void)
{
}

static void world_end(void)
{
}
#endif

enum { ASKS_MAX = 128, SCRIPT_MAX = 16, BIG_SIZE = 16 << 20, PATIENCE_MS = 20000 };

#define EMPTY "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
#define BODY  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
// What the server does with a request besides answering it with a text.
#define SILENT    "?"
#define LEAVES    "!"
#define THEN_ENDS "!" // in front of a text
#define EARLY     "<" // in front of a text: it does not wait for the body

struct ask {
    struct http_call call;
    struct http_url url;
    struct http_header header;
    struct slice parts[2];
    err_t err;
    char why[700], body[64];
    int status;
    unsigned dones;
    bool goes_on; // sends itself again
};

static struct world {
    struct loop *loop;
    struct listener *listener;
    struct http_client *client;
    struct http_client_config config;
    struct timer patience, pause;
    struct list_node conns; // of the server
    const char *script[SCRIPT_MAX];
    size_t script_count, requests;
    unsigned accepts, open, open_max;
    struct writer seen; // bodies that the server got
    struct ask asks[ASKS_MAX];
    size_t ask_count, done, awaited;
    bool is_closed;
} world;

// ---- the server

struct peer {
    struct conn *conn;
    struct list_node node;
    struct http_parser parser;
    bool has_answered;
    uint8_t room[4096];
};

static struct http_limits peer_limits;

static void act(struct peer *peer, bool is_whole)
{
    const char *action = world.requests < world.script_count ? world.script[world.requests] : EMPTY;
    bool is_due = (action[0] == EARLY[0]) != is_whole && !peer->has_answered;
    if (is_whole) {
        writer_bytes(&world.seen, peer->parser.request.body);
        http_parser_next(&peer->parser);
        peer->has_answered = false;
    }
    if (!is_due)
        return;
    world.requests++;
    peer->has_answered = !is_whole;
    if (action[0] == SILENT[0])
        return;
    bool ends = action[0] == THEN_ENDS[0];
    bytes_t text = bytes_of_text(action + (ends || !is_whole));
    struct buf *buf = buf_copy(text);
    conn_send(peer->conn, (struct slice){ buf, bytes_of(buf->data, text.size) });
    if (ends)
        conn_close(peer->conn);
}

static uint8_t *peer_room(struct conn *conn, size_t *ret_size)
{
    struct peer *peer = conn_owner(conn);
    *ret_size = sizeof peer->room;
    return peer->room;
}

static void peer_data(struct conn *conn, size_t size)
{
    struct peer *peer = conn_owner(conn);
    for (size_t at = 0, used = 0; at < size; at += used) {
        enum http_parse result = http_parser_feed(&peer->parser, bytes_of(peer->room + at, size - at), &used);
        assert_int_not_equal(result, HTTP_PARSE_BAD);
        if (result == HTTP_PARSE_HEAD)
            act(peer, false);
        if (result == HTTP_PARSE_HEAD && peer->parser.request.content_length == 0)
            result = http_parser_feed(&peer->parser, BYTES_NULL, &(size_t){ 0 });
        if (result == HTTP_PARSE_DONE)
            act(peer, true);
    }
}

static void stop_if_all_is_over(void)
{
    if (world.is_closed && world.open == 0)
        loop_stop(world.loop);
}

static void peer_close(struct conn *conn, err_t why)
{
    (void)why;
    struct peer *peer = conn_owner(conn);
    http_parser_deinit(&peer->parser);
    list_remove(&peer->node);
    free(peer);
    world.open--;
    stop_if_all_is_over();
}

static const struct conn_ops peer_ops = { .on_room = peer_room, .on_data = peer_data, .on_close = peer_close };

static void on_accept(void *owner, struct conn *conn)
{
    (void)owner;
    struct peer *peer = mem_zalloc(1, sizeof *peer);
    peer->conn = conn;
    http_parser_init(&peer->parser, &peer_limits);
    list_append(&world.conns, &peer->node);
    world.accepts++;
    world.open++;
    if (world.open > world.open_max)
        world.open_max = world.open;
    conn_attach(conn, &peer_ops, peer);
}

// ---- the world

static void on_patience(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing came to its end for %d ms", PATIENCE_MS);
}

static void on_pause(struct timer *timer)
{
    (void)timer;
    loop_stop(world.loop);
}

static int set_up(void **state)
{
    (void)state;
    world_begin();
    http_limits_default(&peer_limits);
    peer_limits.body_size = BIG_SIZE;
    world = (struct world){ .loop = loop_new(0) };
    list_init(&world.conns);
    http_client_config_default(&world.config);
    const struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(world.loop, &address, on_accept, NULL, &world.listener, NULL), ERR_OK);
    timer_init(&world.patience, world.loop, on_patience);
    timer_init(&world.pause, world.loop, on_pause);
    timer_start(&world.patience, PATIENCE_MS);
    return 0;
}

static void on_client_closed(void *owner)
{
    (void)owner;
    world.is_closed = true;
    LIST_EACH(&world.conns, node)
    {
        conn_abort(LIST_ITEM(node, struct peer, node)->conn);
    }
    stop_if_all_is_over();
}

static int tear_down(void **state)
{
    (void)state;
    http_client_close(world.client, on_client_closed, NULL);
    listener_close(world.listener);
    while (!world.is_closed || world.open > 0)
        loop_run(world.loop);
    timer_stop(&world.patience);
    loop_free(world.loop);
    for (size_t i = 0; i < world.ask_count; i++) {
        assert_true(world.asks[i].dones <= 1 || world.asks[i].goes_on);
        assert_false(world.asks[i].call.is_sent);
        http_url_free(&world.asks[i].url);
    }
    writer_free(&world.seen);
    world_end();
    return 0;
}

static void script(const char *const *actions, size_t count)
{
    assert_true(count <= SCRIPT_MAX);
    memcpy(world.script, actions, count * sizeof *actions);
    world.script_count = count;
}
#define SCRIPT(...) script((const char *const[]){ __VA_ARGS__ }, ARRAY_COUNT(((const char *const[]){ __VA_ARGS__ })))

static void on_done(struct http_call *call, const struct http_result *result)
{
    struct ask *ask = CONTAINER_OF(call, struct ask, call);
    ask->err = result->err;
    ask->dones++;
    snprintf(ask->why, sizeof ask->why, "%s", result->why);
    assert_int_equal(result->err == ERR_OK, result->response != NULL);
    if (result->response != NULL) {
        ask->status = result->response->status;
        snprintf(ask->body, sizeof ask->body, "%.*s", BYTES_ARG(result->response->body));
    }
    if (++world.done == world.awaited)
        loop_stop(world.loop);
    else if (ask->goes_on)
        http_client_send(world.client, call);
}

static struct ask *prepare(enum http_method method, const char *format)
{
    if (world.client == NULL)
        world.client = http_client_open(world.loop, &world.config);
    assert_true(world.ask_count < ASKS_MAX);
    struct ask *ask = &world.asks[world.ask_count++];
    char text[200];
    snprintf(text, sizeof text, "http://127.0.0.1:%u/x", (unsigned)listener_port(world.listener));
    assert_int_equal(http_url_parse(bytes_of_text(format == NULL ? text : format), &ask->url, NULL), ERR_OK);
    ask->call = (struct http_call){ .url = &ask->url, .method = method, .timeout_ms = 5000, .on_done = on_done };
    return ask;
}

static struct ask *ask_of(enum http_method method)
{
    struct ask *ask = prepare(method, NULL);
    http_client_send(world.client, &ask->call);
    return ask;
}

// Until so many calls are done, counted from the start.
static void await(size_t count)
{
    world.awaited = count;
    if (world.done < count)
        loop_run(world.loop);
}

static void pass_ms(int64_t time_ms)
{
    world.awaited = 0;
    timer_start(&world.pause, time_ms);
    loop_run(world.loop);
}

static uint64_t connections(void)
{
    return counter_get(&http_client_metrics(world.client)->connections_total);
}

// ---- the tests

static void sends_a_request_and_reads_the_answer(void **state)
{
    (void)state;
    SCRIPT(BODY);
    struct ask *ask = prepare(HTTP_POST, NULL);
    struct buf *buf = buf_copy(BYTES_LITERAL("hello world"));
    ask->parts[0] = (struct slice){ buf, bytes_of(buf->data, 6) };
    ask->parts[1] = (struct slice){ buf, bytes_of(buf->data + 6, 5) };
    ask->call.body = ask->parts;
    ask->call.body_count = 2;
    ask->header = (struct http_header){ BYTES_LITERAL("Ce-Id"), BYTES_LITERAL("1") };
    ask->call.headers = &ask->header;
    ask->call.header_count = 1;
    http_client_send(world.client, &ask->call);
    assert_int_equal(ask->dones, 0);
    await(1);
    assert_int_equal(ask->err, ERR_OK);
    assert_int_equal(ask->status, 200);
    assert_string_equal(ask->body, "hi");
    assert_true(bytes_is(writer_view(&world.seen), "hello world"));
    assert_int_equal(buf->refs, 1);
    buf_unref(buf);
}

static void uses_a_connection_again(void **state)
{
    (void)state;
    struct ask *ask = prepare(HTTP_POST, NULL);
    ask->goes_on = true;
    http_client_send(world.client, &ask->call);
    await(100);
    assert_int_equal(ask->dones, 100);
    assert_int_equal(ask->status, 202);
    assert_int_equal(connections(), 1);
}

static void shares_few_connections_among_many_calls(void **state)
{
    (void)state;
    world.config.connection_count = 4;
    for (size_t i = 0; i < 100; i++)
        (void)ask_of(HTTP_POST);
    await(100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(world.asks[i].status, 202);
    assert_int_equal(connections(), 4);
    assert_int_equal(world.open_max, 4);
}

static void fails_calls_beyond_those_that_may_wait(void **state)
{
    (void)state;
    world.config.connection_count = 2;
    world.config.waiting_count = 3;
    for (size_t i = 0; i < 7; i++)
        (void)ask_of(HTTP_POST);
    await(7);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(world.asks[i].err, i < 5 ? ERR_OK : ERR_LIMIT);
}

static void heeds_what_the_answer_says_about_the_connection(void **state)
{
    (void)state;
    SCRIPT("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
           THEN_ENDS "HTTP/1.0 200 OK\r\n\r\nto the end", BODY "more than was asked for", EMPTY,
           "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
    for (size_t i = 0; i < 4; i++) {
        (void)ask_of(HTTP_GET);
        await(i + 1);
        assert_int_equal(world.asks[i].err, ERR_OK);
        assert_int_equal(connections(), i + 1);
    }
    assert_string_equal(world.asks[1].body, "to the end");
    // HEAD has no body, whatever is announced.
    (void)ask_of(HTTP_HEAD);
    (void)ask_of(HTTP_GET);
    await(6);
    assert_int_equal(world.asks[4].status, 200);
    assert_int_equal(world.asks[5].status, 202);
    assert_int_equal(connections(), 5);
}

// The rest of a request that was answered early would be in front of the next one.
static void leaves_a_connection_that_was_answered_in_the_middle_of_a_request(void **state)
{
    (void)state;
    SCRIPT(EARLY BODY, EMPTY);
    struct ask *ask = prepare(HTTP_POST, NULL);
    struct buf *buf = buf_new(BIG_SIZE);
    memset(buf->data, 'x', BIG_SIZE);
    ask->parts[0] = (struct slice){ buf, bytes_of(buf->data, BIG_SIZE) };
    ask->call.body = ask->parts;
    ask->call.body_count = 1;
    http_client_send(world.client, &ask->call);
    await(1);
    assert_string_equal(ask->body, "hi");
    (void)ask_of(HTTP_POST);
    await(2);
    assert_int_equal(world.asks[1].status, 202);
    assert_int_equal(connections(), 2);
    assert_int_equal(buf->refs, 1);
    buf_unref(buf);
}

// The connection is there when the request leaves, and ends before an answer.
static void repeats_once_what_met_the_end_of_a_kept_connection(void **state)
{
    (void)state;
    SCRIPT(EMPTY, LEAVES, BODY, LEAVES, BODY);
    (void)ask_of(HTTP_POST);
    await(1);
    (void)ask_of(HTTP_GET);
    await(2);
    assert_string_equal(world.asks[1].body, "hi");
    assert_int_equal(world.requests, 3);
    struct ask *ask = prepare(HTTP_POST, NULL);
    ask->call.is_repeatable = true;
    http_client_send(world.client, &ask->call);
    await(3);
    assert_string_equal(ask->body, "hi");
    assert_int_equal(world.requests, 5);
    assert_int_equal(connections(), 3);
    assert_int_equal(counter_get(&http_client_metrics(world.client)->repeated_total), 2);
}

static void repeats_nothing_that_may_have_been_acted_on(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        enum http_method method;
        const char *why;
    } rows[] = {
        { EMPTY, LEAVES, HTTP_POST, "before it answered" },                          // not idempotent
        { LEAVES, EMPTY, HTTP_GET, "before it answered" },                           // a new connection
        { EMPTY, THEN_ENDS "H", HTTP_GET, "in the middle of its answer" },           // the answer had begun
        { EMPTY, THEN_ENDS "HTTP/1.1 100 C\r\n\r\n", HTTP_GET, "in the middle of" }, // so had this one
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCRIPT(rows[i].first, rows[i].second);
        world.requests = 0;
        bool is_first = rows[i].first[0] == LEAVES[0];
        if (!is_first) {
            (void)ask_of(HTTP_GET);
            await(world.done + 1);
        }
        struct ask *ask = ask_of(rows[i].method);
        await(world.done + 1);
        assert_int_equal(ask->err, ERR_RESET);
        assert_non_null(strstr(ask->why, rows[i].why));
        assert_non_null(strstr(ask->why, "127.0.0.1:"));
        assert_int_equal(world.requests, is_first ? 1 : 2);
    }
}

// Not on the other kept connection, which may be just as dead, and only once.
static void repeats_on_a_new_connection_and_no_second_time(void **state)
{
    (void)state;
    world.config.connection_count = 2;
    SCRIPT(EMPTY, EMPTY, LEAVES, LEAVES, BODY);
    (void)ask_of(HTTP_GET);
    (void)ask_of(HTTP_GET);
    await(2);
    struct ask *ask = ask_of(HTTP_GET);
    await(3);
    assert_int_equal(ask->err, ERR_RESET);
    assert_int_equal(world.requests, 4);
    assert_int_equal(connections(), 3);
}

static void forgets_connections_that_the_server_closed(void **state)
{
    (void)state;
    (void)ask_of(HTTP_POST);
    await(1);
    LIST_EACH(&world.conns, node)
    {
        conn_close(LIST_ITEM(node, struct peer, node)->conn);
    }
    pass_ms(200);
    assert_int_equal(http_client_metrics(world.client)->connections.value, 0);
    (void)ask_of(HTTP_POST);
    await(2);
    assert_int_equal(world.asks[1].err, ERR_OK);
    assert_int_equal(connections(), 2);
}

static void closes_connections_that_nobody_uses(void **state)
{
    (void)state;
    world.config.idle_timeout_ms = 500;
    for (size_t i = 0; i < 3; i++)
        (void)ask_of(HTTP_POST);
    await(3);
    assert_int_equal(world.open, 3);
    pass_ms(300);
    (void)ask_of(HTTP_POST);
    await(4);
    pass_ms(300);
    assert_int_equal(world.open, 1); // the one that was used last
    pass_ms(600);
    assert_int_equal(world.open, 0);
    assert_int_equal(connections(), 3);
}

static void gives_up_when_the_time_is_over(void **state)
{
    (void)state;
    world.config.connection_count = 1;
    SCRIPT(SILENT);
    struct ask *silent = prepare(HTTP_POST, NULL), *waiting = prepare(HTTP_POST, NULL);
    silent->call.timeout_ms = 500;
    waiting->call.timeout_ms = 300;
    http_client_send(world.client, &silent->call);
    http_client_send(world.client, &waiting->call);
    await(2);
    assert_int_equal(silent->err, ERR_TIMEOUT);
    assert_non_null(strstr(silent->why, "did not answer within 500 ms"));
    assert_int_equal(waiting->err, ERR_TIMEOUT);
    assert_non_null(strstr(waiting->why, "became free within 300 ms"));
    (void)ask_of(HTTP_POST);
    await(3);
    assert_int_equal(world.asks[2].err, ERR_OK);
}

static void says_why_there_is_no_connection(void **state)
{
    (void)state;
    struct ask *refused = prepare(HTTP_POST, "http://127.0.0.1:1/");
    http_client_send(world.client, &refused->call);
    await(1);
    assert_int_equal(refused->err, ERR_REFUSED);
    assert_string_equal(refused->why, "127.0.0.1:1 refuses connections.");
    struct ask *secure = prepare(HTTP_POST, "https://127.0.0.1/");
    http_client_send(world.client, &secure->call);
    await(2);
    assert_int_equal(secure->err, ERR_UNSUPPORTED);
#ifdef HTTP_CLIENT_TWIN
    struct ask *unknown = prepare(HTTP_POST, "http://nobody.invalid/");
    http_client_send(world.client, &unknown->call);
    await(3);
    assert_int_equal(unknown->err, ERR_NOT_FOUND);
    assert_string_equal(unknown->why, "The name nobody.invalid has no address.");
#endif
}

static void says_what_is_wrong_with_an_answer(void **state)
{
    (void)state;
    SCRIPT("SSH-2.0\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < 2; i++) {
        struct ask *ask = ask_of(HTTP_GET);
        await(i + 1);
        assert_int_equal(ask->err, ERR_MALFORMED);
        assert_non_null(strstr(ask->why, "cannot be read: "));
    }
    assert_int_equal(connections(), 2);
}

static void refuses_fields_that_would_be_another_request(void **state)
{
    (void)state;
    struct ask *ask = prepare(HTTP_GET, NULL);
    ask->header = (struct http_header){ BYTES_LITERAL("A"), BYTES_LITERAL("b\r\n\r\nGET / HTTP/1.1") };
    ask->call.headers = &ask->header;
    ask->call.header_count = 1;
    http_client_send(world.client, &ask->call);
    assert_int_equal(ask->dones, 0);
    await(1);
    assert_int_equal(ask->err, ERR_INVALID);
    assert_int_equal(world.requests, 0);
}

static void cancels_without_a_word(void **state)
{
    (void)state;
    world.config.connection_count = 1;
    SCRIPT(SILENT, BODY);
    struct ask *sent = ask_of(HTTP_POST), *waiting = ask_of(HTTP_POST), *last = ask_of(HTTP_POST);
    pass_ms(200);
    http_client_cancel(&sent->call);
    http_client_cancel(&waiting->call);
    http_client_cancel(&waiting->call);
    await(1);
    assert_int_equal(last->status, 200);
    assert_int_equal(sent->dones + waiting->dones, 0);
    // Before it has left, and before its failure was told.
    struct ask *early = ask_of(HTTP_POST);
    http_client_cancel(&early->call);
    struct ask *failed = prepare(HTTP_POST, "https://127.0.0.1/");
    http_client_send(world.client, &failed->call);
    http_client_cancel(&failed->call);
    pass_ms(200);
    assert_int_equal(early->dones + failed->dones, 0);
    assert_int_equal(world.requests, 2);
}

static void ends_all_calls_when_it_closes(void **state)
{
    (void)state;
    world.config.connection_count = 2;
    SCRIPT(EMPTY, SILENT, SILENT);
    (void)ask_of(HTTP_POST);
    await(1);
    for (size_t i = 0; i < 5; i++)
        (void)ask_of(HTTP_POST);
    pass_ms(200);
    (void)tear_down(NULL);
    for (size_t i = 1; i < 6; i++) {
        assert_int_equal(world.asks[i].dones, 1);
        assert_int_equal(world.asks[i].err, ERR_CANCELLED);
    }
    (void)set_up(NULL);
    world.client = http_client_open(world.loop, &world.config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_a_request_and_reads_the_answer),
        TEST(uses_a_connection_again),
        TEST(shares_few_connections_among_many_calls),
        TEST(fails_calls_beyond_those_that_may_wait),
        TEST(heeds_what_the_answer_says_about_the_connection),
        TEST(leaves_a_connection_that_was_answered_in_the_middle_of_a_request),
        TEST(repeats_once_what_met_the_end_of_a_kept_connection),
        TEST(repeats_nothing_that_may_have_been_acted_on),
        TEST(repeats_on_a_new_connection_and_no_second_time),
        TEST(forgets_connections_that_the_server_closed),
        TEST(closes_connections_that_nobody_uses),
        TEST(gives_up_when_the_time_is_over),
        TEST(says_why_there_is_no_connection),
        TEST(says_what_is_wrong_with_an_answer),
        TEST(refuses_fields_that_would_be_another_request),
        TEST(cancels_without_a_word),
        TEST(ends_all_calls_when_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
