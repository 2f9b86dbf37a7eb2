// SPDX-License-Identifier: Apache-2.0
#include "http/line.h"

#include "base/mem.h"
#include "http/target.h"

#include <stdlib.h>

enum { CHUNK_DIGITS_MAX = 15 }; // fits int64 with room to spare

// What each character is, enum http_chars; line_test.c says the same in words.
// clang-format off
static const uint8_t kinds[256] = {
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x10, 0x17, 0x10, 0x11, 0x17, 0x11, 0x17, 0x17, 0x16, 0x16, 0x17, 0x17, 0x16, 0x1f, 0x1f, 0x16,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x16, 0x16, 0x10, 0x16, 0x10, 0x14,
    0x16, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x14, 0x10, 0x14, 0x15, 0x1f,
    0x15, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f,
    0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x1f, 0x14, 0x15, 0x14, 0x1f, 0x00,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
    0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
};
// clang-format on

bool http_chars_has(enum http_chars chars, uint8_t c)
{
    return (kinds[c] & (unsigned)chars) != 0;
}

bool http_chars_has_all(enum http_chars chars, bytes_t text)
{
    size_t i = chars == HTTP_CHARS_VALUE ? bytes_printable_size(text) : 0; // most of a value, and most values
    for (; i < text.size; i++)
        if (!http_chars_has(chars, text.data[i]))
            return false;
    return true;
}

bool http_target_part_valid(bytes_t text, enum http_chars chars)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '%') {
            if (!http_chars_has(chars, text.data[i]))
                return false;
            continue;
        }
        if (text.size - i < 3 || http_hex_value(text.data[i + 1]) < 0 || http_hex_value(text.data[i + 2]) < 0)
            return false;
        i += 2;
    }
    return true;
}

bool http_authority_valid(bytes_t text)
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
        while (i < text.size && http_chars_has(HTTP_CHARS_HOST, text.data[i]))
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

// ---- lines

enum http_line http_line_gather(struct writer *w, size_t line_at, bytes_t bytes, size_t *used, size_t room)
{
    size_t left = bytes.size - *used;
    const uint8_t *from = bytes.data + *used;
    const uint8_t *lf = memchr(from, '\n', left);
    size_t take = lf == NULL ? left : (size_t)(lf - from) + 1;
    *used += take;
    if (w->size - line_at + take > room)
        return HTTP_LINE_TOO_LONG;
    writer_bytes(w, bytes_of(from, take));
    return lf == NULL ? HTTP_LINE_MORE : HTTP_LINE_WHOLE;
}

const char *http_line_view(const struct writer *w, size_t line_at, bytes_t *ret_line)
{
    size_t size = w->size - line_at;
    const uint8_t *data = w->buf->data + line_at;
    if (size < 2 || data[size - 2] != '\r')
        return "Lines end with CR LF.";
    *ret_line = bytes_of(data, size - 2);
    return NULL;
}

// ---- fields

const char *http_field_split(bytes_t line, bytes_t *ret_name, bytes_t *ret_value)
{
    if (line.data[0] == ' ' || line.data[0] == '\t')
        return "A field line must not start with space (folding is obsolete).";
    const uint8_t *colon = memchr(line.data, ':', line.size);
    if (colon == NULL)
        return "A field line needs a colon.";
    bytes_t name = bytes_of(line.data, (size_t)(colon - line.data));
    if (name.size == 0 || !http_chars_has_all(HTTP_CHARS_TOKEN, name))
        return "A field name must be a token with the colon right behind it.";
    const uint8_t *from = colon + 1, *to = line.data + line.size;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    bytes_t value = bytes_of(from, (size_t)(to - from));
    if (!http_chars_has_all(HTTP_CHARS_VALUE, value))
        return "A field value has control characters.";
    *ret_name = name;
    *ret_value = value;
    return NULL;
}

const char *http_length_parse(bytes_t value, uint64_t *ret_length)
{
    static const char complaint[] = "Content-Length must be a number.";
    if (value.size == 0)
        return complaint;
    uint64_t length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return complaint;
        if (length < UINT64_MAX / 16)
            length = length * 10 + (uint64_t)(value.data[i] - '0');
    }
    *ret_length = length;
    return NULL;
}

void http_fields_add(struct http_fields *fields, const struct writer *head, bytes_t name, bytes_t value)
{
    MEM_GROW(fields->places, fields->count, fields->capacity);
    fields->places[fields->count++] = (struct http_field_place){
        .name_at = (uint32_t)(name.data - head->buf->data),
        .name_size = (uint32_t)name.size,
        .value_at = (uint32_t)(value.data - head->buf->data),
        .value_size = (uint32_t)value.size,
    };
}

void http_fields_settle(struct http_fields *fields, const struct writer *head)
{
    const uint8_t *data = head->buf->data;
    fields->items = mem_realloc(fields->items, (fields->count + 1) * sizeof *fields->items);
    for (size_t i = 0; i < fields->count; i++) {
        const struct http_field_place *p = &fields->places[i];
        fields->items[i].name = bytes_of(data + p->name_at, p->name_size);
        fields->items[i].value = bytes_of(data + p->value_at, p->value_size);
    }
}

void http_fields_reset(struct http_fields *fields)
{
    fields->count = 0;
}

void http_fields_free(struct http_fields *fields)
{
    free(fields->places);
    free(fields->items);
    *fields = (struct http_fields){ 0 };
}

// ---- chunks

const char *http_chunk_size_parse(bytes_t line, uint64_t *ret_size)
{
    uint64_t size = 0;
    size_t i = 0;
    for (; i < line.size && http_hex_value(line.data[i]) >= 0; i++) {
        if (i == CHUNK_DIGITS_MAX)
            return "A chunk size has too many digits.";
        size = size << 4 | (uint64_t)http_hex_value(line.data[i]);
    }
    bytes_t rest = bytes_of(line.data + i, line.size - i);
    if (i == 0 || (rest.size > 0 && rest.data[0] != ';') || !http_chars_has_all(HTTP_CHARS_VALUE, rest))
        return "A chunk size must be a hexadecimal number.";
    *ret_size = size;
    return NULL;
}
