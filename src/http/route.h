// SPDX-License-Identifier: Apache-2.0
// The tables of what a site serves: one row for each method and path, and rows for everything below a path.
#pragma once

#include "http/request.h"

struct http_exchange;

// The exchange must be answered exactly once (http_reply or http_stream_begin), now or later on the same loop.
typedef void http_handler_fn(struct http_exchange *exchange, void *owner);

struct http_route {
    enum http_method method; // a GET row serves HEAD, too
    const char *path;        // compared with the path as sent, byte for byte
    http_handler_fn *handle;
};

// For paths that a door takes apart itself. The handler gets every method, HEAD and OPTIONS too, and says itself what
// is 404 or 405.
struct http_prefix {
    const char *path; // "/apis/": all paths that start with it, as sent, byte for byte
    http_handler_fn *handle;
};

// The row, or NULL; *ret_allowed gets a bit (1 << method) for each method that the path has, 0 when there is no such
// path.
const struct http_route *http_route_find(const struct http_route *routes, size_t count, enum http_method method,
                                         bytes_t path, unsigned *ret_allowed);
// The longest one that PATH starts with, or NULL. For paths that have no row of their own.
const struct http_prefix *http_prefix_find(const struct http_prefix *prefixes, size_t count, bytes_t path);
// "GET, HEAD, OPTIONS" (RFC 9110 10.2.1); SIZE of 80 always fits.
void http_route_allow(unsigned allowed, char *to, size_t size);
