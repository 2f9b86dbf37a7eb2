// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_cluster.h"

#include "kafka/api.h"
#include "kafka/door.h"
#include "store/store.h"

// clang-format off
#define ROW struct kafka_describe_cluster_request
static const struct kafka_field describe_cluster_request_fields[] = {
    /* name                                 type        min max  null   tag   default place */
    { "IncludeClusterAuthorizedOperations", KAFKA_BOOL, 0,  ANY, NEVER, NONE, 0,      AT(include_cluster_authorized_operations) },
    { "EndpointType",                       KAFKA_INT8, 1,  ANY, NEVER, NONE, 1,      AT(endpoint_type) },
    { "IncludeFencedBrokers",               KAFKA_BOOL, 2,  ANY, NEVER, NONE, 0,      AT(include_fenced_brokers) },
};
static KAFKA_SCHEMA(describe_cluster_request, "DescribeClusterRequest");
#undef ROW

#define ROW struct kafka_describe_cluster_broker
static const struct kafka_field describe_cluster_broker_fields[] = {
    /* name       type          min max  null   tag   default place */
    { "BrokerId", KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(broker_id) },
    { "Host",     KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(host) },
    { "Port",     KAFKA_INT32,  0,  ANY, NEVER, NONE, 0,      AT(port) },
    { "Rack",     KAFKA_STRING, 0,  ANY, 0,     NONE, 0,      AT(rack) },
    { "IsFenced", KAFKA_BOOL,   2,  ANY, NEVER, NONE, 0,      AT(is_fenced) },
};
static KAFKA_SCHEMA(describe_cluster_broker, "DescribeClusterBroker");
#undef ROW

#define ROW struct kafka_describe_cluster_response
static const struct kafka_field describe_cluster_response_fields[] = {
    /* name                          type                        min max  null   tag   default      place */
    { "ThrottleTimeMs",              KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,           AT(throttle_time_ms) },
    { "ErrorCode",                   KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,           AT(error_code) },
    { "ErrorMessage",                KAFKA_STRING,               0,  ANY, 0,     NONE, 0,           AT(error_message) },
    { "EndpointType",                KAFKA_INT8,                 1,  ANY, NEVER, NONE, 1,           AT(endpoint_type) },
    { "ClusterId",                   KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,           AT(cluster_id) },
    { "ControllerId",                KAFKA_INT32,                0,  ANY, NEVER, NONE, -1,          AT(controller_id) },
    { "Brokers",                     KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,           AT_STRUCT(brokers, describe_cluster_broker_schema) },
    { "ClusterAuthorizedOperations", KAFKA_INT32,                0,  ANY, NEVER, NONE, -2147483648, AT(cluster_authorized_operations) },
};
static KAFKA_SCHEMA(describe_cluster_response, "DescribeClusterResponse");
#undef ROW
// clang-format on

// Endpoint types (KIP-919).
enum { ENDPOINT_BROKERS = 1, ENDPOINT_CONTROLLERS = 2 };

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_cluster_request *request = call->request;
    struct kafka_describe_cluster_response *response = call->response;
    struct kafka_door *door = call->door;
    response->endpoint_type = request->endpoint_type;
    response->cluster_id = bytes_of_text("");
    if (request->endpoint_type != ENDPOINT_BROKERS) {
        response->error_code = request->endpoint_type == ENDPOINT_CONTROLLERS ? KAFKA_MISMATCHED_ENDPOINT_TYPE
                                                                              : KAFKA_UNSUPPORTED_ENDPOINT_TYPE;
        response->error_message = bytes_of_text(kafka_error_message(response->error_code));
        kafka_call_reply(call);
        return;
    }
    struct kafka_describe_cluster_broker *broker = kafka_new(&describe_cluster_broker_schema, 1, &call->arena);
    broker->broker_id = (int32_t)door->options->node_id;
    broker->host = bytes_of_text(door->advertised.host);
    broker->port = door->advertised.port;
    response->brokers.items = broker;
    response->brokers.count = 1;
    response->cluster_id = bytes_of_text(store_cluster_id(door->store));
    response->controller_id = broker->broker_id;
    if (request->include_cluster_authorized_operations)
        response->cluster_authorized_operations = KAFKA_CLUSTER_OPERATIONS;
    kafka_call_reply(call);
}

const struct kafka_api kafka_describe_cluster_api = {
    .key = 60,
    .name = "DescribeCluster",
    .min = 0,
    .max = 2,
    .advertised_min = 0,
    .flexible_from = 0,
    .request = &describe_cluster_request_schema,
    .response = &describe_cluster_response_schema,
    .handle = handle,
};
