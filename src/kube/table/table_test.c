// SPDX-License-Identifier: Apache-2.0
#include "kube/table/table.h"

#include "base/assert.h"
#include "base/json_edit.h"

#include "base/test.h"

// 2026-11-22T09:19:33Z
#define NOW_MS INT64_C(1795339173000)

static const char columns_of_every_type[] =
    "[{\"name\":\"Broker\",\"type\":\"string\",\"jsonPath\":\".spec.broker\"},{\"name\":\"Ready\",\"type\":\"string\","
    "\"jsonPath\":\".status.conditions[\?(@.type==\\\"Ready\\\")].status\",\"description\":\"is "
    "it\?\",\"priority\":0},{\"name\":\"N\",\"type\":\"integer\",\"jsonPath\":\".spec.n\",\"format\":\"int32\"},{"
    "\"name\":\"F\",\"type\":\"number\",\"jsonPath\":\".spec.f\"},{\"name\":\"B\",\"type\":\"boolean\",\"jsonPath\":\"."
    "spec.b\",\"priority\":1},{\"name\":\"Obj\",\"type\":\"string\",\"jsonPath\":\".spec.obj\"},{\"name\":\"List\","
    "\"type\":\"string\",\"jsonPath\":\".spec.list[*]\"},{\"name\":\"Odd\",\"type\":\"password\",\"jsonPath\":\".spec."
    "n\"},{\"name\":\"When\",\"type\":\"date\",\"jsonPath\":\".spec.when\"}]";

// Objects and the cells that kube-apiserver 1.33 makes of them (its table convertor, run).
static const struct {
    const char *object, *cells;
} cases[] = {
    { "{\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{\"broker\":"
      "\"default\",\"n\":5,\"f\":1.5,\"b\":true,\"obj\":{\"b\":[1,\"x\"],\"a\":\"<\"},\"list\":[\"p\",\"q\"],\"when\":"
      "\"not a date\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}",
      "[\"t1\",\"default\",\"True\",5,1.5,true,\"{\\\"a\\\":\\\"\\\\u003c\\\",\\\"b\\\":[1,\\\"x\\\"]}\",\"p\",null,\"<"
      "invalid>\"]" },
    { "{\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{}}",
      "[\"t1\",null,null,null,null,null,null,null,null,null]" },
    { "{\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{\"broker\":null,"
      "\"n\":1.9,\"f\":3,\"b\":\"true\",\"obj\":5,\"list\":[],\"when\":\"\"}}",
      "[\"t1\",\"<no value>\",null,1,3,null,\"5\",null,null,\"<unknown>\"]" },
    { "{\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{\"broker\":7,"
      "\"n\":\"5\",\"f\":\"x\",\"b\":null,\"obj\":true,\"list\":[{\"a\":1}],\"when\":5},\"status\":{\"conditions\":{"
      "\"type\":\"Ready\"}}}",
      "[\"t1\",\"7\",null,null,null,null,\"true\",\"{\\\"a\\\":1}\",null,null]" },
    { "{\"metadata\":{\"name\":\"t1\",\"namespace\":\"default\",\"resourceVersion\":\"7\"},\"spec\":{\"broker\":"
      "\"a\\\"b\\n\",\"n\":-3.9,\"f\":1e+21,\"obj\":1.5,\"list\":\"text\",\"when\":\"null\"},\"status\":{"
      "\"conditions\":[{\"type\":\"Other\"},{\"type\":\"Ready\"}]}}",
      "[\"t1\",\"a\\\"b\\n\",null,-3,1e+21,null,\"1.5\",null,null,\"<unknown>\"]" },
};

static struct json_value *parsed(struct arena *arena, const char *text)
{
    static const struct json_limits limits = { .size = 1 << 20, .values = 100000 };
    struct json_value *value = NULL;
    err_t err = json_parse(bytes_of_text(text), &limits, arena, &value, NULL);
    if (err != ERR_OK)
        fail_msg("not JSON: %s", text);
    return value;
}

static const struct table_columns *compiled(struct arena *arena, const char *columns)
{
    const char *wrong;
    const struct table_columns *made =
        table_columns_compile(columns == NULL ? NULL : parsed(arena, columns), arena, &wrong);
    assert_null(wrong);
    return made;
}

static const char *table_text(struct arena *arena, const struct table_columns *columns,
                              const struct table_options *options, const char *value)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    table_write(&json, columns, options, parsed(arena, value));
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void expect_equal(struct arena *arena, const struct json_value *value, const char *json)
{
    if (json_equal(value, parsed(arena, json)))
        return;
    struct writer out = WRITER_INIT;
    struct json_writer writer = json_writer_of(&out);
    json_value_write(&writer, value);
    fail_msg("%.*s instead of %s", BYTES_ARG(writer_view(&out)), json);
}

