// SPDX-License-Identifier: Apache-2.0
// What groups committed, and how far behind the ends of the logs that is.
#include "cli/groups.h"

#include "cli/cli.h"
#include "cli/offsets.h"
#include "kafka/api/offset_fetch.h"
#include "kafka/errors.h"

#include <stdio.h>
#include <stdlib.h>

enum { OFFSET_FETCH_FIRST_BY_ID = 10 };

// TOPIC is the name, or null where ID is what names it.
static void place_add(struct cli_groups *groups, bytes_t topic, const struct kafka_uuid *id, int32_t partition,
                      int64_t committed)
{
    for (size_t i = 0; topic.data == NULL && i < groups->topic_count; i++) {
        if (memcmp(&groups->topics[i].id, id, sizeof(*id)) == 0)
            topic = groups->topics[i].name;
    }
    if (topic.data == NULL || committed < 0)
        return;
    struct cli_group *group = groups->asked;
    group->places[group->place_count++] = (struct cli_place){
        .topic = arena_copy(groups->arena, topic), .partition = partition, .committed = committed, .end = -1
    };
}

// Room for COUNT commits, and for what members are assigned.
static void places_make(struct cli_groups *groups, size_t count)
{
    struct cli_group *group = groups->asked;
    for (size_t i = 0; i < group->member_count; i++)
        count += group->members[i].place_count;
    group->places = arena_array(groups->arena, count, sizeof(*group->places));
    group->place_count = 0;
}

static void take_committed_of_one(struct cli_groups *groups, const struct kafka_offset_fetch_response *response)
{
    size_t count = 0;
    groups->error = response->error_code;
    for (int32_t t = 0; t < response->topics.count; t++)
        count += (size_t)response->topics.items[t].partitions.count;
    places_make(groups, count);
    for (int32_t t = 0; t < response->topics.count; t++) {
        const struct kafka_offset_fetch_response_topic *topic = &response->topics.items[t];
        for (int32_t p = 0; p < topic->partitions.count; p++)
            place_add(groups, topic->name, NULL, topic->partitions.items[p].partition_index,
                      topic->partitions.items[p].committed_offset);
    }
}

static void take_committed(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_offset_fetch_response *response = answer;
    if (response->groups.count < 1) { // before version 8 (KIP-709) the answer is about one group
        take_committed_of_one(groups, response);
        return;
    }
    const struct kafka_offset_fetch_response_group *group = &response->groups.items[0];
    size_t count = 0;
    groups->error = group->error_code;
    for (int32_t t = 0; t < group->topics.count; t++)
        count += (size_t)group->topics.items[t].partitions.count;
    places_make(groups, count);
    for (int32_t t = 0; t < group->topics.count; t++) {
        const struct kafka_offset_fetch_response_topics *topic = &group->topics.items[t];
        bytes_t name = version >= OFFSET_FETCH_FIRST_BY_ID ? BYTES_NULL : topic->name;
        for (int32_t p = 0; p < topic->partitions.count; p++)
            place_add(groups, name, &topic->topic_id, topic->partitions.items[p].partition_index,
                      topic->partitions.items[p].committed_offset);
    }
}

// The members' partitions join the places; one that stands there twice becomes one.
static void places_merge(struct cli_group *group)
{
    for (size_t m = 0; m < group->member_count; m++) {
        const struct cli_member *member = &group->members[m];
        for (size_t i = 0; i < member->place_count; i++) {
            group->places[group->place_count] = member->places[i];
            group->places[group->place_count].committed = group->places[group->place_count].end = -1;
            group->places[group->place_count++].owner = member;
        }
    }
    if (group->place_count > 0)
        qsort(group->places, group->place_count, sizeof(*group->places), cli_place_order);
    size_t count = 0;
    for (size_t i = 0; i < group->place_count; i++) {
        struct cli_place *last = count == 0 ? NULL : &group->places[count - 1];
        if (last == NULL || cli_place_order(last, &group->places[i]) != 0) {
            group->places[count++] = group->places[i];
            continue;
        }
        if (group->places[i].committed >= 0)
            last->committed = group->places[i].committed;
        if (group->places[i].owner != NULL)
            last->owner = group->places[i].owner;
    }
    group->place_count = count;
}

