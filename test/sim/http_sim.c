// SPDX-License-Identifier: Apache-2.0
// Streams of the HTTP server in the twin: http_sim FIRST_SEED COUNT. Each seed makes another network and other clients:
// readers that are fast, slow or stuck, that leave in the middle, that ask for several things at once. What is checked:
// who stays gets every line of every stream, whole and in order, and the answers behind it; silence ends no stream, a
// reader that takes nothing does; every stream is ended once or lost once; what waits for one client is bounded; the
// server closes in time. Some seeds hold a thousand silent streams, which must cost nothing.
#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"
#include "http/server.h"
#include "http/target.h"
#include "io/loop.h"
#include "io/sim/sim.h"
#include "seeds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CLIENTS = 16,
    REQUESTS_MAX = 3,
    LINES_MAX = 300,
    LINE_MAX = 40000,
    IDLE_MS = 3000,
    SILENCE_MS = 3 * IDLE_MS,
    PAUSE_MAX_MS = 400,
    TIME_LIMIT_MS = 900000,
    CLOSE_LIMIT_MS = 60000,
    CROWD = 1000,
    CROWD_SILENCE_MS = 3600000,
    QUEUED_MAX = (256 << 10) + 2 * LINE_MAX, // the server's mark, and the line that passes it
};

enum kind { READER, SLOW, STUCK, LEAVER, OLD, KIND_COUNT }; // OLD speaks HTTP/1.0

struct client {
    struct world *world;
    enum kind kind;
    struct conn *conn; // NULL: gone
    struct timer step;
    struct writer in;
    size_t in_at;
    unsigned lines[REQUESTS_MAX];   // of each request; 0: not a stream
    unsigned request_count, answer; // the answer that is being read
    bool in_body, is_open, is_cut, wants_crlf;
    size_t chunk_left;
    unsigned line; // being read, from 1
    size_t line_at;
    size_t crowd_got;
};

struct stream {
    struct world *world;
    struct http_exchange *exchange;
    struct timer step;
    unsigned next, count;
};

struct world {
    uint64_t seed;
    struct sim *sim;
    struct loop *loop, *client_loop;
    struct http_server *server;
    struct address address;
    struct client clients[CLIENTS];
    struct client *crowd;
    struct http_exchange *crowd_streams[CROWD];
    struct timer crowd_timer;
    size_t crowd_count;
    uint64_t begun, ended, lost, silences, fulls, lines;
    bool has_resets, is_closing, is_closed;
};

struct totals {
    uint64_t lines, lost, silences, fulls, faults, cut;
    size_t peak;
};

