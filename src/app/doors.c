// SPDX-License-Identifier: Apache-2.0
// The registry of doors: one row for each, in the order they open.
#include "app/app_internal.h"
#include "app/kube_door.h"

#include "base/assert.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/net.h"
#include "io/system.h"
#include "nats/access.h"

#include <stdlib.h>

struct door {
    const char *name, *flag;
    uint16_t default_port;
    size_t at;             // of its address in struct app_config
    const struct door *of; // it belongs to that one, and is off with it; NULL: it stands for itself
    // Opens it; a port of 0 in ADDRESS is replaced by the one that was picked.
    err_t (*open)(struct app *app, struct address *address, diag_t *diag);
    // Whoever comes in has to prove who they are; NULL: nobody ever has to.
    bool (*checks)(const struct app_config *config);
    const char *remedy; // what makes it so, for a sentence; NULL without checks
    // Calls door_closed once, in a later turn.
    void (*close)(struct app *app);
};

enum { DOOR_KAFKA, DOOR_NATS, DOOR_NATS_MONITOR, DOOR_KUBE, DOOR_EVENTS, DOOR_CONSOLE, DOOR_COUNT };
static const struct door doors[DOOR_COUNT];

static void door_closed(struct app *app, unsigned door)
{
    app->open_doors &= ~(1U << door);
    if (app->open_doors == 0)
        app_on_doors_closed(app);
}

// ---- Kafka: one listener on each loop, all on the same address

// The first listener did not open: nothing to close. (If a later one does not, the first are closed as usual.)
static void kafka_forget(struct app *app)
{
    if (app->kafka_count > 0)
        return;
    metric_set_remove(&app->kafka_set);
    free(app->kafka);
    app->kafka = NULL;
}

static err_t kafka_open(struct app *app, struct address *address, diag_t *diag)
{
    const struct kafka_options *options = &app->config->kafka;
    app->config->kafka.settings = app->set;
    app->kafka = mem_zalloc(app->loop_count, sizeof *app->kafka);
    metric_set_add(&app->scraper.registry, &app->kafka_set, kafka_metric_rows, kafka_metric_row_count);
    for (size_t i = 0; i < app->loop_count; i++) {
        struct kafka_entry *entry = &app->kafka[i];
        entry->app = app;
        entry->loop = app->loops[i];
        err_t err = kafka_door_open(entry->loop, app->store, app->coordinator, address, options, &entry->door, diag);
        if (err != ERR_OK) {
            kafka_forget(app);
            return err;
        }
        app->kafka_count++;
        app->open_doors |= 1U << DOOR_KAFKA;
        address->port = kafka_door_port(entry->door);
        metric_values_add(&app->kafka_set, &entry->values, kafka_door_metrics(entry->door), NULL);
    }
    return ERR_OK;
}

static void on_kafka_closed_message(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct kafka_entry, closed)->app;
    if (--app->kafka_closing > 0)
        return;
    free(app->kafka);
    app->kafka = NULL;
    door_closed(app, DOOR_KAFKA);
}

static void on_kafka_closed(void *owner)
{
    struct kafka_entry *entry = owner;
    entry->closed.on_message = on_kafka_closed_message;
    loop_post(entry->app->loops[0], &entry->closed);
}

static void on_kafka_close(struct message *message)
{
    struct kafka_entry *entry = CONTAINER_OF(message, struct kafka_entry, close);
    kafka_door_close(entry->door, on_kafka_closed, entry);
}

static void kafka_close(struct app *app)
{
    app->kafka_closing = app->kafka_count;
    for (size_t i = 0; i < app->kafka_count; i++) {
        metric_values_remove(&app->kafka_set, &app->kafka[i].values);
        app->kafka[i].close.on_message = on_kafka_close;
        loop_post(app->kafka[i].loop, &app->kafka[i].close);
    }
    metric_set_remove(&app->kafka_set);
}

// ---- NATS: one door that listens on each loop; as a whole it belongs to the last one, which has the least besides

