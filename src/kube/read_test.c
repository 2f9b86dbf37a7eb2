// SPDX-License-Identifier: Apache-2.0
// get and list.
#include "kube/api.h"
#include "kube/testing/world.h"

#define THINGS "/apis/example.com/v1/namespaces/ns/things"
#define ALL    "/apis/example.com/v1/things"

static const char *member_of_list(const struct talk *talk, const char *name)
{
    return arena_text(&world.arena, json_text_at(json_get(talk->tree, "metadata"), name));
}

static size_t items(const struct talk *talk)
{
    assert_int_equal(talk->status, 200);
    return json_get(talk->tree, "items")->count;
}

static const char *names(const struct talk *talk)
{
    const char *all = "";
    for (const struct json_value *item = json_get(talk->tree, "items")->first; item != NULL; item = item->next)
        all = arena_format(&world.arena, "%s%.*s", all, BYTES_ARG(json_text_at(json_get(item, "metadata"), "name")));
    return all;
}

static const struct talk *list(const char *query)
{
    return world_ask("GET", arena_format(&world.arena, THINGS "?%s", query), NULL);
}

static void abc(void)
{
    (void)world_put(CHANGE_ADDED, "ns", "c", 1);
    (void)world_put(CHANGE_ADDED, "ns", "a", 1);
    (void)world_put(CHANGE_ADDED, "ns", "b", 1);
}

static void a_list_is_in_the_order_of_names_and_of_its_namespace_only(void **state)
{
    (void)state;
    abc();
    (void)world_put(CHANGE_ADDED, "nt", "d", 1);
    (void)world_put(CHANGE_ADDED, "n", "s", 1); // "n/s" stands beside "ns/"
    assert_string_equal(names(world_ask("GET", THINGS, NULL)), "abc");
    assert_string_equal(names(world_ask("GET", ALL, NULL)), "sabcd");
    assert_int_equal(items(world_ask("GET", "/apis/example.com/v1/namespaces/nobody/things", NULL)), 0);
}

static void an_empty_list_has_items_and_a_version(void **state)
{
    (void)state;
    const struct talk *talk = world_ask("GET", THINGS, NULL);
    assert_int_equal(items(talk), 0);
    assert_string_equal(member_of_list(talk, "resourceVersion"), "0");
    (void)world_put(CHANGE_ADDED, "nt", "x", 1);
    assert_string_equal(member_of_list(world_ask("GET", THINGS, NULL), "resourceVersion"), "1");
}

static void pages_show_one_version_whatever_happens_between_them(void **state)
{
    (void)state;
    abc();
    const struct talk *talk = list("limit=1");
    assert_string_equal(names(talk), "a");
    assert_string_equal(world_text(json_get(json_get(talk->tree, "metadata"), "remainingItemCount")), "2");
    const char *version = member_of_list(talk, "resourceVersion");
    const char *token = member_of_list(talk, "continue");
    (void)world_put(CHANGE_ADDED, "ns", "aa", 1);
    (void)world_put(CHANGE_MODIFIED, "ns", "b", 2);
    (void)world_put(CHANGE_DELETED, "ns", "c", 1);
    talk = list(arena_format(&world.arena, "limit=1&continue=%s", token));
    assert_string_equal(names(talk), "b");
    assert_string_equal(member_of_list(talk, "resourceVersion"), version);
    assert_string_equal(world_text(json_get(json_get(talk->tree, "items")->first, "n")), "1");
    talk = list(arena_format(&world.arena, "continue=%s", member_of_list(talk, "continue")));
    assert_string_equal(names(talk), "c");
    assert_string_equal(member_of_list(talk, "continue"), "");
    assert_string_equal(names(list("")), "aaab");
}

static void a_page_that_ends_with_the_last_object_has_no_token(void **state)
{
    (void)state;
    abc();
    const struct talk *talk = list("limit=3");
    assert_string_equal(names(talk), "abc");
    assert_string_equal(member_of_list(talk, "continue"), "");
    assert_null(json_get(json_get(talk->tree, "metadata"), "remainingItemCount"));
    assert_int_equal(items(list("limit=0")), 3);
}

static void a_list_with_a_selector_does_not_count_the_rest(void **state)
{
    (void)state;
    abc();
    const struct talk *talk = list("limit=1&fieldSelector=metadata.name!%3Da");
    assert_string_equal(names(talk), "b");
    assert_null(json_get(json_get(talk->tree, "metadata"), "remainingItemCount"));
    assert_string_not_equal(member_of_list(talk, "continue"), "");
}

