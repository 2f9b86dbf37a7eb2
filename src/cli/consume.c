// SPDX-License-Identifier: Apache-2.0
// eddy consume TOPIC: prints records as they arrive, until --count, the end (--to-end) or an interrupt.
#include "cli/consume.h"

#include "base/batch.h"
#include "base/civil.h"
#include "base/json_write.h"
#include "cli/action.h"
#include "cli/offsets.h"
#include "kafka/api/fetch.h"
#include "kafka/errors.h"

#include <stdio.h>

enum { FETCH_WAIT_MS = 500, FETCH_MAX_SIZE = 16 << 20, PARTITION_MAX_SIZE = 1 << 20, RECORDS_MAX_SIZE = 256 << 20 };

struct config {
    struct cli_common common;
    const char *from;
    int64_t count;
    int64_t partition;
    const char *key_separator;
    bool to_end;
};

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--from", .group = "Records", .type = OPTION_TEXT, .default_text = "latest", .value_name = "WHERE",
      .help = "earliest, latest, an offset, or a time such as 2026-01-31T12:00:00Z", .at = offsetof(struct config, from) },
    { .flag = "--count", .letter = 'n', .group = "Records", .type = OPTION_INT, .default_text = "0", .min = 0, .max = INT64_MAX,
      .help = "end after that many records; 0: go on", .at = offsetof(struct config, count) },
    { .flag = "--to-end", .letter = 'e', .group = "Records", .type = OPTION_BOOL, .help = "end at what is the end now", .at = offsetof(struct config, to_end) },
    { .flag = "--partition", .letter = 'p', .group = "Records", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = INT32_MAX,
      .help = "only this partition; -1: all", .at = offsetof(struct config, partition) },
    { .flag = "--key-separator", .group = "Records", .type = OPTION_TEXT, .value_name = "TEXT",
      .help = "print KEY and this text before each value", .at = offsetof(struct config, key_separator) },
    CLI_ROWS(struct config),
};
// clang-format on

struct consumer {
    const struct config *config;
    struct cluster *cluster;
    const struct cluster_topic *topic;
    int64_t *positions; // the next offset of each partition
    int64_t *ends;      // where --to-end stops
    int64_t printed;
    bool done;
    struct writer out, room;
    err_t err;
    diag_t diag;
};

