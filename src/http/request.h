// SPDX-License-Identifier: Apache-2.0
// What an HTTP/1.1 request is once it is parsed, and the limits that it was held to. All views are into the parser's
// memory and valid until the request is answered.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

// clang-format off
#define HTTP_METHOD_TABLE(X) \
    X(GET) X(HEAD) X(POST) X(PUT) X(DELETE) X(CONNECT) X(OPTIONS) X(TRACE) X(PATCH)
// clang-format on

enum http_method {
#define HTTP_METHOD_ENUM(name) HTTP_##name,
    HTTP_METHOD_TABLE(HTTP_METHOD_ENUM)
#undef HTTP_METHOD_ENUM
        HTTP_METHOD_COUNT
};

// "GET"; methods are case-sensitive (RFC 9110 9.1).
const char *http_method_name(enum http_method method);
// False when eddy does not know it.
bool http_method_find(bytes_t name, enum http_method *ret_method);
// GET, HEAD, OPTIONS, TRACE: they change nothing (RFC 9110 9.2.1).
bool http_method_is_safe(enum http_method method);

// Sizes in bytes. Every one is compared before memory is taken.
struct http_limits {
    size_t line_size;          // the request line with its CRLF
    size_t header_count;       // fields, trailers counted apart
    size_t header_size;        // all field lines together
    size_t body_size;          // after chunks are joined
    int64_t header_timeout_ms; // from the first byte to the end of the header section
    int64_t body_timeout_ms;   // from there to the end of the body
    int64_t idle_timeout_ms;   // between requests, and for a peer that does not read its answer
    uint32_t connection_count; // open at the same time
};
void http_limits_default(struct http_limits *ret_limits);

struct http_header {
    bytes_t name;
    bytes_t value; // without the whitespace around it; may be empty
};

struct http_request {
    enum http_method method;
    int minor;         // of HTTP/1.minor, 0 or 1; later minors are treated as 1
    bytes_t target;    // as sent
    bytes_t path;      // as sent, percent-encoding untouched; "*" for OPTIONS *
    bytes_t query;     // behind the question mark; BYTES_NULL when there is none
    bytes_t authority; // host[:port] of an absolute target, else of the Host field; BYTES_NULL (HTTP/1.0 only)
    const struct http_header *headers;
    size_t header_count;
    bool chunked;
    uint64_t content_length; // 0 when chunked or absent
    bool keep_alive;         // what the client wants
    bool expect_continue;
    bool expect_unknown; // an Expect that is not 100-continue: 417
    bytes_t body;
};

// The value of the first field of that name, compared without case; BYTES_NULL if absent.
bytes_t http_headers_find(const struct http_header *headers, size_t count, const char *name);
bytes_t http_header_find(const struct http_request *request, const char *name);

// The token of "Authorization: Bearer TOKEN" (RFC 6750 2.1), as it was sent; BYTES_NULL if there is none.
bytes_t http_bearer_token(const struct http_request *request);

// ASCII letters without case (field names, tokens, host names). Most of what is compared differs in its size, which is
// found without a call.
bool http_same_letters(const uint8_t *a, const uint8_t *b, size_t size);
static inline bool http_bytes_equal(bytes_t a, bytes_t b)
{
    return a.size == b.size && http_same_letters(a.data, b.data, a.size);
}

static inline bool http_text_equal(bytes_t a, const char *b)
{
    return http_bytes_equal(a, bytes_of_text(b));
}

// Is TOKEN an element of a comma separated list (RFC 9110 5.6.1), without case?
bool http_list_has(bytes_t list, const char *token);
