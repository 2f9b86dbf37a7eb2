// SPDX-License-Identifier: Apache-2.0
// The doors of all loops as one: they open, tell their name, go into lame duck mode, close.
#include "nats/door.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/clock.h"
#include "io/random.h"
#include "nats/monitor.h"

#include <stdlib.h>

enum {
    LAME_DUCK_STEP_MS = 1000, // longest time between two connections that are closed
    LAME_DUCK_IDLE_MS = 100,  // until the next look when there is none that could be
    LOOK_MS = 10,             // how soon it is seen that the last connection of another loop is gone
};

// --- one door

static void on_lame_duck(struct timer *timer);

static void on_accept(void *owner, struct conn *conn)
{
    nats_conn_accept(owner, conn);
}

static struct nats_door *door_new(struct nats_group *group, unsigned at, struct loop *loop,
                                  const struct nats_options *options, const struct nats_access *access)
{
    struct nats_door *door = mem_zalloc(1, sizeof(*door));
    door->group = group;
    door->at = at;
    door->loop = loop;
    door->options = *options;
    door->site.options = &door->options;
    door->site.metrics = &door->metrics;
    door->site.accounts = &door->accounts;
    door->site.access = access;
    door->site.verifier = verifier_new(loop);
    door->closed_conns.max = (size_t)options->max_closed_clients;
    door->config_ms = group->start_ms;
    door->wall_ahead_ms = group->start_ms - loop_now_ms(loop);
    nats_conns_init(door);
    nats_accounts_init(&door->accounts, random_u64(), at, group->count);
    nats_accounts_add(&door->accounts, access->directory);
    timer_init(&door->lame_duck, loop, on_lame_duck);
    return door;
}

static void door_stop_listening(struct nats_door *door)
{
    if (door->listener != NULL)
        listener_close(door->listener);
    door->listener = NULL;
}

// On its loop. The memory stays.
static void door_deinit(struct nats_door *door)
{
    door_stop_listening(door);
    timer_stop(&door->lame_duck);
    verifier_free(door->site.verifier);
    nats_accounts_deinit(&door->accounts);
    nats_closed_free(&door->closed_conns);
    nats_chunks_free(&door->site.chunks);
    nats_conns_deinit(door);
}

// --- all of them

static void on_look(struct timer *timer)
{
    nats_group_look(CONTAINER_OF(timer, struct nats_group, look));
}

static void group_name(struct nats_group *group)
{
    uint8_t key[32];
    char id[NATS_SERVER_ID_SIZE + 1];
    random_bytes(key, sizeof(key));
    nats_server_id_make(key, id);
    for (unsigned i = 0; i < group->count; i++) {
        struct nats_door *door = group->doors[i];
        const char *name = door->options.server_name;
        memcpy(door->site.server_id, id, sizeof(id));
        door->site.server_name = name == NULL || name[0] == '\0' ? door->site.server_id : name;
    }
    struct writer labels = WRITER_INIT;
    metric_label(&labels, "server_id", bytes_of_text(id));
    ASSERT(labels.size < sizeof(group->labels));
    memcpy(group->labels, labels.buf->data, labels.size);
    writer_free(&labels);
}

static struct nats_group *group_new(struct loop *const *loops, unsigned count, const struct nats_options *options,
                                    const struct nats_access *access)
{
    struct nats_group *group = mem_zalloc(1, sizeof(*group));
    if (access == NULL) {
        diag_t diag;
        err_t err = nats_access_new(NULL, &group->everybody, &diag);
        ASSERT(err == ERR_OK);
        access = group->everybody;
    }
    group->start_ms = clock_wall_ms();
    group->count = count;
    group->doors = mem_zalloc(count, sizeof(struct nats_door *));
    for (unsigned i = 0; i < count; i++)
        group->doors[i] = door_new(group, i, loops[i], options, access);
    group->home = group->doors[count - 1];
    timer_init(&group->look, group->home->loop, on_look);
    group_name(group);
    return group;
}

// Its doors are deinitialised.
static void group_free(struct nats_group *group)
{
    for (unsigned i = 0; i < group->count; i++)
        free(group->doors[i]);
    nats_access_free(group->everybody);
    free(group->doors);
    free(group);
}

static err_t group_listen(struct nats_group *group, struct address address, diag_t *diag)
{
    for (unsigned i = 0; i < group->count; i++) {
        struct nats_door *door = group->doors[i];
        err_t err = listener_open(door->loop, &address, on_accept, door, &door->listener, diag);
        if (err != ERR_OK)
            return err;
        address.port = listener_port(door->listener); // the same for all
    }
    group->advertised = address;
    const char *advertise = group->home->options.advertise;
    err_t err = ERR_OK;
    if (advertise != NULL && advertise[0] != '\0')
        err = address_parse(advertise, address.port, &group->advertised, diag);
    for (unsigned i = 0; i < group->count; i++) {
        group->doors[i]->site.host = group->advertised.host;
        group->doors[i]->site.port = group->advertised.port;
    }
    return err;
}

