// SPDX-License-Identifier: Apache-2.0
// The door: opens, tells its name, goes into lame duck mode, closes.
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
};

// --- the door

static err_t door_advertise(struct nats_door *door, const struct address *address, diag_t *diag)
{
    const struct nats_options *options = &door->options;
    door->advertised = *address;
    door->advertised.port = listener_port(door->listener);
    err_t err = ERR_OK;
    if (options->advertise != NULL && options->advertise[0] != '\0')
        err = address_parse(options->advertise, door->advertised.port, &door->advertised, diag);
    door->site.host = door->advertised.host;
    door->site.port = door->advertised.port;
    return err;
}

static void door_name(struct nats_door *door)
{
    uint8_t key[32];
    random_bytes(key, sizeof(key));
    nats_server_id_make(key, door->site.server_id);
    const char *name = door->options.server_name;
    door->site.server_name = name == NULL || name[0] == '\0' ? door->site.server_id : name;
    struct writer labels = WRITER_INIT;
    metric_label(&labels, "server_id", bytes_of_text(door->site.server_id));
    ASSERT(labels.size < sizeof(door->labels));
    memcpy(door->labels, labels.buf->data, labels.size);
    writer_free(&labels);
}

static void door_free(struct nats_door *door)
{
    nats_monitor_forget(door);
    verifier_free(door->site.verifier);
    nats_access_free(door->everybody);
    nats_accounts_deinit(&door->accounts);
    nats_closed_free(&door->closed_conns);
    nats_chunks_free(&door->site.chunks);
    nats_conns_deinit(door);
    free(door);
}

static void on_lame_duck(struct timer *timer);

static void on_accept(void *owner, struct conn *conn)
{
    nats_conn_accept(owner, conn);
}

static void door_take_access(struct nats_door *door, const struct nats_access *access)
{
    diag_t diag;
    if (access == NULL) {
        err_t err = nats_access_new(NULL, &door->everybody, &diag);
        ASSERT(err == ERR_OK);
        access = door->everybody;
    }
    door->site.access = access;
    door->site.verifier = verifier_new(door->loop);
    nats_accounts_add(&door->accounts, access->directory);
}

err_t nats_door_open(struct loop *loop, const struct address *address, const struct nats_options *options,
                     const struct nats_access *access, struct nats_door **ret_door, diag_t *diag)
{
    struct nats_door *door = mem_zalloc(1, sizeof(*door));
    door->loop = loop;
    door->options = *options;
    door->site.options = &door->options;
    door->site.metrics = &door->metrics;
    door->site.accounts = &door->accounts;
    door->closed_conns.max = (size_t)options->max_closed_clients;
    door->start_ms = door->config_ms = clock_wall_ms();
    door->wall_ahead_ms = door->start_ms - loop_now_ms(loop);
    nats_conns_init(door);
    nats_accounts_init(&door->accounts, random_u64());
    door_take_access(door, access);
    door_name(door);
    timer_init(&door->lame_duck, loop, on_lame_duck);
    err_t err = listener_open(loop, address, on_accept, door, &door->listener, diag);
    if (err == ERR_OK) {
        err = door_advertise(door, address, diag);
        if (err != ERR_OK)
            listener_close(door->listener);
    }
    if (err == ERR_OK)
        *ret_door = door;
    else
        door_free(door);
    return err;
}

void nats_door_access_set(struct nats_door *door, const struct nats_access *access)
{
    const struct directory *old = door->site.access->directory;
    door->site.access = access;
    door->config_ms = loop_now_ms(door->loop) + door->wall_ahead_ms;
    nats_accounts_add(&door->accounts, access->directory);
    LIST_EACH(&door->conns, node)
    nats_admission_again(&LIST_ITEM(node, struct nats_conn, node)->session, old);
    nats_access_free(door->everybody);
    door->everybody = NULL;
}

uint16_t nats_door_port(const struct nats_door *door)
{
    return listener_port(door->listener);
}

