// SPDX-License-Identifier: Apache-2.0
#include "door_client.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/mem.h"
#include "io/clock.h"
#include "kafka/api/api_versions.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/fetch.h"
#include "kafka/api/list_offsets.h"
#include "kafka/api/metadata.h"
#include "kafka/api/produce.h"
#include "kafka/errors.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEP_MAX_MS = 6, TOPIC_IDS_IN_PRODUCE = 13, TOPIC_IDS_IN_FETCH = 13 };

#define CHECK(client, condition, ...)                                                                                  \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            sim_failed((client)->seed, __VA_ARGS__);                                                                   \
    } while (0)

static uint64_t choose(struct door_client *client, uint64_t bound)
{
    return sim_choose(client->sim, bound);
}

// --- what a kind of client asks

enum ask { ASK_VERSIONS, ASK_METADATA, ASK_PRODUCE, ASK_FETCH, ASK_OFFSETS, ASK_COUNT };

static const struct {
    unsigned requests, pipeline;
    unsigned weights[ASK_COUNT];
    unsigned silence_percent, silence_max_ms, cut_per_mille;
    size_t value_max;
} kinds[] = {
    [CLIENT_FILLER] = { 30, 8, { 0, 0, 1, 0, 0 }, 0, 1, 0, 8000 },
    [CLIENT_MIXED] = { 60, 12, { 1, 1, 6, 3, 1 }, 2, 300, 4, 2000 },
    [CLIENT_HOG] = { 60, 60, { 0, 0, 1, 30, 0 }, 4, 3000, 0, 100 },
    [CLIENT_GARBAGE] = { 6, 4, { 1, 1, 1, 1, 1 }, 0, 1, 0, 100 },
    [CLIENT_READER] = { 10000, 1, { 0, 0, 0, 1, 0 }, 0, 1, 0, 0 },
};

// --- sending

static struct expected *expect(struct door_client *client, const struct kafka_api *api, int version)
{
    ASSERT(client->count < SIM_PIPELINE);
    struct expected *expected = &client->expected[(client->first + client->count++) % SIM_PIPELINE];
    *expected = (struct expected){ .api = api, .correlation_id = client->next_correlation_id++, .version = version };
    return expected;
}

static int version_of(struct door_client *client, const struct kafka_api *api)
{
    return api->min + (int)choose(client, (uint64_t)api->max - (uint64_t)api->min + 1);
}

static void request_encode(struct door_client *client, const struct expected *expected, const void *request)
{
    struct kafka_request_header header = { .api_version = (int16_t)expected->version,
                                           .correlation_id = expected->correlation_id,
                                           .client_id = BYTES_LITERAL("twin") };
    struct kafka_frame frame;
    kafka_frame_start(&frame);
    kafka_request_header_encode(expected->api, &header, &frame);
    kafka_encode(expected->api->request, expected->version, kafka_api_is_flexible(expected->api, expected->version),
                 request, &frame);
    ASSERT(kafka_frame_finish(&frame) == ERR_OK);
    for (struct slice slice; kafka_frame_next(&frame, &slice); slice_free(&slice))
        writer_bytes(&client->out, slice.bytes);
    kafka_frame_free(&frame);
}

static void ask_create(struct door_client *client)
{
    struct kafka_creatable_topic topic = { .name = BYTES_LITERAL(SIM_TOPIC),
                                           .num_partitions = SIM_PARTITIONS,
                                           .replication_factor = -1 };
    struct kafka_create_topics_request request = { .topics = { &topic, 1 }, .timeout_ms = 10000 };
    request_encode(client, expect(client, &kafka_create_topics_api, 7), &request);
}

static void ask_versions(struct door_client *client)
{
    struct kafka_api_versions_request request;
    kafka_defaults(kafka_api_versions_api.request, &request);
    request.client_software_name = BYTES_LITERAL("twin");
    request.client_software_version = BYTES_LITERAL("1");
    int version = version_of(client, &kafka_api_versions_api);
    request_encode(client, expect(client, &kafka_api_versions_api, version), &request);
}

