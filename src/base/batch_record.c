// SPDX-License-Identifier: Apache-2.0
// The records inside a batch.
#include "base/batch.h"

#include "base/assert.h"

// A length of -1 is null, anything below is malformed.
static bytes_t read_nullable(struct reader *r)
{
    int32_t size = reader_varint(r);
    if (size == -1)
        return BYTES_NULL;
    if (size < 0) {
        reader_fail(r, ERR_MALFORMED);
        return BYTES_NULL;
    }
    return reader_bytes(r, (size_t)size);
}

static struct record_header read_header(struct reader *r)
{
    struct record_header header = { .key = read_nullable(r) };
    if (header.key.data == NULL)
        reader_fail(r, ERR_MALFORMED);
    header.value = read_nullable(r);
    return header;
}

struct record_walk record_walk_of(bytes_t records, int32_t count)
{
    return (struct record_walk){ reader_of(records), count, count < 0 ? ERR_MALFORMED : ERR_OK };
}

bool record_walk_next(struct record_walk *walk, struct record *ret_record)
{
    if (walk->err != ERR_OK)
        return false;
    if (walk->left == 0) {
        walk->err = reader_left(&walk->reader) == 0 ? ERR_OK : ERR_MALFORMED;
        return false;
    }
    int32_t size = reader_varint(&walk->reader);
    struct reader body = reader_of(reader_bytes(&walk->reader, size < 0 ? SIZE_MAX : (size_t)size));
    struct record record = {
        .attributes = reader_i8(&body),
        .timestamp_delta = reader_varlong(&body),
        .offset_delta = reader_varint(&body),
        .key = read_nullable(&body),
        .value = read_nullable(&body),
        .header_count = reader_varint(&body),
    };
    const uint8_t *headers = body.at;
    for (int32_t i = 0; i < record.header_count && body.err == ERR_OK; i++)
        (void)read_header(&body);
    // The body must be used up: its length is the only thing that ties the records together.
    if (walk->reader.err != ERR_OK || body.err != ERR_OK || record.header_count < 0 || reader_left(&body) != 0) {
        walk->err = ERR_MALFORMED;
        return false;
    }
    record.headers = bytes_of(headers, (size_t)(body.end - headers));
    walk->left--;
    *ret_record = record;
    return true;
}

bool record_header_next(struct reader *at, struct record_header *ret_header)
{
    if (reader_left(at) == 0)
        return false;
    struct record_header header = read_header(at);
    if (at->err != ERR_OK)
        return false;
    *ret_header = header;
    return true;
}

err_t batch_records_check(bytes_t records, const struct batch_header *header, struct record_summary *ret_summary)
{
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record_summary summary = { BATCH_NO_TIMESTAMP, BATCH_NO_TIMESTAMP, 0, -1 };
    int32_t index = 0;
    for (struct record record; record_walk_next(&walk, &record); index++) {
        if (record.offset_delta != index)
            return ERR_MALFORMED;
        int64_t timestamp = record_timestamp(header, &record);
        if (index == 0 || timestamp < summary.min_timestamp)
            summary.min_timestamp = timestamp;
        if (index == 0 || timestamp > summary.max_timestamp)
            summary.max_timestamp = timestamp;
        if (record.key.data == NULL && summary.keyless_count++ == 0)
            summary.first_keyless = index;
    }
    if (walk.err != ERR_OK)
        return walk.err;
    *ret_summary = summary;
    return ERR_OK;
}
