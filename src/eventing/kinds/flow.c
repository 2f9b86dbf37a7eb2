// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/flow.h"

#include "base/assert.h"
#include "base/mem.h"
#include "kube/api.h"

#include <stdlib.h>

#define MESSAGING "messaging.knative.dev"

// What channels may be.
static const char *const channel_plurals[] = { "inmemorychannels", "kafkachannels" };
enum { CHANNEL_KINDS = ARRAY_COUNT(channel_plurals), PART_KINDS = CHANNEL_KINDS + 1 };

static struct kind *kind_get(const struct kube *kube, const char *plural)
{
    return kinds_find(&kube->resources.kinds, BYTES_LITERAL(MESSAGING), bytes_of_text(plural));
}

static struct kind *subscriptions_of(const struct look *look)
{
    return kind_get(look->controller->kube, "subscriptions");
}

// --- the controller

struct flow_controller {
    struct look_controller look;
    struct owner_watch watches[PART_KINDS];
};

void *flow_controller_start(struct kube *kube, struct kind *kind,
                            void (*reconcile)(struct controller *controller, struct work *work))
{
    struct flow_controller *this = mem_zalloc(1, sizeof *this);
    look_controller_init(&this->look, kube, kind, reconcile, false);
    for (size_t i = 0; i < CHANNEL_KINDS; i++)
        owner_watch_start(&this->watches[i], &this->look.controller, kind_get(kube, channel_plurals[i]));
    owner_watch_start(&this->watches[CHANNEL_KINDS], &this->look.controller, kind_get(kube, "subscriptions"));
    return this;
}

void flow_controller_stop(void *state)
{
    struct flow_controller *this = state;
    for (size_t i = 0; i < PART_KINDS; i++)
        owner_watch_stop(&this->watches[i]);
    look_controller_stop(&this->look);
}

void flow_controller_free(void *state)
{
    struct flow_controller *this = state;
    controller_deinit(&this->look.controller);
    free(this);
}

// --- templates

struct kind *channel_template_read(struct look *look, struct json_value **ret_spec, const char **ret_why)
{
    const struct json_value *template = json_get(json_get(look->object, "spec"), "channelTemplate");
    const struct json_value *spec = json_get(template, "spec");
    const struct kube *kube = look->controller->kube;
    bytes_t api_version = json_text_at(template, "apiVersion"), name = json_text_at(template, "kind");
    struct kind *kind = kinds_find_object(&kube->resources.kinds, api_version, name, NULL);
    *ret_spec =
        spec != NULL && spec->type == JSON_OBJECT ? json_copy(&look->arena, spec) : json_new(&look->arena, JSON_OBJECT);
    for (size_t i = 0; i < CHANNEL_KINDS; i++) {
        if (kind != NULL && kind == kind_get(kube, channel_plurals[i]))
            return kind;
    }
    *ret_why =
        arena_format(&look->arena,
                     "spec.channelTemplate: there are no channels of the kind %.*s of %.*s: name InMemoryChannel "
                     "or KafkaChannel of messaging.knative.dev",
                     BYTES_ARG(name), BYTES_ARG(api_version));
    return NULL;
}

// --- what is wanted

static void without_parts(struct look *look, const char *reason, const char *message)
{
    look_condition(look, "ChannelsReady", "False", reason, message);
    look_condition(look, "SubscriptionsReady", "Unknown", NULL, NULL);
    look_condition(look, "Addressable", "Unknown", NULL, NULL);
    look_conclude(look);
}

static void on_done(struct children *children)
{
    struct flow *flow = CONTAINER_OF(children, struct flow, children);
    struct look *look = flow->look;
    if (children->problem != NULL) {
        without_parts(look, "PartFailed", children->problem);
    } else if (children->is_failed) {
        look_retry(look);
    } else {
        flow->propagate(flow);
        look_condition(look, "EventPoliciesReady", "True", "AuthOIDCDisabled", "Whoever reaches the door may send.");
        look_conclude(look);
    }
}

struct flow *flow_begin(struct look *look, void (*propagate)(struct flow *flow))
{
    struct flow *flow = arena_alloc(&look->arena, sizeof *flow);
    const char *why;
    *flow = (struct flow){ .look = look, .propagate = propagate };
    flow->channels = channel_template_read(look, &flow->channel_spec, &why);
    if (flow->channels == NULL) {
        without_parts(look, "ChannelTemplate", why);
        return NULL;
    }
    children_begin(&flow->children, look, on_done);
    return flow;
}

void flow_end(struct flow *flow)
{
    children_end(&flow->children);
}

static void channels_remove(struct flow *flow, const char *name, const struct kind *except, bool *ret_found)
{
    for (size_t i = 0; i < CHANNEL_KINDS; i++) {
        struct kind *kind = kind_get(flow->look->controller->kube, channel_plurals[i]);
        if (kind != except && child_remove(&flow->children, kind, name))
            *ret_found = true;
    }
}

void flow_channel_put(struct flow *flow, const char *name)
{
    bool found; // one of another kind, when the template has changed
    channels_remove(flow, name, flow->channels, &found);
    child_put(&flow->children, flow->channels, name, flow->channel_spec);
}

