// SPDX-License-Identifier: Apache-2.0
#include "kube/admission.h"

#include "kube/schema/field_error.h"
#include "kube/testing/world.h"

enum { NOW_MS = 1700000000 }; // 1970-01-20T16:13:20Z

static struct problem problem;
static const char *warnings;

static void on_warning(void *owner, bytes_t text)
{
    (void)owner;
    warnings = arena_format(&world.arena, "%s%.*s;", warnings, BYTES_ARG(text));
}

static uint64_t last_uid;

static struct admission admission_of(const char *subresource)
{
    problem = (struct problem){ .arena = &world.arena };
    warnings = "";
    return (struct admission){
        .kind = world.things,
        .version = world.v1,
        .name_space = BYTES_LITERAL("ns"),
        .name = BYTES_LITERAL("a"),
        .subresource = bytes_of_text(subresource),
        .arena = &world.arena,
        .problem = &problem,
        .now_ms = NOW_MS,
        .last_uid = &last_uid,
        .manager = BYTES_LITERAL("tester"),
        .on_warning = on_warning,
    };
}

static const char *said(void)
{
    return problem.reason == PROBLEM_NONE ? "" : arena_text(&world.arena, problem.message);
}

static void assert_has(const struct json_value *object, const char *member, const char *text)
{
    const struct json_value *value = json_get(object, member);
    assert_string_equal(value == NULL ? "absent" : world_text(value), text);
}

// --- bodies

static void fills_what_the_path_tells(void **state)
{
    struct admission admission = admission_of("");
    struct json_value *object = world_tree("{\"spec\":{\"size\":1}}");
    (void)state;
    assert_true(admit_body(&admission, object));
    assert_has(object, "apiVersion", "\"example.com/v1\"");
    assert_has(object, "kind", "\"Thing\"");
    assert_has(object, "metadata", "{\"namespace\":\"ns\",\"name\":\"a\"}");
}

static void refuses_a_body_that_is_for_another_path(void **state)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        { "[]", "the body has to be one JSON object" },
        { "{\"metadata\":[]}", "metadata has to be an object" },
        { "{\"apiVersion\":\"example.com/v2\"}",
          "the API version in the data (example.com/v2) does not match the expected API version (example.com/v1)" },
        { "{\"kind\":\"Think\"}", "the kind in the data (Think) does not match the expected kind (Thing)" },
        { "{\"metadata\":{\"namespace\":\"other\"}}",
          "the namespace of the provided object does not match the namespace sent on the request" },
        { "{\"metadata\":{\"name\":\"b\"}}", "the name of the object (b) does not match the name on the URL (a)" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct admission admission = admission_of("");
        assert_false(admit_body(&admission, world_tree(cases[i].body)));
        assert_string_equal(said(), cases[i].message);
        assert_int_equal(problem.reason, PROBLEM_BAD_REQUEST);
    }
}

static void bounds_how_deep_an_object_is(void **state)
{
    static const struct {
        int depth;
        bool fits;
    } cases[] = { { 48, true }, { 49, false } };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct admission admission = admission_of("");
        struct json_value *object = world_tree("{}");
        admission.validation = FIELD_VALIDATION_IGNORE;
        struct json_value *inside = object;
        for (int level = 1; level < cases[i].depth; level++)
            inside = json_set_object(inside, &world.arena, "x");
        assert_int_equal(admit_body(&admission, object), cases[i].fits);
    }
}

#define ODD "{\"spec\":{\"size\":1,\"foo\":2,\"size\":4},\"bar\":1}"

static void strict_decoding_tells_all_that_is_wrong(void **state)
{
    struct admission admission = admission_of("");
    (void)state;
    admission.validation = FIELD_VALIDATION_STRICT;
    assert_false(admit_body(&admission, world_tree(ODD)));
    assert_string_equal(said(),
                        "Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: duplicate "
                        "field \"spec.size\", unknown field \"bar\", unknown field \"spec.foo\"");
    assert_int_equal(problem.reason, PROBLEM_BAD_REQUEST);
}

