// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/consumer_group_describe.h"

#include "base/assert.h"
#include "kafka/api.h"

// clang-format off
#define ROW struct kafka_consumer_group_describe_request
static const struct kafka_field consumer_group_describe_request_fields[] = {
    /* name                          type                        min max  null   tag   default place */
    { "GroupIds",                    KAFKA_ARRAY | KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(group_ids) },
    { "IncludeAuthorizedOperations", KAFKA_BOOL,                 0,  ANY, NEVER, NONE, 0,      AT(include_authorized_operations) },
};
static KAFKA_SCHEMA(consumer_group_describe_request, "ConsumerGroupDescribeRequest");
#undef ROW

#define ROW struct kafka_consumer_group_describe_topic_partitions
static const struct kafka_field topic_partitions_fields[] = {
    /* name         type                       min max  null   tag   default place */
    { "TopicId",    KAFKA_UUID,                0,  ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "TopicName",  KAFKA_STRING,              0,  ANY, NEVER, NONE, 0,      AT(topic_name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partitions) },
};
static KAFKA_SCHEMA(topic_partitions, "TopicPartitions");
#undef ROW

#define ROW struct kafka_consumer_group_describe_assignment
static const struct kafka_field assignment_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "TopicPartitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topic_partitions, topic_partitions_schema) },
};
static KAFKA_SCHEMA(assignment, "Assignment");
#undef ROW

#define ROW struct kafka_consumer_group_describe_member
static const struct kafka_field member_fields[] = {
    /* name                    type                        min max  null   tag   default place */
    { "MemberId",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(member_id) },
    { "InstanceId",            KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(instance_id) },
    { "RackId",                KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(rack_id) },
    { "MemberEpoch",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(member_epoch) },
    { "ClientId",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(client_id) },
    { "ClientHost",            KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(client_host) },
    { "SubscribedTopicNames",  KAFKA_ARRAY | KAFKA_STRING, 0,  ANY, NEVER, NONE, 0,      AT(subscribed_topic_names) },
    { "SubscribedTopicRegex",  KAFKA_STRING,               0,  ANY, 0,     NONE, 0,      AT(subscribed_topic_regex) },
    { "Assignment",            KAFKA_STRUCT,               0,  ANY, NEVER, NONE, 0,      AT_STRUCT(assignment, assignment_schema) },
    { "TargetAssignment",      KAFKA_STRUCT,               0,  ANY, NEVER, NONE, 0,      AT_STRUCT(target_assignment, assignment_schema) },
    { "MemberType",            KAFKA_INT8,                 1,  ANY, NEVER, NONE, -1,     AT(member_type) },
};
static KAFKA_SCHEMA(member, "Member");
#undef ROW

#define ROW struct kafka_consumer_group_describe_group
static const struct kafka_field group_fields[] = {
    /* name                   type                        min max  null   tag   default    place */
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,         AT(error_code) },
    { "ErrorMessage",         KAFKA_STRING,               0,  ANY, 0,     NONE, 0,         AT(error_message) },
    { "GroupId",              KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(group_id) },
    { "GroupState",           KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(group_state) },
    { "GroupEpoch",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(group_epoch) },
    { "AssignmentEpoch",      KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(assignment_epoch) },
    { "AssignorName",         KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,         AT(assignor_name) },
    { "Members",              KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(members, member_schema) },
    { "AuthorizedOperations", KAFKA_INT32,                0,  ANY, NEVER, NONE, INT32_MIN, AT(authorized_operations) },
};
static KAFKA_SCHEMA(group, "DescribedGroup");
#undef ROW

#define ROW struct kafka_consumer_group_describe_response
static const struct kafka_field consumer_group_describe_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Groups",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(groups, group_schema) },
};
static KAFKA_SCHEMA(consumer_group_describe_response, "ConsumerGroupDescribeResponse");
#undef ROW
// clang-format on

const struct kafka_api kafka_consumer_group_describe_api = {
    .key = 69,
    .name = "ConsumerGroupDescribe",
    .min = 0,
    .max = 1,
    .flexible_from = 0,
    .request = &consumer_group_describe_request_schema,
    .response = &consumer_group_describe_response_schema,
};
