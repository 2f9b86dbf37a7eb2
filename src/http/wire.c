// SPDX-License-Identifier: Apache-2.0
#include "http/wire.h"

#include "base/assert.h"

enum state {
    STATE_REQUEST_LINE,
    STATE_FIELDS,
    STATE_BODY,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_END,
    STATE_TRAILERS,
    STATE_DONE,
    STATE_BAD,
};

enum {
    METHOD_SIZE_MAX = 32,
    KEPT_SIZE_MAX = 16384, // memory kept between requests of a connection
};

static bool bad(struct http_parser *p, int status, const char *complaint)
{
    p->state = STATE_BAD;
    p->status = status;
    p->complaint = complaint;
    return false;
}

static bytes_t head_view(const struct http_parser *p, uint32_t at, uint32_t size)
{
    return bytes_of(p->head.buf->data + at, size);
}

static uint32_t head_place(const struct http_parser *p, const uint8_t *data)
{
    return (uint32_t)(data - p->head.buf->data);
}

// ---- request line

static bool take_version(struct http_parser *p, bytes_t text)
{
    static const uint8_t name[] = { 'H', 'T', 'T', 'P', '/' };
    if (text.size != 8 || memcmp(text.data, name, sizeof name) != 0 || text.data[6] != '.')
        return bad(p, 400, "The request line must end with HTTP/1.1.");
    uint8_t major = text.data[5], minor = text.data[7];
    if (major < '0' || major > '9' || minor < '0' || minor > '9')
        return bad(p, 400, "The request line must end with HTTP/1.1.");
    if (major != '1')
        return bad(p, 505, "This door speaks HTTP/1.1.");
    p->request.minor = minor == '0' ? 0 : 1;
    return true;
}

static bool take_method(struct http_parser *p, bytes_t text)
{
    if (text.size == 0 || !http_chars_has_all(HTTP_CHARS_TOKEN, text))
        return bad(p, 400, "The method is not a token.");
    if (text.size > METHOD_SIZE_MAX || !http_method_find(text, &p->request.method))
        return bad(p, 501, "This method is not known here.");
    if (p->request.method == HTTP_CONNECT)
        return bad(p, 501, "This is no proxy: CONNECT is not served.");
    return true;
}

// Takes the absolute form apart (RFC 9112 3.2.2): sets the authority, returns what is left (at least "/").
static bool take_absolute(struct http_parser *p, bytes_t *target)
{
    const char *scheme = p->is_secure ? "https://" : "http://";
    size_t skip = strlen(scheme);
    if (target->size <= skip || !http_text_equal(bytes_of(target->data, skip), scheme))
        return bad(p, 400, "The target must start with a slash.");
    size_t end = skip;
    while (end < target->size && target->data[end] != '/' && target->data[end] != '?')
        end++;
    bytes_t authority = bytes_of(target->data + skip, end - skip);
    if (authority.size == 0 || !http_authority_valid(authority))
        return bad(p, 400, "The host in the target is not valid.");
    p->request.authority = authority;
    *target = bytes_of(target->data + end, target->size - end);
    return true;
}

// Splits the target into path and query. Runs when the head is complete, so that the views last.
static bool take_target(struct http_parser *p)
{
    bytes_t target = head_view(p, p->target_at, p->target_size);
    struct http_request *r = &p->request;
    r->target = target;
    if (bytes_is(target, "*") && r->method == HTTP_OPTIONS) {
        r->path = target;
        return true;
    }
    if (target.data[0] != '/' && !take_absolute(p, &target))
        return false;
    const uint8_t *mark = target.size == 0 ? NULL : memchr(target.data, '?', target.size);
    r->path = mark == NULL ? target : bytes_of(target.data, (size_t)(mark - target.data));
    r->query = mark == NULL ? BYTES_NULL : bytes_of(mark + 1, target.size - r->path.size - 1);
    if (!http_target_part_valid(r->path, HTTP_CHARS_PATH) || !http_target_part_valid(r->query, HTTP_CHARS_QUERY))
        return bad(p, 400, "The target has characters that must be percent-encoded.");
    if (r->path.size == 0)
        r->path = BYTES_LITERAL("/");
    return true;
}

