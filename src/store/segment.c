// SPDX-License-Identifier: Apache-2.0
// Names and descriptors of segment files.
#include "store/impl.h"

#include "base/mem.h"
#include "store/index.h"

#include <inttypes.h>
#include <stdio.h>

void segment_path(const char *folder, int64_t base_offset, const char *suffix, char *to, size_t size)
{
    int length = snprintf(to, size, "%s/%020" PRId64 "%s", folder, base_offset, suffix);
    ASSERT(length > 0 && (size_t)length < size);
}

void partition_segment_path(const struct partition *partition, int64_t base_offset, const char *suffix, char *to,
                            size_t size)
{
    segment_path(partition->path, base_offset, suffix, to, size);
}

struct segment *partition_segment_add(struct partition *partition, int64_t base_offset)
{
    if (partition->segment_count == partition->segment_capacity) {
        partition->segment_capacity = partition->segment_capacity == 0 ? 1 : partition->segment_capacity * 2;
        partition->segments =
            mem_realloc(partition->segments, partition->segment_capacity * sizeof *partition->segments);
    }
    struct segment *segment = &partition->segments[partition->segment_count++];
    *segment = (struct segment){
        .base_offset = base_offset, .last_offset = base_offset - 1, .max_timestamp = -1, .max_timestamp_offset = -1
    };
    return segment;
}

size_t partition_segment_find(const struct partition *partition, int64_t offset)
{
    size_t low = 0, high = partition->segment_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (partition->segments[middle].base_offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void partition_roll_now(struct partition *partition)
{
    struct segment *active = partition_active(partition);
    if (active->size == 0)
        return;
    index_close_segment(partition);
    partition_segment_add(partition, partition->end);
    partition->unindexed_size = 0;
    partition->first_timestamp = -1;
    partition->indexed_timestamp = -1;
}

void partition_roll(struct partition *partition)
{
    if (partition->deleted)
        return;
    partition_roll_now(partition);
    // What was closed is settled by the next checkpoint, which an idle partition would not bring about.
    checkpoint_want(partition->shard);
}

size_t partition_segments(const struct partition *partition, struct segment_info *to, size_t capacity)
{
    for (size_t i = 0; i < partition->segment_count && i < capacity; i++) {
        const struct segment *segment = &partition->segments[i];
        to[i] = (struct segment_info){
            .base_offset = segment->base_offset,
            .last_offset = segment->last_offset,
            .max_timestamp = segment->max_timestamp,
            .size = segment->size,
            .active = i + 1 == partition->segment_count,
            .settled = segment->base_offset < partition->settled_base,
        };
    }
    return partition->segment_count;
}

uint64_t partition_size(const struct partition *partition)
{
    uint64_t size = 0;
    for (size_t i = 0; i < partition->segment_count; i++)
        size += partition->segments[i].size;
    return size;
}
