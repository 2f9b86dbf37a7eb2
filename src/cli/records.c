// SPDX-License-Identifier: Apache-2.0
#include "cli/records.h"

#include "cli/cli.h"
#include "cli/offsets.h"
#include "kafka/api/fetch.h"
#include "kafka/api/produce.h"
#include "kafka/errors.h"

#include <stdio.h>

enum { FETCH_WAIT_MS = 500, FETCH_MAX_SIZE = 16 << 20, PARTITION_MAX_SIZE = 1 << 20, RECORDS_MAX_SIZE = 256 << 20 };

// --- reading

static bool is_before_end(const struct cli_reader *reader, size_t at)
{
    return reader->ends == NULL || reader->positions[at] < reader->ends[at];
}

static err_t batch_read(struct cli_reader *reader, size_t at, const struct batch_header *header, bytes_t batch)
{
    writer_reset(&reader->room);
    bytes_t records;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &reader->room, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (!reader->is_done && record_walk_next(&walk, &record)) {
        int64_t offset = record_offset(header, &record);
        if (offset >= reader->positions[at] && (reader->ends == NULL || offset < reader->ends[at]))
            reader->is_done = !reader->on_record(reader, at, header, &record);
    }
    return reader->is_done ? ERR_OK : walk.err;
}

static err_t fetch_fail(struct cli_reader *reader, size_t at, int16_t error)
{
    char where[300];
    snprintf(where, sizeof(where), "%.*s, partition %d, offset %lld", BYTES_ARG(reader->topic->name),
             reader->topic->partitions[at].number, (long long)reader->positions[at]);
    // It was there when we began.
    if (error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        error = KAFKA_UNKNOWN_TOPIC_ID;
    return cli_kafka_fail(reader->diag, where, error, BYTES_NULL);
}

static err_t partition_read(struct cli_reader *reader, size_t at, const struct kafka_partition_data *data)
{
    if (data->error_code != KAFKA_NONE)
        return fetch_fail(reader, at, data->error_code);
    struct batch_walk walk = batch_walk_of(data->records.bytes);
    struct batch_header header;
    bytes_t batch;
    while (!reader->is_done && batch_walk_next(&walk, &header, &batch)) {
        err_t err = (header.attributes & BATCH_CONTROL) != 0 ? ERR_OK : batch_read(reader, at, &header, batch);
        if (err != ERR_OK)
            return diag_fail(reader->diag, err, "fetch", "partition %d, batch at offset %lld: %s",
                             data->partition_index, (long long)header.base_offset, err_text(err));
        reader->positions[at] = batch_last_offset(&header) + 1;
        if (reader->ends != NULL && reader->positions[at] > reader->ends[at])
            reader->positions[at] = reader->ends[at]; // what came meanwhile was not shown
    }
    return ERR_OK;
}

static void take_fetched(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_reader *reader = owner;
    const struct kafka_fetch_response *response = answer;
    if (response->error_code != KAFKA_NONE)
        reader->err = cli_kafka_fail(reader->diag, "fetch", response->error_code, BYTES_NULL);
    for (int32_t t = 0; t < response->responses.count && reader->err == ERR_OK; t++) {
        for (int32_t p = 0; p < response->responses.items[t].partitions.count && reader->err == ERR_OK; p++) {
            const struct kafka_partition_data *data = &response->responses.items[t].partitions.items[p];
            for (size_t i = 0; i < reader->topic->partition_count; i++) {
                if (reader->topic->partitions[i].number == data->partition_index)
                    reader->err = partition_read(reader, i, data);
            }
        }
    }
}

// Asks one leader for its partitions; returns false when there are none left.
static bool leader_fetch(struct cli_reader *reader, int32_t leader, int32_t wait_ms,
                         struct kafka_fetch_partition *partitions)
{
    int32_t count = 0;
    for (size_t i = 0; i < reader->topic->partition_count; i++) {
        if (reader->topic->partitions[i].leader != leader || !is_before_end(reader, i))
            continue;
        partitions[count++] = (struct kafka_fetch_partition){
            .partition = reader->topic->partitions[i].number,
            .current_leader_epoch = -1,
            .fetch_offset = reader->positions[i],
            .last_fetched_epoch = -1,
            .log_start_offset = -1,
            .partition_max_bytes = PARTITION_MAX_SIZE,
            .high_watermark = INT64_MAX,
        };
    }
    if (count == 0)
        return false;
    struct kafka_fetch_topic topic = { .topic = reader->topic->name, .topic_id = reader->topic->id };
    topic.partitions.items = partitions;
    topic.partitions.count = count;
    struct kafka_fetch_request request;
    kafka_defaults(kafka_fetch_api.request, &request);
    request.max_wait_ms = wait_ms;
    request.min_bytes = 1;
    request.max_bytes = FETCH_MAX_SIZE;
    request.session_epoch = -1;
    request.topics.items = &topic;
    request.topics.count = 1;
    err_t err = cluster_call(reader->cluster, leader, &kafka_fetch_api, &request, take_fetched, reader, reader->diag);
    if (err != ERR_OK)
        reader->err = err;
    if (reader->on_round != NULL && !reader->on_round(reader))
        reader->is_done = true;
    return true;
}

static void rounds(struct cli_reader *reader, struct arena *arena)
{
    const struct cluster_topic *topic = reader->topic;
    struct kafka_fetch_partition *partitions = arena_array(arena, topic->partition_count, sizeof(*partitions));
    int32_t *leaders = arena_array(arena, topic->partition_count, sizeof(*leaders));
    int32_t leader_count = 0;
    for (size_t i = 0; i < topic->partition_count; i++) {
        int32_t known = 0;
        while (known < leader_count && leaders[known] != topic->partitions[i].leader)
            known++;
        if (known == leader_count)
            leaders[leader_count++] = topic->partitions[i].leader;
    }
    bool is_more = true;
    while (is_more && !reader->is_done && reader->err == ERR_OK) {
        is_more = false;
        for (int32_t i = 0; i < leader_count && !reader->is_done && reader->err == ERR_OK; i++)
            is_more = leader_fetch(reader, leaders[i], FETCH_WAIT_MS / leader_count, partitions) || is_more;
    }
}

err_t cli_records_read(struct cli_reader *reader)
{
    struct arena arena = ARENA_INIT;
    reader->room = WRITER_INIT;
    reader->is_done = false;
    reader->err = ERR_OK;
    rounds(reader, &arena);
    writer_free(&reader->room);
    arena_free(&arena);
    return reader->err;
}

// --- writing

struct sent {
    const struct cluster_topic *topic;
    int32_t partition;
    int64_t base_offset;
    err_t err;
    diag_t *diag;
};

static void take_produced(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct sent *sent = owner;
    const struct kafka_produce_response *response = answer;
    if (response->responses.count < 1 || response->responses.items[0].partition_responses.count < 1) {
        sent->err = diag_fail(sent->diag, ERR_INVALID, "produce", "the server's answer names no partition");
        return;
    }
    const struct kafka_partition_produce_response *partition =
        &response->responses.items[0].partition_responses.items[0];
    sent->base_offset = partition->base_offset;
    if (partition->error_code == KAFKA_NONE)
        return;
    char where[300];
    snprintf(where, sizeof(where), "%.*s, partition %d", BYTES_ARG(sent->topic->name), sent->partition);
    sent->err = cli_kafka_fail(sent->diag, where, partition->error_code, partition->error_message);
    // It may be stored nevertheless.
    if (partition->error_code == KAFKA_REQUEST_TIMED_OUT)
        sent->err = ERR_TIMEOUT;
}

err_t cli_batch_send(struct cluster *cluster, const struct cluster_topic *topic, size_t at, const struct slice *batch,
                     int16_t acks, int64_t *ret_base_offset, diag_t *diag)
{
    struct slice slice = *batch;
    struct kafka_partition_produce_data data = { .index = topic->partitions[at].number };
    data.records.slices = &slice;
    data.records.slice_count = 1;
    struct kafka_topic_produce_data produced = { .name = topic->name, .topic_id = topic->id };
    produced.partition_data.items = &data;
    produced.partition_data.count = 1;
    struct kafka_produce_request request;
    kafka_defaults(kafka_produce_api.request, &request);
    request.acks = acks;
    request.timeout_ms = CLI_REQUEST_TIMEOUT_MS;
    request.topic_data.items = &produced;
    request.topic_data.count = 1;
    struct sent sent = { .topic = topic, .partition = data.index, .diag = diag };
    err_t err =
        cluster_call(cluster, topic->partitions[at].leader, &kafka_produce_api, &request, take_produced, &sent, diag);
    if (err == ERR_OK)
        err = sent.err;
    if (err == ERR_OK)
        *ret_base_offset = sent.base_offset;
    return err;
}
