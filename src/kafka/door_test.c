// SPDX-License-Identifier: Apache-2.0
#include "kafka/kafka.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/test.h"
#include "base/writer.h"
#include "engine/embedded/coordinator.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/api_versions.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_topics.h"
#include "kafka/api/fetch.h"
#include "kafka/api/init_producer_id.h"
#include "kafka/api/list_offsets.h"
#include "kafka/api/metadata.h"
#include "kafka/api/produce.h"
#include "kafka/client.h"
#include "kafka/errors.h"
#include "kafka/testing/fake/fake_store.h"
#include "kafka/testing/peer.h"

#define TEST_LIMIT_MS 20000

static struct loop *loop;
static struct store *store;
static struct offsets offsets;
static struct coordinator *coordinator;
static struct kafka_door *door;
static struct kafka_options options;
static struct timer limit;
static struct peer *peer;

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

static int set_up(void **state)
{
    (void)state;
    return set_up_door(60000);
}

static int set_up_impatient(void **state)
{
    (void)state;
    return set_up_door(40);
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
    loop_stop(loop);
}

static int tear_down(void **state)
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

// --- what the tests say often

static int16_t create(const char *name, int32_t partitions)
{
    struct kafka_creatable_topic topic = { .name = bytes_of_text(name),
                                           .num_partitions = partitions,
                                           .replication_factor = -1 };
    struct kafka_create_topics_request request = { .topics = { &topic, 1 } };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 7, &request);
    return response->topics.items[0].error_code;
}

// An array of one item.
#define ONE(type, ...)                                                                                                 \
    {                                                                                                                  \
        (type[]){ __VA_ARGS__ }, 1                                                                                     \
    }

static void ask_produce(int version, const char *topic, int32_t partition, int16_t acks, bytes_t batch)
{
    struct kafka_partition_produce_data data = { .index = partition, .records = { .bytes = batch } };
    struct kafka_topic_produce_data row = { .name = bytes_of_text(topic), .partition_data = { &data, 1 } };
    struct kafka_produce_request request = { .acks = acks, .timeout_ms = 1000, .topic_data = { &row, 1 } };
    peer_ask(peer, &kafka_produce_api, version, &request);
}

static struct kafka_partition_produce_response produced(int version)
{
    struct kafka_produce_response *response = peer_wait(peer, &kafka_produce_api, version);
    assert_non_null(response);
    return response->responses.items[0].partition_responses.items[0];
}

static struct kafka_partition_produce_response produce(int version, const char *topic, int32_t partition, bytes_t batch)
{
    ask_produce(version, topic, partition, -1, batch);
    return produced(version);
}

static struct kafka_partition_produce_response produce_records(const char *topic, int32_t partition, size_t count)
{
    struct slice batch = batch_of(count, true, -1, 0);
    struct kafka_partition_produce_response row = produce(9, topic, partition, batch.bytes);
    slice_free(&batch);
    return row;
}

static struct kafka_fetch_request fetch_of(struct kafka_fetch_topic *topic, struct kafka_fetch_partition *partition,
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

static struct kafka_partition_data fetched(int version)
{
    struct kafka_fetch_response *response = peer_wait(peer, &kafka_fetch_api, version);
    assert_non_null(response);
    assert_int_equal(response->error_code, KAFKA_NONE);
    return response->responses.items[0].partitions.items[0];
}

static struct kafka_partition_data fetch(int version, const char *name, int32_t index, int64_t offset)
{
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, name, index, offset);
    peer_ask(peer, &kafka_fetch_api, version, &request);
    return fetched(version);
}

// --- ApiVersions, Metadata

static void tells_its_versions(void **state)
{
    (void)state;
    struct kafka_api_versions_request request = { .client_software_name = BYTES_LITERAL("x-1"),
                                                  .client_software_version = BYTES_LITERAL("1.0"),
                                                  .node_id = -1 };
    for (int version = 0; version <= 5; version++) {
        struct kafka_api_versions_response *response = peer_call(peer, &kafka_api_versions_api, version, &request);
        assert_int_equal(response->error_code, KAFKA_NONE);
        assert_int_equal(response->api_keys.count, (int32_t)kafka_api_count);
        assert_int_equal(response->api_keys.items[0].api_key, 0);
        assert_int_equal(response->api_keys.items[0].min_version, 0);
        assert_int_equal(response->api_keys.items[0].max_version, 13);
        assert_int_equal(response->finalized_features_epoch, -1);
    }
    request.cluster_id = BYTES_LITERAL("another");
    struct kafka_api_versions_response *response = peer_call(peer, &kafka_api_versions_api, 5, &request);
    assert_int_equal(response->error_code, KAFKA_REBOOTSTRAP_REQUIRED);
    request.client_software_name = BYTES_LITERAL("-x");
    response = peer_call(peer, &kafka_api_versions_api, 3, &request);
    assert_int_equal(response->error_code, KAFKA_INVALID_REQUEST);
}

static void answers_a_version_from_the_future_in_version_0(void **state)
{
    (void)state;
    // Header v2 of ApiVersions 99 with a body nobody knows.
    static const uint8_t bytes[] = { 0, 0, 0, 16, 0, 18, 0, 99, 0, 0, 0, 77, 0, 1, 'x', 0, 1, 2, 3, 4 };
    peer_send(peer, bytes_of(bytes, sizeof(bytes)));
    struct kafka_api_versions_response *response = peer_wait(peer, &kafka_api_versions_api, 0);
    assert_int_equal(response->error_code, KAFKA_UNSUPPORTED_VERSION);
    assert_int_equal(response->api_keys.count, 1);
    assert_int_equal(response->api_keys.items[0].api_key, 18);
    assert_int_equal(response->api_keys.items[0].max_version, 5);
}

