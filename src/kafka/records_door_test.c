// SPDX-License-Identifier: Apache-2.0
// What the door answers to Produce, Fetch and ListOffsets.
#include "kafka/testing/door/door_world.h"

#include "base/assert.h"
#include "base/batch.h"
#include "base/writer.h"
#include "kafka/api/delete_topics.h"
#include "kafka/api/list_offsets.h"
#include "kafka/errors.h"

#include "base/test.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
