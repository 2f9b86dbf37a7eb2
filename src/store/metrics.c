// SPDX-License-Identifier: Apache-2.0
#include "store/metrics.h"

#include "store/impl.h"

#define AT(member) .at = offsetof(struct store_metrics, member)

// clang-format off
const struct metric_row store_metric_rows[] = {
    { .name = "eddy_store_commit_seconds", .help = "Time of a group commit, from its start until it is durable.", .type = METRIC_HISTOGRAM, .scale = 1e-9, AT(commit_ns) },
    { .name = "eddy_store_committed_bytes_total", .labels = "way=\"segment\"", .help = "Bytes made durable, by flushing segments or through the journal.", .type = METRIC_COUNTER, AT(direct_size) },
    { .name = "eddy_store_committed_bytes_total", .labels = "way=\"journal\"", .help = "Bytes made durable, by flushing segments or through the journal.", .type = METRIC_COUNTER, AT(journaled_size) },
    { .name = "eddy_store_tail_bytes", .help = "Bytes of record batches in memory.", .type = METRIC_GAUGE, AT(tail_size) },
};
// clang-format on
const size_t store_metric_row_count = ARRAY_COUNT(store_metric_rows);

struct store_metrics *store_metrics_of(struct store *store, size_t index)
{
    ASSERT(index < store->shard_count);
    return &store->shards[index].metrics;
}