static err_t nats_open(struct app *app, struct address *address, diag_t *diag)
{
    struct nats_entry *entry = &app->nats;
    entry->loop = app->loops[app->loop_count - 1];
    err_t err = nats_door_open(app->loops, app->loop_count, address, &app->config->nats, app->config->nats_access,
                               &entry->door, diag);
    if (err != ERR_OK)
        return err;
    app->open_doors |= 1U << DOOR_NATS;
    address->port = nats_door_port(entry->door);
    metric_set_add(&app->scraper.registry, &entry->set, nats_metric_rows, nats_metric_row_count);
    entry->values = mem_zalloc(app->loop_count, sizeof *entry->values);
    for (size_t i = 0; i < app->loop_count; i++)
        metric_values_add(&entry->set, &entry->values[i], nats_door_metrics(entry->door, i),
                          nats_door_labels(entry->door));
    nats_collector_set(&entry->collector, entry->loop, entry->door);
    return ERR_OK;
}

static bool nats_checks(const struct app_config *config)
{
    return config->nats_access != NULL && nats_access_checks(config->nats_access);
}

static void on_nats_access_free(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, nats.access);
    nats_access_free(app->nats.old_access);
    app->nats.old_access = NULL;
}

static void on_nats_access_taken(void *owner)
{
    struct app *app = owner;
    app->nats.access.on_message = on_nats_access_free;
    loop_post(app->loops[0], &app->nats.access);
}

static void on_nats_access(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, nats.access);
    nats_door_access_set(app->nats.door, app->config->nats_access, on_nats_access_taken, app);
}

void app_doors_access(struct app *app, struct app_config *fresh)
{
    struct app_config *config = app->config;
    if ((app->open_doors & 1U << DOOR_NATS) == 0 || app->stopping || app->nats.old_access != NULL)
        return; // closed, or still busy with the last ones
    if (config->nats_access == NULL || fresh->nats_access == NULL ||
        strcmp(config->nats.auth_file, fresh->nats.auth_file) != 0)
        return; // the option itself changed: that needs a restart
    app->nats.old_access = config->nats_access;
    config->nats_access = fresh->nats_access;
    fresh->nats_access = NULL;
    app->nats.access.on_message = on_nats_access;
    loop_post(app->nats.loop, &app->nats.access);
}

static void on_nats_closed_message(struct message *message)
{
    door_closed(CONTAINER_OF(message, struct app, nats.closed), DOOR_NATS);
}

static void on_nats_closed(void *owner)
{
    struct app *app = owner;
    app->nats.closed.on_message = on_nats_closed_message;
    loop_post(app->loops[0], &app->nats.closed);
}

static void on_nats_close(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, nats.close);
    nats_door_close(app->nats.door, on_nats_closed, app);
}

static void nats_close(struct app *app)
{
    nats_collector_set(&app->nats.collector, NULL, NULL);
    for (size_t i = 0; i < app->loop_count; i++)
        metric_values_remove(&app->nats.set, &app->nats.values[i]);
    free(app->nats.values);
    metric_set_remove(&app->nats.set);
    app->nats.close.on_message = on_nats_close;
    loop_post(app->nats.loop, &app->nats.close);
}

// ---- its monitoring, on the same loop

static err_t monitor_open(struct app *app, struct address *address, diag_t *diag)
{
    struct nats_monitor_options options = { .guard = { app->hosts, app->host_count, !address_is_loopback(address) } };
    app_http_limits(app->config, &options.limits);
    err_t err = nats_monitor_open(app->nats.door, address, &options, &app->nats.monitor, diag);
    if (err != ERR_OK)
        return err;
    app->open_doors |= 1U << DOOR_NATS_MONITOR;
    address->port = nats_monitor_port(app->nats.monitor);
    return ERR_OK;
}

static void on_monitor_closed_message(struct message *message)
{
    door_closed(CONTAINER_OF(message, struct app, nats.monitor_closed), DOOR_NATS_MONITOR);
}

