// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_quorum.h"

#include "io/clock.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/log.h"
#include "store/store.h"

// clang-format off
#define ROW struct kafka_describe_quorum_partition_data
static const struct kafka_field describe_quorum_partition_data_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
};
static KAFKA_SCHEMA(describe_quorum_partition_data, "PartitionData");
#undef ROW

#define ROW struct kafka_describe_quorum_topic_data
static const struct kafka_field describe_quorum_topic_data_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "TopicName",  KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(topic_name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, describe_quorum_partition_data_schema) },
};
static KAFKA_SCHEMA(describe_quorum_topic_data, "TopicData");
#undef ROW

#define ROW struct kafka_describe_quorum_request
static const struct kafka_field describe_quorum_request_fields[] = {
    /* name     type                        min max  null   tag   default place */
    { "Topics", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_quorum_topic_data_schema) },
};
static KAFKA_SCHEMA(describe_quorum_request, "DescribeQuorumRequest");
#undef ROW

#define ROW struct kafka_describe_quorum_replica_state
static const struct kafka_field describe_quorum_replica_state_fields[] = {
    /* name                    type         min max  null   tag   default place */
    { "ReplicaId",             KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(replica_id) },
    { "ReplicaDirectoryId",    KAFKA_UUID,  2,  ANY, NEVER, NONE, 0,      AT(replica_directory_id) },
    { "LogEndOffset",          KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(log_end_offset) },
    { "LastFetchTimestamp",    KAFKA_INT64, 1,  ANY, NEVER, NONE, -1,     AT(last_fetch_timestamp) },
    { "LastCaughtUpTimestamp", KAFKA_INT64, 1,  ANY, NEVER, NONE, -1,     AT(last_caught_up_timestamp) },
};
static KAFKA_SCHEMA(describe_quorum_replica_state, "ReplicaState");
#undef ROW

#define ROW struct kafka_describe_quorum_partition_data_answer
static const struct kafka_field describe_quorum_partition_data_answer_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",      KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage",   KAFKA_STRING,               2,  ANY, 2,     NONE, 0,      AT(error_message) },
    { "LeaderId",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(leader_id) },
    { "LeaderEpoch",    KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(leader_epoch) },
    { "HighWatermark",  KAFKA_INT64,                0,  ANY, NEVER, NONE, 0,      AT(high_watermark) },
    { "CurrentVoters",  KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(current_voters, describe_quorum_replica_state_schema) },
    { "Observers",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(observers, describe_quorum_replica_state_schema) },
};
static KAFKA_SCHEMA(describe_quorum_partition_data_answer, "PartitionData");
#undef ROW

#define ROW struct kafka_describe_quorum_topic_data_answer
static const struct kafka_field describe_quorum_topic_data_answer_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "TopicName",  KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(topic_name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, describe_quorum_partition_data_answer_schema) },
};
static KAFKA_SCHEMA(describe_quorum_topic_data_answer, "TopicData");
#undef ROW

#define ROW struct kafka_describe_quorum_listener
static const struct kafka_field describe_quorum_listener_fields[] = {
    /* name   type          min max  null   tag   default place */
    { "Name", KAFKA_STRING, 2,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Host", KAFKA_STRING, 2,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port", KAFKA_UINT16, 2,  ANY, NEVER, NONE, 0,      AT(port) },
};
static KAFKA_SCHEMA(describe_quorum_listener, "Listener");
#undef ROW

#define ROW struct kafka_describe_quorum_node
static const struct kafka_field describe_quorum_node_fields[] = {
    /* name        type                        min max  null   tag   default place */
    { "NodeId",    KAFKA_INT32,                2,  ANY, NEVER, NONE, 0,      AT(node_id) },
    { "Listeners", KAFKA_ARRAY | KAFKA_STRUCT, 2,  ANY, NEVER, NONE, 0,      AT_STRUCT(listeners, describe_quorum_listener_schema) },
};
static KAFKA_SCHEMA(describe_quorum_node, "Node");
#undef ROW

#define ROW struct kafka_describe_quorum_response
static const struct kafka_field describe_quorum_response_fields[] = {
    /* name           type                        min max  null   tag   default place */
    { "ErrorCode",    KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING,               2,  ANY, 2,     NONE, 0,      AT(error_message) },
    { "Topics",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_quorum_topic_data_answer_schema) },
    { "Nodes",        KAFKA_ARRAY | KAFKA_STRUCT, 2,  ANY, NEVER, NONE, 0,      AT_STRUCT(nodes, describe_quorum_node_schema) },
};
static KAFKA_SCHEMA(describe_quorum_response, "DescribeQuorumResponse");
#undef ROW
// clang-format on

