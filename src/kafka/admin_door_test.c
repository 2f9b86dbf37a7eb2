// SPDX-License-Identifier: Apache-2.0
// The admin APIs through a door on the store in memory: every version, and the errors.
#include "kafka/kafka.h"

#include "base/assert.h"
#include "base/test.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/alter_configs.h"
#include "kafka/api/alter_partition_reassignments.h"
#include "kafka/api/create_partitions.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_records.h"
#include "kafka/api/describe_cluster.h"
#include "kafka/api/describe_configs.h"
#include "kafka/api/describe_log_dirs.h"
#include "kafka/api/describe_quorum.h"
#include "kafka/api/describe_topic_partitions.h"
#include "kafka/api/elect_leaders.h"
#include "kafka/api/incremental_alter_configs.h"
#include "kafka/api/list_config_resources.h"
#include "kafka/api/offset_for_leader_epoch.h"
#include "kafka/configs.h"
#include "kafka/errors.h"
#include "kafka/testing/fake/fake_store.h"
#include "kafka/testing/peer.h"
#include "store/topic.h"

#define TEST_LIMIT_MS 20000
// One item, and its count.
#define ONE(type, ...)                                                                                                 \
    {                                                                                                                  \
        (type[]){ __VA_ARGS__ }, 1                                                                                     \
    }

static struct loop *loop;
static struct store *store;
static struct kafka_door *door;
static struct kafka_options options;
static struct timer limit;
static struct peer *peer;

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static int set_up(void **state)
{
    (void)state;
    options = (struct kafka_options){ .node_id = 1,
                                      .request_max_size = 1 << 20,
                                      .in_flight_size = 1 << 20,
                                      .queued_request_size = 4 << 20,
                                      .idle_ms = 60000,
                                      .topic_partitions = 2,
                                      .partitions_max = 8 };
    struct address address = { .host = "localhost", .port = 0 };
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    store = fake_store_new(loop);
    assert_int_equal(kafka_door_open(loop, store, NULL, &address, &options, &door, NULL), ERR_OK);
    peer = peer_open(loop, kafka_door_port(door));
    struct kafka_creatable_topic topic = { .name = BYTES_LITERAL("t"), .num_partitions = 3, .replication_factor = 1 };
    struct kafka_create_topics_request request = { .topics = { &topic, 1 } };
    struct kafka_create_topics_response *response = peer_call(peer, &kafka_create_topics_api, 7, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_NONE);
    return 0;
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
    fake_store_free(store);
    loop_free(loop);
    return 0;
}

// --- partitions and records

static int16_t grow(int version, const char *name, int32_t count, bool validate_only)
{
    struct kafka_create_partitions_request request = {
        .topics = ONE(struct kafka_create_partitions_topic,
                      { .name = bytes_of_text(name), .count = count, .assignments = { NULL, KAFKA_NULL_ARRAY } }),
        .validate_only = validate_only
    };
    struct kafka_create_partitions_response *response =
        peer_call(peer, &kafka_create_partitions_api, version, &request);
    return response->results.items[0].error_code;
}

static void adds_partitions_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version <= 3; version++) {
        assert_int_equal(grow(version, "t", 4 + version, true), KAFKA_NONE);
        assert_int_equal(grow(version, "t", 4 + version, false), KAFKA_NONE); // validate_only made nothing
        assert_int_equal(grow(version, "t", 4 + version, false), KAFKA_INVALID_PARTITIONS);
    }
    assert_int_equal(grow(3, "t", 1, false), KAFKA_INVALID_PARTITIONS);
    assert_int_equal(grow(3, "t", 9, false), KAFKA_POLICY_VIOLATION);
    assert_int_equal(grow(3, "none", 9, false), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(grow(3, TOPIC_CATALOG, 9, false), KAFKA_INVALID_TOPIC_EXCEPTION);
    struct kafka_create_partitions_topic twice[] = { { .name = BYTES_LITERAL("t"), .count = 8 },
                                                     { .name = BYTES_LITERAL("t"), .count = 8 } };
    struct kafka_create_partitions_request request = { .topics = { twice, 2 } };
    struct kafka_create_partitions_response *response = peer_call(peer, &kafka_create_partitions_api, 3, &request);
    assert_int_equal(response->results.items[1].error_code, KAFKA_INVALID_REQUEST);
}

