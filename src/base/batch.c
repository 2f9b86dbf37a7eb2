// SPDX-License-Identifier: Apache-2.0
#include "base/batch.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/endian.h"

#define MAGIC      2
#define LENGTH_MIN (BATCH_HEADER_SIZE - BATCH_FRAME_SIZE)

static const struct {
    const char *text;
    err_t err;
} reasons[BATCH_REASON_COUNT_] = {
#define REASON_ROW(name, err, text) { text, ERR_##err },
    BATCH_REASON_TABLE(REASON_ROW)
#undef REASON_ROW
};

const char *batch_reason_text(enum batch_reason reason)
{
    ASSERT((unsigned)reason < BATCH_REASON_COUNT_);
    return reasons[reason].text;
}

int32_t batch_sequence_add(int32_t sequence, int32_t count)
{
    ASSERT(sequence >= 0 && count >= 0);
    return (int32_t)(((uint32_t)sequence + (uint32_t)count) & INT32_MAX);
}

size_t batch_size(bytes_t bytes)
{
    if (bytes.size < BATCH_FRAME_SIZE)
        return 0;
    int32_t length = (int32_t)get_u32(bytes.data + BATCH_LENGTH_AT);
    return length < LENGTH_MIN ? 0 : (size_t)length + BATCH_FRAME_SIZE;
}

err_t batch_header_read(bytes_t bytes, struct batch_header *ret_header)
{
    // Magic stands at the same place in all versions, and an old message may be shorter than our header.
    if (bytes.size > BATCH_MAGIC_AT && bytes.data[BATCH_MAGIC_AT] != MAGIC)
        return ERR_UNSUPPORTED;
    struct reader r = reader_of(bytes);
    struct batch_header header = {
        .base_offset = reader_i64(&r),
        .length = reader_i32(&r),
        .leader_epoch = reader_i32(&r),
        .magic = reader_i8(&r),
        .crc = reader_u32(&r),
        .attributes = reader_u16(&r),
        .last_offset_delta = reader_i32(&r),
        .base_timestamp = reader_i64(&r),
        .max_timestamp = reader_i64(&r),
        .producer_id = reader_i64(&r),
        .producer_epoch = reader_i16(&r),
        .base_sequence = reader_i32(&r),
        .record_count = reader_i32(&r),
    };
    if (r.err != ERR_OK)
        return r.err;
    if (header.length < LENGTH_MIN)
        return ERR_MALFORMED;
    *ret_header = header;
    return ERR_OK;
}

bool batch_walk_next(struct batch_walk *walk, struct batch_header *ret_header, bytes_t *ret_batch)
{
    if (walk->err != ERR_OK || walk->at == walk->bytes.size)
        return false;
    bytes_t rest = bytes_of(walk->bytes.data + walk->at, walk->bytes.size - walk->at);
    struct batch_header header;
    walk->err = batch_header_read(rest, &header);
    if (walk->err == ERR_OK && batch_header_size(&header) > rest.size)
        walk->err = ERR_TRUNCATED;
    if (walk->err != ERR_OK)
        return false;
    *ret_header = header;
    *ret_batch = bytes_of(rest.data, batch_header_size(&header));
    walk->at += ret_batch->size;
    return true;
}

static uint32_t crc_of(bytes_t batch)
{
    return crc32c(0, bytes_of(batch.data + BATCH_ATTRIBUTES_AT, batch.size - BATCH_ATTRIBUTES_AT));
}

static enum batch_reason frame_check(bytes_t batch, struct batch_header *ret_header)
{
    err_t err = batch_header_read(batch, ret_header);
    if (err == ERR_UNSUPPORTED)
        return BATCH_REASON_MAGIC;
    if (err != ERR_OK)
        return err == ERR_TRUNCATED ? BATCH_REASON_TRUNCATED : BATCH_REASON_LENGTH;
    size_t size = batch_header_size(ret_header);
    if (size != batch.size)
        return size > batch.size ? BATCH_REASON_TRUNCATED : BATCH_REASON_TRAILING;
    return crc_of(batch) == ret_header->crc ? BATCH_REASON_NONE : BATCH_REASON_CRC;
}

