// SPDX-License-Identifier: Apache-2.0
#include "http/request_head.h"

#include "base/assert.h"
#include "base/test.h"
#include "base/version.h"

#define HEADER(name, value)                                                                                            \
    {                                                                                                                  \
        { (const uint8_t *)(name), sizeof(name) - 1 },                                                                 \
        {                                                                                                              \
            (const uint8_t *)(value), sizeof(value) - 1                                                                \
        }                                                                                                              \
    }
#define COMMON "Host: h:81\r\nUser-Agent: eddy/" EDDY_VERSION "\r\n"

static void writes_heads(void **state)
{
    (void)state;
    static const struct http_header headers[] = { HEADER("Ce-Id", "1"), HEADER("X", "") };
    static const struct {
        enum http_method method;
        size_t header_count;
        uint64_t content_length;
        const char *text;
    } rows[] = {
        { HTTP_POST, 2, 12, "POST /a?b HTTP/1.1\r\n" COMMON "Ce-Id: 1\r\nX: \r\nContent-Length: 12\r\n\r\n" },
        { HTTP_POST, 0, 0, "POST /a?b HTTP/1.1\r\n" COMMON "Content-Length: 0\r\n\r\n" },
        { HTTP_PUT, 0, 0, "PUT /a?b HTTP/1.1\r\n" COMMON "Content-Length: 0\r\n\r\n" },
        { HTTP_GET, 0, 0, "GET /a?b HTTP/1.1\r\n" COMMON "\r\n" },
        { HTTP_GET, 1, 0, "GET /a?b HTTP/1.1\r\n" COMMON "Ce-Id: 1\r\n\r\n" },
        { HTTP_DELETE, 0, UINT64_MAX,
          "DELETE /a?b HTTP/1.1\r\n" COMMON "Content-Length: 18446744073709551615\r\n\r\n" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct http_request_head head = {
            .method = rows[i].method,
            .target = BYTES_LITERAL("/a?b"),
            .host = BYTES_LITERAL("h:81"),
            .headers = headers,
            .header_count = rows[i].header_count,
            .content_length = rows[i].content_length,
        };
        struct slice slice = http_request_head_write(&head);
        assert_true(bytes_is(slice.bytes, rows[i].text));
        slice_free(&slice);
    }
}

static void refuses_fields_that_are_not_the_owners(void **state)
{
    (void)state;
    static const struct http_header good[] = { HEADER("Ce-Id", "caf\xc3\xa9 \t!"), HEADER("Content-Type", ""),
                                               HEADER("Hosts", "a") };
    assert_null(http_request_head_complaint(good, ARRAY_COUNT(good)));
    static const struct http_header bad[] = {
        HEADER("", "a"),
        HEADER("a b", "c"),
        HEADER("a:", "c"),
        HEADER("a\r\nb", "c"),
        HEADER("a", "b\r\nHost: c"),
        HEADER("a", "b\n"),
        HEADER("a", "b\0c"),
        HEADER("host", "a"),
        HEADER("USER-AGENT", "a"),
        HEADER("content-length", "1"),
        HEADER("Transfer-Encoding", "chunked"),
        HEADER("connection", "close"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(http_request_head_complaint(&bad[i], 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_heads),
        cmocka_unit_test(refuses_fields_that_are_not_the_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
