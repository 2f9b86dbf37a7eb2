// SPDX-License-Identifier: Apache-2.0
#include "eventing/kinds/ping_source_rules.h"

#include "base/assert.h"
#include "base/test.h"
#include "eventing/kinds/testing.h"

static void look_at(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    ping_source_inspect(errors, object);
    ping_source_check(errors, object, live);
}

static const char *of_spec(const char *spec)
{
    return complaints(look_at, arena_format(&arena, "{\"spec\":{%s}}", spec), NULL);
}

static void fills_the_schedule_and_the_namespace(void **state)
{
    (void)state;
    assert_filled(
        ping_source_fill,
        "{\"metadata\":{\"namespace\":\"n\"},\"spec\":{\"schedule\":\"\",\"sink\":{\"ref\":{\"name\":\"s\"}}}}", NULL,
        "{\"metadata\":{\"namespace\":\"n\"},\"spec\":{\"schedule\":\"* * * * *\",\"sink\":{\"ref\":{\"name\":"
        "\"s\",\"namespace\":\"n\"}}}}");
    assert_filled(ping_source_fill, "{\"spec\":{\"schedule\":1,\"sink\":2}}", NULL,
                  "{\"spec\":{\"schedule\":1,\"sink\":2}}");
}

static void takes_what_knative_takes(void **state)
{
    static const char *const specs[] = {
        "",
        "\"schedule\":\"*/1 * * * *\",\"timezone\":\"Europe/Paris\"",
        "\"schedule\":\"30 * * * * *\"",
        "\"schedule\":\"@daily\"",
        "\"contentType\":\"application/json\",\"data\":\"{\\\"message\\\": \\\"Hello\\\"}\"",
        "\"contentType\":\"application/json\",\"data\":\"null\"",
        "\"contentType\":\"text/plain\",\"data\":\"[1\"",
        "\"data\":\"x\",\"dataBase64\":\"\"",
        "\"contentType\":\"application/json\",\"dataBase64\":\"e30=\"", // {}
        "\"ceOverrides\":{\"extensions\":{\"Colour1\":\"red\"}}",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(specs); i++)
        assert_string_equal(of_spec(specs[i]), "");
}

static void refuses_what_knative_refuses(void **state)
{
    static const struct {
        const char *spec, *complaint; // its beginning
    } cases[] = {
        { "\"schedule\":\"* * *\"", "spec.schedule: Invalid value: \"* * *\": " },
        { "\"schedule\":\"61 * * * *\"", "spec.schedule: Invalid value: \"61 * * * *\": " },
        { "\"schedule\":\"@every 1s\"", "spec.schedule: Invalid value: \"@every 1s\": " },
        { "\"timezone\":\"Mars/Phobos\"",
          "spec.timezone: Invalid value: \"Mars/Phobos\": provided bad location: there is no time zone" },
        { "\"timezone\":\"../etc\"", "spec.timezone: Invalid value: \"../etc\": provided bad location" },
        { "\"data\":\"x\",\"dataBase64\":\"eA==\"",
          "spec.dataBase64: Invalid value: expected exactly one, got both: spec.data, spec.dataBase64" },
        { "\"dataBase64\":\"e30\\u0021\"", "spec.dataBase64: Invalid value: illegal base64 data" },
        { "\"contentType\":\"application/json\",\"data\":\"[1]\"",
          "spec.data: Invalid value: contentType is application/json: must be a JSON object" },
        { "\"contentType\":\"application/json\",\"data\":\"{\"",
          "spec.data: Invalid value: contentType is application/json, but this is not: " },
        { "\"contentType\":\"application/json\",\"dataBase64\":\"eA==\"",
          "spec.dataBase64: Invalid value: contentType is application/json, but this is not: " },
        { "\"ceOverrides\":{\"extensions\":{\"a-b\":\"red\"}}",
          "spec.ceOverrides.extensions[a-b]: Invalid value: \"a-b\": keys are expected to be alphanumeric" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *text = of_spec(cases[i].spec);
        if (strncmp(text, cases[i].complaint, strlen(cases[i].complaint)) != 0)
            fail_msg("%s: %s", cases[i].spec, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(fills_the_schedule_and_the_namespace, tear_down),
        cmocka_unit_test_teardown(takes_what_knative_takes, tear_down),
        cmocka_unit_test_teardown(refuses_what_knative_refuses, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
