// SPDX-License-Identifier: Apache-2.0
#include "cli/groups.h"

#include "cli/cli.h"
#include "cli/offsets.h"
#include "kafka/api/describe_groups.h"
#include "kafka/api/list_groups.h"
#include "kafka/api/offset_fetch.h"
#include "kafka/errors.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    COORDINATOR_WAIT_MS = 100,
    COORDINATOR_TRIES = 100,
    OFFSET_FETCH_FIRST_OF_MANY = 8, // KIP-709: several groups in one request
    OFFSET_FETCH_FIRST_BY_ID = 10,
};

err_t cli_groups_ask(struct cli_groups *groups, int32_t broker, const struct kafka_api *api, const void *request,
                     cluster_take_fn *take, diag_t *diag)
{
    for (int attempt = 0;; attempt++) {
        groups->broker = broker;
        groups->error = KAFKA_NONE;
        groups->message = BYTES_NULL;
        err_t err = cluster_call(groups->cluster, broker, api, request, take, groups, diag);
        if (err != ERR_OK || !cluster_is_passing(groups->error) || attempt == COORDINATOR_TRIES)
            return err;
        cluster_sleep(groups->cluster, COORDINATOR_WAIT_MS);
    }
}

err_t cli_groups_open(struct cli_groups *groups, struct cluster *cluster, struct arena *arena, diag_t *diag)
{
    *groups = (struct cli_groups){ .cluster = cluster, .arena = arena };
    return cluster_topics(cluster, NULL, false, arena, &groups->topics, &groups->topic_count, diag);
}

static int topic_order(const void *key, const void *topic)
{
    return bytes_compare(*(const bytes_t *)key, ((const struct cluster_topic *)topic)->name);
}

const struct cluster_topic *cli_groups_topic(const struct cli_groups *groups, bytes_t name)
{
    if (groups->topic_count == 0)
        return NULL;
    return bsearch(&name, groups->topics, groups->topic_count, sizeof(*groups->topics), topic_order);
}

// --- which groups there are

static void take_listed(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_list_groups_response *response = answer;
    groups->error = response->error_code;
    if (groups->error != KAFKA_NONE)
        return;
    size_t found = response->groups.count < 0 ? 0 : (size_t)response->groups.count;
    struct cli_group *all = arena_array(groups->arena, groups->count + found, sizeof(*all));
    if (groups->count > 0)
        memcpy(all, groups->groups, groups->count * sizeof(*all));
    for (size_t i = 0; i < found; i++) {
        const struct kafka_listed_group *from = &response->groups.items[i];
        all[groups->count + i] = (struct cli_group){ .name = arena_copy(groups->arena, from->group_id),
                                                     .state = arena_copy(groups->arena, from->group_state),
                                                     .type = arena_copy(groups->arena, from->group_type),
                                                     .protocol_type = arena_copy(groups->arena, from->protocol_type),
                                                     .coordinator = groups->broker };
    }
    groups->groups = all;
    groups->count += found;
}

static err_t list_broker(struct cli_groups *groups, int32_t broker, diag_t *diag)
{
    struct kafka_list_groups_request request;
    kafka_defaults(kafka_list_groups_api.request, &request);
    err_t err = cli_groups_ask(groups, broker, &kafka_list_groups_api, &request, take_listed, diag);
    if (err == ERR_OK && groups->error != KAFKA_NONE)
        return cli_kafka_fail(diag, "groups", groups->error, BYTES_NULL);
    return err;
}

// --- who is in them

static int place_order(const void *a, const void *b)
{
    const struct cli_place *left = a, *right = b;
    int order = bytes_compare(left->topic, right->topic);
    return order != 0 ? order : (left->partition > right->partition) - (left->partition < right->partition);
}

static void places_sort(struct cli_place *places, size_t count)
{
    if (count > 0)
        qsort(places, count, sizeof(*places), place_order);
}

// What a consumer was assigned: version, topics with their partitions, bytes of its own (ConsumerProtocolAssignment of
// Kafka's clients). A form that nobody knows is no assignment.
static void assignment_read(struct arena *arena, bytes_t data, struct cli_member *member)
{
    struct cli_place *places = arena_array(arena, data.size / sizeof(int32_t), sizeof(*places));
    struct reader at = reader_of(data);
    (void)reader_i16(&at);
    int32_t topics = reader_i32(&at);
    size_t count = 0;
    for (int32_t t = 0; t < topics && at.err == ERR_OK; t++) {
        int16_t size = reader_i16(&at);
        bytes_t topic = size < 0 ? BYTES_NULL : reader_bytes(&at, (size_t)size);
        int32_t partitions = reader_i32(&at);
        for (int32_t p = 0; p < partitions && reader_left(&at) >= sizeof(int32_t); p++)
            places[count++] = (struct cli_place){ .topic = topic, .partition = reader_i32(&at) };
    }
    if (at.err != ERR_OK)
        return;
    places_sort(places, count);
    member->places = places;
    member->place_count = count;
}

