// SPDX-License-Identifier: Apache-2.0
// From stored batches to records: views into the stored bytes, or into what was decompressed.
#include "engine/embedded/impl.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>

enum { BATCH_SIZE_MAX = 64 << 20 }; // of one batch, decompressed

struct piece {
    struct engine_records records;
    struct slice slices[READ_SLICES_MAX];
    size_t slice_count;
    struct engine_record *items;
    size_t count, capacity;
    struct buf **rooms; // of decompressed batches
    size_t room_count, room_capacity;
    struct arena arena; // of headers
};

static void piece_on_free(struct buf *buf)
{
    struct piece *piece = buf->owner;
    for (size_t i = 0; i < piece->slice_count; i++)
        slice_free(&piece->slices[i]);
    for (size_t i = 0; i < piece->room_count; i++)
        buf_unref(piece->rooms[i]);
    arena_free(&piece->arena);
    free(piece->rooms);
    free(piece->items);
    free(piece);
    free(buf);
}

static const struct record_header *headers_copy(struct piece *piece, const struct record *record)
{
    if (record->header_count == 0)
        return NULL;
    struct record_header *headers = arena_array(&piece->arena, (size_t)record->header_count, sizeof *headers);
    struct reader at = reader_of(record->headers);
    size_t count = 0;
    while (count < (size_t)record->header_count && record_header_next(&at, &headers[count]))
        count++;
    return headers;
}

static void record_add(struct piece *piece, const struct batch_header *header, const struct record *record)
{
    MEM_GROW(piece->items, piece->count, piece->capacity);
    piece->items[piece->count++] = (struct engine_record){ .offset = record_offset(header, record),
                                                           .timestamp_ms = record_timestamp(header, record),
                                                           .key = record->key,
                                                           .value = record->value,
                                                           .headers = headers_copy(piece, record),
                                                           .header_count = (size_t)record->header_count };
}

// The records of the batch from OFFSET on. A batch that cannot be read is left out, loudly: nothing behind it could be
// read otherwise.
static void batch_add(struct piece *piece, const struct batch_header *header, bytes_t batch, int64_t offset,
                      const struct partition *partition)
{
    struct writer room = WRITER_INIT;
    bytes_t bytes;
    struct record record;
    err_t err = batch_records(batch, header, BATCH_SIZE_MAX, &room, &bytes);
    if (err == ERR_OK) {
        struct record_walk walk = record_walk_of(bytes, header->record_count);
        while (record_walk_next(&walk, &record)) {
            if (record_offset(header, &record) >= offset)
                record_add(piece, header, &record);
        }
        err = walk.err;
    }
    if (err != ERR_OK)
        log_line(LOG_ERROR, "a batch cannot be read and is left out",
                 LOG_FIELDS(log_text("partition", partition_name(partition)), log_int("offset", header->base_offset),
                            log_int("last_offset", batch_last_offset(header)), log_err(err)));
    if (room.buf == NULL)
        return;
    MEM_GROW(piece->rooms, piece->room_count, piece->room_capacity);
    piece->rooms[piece->room_count++] = writer_finish(&room).buf;
}

struct engine_records *records_new(struct read_op *op, int64_t offset)
{
    struct piece *piece = mem_zalloc(1, sizeof *piece);
    struct buf *self = buf_new(0);
    self->owner = piece;
    self->on_free = piece_on_free;
    piece->slice_count = op->slice_count;
    memcpy(piece->slices, op->slices, op->slice_count * sizeof op->slices[0]);
    op->slice_count = 0;
    int64_t next = offset;
    for (size_t i = 0; i < piece->slice_count; i++) {
        struct batch_walk walk = batch_walk_of(piece->slices[i].bytes);
        struct batch_header header;
        bytes_t batch;
        while (batch_walk_next(&walk, &header, &batch)) {
            if (batch_last_offset(&header) >= op->last_stable_offset)
                break; // of a transaction that is open
            if ((header.attributes & BATCH_CONTROL) == 0)
                batch_add(piece, &header, batch, offset, op->op.partition);
            next = batch_last_offset(&header) + 1;
        }
    }
    piece->records = (struct engine_records){ .items = piece->items,
                                              .count = piece->count,
                                              .next_offset = next,
                                              .high_watermark = op->high_watermark,
                                              .self = self };
    return &piece->records;
}
