// SPDX-License-Identifier: Apache-2.0
// The APIs of groups as a client sees them, in every version, on the store in memory.
#include "kafka/kafka.h"

#include "base/assert.h"
#include "base/test.h"
#include "engine/embedded/coordinator.h"
#include "io/loop.h"
#include "io/net.h"
#include "kafka/api/create_topics.h"
#include "kafka/api/delete_groups.h"
#include "kafka/api/delete_topics.h"
#include "kafka/api/describe_groups.h"
#include "kafka/api/find_coordinator.h"
#include "kafka/api/heartbeat.h"
#include "kafka/api/join_group.h"
#include "kafka/api/leave_group.h"
#include "kafka/api/list_groups.h"
#include "kafka/api/offset_commit.h"
#include "kafka/api/offset_delete.h"
#include "kafka/api/offset_fetch.h"
#include "kafka/api/sync_group.h"
#include "kafka/errors.h"
#include "kafka/testing/fake/fake_store.h"
#include "kafka/testing/peer.h"

#include <stdio.h>

enum { TEST_LIMIT_MS = 20000, PEERS = 3, VERSIONS = 11 };

static struct loop *loop;
static struct store *store;
static struct offsets offsets;
static struct coordinator *coordinator;
static struct kafka_door *door;
static struct kafka_options options;
static struct timer limit;
static struct peer *peers[PEERS];
static struct kafka_uuid topic_id;
static struct arena ids; // of members, which outlive their connections

static void on_limit(struct timer *timer)
{
    (void)timer;
    fail_msg("nothing happened for %d ms", TEST_LIMIT_MS);
}

static void door_open(void)
{
    struct address address = { .host = "localhost", .port = 0 };
    coordinator = coordinator_open(&offsets, &options.groups);
    assert_int_equal(kafka_door_open(loop, store, coordinator, &address, &options, &door, NULL), ERR_OK);
    for (size_t i = 0; i < PEERS; i++)
        peers[i] = peer_open(loop, kafka_door_port(door));
}

static void on_closed(void *owner)
{
    *(bool *)owner = true;
    loop_stop(loop);
}

static void door_close(void)
{
    bool is_closed = false;
    for (size_t i = 0; i < PEERS; i++)
        if (peers[i] != NULL)
            peer_close(peers[i]);
    kafka_door_close(door, on_closed, &is_closed);
    while (!is_closed)
        loop_run(loop);
    coordinator_free(coordinator);
}

static int set_up(void **state)
{
    (void)state;
    options = (struct kafka_options){ .node_id = 7,
                                      .request_max_size = 1 << 20,
                                      .in_flight_size = 1 << 20,
                                      .queued_request_size = 4 << 20,
                                      .idle_ms = 60000,
                                      .fetch_max_size = 1 << 20,
                                      .topic_partitions = 2,
                                      .partitions_max = 8,
                                      .groups = { .session_min_ms = 100,
                                                  .session_max_ms = 60000,
                                                  .size_max = 3,
                                                  .retention_ms = 60000,
                                                  .retention_interval_ms = 60000,
                                                  .metadata_max_size = 10 } };
    loop = loop_new(0);
    timer_init(&limit, loop, on_limit);
    timer_start(&limit, TEST_LIMIT_MS);
    store = fake_store_new(loop);
    assert_int_equal(offsets_open(&offsets, store, NULL), ERR_OK);
    door_open();
    struct kafka_creatable_topic topic = { .name = BYTES_LITERAL("t"), .num_partitions = 2, .replication_factor = -1 };
    struct kafka_create_topics_request request = { .topics = { &topic, 1 } };
    struct kafka_create_topics_response *response = peer_call(peers[0], &kafka_create_topics_api, 7, &request);
    assert_int_equal(response->topics.items[0].error_code, KAFKA_NONE);
    topic_id = response->topics.items[0].topic_id;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    door_close();
    timer_stop(&limit);
    fake_store_free(store);
    loop_free(loop);
    arena_free(&ids);
    ids = ARENA_INIT;
    return 0;
}

// --- what the tests say often

static int version_of(const struct kafka_api *api, int version)
{
    return version < api->min ? api->min : version > api->max ? api->max : version;
}

// A member: what it knows of itself.
struct member {
    struct peer *peer;
    int version;
    bytes_t group, id, instance;
    int32_t generation, session_ms;
};

static struct member member(size_t peer, int version)
{
    return (struct member){ .peer = peers[peer],
                            .version = version,
                            .group = BYTES_LITERAL("g"),
                            .id = BYTES_LITERAL(""),
                            .generation = -1,
                            .session_ms = 10000 };
}

// Version 1, topic "t".
static const uint8_t subscription[] = { 0, 1, 0, 0, 0, 1, 0, 1, 't', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };

