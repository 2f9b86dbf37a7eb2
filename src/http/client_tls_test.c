// SPDX-License-Identifier: Apache-2.0
// The client and the server with TLS between them, on real sockets: who is trusted, and what is said when it fails.
#include "http/client.h"

#include "base/assert.h"
#include "base/test.h"
#include "http/server.h"
#include "io/file.h"
#include "io/random.h"
#include "io/testing/certificates.h"
#include "io/tls.h"

enum { PATIENCE_MS = 20000, CONNECT_MS = 1000, BIG_SIZE = 1 << 20 };

static char folder[64];
static const char *const names[] = { "ca", "stranger", "server", "elsewhere" };

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

static struct tls_context *server_of(const char *name)
{
    const struct tls_config config = { .certificate_file = path_of(name, "pem"),
                                       .key_file = path_of(name, "key"),
                                       .alpn = "http/1.1" };
    struct tls_context *context;
    assert_int_equal(tls_server_new(&config, &context, NULL), ERR_OK);
    return context;
}

// Trusts the authority, whose certificate is given as text.
static struct tls_context *client_of(const char *authority)
{
    struct buf *text;
    assert_int_equal(file_read_whole(path_of(authority, "pem"), 100000, &text), ERR_OK);
    const struct tls_config config = { .ca_text = bytes_of(text->data, text->capacity), .alpn = "http/1.1" };
    struct tls_context *context;
    assert_int_equal(tls_client_new(&config, &context, NULL), ERR_OK);
    buf_unref(text);
    return context;
}

static struct tls_context *right_server, *other_server, *trusting, *doubting;

static int set_up_files(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/eddy-http-client-tls-%016llx", (unsigned long long)random_u64());
    assert_int_equal(dir_make(folder), ERR_OK);
    const struct test_certificate_config authority = { .subject = "CN=authority", .is_authority = true };
    struct test_certificate *ca = make("ca", NULL, authority);
    test_certificate_free(make("stranger", NULL, authority));
    const struct test_certificate_config server = { .subject = "CN=s", .names = "DNS:localhost,IP:127.0.0.1" };
    test_certificate_free(make("server", ca, server));
    const struct test_certificate_config elsewhere = { .subject = "CN=s", .names = "DNS:elsewhere.example" };
    test_certificate_free(make("elsewhere", ca, elsewhere));
    test_certificate_free(ca);
    right_server = server_of("server");
    other_server = server_of("elsewhere");
    trusting = client_of("ca");
    doubting = client_of("stranger");
    return 0;
}

static int tear_down_files(void **state)
{
    (void)state;
    struct tls_context *contexts[] = { right_server, other_server, trusting, doubting };
    for (size_t i = 0; i < ARRAY_COUNT(contexts); i++)
        tls_context_unref(contexts[i]);
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
    struct listener *deaf; // takes connections and says nothing
    struct conn *taken;
    struct http_client *client;
    struct timer patience;
    struct http_url url;
    struct http_call call;
    size_t left; // calls to come
    err_t err;
    char why[700];
    int status;
    size_t body_size;
    unsigned closed;
} world;

static void post_big(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    struct buf *buf = buf_new(BIG_SIZE);
    memset(buf->data, 'x', BIG_SIZE);
    http_reply(exchange, (struct http_reply){ .status = exchange->request->body.size == BIG_SIZE ? 200 : 400,
                                              .content_type = "text/plain",
                                              .body = { buf, bytes_of(buf->data, BIG_SIZE) } });
}

static void post_event(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply(exchange, (struct http_reply){ .status = 202 });
}

static const struct http_route routes[] = { { HTTP_POST, "/event", post_event }, { HTTP_POST, "/big", post_big } };

static void on_patience(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing came to its end for %d ms", PATIENCE_MS);
}

static int set_up(void **state)
{
    (void)state;
    world = (struct world){ .loop = loop_new(0) };
    struct http_client_config config;
    http_client_config_default(&config);
    config.connect_timeout_ms = CONNECT_MS;
    config.tls = trusting;
    world.client = http_client_open(world.loop, &config);
    timer_init(&world.patience, world.loop, on_patience);
    timer_start(&world.patience, PATIENCE_MS);
    return 0;
}

static void on_closed(void *owner)
{
    (void)owner;
    world.closed++;
    loop_stop(world.loop);
}

static int tear_down(void **state)
{
    (void)state;
    unsigned expected = 1;
    http_client_close(world.client, on_closed, NULL);
    if (world.server != NULL) {
        http_server_close(world.server, on_closed, NULL);
        expected++;
    }
    if (world.deaf != NULL)
        listener_close(world.deaf);
    while (world.closed < expected || world.taken != NULL)
        loop_run(world.loop);
    timer_stop(&world.patience);
    http_url_free(&world.url);
    loop_free(world.loop);
    return 0;
}

static void serve(struct tls_context *context)
{
    struct http_site site = { .routes = routes, .route_count = ARRAY_COUNT(routes), .tls = context };
    http_limits_default(&site.limits);
    const struct address address = { .host = "127.0.0.1" };
    assert_int_equal(http_server_open(world.loop, &address, &site, &world.server, NULL), ERR_OK);
}

