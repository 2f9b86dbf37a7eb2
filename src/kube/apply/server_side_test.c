// SPDX-License-Identifier: Apache-2.0
// What golden_test does not reach: the exact texts of a Status, limits, and what a damaged object does.
#include "kube/apply/server_side.h"

#include "kube/apply/testing_schema.h"

static const char *const version = "eventing.knative.dev/v1";

struct outcome {
    err_t err;
    struct json_value *object;
    struct apply_conflicts conflicts;
    diag_t diag;
};

static struct apply_scope scope_at(int64_t now_s)
{
    return (struct apply_scope){ .api_version = bytes_of_text(version), .now_s = now_s };
}

static struct outcome applied(struct arena *arena, const struct json_value *live, const char *config,
                              const char *manager, bool force)
{
    struct apply_scope scope = scope_at(1600000000);
    struct outcome outcome = { 0 };
    outcome.err = server_side_apply(&scope, live, tree(arena, config), bytes_of_text(manager), force, arena,
                                    &outcome.object, &outcome.conflicts, &outcome.diag);
    return outcome;
}

static struct json_value *created(struct arena *arena, const char *object, const char *manager)
{
    struct apply_scope scope = scope_at(1500000000);
    struct json_value *fresh = tree(arena, object);
    assert_int_equal(managed_update(&scope, NULL, fresh, bytes_of_text(manager), arena, NULL), ERR_OK);
    return fresh;
}

static void a_conflict_says_who_and_where(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *live =
        created(&arena, "{\"spec\":{\"broker\":\"a\",\"list\":[1]}}", "kubectl-client-side-apply");
    struct outcome outcome = applied(&arena, live, "{\"spec\":{\"broker\":\"b\"}}", "x", false);
    assert_int_equal(outcome.err, ERR_CONFLICT);
    assert_null(outcome.object);
    assert_string_equal(arena_text(&arena, outcome.conflicts.message),
                        "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using "
                        "eventing.knative.dev/v1: .spec.broker");
    assert_string_equal(
        text_of(&arena, apply_conflict_causes(&outcome.conflicts, &arena)),
        "[{\"reason\":\"FieldManagerConflict\",\"message\":\"conflict with \\\"kubectl-client-side-apply\\\" "
        "using eventing.knative.dev/v1\",\"field\":\".spec.broker\"}]");
    outcome = applied(&arena, live, "{\"spec\":{\"broker\":\"b\",\"list\":[]}}", "x", false);
    assert_string_equal(arena_text(&arena, outcome.conflicts.message),
                        "Apply failed with 2 conflicts: conflicts with \"kubectl-client-side-apply\" using "
                        "eventing.knative.dev/v1:\n- .spec.broker\n- .spec.list");
    arena_free(&arena);
}

static void an_apply_creates(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct outcome outcome =
        applied(&arena, NULL, "{\"apiVersion\":\"v\",\"kind\":\"K\",\"metadata\":{\"name\":\"n\"},\"spec\":{\"a\":1}}",
                "m", false);
    assert_int_equal(outcome.err, ERR_OK);
    assert_string_equal(
        text_of(&arena, outcome.object),
        "{\"apiVersion\":\"v\",\"kind\":\"K\",\"metadata\":{\"name\":\"n\",\"managedFields\":[{\"apiVersion\":"
        "\"eventing.knative.dev/v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:spec\":{\".\":{},\"f:a\":{}}},"
        "\"manager\":\"m\",\"operation\":\"Apply\",\"time\":\"2020-09-13T12:26:40Z\"}]},\"spec\":{\"a\":1}}");
    arena_free(&arena);
}

static void the_same_again_changes_nothing(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *config = "{\"metadata\":{\"name\":\"n\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"a\":[1,2],\"b\":{}}}";
    struct json_value *live = applied(&arena, NULL, config, "m", false).object;
    struct apply_scope later = scope_at(1700000000);
    struct json_value *again;
    struct apply_conflicts conflicts;
    assert_int_equal(server_side_apply(&later, live, tree(&arena, config), BYTES_LITERAL("m"), false, &arena, &again,
                                       &conflicts, NULL),
                     ERR_OK);
    assert_string_equal(text_of(&arena, again), text_of(&arena, live));
    arena_free(&arena);
}

static void a_manager_that_wants_nothing_is_forgotten(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *live = applied(&arena, NULL, "{\"metadata\":{\"name\":\"n\"},\"x\":1}", "m", false).object;
    struct outcome outcome = applied(&arena, live, "{\"metadata\":{\"name\":\"n\"}}", "m", false);
    assert_int_equal(outcome.err, ERR_OK);
    assert_string_equal(text_of(&arena, outcome.object), "{\"metadata\":{\"name\":\"n\"}}");
    arena_free(&arena);
}

