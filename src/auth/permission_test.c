// SPDX-License-Identifier: Apache-2.0
#include "auth/permission.h"
#include "base/assert.h"

#include "base/test.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

// "a, b": two rules; NULL: not given; "": given and empty.
static struct permission_list list_of(const char *text)
{
    struct permission_list list = { .given = text != NULL };
    bytes_t *rules = arena_array(&arena, 8, sizeof(*rules));
    while (text != NULL && *text != '\0') {
        const char *end = strchr(text, ',');
        size_t size = end == NULL ? strlen(text) : (size_t)(end - text);
        rules[list.count++] = arena_copy(&arena, bytes_of(text, size));
        text += size + (end != NULL);
    }
    list.rules = rules;
    return list;
}

static struct permissions *make(struct permission_config config)
{
    struct permissions *made = NULL;
    diag_t diag;
    assert_int_equal(permissions_new(&arena, &config, &made, &diag), ERR_OK);
    return made;
}

static void publishing_needs_an_allow_and_no_deny(void **state)
{
    (void)state;
    static const struct {
        const char *allow, *deny, *subject;
        bool allowed;
    } rows[] = {
        { NULL, NULL, "foo", true },
        { "", NULL, "foo", false },
        { "foo", NULL, "foo", true },
        { "foo", NULL, "bar", false },
        { "foo,bar.*", NULL, "bar.a", true },
        { "foo,bar.*", NULL, "bar.a.b", false },
        { "foo", NULL, "foo.bar", false }, // what stands before a wildcard ends with a token
        { "foo.bar", NULL, "foo", false },
        { "foo.*", NULL, "foo", false },
        { "foo.*", NULL, "foobar.a", false },
        { "foo.bar*", NULL, "foo.barred", false },
        { "foo.bar*", NULL, "foo.bar*", true },
        { "*.bar", NULL, "foo.bar", true },
        { "*.bar", NULL, "foo.baz", false },
        { ">", NULL, "foo.baz", true },
        { "a.b.>", NULL, "a.b.c.d", true },
        { "a.b.>", NULL, "a.b", false },
        { "foo.>", "foo.secret", "foo.a", true },
        { "foo.>", "foo.secret", "foo.secret", false },
        { NULL, "$SYS.>", "foo", true },
        { NULL, "a,$SYS.>", "$SYS.x", false },
        { NULL, "", "foo", true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct permissions *made = make((struct permission_config){ .publish_allow = list_of(rows[i].allow),
                                                                    .publish_deny = list_of(rows[i].deny) });
        assert_int_equal(permissions_publish(made, bytes_of_text(rows[i].subject)), rows[i].allowed);
        assert_true(permissions_subscribe(made, bytes_of_text(rows[i].subject), BYTES_NULL)); // another list
    }
}

static void subscribing_may_not_reach_beyond_a_rule(void **state)
{
    (void)state;
    static const struct {
        const char *allow, *deny, *subject, *queue;
        bool allowed;
    } rows[] = {
        { NULL, NULL, ">", "", true },
        { "", NULL, "foo", "", false },
        { "foo.*", NULL, "foo.bar", "", true },
        { "foo.*", NULL, "foo.*", "", true },
        { "foo.*", NULL, "foo.>", "", false },
        { "foo.*", NULL, ">", "", false },
        { "foo.*", NULL, "*.bar", "", false },
        { "foo.>", NULL, "foo.*.a", "", true },
        // Denied: what a rule stands for. A subscription that only contains it is filtered.
        { "foo.*", "foo.bar", "foo.bar", "", false },
        { "foo.*", "foo.bar", "foo.*", "", true },
        { NULL, "foo.*", "foo.*", "", false },
        { NULL, "foo.*", "foo.>", "", false },
        { NULL, "foo.>", "foo.*", "", false },
        { NULL, "foo.bar", ">", "", true },
        // Queues. A rule without one is for all; where rules name queues, only these.
        { "foo", NULL, "foo", "q", true },
        { "foo q", NULL, "foo", "q", true },
        { "foo q", NULL, "foo", "r", false },
        { "foo q", NULL, "foo", "", false },
        { "foo,foo q", NULL, "foo", "", true },
        { "foo,foo q", NULL, "foo", "r", false },
        { "foo *.dev", NULL, "foo", "v1.dev", true },
        { "foo *.dev", NULL, "foo", "v1.prod", false },
        { "> *.dev,foo q", NULL, "foo", "q", true },
        { NULL, "foo q", "foo", "q", false },
        { NULL, "foo q", "foo", "r", true },
        { NULL, "foo q", "foo", "", true },
        { NULL, "foo *.prod", "foo", "v1.prod", false },
        { NULL, "foo", "foo", "q", false },
        { "foo q", "foo q", "foo", "q", false },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct permissions *made = make((struct permission_config){ .subscribe_allow = list_of(rows[i].allow),
                                                                    .subscribe_deny = list_of(rows[i].deny) });
        bool allowed = permissions_subscribe(made, bytes_of_text(rows[i].subject), bytes_of_text(rows[i].queue));
        if (allowed != rows[i].allowed)
            fail_msg("row %zu", i);
        assert_true(permissions_publish(made, BYTES_LITERAL("foo")));
    }
}

static void a_denied_subject_is_filtered_out_of_a_wildcard_subscription(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *queue;
        bool yes;
    } filters[] = {
        { "foo.>", "", true },      { "foo.*.a", "", true }, { ">", "", true },    { "foo.public", "", false },
        { "foo.*", "", false },     { "foo.>", "q", true },  { "bar.*", "", false }, { "bar.*", "r", false },
        { "bar.*", "v1.q", false }, { "bar.*", "q", true },  { "bar.*", "v.q", true },
    },
      delivers[] = {
          { "foo.secret.a", "", false }, { "foo.secret.a", "q", false }, { "foo.secret", "", true },
          { "foo.a", "", true },         { "bar.a", "", true },          { "bar.a", "r", true },
          { "bar.a", "q", false },       { "bar.a", "v.q", false },      { "bar.b", "q", true },
      };
    struct permissions *made =
        make((struct permission_config){ .subscribe_deny = list_of("foo.secret.*,bar.a q,bar.a v.*") });
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
        if (permissions_filters(made, bytes_of_text(filters[i].subject), bytes_of_text(filters[i].queue)) !=
            filters[i].yes)
            fail_msg("filters, row %zu", i);
    for (size_t i = 0; i < ARRAY_COUNT(delivers); i++)
        if (permissions_deliver(made, bytes_of_text(delivers[i].subject), bytes_of_text(delivers[i].queue)) !=
            delivers[i].yes)
            fail_msg("delivers, row %zu", i);
}