struct nats_metrics *nats_door_metrics(struct nats_door *door)
{
    return &door->metrics;
}

const char *nats_door_labels(const struct nats_door *door)
{
    return door->labels;
}

void nats_door_update(struct nats_door *door, const struct nats_options *options)
{
    const char *server_name = door->options.server_name, *advertise = door->options.advertise;
    door->options = *options;
    door->options.server_name = server_name;
    door->options.advertise = advertise;
    door->config_ms = loop_now_ms(door->loop) + door->wall_ahead_ms;
    LIST_EACH(&door->conns, node)
    nats_session_limit(&LIST_ITEM(node, struct nats_conn, node)->session);
}

static void door_stop_listening(struct nats_door *door)
{
    if (door->listener != NULL)
        listener_close(door->listener);
    door->listener = NULL;
}

static void on_lame_duck(struct timer *timer)
{
    struct nats_door *door = CONTAINER_OF(timer, struct nats_door, lame_duck);
    LIST_EACH(&door->conns, node)
    {
        struct nats_conn *nc = LIST_ITEM(node, struct nats_conn, node);
        if (nc->session.is_closed)
            continue;
        nats_session_fail(&nc->session, NATS_ERROR_SERVER_SHUTDOWN);
        break;
    }
    if (door->conn_count > 0)
        timer_start(timer, door->lame_duck_step_ms);
}

void nats_door_lame_duck(struct nats_door *door, void (*on_empty)(void *owner), void *owner)
{
    ASSERT(!door->is_closing && !door->site.is_lame_duck);
    const struct nats_options *options = &door->options;
    log_line(LOG_INFO, "lame duck mode: no new nats connections",
             LOG_FIELDS(log_int("connections", (int64_t)door->conn_count)));
    door->site.is_lame_duck = true;
    door->on_empty = on_empty;
    door->empty_owner = owner;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_inform(&LIST_ITEM(node, struct nats_conn, node)->session, NULL);
    int64_t spread_ms = options->lame_duck_duration_ms - options->lame_duck_grace_ms;
    int64_t count = (int64_t)door->conn_count;
    door->lame_duck_step_ms = spread_ms <= 0 || count == 0 ? LAME_DUCK_STEP_MS / (count + 1) : spread_ms / count;
    if (door->lame_duck_step_ms > LAME_DUCK_STEP_MS)
        door->lame_duck_step_ms = LAME_DUCK_STEP_MS;
    timer_start(&door->lame_duck, options->lame_duck_grace_ms);
    nats_door_check_closed(door);
}

// --- when it is empty

static void on_closed_message(struct message *message)
{
    struct nats_door *door = CONTAINER_OF(message, struct nats_door, closed);
    void (*on_empty)(void *) = door->on_empty;
    door->closed.on_message = NULL;
    door->on_empty = NULL;
    if (on_empty != NULL) {
        on_empty(door->empty_owner);
        nats_door_check_closed(door); // it may have been asked for meanwhile
        return;
    }
    void (*on_closed)(void *) = door->on_closed;
    void *owner = door->owner;
    timer_stop(&door->lame_duck);
    door_free(door);
    on_closed(owner);
}

void nats_door_check_closed(struct nats_door *door)
{
    bool is_asked = door->is_closing || door->on_empty != NULL;
    if (!is_asked || door->conn_count > 0 || door->closed.on_message != NULL)
        return;
    door->closed.on_message = on_closed_message;
    loop_post(door->loop, &door->closed);
}

void nats_door_close(struct nats_door *door, void (*on_closed)(void *owner), void *owner)
{
    ASSERT(!door->is_closing);
    door->on_closed = on_closed;
    door->owner = owner;
    door->is_closing = true;
    door_stop_listening(door);
    LIST_EACH(&door->conns, node)
    nats_session_fail(&LIST_ITEM(node, struct nats_conn, node)->session, NATS_ERROR_SERVER_SHUTDOWN);
    nats_door_check_closed(door);
}
