// SPDX-License-Identifier: Apache-2.0
#include "store/slot.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/reader.h"
#include "io/file.h"
#include "store/index.h"

#include <stdio.h>

enum { SLOT_MAGIC = 0x65644350, SLOT_CRC_AT = 8, SLOT_COVERED_AT = 12, SLOT_SIZE_MAX = 1 << 30 };
enum { SLOT_CLEAN = 1 << 0, SLOT_WEAK = 1 << 1 };

static void encode_segment(const struct partition *partition, const struct segment *segment, struct writer *to)
{
    bool active = segment->base_offset == partition->synced.segment_base;
    writer_i64(to, segment->base_offset);
    writer_i64(to, active ? partition->synced.offset - 1 : segment->last_offset);
    writer_i64(to, segment->max_timestamp);
    writer_i64(to, segment->max_timestamp_offset);
    writer_u64(to, active ? partition->synced.position : segment->size);
}

void slot_encode_partition(const struct partition *partition, struct writer *to)
{
    uint32_t segments = 0, offsets_filed = partition->offsets_filed, times_filed = partition->times_filed;
    int64_t first_timestamp = partition->first_timestamp;
    // The log may have gone on to another segment since.
    if (partition->segments[partition->segment_count - 1].base_offset != partition->synced.segment_base) {
        index_filed(partition, partition->synced.segment_base, &offsets_filed, &times_filed);
        first_timestamp = -1;
    }
    while (segments < partition->segment_count &&
           partition->segments[segments].base_offset <= partition->synced.segment_base)
        segments++;
    writer_u16(to, (uint16_t)strlen(partition->name));
    writer_text(to, partition->name);
    writer_bytes(to, bytes_of(partition->id.bytes, TOPIC_ID_SIZE));
    writer_i64(to, partition->log_start);
    writer_i64(to, partition->synced.offset);
    writer_i64(to, partition->synced.segment_base);
    writer_u64(to, partition->synced.position);
    writer_i64(to, first_timestamp);
    writer_i64(to, partition->indexed_timestamp);
    writer_u64(to, partition->unindexed_size);
    writer_u32(to, offsets_filed);
    writer_u32(to, times_filed);
    writer_i64(to, partition->snapshot_offset);
    writer_u32(to, segments);
    writer_u32(to, partition->epoch_count);
    writer_u32(to, partition->quarantine_count);
    for (uint32_t i = 0; i < segments; i++)
        encode_segment(partition, &partition->segments[i], to);
    for (uint32_t i = 0; i < partition->epoch_count; i++) {
        writer_i32(to, partition->epochs[i].epoch);
        writer_i64(to, partition->epochs[i].offset);
    }
    for (uint32_t i = 0; i < partition->quarantine_count; i++) {
        const struct quarantine *q = &partition->quarantines[i];
        writer_i64(to, q->segment_base);
        writer_u64(to, q->from);
        writer_u64(to, q->to);
        writer_i64(to, q->first_offset);
        writer_i64(to, q->next_offset);
    }
}

void slot_encode(const struct slot_header *header, const bytes_t *entries, size_t entry_count, uint32_t partition_count,
                 struct writer *to)
{
    writer_u32(to, SLOT_MAGIC);
    writer_u32(to, SLOT_VERSION);
    writer_u32(to, 0);
    writer_u64(to, header->sequence);
    writer_u32(to, (header->clean ? SLOT_CLEAN : 0u) | (header->weak ? SLOT_WEAK : 0u));
    writer_i32(to, header->epoch);
    writer_u64(to, header->journal_generation);
    writer_u64(to, header->journal_size);
    writer_u64(to, header->journal_sequence);
    writer_u64(to, header->journal_position);
    writer_u32(to, partition_count);
    for (size_t i = 0; i < entry_count; i++)
        writer_bytes(to, entries[i]);
    bytes_t view = writer_view(to);
    writer_patch_u32(to, SLOT_CRC_AT, crc32c(0, bytes_of(view.data + SLOT_COVERED_AT, view.size - SLOT_COVERED_AT)));
}

static bytes_t slot_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct slot_partition, node)->name;
}

