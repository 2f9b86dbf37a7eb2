// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/channel_rules.h"

#include "kube/object.h"

#define SCOPE "eventing.knative.dev/scope"

void channel_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    (void)live;
    delivery_fill(arena, spec_of(object), object_namespace(object));
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

void subscription_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    kept_check(errors, object, live, "channel",
               "the channel of a subscription cannot be changed: delete the subscription and make it anew");
}
