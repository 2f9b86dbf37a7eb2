// SPDX-License-Identifier: Apache-2.0
// HTTP inside TLS on real sockets: the handshake first, who the client is, and clients that do something else.
#include "http/server.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/writer.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/random.h"
#include "io/testing/certificates.h"
#include "io/tls.h"

enum { PATIENCE_MS = 20000, HANDSHAKE_MS = 300 };

#define H "Host: localhost\r\n"

// Files of all tests, and what is made of them.
static char folder[64];
static const char *const names[] = { "ca", "server", "alice", "stranger-ca", "mallory" };
static struct tls_context *server_context, *anonymous, *alice, *mallory;

static const char *path_of(const char *name, const char *end)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s.%s", folder, name, end);
    return path;
}

static struct test_certificate *make(const char *name, struct test_certificate *signer,
                                     struct test_certificate_config config)
{
    struct test_certificate *made = test_certificate_new(signer, &config);
    test_certificate_write(made, path_of(name, "pem"));
    test_key_write(made, path_of(name, "key"), NULL);
    return made;
}

static struct tls_context *client_of(const char *name, const char *alpn)
{
    struct tls_config config = { .ca_file = path_of("ca", "pem"), .alpn = alpn };
    if (name != NULL) {
        config.certificate_file = path_of(name, "pem");
        config.key_file = path_of(name, "key");
    }
    struct tls_context *context;
    assert_int_equal(tls_client_new(&config, &context, NULL), ERR_OK);
    return context;
}

static struct tls_context *server_of(void)
{
    struct tls_config config = { .certificate_file = path_of("server", "pem"),
                                 .key_file = path_of("server", "key"),
                                 .ca_file = path_of("ca", "pem"),
                                 .verify = TLS_VERIFY_OPTIONAL,
                                 .alpn = "http/1.1" };
    struct tls_context *context;
    assert_int_equal(tls_server_new(&config, &context, NULL), ERR_OK);
    return context;
}

static int set_up_files(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/eddy-http-tls-%016llx", (unsigned long long)random_u64());
    assert_int_equal(dir_make(folder), ERR_OK);
    const struct test_certificate_config authority = { .subject = "CN=authority", .is_authority = true };
    struct test_certificate *ca = make("ca", NULL, authority);
    struct test_certificate *stranger = make("stranger-ca", NULL, authority);
    struct test_certificate_config server = { .subject = "CN=server", .names = "DNS:localhost,IP:127.0.0.1" };
    test_certificate_free(make("server", ca, server));
    test_certificate_free(
        make("alice", ca, (struct test_certificate_config){ .subject = "O=system:masters,CN=alice" }));
    test_certificate_free(make("mallory", stranger, (struct test_certificate_config){ .subject = "CN=mallory" }));
    test_certificate_free(ca);
    test_certificate_free(stranger);
    server_context = server_of();
    anonymous = client_of(NULL, "h2,http/1.1");
    alice = client_of("alice", NULL);
    mallory = client_of("mallory", NULL);
    return 0;
}

static int tear_down_files(void **state)
{
    (void)state;
    tls_context_unref(server_context);
    tls_context_unref(anonymous);
    tls_context_unref(alice);
    tls_context_unref(mallory);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        assert_int_equal(file_remove(path_of(names[i], "pem")), ERR_OK);
        assert_int_equal(file_remove(path_of(names[i], "key")), ERR_OK);
    }
    assert_int_equal(dir_remove(folder), ERR_OK);
    return 0;
}

// ---- a server and a client on one loop

static struct world {
    struct loop *loop;
    struct http_server *server;
    struct timer patience;
    struct conn *client;
    struct tls_context *context; // the client's; NULL: plain
    const char *text;            // what it sends
    struct writer got;
    uint8_t room[65536];
    char subject[100], protocol[20];
    bool closed;
    size_t logged;
} world;

static void get_who(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    struct writer w = WRITER_INIT;
    const struct tls_peer *peer = exchange->tls_peer;
    if (peer == NULL)
        writer_text(&w, "anonymous");
    else
        writer_format(&w, "<%.*s>", BYTES_ARG(peer->subject));
    http_reply(exchange, (struct http_reply){ .status = 200, .content_type = "text/plain", .body = writer_finish(&w) });
}

static void on_gone(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    (void)owner;
}

static void get_stream(struct http_exchange *exchange, void *owner)
{
    static const struct http_stream_ops ops = { .on_gone = on_gone };
    const struct http_reply head = { .status = 200, .content_type = "text/plain" };
    assert_true(http_stream_begin(exchange, head, &ops, owner));
    for (size_t i = 0; i < 3; i++) {
        struct buf *buf = buf_new(50000);
        memset(buf->data, 's', 50000);
        http_stream_send(exchange, (struct slice){ buf, bytes_of(buf->data, 50000) });
    }
    http_stream_end(exchange);
}

static const struct http_route routes[] = {
    { HTTP_GET, "/who", get_who },
    { HTTP_GET, "/stream", get_stream },
};

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
    if (world.context != NULL) {
        const struct tls_start start = { .context = world.context, .host = "localhost" };
        conn_tls_start(conn, &start);
    }
    conn_send(conn, (struct slice){ NULL, bytes_of_text(world.text) });
}

static void on_secure(struct conn *conn)
{
    bytes_t protocol = conn_tls_protocol(conn);
    snprintf(world.protocol, sizeof world.protocol, "%.*s", BYTES_ARG(protocol));
}

