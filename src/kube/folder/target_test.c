// SPDX-License-Identifier: Apache-2.0
#include "kube/folder/target.h"

#include "kube/client.h"
#include "kube/testing/world.h"

#include <stdlib.h>

static struct folder folder;
static size_t steps;
static struct manifests *files[8];
static size_t file_count;

static void on_step(struct deferred *deferred)
{
    (void)deferred;
    steps++;
}

static int set_up(void **state)
{
    if (world_set_up(state) != 0)
        return 1;
    folder = (struct folder){ .kube = &world.kube, .name = "/m", .targets = target_map() };
    folder.step.on_turn_end = on_step;
    steps = file_count = 0;
    (void)world_put(CHANGE_ADDED, "default", "x", 1);
    world_settle();
    return 0;
}

static int tear_down(void **state)
{
    for (struct map_node *node = map_next(&folder.targets, NULL); node != NULL; node = map_next(&folder.targets, NULL))
        target_free(CONTAINER_OF(node, struct target, node));
    map_free(&folder.targets);
    loop_defer_cancel(world.loop, &folder.step);
    while (file_count > 0)
        manifests_unref(files[--file_count]);
    return world_tear_down(state);
}

// The one object that this text names.
static const struct manifest *named(const char *text)
{
    struct yaml_place place;
    diag_t diag = { 0 };
    struct buf *buf = buf_copy(bytes_of_text(text));
    if (manifests_read("file", buf, &files[file_count], &place, &diag) != ERR_OK)
        fail_msg("%s", diag.text);
    buf_unref(buf);
    return &files[file_count++]->items[0];
}

#define THING(spec) "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec: {" spec "}\n"

static const char *spec(void)
{
    struct json_value *object;
    assert_int_equal(
        client_get(&world.kube, world.things, BYTES_LITERAL("default"), BYTES_LITERAL("x"), &world.arena, &object),
        ERR_OK);
    return world_text(json_find(object, BYTES_LITERAL("spec")));
}

static void what_is_named_is_applied_once(void **state)
{
    (void)state;
    const struct manifest *manifest = named(THING("color: red"));
    struct target *target = target_name(&folder, manifest);
    assert_int_equal(target->state, TARGET_WANTED);
    target_start(target);
    assert_int_equal(target->state, TARGET_RUNNING);
    assert_int_equal(folder.running, 1);
    world_settle();
    assert_int_equal(target->state, TARGET_DONE);
    assert_int_equal(folder.running, 0);
    assert_true(steps > 0 && folder.has_news);
    assert_string_equal(spec(), "{\"color\":\"red\",\"size\":3}");
    assert_ptr_equal(target_name(&folder, manifest), target);
    assert_int_equal(target->state, TARGET_DONE);
    // Another text is applied, and what it leaves out goes; so is one in another version of the kind.
    assert_ptr_equal(target_name(&folder, named(THING("size: 5"))), target);
    target_start(target);
    world_settle();
    assert_string_equal(spec(), "{\"size\":5}");
    assert_ptr_equal(target_name(&folder, named("apiVersion: example.com/v1beta1\nkind: Thing\nmetadata: {name: x}\n"
                                                "spec: {size: 6}\n")),
                     target);
    target_start(target);
    world_settle();
    assert_int_equal(target->state, TARGET_DONE);
    assert_string_equal(spec(), "{\"size\":6}");
}

static void text_that_comes_during_an_apply_is_wanted_behind_it(void **state)
{
    (void)state;
    struct target *target = target_name(&folder, named(THING("size: 1")));
    target_start(target);
    assert_ptr_equal(target_name(&folder, named(THING("size: 2"))), target);
    // The file of the first text is gone; the apply still has it.
    manifests_unref(files[0]);
    files[0] = files[--file_count];
    assert_int_equal(target->state, TARGET_RUNNING);
    world_settle();
    assert_int_equal(target->state, TARGET_WANTED);
    target_start(target);
    world_settle();
    assert_int_equal(target->state, TARGET_DONE);
    assert_string_equal(spec(), "{\"size\":2}");
}

static void what_nobody_names_is_forgotten_behind_its_apply(void **state)
{
    (void)state;
    struct target *target = target_name(&folder, named(THING("size: 1")));
    target_start(target);
    target_drop(target);
    assert_int_equal(folder.targets.count, 1);
    world_settle();
    assert_int_equal(folder.targets.count, 0);
    target_drop(target_name(&folder, named(THING("size: 2"))));
    assert_int_equal(folder.targets.count, 0);
}

static void what_fails_is_tried_again_later_each_time_and_said_once(void **state)
{
    (void)state;
    static const int64_t delays[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    struct target *target = target_name(&folder, named(THING("color: red, size: 10")));
    char *said = NULL;
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++) {
        target_start(target);
        assert_int_equal(target->state, TARGET_FAILED);
        assert_int_equal(target->due_ms - loop_now_ms(world.loop), delays[i]);
        assert_int_equal(folder_says(&said, target->said), i == 0);
    }
    assert_memory_equal(said, "file:4:20 Thing.example.com \"x\" is invalid: spec.size", 52);
    free(said);
    // Another text begins anew, and is done.
    (void)target_name(&folder, named(THING("size: 9")));
    assert_int_equal(target->due_ms, 0);
    target_start(target);
    world_settle();
    assert_int_equal(target->state, TARGET_DONE);
    assert_null(target->said);
}

static void a_disk_that_is_full_passes(void **state)
{
    (void)state;
    struct target *target = target_name(&folder, named(THING("size: 1")));
    world.fake.put_error = ERR_NO_SPACE;
    target_start(target);
    world_settle();
    assert_int_equal(target->state, TARGET_FAILED);
    assert_non_null(strstr(target->said, "the disk is full"));
    world.fake.put_error = ERR_OK;
    target_start(target);
    world_settle();
    assert_int_equal(target->state, TARGET_DONE);
}

static void a_kind_may_come_for_a_while_after_its_definition(void **state)
{
    (void)state;
    struct target *target = target_name(&folder, named("apiVersion: v1\nkind: Ghost\nmetadata: {name: x}\n"));
    folder.kinds_until_ms = loop_now_ms(world.loop) + 1;
    target_start(target);
    assert_int_equal(target->state, TARGET_WANTED);
    assert_true(target->due_ms > loop_now_ms(world.loop) && target->lacks_kind);
    assert_null(target->said);
    folder.kinds_until_ms = 0;
    target_start(target);
    assert_int_equal(target->state, TARGET_FAILED);
    assert_string_equal(target->said, "file:2:1 there is no kind Ghost in v1; it comes with its definition");
}

static void nothing_is_said_when_eddy_stops(void **state)
{
    (void)state;
    struct target *target = target_name(&folder, named(THING("size: 1")));
    world.fake.put_error = ERR_CLOSED;
    target_start(target);
    folder.is_stopping = true;
    world_settle();
    assert_null(target->said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_named_is_applied_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(text_that_comes_during_an_apply_is_wanted_behind_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_nobody_names_is_forgotten_behind_its_apply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_fails_is_tried_again_later_each_time_and_said_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disk_that_is_full_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kind_may_come_for_a_while_after_its_definition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_said_when_eddy_stops, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
