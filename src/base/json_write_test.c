// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/json_write.h"

#include "base/test.h"

#include <math.h>

static void assert_written(struct writer *out, const char *expected)
{
    writer_u8(out, 0);
    assert_string_equal((const char *)out->buf->data, expected);
    writer_free(out);
}

static void nests_objects_and_arrays(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_object_begin(&json);
    json_field_text(&json, "a", "x");
    json_key(&json, "b");
    json_array_begin(&json);
    json_int(&json, INT64_MIN);
    json_uint(&json, UINT64_MAX);
    json_object_begin(&json);
    json_object_end(&json);
    json_array_begin(&json);
    json_array_end(&json);
    json_null(&json);
    json_array_end(&json);
    json_field_bool(&json, "c", true);
    json_field_int(&json, "d", -1);
    json_key(&json, "e");
    json_raw(&json, BYTES_LITERAL("[1]"));
    json_field_bytes(&json, "f", BYTES_NULL);
    json_object_end(&json);
    assert_written(&out, "{\"a\":\"x\",\"b\":[-9223372036854775808,18446744073709551615,{},[],null],\"c\":true,"
                         "\"d\":-1,\"e\":[1],\"f\":\"\"}");
}

static void escapes_what_must_not_stand_in_a_string(void **state)
{
    (void)state;
    static const struct {
        bytes_t text;
        const char *expected;
    } rows[] = {
        { { (const uint8_t *)"", 0 }, "\"\"" },
        { { (const uint8_t *)"a\"b\\c/", 6 }, "\"a\\\"b\\\\c/\"" },
        { { (const uint8_t *)"\b\f\n\r\t", 5 }, "\"\\b\\f\\n\\r\\t\"" },
        { { (const uint8_t *)"\0\x1f\x7f", 3 }, "\"\\u0000\\u001f\\u007f\"" },
        { { (const uint8_t *)"\xe2\x82\xac\xf0\x9f\x98\x80", 7 }, "\"\xe2\x82\xac\xf0\x9f\x98\x80\"" },
        { { (const uint8_t *)"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", 8 }, "\"\\u2028\\u2029\\u0085\"" },
        { { (const uint8_t *)"a\xff"
                             "b",
            3 },
          "\"a\xef\xbf\xbd"
          "b\"" },
        { { (const uint8_t *)"\xed\xa0\x80", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { { (const uint8_t *)"x\xe2\x82", 3 }, "\"x\xef\xbf\xbd\xef\xbf\xbd\"" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct writer out = WRITER_INIT;
        struct json_writer json = json_writer_of(&out);
        json_bytes(&json, rows[i].text);
        assert_written(&out, rows[i].expected);
    }
}

static void data_is_written_without_loss(void **state)
{
    (void)state;
    const struct {
        bytes_t data;
        const char *expected;
    } rows[] = {
        { BYTES_NULL, "{\"v\":null}" },
        { BYTES_LITERAL(""), "{\"v\":\"\"}" },
        { BYTES_LITERAL("a\0\xc3\xa4"), "{\"v\":\"a\\u0000\xc3\xa4\"}" },
        { BYTES_LITERAL("\xef\xbf\xbd"), "{\"v\":\"\xef\xbf\xbd\"}" }, // U+FFFD itself is text
        { BYTES_LITERAL("\xff"), "{\"v_base64\":\"/w==\"}" },
        { BYTES_LITERAL("\xfb\xff"), "{\"v_base64\":\"+/8=\"}" },
        { BYTES_LITERAL("\xff\x00\x10"), "{\"v_base64\":\"/wAQ\"}" },
        { BYTES_LITERAL("Many\xff"), "{\"v_base64\":\"TWFuef8=\"}" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct writer out = WRITER_INIT;
        struct json_writer json = json_writer_of(&out);
        json_object_begin(&json);
        json_field_data(&json, "v", rows[i].data);
        json_object_end(&json);
        assert_written(&out, rows[i].expected);
    }
}

static void doubles_are_short_and_read_back_the_same(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        { 0, "0" },
        { 1.5, "1.5" },
        { 0.1, "0.1" },
        { 1e300, "1e+300" },
        { 1.0 / 3, "0.3333333333333333" },
        { -2.5, "-2.5" },
        { 0.1 + 0.2, "0.30000000000000004" },
        { NAN, "null" },
        { INFINITY, "null" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct writer out = WRITER_INIT;
        struct json_writer json = json_writer_of(&out);
        json_double(&json, rows[i].value);
        assert_written(&out, rows[i].text);
    }
}

static void nests_to_the_limit(void **state)
{
    (void)state;
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_array_begin(&json);
    for (int i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
        json_array_end(&json);
    assert_int_equal(out.size, 2 * JSON_WRITE_DEPTH_MAX);
    writer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nests_objects_and_arrays),     cmocka_unit_test(escapes_what_must_not_stand_in_a_string),
        cmocka_unit_test(data_is_written_without_loss), cmocka_unit_test(doubles_are_short_and_read_back_the_same),
        cmocka_unit_test(nests_to_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