static void ask_join(const struct member *who)
{
    struct kafka_join_group_request_protocol protocol = { BYTES_LITERAL("range"),
                                                          bytes_of(subscription, sizeof subscription) };
    struct kafka_join_group_request request = { .group_id = who->group,
                                                .session_timeout_ms = who->session_ms,
                                                .rebalance_timeout_ms = 10000,
                                                .member_id = who->id,
                                                .group_instance_id = who->instance,
                                                .protocol_type = BYTES_LITERAL("consumer"),
                                                .protocols = { &protocol, 1 } };
    peer_ask(who->peer, &kafka_join_group_api, version_of(&kafka_join_group_api, who->version), &request);
}

static struct kafka_join_group_response *joined(struct member *who)
{
    int version = version_of(&kafka_join_group_api, who->version);
    struct kafka_join_group_response *response = peer_wait(who->peer, &kafka_join_group_api, version);
    if (response->error_code == KAFKA_NONE || response->error_code == KAFKA_MEMBER_ID_REQUIRED) {
        who->id = arena_copy(&ids, response->member_id);
        who->generation = response->generation_id;
    }
    return response;
}

// Until it is in.
static struct kafka_join_group_response *join(struct member *who)
{
    ask_join(who);
    struct kafka_join_group_response *response = joined(who);
    if (response->error_code != KAFKA_MEMBER_ID_REQUIRED)
        return response;
    ask_join(who);
    return joined(who);
}

static void ask_sync(const struct member *who, const struct member *others, size_t count)
{
    struct kafka_sync_group_request_assignment rows[PEERS];
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct kafka_sync_group_request_assignment){ others[i].id, others[i].id };
    struct kafka_sync_group_request request = { .group_id = who->group,
                                                .generation_id = who->generation,
                                                .member_id = who->id,
                                                .group_instance_id = who->instance,
                                                .protocol_type = BYTES_LITERAL("consumer"),
                                                .protocol_name = BYTES_LITERAL("range"),
                                                .assignments = { rows, (int32_t)count } };
    peer_ask(who->peer, &kafka_sync_group_api, version_of(&kafka_sync_group_api, who->version), &request);
}

static struct kafka_sync_group_response *synced(const struct member *who)
{
    return peer_wait(who->peer, &kafka_sync_group_api, version_of(&kafka_sync_group_api, who->version));
}

static void make_stable(struct member *who)
{
    assert_int_equal(join(who)->error_code, KAFKA_NONE);
    ask_sync(who, who, 1);
    assert_int_equal(synced(who)->error_code, KAFKA_NONE);
}

static int16_t heartbeat(const struct member *who)
{
    struct kafka_heartbeat_request request = { .group_id = who->group,
                                               .generation_id = who->generation,
                                               .member_id = who->id,
                                               .group_instance_id = who->instance };
    int version = version_of(&kafka_heartbeat_api, who->version);
    struct kafka_heartbeat_response *response = peer_call(who->peer, &kafka_heartbeat_api, version, &request);
    return response->error_code;
}

static int16_t leave(const struct member *who)
{
    struct kafka_member_identity identity = { .member_id = who->id, .group_instance_id = who->instance };
    struct kafka_leave_group_request request = { .group_id = who->group,
                                                 .member_id = who->id,
                                                 .members = { &identity, 1 } };
    int version = version_of(&kafka_leave_group_api, who->version);
    struct kafka_leave_group_response *response = peer_call(who->peer, &kafka_leave_group_api, version, &request);
    return response->error_code != KAFKA_NONE || version < 3 ? response->error_code
                                                             : response->members.items[0].error_code;
}

static int16_t commit_at(const struct member *who, const char *topic, int32_t partition, int64_t offset,
                         const char *metadata, int64_t retention_ms)
{
    struct kafka_offset_commit_request_partition row = { .partition_index = partition,
                                                         .committed_offset = offset,
                                                         .committed_leader_epoch = 3,
                                                         .committed_metadata = bytes_of_text(metadata) };
    struct kafka_offset_commit_request_topic rows = { .name = bytes_of_text(topic),
                                                      .topic_id = topic_id,
                                                      .partitions = { &row, 1 } };
    struct kafka_offset_commit_request request = { .group_id = who->group,
                                                   .generation_id_or_member_epoch = who->generation,
                                                   .member_id = who->id,
                                                   .group_instance_id = who->instance,
                                                   .retention_time_ms = retention_ms,
                                                   .topics = { &rows, 1 } };
    int version = version_of(&kafka_offset_commit_api, who->version);
    struct kafka_offset_commit_response *response = peer_call(who->peer, &kafka_offset_commit_api, version, &request);
    assert_int_equal(response->topics.items[0].partitions.items[0].partition_index, partition);
    return response->topics.items[0].partitions.items[0].error_code;
}

