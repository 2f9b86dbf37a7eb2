// SPDX-License-Identifier: Apache-2.0
#include "store/damage.h"

#include "base/log.h"
#include "base/mem.h"

enum { SEARCH_STEP = 1 << 20 };

err_t damage_valid_at(const struct segment_reader *reader, uint64_t position, bytes_t head, int64_t next_offset,
                      bool *ret_valid)
{
    struct batch_header header;
    *ret_valid = false;
    if (head.size < BATCH_HEADER_SIZE || head.data[BATCH_MAGIC_AT] != 2 || batch_header_read(head, &header) != ERR_OK ||
        header.base_offset < next_offset || header.base_offset - next_offset > INT32_MAX ||
        (reader->end_offset != 0 && batch_last_offset(&header) >= reader->end_offset) ||
        batch_header_size(&header) > reader->end - position)
        return ERR_OK;
    struct buf *whole = buf_new(batch_header_size(&header));
    size_t got;
    err_t err = file_read_at(reader->file, position, whole->data, batch_header_size(&header), &got);
    *ret_valid = err == ERR_OK && segment_batch_check(bytes_of(whole->data, got), &header) == ERR_OK;
    buf_unref(whole);
    return err;
}

// Most often the frame is whole and tells where the next batch begins. Asked first, because a record may hold a batch.
static err_t behind_frame(const struct segment_reader *reader, uint64_t bad, int64_t next_offset,
                          uint64_t *ret_position, bool *ret_valid)
{
    uint8_t head[BATCH_HEADER_SIZE];
    size_t got;
    *ret_valid = false;
    err_t err = file_read_at(reader->file, bad, head, sizeof head, &got);
    if (err != ERR_OK || got < sizeof head)
        return err;
    uint64_t size = batch_size(bytes_of(head, got));
    if (size < BATCH_HEADER_SIZE || size >= reader->end - bad)
        return ERR_OK;
    *ret_position = bad + size;
    err = file_read_at(reader->file, *ret_position, head, sizeof head, &got);
    return err == ERR_OK ? damage_valid_at(reader, *ret_position, bytes_of(head, got), next_offset, ret_valid) : err;
}

static err_t search(const struct segment_reader *reader, uint64_t from, int64_t next_offset, uint64_t *ret_position,
                    bool *ret_valid)
{
    struct buf *window = buf_new(SEARCH_STEP);
    err_t err = ERR_OK;
    bool valid = false;
    uint64_t at = from;
    while (!valid && err == ERR_OK && at + BATCH_HEADER_SIZE <= reader->end) {
        size_t size;
        err = file_read_at(reader->file, at, window->data, SEARCH_STEP, &size);
        if (err != ERR_OK || size < BATCH_HEADER_SIZE)
            break;
        size_t i = 0;
        for (; !valid && err == ERR_OK && i + BATCH_HEADER_SIZE <= size; i++) {
            if (window->data[i + BATCH_MAGIC_AT] == 2)
                err = damage_valid_at(reader, at + i, bytes_of(window->data + i, size - i), next_offset, &valid);
        }
        at += valid ? i - 1 : i;
    }
    buf_unref(window);
    *ret_position = at;
    *ret_valid = valid;
    return err;
}

err_t damage_find_valid(const struct segment_reader *reader, uint64_t bad, int64_t next_offset, uint64_t *ret_position,
                        int64_t *ret_offset)
{
    bool valid;
    *ret_offset = next_offset;
    err_t err = behind_frame(reader, bad, next_offset, ret_position, &valid);
    if (err == ERR_OK && !valid)
        err = search(reader, bad + 1, next_offset, ret_position, &valid);
    uint8_t frame[BATCH_FRAME_SIZE];
    size_t got;
    if (err == ERR_OK && valid)
        err = file_read_at(reader->file, *ret_position, frame, sizeof frame, &got);
    if (err == ERR_OK && valid)
        *ret_offset = (int64_t)get_u64(frame);
    else
        *ret_position = reader->end;
    return err;
}

// The one of Q's place, or a new one. Those of segments that are gone go.
static struct quarantine *quarantine_slot(struct partition *partition, const struct quarantine *q)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < partition->quarantine_count; i++) {
        if (partition->segment_count == 0 ||
            partition->quarantines[i].segment_base >= partition->segments[0].base_offset)
            partition->quarantines[kept++] = partition->quarantines[i];
    }
    partition->quarantine_count = kept;
    for (uint32_t i = 0; i < kept; i++) {
        struct quarantine *known = &partition->quarantines[i];
        if (known->segment_base == q->segment_base &&
            (known->from == q->from || (known->from < q->to && q->from < known->to)))
            return known;
    }
    partition->quarantines = mem_realloc(partition->quarantines, (kept + 1) * sizeof *partition->quarantines);
    partition->quarantines[kept] = (struct quarantine){ .segment_base = -1 };
    partition->quarantine_count = kept + 1;
    return &partition->quarantines[kept];
}

void quarantine_restore(struct partition *partition, const struct quarantine *q)
{
    *quarantine_slot(partition, q) = *q;
}

void quarantine_note(struct partition *partition, const struct quarantine *q)
{
    struct quarantine *known = quarantine_slot(partition, q);
    // Who began to read inside of it saw less of it.
    bool news = known->segment_base < 0 || known->from > q->from || known->to < q->to;
    if (!news)
        return;
    *known = *q;
    char path[PATH_MAX_SIZE];
    segment_path(partition->path, q->segment_base, ".log", path, sizeof path);
    log_line(LOG_ERROR, "damaged data set aside",
             LOG_FIELDS(log_text("partition", partition->name), log_text("file", path),
                        log_int("from_byte", (int64_t)q->from), log_int("to_byte", (int64_t)q->to),
                        log_int("first_offset", q->first_offset), log_int("next_offset", q->next_offset)));
}

void quarantine_end(struct partition *partition, const struct segment *segment, int64_t end)
{
    for (uint32_t i = 0; i < partition->quarantine_count; i++) {
        struct quarantine *q = &partition->quarantines[i];
        if (q->segment_base == segment->base_offset && q->to == segment->size && q->next_offset < end) {
            q->next_offset = end;
            return;
        }
    }
    struct quarantine rest = { segment->base_offset, segment->size, segment->size, segment->last_offset + 1, end };
    quarantine_restore(partition, &rest);
}

bool quarantine_covers(const struct partition *partition, int64_t offset)
{
    for (uint32_t i = 0; i < partition->quarantine_count; i++) {
        const struct quarantine *q = &partition->quarantines[i];
        if (offset >= q->first_offset && offset < q->next_offset)
            return true;
    }
    return false;
}
