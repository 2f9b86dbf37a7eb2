// SPDX-License-Identifier: Apache-2.0
// Encrypted connections over loopback: both sides are conns of one loop, but where a test needs a peer that misbehaves.
#include "io/tls.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/testing/certificates.h"
#include "io/uv/conn_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/test.h"

enum {
    ROOM_SIZE = 20000,
    TEST_LIMIT_MS = 20000, // a test that hangs ends here and fails
};

static struct loop *loop;
static struct timer limit;
static atomic_size_t write_count;

// In front of the system's own, to count the writes of connections.
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    write_count++;
    return syscall(SYS_sendmsg, fd, message, flags);
}

// Files of all tests, and what is made of them.
static char folder[] = "/tmp/eddy-tls-XXXXXX";
static struct test_certificate *authority, *stranger;
static struct tls_context *server_context, *client_context;

static const char *path_of(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

// NAME.pem and NAME.key.
static void write_pair(const char *name, const struct test_certificate *signer, struct test_certificate_config config)
{
    struct test_certificate *made = test_certificate_new(signer, &config);
    char file[64];
    snprintf(file, sizeof(file), "%s.pem", name);
    test_certificate_write(made, path_of(file));
    snprintf(file, sizeof(file), "%s.key", name);
    test_key_write(made, path_of(file), NULL);
    test_certificate_free(made);
}

static struct tls_config config_of(const char *name)
{
    char file[64];
    struct tls_config config = { .ca_file = path_of("ca.pem") };
    if (name != NULL) {
        snprintf(file, sizeof(file), "%s.pem", name);
        config.certificate_file = path_of(file);
        snprintf(file, sizeof(file), "%s.key", name);
        config.key_file = path_of(file);
    }
    return config;
}

static struct tls_context *server_of(struct tls_config config)
{
    struct tls_context *context = NULL;
    diag_t diag;
    if (tls_server_new(&config, &context, &diag) != ERR_OK)
        fail_msg("%s: %s", diag.where, diag.text);
    return context;
}

static struct tls_context *client_of(struct tls_config config)
{
    struct tls_context *context = NULL;
    diag_t diag;
    if (tls_client_new(&config, &context, &diag) != ERR_OK)
        fail_msg("%s: %s", diag.where, diag.text);
    return context;
}

static int set_up_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    const struct test_certificate_config ca = { .subject = "CN=authority", .is_authority = true };
    const struct test_certificate_config other = { .subject = "CN=stranger", .is_authority = true };
    authority = test_certificate_new(NULL, &ca);
    stranger = test_certificate_new(NULL, &other);
    test_certificate_write(authority, path_of("ca.pem"));
    test_certificate_write(stranger, path_of("other-ca.pem"));
    write_pair("server", authority,
               (struct test_certificate_config){ .subject = "CN=server", .names = "DNS:localhost,IP:127.0.0.1" });
    server_context = server_of(config_of("server"));
    client_context = client_of(config_of(NULL));
    return 0;
}

static int tear_down_files(void **state)
{
    (void)state;
    tls_context_unref(server_context);
    tls_context_unref(client_context);
    test_certificate_free(authority);
    test_certificate_free(stranger);
    static const char *const names[] = { "ca",      "other-ca", "server", "old", "strange",
                                         "expired", "alice",    "early",  "bare" };
    static const char *const ends[] = { "pem", "key" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        for (size_t j = 0; j < ARRAY_COUNT(ends); j++) {
            char file[64];
            snprintf(file, sizeof(file), "%s.%s", names[i], ends[j]);
            unlink(path_of(file));
        }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

// One end of a connection.
struct end {
    struct conn *conn;
    struct tls_context *context; // NULL: no TLS
    const char *host;
    size_t room_size;
    uint8_t room[ROOM_SIZE];
    size_t received, drained, secured, pauses;
    bool wrong; // the pattern of what was received is
    bool echoes, closed, ended, closes_at_end, pauses_after_each, sends_at_once, closes_at_once;
    err_t why;
    char failure[TLS_FAILURE_SIZE];
    size_t expected; // bytes
};

static struct listener *listener;
static struct end server, client;
static enum { TLS_FIRST, TLS_AFTER_GREETING, TLS_AFTER_A_LOOK } door_mode;

static uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 251);
}

static void send_pattern(struct conn *conn, size_t from, size_t size)
{
    struct buf *buf = buf_new(size);
    for (size_t i = 0; i < size; i++)
        buf->data[i] = pattern_at(from + i);
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct end *end = conn_owner(conn);
    *ret_size = end->room_size;
    return end->room;
}

static void take(struct end *end, const uint8_t *data, size_t size)
{
    if (end->echoes) {
        struct buf *buf = buf_copy(bytes_of(data, size));
        conn_send(end->conn, slice_of(buf, 0, size));
        buf_unref(buf);
    }
    for (size_t i = 0; i < size; i++)
        end->wrong = end->wrong || data[i] != pattern_at(end->received + i);
    end->received += size;
    if (end->expected != 0 && end->received >= end->expected)
        loop_stop(loop);
}

