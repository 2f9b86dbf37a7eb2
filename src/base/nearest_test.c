// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/nearest.h"

#include "base/test.h"

static void counts_the_fewest_edits(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        { "", "", 0 },         { "", "abc", 3 },           { "abc", "abc", 0 },         { "abc", "ABC", 0 },
        { "abc", "abd", 1 },   { "abc", "acb", 1 },        { "abc", "ab", 1 },          { "abc", "xabc", 1 },
        { "abcd", "badc", 2 }, { "kitten", "sitting", 3 }, { "--kafak", "--kafka", 1 }, { "abc", "xyz", 3 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t a = bytes_of_text(rows[i].a), b = bytes_of_text(rows[i].b);
        assert_int_equal(edit_distance(a, b), rows[i].distance);
        assert_int_equal(edit_distance(b, a), rows[i].distance);
    }
}

static void texts_that_are_too_long_are_far_away(void **state)
{
    (void)state;
    char text[66];
    memset(text, 'a', sizeof text);
    assert_int_equal(edit_distance(bytes_of(text, 64), bytes_of(text, 64)), 0);
    assert_true(edit_distance(bytes_of(text, 65), bytes_of(text, 65)) == SIZE_MAX);
}

static const char *search(const char *wanted)
{
    static const char *const names[] = { "--kafka", "--nats", "--nats-monitor", "--data", NULL, "--events" };
    struct nearest nearest = nearest_to(bytes_of_text(wanted));
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        nearest_offer(&nearest, names[i]);
    return nearest.best;
}

static void finds_the_name_that_was_meant_or_none(void **state)
{
    (void)state;
    assert_string_equal(search("--kafak"), "--kafka");
    assert_string_equal(search("--nat"), "--nats");
    assert_string_equal(search("--nats-monitr"), "--nats-monitor");
    assert_string_equal(search("--data-directories"), "--data");
    assert_string_equal(search("--nats-server-name"), "--nats");
    assert_null(search("--database-directory"));
    assert_null(search("--completely-different"));
    assert_null(search("-x"));
    assert_null(search(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_fewest_edits),
        cmocka_unit_test(texts_that_are_too_long_are_far_away),
        cmocka_unit_test(finds_the_name_that_was_meant_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
