// SPDX-License-Identifier: Apache-2.0
// The rules of HTTP/1.1's wire that requests and responses share (RFC 9112): which characters stand where, lines,
// fields, lengths, chunk sizes. Pure. A rule answers with its complaint, a static sentence, or with NULL when all is
// well; whose fault that is and what follows is for the parser to say.
#pragma once

#include "base/writer.h"
#include "http/request.h"

enum http_chars {
    HTTP_CHARS_TOKEN = 1,  // RFC 9110 5.6.2
    HTTP_CHARS_PATH = 2,   // pchar and "/", percent apart (RFC 3986 3.3)
    HTTP_CHARS_QUERY = 4,  // the same, "?" and what browsers leave as it is
    HTTP_CHARS_HOST = 8,   // unreserved (RFC 3986 2.3): names in any script arrive as A-labels
    HTTP_CHARS_VALUE = 16, // field-vchar, space, tab (RFC 9110 5.5)
};
bool http_chars_has(enum http_chars chars, uint8_t c);
bool http_chars_has_all(enum http_chars chars, bytes_t text);
// CHARS, and every percent sign followed by two hexadecimal digits.
bool http_target_part_valid(bytes_t text, enum http_chars chars);
// host [":" port] (RFC 3986 3.2.2 and 3.2.3) without user information; a literal address is in brackets.
bool http_authority_valid(bytes_t text);

// ---- lines

enum http_line {
    HTTP_LINE_MORE,
    HTTP_LINE_WHOLE,
    HTTP_LINE_TOO_LONG,
};
// Moves bytes from *USED up to and including the next LF behind the others in W, where the line starts at LINE_AT. Too
// long: with them it would be larger than ROOM; nothing is kept.
enum http_line http_line_gather(struct writer *w, size_t line_at, bytes_t bytes, size_t *used, size_t room);
// The whole line without its CRLF; a CR anywhere else is refused by what is allowed inside lines.
const char *http_line_view(const struct writer *w, size_t line_at, bytes_t *ret_line);

// ---- fields

// Splits and checks one field line (RFC 9112 5), which is not empty.
const char *http_field_split(bytes_t line, bytes_t *ret_name, bytes_t *ret_value);
// Digits only; what is too large for 64 bits is some number above 2^60.
const char *http_length_parse(bytes_t value, uint64_t *ret_length);

// Fields of a head that still grows, and so may still move.
struct http_fields {
    struct http_field_place {
        uint32_t name_at, name_size, value_at, value_size;
    } * places;
    struct http_header *items; // after http_fields_settle
    size_t count, capacity;
};
// Both are views into HEAD.
void http_fields_add(struct http_fields *fields, const struct writer *head, bytes_t name, bytes_t value);
// HEAD is complete: sets the items.
void http_fields_settle(struct http_fields *fields, const struct writer *head);
// Forgets the fields, keeps the memory.
void http_fields_reset(struct http_fields *fields);
void http_fields_free(struct http_fields *fields);

// ---- chunks

enum {
    HTTP_CHUNK_LINE_SIZE_MAX = 512,
    HTTP_CHUNK_LINES_SIZE_MAX = 16384, // over the size lines of a message: chunks of one byte each are an attack
};
// chunk-size [chunk-ext] (RFC 9112 7.1): extensions are allowed, checked for control characters, and ignored.
const char *http_chunk_size_parse(bytes_t line, uint64_t *ret_size);