static void what_is_refused_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *live, *config;
        err_t err;
        const char *where;
    } rows[] = {
        { "{}", "{\"metadata\":{\"managedFields\":[]}}", ERR_INVALID, "metadata.managedFields" },
        { "{\"metadata\":{\"managedFields\":[1]}}", "{}", ERR_MALFORMED, "metadata.managedFields" },
        { "{}", "{\"metadata\":{\"labels\":{\"a\":1}}}", ERR_INVALID, ".metadata.labels.a" },
        { "{\"metadata\":{\"finalizers\":[null]}}", "{\"metadata\":{\"finalizers\":[\"a\"]}}", ERR_INVALID, "" },
        // Somebody wrote into managedFields that a manager applied the whole object.
        { "{\"kind\":\"K\",\"metadata\":{\"managedFields\":[{\"manager\":\"m\",\"operation\":\"Apply\",\"apiVersion\":"
          "\"eventing.knative.dev/v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:kind\":{},\"f:metadata\":{}}}]}}",
          "{}", ERR_INVALID, "" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct outcome outcome = applied(&arena, tree(&arena, rows[i].live), rows[i].config, "m", true);
        assert_int_equal(outcome.err, rows[i].err);
        assert_null(outcome.object);
        assert_string_equal(outcome.diag.where, rows[i].where);
        assert_string_not_equal(outcome.diag.text, "");
        arena_free(&arena);
    }
}

static void managers_have_a_limit(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *live = tree(&arena, "{\"metadata\":{\"managedFields\":[]},\"x\":1}");
    struct json_value *list = json_find(json_find(live, BYTES_LITERAL("metadata")), BYTES_LITERAL("managedFields"));
    for (int i = 0; i < MANAGED_ENTRIES_MAX; i++) {
        json_append(list, tree(&arena, arena_format(&arena,
                                                    "{\"manager\":\"m%d\",\"operation\":\"Apply\",\"apiVersion\":"
                                                    "\"%s\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:x\":{}}}",
                                                    i, version)));
    }
    assert_int_equal(applied(&arena, live, "{\"x\":1}", "m1", false).err, ERR_OK);
    assert_int_equal(applied(&arena, live, "{\"x\":1}", "new", false).err, ERR_LIMIT);
    arena_free(&arena);
}

// The deepest object that can be owned can also be written, in a list in a table.
static void a_deep_object_can_be_written(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *config = json_new_int(&arena, 1);
    for (int i = 0; i < FIELD_PATH_MAX; i++) {
        struct json_value *outer = json_new(&arena, JSON_OBJECT);
        json_set(outer, BYTES_LITERAL("o"), config);
        config = outer;
    }
    struct outcome outcome = applied(&arena, NULL, text_of(&arena, config), "m", false);
    assert_int_equal(outcome.err, ERR_OK);
    struct json_value *outer = outcome.object;
    for (int i = 0; i < 6; i++) {
        struct json_value *list = json_new(&arena, JSON_ARRAY);
        json_append(list, outer);
        outer = list;
    }
    assert_non_null(strstr(text_of(&arena, outer), "\"f:o\":{}"));
    struct json_value *deeper = json_new(&arena, JSON_OBJECT);
    json_set(deeper, BYTES_LITERAL("o"), config);
    assert_int_equal(applied(&arena, NULL, text_of(&arena, deeper), "m", false).err, ERR_TOO_LARGE);
    arena_free(&arena);
}

// kubectl 1.26 and later: apply, then a JSON patch that makes the entry of client-side apply its own, then apply again.
static void kubectl_migrates_from_client_side_apply(void **state)
{
    (void)state;
    static const char *const config = "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"broker\":\"a\"}}";
    struct arena arena = ARENA_INIT;
    struct apply_scope scope = scope_at(1600000001);
    struct json_value *live = created(&arena, "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"broker\":\"a\",\"old\":1}}",
                                      "kubectl-client-side-apply");
    live = applied(&arena, live, config, "kubectl", true).object;
    json_set_text(json_set_object(live, &arena, "metadata"), &arena, "uid", "u");
    struct json_value *patched = json_copy(&arena, live);
    struct json_value *entry =
        json_find(json_find(patched, BYTES_LITERAL("metadata")), BYTES_LITERAL("managedFields"))->last;
    assert_true(bytes_is(json_find(entry, BYTES_LITERAL("manager"))->text, "kubectl-client-side-apply"));
    json_detach(json_find(json_find(patched, BYTES_LITERAL("metadata")), BYTES_LITERAL("managedFields"))->first);
    json_set_text(entry, &arena, "manager", "kubectl");
    json_set_text(entry, &arena, "operation", "Apply");
    assert_int_equal(managed_update(&scope, live, patched, BYTES_LITERAL("kubectl"), &arena, NULL), ERR_OK);
    struct outcome outcome = applied(&arena, patched, config, "kubectl", true);
    assert_int_equal(outcome.err, ERR_OK);
    assert_string_equal(text_of(&arena, json_get(outcome.object, "spec")), "{\"broker\":\"a\"}");
    assert_int_equal(json_get(json_get(outcome.object, "metadata"), "managedFields")->count, 1);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conflict_says_who_and_where),  cmocka_unit_test(an_apply_creates),
        cmocka_unit_test(the_same_again_changes_nothing), cmocka_unit_test(a_manager_that_wants_nothing_is_forgotten),
        cmocka_unit_test(what_is_refused_says_why),       cmocka_unit_test(managers_have_a_limit),
        cmocka_unit_test(a_deep_object_can_be_written),   cmocka_unit_test(kubectl_migrates_from_client_side_apply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