static void lists_brokers_and_topics_in_every_version(void **state)
{
    (void)state;
    assert_int_equal(create("orders", 3), KAFKA_NONE);
    for (int version = 0; version <= 13; version++) {
        struct kafka_metadata_request request = { .topics = { NULL, version == 0 ? 0 : -1 } };
        struct kafka_metadata_response *response = peer_call(peer, &kafka_metadata_api, version, &request);
        assert_int_equal(response->brokers.count, 1);
        assert_int_equal(response->brokers.items[0].port, kafka_door_port(door));
        assert_true(bytes_is(response->brokers.items[0].host, "localhost"));
        assert_int_equal(response->topics.count, 1);
        struct kafka_metadata_response_topic *topic = &response->topics.items[0];
        assert_true(bytes_is(topic->name, "orders"));
        assert_int_equal(topic->partitions.count, 3);
        assert_int_equal(topic->partitions.items[2].leader_id, 1);
        assert_int_equal(topic->partitions.items[2].isr_nodes.items[0], 1);
        assert_int_equal(topic->partitions.items[2].leader_epoch, version >= 7 ? 3 : -1);
        assert_int_equal(kafka_uuid_is_zero(&topic->topic_id), version < 10);
    }
}

static void creates_what_a_client_asks_for(void **state)
{
    (void)state;
    struct kafka_metadata_request_topic names[] = { { .name = BYTES_LITERAL("new") }, { .name = BYTES_LITERAL("b!") } };
    struct kafka_metadata_request request = { .topics = { names, 2 } };
    struct kafka_metadata_response *response = peer_call(peer, &kafka_metadata_api, 9, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(response->topics.items[1].error_code, KAFKA_INVALID_TOPIC_EXCEPTION);
    request.allow_auto_topic_creation = true;
    response = peer_call(peer, &kafka_metadata_api, 9, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_NONE);
    assert_int_equal(response->topics.items[0].partitions.count, 2);
    // Version 0 cannot forbid it.
    names[0].name = BYTES_LITERAL("newer");
    request.topics.count = 1;
    response = peer_call(peer, &kafka_metadata_api, 0, &request);
    assert_int_equal(response->topics.items[0].partitions.count, 2);
    options.auto_create_topics = false;
    names[0].name = BYTES_LITERAL("newest");
    response = peer_call(peer, &kafka_metadata_api, 0, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
}

static void lists_a_topic_once_however_often_it_is_named(void **state)
{
    (void)state;
    create("t", 3);
    struct kafka_metadata_request_topic names[] = { { .name = BYTES_LITERAL("t") },
                                                    { .name = BYTES_LITERAL("none") },
                                                    { .name = BYTES_LITERAL("t") } };
    struct kafka_metadata_request request = { .topics = { names, 3 } };
    struct kafka_metadata_response *response = peer_call(peer, &kafka_metadata_api, 9, &request);
    assert_int_equal(response->topics.count, 2);
    assert_true(bytes_is(response->topics.items[1].name, "none"));
}

static void finds_topics_by_id(void **state)
{
    (void)state;
    create("orders", 1);
    struct kafka_metadata_request_topic asked = { .topic_id = { { [0] = 0xee, [15] = 1 } } };
    struct kafka_metadata_request request = { .topics = { &asked, 1 } };
    struct kafka_metadata_response *response = peer_call(peer, &kafka_metadata_api, 12, &request);
    assert_true(bytes_is(response->topics.items[0].name, "orders"));
    asked.name = BYTES_LITERAL(""); // as Java's AdminClient sends it
    response = peer_call(peer, &kafka_metadata_api, 12, &request);
    assert_true(bytes_is(response->topics.items[0].name, "orders"));
    asked.topic_id.bytes[15] = 9;
    response = peer_call(peer, &kafka_metadata_api, 12, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_UNKNOWN_TOPIC_ID);
    assert_null(response->topics.items[0].name.data);
}

// --- CreateTopics, DeleteTopics, InitProducerId

static int16_t create_with(struct kafka_creatable_topic topic, bool validate_only)
{
    struct kafka_create_topics_request request = { .topics = { &topic, 1 }, .validate_only = validate_only };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 5, &request);
    if (response->topics.items[0].error_code != KAFKA_NONE)
        assert_true(response->topics.items[0].error_message.size > 0);
    return response->topics.items[0].error_code;
}

static void refuses_topics_as_kafka_does(void **state)
{
    (void)state;
    struct kafka_creatable_topic topic = { .name = BYTES_LITERAL("t"), .num_partitions = 1, .replication_factor = 1 };
    assert_int_equal(create_with(topic, true), KAFKA_NONE);
    assert_int_equal(create_with(topic, false), KAFKA_NONE); // validate_only made nothing
    assert_int_equal(create_with(topic, false), KAFKA_TOPIC_ALREADY_EXISTS);
    topic.name = BYTES_LITERAL("bad!");
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_TOPIC_EXCEPTION);
    topic.name = BYTES_LITERAL("u");
    topic.num_partitions = 0;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_PARTITIONS);
    topic.num_partitions = 9;
    assert_int_equal(create_with(topic, false), KAFKA_POLICY_VIOLATION);
    topic.num_partitions = -1;
    topic.replication_factor = 0;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_REPLICATION_FACTOR);
    topic.replication_factor = 3;
    options.strict_replication = true;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_REPLICATION_FACTOR);
    options.strict_replication = false;
    struct kafka_creatable_topic_config config = { BYTES_LITERAL("no.such"), BYTES_LITERAL("1") };
    topic.configs.items = &config;
    topic.configs.count = 1;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_CONFIG);
    config = (struct kafka_creatable_topic_config){ BYTES_LITERAL("max.message.bytes"), BYTES_NULL };
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_CONFIG);
    config.value = BYTES_LITERAL("12x");
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_CONFIG);
    config.value = BYTES_LITERAL("12");
    assert_int_equal(create_with(topic, false), KAFKA_NONE); // three replicas are accepted with a warning
}

static void refuses_a_name_that_stands_twice(void **state)
{
    (void)state;
    struct kafka_creatable_topic topics[] = {
        { .name = BYTES_LITERAL("a"), .num_partitions = 1, .replication_factor = 1 },
        { .name = BYTES_LITERAL("b"), .num_partitions = 1, .replication_factor = 1 },
        { .name = BYTES_LITERAL("a"), .num_partitions = 1, .replication_factor = 1 },
    };
    struct kafka_create_topics_request request = { .topics = { topics, 3 } };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 7, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_INVALID_REQUEST);
    assert_int_equal(response->topics.items[1].error_code, KAFKA_NONE);
    assert_int_equal(response->topics.items[2].error_code, KAFKA_INVALID_REQUEST);
}

