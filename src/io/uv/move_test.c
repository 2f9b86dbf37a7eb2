// SPDX-License-Identifier: Apache-2.0
// Connections that change their loop, as far as test/sim/both_worlds_move_test.c does not show it: TLS, and what
// happens on the way. Most tests run their loops one after the other on this thread, so that they choose what happens
// meanwhile.
#include "io/tls.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/testing/certificates.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"

enum {
    ROOM_SIZE = 20000,
    TEST_LIMIT_MS = 20000, // a test that hangs ends here and fails
};

static char folder[] = "/tmp/eddy-move-XXXXXX";
static struct tls_context *server_context, *client_context;

static int set_up_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    char certificate[64], key[64];
    snprintf(certificate, sizeof(certificate), "%s/server.pem", folder);
    snprintf(key, sizeof(key), "%s/server.key", folder);
    const struct test_certificate_config of_server = { .subject = "CN=server", .names = "DNS:localhost" };
    struct test_certificate *made = test_certificate_new(NULL, &of_server);
    test_certificate_write(made, certificate);
    test_key_write(made, key, NULL);
    test_certificate_free(made);
    const struct tls_config server = { .certificate_file = certificate, .key_file = key };
    const struct tls_config client = { .ca_file = certificate };
    assert_int_equal(tls_server_new(&server, &server_context, NULL), ERR_OK);
    assert_int_equal(tls_client_new(&client, &client_context, NULL), ERR_OK);
    unlink(certificate);
    unlink(key);
    return rmdir(folder);
}

static int tear_down_files(void **state)
{
    (void)state;
    tls_context_unref(server_context);
    tls_context_unref(client_context);
    return 0;
}

// --- two ends: the server's moves between `loops`, the client's is on the first or a plain socket

static struct loop *loops[3];
static struct timer limits[3];
static struct listener *listener;

struct end {
    struct conn *conn;
    struct loop *loop; // where its callbacks have to come
    struct tls_context *context;
    size_t room_size, received, drains, arrivals, secured, ends;
    bool echoes, closed, stops_at_data, wrong;
    bool roams; // moves after each piece that it gets
    unsigned moves;
    size_t to_send; // when it is open
    struct deferred leave;
    struct timer soon; // before it leaves, in the handshake
    err_t why;
    uint8_t room[ROOM_SIZE];
};

static struct end server, client;

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

static struct end *end_of(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    assert_ptr_equal(conn_loop(conn), end->loop);
    assert_ptr_equal(loop_current(), end->loop);
    assert_false(end->closed);
    return end;
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct end *end = end_of(conn);
    *ret_size = end->room_size;
    return end->room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct end *end = end_of(conn);
    for (size_t i = 0; i < size; i++)
        end->wrong = end->wrong || end->room[i] != pattern_at(end->received + i);
    if (end->echoes)
        send_pattern(conn, end->received, size);
    end->received += size;
    if (end->stops_at_data) {
        conn_pause(conn);
        loop_stop(end->loop);
    }
    if (end->roams)
        loop_defer(end->loop, &end->leave);
}

static void on_drain(struct conn *conn)
{
    end_of(conn)->drains++;
}

static void start_tls(struct end *end)
{
    if (end->context != NULL)
        conn_tls_start(end->conn,
                       &(struct tls_start){ .context = end->context, .host = end == &client ? "localhost" : NULL });
}

static void on_open(struct conn *conn)
{
    struct end *end = end_of(conn);
    start_tls(end);
    send_pattern(conn, 0, end->to_send);
}

static void on_secure(struct conn *conn)
{
    end_of(conn)->secured++;
}

static void on_end(struct conn *conn)
{
    end_of(conn)->ends++;
    loop_stop(loop_current());
}

static void on_soon(struct timer *timer)
{
    struct end *end = CONTAINER_OF(timer, struct end, soon);
    loop_defer(end->loop, &end->leave);
}

static void on_arrive(struct conn *conn)
{
    struct end *end = end_of(conn);
    end->arrivals++;
    timer_init(&end->soon, end->loop, on_soon);
    if (end->roams && end->context != NULL && end->secured == 0)
        timer_start(&end->soon, 1); // not at once: it would read nothing anywhere
    else if (!end->roams)
        loop_stop(end->loop);
}

static void on_close(struct conn *conn, err_t why)
{
    struct end *end = end_of(conn);
    end->closed = true;
    end->why = why;
    end->conn = NULL;
    loop_stop(end->loop);
}

