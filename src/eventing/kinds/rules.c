// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/rules.h"

#include "base/topic_name.h"
#include "kube/builtin/text.h"

void reference_fill(struct arena *arena, struct json_value *reference, bytes_t name_space)
{
    if (reference != NULL && reference->type == JSON_OBJECT && json_get(reference, "namespace") == NULL)
        json_set_bytes(reference, arena, "namespace", name_space);
}

void destination_fill(struct arena *arena, struct json_value *destination, bytes_t name_space)
{
    reference_fill(arena, json_find(destination, BYTES_LITERAL("ref")), name_space);
}

void destination_at_fill(struct arena *arena, struct json_value *spec, const char *name, bytes_t name_space)
{
    destination_fill(arena, json_find(spec, bytes_of_text(name)), name_space);
}

void delivery_fill(struct arena *arena, struct json_value *spec, bytes_t name_space)
{
    destination_at_fill(arena, json_find(spec, BYTES_LITERAL("delivery")), "deadLetterSink", name_space);
}

void channel_template_fill(struct arena *arena, struct json_value *spec, const struct json_value *live)
{
    const struct json_value *was = json_get(live, "channelTemplate"), *own = json_get(spec, "channelTemplate");
    if (spec == NULL || spec->type != JSON_OBJECT || (own != NULL && own->type != JSON_NULL))
        return;
    if (was != NULL) {
        json_set(spec, BYTES_LITERAL("channelTemplate"), json_copy(arena, was));
        return;
    }
    struct json_value *fresh = json_set_object(spec, arena, "channelTemplate");
    json_set_text(fresh, arena, "apiVersion", "messaging.knative.dev/v1");
    json_set_text(fresh, arena, "kind", "InMemoryChannel");
}

struct json_value *spec_of(struct json_value *object)
{
    return json_find(object, BYTES_LITERAL("spec"));
}

void kept_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                const char *name, const char *why)
{
    if (live != NULL && !json_same(json_get(json_get(object, "spec"), name), json_get(json_get(live, "spec"), name)))
        field_error_add(errors, FIELD_FORBIDDEN, bytes_of_text(arena_format(errors->arena, "spec.%s", name)),
                        BYTES_NULL, bytes_of_text(why));
}

void items_inspect(struct field_errors *errors, const struct json_value *list, const struct field_path *path,
                   void (*look)(struct field_errors *errors, const struct json_value *item,
                                const struct field_path *path))
{
    size_t index = 0;
    if (list == NULL || list->type != JSON_ARRAY)
        return;
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        struct field_path at = field_index(path, index++);
        look(errors, item, &at);
    }
}

void topic_inspect(struct field_errors *errors, const struct json_value *value, const struct field_path *path)
{
    diag_t diag = { 0 };
    if (value != NULL && value->type == JSON_STRING && topic_name_check(value->text, &diag) != ERR_OK)
        field_fail(errors, FIELD_INVALID, path, BYTES_NULL, "%s", diag.text);
}

// knative.dev/pkg: CloudEventOverrides.Validate.
static bool is_alphanumeric(bytes_t name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
            return false;
    }
    return name.size > 0;
}

void overrides_check(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *extensions = json_get(json_get(json_get(object, "spec"), "ceOverrides"), "extensions");
    for (const struct json_value *item = first_of(extensions); item != NULL; item = item->next) {
        const char *field = arena_format(errors->arena, "spec.ceOverrides.extensions[%.*s]", BYTES_ARG(item->name));
        if (!is_alphanumeric(item->name))
            field_error_add(errors, FIELD_INVALID, bytes_of_text(field), field_quoted(errors->arena, item->name),
                            BYTES_LITERAL("keys are expected to be alphanumeric"));
    }
}
