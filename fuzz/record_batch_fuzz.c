// SPDX-License-Identifier: Apache-2.0
// Record batches (base/batch.h) and their compression (base/compress.h). The first byte of the input says what is done
// with the rest before it is read: bit 0 seals every batch, so that what lies behind the CRC is reached; bits 1 to 3
// choose a codec that also gets the rest as it is. Whatever batch_check accepts and whose records can be walked is
// rewritten by the builder, and what comes out is accepted again and holds the same records.
#include "base/assert.h"
#include "base/batch.h"

#include <string.h>

enum { OUTPUT_MAX = 64 << 10, SEAL = 1 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool equal(bytes_t a, bytes_t b)
{
    return (a.data == NULL) == (b.data == NULL) && bytes_compare(a, b) == 0;
}

static size_t header_count(const struct record *record)
{
    size_t count = 0;
    struct reader at = reader_of(record->headers);
    for (struct record_header header; record_header_next(&at, &header); count++)
        ASSERT(header.key.data != NULL);
    ASSERT(at.err == ERR_OK);
    return count;
}

// The records of BATCH, decompressed into ROOM. False when they cannot be had or are no records.
static bool records_of(bytes_t batch, const struct batch_header *header, struct writer *room, bytes_t *ret_records)
{
    err_t err = batch_records(batch, header, OUTPUT_MAX, room, ret_records);
    ASSERT(room->size <= OUTPUT_MAX);
    if (err != ERR_OK)
        return false;
    struct record_walk walk = record_walk_of(*ret_records, header->record_count);
    int64_t last = -1;
    struct record record;
    while (record_walk_next(&walk, &record)) {
        ASSERT(header_count(&record) == (size_t)record.header_count);
        if (record.offset_delta <= last || record.offset_delta > header->last_offset_delta)
            return false;
        last = record.offset_delta;
        struct batch_marker marker;
        if (batch_marker_read(&record, &marker) == ERR_OK)
            ASSERT(record.key.size >= 4 && record.value.size >= 6);
    }
    return walk.err == ERR_OK;
}

static void check_same(bytes_t a, bytes_t b, const struct batch_header *header)
{
    struct record_walk left = record_walk_of(a, header->record_count);
    struct record_walk right = record_walk_of(b, header->record_count);
    struct record x, y;
    while (record_walk_next(&left, &x)) {
        ASSERT(record_walk_next(&right, &y));
        ASSERT(x.attributes == y.attributes);
        ASSERT(x.offset_delta == y.offset_delta);
        ASSERT(record_timestamp(header, &x) == record_timestamp(header, &y));
        ASSERT(equal(x.key, y.key) && equal(x.value, y.value) && equal(x.headers, y.headers));
    }
    ASSERT(!record_walk_next(&right, &y) && right.err == ERR_OK);
}

static void check_rewrite(const struct batch_header *header, bytes_t records)
{
    struct batch_builder builder;
    batch_builder_init_like(&builder, header);
    struct record_walk walk = record_walk_of(records, header->record_count);
    for (struct record record; record_walk_next(&walk, &record);)
        batch_builder_add_record(&builder, &record, record_timestamp(header, &record));
    struct slice batch;
    ASSERT(batch_builder_finish(&builder, &batch) == ERR_OK);
    struct batch_header again;
    ASSERT(batch_check(batch.bytes, BATCH_FROM_DISK, &again, NULL) == ERR_OK);
    ASSERT(again.base_offset == header->base_offset && again.last_offset_delta == header->last_offset_delta);
    ASSERT(again.record_count == header->record_count && again.base_sequence == header->base_sequence);
    ASSERT(again.producer_id == header->producer_id && again.producer_epoch == header->producer_epoch);
    struct writer room = WRITER_INIT;
    bytes_t rewritten;
    ASSERT(batch_records(batch.bytes, &again, SIZE_MAX, &room, &rewritten) == ERR_OK);
    // The header's maximum may be wrong in what came, and is the records' time when the broker stamped it.
    if ((header->attributes & BATCH_LOG_APPEND_TIME) == 0 || again.max_timestamp == header->max_timestamp)
        check_same(records, rewritten, header);
    writer_free(&room);
    slice_free(&batch);
}

static void check_batch(uint8_t *at, size_t size)
{
    struct batch_header header, client;
    enum batch_reason reason;
    bytes_t batch = bytes_of(at, size);
    err_t err = batch_check(batch, BATCH_FROM_DISK, &header, &reason);
    ASSERT((err == ERR_OK) == (reason == BATCH_REASON_NONE) && batch_reason_text(reason) != NULL);
    bool from_client = batch_check(batch, BATCH_FROM_CLIENT, &client, NULL) == ERR_OK;
    ASSERT(!from_client || err == ERR_OK);
    if (err != ERR_OK)
        return;
    ASSERT(batch_size(batch) == size && batch_header_size(&header) == size);
    struct writer room = WRITER_INIT;
    bytes_t records;
    bool readable = records_of(batch, &header, &room, &records);
    ASSERT(readable || !from_client || batch_codec(&header) != CODEC_NONE || size > OUTPUT_MAX);
    if (readable)
        check_rewrite(&header, records);
    writer_free(&room);
    batch_assign(at, 1 << 20, 7);
    ASSERT(batch_check(batch, BATCH_FROM_DISK, &header, NULL) == ERR_OK);
    ASSERT(header.base_offset == 1 << 20 && header.leader_epoch == 7);
    batch_stamp_append_time(at, size, 12345);
    ASSERT(batch_check(batch, BATCH_FROM_DISK, &header, NULL) == ERR_OK && header.max_timestamp == 12345);
}

// BYTES are the caller's own memory and are changed.
static void check_walk(uint8_t *bytes, size_t size, bool seal)
{
    struct batch_walk walk = batch_walk_of(bytes_of(bytes, size));
    struct batch_header header;
    bytes_t batch;
    while (batch_walk_next(&walk, &header, &batch)) {
        uint8_t *at = bytes + (batch.data - bytes);
        if (seal)
            batch_seal(at, batch.size);
        check_batch(at, batch.size);
    }
    ASSERT(walk.at <= size && (walk.err != ERR_OK || walk.at == size));
    (void)batch_check(bytes_of(bytes + walk.at, size - walk.at), BATCH_FROM_CLIENT, NULL, NULL);
}

static void check_codec(enum codec codec, bytes_t bytes)
{
    struct writer out = WRITER_INIT, packed = WRITER_INIT;
    err_t err = decompress_bytes(codec, bytes, OUTPUT_MAX, &out);
    ASSERT(out.size <= OUTPUT_MAX && (err == ERR_OK || out.size == 0));
    writer_reset(&out);
    ASSERT(compress_bytes(codec, bytes, &packed) == ERR_OK);
    ASSERT(decompress_bytes(codec, writer_view(&packed), bytes.size, &out) == ERR_OK);
    ASSERT(bytes_compare(writer_view(&out), bytes) == 0);
    writer_free(&packed);
    writer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    // A copy of exactly this size, so that a read behind it is seen.
    struct buf *copy = buf_copy(bytes_of(data + 1, size - 1));
    check_codec((enum codec)(data[0] >> 1 & 7) < CODEC_COUNT ? (enum codec)(data[0] >> 1 & 7) : CODEC_NONE,
                bytes_of(copy->data, size - 1));
    check_walk(copy->data, size - 1, (data[0] & SEAL) != 0);
    buf_unref(copy);
    return 0;
}
