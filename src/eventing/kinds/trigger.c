// SPDX-License-Identifier: Apache-2.0
// Trigger: the events of a broker that pass a filter go to a subscriber.
#include "base/mem.h"
#include "eventing/kinds/broker_rules.h"
#include "eventing/kinds/dependency.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/post_settings.h"
#include "eventing/kinds/trigger_rules.h"
#include "eventing/kinds/waiting.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"
#include "kube/embed.h"
#include "kube/recorder.h"

#include <inttypes.h>
#include <stdlib.h>

EMBED(trigger_definition, "trigger");

#define KIND      "trigger"
#define INJECTION "eventing.knative.dev/injection" // annotation

struct triggers {
    struct look_controller look;
    struct dependencies dependencies;
    struct waiting waiting;
};

static struct waiting *waiting_of(struct controller *controller)
{
    return &CONTAINER_OF(controller, struct triggers, look.controller)->waiting;
}

// One look: what it finds, and why there can be no subscription yet.
struct trigger_look {
    struct look *look;
    const struct json_value *broker;
    struct post_settings settings;
    struct condition subscription;
};

static const struct condition not_configured = { .type = "SubscriptionReady",
                                                 .status = "Unknown",
                                                 .reason = "NotConfigured",
                                                 .message = "Something else has to be put right first." };

static void refuse(struct trigger_look *this, const char *reason, const char *prefix, const diag_t *diag)
{
    this->subscription = (struct condition){
        .type = "SubscriptionReady",
        .status = "False",
        .reason = reason,
        .message = arena_format(&this->look->arena, "%s%s: %s", prefix, diag->where, diag->text),
    };
}

// --- its status

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct post_settings *settings = look->owner; // NULL: there are none
    whereabouts_fill(settings == NULL ? &nowhere : &settings->subscriber, status, arena, "subscriber");
    whereabouts_fill(settings == NULL ? &nowhere : &settings->dead_letter, status, arena, "deadLetterSink");
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

static enum backoff_flavour flavour_of(const struct json_value *broker)
{
    return broker_is_kafkas(broker) ? BACKOFF_FROM_ONE : BACKOFF_FROM_ZERO;
}

static bool sink_of(struct trigger_look *this, const struct json_value *destination, const char *type,
                    const char *reason, struct sink **ret_sink, struct whereabouts *ret_where)
{
    struct look *look = this->look;
    diag_t diag = { 0 };
    if (post_settings_sink(&this->settings, look, destination, ret_sink, ret_where, &diag) == ERR_OK) {
        look_true(look, type);
        return true;
    }
    look_condition(look, type, "False", reason, arena_format(&look->arena, "%s", diag.text));
    return false;
}

// What is allowed and hardly meant is told at the first look at each version of the trigger, whatever else it lacks.
static void doubt_tell(struct look *look)
{
    bool is_told = int_at(json_get(look->object, "status"), "observedGeneration") == object_generation(look->object);
    struct filter filter = { .root = NULL };
    if (is_told || filter_compile(json_get(look->object, "spec"), &look->arena, &filter, NULL) != ERR_OK)
        return;
    if (filter.doubt != NULL)
        record_event(look->controller->kube, look->controller->kind, look->object, true, "FilterDoubt",
                     arena_format(&look->arena, "%s: %s", filter.doubt->where, filter.doubt->text));
}

static bool dead_letters_read(struct trigger_look *this, const struct json_value *destination)
{
    struct post_settings *settings = &this->settings;
    if (destination != NULL && destination->type == JSON_OBJECT)
        return sink_of(this, destination, "DeadLetterSinkResolved", "Unable to get the dead letter sink's URI",
                       &settings->dead_letters, &settings->dead_letter);
    look_condition(this->look, "DeadLetterSinkResolved", "True", "DeadLetterSinkNotConfigured",
                   "No dead letter sink is configured: the broker keeps what cannot be delivered.");
    return true;
}

