// SPDX-License-Identifier: Apache-2.0
// PingSource: the same event again and again, as a schedule says, to a sink.
#include "base/assert.h"
#include "base/base64.h"
#include "base/civil.h"
#include "base/cron.h"
#include "base/log.h"
#include "base/mem.h"
#include "eventing/delivery.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/look.h"
#include "eventing/kinds/ping_source_rules.h"
#include "eventing/kinds/time_zone.h"
#include "io/clock.h"
#include "io/random.h"
#include "kube/admission.h"
#include "kube/api.h"
#include "kube/embed.h"

#include <stdio.h>
#include <stdlib.h>

EMBED(ping_source_definition, "pingsource");

#define TYPE "dev.knative.sources.ping"
#define KIND "pingsource" // as tallies name it

enum {
    JITTER_MS = 500,          // so that not all fire in the same moment (Knative)
    SLEEP_MAX_MS = 60 * 1000, // the clock of the wall may be set meanwhile
    KEY_SIZE_MAX = 600,
};

struct pings {
    struct controller controller;
    struct eventing_watcher watcher;
    struct map map; // struct ping by "NAMESPACE/NAME"
};

// One source that fires.
struct ping {
    struct map_node node;
    struct pings *pings;
    struct tally *tally; // of all that were made from the object
    char *key;
    int64_t generation; // of the object that it was made from
    struct arena arena; // of what follows
    bytes_t uid;
    struct cron cron;
    const struct zone *zone;
    struct cloudevent event; // without id and time
    const char *uri;
    struct sink *sink;
    int64_t next_ms; // wall time
    struct timer timer;
    struct list_node shots;
};

// One event on its way.
struct shot {
    struct list_node node;
    struct ping *ping;
    struct arena arena;
    struct cloudevent event;
    struct handover handover;
    struct timer retry;
    int64_t attempt;
    int64_t sent_ns; // by the monotonic clock; of the last attempt
    bool is_away;
    struct sink *sink;
};

// As Knative's adapter sends: five times more, waiting 50 ms, 100 ms and so on.
static const struct delivery patience = { .retries = 5,
                                          .backoff = BACKOFF_EXPONENTIAL,
                                          .delay_ms = 50,
                                          .timeout_ms = DELIVERY_TIMEOUT_MS,
                                          .retry_after_max_ms = -1 };

static bytes_t ping_key(const struct map_node *node)
{
    return bytes_of_text(CONTAINER_OF_CONST(node, struct ping, node)->key);
}

// --- shots

static void shot_free(struct shot *shot)
{
    if (shot->is_away)
        shot->sink->ops->cancel(shot->sink, &shot->handover);
    list_remove(&shot->node);
    eventing_of(shot->ping->pings->controller.kube)->drain.pings--;
    timer_stop(&shot->retry);
    sink_unref(shot->sink);
    arena_free(&shot->arena);
    free(shot);
}

// Nobody tries it again.
static void shot_lose(struct shot *shot, const char *why)
{
    shot->ping->tally->counts.failed++;
    log_line(LOG_WARN, "an event of a PingSource was not taken",
             LOG_FIELDS(log_text("source", shot->ping->key), log_text("sink", shot->sink->uri),
                        log_int("status", shot->handover.status), log_text("why", why)));
    shot_free(shot);
}

static void on_sent(struct handover *handover)
{
    struct shot *shot = CONTAINER_OF(handover, struct shot, handover);
    struct tally *tally = shot->ping->tally;
    enum verdict verdict = delivery_judge(handover->status);
    shot->is_away = false;
    histogram_record(tally->latency, clock_mono_ns() - shot->sent_ns);
    if (verdict == DELIVERED) {
        tally->counts.delivered++;
        shot_free(shot);
    } else if (verdict == RETRY && shot->attempt <= patience.retries) {
        tally->counts.retried++;
        timer_start(&shot->retry, delivery_wait_ms(&patience, shot->attempt++, handover->status, -1));
    } else {
        shot_lose(shot, handover->error);
    }
}

static void shot_send(struct shot *shot)
{
    shot->is_away = true;
    shot->sent_ns = clock_mono_ns();
    shot->handover = (struct handover){ .event = &shot->event, .timeout_ms = patience.timeout_ms, .on_done = on_sent };
    shot->handover.name_space = bytes_of(shot->ping->key, (size_t)(strchr(shot->ping->key, '/') - shot->ping->key));
    sink_send(shot->sink, &shot->handover);
}

static void on_retry(struct timer *timer)
{
    shot_send(CONTAINER_OF(timer, struct shot, retry));
}

