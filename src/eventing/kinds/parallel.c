// SPDX-License-Identifier: Apache-2.0
// Parallel: a channel whose events all branches get. A branch is a filter, what it answers with goes into the branch's
// channel, and from there to the branch's subscriber.
#include "eventing/kinds/flow.h"
#include "eventing/kinds/flow_rules.h"
#include "eventing/kinds/kinds.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"

EMBED(parallel_definition, "parallel");

static const char *branch_name(struct look *look, size_t number)
{
    return arena_format(&look->arena, "%.*s-kn-parallel-%zu", BYTES_ARG(look->work->name), number);
}

static const char *filter_name(struct look *look, size_t number)
{
    return arena_format(&look->arena, "%.*s-kn-parallel-filter-%zu", BYTES_ARG(look->work->name), number);
}

static const char *ingress_name(struct look *look)
{
    return arena_format(&look->arena, "%.*s-kn-parallel", BYTES_ARG(look->work->name));
}

// --- its status

struct parallel_status {
    struct json_value *ingress, *branches;
    const struct json_value *address; // NULL: none
};

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct parallel_status *found = look->owner;
    json_set(status, BYTES_LITERAL("ingressChannelStatus"), json_copy(arena, found->ingress));
    json_set(status, BYTES_LITERAL("branchStatuses"), json_copy(arena, found->branches));
    flow_address_fill(status, found->address, arena);
}

static struct json_value *channel_look(struct flow *flow, const char *name)
{
    bool has_address = flow_address(flow, name) != NULL;
    struct condition ready = { .type = "Ready",
                               .status = has_address ? "True" : "False",
                               .reason = has_address ? NULL : "NotAddressable",
                               .message = has_address ? NULL : "Channel is not addressable" };
    return flow_channel_status(flow, name, &ready);
}

static struct json_value *subscription_look(struct flow *flow, const char *name)
{
    struct condition ready = ready_of(flow_subscription(flow, name), &flow->look->arena, "NoReady",
                                      "Subscription does not have Ready condition");
    return flow_subscription_status(flow, name, &ready);
}

static void propagate(struct flow *flow)
{
    struct look *look = flow->look;
    struct parallel_status *found = arena_alloc(&look->arena, sizeof *found);
    size_t count = json_get(json_get(look->object, "spec"), "branches")->count;
    found->branches = json_new(&look->arena, JSON_ARRAY);
    found->ingress = channel_look(flow, ingress_name(look));
    for (size_t i = 0; i < count; i++) {
        struct json_value *branch = json_new(&look->arena, JSON_OBJECT);
        const char *name = branch_name(look, i);
        json_set(branch, BYTES_LITERAL("filterChannelStatus"), channel_look(flow, name));
        json_set(branch, BYTES_LITERAL("filterSubscriptionStatus"), subscription_look(flow, filter_name(look, i)));
        json_set(branch, BYTES_LITERAL("subscriberSubscriptionStatus"), subscription_look(flow, name));
        json_append(found->branches, branch);
    }
    found->address = flow_address(flow, ingress_name(look));
    flow_conditions(flow, found->address, "False");
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
    flow_channel_put(flow, ingress_name(look));
    for (const struct json_value *branch = first_of(json_get(spec, "branches")); branch != NULL;
         branch = branch->next, number++) {
        const char *name = branch_name(look, number);
        const struct json_value *own = json_get(branch, "reply");
        flow_channel_put(flow, name);
        flow_subscription_put(flow, filter_name(look, number), ingress_name(look), json_get(branch, "filter"),
                              flow_destination(flow, name), NULL);
        flow_subscription_put(flow, name, name, json_get(branch, "subscriber"),
                              own != NULL ? own : json_get(spec, "reply"), json_get(branch, "delivery"));
    }
    flow_prune(flow, number, branch_name);
    flow_prune(flow, number, filter_name);
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

static const struct kind_controller controller_of_parallels = { start, flow_controller_stop, flow_controller_free };

const struct kind_rules parallel_rules = {
    .definition = parallel_definition,
    .fill = parallel_fill,
    .inspect = parallel_inspect,
    .controller = &controller_of_parallels,
};
