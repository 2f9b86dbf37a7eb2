// SPDX-License-Identifier: Apache-2.0
#include "cli/dlq_send.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/partitioner.h"
#include "cli/offsets.h"
#include "cli/records.h"
#include "cloudevents/kafka_binding.h"
#include "eventing/hops.h"
#include "eventing/topic_names.h"
#include "io/clock.h"
#include "kafka/errors.h"

#include <stdlib.h>

#define TO_TOPIC "topic:"

err_t dlq_send_to(const char *to, struct dlq_send *send, diag_t *diag)
{
    if (to == NULL || strcmp(to, "trigger") == 0)
        return ERR_OK;
    send->is_for_all = true;
    if (strcmp(to, "broker") == 0)
        return ERR_OK;
    if (strncmp(to, TO_TOPIC, strlen(TO_TOPIC)) != 0 || to[strlen(TO_TOPIC)] == '\0')
        return diag_fail(diag, ERR_INVALID, "--to", "expected trigger, broker or topic:NAME, not \"%s\"", to);
    send->topic = to + strlen(TO_TOPIC);
    return ERR_OK;
}

err_t dlq_send_open(struct dlq_send *send, struct dlq *dlq, diag_t *diag)
{
    send->dlq = dlq;
    send->addressees = (struct dlq_addressees){ .groups = &dlq->groups, .kube = &dlq->kube };
    return dlq_send_to(dlq->config->to, send, diag);
}

void dlq_send_close(struct dlq_send *send)
{
    free(send->shared);
}

// --- where to

// One letter on its way.
struct parcel {
    const struct dlq_letter *letter;
    const struct cluster_topic *topic;
    size_t at;                            // the partition's index
    struct dlq_mark mark;                 // its beginning
    enum { NOT_SENT, SENT, OPEN } result; // OPEN: nobody knows
};

static bool is_for_broker(const struct dlq_send *send)
{
    return send->is_for_all && send->topic == NULL;
}

static err_t topic_of(const struct dlq_send *send, const struct dlq_letter *letter,
                      const struct cluster_topic **ret_topic, diag_t *diag)
{
    struct dlq *dlq = send->dlq;
    const char *id = arena_format(&dlq->arena, "%.*s", BYTES_ARG(letter->id));
    bool says = letter->origin.topic.data != NULL && (send->is_for_all || letter->from.data != NULL);
    bytes_t name = send->topic != NULL ? bytes_of_text(send->topic) : letter->origin.topic;
    if (send->topic == NULL && !says)
        return diag_fail(diag, ERR_NOT_FOUND, id,
                         "does not say where it came from: --to topic:NAME says where it goes");
    if (is_for_broker(send) && letter->from.data != NULL && !dlq_letter_is_of(letter, "trigger"))
        return diag_fail(diag, ERR_NOT_FOUND, id,
                         "is of %s, which has no broker: --to topic:%.*s is for all who read the topic that it came "
                         "from",
                         cli_shown(&dlq->arena, letter->from), BYTES_ARG(name));
    const struct cluster_topic *topic = cli_groups_topic(&dlq->groups, name);
    if (topic == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, id,
                         "cannot go to the topic %.*s, which is not there: --to topic:NAME "
                         "names another",
                         BYTES_ARG(name));
    if (topic->error != KAFKA_NONE)
        return cli_kafka_fail(diag, arena_format(&dlq->arena, "%.*s", BYTES_ARG(name)), topic->error, BYTES_NULL);
    *ret_topic = topic;
    return ERR_OK;
}

// Where it was, so that it stays behind what it was behind; else by its key, as producers choose.
static size_t partition_of(const struct dlq_letter *letter, const struct cluster_topic *topic)
{
    bytes_t key = cloudevent_extension_text(&letter->event, "partitionkey");
    if (bytes_equal(letter->origin.topic, topic->name)) {
        for (size_t i = 0; i < topic->partition_count; i++) {
            if (topic->partitions[i].number == letter->origin.partition)
                return i;
        }
    }
    return key.size == 0 ? 0 : (size_t)partitioner_of_key(key, (int32_t)topic->partition_count);
}

static bytes_t destination_of(const struct dlq_send *send, const struct dlq_letter *letter)
{
    if (send->topic != NULL)
        return bytes_of_text(arena_format(&send->dlq->arena, TO_TOPIC "%s", send->topic));
    return send->is_for_all ? BYTES_LITERAL("broker") : letter->from;
}

// It stands as one before it, of those that were looked at.
static bool is_same(const struct dlq_letter *letters, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (bytes_equal(letters[i].from, letters[at].from) &&
            bytes_equal(letters[i].origin.topic, letters[at].origin.topic))
            return true;
    }
    return false;
}

