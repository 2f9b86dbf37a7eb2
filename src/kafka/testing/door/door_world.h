// SPDX-License-Identifier: Apache-2.0
// A Kafka door on a store in memory, with one peer connected to it, for tests that speak to it: all on one loop, which
// runs while the peer waits for an answer.
#pragma once

#include "engine/embedded/coordinator.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/fetch.h"
#include "kafka/api/produce.h"
#include "kafka/kafka.h"
#include "kafka/testing/fake/fake_store.h"
#include "kafka/testing/peer.h"

extern struct loop *loop;
extern struct store *store;
extern struct kafka_door *door;
extern struct kafka_options options;
extern struct peer *peer;

int set_up(void **state);
// Idle connections are closed after 40 ms.
int set_up_impatient(void **state);
int tear_down(void **state);

// A topic; the error code.
int16_t create(const char *name, int32_t partitions);
int16_t create_with(struct kafka_creatable_topic topic, bool validate_only);

// An array of one item.
#define ONE(type, ...)                                                                                                 \
    {                                                                                                                  \
        (type[]){ __VA_ARGS__ }, 1                                                                                     \
    }

void ask_produce(int version, const char *topic, int32_t partition, int16_t acks, bytes_t batch);
struct kafka_partition_produce_response produced(int version);
struct kafka_partition_produce_response produce(int version, const char *topic, int32_t partition, bytes_t batch);
struct kafka_partition_produce_response produce_records(const char *topic, int32_t partition, size_t count);

// TOPIC and PARTITION are what the request points to.
struct kafka_fetch_request fetch_of(struct kafka_fetch_topic *topic, struct kafka_fetch_partition *partition,
                                    const char *name, int32_t index, int64_t offset);
struct kafka_partition_data fetched(int version);
struct kafka_partition_data fetch(int version, const char *name, int32_t index, int64_t offset);
