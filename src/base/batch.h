// SPDX-License-Identifier: Apache-2.0
// Kafka's record batch, version 2 (KIP-98, "Record Batch" in Kafka's message format): the one form in which every
// record is received, stored and handed out. Reading gives views into the caller's bytes; building gives a buf. Pure,
// any loop.
#pragma once

#include "base/bytes.h"
#include "base/compress.h"
#include "base/err.h"
#include "base/reader.h"
#include "base/writer.h"

// Where the fields stand, from the start of the batch. The CRC covers everything from the attributes on, so base offset
// and leader epoch may be changed without touching it.
enum {
    BATCH_BASE_OFFSET_AT = 0,        // int64
    BATCH_LENGTH_AT = 8,             // int32, bytes after this field
    BATCH_LEADER_EPOCH_AT = 12,      // int32
    BATCH_MAGIC_AT = 16,             // int8, 2
    BATCH_CRC_AT = 17,               // uint32
    BATCH_ATTRIBUTES_AT = 21,        // int16
    BATCH_LAST_OFFSET_DELTA_AT = 23, // int32
    BATCH_BASE_TIMESTAMP_AT = 27,    // int64
    BATCH_MAX_TIMESTAMP_AT = 35,     // int64
    BATCH_PRODUCER_ID_AT = 43,       // int64
    BATCH_PRODUCER_EPOCH_AT = 51,    // int16
    BATCH_BASE_SEQUENCE_AT = 53,     // int32
    BATCH_RECORD_COUNT_AT = 57,      // int32
    BATCH_HEADER_SIZE = 61,          // the records follow
    BATCH_FRAME_SIZE = 12,           // base offset and length: enough to find the next batch
};

// Attribute bits.
enum {
    BATCH_CODEC_MASK = 0x07,
    BATCH_LOG_APPEND_TIME = 0x08, // each record's time is the batch's max timestamp
    BATCH_TRANSACTIONAL = 0x10,
    BATCH_CONTROL = 0x20,
    BATCH_DELETE_HORIZON = 0x40, // the base timestamp is when tombstones may go (KIP-534)
};

#define BATCH_NO_PRODUCER_ID    (-1)
#define BATCH_NO_PRODUCER_EPOCH (-1)
#define BATCH_NO_SEQUENCE       (-1)
#define BATCH_NO_TIMESTAMP      (-1)
#define BATCH_NO_LEADER_EPOCH   (-1)

// The decoded header; times are unix milliseconds.
struct batch_header {
    int64_t base_offset;
    int32_t length;
    int32_t leader_epoch;
    int8_t magic;
    uint32_t crc;
    uint16_t attributes;
    int32_t last_offset_delta;
    int64_t base_timestamp;
    int64_t max_timestamp;
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
    int32_t record_count;
};

// Bytes of the whole batch.
static inline size_t batch_header_size(const struct batch_header *header)
{
    return (size_t)header->length + BATCH_FRAME_SIZE;
}

static inline int64_t batch_last_offset(const struct batch_header *header)
{
    return header->base_offset + header->last_offset_delta;
}

static inline unsigned batch_codec(const struct batch_header *header)
{
    return header->attributes & BATCH_CODEC_MASK;
}

// SEQUENCE advanced by COUNT (>= 0); behind INT32_MAX comes 0 (KIP-98).
int32_t batch_sequence_add(int32_t sequence, int32_t count);

// The sequence of the last record; BATCH_NO_SEQUENCE when the batch has none.
static inline int32_t batch_last_sequence(const struct batch_header *header)
{
    return header->base_sequence < 0 ? BATCH_NO_SEQUENCE
                                     : batch_sequence_add(header->base_sequence, header->last_offset_delta);
}

// Why a batch was refused: reason, the err_t that goes with it, a sentence part. The door translates the reason into
// its protocol's code.
// clang-format off
#define BATCH_REASON_TABLE(X) \
    X(NONE,        OK,          "the batch is fine") \
    X(TRUNCATED,   TRUNCATED,   "the batch ends too early") \
    X(MAGIC,       UNSUPPORTED, "the record format is not version 2") \
    X(LENGTH,      MALFORMED,   "the length field is not valid") \
    X(TRAILING,    INVALID,     "there is more than one batch") \
    X(CRC,         CORRUPT,     "the CRC does not match") \
    X(COUNT,       INVALID,     "the record count does not fit the last offset delta") \
    X(CODEC,       UNSUPPORTED, "the compression type is unknown") \
    X(ATTRIBUTES,  INVALID,     "an attribute bit is set that clients may not set") \
    X(CONTROL,     INVALID,     "clients may not write control batches") \
    X(APPEND_TIME, INVALID,     "clients may not set LogAppendTime") \
    X(SEQUENCE,    INVALID,     "a producer id needs an epoch and a sequence that are not negative") \
    X(RECORDS,     INVALID,     "a record is malformed")
