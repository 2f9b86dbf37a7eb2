// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/delete_topics.h"

#include "base/assert.h"
#include "base/mem.h"
#include "engine/embedded/coordinator.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/topic.h"

#include <stdlib.h>

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

#define FIRST_VERSION_BY_ID 6

struct deletion {
    struct topic_op op;
    struct offsets_forget forget; // the offsets that groups have in it
    struct deletions *all;
    struct kafka_deletable_topic_result *result;
};

struct deletions {
    struct kafka_call *call;
    struct deletion *items;
    size_t count;
    size_t pending; // and one for the loop that starts them
};

static void result_fail(struct kafka_deletable_topic_result *result, int16_t error)
{
    result->error_code = error;
    result->error_message = bytes_of_text(kafka_error_message(error));
}

static void deletions_release(struct deletions *all)
{
    if (--all->pending > 0)
        return;
    struct kafka_call *call = all->call;
    free(all->items);
    free(all);
    kafka_call_reply(call);
}

static void on_forgotten(struct offsets_forget *forget)
{
    deletions_release(CONTAINER_OF(forget, struct deletion, forget)->all);
}

// Whoever makes the topic again finds no offsets of the old one.
static void on_deleted(struct topic_op *op)
{
    struct deletion *deletion = CONTAINER_OF(op, struct deletion, op);
    if (op->err != ERR_OK) {
        result_fail(deletion->result, kafka_error_of(op->err));
        deletions_release(deletion->all);
        return;
    }
    deletion->forget = (struct offsets_forget){ .topic = op->name, .on_done = on_forgotten };
    offsets_forget_topic(coordinator_offsets(deletion->all->call->door->coordinator), &deletion->forget);
}

static void delete_topic(struct deletions *all, bytes_t name, const struct kafka_uuid *id,
                         struct kafka_deletable_topic_result *result)
{
    struct kafka_call *call = all->call;
    bool by_id = name.data == NULL;
    const struct topic *topic = kafka_door_topic(call->door, by_id, name, id);
    result->name = name;
    result->topic_id = *id;
    if (by_id == kafka_uuid_is_zero(id)) {
        result_fail(result, KAFKA_INVALID_REQUEST); // names both or none
        return;
    }
    if (topic == NULL) {
        result_fail(result, kafka_unknown_topic_error(by_id));
        return;
    }
    if (topic->internal) {
        result_fail(result, KAFKA_INVALID_TOPIC_EXCEPTION);
        result->error_message = BYTES_LITERAL("The topic is the server's own and cannot be deleted.");
        return;
    }
    result->name = arena_copy(&call->arena, topic->name);
    result->topic_id = kafka_uuid_of(&topic->id);
    struct deletion *deletion = &all->items[all->count++];
    *deletion =
        (struct deletion){ .op = { .on_done = on_deleted, .name = result->name }, .all = all, .result = result };
    all->pending++;
    topic_delete(call->door->store, &deletion->op);
}

static void handle(struct kafka_call *call)
{
    static const struct kafka_uuid no_id;
    const struct kafka_delete_topics_request *request = call->request;
    struct kafka_delete_topics_response *response = call->response;
    bool is_new_form = call->version >= FIRST_VERSION_BY_ID;
    int32_t count = is_new_form ? request->topics.count : request->topic_names.count;
    struct deletions *all = mem_zalloc(1, sizeof(*all));
    all->call = call;
    all->items = mem_zalloc((size_t)count + 1, sizeof(struct deletion));
    all->pending = 1;
    response->responses.items = kafka_new(&deletable_topic_result_schema, (size_t)count, &call->arena);
    response->responses.count = count;
    for (int32_t i = 0; i < count; i++) {
        if (is_new_form)
            delete_topic(all, request->topics.items[i].name, &request->topics.items[i].topic_id,
                         &response->responses.items[i]);
        else
            delete_topic(all, request->topic_names.items[i], &no_id, &response->responses.items[i]);
    }
    deletions_release(all);
}

const struct kafka_api kafka_delete_topics_api = {
    .key = 20,
    .name = "DeleteTopics",
    .min = 1,
    .max = 6,
    .advertised_min = 1,
    .flexible_from = 4,
    .request = &delete_topics_request_schema,
    .response = &delete_topics_response_schema,
    .handle = handle,
};
