// SPDX-License-Identifier: Apache-2.0
#include "kube/definitions.h"

#include "kube/api.h"
#include "kube/builtin/builtin.h"
#include "kube/kinds/kinds.h"
#include "kube/own_definitions.h"
#include "kube/testing/world.h"

#define DEFINITIONS "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#define DEFINITION  DEFINITIONS "/gears.example.com"
#define GEARS       "/apis/example.com/v1/namespaces/ns/gears"
#define MERGE       "application/merge-patch+json"

static struct controller controller;

static void start(void)
{
    world.kube.definitions = kinds_define_own(&world.kube.resources.kinds, &definition_rules);
    definitions_start(&controller, &world.kube);
    world_settle();
}

static int set_up(void **state)
{
    (void)world_set_up_door(state);
    start();
    return 0;
}

static int tear_down(void **state)
{
    controller_stop(&controller);
    world_settle();
    controller_deinit(&controller);
    return world_tear_down(state);
}

static const char *version_of(const char *name, const char *storage, const char *type)
{
    return arena_format(&world.arena,
                        "{\"name\":\"%s\",\"served\":true,\"storage\":%s,\"schema\":{\"openAPIV3Schema\":{\"type\":"
                        "\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"%s"
                        "\"}}}}}}}",
                        name, storage, type);
}

static const struct talk *define(const char *plural, const char *kind, const char *type)
{
    const char *body = arena_format(&world.arena,
                                    "{\"metadata\":{\"name\":\"%s.example.com\"},\"spec\":{\"group\":\"example.com\","
                                    "\"scope\":\"Namespaced\",\"names\":{\"plural\":\"%s\",\"kind\":\"%s\"},"
                                    "\"versions\":[%s]}}",
                                    plural, plural, kind, version_of("v1", "true", type));
    return world_ask("POST", DEFINITIONS, body);
}

static void define_gears(void)
{
    assert_int_equal(define("gears", "Gear", "integer")->status, 201);
    assert_int_equal(world_ask("GET", GEARS, NULL)->status, 200);
}

static const struct talk *make(const char *name, const char *more)
{
    return world_ask("POST", GEARS, arena_format(&world.arena, "{\"metadata\":{\"name\":\"%s\"%s}}", name, more));
}

static const struct talk *definition(void)
{
    const struct talk *talk = world_ask("GET", DEFINITION, NULL);
    assert_int_equal(talk->status, 200);
    return talk;
}

static const char *condition(const struct talk *talk, const char *type)
{
    const struct json_value *list = json_get(json_get(talk->tree, "status"), "conditions");
    for (const struct json_value *item = list == NULL ? NULL : list->first; item != NULL; item = item->next) {
        if (bytes_is(json_text_at(item, "type"), type))
            return arena_text(&world.arena, json_text_at(item, "status"));
    }
    return "none";
}

static void wait_until(const char *path, int status)
{
    for (int i = 0; i < 1000 && world_ask("GET", path, NULL)->status != status; i++)
        world_sleep(5);
    assert_int_equal(world_ask("GET", path, NULL)->status, status);
}

static void what_is_defined_is_served_and_its_definition_says_so(void **state)
{
    (void)state;
    assert_int_equal(world_ask("GET", GEARS, NULL)->status, 404);
    define_gears();
    const struct talk *talk = definition();
    assert_string_equal(condition(talk, "NamesAccepted"), "True");
    assert_string_equal(condition(talk, "Established"), "True");
    const struct json_value *status = json_get(talk->tree, "status");
    assert_string_equal(world_text(json_get(status, "storedVersions")), "[\"v1\"]");
    assert_string_equal(world_text(json_get(json_get(status, "acceptedNames"), "plural")), "\"gears\"");
    assert_string_equal(world_text(json_get(json_get(talk->tree, "metadata"), "finalizers")),
                        "[\"customresourcecleanup.apiextensions.k8s.io\"]");
    assert_int_equal(make("a", "")->status, 201);
}

