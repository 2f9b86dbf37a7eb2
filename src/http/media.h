// SPDX-License-Identifier: Apache-2.0
// Media types and what a client prefers (RFC 9110 8.3.1, 12.4.2, 12.5). Pure. Results are views of the text, or stand
// on the caller's arena.
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum {
    HTTP_MEDIA_PARAMETERS_MAX = 16,
    HTTP_ACCEPT_ITEMS_MAX = 32, // over all field lines
    HTTP_WEIGHT_MAX = 1000,     // q=1
};

struct http_media_parameter {
    bytes_t name;
    bytes_t value; // without quotes and what escapes them
};

struct http_media {
    bytes_t type;                                  // "application"; compare with http_text_equal
    bytes_t subtype;                               // "json"
    const struct http_media_parameter *parameters; // without q, in the order of the text
    size_t parameter_count;
    unsigned weight; // of Accept's: 0 (not acceptable) to 1000; elsewhere 1000
};

// The value of Content-Type: type "/" subtype, then parameters. ERR_MALFORMED; ERR_LIMIT: too many parameters.
err_t http_media_parse(bytes_t text, struct arena *arena, struct http_media *ret_media) MUST_CHECK;
// "application/json"; without case, whatever the parameters are.
bool http_media_is(const struct http_media *media, const char *type_and_subtype);
// Does the range ("text/*", "*/*") cover it? Parameters are not looked at.
bool http_media_covers(const struct http_media *range, const char *type_and_subtype);
// The value of the first parameter of that name (without case), or BYTES_NULL.
bytes_t http_media_parameter(const struct http_media *media, const char *name);

// What a client accepts, the best first, equal ones in the order that they were sent; weight 0 comes last.
struct http_accept {
    struct http_media items[HTTP_ACCEPT_ITEMS_MAX];
    size_t count; // 0: the field was absent or empty, so that anything goes
};

// Adds the items of one Accept field line. ERR_MALFORMED; ERR_LIMIT: too many items or parameters.
err_t http_accept_add(struct http_accept *accept, bytes_t text, struct arena *arena) MUST_CHECK;

struct http_request;
// All Accept lines of the request.
err_t http_accept_of(const struct http_request *request, struct arena *arena,
                     struct http_accept *ret_accept) MUST_CHECK;

// What Accept-Encoding says about a coding, or about all ("*") when it does not name it: 0 to 1000. 0 for a coding that
// is not named, and for a line that is malformed: the plain form is right for everybody.
unsigned http_coding_weight(bytes_t accept_encoding, const char *coding);
