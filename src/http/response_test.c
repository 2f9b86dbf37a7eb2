// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include "base/assert.h"
#include "base/test.h"

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

// How the text is read: as the answer to HEAD, with the server's end of stream behind it.
enum { HEAD = 1, END = 2 };
enum { STAYS = true, CLOSES = false };

#define GOOD(how, text, status, body, keep_alive)                                                                      \
    {                                                                                                                  \
        text, sizeof(text) - 1, how, ERR_OK, status, body, keep_alive, false                                           \
    }
#define CUT(how, text, status, body)                                                                                   \
    {                                                                                                                  \
        text, sizeof(text) - 1, how, ERR_OK, status, body, false, true                                                 \
    }
#define BAD(err, text)                                                                                                 \
    {                                                                                                                  \
        text, sizeof(text) - 1, END, ERR_##err, 0, NULL, false, false                                                  \
    }

// One response each: what it is, or what is wrong with it.
static const struct response_case {
    const char *text;
    size_t size;
    unsigned how;
    err_t err;
    int status;
    const char *body;
    bool keep_alive, is_cut;
} cases[] = {
    GOOD(0, OK "Content-Length: 2\r\n\r\nhi", 200, "hi", STAYS),
    GOOD(0, OK "content-length:  002 \r\nX:\r\n\r\nhi", 200, "hi", STAYS),
    GOOD(0, OK "Content-Length: 0\r\n\r\n", 200, "", STAYS),
    GOOD(0, "HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n", 202, "", STAYS),
    GOOD(0, "HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", 202, "", STAYS),
    GOOD(0, "HTTP/1.1 404 Not Found caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n", 404, "", STAYS),
    GOOD(0, "HTTP/1.7 999 x\r\nContent-Length: 0\r\n\r\n", 999, "", STAYS),
    GOOD(0, OK "Content-Length: 0\r\nConnection: x, Close\r\n\r\n", 200, "", CLOSES),
    GOOD(0, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", CLOSES),
    GOOD(0, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi", 200, "hi", STAYS),

    // without a body, whatever the fields say
    GOOD(0, "HTTP/1.1 204 No Content\r\n\r\n", 204, "", STAYS),
    GOOD(0, "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", STAYS),
    GOOD(0, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", CLOSES),
    GOOD(0, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 204, "", CLOSES),
    GOOD(0, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, "", STAYS),
    GOOD(HEAD, OK "Content-Length: 99999\r\n\r\n", 200, "", STAYS),
    GOOD(HEAD, OK "Transfer-Encoding: chunked\r\n\r\n", 200, "", STAYS),
    GOOD(HEAD, OK "\r\n", 200, "", STAYS),

    // interim responses
    GOOD(0, "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi", 200, "hi", STAYS),
    GOOD(0, "HTTP/1.1 103 Hints\r\nContent-Length: 9\r\nConnection: close\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi",
         200, "hi", STAYS),
    GOOD(0, "HTTP/1.1 100 \r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 204 \r\n\r\n", 204, "", STAYS),

    // to the end
    GOOD(END, OK "\r\nall of it", 200, "all of it", CLOSES),
    GOOD(END, OK "\r\n", 200, "", CLOSES),
    GOOD(END, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhi", 200, "hi", CLOSES),

    // chunks
    GOOD(0, CHUNKED "2\r\nhi\r\n0\r\n\r\n", 200, "hi", STAYS),
    GOOD(0, CHUNKED "2;x=\"y\"\r\n\r\n\r\nA\r\n0123456789\r\n00\r\nTrailer: x\r\nContent-Length: 3\r\n\r\n", 200,
         "\r\n0123456789", STAYS),
    GOOD(0, CHUNKED "0\r\n\r\n", 200, "", STAYS),
    GOOD(0, OK "Transfer-Encoding: Chunked\r\nConnection: close\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, "a", CLOSES),

    // larger than what is kept (16): a g at the end is one byte too many and stays where it is
    GOOD(0, OK "Content-Length: 16\r\n\r\n0123456789abcdef", 200, "0123456789abcdef", STAYS),
    GOOD(END, OK "\r\n0123456789abcdef", 200, "0123456789abcdef", CLOSES),
    GOOD(0, CHUNKED "10\r\n0123456789abcdef\r\n0\r\n\r\n", 200, "0123456789abcdef", STAYS),
    CUT(0, OK "Content-Length: 17\r\n\r\n0123456789abcdef", 200, "0123456789abcdef"),
    CUT(0, OK "Content-Length: 99999999999999999999999\r\n\r\n0123456789abcdef", 200, "0123456789abcdef"),
    CUT(END, OK "\r\n0123456789abcdefg", 200, "0123456789abcdef"),
    CUT(0, CHUNKED "11\r\n0123456789abcdefg", 200, "0123456789abcdef"),
    CUT(0, CHUNKED "10\r\n0123456789abcdef\r\n1\r\ng", 200, "0123456789abcdef"),
    CUT(0, CHUNKED "8\r\n01234567\r\nfffffffffffffff\r\n89abcdefg", 200, "0123456789abcdef"),

    // status line
    BAD(MALFORMED, "\r\n" OK "\r\n"),
    BAD(MALFORMED, "\x15\x03\x01\x00\x02\x02\x0a"),
    BAD(MALFORMED, "SSH-2.0-OpenSSH\r\n"),
    BAD(MALFORMED, "HTTP/1.1  200 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1\t200 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 20 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 2000 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 +20 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 099 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 200\tOK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 200 O\x01K\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 200 O\rK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 200 OK\n\n"),
    BAD(MALFORMED, "HTTP/1.x 200 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/11 200 OK\r\n\r\n"),
    BAD(MALFORMED, "Http/1.1 200 OK\r\n\r\n"),
    BAD(UNSUPPORTED, "HTTP/2.0 200 OK\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),

    // fields
    BAD(MALFORMED, OK "Content-Length : 1\r\n\r\na"),
    BAD(MALFORMED, OK " X: a\r\n\r\n"),
    BAD(MALFORMED, OK "X: a\r\n b\r\n\r\n"),
    BAD(MALFORMED, OK "X: a\nY: b\r\n\r\n"),
    BAD(MALFORMED, OK "X: a\rY: b\r\n\r\n"),
    BAD(MALFORMED, OK "X: a\0b\r\n\r\n"),
    BAD(MALFORMED, OK "nonsense\r\n\r\n"),
    BAD(MALFORMED, OK ": a\r\n\r\n"),
    BAD(MALFORMED, OK "\n"),
    BAD(TOO_LARGE, OK "A:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n"),
    BAD(TOO_LARGE, OK "A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"),
    BAD(TOO_LARGE, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"),

    // framing
    BAD(MALFORMED, OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD(MALFORMED, OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n"),
    BAD(MALFORMED, OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"),
    BAD(MALFORMED, OK "Content-Length: 1, 1\r\n\r\na"),
    BAD(MALFORMED, OK "Content-Length: +1\r\n\r\na"),
    BAD(MALFORMED, OK "Content-Length: 0x1\r\n\r\na"),
    BAD(MALFORMED, OK "Content-Length:\r\n\r\na"),
    BAD(UNSUPPORTED, OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    BAD(UNSUPPORTED, OK "Transfer-Encoding: identity\r\n\r\nhi"),
    BAD(MALFORMED, OK "Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n"),
    BAD(MALFORMED, OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD(MALFORMED, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),

    // chunks
    BAD(MALFORMED, CHUNKED "\r\n"),
    BAD(MALFORMED, CHUNKED "+1\r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "0x1\r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED " 1\r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1 \r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1;\ra\r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1\r\nab\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1\r\na\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "1\r\na\rb\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "00000000000000001\r\na\r\n0\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "0\r\n bad: trailer\r\n\r\n"),
    BAD(MALFORMED, CHUNKED "0\r\nbad\r\n\r\n"),
    BAD(TOO_LARGE, CHUNKED "0\r\nA:\r\nB:\r\nC:\r\nD:\r\nE:\r\n\r\n"),

    // the server leaves in the middle
    BAD(TRUNCATED, ""),
    BAD(TRUNCATED, "HTTP/1.1 20"),
    BAD(TRUNCATED, OK "Content-Length: 2\r\n"),
    BAD(TRUNCATED, OK "Content-Length: 2\r\n\r\nh"),
    BAD(TRUNCATED, "HTTP/1.1 100 Continue\r\n\r\n"),
    BAD(TRUNCATED, CHUNKED "2\r\nhi\r\n"),
    BAD(TRUNCATED, CHUNKED "2\r\nhi\r\n0\r\n"),
};

static const struct http_response_limits limits = { .head_size = 140, .header_count = 4, .body_size = 16 };

// Feeds the parts one behind the other and checks that the end is the one that the case names.
static void check_case(const struct response_case *c, size_t first, size_t second)
{
    struct http_response_parser p;
    http_response_parser_init(&p, &limits);
    http_response_parser_start(&p, (c->how & HEAD) != 0);
    assert_true(http_response_parser_is_idle(&p));
    const size_t ends[] = { first, second, c->size };
    enum http_response_parse result = HTTP_RESPONSE_MORE;
    size_t at = 0;
    for (size_t i = 0; i < 3 && result == HTTP_RESPONSE_MORE; i++) {
        size_t used = 0;
        result = http_response_parser_feed(&p, bytes_of(c->text + at, ends[i] - at), &used);
        at += used;
        assert_true(result != HTTP_RESPONSE_MORE || at == ends[i]);
        assert_int_equal(http_response_parser_is_idle(&p), ends[i] == 0);
    }
    if (result == HTTP_RESPONSE_MORE && (c->how & END) != 0)
        result = http_response_parser_end(&p);
    if (c->err != ERR_OK) {
        assert_int_equal(result, HTTP_RESPONSE_BAD);
        assert_int_equal(p.err, c->err);
        assert_non_null(p.complaint);
    } else {
        assert_int_equal(result, HTTP_RESPONSE_DONE);
        assert_int_equal(at, c->size - (c->text[c->size - 1] == 'g'));
        assert_int_equal(p.response.status, c->status);
        assert_true(bytes_is(p.response.body, c->body));
        assert_int_equal(p.response.keep_alive, c->keep_alive);
        assert_int_equal(p.response.is_cut, c->is_cut);
    }
    http_response_parser_deinit(&p);
}

static void gives_every_case_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        check_case(&cases[i], cases[i].size, cases[i].size);
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
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t size = 0; cases[i].err == ERR_OK && !cases[i].is_cut && size < cases[i].size; size++) {
            struct http_response_parser p;
            http_response_parser_init(&p, &limits);
            http_response_parser_start(&p, (cases[i].how & HEAD) != 0);
            size_t used = 0;
            assert_int_equal(http_response_parser_feed(&p, bytes_of(cases[i].text, size), &used), HTTP_RESPONSE_MORE);
            http_response_parser_deinit(&p);
        }
}

static void reads_the_next_response_of_the_same_connection(void **state)
{
    (void)state;
    static const char text[] =
        OK "Retry-After: 7\r\nContent-Length: 2\r\n\r\nhi" CHUNKED "1\r\na\r\n0\r\n\r\n" OK "Content-Length: 3\r\n\r\n";
    struct http_response_parser p;
    http_response_parser_init(&p, &limits);
    http_response_parser_start(&p, false);
    size_t used = 0, at = 0, size = sizeof text - 1;
    assert_int_equal(http_response_parser_feed(&p, bytes_of(text, size), &used), HTTP_RESPONSE_DONE);
    at += used;
    assert_true(bytes_is(p.response.body, "hi"));
    assert_true(bytes_is(p.response.reason, "OK"));
    assert_int_equal(p.response.header_count, 2);
    assert_true(bytes_is(http_response_header_find(&p.response, "retry-after"), "7"));
    assert_null(http_response_header_find(&p.response, "retry").data);
    http_response_parser_start(&p, false);
    assert_int_equal(http_response_parser_feed(&p, bytes_of(text + at, size - at), &used), HTTP_RESPONSE_DONE);
    at += used;
    assert_true(bytes_is(p.response.body, "a"));
    assert_null(http_response_header_find(&p.response, "retry-after").data);
    http_response_parser_start(&p, true);
    assert_int_equal(http_response_parser_feed(&p, bytes_of(text + at, size - at), &used), HTTP_RESPONSE_DONE);
    assert_int_equal(at + used, size);
    assert_int_equal(p.response.body.size, 0);
    http_response_parser_deinit(&p);
}

static void refuses_chunks_that_are_all_frame(void **state)
{
    (void)state;
    struct http_response_limits wide;
    http_response_limits_default(&wide);
    struct http_response_parser p;
    http_response_parser_init(&p, &wide);
    http_response_parser_start(&p, false);
    bytes_t chunk = BYTES_LITERAL("1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n");
    size_t used = 0, count = 0;
    assert_int_equal(http_response_parser_feed(&p, BYTES_LITERAL(CHUNKED), &used), HTTP_RESPONSE_MORE);
    while (http_response_parser_feed(&p, chunk, &used) == HTTP_RESPONSE_MORE)
        count++;
    assert_int_equal(p.err, ERR_MALFORMED);
    assert_in_range(count, 400, 600);
    http_response_parser_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_every_case_its_end),
        cmocka_unit_test(does_not_care_where_the_bytes_are_cut),
        cmocka_unit_test(wants_more_after_every_truncation),
        cmocka_unit_test(reads_the_next_response_of_the_same_connection),
        cmocka_unit_test(refuses_chunks_that_are_all_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
