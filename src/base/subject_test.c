// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/subject.h"

#include "base/test.h"

static void tells_valid_and_literal_subjects(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size; // 0: up to the end of the text
        bool valid, literal, wildcard;
        size_t tokens;
    } rows[] = {
        { "foo", 0, true, true, false, 1 },         { "foo.bar.baz", 0, true, true, false, 3 },
        { "foo.*", 0, true, false, true, 2 },       { "*", 0, true, false, true, 1 },
        { ">", 0, true, false, true, 1 },           { "*.foo.>", 0, true, false, true, 3 },
        { "foo*.b>r.>>", 0, true, true, false, 3 }, // only a whole token is a wildcard
        { "**", 0, true, true, false, 1 },          { "\xc3\xa4.b", 0, true, true, false, 2 },
        { "", 0, false, false, false, 1 },          { ".", 0, false, false, false, 2 },
        { ".foo", 0, false, false, false, 2 },      { "foo.", 0, false, false, false, 2 },
        { "foo..bar", 0, false, false, false, 3 },  { ">.foo", 0, false, false, true, 2 },
        { "foo.>.bar", 0, false, false, true, 3 },  { "foo.>.", 0, false, false, true, 3 },
        { "foo bar", 0, true, true, false, 1 },     { "foo\tbar", 0, true, true, false, 1 },
        { "foo\r", 0, true, true, false, 1 },       { "foo\n", 0, true, true, false, 1 },
        { "foo\f", 0, true, true, false, 1 },       { "a\0b", 3, true, true, false, 1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t subject = bytes_of(rows[i].text, rows[i].size == 0 ? strlen(rows[i].text) : rows[i].size);
        assert_int_equal(subject_is_valid(subject), rows[i].valid);
        assert_int_equal(subject_is_literal(subject), rows[i].literal);
        assert_int_equal(subject_has_wildcard(subject), rows[i].wildcard);
        assert_int_equal(subject_token_count(subject), rows[i].tokens);
    }
    assert_false(subject_is_valid(BYTES_NULL));
    assert_int_equal(subject_token_count(BYTES_NULL), 0);
}

static void walks_the_tokens_of_a_subject(void **state)
{
    (void)state;
    static const char *const want[] = { "a", "*", "", "ccc" };
    bytes_t rest = BYTES_LITERAL("a.*..ccc"), token;
    for (size_t i = 0; i < ARRAY_COUNT(want); i++) {
        assert_true(subject_next(&rest, &token));
        assert_true(bytes_is(token, want[i]));
    }
    assert_false(subject_next(&rest, &token));
}

// Every relation between two subjects, and how each of them would be broken.
static void matches_contains_and_overlaps(void **state)
{
    (void)state;
    static const struct {
        const char *a, *pattern;
        bool matches; // asked only when a is literal
        bool subset, overlaps;
    } rows[] = {
        { "foo", "foo", true, true, true },
        { "foo", "fo", false, false, false },
        { "foo", "foo.bar", false, false, false },
        { "foo.bar", "foo", false, false, false },
        { "foo.bar", "foo.*", true, true, true },
        { "foo.bar", "*.bar", true, true, true },
        { "foo.bar", "*", false, false, false },
        { "foo.bar", "*.*.*", false, false, false },
        { "foo", "foo.*", false, false, false },
        { "foo", "foo.>", false, false, false }, // one or more
        { "foo.a", "foo.>", true, true, true },
        { "foo.a.b.c", "foo.>", true, true, true },
        { "foo.a.b.c", ">", true, true, true },
        { "foo.a.b", "*.a.>", true, true, true },
        { "foo.a.b", "*.b.>", false, false, false },
        { "foo*.bar", "foo*.*", true, true, true }, // an ordinary token
        { "fool.bar", "foo*.*", false, false, false },
        { "foo.*", "foo.*", false, true, true },
        { "foo.*", "foo.>", false, true, true },
        { "foo.>", "foo.*", false, false, true },
        { "foo.>", "foo.>", false, true, true },
        { "foo.>", ">", false, true, true },
        { ">", "foo.>", false, false, true },
        { ">", "*", false, false, true },
        { ">", ">", false, true, true },
        { "*", ">", false, true, true },
        { "foo.*", "foo.bar", false, false, true },
        { "foo.*.bar", "foo.baz.*", false, false, true },
        { "foo.*.bar", "foo.baz.bar.*", false, false, false },
        { "foo.*", "bar.*", false, false, false },
        { "foo.*.>", "foo.bar", false, false, false },
        { "foo.bar.>", "foo.*.*", false, false, true },
        { "foo.*.>", "foo.>", false, true, true },
        { "foo.>", "foo.*.>", false, false, true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t a = bytes_of_text(rows[i].a), pattern = bytes_of_text(rows[i].pattern);
        if (subject_is_literal(a))
            assert_int_equal(subject_matches(a, pattern), rows[i].matches);
        assert_int_equal(subject_is_subset(a, pattern), rows[i].subset);
        assert_int_equal(subject_overlaps(a, pattern), rows[i].overlaps);
        assert_int_equal(subject_overlaps(pattern, a), rows[i].overlaps);
    }
}

// What a publisher sends need not be a valid subject; nats-server delivers such messages to nobody.
static void what_is_no_subject_matches_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *pattern;
        bool matches;
    } rows[] = {
        { "foo.", "foo.>", false },
        { "foo..bar", ">", false },
        { "", ">", false },
        { "", "*", false },
        { ".", "*.*", false },
        { "foo.a..b", "foo.>", false },
        { "foo.a.b.", "foo.>", false },
        { "foo.*", "foo.*", true },
        { "foo.*", "foo.bar", false },
        { "foo", ">>", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (subject_matches(bytes_of_text(rows[i].subject), bytes_of_text(rows[i].pattern)) != rows[i].matches)
            fail_msg("%s with %s", rows[i].pattern, rows[i].subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_valid_and_literal_subjects),
        cmocka_unit_test(walks_the_tokens_of_a_subject),
        cmocka_unit_test(matches_contains_and_overlaps),
        cmocka_unit_test(what_is_no_subject_matches_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
