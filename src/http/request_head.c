// SPDX-License-Identifier: Apache-2.0
#include "http/request_head.h"

#include "base/assert.h"
#include "base/version.h"
#include "http/line.h"

#define AGENT "User-Agent: eddy/" EDDY_VERSION "\r\n"

const char *http_request_head_complaint(const struct http_header *headers, size_t count)
{
    const bytes_t own[] = { BYTES_LITERAL("Host"), BYTES_LITERAL("User-Agent"), BYTES_LITERAL("Content-Length"),
                            BYTES_LITERAL("Transfer-Encoding"), BYTES_LITERAL("Connection") };
    for (size_t i = 0; i < count; i++) {
        bytes_t name = headers[i].name, value = headers[i].value;
        if (name.size == 0 || !http_chars_has_all(HTTP_CHARS_TOKEN, name))
            return "The name of a header field is not a token.";
        if (!http_chars_has_all(HTTP_CHARS_VALUE, value))
            return "The value of a header field has control characters.";
        for (size_t k = 0; k < ARRAY_COUNT(own); k++)
            if (http_bytes_equal(name, own[k]))
                return "Host, User-Agent, Content-Length, Transfer-Encoding and Connection are the client's own "
                       "fields.";
    }
    return NULL;
}

static bool expects_content(enum http_method method)
{
    return method == HTTP_POST || method == HTTP_PUT || method == HTTP_PATCH;
}

static uint8_t *put(uint8_t *at, bytes_t bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

// One allocation of the right size: this runs for each delivery of an event.
struct slice http_request_head_write(const struct http_request_head *head)
{
    bytes_t method = bytes_of_text(http_method_name(head->method));
    bool has_length = head->content_length > 0 || expects_content(head->method);
    uint8_t room[BYTES_DECIMAL_SIZE];
    const bytes_t length = has_length ? bytes_of_decimal(head->content_length, room) : BYTES_NULL;
    const bytes_t before = has_length ? BYTES_LITERAL("Content-Length: ") : BYTES_NULL;
    const bytes_t end = has_length ? BYTES_LITERAL("\r\n\r\n") : BYTES_LITERAL("\r\n");
    const bytes_t version = BYTES_LITERAL(" HTTP/1.1\r\nHost: "), agent = BYTES_LITERAL("\r\n" AGENT);
    size_t size = method.size + 1 + head->target.size + version.size + head->host.size + agent.size + before.size +
                  length.size + end.size;
    for (size_t i = 0; i < head->header_count; i++)
        size += head->headers[i].name.size + head->headers[i].value.size + 4;
    struct buf *buf = buf_new(size);
    uint8_t *at = put(buf->data, method);
    *at++ = ' ';
    at = put(put(put(put(at, head->target), version), head->host), agent);
    for (size_t i = 0; i < head->header_count; i++) {
        at = put(put(at, head->headers[i].name), BYTES_LITERAL(": "));
        at = put(put(at, head->headers[i].value), BYTES_LITERAL("\r\n"));
    }
    at = put(put(put(at, before), length), end);
    ASSERT(at == buf->data + size);
    return (struct slice){ buf, bytes_of(buf->data, size) };
}
