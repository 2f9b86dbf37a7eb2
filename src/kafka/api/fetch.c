// SPDX-License-Identifier: Apache-2.0
#include "kafka/api/fetch.h"

#include "base/assert.h"
#include "base/compress.h"
#include "base/mem.h"
#include "kafka/api.h"
#include "kafka/door.h"
#include "store/log.h"
#include "store/store.h"

#include <stdlib.h>

#define FIRST_VERSION_SESSION 7
#define FIRST_VERSION_ZSTD    10
#define FIRST_VERSION_BY_ID   13

// clang-format off
#define ROW struct kafka_replica_state
static const struct kafka_field replica_state_fields[] = {
    /* name           type         min max  null   tag   default place */
    { "ReplicaId",    KAFKA_INT32, 15, ANY, NEVER, NONE, -1,     AT(replica_id) },
    { "ReplicaEpoch", KAFKA_INT64, 15, ANY, NEVER, NONE, -1,     AT(replica_epoch) },
};
static KAFKA_SCHEMA(replica_state, "ReplicaState");
#undef ROW

#define ROW struct kafka_fetch_partition
static const struct kafka_field fetch_partition_fields[] = {
    /* name                 type         min max  null   tag   default    place */
    { "Partition",          KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,         AT(partition) },
    { "CurrentLeaderEpoch", KAFKA_INT32, 9,  ANY, NEVER, NONE, -1,        AT(current_leader_epoch) },
    { "FetchOffset",        KAFKA_INT64, 0,  ANY, NEVER, NONE, 0,         AT(fetch_offset) },
    { "LastFetchedEpoch",   KAFKA_INT32, 12, ANY, NEVER, NONE, -1,        AT(last_fetched_epoch) },
    { "LogStartOffset",     KAFKA_INT64, 5,  ANY, NEVER, NONE, -1,        AT(log_start_offset) },
    { "PartitionMaxBytes",  KAFKA_INT32, 0,  ANY, NEVER, NONE, 0,         AT(partition_max_bytes) },
    { "ReplicaDirectoryId", KAFKA_UUID,  17, ANY, NEVER, 0,    0,         AT(replica_directory_id) },
    { "HighWatermark",      KAFKA_INT64, 18, ANY, NEVER, 1,    INT64_MAX, AT(high_watermark) },
};
static KAFKA_SCHEMA(fetch_partition, "FetchPartition");
#undef ROW

#define ROW struct kafka_fetch_topic
static const struct kafka_field fetch_topic_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, fetch_partition_schema) },
};
static KAFKA_SCHEMA(fetch_topic, "FetchTopic");
#undef ROW

#define ROW struct kafka_forgotten_topic
static const struct kafka_field forgotten_topic_fields[] = {
    /* name         type                       min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,              7,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_INT32, 7,  ANY, NEVER, NONE, 0,      AT(partitions) },
};
static KAFKA_SCHEMA(forgotten_topic, "ForgottenTopic");
#undef ROW

#define ROW struct kafka_fetch_request
static const struct kafka_field fetch_request_fields[] = {
    /* name                  type                        min max  null   tag   default    place */
    { "ClusterId",           KAFKA_STRING,               12, ANY, 12,    0,    0,         AT(cluster_id) },
    { "ReplicaId",           KAFKA_INT32,                0,  14,  NEVER, NONE, -1,        AT(replica_id) },
    { "ReplicaState",        KAFKA_STRUCT,               15, ANY, NEVER, 1,    0,         AT_STRUCT(replica_state, replica_state_schema) },
    { "MaxWaitMs",           KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(max_wait_ms) },
    { "MinBytes",            KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,         AT(min_bytes) },
    { "MaxBytes",            KAFKA_INT32,                3,  ANY, NEVER, NONE, INT32_MAX, AT(max_bytes) },
    { "IsolationLevel",      KAFKA_INT8,                 4,  ANY, NEVER, NONE, 0,         AT(isolation_level) },
    { "SessionId",           KAFKA_INT32,                7,  ANY, NEVER, NONE, 0,         AT(session_id) },
    { "SessionEpoch",        KAFKA_INT32,                7,  ANY, NEVER, NONE, -1,        AT(session_epoch) },
    { "Topics",              KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,         AT_STRUCT(topics, fetch_topic_schema) },
    { "ForgottenTopicsData", KAFKA_ARRAY | KAFKA_STRUCT, 7,  ANY, NEVER, NONE, 0,         AT_STRUCT(forgotten_topics_data, forgotten_topic_schema) },
    { "RackId",              KAFKA_STRING,               11, ANY, NEVER, NONE, 0,         AT(rack_id) },
};
static KAFKA_SCHEMA(fetch_request, "FetchRequest");
#undef ROW

