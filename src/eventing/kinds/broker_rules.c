// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/broker_rules.h"

#include "kube/builtin/text.h"
#include "kube/object.h"

#define CLASS        "eventing.knative.dev/broker.class"
#define MULTI_TENANT "MTChannelBasedBroker" // the default

bool broker_is_kafkas(const struct json_value *object)
{
    bytes_t class = object_annotation(object, CLASS);
    return bytes_is(class, "Kafka") || bytes_is(class, "KafkaNamespaced");
}

bool broker_is_ours(const struct json_value *object)
{
    return bytes_is(object_annotation(object, CLASS), MULTI_TENANT) || broker_is_kafkas(object);
}

const char *broker_warning(struct arena *arena, const struct json_value *object)
{
    (void)arena;
    if (object_annotation(object, CLASS).size == 0 || broker_is_ours(object))
        return NULL;
    return "metadata.annotations[" CLASS "]: nothing here runs brokers of this class, so it is left alone; "
           "known are " MULTI_TENANT ", Kafka and KafkaNamespaced";
}

// That of Knative's installation (config-br-defaults), for its own class.
static void config_fill(struct arena *arena, struct json_value *spec, const struct json_value *object,
                        const struct json_value *live)
{
    const struct json_value *kept = json_get(json_get(live, "spec"), "config");
    if (json_get(spec, "config") != NULL)
        return;
    if (kept != NULL) {
        json_set(spec, BYTES_LITERAL("config"), json_copy(arena, kept));
    } else if (live == NULL && bytes_is(object_annotation(object, CLASS), MULTI_TENANT)) {
        struct json_value *config = json_set_object(spec, arena, "config");
        json_set_text(config, arena, "apiVersion", "v1");
        json_set_text(config, arena, "kind", "ConfigMap");
        json_set_text(config, arena, "name", "config-br-default-channel");
        json_set_text(config, arena, "namespace", "knative-eventing");
    }
}

void broker_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *annotations = object_at(object_at(object, arena, "metadata"), arena, "annotations");
    struct json_value *spec = object_at(object, arena, "spec");
    bytes_t name_space = object_namespace(object), kept = object_annotation(live, CLASS);
    if (annotations != NULL && json_get(annotations, CLASS) == NULL)
        json_set_bytes(annotations, arena, CLASS, kept.size > 0 ? kept : BYTES_LITERAL(MULTI_TENANT));
    if (spec == NULL)
        return;
    if (json_get(spec, "delivery") == NULL) {
        struct json_value *delivery = json_set_object(spec, arena, "delivery");
        json_set_int(delivery, arena, "retry", 10);
        json_set_text(delivery, arena, "backoffPolicy", "exponential");
        json_set_text(delivery, arena, "backoffDelay", "PT0.2S");
    }
    config_fill(arena, spec, object, live);
    reference_fill(arena, json_find(spec, BYTES_LITERAL("config")), name_space);
    delivery_fill(arena, spec, name_space);
}

void broker_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    kept_check(errors, object, live, "config", "the config of a broker cannot be changed");
    if (live != NULL && !bytes_equal(object_annotation(object, CLASS), object_annotation(live, CLASS)))
        field_error_add(errors, FIELD_FORBIDDEN, BYTES_LITERAL("metadata.annotations[" CLASS "]"), BYTES_NULL,
                        BYTES_LITERAL("the class of a broker cannot be changed"));
}
