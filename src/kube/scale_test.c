// SPDX-License-Identifier: Apache-2.0
// The scale of an object.
#include "kube/api.h"
#include "kube/testing/world.h"

#define GEARS "/apis/example.com/v1/namespaces/ns/gears"

static const char definition[] =
    "metadata: {name: gears.example.com}\n"
    "spec:\n"
    "  group: example.com\n"
    "  scope: Namespaced\n"
    "  names: {plural: gears, singular: gear, kind: Gear}\n"
    "  versions:\n"
    "  - name: v1\n"
    "    served: true\n"
    "    storage: true\n"
    "    subresources:\n"
    "      status: {}\n"
    "      scale: {specReplicasPath: .spec.size.teeth, statusReplicasPath: .status.teeth,\n"
    "              labelSelectorPath: .status.selector}\n"
    "    schema:\n"
    "      openAPIV3Schema:\n"
    "        type: object\n"
    "        x-kubernetes-preserve-unknown-fields: true\n"
    "        properties:\n"
    "          spec:\n"
    "            type: object\n"
    "            x-kubernetes-preserve-unknown-fields: true\n"
    "            properties:\n"
    "              size:\n"
    "                type: object\n"
    "                x-kubernetes-preserve-unknown-fields: true\n"
    "                properties: {teeth: {type: integer, maximum: 50}}\n";

static int set_up(void **state)
{
    (void)world_set_up_door(state);
    (void)world_kind(&world.kube.resources.kinds, definition, NULL);
    const struct talk *talk = world_ask("POST", GEARS, "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"x\":1}}");
    assert_int_equal(talk->status, 201);
    return 0;
}

static const struct talk *put(const char *body)
{
    return world_ask("PUT", GEARS "/a/scale", body);
}

static const struct talk *patch(const char *type, const char *body)
{
    return world_ask_as("PATCH", GEARS "/a/scale", type, body, NULL);
}

static const char *part(const struct talk *talk, const char *name)
{
    if (talk->status != 200)
        fail_msg("%.*s", BYTES_ARG(talk->body));
    return world_text(json_get(talk->tree, name));
}

static void a_scale_is_the_same_for_every_kind(void **state)
{
    (void)state;
    const struct talk *talk = world_ask("GET", GEARS "/a/scale", NULL);
    assert_string_equal(part(talk, "kind"), "\"Scale\"");
    assert_string_equal(part(talk, "apiVersion"), "\"autoscaling/v1\"");
    assert_string_equal(part(talk, "spec"), "{\"replicas\":0}"); // nobody said how many
    assert_string_equal(part(talk, "status"), "{\"replicas\":0}");
    const struct json_value *metadata = json_get(talk->tree, "metadata");
    assert_true(bytes_is(json_text_at(metadata, "name"), "a"));
    assert_true(json_text_at(metadata, "uid").size > 0 && json_text_at(metadata, "resourceVersion").size > 0);
    assert_null(json_get(metadata, "managedFields"));
}

static void a_scale_is_put_where_the_definition_says_and_nothing_else_changes(void **state)
{
    (void)state;
    assert_string_equal(part(put("{\"spec\":{\"replicas\":7},\"status\":{\"replicas\":3}}"), "spec"),
                        "{\"replicas\":7}");
    const struct talk *talk = world_ask("GET", GEARS "/a", NULL);
    assert_string_equal(part(talk, "spec"), "{\"x\":1,\"size\":{\"teeth\":7}}");
    assert_null(json_get(talk->tree, "status"));
    assert_string_equal(part(put("{}"), "spec"), "{\"replicas\":0}"); // absent is zero
    talk = world_ask_as("PATCH", GEARS "/a/status", "application/merge-patch+json",
                        "{\"status\":{\"teeth\":5,\"selector\":\"x=1\"}}", NULL);
    assert_int_equal(talk->status, 200);
    talk = world_ask("GET", GEARS "/a/scale", NULL);
    assert_string_equal(part(talk, "status"), "{\"replicas\":5,\"selector\":\"x=1\"}");
}