err_t nats_door_open(struct loop *const *loops, size_t count, const struct address *address,
                     const struct nats_options *options, const struct nats_access *access, struct nats_door **ret_door,
                     diag_t *diag)
{
    ASSERT(count > 0);
    struct nats_group *group = group_new(loops, (unsigned)count, options, access);
    err_t err = group_listen(group, *address, diag);
    if (err == ERR_OK) {
        *ret_door = group->home;
        return ERR_OK;
    }
    for (unsigned i = 0; i < group->count; i++)
        door_deinit(group->doors[i]);
    group_free(group);
    return err;
}

uint16_t nats_door_port(const struct nats_door *door)
{
    return listener_port(door->listener);
}

struct nats_metrics *nats_door_metrics(struct nats_door *door, size_t index)
{
    return &door->group->doors[index]->metrics;
}

const char *nats_door_labels(const struct nats_door *door)
{
    return door->group->labels;
}

int64_t nats_group_sum(const struct nats_group *group, size_t of)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < group->count; i++) {
        const gauge_t *gauge = (const void *)((const char *)&group->doors[i]->metrics + of);
        sum += gauge_get(gauge);
    }
    return sum;
}

// --- the tour

static void tour_end(struct nats_tour *tour)
{
    struct nats_group *group = tour->group;
    group->tours--;
    tour->on_return(tour);
    nats_group_look(group);
}

static void on_tour(struct message *message)
{
    struct nats_tour *tour = CONTAINER_OF(message, struct nats_tour, message);
    const struct nats_group *group = tour->group;
    if (tour->next + 1 == group->count) {
        tour_end(tour);
        return;
    }
    tour->on_visit(tour, group->doors[tour->next++]);
    loop_post(group->doors[tour->next]->loop, message);
}

void nats_tour_start(struct nats_tour *tour, struct nats_group *group)
{
    tour->group = group;
    tour->next = 0;
    tour->message.on_message = on_tour;
    group->tours++;
    tour->on_visit(tour, group->home);
    if (group->count == 1)
        tour_end(tour);
    else
        loop_post(group->doors[0]->loop, &tour->message);
}

// With nothing to carry; ON_RETURN frees it.
static void tour_begin(struct nats_group *group, void (*on_visit)(struct nats_tour *tour, struct nats_door *door),
                       void (*on_return)(struct nats_tour *tour))
{
    struct nats_tour *tour = mem_zalloc(1, sizeof(*tour));
    tour->on_visit = on_visit;
    tour->on_return = on_return;
    nats_tour_start(tour, group);
}

// --- other users, other options

struct access_tour {
    struct nats_tour tour;
    const struct nats_access *access;
    void (*on_taken)(void *owner);
    void *owner;
};

static void on_access_visit(struct nats_tour *tour, struct nats_door *door)
{
    const struct nats_access *access = CONTAINER_OF(tour, struct access_tour, tour)->access;
    const struct directory *old = door->site.access->directory;
    door->site.access = access;
    door->access_count++;
    door->config_ms = loop_now_ms(door->loop) + door->wall_ahead_ms;
    nats_accounts_add(&door->accounts, access->directory);
    LIST_EACH(&door->conns, node)
    nats_admission_again(&LIST_ITEM(node, struct nats_conn, node)->session, old);
}

static void on_access_taken(struct message *message)
{
    struct access_tour *tour = CONTAINER_OF(message, struct access_tour, tour.message);
    tour->on_taken(tour->owner);
    free(tour);
}

static void on_access_return(struct nats_tour *tour)
{
    nats_access_free(tour->group->everybody);
    tour->group->everybody = NULL;
    tour->message.on_message = on_access_taken;
    loop_post(tour->group->home->loop, &tour->message);
}

void nats_door_access_set(struct nats_door *door, const struct nats_access *access, void (*on_taken)(void *owner),
                          void *owner)
{
    struct access_tour *tour = mem_zalloc(1, sizeof(*tour));
    *tour = (struct access_tour){ .access = access, .on_taken = on_taken, .owner = owner };
    tour->tour.on_visit = on_access_visit;
    tour->tour.on_return = on_access_return;
    nats_tour_start(&tour->tour, door->group);
}

struct options_tour {
    struct nats_tour tour;
    struct nats_options options;
};

static void on_options_visit(struct nats_tour *tour, struct nats_door *door)
{
    const char *server_name = door->options.server_name, *advertise = door->options.advertise;
    door->options = CONTAINER_OF(tour, struct options_tour, tour)->options;
    door->options.server_name = server_name;
    door->options.advertise = advertise;
    door->config_ms = loop_now_ms(door->loop) + door->wall_ahead_ms;
    LIST_EACH(&door->conns, node)
    nats_session_limit(&LIST_ITEM(node, struct nats_conn, node)->session);
}