static void other_decoding_warns_or_is_silent_and_prunes(void **state)
{
    static const struct {
        enum field_validation validation;
        const char *warnings;
    } cases[] = {
        { FIELD_VALIDATION_WARN, "duplicate field \"spec.size\";unknown field \"bar\";unknown field \"spec.foo\";" },
        { FIELD_VALIDATION_IGNORE, "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct admission admission = admission_of("");
        struct json_value *object = world_tree(ODD);
        admission.validation = cases[i].validation;
        assert_true(admit_body(&admission, object));
        assert_string_equal(warnings, cases[i].warnings);
        assert_has(object, "spec", "{\"size\":4}");
        assert_has(object, "bar", "absent");
    }
}

// --- creation

static void a_new_object_gets_the_fields_of_the_server_and_no_others(void **state)
{
    struct admission admission = admission_of("");
    struct json_value *object =
        world_tree("{\"metadata\":{\"uid\":\"mine\",\"generation\":9,\"deletionTimestamp\":\"x\"},\"spec\":{},"
                   "\"status\":{\"ready\":true}}");
    (void)state;
    assert_true(admit_body(&admission, object) && admit_create(&admission, object));
    const struct json_value *metadata = object_metadata(object);
    assert_has(metadata, "creationTimestamp", "\"1970-01-20T16:13:20Z\"");
    assert_has(metadata, "generation", "1");
    assert_has(metadata, "deletionTimestamp", "absent");
    assert_int_equal(object_meta_text(object, "uid").size, 36);
    assert_has(object, "status", "absent");
    assert_has(object, "spec", "{\"size\":3}");
    assert_non_null(json_get(metadata, "managedFields"));
}

static void uids_rise(void **state)
{
    char last[37] = "";
    (void)state;
    for (int i = 0; i < 10000; i++) { // more than a millisecond has numbers
        bytes_t uid = uid_text(&last_uid, &world.arena);
        assert_true(uid.data[14] == '7' && strchr("89ab", uid.data[19]) != NULL);
        assert_true(bytes_compare(bytes_of_text(last), uid) < 0);
        memcpy(last, uid.data, 36);
    }
}

static void a_name_is_made_where_none_is_given(void **state)
{
    struct admission admission = admission_of("");
    struct json_value *object = world_tree("{\"metadata\":{\"generateName\":\"base-\"}}");
    (void)state;
    admission.name = BYTES_LITERAL("");
    assert_true(admit_body(&admission, object) && admit_create(&admission, object));
    assert_int_equal(object_name(object).size, 10);
    assert_memory_equal(object_name(object).data, "base-", 5);
    object = world_tree("{}");
    assert_true(admit_body(&admission, object));
    assert_false(admit_create(&admission, object));
    assert_string_equal(said(),
                        "Thing.example.com \"\" is invalid: metadata.name: Required value: name or generateName "
                        "is required");
}

static void an_invalid_new_object_is_refused_with_all_causes(void **state)
{
    struct admission admission = admission_of("");
    struct json_value *object = world_tree("{\"metadata\":{\"labels\":{\"-\":\"x\"}},\"spec\":{\"size\":12}}");
    (void)state;
    assert_true(admit_body(&admission, object));
    assert_false(admit_create(&admission, object));
    assert_int_equal(problem.reason, PROBLEM_INVALID);
    assert_int_equal(problem.cause_count, 2);
    assert_true(bytes_is(problem.causes[0].field, "metadata.labels"));
    assert_true(bytes_is(problem.causes[1].field, "spec.size"));

    admission = admission_of("");
    object = world_tree("{\"metadata\":{\"resourceVersion\":\"4\"}}");
    assert_true(admit_body(&admission, object));
    assert_false(admit_create(&admission, object));
    assert_string_equal(said(), "resourceVersion should not be set on objects to be created");
}

// --- changes

// One object that was created and stands at version 7; METADATA: ",\"finalizers\":[...]" or "".
static struct json_value *live_with(const char *metadata)
{
    struct admission admission = admission_of("");
    struct json_value *live = world_tree(arena_format(
        &world.arena, "{\"metadata\":{\"name\":\"a\"%s},\"spec\":{\"size\":1,\"color\":\"red\"}}", metadata));
    assert_true(admit_body(&admission, live) && admit_create(&admission, live));
    json_set_text(object_metadata(live), &world.arena, "resourceVersion", "7");
    json_set(live, BYTES_LITERAL("status"), world_tree("{\"ready\":false}"));
    return live;
}

static enum write_action update_to(const char *subresource, const struct json_value *live, const char *body,
                                   struct json_value **ret_object)
{
    struct admission admission = admission_of(subresource);
    struct json_value *object = world_tree(body);
    *ret_object = NULL;
    assert_true(admit_body(&admission, object));
    return admit_update(&admission, live, object, ret_object);
}

static void an_update_changes_all_but_status_and_counts_a_generation(void **state)
{
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    assert_int_equal(update_to("", live,
                               "{\"metadata\":{\"uid\":\"\",\"generation\":70},\"spec\":{\"size\":2},\"status\":{"
                               "\"ready\":true}}",
                               &fresh),
                     WRITE_PUT);
    assert_has(fresh, "spec", "{\"size\":2}");
    assert_has(fresh, "status", "{\"ready\":false}");
    assert_int_equal(object_generation(fresh), 2);
    assert_true(bytes_equal(object_meta_text(fresh, "uid"), object_meta_text(live, "uid")));
    assert_int_equal(object_generation(live), 1);
}

static void a_change_of_metadata_or_status_is_no_new_generation(void **state)
{
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    assert_int_equal(update_to("", live,
                               "{\"metadata\":{\"labels\":{\"l\":\"1\"}},\"spec\":{\"size\":1,\"color\":\"red\"}}",
                               &fresh),
                     WRITE_PUT);
    assert_int_equal(object_generation(fresh), 1);
    assert_int_equal(update_to("status", live,
                               "{\"metadata\":{\"labels\":{\"l\":\"1\"}},\"spec\":{\"size\":5},\"status\":{\"ready\":"
                               "true}}",
                               &fresh),
                     WRITE_PUT);
    assert_int_equal(object_generation(fresh), 1);
    assert_has(fresh, "status", "{\"ready\":true}");
    assert_has(fresh, "spec", "{\"size\":1,\"color\":\"red\"}");
    assert_null(object_labels(fresh));
}

static void what_changes_nothing_is_not_written(void **state)
{
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    // The first update takes managedFields along, as clients do that read before they write.
    struct json_value *body = json_copy(&world.arena, live);
    assert_int_equal(update_to("", live, world_text(body), &fresh), WRITE_KEEP);
    assert_int_equal(update_to("status", live, world_text(body), &fresh), WRITE_KEEP);
    assert_int_equal(update_to("", live, "{\"spec\":{\"color\":\"red\",\"size\":1}}", &fresh), WRITE_KEEP);
}

static void preconditions_are_compared_with_what_is_there(void **state)
{
    static const struct {
        const char *metadata;
        enum write_action action;
    } cases[] = {
        { "{\"resourceVersion\":\"7\"}", WRITE_PUT },
        { "{\"resourceVersion\":\"0\"}", WRITE_PUT },
        { "{\"resourceVersion\":\"6\"}", WRITE_REFUSE },
        { "{\"uid\":\"another\"}", WRITE_REFUSE },
    };
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *body = arena_format(&world.arena, "{\"metadata\":%s,\"spec\":{\"size\":2}}", cases[i].metadata);
        assert_int_equal(update_to("", live, body, &fresh), cases[i].action);
        assert_int_equal(problem.reason, cases[i].action == WRITE_PUT ? PROBLEM_NONE : PROBLEM_CONFLICT);
    }
    assert_int_equal(update_to("", live, "{\"metadata\":{\"resourceVersion\":\"6\"}}", &fresh), WRITE_REFUSE);
    assert_string_equal(said(), "Operation cannot be fulfilled on things.example.com \"a\": the object has been "
                                "modified; please apply your changes to the latest version and try again");
}

