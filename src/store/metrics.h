// SPDX-License-Identifier: Apache-2.0
// What the store counts, for each loop; an exposition room adds the loops up.
#pragma once

#include "base/metric.h"

struct store;

struct store_metrics {
    struct histogram commit_ns; // from the start of a group commit to the moment it is durable
    counter_t direct_size;    // bytes made durable by flushing segments
    counter_t journaled_size; // bytes made durable by the journal
    gauge_t tail_size;        // bytes of batches in memory
};

extern const struct metric_row store_metric_rows[];
extern const size_t store_metric_row_count;

// Of the loop INDEX < store_loop_count; lives as long as the store.
struct store_metrics *store_metrics_of(struct store *store, size_t index);
