// SPDX-License-Identifier: Apache-2.0
#include "http/wire.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/target.h"

#include <stdlib.h>

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
    CHUNK_DIGITS_MAX = 15,        // fits int64 with room to spare
    CHUNK_LINES_SIZE_MAX = 16384, // over the size lines of a message: chunks of one byte each are an attack
    CHUNK_LINE_SIZE_MAX = 512,
    KEPT_SIZE_MAX = 16384, // memory kept between requests of a connection
};

// Where a field stands in the head; the head may still move while it grows.
struct http_field_place {
    uint32_t name_at, name_size, value_at, value_size;
};

enum {
    IS_TOKEN = 1, // RFC 9110 5.6.2
    IS_PATH = 2,  // pchar and "/", percent apart (RFC 3986 3.3)
    IS_QUERY = 4, // the same, "?" and what browsers leave as it is
    IS_VALUE = 8, // field-vchar, space, tab (RFC 9110 5.5)
};

static const char path_marks[] = "-._~!$&'()*+,;=:@/";
static const char query_marks[] = "-._~!$&'()*+,;=:@/?[]{}|^`";

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_of(uint8_t c, unsigned kind)
{
    if (kind == IS_VALUE)
        return c == '\t' || (c >= 0x20 && c != 0x7f);
    if (kind == IS_TOKEN)
        return http_is_token_char(c);
    if (c == '\0')
        return false;
    return is_alnum(c) || strchr(kind == IS_PATH ? path_marks : query_marks, c) != NULL;
}

static bool all_of(bytes_t text, unsigned kind)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_of(text.data[i], kind))
            return false;
    return true;
}

// The characters of a target, with every percent sign followed by two hexadecimal digits.
static bool target_part_valid(bytes_t text, unsigned kind)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '%') {
            if (!is_of(text.data[i], kind))
                return false;
            continue;
        }
        if (text.size - i < 3 || http_hex_value(text.data[i + 1]) < 0 || http_hex_value(text.data[i + 2]) < 0)
            return false;
        i += 2;
    }
    return true;
}

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

// host [":" port] (RFC 3986 3.2.2 and 3.2.3) without user information. Names in any script arrive as A-labels.
static bool authority_valid(bytes_t text)
{
    size_t i = 0;
    if (text.size > 0 && text.data[0] == '[') {
        while (i < text.size && text.data[i] != ']')
            i++;
        for (size_t k = 1; k < i; k++)
            if (http_hex_value(text.data[k]) < 0 && text.data[k] != ':' && text.data[k] != '.')
                return false;
        if (i == text.size || i < 3)
            return false;
        i++;
    } else {
        while (i < text.size && (is_alnum(text.data[i]) || strchr("-._~", text.data[i]) != NULL) && text.data[i] != 0)
            i++;
    }
    if (i == text.size)
        return true;
    if (text.data[i] != ':' || text.size - i > 6)
        return false;
    for (i++; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return true;
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
    if (text.size == 0 || !all_of(text, IS_TOKEN))
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
    if (authority.size == 0 || !authority_valid(authority))
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
    if (!target_part_valid(r->path, IS_PATH) || !target_part_valid(r->query, IS_QUERY))
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
    if (!authority_valid(value))
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
    if (value.size == 0)
        return bad(p, 400, "Content-Length must be a number.");
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return bad(p, 400, "Content-Length must be a number.");
        if (length < UINT64_MAX / 16)
            length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
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
    const char *name;
    bool (*take)(struct http_parser *p, bytes_t value);
} known_fields[] = {
    { "Host", take_host },
    { "Content-Length", take_length },
    { "Transfer-Encoding", take_coding },
    { "Connection", take_connection },
    { "Expect", take_expect },
    { "Authorization", take_authorization },
    { "Content-Type", take_type },
};

// Splits and checks one field line (RFC 9112 5).
static bool split_field(struct http_parser *p, bytes_t line, bytes_t *ret_name, bytes_t *ret_value)
{
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return bad(p, 400, "A field line must not start with space (folding is obsolete).");
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (colon == NULL)
        return bad(p, 400, "A field line needs a colon.");
    bytes_t name = bytes_of(line.data, (size_t)(colon - line.data));
    if (name.size == 0 || !all_of(name, IS_TOKEN))
        return bad(p, 400, "A field name must be a token with the colon right behind it.");
    const uint8_t *from = colon + 1, *to = line.data + line.size;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    bytes_t value = bytes_of(from, (size_t)(to - from));
    if (!all_of(value, IS_VALUE))
        return bad(p, 400, "A field value has control characters.");
    *ret_name = name;
    *ret_value = value;
    return true;
}

static bool take_field(struct http_parser *p, bytes_t line)
{
    if (p->field_count == p->limits.header_count)
        return bad(p, 431, "The request has too many header fields.");
    bytes_t name, value;
    if (!split_field(p, line, &name, &value))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(known_fields); i++)
        if (http_text_equal(name, known_fields[i].name) && !known_fields[i].take(p, value))
            return false;
    MEM_GROW(p->fields, p->field_count, p->field_capacity);
    p->fields[p->field_count++] = (struct http_field_place){
        .name_at = head_place(p, name.data),
        .name_size = (uint32_t)name.size,
        .value_at = head_place(p, value.data),
        .value_size = (uint32_t)value.size,
    };
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
    p->headers = mem_realloc(p->headers, (p->field_count + 1) * sizeof *p->headers);
    for (size_t i = 0; i < p->field_count; i++) {
        const struct http_field_place *f = &p->fields[i];
        p->headers[i].name = head_view(p, f->name_at, f->name_size);
        p->headers[i].value = head_view(p, f->value_at, f->value_size);
    }
    r->headers = p->headers;
    r->header_count = p->field_count;
    r->keep_alive = !p->close_seen && (r->minor == 1 || p->keep_alive_seen);
    r->expect_continue = r->expect_continue && r->minor == 1;
    r->expect_unknown = r->expect_unknown && r->minor == 1;
    p->left = r->content_length;
    p->state = r->chunked ? STATE_CHUNK_SIZE : p->left > 0 ? STATE_BODY : STATE_DONE;
    return true;
}