static void start_tls(struct end *end, bytes_t early)
{
    const struct tls_start start = { .context = end->context, .host = end->host, .early = early };
    conn_tls_start(end->conn, &start);
}

static void on_data(struct conn *conn, size_t size)
{
    struct end *end = conn_owner(conn);
    if (end == &server && door_mode == TLS_AFTER_A_LOOK && !conn_is_secure(conn)) {
        start_tls(end, bytes_of(end->room, size));
        return;
    }
    if (end == &client && door_mode == TLS_AFTER_GREETING && !conn_is_secure(conn)) {
        assert_int_equal(size, 6);
        assert_memory_equal(end->room, "INFO\r\n", 6);
        start_tls(end, BYTES_NULL);
        return;
    }
    take(end, end->room, size);
    if (end->pauses_after_each) {
        conn_pause(conn);
        end->pauses++;
    }
}

static void on_drain(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    end->drained++;
}

static void on_open(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    if (end->context != NULL && door_mode != TLS_AFTER_GREETING)
        start_tls(end, BYTES_NULL);
    if (end->sends_at_once)
        for (size_t i = 0; i < 2; i++)
            send_pattern(conn, 3000 * i, 3000);
    if (end->closes_at_once)
        conn_close(conn);
}

static void on_secure(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    assert_true(conn_is_secure(conn));
    end->secured++;
    if (client.secured + server.secured == 2)
        loop_stop(loop);
}

static void on_end(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    end->ended = true;
    if (end->closes_at_end)
        conn_close(conn);
}

static void on_close(struct conn *conn, err_t why)
{
    struct end *end = conn_owner(conn);
    assert_false(end->closed);
    end->closed = true;
    end->why = why;
    snprintf(end->failure, sizeof(end->failure), "%s", conn_tls_failure(conn));
    end->conn = NULL;
    if (client.conn == NULL && server.conn == NULL)
        loop_stop(loop);
}

static const struct conn_ops server_ops = { .on_room = on_room,
                                            .on_data = on_data,
                                            .on_drain = on_drain,
                                            .on_secure = on_secure,
                                            .on_end = on_end,
                                            .on_close = on_close };
static const struct conn_ops client_ops = { .on_room = on_room,
                                            .on_data = on_data,
                                            .on_drain = on_drain,
                                            .on_open = on_open,
                                            .on_secure = on_secure,
                                            .on_end = on_end,
                                            .on_close = on_close };