static bool counts_fit(const struct batch_header *header, enum batch_origin origin)
{
    int64_t offsets = (int64_t)header->last_offset_delta + 1;
    if (origin == BATCH_FROM_CLIENT)
        return header->record_count > 0 && header->record_count == offsets;
    return offsets > 0 && header->record_count >= 0 && header->record_count <= offsets;
}

static enum batch_reason client_check(bytes_t batch, const struct batch_header *header)
{
    if ((header->attributes & BATCH_CONTROL) != 0)
        return BATCH_REASON_CONTROL;
    if ((header->attributes & BATCH_LOG_APPEND_TIME) != 0)
        return BATCH_REASON_APPEND_TIME;
    if ((header->attributes & ~(BATCH_CODEC_MASK | BATCH_TRANSACTIONAL)) != 0)
        return BATCH_REASON_ATTRIBUTES;
    if (header->producer_id >= 0 && (header->base_sequence < 0 || header->producer_epoch < 0))
        return BATCH_REASON_SEQUENCE;
    if (batch_codec(header) != CODEC_NONE)
        return BATCH_REASON_NONE; // stays opaque
    struct record_summary summary;
    bytes_t records = bytes_of(batch.data + BATCH_HEADER_SIZE, batch.size - BATCH_HEADER_SIZE);
    return batch_records_check(records, header, &summary) == ERR_OK ? BATCH_REASON_NONE : BATCH_REASON_RECORDS;
}

err_t batch_check(bytes_t batch, enum batch_origin origin, struct batch_header *ret_header,
                  enum batch_reason *ret_reason)
{
    struct batch_header header = { 0 };
    enum batch_reason reason = frame_check(batch, &header);
    if (reason == BATCH_REASON_NONE && !counts_fit(&header, origin))
        reason = BATCH_REASON_COUNT;
    if (reason == BATCH_REASON_NONE && batch_codec(&header) >= CODEC_COUNT)
        reason = BATCH_REASON_CODEC;
    if (reason == BATCH_REASON_NONE && origin == BATCH_FROM_CLIENT)
        reason = client_check(batch, &header);
    if (ret_header != NULL)
        *ret_header = header;
    if (ret_reason != NULL)
        *ret_reason = reason;
    return reasons[reason].err;
}

void batch_assign(uint8_t *batch, int64_t base_offset, int32_t leader_epoch)
{
    put_u64(batch + BATCH_BASE_OFFSET_AT, (uint64_t)base_offset);
    put_u32(batch + BATCH_LEADER_EPOCH_AT, (uint32_t)leader_epoch);
}

void batch_seal(uint8_t *batch, size_t size)
{
    ASSERT(batch_size(bytes_of(batch, size)) == size);
    put_u32(batch + BATCH_CRC_AT, crc_of(bytes_of(batch, size)));
}

void batch_stamp_append_time(uint8_t *batch, size_t size, int64_t now_ms)
{
    uint16_t attributes = get_u16(batch + BATCH_ATTRIBUTES_AT);
    put_u16(batch + BATCH_ATTRIBUTES_AT, attributes | BATCH_LOG_APPEND_TIME);
    put_u64(batch + BATCH_MAX_TIMESTAMP_AT, (uint64_t)now_ms);
    batch_seal(batch, size);
}

err_t batch_records(bytes_t batch, const struct batch_header *header, size_t max_size, struct writer *room,
                    bytes_t *ret_records)
{
    ASSERT(batch.size == batch_header_size(header));
    bytes_t records = bytes_of(batch.data + BATCH_HEADER_SIZE, batch.size - BATCH_HEADER_SIZE);
    enum codec codec = (enum codec)batch_codec(header);
    if (codec != CODEC_NONE && header->record_count > 0) {
        size_t before = room->size;
        err_t err = decompress_bytes(codec, records, max_size, room);
        if (err != ERR_OK)
            return err;
        records = room->size == before ? BYTES_NULL : bytes_of(room->buf->data + before, room->size - before);
    }
    *ret_records = records;
    return ERR_OK;
}
