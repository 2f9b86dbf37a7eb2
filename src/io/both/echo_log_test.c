// SPDX-License-Identifier: Apache-2.0
// One small program, built twice: on the real system and on the twin. A server on one loop appends what it receives to
// a log, flushes it with a disk job, and only then sends it back; a client on another loop sends the next part when the
// last one is back. Both libraries must give the same bytes and the same order of callbacks.
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/random.h"

#include "base/assert.h"
#ifdef EDDY_TWIN
#include "io/sim/sim.h"
#endif

#include "base/test.h"

enum { PARTS = 50, PART_SIZE = 10000, LOG_LIMIT = PARTS * PART_SIZE, RECEIVE_SIZE = 4096 };

#define FOLDER   "echo_log_test.tmp"
#define LOG_PATH FOLDER "/log"

struct server {
    struct loop *loop;
    struct listener *listener;
    struct conn *conn;
    struct file *log;
    uint64_t log_size;
    uint8_t room[RECEIVE_SIZE];
    struct buf *flushing; // what the job writes
    struct disk_job job;
    err_t job_err;
    bool closed;
};

struct client {
    struct loop *loop;
    struct conn *conn;
    uint8_t room[RECEIVE_SIZE];
    uint8_t sent[LOG_LIMIT];
    size_t sent_size, received_size;
    unsigned parts;
    bool opened, bad, closed;
    struct timer timer;
    int64_t slept_from_ns, slept_ns;
};

struct program {
    struct server server;
    struct client client;
};

// --- server

static void flush_run(struct disk_job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, job);
    bytes_t bytes = bytes_of(server->flushing->data, server->flushing->capacity);
    server->job_err = file_write_at(server->log, server->log_size, &bytes, 1);
    if (server->job_err == ERR_OK)
        server->job_err = file_sync(server->log);
}

static void flush_done(struct disk_job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, job);
    struct buf *buf = server->flushing;
    server->flushing = NULL;
    server->log_size += buf->capacity;
    if (server->conn != NULL) {
        conn_send(server->conn, slice_of(buf, 0, buf->capacity));
        conn_resume(server->conn);
    }
    buf_unref(buf);
}

static uint8_t *server_room(struct conn *conn, size_t *ret_size)
{
    struct server *server = conn_owner(conn);
    *ret_size = sizeof(server->room);
    return server->room;
}

static void server_data(struct conn *conn, size_t size)
{
    struct server *server = conn_owner(conn);
    conn_pause(conn);
    server->flushing = buf_copy(bytes_of(server->room, size));
    server->job.loop = server->loop;
    server->job.run = flush_run;
    server->job.on_done = flush_done;
    disk_submit(DISK_FLUSH, &server->job);
}

static void server_close(struct conn *conn, err_t why)
{
    struct server *server = conn_owner(conn);
    server->closed = why == ERR_RESET;
    server->conn = NULL;
    listener_close(server->listener);
    loop_stop(server->loop);
}

static const struct conn_ops server_ops = { .on_room = server_room, .on_data = server_data, .on_close = server_close };

static void on_accept(void *owner, struct conn *conn)
{
    struct server *server = owner;
    server->conn = conn;
    conn_attach(conn, &server_ops, server);
}

// --- client

static void client_send(struct client *client)
{
    size_t size = 1 + (size_t)random_below(PART_SIZE - 1);
    struct buf *buf = buf_new(size);
    random_bytes(buf->data, size);
    memcpy(client->sent + client->sent_size, buf->data, size);
    client->sent_size += size;
    client->parts++;
    // Several slices of one buffer, as a protocol would send them.
    conn_send(client->conn, slice_of(buf, 0, size / 2));
    conn_send(client->conn, slice_of(buf, size / 2, size - size / 2));
    buf_unref(buf);
}

static uint8_t *client_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = sizeof(client->room);
    return client->room;
}

static void client_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    client->bad = client->bad || size > client->sent_size - client->received_size ||
                  memcmp(client->room, client->sent + client->received_size, size) != 0;
    client->received_size += size;
    if (client->bad)
        conn_abort(conn);
    else if (client->received_size == client->sent_size && client->parts < PARTS)
        client_send(client);
    else if (client->received_size == client->sent_size)
        conn_close(conn);
}

