// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/channel_rules.h"

#include "base/assert.h"
#include "base/duration.h"
#include "eventing/kinds/delivery_rules.h"
#include "kube/builtin/text.h"
#include "kube/object.h"

#define SCOPE "eventing.knative.dev/scope"

void log_channel_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    (void)live;
    delivery_fill(arena, spec_of(object), object_namespace(object));
}

void channel_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    log_channel_fill(arena, object, live);
    channel_template_fill(arena, object_at(object, arena, "spec"), json_get(live, "spec"));
}

void in_memory_channel_check(struct field_errors *errors, const struct json_value *object,
                             const struct json_value *live)
{
    bytes_t scope = object_annotation(object, SCOPE);
    (void)live;
    if (scope.size > 0 && !bytes_is(scope, "cluster") && !bytes_is(scope, "namespace"))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("metadata.annotations[" SCOPE "]"),
                        field_quoted(errors->arena, scope), BYTES_LITERAL("expected either 'cluster' or 'namespace'"));
}

void kafka_channel_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *retention = json_get(json_get(object, "spec"), "retentionDuration");
    int64_t ms;
    diag_t diag = { 0 };
    spec_delivery_inspect(errors, object);
    if (retention != NULL && retention->type == JSON_STRING && duration_parse(retention->text, &ms, &diag) != ERR_OK)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.retentionDuration"), BYTES_NULL,
                        bytes_of_text(arena_format(errors->arena, "%s", diag.text)));
}

void kafka_channel_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const kept[] = { "numPartitions", "replicationFactor", "retentionDuration" };
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
        kept_check(errors, object, live, kept[i], "what the topic of a channel was made with cannot be changed");
}

void channel_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    kept_check(errors, object, live, "channelTemplate", "the template of a channel cannot be changed");
}

void subscription_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    bytes_t name_space = object_namespace(object);
    (void)live;
    destination_at_fill(arena, spec, "subscriber", name_space);
    destination_at_fill(arena, spec, "reply", name_space);
    delivery_fill(arena, spec, name_space);
}

static bool is_empty(const struct json_value *destination)
{
    return destination == NULL || destination->type != JSON_OBJECT || destination->count == 0;
}

void subscription_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    struct field_path path = field_child(NULL, BYTES_LITERAL("spec"));
    if (json_text_at(json_get(spec, "channel"), "namespace").size > 0)
        field_error_add(errors, FIELD_FORBIDDEN, BYTES_LITERAL("spec.channel.namespace"), BYTES_NULL,
                        BYTES_LITERAL("only apiVersion, kind and name are supported: the channel is in the namespace "
                                      "of the subscription"));
    destination_or_none_inspect(errors, spec, "subscriber", &path);
    destination_or_none_inspect(errors, spec, "reply", &path);
    delivery_inspect(errors, spec, &path);
    limits_inspect(errors, object);
    order_inspect(errors, object);
}

void subscription_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec");
    if (is_empty(json_get(spec, "subscriber")) && is_empty(json_get(spec, "reply")))
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.subscriber"), BYTES_NULL,
                        BYTES_LITERAL("a subscription has a subscriber or a reply"));
    kept_check(errors, object, live, "channel",
               "the channel of a subscription cannot be changed: delete the subscription and make it anew");
}
