// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/describe_log_dirs.h"

#include "io/disk.h"
#include "io/file.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "kafka/gather.h"
#include "store/log.h"
#include "store/store.h"

// clang-format off
#define ROW struct kafka_describable_log_dir_topic
static const struct kafka_field describable_log_dir_topic_fields[] = {
    /* name         type                       min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,              0,  ANY, NEVER, NONE, 0,      AT(topic) },
    { "Partitions", KAFKA_ARRAY | KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partitions) },
};
static KAFKA_SCHEMA(describable_log_dir_topic, "DescribableLogDirTopic");
#undef ROW

#define ROW struct kafka_describe_log_dirs_request
static const struct kafka_field describe_log_dirs_request_fields[] = {
    /* name     type                        min max  null tag   default place */
    { "Topics", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, 0,   NONE, 0,      AT_STRUCT(topics, describable_log_dir_topic_schema) },
};
static KAFKA_SCHEMA(describe_log_dirs_request, "DescribeLogDirsRequest");
#undef ROW

#define ROW struct kafka_describe_log_dirs_partition
static const struct kafka_field describe_log_dirs_partition_fields[] = {
    /* name             type         min max  null   tag   default place */
    { "PartitionIndex", KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "PartitionSize",  KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(partition_size) },
    { "OffsetLag",      KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,      AT(offset_lag) },
    { "IsFutureKey",    KAFKA_BOOL,  0,  ANY, NEVER, NONE, 0,      AT(is_future_key) },
};
static KAFKA_SCHEMA(describe_log_dirs_partition, "DescribeLogDirsPartition");
#undef ROW

#define ROW struct kafka_describe_log_dirs_topic
static const struct kafka_field describe_log_dirs_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Name",       KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(name) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, describe_log_dirs_partition_schema) },
};
static KAFKA_SCHEMA(describe_log_dirs_topic, "DescribeLogDirsTopic");
#undef ROW

#define ROW struct kafka_describe_log_dirs_result
static const struct kafka_field describe_log_dirs_result_fields[] = {
    /* name          type                        min max  null   tag   default place */
    { "ErrorCode",   KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "LogDir",      KAFKA_STRING,               0,  ANY, NEVER, NONE, 0,      AT(log_dir) },
    { "Topics",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(topics, describe_log_dirs_topic_schema) },
    { "TotalBytes",  KAFKA_INT64,                4,  ANY, NEVER, NONE, -1,     AT(total_bytes) },
    { "UsableBytes", KAFKA_INT64,                4,  ANY, NEVER, NONE, -1,     AT(usable_bytes) },
    { "IsCordoned",  KAFKA_BOOL,                 5,  ANY, NEVER, NONE, 0,      AT(is_cordoned) },
};
static KAFKA_SCHEMA(describe_log_dirs_result, "DescribeLogDirsResult");
#undef ROW

#define ROW struct kafka_describe_log_dirs_response
static const struct kafka_field describe_log_dirs_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                3,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "Results",        KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(results, describe_log_dirs_result_schema) },
};
static KAFKA_SCHEMA(describe_log_dirs_response, "DescribeLogDirsResponse");
#undef ROW
// clang-format on

struct size_look_up {
    struct kafka_gathered gathered;
    struct stat_op op;
    const struct topic *topic; // one reference
    struct kafka_describe_log_dirs_partition *row;
};

// How large the volume is, asked for on a disk thread.
struct volume_look_up {
    struct kafka_gathered gathered;
    struct disk_job job;
    const char *folder;
    struct kafka_describe_log_dirs_result *result;
    err_t err;
    uint64_t free, total;
};

static void volume_run(struct disk_job *job)
{
    struct volume_look_up *look_up = CONTAINER_OF(job, struct volume_look_up, job);
    look_up->err = dir_space(look_up->folder, &look_up->free, &look_up->total);
}

static void volume_on_done(struct disk_job *job)
{
    struct volume_look_up *look_up = CONTAINER_OF(job, struct volume_look_up, job);
    look_up->result->error_code = kafka_error_of(look_up->err);
    if (look_up->err == ERR_OK) {
        look_up->result->total_bytes = (int64_t)look_up->total;
        look_up->result->usable_bytes = (int64_t)look_up->free;
    }
    kafka_gather_release(look_up->gathered.gather);
}

