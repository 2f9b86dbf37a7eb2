// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include "base/assert.h"
#include "base/json_plain.h"
#include "base/json_write.h"
#include "base/mem.h"

#include "base/test.h"

static const struct json_limits limits = { .size = 1 << 20, .values = 1000 };

static struct json_value *parsed(struct arena *arena, bytes_t text)
{
    diag_t diag = { 0 };
    struct json_value *value = NULL;
    err_t err = json_parse(text, &limits, arena, &value, &diag);
    if (err != ERR_OK)
        fail_msg("%.*s: %s: %s", BYTES_ARG(text), diag.where, diag.text);
    return value;
}

static void reads_what_the_rfc_shows(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *root =
        parsed(&arena, BYTES_LITERAL(" {\"Image\": {\"Width\": 800, \"Title\": \"View\", \"Animated\" : false,\n"
                                     "\"IDs\": [116, -943, 2.5e2, null, {}]}, \"x\":[]}\r\n"));
    const struct json_value *image = json_get(root, "Image");
    int64_t number = 0;
    assert_true(json_get_int(json_get(image, "Width"), &number));
    assert_int_equal(number, 800);
    bytes_t text;
    assert_true(json_get_text(json_get(image, "Title"), &text));
    assert_true(bytes_is(text, "View"));
    bool is_true = true;
    assert_true(json_get_bool(json_get(image, "Animated"), &is_true));
    assert_false(is_true);
    const struct json_value *ids = json_get(image, "IDs");
    assert_int_equal(ids->type, JSON_ARRAY);
    assert_int_equal(ids->count, 5);
    const struct json_value *id = ids->first->next;
    assert_true(json_get_int(id, &number));
    assert_int_equal(number, -943);
    double real = 0;
    assert_false(json_get_int(id->next, &number));
    assert_true(json_get_double(id->next, &real));
    assert_true(real == 250.0);
    assert_int_equal(id->next->next->type, JSON_NULL);
    assert_int_equal(id->next->next->next->type, JSON_OBJECT);
    assert_null(id->next->next->next->next);
    assert_int_equal(json_get(root, "x")->count, 0);
    assert_null(json_get(json_get(root, "none"), "deeper"));
    assert_null(json_get(ids, "none"));
    arena_free(&arena);
}

static void unescapes(void **state)
{
    (void)state;
    const struct {
        const char *json;
        bytes_t text;
    } rows[] = {
        { "\"\"", BYTES_LITERAL("") },
        { "\"plain \xc3\xbc\"", BYTES_LITERAL("plain \xc3\xbc") },
        { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", BYTES_LITERAL("\"\\/\b\f\n\r\t") },
        { "\"a\\u0000b\"", BYTES_LITERAL("a\0b") },
        { "\"\\u00e9\\u20AC\\ud83d\\uDE00!\"", BYTES_LITERAL("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!") },
        { "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", BYTES_LITERAL("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf") },
        { "\"\\ud800\\udc00\\udbff\\udfff\"", BYTES_LITERAL("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf") },
        { "\"x\\\\\"", BYTES_LITERAL("x\\") },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        const struct json_value *value = parsed(&arena, bytes_of_text(rows[i].json));
        assert_int_equal(value->type, JSON_STRING);
        assert_int_equal(value->text.size, rows[i].text.size);
        assert_memory_equal(value->text.data, rows[i].text.data, rows[i].text.size);
        arena_free(&arena);
    }
}

