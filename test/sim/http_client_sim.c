// SPDX-License-Identifier: Apache-2.0
// The HTTP client in the twin: http_client_sim FIRST_SEED COUNT. Each seed makes another network and another server,
// which answers at once, late or in chunks, lets go of idle connections when the client wants to use them, and is
// closed and opened again. What is checked: each call ends exactly once, within its time, or not at all if it was
// cancelled; an answer belongs to its call and is whole; the server sees no call twice, or at most twice if it may be
// repeated; without faults nothing fails but what is late; the client closes in time, with calls under way or without.
#include "http/client.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"
#include "http/server.h"
#include "io/sim/sim.h"
#include "seeds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CALLS = 300,
    BODY_MAX = 60000,
    DELAY_MAX_MS = 300,
    TIMEOUT_MAX_MS = 3000,
    IDLE_MS = 200, // of the server; the client keeps its connections longer
    TIME_LIMIT_MS = 600000,
    LATE_MS = 5, // a turn may begin that much after its time
};

struct job {
    struct http_call call;
    struct http_header header;
    struct slice body;
    struct world *world;
    char id[12];
    int64_t sent_ms;
    unsigned dones, seen;
    bool is_cancelled, is_ok;
};

// An exchange that is answered later.
struct late {
    struct http_exchange *exchange;
    struct world *world;
    struct timer timer;
    unsigned number;
};

struct world {
    uint64_t seed;
    struct sim *sim;
    struct loop *loop, *client_loop;
    struct http_server *server;
    struct http_site site;
    struct address address;
    struct http_url url;
    struct http_client *client;
    struct timer driver, restart;
    struct job jobs[CALLS];
    size_t sent, over;
    bool is_calm, is_closing, client_closed, server_closes, server_closed;
};

