// SPDX-License-Identifier: Apache-2.0
// Where a request goes: an absolute http or https URL (RFC 3986, RFC 9110 4.2), taken apart once and used many times.
// Pure.
#pragma once

#include "base/arena.h"
#include "io/net.h"

enum { HTTP_URL_SIZE_MAX = 8192 };

struct http_url {
    bool is_secure;         // https
    struct address address; // the host in lower case, without brackets; the port, 80 or 443 if the text has none
    bytes_t origin;         // "https://host:port": equal for all URLs of one server
    bytes_t host;           // for the Host field: host[:port], without the scheme's own port
    bytes_t target;         // for the request line: path and query as they were written, at least "/"
    char *text;             // private; the views are into it
};
// Refused: other schemes, user information (it would be a password in logs), zones of IPv6 addresses, port 0, and what
// must be percent-encoded and is not. A fragment is checked and left out; it is never sent. ERR_INVALID or
// ERR_TOO_LARGE with DIAG (may be NULL), whose place is "url". http_url_free releases it.
err_t http_url_parse(bytes_t text, struct http_url *ret_url, diag_t *diag) MUST_CHECK;
// Has the text a scheme (RFC 3986 4.3)? Else it is a relative reference, if it is one at all.
bool http_url_is_absolute(bytes_t text);
// The URL that a relative reference means below BASE (RFC 3986 5.2), without its fragment, in ARENA. What is wrong with
// the reference is wrong with the result: http_url_parse finds it.
const char *http_url_resolve(const struct http_url *base, bytes_t reference, struct arena *arena);
// Safe on a zeroed one.
void http_url_free(struct http_url *url);