static void cells_are_those_of_kube_apiserver(void **state)
{
    (void)state;
    const struct table_options options = { .version = "v1", .now_ms = NOW_MS };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = ARENA_INIT;
        const char *text = table_text(&arena, compiled(&arena, columns_of_every_type), &options, cases[i].object);
        expect_equal(&arena, json_get(json_at(json_get(parsed(&arena, text), "rows"), 0), "cells"), cases[i].cells);
        arena_free(&arena);
    }
}

static const char trigger_columns[] =
    "[{\"name\":\"Broker\",\"type\":\"string\",\"jsonPath\":\".spec.broker\"},"
    "{\"name\":\"Age\",\"type\":\"date\",\"jsonPath\":\".metadata.creationTimestamp\"},"
    "{\"name\":\"Ready\",\"type\":\"string\",\"jsonPath\":\".status.conditions[\?(@.type==\\\"Ready\\\")].status\","
    "\"priority\":1}]";
static const char list[] =
    "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"x\","
    "\"remainingItemCount\":3,\"other\":1},\"items\":[{\"kind\":\"T\",\"metadata\":{\"name\":\"t1\",\"labels\":{\"a\":"
    "\"b\"},"
    "\"creationTimestamp\":\"2026-11-22T09:09:56Z\"},\"spec\":{\"broker\":\"default\"}},{\"kind\":\"T\",\"metadata\":{"
    "\"name\":\"t2\"}}]}";

static void a_list_becomes_a_table(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct table_options options = { .version = "v1", .now_ms = NOW_MS };
    struct json_value *table = parsed(&arena, table_text(&arena, compiled(&arena, trigger_columns), &options, list));
    struct json_value *definitions = json_find(table, BYTES_LITERAL("columnDefinitions"));
    assert_int_equal(definitions->count, 4);
    json_unset(json_at(definitions, 0), BYTES_LITERAL("description"));
    json_unset(table, BYTES_LITERAL("columnDefinitions"));
    expect_equal(&arena, json_at(definitions, 0),
                 "{\"name\":\"Name\",\"type\":\"string\",\"format\":\"name\",\"priority\":0}");
    expect_equal(
        &arena, json_at(definitions, 3),
        "{\"name\":\"Ready\",\"type\":\"string\",\"format\":\"\",\"description\":\"Custom resource definition column "
        "(in JSONPath format): .status.conditions[\?(@.type==\\\"Ready\\\")].status\",\"priority\":1}");
    expect_equal(
        &arena, table,
        "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/"
        "v1\",\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"x\","
        "\"remainingItemCount\":3},\"rows\":[{\"cells\":[\"t1\",\"default\",\"9m37s\",null],\"object\":{\"kind\":"
        "\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/"
        "v1\",\"metadata\":{\"name\":\"t1\",\"labels\":{\"a\":\"b\"},"
        "\"creationTimestamp\":\"2026-11-22T09:09:56Z\"}}},{\"cells\":[\"t2\",null,null,null],\"object\":{\"kind\":"
        "\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"t2\"}}}]}");
    arena_free(&arena);
}

static void a_watch_event_has_one_row_and_no_headers(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct table_options options = { .version = "v1beta1", .include = TABLE_INCLUDE_NONE, .no_headers = true };
    const char *object = "{\"metadata\":{\"name\":\"t\",\"resourceVersion\":\"4\"}}";
    assert_string_equal(
        table_text(&arena, compiled(&arena, trigger_columns), &options, object),
        "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1beta1\",\"metadata\":{\"resourceVersion\":\"4\"},"
        "\"columnDefinitions\":null,\"rows\":[{\"cells\":[\"t\",null,null,null],\"object\":null}]}");
    arena_free(&arena);
}

static void the_whole_object_goes_along_when_asked_for(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct table_options options = { .version = "v1" };
    assert_true(table_include_of(BYTES_LITERAL("Object"), &options.include));
    const char *object = "{\"metadata\":{\"name\":\"t\"},\"spec\":{\"a\":[1]}}";
    struct json_value *table = parsed(&arena, table_text(&arena, compiled(&arena, NULL), &options, object));
    expect_equal(&arena, json_get(json_at(json_get(table, "rows"), 0), "object"), object);
    assert_true(table_include_of(BYTES_LITERAL(""), &options.include));
    assert_int_equal(options.include, TABLE_INCLUDE_METADATA);
    assert_false(table_include_of(BYTES_LITERAL("metadata"), &options.include));
    arena_free(&arena);
}

// An object as deep as a text may be is deeper within a table than what is written may be.
static void an_object_that_is_too_deep_is_left_out(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct table_options options = { .version = "v1", .include = TABLE_INCLUDE_OBJECT };
    const char *value = "1";
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        value = arena_format(&arena, "[%s]", value);
    const char *object = arena_format(&arena, "{\"spec\":%s}", value);
    struct json_value *table = parsed(&arena, table_text(&arena, compiled(&arena, NULL), &options, object));
    assert_int_equal(json_get(json_at(json_get(table, "rows"), 0), "object")->type, JSON_NULL);
    arena_free(&arena);
}

