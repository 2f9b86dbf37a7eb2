// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/type.h"

#include "base/assert.h"
#include "cloudevents/uri.h"

#include "base/test.h"

#define GOOD true
#define BAD  false

static const struct {
    enum cloudevent_type type;
    const char *text;
    bool is_good;
} values[] = {
    { CLOUDEVENT_TYPE_STRING, "", GOOD },
    { CLOUDEVENT_TYPE_STRING, "plain ~!\"%\\", GOOD },
    { CLOUDEVENT_TYPE_STRING, "Euro \xe2\x82\xac \xf0\x9f\x98\x80", GOOD },
    { CLOUDEVENT_TYPE_STRING, "\xc2\xa0", GOOD },
    { CLOUDEVENT_TYPE_STRING, "\xef\xb7\x8f", GOOD },
    { CLOUDEVENT_TYPE_STRING, "\xef\xbf\xbd", GOOD },
    { CLOUDEVENT_TYPE_STRING, "\xf4\x8f\xbf\xbd", GOOD },
    { CLOUDEVENT_TYPE_STRING, "a\tb", BAD },
    { CLOUDEVENT_TYPE_STRING, "a\nb", BAD },
    { CLOUDEVENT_TYPE_STRING, "\x7f", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xc2\x80", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xc2\x9f", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xef\xb7\x90", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xef\xb7\xaf", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xef\xbf\xbe", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xf0\x9f\xbf\xbf", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xf4\x8f\xbf\xbe", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xed\xba\xad", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xc0\xa0", BAD },
    { CLOUDEVENT_TYPE_STRING, "\xe2\x82", BAD },
    { CLOUDEVENT_TYPE_BOOLEAN, "true", GOOD },
    { CLOUDEVENT_TYPE_BOOLEAN, "false", GOOD },
    { CLOUDEVENT_TYPE_BOOLEAN, "True", BAD },
    { CLOUDEVENT_TYPE_BOOLEAN, "1", BAD },
    { CLOUDEVENT_TYPE_BOOLEAN, "", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "0", GOOD },
    { CLOUDEVENT_TYPE_INTEGER, "-1", GOOD },
    { CLOUDEVENT_TYPE_INTEGER, "2147483647", GOOD },
    { CLOUDEVENT_TYPE_INTEGER, "-2147483648", GOOD },
    { CLOUDEVENT_TYPE_INTEGER, "2147483648", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "-2147483649", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "99999999999999999999", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "1.5", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "1e3", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "+1", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "01", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "-0", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "-", BAD },
    { CLOUDEVENT_TYPE_INTEGER, "", BAD },
    { CLOUDEVENT_TYPE_BINARY, "", GOOD },
    { CLOUDEVENT_TYPE_BINARY, "TWE=", GOOD },
    { CLOUDEVENT_TYPE_BINARY, "TWE", GOOD },
    { CLOUDEVENT_TYPE_BINARY, "T", BAD },
    { CLOUDEVENT_TYPE_BINARY, "TW-_", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T17:31:00Z", GOOD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05t17:31:00z", GOOD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T17:31:00.000000001+23:59", GOOD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "1990-12-31T23:59:60Z", GOOD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2000-02-29T00:00:00-00:00", GOOD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "1900-02-29T00:00:00Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05 17:31:00Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T17:31:00", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T18:31Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T18:31:00X", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T18:31:00+25:00", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T18:31:00+05", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T24:00:00Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-13-05T00:00:00Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "2018-04-05T17:31:00.Z", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "lunchtime", BAD },
    { CLOUDEVENT_TYPE_TIMESTAMP, "", BAD },
    // RFC 3986 1.1.2, and the examples of CloudEvents 1.0.2 for source.
    { CLOUDEVENT_TYPE_URI_REFERENCE, "ftp://ftp.is.co.za/rfc/rfc1808.txt", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "ldap://[2001:db8::7]/c=GB?objectClass?one", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "mailto:cncf-wg-serverless@lists.cncf.io", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "news:comp.infosystems.www.servers.unix", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "tel:+1-816-555-1212", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "telnet://192.0.2.16:80/", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "https://user:pass@example.com:8443/a/b?c=d&e=%20#f/?", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/cloudevents/spec/pull/123", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "1-555-123-4567", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/apis/v1/namespaces/ns/kafkasources/n#topic", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "#fragment", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "?query", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "//authority/path", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "./a:b", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "../x", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://host:", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "a+b-c.1:x", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "", GOOD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "a b", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "1a:b", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, ":b", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "a_b:c", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/%zz", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/%4", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/a\"b", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/{id}", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/a[0]", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/a\\b", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "/k\xc3\xa4se", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "a#b#c", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://host:8x/", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://a@b@c/", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://[::1/", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://[]/", BAD },
    { CLOUDEVENT_TYPE_URI_REFERENCE, "http://[::1]x/", BAD },
    { CLOUDEVENT_TYPE_URI, "https://example.com/schema.json", GOOD },
    { CLOUDEVENT_TYPE_URI, "urn:x:y", GOOD },
    { CLOUDEVENT_TYPE_URI, "https://example.com/schema.json#/definitions/a", GOOD },
    { CLOUDEVENT_TYPE_URI, "/schema.json", BAD },
    { CLOUDEVENT_TYPE_URI, "//example.com/schema.json", BAD },
    { CLOUDEVENT_TYPE_URI, "schema.json", BAD },
    { CLOUDEVENT_TYPE_URI, "", BAD },
};

static void each_type_has_its_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        const char *problem = cloudevent_type_problem(values[i].type, bytes_of_text(values[i].text));
        if ((problem == NULL) != values[i].is_good)
            fail_msg("%s %s: %s", cloudevent_type_name(values[i].type), values[i].text, problem == NULL ? "" : problem);
        if (problem != NULL)
            assert_memory_equal(problem, "must ", 5);
    }
}

static void refuses_zero_bytes_in_strings(void **state)
{
    (void)state;
    bytes_t text = bytes_of("a\0b", 3);
    for (int type = 0; type < CLOUDEVENT_TYPE_COUNT; type++)
        assert_non_null(cloudevent_type_problem((enum cloudevent_type)type, text));
}

static void names_are_lower_case_letters_and_digits(void **state)
{
    (void)state;
    static const char *const good[] = { "a", "z9", "0", "comexampleextension1", "averyveryverylongnameofmorethan20" };
    static const char *const bad[] = { "", "A", "a_b", "a-b", "a.b", "a b", "data", "\xc3\xa4", "myExtension" };
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_true(cloudevent_is_name(bytes_of_text(good[i])));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(cloudevent_is_name(bytes_of_text(bad[i])));
}

static void shows_names_without_what_disturbs(void **state)
{
    (void)state;
    char room[CLOUDEVENT_NAME_ROOM], name[100];
    memset(name, 'n', sizeof name);
    assert_string_equal(cloudevent_name_shown(BYTES_LITERAL("a\r\nb"), room), "a??b");
    assert_string_equal(cloudevent_name_shown(BYTES_LITERAL(""), room), "\"\"");
    assert_int_equal(strlen(cloudevent_name_shown(bytes_of(name, sizeof name), room)), CLOUDEVENT_NAME_ROOM - 1);
    assert_string_equal(room + CLOUDEVENT_NAME_ROOM - 4, "...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_strings),
        cmocka_unit_test(refuses_zero_bytes_in_strings),
        cmocka_unit_test(names_are_lower_case_letters_and_digits),
        cmocka_unit_test(shows_names_without_what_disturbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