static void shoot(struct ping *ping)
{
    struct shot *shot = mem_zalloc(1, sizeof *shot);
    char now[CIVIL_TEXT_SIZE];
    shot->ping = ping;
    shot->sink = sink_ref(ping->sink);
    shot->event = ping->event;
    shot->event.core[CLOUDEVENT_ID] = uid_text(&ping->pings->controller.kube->last_uid, &shot->arena);
    shot->event.core[CLOUDEVENT_TIME] = arena_copy(&shot->arena, bytes_of_text(civil_format(clock_wall_ms(), now)));
    shot->attempt = 1;
    timer_init(&shot->retry, ping->timer.loop, on_retry);
    list_append(&ping->shots, &shot->node);
    eventing_of(ping->pings->controller.kube)->drain.pings++;
    shot_send(shot);
}

// --- the schedule

static void ping_wait(struct ping *ping)
{
    int64_t left = ping->next_ms - clock_wall_ms();
    timer_start(&ping->timer, left < 0 ? 0 : left < SLEEP_MAX_MS ? left : SLEEP_MAX_MS);
}

static void ping_plan(struct ping *ping, int64_t after_ms)
{
    int64_t next_s;
    if (!cron_next(&ping->cron, ping->zone, after_ms / 1000, &next_s))
        return; // never again
    ping->next_ms = next_s * 1000 + (int64_t)random_below(JITTER_MS);
    ping_wait(ping);
}

static void on_timer(struct timer *timer)
{
    struct ping *ping = CONTAINER_OF(timer, struct ping, timer);
    int64_t now_ms = clock_wall_ms();
    if (now_ms < ping->next_ms) {
        ping_wait(ping);
        return;
    }
    shoot(ping);
    ping_plan(ping, now_ms); // what was slept through is not made up for
}

// --- from the resource

static void data_read(struct ping *ping, const struct json_value *spec)
{
    struct cloudevent *event = &ping->event;
    bytes_t base64 = json_text_at(spec, "dataBase64"), type = json_text_at(spec, "contentType");
    size_t size = 0;
    if (type.size > 0)
        event->core[CLOUDEVENT_DATACONTENTTYPE] = arena_copy(&ping->arena, type);
    if (base64.size > 0) {
        uint8_t *data = arena_alloc(&ping->arena, base64.size);
        if (base64_decode(BASE64_STANDARD, base64, data, &size))
            event->data = bytes_of(data, size);
    } else if (json_text_at(spec, "data").size > 0) {
        event->data = arena_copy(&ping->arena, json_text_at(spec, "data"));
    }
}

static err_t extensions_read(struct ping *ping, const struct json_value *spec, diag_t *diag)
{
    const struct json_value *all = json_get(json_get(spec, "ceOverrides"), "extensions");
    err_t err = ERR_OK;
    for (const struct json_value *one = all == NULL ? NULL : all->first; one != NULL && err == ERR_OK; one = one->next)
        err = cloudevent_set(&ping->event, arena_copy(&ping->arena, one->name),
                             cloudevent_string(arena_copy(&ping->arena, one->text)), &ping->arena, diag);
    return err;
}

static const char *source_of(struct arena *arena, const struct work *work)
{
    return arena_format(arena, "/apis/v1/namespaces/%.*s/pingsources/%.*s", BYTES_ARG(work->name_space),
                        BYTES_ARG(work->name));
}

static err_t ping_read(struct ping *ping, const struct look *look, diag_t *diag)
{
    const struct json_value *spec = json_get(look->object, "spec");
    bytes_t zone = json_text_at(spec, "timezone");
    ping->event.core[CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0");
    ping->event.core[CLOUDEVENT_TYPE] = BYTES_LITERAL(TYPE);
    ping->event.core[CLOUDEVENT_SOURCE] = bytes_of_text(source_of(&ping->arena, look->work));
    data_read(ping, spec);
    err_t err = cron_parse(json_text_at(spec, "schedule"), &ping->cron, diag);
    if (err == ERR_OK)
        err = time_zone_read(zone, &ping->arena, &ping->zone, diag);
    if (err == ERR_OK)
        err = extensions_read(ping, spec, diag);
    return err;
}

static void ping_free(struct ping *ping)
{
    while (!list_empty(&ping->shots))
        shot_lose(LIST_ITEM(ping->shots.next, struct shot, node), "its source was changed, or has stopped");
    timer_stop(&ping->timer);
    if (ping->pings != NULL)
        map_remove(&ping->pings->map, &ping->node);
    sink_unref(ping->sink);
    arena_free(&ping->arena);
    free(ping->key);
    free(ping);
}

static struct ping *ping_find(const struct pings *pings, bytes_t key)
{
    struct map_node *node = map_find(&pings->map, key);
    return node == NULL ? NULL : CONTAINER_OF(node, struct ping, node);
}

static void ping_drop(struct pings *pings, bytes_t key)
{
    struct ping *ping = ping_find(pings, key);
    if (ping != NULL)
        ping_free(ping);
}

// --- its status

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct whereabouts *sink = look->owner; // NULL: it has none
    whereabouts_fill(sink == NULL ? &nowhere : sink, status, arena, "sink");
    if (sink == NULL) {
        json_unset(status, BYTES_LITERAL("ceAttributes"));
        return;
    }
    struct json_value *list = json_new(arena, JSON_ARRAY), *one = json_new(arena, JSON_OBJECT);
    json_set_text(one, arena, "type", TYPE);
    json_set_text(one, arena, "source", source_of(arena, look->work));
    json_append(list, one);
    json_set(status, BYTES_LITERAL("ceAttributes"), list);
}