static void answers_take_the_blanket_permission_away(void **state)
{
    (void)state;
    struct permissions *made = make((struct permission_config){ .allow_responses = true });
    assert_false(permissions_publish(made, BYTES_LITERAL("foo")));
    struct response_limits limits = permissions_responses(made);
    assert_true(limits.allowed);
    assert_int_equal(limits.max, RESPONSES_MAX_DEFAULT);
    assert_int_equal(limits.expire_ms, RESPONSES_EXPIRE_DEFAULT_MS);
    made = make((struct permission_config){
        .allow_responses = true, .responses_max = -1, .responses_expire_ms = 5, .publish_allow = list_of("foo") });
    assert_true(permissions_publish(made, BYTES_LITERAL("foo")));
    assert_int_equal(permissions_responses(made).max, -1);
    assert_int_equal(permissions_responses(made).expire_ms, 5);
    assert_false(permissions_responses(make((struct permission_config){ 0 })).allowed);
}

static void names_the_rule_that_is_none(void **state)
{
    (void)state;
    const struct {
        struct permission_config config;
        const char *where;
    } rows[] = {
        { { .publish_allow = list_of("foo,foo..bar") }, "publish.allow[1]" },
        { { .publish_deny = list_of("foo q") }, "publish.deny[0]" },
        { { .subscribe_allow = list_of("foo q r") }, "subscribe.allow[0]" },
        { { .subscribe_deny = list_of("ok,also ok, ") }, "subscribe.deny[2]" },
        { { .subscribe_deny = list_of("foo q..") }, "subscribe.deny[0]" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct permissions *made = NULL;
        diag_t diag = { 0 };
        assert_int_equal(permissions_new(&arena, &rows[i].config, &made, &diag), ERR_INVALID);
        assert_null(made);
        assert_string_equal(diag.where, rows[i].where);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(publishing_needs_an_allow_and_no_deny, tear_down),
        cmocka_unit_test_teardown(subscribing_may_not_reach_beyond_a_rule, tear_down),
        cmocka_unit_test_teardown(a_denied_subject_is_filtered_out_of_a_wildcard_subscription, tear_down),
        cmocka_unit_test_teardown(answers_take_the_blanket_permission_away, tear_down),
        cmocka_unit_test_teardown(names_the_rule_that_is_none, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
