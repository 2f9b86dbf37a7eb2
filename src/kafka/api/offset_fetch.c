// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/offset_fetch.h"

#include "base/assert.h"
#include "kafka/api.h"
#include "kafka/api/group.h"
#include "kafka/door.h"

// clang-format off
#define ROW struct kafka_offset_fetch_request_topic
static const struct kafka_field offset_fetch_request_topic_fields[] = {
    /* name               type                       min max null   tag   default place */
    { "Name",             KAFKA_STRING,              0,  7,  NEVER, NONE, 0,      AT(name) },
    { "PartitionIndexes", KAFKA_ARRAY | KAFKA_INT32, 0,  7,  NEVER, NONE, 0,      AT(partition_indexes) },
};
static KAFKA_SCHEMA(offset_fetch_request_topic, "OffsetFetchRequestTopic");
#undef ROW

#define ROW struct kafka_offset_fetch_request_topics
static const struct kafka_field offset_fetch_request_topics_fields[] = {
    /* name               type                       min max  null   tag   default place */
    { "Name",             KAFKA_STRING,              8,  9,   NEVER, NONE, 0,      AT(name) },
    { "TopicId",          KAFKA_UUID,                10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "PartitionIndexes", KAFKA_ARRAY | KAFKA_INT32, 8,  ANY, NEVER, NONE, 0,      AT(partition_indexes) },
};
static KAFKA_SCHEMA(offset_fetch_request_topics, "OffsetFetchRequestTopics");
#undef ROW

#define ROW struct kafka_offset_fetch_request_group
static const struct kafka_field offset_fetch_request_group_fields[] = {
    /* name          type                        min max  null   tag   default place */
    { "GroupId",     KAFKA_STRING,               8,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "MemberId",    KAFKA_STRING,               9,  ANY, 9,     NONE, 0,      AT(member_id) },
    { "MemberEpoch", KAFKA_INT32,                9,  ANY, NEVER, NONE, -1,     AT(member_epoch) },
    { "Topics",      KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, 8,     NONE, 0,      AT_STRUCT(topics, offset_fetch_request_topics_schema) },
};
static KAFKA_SCHEMA(offset_fetch_request_group, "OffsetFetchRequestGroup");
#undef ROW

#define ROW struct kafka_offset_fetch_request
static const struct kafka_field offset_fetch_request_fields[] = {
    /* name            type                        min max  null   tag   default place */
    { "GroupId",       KAFKA_STRING,               0,  7,   NEVER, NONE, 0,      AT(group_id) },
    { "Topics",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  7,   2,     NONE, 0,      AT_STRUCT(topics, offset_fetch_request_topic_schema) },
    { "Groups",        KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(groups, offset_fetch_request_group_schema) },
    { "RequireStable", KAFKA_BOOL,                 7,  ANY, NEVER, NONE, 0,      AT(require_stable) },
};
static KAFKA_SCHEMA(offset_fetch_request, "OffsetFetchRequest");
#undef ROW

#define ROW struct kafka_offset_fetch_response_partition
static const struct kafka_field offset_fetch_response_partition_fields[] = {
    /* name                   type          min max null   tag   default place */
    { "PartitionIndex",       KAFKA_INT32,  0,  7,  NEVER, NONE, 0,      AT(partition_index) },
    { "CommittedOffset",      KAFKA_INT64,  0,  7,  NEVER, NONE, 0,      AT(committed_offset) },
    { "CommittedLeaderEpoch", KAFKA_INT32,  5,  7,  NEVER, NONE, -1,     AT(committed_leader_epoch) },
    { "Metadata",             KAFKA_STRING, 0,  7,  0,     NONE, 0,      AT(metadata) },
    { "ErrorCode",            KAFKA_INT16,  0,  7,  NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(offset_fetch_response_partition, "OffsetFetchResponsePartition");
#undef ROW

#define ROW struct kafka_offset_fetch_response_topic
static const struct kafka_field offset_fetch_response_topic_fields[] = {
    /* name         type                        min max null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  7,  NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  7,  NEVER, NONE, 0,      AT_STRUCT(partitions, offset_fetch_response_partition_schema) },
};
static KAFKA_SCHEMA(offset_fetch_response_topic, "OffsetFetchResponseTopic");
#undef ROW

#define ROW struct kafka_offset_fetch_response_partitions
static const struct kafka_field offset_fetch_response_partitions_fields[] = {
    /* name                   type          min max  null   tag   default place */
    { "PartitionIndex",       KAFKA_INT32,  8,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "CommittedOffset",      KAFKA_INT64,  8,  ANY, NEVER, NONE, 0,      AT(committed_offset) },
    { "CommittedLeaderEpoch", KAFKA_INT32,  8,  ANY, NEVER, NONE, -1,     AT(committed_leader_epoch) },
    { "Metadata",             KAFKA_STRING, 8,  ANY, 8,     NONE, 0,      AT(metadata) },
    { "ErrorCode",            KAFKA_INT16,  8,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(offset_fetch_response_partitions, "OffsetFetchResponsePartitions");
#undef ROW

#define ROW struct kafka_offset_fetch_response_topics
static const struct kafka_field offset_fetch_response_topics_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               8,  9,   NEVER, NONE, 0,      AT(name) },
    { "TopicId",    KAFKA_UUID,                 10, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, offset_fetch_response_partitions_schema) },
};
static KAFKA_SCHEMA(offset_fetch_response_topics, "OffsetFetchResponseTopics");
#undef ROW

#define ROW struct kafka_offset_fetch_response_group
static const struct kafka_field offset_fetch_response_group_fields[] = {
    /* name        type                        min max  null   tag   default place */
    { "GroupId",   KAFKA_STRING,               8,  ANY, NEVER, NONE, 0,      AT(group_id) },
    { "Topics",    KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, offset_fetch_response_topics_schema) },
    { "ErrorCode", KAFKA_INT16,                8,  ANY, NEVER, NONE, 0,      AT(error_code) },
};
static KAFKA_SCHEMA(offset_fetch_response_group, "OffsetFetchResponseGroup");
#undef ROW