static void record_json(struct consumer *consumer, int32_t partition, const struct batch_header *batch,
                        const struct record *record)
{
    char time[CIVIL_TEXT_SIZE];
    struct json_writer json = json_writer_of(&consumer->out);
    json_object_begin(&json);
    json_field_bytes(&json, "topic", consumer->topic->name);
    json_field_int(&json, "partition", partition);
    json_field_int(&json, "offset", record_offset(batch, record));
    json_field_text(&json, "time", civil_format(record_timestamp(batch, record), time));
    json_field_data(&json, "key", record->key);
    json_field_data(&json, "value", record->value);
    // A list, not a map: Kafka keeps the order of headers, and one name may stand there twice.
    json_key(&json, "headers");
    json_array_begin(&json);
    struct reader at = reader_of(record->headers);
    struct record_header header;
    while (record_header_next(&at, &header)) {
        json_object_begin(&json);
        json_field_data(&json, "name", header.key);
        json_field_data(&json, "value", header.value);
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    writer_text(&consumer->out, "\n");
}

static void record_print(struct consumer *consumer, int32_t partition, const struct batch_header *batch,
                         const struct record *record)
{
    if (consumer->config->common.json) {
        record_json(consumer, partition, batch, record);
        return;
    }
    if (consumer->config->key_separator != NULL) {
        writer_bytes(&consumer->out, record->key);
        writer_text(&consumer->out, consumer->config->key_separator);
    }
    writer_bytes(&consumer->out, record->value);
    writer_text(&consumer->out, "\n");
}

static err_t batch_print(struct consumer *consumer, size_t at, const struct batch_header *header, bytes_t batch)
{
    writer_reset(&consumer->room);
    bytes_t records;
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &consumer->room, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (!consumer->done && record_walk_next(&walk, &record)) {
        if (record_offset(header, &record) < consumer->positions[at])
            continue;
        record_print(consumer, consumer->topic->partitions[at].number, header, &record);
        consumer->printed++;
        consumer->done = consumer->printed == consumer->config->count;
    }
    return consumer->done ? ERR_OK : walk.err;
}

static err_t fetch_fail(struct consumer *consumer, size_t at, int16_t error)
{
    char where[300];
    snprintf(where, sizeof(where), "%.*s, partition %d, offset %lld", BYTES_ARG(consumer->topic->name),
             consumer->topic->partitions[at].number, (long long)consumer->positions[at]);
    // It was there when we began.
    if (error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        error = KAFKA_UNKNOWN_TOPIC_ID;
    return cli_kafka_fail(&consumer->diag, where, error, BYTES_NULL);
}

static err_t partition_print(struct consumer *consumer, size_t at, const struct kafka_partition_data *data)
{
    if (data->error_code != KAFKA_NONE)
        return fetch_fail(consumer, at, data->error_code);
    struct batch_walk walk = batch_walk_of(data->records.bytes);
    struct batch_header header;
    bytes_t batch;
    while (!consumer->done && batch_walk_next(&walk, &header, &batch)) {
        err_t err = (header.attributes & BATCH_CONTROL) != 0 ? ERR_OK : batch_print(consumer, at, &header, batch);
        if (err != ERR_OK)
            return diag_fail(&consumer->diag, err, "fetch", "partition %d, batch at offset %lld: %s",
                             data->partition_index, (long long)header.base_offset, err_text(err));
        consumer->positions[at] = batch_last_offset(&header) + 1;
    }
    return ERR_OK;
}

static void take_fetched(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct consumer *consumer = owner;
    const struct kafka_fetch_response *response = answer;
    if (response->error_code != KAFKA_NONE)
        consumer->err = cli_kafka_fail(&consumer->diag, "fetch", response->error_code, BYTES_NULL);
    for (int32_t t = 0; t < response->responses.count && consumer->err == ERR_OK; t++) {
        for (int32_t p = 0; p < response->responses.items[t].partitions.count && consumer->err == ERR_OK; p++) {
            const struct kafka_partition_data *data = &response->responses.items[t].partitions.items[p];
            for (size_t i = 0; i < consumer->topic->partition_count; i++) {
                if (consumer->topic->partitions[i].number == data->partition_index)
                    consumer->err = partition_print(consumer, i, data);
            }
        }
    }
}

static bool is_wanted(const struct consumer *consumer, size_t at)
{
    const struct cluster_partition *partition = &consumer->topic->partitions[at];
    bool is_chosen = consumer->config->partition < 0 || consumer->config->partition == partition->number;
    return is_chosen && (!consumer->config->to_end || consumer->positions[at] < consumer->ends[at]);
}

// Asks one leader for its partitions; returns false when there are none left.
static bool leader_fetch(struct consumer *consumer, int32_t leader, int32_t wait_ms,
                         struct kafka_fetch_partition *partitions)
{
    int32_t count = 0;
    for (size_t i = 0; i < consumer->topic->partition_count; i++) {
        if (consumer->topic->partitions[i].leader != leader || !is_wanted(consumer, i))
            continue;
        partitions[count++] = (struct kafka_fetch_partition){
            .partition = consumer->topic->partitions[i].number,
            .current_leader_epoch = -1,
            .fetch_offset = consumer->positions[i],
            .last_fetched_epoch = -1,
            .log_start_offset = -1,
            .partition_max_bytes = PARTITION_MAX_SIZE,
            .high_watermark = INT64_MAX,
        };
    }
    if (count == 0)
        return false;
    struct kafka_fetch_topic topic = { .topic = consumer->topic->name, .topic_id = consumer->topic->id };
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
    err_t err =
        cluster_call(consumer->cluster, leader, &kafka_fetch_api, &request, take_fetched, consumer, &consumer->diag);
    if (err != ERR_OK)
        consumer->err = err;
    if (!cli_print(&consumer->out))
        consumer->done = true;
    return true;
}

static void fetch_all(struct consumer *consumer, struct arena *arena)
{
    const struct cluster_topic *topic = consumer->topic;
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
    while (is_more && !consumer->done && consumer->err == ERR_OK) {
        is_more = false;
        for (int32_t i = 0; i < leader_count && !consumer->done && consumer->err == ERR_OK; i++)
            is_more = leader_fetch(consumer, leaders[i], FETCH_WAIT_MS / leader_count, partitions) || is_more;
    }
}

static err_t consume_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct config *config = CONTAINER_OF_CONST(common, struct config, common);
    (void)arguments;
    int64_t number;
    bool is_offset;
    err_t err = cli_where_parse("--from", config->from, &number, &is_offset, diag);
    if (err == ERR_OK && config->to_end && !is_offset && number == CLI_LATEST)
        return diag_fail(diag, ERR_INVALID, "--to-end",
                         "reading begins at the end (--from latest is the default), so nothing would be shown; "
                         "--from earliest shows all that is there");
    return err;
}

// An offset that the partitions do not have is said before anything is printed.
static err_t offset_check(struct consumer *consumer, int64_t offset, struct arena *arena)
{
    const struct cluster_topic *topic = consumer->topic;
    int64_t *earliest = arena_array(arena, topic->partition_count, sizeof(*earliest));
    int64_t *latest = arena_array(arena, topic->partition_count, sizeof(*latest));
    err_t err = cli_offsets_find(consumer->cluster, topic, CLI_EARLIEST, earliest, &consumer->diag);
    if (err == ERR_OK)
        err = cli_offsets_find(consumer->cluster, topic, CLI_LATEST, latest, &consumer->diag);
    for (size_t i = 0; i < topic->partition_count && err == ERR_OK; i++) {
        int32_t number = topic->partitions[i].number;
        bool is_chosen = consumer->config->partition < 0 || consumer->config->partition == number;
        if (!is_chosen || (offset >= earliest[i] && offset <= latest[i]))
            continue;
        const char *alone = topic->partition_count > 1 ? "; --partition reads one alone" : "";
        if (earliest[i] == latest[i])
            return diag_fail(&consumer->diag, ERR_OUT_OF_RANGE, "--from",
                             "partition %d of %.*s holds nothing, and its next offset is %lld, not %lld%s", number,
                             BYTES_ARG(topic->name), (long long)latest[i], (long long)offset, alone);
        return diag_fail(&consumer->diag, ERR_OUT_OF_RANGE, "--from",
                         "partition %d of %.*s holds offsets %lld to %lld, not %lld%s", number, BYTES_ARG(topic->name),
                         (long long)earliest[i], (long long)latest[i] - 1, (long long)offset, alone);
    }
    return err;
}

static err_t positions_find(struct consumer *consumer, struct arena *arena)
{
    int64_t number;
    bool is_offset;
    err_t err = cli_where_parse("--from", consumer->config->from, &number, &is_offset, &consumer->diag);
    if (err != ERR_OK || !is_offset)
        return err != ERR_OK
                   ? err
                   : cli_offsets_find(consumer->cluster, consumer->topic, number, consumer->positions, &consumer->diag);
    for (size_t i = 0; i < consumer->topic->partition_count; i++)
        consumer->positions[i] = number;
    return offset_check(consumer, number, arena);
}

static err_t consume(struct consumer *consumer, const char *name, struct arena *arena)
{
    struct cluster_topic *topic;
    err_t err = cli_topic_find(consumer->cluster, name, false, arena, &topic, &consumer->diag);
    if (err != ERR_OK)
        return err;
    consumer->topic = topic;
    err = cli_partition_check(topic, consumer->config->partition, "--partition", &consumer->diag);
    if (err != ERR_OK)
        return err;
    consumer->positions = arena_array(arena, topic->partition_count, sizeof(*consumer->positions));
    consumer->ends = arena_array(arena, topic->partition_count, sizeof(*consumer->ends));
    err = positions_find(consumer, arena);
    if (err == ERR_OK && consumer->config->to_end)
        err = cli_offsets_find(consumer->cluster, topic, CLI_LATEST, consumer->ends, &consumer->diag);
    if (err == ERR_OK) {
        fetch_all(consumer, arena);
        err = consumer->err;
    }
    writer_free(&consumer->out);
    writer_free(&consumer->room);
    return err;
}

static enum cli_exit consume_run(struct cluster *cluster, const struct cli_common *common,
                                 const struct cli_arguments *arguments)
{
    struct consumer consumer = { .config = CONTAINER_OF_CONST(common, struct config, common), .cluster = cluster };
    struct arena arena = ARENA_INIT;
    err_t err = consume(&consumer, arguments->rest[0], &arena);
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("consume", &consumer.diag);
}

enum cli_exit cli_consume(int count, const char *const *texts)
{
    static const struct cli_action action = {
        { "consume", "TOPIC [options]",
          "Prints the value of each record on a line of its own; with --json everything about it.\n"
          "  eddy consume greetings --from earliest --to-end\n"
          "  eddy consume orders --from 2026-01-31T12:00:00Z --json\n\n"
          "With --json what is not UTF-8 stands in base64 under \"key_base64\" and \"value_base64\" in place of "
          "\"key\" and\n"
          "\"value\", and headers are a list, in their order: [{\"name\":\"n\",\"value\":\"v\"}].",
          1, 1 },
        { rows, ARRAY_COUNT(rows) },
        consume_check,
        consume_run,
    };
    struct config config;
    return cli_action_run(&action, &config.common, count, texts);
}