#define ROW struct kafka_epoch_end_offset
static const struct kafka_field epoch_end_offset_fields[] = {
    /* name        type         min max  null   tag   default place */
    { "Epoch",     KAFKA_INT32, 12, ANY, NEVER, NONE, -1,     AT(epoch) },
    { "EndOffset", KAFKA_INT64, 12, ANY, NEVER, NONE, -1,     AT(end_offset) },
};
static KAFKA_SCHEMA(epoch_end_offset, "EpochEndOffset");
#undef ROW

#define ROW struct kafka_snapshot_id
static const struct kafka_field snapshot_id_fields[] = {
    /* name        type         min max  null   tag   default place */
    { "EndOffset", KAFKA_INT64, 0,  ANY, NEVER, NONE, -1,     AT(end_offset) },
    { "Epoch",     KAFKA_INT32, 0,  ANY, NEVER, NONE, -1,     AT(epoch) },
};
static KAFKA_SCHEMA(snapshot_id, "SnapshotId");
#undef ROW

#define ROW struct kafka_aborted_transaction
static const struct kafka_field aborted_transaction_fields[] = {
    /* name          type         min max  null   tag   default place */
    { "ProducerId",  KAFKA_INT64, 4,  ANY, NEVER, NONE, 0,      AT(producer_id) },
    { "FirstOffset", KAFKA_INT64, 4,  ANY, NEVER, NONE, 0,      AT(first_offset) },
};
static KAFKA_SCHEMA(aborted_transaction, "AbortedTransaction");
#undef ROW

#define ROW struct kafka_partition_data
static const struct kafka_field partition_data_fields[] = {
    /* name                   type                        min max  null   tag   default place */
    { "PartitionIndex",       KAFKA_INT32,                0,  ANY, NEVER, NONE, 0,      AT(partition_index) },
    { "ErrorCode",            KAFKA_INT16,                0,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "HighWatermark",        KAFKA_INT64,                0,  ANY, NEVER, NONE, 0,      AT(high_watermark) },
    { "LastStableOffset",     KAFKA_INT64,                4,  ANY, NEVER, NONE, -1,     AT(last_stable_offset) },
    { "LogStartOffset",       KAFKA_INT64,                5,  ANY, NEVER, NONE, -1,     AT(log_start_offset) },
    { "DivergingEpoch",       KAFKA_STRUCT,               12, ANY, NEVER, 0,    0,      AT_STRUCT(diverging_epoch, epoch_end_offset_schema) },
    { "CurrentLeader",        KAFKA_STRUCT,               12, ANY, NEVER, 1,    0,      AT_STRUCT(current_leader, kafka_leader_id_and_epoch_schema) },
    { "SnapshotId",           KAFKA_STRUCT,               12, ANY, NEVER, 2,    0,      AT_STRUCT(snapshot_id, snapshot_id_schema) },
    { "AbortedTransactions",  KAFKA_ARRAY | KAFKA_STRUCT, 4,  ANY, 4,     NONE, 0,      AT_STRUCT(aborted_transactions, aborted_transaction_schema) },
    { "PreferredReadReplica", KAFKA_INT32,                11, ANY, NEVER, NONE, -1,     AT(preferred_read_replica) },
    { "Records",              KAFKA_RECORDS,              0,  ANY, 0,     NONE, 0,      AT(records) },
};
static KAFKA_SCHEMA(partition_data, "PartitionData");
#undef ROW

#define ROW struct kafka_fetchable_topic_response
static const struct kafka_field fetchable_topic_response_fields[] = {
    /* name         type                        min max  null   tag   default place */
    { "Topic",      KAFKA_STRING,               0,  12,  NEVER, NONE, 0,      AT(topic) },
    { "TopicId",    KAFKA_UUID,                 13, ANY, NEVER, NONE, 0,      AT(topic_id) },
    { "Partitions", KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(partitions, partition_data_schema) },
};
static KAFKA_SCHEMA(fetchable_topic_response, "FetchableTopicResponse");
#undef ROW