static void on_accept(void *owner, struct conn *conn)
{
    (void)owner;
    server.conn = conn;
    conn_attach(conn, &server_ops, &server);
    if (door_mode == TLS_AFTER_GREETING)
        conn_send(conn, (struct slice){ NULL, BYTES_LITERAL("INFO\r\n") });
    if (door_mode != TLS_AFTER_A_LOOK && server.context != NULL)
        start_tls(&server, BYTES_NULL);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    server = (struct end){ .context = server_context, .room_size = ROOM_SIZE, .closes_at_end = true };
    client =
        (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true };
    door_mode = TLS_FIRST;
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(loop, &address, on_accept, NULL, &listener, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (client.conn != NULL)
        conn_abort(client.conn);
    if (server.conn != NULL)
        conn_abort(server.conn);
    if (client.conn != NULL || server.conn != NULL)
        loop_run(loop);
    listener_close(listener);
    timer_stop(&limit);
    loop_free(loop);
    return 0;
}

static void connect_client(void)
{
    struct address address = { .host = "127.0.0.1", .port = listener_port(listener) };
    client.conn = conn_open(loop, &address, &client_ops, &client);
}

static void stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void run_for(int64_t time_ms)
{
    struct timer timer;
    timer_init(&timer, loop, stop_loop);
    timer_start(&timer, time_ms);
    loop_run(loop);
    timer_stop(&timer);
}

// Both ends have shaken hands.
static void connect_securely(void)
{
    connect_client();
    loop_run(loop);
    assert_int_equal(client.secured, 1);
    assert_int_equal(server.secured, 1);
}

// Both ends are gone, which the handshake is expected to cause.
static void connect_and_fail(void)
{
    connect_client();
    while (!client.closed || !server.closed)
        loop_run(loop);
    assert_int_equal(server.secured, 0);
}

static void expect_failure(const struct end *end, err_t why, const char *words)
{
    if (end->why != why || strstr(end->failure, words) == NULL)
        fail_msg("%s: %s, not %s", err_name(end->why), end->failure, words);
}

// What a client sends comes back.
static void echo(size_t size)
{
    size_t before = client.received;
    server.echoes = true;
    client.expected = before + size;
    send_pattern(client.conn, before, size);
    while (client.received < client.expected)
        loop_run(loop);
    client.expected = 0;
    assert_int_equal(client.received, before + size);
    assert_false(client.wrong || server.wrong);
}

static void close_both(void)
{
    conn_close(client.conn);
    while (!client.closed || !server.closed)
        loop_run(loop);
    assert_int_equal(client.why, ERR_OK);
    assert_int_equal(server.why, ERR_OK); // it heard the end, and closed
    assert_true(server.ended);
    assert_string_equal(client.failure, "");
    assert_string_equal(server.failure, "");
}

static void shakes_hands_and_echoes(void **state)
{
    (void)state;
    connect_securely();
    assert_string_equal(conn_tls_version(client.conn), "1.3");
    assert_string_equal(conn_tls_version(server.conn), "1.3");
    assert_string_equal(conn_tls_cipher(server.conn), conn_tls_cipher(client.conn));
    assert_memory_equal(conn_tls_cipher(server.conn), "TLS_", 4);
    assert_int_equal(conn_tls_protocol(server.conn).size, 0);
    assert_null(conn_tls_peer(server.conn)); // nobody asked for one
    assert_true(bytes_is(conn_tls_peer(client.conn)->subject, "CN=server"));
    echo(1);
    echo(100000);
    close_both();
}

static void speaks_tls_1_2(void **state)
{
    (void)state;
    client.context = client_of(config_of(NULL));
    SSL_CTX_set_max_proto_version(client.context->ssl, TLS1_2_VERSION);
    connect_securely();
    assert_string_equal(conn_tls_version(server.conn), "1.2");
    echo(100000);
    close_both();
    tls_context_unref(client.context);
}

static void a_version_that_is_too_old_is_refused(void **state)
{
    (void)state;
    struct tls_config config = config_of("server");
    config.min_version = TLS_1_3;
    server.context = server_of(config);
    client.context = client_of(config_of(NULL));
    SSL_CTX_set_max_proto_version(client.context->ssl, TLS1_2_VERSION);
    connect_and_fail();
    expect_failure(&server, ERR_UNSUPPORTED, "too old");
    expect_failure(&client, ERR_DENIED, "protocol version");
    tls_context_unref(client.context);
    tls_context_unref(server.context);
}

static void ciphers_curves_and_protocols_are_agreed_on(void **state)
{
    (void)state;
    struct tls_config config = config_of("server");
    config.ciphers = "TLS_CHACHA20_POLY1305_SHA256:TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
    config.curves = "CurveP384:X25519";
    config.alpn = "h2,http/1.1";
    server.context = server_of(config);
    config = config_of(NULL);
    config.alpn = "http/1.1,h2";
    client.context = client_of(config);
    connect_securely();
    assert_string_equal(conn_tls_cipher(client.conn), "TLS_CHACHA20_POLY1305_SHA256");
    assert_true(bytes_is(conn_tls_protocol(client.conn), "h2"));
    assert_true(bytes_is(conn_tls_protocol(server.conn), "h2"));
    echo(10);
    close_both();
    tls_context_unref(client.context);
    // The older one of the list, and no protocol in common.
    config.alpn = "spdy";
    client = (struct end){ .context = client_of(config), .room_size = ROOM_SIZE, .host = "localhost" };
    server = (struct end){ .context = server.context, .room_size = ROOM_SIZE };
    connect_and_fail();
    expect_failure(&server, ERR_UNSUPPORTED, "ALPN");
    tls_context_unref(client.context);
    config.alpn = NULL;
    client = (struct end){
        .context = client_of(config), .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true
    };
    server = (struct end){ .context = server.context, .room_size = ROOM_SIZE, .closes_at_end = true };
    SSL_CTX_set_max_proto_version(client.context->ssl, TLS1_2_VERSION);
    connect_securely();
    assert_string_equal(conn_tls_cipher(client.conn), "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");
    close_both();
    tls_context_unref(client.context);
    tls_context_unref(server.context);
}

static void begins_in_plain_text_and_goes_on_encrypted(void **state)
{
    (void)state;
    door_mode = TLS_AFTER_GREETING;
    connect_client();
    // Queued before the handshake, on both sides.
    while (client.secured + server.secured < 2)
        loop_run(loop);
    echo(5000);
    close_both();
}

static void bytes_that_the_owner_read_already_belong_to_the_handshake(void **state)
{
    (void)state;
    door_mode = TLS_AFTER_A_LOOK;
    server.room_size = 100; // the greeting of TLS has more: the rest is still in the socket
    connect_client();
    while (client.secured + server.secured < 2)
        loop_run(loop);
    echo(5000);
    close_both();
}

static void what_is_sent_before_the_handshake_arrives_behind_it(void **state)
{
    (void)state;
    client.sends_at_once = true;
    connect_client();
    server.expected = 6000;
    while (server.received < 6000)
        loop_run(loop);
    assert_false(server.wrong);
    close_both();
}

static void much_data_goes_both_ways(void **state)
{
    (void)state;
    enum { SIZE = 16 << 20, PART = 100000 };
    connect_securely();
    for (size_t at = 0; at < SIZE; at += PART) {
        size_t size = SIZE - at < PART ? SIZE - at : PART;
        send_pattern(client.conn, at, size);
        send_pattern(server.conn, at, size);
    }
    assert_int_equal(conn_queued(client.conn), SIZE);
    assert_true(conn_is_full(client.conn));
    while (client.received < SIZE || server.received < SIZE)
        run_for(5);
    run_for(5);
    assert_int_equal(client.received, SIZE);
    assert_int_equal(server.received, SIZE);
    assert_false(client.wrong || server.wrong);
    assert_int_equal(client.drained, 1);
    assert_int_equal(conn_queued(client.conn), 0);
    close_both();
}

static void small_rooms_get_all_of_a_large_record(void **state)
{
    (void)state;
    server.room_size = 7;
    connect_securely();
    echo(50000);
    close_both();
}

static void slices_of_a_turn_leave_in_one_write(void **state)
{
    (void)state;
    connect_securely();
    run_for(20); // the session tickets
    write_count = 0;
    for (size_t i = 0; i < 30; i++)
        send_pattern(client.conn, 100 * i, 100);
    server.expected = 3000;
    while (server.received < 3000)
        loop_run(loop);
    assert_int_equal(write_count, 1);
    assert_false(server.wrong);
    write_count = 0;
    send_pattern(client.conn, 3000, 4 * TLS_RECORD_MAX);
    server.expected = 3000 + 4 * TLS_RECORD_MAX;
    while (server.received < server.expected)
        loop_run(loop);
    assert_int_equal(write_count, 1);
    assert_false(server.wrong);
    server.expected = 0;
    close_both();
}

static void a_slow_reader_fills_the_queue_and_drains_it_once(void **state)
{
    (void)state;
    enum { SIZE = 16 << 20, PART = 1 << 20 };
    connect_securely();
    conn_pause(client.conn);
    for (size_t at = 0; at < SIZE; at += PART)
        send_pattern(server.conn, at, PART);
    run_for(50);
    size_t stuck = conn_queued(server.conn);
    assert_in_range(stuck, PART, SIZE - 1); // the kernel took some of it, and no more comes
    assert_true(conn_is_full(server.conn));
    // Encrypted is no more than a run of records.
    assert_in_range(tls_stream_output(server.conn->tls).size, 1, 5 * TLS_RECORD_MAX);
    run_for(20);
    assert_int_equal(conn_queued(server.conn), stuck);
    assert_int_equal(server.drained, 0);
    conn_resume(client.conn);
    while (client.received < SIZE)
        run_for(5);
    run_for(5);
    assert_int_equal(server.drained, 1);
    assert_false(client.wrong);
    assert_int_equal(conn_queued(server.conn), 0);
    close_both();
}

static void what_was_decrypted_waits_while_the_owner_pauses(void **state)
{
    (void)state;
    server.room_size = 1000;
    connect_securely();
    server.pauses_after_each = true;
    send_pattern(client.conn, 0, 10000); // one record, read from the socket at once
    run_for(20);
    for (size_t i = 1; i <= 10; i++) {
        assert_int_equal(server.received, 1000 * i);
        assert_int_equal(server.pauses, i);
        run_for(2);
        assert_int_equal(server.received, 1000 * i);
        conn_resume(server.conn); // nothing new comes on the socket
        run_for(2);
    }
    assert_false(server.wrong);
    server.pauses_after_each = false;
    conn_resume(server.conn);
    // Several records, paused in the middle; then the end of the peer right behind them.
    server.pauses_after_each = true;
    send_pattern(client.conn, 10000, 50000);
    conn_close(client.conn);
    run_for(20);
    assert_int_equal(server.received, 11000);
    assert_false(server.ended);
    memset(loop_scratch(loop), 0xee, LOOP_SCRATCH_SIZE); // as another connection's input does
    server.pauses_after_each = false;
    conn_resume(server.conn);
    run_for(20);
    assert_int_equal(server.received, 60000);
    assert_false(server.wrong);
    assert_true(server.ended);
}

static void closing_sends_what_is_queued(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    connect_securely();
    send_pattern(server.conn, 0, SIZE);
    conn_close(server.conn);
    send_pattern(server.conn, 0, 10); // dropped
    while (!client.closed || !server.closed)
        loop_run(loop);
    assert_int_equal(client.received, SIZE);
    assert_false(client.wrong);
    assert_true(client.ended);
    assert_int_equal(server.why, ERR_OK);
}

static void closing_during_the_handshake_drops_what_was_to_be_encrypted(void **state)
{
    (void)state;
    client.sends_at_once = client.closes_at_once = true;
    connect_client();
    while (!client.closed || !server.closed)
        loop_run(loop);
    assert_int_equal(server.received, 0);
    assert_int_equal(client.why, ERR_OK);
    expect_failure(&server, ERR_RESET, "during the handshake");
}

static void a_certificate_of_a_stranger_is_refused(void **state)
{
    (void)state;
    write_pair("strange", stranger, (struct test_certificate_config){ .names = "DNS:localhost" });
    server.context = server_of(config_of("strange"));
    connect_and_fail();
    expect_failure(&client, ERR_DENIED, "unable to get local issuer certificate");
    expect_failure(&server, ERR_DENIED, "unknown ca");
    tls_context_unref(server.context);
    // Unless the client does not care.
    server = (struct end){ .context = server_of(config_of("strange")), .room_size = ROOM_SIZE, .closes_at_end = true };
    struct tls_config config = config_of(NULL);
    config.insecure = true;
    client = (struct end){
        .context = client_of(config), .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true
    };
    connect_securely();
    assert_null(conn_tls_peer(client.conn)); // not verified, so it says nothing
    echo(10);
    close_both();
    tls_context_unref(server.context);
    tls_context_unref(client.context);
}

static void another_host_is_refused(void **state)
{
    (void)state;
    client.host = "example.com";
    connect_and_fail();
    expect_failure(&client, ERR_DENIED, "hostname mismatch");
    assert_int_equal(server.why, ERR_DENIED);
    server = (struct end){ .context = server_context, .room_size = ROOM_SIZE };
    client = (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "127.0.0.2" };
    connect_and_fail();
    expect_failure(&client, ERR_DENIED, "IP address mismatch");
    server = (struct end){ .context = server_context, .room_size = ROOM_SIZE, .closes_at_end = true };
    client =
        (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "127.0.0.1", .closes_at_end = true };
    connect_securely();
    close_both();
}

static void a_certificate_out_of_its_time_is_refused(void **state)
{
    (void)state;
    write_pair(
        "expired", authority,
        (struct test_certificate_config){ .names = "DNS:localhost", .valid_from_s = -7200, .valid_until_s = -3600 });
    server.context = server_of(config_of("expired"));
    connect_and_fail();
    expect_failure(&client, ERR_DENIED, "certificate has expired");
    tls_context_unref(server.context);
    write_pair(
        "early", authority,
        (struct test_certificate_config){ .names = "DNS:localhost", .valid_from_s = 3600, .valid_until_s = 7200 });
    server = (struct end){ .context = server_of(config_of("early")), .room_size = ROOM_SIZE };
    client = (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "localhost" };
    connect_and_fail();
    expect_failure(&client, ERR_DENIED, "not yet valid");
    tls_context_unref(server.context);
}

static struct tls_context *verifying_server(enum tls_verify verify)
{
    struct tls_config config = config_of("server");
    config.verify = verify;
    return server_of(config);
}

static void a_client_has_to_show_a_certificate_where_it_is_asked(void **state)
{
    (void)state;
    server.context = verifying_server(TLS_VERIFY_REQUIRED);
    connect_client();
    while (!client.closed || !server.closed)
        loop_run(loop);
    // To a client of TLS 1.3 the handshake looks finished when its server has not yet judged it.
    expect_failure(&server, ERR_DENIED, "has to show a certificate");
    expect_failure(&client, ERR_DENIED, "certificate required");
    assert_int_equal(server.secured, 0);
    tls_context_unref(server.context);

    server =
        (struct end){ .context = verifying_server(TLS_VERIFY_OPTIONAL), .room_size = ROOM_SIZE, .closes_at_end = true };
    client =
        (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true };
    connect_securely();
    assert_null(conn_tls_peer(server.conn));
    close_both();
    // Optional does not mean that a wrong one will do.
    write_pair("strange", stranger, (struct test_certificate_config){ .subject = "CN=alice" });
    server = (struct end){ .context = server.context, .room_size = ROOM_SIZE };
    client = (struct end){ .context = client_of(config_of("strange")), .room_size = ROOM_SIZE, .host = "localhost" };
    connect_client();
    while (!client.closed || !server.closed)
        loop_run(loop);
    expect_failure(&server, ERR_DENIED, "unable to get local issuer certificate");
    tls_context_unref(client.context);
    tls_context_unref(server.context);
}

static void the_names_of_a_clients_certificate_are_known(void **state)
{
    (void)state;
    write_pair("alice", authority,
               (struct test_certificate_config){
                   .subject = "DC=com,DC=example,OU=ops,CN=alice \xc3\xa4",
                   .names = "email:alice@example.com,DNS:a.example.com,URI:spiffe://example.com/alice,"
                            "DNS:b.example.com,IP:10.0.0.1" });
    server.context = verifying_server(TLS_VERIFY_REQUIRED);
    client.context = client_of(config_of("alice"));
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(client.context->ssl, version);
        server = (struct end){ .context = server.context, .room_size = ROOM_SIZE, .closes_at_end = true };
        client = (struct end){
            .context = client.context, .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true
        };
        connect_securely();
        const struct tls_peer *peer = conn_tls_peer(server.conn);
        assert_non_null(peer);
        assert_true(bytes_is(peer->subject, "CN=alice \xc3\xa4,OU=ops,DC=example,DC=com"));
        assert_int_equal(peer->emails.count, 1);
        assert_true(bytes_is(peer->emails.items[0], "alice@example.com"));
        assert_int_equal(peer->hosts.count, 2);
        assert_true(bytes_is(peer->hosts.items[0], "a.example.com"));
        assert_true(bytes_is(peer->hosts.items[1], "b.example.com"));
        assert_int_equal(peer->uris.count, 1);
        assert_true(bytes_is(peer->uris.items[0], "spiffe://example.com/alice"));
        static const uint8_t zeros[TLS_KEY_HASH_SIZE];
        assert_memory_not_equal(peer->key_sha256, zeros, sizeof(zeros));
        assert_ptr_equal(conn_tls_peer(server.conn), peer);
        close_both();
    }
    tls_context_unref(client.context);
    // A certificate that says nothing at all.
    write_pair("bare", authority, (struct test_certificate_config){ 0 });
    server = (struct end){ .context = server.context, .room_size = ROOM_SIZE, .closes_at_end = true };
    client = (struct end){
        .context = client_of(config_of("bare")), .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true
    };
    connect_securely();
    const struct tls_peer *peer = conn_tls_peer(server.conn);
    assert_non_null(peer);
    assert_int_equal(peer->subject.size + peer->emails.count + peer->hosts.count + peer->uris.count, 0);
    close_both();
    tls_context_unref(client.context);
    tls_context_unref(server.context);
}

