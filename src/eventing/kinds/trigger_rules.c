// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/trigger_rules.h"

#include "base/assert.h"
#include "cloudevents/filter/filter.h"
#include "eventing/kinds/delivery_rules.h"
#include "eventing/kinds/filter_rules.h"
#include "kube/builtin/text.h"
#include "kube/object.h"

#define BROKER     "eventing.knative.dev/broker"
#define INJECTION  "eventing.knative.dev/injection"
#define DEPENDENCY "knative.dev/dependency"

static void broker_default(struct arena *arena, struct json_value *spec, struct json_value *metadata)
{
    struct json_value *annotations = object_at(metadata, arena, "annotations");
    json_set_text(spec, arena, "broker", "default");
    if (annotations != NULL && json_get(annotations, INJECTION) == NULL)
        json_set_text(annotations, arena, INJECTION, "enabled");
}

static bool is_missing(const struct json_value *value)
{
    return value == NULL || (value->type == JSON_STRING && value->text.size == 0);
}

static bool names_no_broker(const struct json_value *spec)
{
    return is_missing(json_get(spec, "broker")) && json_get(spec, "brokerRef") == NULL;
}

static const char *broker_warning(const struct json_value *spec)
{
    if (spec == NULL || spec->type != JSON_OBJECT || !names_no_broker(spec))
        return NULL;
    return "spec.broker: no broker is named, so the trigger takes \"default\", which is made if it is not there; "
           "Knative refuses such a trigger";
}

static const char *filter_warning(struct arena *arena, const struct json_value *spec)
{
    struct filter filter;
    if (filter_compile(spec, arena, &filter, NULL) != ERR_OK || filter.doubt == NULL)
        return NULL;
    return arena_format(arena, "%s: %s", filter.doubt->where, filter.doubt->text);
}

const char *trigger_warning(struct arena *arena, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    const char *broker = broker_warning(spec), *filter = filter_warning(arena, spec);
    if (broker != NULL && filter != NULL)
        return arena_format(arena, "%s; %s", broker, filter);
    return broker != NULL ? broker : filter;
}

void trigger_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object), *metadata = object_at(object, arena, "metadata");
    bytes_t name_space = object_namespace(object);
    (void)live;
    if (spec == NULL || spec->type != JSON_OBJECT || metadata == NULL)
        return;
    if (names_no_broker(spec))
        broker_default(arena, spec, metadata);
    bytes_t broker = json_text_at(spec, "broker");
    struct json_value *labels = broker.size == 0 ? NULL : object_at(metadata, arena, "labels");
    if (labels != NULL)
        json_set_bytes(labels, arena, BROKER, broker);
    if (json_get(spec, "filter") == NULL)
        json_set(spec, BYTES_LITERAL("filter"), json_new(arena, JSON_OBJECT));
    destination_at_fill(arena, spec, "subscriber", name_space);
    delivery_fill(arena, spec, name_space);
}

static void annotation_fail(struct field_errors *errors, const char *name, const char *text)
{
    field_error_add(errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "metadata.annotations[%s]", name)),
                    BYTES_NULL, bytes_of_text(text));
}

static void injection_check(struct field_errors *errors, const struct json_value *object)
{
    bytes_t value = object_annotation(object, INJECTION);
    bytes_t broker = json_text_at(json_get(object, "spec"), "broker");
    if (value.size == 0)
        return;
    if (!bytes_is(value, "enabled") && !bytes_is(value, "disabled"))
        annotation_fail(errors, INJECTION,
                        arena_format(errors->arena,
                                     "The provided injection annotation value can only be \"enabled\" or \"disabled\", "
                                     "not \"%.*s\"",
                                     BYTES_ARG(value)));
    if (!bytes_is(broker, "default"))
        annotation_fail(errors, INJECTION,
                        arena_format(errors->arena,
                                     "The provided injection annotation is only used for default broker, but "
                                     "non-default broker specified here: \"%.*s\"",
                                     BYTES_ARG(broker)));
}

// {"apiVersion", "kind", "name"} as JSON, in the same namespace.
static void dependency_check(struct field_errors *errors, const struct json_value *object)
{
    static const struct json_limits limits = { .size = 4096, .values = 32 };
    static const char *const needed[] = { "apiVersion", "kind", "name" };
    struct json_value *reference = NULL;
    bytes_t text = object_annotation(object, DEPENDENCY), name_space;
    if (text.size == 0)
        return;
    if (json_parse(text, &limits, errors->arena, &reference, NULL) != ERR_OK || reference->type != JSON_OBJECT) {
        annotation_fail(errors, DEPENDENCY,
                        arena_format(errors->arena,
                                     "The provided annotation was not a corev1.ObjectReference: \"%.*s\"",
                                     BYTES_ARG(text)));
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(needed); i++)
        if (json_text_at(reference, needed[i]).size == 0)
            annotation_fail(errors, DEPENDENCY, arena_format(errors->arena, "missing field(s): %s", needed[i]));
    name_space = json_text_at(reference, "namespace");
    if (name_space.size > 0 && !bytes_equal(name_space, object_namespace(object)))
        annotation_fail(errors, DEPENDENCY,
                        arena_format(errors->arena,
                                     "Namespace must be empty or equal to the trigger namespace \"%.*s\"",
                                     BYTES_ARG(object_namespace(object))));
}

// Knative's sentences first; then what makes no filter, such as an expression that is none.
static void filter_of_trigger_inspect(struct field_errors *errors, const struct json_value *spec,
                                      const struct field_path *path)
{
    struct field_path filters = field_child(path, BYTES_LITERAL("filters"));
    struct field_path filter = field_child(path, BYTES_LITERAL("filter"));
    struct field_path attributes = field_child(&filter, BYTES_LITERAL("attributes"));
    struct filter compiled;
    diag_t diag = { 0 };
    filters_inspect(errors, json_get(spec, "filters"), &filters);
    attribute_names_inspect(errors, json_get(json_get(spec, "filter"), "attributes"), &attributes);
    if (errors->count == 0 && filter_compile(spec, errors->arena, &compiled, &diag) != ERR_OK)
        field_error_add(errors, FIELD_INVALID, bytes_of_text(arena_format(errors->arena, "%s", diag.where)), BYTES_NULL,
                        bytes_of_text(arena_format(errors->arena, "%s", diag.text)));
}

void trigger_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    struct field_path path = field_child(NULL, BYTES_LITERAL("spec"));
    filter_of_trigger_inspect(errors, spec, &path);
    destination_at_inspect(errors, spec, "subscriber", &path);
    delivery_inspect(errors, spec, &path);
    limits_inspect(errors, object);
    order_inspect(errors, object);
}

void trigger_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char why[] = "the broker of a trigger cannot be changed: delete the trigger and make it anew";
    const struct json_value *spec = json_get(object, "spec");
    kept_check(errors, object, live, "broker", why);
    kept_check(errors, object, live, "brokerRef", why);
    if (!is_missing(json_get(spec, "broker")) && json_get(spec, "brokerRef") != NULL)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.brokerRef"), BYTES_NULL,
                        BYTES_LITERAL("expected exactly one, got both: spec.broker, spec.brokerRef"));
    injection_check(errors, object);
    dependency_check(errors, object);
}