static const struct conn_ops server_ops = { .on_room = on_room,
                                            .on_data = on_data,
                                            .on_drain = on_drain,
                                            .on_secure = on_secure,
                                            .on_end = on_end,
                                            .on_arrive = on_arrive,
                                            .on_close = on_close };
static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_secure = on_secure, .on_close = on_close
};

static bool move_to(struct end *end, struct loop *to)
{
    struct loop *from = end->loop;
    end->loop = to;
    end->moves++;
    if (conn_move(end->conn, to))
        return true;
    end->loop = from;
    end->moves--;
    return false;
}

// To and fro between the second and the third loop.
static void on_leave(struct deferred *leave)
{
    struct end *end = CONTAINER_OF(leave, struct end, leave);
    timer_stop(&end->soon);
    (void)move_to(end, loops[end->loop == loops[1] ? 2 : 1]);
}

static void on_accept(void *owner, struct conn *conn)
{
    (void)owner;
    server.conn = conn;
    conn_attach(conn, &server_ops, &server);
    start_tls(&server);
    if (server.roams)
        loop_defer(loops[0], &server.leave);
    else
        loop_stop(loops[0]);
}

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        loops[i] = loop_new(i);
        timer_init(&limits[i], loops[i], on_limit);
        timer_start(&limits[i], TEST_LIMIT_MS);
    }
    server = (struct end){ .room_size = ROOM_SIZE, .loop = loops[0], .leave.on_turn_end = on_leave };
    timer_init(&server.soon, loops[0], on_soon);
    client = (struct end){ .room_size = ROOM_SIZE, .loop = loops[0] };
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(loops[0], &address, on_accept, NULL, &listener, NULL), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    listener_close(listener);
    for (unsigned i = 0; i < 3; i++)
        timer_stop(&limits[i]);
    for (unsigned i = 0; i < 3; i++)
        loop_free(loops[i]);
    return 0;
}

static void stop_loop(struct timer *timer)
{
    loop_stop(timer->loop);
}

static void run_for(struct loop *loop, int64_t time_ms)
{
    struct timer timer;
    timer_init(&timer, loop, stop_loop);
    timer_start(&timer, time_ms);
    loop_run(loop);
    timer_stop(&timer);
}

// A plain socket to a server's end on the first loop.
static int raw_connect(void)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(listener_port(listener)) };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr any;
    memcpy(&any, &in, sizeof(any));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &any, sizeof(in)), 0);
    loop_run(loops[0]);
    assert_non_null(server.conn);
    return fd;
}

static void raw_send(int fd, size_t from, size_t size)
{
    uint8_t bytes[1000];
    assert_true(size <= sizeof(bytes));
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_at(from + i);
    assert_int_equal(send(fd, bytes, size, 0), size);
}

static void raw_reset(int fd)
{
    struct linger hard = { .l_onoff = 1 };
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
}

static void close_server(int fd)
{
    conn_close(server.conn);
    while (!server.closed)
        loop_run(server.loop);
    close(fd);
}

// --- plain

static void what_comes_on_the_way_is_read_where_it_goes(void **state)
{
    (void)state;
    int fd = raw_connect();
    const char *peer = conn_peer(server.conn);
    char name[64];
    snprintf(name, sizeof(name), "%s", peer);
    raw_send(fd, 0, 1000); // lies in the socket
    assert_true(move_to(&server, loops[1]));
    raw_send(fd, 1000, 1000);
    run_for(loops[0], 5); // nothing of it is there any more
    assert_int_equal(server.arrivals, 0);
    loop_run(loops[1]);
    assert_int_equal(server.arrivals, 1);
    assert_int_equal(server.received, 0);
    assert_string_equal(conn_peer(server.conn), name);
    run_for(loops[1], 5);
    raw_send(fd, 2000, 500);
    run_for(loops[1], 5);
    assert_int_equal(server.received, 2500);
    assert_true(move_to(&server, loops[0])); // and back
    loop_run(loops[0]);
    raw_send(fd, 2500, 500);
    run_for(loops[0], 5);
    assert_int_equal(server.received, 3000);
    assert_false(server.wrong);
    close_server(fd);
    assert_int_equal(server.why, ERR_OK);
}

