// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/elect_leaders.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"

// clang-format off
#define ROW struct kafka_elect_leaders_topic_partitions
static const struct kafka_field elect_leaders_topic_partitions_fields[] = {
    /* name         type                       min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,              0,  ANY, NEVER, NONE, 0,      AT(topic) },
    { "Partitions", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partitions) },
};
static KAFKA_SCHEMA(elect_leaders_topic_partitions, "TopicPartitions");
#undef ROW

#define ROW struct kafka_elect_leaders_request
static const struct kafka_field elect_leaders_request_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "ElectionType",    KAFKA_INT8,                 1,  ANY, NEVER, NONE, 0,      AT(election_type) },
    { "TopicPartitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 0,     NONE, 0,      AT_STRUCT(topic_partitions, elect_leaders_topic_partitions_schema) },
    { "TimeoutMs",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 60000,  AT(timeout_ms) },
};
static KAFKA_SCHEMA(elect_leaders_request, "ElectLeadersRequest");
#undef ROW

#define ROW struct kafka_elect_leaders_partition_result
static const struct kafka_field elect_leaders_partition_result_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "PartitionId",  KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(partition_id) },
    { "ErrorCode",    KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(elect_leaders_partition_result, "PartitionResult");
#undef ROW

#define ROW struct kafka_replica_election_result
static const struct kafka_field replica_election_result_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "Topic",           KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(topic) },
    { "PartitionResult", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partition_result, elect_leaders_partition_result_schema) },
};
static KAFKA_SCHEMA(replica_election_result, "ReplicaElectionResult");
#undef ROW

#define ROW struct kafka_elect_leaders_response
static const struct kafka_field elect_leaders_response_fields[] = {
    /* name                     type                        min max  null   tag   default place */
    { "ThrottleTimeMs",         KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",              KAFKA_INT16,                1,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ReplicaElectionResults", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(replica_election_results, replica_election_result_schema) },
};
static KAFKA_SCHEMA(elect_leaders_response, "ElectLeadersResponse");
#undef ROW
// clang-format on

// Election types: preferred and unclean.
enum { ELECTION_TYPE_MAX = 1 };

// The leader is the one replica: there is never anything to elect.
static void elect(struct kafka_call *call, const struct topic *topic, bytes_t name, int32_t index,
                  struct kafka_elect_leaders_partition_result *row)
{
    row->partition_id = index;
    if (topic == NULL) {
        row->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        row->error_message = bytes_of_text(arena_format(&call->arena, "No such topic as %.*s", BYTES_ARG(name)));
    } else if (index < 0 || index >= topic->partition_count) {
        row->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        row->error_message =
            bytes_of_text(arena_format(&call->arena, "No such partition as %.*s-%d", BYTES_ARG(name), (int)index));
    } else {
        row->error_code = KAFKA_ELECTION_NOT_NEEDED;
        row->error_message = bytes_of_text(kafka_error_message(KAFKA_ELECTION_NOT_NEEDED));
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_elect_leaders_request *request = call->request;
    struct kafka_elect_leaders_response *response = call->response;
    // Null asks for all partitions; the answer then names those that got a leader: none.
    size_t count = request->topic_partitions.count < 0 ? 0 : (size_t)request->topic_partitions.count, named = count;
    for (size_t i = 0; i < count; i++)
        named += (size_t)request->topic_partitions.items[i].partitions.count;
    if (kafka_call_names_too_many(call, named))
        return;
    if (request->election_type < 0 || request->election_type > ELECTION_TYPE_MAX) {
        response->error_code = KAFKA_INVALID_REQUEST;
        count = 0;
    }
    response->replica_election_results.items = kafka_new(&replica_election_result_schema, count, &call->arena);
    response->replica_election_results.count = (int32_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_elect_leaders_topic_partitions *asked = &request->topic_partitions.items[i];
        struct kafka_replica_election_result *answer = &response->replica_election_results.items[i];
        const struct topic *topic = topic_find(call->door->store, asked->topic);
        answer->topic = asked->topic;
        answer->partition_result.count = asked->partitions.count;
        answer->partition_result.items =
            kafka_new(&elect_leaders_partition_result_schema, (size_t)asked->partitions.count, &call->arena);
        for (int32_t j = 0; j < asked->partitions.count; j++)
            elect(call, topic, asked->topic, asked->partitions.items[j], &answer->partition_result.items[j]);
    }
    kafka_call_reply(call);
}

const struct kafka_api kafka_elect_leaders_api = {
    .key = 43,
    .name = "ElectLeaders",
    .min = 0,
    .max = 2,
    .advertised_min = 0,
    .flexible_from = 2,
    .request = &elect_leaders_request_schema,
    .response = &elect_leaders_response_schema,
    .handle = handle,
};
