// SPDX-License-Identifier: Apache-2.0
#include "kube/proto/wire.h"

enum { NUMBER_MAX = (1 << 29) - 1 };

static uint64_t little_endian(struct reader *reader, size_t size)
{
    bytes_t bytes = reader_bytes(reader, size);
    uint64_t value = 0;
    for (size_t i = bytes.size; i > 0; i--)
        value = value << 8 | bytes.data[i - 1];
    return value;
}

bool wire_next(struct reader *reader, struct wire_field *ret_field)
{
    if (reader->err != ERR_OK || reader_left(reader) == 0)
        return false;
    uint64_t tag = reader_uvarlong(reader), number = tag >> 3, size;
    if (reader->err == ERR_OK && (number == 0 || number > NUMBER_MAX))
        reader_fail(reader, ERR_MALFORMED);
    *ret_field = (struct wire_field){ .number = (uint32_t)number, .type = (enum wire_type)(tag & 7) };
    switch (tag & 7) {
    case WIRE_VARINT:
        ret_field->integer = reader_uvarlong(reader);
        break;
    case WIRE_FIXED64:
        ret_field->integer = little_endian(reader, 8);
        break;
    case WIRE_FIXED32:
        ret_field->integer = little_endian(reader, 4);
        break;
    case WIRE_BYTES:
        size = reader_uvarlong(reader);
        if (size > reader_left(reader))
            reader_fail(reader, ERR_TRUNCATED);
        ret_field->bytes = reader_bytes(reader, reader->err == ERR_OK ? (size_t)size : 0);
        break;
    default:
        reader_fail(reader, ERR_UNSUPPORTED);
    }
    return reader->err == ERR_OK;
}
