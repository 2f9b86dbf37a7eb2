// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/metadata.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_metadata_request_topic
static const struct kafka_field metadata_request_topic_fields[] = {
    /* name      type          min max  null   tag   default place */
    { "TopicId", KAFKA_UUID,   10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Name",    KAFKA_STRING, 0,  ANY, 10,    NONE, 0,      AT(name) },
};
static KAFKA_SCHEMA(metadata_request_topic, "MetadataRequestTopic");
#undef ROW

#define ROW struct kafka_metadata_request
static const struct kafka_field metadata_request_fields[] = {
    /* name                                 type                        min max  null   tag   default place */
    { "Topics",                             KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 1,     NONE, 0,      AT_STRUCT(topics, metadata_request_topic_schema) },
    { "AllowAutoTopicCreation",             KAFKA_BOOL,                 4,  ANY, NEVER, NONE, 1,      AT(allow_auto_topic_creation) },
    { "IncludeClusterAuthorizedOperations", KAFKA_BOOL,                 8,  10,  NEVER, NONE, 0,      AT(include_cluster_authorized_operations) },
    { "IncludeTopicAuthorizedOperations",   KAFKA_BOOL,                 8,  ANY, NEVER, NONE, 0,      AT(include_topic_authorized_operations) },
};
static KAFKA_SCHEMA(metadata_request, "MetadataRequest");
#undef ROW

#define ROW struct kafka_metadata_response_broker
static const struct kafka_field metadata_response_broker_fields[] = {
    /* name     type          min max  null   tag   default place */
    { "NodeId", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(node_id) },
    { "Host",   KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port",   KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(port) },
    { "Rack",   KAFKA_STRING, 1,  ANY, 1,     NONE, 0,      AT(rack) },
};
static KAFKA_SCHEMA(metadata_response_broker, "MetadataResponseBroker");
#undef ROW

#define ROW struct kafka_metadata_response_partition
static const struct kafka_field metadata_response_partition_fields[] = {
    /* name              type                       min max  null   tag   default place */
    { "ErrorCode",       KAFKA_INT16,               0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "PartitionIndex",  KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "LeaderId",        KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(leader_id) },
    { "LeaderEpoch",     KAFKA_INT32,               7,  ANY, NEVER, NONE, -1,     AT(leader_epoch) },
    { "ReplicaNodes",    KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(replica_nodes) },
    { "IsrNodes",        KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(isr_nodes) },
    { "OfflineReplicas", KAFKA_ARRAY | KAFKA_INT32, 5,  ANY, NEVER, NONE, 0,      AT(offline_replicas) },
};
static KAFKA_SCHEMA(metadata_response_partition, "MetadataResponsePartition");
#undef ROW

#define ROW struct kafka_metadata_response_topic
static const struct kafka_field metadata_response_topic_fields[] = {
    /* name                        type                        min max  null   tag   default    place */
    { "ErrorCode",                 KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,         AT(error_code) },
    { "Name",                      KAFKA_STRING,               0,  ANY, 12,    NONE, 0,         AT(name) },
    { "TopicId",                   KAFKA_UUID,                 10, ANY, NEVER, NONE, 0,         AT(topic_id) },
    { "IsInternal",                KAFKA_BOOL,                 1,  ANY, NEVER, NONE, 0,         AT(is_internal) },
    { "Partitions",                KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(partitions, metadata_response_partition_schema) },
    { "TopicAuthorizedOperations", KAFKA_INT32,                8,  ANY, NEVER, NONE, INT32_MIN, AT(topic_authorized_operations) },
};
static KAFKA_SCHEMA(metadata_response_topic, "MetadataResponseTopic");
#undef ROW

#define ROW struct kafka_metadata_response
static const struct kafka_field metadata_response_fields[] = {
    /* name                          type                        min max  null   tag   default    place */
    { "ThrottleTimeMs",              KAFKA_INT32,                3,  ANY, NEVER, NONE, 0,         AT(throttle_time_ms) },
    { "Brokers",                     KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(brokers, metadata_response_broker_schema) },
    { "ClusterId",                   KAFKA_STRING,               2,  ANY, 2,     NONE, 0,         AT(cluster_id) },
    { "ControllerId",                KAFKA_INT32,                1,  ANY, NEVER, NONE, -1,        AT(controller_id) },
    { "Topics",                      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(topics, metadata_response_topic_schema) },
    { "ClusterAuthorizedOperations", KAFKA_INT32,                8,  10,  NEVER, NONE, INT32_MIN, AT(cluster_authorized_operations) },
    { "ErrorCode",                   KAFKA_INT16,                13, ANY, NEVER, NONE, 0,         AT(error_code) },
};
static KAFKA_SCHEMA(metadata_response, "MetadataResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_metadata_api = {
    .key = 3,
    .name = "Metadata",
    .min = 0,
    .max = 13,
    .advertised_min = 0,
    .flexible_from = 9,
    .request = &metadata_request_schema,
    .response = &metadata_response_schema,
};
