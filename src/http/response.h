// SPDX-License-Identifier: Apache-2.0
// Bytes to HTTP/1.1 responses: an incremental parser without I/O, as strict as the one for requests (http/wire.h) and
// for the same reason: where two readers could find two ends of a body, the next response of the connection is somebody
// else's. Refused: both Content-Length and Transfer-Encoding, repeated or non-numeric lengths, codings other than
// chunked, folded fields, bare CR or LF, bad chunk sizes. The result does not depend on how the bytes are cut.
#pragma once

#include "http/line.h"

// Sizes in bytes. Every one is compared before memory is taken.
struct http_response_limits {
    size_t head_size;    // status line and fields, with those of interim responses; trailers apart
    size_t header_count; // fields, trailers counted apart
    size_t body_size;    // what is kept. A longer body ends there: see is_cut
};
void http_response_limits_default(struct http_response_limits *ret_limits);

// All views are into the parser's memory and valid until its next start.
struct http_response {
    int status;     // 200 to 999; those from 600 on are not valid (RFC 9110 15), to be treated as 5xx
    int minor;      // of HTTP/1.minor, 0 or 1; later minors are treated as 1
    bytes_t reason; // as sent; may be empty
    const struct http_header *headers;
    size_t header_count;
    bytes_t body;
    bool is_cut;     // there is more of the body than the limit allows; the rest was not read
    bool keep_alive; // the connection may be used again
};
// The value of the first field of that name, compared without case; BYTES_NULL if absent.
bytes_t http_response_header_find(const struct http_response *response, const char *name);

enum http_response_parse {
    HTTP_RESPONSE_MORE, // all bytes are used; the response is not complete
    HTTP_RESPONSE_DONE, // parser->response is complete. Nothing is taken until the next start.
    HTTP_RESPONSE_BAD,  // parser->err and parser->complaint say why. Close the connection.
};

struct http_response_parser {
    struct http_response response;
    err_t err;             // after HTTP_RESPONSE_BAD: ERR_MALFORMED, ERR_UNSUPPORTED, ERR_TOO_LARGE, ERR_TRUNCATED
    const char *complaint; // static text
    // private
    struct http_response_limits limits;
    int state;
    struct writer head;    // status line and fields, as sent
    struct writer line;    // a chunk size or trailer line that is not complete yet
    struct writer content; // the body
    struct http_fields fields;
    size_t line_at, head_size, trailer_count;
    uint64_t left; // bytes of the body, or of the chunk
    uint64_t content_length;
    uint32_t reason_at, reason_size;
    uint32_t extension_size; // of all chunk size lines
    bool is_head, length_seen, coding_seen, close_seen, keep_alive_seen, any_seen;
};

void http_response_parser_init(struct http_response_parser *parser, const struct http_response_limits *limits);
void http_response_parser_deinit(struct http_response_parser *parser);
// Forgets the last response (large memory is given back) and expects the one to a request, which was HEAD or not.
void http_response_parser_start(struct http_response_parser *parser, bool is_head);
// Takes bytes until the response is complete; *ret_used of them are done with. Interim responses (1xx) are passed over;
// 101 is refused, as nothing here asks for another protocol.
enum http_response_parse http_response_parser_feed(struct http_response_parser *parser, bytes_t bytes,
                                                   size_t *ret_used);
// The server's end of stream: DONE if that is where the body ends, else BAD with ERR_TRUNCATED.
enum http_response_parse http_response_parser_end(struct http_response_parser *parser);
// True when no byte of a response has come yet.
bool http_response_parser_is_idle(const struct http_response_parser *parser);
