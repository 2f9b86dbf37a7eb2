// SPDX-License-Identifier: Apache-2.0
#include "http/response.h"

#include "base/assert.h"

enum state {
    STATE_STATUS_LINE,
    STATE_FIELDS,
    STATE_BODY,
    STATE_BODY_TO_END,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_END,
    STATE_TRAILERS,
    STATE_DONE,
    STATE_BAD,
};

enum { KEPT_SIZE_MAX = 16384 }; // memory kept between responses of a connection

static bool bad(struct http_response_parser *p, err_t err, const char *complaint)
{
    p->state = STATE_BAD;
    p->err = err;
    p->complaint = complaint;
    return false;
}

static bool malformed(struct http_response_parser *p, const char *complaint)
{
    return bad(p, ERR_MALFORMED, complaint);
}

// ---- status line

// status-line = HTTP-version SP status-code SP [reason-phrase] (RFC 9112 4). The second space is missing in the answers
// of some servers that give no reason; there is only one way to read that.
static bool take_status_line(struct http_response_parser *p, bytes_t line)
{
    static const uint8_t name[] = { 'H', 'T', 'T', 'P', '/' };
    const uint8_t *d = line.data;
    if (line.size < 12 || memcmp(d, name, sizeof name) != 0 || d[6] != '.' || d[7] < '0' || d[7] > '9' || d[8] != ' ')
        return malformed(p, "A response starts with HTTP/1.1, a space and a status of three digits.");
    if (d[5] != '1')
        return bad(p, ERR_UNSUPPORTED, "The answer is not in HTTP/1.1.");
    int status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (d[i] < '0' || d[i] > '9')
            return malformed(p, "The status is not a number of three digits.");
        status = status * 10 + (d[i] - '0');
    }
    bytes_t reason = line.size == 12 ? BYTES_NULL : bytes_of(d + 13, line.size - 13);
    if (status < 100 || (line.size > 12 && d[12] != ' ') || !http_chars_has_all(HTTP_CHARS_VALUE, reason))
        return malformed(p, "The status must be a number of three digits with a space behind it.");
    p->response.status = status;
    p->response.minor = d[7] == '0' ? 0 : 1;
    p->reason_at = 13;
    p->reason_size = (uint32_t)reason.size;
    p->state = STATE_FIELDS;
    return true;
}

// ---- fields

static bool take_length(struct http_response_parser *p, bytes_t value)
{
    if (p->length_seen)
        return malformed(p, "There must be only one Content-Length field.");
    p->length_seen = true;
    const char *complaint = http_length_parse(value, &p->content_length);
    return complaint == NULL || malformed(p, complaint);
}

static bool take_coding(struct http_response_parser *p, bytes_t value)
{
    if (p->coding_seen)
        return malformed(p, "There must be only one Transfer-Encoding field.");
    p->coding_seen = true;
    if (!http_text_equal(value, "chunked"))
        return bad(p, ERR_UNSUPPORTED, "The only transfer coding known here is chunked.");
    return true;
}

static bool take_connection(struct http_response_parser *p, bytes_t value)
{
    p->close_seen = p->close_seen || http_list_has(value, "close");
    p->keep_alive_seen = p->keep_alive_seen || http_list_has(value, "keep-alive");
    return true;
}

// The fields that decide about framing; all others are only kept.
static const struct known_field {
    bytes_t name;
    bool (*take)(struct http_response_parser *p, bytes_t value);
} known_fields[] = {
    { BYTES_INIT("Content-Length"), take_length },
    { BYTES_INIT("Transfer-Encoding"), take_coding },
    { BYTES_INIT("Connection"), take_connection },
};

static bool take_field(struct http_response_parser *p, bytes_t line)
{
    if (p->fields.count == p->limits.header_count)
        return bad(p, ERR_TOO_LARGE, "The response has too many header fields.");
    bytes_t name, value;
    const char *complaint = http_field_split(line, &name, &value);
    if (complaint != NULL)
        return malformed(p, complaint);
    for (size_t i = 0; i < ARRAY_COUNT(known_fields); i++)
        if (http_bytes_equal(name, known_fields[i].name) && !known_fields[i].take(p, value))
            return false;
    http_fields_add(&p->fields, &p->head, name, value);
    return true;
}

static void forget_head(struct http_response_parser *p)
{
    writer_reset(&p->head);
    http_fields_reset(&p->fields);
    p->line_at = 0;
    p->length_seen = p->coding_seen = p->close_seen = p->keep_alive_seen = false;
    p->content_length = 0;
    p->response = (struct http_response){ 0 };
    p->state = STATE_STATUS_LINE;
}

// The body has a known size from here on (RFC 9112 6.3). What is above the limit is not read: the connection ends.
static void expect_content(struct http_response_parser *p)
{
    p->left = p->content_length;
    if (p->left > p->limits.body_size) {
        p->left = p->limits.body_size;
        p->response.is_cut = true;
    }
    p->state = p->left > 0 ? STATE_BODY : STATE_DONE;
}

