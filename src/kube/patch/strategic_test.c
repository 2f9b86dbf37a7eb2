// SPDX-License-Identifier: Apache-2.0
#include "kube/patch/strategic.h"

#include "kube/patch/schema_test.h"
#include "kube/patch/strategic_cases.h"
#include "kube/patch/tree_test.h"

// What the cases touch of the kinds, with their patch strategies.
static const char schemas[] =
    "{\"Pod\":{\"type\":\"object\",\"properties\":{\"metadata\":METADATA,\"spec\":PODSPEC}},"
    "\"Deployment\":{\"type\":\"object\",\"properties\":{\"metadata\":METADATA,\"spec\":{\"type\":\"object\","
    "\"properties\":{"
    "\"replicas\":{\"type\":\"integer\"},\"strategy\":{\"type\":\"object\",\"x-kubernetes-patch-strategy\":"
    "\"retainKeys\","
    "\"properties\":{\"type\":{\"type\":\"string\"},\"rollingUpdate\":{\"type\":\"object\",\"properties\":{}}}}}}}},"
    "\"Service\":{\"type\":\"object\",\"properties\":{\"metadata\":METADATA,\"spec\":{\"type\":\"object\","
    "\"properties\":{"
    "\"ports\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge\",\"x-kubernetes-patch-merge-key\":\"port\","
    "\"items\":{\"type\":\"object\"}}}}}}}";
static const char metadata[] =
    "{\"type\":\"object\",\"properties\":{\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":"
    "\"string\"}},"
    "\"finalizers\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge\",\"items\":{\"type\":\"string\"}}}}";
static const char pod_spec[] =
    "{\"type\":\"object\",\"properties\":{\"nodeSelector\":{\"type\":\"object\",\"additionalProperties\":{\"type\":"
    "\"string\"}},"
    "\"tolerations\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
    "\"volumes\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge,retainKeys\","
    "\"x-kubernetes-patch-merge-key\":\"name\",\"items\":{\"type\":\"object\"}},"
    "\"containers\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge\",\"x-kubernetes-patch-merge-key\":"
    "\"name\","
    "\"items\":{\"type\":\"object\",\"properties\":{\"args\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"ports\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge\",\"x-kubernetes-patch-merge-key\":"
    "\"containerPort\","
    "\"items\":{\"type\":\"object\"}},"
    "\"env\":{\"type\":\"array\",\"x-kubernetes-patch-strategy\":\"merge\",\"x-kubernetes-patch-merge-key\":\"name\","
    "\"items\":{\"type\":\"object\"}}}}}}}";

static const char *replaced(struct arena *arena, const char *text, const char *word, const char *by)
{
    for (const char *at; (at = strstr(text, word)) != NULL;)
        text = arena_format(arena, "%.*s%s%s", (int)(at - text), text, by, at + strlen(word));
    return text;
}

static const struct schema *schema_of(struct arena *arena, const char *kind)
{
    const char *text = replaced(arena, replaced(arena, schemas, "METADATA", metadata), "PODSPEC", pod_spec);
    return schema_test_node(arena, json_get(tree(arena, text), kind));
}

static void answers_as_kube_apiserver_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strategic_cases / sizeof strategic_cases[0]; i++) {
        struct arena arena = ARENA_INIT;
        const char *object = strategic_cases[i].object, *patch = strategic_cases[i].patch;
        const char *expected = strategic_cases[i].result, *text = NULL;
        struct json_value *before = tree(&arena, object), *change = tree(&arena, patch), *result = NULL;
        err_t err =
            strategic_patch_apply(&arena, before, change, schema_of(&arena, strategic_cases[i].kind), &result, &text);
        if (expected[0] != '!') {
            if (err != ERR_OK || !json_equal(result, tree(&arena, expected)))
                fail_msg("%s\n%s\n%s\n%s", object, patch, expected, err != ERR_OK ? text : tree_text(&arena, result));
        } else {
            if (err == ERR_OK || strcmp(text, expected + 1) != 0)
                fail_msg("%s\n%s\n%s\n%s", object, patch, expected, err != ERR_OK ? text : tree_text(&arena, result));
            assert_true((err == ERR_MALFORMED) == (strncmp(text, "invalid patch format", 20) == 0));
        }
        // Neither is changed: after a conflict the same patch is applied again.
        assert_string_equal(tree_text(&arena, before), object);
        assert_string_equal(tree_text(&arena, change), patch);
        arena_free(&arena);
    }
}

static void members_keep_their_places(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *result = NULL;
    const char *text = NULL;
    assert_int_equal(
        strategic_patch_apply(
            &arena, tree(&arena, "{\"kind\":\"Pod\",\"metadata\":{\"labels\":{\"b\":\"1\",\"a\":\"2\"}},\"spec\":{}}"),
            tree(&arena, "{\"new\":1,\"metadata\":{\"labels\":{\"z\":\"3\",\"a\":\"4\",\"c\":\"5\"}},\"kind\":\"P\"}"),
            schema_of(&arena, "Pod"), &result, &text),
        ERR_OK);
    assert_string_equal(tree_text(&arena, result), "{\"kind\":\"P\",\"metadata\":{\"labels\":{\"b\":\"1\",\"a\":\"4\","
                                                   "\"z\":\"3\",\"c\":\"5\"}},\"spec\":{},\"new\":1}");
    arena_free(&arena);
}