static void on_monitor_closed(void *owner)
{
    struct app *app = owner;
    app->nats.monitor_closed.on_message = on_monitor_closed_message;
    loop_post(app->loops[0], &app->nats.monitor_closed);
}

static void on_monitor_close(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, nats.monitor_close);
    nats_monitor_close(app->nats.monitor, on_monitor_closed, app);
}

static void monitor_close(struct app *app)
{
    app->nats.monitor_close.on_message = on_monitor_close;
    loop_post(app->nats.loop, &app->nats.monitor_close);
}

// ---- the Kubernetes API

static err_t open_kube(struct app *app, struct address *address, diag_t *diag)
{
    err_t err = kube_door_open(app, address, diag);
    if (app->kube.kube != NULL)
        app->open_doors |= 1U << DOOR_KUBE;
    return err;
}

static bool kube_checks(const struct app_config *config)
{
    return config->kube.uses_tls; // a token always, but without TLS anybody on the way can read it
}

static void on_kube_closed_message(struct message *message)
{
    door_closed(CONTAINER_OF(message, struct app, kube.closed), DOOR_KUBE);
}

static void on_kube_closed(void *owner)
{
    struct app *app = owner;
    app->kube.closed.on_message = on_kube_closed_message;
    loop_post(app->loops[0], &app->kube.closed);
}

static void close_kube(struct app *app)
{
    kube_door_close(app, on_kube_closed, app);
}

// ---- events over HTTP, on the loop of the API

static err_t open_events(struct app *app, struct address *address, diag_t *diag)
{
    struct events_entry *entry = &app->events;
    struct ingress_options options = { .hosts = app->hosts,
                                       .host_count = app->host_count,
                                       .any_literal = !address_is_loopback(address) };
    app_http_limits(app->config, &options.limits);
    options.limits.body_size = (size_t)app->config->events_body;
    err_t err = ingress_open(kube_loop(app->kube.kube), app->engine, &entry->eventing.inboxes, address, &options,
                             &entry->ingress, diag);
    if (err != ERR_OK)
        return err;
    app->open_doors |= 1U << DOOR_EVENTS;
    address->port = ingress_port(entry->ingress);
    eventing_address_set(&entry->eventing, address->host, address->port);
    metric_set_add(&app->scraper.registry, &entry->set, ingress_metric_rows, ingress_metric_row_count);
    metric_values_add(&entry->set, &entry->values, ingress_metrics(entry->ingress), NULL);
    return ERR_OK;
}

static void on_events_closed_message(struct message *message)
{
    door_closed(CONTAINER_OF(message, struct app, events.closed), DOOR_EVENTS);
}

static void on_events_closed(void *owner)
{
    struct app *app = owner;
    app->events.closed.on_message = on_events_closed_message;
    loop_post(app->loops[0], &app->events.closed);
}

static void on_events_close(struct message *message)
{
    struct app *app = CONTAINER_OF(message, struct app, events.close);
    ingress_close(app->events.ingress, on_events_closed, app);
}

static void close_events(struct app *app)
{
    metric_values_remove(&app->events.set, &app->events.values);
    metric_set_remove(&app->events.set);
    app->events.close.on_message = on_events_close;
    loop_post(kube_loop(app->kube.kube), &app->events.close);
}

// ---- the console

static err_t open_console(struct app *app, struct address *address, diag_t *diag)
{
    struct console_options options = { .any_literal = !address_is_loopback(address),
                                       .hosts = app->hosts,
                                       .host_count = app->host_count };
    app_http_limits(app->config, &options.limits);
    err_t err = console_open(app->loops[0], address, &options, &app->scraper, &app->facts, &app->console, diag);
    if (err != ERR_OK)
        return err;
    app->open_doors |= 1U << DOOR_CONSOLE;
    address->port = console_port(app->console);
    return ERR_OK;
}

