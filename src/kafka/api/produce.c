// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/produce.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/log.h"

#include <stdlib.h>

#define FIRST_VERSION_ZSTD  7
#define FIRST_VERSION_BY_ID 13
// Of a compressed batch that has to be opened, for a compacted topic.
#define OPENED_SIZE_MAX ((size_t)64 << 20)

// clang-format off
#define ROW struct kafka_partition_produce_data
static const struct kafka_field partition_produce_data_fields[] = {
    /* name      type           min max  null   tag   default place */
    { "Index",   KAFKA_INT32,   0,  ANY, NEVER, NONE, 0,      AT(index) },
    { "Records", KAFKA_RECORDS, 0,  ANY, 0,     NONE, 0,      AT(records) },
};
static KAFKA_SCHEMA(partition_produce_data, "PartitionProduceData");
#undef ROW

#define ROW struct kafka_topic_produce_data
static const struct kafka_field topic_produce_data_fields[] = {
    /* name            type                        min max  null   tag   default place */
    { "Name",          KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(name) },
    { "TopicId",       KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "PartitionData", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partition_data, partition_produce_data_schema) },
};
static KAFKA_SCHEMA(topic_produce_data, "TopicProduceData");
#undef ROW

#define ROW struct kafka_produce_request
static const struct kafka_field produce_request_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "TransactionalId", KAFKA_STRING,               3,  ANY, 3,     NONE, 0,      AT(transactional_id) },
    { "Acks",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(acks) },
    { "TimeoutMs",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(timeout_ms) },
    { "TopicData",       KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topic_data, topic_produce_data_schema) },
};
static KAFKA_SCHEMA(produce_request, "ProduceRequest");
#undef ROW

#define ROW struct kafka_batch_index_and_error_message
static const struct kafka_field batch_index_and_error_message_fields[] = {
    /* name                     type          min max  null   tag   default place */
    { "BatchIndex",             KAFKA_INT32,  8,  ANY, NEVER, NONE, 0,      AT(batch_index) },
    { "BatchIndexErrorMessage", KAFKA_STRING, 8,  ANY, 8,     NONE, 0,      AT(batch_index_error_message) },
};
static KAFKA_SCHEMA(batch_index_and_error_message, "BatchIndexAndErrorMessage");
#undef ROW

#define ROW struct kafka_partition_produce_response
static const struct kafka_field partition_produce_response_fields[] = {
    /* name              type                        min max  null   tag   default place */
    { "Index",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(index) },
    { "ErrorCode",       KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "BaseOffset",      KAFKA_INT64,                0,  ANY, NEVER, NONE, 0,      AT(base_offset) },
    { "LogAppendTimeMs", KAFKA_INT64,                2,  ANY, NEVER, NONE, -1,     AT(log_append_time_ms) },
    { "LogStartOffset",  KAFKA_INT64,                5,  ANY, NEVER, NONE, -1,     AT(log_start_offset) },
    { "RecordErrors",    KAFKA_ARRAY | KAFKA_STRUCT, 8,  ANY, NEVER, NONE, 0,      AT_STRUCT(record_errors, batch_index_and_error_message_schema) },
    { "ErrorMessage",    KAFKA_STRING,               8,  ANY, 8,     NONE, 0,      AT(error_message) },
    { "CurrentLeader",   KAFKA_STRUCT,               10, ANY, NEVER, 0,    0,      AT_STRUCT(current_leader, kafka_leader_id_and_epoch_schema) },
};
static KAFKA_SCHEMA(partition_produce_response, "PartitionProduceResponse");
#undef ROW

#define ROW struct kafka_topic_produce_response
static const struct kafka_field topic_produce_response_fields[] = {
    /* name                 type                        min max  null   tag   default place */
    { "Name",               KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(name) },
    { "TopicId",            KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "PartitionResponses", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partition_responses, partition_produce_response_schema) },
};
static KAFKA_SCHEMA(topic_produce_response, "TopicProduceResponse");
#undef ROW