static void on_options_return(struct nats_tour *tour)
{
    free(CONTAINER_OF(tour, struct options_tour, tour));
}

void nats_door_update(struct nats_door *door, const struct nats_options *options)
{
    struct options_tour *tour = mem_zalloc(1, sizeof(*tour));
    tour->options = *options;
    tour->tour.on_visit = on_options_visit;
    tour->tour.on_return = on_options_return;
    nats_tour_start(&tour->tour, door->group);
}

// --- lame duck mode

// As long as there is any connection: it may be on its way to here.
static void on_lame_duck(struct timer *timer)
{
    struct nats_door *door = CONTAINER_OF(timer, struct nats_door, lame_duck);
    int64_t delay_ms = LAME_DUCK_IDLE_MS;
    LIST_EACH(&door->conns, node)
    {
        struct nats_conn *nc = LIST_ITEM(node, struct nats_conn, node);
        if (nc->session.is_closed)
            continue;
        nats_session_fail(&nc->session, NATS_ERROR_SERVER_SHUTDOWN);
        delay_ms = door->lame_duck_step_ms;
        break;
    }
    if (gauge_get(&door->group->connections) > 0)
        timer_start(timer, delay_ms);
}

static void on_lame_duck_visit(struct nats_tour *tour, struct nats_door *door)
{
    (void)tour;
    const struct nats_options *options = &door->options;
    door->site.is_lame_duck = true;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_inform(&LIST_ITEM(node, struct nats_conn, node)->session, NULL);
    int64_t spread_ms = options->lame_duck_duration_ms - options->lame_duck_grace_ms;
    int64_t count = (int64_t)door->conn_count;
    door->lame_duck_step_ms = spread_ms <= 0 || count == 0 ? LAME_DUCK_STEP_MS / (count + 1) : spread_ms / count;
    if (door->lame_duck_step_ms > LAME_DUCK_STEP_MS)
        door->lame_duck_step_ms = LAME_DUCK_STEP_MS;
    timer_start(&door->lame_duck, options->lame_duck_grace_ms);
}

// Nobody comes in any more: what is there only gets less.
static void on_shut_return(struct nats_tour *tour)
{
    tour->group->is_shut = true;
    free(tour);
}

void nats_door_lame_duck(struct nats_door *door, void (*on_empty)(void *owner), void *owner)
{
    struct nats_group *group = door->group;
    ASSERT(!group->is_closing && !door->site.is_lame_duck);
    log_line(LOG_INFO, "lame duck mode: no new nats connections",
             LOG_FIELDS(log_int("connections", gauge_get(&group->connections))));
    group->on_empty = on_empty;
    group->empty_owner = owner;
    tour_begin(group, on_lame_duck_visit, on_shut_return);
}

// --- the end

static void on_last_visit(struct nats_tour *tour, struct nats_door *door)
{
    (void)tour;
    door_deinit(door);
}

static void on_last_return(struct nats_tour *tour)
{
    tour->group->is_over = true;
    free(tour);
}

static void on_ended(struct message *message)
{
    struct nats_group *group = CONTAINER_OF(message, struct nats_group, ended);
    void (*on_empty)(void *) = group->on_empty;
    group->ended.on_message = NULL;
    if (group->tours > 0)
        return; // which looks when it is over
    if (on_empty != NULL) {
        group->on_empty = NULL;
        on_empty(group->empty_owner);
        nats_group_look(group); // it may have been asked for meanwhile
    } else if (!group->is_over) {
        nats_monitor_forget(group->home);
        tour_begin(group, on_last_visit, on_last_return);
    } else {
        void (*on_closed)(void *) = group->on_closed;
        void *owner = group->owner;
        group_free(group);
        on_closed(owner);
    }
}

void nats_group_look(struct nats_group *group)
{
    bool is_asked = group->is_closing || group->on_empty != NULL;
    if (!is_asked || !group->is_shut || group->tours > 0 || group->ended.on_message != NULL)
        return;
    if (gauge_get(&group->connections) > 0) {
        // It goes on this loop, which looks then, or on another one.
        if (group->count > 1)
            timer_start(&group->look, LOOK_MS);
        return;
    }
    timer_stop(&group->look);
    group->ended.on_message = on_ended;
    loop_post(group->home->loop, &group->ended);
}

static void on_close_visit(struct nats_tour *tour, struct nats_door *door)
{
    (void)tour;
    door->is_closing = true;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_fail(&LIST_ITEM(node, struct nats_conn, node)->session, NATS_ERROR_SERVER_SHUTDOWN);
}

void nats_door_close(struct nats_door *door, void (*on_closed)(void *owner), void *owner)
{
    struct nats_group *group = door->group;
    ASSERT(!group->is_closing);
    group->on_closed = on_closed;
    group->owner = owner;
    group->is_closing = true;
    tour_begin(group, on_close_visit, on_shut_return);
}
