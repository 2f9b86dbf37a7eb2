// SPDX-License-Identifier: Apache-2.0
#include "http/media.h"

#include "base/assert.h"
#include "base/test.h"
#include "http/request.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena = ARENA_INIT;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

// "type/subtype;name=value..." of the media type, with its weight if there is one.
static const char *text_of(const struct http_media *media)
{
    char *text = arena_format(&arena, "%.*s/%.*s", BYTES_ARG(media->type), BYTES_ARG(media->subtype));
    for (size_t i = 0; i < media->parameter_count; i++)
        text = arena_format(&arena, "%s;%.*s=%.*s", text, BYTES_ARG(media->parameters[i].name),
                            BYTES_ARG(media->parameters[i].value));
    return media->weight == HTTP_WEIGHT_MAX ? text : arena_format(&arena, "%s (%u)", text, media->weight);
}

static void reads_content_types(void **state)
{
    (void)state;
    static const struct {
        const char *text, *read; // NULL: malformed
    } rows[] = {
        { "application/json", "application/json" },
        { "application/apply-patch+yaml", "application/apply-patch+yaml" },
        { "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
          "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" },
        { "text/html; charset=utf-8", "text/html;charset=utf-8" },
        { "text/html;charset=\"utf-8\"", "text/html;charset=utf-8" },
        { " a/b \t; c=d ;\te=\"f\\\"g\\\\;, h\" ", "a/b;c=d;e=f\"g\\;, h" },
        { "a/b;", "a/b" },
        { "a/b;;c=d;", "a/b;c=d" },
        { "a/b;c=\"\"", "a/b;c=" },
        { "a/b;q=0.5", "a/b" },
        { "", NULL },
        { "a", NULL },
        { "a/", NULL },
        { "/b", NULL },
        { "a /b", NULL },
        { "a/ b", NULL },
        { "a/b c", NULL },
        { "a/b;c", NULL },
        { "a/b;c=", NULL },
        { "a/b;c =d", NULL },
        { "a/b;c= d", NULL },
        { "a/b;=d", NULL },
        { "a/b;c@=d", NULL },
        { "a/b;c=\"d", NULL },
        { "a/b;c=\"d\\", NULL },
        { "a/b;c=\"d\\\"", NULL },
        { "a/b;c=\"d\"e", NULL },
        { "a/b;c=\"\x01\"", NULL },
        { "a/b,c/d", NULL },
        { "a/b;q=2", NULL },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_media media;
        err_t err = http_media_parse(bytes_of_text(rows[i].text), &arena, &media);
        assert_int_equal(err, rows[i].read == NULL ? ERR_MALFORMED : ERR_OK);
        if (err == ERR_OK)
            assert_string_equal(text_of(&media), rows[i].read);
    }
}

static void limits_the_parameters(void **state)
{
    (void)state;
    struct http_media media;
    assert_int_equal(http_media_parse(BYTES_LITERAL("a/b;1=1;2=2;3=3;4=4;5=5;6=6;7=7;8=8;9=9;10=1;11=1;12=1;13=1;14=1;"
                                                    "15=1;16=1"),
                                      &arena, &media),
                     ERR_OK);
    assert_int_equal(media.parameter_count, HTTP_MEDIA_PARAMETERS_MAX);
    assert_int_equal(http_media_parse(BYTES_LITERAL("a/b;1=1;2=2;3=3;4=4;5=5;6=6;7=7;8=8;9=9;10=1;11=1;12=1;13=1;14=1;"
                                                    "15=1;16=1;17=1"),
                                      &arena, &media),
                     ERR_LIMIT);
}

static void compares_without_case_and_with_stars(void **state)
{
    (void)state;
    struct http_media media;
    assert_int_equal(http_media_parse(BYTES_LITERAL("Application/JSON;As=Table"), &arena, &media), ERR_OK);
    assert_true(http_media_is(&media, "application/json"));
    assert_false(http_media_is(&media, "application/json5"));
    assert_false(http_media_is(&media, "applicatio/json"));
    assert_true(bytes_is(http_media_parameter(&media, "as"), "Table"));
    assert_null(http_media_parameter(&media, "v").data);

    assert_int_equal(http_media_parse(BYTES_LITERAL("application/*"), &arena, &media), ERR_OK);
    assert_true(http_media_covers(&media, "application/json"));
    assert_false(http_media_covers(&media, "text/json"));
    assert_false(http_media_is(&media, "application/json"));
    assert_int_equal(http_media_parse(BYTES_LITERAL("*/*"), &arena, &media), ERR_OK);
    assert_true(http_media_covers(&media, "text/plain"));
}