// ---- lines

// Moves bytes up to and including the next LF into W. True when the line is complete. Fails the parser when the line
// would be larger than ROOM.
static bool gather_line(struct http_parser *p, struct writer *w, size_t line_at, bytes_t bytes, size_t *used,
                        size_t room, int status, const char *complaint)
{
    size_t left = bytes.size - *used;
    const uint8_t *from = bytes.data + *used;
    const uint8_t *lf = memchr(from, '\n', left);
    size_t take = lf == NULL ? left : (size_t)(lf - from) + 1;
    *used += take;
    if (w->size - line_at + take > room)
        return bad(p, status, complaint);
    writer_bytes(w, bytes_of(from, take));
    return lf != NULL;
}

// The line without its CRLF; a CR anywhere else is refused by what is allowed inside lines.
static bool line_view(struct http_parser *p, const struct writer *w, size_t line_at, bytes_t *ret_line)
{
    size_t size = w->size - line_at;
    const uint8_t *data = w->buf->data + line_at;
    if (size < 2 || data[size - 2] != '\r')
        return bad(p, 400, "Lines end with CR LF.");
    *ret_line = bytes_of(data, size - 2);
    return true;
}

static void feed_request_line(struct http_parser *p, bytes_t bytes, size_t *used)
{
    uint8_t first = bytes.data[*used];
    if (p->head.size == 0 && first != '\r' && !is_of(first, IS_TOKEN)) {
        (void)bad(p, 400, "This is not HTTP. If it is TLS: this door speaks plain HTTP.");
        return;
    }
    bytes_t line;
    if (!gather_line(p, &p->head, 0, bytes, used, p->limits.line_size, 414, "The request line is too long.") ||
        !line_view(p, &p->head, 0, &line) || !take_request_line(p, line))
        return;
    p->line_at = p->head.size;
}

// Returns true when the head is complete.
static bool feed_fields(struct http_parser *p, bytes_t bytes, size_t *used)
{
    size_t room = p->limits.header_size - p->header_size;
    bytes_t line;
    if (!gather_line(p, &p->head, p->line_at, bytes, used, room, 431, "The header fields are too large.") ||
        !line_view(p, &p->head, p->line_at, &line))
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

// chunk-size [chunk-ext] (RFC 9112 7.1): extensions are allowed, checked for control characters, and ignored.
static void take_chunk_size(struct http_parser *p, bytes_t line)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < line.size && http_hex_value(line.data[i]) >= 0; i++) {
        if (i == CHUNK_DIGITS_MAX) {
            (void)bad(p, 400, "A chunk size has too many digits.");
            return;
        }
        size = size << 4 | (uint64_t)http_hex_value(line.data[i]);
    }
    bytes_t rest = bytes_of(line.data + i, line.size - i);
    if (i == 0 || (rest.size > 0 && rest.data[0] != ';') || !all_of(rest, IS_VALUE)) {
        (void)bad(p, 400, "A chunk size must be a hexadecimal number.");
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
    if (!gather_line(p, &p->line, 0, bytes, used, CHUNK_LINE_SIZE_MAX, 400, "A chunk size line is too long.") ||
        !line_view(p, &p->line, 0, &line))
        return;
    p->extension_size += (uint32_t)p->line.size;
    if (p->extension_size > CHUNK_LINES_SIZE_MAX + p->content.size) {
        (void)bad(p, 400, "The chunks are too small.");
        return;
    }
    take_chunk_size(p, line);
    p->line.size = 0;
}

static void feed_chunk_end(struct http_parser *p, bytes_t bytes, size_t *used)
{
    bytes_t line;
    if (!gather_line(p, &p->line, 0, bytes, used, 2, 400, "A chunk is longer than its size.") ||
        !line_view(p, &p->line, 0, &line))
        return;
    p->line.size = 0;
    p->state = STATE_CHUNK_SIZE;
}

// Trailers are held to the rules of fields and then forgotten (RFC 9110 6.5.1).
static void feed_trailers(struct http_parser *p, bytes_t bytes, size_t *used)
{
    size_t room = p->limits.header_size - p->header_size;
    bytes_t line, name, value;
    if (!gather_line(p, &p->line, 0, bytes, used, room, 431, "The trailer fields are too large.") ||
        !line_view(p, &p->line, 0, &line))
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
    free(parser->fields);
    free(parser->headers);
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
    struct http_parser fresh = {
        .site_limits = p->site_limits,
        .is_secure = p->is_secure,
        .limits = *p->site_limits,
        .state = STATE_REQUEST_LINE,
        .head = p->head,
        .line = p->line,
        .content = p->content,
        .fields = p->fields,
        .headers = p->headers,
        .field_capacity = p->field_capacity,
    };
    *p = fresh;
}

bool http_parser_is_idle(const struct http_parser *p)
{
    return p->state == STATE_REQUEST_LINE && p->head.size == 0;
}