static void an_invalid_update_is_refused(void **state)
{
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    assert_int_equal(update_to("", live, "{\"spec\":{\"size\":10}}", &fresh), WRITE_REFUSE);
    assert_int_equal(problem.reason, PROBLEM_INVALID);
    assert_int_equal(update_to("status", live, "{\"status\":{\"ready\":1}}", &fresh), WRITE_REFUSE);
    assert_int_equal(problem.reason, PROBLEM_INVALID);
}

// --- deletion

static enum write_action delete_it(struct json_value *live, enum propagation propagation, const char *uid,
                                   const char *version)
{
    struct admission admission = admission_of("");
    struct deletion deletion = { propagation, bytes_of_text(uid), bytes_of_text(version) };
    return admit_delete(&admission, live, &deletion);
}

static void an_object_that_nobody_holds_goes_at_once(void **state)
{
    struct json_value *live = live_with("");
    (void)state;
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "other", ""), WRITE_REFUSE);
    assert_int_equal(problem.reason, PROBLEM_CONFLICT);
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "", "6"), WRITE_REFUSE);
    assert_false(object_is_deleting(live));
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "", "7"), WRITE_REMOVE);
}

static void a_finalizer_holds_an_object_until_the_last_one_is_gone(void **state)
{
    struct json_value *live = live_with(",\"finalizers\":[\"x.io/a\",\"x.io/b\"]"), *fresh;
    (void)state;
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "", ""), WRITE_PUT);
    assert_has(object_metadata(live), "deletionTimestamp", "\"1970-01-20T16:13:20Z\"");
    assert_has(object_metadata(live), "deletionGracePeriodSeconds", "0");
    assert_int_equal(object_generation(live), 2);
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "", ""), WRITE_KEEP);

    assert_int_equal(update_to("", live, "{\"metadata\":{\"finalizers\":[\"x.io/a\",\"x.io/c\"]}}", &fresh),
                     WRITE_REFUSE);
    assert_string_equal(said(), "Thing.example.com \"a\" is invalid: metadata.finalizers: Forbidden: no new finalizers "
                                "can be added if the object is being deleted");
    assert_int_equal(update_to("", live, "{\"metadata\":{\"finalizers\":[\"x.io/b\"]}}", &fresh), WRITE_PUT);
    assert_true(object_is_deleting(fresh));
    assert_int_equal(update_to("", fresh, "{\"metadata\":{}}", &fresh), WRITE_REMOVE);
}

