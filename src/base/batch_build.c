// SPDX-License-Identifier: Apache-2.0
// New batches.
#include "base/batch.h"

#include "base/assert.h"
#include "base/endian.h"

#define MAGIC              2
#define MARKER_KEY_SIZE    4
#define MARKER_VALUE_SIZE  6
#define MARKER_TYPE_ABORT  0
#define MARKER_TYPE_COMMIT 1

static void start(struct batch_builder *builder)
{
    // A limit, so that a batch that grows too large is an error of its writer and not the end of the process.
    builder->writer = (struct writer){ .limit = INT32_MAX };
    if (writer_reserve(&builder->writer, BATCH_HEADER_SIZE) != NULL)
        writer_advance(&builder->writer, BATCH_HEADER_SIZE);
    builder->header.magic = MAGIC;
    builder->header.record_count = 0;
}

void batch_builder_init(struct batch_builder *builder, struct batch_options options)
{
    ASSERT((unsigned)options.codec < CODEC_COUNT);
    *builder = (struct batch_builder){
        .header = {
            .leader_epoch = BATCH_NO_LEADER_EPOCH,
            .attributes = (uint16_t)(options.attributes | (unsigned)options.codec),
            .last_offset_delta = -1,
            .base_timestamp = BATCH_NO_TIMESTAMP,
            .max_timestamp = BATCH_NO_TIMESTAMP,
            .producer_id = options.producer_id,
            .producer_epoch = options.producer_epoch,
            .base_sequence = options.base_sequence,
        },
    };
    start(builder);
}

void batch_builder_init_like(struct batch_builder *builder, const struct batch_header *original)
{
    ASSERT(batch_codec(original) < CODEC_COUNT);
    *builder = (struct batch_builder){ .header = *original, .keep_deltas = true };
    start(builder);
}

static uint8_t *put_varlong(uint8_t *at, int64_t v)
{
    uint64_t zigzag = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
    for (; zigzag >= 0x80; zigzag >>= 7)
        *at++ = (uint8_t)(zigzag | 0x80);
    *at++ = (uint8_t)zigzag;
    return at;
}

static uint8_t *put_raw(uint8_t *at, bytes_t bytes)
{
    if (bytes.size == 0)
        return at;
    memcpy(at, bytes.data, bytes.size);
    return at + bytes.size;
}

static int64_t nullable_length(bytes_t bytes)
{
    return bytes.data == NULL ? -1 : (int64_t)bytes.size;
}

static size_t nullable_size(bytes_t bytes)
{
    return varlong_size(nullable_length(bytes)) + bytes.size;
}

static uint8_t *put_nullable(uint8_t *at, bytes_t bytes)
{
    return put_raw(put_varlong(at, nullable_length(bytes)), bytes);
}

// Writes all of RECORD but its headers, for which HEADERS_SIZE bytes stay reserved behind; returns where they go, or
// NULL.
static uint8_t *put_record(struct batch_builder *builder, const struct record *record, size_t headers_size)
{
    size_t body = 1 + varlong_size(record->timestamp_delta) + varlong_size(record->offset_delta) +
                  nullable_size(record->key) + nullable_size(record->value) + varlong_size(record->header_count) +
                  headers_size;
    size_t size = varlong_size((int64_t)body) + body;
    uint8_t *start_at = writer_reserve(&builder->writer, size);
    if (start_at == NULL)
        return NULL;
    uint8_t *at = put_varlong(start_at, (int64_t)body);
    *at++ = (uint8_t)record->attributes;
    at = put_varlong(at, record->timestamp_delta);
    at = put_varlong(at, record->offset_delta);
    at = put_nullable(at, record->key);
    at = put_nullable(at, record->value);
    at = put_varlong(at, record->header_count);
    ASSERT(at + headers_size == start_at + size);
    writer_advance(&builder->writer, size);
    return at;
}