__attribute__((format(printf, 2, 3))) _Noreturn static void failed(const struct world *world, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("seed %llu: ", (unsigned long long)world->seed);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

// The line of that number; both sides know it. Most are short, some are long.
static size_t line_of(unsigned number, uint8_t to[LINE_MAX])
{
    size_t size = 1 + number * 7919U % (number % 31 == 0 ? LINE_MAX - 1 : 700);
    memset(to, 'a' + (int)(number % 26), size);
    to[size - 1] = '\n';
    return size;
}

// --- the server's side

static void stream_end(struct stream *stream)
{
    http_stream_end(stream->exchange);
    stream->world->ended++;
    timer_stop(&stream->step);
    free(stream);
}

static void stream_go_on(struct stream *stream)
{
    struct world *world = stream->world;
    for (uint64_t budget = 1 + sim_choose(world->sim, 12); budget > 0; budget--) {
        if (stream->next > stream->count) {
            stream_end(stream);
            return;
        }
        if (http_stream_is_full(stream->exchange)) {
            world->fulls++;
            return; // on_drain goes on
        }
        struct buf *buf = buf_new(LINE_MAX);
        size_t size = line_of(stream->next++, buf->data);
        http_stream_send(stream->exchange, (struct slice){ buf, bytes_of(buf->data, size) });
    }
    bool is_silent = sim_choose(world->sim, 150) == 0;
    world->silences += is_silent;
    timer_start(&stream->step, is_silent ? SILENCE_MS : (int64_t)sim_choose(world->sim, 20));
}

static void on_stream_step(struct timer *timer)
{
    stream_go_on(CONTAINER_OF(timer, struct stream, step));
}

static void on_stream_drain(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    stream_go_on(owner);
}

static void on_stream_shut(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    stream_end(owner);
}

static void on_stream_gone(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    struct stream *stream = owner;
    stream->world->lost++;
    timer_stop(&stream->step);
    free(stream);
}

static const struct http_stream_ops stream_ops = { .on_drain = on_stream_drain,
                                                   .on_shut = on_stream_shut,
                                                   .on_gone = on_stream_gone };
static const struct http_reply stream_head = { .status = 200, .content_type = "text/plain" };

// "/watch/LINES"
static void get_watch(struct http_exchange *exchange, void *owner)
{
    struct world *world = owner;
    bytes_t path = exchange->request->path, segment;
    int64_t count = 0;
    if (!http_path_next(&path, &segment) || !http_path_next(&path, &segment) || !bytes_to_int64(segment, &count))
        failed(world, "the path is %.*s", BYTES_ARG(exchange->request->path));
    struct stream *stream = mem_zalloc(1, sizeof *stream);
    *stream = (struct stream){ .world = world, .exchange = exchange, .next = 1, .count = (unsigned)count };
    timer_init(&stream->step, world->loop, on_stream_step);
    world->begun++;
    if (!http_stream_begin(exchange, stream_head, &stream_ops, stream))
        failed(world, "a client left before its handler was called");
    stream_go_on(stream);
}

static void get_now(struct http_exchange *exchange, void *owner)
{
    (void)owner;
    http_reply(exchange, (struct http_reply){
                             .status = 200, .content_type = "text/plain", .body = { NULL, BYTES_LITERAL("now") } });
}

static void on_crowd_gone(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    struct world *world = owner;
    world->lost++;
}

static void get_silent(struct http_exchange *exchange, void *owner)
{
    static const struct http_stream_ops ops = { .on_gone = on_crowd_gone };
    struct world *world = owner;
    world->begun++;
    world->crowd_streams[world->crowd_count++] = exchange;
    if (!http_stream_begin(exchange, stream_head, &ops, world))
        failed(world, "a client of the crowd left");
}

static const struct http_prefix prefixes[] = { { "/watch/", get_watch } };
static const struct http_route routes[] = { { HTTP_GET, "/now", get_now }, { HTTP_GET, "/silent", get_silent } };

// --- what a client is sent

static bytes_t rest_of(const struct client *client)
{
    return bytes_of(client->in.buf->data + client->in_at, client->in.size - client->in_at);
}

static void next_answer(struct client *client)
{
    unsigned lines = client->lines[client->answer];
    if (lines > 0 && client->line != lines + 1 && !client->world->is_closing)
        failed(client->world, "a stream of %u lines ended in line %u", lines, client->line);
    client->answer++;
    client->in_body = false;
}

static bool take_head(struct client *client)
{
    bytes_t rest = rest_of(client);
    const uint8_t *end = rest.size == 0 ? NULL : memmem(rest.data, rest.size, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    char head[600] = { 0 };
    size_t size = (size_t)(end - rest.data) + 4;
    memcpy(head, rest.data, size < sizeof head ? size : sizeof head - 1);
    bool is_stream = client->lines[client->answer] > 0, is_old = client->kind == OLD;
    if (client->answer == client->request_count || memcmp(head, "HTTP/1.1 200 ", 13) != 0 ||
        (strstr(head, "chunked") != NULL) != (is_stream && !is_old) ||
        (strstr(head, "Content-Length: 3\r\n") != NULL) != !is_stream)
        failed(client->world, "answer %u begins with \"%s\"", client->answer, head);
    client->in_at += size;
    client->in_body = true;
    client->chunk_left = 0;
    client->wants_crlf = false;
    client->line = 1;
    client->line_at = 0;
    return true;
}

static void take_lines(struct client *client, bytes_t bytes)
{
    static uint8_t line[LINE_MAX];
    while (bytes.size > 0) {
        size_t size = line_of(client->line, line) - client->line_at;
        size_t part = bytes.size < size ? bytes.size : size;
        if (client->line > client->lines[client->answer] || memcmp(line + client->line_at, bytes.data, part) != 0)
            failed(client->world, "line %u is not what was sent", client->line);
        bytes = bytes_of(bytes.data + part, bytes.size - part);
        client->line_at += part;
        if (part < size)
            return;
        client->world->lines++;
        client->line++;
        client->line_at = 0;
    }
}

static bool take_chunk_frame(struct client *client)
{
    bytes_t rest = rest_of(client);
    const uint8_t *end = rest.size == 0 ? NULL : memmem(rest.data, rest.size, "\r\n", 2);
    if (end == NULL)
        return false;
    size_t size = (size_t)(end - rest.data);
    client->in_at += size + 2;
    if (client->wants_crlf) {
        if (size != 0)
            failed(client->world, "a chunk is longer than it says");
        client->wants_crlf = false;
        return true;
    }
    size_t chunk = 0;
    for (size_t i = 0; i < size; i++)
        chunk = chunk * 16 + (size_t)http_hex_value(rest.data[i]);
    if (size == 0 || size > 6)
        failed(client->world, "a chunk has the size \"%.*s\"", (int)size, (const char *)rest.data);
    if (chunk > 0) {
        client->chunk_left = chunk;
        return true;
    }
    if (rest.size < size + 4) { // "0", twice CRLF
        client->in_at -= size + 2;
        return false;
    }
    client->in_at += 2;
    next_answer(client);
    return true;
}

static bool take_body(struct client *client)
{
    bytes_t rest = rest_of(client);
    if (client->lines[client->answer] == 0) {
        if (rest.size < 3)
            return false;
        if (memcmp(rest.data, "now", 3) != 0)
            failed(client->world, "an answer is not \"now\"");
        client->in_at += 3;
        next_answer(client);
        return true;
    }
    if (client->kind != OLD && client->chunk_left == 0)
        return take_chunk_frame(client);
    size_t part = client->kind == OLD || rest.size < client->chunk_left ? rest.size : client->chunk_left;
    take_lines(client, bytes_of(rest.data, part));
    client->in_at += part;
    if (client->kind != OLD) {
        client->chunk_left -= part;
        client->wants_crlf = client->chunk_left == 0;
    }
    return part > 0;
}

// --- a client's connection

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = 1 + sim_choose(client->world->sim, 20000);
    return writer_reserve(&client->in, *ret_size);
}

static void on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    writer_advance(&client->in, size);
    if (client->world->crowd != NULL) {
        client->crowd_got = client->in.size;
        return;
    }
    while (client->in_body ? take_body(client) : take_head(client))
        continue;
    if (client->in_at == client->in.size) {
        writer_reset(&client->in);
        client->in_at = 0;
    }
    if (client->kind != OLD && client->answer == client->request_count)
        conn_close(conn);
}

