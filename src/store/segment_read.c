// SPDX-License-Identifier: Apache-2.0
#include "store/segment_read.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "store/damage.h"
#include "store/index.h"

enum { READ_STEP = 64 << 10, BLOCK = 4096 };

err_t segment_reader_open(struct segment_reader *reader)
{
    if (reader->file != NULL)
        return ERR_OK;
    char path[PATH_MAX_SIZE];
    segment_path(reader->folder, reader->segment_base, ".log", path, sizeof path);
    struct file *file;
    err_t err = file_open(path, reader->past_cache ? FILE_DIRECT : 0, &file);
    if (err == ERR_OK)
        reader->file = file;
    return err;
}

err_t segment_batch_check(bytes_t bytes, struct batch_header *ret_header)
{
    err_t err = batch_header_read(bytes, ret_header);
    if (err != ERR_OK)
        return err == ERR_TRUNCATED ? ERR_TRUNCATED : ERR_CORRUPT;
    size_t size = batch_header_size(ret_header);
    if (size < BATCH_HEADER_SIZE || ret_header->base_offset < 0 || ret_header->last_offset_delta < 0 ||
        ret_header->base_offset >= INT64_MAX - ret_header->last_offset_delta)
        return ERR_CORRUPT;
    if (size > bytes.size)
        return ERR_TRUNCATED;
#ifdef EDDY_BREAK_CRC
    return ERR_OK;
#else
    bytes_t covered = bytes_of(bytes.data + BATCH_ATTRIBUTES_AT, size - BATCH_ATTRIBUTES_AT);
    return crc32c(0, covered) == ret_header->crc ? ERR_OK : ERR_CORRUPT;
#endif
}

// Where to begin, from the index file if need be.
static uint64_t reader_start(struct segment_reader *reader, int64_t offset)
{
    uint64_t start = reader->start;
    if (!reader->start_known && reader->end > 2 * reader->interval && offset > reader->segment_base)
        start = index_seek(reader->folder, reader->segment_base, offset);
    if (start > reader->end)
        start = 0;
    if (start < reader->not_before)
        start = reader->not_before;
    reader->index_start = reader->start_known ? 0 : start;
    return start;
}

// A window of the file in memory.
struct window {
    struct buf *buf;
    uint8_t *data;     // in buf
    uint64_t position; // of its first byte
    size_t size;
    bool at_end; // nothing more can be read behind it
};

static void window_fit(struct window *window, size_t size)
{
    if (window->buf != NULL && window->buf->capacity >= size)
        return;
    buf_unref(window->buf);
    window->buf = buf_new(size);
}

static err_t window_read_blocks(const struct segment_reader *reader, struct window *window, uint64_t position,
                                size_t size)
{
    size_t skip = (size_t)(position % BLOCK), got = 0;
    size_t whole = (skip + size + BLOCK - 1) / BLOCK * BLOCK;
    window_fit(window, whole + BLOCK);
    uint8_t *blocks = window->buf->data + (BLOCK - (uintptr_t)window->buf->data % BLOCK) % BLOCK;
    window->data = blocks + skip;
    window->size = 0;
    err_t err = file_read_at(reader->file, position - skip, blocks, whole, &got);
    if (err == ERR_OK && got > skip)
        window->size = got - skip < size ? got - skip : size;
    return err;
}

static err_t window_read(const struct segment_reader *reader, struct window *window, uint64_t position, size_t size)
{
    if (size > reader->end - position)
        size = (size_t)(reader->end - position);
    window->position = position;
    err_t err;
    if (reader->past_cache) {
        err = window_read_blocks(reader, window, position, size);
    } else {
        window_fit(window, size);
        window->data = window->buf->data;
        err = file_read_at(reader->file, position, window->data, size, &window->size);
    }
    // The file may have lost what its known size promises.
    window->at_end = window->size < size || position + size == reader->end;
    return err;
}

static bytes_t window_rest(const struct window *window, uint64_t position)
{
    size_t skip = (size_t)(position - window->position);
    return bytes_of(window->data + skip, window->size - skip);
}

// A checksum does not cover the offset of its batch: it must lie in the segment, and behind NEXT_OFFSET.
static bool is_in_place(const struct segment_reader *reader, const struct batch_header *header, int64_t next_offset)
{
    return header->base_offset >= next_offset && header->base_offset >= reader->segment_base &&
           (reader->end_offset == 0 || batch_last_offset(header) < reader->end_offset);
}

// Brings the whole batch at POSITION into the window and checks it. A file that ends inside of it is damaged: its size
// is known.
static err_t window_batch(const struct segment_reader *reader, struct window *window, uint64_t position, size_t step,
                          struct batch_header *ret_header)
{
    bool inside = window->buf != NULL && position >= window->position && position < window->position + window->size;
    err_t err = inside ? segment_batch_check(window_rest(window, position), ret_header) : ERR_TRUNCATED;
    for (size_t size = step; err == ERR_TRUNCATED; size = size < step ? step : size) {
        if (window->buf != NULL && position == window->position && window->at_end)
            return ERR_CORRUPT;
        bytes_t rest = inside ? window_rest(window, position) : BYTES_NULL;
        size_t whole = rest.size >= BATCH_FRAME_SIZE ? batch_size(rest) : 0;
        err = window_read(reader, window, position, whole > size ? whole : size);
        if (err != ERR_OK)
            return err;
        if (window->size == 0)
            return ERR_CORRUPT;
        inside = true;
        err = segment_batch_check(window_rest(window, position), ret_header);
        size *= 2;
    }
    return err;
}

