// SPDX-License-Identifier: Apache-2.0
// CustomResourceDefinition: what users may define. ../definitions.c serves the kinds.
#include "base/json_edit.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/object.h"
#include "kube/own_definitions.h"
#include "kube/schema/field_error.h"
#include "kube/schema/schema_compile.h"
#include "kube/select/name.h"

EMBED(definition_definition, "definition");

static void name_field_check(struct field_errors *errors, enum name_rule rule, const char *field, bytes_t name)
{
    struct name_faults faults = name_check(rule, name);
    for (size_t i = 0; i < faults.count; i++)
        field_error_add(errors, FIELD_INVALID, bytes_of_text(field), field_quoted(errors->arena, name),
                        bytes_of_text(faults.texts[i]));
}

static void names_check(struct field_errors *errors, const struct json_value *object, const struct json_value *spec)
{
    struct arena *arena = errors->arena;
    const struct json_value *names = json_get(spec, "names");
    bytes_t plural = json_text_at(names, "plural"), group = json_text_at(spec, "group");
    const char *wanted = arena_format(arena, "%.*s.%.*s", BYTES_ARG(plural), BYTES_ARG(group));
    name_field_check(errors, NAME_DNS_SUBDOMAIN, "spec.group", group);
    name_field_check(errors, NAME_DNS_1035_LABEL, "spec.names.plural", plural);
    if (!bytes_is(object_name(object), wanted))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("metadata.name"), field_quoted(arena, object_name(object)),
                        bytes_of_text("must be spec.names.plural+\".\"+spec.group"));
    if (memchr(group.data, '.', group.size) == NULL)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.group"), field_quoted(arena, group),
                        BYTES_LITERAL("should be a domain with at least one dot"));
}

static void conversion_check(struct field_errors *errors, const struct json_value *spec)
{
    bytes_t strategy = json_text_at(json_get(spec, "conversion"), "strategy");
    if (strategy.size > 0 && !bytes_is(strategy, "None"))
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.conversion.strategy"),
                        field_quoted(errors->arena, strategy),
                        BYTES_LITERAL("eddy calls no webhooks: versions of a kind can differ in their apiVersion alone "
                                      "(None); run the conversion on a real cluster, or keep one version"));
}

static void schema_check(struct field_errors *errors, const struct json_value *version, size_t index)
{
    struct arena arena = ARENA_INIT; // of the schema, which only has to compile
    const struct schema *schema;
    const struct json_value *source = json_get(json_get(version, "schema"), "openAPIV3Schema");
    const char *where = arena_format(errors->arena, "spec.versions[%zu].schema.openAPIV3Schema", index);
    struct schema_compile how = {
        .where = bytes_of_text(where),
        .has_status = json_get(json_get(version, "subresources"), "status") != NULL,
    };
    if (source == NULL)
        field_error_add(errors, FIELD_REQUIRED, bytes_of_text(where), BYTES_NULL,
                        BYTES_LITERAL("schemas are required"));
    else if (schema_compile(source, &how, &arena, &schema, errors) != ERR_OK && errors->count == 0)
        field_error_add(errors, FIELD_INVALID, bytes_of_text(where), BYTES_NULL, BYTES_LITERAL("cannot be used"));
    arena_free(&arena);
}

static void versions_check(struct field_errors *errors, const struct json_value *spec)
{
    const struct json_value *versions = json_get(spec, "versions");
    size_t index = 0, stored = 0;
    for (const struct json_value *version = versions->first; version != NULL; version = version->next, index++) {
        bool is_stored = false;
        const char *field = arena_format(errors->arena, "spec.versions[%zu].name", index);
        name_field_check(errors, NAME_DNS_1035_LABEL, field, json_text_at(version, "name"));
        (void)json_get_bool(json_get(version, "storage"), &is_stored);
        stored += is_stored;
        schema_check(errors, version, index);
    }
    if (stored != 1)
        field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.versions"), BYTES_NULL,
                        BYTES_LITERAL("must have exactly one version marked as storage version"));
}

static void unchanged_check(struct field_errors *errors, const struct json_value *spec, const struct json_value *was)
{
    static const struct {
        const char *member, *field;
        bool in_names;
    } rows[] = { { "group", "spec.group", false },
                 { "scope", "spec.scope", false },
                 { "plural", "spec.names.plural", true },
                 { "kind", "spec.names.kind", true } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes_t is_text = json_text_at(rows[i].in_names ? json_get(spec, "names") : spec, rows[i].member);
        bytes_t was_text = json_text_at(rows[i].in_names ? json_get(was, "names") : was, rows[i].member);
        if (!bytes_equal(is_text, was_text))
            field_error_add(errors, FIELD_INVALID, bytes_of_text(rows[i].field), field_quoted(errors->arena, is_text),
                            BYTES_LITERAL("field is immutable"));
    }
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec");
    bool is_own = object_annotation(live, OWN_DEFINITION).size > 0; // what is written over it says nothing
    names_check(errors, object, spec);
    if (!is_own) {
        conversion_check(errors, spec);
        versions_check(errors, spec);
    }
    if (live != NULL)
        unchanged_check(errors, spec, json_get(live, "spec"));
}

static void own_keep(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    bytes_t mark = object_annotation(live, OWN_DEFINITION);
    struct json_value *annotations = object_at(object_metadata(object), arena, "annotations");
    if (mark.size > 0 && annotations != NULL)
        json_set_bytes(annotations, arena, OWN_DEFINITION, mark);
}

static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    struct json_value *spec = json_set_object(object, arena, "spec");
    struct json_value *names = json_set_object(spec, arena, "names");
    bytes_t kind = json_text_at(names, "kind");
    own_keep(arena, object, live);
    if (json_text_at(names, "singular").size == 0 && kind.size > 0)
        json_set_bytes(names, arena, "singular", arena_lower(arena, kind));
    if (json_text_at(names, "listKind").size == 0 && kind.size > 0)
        json_set_text(names, arena, "listKind", arena_format(arena, "%.*sList", BYTES_ARG(kind)));
    struct json_value *conversion = json_set_object(spec, arena, "conversion");
    if (json_text_at(conversion, "strategy").size == 0)
        json_set_text(conversion, arena, "strategy", "None");
}

const struct kind_rules definition_rules = {
    .definition = definition_definition,
    .fill = fill,
    .check = check,
};