#define ROW struct kafka_fetch_response
static const struct kafka_field fetch_response_fields[] = {
    /* name             type                        min max  null   tag   default place */
    { "ThrottleTimeMs", KAFKA_INT32,                1,  ANY, NEVER, NONE, 0,      AT(throttle_time_ms) },
    { "ErrorCode",      KAFKA_INT16,                7,  ANY, NEVER, NONE, 0,      AT(error_code) },
    { "SessionId",      KAFKA_INT32,                7,  ANY, NEVER, NONE, 0,      AT(session_id) },
    { "Responses",      KAFKA_ARRAY | KAFKA_STRUCT, 0,  ANY, NEVER, NONE, 0,      AT_STRUCT(responses, fetchable_topic_response_schema) },
    { "NodeEndpoints",  KAFKA_ARRAY | KAFKA_STRUCT, 16, ANY, NEVER, 0,    0,      AT_STRUCT(node_endpoints, kafka_node_endpoint_schema) },
};
static KAFKA_SCHEMA(fetch_response, "FetchResponse");
#undef ROW
// clang-format on

// --- what one request reads

struct fetch_part {
    struct fetch *fetch;
    bytes_t name;
    struct kafka_uuid id;
    int32_t partition;
    int64_t offset;
    int32_t last_epoch; // of the last record that the client has; -1: it does not say
    size_t max_size;
    const struct topic *topic; // one reference; NULL with an error
    int16_t error;
    bool is_due;   // to be read
    bool is_known; // the offsets are those of a read
    bool is_retried;
    struct wait_op wait;
    bool is_waiting, is_cancelled;
    // What was read.
    struct slice *slices;
    size_t slice_count, size;
    int64_t high_watermark, last_stable_offset, log_start_offset;
    struct kafka_epoch_end_offset diverging; // -1: the client's log is a part of ours
};

struct fetch_read {
    struct read_op op;
    struct fetch_part *part;
};

struct fetch_peek {
    struct stat_op op;
    struct fetch_part *part;
};

struct fetch {
    struct kafka_call *call;
    struct kafka_fetch_session *session;
    bool is_incremental;
    struct fetch_part *parts;
    size_t count;
    size_t size, max_size; // read so far, and the most to answer
    size_t reading, waiting;
    bool is_over; // time is up, or nobody waits any more
    struct timer timer;
    struct deferred wake;
};

static void fetch_go_on(struct fetch *fetch);

static void part_drop(struct fetch_part *part)
{
    for (size_t i = 0; i < part->slice_count; i++)
        slice_free(&part->slices[i]);
    free(part->slices);
    part->fetch->size -= part->size;
    part->slices = NULL;
    part->slice_count = part->size = 0;
}

static void part_fail(struct fetch_part *part, int16_t error)
{
    part_drop(part);
    part->error = error;
    part->is_due = false;
    part->high_watermark = part->last_stable_offset = part->log_start_offset = -1;
}

// --- reading

// ERR_CLOSED: the topic was deleted meanwhile.
static int16_t part_error_of(const struct fetch_part *part, err_t err)
{
    bool by_id = part->fetch->call->version >= FIRST_VERSION_BY_ID;
    return err == ERR_CLOSED ? kafka_unknown_topic_error(by_id) : kafka_error_of(err);
}

static void part_take(struct fetch_part *part, struct read_op *op)
{
    struct fetch *fetch = part->fetch;
    part->high_watermark = op->high_watermark;
    part->last_stable_offset = op->last_stable_offset;
    part->log_start_offset = op->log_start_offset;
    part->is_known = true;
    if (op->op.err != ERR_OK) {
        part_fail(part, part_error_of(part, op->op.err));
        return;
    }
    if (op->slice_count == 0)
        return;
    part->slices = mem_alloc(op->slice_count * sizeof(struct slice));
    memcpy(part->slices, op->slices, op->slice_count * sizeof(struct slice));
    part->slice_count = op->slice_count;
    part->size = op->size;
    fetch->size += op->size;
}

static void on_read(struct log_op *op)
{
    struct fetch_read *read = CONTAINER_OF(op, struct fetch_read, op.op);
    struct fetch *fetch = read->part->fetch;
    part_take(read->part, &read->op);
    free(read);
    fetch->reading--;
    if (fetch->reading == 0)
        fetch_go_on(fetch);
}