// RFC 9112 6.3: these have no body, whatever their fields say. A 204 that announces one is answered by a server that
// may send it: nothing that follows can be told apart.
static bool has_no_body(struct http_response_parser *p)
{
    int status = p->response.status;
    if (!p->is_head && status == 204 && (p->coding_seen || p->content_length > 0))
        p->close_seen = true;
    return p->is_head || status == 204 || status == 304;
}

static bool finish_head(struct http_response_parser *p)
{
    struct http_response *r = &p->response;
    if (p->coding_seen && p->length_seen)
        return malformed(p, "A response has either Content-Length or Transfer-Encoding, not both.");
    if (p->coding_seen && r->minor == 0)
        return malformed(p, "HTTP/1.0 has no Transfer-Encoding.");
    if (r->status == 101)
        return malformed(p, "The server switches to a protocol that nobody asked for.");
    if (r->status < 200) {
        forget_head(p);
        return true;
    }
    http_fields_settle(&p->fields, &p->head);
    r->headers = p->fields.items;
    r->header_count = p->fields.count;
    r->reason = bytes_of(p->head.buf->data + p->reason_at, p->reason_size);
    if (has_no_body(p))
        p->state = STATE_DONE;
    else if (p->coding_seen)
        p->state = STATE_CHUNK_SIZE;
    else if (p->length_seen)
        expect_content(p);
    else
        p->state = STATE_BODY_TO_END;
    r->keep_alive =
        !p->close_seen && p->state != STATE_BODY_TO_END && !r->is_cut && (r->minor == 1 || p->keep_alive_seen);
    return true;
}

// ---- lines

// Gathers a line and takes it when it is whole. False: it is not, or the parser has failed.
static bool next_line(struct http_response_parser *p, struct writer *w, size_t line_at, bytes_t bytes, size_t *used,
                      size_t room, const char *too_long, bytes_t *ret_line)
{
    enum http_line line = http_line_gather(w, line_at, bytes, used, room);
    if (line == HTTP_LINE_TOO_LONG)
        return bad(p, ERR_TOO_LARGE, too_long);
    if (line == HTTP_LINE_MORE)
        return false;
    const char *complaint = http_line_view(w, line_at, ret_line);
    return complaint == NULL || malformed(p, complaint);
}

static void feed_head(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    bool is_status_line = p->state == STATE_STATUS_LINE;
    if (is_status_line && p->head.size == 0 && bytes.data[*used] != 'H') {
        (void)malformed(p, "The answer is not HTTP.");
        return;
    }
    bytes_t line;
    if (!next_line(p, &p->head, p->line_at, bytes, used, p->limits.head_size - p->head_size,
                   "The header section of the response is too large.", &line))
        return;
    p->head_size += p->head.size - p->line_at;
    p->line_at = p->head.size;
    if (is_status_line)
        (void)take_status_line(p, line);
    else if (line.size == 0)
        (void)finish_head(p);
    else
        (void)take_field(p, line);
}

// ---- body

static void feed_content(struct http_response_parser *p, bytes_t bytes, size_t *used, enum state after)
{
    size_t take = bytes.size - *used;
    if (take > p->left)
        take = (size_t)p->left;
    writer_bytes(&p->content, bytes_of(bytes.data + *used, take));
    *used += take;
    p->left -= take;
    if (p->left == 0)
        p->state = (int)after;
}

static void cut_off(struct http_response_parser *p)
{
    p->response.is_cut = true;
    p->response.keep_alive = false;
    p->state = STATE_DONE;
}

static void feed_to_end(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    p->left = p->limits.body_size - p->content.size;
    if (p->left == 0)
        cut_off(p);
    else
        feed_content(p, bytes, used, STATE_BODY_TO_END);
}

static void feed_chunk_size(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    // As in wire.c: each chunk pays back what its size line took, up to a budget.
    bytes_t line;
    if (!next_line(p, &p->line, 0, bytes, used, HTTP_CHUNK_LINE_SIZE_MAX, "A chunk size line is too long.", &line))
        return;
    p->extension_size += (uint32_t)p->line.size;
    p->line.size = 0;
    const char *complaint = http_chunk_size_parse(line, &p->left);
    if (complaint == NULL && p->extension_size > HTTP_CHUNK_LINES_SIZE_MAX + p->content.size)
        complaint = "The chunks are too small.";
    if (complaint != NULL) {
        (void)malformed(p, complaint);
        return;
    }
    p->state = p->left == 0 ? STATE_TRAILERS : STATE_CHUNK_DATA;
    p->head_size = 0;
}

