// SPDX-License-Identifier: Apache-2.0
#include "kube/select/name.h"

#include "kube/patch/tree_test.h"

// What kube-apiserver 1.34 says (k8s.io/apimachinery 0.34.1, util/validation).
#define LABEL                                                                                                          \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "    \
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "                     \
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define SUBDOMAIN                                                                                                      \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "   \
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "                        \
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define LABEL_1035                                                                                                     \
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " \
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "             \
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
#define QUALIFIED                                                                                                      \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " \
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "                                      \
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define VALUE                                                                                                          \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "    \
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "  \
    "is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define CONFIG_KEY                                                                                                     \
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "  \
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"

#define X10  "xxxxxxxxxx"
#define X60  X10 X10 X10 X10 X10 X10
#define X240 X60 X60 X60 X60

struct row {
    enum name_rule rule;
    const char *name;
    const char *texts[4];
};

static void expect(const struct name_faults *faults, const struct row *row)
{
    size_t count = 0;
    while (count < 4 && row->texts[count] != NULL)
        count++;
    if (faults->count != count)
        fail_msg("%s: %zu faults, not %zu", row->name, faults->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(faults->texts[i], row->texts[i]);
}

static void names_are_checked_in_kube_apiservers_words(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { NAME_DNS_SUBDOMAIN, "a", { NULL } },
        { NAME_DNS_SUBDOMAIN, "0-a.b-9.c", { NULL } },
        { NAME_DNS_SUBDOMAIN, X240 X10 "xxx", { NULL } },
        { NAME_DNS_SUBDOMAIN, X240 X10 "xxxx", { "must be no more than 253 characters" } },
        { NAME_DNS_SUBDOMAIN, X240 X10 "xxx-", { "must be no more than 253 characters", SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "A", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "a..b", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "a.", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, ".a", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "a-.b", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "a\n", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "\xc3\xa4", { SUBDOMAIN } },
        { NAME_DNS_LABEL, "my-name", { NULL } },
        { NAME_DNS_LABEL, X60 "xxx", { NULL } },
        { NAME_DNS_LABEL, X60 "xxxx", { "must be no more than 63 characters" } },
        { NAME_DNS_LABEL, "a.b", { "must not contain dots" } },
        { NAME_DNS_LABEL, "a.B", { LABEL } },
        { NAME_DNS_LABEL, X60 "xxxx.", { "must be no more than 63 characters", LABEL } },
        { NAME_DNS_1035_LABEL, "abc-123", { NULL } },
        { NAME_DNS_1035_LABEL, "1a", { LABEL_1035 } },
        { NAME_DNS_1035_LABEL, "a-", { LABEL_1035 } },
        { NAME_DNS_1035_LABEL, X60 "xxxX", { "must be no more than 63 characters", LABEL_1035 } },
        { NAME_PATH_SEGMENT, "system:node A", { NULL } },
        { NAME_PATH_SEGMENT, "", { NULL } },
        { NAME_PATH_SEGMENT, "...", { NULL } },
        { NAME_PATH_SEGMENT, ".", { "may not be '.'" } },
        { NAME_PATH_SEGMENT, "..", { "may not be '..'" } },
        { NAME_PATH_SEGMENT, "a%/", { "may not contain '/'", "may not contain '%'" } },
        { NAME_QUALIFIED, "app", { NULL } },
        { NAME_QUALIFIED, "Example_1.x", { NULL } },
        { NAME_QUALIFIED, "example.com/My_Name", { NULL } },
        { NAME_QUALIFIED, "", { "name part must be non-empty", "name part " QUALIFIED } },
        { NAME_QUALIFIED, "/a", { "prefix part must be non-empty" } },
        { NAME_QUALIFIED, "Example.com/a", { "prefix part " SUBDOMAIN } },
        { NAME_QUALIFIED, "-/", { "prefix part " SUBDOMAIN, "name part must be non-empty", "name part " QUALIFIED } },
        { NAME_QUALIFIED, X60 "xxxx", { "name part must be no more than 63 characters" } },
        { NAME_QUALIFIED,
          X240 X10 "xxx-/" X60 "xxx-",
          { "prefix part must be no more than 253 characters", "prefix part " SUBDOMAIN,
            "name part must be no more than 63 characters", "name part " QUALIFIED } },
        { NAME_QUALIFIED,
          "a/b/c",
          { "a qualified name " QUALIFIED
            " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')" } },
        { NAME_ANNOTATION, "Example.COM/a", { NULL } },
        { NAME_ANNOTATION, "Example.-COM/a", { "prefix part " SUBDOMAIN } },
        { NAME_ANNOTATION, "a b", { "name part " QUALIFIED } },
        { NAME_LABEL_VALUE, "", { NULL } },
        { NAME_LABEL_VALUE, "a_B.1", { NULL } },
        { NAME_LABEL_VALUE, "_a", { VALUE } },
        { NAME_LABEL_VALUE, X60 "xxx.", { "must be no more than 63 characters", VALUE } },
        { NAME_CONFIG_KEY, "-key.YAML_", { NULL } },
        { NAME_CONFIG_KEY, "", { CONFIG_KEY } },
        { NAME_CONFIG_KEY, "a/b", { CONFIG_KEY } },
        { NAME_CONFIG_KEY, ".", { "must not be '.'" } },
        { NAME_CONFIG_KEY, "..", { "must not be '..'" } },
        { NAME_CONFIG_KEY, "..a", { "must not start with '..'" } },
        { NAME_CONFIG_KEY, "a..b", { NULL } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct name_faults faults = name_check(rows[i].rule, bytes_of_text(rows[i].name));
        expect(&faults, &rows[i]);
    }
}

static void a_prefix_may_end_where_a_name_may_not(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { NAME_DNS_SUBDOMAIN, "job-", { NULL } },      { NAME_DNS_LABEL, "job--", { NULL } },
        { NAME_DNS_1035_LABEL, "a-", { NULL } },       { NAME_DNS_SUBDOMAIN, "-", { SUBDOMAIN } },
        { NAME_DNS_SUBDOMAIN, "job.", { SUBDOMAIN } }, { NAME_DNS_LABEL, "Job-", { LABEL } },
        { NAME_PATH_SEGMENT, "..", { NULL } },         { NAME_PATH_SEGMENT, "a/-", { "may not contain '/'" } },
        { NAME_DNS_SUBDOMAIN, "", { SUBDOMAIN } },     { NAME_DNS_LABEL, "a.bc-", { "must not contain dots" } },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct name_faults faults = name_prefix_check(rows[i].rule, bytes_of_text(rows[i].name));
        expect(&faults, &rows[i]);
    }
}

static void faults_make_one_sentence(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct name_faults faults = name_check(NAME_PATH_SEGMENT, BYTES_LITERAL("/%"));
    assert_string_equal(name_faults_text(&arena, &faults), "may not contain '/'; may not contain '%'");
    faults = name_check(NAME_PATH_SEGMENT, BYTES_LITERAL("a"));
    assert_string_equal(name_faults_text(&arena, &faults), "");
    arena_free(&arena);
}

static void a_generated_name_is_the_prefix_and_five_characters(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_true(bytes_is(name_generate(&arena, BYTES_LITERAL("job-"), 0), "job-bbbbb"));
    assert_true(bytes_is(name_generate(&arena, BYTES_LITERAL("job-"), 27 + 26), "job-9cbbb"));
    assert_true(bytes_is(name_generate(&arena, BYTES_LITERAL(""), 14348906), "99999"));
    bytes_t longest = name_generate(&arena, BYTES_LITERAL(X60), 1);
    assert_int_equal(longest.size, 63);
    assert_memory_equal(longest.data + 56, "xxcbbbb", 7);
    for (uint64_t random = 1; random != 0; random <<= 1) {
        bytes_t name = name_generate(&arena, BYTES_LITERAL("a"), random * 2654435761U);
        assert_int_equal(strspn(arena_text(&arena, name) + 1, "bcdfghjklmnpqrstvwxz2456789"), NAME_SUFFIX_SIZE);
    }
    arena_free(&arena);
}

static void annotations_are_counted_with_their_keys(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    assert_int_equal(annotations_size(NULL), 0);
    assert_int_equal(annotations_size(tree(&arena, "{}")), 0);
    assert_int_equal(annotations_size(tree(&arena, "{\"a\":\"\",\"bc\":\"def\",\"g\":null}")), 7);
    assert_int_equal(annotations_size(tree(&arena, "[\"abc\"]")), 0);
    assert_int_equal(ANNOTATIONS_SIZE_MAX, 262144);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked_in_kube_apiservers_words),
        cmocka_unit_test(a_prefix_may_end_where_a_name_may_not),
        cmocka_unit_test(faults_make_one_sentence),
        cmocka_unit_test(a_generated_name_is_the_prefix_and_five_characters),
        cmocka_unit_test(annotations_are_counted_with_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
