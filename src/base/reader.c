// SPDX-License-Identifier: Apache-2.0
#include "base/reader.h"

void reader_fail(struct reader *r, err_t err)
{
    if (r->err == ERR_OK)
        r->err = err;
    r->at = r->end;
}

double reader_f64(struct reader *r)
{
    uint64_t bits = reader_u64(r);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

// LAST_MAX: the largest value of the last byte, whose higher bits would not fit.
static uint64_t base128(struct reader *r, unsigned max_size, uint8_t last_max)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < max_size; i++) {
        uint8_t byte = reader_u8(r);
        if (r->err != ERR_OK)
            return 0;
        if (i == max_size - 1 && byte > last_max)
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return value;
    }
    reader_fail(r, ERR_MALFORMED);
    return 0;
}

uint32_t reader_uvarint_long(struct reader *r)
{
    return (uint32_t)base128(r, 5, 0x0f);
}

uint64_t reader_uvarlong_long(struct reader *r)
{
    return base128(r, 10, 0x01);
}

bytes_t reader_bytes(struct reader *r, size_t size)
{
    if (r->err != ERR_OK || size > reader_left(r)) {
        reader_fail(r, ERR_TRUNCATED);
        return BYTES_NULL;
    }
    bytes_t bytes = bytes_of(r->at, size);
    if (size > 0) // null + 0 is undefined
        r->at += size;
    return bytes;
}

void reader_skip(struct reader *r, size_t size)
{
    (void)reader_bytes(r, size);
}
