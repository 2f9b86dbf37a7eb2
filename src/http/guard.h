// SPDX-License-Identifier: Apache-2.0
// Who may be meant and who may ask: the Host check against DNS rebinding (a page on evil.example whose name suddenly
// points at 127.0.0.1) and the Origin check against pages of other sites that post to ours.
#pragma once

#include "http/request.h"

struct http_guard {
    const char *const *hosts; // names that are allowed besides loopback ones, without port; "*" allows all
    size_t host_count;
    bool any_literal; // the listener is open to others: IP literals are allowed, as rebinding needs a name
};

// The host of host[:port], without brackets and the dot of the root.
bytes_t http_host_part(bytes_t authority);
// AUTHORITY is host[:port]. BYTES_NULL (HTTP/1.0 without Host, which no browser sends) is allowed, empty is not.
bool http_guard_host(const struct http_guard *guard, bytes_t authority);
// For methods that are not safe: without Origin, or with our own one (same host and port as AUTHORITY). A browser that
// says it comes from another site (Fetch Metadata) is refused as well.
bool http_guard_origin(const struct http_request *request);