static void ask_metadata(struct door_client *client)
{
    struct kafka_metadata_request_topic topic = { .name = BYTES_LITERAL(SIM_TOPIC) };
    struct kafka_metadata_request request = { .topics = { &topic, 1 } };
    int version = version_of(client, &kafka_metadata_api);
    request_encode(client, expect(client, &kafka_metadata_api, version), &request);
}

static struct slice batch_build(struct door_client *client, uint32_t id)
{
    char text[16];
    bool is_large = client->kind == CLIENT_MIXED && choose(client, 12) == 0;
    size_t size = sizeof(text) + (size_t)choose(client, is_large ? SIM_LARGE_VALUE : kinds[client->kind].value_max);
    uint8_t *value = mem_zalloc(1, size);
    memset(value, (int)(id & 0xff), size);
    memcpy(value, text, (size_t)snprintf(text, sizeof(text), "%u", id) + 1);
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, BATCH_PLAIN);
    batch_builder_add(&builder, BYTES_NULL, bytes_of(value, size), NULL, 0, clock_wall_ms());
    ASSERT(batch_builder_finish(&builder, &batch) == ERR_OK);
    batch_builder_free(&builder);
    free(value);
    return batch;
}

static void ask_produce(struct door_client *client)
{
    struct truth *truth = client->truth;
    int32_t partition = client->kind == CLIENT_FILLER ? 0 : 1 + (int32_t)choose(client, SIM_PARTITIONS - 1);
    ASSERT(truth->next_id < SIM_IDS);
    uint32_t id = truth->next_id++;
    truth->ids[id].partition = partition;
    truth->ids[id].offset = -1;
    struct slice batch = batch_build(client, id);
    struct kafka_partition_produce_data data = { .index = partition, .records = { .bytes = batch.bytes } };
    struct kafka_topic_produce_data row = { .name = BYTES_LITERAL(SIM_TOPIC),
                                            .topic_id = truth->topic_id,
                                            .partition_data = { &data, 1 } };
    static const int16_t acks[] = { -1, -1, 1, 0 };
    struct kafka_produce_request request = { .acks = client->kind == CLIENT_FILLER ? -1 : acks[choose(client, 4)],
                                             .timeout_ms = 10000,
                                             .topic_data = { &row, 1 } };
    struct expected *expected = expect(client, &kafka_produce_api, version_of(client, &kafka_produce_api));
    expected->partition = partition;
    expected->id = id;
    request_encode(client, expected, &request);
    if (request.acks == 0)
        client->count--; // no answer comes
    slice_free(&batch);
}

static void ask_fetch(struct door_client *client)
{
    struct truth *truth = client->truth;
    int32_t partition = client->kind == CLIENT_HOG ? 0 : (int32_t)choose(client, SIM_PARTITIONS);
    int64_t offset = client->kind == CLIENT_HOG ? 0 : (int64_t)choose(client, (uint64_t)truth->end[partition] + 1);
    if (client->kind == CLIENT_READER)
        offset = client->next_offset[partition];
    struct kafka_fetch_partition row = {
        .partition = partition, .current_leader_epoch = -1, .fetch_offset = offset, .partition_max_bytes = 1 << 20
    };
    struct kafka_fetch_topic topic = { .topic = BYTES_LITERAL(SIM_TOPIC),
                                       .topic_id = truth->topic_id,
                                       .partitions = { &row, 1 } };
    struct kafka_fetch_request request;
    kafka_defaults(kafka_fetch_api.request, &request);
    request.topics.items = &topic;
    request.topics.count = 1;
    request.max_wait_ms = (int32_t)choose(client, 300);
    request.min_bytes = (int32_t)choose(client, 3);
    request.max_bytes = 1 << 20;
    struct expected *expected = expect(client, &kafka_fetch_api, version_of(client, &kafka_fetch_api));
    expected->partition = partition;
    expected->fetch_offset = offset;
    request_encode(client, expected, &request);
}