static void part_read(struct fetch_part *part, size_t max_size, bool at_least_one)
{
    struct fetch_read *read = mem_zalloc(1, sizeof(*read));
    read->part = part;
    read->op.op.partition = part->topic->partitions[part->partition];
    read->op.op.on_done = on_read;
    read->op.offset = part->offset;
    read->op.max_size = max_size;
    read->op.at_least_one = at_least_one;
    read->op.current_leader_epoch = -1; // compared before
    part->fetch->reading++;
    counter_add(&part->fetch->call->door->metrics.fetch_requests, 1);
    log_read(&read->op);
}

// KIP-595: where the epoch of the client's last record ends here, as Kafka's leader counts it: the present epoch ends
// at the end of the log, one that is older than all that is left where the log begins, and a future one nowhere.
static struct kafka_epoch_end_offset epoch_end(const struct fetch_part *part, const struct stat_op *op)
{
    int32_t present = store_leader_epoch(part->fetch->call->door->store);
    if (part->last_epoch == present)
        return (struct kafka_epoch_end_offset){ present, op->log_end_offset };
    if (part->last_epoch > present)
        return (struct kafka_epoch_end_offset){ -1, -1 };
    if (op->found_epoch < 0)
        return (struct kafka_epoch_end_offset){ part->last_epoch, op->log_start_offset };
    return (struct kafka_epoch_end_offset){ op->found_epoch, op->epoch_end_offset };
}

static void part_compare(struct fetch_part *part, const struct stat_op *op)
{
    struct kafka_epoch_end_offset end = { part->last_epoch, part->offset };
    if (part->last_epoch >= 0)
        end = epoch_end(part, op);
    if (end.epoch < part->last_epoch && end.end_offset < 0)
        part_fail(part, KAFKA_OFFSET_OUT_OF_RANGE);
    else if (part->offset < part->log_start_offset)
        part_fail(part, KAFKA_OFFSET_OUT_OF_RANGE);
    else if (end.epoch < part->last_epoch || end.end_offset < part->offset)
        part->diverging = end;
    else if (part->offset > part->high_watermark)
        part_fail(part, KAFKA_OFFSET_OUT_OF_RANGE);
}

// Transactions are not there yet: the last stable offset is the high watermark.
static void on_peek(struct log_op *op)
{
    struct fetch_peek *peek = CONTAINER_OF(op, struct fetch_peek, op.op);
    struct fetch_part *part = peek->part;
    struct fetch *fetch = part->fetch;
    part->high_watermark = part->last_stable_offset = peek->op.high_watermark;
    part->log_start_offset = peek->op.log_start_offset;
    part->is_known = true;
    if (op->err != ERR_OK)
        part_fail(part, part_error_of(part, op->err));
    else
        part_compare(part, &peek->op);
    free(peek);
    fetch->reading--;
    if (fetch->reading == 0)
        fetch_go_on(fetch);
}

// The offsets alone, which costs no disk.
static void part_peek(struct fetch_part *part)
{
    struct fetch_peek *peek = mem_zalloc(1, sizeof(*peek));
    peek->part = part;
    peek->op.op.partition = part->topic->partitions[part->partition];
    peek->op.op.on_done = on_peek;
    peek->op.epoch = part->last_epoch;
    part->fetch->reading++;
    log_stat(&peek->op);
}

static bool part_has_more(const struct fetch_part *part)
{
    return part->error == KAFKA_NONE && part->diverging.epoch < 0 && part->size == 0 && part->is_known &&
           part->offset < part->high_watermark;
}

// Asks for what is due. When the partitions' limits together exceed the answer's, the offsets are asked for first, so
// that only partitions with data take a share; then they are read in order, as many at a time as fit. A client that
// names its last epoch is compared with the log before it gets anything.
static void fetch_read_due(struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->count; i++)
        if (fetch->parts[i].is_due && !fetch->parts[i].is_known)
            part_drop(&fetch->parts[i]); // read before, and woken since
    size_t wanted = 0, left = fetch->size < fetch->max_size ? fetch->max_size - fetch->size : 0;
    bool is_peek = false;
    for (size_t i = 0; i < fetch->count; i++)
        wanted += fetch->parts[i].is_due ? fetch->parts[i].max_size : 0;
    for (size_t i = 0; i < fetch->count; i++)
        is_peek |=
            fetch->parts[i].is_due && !fetch->parts[i].is_known && (wanted > left || fetch->parts[i].last_epoch >= 0);
    bool is_first = fetch->size == 0;
    for (size_t i = 0; i < fetch->count; i++) {
        struct fetch_part *part = &fetch->parts[i];
        if (!part->is_due || (is_peek && part->is_known))
            continue;
        if (is_peek) {
            part_peek(part);
        } else if (!part->is_known || part_has_more(part)) {
            if (left == 0)
                break;
            size_t size = part->max_size < left ? part->max_size : left;
            left -= size;
            part->is_due = false;
            part_read(part, size, is_first);
            is_first = false;
        } else {
            part->is_due = false;
        }
    }
}

