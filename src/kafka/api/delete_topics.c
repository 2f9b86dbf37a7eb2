// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/delete_topics.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_delete_topic_state
static const struct kafka_field delete_topic_state_fields[] = {
    /* name      type          min max  null   tag   default place */
    { "Name",    KAFKA_STRING, 6,  ANY, 6,     NONE, 0,      AT(name) },
    { "TopicId", KAFKA_UUID,   6,  ANY, NEVER, NONE, 0,      AT(topic_id) },
};
static KAFKA_SCHEMA(delete_topic_state, "DeleteTopicState");
#undef ROW

#define ROW struct kafka_delete_topics_request
static const struct kafka_field delete_topics_request_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topics",     KAFKA_ARRAY | KAFKA_STRUCT, 6,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, delete_topic_state_schema) },
    { "TopicNames", KAFKA_ARRAY | KAFKA_STRING, 0,  5,   NEVER, NONE, 0,      AT(topic_names) },
    { "TimeoutMs",  KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(timeout_ms) },
};
static KAFKA_SCHEMA(delete_topics_request, "DeleteTopicsRequest");
#undef ROW

#define ROW struct kafka_deletable_topic_result
static const struct kafka_field deletable_topic_result_fields[] = {
    /* name           type          min max  null   tag   default place */
    { "Name",         KAFKA_STRING, 0,  ANY, 6,     NONE, 0,      AT(name) },
    { "TopicId",      KAFKA_UUID,   6,  ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "ErrorCode",    KAFKA_INT16,  0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "ErrorMessage", KAFKA_STRING, 5,  ANY, 5,     NONE, 0,      AT(error_message) },
};
static KAFKA_SCHEMA(deletable_topic_result, "DeletableTopicResult");
#undef ROW

#define ROW struct kafka_delete_topics_response
static const struct kafka_field delete_topics_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, deletable_topic_result_schema) },
};
static KAFKA_SCHEMA(delete_topics_response, "DeleteTopicsResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_delete_topics_api = {
    .key = 20,
    .name = "DeleteTopics",
    .min = 1,
    .max = 6,
    .advertised_min = 1,
    .flexible_from = 4,
    .request = &delete_topics_request_schema,
    .response = &delete_topics_response_schema,
};