// clang-format on

enum batch_reason {
#define BATCH_REASON_ENUM(name, err, text) BATCH_REASON_##name,
    BATCH_REASON_TABLE(BATCH_REASON_ENUM)
#undef BATCH_REASON_ENUM
        BATCH_REASON_COUNT_
};

// A sentence part for people.
const char *batch_reason_text(enum batch_reason reason);

// Bytes that the batch at the start of BYTES takes, read from its first BATCH_FRAME_SIZE bytes; 0 when fewer are there
// or when the length cannot be that of a batch. May exceed bytes.size.
size_t batch_size(bytes_t bytes);

// Decodes the header; the records need not be there, nothing beyond magic and length is checked. ERR_TRUNCATED,
// ERR_UNSUPPORTED (magic is not 2; known from 17 bytes on), ERR_MALFORMED (length).
MUST_CHECK err_t batch_header_read(bytes_t bytes, struct batch_header *ret_header);

// Batches that stand behind each other. After false: err is ERR_OK at a clean end, ERR_TRUNCATED when the last batch is
// cut (a Fetch may cut there, KIP-74), else what batch_header_read says; `at` is where the batch that was not returned
// starts.
struct batch_walk {
    bytes_t bytes;
    size_t at;
    err_t err;
};

static inline struct batch_walk batch_walk_of(bytes_t bytes)
{
    return (struct batch_walk){ bytes, 0, ERR_OK };
}

bool batch_walk_next(struct batch_walk *walk, struct batch_header *ret_header, bytes_t *ret_batch);

// Who wrote a batch decides what it may contain.
enum batch_origin {
    BATCH_FROM_CLIENT, // a Produce request: counts exact, no control bit, uncompressed records walked
    BATCH_FROM_DISK,   // compaction may have thinned it out: at most as many records as offsets, maybe none
};

// BATCH is exactly one batch: frame, CRC (ERR_CORRUPT), then what ORIGIN asks for (ERR_INVALID). Both results are
// always set when they are not NULL; the header only as far as it could be read. kafka.md 6, Kafka's LogValidator.
MUST_CHECK err_t batch_check(bytes_t batch, enum batch_origin origin, struct batch_header *ret_header,
                             enum batch_reason *ret_reason);

// The place of a batch in its partition, written into the bytes; the CRC stays right.
void batch_assign(uint8_t *batch, int64_t base_offset, int32_t leader_epoch);
// Gives all records the time NOW_MS (message.timestamp.type=LogAppendTime); SIZE is the whole batch. Makes a new CRC.
void batch_stamp_append_time(uint8_t *batch, size_t size, int64_t now_ms);
// Computes the CRC over the whole batch and writes it.
void batch_seal(uint8_t *batch, size_t size);

// One record, a view. Offset and time are relative to the batch: record_offset and record_timestamp.
struct record {
    int8_t attributes; // none are defined
    int64_t timestamp_delta;
    int32_t offset_delta;
    bytes_t key;   // data is NULL for a null key
    bytes_t value; // data is NULL for a tombstone
    int32_t header_count;
    bytes_t headers; // encoded, checked; walk with record_header_next
};

struct record_header {
    bytes_t key;
    bytes_t value; // data is NULL for null
};

static inline int64_t record_offset(const struct batch_header *header, const struct record *record)
{
    return header->base_offset + record->offset_delta;
}

static inline int64_t record_timestamp(const struct batch_header *header, const struct record *record)
{
    if ((header->attributes & BATCH_LOG_APPEND_TIME) != 0)
        return header->max_timestamp;
    return (int64_t)((uint64_t)header->base_timestamp + (uint64_t)record->timestamp_delta);
}

// The record bytes of BATCH: a view when they are not compressed, else decompressed into ROOM (at most MAX_SIZE bytes),
// which must outlive the view and is not touched otherwise. Errors as decompress_bytes. BATCH and HEADER have been read
// before.
MUST_CHECK err_t batch_records(bytes_t batch, const struct batch_header *header, size_t max_size, struct writer *room,
                               bytes_t *ret_records);

