// SPDX-License-Identifier: Apache-2.0
#include "kube/resources.h"

#include "kube/testing/world.h"

// What a walk finds: "ns/name=n@version" for each object, with spaces between.
static const char *found(struct resources_walk *walk)
{
    const char *all = "";
    struct table_row row;
    while (resources_walk_next(walk, &row)) {
        struct json_value *object = NULL;
        int64_t n = -1;
        assert_int_equal(object_decode(row.value, world.things, world.v1, row.version, &world.arena, &object), ERR_OK);
        assert_true(json_get_int(json_get(object, "n"), &n));
        all =
            arena_format(&world.arena, "%s%s%.*s/%.*s=%d@%d", all, all[0] == '\0' ? "" : " ",
                         BYTES_ARG(object_namespace(object)), BYTES_ARG(object_name(object)), (int)n, (int)row.version);
    }
    return all;
}

static const char *at_behind(int64_t version, const char *name_space, bytes_t after)
{
    struct resources_walk walk;
    err_t err = resources_walk_start(&walk, &world.kube.resources, world.things, bytes_of_text(name_space), version,
                                     after, &world.arena);
    return err == ERR_OUT_OF_RANGE ? "expired" : err != ERR_OK ? err_text(err) : found(&walk);
}

static const char *at(int64_t version)
{
    return at_behind(version, "", BYTES_NULL);
}

// Every version of a life of five objects is kept as it was seen when it was the present, and asked for again.
static void a_walk_at_an_older_version_sees_exactly_that_version(void **state)
{
    static const struct {
        enum change change;
        const char *name_space, *name;
    } steps[] = {
        { CHANGE_ADDED, "a", "x" },    { CHANGE_ADDED, "b", "x" },    { CHANGE_MODIFIED, "a", "x" },
        { CHANGE_ADDED, "a", "y" },    { CHANGE_DELETED, "a", "x" },  { CHANGE_MODIFIED, "b", "x" },
        { CHANGE_ADDED, "a", "x" },    { CHANGE_DELETED, "b", "x" },  { CHANGE_ADDED, "a", "a" },
        { CHANGE_MODIFIED, "a", "x" }, { CHANGE_DELETED, "a", "x" },  { CHANGE_ADDED, "c", "z" },
        { CHANGE_ADDED, "a", "x" },    { CHANGE_MODIFIED, "c", "z" },
    };
    enum { COUNT = sizeof steps / sizeof steps[0] };
    const char *seen[COUNT];
    int64_t versions[COUNT];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        versions[i] = world_put(steps[i].change, steps[i].name_space, steps[i].name, (int)i);
        seen[i] = at(0);
    }
    assert_string_equal(seen[COUNT - 1], "a/a=8@11 a/x=12@16 a/y=3@4 c/z=13@17");
    for (size_t i = 0; i < COUNT; i++)
        assert_string_equal(at(versions[i]), seen[i]);
    assert_string_equal(at(versions[COUNT - 1] + 1), "expired");
}

static void a_walk_of_one_namespace_goes_on_behind_a_key(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "1", 1);
    (void)world_put(CHANGE_ADDED, "a", "2", 2);
    (void)world_put(CHANGE_ADDED, "a-b", "1", 3);
    int64_t then = world_put(CHANGE_ADDED, "a", "3", 4);
    bytes_t first = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("1"));
    bytes_t second = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("2"));
    (void)world_put(CHANGE_DELETED, "a", "1", 5);
    (void)world_put(CHANGE_DELETED, "a", "2", 6);
    (void)world_put(CHANGE_ADDED, "a", "11", 7);
    assert_string_equal(at_behind(then, "a", BYTES_NULL), "a/1=1@1 a/2=2@2 a/3=4@4");
    assert_string_equal(at_behind(then, "a", first), "a/2=2@2 a/3=4@4");
    assert_string_equal(at_behind(then, "a", second), "a/3=4@4");
    assert_string_equal(at_behind(0, "a", first), "a/11=7@9 a/3=4@4");
}

static void a_version_that_is_forgotten_is_expired(void **state)
{
    int64_t versions[5];
    (void)state;
    world_restart(3);
    for (int i = 0; i < 5; i++)
        versions[i] = world_put(i == 0 ? CHANGE_ADDED : CHANGE_MODIFIED, "a", "x", i);
    assert_string_equal(at(versions[0]), "expired");
    assert_string_equal(at(versions[1]), "a/x=1@2");
    assert_string_equal(at(versions[2]), "a/x=2@3");
    world_restart(3);
    assert_string_equal(at(versions[3]), "expired"); // what the last change replaced was forgotten
    assert_string_equal(at(versions[4]), "a/x=4@5");
}

static void a_deleted_row_goes_and_can_be_made_again_meanwhile(void **state)
{
    bytes_t key = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("x"));
    struct table_row row;
    int64_t marked;
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    assert_true(resources_has(&world.kube.resources, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("x")));
    (void)world_put(CHANGE_DELETED, "a", "x", 1);
    assert_int_equal(resources_get(&world.kube.resources, key, &row, &marked), ERR_NOT_FOUND);
    assert_int_equal(marked, TABLE_ABSENT);
    assert_int_equal(world.fake.count, 0);
    assert_int_equal(world.kube.resources.deletes, 0);
}

static void a_mark_that_could_not_be_dropped_goes_at_the_next_start(void **state)
{
    bytes_t key = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("x"));
    struct table_row row;
    int64_t marked;
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    list_init(&world.fake.watches); // as if the process ended right behind the mark
    int64_t version = world_put(CHANGE_DELETED, "a", "x", 1);
    assert_int_equal(world.fake.count, 1);
    assert_int_equal(resources_get(&world.kube.resources, key, &row, &marked), ERR_NOT_FOUND);
    assert_int_equal(marked, version);
    assert_string_equal(at(0), "");
    world_restart(100);
    assert_int_equal(world.fake.count, 0);
}

static void a_row_leads_to_its_kind(void **state)
{
    (void)state;
    assert_ptr_equal(resources_kind_of(&world.kube.resources, BYTES_LITERAL("example.com/things/a/x")), world.things);
    assert_null(resources_kind_of(&world.kube.resources, BYTES_LITERAL("example.com/thing/a/x")));
    assert_null(resources_kind_of(&world.kube.resources, BYTES_LITERAL("core/things/a/x")));
    assert_null(resources_kind_of(&world.kube.resources, BYTES_LITERAL("example.com/things")));
    assert_null(resources_kind_of(&world.kube.resources, BYTES_LITERAL("")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_walk_at_an_older_version_sees_exactly_that_version),
        TEST(a_walk_of_one_namespace_goes_on_behind_a_key),
        TEST(a_version_that_is_forgotten_is_expired),
        TEST(a_deleted_row_goes_and_can_be_made_again_meanwhile),
        TEST(a_mark_that_could_not_be_dropped_goes_at_the_next_start),
        TEST(a_row_leads_to_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