static void on_console_closed(void *owner)
{
    struct app *app = owner;
    app->console = NULL;
    door_closed(app, DOOR_CONSOLE);
}

static void close_console(struct app *app)
{
    console_close(app->console, on_console_closed, app);
}

static const struct door doors[DOOR_COUNT] = {
    [DOOR_KAFKA] = { "kafka", "--kafka", 9092, offsetof(struct app_config, kafka_address), NULL, kafka_open, NULL, NULL,
                     kafka_close },
    [DOOR_NATS] = { "nats", "--nats", 4222, offsetof(struct app_config, nats_address), NULL, nats_open, nats_checks,
                    "name users (--nats-auth), ", nats_close },
    [DOOR_NATS_MONITOR] = { "nats-monitor", "--nats-monitor", 8222, offsetof(struct app_config, nats_monitor_address),
                            &doors[DOOR_NATS], monitor_open, NULL, NULL, monitor_close },
    [DOOR_KUBE] = { "kube", "--kube", 6443, offsetof(struct app_config, kube_address), NULL, open_kube, kube_checks,
                    "leave --kube-tls on, ", close_kube },
    [DOOR_EVENTS] = { "events", "--events", 8080, offsetof(struct app_config, events_address), &doors[DOOR_KUBE],
                      open_events, NULL, NULL, close_events },
    [DOOR_CONSOLE] = { "console", "--console", 3000, offsetof(struct app_config, console_address), NULL, open_console,
                       NULL, NULL, close_console },
};

// ---- all of them

static const char *address_of(const struct app_config *config, const struct door *door)
{
    const char *const *text = (const void *)((const char *)config + door->at);
    return *text;
}

static bool is_off(const struct app_config *config, const struct door *door)
{
    bool is_lost = door->of != NULL && strcmp(address_of(config, door->of), "off") == 0;
    return is_lost || strcmp(address_of(config, door), "off") == 0;
}

static err_t check_reach(const struct app_config *config, const struct door *door, const struct address *address,
                         diag_t *diag)
{
    if (config->insecure || address_is_loopback(address) || (door->checks != NULL && door->checks(config)))
        return ERR_OK;
    return diag_fail(diag, ERR_DENIED, door->flag,
                     "%s can be reached from other machines, and nobody would have to prove who they are. Listen on "
                     "localhost, %sor add --insecure if everybody on that network may read and write everything",
                     address->host, door->checks == NULL ? "" : door->remedy);
}

static bool is_every_address(const struct address *address)
{
    return strcmp(address->host, "0.0.0.0") == 0 || strcmp(address->host, "::") == 0;
}

// Both would answer the same clients. (Two names of one address are not found: nothing is looked up here.)
static bool addresses_meet(const struct address *a, const struct address *b)
{
    if (a->port != b->port || a->port == 0)
        return false;
    if (strcmp(a->host, b->host) == 0 || is_every_address(a) || is_every_address(b))
        return true;
    bool is_localhost = strcmp(a->host, "localhost") == 0 || strcmp(b->host, "localhost") == 0;
    return is_localhost && address_is_loopback(a) && address_is_loopback(b);
}

static err_t check_none_open(diag_t *diag)
{
    struct writer flags = WRITER_INIT;
    for (unsigned i = 0; i < DOOR_COUNT; i++)
        writer_format(&flags, "%s%s ADDR", i == 0 ? "" : " or ", doors[i].flag);
    err_t err = diag_fail(diag, ERR_INVALID, doors[0].flag,
                          "all doors are off, so that nothing could reach eddy; %.*s opens one",
                          BYTES_ARG(writer_view(&flags)));
    writer_free(&flags);
    return err;
}