static int16_t commit(const struct member *who, int32_t partition, int64_t offset)
{
    return commit_at(who, "t", partition, offset, "md", -1);
}

// Offsets of the group in the new form, whatever the version; all of them, or of partition 0 and 1 of the topic.
static struct kafka_offset_fetch_response_group fetch(const struct member *who, bool all)
{
    int32_t partitions[] = { 0, 1 };
    struct kafka_offset_fetch_request_topic old = { .name = BYTES_LITERAL("t"),
                                                    .partition_indexes = { partitions, 2 } };
    struct kafka_offset_fetch_request_topics topics = { .name = BYTES_LITERAL("t"),
                                                        .topic_id = topic_id,
                                                        .partition_indexes = { partitions, 2 } };
    struct kafka_offset_fetch_request_group group = { .group_id = who->group,
                                                      .member_epoch = -1,
                                                      .topics = { &topics, all ? -1 : 1 } };
    struct kafka_offset_fetch_request request = { .group_id = who->group,
                                                  .topics = { &old, all ? -1 : 1 },
                                                  .groups = { &group, 1 },
                                                  .require_stable = who->version >= 7 };
    int version = version_of(&kafka_offset_fetch_api, who->version);
    struct kafka_offset_fetch_response *response = peer_call(who->peer, &kafka_offset_fetch_api, version, &request);
    if (version >= 8)
        return response->groups.items[0];
    struct kafka_offset_fetch_response_group row = { .error_code = response->error_code };
    static struct kafka_offset_fetch_response_topics form;
    row.topics.items = &form;
    row.topics.count = response->topics.count;
    if (response->topics.count > 0) {
        form.name = response->topics.items[0].name;
        form.partitions.items = (void *)response->topics.items[0].partitions.items;
        form.partitions.count = response->topics.items[0].partitions.count;
    }
    return row;
}

static struct kafka_described_group *describe(int version, const char *group)
{
    bytes_t name = bytes_of_text(group);
    struct kafka_describe_groups_request request = { .groups = { &name, 1 },
                                                     .include_authorized_operations = version >= 3 };
    struct kafka_describe_groups_response *response =
        peer_call(peers[0], &kafka_describe_groups_api, version_of(&kafka_describe_groups_api, version), &request);
    return &response->groups.items[0];
}

static struct kafka_deletable_group_result *delete (int version, const char *group)
{
    bytes_t name = bytes_of_text(group);
    struct kafka_delete_groups_request request = { .groups_names = { &name, 1 } };
    struct kafka_delete_groups_response *response =
        peer_call(peers[0], &kafka_delete_groups_api, version_of(&kafka_delete_groups_api, version), &request);
    return &response->results.items[0];
}

// --- tests

static void finds_the_coordinator_in_every_version(void **state)
{
    (void)state;
    bytes_t keys[] = { BYTES_LITERAL("g"), BYTES_LITERAL("h") };
    for (int version = 0; version <= 6; version++) {
        for (int8_t type = 0; type <= (version > 0 ? 2 : 0); type++) {
            struct kafka_find_coordinator_request request = { .key = keys[0],
                                                              .key_type = type,
                                                              .coordinator_keys = { keys, 2 } };
            struct kafka_find_coordinator_response *response =
                peer_call(peers[0], &kafka_find_coordinator_api, version, &request);
            int16_t error = type == 2 ? (int16_t)KAFKA_INVALID_REQUEST : (int16_t)KAFKA_NONE;
            int32_t node = type == 2 ? -1 : 7, port = type == 2 ? -1 : kafka_door_port(door);
            if (version < 4) {
                assert_int_equal(response->error_code, error);
                assert_int_equal(response->node_id, node);
                assert_int_equal(response->port, port);
                continue;
            }
            assert_int_equal(response->coordinators.count, 2);
            for (int i = 0; i < 2; i++) {
                assert_true(bytes_equal(response->coordinators.items[i].key, keys[i]));
                assert_int_equal(response->coordinators.items[i].error_code, error);
                assert_int_equal(response->coordinators.items[i].node_id, node);
                assert_int_equal(response->coordinators.items[i].port, port);
            }
        }
    }
}

static void check_described(int version, const struct member *who)
{
    struct kafka_described_group *row = describe(version, "g");
    assert_int_equal(row->error_code, KAFKA_NONE);
    assert_true(bytes_is(row->group_state, "Stable"));
    assert_true(bytes_is(row->protocol_type, "consumer"));
    assert_true(bytes_is(row->protocol_data, "range"));
    assert_int_equal(row->members.count, 1);
    assert_true(bytes_equal(row->members.items[0].member_id, who->id));
    assert_true(bytes_is(row->members.items[0].client_host, "/127.0.0.1") ||
                bytes_is(row->members.items[0].client_host, "/::1"));
    assert_int_equal(row->members.items[0].member_metadata.size, sizeof subscription);
    assert_true(bytes_equal(row->members.items[0].member_assignment, who->id));
    assert_int_equal(row->authorized_operations, version >= 3 ? 0x0d48 : INT32_MIN);
}

