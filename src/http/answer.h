// SPDX-License-Identifier: Apache-2.0
// Answers as bytes: head, chunks, the body of an error. Pure but for the Date field's clock.
#pragma once

#include "http/session.h"

enum http_framing {
    HTTP_FRAMING_NONE,    // the status has no content (RFC 9110 6.4.1)
    HTTP_FRAMING_LENGTH,  // the whole body is known
    HTTP_FRAMING_CHUNKED, // RFC 9112 7.1
    HTTP_FRAMING_CLOSE,   // the body ends with the connection: for HTTP/1.0
};

// 204, 304 and the 1xx have none.
bool http_status_has_content(int status);

struct http_head {
    const struct http_reply *reply;
    enum http_framing framing;
    int minor;    // the client's
    bool ends;    // the connection closes behind the answer
    bool varies;  // another Accept-Encoding might give another body
    bool is_gzip; // the body
};
// Status line and fields up to the empty line.
void http_answer_head(struct http_site *site, const struct http_head *head, struct writer *to);
// Large bodies: gzip if the client accepts it and does not like the plain form better. Sets what the head says of it.
void http_answer_compress(const struct http_site *site, const struct http_request *request, struct http_reply *reply,
                          struct http_head *head);
// The error in the form of the site.
struct http_reply http_answer_error(const struct http_site *site, const struct http_error *error, const char *fields);
// A chunk is this, the piece, CRLF. SIZE > 0.
void http_chunk_begin(size_t size, struct writer *to);