// The metadata log of a KRaft cluster. Its place is taken by eddy's catalog of topics, whose offsets are told; it has
// one voter, which leads.
#define METADATA_TOPIC "__cluster_metadata"

struct quorum_look_up {
    struct kafka_gathered gathered;
    struct stat_op op;
    const struct topic *topic; // one reference
    struct kafka_describe_quorum_partition_data_answer *answer;
};

static void on_stat(struct log_op *op)
{
    struct quorum_look_up *look_up = CONTAINER_OF(op, struct quorum_look_up, op.op);
    struct kafka_call *call = look_up->gathered.gather->call;
    struct kafka_describe_quorum_partition_data_answer *answer = look_up->answer;
    answer->error_code = kafka_error_of(op->err);
    if (op->err == ERR_OK) {
        struct kafka_describe_quorum_replica_state *voter =
            kafka_new(&describe_quorum_replica_state_schema, 1, &call->arena);
        voter->replica_id = (int32_t)call->door->options->node_id;
        voter->log_end_offset = look_up->op.log_end_offset;
        voter->last_fetch_timestamp = voter->last_caught_up_timestamp = clock_wall_ms();
        answer->leader_id = voter->replica_id;
        answer->leader_epoch = store_leader_epoch(call->door->store);
        answer->high_watermark = look_up->op.high_watermark;
        answer->current_voters.items = voter;
        answer->current_voters.count = 1;
    }
    topic_unref(look_up->topic);
    kafka_gather_release(look_up->gathered.gather);
}

static void describe_partition(struct kafka_gather *gather, const struct topic *topic, int32_t index,
                               struct kafka_describe_quorum_partition_data_answer *answer)
{
    answer->partition_index = index;
    if (topic == NULL || index != 0) {
        answer->error_code = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        answer->error_message = bytes_of_text(kafka_error_message(KAFKA_UNKNOWN_TOPIC_OR_PARTITION));
        return;
    }
    struct quorum_look_up *look_up = kafka_gather_add(gather, sizeof *look_up);
    look_up->topic = topic_ref(topic);
    look_up->answer = answer;
    look_up->op.epoch = -1;
    look_up->op.op.partition = topic->partitions[0];
    look_up->op.op.on_done = on_stat;
    log_stat(&look_up->op);
}

static void describe_node(struct kafka_call *call, struct kafka_describe_quorum_response *response)
{
    struct kafka_describe_quorum_node *node = kafka_new(&describe_quorum_node_schema, 1, &call->arena);
    struct kafka_describe_quorum_listener *listener = kafka_new(&describe_quorum_listener_schema, 1, &call->arena);
    listener->name = bytes_of_text("PLAINTEXT");
    listener->host = bytes_of_text(call->door->advertised.host);
    listener->port = call->door->advertised.port;
    node->node_id = (int32_t)call->door->options->node_id;
    node->listeners.items = listener;
    node->listeners.count = 1;
    response->nodes.items = node;
    response->nodes.count = 1;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_quorum_request *request = call->request;
    struct kafka_describe_quorum_response *response = call->response;
    struct kafka_gather *gather = kafka_gather_new(call);
    size_t count = (size_t)request->topics.count;
    describe_node(call, response);
    response->topics.items = kafka_new(&describe_quorum_topic_data_answer_schema, count, &call->arena);
    response->topics.count = request->topics.count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_describe_quorum_topic_data *asked = &request->topics.items[i];
        struct kafka_describe_quorum_topic_data_answer *answer = &response->topics.items[i];
        bool is_metadata = bytes_is(asked->topic_name, METADATA_TOPIC);
        const struct topic *topic = is_metadata ? topic_find(call->door->store, BYTES_LITERAL(TOPIC_CATALOG)) : NULL;
        answer->topic_name = asked->topic_name;
        answer->partitions.count = asked->partitions.count;
        answer->partitions.items =
            kafka_new(&describe_quorum_partition_data_answer_schema, (size_t)asked->partitions.count, &call->arena);
        for (int32_t j = 0; j < asked->partitions.count; j++)
            describe_partition(gather, topic, asked->partitions.items[j].partition_index, &answer->partitions.items[j]);
    }
    kafka_gather_release(gather);
}

const struct kafka_api kafka_describe_quorum_api = {
    .key = 55,
    .name = "DescribeQuorum",
    .min = 0,
    .max = 2,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &describe_quorum_request_schema,
    .response = &describe_quorum_response_schema,
    .handle = handle,
};