// --- who else gets it

static bool is_own(const struct dlq_letter *letter)
{
    bytes_t name = letter->origin.topic;
    bool has_name = bytes_starts_with(name, BYTES_LITERAL(TOPIC_OF_BROKERS)) ||
                    bytes_starts_with(name, BYTES_LITERAL(TOPIC_OF_CHANNELS));
    return has_name && !dlq_letter_is_of(letter, "kafkasource");
}

static void shared_add(struct dlq_send *send, const struct dlq_letter *letter)
{
    for (size_t i = 0; i < send->shared_count; i++) {
        if (bytes_equal(send->shared[i], letter->origin.topic))
            return;
    }
    MEM_GROW(send->shared, send->shared_count, send->shared_capacity);
    send->shared[send->shared_count++] = arena_copy(&send->dlq->arena, letter->origin.topic);
}

void dlq_send_tell_shared(const struct dlq_send *send, struct writer *out)
{
    for (size_t i = 0; i < send->shared_count; i++)
        writer_format(out, ", into %s", cli_shown(&send->dlq->arena, send->shared[i]));
    if (send->shared_count > 0)
        writer_format(out, ", which %s other consumers read as well", send->shared_count == 1 ? "its" : "their");
}

// --- whether it can go

err_t dlq_send_check(struct dlq_send *send, const struct dlq_letter *letters, size_t count, diag_t *diag)
{
    const struct cluster_topic *topic;
    err_t err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = topic_of(send, &letters[i], &topic, diag);
        if (err == ERR_OK && !send->is_for_all && !is_same(letters, i))
            err = dlq_addressee_check(&send->addressees, &letters[i], diag);
    }
    for (size_t i = 0; i < count && err == ERR_OK && send->topic == NULL; i++) {
        if (!is_own(&letters[i]))
            shared_add(send, &letters[i]);
    }
    return err;
}

static err_t parcel_make(const struct dlq_send *send, const struct dlq_letter *letter, struct parcel *parcel,
                         diag_t *diag)
{
    struct arena *arena = &send->dlq->arena;
    err_t err = topic_of(send, letter, &parcel->topic, diag);
    if (err != ERR_OK)
        return err;
    int64_t *ends = arena_array(arena, parcel->topic->partition_count, sizeof *ends);
    err = cli_offsets_find(send->dlq->cluster, parcel->topic, CLI_LATEST, ends, diag);
    parcel->letter = letter;
    parcel->at = partition_of(letter, parcel->topic);
    parcel->result = NOT_SENT;
    parcel->mark = (struct dlq_mark){
        .letter = letter->id,
        .state = DLQ_REPLAYING,
        .topic_id = dlq_topic_id(letter->topic, arena),
        .run = send->dlq->ledger.run,
        .to = destination_of(send, letter),
        .at = { parcel->topic->name, parcel->topic->partitions[parcel->at].number, ends[parcel->at] },
        .time_ms = clock_wall_ms(),
        .replays = dlq_mark_replays(&letter->mark) + 1,
        .is_edited = send->is_edited,
        .over = letter->mark.state == DLQ_NEW ? -1 : letter->mark.offset,
    };
    return err;
}

// --- marks

static err_t begin(const struct dlq_send *send, const struct parcel *parcels, size_t count, diag_t *diag)
{
    struct dlq_mark *marks = arena_array(&send->dlq->arena, count, sizeof *marks);
    for (size_t i = 0; i < count; i++)
        marks[i] = parcels[i].mark;
    return dlq_ledger_append(&send->dlq->ledger, marks, count, diag);
}

// Of two commands that begin at the same time one may.
static bool is_ours(const struct dlq_send *send, const struct parcel *parcel)
{
    struct dlq_entry *entry = dlq_ledger_find(&send->dlq->ledger, parcel->mark.letter, parcel->letter->topic);
    return entry != NULL && entry->counts != NULL && bytes_equal(entry->counts->mark.run, parcel->mark.run);
}

// What was done, and that nobody is at it any more; of what nobody knows the beginning stays.
static err_t end(const struct dlq_send *send, const struct parcel *parcels, size_t count, diag_t *diag)
{
    struct dlq_mark *marks = arena_array(&send->dlq->arena, 2 * count, sizeof *marks);
    size_t said = 0;
    for (size_t i = 0; i < count; i++) {
        struct dlq_mark done = parcels[i].mark, back = parcels[i].mark;
        done.state = DLQ_REPLAYED;
        done.run = BYTES_NULL;
        back.state = DLQ_NEW;
        if (parcels[i].result == SENT)
            marks[said++] = done;
        if (parcels[i].result != OPEN)
            marks[said++] = back;
    }
    err_t err = dlq_ledger_append(&send->dlq->ledger, marks, said, diag);
    return err == ERR_OK ? dlq_ledger_read(&send->dlq->ledger, diag) : err;
}

