// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include "kube/api.h"
#include "kube/testing/world.h"

#define AGGREGATED(version) "application/json;g=apidiscovery.k8s.io;v=" version ";as=APIGroupDiscoveryList"

static const struct talk *get(const char *path)
{
    const struct talk *talk = world_ask("GET", path, NULL);
    if (talk->status != 200)
        fail_msg("%s: %.*s", path, BYTES_ARG(talk->body));
    return talk;
}

static const char *text_of(const struct json_value *value, const char *name)
{
    return arena_text(&world.arena, json_text_at(value, name));
}

// The texts of that member of all items, with spaces between.
static const char *each(const struct json_value *list, const char *member)
{
    const char *all = "";
    assert_non_null(list);
    for (const struct json_value *item = list->first; item != NULL; item = item->next)
        all = arena_format(&world.arena, "%s%s%s", all, all[0] == '\0' ? "" : " ", text_of(item, member));
    return all;
}

static void groups_name_their_versions_the_best_first(void **state)
{
    (void)state;
    const struct talk *talk = get("/apis");
    assert_string_equal(text_of(talk->tree, "kind"), "APIGroupList");
    const struct json_value *groups = json_get(talk->tree, "groups");
    assert_string_equal(each(groups, "name"), "example.com"); // the core group is not there
    assert_string_equal(each(json_get(groups->first, "versions"), "groupVersion"),
                        "example.com/v1 example.com/v1beta1");
    assert_string_equal(text_of(json_get(groups->first, "preferredVersion"), "version"), "v1");
    talk = get("/apis/example.com");
    assert_string_equal(text_of(talk->tree, "kind"), "APIGroup");
    assert_string_equal(text_of(talk->tree, "name"), "example.com");
}

static void the_core_group_has_a_document_of_its_own(void **state)
{
    (void)state;
    const struct talk *talk = get("/api");
    assert_string_equal(text_of(talk->tree, "kind"), "APIVersions");
    assert_string_equal(world_text(json_get(talk->tree, "versions")), "[\"v1\"]");
    assert_string_equal(each(json_get(get("/api/v1")->tree, "resources"), "name"), "namespaces namespaces/status");
}

static void a_version_lists_its_resources_with_their_verbs_and_parts(void **state)
{
    (void)state;
    const struct talk *talk = get("/apis/example.com/v1");
    assert_string_equal(text_of(talk->tree, "groupVersion"), "example.com/v1");
    const struct json_value *resources = json_get(talk->tree, "resources");
    assert_string_equal(each(resources, "name"), "things things/status");
    assert_string_equal(world_text(json_get(resources->first, "verbs")),
                        "[\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\",\"update\",\"watch\"]");
    assert_string_equal(world_text(json_get(resources->first, "shortNames")), "[\"th\"]");
    assert_string_equal(world_text(json_get(resources->last, "verbs")), "[\"get\",\"patch\",\"update\"]");
    // The other version has no status.
    assert_string_equal(each(json_get(get("/apis/example.com/v1beta1")->tree, "resources"), "name"), "things");
}

static void what_is_not_served_is_not_found(void **state)
{
    static const char *const paths[] = { "/apis/example.org", "/apis/example.com/v2", "/api/v2", "/apis/v1" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        (void)world_refused(world_ask("GET", paths[i], NULL), 404, "NotFound");
    (void)world_refused(world_ask("POST", "/apis", "{}"), 404, "NotFound");
}

static void one_document_has_all_for_those_who_ask_for_it(void **state)
{
    static const char *const versions[] = { "v2", "v2beta1" };
    static const char *const accepts[] = { AGGREGATED("v2") "," AGGREGATED("v2beta1") ",application/json",
                                           AGGREGATED("v2beta1") ",application/json" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        const struct talk *talk = world_ask_as("GET", "/apis", NULL, NULL, accepts[i]);
        assert_string_equal(text_of(talk->tree, "apiVersion"),
                            arena_format(&world.arena, "apidiscovery.k8s.io/%s", versions[i]));
        const char *type =
            arena_format(&world.arena, "Content-Type: application/json;g=apidiscovery.k8s.io;v=%s", versions[i]);
        assert_non_null(strstr(arena_text(&world.arena, talk->head), type));
        const struct json_value *group = json_get(talk->tree, "items")->first;
        assert_string_equal(each(json_get(group, "versions"), "version"), "v1 v1beta1");
        const struct json_value *resource = json_get(json_get(group, "versions")->first, "resources")->first;
        assert_string_equal(text_of(resource, "scope"), "Namespaced");
        assert_string_equal(text_of(json_get(resource, "responseKind"), "kind"), "Thing");
        assert_string_equal(each(json_get(resource, "subresources"), "subresource"), "status");
    }
    const struct talk *talk = world_ask_as("GET", "/api", NULL, NULL, AGGREGATED("v2"));
    assert_string_equal(each(json_get(talk->tree, "items"), "name"), "");
    assert_int_equal(json_get(talk->tree, "items")->count, 1);
}

static void who_likes_the_plain_document_better_gets_it(void **state)
{
    static const char *const accepts[] = { "application/json," AGGREGATED("v2"), AGGREGATED("v3"), "*/*" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(accepts); i++) {
        const struct talk *talk = world_ask_as("GET", "/apis", NULL, NULL, accepts[i]);
        assert_string_equal(text_of(talk->tree, "kind"), "APIGroupList");
    }
}

static void a_kind_that_goes_takes_its_group_along(void **state)
{
    (void)state;
    kinds_remove(&world.kube.resources.kinds, world.things);
    assert_int_equal(json_get(get("/apis")->tree, "groups")->count, 0);
    (void)world_refused(world_ask("GET", "/apis/example.com", NULL), 404, "NotFound");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up_door, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_name_their_versions_the_best_first),
        TEST(the_core_group_has_a_document_of_its_own),
        TEST(a_version_lists_its_resources_with_their_verbs_and_parts),
        TEST(what_is_not_served_is_not_found),
        TEST(one_document_has_all_for_those_who_ask_for_it),
        TEST(who_likes_the_plain_document_better_gets_it),
        TEST(a_kind_that_goes_takes_its_group_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