static void conclude(struct look *look)
{
    look->fill = fill_status;
    look_condition(look, "OIDCIdentityCreated", "True", "AuthOIDCDisabled", "Events carry no identity.");
    look_conclude(look);
}

static void not_ready(struct look *look, const char *type, const char *reason, const diag_t *diag)
{
    struct pings *pings = CONTAINER_OF(look->controller, struct pings, controller);
    ping_drop(pings, look->work->key);
    look_condition(look, type, "False", reason, arena_format(&look->arena, "%s", diag->text));
    conclude(look);
}

static void bring_about(struct look *look)
{
    struct pings *pings = CONTAINER_OF(look->controller, struct pings, controller);
    const struct json_value *destination = json_get(json_get(look->object, "spec"), "sink");
    struct ping *ping = ping_find(pings, look->work->key);
    struct whereabouts *where = arena_alloc(&look->arena, sizeof *where);
    struct sink *sink;
    diag_t diag = { 0 };
    if (look_resolve(look, destination, CLOUDEVENT_MODE_BINARY, &sink, where, &diag) != ERR_OK) {
        not_ready(look, "SinkProvided", "NotFound", &diag);
        return;
    }
    look->owner = where;
    if (ping != NULL && ping->generation == object_generation(look->object) &&
        bytes_equal(ping->uid, object_meta_text(look->object, "uid"))) {
        sink_unref(ping->sink); // it may be another one of the same name
        ping->sink = sink;
    } else {
        struct ping *fresh = mem_zalloc(1, sizeof *fresh);
        list_init(&fresh->shots);
        timer_init(&fresh->timer, look->controller->kube->loop, on_timer);
        fresh->sink = sink;
        if (ping_read(fresh, look, &diag) != ERR_OK) {
            ping_free(fresh);
            look_true(look, "SinkProvided");
            not_ready(look, "Deployed", "InvalidSpec", &diag);
            return;
        }
        ping_drop(pings, look->work->key);
        fresh->pings = pings;
        fresh->tally = tally_get(&look->eventing->tallies, KIND, look->work->name_space, look->work->name,
                                 TALLY_ATTEMPTS | TALLY_LATENCY);
        fresh->key = bytes_to_text(look->work->key);
        fresh->generation = object_generation(look->object);
        fresh->uid = arena_copy(&fresh->arena, object_meta_text(look->object, "uid"));
        map_insert(&pings->map, &fresh->node);
        ping_plan(fresh, clock_wall_ms());
    }
    look_true(look, "SinkProvided");
    look_true(look, "Deployed");
    conclude(look);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct pings *pings = CONTAINER_OF(controller, struct pings, controller);
    struct map *tallies = &eventing_of(controller->kube)->tallies;
    struct look *look = look_begin(controller, work);
    if (look != NULL && !object_is_deleting(look->object) && !look->eventing->is_stopping) {
        bring_about(look);
        return;
    }
    ping_drop(pings, work->key);
    if (look == NULL || object_is_deleting(look->object))
        tally_drop(tallies, tally_find(tallies, KIND, work->name_space, work->name));
    if (look == NULL)
        work_end(work, WORK_DONE);
    else if (object_is_deleting(look->object))
        look_drop(look);
    else
        look_retry(look); // the server stops: nothing was found out
}

// --- start and stop

static void on_change(struct eventing_watcher *watcher)
{
    controller_enqueue_all(&CONTAINER_OF(watcher, struct pings, watcher)->controller);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct pings *pings = mem_zalloc(1, sizeof *pings);
    pings->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    pings->map = MAP_INIT(ping_key);
    pings->watcher.on_change = on_change;
    eventing_watch(eventing_of(kube), &pings->watcher);
    controller_start(&pings->controller);
    return pings;
}

// Before the sinks go.
static void stop(void *state)
{
    struct pings *pings = state;
    struct map_node *node;
    eventing_unwatch(&pings->watcher);
    controller_stop(&pings->controller);
    while ((node = map_next(&pings->map, NULL)) != NULL)
        ping_free(CONTAINER_OF(node, struct ping, node));
}

static void pings_free(void *state)
{
    struct pings *pings = state;
    controller_deinit(&pings->controller);
    map_free(&pings->map);
    free(pings);
}

static const struct kind_controller controller_of_pings = { start, stop, pings_free };

const struct kind_rules ping_source_rules = {
    .definition = ping_source_definition,
    .fill = ping_source_fill,
    .inspect = ping_source_inspect,
    .check = ping_source_check,
    .controller = &controller_of_pings,
};
