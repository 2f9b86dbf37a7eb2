// SPDX-License-Identifier: Apache-2.0
// Bytes to HTTP/1.1 requests: an incremental parser without I/O, strict as RFC 9112 allows, because a lenient parser
// behind a proxy that reads the same bytes another way is how requests are smuggled. Refused: both Content-Length and
// Transfer-Encoding, repeated or non-numeric lengths, folded fields, a bare CR or LF, space before the colon, unknown
// codings, chunk sizes that are not plain hexadecimal, a missing or second Host. The result does not depend on how the
// bytes are cut.
#pragma once

#include "http/line.h"

enum http_parse {
    HTTP_PARSE_MORE, // all bytes are used; the request is not complete
    HTTP_PARSE_HEAD, // the header section is complete: parser->request is set but for its body. Once per request.
    HTTP_PARSE_DONE, // the request is complete. Nothing is taken until http_parser_next.
    HTTP_PARSE_BAD,  // parser->status and parser->complaint say why. Nothing is taken any more; answer and close.
};

struct http_parser {
    const struct http_limits *site_limits; // the caller's; what they are when a request starts holds for it
    bool is_secure;                        // set by the caller where TLS is spoken: absolute targets are https
    struct http_request request;
    int status;            // of the answer, after HTTP_PARSE_BAD: 400, 413, 414, 431, 501 or 505
    const char *complaint; // static text
    // private
    struct http_limits limits;
    int state;
    struct writer head;    // request line and fields, as sent
    struct writer line;    // a chunk size or trailer line that is not complete yet
    struct writer content; // the body
    struct http_fields fields;
    size_t line_at, header_size, trailer_count;
    uint64_t left; // bytes of the body, or of the chunk
    uint32_t target_at, target_size, host_at, host_size;
    uint32_t extension_size; // of all chunk size lines
    bool host_seen, length_seen, coding_seen, close_seen, keep_alive_seen, blank_seen;
    bool authorization_seen, type_seen;
};

void http_parser_init(struct http_parser *parser, const struct http_limits *limits);
void http_parser_deinit(struct http_parser *parser);
// Takes bytes until something is to be said; *ret_used of them are done with.
enum http_parse http_parser_feed(struct http_parser *parser, bytes_t bytes, size_t *ret_used);
// Forgets the request; large memory is given back.
void http_parser_next(struct http_parser *parser);
// True when no byte of a request has come yet (an empty line before it does not count).
bool http_parser_is_idle(const struct http_parser *parser);
