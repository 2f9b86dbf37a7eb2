// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include "base/endian.h"
#include "base/mem.h"
#include "io/file.h"

#include <stdlib.h>

enum { PAGE_ENTRIES = 512 };

// The list of the active segment, made when it is missing.
static struct index_pending *pending_of_active(struct partition *partition)
{
    int64_t base = partition_active(partition)->base_offset;
    struct index_pending **at = &partition->index;
    while (*at != NULL && (*at)->segment_base != base)
        at = &(*at)->next;
    if (*at == NULL) {
        *at = mem_zalloc(1, sizeof **at);
        (*at)->segment_base = base;
        (*at)->offsets_filed = partition->offsets_filed;
        (*at)->times_filed = partition->times_filed;
    }
    return *at;
}

static void add_time(struct partition *partition, struct index_pending *pending, int64_t timestamp, int64_t offset)
{
    if (timestamp < 0 || timestamp <= partition->indexed_timestamp)
        return;
    MEM_GROW(pending->times, pending->time_count, pending->time_capacity);
    pending->times[pending->time_count++] =
        (struct index_time_entry){ timestamp, (uint32_t)(offset - pending->segment_base) };
    partition->indexed_timestamp = timestamp;
}

void index_add_batch(struct partition *partition, const struct batch_header *header, uint64_t position)
{
    const struct segment *active = partition_active(partition);
    size_t size = batch_header_size(header);
    if (partition->unindexed_size > (uint64_t)partition->config.index_interval_size && position > 0) {
        struct index_pending *pending = pending_of_active(partition);
        MEM_GROW(pending->offsets, pending->offset_count, pending->offset_capacity);
        pending->offsets[pending->offset_count++] = (struct index_offset_entry){
            (uint32_t)(batch_last_offset(header) - pending->segment_base),
            (uint32_t)position,
        };
        bool newer = header->max_timestamp > active->max_timestamp;
        add_time(partition, pending, newer ? header->max_timestamp : active->max_timestamp,
                 newer ? batch_last_offset(header) : active->max_timestamp_offset);
        partition->unindexed_size = 0;
        partition->index_count++;
    }
    partition->unindexed_size += size;
}

void index_close_segment(struct partition *partition)
{
    const struct segment *active = partition_active(partition);
    struct index_pending *pending = pending_of_active(partition);
    add_time(partition, pending, active->max_timestamp, active->max_timestamp_offset);
    pending->closed = true;
    partition->index_count = 0;
    partition->offsets_filed = 0;
    partition->times_filed = 0;
}

void index_pending_free(struct index_pending *pending)
{
    free(pending->offsets);
    free(pending->times);
    free(pending);
}

// Nothing from OFFSET on is in the files: only what is durable is written there.
void index_cut(struct partition *partition, int64_t segment_base, int64_t offset)
{
    struct index_pending **at = &partition->index;
    while (*at != NULL) {
        struct index_pending *pending = *at;
        if (pending->segment_base > segment_base) {
            *at = pending->next;
            index_pending_free(pending);
            continue;
        }
        if (pending->segment_base == segment_base) {
            int64_t limit = offset - segment_base;
            while (pending->offset_count > 0 && pending->offsets[pending->offset_count - 1].relative_offset >= limit)
                pending->offset_count--;
            while (pending->time_count > 0 && pending->times[pending->time_count - 1].relative_offset >= limit)
                pending->time_count--;
            pending->closed = false;
            partition->offsets_filed = pending->offsets_filed;
            partition->times_filed = pending->times_filed;
            partition->index_count = pending->offset_count + pending->offsets_filed;
        }
        at = &pending->next;
    }
    partition->indexed_timestamp = partition_active(partition)->max_timestamp;
    partition->unindexed_size = 0;
}

void index_free(struct partition *partition)
{
    while (partition->index != NULL) {
        struct index_pending *pending = partition->index;
        partition->index = pending->next;
        index_pending_free(pending);
    }
}

