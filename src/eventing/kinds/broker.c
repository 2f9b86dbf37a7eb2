// SPDX-License-Identifier: Apache-2.0
// Broker: a topic with an address, and a second one for what its triggers could not deliver.
#include "base/assert.h"
#include "eventing/kinds/backing.h"
#include "eventing/kinds/broker_config.h"
#include "eventing/kinds/broker_rules.h"
#include "eventing/kinds/delivery_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/post_settings.h"
#include "kube/embed.h"

EMBED(broker_definition, "broker");

#define EXTERNAL "kafka.eventing.knative.dev/external.topic" // annotation

// --- its status

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    look_fill_address(look, INBOX_BROKER, status, arena);
    whereabouts_fill(look->owner == NULL ? &nowhere : look->owner, status, arena, "deadLetterSink");
}

// --- its topics

static void plan(struct look *look, struct backing_plan *plan)
{
    bytes_t external = object_annotation(look->object, EXTERNAL);
    const char *own = arena_format(&look->arena, TOPIC_OF_BROKERS "%.*s-%.*s", BYTES_ARG(look->work->name_space),
                                   BYTES_ARG(look->work->name));
    plan->is_external = external.size > 0;
    plan->topic = plan->is_external ? external : bytes_of_text(own);
    plan->dead_topic = bytes_of_text(arena_format(&look->arena, "%s" DEAD_LETTERS, own));
    broker_config_plan(look, plan);
}

static const char *const conditions[] = { "TriggerChannelReady", "IngressReady", "FilterReady" };

static const struct backing_kind backing = {
    .inbox = INBOX_BROKER,
    .finalizer = "brokers.eventing.knative.dev",
    .names = { .separator = '-', .has_dead_letters = true, .is_ours = broker_is_ours },
    .conditions = conditions,
    .condition_count = ARRAY_COUNT(conditions),
    .plan = plan,
    .fill = fill_status,
};

// --- start

static void *start(struct kube *kube, struct kind *kind)
{
    return backing_start(kube, kind, &backing);
}

static const struct kind_controller controller_of_brokers = { start, backing_stop, backing_free };

const struct kind_rules broker_rules = {
    .definition = broker_definition,
    .fill = broker_fill,
    .warning = broker_warning,
    .inspect = spec_delivery_inspect,
    .check = broker_check,
    .controller = &controller_of_brokers,
};