static int16_t delete_to(int version, const char *name, int32_t partition, int64_t offset)
{
    struct kafka_delete_records_request request = {
        .topics = ONE(struct kafka_delete_records_topic,
                      { .name = bytes_of_text(name),
                        .partitions = ONE(struct kafka_delete_records_partition, { partition, offset }) })
    };
    struct kafka_delete_records_response *response = peer_call(peer, &kafka_delete_records_api, version, &request);
    return response->topics.items[0].partitions.items[0].error_code;
}

static void deletes_records_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version <= 2; version++) {
        assert_int_equal(delete_to(version, "t", 0, 0), KAFKA_NONE);
        assert_int_equal(delete_to(version, "t", 0, -1), KAFKA_NONE);
        assert_int_equal(delete_to(version, "t", 0, 1), KAFKA_OFFSET_OUT_OF_RANGE);
        assert_int_equal(delete_to(version, "t", 7, 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        assert_int_equal(delete_to(version, "none", 0, 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        assert_int_equal(delete_to(version, TOPIC_CATALOG, 0, 0), KAFKA_INVALID_TOPIC_EXCEPTION);
    }
}

static void finds_the_end_of_an_epoch(void **state)
{
    (void)state;
    for (int version = 2; version <= 4; version++) {
        struct kafka_offset_for_leader_partition partition = { .current_leader_epoch = 3, .leader_epoch = 3 };
        struct kafka_offset_for_leader_epoch_request request = { .topics = ONE(struct kafka_offset_for_leader_topic,
                                                                               { .topic = BYTES_LITERAL("t"),
                                                                                 .partitions = { &partition, 1 } }) };
        struct kafka_offset_for_leader_epoch_response *response =
            peer_call(peer, &kafka_offset_for_leader_epoch_api, version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].leader_epoch, 3);
        assert_int_equal(response->topics.items[0].partitions.items[0].end_offset, 0);
        partition.current_leader_epoch = 2;
        response = peer_call(peer, &kafka_offset_for_leader_epoch_api, version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].error_code, KAFKA_FENCED_LEADER_EPOCH);
        partition.current_leader_epoch = 4;
        response = peer_call(peer, &kafka_offset_for_leader_epoch_api, version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].error_code, KAFKA_UNKNOWN_LEADER_EPOCH);
    }
}

// --- configurations

static struct kafka_describe_configs_result describe(int version, int8_t type, const char *name, const char *key)
{
    bytes_t keys[] = { bytes_of_text(key) };
    struct kafka_describe_configs_request request = {
        .resources = ONE(struct kafka_describe_configs_resource,
                         { .resource_type = type,
                           .resource_name = bytes_of_text(name),
                           .configuration_keys = { keys, key[0] == '\0' ? KAFKA_NULL_ARRAY : 1 } }),
        .include_synonyms = true,
        .include_documentation = true
    };
    struct kafka_describe_configs_response *response = peer_call(peer, &kafka_describe_configs_api, version, &request);
    return response->results.items[0];
}

static int16_t change(int version, int8_t type, const char *name, const char *key, int8_t operation, const char *value)
{
    struct kafka_incremental_alter_configs_request request = {
        .resources = ONE(
            struct kafka_incremental_alter_configs_resource,
            { .resource_type = type,
              .resource_name = bytes_of_text(name),
              .configs = ONE(struct kafka_incremental_alter_configs_alterable_config,
                             { bytes_of_text(key), operation, value == NULL ? BYTES_NULL : bytes_of_text(value) }) })
    };
    struct kafka_incremental_alter_configs_response *response =
        peer_call(peer, &kafka_incremental_alter_configs_api, version, &request);
    return response->responses.items[0].error_code;
}

