// SPDX-License-Identifier: Apache-2.0
#include "kube/apply/extract.h"

#include "kube/apply/testing_schema.h"

static const char *const schema_text =
    "{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{"
    "\"text\":{\"type\":\"string\"},\"number\":{\"type\":\"integer\",\"nullable\":true},"
    "\"atom\":{\"type\":\"object\",\"x-kubernetes-map-type\":\"atomic\",\"properties\":{\"a\":{\"type\":\"string\"}}},"
    "\"map\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"properties\":{\"x\":{\"type\":"
    "\"string\"}}}},"
    "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"set\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}},"
    "\"ports\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"port\","
    "\"protocol\"],"
    "\"items\":{\"type\":\"object\",\"properties\":{\"port\":{\"type\":\"integer\"},"
    "\"protocol\":{\"type\":\"string\",\"default\":\"TCP\"}}}},"
    "\"free\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}}}";

static struct typed root_type(struct arena *arena)
{
    return typed_root(schema_of(arena, tree(arena, schema_text)));
}

static void an_object_has_its_fields(void **state)
{
    (void)state;
    static const struct {
        const char *object, *set;
    } rows[] = {
        { "{}", "{}" },
        { "{\"spec\":{}}", "{\"f:spec\":{}}" },
        { "{\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"labels\":{\"a.b/c\":\"d\"},\"finalizers\":[\"x\"]}}",
          "{\"f:kind\":{},\"f:metadata\":{\"f:finalizers\":{\"v:\\\"x\\\"\":{}},\"f:labels\":{\"f:a.b/"
          "c\":{}},\"f:name\":{}}}" },
        { "{\"spec\":{\"text\":\"t\",\"number\":null,\"list\":[],\"set\":[],\"map\":null}}",
          "{\"f:spec\":{\"f:list\":{},\"f:map\":{},\"f:number\":{},\"f:text\":{}}}" },
        { "{\"spec\":{\"atom\":{\"a\":\"b\"},\"map\":{\"k\":{\"x\":\"y\"}},\"list\":[\"p\",\"q\"],\"set\":[\"q\",\"p\"]"
          "}}",
          "{\"f:spec\":{\"f:atom\":{},\"f:list\":{},\"f:map\":{\"f:k\":{\".\":{},\"f:x\":{}}},\"f:set\":{\"v:"
          "\\\"p\\\"\":{},"
          "\"v:\\\"q\\\"\":{}}}}" },
        { "{\"spec\":{\"ports\":[{\"port\":80},{\"protocol\":\"UDP\",\"port\":8e1}]}}",
          "{\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:port\":{}},"
          "\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"UDP\\\"}\":{\".\":{},\"f:port\":{},\"f:protocol\":{}}}}}" },
        { "{\"spec\":{\"free\":{\"o\":{\"p\":1},\"l\":[{\"m\":1}],\"e\":{},\"n\":null}}}",
          "{\"f:spec\":{\"f:free\":{\"f:e\":{},\"f:l\":{},\"f:n\":{},\"f:o\":{\".\":{},\"f:p\":{}}}}}" },
        { "{\"spec\":{\"set\":[\"p\",\"q\",\"p\"]}}",
          "{\"f:spec\":{\"f:set\":{\"v:\\\"p\\\"\":{},\"v:\\\"q\\\"\":{}}}}" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        const struct field_set *set;
        struct json_value *object = tree(&arena, rows[i].object);
        assert_int_equal(fields_extract(root_type(&arena), object, &arena, &set, NULL), ERR_OK);
        assert_string_equal(fields_text(&arena, set), rows[i].set);
        arena_free(&arena);
    }
}

static void what_cannot_be_owned_field_by_field_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *object, *where, *text;
    } rows[] = {
        { "{\"spec\":{\"other\":1}}", ".spec.other", "field not declared in schema" },
        { "{\"metadata\":{\"other\":1}}", ".metadata.other", "field not declared in schema" },
        { "{\"spec\":{\"text\":1}}", ".spec.text", "expected string, got a number" },
        { "{\"spec\":{\"number\":[]}}", ".spec.number", "expected numeric (int or float), got a list" },
        { "{\"spec\":{\"list\":[\"a\",1]}}", ".spec.list[1]", "expected string, got a number" },
        { "{\"spec\":{\"list\":{}}}", ".spec.list", "expected list, got a map" },
        { "{\"spec\":7}", ".spec", "expected map, got a number" },
        { "{\"spec\":{\"set\":[\"a\",\"a\"]}}", ".spec.set", "duplicate entries for key [=\"a\"]" },
        { "{\"spec\":{\"ports\":[{\"port\":1},{\"port\":1.0,\"protocol\":\"TCP\"}]}}", ".spec.ports",
          "duplicate entries for key [port=1,protocol=\"TCP\"]" },
        { "{\"spec\":{\"ports\":[{}]}}", ".spec.ports",
          "associative list with keys has an element that omits key field \"port\" (and doesn't have default value)" },
        { "{\"spec\":{\"ports\":[null]}}", ".spec.ports", "associative list with keys may not have a null element" },
        { "{\"spec\":{\"set\":[[]]}}", ".spec.set", "associative list without keys has an element that's a list" },
        { "{\"spec\":{\"map\":{\"k\":{\"y\":1}}}}", ".spec.map.k.y", "field not declared in schema" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        diag_t diag = { 0 };
        struct json_value *object = tree(&arena, rows[i].object);
        assert_int_equal(fields_check(root_type(&arena), object, &arena, &diag), ERR_INVALID);
        assert_string_equal(diag.where, rows[i].where);
        assert_string_equal(diag.text, rows[i].text);
        arena_free(&arena);
    }
}

