// SPDX-License-Identifier: Apache-2.0
// A Kafka cluster (eddy or Apache Kafka) as a command sees it: straight-line calls that wait for their answers. Runs a
// loop of its own on the calling thread; one command, one cluster, nothing shared.
#pragma once

#include "base/arena.h"
#include "kafka/api.h"

struct cluster;

enum { CLUSTER_ANY_NODE = -1, CLUSTER_NODES_MAX = 256 };

// Whether the text is one that cluster_open can take: ERR_INVALID with DIAG.
err_t cluster_bootstrap_check(const char *bootstrap, diag_t *diag) MUST_CHECK;

// BOOTSTRAP: "host:port,host:port"; the first that answers is taken. ERR_REFUSED, ERR_TIMEOUT, ERR_INVALID (the text);
// DIAG says which address and what to do.
err_t cluster_open(const char *bootstrap, struct cluster **ret_cluster, diag_t *diag) MUST_CHECK;
// Accepts NULL.
void cluster_close(struct cluster *cluster);

// Sends struct kafka_<api>_request to the node and waits. TAKE sees the struct kafka_<api>_response, which is valid
// during that call; FRAME holds its records' memory. DIAG is filled when the cluster did not answer.
typedef void cluster_take_fn(void *owner, const void *response, int version, struct buf *frame);
err_t cluster_call(struct cluster *cluster, int32_t id, const struct kafka_api *api, const void *request,
                   cluster_take_fn *take, void *owner, diag_t *diag) MUST_CHECK;

struct cluster_partition {
    int32_t number, leader, leader_epoch;
    int32_t replica_count, isr_count;
    int16_t error;
};

struct cluster_topic {
    bytes_t name;
    struct kafka_uuid id;
    bool internal;
    int16_t error; // Kafka's code; 0: the partitions are valid
    struct cluster_partition *partitions;
    size_t partition_count;
};

// Metadata of one topic (NAME) or of all (NAME NULL), sorted by name, partitions by number. CREATE lets the cluster
// make a missing topic if it is configured so; the call then waits until it has leaders. Memory comes from ARENA.
err_t cluster_topics(struct cluster *cluster, const char *name, bool create, struct arena *arena,
                     struct cluster_topic **ret_topics, size_t *ret_count, diag_t *diag) MUST_CHECK;

// The ids of the brokers that cluster_topics or cluster_coordinator heard of.
size_t cluster_brokers(const struct cluster *cluster, int32_t ret_ids[CLUSTER_NODES_MAX]);
// "127.0.0.1:9092", or "" for an id that nobody named. TEXT has room for CLUSTER_ADDRESS_SIZE.
enum { CLUSTER_ADDRESS_SIZE = 280 };
const char *cluster_address(const struct cluster *cluster, int32_t id, char *text);

// The broker that coordinates a group. A Kafka that never had a group makes room for them first; that is waited for.
err_t cluster_coordinator(struct cluster *cluster, const char *group, int32_t *ret_id, diag_t *diag) MUST_CHECK;
// Whether a coordinator that answers with this code will answer otherwise soon.
bool cluster_is_passing(int16_t error);

// Waits, with the connections kept alive.
void cluster_sleep(struct cluster *cluster, int64_t delay_ms);
