// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_ledger.h"

#include "cli/cli.h"
#include "cli/offsets.h"
#include "cli/records.h"
#include "io/clock.h"
#include "io/random.h"
#include "kafka/api/create_topics.h"
#include "kafka/errors.h"

#include <stdio.h>

static bytes_t entry_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct dlq_entry, node)->about;
}

void dlq_ledger_init(struct dlq_ledger *ledger, struct cluster *cluster)
{
    *ledger = (struct dlq_ledger){ .cluster = cluster, .entries = MAP_INIT(entry_key) };
    ledger->run = bytes_of_text(arena_format(&ledger->arena, "%016llx", (unsigned long long)random_u64()));
}

void dlq_ledger_free(struct dlq_ledger *ledger)
{
    map_free(&ledger->entries);
    arena_free(&ledger->arena);
}

bytes_t dlq_topic_id(const struct cluster_topic *topic, struct arena *arena)
{
    char *text = arena_alloc(arena, 2 * sizeof topic->id.bytes + 1);
    for (size_t i = 0; i < sizeof topic->id.bytes; i++)
        snprintf(text + 2 * i, 3, "%02x", topic->id.bytes[i]);
    return bytes_of(text, 2 * sizeof topic->id.bytes);
}

// --- reading

static struct dlq_entry *entry_find(const struct dlq_ledger *ledger, bytes_t about)
{
    struct map_node *node = map_find(&ledger->entries, about);
    return node == NULL ? NULL : CONTAINER_OF(node, struct dlq_entry, node);
}

// Of whom MARK is about.
static struct dlq_entry *entry_get(struct dlq_ledger *ledger, const struct dlq_mark *mark)
{
    bytes_t about = dlq_mark_about(mark->letter, mark->topic_id, &ledger->arena);
    struct dlq_entry *entry = entry_find(ledger, about);
    if (entry != NULL)
        return entry;
    entry = arena_alloc(&ledger->arena, sizeof *entry);
    *entry = (struct dlq_entry){ .about = about, .topic_id = mark->topic_id };
    (void)mark_place_parse(mark->letter, &entry->place); // it was read so
    map_insert(&ledger->entries, &entry->node);
    return entry;
}

static bool on_mark(struct cli_reader *reader, size_t at, const struct batch_header *batch, const struct record *record)
{
    struct dlq_ledger *ledger = reader->owner;
    struct dlq_mark mark;
    (void)at;
    if (record->key.data == NULL || dlq_mark_read(record->key, record->value, &ledger->arena, &mark) != ERR_OK)
        return true; // not ours
    mark.offset = record_offset(batch, record);
    dlq_entry_take(entry_get(ledger, &mark), &mark, &ledger->arena);
    return true;
}

