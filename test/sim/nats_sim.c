// SPDX-License-Identifier: Apache-2.0
// The NATS door in the twin: nats_sim FIRST_SEED COUNT. Each seed makes another network and other clients: publishers
// that break off in the middle of a message, subscribers that read slowly or not at all, floods and garbage. What is
// checked: a subscriber sees the messages of each publisher in its account, and of nobody else, once, whole, in order
// and without a gap for as long as it is connected; a queue gets each at most once; who keeps up gets everything;
// output that waits for one client is bounded; nothing hangs, and the door empties and closes in the end. Two seeds of
// three have two or three loops, among which the accounts are spread, so that clients move when they have said CONNECT;
// the users are read again, and again, in the middle of it.
#include "base/assert.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/writer.h"
#include "io/file.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/sim/sim.h"
#include "nats/access.h"
#include "nats/monitor.h"
#include "nats/nats.h"
#include "seeds.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PUBLISHERS = 6,
    SUBSCRIBERS = 8, // two plain ones, two of each other kind
    DISTURBERS = 3,
    CLIENTS = PUBLISHERS + SUBSCRIBERS + DISTURBERS,
    LOOPS_MAX = 3,
    RELOADS = 200,   // of the users, one behind the other
    ACCOUNTS = 2,    // of publishers and subscribers in turn, where there are several loops
    LIVES = 64,      // connections of publishers; each is a publisher of its own to the checks
    MESSAGES = 4096, // most of one life
    STEPS = 60,
    TIME_LIMIT_MS = 120000,
    CLOSE_LIMIT_MS = 20000,
    MAX_PAYLOAD = 300000,
    CLOSED_KEPT = 5,                           // closed connections that /connz remembers
    SLACK_SIZE = 2 * (64 << 10) + MAX_PAYLOAD, // a chunk that is being filled, one that is on its way, one message
};

enum kind { PUBLISHER, SUBSCRIBER, SLOW_SUBSCRIBER, STUCK_SUBSCRIBER, QUEUE_SUBSCRIBER, DISTURBER };

struct client {
    struct nats_sim *world;
    enum kind kind;
    struct conn *conn; // NULL: gone
    struct timer step;
    struct writer in;
    size_t in_at;
    bool is_open, is_ready, is_done;
    unsigned steps_left;
    // PUBLISHER
    size_t life;
    uint32_t published;
    // SUBSCRIBER: the last number seen of each life; 0: none
    uint32_t seen[LIVES];
    int64_t ready_at; // lives from this one on began after it had subscribed
    bool was_cut;
    char connect[200];
};

struct nats_sim {
    uint64_t seed;
    struct sim *sim;
    struct loop *loops[LOOPS_MAX], *client_loop;
    size_t loop_count;
    struct nats_options options;
    struct nats_access *access, *old_access; // NULL: everybody may come in
    struct nats_door *door;
    struct address address;
    struct client clients[CLIENTS];
    size_t lives;
    size_t account[LIVES];
    uint32_t complete[LIVES]; // messages of a life whose last PING was answered; 0: it was cut
    uint8_t queued[LIVES][MESSAGES];
    uint64_t delivered;
    unsigned reloads_left;
    bool is_finishing, is_empty, is_closed, is_looked_at;
};

struct totals {
    uint64_t delivered, faults;
    int64_t slow, stalled, bad;
    size_t peak;
};

__attribute__((format(printf, 2, 3))) _Noreturn static void failed(const struct nats_sim *world, const char *format,
                                                                   ...)
{
    va_list args;
    va_start(args, format);
    printf("seed %llu: ", (unsigned long long)world->seed);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    exit(1);
}

static uint64_t choose(struct client *client, uint64_t bound)
{
    return sim_choose(client->world->sim, bound);
}

static size_t account_of(const struct client *client)
{
    const struct nats_sim *world = client->world;
    return world->access == NULL ? 0 : (size_t)(client - world->clients) % ACCOUNTS;
}

// --- what a subscriber is sent