// A raw socket of the other side.
static int raw_connect(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(listener_port(listener)) };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr any;
    memcpy(&any, &in, sizeof(any));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &any, sizeof(in)), 0);
    return fd;
}

static void wait_for_server_close(void)
{
    client.closed = true; // there is none
    while (!server.closed)
        loop_run(loop);
}

static void plain_bytes_on_a_tls_port_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *words;
    } rows[] = {
        { "CONNECT {\"verbose\":false}\r\nPING\r\n", "does not speak TLS" },
        { "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        server = (struct end){ .context = server_context, .room_size = ROOM_SIZE };
        int fd = raw_connect();
        size_t size = strlen(rows[i].bytes);
        assert_int_equal(send(fd, rows[i].bytes, size, 0), size);
        wait_for_server_close();
        expect_failure(&server, ERR_MALFORMED, rows[i].words);
        assert_int_equal(server.received, 0);
        close(fd);
    }
    // And the other way round: the client hears that nobody speaks TLS there.
    server = (struct end){ .room_size = ROOM_SIZE, .closes_at_end = true };
    client = (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "localhost" };
    connect_client();
    while (server.received == 0)
        run_for(1);
    conn_send(server.conn, (struct slice){ NULL, BYTES_LITERAL("-ERR 'Unknown Protocol Operation'\r\n") });
    while (!client.closed || !server.closed)
        loop_run(loop);
    expect_failure(&client, ERR_MALFORMED, "does not speak TLS");
}

