// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/fetch.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_replica_state
static const struct kafka_field replica_state_fields[] = {
    /* name           type         min max  null   tag   default place */
    { "ReplicaId",    KAFKA_INT32, 15, ANY, NEVER, NONE, -1,     AT(replica_id) },
    { "ReplicaEpoch", KAFKA_INT64, 15, ANY, NEVER, NONE, -1,     AT(replica_epoch) },
};
static KAFKA_SCHEMA(replica_state, "ReplicaState");
#undef ROW

#define ROW struct kafka_fetch_partition
static const struct kafka_field fetch_partition_fields[] = {
    /* name                 type         min max  null   tag   default    place */
    { "Partition",          KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,         AT(partition) },
    { "CurrentLeaderEpoch", KAFKA_INT32, 9,  ANY, NEVER, NONE, -1,        AT(current_leader_epoch) },
    { "FetchOffset",        KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,         AT(fetch_offset) },
    { "LastFetchedEpoch",   KAFKA_INT32, 12, ANY, NEVER, NONE, -1,        AT(last_fetched_epoch) },
    { "LogStartOffset",     KAFKA_INT64, 5,  ANY, NEVER, NONE, -1,        AT(log_start_offset) },
    { "PartitionMaxBytes",  KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,         AT(partition_max_bytes) },
    { "ReplicaDirectoryId", KAFKA_UUID,  17, ANY, NEVER, 0,    0,         AT(replica_directory_id) },
    { "HighWatermark",      KAFKA_INT64, 18, ANY, NEVER, 1,    INT64_MAX, AT(high_watermark) },
};
static KAFKA_SCHEMA(fetch_partition, "FetchPartition");
#undef ROW

#define ROW struct kafka_fetch_topic
static const struct kafka_field fetch_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, fetch_partition_schema) },
};
static KAFKA_SCHEMA(fetch_topic, "FetchTopic");
#undef ROW

#define ROW struct kafka_forgotten_topic
static const struct kafka_field forgotten_topic_fields[] = {
    /* name         type                       min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,              7,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_INT32, 7,  ANY, NEVER, NONE, 0,      AT(partitions) },
};
static KAFKA_SCHEMA(forgotten_topic, "ForgottenTopic");
#undef ROW

#define ROW struct kafka_fetch_request
static const struct kafka_field fetch_request_fields[] = {
    /* name                  type                        min max  null   tag   default    place */
    { "ClusterId",           KAFKA_STRING,               12, ANY, 12,    0,    0,         AT(cluster_id) },
    { "ReplicaId",           KAFKA_INT32,                0,  14,  NEVER, NONE, -1,        AT(replica_id) },
    { "ReplicaState",        KAFKA_STRUCT,               15, ANY, NEVER, 1,    0,         AT_STRUCT(replica_state, replica_state_schema) },
    { "MaxWaitMs",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(max_wait_ms) },
    { "MinBytes",            KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(min_bytes) },
    { "MaxBytes",            KAFKA_INT32,                3,  ANY, NEVER, NONE, INT32_MAX, AT(max_bytes) },
    { "IsolationLevel",      KAFKA_INT8,                 4,  ANY, NEVER, NONE, 0,         AT(isolation_level) },
    { "SessionId",           KAFKA_INT32,                7,  ANY, NEVER, NONE, 0,         AT(session_id) },
    { "SessionEpoch",        KAFKA_INT32,                7,  ANY, NEVER, NONE, -1,        AT(session_epoch) },
    { "Topics",              KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(topics, fetch_topic_schema) },
    { "ForgottenTopicsData", KAFKA_ARRAY | KAFKA_STRUCT, 7,  ANY, NEVER, NONE, 0,         AT_STRUCT(forgotten_topics_data, forgotten_topic_schema) },
    { "RackId",              KAFKA_STRING,               11, ANY, NEVER, NONE, 0,         AT(rack_id) },
};
static KAFKA_SCHEMA(fetch_request, "FetchRequest");
#undef ROW