static void take_message(struct client *client, bytes_t payload)
{
    struct nats_sim *world = client->world;
    unsigned life, number;
    int used = 0;
    char text[32] = { 0 };
    memcpy(text, payload.data, payload.size < sizeof text - 1 ? payload.size : sizeof text - 1);
    if (sscanf(text, "%u %u %n", &life, &number, &used) != 2 || life >= world->lives || number >= MESSAGES)
        failed(world, "a message says \"%s\"", text);
    for (size_t i = (size_t)used; i < payload.size; i++)
        if (payload.data[i] != (uint8_t)('a' + number % 26))
            failed(world, "message %u of %u is not what was sent", number, life);
    if (world->account[life] != account_of(client))
        failed(world, "a message of %u went into another account", life);
    world->delivered++;
    if (client->kind == QUEUE_SUBSCRIBER) {
        if (world->queued[life][number]++ > 0)
            failed(world, "a queue got message %u of %u twice", number, life);
        return;
    }
    uint32_t last = client->seen[life];
    if (number <= last || (last > 0 && number != last + 1))
        failed(world, "message %u of %u came behind %u", number, life, last);
    if (last == 0 && (int64_t)life >= client->ready_at && client->is_ready && number != 1)
        failed(world, "the first message of %u was %u", life, number);
    client->seen[life] = number;
}

static void on_pong(struct client *client)
{
    struct nats_sim *world = client->world;
    if (client->kind == PUBLISHER && client->steps_left == 0) {
        world->complete[client->life] = client->published;
        conn_close(client->conn);
    } else if (client->kind != PUBLISHER && !client->is_ready) {
        client->is_ready = true;
        client->ready_at = (int64_t)world->lives;
    }
}

// One line, with its payload if it has one. False: it is not whole.
static bool take_line(struct client *client)
{
    bytes_t rest = bytes_of(client->in.buf->data + client->in_at, client->in.size - client->in_at);
    const uint8_t *lf = rest.size == 0 ? NULL : memchr(rest.data, '\n', rest.size);
    if (lf == NULL)
        return false;
    size_t size = (size_t)(lf - rest.data) + 1;
    char line[600] = { 0 };
    memcpy(line, rest.data, size < sizeof line ? size : sizeof line - 1);
    if (memcmp(line, "MSG ", 4) == 0) {
        size_t payload = strtoul(strrchr(line, ' ') + 1, NULL, 10);
        if (rest.size < size + payload + 2)
            return false;
        if (client->kind != DISTURBER)
            take_message(client, bytes_of(rest.data + size, payload));
        size += payload + 2;
        if (rest.data[size - 2] != '\r' || rest.data[size - 1] != '\n')
            failed(client->world, "a message does not end where it says");
    } else if (memcmp(line, "PONG", 4) == 0) {
        on_pong(client);
    } else if (memcmp(line, "PING", 4) == 0) {
        conn_send(client->conn, (struct slice){ NULL, BYTES_LITERAL("PONG\r\n") });
    } else if (memcmp(line, "INFO ", 5) != 0 && memcmp(line, "-ERR ", 5) != 0 && memcmp(line, "+OK", 3) != 0) {
        failed(client->world, "the server said \"%s\"", line);
    }
    client->in_at += size;
    return true;
}

// --- a client's connection

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct client *client = conn_owner(conn);
    *ret_size = 1 + choose(client, 5000);
    return writer_reserve(&client->in, *ret_size);
}

static void on_data(struct conn *conn, size_t size)
{
    struct client *client = conn_owner(conn);
    writer_advance(&client->in, size);
    while (client->conn != NULL && take_line(client))
        continue;
    if (client->in_at == client->in.size) {
        writer_reset(&client->in);
        client->in_at = 0;
    }
}

static void on_open(struct conn *conn)
{
    struct client *client = conn_owner(conn);
    struct nats_sim *world = client->world;
    static const char *const subscribe[] = { [SUBSCRIBER] = "SUB t.> 1\r\nPING\r\n",
                                             [SLOW_SUBSCRIBER] = "SUB t.* 1\r\nPING\r\n",
                                             [STUCK_SUBSCRIBER] = "SUB t.> 1\r\nPING\r\n",
                                             [QUEUE_SUBSCRIBER] = "SUB t.m q 1\r\nPING\r\n" };
    client->is_open = true;
    if (client->kind == DISTURBER)
        return;
    int size =
        snprintf(client->connect, sizeof client->connect,
                 "CONNECT {\"verbose\":false,\"pedantic\":false,\"protocol\":1,\"user\":\"u%zu\",\"pass\":\"p\"}\r\n",
                 account_of(client));
    conn_send(conn, (struct slice){ NULL, bytes_of(client->connect, (size_t)size) });
    if (client->kind != PUBLISHER) {
        conn_send(conn, (struct slice){ NULL, bytes_of_text(subscribe[client->kind]) });
        return;
    }
    if (world->lives == LIVES)
        failed(world, "more lives than there is room for");
    client->life = world->lives++;
    world->account[client->life] = account_of(client);
    client->published = 0;
}

