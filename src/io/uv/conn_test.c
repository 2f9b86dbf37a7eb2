// SPDX-License-Identifier: Apache-2.0
#include "io/net.h"

#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/system.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/test.h"

enum {
    ROOM_SIZE = 4096,
    TEST_LIMIT_MS = 20000, // a test that hangs ends here and fails
};

static struct loop *loop;
static struct timer limit;

// In front of the system's own, to count the writes of connections.
static size_t write_count;

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    write_count++;
    return syscall(SYS_sendmsg, fd, message, flags);
}

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up(void **state)
{
    (void)state;
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    timer_stop(&limit);
    loop_free(loop);
    return 0;
}

// One end of a connection.
struct end {
    struct conn *conn;
    uint8_t room[ROOM_SIZE];
    size_t received, drained;
    bool opened, closed, echoes, ended;
    err_t why;
    size_t expected; // stops the loop (through pending) when this much was received
    size_t *pending;
};

static void end_done(struct end *end)
{
    if (end->pending != NULL && --*end->pending == 0)
        loop_stop(loop);
    end->pending = NULL;
}

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct end *end = conn_owner(conn);
    *ret_size = ROOM_SIZE;
    return end->room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct end *end = conn_owner(conn);
    end->received += size;
    if (end->echoes) {
        struct buf *buf = buf_copy(bytes_of(end->room, size));
        conn_send(conn, slice_of(buf, 0, size));
        buf_unref(buf);
    }
    if (end->expected != 0 && end->received >= end->expected)
        end_done(end);
}

static void on_drain(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    end->drained++;
    assert_false(conn_is_full(conn));
}

static void on_open(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    end->opened = true;
}

static void on_close(struct conn *conn, err_t why)
{
    struct end *end = conn_owner(conn);
    assert_false(end->closed);
    end->closed = true;
    end->why = why;
    end->conn = NULL;
    end_done(end);
}

static const struct conn_ops accepted_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_close = on_close
};
static void on_end(struct conn *conn)
{
    struct end *end = conn_owner(conn);
    assert_false(end->ended);
    end->ended = true;
    end_done(end);
}

static const struct conn_ops late_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_end = on_end, .on_close = on_close
};
static const struct conn_ops outgoing_ops = {
    .on_room = on_room, .on_data = on_data, .on_drain = on_drain, .on_open = on_open, .on_close = on_close
};

// A listener that attaches the ends of its array one by one.
struct door {
    struct listener *listener;
    struct end *ends;
    size_t accepted, count;
    bool aborts, late;
    size_t *pending;
};

static void on_accept(void *owner, struct conn *conn)
{
    struct door *door = owner;
    assert_true(door->accepted < door->count);
    struct end *end = &door->ends[door->accepted++];
    end->conn = conn;
    conn_attach(conn, door->late ? &late_ops : &accepted_ops, end);
    if (door->aborts)
        conn_abort(conn);
    if (door->pending != NULL && --*door->pending == 0)
        loop_stop(loop);
}

static struct address address_of(const char *host, uint16_t port)
{
    struct address address = { .port = port };
    snprintf(address.host, sizeof(address.host), "%s", host);
    return address;
}

static struct door door_open(struct door *door, size_t count)
{
    *door = (struct door){ .ends = mem_zalloc(count, sizeof(struct end)), .count = count };
    struct address address = address_of("localhost", 0);
    diag_t diag;
    assert_int_equal(listener_open(loop, &address, on_accept, door, &door->listener, &diag), ERR_OK);
    assert_int_not_equal(listener_port(door->listener), 0);
    return *door;
}

static void door_free(struct door *door)
{
    if (door->listener != NULL)
        listener_close(door->listener);
    free(door->ends);
}

static void connect_end(struct end *end, const struct door *door, const char *host)
{
    struct address address = address_of(host, listener_port(door->listener));
    end->conn = conn_open(loop, &address, &outgoing_ops, end);
    assert_false(end->opened || end->closed);
}

static void send_bytes(struct conn *conn, size_t size)
{
    struct buf *buf = buf_new(size);
    memset(buf->data, 'x', size);
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

// A raw socket of the other side, so that a test decides when it reads.
static int raw_connect(uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr any;
    memcpy(&any, &in, sizeof(any));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &any, sizeof(in)), 0);
    return fd;
}

