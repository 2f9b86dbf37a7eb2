// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_openapi.h"

#include "kube/schema/schema_definitions.h"
#include "kube/schema/schema_meta.h"
#include "kube/schema/testing.h"

static struct json_value *documents(struct arena *arena, enum schema_openapi version, const char *text)
{
    struct json_value *schemas = json_new(arena, JSON_OBJECT);
    const struct schema_openapi_kind kind = { .group = BYTES_LITERAL("eventing.knative.dev"),
                                              .version = BYTES_LITERAL("v1"),
                                              .kind = BYTES_LITERAL("Broker"),
                                              .list_kind = BYTES_LITERAL("BrokerList"),
                                              .plural = BYTES_LITERAL("brokers"),
                                              .schema = compiled(arena, text) };
    schema_openapi_add_kind(schemas, version, &kind, arena);
    return schemas;
}

static const struct json_value *path(const struct json_value *value, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        value = json_get(value, names[i]);
    return value;
}

#define PATH(value, ...)                                                                                               \
    path((value), (const char *const[]){ __VA_ARGS__ },                                                                \
         sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))
#define BROKER "dev.knative.eventing.v1.Broker"

static void names_are_those_of_kubernetes(void **state)
{
    (void)state;
    static const struct {
        const char *group, *name;
    } rows[] = { { "eventing.knative.dev", "dev.knative.eventing.v1.Thing" },
                 { "", "io.k8s.api.core.v1.Thing" },
                 { "apps", "io.k8s.api.apps.v1.Thing" },
                 { "a.bc.d", "d.bc.a.v1.Thing" } };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes_t name =
            schema_openapi_name(bytes_of_text(rows[i].group), BYTES_LITERAL("v1"), BYTES_LITERAL("Thing"), &arena);
        assert_string_equal(arena_text(&arena, name), rows[i].name);
    }
    arena_free(&arena);
}

static const char source[] =
    "{\"type\":\"object\",\"description\":\"d\",\"properties\":{\"metadata\":{\"type\":\"object\"},\"spec\":{\"type\":"
    "\"object\",\"required\":[\"a\",\"n\"],\"properties\":{\"a\":{\"type\":\"string\"},\"n\":{\"type\":\"array\","
    "\"nullable\":true,\"items\":{\"type\":\"string\"}},\"p\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-"
    "fields\":"
    "true,\"properties\":{\"q\":{\"type\":\"string\"}}},\"e\":{\"type\":\"object\",\"x-kubernetes-embedded-resource\":"
    "true,"
    "\"properties\":{\"spec\":{\"type\":\"object\"}}}},\"anyOf\":[{\"required\":[\"a\"]}]}}}";

static void version_three_has_what_the_schema_says(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *schemas = documents(&arena, SCHEMA_OPENAPI_V3, source);
    const struct json_value *broker = json_get(schemas, BROKER), *spec = PATH(broker, "properties", "spec");
    assert_string_equal(text_of(&arena, json_get(broker, "x-kubernetes-group-version-kind")),
                        "[{\"group\":\"eventing.knative.dev\",\"kind\":\"Broker\",\"version\":\"v1\"}]");
    assert_string_equal(text_of(&arena, PATH(broker, "properties", "metadata", "allOf")),
                        "[{\"$ref\":\"#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta\"}]");
    assert_string_equal(text_of(&arena, PATH(broker, "properties", "kind", "type")), "\"string\"");
    assert_true(json_equal(json_get(spec, "anyOf"), tree(&arena, "[{\"required\":[\"a\"]}]")));
    assert_non_null(PATH(spec, "properties", "p", "properties", "q"));
    assert_non_null(PATH(spec, "properties", "n", "nullable"));
    assert_non_null(PATH(spec, "properties", "e", "properties", "metadata", "allOf"));
    // The source stays as it was.
    assert_null(PATH(tree(&arena, source), "properties", "kind"));
    const struct json_value *list = json_get(schemas, BROKER "List");
    assert_string_equal(text_of(&arena, PATH(list, "properties", "items", "items")),
                        "{\"$ref\":\"#/components/schemas/" BROKER "\"}");
    assert_string_equal(text_of(&arena, PATH(list, "properties", "metadata", "allOf")),
                        "[{\"$ref\":\"#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta\"}]");
    arena_free(&arena);
}

static void version_two_leaves_out_what_it_does_not_know(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *schemas = documents(&arena, SCHEMA_OPENAPI_V2, source);
    const struct json_value *broker = json_get(schemas, BROKER), *spec = PATH(broker, "properties", "spec");
    assert_string_equal(text_of(&arena, PATH(broker, "properties", "metadata", "$ref")),
                        "\"#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta\"");
    assert_null(json_get(spec, "anyOf"));
    assert_string_equal(text_of(&arena, json_get(spec, "required")), "[\"a\"]");
    assert_string_equal(text_of(&arena, PATH(spec, "properties", "n")), "{}");
    assert_string_equal(text_of(&arena, PATH(spec, "properties", "p")),
                        "{\"x-kubernetes-preserve-unknown-fields\":true}");
    arena_free(&arena);
}

