// SPDX-License-Identifier: Apache-2.0
// Channel, Sequence and Parallel are made of channels and subscriptions: what they share.
#pragma once

#include "eventing/kinds/children.h"

// A controller whose resources come back when one of their channels or subscriptions changes; the state for a struct
// kind_controller.
void *flow_controller_start(struct kube *kube, struct kind *kind,
                            void (*reconcile)(struct controller *controller, struct work *work));
void flow_controller_stop(void *state);
void flow_controller_free(void *state);

// The kind of channels that spec.channelTemplate names, and the spec that it gives them, a tree of the look's arena.
// NULL: there are no such channels here, and *RET_WHY says it.
struct kind *channel_template_read(struct look *look, struct json_value **ret_spec, const char **ret_why);

// --- a flow: several channels and subscriptions

struct flow {
    struct look *look;
    struct children children;
    struct kind *channels; // of the template
    struct json_value *channel_spec;
    const char *channel_fault, *subscription_fault; // of the first part whose status says that it is not ready; or NULL
    // Everything is as wanted: looks at the parts, sets conditions and LOOK's fill.
    void (*propagate)(struct flow *flow);
};

// NULL: the look has ended. Else what is wanted is put, and flow_end ends the look.
struct flow *flow_begin(struct look *look, void (*propagate)(struct flow *flow));
void flow_channel_put(struct flow *flow, const char *name);
// The rest may be NULL, and is copied.
void flow_subscription_put(struct flow *flow, const char *name, const char *channel,
                           const struct json_value *subscriber, const struct json_value *reply,
                           const struct json_value *delivery);
// The parts that NAME makes of numbers from COUNT on are not wanted any more.
void flow_prune(struct flow *flow, size_t count, const char *(*name)(struct look *look, size_t number));
void flow_end(struct flow *flow);

// The address that the channel of that name has in its status, or NULL.
const struct json_value *flow_address(const struct flow *flow, const char *channel);
void flow_address_fill(struct json_value *status, const struct json_value *address, struct arena *arena);

// {ref: the channel of that name}.
struct json_value *flow_destination(const struct flow *flow, const char *channel);
// The parts of that name as they are; NULL: none.
const struct json_value *flow_channel(const struct flow *flow, const char *name);
const struct json_value *flow_subscription(const struct flow *flow, const char *name);
// What a status says of them: {"channel": reference, "ready": condition}.
struct json_value *flow_channel_status(struct flow *flow, const char *name, const struct condition *ready);
struct json_value *flow_subscription_status(struct flow *flow, const char *name, const struct condition *ready);
// The three conditions of a flow, behind the statuses of its parts; STATUS is that of those which are not true. ADDRESS
// NULL: it has none.
void flow_conditions(struct flow *flow, const struct json_value *address, const char *status);
