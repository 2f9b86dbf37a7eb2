// SPDX-License-Identifier: Apache-2.0
// What golden_test does not reach: limits, times, and what is no managedFields.
#include "kube/apply/managed.h"

#include "kube/apply/testing.h"

static const char *const entry_of_b = "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"f:x\":{}},"
                                      "\"manager\":\"b\",\"operation\":\"Update\","
                                      "\"time\":\"2020-01-01T00:00:00Z\"}";

static struct json_value *with_entries(struct arena *arena, const char *entries)
{
    return tree(arena, arena_format(arena, "{\"metadata\":{\"managedFields\":[%s]},\"x\":1}", entries));
}

static struct apply_scope scope_at(int64_t now_s)
{
    return (struct apply_scope){ .api_version = BYTES_LITERAL("v1"), .now_s = now_s };
}

static void entries_are_written_in_order(void **state)
{
    (void)state;
    static const char *const sorted =
        "{\"metadata\":{\"managedFields\":["
        "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{},\"manager\":\"z\",\"operation\":\"Apply\"},"
        "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{},\"manager\":\"z\",\"operation\":\"Apply\","
        "\"subresource\":\"status\",\"time\":\"2020-01-01T00:00:05Z\"},"
        "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{},\"operation\":\"Update\","
        "\"time\":\"2019-12-31T23:59:59Z\"},"
        "{\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{},\"manager\":\"a\",\"operation\":\"Update\","
        "\"time\":\"2020-01-01T00:00:00Z\"},"
        "{\"apiVersion\":\"v2\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{},\"manager\":\"a\",\"operation\":\"Update\","
        "\"time\":\"2020-01-01T00:00:00Z\"}]}}";
    static const char *const mixed =
        "{\"metadata\":{\"managedFields\":["
        "{\"manager\":\"a\",\"operation\":\"Update\",\"apiVersion\":\"v2\",\"time\":\"2020-01-01T00:00:00.9Z\","
        "\"fieldsType\":\"FieldsV1\",\"subresource\":\"\"},"
        "{\"manager\":\"a\",\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"2020-01-01T02:00:00+02:00\","
        "\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{}},"
        "{\"operation\":\"Update\",\"apiVersion\":\"v1\",\"time\":\"2019-12-31T23:59:59Z\",\"fieldsType\":\"FieldsV1\"}"
        ","
        "{\"manager\":\"z\",\"operation\":\"Apply\",\"apiVersion\":\"v0\",\"time\":\"2020-01-01T00:00:05Z\","
        "\"fieldsType\":\"FieldsV1\",\"subresource\":\"status\"},"
        "{\"manager\":\"z\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"time\":null},"
        "{\"manager\":\"z\",\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"time\":\"2020-01-01T00:00:05Z\","
        "\"fieldsType\":\"FieldsV1\",\"subresource\":\"status\"}]}}";
    struct arena arena = ARENA_INIT;
    struct managed managed;
    assert_int_equal(managed_decode(tree(&arena, mixed), &arena, &managed, NULL), ERR_OK);
    struct json_value *object = json_new(&arena, JSON_OBJECT);
    managed_encode(&managed, object);
    assert_string_equal(text_of(&arena, object), sorted);
    arena_free(&arena);
}

static void what_is_no_entry_is_refused(void **state)
{
    (void)state;
    static const char *const entries[] = {
        "1",
        "{\"operation\":\"Create\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\"}",
        "{\"operation\":\"Apply\",\"fieldsType\":\"FieldsV1\"}",
        "{\"operation\":\"Apply\",\"apiVersion\":\"v1\"}",
        "{\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV2\"}",
        "{\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"time\":\"now\"}",
        "{\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"manager\":1}",
        "{\"operation\":\"Apply\",\"apiVersion\":\"v1\",\"fieldsType\":\"FieldsV1\",\"fieldsV1\":{\"x\":{}}}",
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct managed managed;
        diag_t diag = { 0 };
        assert_int_equal(managed_decode(with_entries(&arena, entries[i]), &arena, &managed, &diag), ERR_MALFORMED);
        assert_string_not_equal(diag.text, "");
        // In an update it is as if it were not there: what the object had counts.
        struct json_value *old = with_entries(&arena, entry_of_b), *fresh = with_entries(&arena, entries[i]);
        struct apply_scope scope = scope_at(1);
        assert_int_equal(managed_update(&scope, old, fresh, BYTES_LITERAL("c"), &arena, NULL), ERR_OK);
        assert_string_equal(text_of(&arena, fresh), text_of(&arena, with_entries(&arena, entry_of_b)));
        arena_free(&arena);
    }
}

