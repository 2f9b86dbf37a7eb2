// SPDX-License-Identifier: Apache-2.0
// watch: what a client is shown, from where it begins, and how it ends.
#include "kube/api.h"
#include "kube/testing/world.h"

#define THINGS "/apis/example.com/v1/namespaces/ns/things"

static struct talk watch;

static void begin(const char *query)
{
    struct ask ask = { .method = "GET", .target = arena_format(&world.arena, THINGS "?watch=1&%s", query) };
    talk_begin(&watch, &world.kube, &ask, world_settle);
}

static void end(void)
{
    talk_end(&watch, world_settle);
    assert_int_equal(world.kube.watch_count, 0);
}

static char letter_of(bytes_t type)
{
    return bytes_is(type, "ADDED") ? '+' : bytes_is(type, "MODIFIED") ? '~' : bytes_is(type, "DELETED") ? '-' : '!';
}

// "+a1 ~a2": the events so far, with name and version; "!410" an error, "=7" a bookmark, "==7" the end of the
// beginning.
static const char *seen(void)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 10000 };
    const char *all = "";
    talk_look(&watch);
    assert_int_equal(watch.status, 200);
    for (bytes_t rest = watch.body; rest.size > 0;) {
        const uint8_t *lf = memchr(rest.data, '\n', rest.size);
        assert_non_null(lf);
        struct json_value *event = NULL;
        size_t size = (size_t)(lf - rest.data);
        assert_int_equal(json_parse(bytes_of(rest.data, size), &limits, &world.arena, &event, NULL), ERR_OK);
        rest = bytes_of(lf + 1, rest.size - size - 1);
        bytes_t type = json_text_at(event, "type");
        const struct json_value *object = json_get(event, "object"), *metadata = json_get(object, "metadata");
        bytes_t version = json_text_at(metadata, "resourceVersion");
        const char *space = all[0] == '\0' ? "" : " ";
        if (bytes_is(type, "ERROR"))
            all = arena_format(&world.arena, "%s%s!%s", all, space, world_text(json_get(object, "code")));
        else if (bytes_is(type, "BOOKMARK"))
            all = arena_format(&world.arena, "%s%s%s=%.*s", all, space, json_get(metadata, "annotations") ? "=" : "",
                               BYTES_ARG(version));
        else
            all = arena_format(&world.arena, "%s%s%c%.*s%.*s", all, space, letter_of(type),
                               BYTES_ARG(json_text_at(metadata, "name")), BYTES_ARG(version));
    }
    return all;
}

static void a_watch_without_a_version_begins_with_what_is_there(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "ns", "b", 1);
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    (void)world_put(CHANGE_ADDED, "nt", "c", 1);
    begin("");
    assert_string_equal(seen(), "+a2 +b1");
    (void)world_put(CHANGE_MODIFIED, "ns", "b", 2);
    (void)world_put(CHANGE_MODIFIED, "nt", "c", 2);
    (void)world_put(CHANGE_DELETED, "ns", "a", 1);
    assert_string_equal(seen(), "+a2 +b1 ~b4 -a6");
    end();
}

static void a_watch_goes_on_behind_its_version(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    (void)world_put(CHANGE_MODIFIED, "ns", "a", 2);
    (void)world_put(CHANGE_MODIFIED, "ns", "a", 3);
    begin("resourceVersion=2");
    assert_string_equal(seen(), "~a3");
    end();
    begin("resourceVersion=3");
    assert_string_equal(seen(), "");
    end();
}

static void what_comes_into_a_selection_is_added_and_what_leaves_it_deleted(void **state)
{
    static const char *const steps[][3] = {
        { "POST", THINGS, "{\"metadata\":{\"name\":\"a\"}}" },
        { "PATCH", THINGS "/a", "{\"metadata\":{\"labels\":{\"x\":\"1\"}}}" },
        { "PATCH", THINGS "/a", "{\"metadata\":{\"labels\":{\"y\":\"1\"}}}" },
        { "PATCH", THINGS "/a", "{\"metadata\":{\"labels\":{\"x\":null}}}" },
        { "PATCH", THINGS "/a", "{\"metadata\":{\"labels\":{\"z\":\"1\"}}}" },
        { "DELETE", THINGS "/a", NULL },
    };
    (void)state;
    begin("labelSelector=x%3D1");
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        const struct talk *talk =
            world_ask_as(steps[i][0], steps[i][1], i == 0 ? NULL : "application/merge-patch+json", steps[i][2], NULL);
        assert_true(talk->status == 200 || talk->status == 201);
    }
    assert_string_equal(seen(), "+a3 ~a4 -a5");
    end();
}

static void a_version_behind_the_history_is_told_410_and_the_watch_ends(void **state)
{
    (void)state;
    for (int i = 0; i < 120; i++) // the history holds 100
        (void)world_put(i == 0 ? CHANGE_ADDED : CHANGE_MODIFIED, "ns", "a", i);
    begin("resourceVersion=1");
    assert_string_equal(seen(), "!410");
    assert_true(watch.is_finished);
    end();
    begin("resourceVersion=119");
    assert_string_equal(seen(), "~a120");
    end();
}

