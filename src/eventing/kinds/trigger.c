// SPDX-License-Identifier: Apache-2.0
// Trigger: the events of a broker that pass a filter go to a subscriber.
#include "base/mem.h"
#include "cloudevents/filter/filter.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/look.h"
#include "eventing/kinds/trigger_rules.h"
#include "eventing/resolve.h"
#include "eventing/view.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"
#include "kube/embed.h"
#include "kube/recorder.h"

#include <inttypes.h>
#include <stdlib.h>

EMBED(trigger_definition, "trigger");

#define KIND      "trigger"
#define INJECTION "eventing.knative.dev/injection"    // annotation
#define CLASS     "eventing.knative.dev/broker.class" // of a broker
#define ORDER     "kafka.eventing.knative.dev/delivery.order"

struct triggers {
    struct controller controller;
    struct eventing_watcher watcher;
};

// What a trigger's resources come to.
struct settings {
    struct delivery delivery;
    struct arena arena; // of the filter
    struct filter filter;
    struct sink *sink, *dead_letters;
    bool is_ordered;
    struct condition subscription; // why there can be none
};

static void settings_free(struct settings *settings)
{
    sink_unref(settings->sink);
    sink_unref(settings->dead_letters);
    arena_free(&settings->arena);
}

// Of those who can have no subscription yet.
static const struct condition not_configured = { .type = "SubscriptionReady",
                                                 .status = "Unknown",
                                                 .reason = "NotConfigured",
                                                 .message = "Something else has to be put right first." };

static void settings_refuse(struct look *look, struct settings *settings, const char *reason, const char *prefix,
                            const diag_t *diag)
{
    settings->subscription = (struct condition){
        .type = "SubscriptionReady",
        .status = "False",
        .reason = reason,
        .message = arena_format(&look->arena, "%s%s: %s", prefix, diag->where, diag->text),
    };
}

// --- its status

struct uris {
    const char *subscriber, *dead_letters;
};

static void uri_set(struct json_value *status, struct arena *arena, const char *name, const char *uri)
{
    if (uri != NULL)
        json_set_text(status, arena, name, uri);
    else
        json_unset(status, bytes_of_text(name));
}

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct uris *uris = look->owner;
    uri_set(status, arena, "subscriberUri", uris == NULL ? NULL : uris->subscriber);
    uri_set(status, arena, "deadLetterSinkUri", uris == NULL ? NULL : uris->dead_letters);
}

static struct condition subscription_of(const struct post *post)
{
    struct condition condition = { .type = "SubscriptionReady", .status = "True" };
    if (!post->is_joined && post->err != ERR_OK) {
        condition.status = "False";
        condition.reason = "NotSubscribed";
        condition.message = err_text(post->err);
    } else if (!post->is_joined) {
        condition.status = "Unknown";
        condition.reason = "Subscribing";
        condition.message = "The broker's events are being found.";
    }
    return condition;
}

static void conclude(struct look *look, const struct condition *subscription)
{
    look->fill = fill_status;
    look_condition(look, subscription->type, subscription->status, subscription->reason, subscription->message);
    look_condition(look, "OIDCIdentityCreated", "True", "AuthOIDCDisabled", "Events carry no identity.");
    look_conclude(look);
}

// --- what it wants

static struct json_value *broker_get(struct look *look, bytes_t name)
{
    const struct kinds *kinds = &look->controller->kube->resources.kinds;
    struct kind *brokers = kinds_find(kinds, BYTES_LITERAL("eventing.knative.dev"), BYTES_LITERAL("brokers"));
    struct json_value *broker;
    err_t err = client_get(look->controller->kube, brokers, look->work->name_space, name, &look->arena, &broker);
    return err == ERR_OK ? broker : NULL;
}

// The trigger's own delivery takes the place of the broker's as a whole.
static bool delivery_of(struct look *look, const struct json_value *broker, struct settings *settings,
                        const struct json_value **ret_dead_letters)
{
    const struct json_value *own = json_get(json_get(look->object, "spec"), "delivery");
    const struct json_value *spec =
        own != NULL && own->type == JSON_OBJECT ? own : json_get(json_get(broker, "spec"), "delivery");
    bool is_kafka = bytes_is(object_annotation(broker, CLASS), "Kafka") ||
                    bytes_is(object_annotation(broker, CLASS), "KafkaNamespaced");
    diag_t diag = { 0 };
    settings->delivery = delivery_default(is_kafka ? BACKOFF_FROM_ONE : BACKOFF_FROM_ZERO);
    *ret_dead_letters = json_get(spec, "deadLetterSink");
    if (delivery_read(spec, &settings->delivery, &diag) == ERR_OK)
        return true;
    settings_refuse(look, settings, "InvalidDelivery", "spec.delivery.", &diag);
    return false;
}

