// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/kafka_source_rules.h"

#include "eventing/kinds/delivery_rules.h"
#include "kube/object.h"

#define GROUP "knative-kafka-source-" // and the uid

static bytes_t group_of(const struct json_value *object)
{
    return json_text_at(json_get(object, "spec"), "consumerGroup");
}

bool kafka_source_group_is_own(const struct json_value *object)
{
    bytes_t group = group_of(object), uid = object_meta_text(object, "uid");
    size_t size = sizeof GROUP - 1;
    return group.size == size + uid.size && memcmp(group.data, GROUP, size) == 0 &&
           memcmp(group.data + size, uid.data, uid.size) == 0;
}

static void group_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    const struct json_value *group = json_get(spec, "consumerGroup");
    bytes_t was = group_of(live), uid = object_meta_text(object, "uid");
    bool is_filled = group != NULL && (group->type != JSON_STRING || group->text.size > 0);
    if (spec == NULL || is_filled)
        return;
    if (was.size > 0)
        json_set_bytes(spec, arena, "consumerGroup", was);
    else if (uid.size > 0)
        json_set_text(spec, arena, "consumerGroup", arena_format(arena, GROUP "%.*s", BYTES_ARG(uid)));
}

void kafka_source_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    bytes_t name_space = object_namespace(object);
    destination_at_fill(arena, spec, "sink", name_space);
    delivery_fill(arena, spec, name_space);
    group_fill(arena, object, live);
}

// A ref names its kind by apiVersion or, as KafkaSource alone has it, by group.
static void reference_inspect(struct field_errors *errors, const struct json_value *destination, const char *field)
{
    const struct json_value *ref = json_get(destination, "ref");
    if (ref != NULL && ref->type == JSON_OBJECT && json_get(ref, "apiVersion") == NULL &&
        json_get(ref, "group") == NULL)
        field_error_add(errors, FIELD_REQUIRED, bytes_of_text(field), BYTES_NULL,
                        BYTES_LITERAL("apiVersion, or group, says of which kind it is"));
}

void kafka_source_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    struct field_path path = field_child(NULL, BYTES_LITERAL("spec"));
    struct field_path topics = field_child(&path, BYTES_LITERAL("topics"));
    items_inspect(errors, json_get(spec, "topics"), &topics, topic_inspect);
    destination_at_inspect(errors, spec, "sink", &path);
    reference_inspect(errors, json_get(spec, "sink"), "spec.sink.ref.apiVersion");
    delivery_inspect(errors, spec, &path);
    limits_inspect(errors, object);
    reference_inspect(errors, json_get(json_get(spec, "delivery"), "deadLetterSink"),
                      "spec.delivery.deadLetterSink.ref.apiVersion");
}

void kafka_source_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    kept_check(errors, object, live, "consumerGroup", "the consumer group of a source cannot be changed");
    overrides_check(errors, object);
}