static void on_open(struct conn *conn)
{
    struct client *client = conn_owner(conn);
    client->is_open = true;
    struct writer w = WRITER_INIT;
    for (unsigned i = 0; i < client->request_count; i++) {
        if (client->lines[i] > 0)
            writer_format(&w, "GET /watch/%u", client->lines[i]);
        else
            writer_text(&w, client->world->crowd != NULL ? "GET /silent" : "GET /now");
        writer_format(&w, " HTTP/1.%d\r\nHost: localhost\r\n\r\n", client->kind != OLD);
    }
    conn_send(conn, writer_finish(&w));
}

static void on_close(struct conn *conn, err_t why)
{
    (void)why;
    struct client *client = conn_owner(conn);
    client->conn = NULL;
    bool is_whole = client->answer == client->request_count;
    if (client->kind == OLD && client->in_body && client->line == client->lines[client->answer] + 1)
        is_whole = true;
    client->is_cut = !is_whole;
    bool may_be_cut = client->world->has_resets || client->world->is_closing || client->kind == LEAVER ||
                      client->kind == STUCK || client->world->crowd != NULL;
    if (client->is_cut && !may_be_cut)
        failed(client->world, "a client lost its connection in answer %u of %u, line %u", client->answer,
               client->request_count, client->line);
}

static const struct conn_ops conn_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

static void on_client_step(struct timer *timer)
{
    struct client *client = CONTAINER_OF(timer, struct client, step);
    if (client->conn == NULL)
        return;
    if (client->kind == STUCK && client->is_open) {
        conn_pause(client->conn);
    } else if (client->kind == SLOW && sim_choose(client->world->sim, 2) == 0) {
        conn_pause(client->conn);
    } else if (client->kind == LEAVER && sim_choose(client->world->sim, 20) == 0) {
        if (sim_choose(client->world->sim, 2) == 0)
            conn_abort(client->conn);
        else
            conn_close(client->conn);
        return;
    } else {
        conn_resume(client->conn);
    }
    timer_start(timer, 1 + (int64_t)sim_choose(client->world->sim, PAUSE_MAX_MS));
}