static void run_until(size_t *pending)
{
    if (*pending > 0)
        loop_run(loop);
    assert_int_equal(*pending, 0);
}

static void echoes_on_a_thousand_connections_with_one_write_each(void **state)
{
    (void)state;
    enum { COUNT = 1000, SIZE = 3000 };
    system_raise_file_limit();
    struct door door;
    door_open(&door, COUNT);
    size_t pending = COUNT;
    struct end *clients = mem_zalloc(COUNT, sizeof(*clients));
    for (size_t i = 0; i < COUNT; i++)
        door.ends[i].echoes = true;
    for (size_t i = 0; i < COUNT; i++) {
        clients[i].expected = SIZE;
        clients[i].pending = &pending;
        connect_end(&clients[i], &door, "127.0.0.1");
        for (int part = 0; part < 3; part++)
            send_bytes(clients[i].conn, SIZE / 3);
    }
    write_count = 0;
    run_until(&pending);
    assert_int_equal(write_count, 2 * COUNT); // three slices of the client, one answer
    pending = 2 * COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(clients[i].opened);
        assert_int_equal(clients[i].received, SIZE);
        clients[i].pending = door.ends[i].pending = &pending;
        conn_close(clients[i].conn);
    }
    run_until(&pending);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(clients[i].why, ERR_OK);
        assert_int_equal(door.ends[i].why, ERR_RESET);
    }
    free(clients);
    door_free(&door);
}

static void localhost_serves_both_families_on_one_port(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 3);
    size_t pending = 3;
    door.pending = &pending;
    struct end clients[3] = { 0 };
    connect_end(&clients[0], &door, "127.0.0.1");
    connect_end(&clients[1], &door, "::1");
    connect_end(&clients[2], &door, "localhost");
    run_until(&pending);
    bool v6 = false;
    for (size_t i = 0; i < 3; i++)
        v6 = v6 || strncmp(conn_peer(door.ends[i].conn), "[::1]:", 6) == 0;
    assert_true(v6);
    pending = 6;
    for (size_t i = 0; i < 3; i++) {
        clients[i].pending = door.ends[i].pending = &pending;
        conn_abort(clients[i].conn);
        conn_abort(door.ends[i].conn);
    }
    run_until(&pending);
    door_free(&door);
}

static void a_taken_port_is_busy_unless_this_process_has_it(void **state)
{
    (void)state;
    struct door door, second = { 0 };
    door_open(&door, 1);
    struct address address = address_of("localhost", listener_port(door.listener));
    diag_t diag = { 0 };
    assert_int_equal(listener_open(loop, &address, on_accept, &second, &second.listener, &diag), ERR_OK);
    listener_close(second.listener);
    // Another process would have such a socket: bound with both options, but not ours.
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    struct sockaddr_in in = { .sin_family = AF_INET };
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr any;
    memcpy(&any, &in, sizeof(any));
    assert_int_equal(bind(fd, &any, sizeof(in)), 0);
    assert_int_equal(listen(fd, 1), 0);
    socklen_t size = sizeof(any);
    getsockname(fd, &any, &size);
    memcpy(&in, &any, sizeof(in));
    address.port = ntohs(in.sin_port);
    assert_int_equal(listener_open(loop, &address, on_accept, &second, &second.listener, &diag), ERR_BUSY);
    assert_true(strlen(diag.text) > 0);
    close(fd);
    struct address nowhere = address_of("no-such-name.invalid", 1);
    assert_int_equal(listener_open(loop, &nowhere, on_accept, &second, &second.listener, &diag), ERR_INVALID);
    door_free(&door);
}

static void tells_why_a_connection_does_not_open(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 1);
    struct end clients[3] = { 0 };
    size_t pending = 3;
    struct address closed = address_of("localhost", listener_port(door.listener));
    listener_close(door.listener);
    door.listener = NULL;
    struct address unknown = address_of("no-such-name.invalid", 80);
    for (size_t i = 0; i < 3; i++)
        clients[i].pending = &pending;
    clients[0].conn = conn_open(loop, &closed, &outgoing_ops, &clients[0]);
    clients[1].conn = conn_open(loop, &unknown, &outgoing_ops, &clients[1]);
    clients[2].conn = conn_open(loop, &unknown, &outgoing_ops, &clients[2]);
    conn_close(clients[2].conn); // while the name is looked up
    run_until(&pending);
    assert_int_equal(clients[0].why, ERR_REFUSED);
    assert_int_equal(clients[1].why, ERR_NOT_FOUND);
    assert_int_equal(clients[2].why, ERR_OK);
    assert_false(clients[0].opened || clients[1].opened || clients[2].opened);
    door_free(&door);
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
}