static void takes_manual_assignments_of_this_broker_only(void **state)
{
    (void)state;
    int32_t mine = 1, other = 2;
    struct kafka_creatable_replica_assignment rows[] = { { 1, { &mine, 1 } }, { 0, { &mine, 1 } } };
    struct kafka_creatable_topic topic = {
        .name = BYTES_LITERAL("t"), .num_partitions = 2, .replication_factor = -1, .assignments = { rows, 2 }
    };
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_REQUEST);
    topic.num_partitions = -1;
    rows[1].broker_ids.items = &other;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_REPLICA_ASSIGNMENT);
    rows[1].broker_ids.items = &mine;
    rows[1].partition_index = 1;
    assert_int_equal(create_with(topic, false), KAFKA_INVALID_REPLICA_ASSIGNMENT);
    rows[1].partition_index = 0;
    assert_int_equal(create_with(topic, false), KAFKA_NONE);
}

static void deletes_topics_by_name_and_id(void **state)
{
    (void)state;
    create("a", 1);
    create("b", 1);
    bytes_t names[] = { BYTES_LITERAL("a"), BYTES_LITERAL("none") };
    struct kafka_delete_topics_request request = { .topic_names = { names, 2 } };
    struct kafka_delete_topics_response *response = peer_call(peer, &kafka_delete_topics_api, 5, &request);
    assert_int_equal(response->responses.items[0].error_code, KAFKA_NONE);
    assert_int_equal(response->responses.items[1].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    struct kafka_delete_topic_state states[] = { { .topic_id = { { [0] = 0xee, [15] = 2 } } },
                                                 { .topic_id = { { [0] = 0xee, [15] = 7 } } },
                                                 { .name = BYTES_NULL } };
    request = (struct kafka_delete_topics_request){ .topics = { states, 3 } };
    response = peer_call(peer, &kafka_delete_topics_api, 6, &request);
    assert_true(bytes_is(response->responses.items[0].name, "b"));
    assert_int_equal(response->responses.items[0].error_code, KAFKA_NONE);
    assert_int_equal(response->responses.items[1].error_code, KAFKA_UNKNOWN_TOPIC_ID);
    assert_int_equal(response->responses.items[2].error_code, KAFKA_INVALID_REQUEST);
}

static void gives_a_producer_id_once(void **state)
{
    (void)state;
    struct kafka_init_producer_id_request request = { .producer_id = -1, .producer_epoch = -1 };
    struct kafka_init_producer_id_response *first = peer_call(peer, &kafka_init_producer_id_api, 4, &request);
    struct kafka_init_producer_id_response *second = peer_call(peer, &kafka_init_producer_id_api, 0, &request);
    assert_int_equal(first->error_code, KAFKA_NONE);
    assert_int_equal(first->producer_epoch, 0);
    assert_true(second->producer_id != first->producer_id);
    request.transactional_id = BYTES_LITERAL("tx");
    first = peer_call(peer, &kafka_init_producer_id_api, 4, &request);
    assert_int_equal(first->error_code, KAFKA_UNSUPPORTED_VERSION);
    assert_int_equal(first->producer_id, -1);
}

// --- Produce

static void appends_and_answers_with_the_offset(void **state)
{
    (void)state;
    create("t", 2);
    assert_int_equal(produce_records("t", 1, 3).base_offset, 0);
    struct kafka_partition_produce_response row = produce_records("t", 1, 2);
    assert_int_equal(row.error_code, KAFKA_NONE);
    assert_int_equal(row.base_offset, 3);
    assert_int_equal(counter_get(&kafka_door_metrics(door)->messages_in), 5);
}

static void produces_in_every_version(void **state)
{
    (void)state;
    create("t", 1);
    for (int version = 3; version <= 13; version++) {
        struct slice batch = batch_of(1, true, -1, 0);
        struct kafka_partition_produce_data data = { .records = { .bytes = batch.bytes } };
        struct kafka_topic_produce_data row = { .name = BYTES_LITERAL("t"),
                                                .topic_id = { { [0] = 0xee, [15] = 1 } },
                                                .partition_data = { &data, 1 } };
        struct kafka_produce_request request = { .acks = 1, .topic_data = { &row, 1 } };
        peer_ask(peer, &kafka_produce_api, version, &request);
        assert_int_equal(produced(version).base_offset, version - 3);
        slice_free(&batch);
    }
}

static void refuses_old_versions_of_produce_with_an_answer(void **state)
{
    (void)state;
    create("t", 1);
    for (int version = 0; version < 3; version++)
        assert_int_equal(produce(version, "t", 0, BYTES_LITERAL("old")).error_code, KAFKA_UNSUPPORTED_VERSION);
}

static int16_t produce_changed(size_t at, uint8_t value, bool seal)
{
    struct slice batch = batch_of(2, true, -1, 0);
    batch.buf->data[at] = value;
    if (seal)
        batch_seal(batch.buf->data, batch.bytes.size);
    int16_t error = produce(9, "t", 0, batch.bytes).error_code;
    slice_free(&batch);
    return error;
}

static void refuses_bad_batches_as_kafka_does(void **state)
{
    (void)state;
    create("t", 1);
    struct slice batch = batch_of(2, true, -1, 0);
    assert_int_equal(produce(9, "none", 0, batch.bytes).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(produce(9, "t", 1, batch.bytes).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(produce(9, "t", -1, batch.bytes).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(produce(9, "t", 0, BYTES_NULL).error_code, KAFKA_INVALID_RECORD);
    assert_int_equal(produce(9, "t", 0, bytes_of(batch.bytes.data, 30)).error_code, KAFKA_CORRUPT_MESSAGE);
    struct writer two = WRITER_INIT;
    writer_bytes(&two, batch.bytes);
    writer_bytes(&two, batch.bytes);
    assert_int_equal(produce(9, "t", 0, writer_view(&two)).error_code, KAFKA_INVALID_RECORD);
    writer_free(&two);
    slice_free(&batch);
    assert_int_equal(produce_changed(BATCH_HEADER_SIZE + 5, 0xff, false), KAFKA_CORRUPT_MESSAGE);
    assert_int_equal(produce_changed(BATCH_MAGIC_AT, 1, false), KAFKA_INVALID_RECORD);
    assert_int_equal(produce_changed(BATCH_RECORD_COUNT_AT + 3, 3, true), KAFKA_INVALID_RECORD);
    assert_int_equal(produce_changed(BATCH_ATTRIBUTES_AT + 1, BATCH_CONTROL, true), KAFKA_INVALID_RECORD);
    assert_int_equal(produce_changed(BATCH_ATTRIBUTES_AT + 1, BATCH_LOG_APPEND_TIME, true), KAFKA_INVALID_TIMESTAMP);
    assert_int_equal(produce_changed(BATCH_ATTRIBUTES_AT + 1, BATCH_TRANSACTIONAL, true), KAFKA_INVALID_TXN_STATE);
    assert_int_equal(counter_get(&kafka_door_metrics(door)->messages_in), 0);
}

static void translates_what_the_store_says(void **state)
{
    (void)state;
    static const struct {
        err_t err;
        int16_t error;
    } rows[] = {
        { ERR_BAD_SEQUENCE, KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER },
        { ERR_STALE_EPOCH, KAFKA_INVALID_PRODUCER_EPOCH },
        { ERR_TOO_LARGE, KAFKA_MESSAGE_TOO_LARGE },
        { ERR_OUT_OF_RANGE, KAFKA_INVALID_TIMESTAMP },
        { ERR_INVALID, KAFKA_INVALID_RECORD },
        { ERR_NO_SPACE, KAFKA_KAFKA_STORAGE_ERROR },
        { ERR_IO, KAFKA_KAFKA_STORAGE_ERROR },
        { ERR_CLOSED, KAFKA_UNKNOWN_TOPIC_OR_PARTITION },
        { ERR_DUPLICATE, KAFKA_NONE },
    };
    create("t", 1);
    produce_records("t", 0, 1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        fake_store_fail_append(store, rows[i].err);
        struct kafka_partition_produce_response row = produce_records("t", 0, 1);
        assert_int_equal(row.error_code, rows[i].error);
        assert_int_equal(row.base_offset, rows[i].err == ERR_DUPLICATE ? 1 : -1);
        assert_int_equal(row.error_message.size > 0, rows[i].error != KAFKA_NONE);
    }
}

static void names_the_record_without_a_key(void **state)
{
    (void)state;
    struct kafka_creatable_topic_config config = { BYTES_LITERAL("cleanup.policy"), BYTES_LITERAL("compact") };
    struct kafka_creatable_topic topic = {
        .name = BYTES_LITERAL("t"), .num_partitions = 1, .replication_factor = 1, .configs = { &config, 1 }
    };
    assert_int_equal(create_with(topic, false), KAFKA_NONE);
    struct slice batch = batch_of(2, false, -1, 0);
    struct kafka_partition_produce_response row = produce(8, "t", 0, batch.bytes);
    slice_free(&batch);
    assert_int_equal(row.error_code, KAFKA_INVALID_RECORD);
    assert_int_equal(row.record_errors.count, 1);
    assert_int_equal(row.record_errors.items[0].batch_index, 0);
    assert_int_equal(produce_records("t", 0, 1).error_code, KAFKA_NONE);
}

static void answers_nothing_to_acks_0_and_hangs_up_when_it_fails(void **state)
{
    (void)state;
    create("t", 1);
    struct slice batch = batch_of(1, true, -1, 0);
    ask_produce(9, "t", 0, 0, batch.bytes);
    ask_produce(9, "t", 0, -1, batch.bytes);
    assert_int_equal(produced(9).base_offset, 1);
    ask_produce(9, "t", 0, 2, batch.bytes);
    assert_int_equal(produced(9).error_code, KAFKA_INVALID_REQUIRED_ACKS);
    ask_produce(9, "none", 0, 0, batch.bytes);
    assert_null(peer_wait(peer, &kafka_produce_api, 9));
    slice_free(&batch);
}

static void many_produces_are_under_way_at_once(void **state)
{
    (void)state;
    create("t", 1);
    fake_store_hold(store, true);
    struct slice batch = batch_of(1, true, -1, 0);
    for (size_t i = 0; i < 5; i++)
        ask_produce(9, "t", 0, -1, batch.bytes);
    loop_run_ms(loop, 30);
    fake_store_hold(store, false);
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(produced(9).base_offset, i);
    slice_free(&batch);
}

static void survives_a_client_that_goes_while_its_produce_is_under_way(void **state)
{
    (void)state;
    create("t", 1);
    fake_store_hold(store, true);
    struct slice batch = batch_of(1, true, -1, 0);
    ask_produce(9, "t", 0, -1, batch.bytes);
    slice_free(&batch);
    loop_run_ms(loop, 20);
    peer_close(peer);
    peer = peer_open(loop, kafka_door_port(door));
    fake_store_hold(store, false);
    loop_run_ms(loop, 20);
    assert_int_equal(fetch(4, "t", 0, 0).high_watermark, 1);
}

// --- Fetch, ListOffsets

static void fetches_what_was_produced_in_every_version(void **state)
{
    (void)state;
    create("t", 1);
    struct slice batch = batch_of(3, true, -1, 0);
    assert_int_equal(produce(9, "t", 0, batch.bytes).error_code, KAFKA_NONE);
    for (int version = 4; version <= 18; version++) {
        struct kafka_fetch_topic topic;
        struct kafka_fetch_partition partition;
        struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 1); // inside the batch
        topic.topic_id = (struct kafka_uuid){ { [0] = 0xee, [15] = 1 } };
        peer_ask(peer, &kafka_fetch_api, version, &request);
        struct kafka_partition_data data = fetched(version);
        assert_int_equal(data.error_code, KAFKA_NONE);
        assert_int_equal(data.high_watermark, 3);
        assert_int_equal(data.records.bytes.size, batch.bytes.size);
        // All but base offset and leader epoch is what was sent.
        assert_memory_equal(data.records.bytes.data + BATCH_MAGIC_AT, batch.bytes.data + BATCH_MAGIC_AT,
                            batch.bytes.size - BATCH_MAGIC_AT);
        assert_int_equal(data.aborted_transactions.count, KAFKA_NULL_ARRAY);
    }
    slice_free(&batch);
}

static void refuses_fetches_as_kafka_does(void **state)
{
    (void)state;
    create("t", 1);
    assert_int_equal(fetch(11, "none", 0, 0).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(fetch(11, "t", 7, 0).error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(fetch(11, "t", 0, 5).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    assert_int_equal(fetch(11, "t", 0, -1).error_code, KAFKA_OFFSET_OUT_OF_RANGE);
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    partition.current_leader_epoch = 2;
    peer_ask(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(fetched(11).error_code, KAFKA_FENCED_LEADER_EPOCH);
    partition.current_leader_epoch = 4;
    peer_ask(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(fetched(11).error_code, KAFKA_UNKNOWN_LEADER_EPOCH);
    request = fetch_of(&topic, &partition, "t", 0, 0);
    peer_ask(peer, &kafka_fetch_api, 13, &request); // no id
    assert_int_equal(fetched(13).error_code, KAFKA_UNKNOWN_TOPIC_ID);
}

static void tells_where_the_logs_part(void **state)
{
    (void)state;
    create("t", 1);
    produce_records("t", 0, 4);
    static const struct {
        int64_t offset;
        int32_t last_epoch;
        int16_t error;
        bool is_diverging;
        int32_t epoch;
        int64_t end_offset;
    } rows[] = {
        { 2, -1, KAFKA_NONE, false, 0, 0 },                // says nothing of its records
        { 2, 3, KAFKA_NONE, false, 0, 0 },                 // has what we have
        { 5, 3, KAFKA_NONE, true, 3, 4 },                  // has more of this epoch than there is
        { 9, 2, KAFKA_NONE, true, 2, 0 },                  // its epoch is older than the log
        { 2, 4, KAFKA_OFFSET_OUT_OF_RANGE, false, 0, 0 },  // its epoch has not been yet
        { -1, 3, KAFKA_OFFSET_OUT_OF_RANGE, false, 0, 0 }, // an offset that cannot be is refused in any epoch
    };
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    request.max_wait_ms = 60000; // nobody is kept waiting who must cut the log
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        partition.fetch_offset = rows[i].offset;
        partition.last_fetched_epoch = rows[i].last_epoch;
        peer_ask(peer, &kafka_fetch_api, 12, &request);
        struct kafka_partition_data data = fetched(12);
        assert_int_equal(data.error_code, rows[i].error);
        assert_int_equal(data.records.bytes.size > 0, !rows[i].is_diverging && rows[i].error == KAFKA_NONE);
        assert_int_equal(data.diverging_epoch.epoch, rows[i].is_diverging ? rows[i].epoch : -1);
        assert_int_equal(data.diverging_epoch.end_offset, rows[i].is_diverging ? rows[i].end_offset : -1);
        assert_true(rows[i].error != KAFKA_NONE || data.high_watermark == 4);
    }
}

static void old_consumers_get_no_zstd_from_a_topic_of_zstd(void **state)
{
    (void)state;
    struct kafka_creatable_topic_config config = { BYTES_LITERAL("compression.type"), BYTES_LITERAL("zstd") };
    struct kafka_creatable_topic topic = {
        .name = BYTES_LITERAL("t"), .num_partitions = 1, .replication_factor = 1, .configs = { &config, 1 }
    };
    assert_int_equal(create_with(topic, false), KAFKA_NONE);
    produce_records("t", 0, 1);
    assert_int_equal(fetch(9, "t", 0, 0).error_code, KAFKA_UNSUPPORTED_COMPRESSION_TYPE);
    assert_int_equal(fetch(10, "t", 0, 0).error_code, KAFKA_NONE);
}

static void waits_for_data_and_wakes_up_with_it(void **state)
{
    (void)state;
    create("t", 1);
    struct peer *consumer = peer_open(loop, kafka_door_port(door));
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    request.max_wait_ms = 15000;
    peer_ask(consumer, &kafka_fetch_api, 11, &request);
    loop_run_ms(loop, 20);
    produce_records("t", 0, 1);
    struct kafka_fetch_response *response = peer_wait(consumer, &kafka_fetch_api, 11);
    assert_true(response->responses.items[0].partitions.items[0].records.bytes.size > 0);
    // More than one batch is asked for now: the first does not end the wait, the third does.
    request.min_bytes = 3 * 70;
    partition.fetch_offset = 1;
    peer_ask(consumer, &kafka_fetch_api, 11, &request);
    loop_run_ms(loop, 20);
    for (size_t i = 0; i < 3; i++)
        produce_records("t", 0, 1);
    response = peer_wait(consumer, &kafka_fetch_api, 11);
    assert_true(response->responses.items[0].partitions.items[0].records.bytes.size >= 210);
    // Nothing comes: the time ends it.
    request.max_wait_ms = 30;
    partition.fetch_offset = 4;
    peer_ask(consumer, &kafka_fetch_api, 11, &request);
    response = peer_wait(consumer, &kafka_fetch_api, 11);
    assert_int_equal(response->responses.items[0].partitions.items[0].records.bytes.size, 0);
    assert_non_null(response->responses.items[0].partitions.items[0].records.bytes.data);
    // The topic goes.
    request.max_wait_ms = 15000;
    peer_ask(consumer, &kafka_fetch_api, 11, &request);
    loop_run_ms(loop, 20);
    bytes_t name = BYTES_LITERAL("t");
    struct kafka_delete_topics_request deletion = { .topic_names = { &name, 1 } };
    peer_call(peer, &kafka_delete_topics_api, 5, &deletion);
    response = peer_wait(consumer, &kafka_fetch_api, 11);
    assert_int_equal(response->responses.items[0].partitions.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    peer_close(consumer);
}

static void forgets_a_waiting_client_that_goes(void **state)
{
    (void)state;
    create("t", 1);
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    request.max_wait_ms = 15000;
    peer_ask(peer, &kafka_fetch_api, 11, &request);
    loop_run_ms(loop, 20);
    peer_close(peer);
    loop_run_ms(loop, 20);
    assert_int_equal(gauge_get(&kafka_door_metrics(door)->connections), 0);
    assert_int_equal(fake_store_pending(store), 0);
    peer = peer_open(loop, kafka_door_port(door));
}

static void keeps_to_limits_but_gives_the_first_batch(void **state)
{
    (void)state;
    create("t", 8);
    size_t size = 0;
    for (int32_t i = 0; i < 8; i++) {
        struct slice batch = batch_of(100, true, -1, 0);
        size = batch.bytes.size;
        assert_int_equal(produce(9, "t", i, batch.bytes).error_code, KAFKA_NONE);
        assert_int_equal(produce(9, "t", i, batch.bytes).error_code, KAFKA_NONE);
        slice_free(&batch);
    }
    struct kafka_fetch_partition partitions[8];
    struct kafka_fetch_topic topic;
    struct kafka_fetch_request request = fetch_of(&topic, &partitions[0], "t", 0, 2 * 100);
    for (int32_t i = 1; i < 8; i++) {
        partitions[i] = partitions[0];
        partitions[i].partition = i;
        partitions[i].fetch_offset = 0;
    }
    topic.partitions.count = 8;
    static const struct {
        int32_t max_size, partition_max_size;
        size_t expected;
    } rows[] = { { 1, 1, 1 }, { 1, 1 << 20, 1 }, { 1 << 20, 1, 1 }, { 1 << 20, 1 << 20, 14 }, { 0, 0, 3 } };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        request.max_bytes = rows[i].max_size == 0 ? (int32_t)(3 * size + 10) : rows[i].max_size;
        for (int32_t j = 0; j < 8; j++)
            partitions[j].partition_max_bytes =
                rows[i].partition_max_size == 0 ? (int32_t)size : rows[i].partition_max_size;
        struct kafka_fetch_response *response = peer_call(peer, &kafka_fetch_api, 11, &request);
        size_t total = 0;
        for (int32_t j = 0; j < 8; j++) {
            total += response->responses.items[0].partitions.items[j].records.bytes.size;
            assert_int_equal(response->responses.items[0].partitions.items[j].high_watermark, 200);
        }
        assert_int_equal(total, rows[i].expected * size);
    }
}

static void remembers_what_a_session_reads(void **state)
{
    (void)state;
    create("t", 3);
    struct kafka_fetch_partition partitions[3];
    struct kafka_fetch_topic topic;
    struct kafka_fetch_request request = fetch_of(&topic, &partitions[0], "t", 0, 0);
    for (int32_t i = 1; i < 3; i++) {
        partitions[i] = partitions[0];
        partitions[i].partition = i;
    }
    topic.partitions.count = 3;
    request.max_wait_ms = 0;
    request.session_epoch = 0;
    struct kafka_fetch_response *response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_true(response->session_id > 0);
    assert_int_equal(response->responses.items[0].partitions.count, 3);
    request.session_id = response->session_id;
    request.topics.count = 0;
    // Nothing new: an empty answer.
    request.session_epoch = 1;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->error_code, KAFKA_NONE);
    assert_int_equal(response->responses.count, 0);
    // News of one partition only.
    produce_records("t", 1, 2);
    request.session_epoch = 2;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->responses.items[0].partitions.count, 1);
    assert_int_equal(response->responses.items[0].partitions.items[0].partition_index, 1);
    // The wrong epoch, the wrong session, ids instead of names.
    request.session_epoch = 9;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->error_code, KAFKA_INVALID_FETCH_SESSION_EPOCH);
    request.session_epoch = 3;
    response = peer_call(peer, &kafka_fetch_api, 13, &request);
    assert_int_equal(response->error_code, KAFKA_FETCH_SESSION_TOPIC_ID_ERROR);
    // Forget the one with data, move another.
    int32_t forgotten = 1;
    struct kafka_forgotten_topic forget = { .topic = BYTES_LITERAL("t"), .partitions = { &forgotten, 1 } };
    request.forgotten_topics_data.items = &forget;
    request.forgotten_topics_data.count = 1;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->responses.count, 0);
    assert_int_equal(gauge_get(&kafka_door_metrics(door)->fetch_session_partitions), 2);
    request.forgotten_topics_data.count = 0;
    // The end.
    request.session_epoch = -1;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->session_id, 0);
    assert_int_equal(gauge_get(&kafka_door_metrics(door)->fetch_sessions), 0);
    request.session_epoch = 4;
    response = peer_call(peer, &kafka_fetch_api, 11, &request);
    assert_int_equal(response->error_code, KAFKA_FETCH_SESSION_ID_NOT_FOUND);
}

static void a_session_remembers_the_last_epoch(void **state)
{
    (void)state;
    create("t", 1);
    produce_records("t", 0, 4);
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 9);
    partition.last_fetched_epoch = 3;
    request.session_epoch = 0;
    struct kafka_fetch_response *response = peer_call(peer, &kafka_fetch_api, 12, &request);
    request.session_id = response->session_id;
    request.session_epoch = 1;
    request.topics.count = 0;
    response = peer_call(peer, &kafka_fetch_api, 12, &request);
    assert_int_equal(response->responses.count, 1); // told again until the client cuts its log
    assert_int_equal(response->responses.items[0].partitions.items[0].diverging_epoch.end_offset, 4);
}

static void gives_no_session_when_all_are_in_use(void **state)
{
    (void)state;
    create("t", 1);
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    request.max_wait_ms = 0;
    request.session_epoch = 0;
    for (int i = 0; i < 3; i++) {
        struct kafka_fetch_response *response = peer_call(peer, &kafka_fetch_api, 11, &request);
        assert_int_equal(response->session_id > 0, i < 2);
        assert_int_equal(response->responses.count, 1);
    }
}

static void finds_offsets(void **state)
{
    (void)state;
    create("t", 1);
    produce_records("t", 0, 4);
    struct kafka_list_offsets_partition partition = { .timestamp = -1, .current_leader_epoch = -1 };
    struct kafka_list_offsets_topic topic = { .name = BYTES_LITERAL("t"), .partitions = { &partition, 1 } };
    struct kafka_list_offsets_request request = { .topics = { &topic, 1 } };
    for (int version = 1; version <= 11; version++) {
        struct kafka_list_offsets_response *response = peer_call(peer, &kafka_list_offsets_api, version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].error_code, KAFKA_NONE);
        assert_int_equal(response->topics.items[0].partitions.items[0].offset, 4);
    }
    static const struct {
        int64_t timestamp;
        int version;
        int16_t error;
        int64_t offset;
    } rows[] = {
        { -2, 1, KAFKA_NONE, 0 },
        { -3, 6, KAFKA_UNSUPPORTED_VERSION, -1 },
        { -3, 7, KAFKA_NONE, 4 },
        { -4, 7, KAFKA_UNSUPPORTED_VERSION, -1 },
        { -4, 8, KAFKA_NONE, 0 },
        { -5, 8, KAFKA_UNSUPPORTED_VERSION, -1 },
        { -5, 9, KAFKA_NONE, -1 },
        { -6, 10, KAFKA_UNSUPPORTED_VERSION, -1 },
        { -6, 11, KAFKA_NONE, -1 },
        { -7, 11, KAFKA_UNSUPPORTED_VERSION, -1 },
        { INT64_MIN, 11, KAFKA_UNSUPPORTED_VERSION, -1 },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        partition.timestamp = rows[i].timestamp;
        struct kafka_list_offsets_response *response =
            peer_call(peer, &kafka_list_offsets_api, rows[i].version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].error_code, rows[i].error);
        assert_int_equal(response->topics.items[0].partitions.items[0].offset, rows[i].offset);
    }
}

