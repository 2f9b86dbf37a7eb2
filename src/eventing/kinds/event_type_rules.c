// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/event_type_rules.h"

#include "base/assert.h"
#include "kube/builtin/text.h"
#include "kube/object.h"

void event_type_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    (void)live;
    reference_fill(arena, json_find(spec_of(object), BYTES_LITERAL("reference")), object_namespace(object));
}

static bool has_attribute(const struct json_value *attributes, const char *name)
{
    for (const struct json_value *item = first_of(attributes); item != NULL; item = item->next)
        if (bytes_is(json_text_at(item, "name"), name))
            return true;
    return false;
}

void event_type_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const needed[] = { "type", "source", "specversion", "id" };
    const struct json_value *attributes = json_get(json_get(object, "spec"), "attributes");
    (void)live;
    for (size_t i = 0; attributes != NULL && i < ARRAY_COUNT(needed); i++)
        if (!has_attribute(attributes, needed[i]))
            field_error_add(errors, FIELD_REQUIRED,
                            bytes_of_text(arena_format(errors->arena, "spec.attributes.%s", needed[i])), BYTES_NULL,
                            BYTES_LITERAL("each event has it"));
}