static void orders_what_a_client_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *order; // joined by " | "
    } rows[] = {
        { "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,"
          "application/json",
          "application/json;as=Table;v=v1;g=meta.k8s.io | application/json;as=Table;v=v1beta1;g=meta.k8s.io | "
          "application/json" },
        { "text/html;q=0.8, */*;q=0.1 , application/json, text/plain;q=0.85",
          "application/json | text/plain (850) | text/html (800) | */* (100)" },
        { "a/a;q=0, b/b;q=0.001;x=1, c/c;q=1.000", "c/c | b/b;x=1 (1) | a/a (0)" },
        { "a/a;q=0., b/b;Q=1.", "b/b | a/a (0)" },
        { ", ,a/a,,", "a/a" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_accept accept = { .count = 0 };
        assert_int_equal(http_accept_add(&accept, bytes_of_text(rows[i].text), &arena), ERR_OK);
        const char *order = "";
        for (size_t k = 0; k < accept.count; k++)
            order = arena_format(&arena, "%s%s%s", order, k == 0 ? "" : " | ", text_of(&accept.items[k]));
        assert_string_equal(order, rows[i].order);
    }
}

static void refuses_malformed_preferences(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a",        "a/a b/b",   "a/a;q",    "a/a;q=",    "a/a;q=.5", "a/a;q=1.1", "a/a;q=1.01", "a/a;q=0.1234",
        "a/a;q=01", "a/a;q=0,5", "a/a;q=-1", "a/a;q=0x1", "a/a,b",
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct http_accept accept = { .count = 0 };
        assert_int_equal(http_accept_add(&accept, bytes_of_text(texts[i]), &arena), ERR_MALFORMED);
    }
}

static void limits_the_items(void **state)
{
    (void)state;
    struct http_accept accept = { .count = 0 };
    for (size_t i = 0; i < HTTP_ACCEPT_ITEMS_MAX; i++)
        assert_int_equal(http_accept_add(&accept, BYTES_LITERAL("a/a;q=0.5"), &arena), ERR_OK);
    assert_int_equal(http_accept_add(&accept, BYTES_LITERAL("b/b"), &arena), ERR_LIMIT);
    assert_int_equal(accept.count, HTTP_ACCEPT_ITEMS_MAX);
}

static void takes_all_lines_of_a_request(void **state)
{
    (void)state;
    const struct http_header headers[] = {
        { BYTES_LITERAL("accept"), BYTES_LITERAL("a/a;q=0.5") },
        { BYTES_LITERAL("Accept-Encoding"), BYTES_LITERAL("gzip") },
        { BYTES_LITERAL("Accept"), BYTES_LITERAL("b/b") },
    };
    struct http_request request = { .headers = headers, .header_count = ARRAY_COUNT(headers) };
    struct http_accept accept;
    assert_int_equal(http_accept_of(&request, &arena, &accept), ERR_OK);
    assert_int_equal(accept.count, 2);
    assert_true(http_media_is(&accept.items[0], "b/b"));
    request.header_count = 0;
    assert_int_equal(http_accept_of(&request, &arena, &accept), ERR_OK);
    assert_int_equal(accept.count, 0);
}

static void weighs_codings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned weight; // of gzip
    } rows[] = {
        { "gzip", 1000 },
        { "deflate, GZIP;q=0.5, br", 500 },
        { "gzip ; q=0.123 ,", 123 },
        { "identity", 0 },
        { "", 0 },
        { "*", 1000 },
        { "*;q=0.2, gzip;q=0", 0 },
        { "gzip;q=0.3, *", 300 },
        { "x-gzip", 0 },
        { "gzip;q=2", 0 },
        { "gzip;level=1", 0 },
        { "gzip deflate", 0 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        assert_int_equal(http_coding_weight(bytes_of_text(rows[i].text), "gzip"), rows[i].weight);
    assert_int_equal(http_coding_weight(BYTES_NULL, "gzip"), 0);
}

static void finds_the_bearer_token(void **state)
{
    (void)state;
    static const struct {
        const char *value, *token; // NULL: none
    } rows[] = {
        { "Bearer abc.def", "abc.def" }, { "bearer  abc", "abc" }, { "Bearer", NULL },
        { "Basic YTpi", NULL },          { "Bearer\tabc", NULL },  { "Bearerabc", NULL },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct http_header header = { BYTES_LITERAL("Authorization"), bytes_of_text(rows[i].value) };
        const struct http_request request = { .headers = &header, .header_count = 1 };
        bytes_t token = http_bearer_token(&request);
        assert_int_equal(token.data == NULL, rows[i].token == NULL);
        assert_true(bytes_is(token, rows[i].token == NULL ? "" : rows[i].token));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_content_types),
        TEST(limits_the_parameters),
        TEST(compares_without_case_and_with_stars),
        TEST(orders_what_a_client_accepts),
        TEST(refuses_malformed_preferences),
        TEST(limits_the_items),
        TEST(takes_all_lines_of_a_request),
        TEST(weighs_codings),
        TEST(finds_the_bearer_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
