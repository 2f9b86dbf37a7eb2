// SPDX-License-Identifier: Apache-2.0
// Families about topics and partitions, under the names that kafka_exporter and Strimzi's dashboards use. The figures
// come from the loops that own the partitions, a few at a time; lines are written a few thousand per turn. One broker
// is the whole cluster: every partition has one replica, which leads and is in sync.
#pragma once

#include "observe/scrape.h"

struct store;

struct topics_collector {
    struct collector collector;
    struct store *store;
    int64_t node_id;
    const char *address;          // that Kafka clients are told
    struct topics_gather *gather; // private: of the page under way
};

// STORE and ADDRESS outlive the collector.
void topics_collector_init(struct topics_collector *topics, struct store *store, int64_t node_id, const char *address);