// The first batch of an answer is given even when it is larger than every limit (KIP-74). Only the first partition of a
// round was read so; if that one was empty, another one's batch may have been too large for its limit.
static bool fetch_retry_too_large(struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->count && fetch->size == 0; i++) {
        struct fetch_part *part = &fetch->parts[i];
        if (!part_has_more(part) || part->is_retried)
            continue;
        part->is_due = false;
        part->is_retried = true;
        part_read(part, part->max_size < fetch->max_size ? part->max_size : fetch->max_size, true);
        return true;
    }
    return false;
}

// --- answering

static void part_free(struct fetch_part *part)
{
    part_drop(part);
    topic_unref(part->topic);
}

// An incremental answer leaves out what the client knows already (KIP-227).
static bool part_is_news(const struct fetch *fetch, struct fetch_part *part)
{
    if (fetch->session == NULL)
        return true;
    struct kafka_fetch_slot *slot = kafka_fetch_session_find(fetch->session, part->name, &part->id, part->partition);
    if (slot == NULL)
        return !fetch->is_incremental;
    bool is_news = part->size > 0 || part->error != KAFKA_NONE || part->diverging.epoch >= 0 ||
                   slot->sent_high_watermark != part->high_watermark || slot->sent_log_start != part->log_start_offset;
    slot->sent_high_watermark = part->error == KAFKA_NONE ? part->high_watermark : -1;
    slot->sent_log_start = part->log_start_offset;
    if (part->size > 0)
        kafka_fetch_session_served(fetch->session, slot);
    return is_news || !fetch->is_incremental;
}

static void part_answer(const struct fetch_part *part, bool is_committed, struct kafka_partition_data *data)
{
    data->partition_index = part->partition;
    data->error_code = part->error;
    data->high_watermark = part->high_watermark;
    data->last_stable_offset = part->last_stable_offset;
    data->log_start_offset = part->log_start_offset;
    data->diverging_epoch = part->diverging;
    data->aborted_transactions.count = is_committed ? 0 : KAFKA_NULL_ARRAY;
    data->records = (struct kafka_records){ BYTES_LITERAL(""), part->slices, part->slice_count };
}

static void fetch_answer(struct fetch *fetch)
{
    struct kafka_call *call = fetch->call;
    const struct kafka_fetch_request *request = call->request;
    struct kafka_fetch_response *response = call->response;
    struct kafka_partition_data *data = kafka_new(&partition_data_schema, fetch->count, &call->arena);
    response->responses.items = kafka_new(&fetchable_topic_response_schema, fetch->count, &call->arena);
    counter_add(&call->door->metrics.bytes_out, fetch->size);
    struct kafka_fetchable_topic_response *topic = NULL;
    for (size_t i = 0; i < fetch->count; i++) {
        struct fetch_part *part = &fetch->parts[i];
        if (part->error != KAFKA_NONE)
            counter_add(&call->door->metrics.failed_fetch_requests, 1);
        if (!part_is_news(fetch, part))
            continue;
        if (topic == NULL || !bytes_equal(topic->topic, part->name) ||
            memcmp(&topic->topic_id, &part->id, sizeof(part->id)) != 0) {
            topic = &response->responses.items[response->responses.count++];
            topic->topic = part->name;
            topic->topic_id = part->id;
            topic->partitions.items = data;
        }
        part_answer(part, request->isolation_level > 0, data++);
        topic->partitions.count++;
    }
    if (fetch->session != NULL && list_linked(&fetch->session->node))
        response->session_id = fetch->session->id;
}

