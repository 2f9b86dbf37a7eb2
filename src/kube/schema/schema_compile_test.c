// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_compile.h"

#include "io/file.h"
#include "kube/schema/schema_props.h"
#include "kube/schema/testing.h"
#include "kube/yaml/yaml_read.h"

static void nodes_say_what_the_text_says(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct schema *root = compiled(
        &arena, "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{"
                "\"z\":{\"type\":\"string\",\"nullable\":true,\"default\":\"q\"},"
                "\"a\":{\"x-kubernetes-int-or-string\":true},"
                "\"p\":{\"x-kubernetes-preserve-unknown-fields\":true},"
                "\"m\":{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\",\"additionalProperties\":{\"type\":"
                "\"boolean\"}},"
                "\"s\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"number\"}},"
                "\"l\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"k\"],"
                "\"items\":{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"type\":\"integer\"}}}},"
                "\"e\":{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,"
                "\"x-kubernetes-preserve-unknown-fields\":true}}}}}");
    const struct schema *spec = AT(root, "spec"), *z = AT(spec, "z"), *l = AT(spec, "l"), *e = AT(spec, "e");
    assert_int_equal(spec->member_count, 7);
    for (size_t i = 1; i < spec->member_count; i++)
        assert_true(bytes_compare(spec->members[i - 1].name, spec->members[i].name) < 0);
    assert_true(z->type == SCHEMA_STRING && z->nullable && bytes_is(z->fallback->text, "q"));
    assert_true(AT(spec, "a")->int_or_string && AT(spec, "a")->type == SCHEMA_ANY);
    assert_true(AT(spec, "p")->preserve_unknown && AT(spec, "p")->type == SCHEMA_ANY);
    assert_true(AT(spec, "m")->map_atomic && AT(spec, "m", "anything")->type == SCHEMA_BOOLEAN);
    assert_true(AT(spec, "s")->list == SCHEMA_LIST_SET && AT(spec, "s", "[]")->type == SCHEMA_NUMBER);
    assert_true(l->list == SCHEMA_LIST_MAP && l->key_count == 1 && bytes_is(l->keys[0], "k"));
    assert_true(AT(l, "[]", "k")->type == SCHEMA_INTEGER);
    assert_true(e->embedded && AT(e, "metadata", "labels", "x")->type == SCHEMA_STRING);
    assert_null(schema_member_find(spec, BYTES_LITERAL("y")));
    assert_null(schema_member_find(NULL, BYTES_LITERAL("y")));
    assert_non_null(json_get(spec->source, "properties"));
    arena_free(&arena);
}

static void every_object_has_metadata(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct schema *root =
        compiled(&arena, "{\"type\":\"object\",\"properties\":{\"metadata\":{\"type\":\"object\",\"properties\":{"
                         "\"name\":{\"type\":\"string\",\"maxLength\":3}}}}}");
    assert_true(root->embedded);
    assert_true(AT(root, "apiVersion")->type == SCHEMA_STRING && AT(root, "kind")->type == SCHEMA_STRING);
    const struct schema *owners = AT(root, "metadata", "ownerReferences");
    assert_true(owners->list == SCHEMA_LIST_MAP && bytes_is(owners->keys[0], "uid"));
    assert_true(AT(root, "metadata", "finalizers")->list == SCHEMA_LIST_SET);
    assert_true(AT(root, "metadata", "managedFields")->list == SCHEMA_LIST_ATOMIC);
    assert_non_null(AT(root, "metadata", "name")->rules);
    assert_null(AT(root, "metadata", "namespace")->rules);
    arena_free(&arena);
}

static void strategies_are_for_kinds_of_our_own(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\",\"items\":{\"type\":"
                               "\"string\"},\"x-kubernetes-patch-strategy\":\"merge,retainKeys\","
                               "\"x-kubernetes-patch-merge-key\":\"name\"}}}";
    struct arena arena = ARENA_INIT;
    const struct schema *builtin = compiled_as(&arena, text, (struct schema_compile){ .is_builtin = true });
    const struct schema *l = AT(builtin, "l");
    assert_true(l->patch_merge && l->patch_retain_keys && !l->patch_replace && bytes_is(l->patch_merge_key, "name"));
    l = AT(compiled(&arena, text), "l");
    assert_true(!l->patch_merge && l->patch_merge_key.data == NULL);
    arena_free(&arena);
}