static void a_definition_comes_to_rest(void **state)
{
    (void)state;
    define_gears();
    int64_t version = world.fake.version;
    world_sleep(50);
    assert_int_equal(world.fake.version, version); // its own writes are no reason to write again
}

// An installer that brings the definition may go on; a kind of another name may not.
static void a_kind_that_eddy_has_itself_is_not_replaced(void **state)
{
    (void)state;
    world.things->is_custom = false;
    assert_int_equal(define("things", "Other", "integer")->status, 201);
    const struct talk *talk = world_ask("GET", DEFINITIONS "/things.example.com", NULL);
    assert_string_equal(condition(talk, "NamesAccepted"), "False");
    assert_string_equal(condition(talk, "Established"), "False");
    assert_int_equal(world_ask("DELETE", DEFINITIONS "/things.example.com", NULL)->status, 200);
    wait_until(DEFINITIONS "/things.example.com", 404);
    assert_int_equal(define("things", "Thing", "integer")->status, 201);
    talk = world_ask("GET", DEFINITIONS "/things.example.com", NULL);
    assert_string_equal(condition(talk, "NamesAccepted"), "True");
    assert_string_equal(condition(talk, "Established"), "True");
    assert_ptr_equal(kinds_find(&world.kube.resources.kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("things")),
                     world.things);
    assert_int_equal(world_ask("DELETE", DEFINITIONS "/things.example.com", NULL)->status, 200);
    wait_until(DEFINITIONS "/things.example.com", 404);
    assert_int_equal(world_ask("GET", "/apis/example.com/v1/things", NULL)->status, 200);
}

// --- those of eddy's own kinds

#define TOPICS DEFINITIONS "/kafkatopics.kafka.strimzi.io"
#define NAMES  "{\"spec\":{\"names\":{\"shortNames\":[\"other\"]}}}"

static const char *short_names(void)
{
    world_settle();
    const struct talk *talk = world_ask("GET", TOPICS, NULL);
    assert_int_equal(talk->status, 200);
    return world_text(json_get(json_get(json_get(talk->tree, "spec"), "names"), "shortNames"));
}

static int set_up_own(void **state)
{
    (void)world_set_up_door(state);
    (void)kinds_define_own(&world.kube.resources.kinds, &kafka_topic_rules);
    start();
    wait_until(TOPICS, 200);
    return 0;
}

static void a_definition_of_an_older_eddy_is_renewed(void **state)
{
    const struct kind *topics = own_definition_find(&world.kube, BYTES_LITERAL("kafkatopics.kafka.strimzi.io"));
    (void)state;
    struct json_value *object = own_definition_new(&world.arena, topics, "f");
    const struct json_value *fresh = json_copy(&world.arena, object);
    assert_false(own_definition_renew(&world.arena, object, topics));
    json_set_text(json_set_object(object_metadata(object), &world.arena, "annotations"), &world.arena, OWN_DEFINITION,
                  "old");
    json_unset(json_find(object, BYTES_LITERAL("spec")), BYTES_LITERAL("versions"));
    assert_true(own_definition_renew(&world.arena, object, topics));
    assert_true(json_equal(object, fresh));
    json_unset(json_find(object_metadata(object), BYTES_LITERAL("annotations")), BYTES_LITERAL(OWN_DEFINITION));
    json_set(object_metadata(object), BYTES_LITERAL("managedFields"), world_tree("[{\"manager\":\"installer\"}]"));
    assert_false(own_definition_renew(&world.arena, object, topics));
}

static void what_somebody_else_wrote_over_it_stays(void **state)
{
    (void)state;
    assert_int_equal(world_ask_as("PATCH", TOPICS "?fieldManager=installer", MERGE, NAMES, NULL)->status, 200);
    assert_string_equal(short_names(), "[\"other\"]");
    assert_string_equal(condition(world_ask("GET", TOPICS, NULL), "Established"), "True");
    assert_int_equal(world_ask("GET", "/apis/kafka.strimzi.io/v1beta2/kafkatopics", NULL)->status, 200);
}

