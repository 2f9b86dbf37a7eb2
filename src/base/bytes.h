// SPDX-License-Identifier: Apache-2.0
// A view of bytes that somebody else owns. Text is bytes too; it is not terminated unless a function says so.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bytes {
    const uint8_t *data; // NULL means null where a protocol tells null from empty
    size_t size;
} bytes_t;

#define BYTES_NULL          ((bytes_t){ NULL, 0 })
#define BYTES_LITERAL(text) ((bytes_t){ (const uint8_t *)(text), sizeof(text) - 1 })
// The same in a table.
#define BYTES_INIT(text)                                                                                               \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }
// For printf("%.*s", BYTES_ARG(b)).
#define BYTES_ARG(b) ((int)(b).size), ((b).data == NULL ? "" : (const char *)(b).data)

static inline bytes_t bytes_of(const void *data, size_t size)
{
    return (bytes_t){ (const uint8_t *)data, size };
}

static inline bytes_t bytes_of_text(const char *text)
{
    return (bytes_t){ (const uint8_t *)text, strlen(text) };
}

static inline bool bytes_equal(bytes_t a, bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool bytes_is(bytes_t a, const char *text)
{
    return bytes_equal(a, bytes_of_text(text));
}

static inline bool bytes_starts_with(bytes_t text, bytes_t start)
{
    return text.size >= start.size && bytes_equal(bytes_of(text.data, start.size), start);
}

static inline bool bytes_ends_with(bytes_t text, bytes_t end)
{
    return end.size == 0 ||
           (text.size >= end.size && memcmp(text.data + (text.size - end.size), end.data, end.size) == 0);
}

// memcmp order, a shorter prefix first.
static inline int bytes_compare(bytes_t a, bytes_t b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.data, b.data, size);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

// 64-bit hash for tables in memory; not stable between versions, never written to disk.
uint64_t bytes_hash(bytes_t b);
// A secret for bytes_hash, so that nobody can choose keys that collide. Once at start, before any table is filled.
void bytes_hash_seed(uint64_t seed);
// A terminated copy on the heap; free() it.
char *bytes_to_text(bytes_t b);
// Decimal text to integer; false on empty, overflow or any other character.
bool bytes_to_int64(bytes_t b, int64_t *ret_value);
enum { BYTES_DECIMAL_SIZE = 20 };
// VALUE as decimal text; a view of ROOM.
bytes_t bytes_of_decimal(uint64_t value, uint8_t room[BYTES_DECIMAL_SIZE]);
// How many bytes at the start are printable ASCII (0x20 to 0x7e); found eight at a time.
size_t bytes_printable_size(bytes_t b);
// UTF-8 well-formed (RFC 3629: no overlong forms, no surrogates).
bool bytes_is_utf8(bytes_t b);
// Size of the well-formed code point at the start (1 to 4), 0 when there is none (RFC 3629 4).
size_t bytes_utf8_size(bytes_t b);