static void propagation_is_a_finalizer_of_the_collector(void **state)
{
    struct json_value *live = live_with("");
    (void)state;
    assert_int_equal(delete_it(live, PROPAGATION_FOREGROUND, "", ""), WRITE_PUT);
    assert_has(object_metadata(live), "finalizers", "[\"foregroundDeletion\"]");
    assert_int_equal(delete_it(live, PROPAGATION_FOREGROUND, "", ""), WRITE_KEEP);
    assert_int_equal(delete_it(live, PROPAGATION_ORPHAN, "", ""), WRITE_PUT);
    assert_has(object_metadata(live), "finalizers", "[\"orphan\"]");
    assert_int_equal(delete_it(live, PROPAGATION_BACKGROUND, "", ""), WRITE_REMOVE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

// --- what rules inspect

static void never_right(struct field_errors *errors, const struct json_value *object)
{
    (void)object;
    field_error_add(errors, FIELD_INVALID, BYTES_LITERAL("spec.size"), BYTES_NULL, BYTES_LITERAL("never right"));
}

static void what_was_taken_once_is_not_inspected_again(void **state)
{
    static const struct kind_rules strict = { .inspect = never_right };
    static const struct {
        const char *subresource, *body;
        bool is_asked_for;
    } rows[] = {
        { "", "{\"metadata\":{\"labels\":{\"a\":\"b\"}},\"spec\":{\"size\":1,\"color\":\"red\"}}", false },
        { "status", "{\"spec\":{\"size\":2},\"status\":{\"ready\":true}}", false },
        { "", "{\"spec\":{\"size\":2}}", true },
        { "", "{\"spec\":{\"size\":\"big\"}}", true },
        { "", "{\"metadata\":{\"annotations\":{\"a\":\"b\"}},\"spec\":{\"size\":1,\"color\":\"red\"}}", true },
    };
    struct json_value *live = live_with(""), *fresh;
    (void)state;
    world.things->rules = &strict;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum write_action action = update_to(rows[i].subresource, live, rows[i].body, &fresh);
        assert_int_equal(action == WRITE_REFUSE, rows[i].is_asked_for);
        if (rows[i].is_asked_for)
            assert_string_equal(said(), "Thing.example.com \"a\" is invalid: spec.size: Invalid value: never right");
    }
    world.things->rules = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fills_what_the_path_tells),
        TEST(refuses_a_body_that_is_for_another_path),
        TEST(bounds_how_deep_an_object_is),
        TEST(strict_decoding_tells_all_that_is_wrong),
        TEST(other_decoding_warns_or_is_silent_and_prunes),
        TEST(a_new_object_gets_the_fields_of_the_server_and_no_others),
        TEST(uids_rise),
        TEST(a_name_is_made_where_none_is_given),
        TEST(an_invalid_new_object_is_refused_with_all_causes),
        TEST(an_update_changes_all_but_status_and_counts_a_generation),
        TEST(a_change_of_metadata_or_status_is_no_new_generation),
        TEST(what_changes_nothing_is_not_written),
        TEST(preconditions_are_compared_with_what_is_there),
        TEST(an_invalid_update_is_refused),
        TEST(an_object_that_nobody_holds_goes_at_once),
        TEST(a_finalizer_holds_an_object_until_the_last_one_is_gone),
        TEST(propagation_is_a_finalizer_of_the_collector),
        TEST(what_was_taken_once_is_not_inspected_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