bool index_pending_find(const struct partition *partition, int64_t segment_base, int64_t offset, uint64_t *ret_position)
{
    const struct index_pending *pending = partition->index;
    while (pending != NULL && pending->segment_base != segment_base)
        pending = pending->next;
    if (pending == NULL || pending->offset_count == 0 ||
        (int64_t)pending->offsets[0].relative_offset > offset - segment_base)
        return false;
    uint32_t low = 0, high = pending->offset_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if ((int64_t)pending->offsets[middle].relative_offset <= offset - segment_base)
            low = middle;
        else
            high = middle;
    }
    *ret_position = pending->offsets[low].position;
    return true;
}

void index_filed(const struct partition *partition, int64_t segment_base, uint32_t *ret_offsets, uint32_t *ret_times)
{
    const struct index_pending *pending = partition->index;
    while (pending != NULL && pending->segment_base != segment_base)
        pending = pending->next;
    *ret_offsets = pending == NULL ? 0 : pending->offsets_filed;
    *ret_times = pending == NULL ? 0 : pending->times_filed;
}

void index_encode_offsets(const struct index_pending *pending, uint32_t count, struct writer *to)
{
    for (uint32_t i = 0; i < count; i++) {
        writer_u32(to, pending->offsets[i].relative_offset);
        writer_u32(to, pending->offsets[i].position);
    }
}

void index_encode_times(const struct index_pending *pending, uint32_t count, struct writer *to)
{
    for (uint32_t i = 0; i < count; i++) {
        writer_i64(to, pending->times[i].timestamp);
        writer_u32(to, pending->times[i].relative_offset);
    }
}

uint64_t index_lookup(bytes_t entries, int64_t segment_base, int64_t offset)
{
    size_t low = 0, high = entries.size / INDEX_OFFSET_ENTRY_SIZE;
    if (high == 0 || (int64_t)get_u32(entries.data) > offset - segment_base)
        return 0;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((int64_t)get_u32(entries.data + middle * INDEX_OFFSET_ENTRY_SIZE) <= offset - segment_base)
            low = middle;
        else
            high = middle;
    }
    return get_u32(entries.data + low * INDEX_OFFSET_ENTRY_SIZE + 4);
}

int64_t index_time_lookup(bytes_t entries, int64_t segment_base, int64_t timestamp)
{
    size_t low = 0, high = entries.size / INDEX_TIME_ENTRY_SIZE;
    if (high == 0 || (int64_t)get_u64(entries.data) >= timestamp)
        return segment_base;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if ((int64_t)get_u64(entries.data + middle * INDEX_TIME_ENTRY_SIZE) < timestamp)
            low = middle;
        else
            high = middle;
    }
    return segment_base + get_u32(entries.data + low * INDEX_TIME_ENTRY_SIZE + 8);
}

// True when an entry lies behind what is looked for.
static bool offset_is_behind(const uint8_t *entry, int64_t relative_offset)
{
    return (int64_t)get_u32(entry) > relative_offset;
}

static bool time_is_behind(const uint8_t *entry, int64_t timestamp)
{
    return (int64_t)get_u64(entry) >= timestamp;
}

// Reads the page of entries that the wanted one is in: the last page whose first entry is not behind it, or the first.
static bytes_t read_page(const char *path, size_t entry_size, bool (*is_behind)(const uint8_t *entry, int64_t wanted),
                         int64_t wanted, uint8_t *page)
{
    struct file *file;
    uint64_t size = 0;
    size_t got = 0, page_size = PAGE_ENTRIES * entry_size;
    if (file_open(path, 0, &file) != ERR_OK)
        return BYTES_NULL;
    err_t err = file_size(file, &size);
    uint64_t low = 0, high = size / page_size + 1;
    while (err == ERR_OK && high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        err = file_read_at(file, middle * page_size, page, entry_size, &got);
        if (got < entry_size || is_behind(page, wanted)) // nothing is behind a last page that is whole
            high = middle;
        else
            low = middle;
    }
    if (err == ERR_OK)
        err = file_read_at(file, low * page_size, page, page_size, &got);
    file_close(file);
    return err == ERR_OK ? bytes_of(page, got - got % entry_size) : BYTES_NULL;
}