static void client_open(struct client *client);

static void on_close(struct conn *conn, err_t why)
{
    struct client *client = conn_owner(conn);
    (void)why;
    client->conn = NULL;
    client->is_open = client->is_ready = false;
    client->was_cut = true;
    writer_free(&client->in);
    client->in_at = 0;
}

static const struct conn_ops conn_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

static void client_open(struct client *client)
{
    memset(client->seen, 0, sizeof client->seen);
    client->conn = conn_open(client->world->client_loop, &client->world->address, &conn_ops, client);
}

// --- what clients do

static void publish(struct client *client)
{
    static const unsigned most[] = { 20, 20, 100, 100, 3000, 20000, MAX_PAYLOAD - 100 };
    struct writer out = WRITER_INIT;
    size_t begin = 0;
    for (size_t count = choose(client, 40); count > 0 && client->published + 1 < MESSAGES; count--) {
        char head[32];
        uint32_t number = ++client->published;
        int head_size = snprintf(head, sizeof head, "%zu %u ", client->life, number);
        size_t filler = choose(client, most[choose(client, count == 1 ? ARRAY_COUNT(most) : 5)]);
        begin = out.size;
        writer_format(&out, "PUB t.m %s%zu\r\n%s", choose(client, 4) == 0 ? "r.x " : "", (size_t)head_size + filler,
                      head);
        uint8_t *room = writer_reserve(&out, filler + 1);
        memset(room, 'a' + (int)(number % 26), filler);
        writer_advance(&out, filler);
        writer_text(&out, "\r\n");
    }
    bool breaks_off = out.size > 0 && !client->world->is_finishing && choose(client, 60) == 0;
    if (breaks_off)
        out.size = begin + choose(client, out.size - begin);
    conn_send(client->conn, writer_finish(&out));
    if (breaks_off && choose(client, 2) == 0)
        conn_close(client->conn);
    else if (breaks_off)
        conn_abort(client->conn);
}

static void publisher_step(struct client *client)
{
    if (client->conn == NULL && client->steps_left == 0) {
        client->is_done = true;
    } else if (client->conn == NULL) {
        if (client->world->lives + PUBLISHERS < LIVES)
            client_open(client);
        else
            client->steps_left = 0;
    } else if (client->is_open && client->steps_left > 0 && !conn_is_full(client->conn)) {
        publish(client);
        if (--client->steps_left == 0)
            conn_send(client->conn, (struct slice){ NULL, BYTES_LITERAL("PING\r\n") });
    }
}

static void subscriber_step(struct client *client)
{
    bool is_stuck = client->kind == STUCK_SUBSCRIBER, is_finishing = client->world->is_finishing;
    if (client->conn == NULL) {
        if (!is_stuck && !is_finishing && choose(client, 3) == 0)
            client_open(client);
    } else if (is_stuck && client->is_ready) {
        conn_pause(client->conn);
    } else if (client->kind == SLOW_SUBSCRIBER && !is_finishing) {
        if (choose(client, 2) == 0)
            conn_pause(client->conn);
        else
            conn_resume(client->conn);
    } else {
        conn_resume(client->conn);
    }
    client->is_done = is_finishing;
}

// Garbage, floods that nobody reads the answers of, connections that say nothing.
static void disturber_step(struct client *client)
{
    static const char *const words[] = { "PING\r\n",      "PUB x 5\r\nhe",      "GET / HTTP/1.1\r\n", "SUB > 1\r\n",
                                         "CONNECT {\r\n", "PUB d.x 1\r\nx\r\n", "HPUB t.x 1 2\r\n",   "UNSUB 1\r\n" };
    client->is_done = client->world->is_finishing;
    if (client->conn == NULL) {
        if (!client->is_done)
            client_open(client);
        return;
    }
    if (!client->is_open)
        return;
    if (client->is_done || choose(client, 10) == 0) {
        conn_abort(client->conn);
        return;
    }
    if (choose(client, 4) == 0)
        conn_pause(client->conn);
    struct writer out = WRITER_INIT;
    const char *word = words[choose(client, ARRAY_COUNT(words))];
    for (size_t count = choose(client, 500); count > 0; count--)
        writer_text(&out, word);
    conn_send(client->conn, writer_finish(&out));
}

