// SPDX-License-Identifier: Apache-2.0
#include "kube/namespaces.h"

#include "kube/api.h"
#include "kube/builtin/builtin.h"
#include "kube/client.h"
#include "kube/testing/world.h"

static struct controller controller;

static void on_done(struct client_op *op)
{
    if (op->reason != PROBLEM_NONE)
        fail_msg("%.*s: %.*s", BYTES_ARG(op->name), BYTES_ARG(op->message));
}

static struct client_op *op_on(struct kind *kind, const char *name_space, const char *name)
{
    struct client_op *op = client_op_new(&world.kube, kind, bytes_of_text(name_space), bytes_of_text(name), "tester");
    op->on_done = on_done;
    return op;
}

static void create(struct kind *kind, const char *name_space, const char *name, const char *metadata)
{
    client_create(op_on(kind, name_space, name),
                  world_tree(arena_format(&world.arena, "{\"metadata\":{\"name\":\"%s\"%s}}", name, metadata)));
    world_settle();
}

static bool has(const struct kind *kind, const char *name_space, const char *name)
{
    return resources_has(&world.kube.resources, kind, bytes_of_text(name_space), bytes_of_text(name));
}

static void wait_until_gone(const char *name)
{
    for (int i = 0; i < 1000 && has(world.kube.namespaces, "", name); i++)
        world_sleep(5);
    assert_false(has(world.kube.namespaces, "", name));
}

static int set_up(void **state)
{
    (void)world_set_up(state);
    world.kube.namespaces = kinds_define_own(&world.kube.resources.kinds, &namespace_rules);
    namespaces_start(&controller, &world.kube);
    return 0;
}

static int tear_down(void **state)
{
    controller_stop(&controller);
    world_settle();
    controller_deinit(&controller);
    return world_tear_down(state);
}

static void a_namespace_is_emptied_before_it_goes(void **state)
{
    (void)state;
    create(world.kube.namespaces, "", "one", "");
    create(world.kube.namespaces, "", "two", "");
    create(world.things, "one", "x", "");
    create(world.things, "one", "held", ",\"finalizers\":[\"x.io/a\"]");
    create(world.things, "two", "x", "");
    client_delete(op_on(world.kube.namespaces, "", "one"));
    world_sleep(30);
    assert_false(has(world.things, "one", "x"));
    assert_true(has(world.things, "one", "held"));
    assert_true(has(world.kube.namespaces, "", "one"));
    client_remove(op_on(world.things, "one", "held"));
    wait_until_gone("one");
    assert_false(has(world.things, "one", "held"));
    assert_true(has(world.things, "two", "x"));
    assert_true(has(world.kube.namespaces, "", "two"));
}

static void an_empty_namespace_goes(void **state)
{
    (void)state;
    create(world.kube.namespaces, "", "one", "");
    world_sleep(10);
    assert_true(has(world.kube.namespaces, "", "one"));
    client_delete(op_on(world.kube.namespaces, "", "one"));
    wait_until_gone("one");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_namespace_is_emptied_before_it_goes),
        TEST(an_empty_namespace_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