static size_t read_all(int fd, size_t limit_size)
{
    static uint8_t room[65536];
    size_t total = 0;
    ssize_t got;
    while (total < limit_size && (got = recv(fd, room, sizeof(room), MSG_DONTWAIT)) != 0) {
        if (got < 0 && errno == EAGAIN)
            run_for(1);
        else if (got < 0)
            break;
        else
            total += (size_t)got;
    }
    return total;
}

static void a_slow_reader_fills_the_queue_and_drains_it_once(void **state)
{
    (void)state;
    enum { SIZE = 16 << 20, PART = 1 << 20 };
    struct door door;
    door_open(&door, 1);
    size_t pending = 1;
    door.pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    run_until(&pending);
    struct end *end = &door.ends[0];
    for (size_t i = 0; i < SIZE / PART; i++)
        send_bytes(end->conn, PART);
    assert_true(conn_is_full(end->conn));
    assert_int_equal(conn_queued(end->conn), SIZE);
    run_for(20);
    size_t stuck = conn_queued(end->conn);
    assert_in_range(stuck, PART, SIZE - 1); // the kernel took some of it, and no more comes
    assert_int_equal(end->drained, 0);
    assert_int_equal(read_all(fd, SIZE), SIZE);
    run_for(5);
    assert_int_equal(end->drained, 1);
    assert_int_equal(conn_queued(end->conn), 0);
    assert_false(conn_is_full(end->conn));
    pending = 1;
    end->pending = &pending;
    close(fd);
    run_until(&pending);
    assert_int_equal(end->why, ERR_RESET);
    door_free(&door);
}

static void close_sends_what_is_queued_even_with_input_unread(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    struct door door;
    door_open(&door, 1);
    size_t pending = 1;
    door.pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    run_until(&pending);
    struct end *end = &door.ends[0];
    conn_pause(end->conn);
    char junk[1000] = { 0 };
    assert_int_equal(send(fd, junk, sizeof(junk), 0), sizeof(junk));
    send_bytes(end->conn, SIZE);
    conn_close(end->conn);
    conn_close(end->conn);
    send_bytes(end->conn, 10); // dropped
    assert_false(end->closed);
    assert_int_equal(read_all(fd, SIZE + 10), SIZE);
    close(fd);
    pending = 1;
    end->pending = end->closed ? NULL : &pending;
    pending = end->closed ? 0 : 1;
    run_until(&pending);
    assert_int_equal(end->why, ERR_OK);
    assert_int_equal(end->received, 0);
    door_free(&door);
}

static void close_gives_a_peer_that_reads_nothing_five_seconds(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 1);
    size_t pending = 1;
    door.pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    run_until(&pending);
    struct end *end = &door.ends[0];
    pending = 1;
    end->pending = &pending;
    send_bytes(end->conn, 64 << 20);
    int64_t started_ns = clock_mono_ns();
    conn_close(end->conn);
    run_until(&pending);
    assert_in_range((clock_mono_ns() - started_ns) / 1000000, 4900, 8000);
    assert_int_equal(end->why, ERR_OK);
    close(fd);
    door_free(&door);
}

static void what_is_sent_before_the_connection_opens_arrives(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 2);
    struct end clients[2] = { 0 };
    size_t pending = 4;
    for (size_t i = 0; i < 2; i++) {
        door.ends[i].pending = clients[i].pending = &pending;
        connect_end(&clients[i], &door, "127.0.0.1");
    }
    send_bytes(clients[0].conn, 3 * (size_t)ROOM_SIZE); // fills each room to its end
    conn_close(clients[0].conn);                        // with something to send: it waits for the connection
    conn_close(clients[1].conn); // without: it does not, though the kernel has connected it by now
    run_until(&pending);
    assert_int_equal(door.ends[0].received, 3 * ROOM_SIZE);
    assert_int_equal(door.ends[1].received, 0);
    assert_int_equal(clients[0].why, ERR_OK);
    assert_int_equal(clients[1].why, ERR_OK);
    assert_false(clients[0].opened || clients[1].opened);
    door_free(&door);
}