#define ROW struct kafka_epoch_end_offset
static const struct kafka_field epoch_end_offset_fields[] = {
    /* name        type         min max  null   tag   default place */
    { "Epoch",     KAFKA_INT32, 12, ANY, NEVER, NONE, -1,     AT(epoch) },
    { "EndOffset", KAFKA_INT64, 12, ANY, NEVER, NONE, -1,     AT(end_offset) },
};
static KAFKA_SCHEMA(epoch_end_offset, "EpochEndOffset");
#undef ROW

#define ROW struct kafka_snapshot_id
static const struct kafka_field snapshot_id_fields[] = {
    /* name        type         min max  null   tag   default place */
    { "EndOffset", KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(end_offset) },
    { "Epoch",     KAFKA_INT32, 0,  ANY, NEVER, NONE, -1,     AT(epoch) },
};
static KAFKA_SCHEMA(snapshot_id, "SnapshotId");
#undef ROW

#define ROW struct kafka_aborted_transaction
static const struct kafka_field aborted_transaction_fields[] = {
    /* name          type         min max  null   tag   default place */
    { "ProducerId",  KAFKA_INT64, 4,  ANY, NEVER, NONE, 0,      AT(producer_id) },
    { "FirstOffset", KAFKA_INT64, 4,  ANY, NEVER, NONE, 0,      AT(first_offset) },
};
static KAFKA_SCHEMA(aborted_transaction, "AbortedTransaction");
#undef ROW

#define ROW struct kafka_partition_data
static const struct kafka_field partition_data_fields[] = {
    /* name                   type                        min max  null   tag   default place */
    { "PartitionIndex",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "HighWatermark",        KAFKA_INT64,                0,  ANY, NEVER, NONE, 0,      AT(high_watermark) },
    { "LastStableOffset",     KAFKA_INT64,                4,  ANY, NEVER, NONE, -1,     AT(last_stable_offset) },
    { "LogStartOffset",       KAFKA_INT64,                5,  ANY, NEVER, NONE, -1,     AT(log_start_offset) },
    { "DivergingEpoch",       KAFKA_STRUCT,               12, ANY, NEVER, 0,    0,      AT_STRUCT(diverging_epoch, epoch_end_offset_schema) },
    { "CurrentLeader",        KAFKA_STRUCT,               12, ANY, NEVER, 1,    0,      AT_STRUCT(current_leader, kafka_leader_id_and_epoch_schema) },
    { "SnapshotId",           KAFKA_STRUCT,               12, ANY, NEVER, 2,    0,      AT_STRUCT(snapshot_id, snapshot_id_schema) },
    { "AbortedTransactions",  KAFKA_ARRAY | KAFKA_STRUCT, 4,  ANY, 4,     NONE, 0,      AT_STRUCT(aborted_transactions, aborted_transaction_schema) },
    { "PreferredReadReplica", KAFKA_INT32,                11, ANY, NEVER, NONE, -1,     AT(preferred_read_replica) },
    { "Records",              KAFKA_RECORDS,              0,  ANY, 0,     NONE, 0,      AT(records) },
};
static KAFKA_SCHEMA(partition_data, "PartitionData");
#undef ROW

#define ROW struct kafka_fetchable_topic_response
static const struct kafka_field fetchable_topic_response_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, partition_data_schema) },
};
static KAFKA_SCHEMA(fetchable_topic_response, "FetchableTopicResponse");
#undef ROW

#define ROW struct kafka_fetch_response
static const struct kafka_field fetch_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                7,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "SessionId",      KAFKA_INT32,                7,  ANY, NEVER, NONE, 0,      AT(session_id) },
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, fetchable_topic_response_schema) },
    { "NodeEndpoints",  KAFKA_ARRAY | KAFKA_STRUCT, 16, ANY, NEVER, 0,    0,      AT_STRUCT(node_endpoints, kafka_node_endpoint_schema) },
};
static KAFKA_SCHEMA(fetch_response, "FetchResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_fetch_api = {
    .key = 1,
    .name = "Fetch",
    .min = 4,
    .max = 18,
    .advertised_min = 4,
    .flexible_from = 12,
    .request = &fetch_request_schema,
    .response = &fetch_response_schema,
};