static void a_patch_is_of_the_scale_not_of_the_object(void **state)
{
    (void)state;
    assert_string_equal(part(patch("application/merge-patch+json", "{\"spec\":{\"replicas\":4}}"), "spec"),
                        "{\"replicas\":4}");
    const char *steps = "[{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":4},"
                        "{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":6}]";
    assert_string_equal(part(patch("application/json-patch+json", steps), "spec"), "{\"replicas\":6}");
    (void)world_refused(patch("application/json-patch+json", steps), 422, "Invalid"); // it is 6 by now
    const char *none = "[{\"op\":\"remove\",\"path\":\"/spec/size\"}]";
    assert_true(patch("application/json-patch+json", none)->status >= 400);
    assert_string_equal(part(world_ask("GET", GEARS "/a", NULL), "spec"), "{\"x\":1,\"size\":{\"teeth\":6}}");
}

static void numbers_without_sense_are_refused(void **state)
{
    static const char *const bodies[] = {
        "{\"spec\":{\"replicas\":-1}}",    "{\"spec\":{\"replicas\":2147483648}}", "{\"spec\":{\"replicas\":1.5}}",
        "{\"spec\":{\"replicas\":\"3\"}}", "{\"spec\":{\"replicas\":51}}", // the schema says 50
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++)
        (void)world_refused(put(bodies[i]), 422, "Invalid");
    (void)world_refused(put(NULL), 400, "BadRequest");
    (void)world_refused(put("[]"), 400, "BadRequest");
    (void)world_refused(patch("application/merge-patch+json", "{"), 400, "BadRequest");
    (void)world_refused(patch("application/json", "{}"), 415, "UnsupportedMediaType");
    assert_string_equal(part(world_ask("GET", GEARS "/a/scale", NULL), "spec"), "{\"replicas\":0}");
}

static void an_old_version_is_a_conflict(void **state)
{
    (void)state;
    const char *body = "{\"metadata\":{\"resourceVersion\":\"1\"},\"spec\":{\"replicas\":7}}";
    (void)world_refused(put(body), 409, "Conflict");
    const struct talk *talk = world_ask("GET", GEARS "/a/scale", NULL);
    const char *version = arena_text(&world.arena, json_text_at(json_get(talk->tree, "metadata"), "resourceVersion"));
    body = arena_format(&world.arena, "{\"metadata\":{\"resourceVersion\":\"%s\"},\"spec\":{\"replicas\":7}}", version);
    assert_string_equal(part(put(body), "spec"), "{\"replicas\":7}");
    (void)world_refused(put(body), 409, "Conflict");
}

static void what_is_not_there_has_no_scale_and_some_kinds_have_none(void **state)
{
    (void)state;
    (void)world_refused(world_ask("GET", GEARS "/b/scale", NULL), 404, "NotFound");
    (void)world_refused(world_ask("PUT", GEARS "/b/scale", "{}"), 404, "NotFound");
    (void)world_refused(world_ask_as("PATCH", GEARS "/b/scale", "application/merge-patch+json", "{}", NULL), 404,
                        "NotFound");
    (void)world_refused(world_ask("GET", "/apis/example.com/v1/namespaces/ns/things/a/scale", NULL), 404, "NotFound");
    (void)world_refused(world_ask("DELETE", GEARS "/a/scale", NULL), 405, "MethodNotAllowed");
    (void)world_refused(world_ask("POST", GEARS "/a/scale", "{}"), 405, "MethodNotAllowed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scale_is_the_same_for_every_kind),
        TEST(a_scale_is_put_where_the_definition_says_and_nothing_else_changes),
        TEST(a_patch_is_of_the_scale_not_of_the_object),
        TEST(numbers_without_sense_are_refused),
        TEST(an_old_version_is_a_conflict),
        TEST(what_is_not_there_has_no_scale_and_some_kinds_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