static void a_slow_reader_misses_nothing_until_its_place_is_forgotten(void **state)
{
    (void)state;
    begin("");
    watch.is_full = true;
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    (void)world_put(CHANGE_MODIFIED, "ns", "a", 2);
    assert_string_equal(seen(), "");
    watch.is_full = false;
    http_session_drained(&watch.session);
    assert_string_equal(seen(), "+a1 ~a2");
    watch.is_full = true;
    for (int i = 0; i < 120; i++)
        (void)world_put(CHANGE_MODIFIED, "ns", "a", i);
    watch.is_full = false;
    http_session_drained(&watch.session);
    assert_string_equal(seen(), "+a1 ~a2 !410");
    assert_true(watch.is_finished);
    end();
}

static void a_slow_reader_gets_what_was_there_as_of_its_beginning(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    (void)world_put(CHANGE_ADDED, "ns", "b", 1);
    const struct ask ask = { .method = "GET", .target = THINGS "?watch=1", .takes_nothing = true };
    talk_begin(&watch, &world.kube, &ask, world_settle);
    (void)world_put(CHANGE_MODIFIED, "ns", "a", 2);
    (void)world_put(CHANGE_DELETED, "ns", "b", 1);
    (void)world_put(CHANGE_ADDED, "ns", "c", 1);
    assert_string_equal(seen(), "");
    watch.is_full = false;
    http_session_drained(&watch.session);
    assert_string_equal(seen(), "+a1 +b2 ~a3 -b4 +c6");
    end();
}

static void initial_events_end_with_a_bookmark_that_says_so(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    begin("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=1");
    assert_string_equal(seen(), "+a1 ==1");
    end();
    begin("sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
    assert_string_equal(seen(), "+a1");
    end();
    begin("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
    (void)world_put(CHANGE_MODIFIED, "ns", "a", 2);
    talk_look(&watch);
    assert_int_equal(watch.status, 200);
    end();
}

static void a_watch_ends_after_its_time_with_a_bookmark_for_who_takes_them(void **state)
{
    (void)state;
    (void)world_put(CHANGE_ADDED, "nt", "x", 1);
    begin("resourceVersion=1&timeoutSeconds=1&allowWatchBookmarks=true");
    (void)world_put(CHANGE_ADDED, "nt", "y", 1);
    for (int i = 0; i < 300 && !watch.is_finished; i++)
        world_sleep(10);
    assert_true(watch.is_finished);
    assert_string_equal(seen(), "=2"); // it saw nothing, and need not look at version 2 again
    end();
}

static const char *refused(const char *query, int code, const char *reason)
{
    return world_refused(world_ask("GET", arena_format(&world.arena, THINGS "?watch=1&%s", query), NULL), code, reason);
}

static void a_watch_without_sense_is_refused_before_it_begins(void **state)
{
    (void)state;
    (void)refused("resourceVersion=x", 400, "BadRequest");
    (void)refused("resourceVersion=-1", 400, "BadRequest");
    (void)refused("sendInitialEvents=true", 400, "BadRequest");
    (void)refused("sendInitialEvents=true&resourceVersionMatch=Exact", 400, "BadRequest");
    (void)refused("resourceVersionMatch=NotOlderThan", 400, "BadRequest");
    (void)refused("labelSelector=,,", 400, "BadRequest");
    (void)refused("resourceVersion=5", 504, "Timeout");
    assert_int_equal(world.kube.watch_count, 0);
}

static void there_are_only_so_many_watches(void **state)
{
    struct talk others[3];
    const struct ask ask = { .method = "GET", .target = THINGS "?watch=1" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        talk_begin(&others[i], &world.kube, &ask, world_settle);
    assert_int_equal(world.kube.watch_count, 3);
    assert_string_equal(refused("", 429, "TooManyRequests"), "there are 3 watches already (kube.watches.max)");
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        talk_end(&others[i], world_settle);
    begin("");
    assert_int_equal(watch.status, 200);
    end();
}

static void a_watch_of_a_kind_that_goes_ends(void **state)
{
    (void)state;
    begin("");
    struct kinds *kinds = &world.kube.resources.kinds;
    kinds_remove(kinds, world.things);
    history_tell(&world.kube.resources.history, world.things);
    world_settle();
    assert_true(watch.is_finished);
    end();
}

static void a_server_that_closes_ends_its_watches(void **state)
{
    (void)state;
    begin("");
    http_session_shut(&watch.session);
    world_settle();
    assert_true(watch.is_finished);
    end();
}

static int set_up(void **state)
{
    watch = (struct talk){ 0 };
    return world_set_up_door(state);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
#define DOOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_watch_without_a_version_begins_with_what_is_there),
        TEST(a_watch_goes_on_behind_its_version),
        DOOR_TEST(what_comes_into_a_selection_is_added_and_what_leaves_it_deleted),
        TEST(a_version_behind_the_history_is_told_410_and_the_watch_ends),
        TEST(a_slow_reader_misses_nothing_until_its_place_is_forgotten),
        TEST(a_slow_reader_gets_what_was_there_as_of_its_beginning),
        TEST(initial_events_end_with_a_bookmark_that_says_so),
        TEST(a_watch_ends_after_its_time_with_a_bookmark_for_who_takes_them),
        TEST(a_watch_without_sense_is_refused_before_it_begins),
        TEST(there_are_only_so_many_watches),
        TEST(a_watch_of_a_kind_that_goes_ends),
        TEST(a_server_that_closes_ends_its_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
