// SPDX-License-Identifier: Apache-2.0
#include "kube/history.h"

#include "kube/testing/world.h"

struct listener {
    struct watcher watcher;
    size_t calls;
    bool stops;
};

static void on_events(struct watcher *watcher)
{
    struct listener *listener = CONTAINER_OF(watcher, struct listener, watcher);
    listener->calls++;
    if (listener->stops)
        watcher_stop(watcher);
}

static const char *behind(int64_t version)
{
    static const char *const words[] = { "added", "modified", "deleted" };
    bool expired;
    const char *all = "";
    const struct event *event = history_after(&world.kube.resources.history, world.things, version, &expired);
    for (; event != NULL; event = event_next(event))
        all = arena_format(&world.arena, "%s%s %.*s/%.*s@%d<%d%s;", all, words[event->change],
                           BYTES_ARG(event->name_space), BYTES_ARG(event->name), (int)event->version,
                           (int)event->old_version, event->old_value.data == NULL ? "?" : "");
    return expired ? "expired" : all;
}

static void tells_changes_with_what_they_replaced(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 2);
    (void)world_put(CHANGE_DELETED, "a", "x", 3); // the row's going is version 4
    (void)world_put(CHANGE_ADDED, "a", "x", 4);
    assert_string_equal(behind(0), "added a/x@1<0?;modified a/x@2<1;deleted a/x@3<2;added a/x@5<0?;");
    assert_string_equal(behind(2), "deleted a/x@3<2;added a/x@5<0?;");
    assert_string_equal(behind(3), "added a/x@5<0?;");
    assert_string_equal(behind(5), "");
}

static void forgets_the_oldest_and_says_so(void **state)
{
    (void)state;
    world_restart(2);
    for (int i = 0; i < 4; i++)
        (void)world_put(CHANGE_MODIFIED, "a", "x", i);
    assert_string_equal(behind(1), "expired");
    assert_string_equal(behind(2), "modified a/x@3<2;modified a/x@4<3;");
    assert_int_equal(world.kube.resources.history.count, 2);
}

static void goes_on_over_a_restart(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 2);
    (void)world_put(CHANGE_DELETED, "a", "x", 3); // the row's going is version 4
    (void)world_put(CHANGE_ADDED, "a", "x", 4);
    (void)world_put(CHANGE_ADDED, "a", "y", 5);
    world_restart(100);
    const char *all = "added a/x@1<0?;modified a/x@2<0?;deleted a/x@3<0?;added a/x@5<0?;added a/y@6<0?;";
    assert_string_equal(behind(0), all);
    (void)world_put(CHANGE_MODIFIED, "a", "y", 6);
    assert_string_equal(behind(6), "modified a/y@7<6;");
    world_restart(3); // of seven records
    assert_string_equal(behind(3), "expired");
    assert_string_equal(behind(4), "added a/x@5<0?;added a/y@6<0?;modified a/y@7<0?;");
}

static void of_a_topic_that_was_compacted_it_knows_what_is_behind_the_last_gap(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        (void)world_put(i == 0 ? CHANGE_ADDED : CHANGE_MODIFIED, "a", "x", i);
    fake_engine_compact(&world.fake, 2);
    fake_engine_compact(&world.fake, 5);
    world_restart(100);
    assert_string_equal(behind(4), "expired");
    assert_string_equal(behind(5), "modified a/x@6<0?;modified a/x@7<0?;modified a/x@8<0?;");
    world.fake.log_start = 6;
    world_restart(100);
    assert_string_equal(behind(5), "expired");
    assert_string_equal(behind(6), "modified a/x@7<0?;modified a/x@8<0?;");
}

static void what_cannot_be_read_is_forgotten(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 2);
    world.fake.reader_error = ERR_CORRUPT;
    world_restart(100);
    assert_string_equal(behind(1), "expired");
    assert_string_equal(behind(2), "");
    (void)world_put(CHANGE_MODIFIED, "a", "x", 3);
    assert_string_equal(behind(2), "modified a/x@3<2;");
}

static void a_watcher_is_told_once_a_turn(void **state)
{
    struct listener listener = { .watcher = { .on_events = on_events } };
    struct writer value = WRITER_INIT;
    struct table_row row = { .key = resources_key(&world.arena, world.things, BYTES_LITERAL("a"), BYTES_LITERAL("x")) };
    (void)state;
    object_encode(&value, CHANGE_ADDED, world_tree("{\"metadata\":{\"name\":\"x\"}}"));
    row.value = writer_view(&value);
    watcher_start(&listener.watcher, world.things);
    for (row.version = 1; row.version <= 5; row.version++)
        (void)history_add(&world.kube.resources.history, world.things, &row, NULL);
    assert_int_equal(listener.calls, 0);
    world_settle();
    assert_int_equal(listener.calls, 1);
    world_settle();
    assert_int_equal(listener.calls, 1);
    watcher_stop(&listener.watcher);
    writer_free(&value);
}

static void a_watcher_may_stop_itself_when_it_is_told(void **state)
{
    struct listener quits = { .watcher = { .on_events = on_events }, .stops = true };
    struct listener stays = { .watcher = { .on_events = on_events } };
    (void)state;
    watcher_start(&quits.watcher, world.things);
    watcher_start(&stays.watcher, world.things);
    (void)world_put(CHANGE_ADDED, "a", "x", 1);
    (void)world_put(CHANGE_MODIFIED, "a", "x", 1);
    assert_int_equal(quits.calls, 1);
    assert_int_equal(stays.calls, 2);
    history_tell(&world.kube.resources.history, world.things);
    world_settle();
    assert_int_equal(stays.calls, 3);
    watcher_stop(&stays.watcher);
}

static void a_key_is_cut_into_namespace_and_name(void **state)
{
    bytes_t name_space, name;
    (void)state;
    key_names(BYTES_LITERAL("ns/x"), &name_space, &name);
    assert_true(bytes_is(name_space, "ns") && bytes_is(name, "x"));
    key_names(BYTES_LITERAL("/x"), &name_space, &name);
    assert_true(bytes_is(name_space, "") && bytes_is(name, "x"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_changes_with_what_they_replaced),
        TEST(forgets_the_oldest_and_says_so),
        TEST(a_watcher_is_told_once_a_turn),
        TEST(a_watcher_may_stop_itself_when_it_is_told),
        TEST(a_key_is_cut_into_namespace_and_name),
        TEST(goes_on_over_a_restart),
        TEST(of_a_topic_that_was_compacted_it_knows_what_is_behind_the_last_gap),
        TEST(what_cannot_be_read_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