static int member_order(const void *a, const void *b)
{
    const struct cli_member *left = a, *right = b;
    int order = bytes_compare(left->client, right->client);
    if (order == 0)
        order = bytes_compare(left->instance, right->instance);
    return order != 0 ? order : bytes_compare(left->id, right->id);
}

static void take_group(struct arena *arena, const struct kafka_described_group *from, struct cli_group *to)
{
    size_t count = from->members.count < 0 ? 0 : (size_t)from->members.count;
    to->is_described = true;
    to->state = arena_copy(arena, from->group_state);
    to->protocol_type = arena_copy(arena, from->protocol_type);
    to->protocol = arena_copy(arena, from->protocol_data);
    to->members = arena_array(arena, count, sizeof(*to->members));
    to->member_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_described_group_member *member = &from->members.items[i];
        bytes_t host = member->client_host; // "/127.0.0.1", as Java writes addresses without a name
        if (host.size > 0 && host.data[0] == '/')
            host = bytes_of(host.data + 1, host.size - 1);
        to->members[i] = (struct cli_member){ .id = arena_copy(arena, member->member_id),
                                              .instance = arena_copy(arena, member->group_instance_id),
                                              .client = arena_copy(arena, member->client_id),
                                              .host = arena_copy(arena, host) };
        if (bytes_is(to->protocol_type, "consumer"))
            assignment_read(arena, arena_copy(arena, member->member_assignment), &to->members[i]);
    }
    if (count > 0)
        qsort(to->members, count, sizeof(*to->members), member_order);
    for (size_t i = 0; i < count; i++)
        to->members[i].number = i + 1;
}

static int group_order(const void *a, const void *b)
{
    return bytes_compare(((const struct cli_group *)a)->name, ((const struct cli_group *)b)->name);
}

static struct cli_group *group_find(const struct cli_groups *groups, bytes_t name)
{
    const struct cli_group key = { .name = name };
    if (groups->count == 0)
        return NULL;
    return bsearch(&key, groups->groups, groups->count, sizeof(key), group_order);
}

static void take_described(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_describe_groups_response *response = answer;
    for (int32_t i = 0; i < response->groups.count; i++) {
        const struct kafka_described_group *from = &response->groups.items[i];
        struct cli_group *to = group_find(groups, from->group_id);
        if (cluster_is_passing(from->error_code))
            groups->error = from->error_code;
        // One that went since it was listed stays as it was then.
        else if (to != NULL && from->error_code == KAFKA_NONE)
            take_group(groups->arena, from, to);
    }
}

// Groups of the newer protocols are not described by this API.
static bool is_classic(const struct cli_group *group)
{
    return group->type.size == 0 || bytes_is(group->type, "classic");
}

// Those that are coordinated by BROKER.
static err_t describe_broker(struct cli_groups *groups, int32_t broker, diag_t *diag)
{
    bytes_t *names = arena_array(groups->arena, groups->count, sizeof(*names));
    struct kafka_describe_groups_request request;
    kafka_defaults(kafka_describe_groups_api.request, &request);
    request.groups.items = names;
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->groups[i].coordinator == broker && is_classic(&groups->groups[i]))
            names[request.groups.count++] = groups->groups[i].name;
    }
    if (request.groups.count == 0)
        return ERR_OK;
    err_t err = cli_groups_ask(groups, broker, &kafka_describe_groups_api, &request, take_described, diag);
    if (err == ERR_OK && groups->error != KAFKA_NONE)
        return cli_kafka_fail(diag, "groups", groups->error, BYTES_NULL);
    return err;
}

static void groups_sort(struct cli_groups *groups)
{
    if (groups->count > 0)
        qsort(groups->groups, groups->count, sizeof(*groups->groups), group_order);
}

err_t cli_groups_list(struct cli_groups *groups, diag_t *diag)
{
    int32_t brokers[CLUSTER_NODES_MAX];
    size_t count = cluster_brokers(groups->cluster, brokers);
    err_t err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = list_broker(groups, brokers[i], diag);
    groups_sort(groups);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = describe_broker(groups, brokers[i], diag);
    return err;
}

err_t cli_groups_find(struct cli_groups *groups, const char *name, diag_t *diag)
{
    int32_t broker;
    err_t err = cluster_coordinator(groups->cluster, name, &broker, diag);
    if (err == ERR_OK)
        err = list_broker(groups, broker, diag);
    if (err != ERR_OK)
        return err;
    groups_sort(groups);
    struct cli_group *found = group_find(groups, bytes_of_text(name));
    groups->count = found == NULL ? 0 : 1;
    if (found == NULL)
        return ERR_OK;
    groups->groups = found;
    return describe_broker(groups, broker, diag);
}

// --- what they committed

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
    if (version < OFFSET_FETCH_FIRST_OF_MANY || response->groups.count < 1) {
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
    places_sort(group->places, group->place_count);
    size_t count = 0;
    for (size_t i = 0; i < group->place_count; i++) {
        struct cli_place *last = count == 0 ? NULL : &group->places[count - 1];
        if (last == NULL || place_order(last, &group->places[i]) != 0) {
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
