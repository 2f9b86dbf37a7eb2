// SPDX-License-Identifier: Apache-2.0
// Fetch sessions (KIP-227): what a consumer reads is remembered, so that its requests name only changes and answers
// only partitions with news. One cache per door, on its loop; sessions are lost with the door, clients then start over.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "kafka/wire.h"

struct kafka_fetch_request;
struct kafka_metrics;

#define KAFKA_FETCH_EPOCH_INITIAL 0    // asks for a new session
#define KAFKA_FETCH_EPOCH_FINAL   (-1) // ends the session, or wants none

// One partition of a session.
struct kafka_fetch_slot {
    struct map_node map_node;
    struct list_node node; // in the order of reading: whoever was served goes to the end
    bytes_t key;           // name or id, then the partition; in the same memory
    bytes_t name;          // empty when the session goes by ids
    struct kafka_uuid id;
    int32_t partition;
    int32_t max_size;
    int64_t offset;
    int32_t leader_epoch, last_fetched_epoch;
    // What the client was told last; -1: tell it next time.
    int64_t sent_high_watermark, sent_log_start;
};

struct kafka_fetch_session {
    struct map_node map_node;
    struct list_node node; // least recently used first
    unsigned refs;         // the cache's and those of requests under way
    int32_t id;
    int32_t epoch; // that the next request must carry
    bool by_id;    // topic ids (version 13 and newer)
    int64_t created_ms, used_ms;
    struct map slots;
    struct list_node order;
};

struct kafka_fetch_cache {
    struct map sessions;
    struct list_node by_use;
    size_t slots; // most sessions
    size_t partition_count;
    size_t vain_count; // for a session of so many partitions nobody could be evicted; it is not tried before then
    int64_t vain_until_ms;
    struct kafka_metrics *metrics;
};

void kafka_fetch_cache_init(struct kafka_fetch_cache *cache, size_t slots, struct kafka_metrics *metrics);
void kafka_fetch_cache_deinit(struct kafka_fetch_cache *cache);

// Applies the session fields of a request. Returns Kafka's error code; at 0 *RET_SESSION is the session with a
// reference for the caller, or NULL when the request stands for itself, and *RET_INCREMENTAL says that the session's
// partitions are to be read instead of the request's. INVALID_FETCH_SESSION_EPOCH, FETCH_SESSION_ID_NOT_FOUND,
// FETCH_SESSION_TOPIC_ID_ERROR.
int16_t kafka_fetch_cache_take(struct kafka_fetch_cache *cache, const struct kafka_fetch_request *request, bool by_id,
                               int64_t now_ms, struct kafka_fetch_session **ret_session, bool *ret_incremental);
// NULL is accepted.
void kafka_fetch_session_unref(struct kafka_fetch_session *session);

// NULL if the session does not (or no longer) hold it.
struct kafka_fetch_slot *kafka_fetch_session_find(struct kafka_fetch_session *session, bytes_t name,
                                                  const struct kafka_uuid *id, int32_t partition);
// It was served: others go first next time.
void kafka_fetch_session_served(struct kafka_fetch_session *session, struct kafka_fetch_slot *slot);