static const struct json_value *resolved(const struct json_value *schemas, const struct json_value *value)
{
    static const char before[] = "#/components/schemas/";
    const struct json_value *all_of = json_get(value, "allOf");
    bytes_t ref;
    if (!json_get_text(json_get(all_of == NULL ? value : all_of->first, "$ref"), &ref))
        return value;
    value = json_find(schemas, bytes_of(ref.data + sizeof before - 1, ref.size - (sizeof before - 1)));
    assert_non_null(value);
    return value;
}

// Whether the nodes that objects are read with are what the documents say.
static void expect_same(const struct json_value *schemas, const struct json_value *value, const struct schema *schema)
{
    static const char *const types[] = { "", "object", "array", "string", "integer", "number", "boolean" };
    static const char *const lists[] = { "atomic", "set", "map" };
    bytes_t text, key = BYTES_NULL;
    if (json_get_text(json_get(value, "x-kubernetes-list-type"), &text))
        assert_true(bytes_is(text, lists[schema->list]));
    if (json_get_text(json_get(value, "x-kubernetes-patch-strategy"), &text))
        assert_true(bytes_is(text, "merge") && schema->patch_merge);
    (void)json_get_text(json_get(value, "x-kubernetes-patch-merge-key"), &key);
    assert_true(bytes_equal(key, schema->patch_merge_key));
    value = resolved(schemas, value);
    assert_true(json_get_text(json_get(value, "type"), &text) && bytes_is(text, types[schema->type]));
    const struct json_value *properties = json_get(value, "properties");
    assert_int_equal(properties == NULL ? 0 : properties->count, schema->member_count);
    for (size_t i = 0; i < schema->member_count; i++) {
        const struct json_value *property = json_find(properties, schema->members[i].name);
        assert_non_null(property);
        expect_same(schemas, property, schema->members[i].schema);
    }
    if (schema->items != NULL)
        expect_same(schemas, json_get(value, "items"), schema->items);
    assert_true((json_get(value, "additionalProperties") != NULL) == (schema->additional != NULL));
}

static void metadata_is_what_its_definition_says(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *schemas = json_new(&arena, JSON_OBJECT);
    schema_openapi_add_common(schemas, SCHEMA_OPENAPI_V3, &arena);
    expect_same(schemas, json_get(schemas, "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"), &schema_object_meta);
    const struct schema *meta = &schema_object_meta;
    for (size_t i = 1; i < meta->member_count; i++)
        assert_true(bytes_compare(meta->members[i - 1].name, meta->members[i].name) < 0);
    arena_free(&arena);
}

static void expect_refs(const struct json_value *schemas, const struct json_value *value)
{
    (void)resolved(schemas, value);
    for (const struct json_value *inner = value->first; inner != NULL; inner = inner->next)
        expect_refs(schemas, inner);
}

static void each_reference_leads_somewhere_and_each_field_is_described(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *schemas = documents(&arena, SCHEMA_OPENAPI_V3, source);
    schema_openapi_add_common(schemas, SCHEMA_OPENAPI_V3, &arena);
    expect_refs(schemas, schemas);
    assert_int_equal(schemas->count, schema_definition_count + 2);
    size_t described = 0;
    for (size_t i = 0; i < schema_definition_count; i++) {
        const char *name = arena_format(&arena, "io.k8s.apimachinery.pkg.apis.meta.v1.%s", schema_definitions[i].name);
        const struct json_value *properties = PATH(schemas, name, "properties");
        for (const struct json_value *field = properties == NULL ? NULL : properties->first; field; field = field->next)
            described += json_get(field, "description") != NULL ? 1 : 0;
    }
    assert_int_equal(described, schema_definition_field_count);
    arena_free(&arena);
}

static void what_is_deep_is_not_made_deeper(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    const int levels = 29;
    writer_text(&out, "{\"type\":\"object\"");
    for (int i = 0; i < levels; i++)
        writer_text(&out, ",\"properties\":{\"a\":{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true");
    writer_text(&out, ",\"x-kubernetes-preserve-unknown-fields\":true");
    for (int i = 0; i < levels; i++)
        writer_text(&out, "}}");
    writer_text(&out, "}");
    struct json_value *root = json_new(&arena, JSON_OBJECT), *components = json_set_object(root, &arena, "components");
    json_set(components, BYTES_LITERAL("schemas"),
             documents(&arena, SCHEMA_OPENAPI_V3, arena_text(&arena, writer_view(&out))));
    struct json_value *again = tree(&arena, text_of(&arena, root));
    assert_true(json_equal(root, again));
    writer_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_kubernetes),
        cmocka_unit_test(version_three_has_what_the_schema_says),
        cmocka_unit_test(version_two_leaves_out_what_it_does_not_know),
        cmocka_unit_test(metadata_is_what_its_definition_says),
        cmocka_unit_test(each_reference_leads_somewhere_and_each_field_is_described),
        cmocka_unit_test(what_is_deep_is_not_made_deeper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