uint64_t index_seek(const char *folder, int64_t segment_base, int64_t offset)
{
    char path[PATH_MAX_SIZE];
    uint8_t page[PAGE_ENTRIES * INDEX_OFFSET_ENTRY_SIZE];
    segment_path(folder, segment_base, ".index", path, sizeof path);
    bytes_t entries = read_page(path, INDEX_OFFSET_ENTRY_SIZE, offset_is_behind, offset - segment_base, page);
    return index_lookup(entries, segment_base, offset);
}

int64_t index_time_seek(const char *folder, int64_t segment_base, int64_t timestamp)
{
    char path[PATH_MAX_SIZE];
    uint8_t page[PAGE_ENTRIES * INDEX_TIME_ENTRY_SIZE];
    segment_path(folder, segment_base, ".timeindex", path, sizeof path);
    bytes_t entries = read_page(path, INDEX_TIME_ENTRY_SIZE, time_is_behind, timestamp, page);
    return index_time_lookup(entries, segment_base, timestamp);
}

uint32_t index_valid_offsets(bytes_t bytes, uint64_t limit_position, uint64_t limit_offset)
{
    uint32_t count = 0;
    uint64_t offset = 0, position = 0;
    for (; (count + 1) * (size_t)INDEX_OFFSET_ENTRY_SIZE <= bytes.size; count++) {
        const uint8_t *at = bytes.data + count * (size_t)INDEX_OFFSET_ENTRY_SIZE;
        uint64_t next_offset = get_u32(at), next_position = get_u32(at + 4);
        if (next_position <= position || next_position >= limit_position || next_offset >= limit_offset ||
            (count > 0 && next_offset <= offset))
            break;
        offset = next_offset;
        position = next_position;
    }
    return count;
}

uint32_t index_valid_times(bytes_t bytes, uint64_t limit_offset)
{
    uint32_t count = 0;
    int64_t timestamp = -1;
    uint64_t offset = 0;
    for (; (count + 1) * (size_t)INDEX_TIME_ENTRY_SIZE <= bytes.size; count++) {
        const uint8_t *at = bytes.data + count * (size_t)INDEX_TIME_ENTRY_SIZE;
        int64_t next = (int64_t)get_u64(at);
        uint64_t next_offset = get_u32(at + 8);
        if (next <= timestamp || next_offset >= limit_offset || next_offset < offset)
            break;
        timestamp = next;
        offset = next_offset;
    }
    return count;
}

static err_t write_entries(const char *folder, int64_t segment_base, const char *suffix, uint64_t at, bytes_t bytes,
                           bool sync)
{
    char path[PATH_MAX_SIZE];
    segment_path(folder, segment_base, suffix, path, sizeof path);
    struct file *file;
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE, &file);
    if (err != ERR_OK)
        return err;
    // Entries that were written before a crash and are not trusted go away.
    err = file_truncate(file, at);
    if (err == ERR_OK && bytes.size > 0)
        err = file_write_at(file, at, &bytes, 1);
    if (err == ERR_OK && sync)
        err = file_sync(file);
    file_close(file);
    return err;
}

err_t index_write(const char *folder, const struct index_pending *pending)
{
    struct writer offsets = WRITER_INIT, times = WRITER_INIT;
    index_encode_offsets(pending, pending->offset_count, &offsets);
    index_encode_times(pending, pending->time_count, &times);
    err_t err = write_entries(folder, pending->segment_base, ".index",
                              (uint64_t)pending->offsets_filed * INDEX_OFFSET_ENTRY_SIZE, writer_view(&offsets),
                              pending->closed);
    if (err == ERR_OK)
        err =
            write_entries(folder, pending->segment_base, ".timeindex",
                          (uint64_t)pending->times_filed * INDEX_TIME_ENTRY_SIZE, writer_view(&times), pending->closed);
    writer_free(&offsets);
    writer_free(&times);
    return err;
}
