// SPDX-License-Identifier: Apache-2.0
#include "kafka/testing/door/door_world.h"

#include "base/batch.h"
#include "kafka/errors.h"

#include "base/test.h"

#define TEST_LIMIT_MS 20000

struct loop *loop;
struct store *store;
struct kafka_door *door;
struct kafka_options options;
struct peer *peer;

static struct offsets offsets;
static struct coordinator *coordinator;
static struct timer limit;

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up_door(int64_t idle_ms)
{
    options = (struct kafka_options){ .node_id = 1,
                                      .request_max_size = 1 << 20,
                                      .in_flight_size = 1 << 20,
                                      .queued_request_size = 4 << 20,
                                      .idle_ms = idle_ms,
                                      .fetch_max_size = 1 << 20,
                                      .fetch_session_slots = 2,
                                      .topic_partitions = 2,
                                      .partitions_max = 8,
                                      .auto_create_topics = true,
                                      .groups = { .retention_interval_ms = 60000 } };
    struct address address = { .host = "localhost", .port = 0 };
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    store = fake_store_new(loop);
    assert_int_equal(offsets_open(&offsets, store, NULL), ERR_OK);
    coordinator = coordinator_open(&offsets, &options.groups);
    assert_int_equal(kafka_door_open(loop, store, coordinator, &address, &options, &door, NULL), ERR_OK);
    peer = peer_open(loop, kafka_door_port(door));
    return 0;
}

int set_up(void **state)
{
    (void)state;
    return set_up_door(60000);
}

int set_up_impatient(void **state)
{
    (void)state;
    return set_up_door(40);
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
    loop_stop(loop);
}

int tear_down(void **state)
{
    (void)state;
    bool is_closed = false;
    peer_close(peer);
    kafka_door_close(door, on_closed, &is_closed);
    while (!is_closed)
        loop_run(loop);
    timer_stop(&limit);
    coordinator_free(coordinator);
    fake_store_free(store);
    loop_free(loop);
    return 0;
}

int16_t create(const char *name, int32_t partitions)
{
    struct kafka_creatable_topic topic = { .name = bytes_of_text(name),
                                           .num_partitions = partitions,
                                           .replication_factor = -1 };
    struct kafka_create_topics_request request = { .topics = { &topic, 1 } };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 7, &request);
    return response->topics.items[0].error_code;
}

int16_t create_with(struct kafka_creatable_topic topic, bool validate_only)
{
    struct kafka_create_topics_request request = { .topics = { &topic, 1 }, .validate_only = validate_only };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 5, &request);
    if (response->topics.items[0].error_code != KAFKA_NONE)
        assert_true(response->topics.items[0].error_message.size > 0);
    return response->topics.items[0].error_code;
}

void ask_produce(int version, const char *topic, int32_t partition, int16_t acks, bytes_t batch)
{
    struct kafka_partition_produce_data data = { .index = partition, .records = { .bytes = batch } };
    struct kafka_topic_produce_data row = { .name = bytes_of_text(topic), .partition_data = { &data, 1 } };
    struct kafka_produce_request request = { .acks = acks, .timeout_ms = 1000, .topic_data = { &row, 1 } };
    peer_ask(peer, &kafka_produce_api, version, &request);
}

struct kafka_partition_produce_response produced(int version)
{
    struct kafka_produce_response *response = peer_wait(peer, &kafka_produce_api, version);
    assert_non_null(response);
    return response->responses.items[0].partition_responses.items[0];
}

struct kafka_partition_produce_response produce(int version, const char *topic, int32_t partition, bytes_t batch)
{
    ask_produce(version, topic, partition, -1, batch);
    return produced(version);
}

struct kafka_partition_produce_response produce_records(const char *topic, int32_t partition, size_t count)
{
    struct slice batch = batch_of(count, true, -1, 0);
    struct kafka_partition_produce_response row = produce(9, topic, partition, batch.bytes);
    slice_free(&batch);
    return row;
}

struct kafka_fetch_request fetch_of(struct kafka_fetch_topic *topic, struct kafka_fetch_partition *partition,
                                    const char *name, int32_t index, int64_t offset)
{
    struct kafka_fetch_request request;
    kafka_defaults(kafka_fetch_api.request, &request);
    *partition = (struct kafka_fetch_partition){ .partition = index,
                                                 .fetch_offset = offset,
                                                 .current_leader_epoch = -1,
                                                 .last_fetched_epoch = -1,
                                                 .partition_max_bytes = 1 << 20 };
    *topic = (struct kafka_fetch_topic){ .topic = bytes_of_text(name), .partitions = { partition, 1 } };
    request.topics.items = topic;
    request.topics.count = 1;
    request.max_wait_ms = 100;
    request.min_bytes = 1;
    return request;
}

struct kafka_partition_data fetched(int version)
{
    struct kafka_fetch_response *response = peer_wait(peer, &kafka_fetch_api, version);
    assert_non_null(response);
    assert_int_equal(response->error_code, KAFKA_NONE);
    return response->responses.items[0].partitions.items[0];
}

struct kafka_partition_data fetch(int version, const char *name, int32_t index, int64_t offset)
{
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, name, index, offset);
    peer_ask(peer, &kafka_fetch_api, version, &request);
    return fetched(version);
}