static bool take_request_line(struct http_parser *p, bytes_t line)
{
    if (line.size == 0) {
        if (p->blank_seen)
            return bad(p, 400, "A request starts with a request line.");
        p->blank_seen = true; // RFC 9112 2.2: one empty line before the request is ignored
        p->head.size = 0;
        return true;
    }
    const uint8_t *end = line.data + line.size;
    const uint8_t *first = memchr(line.data, ' ', line.size);
    const uint8_t *second = first == NULL ? NULL : memchr(first + 1, ' ', (size_t)(end - first - 1));
    if (second == NULL)
        return bad(p, 400, "The request line must be: method, space, target, space, HTTP/1.1.");
    if (!take_method(p, bytes_of(line.data, (size_t)(first - line.data))))
        return false;
    if (second == first + 1 || memchr(second + 1, ' ', (size_t)(end - second - 1)) != NULL)
        return bad(p, 400, "The request line must have exactly two spaces.");
    if (!take_version(p, bytes_of(second + 1, (size_t)(end - second - 1))))
        return false;
    p->target_at = head_place(p, first + 1);
    p->target_size = (uint32_t)(second - first - 1);
    p->state = STATE_FIELDS;
    return true;
}

// ---- fields

static bool take_host(struct http_parser *p, bytes_t value)
{
    if (p->host_seen)
        return bad(p, 400, "There must be only one Host field.");
    if (!http_authority_valid(value))
        return bad(p, 400, "The Host field must be a host and, if needed, a port.");
    p->host_seen = true;
    p->host_at = head_place(p, value.data);
    p->host_size = (uint32_t)value.size;
    return true;
}

static bool take_length(struct http_parser *p, bytes_t value)
{
    if (p->length_seen)
        return bad(p, 400, "There must be only one Content-Length field.");
    p->length_seen = true;
    uint64_t length;
    const char *complaint = http_length_parse(value, &length);
    if (complaint != NULL)
        return bad(p, 400, complaint);
    p->request.content_length = length;
    return true;
}

static bool take_coding(struct http_parser *p, bytes_t value)
{
    if (p->coding_seen)
        return bad(p, 400, "There must be only one Transfer-Encoding field.");
    p->coding_seen = true;
    if (!http_text_equal(value, "chunked"))
        return bad(p, 501, "The only transfer coding known here is chunked.");
    p->request.chunked = true;
    return true;
}

static bool take_connection(struct http_parser *p, bytes_t value)
{
    p->close_seen = p->close_seen || http_list_has(value, "close");
    p->keep_alive_seen = p->keep_alive_seen || http_list_has(value, "keep-alive");
    return true;
}

static bool take_expect(struct http_parser *p, bytes_t value)
{
    if (http_text_equal(value, "100-continue"))
        p->request.expect_continue = true;
    else
        p->request.expect_unknown = true;
    return true;
}

static bool take_authorization(struct http_parser *p, bytes_t value)
{
    (void)value;
    if (p->authorization_seen)
        return bad(p, 400, "There must be only one Authorization field.");
    p->authorization_seen = true;
    return true;
}

static bool take_type(struct http_parser *p, bytes_t value)
{
    (void)value;
    if (p->type_seen)
        return bad(p, 400, "There must be only one Content-Type field.");
    p->type_seen = true;
    return true;
}

// The fields that decide about framing, and those of which two readers might take different ones when there are two;
// all others are only kept.
static const struct known_field {
    bytes_t name;
    bool (*take)(struct http_parser *p, bytes_t value);
} known_fields[] = {
    { BYTES_INIT("Host"), take_host },
    { BYTES_INIT("Content-Length"), take_length },
    { BYTES_INIT("Transfer-Encoding"), take_coding },
    { BYTES_INIT("Connection"), take_connection },
    { BYTES_INIT("Expect"), take_expect },
    { BYTES_INIT("Authorization"), take_authorization },
    { BYTES_INIT("Content-Type"), take_type },
};

static bool split_field(struct http_parser *p, bytes_t line, bytes_t *ret_name, bytes_t *ret_value)
{
    const char *complaint = http_field_split(line, ret_name, ret_value);
    return complaint == NULL || bad(p, 400, complaint);
}

static bool take_field(struct http_parser *p, bytes_t line)
{
    if (p->fields.count == p->limits.header_count)
        return bad(p, 431, "The request has too many header fields.");
    bytes_t name, value;
    if (!split_field(p, line, &name, &value))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(known_fields); i++)
        if (http_bytes_equal(name, known_fields[i].name) && !known_fields[i].take(p, value))
            return false;
    http_fields_add(&p->fields, &p->head, name, value);
    return true;
}

