// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/base64.h"

#include "base/test.h"

// RFC 4648 10, and bytes whose letters differ between the alphabets.
static const struct {
    const char *bytes, *standard, *url;
} rows[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xff\xbf", "+/+/", "-_-_" },
};

static void writes_and_reads_both_alphabets(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t bytes = bytes_of_text(rows[i].bytes);
        char text[16];
        uint8_t back[16];
        size_t size = base64_encode(BASE64_STANDARD, bytes, text);
        assert_true(bytes_is(bytes_of(text, size), rows[i].standard));
        assert_int_equal(size, BASE64_SIZE(bytes.size));
        assert_true(base64_decode(BASE64_STANDARD, bytes_of(text, size), back, &size));
        assert_true(bytes_equal(bytes_of(back, size), bytes));
        size = base64_encode(BASE64_URL, bytes, text);
        assert_true(bytes_is(bytes_of(text, size), rows[i].url));
        assert_true(base64_decode(BASE64_URL, bytes_of(text, size), back, &size));
        assert_true(bytes_equal(bytes_of(back, size), bytes));
    }
}

static void reads_with_and_without_padding(void **state)
{
    (void)state;
    uint8_t back[16];
    size_t size = 0;
    assert_true(base64_decode(BASE64_STANDARD, BYTES_LITERAL("Zm8"), NULL, &size));
    assert_int_equal(size, 2);
    assert_true(base64_decode(BASE64_STANDARD, BYTES_LITERAL("Zm8"), back, &size));
    assert_true(bytes_is(bytes_of(back, size), "fo"));
    assert_true(base64_decode(BASE64_URL, BYTES_LITERAL("Zg=="), back, &size));
    assert_true(bytes_is(bytes_of(back, size), "f"));
}

static void refuses_what_no_encoder_writes(void **state)
{
    (void)state;
    static const char *const bad[] = { "Z",    "Zm9vY", "Zg=", "=",        "====", "Z===",  "Zm9v====",
                                       "Zm 9", "Zh",    "Zm9", "Zg==Zg==", "Z-==", "Zm8\n", "Zm=v" };
    uint8_t back[16];
    size_t size = 77;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(base64_decode(BASE64_STANDARD, bytes_of_text(bad[i]), back, &size));
        assert_false(base64_decode(BASE64_STANDARD, bytes_of_text(bad[i]), NULL, &size));
    }
    assert_false(base64_decode(BASE64_URL, BYTES_LITERAL("+/+/"), back, &size));
    assert_false(base64_decode(BASE64_STANDARD, BYTES_LITERAL("-_-_"), back, &size));
    assert_int_equal(size, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_both_alphabets),
        cmocka_unit_test(reads_with_and_without_padding),
        cmocka_unit_test(refuses_what_no_encoder_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
