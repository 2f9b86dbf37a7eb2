// SPDX-License-Identifier: Apache-2.0
// eddy produce TOPIC: each line of standard input becomes a record. What was read at once is sent at once, one batch
// for each partition, and acknowledged before more is read.
#include "cli/produce.h"

#include "base/batch.h"
#include "base/json_write.h"
#include "base/mem.h"
#include "base/partitioner.h"
#include "cli/action.h"
#include "cli/offsets.h"
#include "cli/records.h"
#include "io/clock.h"
#include "io/system.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_SIZE = 64 * 1024, BATCH_FULL_SIZE = 512 * 1024 };

struct config {
    struct cli_common common;
    const char *key;
    const char *key_separator;
    int64_t partition;
    int acks;
    int compression;
};

static const char *const acks_choices[] = { "all", "1", NULL };
static const int16_t acks_values[] = { -1, 1 };
static const char *const compression_choices[] = { "none", "gzip", "snappy", "lz4", "zstd", NULL };

// clang-format off
static const struct option_row rows[] = {
    { .flag = "--key", .letter = 'k', .group = "Records", .type = OPTION_TEXT, .value_name = "KEY", .help = "key of every record", .at = offsetof(struct config, key) },
    { .flag = "--key-separator", .group = "Records", .type = OPTION_TEXT, .value_name = "TEXT",
      .help = "a line is KEY, this text, VALUE; a line without it has no key", .at = offsetof(struct config, key_separator) },
    { .flag = "--partition", .letter = 'p', .group = "Records", .type = OPTION_INT, .default_text = "-1", .min = -1, .max = INT32_MAX,
      .help = "partition; -1: by key as Java's client does, without key by turns", .at = offsetof(struct config, partition) },
    { .flag = "--acks", .group = "Records", .type = OPTION_ENUM, .default_text = "all", .choices = acks_choices,
      .help = "what the server promises before it answers", .at = offsetof(struct config, acks) },
    { .flag = "--compression", .letter = 'z', .group = "Records", .type = OPTION_ENUM, .default_text = "none", .choices = compression_choices,
      .help = "compression of the batches", .at = offsetof(struct config, compression) },
    CLI_ROWS(struct config),
};
// clang-format on

struct producer {
    const struct config *config;
    struct cluster *cluster;
    const struct cluster_topic *topic;
    struct batch_builder *builders; // one for each partition
    int32_t *counts;                // records in each
    int32_t turn;                   // the partition for records without key
    struct writer rest;             // a line that has not ended yet
    int64_t read, stored, unknown;  // records: read, acknowledged, and sent without an answer
    diag_t diag;
};

static void sent_json(const struct producer *producer, size_t at, int64_t base_offset)
{
    struct writer out = WRITER_INIT;
    struct json_writer json = json_writer_of(&out);
    json_object_begin(&json);
    json_field_bytes(&json, "topic", producer->topic->name);
    json_field_int(&json, "partition", producer->topic->partitions[at].number);
    json_field_int(&json, "offset", base_offset);
    json_field_int(&json, "count", producer->counts[at]);
    json_object_end(&json);
    writer_text(&out, "\n");
    (void)cli_print(&out);
    writer_free(&out);
}

static err_t batch_send(struct producer *producer, size_t at)
{
    struct slice batch;
    int64_t base_offset;
    err_t err = batch_builder_finish(&producer->builders[at], &batch);
    if (err != ERR_OK)
        return diag_fail(&producer->diag, err, "produce", "the records cannot be packed: %s", err_text(err));
    err = cli_batch_send(producer->cluster, producer->topic, at, &batch, acks_values[producer->config->acks],
                         &base_offset, &producer->diag);
    slice_free(&batch);
    if (err == ERR_OK)
        producer->stored += producer->counts[at];
    else if (err == ERR_RESET || err == ERR_CLOSED || err == ERR_TIMEOUT)
        producer->unknown = producer->counts[at];
    if (err == ERR_OK && producer->config->common.json)
        sent_json(producer, at, base_offset);
    producer->counts[at] = 0;
    return err;
}

static err_t batches_send(struct producer *producer)
{
    for (size_t i = 0; i < producer->topic->partition_count; i++) {
        err_t err = producer->counts[i] == 0 ? ERR_OK : batch_send(producer, i);
        if (err != ERR_OK)
            return err;
    }
    producer->turn = (producer->turn + 1) % (int32_t)producer->topic->partition_count;
    return ERR_OK;
}

static int32_t partition_choose(const struct producer *producer, bytes_t key)
{
    if (producer->config->partition >= 0)
        return (int32_t)producer->config->partition;
    return key.data == NULL ? producer->turn : partitioner_of_key(key, (int32_t)producer->topic->partition_count);
}

static void record_split(const struct config *config, bytes_t line, bytes_t *ret_key, bytes_t *ret_value)
{
    *ret_key = config->key == NULL ? BYTES_NULL : bytes_of_text(config->key);
    *ret_value = line;
    if (config->key_separator == NULL)
        return;
    size_t size = strlen(config->key_separator);
    const uint8_t *at = line.size == 0 ? NULL : memmem(line.data, line.size, config->key_separator, size);
    if (at == NULL)
        return;
    size_t before = (size_t)(at - line.data);
    *ret_key = bytes_of(line.data, before);
    *ret_value = bytes_of(at + size, line.size - before - size);
}

