// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/json_format.h"
#include "cloudevents/testing.h"

static struct cloudevent event_of(const char *json, struct arena *arena)
{
    struct cloudevent event;
    diag_t diag;
    if (cloudevent_json_decode(bytes_of_text(json), arena, &event, &diag) != ERR_OK)
        fail_msg("%s: %s", diag.where, diag.text);
    return event;
}

static const char simple[] =
    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"n\":5,\"b\":true,"
    "\"subject\":\"u\"}";

static void finds_attributes_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        enum cloudevent_type type;
    } rows[] = {
        { "specversion", "1.0", CLOUDEVENT_TYPE_STRING },
        { "id", "1", CLOUDEVENT_TYPE_STRING },
        { "source", "/s", CLOUDEVENT_TYPE_URI_REFERENCE },
        { "type", "t", CLOUDEVENT_TYPE_STRING },
        { "subject", "u", CLOUDEVENT_TYPE_STRING },
        { "n", "5", CLOUDEVENT_TYPE_INTEGER },
        { "b", "true", CLOUDEVENT_TYPE_BOOLEAN },
        { "time", NULL, CLOUDEVENT_TYPE_STRING },
        { "dataschema", NULL, CLOUDEVENT_TYPE_STRING },
        { "datacontenttype", NULL, CLOUDEVENT_TYPE_STRING },
        { "other", NULL, CLOUDEVENT_TYPE_STRING },
        { "ID", NULL, CLOUDEVENT_TYPE_STRING },
        { "", NULL, CLOUDEVENT_TYPE_STRING },
        { "data", NULL, CLOUDEVENT_TYPE_STRING },
    };
    struct arena arena = ARENA_INIT;
    struct cloudevent event = event_of(simple, &arena);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct cloudevent_value value;
        bool is_there = cloudevent_get(&event, bytes_of_text(rows[i].name), &value);
        assert_int_equal(is_there, rows[i].text != NULL);
        if (is_there)
            assert_true(value.type == rows[i].type && bytes_is(value.text, rows[i].text));
    }
    arena_free(&arena);
}

static void sets_and_removes_without_touching_copies(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct cloudevent event = event_of(simple, &arena), before = event;
    diag_t diag;
    struct cloudevent_value seven = { CLOUDEVENT_TYPE_INTEGER, BYTES_LITERAL("7") };
    assert_int_equal(cloudevent_set(&event, BYTES_LITERAL("n"), seven, &arena, &diag), ERR_OK);
    assert_int_equal(cloudevent_set(&event, BYTES_LITERAL("new"), cloudevent_string(BYTES_LITERAL("x")), &arena, &diag),
                     ERR_OK);
    assert_int_equal(
        cloudevent_set(&event, BYTES_LITERAL("subject"), cloudevent_string(BYTES_LITERAL("v")), &arena, &diag), ERR_OK);
    struct cloudevent with = event;
    cloudevent_remove(&event, BYTES_LITERAL("n"), &arena);
    cloudevent_remove(&event, BYTES_LITERAL("subject"), &arena);
    cloudevent_remove(&event, BYTES_LITERAL("nothing"), &arena);
    struct writer text = WRITER_INIT;
    dump_event(&text, &event);
    expect_text(0, &text, "id=1 source=/s type=t b:Boolean=true new=x");
    dump_event(&text, &with);
    expect_text(1, &text, "id=1 source=/s type=t subject=v n:Integer=7 b:Boolean=true new=x");
    dump_event(&text, &before);
    expect_text(2, &text, "id=1 source=/s type=t subject=u n:Integer=5 b:Boolean=true");
    arena_free(&arena);
}