static bool segments_fit(const struct slot_partition *entry)
{
    int64_t end = 0;
    for (uint32_t i = 0; i < entry->segment_count; i++) {
        const struct segment *segment = &entry->segments[i];
        if (segment->base_offset < end || segment->last_offset < segment->base_offset - 1 ||
            segment->last_offset >= entry->synced.offset || segment->size > INT64_MAX)
            return false;
        end = segment->last_offset + 1;
    }
    const struct segment *last = entry->segment_count == 0 ? NULL : &entry->segments[entry->segment_count - 1];
    return last == NULL || last->base_offset < entry->synced.segment_base ||
           (last->base_offset == entry->synced.segment_base && last->size == entry->synced.position &&
            end == entry->synced.offset);
}

// The checksum says that the file is as it was written, this that it was written from something that can be.
static bool entry_fits(const struct slot_partition *entry)
{
    bool fits = entry->log_start >= 0 && entry->synced.offset >= 0 && entry->synced.offset < INT64_MAX &&
                entry->synced.segment_base >= 0 && entry->synced.segment_base <= entry->synced.offset &&
                segments_fit(entry);
    for (uint32_t i = 0; i < entry->epoch_count && fits; i++)
        fits = entry->epochs[i].offset >= 0 && (i == 0 || entry->epochs[i].epoch > entry->epochs[i - 1].epoch);
    for (uint32_t i = 0; i < entry->quarantine_count && fits; i++) {
        const struct quarantine *q = &entry->quarantines[i];
        fits = q->from <= q->to && q->first_offset >= 0 && q->first_offset <= q->next_offset;
    }
    return fits;
}

static void decode_partition(struct reader *r, struct slot *slot)
{
    struct slot_partition *entry = arena_alloc(&slot->arena, sizeof *entry);
    entry->name = reader_bytes(r, reader_u16(r));
    bytes_t id = reader_bytes(r, TOPIC_ID_SIZE);
    if (r->err == ERR_OK)
        memcpy(entry->id.bytes, id.data, TOPIC_ID_SIZE);
    entry->log_start = reader_i64(r);
    entry->synced.offset = reader_i64(r);
    entry->synced.segment_base = reader_i64(r);
    entry->synced.position = reader_u64(r);
    entry->first_timestamp = reader_i64(r);
    entry->indexed_timestamp = reader_i64(r);
    entry->unindexed_size = reader_u64(r);
    entry->offsets_filed = reader_u32(r);
    entry->times_filed = reader_u32(r);
    entry->snapshot_offset = reader_i64(r);
    entry->segment_count = reader_u32(r);
    entry->epoch_count = reader_u32(r);
    entry->quarantine_count = reader_u32(r);
    uint64_t size = (uint64_t)entry->segment_count * 40 + (uint64_t)entry->epoch_count * 12 +
                    (uint64_t)entry->quarantine_count * 40;
    if (r->err != ERR_OK || size > reader_left(r)) {
        reader_fail(r, ERR_MALFORMED);
        return;
    }
    entry->segments = arena_array(&slot->arena, entry->segment_count, sizeof *entry->segments);
    for (uint32_t i = 0; i < entry->segment_count; i++) {
        struct segment *segment = &entry->segments[i];
        segment->base_offset = reader_i64(r);
        segment->last_offset = reader_i64(r);
        segment->max_timestamp = reader_i64(r);
        segment->max_timestamp_offset = reader_i64(r);
        segment->size = reader_u64(r);
    }
    entry->epochs = arena_array(&slot->arena, entry->epoch_count, sizeof *entry->epochs);
    for (uint32_t i = 0; i < entry->epoch_count; i++) {
        entry->epochs[i].epoch = reader_i32(r);
        entry->epochs[i].offset = reader_i64(r);
    }
    entry->quarantines = arena_array(&slot->arena, entry->quarantine_count, sizeof *entry->quarantines);
    for (uint32_t i = 0; i < entry->quarantine_count; i++) {
        struct quarantine *q = &entry->quarantines[i];
        q->segment_base = reader_i64(r);
        q->from = reader_u64(r);
        q->to = reader_u64(r);
        q->first_offset = reader_i64(r);
        q->next_offset = reader_i64(r);
    }
    if (!entry_fits(entry))
        reader_fail(r, ERR_MALFORMED);
    if (r->err == ERR_OK && map_find(&slot->partitions, entry->name) == NULL)
        map_insert(&slot->partitions, &entry->node);
}

