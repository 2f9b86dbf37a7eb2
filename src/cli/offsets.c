// SPDX-License-Identifier: Apache-2.0
#include "cli/offsets.h"

#include "base/civil.h"
#include "cli/cli.h"
#include "kafka/api/list_offsets.h"
#include "kafka/errors.h"

err_t cli_topic_find(struct cluster *cluster, const char *name, bool create, struct arena *arena,
                     struct cluster_topic **ret_topic, diag_t *diag)
{
    size_t count;
    err_t err = cluster_topics(cluster, name, create, arena, ret_topic, &count, diag);
    if (err != ERR_OK)
        return err;
    if (count == 0)
        return diag_fail(diag, ERR_NOT_FOUND, name, "the server does not know this topic");
    int16_t error = (*ret_topic)->error;
    if (error == KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        return diag_fail(diag, ERR_NOT_FOUND, name, "there is no such topic; `eddy topic create %s` makes it", name);
    if (error != KAFKA_NONE)
        return cli_kafka_fail(diag, name, error, BYTES_NULL);
    return ERR_OK;
}

err_t cli_partition_check(const struct cluster_topic *topic, int64_t partition, const char *flag, diag_t *diag)
{
    if (partition < (int64_t)topic->partition_count)
        return ERR_OK;
    if (topic->partition_count == 1)
        return diag_fail(diag, ERR_OUT_OF_RANGE, flag, "%.*s has only partition 0, not %lld", BYTES_ARG(topic->name),
                         (long long)partition);
    return diag_fail(diag, ERR_OUT_OF_RANGE, flag, "%.*s has partitions 0 to %zu, not %lld", BYTES_ARG(topic->name),
                     topic->partition_count - 1, (long long)partition);
}

err_t cli_where_parse(const char *flag, const char *text, int64_t *ret_number, bool *ret_is_offset, diag_t *diag)
{
    bytes_t bytes = bytes_of_text(text);
    *ret_is_offset = false;
    if (strcmp(text, "earliest") == 0)
        *ret_number = CLI_EARLIEST;
    else if (strcmp(text, "latest") == 0)
        *ret_number = CLI_LATEST;
    else if (bytes_to_int64(bytes, ret_number) && *ret_number >= 0)
        *ret_is_offset = true;
    else if (civil_parse(bytes, ret_number) != ERR_OK)
        return diag_fail(
            diag, ERR_INVALID, flag,
            "expected earliest, latest, an offset, a day such as 2026-01-31, or a time with its zone such as "
            "2026-01-31T12:00:00Z or 2026-01-31T12:00:00+01:00, not \"%s\"",
            text);
    return ERR_OK;
}

struct taker {
    const struct cluster_topic *topic;
    int64_t *offsets;
    int16_t error;
};

static void take_offsets(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct taker *taker = owner;
    const struct kafka_list_offsets_response *response = answer;
    for (int32_t t = 0; t < response->topics.count; t++) {
        for (int32_t p = 0; p < response->topics.items[t].partitions.count; p++) {
            const struct kafka_list_offsets_partition_response *found = &response->topics.items[t].partitions.items[p];
            if (found->error_code != KAFKA_NONE)
                taker->error = found->error_code;
            for (size_t i = 0; i < taker->topic->partition_count; i++) {
                if (taker->topic->partitions[i].number == found->partition_index)
                    taker->offsets[i] = found->offset;
            }
        }
    }
}

// Asks LEADER for its partitions among those whose offset is still unknown (-1).
static err_t leader_ask(struct cluster *cluster, struct taker *taker, int32_t leader, int64_t timestamp,
                        struct kafka_list_offsets_partition *partitions, diag_t *diag)
{
    int32_t count = 0;
    for (size_t i = 0; i < taker->topic->partition_count; i++) {
        const struct cluster_partition *partition = &taker->topic->partitions[i];
        if (partition->leader == leader && taker->offsets[i] < 0)
            partitions[count++] = (struct kafka_list_offsets_partition){ .partition_index = partition->number,
                                                                         .current_leader_epoch = -1,
                                                                         .timestamp = timestamp };
    }
    if (count == 0)
        return ERR_OK;
    struct kafka_list_offsets_topic topic = { .name = taker->topic->name };
    topic.partitions.items = partitions;
    topic.partitions.count = count;
    struct kafka_list_offsets_request request;
    kafka_defaults(kafka_list_offsets_api.request, &request);
    request.replica_id = -1;
    request.topics.items = &topic;
    request.topics.count = 1;
    err_t err = cluster_call(cluster, leader, &kafka_list_offsets_api, &request, take_offsets, taker, diag);
    if (err == ERR_OK && taker->error != KAFKA_NONE)
        return cli_kafka_fail(diag, "offsets", taker->error, BYTES_NULL);
    return err;
}

static err_t leaders_ask(struct cluster *cluster, struct taker *taker, int64_t timestamp, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    const struct cluster_topic *topic = taker->topic;
    struct kafka_list_offsets_partition *partitions = arena_array(&arena, topic->partition_count, sizeof(*partitions));
    err_t err = ERR_OK;
    for (size_t i = 0; i < topic->partition_count && err == ERR_OK; i++) {
        bool is_first = true;
        for (size_t before = 0; before < i; before++)
            is_first = is_first && topic->partitions[before].leader != topic->partitions[i].leader;
        if (is_first)
            err = leader_ask(cluster, taker, topic->partitions[i].leader, timestamp, partitions, diag);
    }
    arena_free(&arena);
    return err;
}

err_t cli_offsets_find(struct cluster *cluster, const struct cluster_topic *topic, int64_t timestamp,
                       int64_t *ret_offsets, diag_t *diag)
{
    struct taker taker = { .topic = topic, .offsets = ret_offsets };
    for (size_t i = 0; i < topic->partition_count; i++)
        ret_offsets[i] = -1;
    err_t err = leaders_ask(cluster, &taker, timestamp, diag);
    // A time behind the last record is answered with -1: then the end is meant.
    if (err == ERR_OK && timestamp >= 0)
        err = leaders_ask(cluster, &taker, CLI_LATEST, diag);
    return err;
}
