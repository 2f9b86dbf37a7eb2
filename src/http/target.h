// SPDX-License-Identifier: Apache-2.0
// The parts of a request's target as text: the segments of its path, the parameters of its query. Pure; what has no
// escapes stays a view of the request, the rest is on the caller's arena. A parsed request has no bad escapes (they are
// 400 before a handler sees them), a text from elsewhere may.
#pragma once

#include "base/arena.h"
#include "base/err.h"

// 0 to 15, or -1.
int http_hex_value(uint8_t c);

// Takes the next segment, still encoded, off the path: "/apis//x/" has "apis", "", "x" and "". False at the end, and
// for a rest that does not start with a slash.
bool http_path_next(bytes_t *path, bytes_t *ret_segment);

// Resolves percent-encoding (RFC 3986 2.1); a plus sign is itself. The text may hold any byte, also "/", "." and zero:
// what is a name is for the caller to say. ERR_MALFORMED: a percent sign without two hexadecimal digits behind it.
err_t http_segment_decode(bytes_t segment, struct arena *arena, bytes_t *ret_text) MUST_CHECK;

// One name=value of a query as forms write it (URL Standard 5.1, application/x-www-form-urlencoded).
struct http_parameter {
    bytes_t name;
    bytes_t value; // BYTES_NULL without "=": "?watch"
};

struct http_query {
    bytes_t rest;
    struct arena *arena;
    err_t err; // ERR_MALFORMED once an escape was bad; looked at when there is no next parameter
};

// TEXT is what stands behind the question mark, or BYTES_NULL.
static inline struct http_query http_query_of(bytes_t text, struct arena *arena)
{
    return (struct http_query){ .rest = text, .arena = arena };
}

// The next parameter, decoded ("+" is a space); empty ones ("a=1&&b=2") are passed over. False at the end or when an
// escape is bad.
bool http_query_next(struct http_query *query, struct http_parameter *ret_parameter);