static void kinds_without_columns_show_their_age(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const struct table_options options = { .version = "v1", .now_ms = NOW_MS };
    const char *object = "{\"metadata\":{\"name\":\"t\",\"creationTimestamp\":\"2026-11-22T09:19:31Z\"}}";
    struct json_value *table = parsed(&arena, table_text(&arena, compiled(&arena, "[]"), &options, object));
    expect_equal(&arena, json_get(json_at(json_get(table, "rows"), 0), "cells"), "[\"t\",\"2s\"]");
    bytes_t name;
    assert_true(json_get_text(json_get(json_at(json_get(table, "columnDefinitions"), 1), "name"), &name));
    assert_true(bytes_is(name, "Age"));
    arena_free(&arena);
}

static void a_bad_path_ends_the_columns(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *wrong;
    const struct table_options options = { .version = "v1" };
    const struct table_columns *columns = table_columns_compile(
        parsed(&arena,
               "[{\"name\":\"A\",\"type\":\"string\",\"jsonPath\":\".a\"},{\"name\":\"B\",\"jsonPath\":\".x[\"},"
               "{\"name\":\"C\",\"type\":\"string\",\"jsonPath\":\".a\"}]"),
        &arena, &wrong);
    assert_string_equal(wrong, "unrecognized column definition \".x[\"");
    struct json_value *table =
        parsed(&arena, table_text(&arena, columns, &options, "{\"metadata\":{\"name\":\"t\"},\"a\":\"b\"}"));
    expect_equal(&arena, json_get(json_at(json_get(table, "rows"), 0), "cells"), "[\"t\",\"b\"]");
    arena_free(&arena);
}

static void metadata_alone_is_written(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_array_begin(&json);
    partial_metadata_write(&json, parsed(&arena, "{\"metadata\":{\"name\":\"t\"},\"spec\":1}"), "v1");
    partial_metadata_write(&json, parsed(&arena, list), "v1");
    json_array_end(&json);
    struct json_value *both = parsed(&arena, arena_text(&arena, writer_view(&out)));
    expect_equal(
        &arena, json_at(both, 0),
        "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"name\":\"t\"}}");
    expect_equal(&arena, json_get(json_at(both, 1), "metadata"),
                 "{\"resourceVersion\":\"9\",\"continue\":\"x\",\"remainingItemCount\":3}");
    assert_int_equal(json_get(json_at(both, 1), "items")->count, 2);
    writer_free(&out);
    arena_free(&arena);
}

static void ready_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    (void)object;
    writer_format(to, "0/1 at %lld", (long long)now_ms);
}

static void a_kind_writes_cells_that_no_path_can_say(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    const struct table_columns *columns =
        compiled(&arena, "[{\"name\":\"Ready\",\"type\":\"string\",\"jsonPath\":\".a\"},"
                         "{\"name\":\"A\",\"type\":\"string\",\"jsonPath\":\".a\"}]");
    static const struct table_cell cells[] = { { "Ready", ready_cell }, { NULL, NULL } };
    struct table_options options = { .version = "v1", .now_ms = 5, .cells = cells };
    table_write(&json, columns, &options, parsed(&arena, "{\"metadata\":{\"name\":\"t\"},\"a\":\"x\"}"));
    struct json_value *table = parsed(&arena, arena_text(&arena, writer_view(&out)));
    expect_equal(&arena, json_get(json_at(json_get(table, "rows"), 0), "cells"), "[\"t\",\"0/1 at 5\",\"x\"]");
    writer_free(&out);
    arena_free(&arena);
}

static void a_column_of_the_format_name_takes_the_place_of_the_first(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    const struct table_columns *columns =
        compiled(&arena, "[{\"name\":\"A\",\"type\":\"string\",\"jsonPath\":\".a\"},{\"name\":\"Name\",\"type\":"
                         "\"string\",\"format\":\"name\",\"jsonPath\":\".metadata.name\"}]");
    struct table_options options = { .version = "v1" };
    table_write(&json, columns, &options, parsed(&arena, "{\"metadata\":{\"name\":\"t\"},\"a\":\"x\"}"));
    struct json_value *table = parsed(&arena, arena_text(&arena, writer_view(&out)));
    assert_int_equal(json_get(table, "columnDefinitions")->count, 2);
    expect_equal(&arena, json_get(json_at(json_get(table, "rows"), 0), "cells"), "[\"x\",\"t\"]");
    writer_free(&out);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_those_of_kube_apiserver),
        cmocka_unit_test(a_list_becomes_a_table),
        cmocka_unit_test(a_watch_event_has_one_row_and_no_headers),
        cmocka_unit_test(the_whole_object_goes_along_when_asked_for),
        cmocka_unit_test(an_object_that_is_too_deep_is_left_out),
        cmocka_unit_test(kinds_without_columns_show_their_age),
        cmocka_unit_test(a_bad_path_ends_the_columns),
        cmocka_unit_test(metadata_alone_is_written),
        cmocka_unit_test(a_kind_writes_cells_that_no_path_can_say),
        cmocka_unit_test(a_column_of_the_format_name_takes_the_place_of_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