// Bytes that are no batch: notes them, and goes on behind them when that is not behind OFFSET. NEXT_OFFSET is the first
// that can be in them, -1 when that is not known.
static err_t step_over(struct segment_reader *reader, int64_t offset, int64_t next_offset, uint64_t *position)
{
    if (reader->past_cache)
        return ERR_UNSUPPORTED;
    int64_t first = next_offset < 0 ? reader->segment_base : next_offset;
    struct quarantine damage = { .segment_base = reader->segment_base, .from = *position };
    err_t err = damage_find_valid(reader, *position, first, &damage.to, &damage.next_offset);
    if (err != ERR_OK)
        return err;
    bool last = damage.to >= reader->end;
    if (last)
        damage.next_offset = offset == INT64_MAX ? first : offset + 1;
    damage.first_offset = next_offset >= 0 ? next_offset : offset < damage.next_offset ? offset : damage.next_offset;
    reader->damage = damage;
    *position = damage.to;
    return !last && damage.next_offset <= offset ? ERR_OK : ERR_CORRUPT;
}

// An index file has no CRC: what it names must be a batch that is not behind the wanted one. Asked once, for the first
// batch; goes back to the beginning if it is not so.
static bool went_astray(struct segment_reader *reader, int64_t offset, err_t err, const struct batch_header *header,
                        uint64_t *position)
{
    bool astray = *position == reader->index_start && *position > reader->not_before &&
                  (err == ERR_CORRUPT || (err == ERR_OK && header->base_offset > offset));
    reader->index_start = 0;
    if (astray)
        *position = reader->not_before;
    return astray;
}

err_t segment_reader_walk(struct segment_reader *reader, int64_t offset,
                          bool (*on_batch)(void *owner, const struct batch_header *header, bytes_t batch,
                                           uint64_t position),
                          void *owner)
{
    struct window window = { 0 };
    struct batch_header header;
    err_t err = ERR_OK;
    uint64_t position = reader_start(reader, offset);
    size_t step = reader->step == 0 ? READ_STEP : reader->step;
    int64_t next_offset = position == 0 ? reader->segment_base : -1;
    while (err == ERR_OK && position < reader->end) {
        err = window_batch(reader, &window, position, step, &header);
        if (err == ERR_OK && !is_in_place(reader, &header, next_offset))
            err = ERR_CORRUPT;
        if (went_astray(reader, offset, err, &header, &position)) {
            err = ERR_OK;
            continue;
        }
        if (err == ERR_CORRUPT && reader->skip_damage) {
            err = step_over(reader, INT64_MAX, next_offset, &position);
            if (err == ERR_CORRUPT)
                err = ERR_OK; // to the end
            continue;
        }
        if (err != ERR_OK)
            break;
        next_offset = batch_last_offset(&header) + 1;
        bytes_t batch = bytes_of(window_rest(&window, position).data, batch_header_size(&header));
        if (batch_last_offset(&header) >= offset && !on_batch(owner, &header, batch, position))
            break;
        position += batch.size;
    }
    reader->stopped_at = position;
    buf_unref(window.buf);
    return err;
}

// Finds the batch that holds OFFSET; *position at the end of the file when there is none.
static err_t seek_batch(struct segment_reader *reader, struct window *window, int64_t offset, size_t step,
                        uint64_t *position, struct batch_header *header)
{
    int64_t next_offset = *position == 0 ? reader->segment_base : -1;
    while (*position < reader->end) {
        err_t err = window_batch(reader, window, *position, step, header);
        if (err == ERR_OK && !is_in_place(reader, header, next_offset))
            err = ERR_CORRUPT;
        if (went_astray(reader, offset, err, header, position))
            continue;
        if (err == ERR_CORRUPT) {
            err = step_over(reader, offset, next_offset, position);
            if (err == ERR_OK)
                continue;
        }
        if (err != ERR_OK)
            return err;
        if (batch_last_offset(header) >= offset)
            return ERR_OK;
        next_offset = batch_last_offset(header) + 1;
        *position += batch_header_size(header);
    }
    return ERR_OK;
}

err_t segment_reader_batches(struct segment_reader *reader, int64_t offset, size_t max_size, bool at_least_one,
                             struct buf **ret_buf, size_t *ret_at, size_t *ret_size, struct place *ret_next)
{
    struct window window = { 0 };
    struct batch_header header;
    uint64_t position = reader_start(reader, offset);
    size_t step = (size_t)(max_size + reader->interval < READ_STEP ? READ_STEP : max_size + reader->interval);
    err_t err = seek_batch(reader, &window, offset, step, &position, &header);
    size_t taken = 0;
    if (err == ERR_OK && position < reader->end && (batch_header_size(&header) <= max_size || at_least_one)) {
        taken = batch_header_size(&header);
        ret_next->offset = batch_last_offset(&header) + 1;
        bytes_t rest = window_rest(&window, position);
        while (taken < rest.size && taken < max_size &&
               segment_batch_check(bytes_of(rest.data + taken, rest.size - taken), &header) == ERR_OK &&
               taken + batch_header_size(&header) <= max_size && is_in_place(reader, &header, ret_next->offset)) {
            taken += batch_header_size(&header);
            ret_next->offset = batch_last_offset(&header) + 1;
        }
        ret_next->segment_base = reader->segment_base;
        ret_next->position = position + taken;
    }
    if (taken == 0) {
        buf_unref(window.buf);
        return err;
    }
    *ret_buf = window.buf;
    *ret_at = (size_t)(window.data - window.buf->data) + (size_t)(position - window.position);
    *ret_size = taken;
    return ERR_OK;
}
