// SPDX-License-Identifier: Apache-2.0
#include "cli/explain_event.h"

#include "base/batch.h"
#include "cli/cli.h"
#include "cli/offsets.h"
#include "cloudevents/json_format.h"
#include "cloudevents/kafka_binding.h"
#include "eventing/hops.h"
#include "io/file.h"
#include "io/system.h"
#include "kafka/api/fetch.h"
#include "kafka/errors.h"

enum {
    EVENT_SIZE_MAX = 16 << 20,
    READ_SIZE = 64 << 10,
    FETCH_WAIT_MS = 500,
    FETCH_MAX_SIZE = 16 << 20,
    RECORDS_MAX_SIZE = 256 << 20,
};

// --- from a file

static err_t input_read(struct writer *text)
{
    size_t size = 1;
    err_t err = ERR_OK;
    while (err == ERR_OK && size > 0 && text->size <= EVENT_SIZE_MAX) {
        err = system_read_in(writer_reserve(text, READ_SIZE), READ_SIZE, &size);
        if (err == ERR_OK)
            writer_advance(text, size);
    }
    return err == ERR_OK && text->size > EVENT_SIZE_MAX ? ERR_TOO_LARGE : err;
}

static err_t text_read(const char *path, struct writer *text)
{
    struct buf *buf;
    if (strcmp(path, "-") == 0)
        return input_read(text);
    err_t err = file_read_whole(path, EVENT_SIZE_MAX, &buf);
    if (err != ERR_OK)
        return err;
    writer_bytes(text, bytes_of(buf->data, buf->capacity));
    buf_unref(buf);
    return ERR_OK;
}

// What the topic keeps of it: there every extension is a text.
static err_t as_kept(struct cloudevent *event, struct arena *arena)
{
    struct writer room = WRITER_INIT;
    struct cloudevent_record record;
    struct cloudevent_message message;
    err_t err = cloudevent_kafka_encode(event, CLOUDEVENT_MODE_BINARY, arena, &room, &record);
    cloudevent_message_init(&message, &cloudevent_binding_kafka, arena);
    for (size_t i = 0; err == ERR_OK && i < record.header_count; i++)
        cloudevent_message_field(&message, arena_copy(arena, record.headers[i].key),
                                 arena_copy(arena, record.headers[i].value));
    if (err == ERR_OK)
        err = cloudevent_message_decode(&message, arena_copy(arena, record.value), event, NULL);
    writer_free(&room);
    return err;
}

err_t explain_event_read(const char *path, struct arena *arena, struct explain_event *ret_event, diag_t *diag)
{
    struct writer text = WRITER_INIT;
    struct cloudevent event;
    diag_t of_event = { 0 };
    const char *where = strcmp(path, "-") == 0 ? "standard input" : path;
    err_t err = text_read(path, &text);
    bytes_t json = arena_copy(arena, writer_view(&text));
    writer_free(&text);
    if (err != ERR_OK)
        return diag_fail(diag, err, where, "%s", err_text(err));
    err = cloudevent_json_decode(json, arena, &event, &of_event);
    if (err == ERR_OK)
        err = hops_enter(&event, arena, &of_event);
    if (err == ERR_OK)
        err = as_kept(&event, arena);
    if (err != ERR_OK)
        return diag_fail(diag, err, where, "this is no event that a broker takes: %s%s%s", of_event.where,
                         of_event.where[0] == '\0' ? "" : ": ",
                         of_event.text[0] == '\0' ? err_text(err) : of_event.text);
    *ret_event = (struct explain_event){ .event = event, .partition = -1 };
    return ERR_OK;
}

// --- from the topic

struct finding {
    const struct explain_wanted *wanted;
    struct cluster *cluster;
    const struct cluster_topic *topic;
    size_t at; // the partition that is read
    int64_t position;
    struct arena *arena;
    struct writer room;
    struct explain_event *found; // partition -1: nothing yet
    err_t err;
    diag_t *diag;
};

static void take(struct finding *finding, const struct cloudevent *event, int64_t offset, int64_t time_ms)
{
    const struct explain_wanted *wanted = finding->wanted;
    struct explain_event *found = finding->found;
    bytes_t source = event->core[CLOUDEVENT_SOURCE];
    if (!bytes_is(event->core[CLOUDEVENT_ID], wanted->id) || time_ms < wanted->from_ms ||
        (wanted->source != NULL && !bytes_is(source, wanted->source)))
        return;
    if (found->partition >= 0 && !bytes_equal(found->event.core[CLOUDEVENT_SOURCE], source)) {
        finding->err = diag_fail(finding->diag, ERR_CONFLICT, wanted->id,
                                 "several sources have sent an event with this id, as %s and %s: --source names one",
                                 cli_shown(finding->arena, found->event.core[CLOUDEVENT_SOURCE]),
                                 cli_shown(finding->arena, source));
        return;
    }
    if (found->partition >= 0 && found->time_ms > time_ms)
        return;
    found->event = *cloudevent_copy(event, finding->arena);
    found->partition = finding->topic->partitions[finding->at].number;
    found->offset = offset;
    found->time_ms = time_ms;
}