static void client_start(struct world *world, struct client *client, enum kind kind)
{
    client->world = world;
    client->kind = kind;
    client->request_count =
        kind == OLD || world->crowd != NULL ? 1 : 1 + (unsigned)sim_choose(world->sim, REQUESTS_MAX);
    for (unsigned i = 0; i < client->request_count && world->crowd == NULL; i++)
        client->lines[i] =
            kind == OLD || sim_choose(world->sim, 3) > 0 ? 1 + (unsigned)sim_choose(world->sim, LINES_MAX) : 0;
    timer_init(&client->step, world->client_loop, on_client_step);
    client->conn = conn_open(world->client_loop, &world->address, &conn_ops, client);
    if (world->crowd == NULL)
        timer_start(&client->step, 1 + (int64_t)sim_choose(world->sim, PAUSE_MAX_MS));
}

// --- one seed

static void trouble(struct world *world)
{
    struct sim_options *options = sim_options_of(world->sim);
    options->chunk_ppm = 1 + (uint32_t)sim_choose(world->sim, 300000);
    options->window_size = 2000U << sim_choose(world->sim, 6);
    options->latency_max_us = 20 + (uint32_t)sim_choose(world->sim, 3000);
    options->stall_ppm = sim_choose(world->sim, 2) == 0 ? 20000 : 0;
    options->stall_max_ms = 300;
    world->has_resets = sim_choose(world->sim, 3) == 0;
    options->reset_ppm = world->has_resets ? 1000 : 0;
}

static void on_closed(void *owner)
{
    ((struct world *)owner)->is_closed = true;
}

struct order {
    struct message message;
    struct world *world;
};

static void on_order_close(struct message *message)
{
    struct world *world = CONTAINER_OF(message, struct order, message)->world;
    world->is_closing = true;
    http_server_close(world->server, on_closed, world);
}

static bool is_closed(void *owner)
{
    return ((const struct world *)owner)->is_closed;
}

static bool clients_are_done(void *owner)
{
    const struct world *world = owner;
    for (size_t i = 0; i < CLIENTS; i++)
        if (world->clients[i].conn != NULL && world->clients[i].kind != STUCK) // those do not look whether it is closed
            return false;
    return world->begun == world->ended + world->lost;
}

static void run_until(struct world *world, bool (*done)(void *), int64_t limit_ms, const char *what)
{
    if (sim_run(world->sim, (struct sim_until){ .done = done, .owner = world, .time_ms = limit_ms }) != SIM_DONE)
        failed(world, "%s: it hangs", what);
}

static void start(struct world *world, uint64_t seed)
{
    *world = (struct world){ .seed = seed, .sim = sim_new(seed, NULL) };
    loop_start_thread(world->loop = loop_new(0));
    loop_start_thread(world->client_loop = loop_new(1));
    world->address = (struct address){ .host = "127.0.0.1" };
    struct http_site site = { .routes = routes,
                              .route_count = ARRAY_COUNT(routes),
                              .prefixes = prefixes,
                              .prefix_count = ARRAY_COUNT(prefixes),
                              .owner = world };
    http_limits_default(&site.limits);
    site.limits.idle_timeout_ms = IDLE_MS;
    site.limits.connection_count = CROWD + CLIENTS;
    diag_t diag = { 0 };
    if (http_server_open(world->loop, &world->address, &site, &world->server, &diag) != ERR_OK)
        failed(world, "%s: %s", diag.where, diag.text);
    world->address.port = http_server_port(world->server);
}

static void run_clients(struct world *world)
{
    trouble(world);
    for (size_t i = 0; i < CLIENTS; i++)
        client_start(world, &world->clients[i], (enum kind)(i % KIND_COUNT));
    if (world->seed % 5 == 0) { // closes in the middle of everything
        (void)sim_run_ms(world->sim, (int64_t)sim_choose(world->sim, 3000));
        return;
    }
    run_until(world, clients_are_done, TIME_LIMIT_MS, "reading");
    (void)sim_run_ms(world->sim, 4 * IDLE_MS); // the server lets go of who takes nothing
    if (gauge_get(&http_server_metrics(world->server)->connections) > 0)
        failed(world, "connections are left");
}

static void on_crowd_timer(struct timer *timer)
{
    struct world *world = CONTAINER_OF(timer, struct world, crowd_timer);
    struct buf *buf = buf_new(10000); // one for all
    memset(buf->data, 'x', 10000);
    for (size_t i = 0; i < CROWD; i++) {
        http_stream_send(world->crowd_streams[i], slice_of(buf, 0, 10000));
        http_stream_end(world->crowd_streams[i]);
        world->ended++;
    }
    buf_unref(buf);
}

