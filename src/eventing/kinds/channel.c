// SPDX-License-Identifier: Apache-2.0
// Channel: a channel of whatever kind its template names, by the same name; its address and its subscribers are those
// of that one.
#include "eventing/kinds/channel_rules.h"
#include "eventing/kinds/flow.h"
#include "eventing/kinds/delivery_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/post_settings.h"
#include "kube/embed.h"

EMBED(channel_definition, "channel");

struct channel_look {
    struct children children;
    struct kind *kind; // of the backing channel
    const char *name;
    const struct json_value *backing; // NULL: none yet
    const struct whereabouts *dead_letter_sink;
};

// --- its status

static void copy_member(struct json_value *to, const struct json_value *from, const char *name, struct arena *arena)
{
    const struct json_value *value = json_get(from, name);
    if (value != NULL)
        json_set(to, bytes_of_text(name), json_copy(arena, value));
    else
        json_unset(to, bytes_of_text(name));
}

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct channel_look *this = look->owner;
    const struct json_value *found = json_get(this->backing, "status");
    whereabouts_fill(this->dead_letter_sink, status, arena, "deadLetterSink");
    copy_member(status, found, "address", arena);
    copy_member(status, found, "subscribers", arena);
    if (this->kind == NULL)
        json_unset(status, BYTES_LITERAL("channel"));
    else
        json_set(status, BYTES_LITERAL("channel"),
                 child_reference(arena, this->kind, this->name, look->work->name_space));
}

static void conclude(struct look *look, struct channel_look *this)
{
    bool has_address = json_get(json_get(this->backing, "status"), "address") != NULL;
    look->fill = fill_status;
    look->owner = this;
    look_condition(look, "Addressable", has_address ? "True" : "False", has_address ? NULL : "EmptyHostname",
                   has_address ? NULL : "hostname is the empty string");
    this->dead_letter_sink = look_dead_letter_sink(look);
    look_condition(look, "EventPoliciesReady", "True", "AuthOIDCDisabled", "Whoever reaches the door may send.");
    look_conclude(look);
}

static void on_done(struct children *children)
{
    struct channel_look *this = CONTAINER_OF(children, struct channel_look, children);
    struct look *look = children->look;
    if (children->problem != NULL) {
        look_condition(look, "BackingChannelReady", "False", "ChannelFailed", children->problem);
        conclude(look, this);
        return;
    }
    if (children->is_failed) {
        look_retry(look);
        return;
    }
    this->backing = child_get(look, this->kind, this->name);
    struct condition ready = ready_of(this->backing, &look->arena, "BackingChannelNotConfigured",
                                      "BackingChannel has not yet been reconciled.");
    look_condition(look, "BackingChannelReady", ready.status, ready.reason, ready.message);
    conclude(look, this);
}

// --- what is behind it

static void bring_about(struct look *look)
{
    const struct json_value *spec = json_get(look->object, "spec"), *delivery = json_get(spec, "delivery");
    struct channel_look *this = arena_alloc(&look->arena, sizeof *this);
    struct json_value *wanted;
    const char *why;
    *this = (struct channel_look){ .name = arena_text(&look->arena, look->work->name) };
    this->kind = channel_template_read(look, &wanted, &why);
    if (this->kind == NULL) {
        look_condition(look, "BackingChannelReady", "False", "ChannelTemplate", why);
        conclude(look, this);
        return;
    }
    if (delivery != NULL)
        json_set(wanted, BYTES_LITERAL("delivery"), json_copy(&look->arena, delivery));
    children_begin(&this->children, look, on_done);
    child_put(&this->children, this->kind, this->name, wanted);
    children_end(&this->children);
}

// The one behind it goes with it: it has an owner.
static void reconcile(struct controller *controller, struct work *work)
{
    look_reconcile(controller, work, bring_about, NULL);
}

// --- start and stop

static void *start(struct kube *kube, struct kind *kind)
{
    return flow_controller_start(kube, kind, reconcile);
}

static const struct kind_controller controller_of_channels = { start, flow_controller_stop, flow_controller_free };

const struct kind_rules channel_rules = {
    .definition = channel_definition,
    .fill = channel_fill,
    .inspect = spec_delivery_inspect,
    .check = channel_check,
    .controller = &controller_of_channels,
};