static void fetch_finish(struct fetch *fetch)
{
    timer_stop(&fetch->timer);
    loop_defer_cancel(fetch->call->door->loop, &fetch->wake);
    fetch_answer(fetch);
    kafka_call_reply(fetch->call); // takes references to the slices
    for (size_t i = 0; i < fetch->count; i++)
        part_free(&fetch->parts[i]);
    kafka_fetch_session_unref(fetch->session);
    free(fetch->parts);
    free(fetch);
}

// --- waiting

static bool fetch_is_enough(const struct fetch *fetch)
{
    const struct kafka_fetch_request *request = fetch->call->request;
    if (fetch->is_over || fetch->count == 0 || request->max_wait_ms <= 0)
        return true;
    for (size_t i = 0; i < fetch->count; i++)
        if (fetch->parts[i].error != KAFKA_NONE || fetch->parts[i].diverging.epoch >= 0)
            return true;
    return request->min_bytes <= 0 || fetch->size >= (size_t)request->min_bytes || fetch->size >= fetch->max_size;
}

static void on_wait(struct log_op *op)
{
    struct wait_op *wait = CONTAINER_OF(op, struct wait_op, op);
    struct fetch_part *part = CONTAINER_OF(wait, struct fetch_part, wait);
    struct fetch *fetch = part->fetch;
    part->is_waiting = false;
    fetch->waiting--;
    if (op->err == ERR_OK) {
        part->is_due = true;
        part->is_known = false;
    } else if (op->err != ERR_CANCELLED) {
        part_fail(part, part_error_of(part, op->err));
    }
    loop_defer(fetch->call->door->loop, &fetch->wake);
}

static void fetch_wait(struct fetch *fetch)
{
    const struct kafka_fetch_request *request = fetch->call->request;
    for (size_t i = 0; i < fetch->count; i++) {
        struct fetch_part *part = &fetch->parts[i];
        if (part->is_waiting)
            continue;
        part->wait =
            (struct wait_op){ .op = { .partition = part->topic->partitions[part->partition], .on_done = on_wait },
                              .offset = part->high_watermark };
        part->is_waiting = true;
        fetch->waiting++;
        log_wait(&part->wait);
    }
    if (!timer_active(&fetch->timer))
        timer_start(&fetch->timer, request->max_wait_ms);
}

// One step, whenever nothing is being read: read what is due, else answer, else wait. The answer leaves when the waits
// are back.
static void fetch_go_on(struct fetch *fetch)
{
    if (fetch->reading > 0)
        return;
    if (!fetch->is_over)
        fetch_read_due(fetch);
    if (fetch->reading > 0 || (!fetch->is_over && fetch_retry_too_large(fetch)))
        return;
    if (!fetch_is_enough(fetch)) {
        fetch_wait(fetch);
        return;
    }
    fetch->is_over = true;
    if (fetch->waiting == 0) {
        fetch_finish(fetch);
        return;
    }
    for (size_t i = 0; i < fetch->count; i++) {
        struct fetch_part *part = &fetch->parts[i];
        if (part->is_waiting && !part->is_cancelled)
            log_wait_cancel(&part->wait);
        part->is_cancelled = true;
    }
}

static void on_wake(struct deferred *deferred)
{
    fetch_go_on(CONTAINER_OF(deferred, struct fetch, wake));
}

static void on_time(struct timer *timer)
{
    struct fetch *fetch = CONTAINER_OF(timer, struct fetch, timer);
    fetch->is_over = true;
    fetch_go_on(fetch);
}

static void on_cancel(struct kafka_call *call)
{
    struct fetch *fetch = call->state;
    struct kafka_fetch_request *request = call->request;
    request->max_wait_ms = 0; // what is there is still read and answered
    loop_defer(call->door->loop, &fetch->wake);
}

// --- the start

