// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/broker_config.h"

#include "base/assert.h"
#include "eventing/kinds/broker_rules.h"
#include "kube/api.h"
#include "kube/client.h"

#define PARTITIONS "default.topic.partitions"
#define CONFIG     "default.topic.config." // and Kafka's name

enum {
    PARTITIONS_MAX = 1000,
    KAFKA_PARTITIONS = 10, // where the ConfigMap of a broker of Kafka's classes says nothing
};

// Those that an installation of Knative brings along: a manifest may name them, and does not have them.
static bool is_knatives(bytes_t name_space, bytes_t name)
{
    static const char *const names[] = { "kafka-broker-config", "config-br-default-channel" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (bytes_is(name_space, "knative-eventing") && bytes_is(name, names[i]))
            return true;
    }
    return false;
}

static void fail(struct backing_plan *plan, const char *why)
{
    plan->reason = "ChannelTemplateFailed";
    plan->why = why;
}

static void partitions_plan(struct look *look, const struct json_value *data, struct backing_plan *plan)
{
    bytes_t text = json_text_at(data, PARTITIONS);
    int64_t count = broker_is_kafkas(look->object) ? KAFKA_PARTITIONS : 1;
    if (json_get(data, PARTITIONS) != NULL && (!bytes_to_int64(text, &count) || count < 1 || count > PARTITIONS_MAX))
        fail(plan, arena_format(&look->arena, "%s of the ConfigMap is \"%.*s\": expected a number from 1 to %d",
                                PARTITIONS, BYTES_ARG(text), PARTITIONS_MAX));
    else
        plan->partition_count = (int32_t)count;
}

static void configs_plan(struct look *look, const struct json_value *data, struct backing_plan *plan)
{
    const bytes_t prefix = BYTES_LITERAL(CONFIG);
    size_t count = data == NULL ? 0 : data->count;
    bytes_t *names = arena_array(&look->arena, count, sizeof *names);
    bytes_t *values = arena_array(&look->arena, count, sizeof *values);
    for (const struct json_value *item = count == 0 ? NULL : data->first; item != NULL; item = item->next) {
        bytes_t name = item->name;
        if (item->type != JSON_STRING || name.size == prefix.size || !bytes_starts_with(name, prefix))
            continue;
        names[plan->config_count] = bytes_of(name.data + prefix.size, name.size - prefix.size);
        values[plan->config_count++] = item->text;
    }
    plan->config_names = names;
    plan->config_values = values;
}

static void map_plan(struct look *look, bytes_t name_space, bytes_t name, struct backing_plan *plan)
{
    struct kube *kube = look->controller->kube;
    const struct kind *maps = kinds_find(&kube->resources.kinds, BYTES_LITERAL(""), BYTES_LITERAL("configmaps"));
    struct json_value *map = NULL;
    if (client_get(kube, maps, name_space, name, &look->arena, &map) != ERR_OK && !is_knatives(name_space, name)) {
        fail(plan, arena_format(&look->arena,
                                "Error on setting up the ChannelTemplate: configmap \"%.*s\" not found in namespace "
                                "\"%.*s\"",
                                BYTES_ARG(name), BYTES_ARG(name_space)));
        return;
    }
    const struct json_value *data = json_get(map, "data");
    partitions_plan(look, data, plan);
    configs_plan(look, data, plan);
}

void broker_config_plan(struct look *look, struct backing_plan *plan)
{
    const struct json_value *config = json_get(json_get(look->object, "spec"), "config");
    bytes_t name_space = json_text_at(config, "namespace"), name = json_text_at(config, "name");
    plan->partition_count = 1; // which keeps everything in order
    if (config == NULL || config->type != JSON_OBJECT || config->count == 0)
        return;
    if (bytes_is(json_text_at(config, "kind"), "ConfigMap"))
        map_plan(look, name_space.size > 0 ? name_space : look->work->name_space, name, plan);
    else
        fail(plan, "Broker.Spec.Config configuration not supported, only [kind: ConfigMap, apiVersion: v1]");
}