static err_t line_add(struct producer *producer, bytes_t line)
{
    bytes_t key, value;
    record_split(producer->config, line, &key, &value);
    if (value.data == NULL)
        value = BYTES_LITERAL("");
    size_t at = (size_t)partition_choose(producer, key);
    if (producer->counts[at] == 0) {
        struct batch_options options = BATCH_PLAIN;
        options.codec = (enum codec)producer->config->compression;
        batch_builder_init(&producer->builders[at], options);
    }
    batch_builder_add(&producer->builders[at], key, value, NULL, 0, clock_wall_ms());
    producer->counts[at]++;
    producer->read++;
    return batch_builder_size(&producer->builders[at]) < BATCH_FULL_SIZE ? ERR_OK : batch_send(producer, at);
}

// Adds the whole lines of what was read; the rest waits for its end.
static err_t lines_add(struct producer *producer, bool at_end)
{
    bytes_t text = writer_view(&producer->rest);
    size_t start = 0;
    err_t err = ERR_OK;
    while (err == ERR_OK && start < text.size) {
        const uint8_t *end = memchr(text.data + start, '\n', text.size - start);
        if (end == NULL && !at_end)
            break;
        size_t size = end == NULL ? text.size - start : (size_t)(end - text.data) - start;
        err = line_add(producer, bytes_of(text.data + start, size));
        start += size + 1;
    }
    if (start >= text.size) {
        writer_reset(&producer->rest);
    } else if (start > 0) {
        memmove(producer->rest.buf->data, text.data + start, text.size - start);
        producer->rest.size = text.size - start;
    }
    return err;
}

static err_t input_send(struct producer *producer)
{
    for (;;) {
        size_t size = 0;
        uint8_t *to = writer_reserve(&producer->rest, READ_SIZE);
        if (to == NULL)
            return diag_fail(&producer->diag, ERR_TOO_LARGE, "standard input", "a line is larger than 1 GB");
        err_t err = system_read_in(to, READ_SIZE, &size);
        if (err != ERR_OK)
            return diag_fail(&producer->diag, err, "standard input", "cannot be read: %s", err_text(err));
        writer_advance(&producer->rest, size);
        err = lines_add(producer, size == 0);
        if (err == ERR_OK)
            err = batches_send(producer);
        if (err != ERR_OK || size == 0)
            return err;
    }
}

// Makes a missing topic, but not for a partition that a new one may not have.
static err_t topic_find(struct producer *producer, const char *name, struct arena *arena,
                        struct cluster_topic **ret_topic)
{
    int64_t partition = producer->config->partition;
    err_t err = cli_topic_find(producer->cluster, name, partition <= 0, arena, ret_topic, &producer->diag);
    if (err == ERR_NOT_FOUND && partition > 0)
        return diag_fail(&producer->diag, err, name,
                         "there is no such topic, and one that is made now may not have partition %lld; "
                         "`eddy topic create %s --partitions %lld` makes it",
                         (long long)partition, name, (long long)partition + 1);
    return err == ERR_OK ? cli_partition_check(*ret_topic, partition, "--partition", &producer->diag) : err;
}

// What a script must know to go on after a failure.
static void complain_count(struct producer *producer)
{
    diag_t why = producer->diag;
    if (producer->read == 0)
        return;
    char unknown[64] = "";
    if (producer->unknown > 0)
        snprintf(unknown, sizeof(unknown), ", and of %lld more nobody knows", (long long)producer->unknown);
    (void)diag_fail(&producer->diag, ERR_INVALID, why.where, "%s; stored are %lld of the %lld records read so far%s",
                    why.text, (long long)producer->stored, (long long)producer->read, unknown);
}

static err_t produce(struct producer *producer, const char *name, struct arena *arena)
{
    struct cluster_topic *topic;
    err_t err = topic_find(producer, name, arena, &topic);
    if (err != ERR_OK)
        return err;
    producer->topic = topic;
    producer->builders = arena_array(arena, topic->partition_count, sizeof(*producer->builders));
    producer->counts = arena_array(arena, topic->partition_count, sizeof(*producer->counts));
    producer->rest.limit = 1U << 30;
    err = input_send(producer);
    if (err != ERR_OK)
        complain_count(producer);
    for (size_t i = 0; i < topic->partition_count; i++)
        batch_builder_free(&producer->builders[i]);
    writer_free(&producer->rest);
    return err;
}

static err_t produce_check(const struct cli_common *common, const struct cli_arguments *arguments, diag_t *diag)
{
    const struct config *config = CONTAINER_OF_CONST(common, struct config, common);
    (void)arguments;
    if (config->key_separator != NULL && config->key_separator[0] == '\0')
        return diag_fail(diag, ERR_INVALID, "--key-separator", "is empty; give the text that ends the key, such as :");
    return ERR_OK;
}

static enum cli_exit produce_run(struct cluster *cluster, const struct cli_common *common,
                                 const struct cli_arguments *arguments)
{
    struct producer producer = { .config = CONTAINER_OF_CONST(common, struct config, common), .cluster = cluster };
    struct arena arena = ARENA_INIT;
    err_t err = produce(&producer, arguments->rest[0], &arena);
    arena_free(&arena);
    return err == ERR_OK ? CLI_OK : cli_complain("produce", &producer.diag);
}

enum cli_exit cli_produce(int count, const char *const *texts)
{
    static const struct cli_action action = {
        { "produce", "TOPIC [options]",
          "Sends each line of standard input as a record. Ends when the last one is acknowledged.\n"
          "  echo 'hello' | eddy produce greetings\n"
          "  eddy produce orders --key-separator : < orders.txt",
          1, 1 },
        { rows, ARRAY_COUNT(rows) },
        produce_check,
        produce_run,
    };
    struct config config;
    return cli_action_run(&action, &config.common, count, texts);
}