#define ROW struct kafka_offset_fetch_response
static const struct kafka_field offset_fetch_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                3,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "Topics",         KAFKA_ARRAY | KAFKA_STRUCT, 0,  7,   NEVER, NONE, 0,      AT_STRUCT(topics, offset_fetch_response_topic_schema) },
    { "ErrorCode",      KAFKA_INT16,                2,  7,   NEVER, NONE, 0,      AT(error_code) },
    { "Groups",         KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(groups, offset_fetch_response_group_schema) },
};
static KAFKA_SCHEMA(offset_fetch_response, "OffsetFetchResponse");
#undef ROW
// clang-format on

enum { FIRST_VERSION_OF_MANY = 8, FIRST_VERSION_BY_ID = 10 };

// The old form and the new one differ in names only. RequireStable asks for nothing more as long as no transaction
// can hold an offset back.
static_assert(sizeof(struct kafka_offset_fetch_response_partition) ==
                      sizeof(struct kafka_offset_fetch_response_partitions) &&
                  offsetof(struct kafka_offset_fetch_response_partition, error_code) ==
                      offsetof(struct kafka_offset_fetch_response_partitions, error_code),
              "rows are filled alike");

struct fetching {
    const struct offsets *offsets;
    struct kafka_call *call;
    bytes_t group;
};

static void fill(struct fetching *fetching, const struct engine_offset *offset,
                 struct kafka_offset_fetch_response_partitions *row)
{
    row->committed_offset = offset->offset;
    row->committed_leader_epoch = offset->leader_epoch;
    row->metadata = arena_copy(&fetching->call->arena, offset->metadata);
    row->partition_index = offset->partition;
}

static void fetch_topic(struct fetching *fetching, const struct kafka_offset_fetch_request_topics *asked,
                        struct kafka_offset_fetch_response_topics *row)
{
    struct kafka_call *call = fetching->call;
    bool by_id = call->version >= FIRST_VERSION_BY_ID;
    bytes_t name = asked->name;
    int16_t error = KAFKA_NONE;
    if (by_id) {
        const struct topic *topic = kafka_door_topic(call->door, true, asked->name, &asked->topic_id);
        error = topic == NULL ? (int16_t)KAFKA_UNKNOWN_TOPIC_ID : (int16_t)KAFKA_NONE;
        name = topic == NULL ? BYTES_LITERAL("") : topic->name;
    }
    size_t count = (size_t)asked->partition_indexes.count;
    if (!kafka_group_answer_fits(call, count, sizeof *row->partitions.items))
        return;
    row->name = asked->name;
    row->topic_id = asked->topic_id;
    row->partitions.items = kafka_new(&offset_fetch_response_partitions_schema, count, &call->arena);
    row->partitions.count = (int32_t)count;
    for (size_t i = 0; i < count && kafka_group_answer_fits(call, 0, 1); i++) {
        const struct engine_offset none = { .partition = asked->partition_indexes.items[i],
                                            .offset = -1,
                                            .leader_epoch = -1,
                                            .metadata = BYTES_LITERAL("") };
        struct engine_offset offset;
        bool found = error == KAFKA_NONE &&
                     offsets_find(fetching->offsets, fetching->group, name, none.partition, &offset) == ERR_OK;
        fill(fetching, found ? &offset : &none, &row->partitions.items[i]);
        row->partitions.items[i].error_code = error;
    }
}

// --- all that a group has

static struct kafka_offset_fetch_response_topics *topic_begin(struct fetching *fetching, bytes_t name,
                                                              struct kafka_offset_fetch_response_group *row)
{
    struct kafka_call *call = fetching->call;
    struct kafka_offset_fetch_response_topics *at = &row->topics.items[row->topics.count];
    kafka_defaults(&offset_fetch_response_topics_schema, at);
    if (call->version >= FIRST_VERSION_BY_ID) {
        const struct topic *topic = kafka_door_topic(call->door, false, name, &at->topic_id);
        if (topic == NULL)
            return NULL; // it has no id any more
        at->topic_id = kafka_uuid_of(&topic->id);
    }
    at->name = arena_copy(&call->arena, name);
    row->topics.count++;
    return at;
}

