// SPDX-License-Identifier: Apache-2.0
// tls_bench CIPHER SIZE CONNECTIONS WINDOW MILLISECONDS: what TLS costs on a connection of io/. A client sends WINDOW
// pieces of SIZE bytes on each connection and one more for each that comes back; the server's loop, on a thread of its
// own, echoes. CIPHER "plain": without TLS. Prints megabytes a second, CPU of each side for a gigabyte echoed, CPU of
// both for a connection that opens (with its handshake), and what an idle connection holds in memory.
#include "base/assert.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/system.h"
#include "io/testing/certificates.h"
#include "io/tls.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ROOM_SIZE = 65536,
    NS_PER_S = 1000000000,
};

static struct tls_context *server_context, *client_context; // NULL: plain
static struct loop *loop;
static size_t connections, window, opened, pending_open;
static struct buf *piece;
static uint64_t received;
static bool flowing;

static void on_close(struct conn *conn, err_t why)
{
    (void)conn;
    (void)why;
}

// The server. One buf for each read, sent back without a copy, as a door does.
static struct buf *free_buf;

static uint8_t *on_server_room(struct conn *conn, size_t *ret_size)
{
    (void)conn;
    if (free_buf == NULL)
        free_buf = buf_new(ROOM_SIZE);
    *ret_size = free_buf->capacity;
    return free_buf->data;
}

static void on_server_data(struct conn *conn, size_t size)
{
    struct buf *buf = free_buf;
    free_buf = NULL;
    conn_send(conn, slice_of(buf, 0, size));
    buf_unref(buf);
}

static void on_accept(void *owner, struct conn *conn)
{
    static const struct conn_ops ops = { .on_room = on_server_room, .on_data = on_server_data, .on_close = on_close };
    (void)owner;
    conn_attach(conn, &ops, NULL);
    if (server_context != NULL)
        conn_tls_start(conn, &(struct tls_start){ .context = server_context, .timeout_ms = 60000 });
}

static void *run_server(void *argument)
{
    loop_run(argument);
    return NULL;
}

// The client.
struct client {
    struct conn *conn;
    size_t partly; // bytes of a piece that came back
};

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    static uint8_t room[ROOM_SIZE];
    (void)conn;
    *ret_size = sizeof(room);
    return room;
}

static void on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    received += size;
    client->partly += size;
    for (; client->partly >= piece->capacity; client->partly -= piece->capacity)
        if (flowing)
            conn_send(conn, slice_of(piece, 0, piece->capacity));
}

static void count_open(void)
{
    opened++;
    if (--pending_open == 0)
        loop_stop(loop);
}

static void on_open(struct conn *conn)
{
    if (client_context != NULL)
        conn_tls_start(conn,
                       &(struct tls_start){ .context = client_context, .host = "localhost", .timeout_ms = 60000 });
    else
        count_open();
}

static void on_secure(struct conn *conn)
{
    (void)conn;
    count_open();
}

static int64_t cpu_of(pthread_t thread)
{
    clockid_t clock;
    struct timespec now;
    pthread_getcpuclockid(thread, &clock);
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
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

static void make_contexts(const char *cipher)
{
    const struct test_certificate_config config = { .subject = "CN=bench", .names = "DNS:localhost" };
    struct test_certificate *made = test_certificate_new(NULL, &config);
    char pem[64], key[64];
    snprintf(pem, sizeof(pem), "/tmp/eddy-tls-bench-%d.pem", (int)getpid());
    snprintf(key, sizeof(key), "/tmp/eddy-tls-bench-%d.key", (int)getpid());
    test_certificate_write(made, pem);
    test_key_write(made, key, NULL);
    test_certificate_free(made);
    const struct tls_config server = { .certificate_file = pem, .key_file = key, .ciphers = cipher };
    const struct tls_config client = { .ca_file = pem };
    diag_t diag;
    err_t err = tls_server_new(&server, &server_context, &diag);
    if (err == ERR_OK)
        err = tls_client_new(&client, &client_context, &diag);
    unlink(pem);
    unlink(key);
    if (err != ERR_OK) {
        fprintf(stderr, "%s: %s\n", diag.where, diag.text);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: tls_bench CIPHER|plain SIZE CONNECTIONS WINDOW MILLISECONDS\n");
        return 2;
    }
    static const struct conn_ops ops = {
        .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_secure = on_secure, .on_close = on_close
    };
    if (strcmp(argv[1], "plain") != 0)
        make_contexts(argv[1]);
    piece = buf_new(strtoul(argv[2], NULL, 10));
    memset(piece->data, 'x', piece->capacity);
    connections = strtoul(argv[3], NULL, 10);
    window = strtoul(argv[4], NULL, 10);
    int64_t time_ms = strtol(argv[5], NULL, 10);

    system_raise_file_limit();
    loop = loop_new(0);
    struct loop *server = loop_new(1);
    struct address address = { .host = "127.0.0.1" };
    struct listener *listener;
    err_t err = listener_open(server, &address, on_accept, NULL, &listener, NULL);
    ASSERT(err == ERR_OK);
    address.port = listener_port(listener);
    pthread_t thread;
    pthread_create(&thread, NULL, run_server, server);

    struct system_usage before, idle;
    system_usage_read(&before);
    int64_t open_ns = cpu_of(thread) + cpu_of(pthread_self());
    struct client *clients = mem_zalloc(connections, sizeof(*clients));
    pending_open = connections;
    for (size_t i = 0; i < connections; i++)
        clients[i].conn = conn_open(loop, &address, &ops, &clients[i]);
    loop_run(loop);
    ASSERT(opened == connections);
    run_for(100); // the server's side, and the tickets
    open_ns = cpu_of(thread) + cpu_of(pthread_self()) - open_ns;
    for (size_t i = 0; i < connections; i++) // idle is who was busy before
        conn_send(clients[i].conn, slice_of(piece, 0, piece->capacity));
    run_for(100);
    malloc_trim(0);
    system_usage_read(&idle);

    flowing = true;
    for (size_t i = 0; i < connections; i++)
        for (size_t j = 0; j < window; j++)
            conn_send(clients[i].conn, slice_of(piece, 0, piece->capacity));
    run_for(200); // until it flows
    uint64_t from_bytes = received;
    int64_t from_ns = clock_mono_ns(), server_ns = cpu_of(thread), client_ns = cpu_of(pthread_self());
    run_for(time_ms);
    double bytes = window == 0 ? 1 : (double)(received - from_bytes),
           seconds = (double)(clock_mono_ns() - from_ns) / NS_PER_S;
    server_ns = cpu_of(thread) - server_ns;
    client_ns = cpu_of(pthread_self()) - client_ns;
    printf("{\"megabytes_per_s\": %.1f, \"server_cpu_s_per_gb\": %.3f, \"client_cpu_s_per_gb\": %.3f, "
           "\"server_ns_per_echo\": %.0f, \"open_us\": %.1f, \"idle_bytes\": %.0f}\n",
           bytes / seconds / 1e6, (double)server_ns / bytes, (double)client_ns / bytes,
           (double)server_ns / (bytes / (double)piece->capacity), (double)open_ns / 1e3 / (double)connections,
           (double)(idle.resident_size - before.resident_size) / 2 / (double)connections);
    return 0; // the system closes what is open
}