static void ask_offsets(struct door_client *client)
{
    int32_t partition = (int32_t)choose(client, SIM_PARTITIONS);
    struct kafka_list_offsets_partition row = { .partition_index = partition,
                                                .current_leader_epoch = -1,
                                                .timestamp = -1 };
    struct kafka_list_offsets_topic topic = { .name = BYTES_LITERAL(SIM_TOPIC), .partitions = { &row, 1 } };
    struct kafka_list_offsets_request request = { .replica_id = -1, .topics = { &topic, 1 } };
    struct expected *expected = expect(client, &kafka_list_offsets_api, version_of(client, &kafka_list_offsets_api));
    expected->partition = partition;
    request_encode(client, expected, &request);
}

static void ask(struct door_client *client)
{
    static void (*const asks[])(struct door_client *) = {
        [ASK_VERSIONS] = ask_versions, [ASK_METADATA] = ask_metadata, [ASK_PRODUCE] = ask_produce,
        [ASK_FETCH] = ask_fetch,       [ASK_OFFSETS] = ask_offsets,
    };
    const unsigned *weights = kinds[client->kind].weights;
    unsigned total = 0;
    for (size_t i = 0; i < ASK_COUNT; i++)
        total += weights[i];
    uint64_t chosen = choose(client, total);
    size_t i = 0;
    for (; chosen >= weights[i]; i++)
        chosen -= weights[i];
    client->requests_left--;
    asks[i](client);
}

#define GARBAGE(text)                                                                                                  \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

// What Kafka closes a connection for (door_test.c has them one by one).
static void garbage_add(struct door_client *client)
{
    static const bytes_t garbage[] = {
        GARBAGE("\xff\xff\xff\xff negative"),
        GARBAGE("\x7f\xff\xff\xff larger than any frame"),
        GARBAGE("\0\0\0\x0a\x03\xe7\0\0\0\0\0\x01\xff\xff"),       // API 999
        GARBAGE("\0\0\0\x0a\0\x03\0\x63\0\0\0\x01\xff\xff"),       // Metadata in version 99
        GARBAGE("\0\0\0\x0c\0\x03\0\x01\0\0\0\x01\xff\xff\0\x01"), // Metadata, cut in its body
        GARBAGE("\0\0\0\0"),                                       // not even a header
    };
    writer_bytes(&client->out, garbage[choose(client, ARRAY_COUNT(garbage))]);
    client->is_garbage_sent = true;
    client->truth->garbage++;
}

// --- answers

static void record_seen(struct door_client *client, int32_t partition, int64_t offset, uint32_t id)
{
    struct truth *truth = client->truth;
    CHECK(client, offset >= 0 && offset < SIM_OFFSETS, "offset %lld of partition %d", (long long)offset, partition);
    CHECK(client, id < truth->next_id, "a record that nobody sent: %u", id);
    CHECK(client, truth->ids[id].partition == partition, "batch %u is in partition %d", id, partition);
    CHECK(client, truth->ids[id].offset < 0 || truth->ids[id].offset == offset, "batch %u is stored twice", id);
    uint32_t *at = &truth->at[partition][offset];
    CHECK(client, *at == 0 || *at == id + 1, "offset %lld means two things", (long long)offset);
    *at = id + 1;
    truth->ids[id].offset = offset;
    if (truth->end[partition] <= offset)
        truth->end[partition] = offset + 1;
    truth->checked_records++;
}

static bool is_disk_failure(const struct door_client *client, int16_t error)
{
    return client->truth->disk_may_fail && error == KAFKA_KAFKA_STORAGE_ERROR;
}

static void take_create(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_create_topics_response *response = message;
    (void)expected;
    CHECK(client, response->topics.count == 1 && response->topics.items[0].error_code == 0, "the topic is not made");
    client->truth->topic_id = response->topics.items[0].topic_id;
    client->is_created = true;
}

static void take_produce(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_produce_response *response = message;
    CHECK(client, response->responses.count == 1, "Produce answers %d topics", response->responses.count);
    CHECK(client, response->responses.items[0].partition_responses.count == 1, "Produce answers no partition");
    const struct kafka_partition_produce_response *row = response->responses.items[0].partition_responses.items;
    if (is_disk_failure(client, row->error_code))
        return;
    CHECK(client, row->error_code == 0, "Produce failed: %d", row->error_code);
    CHECK(client, row->index == expected->partition, "Produce answers partition %d", row->index);
    record_seen(client, expected->partition, row->base_offset, expected->id);
    client->truth->ids[expected->id].acked = true;
}

