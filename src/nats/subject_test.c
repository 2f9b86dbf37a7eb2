// SPDX-License-Identifier: Apache-2.0
#include "nats/subject.h"

#include "base/assert.h"

#include "base/test.h"

static void tells_what_may_be_subscribed_and_published_to(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        bool valid, literal, wildcard;
        size_t tokens;
    } rows[] = {
        { "foo", true, true, false, 1 },        { "foo.bar.baz", true, true, false, 3 },
        { "*", true, false, true, 1 },          { ">", true, false, true, 1 },
        { "foo.*.baz", true, false, true, 3 },  { "foo.>", true, false, true, 2 },
        { "*.>", true, false, true, 2 },        { "foo*", true, true, false, 1 },
        { "foo.b>r", true, true, false, 2 },    { ">>", true, true, false, 1 },
        { "", false, false, false, 1 },         { ".", false, false, false, 2 },
        { ".foo", false, false, false, 2 },     { "foo.", false, false, false, 2 },
        { "foo..bar", false, false, false, 3 }, { ">.foo", false, false, true, 2 },
        { "a.>.b", false, false, true, 3 },     { "\xc3\xbc.x", true, true, false, 2 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bytes_t subject = bytes_of_text(rows[i].subject);
        if (nats_subject_is_valid(subject) != rows[i].valid || nats_subject_is_literal(subject) != rows[i].literal ||
            nats_subject_has_wildcard(subject) != rows[i].wildcard ||
            nats_subject_token_count(subject) != rows[i].tokens)
            fail_msg("%s", rows[i].subject);
    }
}

static void matches_token_by_token(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject;
        bool matches;
    } rows[] = {
        { "foo", "foo", true },
        { "foo", "fo", false },
        { "foo", "foo.bar", false },
        { "foo.*", "foo.bar", true },
        { "foo.*", "foo", false },
        { "foo.*", "foo.bar.baz", false },
        { "foo.*", "foo.*", true },
        { "*", "foo", true },
        { "*", "foo.bar", false },
        { "*.bar", "foo.bar", true },
        { "foo.*.baz", "foo.bar.baz", true },
        { ">", "foo", true },
        { ">", "foo.bar", true },
        { "foo.>", "foo", false },
        { "foo.>", "foo.bar", true },
        { "foo.>", "foo.bar.baz", true },
        { "foo.>", "fob.bar", false },
        { "*.>", "foo", false },
        { "*.>", "foo.bar", true },
        { "foo.>", "foo.", false },
        { ">", "foo..bar", false },
        { ">", "", false },
        { "*", "", false },
        { "foo.>", "foo.a..b", false },
        { "foo.bar", "foo.*", false },
        { ">>", "foo", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (nats_subject_matches(bytes_of_text(rows[i].pattern), bytes_of_text(rows[i].subject)) != rows[i].matches)
            fail_msg("%s with %s", rows[i].pattern, rows[i].subject);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_may_be_subscribed_and_published_to),
        cmocka_unit_test(matches_token_by_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
