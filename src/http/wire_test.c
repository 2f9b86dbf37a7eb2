// SPDX-License-Identifier: Apache-2.0
#include "http/wire.h"

#include "base/assert.h"
#include "base/test.h"

#define H "Host: localhost\r\n"
#define GOOD(text, path, body)                                                                                         \
    {                                                                                                                  \
        text, sizeof(text) - 1, 0, path, body                                                                          \
    }
#define BAD(status, text)                                                                                              \
    {                                                                                                                  \
        text, sizeof(text) - 1, status, NULL, NULL                                                                     \
    }

// One message each: what it is, or the status it is refused with.
static const struct message_case {
    const char *text;
    size_t size;
    int status;
    const char *path, *body;
} cases[] = {
    GOOD("GET / HTTP/1.1\r\n" H "\r\n", "/", ""),
    GOOD("\r\nGET /a HTTP/1.1\r\n" H "\r\n", "/a", ""),
    GOOD("GET /a%20b?x=%2F&y[]=1 HTTP/1.1\r\n" H "\r\n", "/a%20b", ""),
    GOOD("GET http://localhost:3000/abs?q HTTP/1.1\r\n" H "\r\n", "/abs", ""),
    GOOD("GET http://localhost HTTP/1.1\r\n" H "\r\n", "/", ""),
    GOOD("OPTIONS * HTTP/1.1\r\n" H "\r\n", "*", ""),
    GOOD("GET / HTTP/1.0\r\n\r\n", "/", ""),
    GOOD("GET / HTTP/1.7\r\n" H "\r\n", "/", ""),
    GOOD("GET / HTTP/1.1\r\nHost:\r\n\r\n", "/", ""),
    GOOD("GET / HTTP/1.1\r\nHost: [::1]:3000\r\nX:\r\nY: \t a b\t \r\n\r\n", "/", ""),
    GOOD("POST /p HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello", "/p", "hello"),
    GOOD("POST /p HTTP/1.1\r\n" H "content-length:0005\r\n\r\nhello", "/p", "hello"),
    GOOD("POST /p HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", "/p", ""),
    GOOD("POST /p HTTP/1.1\r\n" H
         "Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0B;x=\"y\"\r\n0123456789\n\r\n0\r\n\r\n",
         "/p", "abc0123456789\n"),
    GOOD("POST /p HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nTrailer: value\r\n\r\n", "/p", ""),
    GOOD("GET / HTTP/1.1\r\n" H "X: caf\xc3\xa9\r\n\r\n", "/", ""),

    // request line
    BAD(400, "GET  / HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET / HTTP/1.1 \r\n" H "\r\n"),
    BAD(400, "GET / \r\n" H "\r\n"),
    BAD(400, "GET /\r\n" H "\r\n"),
    BAD(400, " GET / HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET\t/ HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /\r HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET / HTTP/1.1\n" H "\r\n"),
    BAD(400, "GET / HTTP/1.1\r\r\n" H "\r\n"),
    BAD(400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /\x01 HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /%2 HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /%zz HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET /a#b HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET a HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET * HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET https://localhost/ HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET http://user@localhost/ HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "G@T / HTTP/1.1\r\n" H "\r\n"),
    BAD(400, "GET / http/1.1\r\n" H "\r\n"),
    BAD(400, "GET / HTTP/1.1x\r\n" H "\r\n"),
    BAD(400, "GET / HTTP/11\r\n" H "\r\n"),
    BAD(400, "\x16\x03\x01\x02"),
    BAD(501, "get / HTTP/1.1\r\n" H "\r\n"),
    BAD(501, "CONNECT localhost:80 HTTP/1.1\r\n" H "\r\n"),
    BAD(501, "PROPFIND / HTTP/1.1\r\n" H "\r\n"),
    BAD(505, "GET / HTTP/2.0\r\n" H "\r\n"),
    BAD(501, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD(414, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n\r\n"),

    // fields
    BAD(400, "GET / HTTP/1.1\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H H "\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\nY: b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\rY: b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "X\0: a\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H ": a\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "nonsense\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "Authorization: a\r\nauthorization: a\r\n\r\n"),
    BAD(400, "GET / HTTP/1.1\r\n" H "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n"),
    BAD(431, "GET / HTTP/1.1\r\n" H "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nI:\r\n\r\n"),
    BAD(431, "GET / HTTP/1.1\r\n" H "A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"),

    // framing
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\na"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\na"),
    BAD(413, "POST / HTTP/1.1\r\n" H "Content-Length: 33\r\n\r\n"),
    BAD(413, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\n"),
    BAD(413, "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999999999999\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"),
    BAD(501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),

    // chunks
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1;\ra\r\na\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n00000000000000001\r\na\r\n0\r\n\r\n"),
    BAD(413, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"),
    BAD(413, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n20\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n bad: trailer\r\n\r\n"),
    BAD(400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\nbad\r\n\r\n"),
    BAD(431, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n"
             "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\nF:\r\nG:\r\nI:\r\nJ:\r\n\r\n"),
};

static const struct http_limits limits = { .line_size = 80, .header_count = 8, .header_size = 160, .body_size = 32 };

// Feeds the parts one behind the other and checks that the end is the one that the case names.
static void check_case(const struct message_case *c, size_t first, size_t second)
{
    struct http_parser p;
    http_parser_init(&p, &limits);
    const size_t ends[] = { first, second, c->size };
    size_t at = 0, heads = 0;
    enum http_parse result = HTTP_PARSE_MORE;
    for (size_t i = 0; i < 3 && result != HTTP_PARSE_DONE && result != HTTP_PARSE_BAD; i++) {
        do {
            size_t used = 0;
            result = http_parser_feed(&p, bytes_of(c->text + at, ends[i] - at), &used);
            at += used;
            heads += result == HTTP_PARSE_HEAD;
        } while (result == HTTP_PARSE_HEAD);
    }
    if (c->status != 0) {
        assert_int_equal(result, HTTP_PARSE_BAD);
        assert_int_equal(p.status, c->status);
        assert_non_null(p.complaint);
    } else {
        assert_int_equal(result, HTTP_PARSE_DONE);
        assert_int_equal(at, c->size);
        assert_int_equal(heads, 1);
        assert_true(bytes_is(p.request.path, c->path));
        assert_true(bytes_is(p.request.body, c->body));
    }
    http_parser_deinit(&p);
}

static void gives_every_case_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        check_case(&cases[i], cases[i].size, cases[i].size);
    }
}

static void does_not_care_where_the_bytes_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t first = 0; first <= cases[i].size; first++)
            for (size_t second = first; second <= cases[i].size; second += 1 + (cases[i].size - first) / 16)
                check_case(&cases[i], first, second);
}

static void wants_more_after_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        for (size_t size = 0; cases[i].status == 0 && size < cases[i].size; size++) {
            struct http_parser p;
            http_parser_init(&p, &limits);
            size_t used = 0;
            enum http_parse result = http_parser_feed(&p, bytes_of(cases[i].text, size), &used);
            if (result == HTTP_PARSE_HEAD)
                result = http_parser_feed(&p, bytes_of(cases[i].text + used, size - used), &used);
            assert_int_equal(result, HTTP_PARSE_MORE);
            http_parser_deinit(&p);
        }
    }
}

static struct http_parser parse(const char *text)
{
    struct http_parser p;
    http_parser_init(&p, &limits);
    size_t used = 0;
    bytes_t bytes = bytes_of_text(text);
    assert_int_equal(http_parser_feed(&p, bytes, &used), HTTP_PARSE_HEAD);
    return p;
}

static void says_whether_the_connection_stays(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep_alive;
    } rows[] = {
        { "GET / HTTP/1.1\r\n" H "\r\n", true },
        { "GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\n" H "Connection: x , Close\r\n\r\n", false },
        { "GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", true },
        { "GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: close\r\n\r\n", false },
        { "GET / HTTP/1.0\r\n\r\n", false },
        { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_parser p = parse(rows[i].text);
        assert_int_equal(p.request.keep_alive, rows[i].keep_alive);
        http_parser_deinit(&p);
    }
}

static void keeps_fields_as_they_were_sent(void **state)
{
    (void)state;
    struct http_parser p =
        parse("GET http://Other.example:81/x?y=1 HTTP/1.1\r\n" H "X-Two:  a b \r\nExpect: 100-Continue\r\n\r\n");
    assert_true(bytes_is(http_header_find(&p.request, "x-two"), "a b"));
    assert_null(http_header_find(&p.request, "x-three").data);
    assert_true(bytes_is(p.request.authority, "Other.example:81"));
    assert_true(bytes_is(p.request.query, "y=1"));
    assert_true(p.request.expect_continue);
    http_parser_deinit(&p);
}

static void takes_absolute_targets_of_its_own_scheme(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_secure, is_good;
    } rows[] = {
        { "GET http://localhost/x HTTP/1.1\r\n" H "\r\n", false, true },
        { "GET https://localhost/x HTTP/1.1\r\n" H "\r\n", false, false },
        { "GET http://localhost/x HTTP/1.1\r\n" H "\r\n", true, false },
        { "GET https://localhost/x HTTP/1.1\r\n" H "\r\n", true, true },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct http_parser p;
        http_parser_init(&p, &limits);
        p.is_secure = rows[i].is_secure;
        for (unsigned again = 0; again < 2; again++) {
            size_t used = 0;
            enum http_parse result = http_parser_feed(&p, bytes_of_text(rows[i].text), &used);
            assert_int_equal(result, rows[i].is_good ? HTTP_PARSE_HEAD : HTTP_PARSE_BAD);
            if (rows[i].is_good)
                assert_true(bytes_is(p.request.path, "/x"));
            http_parser_next(&p);
        }
        http_parser_deinit(&p);
    }
}

