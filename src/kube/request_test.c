// SPDX-License-Identifier: Apache-2.0
#include "kube/request.h"

#include "kube/api.h"
#include "kube/testing/world.h"

static struct http_request http;
static struct http_header header;
static struct http_exchange exchange;
static struct request request;

static bool read_request(enum http_method method, const char *path, const char *query, const char *accept)
{
    header = (struct http_header){ .name = BYTES_LITERAL("Accept"), .value = bytes_of_text(accept) };
    http = (struct http_request){ .method = method,
                                  .path = bytes_of_text(path),
                                  .query = bytes_of_text(query),
                                  .headers = &header,
                                  .header_count = accept[0] != '\0' };
    exchange.request = &http;
    arena_free(&request.arena);
    writer_free(&request.warnings);
    request = (struct request){ .exchange = &exchange, .kube = &world.kube };
    request.problem.arena = &request.arena;
    return request_read(&request);
}

static bool get(const char *path)
{
    return read_request(HTTP_GET, path, "", "");
}

#define THINGS "/apis/example.com/v1/namespaces/ns/things"

static void a_path_names_a_kind_a_namespace_an_object_and_a_part(void **state)
{
    static const struct {
        const char *path, *name_space, *name, *subresource;
    } cases[] = {
        { "/apis/example.com/v1/things", "", "", "" },
        { "/apis/example.com/v1beta1/things/", "", "", "" },
        { THINGS, "ns", "", "" },
        { THINGS "/a", "ns", "a", "" },
        { "//apis/example.com/v1//namespaces/ns/things/a%62/status", "ns", "ab", "status" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(get(cases[i].path));
        assert_ptr_equal(request.kind, world.things);
        assert_true(bytes_is(request.name_space, cases[i].name_space));
        assert_true(bytes_is(request.name, cases[i].name));
        assert_true(bytes_is(request.subresource, cases[i].subresource));
    }
}

static void a_path_that_leads_nowhere_is_not_found(void **state)
{
    static const char *const paths[] = {
        "/",
        "/api",
        "/apis",
        "/apis/example.com",
        "/apis/example.com/v1",
        "/apis/example.com/v2/things",
        "/apis/example.com/v1/thing",
        "/api/v1/things",
        THINGS "/a/b/c",
        THINGS "/..",
        THINGS "/.",
        THINGS "/a%2Fb",
        THINGS "/%zz",
        "/apis/example.com/v1/namespaces/ns/things/a/b/c/d/e/f/g",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        if (get(paths[i]))
            fail_msg("%s", paths[i]);
        assert_int_equal(request.problem.reason, PROBLEM_NOT_FOUND);
    }
}

static void methods_are_verbs_of_one_object_or_of_all(void **state)
{
    static const struct {
        enum http_method method;
        const char *path, *query;
        enum verb verb;
    } cases[] = {
        { HTTP_GET, THINGS "/a", "", VERB_GET },        { HTTP_GET, THINGS, "", VERB_LIST },
        { HTTP_GET, THINGS, "watch=true", VERB_WATCH }, { HTTP_GET, THINGS, "watch", VERB_WATCH },
        { HTTP_GET, THINGS, "watch=0", VERB_LIST },     { HTTP_POST, THINGS, "watch=1", VERB_CREATE },
        { HTTP_PUT, THINGS "/a", "", VERB_UPDATE },     { HTTP_PATCH, THINGS "/a", "", VERB_PATCH },
        { HTTP_DELETE, THINGS "/a", "", VERB_DELETE },  { HTTP_DELETE, THINGS, "", VERB_DELETE_COLLECTION },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(read_request(cases[i].method, cases[i].path, cases[i].query, ""));
        assert_string_equal(verb_text(request.verb), verb_text(cases[i].verb));
    }
}

static void parameters_are_read_and_unknown_ones_ignored(void **state)
{
    const struct parameters *parameters = &request.parameters;
    (void)state;
    assert_true(get(THINGS));
    assert_int_equal(parameters->field_validation, FIELD_VALIDATION_WARN);
    assert_false(parameters->is_dry_run);
    assert_true(read_request(HTTP_GET, THINGS,
                             "limit=500&timeoutSeconds=9&labelSelector=a%3Db%2Cc&resourceVersion=7&dryRun=All&force="
                             "false&fieldValidation=Strict&gracePeriodSeconds=0&includeObject=Object&hash=x&pretty",
                             ""));
    assert_int_equal(parameters->limit, 500);
    assert_int_equal(parameters->timeout_s, 9);
    assert_true(bytes_is(parameters->label_selector, "a=b,c"));
    assert_true(bytes_is(parameters->resource_version, "7"));
    assert_true(parameters->is_dry_run);
    assert_false(parameters->is_forced);
    assert_int_equal(parameters->field_validation, FIELD_VALIDATION_STRICT);
    assert_int_equal(parameters->include_object, INCLUDE_OBJECT);
}

static void a_parameter_without_sense_is_a_bad_request(void **state)
{
    static const char *const queries[] = { "limit=-1",           "limit=x",
                                           "watch=maybe",        "dryRun=Some",
                                           "timeoutSeconds=1.5", "fieldValidation=strict",
                                           "includeObject=All" };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
        if (read_request(HTTP_GET, THINGS, queries[i], ""))
            fail_msg("%s", queries[i]);
        assert_int_equal(request.problem.reason, PROBLEM_BAD_REQUEST);
    }
    assert_true(bytes_is(request.problem.message, "the parameter includeObject has no use for the value \"All\""));
}