static void a_peer_that_never_finishes_its_handshake_is_let_go(void **state)
{
    (void)state;
    static const char half[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc"; // the head of a ClientHello
    for (size_t i = 0; i < 2; i++) {
        server = (struct end){ .context = server_context, .room_size = ROOM_SIZE };
        int fd = raw_connect();
        if (i == 1)
            assert_int_equal(send(fd, half, sizeof(half) - 1, 0), sizeof(half) - 1);
        int64_t from_ms = loop_now_ms(loop);
        wait_for_server_close();
        expect_failure(&server, ERR_TIMEOUT, "in time");
        assert_in_range(loop_now_ms(loop) - from_ms, TLS_HANDSHAKE_TIMEOUT_MS - 100, TLS_HANDSHAKE_TIMEOUT_MS + 3000);
        close(fd);
    }
}

// A client without a conn, so that it can do what a conn never does. Runs the loop until the stream has what it wants.
struct raw_client {
    int fd;
    struct tls_stream *stream;
    uint8_t in[65536];
};

static void raw_flush(struct raw_client *raw)
{
    bytes_t output;
    while ((output = tls_stream_output(raw->stream)).size > 0) {
        ssize_t put = send(raw->fd, output.data, output.size, MSG_NOSIGNAL);
        assert_true(put > 0);
        tls_stream_sent(raw->stream, (size_t)put);
    }
}

// False at the end of the stream.
static bool raw_fill(struct raw_client *raw)
{
    raw_flush(raw);
    for (;;) {
        run_for(1);
        ssize_t got = recv(raw->fd, raw->in, sizeof(raw->in), MSG_DONTWAIT);
        if (got > 0)
            tls_stream_feed(raw->stream, bytes_of(raw->in, (size_t)got));
        if (got >= 0 || errno != EAGAIN)
            return got > 0;
    }
}

// SESSION: one to go on with, or NULL.
static struct raw_client *raw_resume(struct tls_context *context, SSL_SESSION *session)
{
    struct raw_client *raw = mem_zalloc(1, sizeof(*raw));
    raw->fd = raw_connect();
    raw->stream = tls_stream_new(context, "localhost");
    if (session != NULL)
        assert_int_equal(SSL_set_session(raw->stream->ssl, session), 1);
    err_t err;
    while (tls_stream_handshake(raw->stream, &err) == TLS_WANTS)
        assert_true(raw_fill(raw));
    raw_flush(raw);
    client.secured = 1; // so that the server's stops the loop
    while (server.secured == 0)
        run_for(1);
    return raw;
}

static struct raw_client *raw_open(struct tls_context *context)
{
    return raw_resume(context, NULL);
}

static void raw_free(struct raw_client *raw)
{
    close(raw->fd);
    tls_stream_free(raw->stream);
    free(raw);
}

static void an_end_that_is_not_announced_is_no_end(void **state)
{
    (void)state;
    struct raw_client *raw = raw_open(client_context);
    err_t err;
    assert_int_equal(tls_stream_write(raw->stream, BYTES_LITERAL("x"), &err), TLS_DONE);
    raw_flush(raw);
    shutdown(raw->fd, SHUT_WR);
    wait_for_server_close();
    raw_free(raw);
    assert_int_equal(server.received, 1);
    assert_false(server.ended);
    expect_failure(&server, ERR_RESET, "without saying so");
    // The announcement with the socket still open is one, and ours comes back.
    server = (struct end){ .context = server_context, .room_size = ROOM_SIZE, .closes_at_end = true };
    raw = raw_open(client_context);
    tls_stream_shut(raw->stream);
    raw_flush(raw);
    uint8_t room[100];
    size_t size;
    enum tls_result result;
    while ((result = tls_stream_read(raw->stream, room, sizeof(room), &size, &err)) == TLS_WANTS)
        assert_true(raw_fill(raw));
    assert_int_equal(result, TLS_ENDED);
    raw_free(raw);
    wait_for_server_close();
    assert_true(server.ended);
    assert_int_equal(server.why, ERR_OK);
}

static void broken_records_end_the_connection(void **state)
{
    (void)state;
    struct raw_client *raw = raw_open(client_context);
    err_t err;
    assert_int_equal(tls_stream_write(raw->stream, BYTES_LITERAL("hello"), &err), TLS_DONE);
    bytes_t output = tls_stream_output(raw->stream);
    raw->stream->output[raw->stream->output_at + output.size - 1] ^= 1;
    raw_flush(raw);
    wait_for_server_close();
    assert_int_equal(server.received, 0);
    expect_failure(&server, ERR_MALFORMED, "breaks TLS");
    raw_free(raw);
}

static void renegotiation_is_refused(void **state)
{
    (void)state;
    struct tls_context *older = client_of(config_of(NULL));
    SSL_CTX_set_max_proto_version(older->ssl, TLS1_2_VERSION);
    SSL_CTX_clear_options(older->ssl, SSL_OP_NO_RENEGOTIATION);
    struct raw_client *raw = raw_open(older);
    assert_int_equal(SSL_renegotiate(raw->stream->ssl), 1);
    err_t err = ERR_OK;
    enum tls_result result;
    while ((result = tls_stream_handshake(raw->stream, &err)) == TLS_WANTS)
        if (!raw_fill(raw))
            break;
    assert_int_equal(result, TLS_FAILED);
    assert_non_null(strstr(raw->stream->failure, "no renegotiation"));
    raw_free(raw);
    wait_for_server_close();
    tls_context_unref(older);
}

// Sends a byte and waits until it came back: a ticket, which a server of TLS 1.3 sends first, is read then.
static void raw_echo(struct raw_client *raw)
{
    uint8_t byte = pattern_at(0);
    size_t size;
    err_t err;
    assert_int_equal(tls_stream_write(raw->stream, bytes_of(&byte, 1), &err), TLS_DONE);
    while (tls_stream_read(raw->stream, &byte, 1, &size, &err) == TLS_WANTS)
        assert_true(raw_fill(raw));
}

static void a_session_goes_on_with_the_names_it_had(void **state)
{
    (void)state;
    write_pair("alice", authority, (struct test_certificate_config){ .subject = "CN=alice" });
    struct tls_context *first = verifying_server(TLS_VERIFY_REQUIRED), *second = verifying_server(TLS_VERIFY_REQUIRED);
    struct tls_context *alice = client_of(config_of("alice"));
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_CTX_set_max_proto_version(alice->ssl, version);
        SSL_SESSION *session = NULL;
        // A new context, as after a reload, does not take the tickets of the old one.
        struct tls_context *const servers[] = { first, first, second };
        for (size_t i = 0; i < ARRAY_COUNT(servers); i++) {
            server = (struct end){ .context = servers[i], .room_size = ROOM_SIZE, .echoes = true };
            struct raw_client *raw = raw_resume(alice, session);
            assert_int_equal(SSL_session_reused(raw->stream->ssl), i == 1);
            assert_true(bytes_is(conn_tls_peer(server.conn)->subject, "CN=alice"));
            raw_echo(raw);
            SSL_SESSION_free(session);
            session = SSL_get1_session(raw->stream->ssl);
            tls_stream_shut(raw->stream); // else OpenSSL takes the session for spoilt
            raw_free(raw);
            wait_for_server_close();
        }
        SSL_SESSION_free(session);
    }
    tls_context_unref(alice);
    tls_context_unref(first);
    tls_context_unref(second);
}

