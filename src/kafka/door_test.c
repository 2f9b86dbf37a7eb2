// SPDX-License-Identifier: Apache-2.0
// What the door answers about itself and its topics, what it hangs up on; and the client of the same tables.
#include "kafka/testing/door/door_world.h"

#include "base/batch.h"
#include "kafka/api/api_versions.h"
#include "kafka/api/delete_topics.h"
#include "kafka/api/init_producer_id.h"
#include "kafka/api/metadata.h"
#include "kafka/client.h"
#include "kafka/errors.h"

#include "base/test.h"

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