static void a_page_behind_the_history_is_expired(void **state)
{
    (void)state;
    abc();
    const char *token = member_of_list(list("limit=1"), "continue");
    for (int i = 0; i < 120; i++) // the history holds 100
        (void)world_put(CHANGE_MODIFIED, "ns", "a", i);
    const char *text = world_refused(list(arena_format(&world.arena, "continue=%s", token)), 410, "Expired");
    assert_non_null(strstr(text, "You must start a new list without the continue parameter"));
    text = world_refused(list("resourceVersion=1&resourceVersionMatch=Exact"), 410, "Expired");
    assert_string_equal(text, "The resourceVersion for the provided list is too old.");
}

static void a_token_of_another_list_or_of_nobody_is_refused(void **state)
{
    static const char *const tokens[] = {
        "x",                                   // no base64
        "MQ",                                  // "1"
        "MSA",                                 // "1 "
        "MSBleGFtcGxlLmNvbS90aGluZ3Mv",        // "1 example.com/things/", which is no object
        "MCBleGFtcGxlLmNvbS90aGluZ3MvbnMvYQ",  // "0 ..."
        "LTEgZXhhbXBsZS5jb20vdGhpbmdzL25zL2E", // "-1 ..."
        "MSBjb3JlL3NlY3JldHMvbnMvYQ",          // "1 core/secrets/ns/a"
    };
    (void)state;
    abc();
    for (size_t i = 0; i < ARRAY_COUNT(tokens); i++)
        (void)world_refused(list(arena_format(&world.arena, "continue=%s", tokens[i])), 400, "BadRequest");
    // "99 example.com/things/ns/a": a version that never was.
    (void)world_refused(list("continue=OTkgZXhhbXBsZS5jb20vdGhpbmdzL25zL2E"), 410, "Expired");
}

static void a_list_of_an_exact_version_shows_what_was_there(void **state)
{
    (void)state;
    abc();
    (void)world_put(CHANGE_DELETED, "ns", "a", 1);
    assert_string_equal(names(list("resourceVersion=2&resourceVersionMatch=Exact")), "ac");
    assert_string_equal(names(list("resourceVersion=3&resourceVersionMatch=Exact")), "abc");
    assert_string_equal(names(list("resourceVersion=1&resourceVersionMatch=NotOlderThan")), "bc");
    assert_string_equal(names(list("resourceVersion=0")), "bc");
}

static void versions_without_sense_are_refused(void **state)
{
    static const char *const queries[] = {
        "resourceVersion=x",
        "resourceVersion=-1",
        "resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Sometimes",
        "resourceVersion=0&resourceVersionMatch=Exact",
        "resourceVersion=1&resourceVersionMatch=Exact&continue=x",
        "resourceVersion=99999999999999999999",
    };
    (void)state;
    abc();
    for (size_t i = 0; i < ARRAY_COUNT(queries); i++)
        (void)world_refused(list(queries[i]), 400, "BadRequest");
    const struct talk *talk = list("resourceVersion=1000");
    (void)world_refused(talk, 504, "Timeout");
    const struct json_value *details = json_get(talk->tree, "details");
    assert_string_equal(world_text(json_get(json_get(details, "causes")->first, "reason")),
                        "\"ResourceVersionTooLarge\"");
    assert_string_equal(world_text(json_get(details, "retryAfterSeconds")), "1");
}

static void a_list_larger_than_an_answer_may_be_wants_pages(void **state)
{
    (void)state;
    abc();
    world.kube.options.list_size_max = 100;
    const char *text = world_refused(world_ask("GET", THINGS, NULL), 413, "RequestEntityTooLarge");
    assert_non_null(strstr(text, "ask for pages with limit"));
    assert_int_equal(items(list("limit=1")), 1);
    assert_int_equal(items(list("fieldSelector=metadata.name%3Dnobody")), 0);
}

static void a_get_shows_one_object_or_says_that_there_is_none(void **state)
{
    (void)state;
    abc();
    const struct talk *talk = world_ask("GET", THINGS "/a", NULL);
    assert_int_equal(talk->status, 200);
    assert_string_equal(member_of_list(talk, "resourceVersion"), "2");
    assert_string_equal(world_refused(world_ask("GET", THINGS "/d", NULL), 404, "NotFound"),
                        "things.example.com \"d\" not found");
    (void)world_put(CHANGE_DELETED, "ns", "a", 1);
    (void)world_refused(world_ask("GET", THINGS "/a", NULL), 404, "NotFound");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_in_the_order_of_names_and_of_its_namespace_only),
        TEST(an_empty_list_has_items_and_a_version),
        TEST(pages_show_one_version_whatever_happens_between_them),
        TEST(a_page_that_ends_with_the_last_object_has_no_token),
        TEST(a_list_with_a_selector_does_not_count_the_rest),
        TEST(a_page_behind_the_history_is_expired),
        TEST(a_token_of_another_list_or_of_nobody_is_refused),
        TEST(a_list_of_an_exact_version_shows_what_was_there),
        TEST(versions_without_sense_are_refused),
        TEST(a_list_larger_than_an_answer_may_be_wants_pages),
        TEST(a_get_shows_one_object_or_says_that_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