static void on_slept(struct timer *timer)
{
    struct client *client = CONTAINER_OF(timer, struct client, timer);
    client->slept_ns = clock_mono_ns() - client->slept_from_ns;
    client_send(client);
}

static void client_open(struct conn *conn)
{
    struct client *client = conn_owner(conn);
    client->opened = true;
    client->slept_from_ns = clock_mono_ns();
    timer_start(&client->timer, 20);
}

static void client_close(struct conn *conn, err_t why)
{
    struct client *client = conn_owner(conn);
    client->closed = why == ERR_OK;
    loop_stop(client->loop);
}

static const struct conn_ops client_ops = {
    .on_room = client_room, .on_data = client_data, .on_open = client_open, .on_close = client_close
};

// --- the program

static void folder_remove(void)
{
    if (file_exists(LOG_PATH))
        assert_int_equal(file_remove(LOG_PATH), ERR_OK);
    if (file_exists(FOLDER))
        assert_int_equal(dir_remove(FOLDER), ERR_OK);
}

static void program_run(struct program *program)
{
    static const unsigned threads[DISK_QUEUE_COUNT] = { 1, 1, 1 };
    struct server *server = &program->server;
    struct client *client = &program->client;
    folder_remove();
    assert_int_equal(dir_make(FOLDER), ERR_OK);
    assert_int_equal(file_open(LOG_PATH, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &server->log), ERR_OK);
    assert_int_equal(dir_sync(FOLDER), ERR_OK);
    disk_start(threads);
    server->loop = loop_new(0);
    client->loop = loop_new(1);
    struct address address = { .host = "127.0.0.1" };
    assert_int_equal(listener_open(server->loop, &address, on_accept, server, &server->listener, NULL), ERR_OK);
    address.port = listener_port(server->listener);
    timer_init(&client->timer, client->loop, on_slept);
    client->conn = conn_open(client->loop, &address, &client_ops, client);
    loop_start_thread(server->loop);
    loop_start_thread(client->loop);
    loop_join(client->loop);
    loop_join(server->loop);
    disk_stop();
    loop_free(client->loop);
    loop_free(server->loop);
    file_close(server->log);
}

static void program_check(struct program *program)
{
    struct server *server = &program->server;
    struct client *client = &program->client;
    assert_true(client->opened && client->closed && server->closed);
    assert_false(client->bad);
    assert_int_equal(server->job_err, ERR_OK);
    assert_int_equal(client->parts, PARTS);
    assert_int_equal(client->received_size, client->sent_size);
    assert_int_equal(server->log_size, client->sent_size);
    assert_true(client->slept_ns >= 19 * 1000000);
    struct buf *buf;
    assert_int_equal(file_read_whole(LOG_PATH, LOG_LIMIT, &buf), ERR_OK);
    assert_int_equal(buf->capacity, client->sent_size);
    assert_memory_equal(buf->data, client->sent, client->sent_size);
    buf_unref(buf);
    folder_remove();
}

#ifdef EDDY_TWIN
static uint64_t run_in_twin(uint64_t seed, struct program *program)
{
    // What slows things down and cuts them to pieces, but does not break the program.
    const struct sim_options options = {
        .pause_ppm = 5000,
        .pause_max_ms = 20,
        .wall_jump_ppm = 5000,
        .wall_jump_max_ms = 5000,
        .stall_ppm = 5000,
        .stall_max_ms = 20,
        .disk_delay_ppm = 50000,
        .disk_delay_max_ms = 20,
        .window_size = 8 << 10,
        .chunk_ppm = 300000,
    };
    struct sim *sim = sim_new(seed, &options);
    *program = (struct program){ 0 };
    program_run(program);
    program_check(program);
    assert_int_equal(sim_blocking_count(sim), 0);
    assert_true(sim_fault_count(sim) >= 3);
    uint64_t hash = sim_trace_hash(sim);
    sim_free(sim);
    return hash;
}
#endif

static void an_echo_server_with_a_flushed_log_runs_in_this_world(void **state)
{
    (void)state;
    static struct program program;
#ifdef EDDY_TWIN
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t hash = run_in_twin(seed, &program), again = run_in_twin(seed, &program);
        assert_true(hash == again);
    }
#else
    program_run(&program);
    program_check(&program);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_server_with_a_flushed_log_runs_in_this_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