static bool sink_of(struct look *look, const struct json_value *destination, const char *type, const char *reason,
                    struct sink **ret_sink)
{
    diag_t diag = { 0 };
    if (destination_resolve(look->eventing, destination, look->work->name_space, ret_sink, &diag) == ERR_OK) {
        look_true(look, type);
        return true;
    }
    look_condition(look, type, "False", reason, arena_format(&look->arena, "%s", diag.text));
    return false;
}

// What is allowed and hardly meant is told once for each version of the trigger.
static void doubt_tell(struct look *look, const diag_t *doubt)
{
    bool is_told = int_at(json_get(look->object, "status"), "observedGeneration") == object_generation(look->object);
    if (doubt != NULL && !is_told)
        record_event(look->controller->kube, look->controller->kind, look->object, true, "FilterDoubt",
                     arena_format(&look->arena, "%s: %s", doubt->where, doubt->text));
}

static bool settings_read(struct look *look, const struct json_value *broker, struct settings *settings)
{
    const struct json_value *spec = json_get(look->object, "spec"), *dead_letters;
    diag_t diag = { 0 };
    settings->is_ordered = bytes_is(object_annotation(look->object, ORDER), "ordered");
    bool good = delivery_of(look, broker, settings, &dead_letters);
    good = sink_of(look, json_get(spec, "subscriber"), "SubscriberResolved", "Unable to get the Subscriber's URI",
                   &settings->sink) &&
           good;
    if (dead_letters != NULL && dead_letters->type == JSON_OBJECT)
        good = sink_of(look, dead_letters, "DeadLetterSinkResolved", "Unable to get the dead letter sink's URI",
                       &settings->dead_letters) &&
               good;
    else
        look_condition(look, "DeadLetterSinkResolved", "True", "DeadLetterSinkNotConfigured",
                       "No dead letter sink is configured: the broker keeps what cannot be delivered.");
    if (filter_compile(spec, &settings->arena, &settings->filter, &diag) != ERR_OK) {
        settings_refuse(look, settings, "InvalidFilter", "", &diag);
        good = false;
    }
    doubt_tell(look, settings->filter.doubt);
    return good;
}

static bool wants(const struct consumer *consumer, const struct cloudevent *event)
{
    const struct post *post = consumer->owner;
    struct cesql_event view = view_of(event);
    struct arena scratch = ARENA_INIT;
    bool matches = filter_matches(post->filter, &view, &scratch);
    arena_free(&scratch);
    return matches;
}

// True when they are not those that were taken before.
static bool settings_differ(const struct look *look, const struct json_value *broker, struct post *post,
                            const struct settings *settings)
{
    const struct sink *dead_letters = settings->dead_letters;
    bytes_t uid = object_meta_text(look->object, "uid"), broker_uid = object_meta_text(broker, "uid");
    char *made_of =
        mem_format("%.*s %" PRId64 " %d %.*s %" PRId64 " %s %s", BYTES_ARG(uid), object_generation(look->object),
                   settings->is_ordered, BYTES_ARG(broker_uid), object_generation(broker), settings->sink->uri,
                   dead_letters == NULL ? "" : dead_letters->uri);
    bool differ = post->made_of == NULL || strcmp(post->made_of, made_of) != 0;
    free(post->made_of);
    post->made_of = made_of;
    return differ;
}

static void settings_take(struct post *post, struct settings *settings, struct station *station, bool differ)
{
    struct consumer *consumer = &post->member.consumer;
    sink_unref(consumer->sink);
    sink_unref(consumer->dead_letters);
    arena_free(&post->arena);
    post->arena = settings->arena;
    struct filter *filter = arena_alloc(&post->arena, sizeof *filter);
    *filter = settings->filter;
    post->filter = filter;
    consumer->owner = post;
    consumer->wants = wants;
    consumer->has_hops = true;
    consumer->delivery = settings->delivery;
    consumer->is_ordered = settings->is_ordered;
    consumer->sink = settings->sink;
    consumer->dead_letters = settings->dead_letters;
    consumer->replies = station->replies;
    consumer->last = station->last;
    if (post->station == NULL)
        post_join(post, station, ENGINE_LATEST);
    else if (post->is_joined && differ)
        consumer_nudge(consumer);
}

// --- its broker

static void on_injected(struct client_op *op)
{
    (void)op; // somebody may have been quicker; the broker's coming brings the trigger back
}