static void refuses_what_is_no_json(void **state)
{
    (void)state;
    static const struct {
        const char *json, *where, *what;
    } rows[] = {
        { "", "offset 0", "a value" },
        { " ", "offset 1", "a value" },
        { "{", "offset 1", "a string" },
        { "{bad", "offset 1", "a string" },
        { "{\"a\"}", "offset 4", "a colon" },
        { "{\"a\":1,}", "offset 7", "a string" },
        { "{\"a\":1 \"b\":2}", "offset 7", "a comma or }" },
        { "[1,]", "offset 3", "a value" },
        { "[1 2]", "offset 3", "a comma or ]" },
        { "[,1]", "offset 1", "a value" },
        { "[1}", "offset 2", "a comma or ]" },
        { "{]", "offset 1", "a string" },
        { "[", "offset 1", "a value" },
        { "1 2", "offset 2", "the end of the text" },
        { "{}}", "offset 2", "the end of the text" },
        { "nul", "offset 0", "a value" },
        { "nulll", "offset 4", "the end of the text" },
        { "True", "offset 0", "a value" },
        { "NaN", "offset 0", "a value" },
        { "'a'", "offset 0", "a value" },
        { "+1", "offset 0", "a value" },
        { "01", "offset 1", "the end of the text" },
        { "-", "offset 1", "a digit" },
        { "-a", "offset 1", "a digit" },
        { ".5", "offset 0", "a value" },
        { "1.", "offset 2", "a digit" },
        { "1e", "offset 2", "a digit" },
        { "1e+", "offset 3", "a digit" },
        { "0x1", "offset 1", "the end of the text" },
        { "\"a", "offset 2", "a closing quote" },
        { "\"a\\", "offset 3", "one of" },
        { "\"\\x\"", "offset 2", "one of" },
        { "\"\\u12g4\"", "offset 5", "a hexadecimal digit" },
        { "\"\\u12", "offset 5", "a hexadecimal digit" },
        { "\"\\ud800\"", "offset 7", "the other half" },
        { "\"\\udc00\"", "offset 7", "the other half" },
        { "\"\\ud800\\u0041\"", "offset 13", "the low half" },
        { "\"a\nb\"", "offset 2", "an escape in place of a control character" },
        { "\"a\\n\tb\"", "offset 4", "an escape in place of a control character" },
        { "\"\xff\"", "offset 1", "well-formed UTF-8" },
        { "\"\xc0\x80\"", "offset 1", "well-formed UTF-8" },
        { "\"\xed\xa0\x80\"", "offset 1", "well-formed UTF-8" },
        { "\xef\xbb\xbf{}", "offset 0", "a value" },
        { "/* */ 1", "offset 0", "a value" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena arena = ARENA_INIT;
        diag_t diag = { 0 };
        struct json_value *value = NULL;
        err_t err = json_parse(bytes_of_text(rows[i].json), &limits, &arena, &value, &diag);
        if (err != ERR_MALFORMED || strcmp(diag.where, rows[i].where) != 0 || strstr(diag.text, rows[i].what) == NULL)
            fail_msg("%s: %s, %s: %s", rows[i].json, err_name(err), diag.where, diag.text);
        assert_null(value);
        arena_free(&arena);
    }
}

static void a_zero_byte_is_no_end(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct json_value *value;
    assert_int_equal(json_parse(BYTES_LITERAL("1\0"), &limits, &arena, &value, NULL), ERR_MALFORMED);
    assert_int_equal(json_parse(BYTES_LITERAL("\"\\\0\""), &limits, &arena, &value, NULL), ERR_MALFORMED);
    arena_free(&arena);
}

static err_t nested(unsigned depth)
{
    struct arena arena = ARENA_INIT;
    char *text = mem_zalloc(2 * (size_t)depth + 1, 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    struct json_value *value;
    err_t err = json_parse(bytes_of_text(text), &limits, &arena, &value, NULL);
    free(text);
    arena_free(&arena);
    return err;
}

static void limits_hold(void **state)
{
    (void)state;
    assert_int_equal(nested(JSON_DEPTH_MAX), ERR_OK);
    assert_int_equal(nested(JSON_DEPTH_MAX + 1), ERR_TOO_LARGE);
    struct arena arena = ARENA_INIT;
    struct json_value *value;
    const struct json_limits three = { .size = 7, .values = 4 };
    assert_int_equal(json_parse(BYTES_LITERAL("[1,2,3]"), &three, &arena, &value, NULL), ERR_OK);
    assert_int_equal(json_parse(BYTES_LITERAL("[1,2,3] "), &three, &arena, &value, NULL), ERR_TOO_LARGE);
    assert_int_equal(json_parse(BYTES_LITERAL("[[],[],[]]"), &(struct json_limits){ 100, 3 }, &arena, &value, NULL),
                     ERR_TOO_LARGE);
    arena_free(&arena);
}

static void the_last_of_several_members_counts(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    int64_t number = 0;
    assert_true(json_get_int(json_get(parsed(&arena, BYTES_LITERAL("{\"a\":1,\"b\":2,\"\\u0061\":3}")), "a"), &number));
    assert_int_equal(number, 3);
    arena_free(&arena);
}

static void numbers_that_do_not_fit_are_not_taken(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    int64_t number = 7;
    assert_false(json_get_int(parsed(&arena, BYTES_LITERAL("9223372036854775808")), &number));
    assert_false(json_get_int(parsed(&arena, BYTES_LITERAL("1.0")), &number));
    assert_false(json_get_int(parsed(&arena, BYTES_LITERAL("\"1\"")), &number));
    assert_int_equal(number, 7);
    assert_true(json_get_int(parsed(&arena, BYTES_LITERAL("-9223372036854775808")), &number));
    assert_true(number == INT64_MIN);
    arena_free(&arena);
}

// What json_write makes is read back the same.
static void reads_what_json_write_writes(void **state)
{
    (void)state;
    static const char all[] = "\x01\x1f \"\\/\x7f \xe2\x80\xa8 \xc2\x85 \xf0\x9f\x98\x80";
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_object_begin(&json);
    json_field_text(&json, "t\n", all);
    json_key(&json, "d");
    json_double(&json, 0.1);
    json_object_end(&json);
    struct arena arena = ARENA_INIT;
    struct json_value *root = parsed(&arena, writer_view(&out));
    bytes_t text;
    double real = 0;
    assert_true(json_get_text(json_get(root, "t\n"), &text));
    assert_true(bytes_is(text, all));
    assert_true(json_get_double(json_get(root, "d"), &real));
    assert_true(real == 0.1);
    arena_free(&arena);
    writer_free(&out);
}

// They are looked at eight at a time.
static void a_character_that_is_not_plain_is_found_at_each_place(void **state)
{
    (void)state;
    enum { SIZE = 21 };
    for (unsigned c = 0; c < 256; c++) {
        bool is_plain = c >= ' ' && c < 0x7f && c != '"' && c != '\\';
        for (size_t place = 0; place < SIZE; place++) {
            uint8_t text[SIZE + 2];
            memset(text, place % 2 == 0 ? ' ' : '~', sizeof text);
            text[0] = text[SIZE + 1] = '"';
            text[place + 1] = (uint8_t)c;
            assert_int_equal(json_plain_run(bytes_of(text + 1, SIZE)), is_plain ? SIZE : place);
            struct arena arena = ARENA_INIT;
            struct json_value *value;
            bool is_read = json_parse(bytes_of(text, sizeof text), &limits, &arena, &value, NULL) == ERR_OK;
            assert_true(is_read == (is_plain || c == 0x7f)); // no escape: neither of both can follow a backslash
            arena_free(&arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_rfc_shows),
        cmocka_unit_test(unescapes),
        cmocka_unit_test(refuses_what_is_no_json),
        cmocka_unit_test(a_zero_byte_is_no_end),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(the_last_of_several_members_counts),
        cmocka_unit_test(numbers_that_do_not_fit_are_not_taken),
        cmocka_unit_test(reads_what_json_write_writes),
        cmocka_unit_test(a_character_that_is_not_plain_is_found_at_each_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