static void a_changed_schema_counts_and_watches_of_the_old_one_end(void **state)
{
    struct talk watch;
    const struct ask ask = { .method = "GET", .target = GEARS "?watch=1" };
    (void)state;
    define_gears();
    talk_begin(&watch, &world.kube, &ask, world_settle);
    const char *text = "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":\"text\"}}";
    (void)world_refused(world_ask("POST", GEARS, text), 422, "Invalid");
    const char *patch =
        arena_format(&world.arena, "{\"spec\":{\"versions\":[%s]}}", version_of("v1", "true", "string"));
    assert_int_equal(world_ask_as("PATCH", DEFINITION, MERGE, patch, NULL)->status, 200);
    assert_int_equal(world_ask("POST", GEARS, text)->status, 201);
    assert_true(watch.is_finished);
    talk_end(&watch, world_settle);
}

static void what_was_there_before_a_change_is_still_there(void **state)
{
    (void)state;
    define_gears();
    assert_int_equal(make("a", "")->status, 201);
    const char *patch = arena_format(&world.arena, "{\"spec\":{\"versions\":[%s,%s]}}",
                                     version_of("v1", "false", "string"), version_of("v2", "true", "string"));
    assert_int_equal(world_ask_as("PATCH", DEFINITION, MERGE, patch, NULL)->status, 200);
    assert_string_equal(world_text(json_get(json_get(definition()->tree, "status"), "storedVersions")),
                        "[\"v1\",\"v2\"]");
    const struct talk *talk = world_ask("GET", "/apis/example.com/v2/namespaces/ns/gears/a", NULL);
    assert_int_equal(talk->status, 200);
    assert_string_equal(world_text(json_get(talk->tree, "apiVersion")), "\"example.com/v2\"");
    assert_int_equal(world_ask("GET", GEARS "/a", NULL)->status, 200);
}

static void the_objects_of_a_definition_that_goes_go_first(void **state)
{
    (void)state;
    define_gears();
    assert_int_equal(make("a", "")->status, 201);
    assert_int_equal(make("held", ",\"finalizers\":[\"x.io/a\"]")->status, 201);
    assert_int_equal(world_ask("DELETE", DEFINITION, NULL)->status, 200);
    world_sleep(50);
    assert_int_equal(world_ask("GET", GEARS "/a", NULL)->status, 404);
    assert_int_equal(definition()->status, 200); // an object is held
    assert_int_equal(world_ask_as("PATCH", GEARS "/held", MERGE, "{\"metadata\":{\"finalizers\":null}}", NULL)->status,
                     200);
    wait_until(DEFINITION, 404);
    wait_until(GEARS, 404);
    define_gears(); // and comes again, empty
    assert_int_equal(json_get(world_ask("GET", GEARS, NULL)->tree, "items")->count, 0);
}

static void kinds_are_there_after_a_start_before_anybody_asks(void **state)
{
    (void)state;
    define_gears();
    assert_int_equal(make("a", "")->status, 201);
    controller_stop(&controller);
    world_settle();
    controller_deinit(&controller);
    world_restart(100);
    world.kube.definitions = kinds_define_own(&world.kube.resources.kinds, &definition_rules);
    definitions_load(&world.kube);
    definitions_start(&controller, &world.kube);
    assert_non_null(kinds_find(&world.kube.resources.kinds, BYTES_LITERAL("example.com"), BYTES_LITERAL("gears")));
    world_settle();
    assert_int_equal(world_ask("GET", GEARS "/a", NULL)->status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_defined_is_served_and_its_definition_says_so),
        TEST(a_definition_comes_to_rest),
        TEST(a_kind_that_eddy_has_itself_is_not_replaced),
        cmocka_unit_test_setup_teardown(a_definition_of_an_older_eddy_is_renewed, set_up_own, tear_down),
        cmocka_unit_test_setup_teardown(what_somebody_else_wrote_over_it_stays, set_up_own, tear_down),
        TEST(a_changed_schema_counts_and_watches_of_the_old_one_end),
        TEST(what_was_there_before_a_change_is_still_there),
        TEST(the_objects_of_a_definition_that_goes_go_first),
        TEST(kinds_are_there_after_a_start_before_anybody_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
