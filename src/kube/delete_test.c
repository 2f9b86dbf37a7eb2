// SPDX-License-Identifier: Apache-2.0
// delete and deletecollection: options, what holds an object, collections.
#include "kube/api.h"
#include "kube/testing/world.h"

#define THINGS "/apis/example.com/v1/namespaces/ns/things"

static const struct talk *make(const char *name, const char *metadata)
{
    const char *body = arena_format(&world.arena, "{\"metadata\":{\"name\":\"%s\"%s}}", name, metadata);
    const struct talk *talk = world_ask("POST", THINGS, body);
    assert_int_equal(talk->status, 201);
    return talk;
}

static const char *meta(const struct talk *talk, const char *name)
{
    return arena_text(&world.arena, json_text_at(json_get(talk->tree, "metadata"), name));
}

static bool is_there(const char *name)
{
    return world_ask("GET", arena_format(&world.arena, THINGS "/%s", name), NULL)->status == 200;
}

static const struct talk *delete_with(const char *query, const char *body)
{
    return world_ask("DELETE", arena_format(&world.arena, THINGS "/a%s", query), body);
}

static void what_nothing_holds_is_gone_and_the_answer_names_it(void **state)
{
    (void)state;
    const char *uid = meta(make("a", ""), "uid");
    const struct talk *talk = delete_with("", NULL);
    assert_int_equal(talk->status, 200);
    assert_string_equal(world_text(json_get(talk->tree, "status")), "\"Success\"");
    assert_true(bytes_is(json_text_at(json_get(talk->tree, "details"), "uid"), uid));
    assert_false(is_there("a"));
    (void)world_refused(delete_with("", NULL), 404, "NotFound");
}

static void what_a_finalizer_holds_stays_until_it_is_taken_away(void **state)
{
    (void)state;
    (void)make("a", ",\"finalizers\":[\"x.io/a\"]");
    const struct talk *talk = delete_with("", NULL);
    assert_int_equal(talk->status, 200);
    const char *since = meta(talk, "deletionTimestamp"), *version = meta(talk, "resourceVersion");
    assert_string_not_equal(since, "");
    talk = delete_with("", NULL); // once more changes nothing
    assert_string_equal(meta(talk, "deletionTimestamp"), since);
    assert_string_equal(meta(talk, "resourceVersion"), version);
    talk = world_ask_as("PATCH", THINGS "/a", "application/merge-patch+json",
                        "{\"metadata\":{\"finalizers\":[\"x.io/a\",\"x.io/b\"]}}", NULL);
    (void)world_refused(talk, 422, "Invalid"); // no new ones while it goes
    talk = world_ask_as("PATCH", THINGS "/a", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}",
                        NULL);
    assert_int_equal(talk->status, 200);
    assert_false(is_there("a"));
}

static void preconditions_are_looked_at(void **state)
{
    (void)state;
    const char *version = meta(make("a", ""), "resourceVersion"),
               *uid = meta(world_ask("GET", THINGS "/a", NULL), "uid");
    (void)world_refused(delete_with("", "{\"preconditions\":{\"uid\":\"other\"}}"), 409, "Conflict");
    (void)world_refused(delete_with("", "{\"preconditions\":{\"resourceVersion\":\"1\"}}"), 409, "Conflict");
    assert_true(is_there("a"));
    const char *both =
        arena_format(&world.arena, "{\"preconditions\":{\"uid\":\"%s\",\"resourceVersion\":\"%s\"}}", uid, version);
    assert_int_equal(delete_with("", both)->status, 200);
}

static void a_dry_run_deletes_nothing_from_the_query_or_the_body(void **state)
{
    (void)state;
    (void)make("a", "");
    assert_int_equal(delete_with("?dryRun=All", NULL)->status, 200);
    assert_int_equal(delete_with("", "{\"dryRun\":[\"All\"]}")->status, 200);
    assert_true(is_there("a"));
    (void)world_refused(delete_with("", "{\"dryRun\":[\"Some\"]}"), 400, "BadRequest");
    assert_true(is_there("a"));
}

static void options_that_cannot_be_read_delete_nothing(void **state)
{
    (void)state;
    (void)make("a", "");
    (void)world_refused(delete_with("", "{"), 400, "BadRequest");
    (void)world_refused(delete_with("?propagationPolicy=Sideways", NULL), 400, "BadRequest");
    (void)world_refused(delete_with("", "{\"propagationPolicy\":\"background\"}"), 400, "BadRequest");
    const struct talk *talk = world_ask_as("DELETE", THINGS "/a", "text/plain", "x", NULL);
    (void)world_refused(talk, 415, "UnsupportedMediaType");
    assert_true(is_there("a"));
}

