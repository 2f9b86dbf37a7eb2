// SPDX-License-Identifier: Apache-2.0
// Broker: a topic with an address, and a second one for what its triggers could not deliver.
#include "base/mem.h"
#include "eventing/kinds/broker_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/look.h"
#include "eventing/resolve.h"
#include "kube/api.h"
#include "kube/client.h"
#include "kube/embed.h"

#include <stdlib.h>

EMBED(broker_definition, "broker");

#define FINALIZER "brokers.eventing.knative.dev"
#define EXTERNAL  "kafka.eventing.knative.dev/external.topic"
#define DEAD      "-dead-letters"

struct brokers {
    struct controller controller;
};

// A look that asks the log for something.
struct broker_look {
    struct look *look;
    struct engine_topic_op op;
    char *topic;
    char *dead_topic;
    int32_t partition_count; // of the topic, once it is known
    bool is_external;
};

static void broker_look_free(struct broker_look *this)
{
    free(this->topic);
    free(this->dead_topic);
    free(this);
}

static struct broker_look *broker_look_new(struct look *look)
{
    struct broker_look *this = mem_zalloc(1, sizeof *this);
    bytes_t external = object_annotation(look->object, EXTERNAL);
    this->look = look;
    this->is_external = external.size > 0;
    this->topic = this->is_external ? bytes_to_text(external)
                                    : mem_format("knative-broker-%.*s-%.*s", BYTES_ARG(look->work->name_space),
                                                 BYTES_ARG(look->work->name));
    this->dead_topic =
        mem_format("knative-broker-%.*s-%.*s" DEAD, BYTES_ARG(look->work->name_space), BYTES_ARG(look->work->name));
    return this;
}

static void ask(struct broker_look *this, const char *topic, int32_t partition_count,
                void (*call)(struct engine *engine, struct engine_topic_op *op),
                void (*on_done)(struct engine_topic_op *op))
{
    this->op = (struct engine_topic_op){ .on_done = on_done,
                                         .name = bytes_of_text(topic),
                                         .partition_count = partition_count };
    call(this->look->eventing->engine, &this->op);
}

static const struct engine_driver *driver_of(const struct broker_look *this)
{
    return this->look->eventing->engine->driver;
}

// --- its status

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const char *dead = look->owner;
    look_fill_address(look, INBOX_BROKER, status, arena);
    if (dead != NULL)
        json_set_text(status, arena, "deadLetterSinkUri", dead);
    else
        json_unset(status, BYTES_LITERAL("deadLetterSinkUri"));
}

static void tell_dead_letter_sink(struct look *look)
{
    const struct json_value *destination =
        json_get(json_get(json_get(look->object, "spec"), "delivery"), "deadLetterSink");
    struct sink *sink;
    diag_t diag = { 0 };
    if (destination == NULL || destination->type != JSON_OBJECT) {
        look_condition(look, "DeadLetterSinkResolved", "True", "DeadLetterSinkNotConfigured",
                       "No dead letter sink is configured.");
        return;
    }
    if (destination_resolve(look->eventing, destination, look->work->name_space, &sink, &diag) != ERR_OK) {
        look_condition(look, "DeadLetterSinkResolved", "False", "Unable to get the dead letter sink's URI",
                       arena_format(&look->arena, "%s", diag.text));
        return;
    }
    look->owner = arena_format(&look->arena, "%s", sink->uri);
    sink_unref(sink);
    look_true(look, "DeadLetterSinkResolved");
}

static void ready(struct look *look)
{
    look->fill = fill_status;
    look_true(look, "IngressReady");
    look_true(look, "TriggerChannelReady");
    look_true(look, "FilterReady");
    look_addressable(look);
    tell_dead_letter_sink(look);
    look_condition(look, "EventPoliciesReady", "True", "AuthOIDCDisabled", "Whoever reaches the door may send.");
    look_conclude(look);
}

// What another try may mend ends the look; the rest is told.
static void failed(struct broker_look *this, err_t err, const char *why)
{
    struct look *look = this->look;
    const char *text = arena_format(&look->arena, "%s", why);
    broker_look_free(this);
    if (err != ERR_INVALID && err != ERR_CONFLICT && err != ERR_LIMIT && err != ERR_NOT_FOUND) {
        look_retry(look);
        return;
    }
    look->fill = fill_status;
    look_condition(look, "TriggerChannelReady", "False", "TopicFailed", text);
    look_conclude(look);
}

// --- its topics

static void on_dead_topic(struct engine_topic_op *op)
{
    struct broker_look *this = CONTAINER_OF(op, struct broker_look, op);
    struct look *look = this->look;
    if (op->err != ERR_OK) {
        failed(this, op->err, op->diag.text);
        return;
    }
    if (look->eventing->is_stopping) {
        broker_look_free(this);
        look_retry(look);
        return;
    }
    station_ensure(look->eventing, &(struct station_plan){
                                       .controller = look->controller,
                                       .kind = INBOX_BROKER,
                                       .name_space = look->work->name_space,
                                       .name = look->work->name,
                                       .topic = bytes_of_text(this->topic),
                                       .dead_topic = bytes_of_text(this->dead_topic),
                                       .partition_count = this->partition_count,
                                   });
    broker_look_free(this);
    ready(look);
}

