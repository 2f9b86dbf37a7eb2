// SPDX-License-Identifier: Apache-2.0
#include "kube/controller.h"

#include "kube/api.h"
#include "kube/testing/world.h"

static struct {
    struct controller controller;
    const char *calls; // "ns/name;" for each
    size_t count;
    struct work *work; // that is under way, when ENDS is not set
    bool ends;
    size_t fails; // the first so many calls fail
    int64_t times[8];
    bool stops_loop;
} looks;

static void reconcile(struct controller *controller, struct work *work)
{
    assert_ptr_equal(controller, &looks.controller);
    looks.calls = arena_format(&world.arena, "%s%.*s;", looks.calls, BYTES_ARG(work->key));
    if (looks.count < ARRAY_COUNT(looks.times))
        looks.times[looks.count] = loop_now_ms(world.loop);
    looks.count++;
    if (looks.ends)
        work_end(work, looks.count <= looks.fails ? WORK_FAILED : WORK_DONE);
    else
        looks.work = work;
    if (looks.stops_loop && looks.count > looks.fails)
        loop_stop(world.loop);
}

static void start(bool ends)
{
    memset(&looks, 0, sizeof looks);
    looks.calls = "";
    looks.ends = ends;
    looks.controller = (struct controller){ .kube = &world.kube, .kind = world.things, .reconcile = reconcile };
    controller_start(&looks.controller);
}

static void stop(void)
{
    controller_stop(&looks.controller);
    controller_deinit(&looks.controller);
}

static void looks_at_all_that_is_there_and_at_each_change(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_ADDED, "a", "y", 1);
    (void)world_put(CHANGE_DELETED, "a", "y", 1);
    (void)world_put(CHANGE_ADDED, "b", "x", 1);
    start(true);
    world_settle();
    assert_string_equal(looks.calls, "a/x;b/x;");
    (void)world_put(CHANGE_MODIFIED, "b", "x", 2);
    (void)world_put(CHANGE_DELETED, "a", "x", 2);
    assert_string_equal(looks.calls, "a/x;b/x;b/x;a/x;");
    stop();
    (void)world_put(CHANGE_MODIFIED, "b", "x", 3);
    assert_int_equal(looks.count, 4);
}

static void one_object_is_looked_at_once_at_a_time_and_again_when_it_changed_meanwhile(void **state)
{
    (void)state;
    start(false);
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 2);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 3);
    assert_string_equal(looks.calls, "a/x;");
    struct work *first = looks.work;
    (void)world_put(CHANGE_ADDED, "a", "y", 1);
    assert_string_equal(looks.calls, "a/x;a/y;");
    work_end(first, WORK_DONE);
    world_settle();
    assert_string_equal(looks.calls, "a/x;a/y;a/x;");
    work_end(looks.work, WORK_DONE);
    world_settle();
    assert_int_equal(looks.count, 3);
    stop();
}

static void what_changed_meanwhile_does_not_wait_for_the_next_try(void **state)
{
    (void)state;
    start(false);
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    looks.work->failures = 12; // it failed for long: the next try is minutes away
    (void)world_put(CHANGE_MODIFIED, "a", "x", 2);
    assert_int_equal(looks.count, 1);
    work_end(looks.work, WORK_FAILED);
    world_settle();
    assert_int_equal(looks.count, 2);
    work_end(looks.work, WORK_FAILED);
    world_settle();
    assert_int_equal(looks.count, 2);
    assert_true(timer_left_ms(&looks.work->retry) > 1000);
    stop();
}

static void a_failure_is_tried_again_later_each_time(void **state)
{
    (void)state;
    start(true);
    looks.fails = 4;
    looks.stops_loop = true;
    controller_enqueue(&looks.controller, BYTES_LITERAL("a"), BYTES_LITERAL("x"));
    loop_run(world.loop);
    assert_int_equal(looks.count, 5);
    for (size_t i = 0; i < 4; i++) // 5, 10, 20 and 40 ms; the clock counts whole ones
        assert_true(looks.times[i + 1] - looks.times[i] >= (5 << i) - 1);
    assert_null(map_next(&looks.controller.works, NULL));
    stop();
}

static void every_object_is_looked_at_again_after_a_while(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_ADDED, "b", "y", 1);
    memset(&looks, 0, sizeof looks);
    looks.calls = "";
    looks.ends = true;
    looks.controller =
        (struct controller){ .kube = &world.kube, .kind = world.things, .reconcile = reconcile, .look_every_ms = 30 };
    controller_start(&looks.controller);
    world_sleep(150);
    assert_true(looks.count >= 4);
    assert_non_null(strstr(looks.calls, "a/x;b/y;a/x;b/y;"));
    stop();
    size_t count = looks.count;
    world_sleep(60);
    assert_int_equal(looks.count, count);
}

static void so_many_changes_in_a_turn_that_the_history_forgets_some_are_not_missed(void **state)
{
    struct writer value = WRITER_INIT;
    (void)state;
    world_restart(2);
    (void)world_put(CHANGE_ADDED, "a", "1", 1);
    (void)world_put(CHANGE_ADDED, "a", "2", 1);
    (void)world_put(CHANGE_ADDED, "a", "3", 1);
    start(true);
    world_settle();
    assert_string_equal(looks.calls, "a/1;a/2;a/3;");
    looks.calls = "";
    object_encode(&value, CHANGE_MODIFIED, world_tree("{\"metadata\":{\"name\":\"x\"}}"));
    for (int i = 1; i <= 3; i++) {
        bytes_t name = bytes_of_text(arena_format(&world.arena, "%d", i));
        struct table_row row = { resources_key(&world.arena, world.things, BYTES_LITERAL("a"), name),
                                 writer_view(&value), resources_version(&world.kube.resources) + i };
        (void)history_add(&world.kube.resources.history, world.things, &row, NULL);
    }
    world_settle();
    assert_non_null(strstr(looks.calls, "a/1;"));
    assert_non_null(strstr(looks.calls, "a/2;"));
    assert_non_null(strstr(looks.calls, "a/3;"));
    stop();
    writer_free(&value);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(looks_at_all_that_is_there_and_at_each_change),
        TEST(one_object_is_looked_at_once_at_a_time_and_again_when_it_changed_meanwhile),
        TEST(what_changed_meanwhile_does_not_wait_for_the_next_try),
        TEST(a_failure_is_tried_again_later_each_time),
        TEST(every_object_is_looked_at_again_after_a_while),
        TEST(so_many_changes_in_a_turn_that_the_history_forgets_some_are_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