static int64_t count_timestamp(struct batch_builder *builder, int64_t timestamp_ms)
{
    struct batch_header *header = &builder->header;
    bool first = header->record_count == 0;
    if (first && !builder->keep_deltas)
        header->base_timestamp = timestamp_ms;
    bool stamped = (header->attributes & BATCH_LOG_APPEND_TIME) != 0 && builder->keep_deltas;
    if (!stamped && (first || timestamp_ms > header->max_timestamp))
        header->max_timestamp = timestamp_ms;
    return (int64_t)((uint64_t)timestamp_ms - (uint64_t)header->base_timestamp);
}

void batch_builder_add(struct batch_builder *builder, bytes_t key, bytes_t value, const struct record_header *headers,
                       size_t header_count, int64_t timestamp_ms)
{
    ASSERT(!builder->keep_deltas);
    struct record record = {
        .timestamp_delta = count_timestamp(builder, timestamp_ms),
        .offset_delta = builder->header.record_count,
        .key = key,
        .value = value,
        .header_count = (int32_t)header_count,
    };
    size_t headers_size = 0;
    for (size_t i = 0; i < header_count; i++) {
        ASSERT(headers[i].key.data != NULL);
        headers_size += nullable_size(headers[i].key) + nullable_size(headers[i].value);
    }
    uint8_t *at = put_record(builder, &record, headers_size);
    for (size_t i = 0; i < header_count && at != NULL; i++)
        at = put_nullable(put_nullable(at, headers[i].key), headers[i].value);
    builder->header.last_offset_delta = builder->header.record_count++;
}

void batch_builder_add_record(struct batch_builder *builder, const struct record *record, int64_t timestamp_ms)
{
    struct record copy = *record;
    copy.timestamp_delta = count_timestamp(builder, timestamp_ms);
    uint8_t *at = put_record(builder, &copy, record->headers.size);
    if (at != NULL)
        (void)put_raw(at, record->headers);
    if (builder->keep_deltas) {
        ASSERT(record->offset_delta <= builder->header.last_offset_delta);
    } else {
        ASSERT(record->offset_delta > builder->header.last_offset_delta);
        builder->header.last_offset_delta = record->offset_delta;
    }
    builder->header.record_count++;
}

static err_t compress_records(struct batch_builder *builder)
{
    struct writer packed = { .limit = INT32_MAX };
    writer_bytes(&packed, bytes_of(builder->writer.buf->data, BATCH_HEADER_SIZE));
    bytes_t records = bytes_of(builder->writer.buf->data + BATCH_HEADER_SIZE, builder->writer.size - BATCH_HEADER_SIZE);
    err_t err = compress_bytes((enum codec)batch_codec(&builder->header), records, &packed);
    if (err != ERR_OK) {
        writer_free(&packed);
        return err;
    }
    writer_free(&builder->writer);
    builder->writer = packed;
    return ERR_OK;
}

static void put_header(uint8_t *at, const struct batch_header *header)
{
    batch_assign(at, header->base_offset, header->leader_epoch);
    put_u32(at + BATCH_LENGTH_AT, (uint32_t)header->length);
    at[BATCH_MAGIC_AT] = MAGIC;
    put_u16(at + BATCH_ATTRIBUTES_AT, header->attributes);
    put_u32(at + BATCH_LAST_OFFSET_DELTA_AT, (uint32_t)header->last_offset_delta);
    put_u64(at + BATCH_BASE_TIMESTAMP_AT, (uint64_t)header->base_timestamp);
    put_u64(at + BATCH_MAX_TIMESTAMP_AT, (uint64_t)header->max_timestamp);
    put_u64(at + BATCH_PRODUCER_ID_AT, (uint64_t)header->producer_id);
    put_u16(at + BATCH_PRODUCER_EPOCH_AT, (uint16_t)header->producer_epoch);
    put_u32(at + BATCH_BASE_SEQUENCE_AT, (uint32_t)header->base_sequence);
    put_u32(at + BATCH_RECORD_COUNT_AT, (uint32_t)header->record_count);
}

static err_t finish(struct batch_builder *builder)
{
    if (builder->writer.err != ERR_OK)
        return builder->writer.err;
    if (builder->header.record_count == 0) {
        if (!builder->keep_deltas)
            return ERR_INVALID;
        // As Kafka writes an emptied batch: nothing is there to compress.
        builder->header.attributes &= (uint16_t)~BATCH_CODEC_MASK;
    }
    if (batch_codec(&builder->header) == CODEC_NONE)
        return ERR_OK;
    return compress_records(builder);
}

