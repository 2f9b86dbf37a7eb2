// SPDX-License-Identifier: Apache-2.0
// A cursor over bytes with a sticky error: read everything, check once. After the first error every read returns zero
// values and the error stays. Integers are big endian unless the name says otherwise.
#pragma once

#include "base/bytes.h"
#include "base/endian.h"
#include "base/err.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    err_t err;
};

static inline struct reader reader_of(bytes_t bytes)
{
    return (struct reader){ bytes.data, bytes.size == 0 ? bytes.data : bytes.data + bytes.size, ERR_OK };
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

// Sets the error unless one is set already, and moves to the end.
void reader_fail(struct reader *r, err_t err);

static inline uint8_t reader_u8(struct reader *r)
{
    if (reader_left(r) < 1) {
        reader_fail(r, ERR_TRUNCATED);
        return 0;
    }
    uint8_t v = *r->at;
    r->at += 1;
    return v;
}

static inline uint16_t reader_u16(struct reader *r)
{
    if (reader_left(r) < 2) {
        reader_fail(r, ERR_TRUNCATED);
        return 0;
    }
    uint16_t v = get_u16(r->at);
    r->at += 2;
    return v;
}

static inline uint32_t reader_u32(struct reader *r)
{
    if (reader_left(r) < 4) {
        reader_fail(r, ERR_TRUNCATED);
        return 0;
    }
    uint32_t v = get_u32(r->at);
    r->at += 4;
    return v;
}

static inline uint64_t reader_u64(struct reader *r)
{
    if (reader_left(r) < 8) {
        reader_fail(r, ERR_TRUNCATED);
        return 0;
    }
    uint64_t v = get_u64(r->at);
    r->at += 8;
    return v;
}

static inline int8_t reader_i8(struct reader *r)
{
    return (int8_t)reader_u8(r);
}

static inline int16_t reader_i16(struct reader *r)
{
    return (int16_t)reader_u16(r);
}

static inline int32_t reader_i32(struct reader *r)
{
    return (int32_t)reader_u32(r);
}

static inline int64_t reader_i64(struct reader *r)
{
    return (int64_t)reader_u64(r);
}

double reader_f64(struct reader *r);

// The slow halves of the two below: more than one byte, or none.
uint32_t reader_uvarint_long(struct reader *r);
uint64_t reader_uvarlong_long(struct reader *r);

// Protocol buffers' base-128 varint, at most 5 and 10 bytes; longer is ERR_MALFORMED.
static inline uint32_t reader_uvarint(struct reader *r)
{
    if (r->at != r->end && *r->at < 0x80)
        return *r->at++;
    return reader_uvarint_long(r);
}

static inline uint64_t reader_uvarlong(struct reader *r)
{
    if (r->at != r->end && *r->at < 0x80)
        return *r->at++;
    return reader_uvarlong_long(r);
}

// Zigzag, as in Kafka records.
static inline int32_t reader_varint(struct reader *r)
{
    uint32_t v = reader_uvarint(r);
    return (int32_t)((v >> 1) ^ (0 - (v & 1)));
}

static inline int64_t reader_varlong(struct reader *r)
{
    uint64_t v = reader_uvarlong(r);
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

// A view of the next SIZE bytes; null after an error.
bytes_t reader_bytes(struct reader *r, size_t size);
void reader_skip(struct reader *r, size_t size);
