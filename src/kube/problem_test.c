// SPDX-License-Identifier: Apache-2.0
#include "kube/problem.h"

#include "kube/kind.h"
#include "kube/schema/field_error.h"

#include "base/test.h"

static struct arena arena;
static const struct kind triggers = {
    .group = { (const uint8_t *)"eventing.knative.dev", 20 },
    .plural = { (const uint8_t *)"triggers", 8 },
    .name = { (const uint8_t *)"Trigger", 7 },
};
static const struct kind config_maps = {
    .group = { (const uint8_t *)"", 0 },
    .plural = { (const uint8_t *)"configmaps", 10 },
    .name = { (const uint8_t *)"ConfigMap", 9 },
};

static const char *shown(const struct problem *problem)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    problem_write(&json, problem);
    const char *text = arena_text(&arena, writer_view(&out));
    writer_free(&out);
    return text;
}

#define STATUS "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","

// kube-apiserver's own answer, byte for byte.
static void what_is_not_there_is_said_as_kubernetes_says_it(void **state)
{
    struct problem problem = { .arena = &arena };
    (void)state;
    problem_not_found(&problem, &triggers, BYTES_LITERAL("nope"));
    assert_string_equal(shown(&problem), STATUS
                        "\"message\":\"triggers.eventing.knative.dev \\\"nope\\\" not found\",\"reason\":"
                        "\"NotFound\",\"details\":{\"name\":\"nope\",\"group\":\"eventing.knative.dev\",\"kind\":"
                        "\"triggers\"},\"code\":404}");
    problem = (struct problem){ .arena = &arena };
    problem_not_found(&problem, NULL, BYTES_NULL);
    assert_string_equal(shown(&problem), STATUS
                        "\"message\":\"the server could not find the requested resource\",\"reason\":\"NotFound\","
                        "\"code\":404}");
}

static void the_core_group_has_no_name(void **state)
{
    struct problem problem = { .arena = &arena };
    (void)state;
    problem_already_exists(&problem, &config_maps, BYTES_LITERAL("c"));
    assert_string_equal(shown(&problem), STATUS
                        "\"message\":\"configmaps \\\"c\\\" already exists\",\"reason\":\"AlreadyExists\",\"details\":{"
                        "\"name\":\"c\",\"kind\":\"configmaps\"},\"code\":409}");
}

static void a_conflict_names_its_causes(void **state)
{
    struct problem problem = { .arena = &arena };
    (void)state;
    problem_conflict(&problem, &triggers, BYTES_LITERAL("t1"),
                     "the object has been modified; please apply your changes to the latest version and try again");
    assert_true(bytes_is(problem.message, "Operation cannot be fulfilled on triggers.eventing.knative.dev \"t1\": the "
                                          "object has been modified; please apply your changes to the latest version "
                                          "and try again"));
    for (int i = 0; i < 20; i++)
        problem_cause(&problem, "FieldManagerConflict", BYTES_LITERAL(".spec.a"), "conflict %d", i);
    assert_int_equal(problem.cause_count, 20);
    assert_true(bytes_is(problem.causes[0].message, "conflict 0"));
    assert_true(bytes_is(problem.causes[19].message, "conflict 19"));
    assert_int_equal(problem_code(problem.reason), 409);
}

static void what_is_invalid_is_said_field_by_field(void **state)
{
    struct problem problem = { .arena = &arena };
    struct field_errors errors = field_errors_in(&arena);
    (void)state;
    problem_invalid(&problem, &triggers, BYTES_LITERAL("t1"), &errors);
    assert_int_equal(problem.reason, PROBLEM_NONE);
    field_error_add(&errors, FIELD_REQUIRED, BYTES_LITERAL("spec.broker"), BYTES_NULL, BYTES_LITERAL(""));
    problem_invalid(&problem, &triggers, BYTES_LITERAL("t1"), &errors);
    assert_string_equal(shown(&problem), STATUS
                        "\"message\":\"Trigger.eventing.knative.dev \\\"t1\\\" is invalid: spec.broker: Required "
                        "value\",\"reason\":\"Invalid\",\"details\":{\"name\":\"t1\",\"group\":"
                        "\"eventing.knative.dev\",\"kind\":\"Trigger\",\"causes\":[{\"reason\":"
                        "\"FieldValueRequired\",\"message\":\"Required value\",\"field\":\"spec.broker\"}]},"
                        "\"code\":422}");
}

static void a_client_is_told_when_to_come_again(void **state)
{
    struct problem problem = { .arena = &arena };
    (void)state;
    problem_set(&problem, PROBLEM_TOO_MANY_REQUESTS, "%s", "later");
    problem.retry_after_s = 1;
    assert_string_equal(shown(&problem), STATUS "\"message\":\"later\",\"reason\":\"TooManyRequests\",\"details\":{"
                                                "\"retryAfterSeconds\":1},\"code\":429}");
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_said_as_kubernetes_says_it),
        cmocka_unit_test(the_core_group_has_no_name),
        cmocka_unit_test(a_conflict_names_its_causes),
        cmocka_unit_test(what_is_invalid_is_said_field_by_field),
        cmocka_unit_test(a_client_is_told_when_to_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