// Offsets of a topic stand together, so each run of them is one topic.
static void fetch_all(struct fetching *fetching, struct kafka_offset_fetch_response_group *row)
{
    size_t topics = 0, partitions = 0;
    bytes_t last = BYTES_NULL;
    struct engine_offset offset = { 0 };
    struct offsets_walk walk = { .group = fetching->group };
    while (offsets_walk_next(fetching->offsets, &walk, &offset)) {
        topics += last.data == NULL || !bytes_equal(last, offset.topic) ? 1 : 0;
        last = offset.topic;
        partitions++;
    }
    if (!kafka_group_answer_fits(fetching->call, topics, sizeof *row->topics.items) ||
        !kafka_group_answer_fits(fetching->call, partitions, sizeof *row->topics.items->partitions.items))
        return;
    row->topics.items = kafka_new(&offset_fetch_response_topics_schema, topics, &fetching->call->arena);
    row->topics.count = 0;
    struct kafka_offset_fetch_response_partitions *rows =
        kafka_new(&offset_fetch_response_partitions_schema, partitions, &fetching->call->arena);
    struct kafka_offset_fetch_response_topics *at = NULL;
    last = BYTES_NULL;
    walk = (struct offsets_walk){ .group = fetching->group };
    while (offsets_walk_next(fetching->offsets, &walk, &offset)) {
        if (last.data == NULL || !bytes_equal(last, offset.topic)) {
            at = topic_begin(fetching, offset.topic, row);
            if (at != NULL)
                at->partitions.items = rows;
        }
        last = offset.topic;
        if (at == NULL)
            continue;
        at->partitions.count++;
        fill(fetching, &offset, rows++);
    }
}

static void fetch_group(struct fetching *fetching, const struct kafka_offset_fetch_request_group *asked,
                        struct kafka_offset_fetch_response_group *row)
{
    fetching->group = row->group_id = asked->group_id;
    if (asked->topics.count == KAFKA_NULL_ARRAY) {
        fetch_all(fetching, row);
        return;
    }
    size_t count = (size_t)asked->topics.count;
    if (!kafka_group_answer_fits(fetching->call, count, sizeof *row->topics.items))
        return;
    row->topics.items = kafka_new(&offset_fetch_response_topics_schema, count, &fetching->call->arena);
    row->topics.count = (int32_t)count;
    for (size_t i = 0; i < count; i++)
        fetch_topic(fetching, &asked->topics.items[i], &row->topics.items[i]);
}

// --- the form of versions up to 7

static void fetch_one(struct fetching *fetching)
{
    struct kafka_call *call = fetching->call;
    const struct kafka_offset_fetch_request *request = call->request;
    struct kafka_offset_fetch_response *response = call->response;
    struct kafka_offset_fetch_request_group asked = { .group_id = request->group_id };
    asked.topics.count = request->topics.count;
    if (request->topics.count > 0) {
        asked.topics.items =
            kafka_new(&offset_fetch_request_topics_schema, (size_t)request->topics.count, &call->arena);
        for (int32_t i = 0; i < request->topics.count; i++) {
            asked.topics.items[i].name = request->topics.items[i].name;
            asked.topics.items[i].partition_indexes.items = request->topics.items[i].partition_indexes.items;
            asked.topics.items[i].partition_indexes.count = request->topics.items[i].partition_indexes.count;
        }
    }
    struct kafka_offset_fetch_response_group row = { 0 };
    fetch_group(fetching, &asked, &row);
    response->topics.items = kafka_new(&offset_fetch_response_topic_schema, (size_t)row.topics.count, &call->arena);
    response->topics.count = row.topics.count;
    for (int32_t i = 0; i < row.topics.count; i++) {
        response->topics.items[i].name = row.topics.items[i].name;
        response->topics.items[i].partitions.items = (void *)row.topics.items[i].partitions.items;
        response->topics.items[i].partitions.count = row.topics.items[i].partitions.count;
    }
}

static void run(struct coordinator *coordinator, struct kafka_call *call)
{
    const struct kafka_offset_fetch_request *request = call->request;
    struct kafka_offset_fetch_response *response = call->response;
    struct fetching fetching = { .offsets = coordinator_offsets(coordinator), .call = call };
    if (call->version < FIRST_VERSION_OF_MANY) {
        fetch_one(&fetching);
        return;
    }
    if (!kafka_group_answer_fits(call, (size_t)request->groups.count, sizeof *response->groups.items))
        return;
    response->groups.items =
        kafka_new(&offset_fetch_response_group_schema, (size_t)request->groups.count, &call->arena);
    response->groups.count = request->groups.count;
    for (int32_t i = 0; i < request->groups.count; i++)
        fetch_group(&fetching, &request->groups.items[i], &response->groups.items[i]);
}

static void handle(struct kafka_call *call)
{
    kafka_group_call(call, run);
}

const struct kafka_api kafka_offset_fetch_api = {
    .key = 9,
    .name = "OffsetFetch",
    .min = 1,
    .max = 10,
    .advertised_min = 1,
    .flexible_from = 6,
    .request = &offset_fetch_request_schema,
    .response = &offset_fetch_response_schema,
    .handle = handle,
};