static void on_client_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
    world.client = NULL;
    loop_stop(world.loop);
}

static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_secure = on_secure, .on_close = on_client_close
};

static void on_patience(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", PATIENCE_MS);
}

static void on_log(void *context, enum log_level level, bytes_t line)
{
    (void)context;
    (void)level;
    (void)line;
    world.logged++;
}

static int64_t log_now(void *context)
{
    (void)context;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    static const struct log_config log = { .level = LOG_WARN, .sink = on_log, .now_ms = log_now };
    log_start(&log);
    world = (struct world){ .loop = loop_new(0) };
    struct http_site site = {
        .routes = routes, .route_count = ARRAY_COUNT(routes), .owner = &world, .tls = server_context
    };
    http_limits_default(&site.limits);
    site.limits.header_timeout_ms = HANDSHAKE_MS;
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(http_server_open(world.loop, &address, &site, &world.server, NULL), ERR_OK);
    timer_init(&world.patience, world.loop, on_patience);
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
    http_server_close(world.server, on_server_closed, NULL);
    while (!world.closed)
        loop_run(world.loop);
    timer_stop(&world.patience);
    loop_free(world.loop);
    writer_free(&world.got);
    return 0;
}

// One connection, until it is closed. What the client got is a text afterwards.
static void talk(struct tls_context *context, const char *text)
{
    struct address address = { .host = "127.0.0.1", .port = http_server_port(world.server) };
    world.context = context;
    world.text = text;
    writer_reset(&world.got);
    world.client = conn_open(world.loop, &address, &client_ops, NULL);
    while (world.client != NULL)
        loop_run(world.loop);
    writer_u8(&world.got, '\0');
}

static const char *got(void)
{
    return (const char *)world.got.buf->data;
}

static uint64_t failed(void)
{
    return counter_get(&http_server_metrics(world.server)->handshakes_failed);
}

static const char ask_who[] = "GET /who HTTP/1.1\r\n" H "Connection: close\r\n\r\n";

static void speaks_http_inside_tls(void **state)
{
    (void)state;
    talk(anonymous, ask_who);
    assert_non_null(strstr(got(), "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(got(), "\r\n\r\nanonymous"));
    assert_string_equal(world.protocol, "http/1.1");
    assert_int_equal(failed(), 0);
}

static void shows_a_verified_certificate_to_the_handler(void **state)
{
    (void)state;
    talk(alice, "GET /who HTTP/1.1\r\n" H "\r\nGET /who HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
    const char *first = strstr(got(), "\r\n\r\n<CN=alice,O=system:masters>HTTP/1.1 200 OK\r\n");
    assert_non_null(first);
    assert_non_null(strstr(first + 4, "\r\n\r\n<CN=alice,O=system:masters>"));
}

static void refuses_a_certificate_of_somebody_else(void **state)
{
    (void)state;
    talk(mallory, ask_who);
    assert_string_equal(got(), "");
    assert_int_equal(failed(), 1);
}

static void streams_inside_tls(void **state)
{
    (void)state;
    talk(anonymous, "GET /stream HTTP/1.1\r\n" H "Connection: close\r\n\r\n");
    assert_non_null(strstr(got(), "Transfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(got(), "s\r\n0\r\n\r\n"));
    assert_true(world.got.size > 150000);
}

static void tells_clients_that_speak_plain_http(void **state)
{
    (void)state;
    talk(NULL, ask_who);
    assert_non_null(strstr(got(), "HTTP/1.1 400 Bad Request\r\n"));
    assert_non_null(strstr(got(), "Content-Type: text/plain"));
    const char *body = strstr(got(), "\r\n\r\n") + 4;
    assert_string_equal(body, "Client sent an HTTP request to an HTTPS server.\n");
    char length[40];
    snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(body));
    assert_non_null(strstr(got(), length));
    assert_int_equal(failed(), 1);
}

static void lets_others_go_and_counts_them(void **state)
{
    (void)state;
    talk(NULL, "\x01 garbage");
    assert_null(strstr(got(), "HTTP/"));
    assert_int_equal(failed(), 1);
    talk(NULL, "\x16\x03\x01"); // begins, and stops
    assert_int_equal(failed(), 2);
    talk(NULL, ""); // never begins
    assert_int_equal(failed(), 2);
    talk(anonymous, ask_who);
    assert_non_null(strstr(got(), "HTTP/1.1 200 OK\r\n"));
}

static void logs_failures_at_a_limited_rate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        talk(NULL, ask_who);
    assert_int_equal(failed(), 20);
    assert_int_equal(world.logged, 1);
}

static void takes_another_certificate_while_it_runs(void **state)
{
    (void)state;
    talk(anonymous, ask_who);
    struct tls_context *fresh = server_of();
    http_server_tls_set(world.server, fresh);
    tls_context_unref(fresh);
    talk(alice, ask_who);
    assert_non_null(strstr(got(), "<CN=alice,O=system:masters>"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(speaks_http_inside_tls),
        TEST(shows_a_verified_certificate_to_the_handler),
        TEST(refuses_a_certificate_of_somebody_else),
        TEST(streams_inside_tls),
        TEST(tells_clients_that_speak_plain_http),
        TEST(lets_others_go_and_counts_them),
        TEST(logs_failures_at_a_limited_rate),
        TEST(takes_another_certificate_while_it_runs),
    };
    return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