// What the fields say together about where the body ends (RFC 9112 6.3).
static bool check_framing(struct http_parser *p)
{
    struct http_request *r = &p->request;
    if (p->coding_seen && p->length_seen)
        return bad(p, 400, "A request has either Content-Length or Transfer-Encoding, not both.");
    if (p->coding_seen && r->minor == 0)
        return bad(p, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (r->minor == 1 && !p->host_seen)
        return bad(p, 400, "HTTP/1.1 needs a Host field.");
    if (r->content_length > p->limits.body_size)
        return bad(p, 413, "The body is larger than this door accepts.");
    return true;
}

static bool finish_head(struct http_parser *p)
{
    struct http_request *r = &p->request;
    if (!check_framing(p) || !take_target(p))
        return false;
    if (r->authority.data == NULL && p->host_seen)
        r->authority = head_view(p, p->host_at, p->host_size);
    http_fields_settle(&p->fields, &p->head);
    r->headers = p->fields.items;
    r->header_count = p->fields.count;
    r->keep_alive = !p->close_seen && (r->minor == 1 || p->keep_alive_seen);
    r->expect_continue = r->expect_continue && r->minor == 1;
    r->expect_unknown = r->expect_unknown && r->minor == 1;
    p->left = r->content_length;
    p->state = r->chunked ? STATE_CHUNK_SIZE : p->left > 0 ? STATE_BODY : STATE_DONE;
    return true;
}

// ---- lines

// Gathers a line and takes it when it is whole. False: it is not, or the parser has failed.
static bool next_line(struct http_parser *p, struct writer *w, size_t line_at, bytes_t bytes, size_t *used, size_t room,
                      int status, const char *complaint, bytes_t *ret_line)
{
    enum http_line line = http_line_gather(w, line_at, bytes, used, room);
    if (line == HTTP_LINE_TOO_LONG)
        return bad(p, status, complaint);
    if (line == HTTP_LINE_MORE)
        return false;
    complaint = http_line_view(w, line_at, ret_line);
    return complaint == NULL || bad(p, 400, complaint);
}

static void feed_request_line(struct http_parser *p, bytes_t bytes, size_t *used)
{
    uint8_t first = bytes.data[*used];
    if (p->head.size == 0 && first != '\r' && !http_chars_has(HTTP_CHARS_TOKEN, first)) {
        (void)bad(p, 400, "This is not HTTP. If it is TLS: this door speaks plain HTTP.");
        return;
    }
    bytes_t line;
    if (!next_line(p, &p->head, 0, bytes, used, p->limits.line_size, 414, "The request line is too long.", &line) ||
        !take_request_line(p, line))
        return;
    p->line_at = p->head.size;
}

// Returns true when the head is complete.
static bool feed_fields(struct http_parser *p, bytes_t bytes, size_t *used)
{
    size_t room = p->limits.header_size - p->header_size;
    bytes_t line;
    if (!next_line(p, &p->head, p->line_at, bytes, used, room, 431, "The header fields are too large.", &line))
        return false;
    p->header_size += p->head.size - p->line_at;
    p->line_at = p->head.size;
    if (line.size == 0)
        return finish_head(p);
    (void)take_field(p, line);
    return false;
}

// ---- body

static void feed_content(struct http_parser *p, bytes_t bytes, size_t *used, enum state after)
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

static void take_chunk_size(struct http_parser *p, bytes_t line)
{
    uint64_t size;
    const char *complaint = http_chunk_size_parse(line, &size);
    if (complaint != NULL) {
        (void)bad(p, 400, complaint);
        return;
    }
    if (size > p->limits.body_size - p->content.size) {
        (void)bad(p, 413, "The body is larger than this door accepts.");
        return;
    }
    p->left = size;
    p->header_size = 0;
    p->state = size == 0 ? STATE_TRAILERS : STATE_CHUNK_DATA;
}

static void feed_chunk_size(struct http_parser *p, bytes_t bytes, size_t *used)
{
    // A chunk should carry more than its frame: each pays back what its size line took, up to a budget.
    bytes_t line;
    if (!next_line(p, &p->line, 0, bytes, used, HTTP_CHUNK_LINE_SIZE_MAX, 400, "A chunk size line is too long.", &line))
        return;
    p->extension_size += (uint32_t)p->line.size;
    if (p->extension_size > HTTP_CHUNK_LINES_SIZE_MAX + p->content.size) {
        (void)bad(p, 400, "The chunks are too small.");
        return;
    }
    take_chunk_size(p, line);
    p->line.size = 0;
}

static void feed_chunk_end(struct http_parser *p, bytes_t bytes, size_t *used)
{
    bytes_t line;
    if (!next_line(p, &p->line, 0, bytes, used, 2, 400, "A chunk is longer than its size.", &line))
        return;
    p->line.size = 0;
    p->state = STATE_CHUNK_SIZE;
}

// Trailers are held to the rules of fields and then forgotten (RFC 9110 6.5.1).
static void feed_trailers(struct http_parser *p, bytes_t bytes, size_t *used)
{
    size_t room = p->limits.header_size - p->header_size;
    bytes_t line, name, value;
    if (!next_line(p, &p->line, 0, bytes, used, room, 431, "The trailer fields are too large.", &line))
        return;
    p->header_size += p->line.size;
    if (line.size == 0)
        p->state = STATE_DONE;
    else if (p->trailer_count++ == p->limits.header_count)
        (void)bad(p, 431, "The request has too many trailer fields.");
    else
        (void)split_field(p, line, &name, &value);
    p->line.size = 0;
}

// ---- the parser

void http_parser_init(struct http_parser *parser, const struct http_limits *limits)
{
    ASSERT(limits->line_size > 0 && limits->line_size + limits->header_size < UINT32_MAX);
    *parser = (struct http_parser){ .site_limits = limits, .limits = *limits, .state = STATE_REQUEST_LINE };
}

void http_parser_deinit(struct http_parser *parser)
{
    writer_free(&parser->head);
    writer_free(&parser->line);
    writer_free(&parser->content);
    http_fields_free(&parser->fields);
    *parser = (struct http_parser){ 0 };
}

enum http_parse http_parser_feed(struct http_parser *p, bytes_t bytes, size_t *ret_used)
{
    size_t used = 0;
    bool head = false;
    while (used < bytes.size && p->state < STATE_DONE && !head) {
        switch ((enum state)p->state) {
        case STATE_REQUEST_LINE:
            feed_request_line(p, bytes, &used);
            break;
        case STATE_FIELDS:
            head = feed_fields(p, bytes, &used);
            break;
        case STATE_BODY:
            feed_content(p, bytes, &used, STATE_DONE);
            break;
        case STATE_CHUNK_SIZE:
            feed_chunk_size(p, bytes, &used);
            break;
        case STATE_CHUNK_DATA:
            feed_content(p, bytes, &used, STATE_CHUNK_END);
            break;
        case STATE_CHUNK_END:
            feed_chunk_end(p, bytes, &used);
            break;
        case STATE_TRAILERS:
            feed_trailers(p, bytes, &used);
            break;
        case STATE_DONE:
        case STATE_BAD:
            break;
        }
    }
    *ret_used = used;
    if (p->state == STATE_BAD)
        return HTTP_PARSE_BAD;
    if (head)
        return HTTP_PARSE_HEAD;
    if (p->state != STATE_DONE)
        return HTTP_PARSE_MORE;
    p->request.body = writer_view(&p->content);
    return HTTP_PARSE_DONE;
}

static void keep_or_free(struct writer *w)
{
    if (w->buf != NULL && w->buf->capacity > KEPT_SIZE_MAX)
        writer_free(w);
    else
        writer_reset(w);
}

void http_parser_next(struct http_parser *p)
{
    keep_or_free(&p->head);
    keep_or_free(&p->line);
    keep_or_free(&p->content);
    http_fields_reset(&p->fields);
    struct http_parser fresh = {
        .site_limits = p->site_limits,
        .is_secure = p->is_secure,
        .limits = *p->site_limits,
        .state = STATE_REQUEST_LINE,
        .head = p->head,
        .line = p->line,
        .content = p->content,
        .fields = p->fields,
    };
    *p = fresh;
}

bool http_parser_is_idle(const struct http_parser *p)
{
    return p->state == STATE_REQUEST_LINE && p->head.size == 0;
}