static void on_done(struct http_call *call, const struct http_result *result)
{
    world.err = result->err;
    snprintf(world.why, sizeof world.why, "%s", result->why);
    world.status = result->response == NULL ? 0 : result->response->status;
    world.body_size = result->response == NULL ? 0 : result->response->body.size;
    if (--world.left > 0)
        http_client_send(world.client, call);
    else
        loop_stop(world.loop);
}

static void talk(const char *scheme, const char *path, struct slice body, struct tls_context *tls, size_t count)
{
    char text[100];
    uint16_t port = world.deaf != NULL ? listener_port(world.deaf) : http_server_port(world.server);
    snprintf(text, sizeof text, "%s://127.0.0.1:%u%s", scheme, (unsigned)port, path);
    http_url_free(&world.url);
    assert_int_equal(http_url_parse(bytes_of_text(text), &world.url, NULL), ERR_OK);
    world.call = (struct http_call){ .url = &world.url,
                                     .tls = tls,
                                     .method = HTTP_POST,
                                     .body = &body,
                                     .body_count = 1,
                                     .timeout_ms = 10000,
                                     .on_done = on_done };
    world.left = count;
    http_client_send(world.client, &world.call);
    while (world.left > 0)
        loop_run(world.loop);
}

static const struct slice event = { NULL, { (const uint8_t *)"{}", 2 } };

static uint64_t connections(void)
{
    return counter_get(&http_client_metrics(world.client)->connections_total);
}

static void keeps_connections_inside_tls(void **state)
{
    (void)state;
    serve(right_server);
    talk("https", "/event", event, NULL, 50);
    assert_int_equal(world.err, ERR_OK);
    assert_int_equal(world.status, 202);
    assert_int_equal(connections(), 1);
}

static void carries_large_bodies_both_ways(void **state)
{
    (void)state;
    serve(right_server);
    struct buf *buf = buf_new(BIG_SIZE);
    memset(buf->data, 'y', BIG_SIZE);
    talk("https", "/big", (struct slice){ buf, bytes_of(buf->data, BIG_SIZE) }, NULL, 3);
    assert_int_equal(world.status, 200);
    assert_int_equal(world.body_size, BIG_SIZE);
    assert_int_equal(connections(), 1);
    assert_int_equal(buf->refs, 1);
    buf_unref(buf);
}

static void trusts_only_its_authorities(void **state)
{
    (void)state;
    serve(right_server);
    talk("https", "/event", event, doubting, 1);
    assert_int_equal(world.err, ERR_DENIED);
    assert_non_null(strstr(world.why, "TLS with 127.0.0.1:"));
    // Another context has other connections.
    talk("https", "/event", event, NULL, 1);
    assert_int_equal(world.status, 202);
    talk("https", "/event", event, doubting, 1);
    assert_int_equal(world.err, ERR_DENIED);
}

static void refuses_a_certificate_of_another_host(void **state)
{
    (void)state;
    serve(other_server);
    talk("https", "/event", event, NULL, 1);
    assert_int_equal(world.err, ERR_DENIED);
    assert_int_equal(world.status, 0);
}

static void says_that_the_server_does_not_speak_tls(void **state)
{
    (void)state;
    serve(NULL);
    talk("https", "/event", event, NULL, 1);
    assert_int_equal(world.err, ERR_MALFORMED);
    assert_non_null(strstr(world.why, "TLS with 127.0.0.1:"));
}

static void gets_an_answer_when_it_should_have_spoken_tls(void **state)
{
    (void)state;
    serve(right_server);
    talk("http", "/event", event, NULL, 1);
    assert_int_equal(world.err, ERR_OK);
    assert_int_equal(world.status, 400);
}

// ---- a server that says nothing

static uint8_t *deaf_room(struct conn *conn, size_t *ret_size)
{
    (void)conn;
    static uint8_t room[4096];
    *ret_size = sizeof room;
    return room;
}

static void deaf_data(struct conn *conn, size_t size)
{
    (void)conn;
    (void)size;
}

static void deaf_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
    world.taken = NULL;
    loop_stop(world.loop);
}

static void on_accept(void *owner, struct conn *conn)
{
    (void)owner;
    static const struct conn_ops ops = { .on_room = deaf_room, .on_data = deaf_data, .on_close = deaf_close };
    world.taken = conn;
    conn_attach(conn, &ops, NULL);
}

static void waits_for_a_handshake_as_long_as_for_a_connection(void **state)
{
    (void)state;
    const struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(world.loop, &address, on_accept, NULL, &world.deaf, NULL), ERR_OK);
    int64_t start_ms = loop_now_ms(world.loop);
    talk("https", "/event", event, NULL, 1);
    assert_int_equal(world.err, ERR_TIMEOUT);
    assert_non_null(strstr(world.why, "could not be reached within 1000 ms"));
    assert_in_range(loop_now_ms(world.loop) - start_ms, CONNECT_MS - 100, 10000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_connections_inside_tls),
        TEST(carries_large_bodies_both_ways),
        TEST(trusts_only_its_authorities),
        TEST(refuses_a_certificate_of_another_host),
        TEST(says_that_the_server_does_not_speak_tls),
        TEST(gets_an_answer_when_it_should_have_spoken_tls),
        TEST(waits_for_a_handshake_as_long_as_for_a_connection),
    };
    return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