static void describes_configurations_in_every_version(void **state)
{
    (void)state;
    for (int version = 1; version <= 4; version++) {
        struct kafka_describe_configs_result result = describe(version, KAFKA_RESOURCE_TOPIC, "t", "retention.ms");
        assert_int_equal(result.configs.count, 1);
        assert_true(bytes_is(result.configs.items[0].value, "604800000"));
        assert_int_equal(result.configs.items[0].config_source, KAFKA_SOURCE_DEFAULT);
        assert_int_equal(result.configs.items[0].synonyms.count, 0); // log.retention.ms has no default, as in Kafka
        assert_int_equal(result.configs.items[0].documentation.size > 0, version >= 3);
        result = describe(version, KAFKA_RESOURCE_TOPIC, "t", "segment.bytes");
        assert_int_equal(result.configs.items[0].synonyms.count, 1);
        assert_true(bytes_is(result.configs.items[0].synonyms.items[0].name, "log.segment.bytes"));
        result = describe(version, KAFKA_RESOURCE_BROKER, "1", "log.retention.hours");
        assert_true(bytes_is(result.configs.items[0].value, "168"));
        result = describe(version, KAFKA_RESOURCE_BROKER, "1", "");
        assert_int_equal(result.configs.count, kafka_broker_config_count);
        assert_int_equal(describe(version, KAFKA_RESOURCE_BROKER, "2", "").error_code, KAFKA_INVALID_REQUEST);
        assert_int_equal(describe(version, KAFKA_RESOURCE_BROKER, "", "").configs.count, 0);
        assert_int_equal(describe(version, KAFKA_RESOURCE_BROKER_LOGGER, "1", "").configs.count, 1);
        assert_int_equal(describe(version, 3, "1", "").error_code, KAFKA_INVALID_REQUEST);
        assert_int_equal(describe(version, KAFKA_RESOURCE_TOPIC, "none", "").error_code,
                         KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    }
}

static void changes_configurations_incrementally(void **state)
{
    (void)state;
    for (int version = 0; version <= 1; version++) {
        assert_int_equal(change(version, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", CONFIG_SET, "5"), KAFKA_NONE);
        assert_true(bytes_is(describe(4, KAFKA_RESOURCE_TOPIC, "t", "retention.ms").configs.items[0].value, "5"));
        assert_int_equal(change(version, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", CONFIG_DELETE, NULL), KAFKA_NONE);
    }
    assert_int_equal(change(1, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", CONFIG_SET, NULL), KAFKA_INVALID_REQUEST);
    assert_int_equal(change(1, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", 4, "1"), KAFKA_INVALID_REQUEST);
    assert_int_equal(change(1, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", CONFIG_SET, "x"), KAFKA_INVALID_CONFIG);
    assert_int_equal(change(1, KAFKA_RESOURCE_TOPIC, "t", "none", CONFIG_SET, "x"), KAFKA_INVALID_CONFIG);
    assert_int_equal(change(1, KAFKA_RESOURCE_TOPIC, "b!", "retention.ms", CONFIG_SET, "1"),
                     KAFKA_INVALID_TOPIC_EXCEPTION);
    assert_int_equal(change(1, KAFKA_RESOURCE_BROKER, "", "log.retention.ms", CONFIG_SET, "9"), KAFKA_NONE);
    assert_int_equal(describe(4, KAFKA_RESOURCE_BROKER, "", "").configs.count, 1);
    assert_int_equal(change(1, KAFKA_RESOURCE_BROKER, "1", "num.partitions", CONFIG_SET, "9"), KAFKA_INVALID_REQUEST);
    assert_int_equal(change(1, KAFKA_RESOURCE_BROKER, "1", "none", CONFIG_SET, "9"), KAFKA_INVALID_CONFIG);
    assert_int_equal(change(1, KAFKA_RESOURCE_BROKER_LOGGER, "1", "root", CONFIG_SET, "LOUD"), KAFKA_INVALID_CONFIG);
    assert_int_equal(change(1, KAFKA_RESOURCE_GROUP, "g", "x", CONFIG_SET, "1"), KAFKA_INVALID_REQUEST);
    assert_int_equal(change(1, 5, "g", "x", CONFIG_SET, "1"), KAFKA_INVALID_REQUEST);
}

static void replaces_configurations_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version <= 2; version++) {
        struct kafka_alter_configs_alterable_config row = { BYTES_LITERAL("segment.ms"), BYTES_LITERAL("77") };
        struct kafka_alter_configs_resource both[] = {
            { .resource_type = KAFKA_RESOURCE_TOPIC, .resource_name = BYTES_LITERAL("t"), .configs = { &row, 1 } },
            { .resource_type = KAFKA_RESOURCE_TOPIC, .resource_name = BYTES_LITERAL("t"), .configs = { &row, 1 } },
        };
        struct kafka_alter_configs_request request = { .resources = { both, 1 }, .validate_only = true };
        change(1, KAFKA_RESOURCE_TOPIC, "t", "retention.ms", CONFIG_SET, "5");
        peer_call(peer, &kafka_alter_configs_api, version, &request);
        assert_true(bytes_is(describe(4, KAFKA_RESOURCE_TOPIC, "t", "retention.ms").configs.items[0].value, "5"));
        request.validate_only = false;
        struct kafka_alter_configs_response *response = peer_call(peer, &kafka_alter_configs_api, version, &request);
        assert_int_equal(response->responses.items[0].error_code, KAFKA_NONE);
        assert_true(
            bytes_is(describe(4, KAFKA_RESOURCE_TOPIC, "t", "retention.ms").configs.items[0].value, "604800000"));
        assert_true(bytes_is(describe(4, KAFKA_RESOURCE_TOPIC, "t", "segment.ms").configs.items[0].value, "77"));
        request.resources.count = 2;
        response = peer_call(peer, &kafka_alter_configs_api, version, &request);
        assert_int_equal(response->responses.items[1].error_code, KAFKA_INVALID_REQUEST);
    }
}

static void knows_its_own_configurations(void **state)
{
    (void)state;
    for (size_t i = 0; i < kafka_broker_config_count; i++) {
        const struct kafka_broker_config *row = &kafka_broker_configs[i];
        bytes_t name = bytes_of_text(row->name);
        if (kafka_broker_config_find(name) != row)
            fail_msg("%s stands in the wrong place", row->name);
        if ((row->documentation == NULL) != (kafka_broker_config_topic(name) != NULL))
            fail_msg("%s has no documentation, or two", row->name);
        diag_t diag = { 0 };
        if (row->default_value != NULL &&
            kafka_broker_config_check(row, bytes_of_text(row->default_value), &diag) != ERR_OK)
            fail_msg("%s: %s", row->name, diag.text);
    }
    for (size_t i = 0; i < topic_config_row_count; i++) {
        const char *name = topic_config_rows[i].broker_name;
        if (name != NULL && kafka_broker_config_find(bytes_of_text(name)) == NULL)
            fail_msg("%s is no broker configuration", name);
    }
}

// --- the cluster

static void describes_the_cluster_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version <= 2; version++) {
        struct kafka_describe_cluster_request request = { .endpoint_type = 1 };
        struct kafka_describe_cluster_response *response =
            peer_call(peer, &kafka_describe_cluster_api, version, &request);
        assert_int_equal(response->brokers.count, 1);
        assert_int_equal(response->controller_id, 1);
        assert_true(bytes_is(response->cluster_id, "fake-cluster-000000000"));
    }
    for (int8_t type = 2; type <= 3; type++) {
        struct kafka_describe_cluster_request request = { .endpoint_type = type };
        struct kafka_describe_cluster_response *response = peer_call(peer, &kafka_describe_cluster_api, 2, &request);
        assert_int_equal(response->error_code,
                         type == 2 ? KAFKA_MISMATCHED_ENDPOINT_TYPE : KAFKA_UNSUPPORTED_ENDPOINT_TYPE);
    }
}

static void describes_topics_page_by_page(void **state)
{
    (void)state;
    struct kafka_describe_topic_partitions_request request = { .response_partition_limit = 2 };
    struct kafka_describe_topic_partitions_cursor cursor;
    struct kafka_describe_topic_partitions_response *response =
        peer_call(peer, &kafka_describe_topic_partitions_api, 0, &request);
    assert_int_equal(response->topics.items[0].partitions.count, 2);
    assert_non_null(response->next_cursor);
    assert_int_equal(response->next_cursor->partition_index, 2);
    cursor = *response->next_cursor;
    request.cursor = &cursor;
    response = peer_call(peer, &kafka_describe_topic_partitions_api, 0, &request);
    assert_int_equal(response->topics.items[0].partitions.count, 1);
    assert_int_equal(response->topics.items[0].partitions.items[0].partition_index, 2);
    assert_null(response->next_cursor);
    cursor.partition_index = -1;
    assert_null(peer_call(peer, &kafka_describe_topic_partitions_api, 0, &request));
}

static void describes_the_quorum_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version <= 2; version++) {
        struct kafka_describe_quorum_topic_data asked = { .topic_name = BYTES_LITERAL("__cluster_metadata"),
                                                          .partitions =
                                                              ONE(struct kafka_describe_quorum_partition_data, { 0 }) };
        struct kafka_describe_quorum_request request = { .topics = { &asked, 1 } };
        struct kafka_describe_quorum_response *response =
            peer_call(peer, &kafka_describe_quorum_api, version, &request);
        assert_int_equal(response->error_code, KAFKA_NONE);
        assert_int_equal(response->topics.count, 1);
        struct kafka_describe_quorum_partition_data_answer *found = &response->topics.items[0].partitions.items[0];
        assert_int_equal(found->error_code, KAFKA_NONE);
        assert_int_equal(found->leader_id, 1);
        assert_int_equal(found->current_voters.count, 1);
        assert_int_equal(found->current_voters.items[0].replica_id, 1);
        assert_int_equal(found->observers.count, 0);
        assert_int_equal(response->nodes.count, version >= 2 ? 1 : 0);
        asked.topic_name = BYTES_LITERAL("t");
        response = peer_call(peer, &kafka_describe_quorum_api, version, &request);
        assert_int_equal(response->topics.items[0].partitions.items[0].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    }
}

static void describes_the_folder_in_every_version(void **state)
{
    (void)state;
    const unsigned threads[DISK_QUEUE_COUNT] = { [DISK_FLUSH] = 1, [DISK_READ] = 1, [DISK_BACKGROUND] = 1 };
    disk_start(threads); // a read thread asks how much room there is
    for (int version = 1; version <= 5; version++) {
        struct kafka_describable_log_dir_topic asked = { .topic = BYTES_LITERAL("t"), .partitions = ONE(int32_t, 2) };
        struct kafka_describe_log_dirs_request request = { .topics = { &asked, 1 } };
        struct kafka_describe_log_dirs_response *response =
            peer_call(peer, &kafka_describe_log_dirs_api, version, &request);
        assert_int_equal(response->error_code, KAFKA_NONE);
        assert_int_equal(response->results.count, 1);
        struct kafka_describe_log_dirs_result *found = &response->results.items[0];
        assert_int_equal(found->error_code, KAFKA_NONE);
        assert_int_equal(found->topics.count, 1);
        assert_int_equal(found->topics.items[0].partitions.items[0].partition_index, 2);
        assert_int_equal(found->topics.items[0].partitions.items[0].partition_size, 100); // the fake says so
        request.topics.count = -1;
        response = peer_call(peer, &kafka_describe_log_dirs_api, version, &request);
        assert_int_equal(response->results.items[0].topics.items[0].partitions.count, 3);
    }
    disk_stop();
}

static void elects_nobody(void **state)
{
    (void)state;
    int32_t partitions[] = { 0, 9 };
    struct kafka_elect_leaders_topic_partitions asked = { BYTES_LITERAL("t"), { partitions, 2 } };
    for (int version = 0; version <= 2; version++) {
        struct kafka_elect_leaders_request request = { .topic_partitions = { &asked, 1 } };
        struct kafka_elect_leaders_response *response = peer_call(peer, &kafka_elect_leaders_api, version, &request);
        const struct kafka_elect_leaders_partition_result *rows =
            response->replica_election_results.items[0].partition_result.items;
        assert_int_equal(rows[0].error_code, KAFKA_ELECTION_NOT_NEEDED);
        assert_int_equal(rows[1].error_code, KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        request.topic_partitions.count = KAFKA_NULL_ARRAY;
        response = peer_call(peer, &kafka_elect_leaders_api, version, &request);
        assert_int_equal(response->replica_election_results.count, 0);
    }
}

static void leaves_partitions_where_they_are(void **state)
{
    (void)state;
    int32_t nodes[] = { 1, 2 };
    static const int16_t errors[] = { KAFKA_NO_REASSIGNMENT_IN_PROGRESS, KAFKA_INVALID_REPLICA_ASSIGNMENT, KAFKA_NONE,
                                      KAFKA_INVALID_REPLICA_ASSIGNMENT };
    for (int32_t count = KAFKA_NULL_ARRAY; count <= 2; count++) {
        struct kafka_reassignable_partition partition = { .replicas = { nodes, count } };
        struct kafka_alter_partition_reassignments_request request = {
            .topics =
                ONE(struct kafka_reassignable_topic, { .name = BYTES_LITERAL("t"), .partitions = { &partition, 1 } })
        };
        struct kafka_alter_partition_reassignments_response *response =
            peer_call(peer, &kafka_alter_partition_reassignments_api, 1, &request);
        assert_int_equal(response->responses.items[0].partitions.items[0].error_code, errors[count + 1]);
    }
}

static void lists_resources(void **state)
{
    (void)state;
    struct kafka_list_config_resources_request request = { .resource_types = { NULL, 0 } };
    struct kafka_list_config_resources_response *response =
        peer_call(peer, &kafka_list_config_resources_api, 0, &request);
    assert_int_equal(response->config_resources.count, 0); // client metrics only
    response = peer_call(peer, &kafka_list_config_resources_api, 1, &request);
    assert_int_equal(response->config_resources.count, 3);
    int8_t types[] = { 77 };
    request.resource_types.items = types;
    request.resource_types.count = 1;
    response = peer_call(peer, &kafka_list_config_resources_api, 1, &request);
    assert_int_equal(response->error_code, KAFKA_UNSUPPORTED_VERSION);
}

static void closes_on_a_request_that_names_too_much(void **state)
{
    (void)state;
    static int32_t partitions[KAFKA_NAMED_MAX + 1];
    struct kafka_describable_log_dir_topic asked = { BYTES_LITERAL("t"), { partitions, KAFKA_NAMED_MAX + 1 } };
    struct kafka_describe_log_dirs_request request = { .topics = { &asked, 1 } };
    assert_null(peer_call(peer, &kafka_describe_log_dirs_api, 4, &request));
}

static void closes_on_a_deletion_in_too_many_places(void **state)
{
    (void)state;
    static struct kafka_delete_records_topic topics[KAFKA_NAMED_MAX + 1];
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++)
        topics[i].name = BYTES_LITERAL("n");
    struct kafka_delete_records_request request = { .topics = { topics, KAFKA_NAMED_MAX } };
    assert_non_null(peer_call(peer, &kafka_delete_records_api, 2, &request));
    request.topics.count++;
    assert_null(peer_call(peer, &kafka_delete_records_api, 2, &request));
}

int main(void)
{
#define DOOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        DOOR(adds_partitions_in_every_version),
        DOOR(deletes_records_in_every_version),
        DOOR(finds_the_end_of_an_epoch),
        DOOR(describes_configurations_in_every_version),
        DOOR(changes_configurations_incrementally),
        DOOR(replaces_configurations_in_every_version),
        cmocka_unit_test(knows_its_own_configurations),
        DOOR(describes_the_cluster_in_every_version),
        DOOR(describes_topics_page_by_page),
        DOOR(describes_the_quorum_in_every_version),
        DOOR(describes_the_folder_in_every_version),
        DOOR(elects_nobody),
        DOOR(leaves_partitions_where_they_are),
        DOOR(lists_resources),
        DOOR(closes_on_a_request_that_names_too_much),
        DOOR(closes_on_a_deletion_in_too_many_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