static void changed_files_are_for_the_connections_to_come(void **state)
{
    (void)state;
    write_pair("old", authority, (struct test_certificate_config){ .subject = "CN=old", .names = "DNS:localhost" });
    struct tls_context *first = server_of(config_of("old"));
    server.context = first;
    connect_securely();
    assert_true(bytes_is(conn_tls_peer(client.conn)->subject, "CN=old"));
    // The file is replaced, a new context takes the old one's place, which lives as long as its connections.
    write_pair("old", authority, (struct test_certificate_config){ .subject = "CN=new", .names = "DNS:localhost" });
    struct tls_context *second = server_of(config_of("old"));
    tls_context_unref(first);
    echo(1000);
    close_both();
    server = (struct end){ .context = second, .room_size = ROOM_SIZE, .closes_at_end = true };
    client =
        (struct end){ .context = client_context, .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true };
    connect_securely();
    assert_true(bytes_is(conn_tls_peer(client.conn)->subject, "CN=new"));
    echo(1000);
    close_both();
    tls_context_unref(second);
}

// A second loop that accepts beside the first, with the same context, and echoes.
struct second {
    struct loop *loop;
    struct listener *listener;
    struct message open, close;
    struct end end;
    size_t accepted;
};
static struct second second;

static void on_second_data(struct conn *conn, size_t size)
{
    take(conn_owner(conn), second.end.room, size);
}