static void what_no_schema_knows_is_merged_as_by_a_merge_patch(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *result = NULL;
    const char *text = NULL;
    struct json_value *object = tree(&arena, "{\"x\":{\"l\":[{\"name\":\"a\"}],\"m\":{\"a\":1,\"b\":2}}}");
    assert_int_equal(strategic_patch_apply(&arena, object,
                                           tree(&arena, "{\"x\":{\"l\":[{\"name\":\"b\"}],\"m\":{\"b\":null}}}"), NULL,
                                           &result, &text),
                     ERR_OK);
    assert_string_equal(tree_text(&arena, result), "{\"x\":{\"l\":[{\"name\":\"b\"}],\"m\":{\"a\":1}}}");
    assert_int_equal(
        strategic_patch_apply(&arena, object, tree(&arena, "{\"$setElementOrder/x\":[]}"), NULL, &result, &text),
        ERR_INVALID);
    assert_string_equal(text, "expected a []interface {}, but received a map[string]interface {}");
    assert_int_equal(
        strategic_patch_apply(&arena, object, tree(&arena, "{\"$setElementOrder/y\":[]}"), NULL, &result, &text),
        ERR_INVALID);
    assert_string_equal(text, "unable to find api field \"y\"");
    arena_free(&arena);
}

static void a_strategy_may_replace_an_object(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct schema *schema = schema_test_node(
        &arena, tree(&arena, "{\"properties\":{\"r\":{\"type\":\"object\",\"x-kubernetes-patch-strategy\":\"replace\"},"
                             "\"m\":{\"type\":\"object\"}}}"));
    struct json_value *result = NULL;
    const char *text = NULL;
    assert_int_equal(strategic_patch_apply(&arena, tree(&arena, "{\"r\":{\"a\":1,\"b\":2},\"m\":{\"a\":1,\"b\":2}}"),
                                           tree(&arena, "{\"r\":{\"b\":3,\"c\":null},\"m\":{\"b\":3,\"c\":null}}"),
                                           schema, &result, &text),
                     ERR_OK);
    assert_string_equal(tree_text(&arena, result), "{\"r\":{\"b\":3},\"m\":{\"a\":1,\"b\":3}}");
    arena_free(&arena);
}

static void a_patch_is_an_object(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *result = NULL;
    const char *text = NULL;
    assert_int_equal(strategic_patch_apply(&arena, tree(&arena, "{}"), tree(&arena, "[]"), NULL, &result, &text),
                     ERR_MALFORMED);
    assert_string_equal(text, "json: cannot unmarshal array into Go value of type map[string]interface {}");
    arena_free(&arena);
}

// {"spec":{"containers":[...]}} with elements that count from FIRST up, or down from it.
static struct json_value *many(struct arena *arena, int first, int step, int count)
{
    struct json_value *object = json_new(arena, JSON_OBJECT);
    struct json_value *list = json_new(arena, JSON_ARRAY);
    json_set(json_set_object(object, arena, "spec"), BYTES_LITERAL("containers"), list);
    for (int i = 0; i < count; i++) {
        struct json_value *element = json_new(arena, JSON_OBJECT);
        json_set_text(element, arena, "name", arena_format(arena, "c%d", first + i * step));
        json_append(list, element);
    }
    return object;
}

static void long_lists_are_quick(void **state)
{
    (void)state;
    enum { COUNT = 50000 };
    struct arena arena = ARENA_INIT;
    struct json_value *result = NULL, *patch = many(&arena, COUNT, -1, COUNT);
    const char *text = NULL;
    struct json_value *spec = json_find(patch, BYTES_LITERAL("spec"));
    json_set(spec, BYTES_LITERAL("$setElementOrder/containers"), json_copy(&arena, json_get(spec, "containers")));
    assert_int_equal(
        strategic_patch_apply(&arena, many(&arena, 0, 1, COUNT), patch, schema_of(&arena, "Pod"), &result, &text),
        ERR_OK);
    const struct json_value *list = json_get(json_get(result, "spec"), "containers");
    assert_int_equal(list->count, COUNT + 1);
    assert_true(bytes_is(json_get(list->first, "name")->text, "c50000"));
    assert_true(
        bytes_is(json_get(list->first->next, "name")->text, "c0")); // stood before all others that are asked for
    assert_true(bytes_is(json_get(list->last, "name")->text, "c1"));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_kube_apiserver_does),
        cmocka_unit_test(members_keep_their_places),
        cmocka_unit_test(what_no_schema_knows_is_merged_as_by_a_merge_patch),
        cmocka_unit_test(a_strategy_may_replace_an_object),
        cmocka_unit_test(a_patch_is_an_object),
        cmocka_unit_test(long_lists_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