// Walks decompressed record bytes; COUNT is the header's. After false, records.err tells whether all COUNT records were
// there, well-formed, with nothing behind them (ERR_OK), else ERR_MALFORMED. Sticky.
struct record_walk {
    struct reader reader;
    int32_t left;
    err_t err;
};

struct record_walk record_walk_of(bytes_t records, int32_t count);
bool record_walk_next(struct record_walk *walk, struct record *ret_record);

// The headers of one record: start with AT = reader_of(record.headers). False behind the last.
bool record_header_next(struct reader *at, struct record_header *ret_header);

// What one pass over the records of a batch tells.
struct record_summary {
    int64_t min_timestamp, max_timestamp; // of the records themselves; BATCH_NO_TIMESTAMP when there are none
    int32_t keyless_count;                // records with a null key: refused by a compacted topic
    int32_t first_keyless;                // index of the first, or -1
};

// Walks all records: well-formed, as many as the header says, offset deltas 0, 1, 2 ... ERR_MALFORMED otherwise.
MUST_CHECK err_t batch_records_check(bytes_t records, const struct batch_header *header,
                                     struct record_summary *ret_summary);

// What a new batch is, apart from its records.
struct batch_options {
    enum codec codec;
    uint16_t attributes; // BATCH_TRANSACTIONAL, BATCH_CONTROL
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
};

// Uncompressed, no producer.
#define BATCH_PLAIN                                                                                                    \
    ((struct batch_options){ CODEC_NONE, 0, BATCH_NO_PRODUCER_ID, BATCH_NO_PRODUCER_EPOCH, BATCH_NO_SEQUENCE })

// Builds one batch. Owns its memory until finish; batch_builder_free at any time, also after finish.
struct batch_builder {
    struct writer writer; // the header's place, then the records
    struct batch_header header;
    bool keep_deltas; // started from another batch's header
};

void batch_builder_init(struct batch_builder *builder, struct batch_options options);
// For rewriting a batch with fewer records (compaction, delete bitmap): offsets, base timestamp, producer and sequence
// stay ORIGINAL's, also when no record is left. The caller may have changed attributes, codec or base timestamp in
// ORIGINAL.
void batch_builder_init_like(struct batch_builder *builder, const struct batch_header *original);

// Appends a record at the next offset. KEY and VALUE may be null. Header keys are not null.
void batch_builder_add(struct batch_builder *builder, bytes_t key, bytes_t value, const struct record_header *headers,
                       size_t header_count, int64_t timestamp_ms);
// Appends a record of another batch with its own offset delta (larger than the last one's) and encoded headers.
void batch_builder_add_record(struct batch_builder *builder, const struct record *record, int64_t timestamp_ms);

// Bytes the batch would take now, before compression.
static inline size_t batch_builder_size(const struct batch_builder *builder)
{
    return builder->writer.size;
}

// Compresses, fills the header, seals. Base offset 0 and leader epoch -1 (or the original's) until batch_assign. The
// builder is empty afterwards and must be initialised again. ERR_INVALID: no record (unless begun by init_like);
// ERR_TOO_LARGE: more than a batch can hold.
MUST_CHECK err_t batch_builder_finish(struct batch_builder *builder, struct slice *ret_batch);
void batch_builder_free(struct batch_builder *builder);

// BATCH in another codec, at LEVEL (compress_bytes_level); all else stays: offsets, times, producer, attributes.
// ERR_CORRUPT, ERR_MALFORMED (its records), ERR_TOO_LARGE (more than MAX_SIZE bytes of records, or than a batch can
// hold).
MUST_CHECK err_t batch_recompress(bytes_t batch, const struct batch_header *header, enum codec codec, int level,
                                  size_t max_size, struct slice *ret_batch);

// The end of a transaction in a partition (KIP-98, control records).
struct batch_marker {
    bool commit;
    int32_t coordinator_epoch;
};

// A control batch with one marker, for PRODUCER_ID. One reference.
struct slice batch_marker_build(int64_t producer_id, int16_t producer_epoch, struct batch_marker marker,
                                int64_t timestamp_ms);
// RECORD is the record of a control batch. ERR_MALFORMED, ERR_UNSUPPORTED for other types of control records.
MUST_CHECK err_t batch_marker_read(const struct record *record, struct batch_marker *ret_marker);
