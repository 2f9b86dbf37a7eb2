// SPDX-License-Identifier: Apache-2.0
// One program in both worlds: this file is linked with eddy_io and with eddy_io_sim. A server on one loop writes the
// lines that clients on another loop send into a log, flushes it on a disk thread, and echoes each line when it is
// durable.
#include "io/clock.h"
#include "io/disk.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/system.h"

#include "base/test.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"

#if BOTH_WORLDS_TWIN
#include "io/sim/sim.h"

static struct sim *world;

enum { RUNS = 40 };

static void world_start(uint64_t seed)
{
    world = sim_new(seed, NULL);
}

static void world_end(void)
{
    assert_int_equal(sim_blocking_count(world), 0);
    sim_free(world);
}
#else
enum { RUNS = 1 };

static void world_start(uint64_t seed)
{
    (void)seed;
}

static void world_end(void)
{
}
#endif

enum { CLIENTS = 3, LINES = 100, LINE_MAX_SIZE = 64 };

// --- the log: what is pending leaves with the next flush, one flush at a time

struct log_entry {
    struct list_node node;
    struct session *session; // NULL: gone meanwhile
    struct buf *line;
};

struct line_log {
    struct file *file;
    uint64_t size;
    struct list_node pending, flying; // struct log_entry
    struct disk_job job;
    struct deferred flush;
    bool busy;
    err_t err;
    unsigned flushes;
};

struct session {
    struct conn *conn;
    struct server *server;
    uint8_t room[37];
    char line[LINE_MAX_SIZE];
    size_t line_size;
};

struct server {
    struct loop *loop;
    struct listener *listener;
    struct line_log log;
    unsigned sessions;
};

static void log_run(struct disk_job *job)
{
    struct line_log *log = CONTAINER_OF(job, struct line_log, job);
    LIST_EACH(&log->flying, node)
    {
        const struct log_entry *entry = LIST_ITEM(node, struct log_entry, node);
        bytes_t part = bytes_of(entry->line->data, entry->line->capacity);
        if (log->err == ERR_OK)
            log->err = file_write_at(log->file, log->size, &part, 1);
        log->size += part.size;
    }
    if (log->err == ERR_OK)
        log->err = file_sync(log->file);
}

static void log_start(struct line_log *log)
{
    if (log->busy || list_empty(&log->pending))
        return;
    log->busy = true;
    list_splice(&log->flying, &log->pending);
    disk_submit(DISK_FLUSH, &log->job);
}

static void log_done(struct disk_job *job)
{
    struct line_log *log = CONTAINER_OF(job, struct line_log, job);
    assert_ptr_equal(loop_current(), job->loop);
    log->busy = false;
    log->flushes++;
    LIST_EACH(&log->flying, node)
    {
        struct log_entry *entry = LIST_ITEM(node, struct log_entry, node);
        list_remove(node);
        if (entry->session != NULL)
            conn_send(entry->session->conn, slice_of(entry->line, 0, entry->line->capacity));
        buf_unref(entry->line);
        free(entry);
    }
    log_start(log);
}

static void log_on_turn_end(struct deferred *deferred)
{
    log_start(CONTAINER_OF(deferred, struct line_log, flush));
}

static void log_forget(struct list_node *entries, const struct session *session)
{
    LIST_EACH(entries, node)
    {
        struct log_entry *entry = LIST_ITEM(node, struct log_entry, node);
        if (entry->session == session)
            entry->session = NULL;
    }
}

// --- the server

static void session_take(struct session *session, char byte)
{
    assert_true(session->line_size < LINE_MAX_SIZE);
    session->line[session->line_size++] = byte;
    if (byte != '\n')
        return;
    struct line_log *log = &session->server->log;
    struct log_entry *entry = mem_zalloc(1, sizeof(*entry));
    entry->session = session;
    entry->line = buf_copy(bytes_of(session->line, session->line_size));
    session->line_size = 0;
    list_append(&log->pending, &entry->node);
    loop_defer(session->server->loop, &log->flush);
}

static uint8_t *session_on_room(struct conn *conn, size_t *ret_size)
{
    struct session *session = conn_owner(conn);
    *ret_size = sizeof(session->room);
    return session->room;
}

static void session_on_data(struct conn *conn, size_t size)
{
    struct session *session = conn_owner(conn);
    for (size_t i = 0; i < size; i++)
        session_take(session, (char)session->room[i]);
}

static void session_on_close(struct conn *conn, err_t why)
{
    struct session *session = conn_owner(conn);
    struct server *server = session->server;
    assert_int_equal(why, ERR_RESET);
    log_forget(&server->log.pending, session);
    log_forget(&server->log.flying, session);
    free(session);
    if (--server->sessions > 0)
        return;
    listener_close(server->listener);
    loop_stop(server->loop);
}

static const struct conn_ops session_ops = { .on_room = session_on_room,
                                             .on_data = session_on_data,
                                             .on_close = session_on_close };

static void on_accept(void *owner, struct conn *conn)
{
    struct session *session = mem_zalloc(1, sizeof(*session));
    session->conn = conn;
    session->server = owner;
    conn_attach(conn, &session_ops, session);
}

// --- the clients: each keeps a few lines under way, and waits a little now and then

struct client {
    struct loop *loop;
    struct conn *conn;
    unsigned number, sent, echoed;
    struct timer pause;
    uint8_t room[100];
    char line[LINE_MAX_SIZE];
    size_t line_size;
    unsigned *open_count;
};