// The second loop's side: it counts and drops what it accepts.
struct sink {
    struct loop *loop;
    struct listener *listener;
    struct message open, close;
    uint16_t port;
    struct end ends[200];
    size_t accepted;
};

static void on_sink_close(struct conn *conn, err_t why)
{
    struct end *end = conn_owner(conn);
    end->why = why;
}

static void on_sink_accept(void *owner, struct conn *conn)
{
    static const struct conn_ops ops = { .on_room = on_room, .on_data = on_data, .on_close = on_sink_close };
    struct sink *sink = owner;
    struct end *end = &sink->ends[sink->accepted++];
    conn_attach(conn, &ops, end);
    conn_close(conn);
}

static void on_sink_open(struct message *message)
{
    struct sink *sink = CONTAINER_OF(message, struct sink, open);
    struct address address = address_of("localhost", sink->port);
    assert_int_equal(listener_open(sink->loop, &address, on_sink_accept, sink, &sink->listener, NULL), ERR_OK);
    loop_stop(loop);
}

static void on_sink_shut(struct message *message)
{
    struct sink *sink = CONTAINER_OF(message, struct sink, close);
    listener_close(sink->listener);
    loop_stop(sink->loop);
}

static void two_loops_share_one_port(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static struct sink sink;
    struct door door;
    door_open(&door, COUNT);
    sink = (struct sink){ .loop = loop_new(1), .port = listener_port(door.listener) };
    sink.open.on_message = on_sink_open;
    sink.close.on_message = on_sink_shut;
    loop_start_thread(sink.loop);
    loop_post(sink.loop, &sink.open);
    loop_run(loop);
    static struct end clients[COUNT];
    size_t pending = COUNT;
    door.aborts = true;
    for (size_t i = 0; i < COUNT; i++) {
        clients[i].pending = &pending;
        connect_end(&clients[i], &door, "localhost");
    }
    run_until(&pending);
    loop_post(sink.loop, &sink.close);
    loop_join(sink.loop);
    loop_free(sink.loop);
    assert_int_equal(door.accepted + sink.accepted, COUNT);
    assert_true(door.accepted > 0 && sink.accepted > 0);
    door_free(&door);
}

// A socket that opens in the turn that closes another one gets its number.
static void the_number_of_a_closed_socket_is_free_at_once(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    static struct end clients[COUNT];
    struct door door;
    door_open(&door, COUNT);
    size_t ends_pending = 2 * COUNT;
    for (size_t i = 0; i < COUNT; i++) {
        size_t pending = 1;
        door.ends[i].echoes = true;
        clients[i] = (struct end){ .expected = 3, .pending = &pending };
        connect_end(&clients[i], &door, "127.0.0.1");
        send_bytes(clients[i].conn, 3);
        run_until(&pending);
        clients[i].expected = 0;
        clients[i].pending = door.ends[i].pending = &ends_pending;
        conn_abort(clients[i].conn);
        conn_abort(door.ends[i].conn);
    }
    run_until(&ends_pending);
    door_free(&door);
}

static void abort_drops_the_queue_and_reset_is_told(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 2);
    size_t pending = 2;
    door.pending = &pending;
    int first = raw_connect(listener_port(door.listener));
    int second = raw_connect(listener_port(door.listener));
    run_until(&pending);
    pending = 2;
    door.ends[0].pending = door.ends[1].pending = &pending;
    send_bytes(door.ends[0].conn, 64 << 20);
    run_for(5);
    conn_abort(door.ends[0].conn);
    assert_false(door.ends[0].closed);
    // The other peer resets while its queue is full.
    send_bytes(door.ends[1].conn, 64 << 20);
    run_for(5);
    struct linger hard = { .l_onoff = 1 };
    setsockopt(second, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(second);
    run_until(&pending);
    assert_true(door.ends[0].closed && door.ends[1].closed);
    err_t whys[] = { door.ends[0].why, door.ends[1].why };
    assert_true((whys[0] == ERR_OK && whys[1] == ERR_RESET));
    close(first);
    door_free(&door);
}