static void on_second_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
}

static void on_second_accept(void *owner, struct conn *conn)
{
    static const struct conn_ops ops = { .on_room = on_room, .on_data = on_second_data, .on_close = on_second_close };
    (void)owner;
    second.accepted++;
    second.end.conn = conn;
    second.end.received = 0;
    conn_attach(conn, &ops, &second.end);
    start_tls(&second.end, BYTES_NULL);
}

static void on_second_open(struct message *message)
{
    (void)message;
    struct address address = { .host = "127.0.0.1", .port = listener_port(listener) };
    assert_int_equal(listener_open(second.loop, &address, on_second_accept, NULL, &second.listener, NULL), ERR_OK);
    loop_stop(loop);
}

static void on_second_shut(struct message *message)
{
    (void)message;
    listener_close(second.listener);
    loop_stop(second.loop);
}

static void loops_share_a_context(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    second =
        (struct second){ .loop = loop_new(1), .open.on_message = on_second_open, .close.on_message = on_second_shut };
    second.end = (struct end){ .context = server_context, .room_size = ROOM_SIZE, .echoes = true };
    loop_start_thread(second.loop);
    loop_post(second.loop, &second.open);
    loop_run(loop);
    size_t first = 0;
    for (size_t i = 0; i < COUNT; i++) {
        server =
            (struct end){ .context = server_context, .room_size = ROOM_SIZE, .closes_at_end = true, .echoes = true };
        client = (struct end){
            .context = client_context, .room_size = ROOM_SIZE, .host = "localhost", .closes_at_end = true
        };
        client.sends_at_once = true;
        client.expected = 6000;
        connect_client();
        while (client.received < 6000)
            loop_run(loop);
        assert_false(client.wrong);
        first += server.secured;
        conn_close(client.conn);
        while (!client.closed || server.conn != NULL)
            loop_run(loop);
        assert_int_equal(client.why, ERR_OK);
    }
    loop_post(second.loop, &second.close);
    loop_join(second.loop);
    loop_free(second.loop);
    assert_int_equal(first + second.accepted, COUNT);
    assert_true(first > 0 && second.accepted > 0);
}