static const char *finalizer_after(const char *query, const char *body)
{
    (void)make("a", ",\"finalizers\":[\"x.io/a\"]");
    const struct talk *talk = delete_with(query, body);
    assert_int_equal(talk->status, 200);
    const char *text = world_text(json_get(json_get(talk->tree, "metadata"), "finalizers"));
    talk = world_ask_as("PATCH", THINGS "/a", "application/merge-patch+json", "{\"metadata\":{\"finalizers\":null}}",
                        NULL);
    assert_int_equal(talk->status, 200);
    return text;
}

static void the_policy_of_the_body_wins_over_the_query_and_the_old_word_is_understood(void **state)
{
    (void)state;
    assert_string_equal(finalizer_after("", NULL), "[\"x.io/a\"]");
    assert_string_equal(finalizer_after("?propagationPolicy=Foreground", NULL), "[\"x.io/a\",\"foregroundDeletion\"]");
    assert_string_equal(finalizer_after("?propagationPolicy=Foreground", "{\"propagationPolicy\":\"Orphan\"}"),
                        "[\"x.io/a\",\"orphan\"]");
    assert_string_equal(finalizer_after("", "{\"orphanDependents\":true}"), "[\"x.io/a\",\"orphan\"]");
    assert_string_equal(finalizer_after("?orphanDependents=true", "{\"orphanDependents\":false}"), "[\"x.io/a\"]");
}

static size_t count(void)
{
    return json_get(world_ask("GET", THINGS, NULL)->tree, "items")->count;
}

static void a_collection_goes_as_far_as_the_selector_says_and_is_the_answer(void **state)
{
    (void)state;
    (void)make("a", ",\"labels\":{\"x\":\"1\"}");
    (void)make("b", ",\"labels\":{\"x\":\"2\"}");
    (void)make("c", ",\"labels\":{\"x\":\"1\"},\"finalizers\":[\"x.io/a\"]");
    const struct talk *talk = world_ask("DELETE", THINGS "?labelSelector=x%3D1", NULL);
    assert_int_equal(talk->status, 200);
    assert_string_equal(world_text(json_get(talk->tree, "kind")), "\"ThingList\"");
    assert_int_equal(json_get(talk->tree, "items")->count, 2);
    assert_false(is_there("a"));
    assert_true(is_there("b") && is_there("c"));
    assert_int_equal(
        json_get(world_ask("DELETE", THINGS "?fieldSelector=metadata.name%3Dnobody", NULL)->tree, "items")->count, 0);
    assert_int_equal(count(), 2);
}

static void a_dry_run_of_a_collection_deletes_nothing(void **state)
{
    (void)state;
    (void)make("a", "");
    (void)make("b", "");
    assert_int_equal(world_ask("DELETE", THINGS "?dryRun=All", NULL)->status, 200);
    assert_int_equal(world_ask("DELETE", THINGS, "{\"dryRun\":[\"All\"]}")->status, 200);
    assert_int_equal(count(), 2);
}

static void a_collection_that_fails_says_why(void **state)
{
    (void)state;
    (void)make("a", "");
    world.fake.put_error = ERR_NO_SPACE;
    (void)world_refused(world_ask("DELETE", THINGS, NULL), 503, "ServiceUnavailable");
    world.fake.put_error = ERR_OK;
    assert_true(is_there("a"));
    (void)world_refused(world_ask("DELETE", THINGS "?labelSelector=,,", NULL), 400, "BadRequest");
    (void)world_refused(world_ask("DELETE", "/apis/example.com/v1/things", NULL), 405, "MethodNotAllowed");
    assert_true(is_there("a"));
}

static void a_collection_of_many_goes_and_an_empty_one_is_no_error(void **state)
{
    (void)state;
    assert_int_equal(world_ask("DELETE", THINGS, NULL)->status, 200);
    for (int i = 0; i < 150; i++)
        (void)make(arena_format(&world.arena, "n%d", i), "");
    assert_int_equal(json_get(world_ask("DELETE", THINGS, NULL)->tree, "items")->count, 150);
    assert_int_equal(count(), 0);
    assert_int_equal(world.kube.resources.deletes, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up_door, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_nothing_holds_is_gone_and_the_answer_names_it),
        TEST(what_a_finalizer_holds_stays_until_it_is_taken_away),
        TEST(preconditions_are_looked_at),
        TEST(a_dry_run_deletes_nothing_from_the_query_or_the_body),
        TEST(options_that_cannot_be_read_delete_nothing),
        TEST(the_policy_of_the_body_wins_over_the_query_and_the_old_word_is_understood),
        TEST(a_collection_goes_as_far_as_the_selector_says_and_is_the_answer),
        TEST(a_dry_run_of_a_collection_deletes_nothing),
        TEST(a_collection_that_fails_says_why),
        TEST(a_collection_of_many_goes_and_an_empty_one_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
