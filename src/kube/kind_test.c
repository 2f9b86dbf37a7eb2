// SPDX-License-Identifier: Apache-2.0
#include "kube/kind.h"

#include "kube/builtin/builtin.h"
#include "kube/schema/field_error.h"
#include "kube/testing/world.h"

// Kubernetes' own example of the order (docs: "Versions in CustomResourceDefinitions", version priority).
static void versions_are_ordered_by_stability_then_number(void **state)
{
    static const char *const order[] = { "v10",     "v2",        "v1",        "v11beta2", "v10beta3",
                                         "v3beta1", "v12alpha1", "v11alpha2", "foo1",     "foo10" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(order); j++) {
            int found = kind_version_order(bytes_of_text(order[i]), bytes_of_text(order[j]));
            if ((found > 0) - (found < 0) != (i > j) - (i < j))
                fail_msg("%s and %s: %d", order[i], order[j], found);
        }
    }
}

static void a_definition_makes_a_kind(void **state)
{
    const struct kind *things = world.things;
    (void)state;
    assert_true(bytes_is(things->key, "example.com/things"));
    assert_true(bytes_is(things->prefix, "example.com/things/"));
    assert_true(bytes_is(things->list_name, "ThingList"));
    assert_true(things->is_namespaced);
    assert_int_equal(things->version_count, 2);
    assert_true(bytes_is(things->versions[0].api_version, "example.com/v1"));
    assert_true(things->versions[0].has_status);
    assert_false(things->versions[1].has_status);
    assert_ptr_equal(things->storage, &things->versions[0]);
    assert_int_equal(things->short_name_count, 1);
}

static void a_kind_is_found_by_plural_and_by_what_manifests_say(void **state)
{
    const struct kinds *kinds = &world.kube.resources.kinds;
    const struct kind_version *version = NULL;
    (void)state;
    assert_ptr_equal(kinds_find(kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("things")), world.things);
    assert_null(kinds_find(kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("thing")));
    assert_null(kinds_find(kinds, BYTES_LITERAL(""), BYTES_LITERAL("things")));
    assert_ptr_equal(kinds_find_object(kinds, BYTES_LITERAL("example.com/v1beta1"), BYTES_LITERAL("Thing"), &version),
                     world.things);
    assert_true(bytes_is(version->name, "v1beta1"));
    assert_null(kinds_find_object(kinds, BYTES_LITERAL("example.com/v2"), BYTES_LITERAL("Thing"), NULL));
    assert_null(kinds_find_object(kinds, BYTES_LITERAL("v1"), BYTES_LITERAL("Thing"), NULL));
    assert_null(kind_version_find(world.things, BYTES_LITERAL("v2")));
}

#define CORE                                                                                                           \
    "spec:\n  group: \"\"\n  scope: Cluster\n  names: {plural: boxes, singular: box, kind: Box}\n  versions:\n"        \
    "  - {name: v1, served: %s, storage: true}\n  - {name: v2, served: true, storage: false, deprecated: true}\n"

static void the_core_group_is_named_core_in_keys_only(void **state)
{
    struct kinds *kinds = &world.kube.resources.kinds;
    struct kind *boxes = world_kind(kinds, arena_format(&world.arena, CORE, "true"), NULL);
    (void)state;
    assert_true(bytes_is(boxes->prefix, "core/boxes/"));
    assert_true(bytes_is(kind_version_find(boxes, BYTES_LITERAL("v1"))->api_version, "v1"));
    assert_true(bytes_is(resources_key(&world.arena, boxes, BYTES_LITERAL(""), BYTES_LITERAL("b")), "core/boxes//b"));
    assert_ptr_equal(kinds_find(kinds, BYTES_LITERAL(""), BYTES_LITERAL("boxes")), boxes);
    assert_ptr_equal(resources_kind_of(&world.kube.resources, BYTES_LITERAL("core/boxes//b")), boxes);
    assert_true(bytes_is(kind_version_find(boxes, BYTES_LITERAL("v2"))->deprecation, "v2 Box is deprecated"));
    assert_null(kind_version_schema(&boxes->versions[0]));
}

static void a_kind_is_defined_anew_and_removed(void **state)
{
    struct kinds *kinds = &world.kube.resources.kinds;
    (void)state;
    (void)world_kind(kinds, arena_format(&world.arena, CORE, "true"), NULL);
    int64_t generation = kinds->generation;
    struct kind *boxes = world_kind(kinds, arena_format(&world.arena, CORE, "false"), NULL);
    assert_true(kinds->generation > generation);
    assert_ptr_equal(kinds_find(kinds, BYTES_LITERAL(""), BYTES_LITERAL("boxes")), boxes);
    assert_null(kind_version_find(boxes, BYTES_LITERAL("v1"))); // not served, though objects are kept in it
    assert_true(bytes_is(boxes->storage->name, "v1"));
    generation = kinds->generation;
    kinds_remove(kinds, boxes);
    assert_true(kinds->generation > generation);
    assert_null(kinds_find(kinds, BYTES_LITERAL(""), BYTES_LITERAL("boxes")));
}

// Reading them all at a start took more than everything else.
static void the_schema_of_an_own_kind_waits_until_it_is_asked_for(void **state)
{
    struct kinds *kinds = &world.kube.resources.kinds;
    struct kind *pods = kinds_define_own(kinds, &pod_rules);
    (void)state;
    assert_true(bytes_is(pods->name, "Pod"));
    assert_true(pods->storage->has_status);
    assert_true(pods->arena.total < 32768);
    const struct schema *schema = kind_version_schema(pods->storage);
    assert_non_null(schema_member_find(schema_member_find(schema, BYTES_LITERAL("spec")), BYTES_LITERAL("containers")));
    assert_true(pods->arena.total > 32768);
    assert_ptr_equal(kind_version_schema(pods->storage), schema);
    assert_non_null(json_get(kind_version_schema_source(pods->storage), "properties"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(versions_are_ordered_by_stability_then_number),
        TEST(a_definition_makes_a_kind),
        TEST(a_kind_is_found_by_plural_and_by_what_manifests_say),
        TEST(the_core_group_is_named_core_in_keys_only),
        TEST(a_kind_is_defined_anew_and_removed),
        TEST(the_schema_of_an_own_kind_waits_until_it_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