static void on_step(struct timer *timer)
{
    struct client *client = CONTAINER_OF(timer, struct client, step);
    if (client->kind == PUBLISHER)
        publisher_step(client);
    else if (client->kind == DISTURBER)
        disturber_step(client);
    else
        subscriber_step(client);
    if (!client->is_done)
        timer_start(timer, 1 + (int64_t)choose(client, 40));
}

// --- one seed

static void trouble(struct nats_sim *world, bool on)
{
    struct sim_options *options = sim_options_of(world->sim);
    options->chunk_ppm = on ? 1 + (uint32_t)sim_choose(world->sim, 300000) : 1000;
    options->window_size = on ? 2000U << sim_choose(world->sim, 6) : 64 << 10;
    options->latency_max_us = on ? 20 + (uint32_t)sim_choose(world->sim, 5000) : 100;
    options->reset_ppm = on && sim_choose(world->sim, 3) == 0 ? 300 : 0;
    options->stall_ppm = on && sim_choose(world->sim, 2) == 0 ? 5000 : 0;
    options->stall_max_ms = 300;
}

static void on_lame_duck_empty(void *owner)
{
    struct nats_sim *world = owner;
    world->is_empty = true;
}

static void on_closed(void *owner)
{
    struct nats_sim *world = owner;
    world->is_closed = true;
}

struct order {
    struct message message;
    struct nats_sim *world;
    void (*give)(struct nats_sim *world);
};

static void on_order(struct message *message)
{
    struct order *order = CONTAINER_OF(message, struct order, message);
    order->give(order->world);
    free(order);
}

// To the loop of the door.
static void give_order(struct nats_sim *world, void (*give)(struct nats_sim *world))
{
    struct order *order = mem_zalloc(1, sizeof(*order));
    *order = (struct order){ { .on_message = on_order }, world, give };
    loop_post(world->loops[world->loop_count - 1], &order->message);
}

static void order_lame_duck(struct nats_sim *world)
{
    nats_door_lame_duck(world->door, on_lame_duck_empty, world);
}

static void order_close(struct nats_sim *world)
{
    nats_door_close(world->door, on_closed, world);
}

static struct nats_access *load_users(const struct nats_sim *world)
{
    static const char users[] = "no_auth_user: u0\naccounts { \n"
                                " A { users [ { user: u0, password: p } ] }\n"
                                " B { users [ { user: u1, password: p } ] }\n}\n";
    static const char *const environment[] = { NULL };
    struct nats_access *access = NULL;
    diag_t diag = { 0 };
    if (file_replace("users.conf", BYTES_LITERAL(users)) != ERR_OK ||
        nats_access_load("users.conf", environment, &access, &diag) != ERR_OK)
        failed(world, "%s: %s", diag.where, diag.text);
    return access;
}

static void order_users(struct nats_sim *world);

static void on_users_taken(void *owner)
{
    struct nats_sim *world = owner;
    nats_access_free(world->old_access);
    world->old_access = NULL;
    if (world->reloads_left > 0)
        order_users(world);
}

static void order_users(struct nats_sim *world)
{
    world->reloads_left--;
    world->old_access = world->access;
    world->access = load_users(world);
    nats_door_access_set(world->door, world->access, on_users_taken, world);
}

static bool publishers_are_done(void *owner)
{
    const struct nats_sim *world = owner;
    for (size_t i = 0; i < PUBLISHERS; i++)
        if (!world->clients[i].is_done)
            return false;
    return true;
}

static bool everything_is_done(void *owner)
{
    const struct nats_sim *world = owner;
    for (size_t i = 0; i < CLIENTS; i++)
        if (!world->clients[i].is_done)
            return false;
    return true;
}

static bool is_empty(void *owner)
{
    return ((const struct nats_sim *)owner)->is_empty;
}

static bool is_closed(void *owner)
{
    return ((const struct nats_sim *)owner)->is_closed;
}

static void run_until(struct nats_sim *world, bool (*done)(void *), int64_t limit_ms, const char *what)
{
    if (sim_run(world->sim, (struct sim_until){ .done = done, .owner = world, .time_ms = limit_ms }) != SIM_DONE)
        failed(world, "%s: it hangs", what);
}