static void a_group_lives_and_dies_in_every_version(void **state)
{
    (void)state;
    for (int version = 0; version < VERSIONS; version++) {
        struct member who = member(0, version);
        struct kafka_join_group_response *response = join(&who);
        assert_int_equal(response->error_code, KAFKA_NONE);
        assert_int_equal(response->members.count, 1);
        assert_true(bytes_equal(response->leader, who.id));
        assert_true(bytes_is(response->protocol_name, "range"));
        assert_true(version < 7 || bytes_is(response->protocol_type, "consumer"));
        ask_sync(&who, &who, 1);
        struct kafka_sync_group_response *sync = synced(&who);
        assert_int_equal(sync->error_code, KAFKA_NONE);
        assert_true(bytes_equal(sync->assignment, who.id));
        assert_int_equal(heartbeat(&who), KAFKA_NONE);
        assert_int_equal(commit(&who, 1, 40 + version), KAFKA_NONE);
        struct kafka_offset_fetch_response_group found = fetch(&who, false);
        assert_int_equal(found.error_code, KAFKA_NONE);
        assert_int_equal(found.topics.items[0].partitions.items[0].committed_offset, -1);
        assert_int_equal(found.topics.items[0].partitions.items[0].metadata.size, 0);
        assert_int_equal(found.topics.items[0].partitions.items[1].committed_offset, 40 + version);
        assert_int_equal(found.topics.items[0].partitions.items[1].committed_leader_epoch, version < 6 ? -1 : 3);
        assert_true(bytes_is(found.topics.items[0].partitions.items[1].metadata, "md"));
        check_described(version, &who);
        assert_int_equal(delete (version, "g")->error_code, KAFKA_NON_EMPTY_GROUP);
        assert_int_equal(leave(&who), KAFKA_NONE);
        assert_int_equal(delete (version, "g")->error_code, KAFKA_NONE);
        assert_int_equal(delete (version, "g")->error_code, KAFKA_GROUP_ID_NOT_FOUND);
        if (version >= 2)
            assert_int_equal(fetch(&who, true).topics.count, 0);
    }
}

static void members_wait_for_each_other(void **state)
{
    (void)state;
    struct member all[] = { member(0, 9), member(1, 9), member(2, 1) };
    make_stable(&all[0]);
    ask_join(&all[1]); // gets an id
    assert_int_equal(joined(&all[1])->error_code, KAFKA_MEMBER_ID_REQUIRED);
    assert_int_equal(heartbeat(&all[0]), KAFKA_NONE);
    ask_join(&all[1]);
    ask_join(&all[2]);
    loop_run_ms(loop, 20);
    assert_int_equal(heartbeat(&all[0]), KAFKA_REBALANCE_IN_PROGRESS);
    assert_true(bytes_is(describe(5, "g")->group_state, "PreparingRebalance"));
    assert_int_equal(join(&all[0])->members.count, 3);
    assert_int_equal(joined(&all[1])->members.count, 0);
    assert_int_equal(joined(&all[2])->generation_id, 2);
    ask_sync(&all[1], NULL, 0);
    ask_sync(&all[2], NULL, 0);
    loop_run_ms(loop, 20);
    assert_int_equal(commit(&all[0], 0, 1), KAFKA_REBALANCE_IN_PROGRESS);
    ask_sync(&all[0], all, 3);
    for (int i = 0; i < 3; i++)
        assert_true(bytes_equal(synced(&all[i])->assignment, all[i].id));
    struct member fourth = member(0, 4);
    assert_int_equal(join(&fourth)->error_code, KAFKA_GROUP_MAX_SIZE_REACHED);
}

