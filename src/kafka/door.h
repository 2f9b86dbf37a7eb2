// SPDX-License-Identifier: Apache-2.0
// What the handlers of one door share. Private to the room; owned by the door's loop.
#pragma once

#include "base/list.h"
#include "base/log.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/errors.h"
#include "kafka/fetch_session.h"
#include "kafka/kafka.h"
#include "kafka/session.h"
#include "store/topic.h"

#include <assert.h>

struct kafka_door {
    struct loop *loop;
    struct store *store;
    struct coordinator *coordinator;
    const struct kafka_options *options;
    struct listener *listener;
    struct address advertised; // what clients are told
    struct kafka_metrics metrics;
    struct kafka_fetch_cache fetch_cache;

    struct list_node conns;   // struct kafka_conn, least recently active first
    struct list_node blocked; // those that wait for room to receive a large frame
    size_t conn_count;        // also those that only wait for their last operation
    size_t queued_size;       // bytes of requests held or being received
    struct timer idle_timer;
    bool is_closing;
    struct message closed_message;
    void (*on_closed)(void *owner);
    void *owner;
};

// The topic that a request names by id (versions that have ids) or by name; NULL if there is none. Borrowed until the
// end of the turn.
const struct topic *kafka_door_topic(const struct kafka_door *door, bool by_id, bytes_t name,
                                     const struct kafka_uuid *id);
// What an unknown topic is called then.
int16_t kafka_unknown_topic_error(bool by_id);
// Compares an epoch that a client sent (-1: none) with the present one (KIP-320): 0, FENCED_ or UNKNOWN_LEADER_EPOCH.
int16_t kafka_door_epoch_error(const struct kafka_door *door, int32_t current_leader_epoch);

// One bit for each of Kafka's AclOperation codes that the kind of resource has; everything is allowed so far.
#define KAFKA_TOPIC_OPERATIONS 0x0df8 // read, write, create, delete, alter, describe, describe and alter configs
#define KAFKA_CLUSTER_OPERATIONS                                                                                       \
    0x1fa0 // create, alter, describe, cluster action, describe and alter configs, idempotent write

static inline struct kafka_uuid kafka_uuid_of(const struct topic_id *id)
{
    struct kafka_uuid uuid;
    static_assert(sizeof(uuid) == sizeof(*id), "both are 16 bytes");
    memcpy(&uuid, id, sizeof(uuid));
    return uuid;
}