static void rules_in_cel_are_refused_with_what_to_do(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *why = refusal(&arena, "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\","
                                      "\"x-kubernetes-validations\":[{\"rule\":\"self.a > 1\"}]}}}");
    assert_string_equal(why,
                        "schema.properties[spec].x-kubernetes-validations: Forbidden: rules in CEL are not evaluated "
                        "here, so a schema that relies on them is not taken: leave them out, and say with pattern, "
                        "enum, minimum, maximum, required or oneOf what they say, or check it where the objects are "
                        "made");
    arena_free(&arena);
}

static void keywords_of_the_wrong_type_are_told(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_string_equal(refusal(&arena,
                                "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":5},\"b\":[],\"c\":{\"type\":"
                                "\"string\",\"maxLength\":-1,\"enum\":{},\"required\":[1],\"allOf\":{}}}}"),
                        "[schema.properties[a].type: Invalid value: must be a string, "
                        "schema.properties[b]: Invalid value: must be a schema (an object), "
                        "schema.properties[c].maxLength: Invalid value: must be a whole number from 0 on, "
                        "schema.properties[c].enum: Invalid value: must be an array, "
                        "schema.properties[c].allOf: Invalid value: must be an array, "
                        "schema.properties[c].required: Invalid value: must be an array of strings]");
    assert_string_equal(refusal(&arena, "[]"), "schema: Invalid value: must be a schema (an object)");
    arena_free(&arena);
}

static void large_schemas_are_refused(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    writer_text(&out, "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\",\"anyOf\":[{}");
    for (int i = 0; i < SCHEMA_NODES_MAX; i++)
        writer_text(&out, ",{}");
    writer_text(&out, "]}}}");
    assert_non_null(strstr(refusal(&arena, arena_text(&arena, writer_view(&out))), "at most 10000 parts"));
    writer_free(&out);
    arena_free(&arena);
}

static const char *const crds[] = {
    "100-kafka-channel", "100-kafka-sink",  "100-kafka-source",  "apiserversource", "broker",         "channel",
    "configuration",     "containersource", "domain-mapping",    "eventpolicy",     "eventtransform", "eventtype",
    "in-memory-channel", "integrationsink", "integrationsource", "jobsink",         "metric",         "parallel",
    "pingsource",        "podautoscaler",   "requestreply",      "revision",        "route",          "sequence",
    "service",           "sinkbindings",    "subscription",      "trigger",
};

static void compile_versions(struct arena *arena, const struct json_value *crd, const char *file)
{
    const struct json_value *version = json_get(json_get(crd, "spec"), "versions")->first;
    for (; version != NULL; version = version->next) {
        const struct schema_compile how = {
            .where = BYTES_LITERAL("schema"),
            .has_status = json_get(json_get(version, "subresources"), "status") != NULL,
        };
        struct field_errors errors = field_errors_in(arena);
        const struct schema *schema = NULL;
        const struct json_value *source = json_get(json_get(version, "schema"), "openAPIV3Schema");
        if (schema_compile(source, &how, arena, &schema, &errors) != ERR_OK)
            fail_msg("%s: %s", file, errors_text(arena, &errors));
        assert_non_null(schema_member_find(schema, BYTES_LITERAL("spec")));
    }
}

static void the_schemas_of_knative_are_taken(void **state)
{
    (void)state;
    static const struct yaml_limits limits = { .size = 1 << 20, .values = 100000, .repeated = 0, .documents = 10 };
    if (KUBE_SCHEMA_CRDS[0] == '\0')
        skip();
    for (size_t i = 0; i < sizeof crds / sizeof crds[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct buf *file;
        struct yaml_stream stream;
        const char *path = arena_format(&arena, "%s/%s.yaml", KUBE_SCHEMA_CRDS, crds[i]);
        assert_int_equal(file_read_whole(path, 1 << 20, &file), ERR_OK);
        assert_int_equal(yaml_read(bytes_of(file->data, file->capacity), &limits, &arena, &stream, NULL), ERR_OK);
        for (size_t k = 0; k < stream.count; k++)
            compile_versions(&arena, stream.documents[k], crds[i]);
        assert_true(stream.count > 0);
        arena_free(&arena);
        buf_unref(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_say_what_the_text_says),
        cmocka_unit_test(every_object_has_metadata),
        cmocka_unit_test(strategies_are_for_kinds_of_our_own),
        cmocka_unit_test(rules_in_cel_are_refused_with_what_to_do),
        cmocka_unit_test(keywords_of_the_wrong_type_are_told),
        cmocka_unit_test(large_schemas_are_refused),
        cmocka_unit_test(the_schemas_of_knative_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