static err_t batch_take(struct finding *finding, const struct batch_header *header, bytes_t batch)
{
    bytes_t records;
    struct arena arena = ARENA_INIT;
    writer_reset(&finding->room);
    err_t err = batch_records(batch, header, RECORDS_MAX_SIZE, &finding->room, &records);
    if (err != ERR_OK)
        return err;
    struct record_walk walk = record_walk_of(records, header->record_count);
    struct record record;
    while (finding->err == ERR_OK && record_walk_next(&walk, &record)) {
        struct cloudevent event;
        arena_reset(&arena);
        if (cloudevent_kafka_decode(&record, &arena, &event, NULL) == ERR_OK)
            take(finding, &event, record_offset(header, &record), record_timestamp(header, &record));
    }
    arena_free(&arena);
    return finding->err == ERR_OK ? walk.err : finding->err;
}

static void records_take(struct finding *finding, const struct kafka_partition_data *data)
{
    struct batch_walk walk = batch_walk_of(data->records.bytes);
    struct batch_header header;
    bytes_t batch;
    if (data->error_code != KAFKA_NONE)
        finding->err = cli_kafka_fail(finding->diag, arena_text(finding->arena, finding->topic->name), data->error_code,
                                      BYTES_NULL);
    while (finding->err == ERR_OK && batch_walk_next(&walk, &header, &batch)) {
        err_t err = (header.attributes & BATCH_CONTROL) != 0 ? ERR_OK : batch_take(finding, &header, batch);
        if (err != ERR_OK && finding->err == ERR_OK)
            finding->err = diag_fail(finding->diag, err, "fetch", "the batch at offset %lld: %s",
                                     (long long)header.base_offset, err_text(err));
        finding->position = batch_last_offset(&header) + 1;
    }
}

static void take_fetched(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct finding *finding = owner;
    const struct kafka_fetch_response *response = answer;
    if (response->error_code != KAFKA_NONE)
        finding->err = cli_kafka_fail(finding->diag, "fetch", response->error_code, BYTES_NULL);
    for (int32_t t = 0; t < response->responses.count && finding->err == ERR_OK; t++) {
        for (int32_t p = 0; p < response->responses.items[t].partitions.count && finding->err == ERR_OK; p++)
            records_take(finding, &response->responses.items[t].partitions.items[p]);
    }
}

static err_t fetch(struct finding *finding)
{
    const struct cluster_partition *partition = &finding->topic->partitions[finding->at];
    struct kafka_fetch_partition asked = {
        .partition = partition->number,
        .current_leader_epoch = -1,
        .fetch_offset = finding->position,
        .last_fetched_epoch = -1,
        .log_start_offset = -1,
        .partition_max_bytes = FETCH_MAX_SIZE,
        .high_watermark = INT64_MAX,
    };
    struct kafka_fetch_topic topic = { .topic = finding->topic->name, .topic_id = finding->topic->id };
    struct kafka_fetch_request request;
    topic.partitions.items = &asked;
    topic.partitions.count = 1;
    kafka_defaults(kafka_fetch_api.request, &request);
    request.max_wait_ms = FETCH_WAIT_MS;
    request.min_bytes = 1;
    request.max_bytes = FETCH_MAX_SIZE;
    request.session_epoch = -1;
    request.topics.items = &topic;
    request.topics.count = 1;
    err_t err = cluster_call(finding->cluster, partition->leader, &kafka_fetch_api, &request, take_fetched, finding,
                             finding->diag);
    return err == ERR_OK ? finding->err : err;
}

static err_t partition_read(struct finding *finding, int64_t from, int64_t end)
{
    err_t err = ERR_OK;
    finding->position = from;
    while (err == ERR_OK && finding->position < end) {
        int64_t before = finding->position;
        err = fetch(finding);
        if (err == ERR_OK && finding->position == before)
            break; // what was there has been deleted meanwhile
    }
    return err;
}

static err_t partitions_read(struct finding *finding)
{
    size_t count = finding->topic->partition_count;
    int64_t *from = arena_array(finding->arena, count, sizeof *from);
    int64_t *ends = arena_array(finding->arena, count, sizeof *ends);
    err_t err = cli_offsets_find(finding->cluster, finding->topic, finding->wanted->from_ms, from, finding->diag);
    if (err == ERR_OK)
        err = cli_offsets_find(finding->cluster, finding->topic, CLI_LATEST, ends, finding->diag);
    for (finding->at = 0; finding->at < count && err == ERR_OK; finding->at++)
        err = partition_read(finding, from[finding->at], ends[finding->at]);
    return err;
}

err_t explain_event_find(struct cluster *cluster, const char *topic, const struct explain_wanted *wanted,
                         struct arena *arena, struct explain_event *ret_event, diag_t *diag)
{
    struct cluster_topic *found;
    struct explain_event event = { .partition = -1, .topic = topic };
    err_t err = cli_topic_find(cluster, topic, false, arena, &found, diag);
    if (err != ERR_OK)
        return err;
    struct finding finding = {
        .wanted = wanted, .cluster = cluster, .topic = found, .arena = arena, .found = &event, .diag = diag
    };
    err = partitions_read(&finding);
    writer_free(&finding.room);
    if (err == ERR_OK && event.partition < 0)
        return diag_fail(diag, ERR_NOT_FOUND, wanted->id,
                         "no event with this id%s came to the broker in the last hour (topic %s)",
                         wanted->source == NULL ? "" : " and source", topic);
    if (err == ERR_OK)
        *ret_event = event;
    return err;
}