// The value starts with the batch's number and is filled with its low byte.
static uint32_t record_id(struct door_client *client, bytes_t batch, const struct batch_header *header)
{
    enum batch_reason reason;
    CHECK(client, batch_check(batch, BATCH_FROM_DISK, NULL, &reason) == ERR_OK, "%s", batch_reason_text(reason));
    struct record_walk walk =
        record_walk_of(bytes_of(batch.data + BATCH_HEADER_SIZE, batch.size - BATCH_HEADER_SIZE), header->record_count);
    struct record record;
    CHECK(client, record_walk_next(&walk, &record) && record.value.size >= 16, "a batch without its record");
    uint32_t id = (uint32_t)strtoul((const char *)record.value.data, NULL, 10);
    for (size_t i = 16; i < record.value.size; i++)
        CHECK(client, record.value.data[i] == (uint8_t)id, "batch %u has a changed byte at %zu", id, i);
    return id;
}

static void take_records(struct door_client *client, const struct expected *expected, bytes_t records)
{
    struct batch_walk walk = batch_walk_of(records);
    struct batch_header header;
    bytes_t batch;
    int64_t offset = expected->fetch_offset;
    for (; batch_walk_next(&walk, &header, &batch); offset++) {
        CHECK(client, header.base_offset == offset, "Fetch gave offset %lld instead of %lld",
              (long long)header.base_offset, (long long)offset);
        record_seen(client, expected->partition, offset, record_id(client, batch, &header));
    }
    CHECK(client, walk.err == ERR_OK || walk.err == ERR_TRUNCATED, "Fetch gave no batches: %s", err_text(walk.err));
    if (client->kind == CLIENT_READER)
        client->next_offset[expected->partition] = offset;
}

static void take_fetch(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_fetch_response *response = message;
    CHECK(client, response->error_code == 0, "Fetch failed: %d", response->error_code);
    CHECK(client, response->responses.count == 1, "Fetch answers %d topics", response->responses.count);
    CHECK(client, response->responses.items[0].partitions.count == 1, "Fetch answers no partition");
    const struct kafka_partition_data *row = response->responses.items[0].partitions.items;
    if (is_disk_failure(client, row->error_code))
        return;
    CHECK(client, row->error_code == 0, "Fetch of partition %d failed: %d", row->partition_index, row->error_code);
    CHECK(client, row->partition_index == expected->partition, "Fetch answers partition %d", row->partition_index);
    client->watermark[expected->partition] = row->high_watermark;
    take_records(client, expected, row->records.bytes);
}

static void take_offsets(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_list_offsets_response *response = message;
    CHECK(client, response->topics.count == 1 && response->topics.items[0].partitions.count == 1,
          "ListOffsets answers nothing");
    const struct kafka_list_offsets_partition_response *row = response->topics.items[0].partitions.items;
    if (is_disk_failure(client, row->error_code))
        return;
    CHECK(client, row->error_code == 0, "ListOffsets failed: %d", row->error_code);
    CHECK(client, row->partition_index == expected->partition, "ListOffsets answers another partition");
    CHECK(client, row->offset >= 0 && row->offset <= SIM_OFFSETS, "ListOffsets says %lld", (long long)row->offset);
}

static void take_metadata(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_metadata_response *response = message;
    (void)expected;
    CHECK(client, response->topics.count == 1 && response->topics.items[0].error_code == 0, "Metadata fails");
    CHECK(client, response->topics.items[0].partitions.count == SIM_PARTITIONS, "Metadata lacks partitions");
    CHECK(client, response->brokers.count == 1, "Metadata has no broker");
}

static void take_versions(struct door_client *client, const struct expected *expected, const void *message)
{
    const struct kafka_api_versions_response *response = message;
    (void)expected;
    CHECK(client, response->error_code == 0 && response->api_keys.count > 0, "ApiVersions fails");
}

