// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

static bool is_expired(const struct segment_info *segment, const struct topic_config *config, int64_t now_ms)
{
    if (config->retention_ms < 0 || segment->max_timestamp < 0)
        return false;
    return segment->max_timestamp < now_ms - config->retention_ms;
}

int64_t retention_drop_before(const struct segment_info *segments, size_t count, const struct topic_config *config,
                              int64_t log_start, int64_t now_ms)
{
    if (count == 0)
        return 0;
    int64_t before = segments[0].base_offset;
    bool expires = (config->cleanup & CLEANUP_DELETE) != 0;
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += segments[i].size;
    for (size_t i = 0; i + 1 < count && !segments[i].active && segments[i].settled; i++) {
        total -= segments[i].size;
        bool is_deleted = segments[i + 1].base_offset <= log_start;
        bool is_too_much = expires && config->retention_size >= 0 && total >= (uint64_t)config->retention_size;
        if (!is_deleted && !is_too_much && !(expires && is_expired(&segments[i], config, now_ms)))
            break;
        before = segments[i + 1].base_offset;
    }
    return before;
}

bool retention_wants_roll(const struct segment_info *segments, size_t count, const struct topic_config *config,
                          int64_t log_start, int64_t now_ms)
{
    if (count == 0 || segments[count - 1].size == 0)
        return false;
    const struct segment_info *active = &segments[count - 1];
    return active->last_offset < log_start ||
           ((config->cleanup & CLEANUP_DELETE) != 0 && is_expired(active, config, now_ms));
}

size_t compaction_wants(const struct segment_info *segments, size_t count, const struct topic_config *config,
                        int64_t dirty_from, int64_t now_ms)
{
    if ((config->cleanup & CLEANUP_COMPACT) == 0)
        return 0;
    size_t cleanable = 0;
    uint64_t clean_size = 0, dirty_size = 0;
    int64_t oldest_dirty = -1;
    for (; cleanable < count; cleanable++) {
        const struct segment_info *segment = &segments[cleanable];
        bool is_young =
            config->min_compaction_lag_ms > 0 && segment->max_timestamp > now_ms - config->min_compaction_lag_ms;
        if (segment->active || !segment->settled || is_young)
            break;
        if (segment->last_offset < dirty_from) {
            clean_size += segment->size;
            continue;
        }
        dirty_size += segment->size;
        if (oldest_dirty < 0)
            oldest_dirty = segment->max_timestamp;
    }
    if (dirty_size == 0)
        return 0;
    bool is_late = oldest_dirty >= 0 && config->max_compaction_lag_ms < now_ms &&
                   oldest_dirty < now_ms - config->max_compaction_lag_ms;
    double ratio = (double)dirty_size / (double)(clean_size + dirty_size);
    return is_late || ratio >= config->min_cleanable_dirty_ratio ? cleanable : 0;
}

size_t compaction_group(const struct segment_info *segments, size_t count, size_t first,
                        const struct topic_config *config)
{
    uint64_t size = segments[first].size;
    size_t next = first + 1;
    for (; next < count; next++) {
        size += segments[next].size;
        if (size > (uint64_t)config->segment_size ||
            segments[next].last_offset - segments[first].base_offset >= INT32_MAX)
            break;
    }
    return next - first;
}
