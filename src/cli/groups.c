// SPDX-License-Identifier: Apache-2.0
#include "cli/groups.h"

#include "cli/cli.h"
#include "kafka/api/consumer_group_describe.h"
#include "kafka/api/describe_groups.h"
#include "kafka/api/list_groups.h"
#include "kafka/errors.h"

#include <stdlib.h>

enum {
    COORDINATOR_WAIT_MS = 100,
    COORDINATOR_TRIES = 100,
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

int cli_place_order(const void *a, const void *b)
{
    const struct cli_place *left = a, *right = b;
    int order = bytes_compare(left->topic, right->topic);
    return order != 0 ? order : (left->partition > right->partition) - (left->partition < right->partition);
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
        for (int32_t p = 0; p < partitions && at.err == ERR_OK; p++)
            places[count++] = (struct cli_place){ .topic = topic, .partition = reader_i32(&at) };
    }
    if (at.err != ERR_OK)
        return;
    if (count > 0)
        qsort(places, count, sizeof(*places), cli_place_order);
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

// The members are filled; they get their order and their numbers.
static void members_number(struct cli_group *group)
{
    if (group->member_count > 0)
        qsort(group->members, group->member_count, sizeof(*group->members), member_order);
    for (size_t i = 0; i < group->member_count; i++)
        group->members[i].number = i + 1;
}

// Java writes addresses without a name as "/127.0.0.1".
static bytes_t host_of(struct arena *arena, bytes_t host)
{
    bool is_bare = host.size > 0 && host.data[0] == '/';
    return arena_copy(arena, is_bare ? bytes_of(host.data + 1, host.size - 1) : host);
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
        to->members[i] = (struct cli_member){ .id = arena_copy(arena, member->member_id),
                                              .instance = arena_copy(arena, member->group_instance_id),
                                              .client = arena_copy(arena, member->client_id),
                                              .host = host_of(arena, member->client_host) };
        if (bytes_is(to->protocol_type, "consumer"))
            assignment_read(arena, arena_copy(arena, member->member_assignment), &to->members[i]);
    }
    members_number(to);
}

static void assignment_take(struct arena *arena, const struct kafka_consumer_group_describe_assignment *from,
                            struct cli_member *member)
{
    size_t count = 0;
    for (int32_t t = 0; t < from->topic_partitions.count; t++)
        count += (size_t)from->topic_partitions.items[t].partitions.count;
    member->places = arena_array(arena, count, sizeof(*member->places));
    for (int32_t t = 0; t < from->topic_partitions.count; t++) {
        const struct kafka_consumer_group_describe_topic_partitions *topic = &from->topic_partitions.items[t];
        bytes_t name = arena_copy(arena, topic->topic_name);
        for (int32_t p = 0; p < topic->partitions.count; p++)
            member->places[member->place_count++] =
                (struct cli_place){ .topic = name, .partition = topic->partitions.items[p] };
    }
    if (count > 0)
        qsort(member->places, count, sizeof(*member->places), cli_place_order);
}

// One of the newer protocol (KIP-848).
static void take_consumer_group(struct arena *arena, const struct kafka_consumer_group_describe_group *from,
                                struct cli_group *to)
{
    size_t count = from->members.count < 0 ? 0 : (size_t)from->members.count;
    to->is_described = true;
    to->state = arena_copy(arena, from->group_state);
    to->protocol = arena_copy(arena, from->assignor_name);
    to->members = arena_array(arena, count, sizeof(*to->members));
    to->member_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct kafka_consumer_group_describe_member *member = &from->members.items[i];
        to->members[i] = (struct cli_member){ .id = arena_copy(arena, member->member_id),
                                              .instance = arena_copy(arena, member->instance_id),
                                              .client = arena_copy(arena, member->client_id),
                                              .host = host_of(arena, member->client_host) };
        assignment_take(arena, &member->assignment, &to->members[i]);
    }
    members_number(to);
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

static void take_consumer_described(void *owner, const void *answer, int version, struct buf *frame)
{
    (void)version;
    (void)frame;
    struct cli_groups *groups = owner;
    const struct kafka_consumer_group_describe_response *response = answer;
    for (int32_t i = 0; i < response->groups.count; i++) {
        const struct kafka_consumer_group_describe_group *from = &response->groups.items[i];
        struct cli_group *to = group_find(groups, from->group_id);
        if (cluster_is_passing(from->error_code))
            groups->error = from->error_code;
        else if (to != NULL && from->error_code == KAFKA_NONE)
            take_consumer_group(groups->arena, from, to);
    }
}

// The names of the groups that BROKER coordinates and that are of TYPE. A server that knows no types has classic ones.
static size_t names_of(const struct cli_groups *groups, int32_t broker, const char *type, bytes_t *ret_names)
{
    size_t count = 0;
    for (size_t i = 0; i < groups->count; i++) {
        bytes_t has = groups->groups[i].type.size == 0 ? BYTES_LITERAL("classic") : groups->groups[i].type;
        if (groups->groups[i].coordinator == broker && bytes_is(has, type))
            ret_names[count++] = groups->groups[i].name;
    }
    return count;
}

// Groups of other types than these two have no description that we know.
static err_t describe_broker(struct cli_groups *groups, int32_t broker, diag_t *diag)
{
    err_t err = ERR_OK;
    bytes_t *names = arena_array(groups->arena, groups->count, sizeof(*names));
    struct kafka_describe_groups_request classic;
    kafka_defaults(kafka_describe_groups_api.request, &classic);
    classic.groups.items = names;
    classic.groups.count = (int32_t)names_of(groups, broker, "classic", names);
    if (classic.groups.count > 0)
        err = cli_groups_ask(groups, broker, &kafka_describe_groups_api, &classic, take_described, diag);
    struct kafka_consumer_group_describe_request consumer;
    kafka_defaults(kafka_consumer_group_describe_api.request, &consumer);
    consumer.group_ids.items = names;
    consumer.group_ids.count = (int32_t)names_of(groups, broker, "consumer", names);
    if (err == ERR_OK && groups->error == KAFKA_NONE && consumer.group_ids.count > 0)
        err = cli_groups_ask(groups, broker, &kafka_consumer_group_describe_api, &consumer, take_consumer_described,
                             diag);
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