static bool settings_read(struct trigger_look *this)
{
    struct post_settings *settings = &this->settings;
    const struct json_value *spec = json_get(this->look->object, "spec"), *dead_letters;
    diag_t diag = { 0 };
    bool good = true;
    settings->has_hops = true;
    if (post_settings_annotations(settings, this->look->object, &diag) != ERR_OK) {
        refuse(this, "InvalidLimit", "metadata.annotations.", &diag);
        good = false;
    }
    if (post_settings_delivery(settings, spec, json_get(this->broker, "spec"), flavour_of(this->broker), &dead_letters,
                               &diag) != ERR_OK) {
        refuse(this, "InvalidDelivery", "spec.delivery.", &diag);
        good = false;
    }
    good = sink_of(this, json_get(spec, "subscriber"), "SubscriberResolved", "Unable to get the Subscriber's URI",
                   &settings->sink, &settings->subscriber) &&
           good;
    good = dead_letters_read(this, dead_letters) && good;
    if (post_settings_filter(settings, spec, &diag) != ERR_OK) {
        refuse(this, "InvalidFilter", "", &diag);
        good = false;
    }
    return good;
}

static const char *made_of(const struct trigger_look *this)
{
    struct look *look = this->look;
    const struct post_settings *settings = &this->settings;
    bytes_t uid = object_meta_text(look->object, "uid"), broker_uid = object_meta_text(this->broker, "uid");
    return arena_format(&look->arena, "%.*s %" PRId64 " %.*s %" PRId64 " %s %s", BYTES_ARG(uid),
                        object_generation(look->object), BYTES_ARG(broker_uid), object_generation(this->broker),
                        settings->subscriber.uri, settings->dead_letter.uri == NULL ? "" : settings->dead_letter.uri);
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

static bool is_ours(const struct sink *sink)
{
    return sink != NULL && sink->is_ours;
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
    waiting_set(waiting_of(look->controller), look->work, true);
    doubt_tell(look);
    if (broker == NULL || station == NULL || object_is_deleting(broker)) {
        without_broker(look, name, broker != NULL);
        return;
    }
    struct post *post = post_get(look->eventing, look->controller, KIND, look->work->name_space, look->work->name);
    struct trigger_look *this = arena_alloc(&look->arena, sizeof *this);
    *this = (struct trigger_look){ .look = look, .broker = broker, .subscription = not_configured };
    look_true(look, "BrokerReady");
    dependency_look(&CONTAINER_OF(look->controller, struct triggers, look.controller)->dependencies, look);
    if (!settings_read(this)) {
        post_settings_free(&this->settings);
        post_leave(post, false); // events wait in the topic until it is put right
        conclude(look, &this->subscription);
        return;
    }
    waiting_set(waiting_of(look->controller), look->work,
                is_ours(this->settings.sink) || is_ours(this->settings.dead_letters));
    this->settings.replies = sink_ref(station->replies);
    look->owner = &this->settings;
    post_settings_take(post, &this->settings, station, made_of(this));
    post_look_health(look, post);
    struct condition subscription = post_condition(post, "SubscriptionReady");
    conclude(look, &subscription);
}

static void gone(struct eventing *eventing, const struct work *work)
{
    struct post *post = post_find(eventing, KIND, work->name_space, work->name);
    waiting_set(waiting_of(work->controller), work, false);
    if (post != NULL)
        post_drop(post, true);
}

static void reconcile(struct controller *controller, struct work *work)
{
    look_reconcile(controller, work, bring_about, gone);
}

// --- start and stop

// Brokers and sinks come and go: whoever is not subscribed may be now. Those of a broker that goes are enqueued with
// it.
static void on_change(struct eventing_watcher *watcher)
{
    struct triggers *triggers = CONTAINER_OF(watcher, struct triggers, look.watcher);
    waiting_enqueue(&triggers->waiting, &triggers->look.controller);
}

static void *start(struct kube *kube, struct kind *kind)
{
    struct triggers *triggers = mem_zalloc(1, sizeof *triggers);
    dependencies_init(&triggers->dependencies, &triggers->look.controller);
    waiting_init(&triggers->waiting);
    look_controller_init(&triggers->look, kube, kind, reconcile, true);
    triggers->look.watcher.on_change = on_change;
    return triggers;
}

static void stop(void *state)
{
    struct triggers *triggers = state;
    dependencies_stop(&triggers->dependencies);
    look_controller_stop(&triggers->look);
}

static void triggers_free(void *state)
{
    struct triggers *triggers = state;
    controller_deinit(&triggers->look.controller);
    waiting_deinit(&triggers->waiting);
    free(triggers);
}

static const struct kind_controller controller_of_triggers = { start, stop, triggers_free };

const struct kind_rules trigger_rules = {
    .definition = trigger_definition,
    .fill = trigger_fill,
    .warning = trigger_warning,
    .inspect = trigger_inspect,
    .check = trigger_check,
    .controller = &controller_of_triggers,
};
