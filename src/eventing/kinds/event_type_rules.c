// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/event_type_rules.h"

#include "base/assert.h"
#include "kube/builtin/text.h"
#include "kube/object.h"

// The field of v1beta2 and the attribute of v1beta3 that say the same, as Knative's conversion has it.
static const struct pair {
    const char *field, *attribute;
    bool is_required;
} pairs[] = {
    { "type", "type", true },
    { "source", "source", true },
    { "schema", "schemadata", false },
};

// Of versions before v1beta3, and of no attribute.
static const char *const only_fields[] = { "schemaData", "broker" };

static struct json_value *attribute_of(const struct json_value *attributes, const char *name)
{
    struct json_value *item = first_of(attributes);
    while (item != NULL && !bytes_is(json_text_at(item, "name"), name))
        item = item->next;
    return item;
}

static bool fields_differ(const struct json_value *spec, const struct json_value *live)
{
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        if (!json_same(json_get(spec, pairs[i].field), json_get(live, pairs[i].field)))
            return true;
    return false;
}

static void fields_set(struct arena *arena, struct json_value *spec, const struct json_value *attributes)
{
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        bytes_t value = json_text_at(attribute_of(attributes, pairs[i].attribute), "value");
        if (value.size > 0)
            json_set_bytes(spec, arena, pairs[i].field, value);
        else
            json_unset(spec, bytes_of_text(pairs[i].field));
    }
}

// VALUE may be empty: none.
static void attribute_set(struct arena *arena, struct json_value *attributes, const char *name, bool is_required,
                          bytes_t value)
{
    struct json_value *item = attribute_of(attributes, name);
    if (item == NULL) {
        item = json_new(arena, JSON_OBJECT);
        json_set_text(item, arena, "name", name);
        json_set(item, BYTES_LITERAL("required"), json_new_bool(arena, is_required));
        json_append(attributes, item);
    }
    if (value.size > 0)
        json_set_bytes(item, arena, "value", value);
    else
        json_unset(item, BYTES_LITERAL("value"));
}

// Attributes of other names stay.
static void attributes_set(struct arena *arena, struct json_value *spec)
{
    static const char *const others[] = { "specversion", "id" };
    struct json_value *attributes = json_find(spec, BYTES_LITERAL("attributes"));
    if (attributes == NULL) {
        attributes = json_new(arena, JSON_ARRAY);
        json_set(spec, BYTES_LITERAL("attributes"), attributes);
    }
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++) {
        bytes_t value = json_text_at(spec, pairs[i].field);
        if (value.size > 0 || pairs[i].is_required || attribute_of(attributes, pairs[i].attribute) != NULL)
            attribute_set(arena, attributes, pairs[i].attribute, pairs[i].is_required, value);
    }
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        if (attribute_of(attributes, others[i]) == NULL)
            attribute_set(arena, attributes, others[i], true, BYTES_NULL);
}

static void keep(struct arena *arena, struct json_value *spec, const struct json_value *was, const char *name)
{
    const struct json_value *kept = json_get(was, name);
    if (kept != NULL && json_get(spec, name) == NULL)
        json_set(spec, bytes_of_text(name), json_copy(arena, kept));
}

// A client that speaks one version does not see what only another can say: it stays.
static void unseen_keep(struct arena *arena, struct json_value *spec, const struct json_value *was, bool has_fields,
                        bool has_attributes)
{
    if (has_fields && !has_attributes)
        keep(arena, spec, was, "attributes");
    for (size_t i = 0; has_attributes && !has_fields && i < ARRAY_COUNT(only_fields); i++)
        keep(arena, spec, was, only_fields[i]);
}

void event_type_fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = spec_of(object);
    const struct json_value *was = json_get(live, "spec"), *attributes = json_get(spec, "attributes");
    bool has_fields = json_get(spec, "type") != NULL;
    reference_fill(arena, json_find(spec, BYTES_LITERAL("reference")), object_namespace(object));
    if (attributes != NULL && attributes->type != JSON_ARRAY)
        return;
    unseen_keep(arena, spec, was, has_fields, attributes != NULL);
    bool is_new_way = was != NULL && !json_same(attributes, json_get(was, "attributes"));
    bool is_old_way = was != NULL && fields_differ(spec, was);
    if (attributes != NULL && (!has_fields || is_new_way))
        fields_set(arena, spec, attributes);
    else if (has_fields && (attributes == NULL || is_old_way))
        attributes_set(arena, spec);
}

void event_type_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    static const char *const needed[] = { "type", "source", "specversion", "id" };
    const struct json_value *attributes = json_get(json_get(object, "spec"), "attributes");
    (void)live;
    for (size_t i = 0; attributes != NULL && i < ARRAY_COUNT(needed); i++)
        if (attribute_of(attributes, needed[i]) == NULL)
            field_error_add(errors, FIELD_REQUIRED,
                            bytes_of_text(arena_format(errors->arena, "spec.attributes.%s", needed[i])), BYTES_NULL,
                            BYTES_LITERAL("each event has it"));
}

void event_type_inspect(struct field_errors *errors, const struct json_value *object)
{
    const struct json_value *spec = json_get(object, "spec");
    if (spec != NULL && spec->type == JSON_OBJECT && json_get(spec, "type") == NULL &&
        json_get(spec, "attributes") == NULL)
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.type"), BYTES_NULL,
                        BYTES_LITERAL("it, or spec.attributes in v1beta3, says of which events"));
}

void event_type_show(struct json_value *object, bytes_t version)
{
    struct json_value *spec = spec_of(object);
    if (!bytes_is(version, "v1beta3")) {
        json_unset(spec, BYTES_LITERAL("attributes"));
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        json_unset(spec, bytes_of_text(pairs[i].field));
    for (size_t i = 0; i < ARRAY_COUNT(only_fields); i++)
        json_unset(spec, bytes_of_text(only_fields[i]));
}
