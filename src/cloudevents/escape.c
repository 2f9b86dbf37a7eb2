// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/escape.h"

#include "http/target.h"

static bool is_escaped(uint8_t c)
{
    return c <= ' ' || c >= 0x7f || c == '"' || c == '%';
}

bytes_t cloudevent_header_escape(bytes_t text, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t count = 0, size = 0;
    for (size_t i = 0; i < text.size; i++)
        count += is_escaped(text.data[i]);
    if (count == 0)
        return text;
    uint8_t *to = arena_alloc(arena, text.size + 2 * count);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!is_escaped(c)) {
            to[size++] = c;
            continue;
        }
        to[size++] = '%';
        to[size++] = (uint8_t)digits[c >> 4];
        to[size++] = (uint8_t)digits[c & 15];
    }
    return bytes_of(to, size);
}

// Where the quote that closes the string which starts at FROM stands; 0 for none.
static size_t closing_quote(bytes_t value, size_t from)
{
    for (size_t i = from + 1; i < value.size; i++) {
        if (value.data[i] == '"')
            return i;
        i += value.data[i] == '\\';
    }
    return 0;
}

// RFC 7230 3.2.6
static bytes_t unquote(bytes_t value, struct arena *arena)
{
    if (value.size == 0 || memchr(value.data, '"', value.size) == NULL)
        return value;
    uint8_t *to = arena_alloc(arena, value.size);
    size_t size = 0;
    for (size_t i = 0; i < value.size; i++) {
        size_t end = value.data[i] == '"' ? closing_quote(value, i) : 0;
        if (end == 0) {
            to[size++] = value.data[i];
            continue;
        }
        for (i++; i < end; i++) {
            i += value.data[i] == '\\';
            to[size++] = value.data[i];
        }
    }
    return bytes_of(to, size);
}

// The byte that %XX at the start of TEXT means, or -1.
static int escape_at(bytes_t text)
{
    if (text.size < 3 || text.data[0] != '%')
        return -1;
    int high = http_hex_value(text.data[1]), low = http_hex_value(text.data[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bytes_t cloudevent_header_unescape(bytes_t value, struct arena *arena)
{
    bytes_t text = unquote(value, arena);
    if (text.size == 0 || memchr(text.data, '%', text.size) == NULL)
        return text;
    uint8_t *to = arena_alloc(arena, text.size);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int byte = escape_at(bytes_of(text.data + i, text.size - i));
        to[size++] = byte < 0 ? text.data[i] : (uint8_t)byte;
        i += byte < 0 ? 0 : 2;
    }
    return bytes_of(to, size);
}