#define ROW struct kafka_produce_response
static const struct kafka_field produce_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, topic_produce_response_schema) },
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "NodeEndpoints",  KAFKA_ARRAY | KAFKA_STRUCT, 10, ANY, NEVER, 0,    0,      AT_STRUCT(node_endpoints, kafka_node_endpoint_schema) },
};
static KAFKA_SCHEMA(produce_response, "ProduceResponse");
#undef ROW
// clang-format on

// --- one request

struct produce_part {
    struct append_op append;
    struct produce *produce;
    struct kafka_partition_produce_response *response;
    const struct topic *topic; // one reference while the append is under way
    int32_t record_count;
    size_t size;
};

struct produce {
    struct kafka_call *call;
    struct produce_part *parts;
    size_t part_count;
    size_t pending; // appends under way, and one for the loop that starts them
    bool has_failed;
};

static void part_fail(struct produce *produce, struct kafka_partition_produce_response *response, int16_t error,
                      const char *message)
{
    response->error_code = error;
    response->base_offset = -1;
    response->error_message = bytes_of_text(message == NULL ? kafka_error_message(error) : message);
    produce->has_failed = true;
    counter_add(&produce->call->door->metrics.failed_produce_requests, 1);
}

static void produce_release(struct produce *produce)
{
    if (--produce->pending > 0)
        return;
    struct kafka_call *call = produce->call;
    const struct kafka_produce_request *request = call->request;
    bool is_silent = request->acks == 0, has_failed = produce->has_failed;
    free(produce->parts);
    free(produce);
    if (!is_silent)
        kafka_call_reply(call);
    else if (has_failed)
        kafka_call_hang_up(call, "a produce with acks=0 failed; closing is the only way to tell");
    else
        kafka_call_end(call);
}

static void count_appended(const struct produce_part *part, err_t err)
{
    struct kafka_metrics *metrics = &part->produce->call->door->metrics;
    if (err != ERR_OK)
        return; // a duplicate
    counter_add(&metrics->messages_in, (uint64_t)part->record_count);
    counter_add(&metrics->bytes_in, part->size);
}

static void on_appended(struct log_op *op)
{
    struct produce_part *part = CONTAINER_OF(op, struct produce_part, append.op);
    struct produce *produce = part->produce;
    struct kafka_partition_produce_response *response = part->response;
    response->log_start_offset = part->append.log_start_offset;
    if (op->err == ERR_OK || op->err == ERR_DUPLICATE) {
        response->base_offset = part->append.base_offset;
        response->log_append_time_ms = part->append.log_append_time_ms;
        count_appended(part, op->err);
    } else if (op->err == ERR_OUT_OF_RANGE) {
        part_fail(produce, response, KAFKA_INVALID_TIMESTAMP, NULL);
    } else if (op->err == ERR_CLOSED) {
        part_fail(produce, response, kafka_unknown_topic_error(produce->call->version >= FIRST_VERSION_BY_ID), NULL);
    } else {
        part_fail(produce, response, kafka_error_of(op->err), NULL);
    }
    topic_unref(part->topic);
    produce_release(produce);
}

// --- checks

// What Kafka's LogValidator and ProduceRequest.validateRecords answer for each reason.
static int16_t error_of_reason(enum batch_reason reason)
{
    static const int16_t errors[BATCH_REASON_COUNT_] = {
        [BATCH_REASON_NONE] = KAFKA_NONE,
        [BATCH_REASON_TRUNCATED] = KAFKA_CORRUPT_MESSAGE,
        [BATCH_REASON_MAGIC] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_LENGTH] = KAFKA_CORRUPT_MESSAGE,
        [BATCH_REASON_TRAILING] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_CRC] = KAFKA_CORRUPT_MESSAGE,
        [BATCH_REASON_COUNT] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_CODEC] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_ATTRIBUTES] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_CONTROL] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_APPEND_TIME] = KAFKA_INVALID_TIMESTAMP,
        [BATCH_REASON_SEQUENCE] = KAFKA_INVALID_RECORD,
        [BATCH_REASON_RECORDS] = KAFKA_INVALID_RECORD,
    };
    return errors[reason];
}

