// SPDX-License-Identifier: Apache-2.0
#include "kube/kinds/claims.h"

#include "base/test.h"

static struct claims claims;
static const char *changed; // the last one that was told

static void on_change(void *owner, bytes_t object)
{
    assert_ptr_equal(owner, &claims);
    changed = bytes_is(object, "a/old") ? "a/old" : bytes_is(object, "b/new") ? "b/new" : "?";
}

static int set_up(void **state)
{
    (void)state;
    claims_init(&claims, on_change, &claims);
    changed = "";
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    claims_deinit(&claims);
    return 0;
}

static void ask(const char *name, const char *object, const char *uid, const char *created, bool has_it)
{
    struct claimant claimant = { bytes_of_text(object), bytes_of_text(uid), bytes_of_text(created), has_it };
    claims_ask(&claims, bytes_of_text(name), &claimant);
}

static void assert_holder(const char *name, const char *object)
{
    bytes_t holder = claims_holder(&claims, bytes_of_text(name));
    if (!bytes_is(holder, object))
        fail_msg("%.*s has %s, not %s", BYTES_ARG(holder), name, object);
}

static void the_oldest_has_the_name_and_the_next_gets_it(void **state)
{
    (void)state;
    assert_null(claims_holder(&claims, BYTES_LITERAL("t")).data);
    ask("t", "a/old", "1", "2026-01-01T00:00:01Z", false);
    ask("t", "b/new", "2", "2026-01-01T00:00:02Z", false);
    ask("t", "c/3", "3", "2026-01-01T00:00:03Z", false);
    claims_drop(&claims, BYTES_LITERAL("c/3"));
    assert_holder("t", "a/old");
    assert_string_equal(changed, "");
    claims_drop(&claims, BYTES_LITERAL("a/old"));
    assert_holder("t", "b/new");
    assert_string_equal(changed, "b/new");
    changed = "";
    claims_drop(&claims, BYTES_LITERAL("b/new"));
    claims_drop(&claims, BYTES_LITERAL("b/new"));
    assert_null(claims_holder(&claims, BYTES_LITERAL("t")).data);
    assert_string_equal(changed, "");
}

static void one_that_is_older_takes_the_name_away(void **state)
{
    (void)state;
    ask("t", "b/new", "2", "2026-01-01T00:00:02Z", true);
    ask("t", "a/old", "1", "2026-01-01T00:00:01Z", false);
    assert_holder("t", "a/old");
    assert_string_equal(changed, "b/new");
}

static void of_one_second_the_first_that_asked_is_first_but_for_one_that_has_it(void **state)
{
    (void)state;
    ask("t", "c/1", "1", "2026-01-01T00:00:00Z", false);
    ask("t", "b/2", "2", "2026-01-01T00:00:00Z", false);
    assert_holder("t", "c/1");
    ask("t", "z/3", "3", "2026-01-01T00:00:00Z", true);
    assert_holder("t", "z/3");
    ask("t", "a/4", "4", "2026-01-01T00:00:00Z", true);
    assert_holder("t", "z/3");
    claims_drop(&claims, BYTES_LITERAL("z/3"));
    claims_drop(&claims, BYTES_LITERAL("a/4"));
    assert_holder("t", "c/1");
}

static void asking_again_keeps_the_place_another_object_of_that_name_does_not(void **state)
{
    (void)state;
    ask("t", "a/old", "1", "2026-01-01T00:00:00Z", false);
    ask("t", "b/new", "2", "2026-01-01T00:00:00Z", false);
    ask("t", "a/old", "1", "2026-01-01T00:00:00Z", false);
    assert_holder("t", "a/old");
    assert_string_equal(changed, "");
    ask("t", "a/old", "3", "2026-01-01T00:00:00Z", false);
    assert_holder("t", "b/new");
    assert_string_equal(changed, "b/new");
}

static void an_object_has_one_name(void **state)
{
    (void)state;
    ask("t", "a/old", "1", "2026-01-01T00:00:00Z", false);
    ask("u", "a/old", "3", "2026-01-01T00:00:00Z", false);
    assert_null(claims_holder(&claims, BYTES_LITERAL("t")).data);
    assert_holder("u", "a/old");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_oldest_has_the_name_and_the_next_gets_it),
        TEST(one_that_is_older_takes_the_name_away),
        TEST(of_one_second_the_first_that_asked_is_first_but_for_one_that_has_it),
        TEST(asking_again_keeps_the_place_another_object_of_that_name_does_not),
        TEST(an_object_has_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