static void refuses_a_partition_that_stands_twice(void **state)
{
    (void)state;
    create("t", 3);
    // Partition 1 stands in both topics, 2 twice in one; 0 and the other topic's 1 stand once.
    struct kafka_list_offsets_partition first[] = { { 0, -1, -1 }, { 1, -1, -1 } };
    struct kafka_list_offsets_partition second[] = { { 2, -1, -1 }, { 1, -1, -2 }, { 2, -1, -1 } };
    struct kafka_list_offsets_topic topics[] = { { BYTES_LITERAL("t"), { first, 2 } },
                                                 { BYTES_LITERAL("none"), { first + 1, 1 } },
                                                 { BYTES_LITERAL("t"), { second, 3 } } };
    struct kafka_list_offsets_request request = { .topics = { topics, 3 } };
    struct kafka_list_offsets_response *response = peer_call(peer, &kafka_list_offsets_api, 5, &request);
    assert_int_equal(response->topics.items[0].partitions.count, 2);
    assert_int_equal(response->topics.items[0].partitions.items[0].error_code, KAFKA_NONE);
    assert_int_equal(response->topics.items[0].partitions.items[1].error_code, KAFKA_INVALID_REQUEST);
    assert_int_equal(response->topics.items[1].partitions.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(response->topics.items[2].partitions.count, 1);
    assert_int_equal(response->topics.items[2].partitions.items[0].partition_index, 2);
    assert_int_equal(response->topics.items[2].partitions.items[0].error_code, KAFKA_INVALID_REQUEST);
}

// --- bad input, slow readers

static void expect_hang_up(const void *bytes, size_t size)
{
    struct peer *bad = peer_open(loop, kafka_door_port(door));
    peer_send(bad, bytes_of(bytes, size));
    assert_null(peer_wait(bad, &kafka_metadata_api, 0));
    peer_close(bad);
}

static void hangs_up_on_what_is_not_kafka(void **state)
{
    (void)state;
    expect_hang_up("\xff\xff\xff\xff", 4);                            // negative
    expect_hang_up("\0\0\0\0", 4);                                    // no header
    expect_hang_up("\0\x10\0\x01", 4);                                // above the limit
    expect_hang_up("GET / HTTP/1.1\r\n\r\n", 18);                     // "GET " is a length above the limit
    expect_hang_up("\0\0\0\x0a\x03\xe7\0\0\0\0\0\0\xff\xff", 14);     // API 999
    expect_hang_up("\0\0\0\x0a\0\x03\0\x63\0\0\0\0\xff\xff\0", 14);   // Metadata 99
    expect_hang_up("\0\0\0\x0c\0\x03\0\x01\0\0\0\0\xff\xff\0\0", 16); // half of an array's length
    assert_int_equal(counter_get(&kafka_door_metrics(door)->bad_requests), 7);
}

static void closes_idle_connections(void **state)
{
    (void)state;
    assert_null(peer_wait(peer, &kafka_metadata_api, 0));
}

static void large_frames_wait_for_room(void **state)
{
    (void)state;
    create("t", 1);
    options.queued_request_size = 300000;
    fake_store_hold(store, true);
    static uint8_t zeros[200000];
    struct peer *peers[3];
    for (size_t i = 0; i < 3; i++) {
        // A Produce whose batch is rubbish; the second and third cannot be received while the first is.
        peers[i] = peer_open(loop, kafka_door_port(door));
        struct kafka_partition_produce_data data = { .records = { .bytes = bytes_of(zeros, sizeof(zeros)) } };
        struct kafka_topic_produce_data row = { .name = BYTES_LITERAL("t"), .partition_data = { &data, 1 } };
        struct kafka_produce_request request = { .acks = 1, .topic_data = { &row, 1 } };
        peer_ask(peers[i], &kafka_produce_api, 9, &request);
    }
    for (size_t i = 0; i < 3; i++) {
        struct kafka_produce_response *response = peer_wait(peers[i], &kafka_produce_api, 9);
        assert_int_equal(response->responses.items[0].partition_responses.items[0].error_code, KAFKA_INVALID_RECORD);
        peer_close(peers[i]);
    }
    fake_store_hold(store, false);
}

static void a_slow_reader_holds_little_memory(void **state)
{
    (void)state;
    enum { REQUESTS = 100 };
    create("t", 1);
    size_t size = 0;
    for (size_t i = 0; i < 40; i++) {
        struct slice batch = batch_of(1000, true, -1, 0);
        size += batch.bytes.size;
        assert_int_equal(produce(9, "t", 0, batch.bytes).error_code, KAFKA_NONE);
        slice_free(&batch);
    }
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "t", 0, 0);
    peer_pause(peer);
    for (size_t i = 0; i < REQUESTS; i++)
        peer_ask(peer, &kafka_fetch_api, 11, &request);
    loop_run_ms(loop, 300);
    // What the sockets took, the send queue's mark and one answer; not 100 answers.
    uint64_t answered = counter_get(&kafka_door_metrics(door)->answer_bytes);
    assert_true(answered < REQUESTS * size / 3);
    peer_resume(peer);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_int_equal(fetched(11).records.bytes.size, size);
}

