// SPDX-License-Identifier: Apache-2.0
// eddy consume TOPIC: prints records as they arrive, until --count, the end (--to-end) or an interrupt.
#include "cli/consume.h"

#include "base/civil.h"
#include "base/json_write.h"
#include "cli/action.h"
#include "cli/offsets.h"
#include "cli/records.h"

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
    int64_t *ends;      // where reading stops
    int64_t printed;
    struct writer out;
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

static bool on_record(struct cli_reader *reader, size_t at, const struct batch_header *batch,
                      const struct record *record)
{
    struct consumer *consumer = reader->owner;
    record_print(consumer, reader->topic->partitions[at].number, batch, record);
    return ++consumer->printed != consumer->config->count;
}

static bool on_round(struct cli_reader *reader)
{
    struct consumer *consumer = reader->owner;
    return cli_print(&consumer->out);
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

// A partition that was not asked for ends where it begins.
static err_t ends_find(struct consumer *consumer)
{
    const struct config *config = consumer->config;
    err_t err = ERR_OK;
    if (config->to_end)
        err = cli_offsets_find(consumer->cluster, consumer->topic, CLI_LATEST, consumer->ends, &consumer->diag);
    for (size_t i = 0; i < consumer->topic->partition_count && err == ERR_OK; i++) {
        if (!config->to_end)
            consumer->ends[i] = INT64_MAX;
        if (config->partition >= 0 && config->partition != consumer->topic->partitions[i].number)
            consumer->ends[i] = 0;
    }
    return err;
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
    if (err == ERR_OK)
        err = ends_find(consumer);
    struct cli_reader reader = {
        .cluster = consumer->cluster,
        .topic = topic,
        .positions = consumer->positions,
        .ends = consumer->ends,
        .on_record = on_record,
        .on_round = on_round,
        .owner = consumer,
        .diag = &consumer->diag,
    };
    if (err == ERR_OK)
        err = cli_records_read(&reader);
    writer_free(&consumer->out);
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
