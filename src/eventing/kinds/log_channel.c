// SPDX-License-Identifier: Apache-2.0
// InMemoryChannel and KafkaChannel: a topic with an address, whose events go to subscriptions. Both keep events on
// disk; a KafkaChannel says what its topic is like.
#include "base/assert.h"
#include "base/duration.h"
#include "eventing/kinds/backing.h"
#include "eventing/kinds/channel_rules.h"
#include "eventing/kinds/delivery_rules.h"
#include "eventing/kinds/kinds.h"
#include "eventing/kinds/post_settings.h"
#include "kube/api.h"
#include "kube/builtin/text.h"
#include "kube/client.h"
#include "kube/embed.h"

#include <inttypes.h>

EMBED(in_memory_channel_definition, "inmemorychannel");
EMBED(kafka_channel_definition, "kafkachannel");

// --- status

// One item of status.subscribers, of the subscription that a post belongs to.
static void subscriber_add(const struct post *post, struct json_value *subscribers, struct arena *arena)
{
    const struct controller *subscriptions = post->controller;
    struct json_value *subscription;
    if (client_get(subscriptions->kube, subscriptions->kind, post->name_space, post->name, arena, &subscription) !=
        ERR_OK)
        return;
    struct condition condition = post_condition(post, "Ready");
    struct json_value *item = json_new(arena, JSON_OBJECT);
    json_set_bytes(item, arena, "uid", object_meta_text(subscription, "uid"));
    json_set_int(item, arena, "observedGeneration", object_generation(subscription));
    json_set_text(item, arena, "ready", condition.status);
    if (condition.message != NULL)
        json_set_text(item, arena, "message", condition.message);
    json_append(subscribers, item);
}

static void subscribers_fill(const struct station *station, struct json_value *status, struct arena *arena)
{
    struct json_value *subscribers = json_new(arena, JSON_ARRAY);
    LIST_EACH(&station->hub.members, node)
    {
        struct hub_member *member = LIST_ITEM(node, struct hub_member, node);
        subscriber_add(CONTAINER_OF_CONST(member, struct post, member), subscribers, arena);
    }
    if (subscribers->count > 0)
        json_set(status, BYTES_LITERAL("subscribers"), subscribers);
    else
        json_unset(status, BYTES_LITERAL("subscribers"));
}

static void fill_status(const struct look *look, struct json_value *status, struct arena *arena)
{
    const struct work *work = look->work;
    const struct station *station = station_find(look->eventing, INBOX_CHANNEL, work->name_space, work->name);
    whereabouts_fill(look->owner == NULL ? &nowhere : look->owner, status, arena, "deadLetterSink");
    if (station == NULL || station->controller != look->controller) {
        json_unset(status, BYTES_LITERAL("address"));
        json_unset(status, BYTES_LITERAL("subscribers"));
        return;
    }
    look_fill_address(look, INBOX_CHANNEL, status, arena);
    subscribers_fill(station, status, arena);
}

// PREFIX as Knative's Kafka channel has it in its channels-topic-template.
static void topics_plan(struct look *look, const char *prefix, struct backing_plan *plan)
{
    const char *topic = arena_format(&look->arena, "%s.%.*s.%.*s", prefix, BYTES_ARG(look->work->name_space),
                                     BYTES_ARG(look->work->name));
    plan->topic = bytes_of_text(topic);
    plan->dead_topic = bytes_of_text(arena_format(&look->arena, "%s" DEAD_LETTERS, topic));
    plan->partition_count = 1;
}

// --- InMemoryChannel

static void memory_plan(struct look *look, struct backing_plan *plan)
{
    topics_plan(look, TOPIC_OF_CHANNELS "memory", plan);
}

static const char *const memory_conditions[] = { "DispatcherReady", "ServiceReady", "EndpointsReady",
                                                 "ChannelServiceReady" };

static const struct backing_kind memory_backing = {
    .inbox = INBOX_CHANNEL,
    .finalizer = "inmemorychannels.messaging.knative.dev",
    .names = { .separator = '.', .has_dead_letters = true },
    .rival = "kafkachannels",
    .conditions = memory_conditions,
    .condition_count = ARRAY_COUNT(memory_conditions),
    .plan = memory_plan,
    .fill = fill_status,
};

static void *memory_start(struct kube *kube, struct kind *kind)
{
    return backing_start(kube, kind, &memory_backing);
}

static const struct kind_controller controller_of_memory = { memory_start, backing_stop, backing_free };

const struct kind_rules in_memory_channel_rules = {
    .definition = in_memory_channel_definition,
    .fill = log_channel_fill,
    .inspect = spec_delivery_inspect,
    .check = in_memory_channel_check,
    .controller = &controller_of_memory,
};

// --- KafkaChannel

static void retention_plan(struct look *look, bytes_t retention, struct backing_plan *plan)
{
    int64_t ms;
    if (retention.size == 0 || duration_parse(retention, &ms, NULL) != ERR_OK)
        return;
    bytes_t *config = arena_alloc(&look->arena, 2 * sizeof *config);
    config[0] = BYTES_LITERAL("retention.ms");
    config[1] = bytes_of_text(arena_format(&look->arena, "%" PRId64, ms));
    plan->config_names = &config[0];
    plan->config_values = &config[1];
    plan->config_count = 1;
}

static void kafka_plan(struct look *look, struct backing_plan *plan)
{
    const struct json_value *spec = json_get(look->object, "spec");
    int64_t count = int_at(spec, "numPartitions");
    topics_plan(look, TOPIC_OF_CHANNELS "kafka", plan);
    if (count > 0 && count <= INT32_MAX)
        plan->partition_count = (int32_t)count;
    retention_plan(look, json_text_at(spec, "retentionDuration"), plan);
}

static const char *const kafka_conditions[] = { "TopicReady", "ConfigMapUpdated", "ChannelServiceReady" };

static const struct backing_kind kafka_backing = {
    .inbox = INBOX_CHANNEL,
    .finalizer = "kafkachannels.messaging.knative.dev",
    .names = { .separator = '.', .has_dead_letters = true },
    .rival = "inmemorychannels",
    .conditions = kafka_conditions,
    .condition_count = ARRAY_COUNT(kafka_conditions),
    .plan = kafka_plan,
    .fill = fill_status,
};

static void *kafka_start(struct kube *kube, struct kind *kind)
{
    return backing_start(kube, kind, &kafka_backing);
}

static const struct kind_controller controller_of_kafka = { kafka_start, backing_stop, backing_free };

const struct kind_rules kafka_channel_rules = {
    .definition = kafka_channel_definition,
    .fill = log_channel_fill,
    .inspect = kafka_channel_inspect,
    .check = kafka_channel_check,
    .controller = &controller_of_kafka,
};
