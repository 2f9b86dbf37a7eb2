// SPDX-License-Identifier: Apache-2.0
#include "store/journal_frame.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "base/reader.h"

enum { FRAME_MAGIC = 0x65644a31, FRAME_COVERED_AT = 8 };

void journal_frame_begin(struct journal_frame_writer *writer, uint8_t *memory)
{
    *writer = (struct journal_frame_writer){ memory, JOURNAL_FRAME_HEADER_SIZE, 0 };
}

void journal_frame_add(struct journal_frame_writer *writer, const struct journal_entry *entry)
{
    uint8_t *at = writer->at + writer->size;
    memcpy(at, entry->topic_id.bytes, TOPIC_ID_SIZE);
    put_u32(at + 16, (uint32_t)entry->partition);
    put_u32(at + 20, (uint32_t)entry->leader_epoch);
    put_u64(at + 24, (uint64_t)entry->segment_base);
    put_u64(at + 32, entry->position);
    put_u32(at + 40, (uint32_t)entry->bytes.size);
    memcpy(at + JOURNAL_ENTRY_HEADER_SIZE, entry->bytes.data, entry->bytes.size);
    writer->size += JOURNAL_ENTRY_HEADER_SIZE + entry->bytes.size;
    writer->entry_count++;
}

size_t journal_frame_end(struct journal_frame_writer *writer, uint64_t generation, uint64_t sequence)
{
    ASSERT(writer->size <= JOURNAL_FRAME_SIZE_MAX);
    put_u32(writer->at, FRAME_MAGIC);
    put_u32(writer->at + 8, (uint32_t)writer->size);
    put_u32(writer->at + 12, writer->entry_count);
    put_u64(writer->at + 16, generation);
    put_u64(writer->at + 24, sequence);
    put_u32(writer->at + 4, crc32c(0, bytes_of(writer->at + FRAME_COVERED_AT, writer->size - FRAME_COVERED_AT)));
    size_t padded = journal_padded(writer->size);
    memset(writer->at + writer->size, 0, padded - writer->size);
    return padded;
}

size_t journal_frame_size(bytes_t block, uint64_t generation, uint64_t sequence)
{
    if (block.size < JOURNAL_FRAME_HEADER_SIZE || get_u32(block.data) != FRAME_MAGIC ||
        get_u64(block.data + 16) != generation || get_u64(block.data + 24) != sequence)
        return 0;
    uint32_t size = get_u32(block.data + 8);
    return size < JOURNAL_FRAME_HEADER_SIZE || size > JOURNAL_FRAME_SIZE_MAX ? 0 : size;
}

static struct journal_entry read_entry(struct reader *r)
{
    struct journal_entry entry = { 0 };
    bytes_t id = reader_bytes(r, TOPIC_ID_SIZE);
    if (r->err == ERR_OK)
        memcpy(entry.topic_id.bytes, id.data, TOPIC_ID_SIZE);
    entry.partition = reader_i32(r);
    entry.leader_epoch = reader_i32(r);
    entry.segment_base = reader_i64(r);
    entry.position = reader_u64(r);
    entry.bytes = reader_bytes(r, reader_u32(r));
    return entry;
}

err_t journal_frame_read(bytes_t frame, err_t (*on_entry)(void *owner, const struct journal_entry *entry), void *owner)
{
    if (frame.size < JOURNAL_FRAME_HEADER_SIZE || get_u32(frame.data + 8) != frame.size)
        return ERR_MALFORMED;
    if (crc32c(0, bytes_of(frame.data + FRAME_COVERED_AT, frame.size - FRAME_COVERED_AT)) != get_u32(frame.data + 4))
        return ERR_CORRUPT;
    bytes_t body = bytes_of(frame.data + JOURNAL_FRAME_HEADER_SIZE, frame.size - JOURNAL_FRAME_HEADER_SIZE);
    uint32_t count = get_u32(frame.data + 12);
    struct reader check = reader_of(body);
    for (uint32_t i = 0; i < count && check.err == ERR_OK; i++)
        (void)read_entry(&check);
    if (check.err != ERR_OK || reader_left(&check) != 0)
        return ERR_MALFORMED;
    struct reader r = reader_of(body);
    for (uint32_t i = 0; i < count; i++) {
        struct journal_entry entry = read_entry(&r);
        err_t err = on_entry(owner, &entry);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