static void refuses_joins_as_kafka_does(void **state)
{
    (void)state;
    struct member who = member(0, 9);
    who.group = BYTES_LITERAL("");
    assert_int_equal(join(&who)->error_code, KAFKA_INVALID_GROUP_ID);
    who = member(0, 9);
    who.session_ms = 99;
    assert_int_equal(join(&who)->error_code, KAFKA_INVALID_SESSION_TIMEOUT);
    who = member(0, 9);
    who.id = BYTES_LITERAL("nobody");
    assert_int_equal(join(&who)->error_code, KAFKA_UNKNOWN_MEMBER_ID);
    struct kafka_join_group_request request = { .group_id = BYTES_LITERAL("g"),
                                                .session_timeout_ms = 1000,
                                                .protocol_type = BYTES_LITERAL("consumer") };
    struct kafka_join_group_response *response = peer_call(peers[0], &kafka_join_group_api, 9, &request);
    assert_int_equal(response->error_code, KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    assert_int_equal(response->generation_id, -1);
    struct kafka_sync_group_request sync = { .group_id = BYTES_LITERAL("g"), .protocol_name = BYTES_LITERAL("range") };
    struct kafka_sync_group_response *answer = peer_call(peers[0], &kafka_sync_group_api, 5, &sync);
    assert_int_equal(answer->error_code, KAFKA_INCONSISTENT_GROUP_PROTOCOL); // KIP-559: the type is missing
    answer = peer_call(peers[0], &kafka_sync_group_api, 4, &sync);
    assert_int_equal(answer->error_code, KAFKA_UNKNOWN_MEMBER_ID);
}

static void refuses_stale_members(void **state)
{
    (void)state;
    struct member who = member(0, 9), stale;
    assert_int_equal(heartbeat(&who), KAFKA_UNKNOWN_MEMBER_ID);
    assert_int_equal(leave(&who), KAFKA_UNKNOWN_MEMBER_ID);
    make_stable(&who);
    stale = who;
    stale.generation = 9;
    assert_int_equal(heartbeat(&stale), KAFKA_ILLEGAL_GENERATION);
    assert_int_equal(commit(&stale, 0, 1), KAFKA_ILLEGAL_GENERATION);
    stale.id = BYTES_LITERAL("nobody");
    assert_int_equal(heartbeat(&stale), KAFKA_UNKNOWN_MEMBER_ID);
    assert_int_equal(commit(&stale, 0, 1), KAFKA_UNKNOWN_MEMBER_ID);
    assert_int_equal(leave(&stale), KAFKA_UNKNOWN_MEMBER_ID);
    stale.version = 2;
    assert_int_equal(leave(&stale), KAFKA_UNKNOWN_MEMBER_ID);
    stale.group = BYTES_LITERAL("");
    assert_int_equal(heartbeat(&stale), KAFKA_INVALID_GROUP_ID);
    assert_int_equal(leave(&stale), KAFKA_INVALID_GROUP_ID);
    ask_sync(&stale, NULL, 0);
    assert_int_equal(synced(&stale)->error_code, KAFKA_INVALID_GROUP_ID);
    // A group that is not there has no such generation; since KIP-848 it says that it is not there.
    stale = (struct member){ .peer = peers[0], .version = 8, .group = BYTES_LITERAL("none"), .id = who.id };
    assert_int_equal(commit(&stale, 0, 1), KAFKA_ILLEGAL_GENERATION);
    stale.version = 9;
    assert_int_equal(commit(&stale, 0, 1), KAFKA_GROUP_ID_NOT_FOUND);
}

static void a_static_leader_comes_back_and_assigns_nothing(void **state)
{
    (void)state;
    struct member old = member(0, 9), new = member(1, 9);
    old.instance = new.instance = BYTES_LITERAL("one");
    make_stable(&old);
    struct kafka_join_group_response *response = join(&new);
    assert_int_equal(response->error_code, KAFKA_NONE);
    assert_true(response->skip_assignment);
    assert_int_equal(response->members.count, 1);
    assert_true(bytes_is(response->members.items[0].group_instance_id, "one"));
    assert_int_equal(heartbeat(&old), KAFKA_FENCED_INSTANCE_ID);
    assert_int_equal(commit(&old, 0, 1), KAFKA_FENCED_INSTANCE_ID);
    assert_int_equal(leave(&old), KAFKA_FENCED_INSTANCE_ID);
    ask_sync(&new, NULL, 0);
    assert_true(bytes_equal(synced(&new)->assignment, old.id)); // as it was
    // An administrator knows the instance only.
    struct member admin = member(2, 5);
    admin.instance = BYTES_LITERAL("one");
    assert_int_equal(leave(&admin), KAFKA_NONE);
    assert_int_equal(leave(&admin), KAFKA_UNKNOWN_MEMBER_ID);
}

static void refuses_offsets_as_kafka_does(void **state)
{
    (void)state;
    struct member simple = member(0, 9), by_id = member(0, 10);
    assert_int_equal(commit_at(&simple, "none", 0, 1, "", -1), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(commit_at(&simple, "t", 2, 1, "", -1), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(commit_at(&simple, "t", -1, 1, "", -1), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(commit_at(&simple, "t", 0, 1, "12345678901", -1), KAFKA_OFFSET_METADATA_TOO_LARGE);
    assert_int_equal(commit_at(&simple, "t", 0, -2, "", -1), KAFKA_OFFSET_OUT_OF_RANGE);
    assert_int_equal(commit_at(&simple, "t", 0, 1, "1234567890", -1), KAFKA_NONE);
    topic_id.bytes[3] ^= 1;
    assert_int_equal(commit(&by_id, 0, 1), KAFKA_UNKNOWN_TOPIC_ID);
    struct kafka_offset_fetch_response_group found = fetch(&by_id, false);
    assert_int_equal(found.topics.items[0].partitions.items[0].error_code, KAFKA_UNKNOWN_TOPIC_ID);
    assert_int_equal(found.topics.items[0].partitions.items[0].committed_offset, -1);
    // Whoever joins takes the group: then only members commit.
    struct member who = member(1, 9);
    make_stable(&who);
    assert_int_equal(commit(&simple, 0, 1), KAFKA_UNKNOWN_MEMBER_ID);
}

static void fetches_of_many_groups_and_of_all_topics(void **state)
{
    (void)state;
    struct member a = member(0, 9), b = member(0, 9);
    b.group = BYTES_LITERAL("b");
    assert_int_equal(commit(&a, 0, 5), KAFKA_NONE);
    assert_int_equal(commit(&a, 1, 6), KAFKA_NONE);
    assert_int_equal(commit(&b, 1, 7), KAFKA_NONE);
    for (int version = 2; version <= 10; version++) {
        struct member who = member(0, version);
        struct kafka_offset_fetch_response_group found = fetch(&who, true);
        assert_int_equal(found.topics.count, 1);
        assert_int_equal(found.topics.items[0].partitions.count, 2);
        assert_int_equal(found.topics.items[0].partitions.items[1].committed_offset, 6);
        assert_true(version != 10 || memcmp(&found.topics.items[0].topic_id, &topic_id, sizeof topic_id) == 0);
    }
    struct kafka_offset_fetch_request_group groups[] = {
        { .group_id = BYTES_LITERAL("b"), .topics = { NULL, -1 } },
        { .group_id = BYTES_LITERAL("none"), .topics = { NULL, -1 } },
        { .group_id = BYTES_LITERAL("g"), .topics = { NULL, -1 } },
    };
    struct kafka_offset_fetch_request request = { .groups = { groups, 3 } };
    struct kafka_offset_fetch_response *response = peer_call(peers[0], &kafka_offset_fetch_api, 8, &request);
    assert_int_equal(response->groups.count, 3);
    assert_int_equal(response->groups.items[0].topics.items[0].partitions.items[0].committed_offset, 7);
    assert_int_equal(response->groups.items[1].topics.count, 0);
    assert_int_equal(response->groups.items[2].topics.items[0].partitions.count, 2);
}

static int16_t offset_delete(const char *group, const char *topic, int32_t partition)
{
    struct kafka_offset_delete_request_partition row = { partition };
    struct kafka_offset_delete_request_topic rows = { .name = bytes_of_text(topic), .partitions = { &row, 1 } };
    struct kafka_offset_delete_request request = { .group_id = bytes_of_text(group), .topics = { &rows, 1 } };
    struct kafka_offset_delete_response *response = peer_call(peers[0], &kafka_offset_delete_api, 0, &request);
    return response->error_code != KAFKA_NONE ? response->error_code
                                              : response->topics.items[0].partitions.items[0].error_code;
}

// A short request repeats what is large: a partition with its metadata, all that a group committed, its members.
static void a_short_request_makes_no_endless_answer(void **state)
{
    (void)state;
    enum { METADATA_SIZE = 4096, REPEATS = 40000, FEW = 100 };
    static char metadata[METADATA_SIZE + 1];
    static int32_t partitions[REPEATS];
    static struct kafka_offset_fetch_request_group groups[REPEATS];
    static bytes_t names[REPEATS];
    options.groups.metadata_max_size = METADATA_SIZE;
    memset(metadata, 'm', METADATA_SIZE);
    struct member simple = member(0, 7), who = member(1, 9);
    simple.group = BYTES_LITERAL("simple");
    assert_int_equal(commit_at(&simple, "t", 0, 1, metadata, -1), KAFKA_NONE);
    who.instance = bytes_of_text(metadata);
    make_stable(&who);
    for (size_t i = 0; i < REPEATS; i++) {
        groups[i] = (struct kafka_offset_fetch_request_group){ .group_id = simple.group, .topics = { NULL, -1 } };
        names[i] = who.group;
    }
    for (int32_t count = FEW; count <= REPEATS; count += REPEATS - FEW) {
        struct kafka_offset_fetch_request_topic topic = { BYTES_LITERAL("t"), { partitions, count } };
        struct kafka_offset_fetch_request one = { .group_id = simple.group, .topics = { &topic, 1 } };
        struct kafka_offset_fetch_request many = { .groups = { groups, count } };
        struct kafka_describe_groups_request described = { .groups = { names, count } };
        bool is_few = count == FEW;
        assert_true((peer_call(peers[0], &kafka_offset_fetch_api, 5, &one) != NULL) == is_few);
        assert_true((peer_call(peers[1], &kafka_offset_fetch_api, 8, &many) != NULL) == is_few);
        assert_true((peer_call(peers[2], &kafka_describe_groups_api, 5, &described) != NULL) == is_few);
    }
}

static void deletes_offsets_that_nobody_needs(void **state)
{
    (void)state;
    struct member who = member(1, 9);
    assert_int_equal(offset_delete("g", "t", 0), KAFKA_GROUP_ID_NOT_FOUND);
    make_stable(&who);
    assert_int_equal(commit(&who, 0, 5), KAFKA_NONE);
    assert_int_equal(offset_delete("g", "t", 0), KAFKA_GROUP_SUBSCRIBED_TO_TOPIC);
    assert_int_equal(leave(&who), KAFKA_NONE);
    assert_int_equal(offset_delete("g", "none", 0), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(offset_delete("g", "t", 2), KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    assert_int_equal(offset_delete("g", "t", 1), KAFKA_NONE); // nothing was there
    assert_int_equal(offset_delete("g", "t", 0), KAFKA_NONE);
    assert_int_equal(fetch(&who, true).topics.count, 0);
}

static void describes_what_is_not_there(void **state)
{
    (void)state;
    for (int version = 0; version <= 6; version++) {
        struct kafka_described_group *row = describe(version, "none");
        assert_true(bytes_is(row->group_state, "Dead"));
        assert_int_equal(row->error_code, version < 6 ? KAFKA_NONE : KAFKA_GROUP_ID_NOT_FOUND);
        assert_true(version < 6 || bytes_is(row->error_message, "Group none not found."));
    }
    assert_true(bytes_is(delete (3, "none")->error_message, kafka_error_message(KAFKA_GROUP_ID_NOT_FOUND)));
}

static int32_t list_count(int version, const char *state, const char *type)
{
    bytes_t states = bytes_of_text(state), types = bytes_of_text(type);
    struct kafka_list_groups_request request = { .states_filter = { &states, *state == 0 ? 0 : 1 },
                                                 .types_filter = { &types, *type == 0 ? 0 : 1 } };
    struct kafka_list_groups_response *response = peer_call(peers[0], &kafka_list_groups_api, version, &request);
    assert_int_equal(response->error_code, KAFKA_NONE);
    for (int32_t i = 0; i < response->groups.count; i++) {
        bool is_joined = bytes_is(response->groups.items[i].group_id, "g");
        assert_true(bytes_is(response->groups.items[i].protocol_type, is_joined ? "consumer" : ""));
        if (version >= 4)
            assert_true(bytes_is(response->groups.items[i].group_state, is_joined ? "Stable" : "Empty"));
        if (version >= 5)
            assert_true(bytes_is(response->groups.items[i].group_type, "classic"));
    }
    return response->groups.count;
}

static void lists_groups_by_state_and_type(void **state)
{
    (void)state;
    struct member who = member(1, 9), simple = member(0, 9);
    simple.group = BYTES_LITERAL("simple");
    for (int version = 0; version <= 5; version++)
        assert_int_equal(list_count(version, "", ""), 0);
    make_stable(&who);
    assert_int_equal(commit(&simple, 0, 5), KAFKA_NONE);
    for (int version = 0; version <= 5; version++)
        assert_int_equal(list_count(version, "", ""), 2);
    assert_int_equal(list_count(4, "stable", ""), 1);
    assert_int_equal(list_count(5, "Empty", "classic"), 1);
    assert_int_equal(list_count(5, "Dead", ""), 0);
    assert_int_equal(list_count(5, "", "consumer"), 0);
}

static void says_when_nothing_can_be_written(void **state)
{
    (void)state;
    struct member who = member(0, 9), simple = member(0, 9);
    simple.group = BYTES_LITERAL("simple");
    assert_int_equal(join(&who)->error_code, KAFKA_NONE);
    fake_store_fail_puts(store, ERR_NO_SPACE);
    ask_sync(&who, &who, 1);
    assert_int_equal(synced(&who)->error_code, KAFKA_COORDINATOR_NOT_AVAILABLE);
    assert_int_equal(commit(&simple, 0, 5), KAFKA_COORDINATOR_NOT_AVAILABLE);
    fake_store_fail_puts(store, ERR_TOO_LARGE);
    assert_int_equal(commit(&simple, 0, 5), KAFKA_INVALID_COMMIT_OFFSET_SIZE);
    fake_store_fail_puts(store, ERR_OK);
    make_stable(&who);
    assert_int_equal(who.generation, 2);
}

static void a_client_that_goes_while_it_waits_does_no_harm(void **state)
{
    (void)state;
    struct member all[] = { member(0, 9), member(1, 3), member(2, 9) };
    make_stable(&all[0]);
    ask_join(&all[1]);
    all[2].instance = BYTES_LITERAL("one");
    ask_join(&all[2]);
    loop_run_ms(loop, 20);
    for (int i = 1; i < 3; i++) {
        peer_close(peers[i]);
        peers[i] = NULL;
    }
    loop_run_ms(loop, 20);
    // Who was never told its id is gone; who can come back by its instance id is waited for no longer either.
    assert_int_equal(join(&all[0])->members.count, 2);
    // And the server may go while somebody waits.
    ask_sync(&all[0], NULL, 0);
    assert_int_equal(synced(&all[0])->error_code, KAFKA_NONE);
    ask_join(&all[0]);
    loop_run_ms(loop, 20);
}

static void groups_outlive_the_coordinator(void **state)
{
    (void)state;
    struct member who = member(0, 9), simple = member(0, 9);
    simple.group = BYTES_LITERAL("simple");
    who.session_ms = 500;
    make_stable(&who);
    assert_int_equal(commit(&who, 0, 5), KAFKA_NONE);
    assert_int_equal(commit(&simple, 1, 6), KAFKA_NONE);
    door_close();
    door_open();
    who.peer = simple.peer = peers[0];
    assert_int_equal(heartbeat(&who), KAFKA_NONE);
    check_described(6, &who);
    assert_int_equal(fetch(&who, false).topics.items[0].partitions.items[0].committed_offset, 5);
    assert_int_equal(list_count(5, "Empty", ""), 1);
    loop_run_ms(loop, 700); // its session goes on
    assert_int_equal(heartbeat(&who), KAFKA_UNKNOWN_MEMBER_ID);
    assert_int_equal(delete (2, "g")->error_code, KAFKA_NONE);
    door_close();
    door_open();
    assert_int_equal(delete (2, "g")->error_code, KAFKA_GROUP_ID_NOT_FOUND);
}

static void offsets_and_groups_go_when_they_are_too_old(void **state)
{
    (void)state;
    struct member who = member(0, 9), simple = member(0, 9), timed = member(0, 4);
    simple.group = BYTES_LITERAL("simple");
    timed.group = BYTES_LITERAL("timed");
    make_stable(&who);
    assert_int_equal(commit(&who, 0, 5), KAFKA_NONE);
    assert_int_equal(commit(&simple, 0, 5), KAFKA_NONE);
    assert_int_equal(commit_at(&timed, "t", 0, 5, "", 600000), KAFKA_NONE); // it says how long itself
    assert_int_equal(commit_at(&timed, "t", 1, 5, "", INT64_MAX), KAFKA_NONE);
    assert_int_equal(list_count(5, "", ""), 3);
    options.groups.retention_ms = 1;
    options.groups.retention_interval_ms = 20;
    door_close();
    door_open();
    who.peer = simple.peer = timed.peer = peers[0];
    loop_run_ms(loop, 200);
    assert_int_equal(fetch(&simple, true).topics.count, 0);
    assert_int_equal(fetch(&who, true).topics.count, 1); // it is read
    assert_int_equal(fetch(&timed, true).topics.count, 1);
    assert_int_equal(fetch(&timed, true).topics.items[0].partitions.count, 2);
    assert_int_equal(list_count(5, "", ""), 2);
    assert_int_equal(leave(&who), KAFKA_NONE);
    loop_run_ms(loop, 200);
    assert_int_equal(fetch(&who, true).topics.count, 0);
    assert_int_equal(list_count(5, "", ""), 1);
}

static void a_topic_that_is_deleted_takes_its_offsets_along(void **state)
{
    (void)state;
    struct member simple = member(0, 9);
    assert_int_equal(commit(&simple, 0, 5), KAFKA_NONE);
    bytes_t name = BYTES_LITERAL("t");
    struct kafka_delete_topics_request request = { .topic_names = { &name, 1 } };
    struct kafka_delete_topics_response *response = peer_call(peers[0], &kafka_delete_topics_api, 5, &request);
    assert_int_equal(response->responses.items[0].error_code, KAFKA_NONE);
    loop_run_ms(loop, 20);
    assert_int_equal(fetch(&simple, true).topics.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_the_coordinator_in_every_version),
        TEST(a_group_lives_and_dies_in_every_version),
        TEST(members_wait_for_each_other),
        TEST(refuses_joins_as_kafka_does),
        TEST(refuses_stale_members),
        TEST(a_static_leader_comes_back_and_assigns_nothing),
        TEST(refuses_offsets_as_kafka_does),
        TEST(fetches_of_many_groups_and_of_all_topics),
        TEST(a_short_request_makes_no_endless_answer),
        TEST(deletes_offsets_that_nobody_needs),
        TEST(describes_what_is_not_there),
        TEST(lists_groups_by_state_and_type),
        TEST(says_when_nothing_can_be_written),
        TEST(a_client_that_goes_while_it_waits_does_no_harm),
        TEST(groups_outlive_the_coordinator),
        TEST(offsets_and_groups_go_when_they_are_too_old),
        TEST(a_topic_that_is_deleted_takes_its_offsets_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