static void says_which_rule_a_value_breaks(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum cloudevent_type type;
        const char *text, *complaint;
    } rows[] = {
        { "id", CLOUDEVENT_TYPE_STRING, "", "! id: must not be empty" },
        { "id", CLOUDEVENT_TYPE_INTEGER, "25", "! id: must be a string" },
        { "type", CLOUDEVENT_TYPE_BOOLEAN, "true", "! type: must be a string" },
        { "type", CLOUDEVENT_TYPE_STRING, "a\x01",
          "! type: must not hold control characters (U+0000 to U+001F, U+007F to U+009F)" },
        { "id", CLOUDEVENT_TYPE_STRING, "\xef\xbf\xbf",
          "! id: must not hold code points that Unicode calls noncharacters" },
        { "subject", CLOUDEVENT_TYPE_STRING, "\xff", "! subject: must be well-formed UTF-8" },
        { "subject", CLOUDEVENT_TYPE_STRING, "", "! subject: must not be empty" },
        { "source", CLOUDEVENT_TYPE_STRING, "", "! source: must not be empty" },
        { "source", CLOUDEVENT_TYPE_STRING, "a b", "! source: must be a URI-reference (RFC 3986 4.1)" },
        { "dataschema", CLOUDEVENT_TYPE_STRING, "/s", "! dataschema: must be an absolute URI (RFC 3986 4.3)" },
        { "time", CLOUDEVENT_TYPE_STRING, "now", "! time: must be a time as in 2026-01-02T03:04:05Z (RFC 3339)" },
        { "datacontenttype", CLOUDEVENT_TYPE_STRING, "xyz",
          "! datacontenttype: must be a media type as in text/plain (RFC 2046)" },
        { "datacontenttype", CLOUDEVENT_TYPE_STRING, "text/plain; charset",
          "! datacontenttype: must be a media type as in text/plain (RFC 2046)" },
        { "n", CLOUDEVENT_TYPE_INTEGER, "2147483648", "! n: must be an integer from -2147483648 to 2147483647" },
        { "n", CLOUDEVENT_TYPE_BINARY, "?", "! n: must be base64 (RFC 4648 4)" },
        { "n", CLOUDEVENT_TYPE_BOOLEAN, "yes", "! n: must be true or false" },
        { "Big", CLOUDEVENT_TYPE_STRING, "x",
          "! Big: a name must consist of the letters a to z and digits, and must not be data" },
        { "data", CLOUDEVENT_TYPE_STRING, "x",
          "! data: a name must consist of the letters a to z and digits, and must not be data" },
    };
    struct arena arena = ARENA_INIT;
    struct cloudevent event = event_of(simple, &arena);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct writer text = WRITER_INIT;
        diag_t diag = { 0 };
        struct cloudevent_value value = { rows[i].type, bytes_of_text(rows[i].text) };
        err_t err = cloudevent_set(&event, bytes_of_text(rows[i].name), value, &arena, &diag);
        assert_int_equal(err, ERR_INVALID);
        dump_result(&text, err, &event, &diag);
        expect_text(i, &text, rows[i].complaint);
    }
    arena_free(&arena);
}

static void has_a_limited_number_of_extensions(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct cloudevent event = event_of(simple, &arena);
    diag_t diag;
    err_t err = ERR_OK;
    for (int i = 0; err == ERR_OK; i++) {
        bytes_t name = bytes_of_text(arena_format(&arena, "x%d", i));
        err = cloudevent_set(&event, name, cloudevent_string(BYTES_LITERAL("")), &arena, &diag);
    }
    assert_int_equal(err, ERR_TOO_LARGE);
    assert_int_equal(event.extension_count, CLOUDEVENT_EXTENSIONS_MAX);
    assert_int_equal(cloudevent_set(&event, BYTES_LITERAL("x0"), cloudevent_string(BYTES_LITERAL("1")), &arena, &diag),
                     ERR_OK);
    arena_free(&arena);
}

static void knows_media_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        bool is_json, is_text;
    } rows[] = {
        { "application/json", true, false },
        { "APPLICATION/JSON ; charset=utf-8", true, false },
        { "text/json", true, true },
        { "application/vnd.a+json", true, false },
        { "application/cloudevents+JSON", true, false },
        { "application/jsonp", false, false },
        { "application/x-json", false, false },
        { "json", false, false },
        { "application/octet-stream; x=\"a/json\"", false, false },
        { "text/plain", false, true },
        { "text/plain; charset=UTF-8", false, true },
        { "text/plain; charset=utf8", false, true },
        { "text/plain; charset=iso-8859-1", false, false },
        { "application/xml", false, true },
        { "image/svg+xml", false, true },
        { "application/octet-stream", false, false },
        { "", false, false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        assert_int_equal(cloudevent_media_is_json(bytes_of_text(rows[i].type)), rows[i].is_json);
        assert_int_equal(cloudevent_media_is_text(bytes_of_text(rows[i].type)), rows[i].is_text);
    }
}

static void a_copy_has_bytes_of_its_own(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT, own = ARENA_INIT;
    struct writer was = WRITER_INIT, now = WRITER_INIT;
    uint8_t *bytes = arena_alloc(&arena, 64);
    memcpy(bytes, "1/stx", 5);
    struct cloudevent event = { .core = { [CLOUDEVENT_SPECVERSION] = BYTES_LITERAL("1.0"),
                                          [CLOUDEVENT_ID] = bytes_of(bytes, 1),
                                          [CLOUDEVENT_SOURCE] = bytes_of(bytes + 1, 2),
                                          [CLOUDEVENT_TYPE] = bytes_of(bytes + 3, 1) },
                                .data = bytes_of(bytes, 5) };
    assert_int_equal(
        cloudevent_set(&event, BYTES_LITERAL("x"), cloudevent_string(bytes_of(bytes + 4, 1)), &arena, NULL), ERR_OK);
    dump_event(&was, &event);
    const struct cloudevent *copy = cloudevent_copy(&event, &own);
    memset(bytes, '#', 64);
    arena_free(&arena);
    dump_event(&now, copy);
    assert_true(bytes_equal(writer_view(&was), writer_view(&now)));
    writer_free(&was);
    writer_free(&now);
    arena_free(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_has_bytes_of_its_own),
        cmocka_unit_test(finds_attributes_by_name),
        cmocka_unit_test(sets_and_removes_without_touching_copies),
        cmocka_unit_test(says_which_rule_a_value_breaks),
        cmocka_unit_test(has_a_limited_number_of_extensions),
        cmocka_unit_test(knows_media_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