static void entries_have_a_limit(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *object = with_entries(&arena, "");
    struct json_value *list = json_find(json_find(object, BYTES_LITERAL("metadata")), BYTES_LITERAL("managedFields"));
    struct managed managed;
    for (int i = 0; i < MANAGED_ENTRIES_MAX; i++) {
        json_append(list, tree(&arena, arena_format(&arena,
                                                    "{\"manager\":\"m%d\",\"operation\":\"Apply\",\"apiVersion\":"
                                                    "\"v1\",\"fieldsType\":\"FieldsV1\"}",
                                                    i)));
    }
    assert_int_equal(managed_decode(object, &arena, &managed, NULL), ERR_OK);
    assert_int_equal(managed.count, MANAGED_ENTRIES_MAX);
    json_append(list, tree(&arena, entry_of_b));
    assert_int_equal(managed_decode(object, &arena, &managed, NULL), ERR_TOO_LARGE);
    arena_free(&arena);
}

static void an_update_that_changes_nothing_owns_nothing(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct apply_scope scope = scope_at(1600000000);
    struct json_value *old = with_entries(&arena, entry_of_b), *fresh = tree(&arena, "{\"metadata\":{},\"x\":1.0}");
    assert_int_equal(managed_update(&scope, old, fresh, BYTES_LITERAL("c"), &arena, NULL), ERR_OK);
    assert_true(json_equal(old, fresh));
    arena_free(&arena);
}

static void an_object_of_no_managers_stays_so(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct apply_scope scope = scope_at(1);
    struct json_value *old = tree(&arena, "{\"metadata\":{\"uid\":\"u\"},\"x\":1}");
    struct json_value *fresh = tree(&arena, "{\"metadata\":{\"uid\":\"u\"},\"x\":2}");
    assert_int_equal(managed_update(&scope, old, fresh, BYTES_LITERAL("c"), &arena, NULL), ERR_OK);
    assert_string_equal(text_of(&arena, fresh), "{\"metadata\":{\"uid\":\"u\"},\"x\":2}");
    arena_free(&arena);
}

// Kubernetes keeps no book of an object that it cannot look into.
static void an_object_that_cannot_be_compared_has_no_managers(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct apply_scope scope = scope_at(1);
    struct json_value *old = with_entries(&arena, entry_of_b);
    struct json_value *fresh = tree(&arena, "{\"metadata\":{\"finalizers\":[null]},\"x\":1}");
    diag_t diag = { 0 };
    assert_int_equal(managed_update(&scope, old, fresh, BYTES_LITERAL("c"), &arena, &diag), ERR_INVALID);
    assert_string_equal(text_of(&arena, fresh), "{\"metadata\":{\"finalizers\":[null]},\"x\":1}");
    assert_string_not_equal(diag.text, "");
    arena_free(&arena);
}

static void times_alone_are_no_change(void **state)
{
    (void)state;
    static const struct {
        const char *change_from, *change_to;
        bool kept;
    } rows[] = {
        { "2020", "2021", true },
        { "\"f:x\"", "\"f:y\"", false },
        { "\"x\":1", "\"x\":2", false },
        { "\"b\"", "\"c\"", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct json_value *old = with_entries(&arena, entry_of_b);
        const char *text = text_of(&arena, old), *at = strstr(text, rows[i].change_from);
        const char *changed = arena_format(&arena, "%.*s%s%s", (int)(at - text), text, rows[i].change_to,
                                           at + strlen(rows[i].change_from));
        struct json_value *fresh = tree(&arena, changed);
        assert_int_equal(managed_keep_times(old, fresh, &arena), rows[i].kept);
        assert_string_equal(text_of(&arena, fresh), rows[i].kept ? text : changed);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_written_in_order),
        cmocka_unit_test(what_is_no_entry_is_refused),
        cmocka_unit_test(entries_have_a_limit),
        cmocka_unit_test(an_update_that_changes_nothing_owns_nothing),
        cmocka_unit_test(an_object_of_no_managers_stays_so),
        cmocka_unit_test(an_object_that_cannot_be_compared_has_no_managers),
        cmocka_unit_test(times_alone_are_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
