// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/list_partition_reassignments.h"

#include "kafka/api.h"
#include "kafka/session.h"

// clang-format off
#define ROW struct kafka_list_partition_reassignments_topics
static const struct kafka_field list_partition_reassignments_topics_fields[] = {
    /* name               type                       min max  null   tag   default place */
    { "Name",             KAFKA_STRING,              0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "PartitionIndexes", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_indexes) },
};
static KAFKA_SCHEMA(list_partition_reassignments_topics, "ListPartitionReassignmentsTopics");
#undef ROW

#define ROW struct kafka_list_partition_reassignments_request
static const struct kafka_field list_partition_reassignments_request_fields[] = {
    /* name        type                        min max  null   tag   default place */
    { "TimeoutMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 60000,  AT(timeout_ms) },
    { "Topics",    KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 0,     NONE, 0,      AT_STRUCT(topics, list_partition_reassignments_topics_schema) },
};
static KAFKA_SCHEMA(list_partition_reassignments_request, "ListPartitionReassignmentsRequest");
#undef ROW

#define ROW struct kafka_ongoing_partition_reassignment
static const struct kafka_field ongoing_partition_reassignment_fields[] = {
    /* name               type                       min max  null   tag   default place */
    { "PartitionIndex",   KAFKA_INT32,               0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "Replicas",         KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(replicas) },
    { "AddingReplicas",   KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(adding_replicas) },
    { "RemovingReplicas", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(removing_replicas) },
};
static KAFKA_SCHEMA(ongoing_partition_reassignment, "OngoingPartitionReassignment");
#undef ROW

#define ROW struct kafka_ongoing_topic_reassignment
static const struct kafka_field ongoing_topic_reassignment_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, ongoing_partition_reassignment_schema) },
};
static KAFKA_SCHEMA(ongoing_topic_reassignment, "OngoingTopicReassignment");
#undef ROW

#define ROW struct kafka_list_partition_reassignments_response
static const struct kafka_field list_partition_reassignments_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",   KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(error_message) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, ongoing_topic_reassignment_schema) },
};
static KAFKA_SCHEMA(list_partition_reassignments_response, "ListPartitionReassignmentsResponse");
#undef ROW
// clang-format on

// A partition has one replica, here: nothing is ever on its way. The answer is the default, an empty list.
static void handle(struct kafka_call *call)
{
    kafka_call_reply(call);
}

const struct kafka_api kafka_list_partition_reassignments_api = {
    .key = 46,
    .name = "ListPartitionReassignments",
    .min = 0,
    .max = 0,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &list_partition_reassignments_request_schema,
    .response = &list_partition_reassignments_response_schema,
    .handle = handle,
};
