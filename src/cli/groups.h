// SPDX-License-Identifier: Apache-2.0
// Consumer groups as several commands look them up: who is in them, what they committed, and how far behind they are.
#pragma once

#include "cli/cluster.h"

struct cli_member;

// One partition that a group committed an offset of, or that a member is assigned.
struct cli_place {
    bytes_t topic;
    int32_t partition;
    int64_t committed;              // -1: nothing
    int64_t end;                    // the log's; -1: not known, the topic is gone or has no leader
    const struct cli_member *owner; // NULL: nobody
};

struct cli_member {
    size_t number; // from 1, in the order of client ids
    bytes_t id, instance, client, host;
    struct cli_place *places; // only topic and partition; sorted
    size_t place_count;
};

struct cli_group {
    bytes_t name, state, type, protocol_type, protocol;
    int32_t coordinator;
    bool is_described; // members are valid; the type of group may be one that we know no description of
    struct cli_member *members;
    size_t member_count;
    struct cli_place *places; // sorted by topic and partition; after cli_groups_offsets
    size_t place_count;
};

// What the cluster said. All memory is ARENA's.
struct cli_groups {
    struct cluster *cluster;
    struct arena *arena;
    struct cluster_topic *topics; // all, sorted by name
    size_t topic_count;
    struct cli_group *groups; // sorted by name
    size_t count;
    int32_t broker; // that was asked last
    // About the answer that is waited for.
    struct cli_group *asked;
    int16_t error;
    bytes_t message;
};

// Asks for brokers and topics, which the others need.
err_t cli_groups_open(struct cli_groups *groups, struct cluster *cluster, struct arena *arena, diag_t *diag) MUST_CHECK;
// All groups of all brokers, with their members.
err_t cli_groups_list(struct cli_groups *groups, diag_t *diag) MUST_CHECK;
// One group, or none: then broker is the one that would coordinate it.
err_t cli_groups_find(struct cli_groups *groups, const char *name, diag_t *diag) MUST_CHECK;
// What each of them committed, and the ends of those partitions.
err_t cli_groups_offsets(struct cli_groups *groups, diag_t *diag) MUST_CHECK;

// For qsort: by topic, then by partition.
int cli_place_order(const void *a, const void *b);
// Records between what was committed and the end; -1: not known.
int64_t cli_place_lag(const struct cli_place *place);
// The sum over the places of TOPIC (BYTES_NULL: of all), as far as it is known; -1: of none is.
int64_t cli_group_lag(const struct cli_group *group, bytes_t topic);

// One of the view's topics; NULL.
const struct cluster_topic *cli_groups_topic(const struct cli_groups *groups, bytes_t name);
// Sends a request to BROKER as often as its coordinator says "not yet"; the taker's owner is GROUPS, and it sets error
// and message.
err_t cli_groups_ask(struct cli_groups *groups, int32_t broker, const struct kafka_api *api, const void *request,
                     cluster_take_fn *take, diag_t *diag) MUST_CHECK;