// --- records

// With its number, and with all its hops before it: one that died because none was left begins anew.
static struct cloudevent event_of(const struct dlq_letter *letter, struct arena *arena)
{
    struct cloudevent event = letter->event, numbered;
    const char *replays = arena_format(arena, "%lld", (long long)dlq_letter_replays(letter) + 1);
    struct cloudevent_value number = cloudevent_string(bytes_of_text(replays));
    hops_take_off(&event, arena);
    numbered = event;
    // One that finds no room for the count goes without: the ledger knows.
    return cloudevent_set(&numbered, BYTES_LITERAL(MARK_REPLAYS), number, arena, NULL) == ERR_OK ? numbered : event;
}

static err_t record_add(const struct dlq_send *send, const struct parcel *parcel, struct batch_builder *builder,
                        diag_t *diag)
{
    const struct dlq_letter *letter = parcel->letter;
    struct arena arena = ARENA_INIT;
    struct writer room = WRITER_INIT;
    struct cloudevent_record record;
    struct cloudevent event = event_of(letter, &arena);
    err_t err = cloudevent_kafka_encode(&event, CLOUDEVENT_MODE_BINARY, &arena, &room, &record);
    if (err == ERR_OK) {
        struct record_header *headers = arena_array(&arena, record.header_count + 2, sizeof *headers);
        if (record.header_count > 0)
            memcpy(headers, record.headers, record.header_count * sizeof *headers);
        headers[record.header_count++] = (struct record_header){ BYTES_LITERAL(MARK_REPLAY_OF), letter->id };
        if (!send->is_for_all)
            headers[record.header_count++] = (struct record_header){ BYTES_LITERAL(MARK_FOR), letter->from };
        batch_builder_add(builder, record.key, record.value, headers, record.header_count, clock_wall_ms());
    } else {
        err = diag_fail(diag, err, arena_format(&send->dlq->arena, "%.*s", BYTES_ARG(letter->id)), "%s", err_text(err));
    }
    writer_free(&room);
    arena_free(&arena);
    return err;
}

// One record a batch: a topic may take no larger ones than the one that it took before.
static err_t parcel_send(const struct dlq_send *send, struct parcel *parcel, diag_t *diag)
{
    struct batch_builder builder;
    struct slice batch;
    batch_builder_init(&builder, BATCH_PLAIN);
    err_t err = record_add(send, parcel, &builder, diag);
    if (err == ERR_OK)
        err = batch_builder_finish(&builder, &batch);
    if (err == ERR_OK) {
        err = cli_batch_send(send->dlq->cluster, parcel->topic, parcel->at, &batch, -1, &parcel->mark.at.offset, diag);
        parcel->result = err == ERR_OK ? SENT : err == ERR_INVALID ? NOT_SENT : OPEN;
        slice_free(&batch);
    }
    batch_builder_free(&builder);
    return err;
}

// Until one fails; those behind it are not sent.
static err_t parcels_send(struct dlq_send *send, struct parcel *parcels, size_t count, diag_t *diag)
{
    err_t err = dlq_ledger_read(&send->dlq->ledger, diag);
    for (size_t i = 0; i < count; i++) {
        bool is_mine = is_ours(send, &parcels[i]);
        send->taken += err == ERR_OK && !is_mine;
        if (err == ERR_OK && is_mine)
            err = parcel_send(send, &parcels[i], diag);
    }
    return err;
}

static void tell(struct dlq_send *send, const struct parcel *parcels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct dlq_mark done = parcels[i].mark;
        done.state = DLQ_REPLAYED;
        if (parcels[i].result != SENT)
            continue;
        send->sent++;
        if (send->on_sent != NULL)
            send->on_sent(send, parcels[i].letter, &done);
    }
}

err_t dlq_send(struct dlq_send *send, const struct dlq_letter *letters, size_t count, diag_t *diag)
{
    struct parcel *parcels = arena_array(&send->dlq->arena, count, sizeof *parcels);
    err_t err = dlq_send_check(send, letters, count, diag);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = parcel_make(send, &letters[i], &parcels[i], diag);
    if (err == ERR_OK)
        err = begin(send, parcels, count, diag);
    if (err != ERR_OK)
        return err;
    diag_t second = { 0 };
    err = parcels_send(send, parcels, count, diag);
    err_t ended = end(send, parcels, count, &second);
    tell(send, parcels, count);
    if (err == ERR_OK && ended != ERR_OK)
        *diag = second;
    return err == ERR_OK ? ended : err;
}