struct totals {
    uint64_t calls, errors[ERR_COUNT], cancelled, repeated, connections, faults;
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

// What belongs to that number; both sides know it.
static struct slice body_of(unsigned number, unsigned salt)
{
    size_t size = 1 + (number * 7919U + salt) % (number % 7 == 0 ? BODY_MAX : 300);
    struct buf *buf = buf_new(size);
    for (size_t i = 0; i < size; i++)
        buf->data[i] = (uint8_t)(number + salt + i / 64);
    return (struct slice){ buf, bytes_of(buf->data, size) };
}

static bool is_body_of(bytes_t body, unsigned number, unsigned salt)
{
    struct slice expected = body_of(number, salt);
    bool is = bytes_equal(body, expected.bytes);
    slice_free(&expected);
    return is;
}

// --- the server's side

static void on_stream_gone(struct http_exchange *exchange, void *owner)
{
    (void)exchange;
    (void)owner;
}

static void reply(struct http_exchange *exchange, unsigned number)
{
    static const struct http_stream_ops ops = { .on_gone = on_stream_gone };
    struct slice body = body_of(number, 1);
    if (number % 3 != 0) {
        http_reply(exchange, (struct http_reply){ .status = 200, .content_type = "text/plain", .body = body });
        return;
    }
    if (!http_stream_begin(exchange, (struct http_reply){ .status = 200, .content_type = "text/plain" }, &ops, NULL)) {
        slice_free(&body);
        return;
    }
    size_t half = body.bytes.size / 2;
    http_stream_send(exchange, slice_of(body.buf, 0, half));
    http_stream_send(exchange, slice_of(body.buf, half, body.bytes.size - half));
    slice_free(&body);
    http_stream_end(exchange);
}

static void on_late(struct timer *timer)
{
    struct late *late = CONTAINER_OF(timer, struct late, timer);
    reply(late->exchange, late->number);
    free(late);
}

static void post_event(struct http_exchange *exchange, void *owner)
{
    struct world *world = owner;
    int64_t number = -1;
    if (!bytes_to_int64(http_header_find(exchange->request, "Ce-Id"), &number) || number < 0 || number >= CALLS)
        failed(world, "a request came that nobody sent");
    world->jobs[number].seen++;
    if (!is_body_of(exchange->request->body, (unsigned)number, 0))
        failed(world, "the body of call %d is not what was sent", (int)number);
    if (sim_choose(world->sim, 3) > 0) {
        reply(exchange, (unsigned)number);
        return;
    }
    struct late *late = mem_zalloc(1, sizeof *late);
    *late = (struct late){ .exchange = exchange, .world = world, .number = (unsigned)number };
    timer_init(&late->timer, world->loop, on_late);
    timer_start(&late->timer, (int64_t)sim_choose(world->sim, DELAY_MAX_MS));
}

static const struct http_route routes[] = { { HTTP_POST, "/event", post_event }, { HTTP_PUT, "/event", post_event } };

static void server_open(struct world *world)
{
    diag_t diag = { 0 };
    if (http_server_open(world->loop, &world->address, &world->site, &world->server, &diag) != ERR_OK)
        failed(world, "%s: %s", diag.where, diag.text);
    world->address.port = http_server_port(world->server);
}

static void on_server_closed(void *owner)
{
    struct world *world = owner;
    world->server = NULL;
    if (world->is_closing)
        world->server_closed = true;
    else
        timer_start(&world->restart, 1 + (int64_t)sim_choose(world->sim, 100));
}

// Closes the server, or opens it again.
static void on_restart(struct timer *timer)
{
    struct world *world = CONTAINER_OF(timer, struct world, restart);
    if (world->server != NULL) {
        world->server_closes = true;
        http_server_close(world->server, on_server_closed, world);
        return;
    }
    world->server_closes = false;
    server_open(world);
    timer_start(timer, 200 + (int64_t)sim_choose(world->sim, 2000));
}

// --- the client's side

static void check_end(struct job *job, const struct http_result *result)
{
    struct world *world = job->world;
    int64_t took_ms = loop_now_ms(world->client_loop) - job->sent_ms;
    unsigned number = (unsigned)(job - world->jobs);
    if (job->dones++ > 0 || job->is_cancelled)
        failed(world, "call %u ended twice, or after it was cancelled", number);
    if (took_ms > job->call.timeout_ms + LATE_MS)
        failed(world, "call %u took %lld ms of %lld", number, (long long)took_ms, (long long)job->call.timeout_ms);
    if (result->err == ERR_OK && result->response->status != 200)
        failed(world, "call %u got %d", number, result->response->status);
    if (result->err == ERR_OK && !is_body_of(result->response->body, number, 1))
        failed(world, "the answer of call %u is not its own", number);
    bool is_expected = result->err == ERR_OK || result->err == ERR_TIMEOUT || result->err == ERR_LIMIT ||
                       (result->err == ERR_CANCELLED && world->is_closing) ||
                       (!world->is_calm && (result->err == ERR_RESET || result->err == ERR_REFUSED));
    if (!is_expected)
        failed(world, "call %u ended with %s: %s", number, err_name(result->err), result->why);
}

static struct totals *all;

static void on_done(struct http_call *call, const struct http_result *result)
{
    struct job *job = CONTAINER_OF(call, struct job, call);
    check_end(job, result);
    all->errors[result->err]++;
    job->is_ok = result->err == ERR_OK;
    job->world->over++;
}

static void send_one(struct world *world)
{
    static const enum http_method methods[] = { HTTP_POST, HTTP_POST, HTTP_PUT };
    unsigned number = (unsigned)world->sent++;
    struct job *job = &world->jobs[number];
    job->world = world;
    snprintf(job->id, sizeof job->id, "%u", number);
    job->body = body_of(number, 0);
    job->header = (struct http_header){ BYTES_LITERAL("Ce-Id"), bytes_of_text(job->id) };
    job->sent_ms = loop_now_ms(world->client_loop);
    job->call = (struct http_call){ .url = &world->url,
                                    .method = methods[sim_choose(world->sim, ARRAY_COUNT(methods))],
                                    .headers = &job->header,
                                    .header_count = 1,
                                    .body = &job->body,
                                    .body_count = 1,
                                    .timeout_ms = 50 + (int64_t)sim_choose(world->sim, TIMEOUT_MAX_MS),
                                    .is_repeatable = sim_choose(world->sim, 2) == 0,
                                    .on_done = on_done };
    http_client_send(world->client, &job->call);
}

static void cancel_one(struct world *world)
{
    struct job *job = &world->jobs[sim_choose(world->sim, world->sent)];
    if (job->dones > 0 || job->is_cancelled)
        return;
    job->is_cancelled = true;
    http_client_cancel(&job->call);
    world->over++;
    all->cancelled++;
}

static void on_driver(struct timer *timer)
{
    struct world *world = CONTAINER_OF(timer, struct world, driver);
    for (uint64_t count = 1 + sim_choose(world->sim, 12); count > 0 && world->sent < CALLS; count--)
        send_one(world);
    if (sim_choose(world->sim, 8) == 0)
        cancel_one(world);
    // Now and then as long as the server lets connections idle, so that both ends act at the same time.
    int64_t pause_ms = (int64_t)sim_choose(world->sim, 120);
    if (sim_choose(world->sim, 4) == 0)
        pause_ms = IDLE_MS - 3 + (int64_t)sim_choose(world->sim, 8);
    if (world->sent < CALLS)
        timer_start(timer, pause_ms);
}

// --- one seed

static void trouble(struct world *world)
{
    struct sim_options *options = sim_options_of(world->sim);
    options->chunk_ppm = 1 + (uint32_t)sim_choose(world->sim, 300000);
    options->window_size = 2000U << sim_choose(world->sim, 6);
    options->latency_max_us = 20 + (uint32_t)sim_choose(world->sim, 4000);
    if (world->is_calm)
        return;
    options->stall_ppm = sim_choose(world->sim, 2) == 0 ? 10000 : 0;
    options->stall_max_ms = 1000;
    options->reset_ppm = sim_choose(world->sim, 2) == 0 ? 3000 : 0;
    options->refuse_ppm = sim_choose(world->sim, 2) == 0 ? 30000 : 0;
    if (sim_choose(world->sim, 2) == 0)
        timer_start(&world->restart, (int64_t)sim_choose(world->sim, 2000));
}

static void on_client_closed(void *owner)
{
    ((struct world *)owner)->client_closed = true;
}

struct order {
    struct message message;
    struct world *world;
};

static void on_order_close_client(struct message *message)
{
    struct world *world = CONTAINER_OF(message, struct order, message)->world;
    timer_stop(&world->driver);
    http_client_close(world->client, on_client_closed, world);
}

static void on_order_close_server(struct message *message)
{
    struct world *world = CONTAINER_OF(message, struct order, message)->world;
    timer_stop(&world->restart);
    if (world->server == NULL)
        world->server_closed = true;
    else if (!world->server_closes)
        http_server_close(world->server, on_server_closed, world);
}

static bool calls_are_over(void *owner)
{
    const struct world *world = owner;
    return world->over == CALLS;
}

static bool client_is_closed(void *owner)
{
    return ((const struct world *)owner)->client_closed;
}

static bool server_is_closed(void *owner)
{
    return ((const struct world *)owner)->server_closed;
}

static void run_until(struct world *world, bool (*done)(void *), const char *what)
{
    if (sim_run(world->sim, (struct sim_until){ .done = done, .owner = world, .time_ms = TIME_LIMIT_MS }) != SIM_DONE)
        failed(world, "%s: it hangs", what);
}

static void start(struct world *world, uint64_t seed)
{
    *world = (struct world){ .seed = seed, .sim = sim_new(seed, NULL), .is_calm = seed % 4 == 0 };
    loop_start_thread(world->loop = loop_new(0));
    loop_start_thread(world->client_loop = loop_new(1));
    world->address = (struct address){ .host = "127.0.0.1" };
    world->site = (struct http_site){ .routes = routes, .route_count = ARRAY_COUNT(routes), .owner = world };
    http_limits_default(&world->site.limits);
    world->site.limits.idle_timeout_ms = world->is_calm ? TIME_LIMIT_MS : IDLE_MS;
    timer_init(&world->restart, world->loop, on_restart);
    server_open(world);
    char text[64];
    snprintf(text, sizeof text, "http://localhost:%u/event", (unsigned)world->address.port);
    if (http_url_parse(bytes_of_text(text), &world->url, NULL) != ERR_OK)
        failed(world, "the URL is refused");
    struct http_client_config config;
    http_client_config_default(&config);
    config.connection_count = 1 + (uint32_t)sim_choose(world->sim, 8);
    config.waiting_count = 5 + (uint32_t)sim_choose(world->sim, 200);
    config.idle_timeout_ms = world->is_calm ? 100 : 2 * IDLE_MS;
    world->client = http_client_open(world->client_loop, &config);
    timer_init(&world->driver, world->client_loop, on_driver);
    timer_start(&world->driver, 1);
}

static void check_jobs(const struct world *world)
{
    for (size_t i = 0; i < world->sent; i++) {
        const struct job *job = &world->jobs[i];
        bool may_repeat = job->call.is_repeatable || job->call.method == HTTP_PUT;
        if (job->dones + job->is_cancelled != 1)
            failed(world, "call %zu ended %u times", i, job->dones);
        if (job->is_ok && job->seen == 0)
            failed(world, "call %zu was answered and never seen", i);
        if (job->seen > (may_repeat && !world->is_calm ? 2 : 1))
            failed(world, "call %zu was seen %u times", i, job->seen);
    }
}

static void stop(struct world *world, struct totals *totals)
{
    world->is_closing = true;
    struct http_client_metrics *metrics = http_client_metrics(world->client);
    totals->calls += world->sent;
    totals->repeated += counter_get(&metrics->repeated_total);
    totals->connections += counter_get(&metrics->connections_total);
    struct order client = { { .on_message = on_order_close_client }, world };
    loop_post(world->client_loop, &client.message);
    run_until(world, client_is_closed, "closing the client");
    struct order server = { { .on_message = on_order_close_server }, world };
    loop_post(world->loop, &server.message);
    run_until(world, server_is_closed, "closing the server");
    check_jobs(world);
    totals->faults += sim_fault_count(world->sim);
    for (size_t i = 0; i < CALLS; i++)
        slice_free(&world->jobs[i].body);
    http_url_free(&world->url);
    loop_free(world->loop);
    loop_free(world->client_loop);
    sim_free(world->sim);
}

// Returns the run's hash.
static uint64_t run(uint64_t seed, void *totals)
{
    struct world *world = mem_zalloc(1, sizeof *world);
    all = totals;
    start(world, seed);
    trouble(world);
    if (seed % 5 == 0) // closes in the middle of everything
        (void)sim_run_ms(world->sim, (int64_t)sim_choose(world->sim, 1500));
    else
        run_until(world, calls_are_over, "calling");
    uint64_t hash = sim_trace_hash(world->sim);
    stop(world, totals);
    free(world);
    return hash;
}

int main(int count, char **arguments)
{
    struct totals totals = { 0 };
    unsigned long long seeds;
    if (!seeds_run("http_client_sim", count, arguments, run, &totals, &seeds))
        return 1;
    printf("%llu seeds: %llu calls on %llu connections, %llu repeated, %llu cancelled, %llu faults", seeds,
           (unsigned long long)totals.calls, (unsigned long long)totals.connections,
           (unsigned long long)totals.repeated, (unsigned long long)totals.cancelled,
           (unsigned long long)totals.faults);
    static const err_t shown[] = { ERR_OK, ERR_TIMEOUT, ERR_RESET, ERR_REFUSED, ERR_LIMIT, ERR_CANCELLED };
    bool is_weak = totals.repeated == 0 || totals.cancelled == 0;
    for (size_t i = 0; i < ARRAY_COUNT(shown); i++) {
        printf(", %s %llu", err_name(shown[i]), (unsigned long long)totals.errors[shown[i]]);
        is_weak = is_weak || totals.errors[shown[i]] == 0;
    }
    printf("\n");
    // What was not tried was not shown.
    if (seeds >= 50 && is_weak) {
        printf("the seeds tried too little\n");
        return 1;
    }
    return 0;
}
