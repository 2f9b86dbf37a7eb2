// SPDX-License-Identifier: Apache-2.0
// The program's parts, shared by the files of app/. Everything here belongs to the first loop.
#pragma once

#include "app/app.h"
#include "console/console.h"
#include "engine/embedded/coordinator.h"
#include "engine/embedded/embedded.h"
#include "eventing/eventing.h"
#include "eventing/ingress.h"
#include "io/loop.h"
#include "kafka/kafka.h"
#include "kube/kube.h"
#include "nats/monitor.h"
#include "observe/events.h"
#include "observe/nats.h"
#include "observe/process.h"
#include "observe/scrape.h"
#include "observe/topics.h"
#include "store/metrics.h"
#include "store/topic.h"

enum { DOORS_MAX = 8, LOOPS_MAX = 256, HOSTS_MAX = 32, DOOR_ADDRESS_SIZE = 300 };

// The Kafka door of one loop.
struct kafka_entry {
    struct app *app;
    struct loop *loop;
    struct kafka_door *door;
    struct metric_values values;
    struct message close;  // to the door's loop
    struct message closed; // back
};

// The NATS door, on all loops.
struct nats_entry {
    struct loop *loop; // of the door as a whole: the last one
    struct nats_door *door;
    struct metric_set set;
    struct metric_values *values; // one for each loop
    struct message close;         // to the door's loop
    struct message closed;        // back
    struct message access;        // other users, there and back
    struct nats_access *old_access;
    struct nats_monitor *monitor; // on the same loop
    struct message monitor_close, monitor_closed;
    struct nats_collector collector;
};

// The door of the Kubernetes API, on the loop of its table.
struct kube_entry {
    struct kube *kube;
    struct tls_context *tls;
    char *token, *viewer_token, *token_key;
    struct metric_set set;
    struct metric_values values;
    struct events_collector collector;
    struct message close, closed; // there and back
    int closing;                  // parts that have not told yet
    void (*on_closed)(void *owner);
    void *owner;
};

// The door for events, on the loop of the Kubernetes API, whose kinds say where events go.
struct events_entry {
    struct eventing eventing;
    struct ingress *ingress;
    struct metric_set set;
    struct metric_values values;
    struct message close, closed; // there and back
};

struct app {
    struct app_config *config;
    struct option_set *set;
    const struct app_arguments *arguments;
    struct loop *loops[LOOPS_MAX];
    size_t loop_count;
    struct store *store;
    struct engine *engine;
    struct coordinator *coordinator; // of the groups of Kafka's clients
    struct scraper scraper;
    struct process_collector process;
    struct topics_collector topics;
    struct metric_set store_set;
    struct metric_values store_values[LOOPS_MAX];

    // doors
    struct console_facts facts;
    struct console_place places[DOORS_MAX];
    char addresses[DOORS_MAX][DOOR_ADDRESS_SIZE];
    unsigned open_doors; // a bit for each row of the table
    struct console *console;
    char *console_hosts;          // the option's text, cut at its commas
    const char *hosts[HOSTS_MAX]; // that the HTTP doors answer to besides loopback
    size_t host_count;
    struct kafka_entry *kafka; // one for each loop
    size_t kafka_count, kafka_closing;
    struct metric_set kafka_set;
    struct nats_entry nats;
    struct kube_entry kube;
    struct events_entry events;

    // the run
    enum app_end end;
    bool stopping, store_failed;
    struct timer grace;   // between the failure of the store and the end
    struct message begin; // first thing on the first loop
};

// What only shows with all options together: a door that anybody could reach without --insecure, two on one port, none
// at all. Opens nothing.
err_t app_doors_check(const struct app_config *config, diag_t *diag) MUST_CHECK;
// Opens all doors that are not off, before the loops run, and fills the facts. On failure some may be open.
err_t app_doors_open(struct app *app, diag_t *diag) MUST_CHECK;
// "NAME listening on ADDRESS" for each open door.
void app_doors_print(const struct app *app);
// Closes all doors; app_on_doors_closed follows in a later turn.
void app_doors_close(struct app *app);
void app_on_doors_closed(struct app *app);
// The configuration was read again: takes the users over from FRESH, if there are some as before.
void app_doors_access(struct app *app, struct app_config *fresh);
// The limits of the HTTP doors changed.
void app_doors_update(struct app *app);