// A compacted topic takes no records without a key; the answer names the first such record (KIP-467).
static bool has_keyless(const struct topic *topic, bytes_t batch, const struct batch_header *header,
                        struct kafka_call *call, struct kafka_partition_produce_response *response)
{
    if ((topic->config.cleanup & CLEANUP_COMPACT) == 0)
        return false;
    struct writer room = WRITER_INIT;
    struct record_summary summary;
    bytes_t records;
    err_t err = batch_records(batch, header, OPENED_SIZE_MAX, &room, &records);
    if (err == ERR_OK)
        err = batch_records_check(records, header, &summary);
    writer_free(&room);
    if (err == ERR_OK && summary.keyless_count == 0)
        return false;
    if (err == ERR_OK) {
        struct kafka_batch_index_and_error_message *row =
            kafka_new(&batch_index_and_error_message_schema, 1, &call->arena);
        row->batch_index = summary.first_keyless;
        row->batch_index_error_message = BYTES_LITERAL("Compacted topic cannot accept message without key.");
        response->record_errors.items = row;
        response->record_errors.count = 1;
    }
    return true;
}

// Fills the response with what is wrong with the batch; true if it may be appended.
static bool part_check(struct produce *produce, const struct topic *topic, bytes_t batch, struct batch_header *header,
                       struct kafka_partition_produce_response *response)
{
    enum batch_reason reason;
    int16_t error = KAFKA_NONE;
    const char *message = NULL;
    if (batch.size == 0) {
        error = KAFKA_INVALID_RECORD;
        message = "The request has no record batch for this partition.";
    } else if (batch_check(batch, BATCH_FROM_CLIENT, header, &reason) != ERR_OK) {
        error = error_of_reason(reason);
        message = batch_reason_text(reason);
    } else if (batch_codec(header) == CODEC_ZSTD && produce->call->version < FIRST_VERSION_ZSTD) {
        error = KAFKA_UNSUPPORTED_COMPRESSION_TYPE;
        message = "Produce requests before version 7 are not allowed to use ZStandard compression.";
    } else if ((header->attributes & BATCH_TRANSACTIONAL) != 0) {
        error = KAFKA_INVALID_TXN_STATE;
        message = "Transactions are not supported.";
    } else if ((int64_t)batch.size > topic->config.max_message_size) {
        error = KAFKA_MESSAGE_TOO_LARGE;
    } else if (has_keyless(topic, batch, header, produce->call, response)) {
        error = KAFKA_INVALID_RECORD;
        message = "One or more records have been rejected due to validation failures.";
    }
    if (error != KAFKA_NONE)
        part_fail(produce, response, error, message);
    return error == KAFKA_NONE;
}

// --- appending

// The batch where it was received, unless it would keep much more memory alive than it has: of many in one frame, each
// is copied.
static struct slice slice_of_batch(const struct kafka_call *call, bytes_t batch)
{
    struct buf *buf = call->frame.buf;
    if (batch.size < buf->capacity / 4) {
        struct buf *copy = buf_copy(batch);
        return (struct slice){ copy, bytes_of(copy->data, batch.size) };
    }
    return slice_of(buf, (size_t)(batch.data - buf->data), batch.size);
}

static enum append_ack ack_of(const struct kafka_call *call)
{
    const struct kafka_produce_request *request = call->request;
    bool is_weak =
        request->acks == 0 || (request->acks == 1 && call->door->options->acks_one == KAFKA_ACKS_ONE_WRITTEN);
    return is_weak ? APPEND_WRITTEN : APPEND_FLUSHED;
}