static void on_topic(struct engine_topic_op *op)
{
    struct broker_look *this = CONTAINER_OF(op, struct broker_look, op);
    if (op->err == ERR_OK && op->found.is_internal) {
        failed(this, ERR_INVALID, "The topic is one of the server's own: name another.");
        return;
    }
    if (op->err != ERR_OK) {
        failed(this, op->err, op->diag.text);
        return;
    }
    this->partition_count = op->found.partition_count;
    ask(this, this->dead_topic, 1, driver_of(this)->topic_ensure, on_dead_topic);
}

// Of the ConfigMap that spec.config names, as Knative's Kafka broker reads it; else one, which keeps everything in
// order.
static int32_t partitions_wanted(const struct look *look)
{
    const struct json_value *config = json_get(json_get(look->object, "spec"), "config");
    struct kube *kube = look->controller->kube;
    const struct kind *maps = kinds_find(&kube->resources.kinds, BYTES_LITERAL(""), BYTES_LITERAL("configmaps"));
    bytes_t name = json_text_at(config, "name"), name_space = json_text_at(config, "namespace");
    struct arena arena = ARENA_INIT;
    struct json_value *map;
    int64_t count = 1;
    if (name.size > 0 && bytes_is(json_text_at(config, "kind"), "ConfigMap") &&
        client_get(kube, maps, name_space.size > 0 ? name_space : look->work->name_space, name, &arena, &map) == ERR_OK)
        (void)bytes_to_int64(json_text_at(json_get(map, "data"), "default.topic.partitions"), &count);
    arena_free(&arena);
    return count < 1 || count > 1000 ? 1 : (int32_t)count;
}

static void bring_about(struct look *look)
{
    if (!object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER))) {
        look_finalizer_add(look, FINALIZER);
        return;
    }
    struct broker_look *this = broker_look_new(look);
    if (this->is_external)
        ask(this, this->topic, 0, driver_of(this)->topic_describe, on_topic);
    else
        ask(this, this->topic, partitions_wanted(look), driver_of(this)->topic_ensure, on_topic);
}

// --- its end

static void on_dead_deleted(struct engine_topic_op *op)
{
    struct broker_look *this = CONTAINER_OF(op, struct broker_look, op);
    struct look *look = this->look;
    bool is_gone = op->err == ERR_OK || op->err == ERR_NOT_FOUND;
    broker_look_free(this);
    if (is_gone)
        look_finalizer_remove(look, FINALIZER);
    else
        look_retry(look);
}

static void on_deleted(struct engine_topic_op *op)
{
    struct broker_look *this = CONTAINER_OF(op, struct broker_look, op);
    if (op->err != ERR_OK && op->err != ERR_NOT_FOUND) {
        struct look *look = this->look;
        broker_look_free(this);
        look_retry(look);
        return;
    }
    ask(this, this->dead_topic, 0, driver_of(this)->topic_delete, on_dead_deleted);
}

static void end(struct look *look)
{
    struct station *station = station_find(look->eventing, INBOX_BROKER, look->work->name_space, look->work->name);
    if (station != NULL)
        station_close(station);
    struct broker_look *this = broker_look_new(look);
    if (this->is_external)
        ask(this, this->dead_topic, 0, driver_of(this)->topic_delete, on_dead_deleted);
    else
        ask(this, this->topic, 0, driver_of(this)->topic_delete, on_deleted);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct look *look = look_begin(controller, work);
    if (look == NULL) {
        eventing_changed(eventing_of(controller->kube)); // its triggers say that it is gone
        work_end(work, WORK_DONE);
    } else if (!object_is_deleting(look->object)) {
        bring_about(look);
    } else if (object_has_finalizer(look->object, BYTES_LITERAL(FINALIZER))) {
        end(look);
    } else {
        look_conclude(look);
    }
}

// --- start and stop

static void *start(struct kube *kube, struct kind *kind)
{
    struct brokers *brokers = mem_zalloc(1, sizeof *brokers);
    brokers->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    controller_start(&brokers->controller);
    return brokers;
}

static void stop(void *state)
{
    struct brokers *brokers = state;
    controller_stop(&brokers->controller);
}

static void brokers_free(void *state)
{
    struct brokers *brokers = state;
    controller_deinit(&brokers->controller);
    free(brokers);
}

static const struct kind_controller controller_of_brokers = { start, stop, brokers_free };

const struct kind_rules broker_rules = {
    .definition = broker_definition,
    .fill = broker_fill,
    .check = broker_check,
    .controller = &controller_of_brokers,
};