static void answer_take(struct door_client *client, const struct expected *expected, const void *response)
{
    static const struct {
        const struct kafka_api *api;
        void (*take)(struct door_client *client, const struct expected *expected, const void *response);
    } rows[] = {
        { &kafka_create_topics_api, take_create }, { &kafka_produce_api, take_produce },
        { &kafka_fetch_api, take_fetch },          { &kafka_list_offsets_api, take_offsets },
        { &kafka_metadata_api, take_metadata },    { &kafka_api_versions_api, take_versions },
    };
    client->truth->answers++;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].api == expected->api)
            rows[i].take(client, expected, response);
}

static void frame_take(struct door_client *client, bytes_t frame)
{
    // What is no request of this world (a version that does not exist) is answered before the server hangs up.
    CHECK(client, client->count > 0, "an answer that nobody asked for");
    struct expected expected = client->expected[client->first];
    client->first = (client->first + 1) % SIM_PIPELINE;
    client->count--;
    struct reader reader = reader_of(frame);
    struct arena arena = ARENA_INIT;
    int32_t correlation_id;
    kafka_response_header_decode(expected.api, expected.version, &reader, &correlation_id);
    CHECK(client, correlation_id == expected.correlation_id, "answer %d came instead of %d", correlation_id,
          expected.correlation_id);
    void *response = arena_alloc(&arena, expected.api->response->size);
    kafka_decode(expected.api->response, expected.version, kafka_api_is_flexible(expected.api, expected.version),
                 &reader, &arena, (size_t)1 << 24, response);
    CHECK(client, reader.err == ERR_OK && reader_left(&reader) == 0, "%s version %d: the answer does not decode",
          expected.api->name, expected.version);
    answer_take(client, &expected, response);
    arena_free(&arena);
}

// --- the connection

static uint8_t *on_room(struct conn *conn, size_t *ret_size)
{
    struct door_client *client = conn_owner(conn);
    return kafka_framer_room(&client->framer, ret_size);
}

static void on_data(struct conn *conn, size_t size)
{
    struct door_client *client = conn_owner(conn);
    kafka_framer_fill(&client->framer, size);
    struct slice frame;
    err_t err;
    for (; (err = kafka_framer_next(&client->framer, &frame)) == ERR_OK; slice_free(&frame))
        frame_take(client, frame.bytes);
    CHECK(client, err == ERR_AGAIN, "the server's bytes are no frames: %s", err_text(err));
}

static void on_open(struct conn *conn)
{
    struct door_client *client = conn_owner(conn);
    client->is_open = true;
}

static void on_close(struct conn *conn, err_t why)
{
    struct door_client *client = conn_owner(conn);
    bool was_expected = why == ERR_OK || client->was_cut || client->is_garbage_sent || client->is_server_leaving;
    const struct sim_options *options = sim_options_of(client->sim);
    // A Produce with acks=0 that failed is answered by hanging up.
    bool may_be_fault = options->reset_ppm > 0 || options->refuse_ppm > 0 || client->truth->disk_may_fail;
    CHECK(client, was_expected || may_be_fault, "the server hung up: %s", err_text(why));
    client->conn = NULL;
    client->is_open = client->was_cut = false;
    client->count = 0;
    writer_reset(&client->out);
    client->out_sent = 0;
    kafka_framer_deinit(&client->framer);
    client->is_done = client->is_leaving || client->is_garbage_sent || client->requests_left == 0;
    if (client->is_done)
        timer_stop(&client->step);
}

static const struct conn_ops client_ops = {
    .on_room = on_room, .on_data = on_data, .on_open = on_open, .on_close = on_close
};

static void client_connect(struct door_client *client)
{
    kafka_framer_init(&client->framer, 16 << 20);
    client->conn = conn_open(client->loop, &client->address, &client_ops, client);
}

// Breaks off, in the middle of whatever it is.
static void client_cut(struct door_client *client)
{
    client->was_cut = true;
    if (choose(client, 2) == 0)
        conn_abort(client->conn);
    else
        sim_conn_reset(client->conn);
}