static void produce_partition(struct produce *produce, const struct topic *topic, int16_t error,
                              const struct kafka_partition_produce_data *data,
                              struct kafka_partition_produce_response *response)
{
    struct batch_header header;
    response->index = data->index;
    counter_add(&produce->call->door->metrics.produce_requests, 1);
    if (error == KAFKA_NONE && (data->index < 0 || data->index >= topic->partition_count))
        error = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (error != KAFKA_NONE) {
        part_fail(produce, response, error, NULL);
        return;
    }
    if (!part_check(produce, topic, data->records.bytes, &header, response))
        return;
    struct produce_part *part = &produce->parts[produce->part_count++];
    *part = (struct produce_part){
        .produce = produce,
        .response = response,
        .topic = topic_ref(topic),
        .record_count = header.record_count,
        .size = data->records.bytes.size,
    };
    part->append.op.partition = topic->partitions[data->index];
    part->append.op.on_done = on_appended;
    part->append.batch = slice_of_batch(produce->call, data->records.bytes);
    part->append.ack = ack_of(produce->call);
    produce->pending++;
    log_append(&part->append);
}

// What is wrong with all partitions of a topic at once.
static int16_t topic_error(const struct kafka_call *call, const struct topic *topic)
{
    const struct kafka_produce_request *request = call->request;
    if (call->version < call->api->min)
        return KAFKA_UNSUPPORTED_VERSION;
    if (request->acks < -1 || request->acks > 1)
        return KAFKA_INVALID_REQUIRED_ACKS;
    if (request->transactional_id.data != NULL)
        return KAFKA_INVALID_TXN_STATE;
    if (topic == NULL)
        return kafka_unknown_topic_error(call->version >= FIRST_VERSION_BY_ID);
    return topic->internal ? KAFKA_INVALID_TOPIC_EXCEPTION : KAFKA_NONE;
}

static void produce_topic(struct produce *produce, const struct kafka_topic_produce_data *data,
                          struct kafka_topic_produce_response *response)
{
    struct kafka_call *call = produce->call;
    bool by_id = call->version >= FIRST_VERSION_BY_ID;
    const struct topic *topic = kafka_door_topic(call->door, by_id, data->name, &data->topic_id);
    int16_t error = topic_error(call, topic);
    int32_t count = data->partition_data.count;
    response->name = data->name;
    response->topic_id = data->topic_id;
    response->partition_responses.items = kafka_new(&partition_produce_response_schema, (size_t)count, &call->arena);
    response->partition_responses.count = count;
    for (int32_t i = 0; i < count; i++)
        produce_partition(produce, topic, error, &data->partition_data.items[i],
                          &response->partition_responses.items[i]);
}

static void handle(struct kafka_call *call)
{
    const struct kafka_produce_request *request = call->request;
    struct kafka_produce_response *response = call->response;
    int32_t count = request->topic_data.count;
    size_t part_count = 0;
    for (int32_t i = 0; i < count; i++)
        part_count += (size_t)request->topic_data.items[i].partition_data.count;
    struct produce *produce = mem_zalloc(1, sizeof(*produce));
    produce->call = call;
    produce->parts = mem_zalloc(part_count + 1, sizeof(struct produce_part));
    produce->pending = 1;
    response->responses.items = kafka_new(&topic_produce_response_schema, (size_t)count, &call->arena);
    response->responses.count = count;
    for (int32_t i = 0; i < count; i++)
        produce_topic(produce, &request->topic_data.items[i], &response->responses.items[i]);
    produce_release(produce);
}

const struct kafka_api kafka_produce_api = {
    .key = 0,
    .name = "Produce",
    .min = 3,
    .max = 13,
    .advertised_min = 0,
    .flexible_from = 9,
    .request = &produce_request_schema,
    .overlaps = true,
    .response = &produce_response_schema,
    .handle = handle,
};