static void parses_the_next_request_of_the_same_connection(void **state)
{
    (void)state;
    static const char text[] = "POST /1 HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\n" H "\r\n";
    struct http_parser p;
    http_parser_init(&p, &limits);
    size_t used = 0, at = 0;
    assert_true(http_parser_is_idle(&p));
    assert_int_equal(http_parser_feed(&p, bytes_of(text, sizeof text - 1), &used), HTTP_PARSE_HEAD);
    at += used;
    assert_int_equal(http_parser_feed(&p, bytes_of(text + at, sizeof text - 1 - at), &used), HTTP_PARSE_DONE);
    at += used;
    assert_true(bytes_is(p.request.body, "hi"));
    http_parser_next(&p);
    assert_true(http_parser_is_idle(&p));
    assert_int_equal(http_parser_feed(&p, bytes_of(text + at, sizeof text - 1 - at), &used), HTTP_PARSE_HEAD);
    assert_int_equal(at + used, sizeof text - 1);
    assert_int_equal(http_parser_feed(&p, BYTES_LITERAL(""), &used), HTTP_PARSE_DONE);
    assert_true(bytes_is(p.request.path, "/2"));
    assert_int_equal(p.request.body.size, 0);
    http_parser_deinit(&p);
}

static void refuses_chunks_that_are_all_frame(void **state)
{
    (void)state;
    static const struct http_limits wide = {
        .line_size = 80, .header_count = 8, .header_size = 160, .body_size = 1 << 20
    };
    struct http_parser p;
    http_parser_init(&p, &wide);
    bytes_t head = BYTES_LITERAL("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n");
    bytes_t chunk = BYTES_LITERAL("1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n");
    size_t used = 0, count = 0;
    assert_int_equal(http_parser_feed(&p, head, &used), HTTP_PARSE_HEAD);
    while (http_parser_feed(&p, chunk, &used) == HTTP_PARSE_MORE)
        count++;
    assert_int_equal(p.status, 400);
    assert_in_range(count, 400, 600);
    http_parser_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_every_case_its_end),
        cmocka_unit_test(does_not_care_where_the_bytes_are_cut),
        cmocka_unit_test(wants_more_after_every_truncation),
        cmocka_unit_test(says_whether_the_connection_stays),
        cmocka_unit_test(keeps_fields_as_they_were_sent),
        cmocka_unit_test(takes_absolute_targets_of_its_own_scheme),
        cmocka_unit_test(parses_the_next_request_of_the_same_connection),
        cmocka_unit_test(refuses_chunks_that_are_all_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