// Cuts the stream wherever it likes.
static void out_send(struct door_client *client)
{
    size_t left = client->out.size - client->out_sent;
    if (left == 0)
        return;
    size_t size = choose(client, 3) == 0 ? left : 1 + (size_t)choose(client, left < 2000 ? left : 2000);
    struct buf *buf = buf_copy(bytes_of(writer_view(&client->out).data + client->out_sent, size));
    conn_send(client->conn, slice_of(buf, 0, size));
    buf_unref(buf);
    client->out_sent += size;
    if (client->out_sent < client->out.size)
        return;
    writer_reset(&client->out);
    client->out_sent = 0;
}

static bool reader_has_all(struct door_client *client)
{
    if (client->kind != CLIENT_READER)
        return false;
    for (size_t i = 0; i < SIM_PARTITIONS; i++)
        if (client->watermark[i] < 0 || client->next_offset[i] < client->watermark[i])
            return false;
    return true;
}

static void client_ask(struct door_client *client)
{
    unsigned pipeline = kinds[client->kind].pipeline;
    if (client->kind == CLIENT_FILLER && !client->is_created) {
        if (client->count == 0)
            ask_create(client);
        return;
    }
    if (client->requests_left > 0 && client->count < pipeline && !client->is_garbage_sent)
        ask(client);
    else if (client->kind == CLIENT_GARBAGE && client->requests_left == 0 && !client->is_garbage_sent)
        garbage_add(client);
    if (reader_has_all(client))
        client->requests_left = 0;
}

static void client_read(struct door_client *client)
{
    int64_t now_ms = loop_now_ms(client->loop);
    if (now_ms < client->silent_until_ms)
        return;
    conn_resume(client->conn);
    if (choose(client, 100) < kinds[client->kind].silence_percent) {
        conn_pause(client->conn);
        client->silent_until_ms = now_ms + 1 + (int64_t)choose(client, kinds[client->kind].silence_max_ms);
    }
}

static void client_step(struct door_client *client)
{
    client_ask(client);
    out_send(client);
    client_read(client);
    // Only with every other seed: who comes back hides what would hang.
    if (client->seed % 2 == 0 && choose(client, 1000) < kinds[client->kind].cut_per_mille) {
        client_cut(client);
        return;
    }
    bool is_all_said = client->requests_left == 0 && client->out.size == 0 && !client->is_garbage_sent;
    if (client->kind != CLIENT_GARBAGE && is_all_said && client->count == 0) {
        client->is_leaving = true;
        conn_close(client->conn);
    }
}

static void on_step(struct timer *timer)
{
    struct door_client *client = CONTAINER_OF(timer, struct door_client, step);
    timer_start(timer, 1 + (int64_t)choose(client, STEP_MAX_MS));
    if (client->conn == NULL)
        client_connect(client);
    else if (client->is_open && !client->is_leaving)
        client_step(client);
}

void door_client_init(struct door_client *client, struct sim *sim, struct truth *truth, enum client_kind kind,
                      struct loop *loop, const struct address *address, uint64_t seed)
{
    *client = (struct door_client){ .sim = sim,
                                    .truth = truth,
                                    .kind = kind,
                                    .loop = loop,
                                    .address = *address,
                                    .seed = seed,
                                    .next_correlation_id = 1000 * (int32_t)kind };
    client->requests_left = kinds[kind].requests;
    for (size_t i = 0; i < SIM_PARTITIONS; i++)
        client->watermark[i] = -1;
    timer_init(&client->step, loop, on_step);
    timer_start(&client->step, (int64_t)choose(client, STEP_MAX_MS));
}

void door_client_deinit(struct door_client *client)
{
    ASSERT(client->conn == NULL);
    timer_stop(&client->step);
    writer_free(&client->out);
}

void door_client_lost(struct door_client *client)
{
    client->conn = NULL;
    client->is_done = true;
    kafka_framer_deinit(&client->framer);
    door_client_deinit(client);
}