#define TABLE(version) "application/json;as=Table;v=" version ";g=meta.k8s.io"

static void the_first_form_that_can_be_had_is_taken(void **state)
{
    static const struct {
        const char *accept;
        enum form form;
        const char *version;
    } cases[] = {
        { "", FORM_OBJECT, "" },
        { "*/*", FORM_OBJECT, "" },
        { "application/json", FORM_OBJECT, "" },
        // kubectl get
        { TABLE("v1") "," TABLE("v1beta1") ",application/json", FORM_TABLE, "v1" },
        { TABLE("v1beta1"), FORM_TABLE, "v1beta1" },
        { TABLE("v2") ",application/json", FORM_OBJECT, "" },
        // metadata informers, which would rather have protobuf
        { "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as="
          "PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
          FORM_PARTIAL, "v1" },
        { "application/json;as=Table;v=v1;g=other.io,*/*", FORM_OBJECT, "" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(read_request(HTTP_GET, THINGS, "", cases[i].accept));
        assert_int_equal(request.form, cases[i].form);
        assert_true(bytes_is(request.form_version, cases[i].version));
    }
    static const char *const refused[] = { "text/html", "application/vnd.kubernetes.protobuf", TABLE("v2"),
                                           "application/json;q=0" };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        assert_false(read_request(HTTP_GET, THINGS, "", refused[i]));
        assert_int_equal(request.problem.reason, PROBLEM_NOT_ACCEPTABLE);
    }
}

static void a_warning_cannot_leave_its_field(void **state)
{
    (void)state;
    assert_true(get(THINGS));
    request_warn(&request, BYTES_LITERAL("a \"b\" \\ c\r\nX: y"));
    assert_string_equal(arena_text(&world.arena, writer_view(&request.warnings)),
                        "Warning: 299 - \"a \\\"b\\\" \\\\ c  X: y\"\r\n");
    for (int i = 0; i < 1000; i++)
        request_warn(&request, BYTES_LITERAL("many"));
    assert_true(request.warnings.size < 4200);
}

static int tear_down(void **state)
{
    arena_free(&request.arena);
    writer_free(&request.warnings);
    request = (struct request){ 0 };
    return world_tear_down(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_names_a_kind_a_namespace_an_object_and_a_part),
        TEST(a_path_that_leads_nowhere_is_not_found),
        TEST(methods_are_verbs_of_one_object_or_of_all),
        TEST(parameters_are_read_and_unknown_ones_ignored),
        TEST(a_parameter_without_sense_is_a_bad_request),
        TEST(the_first_form_that_can_be_had_is_taken),
        TEST(a_warning_cannot_leave_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