static err_t group_offsets(struct cli_groups *groups, struct cli_group *group, diag_t *diag)
{
    struct kafka_offset_fetch_request_group asked = {
        .group_id = group->name, .member_id = BYTES_NULL, .member_epoch = -1, .topics.count = KAFKA_NULL_ARRAY
    };
    struct kafka_offset_fetch_request request;
    kafka_defaults(kafka_offset_fetch_api.request, &request);
    request.group_id = group->name;
    request.topics.count = KAFKA_NULL_ARRAY;
    request.groups.items = &asked;
    request.groups.count = 1;
    groups->asked = group;
    err_t err = cli_groups_ask(groups, group->coordinator, &kafka_offset_fetch_api, &request, take_committed, diag);
    if (err != ERR_OK)
        return err;
    // One that went since it was listed has none.
    if (groups->error != KAFKA_NONE && groups->error != KAFKA_GROUP_ID_NOT_FOUND) {
        char name[sizeof(diag->where)];
        snprintf(name, sizeof(name), "%.*s", BYTES_ARG(group->name));
        return cli_kafka_fail(diag, name, groups->error, BYTES_NULL);
    }
    places_merge(group);
    return ERR_OK;
}

// --- how far behind they are

static int partition_order(const void *key, const void *partition)
{
    int32_t wanted = *(const int32_t *)key, number = ((const struct cluster_partition *)partition)->number;
    return (wanted > number) - (wanted < number);
}

// ENDS has a row for each topic; NULL where they are not known.
static void ends_take(struct cli_groups *groups, int64_t *const *ends)
{
    for (size_t g = 0; g < groups->count; g++) {
        for (size_t i = 0; i < groups->groups[g].place_count; i++) {
            struct cli_place *place = &groups->groups[g].places[i];
            const struct cluster_topic *topic = cli_groups_topic(groups, place->topic);
            if (topic == NULL || topic->partition_count == 0 || ends[topic - groups->topics] == NULL)
                continue;
            const struct cluster_partition *partition =
                bsearch(&place->partition, topic->partitions, topic->partition_count, sizeof(*topic->partitions),
                        partition_order);
            if (partition != NULL)
                place->end = ends[topic - groups->topics][partition - topic->partitions];
        }
    }
}

static err_t ends_find(struct cli_groups *groups, diag_t *diag)
{
    int64_t **ends = arena_array(groups->arena, groups->topic_count, sizeof(*ends));
    for (size_t g = 0; g < groups->count; g++) {
        for (size_t i = 0; i < groups->groups[g].place_count; i++) {
            const struct cluster_topic *topic = cli_groups_topic(groups, groups->groups[g].places[i].topic);
            if (topic == NULL || ends[topic - groups->topics] != NULL)
                continue;
            int64_t *found = arena_array(groups->arena, topic->partition_count, sizeof(*found));
            err_t err = cli_offsets_find(groups->cluster, topic, CLI_LATEST, found, diag);
            // What one topic's leader refuses (ERR_INVALID) does not hide the others.
            if (err != ERR_OK && err != ERR_INVALID)
                return err;
            ends[topic - groups->topics] = found;
        }
    }
    ends_take(groups, ends);
    return ERR_OK;
}

err_t cli_groups_offsets(struct cli_groups *groups, diag_t *diag)
{
    for (size_t i = 0; i < groups->count; i++) {
        err_t err = group_offsets(groups, &groups->groups[i], diag);
        if (err != ERR_OK)
            return err;
    }
    return ends_find(groups, diag);
}

int64_t cli_place_lag(const struct cli_place *place)
{
    if (place->committed < 0 || place->end < 0)
        return -1;
    // A topic that was made anew under its name ends before the old commit.
    return place->end > place->committed ? place->end - place->committed : 0;
}

int64_t cli_group_lag(const struct cli_group *group, bytes_t topic)
{
    int64_t sum = -1;
    for (size_t i = 0; i < group->place_count; i++) {
        int64_t lag = cli_place_lag(&group->places[i]);
        if (lag >= 0 && (topic.data == NULL || bytes_equal(topic, group->places[i].topic)))
            sum = sum < 0 ? lag : sum + lag;
    }
    return sum;
}