// The broker that a trigger asks for (Knative's sugar controller: only "default").
static void broker_inject(struct look *look)
{
    const struct kinds *kinds = &look->controller->kube->resources.kinds;
    struct kind *brokers = kinds_find(kinds, BYTES_LITERAL("eventing.knative.dev"), BYTES_LITERAL("brokers"));
    struct client_op *op =
        client_op_new(look->controller->kube, brokers, look->work->name_space, BYTES_LITERAL("default"), "eddy");
    struct json_value *broker = json_new(&op->arena, JSON_OBJECT);
    json_set_text(json_set_object(json_set_object(broker, &op->arena, "metadata"), &op->arena, "labels"), &op->arena,
                  INJECTION, "enabled");
    op->on_done = on_injected;
    client_create(op, broker);
}

static void without_broker(struct look *look, bytes_t name, bool is_there)
{
    struct post *post = post_find(look->eventing, KIND, look->work->name_space, look->work->name);
    if (post != NULL)
        post_leave(post, false);
    if (!is_there && bytes_is(name, "default") && bytes_is(object_annotation(look->object, INJECTION), "enabled"))
        broker_inject(look);
    look_condition(look, "BrokerReady", is_there ? "Unknown" : "False",
                   is_there ? "BrokerNotReady" : "BrokerDoesNotExist",
                   is_there ? "The broker is not ready."
                            : arena_format(&look->arena, "Broker \"%.*s\" does not exist", BYTES_ARG(name)));
    conclude(look, &not_configured);
}

static void bring_about(struct look *look)
{
    const struct json_value *spec = json_get(look->object, "spec");
    bytes_t own = json_text_at(spec, "broker");
    bytes_t name = own.size > 0 ? own : json_text_at(json_get(spec, "brokerRef"), "name");
    const struct json_value *broker = broker_get(look, name);
    struct station *station = station_find(look->eventing, INBOX_BROKER, look->work->name_space, name);
    if (broker == NULL || station == NULL || object_is_deleting(broker)) {
        without_broker(look, name, broker != NULL);
        return;
    }
    struct post *post = post_get(look->eventing, look->controller, KIND, look->work->name_space, look->work->name);
    struct settings settings = { .arena = ARENA_INIT, .subscription = not_configured };
    struct uris *uris = arena_alloc(&look->arena, sizeof *uris);
    look_true(look, "BrokerReady");
    look_true(look, "DependencyReady");
    if (!settings_read(look, broker, &settings)) {
        settings_free(&settings);
        post_leave(post, false); // events wait in the topic until it is put right
        conclude(look, &settings.subscription);
        return;
    }
    uris->subscriber = arena_format(&look->arena, "%s", settings.sink->uri);
    uris->dead_letters =
        settings.dead_letters == NULL ? NULL : arena_format(&look->arena, "%s", settings.dead_letters->uri);
    look->owner = uris;
    settings_take(post, &settings, station, settings_differ(look, broker, post, &settings));
    struct condition subscription = subscription_of(post);
    conclude(look, &subscription);
}

static void reconcile(struct controller *controller, struct work *work)
{
    struct eventing *eventing = eventing_of(controller->kube);
    struct look *look = look_begin(controller, work);
    if (look != NULL && !object_is_deleting(look->object)) {
        bring_about(look);
        return;
    }
    struct post *post = post_find(eventing, KIND, work->name_space, work->name);
    if (post != NULL)
        post_drop(post, true);
    if (look == NULL)
        work_end(work, WORK_DONE);
    else
        look_conclude(look);
}

// --- start and stop

// Brokers and sinks come and go: whoever is not subscribed may be now.
static void on_change(struct eventing_watcher *watcher)
{
    struct triggers *triggers = CONTAINER_OF(watcher, struct triggers, watcher);
    controller_enqueue_all(&triggers->controller);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct triggers *triggers = mem_zalloc(1, sizeof *triggers);
    triggers->controller = (struct controller){
        .kube = kube, .kind = kind, .reconcile = reconcile, .look_every_ms = kube->options.resync_ms
    };
    triggers->watcher.on_change = on_change;
    eventing_watch(eventing_of(kube), &triggers->watcher);
    controller_start(&triggers->controller);
    return triggers;
}

static void stop(void *state)
{
    struct triggers *triggers = state;
    eventing_unwatch(&triggers->watcher);
    controller_stop(&triggers->controller);
}

static void triggers_free(void *state)
{
    struct triggers *triggers = state;
    controller_deinit(&triggers->controller);
    free(triggers);
}

static const struct kind_controller controller_of_triggers = { start, stop, triggers_free };

const struct kind_rules trigger_rules = {
    .definition = trigger_definition,
    .fill = trigger_fill,
    .check = trigger_check,
    .controller = &controller_of_triggers,
};