static void a_client_that_floods_is_read_no_further(void **state)
{
    (void)state;
    create("t", 1);
    options.in_flight_size = 65536;
    peer_close(peer);
    peer = peer_open(loop, kafka_door_port(door));
    fake_store_hold(store, true);
    struct slice batch = batch_of(400, true, -1, 0);
    enum { REQUESTS = 60 };
    for (size_t i = 0; i < REQUESTS; i++)
        ask_produce(9, "t", 0, -1, batch.bytes);
    loop_run_ms(loop, 100);
    uint64_t taken = counter_get(&kafka_door_metrics(door)->request_bytes);
    assert_true(taken < 65536 + 2 * batch.bytes.size + 1000);
    fake_store_hold(store, false);
    for (size_t i = 0; i < REQUESTS; i++)
        assert_int_equal(produced(9).base_offset, i * 400);
    slice_free(&batch);
}

// --- the client

struct client_run {
    int answers;
    bool is_closed;
    err_t why;
};

static void on_metadata(void *owner, const struct kafka_answer *answer)
{
    struct client_run *run = owner;
    assert_int_equal(answer->err, ERR_OK);
    assert_int_equal(answer->version, 13);
    const struct kafka_metadata_response *response = answer->response;
    assert_true(bytes_is(response->topics.items[0].name, "made"));
    run->answers++;
    loop_stop(loop);
}

