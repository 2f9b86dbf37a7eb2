// SPDX-License-Identifier: Apache-2.0
#include "cli/describe_object.h"

#include "base/test.h"

static const char *label(struct arena *arena, const char *field)
{
    struct writer out = WRITER_INIT;
    describe_label(bytes_of_text(field), &out);
    const char *text = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return text;
}

static void fields_are_named_as_people_read_them(void **state)
{
    (void)state;
    static const struct {
        const char *field, *label;
    } rows[] = {
        { "spec", "Spec" },
        { "creationTimestamp", "Creation Timestamp" },
        { "apiVersion", "API Version" },
        { "uid", "UID" },
        { "podUid", "Pod UID" },
        { "clusterIP", "Cluster IP" },
        { "UIDName", "UID Name" },
        { "externalURLs", "External UR Ls" }, // as kubectl has it
        { "a-b", "A - B" },
        { "v1beta", "v1beta" },
        { "example.com/a", "example.com/a" },
        { "", "" },
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(label(&arena, rows[i].field), rows[i].label);
    arena_free(&arena);
}

static const char *described(struct arena *arena, const char *text, const char *events)
{
    static const struct json_limits limits = { .size = 1 << 16, .values = 1 << 12 };
    struct json_value *object, *list = NULL;
    struct writer out = WRITER_INIT;
    assert_int_equal(json_parse(bytes_of_text(text), &limits, arena, &object, NULL), ERR_OK);
    if (events != NULL)
        assert_int_equal(json_parse(bytes_of_text(events), &limits, arena, &list, NULL), ERR_OK);
    describe_object(object, list, 1000000, &out);
    const char *made = arena_text(arena, writer_view(&out));
    writer_free(&out);
    return made;
}

static void what_others_wrote_cannot_steer_a_terminal(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *text =
        described(&arena,
                  "{\"kind\":\"K\",\"metadata\":{\"name\":\"n\\u001b[2J\",\"labels\":{\"a\":\"\\t\"},"
                  "\"annotations\":{\"b\":\"\\u0007\"}},\"sp\\u001bec\":{\"text\":\"one\\ntwo\\u001b\"}}",
                  NULL);
    assert_string_equal(text, "Name:         n?[2J\nNamespace:    \nLabels:       a= \nAnnotations:  b: ?\n"
                              "Kind:         K\nMetadata:\nsp?ec:\n  Text:\n    one\n    two?\n");
    arena_free(&arena);
}

static void values_of_secrets_are_not_shown(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *text = described(&arena,
                                 "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"type\":"
                                 "\"Opaque\",\"data\":{\"password\":\"aHVzaA==\"}}",
                                 "{\"items\":[]}");
    assert_null(strstr(text, "aHVzaA"));
    assert_null(strstr(text, "hush"));
    assert_non_null(strstr(text, "\nType:  Opaque\n\nData\n====\npassword:  4 bytes\n"));
    arena_free(&arena);
}

static void events_are_in_the_order_of_time(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    const char *text =
        described(&arena, "{\"metadata\":{\"name\":\"n\"}}",
                  "{\"items\":[{\"reason\":\"Second\",\"type\":\"Normal\",\"lastTimestamp\":\"1970-01-01T00:16:30Z\","
                  "\"firstTimestamp\":\"1970-01-01T00:15:00Z\",\"count\":3,\"message\":\"two\\nlines\\n\",\"source\":{"
                  "\"component\":\"c\"}},{\"reason\":\"First\",\"type\":\"Warning\",\"eventTime\":\"1970-01-01T00:10:"
                  "00.000000Z\","
                  "\"message\":\"m\",\"reportingComponent\":\"r\"}]}");
    const char *expected = "Events:\n"
                           "  Type     Reason  Age                 From  Message\n"
                           "  ----     ------  ----                ----  -------\n"
                           "  Warning  First   6m40s               r     m\n"
                           "  Normal   Second  10s (x3 over 100s)  c     two lines\n";
    assert_string_equal(strstr(text, "Events"), expected);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_named_as_people_read_them),
        cmocka_unit_test(what_others_wrote_cannot_steer_a_terminal),
        cmocka_unit_test(values_of_secrets_are_not_shown),
        cmocka_unit_test(events_are_in_the_order_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