int main(void)
{
#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TLS_TEST(shakes_hands_and_echoes),
        TLS_TEST(speaks_tls_1_2),
        TLS_TEST(a_version_that_is_too_old_is_refused),
        TLS_TEST(ciphers_curves_and_protocols_are_agreed_on),
        TLS_TEST(begins_in_plain_text_and_goes_on_encrypted),
        TLS_TEST(bytes_that_the_owner_read_already_belong_to_the_handshake),
        TLS_TEST(what_is_sent_before_the_handshake_arrives_behind_it),
        TLS_TEST(much_data_goes_both_ways),
        TLS_TEST(small_rooms_get_all_of_a_large_record),
        TLS_TEST(slices_of_a_turn_leave_in_one_write),
        TLS_TEST(a_slow_reader_fills_the_queue_and_drains_it_once),
        TLS_TEST(what_was_decrypted_waits_while_the_owner_pauses),
        TLS_TEST(closing_sends_what_is_queued),
        TLS_TEST(closing_during_the_handshake_drops_what_was_to_be_encrypted),
        TLS_TEST(a_certificate_of_a_stranger_is_refused),
        TLS_TEST(another_host_is_refused),
        TLS_TEST(a_certificate_out_of_its_time_is_refused),
        TLS_TEST(a_client_has_to_show_a_certificate_where_it_is_asked),
        TLS_TEST(the_names_of_a_clients_certificate_are_known),
        TLS_TEST(plain_bytes_on_a_tls_port_are_refused),
        TLS_TEST(a_peer_that_never_finishes_its_handshake_is_let_go),
        TLS_TEST(an_end_that_is_not_announced_is_no_end),
        TLS_TEST(broken_records_end_the_connection),
        TLS_TEST(renegotiation_is_refused),
        TLS_TEST(a_session_goes_on_with_the_names_it_had),
        TLS_TEST(changed_files_are_for_the_connections_to_come),
        TLS_TEST(loops_share_a_context),
    };
    return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