static void a_peer_that_goes_on_the_way_is_told_behind_the_arrival(void **state)
{
    (void)state;
    int fd = raw_connect();
    assert_true(move_to(&server, loops[1]));
    raw_send(fd, 0, 1000);
    raw_reset(fd);
    loop_run(loops[1]);
    assert_int_equal(server.arrivals, 1);
    assert_false(server.closed);
    loop_run(loops[1]);
    assert_true(server.closed);
    assert_int_equal(server.why, ERR_RESET);
    // One that ends its stream only: what it sent before comes first.
    server = (struct end){ .room_size = ROOM_SIZE, .loop = loops[0] };
    fd = raw_connect();
    assert_true(move_to(&server, loops[1]));
    raw_send(fd, 0, 1000);
    shutdown(fd, SHUT_WR);
    loop_run(loops[1]);
    loop_run(loops[1]);
    assert_int_equal(server.received, 1000);
    assert_int_equal(server.ends, 1);
    // Its end is told once, here.
    assert_true(move_to(&server, loops[2]));
    loop_run(loops[2]);
    run_for(loops[2], 5);
    assert_int_equal(server.ends, 1);
    assert_false(server.closed);
    close_server(fd);
    assert_int_equal(server.why, ERR_OK);
}

static void reset_at_the_end(int fd)
{
    raw_reset(fd);
    while (!server.closed)
        loop_run(server.loop);
    assert_int_equal(server.why, ERR_RESET);
}