static void start(struct nats_sim *world, uint64_t seed)
{
    *world = (struct nats_sim){ .seed = seed, .sim = sim_new(seed, NULL) };
    world->options = (struct nats_options){ .max_payload = MAX_PAYLOAD,
                                            .max_control_line = 4096,
                                            .max_pending = 400000 << sim_choose(world->sim, 6),
                                            .max_connections = 100,
                                            .max_closed_clients = CLOSED_KEPT,
                                            .ping_interval_ms = 1000,
                                            .ping_max = 1000,
                                            .write_deadline_ms = 3000 + (int64_t)sim_choose(world->sim, 10000),
                                            .producer_stall = sim_choose(world->sim, 4) != 0,
                                            .lame_duck_duration_ms = 3000,
                                            .lame_duck_grace_ms = 500 };
    world->loop_count = 1 + seed % LOOPS_MAX;
    for (size_t i = 0; i < world->loop_count; i++)
        loop_start_thread(world->loops[i] = loop_new((unsigned)i));
    loop_start_thread(world->client_loop = loop_new(LOOPS_MAX));
    if (world->loop_count > 1)
        world->access = load_users(world);
    world->address = (struct address){ .host = "127.0.0.1" };
    diag_t diag = { 0 };
    if (nats_door_open(world->loops, world->loop_count, &world->address, &world->options, world->access, &world->door,
                       &diag) != ERR_OK)
        failed(world, "%s: %s", diag.where, diag.text);
    world->address.port = nats_door_port(world->door);
    trouble(world, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *client = &world->clients[i];
        client->world = world;
        size_t subscriber = i - PUBLISHERS;
        client->kind = i < PUBLISHERS             ? PUBLISHER
                       : subscriber < 2           ? SUBSCRIBER
                       : subscriber < SUBSCRIBERS ? SLOW_SUBSCRIBER + (enum kind)(SUBSCRIBERS - 1 - subscriber) % 3
                                                  : DISTURBER;
        client->steps_left = STEPS;
        timer_init(&client->step, world->client_loop, on_step);
        client_open(client);
        timer_start(&client->step, 1 + (int64_t)choose(client, 300));
    }
}

// Who was there before a publisher came, and still is, has everything of it.
static void check_complete(const struct nats_sim *world)
{
    for (size_t i = PUBLISHERS; i < PUBLISHERS + SUBSCRIBERS; i++) {
        const struct client *client = &world->clients[i];
        if ((client->kind != SUBSCRIBER && client->kind != SLOW_SUBSCRIBER) || !client->is_ready)
            continue;
        for (size_t life = (size_t)client->ready_at; life < world->lives; life++)
            if (world->account[life] == account_of(client) && world->complete[life] > client->seen[life])
                failed(world, "client %zu has %u of %u messages of %zu", i, client->seen[life], world->complete[life],
                       life);
    }
}

// The monitoring pages are JSON whatever happens on the connections, and say no more than they may.
static const struct {
    const char *path, *query;
} pages[] = {
    { "/varz", "" },
    { "/connz", "state=closed&sort=reason&subs=detail" },
    { "/connz", "state=any&sort=pending&subs=1&auth=1" },
    { "/subsz", "subs=1&limit=3&offset=2" },
    { "/accstatz", "unused=1" },
};

struct look {
    struct nats_sim *world;
    size_t page;
};

static void look(struct look *look);

static void on_page(void *owner, int status, bytes_t text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct look *at = owner;
    const struct nats_sim *world = at->world;
    struct arena arena = ARENA_INIT;
    struct json_value *root = NULL;
    int64_t count = 0;
    if (status != 200 || json_parse(text, &limits, &arena, &root, NULL) != ERR_OK)
        failed(world, "%s?%s: status %d", pages[at->page].path, pages[at->page].query, status);
    (void)json_get_int(json_get(root, "num_connections"), &count);
    if (at->page == 1 && count > (int64_t)(CLOSED_KEPT * world->loop_count))
        failed(world, "%d closed connections are remembered", (int)count);
    arena_free(&arena);
    at->page++;
    look(at);
}

static void look(struct look *at)
{
    if (at->page < ARRAY_COUNT(pages)) {
        nats_monitor_ask(at->world->door, pages[at->page].path, bytes_of_text(pages[at->page].query), on_page, at);
        return;
    }
    at->world->is_looked_at = true;
    free(at);
}