err_t batch_builder_finish(struct batch_builder *builder, struct slice *ret_batch)
{
    err_t err = finish(builder);
    if (err != ERR_OK) {
        batch_builder_free(builder);
        return err;
    }
    struct slice batch = writer_finish(&builder->writer);
    builder->header.length = (int32_t)(batch.bytes.size - BATCH_FRAME_SIZE);
    put_header(batch.buf->data, &builder->header);
    batch_seal(batch.buf->data, batch.bytes.size);
    *ret_batch = batch;
    return ERR_OK;
}

void batch_builder_free(struct batch_builder *builder)
{
    writer_free(&builder->writer);
}

err_t batch_recompress(bytes_t batch, const struct batch_header *header, enum codec codec, int level, size_t max_size,
                       struct slice *ret_batch)
{
    struct writer room = WRITER_INIT, packed = { .limit = INT32_MAX };
    struct batch_header made = *header;
    struct record_summary summary;
    bytes_t records;
    err_t err = batch_records(batch, header, max_size, &room, &records);
    if (err == ERR_OK)
        err = batch_records_check(records, header, &summary);
    if (err == ERR_OK && writer_reserve(&packed, BATCH_HEADER_SIZE) != NULL) {
        writer_advance(&packed, BATCH_HEADER_SIZE);
        err = compress_bytes_level(codec, level, records, &packed);
    }
    writer_free(&room);
    if (err == ERR_OK)
        err = packed.err;
    if (err != ERR_OK) {
        writer_free(&packed);
        return err;
    }
    struct slice result = writer_finish(&packed);
    made.attributes = (uint16_t)((header->attributes & ~(unsigned)BATCH_CODEC_MASK) | (unsigned)codec);
    made.length = (int32_t)(result.bytes.size - BATCH_FRAME_SIZE);
    put_header(result.buf->data, &made);
    batch_seal(result.buf->data, result.bytes.size);
    *ret_batch = result;
    return ERR_OK;
}

struct slice batch_marker_build(int64_t producer_id, int16_t producer_epoch, struct batch_marker marker,
                                int64_t timestamp_ms)
{
    uint8_t key[MARKER_KEY_SIZE] = { 0 }, value[MARKER_VALUE_SIZE] = { 0 }; // both begin with version 0
    put_u16(key + 2, marker.commit ? MARKER_TYPE_COMMIT : MARKER_TYPE_ABORT);
    put_u32(value + 2, (uint32_t)marker.coordinator_epoch);
    struct batch_builder builder;
    batch_builder_init(&builder, (struct batch_options){ CODEC_NONE, BATCH_TRANSACTIONAL | BATCH_CONTROL, producer_id,
                                                         producer_epoch, BATCH_NO_SEQUENCE });
    batch_builder_add(&builder, bytes_of(key, sizeof key), bytes_of(value, sizeof value), NULL, 0, timestamp_ms);
    struct slice batch = { 0 };
    err_t err = batch_builder_finish(&builder, &batch);
    ASSERT(err == ERR_OK);
    return batch;
}

err_t batch_marker_read(const struct record *record, struct batch_marker *ret_marker)
{
    struct reader key = reader_of(record->key), value = reader_of(record->value);
    // Later versions may append fields to both (KIP-98), so what is behind ours is left alone.
    int16_t key_version = reader_i16(&key), type = reader_i16(&key);
    int16_t value_version = reader_i16(&value);
    if (key.err == ERR_OK && key_version >= 0 && type != MARKER_TYPE_ABORT && type != MARKER_TYPE_COMMIT)
        return ERR_UNSUPPORTED;
    int32_t epoch = reader_i32(&value);
    if (key.err != ERR_OK || value.err != ERR_OK || key_version < 0 || value_version < 0)
        return ERR_MALFORMED;
    *ret_marker = (struct batch_marker){ type == MARKER_TYPE_COMMIT, epoch };
    return ERR_OK;
}
