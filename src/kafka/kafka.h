// SPDX-License-Identifier: Apache-2.0
// The Kafka door: one listener on one loop that serves Kafka's protocol from the store. Each loop opens its own door on
// the same address; the kernel spreads the connections, and a connection stays on its loop.
#pragma once

#include "base/err.h"
#include "base/metric.h"
#include "base/option.h"
#include "engine/embedded/group.h"

#include <stdbool.h>
#include <stdint.h>

struct address;
struct coordinator;
struct kafka_door;
struct loop;
struct store;

enum kafka_acks_one { KAFKA_ACKS_ONE_FLUSHED, KAFKA_ACKS_ONE_WRITTEN };

// Filled from kafka_option_rows; sizes are bytes.
struct kafka_options {
    const char *advertise; // "host:port" that clients are told; NULL: the listening name and port
    int64_t node_id;
    int64_t request_max_size;    // socket.request.max.bytes
    int64_t in_flight_size;      // of requests of one connection, before it is read no further
    int64_t queued_request_size; // of all requests on a loop, before large ones wait; 0: half of the loop's memory
    int64_t idle_ms;             // connections.max.idle.ms
    int64_t fetch_max_size;      // of one answer, whatever the client asks for
    int64_t fetch_session_slots; // max.incremental.fetch.session.cache.slots
    int64_t topic_partitions;    // num.partitions
    int64_t partitions_max;      // of one topic
    bool auto_create_topics;     // auto.create.topics.enable
    bool strict_replication;     // refuse a replication factor above 1
    // What the program was started with, for DescribeConfigs; NULL: nothing is known. The options that it shows change
    // at restart only. Not an option itself.
    const struct option_set *settings;
    int acks_one;                // enum kafka_acks_one: what an acks=1 answer waits for
    struct group_options groups; // for coordinator_open
};

// Rows for the program's option table; their places are in struct kafka_options.
extern const struct option_row kafka_option_rows[];
extern const size_t kafka_option_row_count;

// What a row cannot say: --kafka-advertise is an address that a client can connect to. ERR_INVALID with DIAG.
err_t kafka_options_check(const struct kafka_options *options, diag_t *diag) MUST_CHECK;

// Values that any loop may read; names as Strimzi's dashboards query them.
struct kafka_metrics {
    counter_t messages_in, bytes_in, bytes_out; // records and bytes of batches, as Kafka counts them
    counter_t request_bytes, answer_bytes;      // all that went over the connections
    counter_t produce_requests, fetch_requests, failed_produce_requests, failed_fetch_requests;
    counter_t bad_requests; // connections closed for what they sent
    gauge_t connections;
    gauge_t fetch_sessions, fetch_session_partitions;
    struct histogram request_ns; // from the last byte of a request to its answer, long polls included
};
extern const struct metric_row kafka_metric_rows[];
extern const size_t kafka_metric_row_count;

// Listens. OPTIONS, the store, the coordinator and the loop outlive the door. ERR_BUSY, ERR_DENIED, ERR_INVALID with
// DIAG.
err_t kafka_door_open(struct loop *loop, struct store *store, struct coordinator *coordinator,
                      const struct address *address, const struct kafka_options *options, struct kafka_door **ret_door,
                      diag_t *diag) MUST_CHECK;
// The port that was picked when the address had port 0.
uint16_t kafka_door_port(const struct kafka_door *door);
struct kafka_metrics *kafka_door_metrics(struct kafka_door *door);
// Stops listening and closes all connections; ON_CLOSED comes in a later turn, when no operation of theirs is under
// way, and the door is gone then. On the door's loop.
void kafka_door_close(struct kafka_door *door, void (*on_closed)(void *owner), void *owner);