static void fetch_add(struct fetch *fetch, const struct fetch_part *asked, int32_t leader_epoch)
{
    struct kafka_door *door = fetch->call->door;
    bool by_id = fetch->call->version >= FIRST_VERSION_BY_ID;
    struct fetch_part *part = &fetch->parts[fetch->count++];
    *part = *asked;
    part->fetch = fetch;
    part->diverging = (struct kafka_epoch_end_offset){ -1, -1 };
    const struct topic *topic = kafka_door_topic(door, by_id, part->name, &part->id);
    int16_t error = kafka_door_epoch_error(door, leader_epoch);
    if (topic == NULL)
        error = kafka_unknown_topic_error(by_id);
    else if (part->partition < 0 || part->partition >= topic->partition_count)
        error = KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    else if (error == KAFKA_NONE && part->offset < 0)
        error = KAFKA_OFFSET_OUT_OF_RANGE;
    else if (error == KAFKA_NONE && topic->config.compression == CODEC_ZSTD &&
             fetch->call->version < FIRST_VERSION_ZSTD)
        error = KAFKA_UNSUPPORTED_COMPRESSION_TYPE; // what the topic is set to counts, not the batches, as in Kafka
    if (error != KAFKA_NONE) {
        part_fail(part, error);
        return;
    }
    part->topic = topic_ref(topic);
    part->is_due = true;
}

static void fetch_add_request(struct fetch *fetch, const struct kafka_fetch_request *request)
{
    for (int32_t i = 0; i < request->topics.count; i++) {
        const struct kafka_fetch_topic *topic = &request->topics.items[i];
        for (int32_t j = 0; j < topic->partitions.count; j++) {
            const struct kafka_fetch_partition *p = &topic->partitions.items[j];
            struct fetch_part part = { .name = topic->topic,
                                       .id = topic->topic_id,
                                       .partition = p->partition,
                                       .offset = p->fetch_offset,
                                       .last_epoch = p->last_fetched_epoch,
                                       .max_size = p->partition_max_bytes < 0 ? 0 : (size_t)p->partition_max_bytes };
            fetch_add(fetch, &part, p->current_leader_epoch);
        }
    }
}

// Names are copied: the session may change while its request waits.
static void fetch_add_session(struct fetch *fetch, const struct kafka_fetch_session *session)
{
    LIST_EACH(&session->order, node)
    {
        const struct kafka_fetch_slot *slot = LIST_ITEM(node, struct kafka_fetch_slot, node);
        struct fetch_part part = { .name = arena_copy(&fetch->call->arena, slot->name),
                                   .id = slot->id,
                                   .partition = slot->partition,
                                   .offset = slot->offset,
                                   .last_epoch = slot->last_fetched_epoch,
                                   .max_size = slot->max_size < 0 ? 0 : (size_t)slot->max_size };
        fetch_add(fetch, &part, slot->leader_epoch);
    }
}

static size_t request_partitions(const struct kafka_fetch_request *request)
{
    size_t count = 0;
    for (int32_t i = 0; i < request->topics.count; i++)
        count += (size_t)request->topics.items[i].partitions.count;
    return count;
}

static void handle(struct kafka_call *call)
{
    const struct kafka_fetch_request *request = call->request;
    struct kafka_fetch_response *response = call->response;
    struct kafka_door *door = call->door;
    struct kafka_fetch_session *session = NULL;
    bool is_incremental = false;
    if (call->version >= FIRST_VERSION_SESSION)
        response->error_code = kafka_fetch_cache_take(&door->fetch_cache, request, call->version >= FIRST_VERSION_BY_ID,
                                                      loop_now_ms(door->loop), &session, &is_incremental);
    if (response->error_code != KAFKA_NONE) {
        kafka_call_reply(call);
        return;
    }
    size_t max_size = request->max_bytes < 0 ? 0 : (size_t)request->max_bytes;
    struct fetch *fetch = mem_zalloc(1, sizeof(*fetch));
    fetch->call = call;
    fetch->session = session;
    fetch->is_incremental = is_incremental;
    fetch->max_size =
        max_size < (size_t)door->options->fetch_max_size ? max_size : (size_t)door->options->fetch_max_size;
    fetch->wake.on_turn_end = on_wake;
    timer_init(&fetch->timer, door->loop, on_time);
    size_t count = is_incremental ? session->slots.count : request_partitions(request);
    fetch->parts = mem_zalloc(count + 1, sizeof(struct fetch_part));
    if (is_incremental)
        fetch_add_session(fetch, session);
    else
        fetch_add_request(fetch, request);
    call->state = fetch;
    call->on_cancel = on_cancel;
    fetch_go_on(fetch);
}

const struct kafka_api kafka_fetch_api = {
    .key = 1,
    .name = "Fetch",
    .min = 4,
    .max = 18,
    .advertised_min = 4,
    .flexible_from = 12,
    .request = &fetch_request_schema,
    .response = &fetch_response_schema,
    .handle = handle,
};