err_t app_doors_check(const struct app_config *config, diag_t *diag)
{
    struct address addresses[DOOR_COUNT];
    const struct door *open[DOOR_COUNT];
    size_t count = 0;
    for (unsigned i = 0; i < DOOR_COUNT; i++) {
        if (is_off(config, &doors[i]))
            continue;
        struct address *address = &addresses[count];
        err_t err = address_parse(address_of(config, &doors[i]), doors[i].default_port, address, diag);
        if (err == ERR_OK)
            err = check_reach(config, &doors[i], address, diag);
        if (err != ERR_OK)
            return err;
        for (size_t k = 0; k < count; k++)
            if (addresses_meet(&addresses[k], address))
                return diag_fail(diag, ERR_INVALID, doors[i].flag,
                                 "port %u is that of %s already; give one of the two another port, or off",
                                 address->port, open[k]->flag);
        open[count++] = &doors[i];
    }
    if (config->kube.apply != NULL && is_off(config, &doors[DOOR_KUBE]))
        return diag_fail(diag, ERR_INVALID, "--apply",
                         "manifests are applied to the Kubernetes API, which is off: open it with %s ADDR",
                         doors[DOOR_KUBE].flag);
    return count == 0 ? check_none_open(diag) : ERR_OK;
}

static err_t open_door(struct app *app, unsigned index, diag_t *diag)
{
    const struct door *door = &doors[index];
    if (is_off(app->config, door))
        return ERR_OK;
    struct address address;
    err_t err = address_parse(address_of(app->config, door), door->default_port, &address, diag);
    if (err != ERR_OK)
        return err;
    char name[DOOR_ADDRESS_SIZE];
    address_format(&address, name, sizeof name);
    err = door->open(app, &address, diag);
    if (err == ERR_BUSY)
        return diag_fail(diag, err, door->flag,
                         "%s is in use by another program. %s ADDR moves this door, %s off closes it", name, door->flag,
                         door->flag);
    if (err == ERR_DENIED)
        return diag_fail(diag, err, door->flag, "the system does not allow to listen on %s. %s ADDR moves this door",
                         name, door->flag);
    if (err != ERR_OK) {
        diag_t why = *diag;
        return diag_fail(diag, err, door->flag, "%s: %s. %s ADDR names another address", name, why.text, door->flag);
    }
    struct console_place *place = &app->places[app->facts.door_count];
    char *to = app->addresses[app->facts.door_count++];
    address_format(&address, to, DOOR_ADDRESS_SIZE);
    *place = (struct console_place){ door->name, to };
    return ERR_OK;
}

// Cuts "a, b" into names.
static void split_hosts(struct app *app)
{
    if (app->config->console_hosts == NULL)
        return;
    app->console_hosts = mem_text(app->config->console_hosts);
    char *rest = NULL;
    for (char *name = strtok_r(app->console_hosts, ", ", &rest); name != NULL && app->host_count < HOSTS_MAX;
         name = strtok_r(NULL, ", ", &rest))
        app->hosts[app->host_count++] = name;
}

err_t app_doors_open(struct app *app, diag_t *diag)
{
    split_hosts(app);
    app->facts.doors = app->places;
    for (unsigned i = 0; i < DOOR_COUNT; i++) {
        err_t err = open_door(app, i, diag);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

void app_doors_print(const struct app *app)
{
    struct writer w = WRITER_INIT;
    for (size_t i = 0; i < app->facts.door_count; i++) {
        writer_format(&w, "%s listening on %s\n", app->places[i].name, app->places[i].address);
        log_line(LOG_INFO, "listening",
                 LOG_FIELDS(log_text("door", app->places[i].name), log_text("address", app->places[i].address)));
    }
    // Nobody may be reading any more; that is no reason to stop.
    (void)system_write_out(writer_view(&w));
    writer_free(&w);
}

void app_doors_close(struct app *app)
{
    unsigned open = app->open_doors;
    if (open == 0)
        app_on_doors_closed(app);
    for (unsigned i = 0; i < DOOR_COUNT; i++)
        if ((open & 1U << i) != 0)
            doors[i].close(app);
}

void app_doors_update(struct app *app)
{
    struct http_limits limits;
    app_http_limits(app->config, &limits);
    if (app->console != NULL)
        console_limits_set(app->console, &limits);
}