static void run_crowd(struct world *world)
{
    world->crowd = mem_zalloc(CROWD, sizeof *world->crowd);
    for (size_t i = 0; i < CROWD; i++)
        client_start(world, &world->crowd[i], READER);
    (void)sim_run_ms(world->sim, 5000);
    if (world->crowd_count != CROWD)
        failed(world, "%zu of the crowd are there", world->crowd_count);
    uint64_t before = sim_step_count(world->sim);
    timer_init(&world->crowd_timer, world->loop, on_crowd_timer);
    timer_start(&world->crowd_timer, CROWD_SILENCE_MS);
    (void)sim_run_ms(world->sim, CROWD_SILENCE_MS - 1000);
    uint64_t steps = sim_step_count(world->sim) - before;
    if (steps > 100)
        failed(world, "an hour of silence took %llu steps", (unsigned long long)steps);
    (void)sim_run_ms(world->sim, 3000);
    for (size_t i = 0; i < CROWD; i++) {
        bytes_t in = writer_view(&world->crowd[i].in);
        if (in.size < 10000 || memcmp(in.data + in.size - 7, "\r\n0\r\n\r\n", 7) != 0)
            failed(world, "client %zu of the crowd got %zu bytes", i, in.size);
    }
}

static void client_stop(struct client *client)
{
    timer_stop(&client->step);
    if (client->conn != NULL)
        conn_abort(client->conn);
}

static void stop(struct world *world, struct totals *totals)
{
    struct order close = { { .on_message = on_order_close }, world };
    loop_post(world->loop, &close.message);
    run_until(world, is_closed, CLOSE_LIMIT_MS, "closing");
    if (world->begun != world->ended + world->lost)
        failed(world, "%llu streams began, %llu ended, %llu were lost", (unsigned long long)world->begun,
               (unsigned long long)world->ended, (unsigned long long)world->lost);
    if (sim_queued_peak(world->sim) > QUEUED_MAX)
        failed(world, "%zu bytes were queued for one client", sim_queued_peak(world->sim));
    for (size_t i = 0; i < CLIENTS; i++)
        client_stop(&world->clients[i]);
    for (size_t i = 0; i < CROWD && world->crowd != NULL; i++)
        client_stop(&world->crowd[i]);
    (void)sim_run_ms(world->sim, CLOSE_LIMIT_MS);
    totals->lines += world->lines;
    totals->lost += world->lost;
    totals->silences += world->silences;
    totals->fulls += world->fulls;
    totals->faults += sim_fault_count(world->sim);
    if (sim_queued_peak(world->sim) > totals->peak)
        totals->peak = sim_queued_peak(world->sim);
    for (size_t i = 0; i < CLIENTS; i++) {
        totals->cut += world->clients[i].is_cut;
        writer_free(&world->clients[i].in);
    }
    for (size_t i = 0; i < CROWD && world->crowd != NULL; i++)
        writer_free(&world->crowd[i].in);
    free(world->crowd);
    loop_free(world->loop);
    loop_free(world->client_loop);
    sim_free(world->sim);
}

// Returns the run's hash.
static uint64_t run(uint64_t seed, void *totals)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    start(world, seed);
    if (seed % 50 == 7)
        run_crowd(world);
    else
        run_clients(world);
    uint64_t hash = sim_trace_hash(world->sim);
    stop(world, totals);
    free(world);
    return hash;
}

int main(int count, char **arguments)
{
    struct totals totals = { 0 };
    unsigned long long seeds;
    if (!seeds_run("http_sim", count, arguments, run, &totals, &seeds))
        return 1;
    printf(
        "%llu seeds: %llu lines, %llu streams lost, %llu silences, %llu times full, %llu faults, %llu clients cut, at "
        "most %zu bytes queued for one\n",
        seeds, (unsigned long long)totals.lines, (unsigned long long)totals.lost, (unsigned long long)totals.silences,
        (unsigned long long)totals.fulls, (unsigned long long)totals.faults, (unsigned long long)totals.cut,
        totals.peak);
    // What was not tried was not shown.
    bool is_weak = totals.lost == 0 || totals.silences == 0 || totals.fulls == 0 || totals.faults < seeds;
    if (seeds >= 50 && is_weak) {
        printf("the seeds tried too little\n");
        return 1;
    }
    return 0;
}
