// SPDX-License-Identifier: Apache-2.0
// What retention asks for, as pure decisions over the segments of one partition (KIP-32, Kafka's retention.ms,
// retention.bytes, min and max compaction lag).
#pragma once

#include "store/partition.h"

// Segments whose last offset is below the result may go; the first base offset when none. Only closed ones, oldest
// first, without holes: what lies below LOG_START whatever the policy (KIP-107), then by size while more than
// retention.bytes would be left, by time while the newest record is older than retention.ms.
int64_t retention_drop_before(const struct segment_info *segments, size_t count, const struct topic_config *config,
                              int64_t log_start, int64_t now_ms);
// The active segment holds only deleted or expired records: it is rolled, so that it can go next time. (Kafka leaves
// deleted ones until the segment is full or segment.ms old: a week, and up to a gigabyte, by default.)
bool retention_wants_roll(const struct segment_info *segments, size_t count, const struct topic_config *config,
                          int64_t log_start, int64_t now_ms);

// The closed, settled segments that compaction works on: [0, count) of SEGMENTS, or 0 when it is not worth it yet.
size_t compaction_wants(const struct segment_info *segments, size_t count, const struct topic_config *config,
                        int64_t dirty_from, int64_t now_ms);
// How many of FILES from FIRST on become one file: their sizes and offsets stay within a segment.
size_t compaction_group(const struct segment_info *segments, size_t count, size_t first,
                        const struct topic_config *config);
