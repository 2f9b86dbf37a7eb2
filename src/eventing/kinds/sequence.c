// SPDX-License-Identifier: Apache-2.0
// Sequence: a channel and a subscription for each step; what a step answers with goes into the channel of the next.
#include "eventing/kinds/flow.h"
#include "eventing/kinds/flow_rules.h"
#include "eventing/kinds/kinds.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"

#include <inttypes.h>

EMBED(sequence_definition, "sequence");

static const char *part_name(struct look *look, size_t number)
{
    return arena_format(&look->arena, "%.*s-kn-sequence-%zu", BYTES_ARG(look->work->name), number);
}

static size_t step_count(const struct look *look)
{
    return json_get(json_get(look->object, "spec"), "steps")->count;
}

// --- its status

struct sequence_status {
    struct json_value *channels, *subscriptions;
    const struct json_value *address; // NULL: none
};

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct sequence_status *found = look->owner;
    json_set(status, BYTES_LITERAL("channelStatuses"), json_copy(arena, found->channels));
    json_set(status, BYTES_LITERAL("subscriptionStatuses"), json_copy(arena, found->subscriptions));
    flow_address_fill(status, found->address, arena);
}

static void propagate(struct flow *flow)
{
    struct look *look = flow->look;
    struct arena *arena = &look->arena;
    struct sequence_status *found = arena_alloc(arena, sizeof *found);
    found->channels = json_new(arena, JSON_ARRAY);
    found->subscriptions = json_new(arena, JSON_ARRAY);
    for (size_t i = 0; i < step_count(look); i++) {
        const char *name = part_name(look, i);
        struct condition channel =
            ready_of(flow_channel(flow, name), arena, "NoReady", "Channel does not have Ready condition");
        struct condition subscription =
            ready_of(flow_subscription(flow, name), arena, "NoReady", "Subscription does not have Ready condition");
        json_append(found->channels, flow_channel_status(flow, name, &channel));
        json_append(found->subscriptions, flow_subscription_status(flow, name, &subscription));
    }
    found->address = flow_address(flow, part_name(look, 0));
    flow_conditions(flow, found->address, "Unknown");
    look->fill = fill_status;
    look->owner = found;
}

// --- its parts

static void bring_about(struct look *look)
{
    const struct json_value *spec = json_get(look->object, "spec");
    struct flow *flow = flow_begin(look, propagate);
    size_t number = 0;
    if (flow == NULL)
        return;
    for (const struct json_value *step = first_of(json_get(spec, "steps")); step != NULL; step = step->next) {
        const char *name = part_name(look, number++);
        struct json_value *subscriber = json_copy(&look->arena, step);
        json_unset(subscriber, BYTES_LITERAL("delivery"));
        flow_channel_put(flow, name);
        flow_subscription_put(flow, name, name, subscriber,
                              step->next != NULL ? flow_destination(flow, part_name(look, number))
                                                 : json_get(spec, "reply"),
                              json_get(step, "delivery"));
    }
    flow_prune(flow, number, part_name);
    flow_end(flow);
}

// Its parts go with it: they have an owner.
static void reconcile(struct controller *controller, struct work *work)
{
    look_reconcile(controller, work, bring_about, NULL);
}

// --- start

static void *start(struct kube *kube, struct kind *kind)
{
    return flow_controller_start(kube, kind, reconcile);
}

static const struct kind_controller controller_of_sequences = { start, flow_controller_stop, flow_controller_free };

const struct kind_rules sequence_rules = {
    .definition = sequence_definition,
    .fill = sequence_fill,
    .inspect = sequence_inspect,
    .controller = &controller_of_sequences,
};