static void a_half_closed_peer_still_gets_its_answer(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 1);
    door.ends[0].echoes = true;
    size_t pending = 1;
    door.ends[0].pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    shutdown(fd, SHUT_WR);
    run_until(&pending);
    assert_int_equal(read_all(fd, 100), 5);
    assert_int_equal(door.ends[0].why, ERR_RESET);
    close(fd);
    door_free(&door);
}

static void an_owner_may_answer_turns_after_the_peers_end(void **state)
{
    (void)state;
    enum { SIZE = 4 << 20 }; // more than the kernel takes at once
    struct door door;
    door_open(&door, 1);
    door.late = true;
    struct end *end = &door.ends[0];
    size_t pending = 1;
    end->pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    shutdown(fd, SHUT_WR);
    run_until(&pending);
    assert_true(end->ended);
    assert_int_equal(end->received, 5);
    run_for(50);
    assert_false(end->closed);
    send_bytes(end->conn, 100);
    assert_int_equal(read_all(fd, 100), 100);
    assert_false(end->closed); // more may come
    send_bytes(end->conn, SIZE);
    run_for(20);
    assert_int_equal(read_all(fd, SIZE), SIZE);
    pending = 1;
    end->pending = &pending;
    conn_close(end->conn);
    run_until(&pending);
    assert_int_equal(end->why, ERR_OK);
    assert_int_equal(read_all(fd, 1), 0);
    close(fd);
    door_free(&door);
}

static void a_paused_connection_reads_nothing_until_it_resumes(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 1);
    size_t pending = 1;
    door.pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    run_until(&pending);
    struct end *end = &door.ends[0];
    conn_pause(end->conn);
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    run_for(5);
    assert_int_equal(end->received, 0);
    conn_resume(end->conn);
    run_for(5);
    assert_int_equal(end->received, 5);
    pending = 1;
    end->pending = &pending;
    conn_close(end->conn);
    run_until(&pending);
    close(fd);
    door_free(&door);
}

static void accepting_goes_on_after_descriptors_ran_out(void **state)
{
    (void)state;
    struct door door;
    door_open(&door, 1);
    size_t pending = 1;
    door.pending = &pending;
    int fd = raw_connect(listener_port(door.listener));
    struct rlimit limits, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limits), 0);
    low = limits;
    low.rlim_cur = (rlim_t)fd; // no descriptor above FD can be made, and those below are in use
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    struct system_usage before, after;
    run_for(50);
    size_t accepted = door.accepted;
    system_usage_read(&before);
    run_for(30);
    system_usage_read(&after);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limits), 0);
    assert_int_equal(accepted, 0);
    assert_true(after.cpu_ns - before.cpu_ns < 20 * 1000000); // it does not spin
    run_until(&pending);
    pending = 1;
    door.ends[0].pending = &pending;
    conn_close(door.ends[0].conn);
    run_until(&pending);
    close(fd);
    door_free(&door);
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        NET_TEST(echoes_on_a_thousand_connections_with_one_write_each),
        NET_TEST(localhost_serves_both_families_on_one_port),
        NET_TEST(a_taken_port_is_busy_unless_this_process_has_it),
        NET_TEST(tells_why_a_connection_does_not_open),
        NET_TEST(a_slow_reader_fills_the_queue_and_drains_it_once),
        NET_TEST(close_sends_what_is_queued_even_with_input_unread),
        NET_TEST(close_gives_a_peer_that_reads_nothing_five_seconds),
        NET_TEST(what_is_sent_before_the_connection_opens_arrives),
        NET_TEST(two_loops_share_one_port),
        NET_TEST(the_number_of_a_closed_socket_is_free_at_once),
        NET_TEST(abort_drops_the_queue_and_reset_is_told),
        NET_TEST(a_half_closed_peer_still_gets_its_answer),
        NET_TEST(an_owner_may_answer_turns_after_the_peers_end),
        NET_TEST(a_paused_connection_reads_nothing_until_it_resumes),
        NET_TEST(accepting_goes_on_after_descriptors_ran_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
