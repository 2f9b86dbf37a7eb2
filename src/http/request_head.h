// SPDX-License-Identifier: Apache-2.0
// The head of a request as a client writes it (RFC 9112 3 and 5). Pure.
#pragma once

#include "base/buf.h"
#include "http/request.h"

struct http_request_head {
    enum http_method method;
    bytes_t target; // path and query, valid (http/url.h)
    bytes_t host;   // for the Host field, valid
    const struct http_header *headers;
    size_t header_count;
    uint64_t content_length;
};

// May these fields be sent? Host, User-Agent, Content-Length, Transfer-Encoding and Connection are written here or not
// at all, and what is not a field would become another request. A static sentence, or NULL when they may.
const char *http_request_head_complaint(const struct http_header *headers, size_t count);
// Fields without a complaint. Content-Length is left out where it is zero and no content is expected (RFC 9110 8.6).
struct slice http_request_head_write(const struct http_request_head *head);