static void copy_to(struct json_value *spec, const char *name, const struct json_value *value, struct arena *arena)
{
    if (value != NULL && value->type == JSON_OBJECT)
        json_set(spec, bytes_of_text(name), json_copy(arena, value));
}

void flow_subscription_put(struct flow *flow, const char *name, const char *channel,
                           const struct json_value *subscriber, const struct json_value *reply,
                           const struct json_value *delivery)
{
    struct arena *arena = &flow->look->arena;
    struct kind *kind = subscriptions_of(flow->look);
    struct json_value *spec = json_new(arena, JSON_OBJECT);
    struct json_value *from = child_reference(arena, flow->channels, channel, BYTES_NULL);
    const struct json_value *there = child_get(flow->look, kind, name);
    const struct json_value *was = json_get(json_get(json_get(there, "spec"), "channel"), "kind");
    if (was != NULL && !json_equal(was, json_get(from, "kind"))) { // its channel cannot be changed: it is made anew
        child_remove(&flow->children, kind, name);
        flow->children.is_failed = true;
        return;
    }
    json_set(spec, BYTES_LITERAL("channel"), from);
    copy_to(spec, "subscriber", subscriber, arena);
    copy_to(spec, "reply", reply, arena);
    copy_to(spec, "delivery", delivery, arena);
    child_put(&flow->children, kind, name, spec);
}

void flow_prune(struct flow *flow, size_t count, const char *(*name)(struct look *look, size_t number))
{
    bool found = true;
    for (size_t i = count; found; i++) {
        const char *text = name(flow->look, i);
        found = child_remove(&flow->children, subscriptions_of(flow->look), text);
        channels_remove(flow, text, NULL, &found);
    }
}

// --- what is there

const struct json_value *flow_address(const struct flow *flow, const char *channel)
{
    return json_get(json_get(flow_channel(flow, channel), "status"), "address");
}

void flow_address_fill(struct json_value *status, const struct json_value *address, struct arena *arena)
{
    if (address != NULL)
        json_set(status, BYTES_LITERAL("address"), json_copy(arena, address));
    else
        json_unset(status, BYTES_LITERAL("address"));
}

struct json_value *flow_destination(const struct flow *flow, const char *channel)
{
    struct arena *arena = &flow->look->arena;
    struct json_value *destination = json_new(arena, JSON_OBJECT);
    json_set(destination, BYTES_LITERAL("ref"),
             child_reference(arena, flow->channels, channel, flow->look->work->name_space));
    return destination;
}

const struct json_value *flow_channel(const struct flow *flow, const char *name)
{
    return child_get(flow->look, flow->channels, name);
}

const struct json_value *flow_subscription(const struct flow *flow, const char *name)
{
    return child_get(flow->look, subscriptions_of(flow->look), name);
}

static struct json_value *part_status(const struct flow *flow, const struct kind *kind, const char *name,
                                      const char *what, const struct condition *ready)
{
    struct arena *arena = &flow->look->arena;
    struct json_value *part = json_new(arena, JSON_OBJECT);
    json_set(part, bytes_of_text(what), child_reference(arena, kind, name, flow->look->work->name_space));
    struct json_value *condition = json_set_object(part, arena, "ready");
    json_set_text(condition, arena, "type", ready->type);
    json_set_text(condition, arena, "status", ready->status);
    if (ready->reason != NULL)
        json_set_text(condition, arena, "reason", ready->reason);
    if (ready->message != NULL)
        json_set_text(condition, arena, "message", ready->message);
    return part;
}

static void fault_note(struct flow *flow, const char **fault, const char *name, const struct condition *ready)
{
    const char *why = ready->message != NULL ? ready->message : ready->reason;
    if (*fault == NULL && ready->status[0] != 'T')
        *fault = arena_format(&flow->look->arena, "%s: %s", name, why == NULL ? ready->status : why);
}

struct json_value *flow_channel_status(struct flow *flow, const char *name, const struct condition *ready)
{
    fault_note(flow, &flow->channel_fault, name, ready);
    return part_status(flow, flow->channels, name, "channel", ready);
}

struct json_value *flow_subscription_status(struct flow *flow, const char *name, const struct condition *ready)
{
    fault_note(flow, &flow->subscription_fault, name, ready);
    return part_status(flow, subscriptions_of(flow->look), name, "subscription", ready);
}

// Knative's sentence, and behind it what is wrong.
static void tell(struct look *look, const char *type, const char *fault, const char *status, const char *reason,
                 const char *sentence)
{
    if (fault == NULL)
        look_true(look, type);
    else
        look_condition(look, type, status, reason, arena_format(&look->arena, "%s: %s", sentence, fault));
}

void flow_conditions(struct flow *flow, const struct json_value *address, const char *status)
{
    struct look *look = flow->look;
    tell(look, "ChannelsReady", flow->channel_fault, status, "ChannelsNotReady",
         "Channels are not ready yet, or there are none");
    tell(look, "SubscriptionsReady", flow->subscription_fault, status, "SubscriptionsNotReady",
         "Subscriptions are not ready yet, or there are none");
    if (address != NULL)
        look_true(look, "Addressable");
    else
        look_condition(look, "Addressable", status, "emptyAddress", "addressable is nil");
}
