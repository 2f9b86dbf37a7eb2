// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/number.h"

#include "base/assert.h"

#include "base/test.h"

// What Go 1.26 prints: json.Marshal(f), strconv.FormatFloat(f, 'g', -1, 64) and the same of 32 bits.
static const struct {
    double value;
    const char *json, *wide, *narrow;
} cases[] = {
    { 0, "0", "0", "0" },
    { 1, "1", "1", "1" },
    { -1.5, "-1.5", "-1.5", "-1.5" },
    { 0.1, "0.1", "0.1", "0.1" },
    { 100, "100", "100", "100" },
    { 1e5, "100000", "100000", "100000" },
    { 123456, "123456", "123456", "123456" },
    { 1e6, "1000000", "1e+06", "1e+06" },
    { 1234567, "1234567", "1.234567e+06", "1.234567e+06" },
    { 123456789.5, "123456789.5", "1.234567895e+08", "1.2345679e+08" },
    { 12345678901234567890.0, "12345678901234567000", "1.2345678901234567e+19", "1.2345679e+19" },
    { 1e20, "100000000000000000000", "1e+20", "1e+20" },
    { 1e21, "1e+21", "1e+21", "1e+21" },
    { 1.5e21, "1.5e+21", "1.5e+21", "1.5e+21" },
    { 1e-4, "0.0001", "0.0001", "0.0001" },
    { 1.5e-5, "0.000015", "1.5e-05", "1.5e-05" },
    { 1e-6, "0.000001", "1e-06", "1e-06" },
    { 1e-7, "1e-7", "1e-07", "1e-07" },
    { 0.30000000000000004, "0.30000000000000004", "0.30000000000000004", "0.3" },
};

static void numbers_look_as_go_prints_them(void **state)
{
    (void)state;
    char text[NUMBER_TEXT_SIZE];
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_string_equal(number_text(cases[i].value, NUMBER_JSON, text), cases[i].json);
        assert_string_equal(number_text(cases[i].value, NUMBER_SHORT, text), cases[i].wide);
        assert_string_equal(number_text_of_float((float)cases[i].value, text), cases[i].narrow);
    }
}

static void extremes_fit(void **state)
{
    (void)state;
    char text[NUMBER_TEXT_SIZE];
    assert_string_equal(number_text(-1.7976931348623157e308, NUMBER_JSON, text), "-1.7976931348623157e+308");
    assert_string_equal(number_text(5e-324, NUMBER_SHORT, text), "5e-324");
    assert_string_equal(number_text(-0.0, NUMBER_JSON, text), "-0");
    assert_string_equal(number_text(-999999999999999900000.0, NUMBER_JSON, text), "-999999999999999900000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_look_as_go_prints_them),
        cmocka_unit_test(extremes_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