static void on_cancelled(void *owner, const struct kafka_answer *answer)
{
    struct client_run *run = owner;
    assert_int_equal(answer->err, ERR_CANCELLED);
    run->answers++;
}

static void on_ready(struct kafka_client *client)
{
    struct kafka_metadata_request_topic topic = { .name = BYTES_LITERAL("made") };
    struct kafka_metadata_request request = { .topics = { &topic, 1 }, .allow_auto_topic_creation = true };
    assert_int_equal(kafka_client_version(client, &kafka_fetch_api), 18);
    assert_int_equal(kafka_client_send(client, &kafka_metadata_api, &request, on_metadata, kafka_client_owner(client)),
                     ERR_OK);
}

static void on_client_close(struct kafka_client *client, err_t why, const diag_t *diag)
{
    struct client_run *run = kafka_client_owner(client);
    assert_true(why == ERR_OK || diag->text[0] != '\0');
    run->is_closed = true;
    run->why = why;
    loop_stop(loop);
}

static const struct kafka_client_ops client_ops = { on_ready, on_client_close };

static void the_client_negotiates_and_asks(void **state)
{
    (void)state;
    struct client_run run = { 0 };
    struct address address = { .host = "localhost", .port = kafka_door_port(door) };
    struct kafka_client *client =
        kafka_client_open(loop, &address, &(struct kafka_client_options){ 0 }, &client_ops, &run);
    while (run.answers == 0)
        loop_run(loop);
    struct kafka_fetch_topic topic;
    struct kafka_fetch_partition partition;
    struct kafka_fetch_request request = fetch_of(&topic, &partition, "made", 0, 0);
    topic.topic_id = (struct kafka_uuid){ { [0] = 0xee, [15] = 1 } };
    request.max_wait_ms = 10000;
    assert_int_equal(kafka_client_send(client, &kafka_fetch_api, &request, on_cancelled, &run), ERR_OK);
    loop_run_ms(loop, 20);
    kafka_client_close(client);
    assert_int_equal(run.answers, 2);
    while (!run.is_closed)
        loop_run(loop);
    assert_int_equal(run.why, ERR_OK);
}