static void order_look(struct nats_sim *world)
{
    struct look *at = mem_zalloc(1, sizeof(*at));
    at->world = world;
    look(at);
}

static bool is_looked_at(void *owner)
{
    return ((const struct nats_sim *)owner)->is_looked_at;
}

static void look_at_pages(struct nats_sim *world)
{
    world->is_looked_at = false;
    give_order(world, order_look);
    run_until(world, is_looked_at, CLOSE_LIMIT_MS, "looking at pages");
}

static void finish(struct nats_sim *world)
{
    if (world->access != NULL) {
        if (sim_choose(world->sim, 2) == 0) // else while they come in
            (void)sim_run_ms(world->sim, 1 + (int64_t)sim_choose(world->sim, 300));
        world->reloads_left = RELOADS;
        give_order(world, order_users);
    }
    run_until(world, publishers_are_done, TIME_LIMIT_MS, "publishing");
    trouble(world, false);
    world->is_finishing = true;
    look_at_pages(world); // in the middle of it
    run_until(world, everything_is_done, TIME_LIMIT_MS, "reading");
    (void)sim_run_ms(world->sim, 30000); // what is queued arrives, who is stuck is closed
    check_complete(world);
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &world->clients[i];
        if (client->kind == STUCK_SUBSCRIBER && client->conn != NULL && conn_queued(client->conn) > 0)
            failed(world, "a stuck subscriber is still there");
    }
    size_t most = (size_t)world->options.max_pending + SLACK_SIZE;
    if (sim_queued_peak(world->sim) > most)
        failed(world, "%zu bytes were queued for one client, %zu is the most", sim_queued_peak(world->sim), most);
    if (world->seed % 2 == 0) {
        give_order(world, order_lame_duck);
        run_until(world, is_empty, CLOSE_LIMIT_MS, "lame duck");
    }
}

static void stop(struct nats_sim *world, struct totals *totals)
{
    look_at_pages(world);
    for (size_t i = 0; i < world->loop_count; i++) {
        const struct nats_metrics *metrics = nats_door_metrics(world->door, i);
        totals->slow += gauge_get(&metrics->slow_consumers);
        totals->stalled += gauge_get(&metrics->stalled_clients);
        totals->bad += (int64_t)counter_get(&metrics->bad_requests);
    }
    give_order(world, order_close);
    run_until(world, is_closed, CLOSE_LIMIT_MS, "closing");
    for (size_t i = 0; i < CLIENTS; i++) {
        timer_stop(&world->clients[i].step);
        if (world->clients[i].conn != NULL)
            conn_abort(world->clients[i].conn);
    }
    (void)sim_run_ms(world->sim, CLOSE_LIMIT_MS);
    totals->delivered += world->delivered;
    totals->faults += sim_fault_count(world->sim);
    if (sim_queued_peak(world->sim) > totals->peak)
        totals->peak = sim_queued_peak(world->sim);
    for (size_t i = 0; i < world->loop_count; i++)
        loop_free(world->loops[i]);
    nats_access_free(world->access);
    loop_free(world->client_loop);
    sim_free(world->sim);
}

// Returns the run's hash.
static uint64_t run(uint64_t seed, void *totals)
{
    struct nats_sim *world = mem_zalloc(1, sizeof(*world));
    start(world, seed);
    // Also in the middle of everything.
    if (seed % 5 == 0)
        (void)sim_run_ms(world->sim, (int64_t)sim_choose(world->sim, 2000));
    else
        finish(world);
    uint64_t hash = sim_trace_hash(world->sim);
    stop(world, totals);
    free(world);
    return hash;
}

int main(int count, char **arguments)
{
    struct totals totals = { 0 };
    unsigned long long seeds;
    if (!seeds_run("nats_sim", count, arguments, run, &totals, &seeds))
        return 1;
    printf("%llu seeds: %llu messages delivered, %llu faults, %lld slow consumers, %lld stalls, %lld bad connections, "
           "at most %zu bytes queued for one\n",
           seeds, (unsigned long long)totals.delivered, (unsigned long long)totals.faults, (long long)totals.slow,
           (long long)totals.stalled, (long long)totals.bad, totals.peak);
    // What was not tried was not shown.
    bool is_weak = totals.slow == 0 || totals.stalled == 0 || totals.bad == 0 || totals.faults < seeds;
    if (seeds >= 50 && is_weak) {
        printf("the seeds tried too little\n");
        return 1;
    }
    return 0;
}