static void feed_chunk_data(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    size_t room = p->limits.body_size - p->content.size;
    if (room == 0) {
        cut_off(p);
        return;
    }
    uint64_t beyond = p->left > room ? p->left - room : 0;
    p->left -= beyond;
    feed_content(p, bytes, used, beyond > 0 ? STATE_CHUNK_DATA : STATE_CHUNK_END);
    p->left += beyond;
}

static void feed_chunk_end(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    bool is_first = p->line.size == 0;
    if (bytes.data[(*used)++] != (is_first ? '\r' : '\n')) {
        (void)malformed(p, "A chunk is longer than its size.");
    } else if (is_first) {
        writer_u8(&p->line, '\r');
    } else {
        p->line.size = 0;
        p->state = STATE_CHUNK_SIZE;
    }
}

// Trailers are held to the rules of fields and then forgotten (RFC 9110 6.5.1).
static void feed_trailers(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    bytes_t line, name, value;
    if (!next_line(p, &p->line, 0, bytes, used, p->limits.head_size - p->head_size,
                   "The trailer fields of the response are too large.", &line))
        return;
    p->head_size += p->line.size;
    p->line.size = 0;
    if (line.size == 0) {
        p->state = STATE_DONE;
    } else if (p->trailer_count++ == p->limits.header_count) {
        (void)bad(p, ERR_TOO_LARGE, "The response has too many trailer fields.");
    } else {
        const char *complaint = http_field_split(line, &name, &value);
        if (complaint != NULL)
            (void)malformed(p, complaint);
    }
}

// ---- the parser

void http_response_limits_default(struct http_response_limits *ret_limits)
{
    *ret_limits = (struct http_response_limits){ .head_size = 65536, .header_count = 200, .body_size = 1048576 };
}

bytes_t http_response_header_find(const struct http_response *response, const char *name)
{
    return http_headers_find(response->headers, response->header_count, name);
}

void http_response_parser_init(struct http_response_parser *parser, const struct http_response_limits *limits)
{
    ASSERT(limits->head_size > 0 && limits->head_size < UINT32_MAX);
    *parser = (struct http_response_parser){ .limits = *limits };
}

void http_response_parser_deinit(struct http_response_parser *parser)
{
    writer_free(&parser->head);
    writer_free(&parser->line);
    writer_free(&parser->content);
    http_fields_free(&parser->fields);
    *parser = (struct http_response_parser){ 0 };
}

static void keep_or_free(struct writer *w)
{
    if (w->buf != NULL && w->buf->capacity > KEPT_SIZE_MAX)
        writer_free(w);
    else
        writer_reset(w);
}

void http_response_parser_start(struct http_response_parser *p, bool is_head)
{
    keep_or_free(&p->head);
    keep_or_free(&p->line);
    keep_or_free(&p->content);
    forget_head(p);
    p->err = ERR_OK;
    p->complaint = NULL;
    p->head_size = p->trailer_count = 0;
    p->extension_size = 0;
    p->is_head = is_head;
    p->any_seen = false;
}

static void feed_some(struct http_response_parser *p, bytes_t bytes, size_t *used)
{
    switch ((enum state)p->state) {
    case STATE_STATUS_LINE:
    case STATE_FIELDS:
        feed_head(p, bytes, used);
        break;
    case STATE_BODY:
        feed_content(p, bytes, used, STATE_DONE);
        break;
    case STATE_BODY_TO_END:
        feed_to_end(p, bytes, used);
        break;
    case STATE_CHUNK_SIZE:
        feed_chunk_size(p, bytes, used);
        break;
    case STATE_CHUNK_DATA:
        feed_chunk_data(p, bytes, used);
        break;
    case STATE_CHUNK_END:
        feed_chunk_end(p, bytes, used);
        break;
    case STATE_TRAILERS:
        feed_trailers(p, bytes, used);
        break;
    case STATE_DONE:
    case STATE_BAD:
        break;
    }
}

static enum http_response_parse outcome(struct http_response_parser *p)
{
    if (p->state == STATE_BAD)
        return HTTP_RESPONSE_BAD;
    if (p->state != STATE_DONE)
        return HTTP_RESPONSE_MORE;
    p->response.body = writer_view(&p->content);
    return HTTP_RESPONSE_DONE;
}

enum http_response_parse http_response_parser_feed(struct http_response_parser *p, bytes_t bytes, size_t *ret_used)
{
    size_t used = 0;
    p->any_seen = p->any_seen || bytes.size > 0;
    while (used < bytes.size && p->state < STATE_DONE)
        feed_some(p, bytes, &used);
    *ret_used = used;
    return outcome(p);
}

enum http_response_parse http_response_parser_end(struct http_response_parser *p)
{
    if (p->state == STATE_BODY_TO_END)
        p->state = STATE_DONE;
    else if (p->state < STATE_DONE)
        (void)bad(p, ERR_TRUNCATED, "The response ends in the middle.");
    return outcome(p);
}

bool http_response_parser_is_idle(const struct http_response_parser *p)
{
    return !p->any_seen;
}