err_t slot_decode(bytes_t bytes, struct slot *ret_slot)
{
    *ret_slot = (struct slot){ .arena = ARENA_INIT, .partitions = MAP_INIT(slot_key) };
    ret_slot->bytes = arena_copy(&ret_slot->arena, bytes);
    struct reader r = reader_of(ret_slot->bytes);
    uint32_t magic = reader_u32(&r), version = reader_u32(&r), crc = reader_u32(&r);
    if (r.err != ERR_OK || magic != SLOT_MAGIC)
        return ERR_MALFORMED;
    if (crc32c(0, bytes_of(r.at, reader_left(&r))) != crc)
        return ERR_CORRUPT;
    if (version != SLOT_VERSION)
        return ERR_UNSUPPORTED;
    struct slot_header *header = &ret_slot->header;
    header->sequence = reader_u64(&r);
    uint32_t flags = reader_u32(&r);
    header->clean = (flags & SLOT_CLEAN) != 0;
    header->weak = (flags & SLOT_WEAK) != 0;
    header->epoch = reader_i32(&r);
    header->journal_generation = reader_u64(&r);
    header->journal_size = reader_u64(&r);
    header->journal_sequence = reader_u64(&r);
    header->journal_position = reader_u64(&r);
    uint32_t count = reader_u32(&r);
    for (uint32_t i = 0; i < count && r.err == ERR_OK; i++)
        decode_partition(&r, ret_slot);
    ret_slot->found = r.err == ERR_OK;
    return r.err;
}

static void slot_path(const char *folder, unsigned file, char *to, size_t size)
{
    int length = snprintf(to, size, "%s/checkpoint-%u", folder, file);
    ASSERT(length > 0 && (size_t)length < size);
}

err_t slot_load(const char *folder, struct slot *ret_slot, diag_t *diag)
{
    *ret_slot = (struct slot){ .arena = ARENA_INIT, .partitions = MAP_INIT(slot_key) };
    for (unsigned file = 0; file < 2; file++) {
        char path[PATH_MAX_SIZE];
        slot_path(folder, file, path, sizeof path);
        struct buf *buf;
        err_t err = file_read_whole(path, SLOT_SIZE_MAX, &buf);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK)
            return diag_fail(diag, err, path, "cannot be read: %s", err_text(err));
        struct slot slot;
        err = slot_decode(bytes_of(buf->data, buf->capacity), &slot);
        buf_unref(buf);
        if (err == ERR_UNSUPPORTED) {
            slot_free(&slot);
            return diag_fail(diag, err, path, "a newer eddy wrote this file: start the newer version");
        }
        bool newer = err == ERR_OK && (!ret_slot->found || slot.header.sequence > ret_slot->header.sequence);
        if (newer) {
            slot_free(ret_slot);
            *ret_slot = slot;
            ret_slot->file = file;
        } else {
            slot_free(&slot);
        }
    }
    return ERR_OK;
}

err_t slot_store(const char *folder, unsigned file, bytes_t bytes)
{
    char path[PATH_MAX_SIZE];
    slot_path(folder, file, path, sizeof path);
    bool is_new = !file_exists(path);
    struct file *to;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE, &to);
    if (err != ERR_OK)
        return err;
    err = file_truncate(to, bytes.size);
    if (err == ERR_OK)
        err = file_write_at(to, 0, &bytes, 1);
    if (err == ERR_OK)
        err = file_sync(to);
    file_close(to);
    return err == ERR_OK && is_new ? dir_sync(folder) : err;
}

struct slot_partition *slot_find(const struct slot *slot, bytes_t name)
{
    struct map_node *node = map_find(&slot->partitions, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct slot_partition, node);
}

void slot_free(struct slot *slot)
{
    map_free(&slot->partitions);
    arena_free(&slot->arena);
    *slot = (struct slot){ 0 };
}