static size_t line_format(char *to, unsigned client, unsigned number)
{
    return (size_t)snprintf(to, LINE_MAX_SIZE, "client %u says %u\n", client, number);
}

static void client_send(struct client *client)
{
    for (; client->sent < LINES && client->sent < client->echoed + 7; client->sent++) {
        char line[LINE_MAX_SIZE];
        size_t size = line_format(line, client->number, client->sent);
        struct buf *buf = buf_copy(bytes_of(line, size));
        conn_send(client->conn, slice_of(buf, 0, size));
        buf_unref(buf);
    }
}

static void client_on_pause_end(struct timer *timer)
{
    client_send(CONTAINER_OF(timer, struct client, pause));
}

static void client_take(struct client *client, char byte)
{
    client->line[client->line_size++] = byte;
    if (byte != '\n')
        return;
    char expected[LINE_MAX_SIZE];
    size_t size = line_format(expected, client->number, client->echoed++);
    assert_int_equal(client->line_size, size);
    assert_memory_equal(client->line, expected, size);
    client->line_size = 0;
}

static uint8_t *client_on_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = sizeof(client->room);
    return client->room;
}

static void client_on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    for (size_t i = 0; i < size; i++)
        client_take(client, (char)client->room[i]);
    if (client->echoed == LINES)
        conn_close(conn);
    else if (client->echoed % 10 == 9)
        timer_start(&client->pause, 2);
    else
        client_send(client);
}

static void client_on_open(struct conn *conn)
{
    client_send(conn_owner(conn));
}

static void client_on_close(struct conn *conn, err_t why)
{
    struct client *client = conn_owner(conn);
    assert_int_equal(why, ERR_OK);
    timer_stop(&client->pause);
    if (--*client->open_count == 0)
        loop_stop(client->loop);
}

static const struct conn_ops client_ops = {
    .on_room = client_on_room, .on_data = client_on_data, .on_open = client_on_open, .on_close = client_on_close
};

// --- what is left

static void check_log(const char *path, const struct line_log *log)
{
    struct buf *content;
    assert_int_equal(log->err, ERR_OK);
    assert_int_equal(file_read_whole(path, 1 << 20, &content), ERR_OK);
    assert_int_equal(content->capacity, log->size);
    const char *at = (const char *)content->data, *end = at + content->capacity;
    unsigned next[CLIENTS] = { 0 };
    while (at < end) {
        unsigned client = (unsigned)(at[7] - '0');
        assert_in_range(client, 0, CLIENTS - 1);
        char expected[LINE_MAX_SIZE];
        size_t size = line_format(expected, client, next[client]++);
        assert_memory_equal(at, expected, size);
        at += size;
    }
    for (size_t i = 0; i < CLIENTS; i++)
        assert_int_equal(next[i], LINES);
    buf_unref(content);
}

static void server_start(struct server *server, const char *path)
{
    struct line_log *log = &server->log;
    server->loop = loop_new(0);
    server->sessions = CLIENTS;
    list_init(&log->pending);
    list_init(&log->flying);
    log->job = (struct disk_job){ .loop = server->loop, .run = log_run, .on_done = log_done };
    log->flush.on_turn_end = log_on_turn_end;
    assert_int_equal(file_open(path, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &log->file), ERR_OK);
    struct address address;
    assert_int_equal(address_parse("127.0.0.1:0", 0, &address, NULL), ERR_OK);
    assert_int_equal(listener_open(server->loop, &address, on_accept, server, &server->listener, NULL), ERR_OK);
    loop_start_thread(server->loop);
}

static void clients_run(struct client clients[CLIENTS], uint16_t port)
{
    struct loop *loop = loop_new(1);
    struct address address = { .host = "localhost", .port = port };
    unsigned open_count = CLIENTS;
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){ .loop = loop, .number = i, .open_count = &open_count };
        timer_init(&clients[i].pause, loop, client_on_pause_end);
        clients[i].conn = conn_open(loop, &address, &client_ops, &clients[i]);
    }
    loop_run(loop);
    loop_free(loop);
}

static void server_and_clients_run(uint64_t seed)
{
    world_start(seed);
    char folder[64], path[80];
    snprintf(folder, sizeof(folder), "both-worlds-%llu", (unsigned long long)system_process_id());
    snprintf(path, sizeof(path), "%s/log", folder);
    assert_int_equal(dir_make(folder), ERR_OK);
    disk_start((const unsigned[DISK_QUEUE_COUNT]){ 1, 1, 1 });
    struct server server = { 0 };
    struct client clients[CLIENTS];
    server_start(&server, path);
    int64_t start_ns = clock_mono_ns();
    clients_run(clients, listener_port(server.listener));
    loop_join(server.loop);
    assert_true(clock_mono_ns() > start_ns);
    disk_stop();
    check_log(path, &server.log);
    assert_in_range(server.log.flushes, 1, CLIENTS * LINES);
    file_close(server.log.file);
    loop_free(server.loop);
    assert_int_equal(file_remove(path), ERR_OK);
    assert_int_equal(dir_remove(folder), ERR_OK);
    world_end();
}

static void a_server_with_a_log_runs_in_this_world(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        server_and_clients_run(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_server_with_a_log_runs_in_this_world) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