static size_t raw_read(int fd, struct loop *loop, size_t size)
{
    static uint8_t room[65536];
    size_t total = 0;
    while (total < size) {
        ssize_t got = recv(fd, room, sizeof(room), MSG_DONTWAIT);
        if (got == 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            assert_int_equal(room[i], pattern_at(total + (size_t)i));
        total += got > 0 ? (size_t)got : 0;
        if (got < 0)
            run_for(loop, 1);
    }
    return total;
}

static void what_the_socket_does_not_take_goes_along(void **state)
{
    (void)state;
    enum { SIZE = 16 << 20 };
    int fd = raw_connect();
    send_pattern(server.conn, 0, SIZE);
    run_for(loops[0], 5);
    size_t queued = conn_queued(server.conn);
    assert_in_range(queued, 1, SIZE - 1);
    assert_true(conn_is_full(server.conn));
    assert_true(move_to(&server, loops[1]));
    loop_run(loops[1]);
    assert_int_equal(conn_queued(server.conn), queued);
    assert_true(conn_is_full(server.conn));
    send_pattern(server.conn, SIZE, 1000);
    assert_int_equal(raw_read(fd, loops[1], SIZE + 1000), SIZE + 1000);
    run_for(loops[1], 5);
    assert_int_equal(server.drains, 1);
    assert_false(conn_is_full(server.conn));
    reset_at_the_end(fd);
}

static void a_paused_connection_stays_paused(void **state)
{
    (void)state;
    int fd = raw_connect();
    conn_pause(server.conn);
    raw_send(fd, 0, 100);
    assert_true(move_to(&server, loops[1]));
    loop_run(loops[1]);
    run_for(loops[1], 5);
    assert_int_equal(server.received, 0);
    conn_resume(server.conn);
    run_for(loops[1], 5);
    assert_int_equal(server.received, 100);
    close_server(fd);
}

static void who_closes_does_not_move(void **state)
{
    (void)state;
    int fd = raw_connect();
    send_pattern(server.conn, 0, 100);
    conn_close(server.conn);
    assert_false(move_to(&server, loops[1]));
    loop_run(loops[0]);
    assert_true(server.closed);
    assert_int_equal(raw_read(fd, loops[0], 100), 100);
    close(fd);
    server = (struct end){ .room_size = ROOM_SIZE, .loop = loops[0] };
    fd = raw_connect();
    conn_abort(server.conn);
    assert_false(move_to(&server, loops[1]));
    loop_run(loops[0]);
    assert_true(server.closed);
    assert_int_equal(server.arrivals, 0);
    close(fd);
}

// --- TLS

static void connect_client(void)
{
    struct address address = { .host = "127.0.0.1", .port = listener_port(listener) };
    client.conn = conn_open(loops[0], &address, &client_ops, &client);
}

// The server's end decrypts one piece, and pauses: the rest lies in the stream, or is read and not decrypted.
static void what_is_not_decrypted_goes_along(void **state)
{
    (void)state;
    enum { SIZE = 40000 };
    server.context = server_context;
    server.stops_at_data = true;
    server.room_size = 1000;
    client.context = client_context;
    client.to_send = SIZE;
    connect_client();
    while (server.received == 0)
        loop_run(loops[0]);
    run_for(loops[0], 20);
    assert_int_equal(server.received, 1000);
    assert_true(conn_is_secure(server.conn));
    char cipher[64];
    snprintf(cipher, sizeof(cipher), "%s", conn_tls_cipher(server.conn));
    assert_true(move_to(&server, loops[1]));
    loop_run(loops[1]);
    assert_true(conn_is_secure(server.conn));
    assert_string_equal(conn_tls_cipher(server.conn), cipher);
    run_for(loops[1], 5);
    assert_int_equal(server.received, 1000); // it is paused
    server.stops_at_data = false;
    conn_resume(server.conn);
    run_for(loops[1], 20);
    assert_int_equal(server.received, SIZE);
    assert_false(server.wrong);
    // And the other way.
    send_pattern(server.conn, 0, SIZE);
    assert_true(move_to(&server, loops[2]));
    loop_run(loops[2]);
    run_for(loops[2], 5);
    while (client.received < SIZE)
        run_for(loops[0], 5);
    assert_false(client.wrong);
    conn_close(client.conn);
    while (!client.closed)
        loop_run(loops[0]);
    while (server.ends == 0)
        loop_run(loops[2]);
    conn_close(server.conn);
    while (!server.closed)
        loop_run(loops[2]);
    assert_int_equal(server.secured, 1);
    assert_int_equal(server.why, ERR_OK);
}

static void the_time_for_the_handshake_goes_along(void **state)
{
    (void)state;
    enum { GONE_MS = 1000 };
    server.context = server_context;
    int fd = raw_connect(); // and says nothing
    int64_t from_ms = loop_now_ms(loops[0]);
    run_for(loops[0], GONE_MS);
    assert_true(move_to(&server, loops[1]));
    loop_run(loops[1]);
    while (!server.closed)
        loop_run(loops[1]);
    assert_int_equal(server.why, ERR_TIMEOUT);
    assert_in_range(loop_now_ms(loops[1]) - from_ms, TLS_HANDSHAKE_TIMEOUT_MS - 100,
                    TLS_HANDSHAKE_TIMEOUT_MS + GONE_MS - 100);
    close(fd);
}

static void on_shut(struct message *message)
{
    (void)message;
    loop_stop(loop_current());
}

static void on_watch(struct timer *timer)
{
    if (client.received >= client.to_send)
        loop_stop(timer->loop);
    else
        timer_start(timer, 5);
}

// Two loops on threads hand the server's end to each other, from its first byte on.
static void roam(size_t size)
{
    server.roams = server.echoes = true;
    struct timer watch;
    struct message shut[2] = { { .on_message = on_shut }, { .on_message = on_shut } };
    timer_init(&watch, loops[0], on_watch);
    client.to_send = size;
    connect_client();
    loop_start_thread(loops[1]);
    loop_start_thread(loops[2]);
    timer_start(&watch, 5);
    loop_run(loops[0]);
    for (size_t i = 0; i < 2; i++)
        loop_post(loops[i + 1], &shut[i]);
    loop_join(loops[1]);
    loop_join(loops[2]);
    assert_int_equal(client.received, size);
    assert_false(client.wrong || server.wrong);
    assert_int_equal(server.received, size);
    assert_true(server.moves > 20);
    server.roams = false;
    while (server.arrivals < server.moves) // one may be on its way
        loop_run(server.loop);
    conn_abort(client.conn);
    conn_abort(server.conn);
    loop_run(loops[0]);
    while (!server.closed)
        loop_run(server.loop);
}

static void a_loaded_connection_moves_all_the_time(void **state)
{
    (void)state;
    roam(8 << 20);
}

static void a_loaded_connection_with_tls_moves_all_the_time(void **state)
{
    (void)state;
    server.context = server_context;
    client.context = client_context;
    roam(8 << 20);
    assert_int_equal(server.secured, 1);
    assert_int_equal(client.secured, 1);
}

int main(void)
{
#define MOVE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MOVE_TEST(what_comes_on_the_way_is_read_where_it_goes),
        MOVE_TEST(a_peer_that_goes_on_the_way_is_told_behind_the_arrival),
        MOVE_TEST(what_the_socket_does_not_take_goes_along),
        MOVE_TEST(a_paused_connection_stays_paused),
        MOVE_TEST(who_closes_does_not_move),
        MOVE_TEST(what_is_not_decrypted_goes_along),
        MOVE_TEST(the_time_for_the_handshake_goes_along),
        MOVE_TEST(a_loaded_connection_moves_all_the_time),
        MOVE_TEST(a_loaded_connection_with_tls_moves_all_the_time),
    };
    return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
