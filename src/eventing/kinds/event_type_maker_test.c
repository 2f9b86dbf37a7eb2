// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/event_type_maker.h"

#include "cloudevents/cloudevent.h"
#include "eventing/kinds/kinds.h"
#include "kube/client.h"
#include "kube/testing/world.h"

#include <stdio.h>
#include <string.h>

static struct event_type_maker maker;
static struct kind *brokers, *types;

static void make_broker(const char *name)
{
    client_create(client_op_new(&world.kube, brokers, BYTES_LITERAL("a"), bytes_of_text(name), "test"),
                  world_tree("{\"spec\":{}}"));
    world_settle();
}

static int set_up(void **state)
{
    (void)world_set_up(state);
    brokers = kinds_define_own(&world.kube.resources.kinds, &broker_rules);
    types = kinds_define_own(&world.kube.resources.kinds, &event_type_rules);
    event_type_maker_init(&maker, &world.kube);
    make_broker("b");
    return 0;
}

static int tear_down(void **state)
{
    event_type_maker_deinit(&maker);
    return world_tear_down(state);
}

static void see(const char *inbox, const char *type)
{
    struct cloudevent event = { 0 };
    event.core[CLOUDEVENT_TYPE] = bytes_of_text(type);
    event.core[CLOUDEVENT_SOURCE] = BYTES_LITERAL("/s");
    event_type_maker_see(&maker, bytes_of_text(inbox), &event);
}

static size_t count(void)
{
    struct resources_walk walk;
    struct table_row row;
    size_t found = 0;
    err_t err =
        resources_walk_start(&walk, &world.kube.resources, types, BYTES_LITERAL(""), 0, BYTES_NULL, &world.arena);
    assert_int_equal(err, ERR_OK);
    while (resources_walk_next(&walk, &row))
        found++;
    return found;
}

static bool is_there(const char *name)
{
    struct json_value *object;
    return client_get(&world.kube, types, BYTES_LITERAL("a"), bytes_of_text(name), &world.arena, &object) == ERR_OK;
}

static void each_type_is_made_once_under_knatives_name(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        see("b/a/b", "t");
    see("b/a/absent", "t");
    world_settle();
    assert_int_equal(count(), 1);
    assert_true(is_there("et-b-11d45a77017072d41af8cf04fc9e6a7b")); // MD5 of "t/sab"
    assert_int_equal(maker.made, 1);
    event_type_maker_deinit(&maker); // as after a start
    event_type_maker_init(&maker, &world.kube);
    see("b/a/b", "t");
    world_settle();
    assert_int_equal(count(), 1);
    assert_int_equal(maker.made, 0);
}

static void a_name_is_not_too_long(void **state)
{
    char name[254] = "", inbox[300];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    make_broker(name);
    (void)snprintf(inbox, sizeof inbox, "b/a/%s", name);
    see(inbox, "t");
    world_settle();
    assert_int_equal(count(), 1);
}

static void no_more_are_made_than_the_limit(void **state)
{
    (void)state;
    maker.made = EVENT_TYPES_MADE_MAX - 1;
    see("b/a/b", "t1");
    see("b/a/b", "t2");
    world_settle();
    assert_int_equal(count(), 1);
    event_type_maker_forget(&maker); // one was deleted
    see("b/a/b", "t2");
    world_settle();
    assert_int_equal(count(), 2);
}

static void what_is_remembered_is_bounded(void **state)
{
    char type[32];
    (void)state;
    maker.made = EVENT_TYPES_MADE_MAX;
    for (int i = 0; i < EVENT_TYPES_SEEN_MAX + 10; i++) {
        (void)snprintf(type, sizeof type, "t%d", i);
        see("b/a/absent", type);
        assert_true(maker.seen.count <= EVENT_TYPES_SEEN_MAX);
    }
    assert_int_equal(maker.seen.count, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_type_is_made_once_under_knatives_name),
        TEST(a_name_is_not_too_long),
        TEST(no_more_are_made_than_the_limit),
        TEST(what_is_remembered_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