static void a_kind_without_a_schema_is_still_a_resource(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct field_set *set;
    struct json_value *object = tree(&arena, "{\"metadata\":{\"finalizers\":[\"x\"]},\"data\":{\"k\":[1]}}");
    assert_int_equal(fields_check(typed_root(NULL), object, &arena, NULL), ERR_OK);
    struct json_value *wrong = tree(&arena, "{\"metadata\":{\"other\":1}}");
    assert_int_equal(fields_check(typed_root(NULL), wrong, &arena, NULL), ERR_INVALID);
    assert_int_equal(fields_extract(typed_root(NULL), object, &arena, &set, NULL), ERR_OK);
    assert_string_equal(fields_text(&arena, set), "{\"f:data\":{\".\":{},\"f:k\":{}},\"f:metadata\":{\"f:finalizers\":{"
                                                  "\"v:\\\"x\\\"\":{}}}}");
    arena_free(&arena);
}

static void fields_have_a_depth_limit(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *value = json_new_int(&arena, 1);
    const struct field_set *set = NULL;
    for (int i = 0; i < FIELD_PATH_MAX + 1; i++) {
        assert_int_equal(fields_extract(typed_root(NULL), value, &arena, &set, NULL), ERR_OK);
        struct json_value *outer = json_new(&arena, JSON_OBJECT);
        json_set(outer, BYTES_LITERAL("o"), value);
        value = outer;
    }
    set = NULL;
    assert_int_equal(fields_extract(typed_root(NULL), value, &arena, &set, NULL), ERR_TOO_LARGE);
    assert_null(set);
    arena_free(&arena);
}

// Lists of built-in kinds often say only how they are patched.
static void a_patch_strategy_says_the_same_as_a_list_type(void **state)
{
    (void)state;
    static const struct schema text = { .type = SCHEMA_STRING };
    static const struct schema_member members[] = { { { (const uint8_t *)"name", 4 }, &text } };
    static const struct schema item = { .type = SCHEMA_OBJECT, .members = members, .member_count = 1 };
    static const struct schema keyed = {
        .type = SCHEMA_ARRAY, .patch_merge = true, .patch_merge_key = { (const uint8_t *)"name", 4 }, .items = &item
    };
    static const struct schema plain = { .type = SCHEMA_ARRAY, .patch_merge = true, .items = &text };
    static const struct schema_member lists[] = { { { (const uint8_t *)"keyed", 5 }, &keyed },
                                                  { { (const uint8_t *)"plain", 5 }, &plain } };
    static const struct schema root = { .type = SCHEMA_OBJECT, .members = lists, .member_count = 2 };
    struct arena arena = ARENA_INIT;
    const struct field_set *set;
    struct json_value *object = tree(&arena, "{\"keyed\":[{\"name\":\"a\"}],\"plain\":[\"b\"]}");
    assert_int_equal(fields_extract(typed_root(&root), object, &arena, &set, NULL), ERR_OK);
    assert_string_equal(fields_text(&arena, set),
                        "{\"f:keyed\":{\"k:{\\\"name\\\":\\\"a\\\"}\":{\".\":{},\"f:name\":{}}},"
                        "\"f:plain\":{\"v:\\\"b\\\"\":{}}}");
    arena_free(&arena);
}

static void sets_follow_a_schema_that_became_atomic(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct field_set *set =
        fields(&arena, "{\"f:spec\":{\"f:atom\":{\"f:a\":{}},\"f:free\":{\"f:a\":{\"f:b\":{}}},\"f:list\":{\"v:1\":{}},"
                       "\"f:map\":{\"f:k\":{\"f:x\":{}}},\"f:old\":{\"f:y\":{}}}}");
    assert_string_equal(fields_text(&arena, fields_reconcile(root_type(&arena), set, &arena)),
                        "{\"f:spec\":{\"f:atom\":{},\"f:free\":{\"f:a\":{\"f:b\":{}}},\"f:list\":{},"
                        "\"f:map\":{\"f:k\":{\"f:x\":{}}},\"f:old\":{\"f:y\":{}}}}");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_has_its_fields),
        cmocka_unit_test(what_cannot_be_owned_field_by_field_is_named),
        cmocka_unit_test(a_kind_without_a_schema_is_still_a_resource),
        cmocka_unit_test(fields_have_a_depth_limit),
        cmocka_unit_test(a_patch_strategy_says_the_same_as_a_list_type),
        cmocka_unit_test(sets_follow_a_schema_that_became_atomic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