static void on_stat(struct log_op *op)
{
    struct size_look_up *look_up = CONTAINER_OF(op, struct size_look_up, op.op);
    if (op->err == ERR_OK) {
        look_up->row->partition_size = (int64_t)look_up->op.size;
        look_up->row->offset_lag = look_up->op.log_end_offset - look_up->op.high_watermark;
    }
    topic_unref(look_up->topic);
    kafka_gather_release(look_up->gathered.gather);
}

static void describe_partition(struct kafka_gather *gather, const struct topic *topic, int32_t index,
                               struct kafka_describe_log_dirs_topic *row)
{
    struct size_look_up *look_up = kafka_gather_add(gather, sizeof *look_up);
    look_up->row = &row->partitions.items[row->partitions.count++];
    look_up->row->partition_index = index;
    look_up->topic = topic_ref(topic);
    look_up->op.epoch = -1;
    look_up->op.op.partition = topic->partitions[index];
    look_up->op.op.on_done = on_stat;
    log_stat(&look_up->op);
}

static struct kafka_describe_log_dirs_topic *topic_row(struct kafka_gather *gather, const struct topic *topic,
                                                       size_t count, struct kafka_describe_log_dirs_result *result)
{
    struct kafka_describe_log_dirs_topic *row = &result->topics.items[result->topics.count++];
    row->name = arena_copy(&gather->call->arena, topic->name);
    row->partitions.items = kafka_new(&describe_log_dirs_partition_schema, count, &gather->call->arena);
    return row;
}

static void describe_all(struct kafka_gather *gather, struct kafka_describe_log_dirs_result *result)
{
    struct store *store = gather->call->door->store;
    const struct topic *topic = NULL;
    result->topics.items = kafka_new(&describe_log_dirs_topic_schema, topic_count(store), &gather->call->arena);
    while ((topic = topic_next(store, topic)) != NULL) {
        struct kafka_describe_log_dirs_topic *row = topic_row(gather, topic, (size_t)topic->partition_count, result);
        for (int32_t i = 0; i < topic->partition_count; i++)
            describe_partition(gather, topic, i, row);
    }
}

// What is not here is left out of the answer, as Kafka does.
static void describe_asked(struct kafka_gather *gather, struct kafka_describe_log_dirs_result *result)
{
    const struct kafka_describe_log_dirs_request *request = gather->call->request;
    size_t count = (size_t)request->topics.count;
    result->topics.items = kafka_new(&describe_log_dirs_topic_schema, count, &gather->call->arena);
    for (size_t i = 0; i < count; i++) {
        const struct kafka_describable_log_dir_topic *asked = &request->topics.items[i];
        const struct topic *topic = topic_find(gather->call->door->store, asked->topic);
        if (topic == NULL)
            continue;
        struct kafka_describe_log_dirs_topic *row = topic_row(gather, topic, (size_t)asked->partitions.count, result);
        for (int32_t j = 0; j < asked->partitions.count; j++) {
            int32_t index = asked->partitions.items[j];
            if (index >= 0 && index < topic->partition_count)
                describe_partition(gather, topic, index, row);
        }
    }
}

static void handle(struct kafka_call *call)
{
    const struct kafka_describe_log_dirs_request *request = call->request;
    struct kafka_describe_log_dirs_response *response = call->response;
    size_t named = 0;
    for (int32_t i = 0; i < request->topics.count; i++)
        named += 1 + (size_t)request->topics.items[i].partitions.count;
    if (kafka_call_names_too_many(call, named))
        return;
    struct kafka_gather *gather = kafka_gather_new(call);
    struct kafka_describe_log_dirs_result *result = kafka_new(&describe_log_dirs_result_schema, 1, &call->arena);
    response->results.items = result;
    response->results.count = 1;
    struct volume_look_up *volume = kafka_gather_add(gather, sizeof *volume);
    volume->folder = store_folder(call->door->store);
    volume->result = result;
    volume->job = (struct disk_job){ .loop = call->door->loop, .run = volume_run, .on_done = volume_on_done };
    result->log_dir = bytes_of_text(volume->folder);
    disk_submit(DISK_READ, &volume->job);
    if (request->topics.count < 0)
        describe_all(gather, result);
    else
        describe_asked(gather, result);
    kafka_gather_release(gather);
}

const struct kafka_api kafka_describe_log_dirs_api = {
    .key = 35,
    .name = "DescribeLogDirs",
    .min = 1,
    .max = 5,
    .advertised_min = 1,
    .flexible_from = 2,
    .request = &describe_log_dirs_request_schema,
    .response = &describe_log_dirs_response_schema,
    .handle = handle,
};