static void the_client_says_why_it_cannot(void **state)
{
    (void)state;
    struct client_run run = { 0 };
    struct address address = { .host = "127.0.0.1", .port = 1 };
    kafka_client_open(loop, &address, &(struct kafka_client_options){ 0 }, &client_ops, &run);
    while (!run.is_closed)
        loop_run(loop);
    assert_int_equal(run.why, ERR_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_its_versions),
        TEST(answers_a_version_from_the_future_in_version_0),
        TEST(lists_brokers_and_topics_in_every_version),
        TEST(creates_what_a_client_asks_for),
        TEST(lists_a_topic_once_however_often_it_is_named),
        TEST(finds_topics_by_id),
        TEST(refuses_topics_as_kafka_does),
        TEST(refuses_a_name_that_stands_twice),
        TEST(takes_manual_assignments_of_this_broker_only),
        TEST(deletes_topics_by_name_and_id),
        TEST(gives_a_producer_id_once),
        TEST(appends_and_answers_with_the_offset),
        TEST(produces_in_every_version),
        TEST(refuses_old_versions_of_produce_with_an_answer),
        TEST(refuses_bad_batches_as_kafka_does),
        TEST(translates_what_the_store_says),
        TEST(names_the_record_without_a_key),
        TEST(answers_nothing_to_acks_0_and_hangs_up_when_it_fails),
        TEST(many_produces_are_under_way_at_once),
        TEST(survives_a_client_that_goes_while_its_produce_is_under_way),
        TEST(fetches_what_was_produced_in_every_version),
        TEST(refuses_fetches_as_kafka_does),
        TEST(tells_where_the_logs_part),
        TEST(old_consumers_get_no_zstd_from_a_topic_of_zstd),
        TEST(waits_for_data_and_wakes_up_with_it),
        TEST(forgets_a_waiting_client_that_goes),
        TEST(keeps_to_limits_but_gives_the_first_batch),
        TEST(remembers_what_a_session_reads),
        TEST(a_session_remembers_the_last_epoch),
        TEST(gives_no_session_when_all_are_in_use),
        TEST(finds_offsets),
        TEST(refuses_a_partition_that_stands_twice),
        TEST(hangs_up_on_what_is_not_kafka),
        cmocka_unit_test_setup_teardown(closes_idle_connections, set_up_impatient, tear_down),
        TEST(large_frames_wait_for_room),
        TEST(a_slow_reader_holds_little_memory),
        TEST(a_client_that_floods_is_read_no_further),
        TEST(the_client_negotiates_and_asks),
        TEST(the_client_says_why_it_cannot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