static err_t topic_find(struct dlq_ledger *ledger, diag_t *diag)
{
    struct cluster_topic *topic;
    size_t count;
    if (ledger->topic != NULL)
        return ERR_OK;
    err_t err = cluster_topics(ledger->cluster, DLQ_LEDGER_TOPIC, false, &ledger->arena, &topic, &count, diag);
    if (err != ERR_OK || count == 0 || topic->error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        return err;
    if (topic->error != KAFKA_NONE)
        return cli_kafka_fail(diag, DLQ_LEDGER_TOPIC, topic->error, BYTES_NULL);
    if (topic->partition_count != 1)
        return diag_fail(diag, ERR_INVALID, DLQ_LEDGER_TOPIC,
                         "has %zu partitions: what was done with dead letters needs one, so that it has an order",
                         topic->partition_count);
    ledger->topic = topic;
    return ERR_OK;
}

err_t dlq_ledger_read(struct dlq_ledger *ledger, diag_t *diag)
{
    int64_t first, end;
    err_t err = topic_find(ledger, diag);
    if (err != ERR_OK || ledger->topic == NULL)
        return err;
    err = cli_offsets_find(ledger->cluster, ledger->topic, CLI_EARLIEST, &first, diag);
    if (err == ERR_OK)
        err = cli_offsets_find(ledger->cluster, ledger->topic, CLI_LATEST, &end, diag);
    if (err != ERR_OK)
        return err;
    if (ledger->position < first)
        ledger->position = first;
    struct cli_reader reader = {
        .cluster = ledger->cluster,
        .topic = ledger->topic,
        .positions = &ledger->position,
        .ends = &end,
        .on_record = on_mark,
        .owner = ledger,
        .diag = diag,
    };
    return cli_records_read(&reader);
}

struct dlq_entry *dlq_ledger_find(const struct dlq_ledger *ledger, bytes_t letter, const struct cluster_topic *topic)
{
    struct arena arena = ARENA_INIT;
    struct dlq_entry *entry = entry_find(ledger, dlq_mark_about(letter, dlq_topic_id(topic, &arena), &arena));
    arena_free(&arena);
    return entry;
}

// --- writing

static void take_created(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    diag_t *diag = owner;
    const struct kafka_create_topics_response *response = answer;
    for (int32_t i = 0; i < response->topics.count; i++) {
        const struct kafka_creatable_topic_result *topic = &response->topics.items[i];
        if (topic->error_code != KAFKA_NONE && topic->error_code != KAFKA_TOPIC_ALREADY_EXISTS)
            (void)cli_kafka_fail(diag, DLQ_LEDGER_TOPIC, topic->error_code, topic->error_message);
    }
}

enum { MAKE_TRIES = 100, MAKE_WAIT_MS = 50, BATCH_MARKS_MAX = 1000 };

static err_t topic_make(struct dlq_ledger *ledger, diag_t *diag)
{
    struct kafka_creatable_topic_config config = { BYTES_LITERAL("cleanup.policy"), BYTES_LITERAL("compact") };
    struct kafka_creatable_topic topic = { .name = BYTES_LITERAL(DLQ_LEDGER_TOPIC),
                                           .num_partitions = 1,
                                           .replication_factor = -1 };
    topic.configs.items = &config;
    topic.configs.count = 1;
    struct kafka_create_topics_request request;
    kafka_defaults(kafka_create_topics_api.request, &request);
    request.topics.items = &topic;
    request.topics.count = 1;
    request.timeout_ms = CLI_REQUEST_TIMEOUT_MS;
    diag_t refused = { 0 };
    err_t err = cluster_call(ledger->cluster, CLUSTER_ANY_NODE, &kafka_create_topics_api, &request, take_created,
                             &refused, diag);
    if (err == ERR_OK && refused.text[0] != '\0') {
        *diag = refused;
        return ERR_INVALID;
    }
    for (int i = 0; i < MAKE_TRIES && err == ERR_OK && ledger->topic == NULL; i++) {
        if (i > 0)
            cluster_sleep(ledger->cluster, MAKE_WAIT_MS);
        err = topic_find(ledger, diag);
    }
    if (err == ERR_OK && ledger->topic == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, DLQ_LEDGER_TOPIC, "was made, and is not there");
    return err;
}

static err_t batch_append(struct dlq_ledger *ledger, const struct dlq_mark *marks, size_t count, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    struct batch_builder builder;
    struct writer value = WRITER_INIT;
    struct slice batch;
    int64_t offset;
    batch_builder_init(&builder, BATCH_PLAIN);
    for (size_t i = 0; i < count; i++) {
        writer_reset(&value);
        dlq_mark_write(&marks[i], &value);
        batch_builder_add(&builder, dlq_mark_key(&marks[i], &arena),
                          marks[i].state == DLQ_NEW ? BYTES_NULL : writer_view(&value), NULL, 0, clock_wall_ms());
    }
    writer_free(&value);
    arena_free(&arena);
    err_t err = batch_builder_finish(&builder, &batch);
    if (err != ERR_OK)
        return diag_fail(diag, err, DLQ_LEDGER_TOPIC, "%s", err_text(err));
    err = cli_batch_send(ledger->cluster, ledger->topic, 0, &batch, -1, &offset, diag);
    slice_free(&batch);
    return err;
}

static err_t append(struct dlq_ledger *ledger, const struct dlq_mark *marks, size_t count, diag_t *diag)
{
    err_t err = ERR_OK;
    for (size_t at = 0; at < count && err == ERR_OK; at += BATCH_MARKS_MAX)
        err = batch_append(ledger, marks + at, count - at < BATCH_MARKS_MAX ? count - at : BATCH_MARKS_MAX, diag);
    return err;
}

static err_t sweep(struct dlq_ledger *ledger, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    struct dlq_mark *marks;
    size_t count;
    err_t err = dlq_ledger_gone(ledger, &arena, &marks, &count, diag);
    if (err == ERR_OK)
        err = append(ledger, marks, count, diag);
    ledger->is_swept = err == ERR_OK;
    arena_free(&arena);
    return err;
}

err_t dlq_ledger_append(struct dlq_ledger *ledger, const struct dlq_mark *marks, size_t count, diag_t *diag)
{
    if (count == 0)
        return ERR_OK;
    err_t err = ledger->topic == NULL ? topic_make(ledger, diag) : ERR_OK;
    if (err == ERR_OK && !ledger->is_swept)
        err = sweep(ledger, diag);
    return err == ERR_OK ? append(ledger, marks, count, diag) : err;
}
